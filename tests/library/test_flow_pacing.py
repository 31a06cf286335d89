"""Waiting, and how often or by how many at once something may happen: under parallel arrivals, on a mock clock."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

import nodeflow as nf
from flow_drawing import States, chained, crowd, fail, say, started, tell_time, tidy, wait
from nodeflow.library import flow
from nodeflow.testing import try_node

PACED: list[tuple[nf.NodeType, str]] = [
    (flow.throttle, "exit"), (flow.debounce, "exit"), (flow.rate_limit, "exit"), (flow.semaphore, "body"),
]  # fmt: skip


# --- delay --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "took"), [(0, 0), (2.5, 2.5), (-1, 0), (math.nan, 0), (86_400 * 365, 31_536_000)])
def test_delay(seconds: float, took: float) -> None:
    assert try_node(flow.delay, seconds=seconds).seconds == took


def test_a_negative_delay_may_be_an_error_or_for_ever() -> None:
    with pytest.raises(ValueError, match="`seconds` must not be negative, not -2"):
        try_node(flow.delay, seconds=-2, negative="error")
    with pytest.raises(TimeoutError):
        try_node(flow.delay, seconds=-1, negative="error", forever=-1)
    assert try_node(flow.delay, seconds=0, negative="error", forever=-1).seconds == 0


def test_an_option_that_is_no_choice() -> None:
    with pytest.raises(ValueError, match="`negative` must be 'at_once' or 'error', not 'nowhere'"):
        try_node(flow.delay, negative="nowhere")
    with pytest.raises(ValueError, match="`policy` must be 'wait' or 'drop', not 'push'"):
        try_node(flow.rate_limit, policy="push")


@pytest.mark.parametrize("seconds", [-1, math.nan])
@pytest.mark.parametrize("kind", [flow.throttle, flow.debounce, flow.rate_limit])
def test_seconds_that_are_no_length_of_time(kind: nf.NodeType, seconds: float) -> None:
    with pytest.raises(ValueError, match="`seconds` must be 0 or more"):
        try_node(kind, seconds=seconds)


@pytest.mark.parametrize(
    ("kind", "given"),
    [(flow.rate_limit, {"count": 0}), (flow.rate_limit, {"count": 10**6}), (flow.semaphore, {"permits": 0})],
)
def test_numbers_that_make_no_sense(kind: nf.NodeType, given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        try_node(kind, **given)


# --- throttle -----------------------------------------------------------------------------------------


async def test_throttle_lets_one_through_in_so_many_seconds(elide: bool, autojump_clock: MockClock) -> None:
    wf = crowd(
        [0, 1, 4, 5, 6, 10], flow.throttle, {"exit": [tell_time("in")], "dropped": [tell_time("out")]}, seconds=5
    )
    printed = (await nf.run(wf, elide=elide)).printed
    assert printed == ["in@0", "out@1", "out@4", "in@5", "out@6", "in@10"]


async def test_of_those_who_come_at_once_one_gets_through_the_throttle(elide: bool, autojump_clock: MockClock) -> None:
    wf = crowd([1] * 20, flow.throttle, {"exit": [say("in")], "dropped": [say("out")]}, seconds=5)
    assert sorted((await nf.run(wf, elide=elide)).printed) == ["in", *["out"] * 19]


def test_a_throttle_of_no_time_drops_nothing() -> None:
    assert try_node(flow.throttle, seconds=0, times=3).exits == ["exit"] * 3


# --- debounce -----------------------------------------------------------------------------------------


async def test_debounce_hears_the_last_one_once_it_is_quiet(autojump_clock: MockClock) -> None:
    heard = {"exit": [tell_time("heard")], "superseded": [tell_time("not")]}
    wf = crowd([0, 1, 2.5, 20, 21], flow.debounce, heard, seconds=5)
    assert (await nf.run(wf)).printed == ["not@1", "not@2.5", "heard@7.5", "not@21", "heard@26"]


async def test_one_after_the_other_each_is_heard(autojump_clock: MockClock) -> None:
    tried = crowd([0, 6, 12], flow.debounce, {"exit": [tell_time()]}, seconds=5)
    assert (await nf.run(tried)).printed == ["@5", "@11", "@17"]


async def test_a_cancelled_arrival_leaves_debounce_as_it_is(autojump_clock: MockClock) -> None:
    wf, race = started(flow.race, branches=["heard", "late", "after"])
    node = wf.add(flow.debounce, seconds=5)
    race["heard"] >> node["enter"]
    limited = wf.add(flow.timeout, seconds=1)
    race["late"] >> wf.add(flow.delay, seconds=2) >> limited
    limited.body >> node["enter"]
    chained(wf, race["after"], wait(30))
    chained(wf, node.exit, tell_time("heard"))
    chained(wf, node.superseded, tell_time("not"), wait(100))
    # the first is superseded at 2; the second gives up at 3, and nobody is heard
    result = await nf.run(wf)
    assert result.printed == ["not@2"]


# --- rate limit ---------------------------------------------------------------------------------------


async def test_rate_limit_makes_wait_in_the_order_of_coming(autojump_clock: MockClock) -> None:
    wf = crowd([0.01 * i for i in range(7)], flow.rate_limit, {"exit": [tell_time()]}, count=2, seconds=10)
    assert (await nf.run(wf)).printed == ["@0", "@0.01", "@10", "@10.01", "@20", "@20.01", "@30"]


async def test_rate_limit_drops_who_comes_too_early(autojump_clock: MockClock) -> None:
    told = {"exit": [tell_time("in")], "dropped": [tell_time("out")]}
    wf = crowd([0, 4, 5, 10, 11, 14], flow.rate_limit, told, count=2, seconds=10, policy="drop")
    assert (await nf.run(wf)).printed == ["in@0", "in@4", "out@5", "in@10", "out@11", "in@14"]


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 4), st.integers(1, 10))
def test_the_window_slides(arrivals: list[int], count: int, seconds: int) -> None:
    wf = crowd([float(a) for a in arrivals], flow.rate_limit, {"exit": [tell_time()]}, count=count, seconds=seconds)
    clock = MockClock(autojump_threshold=0)
    printed = trio.run(nf.run, wf, clock=clock).printed
    times = sorted(float(line[1:]) for line in printed)
    assert len(times) == len(arrivals)
    for earlier, later in zip(times, times[count:], strict=False):
        assert later - earlier >= seconds
    free: list[float] = []  # nobody waits longer than needed
    for arrival in sorted(arrivals):
        free.append(max(arrival, free[-count] + seconds) if len(free) >= count else arrival)
    assert times == free


async def test_who_gives_up_waiting_costs_nobody_time(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    fan = wf.add(flow.fan_out, branches=["first", "impatient", "last"])
    node = wf.add(flow.rate_limit, seconds=10)
    wf.add(flow.start) >> fan
    fan["first"] >> node["enter"]
    limited = wf.add(flow.timeout, seconds=3)
    fan["impatient"] >> wf.add(flow.delay, seconds=1) >> limited
    limited.body >> node["enter"]
    chained(wf, limited.expired, tell_time("gave up"))
    fan["last"] >> wf.add(flow.delay, seconds=2) >> node["enter"]
    chained(wf, node.exit, tell_time("in"))
    states = States()
    assert (await nf.run(wf, observers=[states])).printed == ["in@0", "gave up@4", "in@10"]
    assert states.of("line")[-1] == ()


# --- semaphore ----------------------------------------------------------------------------------------


async def test_at_most_so_many_are_inside(elide: bool, autojump_clock: MockClock) -> None:
    inside = {"body": [tell_time("in"), wait(10), tell_time("out")]}
    wf = crowd([0, 1, 2, 3, 4], flow.semaphore, inside, permits=2)
    assert (await nf.run(wf, elide=elide)).printed == [
        "in@0", "in@1", "out@10", "in@10", "out@11", "in@11", "out@20", "in@20", "out@21", "out@30",
    ]  # fmt: skip


async def test_they_come_in_in_the_order_in_which_they_came(autojump_clock: MockClock) -> None:
    order = list(range(40))
    wf = nf.Workflow("main")
    batch, gate = wf.add(flow.batch, items=order, parallel=40), wf.add(flow.semaphore, permits=3)
    wf.add(flow.start) >> batch
    scaled = wf.add(flow.delay)
    batch.process >> scaled["enter"]
    batch["item"] >> scaled["seconds"]  # item n comes at second n, while three are inside for 100 seconds each
    scaled.exit >> gate["enter"]
    show = wf.add(flow.print)
    gate.body >> show["enter"]
    batch["item"] >> show["value"]
    chained(wf, show["exit"], wait(100))
    assert (await nf.run(wf)).printed == [str(n) for n in order]


async def test_a_place_is_free_again_when_the_body_has_failed(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    fan = wf.add(flow.fan_out, branches=["bad", "good"], errors="collect")
    gate = wf.add(flow.semaphore)
    wf.add(flow.start) >> fan
    careful = wf.add(flow.try_)
    fan["bad"] >> careful["enter"]
    careful["body"] >> gate["enter"]
    fan["good"] >> wf.add(flow.delay, seconds=1) >> gate["enter"]
    chained(wf, gate.body, wait(5), tell_time("inside"), fail("too bad"))
    states = States()
    result = await nf.run(wf, observers=[states])
    assert result.printed == ["inside@5", "inside@10"]
    assert states.of("line") == [(1,), (1, 2), (2,), ()]


async def test_a_place_is_free_again_when_the_body_was_cancelled(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    fan = wf.add(flow.fan_out, branches=["slow", "next"])
    gate = wf.add(flow.semaphore)
    wf.add(flow.start) >> fan
    limited = wf.add(flow.timeout, seconds=3)
    fan["slow"] >> limited
    limited.body >> gate["enter"]
    fan["next"] >> wf.add(flow.delay, seconds=1) >> gate["enter"]
    chained(wf, gate.body, tell_time("in"), wait(4), tell_time("out"))
    assert (await nf.run(wf)).printed == ["in@0", "in@3", "out@7"]


async def test_the_place_is_kept_until_the_body_has_cleaned_up(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    fan = wf.add(flow.fan_out, branches=["slow", "next"])
    gate = wf.add(flow.semaphore)
    wf.add(flow.start) >> fan
    limited, again = wf.add(flow.timeout, seconds=3), wf.add(flow.timeout, id="again", seconds=5)
    fan["slow"] >> limited
    limited.body >> gate["enter"]
    fan["next"] >> wf.add(flow.delay, seconds=1) >> again
    again.body >> gate["enter"]
    chained(wf, gate.body, tell_time("in"), tidy("body"))
    assert (await nf.run(wf)).printed == ["in@0", "body tidied", "in@3.5", "body tidied"]


async def test_who_gives_up_waiting_leaves_the_line(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    fan = wf.add(flow.fan_out, branches=["inside", "impatient", "patient"])
    gate = wf.add(flow.semaphore)
    wf.add(flow.start) >> fan
    fan["inside"] >> gate["enter"]
    limited = wf.add(flow.timeout, seconds=2)
    fan["impatient"] >> wf.add(flow.delay, seconds=1) >> limited
    limited.body >> gate["enter"]
    fan["patient"] >> wf.add(flow.delay, seconds=2) >> gate["enter"]
    chained(wf, gate.body, tell_time("in"), wait(10))
    states = States()
    assert (await nf.run(wf, observers=[states])).printed == ["in@0", "in@10"]
    assert states.of("line") == [(1,), (1, 2), (1, 2, 3), (1, 3), (3,), ()]


async def test_a_break_inside_leaves_the_place_too(autojump_clock: MockClock) -> None:
    wf, loop = started(flow.for_, times=5)
    gate = wf.add(flow.semaphore)
    loop.body >> gate["enter"]
    gate.body >> wf.add(flow.break_)["enter"]
    states = States()
    await nf.run(wf, observers=[states])
    assert states.of("line") == [(1,), ()]


# --- what they remember -------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "output"), PACED)
async def test_each_run_of_a_workflow_remembers_anew(kind: nf.NodeType, output: str, autojump_clock: MockClock) -> None:
    inner = nf.Workflow("inner")
    node = inner.add(kind, id="node")
    inner.add(flow.start) >> node
    chained(inner, node[output], say("in"))
    outer, steps = started(flow.sequence, steps=["a", "b"])
    for name in ("a", "b"):
        steps[name] >> outer.add(flow.gosub, id=f"call_{name}", workflow="inner")["enter"]
    result = await nf.run(nf.Document(outer, inner))
    assert result.printed == ["in", "in"]
    assert result.counters["seconds"] == (2 if kind is flow.debounce else 0)


@pytest.mark.parametrize(("kind", "state"), [(flow.throttle, "passed"), (flow.debounce, "arrivals")])
async def test_observers_see_what_they_remember(kind: nf.NodeType, state: str, autojump_clock: MockClock) -> None:
    states = States()
    await nf.run(crowd([0, 1], kind, seconds=0.5), observers=[states])
    assert [value for _, name, value in states.seen if name == state] == states.of(state)
    assert len(states.of(state)) == 2


async def test_a_run_that_is_cancelled_does_not_hang_in_a_line(autojump_clock: MockClock) -> None:
    wf = crowd([0, 0, 0], flow.semaphore, {"body": [wait(1e6)]})
    with pytest.raises(nf.RunTimedOut):
        await nf.run(wf, limits=nf.Limits(deadline=5))


def test_wrong_types() -> None:
    wf = nf.Workflow("main")
    values: list[tuple[nf.NodeType, str, Any]] = [
        (flow.throttle, "seconds", "soon"), (flow.semaphore, "permits", 1.5), (flow.rate_limit, "count", None),
    ]  # fmt: skip
    for kind, socket, value in values:
        with pytest.raises(nf.WiringError, match=socket):
            wf.add(kind, **{socket: value})
