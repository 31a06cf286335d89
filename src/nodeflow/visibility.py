"""Whether what is written somewhere can be read elsewhere: across flow threads, and before it is written.

A flow thread sees what its own region and the regions around it wrote (3.2). Nothing is kept per node that
grows with the graph: of the outputs that a data node depends on, the few are remembered that say most, and
where nodes run in several regions, so that the answer has to be searched for, there is a budget. Beyond it,
and wherever the graph is not proof enough, the answer is that all is well: a run will tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, reduce
from typing import Final

from attrs import define, field, frozen

from nodeflow.dataflow import DataFlow, is_data
from nodeflow.linking import LinkedNode, LinkedWorkflow
from nodeflow.model import UNSET
from nodeflow.regions import NOWHERE, SEVERAL, Region, Regions
from nodeflow.signature import Role
from nodeflow.sockets import Pull
from nodeflow.tree import Tree

_BUDGET: Final = 3_000_000
"""How many steps all searches for one workflow may take together."""
_MOST: Final = 4
"""How many outputs are remembered of those that a data node depends on."""
_PAIRS: Final = 10_000
"""How many regions of a writer and a reader are compared."""

_Outputs = dict[int, list[tuple[LinkedNode, str]]]


@frozen
class Place:
    """Where something is written or read: in these regions, or in those that a shared node runs in."""

    regions: tuple[int, ...]
    node: LinkedNode | None = None


@frozen
class Written:
    """An exec output that is read, and where it is written."""

    node: LinkedNode
    socket: str
    place: Place


@define(eq=False, repr=False, slots=False)
class Visibility:
    """Answers for one workflow, which must have no problems of regions and no data cycles."""

    workflow: LinkedWorkflow
    regions: Regions
    flow: DataFlow
    _budget: int = _BUDGET
    _branches: dict[int, dict[str | None, Region]] = field(factory=dict)

    # --- where things are written and read ---

    def place_of(self, node: LinkedNode) -> Place:
        home = self.regions.home[node.index]
        if home == SEVERAL:
            return Place((), node)
        return Place((home,) if home != NOWHERE else ())

    def place_of_output(self, node: LinkedNode, socket: str) -> Place:
        """An `Item`, or the item of a concurrent stream, is written in the threads that the node starts."""
        if is_per_thread(node, socket):
            return _inside(self.regions.regions_of_opener(node))
        return self.place_of(node)

    def place_of_input(self, node: LinkedNode, name: str) -> Place:
        """Result inputs and those of a fan-in are pulled in the threads that are collected there."""
        socket = node.data_ins.get(name)
        if socket is not None and socket.pull is Pull.RESULT:
            return _inside(self.regions.regions_of_opener(node))
        if socket is None or socket.pull is not Pull.ARRIVAL:
            return self.place_of(node)
        opener = self.regions.opener_of.get(node.index)
        if opener is None:
            return _inside([])
        if name == "value":
            branches = self.regions.regions_of_opener(opener)
            return _inside([region for region in branches if region.output not in node.sources])
        branch = self._branches_of(opener).get(name)
        return _inside([] if branch is None else [branch])

    def _branches_of(self, opener: LinkedNode) -> dict[str | None, Region]:
        """The regions of a fan-out by the name of the branch; made once for each."""
        found = self._branches.get(opener.index)
        if found is None:
            regions = self.regions.regions_of_opener(opener)
            found = self._branches[opener.index] = {region.output: region for region in regions}
        return found

    # --- visible ---

    def hidden_reads(self) -> Iterator[tuple[LinkedNode, str, Written]]:
        """Inputs that read, through any data nodes, what no thread that pulls them can ever see (3.5)."""
        for node in self.workflow.nodes:
            if node.is_exec and self.regions.runs(node):
                for name, (source, socket) in node.sources.items():
                    if source is None or not (writers := self._writers(source, socket, self._behind)):
                        continue
                    hidden = self._first_hidden(writers, self.place_of_input(node, name))
                    if hidden is not None:
                        yield node, name, hidden

    def _first_hidden(self, writers: list[Written], reader: Place) -> Written | None:
        """None if in some of the reader's regions all can be seen."""
        if len(writers) * len(reader.regions) > _PAIRS:
            return None
        hidden = None
        for place in [Place((region,)) for region in reader.regions] or [reader]:
            found = next((written for written in writers if not self.is_visible(written.place, place)), None)
            if found is None:
                return None
            hidden = hidden or found
        return hidden

    def is_visible(self, written: Place, reader: Place) -> bool:
        """Whether some thread that reads may lie in, or below, some thread that writes."""
        nowhere = Place(())
        if nowhere in (written, reader) or written == reader:
            return True
        if len(written.regions) * len(reader.regions) > _PAIRS:
            return True
        tree = self.regions.tree
        tops = [self.regions.all[tree.climb(index, 0)] for index in reader.regions]
        if any(top.start is not None and _listens(top.start) for top in tops):
            return True  # sees what the thread saw that triggered the event, whichever that was (9.3)
        if any(tree.is_above(self._scope(a), b) for a in written.regions for b in reader.regions):
            return True
        sure = all(top.opener is None for top in tops)
        return not (sure and written.node is None and reader.node is None) and self._search(written, reader)

    def _scope(self, region: int) -> int:
        """Sequential entries write into one scope: the first one's (8.4)."""
        start = self.regions.all[region].start
        return 0 if start is not None and self.regions.in_one_scope and start.starts_itself else region

    def _search(self, written: Place, reader: Place) -> bool:
        """The same by walking back from the reader through all that leads there."""
        above = {self._scope(index) for index in reader.regions}
        openers = (self.regions.all[index].opener for index in reader.regions)
        todo = [node for node in (reader.node, *openers) if node is not None]
        seen = {node.index for node in todo}
        while todo:
            node = todo.pop()
            if node is written.node or not self._spend(node):
                return True
            starting = self.regions.starting_at(node)
            if any(region.start is not None and _listens(region.start) for region in starting):
                return True
            above.update(self._scope(region.index) for region in starting)
            before = [region.opener for region in starting if region.opener is not None]
            for each in (*self.regions.before(node), *before):
                if each.index not in seen:
                    seen.add(each.index)
                    todo.append(each)
        if written.node is None:
            return any(self._scope(index) in above for index in written.regions)
        self._budget -= len(seen)
        return any(self._scope(region.index) in above for region in self.regions.of_node(written.node))

    def _spend(self, node: LinkedNode) -> bool:
        self._budget -= 1 + len(self.regions.before(node))
        return self._budget > 0

    def _writers(self, source: LinkedNode, socket: str, behind: dict[int, list[Written]]) -> list[Written]:
        if is_data(source):
            return behind.get(source.index, [])
        if not self.regions.runs(source):
            return []
        return [Written(source, socket, self.place_of_output(source, socket))]

    @cached_property
    def _behind(self) -> dict[int, list[Written]]:
        """For each data node the outputs it depends on, less those that are visible wherever others are."""
        behind: dict[int, list[Written]] = {}
        for node in self.flow.order:
            kept: list[Written] = []
            for source, socket in node.sources.values():
                if source is not None:
                    for written in self._writers(source, socket, behind):
                        self._keep(kept, written)
            if kept:
                behind[node.index] = kept
        return behind

    def _keep(self, kept: list[Written], written: Written) -> None:
        for at, each in enumerate(kept):
            if each.place == written.place or self._is_above(written.place, each.place):
                return
            if self._is_above(each.place, written.place):
                kept[at] = written
                return
        if len(kept) < _MOST:
            kept.append(written)

    def _is_above(self, one: Place, other: Place) -> bool:
        if len(one.regions) != 1 or len(other.regions) != 1:
            return False
        return self.regions.tree.is_above(self._scope(one.regions[0]), other.regions[0])

    # --- too early ---

    def early_reads(self) -> Iterator[tuple[LinkedNode, str, LinkedNode, str]]:
        """Inputs that are pulled before the node that writes what they read can have run."""
        for node in self.workflow.nodes:
            if not node.is_exec or not self.regions.runs(node):
                continue
            for name, (source, socket) in node.sources.items():
                into = node.data_ins.get(name)
                if source is None or (into is not None and into.pull is not Pull.EAGER):
                    continue
                for writer, output in self._read_at_once(source, socket, self._at_once):
                    if self._is_early(node, writer, output):
                        yield node, name, writer, output
                        break

    def _is_early(self, reader: LinkedNode, writer: LinkedNode, output: str) -> bool:
        home = self.regions.home[reader.index]
        if not self.regions.runs(writer):
            return True
        if home < 0 or home != self.regions.home[writer.index] or is_per_thread(writer, output):
            return False
        top = self.regions.all[self.regions.tree.climb(home, 0)]
        if top.start is None or _listens(top.start) or reader.index in self._may_repeat:
            return False
        return writer is reader or not self._leads_to(writer, reader)

    def _leads_to(self, one: LinkedNode, other: LinkedNode) -> bool:
        """Whether a flow thread can come from one to the other; yes, if there is no budget to find out."""
        if self.comes_always_before(one, other) or self.comes_always_before(other, one):
            return self.comes_always_before(one, other)
        seen: set[int] = set()
        todo = [other]
        while todo:
            for before in self.regions.before(todo.pop()):
                if before is one or not self._spend(before):
                    return True
                if before.index not in seen:
                    seen.add(before.index)
                    todo.append(before)
        return False

    def _read_at_once(self, source: LinkedNode, socket: str, behind: _Outputs) -> list[tuple[LinkedNode, str]]:
        if is_data(source):
            return behind.get(source.index, [])
        out = source.data_outs.get(socket)
        return [(source, socket)] if out is not None and out.default is UNSET else []

    @cached_property
    def _at_once(self) -> _Outputs:
        """For each data node a few exec outputs without a default that it needs for certain."""
        found: _Outputs = {}
        for node in self.flow.order:
            kept: list[tuple[LinkedNode, str]] = []
            for name, (source, socket) in node.sources.items():
                into = node.data_ins.get(name)
                if source is not None and (into is None or into.pull is Pull.EAGER):
                    kept.extend(self._read_at_once(source, socket, found)[: _MOST - len(kept)])
            if kept:
                found[node.index] = kept
        return found

    @cached_property
    def _may_repeat(self) -> set[int]:
        """Nodes on a cycle or behind a node that may trigger more than once: they may run again."""
        found = {node.index for node in self.regions.order if node.placed.retry is not None}
        size: dict[int, int] = {}
        for node in self.regions.order:
            component = self.regions.component[node.index]
            size[component] = size.get(component, 0) + 1
        todo = [node for node in self.regions.order if _may_trigger_again(node)]
        for node in self.regions.order:
            if size[self.regions.component[node.index]] > 1 or node in self.regions.steps(node):
                found.add(node.index)
        seen: set[int] = set()
        while todo:
            for step in self.regions.steps(todo.pop()):
                if step.index not in seen:
                    seen.add(step.index)
                    todo.append(step)
        return found | seen

    # --- dominators ---

    def comes_always_before(self, one: LinkedNode, other: LinkedNode) -> bool:
        """Whether each way from a thread's start to `other` leads through `one`, or a cycle that it is on."""
        component = self.regions.component
        return self._dominators.is_above(component[one.index], component[other.index])

    @cached_property
    def _dominators(self) -> Tree:
        """Below each cycle, named as in `component`, those to which no way avoids it; above all, a root."""
        root = len(self.workflow.nodes)
        tree = Tree(root + 1)
        component = self.regions.component
        sources: dict[int, set[int]] = {}
        for node in filter(self.regions.runs, self.regions.order):
            known = sources.setdefault(component[node.index], set())
            before = filter(self.regions.runs, self.regions.before(node))
            known.update(component[each.index] for each in before)
            if self.regions.starting_at(node):
                known.add(root)
        for cycle, known in sources.items():  # in the order of `regions.order`
            known.discard(cycle)
            tree.place(cycle, reduce(tree.meet, known) if known else root)
        return tree

    # --- variables ---

    def lost_writes(self, names: set[str]) -> Iterator[tuple[LinkedNode, str, LinkedNode, LinkedNode]]:
        """Reads of a variable behind a scope that wrote it: reader, name, writer, opener of the scope."""
        writers: dict[str, dict[int, LinkedNode]] = {name: {} for name in names}
        for node in self.workflow.nodes:
            home = self.regions.home[node.index]
            for name in variables_of(node):
                if node.is_exec and home >= 0 and name in writers:
                    writers[name].setdefault(home, node)
        for node in self.workflow.nodes:
            home = self.regions.home[node.index]
            if not node.is_exec or home < 0:
                continue
            for name in sorted(self._variables_read(node) & names):
                for inside, writer in writers[name].items():
                    opener = self._opener_between(home, inside)
                    if opener is not None and self._is_lost(node, opener, writers[name].get(home)):
                        yield node, name, writer, opener
                        break

    def _opener_between(self, outer: int, inner: int) -> LinkedNode | None:
        """The node in region `outer` that opened the scope which `inner` lies in."""
        tree = self.regions.tree
        self._budget -= 1
        if outer == inner or self._budget < 0 or not tree.is_above(outer, inner):
            return None
        return self.regions.all[tree.climb(inner, tree.depth[outer] + 1)].opener

    def _is_lost(self, reader: LinkedNode, opener: LinkedNode, outer: LinkedNode | None) -> bool:
        """Whether `reader` is behind the scope, and nothing there wrote the variable anew in between."""
        before = self.comes_always_before
        if outer is not None and before(opener, outer) and before(outer, reader):
            return False
        component = self.regions.component
        if component[reader.index] == component[opener.index]:
            return False
        return before(opener, reader)

    def _variables_read(self, node: LinkedNode) -> set[str]:
        found: set[str] = set()
        for source, _ in node.sources.values():
            if source is not None:
                found |= self._variables.get(source.index, frozenset())
        return found

    @cached_property
    def _variables(self) -> dict[int, frozenset[str]]:
        found: dict[int, frozenset[str]] = {}
        for node in self.flow.order:
            names = {name for source, _ in node.sources.values() if source for name in found.get(source.index, ())}
            if node.type is not None and node.type.reads is not None:
                names.update(variables_of(node))
            if names:
                found[node.index] = frozenset(sorted(names)[:_MOST])
        return found


def _inside(regions: list[Region]) -> Place:
    return Place(tuple(region.index for region in regions))


def _listens(node: LinkedNode) -> bool:
    return node.type is not None and node.type.listens is not None


def is_per_thread(node: LinkedNode, socket: str) -> bool:
    """Whether a data output is written in the threads that the node starts."""
    assert node.type is not None
    out = node.data_outs.get(socket)
    if out is not None and out.per_thread:
        return True
    if not node.type.is_stream or not node.starts_threads("on_item"):
        return False
    streams = (p.socket for p in node.type.signature.parameters if p.role is Role.STREAM)
    return any(stream is not None and stream.name == socket for stream in streams)


def variables_of(node: LinkedNode) -> list[str]:
    """The variables that the options of a node name, where they are not wired."""
    if node.type is None:
        return []
    options = (s.name for s in node.type.options if s.refers is not None and s.refers.value == "variable")
    values = (node.options.get(name) for name in options if name not in node.sources)
    return [value for value in values if isinstance(value, str)]


def _may_trigger_again(node: LinkedNode) -> bool:
    """Whether one activation may trigger twice, as far as its type and its wires tell."""
    assert node.type is not None
    if node.placed.retry is not None or any(len(targets) > 1 for targets in node.targets.values()):
        return True
    roles = {p.role for p in node.type.signature.parameters}
    if not node.type.is_async or not roles & {Role.EXEC_OUT, Role.PORTS_EXEC, Role.STREAM}:
        return False
    outputs = [name for name in node.exec_outs if not node.starts_threads(name)]
    return len(outputs) > 1 or not node.type.signature.returns_exec
