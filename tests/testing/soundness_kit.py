"""Documents that may be unsound: drawn ones with small injuries, and small graphs wired at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve, frozen
from hypothesis import assume
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.builder import Placed
from nodeflow.library import flow
from nodeflow.model import Connection, Document, Workflow
from nodeflow.testing import sample_nodes
from nodeflow.testing.strategies import REGISTRY, documents, shown


@frozen
class Case:
    """A valid document that may be unsound."""

    document: Document

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("\n".join([*map(str, nf.validate(self.document, REGISTRY)), shown(self.document)]))


def is_valid(document: Document) -> bool:
    return all(found.severity is not nf.Severity.ERROR for found in nf.validate(document, REGISTRY))


# --- small injuries -------------------------------------------------------------------------------------


def _exec_wires(workflow: Workflow) -> list[int]:
    """Which connections are exec wires."""
    names = {node.id: REGISTRY[node.type] for node in workflow.nodes.values()}
    ins = {id: {socket.name for socket in kind.exec_ins} for id, kind in names.items()}
    return [i for i, wire in enumerate(workflow.connections) if wire.to_socket in ins[wire.to_node]]


def drop(draw: Any, workflow: Workflow) -> Workflow:
    """An exec wire is missing."""
    wires = _exec_wires(workflow)
    gone = draw(st.sampled_from(wires)) if wires else -1
    return evolve(workflow, connections=tuple(w for i, w in enumerate(workflow.connections) if i != gone))


def lead_elsewhere(draw: Any, workflow: Workflow) -> Workflow:
    """An exec wire leads to another node, mostly a fan-in."""
    wires = _exec_wires(workflow)
    if not wires:
        return workflow
    at = draw(st.sampled_from(wires))
    return _with(workflow, at, evolve(workflow.connections[at], to_node=_entered(draw, workflow), to_socket="enter"))


def lead_there_too(draw: Any, workflow: Workflow) -> Workflow:
    """An output leads to another node too."""
    wires = _exec_wires(workflow)
    if not wires:
        return workflow
    wire = workflow.connections[draw(st.sampled_from(wires))]
    more = Connection(wire.from_node, wire.from_socket, _entered(draw, workflow), "enter")
    at = draw(st.integers(0, len(workflow.connections)))
    return evolve(workflow, connections=(*workflow.connections[:at], more, *workflow.connections[at:]))


def other_policy(draw: Any, workflow: Workflow) -> Workflow:
    """A fan-in waits for others than before."""
    joins = [node for node in workflow.nodes.values() if node.type == "flow.fan_in"]
    if not joins:
        return workflow
    join = draw(st.sampled_from(joins))
    options = {
        "missing": draw(st.sampled_from(["error", "error", "skip"])),
        "arrivals": draw(st.sampled_from(["one", "one", "many"])),
        "join": draw(st.sampled_from(["all", "all", {"quorum": 2}, "any"])),
    }
    node = evolve(join, options={**join.options, **options})
    return evolve(workflow, nodes={**workflow.nodes, join.id: node})


def _entered(draw: Any, workflow: Workflow) -> str:
    able = [n.id for n in workflow.nodes.values() if any(s.name == "enter" for s in REGISTRY[n.type].exec_ins)]
    joins = [id for id in able if workflow.nodes[id].type == "flow.fan_in"]
    found: str = draw(st.sampled_from(joins * 5 + able))
    return found


def _with(workflow: Workflow, at: int, wire: Connection) -> Workflow:
    return evolve(workflow, connections=(*workflow.connections[:at], wire, *workflow.connections[at + 1 :]))


WOUNDS: tuple[Callable[[Any, Workflow], Workflow], ...] = (drop, lead_elsewhere, lead_there_too, other_policy)


@st.composite
def cases(draw: Any) -> Case:
    """A drawn document with up to four injuries that leave it valid."""
    document: Document = draw(documents(room=25)).document
    for wound in draw(st.lists(st.sampled_from(WOUNDS), max_size=4)):
        name = draw(st.sampled_from(sorted(document.workflows)))
        changed = wound(draw, document.workflows[name])
        workflows = [changed if w.name == name else w for w in document.workflows.values()]
        other = Document(*workflows, entry=document.entry, events=document.events, variables=document.variables)  # type: ignore[arg-type]
        if is_valid(other):
            document = other
    return Case(document)


# --- small graphs, wired at random ----------------------------------------------------------------------

KINDS: dict[str, tuple[nf.NodeType, dict[str, Any]]] = {
    "work": (sample_nodes.work, {}),
    "nap": (flow.delay, {"seconds": 1.0}),
    "fragile": (sample_nodes.fail_if, {"one_in": 2}),
    "if": (flow.if_, {}),
    "sequence": (flow.sequence, {"steps": ["x", "y"]}),
    "for": (flow.for_, {"times": 2}),
    "nothing": (flow.for_, {"times": 0}),
    "try": (flow.try_, {}),
    "retry": (flow.retry, {"attempts": 2}),
    "timeout": (flow.timeout, {"seconds": 0.5}),
    "once": (flow.once, {}),
    "counter": (flow.counter, {}),
    "choose": (flow.choose, {"conditions": ["x", "y"], "y": True}),
    "around": (sample_nodes.around, {}),
    "semaphore": (flow.semaphore, {}),
    "while": (flow.while_, {"condition": True}),
    "fail": (flow.fail, {}),
    "return": (flow.return_, {}),
    "break": (flow.break_, {}),
    "fork": (flow.fan_out, {"branches": ["x", "y"]}),
    "batch": (flow.batch, {"items": [1, 2]}),
    "stream": (sample_nodes.emit, {"items": 2}),
}


OUTPUTS = (
    "true", "false", "body", "exit", "x", "y", "catch", "finally", "expired", "first", "already_run", "default",
    "failed", "on_item", "completed", "process", "continue", "joined",
)  # fmt: skip
NAMED = (flow.sequence, flow.choose, flow.fan_out)
"""Types whose outputs are named by an option."""


def random_graph(draw: Any) -> nf.Workflow:
    """Two or three branches of nodes whose exec outputs lead anywhere, mostly to the fan-in."""
    wf = nf.Workflow("main")
    branches = ["a", "b", "c"][: draw(st.integers(2, 3))]
    kind = draw(st.sampled_from([flow.fan_out] * 4 + [flow.race]))
    fan = wf.add(kind, id="fan", branches=branches, errors=draw(st.sampled_from(["fail_fast", "fail_fast", "collect"])))
    fan_in = wf.add(
        flow.fan_in, id="fan_in", join=draw(st.sampled_from(["all"] * 4 + ["any", {"quorum": 2}])),
        arrivals=draw(st.sampled_from(["one", "one", "many"])), missing=draw(st.sampled_from(["error"] * 4 + ["skip"])),
    )  # fmt: skip
    wf.add(flow.start) >> fan
    fan_in >> wf.add(sample_nodes.work, id="behind")
    names = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=5))
    nodes = [_place(wf, name, number) for number, name in enumerate(names)]
    for branch in branches:
        fan[branch] >> draw(st.sampled_from([fan_in, fan_in, *nodes]))["enter"]
    for node in nodes:
        known = [*(s.name for s in node.type.exec_outs), *(("x", "y") if node.type in NAMED else ())]
        for output in (name for name in OUTPUTS if name in known):
            number = draw(st.sampled_from([1, 1, 1, 1, 0, 2]))
            for target in draw(st.lists(st.sampled_from([fan_in, fan_in, *nodes]), min_size=number, max_size=number)):
                node[output] >> target["enter"]
    return wf


def _place(wf: nf.Workflow, name: str, number: int) -> Placed:
    kind, given = KINDS[name]
    node = wf.add(kind, id=f"{name}_{number}", **given)
    if name in ("if", "fragile"):
        chance = wf.add(sample_nodes.random, id=f"chance_{number}", tag=number)
        if name == "fragile":
            chance["result"] >> node["a"]
        else:
            odd = wf.add(sample_nodes.odd, id=f"odd_{number}")
            chance["result"] >> odd["a"]
            odd["result"] >> node["condition"]
    return node


@st.composite
def graphs(draw: Any) -> Case:
    """Such graphs as are valid."""
    document = nf.Document(random_graph(draw))
    assume(is_valid(document))
    return Case(document)
