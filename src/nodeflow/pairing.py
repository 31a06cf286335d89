"""Which fan-in each fan-out has, and what is wrong with how they are wired (semantics 6.2).

Which fan-in a fan-out has is known only when its branches have been walked, and they may hold fan-outs of
their own: so one depth-first walk (Tarjan's, for strongly connected components) visits the branches of a node
before what is behind it. A wire that starts a thread and closes a cycle leads back to or before its opener.

Work lists throughout; the time is linear in nodes and wires.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from attrs import frozen

from nodeflow.linking import LinkedNode, LinkedWorkflow
from nodeflow.node import NodeType
from nodeflow.sockets import Pull

JOINED: Final = "joined"
"""The exec output of a fan-out that is used if it has no fan-in (6.7)."""

_Label = tuple[int, ...]


class Kind(enum.Enum):
    """What can be wrong with regions, and what the nodes and sockets of such a `Problem` are."""

    DIFFERENT = "branches of one fan-out reach different fan-ins"
    """The fan-out and two fan-ins; the outputs that lead there."""
    OUTSIDE = "a fan-in is reached from outside its fan-out"
    """The fan-in, its fan-out, and those in whose threads it is reached; their outputs."""
    UNMATCHED = "a fan-in is reached by no fan-out"
    """The fan-in, and those in whose threads it is reached; their outputs."""
    OVERLAP = "two fan-outs reach one fan-in"
    """The fan-in, the fan-out that has it, the other; their outputs."""
    BACK = "a thread leads back to its opener or before it"
    """The opener, the node that the wire back comes from, the one it leads to; the opener's output."""


@frozen
class Problem:
    kind: Kind
    nodes: tuple[LinkedNode, ...]
    sockets: tuple[str, ...] = ()


def is_join(node: LinkedNode) -> bool:
    return node.type is not None and _joins_or_starts(node.type)[0]


@lru_cache(maxsize=4096)
def _joins_or_starts(node_type: NodeType) -> tuple[bool, bool]:
    """Whether it is a fan-in, and whether it may have outputs that start threads."""
    return node_type.is_join, node_type.opens_threads or node_type.is_stream


def threads_of(node: LinkedNode) -> list[str]:
    """The exec outputs of `node` that start threads."""
    if node.type is None or node.placed.disabled or not _joins_or_starts(node.type)[1]:
        return []
    return [output for output in node.exec_outs if node.starts_threads(output)]


def collects_arrivals(node: LinkedNode) -> bool:
    """Whether the threads that `node` starts may have a fan-in: not items, nor slices with a result input."""
    assert node.type is not None
    return not node.type.is_stream and all(s.pull is not Pull.RESULT for s in node.data_ins.values())


def sequential(node: LinkedNode, paired: bool) -> Iterator[LinkedNode]:
    for output, targets in node.targets.items():
        if not node.starts_threads(output) and not (paired and output == JOINED):
            for target, _ in targets:
                yield target


class Pairing:
    """The depth-first walk of one workflow.

    A *label* says which fan-ins a flow thread can arrive at from some node on; of more than two it keeps two.

    Attributes:
        roots: The entry nodes and the listeners.
        join_of: The fan-in of each fan-out that has one, by the fan-out's index.
        opener_of: The reverse.
        problems: What is wrong with what can be reached from the roots.
        component: For each exec node a number that it shares with those on a cycle with it.
        closed: Exec nodes, each behind all that it leads to, those of a cycle together.
    """

    def __init__(self, workflow: LinkedWorkflow) -> None:
        size = len(workflow.nodes)
        self.nodes = workflow.nodes
        self.roots = [*workflow.entries, *workflow.listeners()]
        self.join_of: dict[int, LinkedNode] = {}
        self.opener_of: dict[int, LinkedNode] = {}
        self.problems: list[Problem] = []
        self.component = [-1] * size
        self.closed: list[int] = []
        self._number = [-1] * size
        self._low = [0] * size
        self._nexts: list[list[int]] = [[]] * size
        self._at = [0] * size
        self._label: dict[int, _Label] = {}
        """Of closed nodes that lead to a fan-in."""
        self._threads: dict[int, int] = {}
        """How many of an opener's `_nexts` are the first nodes of its threads."""
        self._unresolved: set[int] = set()
        self._back: dict[int, int] = {}
        self._pending: list[int] = []
        self._count = 0
        self._reached = size

    def find(self) -> None:
        for root in self.roots:
            self._walk(root.index)
        led_back = any(problem.kind is Kind.BACK for problem in self.problems)
        strays = [] if led_back else self._strays()  # a wire back makes inside and outside one
        self._reached = self._count
        for node in self.nodes:
            if node.is_exec:
                self._walk(node.index)
        self.problems.extend(strays)

    def is_reached(self, node: LinkedNode) -> bool:
        """Whether some flow thread runs it, as far as the wires tell."""
        return 0 <= self._number[node.index] < self._reached

    def _walk(self, root: int) -> None:
        if self._number[root] >= 0:
            return
        path = [root]
        self._open(root)
        while path:
            at = path[-1]
            if self._at[at] < len(self._nexts[at]):
                target = self._nexts[at][self._at[at]]
                if self._number[target] < 0:
                    self._open(target)
                    path.append(target)  # and is looked at again when the walk comes back
                    continue
                self._at[at] += 1
                if self.component[target] < 0:
                    self._low[at] = min(self._low[at], self._low[target])
                    if self._at[at] <= self._threads.get(at, 0):
                        self._back.setdefault(at, target)
            elif at in self._unresolved:
                self._unresolved.remove(at)
                self._pair(self.nodes[at])
                self._nexts[at] = self._nexts[at] + self._nexts_in_thread(self.nodes[at])
            else:
                path.pop()
                if self._low[at] == self._number[at]:
                    self._close(at)

    def _open(self, index: int) -> None:
        self._number[index] = self._low[index] = self._count
        self._count += 1
        self._pending.append(index)
        node = self.nodes[index]
        outputs = threads_of(node)
        if not outputs:
            self._nexts[index] = self._nexts_in_thread(node)
            return
        firsts = [target for output in outputs for target, _ in node.targets.get(output, ())]
        self._nexts[index] = [first.index for first in firsts if not is_join(first)]
        self._threads[index] = len(self._nexts[index])
        self._unresolved.add(index)

    def _nexts_in_thread(self, node: LinkedNode) -> list[int]:
        join = self.join_of.get(node.index)
        nexts = [n.index for n in sequential(node, join is not None) if not is_join(n)]
        return nexts if join is None else [*nexts, join.index]

    def _close(self, first: int) -> None:
        """All that can be reached from the cycle that `first` is on has been walked."""
        place = len(self._pending) - 1
        while self._pending[place] != first:
            place -= 1
        cycle = self._pending[place:]
        del self._pending[place:]
        label: _Label = ()
        for index in cycle:
            node = self.nodes[index]
            behind = self.join_of.get(index)
            for target in sequential(node, behind is not None):
                label = _merge(label, self._label_at(target))
            if behind is not None:
                label = _merge(label, self._label.get(behind.index, ()))
        for index in cycle:
            self.component[index] = first
            if label:
                self._label[index] = label
        self.closed.extend(reversed(cycle))
        opener = next((index for index in reversed(cycle) if index in self._back), None)
        if opener is not None:
            self._wire_back(opener, set(cycle))

    def _label_at(self, target: LinkedNode) -> _Label:
        return (target.index,) if is_join(target) else self._label.get(target.index, ())

    def _label_of_output(self, node: LinkedNode, output: str) -> _Label:
        label: _Label = ()
        for target, _ in node.targets.get(output, ()):
            label = _merge(label, self._label_at(target))
        return label

    # --- pairs and problems ---

    def _pair(self, opener: LinkedNode) -> None:
        """Give an opener, whose threads have been walked, its fan-in."""
        if not collects_arrivals(opener):
            return
        leads: dict[int, str] = {}
        for output in threads_of(opener):
            for join in self._label_of_output(opener, output):
                leads.setdefault(join, output)
        joins = list(leads)[:2]
        if len(joins) == 2:
            found = (opener, *(self.nodes[join] for join in joins))
            self._report(Kind.DIFFERENT, found, tuple(leads[join] for join in joins))
        elif joins and joins[0] in self.opener_of:
            first = self.opener_of[joins[0]]
            self._report(Kind.OVERLAP, (self.nodes[joins[0]], first, opener), (leads[joins[0]],))
        elif joins:
            self.join_of[opener.index] = self.nodes[joins[0]]
            self.opener_of[joins[0]] = opener

    def _strays(self) -> list[Problem]:
        """Fan-ins that are reached in threads which no fan-out started, each with all who did."""
        found: dict[int, list[tuple[LinkedNode, str]]] = {}
        for root in self.roots:
            for join in self._label.get(root.index, ()):
                found.setdefault(join, []).append((root, ""))
        for index in self.closed:
            node = self.nodes[index]
            if index in self._threads and not collects_arrivals(node):
                for output in threads_of(node):
                    for join in self._label_of_output(node, output):
                        found.setdefault(join, []).append((node, output))
        problems = []
        for join, reached in sorted(found.items()):
            opener = self.opener_of.get(join)
            sockets = tuple(output for _, output in reached)
            nodes = tuple(node for node, _ in reached)
            if opener is None:
                problems.append(Problem(Kind.UNMATCHED, (self.nodes[join], *nodes), sockets))
            else:
                problems.append(Problem(Kind.OUTSIDE, (self.nodes[join], opener, *nodes), sockets))
        return problems

    def _wire_back(self, opener: int, cycle: set[int]) -> None:
        """Find, on a shortest way from the thread back to its opener, the wire that leads back."""
        first = self._back[opener]
        came_from = {first: opener}
        todo = deque([first])
        while opener not in came_from:
            index = todo.popleft()
            for target in self._nexts[index]:
                if target in cycle and target not in came_from:
                    came_from[target] = index
                    todo.append(target)
        way = [opener]
        while way[-1] != first:
            way.append(came_from[way[-1]])
        way = [opener, *reversed(way)]
        before = self._number[opener]
        at = next(i for i in range(1, len(way)) if self._number[way[i]] <= before)
        node = self.nodes[opener]
        outputs = (o for o in threads_of(node) if any(t.index == first for t, _ in node.targets.get(o, ())))
        self._report(Kind.BACK, (node, self.nodes[way[at - 1]], self.nodes[way[at]]), (next(outputs),))

    def _report(self, kind: Kind, nodes: tuple[LinkedNode, ...], sockets: tuple[str, ...]) -> None:
        if all(is_join(node) or self.is_reached(node) for node in nodes):
            self.problems.append(Problem(kind, nodes, sockets))


def _merge(one: _Label, other: _Label) -> _Label:
    if one == other or not other:
        return one
    return (one + tuple(join for join in other if join not in one))[:2]
