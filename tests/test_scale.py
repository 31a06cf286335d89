"""Graphs and runs of the size that the contract promises: no recursion, nothing quadratic, constant memory where said.

Models are built directly: a million nodes are too many for the builder's checks of each line.
"""

from __future__ import annotations

from typing import Any

import pytest
import trio

import nodeflow as nf
from nodeflow import observers as seen
from nodeflow.model import Connection, Input, Output, PlacedNode, Workflow

pytestmark = pytest.mark.slow

Wires = list[tuple[str, str, str, str]]


@nf.exec_node("scale.inc")
def inc(value: int = 0) -> int:
    return value + 1


@nf.exec_node("scale.wait")
async def wait(*, body: nf.ExecOut) -> None:
    """Stays suspended until all that it triggers has ended."""
    await body()


@nf.exec_node("scale.down")
async def down(times: int, count: nf.State[int] = nf.initially(0), *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    """Triggers `body`, which may lead back here, as long as it was reached less often than `times`."""
    count.set(count.value + 1)
    if count.value < times:
        await body()
    return exit


@nf.exec_node("scale.round")
def round_(times: int, count: nf.State[int] = nf.initially(0), *, back: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    count.set(count.value + 1)
    return back if count.value < times else exit


@nf.exec_node("scale.bottom")
async def bottom(how: str = "return") -> None:
    """What lies at the end of a deep way down."""
    if how == "fail":
        raise ValueError("the bottom")
    if how == "wait":
        await trio.sleep_forever()


@nf.data_node("scale.plus")
def plus(a: int = 0, b: int = 1) -> int:
    return a + b


@nf.exec_node("scale.sleep")
async def asleep(value: int = 0) -> int:
    await trio.sleep(1)
    return value


REGISTRY = nf.standard_registry() | nf.Registry(inc, wait, down, round_, bottom, plus, asleep)


def node(id: str, kind: str, **values: Any) -> PlacedNode:
    return PlacedNode(id, kind, values)


def compiled(nodes: list[PlacedNode], wires: Wires, *others: Workflow, **declared: Any) -> nf.Compiled:
    main = Workflow("main", {n.id: n for n in nodes}, tuple(Connection(*wire) for wire in wires), **declared)
    return nf.compile(nf.Document(main, *others), REGISTRY)


def chain(size: int, kind: str, leaves: str = "exit") -> tuple[list[PlacedNode], Wires]:
    nodes = [node("start", "flow.start"), *(node(f"n{i}", kind) for i in range(size))]
    wires = [("start", "exit", "n0", "enter")]
    wires += [(f"n{i}", leaves, f"n{i + 1}", "enter") for i in range(size - 1)]
    return nodes, wires


# --- long and deep ---


@pytest.mark.rule("2.2")
async def test_a_chain_of_a_million_nodes() -> None:
    size = 1_000_000
    nodes, wires = chain(size, "scale.inc")
    wires += [(f"n{i}", "result", f"n{i + 1}", "value") for i in range(size - 1)]
    result = await compiled(nodes, wires).run()
    assert result.value(f"n{size - 1}") == size


@pytest.mark.rule("2.2")
async def test_a_wire_back_a_million_times() -> None:
    """Each round is a tail call: the depth limit of 2 would stop anything that grows."""
    nodes = [node("start", "flow.start"), node("inc", "scale.inc"), node("round", "scale.round", times=1_000_000)]
    wires = [("start", "exit", "inc", "enter"), ("inc", "exit", "round", "enter"), ("round", "back", "inc", "enter")]
    result = await compiled(nodes, wires).run(limits=nf.Limits(depth=2))
    assert result.counters["steps"] >= 2_000_000


@pytest.mark.rule("2.3")
async def test_a_trigger_100_000_deep_by_a_wire_back() -> None:
    nodes = [node("start", "flow.start"), node("down", "scale.down", times=100_000), node("inc", "scale.inc")]
    wires = [("start", "exit", "down", "enter"), ("down", "body", "down", "enter"), ("down", "exit", "inc", "enter")]
    deepest = 0

    def observe(event: Any) -> None:
        nonlocal deepest
        deepest += isinstance(event, seen.NodeEnded) and event.node == "inc"

    await compiled(nodes, wires).run(observers=[observe])
    assert deepest == 100_000


@pytest.mark.rule("2.3")
@pytest.mark.parametrize("how", ["return", "fail", "cancel"])
async def test_a_trigger_100_000_deep_in_a_chain(how: str, autojump_clock: trio.testing.MockClock) -> None:
    size = 100_000
    nodes, wires = chain(size, "scale.wait", "body")
    nodes.append(node("bottom", "scale.bottom", how={"cancel": "wait"}.get(how, how)))
    wires.append((f"n{size - 1}", "body", "bottom", "enter"))
    document = compiled(nodes, wires)
    if how == "return":
        assert (await document.run()).completed
    elif how == "fail":
        with pytest.raises(nf.RunFailed, match="the bottom"):
            await document.run()
    else:
        with trio.move_on_after(1) as scope:
            await document.run()
        assert scope.cancelled_caught


@pytest.mark.rule("4.5")
async def test_a_chain_of_100_000_data_nodes() -> None:
    size = 100_000
    nodes = [node("start", "flow.start"), node("inc", "scale.inc"), *(node(f"d{i}", "scale.plus") for i in range(size))]
    wires = [("start", "exit", "inc", "enter"), (f"d{size - 1}", "result", "inc", "value")]
    wires += [(f"d{i}", "result", f"d{i + 1}", "a") for i in range(size - 1)]
    result = await compiled(nodes, wires).run()
    assert result.value("inc") == size + 1
    assert result.counters["evaluations"] == size


# --- wide ---


@pytest.mark.rule("6.3")
@pytest.mark.parametrize("kind", ["scale.inc", "scale.sleep"])
async def test_100_000_branches(kind: str, autojump_clock: trio.testing.MockClock) -> None:
    size = 100_000
    names = [f"b{i}" for i in range(size)]
    nodes = [
        node("start", "flow.start"), PlacedNode("fo", "flow.fan_out", options={"branches": names}),
        node("fi", "flow.fan_in"), *(node(f"n{i}", kind, value=i) for i in range(size)),
    ]  # fmt: skip
    wires = [("start", "exit", "fo", "enter")]
    wires += [("fo", name, f"n{i}", "enter") for i, name in enumerate(names)]
    wires += [(f"n{i}", "exit", "fi", "enter") for i in range(size)]
    wires += [(f"n{i}", "result", "fi", name) for i, name in enumerate(names)]
    result = await compiled(nodes, wires).run()
    off = kind == "scale.inc"
    assert result.value("fi", "merged") == [i + off for i in range(size)]
    assert result.counters["threads"] == size + 1


@pytest.mark.rule("7.1")
async def test_a_batch_over_100_000_items(autojump_clock: trio.testing.MockClock) -> None:
    size = 100_000
    nodes = [
        node("start", "flow.start"), node("range", "lists.range", stop=size), node("batch", "flow.batch", parallel=16),
        node("work", "scale.sleep"),
    ]  # fmt: skip
    wires = [
        ("start", "exit", "batch", "enter"), ("range", "result", "batch", "items"),
        ("batch", "process", "work", "enter"),
        ("batch", "item", "work", "value"), ("work", "result", "batch", "result"),
    ]  # fmt: skip
    result = await compiled(nodes, wires).run()
    assert result.value("batch", "results") == [*range(size)]
    assert result.counters["seconds"] == pytest.approx(size / 16)


# --- nested ---


def nested(depth: int, how: str) -> nf.Compiled:
    """A workflow that calls itself `depth` times, and at the bottom returns, fails or waits."""
    call = Workflow(
        "call",
        {n.id: n for n in [
            node("start", "flow.start"), node("less", "logic.less", a=0), node("if", "flow.if"),
            node("minus", "scale.plus", b=-1),
            PlacedNode("again", "flow.gosub", options={"workflow": "call"}), node("bottom", "scale.bottom", how=how),
            node("set", "flow.set_output"),
        ]},
        tuple(Connection(*wire) for wire in [
            ("start", "exit", "if", "enter"), ("inputs", "n", "less", "b"), ("less", "result", "if", "condition"),
            ("inputs", "n", "minus", "a"), ("if", "true", "again", "enter"), ("minus", "result", "again", "n"),
            ("if", "false", "bottom", "enter"), ("bottom", "exit", "set", "enter"), ("again", "exit", "set", "enter"),
            ("inputs", "n", "set", "n"),
        ]),
        {"n": Input("int")}, {"n": Output("int")},
    )  # fmt: skip
    gosub = PlacedNode("gosub", "flow.gosub", {"n": depth}, {"workflow": "call"})
    return compiled([node("start", "flow.start"), gosub], [("start", "exit", "gosub", "enter")], call)


@pytest.mark.rule("5.T6")
@pytest.mark.rule("8.3")
@pytest.mark.parametrize("how", ["return", "fail", "cancel", "deadline"])
async def test_5_000_nested_contexts(how: str, autojump_clock: trio.testing.MockClock) -> None:
    depth = 5_000
    document = nested(depth, {"cancel": "wait", "deadline": "wait"}.get(how, how))
    contexts = 0

    def observe(event: Any) -> None:
        nonlocal contexts
        contexts += isinstance(event, seen.ContextOpened)
        contexts -= isinstance(event, seen.ContextClosed)

    if how == "deadline":
        with pytest.raises(nf.RunTimedOut):
            await document.run(limits=nf.Limits(deadline=1), observers=[observe])
    elif how == "fail":
        with pytest.raises(nf.RunFailed, match="the bottom"):
            await document.run(observers=[observe])
    elif how == "return":
        result = await document.run(observers=[observe])
        assert result.value("gosub", "n") == depth
        assert result.counters["contexts"] == depth + 2
    else:
        async with document.open_run(observers=[observe]) as run:
            await trio.sleep(1)
            assert contexts > depth
            run.cancel("deep")
            assert (await run.wait()).status == "cancelled"
    assert contexts == 0
