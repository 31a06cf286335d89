"""Rules about nodes that let only so many in, like a semaphore, and may so wait for themselves.

Each placed node has a state of its own. So two of them that wait for each other lead to each other, and each waits
for itself too: one rule finds both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from nodeflow.checking.bodies import Call, Each, Either, Guard, Program, Repeat, Steps, body_of
from nodeflow.checking.subject import Found, Subject, names_in
from nodeflow.checking.ways import Way, shortened, shown
from nodeflow.linking import LinkedNode
from nodeflow.pairing import JOINED, is_join
from nodeflow.signature import Role

_MOST: Final = 60
"""So many such nodes of one workflow are looked at."""


def waits_for_itself(at: Subject) -> Iterator[Found]:
    if at.regions.problems:
        return
    locks = [node for node in at.nodes if _is_lock(node) and at.regions.runs(node)]
    for node in locks[:_MOST]:
        if way := _way_inside(at, node):
            says = f"what it holds leads back to it: {shown(way)}"
            more = "who is inside and comes here again waits for itself, unless more are let in"
            yield Found(f"{says}; {more}", node, None, shortened(way))


def _is_lock(node: LinkedNode) -> bool:
    """Whether its body waits for a shared state of its own, and then for what it triggers."""
    if node.type is None or not node.is_exec or not node.type.is_async or "wait" not in names_in(node):
        return False
    shared = any(p.role is Role.STATE and p.shared for p in node.type.signature.parameters)
    return shared and bool(_called(body_of(node.type).program))


def _called(program: Program) -> set[str]:
    """The outputs that a body waits for, groups of them aside."""
    match program:
        case Call(output):
            return {output}
        case Steps(parts) | Either(parts):
            return set().union(*map(_called, parts))
        case Repeat(body=body, otherwise=otherwise):
            return _called(body) | _called(otherwise)
        case Each(body=body):
            return _called(body)
        case Guard():
            return set().union(*map(_called, (program.body, *program.handlers, program.otherwise, program.final)))
    return set()


def _way_inside(at: Subject, lock: LinkedNode) -> Way:
    """A way from `lock` to itself on which its body waits; empty if there is none."""
    assert lock.type is not None
    called = _called(body_of(lock.type).program)
    component = at.regions.component
    came: dict[int, tuple[LinkedNode, str]] = {}
    todo = [lock]
    for node in todo:
        if lock.index in came:
            break
        for output, target in _wires_of(at, node):
            same = component[target.index] == component[lock.index]
            if same and (node is not lock or output in called) and target.index not in came:
                came[target.index] = (node, output)
                todo.append(target)
    if lock.index not in came:
        return ()
    way: list[str] = []
    node = lock
    while not way or node is not lock:
        node, output = came[node.index]
        way.append(f"{node.id}.{output}")
    return tuple(reversed(way))


def _wires_of(at: Subject, node: LinkedNode) -> Iterator[tuple[str, LinkedNode]]:
    for output, targets in node.targets.items():
        for target, _ in targets:
            if not is_join(target):
                yield output, target
    join = at.regions.join_of.get(node.index)
    if join is not None:
        yield JOINED, join
