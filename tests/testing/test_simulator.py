"""The simulator: the same machine, adapter and bodies in virtual time, under any schedule and with faults."""

from __future__ import annotations

from collections import Counter
from typing import Any

import fuzz_nodes as fz
import pytest
import runner
import trio
from hypothesis import given
from hypothesis import strategies as st
from strategies import REGISTRY, Drawn, documents, schedules
from test_reference import agree, expected

import nodeflow as nf
from nodeflow.library import flow
from nodeflow.testing.checking import checked
from nodeflow.testing.simulator import Deadlock, Fault, Simulated, Simulator, Unsimulated
from nodeflow.testing.strategies import faults


def simulate(drawn: Drawn, *, fine: bool = True, **options: Any) -> runner.Outcome:
    outcome = runner.Outcome(None)
    fz.reset()
    simulator = Simulator(drawn.document, registry=REGISTRY, fine=fine)
    with checked():
        simulated = simulator.run(observers=[outcome.events.append], capacities={"seats": 1}, **options)
    outcome.result, outcome.raised, outcome.called = simulated.result, simulated.raised, tuple(simulated.order)
    outcome.seen = Counter((tag, repr(values)) for tag, values in fz.SEEN)
    assert fz.Instances.open == 0
    runner.check_events(outcome.events, runner.fan_ins_of(simulator.compiled))
    return outcome


@pytest.mark.rule("5.T7")
@given(documents(confluent=True), schedules, st.booleans(), st.booleans())
def test_simulated_runs_agree_with_the_reference(drawn: Drawn, schedule: list[int], fine: bool, elide: bool) -> None:
    outcome = simulate(drawn, fine=fine, schedule=schedule, elide=elide)
    assert outcome.raised is None
    if not runner.failed_together(outcome.events):
        agree(outcome, expected(drawn.document, REGISTRY))


@pytest.mark.rule("5.T1", "5.T3", "5.T6")
@given(documents(), schedules, faults())
def test_whatever_goes_wrong_nothing_is_left(drawn: Drawn, schedule: list[int], happens: list[Fault]) -> None:
    """T1 to T6, followed event by event; the end of a simulation is the end of all its tasks."""
    outcome = simulate(drawn, schedule=schedule, faults=happens)
    assert outcome.result.status in ("completed", "failed", "timed_out", "cancelled")


@given(documents(), schedules)
def test_a_schedule_replays_a_run(drawn: Drawn, schedule: list[int]) -> None:
    simulator = Simulator(drawn.document, registry=REGISTRY)
    fz.reset()
    first = simulator.run(schedule=schedule, capacities={"seats": 1})
    fz.reset()
    again = simulator.run(schedule=first.schedule, capacities={"seats": 1})
    assert again.order == first.order
    assert again.choices == first.choices
    assert again.result.printed == first.result.printed
    assert again.result.counters == first.result.counters


# --- by hand ------------------------------------------------------------------------------------------


def two_naps() -> nf.Workflow:
    wf = nf.Workflow("main")
    fan = wf.add(flow.fan_out, branches=["a", "b"])
    wf.add(flow.start).exit >> fan.enter
    for name in "ab":
        nap, say = wf.add(flow.delay, id=f"nap_{name}", seconds=1.0), wf.add(flow.print, value=name)
        fan[name] >> nap.enter
        nap.exit >> say.enter
    return wf


def test_the_schedule_decides_who_is_first() -> None:
    simulator = Simulator(two_naps())
    printed = {tuple(simulator.run(schedule=[0] * n + [1]).result.printed) for n in range(6)}
    assert printed == {("a", "b"), ("b", "a")}


def test_time_is_virtual() -> None:
    assert Simulator(two_naps()).run().result.counters["seconds"] == 1.0


def outcome_of(kind: str, at: int) -> Simulated:
    return Simulator(two_naps()).run(faults=[Fault(kind, at)])


def test_faults() -> None:
    failed = outcome_of("raise", 3).result
    assert failed.status == "failed"
    assert str(failed.error).endswith("InjectedFault: fault 3")
    assert outcome_of("hang", 3).result.status == "cancelled"
    assert "was cancelled: fault 3" in str(outcome_of("cancel", 3).result.error)
    assert outcome_of("stop", 3).result.status == "cancelled"
    assert outcome_of("deadline", 3).result.status == "timed_out"
    assert outcome_of("jump", 3).result.counters["seconds"] == 11.0
    with pytest.raises(ValueError, match="the kind of a fault is one of"):
        Fault("earthquake", 1)


def test_a_timeout_and_its_cleanup() -> None:
    wf = nf.Workflow("main")
    limit, guard, nap = wf.add(flow.timeout, seconds=1.0), wf.add(flow.try_), wf.add(flow.delay, seconds=5.0)
    tidy, late, behind = (wf.add(flow.print, value=word) for word in ("tidy", "late", "behind"))
    wf.add(flow.start).exit >> limit.enter
    limit.body >> guard.enter
    guard.body >> nap.enter
    guard["finally"] >> tidy.enter
    limit.expired >> late.enter
    limit.exit >> behind.enter
    result = Simulator(wf).run().result
    assert result.printed == ["tidy", "late", "behind"]
    assert result.counters["seconds"] == 1.0


def test_a_body_that_calls_trio_is_refused_by_name() -> None:
    @nf.exec_node("sim.naps")
    async def naps() -> None:
        await trio.sleep(1)

    wf = nf.Workflow("main")
    wf.add(flow.start).exit >> wf.add(naps).enter
    with pytest.raises(
        Unsimulated, match=r"node 'naps' \(sim.naps\) calls trio itself; a body that is to be simulated"
    ):
        Simulator(wf).run()


def test_a_body_that_waits_for_ever_is_a_deadlock() -> None:
    @nf.exec_node("sim.waits")
    async def waits(ctx: nf.NodeContext, never: nf.SharedState[bool] = nf.initially(False)) -> None:
        await ctx.wait(never, bool)

    wf = nf.Workflow("main")
    wf.add(flow.start).exit >> wf.add(waits).enter
    with pytest.raises(Deadlock, match="every task waits for ever"):
        Simulator(wf).run()


def test_what_is_no_failure_of_a_node_is_told() -> None:
    @nf.exec_node("sim.crash")
    def crash() -> None:
        raise KeyboardInterrupt

    wf = nf.Workflow("main")
    wf.add(flow.start).exit >> wf.add(crash).enter
    assert isinstance(Simulator(wf).run().raised, KeyboardInterrupt)
