"""Files as NodeEditor writes them, drawn in a line or two, and where the given ones are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nodeflow as nf
from nodeflow.importers import nodeeditor

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
GIVEN = SHARED / "nodeeditor"

needs_files = pytest.mark.skipif(not GIVEN.is_dir(), reason="the given NodeEditor files are not beside the project")
needs_catalogue = pytest.mark.skipif(
    not (SHARED / "node-catalogue.json").is_file(), reason="the node catalogue is not beside the project"
)

TYPES = {
    bool: "System.Boolean", int: "System.Int32", float: "System.Double", str: "System.String",
    list: "NodeEditor.Net.Models.SerializableList", dict: "NodeEditor.Net.Models.SerializableDict",
    type(None): "System.Object",
}  # fmt: skip
"""Names of types, as the editor writes them."""


def node(
    id: str, name: str | None = None, *, starts: bool = False, exec: bool = False, **literals: Any
) -> dict[str, Any]:
    """A node of the file; `_` in a literal's name stands for a space."""
    return {
        "id": id,
        "typeId": None,
        "name": name or id,
        "callable": exec or starts,
        "execInit": starts,
        "x": 1,
        "y": 2.5,
        "inputs": [
            {
                "name": key.replace("_", " "),
                "typeName": TYPES[type(value)],
                "isExecution": False,
                "value": {"typeName": TYPES[type(value)], "json": value},
            }
            for key, value in literals.items()
        ],
        "outputs": [],
    }


def wires(*lines: str) -> list[dict[str, Any]]:
    """Connections from lines as `for.LoopPath > print.Enter`."""
    found = []
    for line in lines:
        source, target = line.split(" > ")
        (a, out), (b, into) = source.split("."), target.split(".")
        found.append({"outputNodeId": a, "outputSocketName": out, "inputNodeId": b, "inputSocketName": into})
    return found


def file(nodes: list[dict[str, Any]], *lines: str, **more: Any) -> dict[str, Any]:
    return {"version": 1, "nodes": nodes, "connections": wires(*lines), **more}


START = node("start", "Start", starts=True)


async def printed(data: dict[str, Any], **options: Any) -> list[str]:
    """What the file prints when it has been converted, saved, loaded and run with the standard nodes."""
    document = nodeeditor.convert(data)
    again = nf.loads(nf.dumps(document))
    assert again == document
    assert [f for f in nf.validate(document) if f.severity is nf.Severity.ERROR] == []
    result = await nf.run(document, **options)
    return list(result.printed)


def problems(data: Any) -> list[tuple[str, str | None, str | None]]:
    """Code, node and socket of all that is in the way."""
    with pytest.raises(nf.ImportFailed) as caught:
        nodeeditor.convert(data)
    return [(finding.code, finding.node, finding.socket) for finding in caught.value.findings]
