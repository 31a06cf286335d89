"""What the schedule decides where T7 does not hold: who arrives first, and which of several failures happened.

An interpreter with `Choices` asks them at each such point; one run per combination gives every allowed outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field


class Unsupported(Exception):
    """The document does something whose result depends on the schedule; says what."""


class TooMany(Unsupported):
    """There are more combinations of what the schedule decides than were to be tried."""


class Cut(BaseException):
    """The flow thread is cancelled here: no `Exception`, so that no `Try` catches it."""


@define
class Race:
    """A join that the first arrivals satisfy: how many are left to come, and whether anybody was cut off."""

    left: int
    cut: bool = False


@define
class Choices:
    """Which way one run goes, and after it, which way the next one goes: depth first through all combinations.

    Attributes:
        plan: What to choose; where it is used up, the first.
        made: What was chosen, and among how many.
        impossible: What was chosen contradicts itself: no schedule gives such a run.
    """

    plan: list[int] = field(factory=list)
    made: list[tuple[int, int]] = field(factory=list)
    impossible: bool = False

    def choose(self, count: int) -> int:
        """One of `count` ways."""
        at = len(self.made)
        chosen = self.plan[at] if at < len(self.plan) else 0
        self.made.append((chosen, count))
        return chosen

    def one(self, pool: list[Any]) -> Any:
        """Take one out of a list."""
        return pool.pop(self.choose(len(pool)) if len(pool) > 1 else 0)

    def some(self, found: Mapping[int, BaseException]) -> dict[int, BaseException]:
        """Any of these, or none."""
        return {index: error for index, error in sorted(found.items()) if self.choose(2) == 0}

    def following(self) -> bool:
        """Prepare the next combination; False: that was the last."""
        while self.made and self.made[-1][0] + 1 == self.made[-1][1]:
            self.made.pop()
        if not self.made:
            return False
        self.plan = [chosen for chosen, _ in self.made]
        self.plan[-1] += 1
        self.made, self.impossible = [], False
        return True


def together(errors: Sequence[BaseException]) -> BaseException:
    """One error as itself, several as one flat group (6.8)."""
    flat: list[BaseException] = []
    for error in errors:
        flat.extend(error.exceptions if isinstance(error, BaseExceptionGroup) else [error])
    return flat[0] if len(flat) == 1 else BaseExceptionGroup("several flow threads failed", flat)
