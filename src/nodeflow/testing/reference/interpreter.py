"""The interpreter itself: workflows, flow threads, pulls, activations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nodeflow import values as nv
from nodeflow.errors import ConversionError, FanInIncomplete, MissingInput, NodeFailed, SocketTypeError
from nodeflow.model import INPUTS, UNSET, Document
from nodeflow.node import Jump, NodeType
from nodeflow.testing.reference.activations import Activation
from nodeflow.testing.reference.choices import Choices, Cut, Race, Unsupported, together
from nodeflow.testing.reference.graphs import Graph, Node
from nodeflow.testing.reference.records import Cells, Context, Instance, Thread, Unwind


class Reference:
    """Runs one document once. Use `run` or `outcomes`.

    Attributes:
        choices: Says what happens where the schedule decides; None: that is refused.
        finallies: How many `finally` paths were run.
        cut: Paths of contexts whose threads may have been cancelled.
        seen: What each data node was computed from.
    """

    def __init__(
        self, document: Document, types: Mapping[str, NodeType], services: Iterable[Any], choices: Choices | None = None
    ) -> None:
        self.document = document
        self.choices = choices
        self.finallies = 0
        self.cut: set[str] = set()
        self.seen: dict[tuple[str, str], set[str]] = {}
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
        started = [
            (Thread(above, i, instance, cells if sequential or len(entries) == 1 else {**cells}), [(entry, "")])
            for i, entry in enumerate(entries)
        ]
        merged: dict[tuple[str, str], Any] = {}
        if sequential:
            for thread, targets in started:
                await self.thread(thread, targets)
                merged.update(thread.sets)
        else:
            merged = await self.together(above, started)
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

    async def together(
        self,
        context: Context,
        started: list[tuple[Thread, list[tuple[Node, str]]]],
        one: Any = None,
        by: Activation | None = None,
    ) -> dict[tuple[str, str], Any]:
        """Run the threads of a context where one failure cancels the others; what they set (6.8, 8.4).

        Args:
            one: Runs one of them; None: `thread`.
            by: The activation whose body opened the context.
        """
        before = self.finallies
        failures: dict[int, BaseException] = {}
        sets: dict[tuple[str, str], Any] = {}
        for thread, targets in started:
            try:
                await (one or self.thread)(thread, targets)
                sets.update(thread.sets)
            except Unsupported:
                raise
            except Exception as error:
                if self.choices is None:
                    raise
                failures[thread.index] = error
        if failures:
            if len(started) > 1:
                self.may_cut(context, before)
            raise self.gone(by, [self.some_of(failures)]) if by is not None else self.some_of(failures)
        return sets

    def some_of(self, failures: Mapping[int, BaseException]) -> BaseException:
        """What a context fails with in which these threads can fail: with any of them, at least one (10.1)."""
        assert self.choices is not None
        kept = failures if len(failures) == 1 else self.choices.some(failures)
        if not kept:
            self.choices.impossible = True
        return together(list((kept or failures).values()))

    def may_cut(self, context: Context, before: int) -> None:
        """Threads of a context may have been cancelled at any point; `before`: how many `finally` paths had run."""
        self.cut.add(context.path)
        if self.finallies > before:
            raise Unsupported("a `finally` path in flow threads that may be cancelled at any point")

    def watch(self, activation: Activation) -> None:
        """From here on a context of this activation may fail and cancel it, between any two outputs that it sets."""
        activation.watched = True

    def gone(self, activation: Activation, errors: list[BaseException]) -> BaseException:
        """What the activation fails with whose context failed."""
        if activation.written:
            raise Unsupported(f"outputs that {activation.node.id!r} sets while the flow threads that it started fail")
        return together(errors)

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
        """A branch reaches its fan-in (6.3); one that is too late for a race is cut (6.5)."""
        race, again = thread.context.race, thread.index in thread.context.arrivals
        if race is not None and race.left == 0:
            raise self.cut_off(race)
        name = next((n for n in (thread.branch, "value") if n in join.wires or n in join.placed.values), None)
        value = None if name is None else await self.pull(thread, join, name, {})
        if again and join.options.get("arrivals") != "many":
            says = "with `arrivals: many` it would contribute the list of its arrivals"
            said = f"branch {thread.branch!r} arrived twice at fan-in {join.id!r}; {says}"
            raise self.failed(thread, join, FanInIncomplete(said))
        if race is not None:
            assert self.choices is not None
            if self.choices.choose(2):
                raise self.cut_off(race)
            race.left -= 1
        thread.context.arrivals.setdefault(thread.index, []).append(value)

    def cut_off(self, race: Race) -> Cut:
        """A thread is cancelled because others have won."""
        race.cut = True
        return Cut()

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
