"""`nodeflow run`: what it prints, where, and the exit code."""

import io
import json
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_graphs import ENDLESS, FAILING, HELLO_OF_ANOTHER_ENGINE, prints, wires

from nodeflow.cli.run import as_json_object, read_given
from nodeflow.cli.telling import json_line
from nodeflow.errors import NodeFailed
from nodeflow.runtime.result import Result

FIZZBUZZ = Path(__file__).parents[2] / "examples" / "fizzbuzz.json"

OWN_NODES = """
import sys
import nodeflow as nf

@nf.data_node("mine.twice")
def twice(value: float = 1.0) -> float:
    return value * 2

@nf.exec_node("mine.spin")
def spin() -> None:
    while True:
        pass

@nf.exec_node("mine.exit")
def leave() -> None:
    sys.exit(7)
"""


# --- what it prints -----------------------------------------------------------------------------------


def test_prints_what_nodes_print_line_by_line(nodeflow):
    said = nodeflow("run", FIZZBUZZ, "--input", "n=5")
    assert (said.code, said.err) == (0, "")
    assert said.out == "1\n2\nFizz\n4\nBuzz\n"


def test_a_label_stands_before_the_value(nodeflow, file):
    assert nodeflow("run", file(prints(values={"value": 3, "label": "Sum"}))).out == "Sum: 3\n"


def test_lines_come_out_as_they_are_printed(process, file):
    child = process("run", file(ENDLESS))
    assert child.stdout.readline() == b"round\n"
    assert child.poll() is None


def test_json_prints_one_object_and_nothing_else(nodeflow, file):
    document = {
        "inputs": {"n": {"type": "int"}},
        "outputs": {"n": {"type": "int"}, "unset": {"type": "int"}},
        "variables": {"seen": {"type": "list", "default": []}},
        "nodes": {
            "start": {"type": "flow.start"},
            "show": {"type": "flow.print", "values": {"label": "n"}},
            "note": {"type": "variables.update", "values": {"value": "é"}, "options": {"name": "seen", "op": "append"}},
            "done": {"type": "flow.set_output"},
        },
        "connections": wires(
            "start.exit -> show.enter", "inputs.n -> show.value", "show.exit -> note.enter", "note.exit -> done.enter",
            "inputs.n -> done.n",
        ),
    }  # fmt: skip
    said = nodeflow("run", file(document), "--input", "n=3", "--json")
    assert (said.code, said.err) == (0, "")
    assert {"steps", "evaluations", "threads", "contexts", "seconds"} <= set(said.data["counters"])
    assert {key: value for key, value in said.data.items() if key != "counters"} == {
        "status": "completed",
        "outputs": {"n": 3},
        "variables": {"seen": ["é"]},
        "printed": ["n: 3"],
        "error": None,
    }


def test_json_is_json_whatever_is_in_it():
    odd = {"nan": float("nan"), "inf": [float("inf")], "half a character": "\ud800"}
    assert json.loads(json_line(odd)) == {"nan": "NaN", "inf": ["Infinity"], "half a character": "\ud800"}


def test_json_and_lines_fit_an_output_that_knows_only_ascii(process, file):
    graph = file(prints(values={"value": "é"}))
    out, _ = process("run", graph, "--json", PYTHONIOENCODING="ascii").communicate()
    assert json.loads(out)["printed"] == ["é"]
    out, err = process("run", graph, PYTHONIOENCODING="ascii").communicate()
    assert (out, err) == (b"\\xe9\n", b"")


def test_what_nodes_log_goes_to_stderr(nodeflow, file):
    document = prints(values={"value": "out"})
    document["nodes"]["note"] = {"type": "flow.log", "values": {"message": "hm"}, "options": {"level": "warning"}}
    document["connections"] += wires("show.exit -> note.enter")
    said = nodeflow("run", file(document))
    assert (said.out, said.err) == ("out\n", "warning: note: hm\n")


# --- how it ends --------------------------------------------------------------------------------------


def test_a_failure_names_file_path_node_and_context(nodeflow, file):
    path = file(FAILING)
    said = nodeflow("run", path)
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"nodeflow: {path}: the run failed: workflows/main/nodes/fail: "
        "node 'fail' (flow.fail) in main/fan[1]: FlowFailure: no more milk\n"
    )


def test_a_traceback_is_shown_only_on_request(nodeflow, file):
    assert "Traceback" not in nodeflow("run", file(FAILING)).err
    said = nodeflow("run", file(FAILING), "--traceback")
    assert said.code == 1
    assert said.err.startswith("Traceback")
    assert "raise FlowFailure(message)" in said.err
    assert said.err.splitlines()[-1].startswith("nodeflow: ")


def test_json_of_a_failure(nodeflow, file):
    said = nodeflow("run", file(FAILING), "--json")
    assert said.code == 1
    assert said.data["status"] == "failed"
    assert said.data["error"] == {
        "type": "FlowFailure",
        "message": "no more milk",
        "node": "fail",
        "context_path": "main/fan[1]",
    }


def test_json_of_several_failures_lists_them():
    failures = [NodeFailed(id, "flow.fail", f"main/fan[{i}]", i, ValueError(id)) for i, id in enumerate("ab")]
    group = ExceptionGroup("several", [failures[0], ExceptionGroup("more", [failures[1]])])
    error = as_json_object(Result("failed", {}, {}, [], group, {}))["error"]
    assert error["type"] == "ExceptionGroup"
    assert [(each["type"], each["message"], each["node"], each["context_path"]) for each in error["errors"]] == [
        ("ValueError", "a", "a", "main/fan[0]"),
        ("ValueError", "b", "b", "main/fan[1]"),
    ]


def test_several_failures_have_a_line_each(nodeflow, file, monkeypatch):
    monkeypatch.setattr("nodeflow.cli.run.MOST_LINES", 2)
    failures = [NodeFailed(id, "t.t", "main", i, ValueError(id)) for i, id in enumerate("abc")]
    ended = Result("failed", {}, {}, [], ExceptionGroup("several", failures), {})
    monkeypatch.setattr("nodeflow.cli.run.trio.run", lambda *_: ended)
    said = nodeflow("run", file(prints()))
    assert said.code == 1
    assert [line.rpartition(": ")[2] for line in said.err.splitlines()] == ["a", "b", "and 1 more errors"]


def test_a_timeout(nodeflow, file):
    path = file(ENDLESS)
    said = nodeflow("run", path, "--timeout", "0.05")
    assert said.code == 124
    assert said.out.startswith("round\n")
    assert said.err == f"nodeflow: {path}: the run did not end within 0.05 s\n"
    data = nodeflow("run", path, "--timeout", "0", "--json").data
    assert (data["status"], data["error"]["type"]) == ("timed_out", "TimedOut")


def test_a_limit_on_steps(nodeflow, file):
    said = nodeflow("run", file(ENDLESS), "--max-steps", "10")
    assert said.code == 1
    assert "limit 'steps' of 10 exceeded" in said.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_run(process, file, number):
    path = file(ENDLESS)
    child = process("run", path)
    child.stdout.readline()
    child.send_signal(number)
    _, err = child.communicate(timeout=20)
    assert child.returncode == 130, err.decode()
    assert err.decode() == f"nodeflow: {path}: the run was cancelled: interrupted by {number.name}\n"


def test_a_signal_with_json_leaves_what_there_was(process, file):
    document = json.loads(json.dumps(ENDLESS))
    document["nodes"]["note"] = {"type": "flow.log", "values": {"message": "it runs"}}
    document["connections"] += wires("loop.body -> note.enter")
    child = process("run", file(document), "--json")
    assert child.stderr.readline() == b"info: note: it runs\n"
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=20)
    assert child.returncode == 130
    data = json.loads(out)
    assert (data["status"], data["printed"][0]) == ("cancelled", "round")
    assert data["error"]["message"] == "the run was cancelled: interrupted by SIGINT"


def test_a_signal_before_the_first_node(nodeflow, file, monkeypatch):
    @contextmanager
    def at_once(cancel):
        cancel("at once")
        yield

    monkeypatch.setattr("nodeflow.cli.run.stopped_by_signals", at_once)
    said = nodeflow("run", file(ENDLESS), "--json")
    assert (said.code, said.data["status"], said.data["printed"]) == (130, "cancelled", [])


def test_a_second_signal_ends_a_body_that_never_stops(process, file):
    nodes = file(OWN_NODES, "my_nodes.py")
    document = prints(values={"value": "before"})
    document["nodes"]["spin"] = {"type": "mine.spin"}
    document["connections"] += wires("show.exit -> spin.enter")
    child = process("run", file(document), "--nodes", nodes)
    child.stdout.readline()
    while child.poll() is None:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    assert child.returncode == 130


def test_nobody_reads_the_output(process, file):
    child = process("run", file(ENDLESS))
    child.stdout.readline()
    child.stdout.close()
    assert child.wait(20) == 130
    assert child.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_the_output_cannot_be_written(process, file):
    with open("/dev/full", "w") as full:
        child = process("run", file(ENDLESS), stdout=full)
        _, err = child.communicate(timeout=20)
    assert child.returncode == 1
    assert err == b"nodeflow: cannot write the output: No space left on device\n"


def test_what_a_body_exits_with_is_the_exit_code(nodeflow, file):
    nodes = file(OWN_NODES, "my_nodes.py")
    document = prints()
    document["nodes"]["show"] = {"type": "mine.exit"}
    with pytest.raises(SystemExit) as exited:
        nodeflow("run", file(document), "--nodes", nodes)
    assert exited.value.code == 7


# --- what it is given ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "type_name", "value"),
    [
        ("3", "any", 3),
        ("[1, 2]", "list", [1, 2]),
        ('{"a": null}', "any", {"a": None}),
        ("true", "bool", True),
        ("Ada", "any", "Ada"),
        ("Ada=1", "any", "Ada=1"),
        ("", "any", ""),
        ("NaN", "any", "NaN"),
        ('"3"', "any", "3"),
        ("3", "text", "3"),
        ("1.0", "text", "1.0"),
        ('"1.0"', "text", "1.0"),
        ("null", "text | none", None),
        ("[" * 100_000, "any", "[" * 100_000),
    ],
)
def test_a_value_is_json_or_else_text(text, type_name, value):
    assert read_given([f"k={text}"], {"k": type_name}, "--input") == {"k": value}


def test_inputs_and_variables(nodeflow, file):
    document = {
        "nodeflow": 1,
        "variables": {"shared_by_all": {"type": "int", "default": 0}},
        "workflows": {
            "main": {
                "inputs": {"code": {"type": "text"}, "items": {"type": "list", "default": []}},
                "outputs": {"code": {"type": "text"}, "items": {"type": "list"}},
                "variables": {"x": {"type": "text", "default": ""}},
                "nodes": {"start": {"type": "flow.start"}, "done": {"type": "flow.set_output"}},
                "connections": wires(
                    "start.exit -> done.enter", "inputs.code -> done.code", "inputs.items -> done.items"
                ),
            }
        },
    }
    given = ["--input", "code=007", "--input", "items=[1]", "--var", "x=1e3", "--var", "shared_by_all=5"]
    said = nodeflow("run", file(document), *given, "--json")
    assert said.data["outputs"] == {"code": "007", "items": [1]}
    assert said.data["variables"] == {"x": "1e3", "shared_by_all": 5}


def test_another_workflow(nodeflow, file):
    document = {
        "nodeflow": 1,
        "entry": "main",
        "workflows": {"main": prints(values={"value": "main"}), "other": prints(values={"value": "other"})},
    }
    path = file(document)
    assert nodeflow("run", path).out == "main\n"
    assert nodeflow("run", path, "--workflow", "other").out == "other\n"
    said = nodeflow("run", path, "--workflow", "third")
    assert (said.code, said.err) == (2, f"nodeflow: {path}: there is no workflow 'third'; there is main, other\n")


def test_a_file_of_another_engine_is_imported(nodeflow, file):
    path = file(HELLO_OF_ANOTHER_ENGINE)
    assert nodeflow("run", path).out == "Greeting: Hello!\n"
    assert nodeflow("run", path, "--workflow", "main").out == "Greeting: Hello!\n"


def test_a_file_that_cannot_be_imported(nodeflow, file):
    broken = json.loads(json.dumps(HELLO_OF_ANOTHER_ENGINE))
    broken["nodes"][1]["name"] = broken["nodes"][2]["name"] = "Make Coffee"
    path = file(broken)
    said = nodeflow("run", path)
    assert (said.code, said.out) == (2, "")
    lines = said.err.splitlines()
    assert len(lines) >= 2
    assert all(line.startswith(f"{path}: NF6") for line in lines)


def test_stdin(nodeflow, file, monkeypatch):
    content = file(prints(values={"value": "from stdin"})).read_bytes()
    for given, code in ((content, 0), (b"{", 2)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
        said = nodeflow("run", "-")
        assert said.code == code
    assert said.err.startswith("<stdin>: NF001 error: ")


@pytest.mark.parametrize(
    ("content", "arguments", "says"),
    [
        ("{", [], "{path}: NF001 error: not JSON"),
        ("[]", [], "{path}: NF004 error: "),
        ({"nodeflow": 1, "workflows": {"main": {"nodez": {}}}}, [], "{path}: NF006 error: workflows/main/nodez: "),
        (prints(options={"no": 1}), [], "{path}: NF103 error: workflows/main/nodes/show (no): "),
        ({"nodes": {"a": {"type": "flow.strat"}}}, [], "{path}: NF101 error: workflows/main/nodes/a: "),
        (prints(), ["--input", "n=1"], "nodeflow: {path}: workflow 'main' has no input 'n'"),
        (prints(), ["--var", "n=1"], "nodeflow: {path}: workflow 'main' has no variable 'n'"),
        (
            {**prints(), "inputs": {"n": {"type": "int"}}},
            ["--input", "n=one"],
            "nodeflow: {path}: input 'n': 'one' does not fit int",
        ),
        (
            {**prints(), "inputs": {"n": {"type": "int"}}},
            [],
            "nodeflow: {path}: input 'n' of workflow 'main' is not given",
        ),
        (prints(), ["--input", "n"], "Usage: nodeflow run "),
        (prints(), ["--input", "=1"], "Usage: nodeflow run "),
        (prints(), ["--timeout", "-1"], "Usage: nodeflow run "),
        (prints(), ["--timeout", "nan"], "Usage: nodeflow run "),
        (prints(), ["--max-steps", "0"], "Usage: nodeflow run "),
        (prints(), ["--colour"], "Usage: nodeflow run "),
    ],
)
def test_bad_files_and_usage(nodeflow, file, content, arguments, says):
    path = file(content)
    said = nodeflow("run", path, *arguments, "--json")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(says.format(path=path))
    assert "Traceback" not in said.err


def test_files_that_cannot_be_read(nodeflow, tmp_path):
    said = nodeflow("run", tmp_path / "none.json")
    assert (said.code, said.err) == (2, f"nodeflow: {tmp_path / 'none.json'}: No such file or directory\n")
    assert nodeflow("run", tmp_path).code == 2
    assert nodeflow("run", "a\0b").code == 2


# --- node types ---------------------------------------------------------------------------------------


def doubling():
    document = prints()
    document["nodes"]["twice"] = {"type": "mine.twice", "values": {"value": 21}}
    document["connections"] += wires("twice.result -> show.value")
    return document


def test_nodes_of_a_file_and_of_a_module(nodeflow, file, monkeypatch, tmp_path):
    graph, nodes = file(doubling()), file(OWN_NODES, "nodes_of_this_test.py")
    assert nodeflow("run", graph).code == 2
    assert nodeflow("run", graph, "--nodes", nodes).out == "42\n"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["/nowhere"])
    assert nodeflow("run", graph, "--nodes", "nodes_of_this_test").out == "42\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit('no')", "SystemExit: no"),
        ("x = 1", "there are no node types in it"),
        (
            "import nodeflow as nf\n@nf.data_node('math.add')\ndef add(a: int = 0) -> int: return a",
            "two node types are named 'math.add'",
        ),
    ],
)
def test_a_bad_module_is_one_line(nodeflow, file, content, says):
    nodes = file(content, "bad_nodes.py")
    said = nodeflow("run", file(prints()), "--nodes", nodes)
    assert (said.code, len(said.err.splitlines())) == (2, 1)
    assert said.err.startswith("nodeflow: ")
    assert says in said.err


def test_a_missing_module_is_one_line(nodeflow, file):
    for name in ("no_such_module_here", "no_such_file.py"):
        said = nodeflow("run", file(prints()), "--nodes", name)
        assert (said.code, len(said.err.splitlines())) == (2, 1)
        assert said.err.startswith(f"nodeflow: --nodes {name}: ")


def test_where_a_module_breaks_is_shown_on_request(nodeflow, file):
    said = nodeflow("run", file(prints()), "--nodes", file("1 / 0", "bad_nodes.py"), "--traceback")
    assert said.code == 2
    assert "1 / 0" in said.err
    assert said.err.splitlines()[-1].startswith("nodeflow: --nodes ")


class FakeEntryPoint:
    name = "shop"

    def __init__(self, load):
        self.load = load


def test_nodes_of_installed_packages(nodeflow, file, monkeypatch):
    import nodeflow as nf

    @nf.data_node("mine.twice")
    def twice(value: int = 0) -> int:
        return value * 2

    points = [FakeEntryPoint(lambda: twice)]
    monkeypatch.setattr("nodeflow.registry.entry_points", lambda group: points if group == "nodeflow.nodes" else [])
    assert nodeflow("run", file(doubling())).out == "42\n"
    points.append(FakeEntryPoint(lambda: 1 / 0))
    said = nodeflow("run", file(doubling()))
    assert (said.code, said.out) == (2, "")
    assert said.err == "nodeflow: entry point 'shop' of nodeflow.nodes: division by zero\n"
