"""What a run looked like from outside: held against the invariants of semantics 5."""

from __future__ import annotations

from typing import Any

import trio
from tree_kit import Log

import nodeflow as nf
from nodeflow.runtime.driver import Driver

# --- what a run looked like from outside ---

PARENTS = {
    "ProcessContext": set(),
    "WorkflowContext": {"ProcessContext", "WorkflowContext", "FanOutInContext", "BatchContext", "StreamContext"},
    "FanOutInContext": {"WorkflowContext", "FanOutInContext", "BatchContext", "StreamContext"},
    "BatchContext": {"WorkflowContext", "FanOutInContext", "BatchContext", "StreamContext"},
    "StreamContext": {"WorkflowContext", "FanOutInContext", "BatchContext", "StreamContext"},
}


class Audit:
    """An observer that holds a run against the invariants of semantics 5, event by event."""

    def __init__(self) -> None:
        self.kinds: dict[int, str] = {}
        self.parents: dict[int, int] = {}
        self.paths: dict[int, str] = {}
        self.open: set[int] = set()
        self.home: dict[int, tuple[int, int]] = {}
        self.live: set[int] = set()
        self.ended: dict[int, str] = {}
        self.running: dict[int, list[str]] = {}
        self.history: dict[int, list[Any]] = {}
        self.problems: list[str] = []

    def __call__(self, event: nf.observers.Event) -> None:
        check = getattr(self, "_" + type(event).__name__, None)
        if check is not None:
            check(event)

    def claim(self, true: bool, said: str) -> None:
        if not true:
            self.problems.append(said)

    def _ContextOpened(self, event: Any) -> None:
        id, kind = event.context, event.kind
        self.claim(id not in self.kinds, f"T6: context {id} opened twice")
        if kind != "ProcessContext":
            above = self.kinds.get(event.parent)
            self.claim(above in PARENTS[kind], f"T4: {kind} below {above}")
            self.claim(event.parent in self.open, f"T1: context {id} opened below a closed one")
        self.kinds[id], self.parents[id], self.paths[id] = kind, event.parent, event.path
        self.open.add(id)

    def _ContextClosed(self, event: Any) -> None:
        id = event.context
        self.claim(id in self.open, f"T6: context {id} closed, but is not open")
        self.open.discard(id)
        left = [thread for thread in self.live if self.home[thread][0] == id]
        self.claim(not left, f"T1: context {id} closed before its threads {left}")
        below = [child for child in self.open if self.parents[child] == id]
        self.claim(not below, f"T1: context {id} closed before its children {below}")

    def _ThreadStarted(self, event: Any) -> None:
        self.claim(event.context in self.open, f"T3: thread {event.thread} started in a closed context")
        self.claim(event.thread not in self.home, f"T6: thread {event.thread} started twice")
        self.home[event.thread] = (event.context, event.index)
        self.live.add(event.thread)

    def _ThreadEnded(self, event: Any) -> None:
        self.claim(event.thread in self.live, f"T6: thread {event.thread} ended, but does not live")
        self.claim(not self.running.get(event.thread), f"T6: thread {event.thread} ended before its activations")
        self.live.discard(event.thread)
        self.ended[event.thread] = event.outcome

    def _NodeStarted(self, event: Any) -> None:
        self.claim(event.thread in self.live, f"T3: {event.node} started in thread {event.thread}, which does not live")
        self.running.setdefault(event.thread, []).append(event.node)
        given = [value for value in event.inputs if isinstance(value, int | float | str | list | dict | None)]
        self.history.setdefault(event.thread, []).append((event.node, given))

    def _OutputSet(self, event: Any) -> None:
        self.history.setdefault(event.thread, []).append((event.node, event.output, event.value))

    def _NodeEnded(self, event: Any) -> None:
        waiting = self.running.get(event.thread) or [""]
        last = waiting.pop()
        self.claim(last == event.node, f"T6: in thread {event.thread} {event.node} ended, but {last!r} began last")

    def thread_path(self, thread: int) -> str:
        context, index = self.home[thread]
        return f"{self.paths[context]} {index}"

    def histories(self) -> dict[str, list[Any]]:
        """What each thread did, by its path (T7)."""
        return {self.thread_path(thread): done for thread, done in self.history.items()}

    def done(self) -> None:
        """The run is over: nothing may be left."""
        assert not self.problems, self.problems
        assert not self.open, f"T6: contexts {self.open} were never closed"
        assert not self.live, f"T3: threads {self.live} live after the run"
        assert not any(self.running.values()), f"T6: activations never ended: {self.running}"
        assert self.home.keys() == self.ended.keys(), (self.home, self.ended)


def flatten(view: nf.ContextView) -> list[nf.ContextView]:
    found, todo = [], [view]
    while todo:
        context = todo.pop()
        found.append(context)
        todo.extend(context.children)
    return found


def nurseries(root: trio.lowlevel.Task) -> list[trio.Nursery]:
    found, todo = [], [root]
    while todo:
        for nursery in todo.pop().child_nurseries:
            found.append(nursery)
            todo.extend(nursery.child_tasks)
    return found


@nf.exec_node("ct.count_tasks")
def count_tasks(ctx: nf.NodeContext) -> None:
    """Log how many flow threads have a task."""
    root = trio.lowlevel.current_root_task()
    assert root is not None
    tasks = [task for nursery in nurseries(root) for task in nursery.child_tasks]
    ctx.service(Log).lines.append(sum(isinstance(task.coro, Driver) for task in tasks))


class Order:
    """An observer that keeps the order in which activations began."""

    def __init__(self) -> None:
        self.nodes: list[tuple[str, int]] = []

    def __call__(self, event: Any) -> None:
        if isinstance(event, nf.observers.NodeStarted):
            self.nodes.append((event.node, event.thread))

