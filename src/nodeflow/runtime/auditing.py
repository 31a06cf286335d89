"""Runs that are checked while they run: by an auditor of the machine, asked for by an option or by a block around."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from nodeflow.machine.audit import Audit

if TYPE_CHECKING:
    from nodeflow.runtime.run import Run

CHECKERS: Final[ContextVar[tuple[Callable[[Run], object], ...]]] = ContextVar("CHECKERS", default=())
"""Called with each run that is made, before it begins: `nodeflow.testing.checked` puts itself here."""


def audit_of(run: Run) -> Audit:
    """The auditor of a run's machine, made if there is none. What it finds wrong ends the run, and goes to the host."""
    machine = run.machine
    if machine.audit is None:
        machine.audit = Audit(machine, run.crashed)
    return machine.audit


def make_checked(run: Run, checked: bool) -> None:
    """Have a run checked that was just made, if somebody wants that."""
    if checked:
        audit_of(run)
    for checker in CHECKERS.get():
        checker(run)
