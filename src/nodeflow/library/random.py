"""Random values. A host that wants runs to repeat gives a `random.Random` as a service."""

from __future__ import annotations

from random import Random, SystemRandom

from nodeflow.node import NodeContext, data_node

_UNSEEDED = SystemRandom()


@data_node("random.uniform", volatile=True)
def uniform(ctx: NodeContext, low: float = 0.0, high: float = 1.0) -> float:
    """A number between `low` and `high`, anew for each pull."""
    try:
        source: Random = ctx.service(Random)
    except LookupError:
        source = _UNSEEDED
    return source.uniform(low, high)
