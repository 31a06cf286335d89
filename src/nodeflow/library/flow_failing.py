"""Failing, catching what failed, trying again, and what ends too late."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NoReturn

from nodeflow.errors import FlowFailure, NodeFailed
from nodeflow.model import UNSET
from nodeflow.node import ExecOut, NodeContext, Option, Out, Placing, Ports, State, exec_node, initially, ports_from
from nodeflow.values import ANY, SocketType, short


@exec_node("flow.try")
async def try_(
    catches: Option[list[str]] = [],  # noqa: B006 - options are never changed
    *,
    error: Out[Any] = initially(None),
    body: ExecOut,
    catch: ExecOut,
    finally_: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Run `body`; run `catch` if it fails; run `finally` in any case, then go on at `exit`.

    Args:
        catches: Names of the errors that are caught, as `ValueError`; empty: all. Base classes count.
        error: What failed, in words.

    Example:
        >>> from nodeflow.testing import try_node
        >>> tried = try_node(try_, behind={"body": ValueError("no number")})
        >>> tried.exits, tried.outputs["error"]
        (['body', 'catch', 'finally', 'exit'], 'no number')
    """
    try:
        try:
            await body()
        except (NodeFailed, ExceptionGroup) as failure:
            if catches and not matches(failure, catches):
                raise
            error.set(error_text(failure))
            await catch()
    finally:
        await finally_()
    return exit


def error_text(failure: BaseException) -> str:
    """What a failure says, without where it happened."""
    if isinstance(failure, BaseExceptionGroup):
        return "; ".join(error_text(part) for part in failure.exceptions)
    cause = failure.__cause__ if isinstance(failure, NodeFailed) else failure
    return str(cause) or type(cause).__name__


def matches(failure: BaseException, names: list[str]) -> bool:
    """Whether what failed is one of the errors named, by its own or a base class's name; of a group, all."""
    if isinstance(failure, BaseExceptionGroup):
        return all(matches(part, names) for part in failure.exceptions)
    cause = failure.__cause__ if isinstance(failure, NodeFailed) else failure
    return any(kind.__name__ in names for kind in type(cause).__mro__)


@exec_node("flow.fail")
def fail(message: str = "failed") -> NoReturn:
    """Fail with a message; a `try` around it catches `FlowFailure`.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(fail, message="out of paper")
        Traceback (most recent call last):
        nodeflow.errors.FlowFailure: out of paper
    """
    raise FlowFailure(message)


def _if_wired(placing: Placing) -> list[tuple[str, SocketType, Any]]:
    """`failed` is there where something is connected to it: only then does somebody see to the failure."""
    return [("failed", ANY, UNSET)] if "failed" in placing.wired else []


@exec_node("flow.retry")
async def retry(
    ctx: NodeContext,
    attempts: int = 3,
    backoff: float = 0.0,
    factor: float = 2.0,
    max_delay: float = 60.0,
    jitter: float = 0.0,
    catches: Option[list[str]] = [],  # noqa: B006 - options are never changed
    draws: State[int] = initially(0),
    *,
    attempt: Out[int],
    error: Out[Any] = initially(None),
    body: ExecOut,
    failed: Ports[ExecOut] = ports_from(_if_wired),
    exit: ExecOut,
) -> ExecOut:
    """Run `body`, and again if it fails, until it succeeds; then go on at `exit`.

    When the last attempt has failed it goes on at `failed`, if something is connected there; else the last error goes
    on to the nearest `flow.try`.

    Args:
        attempts: How often `body` is tried in all, at least once.
        backoff: Seconds to wait before the second attempt.
        factor: How many times longer each further wait is.
        max_delay: The longest wait, in seconds.
        jitter: The part of each wait that is left to chance, from 0 to 1: with 1 it may be anything below.
        catches: Names of the errors that are worth another attempt, as `TimedOut`; empty: all. Base classes
            count. Others end it at once, and go on to the nearest `flow.try`.
        attempt: The number of the attempt, from 1.
        error: What failed last, in words.
        failed: Behind the last attempt, if that failed too.

    Example:
        >>> from nodeflow.testing import try_node
        >>> tried = try_node(retry, attempts=3, behind={"body": [OSError("busy"), None]})
        >>> tried.exits, tried.outputs["attempt"]
        (['body', 'body', 'exit'], 2)
    """
    if attempts < 1:
        raise ValueError(f"`attempts` must be at least 1, not {short(attempts)}")
    waits = _waits(ctx, draws, backoff, factor, max_delay, jitter)
    number = 1
    while True:
        attempt.set(number)
        try:
            await body()
        except (NodeFailed, ExceptionGroup) as failure:
            error.set(error_text(failure))
            if catches and not matches(failure, catches):
                raise
            if number >= attempts:
                if not failed:
                    raise
                break
        else:
            return exit
        number += 1
        await ctx.sleep(next(waits))
    return failed["failed"]


def _waits(
    ctx: NodeContext, draws: State[int], backoff: float, factor: float, max_delay: float, jitter: float
) -> Iterator[float]:
    """How long to wait before the second attempt, the third, ..."""
    for name, value in (("backoff", backoff), ("factor", factor), ("max_delay", max_delay)):
        if not 0 <= value < math.inf:
            raise ValueError(f"`{name}` must be a number from 0 on, not {short(value)}")
    if not 0 <= jitter <= 1:
        raise ValueError(f"`jitter` must be from 0 to 1, not {short(jitter)}")
    return _growing(ctx, draws, min(backoff, max_delay), factor, max_delay, jitter)


def _growing(
    ctx: NodeContext, draws: State[int], delay: float, factor: float, max_delay: float, jitter: float
) -> Iterator[float]:
    while True:
        yield delay * (1 - jitter * _chance(ctx, draws)) if jitter else delay
        delay = min(delay * factor, max_delay)


def _chance(ctx: NodeContext, draws: State[int]) -> float:
    """A number between 0 and 1, from where the random nodes get theirs."""
    from nodeflow.library.random import source_of  # only who wants jitter loads the random nodes

    return source_of(ctx, draws).random()


@exec_node("flow.timeout", shield=False)
async def timeout(ctx: NodeContext, seconds: float = 1.0, *, body: ExecOut, expired: ExecOut, exit: ExecOut) -> ExecOut:
    """Run `body` for at most `seconds`; run `expired` if it was cut off; then go on at `exit`.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(timeout, seconds=5, behind={"body": 60}).exits
        ['body', 'expired', 'exit']
        >>> try_node(timeout, seconds=5, behind={"body": 1}).exits
        ['body', 'exit']
    """
    with ctx.timeout(seconds) as scope:
        await body()
    if scope.cancelled_caught:
        await expired()
    return exit
