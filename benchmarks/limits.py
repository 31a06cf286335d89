"""The raw limits: the same jobs in plain Python and plain trio, as one would write them by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import trio

from benchmarks.graphs import MASK


async def _add_1(value: int) -> int:
    return value + 1


def _add_1_plainly(value: int) -> int:
    return value + 1


async def chain(length: int) -> int:
    value = 0
    for _ in range(length):
        value = await _add_1(value)
    return value


async def loop(times: int) -> int:
    value = 0
    for index in range(times):
        value = _add_1_plainly(_add_1_plainly(_add_1_plainly(index)))
    return value


async def leaf() -> int:
    return 1


async def sleep() -> int:
    await trio.sleep(0.01)
    return 1


async def park() -> int:
    await trio.sleep_forever()
    return 1


async def nursery(width: int, task: Callable[[], Awaitable[Any]] = leaf) -> None:
    async with trio.open_nursery() as opened:
        for _ in range(width):
            opened.start_soon(task)


async def nested(width: int, depth: int = 3) -> None:
    async with trio.open_nursery() as opened:
        for _ in range(width):
            if depth == 1:
                opened.start_soon(leaf)
            else:
                opened.start_soon(nested, width, depth - 1)


async def lattice(count: int) -> int:
    values = [1, 1]
    for _ in range(count):
        values.append((values[-1] + values[-2]) & MASK)
    return values[-1]
