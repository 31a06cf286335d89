"""The node context that a body sees, and the frame that waits for it: one object for both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import trio

from nodeflow.errors import ConversionError, SocketTypeError, WrongCall
from nodeflow.graph import CELL, OutputPlan, VariablePlan
from nodeflow.machine import ContextKind, Frame
from nodeflow.machine.records import thread_path
from nodeflow.machine.tree import Terms
from nodeflow.node import ScopeKind
from nodeflow.runtime.scopes import AwaitEvent, AwaitState, OpenScope
from nodeflow.sockets import Request, Result, SharedState

if TYPE_CHECKING:
    from nodeflow.machine import FlowThread
    from nodeflow.runtime.run import Run

S = TypeVar("S")
T = TypeVar("T")

KINDS: Mapping[ScopeKind, ContextKind] = {
    ScopeKind.FAN_OUT: ContextKind.FAN_OUT,
    ScopeKind.BATCH: ContextKind.BATCH,
}


class Activation(Frame):
    """One execution of a body: the machine's frame, and the `NodeContext` that the body may ask for.

    Attributes:
        run, thread: Whose it is.
        coroutine: The suspended body.
        request: The handle that the body awaits and that wants an answer.
        shield: The cancel scope around the body, shielded once it cleans up (10.2).
        bound: The cancel scope of the placed node's timeout (10.4).
    """

    __slots__ = ("bound", "coroutine", "request", "run", "shield", "thread")

    node: Any
    run: Run
    thread: FlowThread

    def __init__(self, node: Any, entered: int, parent: Frame | None) -> None:
        self.node = node  # what Frame.__init__ does, without the call: there may be a hundred thousand of these
        self.entered = entered
        self.parent = parent
        self.targets = ()
        self.position = 0
        self.triggered = -1
        self.pull = None
        self.jump = None
        self.opened = self.joined = None
        self.stream = None
        self.coroutine: Any = None
        self.request: Request | None = None
        self.shield: trio.CancelScope | None = None
        self.bound: trio.CancelScope | None = None

    # --- what handles ask ---

    def check_caller(self, what: str) -> None:
        thread = self.thread
        if thread.frame is not self or not thread.sending:
            raise WrongCall(
                f"only the body of node {self.node.id!r} may {what}, in its own task; to run something side by side: "
                "`async with ctx.open_scope() as scope: scope.start(output, name=value)`"
            )

    def set_output(self, index: int, value: Any) -> None:
        plan = self.node.binding.outs[index]
        if type(value) is not plan.exact:
            value = fitting(self.node, plan, value)
        if self.run.watched:
            self.run.wrote(self.thread, self.node, plan, value)
        else:
            self.run.machine.write(self.thread, plan.slot, value)

    def read_state(self, index: int) -> Any:
        slot, shared, initial, _ = self.node.binding.states[index]
        if shared:
            return self.thread.scope.store.cells.get(slot, initial)
        return self.run.machine.read(self.thread.scope, CELL, slot, initial)

    def write_state(self, index: int, value: Any) -> None:
        slot, shared, _, name = self.node.binding.states[index]
        run = self.run
        run.sized(self.thread, name, value)
        if run.watched:
            run.watchers.state_set(self.node, self.thread, name, value)
        if shared:
            for waiter in run.machine.write_shared(self.thread, slot, value):
                frame: Any = waiter.frame
                if frame.request.is_met(value):
                    run.machine.met(waiter, slot)
            run.perform()
        else:
            self.run.machine.write(self.thread, slot, value)

    # --- the node context ---

    @property
    def node_id(self) -> str:
        return str(self.node.id)

    @property
    def type_name(self) -> str:
        return str(self.node.type.name)

    @property
    def workflow(self) -> str:
        return str(self.node.workflow.name)

    @property
    def thread_id(self) -> int:
        return self.thread.id

    @property
    def context_path(self) -> str:
        return thread_path(self.thread)

    @property
    def context_kind(self) -> str:
        return self.thread.context.kind.value

    @property
    def variables(self) -> _Variables:
        return _Variables(self)

    def service(self, kind: type[S]) -> S:
        return self.run.service(kind)

    def feedback(self, message: str, level: str = "info", data: Any = None) -> None:
        self.run.feedback(self.node, self.thread, message, level, data)

    def set_outputs(self, values: Mapping[str, Any]) -> None:
        plan = self.node.workflow
        for name, value in values.items():
            output = plan.outputs.get(name)
            if output is None:
                raise WrongCall(f"workflow {plan.name!r} has no output {name!r}; it has {sorted(plan.outputs)}")
            value = self.run.sized(self.thread, name, fitting(self.node, output, value))
            self.run.machine.set_output(self.thread, output.slot, value)

    def open_scope(
        self,
        kind: ScopeKind = ScopeKind.FAN_OUT,
        *,
        parallel: int | None = None,
        errors: str = "fail_fast",
        missing: str = "error",
        result: Result[Any] | None = None,
        timeout: float | None = None,
        first: int | None = None,
    ) -> OpenScope:
        if parallel is not None and (type(parallel) is not int or parallel < 1):
            raise ValueError(f"`parallel` must be at least 1, not {parallel!r}")
        if first is not None and (type(first) is not int or first < 1):
            raise ValueError(f"`first` must be at least 1, not {first!r}")
        if errors not in ("fail_fast", "collect"):
            raise ValueError(f"`errors` must be 'fail_fast' or 'collect', not {errors!r}")
        if missing not in ("error", "skip", "none"):
            raise ValueError(f"`missing` must be 'error', 'skip' or 'none', not {missing!r}")
        plan = self.node.result if result is not None and result.wired else None
        terms = Terms(parallel or 0, errors == "collect", missing, plan, first or 0)
        return OpenScope(self.run, self, KINDS[kind], terms, timeout=timeout)

    async def gosub(self, workflow: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        self.check_caller("run a workflow")
        plan = self.run.graph.workflows.get(workflow)
        if plan is None:
            raise WrongCall(f"there is no workflow {workflow!r}; there are {sorted(self.run.graph.workflows)}")
        given = self.run.workflow_inputs(plan, inputs)
        scope = OpenScope(self.run, self, ContextKind.WORKFLOW, workflow=plan)
        async with scope:
            self.run.machine.enter_workflow(scope.context, plan, given)
        return self.run.machine.workflow_outputs(scope.context)

    async def trigger_event(self, event: str, payload: Any = None) -> None:
        self.check_caller("trigger an event")
        kind = self.node.workflow.events.get(event)
        if kind is None:
            raise WrongCall(f"event {event!r} is not declared; declared are {sorted(self.node.workflow.events)}")
        payload = self.run.sized(self.thread, "payload", adapted(payload, kind, f"payload of event {event!r}"))
        machine = self.run.machine
        machine.announced(self.thread, event, payload)
        if machine.has_listeners(self.thread, event):
            scope = OpenScope(self.run, self, ContextKind.WORKFLOW)
            async with scope:
                machine.deliver(scope.context, self.thread, event, payload)

    async def wait_event(self, event: str) -> Any:
        self.check_caller("wait for an event")
        if event not in self.node.workflow.events:
            raise WrongCall(f"event {event!r} is not declared; declared are {sorted(self.node.workflow.events)}")
        request = AwaitEvent(self, event)
        await request
        return request.answer

    async def wait(self, state: SharedState[T], holds: Callable[[T], bool]) -> T:
        self.check_caller("wait for a state")
        slot, shared, _, name = self.node.binding.states[state.index]
        if state.activation is not self or not shared:
            raise WrongCall(f"a body waits for a shared state of its own node; {name!r} is none: nobody else writes it")
        while not holds(state.value):
            await AwaitState(self, slot, holds)
        return state.value

    def time(self) -> float:
        return float(self.run.kernel.current_time())

    async def sleep(self, seconds: float) -> None:
        await self.run.kernel.sleep(seconds)

    def timeout(self, seconds: float) -> trio.CancelScope:
        if seconds < 0:
            raise ValueError(f"`seconds` must be 0 or more, not {seconds!r}")
        kernel = self.run.kernel
        scope: trio.CancelScope = kernel.CancelScope(deadline=kernel.current_time() + seconds)
        return scope


class BlockingActivation(Activation):
    """The activation of a body in a worker thread (2.5).

    Attributes:
        buffer: What the body set; it is written when it returns.
    """

    __slots__ = ("buffer",)

    def __init__(self, node: Any, entered: int, parent: Frame | None) -> None:
        super().__init__(node, entered, parent)
        self.buffer: list[tuple[OutputPlan, Any]] = []

    def check_caller(self, what: str) -> None:
        raise WrongCall(f"a blocking body cannot {what}: it runs in a worker thread; make it `async def`")

    def set_output(self, index: int, value: Any) -> None:
        plan = self.node.binding.outs[index]
        self.buffer.append((plan, fitting(self.node, plan, value)))


class _Variables:
    """The variables of a workflow, as a body sees them."""

    __slots__ = ("_activation",)

    def __init__(self, activation: Activation) -> None:
        self._activation = activation

    def _plan(self, name: str) -> VariablePlan:
        workflow = self._activation.node.workflow
        plan: VariablePlan | None = workflow.variables.get(name)
        if plan is None:
            raise WrongCall(f"variable {name!r} is not declared; declared are {sorted(workflow.variables)}")
        return plan

    def get(self, name: str) -> Any:
        activation = self._activation
        return activation.run.machine.get_variable(activation.thread.scope, self._plan(name))

    def set(self, name: str, value: Any) -> None:
        activation, plan = self._activation, self._plan(name)
        value = activation.run.sized(activation.thread, name, adapted(value, plan.type, f"variable {name!r}"))
        activation.run.machine.set_variable(activation.thread, plan, value)

    def update(self, name: str, change: Callable[[Any], Any]) -> Any:
        self.set(name, change(self.get(name)))
        return self.get(name)


def adapted(value: Any, kind: Any, what: str) -> Any:
    """A value as `kind`, or a `SocketTypeError` that names what it was for."""
    try:
        return kind.adapt(value)
    except ConversionError as error:
        raise SocketTypeError(f"{what}: {error}") from None


def fitting(node: Any, plan: OutputPlan, value: Any) -> Any:
    """A value as it is written to an output: checked, and converted if need be (3.6)."""
    if plan.adapt is None or type(value) is plan.exact:
        return value
    return adapted(value, plan.type, f"output {plan.name!r} of node {node.id!r}")
