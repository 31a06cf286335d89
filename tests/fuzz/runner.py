"""Runs a document on real trio under a drawn schedule, and checks of what was seen that T1-T6 hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import fuzz_nodes as fz
import trio
from attrs import define, field
from trio.testing import MockClock

import nodeflow as nf
from nodeflow import observers as seen
from nodeflow.machine import ContextState
from nodeflow.machine.states import RunState
from nodeflow.testing.checking import (
    cancelled_for_cause,
    check_events,
    failed_together,
    fan_ins_of,
    histories,
    joins_go_on_once,
)
from nodeflow.testing.schedules import order_of, scheduled

__all__ = [
    "LIMITS",
    "Killer",
    "Outcome",
    "Setup",
    "cancelled_for_cause",
    "check_events",
    "failed_together",
    "fan_ins_of",
    "histories",
    "joins_go_on_once",
    "nothing_left",
    "run",
    "tasks",
]

LIMITS = nf.Limits(steps=200_000, deadline=1e6)
"""Far more than a drawn document needs: who hits one of these hangs or runs away."""


@define
class Setup:
    """How a document is run."""

    schedule: Sequence[int] = ()
    elide: bool = True
    watched: bool = True
    fuel: int | None = None
    check_values: bool = False
    limits: nf.Limits = LIMITS
    cleanup_timeout: float = 5.0


@define
class Outcome:
    """What a run was seen to do."""

    result: Any
    events: list[Any] = field(factory=list)
    seen: Counter[Any] = field(factory=Counter)
    raised: BaseException | None = None
    called: tuple[int, ...] = ()

    @property
    def order(self) -> tuple[int, ...]:
        """The schedule, as far as anybody can tell: which flow thread's activation began when."""
        return order_of(self.events)

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of contexts that were opened; a gosub's or a delivery's apart from the outermost workflow's."""
        opened = [e for e in self.events if isinstance(e, seen.ContextOpened) and e.kind != "ProcessContext"]
        return frozenset(e.kind if e.parent else "main" for e in opened)


Killer = Callable[[nf.RunHandle, "Outcome"], Any]


def run(compiled: nf.Compiled, setup: Setup, host: Any = None) -> Outcome:
    """Run to the end, check that nothing is left, and check what observers saw.

    Args:
        host: `await host(open_run, outcome)` runs it some other way, and returns the handle's inner run.
    """
    fz_left = fz.Fuse.left, fz.Fuse.error
    fz.reset()
    fz.Fuse.left, fz.Fuse.error = fz_left
    outcome = Outcome(None)

    async def main() -> None:
        opened = compiled.open_run(
            limits=setup.limits, elide=setup.elide, check_values=setup.check_values,
            cleanup_timeout=setup.cleanup_timeout, capacities={"seats": 1},
            observers=[outcome.events.append] if setup.watched else [], checked=True,
        )  # fmt: skip
        inner = opened._run
        before = tasks()
        if host is not None:
            await host(opened, outcome)
        else:
            async with opened as handle:
                outcome.result = await handle.wait()
        assert tasks() == before, "tasks are left"
        nothing_left(inner)

    with scheduled(setup.schedule, setup.fuel):
        trio.run(main, clock=MockClock(autojump_threshold=0))
    outcome.seen = Counter((tag, repr(values)) for tag, values in fz.SEEN)
    assert fz.Instances.open == 0, "resources are open"
    if setup.watched:
        check_events(outcome.events, fan_ins_of(compiled))
    return outcome


def tasks() -> set[str]:
    """Names of all tasks that live."""
    root = trio.lowlevel.current_root_task()
    found, todo = set(), [root]
    while todo:
        task = todo.pop()
        assert task is not None
        found.add(f"{task.name} {id(task)}")
        todo.extend(child for nursery in task.child_nurseries for child in nursery.child_tasks)
    return found


def nothing_left(run: Any) -> None:
    """T1, T3, T6 at the end of a run, asked of the machine."""
    machine = run.machine
    assert machine.live == 0
    assert not machine.root.children
    assert not machine.root.threads
    if machine.state is not RunState.NEW:
        assert machine.root.state is ContextState.CLOSED
        assert machine.state not in (RunState.RUNNING, RunState.STOPPING)
    assert not run.nurseries
    assert machine.spinning == 0, "the count of spinning threads is off"
    assert not run.resources.opened
    assert not run.lost_errors, run.lost_errors
