"""How a run ended, and what it left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from nodeflow.errors import MissingInput
from nodeflow.graph import WorkflowPlan
from nodeflow.machine import Scope
from nodeflow.model import UNSET
from nodeflow.values import copy_value


@frozen(eq=False)
class Result:
    """What a run left.

    Attributes:
        status: `completed`, `failed`, `timed_out` or `cancelled`.
        outputs: The outputs of the entry workflow that were set.
        variables: Its variables, process variables included, as they were at the end.
        printed: What print nodes printed, one line each, in the order of printing.
        error: What it failed with; None if it completed.
        counters: `steps`, `evaluations`, `threads`, `contexts`, and `seconds` on trio's clock.
        abandoned: Nodes whose worker threads were not waited for (2.5).
    """

    status: str
    outputs: Mapping[str, Any]
    variables: Mapping[str, Any]
    printed: list[str]
    error: BaseException | None
    counters: Mapping[str, Any]
    abandoned: list[str] = field(factory=list)
    _workflow: WorkflowPlan | None = field(default=None, repr=False)
    _scopes: list[Scope] = field(factory=list, repr=False)

    @property
    def completed(self) -> bool:
        return self.status == "completed"

    def value(self, node: str, socket: str = "result") -> Any:
        """The newest value of a data output of a placed node of the entry workflow, as its entries saw it.

        Raises:
            KeyError: There is no such node or output.
            MissingInput: It was never written there, and has no default.
        """
        placed = self._workflow.nodes.get(node) if self._workflow is not None else None
        if placed is None:
            if self._workflow is not None and node in self._workflow.data_nodes:
                return copy_value(self._remembered(node, socket))
            raise KeyError(f"the entry workflow has no node {node!r}")
        for plan in placed.outputs:
            if plan.name == socket:
                return copy_value(self._cell(plan.slot, f"output {socket!r} of node {node!r}"))
        raise KeyError(f"node {node!r} has no data output {socket!r}; it has {[p.name for p in placed.outputs]}")

    def _cell(self, slot: int, what: str) -> Any:
        for last in reversed(self._scopes):
            scope: Scope | None = last
            while scope is not None:
                value = scope.cells.get(slot, UNSET)
                if value is not UNSET:
                    return value
                scope = scope.parent
        raise MissingInput(f"{what} was not written")

    def _remembered(self, node: str, socket: str) -> Any:
        assert self._workflow is not None
        data = self._workflow.data_nodes[node]
        for last in reversed(self._scopes):
            scope: Scope | None = last
            while scope is not None:
                memo = (scope.memos or {}).get(data.index)
                memo = getattr(memo, "outputs", memo)
                if isinstance(memo, tuple):
                    return memo[[plan.name for plan in data.outputs].index(socket)]
                scope = scope.parent
        raise MissingInput(f"data node {node!r} was not evaluated, or is out of date")
