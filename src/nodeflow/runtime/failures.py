"""Exceptions on their way through a run: wrapped once, groups reduced, no string of tracebacks.

Errors and cancellation pass through thousands of contexts. So groups are kept flat (iteratively: `split` recurses),
and the traceback of what is thrown on is cut; the cause keeps the failing body's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from nodeflow.errors import NodeFailed


class Unwind(BaseException):
    """What `break`, `continue` and `return` throw into the bodies that wait (2.7). Not an `Exception`."""


def leaves(error: BaseException) -> list[BaseException]:
    """The exceptions in a group, in order, groups in groups included; or the exception itself."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    found: list[BaseException] = []
    todo: list[BaseException] = [error]
    while todo:
        item = todo.pop()
        if isinstance(item, BaseExceptionGroup):
            todo.extend(reversed(item.exceptions))
        else:
            found.append(item)
    return found


def reduced(error: BaseException) -> BaseException:
    """A group without its cancellations; one exception as itself (10.1: errors outrank cancellations)."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    found = leaves(error)
    errors = [leaf for leaf in found if not isinstance(leaf, trio.Cancelled)]
    if not errors:
        return found[0]
    fatal = [leaf for leaf in errors if not isinstance(leaf, Exception | Unwind)]
    if fatal:
        return fatal[0]
    errors = [leaf for leaf in errors if not isinstance(leaf, Unwind)] or errors[:1]
    if len(errors) == len(found) and all(not isinstance(e, BaseExceptionGroup) for e in error.exceptions):
        return error if len(errors) > 1 else errors[0]
    return together(errors)


def is_unwinding(error: BaseException) -> bool:
    """Whether it is a jump on its way: alone, or beside the cancellations that it caused in a body's own nursery."""
    if not isinstance(error, BaseExceptionGroup):
        return isinstance(error, Unwind)
    found = leaves(error)
    return all(isinstance(leaf, Unwind | trio.Cancelled) for leaf in found) and any(
        isinstance(leaf, Unwind) for leaf in found
    )


def together(errors: Sequence[BaseException]) -> BaseException:
    """One error as itself, several as a flat group in the order given."""
    flat = [leaf for error in errors for leaf in leaves(error)]
    for error in flat:
        if isinstance(error, NodeFailed):
            error.__traceback__ = None
    if len(flat) == 1:
        return flat[0]
    return BaseExceptionGroup("several flow threads failed", flat)


def failure_of(node: Any, path: str, thread: int, cause: BaseException) -> NodeFailed:
    """Wrap what a node's body raised."""
    if isinstance(cause, StopIteration):
        wrapped = RuntimeError("the body raised StopIteration")
        wrapped.__cause__ = cause
        cause = wrapped
    type_name = node.type.name if node.type is not None else "conversion"
    return NodeFailed(node.id, type_name, path, thread, cause, node.workflow.name)


def again(error: NodeFailed) -> NodeFailed:
    """The same failure for another flow thread: one exception object is never raised in two tasks."""
    assert error.__cause__ is not None
    return NodeFailed(error.node, error.type, error.context_path, error.thread, error.__cause__, error.workflow)
