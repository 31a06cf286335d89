"""A bounded queue of runs, and the workers that run them.

The rules, all decided without awaiting, in `RunQueue`:

* A run that is accepted ends exactly once: it ran to its end, whatever that was, or it was cancelled while queued.
* Runs begin in the order in which they were accepted. Nothing is queued while a worker is idle.
* At most `workers` runs go on at once, at most `size` are queued; who submits more waits, first come first
  served, or is refused.
* Each run is a task in the nursery of the block that opened the queue. So the host's cancel scopes reach it,
  and nothing outlives the block. A worker is the right to have such a task: it cannot be hurt.

In memory: what is queued is lost with the process. A durable queue needs a store behind exactly three methods,
the only ones in which a run changes hands: `RunQueue._accept` (write it down), `_begin` (a worker took it) and
`_settle` (it has ended: cross it out). What it would write is what `submit` was given: document and options.
"""

from __future__ import annotations

import contextvars
import math
from collections import OrderedDict
from typing import Any

import trio
from attrs import frozen

from nodeflow.api import open_run
from nodeflow.errors import ContextCancelled, QueueClosed, QueueFull
from nodeflow.model import Document, HasModel
from nodeflow.runtime.failures import reduced
from nodeflow.runtime.handle import Compiled, OpenRun, RunHandle
from nodeflow.runtime.result import Result


class QueuedRun:
    """A run that was submitted: what `submit` returns.

    Its methods may be called from any task of the same trio loop, also when the queue is long closed.

    Attributes:
        id: Number of the run in its queue, from 1, in the order in which they were accepted.
        run: The handle of the run, to pause or inspect it; None before it has begun and after it has ended.
        result: How it ended; None until then. Set exactly once, before `wait` returns.
    """

    def __init__(self, queue: RunQueue, opened: OpenRun) -> None:
        self.id = 0  # not accepted yet
        self.run: RunHandle | None = None
        self.result: Result | None = None
        self._queue = queue
        self._opened: OpenRun | None = opened
        # What the run's task inherits: that of the task that submitted it, as with `nursery.start_soon`.
        self._context = contextvars.copy_context()
        # A worker has it. Never goes back to False; only a run without a worker may be taken out of the queue.
        self._begun = False
        # Why it was cancelled by us; counts also before `run` is there to be told.
        self._cancelled: str | None = None
        self._ended = trio.Event()

    @property
    def status(self) -> str:
        """`queued`, `running`, or how it ended: `completed`, `failed`, `timed_out`, `cancelled`."""
        if self.result is not None:
            return self.result.status
        return "running" if self._begun else "queued"

    async def wait(self) -> Result:
        """Wait for the end; returns the result however the run ended. To cancel the waiting does not cancel the run."""
        await self._ended.wait()
        assert self.result is not None
        return self.result

    def cancel(self, reason: str = "") -> None:
        """Cancel the run.

        A queued one leaves the queue at once and never begins. A running one ends after the cleanup of its bodies.
        One that has ended stays as it is.
        """
        self._queue._cancel(self, reason)

    def __repr__(self) -> str:
        return f"<queued run {self.id}: {self.status}>"


@frozen
class QueueStatistics:
    """A queue at one moment; what `RunQueue.statistics` returns."""

    queued: int
    """Runs that wait for a worker."""

    running: int
    """Runs that go on; as many workers are busy."""

    tasks_waiting_submit: int
    """Tasks that wait in `submit` because the queue is full."""

    accepted: int
    """Runs accepted since the queue was opened."""

    ended: int
    """Runs that have ended, however."""

    size: int | float
    workers: int
    closed: bool


class RunQueue:
    """Runs what is submitted, in order, a few at a time. Made by `open_queue`."""

    def __init__(self, nursery: trio.Nursery, workers: int, size: int | float) -> None:
        self._nursery = nursery
        self._workers = workers
        self._size = size
        # Accepted, not begun; the oldest first. len(_queued) <= size. Not empty only while all workers are busy.
        self._queued: OrderedDict[int, QueuedRun] = OrderedDict()
        # Begun, not ended. len(_running) <= workers. Each has exactly one task in the nursery.
        self._running: dict[int, QueuedRun] = {}
        # Tasks in `submit`, with what they would submit; the oldest first. Not empty only while the queue is full.
        self._submitters: OrderedDict[trio.lowlevel.Task, QueuedRun] = OrderedDict()
        # Never goes back to False. Then there are no submitters, and there will be none.
        self._closed = False
        # accepted == ended + len(_queued) + len(_running), at every moment.
        self._accepted = 0
        self._ended = 0
        # Who waits in `aclose` until nothing runs; then nothing is queued either.
        self._idle = trio.lowlevel.ParkingLot()

    # --- submitting ---

    async def submit(self, document: Document | HasModel | Compiled, **options: Any) -> QueuedRun:
        """Submit a run; waits while the queue is full. Takes the same keywords as `nodeflow.open_run`.

        Inputs are checked and copied at once, so the run gets them as they are now; `limits.deadline` counts from when
        it begins. Compile a document that is submitted often once, with `nodeflow.compile`.

        Raises:
            InvalidDocument: The document has errors.
            SocketTypeError: An input or variable is unknown, missing, or does not fit.
            QueueClosed: The queue takes nothing more, or was closed while this waited.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        self._check_open()
        asked = self._prepare(document, options)
        if self._has_room():
            self._accept(asked)
            await trio.lowlevel.cancel_shielded_checkpoint()
            return asked
        task = trio.lowlevel.current_task()
        self._submitters[task] = asked

        def give_up(_: Any) -> trio.lowlevel.Abort:
            del self._submitters[task]
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(give_up)
        if not asked.id:
            raise QueueClosed("the queue was closed while this run waited to be submitted")
        return asked

    def submit_nowait(self, document: Document | HasModel | Compiled, **options: Any) -> QueuedRun:
        """Submit a run, or refuse: like `submit`, without waiting.

        Raises:
            QueueFull: There is no room; `submit` would wait.
        """
        self._check_open()
        if not self._has_room():
            raise QueueFull(
                f"{len(self._running)} runs go on and {len(self._queued)} are queued: no room for another one; "
                "`await queue.submit(...)` waits for it"
            )
        asked = self._prepare(document, options)
        self._accept(asked)
        return asked

    def _check_open(self) -> None:
        if self._closed:
            raise QueueClosed("the queue was closed and takes no more runs")

    def _has_room(self) -> bool:
        return len(self._running) < self._workers or len(self._queued) < self._size

    def _prepare(self, document: Document | HasModel | Compiled, options: dict[str, Any]) -> QueuedRun:
        return QueuedRun(self, open_run(document, **options))

    # --- from hand to hand ---

    def _accept(self, asked: QueuedRun) -> None:
        """From its submitter into the queue, or straight to an idle worker."""
        self._accepted += 1
        asked.id = self._accepted
        if len(self._running) < self._workers:
            self._begin(asked)
        else:
            self._queued[asked.id] = asked

    def _begin(self, asked: QueuedRun) -> None:
        """To a worker."""
        asked._begun = True
        self._running[asked.id] = asked
        asked._context.run(lambda: self._nursery.start_soon(self._work, asked, name=f"nodeflow queued run {asked.id}"))

    def _settle(self, asked: QueuedRun, result: Result) -> None:
        """Out of our hands: it has ended."""
        assert asked.result is None, asked
        self._queued.pop(asked.id, None)
        self._running.pop(asked.id, None)
        asked.result = result
        asked.run = asked._opened = None  # the handle may be kept for long, the machine need not
        asked._ended.set()
        self._ended += 1
        self._move_up()
        if not self._running:
            self._idle.unpark_all()

    def _move_up(self) -> None:
        """Who is next moves up into what became free: first from the queue to workers, then into the queue."""
        while self._queued and len(self._running) < self._workers:
            self._begin(self._queued.popitem(last=False)[1])
        while self._submitters and self._has_room():
            task, asked = self._submitters.popitem(last=False)
            self._accept(asked)
            trio.lowlevel.reschedule(task)

    # --- running ---

    async def _work(self, asked: QueuedRun) -> None:
        """One run in a task of its own. However it ends, its worker is free for the next one."""
        assert asked._opened is not None
        result: Result | None = None
        try:
            async with asked._opened as run:
                asked.run = run
                if asked._cancelled is not None:
                    run.cancel(asked._cancelled)
                result = await run.wait()
        except Exception as error:
            # Not of the graph, whose failures are in the result, but of nodeflow itself: it is this run's alone.
            result = _nothing_done("failed", error)
        except BaseException:
            # The host cancels, or Python is to end: that is for all runs.
            self.close(drain=False)
            raise
        finally:
            self._settle(asked, result or await _left_by(asked))

    def _cancel(self, asked: QueuedRun, reason: str) -> None:
        if asked.result is not None or asked._cancelled is not None:
            return
        asked._cancelled = reason
        if not asked._begun:
            self._settle(asked, _never_begun(reason))
        elif asked.run is not None:
            asked.run.cancel(reason)

    # --- the end ---

    def close(self, *, drain: bool = True) -> None:
        """Take no more runs. Does not wait; tasks that wait in `submit` get `QueueClosed`.

        May be called again: `close(drain=False)` also cancels what an earlier `close()` let go on.

        Args:
            drain: Run what was accepted to its end; else cancel all of it.
        """
        self._closed = True
        while self._submitters:
            task, _ = self._submitters.popitem(last=False)
            trio.lowlevel.reschedule(task)
        if not drain:
            for asked in [*self._queued.values(), *self._running.values()]:
                asked.cancel("the queue was closed")

    async def aclose(self, *, drain: bool = True) -> None:
        """Like `close`, and wait until every run has ended. Not for a run of this queue: it would wait for itself."""
        self.close(drain=drain)
        if self._running:
            await self._idle.park()
        else:
            await trio.lowlevel.checkpoint()

    def statistics(self) -> QueueStatistics:
        return QueueStatistics(
            queued=len(self._queued),
            running=len(self._running),
            tasks_waiting_submit=len(self._submitters),
            accepted=self._accepted,
            ended=self._ended,
            size=self._size,
            workers=self._workers,
            closed=self._closed,
        )

    def __repr__(self) -> str:
        closed = ", closed" if self._closed else ""
        return f"<queue of runs: {len(self._running)} running, {len(self._queued)} queued{closed}>"


class OpenQueue:
    """What `open_queue` returns: an async context manager that gives a `RunQueue`."""

    def __init__(self, workers: int, size: int | float) -> None:
        if type(workers) is not int or workers < 1:
            raise ValueError(f"`workers` must be an int of at least 1, not {workers!r}")
        if size != math.inf and (type(size) is not int or size < 0):
            raise ValueError(f"`size` must be an int of at least 0, or math.inf, not {size!r}")
        self._workers = workers
        self._size = size
        self._manager = trio.open_nursery()
        self._queue: RunQueue | None = None

    async def __aenter__(self) -> RunQueue:
        nursery = await self._manager.__aenter__()
        self._queue = RunQueue(nursery, self._workers, self._size)
        return self._queue

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        """Close the queue and wait for what is in it: drained after a block that ended, cancelled after an exception.

        Runs that fail raise nothing here, so what comes out is the block's own exception, as itself and in no group.
        """
        assert self._queue is not None
        self._queue.close(drain=error is None)
        try:
            return bool(await self._manager.__aexit__(kind, error, traceback))
        except BaseExceptionGroup as group:
            alone = reduced(group)
        if alone is error:
            return False
        raise alone


def open_queue(*, workers: int = 4, size: int | float = 100) -> OpenQueue:
    """`async with nodeflow.operate.open_queue() as queue:` runs what is submitted, in the background of the block.

    At the end of the block every run has ended: those that are queued are run first. An exception in the block, or
    the host's cancellation, cancels all of them.

    Args:
        workers: How many runs go on at once.
        size: How many more may be queued; 0: a run is accepted only when a worker is idle; math.inf: any number.
    """
    return OpenQueue(workers, size)


async def _left_by(asked: QueuedRun) -> Result:
    """What a run left whose task was interrupted."""
    if asked.run is None or not asked.run.done:
        return _never_begun(asked._cancelled or "")
    result: Result
    with trio.CancelScope(shield=True):  # does not wait: the result is there
        result = await asked.run.wait()
    return result


def _never_begun(reason: str) -> Result:
    said = f"the run was cancelled before it began{reason and ': ' + reason}"
    return _nothing_done("cancelled", ContextCancelled(said))


def _nothing_done(status: str, error: BaseException) -> Result:
    counters = {"steps": 0, "evaluations": 0, "threads": 0, "contexts": 0, "seconds": 0.0}
    return Result(status, {}, {}, [], error, counters)
