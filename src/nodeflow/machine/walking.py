"""How a flow thread follows exec wires (semantics 2): activations, triggers, tail calls, jumps, failures.

A thread has a stack of frames: the bodies that wait. A trigger is a push and a return, never a call inside a call,
so depth costs memory and not interpreter stack.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Final

from nodeflow.errors import WrongCall
from nodeflow.graph import BEHIND, CELL, CONST, CompiledGraph, DataNode, ExecNode, InputPlan
from nodeflow.machine.limits import Limits
from nodeflow.machine.reading import CALL, Reading
from nodeflow.machine.records import NO_CELLS, FlowThread, Frame, Next, Pending, Pull, Purpose
from nodeflow.machine.states import BORN, RUNNING, THREAD, ThreadFact, ThreadState, after
from nodeflow.machine.wishes import Do
from nodeflow.model import UNSET
from nodeflow.node import Jump

RESUME: Final = Do.RESUME

FrameMaker = Callable[[ExecNode | DataNode | None, int, Frame | None], Frame]


class Walking(Reading):
    """The part of the machine that follows exec wires.

    Args:
        make_frame: Makes the frame of a body that can wait, so that an adapter may keep its own fields there.
    """

    def __init__(self, graph: CompiledGraph, limits: Limits, make_frame: FrameMaker = Frame) -> None:
        super().__init__(graph, limits)
        self.make_frame = make_frame
        self.at_gate: dict[int, FlowThread] = {}

    @abstractmethod
    def _bottom_of_thread(self, thread: FlowThread, *, jumped: bool) -> Do:
        """Nothing waits in the thread any more."""

    @abstractmethod
    def _over(self, thread: FlowThread, fact: ThreadFact) -> Do:
        """The thread is over."""

    @abstractmethod
    def _arrive(self, thread: FlowThread, node: ExecNode) -> Do:
        """The thread reached a fan-in."""

    @abstractmethod
    def _arrived(self, thread: FlowThread, node: ExecNode, value: Any) -> Do:
        """What the branch contributes is known."""

    @abstractmethod
    def _resulted(self, thread: FlowThread, value: Any) -> Do:
        """The result input of the thread's context is known."""

    @abstractmethod
    def _emit(self, thread: FlowThread) -> Do:
        """An item of a concurrent stream is to be started."""

    @abstractmethod
    def _limit(self, thread: FlowThread, limit: str, value: Any) -> Do:
        """A limit was hit."""

    # --- facts ---

    def begun(self, thread: FlowThread) -> Do:
        """Fact: the thread's task runs for the first time."""
        if thread.context.doomed:
            return self._over(thread, ThreadFact.CANCELLED)
        if thread.state is not BORN:
            after(THREAD, thread.state, ThreadFact.BEGUN, thread)
        thread.state = RUNNING
        targets = thread.targets
        if len(targets) == 1:
            return self._activate(thread, targets[0][0], targets[0][1])
        return self._follow(thread, targets)

    def resumed(self, thread: FlowThread) -> Do:
        """Fact: the thread's slice began, or it was woken."""
        following = thread.next
        if following is Next.ACTIVATE:
            assert thread.node is not None
            return self._activate(thread, thread.node, thread.entered)
        if following is Next.RESOLVE:
            return self._resume_pull(thread)
        if following is Next.ANSWER:
            return RESUME
        if following is Next.PULL:
            return self._pull_lazy(thread)
        if following is Next.EMIT:
            return self._emit(thread)
        return self._bottom(thread)

    def sliced(self, thread: FlowThread) -> Do:
        """Fact: the slice that the thread asked for is over, and it runs again."""
        thread.slicing = False
        self.spinning -= 1
        if thread.context.ready is not None and thread.context.doomed:
            return self.failed(thread, None, cancelled=True)
        return self.resumed(thread)

    def triggered(self, thread: FlowThread, output: int) -> Do:
        """Fact: the body on top awaits one of its exec outputs."""
        frame: Any = thread.frame
        node = frame.node
        targets = node.targets[output]
        frame.triggered = output
        if not targets:
            return self._step_over(thread)
        if node.join is not None:
            thread.brought = frame.joined
        frame.targets = targets
        frame.position = 1
        target = targets[0]
        return self._activate(thread, target[0], target[1])

    def pulled(self, thread: FlowThread, plan: InputPlan) -> Do:
        """Fact: the body on top awaits a lazy input."""
        thread.answer = plan
        wish = self._step(thread, Next.PULL)
        if wish is not None:
            return wish
        return self._pull_lazy(thread)

    def _pull_lazy(self, thread: FlowThread) -> Do:
        plan, thread.answer = thread.answer, None
        return self._pull(thread, (plan,), [], Purpose.LAZY)

    def emitted(self, thread: FlowThread, value: Any) -> Do:
        """Fact: the body on top emits an item, which fits."""
        frame = thread.frame
        assert frame is not None
        node = frame.node
        assert isinstance(node, ExecNode) and node.stream is not None
        if node.stream.in_flight:
            thread.answer = value
            wish = self._step(thread, Next.EMIT)
            if wish is not None:
                return wish
            return self._emit(thread)
        self.write(thread, node.outputs[node.stream.item].slot, value)
        return self.triggered(thread, node.stream.on_item)

    def returned(self, thread: FlowThread, node: ExecNode, output: int, slot: int = -1, value: Any = None) -> Do:
        """Fact: a body that could not wait is over, and chose an exec output (-1: none).

        `slot` and `value` are the data output that it set by returning, if it has just one.
        """
        if slot >= 0:
            scope = thread.scope
            if scope.captured or slot in self.below or scope.cells is NO_CELLS:
                self.write(thread, slot, value)
            else:
                scope.cells[slot] = value
        if node.jump is not None:
            return self._jump(thread, node.jump, node)
        if output < 0:
            return self._bottom(thread)
        targets = node.targets[output]
        if len(targets) == 1:
            following, entered = targets[0]
            return self._activate(thread, following, entered)
        return self._follow(thread, targets)

    def left(self, thread: FlowThread, output: int, slot: int = -1, value: Any = None) -> Do:
        """Fact: the body on top is over, and chose an exec output (-1: none); `slot` and `value` as in `returned`."""
        frame: Any = thread.frame
        node = frame.node
        if frame.jump is not None:
            return self.unwound(thread)
        thread.frame = frame.parent
        thread.depth -= 1
        if node.join is not None:
            thread.brought = frame.joined
        if node.stream is not None:
            if slot >= 0:
                self.write(thread, slot, value)
            behind = node.targets[output] if output >= 0 else ()
            return self._follow(thread, (*node.targets[node.stream.completed], *behind))
        return self.returned(thread, node, output, slot, value)

    def failed(self, thread: FlowThread, error: Any, *, cancelled: bool = False) -> Do:
        """Fact: what the thread was doing failed: an activation without a frame, a pull, a wait.

        `cancelled` says that it is not a failure but a cancellation on its way down.
        """
        if thread.state is ThreadState.WAITING:
            thread.state = after(THREAD, thread.state, ThreadFact.WOKEN, thread)
            self._forget(thread)
        if thread.slicing:
            thread.slicing = False
            self.spinning -= 1
        if thread.pull is not None:
            self._abandon_pull(thread, error, cancelled)
        frame = thread.frame
        while frame is not None and frame.node is None:
            frame = frame.parent
            thread.depth -= 1
        thread.frame = frame
        thread.error = error
        if frame is None:
            return self._over(thread, ThreadFact.CANCELLED if cancelled else ThreadFact.FAILED)
        frame.targets, frame.position = (), 0
        return Do.THROW

    def _forget(self, thread: FlowThread) -> None:
        """The thread waits no more: nothing that it waited for may wake it later, when it waits for something else."""
        self.at_gate.pop(thread.id, None)
        if isinstance(thread.answer, Pending):
            thread.answer.waiters.pop(thread.id, None)
        frame = thread.frame
        for context in (frame.opened, frame.stream) if frame is not None else ():
            if context is not None and context.waiting and thread in context.waiting:
                context.waiting.remove(thread)
        thread.answer = None

    def body_failed(self, thread: FlowThread, error: Any, *, cancelled: bool = False) -> Do:
        """Fact: the body on top is over with an exception."""
        frame = thread.frame
        assert frame is not None
        thread.frame = frame.parent
        thread.depth -= 1
        if frame.pull is not None:
            thread.pull = frame.pull
        return self.failed(thread, error, cancelled=cancelled)

    def unwound(self, thread: FlowThread) -> Do:
        """Fact: the body on top is over, with the unwinding that was thrown into it."""
        frame = thread.frame
        assert frame is not None and frame.jump is not None
        jump, goal = frame.jump
        thread.frame = frame.parent
        thread.depth -= 1
        if frame is goal:
            node = frame.node
            assert isinstance(node, ExecNode) and node.loop is not None
            return self._follow(thread, node.targets[node.loop[1]])
        return self._unwind(thread, jump, goal)

    # --- following wires ---

    def _activate(self, thread: FlowThread, node: ExecNode, entered: int) -> Do:
        """Begin an activation: resolve its eager inputs, then call its body."""
        thread.node = node
        thread.entered = entered
        self.fuel -= 1
        if self.fuel < 0:
            self.fuel += 1
            wish = self._out_of_fuel(thread, Next.ACTIVATE)
            if wish is not None:
                return wish
            self.fuel -= 1
        if node.is_join and entered != BEHIND:
            return self._arrive(thread, node)
        cells = thread.scope.cells
        values: list[Any] = []
        for plan in node.eager:
            if plan.kind == CELL:
                value = cells.get(plan.slot, UNSET)
                if value is UNSET or (plan.convert is not None and type(value) is not plan.exact):
                    return self._pull(thread, node.eager, values, Purpose.ACTIVATION)
                values.append(value)
            elif plan.kind == CONST:
                values.append(plan.value)
            else:
                return self._pull(thread, node.eager, values, Purpose.ACTIVATION)
        thread.values = values
        if not node.is_async:
            return CALL
        if thread.depth >= self.limits.depth:
            return self._limit(thread, "depth", self.limits.depth)
        thread.depth += 1
        thread.frame = self.make_frame(node, entered, thread.frame)
        return CALL

    def _enter(self, thread: FlowThread, node: ExecNode) -> Do:
        """Push the frame of a body that can wait."""
        if thread.depth >= self.limits.depth:
            return self._limit(thread, "depth", self.limits.depth)
        thread.depth += 1
        thread.frame = self.make_frame(node, thread.entered, thread.frame)
        return CALL

    def _follow(self, thread: FlowThread, targets: tuple[tuple[ExecNode, int], ...]) -> Do:
        """Run the targets of an output whose activation is over: the last one is the tail (2.2)."""
        if not targets:
            wish = self._step(thread, Next.BOTTOM)
            if wish is not None:
                return wish
            return self._bottom(thread)
        if len(targets) > 1:
            frame = Frame(None, 0, thread.frame)
            frame.targets, frame.position = targets, 1
            thread.frame = frame
            thread.depth += 1
            if thread.depth > self.limits.depth:
                return self._limit(thread, "depth", self.limits.depth)
        return self._activate(thread, *targets[0])

    def _bottom(self, thread: FlowThread) -> Do:
        """A chain ended: the next target of the output that began it, or back to the body that triggered it."""
        frame = thread.frame
        if frame is None:
            return self._bottom_of_thread(thread, jumped=False)
        position = frame.position
        if position < len(frame.targets):
            if frame.node is None and position == len(frame.targets) - 1:
                thread.frame = frame.parent
                thread.depth -= 1
            else:
                frame.position = position + 1
            return self._activate(thread, *frame.targets[position])
        thread.answer = None
        return RESUME

    def _step_over(self, thread: FlowThread) -> Do:
        """A step that does nothing: an unconnected output that is triggered."""
        thread.answer = None
        wish = self._step(thread, Next.ANSWER)
        if wish is not None:
            return wish
        return RESUME

    def _step(self, thread: FlowThread, following: Next) -> Do | None:
        """Take a step; what to do first where no fuel is left for it. (Activations and evaluations do this inline.)"""
        self.fuel -= 1
        if self.fuel >= 0:
            return None
        self.fuel += 1
        wish = self._out_of_fuel(thread, following)
        if wish is None or self.fuel > 0:  # it is taken now, or behind the slice
            self.fuel -= 1
        return wish

    def _out_of_fuel(self, thread: FlowThread, following: Next) -> Do | None:
        """The slice is over, or a limit is reached, or the gate is closed: decide which."""
        thread.next = following
        closed = not self.gate_open and not self.stopped
        if closed and following is Next.ACTIVATE and not self._is_arrival(thread):
            if not thread.permit:
                self.at_gate[thread.id] = thread
                return self._wait(thread, following)
            thread.permit = False
        if self.limits.steps is not None and self.steps >= self.limits.steps and not self.stopped:
            wish = self._limit(thread, "steps", self.limits.steps)
            thread.next = following
            return wish
        if closed:
            self.spent += self.granted - self.fuel
            self.fuel = self.granted = 1
            return None
        return self._slice(thread)

    def _slice(self, thread: FlowThread) -> Do:
        """Let others run, and notice cancellation; whoever runs next gets new fuel."""
        self.spinning += 1
        thread.slicing = True
        self._grant()
        return Do.SLICE

    def _is_arrival(self, thread: FlowThread) -> bool:
        return thread.node is not None and thread.node.is_join and thread.entered != BEHIND

    # --- pulls that are done ---

    def _pulled(self, thread: FlowThread, pull: Pull) -> Do:
        thread.pull = None
        if pull.purpose is Purpose.LAZY:
            thread.answer = pull.values[0]
            return RESUME
        if pull.purpose is Purpose.RESULT:
            return self._resulted(thread, pull.values[0])
        node = thread.node
        assert node is not None
        if pull.purpose is Purpose.ARRIVAL:
            return self._arrived(thread, node, pull.values[0])
        thread.values = pull.values
        return self._enter(thread, node) if node.is_async else CALL

    # --- jumps ---

    def _jump(self, thread: FlowThread, jump: Jump, node: ExecNode) -> Do:
        """`break`, `continue` or `return` (2.7): unwind the bodies that wait in this flow thread."""
        goal = None
        if jump is not Jump.RETURN:
            goal = thread.frame
            while goal is not None and not _is_looping(goal):
                goal = goal.parent
            if goal is None:
                thread.culprit = node
                thread.error = WrongCall(f"{jump.value!r} outside of a loop: no loop waits in this flow thread")
                return Do.FAIL
        return self._unwind(thread, jump, goal)

    def _unwind(self, thread: FlowThread, jump: Jump, goal: Frame | None) -> Do:
        frame = thread.frame
        while frame is not None and frame.node is None:
            frame = frame.parent
            thread.depth -= 1
        thread.frame = frame
        if frame is None:
            return self._bottom_of_thread(thread, jumped=True)
        frame.targets, frame.position = (), 0
        if frame is goal and jump is Jump.CONTINUE:
            thread.answer = None
            return RESUME
        frame.jump = (jump, goal)
        return Do.UNWIND


def _is_looping(frame: Frame) -> bool:
    """Whether the body of this frame is a loop that waits for one round of its own."""
    node = frame.node
    return isinstance(node, ExecNode) and node.loop is not None and frame.triggered == node.loop[0] and not frame.jump
