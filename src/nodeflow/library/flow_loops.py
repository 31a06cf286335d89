"""Loops: each runs `body` again and again in one flow thread. `flow.break` and `flow.continue` know them."""

from __future__ import annotations

import builtins
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import AsyncExitStack, aclosing
from typing import Any

from nodeflow.node import ExecOut, Lazy, Option, Out, exec_node, initially
from nodeflow.values import short


@exec_node("flow.for", loop=True)
async def for_(times: int = 10, *, index: Out[int], body: ExecOut, exit: ExecOut) -> ExecOut:
    """Run `body` once for each index below `times`.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(for_, times=2).seen("index", "body")
        [0, 1]
    """
    for i in range(times):
        index.set(i)
        await body()
    return exit


@exec_node("flow.for_range", loop=True)
async def for_range(
    start: int = 0,
    stop: int = 10,
    step: int = 1,
    inclusive: Option[bool] = False,
    zero_step: Option[int | None] = None,
    *,
    index: Out[int],
    body: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Run `body` for each index of Python's `range(start, stop, step)`. Fails with `ValueError` if `step` is 0.

    Args:
        inclusive: `stop` is visited too, if a step ends there.
        zero_step: The step that stands in for a step of 0, instead of failing.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(for_range, start=3, stop=0, step=-1).seen("index", "body")
        [3, 2, 1]
        >>> try_node(for_range, start=3, stop=1, step=-1, inclusive=True).seen("index", "body")
        [3, 2, 1]
    """
    by = step or zero_step or 0
    if not by:
        raise ValueError("`step` must not be 0: the loop would never end")
    end = stop + (1 if by > 0 else -1) if inclusive else stop
    for i in range(start, end, by):
        index.set(i)
        await body()
    return exit


@exec_node("flow.for_each", loop=True)
async def for_each(
    items: Iterable[Any] = (), *, item: Out[Any], index: Out[int], body: ExecOut, exit: ExecOut
) -> ExecOut:
    """Run `body` once for each item, one after the other. Items may come from an async iterable.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(for_each, items=["a", "b"]).seen("item", "body")
        ['a', 'b']
    """
    check_items(items)
    i = 0
    if isinstance(items, AsyncIterable):
        async with aclosing(drawn(items)) as drawing:
            async for one in drawing:
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


@exec_node("flow.for_each_entry", loop=True)
async def for_each_entry(
    dict: builtins.dict[str, Any] = {},  # noqa: B006 - values are never changed
    *,
    key: Out[str],
    value: Out[Any],
    index: Out[int],
    body: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Run `body` once for each entry of a dict, one after the other, in the dict's order.

    Example:
        >>> from nodeflow.testing import try_node
        >>> tried = try_node(for_each_entry, dict={"a": 1, "b": 2})
        >>> tried.seen("key", "body"), tried.seen("value", "body")
        (['a', 'b'], [1, 2])
    """
    for i, (name, one) in enumerate(dict.items()):
        key.set(name)
        value.set(one)
        index.set(i)
        await body()
    return exit


@exec_node("flow.reduce", loop=True)
async def reduce(
    items: Iterable[Any] = (),
    initial: Any = None,
    next: Lazy[Any] = initially(None),
    *,
    item: Out[Any],
    index: Out[int],
    accumulated: Out[Any],
    result: Out[Any],
    body: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Make one value of many: after `body` has run for an item, `next` is what is `accumulated` so far.

    Args:
        items: A list, or another iterable; it may be async.
        initial: What is accumulated before the first item, and the result if there is none.
        next: Pulled behind each round: what `item` and `accumulated` make together.
        accumulated: What earlier rounds made.
        result: What is accumulated at the end, or where `flow.break` ended it.

    Example:
        >>> from nodeflow.testing import Own, try_node
        >>> try_node(reduce, items=[1, 2, 3], initial=0, next=Own("item")).result
        3
        >>> try_node(reduce, items=[], initial="nothing").result
        'nothing'
    """
    check_items(items)
    accumulated.set(initial)
    result.set(initial)
    i = 0
    async with aclosing(drawn(items)) as drawing:
        async for one in drawing:
            item.set(one)
            index.set(i)
            await body()
            so_far = await next()
            accumulated.set(so_far)
            result.set(so_far)
            i += 1
    return exit


@exec_node("flow.while", loop=True)
async def while_(
    condition: Lazy[bool],
    limit: Option[int | None] = None,
    *,
    index: Out[int] = initially(0),
    body: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Run `body` as long as `condition` holds; it is pulled before each round.

    Args:
        limit: After so many rounds it goes on at `exit` even so; without one it may run for ever.

    Example:
        >>> from nodeflow.testing import Each, try_node
        >>> try_node(while_, condition=Each(True, True, False)).exits
        ['body', 'body', 'exit']
        >>> try_node(while_, condition=True, limit=3).seen("index", "body")
        [0, 1, 2]
    """
    i = 0
    while (limit is None or i < limit) and await condition():
        index.set(i)
        await body()
        i += 1
    return exit


@exec_node("flow.do_while", loop=True)
async def do_while(
    condition: Lazy[bool],
    limit: Option[int | None] = None,
    *,
    index: Out[int] = initially(0),
    body: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Run `body` once, and again as long as `condition` holds behind it.

    Args:
        limit: After so many rounds it goes on at `exit` even so; without one it may run for ever.

    Example:
        >>> from nodeflow.testing import Each, try_node
        >>> try_node(do_while, condition=Each(True, False)).exits
        ['body', 'body', 'exit']
    """
    i = 0
    while limit is None or i < limit:
        index.set(i)
        await body()
        i += 1
        if not await condition():
            break
    return exit


@exec_node("flow.repeat_until", loop=True)
async def repeat_until(
    condition: Lazy[bool],
    limit: Option[int | None] = None,
    *,
    index: Out[int] = initially(0),
    body: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Run `body` once, and again until `condition` holds behind it.

    Args:
        limit: After so many rounds it goes on at `exit` even so; without one it may run for ever.

    Example:
        >>> from nodeflow.testing import Each, try_node
        >>> try_node(repeat_until, condition=Each(False, True)).exits
        ['body', 'body', 'exit']
    """
    i = 0
    while limit is None or i < limit:
        index.set(i)
        await body()
        i += 1
        if await condition():
            break
    return exit


def check_items(items: Any, name: str = "items") -> None:
    """Whether there is something to iterate over; a text is one value, not many."""
    if not isinstance(items, Iterable | AsyncIterable) or isinstance(items, str | bytes):
        raise ValueError(f"`{name}` must be a list or another iterable, not {short(items)}")


async def drawn(items: Iterable[Any] | AsyncIterable[Any]) -> AsyncGenerator[Any, None]:
    """The items, one by one. Use it in `aclosing`: an async source is closed with it."""
    if not isinstance(items, AsyncIterable):
        for one in items:
            yield one
        return
    async with AsyncExitStack() as stack:
        source: Any = aiter(items)
        if hasattr(source, "aclose"):
            await stack.enter_async_context(aclosing(source))
        async for one in source:
            yield one
