"""Documents as pictures and as text: Mermaid, Graphviz dot, and a tree for the terminal. Pure: text comes out.

Everything of a document is drawn, also of one with errors: what is unknown is drawn as unknown. Nothing recurses,
so graphs may be as large and as deep as they like.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from attrs import define, field, frozen

from nodeflow.errors import ConversionError
from nodeflow.linking import LinkedDocument, LinkedNode, LinkedWorkflow, link
from nodeflow.model import INPUTS, UNSET, Connection, Document
from nodeflow.plan import WorkflowPlan, plan
from nodeflow.registry import Registry
from nodeflow.values import short, to_json

MOST_INDENT: Final = 40
"""How many levels are indented: text of deep graphs must not grow with the square of their depth."""

TAILS: Final = ("exit", "continue", "joined", "completed")
"""Exec outputs behind which a tree goes on at the same level, where the node has other outputs too."""


def mermaid(document: Document, registry: Registry) -> str:
    """A Mermaid flowchart: exec wires solid, data wires dotted, a box for each workflow and each parallel path.

    Args:
        document: What to draw; it may have errors.
        registry: The node types it uses.
    """
    lines = ["flowchart LR"]
    for sketch in _sketches(document, registry):
        lines += sketch.boxed(_mermaid_box, _mermaid_node, "end")
        for wire in sketch.wires:
            arrow = "-->" if wire.is_exec else "-.->"
            lines.append(f'  {wire.source} {arrow}|"{_mermaid_text(wire.label)}"| {wire.target}')
    lines.append("  classDef disabled stroke-dasharray: 4 4,opacity: 0.6")
    return "\n".join(lines) + "\n"


def dot(document: Document, registry: Registry) -> str:
    """A Graphviz digraph, drawn like `mermaid`."""
    lines = ["digraph nodeflow {", '  rankdir="LR";', '  node [fontname="sans-serif"];']
    for sketch in _sketches(document, registry):
        lines += sketch.boxed(_dot_box, _dot_node, "}")
        for wire in sketch.wires:
            style = "solid" if wire.is_exec else "dotted"
            label = _dot_text(wire.label)
            lines.append(f'  {wire.source} -> {wire.target} [label="{label}", style="{style}"];')
    return "\n".join([*lines, "}"]) + "\n"


def tree(document: Document, registry: Registry) -> str:
    """The workflows as text: exec nodes in the order in which they run, indented below the output that leads there.

    Behind each node stand its literals (`name=1`) and what its inputs read (`name ← node.socket`); `→ id` leads
    to a node that stands elsewhere: back in a loop, or at the fan-in where a branch arrives.
    """
    linked = link(document, registry)
    plans = {each.name: each for each in plan(document, registry).workflows}
    parts = [_Tree(workflow, plans[name], linked).lines() for name, workflow in linked.workflows.items()]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


# --- what all pictures have in common -----------------------------------------------------------------


@frozen
class _Node:
    """A node to draw: its name in the picture, and the lines of its label."""

    name: str
    label: tuple[str, ...]
    is_exec: bool
    disabled: bool = False


@frozen
class _Wire:
    source: str
    target: str
    label: str
    is_exec: bool


@define
class _Box:
    """A frame around nodes and other boxes."""

    name: str
    label: str
    nodes: list[_Node] = field(factory=list)
    inside: list[_Box] = field(factory=list)


@frozen
class _Sketch:
    """One workflow to draw: a box, and the wires between all that is in it."""

    box: _Box
    wires: list[_Wire]

    def boxed(self, box: Callable[[_Box], str], node: Callable[[_Node], str], end: str) -> Iterator[str]:
        """The lines of the boxes and nodes, each box opened before and closed behind what is in it."""
        todo: list[tuple[_Box | None, int]] = [(self.box, 1)]
        while todo:
            each, depth = todo.pop()
            indent = _indent(depth)
            if each is None:
                yield f"{indent}{end}"
                continue
            yield f"{indent}{box(each)}"
            yield from (f"{indent}  {node(placed)}" for placed in each.nodes)
            todo.append((None, depth))
            todo.extend((inner, depth + 1) for inner in reversed(each.inside))


def _indent(depth: int) -> str:
    return "  " * min(depth, MOST_INDENT)


def _sketches(document: Document, registry: Registry) -> Iterator[_Sketch]:
    linked = link(document, registry)
    plans = {each.name: each for each in plan(document, registry).workflows}
    for number, (name, workflow) in enumerate(linked.workflows.items()):
        yield _sketch(f"w{number}", workflow, plans[name], linked)


def _sketch(prefix: str, workflow: LinkedWorkflow, planned: WorkflowPlan, linked: LinkedDocument) -> _Sketch:
    entry = " (entry)" if workflow.name == linked.document.entry else ""
    outer = _Box(prefix, f"{workflow.name}{entry}")
    names = {node.id: f"{prefix}_n{node.index}" for node in workflow.nodes}
    boxes, home = _region_boxes(prefix, workflow, planned, outer)
    for node in workflow.nodes:
        drawn = _Node(names[node.id], _label(node), node.is_exec or node.type is None, node.placed.disabled)
        boxes.get(home.get(node.id, -1), outer).nodes.append(drawn)
    wires = []
    for connection in workflow.model.connections:
        for end in (connection.from_node, connection.to_node):
            if end not in names:
                names[end] = f"{prefix}_m{len(names)}"
                says = "of the workflow" if end == INPUTS else "missing"
                outer.nodes.append(_Node(names[end], (end, says), is_exec=False))
        wires.append(_wire(connection, workflow, names))
    return _Sketch(outer, wires)


def _region_boxes(
    prefix: str, workflow: LinkedWorkflow, planned: WorkflowPlan, outer: _Box
) -> tuple[dict[int, _Box], dict[str, int]]:
    """A box for each path that starts flow threads, and the one in which each node stands alone."""
    regions: dict[str, list[int]] = {}
    for region in planned.regions:
        for id in region.nodes:
            regions.setdefault(id, []).append(region.index)
    home = {id: found[0] for id, found in regions.items() if len(found) == 1}
    boxes: dict[int, _Box] = {}
    used = set(home.values())
    for region in planned.regions:
        if region.kind != "entry" and region.index in used:
            label = f"{region.opener}.{region.output}" if region.output else f"listener {region.opener}"
            boxes[region.index] = _Box(f"{prefix}_r{region.index}", label)
    for region in planned.regions:
        if region.index in boxes:
            parent = boxes.get(region.parents[0], outer) if len(region.parents) == 1 else outer
            parent.inside.append(boxes[region.index])
    _settle_data(workflow, planned, home)
    return boxes, home


def _settle_data(workflow: LinkedWorkflow, planned: WorkflowPlan, home: dict[str, int]) -> None:
    """Put each data node where all that read it stand: readers come before what they read."""
    readers: dict[str, set[int]] = {}
    data = [id for layer in planned.layers for id in layer if not workflow.by_id[id].is_exec]
    for node in (*(node for node in workflow.nodes if node.is_exec), *map(workflow.by_id.get, reversed(data))):
        assert node is not None
        if not node.is_exec and len(found := readers.get(node.id, set())) == 1:
            home[node.id] = next(iter(found))
        for source, _ in node.sources.values():
            if source is not None:
                readers.setdefault(source.id, set()).add(home.get(node.id, -1))


def _wire(connection: Connection, workflow: LinkedWorkflow, names: Mapping[str, str]) -> _Wire:
    source, target = workflow.by_id.get(connection.from_node), workflow.by_id.get(connection.to_node)
    is_exec = (source is not None and connection.from_socket in source.exec_outs) or (
        target is not None and connection.to_socket in target.exec_ins
    )
    label = f"{connection.from_socket} → {connection.to_socket}"
    if is_exec and connection.to_socket == "enter":
        label = connection.from_socket
    return _Wire(names[connection.from_node], names[connection.to_node], label, is_exec)


def _label(node: LinkedNode) -> tuple[str, ...]:
    """Id, type, and what its options name: a variable, an event, a workflow."""
    if node.type is None:
        return node.id, node.placed.type, "unknown type"
    named = [str(node.options[s.name]) for s in node.type.options if s.refers and node.options[s.name] is not UNSET]
    more = ("disabled",) if node.placed.disabled else ()
    return (node.id, ": ".join([node.placed.type, *named]), *more)


# --- Mermaid and dot ----------------------------------------------------------------------------------

_MERMAID: Final = {ord(c): f"#{ord(c)};" for c in "#&\"'<>`|\\"}
"""Characters that mean something to Mermaid, as its entity codes."""


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else f"u+{ord(c):04x}" for c in text)


def _mermaid_text(text: str) -> str:
    return _printable(text).translate(_MERMAID)


def _mermaid_box(box: _Box) -> str:
    return f'subgraph {box.name}["{_mermaid_text(box.label)}"]'


def _mermaid_node(node: _Node) -> str:
    label = "<br/>".join(map(_mermaid_text, node.label))
    start, end = ("[", "]") if node.is_exec else ("([", "])")
    return f'{node.name}{start}"{label}"{end}{":::disabled" if node.disabled else ""}'


def _dot_text(text: str) -> str:
    return _printable(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


def _dot_box(box: _Box) -> str:
    return f'subgraph cluster_{box.name} {{ label="{_dot_text(box.label)}";'


def _dot_node(node: _Node) -> str:
    label = "\\n".join(map(_dot_text, node.label))
    style = ', style="dashed"' if node.disabled else ""
    return f'{node.name} [label="{label}", shape="{"box" if node.is_exec else "ellipse"}"{style}];'


# --- the tree -----------------------------------------------------------------------------------------


_Step = tuple[LinkedNode | str, int, bool]
"""A node or a line of the tree, its depth, and whether a fan-in stands here (behind its fan-out)."""


class _Tree:
    """One workflow as lines of text."""

    def __init__(self, workflow: LinkedWorkflow, planned: WorkflowPlan, linked: LinkedDocument) -> None:
        self.workflow = workflow
        self.document = linked.document
        joins = {r.opener: r.join for r in planned.regions if r.kind == "branch" and r.join is not None}
        self.join_of = {opener: workflow.by_id[join] for opener, join in joins.items()}
        self.joins = {join.id for join in self.join_of.values()}
        self.seen: set[str] = set()
        self.layers = planned.layers

    def lines(self) -> list[str]:
        entry = " (entry)" if self.workflow.name == self.document.entry else ""
        lines = [f"workflow {self.workflow.name}{entry}", *(f"  {line}" for line in self._declared())]
        nodes = self.workflow.nodes
        for number, root in enumerate([*self.workflow.entries, *self.workflow.listeners()]):
            lines += [""] if number else []
            lines += self._walk(root)
        rest = [node for node in nodes if node.id not in self.seen and (node.is_exec or node.type is None)]
        if rest:
            lines.append("  not reached:")
            for node in rest:
                lines += self._walk(node, 2) if node.id not in self.seen else ()
        data = {id: None for layer in self.layers for id in layer if not self.workflow.by_id[id].is_exec}
        data.update({node.id: None for node in nodes if node.type is not None and not node.is_exec})
        if data:
            lines += ["  data:", *(f"    {self._line(self.workflow.by_id[id])}" for id in data)]
        return lines

    def _declared(self) -> Iterator[str]:
        model = self.workflow.model
        for name, given in model.inputs.items():
            yield f"input {name}: {given.type}{'' if given.default is UNSET else f' = {_value(given.default)}'}"
        for name, output in model.outputs.items():
            yield f"output {name}: {output.type}"
        for name, variable in model.variables.items():
            yield f"variable {name}: {variable.type} = {_value(variable.default)} ({variable.scope})"
        if self.workflow.name == self.document.entry:
            for name, variable in self.document.variables.items():
                yield f"variable {name}: {variable.type} = {_value(variable.default)} (process)"
        for name, event in model.events.items():
            yield f"event {name}: {event.type}"

    def _walk(self, root: LinkedNode, depth: int = 1) -> Iterator[str]:
        """The nodes in the order in which they run, from `root` on."""
        todo: list[_Step] = [(root, depth, True)]
        while todo:
            node, depth, here = todo.pop()
            indent = _indent(depth) + (f"({depth}) " if depth > MOST_INDENT else "")
            if isinstance(node, str):
                yield f"{indent}{node}"
                continue
            if node.id in self.seen or (node.id in self.joins and not here):
                yield f"{indent}→ {node.id}"
                continue
            self.seen.add(node.id)
            yield f"{indent}{self._line(node)}"
            todo.extend(reversed(list(self._behind(node, depth))))

    def _behind(self, node: LinkedNode, depth: int) -> Iterator[_Step]:
        """What comes behind a node: outputs with what is below them, then what goes on at its level."""
        join = self.join_of.get(node.id)
        tail = None
        if join is None:
            names = list(node.exec_outs)
            tail = names[0] if len(names) == 1 else next((name for name in TAILS if name in names), None)
        for output, targets in node.targets.items():
            if output != tail and targets:
                yield f"{_printable(output)}:", depth + 1, False
                yield from ((target, depth + 2, False) for target, _ in targets)
        yield from ((target, depth, False) for target, _ in node.targets.get(tail or "", ()))
        if join is not None:
            yield join, depth, True

    def _line(self, node: LinkedNode) -> str:
        placed = node.placed
        reads = {
            name: f"{name} ← {source.id if source else INPUTS}.{socket}"
            for name, (source, socket) in node.sources.items()
        }
        given = {**placed.options, **placed.values}
        values = [f"{name}={_value(value)}" for name, value in given.items() if name not in reads]
        state = [word for word, holds in (("disabled", placed.disabled), ("unknown type", node.type is None)) if holds]
        says = ", ".join(_printable(each) for each in (*values, *reads.values()))
        return "  ".join(filter(None, [placed.id, placed.type, says, f"({', '.join(state)})" if state else ""]))


def _value(value: Any, limit: int = 60) -> str:
    """A literal as it stands in the file, cut off if it is long."""
    try:
        text = json.dumps(to_json(value), ensure_ascii=False)
    except (ConversionError, RecursionError, ValueError, TypeError):
        text = short(value, limit)
    return text if len(text) <= limit else text[: limit - 1] + "…"
