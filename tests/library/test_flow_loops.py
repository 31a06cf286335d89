"""Loops: their bounds, what they give, and that an async source is closed however the loop ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodeflow as nf
from flow_drawing import BREAK, Link, chained, fail, say, started
from nodeflow.library import flow, math, variables
from nodeflow.testing import Each, Own, try_node

SMALL = st.integers(-20, 20)


class Source:
    """An async iterable that knows whether it was closed; fails behind its items if told so."""

    def __init__(self, *items: Any, fails: bool = False) -> None:
        self.items = items
        self.fails = fails
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            for item in self.items:
                yield item
            if self.fails:
                raise OSError("the line is dead")
        finally:
            self.closed = True


@nf.data_node("tests.source")
def source_of(ctx: nf.NodeContext) -> Any:
    return ctx.service(Source)


def looped(kind: nf.NodeType, *body: Link) -> nf.Workflow:
    """A loop over the source."""
    wf, loop = started(kind)
    wf.add(source_of).result >> loop["items"]
    chained(wf, loop["body"], *body)
    return wf


# --- ranges -------------------------------------------------------------------------------------------


@given(SMALL, SMALL, SMALL.filter(bool))
def test_for_range_is_pythons(start: int, stop: int, step: int) -> None:
    tried = try_node(flow.for_range, start=start, stop=stop, step=step)
    assert tried.seen("index", "body") == [*range(start, stop, step)]
    assert tried.exits[-1] == "exit"


@given(SMALL, SMALL, SMALL.filter(bool))
def test_an_inclusive_range_visits_its_end_if_a_step_ends_there(start: int, stop: int, step: int) -> None:
    seen = try_node(flow.for_range, start=start, stop=stop, step=step, inclusive=True).seen("index", "body")
    within = (lambda i: i <= stop) if step > 0 else (lambda i: i >= stop)
    assert seen == [i for i in range(start, start + 41 * step, step) if within(i)]


def test_a_step_of_nothing() -> None:
    with pytest.raises(ValueError, match="`step` must not be 0"):
        try_node(flow.for_range, step=0)
    with pytest.raises(ValueError, match="`step` must not be 0"):
        try_node(flow.for_range, step=0, zero_step=0)
    assert try_node(flow.for_range, stop=6, step=0, zero_step=2).seen("index", "body") == [0, 2, 4]


@pytest.mark.parametrize(("times", "bodies"), [(3, 3), (0, 0), (-2, 0)])
def test_for_runs_so_many_times(times: int, bodies: int) -> None:
    assert try_node(flow.for_, times=times).exits == [*["body"] * bodies, "exit"]


# --- conditions ---------------------------------------------------------------------------------------


def test_while_pulls_its_condition_before_each_round() -> None:
    assert try_node(flow.while_, condition=Each(True, True, False)).seen("index", "body") == [0, 1]
    assert try_node(flow.while_, condition=False).exits == ["exit"]


@pytest.mark.parametrize("kind", [flow.do_while, flow.repeat_until])
def test_a_loop_with_its_condition_behind_runs_once_at_least(kind: nf.NodeType) -> None:
    assert try_node(kind, condition=kind is flow.repeat_until).exits == ["body", "exit"]


@pytest.mark.parametrize("limit", [3, 1, 0])
@pytest.mark.parametrize("kind", [flow.while_, flow.do_while, flow.repeat_until])
def test_a_limit_ends_a_loop_that_would_not(kind: nf.NodeType, limit: int) -> None:
    tried = try_node(kind, condition=kind is not flow.repeat_until, limit=limit)
    assert tried.exits == [*["body"] * limit, "exit"]


def test_a_loop_without_a_limit_has_none() -> None:
    assert try_node(flow.while_, condition=Each(*[True] * 10_050, False)).exits.count("body") == 10_050


# --- items --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [flow.for_each, flow.reduce])
@pytest.mark.parametrize("items", ["text", b"bytes", 7, None])
def test_what_is_no_list_of_items(kind: nf.NodeType, items: Any) -> None:
    with pytest.raises((ValueError, nf.SocketTypeError), match="items"):
        try_node(kind, items=items)


@pytest.mark.parametrize("items", [[], (), {}, ["a", None, 2], Source(), Source("a", None, 2)])
def test_for_each_takes_any_iterable(items: Any) -> None:
    tried = try_node(flow.for_each, items=items)
    wanted = list(getattr(items, "items", items)) if isinstance(items, Source) else list(items)
    assert tried.seen("item", "body") == wanted
    assert tried.seen("index", "body") == [*range(len(wanted))]


def test_entries_of_a_dict_come_in_its_order() -> None:
    tried = try_node(flow.for_each_entry, dict={"b": 1, "a": None, "": [2]})
    assert tried.seen("key", "body") == ["b", "a", ""]
    assert tried.seen("value", "body") == [1, None, [2]]
    assert tried.seen("index", "body") == [0, 1, 2]
    assert try_node(flow.for_each_entry).exits == ["exit"]


@pytest.mark.parametrize("kind", [flow.for_each, flow.reduce])
async def test_an_async_source_is_closed_when_the_loop_is_broken(kind: nf.NodeType) -> None:
    source = Source("a", "b")
    result = await nf.run(looped(kind, say("round"), BREAK), services=[source])
    assert result.printed == ["round"]
    assert source.closed


@pytest.mark.parametrize("kind", [flow.for_each, flow.reduce])
async def test_an_async_source_is_closed_when_the_body_fails(kind: nf.NodeType) -> None:
    source = Source("a", "b")
    with pytest.raises(nf.RunFailed, match="too bad"):
        await nf.run(looped(kind, fail("too bad")), services=[source])
    assert source.closed


@pytest.mark.parametrize("kind", [flow.for_each, flow.reduce])
async def test_what_an_async_source_fails_with_fails_the_loop(kind: nf.NodeType) -> None:
    source = Source("a", fails=True)
    with pytest.raises(nf.RunFailed, match="the line is dead") as caught:
        await nf.run(looped(kind, say("round")), services=[source])
    assert caught.value.result.printed == ["round"]
    assert source.closed


# --- reduce -------------------------------------------------------------------------------------------


def summing(items: list[Any], **options: Any) -> tuple[nf.Workflow, Any, Any]:
    wf = nf.Workflow("main")
    total, add, show = wf.add(flow.reduce, items=items, initial=0), wf.add(math.add), wf.add(flow.print)
    wf.add(flow.start) >> total
    total.accumulated >> add.a
    total["item"] >> add.b
    add.result >> total.next
    total.exit >> show.enter
    total.result >> show.value
    return wf, total, show


@given(st.lists(st.integers()))
def test_reduce_sums_like_python(items: list[int]) -> None:
    wf, _, _ = summing(items)
    assert nf.run_sync(wf).printed == [str(sum(items))]


async def test_reduce_gives_what_was_made_when_it_is_broken() -> None:
    wf, total, _ = summing([1, 2, 3, 4])
    enough = wf.add(flow.switch, cases=[3])
    total.body >> enough["enter"]
    total["item"] >> enough["value"]
    enough["3"] >> wf.add(flow.break_)["enter"]
    assert (await nf.run(wf)).printed == ["3"]


async def test_continue_ends_the_body_and_not_the_round() -> None:
    wf, total, _ = summing([1, 2, 3])
    total.body >> wf.add(flow.continue_)["enter"]
    assert (await nf.run(wf)).printed == ["6"]


def test_reduce_without_a_next_makes_nothing_of_it() -> None:
    assert try_node(flow.reduce, items=[1], initial=5).result is None
    assert try_node(flow.reduce, items=[], initial=5).result == 5
    assert try_node(flow.reduce, items=[1, 2], next=Own("index")).result == 1


async def test_a_reduction_that_fails_in_next_fails_the_node() -> None:
    wf, _, _ = summing([1, "a"])
    with pytest.raises(nf.RunFailed):
        await nf.run(wf)


# --- increment ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "step", "whole", "after"),
    [(1, 2, False, 3), (1.5, 1, False, 2.5), (None, -1, False, -1), (2.9, 1, True, 3), (-2.9, 1, True, -1),
     ("12", 1, True, 1), (True, 1, True, 1), (float("inf"), 1, True, 1), (10**30, 1, False, 10**30 + 1)],
)  # fmt: skip
def test_increment(before: Any, step: Any, whole: bool, after: Any) -> None:
    wf = nf.Workflow("main", variables={"n": nf.model.Variable("any", before, "shared")})
    add = wf.add(variables.increment, name="n", step=step, whole=whole)
    wf.add(flow.start) >> add
    result = nf.run_sync(wf)
    assert result.value("increment", "value") == after == result.variables["n"]
    assert type(result.variables["n"]) is type(after)


@pytest.mark.parametrize("before", ["12", True, [1]])
def test_what_is_no_number_is_not_incremented(before: Any) -> None:
    with pytest.raises(TypeError, match="variable 'n' is no number but"):
        try_node(variables.increment, name="n", variables={"n": before})


async def test_no_increment_is_lost_side_by_side() -> None:
    wf = nf.Workflow("main", variables={"n": nf.model.Variable("int", 0, "shared")})
    batch = wf.add(flow.batch, items=[*range(50)], parallel=50)
    wait, add = wf.add(flow.delay), wf.add(variables.increment, name="n")
    wf.add(flow.start) >> batch
    batch.process >> wait["enter"]
    wait.exit >> add["enter"]
    assert (await nf.run(wf)).variables["n"] == 50
