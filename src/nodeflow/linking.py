"""Names become references: every node of a document beside its type, its sockets and its wires.

Linking never stops at an error: it collects findings (NF1xx) and leaves out what it could not resolve, so that
the checks can look at the rest. A linked document is what `regions` and `checks` read and what `graph` compiles.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

from attrs import define, evolve, field

from nodeflow.errors import ConversionError
from nodeflow.model import INPUTS, UNSET, Connection, Document, Finding, PlacedNode, Severity, Workflow
from nodeflow.node import NodeType
from nodeflow.registry import Registry
from nodeflow.sockets import Kind, Placing, PortsFrom, Pull, Socket, port_name
from nodeflow.values import ANY, SocketType, from_json, parse_type


@define(eq=False, repr=False, slots=True)
class LinkedNode:
    """A placed node with its type's sockets, its resolved values and its wires.

    Attributes:
        type: The node type, or None where it is unknown (then it has no sockets).
        data_ins, data_outs, exec_ins, exec_outs: Sockets by name, groups of `Ports` included, in order.
        ports: For each `Ports` parameter, the names of its sockets.
        literals: Values given on the placed node, converted to the socket's type.
        options: Every option, defaults included.
        sources: For each wired data input, what it reads: a node (None: the workflow's inputs) and a socket.
        targets: For each wired exec output, the nodes and exec inputs it leads to, in connection order, with
            disabled nodes left out.
    """

    index: int
    placed: PlacedNode
    type: NodeType | None
    data_ins: dict[str, Socket] = field(factory=dict)
    data_outs: dict[str, Socket] = field(factory=dict)
    exec_ins: dict[str, Socket] = field(factory=dict)
    exec_outs: dict[str, Socket] = field(factory=dict)
    ports: dict[str, tuple[str, ...]] = field(factory=dict)
    literals: dict[str, Any] = field(factory=dict)
    options: dict[str, Any] = field(factory=dict)
    sources: dict[str, tuple[LinkedNode | None, str]] = field(factory=dict)
    targets: dict[str, list[tuple[LinkedNode, str]]] = field(factory=dict)

    @property
    def id(self) -> str:
        return self.placed.id

    @property
    def is_exec(self) -> bool:
        return self.type is not None and self.type.is_exec

    @property
    def starts_itself(self) -> bool:
        """Whether it is an entry node that is not disabled."""
        return self.type is not None and self.type.entry and not self.placed.disabled

    def starts_threads(self, output: str) -> bool:
        """Whether this exec output starts flow threads: a branch, `process`, a concurrent stream's `on_item`."""
        if output == "on_item" and self.type is not None and self.type.is_stream:
            return self.options.get("mode") == "concurrent"
        return self.exec_outs[output].starts_threads

    def __repr__(self) -> str:
        return f"<{self.id}: {self.placed.type}>"


@define(eq=False, repr=False, slots=True)
class LinkedWorkflow:
    """A workflow whose names are resolved; `nodes` in document order."""

    model: Workflow
    nodes: list[LinkedNode]
    by_id: dict[str, LinkedNode]
    inputs: dict[str, Socket]
    outputs: dict[str, Socket]
    variables: dict[str, tuple[SocketType, Any, str]]
    """Type, default and scope of each variable that can be named here, process variables included."""
    events: dict[str, SocketType]

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def entries(self) -> list[LinkedNode]:
        return [node for node in self.nodes if node.starts_itself]

    def listeners(self, event: str | None = None) -> list[LinkedNode]:
        """Nodes that listen to `event`, or to any."""
        found = [n for n in self.nodes if n.type is not None and n.type.listens and not n.placed.disabled]
        if event is None:
            return found
        return [n for n in found if n.type is not None and n.options.get(n.type.listens or "") == event]


@define(eq=False, repr=False, slots=True)
class LinkedDocument:
    document: Document
    registry: Registry
    workflows: dict[str, LinkedWorkflow]
    findings: list[Finding]
    """What went wrong while linking, codes NF1xx, in document order."""


def link(document: Document, registry: Registry) -> LinkedDocument:
    """Resolve the names of a document. Never raises for what the document says; see `findings`."""
    return _Linker(document, registry).link()


class _Linker:
    def __init__(self, document: Document, registry: Registry) -> None:
        self.document = document
        self.registry = registry | document.types if document.types else registry
        self.findings: list[Finding] = []
        self.workflow = Workflow("")

    @cached_property
    def classes(self) -> dict[str, type]:
        return _classes_of(self.registry)

    def link(self) -> LinkedDocument:
        linked = {name: self._workflow(model) for name, model in self.document.workflows.items()}
        return LinkedDocument(self.document, self.registry, linked, self.findings)

    def _find(
        self, code: str, message: str, node: str | None = None, socket: str | None = None, *, warn: bool = False
    ) -> None:
        severity = Severity.WARNING if warn else Severity.ERROR
        self.findings.append(Finding(code, severity, message, "", self.workflow.name, node, socket))

    # --- declarations ---

    def _workflow(self, model: Workflow) -> LinkedWorkflow:
        self.workflow = model
        ins = {
            name: Socket(name, Kind.DATA_OUT, kind := self._type(i.type, f"input {name!r}"),
                         self._literal(i.default, kind, f"input {name!r}"))
            for name, i in model.inputs.items()
        }  # fmt: skip
        outs = {
            name: Socket(name, Kind.DATA_IN, self._type(o.type, f"output {name!r}"))
            for name, o in model.outputs.items()
        }
        variables = {}
        for name, v in [*self.document.variables.items(), *model.variables.items()]:
            kind = self._type(v.type, f"variable {name!r}")
            default = None if v.default is None else self._literal(v.default, kind, f"variable {name!r}")
            scope = v.scope if name in model.variables else "process"
            variables[name] = (kind, default, scope)
        events = {
            name: self._type(e.type, f"event {name!r}")
            for name, e in [*self.document.events.items(), *model.events.items()]
        }
        nodes = [self._node(index, placed) for index, placed in enumerate(model.nodes.values())]
        linked = LinkedWorkflow(model, nodes, {n.id: n for n in nodes}, ins, outs, variables, events)
        self._wire(linked)
        return linked

    def _type(self, expression: str, what: str) -> SocketType:
        with suppress(ValueError):
            return parse_type(expression)  # most are built in; to know the others all node types are loaded
        try:
            return parse_type(expression, self.classes)
        except ValueError as error:
            self._find("NF104", f"{what}: {error}")
            return ANY

    def _literal(
        self, value: Any, kind: SocketType, what: str, node: str | None = None, socket: str | None = None
    ) -> Any:
        if value is UNSET:
            return UNSET
        try:
            return from_json(value, kind)
        except ConversionError as error:
            self._find("NF105", f"{what}: {error}", node, socket)
            return UNSET

    # --- nodes ---

    def _node(self, index: int, placed: PlacedNode) -> LinkedNode:
        node_type = self.registry.get(placed.type)
        if node_type is None:
            similar = self.registry.similar(placed.type)
            hint = f"; did you mean {' or '.join(similar)}?" if similar else ""
            self._find("NF101", f"unknown node type {placed.type!r}{hint}", placed.id)
            return LinkedNode(index, placed, None)
        if placed.version != node_type.version:
            placed = self._migrated(placed, node_type)
        node = LinkedNode(
            index,
            placed,
            node_type,
            {s.name: s for s in node_type.data_ins},
            {s.name: s for s in node_type.data_outs},
            {s.name: s for s in node_type.exec_ins},
            {s.name: s for s in node_type.exec_outs},
        )
        self._options(node)
        return node

    def _migrated(self, placed: PlacedNode, node_type: NodeType) -> PlacedNode:
        """Bring an older placed node to the version of its type, one version at a time."""
        if placed.version > node_type.version:
            said = f"is of version {placed.version}, newer than version {node_type.version} that is installed"
            self._find("NF106", f"node {said}; update the package that defines {node_type.name}", placed.id)
            return placed
        data: Mapping[str, Any] = {"values": placed.values, "options": placed.options, "version": placed.version}
        if node_type.migrate is None:
            said = f"{node_type.name} went from version {placed.version} to {node_type.version} without a migrate hook"
            self._find("NF106", f"{said}: its values are taken as they are", placed.id, warn=True)
            return evolve(placed, version=node_type.version)
        for version in range(placed.version, node_type.version):
            try:
                data = {**node_type.migrate({**data, "version": version}), "version": version + 1}
            except Exception as error:
                self._find(
                    "NF106", f"migrating from version {version} failed: {type(error).__name__}: {error}", placed.id
                )
                return placed
        return evolve(placed, values=data["values"], options=data["options"], version=node_type.version)

    def _options(self, node: LinkedNode) -> None:
        assert node.type is not None
        declared = {socket.name: socket for socket in node.type.options}
        for name, socket in declared.items():
            value = node.placed.options.get(name, UNSET)
            if value is UNSET and name in node.placed.values and name not in node.data_ins:
                value = node.placed.values[name]
            value = self._literal(value, socket.type, f"option {name!r}", node.id, name)
            node.options[name] = socket.default if value is UNSET else value
        for name in node.placed.options:
            if name not in declared:
                hint = _nearest(name, declared)
                self._find("NF103", f"{node.type.name} has no option {name!r}{hint}", node.id, name)

    # --- wires ---

    def _wire(self, workflow: LinkedWorkflow) -> None:
        incoming: dict[str, list[str]] = {}
        outgoing: dict[str, list[str]] = {}
        for connection in workflow.model.connections:
            outgoing.setdefault(connection.from_node, []).append(connection.from_socket)
            incoming.setdefault(connection.to_node, []).append(connection.to_socket)
        for node in workflow.nodes:
            if node.type is not None:
                self._groups(node, incoming.get(node.id, []), outgoing.get(node.id, []))
                self._literals(node)
        for connection in workflow.model.connections:
            self._connect(workflow, connection)
        _leave_out_disabled(workflow)

    def _groups(self, node: LinkedNode, incoming: list[str], outgoing: list[str]) -> None:
        """Give the node the sockets of its `Ports` groups."""
        assert node.type is not None
        # Groups with names of their own first: one that takes any name gets what is left.
        for parameter, group in sorted(node.type.groups, key=lambda found: found[1].source is None):
            inward = group.pattern.kind is Kind.DATA_IN
            wired = tuple(dict.fromkeys([*node.placed.values, *incoming] if inward else outgoing))
            names = {}
            for name, kind, default in self._port_names(node, group.source, wired, group.pattern):
                where = _sockets_of(node, group.pattern.kind)
                if name in where or (inward and (name in node.exec_ins or name in node.options)):
                    continue
                if not inward and name in (node.data_outs if group.pattern.kind is Kind.EXEC_OUT else node.exec_outs):
                    continue
                socket = evolve(group.pattern, name=name, type=kind, default=default)
                where[name] = names[name] = socket
            node.ports[parameter.name] = tuple(names)
        if node.type.is_join:
            for name in (*incoming, *node.placed.values):
                if name not in node.data_ins and name not in node.exec_ins and name not in node.options:
                    node.data_ins[name] = Socket(name, Kind.DATA_IN, pull=Pull.ARRIVAL, default=None)

    def _port_names(
        self, node: LinkedNode, source: PortsFrom | None, wired: tuple[str, ...], pattern: Socket
    ) -> Iterable[tuple[str, SocketType, Any]]:
        if source is None:
            return [(name, pattern.type, pattern.default) for name in wired]
        try:
            if source.option is not None:
                given = node.options.get(source.option)
                literals = given if isinstance(given, list | tuple) else ()
                return [(name, pattern.type, pattern.default) for name in dict.fromkeys(map(port_name, literals))]
            assert source.names is not None
            placing = Placing(node.placed, node.options, wired, self.document, self.workflow.name)
            return list(source.names(placing))
        except Exception as error:
            self._find("NF107", f"the sockets of this node cannot be determined: {error}", node.id)
            return []

    def _literals(self, node: LinkedNode) -> None:
        for name, value in node.placed.values.items():
            socket = node.data_ins.get(name)
            if socket is not None:
                literal = self._literal(value, socket.type, f"value of {name!r}", node.id, name)
                if literal is not UNSET:
                    node.literals[name] = literal
            elif name not in node.options:
                hint = _nearest(name, [*node.data_ins, *node.options])
                self._find("NF103", f"{node.placed.type} has no data input {name!r}{hint}", node.id, name)

    def _connect(self, workflow: LinkedWorkflow, connection: Connection) -> None:
        target = workflow.by_id.get(connection.to_node)
        if target is None:
            hint = _nearest(connection.to_node, workflow.by_id)
            self._find("NF102", f"connection to {connection.target!r}: no node {connection.to_node!r}{hint}")
        if connection.from_node == INPUTS:
            source, output = None, workflow.inputs.get(connection.from_socket)
            if output is None:
                hint = _nearest(connection.from_socket, workflow.inputs)
                said = f"the workflow has no input {connection.from_socket!r}{hint}"
                self._find("NF103", f"connection from {connection.source!r}: {said}", INPUTS, connection.from_socket)
                return
        else:
            source = workflow.by_id.get(connection.from_node)
            if source is None:
                hint = _nearest(connection.from_node, workflow.by_id)
                self._find("NF102", f"connection from {connection.source!r}: no node {connection.from_node!r}{hint}")
        if target is None or target.type is None or (source is not None and source.type is None):
            return
        if source is not None:
            self._join_ends(connection, source, target)
        elif connection.from_node == INPUTS:
            self._join_data(connection, None, target)

    def _join_ends(self, connection: Connection, source: LinkedNode, target: LinkedNode) -> None:
        name, into = connection.from_socket, connection.to_socket
        if name in source.exec_outs and into in target.exec_ins:
            source.targets.setdefault(name, []).append((target, into))
        elif name in source.data_outs and (into in target.data_ins or into in target.options):
            self._join_data(connection, source, target)
        elif name not in source.exec_outs and name not in source.data_outs:
            hint = _nearest(name, [*source.exec_outs, *source.data_outs])
            self._find("NF103", f"{source.placed.type} has no output {name!r}{hint}", source.id, name)
        elif into not in target.exec_ins and into not in target.data_ins and into not in target.options:
            self._no_input(target, into)
        else:
            self._find(
                "NF108",
                f"{connection.source} -> {connection.target} joins an exec socket and a data socket",
                target.id,
                into,
            )

    def _no_input(self, target: LinkedNode, name: str) -> None:
        if target.placed.type and target.type is not None:
            hint = _nearest(name, [*target.exec_ins, *target.data_ins])
            self._find("NF103", f"{target.placed.type} has no input {name!r}{hint}", target.id, name)

    def _join_data(self, connection: Connection, source: LinkedNode | None, target: LinkedNode) -> None:
        name = connection.to_socket
        if name not in target.data_ins:
            option = next((s for s in (target.type.options if target.type else ()) if s.name == name), None)
            if option is None:
                self._no_input(target, name)
                return
            if option.refers is None or option.refers.value != "variable":
                self._find(
                    "NF109", f"{name!r} is an option: it is set on the node and cannot be wired", target.id, name
                )
                return
        if name in target.sources:
            before = target.sources[name]
            first = f"{before[0].id if before[0] else INPUTS}.{before[1]}"
            self._find("NF110", f"two wires into one data input: {first} and {connection.source}", target.id, name)
            return
        target.sources[name] = (source, connection.from_socket)


def _sockets_of(node: LinkedNode, kind: Kind) -> dict[str, Socket]:
    return {Kind.DATA_IN: node.data_ins, Kind.DATA_OUT: node.data_outs, Kind.EXEC_OUT: node.exec_outs}[kind]


def _nearest(name: str, names: Iterable[str]) -> str:
    names = list(names)
    close = difflib.get_close_matches(name, names, 1, 0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there is {', '.join(map(repr, names[:8]))}" if names else ""


def _classes_of(registry: Registry) -> dict[str, type]:
    """The attrs classes that node types of this registry use, by name: what type names may say."""
    classes: dict[str, type] = {}
    for node_type in registry.values():
        for socket in (*node_type.data_ins, *node_type.data_outs, *node_type.options):
            exact = socket.type.exact
            if exact is not None and hasattr(exact, "__attrs_attrs__"):
                classes.setdefault(exact.__name__, exact)
    return classes


def _leave_out_disabled(workflow: LinkedWorkflow) -> None:
    """Lead wires into a disabled exec node straight on to what its `exit` leads to."""
    if not any(node.placed.disabled for node in workflow.nodes):
        return
    for node in workflow.nodes:
        for output, targets in node.targets.items():
            node.targets[output] = _behind_disabled(targets)
    for node in workflow.nodes:
        if node.placed.disabled:
            node.targets.clear()


def _behind_disabled(targets: list[tuple[LinkedNode, str]]) -> list[tuple[LinkedNode, str]]:
    found: list[tuple[LinkedNode, str]] = []
    todo = list(reversed(targets))
    seen: set[int] = set()
    while todo:
        node, entered = todo.pop()
        if not node.placed.disabled:
            found.append((node, entered))
        elif node.index not in seen:
            seen.add(node.index)
            todo.extend(reversed(node.targets.get("exit", [])))
    return found
