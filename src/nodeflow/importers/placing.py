"""Importing, first half: which node type each node of a file becomes, with which literals and options."""

from __future__ import annotations

import difflib
import json
import re
from typing import Any

from nodeflow.importers.mapping import RULES, original_of, rule_of_id, rule_of_name, socket_of
from nodeflow.importers.nodeeditor_file import Findings, RawFile, RawNode, RawWire, fitting_literal
from nodeflow.importers.older import older_names
from nodeflow.importers.originals import Original, of_variable
from nodeflow.importers.rule import Draft, Rule, give_on, plain
from nodeflow.importers.rules.flow import VALUE_OF
from nodeflow.library import standard_registry
from nodeflow.model import INPUTS, UNSET, Variable
from nodeflow.node import NodeType
from nodeflow.registry import Registry
from nodeflow.sockets import Kind, Socket
from nodeflow.values import parse_type


class Placing:
    """The nodes of one file, on their way to become placed nodes.

    Attributes:
        ids: Our id of each node.
        rules, originals: What is known of a node; without an original: a comment, or not known.
        drafts: What becomes of each node.
        placed: The node type of everything that is placed, by our id.
        wires: Those between nodes that exist, with the names that sockets have today.
    """

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
        self.originals: dict[str, Original] = {}
        self.drafts: dict[str, Draft] = {}
        self.placed: dict[str, str] = {}
        self.wires: list[RawWire] = []
        self._wired_in: dict[str, set[str]] = {}
        self._wired_out: dict[str, set[str]] = {}
        self.variables = {v.name: Variable(v.type, v.default, "shared") for v in file.variables}

    def run(self) -> None:
        # Names that need no change are kept, whatever the others turn into.
        legal = [node.id for node in self.file.nodes if _sanitised(node.id) == node.id]
        for id in (*legal, *(node.id for node in self.file.nodes)):
            if id not in self.ids:
                self.ids[id] = self.new_id(id)
        self._check_variables()
        self.wires = [wire for wire in self.file.wires if self._ends_exist(wire)]
        seen: dict[str, set[str]] = {}
        for wire in self.wires:
            seen.setdefault(wire.target, set()).add(plain(wire.input))
            seen.setdefault(wire.source, set()).add(plain(wire.output))
        for node in self.file.nodes:
            self._find_rule(node, node.sockets | seen.get(node.id, set()))
        self.wires = older_names(self)
        for wire in self.wires:
            self._wired_in.setdefault(wire.target, set()).add(plain(wire.input))
            self._wired_out.setdefault(wire.source, set()).add(plain(wire.output))
        for node in self.file.nodes:
            rule = self.rules.get(node.id)
            if rule is not None and rule.type:
                self._draft(node, rule)

    def new_id(self, wish: str) -> str:
        base = _sanitised(wish)
        id, count = base, 1
        while id in self.taken:
            count += 1
            id = f"{base}_{count}"
        self.taken.add(id)
        return id

    def type_of(self, id: str) -> NodeType:
        return self.types[self.placed[id]]

    def input_of(self, id: str, name: str) -> str | None:
        """Our input by its plain original name."""
        found = self.names[id].get(name)
        return found if found is not None else socket_of(self.types[self.rules[id].type], name, inward=True)

    def output_of(self, id: str, name: str) -> str | None:
        """Our output by its plain original name."""
        found = {plain(original): ours for original, ours in self.rules[id].outs.items()}.get(name)
        return found if found is not None else socket_of(self.types[self.drafts[id].type], name, inward=False)

    def no_socket(self, node: RawNode, socket: str, path: str, *, inward: bool) -> None:
        original = self.originals.get(node.id)
        has = f"; it has {original.said(inward=inward)}" if original is not None else ""
        message = f"{node} has no {'input' if inward else 'output'} {socket!r} that is mapped{has}"
        self.findings.note("NF604", message, path, node=node.id, socket=socket)

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

    def _find_rule(self, node: RawNode, sockets: set[str]) -> None:
        rule = self._rule(node, sockets)
        if rule is not None:
            self.rules[node.id] = rule
            if node.id not in self.originals and (original := original_of(rule)) is not None:
                self.originals[node.id] = original
            return
        if any(id.startswith(("variable.", "event.")) for id in node.ids):
            message = f"{node}: {node.ids[0]!r} names nothing that the file declares"
            self.findings.note("NF609", message, node.path, node=node.id)
            return
        said = f", {' and '.join(map(repr, node.ids))}" if node.ids else ""
        near = difflib.get_close_matches(plain(node.name), RULES, 1, 0.8)
        hint = f"; the nearest is {RULES[near[0]][0].name!r}" if near else ""
        self.findings.note("NF603", f"{node}{said}: there is no node type here for it{hint}", node.path, node=node.id)

    def _rule(self, node: RawNode, sockets: set[str]) -> Rule | None:
        """By an id if one is known; by the display name only where there is no id: it may have been changed."""
        for id in node.ids:
            found = self._declared_rule(node, id) or rule_of_id(id, sockets, runs=node.runs)
            if found is not None:
                return found
        if node.ids:
            return None
        return rule_of_name(node.name, sockets, runs=node.runs) or self._rule_of_declared_name(node)

    def _declared_rule(self, node: RawNode, id: str) -> Rule | None:
        """The rule of a node that the editor made for a variable or an event of the file."""
        for variable in self.file.variables:
            if id in (f"variable.get.{variable.id}", f"variable.set.{variable.id}"):
                self.originals[node.id] = of_variable(
                    variable.name, variable.type, setter=id.startswith("variable.set.")
                )
                options = {"name": variable.name}
                if id.startswith("variable.get."):
                    return Rule(f"Get {variable.name}", "variables.get", outs=VALUE_OF, options=options)
                default = self.variables[variable.name].default
                name = f"Set {variable.name}"
                return Rule(name, "variables.set", defaults={"value": default}, options=options, adapt=give_on)
        for event, name in self.file.events.items():
            if id == f"event.trigger.{event}":
                return Rule(f"Trigger Event: {name}", "events.trigger", options={"event": name})
            if id == f"event.listener.{event}":
                return Rule(f"Custom Event: {name}", "events.listen", options={"event": name})
        return None

    def _rule_of_declared_name(self, node: RawNode) -> Rule | None:
        name = plain(node.name)
        for variable in self.file.variables:
            for verb in ("get", "set"):
                if name == plain(f"{verb} {variable.name}"):
                    return self._declared_rule(node, f"variable.{verb}.{variable.id}")
        for event, called in self.file.events.items():
            for said, kind in (("Trigger Event:", "trigger"), ("Custom Event:", "listener")):
                if name == plain(said + called):
                    return self._declared_rule(node, f"event.{kind}.{event}")
        return None

    def _draft(self, node: RawNode, rule: Rule) -> None:
        wired_in, wired_out = self._wired_in.get(node.id, set()), self._wired_out.get(node.id, set())
        draft = Draft(self.ids[node.id], rule.type, wired_in, wired_out, strict=self.strict, new_id=self.new_id)
        self.names[node.id] = rule.input_names({*node.inputs, *wired_in})
        self._place_literals(node, rule, draft)
        for name, value in rule.defaults.items():
            if name not in draft.values and not any(self.input_of(node.id, w) == name for w in wired_in):
                draft.values[name] = copied(value)
        draft.options.update(copied(dict(rule.options)))
        if not self.strict:
            draft.options.update(copied(dict(rule.as_original)))
        if rule.adapt is not None:
            rule.adapt(draft)
        for socket, problem in draft.problems:
            self.findings.note("NF604", f"{node}, {socket}: {problem}", node.path, node=node.id, socket=socket)
        self.drafts[node.id] = draft
        self.placed[draft.id] = draft.type
        self.placed.update({id: helper[0] for id, helper in draft.helpers.items()})

    def _place_literals(self, node: RawNode, rule: Rule, draft: Draft) -> None:
        for name, value in node.inputs.items():
            if value is UNSET or name in draft.wired_in:
                continue
            target = self.input_of(node.id, name)
            if target is None:
                self.no_socket(node, node.spelled[name], node.path, inward=True)
                continue
            socket = data_input(self.types[rule.type], target)
            fitting = value if socket is None else fitting_literal(value, socket.type)
            if fitting is UNSET:
                self.findings.note(
                    "NF606",
                    f"{node}, {node.spelled[name]}: {value!r} does not fit {socket.type if socket else 'it'}",
                    node.path, node=node.id, socket=node.spelled[name],
                )  # fmt: skip
            else:
                draft.values[target] = fitting
        draft.values.update(copied(dict(rule.values)))


def data_input(node_type: NodeType, name: str) -> Socket | None:
    return next((s for s in node_type.data_ins if s.name == name and s.kind is Kind.DATA_IN), None)


def copied(value: Any) -> Any:
    """The tables are shared by all files: what is placed is a document's own."""
    return json.loads(json.dumps(value))


def _sanitised(id: str) -> str:
    """An id with letters, digits, `_` and `-` only."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", id) or "node"
