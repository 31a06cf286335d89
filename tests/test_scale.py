"""Graphs and runs of the size that the contract promises: no recursion, nothing quadratic, constant memory where said.

Models are built directly: a million nodes are too many for the builder's checks of each line.
"""

from __future__ import annotations

from typing import Any

import pytest
import trio

import nodeflow as nf
from nodeflow.library import flow, lists, logic, math
from nodeflow.model import Connection, Output, PlacedNode, Workflow

pytestmark = pytest.mark.slow


@nf.exec_node("scale.inc")
def inc(value: int = 0) -> int:
    return value + 1


@nf.exec_node("scale.wait")
async def wait(*, body: nf.ExecOut) -> None:
    """Stays suspended until all that it triggers has ended."""
    await body()


@nf.exec_node("scale.down")
async def down(count: nf.State[int] = nf.initially(0), *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    """Triggers what may lead back to it, 100,000 times."""
    count.set(count.value + 1)
    if count.value < 100_000:
        await body()
    return exit


@nf.exec_node("scale.ends")
async def ends(*, failing: nf.Option[bool] = False, forever: nf.Option[bool] = False) -> None:
    """What lies at the bottom."""
    if failing:
        raise ValueError("the bottom")
    if forever:
        await trio.sleep_forever()


@nf.data_node("scale.plus")
def plus(a: int = 0, b: int = 1) -> int:
    return a + b


REGISTRY = nf.standard_registry() | nf.Registry(inc, wait, down, ends, plus)


def document(nodes: dict[str, PlacedNode], wires: list[tuple[str, str, str, str]], **declared: Any) -> nf.Document:
    return nf.Document(Workflow("main", nodes, tuple(Connection(*wire) for wire in wires), **declared))


def chain(size: int, kind: str, exit: str = "exit") -> tuple[dict[str, PlacedNode], list[tuple[str, str, str, str]]]:
    nodes = {"start": PlacedNode("start", "flow.start")}
    wires = []
    before, leaves = "start", "exit"
    for i in range(size):
        nodes[f"n{i}"] = PlacedNode(f"n{i}", kind)
        wires.append((before, leaves, f"n{i}", "enter"))
        before, leaves = f"n{i}", exit
    return nodes, wires


@pytest.mark.rule("2.2")
async def test_a_chain_of_a_million_nodes() -> None:
    size = 1_000_000
    nodes, wires = chain(size, "scale.inc")
    wires += [(f"n{i}", "result", f"n{i + 1}", "value") for i in range(size - 1)]
    compiled = nf.compile(document(nodes, wires), REGISTRY)
    del nodes, wires
    result = await compiled.run()
    assert result.value(f"n{size - 1}") == size


@pytest.mark.rule("2.2")
async def test_a_wire_back_a_million_times() -> None:
    """In constant memory: each round is a tail call."""
    nodes = {
        "start": PlacedNode("start", "flow.start"),
        "inc": PlacedNode("inc", "scale.inc"),
        "less": PlacedNode("less", "logic.less", {"b": 1_000_000}),
        "if": PlacedNode("if", "flow.if"),
        "first": PlacedNode("first", "scale.inc", {"value": -1}),
        "sum": PlacedNode("sum", "scale.plus", {"b": 0}),
    }
    wires = [
        ("start", "exit", "inc", "enter"), ("inc", "exit", "if", "enter"), ("if", "true", "inc", "enter"),
        ("inc", "result", "less", "a"), ("less", "result", "if", "condition"), ("inc", "result", "sum", "a"),
        ("sum", "result", "inc", "value"),
    ]  # fmt: skip
    nodes["start_value"] = nodes.pop("first")
    wires[0:1] = [("start", "exit", "start_value", "enter"), ("start_value", "exit", "inc", "enter")]
    model = document(nodes, wires)
    with pytest.raises(nf.RunFailed, match="MissingInput|nothing has written"):
        await nf.run(model, registry=REGISTRY)
