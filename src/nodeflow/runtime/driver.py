"""One flow thread as one trio task that drives many bodies.

The driver *is* the task's coroutine: it has `send`, `throw` and `close`, and an explicit stack of bodies (the frames
of its flow thread). It sends into the body on top; what comes out is either a request of ours, which goes to the
machine, or trio's own, which goes on to trio untouched; trio's answer comes back through `send` or `throw`. So a
trigger is a push, not an `await` in an `await`: depth costs memory, and waking costs the same at any depth.

It contains no decision: after each fact, the machine says what to do next.
"""

from __future__ import annotations

import contextvars
import math
import sys
from collections.abc import Coroutine, Generator
from types import CoroutineType, FrameType
from typing import TYPE_CHECKING, Any, Final

import trio
from outcome import Error

from nodeflow.errors import ConversionError, NodeFailed, SocketTypeError
from nodeflow.graph import DataNode
from nodeflow.machine import Context, Do, FlowThread, Scope
from nodeflow.machine.records import Evaluation
from nodeflow.machine.states import BORN, InvariantBroken
from nodeflow.runtime.activation import Activation, BlockingActivation, fitting
from nodeflow.runtime.failures import Unwind, again, failure_of, is_unwinding, leaves, reduced, together
from nodeflow.runtime.scopes import Ask
from nodeflow.sockets import ExecOut, Lazy, Request, Stream

if TYPE_CHECKING:
    from nodeflow.runtime.run import Run

CALL: Final = Do.CALL
RESUME: Final = Do.RESUME
THROW: Final = Do.THROW
UNWIND: Final = Do.UNWIND
EVALUATE: Final = Do.EVALUATE
FAIL: Final = Do.FAIL
SLICE: Final = Do.SLICE
WAIT: Final = Do.WAIT
END: Final = Do.END

_OVER: Final[Any] = None

_IDLE_FRAME: Final = sys._getframe()
"""What a driver shows as its frame while it has no body: trio wants to see one."""


class Driver(FlowThread, Coroutine[Any, Any, None]):
    """A flow thread with a trio task of its own.

    Attributes:
        thread: The flow thread that is being driven: itself, or one of a context without a nursery.
        sending: Whether control is inside this driver: so a body can tell its own task from another (1.1).
        helper: A coroutine of ours that the thread waits in, and what it is for.
        cleanup: The cancellation that bodies are cleaning up after, and until when; `shields`: how many do.
        parked: Its task, while it sleeps until the machine has it woken.
        openers: The threads that wait for contexts without a nursery, with these contexts.
        isolated: The contextvars of the thread being driven, where it has no task.
    """

    __slots__ = ("cleanup", "helper", "helping", "isolated", "openers", "parked", "run", "sending", "shields", "thread")

    def __init__(
        self, run: Run, id: int, context: Context, scope: Scope, index: int, targets: Any, branch: Any
    ) -> None:
        # What `FlowThread.__init__` does, without the call: there may be a hundred thousand of these.
        self.id = id
        self.context = context
        self.scope = scope
        self.index = index
        self.targets = targets
        self.branch = branch
        self.state = BORN
        self.frame = self.pull = self.node = self.values = self.answer = self.error = self.culprit = None
        self.next = self.sets = self.opened = self.brought = None
        self.depth = self.entered = 0
        self.permit = self.slicing = False
        self.run = run
        self.thread: FlowThread = self
        self.sending = False
        self.helper: Any = None
        self.helping: Do | None = None
        self.openers: list[tuple[FlowThread, Context]] | None = None
        self.isolated: contextvars.Context | None = None
        self.parked: trio.lowlevel.Task | None = None
        self.cleanup: tuple[trio.Cancelled, float] | None = None
        self.shields = 0

    # --- the coroutine protocol ---

    def as_task(self) -> Driver:
        """What `nursery.start_soon` is given: a plain function that returns the coroutine."""
        return self

    def __await__(self) -> Generator[Any, Any, None]:
        raise TypeError("a flow thread is started in a nursery, not awaited")

    @trio.lowlevel.enable_ki_protection
    def send(self, value: Any) -> Any:
        self.sending = True
        try:
            return self._drive(value, None)
        finally:
            self.sending = False

    @trio.lowlevel.enable_ki_protection
    def throw(self, kind: Any, value: Any = None, traceback: Any = None) -> Any:
        error = kind if isinstance(kind, BaseException) else value if value is not None else kind()
        self.sending = True
        try:
            return self._drive(None, error)
        finally:
            self.sending = False

    @trio.lowlevel.enable_ki_protection
    def close(self) -> None:
        """Close all bodies, top to bottom, whatever one of them does."""
        if self.helper is not None:
            self.helper.close()
            self.helper = None
        frame = self.thread.frame if self.thread is not None else None
        while frame is not None:
            coroutine = getattr(frame, "coroutine", None)
            if coroutine is not None:
                try:
                    coroutine.close()
                except BaseException as error:
                    self.run.lost(error)
            frame = frame.parent
        self.frame = None

    def __del__(self) -> None:
        if self.frame is not None:
            self.close()

    @property
    def cr_frame(self) -> FrameType | None:
        if self.frame is None and self.helper is None and self.openers is None:
            return _IDLE_FRAME
        coroutine = self.cr_await
        frame = getattr(coroutine, "cr_frame", None)
        return frame if frame is not None else _IDLE_FRAME

    @property
    def cr_await(self) -> Any:
        if self.helper is not None or self.thread is None:
            return self.helper
        return getattr(self.thread.frame, "coroutine", None)

    @property
    def cr_running(self) -> bool:
        return self.sending

    # --- driving ---

    def _drive(self, value: Any, error: BaseException | None) -> Any:
        """Run until trio is needed (returns its request) or the thread is over (raises `StopIteration`).

        The two commonest things, plain functions and bodies that trigger, are done right here; everything else
        has a method of its own.
        """
        run = self.run
        machine = run.machine
        thread = self.thread
        failure: BaseException | None = None
        if type(value) is Error and isinstance(value.error, trio.Cancelled):
            self._cancelled(thread, value.error)
        if self.helper is not None:
            outcome = self._help(value, error)
        elif thread.frame is None:
            outcome = machine.begun(thread) if error is None else machine.failed(thread, error, cancelled=True)
        else:
            outcome = self._continue(value, error)
        while True:
            thread = self.thread
            if outcome is CALL:
                node: Any = thread.node
                binding = node.binding
                if binding.plain and not run.watched:
                    try:
                        if self.isolated is None:
                            result = binding.function(*thread.values)  # type: ignore[misc]
                        else:
                            result = self.isolated.run(binding.function, *thread.values)  # type: ignore[misc]
                        plan = binding.output
                        if type(result) is not plan.exact:
                            result = _checked(node, plan, result)
                    except BaseException as raised:
                        failure = raised
                    else:
                        outcome = machine.returned(thread, node, binding.exit, plan.slot, result)
                        continue
                    outcome = self._node_failed(node, failure)
                    failure = None
                    continue
                if not binding.bare or run.watched:
                    outcome = self._call(thread, node, binding)
                    continue
                frame: Any = thread.frame
                frame.run, frame.thread = run, thread
                values: Any = thread.values
                if binding.recipe is not None:
                    values = [values[at] if make is None else make(frame, at) for make, at in binding.recipe]
                frame.coroutine = binding.function(*values)
                thread.values = values = None
            elif outcome is RESUME:
                frame = thread.frame
                if frame.request is not None:
                    frame.request.answer = thread.answer
                    frame.request = None
                    if run.watched:
                        run.watchers.given(frame, (thread.answer,))
            elif outcome is EVALUATE:
                outcome = self._evaluate(thread)
                continue
            elif outcome is END:
                outcome = self._end(thread)
                continue
            elif isinstance(outcome, Do):
                outcome = self._other(thread, outcome)
                continue
            else:
                run.perform()
                return outcome
            answer = None
            try:
                request = frame.coroutine.send(None)
            except StopIteration as stop:
                answer = stop.value
            except BaseException as raised:
                failure = raised
            else:
                if type(request) is ExecOut:
                    outcome = machine.triggered(thread, request.index)
                else:
                    outcome = self._requested(thread, frame, request)
                continue
            outcome = self._body_over(thread, frame, answer, failure)
            failure = None  # its traceback has this very frame: let go of it, or only the collector can

    def _other(self, thread: FlowThread, outcome: Do) -> Any:
        """The rarer things that the machine wants."""
        if outcome is THROW:
            error, thread.error = thread.error, None
            return self._continue(None, error)
        if outcome is UNWIND:
            return self._continue(None, Unwind())
        if outcome is FAIL:
            return self._fail(thread)
        if outcome is SLICE:
            if self.run.blocking_bodies:
                self.run.release_interpreter()
            return self._help_with(self.run.kernel.checkpoint(), SLICE)
        assert outcome is WAIT
        return self._help_with(self._park(), WAIT)

    def _continue(self, value: Any, error: BaseException | None) -> Any:
        """Send or throw into the body on top; returns what follows, or trio's request."""
        thread = self.thread
        frame: Any = thread.frame
        if error is not None:
            if isinstance(error, trio.Cancelled) and frame.shield is not None:
                self._shield(frame, error)
            if isinstance(error, NodeFailed | trio.Cancelled):
                error.__traceback__ = None
        answer = raised = None
        try:
            request = frame.coroutine.send(value) if error is None else frame.coroutine.throw(error)
        except StopIteration as stop:
            answer = stop.value
        except BaseException as problem:
            raised = problem
        else:
            return self._requested(thread, frame, request)
        finally:
            error = None
        try:
            return self._body_over(thread, frame, answer, raised)
        finally:
            raised = None

    def _body_over(self, thread: FlowThread, frame: Any, answer: Any, raised: BaseException | None) -> Any:
        """The body on top is over: it returned `answer`, or `raised`."""
        frame.coroutine = None
        if frame.shield is not None or frame.bound is not None:
            raised = self._leave_scopes(frame, raised)
        if raised is not None:
            return self._body_raised(thread, frame, raised)
        binding = frame.node.binding
        if binding.single and frame.pull is None and not self.run.watched:
            plan = binding.output
            if type(answer) is plan.exact:
                return self.run.machine.left(thread, binding.exit, plan.slot, answer)
        return self._body_returned(thread, frame, answer)

    def _requested(self, thread: FlowThread, frame: Any, request: Any) -> Any:
        """The body on top awaits something: ours, or trio's."""
        kind = type(request)
        if kind is ExecOut:
            return self.run.machine.triggered(thread, request.index)
        if not isinstance(request, Request):
            return request
        if kind is Lazy:
            frame.request = request
            return self.run.machine.pulled(thread, frame.node.binding.lazies[request.index])
        if kind is Stream:
            return self._emitted(thread, frame, request)
        assert isinstance(request, Ask), request
        return request.act(self)

    def _emitted(self, thread: FlowThread, frame: Any, request: Any) -> Any:
        plan = frame.node.outputs[request.index]
        item, request.item = request.item, None
        try:
            item = fitting(frame.node, plan, item)
        except SocketTypeError as error:
            return self._continue(None, error)
        return self.run.machine.emitted(thread, self.run.sized(thread, plan.name, item))

    # --- bodies ---

    def _call(self, thread: FlowThread, node: Any, binding: Any) -> Any:
        """Call a body that is not a plain function of its inputs, or that somebody watches."""
        run = self.run
        values = thread.values
        assert values is not None
        if node.is_async:
            activation: Any = thread.frame
        else:
            activation = (BlockingActivation if node.type.blocking else Activation)(node, thread.entered, None)
        activation.run, activation.thread = run, thread
        if run.watched:
            run.node_started(activation)
        try:
            if node.is_async:
                return self._begin(activation, binding)
            arguments = binding.arguments(activation, values)
            if node.capacity is not None and not node.type.blocking:
                return self._help_with(self._holding(activation, binding.function, arguments), CALL)
            if node.type.blocking:
                return self._help_with(self._in_worker(activation, binding.function, arguments), CALL)
            if self.isolated is None:
                answer = binding.function(*arguments)
            else:
                answer = self.isolated.run(binding.function, *arguments)
            output = run.answered(activation, answer)
        except BaseException as error:
            failure = error
        else:
            return run.machine.returned(thread, node, output)
        if node.is_async:
            raised = self._leave_scopes(activation, failure) or failure
            return self._body_raised(thread, activation, raised)
        return self._node_failed(node, failure, activation)

    def _begin(self, activation: Any, binding: Any) -> Any:
        """Start a body that can wait."""
        node = activation.node
        if node.timeout is not None:
            kernel = self.run.kernel
            activation.bound = kernel.CancelScope(deadline=kernel.current_time() + node.timeout)
            activation.bound.__enter__()
        if binding.cleans_up and self.run.cleanup_timeout > 0:
            activation.shield = self.run.kernel.CancelScope()
            activation.shield.__enter__()
        arguments = binding.arguments(activation, activation.thread.values)
        if node.stream is not None and node.stream.in_flight:
            activation.coroutine = self.run.streaming(activation, binding.function, arguments)
        elif node.capacity is not None:
            activation.coroutine = self.run.with_capacity(activation, binding.function, arguments)
        else:
            activation.coroutine = binding.function(*arguments)
        return self._continue(None, None)

    def _leave_scopes(self, frame: Any, raised: BaseException | None) -> BaseException | None:
        """Close the cancel scopes around a body that is over; returns what it is over with."""
        shield, bound = frame.shield, frame.bound
        frame.shield = frame.bound = None
        if shield is not None:
            if shield.shield:
                self.shields -= 1
            _exit(shield, raised)
            if shield.shield and raised is None and self.cleanup is not None and self._is_cancelled():
                # Behind the shield a nursery of the body's own takes the cancellation for one of its own, and keeps it.
                raised = self.cleanup[0]
        if (
            bound is not None
            and _exit(bound, raised)
            and (raised is None or isinstance(reduced(raised), trio.Cancelled))
        ):
            return self.run.node_timed_out(frame)
        return raised

    def _cancelled(self, thread: FlowThread, error: trio.Cancelled) -> None:
        """Trio answers with a cancellation, which is raised inside the body on top (trio sends it, as an outcome)."""
        error.__traceback__ = None
        frame: Any = thread.frame
        if self.helper is None and frame is not None and frame.shield is not None:
            self._shield(frame, error)

    def _shield(self, frame: Any, error: trio.Cancelled) -> None:
        """The body is being cancelled from outside: let it clean up, for a while (10.2).

        One cancellation gives all the bodies that it unwinds, and what their cleanup triggers, that time together.

        If it is still cancelled behind the shield, the cancellation came from a scope of its own, which is its own
        business.
        """
        shield: trio.CancelScope = frame.shield
        if shield.shield:
            return
        shield.shield = True
        if self._is_cancelled():
            shield.shield = False
        else:
            if self.cleanup is None or (not self.shields and self.cleanup[0] is not error):
                self.cleanup = (error, self.run.kernel.current_time() + self.run.cleanup_timeout)
            self.shields += 1
            shield.deadline = self.cleanup[1]

    def _is_cancelled(self) -> bool:
        """Whether the next thing that this task waits for is cancelled."""
        return bool(self.run.kernel.current_effective_deadline() == -math.inf)

    def _body_returned(self, thread: FlowThread, frame: Any, answer: Any) -> Any:
        machine, node = self.run.machine, frame.node
        try:
            if frame.pull is not None:
                outputs = _spread(node, answer)
                self.run.watchers.unchanged(frame.pull.stack[-1], node)
                self.run.watchers.unchanged(frame, node)
            elif node.binding.single and not self.run.watched:
                plan = node.binding.output
                if type(answer) is not plan.exact:
                    answer = _checked(node, plan, answer)
                return machine.left(thread, node.binding.exit, plan.slot, answer)
            else:
                output = self.run.answered(frame, answer)
        except BaseException as problem:
            raised = problem
        else:
            if frame.pull is not None:
                for value in outputs:
                    self.run.sized(thread, node.id, value)
                return machine.evaluated(thread, outputs)
            return machine.left(thread, output)
        return self._body_raised(thread, frame, raised)

    def _body_raised(self, thread: FlowThread, frame: Any, raised: BaseException) -> Any:
        machine, run = self.run.machine, self.run
        if frame.jump is not None and is_unwinding(raised):
            if run.watched:
                run.node_ended(frame.node, thread, "unwound", None)
            return machine.unwound(thread)
        error, cancelled = self._failure(frame.node, raised)
        if run.watched and frame.pull is None:  # evaluating a data node is no activation
            run.node_ended(frame.node, thread, "cancelled" if cancelled else "failed", None)
        return machine.body_failed(thread, error, cancelled=cancelled)

    def _node_failed(self, node: Any, raised: BaseException, activation: Any = None) -> Any:
        """A body without a frame failed."""
        error, cancelled = self._failure(node, raised)
        if activation is not None and self.run.watched:
            self.run.node_ended(node, self.thread, "cancelled" if cancelled else "failed", None)
        return self.run.machine.failed(self.thread, error, cancelled=cancelled)

    def _failure(self, node: Any, raised: BaseException) -> tuple[BaseException, bool]:
        """What a body raised, as it goes on: wrapped once; and whether it is a cancellation (10.1)."""
        error = reduced(raised)
        if isinstance(error, trio.Cancelled):
            return error, True
        if isinstance(error, InvariantBroken):
            self.run.crashed(error)
            return error, True
        if isinstance(error, Exception):
            if isinstance(error, NodeFailed):
                return error, False
            if isinstance(error, BaseExceptionGroup) and any(isinstance(leaf, NodeFailed) for leaf in leaves(error)):
                return together([self._wrapped(node, leaf) for leaf in leaves(error)]), False
            return self._wrapped(node, error), False
        self.run.crashed(error)
        return error, True

    def _wrapped(self, node: Any, error: BaseException) -> BaseException:
        """A failure of this node; what came through from below is one already."""
        if isinstance(error, NodeFailed):
            return error
        wrapped = failure_of(node, self.run.path(self.thread), self.thread.id, error)
        self.run.node_failed(node, self.thread, wrapped)
        return wrapped

    # --- data nodes ---

    def _evaluate(self, thread: FlowThread) -> Any:
        pull: Any = thread.pull
        evaluation: Evaluation = pull.stack[-1]
        node: DataNode = evaluation.node
        values = evaluation.values
        if node.convert_to is not None:
            return self._convert(thread, evaluation)
        binding = node.binding
        run = self.run
        if run.watched:
            run.data_evaluated(node, thread)
            run.watchers.given(evaluation, values)
        try:
            if binding.recipe is None:
                answer = binding.function(*values)
            else:
                activation = Activation(node, 0, None)
                activation.run, activation.thread = run, thread
                outer, thread.values = thread.values, values
                arguments = binding.arguments(activation, values)
                thread.values = outer
                answer = binding.function(*arguments)
            if type(answer) is CoroutineType:
                if binding.type.is_async:
                    return self._evaluate_later(thread, node, answer, None if binding.recipe is None else activation)
                raise _returned_coroutine(answer)
            plan = binding.output
            if plan is None:
                outputs = _spread(node, answer)
            elif plan.adapt is None or type(answer) is plan.exact:
                outputs = (answer,)
            else:
                outputs = (fitting(node, plan, answer),)
            if run.watched:
                run.watchers.unchanged(evaluation, node)
        except BaseException as raised:
            failure = raised
        else:
            if run.watched:
                for output in outputs:
                    run.sized(thread, node.id, output)
            return run.machine.evaluated(thread, outputs)
        error, cancelled = self._failure(node, failure)
        return run.machine.failed(thread, error, cancelled=cancelled)

    def _evaluate_later(self, thread: FlowThread, node: DataNode, coroutine: Any, activation: Activation | None) -> Any:
        if activation is None:
            activation = Activation(node, 0, None)
            activation.run, activation.thread = self.run, thread
        activation.coroutine = coroutine
        self.run.machine.evaluation_began(thread, activation)
        return self._continue(None, None)

    def _convert(self, thread: FlowThread, evaluation: Evaluation) -> Any:
        node = evaluation.node
        assert node.convert_to is not None
        try:
            value = node.convert_to.adapt(evaluation.values[0])
        except ConversionError as error:
            problem = error
        else:
            return self.run.machine.evaluated(thread, (self.run.sized(thread, node.id, value),))
        pull: Any = thread.pull
        reader: Any = pull.stack[-2].node if len(pull.stack) > 1 else self.run.machine._puller(thread)
        plans = pull.stack[-2] if len(pull.stack) > 1 else pull
        into = (plans.node.eager if len(pull.stack) > 1 else pull.plans)[len(plans.values)].name
        thread.culprit = reader
        thread.error = SocketTypeError(f"{node.id} -> {reader.id}.{into}: {problem}")
        return FAIL

    def _fail(self, thread: FlowThread) -> Any:
        """The machine found a failure: make it one of its node."""
        error, culprit = thread.error, thread.culprit
        thread.error = thread.culprit = None
        if isinstance(error, NodeFailed):
            error = again(error)
        elif culprit is not None and not isinstance(error, BaseExceptionGroup):
            error = failure_of(culprit, self.run.path(thread), thread.id, error)
            self.run.node_failed(culprit, thread, error)
        return self.run.machine.failed(thread, error)

    # --- waiting ---

    def _help_with(self, coroutine: Any, purpose: Do) -> Any:
        self.helper, self.helping = coroutine, purpose
        return self._help(None, None)

    def _help(self, value: Any, error: BaseException | None) -> Any:
        """Go on with a coroutine of ours; when it is over, with what it was for."""
        thread, helper = self.thread, self.helper
        raised: BaseException | None = None
        if isinstance(error, trio.Cancelled):
            error.__traceback__ = None
        try:
            request = helper.send(value) if error is None else helper.throw(error)
        except StopIteration as stop:
            answer = stop.value
        except BaseException as problem:
            raised = problem
        else:
            return request
        error = None
        purpose, self.helper, self.helping = self.helping, None, None
        machine = self.run.machine
        if purpose is CALL:
            return self._worker_done(thread, answer if raised is None else None, raised)
        if raised is not None:
            cancelled = isinstance(reduced(raised), trio.Cancelled)
            if not cancelled:
                self.run.crashed(raised)
            return machine.failed(thread, raised, cancelled=True)
        if purpose is SLICE:
            return machine.sliced(thread)
        return machine.resumed(thread)

    async def _park(self) -> None:
        """Sleep until the machine has us woken."""

        def abort(raise_cancel: Any) -> trio.lowlevel.Abort:
            self.parked = None
            return trio.lowlevel.Abort.SUCCEEDED

        kernel = self.run.kernel
        self.parked = kernel.current_task()
        await kernel.wait_task_rescheduled(abort)

    def wake(self) -> None:
        if self.parked is not None:
            task, self.parked = self.parked, None
            self.run.kernel.reschedule(task)

    async def _holding(self, activation: Any, function: Any, arguments: Any) -> tuple[Any, Any]:
        """Call a plain body that holds a capacity (10.4)."""
        async with self.run.capacity(activation):
            return activation, function(*arguments)

    async def _in_worker(self, activation: Any, function: Any, arguments: Any) -> tuple[Any, Any]:
        """Run a blocking body in a worker thread (2.5)."""
        if activation.node.capacity is None:
            return await self._in_free_worker(activation, function, arguments)
        async with self.run.capacity(activation):
            return await self._in_free_worker(activation, function, arguments)

    async def _in_free_worker(self, activation: Any, function: Any, arguments: Any) -> tuple[Any, Any]:
        run, node = self.run, activation.node
        kernel = run.kernel
        run.blocking_bodies += 1
        try:
            deadline = math.inf if node.timeout is None else kernel.current_time() + node.timeout
            with kernel.CancelScope(deadline=deadline) as bound:
                answer = await kernel.in_worker(
                    function, *arguments, abandon_on_cancel=node.type.abandon_on_cancel, limiter=run.limiter
                )
            if bound.cancelled_caught:
                raise run.timed_out_error(node)
        except trio.Cancelled:
            if node.type.abandon_on_cancel:
                run.abandoned.append(node.id)
            raise
        finally:
            run.blocking_bodies -= 1
        await kernel.checkpoint_if_cancelled()
        return activation, answer

    def _worker_done(self, thread: FlowThread, done: Any, raised: BaseException | None) -> Any:
        run, node = self.run, thread.node
        if raised is None:
            activation, answer = done
            try:
                for plan, value in getattr(activation, "buffer", ()):
                    run.wrote(thread, node, plan, value)
                output = run.answered(activation, answer)
            except BaseException as problem:
                raised = problem
            else:
                assert node is not None
                return run.machine.returned(thread, node, output)
        return self._node_failed(node, raised, True)

    # --- contexts without a nursery ---

    def run_here(self, context: Context) -> Do:
        """Run the threads of a context without a nursery, one after the other (5)."""
        if not context.ready:
            return RESUME
        if self.openers is None:
            self.openers = []
        self.openers.append((self.thread, context))
        return self._next_here()

    def _next_here(self) -> Do:
        assert self.openers
        opener, context = self.openers[-1]
        self.isolated = None
        if context.ready:
            self.thread = context.ready.popleft()
            if not context.doomed:
                self.isolated = contextvars.copy_context()
            if self.run.watchers.observers:
                self.run.watchers.thread_started(self.thread)
            return self.run.machine.begun(self.thread)
        self.openers.pop()
        self.thread = opener
        opener.answer = None
        return RESUME

    def _end(self, thread: FlowThread) -> Any:
        run = self.run
        run.thread_ended(thread)
        if thread is not self:
            return self._next_here()
        if run.machine.wishes:
            run.perform()
        self.thread = _OVER  # it was itself: let the reference counts do their work
        raise StopIteration


def _exit(scope: trio.CancelScope, raised: BaseException | None) -> bool:
    if raised is None:
        scope.__exit__(None, None, None)
        return False
    try:
        return bool(scope.__exit__(type(raised), raised, raised.__traceback__))
    except BaseException as error:
        if isinstance(reduced(error), trio.Cancelled):
            return False
        raise


def _checked(node: Any, plan: Any, value: Any) -> Any:
    """What a body returned, as it is written: checked, and converted if need be."""
    if type(value) is CoroutineType:
        raise _returned_coroutine(value)
    return value if plan.adapt is None else fitting(node, plan, value)


def _returned_coroutine(coroutine: Any) -> TypeError:
    coroutine.close()
    return TypeError("the body is a plain `def` and returned a coroutine; declare it `async def`")


def _spread(node: Any, answer: Any) -> tuple[Any, ...]:
    """The outputs of a data node from what its body returned."""
    fields = node.binding.fields
    if fields is None:
        return (fitting(node, node.binding.output, answer),)
    return tuple(fitting(node, plan, getattr(answer, name)) for name, plan in fields)
