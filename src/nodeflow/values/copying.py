"""Copying and measuring values."""

from __future__ import annotations

import copy
from pathlib import PurePath
from typing import Any

from nodeflow.values.plain import parts_of


def copy_value(value: Any) -> Any:
    """A copy of lists, dicts and tuples; other values in them are shared. For what enters and leaves a run.

    >>> mine = {"rows": [[1], [2]]}
    >>> copy_value(mine) == mine, copy_value(mine)["rows"][0] is mine["rows"][0]
    (True, False)
    """
    if not isinstance(value, (list, dict, tuple)):
        return value
    root = [value]
    copies: dict[int, Any] = {}  # a list that is there twice, or in itself, is so in the copy
    tuples: list[tuple[Any, Any, type, list[Any]]] = []
    todo: list[tuple[Any, Any, Any]] = [(root, 0, value)]
    while todo:
        holder, key, item = todo.pop()
        fresh = copies.get(id(item))
        if fresh is None:
            if isinstance(item, tuple):
                fresh = list(item)
                tuples.append((holder, key, type(item), fresh))
            else:
                fresh = copies[id(item)] = copy.copy(item)
            pairs = item.items() if isinstance(item, dict) else enumerate(item)
            todo.extend((fresh, name, part) for name, part in pairs if isinstance(part, (list, dict, tuple)))
        holder[key] = fresh
    for holder, key, cls, items in reversed(tuples):  # inner ones before those that they are in
        holder[key] = cls._make(items) if hasattr(cls, "_make") else cls(items)
    return root[0]


def size_of(value: Any, limit: int) -> int:
    """Roughly how many bytes the value takes, written out; stops counting once it is above the limit.

    What is there twice counts twice, as it does when it is written out.

    >>> size_of([1, 2, 3], 1000), size_of("x" * 5000, 1000) > 1000
    (56, True)
    """
    total = 0
    todo = [value]
    while todo and total <= limit:
        item = todo.pop()
        total += _weight(item)
        parts = parts_of(item) if total <= limit else None  # not even looked at if its length is too much
        if isinstance(parts, dict):
            todo.extend(parts.values())
            todo.extend(parts)
        elif parts is not None:
            todo.extend(parts)
    return total


def _weight(value: Any) -> int:
    """A word, and one for each slot."""
    if isinstance(value, str):
        return 8 + len(value) * (1 if value.isascii() else 4)
    if isinstance(value, int):
        return 8 + value.bit_length() // 64 * 8
    if isinstance(value, (bytes, bytearray)):
        return 8 + len(value)
    if isinstance(value, PurePath):
        return 8 + len(str(value))
    return 8 + 8 * len(value) if isinstance(value, (list, dict, tuple, set, frozenset)) else 8
