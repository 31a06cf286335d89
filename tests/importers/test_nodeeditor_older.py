"""Names that sockets had in older versions: what is unambiguous is mapped, the rest is a finding."""

from __future__ import annotations

from typing import Any

import pytest
from nodeeditor_drawing import START, TYPES, file, node, problems

import nodeflow as nf
from nodeflow.importers import nodeeditor


async def value(name: str, literals: dict[str, Any], output: str, **more: Any) -> Any:
    """What stands at an output, read through a Set Variable."""
    nodes = [START, {**node("x", name, **literals), **more}, node("set", "Set Variable", Name="v")]
    document = nodeeditor.convert(file(nodes, "start.Exit > set.Enter", f"x.{output} > set.Value"))
    return (await nf.run(document)).variables["v"]


def listed(name: str, kind: type) -> dict[str, Any]:
    return {"name": name, "typeName": TYPES[kind], "isExecution": False, "isInput": False}


@pytest.mark.parametrize(
    ("name", "literals", "output", "want"),
    [
        ("List Count", {"List": [1]}, "Count", 1),
        ("List Add", {"List": [1], "Value": 2}, "Result", [1, 2]),
        ("List Create", {}, "List", []),
        ("List Get", {"List": [7]}, "Value", 7),
        ("List Contains", {"List": [7], "Value": 7}, "Contains", True),
        ("List Index Of", {"List": [7], "Value": 8}, "Index", -1),
        ("String Length", {"Input": "abc"}, "Length", 3),
        ("To Upper", {"Input": "abc"}, "Result", "ABC"),
        ("Trim", {"Input": " a "}, "Result", "a"),
        ("Contains", {"Input": "abc", "Value": "b"}, "Contains", True),
        ("Starts With", {"Input": "abc", "Value": "b"}, "StartsWith", False),
        ("Index Of", {"Input": "abc", "Value": "b"}, "Result", 1),
        ("Replace", {"Input": "aba", "OldValue": "a", "NewValue": "x"}, "Result", "xbx"),
        ("Split", {"Input": "a,b", "Delimiter": ","}, "List", ["a", "b"]),
        ("Join", {"List": [1, 2], "Delimiter": "-"}, "Result", "1-2"),
        ("Substring", {"Input": "abc", "Start": 1, "Length": 1}, "Result", "b"),
        ("Sign", {"Value": 3.0}, "Sign", 1),
        ("Round", {"Value": 2.345, "Digits": 2}, "Result", 2.35),
        ("Sqrt", {"Number": 9.0}, "Result", 3.0),
        ("Dict Count", {"Dictionary": {"a": 1}}, "Result", 1),
        ("Ends With", {"Input": "abc", "Value": "c"}, "EndsWith", True),
        ("List Insert", {"List": [1], "Index": 0, "Value": 2}, "Result", [2, 1]),
        ("Clamp", {"Number": 7.0, "Min": 0.0, "Max": 5.0}, "Result", 5.0),
    ],
)
async def test_older_names(name: str, literals: dict[str, Any], output: str, want: Any) -> None:
    assert await value(name, literals, output) == want


@pytest.mark.parametrize(
    ("name", "output", "kind", "mapped"),
    [
        ("Sqrt", "Root", float, True),
        ("Index Of", "Position", int, True),
        ("Dict Keys", "Keys", list, True),
        ("List Insert", "Success", bool, False),
        ("List Remove At", "Removed", type(None), False),
        ("List Remove Value", "Removed", bool, True),
        ("List Set", "Success", bool, False),
        ("String Length", "Text", str, False),
    ],
)
def test_older_outputs_that_the_file_lists(name: str, output: str, kind: type, mapped: bool) -> None:
    x = {**node("x", name), "outputs": [listed(output, kind)]}
    data = file([x, node("p", "Debug Print")], f"x.{output} > p.Value")
    if mapped:
        assert len(nodeeditor.convert(data).workflows["main"].connections) == 1
    else:
        assert problems(data) == [("NF604", "x", output)]


def test_found_of_an_older_list_get_is_nothing_of_today() -> None:
    x = {**node("x", "List Get"), "outputs": [listed("Value", type(None)), listed("Found", bool)]}
    data = file([x, node("p", "Debug Print")], "x.Found > p.Value", "x.Value > p.Label")
    assert problems(data) == [("NF604", "x", "Found")]


async def test_the_one_output_that_has_no_name_of_today_among_several() -> None:
    outputs = [listed("Item", type(None)), listed("HasValue", bool)]
    assert await value("List First", {"List": [7]}, "Item", outputs=outputs) == 7


@pytest.mark.parametrize(
    ("name", "literals", "wire", "found"),
    [
        # two inputs it could be
        ("List Insert", {"List": [1], "Place": 1}, None, [("NF604", "x", "Place")]),
        # the type is another
        ("Char Code", {"Letter": [1]}, None, [("NF604", "x", "Letter")]),
        ("Sqrt", {"Text": "a"}, None, [("NF604", "x", "Text")]),
        # nothing is missing
        ("Add", {"A": 1.0, "B": 2.0, "C": 3.0}, None, [("NF604", "x", "C")]),
        # two names that nobody knows
        ("Sqrt", {"Number": 1.0, "Digits": 2.0}, None, [("NF604", "x", "Number"), ("NF604", "x", "Digits")]),
        # the file does not say what it is
        ("Sqrt", {}, "x.Root > p.Value", [("NF604", "x", "Root")]),
        ("List Insert", {}, "x.Success > p.Value", [("NF604", "x", "Success")]),
        ("Dict Get", {"Dict": {}, "Key": "a"}, "x.Item > p.Value", [("NF604", "x", "Item")]),
        # an exec wire is no data
        ("For Loop", {}, "x.Elsewhere > p.Enter", [("NF604", "x", "Elsewhere")]),
        ("Start", {}, "x.Out > p.Enter", [("NF604", "x", "Out")]),
        # it is wired and the file does not say what it is
        ("List Get", {"List": [1]}, "i.Result > x.Position", [("NF604", "x", "Position")]),
    ],
)
def test_what_could_be_something_else_is_a_finding(
    name: str, literals: dict[str, Any], wire: str | None, found: list[tuple[str, str, str]]
) -> None:
    nodes = [node("x", name, **literals), node("p", "Debug Print"), node("i", "Integer")]
    assert problems(file(nodes, *([wire] if wire else []))) == found


def test_a_finding_says_what_would_be_right() -> None:
    with pytest.raises(nf.ImportFailed, match="has no input 'Place' that is mapped; it has List, Index, Item"):
        nodeeditor.convert(file([node("x", "List Insert", List=[1], Place=1)]))
    with pytest.raises(nf.ImportFailed, match="has no output 'Item' that is mapped; it has Value, Found"):
        nodeeditor.convert(file([node("x", "Dict Get"), node("p", "Debug Print")], "x.Item > p.Value"))


async def test_wires_into_older_inputs() -> None:
    nodes = [START, node("t", "String", Value="abc"), node("x", "String Length"), node("set", "Set Variable", Name="v")]
    data = file(nodes, "t.Result > x.Input", "x.Length > set.Value", "start.Exit > set.Enter")
    assert (await nf.run(nodeeditor.convert(data))).variables["v"] == 3
