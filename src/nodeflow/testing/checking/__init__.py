"""Checkers of the invariants T1 to T7 (semantics 5), for any run of any graph.

`checked` checks the runs of a block while they run, `same_results` compares them (T7). What lies below can be had by
itself: `Watched` and `check_events` follow the events that an observer was told, `histories` makes of them what each
flow thread did.
"""

from nodeflow.machine.states import InvariantBroken
from nodeflow.testing.checking.block import Check, CheckedRun, checked
from nodeflow.testing.checking.confluence import alike, same_results
from nodeflow.testing.checking.stream import (
    Watched,
    cancelled_for_cause,
    check_events,
    failed_together,
    fan_ins_of,
    histories,
    joins_go_on_once,
)

__all__ = [
    "Check",
    "CheckedRun",
    "InvariantBroken",
    "Watched",
    "alike",
    "cancelled_for_cause",
    "check_events",
    "checked",
    "failed_together",
    "fan_ins_of",
    "histories",
    "joins_go_on_once",
    "same_results",
]
