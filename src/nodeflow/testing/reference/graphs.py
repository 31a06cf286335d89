"""Graphs as they stand in the document: placed nodes, sockets, wires, and each fan-out's fan-in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve

from nodeflow import values as nv
from nodeflow.model import UNSET, Document, PlacedNode, Workflow
from nodeflow.node import NodeType
from nodeflow.sockets import Kind, Placing, Socket


class Node:
    """One placed node with its sockets and wires."""

    def __init__(self, graph: Graph, placed: PlacedNode, node_type: NodeType) -> None:
        self.graph = graph
        self.id = placed.id
        self.placed = placed
        self.type = node_type
        self.options = {s.name: self._option(s) for s in node_type.options}
        self.inputs: dict[str, Socket] = {s.name: s for s in node_type.data_ins}
        self.outputs: dict[str, Socket] = {s.name: s for s in node_type.data_outs}
        self.exec_outs: dict[str, Socket] = {s.name: s for s in node_type.exec_outs}
        self.exec_ins = {s.name for s in node_type.exec_ins}
        self.ports: dict[str, list[str]] = {}
        self.wires: dict[str, tuple[str, str]] = {}
        self.targets: dict[str, list[tuple[Node, str]]] = {}

    def _option(self, socket: Socket) -> Any:
        given = self.placed.options.get(socket.name, self.placed.values.get(socket.name, UNSET))
        return socket.default if given is UNSET else nv.from_json(given, socket.type)

    def grow(self) -> None:
        """Add the sockets whose names the graph decides."""
        incoming = [c.to_socket for c in self.graph.model.connections if c.to_node == self.id]
        outgoing = [c.from_socket for c in self.graph.model.connections if c.from_node == self.id]
        taken = {*self.inputs, *self.exec_ins, *self.options}
        for parameter, group in sorted(self.type.groups, key=lambda found: found[1].source is None):
            inward = group.pattern.kind is Kind.DATA_IN
            wired = tuple(dict.fromkeys([*self.placed.values, *incoming] if inward else outgoing))
            found: Iterable[tuple[str, Any, Any]]
            if group.source is None:
                found = [(name, group.pattern.type, group.pattern.default) for name in wired]
            elif group.source.names is not None:
                placing = Placing(self.placed, self.options, wired, self.graph.document, self.graph.model.name)
                found = group.source.names(placing)
            else:
                names = dict.fromkeys(
                    n if isinstance(n, str) else nv.to_text(n) for n in self.options[group.source.option or ""]
                )
                found = [(name, group.pattern.type, group.pattern.default) for name in names]
            where = {Kind.DATA_IN: self.inputs, Kind.DATA_OUT: self.outputs, Kind.EXEC_OUT: self.exec_outs}
            mine = where[group.pattern.kind]
            used = taken if inward else {*self.outputs, *self.exec_outs}
            self.ports[parameter.name] = []
            for name, kind, default in found:
                if name not in used and name not in mine:
                    mine[name] = evolve(group.pattern, name=name, type=kind, default=default)
                    self.ports[parameter.name].append(name)
        if self.type.is_join:
            for name in (*incoming, *self.placed.values):
                if name not in self.inputs and name not in self.exec_ins and name not in self.options:
                    self.inputs[name] = Socket(name, Kind.DATA_IN, default=None)


class Graph:
    """One workflow: nodes by id, wires resolved, each fan-out's fan-in."""

    def __init__(self, document: Document, model: Workflow, types: Mapping[str, NodeType]) -> None:
        self.document = document
        self.model = model
        self.nodes = {p.id: Node(self, p, types[p.type]) for p in model.nodes.values()}
        for node in self.nodes.values():
            node.grow()
        for c in model.connections:
            target = self.nodes[c.to_node]
            if c.to_socket in target.exec_ins:
                self.nodes[c.from_node].targets.setdefault(c.from_socket, []).append((target, c.to_socket))
            else:
                target.wires[c.to_socket] = (c.from_node, c.from_socket)
        for node in self.nodes.values():
            node.targets = {name: list(_enabled(targets)) for name, targets in node.targets.items()}
        self.fan_in = {
            node.id: join
            for node in self.nodes.values()
            if any(s.starts_threads for s in node.exec_outs.values()) and (join := self._fan_in(node))
        }

    def _fan_in(self, opener: Node) -> Node | None:
        """The fan-in that its branches reach; pairs inside of branches match like brackets (6.2)."""
        todo = [t for name, s in opener.exec_outs.items() if s.starts_threads for t in opener.targets.get(name, ())]
        seen = set()
        while todo:
            node, _ = todo.pop()
            if node.id in seen:
                continue
            seen.add(node.id)
            if node.type.is_join:
                return node
            inner = any(s.starts_threads for s in node.exec_outs.values()) and self._fan_in(node)
            after = inner or node
            todo += [t for n, s in after.exec_outs.items() if not s.starts_threads for t in after.targets.get(n, ())]
        return None


def _enabled(targets: list[tuple[Node, str]]) -> Iterator[tuple[Node, str]]:
    """Targets, a disabled node replaced by what its `exit` leads to."""
    todo = list(reversed(targets))
    seen = set()
    while todo:
        node, socket = todo.pop()
        if not node.placed.disabled:
            yield node, socket
        elif node.id not in seen:
            seen.add(node.id)
            todo.extend(reversed(node.targets.get("exit", [])))
