"""Rounding. Whole results are whole numbers; what is whole, infinite or NaN already stays what it is."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Final

from nodeflow.library.inputs import check_choice
from nodeflow.library.math_limits import Number
from nodeflow.node import Option, data_node
from nodeflow.values import short

_WHOLE_FROM: Final = 2.0**53
"""From here on, a floating-point number is whole."""

MAX_DIGITS: Final = 400
"""More digits than a floating-point number can have in front of the point, or matter behind it."""


def _whole(change: Callable[[Number], int], value: Number) -> Number:
    """The changed value; itself if it is large, infinite or NaN."""
    return change(value) if isinstance(value, int) or builtins.abs(value) < _WHOLE_FROM else value


@data_node("math.floor")
def floor(value: Number = 0) -> Number:
    """The largest whole number that is not above it.

    >>> floor(1.8), floor(-1.2), floor(float("inf"))
    (1, -2, inf)
    """
    return _whole(math.floor, value)


@data_node("math.ceiling")
def ceiling(value: Number = 0) -> Number:
    """The smallest whole number that is not below it.

    >>> ceiling(1.2), ceiling(-1.8)
    (2, -1)
    """
    return _whole(math.ceil, value)


@data_node("math.truncate")
def truncate(value: Number = 0) -> Number:
    """The number without what stands behind the point.

    >>> truncate(1.8), truncate(-1.8)
    (1, -1)
    """
    return _whole(math.trunc, value)


@data_node("math.round")
def round(value: Number = 0, digits: int = 0, ties: Option[str] = "even") -> Number:
    """The nearest number with so many digits behind the point.

    Fails with `ValueError` for more than 400 digits. What is rounded is the number itself, not how it is written:
    2.675 lies a little below and becomes 2.67.

    Args:
        digits: How many; -2 rounds to hundreds.
        ties: Where halves go: `even` to the even neighbour (2.5 becomes 2), `away` from zero (2.5 becomes 3).

    >>> round(2.5), round(2.5, ties="away"), round(3.14159, 2), round(1250, -2)
    (2, 3, 3.14, 1200)
    """
    check_choice("ties", ties, "even", "away")
    if not -MAX_DIGITS <= digits <= MAX_DIGITS:
        raise ValueError(f"`digits` must be from -{MAX_DIGITS} to {MAX_DIGITS}, not {short(digits)}")
    if isinstance(value, float) and not math.isfinite(value):
        return value
    if digits == 0:
        return _whole(builtins.round if ties == "even" else lambda number: int(_away(number, 0)), value)
    if isinstance(value, int) and digits > 0:
        return value
    return builtins.round(value, digits) if ties == "even" else _away(value, digits)


def _away(value: Number, digits: int) -> Number:
    """Rounded exactly, with halves away from zero: as a fraction of whole numbers."""
    above, below = value.as_integer_ratio()
    unit: int = 10 ** builtins.abs(digits)
    if digits > 0:
        above *= unit
    else:
        below *= unit
    count, left = divmod(builtins.abs(above), below)
    count += 2 * left >= below
    if above < 0:
        count = -count
    if digits > 0:
        return count / unit
    return count * unit if isinstance(value, int) else float(count * unit)
