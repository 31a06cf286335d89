"""A null that comes over a wire into an input of a type counts as its empty value; `strict` leaves that out."""

from __future__ import annotations

from typing import Any

import pytest
from nodeeditor_drawing import START, file, node, printed

import nodeflow as nf
from nodeflow.importers import nodeeditor
from nodeflow.model import Workflow

SAY = node("say", "Debug Print")


def imported(data: dict[str, Any], **options: Any) -> Workflow:
    return nodeeditor.convert(data, **options).workflows["main"]


def guards(workflow: Workflow) -> dict[str, Any]:
    return {id: n.values.get("fallback") for id, n in workflow.nodes.items() if n.type == "logic.coalesce"}


# Where a null may come from: the node, its literals, and the output.
SOURCES: list[tuple[str, dict[str, Any], str]] = [
    ("Null", {}, "Result"),
    ("Get Variable", {"Name": "nowhere"}, "Value"),
    ("List Get", {"List": [1], "Index": 5}, "Result"),
    ("List First", {"List": []}, "Result"),
    ("List Last", {}, "Result"),
    ("Dict Get", {"Dict": {"a": 1}, "Key": "b"}, "Value"),
    ("JSON Parse", {"Json": "no JSON"}, "Result"),
    ("JSON Path", {"Path": "a.b"}, "Value"),
    ("JSON Get Property", {"Property": "a"}, "Value"),
    ("JSON Get Index", {"Index": 3}, "Value"),
    ("Random Choice", {"List": []}, "Result"),
    ("Pass Through", {}, "Result"),
    ("Coalesce", {}, "Result"),
    ("Select", {"Condition": True}, "Result"),
    ("Print Value", {}, "PassThrough"),
]


@pytest.mark.parametrize(("name", "literals", "output"), SOURCES, ids=[source[0] for source in SOURCES])
async def test_a_null_counts_as_nothing_of_the_type(name: str, literals: dict[str, Any], output: str) -> None:
    nodes = [START, node("x", name, **literals), node("n", "Add", B=2.0), node("l", "List Add", Item="i")]
    nodes += [node("not", "Not"), node("d", "Dict Set", Key="k", Value=1), node("t", "String Length")]
    nodes += [node("all", "String Format", Format="{0} {1}"), SAY, node("two", "Debug Print")]
    nodes += [node("three", "Debug Print"), node("four", "List Count"), node("five", "Dict Count")]
    drawn = [f"x.{output} > {end}" for end in ("n.A", "l.List", "not.Value", "d.Dict", "t.Value")]
    drawn += ["start.Exit > say.Enter", "n.Result > all.Arg0", "not.Result > all.Arg1", "all.Result > say.Value"]
    drawn += ["l.Result > four.List", "say.Exit > two.Enter", "four.Result > two.Value"]
    drawn += ["d.Result > five.Dict", "two.Exit > three.Enter", "five.Result > three.Value"]
    assert [line for line in await printed(file(nodes, *drawn)) if line] == ["2 True", "1", "1"]


def test_one_guard_per_output_and_value_near_its_wire() -> None:
    nodes = [
        START, node("get", "Get Variable", Name="v") | {"x": 100, "y": 20}, node("a", "Add") | {"x": 300, "y": 40},
        node("b", "Multiply"), node("c", "Not"), node("say", "Debug Print"),
    ]  # fmt: skip
    drawn = ["get.Value > a.A", "get.Value > a.B", "get.Value > b.A", "get.Value > c.Value", "get.Value > say.Value"]
    drawn += ["get.Value > say.Label"]  # a null is empty text on the way into text
    workflow = imported(file(nodes, *drawn))
    assert guards(workflow) == {"get-or-0": 0, "get-or-false": False}
    assert workflow.nodes["get-or-0"].meta == {"x": 200, "y": 30}
    wires = {(c.from_node, c.to_node, c.to_socket) for c in workflow.connections}
    assert ("get", "get-or-0", "value") in wires
    assert ("get-or-0", "a", "b") in wires
    assert ("get", "say", "value") in wires


def test_guards_stay_where_they_are_needed() -> None:
    """No guard where no null comes from, and none where one may go."""
    nodes = [node("one", "Integer", Value=1), node("a", "Add"), node("same", "Equal"), node("null", "Null")]
    nodes += [node("is", "Is Null"), node("up", "To Upper"), node("list", "List Add")]
    drawn = ["one.Result > a.A", "one.Result > same.A", "null.Result > same.B", "null.Result > is.Value"]
    drawn += ["null.Result > up.Value", "null.Result > list.Item"]
    assert guards(imported(file(nodes, *drawn))) == {}


def test_the_id_of_a_guard_may_be_taken() -> None:
    nodes = [node("x", "Null"), node("x-or-0", "Add")]
    assert guards(imported(file(nodes, "x.Result > x-or-0.A"))) == {"x-or-0_2": 0}


@pytest.mark.parametrize(("type", "guarded"), [("System.Double", False), ("System.Object", True), ("Their.Own", True)])
def test_variables_of_the_file_are_null_only_if_they_have_no_type(type: str, guarded: bool) -> None:
    get = {**node("get", "Get v"), "typeId": "variable.get.v"}
    data = file([get, node("a", "Add")], "get.Value > a.A", variables=[{"id": "v", "name": "v", "typeName": type}])
    assert bool(guards(imported(data))) is guarded


async def test_a_null_into_a_variable_of_a_type() -> None:
    put = {**node("set", "Set v"), "typeId": "variable.set.v"}
    data = file(
        [START, put, node("null", "Null")], "start.Exit > set.Enter", "null.Result > set.Value",
        variables=[{"id": "v", "name": "v", "typeName": "System.Int32", "defaultValue": {"json": 5}}],
    )  # fmt: skip
    assert (await nf.run(nodeeditor.convert(data))).variables == {"v": 0}


async def test_null_texts_where_our_socket_takes_anything() -> None:
    nodes = [START, node("null", "Null"), node("x", "Select String", Condition=True, FalseValue="b")]
    nodes += [node("is", "Is Null"), SAY]
    drawn = ["null.Result > x.TrueValue", "x.Result > is.Value", "is.Result > say.Value", "start.Exit > say.Enter"]
    assert await printed(file(nodes, *drawn)) == ["False"]


# --- strict -------------------------------------------------------------------------------------------


async def test_strict_files_have_no_guards() -> None:
    nodes = [START, node("null", "Null"), node("a", "Add", B=2.0), SAY]
    data = file(nodes, "null.Result > a.A", "a.Result > say.Value", "start.Exit > say.Enter")
    assert guards(imported(data, strict=True)) == {}
    with pytest.raises(nf.RunFailed, match="None"):
        await nf.run(nodeeditor.convert(data, strict=True))


@pytest.mark.parametrize(
    ("name", "literals", "error"),
    [
        ("Divide", {"A": 42.0, "B": 0.0}, "ZeroDivisionError"),
        ("Divide Int", {"A": 42, "B": 0}, "ZeroDivisionError"),
        ("Sqrt", {"Value": -1.0}, "ValueError"),
        ("List Get", {"List": [1], "Index": 3}, "IndexError"),
        ("To Int", {"Value": "no"}, "ConversionError"),
        ("JSON Parse", {"Json": "{"}, "ValueError"),
    ],
)
async def test_strict_files_fail_where_nodes_fail_here(name: str, literals: dict[str, Any], error: str) -> None:
    nodes = [START, node("x", name, **literals), node("use", "Consume"), node("try", "Try Catch"), SAY]
    drawn = ["start.Exit > try.Enter", "try.Try > use.Enter", "x.Result > use.Value", "try.Catch > say.Enter"]
    data = file(nodes, *drawn, "try.Error > say.Value")
    result = await nf.run(nodeeditor.convert(data))
    assert list(result.printed) == []  # as the original: it goes on with 0, NaN, null
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(nodeeditor.convert(file(nodes, "start.Exit > use.Enter", "x.Result > use.Value"), strict=True))
    assert error in [each.__name__ for each in type(caught.value.__cause__.__cause__).__mro__]
    assert len((await nf.run(nodeeditor.convert(data, strict=True))).printed) == 1  # and can be caught


async def test_strict_leaves_wrap_around_out() -> None:
    data = file([START, node("x", "Add Int", A=2**31 - 1, B=1), SAY], "x.Result > say.Value", "start.Exit > say.Enter")
    assert list((await nf.run(nodeeditor.convert(data))).printed) == [str(-(2**31))]
    assert list((await nf.run(nodeeditor.convert(data, strict=True))).printed) == [str(2**31)]
