"""The documents that are run, drawn straight as data, so that a million nodes are drawn in seconds."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import trio

import nodeflow as nf
from nodeflow.model import INPUTS, Connection, Input, Output, PlacedNode, Workflow

MASK = 0xFFFFFFF


@nf.exec_node("bench.inc")
def inc(value: int = 0) -> int:
    """Add 1."""
    return value + 1


@nf.exec_node("bench.async_inc")
async def async_inc(value: int = 0) -> int:
    """Add 1, in a body that could wait."""
    return value + 1


@nf.data_node("bench.add")
def add(a: int, b: int) -> int:
    """Add two numbers and keep the sum small."""
    return (a + b) & MASK


@nf.exec_node("bench.leaf")
async def leaf() -> int:
    """Give 1, in a body that could wait."""
    return 1


@nf.exec_node("bench.plain_leaf")
def plain_leaf() -> int:
    """Give 1."""
    return 1


@nf.exec_node("bench.sleep")
async def sleep() -> int:
    """Wait 10 ms."""
    await trio.sleep(0.01)
    return 1


@nf.exec_node("bench.park")
async def park() -> int:
    """Wait for ever."""
    await trio.sleep_forever()
    return 1


TYPES = nf.standard_registry() | nf.Registry(inc, async_inc, add, leaf, plain_leaf, sleep, park)


class Drawing:
    """One workflow being drawn, without the builder's checks at every line."""

    def __init__(self, inputs: dict[str, Input] | None = None) -> None:
        self.nodes: dict[str, PlacedNode] = {}
        self.wires: list[Connection] = []
        self.inputs = inputs or {}

    def place(self, id: str, kind: str, values: dict[str, Any] | None = None, **options: Any) -> str:
        self.nodes[id] = PlacedNode(id, kind, values or {}, options)
        return id

    def wire(self, from_node: str, from_socket: str, to_node: str, to_socket: str) -> None:
        self.wires.append(Connection(from_node, from_socket, to_node, to_socket))

    def compiled(self) -> nf.Compiled:
        workflow = Workflow("main", self.nodes, tuple(self.wires), self.inputs, {"r": Output("any")})
        return nf.compile(nf.Document(workflow), TYPES)


_GRAPHS: dict[tuple[Any, ...], nf.Compiled] = {}


def forget() -> None:
    """Let go of all graphs: what is not measured any more should not be in the garbage collector's way."""
    _GRAPHS.clear()


def compiled_once(draw: Callable[..., Drawing]) -> Callable[..., nf.Compiled]:
    """Compiling is not what is measured: it is done once for each size, without the garbage collector."""

    def build(*sizes: Any) -> nf.Compiled:
        key = (draw.__name__, *sizes)
        if key not in _GRAPHS:
            gc.disable()
            try:
                _GRAPHS[key] = draw(*sizes).compiled()
            finally:
                gc.enable()
        return _GRAPHS[key]

    return build


@compiled_once
def chain(length: int, kind: str = "bench.inc") -> Drawing:
    """Nodes in a row, each of which adds 1 to what the one before it gave."""
    drawing = Drawing()
    drawing.place("start", "flow.start")
    before = drawing.place("n0", kind, {"value": 0})
    drawing.wire("start", "exit", "n0", "enter")
    for index in range(1, length):
        node = drawing.place(f"n{index}", kind)
        drawing.wire(before, "exit", node, "enter")
        drawing.wire(before, "result", node, "value")
        before = node
    return drawing


@compiled_once
def loop(times: int) -> Drawing:
    """A `for` whose body is three nodes that add 1 to the index."""
    drawing = Drawing()
    drawing.place("start", "flow.start")
    drawing.place("loop", "flow.for", {"times": times})
    drawing.wire("start", "exit", "loop", "enter")
    before, output, value = "loop", "body", "index"
    for name in ("a", "b", "c"):
        drawing.place(name, "bench.inc")
        drawing.wire(before, output, name, "enter")
        drawing.wire(before, value, name, "value")
        before, output, value = name, "exit", "result"
    return drawing


@compiled_once
def fan_out(width: int, kind: str = "bench.leaf") -> Drawing:
    """One fan-out, one node a branch, one fan-in that lists what they gave."""
    drawing = Drawing()
    drawing.place("start", "flow.start")
    draw_fan_out(drawing, ("start", "exit"), "", width, lambda index, source: _one_node(drawing, index, source, kind))
    return drawing


Ends = tuple[str, str]
"""A node, and the exec or data output of it that is meant."""


def draw_fan_out(
    drawing: Drawing, source: Ends, suffix: str, width: int, branch: Callable[[str, Ends], tuple[Ends, Ends]]
) -> tuple[Ends, Ends]:
    """A fan-out and its fan-in behind `source`. Returns the fan-in's exec output and its data output."""
    names = [f"b{index}" for index in range(width)]
    out = drawing.place(f"out{suffix}", "flow.fan_out", branches=names)
    into = drawing.place(f"in{suffix}", "flow.fan_in")
    drawing.wire(*source, out, "enter")
    for index, name in enumerate(names):
        end, value = branch(f"{suffix}_{index}", (out, name))
        drawing.wire(*end, into, "enter")
        drawing.wire(*value, into, name)
    return (into, "exit"), (into, "merged")


def _one_node(drawing: Drawing, suffix: str, source: Ends, kind: str) -> tuple[Ends, Ends]:
    node = drawing.place(f"x{suffix}", kind)
    drawing.wire(*source, node, "enter")
    return (node, "exit"), (node, "result")


@compiled_once
def nested(width: int) -> Drawing:
    """A fan-out in each branch of a fan-out in each branch of a fan-out."""
    drawing = Drawing()

    def innermost(suffix: str, source: Ends) -> tuple[Ends, Ends]:
        return _one_node(drawing, suffix, source, "bench.leaf")

    def middle(suffix: str, source: Ends) -> tuple[Ends, Ends]:
        return draw_fan_out(drawing, source, suffix, width, innermost)

    def outer(suffix: str, source: Ends) -> tuple[Ends, Ends]:
        return draw_fan_out(drawing, source, suffix, width, middle)

    drawing.place("start", "flow.start")
    draw_fan_out(drawing, ("start", "exit"), "", width, outer)
    return drawing


@compiled_once
def lattice(count: int) -> Drawing:
    """Data nodes, each of which adds what the last two gave; one exec node that pulls the last of them."""
    drawing = Drawing({"x": Input("int", 1)})
    last: list[Ends] = [(INPUTS, "x"), (INPUTS, "x")]
    for index in range(count):
        node = drawing.place(f"d{index}", "bench.add")
        drawing.wire(*last[0], node, "a")
        drawing.wire(*last[1], node, "b")
        last = [last[1], (node, "result")]
    drawing.place("start", "flow.start")
    drawing.place("done", "flow.set_output")
    drawing.wire("start", "exit", "done", "enter")
    drawing.wire(*last[1], "done", "r")
    return drawing
