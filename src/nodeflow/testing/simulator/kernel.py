"""A kernel without event loop, threads and clock: what `nodeflow.runtime.kernel` promises, simulated.

Tasks take turns, one at a time; whose turn it is, the schedule says. Time stands still while anybody can run, and
then jumps to the next deadline. Cancel scopes and nurseries mean what trio's mean (docs of trio, "Cancellation and
timeouts", "Tasks let you do multiple things at once"): a scope that is cancelled cancels what waits inside of it, at
every wait and not only at the first, unless a shield lies between; a nursery ends after its last task.

Nothing here is shared between simulations, and nothing depends on anything but the schedule.
"""

from __future__ import annotations

import contextvars
import heapq
import math
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import suppress
from types import coroutine
from typing import Any

import trio
from outcome import Error, Value

Abort = trio.lowlevel.Abort


class Deadlock(AssertionError):
    """Every task waits, and nobody is left to wake one: an error of nodeflow, or of a body."""


class Stuck(AssertionError):
    """The simulation took more turns than it was given."""


def cancelled() -> trio.Cancelled:
    """The exception that trio raises, so that bodies that know it know it here too."""
    try:
        return trio.Cancelled._create(source="unknown")
    except TypeError:  # before trio 0.31 it says nothing about why
        return trio.Cancelled._create()


class Trap:
    """What a waiting task yields to the kernel: how to stop waiting when it is cancelled."""

    __slots__ = ("abort",)

    def __init__(self, abort: Callable[[Any], Abort]) -> None:
        self.abort = abort


@coroutine
def _trap(abort: Callable[[Any], Abort]) -> Generator[Any, Any, Any]:
    outcome = yield Trap(abort)
    return outcome.unwrap()


class Task:
    """One line of execution.

    Attributes:
        scope: The innermost cancel scope that it is in.
        waiting: What it yielded and was not yet woken from.
        wakes_with: What is sent into it then; None before its first turn.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any], name: str, scope: Scope | None, number: int) -> None:
        self.coroutine = coroutine
        self.name = name
        self.scope = scope
        self.number = number
        self.nursery: Nursery | None = None
        self.waiting: Trap | None = None
        self.wakes_with: Any = None
        self.contextvars = contextvars.copy_context()
        self.error: BaseException | None = None

    def __repr__(self) -> str:
        return f"<task {self.number} {self.name}>"


class Scope:
    """A cancel scope of one kernel."""

    def __init__(self, kernel: SimulatedKernel, *, deadline: float = math.inf, shield: bool = False) -> None:
        self._kernel = kernel
        self._deadline = deadline
        self._shield = shield
        self.parent: Scope | None = None
        self.entered = False
        self.cancel_called = False
        self.cancelled_caught = False

    @property
    def deadline(self) -> float:
        return self._deadline

    @deadline.setter
    def deadline(self, value: float) -> None:
        self._deadline = value
        self._watch()

    @property
    def shield(self) -> bool:
        return self._shield

    @shield.setter
    def shield(self, value: bool) -> None:
        self._shield = value
        if not value:
            self._kernel.deliver()

    def _watch(self) -> None:
        if self.entered and not self.cancel_called and self._deadline < math.inf:
            self._kernel.timed[self] = None
        else:
            self._kernel.timed.pop(self, None)

    def cancel(self, reason: str | None = None) -> None:
        if not self.cancel_called:
            self.cancel_called = True
            self._watch()
            self._kernel.deliver()

    @property
    def is_cancelled(self) -> bool:
        """Whether a wait inside of it is cancelled: by itself, or from around it through no shield."""
        scope: Scope | None = self
        while scope is not None:
            if scope.cancel_called:
                return True
            scope = None if scope._shield else scope.parent
        return False

    def __enter__(self) -> Scope:
        task = self._kernel.current_task()
        self.parent, task.scope = task.scope, self
        self.entered = True
        if self._deadline <= self._kernel.now:
            self.cancel()
        self._watch()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        task = self._kernel.current_task()
        if task.scope is not self:
            raise RuntimeError("cancel scopes are left in the reverse order of entering")
        task.scope = self.parent
        self.entered = False
        self._watch()
        around = self.parent is not None and not self._shield and self.parent.is_cancelled
        if error is None or not self.cancel_called or around:
            return False
        if isinstance(error, trio.Cancelled):
            self.cancelled_caught = True
            return True
        if isinstance(error, BaseExceptionGroup):
            mine, rest = error.split(trio.Cancelled)
            if mine is not None:
                self.cancelled_caught = True
                if rest is None:
                    return True
                raise rest
        return False


class Nursery:
    """Tasks that end together."""

    def __init__(self, kernel: SimulatedKernel) -> None:
        self._kernel = kernel
        self.cancel_scope = Scope(kernel)
        self.child_tasks: set[Task] = set()
        self.errors: list[BaseException] = []
        self.opener: Task | None = None

    def start_soon(self, function: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any, name: str = "") -> None:
        task = self._kernel.spawn(function(*arguments), name or repr(function), self.cancel_scope)
        task.nursery = self
        self.child_tasks.add(task)

    async def __aenter__(self) -> Nursery:
        self.cancel_scope.__enter__()
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        kernel = self._kernel
        if error is not None:
            self.errors.append(error)
            self.cancel_scope.cancel()
        if self.child_tasks:
            self.opener = kernel.current_task()
            await _trap(lambda raise_cancel: Abort.FAILED)
            self.opener = None
        else:
            await kernel._shielded_checkpoint()
        if not self.errors:
            self.cancel_scope.__exit__(None, None, None)
            return False
        group = BaseExceptionGroup("Exceptions from a nursery", self.errors)
        if not self.cancel_scope.__exit__(type(group), group, None):
            raise group
        return True

    def ended(self, task: Task) -> None:
        self.child_tasks.discard(task)
        if task.error is not None:
            self.errors.append(task.error)
            self.cancel_scope.cancel()
        if self.opener is not None and not self.child_tasks:
            self._kernel.reschedule(self.opener)


class Event:
    """Something that happens once."""

    def __init__(self, kernel: SimulatedKernel) -> None:
        self._kernel = kernel
        self._set = False
        self._waiters: dict[Task, None] = {}

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        for task in self._waiters:
            self._kernel.reschedule(task)
        self._waiters.clear()

    async def wait(self) -> None:
        if self._set:
            await self._kernel.checkpoint()
            return
        await self._kernel._wait_among(self._waiters)


class CapacityLimiter:
    """A number of tokens; who asked first gets one first."""

    def __init__(self, kernel: SimulatedKernel, total_tokens: float) -> None:
        self._kernel = kernel
        self.total_tokens = total_tokens
        self._borrowers: set[int] = set()
        self._queue: dict[Task, int] = {}

    async def acquire_on_behalf_of(self, borrower: object) -> None:
        kernel = self._kernel
        await kernel.checkpoint_if_cancelled()
        if len(self._borrowers) < self.total_tokens:
            self._borrowers.add(id(borrower))
            await kernel._shielded_checkpoint()
            return
        task = kernel.current_task()
        self._queue[task] = id(borrower)
        await kernel._wait_among(self._queue)

    def release_on_behalf_of(self, borrower: object) -> None:
        self._borrowers.remove(id(borrower))
        if self._queue:
            task = next(iter(self._queue))
            self._borrowers.add(self._queue.pop(task))
            self._kernel.reschedule(task)


Chooser = Callable[[Sequence[Task]], int]
"""Which of the tasks that can run is next; there are at least two, in the order in which they became able to."""


class SimulatedKernel:
    """Runs tasks one turn at a time.

    Attributes:
        now: Virtual time, in seconds from 0.
        give_up: Asked when every task waits for ever; true if it did something about it.
        ready: Tasks that can run, in the order in which they became able to.
        turns: How many were taken.
        before_turn: Called before each.
    """

    def __init__(
        self, choose: Chooser, *, give_up: Callable[[], bool] = lambda: False, most_turns: int = 1_000_000
    ) -> None:
        self.choose = choose
        self.give_up = give_up
        self.most_turns = most_turns
        self.now = 0.0
        self.turns = 0
        self.ready: list[Task] = []
        self.tasks: dict[Task, None] = {}
        self.timed: dict[Scope, None] = {}
        self.alarms: list[tuple[float, int, Task]] = []
        self.alarmed: dict[Task, float] = {}
        self.spawned = 0
        self.before_turn: Callable[[], object] | None = None
        self._again: Task | None = None
        self._current: Task | None = None

    # --- what the adapter asks for ---

    def CancelScope(self, *, deadline: float = math.inf, shield: bool = False) -> Scope:
        return Scope(self, deadline=deadline, shield=shield)

    def CapacityLimiter(self, total_tokens: float) -> CapacityLimiter:
        return CapacityLimiter(self, total_tokens)

    def Event(self) -> Event:
        return Event(self)

    def open_nursery(self) -> Nursery:
        return Nursery(self)

    def current_time(self) -> float:
        return self.now

    def current_task(self) -> Task:
        assert self._current is not None, "outside of the simulation"
        return self._current

    def current_effective_deadline(self) -> float:
        scope, found = self.current_task().scope, math.inf
        while scope is not None:
            found = min(found, -math.inf if scope.cancel_called else scope.deadline)
            scope = None if scope.shield else scope.parent
        return found

    async def wait_task_rescheduled(self, abort: Callable[[Any], Abort]) -> Any:
        return await _trap(abort)

    def reschedule(self, task: Task, outcome: Any = None) -> None:
        assert task.waiting is not None, f"{task} does not wait"
        task.waiting = None
        task.wakes_with = Value(None) if outcome is None else outcome
        self.alarmed.pop(task, None)
        self.ready.append(task)

    async def checkpoint(self) -> None:
        """As trio's: let others run, then notice cancellation, also one that came meanwhile."""
        await self._shielded_checkpoint()
        await self.checkpoint_if_cancelled()

    async def _shielded_checkpoint(self) -> None:
        self.reschedule_soon()
        await _trap(lambda raise_cancel: Abort.FAILED)

    def reschedule_soon(self) -> None:
        """The current task is about to wait, and is to run again without being woken."""
        self._again = self.current_task()

    async def checkpoint_if_cancelled(self) -> None:
        scope = self.current_task().scope
        if scope is not None and scope.is_cancelled:
            await _trap(lambda raise_cancel: Abort.SUCCEEDED)

    async def sleep(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("`seconds` must be non-negative")
        if seconds == 0:
            await self.checkpoint()
            return
        if seconds < math.inf:
            task = self.current_task()
            self.alarmed[task] = self.now + seconds
            heapq.heappush(self.alarms, (self.now + seconds, task.number, task))
        await _trap(lambda raise_cancel: Abort.SUCCEEDED)

    async def in_worker(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """A blocking body: it runs at once, and its task goes on some turns later."""
        await self.checkpoint_if_cancelled()
        answer = function(*arguments)
        await self._shielded_checkpoint()
        return answer

    async def _wait_among(self, waiters: dict[Task, Any]) -> None:
        task = self.current_task()
        waiters.setdefault(task, None)

        def abort(raise_cancel: Any) -> Abort:
            waiters.pop(task, None)
            return Abort.SUCCEEDED

        await _trap(abort)

    # --- running ---

    def spawn(self, coroutine: Coroutine[Any, Any, Any], name: str, scope: Scope | None) -> Task:
        self.spawned += 1
        task = Task(coroutine, name, scope, self.spawned)
        self.tasks[task] = None
        self.ready.append(task)
        return task

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine, and all that it starts, to the end.

        Raises:
            Deadlock: Every task waits for ever; names them.
            Stuck: It took more than `most_turns`.
        """
        main = self.spawn(coroutine, "main", None)
        answer = None
        while main in self.tasks:
            while not self.ready:  # a deadline may pass and wake nobody: all are shielded
                self._advance()
            if self.turns >= self.most_turns:
                raise Stuck(f"the simulation did not end within {self.most_turns} turns")
            self.turns += 1
            at = self.choose(self.ready) if len(self.ready) > 1 else 0
            answer = self._turn(self.ready.pop(at), main, answer)
        if main.error is not None:
            raise main.error
        return answer

    def _turn(self, task: Task, main: Task, answer: Any) -> Any:
        self._current = task
        if self.before_turn is not None:
            self.before_turn()
        outcome, task.wakes_with = task.wakes_with, None
        try:
            trap = task.contextvars.run(task.coroutine.send, outcome)
        except StopIteration as stop:
            answer = stop.value if task is main else answer
            self._over(task)
        except BaseException as error:
            task.error = error
            self._over(task)
        else:
            assert isinstance(trap, Trap), f"{task} awaits {trap!r}, which is nothing of this simulation's"
            task.waiting = trap
            again, self._again = self._again, None
            scope = task.scope
            if scope is not None and scope.is_cancelled and self._interrupted(task):
                pass
            elif again is task:
                self.reschedule(task)
        finally:
            self._current = None
        return answer

    def _over(self, task: Task) -> None:
        del self.tasks[task]
        if task.nursery is not None:
            task.nursery.ended(task)

    def _interrupted(self, task: Task) -> bool:
        """Raise a cancellation where the task waits, if it can be interrupted there."""
        assert task.waiting is not None
        error = cancelled()

        def raise_cancel() -> None:
            raise error

        if task.waiting.abort(raise_cancel) is Abort.SUCCEEDED:
            self.reschedule(task, Error(error))
            return True
        return False

    def deliver(self) -> None:
        """A scope was cancelled: interrupt all that wait in it."""
        for task in list(self.tasks):
            if task.waiting is not None and task.scope is not None and task.scope.is_cancelled:
                self._interrupted(task)

    def abandon(self) -> None:
        """Close what was left when the simulation broke off."""
        for task in list(self.tasks):
            self._current = task
            with suppress(BaseException):
                task.coroutine.close()
        self._current = None

    # --- time ---

    def expire(self) -> None:
        """Cancel the scopes whose deadlines have passed."""
        for scope in list(self.timed):
            if scope.deadline <= self.now:
                scope.cancel()

    def jump(self, seconds: float) -> None:
        """Let time pass while tasks could run: a clock that jumps, a process that was stopped."""
        self.now += seconds
        self._ring()

    def _ring(self) -> None:
        self.expire()
        while self.alarms and self.alarms[0][0] <= self.now:
            at, _, task = heapq.heappop(self.alarms)
            if self.alarmed.get(task) == at and task.waiting is not None:
                self.reschedule(task)

    def _advance(self) -> None:
        """Nobody can run: go on to the next alarm or deadline."""
        while self.alarms and self.alarmed.get(self.alarms[0][2]) != self.alarms[0][0]:
            heapq.heappop(self.alarms)  # of a sleep that was interrupted
        following = min((scope.deadline for scope in self.timed), default=math.inf)
        if self.alarms:
            following = min(following, self.alarms[0][0])
        if following == math.inf:
            if self.give_up():
                return
            waiting = ", ".join(repr(task) for task in self.tasks)
            raise Deadlock(f"every task waits for ever: {waiting}")
        self.now = max(self.now, following)
        self._ring()
