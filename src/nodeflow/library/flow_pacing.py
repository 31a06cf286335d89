"""Waiting, and how often or by how many at once something may happen.

What these nodes remember is shared by all flow threads of the workflow (semantics 4.7), and visible to observers.
Several arrivals meet here only if several flow threads are under way: branches, slices, items, events.
"""

from __future__ import annotations

import math
from typing import Final

from nodeflow.library.inputs import check_choice
from nodeflow.node import ExecOut, NodeContext, Option, SharedState, exec_node, initially
from nodeflow.values import short

MOST: Final = 100_000
"""The most passes that `flow.rate_limit` counts."""


@exec_node("flow.delay")
async def delay(
    ctx: NodeContext,
    seconds: float = 0.0,
    negative: Option[str] = "at_once",
    forever: Option[float | None] = None,
    *,
    exit: ExecOut,
) -> ExecOut:
    """Wait, then go on.

    Args:
        negative: With less than no seconds: `at_once` it goes on, or `error`: it fails with `ValueError`.
        forever: The number of seconds that stands for: until the run is cancelled.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(delay, seconds=90).seconds
        90.0
    """
    check_choice("negative", negative, "at_once", "error")
    if forever is not None and seconds == forever:
        await ctx.sleep(math.inf)
    if seconds < 0 and negative == "error":
        raise ValueError(f"`seconds` must not be negative, not {short(seconds)}")
    await ctx.sleep(max(0.0, seconds))
    return exit


@exec_node("flow.throttle")
def throttle(
    ctx: NodeContext,
    seconds: float = 1.0,
    passed: SharedState[float | None] = initially(None),
    *,
    exit: ExecOut,
    dropped: ExecOut,
) -> ExecOut:
    """Go on at `exit` at most once in so many seconds: at once the first time, later arrivals go on at `dropped`.

    Args:
        seconds: How long it takes after one that went on until the next one may.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(throttle, seconds=60, times=2).exits
        ['exit', 'dropped']
    """
    _check_seconds(seconds)
    now, last = ctx.time(), passed.value
    if last is not None and now < last + seconds:
        return dropped
    passed.set(now)
    return exit


@exec_node("flow.debounce")
async def debounce(
    ctx: NodeContext,
    seconds: float = 1.0,
    arrivals: SharedState[int] = initially(0),
    *,
    exit: ExecOut,
    superseded: ExecOut,
) -> ExecOut:
    """Wait, and go on at `exit` only if nobody else has come here meanwhile; who is overtaken goes on at `superseded`.

    Of many arrivals in a row, as of events, only the last one is heard, once it has been quiet for so many seconds.

    Args:
        seconds: How long it must be quiet.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(debounce, seconds=5).exits
        ['exit']
    """
    _check_seconds(seconds)
    mine = arrivals.update(lambda before: before + 1)
    with ctx.timeout(seconds) as quiet:
        await ctx.wait(arrivals, lambda last: last != mine)
    return exit if quiet.cancelled_caught and arrivals.value == mine else superseded


@exec_node("flow.rate_limit", shield=False)
async def rate_limit(
    ctx: NodeContext,
    count: int = 1,
    seconds: float = 1.0,
    policy: Option[str] = "wait",
    line: SharedState[tuple[int, ...]] = initially(()),
    passed: SharedState[tuple[float, ...]] = initially(()),
    *,
    exit: ExecOut,
    dropped: ExecOut,
) -> ExecOut:
    """Go on at `exit` at most `count` times within any `seconds`.

    Args:
        count: How many may go on, from 1 to 100,000.
        seconds: Within how many seconds, wherever they begin.
        policy: Who comes too early: `wait`: goes on later, in the order of coming. `drop`: goes on at `dropped`.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(rate_limit, count=2, seconds=60, times=3).seconds
        60.0
        >>> try_node(rate_limit, count=2, seconds=60, times=3, policy="drop").exits
        ['exit', 'exit', 'dropped']
    """
    _check_rate(count, seconds, policy)
    if policy == "drop" and (line.value or ctx.time() < _turn(passed.value, count, seconds)):
        return dropped
    ticket = _join(line)
    try:
        await ctx.wait(line, lambda waiting: waiting[0] == ticket)
        while (early := _turn(passed.value, count, seconds) - ctx.time()) > 0:
            await ctx.sleep(early)
        passed.update(lambda times: (*times, ctx.time())[-count:])
    finally:
        _leave(line, ticket)
    return exit


def _turn(passed: tuple[float, ...], count: int, seconds: float) -> float:
    """When the next one may go on, if so many have gone on at these times."""
    return passed[-count] + seconds if len(passed) >= count else -math.inf


@exec_node("flow.semaphore", shield=False)
async def semaphore(
    ctx: NodeContext,
    permits: int = 1,
    line: SharedState[tuple[int, ...]] = initially(()),
    *,
    body: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Run `body` while at most `permits` flow threads are inside, then go on at `exit`.

    The others wait, and come in in the order in which they came. A place is free again when `body` has ended, also if
    it failed or was cancelled. With one permit it is a lock; who comes here again from inside waits for itself.

    Args:
        permits: How many may be inside at once, at least 1.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(semaphore, permits=2).exits
        ['body', 'exit']
    """
    if permits < 1:
        raise ValueError(f"`permits` must be at least 1, not {short(permits)}")
    ticket = _join(line)
    try:
        # Who stands among the first in the line is inside.
        await ctx.wait(line, lambda waiting: ticket in waiting[:permits])
        await body()
    finally:
        _leave(line, ticket)
    return exit


def _join(line: SharedState[tuple[int, ...]]) -> int:
    """Stand in line; returns what tells one from the others there."""
    return line.update(lambda waiting: (*waiting, waiting[-1] + 1 if waiting else 1))[-1]


def _leave(line: SharedState[tuple[int, ...]], ticket: int) -> None:
    line.update(lambda waiting: tuple(other for other in waiting if other != ticket))


def _check_seconds(seconds: float) -> None:
    if not seconds >= 0:
        raise ValueError(f"`seconds` must be 0 or more, not {short(seconds)}")


def _check_rate(count: int, seconds: float, policy: str) -> None:
    if not 1 <= count <= MOST:
        raise ValueError(f"`count` must be from 1 to {MOST}, not {short(count)}")
    _check_seconds(seconds)
    check_choice("policy", policy, "wait", "drop")
