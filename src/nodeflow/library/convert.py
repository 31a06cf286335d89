"""Converting what a wire does not convert by itself: a node that is told to may parse text and cut off.

What converts to what is one table, `nodeflow.values.CONVERSIONS`. The nodes for formatted numbers,
characters and names of types are in `convert_text`; they are found here too. Text as bytes is `text.encode`.
"""

from __future__ import annotations

import builtins
import math
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import Any, NamedTuple

from nodeflow.errors import ConversionError
from nodeflow.library.convert_text import (
    character_at,
    character_code,
    format_number,
    from_character_code,
    type_name,
)
from nodeflow.library.dotnet_numbers import shortest
from nodeflow.library.inputs import check_choice
from nodeflow.library.math_limits import wrapped
from nodeflow.node import Option, data_node
from nodeflow.values import BOOL, BYTES, DATE, DATETIME, DICT, DURATION, FLOAT, INT, LIST, PATH, SocketType, coerce
from nodeflow.values import to_text as as_text
from nodeflow.values.texts import read_bool, read_float, read_int

__all__ = [
    "character_at",
    "character_code",
    "format_number",
    "from_character_code",
    "parse_bool",
    "parse_float",
    "parse_int",
    "to_bool",
    "to_bytes",
    "to_date",
    "to_datetime",
    "to_dict",
    "to_duration",
    "to_float",
    "to_int",
    "to_list",
    "to_path",
    "to_text",
    "type_name",
]


def _or_default(value: Any, target: SocketType, default: Any, on_failure: str) -> Any:
    check_choice("on_failure", on_failure, "error", "default")
    try:
        return coerce(value, target)
    except ConversionError:
        if on_failure == "default":
            return default
        raise


@data_node("convert.to_text")
def to_text(value: Any = None, style: Option[str] = "plain") -> str:
    """The value as text: numbers in their shortest form, nothing as empty text, lists and dicts as JSON.

    Args:
        style: `plain`, or `dotnet`: truth values as `True` and `False`, numbers as .NET writes them.

    >>> to_text(2.0), to_text(None), to_text([1, "a"]), to_text(True, style="dotnet")
    ('2', '', '[1,"a"]', 'True')
    """
    check_choice("style", style, "plain", "dotnet")
    if style == "dotnet" and isinstance(value, bool):
        return builtins.str(bool(value))
    if style == "dotnet" and isinstance(value, float):
        return shortest(value)
    return as_text(value)


# --- numbers and truth values -------------------------------------------------------------------------


@data_node("convert.to_int")
def to_int(value: Any, default: int = 0, on_failure: Option[str] = "error", bits: Option[int | None] = None) -> int:
    """A whole number: text is parsed, a fraction is cut off, a truth value is 1 or 0, a duration its seconds.

    Fails with `ConversionError` if the value is no such thing.

    Args:
        default: What it is instead, if `on_failure` says so.
        on_failure: What comes of a value that is no number: `error`, or `default`.
        bits: So many bits are all there is room for: a whole number wraps around, one with a fraction stops at the
            last, text of a number beyond is no number.

    >>> to_int("12"), to_int(-2.9), to_int("twelve", default=7, on_failure="default"), to_int(2**31, bits=32)
    (12, -2, 7, -2147483648)
    """
    found: int = _or_default(value, INT, default, on_failure)
    if bits is None or found == wrapped(found, bits):
        return found
    if isinstance(value, str):
        if on_failure == "default":
            return default
        raise ConversionError(f"{value!r} has no room in {bits} bits")
    if isinstance(value, float):
        return int(math.copysign(1 << (bits - 1), found)) - (found > 0)
    return int(wrapped(found, bits))


@data_node("convert.to_float")
def to_float(
    value: Any, default: float = 0.0, on_failure: Option[str] = "error", grouped: Option[bool] = False
) -> float:
    """A number with a fraction: text is parsed, a truth value is 1 or 0, a duration its seconds.

    Fails with `ConversionError` if the value is no such thing.

    Args:
        default: What it is instead, if `on_failure` says so.
        on_failure: What comes of a value that is no number: `error`, or `default`.
        grouped: In text, commas may stand among the digits.

    >>> to_float("2.5e3"), to_float(True), to_float("1,000.5", grouped=True), to_float([], on_failure="default")
    (2500.0, 1.0, 1000.5, 0.0)
    """
    if grouped and isinstance(value, str):
        parsed = parse_float(value, grouped=True)
        if parsed.success:
            return float(parsed.result)
    found: float = _or_default(value, FLOAT, default, on_failure)
    return found


@data_node("convert.to_bool")
def to_bool(value: Any, default: bool = False, on_failure: Option[str] = "error", loose: Option[bool] = False) -> bool:
    """A truth value: of text `true` or `false` in any letter case, of a number whether it is not 0.

    Fails with `ConversionError` if the value is no such thing.

    Args:
        default: What it is instead, if `on_failure` says so.
        on_failure: What comes of a value that is neither true nor false: `error`, or `default`.
        loose: Every value is one: nothing, 0, and the texts `false`, `0` and the empty one are false, all else is true.

    >>> to_bool("True"), to_bool(0), to_bool("no", loose=True), to_bool(None, loose=True)
    (True, False, True, False)
    """
    if loose:
        if isinstance(value, str):
            return value.lower() not in ("", "0", "false")
        return value is not None and not (isinstance(value, int | float) and value == 0)
    found: bool = _or_default(value, BOOL, default, on_failure)
    return found


class ParsedInt(NamedTuple):
    """What a text says, or the default; and whether it says a whole number."""

    result: int
    success: bool


class ParsedFloat(NamedTuple):
    """What a text says, or the default; and whether it says a number."""

    result: float
    success: bool


class ParsedBool(NamedTuple):
    """What a text says, or the default; and whether it says a truth value."""

    result: bool
    success: bool


@data_node("convert.parse_int")
def parse_int(text: str = "", default: int = 0, bits: Option[int | None] = None) -> ParsedInt:
    """The whole number that a text says, or `default`; never fails.

    Args:
        bits: A number that needs more bits than these, its sign included, is none.
        success: Whether it says one.

    >>> parse_int(" 42 "), parse_int("1.5", default=7), parse_int("2147483648", bits=32)
    (ParsedInt(result=42, success=True), ParsedInt(result=7, success=False), ParsedInt(result=0, success=False))
    """
    try:
        found = read_int(text)
    except ValueError:
        return ParsedInt(default, False)
    return ParsedInt(found, True) if wrapped(found, bits) == found else ParsedInt(default, False)


@data_node("convert.parse_float")
def parse_float(text: str = "", default: float = 0.0, grouped: Option[bool] = False) -> ParsedFloat:
    """The number that a text says, or `default`; never fails.

    Args:
        grouped: Commas may stand among the digits.
        success: Whether it says one.

    >>> parse_float("2.5e3"), parse_float("1,000", grouped=True), parse_float("x", default=-1.0)
    (ParsedFloat(result=2500.0, success=True), ParsedFloat(result=1000.0, success=True), \
ParsedFloat(result=-1.0, success=False))
    """
    try:
        return ParsedFloat(read_float(text, grouped=grouped), True)
    except ValueError:
        return ParsedFloat(default, False)


@data_node("convert.parse_bool")
def parse_bool(text: str = "", default: bool = False) -> ParsedBool:
    """The truth value that a text says, `true` or `false` in any letter case, or `default`; never fails.

    Args:
        success: Whether it says one.

    >>> parse_bool(" TRUE"), parse_bool("1", default=True)
    (ParsedBool(result=True, success=True), ParsedBool(result=True, success=False))
    """
    try:
        return ParsedBool(read_bool(text), True)
    except ValueError:
        return ParsedBool(default, False)


# --- lists, dicts, bytes ------------------------------------------------------------------------------


@data_node("convert.to_list")
def to_list(value: Any) -> list[Any]:
    """A list: of the characters of a text, the bytes of bytes, the pairs of a dict, the items of a tuple or a set.

    Fails with `ConversionError` for anything else.

    >>> to_list("abc"), to_list({"a": 1})
    (['a', 'b', 'c'], [['a', 1]])
    """
    found: list[Any] = coerce(value, LIST)
    return found


@data_node("convert.to_dict")
def to_dict(value: Any) -> dict[str, Any]:
    """A dict: from a list of pairs of a key and a value, or of the fields of an object; of equal keys the last counts.

    Fails with `ConversionError` for anything else.

    >>> to_dict([["a", 1], ["b", 2]])
    {'a': 1, 'b': 2}
    """
    found: dict[str, Any] = coerce(value, DICT)
    return found


@data_node("convert.to_bytes")
def to_bytes(value: Any) -> bytes:
    """Bytes: a text in UTF-8, or a list of numbers from 0 to 255. Fails with `ConversionError` for anything else.

    For other encodings there is `text.encode`, for base64 `text.decode_base64`.

    >>> to_bytes("é"), to_bytes([97, 98])
    (b'\\xc3\\xa9', b'ab')
    """
    found: bytes = coerce(value, BYTES)
    return found


@data_node("convert.to_path")
def to_path(value: Any) -> PurePath:
    """The path that a text names. It says nothing of whether something is there.

    Fails with `ConversionError` for anything but text.

    >>> to_path("data/rows.csv").name
    'rows.csv'
    """
    found: PurePath = coerce(value, PATH)
    return found


# --- dates --------------------------------------------------------------------------------------------


@data_node("convert.to_date")
def to_date(value: Any) -> date:
    """A date: of a text as in ISO 8601, or the day of a date and time. Fails with `ConversionError` for anything else.

    >>> to_date("2026-02-28")
    datetime.date(2026, 2, 28)
    """
    found: date = coerce(value, DATE)
    return found


@data_node("convert.to_datetime")
def to_datetime(value: Any) -> datetime:
    """A date and time: of a text as in ISO 8601, the midnight of a date, or a number of seconds since 1970 in UTC.

    Fails with `ConversionError` for anything else. For other forms of text there is `time.parse`.

    >>> to_datetime("2026-02-28T12:00"), to_datetime(0)
    (datetime.datetime(2026, 2, 28, 12, 0), datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))
    """
    found: datetime = coerce(value, DATETIME)
    return found


@data_node("convert.to_duration")
def to_duration(value: Any) -> timedelta:
    """A duration: of a text as in ISO 8601 (`PT1H30M`), or so many seconds.

    Fails with `ConversionError` for anything else. For other units there is `time.duration`.

    >>> to_duration("PT1H30M"), to_duration(90)
    (datetime.timedelta(seconds=5400), datetime.timedelta(seconds=90))
    """
    found: timedelta = coerce(value, DURATION)
    return found
