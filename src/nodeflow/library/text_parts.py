"""Text: parts of it, taking it apart and putting it together."""

from __future__ import annotations

import builtins
from typing import Any

from nodeflow.library.inputs import check_choice
from nodeflow.library.text_format import dotnet_text
from nodeflow.library.text_limits import joined, within_parts
from nodeflow.node import Option, data_node
from nodeflow.values import short, to_text

# --- parts --------------------------------------------------------------------------------------------


@data_node("text.slice")
def slice(value: str = "", start: int = 0, length: int = -1, negative: Option[str] = "from_end") -> str:
    """So many characters of a text. What lies beyond its ends is not there, so a part may be shorter, or empty.

    Args:
        start: Where to begin, from 0.
        length: How many characters; -1, or any negative number: all from there.
        negative: What a negative `start` is: `from_end` counts from the end, `zero` begins at the start.

    >>> slice("nodeflow", 4), slice("nodeflow", 0, 4), slice("nodeflow", -4, 2), slice("abc", 9)
    ('flow', 'node', 'fl', '')
    >>> slice("nodeflow", -4, 2, negative="zero")
    'no'
    """
    check_choice("negative", negative, "from_end", "zero")
    if start < 0:
        start = max(0, start + len(value)) if negative == "from_end" else 0
    return value[start:] if length < 0 else value[start : start + length]


@data_node("text.truncate")
def truncate(value: str = "", length: int = 80, ending: str = "…") -> str:
    """The text if it is short enough, else its start and the ending, together of that length.

    Fails with `ValueError` if `length` is negative. An ending that is longer than `length` is cut.

    >>> truncate("A long story", 7), truncate("short", 7), truncate("A long story", 7, "...")
    ('A long…', 'short', 'A lo...')
    """
    if length < 0:
        raise ValueError(f"`length` must be 0 or more, not {short(length)}")
    if len(value) <= length:
        return value
    ending = ending[:length]
    return value[: length - len(ending)] + ending


@data_node("text.characters")
def characters(value: str = "") -> list[str]:
    """The characters of a text, at most 1,000,000.

    >>> characters("abc")
    ['a', 'b', 'c']
    """
    within_parts(len(value))
    return builtins.list(value)


# --- taking apart -------------------------------------------------------------------------------------


@data_node("text.split")
def split(
    value: str = "",
    delimiter: str = ",",
    limit: int = -1,
    empty_delimiter: Option[str] = "whole",
    trim: Option[bool] = False,
    skip_empty: Option[bool] = False,
) -> list[str]:
    """The parts between the delimiters, at most 1,000,000; an empty text has one empty part.

    Args:
        delimiter: The whole text that stands between two parts.
        limit: How many times to split at most, from the start; -1: everywhere.
        empty_delimiter: What an empty delimiter does: `whole` leaves the text in one part, `characters` makes a part
            of each character.
        trim: Leave out white space at the ends of each part.
        skip_empty: Leave out empty parts.

    >>> split("a,,b"), split("a: b: c", ": ", 1), split("", ",")
    (['a', '', 'b'], ['a', 'b: c'], [''])
    >>> split("a, , b", trim=True, skip_empty=True), split("ab", ""), split("ab", "", empty_delimiter="characters")
    (['a', 'b'], ['ab'], ['a', 'b'])
    """
    check_choice("empty_delimiter", empty_delimiter, "whole", "characters")
    if delimiter:
        found = value.count(delimiter)
        within_parts((found if limit < 0 else min(limit, found)) + 1)
        parts = value.split(delimiter, -1 if limit < 0 else min(limit, found))
    elif empty_delimiter == "whole":
        parts = [value]
    else:
        within = len(value) if limit < 0 else min(limit, len(value))
        within_parts(within)
        parts = [*value[:within], *([value[within:]] if within < len(value) else [])] or [""]
    if trim:
        parts = [part.strip() for part in parts]
    return [part for part in parts if part] if skip_empty else parts


@data_node("text.split_lines")
def split_lines(value: str = "", skip_empty: Option[bool] = False) -> list[str]:
    r"""The lines of a text without what ends them (`\n`, `\r\n`, `\r` and the rarer ones), at most 1,000,000.

    Args:
        skip_empty: Leave out lines that are empty or nothing but white space.

    >>> split_lines("a\r\nb\n\nc\n"), split_lines("a\n\nb", skip_empty=True), split_lines("")
    (['a', 'b', '', 'c'], ['a', 'b'], [])
    """
    lines = value.splitlines()
    within_parts(len(lines))
    return [line for line in lines if line.strip()] if skip_empty else lines


@data_node("text.wrap")
def wrap(value: str = "", width: int = 80) -> list[str]:
    """The text in lines of at most so many characters, broken at white space; longer words are broken too.

    White space between words becomes one space. Fails with `ValueError` for a width below 1, and for more than
    1,000,000 lines.

    >>> wrap("The quick brown fox", 10), wrap("unbreakable", 4), wrap("")
    (['The quick', 'brown fox'], ['unbr', 'eaka', 'ble'], [])
    """
    if width < 1:
        raise ValueError(f"`width` must be 1 or more, not {short(width)}")
    lines: list[str] = []
    line: list[str] = []  # the words of the line that is being filled, and how much room is left in it
    room = width
    for word in value.split():
        for start in range(0, len(word), width):
            piece = word[start : start + width]
            if line and len(piece) + 1 > room:
                lines.append(" ".join(line))
                line, room = [], width
                within_parts(len(lines) + 1)
            room -= len(piece) + (1 if line else 0)
            line.append(piece)
    return [*lines, " ".join(line)] if line else lines


# --- putting together ---------------------------------------------------------------------------------


@data_node("text.join")
def join(
    list: builtins.list[Any] = [],  # noqa: B006 - values are never changed
    separator: str = ", ",
    style: Option[str] = "plain",
) -> str:
    """All items as text, with the separator between them.

    Args:
        style: How items become text: `plain`, or `dotnet`: truth values as `True` and `False`, numbers as .NET writes
            them.

    >>> join([1.0, "a", None, True]), join([], "-"), join(["a", True], "", style="dotnet")
    ('1, a, , true', '', 'aTrue')
    """
    check_choice("style", style, "plain", "dotnet")
    return joined(map(to_text if style == "plain" else dotnet_text, list), separator, "the joined text")
