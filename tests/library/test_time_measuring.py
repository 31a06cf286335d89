"""Stopwatch and timer, on the clock of the run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import trio

import nodeflow as nf
from nodeflow.library import flow, time
from nodeflow.library.time_measuring import Watch
from nodeflow.testing import try_node


@pytest.mark.parametrize(
    ("told", "seconds", "running"),
    [
        ([], 0.0, False),
        ([(0, "start")], 10.0, True),
        ([(0, "start"), (4, "stop")], 4.0, False),
        ([(0, "start"), (4, "start")], 10.0, True),
        ([(0, "start"), (4, "stop"), (6, "start")], 8.0, True),
        ([(0, "start"), (4, "reset")], 0.0, False),
        ([(0, "start"), (4, "reset start")], 6.0, True),
        ([(0, "start stop")], 0.0, False),
        ([(0, "start"), (4, "reset start stop")], 0.0, False),
        ([(0, "stop"), (1, "stop")], 0.0, False),
    ],
)
def test_a_watch(told: list[tuple[float, str]], seconds: float, running: bool) -> None:
    watch = Watch()
    for now, words in told:
        watch = watch.told(now, reset="reset" in words, start="start" in words, stop="stop" in words)
    assert watch.seconds(10.0) == seconds
    assert (watch.since is not None) == running


async def test_it_goes_on_between_two_looks(autojump_clock: trio.abc.Clock) -> None:
    wf = nf.Workflow("main")
    begin, again = wf.add(flow.start), wf.add(flow.for_, times=3)
    watch, wait, say = wf.add(time.stopwatch), wf.add(flow.delay, seconds=0.25), wf.add(flow.print)
    begin >> again
    again.body >> watch >> say >> wait
    watch.elapsed_ms >> say.value
    assert list((await nf.run(wf)).printed) == ["0", "250", "500"]


async def test_it_is_one_for_all_branches(autojump_clock: trio.abc.Clock) -> None:
    wf = nf.Workflow("main")
    each, watch = wf.add(flow.batch, items=[0, 1, 2], parallel=3), wf.add(time.stopwatch)
    wait, last = wf.add(flow.delay), wf.add(time.stopwatch, id="other", start=False)
    wf.add(flow.start) >> each
    each.process >> wait >> watch
    each.item >> wait.seconds
    watch.elapsed_ms >> each.result
    each["continue"] >> last
    result = await nf.run(wf)
    assert result.value("batch", "results") == [0.0, 1000.0, 2000.0]
    assert result.value("other", "elapsed") == timedelta(0)
    assert result.value("other", "running") is False


async def test_the_time_of_a_body(autojump_clock: trio.abc.Clock) -> None:
    wf = nf.Workflow("main")
    timer, wait, say = wf.add(time.timer), wf.add(flow.delay, seconds=1.5), wf.add(flow.print)
    wf.add(flow.start) >> timer >> say
    timer.body >> wait
    timer.elapsed_ms >> say.value
    result = await nf.run(wf)
    assert list(result.printed) == ["1500"]
    assert result.value("timer", "elapsed") == timedelta(seconds=1.5)


async def test_the_time_of_a_body_that_fails(autojump_clock: trio.abc.Clock) -> None:
    wf = nf.Workflow("main")
    trying, timer, wait, say = wf.add(flow.try_), wf.add(time.timer), wf.add(flow.delay, seconds=2), wf.add(flow.print)
    wf.add(flow.start) >> trying
    trying.body >> timer
    timer.body >> wait >> wf.add(flow.fail, message="oh")
    timer.exit >> wf.add(flow.print, id="never", value="never")
    trying.catch >> say
    timer.elapsed_ms >> say.value
    assert list((await nf.run(wf)).printed) == ["2000"]


async def test_a_timer_within_a_timer_and_a_loop_that_ends_early(autojump_clock: trio.abc.Clock) -> None:
    wf = nf.Workflow("main")
    outer, inner, wait = wf.add(time.timer, id="outer"), wf.add(time.timer, id="inner"), wf.add(flow.delay, seconds=1)
    again = wf.add(flow.for_, times=3)
    wf.add(flow.start) >> outer
    outer.body >> again
    again.body >> inner
    inner.body >> wait
    inner.exit >> wf.add(flow.break_)
    result = await nf.run(wf)
    assert result.value("outer", "elapsed_ms") == result.value("inner", "elapsed_ms") == 1000.0


def test_what_is_not_wired_does_no_harm() -> None:
    tried: Any = try_node(time.timer)
    assert tried.exits == ["body", "exit"]
    assert tried.outputs["elapsed"] >= timedelta(0)
    assert try_node(time.stopwatch, stop=True, times=3).outputs["running"] is False
