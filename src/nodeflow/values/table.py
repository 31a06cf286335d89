"""The one table of conversions: for each kind of value and kind of type, what a wire, a file and a node make of it.

A wire converts only what is lossless or customary: it never parses text into a number or a date, and never takes
a bool for a number. A literal in a file also says in JSON what JSON has no values for. A `convert` node is told to
convert, so it may parse and cut off.
"""

from __future__ import annotations

import base64
import enum
import math
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath, PurePosixPath
from typing import Any, Final, Literal, NamedTuple

import attrs

from nodeflow.errors import ConversionError
from nodeflow.values import texts
from nodeflow.values.messages import short
from nodeflow.values.plain import to_text
from nodeflow.values.structuring import explain, structure
from nodeflow.values.types import INT, SocketType

Convert = Callable[[Any, SocketType], Any]


class Way(NamedTuple):  # not attrs: these are made when nodeflow is imported
    """One way to convert: in words for the docs, and the function."""

    words: str
    convert: Convert


class Conversion(NamedTuple):
    """One row of the table: values of a kind, and what becomes of them as values of a type of a kind.

    Attributes:
        source: Kind of the value; `object` is any that has no name among the types.
        target: Kind of the type.
        example: A value of the one kind that converts to the other.
        wire: What a connection does.
        file: What a literal or an input in a file means.
        node: What the `convert` node does.
    """

    source: str
    target: str
    example: Any
    wire: Way | None
    file: Way | None
    node: Way | None


_KINDS: Final = (
    (bool, "bool"), (int, "int"), (float, "float"), (str, "text"), (list, "list"), (tuple, "tuple"),
    (dict, "dict"), (bytes, "bytes"), (datetime, "datetime"), (date, "date"), (timedelta, "duration"),
    (PurePath, "path"), (types.NoneType, "none"),
)  # fmt: skip


def kind_of(cls: type) -> str:
    """The row of the table for values of a class: an `IntEnum` converts like any int."""
    return next((kind for each, kind in _KINDS if issubclass(cls, each)), "object")


_HINTS: Final[Mapping[tuple[str, str], str]] = {
    **{("text", kind): "a wire never parses text" for kind in ("int", "float", "bool", "date", "datetime", "duration")},
    ("bool", "int"): "a bool is not a number",
    ("bool", "float"): "a bool is not a number",
    ("datetime", "date"): "its time would be lost",
}


def misfit(value: Any, target: SocketType, why: str = "") -> ConversionError:
    """The error for a value that cannot become one of the type."""
    why = why or _HINTS.get((kind_of(type(value)), target.kind), "")
    return ConversionError(f"{short(value)} does not fit {target.name}" + (f": {why}" if why else ""))


# --- the ways -----------------------------------------------------------------------------------------


def _finite(value: Any, target: SocketType) -> Any:
    try:
        return float(value)
    except OverflowError:
        raise misfit(value, target, "it is too large") from None


def _integral(value: Any, target: SocketType) -> Any:
    if math.isfinite(value) and value == math.floor(value):
        return int(value)
    raise misfit(value, target, "it is not integral")


def _truncated(value: Any, target: SocketType) -> Any:
    if math.isfinite(value):
        return int(value)
    raise misfit(value, target, "it has no whole part")


def _member(value: Any, target: SocketType) -> Any:
    assert target.cls is not None
    found = [member for member in typing.cast(type[enum.Enum], target.cls) if member.value == value]
    if not found:
        known = ", ".join(short(member.value) for member in typing.cast(type[enum.Enum], target.cls))
        raise misfit(value, target, f"its members are {known}")
    return found[0]


def _structure(value: Any, target: SocketType) -> Any:
    try:
        return structure(value, target.cls)
    except Exception as error:  # the class's own validators may raise anything
        why = explain(error)
    # Out of the `except`: what cattrs raises nests as deeply as the value, and would be chained.
    raise misfit(value, target, why)


def _read(reader: Callable[[str], Any]) -> Convert:
    """A way that reads a text."""

    def convert(value: Any, target: SocketType) -> Any:
        try:
            return reader(value)
        except ValueError as error:
            raise misfit(value, target, str(error)) from None

    return convert


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError("it is not base64") from None


def _from_utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError("it has half a character in it, which is not UTF-8") from None


def _seconds(value: Any, target: SocketType) -> Any:
    try:
        return timedelta(seconds=value)
    except (ValueError, OverflowError):
        raise misfit(value, target, "it is not a number of seconds that a duration can have") from None


def _moment(value: Any, target: SocketType) -> Any:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
    except (ValueError, OverflowError):
        raise misfit(value, target, "it is not a number of seconds since 1970 up to the year 9999") from None


def _pairs_as_dict(value: Any, target: SocketType) -> Any:
    fresh: dict[str, Any] = {}
    for number, pair in enumerate(value):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise misfit(value, target, f"item {number}, {short(pair)}, is not a pair of a key and a value")
        key = pair[0]
        if isinstance(key, bool) or not isinstance(key, (str, int, float)):
            raise misfit(value, target, f"key {short(key)} of item {number} is neither text nor a number")
        fresh[to_text(key)] = pair[1]
    return fresh


def _items_as_bytes(value: Any, target: SocketType) -> Any:
    if not all(isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 256 for item in value):
        raise misfit(value, target, "its items are not whole numbers from 0 to 255")
    return bytes(value)


def _fields_as_dict(value: Any, target: SocketType) -> Any:
    if not attrs.has(type(value)):
        raise misfit(value, target)
    return {each.name: getattr(value, each.name, None) for each in attrs.fields(type(value))}


def _set_as_list(value: Any, target: SocketType) -> Any:
    if not isinstance(value, (set, frozenset)):
        raise misfit(value, target)
    return sorted(value, key=short)  # the order of a set differs from process to process


# --- the table ----------------------------------------------------------------------------------------

_Said = tuple[str, Convert] | Literal["as on a wire"] | None
_SAME: Final = "as on a wire"


def _row(
    source: str, target: str, example: Any, wire: _Said, *, file: _Said = _SAME, node: _Said = _SAME
) -> Conversion:
    ways = [Way(*said) if isinstance(said, tuple) else None for said in (
        wire, wire if file == _SAME else file, wire if node == _SAME else node
    )]  # fmt: skip
    return Conversion(source, target, example, *ways)


def _by_node(source: str, target: str, example: Any, words: str, convert: Convert, *, file: _Said = None) -> Conversion:
    """What no wire does."""
    return _row(source, target, example, None, file=file, node=(words, convert))


_text: Final[Convert] = lambda value, _: to_text(value)  # noqa: E731
_list: Final[Convert] = lambda value, _: list(value)  # noqa: E731
_number: Final[Convert] = lambda value, target: (target.cls or int)(value)  # noqa: E731
_ISO: Final = "as ISO 8601 writes it"

CONVERSIONS: Final[Mapping[tuple[str, str], Conversion]] = {
    (row.source, row.target): row
    for row in (
        _row("int", "float", 3, ("unless it is too large", _finite)),
        _row("float", "int", 3.0, ("if it is integral", _integral), node=("its whole part", _truncated)),
        _row("int", "text", 3, ("its digits", _text)),
        _row("float", "text", 3.0, ("the shortest form, without `.0`", _text)),
        _row("bool", "text", True, ("`true` or `false`", _text)),
        _row("none", "text", None, ("the empty text", _text)),
        _row("datetime", "text", datetime(2026, 2, 28, 12), (_ISO, _text)),
        _row("date", "text", date(2026, 2, 28), (_ISO, _text)),
        _row("duration", "text", timedelta(minutes=90), (_ISO, _text)),
        _row("path", "text", PurePosixPath("a/b"), ("with `/` between its parts", _text)),
        _row("text", "path", "a/b", ("the path that it names", lambda value, _: PurePath(value))),
        _row("tuple", "list", (1, 2), ("a list of its items", _list)),
        _row("list", "tuple", [1, 2], ("a tuple of its items", lambda value, _: tuple(value)), node=None),
        _row("text", "enum", "red", ("the member with that value", _member), node=None),
        _row("int", "enum", 1, ("the member with that value", _member), node=None),
        _row("dict", "class", {"name": "Ada"}, ("an instance, by cattrs; fields as in a file, no others", _structure),
             node=None),
        _by_node("list", "text", [1, "a"], "compact JSON", _text),
        _by_node("tuple", "text", (1, "a"), "compact JSON", _text),
        _by_node("dict", "text", {"a": 1}, "compact JSON", _text),
        _by_node("bytes", "text", b"abc", "base64", _text),
        _by_node("object", "text", frozenset({1}), "as `to_text` says it: fields as JSON, an enum's value", _text),
        _by_node("text", "int", " 12", "the whole number that it says", _read(texts.read_int)),
        _by_node("bool", "int", True, "1 or 0", _number),
        _by_node("duration", "int", timedelta(seconds=1.5), "whole seconds",
                 lambda value, _: int(value.total_seconds())),
        _by_node("text", "float", "2.5e3", "the number that it says", _read(texts.read_float)),
        _by_node("bool", "float", True, "1 or 0", _number),
        _by_node("duration", "float", timedelta(seconds=1.5), "seconds", lambda value, _: value.total_seconds()),
        _by_node("text", "bool", "True", "`true` or `false` in any letter case", _read(texts.read_bool)),
        _by_node("int", "bool", 1, "whether it is not 0", _number),
        _by_node("float", "bool", 0.5, "whether it is not 0", _number),
        _by_node("text", "list", "abc", "its characters", _list),
        _by_node("bytes", "list", b"abc", "its bytes, as numbers", _list),
        _by_node("dict", "list", {"a": 1}, "its pairs of a key and a value",
                 lambda value, _: [[key, item] for key, item in value.items()]),
        _by_node("object", "list", frozenset({2, 1}), "the items of a set, sorted", _set_as_list),
        _by_node("list", "dict", [["a", 1], ["b", 2]], "from its pairs of a key and a value", _pairs_as_dict),
        _by_node("tuple", "dict", (("a", 1),), "from its pairs of a key and a value", _pairs_as_dict),
        _by_node("object", "dict", INT, "its fields", _fields_as_dict),
        _by_node("text", "bytes", "YWJj", "in UTF-8", _read(_from_utf8), file=("base64", _read(_from_base64))),
        _by_node("list", "bytes", [97, 98], "from numbers from 0 to 255", _items_as_bytes),
        _by_node("tuple", "bytes", (97, 98), "from numbers from 0 to 255", _items_as_bytes),
        _by_node("text", "date", "2026-02-28", _ISO, _read(texts.read_date), file=(_ISO, _read(texts.read_date))),
        _by_node("datetime", "date", datetime(2026, 2, 28, 12), "its day", lambda value, _: value.date()),
        _by_node("text", "datetime", "2026-02-28T12:00:00", _ISO, _read(texts.read_datetime),
                 file=(_ISO, _read(texts.read_datetime))),
        _by_node("date", "datetime", date(2026, 2, 28), "its midnight, in no zone",
                 lambda value, _: datetime(value.year, value.month, value.day)),
        _by_node("int", "datetime", 1772236800, "seconds since 1970, in UTC", _moment),
        _by_node("float", "datetime", 0.5, "seconds since 1970, in UTC", _moment),
        _by_node("text", "duration", "PT1H30M", _ISO, _read(texts.read_duration),
                 file=(_ISO, _read(texts.read_duration))),
        _by_node("int", "duration", 90, "so many seconds", _seconds, file=("so many seconds", _seconds)),
        _by_node("float", "duration", 1.5, "so many seconds", _seconds, file=("so many seconds", _seconds)),
    )
}  # fmt: skip
"""Every conversion, by kind of the value and kind of the type (3.6)."""

Ways = Mapping[tuple[str, str], Convert]

ON_WIRES: Final[Ways] = {key: row.wire.convert for key, row in CONVERSIONS.items() if row.wire}
IN_FILES: Final[Ways] = {key: row.file.convert for key, row in CONVERSIONS.items() if row.file}
BY_NODES: Final[Ways] = {key: row.node.convert for key, row in CONVERSIONS.items() if row.node}
