"""How inputs get their values, and how data nodes are remembered (semantics 3 and 4).

A memo lives in the innermost scope that owns one of the node's roots. To find that scope without any list of
roots: writing a slot makes it *stale* in the writer's scope, and the next pull there marks everything below the
slot with an entry. So the innermost scope with an entry for a node is its home, and an entry that is not `STALE` is
good. Marking stops at what is stale already, so that a write costs no more than the evaluations it undoes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final

from nodeflow.errors import MissingInput
from nodeflow.graph import CONST, DATA, MISSING, PROCESS, SHARED, CompiledGraph, DataNode, InputPlan
from nodeflow.machine.limits import Limits
from nodeflow.machine.records import (
    NO_CELLS,
    STALE,
    Context,
    Evaluation,
    FlowThread,
    Frame,
    Next,
    Pending,
    Pull,
    Purpose,
    Scope,
    Stamped,
    Store,
)
from nodeflow.machine.states import THREAD, ThreadFact, ThreadState, after
from nodeflow.machine.wishes import Do, Wanted, Wish
from nodeflow.model import UNSET

SLICE_STEPS: Final = 1000
LEAST_STEPS: Final = 8

EVALUATE: Final = Do.EVALUATE
CALL: Final = Do.CALL


class Reading(ABC):
    """The part of the machine that resolves inputs.

    Attributes:
        fuel: Steps left until something must be looked at: the end of the slice, a limit, the gate.
        spinning: How many threads are between two slices.
        slice_steps: How many steps all runnable threads together take before others on the loop get their turn (2.6);
            each at least `least_steps`.
        stopped: The run is being cancelled; what still runs is cleanup, which has a limit of its own.
        evaluations: How many data nodes were evaluated.
    """

    def __init__(self, graph: CompiledGraph, limits: Limits) -> None:
        self.graph = graph
        self.limits = limits
        self.below = graph.below
        self.constants: dict[int, Any] = {}
        self.process = Store()
        self.wishes: list[Wanted] = []
        self.slice_steps = SLICE_STEPS
        self.least_steps = LEAST_STEPS
        self.gate_open = True
        self.stopped = False
        self.fuel = 0
        self.granted = 0
        self.spent = 0
        self.spinning = 0
        self.evaluations = 0
        self._home: Scope | None = None
        self._grant()

    # --- steps and slices ---

    @property
    def steps(self) -> int:
        """How many steps the run has taken."""
        return self.spent + self.granted - self.fuel

    def _grant(self) -> None:
        """Give out steps until something must be looked at again."""
        self.spent += self.granted - self.fuel
        grant = max(self.least_steps, self.slice_steps // max(1, self.spinning))
        if self.limits.steps is not None and not self.stopped:
            grant = min(grant, max(0, self.limits.steps - self.spent))
        self.granted = self.fuel = grant if self.gate_open or self.stopped else 0

    @abstractmethod
    def _out_of_fuel(self, thread: FlowThread, following: Next) -> Do | None:
        """What to do before a step that no fuel is left for; None: take it."""

    @abstractmethod
    def _pulled(self, thread: FlowThread, pull: Pull) -> Do:
        """The values that a pull wanted are there."""

    @abstractmethod
    def _without_result(self, thread: FlowThread) -> Do:
        """The result input of the thread's context was never set there."""

    def _wait(self, thread: FlowThread, following: Next) -> Do:
        thread.next = following
        thread.state = after(THREAD, thread.state, ThreadFact.PARKED, thread)
        return Do.WAIT

    def _wake(self, thread: FlowThread) -> None:
        if thread.state is ThreadState.WAITING:
            thread.state = after(THREAD, thread.state, ThreadFact.WOKEN, thread)
            self.wishes.append((Wish.WAKE, thread))

    # --- cells ---

    def write(self, thread: FlowThread, slot: int, value: Any) -> None:
        """Fact: the thread set an output, a local variable or a local state."""
        scope = thread.scope
        if scope.captured:
            scope = thread.scope = scope.fork()
        if scope.cells is NO_CELLS:
            scope.cells = {slot: value}
        else:
            scope.cells[slot] = value
        if slot in self.below:
            if scope.stale is None:
                scope.stale = {slot}
            else:
                scope.stale.add(slot)

    def read(self, scope: Scope, plan_kind: int, slot: int, default: Any) -> Any:
        """The newest visible value of a slot, or `default`."""
        if plan_kind == SHARED:
            return scope.store.cells.get(slot, default)
        if plan_kind == PROCESS:
            return self.process.cells.get(slot, default)
        seen: Scope | None = scope
        while seen is not None:
            value = seen.cells.get(slot, UNSET)
            if value is not UNSET:
                return value
            seen = seen.parent
        return default

    def store_of(self, scope: Scope, plan_kind: int) -> Store:
        return self.process if plan_kind == PROCESS else scope.store

    # --- memos ---

    def _memo(self, node: DataNode, scope: Scope, pull: Pull) -> Any:
        """Outputs of a data node that are still good, a `Pending` that is not settled, or None. Sets `_home`."""
        if node.volatile:
            self._home = None
            return pull.volatile.get(node.index)
        if node.rootless:
            self._home = None
            found = self.constants.get(node.index)
        else:
            seen = scope
            while True:
                if seen.stale:
                    self._mark(seen)
                found = None if seen.memos is None else seen.memos.get(node.index)
                if found is not None or seen.parent is None:
                    break
                seen = seen.parent
            self._home = seen
        kind = type(found)
        if kind is tuple or found is None:
            return found
        if found is STALE:
            return None
        if kind is Pending and found.settled:
            found = found.outputs
            if type(found) is not Stamped:
                return found
        if type(found) is Stamped:
            return found.outputs if found.stamp == self._stamp(node, scope) else None
        return found

    def _stamp(self, node: DataNode, scope: Scope) -> int:
        """Sum of the versions of the shared variables below which `node` is: it only ever grows."""
        shared, process = scope.store.versions, self.process.versions
        return sum(shared.get(slot, 0) + process.get(slot, 0) for slot in node.shared_roots)

    def _mark(self, scope: Scope) -> None:
        """Mark what lies below the slots written since the last time."""
        memos = scope.memos
        if memos is None:
            memos = scope.memos = {}
        todo = [node for slot in scope.stale or () for node in self.below[slot]]
        scope.stale = None
        seen: set[int] = set()
        while todo:
            node = todo.pop()
            index = node.index
            if memos.get(index) is STALE and (not node.feeds_lazy or index in seen):
                continue
            if node.feeds_lazy:
                seen.add(index)
            memos[index] = STALE
            if node.below:
                todo.extend(node.below)

    def _settle(self, evaluation: Evaluation, outputs: Any, error: Any) -> None:
        """An evaluation is over: keep its outputs, tell who waits."""
        node, home, pending = evaluation.node, evaluation.home, evaluation.pending
        if outputs is not None and node.shared_roots:
            outputs = Stamped(evaluation.stamp, outputs)
        memos = self.constants if node.rootless else None if home is None else home.memos
        if home is not None and memos is None:
            memos = home.memos = {}
        if memos is not None:
            if outputs is not None:
                memos[node.index] = outputs
            elif pending is not None:
                if node.rootless:
                    memos.pop(node.index, None)
                else:
                    memos[node.index] = STALE
        if pending is not None:
            pending.settled = True
            pending.outputs, pending.error = outputs, error
            for waiter in pending.waiters.values():
                self._wake(waiter)
            pending.waiters.clear()

    def _publish(self, pull: Pull) -> None:
        """The thread is about to let others run: tell them what it is evaluating (4.3)."""
        for evaluation in reversed(pull.stack):
            if evaluation.pending is not None:
                break  # and so are those below it
            node = evaluation.node
            evaluation.pending = Pending()
            if not node.volatile:
                if node.rootless:
                    self.constants[node.index] = evaluation.pending
                elif evaluation.home is not None:
                    if evaluation.home.memos is None:
                        evaluation.home.memos = {}
                    evaluation.home.memos[node.index] = evaluation.pending

    # --- pulls ---

    def _pull(self, thread: FlowThread, plans: tuple[InputPlan, ...], values: list[Any], purpose: Purpose) -> Do:
        """Resolve `plans`, of which the first have their `values` already."""
        serves = thread.frame.pull if thread.frame is not None else None
        volatile = serves.volatile if serves is not None and purpose is Purpose.LAZY else {}
        thread.pull = Pull(plans, values, thread.scope, purpose, volatile)
        if serves is not None and purpose is Purpose.LAZY:
            thread.pull.scope = serves.stack[-1].home or serves.scope
        return self._resolve(thread)

    def _resolve(self, thread: FlowThread) -> Do:
        pull = thread.pull
        assert pull is not None
        stack = pull.stack
        while True:
            if stack:
                top = stack[-1]
                plans, values, scope = top.node.eager, top.values, top.home or pull.scope
            else:
                plans, values, scope = pull.plans, pull.values, pull.scope
            while len(values) < len(plans):
                plan = plans[len(values)]
                kind = plan.kind
                node = None
                if kind == CONST:
                    value = plan.value
                elif kind == DATA:
                    value, node = self._remembered(plan.node, plan.output, scope, pull)
                else:
                    value = UNSET if kind == MISSING else self.read(scope, kind, plan.slot, plan.value)
                    if value is UNSET:
                        return self._missing(thread, plan)
                if node is None and plan.convert is not None and type(value) is not plan.exact:
                    value, node = self._remembered(plan.convert, 0, scope, pull)
                if node is None:
                    values.append(value)
                elif type(value) is Pending:
                    return self._wait_for(thread, pull, value)
                else:
                    stamp = self._stamp(node, scope) if node.shared_roots else 0
                    stack.append(Evaluation(node, self._home, stamp))
                    break
            else:
                if stack:
                    return self._evaluate(thread, pull)
                return self._pulled(thread, pull)

    def _remembered(self, node: DataNode | None, output: int, scope: Scope, pull: Pull) -> tuple[Any, DataNode | None]:
        """The value and None, or a `Pending` and the node, or nothing and the node, which is to be evaluated."""
        assert node is not None
        outputs = self._memo(node, scope, pull)
        if type(outputs) is tuple:
            return outputs[output], None
        return outputs, node

    def _evaluate(self, thread: FlowThread, pull: Pull) -> Do:
        """The inputs of the data node on top are there."""
        node = pull.stack[-1].node
        if node.convert_to is None:
            self.fuel -= 1
            if self.fuel < 0:
                self.fuel += 1
                wish = self._out_of_fuel(thread, Next.RESOLVE)
                if wish is not None:
                    self._publish(pull)
                    return wish
                self.fuel -= 1
            self.evaluations += 1
            if node.type is not None and node.type.is_async:
                self._publish(pull)
        return EVALUATE

    def evaluation_began(self, thread: FlowThread, frame: Frame) -> None:
        """Fact: the body of the data node on top is a coroutine; it waits in `frame`."""
        frame.pull, thread.pull = thread.pull, None
        frame.parent, thread.frame = thread.frame, frame
        thread.depth += 1

    def evaluated(self, thread: FlowThread, outputs: tuple[Any, ...]) -> Do:
        """Fact: the data node on top has these outputs."""
        pull = thread.pull
        if pull is None:
            frame = thread.frame
            assert frame is not None and frame.pull is not None
            pull = thread.pull = frame.pull
            thread.frame = frame.parent
            thread.depth -= 1
        evaluation = pull.stack.pop()
        node, home = evaluation.node, evaluation.home
        if node.volatile:
            pull.volatile[node.index] = outputs
        elif evaluation.pending is None and home is not None and not node.shared_roots:
            if home.memos is None:
                home.memos = {}
            home.memos[node.index] = outputs
        else:
            self._settle(evaluation, outputs, None)
        stack = pull.stack
        plans, values = (stack[-1].node.eager, stack[-1].values) if stack else (pull.plans, pull.values)
        plan = plans[len(values)]  # what waited for this; give it its value without looking it up again
        if plan.convert is node:
            values.append(outputs[0])
        elif plan.convert is None:
            values.append(outputs[plan.output])
        return self._resolve(thread)

    def _wait_for(self, thread: FlowThread, pull: Pull, pending: Pending) -> Do:
        self._publish(pull)
        pending.waiters[thread.id] = thread
        thread.answer = pending
        return self._wait(thread, Next.RESOLVE)

    def _resume_pull(self, thread: FlowThread) -> Do:
        """The thread waited for somebody else's evaluation, or for its own next slice."""
        pending, thread.answer = thread.answer, None
        pull = thread.pull
        assert pull is not None
        if type(pending) is Pending and pending.error is not None:
            thread.error = pending.error
            return Do.FAIL
        top = pull.stack[-1] if pull.stack else None
        if top is not None and len(top.values) == len(top.node.eager):
            return self._evaluate(thread, pull)
        return self._resolve(thread)

    def _missing(self, thread: FlowThread, plan: InputPlan) -> Do:
        pull = thread.pull
        assert pull is not None
        reader = pull.stack[-1].node if pull.stack else self._puller(thread)
        thread.culprit = reader
        what = f"input {plan.name!r} of node {reader.id!r}" if reader is not None else f"input {plan.name!r}"
        if pull.purpose is Purpose.RESULT and not pull.stack:
            thread.pull = None
            return self._without_result(thread)
        if plan.kind == MISSING:
            thread.error = MissingInput(f"{what} has no connection, no value and no default")
        else:
            thread.error = MissingInput(f"{what} reads {plan.source}, which nothing has written yet in its scope")
        return Do.FAIL

    def _puller(self, thread: FlowThread) -> Any:
        """The node that the present pull serves."""
        pull = thread.pull
        assert pull is not None
        if pull.purpose is Purpose.LAZY:
            assert thread.frame is not None
            return thread.frame.node
        if pull.purpose is Purpose.RESULT:
            return result_reader(thread.context)
        return thread.node

    def _abandon_pull(self, thread: FlowThread, error: Any, cancelled: bool) -> None:
        """The pull will not be finished: nothing is memoised, who waits gets the error or takes over."""
        pull, thread.pull = thread.pull, None
        if pull is not None:
            for evaluation in reversed(pull.stack):
                self._settle(evaluation, None, None if cancelled else error)
            pull.stack.clear()


def result_reader(context: Context) -> Any:
    """The node whose result input the threads of `context` pull."""
    opener = context.opener
    frame = opener.frame if opener is not None else None
    while frame is not None and (frame.node is None or frame.node.id != context.opener_node):
        frame = frame.parent
    return None if frame is None else frame.node
