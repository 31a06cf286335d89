"""Documents made in Python: workflows with sockets as attributes.

A wrong wire fails on the line that draws it, with the sockets that would have fitted.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from nodeflow.errors import ConversionError, WiringError
from nodeflow.model import INPUTS, UNSET, Connection, Event, Input, Output, PlacedNode, Retry, Variable
from nodeflow.model import Workflow as WorkflowModel
from nodeflow.node import NodeType
from nodeflow.sockets import Kind, Socket
from nodeflow.values import Fit, fit, from_json, parse_type

_ID = re.compile(r"[A-Za-z0-9_-]+")


class Port:
    """One socket of a placed node. `a >> b` connects it to another, in either direction of data and exec."""

    __slots__ = ("name", "node")

    def __init__(self, node: Placed, name: str) -> None:
        self.node = node
        self.name = name

    def __rshift__(self, other: Port | Placed) -> Port | Placed:
        self.node.workflow.connect(self, other)
        return other

    def __repr__(self) -> str:
        return f"{self.node.id}.{self.name}"


class Placed:
    """A node placed in a workflow that is being built: `node.socket`, or `node["any name"]`."""

    def __init__(self, workflow: Workflow, id: str, node_type: NodeType | None) -> None:
        self.workflow = workflow
        self.id = id
        self.type = node_type

    def __getattr__(self, name: str) -> Port:
        if name.startswith("__"):
            raise AttributeError(name)
        plain = name.rstrip("_")
        self.workflow._check_known(self, plain)
        return Port(self, plain)

    def __getitem__(self, name: str) -> Port:
        self.workflow._check_known(self, name)
        return Port(self, name)

    def __rshift__(self, other: Port | Placed) -> Port | Placed:
        return self.workflow._only_exit(self) >> other

    def __repr__(self) -> str:
        return f"<placed {self.id}>"


class Workflow:
    """A workflow being built.

    Args:
        name: Letters, digits, `_`, `-`.
        inputs: Type name, or `(type name, default)`, or `model.Input`, by name.
        outputs: Type name by name.
        variables: Default by name, or `model.Variable`.
        events: Type name of the payload by name.
        entries: `concurrent`, or `sequential`: several entry nodes one after the other in one scope.
    """

    def __init__(
        self,
        name: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        outputs: Mapping[str, str | Output] | None = None,
        variables: Mapping[str, Any] | None = None,
        events: Mapping[str, str | Event] | None = None,
        entries: str = "concurrent",
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        _check_id(name, "workflow")
        self.name = name
        self.types: dict[str, NodeType] = {}
        self._nodes: dict[str, dict[str, Any]] = {}
        self._placed: dict[str, Placed] = {}
        self._connections: list[Connection] = []
        self._wired: set[tuple[str, str]] = set()
        self._inputs = {key: _input(value) for key, value in (inputs or {}).items()}
        self._outputs = {key: Output(v) if isinstance(v, str) else v for key, v in (outputs or {}).items()}
        self._variables = {
            key: v if isinstance(v, Variable) else Variable("any", v) for key, v in (variables or {}).items()
        }
        self._events = {key: Event(v) if isinstance(v, str) else v for key, v in (events or {}).items()}
        self._entries = entries
        self._meta = dict(meta or {})

    @property
    def inputs(self) -> Placed:
        """The workflow's own inputs, as a node: `wf.inputs.names >> each.items`."""
        return Placed(self, INPUTS, None)

    def add(
        self,
        node_type: NodeType | type[Any],
        *,
        id: str | None = None,
        disabled: bool = False,
        timeout: float | None = None,
        retry: Retry | None = None,
        capacity: str | None = None,
        meta: Mapping[str, Any] | None = None,
        **given: Any,
    ) -> Placed:
        """Place a node, with literal inputs and options by keyword.

        Raises:
            WiringError: A keyword is no input or option of it, a value does not fit, or the id is taken.
        """
        if not isinstance(node_type, NodeType):
            raise WiringError(f"add takes a node type, as `flow.start`, not {node_type!r}")
        id = self._new_id(node_type) if id is None else id
        _check_id(id, "node")
        if id in self._placed or id == INPUTS:
            raise WiringError(f"there is a node {id!r} already" if id != INPUTS else "the id 'inputs' is reserved")
        known = self.types.setdefault(node_type.name, node_type)
        if known is not node_type:
            raise WiringError(f"two node types are named {node_type.name!r}")
        values, options = _sort_given(node_type, id, given)
        self._nodes[id] = {
            "values": values, "options": options, "disabled": disabled, "timeout": timeout, "retry": retry,
            "capacity": capacity, "meta": dict(meta or {}), "version": node_type.version,
        }  # fmt: skip
        placed = self._placed[id] = Placed(self, id, node_type)
        return placed

    def _new_id(self, node_type: NodeType) -> str:
        base = node_type.name.rpartition(".")[2].replace(".", "_")
        id, count = base, 1
        while id in self._placed or id == INPUTS:
            count += 1
            id = f"{base}_{count}"
        return id

    def connect(self, source: Port | Placed, target: Port | Placed) -> None:
        """Draw a wire.

        Raises:
            WiringError: The ends are of different kinds, or the types can never fit, or the input is wired already.
        """
        if isinstance(source, Placed):
            source = self._only_exit(source)
        if isinstance(target, Placed):
            target = self._only_enter(target)
        if not isinstance(source, Port) or not isinstance(target, Port):
            raise WiringError(f"connect joins sockets, not {source!r} and {target!r}")
        if source.node.workflow is not self or target.node.workflow is not self:
            raise WiringError(f"{source!r} and {target!r} are not both in workflow {self.name!r}")
        out, into = self._output(source), self._input(target, source)
        if out is not None and out.kind is Kind.DATA_OUT and into is not None and into.kind is Kind.EXEC_IN:
            raise WiringError(f"{source!r} is data and {target!r} is exec: they cannot be connected")
        if out is not None and out.kind is Kind.EXEC_OUT and into is not None and into.kind is not Kind.EXEC_IN:
            raise WiringError(f"{source!r} is exec and {target!r} is data: they cannot be connected")
        if into is None or into.kind is Kind.DATA_IN:
            self._check_data(source, target, out, into)
        self._connections.append(Connection(source.node.id, source.name, target.node.id, target.name))

    def _check_data(self, source: Port, target: Port, out: Socket | None, into: Socket | None) -> None:
        key = (target.node.id, target.name)
        is_exec = out is not None and out.kind is Kind.EXEC_OUT
        if key in self._wired and not is_exec:
            raise WiringError(f"{target!r} has a wire already; a data input takes one")
        if out is not None and into is not None and fit(out.type, into.type) is Fit.IMPOSSIBLE:
            raise WiringError(
                f"{source!r} is {out.type.name} and {target!r} wants {into.type.name}: no value fits both"
            )
        if not is_exec:
            self._wired.add(key)

    # --- sockets ---

    def _output(self, port: Port) -> Socket | None:
        """The output socket that a port names; None where the graph decides it."""
        node_type = port.node.type
        if node_type is None:
            declared = self._inputs.get(port.name)
            if declared is None:
                raise WiringError(f"workflow {self.name!r} has no input {port.name!r}{_near(port.name, self._inputs)}")
            try:
                return Socket(port.name, Kind.DATA_OUT, parse_type(declared.type))
            except ValueError:
                return None
        outputs = {s.name: s for s in (*node_type.exec_outs, *node_type.data_outs)}
        found = outputs.get(port.name)
        if found is None and not any(g.pattern.kind is not Kind.DATA_IN for _, g in node_type.groups):
            raise WiringError(
                f"{port.node.id} ({node_type.name}) has no output {port.name!r}{_near(port.name, outputs)}"
            )
        return found

    def _input(self, port: Port, source: Port) -> Socket | None:
        node_type = port.node.type
        if node_type is None:
            raise WiringError(f"{port!r}: the workflow's inputs are read, not written")
        inputs = {s.name: s for s in (*node_type.exec_ins, *node_type.data_ins)}
        inputs.update({s.name: s for s in node_type.options if s.refers is not None and s.refers.value == "variable"})
        found = inputs.get(port.name)
        if found is not None:
            return found
        if any(s.name == port.name for s in node_type.options):
            raise WiringError(f"{port!r} is an option: give it to add(...), it cannot be wired")
        if not node_type.is_join and not any(g.pattern.kind is Kind.DATA_IN for _, g in node_type.groups):
            raise WiringError(f"{port.node.id} ({node_type.name}) has no input {port.name!r}{_near(port.name, inputs)}")
        return None

    def _check_known(self, placed: Placed, name: str) -> None:
        node_type = placed.type
        if node_type is None or node_type.groups or node_type.is_join:
            return
        known = [s.name for s in (
            *node_type.exec_ins, *node_type.exec_outs, *node_type.data_ins, *node_type.data_outs, *node_type.options,
        )]  # fmt: skip
        if name not in known:
            raise WiringError(f"{placed.id} ({node_type.name}) has no socket {name!r}{_near(name, known)}")

    def _only_exit(self, placed: Placed) -> Port:
        outs = [s.name for s in placed.type.exec_outs] if placed.type else []
        if len(outs) == 1 or "exit" in outs:
            return Port(placed, outs[0] if len(outs) == 1 else "exit")
        raise WiringError(f"say which output of {placed.id!r}: it has {', '.join(outs) or 'no exec output'}")

    def _only_enter(self, placed: Placed) -> Port:
        ins = [s.name for s in placed.type.exec_ins] if placed.type else []
        if len(ins) == 1 or "enter" in ins:
            return Port(placed, ins[0] if len(ins) == 1 else "enter")
        raise WiringError(f"say which input of {placed.id!r}: it has {', '.join(ins) or 'no exec input'}")

    # --- the model ---

    def to_model(self) -> WorkflowModel:
        """What has been built so far, as data."""
        nodes = {
            id: PlacedNode(id, self._placed[id].type.name, **given)  # type: ignore[union-attr]
            for id, given in self._nodes.items()
        }
        return WorkflowModel(
            self.name, nodes, tuple(self._connections), self._inputs, self._outputs, self._variables, self._events,
            self._entries, self._meta,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<workflow {self.name}: {len(self._nodes)} nodes>"


def _input(value: Any) -> Input:
    if isinstance(value, Input):
        return value
    if isinstance(value, str):
        return Input(value)
    kind, default = value
    return Input(kind, default)


def _check_id(id: str, what: str) -> None:
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise WiringError(f"the id of a {what} has letters, digits, '_' and '-', at least one; not {id!r}")


def _near(name: str, names: Iterable[str]) -> str:
    names = list(names)
    close = difflib.get_close_matches(name, names, 1, 0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; it has {', '.join(names)}" if names else "; it has none"


def _sort_given(node_type: NodeType, id: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split keywords into literals and options, and check them."""
    inputs = {s.name: s for s in node_type.data_ins}
    options = {s.name: s for s in node_type.options}
    open_group = node_type.is_join or any(g.pattern.kind is Kind.DATA_IN for _, g in node_type.groups)
    values: dict[str, Any] = {}
    chosen: dict[str, Any] = {}
    for keyword, value in given.items():
        name = keyword if keyword in inputs or keyword in options else keyword.rstrip("_")
        socket = inputs.get(name) or options.get(name)
        if socket is None and not open_group:
            raise WiringError(
                f"{id} ({node_type.name}) has no input or option {name!r}{_near(name, [*inputs, *options])}"
            )
        if socket is not None and value is not UNSET:
            try:
                from_json(value, socket.type)
            except ConversionError as error:
                raise WiringError(f"{id}.{name}: {error}") from None
        (chosen if name in options and name not in inputs else values)[name] = value
    return values, chosen
