"""Runs flow tests: each under several schedules in the simulator, or on trio where a body calls trio itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import trio
import trio.testing
from attrs import define, field, frozen

from nodeflow.errors import NodeFailed, SocketTypeError, describe
from nodeflow.graph import CompiledGraph
from nodeflow.linking import link
from nodeflow.machine import Limits
from nodeflow.observers import Event, NodeFailedEvent, NodeStarted
from nodeflow.runtime.auditing import audit_of
from nodeflow.runtime.result import Result
from nodeflow.runtime.run import Run
from nodeflow.services import Seed
from nodeflow.testing.flowtest.comparing import differences, rejection_differences
from nodeflow.testing.flowtest.coverage import Coverage, Places, places_in
from nodeflow.testing.flowtest.following import Follower
from nodeflow.testing.flowtest.format import FlowTest
from nodeflow.testing.flowtest.schedules import numbers, random_for, simplest, turns
from nodeflow.testing.flowtest.suite import Suite
from nodeflow.testing.schedules import scheduled
from nodeflow.testing.simulator import Deadlock, Fault, Simulated, Stuck, Unsimulated

FOREVER: Final = 1e9
"""Seconds of virtual time after which a run on trio waits for what never comes."""

MOST_REPLAYS: Final = 200
"""How often a failing run is repeated to find a shorter schedule that shows the same."""

NOT_IN_TRIO: Final = "must be called from async context"
"""What trio says to whoever calls it in the simulator."""


@frozen
class Failure:
    """How a test failed.

    Attributes:
        lines: What was expected and what came, a line for each expectation.
        schedule: What shows it: `Simulator(...).run(schedule=...)`. None if no schedule is to blame.
        number: The how manieth schedule that was tried, from 1.
        on_trio: It ran on trio, and `schedule` are the numbers for `nodeflow.testing.schedules.scheduled`.
    """

    lines: tuple[str, ...]
    schedule: tuple[int, ...] | None = None
    number: int = 1
    on_trio: bool = False

    def text(self) -> str:
        """All of it, for people."""
        return "\n".join([*self.lines, *([self._under()] if self.schedule is not None else [])])

    def _under(self) -> str:
        schedule = list(self.schedule or ())
        if self.on_trio:
            return f"on trio, scheduled({schedule}) (see nodeflow.testing.schedules)" if schedule else "on trio"
        if not schedule:
            return "under schedule [] (first in, first out)"
        return f"under schedule {schedule} (found with the {_ordinal(self.number)} that was tried)"


def _ordinal(number: int) -> str:
    """As `1st`, `12th`."""
    last = number % 10 if number % 100 not in (11, 12, 13) else 0
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


@frozen
class Outcome:
    """What a test came to.

    Attributes:
        schedules: Under how many different schedules it was run; 0 if its document was to be rejected.
        on_trio: It was run on trio.
        failure: None if it passed.
    """

    test: FlowTest
    schedules: int = 0
    on_trio: bool = False
    failure: Failure | None = None

    @property
    def passed(self) -> bool:
        return self.failure is None


def run_test(
    suite: Suite, test: FlowTest, *, schedules: int | None = None, coverage: SuiteCoverage | None = None
) -> Outcome:
    """Run one test of a file. Whatever is wrong with it or its document is in the outcome.

    Args:
        schedules: How many to try, instead of what the test says (unless that is 0).
        coverage: Is told what the runs came by.
    """
    expected = test.expect.findings
    if expected is not None:
        lines = rejection_differences(suite.rejected, expected)
        return Outcome(test, failure=Failure(tuple(lines)) if lines else None)
    if suite.rejected:
        found = [f"  {finding}" for finding in suite.rejected]
        return Outcome(test, failure=Failure((f"the document {suite.subject} is rejected:", *found)))
    running = _Running(suite, test, coverage)
    wanted = test.schedules if schedules is None or not test.schedules else schedules
    try:
        return running.on_trio(1) if wanted == 0 else running.simulated(wanted)
    except SocketTypeError as error:
        return Outcome(test, failure=Failure((f"cannot be run: {error}",)))


# --- coverage -----------------------------------------------------------------------------------------


@define(eq=False)
class SuiteCoverage:
    """The coverage of the documents of several suites: one that several test counts once."""

    by_key: dict[str, Coverage] = field(factory=dict)
    _places: dict[int, tuple[CompiledGraph, Places]] = field(factory=dict)

    def follow(self, suite: Suite, run: Run) -> Callable[[], None]:
        """Follow a run that has not begun; what is returned is called when it is over."""
        coverage, places = self.of(suite), self._places_in(suite, run.graph)
        follower = Follower(run.graph, places, run)
        return lambda: coverage.hits.update(follower.found)

    def of(self, suite: Suite) -> Coverage:
        """The coverage of a suite's document, which is not rejected."""
        found = self.by_key.get(suite.key)
        if found is None:
            places = self._places_in(suite, suite.simulator.compiled._graph)
            found = self.by_key[suite.key] = Coverage(suite.subject, suite.document, list(places.items))
        return found

    def _places_in(self, suite: Suite, graph: CompiledGraph) -> Places:
        if id(graph) not in self._places:  # the graph is kept, or another could have its id
            linked = link(suite.document, suite.registry).workflows
            places = places_in(graph, {name: workflow.by_id for name, workflow in linked.items()})
            self._places[id(graph)] = graph, places
        return self._places[id(graph)][1]


# --- one test -----------------------------------------------------------------------------------------


@define(eq=False)
class _Running:
    """One test under its schedules."""

    suite: Suite
    test: FlowTest
    coverage: SuiteCoverage | None

    # --- in the simulator ---

    def simulated(self, wanted: int) -> Outcome:
        """Try schedules until so many different ones were run, or one fails, or there seem to be no more."""
        seen: set[tuple[int, ...]] = set()
        for number in range(2 * wanted + 10):
            turning = turns(number, random_for(self.test.name, number))
            try:
                lines = self._simulate(self.coverage, choose=turning)
            except Unsimulated as error:
                return self._instead(error, wanted)
            seen.add(turning.schedule)
            if lines:
                failure = Failure(tuple(lines), self._shorter(turning.schedule, lines), len(seen))
                return Outcome(self.test, len(seen), failure=failure)
            if len(seen) == wanted or not turning.made:
                break
        return Outcome(self.test, len(seen))

    def _instead(self, error: Unsimulated, wanted: int) -> Outcome:
        """A body calls trio: it is run there, if that can be."""
        if self.test.faults:
            says = f"faults need the simulator, and {error}"
            return Outcome(self.test, failure=Failure((says,)))
        return self.on_trio(wanted)

    def _simulate(self, coverage: SuiteCoverage | None, **chosen: Any) -> list[str]:
        """Run once; how it differs from what is expected."""
        test, done = self.test, []
        spy = _Spy()

        def watch(run: Run, kernel: object) -> None:
            run.watchers.add(spy)
            audit_of(run)
            if coverage is not None:
                done.append(coverage.follow(self.suite, run))

        try:
            simulated = self.suite.simulator.run(
                **chosen,
                faults=[Fault(fault.kind, fault.at, fault.seconds) for fault in test.faults],
                **self._options(),
                watch=watch,
            )
        except (Deadlock, Stuck) as error:
            return [f"{type(error).__name__.lower()}: {error}"]
        except (Unsimulated, SocketTypeError):
            raise
        except Exception as error:
            return [f"the simulation broke off: {describe(error)}"]
        finally:
            for finish in done:
                finish()
        spy.raise_if_trio()
        return self._differences(simulated)

    def _differences(self, simulated: Simulated) -> list[str]:
        if isinstance(simulated.raised, KeyboardInterrupt):
            raise simulated.raised
        return differences(simulated.result, self.test.expect)

    def _options(self) -> dict[str, Any]:
        test = self.test
        services = [] if test.seed is None else [Seed(test.seed)]
        return {"inputs": test.inputs, "variables": test.variables, "services": services}

    def _shorter(self, schedule: tuple[int, ...], lines: Sequence[str]) -> tuple[int, ...]:
        """A simpler schedule that shows a failure of the same expectations."""
        failing = _expectations(lines)

        def shows(candidate: tuple[int, ...]) -> bool:
            try:
                return _expectations(self._simulate(None, schedule=candidate)) == failing
            except Unsimulated:
                return False

        return simplest(schedule, shows, MOST_REPLAYS)

    # --- on trio ---

    def on_trio(self, wanted: int) -> Outcome:
        """Run on trio, first in, first out at first, then shuffled, until so many were tried or one fails."""
        seen: set[tuple[int, ...]] = set()
        for number in range(wanted):
            drawn = numbers(number, random_for(self.test.name, number))
            order: list[int] = []
            result, used = self._run_on_trio(drawn, self.coverage, order)
            seen.add(tuple(order))
            if lines := differences(result, self.test.expect):
                schedule = self._shorter_on_trio(tuple(drawn[:used]), lines)
                return Outcome(self.test, len(seen), True, Failure(tuple(lines), schedule, len(seen), on_trio=True))
        return Outcome(self.test, len(seen), True)

    def _shorter_on_trio(self, drawn: tuple[int, ...], lines: Sequence[str]) -> tuple[int, ...]:
        def shows(candidate: tuple[int, ...]) -> bool:
            result, _ = self._run_on_trio(candidate, None, [])
            return _expectations(differences(result, self.test.expect)) == _expectations(lines)

        if _has_blocking_bodies(self.suite.compiled._graph):
            return drawn  # time passes there
        return simplest(drawn, shows, MOST_REPLAYS // 4)

    def _run_on_trio(
        self, drawn: Sequence[int], coverage: SuiteCoverage | None, order: list[int]
    ) -> tuple[Result, int]:
        """The result, and how many of the numbers were used; `order` gets the schedule as it happened."""
        compiled = self.suite.compiled
        real_time = _has_blocking_bodies(compiled._graph)  # a clock that jumps would not wait for worker threads
        limits = Limits(deadline=None if real_time else FOREVER)
        with scheduled(drawn, fuel=1) as shuffle:
            run = compiled.prepare(**self._options(), limits=limits, elide=False, checked=True)
            run.watchers.add(lambda event: order.append(event.thread) if isinstance(event, NodeStarted) else None)
            finish = coverage.follow(self.suite, run) if coverage is not None else None
            clock = None if real_time else trio.testing.MockClock(autojump_threshold=0)
            trio.run(_main_of, run, clock=clock)
        if finish is not None:
            finish()
        assert run.result is not None
        return run.result, shuffle.used


async def _main_of(run: Run) -> None:
    """Run to the end; what is no failure of a node is in the result too."""
    try:
        await run.main()
    except BaseException as error:
        if error is not run.crash or isinstance(error, KeyboardInterrupt):
            raise


def _expectations(lines: Sequence[str]) -> list[str]:
    """Which expectations failed, without what came."""
    return [line.partition(":")[0] for line in lines]


def _has_blocking_bodies(graph: CompiledGraph) -> bool:
    types = [node.type for workflow in graph.workflows.values() for node in workflow.nodes.values()]
    types += [node.type for workflow in graph.workflows.values() for node in workflow.data_nodes.values() if node.type]
    return any(node_type.blocking for node_type in types)


class _Spy:
    """Notices a body that calls trio in the simulator, also where a `flow.try` catches what comes of it."""

    def __init__(self) -> None:
        self.found: NodeFailed | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, NodeFailedEvent) and isinstance(event.error, NodeFailed):
            cause = event.error.__cause__
            if isinstance(cause, RuntimeError) and str(cause) == NOT_IN_TRIO:
                self.found = event.error

    def raise_if_trio(self) -> None:
        if self.found is not None:
            raise Unsimulated(f"node {self.found.node!r} ({self.found.type}) calls trio itself")
