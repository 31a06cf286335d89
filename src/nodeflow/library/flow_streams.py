"""Streams made of iterables: one by one, several at once, in windows.

Reading several async sources side by side, or one against the clock, takes tasks of its own: the one place in the
category that names trio. The tasks only read; what they read is emitted by the body, in the flow thread. When
such a body is cancelled its tasks are cancelled with it and need no time of their own, hence `shield=False`. A
simulator runs these bodies under `trio.run`.
"""

from __future__ import annotations

import builtins
import math
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import trio

from nodeflow.library.flow_loops import check_items, drawn
from nodeflow.node import NodeContext, Out, Ports, Stream, exec_node
from nodeflow.values import short

MOST: Final = 100_000
"""The most items that `flow.window` puts into one window."""


@exec_node("flow.stream")
async def stream(ctx: NodeContext, items: Any = (), interval: float = 0.0, *, item: Stream[Any]) -> None:
    """Emit the items of a list or another iterable, one by one. An async iterable is read as its items come.

    Args:
        interval: Seconds to wait between two items.

    Example:
        >>> from nodeflow.testing import try_node
        >>> tried = try_node(stream, items=["a", "b", "c"], interval=10)
        >>> tried.seen("item", "on_item"), tried.exits[-2:], tried.seconds
        (['a', 'b', 'c'], ['completed', 'exit'], 20.0)
    """
    check_items(items)
    if not 0 <= interval < math.inf:
        raise ValueError(f"`interval` must be a number from 0 on, not {short(interval)}")
    first = True
    async with aclosing(drawn(items)) as drawing:
        async for one in drawing:
            if interval and not first:
                await ctx.sleep(interval)
            first = False
            await item.emit(one)


@exec_node("flow.merge_streams", shield=False)
async def merge_streams(sources: Ports[Any], *, item: Stream[Any], source: Out[str]) -> None:
    """Emit the items of several lists or iterables as they come. Async ones are read side by side.

    Items that are there at once take turns. All sources are closed behind it; if one fails, so does the node.

    Args:
        sources: The iterables, under any names.
        source: The name of the input that the item came from.

    Example:
        >>> from nodeflow.testing import try_node
        >>> tried = try_node(merge_streams, numbers=[1, 2, 3], letters=["a"])
        >>> tried.seen("item", "on_item"), tried.seen("source", "on_item")
        ([1, 'a', 2, 3], ['numbers', 'letters', 'numbers', 'numbers'])
    """
    for name, items in sources.items():
        check_items(items, name)
    if not any(isinstance(items, AsyncIterable) for items in sources.values()):
        for name, one in _in_turn(sources):
            source.set(name)
            await item.emit(one)
        return
    async with _reading(sources) as arriving:
        async for name, one in arriving:
            source.set(name)
            await item.emit(one)


@exec_node("flow.window", shield=False)
async def window(
    ctx: NodeContext, items: Any = (), count: int = 10, seconds: float = 0.0, *, slice: Stream[builtins.list[Any]]
) -> None:
    """Emit the items of an iterable in lists: a list is full with `count` items, or `seconds` after its first one.

    Args:
        items: A list or another iterable; time matters only for an async one.
        count: How many items a list has at most; 0: as many as come, but at most 100,000.
        seconds: How long a list waits for more items; 0: until it is full.
        slice: The items, in the order in which they came; never none.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(window, items=["a", "b", "c"], count=2).seen("slice", "on_item")
        [['a', 'b'], ['c']]
    """
    check_items(items)
    if not 0 <= count <= MOST:
        raise ValueError(f"`count` must be from 0 to {MOST}, not {short(count)}")
    if not seconds >= 0:
        raise ValueError(f"`seconds` must be 0 or more, not {short(seconds)}")
    size = count or MOST
    if seconds and isinstance(items, AsyncIterable):
        await _timed_windows(ctx, items, size, seconds, slice)
        return
    part: builtins.list[Any] = []
    async with aclosing(drawn(items)) as drawing:
        async for one in drawing:
            part.append(one)
            if len(part) == size:
                await slice.emit(part)
                part = []
    if part:
        await slice.emit(part)


async def _timed_windows(
    ctx: NodeContext, items: AsyncIterable[Any], size: int, seconds: float, slice: Stream[builtins.list[Any]]
) -> None:
    """Windows that are over when they are full, or so many seconds after their first item."""
    part: builtins.list[Any] = []
    ends = math.inf
    async with _reading({"": items}) as arriving:
        while True:
            found = None
            with ctx.timeout(max(0.0, ends - ctx.time())) as waiting:
                found = await anext(arriving, None)
            if found is not None:
                part.append(found[1])
                if len(part) == 1:
                    ends = ctx.time() + seconds
                if len(part) < size:
                    continue
            if part:
                await slice.emit(part)
            if found is None and not waiting.cancelled_caught:
                return
            part, ends = [], math.inf


def _in_turn(sources: Mapping[str, Iterable[Any]]) -> Iterator[tuple[str, Any]]:
    """An item of each source, then the next of each, until all have ended."""
    waiting = deque((name, iter(items)) for name, items in sources.items())
    while waiting:
        name, items = waiting.popleft()
        for one in items:
            yield name, one
            waiting.append((name, items))
            break


@asynccontextmanager
async def _reading(sources: Mapping[str, Any]) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """Read all sources side by side: gives what came from which, as it comes. Behind it all are closed.

    What a source fails with ends the block.
    """
    send, receive = trio.open_memory_channel[tuple[str, Any]](0)
    with receive:
        async with trio.open_nursery() as nursery:
            with send:
                for name, items in sources.items():
                    nursery.start_soon(_read, name, items, send.clone())
            yield receive


async def _read(name: str, items: Any, send: trio.MemorySendChannel[tuple[str, Any]]) -> None:
    with send:  # not `async with`: it would wait, and what the source failed with could get lost meanwhile
        async with aclosing(drawn(items)) as drawing:
            async for one in drawing:
                await send.send((name, one))
