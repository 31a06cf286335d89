"""Roots, logarithms, angles, ranges, bits and factors, against Python itself (category math)."""

from __future__ import annotations

import math as python
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.library import math
from nodeflow.testing import try_node

INF, NAN = python.inf, python.nan
INT_MIN, INT_MAX = -(2**31), 2**31 - 1

whole = st.integers()
int32 = st.integers(INT_MIN, INT_MAX)
numbers = st.one_of(st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False))
any_float = st.floats()


def same(a: Any, b: Any) -> bool:
    """Equal, of one kind, and NaN is NaN."""
    return type(a) is type(b) and (a == b or (a != a and b != b))


def outcome(function: Callable[..., Any], *args: Any) -> Any:
    """The result, or the class of what was raised."""
    try:
        return function(*args)
    except Exception as error:
        return type(error)


# --- roots, logarithms, angles ------------------------------------------------------------------------


@given(any_float)
def test_functions_are_pythons(value: float) -> None:
    for node, python_does in (
        (math.sqrt, python.sqrt), (math.exp, python.exp), (math.log, python.log), (math.log2, python.log2),
        (math.log10, python.log10), (math.sin, python.sin), (math.cos, python.cos), (math.tan, python.tan),
        (math.asin, python.asin), (math.acos, python.acos), (math.atan, python.atan),
    ):  # fmt: skip
        mine, pythons = outcome(node, value), outcome(python_does, value)
        assert mine is pythons or same(mine, pythons), node
        if isinstance(pythons, float):
            assert node is math.atan or same(node(value, domain="ieee"), pythons), node


@pytest.mark.parametrize(
    ("node", "value", "result"),
    [
        (math.sqrt, -1.0, NAN), (math.sqrt, -INF, NAN), (math.sqrt, -0.0, -0.0), (math.exp, 1e9, INF),
        (math.log, 0.0, -INF), (math.log, -1.0, NAN), (math.log2, 0.0, -INF), (math.log2, -INF, NAN),
        (math.log10, -0.0, -INF), (math.log10, -5, NAN), (math.sin, INF, NAN), (math.cos, -INF, NAN),
        (math.tan, INF, NAN), (math.asin, 1.5, NAN), (math.acos, -INF, NAN),
    ],
)  # fmt: skip
def test_outside_of_its_domain(node: nf.NodeType, value: float, result: float) -> None:
    assert same(node(value, domain="ieee"), result)
    if value != 0 or result != 0:
        with pytest.raises(OverflowError if node is math.exp else ValueError):
            node(value)


@given(st.floats(1e-6, 1e6), st.floats(1e-3, 1e3).filter(lambda base: abs(base - 1) > 1e-3))
def test_logarithms_to_other_bases(value: float, base: float) -> None:
    assert base ** math.log(value, base) == pytest.approx(value)


@pytest.mark.parametrize("base", [0, -2, 1, 1.0])
def test_bases_without_logarithms(base: float) -> None:
    with pytest.raises(ValueError, match="no logarithm to the base"):
        math.log(8, base)
    assert python.isnan(math.log(8, base, domain="ieee"))


def test_logarithms_are_exact_where_they_can_be() -> None:
    assert [math.log(2**n, 2) for n in range(100)] == [*range(100)]
    assert [math.log(10**n, 10) for n in range(20)] == [*range(20)]
    assert math.log(python.e) == 1.0
    assert math.log(10**1000, 10) == pytest.approx(1000)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_points(x: float, y: float) -> None:
    assert math.hypot(x, y) == python.hypot(x, y)
    assert math.distance(x, y, x, y) == 0
    assert math.distance(0.0, 0.0, x, y) == math.hypot(x, y) == math.distance(x, y, 0.0, 0.0)
    assert math.dot_product(x, y, -y, x) == 0
    assert math.atan2(y, x) == python.atan2(y, x)


@given(st.floats(-1e6, 1e6))
def test_angles(value: float) -> None:
    assert math.to_radians(value) == pytest.approx(python.radians(value), rel=1e-14, abs=1e-300)
    assert math.to_degrees(value) == pytest.approx(python.degrees(value), rel=1e-14, abs=1e-300)


def test_constants() -> None:
    assert try_node(math.pi).result == python.pi
    assert try_node(math.e).result == python.e


# --- between two numbers ------------------------------------------------------------------------------

sized = st.floats(-1e6, 1e6)


@given(numbers, numbers, numbers)
def test_clamp(value: Any, a: Any, b: Any) -> None:
    low, high = min(a, b), max(a, b)
    found = math.clamp(value, low, high)
    assert low <= found <= high
    assert found == value or found in (low, high)


def test_clamp_and_nan() -> None:
    assert python.isnan(math.clamp(NAN, 0.0, 1.0))
    assert math.clamp(INF, 0.0, 1.0) == 1.0


@given(sized, sized, st.floats(0, 1))
def test_mixing(a: float, b: float, t: float) -> None:
    found = math.lerp(a, b, t)
    assert found == pytest.approx(a * (1 - t) + b * t, abs=1e-6)
    if abs(b - a) > 1:
        assert math.inverse_lerp(a, b, found) == pytest.approx(t, abs=1e-6)
        assert math.map_range(found, a, b, 0.0, 100.0) == pytest.approx(100 * t, abs=1e-4)


def test_an_empty_range() -> None:
    assert math.inverse_lerp(3, 3, 5, by_zero="ieee") == INF
    assert math.inverse_lerp(3, 3, 5, by_zero="zero") == 0
    assert math.map_range(5, 3, 3, 7, 9, by_zero="zero") == 7


@given(sized, sized, sized)
def test_smoothstep(edge0: float, edge1: float, value: float) -> None:
    found = math.smoothstep(edge0, edge1, value)
    assert 0 <= found <= 1
    if edge0 <= edge1 and value <= edge0:
        assert found == 0
    if edge0 < edge1 <= value:
        assert found == 1
    if abs(edge0 - edge1) > 1e-3:
        assert found == pytest.approx(1 - math.smoothstep(edge1, edge0, value), abs=1e-9)


@pytest.mark.parametrize(("value", "result"), [(1.9, 0.0), (2.0, 0.0), (2.1, 1.0), (NAN, NAN), (INF, 1.0)])
def test_smoothstep_at_one_edge(value: float, result: float) -> None:
    assert same(math.smoothstep(2.0, 2.0, value), result)


# --- whole numbers ------------------------------------------------------------------------------------


@given(whole, whole)
def test_bits(a: int, b: int) -> None:
    assert math.bit_and(a, b) == a & b
    assert math.bit_or(a, b) == a | b
    assert math.bit_xor(a, b) == a ^ b
    assert math.bit_not(a) == ~a
    assert math.gcd(a, b) == python.gcd(a, b)
    assert math.lcm(a, b) == python.lcm(a, b)
    assert math.is_even(a) != math.is_odd(a)
    assert math.is_even(a) == (a % 2 == 0)


@given(whole, st.integers(0, 200))
def test_shifts(value: int, shift: int) -> None:
    assert math.shift_left(value, shift) == value << shift
    assert math.shift_right(value, shift) == value >> shift


@given(int32, st.integers(-100, 100))
def test_shifts_in_32_bits(value: int, shift: int) -> None:
    left = math.shift_left(value, shift, bits=32)
    assert INT_MIN <= left <= INT_MAX
    assert (left - (value << (shift & 31))) % 2**32 == 0
    assert math.shift_right(value, shift, bits=32) == value >> (shift & 31)


def test_huge_shifts() -> None:
    assert math.shift_left(0, 10**30) == 0
    assert (math.shift_right(5, 10**30), math.shift_right(-5, 10**30)) == (0, -1)
    for node in (math.shift_left, math.shift_right):
        with pytest.raises(ValueError, match="0 or more, not -1"):
            node(1, -1)


def test_the_one_quotient_that_does_not_fit() -> None:
    assert math.divide_whole(INT_MIN, -1) == 2**31
    for rounding in ("floor", "truncate"):
        with pytest.raises(OverflowError, match="does not fit 32 bits"):
            math.divide_whole(INT_MIN, -1, rounding=rounding, bits=32)


def test_factorials() -> None:
    assert [math.factorial(n) for n in range(100)] == [python.factorial(n) for n in range(100)]
    assert math.factorial(8000) == python.factorial(8000)
    for value in (-1, 8001, 10**30):
        with pytest.raises(ValueError, match="from 0 to 8000"):
            math.factorial(value)
