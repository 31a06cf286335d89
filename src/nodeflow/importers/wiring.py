"""Importing, second half: the wires, what guards an input from a null, and starts."""

from __future__ import annotations

from typing import Any, Final

from nodeflow.importers.nodeeditor_file import RawNode, RawWire
from nodeflow.importers.placing import Placing, copied, data_input
from nodeflow.importers.rule import DROP, plain
from nodeflow.model import Connection, PlacedNode
from nodeflow.values import TEXT

End = tuple[str, str]

GUARD: Final = "logic.coalesce"
_NOTHING: Final[dict[str, tuple[str, Any]]] = {
    "Boolean": ("false", False), "Int32": ("0", 0), "Double": ("0", 0), "String": ("empty", ""),
    "List": ("empty-list", []), "Dict": ("empty-dict", {}),
}  # fmt: skip
"""What a null counts as in an input of each type, and what the guard is called that makes it so."""


class Wiring:
    """The wires of one file.

    Attributes:
        connections: What became of them.
        guards: Nodes that make something of a null, by the output that they stand behind and what they make.
    """

    def __init__(self, placing: Placing) -> None:
        self.placing = placing
        self.findings = placing.findings
        self.connections: list[Connection] = []
        self.guards: dict[tuple[End, str], PlacedNode] = {}
        self._seen: dict[End, End] = {}

    def run(self) -> None:
        for wire in self.placing.wires:
            self._connect(wire)
        for node in self.placing.file.nodes:
            self._start(node)

    def _source(self, wire: RawWire) -> End | None:
        placing, name = self.placing, plain(wire.output)
        draft = placing.drafts[wire.source]
        if name in draft.outs:
            return draft.outs[name]
        found = placing.output_of(wire.source, name)
        if found is None:
            placing.no_socket(placing.raw[wire.source], wire.output, wire.path, inward=False)
            return None
        return draft.id, found

    def _target(self, wire: RawWire) -> End | None:
        placing, name = self.placing, plain(wire.input)
        draft = placing.drafts[wire.target]
        if name in draft.ins:
            return draft.ins[name]
        found = placing.input_of(wire.target, name)
        if found is None:
            placing.no_socket(placing.raw[wire.target], wire.input, wire.path, inward=True)
            return None
        return draft.id, found

    def _connect(self, wire: RawWire) -> None:
        drafts = self.placing.drafts
        if wire.source not in drafts or wire.target not in drafts:
            return  # a comment, or a node that is complained about already
        if drafts[wire.source].problems or drafts[wire.target].problems:
            return
        source, target = self._source(wire), self._target(wire)
        if source is None or target is None or DROP in (source[1], target[1]):
            return
        runs, entered = self._is_exec_out(source), self._is_exec_in(target)
        said = f"connection {wire.source}.{wire.output} -> {wire.target}.{wire.input}"
        if runs != entered:
            kinds = ("exec", "data") if runs else ("data", "exec")
            message = f"{said} joins an {kinds[0]} output and {kinds[1]} input".replace("an data", "a data")
            self.findings.note("NF608", message, wire.path, node=wire.target, socket=wire.input)
            return
        if not runs:
            before = self._seen.get(target)
            if before is not None and before != source:
                message = f"{said}: {self.placing.raw[wire.target]} has a wire into {wire.input!r} already"
                self.findings.note("NF607", message, wire.path, node=wire.target, socket=wire.input)
            if before is not None:
                return
            self._seen[target] = source
            source = self._guarded(wire, source, target)
        self.connections.append(Connection(*source, *target))

    def _is_exec_out(self, end: End) -> bool:
        """Outputs whose names the graph decides are exec outputs, as far as rules name them."""
        return all(output.name != end[1] for output in self.placing.type_of(end[0]).data_outs)

    def _is_exec_in(self, end: End) -> bool:
        return any(entry.name == end[1] for entry in self.placing.type_of(end[0]).exec_ins)

    # --- nulls ---

    def _guarded(self, wire: RawWire, source: End, target: End) -> End:
        """Where the wire comes from: the output itself, or what makes something of its null."""
        nothing = None if self.placing.strict else self._nothing(wire, target)
        if nothing is None:
            return source
        word, value = nothing
        guard = self.guards.get((source, word))
        if guard is None:
            id = self.placing.new_id(f"{source[0]}-or-{word}")
            version = self.placing.types[GUARD].version
            values = {"fallback": copied(value)}
            guard = PlacedNode(id, GUARD, values, version=version, meta=self._between(wire))
            self.guards[source, word] = guard
            self.placing.placed[id] = GUARD
            self.connections.append(Connection(*source, id, "value"))
        return guard.id, "result"

    def _nothing(self, wire: RawWire, target: End) -> tuple[str, Any] | None:
        """What a null over this wire counts as, and its name; None where none comes, or where it may stay one."""
        originals = self.placing.originals
        start, end = originals.get(wire.source), originals.get(wire.target)
        if start is None or end is None or start.outs.get(plain(wire.output)) != "Object":
            return None
        kind = end.ins.get(plain(wire.input), "Object")
        nulls = {plain(name): value for name, value in self.placing.rules[wire.target].nulls.items()}
        if plain(wire.input) in nulls:
            return "default", nulls[plain(wire.input)]
        socket = data_input(self.placing.type_of(target[0]), target[1])
        if kind == "String" and (socket is None or socket.type == TEXT):
            return None  # a null is empty text on the way into it
        return _NOTHING.get(kind)

    def _between(self, wire: RawWire) -> dict[str, Any]:
        """Half way between the two nodes, as far as the file says where they are."""
        a, b = (self.placing.raw[id].meta for id in (wire.source, wire.target))
        found = {}
        for key in ("x", "y"):
            places = [meta[key] for meta in (a, b) if key in meta]
            if places:
                found[key] = sum(places) / len(places)
        return found

    # --- starts ---

    def _start(self, node: RawNode) -> None:
        """A node that starts by itself there, and does not here, gets a start."""
        placing = self.placing
        draft = placing.drafts.get(node.id)
        if draft is None or not node.starts:
            return
        node_type = placing.types[draft.type]
        if node_type.entry or node_type.listens or not node_type.exec_ins:
            return
        id = draft.helper("start", "flow.start", {})
        draft.wires.append((id, "exit", *draft.ins.get("enter", (draft.id, node_type.exec_ins[0].name))))
