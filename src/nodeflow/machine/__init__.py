"""The runtime as a pure state machine (semantics 12).

Three rules:

1. Everything that changes the state of a run is in this package.
2. It never awaits, reads a clock, draws a number or calls a body. Time is an argument. Values are opaque: it
   looks at a value's type to know whether a conversion is due, and at nothing else of it.
3. Facts go in, wishes come out. A fact is a method named by a past participle (`returned`, `failed`, `opened`);
   what it returns is the one thing that the flow thread does next (a `Wish`), and what others are to do (start a
   flow thread, cancel a context, wake a waiter) waits in `Machine.wishes` until the adapter takes it. A context
   exists from the moment the adapter reports its nursery open until it reports it closed.

`records` are the things that a run consists of, `states` the transitions of run, context and flow thread,
`reading` resolves inputs and remembers data nodes, `walking` follows exec wires, `tree` opens and closes
contexts, `machine` is the whole.
"""

from nodeflow.machine.limits import Limits
from nodeflow.machine.machine import Machine
from nodeflow.machine.records import Context, ContextKind, FlowThread, Frame, Scope
from nodeflow.machine.states import ContextState, RunState, ThreadState
from nodeflow.machine.wishes import Do, Wish

__all__ = [
    "Context",
    "ContextKind",
    "ContextState",
    "Do",
    "FlowThread",
    "Frame",
    "Limits",
    "Machine",
    "RunState",
    "Scope",
    "ThreadState",
    "Wish",
]
