"""`explore`: every interleaving of a small graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from attrs import field, frozen

from nodeflow.model import Document, HasModel
from nodeflow.registry import Registry
from nodeflow.runtime.handle import Compiled
from nodeflow.services import Clock, Seed
from nodeflow.testing.exploring.outcomes import Difference, Outcome, Trial, first_difference, shrunk
from nodeflow.testing.exploring.recorder import Recorder
from nodeflow.testing.exploring.search import NotRepeatable, Search, Simulate, simulating, tried
from nodeflow.testing.simulator import Fault, Simulator

MOST_STATES: Final = 200_000
MOST_TURNS: Final = 20_000


class StoppedClock(Clock):
    """A clock that stands still, so that runs repeat."""

    def now(self) -> datetime:
        return datetime(2000, 1, 1, tzinfo=UTC)


@frozen
class Exploration:
    """What all interleavings of a graph came to.

    Attributes:
        states: How many different ones were seen.
        transitions: How many turns led from one to the next.
        runs: How many runs it took, which mostly repeat the beginning of another one.
        outcomes: All different ones, each with a schedule; that of the schedule `[]` is first.
        joins: How many fan-ins ran, in the run with the most of them; `joins_wrong`: those that did not run once for
            each context that closed before them.
        counterexample: Two schedules that come out differently, made short, and what differs first.
        shared: What flow threads get in each other's way with, in words.
    """

    states: int
    transitions: int
    runs: int
    outcomes: tuple[Outcome, ...]
    joins: int = 0
    joins_wrong: tuple[str, ...] = ()
    counterexample: Difference | None = None
    shared: tuple[str, ...] = field(default=(), repr=False)

    @property
    def deadlocks(self) -> tuple[Outcome, ...]:
        """The outcomes in which flow threads wait for ever."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "deadlock")

    @property
    def independent(self) -> bool:
        """Whether everything comes out the same under every schedule."""
        return len(self.outcomes) == 1

    def __str__(self) -> str:
        """As `4,312 states, no deadlock, every join fires once, result independent of schedule`."""
        wrong = f"wrong joins: {'; '.join(self.joins_wrong)}"
        parts = [f"{self.states:,} states" if self.states != 1 else "1 state"]
        parts += ["no deadlock" if not self.deadlocks else f"deadlock ({self.deadlocks[0].error})"]
        parts += [wrong] if self.joins_wrong else ["every join fires once"] if self.joins else []
        ways = f"result depends on schedule ({len(self.outcomes)} outcomes)"
        return ", ".join([*parts, "result independent of schedule" if self.independent else ways])


def simulated_runs(
    document: Document | HasModel | Compiled,
    registry: Registry | None,
    inputs: Mapping[str, Any] | None,
    variables: Mapping[str, Any] | None,
    services: Iterable[Any],
    capacities: Mapping[str, int] | None,
) -> Simulate:
    """What runs the document, with chance and time of day that are the same in every run."""
    simulator = Simulator(document, registry=registry)
    given = [*services, Seed(0), StoppedClock()]
    return simulating(simulator, inputs=inputs, variables=variables, services=given, capacities=capacities)


def trial_of(
    simulate: Simulate, schedule: Sequence[int] = (), *, most_turns: int = MOST_TURNS, **options: Any
) -> Trial:
    """A recorded run under a schedule."""
    return tried(simulate, Recorder(most_turns=most_turns), schedule, schedule=schedule, **options)


def replay(
    document: Document | HasModel | Compiled,
    schedule: Sequence[int],
    *,
    faults: Iterable[Fault] = (),
    registry: Registry | None = None,
    inputs: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    services: Iterable[Any] = (),
    capacities: Mapping[str, int] | None = None,
) -> Trial:
    """Run a document once, under the schedule of an outcome; `steps()` of the trial says what happened.

    Raises:
        Unsimulated: A node wants the real world, or calls trio itself; names it.
    """
    simulate = simulated_runs(document, registry, inputs, variables, services, capacities)
    return trial_of(simulate, schedule, faults=faults)


def refuse_what_does_not_repeat(simulate: Simulate, most_turns: int = MOST_TURNS) -> Trial:
    """The run under the schedule `[]`.

    Raises:
        NotRepeatable: A second one differs; names the node where.
    """
    first, second = [trial_of(simulate, most_turns=most_turns) for _ in range(2)]
    differs = first_difference(first, second)
    if differs is not None or first.outcome.key != second.outcome.key:
        where = (
            f"node {differs.node!r}, {differs.what}: {differs.values[0]}, then {differs.values[1]}" if differs else ""
        )
        raise _not_repeatable(where or f"{first.outcome}, then {second.outcome}")
    return first


def _not_repeatable(where: str) -> NotRepeatable:
    return NotRepeatable(
        f"the same schedule gave two results ({where}); what a body does has to follow from its inputs, and not from "
        "a clock, chance or something that outlives the run"
    )


def explore(
    document: Document | HasModel | Compiled,
    *,
    registry: Registry | None = None,
    inputs: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    services: Iterable[Any] = (),
    capacities: Mapping[str, int] | None = None,
    most_states: int = MOST_STATES,
    most_turns: int = MOST_TURNS,
    reduce: bool = True,
    progress: Callable[[int, int], object] | None = None,
) -> Exploration:
    """Try every order in which the steps of a graph's flow threads can happen.

    Args:
        document: A document, a workflow, or what `nodeflow.compile` returned.
        most_states: Give up behind so many.
        most_turns: Give up when one run takes so many turns.
        reduce: Do not try different orders of steps that have nothing to do with each other.
        progress: Told, every 100 states, how many there are and how many branches are still to be tried.

    The other arguments are those of `nodeflow.run`. Time is virtual: it passes when no thread can run.

    Raises:
        TooManyStates: There are more states or turns than allowed.
        NotRepeatable: A body looks at more than its inputs; names the node.
        Unsimulated: A node wants the real world, or calls trio itself; names it.
        InvalidDocument: The document has errors.

    >>> import nodeflow as nf
    >>> from nodeflow.library import flow, variables
    >>> wf = nf.Workflow("main", variables={"last": nf.model.Variable("text", "", "shared")})
    >>> fan = wf.add(flow.fan_out, branches=["a", "b"])
    >>> wf.add(flow.start).exit >> fan.enter
    fan_out.enter
    >>> for name in "ab":
    ...     fan[name] >> wf.add(variables.set_, name="last", value=name).enter
    set.enter
    set_2.enter
    >>> found = explore(wf)
    >>> str(found)
    '18 states, no deadlock, result depends on schedule (2 outcomes)'
    >>> [(outcome.variables["last"], outcome.schedule) for outcome in found.outcomes]
    [("'b'", ()), ("'a'", (1,))]
    """
    simulate = simulated_runs(document, registry, inputs, variables, services, capacities)
    base = refuse_what_does_not_repeat(simulate, most_turns)
    search = Search(simulate, most_states=most_states, most_turns=most_turns, reduce=reduce, progress=progress)
    try:
        search.all()
    except NotRepeatable:
        raise _not_repeatable("found when a part of a schedule was run again") from None
    outcomes, example = compared(simulate, base, search.outcomes)
    return Exploration(
        states=len(search.visited),
        transitions=search.transitions,
        runs=search.runs,
        outcomes=outcomes,
        joins=search.joins,
        joins_wrong=tuple(f"{where} {what}" for where, what in sorted(search.joins_wrong.items())),
        counterexample=example,
        shared=tuple(sorted({str(thing[0]) for thing in search.shared.things})),
    )


def compared(
    simulate: Simulate, base: Trial, found: Mapping[tuple[Any, ...], Outcome]
) -> tuple[tuple[Outcome, ...], Difference | None]:
    """The outcomes, that of `base` first, and the shortest schedule found that comes out otherwise, made shorter."""
    others = [outcome for key, outcome in found.items() if key != base.outcome.key]
    if not others:
        return (base.outcome,), None
    others.sort(key=lambda outcome: (len(outcome.schedule), outcome.schedule))

    def runs(schedule: Sequence[int]) -> Trial:
        return trial_of(simulate, schedule)

    other = shrunk(runs, runs(others[0].schedule), base)
    rest = [outcome for outcome in others if outcome.key != other.outcome.key]
    return (base.outcome, other.outcome, *rest), first_difference(base, other)
