"""The compiled graph: names became indexes, conversions became hidden data nodes, pairs and roots are known.

Everything here is made once and never changed, so that many runs can share it. The machine reads it on every
step; that is why these are plain slotted classes, and why what a step needs lies in tuples.

Slots (of cells) and memo indexes (of data nodes) are unique in the whole document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from nodeflow.linking import LinkedDocument, LinkedNode, LinkedWorkflow
from nodeflow.model import UNSET, Document
from nodeflow.node import Jump, NodeType
from nodeflow.regions import Regions, find_regions
from nodeflow.signature import Role
from nodeflow.sockets import Pull, Socket
from nodeflow.values import ANY, Fit, SocketType, fit

CONST: Final = 0
"""The value stands in the plan: a literal, a default, an option."""
CELL: Final = 1
"""The newest cell of a slot in the reader's scope: an exec output, a local variable, a graph input."""
DATA: Final = 2
"""An output of a data node: remembered, or to be evaluated."""
SHARED: Final = 3
"""A variable or state of the `WorkflowContext`."""
PROCESS: Final = 4
"""A variable of the run."""
MISSING: Final = 5
"""Nothing to read: `MissingInput`."""


class InputPlan:
    """Where an input's value comes from (semantics 3.4).

    Attributes:
        kind: `CONST`, `CELL`, `DATA`, `SHARED`, `PROCESS` or `MISSING`.
        value: The constant, or what an unwritten cell reads as (`UNSET`: it is missing).
        slot: Of a cell or variable.
        node, output: The data node, and which of its outputs.
        exact, convert: Where a value may need converting: the type of values that do not, and the hidden node.
        name: Name of the socket, for messages.
        source: What it reads, for messages.
    """

    __slots__ = ("convert", "exact", "kind", "name", "node", "output", "slot", "source", "value")

    def __init__(
        self, kind: int, name: str, value: Any = UNSET, slot: int = -1, node: DataNode | None = None, output: int = 0
    ) -> None:
        self.kind = kind
        self.name = name
        self.value = value
        self.slot = slot
        self.node = node
        self.output = output
        self.exact: type | None = None
        self.convert: DataNode | None = None
        self.source = ""


class OutputPlan:
    """Where a data output is written, and how it is checked: if `type(value) is exact`, not at all (3.6)."""

    __slots__ = ("adapt", "exact", "name", "slot", "type")

    def __init__(self, name: str, slot: int, kind: SocketType) -> None:
        self.name = name
        self.slot = slot
        self.type = kind
        self.exact = kind.exact
        self.adapt = None if kind == ANY else kind.adapt


class DataNode:
    """A compiled data node, or a hidden conversion on a wire (`convert_to` is set then).

    Attributes:
        index: Key of its memo.
        below: The data nodes that read it directly.
        rootless: Nothing it depends on ever changes: evaluated once per run.
        shared_roots: Slots of the shared and process variables that it depends on.
        feeds_lazy: A lazy input may leave it stale below something fresh, so marking must not stop at it.
    """

    __slots__ = (
        "below",
        "binding",
        "convert_to",
        "eager",
        "feeds_lazy",
        "id",
        "index",
        "inputs",
        "options",
        "outputs",
        "ports",
        "rootless",
        "shared_roots",
        "states",
        "type",
        "volatile",
        "workflow",
    )

    def __init__(self, index: int, id: str, node_type: NodeType | None, workflow: WorkflowPlan) -> None:
        self.index = index
        self.id = id
        self.type = node_type
        self.workflow = workflow
        self.inputs: dict[str, InputPlan] = {}
        self.options: Mapping[str, Any] = {}
        self.ports: Mapping[str, tuple[str, ...]] = {}
        self.eager: tuple[InputPlan, ...] = ()
        self.outputs: tuple[OutputPlan, ...] = ()
        self.states: dict[str, int] = {}
        self.below: list[DataNode] = []
        self.volatile = node_type is not None and node_type.volatile
        self.rootless = False
        self.shared_roots: tuple[int, ...] = ()
        self.feeds_lazy = False
        self.convert_to: SocketType | None = None
        self.binding: Any = None

    def __repr__(self) -> str:
        return f"<data node {self.id}>"


Target = tuple["ExecNode", int]
"""An exec node and the index of the exec input that it is entered by."""

BEHIND: Final = -1
"""The exec input of a fan-in by which the opener goes on when the context has closed."""


class ExecNode:
    """A compiled exec node.

    Attributes:
        eager: Inputs that are resolved before the body starts, in the order in which its binding wants them.
        inputs: All data inputs by name.
        outputs: Data outputs, by index; `states` are the slots of its local states by parameter.
        targets: For each exec output, by index, the nodes it leads to and the exec input it enters by.
        exec_names: Names of the exec outputs, by index.
        loop: Indexes of the body and exit outputs of a loop.
        join: For a fan-out, the fan-in behind it; for a fan-in, see `is_join` and `contributions`.
        starts: For each exec output, whether it starts flow threads.
        elidable: Indexes of outputs that start threads none of whose bodies can block.
        binding: How its body is called; made and read by the runtime only.
    """

    __slots__ = (
        "binding",
        "capacity",
        "contributions",
        "eager",
        "elidable",
        "exec_names",
        "id",
        "index",
        "inputs",
        "is_async",
        "is_join",
        "join",
        "join_policy",
        "jump",
        "loop",
        "options",
        "outputs",
        "ports",
        "result",
        "retry",
        "shared_states",
        "starts",
        "states",
        "stream",
        "targets",
        "timeout",
        "type",
        "workflow",
    )

    def __init__(self, index: int, linked: LinkedNode, workflow: WorkflowPlan) -> None:
        assert linked.type is not None
        self.index = index
        self.id = linked.id
        self.type = linked.type
        self.workflow = workflow
        self.is_async = linked.type.is_async
        self.options: Mapping[str, Any] = linked.options
        self.ports: Mapping[str, tuple[str, ...]] = linked.ports
        self.inputs: dict[str, InputPlan] = {}
        self.eager: tuple[InputPlan, ...] = ()
        self.outputs: tuple[OutputPlan, ...] = ()
        self.states: dict[str, int] = {}
        self.shared_states: frozenset[int] = frozenset()
        self.exec_names: tuple[str, ...] = tuple(linked.exec_outs)
        self.targets: tuple[tuple[Target, ...], ...] = ()
        self.loop: tuple[int, int] | None = None
        self.jump: Jump | None = linked.type.jump
        self.is_join = linked.type.is_join
        self.join: ExecNode | None = None
        self.join_policy: JoinPolicy | None = None
        self.contributions: dict[str, InputPlan] = {}
        self.result: InputPlan | None = None
        self.starts = tuple(linked.starts_threads(name) for name in linked.exec_outs)
        self.stream: StreamPlan | None = None
        self.elidable: frozenset[int] = frozenset()
        self.timeout = linked.placed.timeout
        self.retry = linked.placed.retry
        self.capacity = linked.placed.capacity
        self.binding: Any = None

    def __repr__(self) -> str:
        return f"<exec node {self.id}>"


@frozen
class JoinPolicy:
    """When a join goes on, and what a branch that does not arrive counts as (6.5, 6.6).

    Attributes:
        quorum: How many arrivals satisfy it; 0: all branches end first.
        missing: `error`, `skip` or `none`.
        many: A branch may arrive several times, and contributes the list.
    """

    quorum: int = 0
    missing: str = "error"
    many: bool = False


@frozen
class StreamPlan:
    """A stream output: slot of the item, exec outputs, and how many items run at once (0: sequential)."""

    item: int
    on_item: int
    completed: int
    in_flight: int
    errors: str


@frozen
class VariablePlan:
    """A variable: its slot, and the kind of plan that reads it (`CELL`, `SHARED` or `PROCESS`)."""

    name: str
    slot: int
    type: SocketType
    default: Any
    kind: int


class WorkflowPlan:
    """A compiled workflow."""

    __slots__ = (
        "copied_defaults",
        "data_nodes",
        "defaults",
        "document",
        "entries",
        "events",
        "inputs",
        "listeners",
        "name",
        "nodes",
        "order",
        "outputs",
        "sequential",
        "variables",
    )

    def __init__(self, linked: LinkedWorkflow, document: CompiledGraph) -> None:
        self.name = linked.name
        self.document = document
        self.events: Mapping[str, SocketType] = linked.events
        self.nodes: dict[str, ExecNode] = {}
        self.data_nodes: dict[str, DataNode] = {}
        self.inputs: dict[str, OutputPlan] = {}
        self.defaults: dict[str, Any] = {}
        """Defaults of inputs that have one."""
        self.outputs: dict[str, OutputPlan] = {}
        self.variables: dict[str, VariablePlan] = {}
        self.copied_defaults: tuple[VariablePlan, ...] = ()
        """Variables whose default is a list or dict: each run has one of its own (3.7)."""
        self.entries: tuple[ExecNode, ...] = ()
        self.listeners: dict[str, tuple[ExecNode, ...]] = {}
        self.order = tuple(node.id for node in linked.nodes)
        """Ids of all nodes, in document order."""
        self.sequential = linked.model.entries == "sequential"

    def __repr__(self) -> str:
        return f"<workflow {self.name}>"


class CompiledGraph:
    """A compiled document."""

    __slots__ = ("below", "document", "entry", "exemptions", "memos", "resources", "slots", "workflows")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.workflows: dict[str, WorkflowPlan] = {}
        self.entry = document.entry
        self.below: dict[int, tuple[DataNode, ...]] = {}
        """For each slot, the data nodes that read it directly."""
        self.resources: Sequence[ExecNode | DataNode] = ()
        """Nodes that hold a resource and that a run may come to, in document order."""
        self.exemptions: Sequence[str] = ()
        """Why what a run gives may depend on the schedule (T7), in words."""
        self.slots = 0
        self.memos = 0

    def new_slot(self) -> int:
        self.slots += 1
        return self.slots - 1

    def new_memo(self) -> int:
        self.memos += 1
        return self.memos - 1


def compile_graph(linked: LinkedDocument) -> CompiledGraph:
    """Compile a document that has passed the checks."""
    graph = CompiledGraph(linked.document)
    process = {
        name: VariablePlan(name, graph.new_slot(), kind, default, PROCESS)
        for name, (kind, default, scope) in _process_variables(linked).items()
        if scope == "process"
    }
    for workflow in linked.workflows.values():
        graph.workflows[workflow.name] = _WorkflowCompiler(workflow, graph, process).compile()
    return graph


def _process_variables(linked: LinkedDocument) -> dict[str, tuple[SocketType, Any, str]]:
    found: dict[str, tuple[SocketType, Any, str]] = {}
    for workflow in linked.workflows.values():
        found.update({name: v for name, v in workflow.variables.items() if v[2] == "process"})
    return found


_SCOPES = {"local": CELL, "shared": SHARED}


class _WorkflowCompiler:
    def __init__(self, linked: LinkedWorkflow, graph: CompiledGraph, process: Mapping[str, VariablePlan]) -> None:
        self.linked = linked
        self.graph = graph
        self.process = process
        self.plan = WorkflowPlan(linked, graph)
        self.exec_nodes: dict[int, ExecNode] = {}
        self.data_nodes: dict[int, DataNode] = {}
        self.converters: dict[tuple[Any, ...], DataNode] = {}
        self.below: dict[int, list[DataNode]] = {}

    def compile(self) -> WorkflowPlan:
        self._declarations()
        for node in self.linked.nodes:
            self._shell(node)
        for node in self.linked.nodes:
            self._inputs(node)
        for index, compiled in self.exec_nodes.items():
            self._targets(self.linked.nodes[index], compiled)
        mark_data_nodes(self.plan, [*self.data_nodes.values(), *self.converters.values()], self.below)
        self._starts()
        self._pairs(find_regions(self.linked))
        return self.plan

    def _declarations(self) -> None:
        plan, linked, slot = self.plan, self.linked, self.graph.new_slot
        plan.inputs = {name: OutputPlan(name, slot(), s.type) for name, s in linked.inputs.items()}
        plan.defaults = {name: s.default for name, s in linked.inputs.items() if s.default is not UNSET}
        plan.outputs = {name: OutputPlan(name, slot(), s.type) for name, s in linked.outputs.items()}
        for name, (kind, default, scope) in linked.variables.items():
            if scope == "process":
                plan.variables[name] = self.process[name]
            else:
                plan.variables[name] = VariablePlan(name, slot(), kind, default, _SCOPES[scope])
        plan.copied_defaults = tuple(v for v in plan.variables.values() if isinstance(v.default, list | dict))

    def _shell(self, linked: LinkedNode) -> None:
        """Make the compiled node, with its outputs but without wires."""
        assert linked.type is not None
        node: ExecNode | DataNode
        if linked.is_exec:
            node = self.exec_nodes[linked.index] = self.plan.nodes[linked.id] = ExecNode(
                linked.index, linked, self.plan
            )
            node.outputs = tuple(OutputPlan(s.name, self.graph.new_slot(), s.type) for s in linked.data_outs.values())
        else:
            node = DataNode(self.graph.new_memo(), linked.id, linked.type, self.plan)
            self.data_nodes[linked.index] = self.plan.data_nodes[linked.id] = node
            node.options, node.ports = linked.options, linked.ports
            node.outputs = tuple(OutputPlan(s.name, -1, s.type) for s in linked.data_outs.values())
        states = [p for p in linked.type.signature.parameters if p.role is Role.STATE]
        if states:
            node.states = {p.name: self.graph.new_slot() for p in states}
            if isinstance(node, ExecNode):
                node.shared_states = frozenset(node.states[p.name] for p in states if p.shared)

    # --- inputs ---

    def _inputs(self, linked: LinkedNode) -> None:
        node = self.exec_nodes.get(linked.index) or self.data_nodes[linked.index]
        for name, socket in linked.data_ins.items():
            node.inputs[name] = self._input(linked, socket)
        for socket in linked.type.options if linked.type else ():
            if socket.name in linked.sources:
                node.inputs[socket.name] = self._input(linked, socket)
        if isinstance(node, ExecNode) and node.is_join:
            node.contributions = {
                name: plan
                for name, plan in node.inputs.items()
                if name == "value" or name in linked.sources or name in linked.literals
            }

    def _input(self, linked: LinkedNode, socket: Socket) -> InputPlan:
        source = linked.sources.get(socket.name)
        if source is None:
            value = linked.literals.get(socket.name, socket.default)
            return InputPlan(MISSING if value is UNSET else CONST, socket.name, value)
        plan, kind = self._source(socket.name, *source)
        plan.source = f"{source[0].id if source[0] else 'inputs'}.{source[1]}"
        if fit(kind, socket.type) is not Fit.FITS:
            plan.exact = socket.type.exact
            plan.convert = self._converter(plan, socket.type)
        return plan

    def _source(self, name: str, source: LinkedNode | None, output: str) -> tuple[InputPlan, SocketType]:
        if source is None:
            given = self.plan.inputs[output]
            return InputPlan(CELL, name, UNSET, given.slot), given.type
        if source.is_exec:
            index = list(source.data_outs).index(output) if len(source.data_outs) > 1 else 0
            written = self.exec_nodes[source.index].outputs[index]
            return InputPlan(CELL, name, source.data_outs[output].default, written.slot), written.type
        assert source.type is not None
        if source.placed.disabled:
            return InputPlan(MISSING, name), ANY
        if source.type.reads and source.type.reads not in source.sources:
            variable = self.plan.variables[source.options[source.type.reads]]
            return InputPlan(variable.kind, name, variable.default, variable.slot), variable.type
        node = self.data_nodes[source.index]
        index = list(source.data_outs).index(output) if len(source.data_outs) > 1 else 0
        return InputPlan(DATA, name, node=node, output=index), node.outputs[index].type

    def _converter(self, plan: InputPlan, target: SocketType) -> DataNode:
        """The hidden node that converts what `plan` reads, one for each source and target type (3.6)."""
        key = (plan.kind, plan.slot, plan.node, plan.output, target.name)
        found = self.converters.get(key)
        if found is None:
            raw = InputPlan(plan.kind, "value", plan.value, plan.slot, plan.node, plan.output)
            raw.source = plan.source
            found = self.converters[key] = DataNode(self.graph.new_memo(), plan.source, None, self.plan)
            found.inputs = {"value": raw}
            found.eager = (raw,)
            found.convert_to = target
            found.outputs = (OutputPlan("value", -1, ANY),)
        return found

    # --- wires and what follows from them ---

    def _targets(self, linked: LinkedNode, node: ExecNode) -> None:
        targets: list[tuple[Target, ...]] = []
        for name in node.exec_names:
            leads_to = linked.targets.get(name)
            if not leads_to:
                targets.append(())
                continue
            targets.append(tuple((self.exec_nodes[n.index], _position(n.exec_ins, entered)) for n, entered in leads_to))
        node.targets = tuple(targets)
        if node.type.loop is not None:
            body, leave = node.type.loop
            node.loop = (node.exec_names.index(body), node.exec_names.index(leave))
        for socket in linked.data_ins.values():
            if socket.pull is Pull.RESULT:
                node.result = node.inputs[socket.name]
        if node.type.is_stream:
            node.stream = self._stream(node)

    def _stream(self, node: ExecNode) -> StreamPlan:
        parameter = next(p for p in node.type.signature.parameters if p.role is Role.STREAM)
        assert parameter.socket is not None
        item = next(i for i, o in enumerate(node.outputs) if o.name == parameter.socket.name)
        in_flight = node.options["max_in_flight"]
        return StreamPlan(
            item,
            node.exec_names.index("on_item"),
            node.exec_names.index("completed"),
            0 if node.options["mode"] != "concurrent" else (16 if in_flight is UNSET else in_flight),
            node.options["errors"],
        )

    def _starts(self) -> None:
        self.plan.entries = tuple(self.exec_nodes[n.index] for n in self.linked.entries)
        for event in self.linked.events:
            found = self.linked.listeners(event)
            if found:
                self.plan.listeners[event] = tuple(self.exec_nodes[n.index] for n in found)

    def _pairs(self, regions: Regions) -> None:
        for index, join in regions.join_of.items():
            opener, behind = self.exec_nodes[index], self.exec_nodes[join.index]
            opener.join = behind
            behind.join_policy = _join_policy(behind.options)
            linked = self.linked.nodes[index]
            opener.targets = tuple(
                targets if linked.starts_threads(name) else ((behind, BEHIND),)
                for name, targets in zip(opener.exec_names, opener.targets, strict=True)
            )
        blocking = _Blocking(self)
        for node in self.exec_nodes.values():
            if not node.type.opens_threads:
                continue
            if blocking.collecting_can_block(node):
                continue
            safe = []
            position = {name: index for index, name in enumerate(node.exec_names)}
            for region in regions.regions_of_opener(self.linked.nodes[node.index]):
                if all(not blocking.can_block(n) for n in region.nodes) and _is_acyclic(region.nodes):
                    safe.append(position[region.output or ""])
            node.elidable = frozenset(safe)


def _is_acyclic(nodes: Sequence[LinkedNode]) -> bool:
    """Whether no wire leads back: a thread that may go round for ever must take turns with others (5)."""
    inside = {node.index: node for node in nodes}
    waits = dict.fromkeys(inside, 0)
    for node in nodes:
        for targets in node.targets.values():
            for target, _ in targets:
                if target.index in waits:
                    waits[target.index] += 1
    ready = [index for index, count in waits.items() if not count]
    done = 0
    while ready:
        done += 1
        for targets in inside[ready.pop()].targets.values():
            for target, _ in targets:
                if target.index in waits:
                    waits[target.index] -= 1
                    if not waits[target.index]:
                        ready.append(target.index)
    return done == len(inside)


def _position(names: Mapping[str, Socket], name: str) -> int:
    return 0 if len(names) == 1 else list(names).index(name)


def _join_policy(options: Mapping[str, Any]) -> JoinPolicy:
    join = options.get("join", "all")
    quorum = 1 if join == "any" else join["quorum"] if isinstance(join, Mapping) else 0
    return JoinPolicy(quorum, options.get("missing", "error"), options.get("arrivals") == "many")


class _Blocking:
    """Which bodies can block, so that a context without any may do without a nursery (5)."""

    def __init__(self, compiler: _WorkflowCompiler) -> None:
        self.compiler = compiler
        self.data: dict[int, bool] = {}

    def can_block(self, linked: LinkedNode) -> bool:
        node = self.compiler.exec_nodes[linked.index]
        if (
            node.type.is_async
            or node.type.blocking
            or node.timeout
            or node.capacity
            or node.retry
            or node.type.resource
        ):
            return True
        return any(self._data_can_block(plan) for plan in node.inputs.values())

    def collecting_can_block(self, opener: ExecNode) -> bool:
        """Whether what is pulled at the end of the opener's threads can: its result, what its fan-in gets."""
        plans = [] if opener.result is None else [opener.result]
        if opener.join is not None:
            plans.extend(opener.join.contributions.values())
        return any(self._data_can_block(plan) for plan in plans)

    def _data_can_block(self, plan: InputPlan) -> bool:
        todo = [n for n in (plan.convert, plan.node) if n is not None]
        seen: list[int] = []
        while todo:
            node = todo.pop()
            known = self.data.get(node.index)
            if known is None:
                known = self.data[node.index] = node.type is not None and (node.type.is_async or node.type.blocking)
                seen.append(node.index)
            elif not known:
                continue
            if known:  # those on the way here can block too, and which they are is not known
                for index in seen:
                    if not self.data[index]:
                        del self.data[index]
                return True
            todo.extend(n for p in node.inputs.values() for n in (p.convert, p.node) if n is not None)
        return False


# --- data nodes -------------------------------------------------------------------------------------------


def mark_data_nodes(plan: WorkflowPlan, nodes: Sequence[DataNode], below: dict[int, list[DataNode]]) -> None:
    """Find out, in one pass from the roots down, what each data node depends on.

    Sets `below`, `volatile`, `rootless`, `shared_roots` and `feeds_lazy`. Near-linear: no list of roots per node,
    only of the shared variables, which have no scope that could be marked.
    """
    order = _wire_below(plan, nodes, below)
    interned: dict[frozenset[int], frozenset[int]] = {}
    shared: dict[int, frozenset[int]] = {}
    nothing: frozenset[int] = frozenset()
    for node in order:
        roots, rooted = nothing, False
        for p in _reads(node):
            if p.kind in (SHARED, PROCESS):
                roots, rooted = roots | {p.slot}, True
            elif p.kind == CELL:
                rooted = True
            elif p.kind == DATA:
                assert p.node is not None
                rooted = rooted or not p.node.rootless
                node.volatile = node.volatile or p.node.volatile
                above = shared[p.node.index]
                roots = above if not roots else roots if not above or above is roots else roots | above
        if node.type is not None and node.type.reads:
            rooted = True
            roots = roots | {v.slot for v in plan.variables.values() if v.kind != CELL}
        shared[node.index] = roots = interned.setdefault(roots, roots)
        node.rootless = not rooted and not node.volatile
        node.shared_roots = tuple(roots)
    _mark_lazy(order)
    plan.document.below.update((slot, tuple(readers)) for slot, readers in below.items())


def _reads(node: DataNode) -> list[InputPlan]:
    """What a data node reads, through its hidden conversions too."""
    plans = []
    for plan in node.inputs.values():
        plans.append(plan)
        if plan.convert is not None:
            plans.append(InputPlan(DATA, plan.name, node=plan.convert))
    return plans


def _wire_below(plan: WorkflowPlan, nodes: Sequence[DataNode], below: dict[int, list[DataNode]]) -> list[DataNode]:
    """Set `below` of every node and slot; returns the nodes in an order in which each comes after what it reads."""
    waits: dict[int, int] = {}
    for node in nodes:
        waits[node.index] = 0
        for p in _reads(node):
            if p.kind == CELL:
                below.setdefault(p.slot, []).append(node)
            elif p.kind == DATA:
                assert p.node is not None
                p.node.below.append(node)
                waits[node.index] += 1
        if node.type is not None and node.type.reads:
            for variable in plan.variables.values():
                if variable.kind == CELL:
                    below.setdefault(variable.slot, []).append(node)
    order = [node for node in nodes if not waits[node.index]]
    for node in order:
        for reader in node.below:
            waits[reader.index] -= 1
            if not waits[reader.index]:
                order.append(reader)
    return order


def _mark_lazy(order: Sequence[DataNode]) -> None:
    """Mark everything above a lazy input of a data node: see `DataNode.feeds_lazy`."""
    for node in reversed(order):
        lazy: set[str] = set()
        if node.type is not None:
            lazy = {s.name for s in node.type.data_ins if s.pull is Pull.LAZY}
            for p in node.type.signature.parameters:
                if p.role is Role.PORTS_LAZY:
                    lazy.update(node.ports.get(p.name, ()))
        for name, plan in node.inputs.items():
            if node.feeds_lazy or name in lazy:
                for above in (plan.node, plan.convert):
                    if above is not None:
                        above.feeds_lazy = True
