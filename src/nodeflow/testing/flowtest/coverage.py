"""Coverage of a graph: what of a document its tests came by, and what they did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import define, field, frozen

from nodeflow.graph import CompiledGraph, ExecNode, WorkflowPlan
from nodeflow.linking import LinkedNode
from nodeflow.model import INPUTS, Document
from nodeflow.node import Jump

KINDS: Final[Mapping[str, str]] = {
    "node": "ran: an exec node was activated, a data node evaluated or read",
    "connection": "an exec wire was followed, a data wire pulled",
    "branch": "an exec output was taken, of a node that has several",
    "arrival": "a branch arrived at its fan-in",
    "join": "the fan-in went on: at all, with a branch missing, with a branch that failed",
    "loop": "the loop was left by `flow.break`",
    "cancel": "a flow thread that the node started was cut off before its end",
    "cleanup": "the `finally` path ran while its node was being cancelled",
}
"""What is counted, and when it is covered."""

GOES_ON: Final = "goes on"
MISSING: Final = "with a branch missing"
FAILED: Final = "with a failed branch"


@frozen
class Item:
    """One thing that a test can come by.

    Attributes:
        kind: One of `KINDS`.
        workflow: Where it is.
        what: In words, as `if.false -> print.enter`.
        needs: The nodes without which it cannot be: of an exec wire where it begins, of a data wire where it ends,
            and where it begins if that is a data node. Of a data node: all that read it, one of which is enough.
        index: Of a connection, its number in the workflow; else -1.
    """

    kind: str
    workflow: str
    what: str
    needs: tuple[str, ...]
    index: int = -1


@define(eq=False)
class Coverage:
    """What the tests of one document came by.

    Attributes:
        subject: What the document is called.
        items: All there is, in document order.
        hits: In how many runs each was come by.
    """

    subject: str
    document: Document
    items: Sequence[Item]
    hits: Counter[Item] = field(factory=Counter)

    @property
    def covered(self) -> int:
        return sum(1 for item in self.items if self.hits[item])

    @property
    def percent(self) -> float:
        return percent(self.covered, len(self.items))

    def by_kind(self) -> dict[str, tuple[int, int]]:
        """For each kind that there is, how many are covered, and how many there are."""
        found = {}
        for kind in KINDS:
            of_kind = [item for item in self.items if item.kind == kind]
            if of_kind:
                found[kind] = (sum(1 for item in of_kind if self.hits[item]), len(of_kind))
        return found

    def uncovered(self) -> list[Item]:
        return [item for item in self.items if not self.hits[item]]

    def in_words(self) -> list[str]:
        """What is not covered, a line each; what can only follow from a line above is left out."""
        uncovered = self.uncovered()
        idle = {(item.workflow, item.what) for item in uncovered if item.kind == "node"}
        never = self._never_run()
        prefix = len(self.document.workflows) > 1
        lines = [f"workflow {name}" for name in never]
        for item in uncovered:
            lacking = [(item.workflow, node) in idle for node in item.needs]
            follows = bool(lacking) and all(lacking) if item.kind == "node" else any(lacking)
            if follows or item.workflow in never:
                continue
            if item.kind == "branch" and self._has_wire(item):
                continue
            where = f"{item.workflow}/" if prefix else ""
            lines.append(f"{item.kind} {where}{item.what}")
        return lines

    def _never_run(self) -> list[str]:
        """Workflows none of whose nodes ran."""
        ran = {item.workflow for item in self.items if item.kind == "node" and self.hits[item]}
        there = dict.fromkeys(item.workflow for item in self.items if item.kind == "node")
        return [name for name in there if name not in ran]

    def _has_wire(self, branch: Item) -> bool:
        """Whether a connection that is not covered says the same."""
        start = f"{branch.what} -> "
        return any(
            item.kind == "connection" and item.workflow == branch.workflow and item.what.startswith(start)
            for item in self.items
        )


def percent(covered: int, of: int) -> float:
    """How much that is; all, if there is nothing."""
    return 100.0 * covered / of if of else 100.0


# --- what there is ------------------------------------------------------------------------------------


@define(eq=False)
class Places:
    """Where in a compiled graph each item is: what is asked of it while a run goes on.

    Attributes:
        items: All of them, in document order.
        wires: By id of a compiled target, the connections that lead there: several, through disabled nodes.
        pulls: By workflow, node and input, the connection.
        named: All others, by kind, workflow, and node (and output).
    """

    items: dict[Item, None] = field(factory=dict)
    wires: dict[int, list[Item]] = field(factory=dict)
    pulls: dict[tuple[str, str, str], Item] = field(factory=dict)
    named: dict[tuple[str, ...], Item] = field(factory=dict)

    def add(
        self, kind: str, workflow: str, what: str, node: str, *key: str, needs: tuple[str, ...] | None = None
    ) -> None:
        item = Item(kind, workflow, what, (node,) if needs is None else needs)
        self.named[(kind, workflow, node, *key)] = item
        self.items[item] = None


def places_in(graph: CompiledGraph, linked: Mapping[str, Mapping[str, LinkedNode]]) -> Places:
    """What of a compiled document can be covered.

    Args:
        linked: By workflow and id, the linked nodes: they know their sockets, also those that are disabled.
    """
    places = Places()
    for name, plan in graph.workflows.items():
        _Workflow(places, plan, linked[name]).collect(graph.document)
    return places


class _Workflow:
    """Collects what is in one workflow."""

    def __init__(self, places: Places, plan: WorkflowPlan, linked: Mapping[str, LinkedNode]) -> None:
        self.places = places
        self.plan = plan
        self.linked = linked
        self.name = plan.name

    def collect(self, document: Document) -> None:
        connections = document.workflows[self.name].connections
        readers: dict[str, list[str]] = {}
        for connection in connections:
            if connection.from_node in self.plan.data_nodes and self._is_there(connection.to_node):
                readers.setdefault(connection.from_node, []).append(connection.to_node)
        for id in filter(self._is_there, self.plan.order):
            self.places.add("node", self.name, id, id, needs=tuple(readers.get(id, ())))
            if id in self.plan.nodes:
                self._of_exec_node(self.plan.nodes[id])
        ends = [(c.from_node, c.from_socket, c.to_node, c.to_socket) for c in connections]
        items: dict[int, Item] = {}
        self._exec_wires(ends, items)
        self._data_wires(ends, items)
        for index in sorted(items):
            self.places.items[items[index]] = None

    def _is_there(self, id: str) -> bool:
        return id in self.linked and not self.linked[id].placed.disabled

    # --- nodes ---

    def _of_exec_node(self, node: ExecNode) -> None:
        add, name, id = self.places.add, self.name, node.id
        for index, output in enumerate(node.exec_names if len(node.exec_names) > 1 else ()):
            starts, leads = node.starts[index], bool(node.targets[index])
            if (leads or not starts) and (starts or node.join is None):
                add("branch", name, f"{id}.{output}", id, output)
        if node.join is not None:
            for index, output in enumerate(node.exec_names):
                if node.starts[index] and node.targets[index]:
                    add("arrival", name, f"{id}.{output} at {node.join.id}", id, output)
            self._join(node, node.join)
        if _is_left_by_break(node):
            add("loop", name, f"{id} left by break", id)
        if any(node.starts[index] and targets for index, targets in enumerate(node.targets)):
            add("cancel", name, f"{id}: a flow thread of it", id)
        if "finally" in node.exec_names and node.targets[node.exec_names.index("finally")]:
            add("cleanup", name, f"{id}.finally while cancelled", id)

    def _join(self, opener: ExecNode, join: ExecNode) -> None:
        policy = join.join_policy
        ways = [GOES_ON]
        if policy is not None and not policy.quorum:
            ways += [MISSING] if policy.missing != "error" else []
            ways += [FAILED] if opener.options.get("errors") == "collect" else []
        for way in ways:
            self.places.add("join", self.name, f"{join.id} {way}", join.id, way)

    # --- wires ---

    def _exec_wires(self, ends: Sequence[tuple[str, str, str, str]], items: dict[int, Item]) -> None:
        leaving: dict[tuple[str, str], list[int]] = {}
        for index, (source, output, target, _) in enumerate(ends):
            if source in self.linked and output in self.linked[source].exec_outs and target in self.linked:
                leaving.setdefault((source, output), []).append(index)
        for node in self.plan.nodes.values():
            if not self._is_there(node.id):
                continue
            for position, output in enumerate(node.exec_names):
                paths = self._paths(ends, leaving, leaving.get((node.id, output), ()))
                for path in paths:
                    for index in path:
                        items.setdefault(index, self._connection(ends[index], index, (ends[index][0],)))
                targets = node.targets[position]
                if len(targets) == len(paths) and (node.join is None or node.starts[position]):
                    for compiled, path in zip(targets, paths, strict=True):
                        self.places.wires[id(compiled)] = [items[index] for index in path]

    def _paths(
        self, ends: Sequence[tuple[str, str, str, str]], leaving: Mapping[tuple[str, str], list[int]],
        first: Iterable[int],
    ) -> list[list[int]]:  # fmt: skip
        """The connections to each node that an output leads to; several, where disabled ones lie between."""
        found: list[list[int]] = []
        todo = [[index] for index in first][::-1]
        seen: set[str] = set()
        while todo:
            path = todo.pop()
            target = ends[path[-1]][2]
            if not self.linked[target].placed.disabled:
                found.append(path)
            elif target not in seen:
                seen.add(target)
                todo.extend([*path, index] for index in reversed(leaving.get((target, "exit"), [])))
        return found

    def _data_wires(self, ends: Sequence[tuple[str, str, str, str]], items: dict[int, Item]) -> None:
        for index, (source, output, target, into) in enumerate(ends):
            node = self.linked.get(target)
            is_input = source == INPUTS or (self._is_there(source) and output in self.linked[source].data_outs)
            if node is None or not is_input or not self._is_there(target) or into not in node.sources:
                continue
            needs = (target, source) if source in self.plan.data_nodes else (target,)
            item = items[index] = self._connection(ends[index], index, needs)
            self.places.pulls[self.name, target, into] = item

    def _connection(self, end: tuple[str, str, str, str], index: int, needs: tuple[str, ...]) -> Item:
        source, output, target, into = end
        return Item("connection", self.name, f"{source}.{output} -> {target}.{into}", needs, index)


def _is_left_by_break(node: ExecNode) -> bool:
    """Whether a `flow.break` can be reached from a loop's body without entering another loop's or thread."""
    if node.loop is None:
        return False
    seen: set[int] = set()
    todo = [target for target, _ in node.targets[node.loop[0]]]
    while todo:
        each = todo.pop()
        if each.jump is Jump.BREAK:
            return True
        if each.index in seen or each.is_join or each is node:
            continue
        seen.add(each.index)
        todo.extend(_behind_in_thread(each))
    return False


def _behind_in_thread(node: ExecNode) -> Iterator[ExecNode]:
    for position, targets in enumerate(node.targets):
        inner = node.loop is not None and position == node.loop[0]
        if not inner and not node.starts[position]:
            yield from (target for target, _ in targets)


def pulled_by(places: Places, workflow: str, node: Any) -> list[Item]:
    """The wires that an activation or evaluation pulls before it begins."""
    found = [places.pulls.get((workflow, node.id, plan.name)) for plan in node.eager]
    return [item for item in found if item is not None]
