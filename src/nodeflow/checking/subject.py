"""One workflow under examination, and what a rule says about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

from attrs import define, field, frozen

from nodeflow.checking.ends import AllEnds, is_endless
from nodeflow.checking.joining import Joining, find_joinings
from nodeflow.dataflow import DataFlow, find_data_flow
from nodeflow.linking import LinkedDocument, LinkedNode, LinkedWorkflow
from nodeflow.pairing import Kind, Problem, is_join
from nodeflow.regions import Regions, find_regions
from nodeflow.sockets import Refers
from nodeflow.visibility import Visibility


@frozen
class Found:
    """What a rule yields: a message in plain words, where it belongs, and the path that shows it."""

    message: str
    node: LinkedNode | None = None
    socket: str | None = None
    trace: tuple[str, ...] = ()


@define(eq=False, repr=False, slots=False)
class Subject:
    """One workflow under examination; what several rules need is found once."""

    linked: LinkedDocument
    workflow: LinkedWorkflow
    others: dict[str, Subject] = field(factory=dict)
    """All workflows of the document by name, this one too."""

    @cached_property
    def regions(self) -> Regions:
        return find_regions(self.workflow)

    @cached_property
    def flow(self) -> DataFlow:
        return find_data_flow(self.workflow)

    @cached_property
    def visibility(self) -> Visibility | None:
        """None where regions or data flow are not sound: what it said there would only confuse."""
        if self.regions.problems or self.flow.cycles:
            return None
        return Visibility(self.workflow, self.regions, self.flow)

    @cached_property
    def ends(self) -> AllEnds | None:
        """None where regions are not sound, types are unknown, or no walk is of interest."""
        if self.regions.problems or any(node.type is None for node in self.workflow.nodes):
            return None
        wanted = [*self._first_in_branches(), *self.rounds]
        return AllEnds(self.workflow, self.regions, wanted) if wanted else None

    def _first_in_branches(self) -> Iterator[LinkedNode]:
        for index in self.regions.join_of:
            for region in self.regions.regions_of_opener(self.workflow.nodes[index]):
                yield from (first for first in region.firsts() if not is_join(first))
            yield self.workflow.nodes[index]

    @cached_property
    def joinings(self) -> list[Joining]:
        return [] if self.ends is None else list(find_joinings(self.ends))

    @cached_property
    def rounds(self) -> list[LinkedNode]:
        """Nodes from which wires lead back to them, one for each cycle, and loops that do not end by themselves."""
        component, found, size = self.regions.component, [], Counter(self.regions.component)
        for node in self.regions.order:
            cycle = component[node.index]
            again = (
                size[cycle] > 1 or is_endless(node) or any(node is each for t in node.targets.values() for each, _ in t)
            )
            if again and self.regions.runs(node):
                size[cycle] = 0  # one of a cycle stands for all
                found.append(node)
        return found

    @cached_property
    def sends(self) -> dict[Any, list[LinkedNode]]:
        """For each event the nodes that run and may trigger it; under None those of which it cannot be told."""
        found: dict[Any, list[LinkedNode]] = {}
        for node in self.nodes:
            if not node.is_exec or node.type is None or node.type.listens is not None or not self.regions.runs(node):
                continue
            names = names_in(node)
            events = events_of(node) or ({None} if "trigger_event" in names else set())
            for event in events if "wait_event" not in names or "trigger_event" in names else ():
                found.setdefault(event, []).append(node)
        return found

    @property
    def nodes(self) -> Iterator[LinkedNode]:
        """Those whose type is known and that are not disabled."""
        return (node for node in self.workflow.nodes if node.type is not None and not node.placed.disabled)

    @cached_property
    def starts(self) -> list[LinkedNode]:
        return [*self.workflow.entries, *self.workflow.listeners()]

    def problems(self, kind: Kind) -> Iterator[Problem]:
        return (problem for problem in self.regions.problems if problem.kind is kind)


Rule = Callable[[Subject], Iterable[Found]]


def names_in(node: LinkedNode) -> tuple[str, ...]:
    """The names that a body's code uses."""
    function = None if node.type is None else node.type.function
    return getattr(getattr(function, "__code__", None), "co_names", ())


def events_of(node: LinkedNode) -> set[Any]:
    """What the options of a node name as events."""
    options = () if node.type is None else node.type.options
    return {node.options.get(option.name) for option in options if option.refers is Refers.EVENT}
