"""Which flow threads a node runs in (semantics 1, 6.2).

The *sequential walk* from an exec output stays in one flow thread. It goes on through the exec outputs of the
nodes it meets, except those that start threads; at a fan-out that has a fan-in it goes on behind that; at a
fan-in it ends, because reaching one is arriving. A *region* is such a walk from where a flow thread starts.

Everything here is a work list. Finding the regions takes time linear in nodes and wires; what could be more,
which nodes run in which region, is listed when it is asked for. `home` answers at once for the many that run
in just one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import define, field

from nodeflow.linking import LinkedNode, LinkedWorkflow
from nodeflow.pairing import Pairing, is_join, sequential, threads_of
from nodeflow.tree import Tree

NOWHERE: Final = -1
"""The home of a node that runs in no region."""
SEVERAL: Final = -2
"""The home of a node that runs in more than one region."""


@define(eq=False, repr=False, slots=True)
class Region:
    """What a flow thread that starts at one place walks.

    Attributes:
        index: Place in `Regions.all`.
        opener: The node whose output starts the thread, None for entries and listeners.
        output: That output.
        start: The entry node or listener, None for others.
    """

    index: int
    opener: LinkedNode | None
    output: str | None
    start: LinkedNode | None
    _regions: Regions
    _walked: tuple[list[LinkedNode], list[LinkedNode]] | None = field(default=None, init=False)

    @property
    def nodes(self) -> list[LinkedNode]:
        """The exec nodes that run in this flow thread, a fan-in in that of its opener."""
        return self._walk()[0]

    @property
    def joins(self) -> list[LinkedNode]:
        """The fan-ins at which this flow thread can arrive."""
        return self._walk()[1]

    @property
    def parents(self) -> list[Region]:
        """The regions that its opener runs in."""
        return self._regions.of_node(self.opener) if self.opener is not None else []

    def firsts(self) -> list[LinkedNode]:
        """The nodes that the thread comes to first."""
        if self.opener is None or self.output is None:
            return [self.start] if self.start is not None else []
        return [target for target, _ in self.opener.targets.get(self.output, ())]

    def _walk(self) -> tuple[list[LinkedNode], list[LinkedNode]]:
        if self._walked is None:
            joins = {node.index: node for node in self.firsts() if is_join(node)}
            found = {node.index: node for node in self.firsts() if not is_join(node)}
            todo = list(found.values())
            while todo:
                node = todo.pop()
                joins.update((join.index, join) for join in self._regions.arrivals(node))
                fresh = {n.index: n for n in self._regions.steps(node) if n.index not in found}
                found |= fresh
                todo.extend(fresh.values())
            self._walked = [found[i] for i in sorted(found)], [joins[i] for i in sorted(joins)]
        return self._walked

    def __repr__(self) -> str:
        return f"<region {self.opener.id}.{self.output}>" if self.opener else f"<region of {self.start}>"


class Regions:
    """The regions of one workflow.

    Attributes:
        all: Entry nodes and listeners first, then the outputs that start threads, both in document order.
        join_of: The fan-in of each fan-out that has one, by the fan-out's index.
        opener_of: The reverse.
        problems: What keeps the workflow from being compiled, of nodes that some thread reaches.
        home: For each node the index of the region it runs in, `NOWHERE` or `SEVERAL`.
        order: The exec nodes, each before those that its wires lead to, those of a cycle together.
        component: For each exec node a number that it shares with those on a cycle with it.
        tree: The regions below those that their openers are at home in; below the first entry the others,
            where all have one scope.
        runs: Whether some flow thread runs an exec node. Others are in no region.
        in_one_scope: Whether the entries run one after the other in one scope (8.4).
    """

    def __init__(self, workflow: LinkedWorkflow, pairing: Pairing) -> None:
        self.workflow = workflow
        self.join_of = pairing.join_of
        self.opener_of = pairing.opener_of
        self.problems = pairing.problems
        self.component = pairing.component
        self.order = [workflow.nodes[index] for index in reversed(pairing.closed)]
        self.all = [Region(index, None, None, node, self) for index, node in enumerate(pairing.roots)]
        self._opened: dict[int, list[Region]] = {}
        for node in workflow.nodes:
            for output in threads_of(node):
                region = Region(len(self.all), node, output, None, self)
                self.all.append(region)
                self._opened.setdefault(node.index, []).append(region)
        self.runs = pairing.is_reached
        self.in_one_scope = workflow.model.entries == "sequential"
        self.home = [NOWHERE] * len(workflow.nodes)
        self.tree = Tree(len(self.all))
        self._find_homes()
        self._before: list[list[LinkedNode]] | None = None
        self._first_of: dict[int, list[Region]] = {}

    def regions_of_opener(self, node: LinkedNode) -> list[Region]:
        """One for each output of `node` that starts threads, wired or not."""
        return self._opened.get(node.index, [])

    def of_node(self, node: LinkedNode) -> list[Region]:
        """The regions that an exec node runs in; looks at all nodes before it that run in several."""
        if self.home[node.index] != SEVERAL:
            return [self.all[self.home[node.index]]] if self.home[node.index] >= 0 else []
        self._look_back()
        assert self._before is not None
        found: set[int] = set()
        seen = {node.index}
        todo = [node]
        while todo:
            each = todo.pop()
            found.update(region.index for region in self._first_of.get(each.index, ()))
            for before in self._before[each.index]:
                if self.home[before.index] != SEVERAL:
                    found.add(self.home[before.index])
                elif before.index not in seen:
                    seen.add(before.index)
                    todo.append(before)
        return [self.all[index] for index in sorted(found - {NOWHERE})]

    def steps(self, node: LinkedNode) -> Iterator[LinkedNode]:
        """Where the flow thread can go from `node` next, a fan-in as that which is behind it."""
        join = self.join_of.get(node.index)
        for target in sequential(node, join is not None):
            if not is_join(target):
                yield target
        if join is not None:
            yield join

    def arrivals(self, node: LinkedNode) -> Iterator[LinkedNode]:
        """The fan-ins at which the flow thread arrives next after `node`."""
        return (target for target in sequential(node, node.index in self.join_of) if is_join(target))

    def before(self, node: LinkedNode) -> list[LinkedNode]:
        """The nodes that have `node` among their `steps`."""
        self._look_back()
        assert self._before is not None
        return self._before[node.index]

    def starting_at(self, node: LinkedNode) -> list[Region]:
        """The regions whose thread comes to `node` first."""
        self._look_back()
        return self._first_of.get(node.index, [])

    def _look_back(self) -> None:
        if self._before is not None:
            return
        self._before = [[] for _ in self.workflow.nodes]
        for node in self.order:
            for step in self.steps(node):
                self._before[step.index].append(node)
        for region in self._that_run():
            for first in region.firsts():
                if not is_join(first):
                    self._first_of.setdefault(first.index, []).append(region)

    def _that_run(self) -> Iterator[Region]:
        return (region for region in self.all if region.opener is None or self.runs(region.opener))

    def _find_homes(self) -> None:
        """Carry each region along the wires, until it meets another one."""
        for region in self.all:
            if region.start is not None:
                self._settle(region.start, region.index)
                if region.start.starts_itself and self.in_one_scope and region.index:
                    self.tree.place(region.index, 0)
        place = 0
        while place < len(self.order):
            cycle = self.component[self.order[place].index]
            end = place
            while end < len(self.order) and self.component[self.order[end].index] == cycle:
                end += 1
            together = self.order[place:end]
            for node in together[1:]:
                self._settle(together[0], self.home[node.index])
            for node in together:
                self.home[node.index] = self.home[together[0].index]
                self._carry_on(node, cycle)
            place = end

    def _carry_on(self, node: LinkedNode, cycle: int) -> None:
        home = self.home[node.index]
        for step in self.steps(node):
            if self.component[step.index] != cycle:
                self._settle(step, home)
        for region in self.regions_of_opener(node) if self.runs(node) else ():
            self.tree.place(region.index, home)
            for first in region.firsts():
                if self.component[first.index] != cycle and not is_join(first):
                    self._settle(first, region.index)

    def _settle(self, node: LinkedNode, home: int) -> None:
        if self.home[node.index] == NOWHERE:
            self.home[node.index] = home
        elif home not in (NOWHERE, self.home[node.index]):
            self.home[node.index] = SEVERAL


def find_regions(workflow: LinkedWorkflow) -> Regions:
    """Find the regions of a workflow and what is wrong with them; never raises for what it says."""
    pairing = Pairing(workflow)
    pairing.find()
    return Regions(workflow, pairing)
