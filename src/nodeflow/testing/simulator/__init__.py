"""The simulator: runs of a document without trio's loop, in virtual time, under any order of what can run.

`nodeflow.testing.Simulator` compiles a document once and simulates it under schedules and faults.
"""

from __future__ import annotations

from nodeflow.testing.simulator.kernel import Deadlock, Stuck
from nodeflow.testing.simulator.simulation import (
    FAULTS,
    Fault,
    InjectedFault,
    Simulated,
    Simulator,
    Unsimulated,
)

__all__ = ["FAULTS", "Deadlock", "Fault", "InjectedFault", "Simulated", "Simulator", "Stuck", "Unsimulated"]
