"""The three automata of a run, each transition in a table. The diagrams in the docs are made from these.

An event that a state does not allow raises `InvariantBroken`: it is an error of the adapter or of the machine,
never of a graph.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final, TypeVar


class InvariantBroken(AssertionError):
    """The machine found one of T1-T6 (semantics 5) untrue. Always an error of nodeflow, never of a graph."""


class RunState(enum.Enum):
    NEW = "new"
    RUNNING = "running"
    STOPPING = "stopping"
    """Being cancelled: by its handle, its deadline or a limit."""
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"


class RunFact(enum.Enum):
    STARTED = "started"
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"


class ContextState(enum.Enum):
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    """The opener has nothing more to start, and waits."""
    CLOSED = "closed"


class ContextFact(enum.Enum):
    OPENED = "opened"
    LEFT = "left"
    CLOSED = "closed"


class ThreadState(enum.Enum):
    BORN = "born"
    RUNNING = "running"
    WAITING = "waiting"
    """For the gate, for a data node that another thread evaluates, or for capacity."""
    RETURNED = "returned"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ThreadFact(enum.Enum):
    BEGUN = "begun"
    PARKED = "parked"
    WOKEN = "woken"
    RETURNED = "returned"
    FAILED = "failed"
    CANCELLED = "cancelled"


# Reading a member from an enum class costs a call on Python 3.11; on the hot path these names are read instead.
BORN: Final = ThreadState.BORN
RUNNING: Final = ThreadState.RUNNING
THREAD_RETURNED: Final = ThreadState.RETURNED
THREAD_CANCELLED: Final = ThreadState.CANCELLED
THREAD_FAILED: Final = ThreadState.FAILED
RETURNED: Final = ThreadFact.RETURNED
FAILED: Final = ThreadFact.FAILED
OPEN: Final = ContextState.OPEN

RUN: Final[Mapping[tuple[RunState, RunFact], RunState]] = {
    (RunState.NEW, RunFact.STARTED): RunState.RUNNING,
    (RunState.NEW, RunFact.FAILED): RunState.FAILED,
    (RunState.NEW, RunFact.STOPPED): RunState.STOPPING,
    (RunState.STOPPING, RunFact.STARTED): RunState.STOPPING,
    (RunState.RUNNING, RunFact.STOPPED): RunState.STOPPING,
    (RunState.RUNNING, RunFact.COMPLETED): RunState.COMPLETED,
    (RunState.RUNNING, RunFact.FAILED): RunState.FAILED,
    (RunState.RUNNING, RunFact.CANCELLED): RunState.CANCELLED,
    (RunState.STOPPING, RunFact.STOPPED): RunState.STOPPING,
    (RunState.STOPPING, RunFact.FAILED): RunState.FAILED,
    (RunState.STOPPING, RunFact.TIMED_OUT): RunState.TIMED_OUT,
    (RunState.STOPPING, RunFact.CANCELLED): RunState.CANCELLED,
}

CONTEXT: Final[Mapping[tuple[ContextState, ContextFact], ContextState]] = {
    (ContextState.OPENING, ContextFact.OPENED): ContextState.OPEN,
    (ContextState.OPEN, ContextFact.LEFT): ContextState.CLOSING,
    (ContextState.CLOSING, ContextFact.CLOSED): ContextState.CLOSED,
}

THREAD: Final[Mapping[tuple[ThreadState, ThreadFact], ThreadState]] = {
    (ThreadState.BORN, ThreadFact.BEGUN): ThreadState.RUNNING,
    (ThreadState.BORN, ThreadFact.CANCELLED): ThreadState.CANCELLED,
    (ThreadState.RUNNING, ThreadFact.PARKED): ThreadState.WAITING,
    (ThreadState.WAITING, ThreadFact.WOKEN): ThreadState.RUNNING,
    (ThreadState.RUNNING, ThreadFact.RETURNED): ThreadState.RETURNED,
    (ThreadState.RUNNING, ThreadFact.FAILED): ThreadState.FAILED,
    (ThreadState.RUNNING, ThreadFact.CANCELLED): ThreadState.CANCELLED,
}

State = TypeVar("State", RunState, ContextState, ThreadState)
Fact = TypeVar("Fact", RunFact, ContextFact, ThreadFact)


def after(table: Mapping[tuple[State, Fact], State], state: State, fact: Fact, what: object) -> State:
    """The state that `fact` leads to from `state`.

    >>> after(CONTEXT, ContextState.OPEN, ContextFact.LEFT, "c1")
    <ContextState.CLOSING: 'closing'>
    """
    following = table.get((state, fact))
    if following is None:
        raise InvariantBroken(f"T6: {what} is {state.value} and cannot be {fact.value}; it stays {state.value}")
    return following


def claim(true: bool, invariant: str, said: str) -> None:
    """Assert an invariant of semantics 5, also under `python -O`."""
    if not true:
        raise InvariantBroken(f"{invariant}: {said}")
