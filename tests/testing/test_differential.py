"""Reference, simulator and trio: three ways to run a document, and they agree.

The long run: `NODEFLOW_FUZZ=long NODEFLOW_FUZZ_EXAMPLES=20000 pytest tests/testing/test_differential.py`.
"""

from __future__ import annotations

import random

import fuzz_nodes as fz
import pytest
import runner
import trio
from hypothesis import event, given, note
from hypothesis import strategies as st
from strategies import REGISTRY, Drawn, documents, schedules
from test_simulator import simulate
from trio.testing import MockClock

import nodeflow as nf
from nodeflow.library import flow
from nodeflow.testing import reference
from nodeflow.testing.reference import Expected, TooMany, Unsupported, disagreement
from nodeflow.testing.simulator import Fault, Simulator

MOST = 40
"""How many combinations of what the schedule decides are tried for one document."""

fuels = st.sampled_from((None, 1, 3))


def allowed(drawn: Drawn) -> list[Expected] | None:
    """All that a run may come to; None: the reference cannot say."""

    async def main() -> list[Expected]:
        return await reference.outcomes(drawn.document, registry=REGISTRY, most=MOST)

    fz.reset()
    try:
        return trio.run(main, clock=MockClock(autojump_threshold=0))
    except TooMany:
        event("too many outcomes")
    except Unsupported as refused:
        event(f"refused: {' '.join(str(refused).split(' ')[:3])}")
    return None


def is_allowed(outcome: runner.Outcome, wanted: list[Expected]) -> None:
    """The run did what one of the allowed outcomes says: outputs, variables, printed lines, histories."""
    says = [disagreement(outcome.result, outcome.events, each) for each in wanted]
    note(f"{outcome.result.status} {dict(outcome.result.outputs)} {outcome.result.error!r}")
    assert None in says, "\n".join(dict.fromkeys(map(str, says)))


def on_trio(drawn: Drawn, schedule: list[int], elide: bool, fuel: int | None) -> runner.Outcome:
    setup = runner.Setup(schedule=schedule, elide=elide, fuel=fuel)
    return runner.run(nf.compile(drawn.document, REGISTRY), setup)


@pytest.mark.slow
@pytest.mark.rule("5.T7")
@given(documents(confluent=True), schedules, st.booleans(), fuels)
def test_reference_simulator_and_trio_agree(drawn: Drawn, schedule: list[int], elide: bool, fuel: int | None) -> None:
    """Within T7 there is one outcome; where failures are caught, there may be several."""
    wanted = allowed(drawn)
    if wanted is not None:
        event(f"{min(len(wanted), 10)} outcomes")
        is_allowed(on_trio(drawn, schedule, elide, fuel), wanted)
        is_allowed(simulate(drawn, schedule=schedule, elide=elide), wanted)


@pytest.mark.slow
@pytest.mark.rule("6.5")
@given(documents(exempt=("races",), room=30), schedules, st.booleans(), fuels)
def test_what_races_come_to_is_allowed(drawn: Drawn, schedule: list[int], elide: bool, fuel: int | None) -> None:
    wanted = allowed(drawn)
    if wanted is not None:
        event(f"{min(len(wanted), 10)} outcomes")
        is_allowed(on_trio(drawn, schedule, elide, fuel), wanted)
        is_allowed(simulate(drawn, schedule=schedule, elide=elide), wanted)


AFTER: dict[str, set[str]] = {
    "raise": {"completed", "failed"},
    "hang": {"completed", "failed", "cancelled"},
    "cancel": {"completed", "failed"},
    "stop": {"cancelled"},
    "deadline": {"timed_out"},
}
"""How a run may end in which something goes wrong."""


@pytest.mark.slow
@pytest.mark.rule("10.1")
@pytest.mark.rule("10.3")
@given(documents(confluent=True), schedules, st.sampled_from(sorted(AFTER)), st.integers(1, 40))
def test_a_fault_ends_a_run_as_it_should(drawn: Drawn, schedule: list[int], kind: str, at: int) -> None:
    """The kind of outcome, with T1 to T6; a fault that comes too late changes nothing."""
    sane = simulate(drawn, schedule=schedule)
    outcome = simulate(drawn, schedule=schedule, faults=[Fault(kind, at)])
    event(f"{kind}: {outcome.result.status}")
    if len(outcome.called) < at:
        assert outcome.result.status == sane.result.status
        assert outcome.result.outputs == sane.result.outputs
    else:
        assert outcome.result.status in AFTER[kind] | ({"failed"} if sane.result.status == "failed" else set())


@pytest.mark.rule("5.T7")
@given(documents(confluent=True), schedules, st.integers(1, 40), st.sampled_from([0.25, 10.0]))
def test_a_jump_of_the_clock_changes_nothing(drawn: Drawn, schedule: list[int], at: int, seconds: float) -> None:
    wanted = allowed(drawn)
    if wanted is not None:
        is_allowed(simulate(drawn, schedule=schedule, faults=[Fault("jump", at, seconds)]), wanted)


def test_hundreds_of_orders_are_simulated() -> None:
    """Distinct by the order in which bodies were called, not by the schedule that was drawn; with one result."""
    wf = nf.Workflow("main", outputs={"found": "any"})
    fan, join, done = wf.add(flow.fan_out, branches=[*"abcd"]), wf.add(flow.fan_in), wf.add(flow.set_output)
    wf.add(flow.start).exit >> fan.enter
    for name in "abcd":
        one, two = wf.add(fz.work), wf.add(fz.nap, seconds=1.0)
        fan[name] >> one.enter
        one.exit >> two.enter
        two.exit >> join.enter
        two.out >> join[name]
    join.merged >> done["found"]
    join.exit >> done.enter
    simulator, numbers = Simulator(wf, registry=REGISTRY), random.Random(7)
    runs = [simulator.run(schedule=[numbers.randrange(12) for _ in range(24)]) for _ in range(600)]
    assert len({tuple(run.order) for run in runs}) >= 300
    assert len({repr(run.result.outputs) for run in runs}) == 1


# --- what these tests found ---------------------------------------------------------------------------


@pytest.mark.rule("5")
def test_data_that_can_block_through_what_is_known_to_block_is_not_elided() -> None:
    """A data node over an async one that was looked at before: the batch that pulls it needs a nursery."""
    wf = nf.Workflow("main", outputs={"found": "any"})
    lazy, above, top = wf.add(fz.choose, a=6, c=6), wf.add(fz.mix), wf.add(fz.fresh)
    wf.add(fz.fresh).result >> lazy.b
    lazy.result >> above.a
    above.result >> top.a
    last = wf.add(flow.start)
    for data in (above, top):
        fan, join = wf.add(flow.fan_out, branches=["a"]), wf.add(flow.fan_in)
        last.exit >> fan.enter
        fan["a"] >> join.enter
        data.result >> join["a"]
        last = join
    batch, done = wf.add(flow.batch, items=[1, 2]), wf.add(flow.set_output)
    last.exit >> batch.enter
    top.result >> batch.result
    batch["continue"] >> done.enter
    batch.results >> done["found"]
    compiled = nf.compile(nf.Document(wf), REGISTRY)
    elided, nurseries = (runner.run(compiled, runner.Setup(elide=elide)).result for elide in (True, False))
    assert elided.completed, elided.error
    assert elided.outputs == nurseries.outputs


@pytest.mark.rule("6.5")
def test_what_a_loser_opens_when_it_has_lost_does_not_fail() -> None:
    """Its slices are not started any more: that their results are missing is no failure of the join."""
    wf = nf.Workflow("main")
    fan, join = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(flow.fan_in, join="any")
    scatter, batch, work = wf.add(fz.scatter, times=1), wf.add(flow.batch, items=[1]), wf.add(fz.task)
    wf.add(flow.start).exit >> fan.enter
    fan.a >> scatter.enter
    scatter.each >> batch.enter
    batch.index >> batch.result
    scatter.exit >> join.enter
    fan.b >> work.enter
    work.exit >> join.enter
    simulator, numbers = Simulator(wf, registry=REGISTRY), random.Random(1)
    for _ in range(100):
        result = simulator.run(schedule=[numbers.randrange(6) for _ in range(30)]).result
        assert result.completed, result.error
