"""Lists: what is in them, one item more or less, parts of them. No node changes a list; each builds a new one.

Items are the same if they are equal: `1` and `1.0` are, `1` and `true` are not, and NaN is the same as NaN.
A negative index counts from the end, unless option `negative` is `outside`. The other modules of the category are
`lists_making`, `lists_order`, `lists_numbers` and `lists_of_dicts`; their nodes are found here too.
"""

from __future__ import annotations

import builtins
from typing import Any, NamedTuple

from nodeflow.library.inputs import check_choice
from nodeflow.library.keys import Keys
from nodeflow.library.lists_making import EMPTY, Items, chunk, concat, flatten, make, range, repeat, zip
from nodeflow.library.lists_numbers import average, max, median, min, sum
from nodeflow.library.lists_of_dicts import group_by, index_by, pluck, sort_by, where
from nodeflow.library.lists_order import difference, distinct, intersection, sort, union
from nodeflow.node import Option, data_node
from nodeflow.values import short, to_text

__all__ = [
    "append",
    "average",
    "chunk",
    "compact",
    "concat",
    "contains",
    "count",
    "difference",
    "distinct",
    "first",
    "flatten",
    "get",
    "group_by",
    "index_by",
    "index_of",
    "insert",
    "intersection",
    "is_empty",
    "last",
    "length",
    "make",
    "max",
    "median",
    "min",
    "pluck",
    "prepend",
    "range",
    "remove",
    "remove_at",
    "repeat",
    "reverse",
    "set",
    "slice",
    "sort",
    "sort_by",
    "sum",
    "to_texts",
    "union",
    "where",
    "zip",
]


class Found(NamedTuple):
    """An item, and whether there is one."""

    result: Any
    found: bool


class Removed(NamedTuple):
    """What is left, and whether something was removed."""

    result: Items
    removed: bool


def _place(size: int, index: int, negative: str) -> int | None:
    """Where an index points to in a list of this size; None: outside."""
    check_choice("negative", negative, "from_end", "outside")
    if index < 0 and negative == "from_end":
        index += size
    return index if 0 <= index < size else None


def _outside(list: Items, index: int) -> IndexError:
    return IndexError(f"index {short(index)} is outside of a list of {len(list)} items")


# --- looking ------------------------------------------------------------------------------------------


@data_node("lists.length")
def length(list: Items = EMPTY) -> int:
    """How many items there are.

    >>> length(["a", "b"])
    2
    """
    return len(list)


@data_node("lists.is_empty")
def is_empty(list: Items = EMPTY) -> bool:
    """Whether there is no item.

    >>> is_empty([]), is_empty([None])
    (True, False)
    """
    return not list


@data_node("lists.get")
def get(list: Items = EMPTY, index: int = 0, outside: Option[str] = "error", negative: Option[str] = "from_end") -> Any:
    """The item at `index`, from 0. Fails with `IndexError` outside of the list.

    Args:
        outside: What an index outside of the list gives: `error`, or `none`.
        negative: A negative index counts `from_end` (-1 is the last), or is `outside`.

    >>> get(["a", "b"], 1), get(["a", "b"], -2), get(["a", "b"], 2, outside="none")
    ('b', 'a', None)
    """
    check_choice("outside", outside, "error", "none")
    place = _place(len(list), index, negative)
    if place is None and outside == "error":
        raise _outside(list, index)
    return None if place is None else list[place]


@data_node("lists.first")
def first(list: Items = EMPTY) -> Found:
    """The first item, and whether there is one.

    Args:
        result: The item; none if there is none.

    >>> first(["a", "b"]), first([])
    (Found(result='a', found=True), Found(result=None, found=False))
    """
    return Found(list[0], True) if list else Found(None, False)


@data_node("lists.last")
def last(list: Items = EMPTY) -> Found:
    """The last item, and whether there is one.

    Args:
        result: The item; none if there is none.

    >>> last(["a", "b"])
    Found(result='b', found=True)
    """
    return Found(list[-1], True) if list else Found(None, False)


def _find(items: Items, wanted: Any) -> int:
    """The index of the first item that is the same, or -1."""
    keys = Keys()
    key = keys.of(wanted)
    return next((index for index, item in enumerate(items) if item is wanted or keys.of(item) == key), -1)


@data_node("lists.contains")
def contains(list: Items = EMPTY, item: Any = None) -> bool:
    """Whether an item equals `item`.

    >>> contains([1, [2]], [2]), contains([1], True)
    (True, False)
    """
    return _find(list, item) >= 0


@data_node("lists.index_of")
def index_of(list: Items = EMPTY, item: Any = None) -> int:
    """The index of the first item that equals `item`, from 0; -1 if there is none.

    >>> index_of(["a", "b", "a"], "a"), index_of([], "a")
    (0, -1)
    """
    return _find(list, item)


@data_node("lists.count")
def count(list: Items = EMPTY, item: Any = None) -> int:
    """How many items equal `item`.

    >>> count([1, 1.0, True, "1"], 1)
    2
    """
    keys = Keys()
    key = keys.of(item)
    return builtins.sum(keys.of(each) == key for each in list)


# --- one item more or less ----------------------------------------------------------------------------


@data_node("lists.append")
def append(list: Items = EMPTY, item: Any = None) -> Items:
    """The list with one more item at the end.

    >>> append([1], 2)
    [1, 2]
    """
    return [*list, item]


@data_node("lists.prepend")
def prepend(list: Items = EMPTY, item: Any = None) -> Items:
    """The list with one more item before the first.

    >>> prepend([1], 2)
    [2, 1]
    """
    return [item, *list]


@data_node("lists.insert")
def insert(
    list: Items = EMPTY,
    index: int = 0,
    item: Any = None,
    outside: Option[str] = "error",
    negative: Option[str] = "from_end",
) -> Items:
    """The list with one more item before the one at `index`, or at the end. Fails with `IndexError` outside.

    Args:
        index: From 0 to the length of the list.
        outside: What an index outside does: `error`, or `keep` the list as it is.
        negative: A negative index counts `from_end` (-1: before the last), or is `outside`.

    >>> insert([1, 3], 1, 2), insert([1], 1, 2), insert([1], 5, 2, outside="keep")
    ([1, 2, 3], [1, 2], [1])
    """
    check_choice("outside", outside, "error", "keep")
    place = len(list) if index == len(list) else _place(len(list), index, negative)
    if place is None:
        if outside == "error":
            raise _outside(list, index)
        return list
    return [*list[:place], item, *list[place:]]


@data_node("lists.set")
def set(
    list: Items = EMPTY,
    index: int = 0,
    item: Any = None,
    outside: Option[str] = "error",
    negative: Option[str] = "from_end",
) -> Items:
    """The list with another item at `index`. Fails with `IndexError` outside of the list.

    Args:
        outside: What an index outside does: `error`, or `keep` the list as it is.
        negative: A negative index counts `from_end` (-1 is the last), or is `outside`.

    >>> set(["a", "b"], -1, "c")
    ['a', 'c']
    """
    check_choice("outside", outside, "error", "keep")
    place = _place(len(list), index, negative)
    if place is None:
        if outside == "error":
            raise _outside(list, index)
        return list
    return [*list[:place], item, *list[place + 1 :]]


@data_node("lists.remove_at")
def remove_at(
    list: Items = EMPTY, index: int = 0, outside: Option[str] = "error", negative: Option[str] = "from_end"
) -> Items:
    """The list without the item at `index`. Fails with `IndexError` outside of the list.

    Args:
        outside: What an index outside does: `error`, or `keep` the list as it is.
        negative: A negative index counts `from_end` (-1 is the last), or is `outside`.

    >>> remove_at(["a", "b", "c"], 1), remove_at(["a"], 1, outside="keep")
    (['a', 'c'], ['a'])
    """
    check_choice("outside", outside, "error", "keep")
    place = _place(len(list), index, negative)
    if place is None:
        if outside == "error":
            raise _outside(list, index)
        return list
    return [*list[:place], *list[place + 1 :]]


@data_node("lists.remove")
def remove(list: Items = EMPTY, item: Any = None) -> Removed:
    """The list without the first item that equals `item`, and whether there was one.

    >>> remove([1, 2, 1], 1), remove([], 1)
    (Removed(result=[2, 1], removed=True), Removed(result=[], removed=False))
    """
    place = _find(list, item)
    return Removed(list, False) if place < 0 else Removed([*list[:place], *list[place + 1 :]], True)


# --- parts --------------------------------------------------------------------------------------------


@data_node("lists.slice")
def slice(list: Items = EMPTY, start: int = 0, count: int = -1, negative: Option[str] = "from_end") -> Items:
    """`count` items from `start`, fewer where the list ends; all from there if `count` is negative.

    Args:
        negative: A negative `start` counts `from_end` (-2: the last two), or is `outside`: as 0.

    >>> slice([1, 2, 3, 4], 1, 2), slice([1, 2, 3, 4], -2), slice([1, 2], -5, 1, negative="outside")
    ([2, 3], [3, 4], [1])
    """
    check_choice("negative", negative, "from_end", "outside")
    begin = builtins.max(0, start + len(list) if start < 0 and negative == "from_end" else start)
    return list[begin:] if count < 0 else list[begin : begin + count]


@data_node("lists.reverse")
def reverse(list: Items = EMPTY) -> Items:
    """The items from the last to the first.

    >>> reverse([1, 2, 3])
    [3, 2, 1]
    """
    return list[::-1]


@data_node("lists.compact")
def compact(list: Items = EMPTY) -> Items:
    """The items that are not none; 0, false and empty ones stay.

    >>> compact([0, None, "", "a"])
    [0, '', 'a']
    """
    return [item for item in list if item is not None]


@data_node("lists.to_texts")
def to_texts(list: Items = EMPTY) -> list[str]:
    """Each item as text, as a wire into a text input makes it.

    >>> to_texts([1, 2.0, None, True, ["a"]])
    ['1', '2', '', 'true', '["a"]']
    """
    return [to_text(item) for item in list]
