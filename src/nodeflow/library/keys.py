"""A key for each value, by which sets and dicts find it again: for lists without repetitions, in time and space.

Two keys of one `Keys` are equal exactly if `equality.same` holds for their values, with one exception: NaN has a key
like any other value, so that it can be found in a list, removed from it, and stands only once in a list without
repetitions.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from types import NoneType
from typing import Any, Final

import attrs

from nodeflow.values import short

_TRUE: Final = object()
_FALSE: Final = object()
_NAN: Final = object()
_LARGE: Final = object()
_HOLDER: Final = object()
_PLAIN: Final = frozenset({NoneType, str, bytes})
_HASHED_BY_VALUE: Final = 2**60


def alike(a: Any, b: Any) -> bool:
    """Whether two values have one key.

    >>> alike([1, {"a": None}], [1.0, {"a": None}]), alike([1], [True]), alike(float("nan"), float("nan"))
    (True, False, True)
    """
    keys = Keys()
    return a is b or keys.of(a) == keys.of(b)


class Keys:
    """Gives keys. Those of containers are numbers, which they get by what is in them, once for each object.

    So a list that holds one list a million times, and that list another one, takes no longer than it took to build;
    and no key is deep: Python hashes and compares nested tuples by recursion in C, which ends the process.
    """

    __slots__ = ("_held", "_keys", "_numbers")

    def __init__(self) -> None:
        self._keys: dict[int, Hashable] = {}
        self._held: list[Any] = []  # an id is somebody else's as soon as its object is gone
        self._numbers: dict[Hashable, int] = {}

    def of(self, value: Any) -> Hashable:
        """What can be put into a set in place of the value.

        Raises:
            ValueError: The value is in itself.
        """
        if type(value) in _PLAIN:
            return value  # type: ignore[no-any-return]
        if not _holds(value):
            return _leaf(value)
        inside: set[int] = set()
        todo = [value]
        while todo:
            holder = todo[-1]
            if id(holder) in self._keys:
                todo.pop()
                continue
            mark, parts = _parts(holder)
            waiting = [part for part in parts if _holds(part) and id(part) not in self._keys]
            if not waiting:
                inside.discard(id(holder))
                self._number(holder, (mark, *self._of_parts(parts)))
            elif any(id(part) in inside for part in waiting):
                raise ValueError("a value that is in itself cannot be compared")
            else:
                inside.add(id(holder))
                todo += waiting
        return self._keys[id(value)]

    def _of_parts(self, parts: list[Any]) -> Iterable[Hashable]:
        kinds = set(map(type, parts))
        if kinds <= _PLAIN or (kinds == {int} and min(parts) > -_HASHED_BY_VALUE and max(parts) < _HASHED_BY_VALUE):
            return parts
        return [self._keys[id(part)] if _holds(part) else _leaf(part) for part in parts]

    def _number(self, holder: Any, parts: Hashable) -> None:
        self._keys[id(holder)] = (_HOLDER, self._numbers.setdefault(parts, len(self._numbers)))
        self._held.append(holder)


def _holds(value: Any) -> bool:
    cls = type(value)
    return cls not in _LEAVES and (isinstance(value, (list, tuple, dict)) or _has_fields(cls))


def _parts(holder: Any) -> tuple[Hashable, list[Any]]:
    """What kind of container it is, with its keys, and what is in it."""
    if isinstance(holder, list):
        return "list", holder
    if isinstance(holder, tuple):
        return "tuple", [*holder]
    if isinstance(holder, dict):
        names = _in_order(holder)
        return ("dict", *map(_leaf, names)), [holder[name] for name in names]
    cls: Any = type(holder)
    return ("fields", cls), [getattr(holder, field.name, None) for field in attrs.fields(cls) if field.eq]


def _has_fields(cls: type) -> bool:
    """Whether instances are equal if their fields are: attrs classes, unless they say otherwise."""
    return attrs.has(cls) and cls.__eq__ is not object.__eq__


_LEAVES: Final = _PLAIN | {int, float, bool}


def _in_order(names: dict[Any, Any]) -> list[Any]:
    try:
        return sorted(names)
    except TypeError:  # keys that are no texts come only from a host's own values
        return sorted(names, key=lambda name: (type(name).__name__, short(name)))


def _leaf(value: Any) -> Hashable:
    if type(value) in _PLAIN or (type(value) is int and -_HASHED_BY_VALUE < value < _HASHED_BY_VALUE):
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
