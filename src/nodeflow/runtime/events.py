"""What observers are told. Plain slotted objects, read-only by contract; made only when somebody listens."""

from __future__ import annotations

from typing import Any


class Event:
    """One thing that happened in a run. `time` is trio's clock, in seconds."""

    __slots__ = ("time",)

    def __init__(self, time: float) -> None:
        self.time = time

    def __repr__(self) -> str:
        names = [
            n for c in reversed(type(self).__mro__) for n in getattr(c, "__slots__", ()) if n != "time" and n[0] != "_"
        ]
        return f"{type(self).__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in names)})"


class RunStarted(Event):
    __slots__ = ("workflow",)

    def __init__(self, time: float, workflow: str) -> None:
        self.time = time
        self.workflow = workflow


class RunEnded(Event):
    """`status` as in `Result.status`; `error` is what it failed with."""

    __slots__ = ("error", "status")

    def __init__(self, time: float, status: str, error: BaseException | None) -> None:
        self.time = time
        self.status = status
        self.error = error


class ContextOpened(Event):
    """`parent` is the id of the context around it, -1 for the `ProcessContext`."""

    __slots__ = ("_opened", "context", "kind", "parent")

    def __init__(self, time: float, context: int, kind: str, parent: int, opened: Any) -> None:
        self.time = time
        self.context = context
        self.kind = kind
        self.parent = parent
        self._opened = opened

    @property
    def path(self) -> str:
        """As `main/fan_a#2[1]`; made when somebody reads it."""
        return str(self._opened.path())


class ContextClosed(Event):
    __slots__ = ("context", "kind")

    def __init__(self, time: float, context: int, kind: str) -> None:
        self.time = time
        self.context = context
        self.kind = kind


class ThreadStarted(Event):
    """`index` is its place in the context: number of the branch, slice, item, entry or listener."""

    __slots__ = ("context", "index", "thread")

    def __init__(self, time: float, thread: int, context: int, index: int) -> None:
        self.time = time
        self.thread = thread
        self.context = context
        self.index = index


class ThreadEnded(Event):
    """`outcome` is `returned`, `failed` or `cancelled`."""

    __slots__ = ("outcome", "thread")

    def __init__(self, time: float, thread: int, outcome: str) -> None:
        self.time = time
        self.thread = thread
        self.outcome = outcome


class NodeStarted(Event):
    """An activation began. `inputs` are the values that its body gets, in the order of its parameters."""

    __slots__ = ("inputs", "node", "thread", "workflow")

    def __init__(self, time: float, node: str, workflow: str, thread: int, inputs: Any) -> None:
        self.time = time
        self.node = node
        self.workflow = workflow
        self.thread = thread
        self.inputs = inputs


class NodeEnded(Event):
    """An activation ended: `outcome` is `returned`, `failed`, `unwound` or `cancelled`; `output` the exec output."""

    __slots__ = ("node", "outcome", "output", "thread", "workflow")

    def __init__(self, time: float, node: str, workflow: str, thread: int, outcome: str, output: str | None) -> None:
        self.time = time
        self.node = node
        self.workflow = workflow
        self.thread = thread
        self.outcome = outcome
        self.output = output


class NodeFailedEvent(Event):
    """A body, or the evaluation of a data node, failed. Seen once per failure, where it happened (10.1)."""

    __slots__ = ("error", "node", "thread", "workflow")

    def __init__(self, time: float, node: str, workflow: str, thread: int, error: BaseException) -> None:
        self.time = time
        self.node = node
        self.workflow = workflow
        self.thread = thread
        self.error = error


class OutputSet(Event):
    """A body wrote a data output."""

    __slots__ = ("node", "output", "thread", "value", "workflow")

    def __init__(self, time: float, node: str, workflow: str, thread: int, output: str, value: Any) -> None:
        self.time = time
        self.node = node
        self.workflow = workflow
        self.thread = thread
        self.output = output
        self.value = value


class StateSet(Event):
    """A body wrote what its node remembers; `state` is the name of the parameter."""

    __slots__ = ("node", "state", "thread", "value", "workflow")

    def __init__(self, time: float, node: str, workflow: str, thread: int, state: str, value: Any) -> None:
        self.time = time
        self.node = node
        self.workflow = workflow
        self.thread = thread
        self.state = state
        self.value = value


class DataEvaluated(Event):
    """A data node was evaluated (not: its value was reused)."""

    __slots__ = ("node", "thread", "workflow")

    def __init__(self, time: float, node: str, workflow: str, thread: int) -> None:
        self.time = time
        self.node = node
        self.workflow = workflow
        self.thread = thread


class Feedback(Event):
    """`ctx.feedback`, and what print nodes print (level `print`)."""

    __slots__ = ("data", "level", "message", "node", "thread", "workflow")

    def __init__(self, time: float, node: str, workflow: str, thread: int, message: str, level: str, data: Any) -> None:
        self.time = time
        self.node = node
        self.workflow = workflow
        self.thread = thread
        self.message = message
        self.level = level
        self.data = data


class ObserverDetached(Event):
    """An observer raised and will not be told anything more."""

    __slots__ = ("error", "observer")

    def __init__(self, time: float, observer: str, error: BaseException) -> None:
        self.time = time
        self.observer = observer
        self.error = error
