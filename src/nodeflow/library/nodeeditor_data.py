"""More node types for imported files, as `nodeflow.library.nodeeditor`: text, lists, dicts."""

from __future__ import annotations

import builtins
import math
import re
import string
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from nodeflow.library.nodeeditor import Number, operation
from nodeflow.node import Option, data_node
from nodeflow.values import to_text

MANY = 100_000
"""The most items that the original builds into one list."""


# --- text ---------------------------------------------------------------------------------------------


@data_node("nodeeditor.format")
def format(format: str = "", arg_0: Any = None, arg_1: Any = None, arg_2: Any = None, arg_3: Any = None) -> str:
    """`{0}` to `{3}` replaced by the inputs as text; a format that makes no sense is given back unchanged."""
    given = (arg_0, arg_1, arg_2, arg_3)
    parts = []
    try:
        for literal, name, spec, conversion in string.Formatter().parse(format):
            parts.append(literal)
            if name is None:
                continue
            if spec or conversion or name.strip() not in ("0", "1", "2", "3"):
                return format
            parts.append(to_text(given[int(name)]))
    except ValueError:
        return format
    return "".join(parts)


OF_TEXT: Mapping[str, Callable[[str], Any]] = {
    "upper": str.upper,
    "lower": str.lower,
    "trim": str.strip,
    "reverse": lambda value: value[::-1],
    "length": len,
    "is_empty": lambda value: not value,
    "is_whitespace": lambda value: not value.strip(),
}


@data_node("nodeeditor.text")
def text(op: Option[str], value: str = "") -> Any:
    """`upper`, `lower`, `trim`, `reverse`, `length`, `is_empty` or `is_whitespace`."""
    return operation(OF_TEXT, op)(value)


SEARCHES: Mapping[str, Callable[[str, str], Any]] = {
    "contains": lambda value, search: search in value,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "index_of": str.find,
    "last_index_of": str.rfind,
}


@data_node("nodeeditor.search")
def search(op: Option[str], value: str = "", search: str = "") -> Any:
    """`contains`, `starts_with`, `ends_with`, `index_of` or `last_index_of` (-1: not found)."""
    return operation(SEARCHES, op)(value, search)


@data_node("nodeeditor.replace")
def replace(value: str = "", old: str = "", new: str = "") -> str:
    """The text with each `old` replaced by `new`."""
    if not old:
        raise ValueError("`old` must not be empty")
    return value.replace(old, new)


@data_node("nodeeditor.substring")
def substring(value: str = "", start: int = 0, length: int = -1) -> str:
    """`length` characters from `start`, or all from there if `length` is negative."""
    begin = max(0, start)
    return value[begin:] if length < 0 else value[begin : begin + length]


@data_node("nodeeditor.repeat")
def repeat(value: str = "", count: int = 1) -> str:
    """The text `count` times, at most 10,000 times."""
    return value * max(0, min(count, 10_000))


@data_node("nodeeditor.split")
def split(value: str = "", delimiter: str = ",") -> list[str]:
    """The parts between the delimiters; an empty delimiter leaves the text in one part."""
    return value.split(delimiter) if delimiter else [value]


@data_node("nodeeditor.join")
def join(list: list[Any] | None = None, separator: str = ", ") -> str:
    """The items as text, with the separator between them."""
    return separator.join(map(to_text, list or ()))


@data_node("nodeeditor.concat")
def concat(a: str = "", b: str = "", c: str = "", d: str = "") -> str:
    """One text behind the other."""
    return a + b + c + d


# --- conversions --------------------------------------------------------------------------------------

_FLOAT = re.compile(r"\s*[+-]?(\d[\d,]*(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE | re.ASCII)
_INT = re.compile(r"\s*[+-]?\d{1,4000}\s*", re.ASCII)


def _parse_int(text: str) -> int | None:
    """A whole number of 32 bits, as the original has them."""
    found = int(text) if _INT.fullmatch(text) else None
    return found if found is not None and -(2**31) <= found < 2**31 else None


def _parse_float(text: str) -> float | None:
    return float(text.replace(",", "")) if _FLOAT.fullmatch(text) else None


def _parse_bool(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.strip().casefold())


PARSERS: Mapping[str, Callable[[str], Any]] = {"int": _parse_int, "float": _parse_float, "bool": _parse_bool}


class Parsed(NamedTuple):
    """What a text says, and whether it says such a thing."""

    result: Any
    success: bool


@data_node("nodeeditor.parse")
def parse(op: Option[str], value: str = "", default: Any = None) -> Parsed:
    """The text as `int`, `float` or `bool`, or else the default."""
    found = operation(PARSERS, op)(value)
    return Parsed(default, False) if found is None else Parsed(found, True)


def _to_int(value: Any) -> int:
    if isinstance(value, str):
        return _parse_int(value) or 0
    number = isinstance(value, int | float) and math.isfinite(value)
    return int(value) if number else 0


def _to_float(value: Any) -> float:
    if isinstance(value, str):
        return _parse_float(value) or 0.0
    return float(value) if isinstance(value, int | float) else 0.0


def _to_bool(value: Any) -> bool:
    if isinstance(value, str):
        return value.casefold() not in ("", "0", "false")
    return value is not None and value != 0


CONVERTERS: Mapping[str, Callable[[Any], Any]] = {"int": _to_int, "float": _to_float, "bool": _to_bool}


@data_node("nodeeditor.convert")
def convert(op: Option[str], value: Any = None) -> Any:
    """The value as `int`, `float` or `bool`; 0 where it is no such thing."""
    return operation(CONVERTERS, op)(value)


# --- lists and dicts ----------------------------------------------------------------------------------


def _same(a: Any, b: Any) -> bool:
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def _numbers(items: list[Any]) -> list[Number]:
    return [item for item in items if isinstance(item, int | float) and not isinstance(item, bool)]


def _sum(items: list[Any]) -> float:
    """Of all numbers, and of texts that are numbers."""
    total: float = sum(_numbers(items))
    for item in items:
        if isinstance(item, str):
            try:
                total += float(item)
            except ValueError:
                continue
    return float(total)


def _distinct(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if not any(_same(item, before) for before in found):
            found.append(item)
    return found


def _sort(items: list[Any]) -> list[Any]:
    return [None] * items.count(None) + sorted(item for item in items if item is not None)


OF_LIST: Mapping[str, Callable[[list[Any]], Any]] = {
    "any": bool,
    "is_empty": lambda items: not items,
    "clear": lambda items: [],
    "reverse": lambda items: items[::-1],
    "distinct": _distinct,
    "sort": _sort,
    "sort_descending": lambda items: _sort(items)[::-1],
    "min": lambda items: float(min(_numbers(items), default=0)),
    "max": lambda items: float(max(_numbers(items), default=0)),
    "sum": _sum,
    "average": lambda items: float(sum(_numbers(items))) / len(items) if items else 0.0,
    "to_text": lambda items: [to_text(item) for item in items],
}


@data_node("nodeeditor.list")
def list_(op: Option[str], list: list[Any] | None = None) -> Any:
    """`any`, `is_empty`, `clear`, `reverse`, `distinct`, `sort`, `sort_descending`, `min`, `sum`, `to_text`, ..."""
    return operation(OF_LIST, op)(list or [])


class Ended(NamedTuple):
    """The item at an end of a list, and whether there is one."""

    result: Any
    has_value: bool


@data_node("nodeeditor.list_end")
def list_end(last: Option[bool] = False, list: list[Any] | None = None) -> Ended:
    """The first item of a list, or the last one; nothing if there is none."""
    return Ended((list or [None])[-1 if last else 0], bool(list))


@data_node("nodeeditor.list_get")
def list_get(list: list[Any] | None = None, index: int = 0) -> Any:
    """The item at `index`, or nothing outside of the list."""
    items = list or []
    return items[index] if 0 <= index < len(items) else None


@data_node("nodeeditor.list_find")
def list_find(list: list[Any] | None = None, value: Any = None) -> int:
    """The index of the first item that equals `value`, or -1."""
    return next((index for index, item in enumerate(list or ()) if _same(item, value)), -1)


@data_node("nodeeditor.list_contains")
def list_contains(list: list[Any] | None = None, value: Any = None) -> bool:
    """Whether an item equals `value`."""
    return any(_same(item, value) for item in list or ())


EDITS: Mapping[str, Callable[[list[Any], int, Any], list[Any]]] = {
    "insert": lambda items, i, item: [*items[:i], item, *items[i:]] if i <= len(items) else items,
    "set": lambda items, i, item: [*items[:i], item, *items[i + 1 :]] if i < len(items) else items,
    "remove_at": lambda items, i, item: [*items[:i], *items[i + 1 :]],
}


@data_node("nodeeditor.list_edit")
def list_edit(op: Option[str], list: list[Any] | None = None, index: int = 0, item: Any = None) -> list[Any]:
    """`insert`, `set` or `remove_at`; an index outside of the list changes nothing."""
    change = operation(EDITS, op)
    items = builtins.list(list or ())
    return items if index < 0 else builtins.list(change(items, index, item))


@data_node("nodeeditor.list_remove")
def list_remove(list: list[Any] | None = None, value: Any = None) -> list[Any]:
    """The list without the first item that equals `value`."""
    items = builtins.list(list or ())
    found = next((index for index, item in enumerate(items) if _same(item, value)), len(items))
    return [*items[:found], *items[found + 1 :]]


@data_node("nodeeditor.list_concat")
def list_concat(a: list[Any] | None = None, b: list[Any] | None = None) -> list[Any]:
    """One list behind the other."""
    return [*(a or ()), *(b or ())]


@data_node("nodeeditor.list_slice")
def list_slice(list: list[Any] | None = None, start: int = 0, count: int = -1) -> list[Any]:
    """`count` items from `start`, or all from there if `count` is negative."""
    items, begin = builtins.list(list or ()), max(0, start)
    return items[begin:] if count < 0 else items[begin : begin + count]


@data_node("nodeeditor.list_range")
def list_range(start: int = 0, end: int = 10) -> list[int]:
    """Whole numbers from `start` to `end`, without `end`, downwards too; at most 100,000."""
    return [*builtins.range(start, end, 1 if start <= end else -1)[:MANY]]


@data_node("nodeeditor.list_repeat")
def list_repeat(value: Any = None, count: int = 5) -> list[Any]:
    """A list of `count` times the value, at most 100,000."""
    return [value] * max(0, min(count, MANY))


class Looked(NamedTuple):
    """What stands under a key, and whether it is there."""

    value: Any
    found: bool


class Removed(NamedTuple):
    """A dict without a key, and whether the key was there."""

    result: dict[str, Any]
    removed: bool


@data_node("nodeeditor.dict_get")
def dict_get(dict: dict[str, Any] | None = None, key: str = "") -> Looked:
    """The value under a key, or nothing."""
    return Looked((dict or {}).get(key), key in (dict or {}))


@data_node("nodeeditor.dict_set")
def dict_set(dict: dict[str, Any] | None = None, key: str = "", value: Any = None) -> dict[str, Any]:
    """The dict with the value under a key."""
    return {**(dict or {}), key: value}


@data_node("nodeeditor.dict_remove")
def dict_remove(dict: dict[str, Any] | None = None, key: str = "") -> Removed:
    """The dict without a key."""
    return Removed({name: item for name, item in (dict or {}).items() if name != key}, key in (dict or {}))


@data_node("nodeeditor.dict_merge")
def dict_merge(a: dict[str, Any] | None = None, b: dict[str, Any] | None = None) -> dict[str, Any]:
    """Both dicts in one; `b` wins."""
    return {**(a or {}), **(b or {})}


OF_DICT: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "keys": builtins.list,
    "values": lambda entries: [*entries.values()],
    "count": len,
    "clear": lambda entries: {},
}


@data_node("nodeeditor.dict")
def dict_(op: Option[str], dict: dict[str, Any] | None = None) -> Any:
    """`keys`, `values`, `count` or `clear`."""
    return operation(OF_DICT, op)(dict or {})


@data_node("nodeeditor.dict_has")
def dict_has(dict: dict[str, Any] | None = None, key: str = "") -> bool:
    """Whether a key is there."""
    return key in (dict or {})
