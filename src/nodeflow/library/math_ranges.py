"""Numbers between two others: keeping them there, mixing, mapping."""

from __future__ import annotations

import math

from nodeflow.library.math_limits import Number, as_floats, quotient
from nodeflow.node import Option, data_node
from nodeflow.values import short


@data_node("math.clamp")
def clamp(value: Number = 0, min: Number = 0.0, max: Number = 1.0) -> Number:
    """The number, or the bound that it lies beyond; NaN stays NaN. Fails with `ValueError` if `min` is above `max`.

    >>> clamp(3), clamp(-3, -1, 1), clamp(0.5)
    (1.0, -1, 0.5)
    """
    if min > max:
        raise ValueError(f"`min` ({short(min)}) is greater than `max` ({short(max)})")
    if value < min:
        return min
    return max if value > max else value


@data_node("math.lerp")
def lerp(a: Number = 0.0, b: Number = 1.0, t: Number = 0.5) -> float:
    """The number that lies at `t` on the way from `a` (0) to `b` (1), or beyond.

    >>> lerp(10, 20, 0.25), lerp(10, 20, 2)
    (12.5, 30.0)
    """
    a, b, t = as_floats(a, b, t)
    return a + (b - a) * t


@data_node("math.inverse_lerp")
def inverse_lerp(a: Number = 0.0, b: Number = 1.0, value: Number = 0.5, by_zero: Option[str] = "error") -> float:
    """Where `value` lies on the way from `a` (0) to `b` (1). Fails with `ZeroDivisionError` if `a` equals `b`.

    Args:
        by_zero: What is given if `a` equals `b`: `error`, `zero`, or `ieee` for infinity or NaN.

    >>> inverse_lerp(10, 20, 12.5), inverse_lerp(3, 3, 4, by_zero="zero")
    (0.25, 0.0)
    """
    a, b, value = as_floats(a, b, value)
    return quotient(value - a, b - a, by_zero)


@data_node("math.map_range")
def map_range(
    value: Number = 0.5,
    in_min: Number = 0.0,
    in_max: Number = 1.0,
    out_min: Number = 0.0,
    out_max: Number = 100.0,
    by_zero: Option[str] = "error",
) -> float:
    """The number that lies in one range where `value` lies in another, or beyond.

    Fails with `ZeroDivisionError` if `in_min` equals `in_max`.

    Args:
        by_zero: What is given if `in_min` equals `in_max`: `error`, `zero` for `out_min`, or `ieee` for infinity or
            NaN.

    >>> map_range(0.25), map_range(5, 0, 10, 100, 200), map_range(5, 1, 1, 100, 200, by_zero="zero")
    (25.0, 150.0, 100.0)
    """
    value, in_min, in_max, out_min, out_max = as_floats(value, in_min, in_max, out_min, out_max)
    return out_min + quotient(value - in_min, in_max - in_min, by_zero) * (out_max - out_min)


@data_node("math.smoothstep")
def smoothstep(edge0: Number = 0.0, edge1: Number = 1.0, value: Number = 0.5) -> float:
    """0 up to `edge0`, 1 from `edge1` on, and a smooth way between: 3t² - 2t³. Edges that are equal make a step.

    >>> smoothstep(0, 1, 0.25), smoothstep(0, 10, 20), smoothstep(5, 5, 5)
    (0.15625, 1.0, 0.0)
    """
    edge0, edge1, value = as_floats(edge0, edge1, value)
    if edge0 == edge1 and not math.isnan(value):
        return 1.0 if value > edge0 else 0.0
    t = clamp(quotient(value - edge0, edge1 - edge0, "ieee"), 0.0, 1.0)
    return float(t * t * (3.0 - 2.0 * t))
