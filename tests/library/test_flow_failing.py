"""Trying again, and what it costs."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest
from trio.testing import MockClock

import nodeflow as nf
from flow_drawing import Link, chained, fail, say, started, tell_time, tidy
from nodeflow.library import flow
from nodeflow.services import Seed
from nodeflow.testing import try_node


@nf.exec_node("tests.unsteady")
def unsteady(failures: nf.Option[int], count: nf.SharedState[int] = nf.initially(0)) -> None:
    """Fail so many times, then never again."""
    if count.update(lambda n: n + 1) <= failures:
        raise OSError(f"failure {count.value}")


def retrying(*body: Link, failed: bool = False, **given: Any) -> nf.Workflow:
    """A retry; behind its exits it says which it was and when."""
    wf, node = started(flow.retry, **given)
    chained(wf, node.body, tell_time("try"), *body)
    chained(wf, node.exit, tell_time("exit"))
    if failed:
        chained(wf, node["failed"], tell_time("failed"))
    return wf


async def test_it_is_tried_until_it_succeeds() -> None:
    result = await nf.run(retrying((unsteady, {"failures": 2}), attempts=5))
    assert [line.partition("@")[0] for line in result.printed] == ["try", "try", "try", "exit"]
    assert result.value("retry", "attempt") == 3
    assert result.value("retry", "error") == "failure 2"


async def test_without_a_failure_there_is_one_attempt() -> None:
    result = await nf.run(retrying(say("done")))
    assert result.value("retry", "attempt") == 1


async def test_the_last_error_goes_on_if_nobody_waits_for_it() -> None:
    with pytest.raises(nf.RunFailed, match="failure 2") as caught:
        await nf.run(retrying((unsteady, {"failures": 9}), attempts=2))
    failure = caught.value.__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert failure.node == "unsteady"  # where it failed, not the retry
    assert caught.value.result.value("retry", "attempt") == 2


async def test_the_last_error_goes_on_to_a_try_around() -> None:
    wf, guard = started(flow.try_)
    node = wf.add(flow.retry, attempts=2)
    guard.body >> node["enter"]
    chained(wf, node.body, fail("too bad"))
    show = wf.add(flow.print)
    guard.catch >> show["enter"]
    guard.error >> show["value"]
    assert (await nf.run(wf)).printed == ["too bad"]


async def test_failed_is_where_it_goes_on_if_something_is_there(autojump_clock: MockClock) -> None:
    result = await nf.run(retrying((unsteady, {"failures": 9}), attempts=3, backoff=1, failed=True))
    assert result.printed == ["try@0", "try@1", "try@3", "failed@3"]
    assert result.value("retry", "error") == "failure 3"


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"backoff": 1}, [0, 1, 3, 7, 15]),
        ({"backoff": 1, "factor": 1}, [0, 1, 2, 3, 4]),
        ({"backoff": 1, "factor": 10, "max_delay": 5}, [0, 1, 6, 11, 16]),
        ({"backoff": 9, "max_delay": 2}, [0, 2, 4, 6, 8]),
        ({"backoff": 0}, [0, 0, 0, 0, 0]),
        ({"backoff": 1, "factor": 0}, [0, 1, 1, 1, 1]),
    ],
)
async def test_how_long_it_waits(given: dict[str, float], at: list[int], autojump_clock: MockClock) -> None:
    result = await nf.run(retrying((unsteady, {"failures": 9}), attempts=5, failed=True, **given))
    assert result.printed == [*(f"try@{seconds}" for seconds in at), f"failed@{at[-1]}"]


@pytest.mark.parametrize("service", [Seed(7), Seed(8), Random(7)])
def test_chance_makes_waits_shorter_and_the_seed_repeats_them(service: Any) -> None:
    def waits(given: Any) -> float:
        errors = {"body": [OSError()] * 4 + [None]}
        return try_node(
            flow.retry, attempts=5, backoff=1.0, factor=1.0, jitter=0.5, behind=errors, services=[given]
        ).seconds

    took = waits(service)
    assert 2 < took < 4
    if isinstance(service, Seed):
        assert waits(Seed(service.value)) == took
        assert waits(Seed(99)) != took


@pytest.mark.parametrize(
    ("catches", "tries"),
    [(["OSError"], 3), (["ConnectionError", "OSError"], 3), (["Exception"], 3), ([], 3), (["ValueError"], 1)],
)
async def test_only_errors_that_are_named_are_worth_another_attempt(catches: list[str], tries: int) -> None:
    wf = retrying((unsteady, {"failures": 9}), attempts=3, catches=catches)
    with pytest.raises(nf.RunFailed, match=f"failure {tries}") as caught:
        await nf.run(wf)
    assert len(caught.value.result.printed) == tries


async def test_an_error_that_is_not_named_does_not_go_on_at_failed() -> None:
    with pytest.raises(nf.RunFailed, match="failure 1"):
        await nf.run(retrying((unsteady, {"failures": 9}), attempts=3, catches=["ValueError"], failed=True))


async def test_each_attempt_is_over_with_its_cleanup_before_the_next(autojump_clock: MockClock) -> None:
    wf, node = started(flow.retry, attempts=2)
    fan = wf.add(flow.fan_out, branches=["a", "b"])
    told = chained(wf, node.body, tell_time("try"))
    assert told is not None
    told >> fan["enter"]
    chained(wf, fan["a"], tidy("a"))
    chained(wf, fan["b"], (flow.delay, {"seconds": 1}), fail("too bad"))
    with pytest.raises(nf.RunFailed, match="too bad") as caught:
        await nf.run(wf)
    assert caught.value.result.printed == ["try@0", "a tidied", "try@1.5", "a tidied"]


async def test_several_that_fail_at_once_are_one_failure() -> None:
    wf, node = started(flow.retry, attempts=2, catches=["FlowFailure"])
    fan = wf.add(flow.fan_out, branches=["a", "b"])
    node.body >> fan["enter"]
    for name in "ab":
        chained(wf, fan[name], fail(f"{name} failed"))
    chained(wf, node["failed"], say("failed"))
    result = await nf.run(wf)
    assert result.printed == ["failed"]
    assert "a failed" in result.value("retry", "error")


async def test_a_break_is_no_failure() -> None:
    wf, loop = started(flow.for_, times=3)
    node = wf.add(flow.retry)
    loop.body >> node["enter"]
    chained(wf, node.body, say("round"), (flow.break_, {}))
    assert (await nf.run(wf)).printed == ["round"]


async def test_a_cancelled_attempt_is_not_repeated(autojump_clock: MockClock) -> None:
    wf, limited = started(flow.timeout, seconds=1)
    node = wf.add(flow.retry, attempts=99)
    limited.body >> node["enter"]
    chained(wf, node.body, tell_time("try"), (flow.delay, {"seconds": 60}))
    chained(wf, limited.expired, tell_time("expired"))
    assert (await nf.run(wf)).printed == ["try@0", "expired@1"]


@pytest.mark.parametrize(
    "given",
    [
        {"attempts": 0}, {"attempts": -1}, {"backoff": -1.0}, {"backoff": math.nan}, {"backoff": math.inf},
        {"factor": -1.0}, {"factor": math.inf}, {"max_delay": math.nan}, {"jitter": -0.1}, {"jitter": 1.1},
        {"jitter": math.nan},
    ],
)  # fmt: skip
def test_numbers_that_make_no_sense(given: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"`{next(iter(given))}` must be"):
        try_node(flow.retry, **given)


def test_a_wait_that_grows_stays_bounded() -> None:
    errors = {"body": [OSError()] * 40 + [None]}
    tried = try_node(flow.retry, attempts=99, backoff=1e300, factor=1e300, max_delay=2.0, behind=errors)
    assert tried.seconds == 80
