"""What is in the way of an import: all of it at once, and never anything but `ImportFailed`."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nodeeditor_drawing import GIVEN, SHARED, START, file, needs_catalogue, needs_files, node, problems

import nodeflow as nf
from nodeflow.importers import mapping, nodeeditor
from nodeflow.importers import rule as rule_module
from nodeflow.importers.originals import ORIGINALS


def converted(data: Any) -> nf.Document | nf.ImportFailed:
    """The document, or why there is none; any other error is the test's."""
    try:
        return nodeeditor.convert(data)
    except nf.ImportFailed as failed:
        return failed


@pytest.mark.parametrize(
    ("data", "is_one"),
    [
        ({"version": 1, "nodes": [], "connections": []}, True),
        ({"nodes": [{"id": "a", "typeId": None, "name": "Start"}], "connections": []}, True),
        ({"nodes": [{"id": "a", "definitionId": "List Add"}]}, True),
        ({"nodes": [{}], "connections": [{"outputNodeId": "a"}]}, True),
        ({"nodeflow": 1, "nodes": [], "connections": []}, False),
        ({"workflows": {}, "nodes": [], "connections": []}, False),
        ({"nodes": [{"id": 1, "type": "x"}], "connections": []}, False),
        ({"nodes": [], "edges": []}, False),
        ({"nodes": {}, "connections": []}, False),
        ({"nodes": [], "connections": {}}, False),
        ({}, False),
        ([], False),
        (None, False),
        ("nodes", False),
    ],
)
def test_looks_like(data: object, is_one: bool) -> None:
    assert nodeeditor.looks_like(data) is is_one


def test_all_that_is_in_the_way_stands_in_one_error() -> None:
    nodes = [
        START,
        node("a", "Teleport"),
        {**node("b", "My name for it"), "typeId": "Some.Plugin.FrobnicateNode"},
        node("c", "For Loop", Colour="red"),
        node("d", "Debug Print"),
        {**node("e", "Get Score"), "typeId": "variable.get.gone"},
    ]
    data = file(nodes, "c.Elsewhere > d.Enter", "d.Exit > c.Start", "nobody.Exit > d.Enter", "a.Exit > d.Enter")
    with pytest.raises(nf.ImportFailed) as caught:
        nodeeditor.convert(data, source="drawing.json")
    assert [(f.code, f.node, f.socket) for f in caught.value.findings] == [
        ("NF605", "nobody", None),
        ("NF603", "a", None),
        ("NF603", "b", None),
        ("NF609", "e", None),
        ("NF604", "c", "Colour"),
        ("NF604", "c", "Elsewhere"),
        ("NF604", "c", "Start"),
    ]
    text = str(caught.value)
    for said in ("drawing.json: 7 problems", "Teleport", "'b'", "Some.Plugin.FrobnicateNode", "For Loop", "'Colour'"):
        assert said in text


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ([], [("NF601", None, None)]),
        ({"connections": []}, [("NF601", None, None)]),
        ({"nodes": [1]}, [("NF601", None, None)]),
        ({"nodes": [{}]}, [("NF601", None, None)]),
        ({"nodes": [{"id": "x"}]}, [("NF601", "x", None)]),
        ({"nodes": [{"id": "x", "name": 3}]}, [("NF601", "x", None)] * 2),
        ({"nodes": [{**START, "x": "left"}]}, [("NF601", "start", None)]),
        ({"nodes": [{**START, "execInit": 1}]}, [("NF601", "start", None)]),
        ({"nodes": [{**START, "inputs": {}}]}, [("NF601", "start", None)]),
        ({"nodes": [{**START, "inputs": [{}]}]}, [("NF601", "start", None)]),
        ({"nodes": [START, START]}, [("NF602", "start", None)]),
        ({"nodes": [START], "connections": 3}, [("NF601", None, None)]),
        ({"nodes": [START], "connections": [{"outputNodeId": "start"}]}, [("NF601", None, None)] * 3),
        ({"nodes": [START], "variables": [{"id": "v"}]}, [("NF601", None, None)]),
        ({"nodes": [START], "events": [{"id": "e", "name": "E"}] * 2}, [("NF609", None, None)]),
        ({"nodes": [START], "version": 99}, [("NF610", None, None)]),
        ({"nodes": [START], "version": "1"}, [("NF610", None, None)]),
        ({"nodes": [START], "viewport": {"zoom": math.nan}}, [("NF601", None, None)]),
        ({"nodes": [START], "viewport": {1, 2}}, [("NF601", None, None)]),
        ({"nodes": [node("i", "Add", A=[1])]}, [("NF606", "i", "A")]),
        ({"nodes": [node("i", "For Loop", LoopTimes="many")]}, [("NF606", "i", "LoopTimes")]),
        ({"nodes": [node("g", "Get Variable", Name="")]}, [("NF604", "g", "Name")]),
    ],
)
def test_malformed(data: Any, found: list[tuple[str, str | None, str | None]]) -> None:
    assert problems(data) == found


def test_a_default_that_does_not_fit_its_variable() -> None:
    variables = [{"id": "v", "name": "v", "typeName": "System.Int32", "defaultValue": {"json": "x"}}]
    assert problems(file([START], variables=variables)) == [("NF606", None, None)]


def test_wires_that_cannot_be() -> None:
    nodes = [START, node("one", "Integer"), node("two", "Integer"), node("say", "Debug Print")]
    data = file(
        nodes,
        "one.Result > say.Value",
        "one.Result > say.Value",
        "two.Result > say.Value",
        "start.Exit > say.Label",
        "two.Result > say.Enter",
    )
    assert problems(data) == [("NF607", "say", "Value"), ("NF608", "say", "Label"), ("NF608", "say", "Enter")]


def test_wires_of_a_node_that_is_wrong_are_not_complained_about_too() -> None:
    nodes = [START, {**node("bad", "Debug Print"), "y": []}, node("odd", "Teleport")]
    assert problems(file(nodes, "start.Exit > bad.Enter", "bad.Exit > odd.Enter")) == [
        ("NF601", "bad", None),
        ("NF603", "odd", None),
    ]


def test_an_id_that_is_unknown_is_not_overruled_by_a_name() -> None:
    assert problems(file([{**START, "typeId": "Their.Plugin.StartNode"}])) == [("NF603", "start", None)]


@pytest.mark.parametrize(
    ("key", "id"),
    [
        ("definitionId", "NodeEditor.Net.Services.Execution.StandardNodes.ForLoopNode"),
        ("typeId", "NodeEditor.Net.Services.Execution.StandardNodes.ForLoopNode"),
        ("typeId", "For Loop"),
        ("typeId", "NodeEditor.Blazor.Services.Execution.StandardNodeContext.ForLoop(System.Int32,X,X,System.Int32)"),
        ("name", "for loop"),
    ],
)
def test_ways_to_name_a_node(key: str, id: str) -> None:
    drawn = {**node("x", "Mine"), key: id}
    assert nodeeditor.convert(file([drawn])).workflows["main"].nodes["x"].type == "flow.for"


def test_two_nodes_are_named_log() -> None:
    placed = nodeeditor.convert(
        file([node("a", "Log", exec=True), node("b", "Log"), {**node("c", "x"), "typeId": "Log"}])
    )
    assert [n.type for n in placed.workflows["main"].nodes.values()] == ["flow.print", *["math.log"] * 2]


def test_ids_are_made_legal_and_stay_different() -> None:
    nodes = [
        START,
        node("a b", "Marker"),
        node("a_b", "Marker"),
        node("a.b", "Marker"),
        node("inputs", "Marker"),
        node("é", "Marker"),
    ]
    placed = nodeeditor.convert(file(nodes, "start.Exit > inputs.Enter")).workflows["main"]
    assert {id: n.meta["nodeeditor"].get("id") for id, n in placed.nodes.items()} == {
        "start": None,
        "a_b_2": "a b",
        "a_b": None,
        "a_b_3": "a.b",
        "inputs_2": "inputs",
        "_": "é",
    }
    assert placed.connections[0].to_node == "inputs_2"


def test_comments_and_what_the_editor_keeps_go_to_meta() -> None:
    overlays = [
        {"id": "o", "title": "T", "body": "", "x": 0, "y": 0, "width": 1, "height": 1, "color": "#fff", "opacity": 1}
    ]
    data = file([START, node("note", "Comment", Text="Mind the gap")], overlays=overlays)
    document = nodeeditor.convert(data)
    assert document.meta["nodeeditor"]["overlays"] == overlays
    assert list(document.workflows["main"].nodes) == ["start"]
    (comment,) = document.workflows["main"].meta["comments"]
    assert comment["nodeeditor"]["text"] == "Mind the gap"
    assert (comment["x"], comment["y"]) == (1, 2.5)


def test_nothing_of_what_was_given_is_kept_or_changed() -> None:
    data = file([START, node("x", "List Count", List=[[1]])], viewport={"zoom": [1]})
    before = copy.deepcopy(data)
    document = nodeeditor.convert(data)
    assert data == before
    data["viewport"]["zoom"].append(2)
    data["nodes"][1]["inputs"][0]["value"]["json"][0].append(2)
    assert document.meta["nodeeditor"]["viewport"] == {"zoom": [1]}
    assert document.workflows["main"].nodes["x"].values == {"list": [[1]]}


def test_tables_are_not_shared_by_documents() -> None:
    first, second = (nodeeditor.convert(file([node("x", "Sequence")])).workflows["main"].nodes["x"] for _ in "12")
    assert first.options["steps"] == second.options["steps"]
    assert first.options["steps"] is not second.options["steps"]


@pytest.mark.parametrize("text", ["", "{", "[1", '{"nodes": [], "connections": [NaN]}', "[" * 100_000, "\ufeff{"])
def test_files_that_are_not_json(text: str, tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text(text, "utf-8")
    with pytest.raises(nf.ImportFailed, match=r"graph\.json: 1 problem\n  NF601"):
        nodeeditor.load(path)


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(nf.ImportFailed):
        nodeeditor.load(path)


def test_every_rule_names_sockets_that_exist() -> None:
    types = nf.standard_registry()
    for rule in mapping.ALL:
        if not rule.type:
            continue
        kind = types[rule.type]
        inputs = {s.name for s in (*kind.exec_ins, *kind.data_ins, *kind.options)}
        outputs = {s.name for s in (*kind.exec_outs, *kind.data_outs)}
        if not kind.groups:  # else the graph decides
            assert {*rule.ins.values(), *rule.old.values(), *rule.values, *rule.defaults} <= inputs, rule.name
        assert set(rule.options) <= {s.name for s in kind.options}, rule.name
        if not kind.groups:
            assert set(rule.outs.values()) - {rule_module.DROP} <= outputs, rule.name


# --- the catalogue ------------------------------------------------------------------------------------


def drawn_whole(entry: dict[str, Any], key: str) -> dict[str, Any]:
    """A file with one entry of the catalogue, and a wire at each of its exec sockets and outputs."""
    x = {"id": "x", key: entry["definitionId"], "name": entry["name"]}
    x["callable"] = bool(entry["execInputs"] or entry["execOutputs"])
    if key == "name":
        x["name"] = entry["name"]
    x["inputs"] = [{"name": socket["name"], "isExecution": False, "value": None} for socket in entry["inputs"]]
    nodes, drawn = [START, x], [f"start.Exit > x.{name.upper()}" for name in entry["execInputs"]]
    for i, name in enumerate(entry["execOutputs"]):
        nodes.append(node(f"m{i}", "Marker"))
        drawn.append(f"x.{name.lower()} > m{i}.Enter")
    for i, socket in enumerate(entry["outputs"]):
        nodes.append(node(f"p{i}", "Print Value"))
        drawn.append(f"x.{socket['name']} > p{i}.Value")
    return file(nodes, *drawn)


@needs_catalogue
@pytest.mark.parametrize("key", ["definitionId", "typeId", "name"])
def test_entries_of_the_catalogue_are_mapped_with_all_their_sockets(key: str) -> None:
    for entry in json.loads((SHARED / "node-catalogue.json").read_text()):
        document = nodeeditor.convert(drawn_whole(entry, key))
        errors = [f for f in nf.validate(document) if f.severity is nf.Severity.ERROR]
        assert errors == [] or entry["name"] == "Parallel ForEach", entry["name"]  # whose item is seen inside only


@needs_catalogue
def test_the_table_of_originals_is_the_catalogue() -> None:
    def sockets(listed: list[dict[str, Any]]) -> dict[str, str]:
        return {rule_module.plain(socket["name"]): socket["type"] for socket in listed}

    catalogue = [
        (
            entry["category"], entry["name"], sockets(entry["inputs"]), sockets(entry["outputs"]),
            tuple(map(rule_module.plain, entry["execInputs"])), tuple(map(rule_module.plain, entry["execOutputs"])),
        )
        for entry in json.loads((SHARED / "node-catalogue.json").read_text())
    ]  # fmt: skip
    found = [(o.category, o.name, o.ins, o.outs, o.enters, o.exits) for each in ORIGINALS.values() for o in each]
    assert sorted(found, key=lambda each: each[:2]) == sorted(catalogue, key=lambda each: each[:2])
    assert [mapping.original_of(rule) for rule in mapping.ALL].count(None) == 0
    assert {id(mapping.original_of(rule)) for rule in mapping.ALL} == {
        id(o) for each in ORIGINALS.values() for o in each
    }


# --- files that were changed at random ------------------------------------------------------------------

BASES = [json.loads(path.read_text()) for path in sorted(GIVEN.glob("*.json")) if path.name != "expected.json"]
ODD = st.sampled_from(
    [None, True, 0, -1, 2.5, "", "x", "Start", "variable.get.v", [], {}, [1], [[]], {"json": []}, 10**30]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in it."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


def change(data: Any, path: tuple[Any, ...], how: str, odd: Any) -> None:
    *way, last = path
    for key in way:
        data = data[key]
    if how == "drop":
        del data[last]
    elif how == "repeat" and isinstance(data, list):
        data.append(copy.deepcopy(data[last]))
    else:
        data[last] = copy.deepcopy(odd)


@needs_files
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_changed_files_are_converted_or_refused(data: st.DataObject) -> None:
    drawn = copy.deepcopy(data.draw(st.sampled_from(BASES), "file"))
    for _ in range(data.draw(st.integers(1, 4))):
        found = places(drawn)
        if found:
            path = found[data.draw(st.integers(0, len(found) - 1))]
            change(drawn, path, data.draw(st.sampled_from(["drop", "repeat", "odd"])), data.draw(ODD))
    nodeeditor.looks_like(drawn)
    document = converted(drawn)
    if not isinstance(document, nf.Document):
        assert document.findings
        assert all(finding.code in nodeeditor.CODES for finding in document.findings)
        assert str(document)
        return
    assert nf.loads(nf.dumps(document)) == document
    nf.validate(document)


KEYS = ["nodes", "connections", "variables", "events", "id", "name", "inputs", "value", "json"]
LEAVES = st.none() | st.booleans() | st.floats() | st.text(max_size=3)


@given(
    st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner), max_leaves=12)
)
def test_any_data_is_converted_or_refused(data: Any) -> None:
    nodeeditor.looks_like(data)
    document = converted(data)
    assert isinstance(document, nf.Document) or document.findings
