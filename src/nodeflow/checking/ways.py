"""Paths through the graph that show how a flow thread comes to an end, to a fan-in, or there twice."""

from __future__ import annotations

from nodeflow.checking.ends import MANY, AllEnds, Ends
from nodeflow.linking import LinkedNode
from nodeflow.pairing import is_join

Way = tuple[str, ...]

_LONGEST = 60
"""Of longer paths the middle is left out."""


def most_of(ends: Ends) -> int:
    """How often a walk can arrive."""
    return max((span.most for span in ends.values()), default=0)


def shown(way: Way) -> str:
    """In words: `fan.a -> if.true -> join.enter`; of a long one the beginning and the end."""
    return " -> ".join((*way[:5], f"… ({len(way) - 8} more) …", *way[-3:]) if len(way) > 9 else way)


def shortened(way: Way) -> Way:
    """The path as findings carry it."""
    half = _LONGEST // 2
    return (*way[:half], "…", *way[-half:]) if len(way) > _LONGEST else way


def way_without_arriving(at: AllEnds, node: LinkedNode, output: str, kind: str) -> Way:
    """From an output on to where the walk ends in `kind` with the fewest arrivals."""
    way, seen = [f"{node.id}.{output}"], {node.index}
    while (found := _behind(at, node, output, kind)) is not None:
        before, node = node, found
        if is_join(node) and at.regions.join_of.get(before.index) is not node:
            return (*way, f"{node.id}.enter")
        span = at.of_activation(node).get(kind)
        if span is None or not span.least_way or node.index in seen:
            return (*way, node.id)
        seen.add(node.index)
        output = span.least_way[-1]
        way.append(f"{node.id}.{output}")
    return tuple(way)


def _behind(at: AllEnds, node: LinkedNode, output: str, kind: str) -> LinkedNode | None:
    """Of the nodes behind an output the one at which the walk comes to its end."""
    join = at.regions.join_of.get(node.index)
    if join is not None and not node.starts_threads(output):
        return join
    targets = [target for target, _ in node.targets.get(output, ())]
    ended = (t for t in targets if (span := at.of_target(t).get(kind)) is not None and not span.least)
    return next(ended, None) if kind != "done" else (targets[-1] if targets else None)


def way_to_arrival(at: AllEnds, node: LinkedNode, output: str) -> Way:
    """From an output on to the fan-in."""
    way, seen = [f"{node.id}.{output}"], set[int]()
    while True:
        behind = [target for target in _nexts(at, node, output) if most_of(_of(at, node, output, target))]
        if not behind:
            return tuple(way)
        node, before = behind[0], node
        if is_join(node) and at.regions.join_of.get(before.index) is not node:
            return (*way, f"{node.id}.enter")
        outputs = _ways_most(at, node)
        if not outputs or node.index in seen:
            return (*way, node.id)
        seen.add(node.index)
        output = outputs[0]
        way.append(f"{node.id}.{output}")


def ways_twice(at: AllEnds, node: LinkedNode, output: str) -> tuple[Way, Way, Way]:
    """From an output on: the way that both have, then that of the first arrival and that of the second.

    The last is empty if the first is taken again and again.
    """
    way, seen = [f"{node.id}.{output}"], set[int]()
    while True:
        behind = [target for target in _nexts(at, node, output) if most_of(_of(at, node, output, target))]
        twice = next((t for t in behind if most_of(_of(at, node, output, t)) == MANY), None)
        if twice is None:
            ways = [_one_of(at, node, output, target) for target in behind[:2]]
            return tuple(way[:-1]), ways[0] if ways else (), ways[1] if len(ways) > 1 else ()
        node = twice
        outputs = _ways_most(at, node)
        single = next((o for o in outputs if most_of(at.of_output(node, o)) == MANY), None)
        if single is None or node.index in seen:
            again = outputs[1:] if outputs[1:] != outputs[:1] else ()
            ways = [way_to_arrival(at, node, each) for each in (*outputs[:1], *again)]
            return tuple(way), ways[0] if ways else (), ways[1] if len(ways) > 1 else ()
        seen.add(node.index)
        output = single
        way.append(f"{node.id}.{output}")


def _one_of(at: AllEnds, node: LinkedNode, output: str, target: LinkedNode) -> Way:
    if is_join(target):
        return (f"{node.id}.{output}", f"{target.id}.enter")
    outputs = _ways_most(at, target)
    return (f"{node.id}.{output}", *way_to_arrival(at, target, outputs[0])) if outputs else (target.id,)


def _nexts(at: AllEnds, node: LinkedNode, output: str) -> list[LinkedNode]:
    join = at.regions.join_of.get(node.index)
    if join is not None and not node.starts_threads(output):
        return [join]
    return [target for target, _ in node.targets.get(output, ())]


def _of(at: AllEnds, node: LinkedNode, output: str, target: LinkedNode) -> Ends:
    if at.regions.join_of.get(node.index) is target and not node.starts_threads(output):
        return at.ends.get(target.index, {})
    return at.of_target(target)


def _ways_most(at: AllEnds, node: LinkedNode) -> Way:
    """The outputs by which an activation of `node` arrives most often."""
    spans = at.of_activation(node).values()
    return max(spans, key=lambda span: span.most).most_way
