"""Rules about what goes round for ever."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from nodeflow.checking.bodies import body_of
from nodeflow.checking.ends import ENDING, is_endless
from nodeflow.checking.subject import Found, Subject
from nodeflow.checking.ways import Way, shortened, shown
from nodeflow.linking import LinkedNode


def spins(at: Subject) -> Iterator[Found]:
    for found, waits in _endless(at):
        if not waits:
            yield found


def never_ends(at: Subject) -> Iterator[Found]:
    for found, waits in _endless(at):
        if waits:
            yield found


def _endless(at: Subject) -> Iterator[tuple[Found, bool]]:
    """Rounds that no `exit`, jump or unconnected output leads out of; whether something in them may wait."""
    if at.ends is None:
        return
    for node in at.rounds:
        if at.ends.ends.get(node.index, {}).keys() & ENDING:
            continue
        if is_endless(node):
            assert node.type is not None
            assert node.type.loop is not None
            again = node.type.loop[0]
            if not at.ends.of_output(node, again).keys() & ENDING:
                continue  # what never ends is in its body
            inside = _behind(at, node, again)
            way: Way = (f"{node.id}.{again}", *(each.id for each in inside[:1]))
            says = f"its condition never changes, and no break, return or failure leads out of {again!r}"
        else:
            inside = _cycle(at, node)
            if not all(at.ends.ends[each.index].keys() & ENDING for each in _out_of(at, inside)):
                continue  # what never ends is behind it
            way = _round(at, node)
            says = f"these nodes lead back to each other, and nothing leads out: {shown(way)}"
        waits = any(each.type is not None and body_of(each.type).waits for each in inside)
        more = "it goes round until the run is cancelled" if waits else "it goes round for ever, without ever waiting"
        yield Found(f"{says}; {more}", node, None, shortened(way)), waits


def _cycle(at: Subject, node: LinkedNode) -> list[LinkedNode]:
    number = at.regions.component[node.index]
    found, seen = [node], {node.index}
    for each in found:
        for step in at.regions.steps(each):
            if step.index not in seen and at.regions.component[step.index] == number:
                seen.add(step.index)
                found.append(step)
    return found


def _out_of(at: Subject, cycle: list[LinkedNode]) -> Iterator[LinkedNode]:
    """What a cycle leads to."""
    inside = {node.index for node in cycle}
    return (step for node in cycle for step in at.regions.steps(node) if step.index not in inside)


def _behind(at: Subject, node: LinkedNode, output: str) -> list[LinkedNode]:
    found = [target for target, _ in node.targets.get(output, ())]
    seen = {each.index for each in found}
    for each in found:
        for step in at.regions.steps(each):
            if step.index not in seen:
                seen.add(step.index)
                found.append(step)
    return found


def _round(at: Subject, start: LinkedNode) -> Way:
    """A shortest way from a node back to it."""
    came: dict[int, tuple[LinkedNode, str]] = {}
    todo = deque([start])
    while start.index not in came and todo:
        node = todo.popleft()
        for output, targets in node.targets.items():
            for target, _ in targets:
                if target.index not in came and not node.starts_threads(output):
                    came[target.index] = (node, output)
                    todo.append(target)
        join = at.regions.join_of.get(node.index)
        if join is not None and join.index not in came:
            came[join.index] = (node, "joined")
            todo.append(join)
    way: list[str] = [start.id]
    at_node = start
    while came and (len(way) == 1 or at_node is not start):
        at_node, output = came[at_node.index]
        way.append(f"{at_node.id}.{output}")
    return tuple(reversed(way))
