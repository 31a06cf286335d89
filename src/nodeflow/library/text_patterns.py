r"""Text: regular expressions, by re2, in time that is linear in the text: no pattern can hang the host.

What would need to try again and again is not there: no lookahead, lookbehind or references to groups within a
pattern; such a pattern fails and says so. `\w`, `\d`, `\s` and `\b` know ASCII only (`\pL` is a letter of any
language). A pattern has at most 1,000 characters, and a node takes at most some seconds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from nodeflow.library.dotnet_patterns import dollar_parts, group_numbers, translated
from nodeflow.library.extras import need
from nodeflow.library.inputs import check_choice
from nodeflow.library.patterns import compiled_later
from nodeflow.library.text_limits import joined
from nodeflow.node import Option, data_node
from nodeflow.values import short

MOST_CHARACTERS: Final = 1_000
"""The longest pattern."""

MOST_MEMORY: Final = 2 << 20
"""Bytes that re2 may take for one pattern."""

MOST_WORK: Final = 200_000_000
"""Instructions of the compiled pattern, times bytes of the text: one search takes at most one or two seconds."""

MOST_SECONDS: Final = 2.0
"""Of processor time for all matches of one call: finding them all may be quadratic though each one is linear."""

MOST_MATCHES: Final = 100_000


class InvalidPattern(ValueError):
    """A pattern is no regular expression."""


class UnsupportedPattern(ValueError):
    """A pattern asks for what re2 does not have, or takes too much memory or time."""


class Match(NamedTuple):
    """The first match of a pattern."""

    match: str
    success: bool
    start: int
    groups: list[Any]
    named: dict[str, Any]


class Matches(NamedTuple):
    """All matches of a pattern."""

    matches: list[str]
    groups: list[list[Any]]


_NO_MATCH: Final = Match("", False, -1, [], {})


# --- nodes --------------------------------------------------------------------------------------------


@data_node("text.regex_test")
def regex_test(
    value: str = "", pattern: str = "", whole: Option[bool] = False, ignore_case: Option[bool] = False
) -> bool:
    r"""Whether a regular expression matches somewhere in a text.

    Fails with `InvalidPattern` or `UnsupportedPattern` (both are kinds of `ValueError`).

    Args:
        whole: It must match the whole text.
        ignore_case: Upper and lower case are the same.

    >>> regex_test("order 42", r"\d+"), regex_test("order 42", r"\d+", whole=True)
    (True, False)
    """
    compiled = _compiled(pattern, ignore_case)
    _check_work(compiled, value)
    return (compiled.fullmatch(value) if whole else compiled.search(value)) is not None


@data_node("text.regex_match")
def regex_match(
    value: str = "",
    pattern: str = "",
    ignore_case: Option[bool] = False,
    syntax: Option[str] = "re2",
    invalid: Option[str] = "error",
) -> Match:
    r"""The first match of a regular expression.

    Fails with `InvalidPattern` or `UnsupportedPattern` (both are kinds of `ValueError`).

    Args:
        ignore_case: Upper and lower case are the same.
        syntax: `re2`, or `dotnet` for patterns written for .NET: `\w`, `\d` and `\s` then know all languages.
        invalid: What an invalid pattern does: `error`, or `no_match`.
        match: The text that matched; empty if there is none.
        success: Whether there is a match.
        start: Where it starts, from 0; -1 if there is none.
        groups: What the groups `(...)` of the pattern matched, in their order; null for one that took no part.
        named: What its groups `(?P<name>...)` matched, by name.

    >>> regex_match("order 42 of 99", r"(?P<what>\w+) (\d+)")
    Match(match='order 42', success=True, start=0, groups=['order', '42'], named={'what': 'order'})
    >>> regex_match("order", r"\d").success
    False
    """
    check_choice("invalid", invalid, "error", "no_match")
    try:
        compiled = _compiled(_in_syntax(pattern, syntax), ignore_case)
    except InvalidPattern:
        if invalid == "no_match":
            return _NO_MATCH
        raise
    _check_work(compiled, value)
    found = compiled.search(value)
    if found is None:
        return _NO_MATCH
    return Match(found.group(), True, found.start(), [*found.groups()], found.groupdict())


@data_node("text.regex_find_all")
def regex_find_all(value: str = "", pattern: str = "", ignore_case: Option[bool] = False) -> Matches:
    r"""All matches of a regular expression, from the start, without overlapping; at most 100,000.

    Fails with `InvalidPattern` or `UnsupportedPattern` (both are kinds of `ValueError`).

    Args:
        ignore_case: Upper and lower case are the same.
        matches: The texts that matched.
        groups: For each match what the groups `(...)` matched; null for one that took no part.

    >>> regex_find_all("a=1, b=22", r"(\w)=(\d+)")
    Matches(matches=['a=1', 'b=22'], groups=[['a', '1'], ['b', '22']])
    """
    found = [(match.group(), [*match.groups()]) for match in _matches(_compiled(pattern, ignore_case), value)]
    return Matches([text for text, _ in found], [groups for _, groups in found])


@data_node("text.regex_split")
def regex_split(value: str = "", pattern: str = "", limit: int = -1, ignore_case: Option[bool] = False) -> list[str]:
    r"""The parts of a text between the matches of a regular expression; matches of nothing do not count.

    Fails with `InvalidPattern` or `UnsupportedPattern` (both are kinds of `ValueError`).

    Args:
        limit: How many times to split at most; -1: everywhere.
        ignore_case: Upper and lower case are the same.

    >>> regex_split("a, b;c", r"[,;]\s*"), regex_split("a, b;c", r"[,;]\s*", 1)
    (['a', 'b', 'c'], ['a', 'b;c'])
    """
    parts: list[str] = []
    end = 0
    for match in _matches(_compiled(pattern, ignore_case), value):
        if limit == len(parts):
            break
        if match.end() > match.start():
            parts.append(value[end : match.start()])
            end = match.end()
    return [*parts, value[end:]]


@data_node("text.regex_replace")
def regex_replace(
    value: str = "",
    pattern: str = "",
    replacement: str = "",
    limit: int = -1,
    ignore_case: Option[bool] = False,
    syntax: Option[str] = "re2",
    invalid: Option[str] = "error",
) -> str:
    r"""The text with the matches of a regular expression replaced.

    Fails with `InvalidPattern` or `UnsupportedPattern` (both are kinds of `ValueError`).

    Args:
        replacement: `\1` is what the first group `(...)` matched, `\g<name>` a group by name or number, `\0` the
            whole match, `\\` a backslash.
        limit: How many matches at most; -1: all.
        ignore_case: Upper and lower case are the same.
        syntax: `re2`, or `dotnet` for what was written for .NET: groups are then `$1` and `${name}`.
        invalid: What an invalid pattern does: `error`, or `keep` to leave the text as it is.

    >>> regex_replace("2026-02-28", r"(\d+)-(\d+)-(\d+)", r"\3.\2.\1"), regex_replace("a  b", " +", " ")
    ('28.02.2026', 'a b')
    >>> regex_replace("2026-02", r"(?<year>\d+)-(\d+)", "$1/${year}", syntax="dotnet")
    '02/2026'
    """
    check_choice("invalid", invalid, "error", "keep")
    try:
        compiled = _compiled(_in_syntax(pattern, syntax), ignore_case)
    except InvalidPattern:
        if invalid == "keep":
            return value
        raise
    numbers = {**{str(number): number for number in range(compiled.groups + 1)}, **compiled.groupindex}
    if syntax == "dotnet":
        fill = dollar_parts(replacement, group_numbers(compiled.groups, compiled.groupindex))
    else:
        fill = _backslash_parts(replacement, numbers)
    return joined(_replaced(compiled, value, fill, limit), what="the text with what replaces the matches")


@data_node("text.regex_escape")
def regex_escape(value: str = "") -> str:
    r"""A regular expression that matches exactly this text.

    >>> regex_escape("1+1 (a)")
    '1\\+1\\ \\(a\\)'
    """
    return joined("\\" + c if c.isascii() and not (c.isalnum() or c == "_") else c for c in value)


# --- compiling ----------------------------------------------------------------------------------------


def _in_syntax(pattern: str, syntax: str) -> str:
    check_choice("syntax", syntax, "re2", "dotnet")
    return translated(pattern) if syntax == "dotnet" else pattern


_LACKING: Final = (
    (r"\(\?<?[=!]", "lookahead and lookbehind"),
    (r"\(\?>", "groups that give nothing back"),
    (r"\\[1-9]|\\k|\(\?P=", "references to what a group matched"),
    (r"\(\?\(", "conditions on groups"),
)
"""What engines that try again and again have, by how re2 complains about it."""

_OF_OTHERS: Final = compiled_later(
    r"invalid repetition size: \{\d+,?\}|invalid repetition size: \{\d+,\d{4,}\}|pattern too large|"
    r"invalid escape sequence: \\[ZGuec]|invalid perl operator: \(\?(?:'|#|\w*[xn])|\\[pP]"
)
"""Complaints of re2 about what is an expression elsewhere."""


@lru_cache(maxsize=64)
def _compiled(pattern: str, ignore_case: bool) -> Any:
    re2 = need("re2", extra="regex")
    if len(pattern) > MOST_CHARACTERS:
        raise UnsupportedPattern(f"a pattern has at most {MOST_CHARACTERS} characters, not {len(pattern)}")
    options = re2.Options()
    options.max_mem = MOST_MEMORY
    options.log_errors = False
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(_utf8(pattern, "pattern"), options)
    except re2.error as error:
        said = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
    lacking = next((what for sign, what in _LACKING if re.search(sign, said)), "")
    if lacking:
        raise UnsupportedPattern(
            f"pattern {short(pattern)} needs {lacking} ({said}): these can take for ever, so they are not there"
        )
    if _OF_OTHERS.search(said):
        raise UnsupportedPattern(f"pattern {short(pattern)} has something that is not there: {said}")
    raise InvalidPattern(f"pattern {short(pattern)} is not a regular expression: {said}")


def _utf8(text: str, what: str) -> str:
    """The text itself. Half characters, which JSON can hold, have no UTF-8, and re2 knows nothing else."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"the {what} {short(text)} has half a character (a lone surrogate)") from None
    return text


def _check_work(compiled: Any, value: str) -> None:
    size = compiled.programsize * len(_utf8(value, "text"))
    if size > MOST_WORK:
        most = MOST_WORK // compiled.programsize
        raise UnsupportedPattern(
            f"pattern {short(compiled.pattern)} is too large for a text of {len(value)} characters; at most {most}"
        )


# --- matching -----------------------------------------------------------------------------------------


def _matches(compiled: Any, value: str) -> Iterator[Any]:
    """All matches, as long as it does not take too long."""
    _check_work(compiled, value)
    start = time.thread_time()
    for count, match in enumerate(compiled.finditer(value), 1):
        within_matches = count <= MOST_MATCHES
        if not within_matches or time.thread_time() - start > MOST_SECONDS:
            what = "takes too long" if within_matches else f"matches more than {MOST_MATCHES} times"
            raise UnsupportedPattern(f"pattern {short(compiled.pattern)} {what} in a text of {len(value)} characters")
        yield match


Fill = Callable[[Any], Iterator[str]]
"""Pieces of what a match is replaced by."""


def _replaced(compiled: Any, value: str, fill: Fill, limit: int) -> Iterator[str]:
    end = 0
    for count, match in enumerate(_matches(compiled, value)):
        if count == limit:
            break
        yield value[end : match.start()]
        yield from fill(match)
        end = match.end()
    yield value[end:]


_REFERENCE: Final = compiled_later(r"\\(?:([0-9]{1,2})|g<(\w+)>|(.?))", re.DOTALL)


def _backslash_parts(replacement: str, numbers: Mapping[str, int]) -> Fill:
    parts: list[str | int] = []
    end = 0
    for reference in _REFERENCE.finditer(replacement):
        parts.append(replacement[end : reference.start()])
        end = reference.end()
        name = reference[1] or reference[2]
        escaped = {"\\": "\\", "n": "\n", "t": "\t", "r": "\r"}.get(reference[3] or "")
        if name is None and escaped is None:
            raise ValueError(f"replacement {short(replacement)}: {reference.group()!r} means nothing; `\\\\` is \\")
        if name is not None and name not in numbers:
            raise ValueError(f"replacement {short(replacement)}: the pattern has no group {name}")
        parts.append(numbers[name] if name is not None else escaped or "")
    parts.append(replacement[end:])
    return lambda match: (part if isinstance(part, str) else match.group(part) or "" for part in parts if part != "")
