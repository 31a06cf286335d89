"""Roots, logarithms, angles, distances.

Where a function has no real number to give it fails; with `domain="ieee"` it gives infinity or NaN instead. NaN gives
NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from nodeflow.library.math_limits import Number, no_number
from nodeflow.node import Option, data_node
from nodeflow.values import short


@data_node("math.sqrt")
def sqrt(value: float = 0.0, domain: Option[str] = "error") -> float:
    """The square root. Fails with `ValueError` for a negative number.

    Args:
        domain: `error`, or `ieee` for NaN instead of failing.

    >>> sqrt(9), sqrt(-1, domain="ieee")
    (3.0, nan)
    """
    if value < 0:
        return no_number(domain, math.nan, f"{short(value)} is negative and has no square root")
    return math.sqrt(value)


@data_node("math.exp")
def exp(value: float = 0.0, domain: Option[str] = "error") -> float:
    """e to that power. Fails with `OverflowError` above 709.78.

    Args:
        domain: `error`, or `ieee` for infinity instead of failing.

    >>> exp(0), exp(1000, domain="ieee")
    (1.0, inf)
    """
    try:
        return math.exp(value)
    except OverflowError:
        return no_number(domain, math.inf, f"e to the power of {short(value)} is too large", OverflowError)


# --- logarithms ---------------------------------------------------------------------------------------


def _log(function: Callable[[Number], float], value: Number, domain: str) -> float:
    if value <= 0:
        instead = -math.inf if value == 0 else math.nan
        return no_number(domain, instead, f"{short(value)} has no logarithm: only numbers above 0 have one")
    return function(value)


@data_node("math.log")
def log(value: Number = 1.0, base: Number = math.e, domain: Option[str] = "error") -> float:
    """The logarithm, the natural one unless there is another base.

    Fails with `ValueError` if `value` is not above 0, or if `base` is not above 0 or is 1.

    Args:
        domain: `error`, or `ieee` for NaN, or for negative infinity if `value` is 0, instead of failing.

    >>> log(1), log(8, 2), log(1000, 10), log(0, domain="ieee")
    (0.0, 3.0, 3.0, -inf)
    """
    exact = {2: math.log2, 10: math.log10, math.e: math.log}.get(base)
    if exact is not None:
        return _log(exact, value, domain)
    if base <= 0 or base == 1:
        return no_number(domain, math.nan, f"there is no logarithm to the base {short(base)}")
    return _log(lambda number: math.log(number) / math.log(base), value, domain)


@data_node("math.log2")
def log2(value: Number = 1.0, domain: Option[str] = "error") -> float:
    """The logarithm to the base 2. Fails with `ValueError` unless the number is above 0.

    Args:
        domain: `error`, or `ieee` for NaN, or for negative infinity if `value` is 0, instead of failing.

    >>> log2(1024), log2(-1, domain="ieee")
    (10.0, nan)
    """
    return _log(math.log2, value, domain)


@data_node("math.log10")
def log10(value: Number = 1.0, domain: Option[str] = "error") -> float:
    """The logarithm to the base 10. Fails with `ValueError` unless the number is above 0.

    Args:
        domain: `error`, or `ieee` for NaN, or for negative infinity if `value` is 0, instead of failing.

    >>> log10(1000), log10(0, domain="ieee")
    (3.0, -inf)
    """
    return _log(math.log10, value, domain)


# --- angles -------------------------------------------------------------------------------------------


def _of_angle(function: Callable[[float], float], radians: float, domain: str) -> float:
    if math.isinf(radians):
        return no_number(domain, math.nan, "an infinite angle has no direction")
    return function(radians)


@data_node("math.sin")
def sin(radians: float = 0.0, domain: Option[str] = "error") -> float:
    """The sine of an angle. Fails with `ValueError` for an infinite one.

    Args:
        domain: `error`, or `ieee` for NaN instead of failing.

    >>> sin(0), sin(math.pi / 2)
    (0.0, 1.0)
    """
    return _of_angle(math.sin, radians, domain)


@data_node("math.cos")
def cos(radians: float = 0.0, domain: Option[str] = "error") -> float:
    """The cosine of an angle. Fails with `ValueError` for an infinite one.

    Args:
        domain: `error`, or `ieee` for NaN instead of failing.

    >>> cos(0), cos(math.pi)
    (1.0, -1.0)
    """
    return _of_angle(math.cos, radians, domain)


@data_node("math.tan")
def tan(radians: float = 0.0, domain: Option[str] = "error") -> float:
    """The tangent of an angle. Fails with `ValueError` for an infinite one.

    Args:
        domain: `error`, or `ieee` for NaN instead of failing.

    >>> tan(0), tan(math.inf, domain="ieee")
    (0.0, nan)
    """
    return _of_angle(math.tan, radians, domain)


def _angle_of(function: Callable[[float], float], value: float, domain: str) -> float:
    if abs(value) > 1:
        return no_number(domain, math.nan, f"{short(value)} is not from -1 to 1")
    return function(value)


@data_node("math.asin")
def asin(value: float = 0.0, domain: Option[str] = "error") -> float:
    """The angle with that sine, from -π/2 to π/2. Fails with `ValueError` unless the number is from -1 to 1.

    Args:
        domain: `error`, or `ieee` for NaN instead of failing.

    >>> asin(1), asin(2, domain="ieee")
    (1.5707963267948966, nan)
    """
    return _angle_of(math.asin, value, domain)


@data_node("math.acos")
def acos(value: float = 0.0, domain: Option[str] = "error") -> float:
    """The angle with that cosine, from 0 to π. Fails with `ValueError` unless the number is from -1 to 1.

    Args:
        domain: `error`, or `ieee` for NaN instead of failing.

    >>> acos(1), acos(-1)
    (0.0, 3.141592653589793)
    """
    return _angle_of(math.acos, value, domain)


@data_node("math.atan")
def atan(value: float = 0.0) -> float:
    """The angle with that tangent, from -π/2 to π/2.

    >>> atan(1)
    0.7853981633974483
    """
    return math.atan(value)


@data_node("math.atan2")
def atan2(y: float = 0.0, x: float = 1.0) -> float:
    """The angle from the x-axis to the point, from -π to π.

    >>> atan2(1, 1), atan2(0, -1)
    (0.7853981633974483, 3.141592653589793)
    """
    return math.atan2(y, x)


@data_node("math.to_radians")
def to_radians(degrees: float = 0.0) -> float:
    """An angle in radians.

    >>> to_radians(180)
    3.141592653589793
    """
    return degrees * math.pi / 180


@data_node("math.to_degrees")
def to_degrees(radians: float = 0.0) -> float:
    """An angle in degrees.

    >>> to_degrees(math.pi)
    180.0
    """
    return radians * 180 / math.pi


# --- points -------------------------------------------------------------------------------------------


@data_node("math.hypot")
def hypot(x: float = 0.0, y: float = 0.0) -> float:
    """How far the point is from the origin.

    >>> hypot(3, 4)
    5.0
    """
    return math.hypot(x, y)


@data_node("math.distance")
def distance(x1: float = 0.0, y1: float = 0.0, x2: float = 0.0, y2: float = 0.0) -> float:
    """How far two points are from each other.

    >>> distance(1, 1, 4, 5)
    5.0
    """
    return math.hypot(x2 - x1, y2 - y1)


@data_node("math.dot_product")
def dot_product(x1: float = 0.0, y1: float = 0.0, x2: float = 0.0, y2: float = 0.0) -> float:
    """The dot product of two vectors: 0 where they are at right angles.

    >>> dot_product(1.0, 2.0, 3.0, 4.0), dot_product(1.0, 0.0, 0.0, 1.0)
    (11.0, 0.0)
    """
    return x1 * x2 + y1 * y2
