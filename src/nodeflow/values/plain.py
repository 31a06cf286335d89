"""Values as people read them, and as plain JSON data."""

from __future__ import annotations

import base64
import enum
import json
import types
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import PurePath, PurePosixPath
from typing import Any, Final, cast

import attrs

from nodeflow.errors import ConversionError, describe
from nodeflow.values.messages import MANY_BITS, short
from nodeflow.values.texts import duration_text

MOST_IN_TEXT: Final = 2_000_000
"""The most items and keys in a text. A list that holds one list many times, and so on, may have any number of them."""

MOST_IN_DATA: Final = 20_000_000
"""The most items and keys in JSON data."""


def to_text(value: Any) -> str:
    """The value as people read it; containers as compact JSON.

    Raises:
        ConversionError: It has more than `MOST_IN_TEXT` items and keys in it, is nested too deeply, or is a number of
            thousands of digits.

    >>> [to_text(value) for value in (2.0, 0.5, None, True, [1.0, "a", {"b": None}])]
    ['2', '0.5', '', 'true', '[1,"a",{"b":null}]']
    """
    if type(value) is str:
        return value
    if type(value) is int and value.bit_length() < MANY_BITS:
        return int.__repr__(value)
    if isinstance(value, enum.Enum):
        return to_text(value.value)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        return "0" if value == 0 else float.__repr__(value).removesuffix(".0")
    if isinstance(value, BaseException):
        return describe(value)
    if isinstance(value, int) and value.bit_length() >= MANY_BITS:
        raise ConversionError(f"{short(value)} has too many digits to be text")
    if not isinstance(value, int) and parts_of(value) is None:
        return str(_json_leaf(value))
    try:
        return json.dumps(_plain(value, _text_leaf, MOST_IN_TEXT), ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise ConversionError(f"{short(value)} is nested too deeply to be text") from None


def to_json(value: Any) -> Any:
    """The value as plain JSON data: for results, the journal and the wire to other programs.

    Raises:
        ConversionError: It has more than `MOST_IN_DATA` items and keys in it.

    >>> to_json({"when": datetime(2026, 2, 28), "raw": b"abc", 1: (1, 2.5)})
    {'when': '2026-02-28T00:00:00', 'raw': 'YWJj', '1': [1, 2.5]}
    """
    return _plain(value, _json_leaf, MOST_IN_DATA)


def _plain(value: Any, leaf: Callable[[Any], Any], most: int) -> Any:
    """JSON data from the top down: each holder is filled with its items' still empty holders."""
    root = [value]
    inside: set[int] = set()  # ids of the containers that we are in
    todo: list[tuple[Any, Any, Any]] = [(root, 0, value)]
    while todo:
        holder, key, item = todo.pop()
        if holder is None:
            inside.discard(key)
        elif (parts := cast(Any, parts_of(item))) is None:
            holder[key] = leaf(item)
        elif id(item) in inside:
            holder[key] = short(item)
        else:
            most -= len(parts)
            if most < 0:
                raise ConversionError(f"{short(value)} has too many items and keys in it")
            holder[key] = parts
            inside.add(id(item))
            todo.append((None, id(item), item))
            for name, part in parts.items() if isinstance(parts, dict) else enumerate(parts):
                if type(part) in _LEAVES:
                    parts[name] = leaf(part)
                else:
                    todo.append((parts, name, part))
    return root[0]


def parts_of(value: Any) -> dict[str, Any] | list[Any] | None:
    """A new dict or list of what a container has in it; `None` for other values."""
    if type(value) in _LEAVES:
        return None
    if isinstance(value, dict):
        return {key if isinstance(key, str) else _key_text(key): item for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=short)  # the order of a set differs from process to process
    if attrs.has(type(value)) and not isinstance(value, enum.Enum | BaseException):
        return {each.name: getattr(value, each.name, None) for each in attrs.fields(type(value)) if each.init}
    return None


_LEAVES: Final = frozenset(
    {types.NoneType, bool, int, float, str, bytes, datetime, date, timedelta, PurePosixPath}
)  # a shortcut


def _key_text(key: Any) -> str:
    try:
        return to_text(key)
    except ConversionError:
        return short(key)


def _json_leaf(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return _json_leaf(value.value)
    if isinstance(value, int):
        return int(value) if value.bit_length() < MANY_BITS else short(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, PurePath):
        return value.as_posix()
    return short(value, 200)


def _text_leaf(value: Any) -> Any:
    """Within a text, numbers are short also in lists."""
    leaf = _json_leaf(value)
    return int(leaf) if isinstance(leaf, float) and leaf.is_integer() and abs(leaf) < 1e16 else leaf
