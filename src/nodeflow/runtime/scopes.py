"""Contexts as trio nurseries, from inside a body: `async with ctx.open_scope() as scope`.

A scope opens and closes in the body's own task, last in first out with everything else the body holds. Its flow
threads are children of the nursery; they never raise into it, but report to the machine how they ended, which
decides what the opener gets.
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import trio

from nodeflow.errors import LimitExceeded, WrongCall
from nodeflow.machine import Context, ContextKind, Do
from nodeflow.machine.tree import TERMS, Terms
from nodeflow.runtime.failures import failure_of, reduced, together
from nodeflow.sockets import ExecOut, Request

if TYPE_CHECKING:
    from nodeflow.graph import WorkflowPlan
    from nodeflow.runtime.activation import Activation
    from nodeflow.runtime.driver import Driver
    from nodeflow.runtime.run import Run


class Ask(Request):
    """Something a body awaits that is not a socket."""

    __slots__ = ()

    def act(self, driver: Driver) -> Do:
        raise AssertionError("an Ask says what it does")


class AwaitCapacity(Ask):
    """Wait until one more flow thread of a scope would run at once."""

    __slots__ = ("context",)

    def __init__(self, activation: Any, context: Context) -> None:
        super().__init__(activation, 0)
        self.context = context

    def act(self, driver: Driver) -> Do:
        if self.context.ready:
            return driver.run_here(self.context)
        return driver.run.machine.wants_capacity(driver.thread, self.context)


class AwaitEvent(Ask):
    """Wait until an event is triggered."""

    __slots__ = ("event",)

    def __init__(self, activation: Any, event: str) -> None:
        super().__init__(activation, 0)
        self.event = event

    def act(self, driver: Driver) -> Do:
        assert driver.thread.frame is not None
        driver.thread.frame.request = self  # type: ignore[attr-defined]
        return driver.run.machine.awaits_event(driver.thread, self.event)


class AwaitState(Ask):
    """Wait until a shared state is written such that `holds` is true of it."""

    __slots__ = ("holds", "slot")

    def __init__(self, activation: Any, slot: int, holds: Callable[[Any], bool]) -> None:
        super().__init__(activation, 0)
        self.slot = slot
        self.holds = holds

    def act(self, driver: Driver) -> Do:
        assert driver.thread.frame is not None
        driver.thread.frame.request = self  # type: ignore[attr-defined]
        return driver.run.machine.awaits_state(driver.thread, self.slot)

    def is_met(self, value: Any) -> bool:
        """Whether to wake the body: it holds, or cannot be said, which is the body's failure and not the writer's."""
        try:
            return bool(self.holds(value))
        except Exception:
            return True


class RunHere(Ask):
    """Run the flow threads of a context without a nursery, in this task."""

    __slots__ = ("context",)

    def __init__(self, activation: Any, context: Context) -> None:
        super().__init__(activation, 0)
        self.context = context

    def act(self, driver: Driver) -> Do:
        return driver.run_here(self.context)


class OpenScope:
    """What `ctx.open_scope` returns; see `nodeflow.node.Scope`."""

    __slots__ = (
        "_activation",
        "_manager",
        "_nursery",
        "_run",
        "_terms",
        "_timeout",
        "_workflow",
        "context",
        "errors",
        "finished",
        "kind",
        "results",
    )

    context: Context

    def __init__(
        self,
        run: Run,
        activation: Activation | None,
        kind: ContextKind,
        terms: Terms = TERMS,
        *,
        workflow: WorkflowPlan | None = None,
        timeout: float | None = None,
    ) -> None:
        self._run = run
        self._activation = activation
        self.kind = kind
        self._terms = terms
        self._workflow = workflow
        self._timeout = timeout
        self._manager: Any = None
        self._nursery: trio.Nursery | None = None
        self.results: list[Any] = []
        self.errors: list[BaseException] = []
        self.finished: list[int] = []

    # --- opening ---

    async def __aenter__(self) -> OpenScope:
        activation, machine = self._activation, self._run.machine
        if activation is not None:
            activation.check_caller("open a scope")
        thread = None if activation is None else activation.thread
        name = activation.node.id if activation is not None else self._workflow.name if self._workflow else ""
        context = machine.open(self.kind, thread, name, workflow=self._workflow, terms=self._terms)
        if context is None:
            await self._stopped_by_limit()
        assert context is not None
        self.context = context
        if self._may_elide():
            context.ready = deque()
        else:
            self._manager = self._run.kernel.open_nursery()
            self._nursery = await self._manager.__aenter__()
            if self._timeout is not None:
                self._nursery.cancel_scope.deadline = self._run.kernel.current_time() + self._timeout
            self._run.nurseries[context.id] = self._nursery
            if context.capacity:
                self._run.contextvars[context.id] = contextvars.copy_context()
        machine.opened(context)
        self._run.opened(context)
        return self

    def _may_elide(self) -> bool:
        """Whether none of the bodies that will run inside can block (5)."""
        if not self._run.elide or self._activation is None or self._timeout is not None:
            return False
        if self.kind not in (ContextKind.FAN_OUT, ContextKind.BATCH) or not self._run.machine.gate_open:
            return False
        node = self._activation.node
        branches = [i for i, starts in enumerate(node.starts) if starts]
        return bool(branches) and node.elidable.issuperset(branches)

    async def _stopped_by_limit(self) -> None:
        self._run.perform()
        await self._run.kernel.checkpoint()
        raise self._run.machine.limit_error or LimitExceeded("contexts", 0, "?")

    # --- inside ---

    def start(self, output: ExecOut | None = None, **values: Any) -> None:
        activation: Any = self._activation
        node = activation.node
        targets: Any = ()
        branch = None
        if output is not None:
            if getattr(output, "activation", None) is not activation or not isinstance(output, ExecOut):
                raise WrongCall(f"scope.start takes an exec output of node {node.id!r}, not {output!r}")
            targets, branch = node.targets[output.index], node.exec_names[output.index]
        cells: dict[int, Any] = {}
        for name, value in values.items() if values else ():
            plan = next((plan for plan in node.outputs if plan.name == name), None)
            if plan is None:
                known = [plan.name for plan in node.outputs]
                raise WrongCall(f"node {node.id!r} has no data output {name!r} to set in the thread; it has {known}")
            value = value if plan.adapt is None or type(value) is plan.exact else plan.type.adapt(value)
            cells[plan.slot] = self._run.sized(activation.thread, name, value)
        self._run.machine.start(self.context, activation.thread.scope, targets, branch, cells)

    async def wait_capacity(self) -> None:
        activation = self._activation
        assert activation is not None
        activation.check_caller("wait for capacity")
        holder = self._run.holders.get(id(activation)) if self._run.holders else None
        if holder is None:
            await AwaitCapacity(activation, self.context)
            return
        holder.release()
        await AwaitCapacity(activation, self.context)
        await holder.take()

    def cancel(self, reason: str = "") -> None:
        self._run.machine.cancel(self.context, reason)
        self._run.perform()

    # --- closing ---

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        if isinstance(error, GeneratorExit):
            return False
        run, context = self._run, self.context
        machine = run.machine
        machine.scope_left(context)
        if self._nursery is None:
            if error is not None:
                machine.swept(context)
            if context.ready:
                await RunHere(self._activation, context)
        else:
            if error is not None and not context.doomed:
                machine.swept(context)
                self._nursery.cancel_scope.cancel()
            run.perform()
            holder = run.holders.get(id(self._activation)) if run.holders else None
            if holder is not None:
                holder.release()
            await self._manager.__aexit__(None, None, None)
            if self._has_expired():
                machine.expired(context)
            del run.nurseries[context.id]
            run.contextvars.pop(context.id, None)
        machine.closed(context)
        run.closed(context)
        settled = await self._settle(None if error is None else reduced(error))
        if self._nursery is not None and holder is not None:
            await holder.take()
        return settled

    def _has_expired(self) -> bool:
        """Whether it was this scope's own deadline that ended it."""
        context, nursery = self.context, self._nursery
        if nursery is None or self._timeout is None or context.failures or context.cancelled is not None:
            return False
        return nursery.cancel_scope.cancel_called and self._run.kernel.current_time() >= nursery.cancel_scope.deadline

    def _cancelled_itself(self) -> bool:
        """Whether the context has a reason of its own for being cancelled, and not one around it."""
        context = self.context
        return context.satisfied or context.timed_out or context.cancelled is not None

    async def _settle(self, error: BaseException | None) -> bool:
        """Decide what the opener gets: errors outrank cancellation, which outranks what only is missing."""
        machine, context = self._run.machine, self.context
        self._run.perform()
        failures: list[BaseException] = machine.failed_with(context)
        if error is not None and not isinstance(error, trio.Cancelled):
            failures.append(error)
        if not failures:
            if isinstance(error, trio.Cancelled) and not self._cancelled_itself():
                return False  # the body cleans up behind a shield, where no checkpoint would tell
            await self._run.kernel.checkpoint_if_cancelled()
            outcome = machine.outcome(context)
            failures = [self._as_failure(problem) for problem in outcome]
        if not failures:
            machine.completed(context)
            self.results = machine.results(context)
            self.errors = machine.errors(context)
            self.finished = machine.finished(context)
            return error is not None
        raised = together(failures)
        if raised is error:
            return False
        raise raised

    def _as_failure(self, problem: BaseException) -> BaseException:
        """What the machine says of a context is a failure of the opener's node."""
        activation = self._activation
        if activation is None:
            return problem
        return failure_of(activation.node, activation.context_path, activation.thread.id, problem)
