"""The context tree (semantics 5-8): contexts open and close, flow threads are born and end, joins are counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from attrs import evolve

from nodeflow.errors import ContextCancelled, FanInIncomplete, LimitExceeded, TimedOut, WrongCall
from nodeflow.graph import CELL, CompiledGraph, ExecNode, InputPlan, Target, WorkflowPlan
from nodeflow.machine.audit import Audit
from nodeflow.machine.limits import Limits
from nodeflow.machine.records import (
    Context,
    ContextKind,
    FlowThread,
    Frame,
    Next,
    Purpose,
    Scope,
    Start,
    thread_path,
)
from nodeflow.machine.states import (
    CONTEXT,
    FAILED,
    OPEN,
    RETURNED,
    RUNNING,
    THREAD,
    THREAD_RETURNED,
    ContextFact,
    ContextState,
    ThreadFact,
    after,
    claim,
)
from nodeflow.machine.walking import FrameMaker, Walking
from nodeflow.machine.wishes import Do, Wish
from nodeflow.model import UNSET

ThreadMaker = Callable[[int, Context, Scope, int, tuple[Target, ...], str | None], FlowThread]

PARENTS: Mapping[ContextKind, frozenset[ContextKind]] = {
    ContextKind.PROCESS: frozenset(),
    ContextKind.WORKFLOW: frozenset(ContextKind),
    ContextKind.FAN_OUT: frozenset(ContextKind) - {ContextKind.PROCESS},
    ContextKind.BATCH: frozenset(ContextKind) - {ContextKind.PROCESS},
    ContextKind.STREAM: frozenset(ContextKind) - {ContextKind.PROCESS},
}
"""Which parent each kind of context may have (T4)."""


class Terms(NamedTuple):
    """How a context treats its threads: how many live at once (0: all), and what becomes of those that fail.

    `first`: it is a race: so many arrivals or, without a join, returned threads cancel the rest (0: it is none).
    """

    capacity: int = 0
    collect: bool = False
    missing: str = "error"
    result: InputPlan | None = None
    first: int = 0


TERMS: Final = Terms()
END: Final = Do.END
START: Final = Wish.START


class Tree(Walking):
    """The part of the machine that keeps the context tree.

    Args:
        make_thread: Makes a flow thread that gets a task of its own, so that an adapter may keep its fields there.

    Attributes:
        root: The `ProcessContext`.
        live: How many flow threads live (T3).
        limit_error: The limit that was hit, if any.
        audit: Is told of contexts and flow threads, if there is one.
    """

    limit_error: LimitExceeded | None = None
    # Of the class until a limit is hit: from the thirtieth attribute of an object on, CPython 3.11 reads all of them
    # half as fast. `test_attributes_are_few_enough_to_be_fast` counts.

    def __init__(
        self,
        graph: CompiledGraph,
        limits: Limits,
        make_frame: FrameMaker = Frame,
        make_thread: ThreadMaker = FlowThread,
    ) -> None:
        super().__init__(graph, limits, make_frame)
        self.make_thread = make_thread
        self.live = 0
        self.threads_started = 0
        self.contexts_opened = 0
        self.audit: Audit | None = None
        self.root = Context(0, ContextKind.PROCESS, None, None, "", 1)

    # --- contexts ---

    def open(
        self,
        kind: ContextKind,
        opener: FlowThread | None,
        name: str,
        *,
        workflow: WorkflowPlan | None = None,
        terms: Terms = TERMS,
    ) -> Context | None:
        """Ask for a context below the opener's. It exists once `opened` says so; None: a limit forbids it."""
        above = opener.context if opener is not None else self.root
        if above.depth >= self.limits.context_depth:
            self._hit("context_depth", self.limits.context_depth, above.path())
            return None
        self.contexts_opened += 1
        ordinal = 1
        if opener is not None:
            if opener.opened is None:
                opener.opened = {}
            ordinal = opener.opened[name] = opener.opened.get(name, 0) + 1
        context = Context(self.contexts_opened, kind, above, opener, name, ordinal)
        claim(above.kind in PARENTS[kind], "T4", f"{above!r} cannot be the parent of {context!r}")
        context.workflow = workflow or above.workflow
        context.capacity, context.collect, context.missing, context.result, context.first = terms
        if opener is not None and opener.frame is not None and workflow is None:
            node = opener.frame.node
            if isinstance(node, ExecNode) and node.join is not None and kind is ContextKind.FAN_OUT:
                context.join = node.join
                context.policy = node.join.join_policy
                if context.first and context.policy is not None:  # the join counts
                    context.policy = evolve(context.policy, quorum=context.policy.quorum or context.first)
                    context.first = 0
        return context

    def opened(self, context: Context) -> None:
        """Fact: the context's nursery is open."""
        context.state = after(CONTEXT, context.state, ContextFact.OPENED, context)
        parent = context.parent
        if parent is not None:
            claim(parent.state is not ContextState.CLOSED, "T1", f"{parent!r} is closed and opened {context!r}")
            claim(context.depth == parent.depth + 1, "T4", f"{context!r} has depth {context.depth}")
            parent.children[context.id] = context
            context.doomed = context.doomed or parent.doomed
        opener = context.opener
        if opener is not None and opener.frame is not None:
            opener.frame.opened = context
            if context.policy is not None:
                opener.frame.joined = context
            if context.kind is ContextKind.STREAM:
                opener.frame.stream = context
        if self.audit is not None:
            self.audit.opened(context)

    def scope_left(self, context: Context) -> None:
        """Fact: the opener has nothing more to start and waits for the threads."""
        context.state = after(CONTEXT, context.state, ContextFact.LEFT, context)

    def closed(self, context: Context) -> None:
        """Fact: the context's nursery is closed."""
        if self.audit is not None:
            self.audit.closed(context)
        claim(not context.threads, "T1", f"{context!r} closed before its flow threads {list(context.threads)}")
        claim(not context.children, "T1", f"{context!r} closed before its contexts {list(context.children)}")
        around = context.parent is not None and context.parent.doomed
        claim(context.doomed or not around, "T2", f"{context!r} was not cancelled with {context.parent!r} around it")
        claim(around or context.cause or not context.doomed, "T2", f"{context!r} was cancelled by nobody")
        context.state = after(CONTEXT, context.state, ContextFact.CLOSED, context)
        if context.parent is not None:
            claim(context.parent.children.pop(context.id, None) is context, "T6", f"{context!r} closed but not open")

    def cancel(self, context: Context, reason: str) -> None:
        """Fact: the handle of a context cancelled it."""
        if context.cancelled is None and context.state is not ContextState.CLOSED:
            context.cancelled = reason
            self._doom(context)

    def swept(self, context: Context) -> None:
        """Fact: the context is cancelled from outside of the machine: by a scope of a body, or of the host."""
        self._doom(context, wish=False)

    def expired(self, context: Context) -> None:
        """Fact: the context's own deadline passed."""
        context.timed_out = True
        self._doom(context, wish=False)

    def _doom(self, context: Context, *, wish: bool = True) -> None:
        """Cancel a context with its subtree and nothing else (T2)."""
        if self.audit is not None:
            self.audit.cancelled(context, outside=not wish)
        around = context.parent is not None and context.parent.doomed
        claim(around or context.cause or not context.doomed, "T2", f"{context!r} was cancelled by nobody")
        if wish:
            self.wishes.append((Wish.CANCEL, context))
        context.cause = True
        todo = [context]
        while todo:
            doomed = todo.pop()
            doomed.doomed = True
            doomed.queue = None
            todo.extend(doomed.children.values())

    def outcome(self, context: Context) -> list[Any]:
        """What a closed context fails its opener with; in tree order, empty if it did not fail.

        Errors of its threads come first; `ContextCancelled`, `TimedOut` and `FanInIncomplete` are made here.
        """
        if context.failures and not context.collect:
            return self.errors(context)
        if context.timed_out:
            return [TimedOut(f"{context.path()} did not end in time")]
        if context.cancelled is not None:
            reason = f": {context.cancelled}" if context.cancelled else ""
            return [ContextCancelled(f"{context.path()} was cancelled{reason}")]
        if context.doomed and not context.cause:
            return []  # cancelled from above, and its opener too: what is missing is missing because of that
        return self._incomplete(context)

    def finished(self, context: Context) -> list[int]:
        """Which threads of a race came first, in that order: their numbers in the order of starting."""
        return list(context.finished) or list(context.arrivals)[: context.arrival_count]

    def completed(self, context: Context) -> None:
        """Fact: the opener goes on behind the context. What its threads set now counts (8.4)."""
        if self.audit is not None:
            self.audit.passed(context)
        opener = context.opener
        if opener is not None and context.sets and not context.isolated:
            merged = self.merged_sets(context)
            if opener.sets is None:
                opener.sets = {}
            opener.sets.update(merged)

    def merged_sets(self, context: Context) -> dict[int, Any]:
        """What the threads of a context set, in tree order, later wins."""
        merged: dict[int, Any] = {}
        for index in sorted(context.sets):
            merged.update(context.sets[index])
        return merged

    # --- joins ---

    def _incomplete(self, context: Context) -> list[Any]:
        policy = context.policy
        if context.first:
            return self._lost_race(context)
        if policy is None and context.result is None:
            return []
        if policy is not None and policy.quorum:
            if context.satisfied:
                return []
            said = f"only {context.arrival_count} of the {policy.quorum} that its join waits for arrived"
            return [FanInIncomplete(f"{context.path()}: {said}; {self._where_ended(context)}")]
        came = context.arrivals if policy is not None else context.results
        if context.collect and len(context.failures) + len(came) >= context.started:
            return []
        missing = [i for i in context.indexes() if i not in came and i not in context.failures]
        if not missing or (policy.missing if policy is not None else context.missing) != "error":
            return []
        if policy is None:
            shown = ", ".join(map(str, missing[:20])) + (", …" if len(missing) > 20 else "")
            return [FanInIncomplete(f"{context.path()}: the result input was not set in slice {shown}")]
        return [FanInIncomplete(f"{context.path()}: {self._where_ended(context)}")]

    def _lost_race(self, context: Context) -> list[Any]:
        """A race in which too few came to their end, though none failed: they were cancelled, say."""
        if not self._is_lost(context):
            return []
        said = f"only {len(context.finished)} of the {context.first} flow threads it waits for came to their end"
        return [FanInIncomplete(f"{context.path()}: {said}")]

    def _is_lost(self, context: Context) -> bool:
        """Whether it is a race that fewer have won than were to, and than took part."""
        return bool(context.first) and not context.satisfied and len(context.finished) < len(context.indexes())

    def failed_with(self, context: Context) -> list[Any]:
        """Errors of its threads that the opener gets as they are: under `collect` only if nobody won the race."""
        return self.errors(context) if not context.collect or self._is_lost(context) else []

    def _where_ended(self, context: Context) -> str:
        """Names the branches that did not arrive, and where each ended."""
        said = []
        for index in context.indexes():
            if index not in context.arrivals:
                name = context.names[index]
                if index in context.failures:
                    said.append(f"branch {name!r} failed")
                else:
                    said.append(
                        f"branch {name!r} ended at {context.ended_at.get(index, 'its start')!r} without arriving"
                    )
        more = f"; and {len(said) - 20} more" if len(said) > 20 else ""
        return "; ".join(said[:20]) + more

    def contributions(self, thread: FlowThread) -> tuple[list[tuple[str, Any]], list[Any], list[str]]:
        """What a fan-in's body gets behind the join: name and value per branch, errors, missing; in branch order."""
        context = thread.brought
        if context is None or context.policy is None:
            return [], [], []
        if self.audit is not None:
            self.audit.joined(thread, context)
        claim(context.state is ContextState.CLOSED, "T5", f"{context!r} is not closed and its join goes on")
        claim(not context.joined, "T5", f"the join of {context!r} goes on twice")
        context.joined = True
        policy = context.policy
        found, missing = [], []
        for index in context.indexes():
            name = context.names[index]
            if index in context.arrivals and index not in context.failures:
                values = context.arrivals[index]
                found.append((name, values if policy.many else values[0]))
            elif not policy.quorum:
                missing.append(name)
                if policy.missing == "none":
                    found.append((name, None))
        return found, self.errors(context), missing

    def results(self, context: Context) -> list[Any]:
        """What the result input gave in each thread, in the order of starting (7.2)."""
        if context.result is None:
            return []
        fill = context.missing == "none"
        came = context.results
        return [came.get(i) for i in range(context.started) if fill or (i in came and i not in context.failures)]

    def errors(self, context: Context) -> list[Any]:
        """Errors of the failed threads, in the order of starting."""
        return [context.failures[index] for index in sorted(context.failures)]

    def _arrive(self, thread: FlowThread, node: ExecNode) -> Do:
        if thread.context.join is not node:
            thread.culprit = node
            thread.error = WrongCall(f"fan-in {node.id!r} was reached by a flow thread that its fan-out did not start")
            return Do.FAIL
        plan = node.contributions.get(thread.branch or "") or node.contributions.get("value")
        if plan is None:
            return self._arrived(thread, node, None)
        if plan.kind == CELL and plan.convert is None:
            value = thread.scope.cells.get(plan.slot, UNSET)
            if value is not UNSET:
                return self._arrived(thread, node, value)
        return self._pull(thread, (plan,), [], Purpose.ARRIVAL)

    def _arrived(self, thread: FlowThread, node: ExecNode, value: Any) -> Do:
        context, policy = thread.context, thread.context.policy
        assert policy is not None
        if context.satisfied:
            thread.next = Next.BOTTOM
            return self._slice(thread)
        before = context.arrivals.get(thread.index)
        if before is not None and not policy.many:
            thread.culprit = node
            thread.error = FanInIncomplete(
                f"branch {thread.branch!r} arrived twice at fan-in {node.id!r}; "
                "with `arrivals: many` it would contribute the list of its arrivals"
            )
            return Do.FAIL
        if before is None:
            context.arrivals[thread.index] = [value]
        else:
            before.append(value)
        context.arrival_count += 1
        if context.arrival_count != policy.quorum:
            return self._bottom(thread)
        context.satisfied = True
        self._doom(context)
        thread.next = Next.BOTTOM
        return self._slice(thread)

    # --- flow threads ---

    def start(
        self,
        context: Context,
        scope: Scope,
        targets: tuple[Target, ...],
        branch: str | None,
        cells: Mapping[int, Any],
        *,
        own_scope: bool = True,
    ) -> int:
        """Start a flow thread in an open context, now or when capacity allows; returns its index."""
        if context.state is not OPEN:
            claim(False, "T3", f"{context!r} is {context.state.value} and starts a flow thread")
        index = context.started
        context.started = index + 1
        if context.policy is not None:
            context.names.append(branch or str(index))
        if not targets and context.kind is ContextKind.FAN_OUT:
            context.unconnected = (*context.unconnected, index)
            return index
        if context.doomed:
            return index
        if own_scope:
            scope.captured += 1
        if context.capacity and len(context.threads) >= context.capacity:
            if context.queue is None:
                context.queue = deque()
            context.queue.append(Start(index, targets, branch, scope, own_scope, cells))
        else:
            self._born(context, index, targets, branch, scope, own_scope, cells)
        return index

    def _born(
        self,
        context: Context,
        index: int,
        targets: tuple[Target, ...],
        branch: str | None,
        scope: Scope,
        own_scope: bool,
        cells: Mapping[int, Any],
    ) -> None:
        if self.live >= self.limits.threads:
            self._hit("threads", self.limits.threads, context.path())
            if own_scope:
                scope.captured -= 1
            return
        id = self.threads_started = self.threads_started + 1
        if own_scope:
            scope = Scope(scope, scope.store)
            if cells:
                scope.cells = dict(cells)
                stale = [slot for slot in cells if slot in self.below]
                if stale:
                    scope.stale = set(stale)
        make = self.make_thread if context.ready is None else FlowThread
        thread = context.threads[id] = make(id, context, scope, index, targets, branch)
        self.live += 1
        if self.audit is not None:
            self.audit.born(thread)
        if context.ready is None:
            self.wishes.append((START, thread))
        else:
            context.ready.append(thread)

    def _bottom_of_thread(self, thread: FlowThread, *, jumped: bool) -> Do:
        result = thread.context.result
        if result is not None and not jumped:
            return self._pull(thread, (result,), [], Purpose.RESULT)
        return self._over(thread, RETURNED)

    def _resulted(self, thread: FlowThread, value: Any) -> Do:
        thread.context.results[thread.index] = value
        return self._over(thread, RETURNED)

    def _without_result(self, thread: FlowThread) -> Do:
        return self._over(thread, RETURNED)

    def _over(self, thread: FlowThread, fact: ThreadFact) -> Do:
        if thread.state is RUNNING and fact is RETURNED:
            thread.state = THREAD_RETURNED
        else:
            thread.state = after(THREAD, thread.state, fact, thread)
        if thread.frame is not None or thread.pull is not None:
            claim(False, "T6", f"{thread!r} ended before its activations")
        context = thread.context
        if context.threads.pop(thread.id, None) is not thread:
            claim(False, "T3", f"{thread!r} ended but did not live in {context!r}")
        self.live -= 1
        if self.audit is not None:
            self.audit.ended(thread)
        index, scope = thread.index, thread.scope
        if scope.layer:
            scope = scope.base()
        if scope.parent is not None and scope is not context.scope:
            scope.parent.captured -= 1
        if fact is FAILED:
            context.failures[index] = thread.error
            if not context.collect:
                self._doom(context)
        elif thread.sets and (fact is RETURNED or (context.satisfied and index in context.arrivals)):
            context.sets[index] = thread.sets
        if context.first and fact is RETURNED and not context.satisfied:
            context.finished = (*context.finished, index)
            if len(context.finished) == context.first:
                context.satisfied = True
                self._doom(context)
        if context.policy is not None and index not in context.arrivals and thread.node is not None:
            context.ended_at[index] = thread.node.id
        thread.error = None
        if context.queue and not context.doomed:
            self._born(context, *context.queue.popleft())
        elif context.waiting:
            self._wake(context.waiting.popleft())
        return END

    # --- streams and capacity ---

    def _emit(self, thread: FlowThread) -> Do:
        frame = thread.frame
        assert frame is not None and isinstance(frame.node, ExecNode) and frame.node.stream is not None
        context, node = frame.stream, frame.node
        assert context is not None and node.stream is not None
        if context.doomed:
            thread.next = Next.ANSWER
            thread.answer = None
            return self._slice(thread)
        if len(context.threads) >= node.stream.in_flight:
            return self._wait_for_capacity(thread, context, Next.EMIT)
        cells = {node.outputs[node.stream.item].slot: thread.answer}
        thread.answer = None
        self.start(context, thread.scope, node.targets[node.stream.on_item], "on_item", cells)
        return Do.RESUME

    def wants_capacity(self, thread: FlowThread, context: Context) -> Do:
        """Fact: the body on top waits until a thread that it starts would run at once."""
        thread.answer = None
        if context.doomed or not context.capacity or len(context.threads) < context.capacity:
            self.fuel -= 1  # no step (2.6), but it must not starve others
            self.spent -= 1
            if self.fuel < 0:
                thread.next = Next.ANSWER
                return self._slice(thread)
            return Do.RESUME
        return self._wait_for_capacity(thread, context, Next.ANSWER)

    def _wait_for_capacity(self, thread: FlowThread, context: Context, following: Next) -> Do:
        if context.waiting is None:
            context.waiting = deque()
        context.waiting.append(thread)
        return self._wait(thread, following)

    # --- limits ---

    def _hit(self, limit: str, value: Any, place: str) -> None:
        if self.limit_error is None:
            self.limit_error = LimitExceeded(limit, value, place)
            self.stopped = True
            self.spent += self.granted - self.fuel
            self.granted = self.fuel = 0  # so that the next step notices
            self._doom(self.root)

    def _limit(self, thread: FlowThread, limit: str, value: Any) -> Do:
        where = f"node {thread.node.id!r} in " if thread.node is not None else ""
        self._hit(limit, value, where + thread_path(thread))
        thread.next = Next.BOTTOM
        return self._slice(thread)

    def value_too_large(self, thread: FlowThread, name: str) -> None:
        """Fact: a value that the thread set is larger than the limit."""
        self._hit("value_size", self.limits.value_size, f"output {name!r} in {thread_path(thread)}")
