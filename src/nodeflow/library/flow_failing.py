"""Failing, catching what failed, and what ends too late."""

from __future__ import annotations

from typing import Any, NoReturn

from nodeflow.errors import FlowFailure, NodeFailed
from nodeflow.node import ExecOut, NodeContext, Option, Out, exec_node, initially


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
    """Fail with a message; a `try` around it catches `FlowFailure`."""
    raise FlowFailure(message)


@exec_node("flow.timeout", shield=False)
async def timeout(ctx: NodeContext, seconds: float = 1.0, *, body: ExecOut, expired: ExecOut, exit: ExecOut) -> ExecOut:
    """Run `body` for at most `seconds`; run `expired` if it was cut off; then go on at `exit`."""
    with ctx.timeout(seconds) as scope:
        await body()
    if scope.cancelled_caught:
        await expired()
    return exit
