"""The whole machine: a run from its start to its end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nodeflow.errors import WrongCall
from nodeflow.graph import CELL, SHARED, CompiledGraph, ExecNode, VariablePlan, WorkflowPlan
from nodeflow.machine.limits import Limits
from nodeflow.machine.records import Context, FlowThread, Frame, Next, Scope, Store
from nodeflow.machine.states import RUN, ContextState, RunFact, RunState, ThreadState, after, claim
from nodeflow.machine.tree import ThreadMaker, Tree
from nodeflow.machine.walking import FrameMaker
from nodeflow.machine.wishes import Do
from nodeflow.model import UNSET
from nodeflow.values import copy_value


class Machine(Tree):
    """A run as a state machine. See the package for its rules.

    Args:
        graph: What to run.
        limits: What it may use.
        make_frame, make_thread: Let an adapter keep fields of its own in frames and flow threads.
    """

    def __init__(
        self,
        graph: CompiledGraph,
        limits: Limits | None = None,
        *,
        make_frame: FrameMaker = Frame,
        make_thread: ThreadMaker = FlowThread,
    ) -> None:
        super().__init__(graph, limits or Limits(), make_frame, make_thread)
        self.state = RunState.NEW
        self.stop_reason: str | None = None
        self.deadline_passed = False
        self.main: Context | None = None
        self.event_waiters: dict[tuple[str, str], deque[FlowThread]] = {}

    # --- the run ---

    def started(self) -> None:
        """Fact: the run begins; its outermost nursery is open."""
        self.state = after(RUN, self.state, RunFact.STARTED, "the run")
        self.opened(self.root)

    def stop(self, reason: str = "", *, deadline: bool = False) -> None:
        """Fact: the run was cancelled by its handle, or its deadline passed."""
        if self.state in (RunState.NEW, RunState.RUNNING):
            self.state = after(RUN, self.state, RunFact.STOPPED, "the run")
            self.stopped = True
            self.stop_reason = reason
            self.deadline_passed = deadline
            self._doom(self.root)
            self.resume()  # cleanup does not wait at the gate

    def ended(self, fact: RunFact) -> None:
        """Fact: the run is over; nothing of it may be left (T1, T3, T6)."""
        if self.root.state is ContextState.OPEN:
            self.scope_left(self.root)
            self.closed(self.root)
        claim(self.live == 0, "T3", f"{self.live} flow threads live after the run")
        self.state = after(RUN, self.state, fact, "the run")

    # --- workflows ---

    def enter_workflow(
        self,
        context: Context,
        plan: WorkflowPlan,
        inputs: Mapping[str, Any],
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """The context of a workflow is open: its entries begin (8.4).

        Args:
            context: The open `WorkflowContext`.
            plan: The workflow.
            inputs: Values of its inputs, converted.
            variables: Values that variables begin with.
        """
        scope = context.scope = self._fresh_scope(plan)
        context.isolated = True
        for name, output in plan.inputs.items():
            if name in inputs:
                scope.cells[output.slot] = inputs[name]
        for name, value in (variables or {}).items():
            variable = plan.variables[name]
            if variable.kind == CELL:
                scope.cells[variable.slot] = value
            else:
                self.store_of(scope, variable.kind).write(variable.slot, value)
        entries = plan.entries
        alone = len(entries) == 1 or plan.sequential
        if plan.sequential:
            context.capacity = 1
        for entry in entries:
            self.start(context, scope, ((entry, 0),), None, {}, own_scope=not alone)

    def workflow_outputs(self, context: Context) -> dict[str, Any]:
        """The outputs that a workflow's threads set, merged in tree order."""
        plan, merged = context.workflow, self.merged_sets(context)
        assert plan is not None
        return {name: merged[output.slot] for name, output in plan.outputs.items() if output.slot in merged}

    def set_output(self, thread: FlowThread, slot: int, value: Any) -> None:
        """Fact: the thread set an output of its workflow (2.7)."""
        if thread.sets is None:
            thread.sets = {}
        thread.sets[slot] = value

    # --- variables and states ---

    def get_variable(self, scope: Scope, plan: VariablePlan) -> Any:
        return self.read(scope, plan.kind, plan.slot, plan.default)

    def set_variable(self, thread: FlowThread, plan: VariablePlan, value: Any) -> None:
        """Fact: the thread set a variable."""
        if plan.kind == CELL:
            self.write(thread, plan.slot, value)
            self.set_output(thread, plan.slot, value)
        else:
            self.store_of(thread.scope, plan.kind).write(plan.slot, value)

    def variables(self) -> dict[str, Any]:
        """Values of the root workflow's variables: local ones as merged in tree order."""
        if self.main is None or self.main.scope is None or self.main.workflow is None:
            return {}
        merged = self.merged_sets(self.main)
        values = {}
        for name, plan in self.main.workflow.variables.items():
            seen = merged.get(plan.slot, UNSET) if plan.kind == CELL else UNSET
            values[name] = self.get_variable(self.main.scope, plan) if seen is UNSET else seen
        return values

    # --- events ---

    def deliver(self, context: Context, thread: FlowThread, event: str, payload: Any) -> None:
        """The context of a delivery is open: the listeners of the event begin, in document order (9.3)."""
        own = self._workflow_of(thread)
        for plan in self._hearers(own, event):
            scope = thread.scope if plan is own else self._fresh_scope(plan)
            for listener in plan.listeners[event]:
                self.start(context, scope, ((listener, 0),), listener.id, self._payload(listener, payload))

    def announced(self, thread: FlowThread, event: str, payload: Any) -> None:
        """Fact: the thread triggers an event; wakes who waits for it."""
        for waiter in self.event_waiters.pop(self._event_key(thread, event), ()):
            if waiter.state is ThreadState.WAITING:
                waiter.answer = payload
                self._wake(waiter)

    def awaits_event(self, thread: FlowThread, event: str) -> Do:
        """Fact: the body on top waits until the event is triggered the next time."""
        self.event_waiters.setdefault(self._event_key(thread, event), deque()).append(thread)
        return self._wait(thread, Next.ANSWER)

    def awaits_state(self, thread: FlowThread, slot: int) -> Do:
        """Fact: the body on top waits until a shared state is written."""
        store = thread.scope.store
        if store.waiters is None:
            store.waiters = {}
        store.waiters.setdefault(slot, []).append(thread)
        return self._wait(thread, Next.ANSWER)

    def write_shared(self, thread: FlowThread, slot: int, value: Any) -> Sequence[FlowThread]:
        """Fact: the thread wrote a shared state; returns who waits for it, in the order of waiting."""
        store = thread.scope.store
        store.write(slot, value)
        return tuple(store.waiters.get(slot, ())) if store.waiters else ()

    def met(self, waiter: FlowThread, slot: int) -> None:
        """Fact: a shared state is as the thread waits for it to be."""
        waiters = waiter.scope.store.waiters
        assert waiters is not None
        waiters[slot].remove(waiter)
        waiter.answer = None
        self._wake(waiter)

    def _forget(self, thread: FlowThread) -> None:
        super()._forget(thread)
        for waiting in (thread.scope.store.waiters or {}).values():
            if thread in waiting:
                waiting.remove(thread)
        for waiters in self.event_waiters.values():
            if thread in waiters:
                waiters.remove(thread)

    def _event_key(self, thread: FlowThread, event: str) -> tuple[str, str]:
        workflow = self._workflow_of(thread)
        return ("" if event in self.graph.document.events else workflow.name, event)

    def has_listeners(self, thread: FlowThread, event: str) -> bool:
        return bool(self._hearers(self._workflow_of(thread), event))

    def _workflow_of(self, thread: FlowThread) -> WorkflowPlan:
        """The workflow whose node the thread runs: a delivery may have listeners of several (9.3)."""
        frame = thread.frame
        assert frame is not None
        assert frame.node is not None
        return frame.node.workflow

    def _fresh_scope(self, plan: WorkflowPlan) -> Scope:
        """The outermost scope of a workflow, with the defaults of its inputs and variables."""
        scope = Scope(None, Store())
        scope.cells = {plan.inputs[name].slot: default for name, default in plan.defaults.items()}
        for variable in plan.copied_defaults:
            if variable.kind == CELL:
                scope.cells[variable.slot] = copy_value(variable.default)
            elif variable.kind == SHARED:
                scope.store.cells[variable.slot] = copy_value(variable.default)
            elif variable.slot not in self.process.cells:
                self.process.cells[variable.slot] = copy_value(variable.default)
        return scope

    def _hearers(self, own: WorkflowPlan, event: str) -> list[WorkflowPlan]:
        """The workflows that hear an event: the thread's own, and all others if it is the document's."""
        everywhere = event in self.graph.document.events
        plans = self.graph.workflows.values() if everywhere else (own,)
        return [plan for plan in plans if event in plan.listeners]

    def _payload(self, listener: ExecNode, payload: Any) -> dict[int, Any]:
        return {output.slot: payload for output in listener.outputs if output.name == "payload"}

    # --- the gate ---

    def pause(self) -> None:
        """Fact: the gate was closed: no activation begins."""
        if self.gate_open and not self.stopped:
            self.gate_open = False
            self._grant()

    def resume(self) -> None:
        """Fact: the gate was opened; wakes every waiter."""
        if not self.gate_open:
            self.gate_open = True
            self._grant()
            waiting, self.at_gate = self.at_gate, {}
            for thread in waiting.values():
                self._wake(thread)

    def step(self, thread_id: int | None = None) -> FlowThread | None:
        """Let exactly one activation begin: of this thread, or of the first in tree order at the gate.

        Raises:
            WrongCall: The thread is not at the gate.
        """
        if thread_id is None:
            thread = next((t for t in self.in_tree_order() if t.id in self.at_gate), None)
        elif thread_id in self.at_gate:
            thread = self.at_gate[thread_id]
        else:
            waiting = ", ".join(map(str, sorted(self.at_gate))) or "none"
            raise WrongCall(f"flow thread {thread_id} is not at the gate; at the gate: {waiting}")
        if thread is not None:
            del self.at_gate[thread.id]
            thread.permit = True
            self._wake(thread)
        return thread

    def in_tree_order(self) -> Iterator[FlowThread]:
        """All live threads; a thread comes after those of the contexts that it opened."""
        todo: list[Context | FlowThread] = [self.root]
        while todo:
            item = todo.pop()
            if isinstance(item, FlowThread):
                yield item
                continue
            openers: dict[int, list[Context]] = {}
            for child in item.children.values():
                openers.setdefault(child.opener.id if child.opener else 0, []).append(child)
            ordered: list[Context | FlowThread] = [*openers.get(0, ())]
            for thread in sorted(item.threads.values(), key=lambda t: t.index):
                ordered.extend(openers.get(thread.id, ()))
                ordered.append(thread)
            todo.extend(reversed(ordered))
