"""Nodes `lists.*`: making, looking, changing, order, sets; against Python itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.library import flow, lists
from nodeflow.library.keys import Keys, alike
from nodeflow.library.lists_making import MANY
from nodeflow.node import NodeType
from nodeflow.testing import try_node

NAN = math.nan
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, 1.0, NAN, math.inf])
    | st.sampled_from(["", "a", "b"])
)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner))
LISTS = st.lists(VALUES, max_size=6)
INDEXES = st.integers(-8, 8)


def deep(levels: int, inmost: Any = None) -> list[Any]:
    made: list[Any] = [inmost]
    for _ in range(levels):
        made = [made]
    return made


# --- what is the same ---------------------------------------------------------------------------------


def reference(a: Any, b: Any) -> bool:
    """What the same means, word by word."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(reference, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(reference(a[key], b[key]) for key in a)
    return bool(a == b)


@given(VALUES, VALUES)
def test_keys_are_equal_exactly_if_values_are_the_same(a: Any, b: Any) -> None:
    assert alike(a, b) == reference(a, b)
    keys = Keys()
    assert (keys.of(a) == keys.of(b)) == reference(a, b)
    assert len({keys.of(a), keys.of(b)}) == 2 - reference(a, b)


def crowd(width: int = 10, depth: int = 30) -> list[Any]:
    """A list that holds one list many times, which holds another one many times, and so on."""
    value: list[Any] = [0]
    for _ in range(depth):
        value = [value] * width
    return value


def test_what_is_there_many_times_is_looked_at_once() -> None:
    first, again, other = crowd(), crowd(), crowd(9)
    assert [*map(id, lists.distinct([first, again, other]))] == [id(first), id(other)]
    assert lists.index_of([crowd(9), crowd()], crowd()) == 1
    assert lists.difference(crowd(), [crowd(depth=29)]) == []


def test_a_list_in_itself_has_no_key() -> None:
    endless: list[Any] = []
    endless.append([endless])
    with pytest.raises(ValueError, match="in itself cannot be compared"):
        lists.distinct([endless])


@attrs.frozen
class Point:
    x: Any
    y: Any = 0


@attrs.define(eq=False)
class Thing:
    name: str


def test_the_same_of_other_values() -> None:
    thing = Thing("a")
    assert alike(Point([1]), Point([1.0]))
    assert not alike(Point(1), Point(True))
    assert alike(thing, thing)
    assert not alike(thing, Thing("a"))
    assert alike({1, 2}, frozenset([2, 1]))
    assert alike(bytearray(b"a"), bytearray(b"a"))
    assert not alike(b"a", "a")
    assert not alike([1], (1,))
    assert alike(2**70, 2.0**70)
    assert not alike(2**70, 2**70 + 1)
    assert not alike(-(2**70), 2**70)
    assert alike({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert alike({1: "a", "b": 2}, {"b": 2, 1: "a"})


def test_what_is_deep_or_made_to_collide_takes_no_recursion_and_no_time() -> None:
    assert alike(deep(50_000), deep(50_000))
    assert not alike(deep(50_000, 1), deep(50_000, True))
    colliding = [number * (2**61 - 1) for number in range(20_000)]  # all have the hash 0
    assert lists.distinct(colliding * 2) == colliding


# --- making -------------------------------------------------------------------------------------------


def test_make_orders_by_name() -> None:
    wf = nf.Workflow("main", outputs={"made": "list"})
    start, make, out = wf.add(flow.start), wf.add(lists.make), wf.add(flow.set_output)
    for name in ("item10", "b", "item2", "item1", "item02"):
        wf.add(lists.repeat, id=f"of_{name}", item=name).result >> make[name]
    start >> out
    make.result >> out["made"]
    assert nf.run_sync(wf).outputs["made"] == [["b"], ["item1"], ["item02"], ["item2"], ["item10"]]
    assert try_node(lists.make).result == []


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-7, 7).filter(bool))
def test_range_is_pythons(start: int, stop: int, step: int) -> None:
    assert lists.range(start, stop, step) == list(range(start, stop, step))
    towards = lists.range(start, stop, step, direction="to_stop")
    assert towards == list(range(start, stop, abs(step) if start <= stop else -abs(step)))
    assert lists.range(start, stop, step, limit=3, longer="cut") == list(range(start, stop, step))[:3]


def test_ranges_are_bounded() -> None:
    with pytest.raises(ValueError, match="too long; at most 10000000"):
        lists.range(0, 10**30)
    with pytest.raises(ValueError, match="too long; at most 5"):
        lists.range(0, 6, limit=5)
    with pytest.raises(ValueError, match="too long"):
        lists.range(0, MANY + 1, limit=10**20)
    assert lists.range(0, 10**30, limit=2, longer="cut") == [0, 1]
    assert lists.range(0, 3, limit=-1, longer="cut") == []
    with pytest.raises(ValueError, match="zero"):
        lists.range(0, 3, 0)


def test_repeat() -> None:
    assert lists.repeat([1], 2) == [[1], [1]]
    assert lists.repeat(None, 0) == lists.repeat(None, -5) == []
    assert lists.repeat(1, 10**20, limit=3, longer="cut") == [1, 1, 1]
    with pytest.raises(ValueError, match="too many; at most 10000000"):
        lists.repeat(1, 10**20)


def test_concat_and_zip_take_more_inputs() -> None:
    assert try_node(lists.concat).result == []
    assert try_node(lists.concat, a=[1], z10=[4], z9=[3], b=[2]).result == [1, 2, 3, 4]
    assert try_node(lists.zip, a=[1], b=[2], c=[3]).result == [[1, 2, 3]]
    assert try_node(lists.zip, a=[1, 2], b=[2], uneven="cut").result == [[1, 2]]
    assert try_node(lists.zip, a=[1, 2], b=[], uneven="fill").result == [[1, None], [2, None]]
    with pytest.raises(ValueError, match=r"not equally long: 1, 2 items"):
        lists.zip([1], [1, 2], more={})


def test_concat_is_bounded() -> None:
    half = [None] * (MANY // 2 + 1)
    with pytest.raises(ValueError, match="10000002 items is too long"):
        lists.concat(half, half, more={})
    with pytest.raises(ValueError, match="is too long"):
        lists.zip(half, half, more={})


@given(LISTS, st.integers(1, 10))
def test_chunks_make_the_list_again(items: list[Any], size: int) -> None:
    chunks = lists.chunk(items, size)
    assert [item for chunk in chunks for item in chunk] == items
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert all(chunks)


def test_chunk_at_its_ends() -> None:
    assert lists.chunk([], 3) == []
    assert lists.chunk([1, 2], 10**30) == [[1, 2]]
    for size in (0, -1):
        with pytest.raises(ValueError, match="`size` must be 1 or more"):
            lists.chunk([1], size)


def flat(items: list[Any], depth: int) -> list[Any]:
    found = []
    for item in items:
        found += flat(item, depth - 1) if isinstance(item, list) and depth else [item]
    return found


@given(LISTS, st.integers(-1, 3))
def test_flatten(items: list[Any], depth: int) -> None:
    assert repr(lists.flatten(items, depth=depth)) == repr(flat(items, depth))


def test_flatten_of_deep_and_shared_lists() -> None:
    assert lists.flatten(deep(100_000, "x"), depth=-1) == ["x"]
    shared: list[Any] = []
    for _ in range(40):
        shared = [shared, shared]
    with pytest.raises(ValueError, match="too many items"):
        lists.flatten(shared, depth=-1)
    assert lists.flatten(["ab", (1, (2,)), {"a": [1]}], depth=-1) == ["ab", 1, 2, {"a": [1]}]


# --- indexes ------------------------------------------------------------------------------------------


def or_error(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except IndexError:
        return IndexError


@given(LISTS, INDEXES)
def test_get_set_remove_at_are_pythons(items: list[Any], index: int) -> None:
    def changed(change: Callable[[list[Any]], Any]) -> list[Any]:
        copy = [*items]
        change(copy)
        return copy

    inside = -len(items) <= index < len(items)
    assert or_error(lambda: lists.get(items, index)) is (items[index] if inside else IndexError)
    assert lists.get(items, index, outside="none") is (items[index] if inside else None)
    put = changed(lambda copy: copy.__setitem__(index, "new")) if inside else IndexError
    assert or_error(lambda: lists.set(items, index, "new")) == put
    gone = changed(lambda copy: copy.pop(index)) if inside else IndexError
    assert or_error(lambda: lists.remove_at(items, index)) == gone
    for node in (lists.set, lists.remove_at):
        kept = node(items, index, outside="keep", negative="outside")
        assert (kept is items) == (not 0 <= index < len(items))


@given(LISTS, INDEXES)
def test_insert_law(items: list[Any], index: int) -> None:
    if -len(items) <= index <= len(items):
        made = lists.insert(items, index, "new")
        place = index + len(items) if index < 0 else index
        assert made == [*items[:place], "new", *items[place:]]
        assert repr(lists.remove_at(made, place)) == repr(items)
    else:
        with pytest.raises(IndexError, match="is outside of a list of"):
            lists.insert(items, index, "new")
        assert lists.insert(items, index, "new", outside="keep") == items


@given(LISTS, INDEXES, st.integers(-2, 8))
def test_slice_law(items: list[Any], start: int, count: int) -> None:
    from_there = items[start:] if start >= -len(items) else items
    assert lists.slice(items, start, count) == (from_there if count < 0 else from_there[:count])
    from_zero = items[max(0, start) :]
    assert lists.slice(items, start, count, negative="outside") == (from_zero if count < 0 else from_zero[:count])


def test_huge_indexes() -> None:
    for index in (10**30, -(10**30)):
        assert lists.get([1], index, outside="none") is None
        assert lists.insert([1], index, 2, outside="keep") == [1]
    assert lists.slice([1, 2], -(10**30), 10**30) == [1, 2]


@pytest.mark.parametrize("node", [lists.get, lists.insert, lists.set, lists.remove_at, lists.slice])
def test_unknown_words_of_options_are_refused(node: NodeType) -> None:
    with pytest.raises(ValueError, match="option `negative` must be 'from_end' or 'outside', not 'no'"):
        node([1], 0, negative="no")


def test_an_index_outside_can_be_caught() -> None:
    wf = nf.Workflow("main")
    attempt, show, caught = (
        wf.add(flow.try_, catches=["IndexError"]),
        wf.add(flow.print),
        wf.add(flow.print, value="no"),
    )
    wf.add(flow.start) >> attempt
    attempt.body >> show
    attempt.catch >> caught
    wf.add(lists.get, list=[1], index=1).result >> show.value
    assert nf.run_sync(wf).printed == ["no"]


# --- looking ------------------------------------------------------------------------------------------


@given(LISTS, VALUES)
def test_searching(items: list[Any], item: Any) -> None:
    equal = [reference(each, item) for each in items]
    assert lists.contains(items, item) == any(equal)
    assert lists.index_of(items, item) == (equal.index(True) if any(equal) else -1)
    assert lists.count(items, item) == sum(equal)
    left, removed = lists.remove(items, item)
    assert removed == any(equal)
    assert repr(left) == repr([each for i, each in enumerate(items) if not removed or i != equal.index(True)])


@given(LISTS)
def test_the_simple_ones(items: list[Any]) -> None:
    before = repr(items)
    assert lists.length(items) == len(items)
    assert lists.is_empty(items) == (not items)
    assert lists.append(items, 1) == [*items, 1]
    assert lists.prepend(items, 1) == [1, *items]
    assert lists.reverse(lists.reverse(items)) == items
    assert lists.compact(items) == [item for item in items if item is not None]
    assert lists.first(items) == ((items[0], True) if items else (None, False))
    assert lists.last(items) == ((items[-1], True) if items else (None, False))
    assert repr(items) == before


def test_to_texts() -> None:
    assert lists.to_texts([None, 2.0, True, [1.0], date(2026, 2, 28)]) == ["", "2", "true", "[1]", "2026-02-28"]


# --- order --------------------------------------------------------------------------------------------


@given(st.lists(st.integers() | st.floats(allow_nan=False)) | st.lists(st.text()), st.booleans())
def test_sort_is_pythons(items: list[Any], descending: bool) -> None:
    assert lists.sort(items, descending=descending) == sorted(items, reverse=descending)


@given(st.lists(st.none() | st.sampled_from([NAN]) | st.integers(-3, 3)))
def test_none_and_nan_come_first(items: list[Any]) -> None:
    made = lists.sort(items)
    nothing = items.count(None)
    not_numbers = sum(item is NAN for item in items)
    assert made[:nothing] == [None] * nothing
    assert all(item is NAN for item in made[nothing : nothing + not_numbers])
    assert made[nothing + not_numbers :] == sorted(item for item in items if item is not None and item is not NAN)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers())), st.booleans())
def test_sorting_is_stable(pairs: list[tuple[int, int]], descending: bool) -> None:
    rows = [{"n": n, "at": i} for i, (n, _) in enumerate(pairs)]
    assert lists.sort_by(rows, "n", descending=descending) == sorted(rows, key=lambda row: row["n"], reverse=descending)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([1, "a"], "1 and 'a' have no order: a number and a text"),
        ([1, True], "1 and True have no order: a number and a truth value"),
        ([[1], ["a"]], "the items have no order"),
        ([{}, {}], "the items have no order"),
        ([deep(5000), deep(5000)], "nested too deeply"),
        ([date(2026, 1, 1), 5], "a date and a number"),
    ],
)
def test_what_has_no_order_says_so(items: list[Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        lists.sort(items)


def test_other_orders() -> None:
    assert lists.sort([[2], [1, 5], [1]]) == [[1], [1, 5], [2]]
    assert lists.sort([True, False]) == [False, True]
    assert lists.sort([date(2026, 2, 1), date(2026, 1, 1)]) == [date(2026, 1, 1), date(2026, 2, 1)]
    assert lists.sort([]) == []
    assert lists.sort([None, None]) == [None, None]
    assert lists.sort([10**400, 0.5, math.inf, -math.inf]) == [-math.inf, 0.5, 10**400, math.inf]


@given(LISTS)
def test_distinct_law(items: list[Any]) -> None:
    made = lists.distinct(items)
    want: list[Any] = []
    for item in items:
        if not any(reference(item, before) for before in want):
            want.append(item)
    assert repr(made) == repr(want)
    assert repr(lists.distinct(made)) == repr(made)


@given(LISTS, LISTS)
def test_sets(a: list[Any], b: list[Any]) -> None:
    def among(item: Any, items: list[Any]) -> bool:
        return any(reference(item, each) for each in items)

    assert repr(lists.union(a, b)) == repr(lists.distinct([*a, *b]))
    assert repr(lists.intersection(a, b)) == repr([item for item in lists.distinct(a) if among(item, b)])
    assert repr(lists.difference(a, b)) == repr([item for item in lists.distinct(a) if not among(item, b)])


def test_a_hundred_thousand_items_are_no_matter() -> None:
    many = list(range(100_000))
    assert lists.distinct(many * 2) == many
    assert lists.difference(many, many[1:]) == [0]


# --- lists of dicts -----------------------------------------------------------------------------------

PEOPLE = [{"name": "Ada", "year": 1815}, {"name": "Grace", "year": 1906}, {"name": "Alan"}]


def test_pluck_and_where() -> None:
    assert lists.pluck(PEOPLE, "name") == ["Ada", "Grace", "Alan"]
    assert lists.pluck(PEOPLE, "year", missing="none") == [1815, 1906, None]
    assert lists.pluck([Point(1, 2)], "y") == [2]
    assert lists.pluck([], "y") == []
    with pytest.raises(LookupError, match=r"an item has no key 'year': \{'name': 'Alan'}"):
        lists.pluck(PEOPLE, "year")
    with pytest.raises(LookupError, match="no key '__class__'"):
        lists.pluck([Point(1)], "__class__")
    with pytest.raises(TypeError, match="an item has no keys: 5"):
        lists.pluck([5], "year")
    assert lists.where(PEOPLE, "year", 1906.0) == [PEOPLE[1]]
    assert lists.where([{"a": True}, {"a": 1}, {"a": None}, {}], "a", 1) == [{"a": 1}]
    assert lists.where([{"a": None}, {}], "a") == [{"a": None}]


def test_sort_by() -> None:
    with pytest.raises(LookupError, match="no key 'year'"):
        lists.sort_by(PEOPLE, "year")
    assert lists.sort_by(PEOPLE, "year", missing="none")[0] == {"name": "Alan"}
    assert lists.sort_by(PEOPLE, "year", missing="none", descending=True)[2] == {"name": "Alan"}


def test_group_by_and_index_by() -> None:
    rows = [{"k": 1}, {"k": "1"}, {"k": True}, {"k": 1.5}]
    assert lists.group_by(rows, "k") == {"1": rows[:2], "true": [rows[2]], "1.5": [rows[3]]}
    assert lists.group_by([{}, {"k": None}, {"k": "a"}], "k", missing="skip") == {"a": [{"k": "a"}]}
    with pytest.raises(TypeError, match="a key is a text, a number or a truth value, not None"):
        lists.group_by([{"k": None}], "k")
    with pytest.raises(LookupError, match="no key 'k'"):
        lists.group_by([{}], "k")
    assert lists.index_by(rows[1:], "k") == {"1": rows[1], "true": rows[2], "1.5": rows[3]}
    assert lists.index_by(rows[:2], "k", twice="first") == {"1": rows[0]}
    assert lists.index_by(rows[:2], "k", twice="last") == {"1": rows[1]}
    with pytest.raises(ValueError, match="2 items have '1' under 'k'"):
        lists.index_by(rows, "k")


# --- through a run ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "inputs", "want"),
    [
        (lists.sort, {"list": [2, 1], "descending": True}, [2, 1]),
        (lists.remove, {"list": [1, 2], "item": 1}, [2]),
        (lists.insert, {"list": [], "index": 0, "item": None}, [None]),
        (lists.length, {"list": [1]}, 1),
        (lists.length, {}, 0),
        (lists.average, {"list": [1, 2]}, 1.5),
    ],
)
def test_in_a_run(node: NodeType, inputs: dict[str, Any], want: Any) -> None:
    assert try_node(node, **inputs).result == want


def test_a_text_is_no_list() -> None:
    with pytest.raises(nf.NodeflowError, match="does not fit list"):
        try_node(lists.length, list="abc")
