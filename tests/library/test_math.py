"""Arithmetic against Python itself, and where there is no result (category math)."""

from __future__ import annotations

import math as python
import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.library import flow, lists, math, variables
from nodeflow.testing import Each, try_node

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


# --- against Python -----------------------------------------------------------------------------------


@given(numbers, numbers)
def test_sums_and_products_are_pythons(a: Any, b: Any) -> None:
    for node, python_does in (
        (math.add, operator.add),
        (math.subtract, operator.sub),
        (math.multiply, operator.mul),
        (math.divide, operator.truediv),
        (math.modulo, operator.mod),
    ):
        mine, pythons = outcome(node, a, b), outcome(python_does, a, b)
        assert mine is pythons or same(mine, pythons), node


@given(numbers)
def test_one_number(value: Any) -> None:
    assert math.negate(value) == -value
    assert math.abs(value) == abs(value)
    assert math.sign(value) == (0 if value == 0 else python.copysign(1, value))
    assert math.floor(value) == python.floor(value)
    assert math.ceiling(value) == python.ceil(value)
    assert math.truncate(value) == python.trunc(value)
    assert math.round(value) == round(value)


@given(numbers, numbers)
def test_the_smaller_and_the_larger(a: Any, b: Any) -> None:
    assert math.min(a, b) == min(a, b)
    assert math.max(a, b) == max(a, b)


@given(st.integers(-50, 50), st.integers(0, 200))
def test_powers_of_whole_numbers_are_exact(base: int, exponent: int) -> None:
    assert same(math.power(base, exponent), base**exponent)


@given(st.floats(), st.floats(-400, 400))
def test_powers_under_ieee_never_fail(base: float, exponent: float) -> None:
    assert isinstance(math.power(base, exponent, domain="ieee"), float)


@given(int32, int32)
def test_with_bits_results_are_what_is_left_of_them_in_32_bits(a: int, b: int) -> None:
    for node, python_does in ((math.add, operator.add), (math.subtract, operator.sub), (math.multiply, operator.mul)):
        found = node(a, b, bits=32)
        assert INT_MIN <= found <= INT_MAX
        assert (found - python_does(a, b)) % 2**32 == 0


@given(whole, whole.filter(bool))
def test_remainders_go_with_quotients(a: int, b: int) -> None:
    assert math.divide_whole(a, b) * b + math.modulo(a, b) == a
    truncated = math.divide_whole(a, b, rounding="truncate")
    assert truncated * b + math.modulo(a, b, sign="dividend") == a
    assert abs(truncated) == abs(a) // abs(b)


@given(any_float.filter(python.isfinite), any_float.filter(lambda b: b == b and b != 0))
def test_remainders_of_fractions_in_c(a: float, b: float) -> None:
    assert math.modulo(a, b, sign="dividend") == python.fmod(a, b)


# --- nothing, NaN and infinity, huge ------------------------------------------------------------------


@pytest.mark.parametrize("node", [math.add, math.subtract, math.multiply, math.divide, math.modulo, math.min, math.max])
def test_nan_gives_nan(node: nf.NodeType) -> None:
    assert python.isnan(node(NAN, 1.0))
    assert python.isnan(node(1.0, NAN))


@pytest.mark.parametrize(
    ("node", "inputs", "error"),
    [
        (math.divide, {"a": 42, "b": 0}, ZeroDivisionError),
        (math.divide, {"a": 42.0, "b": -0.0}, ZeroDivisionError),
        (math.modulo, {"a": 42, "b": 0}, ZeroDivisionError),
        (math.modulo, {"a": 42, "b": 0, "sign": "dividend"}, ZeroDivisionError),
        (math.divide_whole, {"a": 42, "b": 0}, ZeroDivisionError),
        (math.power, {"base": 0, "exponent": -1}, ZeroDivisionError),
        (math.power, {"base": -8, "exponent": 0.5}, ValueError),
        (math.power, {"base": 10.0, "exponent": 999}, OverflowError),
        (math.power, {"base": 10**400, "exponent": 0.5}, OverflowError),
        (math.inverse_lerp, {"a": 3, "b": 3, "value": 3}, ZeroDivisionError),
        (math.map_range, {"value": 3, "in_min": 2, "in_max": 2}, ZeroDivisionError),
        (math.sign, {"value": NAN}, ValueError),
        (math.clamp, {"value": 1, "min": 3, "max": 2}, ValueError),
    ],
)
def test_without_a_result_it_fails(node: nf.NodeType, inputs: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        try_node(node, **inputs)


@pytest.mark.parametrize(
    ("a", "b", "ieee"), [(42, 0, INF), (-42, 0, -INF), (42, -0.0, -INF), (0, 0, NAN), (NAN, 0, NAN), (10**400, 0, INF)]
)
def test_by_zero(a: Any, b: Any, ieee: float) -> None:
    assert same(math.divide(a, b, by_zero="ieee"), ieee)
    assert same(math.divide(a, b, by_zero="zero"), 0.0)
    assert math.divide_whole(42, 0, by_zero="zero") == 0
    assert python.isnan(math.modulo(a, b, by_zero="ieee"))
    assert math.modulo(a, b, by_zero="zero") == 0


@pytest.mark.parametrize("sign", ["divisor", "dividend"])
def test_an_infinite_number_has_no_remainder(sign: str) -> None:
    assert python.isnan(math.modulo(INF, 2.0, sign=sign))
    assert math.modulo(5.0, INF, sign=sign) == 5.0


@pytest.mark.parametrize(
    ("base", "exponent", "result"),
    [
        (2, 10, 1024.0), (10, 999, INF), (-10.0, 999, -INF), (-10.0, 998, INF), (0, -1, INF), (-0.0, -3, -INF),
        (-0.0, -2, INF), (-8, 0.5, NAN), (NAN, 0, 1.0), (1, NAN, 1.0), (2, -INF, 0.0), (10**400, -1, 0.0),
        (-(10**400), 3, -INF),
    ],
)  # fmt: skip
def test_power_as_ieee(base: Any, exponent: Any, result: float) -> None:
    assert same(math.power(base, exponent, domain="ieee"), result)


@pytest.mark.parametrize(
    "made",
    [
        lambda: math.power(9, 9**9),
        lambda: math.power(-3, 10**30),
        lambda: math.power(2**60_000, 2),
        lambda: math.multiply(2**60_000, 2**60_000),
        lambda: math.multiply(2**60_000, 2**60_000, bits=32),
        lambda: math.shift_left(1, 10**12),
        lambda: math.lcm(3**40_000, 2**50_000),
    ],
)
def test_whole_numbers_do_not_grow_for_ever(made: Callable[[], Any]) -> None:
    with pytest.raises(OverflowError, match="100000 bits"):
        made()


def test_powers_that_do_not_grow() -> None:
    assert [math.power(base, 10**30) for base in (-1, 0, 1)] == [1, 0, 1]
    assert math.power(0, 0) == 1
    assert math.power(2, 99_999) == 2**99_999


def test_a_loop_that_squares_ends_with_an_error_that_can_be_caught() -> None:
    wf = nf.Workflow("main", variables={"x": nf.model.Variable("any", 3)})
    caught, loop = wf.add(flow.try_), wf.add(flow.for_, times=100)
    square, get, keep = wf.add(math.multiply), wf.add(variables.get, name="x"), wf.add(variables.set_, name="x")
    show = wf.add(flow.print, value="too large")
    wf.add(flow.start) >> caught
    caught.body >> loop
    caught.catch >> show
    loop.body >> keep
    get.value >> square.a
    get.value >> square.b
    square.result >> keep.value
    assert list(nf.run_sync(wf).printed) == ["too large"]


@pytest.mark.parametrize("value", [INF, -INF, NAN, 1e300, -1e300])
@pytest.mark.parametrize("node", [math.floor, math.ceiling, math.truncate, math.round])
def test_what_is_whole_or_no_number_stays_what_it_is(node: nf.NodeType, value: float) -> None:
    assert same(node(value), value)


@pytest.mark.parametrize(
    ("value", "nan", "infinite"), [(NAN, True, False), (-INF, False, True), (10**400, False, False)]
)
def test_what_kind_of_number(value: Any, nan: bool, infinite: bool) -> None:
    assert (math.is_nan(value), math.is_infinite(value), math.is_finite(value)) == (
        nan,
        infinite,
        not (nan or infinite),
    )


def test_bits_are_whole() -> None:
    assert math.add(1.0, 2.0, bits=8) == 3
    with pytest.raises(ValueError, match=r"whole, not 2\.5"):
        math.add(1.5, 1.0, bits=8)
    for bits in (0, -1, 10**9):
        with pytest.raises(ValueError, match="from 1 to 4096"):
            math.add(1, 2, bits=bits)


@pytest.mark.parametrize(
    ("node", "options", "said"),
    [
        (math.divide, {"b": 0, "by_zero": "nul"}, "'error', 'zero' or 'ieee', not 'nul'"),
        (math.divide_whole, {"b": 0, "by_zero": "ieee"}, "'error' or 'zero'"),
        (math.divide_whole, {"rounding": "up"}, "'floor' or 'truncate'"),
        (math.modulo, {"sign": "plus"}, "'divisor' or 'dividend'"),
        (math.modulo, {"b": 0, "by_zero": "x"}, "'error', 'zero' or 'ieee'"),
        (math.power, {"domain": "x"}, "'error' or 'ieee'"),
        (math.sqrt, {"value": -1.0, "domain": "x"}, "'error' or 'ieee'"),
        (math.round, {"ties": "odd"}, "'even' or 'away'"),
    ],
)
def test_an_option_that_is_none_says_which_there_are(node: nf.NodeType, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        try_node(node, **options)


@pytest.mark.parametrize("wrong", ["3", True, None, [1]])
@pytest.mark.parametrize("node", [math.add, math.floor, math.sqrt, math.is_even])
def test_what_is_no_number_is_refused(node: nf.NodeType, wrong: Any) -> None:
    with pytest.raises(nf.SocketTypeError):
        try_node(node, **{node.data_ins[0].name: Each(wrong)})


# --- rounding -----------------------------------------------------------------------------------------


@given(st.floats(-1e15, 1e15), st.integers(-10, 10))
def test_rounding_with_ties_to_even_is_pythons(value: float, digits: int) -> None:
    found = math.round(value, digits)
    assert found == round(value, digits)
    assert isinstance(found, int) == (digits == 0)


@given(st.integers(-(10**20), 10**20), st.integers(-22, 3))
def test_whole_numbers_stay_whole(value: int, digits: int) -> None:
    for ties in ("even", "away"):
        found = math.round(value, digits, ties=ties)
        assert isinstance(found, int)
        assert abs(found - value) * 2 <= 10 ** max(0, -digits)


@given(st.integers(-(10**6), 10**6))
def test_halves_away_from_zero(value: int) -> None:
    half = value + 0.5
    assert math.round(half, ties="away") == (value + 1 if half > 0 else value)
    assert math.round(half) % 2 == 0


@pytest.mark.parametrize(
    ("value", "digits", "away", "even"),
    [
        (0.125, 2, 0.13, 0.12), (-0.125, 2, -0.13, -0.12), (2.675, 2, 2.67, 2.67), (250, -2, 300, 200),
        (250.0, -2, 300.0, 200.0), (0.49999999999999994, 0, 0, 0), (1e300, 400, 1e300, 1e300),
        (5e-324, 400, 5e-324, 5e-324), (123, -400, 0, 0), (1e300, -310, 0.0, 0.0),
    ],
)  # fmt: skip
def test_digits(value: Any, digits: int, away: Any, even: Any) -> None:
    assert same(math.round(value, digits, ties="away"), away)
    assert same(math.round(value, digits), even)


@pytest.mark.parametrize("digits", [401, -401, 10**30])
def test_too_many_digits(digits: int) -> None:
    with pytest.raises(ValueError, match="from -400 to 400"):
        math.round(1, digits)


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


# --- running sum --------------------------------------------------------------------------------------


def test_running_sum_begins_again() -> None:
    assert try_node(math.running_sum, value=Each(1, 2, 3, 4), reset=Each(False, False, True, False)).seen("result") == [
        1, 3, 3, 7,
    ]  # fmt: skip


def test_running_sum_is_one_for_all_branches() -> None:
    wf = nf.Workflow("main", outputs={"sums": "list"})
    batch, total, done = wf.add(flow.batch, items=[1, 2, 3, 4, 5]), wf.add(math.running_sum), wf.add(flow.set_output)
    wf.add(flow.start) >> batch
    batch["continue"] >> done
    batch.item >> total.value
    total.result >> batch["result"]
    batch.results >> done["sums"]
    assert max(nf.run_sync(wf).outputs["sums"]) == 15


def test_nodes_of_the_interface_keep_their_names() -> None:
    wf = nf.Workflow("main", outputs={"n": "int"})
    length, done = wf.add(lists.length, list=[1, 2, 3]), wf.add(flow.set_output)
    wf.add(flow.start) >> done
    before = length.result
    for node in (math.add, math.subtract, math.multiply, math.divide, math.modulo):
        placed = wf.add(node, b=5)
        before >> placed.a
        before = placed.result
    before >> done["n"]
    assert nf.run_sync(wf).outputs == {"n": 3}
