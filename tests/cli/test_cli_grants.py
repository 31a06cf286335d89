"""`nodeflow run`: what its options grant to the nodes, and what they do not say."""

import json
import os
import sqlite3
import sys

import pytest
from cli_graphs import wires

from nodeflow.cli.grants import services_of
from nodeflow.services import Secret

NOTHING = {
    "seed": None, "allow_files": None, "allow_http": (), "allow_process": (), "database": (), "secret": (),
    "allow_env": (),
}  # fmt: skip


def shows(node, output, *more):
    """A workflow that runs a node, or pulls a data node, and prints an output of it."""
    runs = node["type"] not in ("secrets.get", "secrets.environment", "random.uniform")
    path = ["start.exit -> node.enter", "node.exit -> show.enter"] if runs else ["start.exit -> show.enter"]
    return {
        "nodes": {"start": {"type": "flow.start"}, "node": node, "show": {"type": "flow.print"}},
        "connections": wires(*path, f"node.{output} -> show.value", *more),
    }


# --- each grant ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "option"),
    [
        ({"type": "files.read_text", "values": {"path": "x"}}, "--allow-files DIR"),
        ({"type": "http.request", "values": {"url": "https://example.com"}}, "--allow-http URL-PREFIX"),
        ({"type": "process.run", "values": {"command": "echo"}}, "--allow-process PROGRAM"),
        ({"type": "sql.query", "values": {"statement": "SELECT 1"}}, "--database NAME=URL"),
        ({"type": "secrets.get", "values": {"name": "token"}}, "--secret NAME=@FILE"),
        ({"type": "secrets.environment", "values": {"name": "HOME"}}, "--allow-env NAME"),
    ],
)
def test_without_a_grant_a_node_says_which_option_it_wants(nodeflow, file, node, option):
    output = {"http.request": "status", "process.run": "code", "sql.query": "rows"}.get(node["type"], "result")
    said = nodeflow("run", file(shows(node, output)))
    assert (said.code, said.out) == (1, "")
    assert len(said.err.splitlines()) == 1
    assert "NotGranted: this needs" in said.err
    assert f"`nodeflow run` takes {option}" in said.err


def test_files(nodeflow, file, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "note.txt").write_text("hello")
    graph = file(shows({"type": "files.read_text", "values": {"path": "note.txt"}}, "result"))
    for folder in ("data", "data:ro", "data:rw"):
        assert nodeflow("run", graph, "--allow-files", tmp_path / folder).out == "hello\n"
    outside = file(shows({"type": "files.read_text", "values": {"path": "../graph.json"}}, "result"))
    said = nodeflow("run", outside, "--allow-files", tmp_path / "data")
    assert (said.code, said.out) == (1, "")
    assert "PermissionError: '../graph.json' leads out of the folder" in said.err


def test_writing_files(nodeflow, file, tmp_path):
    node = {"type": "files.write_text", "values": {"path": "new.txt", "text": "hello"}}
    graph = file(
        {"nodes": {"start": {"type": "flow.start"}, "node": node}, "connections": wires("start.exit -> node.enter")}
    )
    said = nodeflow("run", graph, "--allow-files", tmp_path)
    assert (said.code, (tmp_path / "new.txt").exists()) == (1, False)
    assert "--allow-files DIR:rw" in said.err
    assert nodeflow("run", graph, "--allow-files", f"{tmp_path}:rw").code == 0
    assert (tmp_path / "new.txt").read_text() == "hello"


def test_databases(nodeflow, file, tmp_path):
    with sqlite3.connect(tmp_path / "data.db") as connection:
        connection.execute("CREATE TABLE t AS SELECT 'Ada' AS name")
    connection.close()
    graph = file(shows({"type": "sql.query", "values": {"statement": "SELECT name FROM t", "database": "d"}}, "rows"))
    assert nodeflow("run", graph, "--database", f"d=sqlite:{tmp_path}/data.db").out == '[{"name":"Ada"}]\n'
    graph = file(shows({"type": "sql.execute", "values": {"statement": "DELETE FROM t", "database": "d"}}, "result"))
    said = nodeflow("run", graph, "--database", f"d=sqlite:{tmp_path}/data.db:ro")
    assert (said.code, said.out) == (1, "")
    assert "for reading only" in said.err
    assert nodeflow("run", graph, "--database", f"d=sqlite:{tmp_path}/data.db").out == "1\n"


@pytest.mark.skipif(sys.platform == "win32", reason="it runs a program of POSIX systems")
def test_processes_see_what_is_granted_of_the_environment(nodeflow, file, monkeypatch):
    monkeypatch.setenv("SHOWN", "shown")
    monkeypatch.setenv("HIDDEN", "hidden")
    graph = file(shows({"type": "process.run", "values": {"command": "env"}}, "stdout"))
    said = nodeflow("run", graph, "--allow-process", "env", "--allow-env", "SHOWN")
    assert set(said.out.split()) == {f"PATH={os.environ['PATH']}", "SHOWN=shown"}
    assert nodeflow("run", graph, "--allow-process", "ls").code == 1


def test_environment(nodeflow, file, monkeypatch):
    monkeypatch.setenv("SHOWN", "shown")
    graph = file(shows({"type": "secrets.environment", "values": {"name": "SHOWN"}}, "result"))
    assert nodeflow("run", graph, "--allow-env", "SHOWN", "--allow-env", "OTHER").out == "shown\n"
    said = nodeflow("run", graph, "--allow-env", "OTHER")
    assert (said.code, said.out) == (1, "")
    assert "did not grant the environment variable 'SHOWN'; it granted OTHER" in said.err
    assert "shown" not in said.err


def test_requests_are_held_to_the_prefixes(nodeflow, file):
    graph = file(shows({"type": "http.request", "values": {"url": "http://localhost:1/x"}}, "status"))
    said = nodeflow("run", graph, "--allow-http", "https://a.example/", "--allow-http", "b.example")
    assert "did not grant requests to http://localhost:1/x; it granted https://a.example/, b.example" in said.err
    assert "which is not public" in nodeflow("run", graph, "--allow-http", "*").err
    assert (
        "ConnectionError: GET 'http://localhost:1/x' failed"
        in nodeflow("run", graph, "--allow-http", "localhost:1").err
    )


def test_a_seed_makes_random_nodes_repeat(nodeflow, file):
    graph = file(shows({"type": "random.uniform"}, "result"))
    first, second, other = (nodeflow("run", graph, "--seed", n).out for n in (7, 7, 8))
    assert first == second != other


# --- secrets ------------------------------------------------------------------------------------------

PRINTS_A_SECRET_EVERYWHERE = {
    "outputs": {"out": {"type": "any"}},
    "variables": {"kept": {"type": "any", "default": None}},
    "nodes": {
        "start": {"type": "flow.start"},
        "secret": {"type": "secrets.get", "values": {"name": "token"}},
        "header": {"type": "secrets.join", "values": {"before": "Bearer "}},
        "set": {"type": "variables.set", "options": {"name": "kept"}},
        "show": {"type": "flow.print"},
        "done": {"type": "flow.set_output"},
        "fail": {"type": "flow.fail"},
    },
    "connections": wires(
        "start.exit -> set.enter", "set.exit -> show.enter", "show.exit -> done.enter", "done.exit -> fail.enter",
        "secret.result -> header.secret", "secret.result -> set.value", "header.result -> show.value",
        "header.result -> done.out", "secret.result -> fail.message",
    ),
}  # fmt: skip


@pytest.mark.parametrize("more", [(), ("--json",), ("--traceback",)])
def test_a_secret_never_comes_out(nodeflow, file, tmp_path, monkeypatch, more):
    (tmp_path / "token.txt").write_text("s3cr3t-t0ken\n")
    monkeypatch.setenv("TOKEN", "s3cr3t-t0ken")
    graph = file(PRINTS_A_SECRET_EVERYWHERE)
    for source in (f"token=@{tmp_path}/token.txt", "token=env:TOKEN"):
        said = nodeflow("run", graph, "--secret", source, *more)
        assert said.code == 1
        assert "s3cr3t" not in said.out + said.err
        assert "***" in said.out


def test_where_secrets_come_from(tmp_path, monkeypatch):
    (tmp_path / "token").write_bytes(b"from file\r\n")
    monkeypatch.setenv("TOKEN", "from environment")
    (service,) = services_of(**NOTHING | {"secret": (f"a=@{tmp_path}/token", "b=env:TOKEN")})
    assert [service.get(name) for name in "ab"] == [Secret("from file"), Secret("from environment")]


# --- what cannot be -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--allow-files", "nope"], "there is no folder 'nope'"),
        (["--allow-files", "nope:rw"], "there is no folder 'nope'"),
        (["--allow-files", ""], "there is no folder ''"),
        (["--allow-files", ":rw"], "there is no folder ''"),
        (["--allow-http", "ftp://x"], "'ftp://x' grants no place"),
        (["--allow-http", ""], "'' is not a text that names something"),
        (["--allow-process", "./x"], "'./x' is a relative path"),
        (["--database", "main"], "--database takes a name and more, as `--database main=sqlite:data.db`"),
        (["--database", "main=mysql://ada:s3cr3t@x"], "the URL of database 'main' must be"),
        (["--database", "main=sqlite::memory:"], "the URL of database 'main' must be"),
        (["--database", "a=sqlite:a", "--database", "a=sqlite:b"], "'a' is given twice"),
        (["--secret", "s3cr3t"], "--secret takes a name and more"),
        (["--secret", "token=s3cr3t"], "say where it is, as `token=@FILE`"),
        (["--secret", "token=@"], "say where it is"),
        (["--secret", "token=env:"], "say where it is"),
        (["--secret", "token=@nope"], "--secret token: nope: No such file"),
        (["--secret", "token=@."], "--secret token: .: Is a directory"),
        (["--secret", "token=@graph.bin"], "it is not text in UTF-8"),
        (["--secret", "token=env:NOT_SET_HERE"], "variable 'NOT_SET_HERE' is not set"),
        (["--allow-env", ""], "'' is not a text that names something"),
        (["--seed", "x"], "'x' is not a valid integer"),
    ],
)
def test_what_cannot_be_granted(nodeflow, file, tmp_path, monkeypatch, options, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graph.bin").write_bytes(b"\xff\xfe")
    said = nodeflow("run", file({"nodes": {}, "connections": []}), *options)
    assert (said.code, said.out) == (2, "")
    assert says in " ".join(said.err.split())
    assert "s3cr3t" not in said.err
    assert "Traceback" not in said.err


def test_grants_come_out_in_no_json(nodeflow, file, tmp_path):
    (tmp_path / "token").write_text("s3cr3t")
    graph = file({"nodes": {"start": {"type": "flow.start"}}, "connections": []})
    said = nodeflow("run", graph, "--json", "--secret", f"token=@{tmp_path}/token", "--allow-files", tmp_path)
    assert said.code == 0
    assert json.loads(said.out)["status"] == "completed"
    assert "s3cr3t" not in said.out
