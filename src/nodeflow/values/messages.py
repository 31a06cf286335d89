"""Values in messages: short, whatever they are."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

import attrs

MANY_BITS: Final = 14_000  # Python refuses to write ints of more than 4300 digits


def short(value: Any, limit: int = 80) -> str:
    """The value's repr for messages: bounded in length, depth and effort; never raises.

    >>> short(list(range(1000)))
    '[0, 1, 2, 3, 4, 5, …]'
    """
    try:
        text = _short(value, limit, 3)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _short(value: Any, limit: int, levels: int) -> str:
    cls = type(value)
    if cls in (str, bytes):
        return repr(value[:limit])
    if cls is int and value.bit_length() >= MANY_BITS:
        return f"<int of {value.bit_length()} bits>"
    if cls in (list, tuple, dict, set, frozenset):
        opening, closing = _BRACKETS[cls]
        inside = _short_items(value, limit, levels - 1) if levels else "…"
        return f"{opening}{inside}{closing}"
    if attrs.has(cls) and not isinstance(value, enum.Enum | BaseException):
        fields = [each.name for each in attrs.fields(cls)[:6]] if levels else []
        each = [f"{name}={_short(getattr(value, name, None), limit, levels - 1)}" for name in fields]
        return f"{cls.__name__}({', '.join(each) if levels else '…'})"
    return repr(value)


_BRACKETS: Final[Mapping[type, tuple[str, str]]] = {
    list: ("[", "]"), tuple: ("(", ")"), dict: ("{", "}"), set: ("{", "}"), frozenset: ("frozenset({", "})"),
}  # fmt: skip


def _short_items(values: Any, limit: int, levels: int) -> str:
    if isinstance(values, dict):
        parts = [
            f"{_short(key, limit, levels)}: {_short(item, limit, levels)}" for key, item in islice(values.items(), 6)
        ]
    else:
        parts = [_short(item, limit, levels) for item in islice(values, 6)]
    return ", ".join(parts + ["…"] * (len(values) > 6))
