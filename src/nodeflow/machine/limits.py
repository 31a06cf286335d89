"""What a run may use (semantics 11)."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge, optional


@frozen(kw_only=True)
class Limits:
    """Hitting a limit cancels the run, which fails with `LimitExceeded`.

    Attributes:
        steps: How many triggers, emits, lazy pulls and evaluations of data nodes; None: no limit.
        deadline: How many seconds the run may take; None: no limit.
        threads: How many flow threads may live at once.
        depth: How many triggers may wait for each other in one flow thread.
        context_depth: How deep contexts may nest.
        value_size: How many bytes a value may have, roughly; None: no limit.

    >>> Limits(steps=1000).steps
    1000
    """

    steps: int | None = field(default=None, validator=optional(ge(1)))
    deadline: float | None = field(default=None, validator=optional(ge(0)))
    threads: int = field(default=1_000_000, validator=ge(1))
    depth: int = field(default=1_000_000, validator=ge(1))
    context_depth: int = field(default=10_000, validator=ge(1))
    value_size: int | None = field(default=None, validator=optional(ge(1)))

    @classmethod
    def untrusted(cls) -> Limits:
        """For graphs that a stranger drew.

        >>> Limits.untrusted().threads
        1000
        """
        return cls(steps=1_000_000, deadline=30.0, threads=1_000, depth=1_000, context_depth=100, value_size=1 << 20)
