"""What the machine wants done: one `Do` for the flow thread that reported, `Wish`es for all others."""

from __future__ import annotations

import enum

from nodeflow.machine.records import Context, FlowThread


class Do(enum.Enum):
    """What the reporting flow thread does next. Parameters lie in the thread's own slots."""

    CALL = "call the body of `thread.node` with `thread.values`"
    RESUME = "send `thread.answer` into the body on top"
    THROW = "throw `thread.error` into the body on top"
    UNWIND = "throw the unwinding of a jump into the body on top"
    EVALUATE = "evaluate the data node of `thread.pull.stack[-1]` with its values"
    FAIL = "make `thread.error` a failure of `thread.culprit` and report it with `failed`"
    SLICE = "let others run, notice cancellation, then report `resumed`"
    WAIT = "sleep until woken, then report `resumed`"
    END = "the flow thread is over"


class Wish(enum.Enum):
    """What somebody else is to do."""

    START = "start the flow thread in its context's nursery"
    WAKE = "wake the flow thread, which waits"
    CANCEL = "cancel the context's nursery"


Wanted = tuple[Wish, FlowThread | Context]
"""One wish and whom it concerns."""
