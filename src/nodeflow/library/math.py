"""Arithmetic. Whole numbers stay whole where Python keeps them so, and have at most 100,000 bits.

The other modules of the category are `math_rounding`, `math_functions`, `math_ranges`, `math_whole` and
`math_expression`; their nodes are found here too.
"""

from __future__ import annotations

import builtins
import math
from typing import Final

from nodeflow.library.inputs import check_choice
from nodeflow.library.math_expression import expression
from nodeflow.library.math_functions import (
    acos,
    asin,
    atan,
    atan2,
    cos,
    distance,
    dot_product,
    exp,
    hypot,
    log,
    log2,
    log10,
    sin,
    sqrt,
    tan,
    to_degrees,
    to_radians,
)
from nodeflow.library.math_limits import Number, in_one_kind, no_number, no_quotient, quotient, within_bits, wrapped
from nodeflow.library.math_ranges import clamp, inverse_lerp, lerp, map_range, smoothstep
from nodeflow.library.math_rounding import ceiling, floor, round, truncate
from nodeflow.library.math_whole import (
    bit_and,
    bit_not,
    bit_or,
    bit_xor,
    divide_whole,
    factorial,
    gcd,
    is_even,
    is_odd,
    lcm,
    shift_left,
    shift_right,
)
from nodeflow.node import Option, SharedState, data_node, initially
from nodeflow.values import short

__all__ = [
    "Number",
    "abs",
    "acos",
    "add",
    "asin",
    "atan",
    "atan2",
    "bit_and",
    "bit_not",
    "bit_or",
    "bit_xor",
    "ceiling",
    "clamp",
    "cos",
    "distance",
    "divide",
    "divide_whole",
    "dot_product",
    "e",
    "exp",
    "expression",
    "factorial",
    "floor",
    "gcd",
    "hypot",
    "inverse_lerp",
    "is_even",
    "is_finite",
    "is_infinite",
    "is_nan",
    "is_odd",
    "lcm",
    "lerp",
    "log",
    "log10",
    "log2",
    "map_range",
    "max",
    "min",
    "modulo",
    "multiply",
    "negate",
    "pi",
    "power",
    "round",
    "running_sum",
    "shift_left",
    "shift_right",
    "sign",
    "sin",
    "smoothstep",
    "sqrt",
    "subtract",
    "tan",
    "to_degrees",
    "to_radians",
    "truncate",
]

_NAN: Final = math.nan


# --- two numbers --------------------------------------------------------------------------------------


@data_node("math.add")
def add(a: Number = 0, b: Number = 0, bits: Option[int | None] = None) -> Number:
    """The sum.

    Args:
        bits: Wrap around like a signed whole number of so many bits.

    >>> add(1, 2), add(0.5, 2), add(2147483647, 1, bits=32)
    (3, 2.5, -2147483648)
    """
    a, b = in_one_kind(a, b)
    return wrapped(a + b, bits)


@data_node("math.subtract")
def subtract(a: Number = 0, b: Number = 0, bits: Option[int | None] = None) -> Number:
    """The difference.

    Args:
        bits: Wrap around like a signed whole number of so many bits.

    >>> subtract(1, 3), subtract(-2147483648, 1, bits=32)
    (-2, 2147483647)
    """
    a, b = in_one_kind(a, b)
    return wrapped(a - b, bits)


@data_node("math.multiply")
def multiply(a: Number = 0, b: Number = 0, bits: Option[int | None] = None) -> Number:
    """The product. Fails with `OverflowError` if it is whole and has more than 100,000 bits.

    Args:
        bits: Wrap around like a signed whole number of so many bits.

    >>> multiply(6, 7), multiply(0.5, 3), multiply(65536, 65536, bits=32)
    (42, 1.5, 0)
    """
    if isinstance(a, int) and isinstance(b, int):
        within_bits(a.bit_length() + b.bit_length(), "the product")
    a, b = in_one_kind(a, b)
    return wrapped(a * b, bits)


@data_node("math.divide")
def divide(a: Number = 0, b: Number = 1, by_zero: Option[str] = "error") -> float:
    """The quotient. Fails with `ZeroDivisionError` if `b` is 0.

    Args:
        by_zero: What is given if `b` is 0: `error`, `zero`, or `ieee` for infinity or NaN.

    >>> divide(7, 2), divide(42, 0, by_zero="zero"), divide(42, 0, by_zero="ieee")
    (3.5, 0.0, inf)
    """
    return quotient(a, b, by_zero)


@data_node("math.modulo")
def modulo(a: Number = 0, b: Number = 1, sign: Option[str] = "divisor", by_zero: Option[str] = "error") -> Number:
    """What is left of `a` after division by `b`. Fails with `ZeroDivisionError` if `b` is 0.

    Of an infinite `a`, NaN is left.

    Args:
        sign: Whose sign it has: `divisor` for that of `b`, as in Python, or `dividend` for that of `a`, as in C.
        by_zero: What is given if `b` is 0: `error`, `zero`, or `ieee` for NaN.

    >>> modulo(-7, 3), modulo(-7, 3, sign="dividend"), modulo(7.5, 2), modulo(1, 0, by_zero="ieee")
    (2, -1, 1.5, nan)
    """
    check_choice("sign", sign, "divisor", "dividend")
    if b == 0:
        if by_zero not in ("zero", "ieee"):
            raise no_quotient(a, by_zero, "error", "zero", "ieee")
        return 0 if by_zero == "zero" else math.nan
    a, b = in_one_kind(a, b)
    if sign == "divisor":
        return a % b
    if isinstance(a, int) and isinstance(b, int):
        left = builtins.abs(a) % builtins.abs(b)
        return -left if a < 0 else left
    return math.fmod(a, b) if math.isfinite(a) else math.nan


@data_node("math.power")
def power(base: Number = 0, exponent: Number = 2, domain: Option[str] = "error") -> Number:
    """`base` to the power of `exponent`; whole if both are and the exponent is not negative.

    Fails with `OverflowError` if it is too large (a whole number: of more than 100,000 bits), with
    `ZeroDivisionError` for a negative power of 0, with `ValueError` for a fractional power of a negative number.

    Args:
        domain: `error`; or `ieee`: compute with floating-point numbers, and give infinity or NaN instead of failing.

    >>> power(3), power(2, 100), power(2, -1), power(2, 10000, domain="ieee"), power(-8, 0.5, domain="ieee")
    (9, 1267650600228229401496703205376, 0.5, inf, nan)
    """
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0 and domain != "ieee":
        check_choice("domain", domain, "error", "ieee")
        if not -1 <= base <= 1:
            within_bits(math.log2(builtins.abs(base)) * builtins.min(exponent, 10**9), "the power")
        whole: int = base**exponent
        return whole
    return _float_power(_as_float(base, domain), _as_float(exponent, domain), domain)


def _as_float(value: Number, domain: str) -> float:
    try:
        return float(value)
    except OverflowError:
        return no_number(
            domain, math.copysign(math.inf, value > 0 or -1), f"{short(value)} is too large", OverflowError
        )


def _float_power(base: float, exponent: float, domain: str) -> float:
    infinite = -math.inf if math.copysign(1.0, base) < 0 and exponent % 2 == 1 else math.inf
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return no_number(domain, infinite, "the power is too large", OverflowError)
    except ValueError:
        if base == 0:
            return no_number(domain, infinite, "0 has no negative power", ZeroDivisionError)
        return no_number(domain, math.nan, "a negative number has no fractional power that is a real number")


@data_node("math.min")
def min(a: Number = 0, b: Number = 0) -> Number:
    """The smaller number; NaN if one of them is.

    >>> min(1, 2), min(1, float("nan"))
    (1, nan)
    """
    return _NAN if a != a or b != b else builtins.min(a, b)


@data_node("math.max")
def max(a: Number = 0, b: Number = 0) -> Number:
    """The larger number; NaN if one of them is.

    >>> max(1, 2), max(float("nan"), 1)
    (2, nan)
    """
    return _NAN if a != a or b != b else builtins.max(a, b)


# --- one number ---------------------------------------------------------------------------------------


@data_node("math.negate")
def negate(value: Number = 0) -> Number:
    """The number with the other sign.

    >>> negate(4)
    -4
    """
    return -value


@data_node("math.abs")
def abs(value: Number = 0) -> Number:
    """The number without its sign.

    >>> abs(-2.5)
    2.5
    """
    return builtins.abs(value)


@data_node("math.sign")
def sign(value: Number = 0) -> int:
    """-1, 0 or 1. Fails with `ValueError` for NaN.

    >>> sign(-0.1), sign(0), sign(7)
    (-1, 0, 1)
    """
    if value != value:
        raise ValueError("NaN has no sign")
    return (value > 0) - (value < 0)


@data_node("math.is_nan")
def is_nan(value: Number = 0) -> bool:
    """Whether it is NaN, which stands for a result that is no number.

    >>> is_nan(float("nan")), is_nan(1)
    (True, False)
    """
    return value != value


@data_node("math.is_infinite")
def is_infinite(value: Number = 0) -> bool:
    """Whether it is infinite, of either sign.

    >>> is_infinite(float("-inf")), is_infinite(1e308)
    (True, False)
    """
    return isinstance(value, float) and math.isinf(value)


@data_node("math.is_finite")
def is_finite(value: Number = 0) -> bool:
    """Whether it is neither infinite nor NaN.

    >>> is_finite(1), is_finite(float("nan"))
    (True, False)
    """
    return not isinstance(value, float) or math.isfinite(value)


# --- what is remembered, what is known ----------------------------------------------------------------


@data_node("math.running_sum", volatile=True)
def running_sum(value: Number = 0, reset: bool = False, total: SharedState[Number] = initially(0)) -> Number:
    """The sum of all values so far; each pull adds one.

    All flow threads of the workflow add to the same sum.

    Args:
        reset: Begin again at 0 with this value.

    >>> from nodeflow.testing import try_node
    >>> try_node(running_sum, value=2, times=3).seen("result")
    [2, 4, 6]
    """
    return total.update(lambda before: (0 if reset else before) + value)


@data_node("math.pi")
def pi() -> float:
    """How often the diameter goes into the circumference of a circle.

    >>> pi()
    3.141592653589793
    """
    return math.pi


@data_node("math.e")
def e() -> float:
    """The base of the natural logarithm.

    >>> e()
    2.718281828459045
    """
    return math.e
