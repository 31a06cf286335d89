"""`nodeflow validate`, `show`, `nodes` and `convert`."""

import json
from pathlib import Path

import pytest
from cli_graphs import DIVIDES, HELLO_OF_ANOTHER_ENGINE, prints, wires

import nodeflow as nf
from nodeflow import drawing
from nodeflow.cli import opening
from nodeflow.library import CATEGORIES

EXAMPLES = Path(__file__).parents[2] / "examples"

BAD = {
    "nodes": {
        "start": {"type": "flow.start"},
        "show": {"type": "flow.print", "values": {"lable": "x"}},
        "alone": {"type": "flow.print"},
    },
    "connections": wires("start.exit -> show.enter"),
}


# --- validate -----------------------------------------------------------------------------------------


def test_validate_lists_all_findings(nodeflow, file):
    path = file(BAD)
    said = nodeflow("validate", path)
    assert (said.code, said.err) == (2, "")
    assert said.lines[0].startswith(f"{path}: NF103 error: workflows/main/nodes/show (lable): ")
    assert said.lines[1].startswith(f"{path}: NF301 info: workflows/main/nodes/alone: ")
    assert said.lines[2:] == [f"{path}: 1 error, 1 info"]


def test_validate_is_content_with_warnings_and_infos(nodeflow, file):
    good = prints()
    good["nodes"]["alone"] = {"type": "flow.print"}
    assert nodeflow("validate", file(good)).code == 0
    said = nodeflow("validate", file(prints()))
    assert (said.code, len(said.lines)) == (0, 1)


def test_validate_json(nodeflow, file):
    said = nodeflow("validate", file(BAD), "--json")
    assert said.code == 2
    assert (said.data["valid"], said.data["counts"]) == (False, {"error": 1, "warning": 0, "info": 1})
    finding = said.data["findings"][0]
    assert finding.pop("message")
    assert finding == {
        "code": "NF103",
        "severity": "error",
        "path": "workflows/main/nodes/show",
        "workflow": "main",
        "node": "show",
        "socket": "lable",
    }
    said = nodeflow("validate", file(prints()), "--json")
    assert (said.code, said.data["valid"], said.data["findings"]) == (0, True, [])


def test_validate_tells_what_keeps_a_file_from_being_read(nodeflow, file):
    path = file({"nodeflow": 1, "workflows": {"main": {"nodez": {}, "entires": 1}}})
    said = nodeflow("validate", path)
    assert said.code == 2
    places = [line.split(": ")[2] for line in said.lines[:2]]
    assert sorted(places) == ["workflows/main/entires", "workflows/main/nodez"]
    assert len(nodeflow("validate", path, "--json").data["findings"]) == 2


def test_validate_of_no_file_goes_to_stderr(nodeflow, tmp_path):
    said = nodeflow("validate", tmp_path / "none.json", "--json")
    assert (said.code, said.out) == (2, "")
    assert "No such file" in said.err


def test_validate_imports(nodeflow, file):
    assert nodeflow("validate", file(HELLO_OF_ANOTHER_ENGINE)).code == 0
    broken = json.loads(json.dumps(HELLO_OF_ANOTHER_ENGINE))
    broken["nodes"][1]["name"] = "Make Coffee"
    said = nodeflow("validate", file(broken), "--json")
    assert said.code == 2
    assert "hello" in [finding["node"] for finding in said.data["findings"]]


def test_colours_only_on_a_terminal(nodeflow, file, monkeypatch):
    assert "\x1b" not in nodeflow("validate", file(BAD)).out
    monkeypatch.setattr("nodeflow.cli.telling.on_terminal", lambda: True)
    plain = nodeflow("validate", file(BAD), "--json").out
    assert "\x1b" not in plain
    assert "\x1b[31m error: \x1b[0m" in _coloured(file)


def _coloured(file):
    from nodeflow.cli.validate import _coloured

    finding = nf.Finding("NF103", nf.Severity.ERROR, "no")
    return _coloured("x.json", finding)


# --- show ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["tree", "mermaid", "dot"])
def test_show_draws(nodeflow, form):
    path = EXAMPLES / "nested.json"
    said = nodeflow("show", path, "--format", form)
    assert (said.code, said.err) == (0, "")
    assert said.out == getattr(drawing, form)(nf.load(path), opening.open_registry())


def test_show_draws_a_tree_unless_told_otherwise_and_what_has_errors(nodeflow, file):
    said = nodeflow("show", file(BAD))
    assert said.code == 0
    assert said.lines[0] == "workflow main (entry)"
    assert nodeflow("show", file(HELLO_OF_ANOTHER_ENGINE)).lines[2].startswith("  hello  flow.print")


def test_show_of_no_document(nodeflow, file):
    assert nodeflow("show", file("[]")).code == 2


# --- nodes --------------------------------------------------------------------------------------------


def test_nodes_lists_name_sockets_defaults_and_meaning(nodeflow):
    said = nodeflow("nodes")
    assert said.code == 0
    place = said.lines.index("  flow.for  enter, times: int = 10 -> index: int, body, exit")
    assert said.lines[place + 1] == "      Run `body` once for each index below `times`."
    switch = next(line for line in said.lines if line.startswith("  flow.switch  "))
    assert "[cases: list]" in switch
    names = [line.split()[0] for line in said.lines if line.startswith("  ") and line[2] != " "]
    assert sorted(names) == sorted(opening.open_registry())


def test_nodes_are_listed_by_category(nodeflow):
    lines = nodeflow("nodes").lines
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert headings == [f"{title}: {category}" for category, title in CATEGORIES.items()]
    own = nodeflow("nodes", "--nodes", EXAMPLES / "own_nodes.py").lines
    place = own.index("example")  # a category that is not the library's stands behind them, under its name
    assert place > own.index(headings[-1])
    assert all(line.startswith(("  example.", "      ")) for line in own[place + 1 :])


def test_nodes_says_all_about_one(nodeflow):
    out = nodeflow("nodes", "flow.batch").out
    assert out.startswith("flow.batch  (exec node, version 1)\n")
    assert '  errors: text = "fail_fast"  `fail_fast` or `collect`.' in out
    assert "  result: any  Pulled at the end of each slice" in out
    assert "  process  (starts flow threads)" in out
    fan_in = nodeflow("nodes", "flow.fan_in").out
    assert "a fan-in" in fan_in.splitlines()[0]
    assert "<one per name in branches>" in nodeflow("nodes", "flow.fan_out").out
    assert "\nExample:\n  >>> " in nodeflow("nodes", "variables.get").out


def test_nodes_of_a_category(nodeflow):
    out = nodeflow("nodes", "math").lines
    assert {line.split(".")[0] for line in out if not line.startswith(" ")} == {"math"}


def test_nodes_of_an_unknown_name(nodeflow):
    said = nodeflow("nodes", "flow.fro")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("nodeflow: unknown node type 'flow.fro'; did you mean flow.for")


def test_nodes_json(nodeflow):
    data = nodeflow("nodes", "flow.for", "--json").data
    assert list(data) == ["flow.for"]
    found = data["flow.for"]
    assert found["kind"] == "exec"
    assert found["exec_outputs"] == ["body", "exit"]
    assert [(socket["name"], socket["type"], socket["default"]) for socket in found["inputs"]] == [("times", "int", 10)]
    assert set(nodeflow("nodes", "--json").data) == set(opening.open_registry())


@pytest.mark.parametrize("with_rich", [True, False])
def test_nodes_on_a_terminal_with_and_without_rich(nodeflow, monkeypatch, with_rich):
    monkeypatch.setattr("nodeflow.cli.telling.on_terminal", lambda: True)
    if not with_rich:
        for name in ("rich.console", "rich.table", "rich.text"):
            monkeypatch.setitem(__import__("sys").modules, name, None)
    out = nodeflow("nodes", "math").out
    assert "math.add" in out
    assert ("┃" in out) is with_rich


def test_own_nodes_are_listed(nodeflow):
    said = nodeflow("nodes", "example.arrivals", "--nodes", EXAMPLES / "own_nodes.py")
    assert said.code == 0
    assert "Let a guest come every now and then" in said.out


# --- convert ------------------------------------------------------------------------------------------


def test_convert_writes_a_document_that_runs(nodeflow, file, tmp_path):
    path, to = file(HELLO_OF_ANOTHER_ENGINE), tmp_path / "converted.json"
    said = nodeflow("convert", path)
    assert (said.code, said.err) == (0, "")
    assert nf.loads(said.out).entry == "main"
    assert nodeflow("convert", path, "-o", to, "--check").code == 0
    assert to.read_text("utf-8") == said.out
    assert nodeflow("run", to).out == "Greeting: Hello!\n"


def test_convert_leaves_a_document_as_it_is(nodeflow):
    path = EXAMPLES / "fizzbuzz.json"
    assert nodeflow("convert", path).out == path.read_text("utf-8")


def test_convert_strictly_leaves_out_the_other_engines_results(nodeflow, file, tmp_path):
    path, to = file(DIVIDES), tmp_path / "converted.json"
    assert nodeflow("run", path).out == "42 / 0: 0\n"
    assert nodeflow("convert", path, "-o", to).code == 0
    assert nodeflow("run", to).out == "42 / 0: 0\n"
    assert nodeflow("convert", path, "-o", to, "--strict").code == 0
    said = nodeflow("run", to)
    assert (said.code, said.out) == (1, "")
    assert "ZeroDivisionError" in said.err


def test_convert_strictly_leaves_a_document_as_it_is(nodeflow):
    path = EXAMPLES / "fizzbuzz.json"
    assert nodeflow("convert", path, "--strict").out == path.read_text("utf-8")


def test_convert_refuses_what_has_errors_if_told_to_check(nodeflow, file, tmp_path):
    to = tmp_path / "out.json"
    said = nodeflow("convert", file(BAD), "-o", to, "--check")
    assert said.code == 2
    assert "NF103 error" in said.err
    assert not to.exists()
    said = nodeflow("convert", file(BAD), "-o", to)
    assert said.code == 0
    assert "NF103 error" in said.err
    assert to.exists()


def test_convert_to_where_nothing_can_be_written(nodeflow, file, tmp_path):
    said = nodeflow("convert", file(prints()), "-o", tmp_path / "none" / "out.json")
    assert (said.code, said.out) == (2, "")
    assert "No such file or directory" in said.err
