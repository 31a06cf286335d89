"""What several categories ask of their inputs: options of few words, free inputs in order, keys that are texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nodeflow.library.patterns import compiled_later
from nodeflow.values import short, to_text

_DIGITS: Final = compiled_later(r"([0-9]+)")


def check_choice(option: str, value: str, *allowed: str) -> None:
    """Raise `ValueError` if an option has a word that it does not know.

    >>> check_choice("outside", "nnoe", "error", "none")
    Traceback (most recent call last):
    ValueError: option `outside` must be 'error' or 'none', not 'nnoe'
    """
    if value not in allowed:
        *others, last = map(repr, allowed)
        known = f"{', '.join(others)} or {last}" if others else last
        raise ValueError(f"option `{option}` must be {known}, not {short(value)}")


def in_order(inputs: Mapping[str, Any]) -> list[Any]:
    """Values of free inputs in the order of their names, numbers in them by their size.

    The order of wires in a file would be another choice; but it changes when an editor draws one anew.

    >>> in_order({"item10": "c", "item2": "b", "item1": "a"})
    ['a', 'b', 'c']
    """
    return [inputs[name] for name in sorted(inputs, key=_place_of)]


def _place_of(name: str) -> tuple[list[tuple[int, str]], str]:
    parts = _DIGITS.split(name)  # texts and digits take turns
    by_size = [(0, part) if i % 2 == 0 else (len(part.lstrip("0")), part.lstrip("0")) for i, part in enumerate(parts)]
    return by_size, name


def key_text(value: Any) -> str:
    """A value as the key of a dict: keys are texts, and numbers and truth values become some, as on a wire.

    >>> key_text("a"), key_text(2.0), key_text(True)
    ('a', '2', 'true')
    >>> key_text([1])
    Traceback (most recent call last):
    TypeError: a key is a text, a number or a truth value, not [1]
    """
    if isinstance(value, str | int | float):
        return to_text(value)
    raise TypeError(f"a key is a text, a number or a truth value, not {short(value)}")
