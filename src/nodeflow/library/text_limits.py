"""How long a text may get that a node builds, and options that many text nodes have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from nodeflow.values import short

MAX_LENGTH: Final = 10_000_000
"""The most characters of a text that a node builds: a `def` cannot be interrupted, and what doubles must end."""

MAX_PARTS: Final = 1_000_000
"""The most parts into which a node takes a text apart."""


def within_length(length: int, what: str = "the text") -> None:
    """Check how long a text would become.

    Raises:
        ValueError: It would have more than `MAX_LENGTH` characters; `what` names it.

    >>> within_length(10**9, "the repeated text")
    Traceback (most recent call last):
    ValueError: the repeated text would have 1000000000 characters; at most 10000000
    """
    if length > MAX_LENGTH:
        raise ValueError(f"{what} would have {short(length)} characters; at most {MAX_LENGTH}")


def within_parts(count: int) -> None:
    """Check into how many parts a text would fall.

    Raises:
        ValueError: There would be more than `MAX_PARTS`.
    """
    if count > MAX_PARTS:
        raise ValueError(f"the text would fall into {count} parts; at most {MAX_PARTS}")


def joined(parts: Iterable[str], separator: str = "", what: str = "the text") -> str:
    """The parts with the separator between them, as long as that is not too long.

    >>> joined(["a", "b"], ", ")
    'a, b'
    """
    taken: list[str] = []
    length = 0
    for part in parts:
        length += len(part) + (len(separator) if taken else 0)
        within_length(length, what)
        taken.append(part)
    return separator.join(taken)


def folded(text: str, ignore_case: bool) -> str:
    """The text, or what is the same for all its spellings in upper and lower case.

    >>> folded("Straße", True) == folded("STRASSE", True)
    True
    """
    return text.casefold() if ignore_case else text
