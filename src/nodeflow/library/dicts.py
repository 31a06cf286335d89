"""Dicts: values by text keys. No node changes a dict; each builds a new one. Keys keep their order."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from nodeflow.library.inputs import check_choice, in_order, key_text
from nodeflow.node import Option, Ports, data_node
from nodeflow.values import short

Entries = dict[str, Any]

EMPTY: Final[Entries] = {}
_NO_ITEMS: Final[list[Any]] = []


class Looked(NamedTuple):
    """What stands under a key, and whether the key is there."""

    value: Any
    found: bool


class Removed(NamedTuple):
    """What is left, and whether something was removed."""

    result: dict[str, Any]
    removed: bool


def _no_key(key: str, dict: Entries) -> LookupError:
    return LookupError(f"there is no key {short(key)} in {short(dict)}")


# --- making -------------------------------------------------------------------------------------------


@data_node("dicts.make")
def make(*, entries: Ports[Any]) -> dict[str, Any]:
    """A dict of all inputs: the name of each is the key of its value.

    >>> from nodeflow.testing import try_node
    >>> try_node(make, name="Ada", born=1815).result
    {'name': 'Ada', 'born': 1815}
    """
    return {**entries}


@data_node("dicts.from_lists")
def from_lists(
    keys: list[Any] = _NO_ITEMS, values: list[Any] = _NO_ITEMS, twice: Option[str] = "error"
) -> dict[str, Any]:
    """A dict of keys and the values at the same places.

    Fails with `ValueError` if one list is longer, or a key stands twice; with `TypeError` if a key is no text, number
    or truth value.

    Args:
        twice: What a key that stands twice does: `error`, or the `first` or the `last` stays.

    >>> from_lists(["a", 2], [True, None])
    {'a': True, '2': None}
    """
    if len(keys) != len(values):
        raise ValueError(f"{len(keys)} keys and {len(values)} values; a key needs one value")
    return _of_pairs(zip(keys, values, strict=True), twice)


@data_node("dicts.from_pairs")
def from_pairs(pairs: list[Any] = _NO_ITEMS, twice: Option[str] = "error") -> dict[str, Any]:
    """A dict of a list of pairs, each a list of a key and a value: the reverse of `dicts.to_pairs`.

    Fails with `ValueError` if one is no such pair, or a key stands twice; with `TypeError` if a key is no text, number
    or truth value.

    Args:
        twice: What a key that stands twice does: `error`, or the `first` or the `last` stays.

    >>> from_pairs([["a", 1], ["b", 2]])
    {'a': 1, 'b': 2}
    """
    for index, pair in enumerate(pairs):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ValueError(f"item {index} must be a list of a key and a value, not {short(pair)}")
    return _of_pairs(pairs, twice)


def _of_pairs(pairs: Any, twice: str) -> Entries:
    check_choice("twice", twice, "error", "first", "last")
    found: Entries = {}
    for given, value in pairs:
        key = key_text(given)
        if key in found:
            if twice == "error":
                raise ValueError(f"the key {short(key)} stands twice")
            if twice == "first":
                continue
        found[key] = value
    return found


# --- looking ------------------------------------------------------------------------------------------


@data_node("dicts.get")
def get(dict: dict[str, Any] = EMPTY, key: str = "", default: Any = None) -> Looked:
    """What stands under a key, or `default`, and whether the key is there.

    >>> get({"a": 1}, "a"), get({"a": 1}, "b", 0)
    (Looked(value=1, found=True), Looked(value=0, found=False))
    """
    return Looked(dict.get(key, default), key in dict)


@data_node("dicts.has")
def has(dict: dict[str, Any] = EMPTY, key: str = "") -> bool:
    """Whether a key is there.

    >>> has({"a": None}, "a"), has({}, "a")
    (True, False)
    """
    return key in dict


@data_node("dicts.length")
def length(dict: dict[str, Any] = EMPTY) -> int:
    """How many keys there are.

    >>> length({"a": 1, "b": 2})
    2
    """
    return len(dict)


@data_node("dicts.is_empty")
def is_empty(dict: dict[str, Any] = EMPTY) -> bool:
    """Whether there is no key.

    >>> is_empty({}), is_empty({"": None})
    (True, False)
    """
    return not dict


@data_node("dicts.keys")
def keys(dict: dict[str, Any] = EMPTY) -> list[str]:
    """The keys, in their order.

    >>> keys({"b": 1, "a": 2})
    ['b', 'a']
    """
    return [*dict]


@data_node("dicts.values")
def values(dict: dict[str, Any] = EMPTY) -> list[Any]:
    """The values, in the order of the keys.

    >>> values({"b": 1, "a": 2})
    [1, 2]
    """
    return [*dict.values()]


@data_node("dicts.to_pairs")
def to_pairs(dict: dict[str, Any] = EMPTY) -> list[list[Any]]:
    """Lists of each key and its value, in the order of the keys.

    >>> to_pairs({"b": 1, "a": 2})
    [['b', 1], ['a', 2]]
    """
    return [[key, value] for key, value in dict.items()]


# --- changing -----------------------------------------------------------------------------------------


@data_node("dicts.set")
def set(dict: dict[str, Any] = EMPTY, key: str = "", value: Any = None) -> dict[str, Any]:
    """The dict with a value under a key: in the place of the old one, or at the end.

    >>> set({"a": 1, "b": 2}, "a", 3)
    {'a': 3, 'b': 2}
    """
    return {**dict, key: value}


@data_node("dicts.remove")
def remove(dict: dict[str, Any] = EMPTY, key: str = "") -> Removed:
    """The dict without a key, and whether it was there.

    >>> remove({"a": 1, "b": 2}, "a"), remove({}, "a")
    (Removed(result={'b': 2}, removed=True), Removed(result={}, removed=False))
    """
    return Removed({name: value for name, value in dict.items() if name != key}, key in dict)


@data_node("dicts.pick")
def pick(dict: dict[str, Any] = EMPTY, keys: list[str] = _NO_ITEMS, missing: Option[str] = "skip") -> dict[str, Any]:
    """The dict with these keys only, in the order in which they are asked for.

    Args:
        missing: What a key does that is not there: `skip`, `none` (it is there with none), or `error`, a `LookupError`.

    >>> pick({"a": 1, "b": 2, "c": 3}, ["c", "a", "x"])
    {'c': 3, 'a': 1}
    """
    check_choice("missing", missing, "skip", "none", "error")
    if missing == "error":
        for key in keys:
            if key not in dict:
                raise _no_key(key, dict)
    return {key: dict.get(key) for key in keys if key in dict or missing == "none"}


@data_node("dicts.omit")
def omit(dict: dict[str, Any] = EMPTY, keys: list[str] = _NO_ITEMS) -> dict[str, Any]:
    """The dict without these keys.

    >>> omit({"a": 1, "b": 2, "c": 3}, ["c", "x"])
    {'a': 1, 'b': 2}
    """
    left_out = frozenset(keys)
    return {key: value for key, value in dict.items() if key not in left_out}


@data_node("dicts.rename")
def rename(
    dict: dict[str, Any] = EMPTY, names: dict[str, str] = EMPTY, missing: Option[str] = "skip"
) -> dict[str, Any]:
    """The dict with other keys, each value in its place. Fails with `ValueError` if two keys become one.

    Args:
        names: Old keys with the new ones. All at once: `{"a": "b", "b": "a"}` swaps two.
        missing: What an old key does that is not there: `skip` or `error`, a `LookupError`.

    >>> rename({"a": 1, "b": 2}, {"a": "first"})
    {'first': 1, 'b': 2}
    """
    check_choice("missing", missing, "skip", "error")
    for old in names if missing == "error" else ():
        if old not in dict:
            raise _no_key(old, dict)
    renamed: Entries = {}
    for key, value in dict.items():
        new = names.get(key, key)
        if new in renamed:
            raise ValueError(f"two keys become {short(new)}")
        renamed[new] = value
    return renamed


@data_node("dicts.invert")
def invert(dict: dict[str, Any] = EMPTY, twice: Option[str] = "error") -> dict[str, Any]:
    """The values as keys, and the keys as values.

    Fails with `TypeError` if a value is no text, number or truth value, with `ValueError` if one stands twice.

    Args:
        twice: What a value that stands twice does: `error`, or the `first` or the `last` stays.

    >>> invert({"a": "x", "b": 2})
    {'x': 'a', '2': 'b'}
    """
    return _of_pairs(((value, key) for key, value in dict.items()), twice)


@data_node("dicts.merge")
def merge(
    a: dict[str, Any] = EMPTY,
    b: dict[str, Any] = EMPTY,
    deep: Option[bool] = False,
    *,
    more: Ports[dict[str, Any]],
) -> dict[str, Any]:
    """All dicts in one: `a`, `b`, then the other inputs in the order of their names. The later one wins.

    Args:
        deep: Two dicts under one key become one, at any depth; else the later takes the place of the earlier.

    >>> from nodeflow.testing import try_node
    >>> try_node(merge, a={"x": 1, "y": {"u": 1}}, b={"y": {"v": 2}}, c={"z": 3}).result
    {'x': 1, 'y': {'v': 2}, 'z': 3}
    >>> try_node(merge, a={"x": 1, "y": {"u": 1}}, b={"y": {"v": 2}}, deep=True).result
    {'x': 1, 'y': {'u': 1, 'v': 2}}
    """
    merged: Entries = {}
    for each in (a, b, *in_order(more)):
        merged = _overlaid(merged, each) if deep else {**merged, **each}
    return merged


def _overlaid(under: Entries, over: Entries) -> Entries:
    """Both, merged at any depth: copies of what is on the way, everything else as it is."""
    result = {**under}
    todo = [(result, over)]
    while todo:
        target, source = todo.pop()
        for key, value in source.items():
            below = target.get(key)
            if isinstance(below, dict) and isinstance(value, dict):
                target[key] = {**below}
                todo.append((target[key], value))
            else:
                target[key] = value
    return result
