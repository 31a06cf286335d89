"""The search through all interleavings, depth first: each is run from the start, up to a state that is known.

A run cannot be copied (its bodies are coroutines), so the search is stateless in the sense of Godefroid's VeriSoft: to
come back to a state, the choices that led there are made again. States are hashed nevertheless, to 64 bits (Holzmann's
hash compaction): two of 100,000 states share a number with a probability of 3 in ten thousand million.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

from nodeflow.machine.states import InvariantBroken
from nodeflow.runtime.driver import Driver
from nodeflow.runtime.run import Run
from nodeflow.testing.exploring.interference import Footprint, Shared, opened_by
from nodeflow.testing.exploring.outcomes import Outcome, Trial, outcome_of
from nodeflow.testing.exploring.recorder import Recorder
from nodeflow.testing.exploring.recording import attach
from nodeflow.testing.exploring.states import state_of
from nodeflow.testing.exploring.tokens import mixed
from nodeflow.testing.simulator import Deadlock, Simulated, Simulator, Stuck, Unsimulated
from nodeflow.testing.simulator.kernel import SimulatedKernel, Task

Simulate = Callable[..., Simulated]
"""`Simulator.run` with what is the same in all runs."""


class TooManyStates(Exception):
    """The graph has more states, or a run of it more turns, than were allowed."""


class NotRepeatable(Exception):
    """The same schedule gave something else the second time: a body looks at more than its inputs."""


class _Known(Exception):
    """The run came to a state from which everything was tried."""


def place_of(task: Task, recorder: Recorder) -> Hashable:
    """Where a task is, roughly: enough to guess what it does next."""
    thread = task.coroutine
    if not isinstance(thread, Driver):
        return None
    node = "" if thread.node is None else thread.node.id
    return recorder.path(thread), node, thread.entered, thread.depth, thread.next, thread.helping, thread.slicing


Point = tuple[int, int, int]
"""Where a choice was made: how many before it, how many could run, which one did."""


class Walk:
    """One run of the search: the choices of a prefix, then the first of each, as long as the states are new."""

    def __init__(self, search: Search, prefix: Sequence[int], expected: int | None) -> None:
        self.search = search
        self.prefix = prefix
        self.expected = expected
        self.choices: list[int] = []
        self.fresh = not prefix
        self.chosen = False
        self.point: tuple[Point, int] | None = None
        self.place: Hashable = None
        self.recorder = Recorder(entering=self._entering, over=self._over, most_turns=search.most_turns)
        self.run: Run | None = None
        self.kernel: SimulatedKernel | None = None

    def watch(self, run: Run, kernel: SimulatedKernel) -> None:
        self.run, self.kernel = run, kernel
        attach(self.recorder, run, kernel)

    def choose(self, ready: Sequence[Task]) -> int:
        at, search = len(self.choices), self.search
        self.chosen = True
        if self.fresh:
            key = self._state()
            chosen = search.pick([place_of(task, self.recorder) for task in ready])
            self.place = place_of(ready[chosen], self.recorder)
            self.point = ((at, len(ready), chosen), key)
        else:
            chosen = self.prefix[at]
            if chosen >= len(ready):
                raise NotRepeatable
            if at == len(self.prefix) - 1:
                self._check()
                self.fresh = True
        self.choices.append(chosen)
        return chosen

    def _check(self) -> None:
        assert self.run is not None and self.kernel is not None
        if self.expected is not None and state_of(self.run, self.kernel, self.recorder) != self.expected:
            raise NotRepeatable

    def _entering(self, task: Task) -> None:
        if self.fresh and not self.chosen:
            self._state()
        self.chosen = False

    def _state(self) -> int:
        """Count the present state; if it is known, the run ends here."""
        assert self.run is not None and self.kernel is not None
        key = state_of(self.run, self.kernel, self.recorder)
        self.search.visit(key)
        return key

    def _over(self) -> None:
        if not self.fresh:
            return
        search, turn = self.search, self.recorder.turn
        search.transitions += 1
        search.shared.note(turn, self.recorder)
        if self.point is None:
            return
        (at, width, chosen), key = self.point
        self.point = None
        done = search.footprints[self.place] = Footprint.of(turn)
        if not (search.reduce and search.shared.is_alone(done)):
            search.todo.extend(((*self.choices[:at], other), key) for other in range(width) if other != chosen)


class Search:
    """All interleavings of one document.

    Args:
        simulate: Runs it.
        reduce: Leave out orders of steps that have nothing to do with each other.
        progress: Told the number of states and of what is still to be tried, every now and then.
    """

    def __init__(
        self,
        simulate: Simulate,
        *,
        most_states: int,
        most_turns: int,
        reduce: bool,
        progress: Callable[[int, int], object] | None = None,
    ) -> None:
        self.simulate = simulate
        self.most_states = most_states
        self.most_turns = most_turns
        self.reduce = reduce
        self.progress = progress
        self.shared = Shared()
        self.visited: set[int] = set()
        self.todo: list[tuple[Sequence[int], int | None]] = []
        self.footprints: dict[Hashable, Footprint] = {}
        self.transitions = 0
        self.runs = 0
        self.outcomes: dict[tuple[Any, ...], Outcome] = {}
        self.joins = 0
        self.joins_wrong: dict[str, str] = {}

    def all(self) -> None:
        """Try everything. Starts anew when threads turn out to share something that nobody knew of."""
        while True:
            known = len(self.shared)
            self.visited.clear()
            self.transitions = 0
            self.todo = [((), None)]
            while self.todo and (not self.reduce or len(self.shared) == known):
                self._one(*self.todo.pop())
            if not self.reduce or len(self.shared) == known:
                return

    def _one(self, prefix: Sequence[int], expected: int | None) -> None:
        walk = Walk(self, prefix, expected)
        self.runs += 1
        try:
            trial = tried(self.simulate, walk.recorder, walk.choices, choose=walk.choose, watch=walk.watch)
        except _Known:
            return
        self.visit(mixed(trial.outcome.key), known=False)
        self.outcomes.setdefault(trial.outcome.key, trial.outcome)
        self._count_joins(walk.recorder, trial.outcome)

    def visit(self, key: int, *, known: bool = True) -> None:
        if key in self.visited:
            if known:
                raise _Known
            return
        self.visited.add(key)
        if len(self.visited) > self.most_states:
            raise TooManyStates(f"there are more than {self.most_states:,} states")
        if self.progress is not None and len(self.visited) % 100 == 0:
            self.progress(len(self.visited), len(self.todo))

    def pick(self, places: Sequence[Hashable]) -> int:
        """Which to try first: one whose turn, as far as known, is not in the way of others. A guess is enough here."""
        if not self.reduce:
            return 0
        unknown: int | None = None
        for at, place in enumerate(places):
            done = self.footprints.get(place)
            if done is None:
                unknown = at if unknown is None else unknown
            elif self.shared.is_alone(done):
                return at
        return unknown or 0

    def _count_joins(self, recorder: Recorder, outcome: Outcome) -> None:
        self.joins = max(self.joins, sum(recorder.joins_due.values()))
        for (path, node), fired in recorder.joins_fired.items():
            if fired > recorder.joins_due[path, node]:
                self.joins_wrong[f"{node} in {path}"] = f"ran {fired} times for {recorder.joins_due[path, node]} joins"
        if outcome.status == "completed":
            for (path, node), due in recorder.joins_due.items():
                if recorder.joins_fired[path, node] < due and path in recorder.returned:
                    self.joins_wrong[f"{node} in {path}"] = "did not run behind its join"


def tried(simulate: Simulate, recorder: Recorder, made: Sequence[int], **options: Any) -> Trial:
    """A recorded run, however it comes out; a deadlock is an outcome.

    Raises:
        Unsimulated: A node wants something of the real world.
    """
    drivers: list[Driver] = []
    watch = options.pop("watch", partial(attach, recorder))

    def watched(run: Run, kernel: SimulatedKernel) -> None:
        watch(run, kernel)
        abandon = kernel.abandon

        def abandoned() -> None:  # the last moment to see who waited for what
            drivers.extend(task.coroutine for task in kernel.tasks if isinstance(task.coroutine, Driver))
            waits.extend(waiting(driver, recorder) for driver in drivers if not opened_by(driver))
            abandon()

        kernel.abandon = abandoned  # type: ignore[method-assign]

    waits: list[str] = []
    try:
        simulated = simulate(watch=watched, **options)
    except Deadlock:
        printed = {path: tuple(lines) for path, lines in recorder.printed.items()}
        error = f"waits for ever: {'; '.join(sorted(waits))}"
        refuse(recorder)
        return Trial(Outcome("deadlock", printed=printed, error=error, schedule=stripped(made)), recorder)
    except InvariantBroken as error:
        return Trial(Outcome("broken", error=str(error), schedule=stripped(made)), recorder)
    except Stuck as error:
        raise TooManyStates(str(error)) from None
    refuse(recorder)
    if isinstance(simulated.raised, KeyboardInterrupt):
        raise simulated.raised
    outcome = outcome_of(simulated, recorder)
    outcome = outcome if "choose" not in options else outcome.scheduled(stripped(made))
    return Trial(outcome, recorder, len(simulated.order))


def stripped(schedule: Sequence[int]) -> tuple[int, ...]:
    """Without the zeros at the end: they are what happens by itself."""
    made = list(schedule)
    while made and made[-1] == 0:
        made.pop()
    return tuple(made)


def waiting(thread: Driver, recorder: Recorder) -> str:
    """A flow thread that waits, and at which node."""
    frame: Any = thread.frame
    while frame is not None and frame.node is None:
        frame = frame.parent
    node = frame.node if frame is not None else thread.node
    return f"{recorder.path(thread)} at {node.id!r}" if node is not None else recorder.path(thread)


def refuse(recorder: Recorder) -> None:
    """Say it by name if a node wants what a simulation has not."""
    if recorder.wanted is not None:
        node, kind = recorder.wanted
        raise Unsimulated(
            f"node {node.id!r} ({node.type.name}) wants {kind.__name__}, which is of the real world: "
            "give it a stand-in that always answers the same"
        )


def simulating(simulator: Simulator, **given: Any) -> Simulate:
    """`Simulator.run` with what is the same in all runs."""

    def simulate(**options: Any) -> Simulated:
        return simulator.run(**given, **options)

    return simulate
