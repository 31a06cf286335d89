"""Variables: declared on a workflow (`local`, `shared`) or on the document (`process`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from nodeflow.node import NodeContext, Option, Out, VariableName, data_node, exec_node
from nodeflow.values import short

Number = int | float


class Value(NamedTuple):
    """The output of `variables.get`."""

    value: Any


@data_node("variables.get", reads="name")
def get(ctx: NodeContext, name: VariableName) -> Value:
    """The value of a variable.

    Args:
        name: Which variable.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(get, name="n", variables={"n": 7}).outputs
        {'value': 7}
    """
    return Value(ctx.variables.get(name))


@exec_node("variables.set")
def set_(ctx: NodeContext, name: VariableName, value: Any) -> None:
    """Set a variable. Fails with `SocketTypeError` if the value does not fit the type that is declared.

    Args:
        name: Which variable.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(set_, name="n", value=8, variables={"n": 7}).run.variables
        {'n': 8}
    """
    ctx.variables.set(name, value)


OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": lambda old, new: new if old is None else old + new,
    "subtract": lambda old, new: (0 if old is None else old) - new,
    "multiply": lambda old, new: new if old is None else old * new,
    "min": lambda old, new: new if old is None else min(old, new),
    "max": lambda old, new: new if old is None else max(old, new),
    "append": lambda old, new: [*(old or ()), new],
    "extend": lambda old, new: [*(old or ()), *new],
    "merge": lambda old, new: {**(old or {}), **new},
    "and": lambda old, new: bool(old) and bool(new),
    "or": lambda old, new: bool(old) or bool(new),
    "set": lambda old, new: new,
}
"""What `variables.update` can do: old value and given value -> new value. A variable that is None is empty."""


@exec_node("variables.update")
def update(ctx: NodeContext, name: VariableName, value: Any, op: Option[str] = "add", *, value_: Out[Any]) -> None:
    """Change a variable at once for everyone, and give its new value.

    Fails with `TypeError` if the operation does not fit what the variable holds.

    Args:
        name: Which variable.
        value: What is added, appended and so on.
        op: `add`, `subtract`, `multiply`, `min`, `max`, `append`, `extend`, `merge`, `and`, `or` or `set`.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(update, name="seen", value="b", op="append", variables={"seen": ["a"]}).run.variables
        {'seen': ['a', 'b']}
    """
    operation = OPERATIONS.get(op)
    if operation is None:
        raise ValueError(f"`op` must be one of {', '.join(OPERATIONS)}, not {short(op)}")
    value_.set(ctx.variables.update(name, lambda old: operation(old, value)))


@exec_node("variables.increment")
def increment(
    ctx: NodeContext, name: VariableName, step: Number = 1, whole: Option[bool] = False, *, value: Out[Number]
) -> None:
    """Add to a variable at once for everyone, and give its new value. A variable that is None counts as 0.

    Fails with `TypeError` if the variable is no number.

    Args:
        name: Which variable.
        step: What is added; it may be negative.
        whole: The variable is counted in whole numbers: a fraction is dropped, and what is no number counts as 0.
        value: What the variable is now.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(increment, name="n", variables={"n": 7}).outputs
        {'value': 8}
    """

    def add(old: Any) -> Number:
        if isinstance(old, int | float) and not isinstance(old, bool):
            if not whole:
                return old + step
            return (int(old) if math.isfinite(old) else 0) + step
        if old is None or whole:
            return step
        raise TypeError(f"variable {name!r} is no number but {short(old)}")

    value.set(ctx.variables.update(name, add))
