"""Lists of dicts, or of objects with fields: one key of each, those that have a value, groups, order.

What stands under a key of a dict is also found in the field of that name of an attrs object.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from nodeflow.library.inputs import check_choice, key_text
from nodeflow.library.keys import Keys
from nodeflow.library.lists_making import EMPTY, Items
from nodeflow.library.lists_order import in_sorted_order
from nodeflow.node import Option, data_node
from nodeflow.values import short

_MISSING: Final = object()


def _look(item: Any, key: str) -> Any:
    """What an item has under a key, or `_MISSING`."""
    if isinstance(item, dict):
        return item.get(key, _MISSING)
    if attrs.has(type(item)):
        known = any(field.name == key for field in attrs.fields(type(item)))
        return getattr(item, key, _MISSING) if known else _MISSING
    raise TypeError(f"an item has no keys: {short(item)}")


def _read(item: Any, key: str, missing: str) -> Any:
    check_choice("missing", missing, "error", "none")
    found = _look(item, key)
    if found is not _MISSING:
        return found
    if missing == "none":
        return None
    raise LookupError(f"an item has no key {short(key)}: {short(item)}")


@data_node("lists.pluck")
def pluck(list: Items = EMPTY, key: str = "", missing: Option[str] = "error") -> Items:
    """What each item has under `key`. Fails with `LookupError` if one has no such key.

    Args:
        missing: What an item without the key gives: `error` or `none`.

    >>> pluck([{"name": "Ada"}, {"name": "Grace"}], "name")
    ['Ada', 'Grace']
    """
    return [_read(item, key, missing) for item in list]


@data_node("lists.where")
def where(list: Items = EMPTY, key: str = "", value: Any = None) -> Items:
    """The items whose `key` equals `value`; one without the key is left out.

    >>> where([{"n": 1, "x": "a"}, {"n": 2}, {}], "n", 1)
    [{'n': 1, 'x': 'a'}]
    """
    keys = Keys()
    wanted = keys.of(value)
    return [item for item in list if (found := _look(item, key)) is not _MISSING and keys.of(found) == wanted]


@data_node("lists.sort_by")
def sort_by(
    list: Items = EMPTY, key: str = "", descending: Option[bool] = False, missing: Option[str] = "error"
) -> Items:
    """The items in the order of what they have under `key`, as `lists.sort` orders it; equal ones stay as they are.

    Fails with `LookupError` if one has no such key, with `TypeError` if there are values of two kinds.

    Args:
        descending: The largest first; none last.
        missing: What an item without the key counts as: `error` or `none`, which comes first.

    >>> sort_by([{"n": 2}, {"n": 1}], "n")
    [{'n': 1}, {'n': 2}]
    """
    return in_sorted_order(list, descending, lambda item: _read(item, key, missing))


@data_node("lists.group_by")
def group_by(list: Items = EMPTY, key: str = "", missing: Option[str] = "error") -> dict[str, list[Any]]:
    """A dict of lists: the items that have the same under `key`, under that as text.

    Fails with `LookupError` if one has no such key, with `TypeError` if it has a list or dict there.

    Args:
        missing: What becomes of an item without the key, or with none there: `error`, or `skip`.

    >>> group_by([{"n": 1, "x": "a"}, {"n": 2}, {"n": 1}], "n")
    {'1': [{'n': 1, 'x': 'a'}, {'n': 1}], '2': [{'n': 2}]}
    """
    check_choice("missing", missing, "error", "skip")
    groups: dict[str, Items] = {}
    for item in list:
        found = _read(item, key, "none" if missing == "skip" else "error")
        if found is not None or missing == "error":
            groups.setdefault(key_text(found), []).append(item)
    return groups


@data_node("lists.index_by")
def index_by(
    list: Items = EMPTY, key: str = "", missing: Option[str] = "error", twice: Option[str] = "error"
) -> dict[str, Any]:
    """A dict of the items, each under what it has under `key`, as text.

    Fails with `LookupError` if one has no such key, with `ValueError` if two have the same there.

    Args:
        missing: What becomes of an item without the key, or with none there: `error`, or `skip`.
        twice: What becomes of two items with the same key: `error`, or the `first` or the `last` stays.

    >>> index_by([{"id": 7, "name": "Ada"}], "id")
    {'7': {'id': 7, 'name': 'Ada'}}
    """
    check_choice("twice", twice, "error", "first", "last")
    found: dict[str, Any] = {}
    for name, items in group_by(list, key, missing).items():
        if len(items) > 1 and twice == "error":
            raise ValueError(f"{len(items)} items have {short(name)} under {short(key)}")
        found[name] = items[-1 if twice == "last" else 0]
    return found
