"""The interpreter itself: workflows, flow threads, pulls, activations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any, NoReturn

from attrs import define, evolve, field

from nodeflow import values as nv
from nodeflow.errors import ConversionError, FanInIncomplete, MissingInput, NodeFailed, SocketTypeError
from nodeflow.model import INPUTS, UNSET, Document
from nodeflow.node import Jump, NodeType
from nodeflow.signature import Parameter, Role
from nodeflow.sockets import Arrival, Arrivals, ExecIn, Item, Kind, Ports, Result
from nodeflow.testing.reference.graphs import Graph, Node
from nodeflow.testing.reference.handles import ExecOut, Lazy, NodeContext, Out, State, Stream
from nodeflow.testing.reference.records import Cells, Context, Expected, Instance, Thread, Unsupported, Unwind


class Reference:
    """Runs one document. Use `run`."""

    def __init__(self, document: Document, types: Mapping[str, NodeType], services: Iterable[Any]) -> None:
        self.document = document
        self.graphs = {w.name: Graph(document, w, types) for w in document.workflows.values()}
        self.services = list(services)
        self.process: dict[str, Any] = {}
        self.printed: dict[str, list[str]] = {}
        self.histories: dict[str, list[Any]] = {}
        self.evaluations: dict[tuple[str, str], int] = {}
        self.resources: dict[tuple[str, str], Any] = {}

    # --- workflows (8) ---

    async def workflow(self, name: str, inputs: Mapping[str, Any], above: Context, seeds: Mapping[str, Any]) -> Any:
        graph = self.graphs[name]
        instance = Instance(graph)
        cells: Cells = {(INPUTS, k): v.default for k, v in graph.model.inputs.items() if v.default is not UNSET}
        cells = {k: nv.from_json(v, nv.parse_type(graph.model.inputs[k[1]].type)) for k, v in cells.items()}
        cells.update({(INPUTS, k): v for k, v in inputs.items()})
        for key, variable in graph.model.variables.items():
            value = (
                nv.from_json(variable.default, nv.parse_type(variable.type)) if variable.default is not None else None
            )
            (cells if variable.scope == "local" else instance.store)["", key] = seeds.get(key, value)
        entries = [n for n in graph.nodes.values() if n.type.entry and not n.placed.disabled]
        sequential = graph.model.entries == "sequential"
        above.numbered = len(entries) > 1
        merged: dict[tuple[str, str], Any] = {}
        shared = cells
        for index, entry in enumerate(entries):
            thread = Thread(above, index, instance, shared if sequential or len(entries) == 1 else {**cells})
            await self.thread(thread, [(entry, "")])
            merged.update(thread.sets)
        outputs = {k: merged["out", k] for k in graph.model.outputs if ("out", k) in merged}
        found = {}
        for key, variable in graph.model.variables.items():
            where = cells if variable.scope == "local" else instance.store
            found[key] = merged.get(("var", key), where["", key])
        return outputs, {**self.process, **found}

    # --- flow threads (2) ---

    async def thread(self, thread: Thread, targets: Iterable[tuple[Node, str]]) -> bool:
        """Run a thread to its end; whether it reached its bottom by itself, and not by `return`."""
        self.histories.setdefault(thread.path, [])
        try:
            for node, socket in targets:
                await self.chain(thread, node, socket, None)
        except Unwind as unwind:
            if unwind.jump is not Jump.RETURN:
                raise RuntimeError(f"{unwind.jump.value!r} outside of a loop") from None
            return False
        return True

    async def chain(self, thread: Thread, node: Node, socket: str, waiting: Activation | None) -> None:
        """Run a node and what follows it: all targets but the last inside, the last as a tail (2.2)."""
        behind = False
        while True:
            if node.type.is_join and not behind:
                await self.arrive(thread, node)
                return
            activation = Activation(self, thread, node, socket, waiting)
            exit = await activation.run()
            if node.type.is_stream:  # between the end of the activation and its tail (9.1)
                for other, into in node.targets.get("completed", []):
                    await self.chain(thread, other, into, waiting)
            targets, behind = activation.targets(exit) if exit is not None else ([], False)
            if not targets:
                return
            for other, into in targets[:-1]:
                await self.chain(thread, other, into, waiting)
            node, socket = targets[-1]

    async def arrive(self, thread: Thread, join: Node) -> None:
        """A branch reaches its fan-in (6.3)."""
        name = next((n for n in (thread.branch, "value") if n in join.wires or n in join.placed.values), None)
        value = None if name is None else await self.pull(thread, join, name, {})
        values = thread.context.arrivals.setdefault(thread.index, [])
        values.append(value)
        if len(values) > 1 and join.options.get("arrivals") != "many":
            raise self.failed(thread, join, FanInIncomplete("arrived twice"))

    # --- data (3.4, 4) ---

    async def pull(self, thread: Thread, node: Node, name: str, memo: dict[str, Cells]) -> Any:
        """The value of an input: its wire, its literal, its default, in this order."""
        socket = node.inputs[name]
        if name in node.wires:
            value = await self.read(thread, node, name, *node.wires[name], memo)
            try:
                return socket.type.adapt(value)
            except ConversionError as error:
                problem = SocketTypeError(str(error))
                raise self.failed(thread, node, problem) from problem
        if name in node.placed.values:
            return nv.from_json(node.placed.values[name], socket.type)
        if socket.default is not UNSET:
            return socket.default
        raise self.failed(thread, node, MissingInput(name))

    async def read(
        self, thread: Thread, reader: Node, name: str, source: str, output: str, memo: dict[str, Cells]
    ) -> Any:
        """What an output reads as for this thread."""
        graph = thread.instance.graph
        if source in graph.nodes and not graph.nodes[source].type.is_exec:
            if source not in memo:
                memo[source] = await self.evaluate(thread, graph.nodes[source], memo)
            return memo[source][source, output]
        default = UNSET if source == INPUTS else graph.nodes[source].outputs[output].default
        value = thread.cells.get((source, output), default)
        if value is UNSET:
            raise self.failed(thread, reader, MissingInput(name))
        return value

    async def evaluate(self, thread: Thread, node: Node, memo: dict[str, Cells]) -> Cells:
        """The outputs of a data node, computed now; within one pull once (4.4)."""
        key = (node.graph.model.name, node.id)
        self.evaluations[key] = self.evaluations.get(key, 0) + 1
        activation = Activation(self, thread, node, "", None, memo)
        await activation.run()
        return activation.answered

    def failed(self, thread: Thread, node: Node, cause: BaseException) -> NodeFailed:
        return NodeFailed(node.id, node.type.name, thread.path, 0, cause, node.graph.model.name)

    # --- contexts (5) ---

    def below(self, thread: Thread, name: str) -> Context:
        count = thread.opened[name] = thread.opened.get(name, 0) + 1
        return Context(f"{thread.path}/{name}" + (f"#{count}" if count > 1 else ""))

    def store(self, thread: Thread, name: str) -> tuple[Any, Any]:
        """Where a variable is kept, and under which key."""
        variable = thread.instance.graph.model.variables.get(name)
        if variable is None:
            if name not in self.document.variables:
                raise LookupError(f"variable {name!r} is not declared")
            return self.process, name
        return (thread.cells if variable.scope == "local" else thread.instance.store), ("", name)


@define(eq=False)
class Activation:
    """One execution of one body: its handles, and the `NodeContext` that it may ask for."""

    run_: Reference
    thread: Thread
    node: Node
    entered: str
    parent: Activation | None
    memo: dict[str, Cells] | None = None
    answered: Cells = field(factory=dict)
    joined: Context | None = None
    stream: Context | None = None
    looping: str = ""

    # --- from start to end ---

    async def run(self) -> str | None:
        """Resolve the eager inputs, call the body, and say which exec output is next."""
        kind, run = self.node.type, self.run_
        memo = self.memo if self.memo is not None else {}
        positional: list[Any] = []
        named: dict[str, Any] = {}
        inputs: list[Any] = []
        for parameter in kind.signature.parameters:
            value = await self._argument(parameter, memo, inputs)
            if parameter.keyword:
                named[parameter.name] = value
            else:
                positional.append(value)
        history = run.histories[self.thread.path]
        if kind.is_exec:
            history.append(("start", self.node.id, tuple(inputs)))
        try:
            exit = await self._call(positional, named)
        except Unwind as unwind:
            history.append(("end", self.node.id, "unwound", None))
            if unwind.loop is not self or unwind.jump is not Jump.BREAK:
                raise
            return (kind.loop or ("", ""))[1]
        except Exception:
            if kind.is_exec:
                history.append(("end", self.node.id, "failed", None))
            raise
        if kind.is_exec:
            history.append(("end", self.node.id, "returned", exit))
        if kind.jump is not None:
            self._jump(kind.jump)
        return exit

    async def _call(self, positional: list[Any], named: dict[str, Any]) -> str | None:
        kind, run = self.node.type, self.run_
        if kind.resource is not None:
            positional.insert(0, run.resources[self.node.graph.model.name, self.node.id])
        if kind.is_stream and self.node.options.get("mode") == "concurrent":
            self.stream = run.below(self.thread, self.node.id)
        try:
            answer = kind.function(*positional, **named)
            if kind.is_async:
                answer = await answer
            exit = self._answer(answer)
        except (NodeFailed, BaseExceptionGroup, Unwind, Unsupported):
            raise
        except Exception as error:
            raise run.failed(self.thread, self.node, error) from error
        if kind.is_stream:
            self._settle_stream()
        return exit

    def _settle_stream(self) -> None:
        context = self.stream
        if context is not None and context.failures and self.node.options.get("errors") != "collect":
            raise next(iter(context.failures.values()))

    def _answer(self, answer: Any) -> str | None:
        """Write what the body returned; which exec output it chose."""
        signature = self.node.type.signature
        if signature.fields is not None:
            for attribute, socket in zip(signature.fields, signature.results, strict=True):
                self.set(socket.name, getattr(answer, attribute))
        elif signature.results or not self.node.type.is_exec:
            self.set(signature.results[0].name if signature.results else "result", answer)
        elif isinstance(answer, ExecOut):
            return answer.name
        roles = {p.role for p in signature.parameters}
        return "exit" if "exit" in self.node.exec_outs and not roles & {Role.EXEC_OUT, Role.PORTS_EXEC} else None

    def _jump(self, jump: Jump) -> NoReturn:
        loop = self.parent
        while jump is not Jump.RETURN and loop is not None:
            if loop.node.type.loop and loop.looping == loop.node.type.loop[0]:
                break
            loop = loop.parent
        raise Unwind(jump, loop)

    # --- arguments ---

    async def _argument(self, parameter: Parameter, memo: dict[str, Cells], inputs: list[Any]) -> Any:
        role, node, socket = parameter.role, self.node, parameter.socket
        if role is Role.CONTEXT:
            return NodeContext(self)
        if role is Role.STATE:
            return State(self, parameter)
        if role is Role.ARRIVALS:
            return self.brought()
        if parameter.group is not None:
            names = node.ports[parameter.name]
            if role is not Role.PORTS_IN:
                return Ports({name: self._handle(role, name) for name in names})
            given = {}
            for name in names:
                if name in node.wires or name in node.placed.values or node.inputs[name].default is not UNSET:
                    given[name] = await self.run_.pull(self.thread, node, name, memo)
            inputs.extend(given.values())
            return Ports(given)
        assert socket is not None
        if role is Role.INPUT or (role is Role.OPTION and socket.name in node.wires):
            if role is Role.OPTION:
                node.inputs.setdefault(socket.name, evolve(socket, kind=Kind.DATA_IN))
            value = await self.run_.pull(self.thread, node, socket.name, memo)
            inputs.append(value)
            return value
        if role is Role.OPTION:
            if node.options[socket.name] is UNSET:
                raise self.run_.failed(self.thread, node, MissingInput(socket.name))
            inputs.append(node.options[socket.name])
            return node.options[socket.name]
        return self._handle(role, socket.name)

    def _handle(self, role: Role, name: str) -> Any:
        if role is Role.RESULT:
            return Result(0, name in self.node.wires or name in self.node.placed.values)
        if role is Role.ITEM:
            return Item()
        if role is Role.EXEC_IN:
            return ExecIn(self.entered == name)
        makers: dict[Role, Callable[[Activation, str], Any]] = {
            Role.LAZY: Lazy, Role.PORTS_LAZY: Lazy, Role.OUT: Out, Role.PORTS_OUT: Out,
            Role.EXEC_OUT: ExecOut, Role.PORTS_EXEC: ExecOut, Role.STREAM: Stream,
        }  # fmt: skip
        return makers[role](self, name)

    def brought(self) -> Arrivals:
        """What the branches of the context that has closed brought to this fan-in (6.3, 6.6)."""
        context, self.thread.joined = self.thread.joined, None
        assert context is not None
        found, missing = [], []
        for index, name in enumerate(context.names):
            if name == "":
                continue
            if index in context.arrivals and index not in context.failures:
                values = context.arrivals[index]
                found.append(Arrival(name, values if self.node.options.get("arrivals") == "many" else values[0]))
            else:
                missing.append(name)
                if self.node.options.get("missing") == "none":
                    found.append(Arrival(name, None))
        return Arrivals(found, [context.failures[i] for i in sorted(context.failures)], missing)

    # --- what handles do ---

    def set(self, name: str, value: Any) -> None:
        value = self.node.outputs[name].type.adapt(value)
        if not self.node.type.is_exec:
            self.answered[self.node.id, name] = value
            return
        self.thread.cells[self.node.id, name] = value
        self.run_.histories[self.thread.path].append(("set", self.node.id, name, value))

    def targets(self, exit: str) -> tuple[list[tuple[Node, str]], bool]:
        """Where an exec output leads, and whether that is behind the fan-in of this fan-out."""
        join = self.node.graph.fan_in.get(self.node.id)
        if join is None or self.node.exec_outs[exit].starts_threads:
            return self.node.targets.get(exit, []), False
        self.thread.joined = self.joined
        return [(join, "")], True

    async def trigger(self, name: str) -> None:
        self.looping = name
        targets, behind = self.targets(name)
        if behind:
            raise Unsupported("a fan-out with a fan-in that triggers its exec output")
        try:
            for node, socket in targets:
                await self.run_.chain(self.thread, node, socket, self)
        except Unwind as unwind:
            if unwind.loop is not self or unwind.jump is not Jump.CONTINUE:
                raise
        finally:
            self.looping = ""


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
    reference = Reference(document, {**registry, **document.types}, services)
    entry = document.workflows[document.entry]
    given = {k: nv.from_json(v, nv.parse_type(entry.inputs[k].type)) for k, v in (inputs or {}).items()}
    reference.process = {
        k: nv.from_json(v.default, nv.parse_type(v.type)) if v.default is not None else None
        for k, v in document.variables.items()
    }
    root = Context(entry.name)
    try:
        async with AsyncExitStack() as stack:
            await _open(reference, stack)
            outputs, found = await reference.workflow(entry.name, given, root, variables or {})
    except Unsupported:
        raise
    except Exception as error:
        return Expected("failed", {}, {}, reference.printed, reference.histories, reference.evaluations, error)
    return Expected("completed", outputs, found, reference.printed, reference.histories, reference.evaluations)


async def _open(reference: Reference, stack: AsyncExitStack) -> None:
    """One instance per placed node that holds a resource (10.6)."""
    for graph in reference.graphs.values():
        for node in graph.nodes.values():
            if node.type.resource is not None:
                instance = node.type.resource()
                await instance.open(reference.services)
                stack.push_async_callback(instance.close)
                reference.resources[graph.model.name, node.id] = instance
