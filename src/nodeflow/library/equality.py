"""Whether two values are the same: for `logic.equal`, and for whatever looks for a value among others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from nodeflow.values import short


def same(a: Any, b: Any) -> bool:
    """Whether both are the same, however deep they are.

    Numbers are compared by value; a truth value never equals a number, and NaN equals nothing. Lists, tuples and dicts
    are the same if all that is in them is, or if they are one and the same object.

    >>> same(1, 1.0), same(1, True), same([1, {"a": [True]}], [1, {"a": [1]}]), same((1,), [1])
    (True, False, False, False)

    Raises:
        ValueError: Two objects of the host are nested too deeply to be compared.
    """
    if not (isinstance(a, _HOLDERS) and isinstance(b, _HOLDERS)):
        return _same_leaf(a, b)
    # A work list, as values may be deeper than Python's stack. A pair of containers that was met before needs no second
    # look: in a list that holds one list a million times, and that list another one, this ends.
    met: set[tuple[int, int]] = set()
    todo: list[tuple[Any, Any]] = [(a, b)]
    while todo:
        left, right = todo.pop()
        if not (isinstance(left, _HOLDERS) and isinstance(right, _HOLDERS)):
            if not _same_leaf(left, right):
                return False
            continue
        if left is right or (pair := (id(left), id(right))) in met:
            continue
        met.add(pair)
        if len(left) != len(right) or not _same_kind(left, right):
            return False
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            todo.extend((item, right[key]) for key, item in left.items())
        else:
            todo.extend(zip(left, right, strict=True))
    return True


_HOLDERS: Final = (list, tuple, dict)


def first_difference(a: Any, b: Any) -> tuple[Any, Any] | None:
    """The first items in which two lists or tuples differ, at any depth, or else their lengths; it decides their order.

    >>> first_difference([1, [2, 3]], [1, [2, 4]]), first_difference([1], [1, 2]), first_difference([1], [1.0])
    ((3, 4), (1, 2), None)
    """
    met: set[tuple[int, int]] = set()
    inside: list[Iterator[tuple[Any, Any]]] = [iter([(a, b)])]
    while inside:
        pair = next(inside[-1], None)
        if pair is None:
            inside.pop()
            continue
        left, right = pair
        if not (isinstance(left, (list, tuple)) and _same_kind(left, right)):
            if not same(left, right):
                return left, right
        elif left is not right and (ids := (id(left), id(right))) not in met:
            met.add(ids)
            inside.append(chain(zip(left, right, strict=False), [(len(left), len(right))]))
    return None


def _same_kind(a: Any, b: Any) -> bool:
    return any(isinstance(a, kind) and isinstance(b, kind) for kind in _HOLDERS)


def _same_leaf(a: Any, b: Any) -> bool:
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    try:
        return bool(a == b)
    except RecursionError:
        raise ValueError(f"{short(a)} is nested too deeply to be compared") from None
