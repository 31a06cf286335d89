"""`nodeflow test`."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flowtest_files import BROKEN, FAILS, HELLO, RACE, graph, node, write

HALF = graph(
    {
        "start": "flow.start",
        "if": node("flow.if", condition=True),
        "yes": node("flow.print", value="yes"),
        "no": node("flow.print", value="no"),
    },
    "start.exit -> if.enter",
    "if.true -> yes.enter",
    "if.false -> no.enter",
)

SAYS_HELLO = {"name": "says hello", "expect": {"printed": ["hello"]}}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_line_for_each_test_and_a_summary(nodeflow: Any, here: Path) -> None:
    write(here, HELLO, SAYS_HELLO, {"name": "completes"})
    said = nodeflow("test", "some.flowtest.json")
    assert (said.code, said.err) == (0, "")
    assert said.lines == [
        "passed some.flowtest.json: says hello (1 schedule)",
        "passed some.flowtest.json: completes (1 schedule)",
        "2 passed",
    ]


def test_files_are_found_below_folders_each_once(nodeflow: Any, here: Path) -> None:
    for folder in ("b", "a/deep", ".hidden", "node_modules"):
        (here / folder).mkdir(parents=True)
        write(here / folder, HELLO, SAYS_HELLO)
    (here / "graph.json").write_text(json.dumps(HELLO))
    everything = nodeflow("test")
    assert (everything.code, everything.lines[-1]) == (0, "2 passed")
    assert nodeflow("test", "a", ".", "b/some.flowtest.json").lines[-1] == "2 passed"
    assert nodeflow("test", ".hidden").lines == [
        "passed .hidden/some.flowtest.json: says hello (1 schedule)",
        "1 passed",
    ]


def test_a_failure_says_what_differs_and_under_which_schedule(nodeflow: Any, here: Path) -> None:
    write(here, RACE, {"name": "in order", "expect": {"printed": ["a", "b"]}}, {"name": "completes"})
    said = nodeflow("test", ".")
    assert (said.code, said.err) == (1, "")
    assert said.lines[0].startswith("FAILED some.flowtest.json: in order (2 schedules)")
    assert said.lines[1] == '    printed: expected ["a", "b"], got ["b", "a"]'
    assert said.lines[2].startswith("    under schedule [")
    assert said.lines[-1] == "1 passed, 1 failed"


def test_how_many_schedules(nodeflow: Any, here: Path) -> None:
    write(here, RACE, {"name": "in order", "expect": {"printed": ["a", "b"]}})
    assert nodeflow("test", "--schedules", "1").code == 0
    assert nodeflow("test", "--schedules", "5").code == 1
    said = nodeflow("test", "--schedules", "0")
    assert (said.code, "Invalid value for '--schedules'" in said.err) == (2, True)


def test_on_trio_it_says_so(nodeflow: Any, here: Path) -> None:
    write(here, HELLO, {**SAYS_HELLO, "schedules": 0})
    assert nodeflow("test").lines[0] == "passed some.flowtest.json: says hello (on trio, 1 run)"


def test_only_tests_of_a_name(nodeflow: Any, here: Path) -> None:
    write(here, HELLO, SAYS_HELLO, {"name": "Completes"})
    said = nodeflow("test", "-k", "comPLETES")
    assert said.lines == ["passed some.flowtest.json: Completes (1 schedule)", "1 passed, 1 left out"]
    said = nodeflow("test", "-k", "nothing")
    assert (said.code, said.err) == (2, "nodeflow: none of 2 tests has 'nothing' in its name\n")


def test_bad_files_are_told_and_the_others_are_run(nodeflow: Any, here: Path) -> None:
    write(here, HELLO, SAYS_HELLO, name="good.flowtest.json")
    write(here, HELLO, {"nam": "a"}, name="bad.flowtest.json")
    (here / "worse.flowtest.json").write_text("{")
    said = nodeflow("test")
    assert said.code == 2
    assert said.err.splitlines() == [
        "bad.flowtest.json: NF007 error: tests/0: the key 'name' is missing",
        "bad.flowtest.json: NF006 error: tests/0/nam: unknown key 'nam'; did you mean 'name'?",
        "worse.flowtest.json: NF001 error: not JSON: Expecting property name enclosed in double quotes "
        "(line 1, column 2)",
    ]
    assert said.lines == ["passed good.flowtest.json: says hello (1 schedule)", "1 passed, 2 files with errors"]
    assert nodeflow("test", "bad.flowtest.json").lines == ["1 file with errors"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing"], "nodeflow: missing: there is no such file or folder\n"),
        (["."], "nodeflow: there is no *.flowtest.json in .\n"),
        (["a\0b"], "nodeflow: a\0b: "),
    ],
)
def test_nothing_to_run(nodeflow: Any, here: Path, arguments: list[str], says: str) -> None:
    said = nodeflow("test", *arguments)
    assert said.code == 2
    assert said.err.startswith(says)


def test_a_document_that_is_to_be_rejected(nodeflow: Any, here: Path) -> None:
    write(here, BROKEN, {"name": "rejected", "expect": {"findings": ["NF101"]}})
    said = nodeflow("test", "--coverage")
    assert (said.code, said.lines) == (
        0,
        ["passed some.flowtest.json: rejected", "1 passed", "coverage: 0 of 0 (100 %)"],
    )
    write(here, BROKEN, SAYS_HELLO)
    said = nodeflow("test", "--coverage")
    assert said.code == 1
    assert said.lines[1] == "    the document some.flowtest.json is rejected:"


# --- coverage -----------------------------------------------------------------------------------------


def test_what_is_not_covered_is_told_in_words(nodeflow: Any, here: Path) -> None:
    write(here, HALF, {"name": "a"})
    said = nodeflow("test", "--coverage")
    assert said.code == 0
    assert said.lines[2:] == [
        "some.flowtest.json: 6 of 9 covered (66 %)",
        "  not covered:",
        "    node no",
        "    connection if.false -> no.enter",
        "coverage: 6 of 9 (66 %)",
    ]


def test_too_little_covered_fails(nodeflow: Any, here: Path) -> None:
    write(here, HALF, {"name": "a"})
    assert nodeflow("test", "--fail-under", "66.6").code == 0
    said = nodeflow("test", "--fail-under", "67")
    assert (said.code, said.err) == (1, "nodeflow: less than 67 % is covered\n")
    assert said.lines == ["passed some.flowtest.json: a (1 schedule)", "1 passed", "coverage: 6 of 9 (66 %)"]
    assert nodeflow("test", "--fail-under", "101").code == 2


def test_coverage_as_json(nodeflow: Any, here: Path) -> None:
    write(here, HALF, {"name": "a"})
    assert nodeflow("test", "--coverage-json", "found.json").code == 0
    data = json.loads((here / "found.json").read_text())
    assert (data["flowtest_coverage"], data["covered"], data["of"]) == (1, 6, 9)
    said = nodeflow("test", "--coverage-json", "no/such/folder.json")
    assert (said.code, said.err) == (2, "nodeflow: no/such/folder.json: No such file or directory\n")


def test_a_picture(nodeflow: Any, here: Path) -> None:
    write(here, HALF, {"name": "a"})
    assert nodeflow("test", "--picture", "found.mmd").code == 0
    lines = (here / "found.mmd").read_text().splitlines()
    assert lines[0] == "flowchart LR"
    assert lines[-1] == "  linkStyle 2 stroke:#c0392b,stroke-dasharray:6 4"
    write(here, HELLO, SAYS_HELLO, name="other.flowtest.json")
    said = nodeflow("test", "--picture", "found.mmd")
    assert said.code == 2
    assert said.err == (
        "nodeflow: --picture found.mmd: there are 2 documents to draw, which takes a file that ends in `.md`\n"
    )
    assert nodeflow("test", "--picture", "found.md").code == 0
    page = (here / "found.md").read_text()
    assert page.count("```mermaid\nflowchart LR\n") == 2
    assert page.count("linkStyle") == 1


# --- as a program -------------------------------------------------------------------------------------


def test_it_can_be_interrupted(process: Any, here: Path) -> None:
    (here / "stops.py").write_text(
        "import nodeflow as nf, os, signal\n@nf.exec_node('own.stops')\n"
        "def stops() -> None:\n    os.kill(os.getpid(), signal.SIGINT)\n    import time; time.sleep(60)\n"
    )
    document = graph({"start": "flow.start", "stop": "own.stops"}, "start.exit -> stop.enter")
    write(here, document, {"name": "a"}, nodes=["stops.py"])
    child = process("test", here)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err.strip()) == (130, b"", b"nodeflow: interrupted")


def test_on_a_terminal_it_says_what_goes_on(here: Path) -> None:
    write(here, FAILS, {"name": "it fails", "expect": {"error": "milk"}})
    said = on_a_terminal("test", "some.flowtest.json")
    assert "some.flowtest.json: 1 of 1: it fails\r\x1b[K" in said, "a line that is gone when it is over"
    assert "\x1b[32mpassed\x1b[0m some.flowtest.json: it fails" in said


def on_a_terminal(*arguments: str) -> str:
    """What the command says to a terminal, colours and all."""
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "nodeflow.cli", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env):
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # nobody is there any more
            while part := os.read(ours, 4096):
                said += part
    os.close(ours)
    return said.decode()
