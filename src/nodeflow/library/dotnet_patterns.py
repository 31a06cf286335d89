r"""Regular expressions and replacements as .NET has them, in the words of re2: for imported files.

`\d`, `\w` and `\s` know all languages there. What re2 has no word for stays, and fails or differs: `\b` knows ASCII
only, `$` does not match before a last line end, `[a-z-[aeiou]]` takes nothing away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from nodeflow.library.patterns import compiled_later

_WORD: Final = r"\p{L}\p{Mn}\p{Nd}\p{Pc}"
_SPACE: Final = r"\s\x{B}\x{85}\p{Z}"

_CLASSES: Final[Mapping[str, str]] = {
    r"\d": r"\p{Nd}", r"\D": r"\P{Nd}", r"\w": f"[{_WORD}]", r"\W": f"[^{_WORD}]",
    r"\s": f"[{_SPACE}]", r"\S": f"[^{_SPACE}]",
}  # fmt: skip

_WITHIN: Final[Mapping[str, str]] = {r"\d": r"\p{Nd}", r"\D": r"\P{Nd}", r"\w": _WORD, r"\s": _SPACE}

_PIECE: Final = compiled_later(r"\\u([0-9A-Fa-f]{4})|\\.|\(\?'(\w+)'|.", re.DOTALL)


def translated(pattern: str) -> str:
    r"""A pattern for .NET as one for re2.

    >>> translated(r"(?'n'\d)[\d-]\u00e9")
    '(?P<n>\\p{Nd})[\\p{Nd}-]\\x{00e9}'
    """
    parts: list[str] = []
    inside = 0  # where the class began that we are in, plus 1; its first character may be `]`
    for piece in _PIECE.finditer(pattern):
        text = piece.group()
        if piece[1]:
            text = rf"\x{{{piece[1]}}}"
        elif piece[2] and not inside:
            text = f"(?P<{piece[2]}>"
        elif text == "[" and not inside:
            inside = piece.start() + 1
        elif text == "]" and inside and piece.start() > inside + pattern.startswith("^", inside):
            inside = 0
        parts.append((_WITHIN if inside else _CLASSES).get(text, text) if text[0] == "\\" else text)
    return "".join(parts)


def group_numbers(groups: int, names: Mapping[str, int]) -> dict[str, int]:
    """Which of re2's groups a reference of .NET means: there those with names are counted last.

    >>> group_numbers(2, {"year": 1})
    {'0': 0, '1': 2, '2': 1, 'year': 1}
    """
    named = sorted(names.values())
    order = [0, *(number for number in range(1, groups + 1) if number not in named), *named]
    return {**{str(said): number for said, number in enumerate(order)}, **names}


_DOLLAR: Final = compiled_later(r"\$(?:([0-9]+)|\{(\w+)\}|([$&`'+_]))", re.ASCII)


def dollar_parts(replacement: str, numbers: Mapping[str, int]) -> Callable[[Any], Iterator[str]]:
    """What makes of a match the pieces of what replaces it. A `$` that refers to nothing is itself."""
    parts: list[str | Callable[[Any], str]] = []
    end = 0
    signs = {**_SIGNS, "+": _group(numbers[str(max(int(name) for name in numbers if name.isdecimal()))])}
    for found in _DOLLAR.finditer(replacement):
        name, sign = found[1] or found[2], found[3]
        name = name.lstrip("0") or "0" if name and name.isdecimal() else name
        if name is not None and name not in numbers:
            continue
        parts.append(replacement[end : found.start()])
        parts.append(signs[sign] if sign else _group(numbers[name]))
        end = found.end()
    parts.append(replacement[end:])
    return lambda match: (part if isinstance(part, str) else part(match) for part in parts if part != "")


def _group(number: int) -> Callable[[Any], str]:
    return lambda match: match.group(number) or ""


_SIGNS: Final[Mapping[str, Callable[[Any], str]]] = {
    "$": lambda match: "$",
    "&": lambda match: match.group(),
    "`": lambda match: match.string[: match.start()],
    "'": lambda match: match.string[match.end() :],
    "_": lambda match: match.string,
}
