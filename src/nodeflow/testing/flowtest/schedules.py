"""Schedules drawn for flow tests: in the simulator, and for trio (see `nodeflow.testing.schedules`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from attrs import define, field


def random_for(*seeds: object) -> Random:
    """A source of chance that gives the same for the same seeds, in every process."""
    return Random("/".join(map(str, seeds)))


@define(eq=False)
class Turns:
    """Says who is next in a simulation: what `Simulator.run(choose=...)` takes. Remembers what it said.

    Attributes:
        pick: Chooses among those that can run.
        made: What was chosen, where there was a choice.
    """

    pick: Callable[[Sequence[Any]], int]
    made: list[int] = field(factory=list)

    def __call__(self, ready: Sequence[Any]) -> int:
        chosen = self.pick(ready)
        self.made.append(chosen)
        return chosen

    @property
    def schedule(self) -> tuple[int, ...]:
        """What replays it: the choices, without the zeros at the end."""
        end = len(self.made)
        while end and self.made[end - 1] == 0:
            end -= 1
        return tuple(self.made[:end])


def turns(number: int, random: Random) -> Turns:
    """The schedule with this number: first in, first out; last in, first out; from then on drawn.

    Half of the drawn ones choose evenly each time. The others give each task a rank and let the highest run on, which
    finds what happens only if one is far ahead of another.
    """
    if number == 0:
        return Turns(lambda ready: 0)
    if number == 1:
        return Turns(lambda ready: len(ready) - 1)
    if number % 2 == 0:
        return Turns(lambda ready: random.randrange(len(ready)))
    return Turns(_Ranks(random))


class _Ranks:
    """Lets the task of the highest rank run; now and then one loses its rank."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.ranks: dict[int, float] = {}

    def __call__(self, ready: Sequence[Any]) -> int:
        for task in ready:
            if task.number not in self.ranks:
                self.ranks[task.number] = self.random.random()
        chosen = max(range(len(ready)), key=lambda at: self.ranks[ready[at].number])
        if self.random.random() < 1 / 16:
            self.ranks[ready[chosen].number] -= 1
        return chosen


def simplest(schedule: tuple[int, ...], shows: Callable[[tuple[int, ...]], bool], most: int) -> tuple[int, ...]:
    """A schedule that still shows what this one does: without its end, and with zeros, as far as that goes.

    Args:
        shows: Runs one and says whether it shows it; called at most so often as `most` says.

    >>> simplest((1, 4, 2, 5, 1), lambda schedule: sum(schedule) > 5, most=100)
    (0, 4, 2)
    """
    left = most

    def holds(candidate: tuple[int, ...]) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and shows(candidate)

    step = len(schedule)
    while step:
        while len(schedule) >= step and holds(schedule[: len(schedule) - step]):
            schedule = schedule[: len(schedule) - step]
        step //= 2
    for at, chosen in enumerate(schedule):
        candidate = (*schedule[:at], 0, *schedule[at + 1 :])
        if chosen and holds(candidate):
            schedule = candidate
    return schedule


# --- trio ---------------------------------------------------------------------------------------------


def numbers(number: int, random: Random) -> list[int]:
    """What trio is to shuffle with in the run with this number: nothing at first, from then on drawn."""
    return [random.randrange(60) for _ in range(200)] if number else []
