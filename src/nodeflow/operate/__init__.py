"""What a host builds around runs: a bounded queue of them, worked off in the background.

async with nodeflow.operate.open_queue(workers=4, size=100) as queue:
    handle = await queue.submit(compiled, inputs={"n": 3})
    result = await handle.wait()
"""

from nodeflow.operate.queue import OpenQueue, QueuedRun, QueueStatistics, RunQueue, open_queue

__all__ = ["OpenQueue", "QueueStatistics", "QueuedRun", "RunQueue", "open_queue"]
