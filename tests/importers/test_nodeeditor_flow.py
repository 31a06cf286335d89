"""Control flow, variables and events of imported files."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from nodeeditor_drawing import START, file, node, printed

import nodeflow as nf
from nodeflow.importers import nodeeditor
from nodeflow.runtime.events import NodeStarted


def says(id: str, **literals: Any) -> dict[str, Any]:
    """A Debug Print that says its own id, unless told otherwise."""
    return node(id, "Debug Print", exec=True, **(literals or {"Value": id}))


LOOPS: list[tuple[str, dict[str, Any], str, str, list[str]]] = [
    ("For Loop", {"LoopTimes": 3}, "LoopPath", "Index", ["0", "1", "2", "end"]),
    ("For Loop", {"LoopTimes": -1}, "LoopPath", "Index", ["end"]),
    ("For Loop Reverse", {"Start": 2, "End": 0}, "LoopPath", "Index", ["2", "1", "0", "end"]),
    ("For Loop Step", {"StartValue": 1, "EndValue": 6, "Step": 2}, "LoopPath", "Index", ["1", "3", "5", "end"]),
    ("For Loop Step", {"StartValue": 2, "EndValue": 0, "Step": -1}, "LoopPath", "Index", ["2", "1", "end"]),
    ("For Loop Step", {"EndValue": 2, "Step": 0}, "LoopPath", "Index", ["0", "1", "end"]),
    ("ForEach Loop", {"List": ["a", "b"]}, "LoopPath", "Obj", ["a", "b", "end"]),
    ("ForEach Loop", {}, "LoopPath", "Obj", ["end"]),
    ("ForEach Dict", {"Dict": {"a": 1, "b": 2}}, "LoopPath", "Value", ["1", "2", "end"]),
    ("ForEach Dict", {"Dict": {"a": 1, "b": 2}}, "LoopPath", "Key", ["a", "b", "end"]),
    ("Loop N Times", {}, "Body", "Iteration", ["0", "1", "2", "3", "4", "end"]),
]


@pytest.mark.parametrize(("name", "literals", "body", "output", "lines"), LOOPS)
async def test_loops(name: str, literals: dict[str, Any], body: str, output: str, lines: list[str]) -> None:
    nodes = [START, node("loop", name, **literals), node("say", "Debug Print"), says("end")]
    drawn = [
        "start.Exit > loop.Enter",
        f"loop.{body} > say.Enter",
        f"loop.{output} > say.Value",
        "loop.Exit > end.Enter",
    ]
    assert await printed(file(nodes, *drawn)) == lines


async def test_the_end_of_a_reversed_loop_may_be_wired() -> None:
    nodes = [
        START,
        node("two", "Integer", Value=2),
        node("loop", "For Loop Reverse", Start=4),
        node("say", "Debug Print"),
    ]
    data = file(
        nodes, "start.Exit > loop.Enter", "two.Result > loop.End", "loop.LoopPath > say.Enter", "loop.Index > say.Value"
    )
    assert await printed(data) == ["4", "3", "2"]


async def test_parallel_for_each_goes_on_when_all_have_ended(autojump_clock: trio.abc.Clock) -> None:
    nodes = [
        START,
        node("each", "Parallel ForEach", List=[3, 1, 2], MaxParallelism=0),
        node("say", "Debug Print"),
        says("end"),
    ]
    data = file(
        nodes,
        "start.Exit > each.Enter",
        "each.LoopPath > say.Enter",
        "each.Item > say.Value",
        "each.Exit > end.Enter",
    )
    assert await printed(data) == ["3", "1", "2", "end"]  # none side by side: less than 1 counts as 1


def counting(loop: str, *, op: str) -> dict[str, Any]:
    """A loop whose body counts a variable up, and whose condition compares it with 3."""
    nodes = [
        START,
        node("loop", loop),
        node("inc", "Increment Variable", Name="n"),
        node("get", "Get Variable", Name="n"),
        node("test", op, B=3),
        node("say", "Debug Print"),
    ]
    return file(
        nodes,
        "start.Exit > loop.Enter",
        "loop.LoopPath > inc.Enter",
        "inc.Exit > say.Enter",
        "inc.Value > say.Value",
        "get.Value > test.A",
        "test.Result > loop.Condition",
    )


@pytest.mark.parametrize(
    ("loop", "op"), [("While Loop", "Less Than"), ("Do While Loop", "Less Than"), ("Repeat Until", "Greater Or Equal")]
)
async def test_a_condition_is_looked_at_before_each_round(loop: str, op: str) -> None:
    assert await printed(counting(loop, op=op)) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("loop", "condition", "rounds"),
    [
        ("While Loop", True, 10_000),
        ("While Loop", False, 0),
        ("Do While Loop", False, 1),
        ("Repeat Until", False, 10_000),
    ],
)
async def test_a_loop_that_never_ends_ends_after_ten_thousand_rounds(loop: str, condition: bool, rounds: int) -> None:
    nodes = [START, node("loop", loop, Condition=condition), node("inc", "Increment Variable", Name="n")]
    document = nodeeditor.convert(file(nodes, "start.Exit > loop.Enter", "loop.LoopPath > inc.Enter"))
    assert (await nf.run(document)).variables == {"n": rounds or None}


CHOICES: list[tuple[str, dict[str, Any], str]] = [
    ("Branch", {"Cond": True}, "True"),
    ("Branch", {}, "False"),
    ("Gate", {}, "Continue"),
    ("Gate", {"Open": False}, "Closed"),
    ("Multi Branch", {"Cond_1": True, "Cond_2": True}, "Path 1"),
    ("Multi Branch", {}, "Default"),
    ("Switch Int", {"Value": 4}, "Case 4"),
    ("Switch Int", {}, "Case 0"),
    ("Switch Int", {"Value": 5}, "Default"),
    ("Switch String", {"Value": "b", "Match_0": "a", "Match_1": "b", "Match_2": "b"}, "Case 1"),
    ("Switch String", {"Value": "x", "Match_0": "a"}, "Default"),
    ("Switch String", {}, "Case 0"),
]
OUTPUTS = {
    "Branch": ["True", "False"],
    "Gate": ["Continue", "Closed"],
    "Multi Branch": ["Path 0", "Path 1", "Path 2", "Path 3", "Default"],
    "Switch Int": [*(f"Case {i}" for i in range(5)), "Default"],
    "Switch String": [*(f"Case {i}" for i in range(4)), "Default"],
}


@pytest.mark.parametrize(("name", "literals", "chosen"), CHOICES)
async def test_choices(name: str, literals: dict[str, Any], chosen: str) -> None:
    said = [node(f"p{i}", "Debug Print", Value=output) for i, output in enumerate(OUTPUTS[name])]
    drawn = [f"choice.{output} > p{i}.Enter" for i, output in enumerate(OUTPUTS[name])]
    entered = "Start" if name == "Branch" else "Enter"
    data = file([START, node("choice", name, **literals), *said], f"start.Exit > choice.{entered}", *drawn)
    assert await printed(data) == [chosen]


@pytest.mark.parametrize(("name", "output"), [("Gate", "Continue"), ("Once", "First"), ("Flip Flop", "A")])
async def test_an_exit_that_never_fired_fires_behind_the_chosen_path(name: str, output: str) -> None:
    nodes = [START, node("x", name), says("path"), says("end")]
    data = file(nodes, "start.Exit > x.Enter", "x.Exit > end.Enter", f"x.{output} > path.Enter")
    assert await printed(data) == ["path", "end"]


async def test_a_sequence_runs_its_steps_and_then_its_exit() -> None:
    nodes = [START, node("s", "Sequence"), says("a"), says("b"), says("end")]
    data = file(nodes, "start.Exit > s.Enter", "s.Exit > end.Enter", "s.Then 2 > b.Enter", "s.Then 0 > a.Enter")
    assert await printed(data) == ["a", "b", "end"]


async def test_a_parallel_branch_is_a_sequence() -> None:
    nodes = [START, node("s", "Parallel Branch"), says("a"), says("d")]
    assert await printed(file(nodes, "start.Exit > s.Enter", "s.D > d.Enter", "s.A > a.Enter")) == ["a", "d"]


async def test_nodes_that_remember() -> None:
    nodes = [
        START,
        node("loop", "For Loop", LoopTimes=4),
        node("once", "Once"),
        node("flip", "Flip Flop"),
        node("count", "Counter"),
        node("wait", "Wait Count", Count=3),
        says("first"),
        says("again"),
        says("A"),
        says("B"),
        node("n", "Debug Print", Label="n"),
        says("third"),
    ]
    data = file(
        nodes,
        "start.Exit > loop.Enter",
        "loop.LoopPath > once.Enter",
        "once.First > first.Enter",
        "once.Already Run > again.Enter",
        "loop.LoopPath > flip.Enter",
        "flip.A > A.Enter",
        "flip.B > B.Enter",
        "loop.LoopPath > count.Enter",
        "count.Exit > n.Enter",
        "count.Count > n.Value",
        "loop.LoopPath > wait.Enter",
        "wait.Exit > third.Enter",
    )
    assert await printed(data) == [
        "first",
        "A",
        "n: 1",
        "again",
        "B",
        "n: 2",
        "again",
        "A",
        "n: 3",
        "third",
        "again",
        "B",
        "n: 4",
    ]


async def test_errors_are_caught() -> None:
    nodes = [
        START,
        node("try", "Try Catch"),
        node("throw", "Throw Error"),
        node("say", "Debug Print", Label="caught"),
        says("finally"),
        says("end"),
        says("never"),
    ]
    data = file(
        nodes,
        "start.Exit > try.Enter",
        "try.Try > throw.Enter",
        "throw.Exit > never.Enter",
        "try.Catch > say.Enter",
        "try.Error > say.Value",
        "try.Finally > finally.Enter",
        "try.Exit > end.Enter",
    )
    assert await printed(data) == ["caught: An error occurred", "finally", "end"]


async def test_an_assertion_fails() -> None:
    nodes = [START, node("a", "Assert", Condition=False, Message="too bad")]
    with pytest.raises(nf.RunFailed, match="too bad"):
        await nf.run(nodeeditor.convert(file(nodes, "start.Exit > a.Enter")))


@pytest.mark.parametrize(("wired", "seconds"), [(False, 1.5), (True, 1.5)])
async def test_delays_are_in_milliseconds(wired: bool, seconds: float, autojump_clock: trio.abc.Clock) -> None:
    nodes = [START, node("ms", "Integer", Value=1500), node("d", "Delay", **({} if wired else {"DelayMs": 1500}))]
    drawn = ["start.Exit > d.Enter", *(["ms.Result > d.DelayMs"] if wired else [])]
    document = nodeeditor.convert(file(nodes, *drawn))
    began = trio.current_time()
    await nf.run(document)
    assert trio.current_time() - began == pytest.approx(seconds)


@pytest.mark.parametrize("wired", [False, True])
async def test_a_delay_of_minus_one_waits_for_ever(wired: bool, autojump_clock: trio.abc.Clock) -> None:
    nodes = [START, node("d", "Delay", **({} if wired else {"DelayMs": -1})), says("never")]
    nodes += [node("ms", "Integer", Value=-1)] if wired else []
    drawn = ["start.Exit > d.Enter", "d.Exit > never.Enter", *(["ms.Result > d.DelayMs"] if wired else [])]
    document = nodeeditor.convert(file(nodes, *drawn))
    with trio.move_on_after(1e6) as scope:
        await nf.run(document)
    assert scope.cancelled_caught


@pytest.mark.parametrize("wired", [False, True])
async def test_a_delay_of_less_than_minus_one_fails(wired: bool) -> None:
    nodes = [START, node("d", "Delay", **({} if wired else {"DelayMs": -2}))]
    nodes += [node("ms", "Integer", Value=-2)] if wired else []
    drawn = ["start.Exit > d.Enter", *(["ms.Result > d.DelayMs"] if wired else [])]
    data = file(nodes, *drawn)
    with pytest.raises(nf.RunFailed, match=r"`seconds` must not be negative, not -0\.002"):
        await nf.run(nodeeditor.convert(data))
    await nf.run(nodeeditor.convert(data, strict=True))


@pytest.mark.parametrize(
    ("value", "match", "case"),
    [("b", "b", "Case 1"), (5, "5", "Case 1"), (True, "True", "Case 1"), (5, "6", "Default")],
)
async def test_what_is_compared_as_text_becomes_text(value: Any, match: str, case: str) -> None:
    kind = {str: "String", int: "Integer", bool: "Boolean"}[type(value)]
    nodes = [
        START,
        node("given", kind, Value=value),
        node("choice", "Switch String", Match_0="x", Match_1=match),
        *(says(f"p{i}", Value=output) for i, output in enumerate(OUTPUTS["Switch String"])),
    ]
    drawn = [f"choice.{output} > p{i}.Enter" for i, output in enumerate(OUTPUTS["Switch String"])]
    assert await printed(file(nodes, "start.Exit > choice.Enter", "given.Result > choice.Value", *drawn)) == [case]


# --- printing -----------------------------------------------------------------------------------------


async def test_what_prints_and_what_only_logs() -> None:
    nodes = [
        START,
        says("a", Label="L", Value=1.0),
        node("log", "Log", exec=True, Message="logged"),
        node("warn", "Debug Warning", Message="w"),
        node("err", "Debug Error", Message="e"),
        node("stop", "Breakpoint"),
        node("pass", "Print Value", Label="P", Value=7),
        node("use", "Consume"),
    ]
    data = file(
        nodes,
        "start.Exit > a.Enter",
        "a.Exit > log.Enter",
        "log.Exit > warn.Enter",
        "warn.Exit > err.Enter",
        "err.Exit > stop.Enter",
        "stop.Exit > use.Enter",
        "pass.PassThrough > use.Value",
    )
    assert await printed(data) == ["L: 1", "logged", "P: 7"]


# --- variables ----------------------------------------------------------------------------------------


async def test_declared_variables_are_shared() -> None:
    nodes = [
        START,
        {**node("set", "Set Score"), "typeId": "variable.set.v1"},
        {**node("get", "Get Score"), "typeId": "variable.get.v1"},
        node("sum", "Add", B=2),
        node("say", "Debug Print"),
    ]
    drawn = [
        "start.Exit > set.Enter",
        "get.Value > sum.A",
        "sum.Result > set.Value",
        "set.Exit > say.Enter",
        "set.Value > say.Value",
    ]
    variables = [
        {
            "id": "v1",
            "name": "Score",
            "typeName": "System.Double",
            "defaultValue": {"json": 40, "typeName": "System.Double"},
        }
    ]
    data = file(nodes, *drawn, variables=variables)
    document = nodeeditor.convert(data)
    assert document.workflows["main"].variables == {"Score": nf.model.Variable("float", 40.0, "shared")}
    result = await nf.run(document)
    assert list(result.printed) == ["42"]
    assert result.variables == {"Score": 42}


async def test_variables_that_are_only_named_are_declared() -> None:
    nodes = [
        START,
        node("loop", "For Loop", LoopTimes=3),
        node("get", "Get Variable", Name="sum"),
        node("add", "Add Int", B=10),
        node("set", "Set Variable", Name="sum"),
        node("say", "Debug Print"),
    ]
    data = file(
        nodes,
        "start.Exit > loop.Enter",
        "loop.LoopPath > set.Enter",
        "get.Value > add.A",
        "add.Result > set.Value",
        "loop.Exit > say.Enter",
        "set.Value > say.Value",
    )
    assert await printed(data) == ["30"]  # nothing counts as 0 where a number is wanted


async def test_the_name_of_a_variable_may_be_wired() -> None:
    nodes = [
        START,
        node("name", "String", Value="x"),
        node("set", "Set Variable", Value=5),
        node("get", "Get Variable", Name="x"),
        node("say", "Debug Print"),
    ]
    data = file(
        nodes,
        "start.Exit > set.Enter",
        "name.Result > set.Name",
        "set.Exit > say.Enter",
        "get.Value > say.Value",
    )
    assert await printed(data) == ["5"]


@pytest.mark.parametrize(("before", "after"), [(None, 2), (2.9, 4), ("7", 2), (True, 2)])
async def test_increment_counts_what_is_no_number_as_nothing(before: Any, after: int) -> None:
    nodes = [
        START,
        node("set", "Set Variable", Name="v", Value=before),
        node("inc", "Increment Variable", Name="v", Step=2),
    ]
    result = await nf.run(nodeeditor.convert(file(nodes, "start.Exit > set.Enter", "set.Exit > inc.Enter")))
    assert result.variables == {"v": after}


# --- events and starts --------------------------------------------------------------------------------


async def test_events_by_id_and_by_display_name(autojump_clock: trio.abc.Clock) -> None:
    nodes = [
        START,
        {**node("fire", "anything"), "definitionId": "event.trigger.e1"},
        node("a", "Custom Event: On Ping", starts=True),
        {**node("b", "renamed", starts=True), "typeId": "event.listener.e1"},
        node("wait", "Delay", DelayMs=5),
        says("A"),
        says("B"),
        says("end"),
    ]
    data = file(
        nodes,
        "start.Exit > fire.Enter",
        "fire.Exit > end.Enter",
        "a.Exit > wait.Enter",
        "wait.Exit > A.Enter",
        "b.Exit > B.Enter",
        events=[{"id": "e1", "name": "On Ping"}],
    )
    assert await printed(data) == ["B", "A", "end"]


async def test_a_node_that_starts_by_itself_gets_a_start() -> None:
    nodes = [node("loop", "For Loop", starts=True, LoopTimes=2), node("say", "Debug Print")]
    assert await printed(file(nodes, "loop.LoopPath > say.Enter", "loop.Index > say.Value")) == ["0", "1"]


async def test_a_disabled_node_is_passed_over() -> None:
    nodes = [START, {**says("a"), "disabled": True}, says("b")]
    assert await printed(file(nodes, "start.Exit > a.Enter", "a.Exit > b.Enter")) == ["b"]


async def test_markers_are_activations() -> None:
    seen: list[str] = []
    nodes = [START, node("m", "Marker")]
    document = nodeeditor.convert(file(nodes, "start.Exit > m.Enter"))
    async with nf.open_run(
        document, observers=[lambda event: seen.append(event.node) if isinstance(event, NodeStarted) else None]
    ) as run:
        await run.wait()
    assert "m" in seen
