"""One workflow under examination, and what a rule says about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from attrs import define, frozen

from nodeflow.dataflow import DataFlow, find_data_flow
from nodeflow.linking import LinkedDocument, LinkedNode, LinkedWorkflow
from nodeflow.pairing import Kind, Problem
from nodeflow.regions import Regions, find_regions
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
