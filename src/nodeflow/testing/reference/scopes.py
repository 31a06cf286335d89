"""Contexts that a body opens: their threads run one after the other when the scope is left (5, 6, 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import trio

from nodeflow.errors import FanInIncomplete
from nodeflow.model import UNSET
from nodeflow.node import ScopeKind
from nodeflow.testing.reference.choices import Choices, Cut, Race, Unsupported
from nodeflow.testing.reference.records import Context, Thread

if TYPE_CHECKING:
    from nodeflow.testing.reference.activations import Activation
    from nodeflow.testing.reference.graphs import Node
    from nodeflow.testing.reference.handles import ExecOut


class Scope:
    """An open context: its threads run one after the other when it is left."""

    def __init__(self, activation: Activation, context: Context, terms: Mapping[str, Any]) -> None:
        self.activation = activation
        self.context = context
        self.terms = terms
        self.collects = terms["errors"] == "collect"
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
        """Run what was started, and settle what comes of it."""
        of, first = self.activation, self.terms["first"]
        join = of.node.graph.fan_in.get(of.node.id) if self.terms["kind"] is ScopeKind.FAN_OUT else None
        policy = "all" if join is None else join.options.get("join", "all")
        if policy != "all" or first:
            choices = of.run_.choices
            if choices is None:
                what = f"the join {policy!r} of {join.id!r}" if join is not None and policy != "all" else "a scope"
                raise Unsupported(f"{what}: a race")
            before = of.run_.finallies
            if join is not None:
                quorum = policy["quorum"] if isinstance(policy, Mapping) else 1 if policy == "any" else first
                await self._race_to(quorum, choices)
            else:
                await self._race(first, choices)
            of.run_.may_cut(self.context, before)
        else:
            await self._all()
            self._check_missing(join)
        self.errors = [self.context.failures[i] for i in sorted(self.context.failures)]
        of.thread.sets.update(self.context.sets)

    # --- all of them (6, 7) ---

    async def _all(self) -> None:
        of, context = self.activation, self.context
        if self.collects:
            for thread, targets in self.started:
                try:
                    await self._thread(thread, targets)
                    context.sets.update(thread.sets)
                except Unsupported:
                    raise
                except Exception as error:
                    context.failures[thread.index] = error
        else:
            context.sets.update(await of.run_.together(context, self.started, self._thread, of))
        if self.terms["result"]:
            fill = self.terms["missing"] == "none"
            came = range(len(context.names))
            self.results = [context.results.get(i) for i in came if fill or i in context.results]

    async def _thread(self, thread: Thread, targets: list[tuple[Node, str]]) -> None:
        whole = await self.activation.run_.thread(thread, targets)
        if whole and self.terms["result"]:
            await self._result(thread)

    async def _result(self, thread: Thread) -> None:
        of = self.activation
        source = of.node.wires.get("result")
        if source is not None and source[0] in of.node.graph.nodes:
            node = of.node.graph.nodes[source[0]]
            unset = source not in thread.cells and node.outputs[source[1]].default is UNSET
            if node.type.is_exec and unset:
                return
        self.context.results[thread.index] = await of.run_.pull(thread, of.node, "result", {})

    def _check_missing(self, join: Node | None) -> None:
        context = self.context
        if join is None and not self.terms["result"]:
            return
        policy = self.terms["missing"] if join is None else join.options.get("missing")
        came = context.results if join is None else context.arrivals
        gaps = [t.index for t, _ in self.started if t.index not in came and t.index not in context.failures]
        if gaps and policy == "error":
            if join is None:
                raise self._incomplete(f"the result input was not set in slice {', '.join(map(str, gaps))}")
            raise self._incomplete(self._where_ended())

    def _where_ended(self) -> str:
        """The branches that did not arrive."""
        came, failed = self.context.arrivals, self.context.failures
        return "; ".join(
            f"branch {t.branch!r} " + ("failed" if t.index in failed else f"ended at {t.last!r} without arriving")
            for t, _ in self.started
            if t.index not in came
        )

    def _incomplete(self, says: str) -> BaseException:
        of = self.activation
        return of.run_.failed(of.thread, of.node, FanInIncomplete(f"{self.context.path}: {says}"))

    # --- races (6.5) ---

    async def _race_to(self, quorum: int, choices: Choices) -> None:
        """Until `quorum` arrivals: any of those that can arrive may be among them."""
        of, context = self.activation, self.context
        race = context.race = Race(quorum)
        for thread, targets in self.started:
            try:
                await of.run_.thread(thread, targets)
                # Who ended without arriving did so in time, or was cancelled before.
                counts = thread.index in context.arrivals or not thread.sets or choices.choose(2) == 0
            except Unsupported:
                raise
            except Cut:
                counts = thread.index in context.arrivals
            except Exception as error:
                counts = thread.index in context.arrivals
                if choices.choose(2) == 0:
                    context.failures[thread.index] = error
                    counts = False
                else:
                    race.cut = True
            else:
                race.cut = race.cut or not counts
            if counts:
                context.sets.update(thread.sets)
        if context.failures and not self.collects:
            raise of.run_.gone(of, list(context.failures.values()))
        if race.left and race.cut:
            choices.impossible = True
        if race.left:
            said = f"only {quorum - race.left} of the {quorum} that its join waits for arrived"
            raise of.run_.gone(of, [self._incomplete(f"{said}; {self._where_ended()}")])
        pool = sorted(context.arrivals)
        while pool and self.terms["first"]:
            self.finished.append(choices.one(pool))

    async def _race(self, first: int, choices: Choices) -> None:
        """Until `first` threads have come to their end: any of those that can."""
        of, context = self.activation, self.context
        if self.terms["result"]:
            raise Unsupported("a race with a result input")
        returned: dict[int, Thread] = {}
        failures: dict[int, BaseException] = {}
        for thread, targets in self.started:
            try:
                await of.run_.thread(thread, targets)
                returned[thread.index] = thread
            except Unsupported:
                raise
            except Exception as error:
                failures[thread.index] = error
        context.failures = choices.some(failures)
        lost = len(returned) < min(first, len(self.started))
        if len(context.failures) < len(failures) and lost:
            choices.impossible = True
        if context.failures and (lost or not self.collects):
            raise of.run_.gone(of, list(context.failures.values()))
        if lost:
            raise of.run_.gone(of, [self._incomplete("too few came to their end")])
        pool = sorted(returned)
        while pool and len(self.finished) < first:
            self.finished.append(choices.one(pool))
            context.sets.update(returned[self.finished[-1]].sets)
