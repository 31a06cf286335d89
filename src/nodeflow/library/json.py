"""JSON and values that are like it: dicts with text keys, lists, texts, numbers, true, false and none.

A place in a value is named by a JSON Pointer (`/items/0/name`, RFC 6901), several by a JSONPath
(`$.items[*].name`, RFC 9535). No node changes a value; each builds a new one. The other modules of the category are
`json_text`, `json_pointer`, `json_patch` and `json_paths`; their nodes are found here too.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import attrs

from nodeflow.library.inputs import check_choice
from nodeflow.library.json_patch import merge_patch, patch
from nodeflow.library.json_paths import find, find_first, remove_all, set_all
from nodeflow.library.json_pointer import Looked, get, insert, remove, set
from nodeflow.library.json_text import parse, to_text
from nodeflow.library.patterns import compiled_later
from nodeflow.node import Option, data_node
from nodeflow.values import short

__all__ = [
    "find",
    "find_first",
    "get",
    "get_index",
    "get_path",
    "get_property",
    "insert",
    "length",
    "merge_patch",
    "parse",
    "patch",
    "remove",
    "remove_all",
    "set",
    "set_all",
    "to_dict",
    "to_list",
    "to_text",
]

_INDEX: Final = compiled_later("[0-9]{1,18}")


class Entries(NamedTuple):
    """A dict, and whether the value was one."""

    result: dict[str, Any]
    success: bool


class Items(NamedTuple):
    """A list, and whether the value was one."""

    result: list[Any]
    success: bool


@data_node("json.length")
def length(value: Any = None, dicts: Option[bool] = True, others: Option[str] = "error") -> int:
    """How many items a list has, or keys a dict. Fails with `TypeError` for anything else.

    Args:
        dicts: Whether a dict has a length.
        others: What a value without a length gives: `error` or `zero`.

    >>> length([1, 2]), length({"a": 1}), length("abc", others="zero")
    (2, 1, 0)
    """
    check_choice("others", others, "error", "zero")
    if isinstance(value, list | tuple) or (dicts and isinstance(value, dict)):
        return len(value)
    if others == "zero":
        return 0
    raise TypeError(f"{short(value)} is no list{' and no dict' if dicts else ''}")


@data_node("json.get_property")
def get_property(value: Any = None, name: str = "") -> Looked:
    """What stands under a key of a dict, and whether the key is there. Never fails: nothing is found elsewhere.

    >>> get_property({"a": 1}, "a"), get_property([1], "a")
    (Looked(value=1, found=True), Looked(value=None, found=False))
    """
    return Looked(value.get(name), name in value) if isinstance(value, dict) else Looked(None, False)


@data_node("json.get_index")
def get_index(value: Any = None, index: int = 0) -> Looked:
    """The item of a list at `index`, from 0, and whether there is one. Never fails: nothing is found elsewhere.

    >>> get_index(["a"], 0), get_index(["a"], -1)
    (Looked(value='a', found=True), Looked(value=None, found=False))
    """
    found = isinstance(value, list | tuple) and 0 <= index < len(value)
    return Looked(value[index] if found else None, found)


@data_node("json.get_path")
def get_path(value: Any = None, path: str = "") -> Looked:
    """What is found on a path of keys and indexes with dots between, and whether it is there. Never fails.

    Empty parts are left out, so the empty path is the value itself. For keys with a dot in them take `json.get`.

    >>> get_path({"a": {"b": [{"c": 7}]}}, "a.b.0.c"), get_path([1], "3")
    (Looked(value=7, found=True), Looked(value=None, found=False))
    """
    looked = Looked(value, True)
    for part in path.split("."):
        if part and looked.found:
            looked = _child(looked.value, part)
    return looked


def _child(value: Any, name: str) -> Looked:
    if isinstance(value, dict):
        return Looked(value.get(name), name in value)
    if isinstance(value, list | tuple) and _INDEX.fullmatch(name) and int(name) < len(value):
        return Looked(value[int(name)], True)
    return Looked(None, False)


@data_node("json.to_dict")
def to_dict(value: Any = None, others: Option[str] = "error") -> Entries:
    """A value that is a dict, or the fields of an attrs object, as a dict. Fails with `TypeError` for anything else.

    Args:
        others: What another value gives: `error`, or `empty` with `success` false.
        success: Whether it is one.

    >>> to_dict({"a": 1}).result, to_dict([1], others="empty")
    ({'a': 1}, Entries(result={}, success=False))
    """
    check_choice("others", others, "error", "empty")
    if isinstance(value, dict):
        return Entries(value, True)
    if attrs.has(type(value)):
        return Entries({field.name: getattr(value, field.name, None) for field in attrs.fields(type(value))}, True)
    if others == "empty":
        return Entries({}, False)
    raise TypeError(f"{short(value)} is no dict")


@data_node("json.to_list")
def to_list(value: Any = None, others: Option[str] = "error") -> Items:
    """A value that is a list. Fails with `TypeError` for anything else.

    Args:
        others: What another value gives: `error`, or `empty` with `success` false.
        success: Whether it is one.

    >>> to_list([1]).result, to_list("ab", others="empty")
    ([1], Items(result=[], success=False))
    """
    check_choice("others", others, "error", "empty")
    if isinstance(value, list | tuple):
        return Items([*value], True)
    if others == "empty":
        return Items([], False)
    raise TypeError(f"{short(value)} is no list")
