"""Drawn schedules on real trio: which task runs next is a list of integers, and the same list gives the same run.

Trio shuffles the tasks that can run next; `scheduled` feeds that shuffle from numbers that were drawn before
`trio.run`, so nothing is drawn inside the run loop. With a mock clock, a run then depends on nothing but the numbers.

>>> import trio
>>> order = []
>>> async def say(name):
...     order.append(name)
>>> async def main():
...     async with trio.open_nursery() as nursery:
...         for name in "abcd":
...             nursery.start_soon(say, name)
>>> with scheduled([2, 0, 1]):
...     trio.run(main)
>>> first, order = order, []
>>> with scheduled([2, 0, 1]):
...     trio.run(main)
>>> order == first
True
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trio._core import _run as trio_run

from nodeflow.machine import reading
from nodeflow.runtime.events import Event, NodeStarted

__all__ = ["Shuffle", "TrioChanged", "order_of", "scheduled"]


class TrioChanged(RuntimeError):
    """This version of trio does not choose the next task as the versions did that this module knows."""


class Shuffle:
    """Stands in for trio's random generator: draws from a list of integers, over and over.

    Attributes:
        numbers: What is drawn; empty: nothing is shuffled.
        used: How many were drawn.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = list(numbers)
        self.used = 0

    def shuffle(self, batch: list[Any]) -> None:
        """Put the tasks of a batch into the order that the next numbers say."""
        if not self.numbers:
            return
        for i in range(len(batch) - 1, 0, -1):
            j = self.numbers[self.used % len(self.numbers)] % (i + 1)
            self.used += 1
            batch[i], batch[j] = batch[j], batch[i]

    def random(self) -> float:
        """Trio asks for this only if it is not to shuffle, but to turn batches around."""
        raise TrioChanged(_CHANGED)

    def uniform(self, low: float, high: float) -> float:
        """Trio draws the offset of its clock."""
        return low


_CHANGED = (
    "trio no longer draws the order of its tasks from `trio._core._run._r` as trio 0.30 to 0.35 do; "
    "use the simulator (nodeflow.testing.Simulator), or one of those versions"
)


@contextmanager
def scheduled(numbers: Sequence[int], fuel: int | None = None) -> Iterator[Shuffle]:
    """Let every `trio.run` inside the block take its tasks in the order that `numbers` say.

    Args:
        numbers: Whole numbers from 0 on; they are used over and over. Empty: first in, first out.
        fuel: Flow threads that are prepared inside the block take turns after so many steps (2.6), not after 1,000
            that they share: 1 is the finest. None: as ever.

    Raises:
        TrioChanged: This version of trio has no such shuffle.
    """
    if not isinstance(getattr(trio_run, "_r", None), random.Random | Shuffle):
        raise TrioChanged(_CHANGED)
    if not hasattr(trio_run, "_ALLOW_DETERMINISTIC_SCHEDULING"):
        raise TrioChanged(_CHANGED)
    shuffle = Shuffle(numbers)
    before = trio_run._r, trio_run._ALLOW_DETERMINISTIC_SCHEDULING, reading.SLICE_STEPS, reading.LEAST_STEPS
    steps = before[2:] if fuel is None else (fuel, fuel)
    # Without the flag trio does not shuffle: a batch keeps the order of a set, by addresses in memory, or turns around.
    _put(shuffle, True, *steps)
    try:
        yield shuffle
    finally:
        _put(*before)


def _put(generator: Any, deterministic: bool, slice_steps: int, least_steps: int) -> None:
    trio_run._r = generator
    trio_run._ALLOW_DETERMINISTIC_SCHEDULING = deterministic  # type: ignore[misc]
    reading.SLICE_STEPS, reading.LEAST_STEPS = slice_steps, least_steps  # type: ignore[misc]


def order_of(events: Iterable[Event]) -> tuple[int, ...]:
    """The schedule as it happened: which flow thread's activation began when. Two runs with one order had one schedule.

    Args:
        events: What an observer of the run was told.
    """
    return tuple(event.thread for event in events if isinstance(event, NodeStarted))
