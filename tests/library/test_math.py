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


@pytest.mark.parametrize("type", [math.add, math.subtract, math.multiply, math.modulo, math.lerp, math.inverse_lerp])
def test_a_whole_number_that_no_float_holds_is_named(type: nf.NodeType) -> None:
    with pytest.raises(OverflowError, match="<int of 99658 bits> is too large to be calculated with as a fraction"):
        type(0.5, -(10**30_000))
