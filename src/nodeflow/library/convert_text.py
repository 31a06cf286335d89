"""Numbers as formatted text, types by name, characters and their codes: the other half of category `convert`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final

from nodeflow.library import dotnet_numbers
from nodeflow.library.inputs import check_choice
from nodeflow.library.math_limits import wrapped
from nodeflow.library.patterns import compiled_later
from nodeflow.node import Option, data_node
from nodeflow.values import ANY, short, to_text, type_from_annotation

MOST_WIDTH: Final = 1000
"""The greatest width and precision that a format may ask for."""

_SPEC: Final = compiled_later(r"(?:.?[<>=^])?[+\- ]?z?#?0?(\d*)[,_]?(?:\.(\d+))?[bdeEfFgGoxX%]?", re.DOTALL | re.ASCII)

Number = int | float


@data_node("convert.format_number")
def format_number(value: Number = 0, format: str = "", style: Option[str] = "python") -> str:
    """A number as text in a given form, such as `.2f`, `,d`, `05d`, `.1%`, `x`. Fails with `ValueError` for others.

    Args:
        format: As behind the colon in Python's `f"{value:.2f}"`, at most 1000 wide; empty: the shortest form.
        style: `python`, or `dotnet` for formats as `F2`, `N0`, `P1`, `#,##0.00`, in the invariant culture.

    >>> format_number(1234.5, ",.2f"), format_number(0.256, ".0%"), format_number(255, "#x"), format_number(2.0)
    ('1,234.50', '26%', '0xff', '2')
    >>> format_number(1234.5, "N1", style="dotnet")
    '1,234.5'
    """
    check_choice("style", style, "python", "dotnet")
    if style == "dotnet":
        return dotnet_numbers.format_number(value, format)
    if not format:
        return to_text(value)
    found = _SPEC.fullmatch(format)
    if found is None:
        raise ValueError(f"{short(format)} is no format for a number; formats are such as '.2f', ',d', '05d', '.1%'")
    if any(len(size) > 4 or int(size) > MOST_WIDTH for size in found.groups() if size):
        raise ValueError(f"format {short(format)}: the width and the precision are at most {MOST_WIDTH}")
    if isinstance(value, int) and value.bit_length() > 13_000:
        raise ValueError(f"{short(value)} has too many digits for a format")
    try:
        return value.__format__(format)
    except OverflowError:
        raise ValueError(f"{short(value)} is too large for the format {short(format)}") from None
    except ValueError as error:  # as with `d` for a number that has a fraction
        raise ValueError(f"format {short(format)} is not for {short(value)}: {error}") from None


DOTNET: Final = (
    (bool, "Boolean"), (float, "Double"), (str, "String"), (list, "SerializableList"), (tuple, "SerializableList"),
    (dict, "SerializableDict"), (datetime, "DateTime"), (timedelta, "TimeSpan"), (bytes, "Byte[]"),
)  # fmt: skip
"""Names of types there."""


@data_node("convert.type_name")
def type_name(value: Any = None, style: Option[str] = "plain") -> str:
    """The name of a value's type: `int`, `text`, `list`, `none`, ... or the name of its class.

    Args:
        style: `plain`, or `dotnet`: `Int32`, `Double`, `String`, `Boolean`, `SerializableList`, ..., `null`.

    >>> [type_name(value) for value in (1, 1.0, "a", None, [1], True)]
    ['int', 'float', 'text', 'none', 'list', 'bool']
    >>> type_name(1, style="dotnet")
    'Int32'
    """
    check_choice("style", style, "plain", "dotnet")
    if style == "dotnet":
        if value is None:
            return "null"
        if isinstance(value, int) and not isinstance(value, bool):
            return next(
                (name for bits, name in ((32, "Int32"), (64, "Int64")) if wrapped(value, bits) == value), "BigInteger"
            )
        found = next((name for cls, name in DOTNET if isinstance(value, cls)), None)
        if found is not None:
            return found
    kind = type_from_annotation(type(value))
    return type(value).__name__ if kind == ANY else kind.name


# --- characters ---------------------------------------------------------------------------------------


@data_node("convert.character_at")
def character_at(
    text: str = "", index: int = 0, outside: Option[str] = "error", negative: Option[str] = "from_end"
) -> str:
    """The character at `index`, from 0. Fails with `IndexError` outside of the text.

    Args:
        outside: What an index outside of the text gives: `error`, or `empty` text.
        negative: A negative index counts `from_end` (-1 is the last), or is `outside`.

    >>> character_at("abc", 1), character_at("abc", -1), character_at("abc", 3, outside="empty")
    ('b', 'c', '')
    """
    check_choice("outside", outside, "error", "empty")
    check_choice("negative", negative, "from_end", "outside")
    if -len(text) <= index < len(text) and (index >= 0 or negative == "from_end"):
        return text[index]
    if outside == "empty":
        return ""
    raise IndexError(f"index {short(index)} is outside of a text of {len(text)} characters")


@data_node("convert.character_code")
def character_code(text: str = "", empty: Option[str] = "error") -> int:
    """The Unicode number of the first character. Fails with `ValueError` if there is none.

    Args:
        empty: What empty text gives: `error`, or `zero`.

    >>> character_code("A"), character_code("😀"), character_code("", empty="zero")
    (65, 128512, 0)
    """
    check_choice("empty", empty, "error", "zero")
    if not text and empty == "error":
        raise ValueError("an empty text has no first character")
    return ord(text[0]) if text else 0


@data_node("convert.from_character_code")
def from_character_code(code: int, bits: Option[int | None] = None) -> str:
    """The character with a Unicode number. Fails with `ValueError` if there is none.

    Args:
        bits: Only so many bits of the number count; then half of a pair (0xD800 to 0xDFFF) is `\\ufffd`.

    >>> from_character_code(65), from_character_code(128512), from_character_code(65 + 2**16, bits=16)
    ('A', '😀', 'A')
    """
    if bits is not None:
        if not 1 <= bits <= 32:
            raise ValueError(f"`bits` must be from 1 to 32, not {short(bits)}")
        code %= 1 << bits
    if 0xD800 <= code <= 0xDFFF and bits is not None:
        return "\ufffd"
    if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError(
            f"{short(code)} is the number of no character; they go from 0 to 1114111, without 55296 to 57343"
        )
    return chr(code)
