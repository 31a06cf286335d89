"""Running: `compile` once, `run` often; `open_run` for a handle on a run that goes on."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import trio
from attrs import frozen

from nodeflow.checks import check
from nodeflow.errors import ConversionError, InvalidDocument, SocketTypeError
from nodeflow.graph import CompiledGraph, WorkflowPlan, compile_graph
from nodeflow.linking import LinkedDocument, link
from nodeflow.machine import Context, ContextKind, FlowThread, Limits
from nodeflow.machine.records import thread_path
from nodeflow.model import Document, Finding, HasModel, Severity
from nodeflow.registry import Registry
from nodeflow.runtime import events
from nodeflow.runtime.binding import bind
from nodeflow.runtime.kernel import TRIO
from nodeflow.runtime.resources import reachable_with_resource
from nodeflow.runtime.result import Result
from nodeflow.runtime.run import Run
from nodeflow.values import copy_value, from_json

Observer = Callable[[events.Event], object]


def as_document(document: Document | HasModel) -> Document:
    """A document; a single workflow is a document of its own."""
    return document if isinstance(document, Document) else Document(document)


class Compiled:
    """A document that passed the checks, ready to run any number of times, also at once.

    Attributes:
        document: What was compiled.
        findings: Warnings and infos; errors keep a document from being compiled.
    """

    def __init__(self, document: Document, graph: CompiledGraph, findings: Sequence[Finding]) -> None:
        self.document = document
        self.findings = tuple(findings)
        self._graph = graph

    def open_run(
        self,
        *,
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
        """`async with compiled.open_run(...) as run:` starts a run; see `nodeflow.open_run`."""
        run = self.prepare(
            inputs=inputs, variables=variables, services=services, limits=limits, observers=observers, elide=elide,
            check_values=check_values, cleanup_timeout=cleanup_timeout, capacities=capacities, checked=checked,
        )  # fmt: skip
        if paused:
            run.machine.pause()
        return OpenRun(run)

    def prepare(
        self,
        *,
        inputs: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        services: Iterable[Any] = (),
        limits: Limits | None = None,
        observers: Iterable[Observer] = (),
        elide: bool = True,
        check_values: bool = False,
        cleanup_timeout: float = 5.0,
        capacities: Mapping[str, int] | None = None,
        kernel: Any = TRIO,
        checked: bool = False,
    ) -> Run:
        """A run that has not begun: for whoever drives it himself, as the simulator."""
        plan = self._graph.workflows[self._graph.entry]
        return Run(
            self._graph,
            inputs=_given_inputs(plan, inputs or {}),
            variables=_given_variables(plan, variables or {}),
            services=list(services),
            limits=limits or Limits(),
            observers=observers,
            elide=elide,
            check_values=check_values,
            cleanup_timeout=cleanup_timeout,
            capacities=capacities or {},
            kernel=kernel,
            checked=checked,
        )

    async def run(self, **options: Any) -> Result:
        """Run to the end. Takes what `open_run` takes, and raises what `nodeflow.run` raises."""
        run = self.open_run(**options)._run
        await run.main()
        return run.raise_unless_completed()


def _given_inputs(plan: WorkflowPlan, given: Mapping[str, Any]) -> dict[str, Any]:
    """A run's inputs: known, converted, copied; with the defaults of the others."""
    problems = []
    values = {name: copy_value(value) for name, value in plan.defaults.items()}
    for name, value in given.items():
        if name not in plan.inputs:
            known = ", ".join(sorted(plan.inputs)) or "none"
            problems.append(f"workflow {plan.name!r} has no input {name!r}; it has {known}")
            continue
        try:
            values[name] = copy_value(from_json(value, plan.inputs[name].type))
        except ConversionError as error:
            problems.append(f"input {name!r}: {error}")
    problems += [f"input {name!r} of workflow {plan.name!r} is not given" for name in plan.inputs if name not in values
                 and name not in given]  # fmt: skip
    if problems:
        raise SocketTypeError("; ".join(problems))
    return values


def _given_variables(plan: WorkflowPlan, given: Mapping[str, Any]) -> dict[str, Any]:
    problems, values = [], {}
    for name, value in given.items():
        variable = plan.variables.get(name)
        if variable is None:
            known = ", ".join(sorted(plan.variables)) or "none"
            problems.append(f"workflow {plan.name!r} has no variable {name!r}; it has {known}")
            continue
        try:
            values[name] = copy_value(from_json(value, variable.type))
        except ConversionError as error:
            problems.append(f"variable {name!r}: {error}")
    if problems:
        raise SocketTypeError("; ".join(problems))
    return values


def compile_document(document: Document | HasModel, registry: Registry) -> Compiled:
    """Check and compile a document.

    Raises:
        InvalidDocument: The document has errors; all findings that are errors are in it.
    """
    document = as_document(document)
    linked = link(document, registry)
    findings = check(linked)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise InvalidDocument(errors)
    graph = _compiled(linked)
    graph.resources = reachable_with_resource(graph.workflows, graph.entry)
    graph.exemptions = [finding.message for finding in findings if finding.code == "NF490"]
    return Compiled(document, graph, findings)


def _compiled(linked: LinkedDocument) -> CompiledGraph:
    """Compile and bind without the cyclic collector: all that is made here stays, and is no garbage."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        graph = compile_graph(linked)
        bind(graph)
    finally:
        if collecting:
            gc.enable()
    return graph


@frozen
class ThreadView:
    """A live flow thread, as seen from outside: where it is now."""

    id: int
    index: int
    node: str | None
    at_gate: bool
    path: str


@frozen
class ContextView:
    """An open context, as seen from outside."""

    id: int
    kind: str
    path: str
    threads: tuple[ThreadView, ...]
    children: tuple[ContextView, ...]


class RunHandle:
    """A run that goes on.

    Its methods may be called from any task of the same trio loop.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._deadline_left: float | None = None
        self.waited = False

    @property
    def done(self) -> bool:
        return self._run.result is not None

    @property
    def printed(self) -> list[str]:
        """What has been printed so far."""
        return list(self._run.printed)

    async def wait(self) -> Result:
        """Wait for the end; returns the result however the run ended."""
        self.waited = True
        await self._run.finished.wait()
        assert self._run.result is not None
        return self._run.result

    def cancel(self, reason: str = "") -> None:
        """Cancel the run: it ends as `cancelled`, after the cleanup of its bodies."""
        self._run.machine.stop(reason)
        self._run.perform()

    def add_observer(self, observer: Observer) -> None:
        self._run.watchers.add(observer)

    # --- the gate ---

    @property
    def paused(self) -> bool:
        return not self._run.machine.gate_open

    def pause(self, *, stop_deadline: bool = False) -> None:
        """Close the gate: no activation begins. The run's deadline goes on, unless told to stop (10.5)."""
        self._run.machine.pause()
        if stop_deadline and self._deadline_left is None:
            self._deadline_left = self._run.deadline_scope.deadline - self._run.kernel.current_time()
            self._run.deadline_scope.deadline = math.inf

    def resume(self) -> None:
        """Open the gate; everything that waits at it goes on."""
        if self._deadline_left is not None:
            self._run.deadline_scope.deadline = self._run.kernel.current_time() + self._deadline_left
            self._deadline_left = None
        self._run.machine.resume()
        self._run.perform()

    async def step(self, thread: int | None = None) -> str | None:
        """Let exactly one activation begin, and return the id of its node; None if nothing is at the gate.

        First waits until each flow thread is at the gate, blocked or done. Then the thread with id `thread` goes
        on, or else the first in tree order; and waits again until all is still.

        Raises:
            WrongCall: `thread` is not at the gate; names those that are.
        """
        machine = self._run.machine
        machine.pause()
        await self._still()
        stepped = machine.step(thread)
        if stepped is None:
            return None
        node = stepped.node
        self._run.perform()
        await self._still()
        return node.id if node is not None else None

    async def _still(self) -> None:
        """Wait until a whole round of the loop has passed in which no flow thread did anything."""
        run = self._run
        while not self.done:
            before = run.activity()
            await self._run.kernel.checkpoint()
            await self._run.kernel.checkpoint()
            if run.activity() == before:
                return

    # --- looking ---

    def tree(self) -> ContextView:
        """The context tree as it is now."""
        return _view(self._run.machine.root, self._run)

    def threads(self) -> list[ThreadView]:
        """The live flow threads, in tree order."""
        return [_thread_view(thread, self._run) for thread in self._run.machine.in_tree_order()]


def _view(root: Context, run: Run) -> ContextView:
    """Build views bottom up, without recursion: trees are deep."""
    order: list[Context] = []
    todo = [root]
    while todo:
        context = todo.pop()
        order.append(context)
        todo.extend(context.children.values())
    views: dict[int, ContextView] = {}
    for context in reversed(order):
        threads = tuple(_thread_view(thread, run) for thread in context.threads.values())
        children = tuple(views.pop(child) for child in context.children)
        path = context.path() if context.kind is not ContextKind.PROCESS else ""
        views[context.id] = ContextView(context.id, context.kind.value, path, threads, children)
    return views[root.id]


def _thread_view(thread: FlowThread, run: Run) -> ThreadView:
    node = thread.node.id if thread.node is not None else None
    return ThreadView(thread.id, thread.index, node, thread.id in run.machine.at_gate, thread_path(thread))


class OpenRun:
    """What `open_run` returns: an async context manager that gives a `RunHandle`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._handle = RunHandle(run)
        self._manager: Any = None

    async def __aenter__(self) -> RunHandle:
        self._manager = trio.open_nursery()
        nursery = await self._manager.__aenter__()
        nursery.start_soon(self._main, name="nodeflow run")
        return self._handle

    async def _main(self) -> None:
        await self._run.main()

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        """Wait for the end of the run; an exception of the block cancels it first.

        Raises:
            RunError: The run did not complete and nobody called `wait`.
        """
        if error is not None:
            self._handle.cancel("the block that opened the run was left with an exception")
        swallowed = await self._close(kind, error, traceback)
        if error is None and not self._handle.waited and self._run.result is not None:
            self._run.raise_unless_completed()
        return swallowed

    async def _close(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        try:
            return bool(await self._manager.__aexit__(kind, error, traceback))
        except BaseExceptionGroup as group:
            alone = group.exceptions[0] if len(group.exceptions) == 1 else group
        if alone is error:
            return False
        raise alone
