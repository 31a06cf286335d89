"""Nodes `dicts.*`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeflow.library import dicts
from nodeflow.testing import try_node

KEYS = st.sampled_from(["", "a", "b", "c", "d"])
FLAT = st.dictionaries(KEYS, st.none() | st.booleans() | st.integers(-2, 2))
NESTED = st.recursive(st.integers(-2, 2) | st.lists(st.integers(), max_size=2), lambda v: st.dictionaries(KEYS, v))
DICTS = st.dictionaries(KEYS, NESTED)


@given(DICTS, KEYS)
def test_looking_and_changing(entries: dict[str, Any], key: str) -> None:
    before = repr(entries)
    assert dicts.get(entries, key) == (entries.get(key), key in entries)
    assert dicts.get(entries, key, "no").value == entries.get(key, "no")
    assert dicts.has(entries, key) == (key in entries)
    assert dicts.length(entries) == len(entries)
    assert dicts.is_empty(entries) == (not entries)
    assert dicts.keys(entries) == [*entries]
    assert dicts.values(entries) == [*entries.values()]
    assert list(dicts.set(entries, key, 1).items()) == list((entries | {key: 1}).items())
    left, removed = dicts.remove(entries, key)
    assert removed == (key in entries)
    assert left == {name: value for name, value in entries.items() if name != key}
    assert repr(entries) == before


@given(DICTS)
def test_there_and_back(entries: dict[str, Any]) -> None:
    assert list(dicts.from_pairs(dicts.to_pairs(entries)).items()) == list(entries.items())
    assert dicts.from_lists(dicts.keys(entries), dicts.values(entries)) == entries


@given(DICTS, st.lists(KEYS))
def test_pick_and_omit(entries: dict[str, Any], keys: list[str]) -> None:
    picked, omitted = dicts.pick(entries, keys), dicts.omit(entries, keys)
    assert picked == {key: entries[key] for key in keys if key in entries}
    assert {**picked, **omitted} == entries
    assert not picked.keys() & omitted.keys()


def test_pick_what_is_missing() -> None:
    assert dicts.pick({"a": 1}, ["b", "a"]) == {"a": 1}
    assert list(dicts.pick({"a": 1}, ["b", "a"], missing="none").items()) == [("b", None), ("a", 1)]
    with pytest.raises(LookupError, match=r"there is no key 'b' in \{'a': 1}"):
        dicts.pick({"a": 1}, ["b", "a"], missing="error")


def test_making() -> None:
    assert try_node(dicts.make).result == {}
    assert try_node(dicts.make, a=1, b=None).result == {"a": 1, "b": None}
    assert dicts.from_lists([1, 2.0, True, "x"], [1, 2, 3, 4]) == {"1": 1, "2": 2, "true": 3, "x": 4}
    with pytest.raises(ValueError, match="2 keys and 1 values"):
        dicts.from_lists(["a", "b"], [1])
    for key in (None, [1], {}):
        with pytest.raises(TypeError, match="a key is a text, a number or a truth value"):
            dicts.from_lists([key], [1])
    for pair in (["a"], ["a", 1, 2], "ab", None, {"a": 1, "b": 2}):
        with pytest.raises(ValueError, match="item 1 must be a list of a key and a value"):
            dicts.from_pairs([["x", 1], pair])


def test_keys_that_stand_twice() -> None:
    pairs = [["a", 1], ["b", 2], ["a", 3]]
    with pytest.raises(ValueError, match="the key 'a' stands twice"):
        dicts.from_pairs(pairs)
    assert dicts.from_pairs(pairs, twice="first") == {"a": 1, "b": 2}
    assert dicts.from_pairs(pairs, twice="last") == {"a": 3, "b": 2}
    with pytest.raises(ValueError, match="the key '1' stands twice"):
        dicts.invert({"a": 1, "b": "1"})
    assert dicts.invert({"a": 1, "b": "1"}, twice="last") == {"1": "b"}


@given(st.dictionaries(KEYS, st.text(), min_size=0).filter(lambda d: len(set(d.values())) == len(d)))
def test_invert_twice_is_nothing(entries: dict[str, str]) -> None:
    assert dicts.invert(dicts.invert(entries)) == entries


def test_rename() -> None:
    assert list(dicts.rename({"a": 1, "b": 2}, {"a": "b", "b": "a"}).items()) == [("b", 1), ("a", 2)]
    assert dicts.rename({"a": 1}, {"x": "y"}) == {"a": 1}
    with pytest.raises(LookupError, match="there is no key 'x'"):
        dicts.rename({"a": 1}, {"x": "y"}, missing="error")
    with pytest.raises(ValueError, match="two keys become 'b'"):
        dicts.rename({"a": 1, "b": 2}, {"a": "b"})


def merged(a: Any, b: Any) -> Any:
    if not (isinstance(a, dict) and isinstance(b, dict)):
        return b
    return {key: merged(a[key], b[key]) if key in a and key in b else {**a, **b}[key] for key in {**a, **b}}


@given(DICTS, DICTS)
def test_merge(a: dict[str, Any], b: dict[str, Any]) -> None:
    before = repr((a, b))
    assert dicts.merge(a, b, more={}) == {**a, **b}
    assert dicts.merge(a, b, deep=True, more={}) == merged(a, b)
    assert repr((a, b)) == before


def test_merge_of_many_and_of_deep_ones() -> None:
    assert try_node(dicts.merge, b={"x": 2}, c10={"x": 4}, c9={"x": 3}).result == {"x": 4}
    one: dict[str, Any] = {"one": 1}
    two: dict[str, Any] = {"two": 2}
    for _ in range(20_000):
        one, two = {"a": one}, {"a": two}
    both = dicts.merge(one, two, deep=True, more={})
    for _ in range(20_000):
        both = both["a"]
    assert both == {"one": 1, "two": 2}
