"""Some of SQLite's functions on texts, in time that grows with the text and no faster.

SQLite can be told to stop between two of its steps, not within one. Its own `trim`, `replace` and `instr` take the
product of the lengths of their arguments: hours, for two texts of a megabyte. These do the same and take milliseconds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any


def install(connection: sqlite3.Connection, longest: int) -> None:
    """Put these functions in place of SQLite's own.

    Args:
        connection: Where to.
        longest: How long a text may become.
    """

    def replace(value: Any, part: Any, by: Any) -> Any:
        if value is None or part is None:
            return None
        text, old = _text(value), _text(part)
        if not old:
            return value
        if by is None:
            return None
        new = _text(by)
        if len(text) + text.count(old) * max(0, len(new) - len(old)) > longest:
            raise OverflowError  # to SQLite: string or blob too big
        return text.replace(old, new)

    connection.create_function("replace", 3, replace, deterministic=True)
    connection.create_function("instr", 2, instr, deterministic=True)
    for name, left, right in (("trim", True, True), ("ltrim", True, False), ("rtrim", False, True)):
        for count in (1, 2):
            connection.create_function(name, count, _trimming(left, right), deterministic=True)


def instr(text: Any, part: Any) -> int | None:
    """Where a part begins, from 1; 0 if it is not there.

    >>> instr("hello", "l"), instr(b"ab", b"b"), instr("a", "x"), instr(None, "x"), instr(12.0, ".")
    (3, 2, 0, None, 3)
    """
    if text is None or part is None:
        return None
    if isinstance(text, bytes) and isinstance(part, bytes):
        return text.find(part) + 1
    return _text(text).find(_text(part)) + 1


def _trimming(left: bool, right: bool) -> Callable[..., str | None]:
    def trim(value: Any, letters: Any = " ") -> str | None:
        if value is None or letters is None:
            return None
        text, away = _text(value), set(_text(letters))
        start, end = 0, len(text)
        while left and start < end and text[start] in away:
            start += 1
        while right and start < end and text[end - 1] in away:
            end -= 1
        return text[start:end]

    return trim


def _text(value: Any) -> str:
    """A value as SQLite writes it.

    >>> [_text(each) for each in ("a", 3, 3.0, 0.1, 1e20, b"x")]
    ['a', '3', '3.0', '0.1', '1.0e+20', 'x']
    """
    if isinstance(value, bytes):
        return value.partition(b"\0")[0].decode("utf-8", "replace")
    if not isinstance(value, float):
        return str(value)
    digits, e, exponent = f"{value:.15g}".partition("e")
    return digits + ("" if "." in digits or "n" in digits else ".0") + e + exponent
