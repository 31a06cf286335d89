"""Rules about names of workflows, variables and events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nodeflow.checking.subject import Found, Subject
from nodeflow.model import UNSET
from nodeflow.sockets import Refers


def unknown_workflows(at: Subject) -> Iterator[Found]:
    return _unknown(at, Refers.WORKFLOW, at.linked.workflows, "a workflow of the document")


def unknown_variables(at: Subject) -> Iterator[Found]:
    return _unknown(at, Refers.VARIABLE, at.workflow.variables, "a variable declared on the workflow or the document")


def unknown_events(at: Subject) -> Iterator[Found]:
    return _unknown(at, Refers.EVENT, at.workflow.events, "an event declared on the workflow or the document")


def _unknown(at: Subject, refers: Refers, known: Iterable[str], what: str) -> Iterator[Found]:
    known = set(known)
    for node in at.nodes:
        for socket in node.type.options if node.type is not None else ():
            if socket.refers is not refers or socket.name in node.sources:
                continue
            value = node.options.get(socket.name, UNSET)
            if not isinstance(value, str) or value not in known:
                given = "is not set" if value in (UNSET, None, "") else f"is {value!r:.60}"
                there = ", ".join(map(repr, sorted(known)[:8])) or "none"
                yield Found(f"{socket.name!r} {given}: it must name {what}; there is {there}", node, socket.name)
