"""JSON as text: reading it, writing it."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NamedTuple, NoReturn

from nodeflow.library.inputs import check_choice
from nodeflow.library.patterns import compiled_later
from nodeflow.node import Option, data_node
from nodeflow.values import short, to_json

MOST_ITEMS: Final = 2_000_000
"""The most items and keys in a value that is written. What is in a list twice counts twice, as it is written twice."""

MOST_CHARACTERS: Final = 256 * 2**20
"""The most characters, and bytes, in its texts."""

_MANY_BITS: Final = 14_000


class Parsed(NamedTuple):
    """What a text says, and whether it says such a thing."""

    result: Any
    success: bool


class NotJson(ValueError):
    """A text is not JSON; names line and column."""


@data_node("json.parse")
def parse(text: str = "", invalid: Option[str] = "error") -> Parsed:
    """The value that a JSON text means. Fails with `NotJson`, a `ValueError`, naming line and column.

    NaN and infinities are not JSON. Of a key that stands twice in one object, the last one counts.

    Args:
        invalid: What a text gives that is not JSON: `error`, or `none` with `success` false.
        success: Whether it is JSON.

    >>> parse('{"a": [1, 2.5, null]}').result
    {'a': [1, 2.5, None]}
    >>> parse("[1,")
    Traceback (most recent call last):
    nodeflow.library.json_text.NotJson: not JSON in line 1, column 4, at the end of the text: Expecting value
    """
    check_choice("invalid", invalid, "error", "none")
    try:
        return Parsed(_read(text), True)
    except NotJson:
        if invalid == "error":
            raise
        return Parsed(None, False)


def _read(text: str) -> Any:
    text = text.removeprefix("\ufeff")  # files from Windows begin with it
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        at = f"at {short(text[error.pos :], 30)}" if text[error.pos :] else "at the end of the text"
        why = f"not JSON in line {error.lineno}, column {error.colno}, {at}: {error.msg}"
    except RecursionError:
        why = "this JSON is nested too deeply to be read"
    except NotJson:
        raise
    except ValueError:
        why = "a number in this JSON has too many digits to be read"
    raise NotJson(why)


def _no_constant(name: str) -> NoReturn:
    raise NotJson(f"not JSON: {name} is no number of JSON")


# --- writing ------------------------------------------------------------------------------------------


@data_node("json.to_text")
def to_text(
    value: Any = None,
    indented: bool = False,
    sorted: Option[bool] = False,
    escape: Option[str] = "needed",
    numbers: Option[str] = "exact",
    unfit: Option[str] = "error",
) -> str:
    """The value as JSON text. Dates become ISO 8601, bytes base64, attrs objects and tuples objects and arrays.

    Fails with `ValueError` if there is a NaN or an infinity in it, if it is nested more deeply than Python can write
    (some 1000 levels), or has more than 2,000,000 items and keys, or 256 MiB of text in it.

    Args:
        indented: On many lines, by two spaces a level; else on one line, without spaces.
        sorted: Keys in the order of the alphabet; else in their own.
        escape: What is written as `\\uXXXX`: what is `needed`; all but `ascii`; or also what HTML uses (`html`).
        numbers: `exact`: a fraction that is whole keeps its `.0`; `short`: it is written without.
        unfit: What a value gives that cannot be JSON: `error`, or the text `null`.

    >>> to_text({"b": [1, 2.0, None], "a": "é<"})
    '{"b":[1,2.0,null],"a":"é<"}'
    >>> print(to_text({"b": 1.0, "a": "é<"}, indented=True, sorted=True, escape="html", numbers="short"))
    {
      "a": "\\u00E9\\u003C",
      "b": 1
    }
    """
    check_choice("escape", escape, "needed", "ascii", "html")
    check_choice("numbers", numbers, "exact", "short")
    check_choice("unfit", unfit, "error", "null")
    try:
        text = _written(value, indented, sorted, escape != "needed", numbers == "short")
    except ValueError:
        if unfit == "error":
            raise
        return "null"
    return _IN_QUOTES.sub(_html_string, text) if escape == "html" else text


def _written(value: Any, indented: bool, sorted: bool, ascii: bool, shorten: bool) -> str:
    _check_size(value)
    root = [to_json(value)]
    _check_numbers(root, shorten)
    try:
        return json.dumps(
            root[0], ensure_ascii=ascii, allow_nan=False, sort_keys=sorted,
            indent=2 if indented else None, separators=(",", ": ") if indented else (",", ":"),
        )  # fmt: skip
    except RecursionError:
        raise ValueError(f"{short(value)} is nested too deeply to be JSON text") from None


def _check_numbers(root: list[Any], shorten: bool) -> None:
    """Refuse what is no number in JSON; make whole fractions ints. Changes the data, which `to_json` has made."""
    todo: list[Any] = [root]
    while todo:
        holder = todo.pop()
        pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, item in [*pairs] if shorten else pairs:
            if isinstance(item, dict | list):
                todo.append(item)
            elif isinstance(item, float):
                if not math.isfinite(item):
                    place = "" if holder is root else f", at {short(key)},"
                    raise ValueError(f"JSON has no {item}{place}; only numbers that are finite")
                if shorten and item.is_integer() and abs(item) < 1e16:
                    holder[key] = int(item)


def _check_size(value: Any) -> None:
    """Refuse what is too large, and ints that Python does not write: `to_json` would put a text in their place."""
    items, characters = MOST_ITEMS, MOST_CHARACTERS
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict | list | tuple):
            items -= len(item)
            if items < 0:
                raise ValueError(f"{short(value)} is too large for JSON text: more than {MOST_ITEMS} items and keys")
            todo.extend(item.values() if isinstance(item, dict) else item)
            characters -= sum(map(len, filter(_is_text, item))) if isinstance(item, dict) else 0
        elif isinstance(item, str | bytes):
            characters -= len(item)
        elif isinstance(item, int) and item.bit_length() >= _MANY_BITS:
            raise ValueError(f"{short(item)} has too many digits to be JSON text")
        if characters < 0:
            raise ValueError(f"{short(value)} is too large for JSON text: more than {MOST_CHARACTERS} characters")


def _is_text(key: Any) -> bool:
    return isinstance(key, str)


_IN_QUOTES: Final = compiled_later(r'"(?:[^"\\]|\\.)*"')
_IN_STRING: Final = compiled_later(r"""\\u[0-9a-f]{4}|\\"|\\.|[<>&'+`]""")


def _html_string(string: re.Match[str]) -> str:
    return '"' + _IN_STRING.sub(_html_character, string[0][1:-1]) + '"'


def _html_character(found: re.Match[str]) -> str:
    """As .NET writes it: upper case, and a quote as a number too."""
    part = found[0]
    if part.startswith("\\u"):
        return "\\u" + part[2:].upper()
    if part == '\\"':
        return "\\u0022"
    return part if part.startswith("\\") else f"\\u{ord(part):04X}"
