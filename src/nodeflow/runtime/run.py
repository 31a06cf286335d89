"""One run: the machine, its drivers, and what surrounds them (services, observers, resources)."""

from __future__ import annotations

import contextvars
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import CoroutineType
from typing import Any, Final, TypeVar

import trio

from nodeflow.errors import ContextCancelled, RunCancelled, RunFailed, RunTimedOut, TimedOut
from nodeflow.graph import CompiledGraph, WorkflowPlan
from nodeflow.machine import Context, ContextKind, FlowThread, Limits, Machine, RunState, Scope, Wish
from nodeflow.machine.records import thread_path
from nodeflow.machine.states import THREAD_CANCELLED, InvariantBroken, RunFact
from nodeflow.machine.tree import Terms
from nodeflow.runtime import events
from nodeflow.runtime.activation import Activation, adapted, fitting
from nodeflow.runtime.auditing import make_checked
from nodeflow.runtime.binding import NOTHING
from nodeflow.runtime.driver import Driver
from nodeflow.runtime.failures import reduced, together
from nodeflow.runtime.holding import Holder
from nodeflow.runtime.kernel import TRIO, Kernel
from nodeflow.runtime.resources import Resources
from nodeflow.runtime.result import Result
from nodeflow.runtime.scopes import OpenScope
from nodeflow.runtime.watching import Watchers
from nodeflow.sockets import ExecOut
from nodeflow.values import copy_value, size_of

S = TypeVar("S")

Observer = Callable[[events.Event], object]

START: Final = Wish.START
WAKE: Final = Wish.WAKE

RELEASE_EVERY = 16
"""Every how many slices the interpreter lock is really released while a blocking body runs (2.6)."""


class Run:
    """What the drivers of a run share.

    Attributes:
        watched: Somebody wants to know of each activation: observers, the check of values, a limit on their size.
        nurseries: The nursery of each open context, by the context's id.
        contextvars: The opener's, of each context whose threads may be started by one that ends.
        blocking_bodies: How many worker threads are at work.
    """

    def __init__(
        self,
        graph: CompiledGraph,
        *,
        inputs: Mapping[str, Any],
        variables: Mapping[str, Any],
        services: Sequence[Any],
        limits: Limits,
        observers: Iterable[Observer],
        elide: bool,
        check_values: bool,
        cleanup_timeout: float,
        capacities: Mapping[str, int],
        kernel: Kernel = TRIO,
        checked: bool = False,
    ) -> None:
        self.graph = graph
        self.kernel = kernel
        self.machine = Machine(graph, limits, make_frame=Activation, make_thread=partial(Driver, self))
        self.inputs = inputs
        self.seeds = variables
        self.services = list(services)
        self.watchers = Watchers(self, observers, check_values=check_values)
        self.watched = self.watchers.wanted or limits.value_size is not None
        self.elide = elide
        self.cleanup_timeout = cleanup_timeout
        self.nurseries: dict[int, trio.Nursery] = {}
        self.contextvars: dict[int, contextvars.Context] = {}
        self.printed: list[str] = []
        self.abandoned: list[str] = []
        self.blocking_bodies = 0
        self.slices = 0
        self.limiter: trio.CapacityLimiter | None = None
        self.holders: dict[int, Holder] = {}
        self.capacities = {name: kernel.CapacityLimiter(size) for name, size in capacities.items()}
        self.resources = Resources(self)
        self.crash: BaseException | None = None
        self.lost_errors: list[BaseException] = []
        self.main_scopes: dict[int, Scope] = {}
        self.deadline_scope = kernel.CancelScope()
        self.main_error: BaseException | None = None
        self.outputs: dict[str, Any] = {}
        self.result: Result | None = None
        self.finished = kernel.Event()
        self.started_at = 0.0
        make_checked(self, checked)

    # --- the whole run ---

    async def main(self) -> None:
        """Run from the start to the end, and leave the result; raises only what is not about the graph."""
        self.started_at = self.kernel.current_time()
        limit = self.machine.limits.deadline
        self.deadline_scope.deadline = math.inf if limit is None else self.started_at + limit
        plan = self.graph.workflows[self.graph.entry]
        self.watchers.run_started(plan.name)
        fact = RunFact.CANCELLED
        broken = False
        try:
            with self.deadline_scope:
                await self._inside(plan)
            fact = self._how_it_ended()
        except Exception:
            broken = True  # an error of nodeflow's own: hide it behind nothing
            raise
        finally:
            self.nurseries.clear()
            broken = broken or isinstance(self.crash, InvariantBroken)
            if not broken and self.machine.state in (RunState.RUNNING, RunState.STOPPING):
                self._end(fact)
            self._finish(plan)
        if self.crash is not None:
            raise self.crash

    def _end(self, fact: RunFact) -> None:
        """Tell the machine that the run is over."""
        if self.machine.state is RunState.RUNNING and fact is RunFact.CANCELLED:
            self.machine.stop("the host cancelled it")
        try:
            self.machine.ended(fact)
        except InvariantBroken as error:
            self.crashed(error)
        self.closed(self.machine.root)

    async def _inside(self, plan: WorkflowPlan) -> None:
        machine = self.machine
        async with self.kernel.open_nursery() as nursery:
            self.nurseries[0] = nursery
            machine.started()
            self.opened(machine.root)
            if machine.state is RunState.STOPPING:
                nursery.cancel_scope.cancel()
            self.main_error = await self._workflow(plan)
        await self.kernel.checkpoint_if_cancelled()

    async def _workflow(self, plan: WorkflowPlan) -> BaseException | None:
        """Run the entry workflow between opening and closing resources; returns what it failed with."""
        errors: list[BaseException] = []
        try:
            await self.resources.open()
            scope = OpenScope(self, None, ContextKind.WORKFLOW, workflow=plan)
            async with scope:
                self.machine.main = scope.context
                self.machine.enter_workflow(scope.context, plan, self.inputs, self.seeds)
            self.outputs = self.machine.workflow_outputs(scope.context)
        except BaseException as error:
            errors.append(reduced(error))
            if isinstance(errors[0], InvariantBroken):
                self.crashed(errors[0])
        errors.extend(await self.resources.close())
        real = [error for error in errors if isinstance(error, Exception)]
        if real:
            return together(real)
        return errors[0] if errors and not isinstance(errors[0], trio.Cancelled) else None

    def _how_it_ended(self) -> RunFact:
        machine = self.machine
        if self.deadline_scope.cancelled_caught and machine.state is RunState.RUNNING:
            machine.stop("the deadline passed", deadline=True)
        if machine.limit_error is not None or self.crash is not None:
            if machine.state is RunState.RUNNING:
                machine.stop()
            return RunFact.FAILED
        if machine.state is RunState.STOPPING:
            return RunFact.TIMED_OUT if machine.deadline_passed else RunFact.CANCELLED
        return RunFact.COMPLETED if self.main_error is None else RunFact.FAILED

    def _finish(self, plan: WorkflowPlan) -> None:
        """Make the result."""
        machine = self.machine
        status = {
            RunState.COMPLETED: "completed",
            RunState.FAILED: "failed",
            RunState.TIMED_OUT: "timed_out",
        }.get(machine.state, "cancelled")
        if isinstance(self.crash, InvariantBroken):
            status = "failed"
        error: BaseException | None = machine.limit_error or self.crash or self.main_error
        if status == "timed_out":
            error = TimedOut(f"the run did not end within {machine.limits.deadline:g} s")
        elif status == "cancelled":
            error = ContextCancelled(
                f"the run was cancelled{': ' + machine.stop_reason if machine.stop_reason else ''}"
            )
        counters = {
            "steps": machine.steps,
            "evaluations": machine.evaluations,
            "threads": machine.threads_started,
            "contexts": machine.contexts_opened,
            "seconds": self.kernel.current_time() - self.started_at,
        }
        scopes = [self.main_scopes[index] for index in sorted(self.main_scopes)]
        self.result = Result(
            status, {k: copy_value(v) for k, v in self.outputs.items()},
            {k: copy_value(v) for k, v in machine.variables().items()},
            self.printed, error, counters, self.abandoned, plan, scopes,
        )  # fmt: skip
        self.watchers.run_ended(status, error)
        self.finished.set()

    def raise_unless_completed(self) -> Result:
        """The result of a run that completed; raises `RunFailed`, `RunTimedOut` or `RunCancelled`."""
        result = self.result
        assert result is not None
        if result.status == "completed":
            return result
        if result.status == "timed_out":
            raise RunTimedOut(str(result.error), result) from result.error
        if result.status == "cancelled":
            raise RunCancelled(str(result.error), result, self.machine.stop_reason or "") from None
        raise RunFailed(f"the run failed: {result.error}", result) from result.error

    # --- what the machine wishes ---

    def perform(self) -> None:
        """Do what the machine wants of others than the thread that reported."""
        wishes = self.machine.wishes
        if not wishes:
            return
        self.machine.wishes = []
        for wish, subject in wishes:
            if wish is START:
                thread: Any = subject
                nursery = self.nurseries[thread.context.id]
                start: Any = nursery.start_soon
                if self.contextvars and thread.context.id in self.contextvars:
                    start = partial(self.contextvars[thread.context.id].run, start)
                start(thread.as_task, name=thread.branch or "flow thread")
                if self.watched and self.watchers.observers:
                    self.watchers.thread_started(thread)
            elif wish is WAKE:
                driver: Any = subject
                if type(driver) is Driver:
                    driver.wake()
                else:
                    self._wake_elided(driver)
            else:
                context_nursery = self.nurseries.get(subject.id)
                if context_nursery is not None:
                    context_nursery.cancel_scope.cancel()

    def _wake_elided(self, thread: FlowThread) -> None:
        """Wake the driver in whose task a thread without a task runs."""
        opener = thread.context.opener
        while opener is not None and type(opener) is not Driver:
            opener = opener.context.opener
        if opener is not None:
            opener.wake()

    def opened(self, context: Context) -> None:
        if self.watchers.observers:
            self.watchers.context_opened(context)

    def closed(self, context: Context) -> None:
        if self.watchers.observers:
            self.watchers.context_closed(context)

    def thread_ended(self, thread: FlowThread) -> None:
        context = thread.context
        if context is self.machine.main:
            self.main_scopes[thread.index] = thread.scope
        if thread.state is THREAD_CANCELLED and not context.doomed:
            self.machine.swept(context)
        if self.watched and self.watchers.observers:
            self.watchers.thread_ended(thread)

    def activity(self) -> int:
        """Grows whenever a flow thread does anything."""
        machine = self.machine
        return machine.steps + machine.threads_started - machine.live + machine.contexts_opened + len(machine.at_gate)

    # --- what drivers ask ---

    def path(self, thread: FlowThread) -> str:
        return thread_path(thread)

    def answered(self, activation: Any, answer: Any) -> int:
        """Write the outputs that a body returned; returns the exec output that it leads to."""
        node = activation.node
        binding, thread = node.binding, activation.thread
        if binding.returns_exec:
            output: int = binding.chosen(answer, activation)
        else:
            output = binding.exit
            if binding.fields is not None:
                for name, plan in binding.fields:
                    self.wrote(thread, node, plan, fitting(node, plan, getattr(answer, name)))
            elif type(answer) is CoroutineType:
                answer.close()
                raise TypeError("the body is a plain `def` and returned a coroutine; declare it `async def`")
            elif binding.output is not NOTHING:
                self.wrote(thread, node, binding.output, fitting(node, binding.output, answer))
            elif isinstance(answer, ExecOut):
                output = binding.chosen(answer, activation)
        if self.watched:
            self.watchers.unchanged(activation, node)
            self.node_ended(node, thread, "returned", node.exec_names[output] if output >= 0 else None)
        return output

    def wrote(self, thread: FlowThread, node: Any, plan: Any, value: Any) -> None:
        if self.watched:
            self.sized(thread, plan.name, value)
            if self.watchers.observers:
                self.watchers.output_set(node, thread, plan.name, value)
        self.machine.write(thread, plan.slot, value)

    def sized(self, thread: FlowThread, name: str, value: Any) -> Any:
        """The value; one that is larger than the limit ends the run (11)."""
        limit = self.machine.limits.value_size
        if limit is not None and size_of(value, limit) > limit:
            self.machine.value_too_large(thread, name)
            self.perform()
        return value

    def node_started(self, activation: Any) -> None:
        self.watchers.node_started(activation)

    def node_ended(self, node: Any, thread: FlowThread, outcome: str, output: str | None) -> None:
        if self.watchers.observers:
            self.watchers.node_ended(node, thread, outcome, output)

    def node_failed(self, node: Any, thread: FlowThread, error: BaseException) -> None:
        if self.watchers.observers:
            self.watchers.node_failed(node, thread, error)

    def data_evaluated(self, node: Any, thread: FlowThread) -> None:
        if self.watchers.observers:
            self.watchers.data_evaluated(node, thread)

    def node_timed_out(self, frame: Any) -> BaseException:
        return self.timed_out_error(frame.node)

    def timed_out_error(self, node: Any) -> TimedOut:
        return TimedOut(f"node {node.id!r} did not end within its timeout of {node.timeout:g} s")

    def crashed(self, error: BaseException) -> None:
        """What is no failure of the graph ends the run, and goes on to the host.

        It came out of a body and is not an `Exception`, or it is an invariant that does not hold.
        """
        if self.crash is None:
            self.crash = error
        self.machine.stop(str(error) if isinstance(error, InvariantBroken) else f"a body raised {type(error).__name__}")
        self.perform()

    def lost(self, error: BaseException) -> None:
        """An error that has nowhere to go: a body that failed while being closed."""
        self.lost_errors.append(error)

    def release_interpreter(self) -> None:
        """Let OS threads run, every few slices: a task that only computes starves them (2.6)."""
        self.slices += 1
        if self.slices % RELEASE_EVERY == 0:
            time.sleep(0)

    def service(self, kind: type[S]) -> S:
        for service in self.services:
            if isinstance(service, kind):
                return service
        known = ", ".join(type(service).__name__ for service in self.services) or "none"
        raise LookupError(f"the host gave the run no service of type {kind.__name__}; it gave {known}")

    def instance_of(self, node: Any) -> Any:
        return self.resources.instances[id(node)]

    def feedback(self, node: Any, thread: FlowThread, message: str, level: str, data: Any) -> None:
        if level == "print":
            self.printed.append(message)
        if self.watchers.observers:
            self.watchers.feedback(node, thread, message, level, data)

    def workflow_inputs(self, plan: WorkflowPlan, given: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs for a gosub: converted, defaults filled in."""
        values = {}
        for name, value in given.items():
            if name not in plan.inputs:
                raise KeyError(f"workflow {plan.name!r} has no input {name!r}; it has {sorted(plan.inputs)}")
            values[name] = adapted(value, plan.inputs[name].type, f"input {name!r} of workflow {plan.name!r}")
        for name, default in plan.defaults.items():
            values.setdefault(name, default)
        return values

    # --- bodies with something around them ---

    async def streaming(self, activation: Any, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        """The body of a concurrent stream, inside its `StreamContext` (9.1)."""
        stream = activation.node.stream
        terms = Terms(0, stream.errors == "collect", "skip", None)
        scope = OpenScope(self, activation, ContextKind.STREAM, terms)
        async with scope:
            answer = await function(*arguments)
        for error in scope.errors:
            self.feedback(activation.node, activation.thread, f"an item failed: {error}", "error", error)
        return answer

    async def with_capacity(self, activation: Any, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        """A body that holds a capacity while it runs by itself (10.4)."""
        async with self.capacity(activation) as holder:
            return await holder.drive(function(*arguments))

    def capacity(self, activation: Any) -> Holder:
        """The capacity that a placed node names, to be held."""
        name = activation.node.capacity
        limiter = self.capacities.get(name)
        if limiter is None:
            raise LookupError(f"the host gave the run no capacity {name!r}; it gave {sorted(self.capacities)}")
        return Holder(self, limiter, activation)
