"""Looking into a run: what a value is, where a run has come to, and what must hold there."""

from __future__ import annotations

from types import NoneType
from typing import Any, Final, NamedTuple

from nodeflow.errors import FlowFailure
from nodeflow.library.printing import line_of
from nodeflow.node import NodeContext, Option, data_node, exec_node
from nodeflow.values import short

_NAMES: Final = {NoneType: "none", str: "text", tuple: "list"}
_SIZED: Final = (str, bytes, list, tuple, dict, set, frozenset)


@data_node("debug.print_value")
def print_value(ctx: NodeContext, value: Any = None, label: str = "", style: Option[str] = "plain") -> Any:
    """Print one line whenever a new value comes through, and pass the value on.

    It prints when something pulls the value and it is a new one; it does not make anything be computed again. So
    putting it into a wire changes nothing but what is printed.

    Args:
        label: Stands before the value.
        style: How values become text: `plain`, or `dotnet`, which writes `True` and `1E+20`.

    Example:
        >>> from nodeflow.testing import try_node
        >>> tried = try_node(print_value, value=3, label="sum")
        >>> tried.printed, tried.result
        (['sum: 3'], 3)
    """
    ctx.feedback(line_of(value, label, style), "print", value)
    return value


@exec_node("debug.assert")
def assert_(condition: bool = True, message: str = "Assertion failed") -> None:
    """Fail with a message unless `condition` holds; a `try` around it catches `FlowFailure`.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(assert_, condition=False, message="the list is empty")
        Traceback (most recent call last):
        nodeflow.errors.FlowFailure: the list is empty
    """
    if not condition:
        raise FlowFailure(message or "Assertion failed")


@exec_node("debug.consume")
def consume(value: Any = None) -> None:
    """Pull a value, do nothing with it and go on: for values whose coming has an effect.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(consume, value=1).exits
        ['exit']
    """


@exec_node("debug.breakpoint")
def breakpoint(ctx: NodeContext, label: str = "Breakpoint hit") -> None:
    """Tell observers that it was reached, at the level `breakpoint`, and go on.

    It does not pause the run by itself; an observer that is told may do that.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(breakpoint, label="before paying").told
        [('breakpoint', 'before paying')]
    """
    ctx.feedback(label, "breakpoint")


class Inspected(NamedTuple):
    """What a value is."""

    type: str
    size: int | None
    short: str


@data_node("debug.inspect")
def inspect(value: Any = None) -> Inspected:
    """What kind of value it is, how large, and what it looks like in short.

    Args:
        type: `none`, `bool`, `int`, `float`, `text`, `list`, `dict`, `bytes`, or the name of its class.
        size: How many characters, items or entries it has; none if it is no such thing.
        short: What it looks like, in at most 80 characters.

    Example:
        >>> inspect(["a", "b"])
        Inspected(type='list', size=2, short="['a', 'b']")
        >>> inspect(2.5)
        Inspected(type='float', size=None, short='2.5')
    """
    name = _NAMES.get(type(value), type(value).__name__)
    return Inspected(name, len(value) if isinstance(value, _SIZED) else None, short(value))
