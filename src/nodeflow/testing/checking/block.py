"""`with checked() as check:`: every run that is made in the block is checked while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nodeflow.machine.audit import Audit
from nodeflow.machine.states import InvariantBroken, RunState
from nodeflow.observers import Event
from nodeflow.runtime.auditing import CHECKERS, audit_of
from nodeflow.runtime.failures import leaves
from nodeflow.runtime.result import Result
from nodeflow.runtime.run import Run
from nodeflow.testing.checking.confluence import same_results
from nodeflow.testing.checking.stream import History, Watched, failed_together, fan_ins_of, histories


class CheckedRun:
    """A run that is checked, or was.

    Attributes:
        events: With `deep`: what observers were told so far; else None.
    """

    def __init__(self, run: Run, *, deep: bool) -> None:
        self.run = run
        self.audit: Audit = audit_of(run)
        self.events: list[Event] | None = [] if deep else None
        self._watched = Watched(fan_ins_of(run.graph))
        self._stream_broken: InvariantBroken | None = None
        if deep:
            run.watchers.add(self._see)

    def __repr__(self) -> str:
        return f"<checked run of {self.run.graph.entry!r}: {self.status}>"

    def _see(self, event: Event) -> None:
        assert self.events is not None
        self.events.append(event)
        if self._stream_broken is None:
            try:
                self._watched.see(event)
            except InvariantBroken as error:
                self._stream_broken = error
                self.run.crashed(error)

    @property
    def result(self) -> Result | None:
        """What it came to; None while it runs."""
        return self.run.result

    @property
    def status(self) -> str:
        """`running`, or as in `Result.status`."""
        return "running" if self.run.result is None else self.run.result.status

    @property
    def contexts(self) -> int:
        """How many contexts were opened, the `ProcessContext` included."""
        return self.audit.opened_contexts

    @property
    def threads(self) -> int:
        """How many flow threads were started."""
        return self.audit.started_threads

    @property
    def joins(self) -> int:
        """How many joins went on."""
        return self.audit.joins

    @property
    def cancelled(self) -> int:
        """How many flow threads were cancelled."""
        return self.audit.cancelled_threads

    @property
    def deepest(self) -> int:
        """Depth of the deepest context: 1 for the entry workflow."""
        return self.audit.deepest

    @property
    def failed_together(self) -> bool:
        """Whether a failure may have cancelled others: T7 leaves out a run that catches that."""
        return self.audit.failed_together if self.events is None else failed_together(self.events)

    @property
    def histories(self) -> dict[tuple[str, int], History] | None:
        """With `deep`: what each flow thread did, see `nodeflow.testing.checking.histories`."""
        return None if self.events is None else histories(self.events)

    @property
    def broken(self) -> InvariantBroken | None:
        """The first violation; its notes are the facts that came before it."""
        found = self.audit.broken or self._stream_broken
        if found is None and isinstance(self.run.crash, InvariantBroken):
            found = self.run.crash
        if found is None and self.result is not None and not self.audit.over and self._began:
            found = InvariantBroken("T6: the run is over, and its ProcessContext did not close")
        return found

    @property
    def _began(self) -> bool:
        return self.run.machine.state is not RunState.NEW and self.audit.opened_contexts > 0


class Check:
    """What a block of `checked` has seen.

    Attributes:
        deep: Whether observers are followed, too.
        runs: The runs that were made in the block, in that order.
    """

    def __init__(self, *, deep: bool = False) -> None:
        self.deep = deep
        self.runs: list[CheckedRun] = []

    def _made(self, run: Run) -> None:
        self.runs.append(CheckedRun(run, deep=self.deep))

    @property
    def broken(self) -> InvariantBroken | None:
        """The first violation of the first run that has one."""
        return next((run.broken for run in self.runs if run.broken is not None), None)

    def same_results(self) -> Sequence[str]:
        """T7 for the runs seen so far: `nodeflow.testing.checking.same_results` of them."""
        return same_results(self.runs)


@contextmanager
def checked(*, deep: bool = False) -> Iterator[Check]:
    """Check T1 to T6 in every run that is made in the block: on trio by `run`, `open_run`, `run_sync`, or simulated.

    Blocks may be nested, and tasks and worker threads that are started in one belong to it.

    Args:
        deep: Follow all events, too, as observers see them: activations one by one. Slower; for tests. `CheckedRun`
            then has `events` and `histories`.

    Raises:
        InvariantBroken: An invariant does not hold. The run is cancelled, and raises it; if somebody kept that from
            coming so far, the block does at its end. Always an error of nodeflow, never of a graph.

    >>> import nodeflow as nf
    >>> from nodeflow.library import flow
    >>> wf = nf.Workflow("main")
    >>> fan = wf.add(flow.fan_out, branches=["a", "b"])
    >>> _ = wf.add(flow.start) >> fan
    >>> for name in "ab":
    ...     _ = fan[name] >> wf.add(flow.print, value=name)
    >>> with checked() as check:
    ...     _ = nf.run_sync(wf)
    >>> check.runs[0].contexts, check.runs[0].threads, check.runs[0].status
    (3, 3, 'completed')
    """
    check = Check(deep=deep)
    before = CHECKERS.get()
    CHECKERS.set((*before, check._made))
    try:
        yield check
    except Exception as error:
        found = check.broken
        if found is None or _has(error, found):
            raise
        raise found from error
    finally:
        CHECKERS.set(before)
    found = check.broken
    if found is not None:
        raise found


def _has(error: BaseException, found: InvariantBroken) -> bool:
    """Whether the violation is on its way already, alone or with others."""
    return any(leaf is found for leaf in leaves(error))
