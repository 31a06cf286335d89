"""Tells observers what happens, synchronously; and checks that bodies change nothing in place (3.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import trio

from nodeflow.errors import ValueChanged
from nodeflow.machine import Context, FlowThread
from nodeflow.runtime import events

if TYPE_CHECKING:
    from nodeflow.runtime.run import Run

Observer = Callable[[events.Event], object]


class Watchers:
    """The observers of a run. One that raises is detached, and the others are told (10)."""

    def __init__(self, run: Run, observers: Iterable[Observer], *, check_values: bool) -> None:
        self.run = run
        self.observers = list(observers)
        self.check_values = check_values
        self.before: dict[int, list[tuple[Any, Any]]] = {}

    @property
    def wanted(self) -> bool:
        return bool(self.observers) or self.check_values

    def add(self, observer: Observer) -> None:
        self.observers.append(observer)
        self.run.watched = True

    def tell(self, event: events.Event) -> None:
        for observer in self.observers:
            if observer not in self.observers:
                continue  # detached while the others were being told
            try:
                observer(event)
            except Exception as error:
                self._detach(observer, error)

    def _detach(self, observer: Observer, error: Exception) -> None:
        self.observers = [other for other in self.observers if other is not observer]
        self.run.lost(error)
        self.tell(events.ObserverDetached(trio.current_time(), repr(observer), error))

    # --- what happens ---

    def run_started(self, workflow: str) -> None:
        if self.observers:
            self.tell(events.RunStarted(trio.current_time(), workflow))

    def run_ended(self, status: str, error: BaseException | None) -> None:
        if self.observers:
            self.tell(events.RunEnded(trio.current_time(), status, error))

    def context_opened(self, context: Context) -> None:
        parent = context.parent.id if context.parent is not None else -1
        self.tell(events.ContextOpened(trio.current_time(), context.id, context.kind.value, parent, context))

    def context_closed(self, context: Context) -> None:
        self.tell(events.ContextClosed(trio.current_time(), context.id, context.kind.value))

    def thread_started(self, thread: FlowThread) -> None:
        self.tell(events.ThreadStarted(trio.current_time(), thread.id, thread.context.id, thread.index))

    def thread_ended(self, thread: FlowThread) -> None:
        self.tell(events.ThreadEnded(trio.current_time(), thread.id, thread.state.value))

    def node_started(self, activation: Any) -> None:
        if self.check_values:
            self.before[id(activation)] = [(value, frozen_copy(value)) for value in activation.thread.values if _is_container(value)]
        if self.observers:
            node, thread = activation.node, activation.thread
            self.tell(events.NodeStarted(trio.current_time(), node.id, node.workflow.name, thread.id, thread.values))

    def node_ended(self, node: Any, thread: FlowThread, outcome: str, output: str | None) -> None:
        self.tell(events.NodeEnded(trio.current_time(), node.id, node.workflow.name, thread.id, outcome, output))

    def node_failed(self, node: Any, thread: FlowThread, error: BaseException) -> None:
        self.tell(events.NodeFailedEvent(trio.current_time(), node.id, node.workflow.name, thread.id, error))

    def output_set(self, node: Any, thread: FlowThread, output: str, value: Any) -> None:
        self.tell(events.OutputSet(trio.current_time(), node.id, node.workflow.name, thread.id, output, value))

    def data_evaluated(self, node: Any, thread: FlowThread) -> None:
        self.tell(events.DataEvaluated(trio.current_time(), node.id, node.workflow.name, thread.id))

    def feedback(self, node: Any, thread: FlowThread, message: str, level: str, data: Any) -> None:
        name = node.workflow.name
        self.tell(events.Feedback(trio.current_time(), node.id, name, thread.id, message, level, data))

    # --- the check mode ---

    def values_unchanged(self, activation: Any) -> None:
        """Raise `ValueChanged` if the body changed a list or dict that it was given."""
        for value, before in self.before.pop(id(activation), ()):
            if frozen_copy(value) != before:
                raise ValueChanged(
                    f"node {activation.node.id!r} ({activation.node.type.name}) changed a value in place; "
                    "values are shared: build a new list or dict instead"
                )


def _is_container(value: Any) -> bool:
    return isinstance(value, list | dict)


def frozen_copy(value: Any) -> list[tuple[Any, ...]]:
    """What a structure of lists and dicts looks like: for comparing it with itself later. Iterative."""
    shape: list[tuple[Any, ...]] = []
    todo = [value]
    seen: set[int] = set()
    while todo:
        item = todo.pop()
        if id(item) in seen:
            shape.append(("again", id(item)))
        elif isinstance(item, list | tuple):
            seen.add(id(item))
            shape.append(("list", len(item), *(id(part) for part in item)))
            todo.extend(item)
        elif isinstance(item, dict):
            seen.add(id(item))
            shape.append(("dict", *item, *(id(part) for part in item.values())))
            todo.extend(item.values())
    return shape
