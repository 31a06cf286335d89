"""A reference interpreter: runs a document by the letter of `docs/semantics.md`, for comparison.

Written for reading, not for speed. It shares nothing with the machine, the compiler and the adapter: bodies are
awaited as they stand, a trigger is an await inside an await, a flow thread's scope is a dict that is copied when
another thread starts, every data node is computed anew for each pull, and the threads of a context run one after
the other in the order in which they were started. That order is one of the allowed schedules; where the result does
not depend on the schedule (T7), every run must agree with what comes out here.

What depends on the schedule it refuses by name (`Unsupported`): races, waiting for events and states, deadlines.
"""

from __future__ import annotations

from nodeflow.testing.reference.interpreter import run
from nodeflow.testing.reference.records import Expected, Unsupported

__all__ = ["Expected", "Unsupported", "run"]
