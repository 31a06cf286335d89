"""JSONPath: what is selected, against the RFC and against `python-jsonpath`; paths and documents of strangers."""

from __future__ import annotations

import json as pythons
import re
from collections.abc import Callable, Iterator
from typing import Any

import jsonpath
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nodeflow.library import json, json_query
from nodeflow.library.json_query import LONGEST_PATH, Query, pointers_to
from nodeflow.testing import try_node

STORE = {
    "store": {
        "book": [
            {"category": "reference", "author": "Nigel Rees", "price": 8.95},
            {"category": "fiction", "author": "Evelyn Waugh", "price": 12.99},
            {"category": "fiction", "author": "Herman Melville", "isbn": "0-553-21311-3", "price": 8.99},
            {"category": "fiction", "author": "J. R. R. Tolkien", "isbn": "0-395-19395-8", "price": 22.99},
        ],
        "bicycle": {"color": "red", "price": 399},
    }
}
BOOKS = STORE["store"]["book"]


@pytest.mark.parametrize(
    ("path", "want"),
    [
        ("$.store.book[*].author", ["Nigel Rees", "Evelyn Waugh", "Herman Melville", "J. R. R. Tolkien"]),
        ("$..author", ["Nigel Rees", "Evelyn Waugh", "Herman Melville", "J. R. R. Tolkien"]),
        ("$.store.*", [BOOKS, STORE["store"]["bicycle"]]),
        ("$.store..price", [399, 8.95, 12.99, 8.99, 22.99]),
        ("$..book[2]", [BOOKS[2]]),
        ("$..book[-1]", [BOOKS[3]]),
        ("$..book[0,1]", BOOKS[:2]),
        ("$..book[:2]", BOOKS[:2]),
        ("$..book[?@.isbn]", BOOKS[2:]),
        ("$..book[?@.price<10]", [BOOKS[0], BOOKS[2]]),
        ("$", [STORE]),
        ("$.nothing[*]", []),
    ],
)
def test_the_examples_of_rfc_9535(path: str, want: list[Any]) -> None:
    values, pointers = json.find(STORE, path)
    key = repr  # the order of members of an object is not said there
    assert sorted(values, key=key) == sorted(want, key=key)
    assert [json.get(STORE, pointer).value for pointer in pointers] == values


@pytest.mark.parametrize(
    ("document", "path", "want"),
    [
        ([False, None, 0, ""], "$[?@]", [False, None, 0, ""]),  # existence, not truth
        ([{"a": None}, {}, {"a": 0}], "$[?@.a]", [{"a": None}, {"a": 0}]),
        ([True, 1, False, 0, "1"], "$[?@ == 1]", [1]),
        ([True, 1, False, 0], "$[?@ == true]", [True]),
        ([True, 1, False, 0], "$[?@ < 2]", [1, 0]),
        ([True], "$[?@ <= true]", [True]),
        ([[True]], "$[?@ == $[0]]", [[True]]),
        ([[1], [True], [1.0]], "$[?@ == $[0]]", [[1], [1.0]]),
        ([{"a": 1, "b": 2}], "$[?@ == $[0]]", [{"a": 1, "b": 2}]),
        ([{}, {"a": 1}], "$[?@.a == @.b]", [{}]),
        ([{}, {"a": 1}], "$[?@.a != @.b]", [{"a": 1}]),
        ([{}, {"a": 1}], "$[?@.a == null]", []),
        ([{"a": None}], "$[?@.a == null]", [{"a": None}]),
        (["a", "b"], "$[?@ > 'a']", ["b"]),
        ([1, "a"], "$[?@ < 'b']", ["a"]),
        ([1, 2, 3], "$[?@ > 1 && @ < 3 || @ == 1]", [1, 2]),
        ([1, 2, 3], "$[?!(@ > 1)]", [1]),
        (["abc", [1, 2, 3], {"a": 1}, 5, None], "$[?length(@) == 3]", ["abc", [1, 2, 3]]),
        ([[1, [2]], [1]], "$[?count(@..*) > 1]", [[1, [2]]]),
        ([{"a": 1}, {"b": 1}], "$[?value(@.*) == 1]", [{"a": 1}, {"b": 1}]),
        ([[1, 1]], "$[?value(@.*) == 1]", []),
        ("abc", "$", ["abc"]),
        ("[1]", "$[0]", []),  # a text is no document
        ("abc", "$[0:2]", []),
        (["abc"], "$..[0:2]", ["abc"]),
        ([b"ab"], "$..*", [b"ab"]),
        ([1, 2, 3], "$[::-1]", [3, 2, 1]),
        ([1, 2, 3], "$[::0]", []),
        ({"0": "a"}, "$[0]", []),
        ({"a": {"a": 1}}, "$..a", [{"a": 1}, 1]),
        ({"é": 1}, "$.é", [1]),
        ((1, (2,)), "$[1][0]", [2]),
        (
            [{"id": 12345678901234567}, {"id": 12345678901234568}],
            "$[?@.id == 12345678901234567].id",
            [12345678901234567],
        ),
        ([{"id": 12345678901234567}], "$[?@.id == 12345678901234568]", []),
        ([100], "$[?@ == 1e2]", [100]),
        (None, "$.a", []),
    ],
)
def test_what_is_selected(document: Any, path: str, want: list[Any]) -> None:
    assert repr(json.find(document, path).values) == repr(want)


@pytest.mark.parametrize(
    ("pattern", "match", "search"),
    [
        ("a.c", ["abc", "a c"], ["abc", "xabcx", "a c"]),
        ("[.]", ["."], ["."]),
        (r"\\.", ["."], ["."]),
        ("[a-c]+", ["abc"], ["abc", "xabcx", "a c", "a\nc", "a\rc"]),
        ("(", [], []),  # no pattern matches nothing
        (r"(a)\\1", [], []),
        (r"\\p{Lu}", ["É"], ["É"]),
    ],
)
def test_regular_expressions(pattern: str, match: list[str], search: list[str]) -> None:
    texts = ["abc", "xabcx", "a c", "a\nc", "a\rc", ".", "É", 5, None, "\ud800"]
    assert json.find(texts, f"$[?match(@, '{pattern}')]").values == match
    assert json.find(texts, f"$[?search(@, '{pattern}')]").values == search


def test_a_pattern_from_the_document() -> None:
    rows = [{"t": "ab", "p": "a."}, {"t": "ab", "p": 5}, {"t": "ab"}]
    assert json.find(rows, "$[?match(@.t, @.p)].p").values == ["a."]


# --- no paths -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "is not a JSONPath, as '$.items[*].name' is"),
        ("a.b", "expected 'ROOT', found 'NAME' at character 0"),
        ("$.", "is not a JSONPath"),
        ("$[", "is not a JSONPath"),
        ("$[?@.a ==]", "unexpected end of expression"),
        ("$[?@.a == 1", "is not a JSONPath"),
        ("$['a' 'b']", "is not a JSONPath"),
        ("$[?length(@)]", "must be compared at character"),
        ("$[?nothing(@)]", "function 'nothing' is not defined"),
        ("$[?@.* == 1]", "non-singular query is not comparable"),
        ("$[?length(@.*) == 1]", "argument 0 must be of ValueType"),
        ("$[?match(@.a)]", "requires 2 arguments"),
        (" $", "is not a JSONPath"),
        ("$ ", "is not a JSONPath"),
        ("$[01]", "leading zero"),
        ("$[9007199254740992]", "index out of range"),
        ("$[" + "9" * 5000 + "]", "a number is too large"),
        ("$[?@ == " + "9" * 5000 + "]", "a number is too large"),
        ("$[?@ == 1e400]", "a number is too large"),
        ("$['\\ud800']", "incomplete escape sequence"),
        ("$[?" + "(" * 4000 + "@" + ")" * 4000 + "]", "nested too deeply"),
        ("$" + "[?@" * 2000 + "]" * 2000, "nested too deeply"),
        ("$[?" + "!" * 5000 + "@]", "nested too deeply"),
        ("$." + "a" * LONGEST_PATH, "a JSONPath of 10002 characters is too long; at most 10000"),
        ("$[?@ =~ /a/]", "is not a JSONPath"),
        ("$.a | $.b", "is not a JSONPath"),
        ("$.~", "is not a JSONPath"),
    ],
    ids=lambda text: text[:20],
)
def test_no_paths_say_so(path: str, said: str) -> None:
    for node in (json.find, json.find_first, json.set_all, json.remove_all):
        with pytest.raises(ValueError, match=re.escape(said)) as caught:
            node([1], path)
        assert len(str(caught.value)) < 300


@given(st.text(max_size=8) | st.text(alphabet="$@.[]*?'\"ab01:,-()&|=<>! ", max_size=15).map("$".__add__))
def test_any_text_is_a_path_or_a_value_error(path: str) -> None:
    said = ""
    try:
        json.find([{"a": [1, "b"]}, 0], path)
    except ValueError as error:
        said = str(error)
    assert not said or "is not a JSONPath" in said


# --- against the library ------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "é", "x y", "0"])
LEAVES = st.none() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0]) | st.sampled_from(["", "a", "ab", "1"])
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
).filter(lambda value: isinstance(value, list | dict))

INDEXES = st.integers(-3, 3).map(str)
BOUNDS = st.just("") | INDEXES
SINGULAR = st.lists(KEYS.map(lambda key: f"['{key}']") | INDEXES.map(lambda i: f"[{i}]"), max_size=2).map("".join)
COMPARED = (
    st.sampled_from(["1", "0", "'a'", "null", "1.0", "-2", "''"])
    | SINGULAR.map("@".__add__)
    | SINGULAR.map("$".__add__)
)


def comparisons() -> st.SearchStrategy[str]:
    signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    return st.tuples(COMPARED, signs, COMPARED).map(" ".join)


def filters(depth: int) -> st.SearchStrategy[str]:
    if not depth:
        return comparisons()
    inner = filters(depth - 1)
    queries = st.tuples(st.sampled_from("@$"), paths(depth - 1).filter(bool)).map("".join)
    return (
        comparisons()
        | queries
        | st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})")
        | inner.map(lambda f: f"!({f})")
        | st.tuples(queries, st.integers(0, 3)).map(lambda p: f"count({p[0]}) == {p[1]}")
        | st.tuples(SINGULAR.filter(bool), st.integers(0, 3)).map(lambda p: f"length(@{p[0]}) == {p[1]}")
    )


def paths(depth: int) -> st.SearchStrategy[str]:
    slices = st.tuples(BOUNDS, BOUNDS, BOUNDS).map(":".join)
    selectors = KEYS.map(lambda key: f"'{key}'") | INDEXES | slices | st.just("*")
    if depth:
        selectors |= filters(depth - 1).map("?".__add__)
    some = st.lists(selectors, min_size=1, max_size=2).map(lambda each: f"[{','.join(each)}]")
    return st.lists(st.tuples(st.sampled_from(["", ".."]), some).map("".join), max_size=3).map("".join)


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
    else:
        yield value


@given(DOCUMENTS, paths(2).map("$".__add__))
def test_as_the_library_selects(document: Any, path: str) -> None:
    """Where it keeps to the RFC: it slices texts, orders truth values, and takes `?@` for truth, all of it left out."""
    assume(":" not in path or not any(isinstance(leaf, str) for leaf in leaves(document)))
    try:
        matches = list(jsonpath.JSONPathEnvironment(strict=True).finditer(path, document))
    except jsonpath.JSONPathError:
        with pytest.raises(ValueError, match="JSONPath"):
            json.find(document, path)
        return
    found = Query(path).nodes(document, 100_000)
    assert [repr(node.value) for node in found] == [repr(match.obj) for match in matches]
    assert pointers_to(found) == [str(match.pointer()) for match in matches]


# --- documents and paths that would take for ever -----------------------------------------------------


def nested(levels: int, around: Callable[[Any], Any]) -> Any:
    made: Any = around(1)
    for _ in range(levels):
        made = around(made)
    return made


HOSTILE = {
    "a list 50,000 deep": nested(50_000, lambda inside: [inside]),
    "a dict 5,000 deep": nested(5_000, lambda inside: {"a": inside}),
    "a list with itself twice, 50 times": nested(50, lambda inside: [inside, inside]),
    "50,000 dicts": [{"a": i, "b": "x" * 30} for i in range(50_000)],
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "path",
    ["$..*", "$..a", "$..*..*..*", "$..[?@..[?@..*]]", "$[?count($..*) == 1]", "$..[?@ == $]",
     "$..[?match(@.b, '(x+)+y')]", "$" + "[0]" * 3000],
    ids=lambda path: path[:20],
)  # fmt: skip
def test_there_is_an_answer_or_an_error(name: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the path and the document: no recursion that ends the process, and an end."""
    monkeypatch.setattr(json_query, "MOST_STEPS", 50_000)
    document = HOSTILE[name]  # never an argument: pytest would write out the one that is 2**50 lists
    said = []
    for node in (json.find, json.find_first, json.set_all):
        try:
            node(document, path)
        except ValueError as error:
            said.append(str(error))
    known = re.compile("takes more than 50000 steps|selects more than|the pointers to|too deep|too many parts$")
    assert all(map(known.search, said)), said


def test_which_bound_it_was() -> None:
    many = [0] * 100_001
    assert len(json.find(many[1:], "$[*]").values) == 100_000
    with pytest.raises(ValueError, match=r"the path '\$\[\*\]' selects more than 100000 values"):
        json.find(many, "$[*]")
    with pytest.raises(ValueError, match="takes more than 1000000 steps here"):
        json.find([many] * 20, "$[*][?@ == 1]")
    with pytest.raises(ValueError, match="the pointers to what is found have more than 10000000 characters"):
        json.find({"x" * 10**6: [1] * 20}, "$..*")
    with pytest.raises(ValueError, match="regular expression of 1001 characters is too long"):
        json.find(["a"], f"$[?match(@, '{'a' * 1001}')]")
    with pytest.raises(ValueError, match="has too many parts"):
        json.find([], "$" + ".a" * 4000)
    with pytest.raises(ValueError, match="takes more than 1000000 steps here"):
        json.find([{"p": f"a{i}", "t": "a"} for i in range(20_000)], "$[?match(@.t, @.p)]")


# --- the nodes ----------------------------------------------------------------------------------------


def test_find_first() -> None:
    assert json.find_first(STORE, "$..price") == (8.95, "/store/book/0/price", True)
    assert json.find_first(STORE, "$..isbn[0]", "no") == ("no", "", False)
    assert json.find_first(5, "$") == (5, "", True)
    assert json.find_first([0] * 200_000, "$[*]").found


def test_set_all() -> None:
    before = pythons.dumps(STORE)
    made, count = json.set_all(STORE, "$..price", 0)
    assert count == 5
    assert json.find(made, "$..price").values == [0] * 5
    assert made["store"]["bicycle"]["color"] == "red"
    assert pythons.dumps(STORE) == before
    assert json.set_all([1], "$", 2) == (2, 1)
    assert json.set_all([1], "$.a", 2) == ([1], 0)
    assert json.set_all([1, 2, 3], "$[0,0,-1]", 0) == ([0, 2, 0], 2)
    assert json.set_all({"a": {"b": 1}}, "$..*", 0) == ({"a": 0}, 1)
    assert json.set_all((1, (2,)), "$[1][0]", 0) == ([1, [0]], 1)
    assert json.set_all([[1]], "$[0][0]", [2]) == ([[[2]]], 1)


def test_remove_all() -> None:
    before = pythons.dumps(STORE)
    made, count = json.remove_all(STORE, "$..book[?@.price > 10]")
    assert count == 2
    assert made["store"]["book"] == [BOOKS[0], BOOKS[2]]
    assert pythons.dumps(STORE) == before
    assert json.remove_all([[1, 2], [3, 4], 5], "$[*][0]") == ([[2], [4], 5], 2)
    assert json.remove_all([[1, 2], [3]], "$[0][1]") == ([[1], [3]], 1)
    assert json.remove_all([[1, 2], [3, 4], 5], "$[0,1][1]") == ([[1], [3], 5], 2)
    assert json.remove_all({"a": 1, "b": [1]}, "$['a','b']") == ({}, 2)
    assert json.remove_all([1], "$[5]") == ([1], 0)
    assert json.remove_all([1, [2, [3]], 4], "$..[0]") == ([[[]], 4], 3)
    with pytest.raises(ValueError, match="selects the whole value"):
        json.remove_all([1], "$")


def without(value: Any, marker: object) -> Any:
    if isinstance(value, list):
        return [without(item, marker) for item in value if item is not marker]
    if isinstance(value, dict):
        return {key: without(item, marker) for key, item in value.items() if item is not marker}
    return value


@given(DOCUMENTS, paths(1).filter(bool).map("$".__add__))
def test_what_is_set_everywhere_is_found_there(document: Any, path: str) -> None:
    before = repr(document)
    assume(not re.search(r"\d,:", path))  # which the parser takes for a slice
    pointers = set(json.find(document, path).pointers)
    outer = [p for p in pointers if not any(p.startswith(f"{other}/") for other in pointers)]
    made, count = json.set_all(document, path, "new")
    assert count == len(outer)
    assert all(json.get(made, pointer).value == "new" for pointer in outer)
    expected: Any = document
    for pointer in outer:
        expected = json.set(expected, pointer, "new")
    assert repr(made) == repr(expected)
    if not pointers:
        return
    marker = object()
    left, removed = json.remove_all(document, path)
    assert repr(left) == repr(without(json.set_all(document, path, marker).result, marker))
    assert removed == len(outer)
    assert repr(document) == before


def test_in_a_run() -> None:
    tried = try_node(json.find, value=STORE, path="$.store.book[0].author")
    assert tried.outputs == {"values": ["Nigel Rees"], "pointers": ["/store/book/0/author"]}
