"""Whole documents, and what a failing test shows of one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from attrs import evolve, frozen
from hypothesis import strategies as st

from nodeflow import drawing as pictures
from nodeflow.checks import validate
from nodeflow.errors import DocumentError
from nodeflow.files import dumps
from nodeflow.library import standard_registry
from nodeflow.model import INPUTS, Document, Finding, Severity, Variable, Workflow, with_entry
from nodeflow.registry import Registry
from nodeflow.testing import sample_nodes
from nodeflow.testing.strategies.pen import EXEMPTIONS, Callee, Pen

REGISTRY: Final[Registry] = standard_registry() | sample_nodes.REGISTRY
"""The node types that drawn documents use: those of the library, and `nodeflow.testing.sample_nodes`."""


@frozen
class Drawn:
    """A drawn document.

    Attributes:
        document: Valid: `nodeflow.validate` finds no error in it.
        confluent: Whether T7 covers it, unless a failure of a `fail_fast` context is caught.
    """

    document: Document
    confluent: bool = True

    def errors(self) -> list[Finding]:
        """What is wrong with it: nothing, or the strategy has a bug."""
        return [f for f in validate(self.document, REGISTRY) if f.severity is Severity.ERROR]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What hypothesis shows of a failing example."""
        printer.text(f"confluent={self.confluent}\n{shown(self.document)}")


def shown(document: Document) -> str:
    """A document as a file that can be saved and run, and as a Mermaid picture."""
    try:
        file = dumps(document)
    except DocumentError as error:  # it has no such entry: no file can say that
        file = f"{error}\n{dumps(with_entry(document, next(iter(document.workflows))))}"
    return (
        f"--- the document: save it as drawn.json ---\n{file}\n"
        f"--- its picture, for https://mermaid.live or any Markdown ---\n{pictures.mermaid(document, REGISTRY)}"
    )


@st.composite
def documents(
    draw: Any, *, confluent: bool | None = None, exempt: Collection[str] | None = None, room: int = 45
) -> Drawn:
    """Valid documents of two or three workflows, of which the first calls the others.

    Args:
        confluent: True: only such as T7 covers; False: such as use all of T7's exemptions; None: half of each.
        exempt: Which exemptions instead, of `races`, `shared`, `timeouts` and `volatile`.
        room: About how many nodes the first workflow has at most.
    """
    unknown = set(exempt or ()) - set(EXEMPTIONS)
    if unknown:
        raise ValueError(f"`exempt` names some of {', '.join(EXEMPTIONS)}, not {', '.join(sorted(unknown))}")
    if exempt is None:
        exempt = () if (draw(st.integers(0, 1)) == 0 if confluent is None else confluent) else EXEMPTIONS
    process = {"total": Variable("any", 0, "process")} if "shared" in exempt else {}
    callees: list[Callee] = []
    made = []
    for name in ["low", "mid"][: draw(st.integers(1, 2))]:
        pen = Pen(draw, name, callees, exempt=exempt, room=room // 3, shared=[*process])
        callees = [*callees, pen.workflow()]
        made.append(pen.wf)
    pen = Pen(draw, "main", callees, exempt=exempt, room=room, shared=[*process])
    pen.workflow(least=3)
    return Drawn(pruned(Document(pen.wf, *made, variables=process)), not exempt)


# --- what nobody needs ---


def pruned(document: Document) -> Document:
    """The document without what has no effect: data nodes that nobody reads, workflows that nobody calls, declared
    names that nobody uses."""
    workflows = {name: _pruned_nodes(workflow) for name, workflow in document.workflows.items()}
    called, todo = {document.entry}, [document.entry]
    while todo:
        for node in workflows[todo.pop()].nodes.values():
            name = node.options.get("workflow")
            if name in workflows and name not in called:
                called.add(name)
                todo.append(name)
    kept = [_pruned_names(w, called) for name, w in workflows.items() if name in called]
    wired = any(_wires_names(w) for w in kept)
    used = {name for w in kept for name in _names(w)}
    variables = {k: v for k, v in document.variables.items() if wired or k in used}
    found = Document(*kept, entry=document.entry, variables=variables, events=document.events)
    object.__setattr__(found, "types", document.types)
    return found


def _pruned_nodes(workflow: Workflow) -> Workflow:
    """Without the data nodes that no exec node reads, however indirectly."""
    exec_ends = {"flow.start", "events.listen"}
    wanted = {id for id, node in workflow.nodes.items() if node.type in exec_ends or REGISTRY[node.type].is_exec}
    readers: dict[str, list[str]] = {}
    for wire in workflow.connections:
        readers.setdefault(wire.to_node, []).append(wire.from_node)
    todo = [*wanted]
    while todo:
        for source in readers.get(todo.pop(), ()):
            if source not in wanted and source != INPUTS:
                wanted.add(source)
                todo.append(source)
    wires = tuple(w for w in workflow.connections if w.to_node in wanted)
    return evolve(workflow, nodes={k: n for k, n in workflow.nodes.items() if k in wanted}, connections=wires)


def _pruned_names(workflow: Workflow, called: Collection[str]) -> Workflow:
    names = set(_names(workflow))
    wired = _wires_names(workflow)
    kept = {k: v for k, v in workflow.variables.items() if k in names or (wired and k in ("v0", "v1"))}
    events = {k: v for k, v in workflow.events.items() if k in names}
    return evolve(workflow, variables=kept, events=events)


def _names(workflow: Workflow) -> Iterator[str]:
    """Variables and events that its nodes name."""
    for node in workflow.nodes.values():
        for option in ("name", "event"):
            if isinstance(found := node.options.get(option), str):
                yield found


def _wires_names(workflow: Workflow) -> bool:
    return any(wire.to_socket == "name" for wire in workflow.connections)
