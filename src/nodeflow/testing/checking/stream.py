"""T1 to T6 as an onlooker sees them: checkers of the events that an observer is told.

They know nothing of the machine, only what `nodeflow.observers` says of the events. A run that was watched from its
start to its end is a list of events, from `RunStarted` to `RunEnded`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

from nodeflow import observers as seen
from nodeflow.graph import CompiledGraph
from nodeflow.machine.states import InvariantBroken
from nodeflow.runtime.handle import Compiled

FanIns = Collection[tuple[str, str]]
"""The fan-ins of a document: workflow and node id of each."""

PROCESS: Final = "ProcessContext"
WORKFLOW: Final = "WorkflowContext"
FAN_OUT: Final = "FanOutInContext"


def holds(true: object, invariant: str, said: str) -> None:
    """Raise `InvariantBroken` unless it is true."""
    if not true:
        raise InvariantBroken(f"{invariant}: {said}")


def fan_ins_of(compiled: Compiled | CompiledGraph) -> FanIns:
    """The fan-ins of what `nodeflow.compile` returned: workflow and node id of each."""
    graph = compiled._graph if isinstance(compiled, Compiled) else compiled
    return {
        (workflow.name, node.id)
        for workflow in graph.workflows.values()
        for node in workflow.nodes.values()
        if node.is_join
    }


class Watched:
    """What an observer is told, followed event by event.

    Args:
        fan_ins: The nodes for which T5 is checked; see `fan_ins_of`.

    Attributes:
        contexts, threads: The events with which each opened and started, by id.
        open: Ids of the open contexts.
        live: The activations that wait in each live flow thread, the innermost last.
        failed_in: Ids of the contexts in which a flow thread failed.
        cancelled: Ids of the flow threads that were cancelled.
    """

    def __init__(self, fan_ins: FanIns = ()) -> None:
        self.fan_ins = fan_ins
        self.contexts: dict[int, seen.ContextOpened] = {}
        self.open: set[int] = set()
        self.children: Counter[int] = Counter()
        self.threads: dict[int, seen.ThreadStarted] = {}
        self.live: dict[int, list[tuple[str, str]]] = {}
        self.in_context: Counter[int] = Counter()
        self.failed_in: set[int] = set()
        self.cancelled: list[int] = []
        self._behind: Counter[int] = Counter()

    def see(self, event: seen.Event) -> None:
        """Follow one more event.

        Raises:
            InvariantBroken: One of T1 to T6 does not hold.
        """
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def _context_opened(self, e: seen.ContextOpened) -> None:
        holds(e.context not in self.contexts, "T6", f"context {e.context} opened twice")
        holds((e.parent == -1) == (e.kind == PROCESS), "T4", f"{e.kind} {e.context} has the parent {e.parent}")
        if e.parent != -1:
            holds(e.parent in self.open, "T1", f"context {e.context} opened below {e.parent}, which is not open")
            above = self.contexts[e.parent].kind
            holds(above != PROCESS or e.kind == WORKFLOW, "T4", f"{above} is the parent of {e.kind} {e.context}")
        self.contexts[e.context] = e
        self.open.add(e.context)
        self.children[e.parent] += 1

    def _context_closed(self, e: seen.ContextClosed) -> None:
        holds(e.context in self.open, "T6", f"context {e.context} closed, and is not open")
        holds(not self.in_context[e.context], "T1", f"context {e.context} closed before its flow threads")
        holds(not self.children[e.context], "T1", f"context {e.context} closed before its contexts")
        self.open.remove(e.context)
        self.children[self.contexts[e.context].parent] -= 1
        if e.kind == FAN_OUT:
            self._behind[_opener(self.contexts[e.context])] += 1

    def _thread_started(self, e: seen.ThreadStarted) -> None:
        holds(e.thread not in self.threads, "T6", f"flow thread {e.thread} started twice")
        holds(e.context in self.open, "T3", f"flow thread {e.thread} started in {e.context}, which is not open")
        self.threads[e.thread] = e
        self.live[e.thread] = []
        self.in_context[e.context] += 1

    def _thread_ended(self, e: seen.ThreadEnded) -> None:
        holds(e.thread in self.live, "T6", f"flow thread {e.thread} ended, and does not live")
        left = self.live.pop(e.thread)
        holds(not left, "T6", f"flow thread {e.thread} ended before its activations {left}")
        outcomes = ("returned", "failed", "cancelled")
        holds(e.outcome in outcomes, "T6", f"flow thread {e.thread} ended as {e.outcome!r}")
        context = self.threads[e.thread].context
        self.in_context[context] -= 1
        if e.outcome == "failed":
            self.failed_in.add(context)
        elif e.outcome == "cancelled":
            self.cancelled.append(e.thread)

    def _node_started(self, e: seen.NodeStarted) -> None:
        where = self.live.get(e.thread)
        if where is None:
            raise InvariantBroken(f"T3: node {e.node!r} began in flow thread {e.thread}, which does not live")
        place = (e.workflow, e.node)
        where.append(place)
        if place in self.fan_ins:
            said = f"fan-in {e.node!r} goes on in flow thread {e.thread}, behind no context that this opened and closed"
            holds(self._behind[e.thread], "T5", said)
            self._behind[e.thread] -= 1

    def _node_ended(self, e: seen.NodeEnded) -> None:
        where = self.live.get(e.thread)
        if not where:
            raise InvariantBroken(f"T6: node {e.node!r} ended in flow thread {e.thread}, where nothing began")
        top = where.pop()
        holds(top == (e.workflow, e.node), "T6", f"node {e.node!r} ended before {top}, which it spans (2.8)")
        outcomes = ("returned", "failed", "unwound", "cancelled")
        holds(e.outcome in outcomes, "T6", f"node {e.node!r} ended as {e.outcome!r}")

    def _run_ended(self, e: seen.RunEnded) -> None:
        left = [self.contexts[context] for context in self.open]
        holds(not left, "T6", f"the run is over and {left} never closed")
        holds(not self.live, "T6", f"the run is over and flow threads {list(self.live)} never ended")


_HANDLERS: dict[type, Callable[[Watched, Any], None]] = {
    seen.ContextOpened: Watched._context_opened,
    seen.ContextClosed: Watched._context_closed,
    seen.ThreadStarted: Watched._thread_started,
    seen.ThreadEnded: Watched._thread_ended,
    seen.NodeStarted: Watched._node_started,
    seen.NodeEnded: Watched._node_ended,
    seen.RunEnded: Watched._run_ended,
}


def _opener(event: seen.ContextOpened) -> int:
    """Id of the flow thread that opened the context."""
    opener = event._opened.opener
    return 0 if opener is None else int(opener.id)


def check_events(events: Sequence[seen.Event], fan_ins: FanIns = ()) -> Watched:
    """Follow all events of a run that has ended.

    Args:
        events: From `RunStarted` to `RunEnded`, all of them, in their order.
        fan_ins: The nodes for which T5 is checked; see `fan_ins_of`.

    Raises:
        InvariantBroken: One of T1 to T6 does not hold.

    >>> import nodeflow as nf
    >>> from nodeflow.library import flow
    >>> wf = nf.Workflow("main")
    >>> _ = wf.add(flow.start) >> wf.add(flow.print, value=1)
    >>> events = []
    >>> _ = nf.run_sync(wf, observers=[events.append])
    >>> len(check_events(events).threads)
    1
    """
    holds(events and isinstance(events[0], seen.RunStarted), "T6", "the events do not begin with the start of a run")
    holds(isinstance(events[-1], seen.RunEnded), "T6", "the events do not end with the end of a run")
    detached = [event for event in events if isinstance(event, seen.ObserverDetached)]
    if detached:
        raise ValueError(f"an observer raised, and so not all events are there: {detached[0]}")
    watched = Watched(fan_ins)
    for event in events:
        watched.see(event)
    return watched


def joins_go_on_once(events: Iterable[seen.Event], fan_ins: FanIns) -> int:
    """T5: what follows a join begins once for each context that its own flow thread opened, and after that has closed.

    Returns how many joins went on.

    Raises:
        InvariantBroken: One went on too early, too often or elsewhere.
    """
    able: Counter[int] = Counter()
    openers: dict[int, int] = {}
    went_on = 0
    for event in events:
        if isinstance(event, seen.ContextOpened):
            openers[event.context] = _opener(event)
        elif isinstance(event, seen.ContextClosed) and event.kind == FAN_OUT:
            able[openers[event.context]] += 1
        elif isinstance(event, seen.NodeStarted) and (event.workflow, event.node) in fan_ins:
            said = f"fan-in {event.node!r} goes on in flow thread {event.thread} behind nothing that has closed"
            holds(able[event.thread], "T5", said)
            able[event.thread] -= 1
            went_on += 1
    return went_on


History = list[tuple[Any, ...]]


def histories(events: Iterable[seen.Event]) -> dict[tuple[str, int], History]:
    """What each flow thread did, by the path of its context and its number there (T7).

    A history is a list of `("start", node, inputs)`, `("set", node, output, value)`, `("end", node, outcome, output)`
    and, at its end, `("over", outcome)`. Paths are the same under every schedule, ids are not.

    Raises:
        InvariantBroken: Two flow threads have one path and number.
    """
    contexts: dict[int, str] = {}
    threads: dict[int, tuple[str, int]] = {}
    found: dict[tuple[str, int], History] = {}
    for e in events:
        if isinstance(e, seen.ContextOpened):
            contexts[e.context] = e.path
        elif isinstance(e, seen.ThreadStarted):
            place = threads[e.thread] = contexts[e.context], e.index
            holds(place not in found, "T6", f"two flow threads are number {e.index} of {contexts[e.context]!r}")
            found[place] = []
        elif isinstance(e, seen.NodeStarted):
            found[threads[e.thread]].append(("start", e.node, tuple(e.inputs)))
        elif isinstance(e, seen.OutputSet):
            found[threads[e.thread]].append(("set", e.node, e.output, e.value))
        elif isinstance(e, seen.NodeEnded):
            found[threads[e.thread]].append(("end", e.node, e.outcome, e.output))
        elif isinstance(e, seen.ThreadEnded):
            found[threads[e.thread]].append(("over", e.outcome))
    return found


def cancelled_for_cause(events: Sequence[seen.Event]) -> int:
    """T2, where nothing but a failure cancels: who was cancelled is below a context in which a flow thread failed.

    Returns how many were cancelled.

    Raises:
        InvariantBroken: One was cancelled without that cause, or another of T1 to T6 does not hold.
    """
    watched = check_events(events)
    for thread in watched.cancelled:
        context, above = watched.threads[thread].context, []
        while context != -1:
            above.append(context)
            context = watched.contexts[context].parent
        said = f"flow thread {thread} was cancelled, and no flow thread failed in a context around it"
        holds(watched.failed_in.intersection(above), "T2", said)
    return len(watched.cancelled)


def failed_together(events: Iterable[seen.Event]) -> bool:
    """Whether a flow thread failed that was not alone in its context: T7 leaves out a run that catches that."""
    started: Counter[int] = Counter()
    where: dict[int, int] = {}
    failed: list[int] = []
    for e in events:
        if isinstance(e, seen.ThreadStarted):
            started[e.context] += 1
            where[e.thread] = e.context
        elif isinstance(e, seen.ThreadEnded) and e.outcome == "failed":
            failed.append(where[e.thread])
    return any(started[context] > 1 for context in failed)
