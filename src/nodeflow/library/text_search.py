"""Text: looking for texts in it, comparing it, replacing."""

from __future__ import annotations

from nodeflow.library.text_limits import folded, within_length
from nodeflow.node import Option, data_node

# --- what it is made of -------------------------------------------------------------------------------


@data_node("text.is_empty")
def is_empty(value: str = "") -> bool:
    """Whether a text has no characters.

    >>> is_empty(""), is_empty(" ")
    (True, False)
    """
    return not value


@data_node("text.is_blank")
def is_blank(value: str = "") -> bool:
    r"""Whether a text is empty or nothing but white space.

    >>> is_blank(" \t\n"), is_blank(""), is_blank(" a")
    (True, True, False)
    """
    return not value or value.isspace()


@data_node("text.is_digits")
def is_digits(value: str = "") -> bool:
    """Whether a text is digits only, at least one: what `convert` reads as a whole number without a sign.

    >>> is_digits("0042"), is_digits("-1"), is_digits("")
    (True, False, False)
    """
    return value.isdecimal()


@data_node("text.is_letters")
def is_letters(value: str = "") -> bool:
    """Whether a text is letters only, at least one.

    >>> is_letters("Größe"), is_letters("a1"), is_letters("")
    (True, False, False)
    """
    return value.isalpha()


@data_node("text.is_alphanumeric")
def is_alphanumeric(value: str = "") -> bool:
    """Whether a text is letters and digits only, at least one.

    >>> is_alphanumeric("a1"), is_alphanumeric("a 1"), is_alphanumeric("")
    (True, False, False)
    """
    return value.isalnum()


# --- comparing ----------------------------------------------------------------------------------------


@data_node("text.same")
def same(a: str = "", b: str = "", ignore_case: Option[bool] = False) -> bool:
    """Whether two texts are the same.

    Args:
        ignore_case: Upper and lower case are the same, in any language: `STRASSE` is `Straße`.

    >>> same("a", "A"), same("a", "A", ignore_case=True)
    (False, True)
    """
    return folded(a, ignore_case) == folded(b, ignore_case)


@data_node("text.compare")
def compare(a: str = "", b: str = "", ignore_case: Option[bool] = False) -> int:
    """Which of two texts comes first, by the codes of their characters: -1 `a`, 1 `b`, 0 they are the same.

    Args:
        ignore_case: Upper and lower case are the same.

    >>> compare("a", "b"), compare("b", "B"), compare("b", "B", ignore_case=True)
    (-1, 1, 0)
    """
    left, right = folded(a, ignore_case), folded(b, ignore_case)
    return (left > right) - (left < right)


# --- looking for a text -------------------------------------------------------------------------------


@data_node("text.contains")
def contains(value: str = "", search: str = "", ignore_case: Option[bool] = False) -> bool:
    """Whether a text stands in another one. The empty text stands in every text.

    Args:
        ignore_case: Upper and lower case are the same.

    >>> contains("nodeflow", "flow"), contains("nodeflow", "Flow"), contains("nodeflow", "Flow", ignore_case=True)
    (True, False, True)
    """
    return folded(search, ignore_case) in folded(value, ignore_case)


@data_node("text.starts_with")
def starts_with(value: str = "", prefix: str = "", ignore_case: Option[bool] = False) -> bool:
    """Whether a text starts with another one. Every text starts with the empty text.

    Args:
        ignore_case: Upper and lower case are the same.

    >>> starts_with("nodeflow", "node"), starts_with("nodeflow", "")
    (True, True)
    """
    return folded(value, ignore_case).startswith(folded(prefix, ignore_case))


@data_node("text.ends_with")
def ends_with(value: str = "", suffix: str = "", ignore_case: Option[bool] = False) -> bool:
    """Whether a text ends with another one. Every text ends with the empty text.

    Args:
        ignore_case: Upper and lower case are the same.

    >>> ends_with("nodeflow", "flow"), ends_with("nodeflow", "Flow")
    (True, False)
    """
    return folded(value, ignore_case).endswith(folded(suffix, ignore_case))


@data_node("text.index_of")
def index_of(value: str = "", search: str = "", start: int = 0) -> int:
    """Where a text first stands in another one, from 0; -1 if it does not. The empty text stands at once.

    Args:
        start: Where to begin to look; below 0 counts as 0.

    >>> index_of("abcabc", "bc"), index_of("abcabc", "bc", 2), index_of("abc", "x"), index_of("abc", "")
    (1, 4, -1, 0)
    """
    return value.find(search, max(0, start))


@data_node("text.last_index_of")
def last_index_of(value: str = "", search: str = "") -> int:
    """Where a text last stands in another one, from 0; -1 if it does not. The empty text last stands at the end.

    >>> last_index_of("abcabc", "bc"), last_index_of("abc", "x"), last_index_of("abc", "")
    (4, -1, 3)
    """
    return value.rfind(search)


@data_node("text.count")
def count(value: str = "", search: str = "") -> int:
    """How often a text stands in another one, without overlapping. Fails with `ValueError` if `search` is empty.

    >>> count("banana", "an"), count("aaa", "aa")
    (2, 1)
    """
    if not search:
        raise ValueError("`search` must not be empty: the empty text stands everywhere")
    return value.count(search)


@data_node("text.replace")
def replace(value: str = "", old: str = "", new: str = "", limit: int = -1) -> str:
    """The text with each `old` replaced by `new`. Fails with `ValueError` if `old` is empty.

    Args:
        limit: How many of them, from the start; -1: all.

    >>> replace("1,2,3", ",", ";"), replace("1,2,3", ",", "", limit=1)
    ('1;2;3', '12,3')
    """
    if not old:
        raise ValueError("`old` must not be empty: there is nothing to replace")
    found = value.count(old)
    found = found if limit < 0 else min(found, limit)
    within_length(len(value) + found * (len(new) - len(old)), "the text with what replaces it")
    return value.replace(old, new, found)
