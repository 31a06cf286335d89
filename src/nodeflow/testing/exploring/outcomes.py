"""How runs of one document came out, and where two of them differ first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import evolve, field, frozen

from nodeflow.errors import describe
from nodeflow.testing.exploring.recorder import Entry, Recorder
from nodeflow.testing.exploring.tokens import shown, token
from nodeflow.testing.simulator import Simulated

MOST_STEPS = 12
"""How many activations before a difference are kept in a `Difference`."""


@frozen
class Outcome:
    """What a run came to, and a schedule that leads there.

    Attributes:
        status: `completed`, `failed`, `timed_out`, `cancelled`; `deadlock` if flow threads wait for ever.
        outputs, variables: Of the run, as text.
        printed: Lines by the flow thread that printed them, in its order: the order between threads is nobody's result.
        error: What it failed with, or who waits for what.
        schedule: What `Simulator.run(schedule=...)` replays.
    """

    status: str
    outputs: Mapping[str, str] = field(factory=dict)
    variables: Mapping[str, str] = field(factory=dict)
    printed: Mapping[str, Sequence[str]] = field(factory=dict)
    error: str | None = None
    schedule: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[Any, ...]:
        """What two runs have in common that came out the same."""
        printed = tuple(sorted((path, tuple(lines)) for path, lines in self.printed.items()))
        return self.status, self.error, tuple(self.outputs.items()), tuple(self.variables.items()), printed

    def scheduled(self, schedule: Sequence[int]) -> Outcome:
        return evolve(self, schedule=tuple(schedule))

    def __str__(self) -> str:
        """One line for people."""
        parts = [self.status]
        parts += [f"{name} = {shown(value)}" for name, value in self.outputs.items()]
        parts += [f"{name} is {shown(value)}" for name, value in self.variables.items()]
        lines = [f"{path}: {shown(' | '.join(lines))}" for path, lines in sorted(self.printed.items())]
        parts += [f"printed {'; '.join(lines)}"] if lines else []
        parts += [self.error] if self.error else []
        return ", ".join(parts)


def outcome_of(simulated: Simulated, recorder: Recorder) -> Outcome:
    """How a recorded run came out."""
    result = simulated.result
    error = simulated.raised if simulated.raised is not None else result.error
    return Outcome(
        status=result.status,
        outputs={name: token(result.outputs[name]) for name in sorted(result.outputs)},
        variables={name: token(result.variables[name]) for name in sorted(result.variables)},
        printed={path: tuple(lines) for path, lines in recorder.printed.items()},
        error=None if error is None else said(error),
        schedule=tuple(simulated.schedule),
    )


def said(error: BaseException) -> str:
    """An error without the place in the tree where it was noticed; several in an order of their own."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(sorted(said(each) for each in error.exceptions))
    if hasattr(error, "node") and error.__cause__ is not None:
        return f"node {error.node!r} ({getattr(error, 'type', '?')}): {describe(error.__cause__)}"
    return describe(error)


@frozen
class Trial:
    """One recorded run: how it came out, and all that its flow threads saw and wrote.

    Attributes:
        bodies: How many were called.
    """

    outcome: Outcome
    recorder: Recorder = field(repr=False)
    bodies: int = 0

    def steps(self) -> list[str]:
        """What flow threads saw and wrote, one line each, in the order in which it happened."""
        found = []
        for path, at in self.recorder.sequence:
            entry = self.recorder.histories[path][at]
            values = ", ".join(f"{n} = {shown(v)}" for n, v in zip(entry.names, entry.values, strict=True))
            sign = "runs" if entry.what == "input" else _SIGNS[entry.what]
            found.append(f"{path}: {entry.node} {sign} {values}".rstrip())
        return found


_SIGNS: Mapping[str, str] = {"output": "gives", "arrivals": "gets", "printed": "prints", "error": "fails:"}


@frozen
class Difference:
    """The first node whose value depended on the order, and what shows it.

    Attributes:
        workflow, node: Where it is.
        thread: The path of the flow thread that ran it.
        what: `input 'value'`, `output 'result'`, `whether it runs`, ...
        values: What it was in the two runs.
        outcomes: How these came out, with the schedules that replay them.
        orders: For each, the last activations before it, as `main/fan_out[1]: print`.
    """

    workflow: str
    node: str
    thread: str
    what: str
    values: tuple[str, str]
    outcomes: tuple[Outcome, Outcome]
    orders: tuple[tuple[str, ...], tuple[str, ...]]

    def __str__(self) -> str:
        where = f"node {self.node!r} in {self.thread}" if self.node else self.thread
        return (
            f"{where}: {self.what} is {shown(self.values[0])} under one schedule and "
            f"{shown(self.values[1])} under another"
        )


def first_difference(first: Trial, second: Trial) -> Difference | None:
    """The first thing that a flow thread saw or wrote in one run and not in the other; None: there is none.

    First is what comes first in the second run. Values come before whether something ran at all.
    """
    ours, theirs = first.recorder.histories, second.recorder.histories
    gone: tuple[str, int] | None = None
    for path, at in second.recorder.sequence:
        entry, history = theirs[path][at], ours.get(path, [])
        if at >= len(history):
            gone = gone or (path, at)
        elif history[at] != entry:
            other = history[at]
            if (other.what, other.node, other.names) != (entry.what, entry.node, entry.names):
                gone = gone or (path, at)
                continue
            return _difference(first, second, path, at, other, entry)
    if gone is not None:
        entry = theirs[gone[0]][gone[1]]
        return _difference(first, second, *gone, None, entry)
    for path, at in first.recorder.sequence:
        if at >= len(theirs.get(path, [])):
            return _difference(first, second, path, at, ours[path][at], None)
    return _last_writer(first, second)


def _last_writer(first: Trial, second: Trial) -> Difference | None:
    """All threads saw and wrote the same, and yet the results differ: by who was last."""
    outcomes = (first.outcome, second.outcome)
    if outcomes[0].key == outcomes[1].key:
        return None
    whole = (_order(first), _order(second))
    for name, value in outcomes[0].variables.items():
        writer = second.recorder.writers.get(f"variable {name!r}")
        other = outcomes[1].variables.get(name, value)
        if other != value and writer is not None:
            return Difference(*writer, f"variable {name!r}", (value, other), outcomes, whole)
    return Difference("", "", "the run", "the result", (str(outcomes[0]), str(outcomes[1])), outcomes, whole)


def _difference(first: Trial, second: Trial, path: str, at: int, one: Entry | None, other: Entry | None) -> Difference:
    entry = one or other
    assert entry is not None
    what, values = "whether it gets there", (str(one is not None).lower(), str(other is not None).lower())
    if one is not None and other is not None:
        place = next(i for i, pair in enumerate(zip(one.values, other.values, strict=True)) if pair[0] != pair[1])
        name = entry.names[place]
        what = f"{entry.what} {name!r}" if entry.what in ("input", "output") else f"what it {_VERBS[entry.what]}"
        values = one.values[place], other.values[place]
    orders = (_order(first, path, at), _order(second, path, at))
    return Difference(entry.workflow, entry.node, path, what, values, (first.outcome, second.outcome), orders)


_VERBS: Mapping[str, str] = {"arrivals": "gets from the branches", "printed": "prints", "error": "fails with"}


def _order(trial: Trial, path: str = "", at: int = 0) -> tuple[str, ...]:
    """The activations up to the one that differs, or all."""
    found: list[str] = []
    for where, place in trial.recorder.sequence:
        entry = trial.recorder.histories[where][place]
        if entry.what == "input":
            found.append(f"{where}: {entry.node}")
        if (where, place) == (path, at):
            break
    return tuple(found[-MOST_STEPS:])


Runs = Callable[[Sequence[int]], Trial]
"""Runs a document under a schedule."""


def shrunk(runs: Runs, trial: Trial, base: Trial, most: int = 300) -> Trial:
    """A trial with a shorter and smaller schedule that still comes out otherwise than `base`.

    Args:
        most: How many runs it may take.
    """
    best, left = trial, most

    def better(schedule: Sequence[int]) -> bool:
        nonlocal best, left
        left -= 1
        found = runs(schedule)
        known, new = best.outcome.schedule, found.outcome.schedule
        if found.outcome.key == base.outcome.key or (len(new), sum(new), new) >= (len(known), sum(known), known):
            return False
        best = found
        return True

    step = max(1, len(best.outcome.schedule) // 2)
    while step and left > 0:
        at, changed = 0, False
        while at < len(best.outcome.schedule) and left > 0:
            schedule = best.outcome.schedule
            zeroed = (*schedule[:at], *([0] * len(schedule[at : at + step])), *schedule[at + step :])
            if better((*schedule[:at], *schedule[at + step :])) or (any(schedule[at : at + step]) and better(zeroed)):
                changed = True
            else:
                at += step
        step = step if changed and step == 1 else step // 2
    return best
