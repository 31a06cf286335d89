"""Text. Lengths and indexes count characters (code points), and no text that a node builds is longer than 10,000,000.

The other modules of the category are `text_search`, `text_parts`, `text_format`, `text_patterns`, `text_codes` and
`text_templates`; their nodes are found here too.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

from nodeflow.library.inputs import check_choice, in_order
from nodeflow.library.patterns import compiled_later
from nodeflow.library.text_codes import (
    decode,
    decode_base64,
    decode_hex,
    decode_url,
    encode,
    encode_base64,
    encode_hex,
    encode_url,
    escape_html,
    hash,
    hmac,
    unescape_html,
    uuid,
)
from nodeflow.library.text_format import format, format_positional
from nodeflow.library.text_limits import joined, within_length
from nodeflow.library.text_parts import characters, join, slice, split, split_lines, truncate, wrap
from nodeflow.library.text_patterns import (
    regex_escape,
    regex_find_all,
    regex_match,
    regex_replace,
    regex_split,
    regex_test,
)
from nodeflow.library.text_search import (
    compare,
    contains,
    count,
    ends_with,
    index_of,
    is_alphanumeric,
    is_blank,
    is_digits,
    is_empty,
    is_letters,
    last_index_of,
    replace,
    same,
    starts_with,
)
from nodeflow.library.text_templates import template
from nodeflow.node import Option, Ports, data_node
from nodeflow.values import short

__all__ = [
    "capitalize",
    "center",
    "characters",
    "compare",
    "concat",
    "contains",
    "count",
    "decode",
    "decode_base64",
    "decode_hex",
    "decode_url",
    "encode",
    "encode_base64",
    "encode_hex",
    "encode_url",
    "ends_with",
    "escape_html",
    "format",
    "format_positional",
    "hash",
    "hmac",
    "index_of",
    "is_alphanumeric",
    "is_blank",
    "is_digits",
    "is_empty",
    "is_letters",
    "join",
    "last_index_of",
    "length",
    "lower",
    "new_line",
    "normalize",
    "pad_left",
    "pad_right",
    "regex_escape",
    "regex_find_all",
    "regex_match",
    "regex_replace",
    "regex_split",
    "regex_test",
    "repeat",
    "replace",
    "reverse",
    "same",
    "slice",
    "slug",
    "split",
    "split_lines",
    "starts_with",
    "template",
    "title",
    "trim",
    "truncate",
    "unescape_html",
    "upper",
    "uuid",
    "wrap",
]


# --- the whole text -----------------------------------------------------------------------------------


@data_node("text.concat")
def concat(a: str = "", b: str = "", *, more: Ports[str]) -> str:
    """One text behind the other.

    Args:
        more: Further texts, `c`, `d`, ...: they follow in the order of their names.

    >>> from nodeflow.testing import try_node
    >>> try_node(concat, a="Ada", b=" ", c="Lovelace").result
    'Ada Lovelace'
    """
    return joined((a, b, *in_order(more)))


@data_node("text.length")
def length(value: str = "") -> int:
    """How many characters a text has.

    >>> length("naïve"), length("👍"), length("")
    (5, 1, 0)
    """
    return len(value)


@data_node("text.new_line")
def new_line() -> str:
    r"""The character that ends a line.

    >>> new_line()
    '\n'
    """
    return "\n"


@data_node("text.reverse")
def reverse(value: str = "") -> str:
    """The characters in reverse order.

    >>> reverse("abc")
    'cba'
    """
    return value[::-1]


@data_node("text.repeat")
def repeat(value: str = "", count: int = 1, clamp: Option[bool] = False) -> str:
    """The text so many times. Fails with `ValueError` if `count` is negative or the result would be too long.

    Args:
        count: How many times, from 0.
        clamp: Below 0 counts as 0 and above 10,000 as 10,000, instead of failing.

    >>> repeat("ab", 3), repeat("ab", -1, clamp=True)
    ('ababab', '')
    """
    if clamp:
        count = max(0, min(count, 10_000))
    if count < 0:
        raise ValueError(f"`count` must be 0 or more, not {short(count)}")
    within_length(len(value) * count, "the repeated text")
    return value * count


# --- letters ------------------------------------------------------------------------------------------


@data_node("text.upper")
def upper(value: str = "") -> str:
    """The text in upper case, whatever the language: `ß` becomes `SS`.

    >>> upper("Straße 1")
    'STRASSE 1'
    """
    return value.upper()


@data_node("text.lower")
def lower(value: str = "") -> str:
    """The text in lower case, whatever the language.

    >>> lower("ÄB 1")
    'äb 1'
    """
    return value.lower()


@data_node("text.capitalize")
def capitalize(value: str = "") -> str:
    """The first character in upper case, the others in lower case.

    >>> capitalize("hELLO world")
    'Hello world'
    """
    return value.capitalize()


_WORD: Final = compiled_later(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@data_node("text.title")
def title(value: str = "") -> str:
    """Each word with its first letter in upper case and the others in lower case; apostrophes do not end words.

    >>> title("they're HERE")
    "They're Here"
    """
    return _WORD.sub(lambda word: word.group().capitalize(), value)


@data_node("text.normalize")
def normalize(value: str = "", form: Option[str] = "NFC") -> str:
    r"""The text with each character spelled in one way: what looks the same is then the same.

    Args:
        form: `NFC` (composed), `NFD` (decomposed), or `NFKC` and `NFKD`, which also undo ligatures and the like.

    >>> normalize("e\N{COMBINING ACUTE ACCENT}") == "é", normalize("ﬁ", form="NFKC")
    (True, 'fi')
    """
    check_choice("form", form, *_FORMS)
    return _FORMS[form](value)


_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "NFC": lambda value: unicodedata.normalize("NFC", value),
    "NFD": lambda value: unicodedata.normalize("NFD", value),
    "NFKC": lambda value: unicodedata.normalize("NFKC", value),
    "NFKD": lambda value: unicodedata.normalize("NFKD", value),
}


@data_node("text.slug")
def slug(value: str = "", separator: Option[str] = "-") -> str:
    """The text as part of an address or a file name: lower case, without accents, letters and digits only.

    Args:
        separator: What stands where anything else was.

    >>> slug("  Crème brûlée, 2 portions! ")
    'creme-brulee-2-portions'
    """
    plain = (c for c in unicodedata.normalize("NFKD", value).casefold() if not unicodedata.combining(c))
    words = "".join(c if c.isalnum() else " " for c in plain).split()
    return joined(words, separator, "the slug")


# --- its ends -----------------------------------------------------------------------------------------


@data_node("text.trim")
def trim(value: str = "", characters: str = "", side: Option[str] = "both") -> str:
    r"""The text without white space at its ends.

    Args:
        characters: What to take away instead of white space: each of these characters, in any order.
        side: `both`, `start` or `end`.

    >>> trim(" \t a b\n"), trim("--a-", "-", side="start")
    ('a b', 'a-')
    """
    check_choice("side", side, "both", "start", "end")
    strip = {"both": str.strip, "start": str.lstrip, "end": str.rstrip}[side]
    return strip(value, characters or None)


def _missing(value: str, width: int, character: str) -> tuple[int, str]:
    """How many characters are missing to a width, and the one to fill it up with."""
    if width < 0:
        raise ValueError(f"`width` must be 0 or more, not {short(width)}")
    within_length(width, "the padded text")
    return max(0, width - len(value)), character[:1] or " "


@data_node("text.pad_left")
def pad_left(value: str = "", width: int = 10, character: str = " ") -> str:
    """The text filled up at its start, so that it ends at the right. Fails with `ValueError` for a negative width.

    Args:
        width: How long it is to be; a longer text stays as it is.
        character: What to fill it up with: the first character counts, and none is a space.

    >>> pad_left("7", 3, "0"), pad_left("long", 2)
    ('007', 'long')
    """
    missing, fill = _missing(value, width, character)
    return fill * missing + value


@data_node("text.pad_right")
def pad_right(value: str = "", width: int = 10, character: str = " ") -> str:
    """The text filled up at its end. Fails with `ValueError` for a negative width.

    Args:
        width: How long it is to be; a longer text stays as it is.
        character: What to fill it up with: the first character counts, and none is a space.

    >>> pad_right("ab", 4, ".")
    'ab..'
    """
    missing, fill = _missing(value, width, character)
    return value + fill * missing


@data_node("text.center")
def center(value: str = "", width: int = 10, character: str = " ") -> str:
    """The text filled up at both ends, one more at the end where it does not come out even.

    Fails with `ValueError` for a negative width.

    Args:
        width: How long it is to be; a longer text stays as it is.
        character: What to fill it up with: the first character counts, and none is a space.

    >>> center("ab", 5, "-")
    '-ab--'
    """
    missing, fill = _missing(value, width, character)
    return fill * (missing // 2) + value + fill * (missing - missing // 2)
