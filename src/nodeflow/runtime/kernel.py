"""What the adapter needs of trio, by name: tasks that wait, nurseries, cancel scopes, a clock.

Each run has a kernel. It is `TRIO` but for simulated runs (`nodeflow.testing.simulate`), which have one without
event loop and operating system, in virtual time. The adapter asks its run's kernel and never trio's runner itself.
"""

from __future__ import annotations

from typing import Any, Final

import trio


class Kernel:
    """Trio itself. Names and meanings are trio's, for other kernels too."""

    CancelScope: Any = trio.CancelScope
    CapacityLimiter: Any = trio.CapacityLimiter
    Event: Any = trio.Event
    open_nursery: Any = staticmethod(trio.open_nursery)
    current_time: Any = staticmethod(trio.current_time)
    current_effective_deadline: Any = staticmethod(trio.current_effective_deadline)
    current_task: Any = staticmethod(trio.lowlevel.current_task)
    checkpoint: Any = staticmethod(trio.lowlevel.checkpoint)
    checkpoint_if_cancelled: Any = staticmethod(trio.lowlevel.checkpoint_if_cancelled)
    wait_task_rescheduled: Any = staticmethod(trio.lowlevel.wait_task_rescheduled)
    reschedule: Any = staticmethod(trio.lowlevel.reschedule)
    sleep: Any = staticmethod(trio.sleep)
    in_worker: Any = staticmethod(trio.to_thread.run_sync)


TRIO: Final = Kernel()
