"""`nodeflow check`: whether what a document gives depends on the schedule."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from nodeflow.api import compile as compile_document
from nodeflow.cli import opening, telling
from nodeflow.cli.run import read_given
from nodeflow.cli.telling import BAD, COMPLETED, FAILED, Stop
from nodeflow.errors import InvalidDocument, SocketTypeError
from nodeflow.model import Document
from nodeflow.testing.certificate import Certificate, certify
from nodeflow.testing.exploring import Difference, Exploration, NotRepeatable, Outcome, TooManyStates, explore, replay
from nodeflow.testing.simulator import FAULTS, Fault, Unsimulated

MOST_OUTCOMES = 5
"""How many different results are told; the others are counted."""


def _schedule(context: click.Context, parameter: click.Parameter, value: str | None) -> list[int] | None:
    if value is None:
        return None
    parts = [part.strip() for part in value.strip("[] ").split(",")]
    if parts == [""]:
        return []
    if not all(part.isdigit() for part in parts):
        raise click.BadParameter(f"a schedule is whole numbers with commas, as 3,0,1, not {value!r}")
    return [int(part) for part in parts]


def _fault(context: click.Context, parameter: click.Parameter, value: str | None) -> Fault | None:
    if value is None:
        return None
    kind, _, at = value.partition("@")
    if kind not in FAULTS or not at.isdigit():
        raise click.BadParameter(f"a fault is KIND@N, as raise@3, with one of {', '.join(FAULTS)}; not {value!r}")
    return Fault(kind, int(at))


def _capacities(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> dict[str, int]:
    found = {}
    for value in values:
        name, _, size = value.partition("=")
        if not name or not size.isdigit() or int(size) < 1:
            raise click.BadParameter(f"a capacity is NAME=N, as http=2, not {value!r}")
        found[name] = int(size)
    return found


@click.command("check", short_help="Say whether the result of a document depends on the schedule.")
@opening.takes_file
@click.option("--exhaustive", is_flag=True, help="Try every interleaving of its flow threads.")
@click.option("--most-states", type=click.IntRange(min=1), default=200_000, metavar="N", help="Give up behind so many.")
@click.option("--schedules", type=click.IntRange(min=1), default=500, metavar="N", help="Try so many drawn schedules.")
@click.option("--faults", is_flag=True, help="Also as many runs in which something goes wrong.")
@click.option("--seed", type=int, default=0, metavar="N", help="What schedules and faults are drawn from.")
@click.option("--replay", callback=_schedule, metavar="LIST", help="Run this one schedule and tell what happens.")
@click.option("--fault", callback=_fault, metavar="KIND@N", help="With --replay: what goes wrong, at which body.")
@click.option("--workflow", metavar="W", help="Check this workflow instead of the document's entry.")
@click.option("--input", "inputs", multiple=True, metavar="K=JSON", help="An input of the workflow; may be repeated.")
@click.option("--var", "variables", multiple=True, metavar="K=JSON", help="What a variable begins with.")
@click.option("--capacity", "capacities", multiple=True, callback=_capacities, metavar="NAME=N", help="A capacity.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@telling.command
def check(file: str, modules: tuple[str, ...], workflow: str | None, as_json: bool, **given: Any) -> int:
    """Simulate the document in FILE (`-`: stdin) under many schedules and say whether its result depends on them.

    Time is virtual, chance is seeded, and nothing of the real world is there: a node that wants some is refused by
    name.

    Exit code: 0 the result is the same under each schedule, 1 it is not or flow threads wait for ever, 2 bad file or
    usage, or it cannot be checked.
    """
    source = opening.name_of(file)
    registry = opening.open_registry(modules)
    document = opening.with_entry(opening.open_document(file), workflow, source)
    try:
        compiled = compile_document(document, registry)
        options = {"registry": registry, "capacities": given["capacities"], **_given(document, given)}
        if given["replay"] is not None:
            return _replay(compiled, given, options, as_json)
        progress = Progress()
        try:
            if given["exhaustive"]:
                found: Exploration | Certificate = explore(
                    compiled, most_states=given["most_states"], progress=progress.states, **options
                )
            else:
                drawn = {name: given[name] for name in ("schedules", "faults", "seed")}
                found = certify(compiled, progress=progress.runs, **drawn, **options)
        finally:
            progress.clear()
    except InvalidDocument as error:
        raise opening.refused(source, error) from error
    except (Unsimulated, NotRepeatable, SocketTypeError, LookupError) as error:
        said = error.args[0] if error.args else error
        raise Stop(BAD, f"nodeflow: {source}: {said}") from error
    except TooManyStates as error:
        more = "; --most-states allows more, --schedules tries some" if given["exhaustive"] else ""
        raise Stop(BAD, f"nodeflow: {source}: {error}{more}") from error
    return _report(found, source, as_json)


def _given(document: Document, given: dict[str, Any]) -> dict[str, Any]:
    entry = document.workflows[document.entry]
    types = {name: each.type for name, each in {**document.variables, **entry.variables}.items()}
    return {
        "inputs": read_given(given["inputs"], {name: each.type for name, each in entry.inputs.items()}, "--input"),
        "variables": read_given(given["variables"], types, "--var"),
    }


class Progress:
    """How far a check is, on stderr, if somebody looks at it."""

    def __init__(self) -> None:
        self.shown = 0
        self.tells = sys.stderr is not None and sys.stderr.isatty()

    def states(self, known: int, left: int) -> None:
        self._show(f"{known:,} states, {left:,} orders to try")

    def runs(self, done: int) -> None:
        if done % 20 == 0:
            self._show(f"{done:,} runs")

    def clear(self) -> None:
        if self.shown:
            self._show("")
            self._write("\r")

    def _show(self, text: str) -> None:
        if self.tells:
            self._write(f"\r{text:<{self.shown}}")
            self.shown = len(text)

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


# --- telling what came of it --------------------------------------------------------------------------


def _report(found: Exploration | Certificate, source: str, as_json: bool) -> int:
    wrong = [str(each) for each in found.wrong] if isinstance(found, Certificate) else [*found.joins_wrong]
    difference = found.difference if isinstance(found, Certificate) else found.counterexample
    good = found.independent and not found.deadlocks and not wrong
    if as_json:
        telling.say(telling.json_line(as_json_object(found, source, difference, wrong)))
        return COMPLETED if good else FAILED
    telling.say(f"{source}: {found}")
    shown = found.outcomes[:MOST_OUTCOMES] if not found.independent or found.deadlocks else ()
    telling.say(*(f"  {outcome}: {replaying(outcome)}" for outcome in shown))
    if len(found.outcomes) > MOST_OUTCOMES:
        telling.say(f"  and {len(found.outcomes) - MOST_OUTCOMES:,} more")
    if difference is not None:
        telling.say(*difference_lines(difference))
    telling.say(*(f"  wrong: {each}" for each in wrong))
    return COMPLETED if good else FAILED


def difference_lines(difference: Difference) -> list[str]:
    """The first node whose value depended on the order, and both orders."""
    lines = [f"first {difference}"]
    for outcome, order, value in zip(difference.outcomes, difference.orders, difference.values, strict=True):
        lines.append(f"  {value} with {replaying(outcome)}, after")
        lines += [f"    {step}" for step in order]
    return lines


def replaying(outcome: Outcome) -> str:
    """The option that runs the schedule of an outcome again."""
    return f'--replay "{",".join(map(str, outcome.schedule))}"'


def as_json_object(
    found: Exploration | Certificate, source: str, difference: Difference | None, wrong: Sequence[str]
) -> dict[str, Any]:
    """What `--json` prints of a check."""
    if isinstance(found, Exploration):
        counts = {"states": found.states, "transitions": found.transitions, "joins": found.joins}
        shared: Sequence[str] = found.shared
    else:
        counts = {"schedules": found.schedules, "distinct": found.distinct, "seed": found.seed}
        shared = ()
    return {
        "file": source,
        **counts,
        "independent": found.independent,
        "deadlocks": len(found.deadlocks),
        "shared": list(shared),
        "outcomes": [_outcome_object(outcome) for outcome in found.outcomes],
        "difference": None if difference is None else _difference_object(difference),
        "wrong": list(wrong),
        **({"faulty": dict(found.faulty)} if isinstance(found, Certificate) else {}),
    }


def _outcome_object(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "outputs": dict(outcome.outputs),
        "variables": dict(outcome.variables),
        "printed": {path: list(lines) for path, lines in outcome.printed.items()},
        "error": outcome.error,
        "schedule": list(outcome.schedule),
    }


def _difference_object(difference: Difference) -> dict[str, Any]:
    return {
        "workflow": difference.workflow,
        "node": difference.node,
        "thread": difference.thread,
        "what": difference.what,
        "values": list(difference.values),
        "schedules": [list(outcome.schedule) for outcome in difference.outcomes],
        "orders": [list(order) for order in difference.orders],
    }


def _replay(compiled: Any, given: dict[str, Any], options: dict[str, Any], as_json: bool) -> int:
    """Run one schedule, and tell what happens node by node."""
    faults = [] if given["fault"] is None else [given["fault"]]
    trial = replay(compiled, given["replay"], faults=faults, **options)
    steps: Callable[[], list[str]] = trial.steps
    if as_json:
        telling.say(telling.json_line({**_outcome_object(trial.outcome), "steps": steps()}))
    else:
        telling.say(*steps(), str(trial.outcome))
    return COMPLETED if trial.outcome.status == "completed" else FAILED
