"""A schedule-independence certificate: a graph is run under many drawn schedules, and with faults, and compared.

Where a graph has too many interleavings for `explore`, drawn ones say less, and something all the same. Half of the
schedules let a random flow thread take each turn. The others give each thread a random priority, and change a few of
them on the way: such schedules find what needs one thread to be far ahead of the others (Burckhardt and others, "A
randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any, Final

from attrs import field, frozen

from nodeflow.model import Document, HasModel
from nodeflow.registry import Registry
from nodeflow.runtime.handle import Compiled
from nodeflow.testing.exploring.exploration import MOST_TURNS, compared, refuse_what_does_not_repeat, simulated_runs
from nodeflow.testing.exploring.outcomes import Difference, Outcome, Trial
from nodeflow.testing.exploring.recorder import Recorder
from nodeflow.testing.exploring.search import Simulate, tried
from nodeflow.testing.simulator import FAULTS, Fault
from nodeflow.testing.simulator.kernel import Task

ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "raise": frozenset({"completed", "failed"}),
    "hang": frozenset({"completed", "failed", "cancelled"}),
    "cancel": frozenset({"completed", "failed"}),
    "stop": frozenset({"completed", "cancelled"}),
    "deadline": frozenset({"completed", "timed_out"}),
    "jump": frozenset({"completed", "failed"}),
}
"""How a run may end in which a fault happens, besides as it ends without."""


@frozen
class Wrong:
    """A fault after which a run did not end as it may: an error of nodeflow, or a body that waits for ever."""

    fault: Fault
    outcome: Outcome

    def __str__(self) -> str:
        return f"with the fault {self.fault.kind}@{self.fault.at}: {self.outcome}"


@frozen
class Certificate:
    """What many schedules of one graph came to.

    Attributes:
        schedules: How many were drawn, from `seed`; `distinct`: how many of them told the machine its facts in an
            order of their own.
        outcomes: All different ones, each with a schedule; that of the schedule `[]` is first.
        difference: The first node whose value depended on the order, and two short schedules that show it.
        faulty: How runs with faults ended: statuses, and how often. `wrong`: those that ended as none may.
    """

    schedules: int
    distinct: int
    seed: int
    outcomes: tuple[Outcome, ...]
    difference: Difference | None = None
    faulty: Mapping[str, int] = field(factory=dict)
    wrong: tuple[Wrong, ...] = ()

    @property
    def deadlocks(self) -> tuple[Outcome, ...]:
        """The outcomes in which flow threads wait for ever."""
        return tuple(outcome for outcome in self.outcomes if outcome.status == "deadlock")

    @property
    def independent(self) -> bool:
        """Whether all runs came out the same."""
        return len(self.outcomes) == 1

    def __str__(self) -> str:
        """As `500 schedules (312 distinct), no deadlock, the same result under each`."""
        same = "the same result under each" if self.independent else f"{len(self.outcomes)} different results"
        parts = [f"{self.schedules:,} schedules ({self.distinct:,} distinct)"]
        parts += [f"deadlock ({self.deadlocks[0].error})" if self.deadlocks else "no deadlock", same]
        if self.faulty:
            ends = ", ".join(f"{count:,} {status}" for status, count in sorted(self.faulty.items()))
            parts.append(f"with faults: {ends}" + (f", {len(self.wrong)} of them wrong" if self.wrong else ""))
        return ", ".join(parts)


class Drawing:
    """Chooses at random whose turn it is, and writes the choices down.

    Args:
        random: Where it draws from.
        by_priority: Whoever has the highest priority runs, until it changes.
    """

    CHANGES: Final = 0.05
    """How often, per choice, the thread that ran loses its priority."""

    def __init__(self, random: Random, *, by_priority: bool) -> None:
        self.random = random
        self.by_priority = by_priority
        self.priorities: dict[Task, float] = {}
        self.choices: list[int] = []

    def __call__(self, ready: Sequence[Task]) -> int:
        chosen = self._first(ready) if self.by_priority else self.random.randrange(len(ready))
        self.choices.append(chosen)
        return chosen

    def _first(self, ready: Sequence[Task]) -> int:
        for task in ready:
            if task not in self.priorities:
                self.priorities[task] = self.random.random()
        chosen = max(range(len(ready)), key=lambda at: self.priorities[ready[at]])
        if self.random.random() < self.CHANGES:
            self.priorities[ready[chosen]] -= 1.0
        return chosen


def certify(
    document: Document | HasModel | Compiled,
    *,
    schedules: int = 500,
    faults: bool = False,
    seed: int = 0,
    registry: Registry | None = None,
    inputs: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    services: Iterable[Any] = (),
    capacities: Mapping[str, int] | None = None,
    progress: Callable[[int], object] | None = None,
) -> Certificate:
    """Run a graph under many schedules, and compare what comes out.

    Args:
        schedules: How many.
        faults: As many runs again, in each of which something goes wrong: of these only how they end is looked at, and
            that the invariants T1 to T6 hold.
        seed: What schedules and faults are drawn from: the same seed gives the same certificate.
        progress: Told after each run how many there were.

    The other arguments are those of `nodeflow.run`. Time is virtual.

    Raises:
        NotRepeatable: A body looks at more than its inputs; names the node.
        Unsimulated: A node wants the real world, or calls trio itself; names it.
        TooManyStates: A run does not end within 20,000 turns.
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
    >>> str(certify(wf, schedules=50))
    '50 schedules (6 distinct), no deadlock, 2 different results'
    """
    simulate = simulated_runs(document, registry, inputs, variables, services, capacities)
    base = refuse_what_does_not_repeat(simulate)
    random = Random(seed)
    orders, found = {base.recorder.order}, {base.outcome.key: base.outcome}
    for number in range(schedules):
        trial = drawn(simulate, random, by_priority=number % 2 == 1)
        orders.add(trial.recorder.order)
        found.setdefault(trial.outcome.key, trial.outcome)
        if progress is not None:
            progress(number + 1)
    faulty, wrong = _with_faults(simulate, base, found, random, schedules if faults else 0, progress)
    outcomes, difference = compared(simulate, base, found)
    return Certificate(schedules, len(orders), seed, outcomes, difference, faulty, tuple(wrong))


def drawn(simulate: Simulate, random: Random, *, by_priority: bool, **options: Any) -> Trial:
    """A run under a drawn schedule."""
    drawing = Drawing(random, by_priority=by_priority)
    return tried(simulate, Recorder(most_turns=MOST_TURNS), drawing.choices, choose=drawing, **options)


def _with_faults(
    simulate: Simulate,
    base: Trial,
    found: Mapping[Any, Outcome],
    random: Random,
    count: int,
    progress: Callable[[int], object] | None,
) -> tuple[Counter[str], list[Wrong]]:
    """Runs in which something goes wrong."""
    usual = {outcome.status for outcome in found.values()}
    faulty: Counter[str] = Counter()
    wrong: list[Wrong] = []
    bodies = max(1, base.bodies)
    for number in range(count):
        fault = Fault(FAULTS[number % len(FAULTS)], random.randint(1, bodies))
        trial = drawn(simulate, random, by_priority=number % 2 == 1, faults=[fault])
        outcome = trial.outcome
        faulty[outcome.status] += 1
        if outcome.status not in ALLOWED[fault.kind] | usual:
            wrong.append(Wrong(fault, outcome))
        if progress is not None:
            progress(count + number + 1)
    return faulty, wrong
