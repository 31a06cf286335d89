"""The reference interpreter, and every run agreeing with it where the result does not depend on the schedule (T7)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import fuzz_nodes as fz
import pytest
import runner
import trio
from hypothesis import given, note
from hypothesis import strategies as st
from strategies import REGISTRY, Drawn, documents, errors_of, schedules
from trio.testing import MockClock

import nodeflow as nf
from nodeflow.library import events, flow, logic, math, variables
from nodeflow.model import Variable
from nodeflow.sockets import ExecIn, Item, Request, Result
from nodeflow.testing import reference
from nodeflow.testing.reference import Expected, Unsupported


def expected(document: Any, registry: Any = None, **given: Any) -> Expected:
    async def main() -> Expected:
        return await reference.run(document, registry=registry or nf.standard_registry(), **given)

    fz.reset()
    return trio.run(main, clock=MockClock(autojump_threshold=0))


def plain(history: list[Any]) -> list[Any]:
    """A history without the handles that stand among the inputs of some bodies."""
    handles = (Request, Result, Item, ExecIn)
    found = []
    for entry in history:
        if entry[0] == "start":
            found.append((*entry[:2], repr([value for value in entry[2] if not isinstance(value, handles)])))
        elif entry[0] == "set" and entry[2] in ("errors", "error"):
            found.append((*entry[:-1], len(entry[-1]) if isinstance(entry[-1], list) else None))  # not its words
        elif entry[0] != "over":
            found.append((*entry[:-1], repr(entry[-1])))
    return found


def agree(outcome: runner.Outcome, wanted: Expected) -> None:
    """Outputs, variables, printed lines, outcome, inputs of every activation, each flow thread's history."""
    result = outcome.result
    note(f"run: {result.status} {result.error!r}; reference: {wanted.status} {wanted.error!r}")
    assert result.status == wanted.status
    if wanted.status != "completed":
        return
    assert dict(result.outputs) == dict(wanted.outputs)
    assert dict(result.variables) == dict(wanted.variables)
    assert sorted(result.printed) == sorted(line for lines in wanted.printed.values() for line in lines)
    assert Counter((tag, repr(values)) for tag, values in fz.SEEN) == outcome.seen
    found = runner.histories(outcome.events)
    for (path, index), history in found.items():
        theirs = wanted.histories.get(f"{path}[{index}]", wanted.histories.get(path))
        assert theirs is not None, f"no flow thread {path}[{index}]"
        assert plain(history) == plain(theirs), f"{path}[{index}]"
    assert len(found) == len(wanted.histories)


@pytest.mark.rule("5.T7")
@given(documents(confluent=True), schedules, st.booleans())
def test_runs_agree_with_the_reference(drawn: Drawn, schedule: list[int], elide: bool) -> None:
    assert not errors_of(drawn)
    outcome = runner.run(nf.compile(drawn.document, REGISTRY), runner.Setup(schedule=schedule, elide=elide))
    if runner.failed_together(outcome.events):
        return  # a failure of a `fail_fast` context that something catches: T7 leaves it out
    agree(outcome, expected(drawn.document, REGISTRY))


@pytest.mark.rule("4.2")
@given(documents(confluent=True))
def test_no_run_evaluates_more_than_the_reference(drawn: Drawn) -> None:
    outcome = runner.run(nf.compile(drawn.document, REGISTRY), runner.Setup())
    if outcome.result.status != "completed" or runner.failed_together(outcome.events):
        return
    wanted = expected(drawn.document, REGISTRY)
    evaluated = Counter((e.workflow, e.node) for e in outcome.events if isinstance(e, nf.observers.DataEvaluated))
    for node, count in evaluated.items():
        assert count <= wanted.evaluations.get(node, 0), node


# --- what it says of graphs that people can read ------------------------------------------------------


def squares() -> nf.Workflow:
    wf = nf.Workflow("main", outputs={"squares": "list"})
    batch = wf.add(flow.batch, items=[1, 2, 3])
    square, done = wf.add(math.multiply), wf.add(flow.set_output)
    wf.add(flow.start).exit >> batch.enter
    batch.item >> square.a
    batch.item >> square.b
    square.result >> batch.result
    batch["continue"] >> done.enter
    batch.results >> done["squares"]
    return wf


def test_a_batch() -> None:
    wanted = expected(squares())
    assert wanted.status == "completed"
    assert wanted.outputs == {"squares": [1, 4, 9]}
    assert list(wanted.histories) == ["main", "main/batch[0]", "main/batch[1]", "main/batch[2]"]
    assert wanted.evaluations == {("main", "multiply"): 3}


def test_a_failure() -> None:
    wf = nf.Workflow("main")
    wf.add(flow.start).exit >> wf.add(flow.fail, message="no").enter
    wanted = expected(wf)
    assert wanted.status == "failed"
    assert str(wanted.error) == "node 'fail' (flow.fail) in main: FlowFailure: no"


def test_what_depends_on_the_schedule_is_refused_by_name() -> None:
    race = nf.Workflow("main")
    fan, join = race.add(flow.fan_out, branches=["a", "b"]), race.add(flow.fan_in, join="any")
    race.add(flow.start).exit >> fan.enter
    fan.a >> join.enter
    fan.b >> join.enter
    with pytest.raises(Unsupported, match="the join 'any' of 'fan_in': a race"):
        expected(race)
    timed = nf.Workflow("main")
    timed.add(flow.start).exit >> timed.add(flow.timeout).enter
    with pytest.raises(Unsupported, match="a deadline"):
        expected(timed)
    waits = nf.Workflow("main", events={"ring": "any"})
    waits.add(flow.start).exit >> waits.add(events.wait, event="ring").enter
    with pytest.raises(Unsupported, match="waiting for an event"):
        expected(waits)


def test_a_condition_is_pulled_anew() -> None:
    wf = nf.Workflow("main", variables={"n": Variable("int", 0)})
    loop, less = wf.add(flow.while_), wf.add(logic.less, b=3)
    get, more = wf.add(variables.get, name="n"), wf.add(variables.update, name="n", value=1)
    wf.add(flow.start).exit >> loop.enter
    get["value"] >> less.a
    less.result >> loop.condition
    loop.body >> more.enter
    assert expected(wf).variables == {"n": 3}
