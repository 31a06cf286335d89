"""How things are measured.

Times: the job of nodeflow and its raw limit take turns in one process, a few milliseconds each where the job is that
short, because a shared machine is fast and slow by turns. Several turns make a round; what counts is the median of the
rounds' ratios. Nothing is subtracted; the garbage collector is on, and made to run before each round. What came out of
a run is checked, outside of the time taken. It is processor time, so that other programs on the machine do not count;
except for jobs that sleep. What was there before the rounds (the compiled graph, the interpreter's modules) is frozen
out of the garbage collector's sight, or it would visit our graph in the raw limit's turns as well.

Memory: bytes that tracemalloc saw, so the allocator's own waste does not count, on either side.
"""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import trio
import trio.testing
from attrs import frozen

import nodeflow as nf
from benchmarks import graphs, limits

TURN = 0.004
"""Seconds that one turn lasts at least: shorter jobs are repeated in it."""

ROUND = 0.1
"""Seconds that a round lasts at least, unless `TURNS` of each side are over sooner."""

TURNS = 6

KIB = 1024.0

Job = Callable[[], Awaitable[Any]]
Clock = Callable[[], float]

PROCESSOR: Clock = time.thread_time
WALL: Clock = time.perf_counter


@frozen
class Times:
    """Seconds for one run of each side, medians over the rounds, and the ratios of the rounds."""

    ours: float
    raw: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


async def _turn(job: Job, repeats: int, clock: Clock) -> tuple[float, Any]:
    """Seconds for one run, and what the last one gave."""
    answer = None
    began = clock()
    for _ in range(repeats):
        answer = await job()
    return (clock() - began) / repeats, answer


async def _seconds(job: Job, clock: Clock) -> float:
    """What a run takes, roughly; also warms it up."""
    seconds, _ = await _turn(job, 1, clock)
    return seconds if seconds > TURN else (await _turn(job, 2, clock))[0]


async def in_turns(ours: Job, raw: Job, rounds: int, check: Callable[[Any], object], clock: Clock = PROCESSOR) -> Times:
    """Time two jobs against each other."""
    guesses = [await _seconds(job, clock) for job in (ours, raw)]
    repeats = [max(1, round(TURN / guess)) for guess in guesses]
    turns = max(1, min(TURNS, round(ROUND / sum(n * guess for n, guess in zip(repeats, guesses, strict=True)))))
    gc.collect()
    gc.freeze()
    try:
        pairs = [await _round(ours, raw, repeats, turns, check, clock) for _ in range(rounds)]
    finally:
        gc.unfreeze()
    ratios = tuple(our / other for our, other in pairs)
    return Times(statistics.median(our for our, _ in pairs), statistics.median(other for _, other in pairs), ratios)


async def _round(
    ours: Job, raw: Job, repeats: list[int], turns: int, check: Callable[[Any], object], clock: Clock
) -> tuple[float, float]:
    """Seconds for one run of each side, means over the turns of a round."""
    ours_spent = raw_spent = 0.0
    gc.collect()
    for turn in range(turns):
        seconds, answer = await _turn(ours, repeats[0], clock)
        ours_spent += seconds
        if turn == 0:
            check(answer)
        del answer
        if turns == 1:
            gc.collect()
        raw_spent += (await _turn(raw, repeats[1], clock))[0]
    return ours_spent / turns, raw_spent / turns


class Watcher:
    """The one observer: a Python function that counts what it is told."""

    def __init__(self) -> None:
        self.events = 0

    def __call__(self, event: object) -> None:
        self.events += 1


# --- memory -------------------------------------------------------------------------------------------


async def peak_per_branch(job: Job, width: int) -> float:
    """Bytes that a short-lived branch takes at the worst moment of a run."""
    await job()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        answer = await job()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del answer
    return (peak - before) / width


async def parked_per_branch(job: Job, width: int, frames: int = 1) -> tuple[float, tracemalloc.Snapshot | None]:
    """Bytes that a branch holds while it waits; with more `frames`, also a snapshot of who allocated them."""
    async with trio.open_nursery() as nursery:
        gc.collect()
        tracemalloc.start(frames)
        try:
            before, _ = tracemalloc.get_traced_memory()
            nursery.start_soon(job)
            await trio.testing.wait_all_tasks_blocked()
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
            snapshot = tracemalloc.take_snapshot() if frames > 1 else None
        finally:
            tracemalloc.stop()
        nursery.cancel_scope.cancel()
    return (after - before) / width, snapshot


def parked_ours(width: int) -> Job:
    compiled = graphs.fan_out(width, "bench.park")

    async def job() -> nf.RunResult:
        return await compiled.run()

    return job


def parked_raw(width: int) -> Job:
    async def job() -> None:
        await limits.nursery(width, limits.park)

    return job
