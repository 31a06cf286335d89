"""A key for each value, by which sets and dicts find it again: for lists without repetitions, in time and space.

Two keys are equal exactly if `equality.same` holds for their values, with one exception: NaN has a key like any other
value, so that it can be found in a list, removed from it, and stands only once in a list without repetitions.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from types import NoneType
from typing import Any, Final, cast

import attrs

from nodeflow.values import short

MANY: Final = 10_000_000
"""The most items and keys in a value that has a key."""

_TRUE: Final = object()
_FALSE: Final = object()
_NAN: Final = object()
_LIST: Final = object()
_TUPLE: Final = object()
_DICT: Final = object()
_LARGE: Final = object()
_PLAIN: Final = frozenset({NoneType, str, bytes})
_HASHED_BY_VALUE: Final = 2**60


def alike(a: Any, b: Any) -> bool:
    """Whether two values have one key.

    >>> alike([1, {"a": None}], [1.0, {"a": None}]), alike([1], [True]), alike(float("nan"), float("nan"))
    (True, False, True)
    """
    return a is b or key_of(a) == key_of(b)


def key_of(value: Any) -> Hashable:
    """What can be put into a set in place of the value.

    Containers become one flat tuple, whatever their depth: Python hashes and compares nested tuples by
    recursion in C, which ends the process where it is too deep.
    """
    if not isinstance(value, (list, tuple, dict)) and not _has_fields(type(value)):
        return _leaf(value)
    tokens: list[Hashable] = []
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, (list, tuple)):
            tokens += (_LIST if isinstance(item, list) else _TUPLE, len(item))
            todo.extend(item)
        elif isinstance(item, dict):
            names = _in_order(item)
            tokens += (_DICT, len(item), *map(_leaf, names))
            todo.extend(item[name] for name in names)
        elif _has_fields(type(item)):
            tokens.append(cast(Hashable, type(item)))
            todo.extend(getattr(item, field.name, None) for field in attrs.fields(type(item)) if field.eq)
        else:
            tokens.append(_leaf(item))
        if len(tokens) > MANY:
            raise ValueError(f"{short(value)} has too much in it to be compared; at most {MANY} items and keys")
    return tuple(tokens)


def _has_fields(cls: type) -> bool:
    """Whether instances are equal if their fields are: attrs classes, unless they say otherwise."""
    return cls not in _PLAIN and attrs.has(cls) and cls.__eq__ is not object.__eq__


def _in_order(names: dict[Any, Any]) -> list[Any]:
    try:
        return sorted(names)
    except TypeError:  # keys that are no texts come only from a host's own values
        return sorted(names, key=lambda name: (type(name).__name__, short(name)))


def _leaf(value: Any) -> Hashable:
    if type(value) in _PLAIN:
        return value  # type: ignore[no-any-return]
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    if isinstance(value, float):
        if math.isnan(value):
            return _NAN
        if not math.isfinite(value) or abs(value) < _HASHED_BY_VALUE:
            return value
        value = int(value)  # from there on all floats are whole
    if isinstance(value, int):
        # The hashes of large ints are their remainders: a stranger can have thousands that collide.
        large = abs(value) >= _HASHED_BY_VALUE
        return (_LARGE, value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)) if large else value
    if isinstance(value, (set, frozenset)):
        return frozenset(map(_leaf, value))
    try:
        hash(value)
    except TypeError:
        return _Unhashable(value)
    return value  # type: ignore[no-any-return]


class _Unhashable:
    """A value of a foreign class that has no hash: compared with all others of its class."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return hash(type(self.value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unhashable) and bool(self.value == other.value)
