"""Making a value fit a type: as a wire does, as a file means it, as a `convert` node is told to.

A value that fits its type is passed on untouched, as the very object that was written. One that does not is
converted if the table has a way for it, and else refused.
"""

from __future__ import annotations

from typing import Any

from nodeflow.errors import ConversionError
from nodeflow.values.messages import short
from nodeflow.values.table import BY_NODES, IN_FILES, ON_WIRES, Ways, kind_of, misfit
from nodeflow.values.types import BUILT_IN, NONE, SocketType


def convert(value: Any, target: SocketType) -> Any:
    """The value as one of `target`, as a wire makes it; the same as `target.adapt(value)`.

    >>> from nodeflow.values import INT
    >>> convert("3", INT)
    Traceback (most recent call last):
    nodeflow.errors.ConversionError: '3' does not fit int: a wire never parses text
    """
    return _adapt(value, target, ON_WIRES)


def from_json(data: Any, target: SocketType) -> Any:
    """The value that a literal or an input in a file means: as `convert`, and the reverse of `to_json`.

    >>> from nodeflow.values import DATETIME, DURATION
    >>> from_json("2026-02-28T12:00:00", DATETIME)
    datetime.datetime(2026, 2, 28, 12, 0)
    >>> from_json("PT1M30S", DURATION) == from_json(90, DURATION)
    True
    """
    return _adapt(data, target, IN_FILES)


def coerce(value: Any, target: SocketType) -> Any:
    """The value as one of `target`, as a `convert` node makes it: it parses text, and cuts off what does not fit.

    >>> from nodeflow.values import DATE, INT
    >>> coerce("12", INT), coerce(2.9, INT), coerce("2026-02-28", DATE)
    (12, 2, datetime.date(2026, 2, 28))
    >>> coerce("twelve", INT)
    Traceback (most recent call last):
    nodeflow.errors.ConversionError: 'twelve' does not fit int: it is not a whole number
    """
    return _adapt(value, target, BY_NODES)


def _adapt(value: Any, target: SocketType, ways: Ways) -> Any:
    if target.accepts(value):
        return value
    if target.members:
        return _adapt_to_one_of(value, target, ways)
    if target.inner is not None:
        return _adapt_items(value, target, target.inner, ways)
    way = ways.get((kind_of(type(value)), target.kind))
    if way is None:
        raise misfit(value, target)
    return way(value, target)


def _adapt_to_one_of(value: Any, target: SocketType, ways: Ways) -> Any:
    why = []
    for member in target.members:
        try:
            return _adapt(value, member, ways)
        except ConversionError as error:
            why.append(str(error))
    # Of `T | none` it helps to know what is wrong with it as a T; of others it would be a list.
    raise misfit(value, target, why[0] if len(why) == 2 and NONE in target.members else "")


def _adapt_items(value: Any, target: SocketType, inner: SocketType, ways: Ways) -> Any:
    try:
        holder = _adapt(value, BUILT_IN[target.kind], ways)
    except ConversionError:
        raise misfit(value, target) from None
    fresh: dict[Any, Any] = {}
    for key, item in holder.items() if target.kind == "dict" else enumerate(holder):
        if target.kind == "dict" and not isinstance(key, str):
            raise misfit(value, target, f"key {short(key)} is not text")
        try:
            fresh[key] = _adapt(item, inner, ways)
        except ConversionError as error:
            raise misfit(value, target, f"at {short(key)}: {error}") from None
    if target.kind == "dict":
        return fresh
    if target.accepts(holder):  # only the container had to be converted: it is new already
        return holder
    return tuple(fresh.values()) if target.kind == "tuple" else list(fresh.values())
