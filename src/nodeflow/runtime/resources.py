"""Nodes that hold a resource: one instance per placed node and run, opened before anything starts (10.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import trio

from nodeflow.graph import DataNode, ExecNode, WorkflowPlan
from nodeflow.runtime.failures import failure_of, reduced
from nodeflow.sockets import Refers

if TYPE_CHECKING:
    from nodeflow.runtime.run import Run


class Resources:
    """Opens instances in document order, and closes them in reverse, in the run's own task."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.instances: dict[int, Any] = {}
        self.opened: list[tuple[Any, Any]] = []

    async def open(self) -> None:
        """Open one instance for each reachable placed node that has a resource."""
        for node in self.run.graph.resources:
            assert node.type is not None and node.type.resource is not None
            instance: Any = node.type.resource()
            self.instances[id(node)] = instance
            try:
                await instance.open(self.run.services)
            except Exception as error:
                raise failure_of(node, self.run.graph.entry, 0, error) from error
            self.opened.append((node, instance))

    async def close(self) -> list[BaseException]:
        """Close what is open, each in at most `cleanup_timeout` seconds; returns what failed."""
        errors: list[BaseException] = []
        kernel = self.run.kernel
        for node, instance in reversed(self.opened):
            deadline = kernel.current_time() + self.run.cleanup_timeout
            with kernel.CancelScope(shield=True, deadline=deadline) as scope:
                try:
                    await instance.close()
                except BaseException as error:
                    problem = reduced(error)
                    if isinstance(problem, trio.Cancelled):
                        raise
                    errors.append(failure_of(node, self.run.graph.entry, 0, problem))
            if scope.cancelled_caught:
                late = TimeoutError(f"closing took longer than {self.run.cleanup_timeout:g} s")
                errors.append(failure_of(node, self.run.graph.entry, 0, late))
        self.opened.clear()
        return errors


def reachable_with_resource(workflows: dict[str, WorkflowPlan], entry: str) -> list[ExecNode | DataNode]:
    """Placed nodes with a resource that a run may come to, in document order."""
    reached: set[int] = set()
    seen: set[str] = set()
    todo = [entry]
    while todo:
        name = todo.pop()
        if name in seen or name not in workflows:
            continue
        seen.add(name)
        for node in _reachable(workflows[name]):
            reached.add(id(node))
            for option in node.type.options if node.type is not None else ():
                if option.refers is Refers.WORKFLOW:
                    todo.append(str(node.options.get(option.name)))
        todo.extend(other.name for other in workflows.values() if other.listeners)
    found: list[ExecNode | DataNode] = []
    for workflow in workflows.values():
        nodes: list[ExecNode | DataNode] = [*workflow.nodes.values(), *workflow.data_nodes.values()]
        order = {id: place for place, id in enumerate(workflow.order)}
        nodes.sort(key=lambda node: order.get(node.id, 0))
        found += [n for n in nodes if n.type is not None and n.type.resource is not None and id(n) in reached]
    return found


def _reachable(workflow: WorkflowPlan) -> Iterator[Any]:
    todo: list[Any] = [*workflow.entries, *(n for nodes in workflow.listeners.values() for n in nodes)]
    seen: set[int] = set()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, ExecNode):
            todo.extend(target for targets in node.targets for target, _ in targets)
        for plan in node.inputs.values():
            todo.extend(above for above in (plan.node, plan.convert) if above is not None)
