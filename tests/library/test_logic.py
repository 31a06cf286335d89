"""Comparing and deciding (category logic)."""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.library import flow, logic
from nodeflow.library.equality import same
from nodeflow.testing import Each, try_node

NAN = math.nan

plain = st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.text(max_size=3))
data = st.recursive(plain, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=2), x, max_size=3))


def deep(levels: int, inside: Any = 0) -> list[Any]:
    """A list in a list in a list."""
    for _ in range(levels):
        inside = [inside]
    return inside  # type: ignore[no-any-return]


def wide(levels: int) -> list[Any]:
    """Small in memory, and of 2**levels items for whoever walks through it."""
    inside: list[Any] = [0]
    for _ in range(levels):
        inside = [inside, inside]
    return inside


# --- the same -----------------------------------------------------------------------------------------


@given(data, data)
def test_without_truth_values_and_nan_equality_is_pythons(a: Any, b: Any) -> None:
    assert logic.equal(a, b) == (a == b)
    assert logic.not_equal(a, b) == (a != b)


@given(data)
def test_a_copy_is_the_same(a: Any) -> None:
    assert logic.equal(a, copy.deepcopy(a))


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (None, None, True), (None, 0, False), (None, False, False), ("", None, False), (0, False, False),
        (1, True, False), (True, True, True), (1, 1.0, True), (2**53 + 1, float(2**53), False), ("1", 1, False),
        (NAN, NAN, False), ([NAN], [math.nan + 1], False), ([True], [1], False), ({"a": [1]}, {"a": [True]}, False),
        ([1, [2, {"a": None}]], [1, [2, {"a": None}]], True), ([1], [1, 2], False), ([], {}, False), ([1], (1,), False),
        ((1, (2,)), (1, (2,)), True), ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True), ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {"a": 1, "b": None}, False), (b"a", "a", False), ({1, 2}, {2, 1}, True),
        (datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), False), ([1], 1, False), ("ab", ["a", "b"], False),
        (10**400, 1e308, False), (math.inf, 10**400, False),
    ],
)  # fmt: skip
def test_equal(a: Any, b: Any, equal: bool) -> None:
    for left, right in ((a, b), (b, a)):
        assert logic.equal(left, right) is equal
        assert logic.not_equal(left, right) is not equal


def test_one_and_the_same_list_is_the_same_even_with_nan_inside() -> None:
    numbers = [NAN]
    assert logic.equal(numbers, numbers)


def test_deep_values_are_compared() -> None:
    assert logic.equal(deep(20_000), deep(20_000))
    assert not logic.equal(deep(20_000), deep(20_000, 1))
    assert not logic.equal(deep(20_000), deep(19_999))


def test_values_that_share_their_parts_are_compared_in_time() -> None:
    assert logic.equal(wide(200), wide(200))
    assert not logic.equal(wide(200), wide(199))


def test_values_that_hold_themselves_are_compared() -> None:
    one: list[Any] = [1]
    one.append(one)
    two: list[Any] = [1]
    two.append(two)
    assert logic.equal(one, two)
    two[0] = 2
    assert not logic.equal(one, two)


@frozen
class Chain:
    next: Any


def test_objects_of_the_host_that_are_too_deep_say_so() -> None:
    a = b = None
    for _ in range(20_000):
        a, b = Chain(a), Chain(b)  # type: ignore[assignment]
    with pytest.raises(ValueError, match="nested too deeply to be compared"):
        same(a, b)


@pytest.mark.parametrize("case", [None, "", 1e20, [1, 2], {"a": [1]}, False])
def test_any_literal_can_be_chosen(case: Any) -> None:
    chosen = try_node(logic.choose, cases=[case, "b"], value=case, b=0, **{nf.port_name(case): "found"})
    assert chosen.result == "found"


# --- order --------------------------------------------------------------------------------------------

ORDERS: list[tuple[nf.NodeType, Callable[[Any, Any], bool]]] = [
    (logic.less, operator.lt), (logic.less_or_equal, operator.le), (logic.greater, operator.gt),
    (logic.greater_or_equal, operator.ge),
]  # fmt: skip

numbers = st.integers() | st.floats()


@given(st.tuples(numbers, numbers) | st.tuples(st.text(), st.text()) | st.tuples(st.binary(), st.binary()))
def test_order_is_pythons(pair: tuple[Any, Any]) -> None:
    for node, python in ORDERS:
        assert node(*pair) is python(*pair)


lists_of_numbers = st.recursive(st.lists(st.integers(0, 2), max_size=3), lambda x: st.lists(x, max_size=3))


@given(st.lists(st.integers(0, 2), max_size=4), st.lists(st.integers(0, 2), max_size=4))
def test_lists_are_ordered_by_the_first_item_that_differs(a: Any, b: Any) -> None:
    for node, python in ORDERS:
        assert node(a, b) is python(a, b)
        assert node([1, a, 5], [1, b, 4]) is python([1, a, 5], [1, b, 4])
        assert node(tuple(a), tuple(b)) is python(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, "a"), ("1", 1), (None, 1), (1, None), (True, 1), (0.5, False), ({}, {}), ([1], 1), ([1], (1,)),
        ([1], ["a"]),
        ([[1], None], [[1], 2]), (b"a", "a"), (datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)), (1j, 2j),
    ],
)  # fmt: skip
def test_what_has_no_order_says_so(a: Any, b: Any) -> None:
    for node, _ in ORDERS:
        with pytest.raises(TypeError, match=r"have no order; compare numbers with numbers"):
            node(a, b)


def test_truth_values_and_dates_are_ordered_among_themselves() -> None:
    assert logic.less(False, True)
    assert logic.greater(datetime(2026, 1, 2), datetime(2026, 1, 1))


def test_nan_is_neither_less_nor_more() -> None:
    for node, _ in ORDERS:
        assert [node(NAN, 1), node(1, NAN), node(NAN, NAN), node([1, NAN], [1, 2])] == [False] * 4


def test_order_of_deep_and_of_shared_lists() -> None:
    assert logic.less(deep(20_000), deep(20_000, 1))
    assert logic.less([deep(20_000), 1], [deep(20_000), 2])
    assert logic.less([wide(100), 1], [wide(100), 2])
    assert logic.greater_or_equal(wide(100), wide(100))


# --- truth values -------------------------------------------------------------------------------------


@pytest.mark.parametrize("a", [False, True])
@pytest.mark.parametrize("b", [False, True])
def test_truth_tables(a: bool, b: bool) -> None:
    assert try_node(logic.and_, a=a, b=b).result is (a and b)
    assert try_node(logic.or_, a=a, b=b).result is (a or b)
    assert logic.xor(a, b) is (a is not b)
    assert logic.not_(a) is not a


@given(st.lists(st.booleans()))
def test_all_and_any(items: list[bool]) -> None:
    assert logic.all(items) is all(items)
    assert logic.any(items) is any(items)


@pytest.mark.parametrize("items", [[1], ["x"], [None], "ab", None])
def test_all_and_any_take_truth_values_only(items: Any) -> None:
    for node in (logic.all, logic.any):
        with pytest.raises(nf.SocketTypeError):
            try_node(node, list=Each(items))


@pytest.mark.parametrize(("value", "none"), [(None, True), (0, False), ("", False), (False, False), ([], False)])
def test_none(value: Any, none: bool) -> None:
    assert logic.is_none(value) is none
    assert logic.is_not_none(value) is not none


# --- deciding: only what is needed is pulled ----------------------------------------------------------


@nf.data_node("t.broken")
def broken() -> Any:
    """Fails, so whoever pulls it is found out."""
    raise RuntimeError("pulled")


def decided(node: nf.NodeType, broken_inputs: list[str], **given: Any) -> Any:
    """The result of a deciding node some of whose inputs must not be pulled."""
    wf = nf.Workflow("main", outputs={"result": "any"})
    placed, done = wf.add(node, **given), wf.add(flow.set_output)
    wf.add(flow.start) >> done
    for name in broken_inputs:
        wf.add(broken, id=f"broken_{len(name)}_{broken_inputs.index(name)}").result >> placed[name]
    placed.result >> done["result"]
    return nf.run_sync(wf).outputs["result"]


@pytest.mark.parametrize(
    ("node", "unneeded", "given", "result"),
    [
        (logic.and_, ["b"], {"a": False}, False),
        (logic.or_, ["b"], {"a": True}, True),
        (logic.select, ["otherwise"], {"condition": True, "then": 1}, 1),
        (logic.select, ["then"], {"condition": False, "otherwise": 2}, 2),
        (logic.coalesce, ["fallback"], {"value": 0}, 0),
        (logic.choose, ["b", "default"], {"cases": ["a", "b"], "value": "a", "a": 7}, 7),
        (logic.choose, ["a", "b"], {"cases": ["a", "b"], "value": "c", "default": 9}, 9),
    ],
)
def test_what_is_not_needed_is_not_pulled(
    node: nf.NodeType, unneeded: list[str], given: dict[str, Any], result: Any
) -> None:
    assert decided(node, unneeded, **given) == result


def test_coalesce() -> None:
    assert try_node(logic.coalesce, value=None, fallback=3).result == 3
    assert try_node(logic.coalesce).result is None


@pytest.mark.parametrize(
    ("value", "result"),
    [(1, "one"), (1.0, "one"), ("1", "else"), (True, "yes"), (None, "else"), ("a b", "text"), ([], "else")],
)
def test_choose_among_literals_of_any_kind(value: Any, result: str) -> None:
    given = {"1": "one", "true": "yes", "a b": "text", "default": "else"}
    assert try_node(logic.choose, cases=[1, True, "a b"], value=Each(value), **given).result == result


def test_choose_without_cases_and_default() -> None:
    assert try_node(logic.choose, cases=[], value=1).result is None


@pytest.mark.parametrize("value", [None, 0, "x", [1, {"a": 2}], True])
def test_value(value: Any) -> None:
    assert try_node(logic.value, value=value).result == value
