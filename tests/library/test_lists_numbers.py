"""Sum, average, least, greatest, median of lists; against Python itself."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeflow.library import lists
from nodeflow.node import NodeType

INTS = st.lists(st.integers())
FLOATS = st.lists(st.floats(-1e100, 1e100) | st.integers(-(10**20), 10**20))
ALL = (lists.sum, lists.average, lists.min, lists.max, lists.median)


@given(INTS)
def test_ints_are_exact(items: list[int]) -> None:
    assert lists.sum(items) == sum(items)
    assert isinstance(lists.sum(items), int)
    if items:
        assert lists.min(items) == min(items)
        assert lists.max(items) == max(items)


@given(FLOATS)
def test_a_sum_with_floats_is_the_nearest_to_the_exact_one(items: list[Any]) -> None:
    assert float(lists.sum(items)) == float(sum(map(Fraction, map(float, items))))


@given(st.lists(st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6), min_size=1))
def test_against_statistics(items: list[Any]) -> None:
    assert lists.average(items) == pytest.approx(statistics.fmean(items))
    assert lists.median(items) == pytest.approx(statistics.median(items))
    assert lists.min(items) == min(items)
    assert lists.max(items) == max(items)


@pytest.mark.parametrize("node", ALL)
def test_nan_makes_nan(node: NodeType) -> None:
    for items in ([math.nan, 1], [1, math.nan], [math.nan]):
        assert math.isnan(node(items))


def test_infinities_and_large_ones() -> None:
    assert lists.sum([math.inf, 1]) == math.inf
    assert math.isnan(lists.sum([math.inf, -math.inf]))
    assert lists.sum([1e308, 1e308]) == math.inf
    assert lists.sum([1e308, 1e308, -1e308]) == math.inf  # as it is on the way
    assert lists.sum([10**400, 1]) == 10**400 + 1
    assert lists.median([10**400]) == 10**400
    for node in (lists.sum, lists.average):
        with pytest.raises(OverflowError, match="too large"):
            node([10**400, 0.5])
    with pytest.raises(OverflowError):
        lists.average([10**400])


@pytest.mark.parametrize("node", ALL)
@pytest.mark.parametrize("item", [None, "1", True, [1], {}])
def test_others_fail(node: NodeType, item: Any) -> None:
    with pytest.raises(TypeError, match=r"item 1, .*, is no number"):
        node([1, item])


def test_others_as_said() -> None:
    items = [4, "2.5", " 3 ", "x", None, True, "1e400", "nan", "1_0", "٣"]
    assert lists.sum(items, others="ignore") == 4
    assert lists.sum(items[:-4], others="parse") == 9.5
    assert lists.sum(items[-3:], others="parse") == 0
    assert lists.sum(["1e400"], others="parse") == math.inf
    assert lists.average([4, "2", None, True], others="zero") == 1
    assert lists.average([4, "2", None, True], others="ignore") == 4
    assert lists.average([4, "2", None, True], others="parse") == 3
    assert lists.min([4, "2", None], others="ignore") == 4
    assert lists.max([-4, "2", None], others="zero") == 0
    assert lists.median([1, "x", 3], others="ignore") == 2
    assert lists.sum(["9" * 400], others="parse") == int("9" * 400)
    assert lists.sum(["9" * 401], others="parse") == 0
    with pytest.raises(ValueError, match="option `others` must be"):
        lists.sum([], others="all")


@pytest.mark.parametrize("node", ALL[1:])
def test_none_at_all(node: NodeType) -> None:
    for items in ([], ["a"]):
        with pytest.raises(ValueError, match="a list without numbers has no"):
            node(items, others="ignore")
        assert node(items, others="ignore", empty="zero") == 0
    with pytest.raises(ValueError, match="option `empty` must be"):
        node([], empty="none")


def test_sum_of_nothing() -> None:
    assert lists.sum([]) == 0
