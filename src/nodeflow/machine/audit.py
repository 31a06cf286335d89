"""An auditor that follows T1-T6 (semantics 5) beside the machine, with books of its own.

The machine, if it has one, tells it each fact about contexts and flow threads when that has become true. It believes
nothing that the machine counts or marks, but compares. It is told nothing of activations: that all of a thread's have
ended is seen when the thread ends. So its cost is one call per fact, a few tenths of a microsecond, and none per step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from nodeflow.machine.records import Context, ContextKind, FlowThread
from nodeflow.machine.states import THREAD_CANCELLED, THREAD_FAILED, THREAD_RETURNED, InvariantBroken

if TYPE_CHECKING:
    from nodeflow.machine.tree import Tree

REMEMBERED: Final = 64
"""How many facts are kept, to be told where one of them was wrong."""

# Reading a member from an enum class costs a call on Python 3.11, and so does hashing one.
PROCESS: Final = ContextKind.PROCESS
WORKFLOW: Final = ContextKind.WORKFLOW

_SAID: Final[Mapping[str, str]] = {
    "opened": "context {0} opened: {1.value} {2!r}",
    "closed": "context {0} closed",
    "cancelled": "context {0} cancelled",
    "joined": "flow thread {0} went on behind the join of context {1}",
    "passed": "the opener of context {0} went on behind it",
}


class Record:
    """What the auditor knows of a context. It lives as long as the context, and knows nothing of the machine's.

    Attributes:
        above: The record of the context around it.
        children: The open contexts below it, by id.
        born, ended: How many of its flow threads.
        doomed: It, or one around it, was cancelled.
        barred: No flow thread may start in it any more: it is doomed or closed.
        failed: A thread in it failed, which is reason to cancel it.
        deserted: A thread in it was cancelled from outside of the machine, which must then cancel it.
        joined, passed: What follows its join, and its opener, went on.
    """

    __slots__ = (
        "above", "barred", "born", "children", "closed", "depth", "deserted", "doomed", "ended", "failed", "joined",
        "passed",
    )  # fmt: skip

    def __init__(self, above: Record | None) -> None:
        self.above = above
        self.depth: int = 0 if above is None else above.depth + 1
        self.doomed: bool = above is not None and above.doomed
        self.barred: bool = self.doomed
        self.children: dict[int, Record] = {}
        self.born = self.ended = 0
        self.closed = self.failed = self.deserted = self.joined = self.passed = False


class Audit:
    """Follows one run.

    Args:
        machine: The machine of the run.
        tell: Is given the first violation, as an `InvariantBroken`; None: each is raised where it is found.

    Attributes:
        broken: The first violation; its notes are the facts that came before it.
        opened_contexts, closed_contexts, cancelled_threads, joins: How many there were.
        deepest: Depth of the deepest context, 0 for the `ProcessContext`.
        failed_together: A flow thread failed whose failure cancels others: T7 leaves out runs that catch it.
        over: The run has ended, and its books were closed.
    """

    def __init__(self, machine: Tree, tell: Callable[[InvariantBroken], object] | None = None) -> None:
        self.machine = machine
        self.tell = tell
        self.broken: InvariantBroken | None = None
        self.opened_contexts = self.closed_contexts = 0
        self.cancelled_threads = self.joins = self.deepest = 0
        self.failed_together = False
        self.over = False
        self._live: dict[int, Record] = {}
        self._newest = 0
        self._early: set[int] = set()
        self._facts: deque[tuple[Any, ...] | int] = deque(maxlen=REMEMBERED)
        """Of flow threads just the id, negative where it ended: most facts are of these."""

    # --- contexts ---

    def opened(self, context: Context) -> None:
        """Fact: a context has opened."""
        parent = context.parent
        self._facts.append(("opened", context.id, context.kind, context.opener_node))
        if context.audited is not None:
            self._wrong("T6", f"{context!r} opened twice", context)
            return
        above: Record | None = None if parent is None else parent.audited
        record = context.audited = Record(above)
        if parent is None:
            if context.kind is not PROCESS or self.opened_contexts:
                self._wrong("T4", f"{context!r} has no parent", context)
        else:
            self._placed(context, parent, record)
        if self._early and context.id in self._early:
            record.doomed = record.barred = True
        if context.doomed is not record.doomed:
            self._odd_doom(context, record)
        self.opened_contexts += 1
        if record.depth > self.deepest:
            self.deepest = record.depth

    def _placed(self, context: Context, parent: Context, record: Record) -> None:
        """T1 and T4: it lies where it may."""
        above = record.above
        if above is None or above.closed:
            self._wrong("T1", f"{context!r} opened below {parent!r}, which is not open", context)
            return
        opener = context.opener
        if context.kind is PROCESS or (parent.kind is PROCESS and context.kind is not WORKFLOW):
            self._wrong("T4", f"{parent!r} cannot be the parent of {context!r}", context)
        if context.depth != record.depth:
            self._wrong("T4", f"{context!r} has depth {context.depth}, and {parent!r} {above.depth}", context)
        if opener is not None:
            if opener.context is not parent:
                self._wrong("T4", f"{context!r} lies below {parent!r}, and {opener!r} opened it elsewhere", context)
            if self._live.get(opener.id) is not above:
                self._wrong("T3", f"{opener!r} opened {context!r}, and does not live in {parent!r}", context)
        above.children[context.id] = record

    def closed(self, context: Context) -> None:
        """Fact: a context has closed."""
        self._facts.append(("closed", context.id))
        record: Record | None = context.audited
        if record is None or record.closed:
            self._wrong("T6", f"{context!r} closed, and is not open", context)
            return
        if record.born != record.ended:
            alive = [id for id, where in self._live.items() if where is record]
            self._wrong("T1", f"{context!r} closed before its flow threads {alive[:20]}", context)
        if record.children:
            self._wrong("T1", f"{context!r} closed before its contexts {list(record.children)[:20]}", context)
        if context.doomed is not record.doomed:
            self._odd_doom(context, record)
        if not record.doomed:
            if record.deserted:
                self._wrong("T2", f"a flow thread of {context!r} was cancelled, and {context!r} was not", context)
            due = context.started - len(context.unconnected)
            if record.born != due:
                said = f"{due} flow threads of {context!r} were to start, and {record.born} did"
                self._wrong("T6", said, context)
        record.closed = record.barred = True
        self.closed_contexts += 1
        if record.above is not None:
            record.above.children.pop(context.id, None)
        else:
            self._finished()
        if len(self._live) != self.machine.live:
            said = f"{len(self._live)} flow threads live, and the machine counts {self.machine.live}"
            self._wrong("T3", said, context)

    def cancelled(self, context: Context, *, outside: bool) -> None:
        """Fact: a context is about to be cancelled, with its subtree; `outside`: the machine only learns of it."""
        self._facts.append(("cancelled", context.id))
        record: Record | None = context.audited
        if record is None:
            self._early.add(context.id)
            return
        if context.doomed is not record.doomed:
            self._odd_doom(context, record)
        stopped = record.above is None and self.machine.stopped
        by_handle = context.cancelled is not None
        if not (outside or stopped or by_handle or context.satisfied or record.failed):
            said = "no handle, failure, join or limit asked for that"
            self._wrong("T2", f"{context!r} is cancelled, and {said}", context)
        if not record.doomed:
            todo = [record]
            while todo:
                doomed = todo.pop()
                doomed.doomed = doomed.barred = True
                todo.extend(doomed.children.values())

    def _odd_doom(self, context: Context, record: Record) -> None:
        if record.doomed:
            said = f"{context!r} was not cancelled, and a context around it was, or it itself"
        else:
            said = f"{context!r} was cancelled, and neither it nor a context around it was to be"
        self._wrong("T2", said, context)

    # --- flow threads ---

    def born(self, thread: FlowThread) -> None:
        """Fact: a flow thread has started."""
        id = thread.id
        record: Record | None = thread.context.audited
        self._facts.append(id)
        if record is None or record.barred or id <= self._newest:
            self._born_wrongly(thread, thread.context, record)
            if record is None:
                return
        self._newest = id
        self._live[id] = record
        record.born += 1

    def _born_wrongly(self, thread: FlowThread, context: Context, record: Record | None) -> None:
        if record is None or record.closed:
            self._wrong("T3", f"{thread!r} started in {context!r}, which is not open", context)
        elif thread.id <= self._newest:
            self._wrong("T6", f"{thread!r} started twice", context)
        else:
            self._wrong("T2", f"{thread!r} started in {context!r}, which is cancelled", context)

    def ended(self, thread: FlowThread) -> None:
        """Fact: a flow thread has ended."""
        id, context = thread.id, thread.context
        record = self._live.pop(id, None)
        self._facts.append(-id)
        if (
            record is None
            or context.audited is not record
            or record.closed
            or context.doomed is not record.doomed
            or thread.frame is not None
            or thread.pull is not None
            or thread.depth
        ):
            self._ended_wrongly(thread, context, record)
            if record is None:
                return
        record.ended += 1
        if thread.state is not THREAD_RETURNED:
            self._not_returned(thread, context, record)

    def _ended_wrongly(self, thread: FlowThread, context: Context, record: Record | None) -> None:
        if record is None:
            never = "it never started" if thread.id > self._newest else "it had ended"
            self._wrong("T6", f"{thread!r} ended, and {never}", context)
        elif context.audited is not record:
            self._wrong("T3", f"{thread!r} ended in {context!r}, and started elsewhere", context)
        elif record.closed:
            self._wrong("T1", f"{thread!r} ended after {context!r}, in which it ran", context)
        elif context.doomed is not record.doomed:
            self._odd_doom(context, record)
        else:
            where = f" at node {thread.node.id!r}" if thread.node is not None else ""
            self._wrong("T6", f"{thread!r} ended before its activations{where}, {thread.depth} deep", context)

    def _not_returned(self, thread: FlowThread, context: Context, record: Record) -> None:
        if thread.state is THREAD_FAILED:
            if not context.collect:
                record.failed = True
                self.failed_together = self.failed_together or record.born > 1 or context.started > 1
        elif thread.state is THREAD_CANCELLED:
            self.cancelled_threads += 1
            record.deserted = record.deserted or not record.doomed
        else:
            self._wrong("T6", f"{thread!r} ended, and is {thread.state.value}", context)

    # --- joins ---

    def joined(self, thread: FlowThread, context: Context) -> None:
        """Fact: what follows the join of a context begins, in this thread."""
        self._facts.append(("joined", thread.id, context.id))
        record: Record | None = context.audited
        self.joins += 1
        if record is None or not record.closed:
            self._wrong("T5", f"the join of {context!r} goes on, and it is not closed", context)
        elif record.joined:
            self._wrong("T5", f"the join of {context!r} goes on twice", context)
        elif context.opener is not thread:
            self._wrong("T5", f"the join of {context!r} goes on in {thread!r}, not in {context.opener!r}", context)
        if record is not None:
            record.joined = True

    def passed(self, context: Context) -> None:
        """Fact: the opener goes on behind a context."""
        self._facts.append(("passed", context.id))
        record: Record | None = context.audited
        if record is None or not record.closed:
            self._wrong("T5", f"the opener of {context!r} goes on, and it is not closed", context)
        elif record.passed:
            self._wrong("T5", f"the opener of {context!r} goes on twice", context)
        if record is not None:
            record.passed = True

    @property
    def started_threads(self) -> int:
        """How many flow threads have started: their ids are counted from 1."""
        return self._newest

    # --- the end ---

    def _finished(self) -> None:
        """The `ProcessContext` has closed: the run is over."""
        self.over = True
        left = self.opened_contexts - self.closed_contexts
        if left:
            self._wrong("T6", f"the run is over and {left} of its contexts did not close", None)
        if self._live:
            self._wrong("T6", f"the run is over and flow threads {list(self._live)[:20]} did not end", None)
        if self.machine.live:
            self._wrong("T3", f"the run is over and the machine counts {self.machine.live} live flow threads", None)

    # --- what is wrong ---

    def facts(self) -> list[str]:
        """The last facts, in words, the newest last."""
        return [
            _thread_said(fact) if isinstance(fact, int) else _SAID[fact[0]].format(*fact[1:]) for fact in self._facts
        ]

    def _wrong(self, invariant: str, said: str, context: Context | None) -> None:
        place = f" (at {context.path()})" if context is not None and context.path() else ""
        error = InvariantBroken(f"{invariant}: {said}{place}")
        for fact in ["The facts before, the newest last:", *self.facts()]:
            error.add_note(fact)
        if self.tell is None:
            raise error
        if self.broken is None:
            self.broken = error
            self.tell(error)


def _thread_said(fact: int) -> str:
    return f"flow thread {abs(fact)} {'ended' if fact < 0 else 'started'}"
