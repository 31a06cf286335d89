"""What bodies get of the reference interpreter: handles that are awaited as they stand, and the node context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import trio
from attrs import define

from nodeflow import values as nv
from nodeflow.errors import FanInIncomplete
from nodeflow.model import UNSET
from nodeflow.node import ScopeKind
from nodeflow.signature import Parameter
from nodeflow.testing.reference.records import Context, Thread, Unsupported

if TYPE_CHECKING:
    from nodeflow.testing.reference.graphs import Node
    from nodeflow.testing.reference.interpreter import Activation


@define(eq=False)
class ExecOut:
    activation: Activation
    name: str

    async def __call__(self) -> None:
        await self.activation.trigger(self.name)


@define(eq=False)
class Lazy:
    activation: Activation
    name: str

    async def __call__(self) -> Any:
        of = self.activation
        return await of.run_.pull(of.thread, of.node, self.name, {} if of.memo is None else of.memo)


@define(eq=False)
class Out:
    activation: Activation
    name: str

    def set(self, value: Any) -> None:
        self.activation.set(self.name, value)


@define(eq=False)
class Stream:
    activation: Activation
    name: str

    async def emit(self, item: Any) -> None:
        of = self.activation
        context, thread = of.stream, of.thread
        if context is None:
            thread.cells[of.node.id, self.name] = of.node.outputs[self.name].type.adapt(item)
            await of.trigger("on_item")
            return
        if context.failures and of.node.options.get("errors") != "collect":
            return
        item = of.node.outputs[self.name].type.adapt(item)
        index = len(context.names)
        context.names.append("on_item")
        cells = {**thread.cells, (of.node.id, self.name): item}
        child = Thread(context, index, thread.instance, cells, "on_item")
        try:
            await of.run_.thread(child, of.node.targets.get("on_item", []))
            thread.sets.update(child.sets)
        except Exception as error:
            context.failures[index] = error


class State:
    """What a node remembers: in the thread's cells, or one per placed node and workflow (4.7)."""

    def __init__(self, activation: Activation, parameter: Parameter) -> None:
        thread = activation.thread
        self.activation = activation
        self.where: dict[Any, Any] = thread.instance.store if parameter.shared else thread.cells
        self.key = (activation.node.id, f"state {parameter.name}")
        self.initial = parameter.initial

    @property
    def value(self) -> Any:
        return self.where.get(self.key, self.initial)

    @value.setter
    def value(self, value: Any) -> None:
        self.where[self.key] = value

    def set(self, value: Any) -> None:
        self.value = value

    def update(self, change: Callable[[Any], Any]) -> Any:
        self.value = change(self.value)
        return self.value


class Scope:
    """An open context: its threads run one after the other when it is left."""

    def __init__(self, activation: Activation, context: Context, terms: Mapping[str, Any]) -> None:
        self.activation = activation
        self.context = context
        self.terms = terms
        self.started: list[tuple[Thread, list[tuple[Node, str]]]] = []
        self.results: list[Any] = []
        self.errors: list[BaseException] = []
        self.finished: list[int] = []

    def start(self, output: ExecOut | None = None, **values: Any) -> None:
        of = self.activation
        targets = [] if output is None else of.node.targets.get(output.name, [])
        index, name = len(self.context.names), "" if output is None else output.name
        skipped = not targets and self.terms["kind"] is ScopeKind.FAN_OUT
        self.context.names.append("" if skipped else name or str(index))
        if skipped:
            return
        cells = {**of.thread.cells}
        for key, value in values.items():
            cells[of.node.id, key] = of.node.outputs[key].type.adapt(value)
        self.started.append((Thread(self.context, index, of.thread.instance, cells, name), targets))

    async def wait_capacity(self) -> None:
        await trio.lowlevel.checkpoint()

    def cancel(self, reason: str = "") -> None:
        raise Unsupported("cancelling a scope")

    async def run(self) -> None:
        of, context = self.activation, self.context
        result = self.terms["result"]
        for thread, targets in self.started:
            try:
                whole = await of.run_.thread(thread, targets)
                if whole and result:
                    await self._result(thread)
                of.thread.sets.update(thread.sets)
            except Exception as error:
                if self.terms["errors"] != "collect":
                    raise
                context.failures[thread.index] = error
        self.errors = [context.failures[i] for i in sorted(context.failures)]
        self._check_missing(bool(result))
        if result:
            fill = self.terms["missing"] == "none"
            came = range(len(context.names))
            self.results = [context.results.get(i) for i in came if fill or i in context.results]

    async def _result(self, thread: Thread) -> None:
        of = self.activation
        source = of.node.wires.get("result")
        if source is not None and source[0] in of.node.graph.nodes:
            node = of.node.graph.nodes[source[0]]
            unset = source not in thread.cells and node.outputs[source[1]].default is UNSET
            if node.type.is_exec and unset:
                return
        self.context.results[thread.index] = await of.run_.pull(thread, of.node, "result", {})

    def _check_missing(self, has_result: bool) -> None:
        of, context = self.activation, self.context
        join = of.node.graph.fan_in.get(of.node.id) if self.terms["kind"] is ScopeKind.FAN_OUT else None
        if join is None and not has_result:
            return
        if join is not None and join.options.get("join", "all") != "all":
            raise Unsupported(f"the join {join.options['join']!r} of {join.id!r}: a race")
        policy = self.terms["missing"] if join is None else join.options.get("missing")
        came = context.results if join is None else context.arrivals
        gaps = [t.index for t, _ in self.started if t.index not in came and t.index not in context.failures]
        if gaps and policy == "error":
            raise of.run_.failed(of.thread, of.node, FanInIncomplete(f"{context.path}: {gaps} are missing"))


class NodeContext:
    """What `nodeflow.node.NodeContext` promises, as far as it does not depend on the schedule."""

    def __init__(self, activation: Activation) -> None:
        self._of = activation
        self.node_id = activation.node.id
        self.type_name = activation.node.type.name
        self.workflow = activation.node.graph.model.name
        self.thread_id = 0
        self.context_path = activation.thread.path
        self.context_kind = ""

    @property
    def variables(self) -> Variables:
        return Variables(self._of)

    def service(self, kind: type) -> Any:
        found = next((each for each in self._of.run_.services if isinstance(each, kind)), None)
        if found is None:
            raise LookupError(f"no service {kind.__name__}")
        return found

    def feedback(self, message: str, level: str = "info", data: Any = None) -> None:
        if level == "print":
            self._of.run_.printed.setdefault(self._of.thread.path, []).append(message)

    def set_outputs(self, values: Mapping[str, Any]) -> None:
        outputs = self._of.node.graph.model.outputs
        for name, value in values.items():
            self._of.thread.sets["out", name] = nv.parse_type(outputs[name].type).adapt(value)

    @asynccontextmanager
    async def open_scope(self, kind: ScopeKind = ScopeKind.FAN_OUT, **terms: Any) -> Any:
        if terms.get("timeout") is not None or terms.get("first") is not None:
            raise Unsupported("a scope with a deadline or a race")
        of = self._of
        context = of.run_.below(of.thread, of.node.id)
        of.joined = context
        given = {"errors": "fail_fast", "missing": "error", "result": None, **terms, "kind": kind}
        scope = Scope(of, context, given)
        yield scope
        await scope.run()

    async def gosub(self, workflow: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        of = self._of
        declared = of.run_.document.workflows[workflow].inputs
        given = {k: nv.parse_type(declared[k].type).adapt(v) for k, v in inputs.items()}
        outputs, _ = await of.run_.workflow(workflow, given, of.run_.below(of.thread, of.node.id), {})
        return dict(outputs)

    async def trigger_event(self, event: str, payload: Any = None) -> None:
        of, run = self._of, self._of.run_
        own = of.node.graph
        everywhere = event in run.document.events
        declared = run.document.events[event] if everywhere else own.model.events[event]
        payload = nv.parse_type(declared.type).adapt(payload)
        hearers = [
            (graph, node)
            for graph in (run.graphs.values() if everywhere else (own,))
            for node in graph.nodes.values()
            if node.type.listens and node.options.get(node.type.listens) == event and not node.placed.disabled
        ]
        if not hearers:
            return
        context = run.below(of.thread, of.node.id)
        for index, (graph, node) in enumerate(hearers):
            if graph is not own:
                raise Unsupported("an event with listeners in another workflow")
            cells = {**of.thread.cells, (node.id, "payload"): payload}
            thread = Thread(context, index, of.thread.instance, cells, node.id)
            await run.thread(thread, [(node, "")])
            of.thread.sets.update(thread.sets)

    async def wait_event(self, event: str) -> Any:
        raise Unsupported("waiting for an event")

    async def wait(self, state: Any, holds: Callable[[Any], bool]) -> Any:
        if not holds(state.value):
            raise Unsupported("waiting for a state that another flow thread writes")
        return state.value

    def time(self) -> float:
        return trio.current_time()

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)

    def timeout(self, seconds: float) -> Any:
        raise Unsupported("a deadline")


class Variables:
    def __init__(self, activation: Activation) -> None:
        self._of = activation

    def get(self, name: str) -> Any:
        where, key = self._of.run_.store(self._of.thread, name)
        return where[key]

    def set(self, name: str, value: Any) -> None:
        of = self._of
        declared = of.node.graph.model.variables.get(name) or of.run_.document.variables[name]
        where, key = of.run_.store(of.thread, name)
        where[key] = nv.parse_type(declared.type).adapt(value)
        if where is of.thread.cells:
            of.thread.sets["var", name] = where[key]

    def update(self, name: str, change: Callable[[Any], Any]) -> Any:
        self.set(name, change(self.get(name)))
        return self.get(name)
