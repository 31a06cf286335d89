"""Graph files of NodeEditor.Net -> documents.

`looks_like` says whether parsed JSON is such a file, `convert` makes a document of it, `load` reads one.
What each of their nodes becomes is a table: `nodeflow.importers.mapping`. Nodes are found by
`definitionId`, `typeId` or display name, sockets by name in any letter case. Variables become `shared`,
and those that are only named on Get and Set nodes are declared; positions and what else the editor keeps
go to `meta`. Whatever is in the way, all of it stands in one `ImportFailed`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final, NoReturn

from nodeflow.errors import ImportFailed
from nodeflow.importers.nodeeditor_file import CODES, Findings, RawNode, read
from nodeflow.importers.placing import Placing
from nodeflow.importers.wiring import Wiring
from nodeflow.model import UNSET, Connection, Document, Event, PlacedNode, Variable, Workflow
from nodeflow.sockets import Refers

__all__ = ["CODES", "convert", "load", "looks_like"]

WORKFLOW: Final = "main"
"""The name of the one workflow of an imported document."""


def looks_like(data: object) -> bool:
    """Whether parsed JSON is a NodeEditor file, and not a nodeflow document or something else.

    >>> looks_like({"version": 1, "nodes": [], "connections": []}), looks_like({"nodeflow": 1, "workflows": {}})
    (True, False)
    """
    if not isinstance(data, dict) or "nodeflow" in data or "workflows" in data:
        return False
    nodes, wires = data.get("nodes"), data.get("connections", [])
    if not isinstance(nodes, list) or not isinstance(wires, list | None):
        return False
    if not nodes:
        return "connections" in data
    marks = {"typeId", "definitionId", "execInit", "callable"}
    return any(isinstance(node, dict) and not marks.isdisjoint(node) for node in nodes) or any(
        isinstance(wire, dict) and "outputNodeId" in wire for wire in wires or ()
    )


def load(path: str | os.PathLike[str], *, strict: bool = False) -> Document:
    """Read a NodeEditor file; `strict` as for `convert`.

    Raises `ImportFailed` with all that is in the way; what the operating system says passes through.
    """
    source = os.fspath(path)
    try:
        data = json.loads(Path(path).read_text("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, too deep
        findings = Findings()
        findings.note("NF601", f"it is not JSON: {error}")
        raise ImportFailed(findings, source=source) from None
    return convert(data, source=source, strict=strict)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def convert(data: dict[str, Any], *, source: str | None = None, strict: bool = False) -> Document:
    """Make a document of what was parsed from a NodeEditor file. Nothing of `data` is kept or changed.

    Args:
        data: What `json.loads` gave.
        source: What errors call the file.
        strict: Leave out what keeps the original's results where they differ from ours on purpose: 42 / 0 then
            fails, as it does here, and so does a null where a number is wanted.

    Raises:
        ImportFailed: Something cannot be mapped; `findings` has every node and socket in the way.
    """
    findings = Findings()
    placing = Placing(read(data, findings), findings, strict)
    placing.run()
    wiring = Wiring(placing)
    wiring.run()
    if findings:
        raise ImportFailed(findings, source=source)
    _declare_named(placing, wiring)
    return _document(placing, wiring)


def _declare_named(placing: Placing, wiring: Wiring) -> None:
    """Declare the variables that nodes name and the file does not declare, as `null` there."""
    wired = {(c.to_node, c.to_socket): c.from_node for c in wiring.connections}
    by_id = {draft.id: draft for draft in placing.drafts.values()}
    for draft in placing.drafts.values():
        options = [o.name for o in placing.types[draft.type].options if o.refers is Refers.VARIABLE]
        for option in options:
            name = draft.options.get(option)
            if name is None:  # it is wired: a constant text is a name too
                constant = by_id.get(wired.get((draft.id, option), ""))
                name = constant.values.get("value") if constant is not None else None
            if isinstance(name, str) and name and name not in placing.variables:
                placing.variables[name] = Variable("any", None, "shared")


def _document(placing: Placing, wiring: Wiring) -> Document:
    file = placing.file
    placed: dict[str, PlacedNode] = {}
    wires = list(wiring.connections)
    for node in file.nodes:
        draft = placing.drafts.get(node.id)
        if draft is None:
            continue
        placed[draft.id] = PlacedNode(
            draft.id, draft.type, draft.values, draft.options, node.disabled,
            version=placing.types[draft.type].version, meta=_meta_of(node, draft.id),
        )  # fmt: skip
        for id, (type, values, options) in draft.helpers.items():
            meta = {key: node.meta[key] for key in ("x", "y") if key in node.meta}
            placed[id] = PlacedNode(id, type, values, options, version=placing.types[type].version, meta=meta)
        wires.extend(Connection(*wire) for wire in draft.wires)
    placed.update({guard.id: guard for guard in wiring.guards.values()})
    comments = [_meta_of(node, "") for node in file.nodes if node.id not in placing.drafts]
    workflow = Workflow(
        WORKFLOW, placed, tuple(wires), variables=placing.variables,
        events={name: Event() for name in file.events.values()}, meta={"comments": comments} if comments else {},
    )  # fmt: skip
    return Document(workflow, meta={"nodeeditor": file.meta} if file.meta else {})


def _meta_of(node: RawNode, id: str) -> dict[str, Any]:
    """A node's meta, with what the document has no other place for: its id if it changed, a comment's text."""
    meta = dict(node.meta)
    more = dict(meta.get("nodeeditor", {}))
    if id != node.id:
        more["id"] = node.id
    if not id and node.inputs.get("text", UNSET) is not UNSET:
        more["text"] = node.inputs["text"]
    if more:
        meta["nodeeditor"] = more
    return meta
