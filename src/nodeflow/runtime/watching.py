"""Tells observers what happens, synchronously; and checks that bodies change nothing in place (3.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import attrs

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
        self.now = run.kernel.current_time
        self.observers = list(observers)
        self.check_values = check_values
        self.before: dict[int, list[Shape]] = {}

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
        self.tell(events.ObserverDetached(self.now(), repr(observer), error))

    # --- what happens ---

    def run_started(self, workflow: str) -> None:
        if self.observers:
            self.tell(events.RunStarted(self.now(), workflow))

    def run_ended(self, status: str, error: BaseException | None) -> None:
        if self.observers:
            self.tell(events.RunEnded(self.now(), status, error))

    def context_opened(self, context: Context) -> None:
        parent = context.parent.id if context.parent is not None else -1
        self.tell(events.ContextOpened(self.now(), context.id, context.kind.value, parent, context))

    def context_closed(self, context: Context) -> None:
        self.tell(events.ContextClosed(self.now(), context.id, context.kind.value))

    def thread_started(self, thread: FlowThread) -> None:
        self.tell(events.ThreadStarted(self.now(), thread.id, thread.context.id, thread.index))

    def thread_ended(self, thread: FlowThread) -> None:
        self.tell(events.ThreadEnded(self.now(), thread.id, thread.state.value))

    def node_started(self, activation: Any) -> None:
        self.given(activation, activation.thread.values)
        if self.observers:
            node, thread = activation.node, activation.thread
            self.tell(events.NodeStarted(self.now(), node.id, node.workflow.name, thread.id, thread.values))

    def node_ended(self, node: Any, thread: FlowThread, outcome: str, output: str | None) -> None:
        self.tell(events.NodeEnded(self.now(), node.id, node.workflow.name, thread.id, outcome, output))

    def node_failed(self, node: Any, thread: FlowThread, error: BaseException) -> None:
        self.tell(events.NodeFailedEvent(self.now(), node.id, node.workflow.name, thread.id, error))

    def output_set(self, node: Any, thread: FlowThread, output: str, value: Any) -> None:
        self.tell(events.OutputSet(self.now(), node.id, node.workflow.name, thread.id, output, value))

    def state_set(self, node: Any, thread: FlowThread, state: str, value: Any) -> None:
        if self.observers:
            self.tell(events.StateSet(self.now(), node.id, node.workflow.name, thread.id, state, value))

    def data_evaluated(self, node: Any, thread: FlowThread) -> None:
        self.tell(events.DataEvaluated(self.now(), node.id, node.workflow.name, thread.id))

    def feedback(self, node: Any, thread: FlowThread, message: str, level: str, data: Any) -> None:
        name = node.workflow.name
        self.tell(events.Feedback(self.now(), node.id, name, thread.id, message, level, data))

    # --- the check mode ---

    def given(self, body: object, values: Iterable[Any]) -> None:
        """In check mode: remember what lists and dicts look like that a body gets now."""
        if self.check_values:
            shapes = [shape for value in values if (shape := shape_of(value))]
            self.before.setdefault(id(body), []).extend(shapes)

    def unchanged(self, body: object, node: Any) -> None:
        """Raise `ValueChanged` if a body changed something that it was given."""
        if not self.check_values:
            return
        for shape in self.before.pop(id(body), ()):
            for container, parts in shape:
                now = parts_of(container)
                if now is None or len(now) != len(parts) or any(a is not b for a, b in zip(now, parts, strict=True)):
                    raise ValueChanged(
                        f"node {node.id!r} ({node.type.name}) changed a value in place; "
                        "values are shared: build a new list or dict instead"
                    )


Shape = list[tuple[Any, list[Any]]]
"""The containers in a value, and what each holds: kept alive, so that identity means something."""


def parts_of(value: Any) -> list[Any] | None:
    """What a container holds; None for anything else."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        return [*value, *value.values()]
    if attrs.has(type(value)):
        return [getattr(value, field.name) for field in attrs.fields(type(value))]
    return None


def shape_of(value: Any) -> Shape:
    """All containers in a value, however deep; iterative."""
    shape: Shape = []
    todo = [value]
    seen: set[int] = set()
    while todo:
        item = todo.pop()
        parts = None if id(item) in seen else parts_of(item)
        if parts is not None:
            seen.add(id(item))
            shape.append((item, parts))
            todo.extend(parts)
    return shape
