"""Doing what blocks in a worker thread, from a body that must also go on emitting, or be able to stop it.

Most nodes that block are `blocking=True` and need none of this: their bodies get inputs and return. One that talks
to a database must be told to stop when the run is cancelled, and one that emits cannot be in a thread as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import trio

R = TypeVar("R")


def _ignore() -> None:
    """There is nothing to stop: it is over soon by itself."""


async def in_thread(work: Callable[[], R], stop: Callable[[], None] = _ignore) -> R:
    """What `work()` gives, in a worker thread; when the caller is cancelled, `stop()` tells it, and it is waited for.

    `stop` runs in the event loop: it only leaves a word, or starts something that does not block.
    """
    answers: list[R] = []
    problems: list[BaseException] = []

    def guarded() -> None:
        try:
            answers.append(work())
        except BaseException as error:  # raised again below: a nursery would put it into a group
            problems.append(error)

    async def stop_when_cancelled() -> None:
        try:
            await trio.sleep_forever()
        finally:
            if not (answers or problems):
                stop()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop_when_cancelled)
        await trio.to_thread.run_sync(guarded)
        nursery.cancel_scope.cancel()
    await trio.lowlevel.checkpoint_if_cancelled()  # what a stopped worker raises is not what happened
    if not problems:
        return answers[0]
    try:
        raise problems[0]
    finally:
        problems.clear()  # its traceback has this frame: without the circle, what it holds is freed at once
