"""A reference interpreter: runs a document by the letter of `docs/semantics.md`, for comparison.

Written for reading, not for speed. It shares nothing with the machine, the compiler and the adapter: bodies are
awaited as they stand, a trigger is an await inside an await, a flow thread's scope is a dict that is copied when
another thread starts, every data node is computed anew for each pull, and the threads of a context run one after
the other in the order in which they were started. That order is one of the allowed schedules; where the result does
not depend on the schedule (T7), every run must agree with what comes out here.

What depends on the schedule, `run` refuses by name (`Unsupported`). Where it is only a matter of who is first, or of
which failures happened before the others were cancelled, `outcomes` gives all that is allowed; `disagreement` says
whether what observers saw of a run is what the reference says.
"""

from __future__ import annotations

from nodeflow.testing.reference.choices import TooMany, Unsupported
from nodeflow.testing.reference.comparing import disagreement, histories
from nodeflow.testing.reference.records import Expected
from nodeflow.testing.reference.running import outcomes, run

__all__ = ["Expected", "TooMany", "Unsupported", "disagreement", "histories", "outcomes", "run"]
