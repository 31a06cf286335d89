"""Runs of the reference interpreter: the one there is within T7, or all that a schedule could make of a document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from nodeflow import values as nv
from nodeflow.model import Document
from nodeflow.node import NodeType
from nodeflow.signature import Role
from nodeflow.testing.reference.choices import Choices, TooMany, Unsupported
from nodeflow.testing.reference.interpreter import Reference
from nodeflow.testing.reference.records import Context, Expected


async def run(
    document: Any,
    *,
    registry: Mapping[str, NodeType],
    inputs: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    services: Iterable[Any] = (),
) -> Expected:
    """Run a document that `validate` finds no error in, one flow thread after the other. Called inside trio.

    Raises:
        Unsupported: Its result depends on the schedule.
    """
    document = document if isinstance(document, Document) else Document(document)
    return await _once(Reference(document, {**registry, **document.types}, services), inputs, variables)


async def outcomes(
    document: Any,
    *,
    registry: Mapping[str, NodeType],
    inputs: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    services: Iterable[Any] = (),
    most: int = 256,
) -> list[Expected]:
    """All that a run may come to, where that depends on who is first or on which failures happen: one, within T7.

    A little more than all: at what time anything happens is not asked, so that each branch that can arrive may be
    the first, and each that can fail may have failed. What flow threads did that were cancelled is left open
    (`Expected.cut`), what they brought to a join and set for the workflow is not. Volatile data nodes are taken to
    say what they say here.

    Args:
        most: How many combinations of choices are tried.

    Raises:
        TooMany: There are more.
        Unsupported: It depends on the schedule in another way: by shared variables and states, time, `finally`
            paths in what is cancelled, outputs that a node sets while threads that it started fail.
    """
    document = document if isinstance(document, Document) else Document(document)
    types = {**registry, **document.types}
    choices = Choices()
    found: list[Expected] = []
    for _ in range(most):
        reference = Reference(document, types, services, choices)
        refuse_shared(reference)
        expected = await _once(reference, inputs, variables)
        if not choices.impossible:
            found.append(expected)
        if not choices.following():
            return found
    raise TooMany(f"more than {most} combinations of what the schedule decides")


def refuse_shared(reference: Reference) -> None:
    """Raise `Unsupported` if nodes use variables or states that flow threads share."""
    for graph in reference.graphs.values():
        shared = {name for name, variable in graph.model.variables.items() if variable.scope != "local"}
        shared |= set(reference.document.variables)
        for node in graph.nodes.values():
            if any(p.role is Role.STATE and p.shared for p in node.type.signature.parameters):
                raise Unsupported(f"the shared state of {node.id!r}")
            named = {value for value in node.options.values() if isinstance(value, str)}
            if shared & named or (shared and "name" in node.wires):
                raise Unsupported(f"a shared variable, at {node.id!r}")


async def _once(
    reference: Reference, inputs: Mapping[str, Any] | None, variables: Mapping[str, Any] | None
) -> Expected:
    document = reference.document
    entry = document.workflows[document.entry]
    given = {k: nv.from_json(v, nv.parse_type(entry.inputs[k].type)) for k, v in (inputs or {}).items()}
    reference.process = {
        k: nv.from_json(v.default, nv.parse_type(v.type)) if v.default is not None else None
        for k, v in document.variables.items()
    }
    root = Context(entry.name)
    error: BaseException | None = None
    outputs: Mapping[str, Any] = {}
    found: Mapping[str, Any] = {}
    try:
        async with AsyncExitStack() as stack:
            await _open(reference, stack)
            outputs, found = await reference.workflow(entry.name, given, root, variables or {})
    except Unsupported:
        raise
    except Exception as failure:
        error = failure
    return Expected(
        "completed" if error is None else "failed", outputs, found, reference.printed, reference.histories,
        reference.evaluations, error, {key: len(seen) for key, seen in reference.seen.items()},
        frozenset(reference.cut),
    )  # fmt: skip


async def _open(reference: Reference, stack: AsyncExitStack) -> None:
    """One instance per placed node that holds a resource (10.6)."""
    for graph in reference.graphs.values():
        for node in graph.nodes.values():
            if node.type.resource is not None:
                instance = node.type.resource()
                await instance.open(reference.services)
                stack.push_async_callback(instance.close)
                reference.resources[graph.model.name, node.id] = instance
