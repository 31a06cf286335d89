"""Follows a run along its wires, for the coverage of its graph.

Observers are told of activations and evaluations, but not by which wire a flow thread came to a node, nor that a branch
arrived. So this listens at the machine too: each of its methods that is wrapped here is a fact that it is told, or the
one place where a wire is followed. It changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nodeflow import observers as seen
from nodeflow.graph import CompiledGraph, ExecNode
from nodeflow.machine import FlowThread
from nodeflow.machine.states import ThreadFact
from nodeflow.runtime.run import Run
from nodeflow.testing.flowtest.coverage import FAILED, GOES_ON, MISSING, Item, Places, pulled_by


class Follower:
    """Follows one run.

    Attributes:
        found: What it came by.
    """

    def __init__(self, graph: CompiledGraph, places: Places, run: Run) -> None:
        self.graph = graph
        self.places = places
        self.machine: Any = run.machine
        self.found: set[Item] = set()
        self._coming: dict[int, list[Item]] = {}
        self._openers: dict[int, ExecNode] = {}
        self._sources = {item: item.what.partition(".")[0] for item in places.pulls.values()}
        run.watchers.add(self._observe)
        for method, hear in self._facts().items():
            self._listen(method, hear)
        self._listen_to_joins()

    def _facts(self) -> dict[str, Callable[..., None]]:
        """What is heard before each method of the machine."""
        return {
            "opened": self._opened,
            "begun": self._begun,
            "triggered": self._triggered,
            "returned": self._returned,
            "left": self._left,
            "unwound": self._unwound,
            "_follow": self._followed,
            "_bottom": self._chain_ended,
            "_arrived": self._arrived,
            "_resulted": self._resulted,
            "pulled": self._pulled,
            "_over": self._ended,
        }

    def _listen(self, method: str, hear: Callable[..., None]) -> None:
        before = getattr(self.machine, method)

        def heard(*arguments: Any, **options: Any) -> Any:
            hear(*arguments)
            return before(*arguments, **options)

        setattr(self.machine, method, heard)

    def _hit(self, kind: str, node: Any, *key: str) -> None:
        item = self.places.named.get((kind, node.workflow.name, node.id, *key))
        if item is not None:
            self.found.add(item)

    # --- exec wires ---

    def _comes_by(self, thread: FlowThread, target: Any) -> None:
        """The thread is about to follow a wire; it has, when something begins there."""
        self._coming[thread.id] = self.places.wires.get(id(target), [])

    def _came(self, thread: int) -> None:
        self.found.update(self._coming.pop(thread, ()))

    def _taken(self, thread: FlowThread, node: ExecNode, output: int) -> None:
        self._hit("branch", node, node.exec_names[output])
        targets = node.targets[output]
        if targets:
            self._comes_by(thread, targets[0])

    def _opened(self, context: Any) -> None:
        frame = context.opener.frame if context.opener is not None else None
        if frame is not None and isinstance(frame.node, ExecNode):
            self._openers[context.id] = frame.node

    def _begun(self, thread: FlowThread) -> None:
        opener = self._openers.get(thread.context.id)
        if opener is not None and thread.branch is not None and not thread.context.doomed:
            self._hit("branch", opener, thread.branch)
        if thread.targets:
            self._comes_by(thread, thread.targets[0])

    def _triggered(self, thread: FlowThread, output: int) -> None:
        frame: Any = thread.frame
        self._taken(thread, frame.node, output)

    def _returned(self, thread: FlowThread, node: ExecNode, output: int, *_: Any) -> None:
        if output >= 0 and node.jump is None:
            self._taken(thread, node, output)

    def _left(self, thread: FlowThread, output: int, *_: Any) -> None:
        frame: Any = thread.frame
        if frame.node.stream is not None and frame.jump is None:
            self._hit("branch", frame.node, frame.node.exec_names[frame.node.stream.completed])
            if output >= 0:
                self._hit("branch", frame.node, frame.node.exec_names[output])

    def _unwound(self, thread: FlowThread) -> None:
        frame: Any = thread.frame
        if frame is frame.jump[1]:
            self._hit("loop", frame.node)
            self._hit("branch", frame.node, frame.node.exec_names[frame.node.loop[1]])

    def _followed(self, thread: FlowThread, targets: Any) -> None:
        if targets:
            self._comes_by(thread, targets[0])

    def _chain_ended(self, thread: FlowThread) -> None:
        frame = thread.frame
        if frame is not None and frame.position < len(frame.targets):
            self._comes_by(thread, frame.targets[frame.position])

    # --- data wires ---

    def _reads(self, item: Item | None) -> None:
        if item is not None and item not in self.found:
            self.found.add(item)
            ran = self.places.named.get(("node", item.workflow, self._sources[item]))
            if ran is not None and self._sources[item] in self.graph.workflows[item.workflow].data_nodes:
                self.found.add(ran)

    def _pulled(self, thread: FlowThread, plan: Any) -> None:
        node: Any = thread.frame.node if thread.frame is not None else None
        self._reads(self.places.pulls.get((node.workflow.name, node.id, plan.name)))

    def _resulted(self, thread: FlowThread, value: Any) -> None:
        opener = self._openers.get(thread.context.id)
        plan = thread.context.result
        if opener is not None and plan is not None:
            self._reads(self.places.pulls.get((opener.workflow.name, opener.id, plan.name)))

    # --- joins and ends ---

    def _arrived(self, thread: FlowThread, node: ExecNode, value: Any) -> None:
        context = thread.context
        if context.satisfied:
            return
        self._came(thread.id)
        opener = self._openers.get(context.id)
        if opener is not None and thread.branch is not None:
            self._hit("arrival", opener, thread.branch)
        name = thread.branch if thread.branch in node.contributions else "value"
        self._reads(self.places.pulls.get((node.workflow.name, node.id, name or "value")))

    def _listen_to_joins(self) -> None:
        before = self.machine.contributions

        def contributions(thread: FlowThread) -> Any:
            node = thread.node
            found, errors, missing = before(thread)
            ways = [GOES_ON, *([FAILED] if errors else []), *([MISSING] if len(missing) > len(errors) else [])]
            for way in ways:
                self._hit("join", node, way)
            return found, errors, missing

        self.machine.contributions = contributions

    def _ended(self, thread: FlowThread, fact: ThreadFact) -> None:
        """A thread ended; one that was cut off counts, unless it had arrived before."""
        opener = self._openers.get(thread.context.id)
        if fact is ThreadFact.CANCELLED and opener is not None and thread.index not in thread.context.arrivals:
            self._hit("cancel", opener)

    # --- what observers are told ---

    def _observe(self, event: seen.Event) -> None:
        if isinstance(event, seen.NodeStarted):
            self._came(event.thread)
            self._ran(event.workflow, self.graph.workflows[event.workflow].nodes[event.node])
        elif isinstance(event, seen.DataEvaluated):
            self._ran(event.workflow, self.graph.workflows[event.workflow].data_nodes[event.node])
        elif isinstance(event, seen.NodeEnded) and event.outcome == "cancelled":
            self._hit("cleanup", self.graph.workflows[event.workflow].nodes[event.node])

    def _ran(self, workflow: str, node: Any) -> None:
        self._hit("node", node)
        for item in pulled_by(self.places, workflow, node):
            self._reads(item)
