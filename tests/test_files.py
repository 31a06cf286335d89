"""Reading and writing documents: what is wrong with a file is said, all of it, with its path."""

from __future__ import annotations

import copy
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeflow import files
from nodeflow.errors import DocumentError
from nodeflow.model import (
    UNSET,
    Connection,
    Document,
    Event,
    Finding,
    Input,
    Output,
    PlacedNode,
    Retry,
    Severity,
    Variable,
    Workflow,
)

EXAMPLE = """\
{
  "nodeflow": 1,
  "entry": "main",
  "events": {"ping": {"type": "text"}},
  "variables": {"total": {"type": "float", "default": 0}},
  "workflows": {
    "main": {
      "inputs": {"names": {"type": "list", "default": ["Ada", "Grace"]}},
      "outputs": {"greetings": {"type": "list"}},
      "variables": {"seen": {"type": "int", "default": 0}},
      "nodes": {
        "start": {"type": "flow.start"},
        "each": {"type": "flow.batch", "values": {"parallel": 4}, "meta": {"x": 120, "y": 40}},
        "hello": {"type": "text.format", "values": {"template": "Hello, {name}!"}},
        "done": {"type": "flow.set_output"}
      },
      "connections": [
        {"from": "start.exit", "to": "each.enter"},
        {"from": "inputs.names", "to": "each.items"},
        {"from": "each.item", "to": "hello.name"},
        {"from": "hello.result", "to": "each.result"},
        {"from": "each.continue", "to": "done.enter"},
        {"from": "each.results", "to": "done.greetings"}
      ]
    }
  }
}
"""

FULL: dict[str, Any] = {
    "nodeflow": 1,
    "entry": "main",
    "events": {"ping": {}},
    "variables": {"total": {"type": "float", "default": 0.5}},
    "workflows": {
        "main": {
            "entries": "sequential",
            "inputs": {"n": {"type": "int"}, "m": {"default": None}},
            "outputs": {"out": {"type": "list[int]"}},
            "variables": {"seen": {"default": [1, {"a": None}], "scope": "shared"}},
            "events": {"pong": {"type": "text"}},
            "nodes": {
                "a-1_B": {
                    "type": "text.format",
                    "values": {"a socket. with dots": [1, 2.5, None, True, "x", {"k": []}]},
                    "options": {"cases": ["x"]},
                    "disabled": True,
                    "timeout": 2.5,
                    "retry": {"attempts": 3, "delay": 1, "backoff": 2, "errors": ["OSError"]},
                    "capacity": "http",
                    "version": 2,
                    "meta": {"x": 1},
                }
            },
            "connections": [{"from": "inputs.n", "to": "a-1_B.a socket. with dots", "meta": {"c": "red"}}],
            "meta": {"colour": "red"},
        },
        "sub": {},
    },
    "meta": {"by": "Ada"},
}


def minimal(**main: Any) -> dict[str, Any]:
    return {"nodeflow": 1, "workflows": {"main": main}}


def with_node(**keys: Any) -> dict[str, Any]:
    return minimal(nodes={"a": {"type": "t", **keys}})


def findings_of(data: object) -> list[Finding]:
    with pytest.raises(DocumentError) as caught:
        files.from_dict(data)
    return list(caught.value.findings)


def findings_in(text: str | bytes) -> list[Finding]:
    with pytest.raises(DocumentError) as caught:
        files.loads(text)
    return list(caught.value.findings)


def finding_of(data: object) -> Finding:
    (finding,) = findings_of(data)
    return finding


def finding_in(text: str | bytes) -> Finding:
    (finding,) = findings_in(text)
    return finding


# --- what is read -------------------------------------------------------------------------------------


def test_everything_that_a_file_can_say() -> None:
    document = files.from_dict(FULL)
    assert document == Document(
        Workflow(
            "main",
            entries="sequential",
            inputs={"n": Input("int"), "m": Input(default=None)},
            outputs={"out": Output("list[int]")},
            variables={"seen": Variable(default=[1, {"a": None}], scope="shared")},
            events={"pong": Event("text")},
            nodes={
                "a-1_B": PlacedNode(
                    "a-1_B",
                    "text.format",
                    values={"a socket. with dots": [1, 2.5, None, True, "x", {"k": []}]},
                    options={"cases": ["x"]},
                    disabled=True,
                    timeout=2.5,
                    retry=Retry(3, 1.0, 2.0, ("OSError",)),
                    capacity="http",
                    version=2,
                    meta={"x": 1},
                )
            },
            connections=(Connection("inputs", "n", "a-1_B", "a socket. with dots", meta={"c": "red"}),),
            meta={"colour": "red"},
        ),
        Workflow("sub"),
        events={"ping": Event()},
        variables={"total": Variable("float", 0.5, "process")},
        meta={"by": "Ada"},
    )
    assert document.workflows["main"].inputs["n"].default is UNSET
    assert document.workflows["main"].inputs["m"].default is None


def test_mappings_are_plain_dicts_and_numbers_have_their_types() -> None:
    main = files.from_dict(FULL).workflows["main"]
    node = main.nodes["a-1_B"]
    mappings = [main.nodes, main.inputs, main.events, main.meta, node.values, node.options, node.meta]
    assert {type(mapping) for mapping in mappings} == {dict}
    assert node.retry is not None
    assert type(node.retry.delay) is float
    assert type(main.connections) is tuple


def test_one_workflow_is_the_entry_unless_said() -> None:
    data = {"nodeflow": 1, "workflows": {"only": {}}}
    assert files.from_dict(data).entry == "only"


def test_the_entry_need_not_come_first() -> None:
    data = {"nodeflow": 1, "entry": "b", "workflows": {"a": {}, "b": {}}}
    assert files.from_dict(data).entry == "b"


def test_nothing_of_the_given_data_is_kept_or_changed() -> None:
    data = copy.deepcopy(FULL)
    document = files.from_dict(data)
    assert data == FULL
    data["workflows"]["main"]["nodes"]["a-1_B"]["values"]["a socket. with dots"][5]["k"].append("changed")
    data["meta"]["by"] = "changed"
    assert document == files.from_dict(FULL)


def test_nothing_of_the_document_is_given_away() -> None:
    document = files.from_dict(FULL)
    data = files.to_dict(document)
    data["workflows"]["main"]["nodes"]["a-1_B"]["values"]["a socket. with dots"][5]["k"].append("changed")
    assert document == files.from_dict(FULL)


def test_a_byte_order_mark_is_accepted() -> None:
    text = json.dumps(minimal())
    assert files.loads("\ufeff" + text) == files.loads(b"\xef\xbb\xbf" + text.encode()) == files.loads(text)


def test_a_socket_name_may_have_dots_and_spaces() -> None:
    data = minimal(connections=[{"from": "a.b.c d", "to": "x. "}])
    assert files.from_dict(data).workflows["main"].connections == (Connection("a", "b.c d", "x", " "),)


def test_deep_literals_are_fine_up_to_a_limit() -> None:
    deep: Any = 1
    for _ in range(199):
        deep = [deep]
    document = files.from_dict(with_node(values={"deep": deep}))
    assert files.loads(files.dumps(document)) == document
    assert finding_of(with_node(values={"deep": [deep]})) == Finding(
        "NF002",
        Severity.ERROR,
        "nested more than 200 levels deep",
        "workflows/main/nodes/a/values/deep/0/0",
        "main",
        "a",
        "deep",
    )


# --- not JSON, not ours -------------------------------------------------------------------------------


def test_malformed_json_is_one_finding_with_line_and_column() -> None:
    finding = finding_in('{\n  "nodeflow": 1,\n  "entry" "main"\n}')
    assert finding.code == "NF001"
    assert finding.message == "not JSON: Expecting ':' delimiter (line 3, column 11)"


@pytest.mark.parametrize("text", ["", b"", "  \n"])
def test_an_empty_file(text: str | bytes) -> None:
    assert "the file is empty" in finding_in(text).message


def test_a_file_that_is_not_utf8() -> None:
    finding = finding_in('{"nodeflow": 1}'.encode("utf-16"))
    assert finding.code == "NF001"
    assert finding.message.startswith("not UTF-8: invalid start byte at byte 0")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"nodeflow": 1, "workflows": {"main": {}}, "meta": {"x": ' + "[" * 5000 + "]" * 5000 + "}}",
    ],
)
def test_deeply_nested_json_is_an_error_and_no_recursion_error(text: str) -> None:
    assert finding_in(text).code in ("NF002", "NF004")


def test_data_that_contain_themselves_are_nested_too_deeply() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert finding_of(with_node(values={"x": loop})).code == "NF002"


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("place", ["values", "meta"])
def test_json_has_no_nan(constant: str, place: str) -> None:
    text = json.dumps(with_node(**{place: {"x": [0, "HERE"]}})).replace('"HERE"', constant)
    finding = finding_in(text)
    assert (finding.code, finding.path) == ("NF008", f"workflows/main/nodes/a/{place}/x/1")
    assert finding.message == f"{constant} is not a number that JSON has"


def test_nan_where_a_number_is_expected() -> None:
    finding = finding_in(json.dumps(with_node(timeout="HERE")).replace('"HERE"', "NaN"))
    assert (finding.path, finding.message) == ("workflows/main/nodes/a/timeout", "expected a number, got NaN")


def test_numbers_that_are_too_large_to_be_numbers() -> None:
    text = json.dumps(with_node(values={"x": "HERE"}))
    assert finding_in(text.replace('"HERE"', "1e999")).path == "workflows/main/nodes/a/values/x"
    assert "4300 digits" in finding_in(text.replace('"HERE"', "1" * 5000)).message
    assert finding_of(with_node(timeout=10**400)).message == "the number is too large"
    assert finding_of(with_node(timeout=math.inf)).message == "the number is too large"


def test_python_data_that_are_not_json() -> None:
    paths = {
        finding.path: finding.message
        for finding in findings_of(with_node(values={"a": (1,), "b": {1: 2}, "c": [{2}], "d": math.nan}))
    }
    assert paths == {
        "workflows/main/nodes/a/values/a": "a Python tuple is not JSON",
        "workflows/main/nodes/a/values/b": "a key must be text, not 1",
        "workflows/main/nodes/a/values/c/0": "a Python set is not JSON",
        "workflows/main/nodes/a/values/d": "nan is not a number that JSON has",
    }
    assert finding_of(minimal(nodes={1: {"type": "t"}})).message == "expected a name, got 1"


@pytest.mark.parametrize("data", [[], None, 1, "text", True])
def test_a_document_is_an_object(data: object) -> None:
    finding = finding_of(data)
    assert finding.code == "NF004"
    assert finding.message.startswith("a nodeflow document is an object, not ")


@pytest.mark.parametrize("data", [{}, {"name": "graph", "nodes": []}, {"workflows": {"main": {}}}])
def test_what_has_no_version_is_not_ours(data: object) -> None:
    finding = finding_of(data)
    assert finding.code == "NF004"
    assert finding.message == "this does not look like a nodeflow document: the key `nodeflow` is missing"


def test_a_newer_version_is_one_clear_error() -> None:
    finding = finding_of({"nodeflow": 2, "workflowz": []})
    assert (finding.code, finding.path) == ("NF005", "nodeflow")
    assert finding.message == "the file has format version 2; this nodeflow knows 1, a newer one is needed"


@pytest.mark.parametrize("version", [0, -1])
def test_a_version_that_never_was(version: int) -> None:
    assert finding_of({"nodeflow": version}).message == f"there is no format version {version}"


@pytest.mark.parametrize("version", ["1", True, 1.0, None, [1]])
def test_the_version_is_a_whole_number(version: object) -> None:
    assert finding_of({**minimal(), "nodeflow": version}).code == "NF008"


def test_older_versions_are_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    def from_minus_one(data: dict[str, Any]) -> dict[str, Any]:
        return {"nodeflow": -1, "flows": data["flowz"]}

    def from_zero(data: dict[str, Any]) -> dict[str, Any]:
        return {"workflows": data["flows"]}

    monkeypatch.setitem(files.MIGRATIONS, -1, from_minus_one)
    monkeypatch.setitem(files.MIGRATIONS, 0, from_zero)
    assert files.from_dict({"nodeflow": -1, "flowz": {"main": {}}}) == Document(Workflow("main"))
    finding = finding_of({"nodeflow": 0, "flow": {}})
    assert finding.message == "cannot be read as format version 0: KeyError: 'flows'"


# --- keys that stand twice ----------------------------------------------------------------------------


def test_a_key_that_stands_twice_is_an_error_with_its_path() -> None:
    text = """{"nodeflow": 1, "workflows": {"main": {
        "nodes": {"a": {"type": "t"}, "a": {"type": "u", "meta": {"x": [{"k": 1, "k": 2, "k": 3}]}}},
        "nodes": {"b": {"type": "t", "type": "t"}}
    }}}"""
    assert [(finding.code, finding.path, finding.message) for finding in findings_in(text)] == [
        ("NF003", "workflows/main/nodes", "the key 'nodes' stands 2 times in one object"),
        ("NF003", "workflows/main/nodes/a", "the key 'a' stands 2 times in one object"),
        ("NF003", "workflows/main/nodes/a/meta/x/0/k", "the key 'k' stands 3 times in one object"),
        ("NF003", "workflows/main/nodes/b/type", "the key 'type' stands 2 times in one object"),
    ]


def test_what_else_is_wrong_is_said_too() -> None:
    text = '{"nodeflow": 1, "nodeflow": 1, "workflows": {"main": {"nodez": {}}}}'
    assert [finding.code for finding in findings_in(text)] == ["NF003", "NF006"]


def test_many_repeated_keys_take_no_quadratic_time() -> None:
    keys = ", ".join(f'"k{n % 60_000}": {n}' for n in range(120_000))
    text = '{"nodeflow": 1, "workflows": {"main": {}}, "meta": {' + keys + "}}"
    assert len(findings_in(text)) == 60_000


# --- what is wrong in an object -----------------------------------------------------------------------

NODE = "workflows/main/nodes/a"


@pytest.mark.parametrize(
    ("keys", "code", "path", "message"),
    [
        ({"type": 1}, "NF008", "/type", "expected text, got 1"),
        ({"type": ""}, "NF009", "/type", "must not be empty, got ''"),
        ({"values": []}, "NF008", "/values", "expected an object, got a list"),
        ({"values": None}, "NF008", "/values", "expected an object, got null"),
        ({"options": "x"}, "NF008", "/options", "expected an object, got 'x'"),
        ({"disabled": 1}, "NF008", "/disabled", "expected true or false, got 1"),
        ({"disabled": "true"}, "NF008", "/disabled", "expected true or false, got 'true'"),
        ({"timeout": "3"}, "NF008", "/timeout", "expected a number, got '3'"),
        ({"timeout": True}, "NF008", "/timeout", "expected a number, got true"),
        ({"timeout": None}, "NF008", "/timeout", "expected a number, got null"),
        ({"timeout": 0}, "NF009", "/timeout", "must be more than 0"),
        ({"timeout": -1.5}, "NF009", "/timeout", "must be more than 0, got -1.5"),
        ({"capacity": 5}, "NF008", "/capacity", "expected text, got 5"),
        ({"capacity": ""}, "NF009", "/capacity", "must not be empty, got ''"),
        ({"version": "3"}, "NF008", "/version", "expected a whole number, got '3'"),
        ({"version": True}, "NF008", "/version", "expected a whole number, got true"),
        ({"version": 1.0}, "NF008", "/version", "expected a whole number, got 1.0"),
        ({"version": 0}, "NF009", "/version", "must be at least 1, got 0"),
        ({"meta": 3}, "NF008", "/meta", "expected an object, got 3"),
        ({"retry": 3}, "NF008", "/retry", "expected an object, got 3"),
        ({"retry": {}}, "NF007", "/retry", "the key 'attempts' is missing"),
        ({"retry": {"attempts": 0}}, "NF009", "/retry/attempts", "must be at least 1, got 0"),
        ({"retry": {"attempts": 1, "delay": -1}}, "NF009", "/retry/delay", "must be at least 0, got -1"),
        ({"retry": {"attempts": 1, "backoff": 0}}, "NF009", "/retry/backoff", "must be more than 0"),
        ({"retry": {"attempts": 1, "errors": "E"}}, "NF008", "/retry/errors", "expected a list, got 'E'"),
        ({"retry": {"attempts": 1, "errors": [1]}}, "NF008", "/retry/errors/0", "expected text, got 1"),
        ({"valeus": {}}, "NF006", "/valeus", "unknown key 'valeus'; did you mean 'values'?"),
        ({"id": "a"}, "NF006", "/id", "unknown key 'id'; did you mean 'disabled'?"),
    ],
)
def test_what_is_wrong_with_a_node(keys: dict[str, Any], code: str, path: str, message: str) -> None:
    finding = finding_of(with_node(**keys))
    assert (finding.code, finding.path) == (code, NODE + path)
    assert finding.message.startswith(message.partition(";")[0])
    assert (finding.severity, finding.workflow, finding.node) == (Severity.ERROR, "main", "a")


def test_a_near_miss_is_suggested() -> None:
    assert finding_of(with_node(valeus={})).message == "unknown key 'valeus'; did you mean 'values'?"


def test_else_the_known_keys_are_listed() -> None:
    message = finding_of(with_node(retry={"attempts": 1, "zzz": 1})).message
    assert message == "unknown key 'zzz'; known are attempts, delay, backoff, errors"


def test_a_finding_names_the_socket_of_a_literal() -> None:
    assert finding_of(with_node(values={"x": math.nan})).socket == "x"


@pytest.mark.parametrize(
    ("main", "code", "path", "message"),
    [
        ({"nodes": []}, "NF008", "/nodes", "expected an object, got a list"),
        ({"nodes": {"a": []}}, "NF008", "/nodes/a", "expected an object, got a list"),
        ({"nodes": {"a": {}}}, "NF007", "/nodes/a", "the key 'type' is missing"),
        (
            {"nodes": {"a.b": {"type": "t"}}},
            "NF010",
            "/nodes/a.b",
            "may only have letters (a-z, A-Z), digits",
        ),
        ({"nodes": {"a\n": {"type": "t"}}}, "NF010", "/nodes/a\\n", "may only have letters"),
        ({"nodes": {"": {"type": "t"}}}, "NF010", "/nodes/", "may only have letters"),
        ({"nodes": {"inputs": {"type": "t"}}}, "NF010", "/nodes/inputs", "'inputs' is reserved"),
        (
            {"nodes": {"a": {"type": "t", "(its own name)": "b"}}},
            "NF006",
            "/nodes/a/(its own name)",
            "unknown key",
        ),
        ({"connections": {}}, "NF008", "/connections", "expected a list, got an object"),
        ({"connections": [1]}, "NF008", "/connections/0", "expected an object, got 1"),
        ({"connections": [{"from": "a.b"}]}, "NF007", "/connections/0", "the key 'to' is missing"),
        ({"connections": [{"to": "a.b"}]}, "NF007", "/connections/0", "the key 'from' is missing"),
        (
            {"connections": [{"from": "a.b", "to": "ab"}]},
            "NF009",
            "/connections/0/to",
            "must be 'node.socket', got 'ab'",
        ),
        ({"connections": [{"from": "a.", "to": "a.b"}]}, "NF009", "/connections/0/from", "must be 'node.so"),
        ({"connections": [{"from": ".a", "to": "a.b"}]}, "NF009", "/connections/0/from", "must be 'node.so"),
        (
            {"connections": [{"from": 1, "to": "a.b"}]},
            "NF008",
            "/connections/0/from",
            "expected 'node.socket'",
        ),
        (
            {"connections": [{"from": "a.b", "to": "a.b", "meta": 1}]},
            "NF008",
            "/connections/0/meta",
            "expected an object, got 1",
        ),
        (
            {"connections": [{"from": "a.b", "to": "a.b", "colour": 1}]},
            "NF006",
            "/connections/0/colour",
            "unknown key 'colour'; known are from, to, meta",
        ),
        ({"inputs": {"x": "int"}}, "NF008", "/inputs/x", "expected an object, got 'int'"),
        ({"inputs": {"": {}}}, "NF010", "/inputs/", "must not be empty, got ''"),
        ({"inputs": {"x": {"type": ""}}}, "NF009", "/inputs/x/type", "must not be empty"),
        ({"outputs": {"x": {"default": 1}}}, "NF006", "/outputs/x/default", "unknown key 'default'"),
        (
            {"events": {"x": {"typ": "int"}}},
            "NF006",
            "/events/x/typ",
            "unknown key 'typ'; did you mean 'type'?",
        ),
        ({"variables": {"x": {"default": {1}}}}, "NF008", "/variables/x/default", "a Python set is not JSON"),
        (
            {"variables": {"x": {"scope": "process"}}},
            "NF009",
            "/variables/x/scope",
            "must be 'local' or 'shared' (`process` variables are declared on the document), got 'process'",
        ),
        ({"entries": "both"}, "NF009", "/entries", "must be 'concurrent' or 'sequential'"),
        ({"meta": []}, "NF008", "/meta", "expected an object, got a list"),
        ({"name": "main"}, "NF006", "/name", "unknown key 'name'"),
    ],
)
def test_what_is_wrong_with_a_workflow(main: dict[str, Any], code: str, path: str, message: str) -> None:
    finding = finding_of(minimal(**main))
    assert (finding.code, finding.path, finding.workflow) == (code, "workflows/main" + path, "main")
    assert finding.message.startswith(message)


@pytest.mark.parametrize(
    ("keys", "code", "path", "message"),
    [
        ({"workflows": []}, "NF008", "workflows", "expected an object, got a list"),
        ({"workflows": {}}, "NF009", "workflows", "must not be empty"),
        (
            {"workflows": {"a b": {}}},
            "NF010",
            "workflows/a b",
            "may only have letters (a-z, A-Z), digits, '_'",
        ),
        ({"workflows": {"main": None}}, "NF008", "workflows/main", "expected an object, got null"),
        ({"entry": 1}, "NF008", "entry", "expected text, got 1"),
        ({"entry": None}, "NF008", "entry", "expected text, got null"),
        ({"entry": "mian"}, "NF011", "entry", "no workflow is named 'mian'; did you mean 'main'?"),
        ({"entry": "other"}, "NF011", "entry", "no workflow is named 'other'; there is 'main'"),
        (
            {"workflows": {"a": {}, "b": {}}},
            "NF011",
            "",
            "the key 'entry' is missing; it names the workflow to",
        ),
        ({"variables": {"x": {"scope": "local"}}}, "NF009", "variables/x/scope", "must be 'process' (Other"),
        ({"events": {"": {}}}, "NF010", "events/", "must not be empty"),
        ({"meta": 1}, "NF008", "meta", "expected an object, got 1"),
        ({"workflow": {}}, "NF006", "workflow", "unknown key 'workflow'; did you mean 'workflows'?"),
    ],
)
def test_what_is_wrong_at_the_top(keys: dict[str, Any], code: str, path: str, message: str) -> None:
    finding = finding_of({**minimal(), **keys})
    assert (finding.code, finding.path) == (code, path)
    assert finding.message.startswith(message)


def test_missing_workflows() -> None:
    finding = finding_of({"nodeflow": 1})
    assert (finding.code, finding.path, finding.message) == ("NF007", "", "the key 'workflows' is missing")


def test_the_choices_for_a_missing_entry_are_named_but_not_all_of_a_thousand() -> None:
    message = finding_of({"nodeflow": 1, "workflows": {f"w{n}": {} for n in range(1000)}}).message
    assert message.endswith("one of " + ", ".join(f"'w{n}'" for n in range(10)) + ", ...")


def test_all_that_is_wrong_is_reported_at_once() -> None:
    data = copy.deepcopy(FULL)
    data["entry"] = "nowhere"
    data["colour"] = "red"
    main = data["workflows"]["main"]
    main["nodes"]["a-1_B"].update(version="3", disabled=0, valeus={}, retry={"attempts": "many", "x": 1})
    main["nodes"]["a.b"] = {"typ": "t"}
    main["connections"] += [{"from": "x"}, 3]
    data["workflows"]["sub"] = {"meta": {"x": [math.inf, {"y": math.nan}]}}
    places = [(finding.code, finding.path) for finding in findings_of(data)]
    assert sorted(places) == sorted(
        [
            ("NF011", "entry"),
            ("NF006", "colour"),
            ("NF008", "workflows/main/nodes/a-1_B/version"),
            ("NF008", "workflows/main/nodes/a-1_B/disabled"),
            ("NF006", "workflows/main/nodes/a-1_B/valeus"),
            ("NF008", "workflows/main/nodes/a-1_B/retry/attempts"),
            ("NF006", "workflows/main/nodes/a-1_B/retry/x"),
            ("NF010", "workflows/main/nodes/a.b"),
            ("NF007", "workflows/main/nodes/a.b"),
            ("NF006", "workflows/main/nodes/a.b/typ"),
            ("NF007", "workflows/main/connections/1"),
            ("NF009", "workflows/main/connections/1/from"),
            ("NF008", "workflows/main/connections/2"),
            ("NF008", "workflows/sub/meta/x/0"),
            ("NF008", "workflows/sub/meta/x/1/y"),
        ]
    )


def test_messages_stay_short_whatever_is_in_the_file() -> None:
    for finding in findings_of({**minimal(), "k" * 10_000: 1, "entry": 10**4000, "meta": "m" * 10_000}):
        assert len(str(finding)) < 500


def test_many_unknown_keys_take_no_time() -> None:
    assert len(findings_of(with_node(**{f"valeus{n}": 1 for n in range(50_000)}))) == 50_000


def test_every_code_is_in_the_table() -> None:
    source = Path(files.__file__).read_text() + Path(files.schema.__file__).read_text()
    assert all(source.count(f'"{code}"') > 1 for code in files.CODES)


def test_the_error_says_which_file_it_is_about(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"nodeflow": 1, "workflows": 1}')
    with pytest.raises(DocumentError) as caught:
        files.load(path)
    assert caught.value.source == str(path)
    assert str(caught.value).startswith(f"{path}: 1 problem\n  NF008 error: workflows: expected an object")


def test_what_the_system_says_passes_through(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.load(tmp_path / "nothing.json")


# --- writing ------------------------------------------------------------------------------------------


def test_the_layout_is_that_of_the_docs() -> None:
    assert files.dumps(files.loads(EXAMPLE)) == EXAMPLE


def test_defaults_are_left_out() -> None:
    explicit = with_node(
        values={},
        options={},
        disabled=False,
        version=1,
        meta={},
        retry={"attempts": 2, "delay": 0, "errors": []},
    )
    explicit["workflows"]["main"].update(connections=[], inputs={}, meta={}, entries="concurrent")
    explicit["variables"] = {"v": {"type": "any", "default": None, "scope": "process"}}
    assert files.to_dict(files.from_dict(explicit)) == {
        "nodeflow": 1,
        "entry": "main",
        "variables": {"v": {}},
        "workflows": {"main": {"nodes": {"a": {"type": "t", "retry": {"attempts": 2}}}}},
    }


def test_keys_stand_in_their_order() -> None:
    shuffled = json.loads(json.dumps(FULL), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    data = files.to_dict(files.from_dict(shuffled))
    assert list(data) == list(FULL)
    assert list(data["workflows"]["main"]) == list(FULL["workflows"]["main"])
    assert list(data["workflows"]["main"]["nodes"]["a-1_B"]) == list(
        FULL["workflows"]["main"]["nodes"]["a-1_B"]
    )


def test_reading_what_was_written_gives_the_same_document() -> None:
    document = files.from_dict(FULL)
    assert files.to_dict(document) == FULL
    text = files.dumps(document)
    assert files.loads(text) == document
    assert files.dumps(files.loads(text)) == text


def test_lines_are_short_where_they_can_be() -> None:
    values = {f"socket{n}": list(range(n)) for n in range(40)}
    text = files.dumps(files.from_dict(with_node(values=values, meta={"comment": "x" * 150})))
    long = [line for line in text.splitlines() if len(line) > files.WIDTH]
    assert [line.strip() for line in long] == [f'"comment": "{"x" * 150}"']


def test_a_new_declaration_is_a_new_line_in_the_diff() -> None:
    names = ["x", "y"]
    before, after = (
        files.dumps(files.from_dict(minimal(inputs={name: {} for name in some}))).splitlines()
        for some in (names, [*names, "z"])
    )
    assert [line for line in after if line not in before] == ['        "y": {},', '        "z": {}']


def test_text_stays_readable_and_can_always_be_encoded() -> None:
    document = files.from_dict(minimal(meta={"who": "Zoë 🎉", "broken": "\ud800", "nul": "\0"}))
    text = files.dumps(document)
    assert "Zoë 🎉" in text
    assert files.loads(text.encode("utf-8")) == document


def test_whole_seconds_stay_whole() -> None:
    for seconds in (30, 30.0):
        document = Document(Workflow("main", nodes={"a": PlacedNode("a", "t", timeout=seconds)}))
        assert '"timeout": 30}' in files.dumps(document)
        assert files.loads(files.dumps(document)) == document


def test_attrs_objects_and_tuples_become_json() -> None:
    @frozen
    class Point:
        x: int
        path: tuple[int, ...] = ()

    document = Document(
        Workflow("main", nodes={"a": PlacedNode("a", "t", values={"p": [Point(1, (2, 3))], "t": (1,)})})
    )
    node = files.loads(files.dumps(document)).workflows["main"].nodes["a"]
    assert node.values == {"p": [{"x": 1, "path": [2, 3]}], "t": [1]}


@pytest.mark.parametrize(
    ("node", "path"),
    [
        (PlacedNode("a", "t", values={"x": math.nan}), "workflows/main/nodes/a/values/x"),
        (PlacedNode("a", "t", values={"x": [b"bytes"]}), "workflows/main/nodes/a/values/x/0"),
        (PlacedNode("a", "t", meta={"x": {1: 2}}), "workflows/main/nodes/a/meta/x"),
        (PlacedNode("a", "t", timeout=-1), "workflows/main/nodes/a/timeout"),
        (PlacedNode("a.b", "t"), "workflows/main/nodes/a.b"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(tmp_path: Path, node: PlacedNode, path: str) -> None:
    document = Document(Workflow("main", nodes={node.id: node}))
    with pytest.raises(DocumentError) as caught:
        files.save(document, tmp_path / "out.json")
    assert caught.value.source == str(tmp_path / "out.json")
    assert [finding.path for finding in caught.value.findings] == [path]
    assert list(tmp_path.iterdir()) == []


def test_too_deep_a_literal_is_not_written() -> None:
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(DocumentError, match="nested more than 200 levels deep"):
        files.dumps(Document(Workflow("main", meta={"deep": deep})))


def test_save_and_load(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    document = files.from_dict(FULL)
    files.save(document, path)
    files.save(document, str(path))
    assert files.load(path) == files.load(str(path)) == document
    assert path.read_bytes().decode() == files.dumps(document)
    assert list(tmp_path.iterdir()) == [path]


def test_a_failing_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "graph.json"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        files.save(files.from_dict(FULL), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX's")
def test_saving_keeps_the_mode_and_follows_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "graph.json", tmp_path / "link.json"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    files.save(files.from_dict(FULL), link)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert files.load(path) == files.from_dict(FULL)


def test_a_leftover_of_a_killed_process_is_no_obstacle(tmp_path: Path) -> None:
    leftover = tmp_path / f".graph.json.{os.getpid()}-0.tmp"
    leftover.write_text("half")
    files.save(files.from_dict(FULL), tmp_path / "graph.json")
    assert files.load(tmp_path / "graph.json") == files.from_dict(FULL)
    assert leftover.read_text() == "half"


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="needs /dev/stdout")
def test_saving_into_a_pipe() -> None:
    program = (
        "from nodeflow.files import save; from nodeflow.model import Document, Workflow; "
        "save(Document(Workflow('m')), '/dev/stdout')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert files.loads(done.stdout).entry == "m"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_any_json_survives_in_meta_and_literals(anything: dict[str, Any]) -> None:
    document = files.from_dict(
        {**with_node(values=anything, options=anything, meta=anything), "meta": anything}
    )
    text = files.dumps(document)
    again = files.loads(text.encode("utf-8"))
    assert again == document
    assert repr(again) == repr(document)  # 1, 1.0 and true are equal, but not the same
    assert files.dumps(again) == text


def test_ten_thousand_nodes_load_in_well_under_a_second() -> None:
    nodes = {
        f"n{n}": {"type": "math.add", "values": {"a": n}, "meta": {"x": n, "y": 1}} for n in range(10_000)
    }
    wires = [{"from": f"n{n % 10_000}.result", "to": f"n{n * 7 % 10_000}.a"} for n in range(20_000)]
    program = (
        "import sys, time; from nodeflow import files; text = sys.stdin.read(); files.loads(text); "
        "start = time.process_time(); files.loads(text); print(time.process_time() - start)"
    )
    text = json.dumps(minimal(nodes=nodes, connections=wires))
    done = subprocess.run(
        [sys.executable, "-c", program], input=text, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 1.0
