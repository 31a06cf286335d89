"""The types of the authoring API, as mypy sees them in a user's own node module."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "typing"
SAID = re.compile(r"^.*?(?P<file>\w+\.py):(?P<line>\d+): error: (?P<text>.*?)  \[(?P<code>[\w-]+)\]$", re.MULTILINE)
EXPECTED = re.compile(r"# E: ([\w,-]+)$")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, set[str]]]:
    """What `mypy --strict` says of both modules: codes by file and line."""
    folder = tmp_path_factory.mktemp("user")
    for name in ("good_nodes.py", "bad_nodes.py"):
        (folder / name).write_text((HERE / name).read_text())
    (folder / "mypy.ini").write_text("[mypy]\nstrict = true\nenable_error_code = truthy-bool\n")
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context", "--no-pretty", "."]
    environment = {key: value for key, value in os.environ.items() if key != "MYPYPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: dict[str, dict[int, set[str]]] = {}
    for match in SAID.finditer(done.stdout):
        lines = found.setdefault(match["file"], {})
        lines.setdefault(int(match["line"]), set()).add(match["code"])
    return found


def test_mypy_has_nothing_to_say_about_good_nodes(said: dict[str, dict[int, set[str]]]) -> None:
    assert said.get("good_nodes.py", {}) == {}


def test_mypy_finds_each_mistake_at_its_line(said: dict[str, dict[int, set[str]]]) -> None:
    expected = {
        number: set(match[1].split(","))
        for number, line in enumerate((HERE / "bad_nodes.py").read_text().splitlines(), 1)
        if (match := EXPECTED.search(line))
    }
    assert len(expected) > 25
    assert said["bad_nodes.py"] == expected


def test_the_package_is_typed(said: dict[str, dict[int, set[str]]]) -> None:
    """The package says that it is typed; else mypy would take all of it for `Any`, and find nothing."""
    import nodeflow

    assert (Path(nodeflow.__file__).parent / "py.typed").exists()
    assert set(said) == {"bad_nodes.py"}
