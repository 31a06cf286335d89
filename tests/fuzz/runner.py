"""Runs a document on real trio under a drawn schedule, and checks of what was seen that T1-T6 hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import fuzz_nodes as fz
import trio
from attrs import define, field
from trio.testing import MockClock

import nodeflow as nf
from nodeflow import observers as seen
from nodeflow.machine import ContextState
from nodeflow.machine.states import RunState
from nodeflow.testing.reference import histories
from nodeflow.testing.schedules import order_of, scheduled

LIMITS = nf.Limits(steps=200_000, deadline=1e6)
"""Far more than a drawn document needs: who hits one of these hangs or runs away."""


@define
class Setup:
    """How a document is run."""

    schedule: Sequence[int] = ()
    elide: bool = True
    watched: bool = True
    fuel: int | None = None
    check_values: bool = False
    limits: nf.Limits = LIMITS
    cleanup_timeout: float = 5.0


@define
class Outcome:
    """What a run was seen to do."""

    result: Any
    events: list[Any] = field(factory=list)
    seen: Counter[Any] = field(factory=Counter)
    raised: BaseException | None = None

    @property
    def order(self) -> tuple[int, ...]:
        """The schedule, as far as anybody can tell: which flow thread's activation began when."""
        return order_of(self.events)

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of contexts that were opened; a gosub's or a delivery's apart from the outermost workflow's."""
        opened = [e for e in self.events if isinstance(e, seen.ContextOpened) and e.kind != "ProcessContext"]
        return frozenset(e.kind if e.parent else "main" for e in opened)


Killer = Callable[[nf.RunHandle, "Outcome"], Any]


def run(compiled: nf.Compiled, setup: Setup, host: Any = None) -> Outcome:
    """Run to the end, check that nothing is left, and check what observers saw.

    Args:
        host: `await host(open_run, outcome)` runs it some other way, and returns the handle's inner run.
    """
    fz_left = fz.Fuse.left, fz.Fuse.error
    fz.reset()
    fz.Fuse.left, fz.Fuse.error = fz_left
    outcome = Outcome(None)

    async def main() -> None:
        opened = compiled.open_run(
            limits=setup.limits, elide=setup.elide, check_values=setup.check_values,
            cleanup_timeout=setup.cleanup_timeout, capacities={"seats": 1},
            observers=[outcome.events.append] if setup.watched else [],
        )  # fmt: skip
        inner = opened._run
        before = tasks()
        if host is not None:
            await host(opened, outcome)
        else:
            async with opened as handle:
                outcome.result = await handle.wait()
        assert tasks() == before, "tasks are left"
        nothing_left(inner)

    with scheduled(setup.schedule, setup.fuel):
        trio.run(main, clock=MockClock(autojump_threshold=0))
    outcome.seen = Counter((tag, repr(values)) for tag, values in fz.SEEN)
    assert fz.Instances.open == 0, "resources are open"
    if setup.watched:
        check_events(outcome.events)
    return outcome


def tasks() -> set[str]:
    """Names of all tasks that live."""
    root = trio.lowlevel.current_root_task()
    found, todo = set(), [root]
    while todo:
        task = todo.pop()
        assert task is not None
        found.add(f"{task.name} {id(task)}")
        todo.extend(child for nursery in task.child_nurseries for child in nursery.child_tasks)
    return found


def nothing_left(run: Any) -> None:
    """T1, T3, T6 at the end of a run, asked of the machine."""
    machine = run.machine
    assert machine.live == 0
    assert not machine.root.children
    assert not machine.root.threads
    if machine.state is not RunState.NEW:
        assert machine.root.state is ContextState.CLOSED
        assert machine.state not in (RunState.RUNNING, RunState.STOPPING)
    assert not run.nurseries
    assert machine.spinning == 0, "the count of spinning threads is off"
    assert not run.resources.opened
    assert not run.lost_errors, run.lost_errors


class Watched:
    """What observers are told, followed event by event: T1-T6 as an onlooker sees them."""

    def __init__(self) -> None:
        self.contexts: dict[int, seen.ContextOpened] = {}
        self.open: set[int] = set()
        self.children: Counter[int] = Counter()
        self.threads: dict[int, seen.ThreadStarted] = {}
        self.live: dict[int, list[Any]] = {}
        self.in_context: Counter[int] = Counter()
        self.failed_in: set[int] = set()
        self.cancelled: list[int] = []

    def context_opened(self, e: Any) -> None:
        assert e.context not in self.contexts, "T6: opened twice"
        assert e.parent == -1 or e.parent in self.open, "T1: opened below what is not open"
        assert (e.parent == -1) == (e.kind == "ProcessContext"), "T4"
        if e.parent != -1:
            assert self.contexts[e.parent].kind != "ProcessContext" or e.kind == "WorkflowContext", "T4"
        self.contexts[e.context] = e
        self.open.add(e.context)
        self.children[e.parent] += 1

    def context_closed(self, e: Any) -> None:
        assert e.context in self.open, "T6: closed, and is not open"
        assert not self.in_context[e.context], "T1: closed before its flow threads"
        assert not self.children[e.context], "T1: closed before its contexts"
        self.open.remove(e.context)
        self.children[self.contexts[e.context].parent] -= 1

    def thread_started(self, e: Any) -> None:
        assert e.thread not in self.threads, "T6: a thread started twice"
        assert e.context in self.open, "T3: a thread started in no open context"
        self.threads[e.thread] = e
        self.live[e.thread] = []
        self.in_context[e.context] += 1

    def thread_ended(self, e: Any) -> None:
        assert e.thread in self.live, f"T6: thread {e.thread} ended, and does not live"
        assert not self.live[e.thread], f"T6: thread {e.thread} ended before {self.live[e.thread]}"
        assert e.outcome in ("returned", "failed", "cancelled")
        del self.live[e.thread]
        context = self.threads[e.thread].context
        self.in_context[context] -= 1
        if e.outcome == "failed":
            self.failed_in.add(context)
        elif e.outcome == "cancelled":
            self.cancelled.append(e.thread)

    def node_started(self, e: Any) -> None:
        assert e.thread in self.live, "T3: an activation in no live thread"
        self.live[e.thread].append((e.workflow, e.node))

    def node_ended(self, e: Any) -> None:
        assert self.live.get(e.thread), f"T6: {e.node} ended in thread {e.thread}, where nothing began"
        top = self.live[e.thread].pop()
        assert top == (e.workflow, e.node), f"2.8: {e.node} ended before {top}, which it spans"
        assert e.outcome in ("returned", "failed", "unwound", "cancelled")

    def end(self) -> None:
        assert not self.open, f"T6: never closed: {[self.contexts[c] for c in self.open]}"
        assert not self.live, f"T6: never ended: {list(self.live)}"


HANDLERS: dict[type, Callable[[Watched, Any], None]] = {
    seen.ContextOpened: Watched.context_opened,
    seen.ContextClosed: Watched.context_closed,
    seen.ThreadStarted: Watched.thread_started,
    seen.ThreadEnded: Watched.thread_ended,
    seen.NodeStarted: Watched.node_started,
    seen.NodeEnded: Watched.node_ended,
}


def check_events(events: list[Any]) -> Watched:
    """Follow all events of a run, which has ended; raises `AssertionError` where an invariant does not hold."""
    watched = Watched()
    assert isinstance(events[0], seen.RunStarted)
    assert isinstance(events[-1], seen.RunEnded)
    assert not [e for e in events if isinstance(e, seen.ObserverDetached)]
    for event in events:
        handler = HANDLERS.get(type(event))
        if handler is not None:
            handler(watched, event)
    watched.end()
    joins_go_on_once(events, watched)
    return watched


def joins_go_on_once(events: list[Any], watched: Watched) -> None:
    """T5: behind a join once for each context that its opener opened, and after that has closed."""
    closed: Counter[str] = Counter()
    for event in events:
        if isinstance(event, seen.ContextClosed) and event.kind == "FanOutInContext":
            closed[watched.contexts[event.context].path.rpartition("/")[0]] += 1
        elif isinstance(event, seen.NodeStarted) and event.node.startswith("fan_in_"):
            thread = watched.threads[event.thread]
            path = watched.contexts[thread.context].path
            able = [p for p in (path, f"{path}[{thread.index}]") if closed[p]]
            assert able, f"T5: {event.node} goes on without a context of {path} that has closed"
            closed[able[0]] -= 1


def cancelled_for_cause(events: list[Any]) -> int:
    """T2, where nothing but a failure cancels: who was cancelled is in the subtree of a context where a thread failed.

    Returns how many were cancelled.
    """
    watched = check_events(events)
    for thread in watched.cancelled:
        context, above = watched.threads[thread].context, []
        while context != -1:
            above.append(context)
            context = watched.contexts[context].parent
        assert watched.failed_in.intersection(above), f"T2: thread {thread} was cancelled, and nothing above it failed"
    return len(watched.cancelled)


def failed_together(events: list[Any]) -> bool:
    """Whether a flow thread failed that was not alone in its context: T7 leaves out what catches that."""
    started = Counter(e.context for e in events if isinstance(e, seen.ThreadStarted))
    where = {e.thread: e.context for e in events if isinstance(e, seen.ThreadStarted)}
    failed = [where[e.thread] for e in events if isinstance(e, seen.ThreadEnded) and e.outcome == "failed"]
    return any(started[context] > 1 for context in failed)
