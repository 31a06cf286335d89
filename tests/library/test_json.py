"""Nodes `json.*`: text, pointers, patches."""

from __future__ import annotations

import json as pythons
import math
import re
from datetime import datetime
from typing import Any

import attrs
import jsonpath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeflow.library import extras, json
from nodeflow.library.json_patch import OPERATIONS
from nodeflow.library.json_pointer import NoSuchPlace, pointer_to, tokens_of
from nodeflow.library.json_text import NotJson
from nodeflow.testing import try_node

KEYS = st.sampled_from(["a", "b", "", "a/b", "m~n", "0", "-", "é"])
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


def deep(levels: int, inmost: Any = None) -> list[Any]:
    made: list[Any] = [inmost]
    for _ in range(levels):
        made = [made]
    return made


# --- text ---------------------------------------------------------------------------------------------


@given(VALUES, st.booleans(), st.booleans(), st.sampled_from(["needed", "ascii", "html"]))
def test_what_is_written_reads_the_same(value: Any, indented: bool, sorted: bool, escape: str) -> None:
    text = json.to_text(value, indented, sorted=sorted, escape=escape)
    assert json.parse(text) == (value, True)
    assert repr(pythons.loads(text)) == repr(value) or sorted
    assert escape == "needed" or text.isascii()
    assert escape != "html" or not re.search(r"[<>&'`]", text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "in line 1, column 1, at the end of the text: Expecting value"),
        ('{"a":\n tru}', "in line 2, column 2, at 'tru}': Expecting value"),
        ("[1] x", "in line 1, column 5, at 'x': Extra data"),
        ("{'a': 1}", "Expecting property name enclosed in double quotes"),
        ("[NaN]", "NaN is no number of JSON"),
        ("-Infinity", "-Infinity is no number of JSON"),
        ("1" * 5000, "a number in this JSON has too many digits"),
        ("[" * 100_000, "nested too deeply to be read"),
        ('"\t"', "Invalid control character"),
        ("[" + "x" * 10**6, "x…: Expecting value"),
    ],
)
def test_what_is_no_json_says_where(text: str, said: str) -> None:
    with pytest.raises(NotJson) as caught:
        json.parse(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200
    assert json.parse(text, invalid="none") == (None, False)


def test_parse_takes_a_byte_order_mark_and_the_last_of_two_keys() -> None:
    assert json.parse("\ufeff[1]").result == [1]
    assert json.parse('{"a": 1, "a": 2}').result == {"a": 2}
    assert json.parse(" 1.0 ") == (1.0, True)
    assert json.parse("null") == (None, True)
    assert json.parse("12345678901234567890123").result == 12345678901234567890123


@attrs.frozen
class Person:
    name: str
    tags: tuple[str, ...] = ()


def test_other_values_become_json() -> None:
    value = {"when": datetime(2026, 2, 28), "raw": b"abc", 1: (1, 2.5), "who": Person("Ada", ("x",))}
    assert json.to_text(value) == (
        '{"when":"2026-02-28T00:00:00","raw":"YWJj","1":[1,2.5],"who":{"name":"Ada","tags":["x"]}}'
    )


def test_formats() -> None:
    assert json.to_text({"b": [], "a": {}}, True, sorted=True) == '{\n  "a": {},\n  "b": []\n}'
    assert json.to_text([1.0, -0.0, 1e16, 0.5], numbers="short") == "[1,0,1e+16,0.5]"
    assert json.to_text(2.0, numbers="short") == "2"
    assert json.to_text(2.0) == "2.0"
    assert json.to_text("\x7f\u2028é😀\\u00e9\"+'", escape="html") == (
        '"\\u007F\\u2028\\u00E9\\uD83D\\uDE00\\\\u00e9\\u0022\\u002B\\u0027"'
    )
    assert json.to_text({"<": 1e300}, escape="html") == '{"\\u003C":1e+300}'
    assert json.to_text("é") == '"é"'
    assert json.to_text("é", escape="ascii") == '"\\u00e9"'


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (math.nan, "JSON has no nan; only numbers that are finite"),
        ({"a": [1, math.inf]}, "JSON has no inf, at 1,"),
        ({"a": -math.inf}, "JSON has no -inf, at 'a',"),
        ([10**5000], "too many digits"),
        (deep(50_000), "nested too deeply"),
        ([[0] * 1_000_001] * 2, "more than 2000000 items and keys"),
        (["x" * 2**20] * 257, "more than 268435456 characters"),
        ([{"x" * 2**20: 1}] * 257, "more than 268435456 characters"),
    ],
)
def test_what_cannot_be_json_says_why(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        json.to_text(value)
    assert len(str(caught.value)) < 300
    assert json.to_text(value, unfit="null") == "null"


@pytest.mark.parametrize("option", ["escape", "numbers", "unfit"])
def test_unknown_words_of_options(option: str) -> None:
    with pytest.raises(ValueError, match=f"option `{option}` must be"):
        json.to_text(1, **{option: "x"})


# --- pointers -----------------------------------------------------------------------------------------


@given(st.lists(KEYS))
def test_pointers_there_and_back(keys: list[str]) -> None:
    assert tokens_of(pointer_to(keys)) == tuple(keys)


RFC_6901 = {
    "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8,
}  # fmt: skip


@pytest.mark.parametrize(
    ("pointer", "want"),
    [
        ("", RFC_6901), ("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/c%d", 2),
        ("/e^f", 3), ("/g|h", 4), ("/i\\j", 5), ('/k"l', 6), ("/ ", 7), ("/m~0n", 8),
    ],
)  # fmt: skip
def test_the_examples_of_rfc_6901(pointer: str, want: Any) -> None:
    assert json.get(RFC_6901, pointer) == (want, True)


@pytest.mark.parametrize("pointer", ["/foo/2", "/foo/-", "/foo/01", "/foo/-1", "/foo/x", "/foo/0/0", "/x", "/ /x"])
def test_nothing_there(pointer: str) -> None:
    assert json.get(RFC_6901, pointer) == (None, False)
    assert json.get(RFC_6901, pointer, "no") == ("no", False)
    assert json.remove(RFC_6901, pointer) == (RFC_6901, False)


@pytest.mark.parametrize("pointer", ["foo", " /foo", "$.foo", "/a~2b", "/a~"])
def test_no_pointers(pointer: str) -> None:
    for node in (json.get, json.set, json.insert, json.remove):
        with pytest.raises(ValueError, match="JSON Pointer"):
            node(RFC_6901, pointer)


def test_only_what_the_rfc_knows() -> None:
    assert json.get("[1]", "/0") == (None, False)  # a text is no document
    assert json.get(["a"], "/#0") == (None, False)
    assert json.get({"a": 1}, "/~0a") == (None, False)
    assert json.get("abc", "/0") == (None, False)
    assert json.get(b"abc", "/0") == (None, False)
    assert json.get((1, 2), "/1") == (2, True)


def places(value: Any) -> list[str]:
    found = [""]
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        found += [pointer_to([key]) + rest for rest in places(item)]
    return found


@given(VALUES, st.data())
def test_what_is_set_is_there_and_nothing_else_changes(value: Any, data: st.DataObject) -> None:
    before = repr(value)
    pointer = data.draw(st.sampled_from(places(value)))
    there = json.get(value, pointer)
    assert there.found
    assert json.get(json.set(value, pointer, "new"), pointer).value == "new"
    assert repr(json.set(value, pointer, there.value)) == before
    if pointer:
        left, removed = json.remove(value, pointer)
        assert removed
        assert repr(left) != before
        into_list = isinstance(json.get(value, pointer.rpartition("/")[0]).value, list)
        back = json.insert(left, pointer, there.value)
        assert repr(back) == before or not into_list
        assert pythons.dumps(back, sort_keys=True) == pythons.dumps(value, sort_keys=True)
    assert repr(value) == before


def test_set() -> None:
    assert json.set([1, 2], "/1", 3) == [1, 3]
    assert json.set([1, 2], "/2", 3) == json.set([1, 2], "/-", 3) == [1, 2, 3]
    assert json.set({"a": 1}, "", 3) == 3
    assert json.set({}, "/a", None) == {"a": None}
    assert json.set({}, "/a/b/c", 1, missing="create") == {"a": {"b": {"c": 1}}}
    assert json.set(({"a": 1},), "/0/a", 2) == [{"a": 2}]
    for value, pointer in (([1], "/3"), ([1], "/x"), ({}, "/a/b"), (5, "/a"), ({"a": "x"}, "/a/0"), (None, "/a")):
        with pytest.raises(NoSuchPlace):
            json.set(value, pointer, 1)
    for value, pointer in (([1], "/3/a"), ({"a": 5}, "/a/b/c"), ([], "/0/a")):
        with pytest.raises(NoSuchPlace):
            json.set(value, pointer, 1, missing="create")


def test_what_is_beside_the_way_is_shared() -> None:
    value = {"a": {"x": 1}, "b": [deep(20_000)]}
    made = json.set(value, "/a/x", 2)
    assert made["b"] is value["b"]
    assert value["a"] == {"x": 1}


def test_deep_pointers() -> None:
    value = deep(20_000, "x")
    pointer = "/0" * 20_001
    assert json.get(value, pointer) == ("x", True)
    assert json.get(json.set(value, pointer, "y"), pointer) == ("y", True)
    assert json.remove(value, pointer).removed


def test_the_whole_value_cannot_be_removed() -> None:
    with pytest.raises(ValueError, match="cannot be removed"):
        json.remove({}, "")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_module(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(extras, "import_module", no_module)
    with pytest.raises(extras.MissingExtra, match=r"pip install 'nodeflow-trio\[json\]'"):
        json.get({}, "/a")
    with pytest.raises(extras.MissingExtra, match=r"nodeflow-trio\[json\]"):
        json.find({}, "$.a")


# --- patches ------------------------------------------------------------------------------------------


def operations() -> st.SearchStrategy[dict[str, Any]]:
    pointers = st.lists(st.sampled_from(["a", "b", "0", "1", "-"]), max_size=2).map(pointer_to)
    return st.fixed_dictionaries(
        {"op": st.sampled_from(sorted(OPERATIONS)), "path": pointers, "from": pointers, "value": st.integers(0, 2)}
    )


PATCHED = st.recursive(
    st.integers(0, 2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=8,
).filter(lambda value: isinstance(value, list | dict))


@given(PATCHED, st.lists(operations(), max_size=4))
def test_patches_are_the_librarys(value: Any, given: list[dict[str, Any]]) -> None:
    before = repr(value)
    try:
        found = json.patch(value, given)
    except (LookupError, ValueError) as error:
        found = error
    assert repr(value) == before
    try:
        wanted = jsonpath.patch.apply(given, pythons.loads(pythons.dumps(value)))
    except (jsonpath.JSONPatchError, jsonpath.JSONPointerError, TypeError, KeyError, IndexError, AttributeError):
        return  # it refuses some that the RFC knows: adding to the whole value, moving to the same place
    assert not isinstance(found, Exception)
    assert found == wanted


RFC_6902: list[tuple[Any, list[Any], Any]] = [
    ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"foo": "bar", "baz": "qux"}),
    ({"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "qux"}], {"foo": ["bar", "qux", "baz"]}),
    ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    ({"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
    ({"baz": "qux"}, [{"op": "replace", "path": "/baz", "value": "boo"}], {"baz": "boo"}),
    (
        {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
        [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
        {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
    ),
    (
        {"foo": ["all", "grass", "cows", "eat"]},
        [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
        {"foo": ["all", "cows", "eat", "grass"]},
    ),
    ({"foo": "bar"}, [{"op": "add", "path": "/child", "value": {"x": {}}}], {"foo": "bar", "child": {"x": {}}}),
    ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}], {"foo": ["bar", ["abc", "def"]]}),
    ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    ({"foo": 1}, [{"op": "add", "path": "", "value": []}, {"op": "add", "path": "/0", "value": 1}], [1]),
    ({"a": [1]}, [{"op": "copy", "from": "/a", "path": "/b"}, {"op": "add", "path": "/b/0", "value": 0}],
     {"a": [1], "b": [0, 1]}),
    ([1], [{"op": "replace", "path": "", "value": 2}], 2),
    ([1], [{"op": "move", "from": "", "path": ""}], [1]),
    ({"a": 1.0}, [{"op": "test", "path": "/a", "value": 1}], {"a": 1.0}),
    ({}, [], {}),
]  # fmt: skip


@pytest.mark.parametrize(("value", "given", "want"), RFC_6902)
def test_the_examples_of_rfc_6902(value: Any, given: list[Any], want: Any) -> None:
    before = repr((value, given))
    assert json.patch(value, given) == want
    assert repr((value, given)) == before


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ({"op": "test", "path": "/a", "value": "1"}, ValueError, "the test does not hold: there is 1, not '1'"),
        ({"op": "test", "path": "/t", "value": 1}, ValueError, "the test does not hold: there is True, not 1"),
        ({"op": "remove", "path": "/x"}, NoSuchPlace, "there is no '/x'"),
        ({"op": "replace", "path": "/x", "value": 1}, NoSuchPlace, "there is no '/x'"),
        ({"op": "add", "path": "/x/y", "value": 1}, NoSuchPlace, "there is no '/x'"),
        ({"op": "add", "path": "/l/3", "value": 1}, NoSuchPlace, "0 to 1, or '-' for the end"),
        ({"op": "move", "from": "/l", "path": "/l/0"}, ValueError, "into itself"),
        ({"op": "move", "from": "/x", "path": "/y"}, NoSuchPlace, "there is no '/x'"),
        ({"op": "remove", "path": ""}, ValueError, "cannot be removed"),
        ({"op": "add", "path": "/x"}, ValueError, "`value` is missing"),
        ({"op": "copy", "path": "/x"}, ValueError, "`from` must be there and a text, not None"),
        ({"op": "swap", "path": "/x"}, ValueError, "`op` must be one of add, remove"),
        ({"op": "add", "path": 5, "value": 1}, ValueError, "`path` must be there and a text, not 5"),
        ({"op": "add", "path": "a", "value": 1}, ValueError, "JSON Pointer"),
        ("add", ValueError, "an operation is a dict"),
    ],
)
def test_what_a_patch_says(given: Any, kind: type[Exception], said: str) -> None:
    value = {"a": 1, "t": True, "l": [1]}
    with pytest.raises(kind, match=re.escape(said)) as caught:
        json.patch(value, [{"op": "add", "path": "/b", "value": 1}, given])
    assert str(caught.value).startswith("operation 1, ")
    assert value == {"a": 1, "t": True, "l": [1]}


def test_patches_are_bounded() -> None:
    many = list(range(1_000_000))
    for value, operation in (
        (many, {"op": "add", "path": "/0", "value": 1}),
        ({"m": many}, {"op": "move", "from": "/m/0", "path": "/m/0"}),
        ({"m": many}, {"op": "move", "from": "/m/0", "path": "/x"}),
        ({"m": many}, {"op": "test", "path": "/m", "value": [*many]}),
    ):
        with pytest.raises(ValueError, match="the patch takes too much: more than 100000000 items"):
            json.patch(value, [operation] * 1000)


def test_what_a_patch_copies_is_shared() -> None:
    doubling = [{"op": "copy", "from": "", "path": "/a"}, {"op": "copy", "from": "", "path": "/b"}] * 100
    whole = json.patch({"a": 1, "b": 1}, doubling)
    assert json.get(whole, "/a/b/a/b").found
    with pytest.raises(ValueError, match="the patch takes too much"):
        json.patch({"a": whole}, [{"op": "test", "path": "/a", "value": whole}])


RFC_7396: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}), ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}), ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}), ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}), ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}), (["a", "b"], ["c", "d"], ["c", "d"]), ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None), ({"a": "foo"}, "bar", "bar"), ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}), ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]  # fmt: skip


@pytest.mark.parametrize(("value", "changes", "want"), RFC_7396)
def test_the_examples_of_rfc_7396(value: Any, changes: Any, want: Any) -> None:
    before = repr((value, changes))
    assert json.merge_patch(value, changes) == want
    assert json.merge_patch(value) == (value if isinstance(value, dict) else {})
    assert repr((value, changes)) == before


# --- the small ones -----------------------------------------------------------------------------------


def test_length() -> None:
    assert json.length([]) == json.length({}) == 0
    assert json.length((1, 2)) == 2
    assert json.length({"a": 1}, dicts=False, others="zero") == 0
    for value in (None, "abc", 5, b"x"):
        assert json.length(value, others="zero") == 0
        with pytest.raises(TypeError, match="is no list and no dict"):
            json.length(value)


def test_get_property_and_index() -> None:
    assert json.get_property({"0": 1}, "0") == (1, True)
    assert json.get_property([1], "0") == json.get_property(None, "a") == json.get_property("a", "0") == (None, False)
    assert json.get_index([None], 0) == (None, True)
    for value, index in (([1], 1), ([1], -1), ({"0": 1}, 0), ("abc", 0), (None, 0), ([1], 10**30)):
        assert json.get_index(value, index) == (None, False)


@pytest.mark.parametrize(
    ("path", "want"),
    [
        ("", True), ("a", True), (".a..b.", True), ("a.b.0", True), ("a.b.1", False), ("a.b.-1", False), ("a.x", False),
        ("a.b.0.c", False), ("a.b.٠", False), ("a.b." + "9" * 5000, False), ("1", True), (" a", False),
    ],
)  # fmt: skip
def test_get_path(path: str, want: bool) -> None:
    assert json.get_path({"a": {"b": [7]}, "1": 1}, path).found is want


def test_to_dict_and_to_list() -> None:
    assert json.to_dict(Person("Ada")) == ({"name": "Ada", "tags": ()}, True)
    assert json.to_list((1,)) == ([1], True)
    for value in (None, 5, "ab"):
        assert json.to_dict(value, others="empty") == ({}, False)
        assert json.to_list(value, others="empty") == ([], False)
        with pytest.raises(TypeError, match="is no dict"):
            json.to_dict(value)
        with pytest.raises(TypeError, match="is no list"):
            json.to_list(value)


def test_in_a_run() -> None:
    tried = try_node(json.parse, text='{"a": [1]}')
    assert tried.outputs == {"result": {"a": [1]}, "success": True}
    assert try_node(json.get, value={"a": [1]}, pointer="/a/0").outputs == {"value": 1, "found": True}
    assert try_node(json.to_text, value={"a": 1.0}, indented=True, numbers="short").result == '{\n  "a": 1\n}'
    with pytest.raises(NotJson, match="not JSON in line 1, column 2"):
        try_node(json.parse, text="{")
