"""The model checker: what it finds, that its reduction loses nothing, what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import small_graphs as sg
from hypothesis import HealthCheck, assume, given, settings
from small_graphs import drawn, fans

import nodeflow as nf
from nodeflow.library import files, flow
from nodeflow.machine.records import Context, ContextKind
from nodeflow.testing.certificate import certify
from nodeflow.testing.exploring import NotRepeatable, TooManyStates, explore, replay
from nodeflow.testing.exploring.outcomes import Outcome
from nodeflow.testing.exploring.recorder import Recorder
from nodeflow.testing.exploring.search import Search
from nodeflow.testing.exploring.tokens import mixed, token
from nodeflow.testing.simulator import Deadlock, Simulator, Unsimulated

SEATS = {"seats": 1}

few = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
"""Each example is a search through all interleavings, twice."""


# --- the reduction loses nothing ----------------------------------------------------------------------


def same_outcomes(document: nf.Document) -> None:
    """With the reduction and without: the same outcomes, in fewer states; and schedules drawn give no others."""
    try:
        whole = explore(document, capacities=SEATS, reduce=False, most_states=800)
    except TooManyStates:
        assume(False)
    reduced = explore(document, capacities=SEATS)
    keys = {outcome.key for outcome in whole.outcomes}
    assert {outcome.key for outcome in reduced.outcomes} == keys, str(reduced)
    assert reduced.states <= whole.states
    assert not whole.joins_wrong
    assert {outcome.key for outcome in certify(document, capacities=SEATS, schedules=10).outcomes} <= keys


@few
@given(fans(sg.QUIET, sg.LOUD, sg.SHARING, most=2))
def test_what_threads_share(fan: sg.Fan) -> None:
    same_outcomes(drawn(fan, ["read"]))


@few
@given(fans(sg.QUIET, sg.LOUD, sg.FAILING, sg.SHARING, most=2))
def test_failures_and_cancellation(fan: sg.Fan) -> None:
    same_outcomes(drawn(fan, ["read"]))


@few
@given(fans(sg.EVENTFUL, sg.PLACES, sg.LOUD, ("set", "fail"), most=1))
def test_events_streams_batches_and_gosubs(fan: sg.Fan) -> None:
    same_outcomes(drawn(fan, ["tell"]))


@pytest.mark.rule("6.5")
def test_a_loser_that_was_cut_off_in_a_batch_fails_nothing() -> None:
    """It is cancelled, and not incomplete: also where its opener cleans up behind a shield."""
    found = explore(drawn({"branches": [["print"], ["batch"]], "join": "any"}))
    assert {outcome.status for outcome in found.outcomes} == {"completed"}


@pytest.mark.rule("5.T7")
@few
@given(fans(sg.QUIET, sg.PLACES, ("print", "try"), most=3))
def test_what_the_contract_says_is_independent(fan: sg.Fan) -> None:
    """T7: without shared variables, races and failures that cancel, there is one outcome."""
    assume(fan.get("join") in (None, "all") and not any("cut" in steps for steps in fan["branches"]))
    inner = [step for steps in fan["branches"] for step in steps if isinstance(step, dict)]
    assume(all(each.get("join") in (None, "all") and each.get("missing") != "error" for each in inner))
    found = explore(drawn(fan, ["tell"]))
    assert found.independent, str(found.counterexample)
    assert found.shared == () or all(thing.startswith("data node") for thing in found.shared)


# --- what it says of graphs that people can read ------------------------------------------------------


def wide(*steps: str, inner: str = "local") -> nf.Document:
    """Five branches of four steps, one of them with a fan-out of its own."""
    nested: sg.Fan = {"branches": [[inner, inner], [inner, inner]], "join": "all"}
    plain = [list(steps) for _ in range(4)]
    return drawn({"branches": [*plain[:2], [steps[0], nested, steps[1]], *plain[2:]], "join": "all"})


def test_a_fan_out_that_people_draw() -> None:
    found = explore(wide("local", "print", "nap", "local"))
    assert found.independent
    assert found.joins == 2
    assert found.states < 100
    assert str(found) == f"{found.states} states, no deadlock, every join fires once, result independent of schedule"


def test_only_what_is_shared_is_permuted() -> None:
    found = explore(wide("add", "print", "print", "local"))
    assert found.independent
    assert found.shared == ("variable 'shared'",)
    assert found.states < 2_000


RACE: sg.Fan = {"branches": [["print", "set"], ["set"]], "join": "all"}


def test_the_shortest_counterexample() -> None:
    document = drawn(RACE, ["read"])
    found = explore(document)
    assert not found.independent
    assert [outcome.printed["main"] for outcome in found.outcomes] == [("2",), ("3",)]
    difference = found.counterexample
    assert difference is not None
    assert (difference.node, difference.thread, difference.what) == ("print_2", "main", "input 'value'")
    assert difference.values == ("2", "3")
    first, second = difference.outcomes
    assert first.schedule == ()
    assert len(second.schedule) == 2
    simulator = Simulator(document)
    assert [simulator.run(schedule=o.schedule).result.printed[-1] for o in (first, second)] == ["2", "3"]
    assert difference.orders[0][-1] == difference.orders[1][-1] == "main: print_2"
    assert difference.orders[0] != difference.orders[1]


def test_who_is_last() -> None:
    """All threads see the same, and yet it matters who writes last."""
    difference = explore(drawn({"branches": [["set"], ["set"]]})).counterexample
    assert difference is not None
    assert difference.what == "variable 'shared'"
    assert sorted(difference.values) == ["1", "2"]
    assert difference.node.startswith("set")


def test_a_race_that_counts() -> None:
    found = explore(drawn({"branches": [["print"], ["print"]], "join": "any"}))
    assert not found.independent
    assert found.joins == 1


def test_who_waits_for_ever() -> None:
    """Whether somebody waits when the bell rings depends on who is first."""
    found = explore(drawn({"branches": [["wait"], ["ring"]]}))
    assert [outcome.status for outcome in found.deadlocks] == ["deadlock"]
    assert "main/fan_out[0] at 'wait'" in str(found)
    assert {outcome.status for outcome in found.outcomes} == {"completed", "deadlock"}
    schedule = found.deadlocks[0].schedule
    with pytest.raises(Deadlock):
        Simulator(drawn({"branches": [["wait"], ["ring"]]})).run(schedule=schedule)


def test_a_replay_says_what_happened() -> None:
    trial = replay(drawn(RACE, ["read"]), [])
    assert trial.steps()[-2:] == ["main: print_2 runs value = 2, label = ''", "main: print_2 prints line = 2"]
    assert str(trial.outcome) == ("completed, local is 0, shared is 2, printed main: 2; main/fan_out[0]: 1")


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    explore(wide("add", "add", "print", "local"), progress=lambda *numbers: told.append(numbers))
    assert told[0][0] == 100
    assert [states for states, _ in told] == sorted({states for states, _ in told}) or len(told) > 1


# --- joins --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "fired", "wrong"),
    [
        (1, 1, {}),
        (1, 2, {"join in main": "ran 2 times for 1 joins"}),
        (1, 0, {"join in main": "did not run behind its join"}),
    ],
)
def test_a_join_that_does_not_fire_once_is_told(due: int, fired: int, wrong: dict[str, str]) -> None:
    search = Search(lambda **_: None, most_states=1, most_turns=1, reduce=True)  # type: ignore[arg-type, return-value]
    recorder = Recorder()
    recorder.joins_due["main", "join"], recorder.joins_fired["main", "join"] = due, fired
    recorder.returned.add("main")
    search._count_joins(recorder, Outcome("completed"))
    assert search.joins_wrong == wrong


# --- what it refuses ----------------------------------------------------------------------------------


def single(kind: nf.NodeType, **given: Any) -> nf.Workflow:
    wf = nf.Workflow("main")
    wf.add(flow.start)["exit"] >> wf.add(kind, id="odd", **given)["enter"]
    return wf


def test_too_many_states() -> None:
    with pytest.raises(TooManyStates, match="there are more than 50 states"):
        explore(wide("add", "add", "add", "add"), most_states=50)


def test_a_run_that_does_not_end() -> None:
    with pytest.raises(TooManyStates, match="did not end within 2,000 turns: it may go on for ever"):
        explore(single(flow.while_, condition=True), most_turns=2_000)


def test_a_body_that_remembers_outside_of_the_run() -> None:
    numbers: Iterator[int] = count()

    @nf.exec_node("odd.next")
    def following() -> int:
        return next(numbers)

    with pytest.raises(NotRepeatable, match="node 'odd', output 'result': 0, then 1"):
        explore(single(following))


def test_what_needs_the_real_world_is_refused_by_name() -> None:
    with pytest.raises(Unsimulated, match=r"node 'odd' \(files.write_text\) wants Files, which is of the real world"):
        explore(single(files.write_text, path="a", text="b"))


# --- hashes -------------------------------------------------------------------------------------------


def test_an_exchange_does_not_fool_the_hash() -> None:
    """Sums of Python's own hash of tuples do collide like this, for one in four seeds of it."""
    for name in range(100):
        one = mixed(f"a{name}", 0, "1") + mixed(f"b{name}", 0, "2")
        other = mixed(f"a{name}", 0, "2") + mixed(f"b{name}", 0, "1")
        assert one != other


def test_tokens_have_no_addresses() -> None:
    context = Context(1, ContextKind.BATCH, None, None, "batch", 1)
    assert token([object(), lambda: 1, context, {2, 1}]) == ("[<object>, <function>, <BatchContext 1>, {1, 2}]")
