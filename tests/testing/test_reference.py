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
from nodeflow.testing import reference
from nodeflow.testing.reference import Expected, TooMany, Unsupported, disagreement


def expected(document: Any, registry: Any = None, **given: Any) -> Expected:
    async def main() -> Expected:
        return await reference.run(document, registry=registry or nf.standard_registry(), **given)

    fz.reset()
    return trio.run(main, clock=MockClock(autojump_threshold=0))


def agree(outcome: runner.Outcome, wanted: Expected) -> None:
    """Outputs, variables, printed lines, outcome, inputs of every activation, each flow thread's history."""
    result = outcome.result
    note(f"run: {result.status} {result.error!r}; reference: {wanted.status} {wanted.error!r}")
    assert disagreement(result, outcome.events, wanted) is None
    if wanted.status == "completed":
        assert Counter((tag, repr(values)) for tag, values in fz.SEEN) == outcome.seen


@pytest.mark.rule("5.T7")
@given(documents(confluent=True), schedules, st.booleans())
def test_runs_agree_with_the_reference(drawn: Drawn, schedule: list[int], elide: bool) -> None:
    assert not errors_of(drawn)
    outcome = runner.run(nf.compile(drawn.document, REGISTRY), runner.Setup(schedule=schedule, elide=elide))
    if runner.failed_together(outcome.events):
        return  # a failure of a `fail_fast` context that something catches: T7 leaves it out
    agree(outcome, expected(drawn.document, REGISTRY))


@pytest.mark.rule("4.2")
@given(documents(confluent=True), schedules)
def test_data_is_evaluated_neither_too_often_nor_too_rarely(drawn: Drawn, schedule: list[int]) -> None:
    """At most once per pull, which is what the reference does; at least once for each set of inputs that it had."""
    outcome = runner.run(nf.compile(drawn.document, REGISTRY), runner.Setup(schedule=schedule))
    if outcome.result.status != "completed" or runner.failed_together(outcome.events):
        return
    wanted = expected(drawn.document, REGISTRY)
    evaluated = Counter((e.workflow, e.node) for e in outcome.events if isinstance(e, nf.observers.DataEvaluated))
    for node, count in evaluated.items():
        assert count <= wanted.evaluations.get(node, 0), f"{node} too often"
    for node, least in wanted.distinct.items():
        if drawn.document.workflows[node[0]].nodes[node[1]].type != "variables.get":  # that is read like an output
            assert least <= evaluated[node], f"{node} too rarely"


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


# --- all that is allowed ------------------------------------------------------------------------------


def allowed(document: Any, **given: Any) -> list[Expected]:
    async def main() -> list[Expected]:
        return await reference.outcomes(document, registry=REGISTRY, **given)

    fz.reset()
    return trio.run(main, clock=MockClock(autojump_threshold=0))


def first_of_three(join: Any) -> nf.Workflow:
    """Branches that set an output and a variable before they arrive with their own name."""
    wf = nf.Workflow("main", outputs={"y": "any", "found": "any"}, variables={"mine": None})
    fan, fan_in = wf.add(flow.fan_out, branches=["a", "b", "c"]), wf.add(flow.fan_in, join=join)
    done = wf.add(flow.set_output)
    wf.add(flow.start).exit >> fan.enter
    for name in "abc":
        own, say = wf.add(flow.set_output, y=name), wf.add(variables.set_, name="mine", value=name)
        fan[name] >> own.enter
        own.exit >> say.enter
        say.exit >> fan_in.enter
        get = wf.add(variables.get, name="mine")
        get["value"] >> fan_in[name]
    fan_in.merged >> done["found"]
    fan_in.exit >> done.enter
    return wf


@pytest.mark.rule("6.5")
def test_who_is_first_is_enumerated() -> None:
    def found(join: Any) -> set[tuple[str, ...]]:
        return {(w.outputs["y"], *w.outputs["found"]) for w in allowed(first_of_three(join))}

    assert found("any") == {("a", "a"), ("b", "b"), ("c", "c")}
    assert found({"quorum": 2}) == {("b", "a", "b"), ("c", "a", "c"), ("c", "b", "c")}
    assert found("all") == {("c", "a", "b", "c")}


@pytest.mark.rule("6.5")
def test_who_wins_a_race_is_enumerated() -> None:
    wf = nf.Workflow("main", outputs={"won": "any", "y": "any"})
    race, done = wf.add(flow.race, branches=["a", "b"]), wf.add(flow.set_output)
    wf.add(flow.start).exit >> race.enter
    for name in "ab":
        race[name] >> wf.add(flow.set_output, y=name).enter
    race.winner >> done["won"]
    race.joined >> done.enter
    assert sorted((w.outputs["won"], w.outputs["y"]) for w in allowed(wf)) == [("a", "a"), ("b", "b")]


@pytest.mark.rule("10.1")
def test_which_failures_are_caught_is_enumerated() -> None:
    """Two branches fail: the try catches one of the errors, or both together."""
    wf = nf.Workflow("main", outputs={"said": "any"})
    guard, fan, done = wf.add(flow.try_), wf.add(flow.fan_out, branches=["a", "b", "c"]), wf.add(flow.set_output)
    wf.add(flow.start).exit >> guard.enter
    guard.body >> fan.enter
    for name in "ab":
        fan[name] >> wf.add(flow.fail, message=name).enter
    fan["c"] >> wf.add(flow.print, value="c").enter
    guard.error >> done["said"]
    guard.exit >> done.enter
    found = allowed(wf)
    assert sorted(w.outputs["said"] for w in found) == ["a", "a; b", "b"]
    assert all(w.cut == {"main/fan_out"} for w in found)
    assert expected(wf).outputs == {"said": "a"}  # one of them


def test_what_cannot_be_enumerated_is_refused_by_name() -> None:
    with pytest.raises(TooMany, match="more than 2 combinations"):
        allowed(first_of_three("any"), most=2)
    shared = nf.Workflow("main", variables={"n": Variable("int", 0, "shared")})
    shared.add(flow.start).exit >> shared.add(variables.set_, name="n", value=1).enter
    with pytest.raises(Unsupported, match="a shared variable, at 'set'"):
        allowed(shared)
    remembers = nf.Workflow("main")
    remembers.add(flow.start).exit >> remembers.add(flow.once).enter
    with pytest.raises(Unsupported, match="the shared state of 'once'"):
        allowed(remembers)
    tidy = nf.Workflow("main")
    fan, guard = tidy.add(flow.fan_out, branches=["a", "b"]), tidy.add(flow.try_)
    tidy.add(flow.start).exit >> fan.enter
    fan["a"] >> guard.enter
    guard["finally"] >> tidy.add(flow.print).enter
    fan["b"] >> tidy.add(flow.fail).enter
    with pytest.raises(Unsupported, match="a `finally` path in flow threads"):
        allowed(tidy)


def test_a_disagreement_says_where() -> None:
    seen: list[Any] = []
    result = nf.run_sync(squares(), observers=[seen.append])
    assert disagreement(result, seen, expected(squares())) is None
    other = expected(squares())
    other.histories["main/batch[1]"].append(("start", "more", ()))
    assert disagreement(result, seen, other) == (
        "flow thread main/batch[1], at 0: [], of the reference [('start', 'more', '[]')]"
    )
    fewer = squares()
    fewer._nodes["batch"]["values"]["items"] = [1, 2]
    says = "the outputs are {'squares': [1, 4, 9]}, of the reference {'squares': [1, 4]}"
    assert disagreement(result, seen, expected(fewer)) == says
