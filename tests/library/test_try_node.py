"""`try_node`: what it wires around a node, what it gives back, and how it fails."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
from attrs import frozen

import nodeflow as nf
from nodeflow.library import events, flow, lists, logic, math, random, text, variables
from nodeflow.testing import Each, Own, check_example, try_node


@frozen
class Point:
    x: int
    y: int


class Parts(NamedTuple):
    whole: int
    rest: int


@nf.data_node("try.parts")
def parts(a: int, b: int = 7) -> Parts:
    return Parts(*divmod(a, b))


@nf.data_node("try.kind")
def kind(value: Any) -> str:
    return type(value).__name__


@nf.data_node("try.moved")
def moved(point: Point, by: int = 1) -> Point:
    return Point(point.x + by, point.y + by)


@nf.exec_node("try.doors")
def doors(front: nf.ExecIn, back: nf.ExecIn, *, by: nf.Out[str], exit: nf.ExecOut) -> nf.ExecOut:
    by.set("front" if front else "back")
    return exit


@nf.exec_node("try.services", version=1)
def enter_twice(ctx: nf.NodeContext, services: str, times: int = 0) -> str:
    return f"{services} {times}"


# --- what goes in -------------------------------------------------------------------------------------


def test_data_nodes_are_pulled() -> None:
    assert try_node(math.add, a=1, b=2).result == 3
    tried = try_node(parts, a=17)
    assert (tried.outputs, tried.exits) == ({"whole": 2, "rest": 3}, [])
    with pytest.raises(KeyError):
        _ = tried.result


@pytest.mark.parametrize(
    "value",
    [b"bytes", datetime.date(2020, 1, 1), Point(1, 2), (1, 2), {1: 2}, {1, 2}, float("nan"), [b"inside"], range(3)],
    ids=repr,
)
def test_any_object_is_an_input(value: Any) -> None:
    assert try_node(kind, value=value).result == type(value).__name__


def test_an_attrs_object_fits_its_class() -> None:
    assert try_node(moved, point=Point(1, 2)).outputs == {"x": 2, "y": 3}  # an attrs class is spread
    with pytest.raises(nf.SocketTypeError):
        try_node(moved, point=Each("no point"))


def test_a_deep_value_is_a_literal() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert try_node(lists.length, list=deep).result == 1


async def numbers() -> AsyncIterator[int]:
    for number in range(3):
        yield number


def test_an_async_iterable_is_an_input() -> None:
    assert try_node(flow.for_each, items=numbers()).seen("item", "body") == [0, 1, 2]


def test_groups_of_inputs() -> None:
    tried = try_node(text.format, template="{a} {b}", a=1, b=datetime.date(2020, 1, 1))
    assert tried.result == "1 2020-01-01"


def test_each_gives_the_next_value_at_each_pull() -> None:
    assert try_node(math.add, a=Each(1, 2, 3), b=10).seen("result") == [11, 12, 13]
    tried = try_node(flow.do_while, condition=Each(True, False))
    assert tried.exits == ["body", "body", "exit"]
    with pytest.raises(LookupError, match="pulled once more"):
        try_node(flow.while_, condition=Each(True))


def test_a_lazy_input_is_not_pulled_in_vain() -> None:
    assert try_node(logic.select, condition=True, then=1, otherwise=Each()).result == 1


def test_own_reads_an_output_of_the_node() -> None:
    assert try_node(flow.batch, items=[1, 2], result=Own("item")).outputs["results"] == [1, 2]


def test_a_keyword_that_is_an_input_of_the_node_is_the_nodes() -> None:
    assert try_node(flow.for_, times=2).exits == ["body", "body", "exit"]
    assert try_node(enter_twice, services="s", times=3).result == "s 3"


def test_an_unknown_keyword_is_refused() -> None:
    with pytest.raises(nf.WiringError, match="has no input or option 'c'"):
        try_node(math.add, c=1)


# --- how it is activated ------------------------------------------------------------------------------


def test_it_is_activated_several_times() -> None:
    assert try_node(flow.print_, value="x", times=3).printed == ["x", "x", "x"]
    assert len(set(try_node(random.uniform, times=20).seen("result"))) > 1
    tried = try_node(flow.delay, seconds=5, times=3, every=1)
    assert tried.at == [5.0, 11.0, 17.0]


def test_it_is_activated_side_by_side() -> None:
    tried = try_node(flow.delay, seconds=5, times=3, every=1, together=True)
    assert tried.at == [5.0, 6.0, 7.0]


def test_it_is_entered_where_it_says() -> None:
    assert try_node(doors).outputs["by"] == "front"
    assert try_node(doors, enter="back", times=2).seen("by") == ["back", "back"]
    assert try_node(doors, enter=["back", "front", "back"]).seen("by") == ["back", "front", "back"]


def test_nodes_that_start_by_themselves() -> None:
    assert try_node(flow.start).exits == ["exit"]
    tried = try_node(events.listen, event="e", events={"e": "int"}, triggers={"e": 3})
    assert (tried.exits, tried.outputs) == (["exit"], {"payload": 3})


def test_a_fan_in_gets_its_branches() -> None:
    assert try_node(flow.fan_in, a=[1], b=[2], merge="concat").outputs["merged"] == [1, 2]


def test_jumps_and_workflows() -> None:
    assert try_node(flow.break_).exits == []
    assert try_node(flow.return_, x=3, outputs={"x": "int"}).run.outputs == {"x": 3}
    sub = nf.Workflow("sub", inputs={"n": "int"}, outputs={"m": "int"})
    done = sub.add(flow.set_output)
    sub.add(flow.start) >> done
    sub.inputs.n >> done["m"]
    assert try_node(flow.gosub, workflow="sub", n=3, workflows=[sub]).outputs == {"m": 3}


# --- what comes out -----------------------------------------------------------------------------------


def test_exits_of_options_are_recorded() -> None:
    assert try_node(flow.sequence, steps=["x", "y"]).exits == ["x", "y"]
    assert try_node(flow.switch, cases=["a", 2], value=2).exits == ["2"]


def test_what_differs_per_thread_is_seen_there() -> None:
    tried = try_node(flow.batch, items=["a", "b"], result=Own("index"))
    assert sorted(tried.seen("item", "process")) == ["a", "b"]
    assert tried.seen("results", "continue") == [[0, 1]]
    assert tried.seen("item", "continue") == []


def test_what_is_told() -> None:
    tried = try_node(flow.log, message="low", level="warning")
    assert (tried.told, tried.printed) == ([("warning", "low")], [])


def test_variables() -> None:
    tried = try_node(variables.update, name="n", value=4, variables={"n": 3}, times=2)
    assert (tried.seen("value"), tried.run.variables) == ([7, 11], {"n": 11})


def test_what_is_behind_an_exit() -> None:
    tried = try_node(flow.timeout, seconds=3, behind={"body": [5, None]}, times=2)
    assert tried.exits == ["body", "expired", "exit", "body", "exit"]
    tried = try_node(flow.try_, behind={"body": KeyError("gone")})
    assert tried.exits == ["body", "catch", "finally", "exit"]
    with pytest.raises(KeyError, match="gone"):
        try_node(flow.for_, times=1, behind={"body": KeyError("gone")})


# --- how it fails -------------------------------------------------------------------------------------


def test_what_the_node_raises_comes_out_as_itself() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        try_node(math.divide, a=1, b=0)
    assert caught.value.__suppress_context__
    with pytest.raises(nf.FlowFailure, match="no"):
        try_node(flow.fail, message="no")
    with pytest.raises(nf.MissingInput):
        try_node(parts)
    with pytest.raises(nf.InvalidDocument):
        try_node(variables.get, name="nothing")


def test_what_waits_for_ever_is_told() -> None:
    with pytest.raises(TimeoutError, match="real_time=True"):
        try_node(events.wait, event="e", events={"e": "int"})


def test_real_time() -> None:
    assert try_node(flow.delay, seconds=0.001, real_time=True).seconds >= 0.001


def test_a_blocking_node_runs() -> None:
    @nf.exec_node("try.blocking", blocking=True)
    def blocking(path: str) -> int:
        return len(path)

    assert try_node(blocking, path="abc").result == 3


# --- examples -----------------------------------------------------------------------------------------


@nf.data_node("try.right")
def right(a: int) -> int:
    """Add one.

    >>> right(1)
    2
    """
    return a + 1


@nf.data_node("try.wrong")
def wrong(a: int) -> int:
    """Add one.

    >>> wrong(1)
    3
    """
    return a + 1


def test_examples_are_checked() -> None:
    check_example(right)
    with pytest.raises(AssertionError, match="Got:\n    2"):
        check_example(wrong)
    with pytest.raises(AssertionError, match="has no example"):
        check_example(parts)
