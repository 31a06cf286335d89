"""Variables: declared on a workflow (`local`, `shared`) or on the document (`process`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from nodeflow.node import NodeContext, Option, Out, VariableName, data_node, exec_node
from nodeflow.values import short


class Value(NamedTuple):
    """The output of `variables.get`."""

    value: Any


@data_node("variables.get", reads="name")
def get(ctx: NodeContext, name: VariableName) -> Value:
    """The value of a variable."""
    return Value(ctx.variables.get(name))


@exec_node("variables.set")
def set_(ctx: NodeContext, name: VariableName, value: Any) -> None:
    """Set a variable."""
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

    Args:
        op: `add`, `subtract`, `multiply`, `min`, `max`, `append`, `extend`, `merge`, `and`, `or` or `set`.
    """
    operation = OPERATIONS.get(op)
    if operation is None:
        raise ValueError(f"`op` must be one of {', '.join(OPERATIONS)}, not {short(op)}")
    value_.set(ctx.variables.update(name, lambda old: operation(old, value)))
