"""Rules about control flow: what never runs, and jumps that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from nodeflow.checking.subject import Found, Subject
from nodeflow.node import Jump
from nodeflow.pairing import is_join


def unreachable_nodes(at: Subject) -> Iterator[Found]:
    if not at.starts:
        return
    reached = {node.index for node in at.starts}
    todo = list(at.starts)
    while todo:
        for target, _ in chain.from_iterable(todo.pop().targets.values()):
            if target.index not in reached:
                reached.add(target.index)
                todo.append(target)
    for node in at.nodes:
        if node.is_exec and node.index not in reached:
            yield Found("no wire leads here from an entry node or a listener, so it never runs", node)


def no_start(at: Subject) -> Iterator[Found]:
    if not at.starts:
        yield Found("nothing starts in this workflow: it needs an entry node, like `flow.start`, or a listener")


def stray_jumps(at: Subject) -> Iterator[Found]:
    jumps = [
        node
        for node in at.nodes
        if node.type is not None and node.type.jump in (Jump.BREAK, Jump.CONTINUE) and at.regions.runs(node)
    ]
    inside = _inside_loops(at) if jumps else set()
    for node in jumps:
        if node.index not in inside:
            assert node.type is not None
            assert node.type.jump is not None
            yield Found(
                f"`{node.type.jump.value}` without a loop waiting in its own flow thread: wire it behind the "
                "body of a loop; it cannot leave a branch, a slice or an item, nor reach a loop around them",
                node,
            )


def _inside_loops(at: Subject) -> set[int]:
    """Nodes to which some way leads from the body of a loop without leaving the flow thread."""
    found: set[int] = set()
    todo = []
    for node in at.nodes:
        if node.type is not None and node.type.loop is not None:
            todo += [target for target, _ in node.targets.get(node.type.loop[0], ()) if not is_join(target)]
    while todo:
        node = todo.pop()
        if node.index not in found:
            found.add(node.index)
            todo.extend(at.regions.steps(node))
    return found


def wires_back(at: Subject) -> Iterator[Found]:
    component = at.regions.component
    for node in at.nodes:
        for output, targets in node.targets.items():
            back = next((t for t, _ in targets[:-1] if component[t.index] == component[node.index]), None)
            if back is not None and at.regions.runs(node):
                yield Found(
                    f"the wire to {back.id!r} leads back here and is not the last of {output!r}: each round "
                    "waits for the one it starts. Connect it last, then rounds take no memory",
                    node,
                    output,
                )


def retries(at: Subject) -> Iterator[Found]:
    for node in at.nodes:
        if node.placed.retry is not None:
            says = "`retry` is kept, but this version does not repeat the node; wire a `flow.try` back to it instead"
            yield Found(says, node)
