"""As `catalogue_values`: Dictionaries, JSON, Lists."""

from __future__ import annotations

import json
from typing import Any, Final

from catalogue_drawing import Outs, Parsed
from catalogue_values import AB, FAILS, HIGH, LIST, LOW, NAN, VALUE, Case, found, has, of, parsed


def get(*rows: tuple[Any, ...]) -> list[Case]:
    return of("Dict", "Key")(*rows)


DICTS: dict[str, list[Case]] = {
    "Dictionaries/Dict Clear": [({}, {}), *of("Dict")(({"a": 1}, {}), (None, {}))],
    "Dictionaries/Dict Contains Key": get(
        ({"a": None}, "a", True), ({"a": 1}, "A", False), ({}, "", False), (None, "a", False)
    ),
    "Dictionaries/Dict Count": [({}, 0), *of("Dict")(({"a": 1, "b": 2}, 2), ({}, 0), (None, 0))],
    "Dictionaries/Dict Create": [({}, {})],
    "Dictionaries/Dict Get": get(
        ({"a": 1}, "a", found(1)), ({"a": 1}, "b", found(None, False)), ({"a": None}, "a", found(None)),
        ({"": 2}, "", found(2)), (None, "a", found(None, False)), ({"a": [1]}, "a", found([1])),
    ),
    "Dictionaries/Dict Keys": [({}, []), *of("Dict")(({"b": 1, "a": 2}, ["b", "a"]), (None, []))],
    "Dictionaries/Dict Merge": [
        ({}, {}),
        *AB(
            ({"a": 1, "b": 1}, {"b": 2, "c": 3}, {"a": 1, "b": 2, "c": 3}), (None, {"a": 1}, {"a": 1}),
            ({"a": 1}, None, {"a": 1}), ({}, {}, {}),
        ),
    ],
    "Dictionaries/Dict Remove": get(
        ({"a": 1, "b": 2}, "a", Outs({"Result": {"b": 2}, "Removed": True})),
        ({"b": 2}, "a", Outs({"Result": {"b": 2}, "Removed": False})),
        (None, "a", Outs({"Result": {}, "Removed": False})),
    ),
    "Dictionaries/Dict Set": of("Dict", "Key", "Value")(
        ({"a": 1}, "b", 2, {"a": 1, "b": 2}), ({"a": 1}, "a", [3], {"a": [3]}), (None, "a", 1, {"a": 1}),
        ({}, "a", None, {"a": None}), ({}, "", 1, {"": 1}),
    ),
    "Dictionaries/Dict Values": [({}, []), *of("Dict")(({"b": 1, "a": [2]}, [1, [2]]), (None, []))],
}  # fmt: skip

DEEP: Final = Parsed('{"a": {"b": [10, {"c": "x"}]}, "n": null, "f": 1.5, "big": 3000000000, "t": true}')
ROOT: Final = json.loads(DEEP.text)
ARRAY: Final = Parsed('[1, "two", null, [4], 2.5]')

JSONS: dict[str, list[Case]] = {
    "JSON/JSON Array Length": [
        ({}, 0), *of("Json")((ARRAY, 5), (Parsed("[]"), 0), (DEEP, 0), (Parsed("3"), 0), (None, 0)),
    ],
    "JSON/JSON Get Index": [
        ({}, found(None, False)),
        *of("Json", "Index")(
            (ARRAY, 0, found(1)), (ARRAY, 1, found("two")), (ARRAY, 2, found(None)), (ARRAY, 3, found([4])),
            (ARRAY, 4, found(2.5)), (ARRAY, 5, found(None, False)), (ARRAY, -1, found(None, False)),
            (DEEP, 0, found(None, False)), (None, 0, found(None, False)),
        ),
    ],
    "JSON/JSON Get Property": of("Json", "Property")(
        (DEEP, "f", found(1.5)), (DEEP, "t", found(True)), (DEEP, "n", found(None)), (DEEP, "big", found(3000000000)),
        (DEEP, "a", found(ROOT["a"])), (DEEP, "A", found(None, False)), (DEEP, "a.b", found(None, False)),
        (ARRAY, "0", found(None, False)), (Parsed('"text"'), "a", found(None, False)), (None, "a", found(None, False)),
    ),
    "JSON/JSON Parse": [
        ({}, parsed({})),
        *of("Json")(
            ('{"a": [1, 2.5, null, true, "x"]}', parsed({"a": [1, 2.5, None, True, "x"]})), ("[]", parsed([])),
            ("3", parsed(3)), ('"a"', parsed("a")), ("{", parsed(None, False)), ("", parsed(None, False)),
            ("{'a': 1}", parsed(None, False)), ("NaN", parsed(None, False)), (None, parsed(None, False)),
        ),
    ],
    "JSON/JSON Path": of("Json", "Path")(
        (DEEP, "a.b.0", found(10)), (DEEP, "a.b.1.c", found("x")), (DEEP, "", found(ROOT)),
            (DEEP, ".a..b.0.", found(10)),
        (DEEP, "a.x", found(None, False)), (DEEP, "a.b.9", found(None, False)), (DEEP, "a.b.-1", found(None, False)),
        (DEEP, "a.b.x", found(None, False)), (DEEP, "f.x", found(None, False)), (ARRAY, "3.0", found(4)),
        (None, "a", found(None, False)), (DEEP, "n", found(None)),
    ),
    "JSON/JSON Stringify": [
        ({}, "null"),
        *VALUE(
            (None, "null"), ({"a": [1, None, True, "x"]}, '{"a":[1,null,true,"x"]}'),
                ("a\"b", lambda s: json.loads(s) == 'a"b'),
            (2.5, "2.5"), ([], "[]"), ({}, "{}"), ("é", lambda s: s.lower() == '"\\u00e9"'),
            ("<b>", lambda s: json.loads(s) == "<b>" and "<" not in s), (NAN, "null"),
                (ARRAY, lambda s: json.loads(s) == json.loads(ARRAY.text)),
        ),
        ({"Value": {"a": [1]}, "Indented": True}, lambda s: json.loads(s) == {"a": [1]} and len(s.splitlines()) == 5),
    ],
    "JSON/JSON To Dict": [
        ({}, parsed({}, False)),
        *of("Json")(
            (DEEP, parsed(ROOT)), (ARRAY, parsed({}, False)), (Parsed("{}"), parsed({})), (None, parsed({}, False)),
            (Parsed("1"), parsed({}, False)),
        ),
    ],
    "JSON/JSON To List": [
        ({}, parsed([], False)),
        *of("Json")(
            (ARRAY, parsed([1, "two", None, [4], 2.5])), (DEEP, parsed([], False)), (Parsed("[]"), parsed([])),
            (None, parsed([], False)), (Parsed('"abc"'), parsed([], False)),
        ),
    ],
}  # fmt: skip

ITEM = of("List", "Index")
LISTS: dict[str, list[Case]] = {
    "Lists/List Add": [
        ({}, [None]),
        *of("List", "Item")(([1], 2, [1, 2]), ([1], None, [1, None]), (None, "a", ["a"]), ([], [1], [[1]])),
    ],
    "Lists/List Any": [({}, False), *LIST(([0], True), ([None], True), ([], False), (None, False))],
    "Lists/List Average": [
        ({}, 0.0), *LIST(([1, 2, 6], 3.0), ([1, 2, "x"], 1.0), (["4", 2], 1.0), ([1.5, 2.5], 2.0), ([], 0.0),
            (None, 0.0)),
    ],
    "Lists/List Clear": [({}, []), *LIST(([1], []), (None, []))],
    "Lists/List Concat": [({}, []), *AB(([1], [2, [3]], [1, 2, [3]]), (None, [1], [1]), ([1], None, [1]),
        ([], [], []))],
    "Lists/List Contains": [
        ({}, False),
        *of("List", "Value")(
            ([1, 2], 2, True), ([1, 2], 3, False), (["a"], "A", False), ([None], None, True), ([1], True, False),
            ([1], "1", False), (None, 1, False),
        ),
    ],
    "Lists/List Count": [({}, 0), *LIST(([1, None], 2), ([], 0), (None, 0))],
    "Lists/List Create": [({}, [])],
    "Lists/List Distinct": [
        ({}, []),
        *LIST(
            ([2, 1, 2, 1], [2, 1]), (["a", "A", "a"], ["a", "A"]), ([None, None], [None]), ([1, "1"], [1, "1"]),
            ([1, True], [1, True]), (None, []),
        ),
    ],
    "Lists/List First": [
        ({}, has(None, False)), *LIST(([7, 8], has(7)), ([None], has(None)), ([], has(None, False)),
            (None, has(None, False))),
    ],
    "Lists/List Last": [
        ({}, has(None, False)), *LIST(([7, 8], has(8)), ([None], has(None)), ([], has(None, False)),
            (None, has(None, False))),
    ],
    "Lists/List Flatten": [
        ({}, []), *LIST(([1, [2, [3, []]], 4], [1, 2, 3, 4]), (["ab", ["c"]], ["ab", "c"]),
            ([None, [None]], [None, None]), (None, [])),
    ],
    "Lists/List Get": [
        ({}, None), *ITEM(([5, 6], 1, 6), ([5, 6], 2, None), ([5, 6], -1, None), ([], 0, None), (None, 0, None)),
    ],
    "Lists/List Index Of": [
        ({}, -1),
        *of("List", "Value")(
            ([1, 2, 1], 1, 0), ([1, 2], 3, -1), ([1, None], None, 1), (["1"], 1, -1), ([0, False], False, 1),
                (None, 1, -1),
        ),
    ],
    "Lists/List Insert": [
        ({}, [None]),
        *of("List", "Index", "Item")(
            ([1, 3], 1, 2, [1, 2, 3]), ([1], 0, 0, [0, 1]), ([1], 1, 2, [1, 2]), ([1], 2, 9, [1]), ([1], -1, 9, [1]),
            (None, 0, 1, [1]), (None, 1, 1, []), ([1], 0, None, [None, 1]),
        ),
    ],
    "Lists/List Is Empty": [({}, True), *LIST(([], True), ([None], False), (None, True))],
    "Lists/List Max": [({}, 0.0), *LIST(([1, 3.5, 2], 3.5), ([-3, "9", -2], -2.0), (["a"], 0.0), ([], 0.0),
        (None, 0.0))],
    "Lists/List Min": [({}, 0.0), *LIST(([1, 3.5, 2], 1.0), ([3, "1", 2], 2.0), (["a"], 0.0), ([], 0.0), (None, 0.0))],
    "Lists/List Range": [
        ({}, [*range(10)]),
        *of("Start", "End")(
            (2, 5, [2, 3, 4]), (3, 0, [3, 2, 1]), (2, 2, []), (-2, 1, [-2, -1, 0]), (None, 3, [0, 1, 2]),
            (0, 200_000, lambda value: value == [*range(100_000)]), (0, LOW, lambda value: len(value) == 100_000),
        ),
    ],
    "Lists/List Remove At": [({}, []), *ITEM(([1, 2], 0, [2]), ([1, 2], 2, [1, 2]), ([1, 2], -1, [1, 2]),
        (None, 0, []))],
    "Lists/List Remove Value": [
        ({}, []),
        *of("List", "Value")(
            ([1, 2, 1], 1, [2, 1]), ([1, 2], 3, [1, 2]), ([1, None], None, [1]), (["1"], 1, ["1"]), (None, 1, []),
        ),
    ],
    "Lists/List Repeat": [
        ({}, [None] * 5),
        *of("Value", "Count")(
            ("a", 2, ["a", "a"]), ("a", 0, []), ("a", -3, []), ([1], 2, [[1], [1]]),
            (1, 200_000, lambda value: value == [1] * 100_000),
        ),
    ],
    "Lists/List Reverse": [({}, []), *LIST(([1, "b", None], [None, "b", 1]), ([], []), (None, []))],
    "Lists/List Set": [
        ({}, []),
        *of("List", "Index", "Value")(
            ([1, 2], 1, 9, [1, 9]), ([1, 2], 2, 9, [1, 2]), ([1, 2], -1, 9, [1, 2]), ([1], 0, None, [None]),
                (None, 0, 9, []),
        ),
    ],
    "Lists/List Slice": [
        ({"List": [1, 2, 3]}, [1, 2, 3]),
        *of("List", "Start", "Count")(
            ([1, 2, 3], 1, -1, [2, 3]), ([1, 2, 3], 1, 1, [2]), ([1, 2, 3], -5, 2, [1, 2]), ([1, 2, 3], 9, 1, []),
            ([1, 2, 3], 0, 0, []), ([1, 2, 3], 2, 9, [3]), ([1, 2, 3], 1, HIGH, [2, 3]), (None, 0, -1, []),
        ),
    ],
    "Lists/List Sort": [
        ({}, []),
        *LIST(
            ([3, 1, 2], [1, 2, 3]), (["b", "a"], ["a", "b"]), ([2, None, 1], [None, 1, 2]), ([1.5, 0.5], [0.5, 1.5]),
            ([1, "a"], FAILS), (None, []),
        ),
    ],
    "Lists/List Sort Descending": [
        ({}, []), *LIST(([3, 1, 2], [3, 2, 1]), (["b", "c"], ["c", "b"]), ([2, None, 1], [2, 1, None]),
            (["a", 1], FAILS), (None, [])),
    ],
    "Lists/List Sum": [
        ({}, 0.0), *LIST(([1, 2.5], 3.5), ([1, "2.5", "x", True, None], 3.5), ([], 0.0), (None, 0.0),
            (["-1e2"], -100.0)),
    ],
    "Lists/List To String": [({}, []), *LIST(([1, None, "a", 2.5, 2.0], ["1", "", "a", "2.5", "2"]), (None, []))],
}  # fmt: skip

COLLECTIONS: Final[dict[str, list[Case]]] = DICTS | JSONS | LISTS
