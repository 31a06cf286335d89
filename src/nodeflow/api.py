"""What a host calls: check, compile and run documents with the standard nodes at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import trio

from nodeflow.checks import check
from nodeflow.library import standard_registry
from nodeflow.linking import link
from nodeflow.machine import Limits
from nodeflow.model import Document, Finding, HasModel
from nodeflow.plan import Plan
from nodeflow.plan import plan as make_plan
from nodeflow.registry import Registry
from nodeflow.runtime import events
from nodeflow.runtime.handle import Compiled, OpenRun, as_document, compile_document
from nodeflow.runtime.result import Result

Observer = Callable[[events.Event], object]


def _registry(registry: Registry | None) -> Registry:
    return standard_registry() if registry is None else registry


def validate(document: Document | HasModel, registry: Registry | None = None) -> list[Finding]:
    """All findings about a document, in document order: errors, warnings and infos.

    Args:
        document: A document, or one workflow.
        registry: The node types it may use; None: the standard ones.
    """
    return check(link(as_document(document), _registry(registry)))


def plan(document: Document | HasModel, registry: Registry | None = None) -> Plan:
    """The layers of a document's data flow and its regions, for display."""
    return make_plan(as_document(document), _registry(registry))


def compile(document: Document | HasModel, registry: Registry | None = None) -> Compiled:
    """Check and compile a document once, to run it often, also at once.

    Raises:
        InvalidDocument: It has errors; all of them are in `findings`.
    """
    return compile_document(document, _registry(registry))


def open_run(
    document: Document | HasModel | Compiled,
    *,
    registry: Registry | None = None,
    inputs: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    services: Iterable[Any] = (),
    limits: Limits | None = None,
    observers: Iterable[Observer] = (),
    paused: bool = False,
    elide: bool = True,
    check_values: bool = False,
    cleanup_timeout: float = 5.0,
    capacities: Mapping[str, int] | None = None,
    checked: bool = False,
) -> OpenRun:
    """`async with nodeflow.open_run(document) as run:` starts a run in the background of the block.

    At the end of the block the run has ended. An exception in the block cancels it.

    Args:
        document: A document, a workflow, or what `compile` returned.
        registry: The node types it may use; None: the standard ones.
        inputs: Values of the entry workflow's inputs.
        variables: Values that its variables, and process variables, begin with.
        services: Objects that nodes find by their class: `ctx.service(Gateway)`.
        limits: What the run may use; None: no steps and no deadline.
        observers: Called with each event (`nodeflow.observers`), at once and in the run's own task.
        paused: Start at a closed gate.
        elide: Let contexts none of whose bodies can block do without a nursery; results never depend on it.
        check_values: Compare lists and dicts before and after each body, and fail the node that changed one.
        cleanup_timeout: Seconds that a cancelled body's cleanup may take; 0: it is not shielded.
        capacities: Sizes of the capacities that placed nodes name.
        checked: Check T1 to T6 (semantics 5) while it runs; costs less than a tenth, and may be left on.

    Raises:
        InvalidDocument: The document has errors.
        SocketTypeError: An input or variable is unknown, missing, or does not fit.
        InvariantBroken: With `checked`: nodeflow did what its contract excludes. Never the fault of a graph.
    """
    compiled = document if isinstance(document, Compiled) else compile(document, registry)
    return compiled.open_run(
        inputs=inputs,
        variables=variables,
        services=services,
        limits=limits,
        observers=observers,
        paused=paused,
        elide=elide,
        check_values=check_values,
        cleanup_timeout=cleanup_timeout,
        capacities=capacities,
        checked=checked,
    )


async def run(document: Document | HasModel | Compiled, *, registry: Registry | None = None, **options: Any) -> Result:
    """Run a document to its end. Takes the same keywords as `open_run`.

    Raises:
        RunFailed: A failure that nothing in the graph caught, or a limit; it is the `__cause__`.
        RunTimedOut: The deadline of `limits` passed.
        trio.Cancelled: The host cancelled it; this passes through.
    """
    compiled = document if isinstance(document, Compiled) else compile(document, registry)
    return await compiled.run(**options)


def run_sync(document: Document | HasModel | Compiled, *, registry: Registry | None = None, **options: Any) -> Result:
    """Run a document in a trio loop of its own: for scripts. Takes and raises the same as `run`."""

    async def main() -> Result:
        return await run(document, registry=registry, **options)

    return trio.run(main)
