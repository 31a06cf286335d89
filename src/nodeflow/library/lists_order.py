"""Lists in order, and lists as sets: sorting, repetitions, what two lists have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, Final

from nodeflow.library.keys import Keys
from nodeflow.library.lists_making import EMPTY, Items
from nodeflow.node import Option, data_node
from nodeflow.values import short

_ORDERED: Final = (
    (bool, "a truth value"), (int, "a number"), (float, "a number"), (str, "a text"), (bytes, "bytes"),
    (datetime, "a date and time"), (date, "a date"), (list, "a list"), (tuple, "a list"),
)  # fmt: skip
"""What has an order among its own kind, the narrower class first."""


def _kind(value: Any) -> str:
    return next((kind for cls, kind in _ORDERED if isinstance(value, cls)), type(value).__name__)


def in_sorted_order(items: Items, descending: bool, value_of: Callable[[Any], Any]) -> Items:
    """The items sorted by what `value_of` makes of them: none first, then NaN, then the rest; stable.

    Raises:
        TypeError: Values of two kinds, or of one that has no order; names them.
    """
    nothing, not_numbers, others = [], [], []
    first: tuple[str, Any] | None = None
    kinds: dict[type, str] = {}
    for item in items:
        value = value_of(item)
        if value is None:
            nothing.append(item)
            continue
        kind = kinds.get(type(value)) or kinds.setdefault(type(value), _kind(value))
        if first is None:
            first = kind, value
        elif kind != first[0]:
            raise TypeError(f"{short(first[1])} and {short(value)} have no order: {first[0]} and {kind}")
        if isinstance(value, float) and math.isnan(value):
            not_numbers.append(item)
        else:
            others.append((value, item))
    try:
        others.sort(key=lambda pair: pair[0], reverse=descending)
    except (TypeError, RecursionError) as error:
        why = "they are nested too deeply" if isinstance(error, RecursionError) else str(error)
        kind = first[0] if first else ""
        raise TypeError(f"the items have no order: {why} (each is {kind})") from None
    in_order = [item for _, item in others]
    return [*in_order, *not_numbers, *nothing] if descending else [*nothing, *not_numbers, *in_order]


@data_node("lists.sort")
def sort(list: Items = EMPTY, descending: Option[bool] = False) -> Items:
    """The items in order: none first, then NaN, then numbers, or texts by code points, or dates, or lists.

    Equal items stay in the order in which they are. Fails with `TypeError` for items of two kinds, and for such as
    have no order; a truth value is no number.

    Args:
        descending: The largest first; none last.

    >>> sort([3, 1.5, None, 2]), sort(["b", "a", "B"], descending=True)
    ([None, 1.5, 2, 3], ['b', 'a', 'B'])
    >>> sort([1, "a"])
    Traceback (most recent call last):
    TypeError: 1 and 'a' have no order: a number and a text
    """
    return in_sorted_order(list, descending, lambda item: item)


def _distinct(items: Iterable[Any], keys: Keys | None = None) -> dict[Any, Any]:
    """The items without repetitions, by their keys."""
    key_of = (keys or Keys()).of
    first: dict[Any, Any] = {}
    for item in items:
        first.setdefault(key_of(item), item)
    return first


@data_node("lists.distinct")
def distinct(list: Items = EMPTY) -> Items:
    """The items without repetitions, each where it stands first.

    >>> distinct([2, 1, 2.0, True, [1], [1]])
    [2, 1, True, [1]]
    """
    return [*_distinct(list).values()]


@data_node("lists.union")
def union(a: Items = EMPTY, b: Items = EMPTY) -> Items:
    """What is in `a` or in `b`, without repetitions, in the order of first appearance.

    >>> union([1, 2], [2, 3])
    [1, 2, 3]
    """
    return [*_distinct([*a, *b]).values()]


@data_node("lists.intersection")
def intersection(a: Items = EMPTY, b: Items = EMPTY) -> Items:
    """What is in `a` and in `b`, without repetitions, in the order of `a`.

    >>> intersection([3, 2, 1, 2], [1, 2])
    [2, 1]
    """
    keys = Keys()
    others = _distinct(b, keys)
    return [item for key, item in _distinct(a, keys).items() if key in others]


@data_node("lists.difference")
def difference(a: Items = EMPTY, b: Items = EMPTY) -> Items:
    """What is in `a` and not in `b`, without repetitions, in the order of `a`.

    >>> difference([3, 2, 1, 3], [2])
    [3, 1]
    """
    keys = Keys()
    others = _distinct(b, keys)
    return [item for key, item in _distinct(a, keys).items() if key not in others]
