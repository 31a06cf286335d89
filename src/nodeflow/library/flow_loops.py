"""Loops: each runs `body` again and again in one flow thread. `flow.break` and `flow.continue` know them."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterable, Iterable
from typing import Any

from nodeflow.node import ExecOut, Lazy, Out, exec_node, initially
from nodeflow.values import short


@exec_node("flow.for", loop=True)
async def for_(times: int = 10, *, index: Out[int], body: ExecOut, exit: ExecOut) -> ExecOut:
    """Run `body` once for each index below `times`."""
    for i in range(times):
        index.set(i)
        await body()
    return exit


@exec_node("flow.for_range", loop=True)
async def for_range(
    start: int = 0, stop: int = 10, step: int = 1, *, index: Out[int], body: ExecOut, exit: ExecOut
) -> ExecOut:
    """Run `body` for each index of Python's `range(start, stop, step)`."""
    for i in range(start, stop, step):
        index.set(i)
        await body()
    return exit


@exec_node("flow.for_each", loop=True)
async def for_each(
    items: Iterable[Any] = (), *, item: Out[Any], index: Out[int], body: ExecOut, exit: ExecOut
) -> ExecOut:
    """Run `body` once for each item, one after the other. Items may come from an async iterable."""
    check_items(items)
    i = 0
    if isinstance(items, AsyncIterable):
        async for one in items:
            item.set(one)
            index.set(i)
            await body()
            i += 1
        return exit
    for one in builtins.list(items):
        item.set(one)
        index.set(i)
        await body()
        i += 1
    return exit


@exec_node("flow.while", loop=True)
async def while_(condition: Lazy[bool], *, index: Out[int] = initially(0), body: ExecOut, exit: ExecOut) -> ExecOut:
    """Run `body` as long as `condition` holds; it is pulled before each round."""
    i = 0
    while await condition():
        index.set(i)
        await body()
        i += 1
    return exit


@exec_node("flow.do_while", loop=True)
async def do_while(condition: Lazy[bool], *, index: Out[int] = initially(0), body: ExecOut, exit: ExecOut) -> ExecOut:
    """Run `body` once, and again as long as `condition` holds behind it."""
    i = 0
    while True:
        index.set(i)
        await body()
        i += 1
        if not await condition():
            return exit


@exec_node("flow.repeat_until", loop=True)
async def repeat_until(
    condition: Lazy[bool], *, index: Out[int] = initially(0), body: ExecOut, exit: ExecOut
) -> ExecOut:
    """Run `body` once, and again until `condition` holds behind it."""
    i = 0
    while True:
        index.set(i)
        await body()
        i += 1
        if await condition():
            return exit


def check_items(items: Any) -> None:
    if not isinstance(items, Iterable | AsyncIterable) or isinstance(items, str | bytes):
        raise ValueError(f"`items` must be a list or another iterable, not {short(items)}")
