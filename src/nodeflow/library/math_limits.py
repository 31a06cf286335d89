"""What keeps arithmetic bounded, and what its nodes do where there is no number to give."""

from __future__ import annotations

import math
from typing import Final

from nodeflow.library.inputs import check_choice
from nodeflow.values import short

Number = int | float

MAX_BITS: Final = 100_000
"""The most bits that a whole number may get here (some 30,000 digits): what grows must end, or it hangs the host."""


def within_bits(bits: float, what: str) -> None:
    """Check how long a whole number would become.

    Raises:
        OverflowError: It would have more than `MAX_BITS` bits; `what` names it.
    """
    if bits > MAX_BITS:
        raise OverflowError(f"{what} would have more than {MAX_BITS} bits")


def in_one_kind(*numbers: Number) -> tuple[Number, ...]:
    """The numbers as they are if all are whole, else all of them as floats.

    Raises:
        OverflowError: One of them is too large for a float; names it, which Python does not.

    >>> in_one_kind(1, 2), in_one_kind(1, 2.5)
    ((1, 2), (1.0, 2.5))
    """
    return numbers if all(isinstance(number, int) for number in numbers) else as_floats(*numbers)


def as_floats(*numbers: Number) -> tuple[float, ...]:
    """The numbers as floats. Raises `OverflowError` as `in_one_kind`.

    >>> as_floats(1, 2.5)
    (1.0, 2.5)
    """
    try:
        return tuple(map(float, numbers))
    except OverflowError:
        largest = max(numbers, key=lambda number: isinstance(number, int) and number.bit_length())
        raise OverflowError(f"{short(largest)} is too large to be calculated with as a fraction") from None


def wrapped(value: Number, bits: int | None) -> Number:
    """The value; or, with `bits`, what is left of it in two's complement.

    >>> wrapped(2**31, None), wrapped(2**31, 32), wrapped(-129, 8)
    (2147483648, -2147483648, 127)
    """
    if bits is None:
        return value
    if not 1 <= bits <= 4096:
        raise ValueError(f"`bits` must be from 1 to 4096, not {short(bits)}")
    if isinstance(value, float):
        if not value.is_integer():
            raise ValueError(f"with `bits` numbers are whole, not {short(value)}")
        value = int(value)
    half = 1 << (bits - 1)
    return ((value + half) & ((1 << bits) - 1)) - half


def quotient(a: Number, b: Number, by_zero: str) -> float:
    """`a / b`; where `b` is 0 what the option `by_zero` says.

    >>> quotient(7, 2, "error"), quotient(42, 0, "zero"), quotient(-42, 0, "ieee")
    (3.5, 0.0, -inf)
    """
    if b != 0:
        return a / b
    if by_zero == "zero":
        return 0.0
    if by_zero == "ieee":
        if a == 0 or a != a:
            return math.nan
        return math.inf if (a > 0) == (math.copysign(1.0, b) > 0) else -math.inf
    raise no_quotient(a, by_zero, "error", "zero", "ieee")


def no_quotient(a: Number, by_zero: str, *choices: str) -> Exception:
    """What to raise for a division by zero."""
    check_choice("by_zero", by_zero, *choices)
    return ZeroDivisionError(f"{short(a)} divided by 0")


def no_number(domain: str, instead: float, why: str, kind: type[Exception] = ValueError) -> float:
    """`instead`, if the option `domain` is `ieee`; else this fails and says why.

    >>> no_number("ieee", math.nan, "there is none")
    nan
    """
    if domain == "ieee":
        return instead
    check_choice("domain", domain, "error", "ieee")
    raise kind(why)
