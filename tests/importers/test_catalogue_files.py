"""The entry of the catalogue that reads a folder: only below what the host grants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from catalogue_drawing import WAYS, entries, placed
from nodeeditor_drawing import START, file, needs_catalogue, node

import nodeflow as nf
from nodeflow.importers import nodeeditor
from nodeflow.services import Files

pytestmark = needs_catalogue

DEEP = ["sub/d.txt", "sub/deep/e.txt"]
OUTPUTS = ("Files", "Count", "Ok", "Error")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.txt", "b.txt", "c.md", "sub/d.txt", "sub/deep/e.txt"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "secret.txt").write_text("not granted")
    return tmp_path / "data"


async def listed(folder: Path, inputs: dict[str, Any], way: str) -> tuple[dict[str, Any], list[str]]:
    """Its outputs, and what was printed at its Exit."""
    x, nodes, drawn = placed(entries()["IO/Load From Directory"], inputs, way)
    nodes += [START, x, node("say", "Debug Print", Value="Exit")]
    before = "say.Exit"
    drawn += ["start.Exit > x.Enter", "x.Exit > say.Enter"]
    for output in OUTPUTS:
        nodes.append(node(f"set-{output}", "Set Variable", Name=output))
        drawn += [f"{before} > set-{output}.Enter", f"x.{output} > set-{output}.Value"]
        before = f"set-{output}.Exit"
    result = await nf.run(nodeeditor.convert(file(nodes, *drawn)), services=[Files(folder)])
    return dict(result.variables), list(result.printed)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        ({"DirectoryPath": "."}, ["a.txt", "b.txt", "c.md"]),
        ({"DirectoryPath": ".", "Filter": "*.txt"}, ["a.txt", "b.txt"]),
        ({"DirectoryPath": ".", "Filter": ""}, ["a.txt", "b.txt", "c.md"]),
        ({"DirectoryPath": ".", "Filter": "?.md"}, ["c.md"]),
        (
            {"DirectoryPath": ".", "Filter": "*.txt", "Recursive": True},
            ["a.txt", "b.txt", "sub/d.txt", "sub/deep/e.txt"],
        ),
        ({"DirectoryPath": "sub"}, ["sub/d.txt"]),
        ({"DirectoryPath": "sub", "Filter": "*.md"}, []),
    ],
)
async def test_files_of_a_folder(folder: Path, inputs: dict[str, Any], names: list[str], way: str) -> None:
    found, printed = await listed(folder, inputs, way)
    assert sorted(str(path).removeprefix(f"{folder}/") for path in found["Files"]) == names
    assert (found["Count"], found["Ok"], found["Error"]) == (len(names), True, "")
    assert printed == ["Exit"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", ["", "nowhere", "..", "../secret.txt", "/etc", "a.txt", None])
async def test_what_cannot_be_listed_is_said_and_exit_fires_once(folder: Path, path: str | None, way: str) -> None:
    found, printed = await listed(folder, {"DirectoryPath": path}, way)
    assert (found["Files"], found["Count"], found["Ok"]) == ([], 0, False)
    assert found["Error"]
    assert printed == ["Exit"]
