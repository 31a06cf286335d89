"""Runs killed at drawn points, in every way there is: nothing may be left, and the next run is as ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import fuzz_nodes as fz
import pytest
import trio
from hypothesis import event, given, settings
from hypothesis import strategies as st
from runner import LIMITS, Outcome, Setup, failed_together, run
from strategies import REGISTRY, Drawn, documents, schedules

import nodeflow as nf
from nodeflow import observers as seen
from nodeflow.library import flow

Kill = Callable[[Any, Outcome], Awaitable[None]]


def activations(outcome: Outcome) -> int:
    return max(1, len(outcome.order))


def lasts(outcome: Outcome) -> float:
    """How long the run took, on the mock clock."""
    seconds: float = outcome.events[-1].time - outcome.events[0].time
    return seconds


class At:
    """An observer that does something at the n-th activation."""

    def __init__(self, number: int, do: Callable[[], object]) -> None:
        self.left = number
        self.do = do

    def __call__(self, e: Any) -> None:
        if isinstance(e, seen.NodeStarted):
            self.left -= 1
            if self.left == 0:
                self.do()


async def to_the_end(
    opened: Any, outcome: Outcome, do: Callable[[nf.RunHandle], Callable[[], object]], number: int
) -> None:
    async with opened as handle:
        handle.add_observer(At(number, do(handle)))
        outcome.result = await handle.wait()


def by_handle(number: int) -> Kill:
    """`run.cancel()`, called in the middle of an activation."""

    async def kill(opened: Any, outcome: Outcome) -> None:
        await to_the_end(opened, outcome, lambda handle: lambda: handle.cancel("at a drawn point"), number)

    return kill


def by_task(number: int) -> Kill:
    """`run.cancel()`, called by another task of the host."""

    async def kill(opened: Any, outcome: Outcome) -> None:
        due = trio.Event()

        async def killer(handle: nf.RunHandle) -> None:
            await due.wait()
            handle.cancel("by another task")

        async with trio.open_nursery() as nursery:
            async with opened as handle:
                nursery.start_soon(killer, handle)
                handle.add_observer(At(number, due.set))
                outcome.result = await handle.wait()
            due.set()

    return kill


def by_host(number: int) -> Kill:
    """A cancel scope of the host, around the whole run."""

    async def kill(opened: Any, outcome: Outcome) -> None:
        with trio.CancelScope() as scope:
            await to_the_end(opened, outcome, lambda handle: scope.cancel, number)

    return kill


def by_time(seconds: float) -> Kill:
    """A timeout of the host, around the whole run."""

    async def kill(opened: Any, outcome: Outcome) -> None:
        with trio.move_on_after(seconds):
            async with opened as handle:
                outcome.result = await handle.wait()

    return kill


def by_exception(number: int) -> Kill:
    """An exception in the block that opened the run."""

    async def kill(opened: Any, outcome: Outcome) -> None:
        due = trio.Event()
        with pytest.raises(LookupError):
            async with opened as handle:
                handle.add_observer(At(number, due.set))
                await due.wait()
                raise LookupError("of the host")

    return kill


def at_the_gate(number: int) -> Kill:
    """The gate closes in the middle, and the run is cancelled while it is closed."""

    async def kill(opened: Any, outcome: Outcome) -> None:
        async with opened as handle:
            handle.add_observer(At(number, handle.pause))
            with trio.move_on_after(1000):
                outcome.result = await handle.wait()
            await handle.step()
            handle.cancel("at the gate")
            outcome.result = await handle.wait()

    return kill


POINTS = ((by_handle, "cancelled"), (by_task, None), (by_host, None), (by_exception, None), (at_the_gate, None))


@pytest.mark.slow
@pytest.mark.rule("5.T2")
@pytest.mark.rule("5.T6")
@pytest.mark.rule("10.2")
@settings(max_examples=settings.default.max_examples if settings.default.max_examples > 1000 else 60)
@given(drawn=documents(), schedule=schedules, data=st.data())
def test_killed_at_an_activation(drawn: Drawn, schedule: list[int], data: st.DataObject) -> None:
    document = nf.compile(drawn.document, REGISTRY)
    elided = data.draw(st.booleans(), "elide")
    setup = Setup(schedule, elide=elided, cleanup_timeout=data.draw(st.sampled_from((5.0, 0.5, 0.0)), "cleanup"))
    before = run(document, setup)
    kill, status = data.draw(st.sampled_from(POINTS), "way")
    number = data.draw(st.integers(1, activations(before)), "activation")
    killed = run(document, setup, kill(number))
    event(f"{kill.__name__}: {killed.result and killed.result.status}")
    if status is not None:
        assert killed.result.status == status
    as_ever(document, setup, before)


def as_ever(document: nf.Compiled, setup: Setup, before: Outcome) -> None:
    """The next run of the same compiled document does what the first did: nothing of the killed one stays in it."""
    after = run(document, setup)
    assert after.result.status == before.result.status
    assert after.result.outputs == before.result.outputs
    assert after.order == before.order
    assert after.seen == before.seen


@pytest.mark.slow
@pytest.mark.rule("5.T6")
@pytest.mark.rule("10.3")
@settings(max_examples=settings.default.max_examples if settings.default.max_examples > 1000 else 60)
@given(drawn=documents(), schedule=schedules, data=st.data())
def test_killed_by_time(drawn: Drawn, schedule: list[int], data: st.DataObject) -> None:
    document = nf.compile(drawn.document, REGISTRY)
    setup = Setup(schedule, elide=data.draw(st.booleans(), "elide"))
    before = run(document, setup)
    part = data.draw(st.sampled_from((0.0, 0.1, 0.25, 0.5, 0.75, 0.99)), "part")
    seconds = lasts(before) * part
    if data.draw(st.booleans(), "deadline"):
        limits = nf.Limits(steps=LIMITS.steps, deadline=seconds)
        killed = run(document, Setup(schedule, elide=setup.elide, limits=limits))
        if lasts(before) and before.result.status == "completed":
            assert killed.result.status in ("timed_out", "failed"), killed.result
        event(f"deadline: {killed.result.status}")
    else:
        killed = run(document, setup, by_time(seconds))
        event(f"host's timeout: {killed.result and killed.result.status}")
    as_ever(document, setup, before)


LIMITED = ("steps", "threads", "depth", "context_depth")


@pytest.mark.slow
@pytest.mark.rule("5.T6")
@pytest.mark.rule("11")
@settings(max_examples=settings.default.max_examples if settings.default.max_examples > 1000 else 60)
@given(drawn=documents(), schedule=schedules, data=st.data())
def test_killed_by_a_limit(drawn: Drawn, schedule: list[int], data: st.DataObject) -> None:
    document = nf.compile(drawn.document, REGISTRY)
    setup = Setup(schedule, elide=data.draw(st.booleans(), "elide"))
    before = run(document, setup)
    limit = data.draw(st.sampled_from(LIMITED), "limit")
    most = before.result.counters["steps"] if limit == "steps" else 4
    value = data.draw(st.integers(1, max(1, most)), "value")
    limits = nf.Limits(**{"deadline": 1e6, limit: value})
    killed = run(document, Setup(schedule, elide=setup.elide, limits=limits))
    if isinstance(killed.result.error, nf.LimitExceeded):
        assert killed.result.status == "failed"
        event(f"{limit}: hit")
    else:
        assert killed.result.status in ("completed", "failed")
        event(f"{limit}: not hit")
    steps_count = drawn.confluent and before.result.completed and not failed_together(before.events)
    if limit == "steps" and value < most - 1 and steps_count:  # else another schedule may need fewer
        assert isinstance(killed.result.error, nf.LimitExceeded), killed.result
    as_ever(document, setup, before)


@pytest.mark.slow
@pytest.mark.rule("5.T6")
@pytest.mark.rule("10.1")
@settings(max_examples=settings.default.max_examples if settings.default.max_examples > 1000 else 60)
@given(drawn=documents(), schedule=schedules, data=st.data())
def test_killed_by_an_error(drawn: Drawn, schedule: list[int], data: st.DataObject) -> None:
    """A body fails at a drawn point: with an error, which a graph may catch, or with a crash, which leaves it."""
    document = nf.compile(drawn.document, REGISTRY)
    setup = Setup(schedule, elide=data.draw(st.booleans(), "elide"))
    before = run(document, setup)
    number = data.draw(st.integers(1, max(1, before.seen.total())), "activation")
    crash = data.draw(st.booleans(), "crash")

    async def kill(opened: Any, outcome: Outcome) -> None:
        fz.Fuse.left, fz.Fuse.error = number, fz.Crash if crash else fz.Boom
        try:
            async with opened as handle:
                outcome.result = await handle.wait()
        except fz.Crash as error:
            outcome.raised = error

    killed = run(document, setup, kill)
    fz.reset()
    if crash and before.seen.total():
        assert isinstance(killed.raised, fz.Crash)
    else:
        assert killed.raised is None
        assert killed.result.status in ("completed", "failed")
    event(f"{'crash' if crash else 'error'}: {killed.result and killed.result.status}")
    as_ever(document, setup, before)


# --- resources ---


def handles() -> nf.Compiled:
    """Two nodes that hold resources, which take a while to open and to close, and a wait in between."""
    wf = nf.Workflow("main")
    start, one, wait, two = wf.add(flow.start), wf.add(fz.Handle), wf.add(flow.delay, seconds=1.0), wf.add(fz.Handle)
    start.exit >> one.enter
    one.exit >> wait.enter
    wait.exit >> two.enter
    return nf.compile(nf.Document(wf), REGISTRY)


@pytest.mark.rule("10.6")
@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.25, 0.3, 0.5, 0.7, 1.5, 1.6, 1.75, 1.9])
@pytest.mark.parametrize("way", ["host", "deadline", "cancel"])
def test_resources_are_closed(way: str, seconds: float) -> None:
    """Whenever a run is killed, also while it opens or closes them: as many are closed as were opened."""
    document = handles()

    async def cancel(opened: Any, outcome: Outcome) -> None:
        async with opened as handle:
            with trio.move_on_after(seconds):
                await handle.wait()
            handle.cancel()
            outcome.result = await handle.wait()

    limits = nf.Limits(deadline=seconds) if way == "deadline" else LIMITS
    host = {"host": by_time(seconds), "deadline": None, "cancel": cancel}[way]
    run(document, Setup(limits=limits), host)
    opened = sum(seconds > at for at in (0.25, 0.5))
    assert fz.Instances.open == 0
    assert fz.Instances.total >= opened
    assert run(document, Setup()).result.completed
