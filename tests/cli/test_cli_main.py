"""The command line as a whole: what it needs, and what it does when it breaks."""

import subprocess
import sys

import pytest
from cli_graphs import prints

from nodeflow import __version__
from nodeflow.cli import COMMANDS, main


def test_help_names_every_command(nodeflow):
    said = nodeflow("--help")
    assert said.code == 0
    listed = [line.split()[0] for line in said.out.partition("Commands:")[2].splitlines() if line.strip()]
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(nodeflow, command):
    said = nodeflow(command, "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: nodeflow {command} ")


def test_version(nodeflow):
    assert __version__ in nodeflow("--version").out


@pytest.mark.parametrize("arguments", [[], ["jump"], ["run"], ["show", "x.json", "--format", "png"]])
def test_usage(nodeflow, arguments):
    said = nodeflow(*arguments)
    assert said.code == 2
    assert "Usage: nodeflow" in said.err
    assert said.out == ""


def test_without_click_it_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "click", None)
    assert main(["--help"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "nodeflow: the command line needs click: pip install 'nodeflow-trio[cli]'\n"


def test_neither_the_library_nor_the_package_of_the_command_line_imports_click():
    code = "import sys, nodeflow, nodeflow.cli; sys.exit('click' in sys.modules or 'rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_script_returns_the_exit_code(file, tmp_path):
    command = [sys.executable, "-m", "nodeflow.cli", "validate", str(tmp_path / "none.json")]
    assert subprocess.run(command, capture_output=True).returncode == 2


def test_an_error_of_its_own_is_one_line(nodeflow, file, monkeypatch):
    def broken(*_):
        raise RuntimeError("boom")

    monkeypatch.setattr("nodeflow.cli.run.compile_document", broken)
    said = nodeflow("run", file(prints()))
    assert (said.code, said.err) == (1, "nodeflow: internal error: RuntimeError: boom (--traceback shows where)\n")
    assert "in broken" in nodeflow("run", file(prints()), "--traceback").err


def test_interrupted_before_anything_runs(nodeflow, file, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nodeflow.cli.opening.loads", interrupted)
    said = nodeflow("run", file(prints()))
    assert said.code == 130
    assert said.err.strip() == "nodeflow: interrupted"


def test_nobody_reads_what_a_command_says(process, monkeypatch):
    child = process("nodes")
    child.stdout.close()
    assert child.wait(20) == 130
    assert child.stderr.read() == b""
