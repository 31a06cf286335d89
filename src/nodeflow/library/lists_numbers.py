"""Lists of numbers: sum, average, least, greatest, median.

A truth value is no number. NaN anywhere makes the result NaN. What is to become of other items says the option
`others`: `error`, `ignore` them, count them as `zero`, or `parse` texts that are numbers and ignore the rest.
"""

from __future__ import annotations

import builtins
import math
import re
from typing import Final

from nodeflow.library.inputs import check_choice
from nodeflow.library.lists_making import EMPTY, Items
from nodeflow.library.patterns import compiled_later
from nodeflow.node import Option, data_node
from nodeflow.values import short

Number = int | float

_NUMBER: Final = compiled_later(
    r"\s*[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})(e[+-]?[0-9]{1,9})?\s*", re.IGNORECASE
)


def _parsed(text: str) -> list[Number]:
    """The number that a text is, or nothing."""
    if not _NUMBER.fullmatch(text):
        return []
    try:
        return [int(text)]
    except ValueError:
        return [float(text)]


def _numbers(items: Items, others: str) -> list[Number]:
    """The items that are numbers, and what `others` makes of the rest."""
    check_choice("others", others, "error", "ignore", "zero", "parse")
    if set(map(type, items)) <= {int, float}:
        return [*items]
    found: list[Number] = []
    for index, item in enumerate(items):
        if isinstance(item, int | float) and not isinstance(item, bool):
            found.append(item)
        elif others == "error":
            raise TypeError(f"item {index}, {short(item)}, is no number")
        elif others == "zero":
            found.append(0)
        elif others == "parse" and isinstance(item, str):
            found += _parsed(item)
    return found


def _total(numbers: list[Number]) -> Number:
    """Whole numbers exactly; with floats among them the float that is nearest to the exact sum."""
    if all(isinstance(number, int) for number in numbers):
        return builtins.sum(numbers)
    try:
        return math.fsum(numbers)
    except OverflowError:
        pass  # perhaps only on the way
    except ValueError:
        return math.nan  # infinities of both signs
    try:
        return builtins.sum(map(float, numbers))
    except OverflowError:
        raise OverflowError("the sum has numbers in it that are too large to be added to a fraction") from None


def _of_none(what: str, empty: str) -> Number:
    check_choice("empty", empty, "error", "zero")
    if empty == "error":
        raise ValueError(f"a list without numbers has no {what}")
    return 0


@data_node("lists.sum")
def sum(list: Items = EMPTY, others: Option[str] = "error") -> Number:
    """The sum of the numbers; 0 for none. Fails with `TypeError` for other items.

    Args:
        others: What items do that are no numbers: `error`, `ignore`, `zero`, or `parse`, which counts texts that are
            numbers as such and ignores the rest.

    >>> sum([1, 2, 3]), sum([0.1] * 10), sum([1, "2.5", "x"], others="parse")
    (6, 1.0, 3.5)
    """
    return _total(_numbers(list, others))


@data_node("lists.average")
def average(list: Items = EMPTY, others: Option[str] = "error", empty: Option[str] = "error") -> float:
    """The sum divided by how many there are. Fails with `ValueError` for none, `TypeError` for other items.

    Args:
        others: What items do that are no numbers: `error`, `ignore`, `zero`, or `parse`, which counts texts that are
            numbers as such and ignores the rest.
        empty: What a list without numbers gives: `error` or `zero`.

    >>> average([1, 2]), average([4, "x"], others="zero"), average([], empty="zero")
    (1.5, 2.0, 0.0)
    """
    numbers = _numbers(list, others)
    return _total(numbers) / len(numbers) if numbers else float(_of_none("average", empty))


@data_node("lists.min")
def min(list: Items = EMPTY, others: Option[str] = "error", empty: Option[str] = "error") -> Number:
    """The least number. Fails with `ValueError` for none, `TypeError` for other items.

    Args:
        others: What items do that are no numbers: `error`, `ignore`, `zero`, or `parse`, which counts texts that are
            numbers as such and ignores the rest.
        empty: What a list without numbers gives: `error` or `zero`.

    >>> min([3, 1.5, 2])
    1.5
    """
    numbers = _numbers(list, others)
    if any(number != number for number in numbers):
        return math.nan
    return builtins.min(numbers) if numbers else _of_none("least number", empty)


@data_node("lists.max")
def max(list: Items = EMPTY, others: Option[str] = "error", empty: Option[str] = "error") -> Number:
    """The greatest number. Fails with `ValueError` for none, `TypeError` for other items.

    Args:
        others: What items do that are no numbers: `error`, `ignore`, `zero`, or `parse`, which counts texts that are
            numbers as such and ignores the rest.
        empty: What a list without numbers gives: `error` or `zero`.

    >>> max([3, 1.5, 2]), max(["a"], others="ignore", empty="zero")
    (3, 0)
    """
    numbers = _numbers(list, others)
    if any(number != number for number in numbers):
        return math.nan
    return builtins.max(numbers) if numbers else _of_none("greatest number", empty)


@data_node("lists.median")
def median(list: Items = EMPTY, others: Option[str] = "error", empty: Option[str] = "error") -> Number:
    """The number in the middle, or the average of the two there. Fails as `lists.average`.

    Args:
        others: What items do that are no numbers: `error`, `ignore`, `zero`, or `parse`, which counts texts that are
            numbers as such and ignores the rest.
        empty: What a list without numbers gives: `error` or `zero`.

    >>> median([9, 1, 2]), median([1, 2, 3, 9])
    (2, 2.5)
    """
    numbers = _numbers(list, others)
    if any(number != number for number in numbers):
        return math.nan
    if not numbers:
        return _of_none("median", empty)
    numbers.sort()
    middle = len(numbers) // 2
    return numbers[middle] if len(numbers) % 2 else _total(numbers[middle - 1 : middle + 1]) / 2
