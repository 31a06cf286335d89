"""What a host grants to the nodes of the library: `nf.run(..., services=[Seed(7), ...])`.

A node of the library reaches the outside world, the clock and chance only through one of these. What is
not granted is not there: the node fails and says which service it wants. They are plain values; the nodes
that use them do the work.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import frozen

__all__ = ["Clock", "Seed"]


@frozen
class Seed:
    """Makes random nodes repeat: each draw depends on the seed, the node, its place in the tree and its count.

    Attributes:
        value: Two runs of one document with the same seed draw the same values, whatever the schedule.
    """

    value: int | str = 0


class Clock:
    """Tells the time of day. A host that wants runs to repeat gives one that stands still.

    >>> Clock().now().tzinfo
    datetime.timezone.utc
    """

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        return datetime.now(UTC)
