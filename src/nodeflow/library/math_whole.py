"""Whole numbers: division, bits, common factors. None gets more than 100,000 bits."""

from __future__ import annotations

import math
from typing import Final

from nodeflow.library.inputs import check_choice
from nodeflow.library.math_limits import no_quotient, within_bits, wrapped
from nodeflow.node import Option, data_node
from nodeflow.values import short

MAX_FACTORIAL: Final = 8_000
"""Its factorial has some 92,000 bits."""


@data_node("math.divide_whole")
def divide_whole(
    a: int = 0,
    b: int = 1,
    rounding: Option[str] = "floor",
    by_zero: Option[str] = "error",
    bits: Option[int | None] = None,
) -> int:
    """The quotient as a whole number. Fails with `ZeroDivisionError` if `b` is 0.

    Args:
        rounding: `floor` rounds down, as in Python; `truncate` towards zero, as in C.
        by_zero: What is given if `b` is 0: `error` or `zero`.
        bits: Fail with `OverflowError` if the quotient is no signed whole number of so many bits.

    >>> divide_whole(-7, 2), divide_whole(-7, 2, rounding="truncate"), divide_whole(42, 0, by_zero="zero")
    (-4, -3, 0)
    """
    check_choice("rounding", rounding, "floor", "truncate")
    if b == 0:
        if by_zero == "zero":
            return 0
        raise no_quotient(a, by_zero, "error", "zero")
    whole = a // b
    if rounding == "truncate" and whole < 0 and whole * b != a:
        whole += 1
    if wrapped(whole, bits) != whole:
        raise OverflowError(f"{short(a)} divided by {short(b)} does not fit {bits} bits")
    return whole


@data_node("math.is_even")
def is_even(value: int = 0) -> bool:
    """Whether it is divisible by 2.

    >>> is_even(-2), is_even(3)
    (True, False)
    """
    return value % 2 == 0


@data_node("math.is_odd")
def is_odd(value: int = 0) -> bool:
    """Whether it is not divisible by 2.

    >>> is_odd(-3), is_odd(2)
    (True, False)
    """
    return value % 2 == 1


# --- bits ---------------------------------------------------------------------------------------------


@data_node("math.bit_and")
def bit_and(a: int = 0, b: int = 0) -> int:
    """The bits that both have.

    >>> bit_and(6, 3)
    2
    """
    return a & b


@data_node("math.bit_or")
def bit_or(a: int = 0, b: int = 0) -> int:
    """The bits that at least one has.

    >>> bit_or(6, 3)
    7
    """
    return a | b


@data_node("math.bit_xor")
def bit_xor(a: int = 0, b: int = 0) -> int:
    """The bits that exactly one has.

    >>> bit_xor(6, 3)
    5
    """
    return a ^ b


@data_node("math.bit_not")
def bit_not(value: int = 0) -> int:
    """All bits turned over, as in two's complement: -1 - value.

    >>> bit_not(5)
    -6
    """
    return ~value


@data_node("math.shift_left")
def shift_left(value: int = 0, shift: int = 1, bits: Option[int | None] = None) -> int:
    """The number with its bits moved up: value times 2 to the power of `shift`.

    Fails with `ValueError` if `shift` is negative, with `OverflowError` above 100,000 bits.

    Args:
        bits: Wrap around like a signed whole number of so many bits; of `shift`, what is left after division by
            `bits` counts.

    >>> shift_left(3, 2), shift_left(1, 31, bits=32), shift_left(1, 33, bits=32)
    (12, -2147483648, 2)
    """
    if bits is not None:
        return int(wrapped(int(wrapped(value, bits)) << shift % bits, bits))
    _check_shift(shift)
    if value:
        within_bits(value.bit_length() + shift, "the shifted number")
        return value << shift
    return 0


@data_node("math.shift_right")
def shift_right(value: int = 0, shift: int = 1, bits: Option[int | None] = None) -> int:
    """The number with its bits moved down: value divided by 2 to the power of `shift`, rounded down.

    Fails with `ValueError` if `shift` is negative.

    Args:
        bits: Of `shift`, what is left after division by `bits` counts.

    >>> shift_right(12, 2), shift_right(-1, 5), shift_right(8, 33, bits=32)
    (3, -1, 4)
    """
    if bits is not None:
        return int(wrapped(value, bits)) >> shift % bits
    _check_shift(shift)
    return value >> min(shift, value.bit_length())


def _check_shift(shift: int) -> None:
    if shift < 0:
        raise ValueError(f"`shift` must be 0 or more, not {short(shift)}")


# --- factors ------------------------------------------------------------------------------------------


@data_node("math.gcd")
def gcd(a: int = 0, b: int = 0) -> int:
    """The greatest number that divides both.

    >>> gcd(12, 18), gcd(0, 5)
    (6, 5)
    """
    return math.gcd(a, b)


@data_node("math.lcm")
def lcm(a: int = 1, b: int = 1) -> int:
    """The least number that both divide. Fails with `OverflowError` above 100,000 bits.

    >>> lcm(4, 6), lcm(0, 5)
    (12, 0)
    """
    within_bits(a.bit_length() + b.bit_length(), "the least common multiple")
    return math.lcm(a, b)


@data_node("math.factorial")
def factorial(value: int = 0) -> int:
    """The product of all whole numbers from 1 to it. Fails with `ValueError` below 0 and above 8,000.

    >>> factorial(5), factorial(0)
    (120, 1)
    """
    if not 0 <= value <= MAX_FACTORIAL:
        raise ValueError(f"a factorial is of a whole number from 0 to {MAX_FACTORIAL}, not {short(value)}")
    return math.factorial(value)
