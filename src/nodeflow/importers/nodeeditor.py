"""Graph files of NodeEditor.Net -> documents.

`looks_like` says whether parsed JSON is such a file, `convert` makes a document of it, `load` reads one.
What each of their nodes becomes is a table: `nodeflow.importers.mapping`. Nodes are found by
`definitionId`, `typeId` or display name, sockets by name in any letter case. Variables become `shared`,
and those that are only named on Get and Set nodes are declared; positions and what else the editor keeps
go to `meta`. Whatever is in the way, all of it stands in one `ImportFailed`.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from pathlib import Path
from typing import Any, Final, NoReturn

from attrs import frozen

from nodeflow.errors import ImportFailed
from nodeflow.importers.mapping import RULES, rule_of_id, rule_of_name, socket_of
from nodeflow.importers.nodeeditor_file import CODES, Findings, RawFile, RawNode, RawWire, fitting_literal, read
from nodeflow.importers.rule import DROP, Draft, Rule, give_on, plain
from nodeflow.importers.rules.flow import VALUE_OF
from nodeflow.library import standard_registry
from nodeflow.model import INPUTS, UNSET, Connection, Document, Event, PlacedNode, Variable, Workflow
from nodeflow.node import NodeType
from nodeflow.registry import Registry
from nodeflow.sockets import Kind, Socket
from nodeflow.values import parse_type

__all__ = ["CODES", "convert", "load", "looks_like"]

WORKFLOW: Final = "main"
"""The name of the one workflow of an imported document."""

_NOTHING: Final[tuple[tuple[Any, Any], ...]] = ((bool, False), (int | float, 0), (list | tuple, []), (dict, {}))


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
        strict: Leave out the options that keep the original's results: 42 / 0 then fails, as it does here.

    Raises:
        ImportFailed: Something cannot be mapped; `findings` has every node and socket in the way.
    """
    findings = Findings()
    importing = _Import(read(data, findings), findings, strict)
    importing.run()
    if findings:
        raise ImportFailed(findings, source=source)
    return importing.document()


@frozen
class _Built:
    """A workflow, and the node types that the standard registry may not have."""

    workflow: Workflow
    types: dict[str, NodeType]

    def to_model(self) -> Workflow:
        return self.workflow


class _Import:
    """One file being imported."""

    def __init__(self, file: RawFile, findings: Findings, strict: bool) -> None:
        self.file = file
        self.findings = findings
        self.strict = strict
        self.types: Registry = standard_registry()
        self.taken = {INPUTS}
        self.ids: dict[str, str] = {}
        self.raw = {node.id: node for node in file.nodes}
        self.names: dict[str, dict[str, str]] = {}
        self.rules: dict[str, Rule] = {}
        self.drafts: dict[str, Draft] = {}
        self.connections: list[Connection] = []
        self.wired_in: dict[str, set[str]] = {}
        self.wired_out: dict[str, set[str]] = {}
        self.defaults: dict[tuple[str, str], Any] = {}
        self.placed: dict[str, str] = {}  # our id -> node type, helpers too
        self.variables = {v.name: Variable(v.type, v.default, "shared") for v in file.variables}

    def run(self) -> None:
        # Names that need no change are kept, whatever the others turn into.
        legal = [node.id for node in self.file.nodes if _sanitised(node.id) == node.id]
        for id in (*legal, *(node.id for node in self.file.nodes)):
            if id not in self.ids:
                self.ids[id] = self._new_id(id)
        self._check_variables()
        wires = [wire for wire in self.file.wires if self._ends_exist(wire)]
        for wire in wires:
            self.wired_in.setdefault(wire.target, set()).add(plain(wire.input))
            self.wired_out.setdefault(wire.source, set()).add(plain(wire.output))
        for node in self.file.nodes:
            self._find_rule(node)
        for node in self.file.nodes:
            rule = self.rules.get(node.id)
            if rule is not None and rule.type:
                self._draft(node, rule)
        seen: dict[tuple[str, str], tuple[str, str]] = {}
        for wire in wires:
            self._connect(wire, seen)
        for node in self.file.nodes:
            self._start(node)
        if not self.findings:
            self._declare_named()

    def _new_id(self, wish: str) -> str:
        base = _sanitised(wish)
        id, count = base, 1
        while id in self.taken:
            count += 1
            id = f"{base}_{count}"
        self.taken.add(id)
        return id

    # --- what the file declares ---

    def _check_variables(self) -> None:
        for index, variable in enumerate(self.file.variables):
            fitting = fitting_literal(variable.default, parse_type(variable.type))
            if fitting is UNSET:
                self.findings.note(
                    "NF606",
                    f"variable {variable.name!r}: the default {variable.default!r} does not fit {variable.type}",
                    f"variables/{index}/defaultValue",
                )
            else:
                self.variables[variable.name] = Variable(variable.type, fitting, "shared")

    def _ends_exist(self, wire: RawWire) -> bool:
        known = True
        for id in (wire.source, wire.target):
            if id in self.file.bad_ids:
                known = False
            elif id not in self.raw:
                known = False
                self.findings.note(
                    "NF605",
                    f"connection {wire.source}.{wire.output} -> {wire.target}.{wire.input}: there is no node {id!r}",
                    wire.path,
                    node=id,
                )
        return known

    # --- nodes ---

    def _find_rule(self, node: RawNode) -> None:
        rule = self._rule(node)
        if rule is not None:
            self.rules[node.id] = rule
            return
        if any(id.startswith(("variable.", "event.")) for id in node.ids):
            message = f"{node}: {node.ids[0]!r} names nothing that the file declares"
            self.findings.note("NF609", message, node.path, node=node.id)
            return
        said = f", {' and '.join(map(repr, node.ids))}" if node.ids else ""
        near = difflib.get_close_matches(plain(node.name), RULES, 1, 0.8)
        hint = f"; the nearest is {RULES[near[0]].name!r}" if near else ""
        self.findings.note("NF603", f"{node}{said}: there is no node type here for it{hint}", node.path, node=node.id)

    def _rule(self, node: RawNode) -> Rule | None:
        """By an id if one is known; by the display name only where there is no id: it may have been changed."""
        for id in node.ids:
            found = self._declared_rule(id) or rule_of_id(id, runs=node.runs)
            if found is not None:
                return found
        if node.ids:
            return None
        return rule_of_name(node.name, runs=node.runs) or self._rule_of_declared_name(node.name)

    def _declared_rule(self, id: str) -> Rule | None:
        """The rule of a node that the editor made for a variable or an event of the file."""
        for variable in self.file.variables:
            if id == f"variable.get.{variable.id}":
                options = {"name": variable.name}
                return Rule(f"Get {variable.name}", "variables.get", outs=VALUE_OF, options=options)
            if id == f"variable.set.{variable.id}":
                default = self.variables[variable.name].default
                name = f"Set {variable.name}"
                options = {"name": variable.name}
                return Rule(name, "variables.set", defaults={"value": default}, options=options, adapt=give_on)
        for event, name in self.file.events.items():
            if id == f"event.trigger.{event}":
                return Rule(f"Trigger Event: {name}", "events.trigger", options={"event": name})
            if id == f"event.listener.{event}":
                return Rule(f"Custom Event: {name}", "events.listen", options={"event": name})
        return None

    def _rule_of_declared_name(self, name: str) -> Rule | None:
        for variable in self.file.variables:
            for verb in ("get", "set"):
                if plain(name) == plain(f"{verb} {variable.name}"):
                    return self._declared_rule(f"variable.{verb}.{variable.id}")
        for event, called in self.file.events.items():
            for said, kind in (("Trigger Event:", "trigger"), ("Custom Event:", "listener")):
                if plain(name) == plain(said + called):
                    return self._declared_rule(f"event.{kind}.{event}")
        return None

    def _draft(self, node: RawNode, rule: Rule) -> None:
        wired_in, wired_out = self.wired_in.get(node.id, set()), self.wired_out.get(node.id, set())
        draft = Draft(self.ids[node.id], rule.type, wired_in, wired_out, strict=self.strict, new_id=self._new_id)
        names = self.names[node.id] = rule.input_names({*node.inputs, *wired_in})
        self._place_literals(node, rule, draft, names)
        for name, value in rule.defaults.items():
            self.defaults[draft.id, name] = value
            if name not in draft.values and not any(self._in(node.id, draft, w) == name for w in wired_in):
                draft.values[name] = _copied(value)
        draft.options.update(_copied(dict(rule.options)))
        if not self.strict:
            draft.options.update(_copied(dict(rule.as_original)))
        if rule.adapt is not None:
            rule.adapt(draft)
        for socket, problem in draft.problems:
            self.findings.note("NF604", f"{node}, {socket}: {problem}", node.path, node=node.id, socket=socket)
        self.drafts[node.id] = draft
        self.placed[draft.id] = draft.type
        self.placed.update({id: helper[0] for id, helper in draft.helpers.items()})

    def _place_literals(self, node: RawNode, rule: Rule, draft: Draft, names: dict[str, str]) -> None:
        for name, value in node.inputs.items():
            if value is UNSET or name in draft.wired_in:
                continue
            target = names.get(name) or socket_of(self.types[rule.type], name, inward=True)
            if target is None:
                self._no_socket(node, node.spelled[name], node.path, inward=True)
                continue
            socket = _data_input(self.types[rule.type], target)
            fitting = value if socket is None else fitting_literal(value, socket.type)
            if fitting is UNSET:
                self.findings.note(
                    "NF606",
                    f"{node}, {node.spelled[name]}: {value!r} does not fit {socket.type if socket else 'it'}",
                    node.path, node=node.id, socket=node.spelled[name],
                )  # fmt: skip
            else:
                draft.values[target] = fitting
        draft.values.update(_copied(dict(rule.values)))

    # --- wires ---

    def _in(self, id: str, draft: Draft, name: str) -> str | None:
        return self.names[id].get(name) or socket_of(self.types[self.rules[id].type], name, inward=True)

    def _target(self, wire: RawWire) -> tuple[str, str] | None:
        """The input that a wire leads to; None, and a finding, if there is none."""
        draft, name = self.drafts[wire.target], plain(wire.input)
        if name in draft.ins:
            return draft.ins[name]
        found = self._in(wire.target, draft, name)
        if found is None:
            self._no_socket(self.raw[wire.target], wire.input, wire.path, inward=True)
            return None
        return draft.id, found

    def _source(self, wire: RawWire) -> tuple[str, str] | None:
        draft, name = self.drafts[wire.source], plain(wire.output)
        if name in draft.outs:
            return draft.outs[name]
        renamed = {plain(old): new for old, new in self.rules[wire.source].outs.items()}
        found = renamed.get(name)
        if found is None:
            found = socket_of(self.types[draft.type], name, inward=False)
        if found is None:
            self._no_socket(self.raw[wire.source], wire.output, wire.path, inward=False)
            return None
        return draft.id, found

    def _no_socket(self, node: RawNode, socket: str, path: str, *, inward: bool) -> None:
        side = "input" if inward else "output"
        message = f"{node} has no {side} {socket!r} that is mapped"
        self.findings.note("NF604", message, path, node=node.id, socket=socket)

    def _connect(self, wire: RawWire, seen: dict[tuple[str, str], tuple[str, str]]) -> None:
        if wire.source not in self.drafts or wire.target not in self.drafts:
            return  # a comment, or a node that is complained about already
        if self.drafts[wire.source].problems or self.drafts[wire.target].problems:
            return
        source, target = self._source(wire), self._target(wire)
        if source is None or target is None or DROP in (source[1], target[1]):
            return
        runs, entered = self._is_exec_out(*source), self._is_exec_in(*target)
        said = f"connection {wire.source}.{wire.output} -> {wire.target}.{wire.input}"
        if runs != entered:
            kinds = ("exec", "data") if runs else ("data", "exec")
            message = f"{said} joins an {kinds[0]} output and {kinds[1]} input".replace("an data", "a data")
            self.findings.note("NF608", message, wire.path, node=wire.target, socket=wire.input)
            return
        if not runs:
            before = seen.get(target)
            if before is not None and before != source:
                message = f"{said}: {self.raw[wire.target]} has a wire into {wire.input!r} already"
                self.findings.note("NF607", message, wire.path, node=wire.target, socket=wire.input)
            if before is not None:
                return
            seen[target] = source
        self.connections.append(Connection(*source, *target))

    def _type_of(self, id: str) -> NodeType:
        return self.types[self.placed[id]]

    def _is_exec_out(self, id: str, socket: str) -> bool:
        """Outputs whose names the graph decides are exec outputs, as far as rules name them."""
        return all(output.name != socket for output in self._type_of(id).data_outs)

    def _is_exec_in(self, id: str, socket: str) -> bool:
        return any(entry.name == socket for entry in self._type_of(id).exec_ins)

    def _start(self, node: RawNode) -> None:
        """A node that starts by itself there, and does not here, gets a start."""
        draft = self.drafts.get(node.id)
        if draft is None or not node.starts:
            return
        node_type = self.types[draft.type]
        if node_type.entry or node_type.listens or not node_type.exec_ins:
            return
        id = draft.helper("start", "flow.start", {})
        draft.wires.append((id, "exit", *draft.ins.get("enter", (draft.id, node_type.exec_ins[0].name))))

    # --- variables that are only named ---

    def _declare_named(self) -> None:
        """Declare the variables that nodes name and the file does not declare, as `null` there."""
        wired = {(c.to_node, c.to_socket): c.from_node for c in self.connections}
        by_id = {draft.id: draft for draft in self.drafts.values()}
        getters: dict[str, list[str]] = {}
        for draft in self.drafts.values():
            if draft.type not in ("variables.get", "variables.set", "variables.update", "nodeeditor.increment"):
                continue
            name = draft.options.get("name")
            if name is None:  # it is wired: a constant text is a name too
                constant = by_id.get(wired.get((draft.id, "name"), ""))
                name = constant.values.get("value") if constant is not None else None
            if isinstance(name, str) and name:
                getters.setdefault(name, []).extend([draft.id] if draft.type == "variables.get" else [])
        for name, ids in getters.items():
            if name not in self.variables:
                self.variables[name] = Variable("any", self._nothing_as(ids), "shared")

    def _nothing_as(self, getters: list[str]) -> Any:
        """What an unset variable reads as: `null` counts as 0, false or empty where all readers want such."""
        found: list[Any] = []
        for connection in self.connections:
            if connection.from_node in getters:
                end = (connection.to_node, connection.to_socket)
                socket = _data_input(self._type_of(end[0]), end[1])
                default = self.defaults.get(end, socket.default if socket else None)
                nothing = next((empty for kind, empty in _NOTHING if isinstance(default, kind)), None)
                if nothing not in found:
                    found.append(nothing)
        return _copied(found[0]) if len(found) == 1 else None

    # --- the document ---

    def document(self) -> Document:
        placed: dict[str, PlacedNode] = {}
        wires = list(self.connections)
        for node in self.file.nodes:
            draft = self.drafts.get(node.id)
            if draft is None:
                continue
            placed[draft.id] = PlacedNode(
                draft.id, draft.type, draft.values, draft.options, node.disabled,
                version=self.types[draft.type].version, meta=_meta_of(node, draft.id),
            )  # fmt: skip
            for id, (type, values, options) in draft.helpers.items():
                meta = {key: node.meta[key] for key in ("x", "y") if key in node.meta}
                placed[id] = PlacedNode(id, type, values, options, version=self.types[type].version, meta=meta)
            wires.extend(Connection(*wire) for wire in draft.wires)
        events = {name: Event() for name in self.file.events.values()}
        comments = [_meta_of(node, "") for node in self.file.nodes if node.id not in self.drafts]
        workflow = Workflow(
            WORKFLOW, placed, tuple(wires), variables=self.variables, events=events,
            meta={"comments": comments} if comments else {},
        )  # fmt: skip
        used = {node.type for node in placed.values() if node.type.startswith("nodeeditor.")}
        built = _Built(workflow, {name: self.types[name] for name in sorted(used)})
        return Document(built, meta={"nodeeditor": self.file.meta} if self.file.meta else {})


def _sanitised(id: str) -> str:
    """An id with letters, digits, `_` and `-` only."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", id) or "node"


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


def _data_input(node_type: NodeType, name: str) -> Socket | None:
    return next((s for s in node_type.data_ins if s.name == name and s.kind is Kind.DATA_IN), None)


def _copied(value: Any) -> Any:
    """The tables are shared by all files: what is placed is a document's own."""
    return json.loads(json.dumps(value))
