"""The certificate of schedule independence: drawn schedules, faults, what differed first."""

from __future__ import annotations

import pytest
import small_graphs as sg
from small_graphs import drawn
from test_exploring import single, wide

from nodeflow.library import files
from nodeflow.testing import certificate
from nodeflow.testing.certificate import certify
from nodeflow.testing.exploring import explore
from nodeflow.testing.simulator import Simulator, Unsimulated


def test_hundreds_of_distinct_schedules() -> None:
    """Distinct by the order of facts about the machine: what is drawn differs anyway."""
    found = certify(wide("local", "print", "nap", "local"), schedules=200)
    assert found.independent
    assert found.distinct > 150
    assert str(found) == f"200 schedules ({found.distinct} distinct), no deadlock, the same result under each"


def test_where_there_is_one_order_only_one_is_counted() -> None:
    assert certify(drawn({"branches": [["print"]]}, ["read"]), schedules=20).distinct == 1


def test_the_first_node_whose_value_depended_on_the_order() -> None:
    document = drawn({"branches": [["print", "set"], ["print", "set"], ["nap"]], "join": "all"}, ["read", "tell"])
    found = certify(document, schedules=100)
    assert len(found.outcomes) == 2
    difference = found.difference
    assert difference is not None
    assert (difference.node, difference.thread, difference.what) == ("print_3", "main", "input 'value'")
    first, second = difference.outcomes
    run = Simulator(document).run
    assert str(run(schedule=first.schedule).result.variables["shared"]) == difference.values[0]
    assert str(run(schedule=second.schedule).result.variables["shared"]) == difference.values[1]
    assert first.schedule == ()
    assert len(second.schedule) <= 5
    order = [step for step in difference.orders[1] if "set" in step]
    assert order == list(reversed([step for step in difference.orders[0] if "set" in step]))


def test_the_same_seed_gives_the_same_certificate() -> None:
    document = drawn({"branches": [["add", "print"], ["set"], ["once"]], "join": "any"})
    first, again, other = (certify(document, schedules=40, seed=seed) for seed in (3, 3, 4))
    assert [outcome.schedule for outcome in first.outcomes] == [outcome.schedule for outcome in again.outcomes]
    assert first.distinct == again.distinct
    assert [outcome.schedule for outcome in first.outcomes] != [outcome.schedule for outcome in other.outcomes]


def test_drawn_schedules_find_what_all_schedules_find() -> None:
    document = drawn({"branches": [["add", "read"], ["set"]], "join": "all"})
    assert {o.key for o in certify(document, schedules=200).outcomes} == {o.key for o in explore(document).outcomes}


def test_a_deadlock_is_a_result() -> None:
    found = certify(drawn({"branches": [["wait"], ["ring"]]}), schedules=30)
    assert [outcome.status for outcome in found.deadlocks] == ["deadlock"]
    assert "deadlock (waits for ever: main/fan_out[0] at 'wait')" in str(found)


@pytest.mark.rule("5.T1", "5.T3", "5.T6")
def test_with_faults_only_how_it_ends_is_compared() -> None:
    fan: sg.Fan = {"branches": [["try", "print"], ["nap", "batch"], ["gosub"]], "join": "all"}
    found = certify(drawn(fan), schedules=120, faults=True)
    assert found.independent
    assert found.wrong == ()
    assert sum(found.faulty.values()) == 120
    assert set(found.faulty) == {"completed", "failed", "cancelled", "timed_out"}


def test_a_run_that_ends_as_none_may_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "ALLOWED", {**certificate.ALLOWED, "stop": frozenset({"completed"})})
    found = certify(drawn({"branches": [["nap"], ["print"]]}), schedules=12, faults=True)
    assert {(wrong.fault.kind, wrong.outcome.status) for wrong in found.wrong} == {("stop", "cancelled")}
    assert str(found.wrong[0]).startswith(f"with the fault stop@{found.wrong[0].fault.at}: cancelled")
    assert f"{len(found.wrong)} of them wrong" in str(found)


def test_what_needs_the_real_world_is_refused_by_name() -> None:
    with pytest.raises(Unsimulated, match=r"node 'odd' \(files.write_text\) wants Files"):
        certify(single(files.write_text, path="a", text="b"), schedules=1)
