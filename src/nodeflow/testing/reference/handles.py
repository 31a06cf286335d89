"""What bodies get of the reference interpreter: handles that are awaited as they stand, and the node context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import trio
from attrs import define

from nodeflow import values as nv
from nodeflow.node import ScopeKind
from nodeflow.signature import Parameter
from nodeflow.testing.reference.choices import Unsupported
from nodeflow.testing.reference.records import Thread
from nodeflow.testing.reference.scopes import Scope

if TYPE_CHECKING:
    from nodeflow.testing.reference.activations import Activation


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
        of.run_.watch(of)
        if context.failures and of.node.options.get("errors") != "collect" and of.run_.choices is None:
            return
        item = of.node.outputs[self.name].type.adapt(item)
        index = len(context.names)
        context.names.append("on_item")
        cells = {**thread.cells, (of.node.id, self.name): item}
        child = Thread(context, index, thread.instance, cells, "on_item")
        try:
            await of.run_.thread(child, of.node.targets.get("on_item", []))
            context.sets.update(child.sets)
        except Unsupported:
            raise
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
        if terms.get("timeout") is not None:
            raise Unsupported("a scope with a deadline")
        of = self._of
        context = of.run_.below(of.thread, of.node.id)
        of.joined = context
        given = {"errors": "fail_fast", "missing": "error", "result": None, "first": None, **terms, "kind": kind}
        scope = Scope(of, context, given)
        of.run_.watch(of)
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
        started = []
        for index, (graph, node) in enumerate(hearers):
            if graph is not own:
                raise Unsupported("an event with listeners in another workflow")
            cells = {**of.thread.cells, (node.id, "payload"): payload}
            thread = Thread(context, index, of.thread.instance, cells, node.id)
            started.append((thread, [(node, "")]))
        of.thread.sets.update(await run.together(context, started))

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
