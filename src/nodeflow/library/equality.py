"""Whether two values are the same: for `logic.equal`, and for whatever looks for a value among others."""

from __future__ import annotations

from typing import Any

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
        if isinstance(left, dict):
            if left.keys() != right.keys():
                return False
            todo.extend((item, right[key]) for key, item in left.items())
        else:
            todo.extend(zip(left, right, strict=True))
    return True


_HOLDERS = (list, tuple, dict)


def _same_kind(a: Any, b: Any) -> bool:
    return any(isinstance(a, kind) and isinstance(b, kind) for kind in _HOLDERS)


def _same_leaf(a: Any, b: Any) -> bool:
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    try:
        return bool(a == b)
    except RecursionError:
        raise ValueError(f"{short(a)} is nested too deeply to be compared") from None
