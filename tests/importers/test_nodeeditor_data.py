"""Data nodes of imported files give the original's results."""

from __future__ import annotations

import math
from typing import Any

import pytest
from nodeeditor_drawing import START, file, node

import nodeflow as nf
from nodeflow.importers import nodeeditor

NAN = math.nan

# name, literals, {output: value}; one text is short for the output Result.
CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("Boolean", {"Value": True}, True),
    ("Boolean", {}, False),
    ("Integer", {"Value": 3}, 3),
    ("Number", {}, 0.0),
    ("String", {"Value": "a"}, "a"),
    ("String", {}, ""),
    ("Null", {}, None),
    ("True", {}, True),
    ("False", {}, False),
    ("PI", {}, math.pi),
    ("E", {}, math.e),
    ("New Line", {}, "\n"),
    ("Pass Through", {"Value": [1]}, [1]),
    ("To String", {"Value": 2.0}, "2"),
    ("To String", {}, ""),
    ("Number To String", {"Value": 2.5, "Format": ""}, "2.5"),
    ("Int To Double", {"Value": 2}, 2.0),
    ("Double To Int", {"Value": -2.9}, -2),
    ("To Int", {"Value": 2.9}, 2),
    ("To Int", {"Value": " 12 "}, 12),
    ("To Int", {"Value": "1.5"}, 0),
    ("To Int", {}, 0),
    ("To Int", {"Value": True}, 1),
    ("To Double", {"Value": "1.5"}, 1.5),
    ("To Double", {"Value": []}, 0.0),
    ("To Bool", {"Value": "False"}, False),
    ("To Bool", {"Value": "no"}, True),
    ("To Bool", {"Value": 0.0}, False),
    ("Parse Int", {"Value": "12", "Default": 7}, {"Result": 12, "Success": True}),
    ("Parse Int", {"Value": "99999999999", "Default": 7}, {"Result": 7, "Success": False}),
    ("Parse Int", {}, 0),
    ("Parse Double", {"Value": "1,000.5"}, {"Result": 1000.5, "Success": True}),
    ("Parse Double", {"Value": "x"}, {"Result": 0.0, "Success": False}),
    ("Parse Bool", {"Value": " TRUE "}, {"Result": True, "Success": True}),
    ("Parse Bool", {"Value": "1"}, {"Result": False, "Success": False}),
    ("And", {"A": True, "B": True}, True),
    ("And", {"A": True}, False),
    ("Or", {"B": True}, True),
    ("Not", {}, True),
    ("Xor", {"A": True}, True),
    ("Xor", {"A": True, "B": True}, False),
    ("Equal", {"A": 1, "B": 1.0}, True),
    ("Equal", {}, True),
    ("Equal", {"A": 1, "B": True}, False),
    ("Equal Int", {}, True),
    ("Equal Int", {"A": 1}, False),
    ("Not Equal", {"A": 1}, True),
    ("Not Equal", {}, False),
    ("String Equal", {"A": "a", "B": "A"}, False),
    ("String Equal", {}, True),
    ("String Equal Ignore Case", {"A": "a", "B": "A"}, True),
    ("Greater Than", {"A": 2}, True),
    ("Greater Than", {}, False),
    ("Greater Than Int", {"A": 2, "B": 2}, False),
    ("Less Than", {"A": 2, "B": 3}, True),
    ("Less Than Int", {"A": 3, "B": 2}, False),
    ("Greater Or Equal", {}, True),
    ("Greater Or Equal", {"B": 1}, False),
    ("Less Or Equal", {"A": 1}, False),
    ("Is Null", {}, True),
    ("Is Null", {"Value": 0}, False),
    ("Is Not Null", {"Value": 0}, True),
    ("Coalesce", {"Fallback": 3}, 3),
    ("Coalesce", {"Value": 0, "Fallback": 3}, 0),
    ("Select", {"Condition": True, "TrueValue": 1, "FalseValue": 2}, 1),
    ("Select", {"FalseValue": 2}, 2),
    ("Select Number", {}, 0.0),
    ("Select String", {}, ""),
    ("Add", {"A": 1, "B": 0.5}, 1.5),
    ("Add Int", {"A": 40, "B": 2}, 42),
    ("Subtract", {"A": 1, "B": 3}, -2),
    ("Subtract Int", {"B": 3}, -3),
    ("Multiply", {"A": 2, "B": 3}, 6),
    ("Multiply Int", {"A": 2}, 0),
    ("Increment", {"Value": 41}, 42),
    ("Decrement", {}, -1),
    ("Negate", {"Value": 4}, -4),
    ("Divide", {"A": 7, "B": 2}, 3.5),
    ("Divide", {"A": 42, "B": 0}, 0),
    ("Divide", {"A": 5}, 5),
    ("Divide Int", {"A": -7, "B": 2}, -3),
    ("Divide Int", {"A": 42, "B": 0}, 0),
    ("Divide Int", {"A": -7, "B": -2}, 3),
    ("Mod", {"A": -7, "B": 3}, -1),
    ("Mod", {"A": 7, "B": 0}, NAN),
    ("Mod", {"A": 7.5}, 0.5),
    ("Min", {"A": 1, "B": 2}, 1),
    ("Max", {"A": 1, "B": 2}, 2),
    ("Power", {"Base": 3}, 9),
    ("Power", {"Base": -8, "Exponent": 0.5}, NAN),
    ("Power", {"Base": 10, "Exponent": 999}, math.inf),
    ("Atan2", {"Y": 1}, math.pi / 4),
    ("Bitwise And", {"A": 6, "B": 3}, 2),
    ("Bitwise Or", {"A": 6, "B": 3}, 7),
    ("Bitwise Xor", {"A": 6, "B": 3}, 5),
    ("Abs", {"Value": -2}, 2),
    ("Ceiling", {"Value": 1.2}, 2),
    ("Floor", {"Value": -1.2}, -2),
    ("Truncate", {"Value": -1.8}, -1),
    ("Round", {"Value": 2.5}, 2),
    ("Round", {"Value": 3.5, "Digits": 0}, 4),
    ("Sqrt", {"Value": 9}, 3),
    ("Sqrt", {"Value": -1}, NAN),
    ("Sign", {"Value": -3}, -1),
    ("Is Even", {"Value": -2}, True),
    ("Is Odd", {"Value": -3}, True),
    ("Is NaN", {}, False),
    ("Is Infinity", {}, False),
    ("Exp", {"Value": 0}, 1),
    ("Exp", {"Value": 9999}, math.inf),
    ("Log", {"Value": math.e}, 1),
    ("Log", {}, 0),
    ("Log10", {"Value": 1000}, 3),
    ("Log10", {"Value": 0}, -math.inf),
    ("Log10", {"Value": -1}, NAN),
    ("Sin", {}, 0),
    ("Cos", {}, 1),
    ("Tan", {"Radians": 0}, 0),
    ("Deg To Rad", {"Degrees": 180}, math.pi),
    ("Rad To Deg", {"Radians": math.pi}, 180),
    ("Clamp", {"Value": 3}, 1),
    ("Clamp", {"Value": -3, "Min": -1}, -1),
    ("Clamp", {"Value": 0.5}, 0.5),
    ("String Concat", {"A": "a", "B": 1}, "a1"),
    ("String Concat 3", {"A": "a", "C": "c"}, "ac"),
    ("String Concat 4", {"A": "a", "B": "b", "C": "c", "D": "d"}, "abcd"),
    ("String Format", {"Format": "{0} has {1}, {{x}}", "Arg0": "A", "Arg1": 2.0}, "A has 2, {x}"),
    ("String Format", {"Format": "{0} {7}"}, "{0} {7}"),
    ("String Format", {"Format": "{"}, "{"),
    ("String Format", {"Format": "<{0}{3}>"}, "<>"),
    ("String Length", {"Value": "abc"}, 3),
    ("String Is Empty", {}, True),
    ("String Is Whitespace", {"Value": " \t"}, True),
    ("Reverse String", {"Value": "abc"}, "cba"),
    ("To Upper", {"Value": "aB"}, "AB"),
    ("To Lower", {"Value": "aB"}, "ab"),
    ("Trim", {"Value": " a "}, "a"),
    ("Contains", {"Value": "abc", "Search": "bc"}, True),
    ("Contains", {}, True),
    ("Starts With", {"Value": "abc", "Prefix": "b"}, False),
    ("Ends With", {"Value": "abc", "Suffix": "c"}, True),
    ("Index Of", {"Value": "abab", "Search": "b"}, 1),
    ("Last Index Of", {"Value": "abab", "Search": "b"}, 3),
    ("Index Of", {"Value": "a", "Search": "x"}, -1),
    ("Last Index Of", {"Value": "abc"}, 3),
    ("Replace", {"Value": "aba", "Old": "a", "New": "x"}, "xbx"),
    ("Substring", {"Value": "abcdef", "Start": 2, "Length": 3}, "cde"),
    ("Substring", {"Value": "abc", "Start": -1}, "abc"),
    ("Substring", {"Value": "abc", "Start": 9, "Length": 1}, ""),
    ("Repeat String", {"Value": "ab", "Count": 2}, "abab"),
    ("Repeat String", {"Value": "ab", "Count": -2}, ""),
    ("Split", {"Value": "a,,b"}, ["a", "", "b"]),
    ("Split", {}, [""]),
    ("Split", {"Value": "a b", "Delimiter": ""}, ["a b"]),
    ("Join", {"List": [1, None, "a"]}, "1, , a"),
    ("List Create", {}, []),
    ("List Add", {"List": [1]}, [1, None]),
    ("List Add", {"Item": 2}, [2]),
    ("List Count", {"List": [1, 2]}, 2),
    ("List Count", {}, 0),
    ("List Get", {"List": [1, 2], "Index": 1}, 2),
    ("List Get", {"List": [1], "Index": -1}, None),
    ("List Contains", {"List": [1], "Value": 1}, True),
    ("List Contains", {}, False),
    ("List Index Of", {"List": ["a", "b"], "Value": "b"}, 1),
    ("List Index Of", {"Value": 1}, -1),
    ("List Any", {"List": [0]}, True),
    ("List Is Empty", {}, True),
    ("List Clear", {"List": [1]}, []),
    ("List Reverse", {"List": [1, 2]}, [2, 1]),
    ("List Distinct", {"List": [1, 2, 1, True]}, [1, 2, True]),
    ("List Sort", {"List": [2, None, 1]}, [None, 1, 2]),
    ("List Sort Descending", {"List": [2, 3, 1]}, [3, 2, 1]),
    ("List Sum", {"List": [1, "2.5", "x", True]}, 3.5),
    ("List Average", {"List": [1, 2, "x"]}, 1.0),
    ("List Average", {}, 0),
    ("List Min", {"List": [3, "a", 2]}, 2),
    ("List Max", {}, 0),
    ("List To String", {"List": [1, None]}, ["1", ""]),
    ("List First", {"List": [1, 2]}, {"Result": 1, "HasValue": True}),
    ("List Last", {"List": [1, 2]}, {"Result": 2, "HasValue": True}),
    ("List Last", {}, {"Result": None, "HasValue": False}),
    ("List Insert", {"List": [1, 3], "Index": 1, "Item": 2}, [1, 2, 3]),
    ("List Insert", {"List": [1], "Index": 1, "Item": 2}, [1, 2]),
    ("List Insert", {"List": [1], "Index": 2, "Item": 2}, [1]),
    ("List Set", {"List": [1, 3], "Index": 1, "Value": 2}, [1, 2]),
    ("List Set", {"List": [1], "Index": 1, "Value": 2}, [1]),
    ("List Remove At", {"List": [1, 2], "Index": 0}, [2]),
    ("List Remove At", {"List": [1, 2], "Index": -1}, [1, 2]),
    ("List Remove Value", {"List": [1, 2, 1], "Value": 1}, [2, 1]),
    ("List Concat", {"A": [1], "B": [2]}, [1, 2]),
    ("List Slice", {"List": [1, 2, 3], "Start": 1}, [2, 3]),
    ("List Slice", {"List": [1, 2, 3], "Start": -5, "Count": 2}, [1, 2]),
    ("List Range", {"Start": 3, "End": 0}, [3, 2, 1]),
    ("List Range", {"End": 3}, [0, 1, 2]),
    ("List Repeat", {"Value": "a", "Count": 2}, ["a", "a"]),
    ("Dict Create", {}, {"Result": {}}),
    ("Dict Get", {"Dict": {"a": 1}, "Key": "a"}, {"Value": 1, "Found": True}),
    ("Dict Get", {"Key": "a"}, {"Value": None, "Found": False}),
    ("Dict Set", {"Key": "a", "Value": 1}, {"Result": {"a": 1}}),
    ("Dict Remove", {"Dict": {"a": 1}, "Key": "a"}, {"Result": {}, "Removed": True}),
    ("Dict Merge", {"A": {"a": 1, "b": 1}, "B": {"b": 2}}, {"Result": {"a": 1, "b": 2}}),
    ("Dict Contains Key", {"Dict": {"a": 1}, "Key": "b"}, False),
    ("Dict Keys", {"Dict": {"a": 1}}, ["a"]),
    ("Dict Values", {"Dict": {"a": 1}}, [1]),
    ("Dict Count", {}, 0),
    ("Dict Clear", {"Dict": {"a": 1}}, {"Result": {}}),
]


def reading(name: str, literals: dict[str, Any], outputs: list[str]) -> dict[str, Any]:
    """A file that puts each output of a node into a variable of its name."""
    setters = [node(f"set{i}", "Set Variable", Name=output) for i, output in enumerate(outputs)]
    drawn = []
    for i, output in enumerate(outputs):
        drawn += [f"start.Exit > set{i}.Enter", f"x.{output} > set{i}.Value"]
    return file([START, node("x", name, **literals), *setters], *drawn)


async def values(name: str, literals: dict[str, Any], outputs: list[str]) -> dict[str, Any]:
    return dict((await nf.run(nodeeditor.convert(reading(name, literals, outputs)))).variables)


@pytest.mark.parametrize(("name", "literals", "want"), CASES, ids=lambda value: value if isinstance(value, str) else "")
async def test_value(name: str, literals: dict[str, Any], want: Any) -> None:
    wanted = want if isinstance(want, dict) else {"Result": want}
    found = await values(name, literals, list(wanted))
    for output, value in wanted.items():
        if isinstance(value, float) and not isinstance(found[output], bool):
            assert found[output] == pytest.approx(value, nan_ok=True)
        else:
            assert found[output] == value
            assert isinstance(found[output], bool) == isinstance(value, bool)


@pytest.mark.parametrize(
    ("name", "literals"),
    [("Clamp", {"Min": 2, "Max": 1}), ("Replace", {"Value": "a"}), ("List Sort", {"List": [1, "a"]})],
)
async def test_what_failed_there_fails_here(name: str, literals: dict[str, Any]) -> None:
    with pytest.raises(nf.RunFailed):
        await values(name, literals, ["Result"])


async def test_random_numbers_are_in_their_range() -> None:
    found = await values("Random Double Range", {"Min": 5, "Max": 6}, ["Result"])
    assert 5 <= found["Result"] <= 6


@pytest.mark.parametrize(
    ("name", "literals", "output", "want"),
    [
        ("List Count", {"List": [1]}, "Count", 1),
        ("List Add", {"List": [1], "Value": 2}, "Result", [1, 2]),
        ("List Create", {}, "List", []),
        ("List Get", {"List": [7]}, "Value", 7),
        ("String Length", {"Input": "abc"}, "Length", 3),
        ("Contains", {"Input": "abc", "Value": "b"}, "Contains", True),
        ("Starts With", {"Input": "abc", "Value": "b"}, "StartsWith", False),
        ("Replace", {"Input": "aba", "OldValue": "a", "NewValue": "x"}, "Result", "xbx"),
        ("Split", {"Input": "a,b", "Delimiter": ","}, "List", ["a", "b"]),
        ("Join", {"List": [1, 2], "Delimiter": "-"}, "Result", "1-2"),
        ("Sign", {"Value": 3}, "Sign", 1),
    ],
)
async def test_sockets_of_older_versions(name: str, literals: dict[str, Any], output: str, want: Any) -> None:
    assert (await values(name, literals, [output]))[output] == want
