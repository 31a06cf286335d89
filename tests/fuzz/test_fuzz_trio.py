"""Drawn documents on real trio under drawn schedules: T1-T6 always hold, and T7 where it applies."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from typing import Any

import fuzz_nodes as fz
import pytest
import trio
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from runner import Outcome, Setup, cancelled_for_cause, failed_together, run
from strategies import REGISTRY, Drawn, documents, errors_of, schedules
from trio._core import _run as trio_run

import nodeflow as nf
from nodeflow.library import flow
from nodeflow.testing.reference import histories
from nodeflow.testing.schedules import Shuffle, TrioChanged, scheduled

fuels = st.sampled_from((None, 1, 3, 8))
CALM = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
SAMPLE = settings(
    max_examples=100, deadline=None, database=None, derandomize=True, phases=(Phase.generate,),
    suppress_health_check=CALM,
)  # fmt: skip


def compiled(drawn: Drawn) -> nf.Compiled:
    """What is drawn is valid by construction: `test_documents_are_valid_and_nest` measures it."""
    return nf.compile(drawn.document, REGISTRY)


# --- T1-T6 ---


@pytest.mark.slow
@pytest.mark.rule("5.T1")
@pytest.mark.rule("5.T2")
@pytest.mark.rule("5.T3")
@pytest.mark.rule("5.T4")
@pytest.mark.rule("5.T5")
@pytest.mark.rule("5.T6")
@given(drawn=documents(), schedule=schedules, fuel=fuels, check=st.booleans())
def test_invariants_hold(drawn: Drawn, schedule: list[int], fuel: int | None, check: bool) -> None:
    document = compiled(drawn)
    for elided in (True, False):
        outcome = run(document, Setup(schedule, elide=elided, fuel=fuel, check_values=check))
        assert outcome.result.status in ("completed", "failed"), outcome.result.error
        if drawn.confluent and cancelled_for_cause(outcome.events):
            event("a failure cancelled others")
        event(f"{len(outcome.kinds)} kinds of context, {outcome.result.status}")


# --- T7 ---


@pytest.mark.slow
@pytest.mark.rule("5.T7")
@given(drawn=documents(confluent=True), one=schedules, other=schedules, fuel=fuels)
def test_results_do_not_depend_on_the_schedule(
    drawn: Drawn, one: list[int], other: list[int], fuel: int | None
) -> None:
    document = compiled(drawn)
    first = run(document, Setup(one, elide=False))
    setups = [
        Setup(other, elide=False, fuel=fuel),
        Setup(other, elide=True, fuel=fuel),
        Setup(other, elide=True, watched=False),
        Setup(one, elide=False, fuel=fuel, watched=False),
    ]
    others = [run(document, setup) for setup in setups]
    if failed_together(first.events):
        event("a failure among several flow threads: T7 does not apply")
        return
    for outcome in others:
        assert outcome.result.status == first.result.status
        if first.result.status == "completed":
            same(first, outcome)
    event(first.result.status)


def same(first: Outcome, other: Outcome) -> None:
    """Both runs gave the same, and each flow thread did the same in both."""
    assert other.result.outputs == first.result.outputs
    assert other.result.variables == first.result.variables
    assert sorted(other.result.printed) == sorted(first.result.printed)
    assert other.seen == first.seen
    for counter in ("threads", "contexts"):
        assert other.result.counters[counter] == first.result.counters[counter]
    if other.events:
        before, after = histories(first.events), histories(other.events)
        assert after.keys() == before.keys()
        for place in before:
            assert after[place] == before[place], place


# --- the same schedule gives the same run ---


def shape(events: list[Any]) -> list[tuple[Any, ...]]:
    """What happened, in order, without the objects that it happened to."""
    names = ("node", "thread", "context", "outcome", "output", "index", "path", "time")
    return [(type(e).__name__, *(getattr(e, name, None) for name in names)) for e in events]


@pytest.mark.rule("12")
@given(drawn=documents(), schedule=schedules, fuel=fuels, elided=st.booleans())
def test_the_same_schedule_gives_the_same_run(
    drawn: Drawn, schedule: list[int], fuel: int | None, elided: bool
) -> None:
    document = compiled(drawn)
    first, second = (run(document, Setup(schedule, elide=elided, fuel=fuel)) for _ in range(2))
    assert shape(second.events) == shape(first.events)


# --- the tests themselves ---


def test_documents_are_valid_and_nest() -> None:
    """Nearly all drawn documents are valid, and at least half open three or more kinds of context."""
    drawn_kinds: list[int] = []
    invalid: list[str] = []

    @SAMPLE
    @given(drawn=documents())
    def sample(drawn: Drawn) -> None:
        if errors := errors_of(drawn):
            invalid.append(str(errors[0]))
            return
        drawn_kinds.append(len(run(compiled(drawn), Setup()).kinds))

    sample()
    assert len(drawn_kinds) >= 100
    assert len(invalid) <= len(drawn_kinds) // 50, invalid
    counted = Counter(drawn_kinds)
    assert sum(n for kinds, n in counted.items() if kinds >= 3) >= len(drawn_kinds) / 2, counted


def test_hundreds_of_schedules_are_run() -> None:
    """The drawn integers do change the order of what happens: the observer sees hundreds of different ones."""
    names = [f"b{i}" for i in range(6)]
    wf = nf.Workflow("main")
    start, fan_out = wf.add(flow.start), wf.add(flow.fan_out, branches=names)
    fan_in = wf.add(flow.fan_in, id="fan_in_1")
    start.exit >> fan_out.enter
    for name in names:
        one, two = wf.add(fz.nap, seconds=1.0), wf.add(fz.nap, seconds=1.0)
        fan_out[name] >> one.enter
        one.exit >> two.enter
        two.exit >> fan_in.enter
        two.out >> fan_in[name]
    document = nf.compile(nf.Document(wf), REGISTRY)
    orders = set()
    merged = set()
    numbers = random.Random(7)
    for _ in range(400):
        outcome = run(document, Setup([numbers.randrange(2**16) for _ in range(12)]))
        orders.add(outcome.order)
        merged.add(tuple(outcome.result.value("fan_in_1", "merged")))
    assert len(orders) >= 300
    assert len(merged) == 1
    assert run(document, Setup([5, 3])).order == run(document, Setup([5, 3])).order


def test_drawn_documents_run_in_many_orders() -> None:
    """The drawn documents have siblings, too, that a schedule can put in another order."""
    orders: set[tuple[int, tuple[int, ...]]] = set()
    shuffled: list[int] = []

    @SAMPLE
    @given(drawn=documents(confluent=True))
    def sample(drawn: Drawn) -> None:
        document, numbers = compiled(drawn), random.Random(len(shuffled))
        found = set()
        for _ in range(6):
            schedule = [numbers.randrange(2**16) for _ in range(24)]
            found.add(run(document, Setup(schedule, elide=False, fuel=1)).order)
        orders.update((len(shuffled), order) for order in found)
        shuffled.append(len(found))

    sample()
    assert len(orders) >= 200
    assert sum(n > 1 for n in shuffled) >= len(shuffled) / 3, shuffled


def test_the_hooks_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The private parts of trio that the drawn schedule needs are used, and put back; it says so when they go."""
    assert isinstance(trio_run._r, random.Random)
    before = trio_run._r

    async def several() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(trio.lowlevel.checkpoint)

    with scheduled([1, 2, 3]) as shuffle:
        assert isinstance(shuffle, Shuffle)
        trio.run(several)
        assert shuffle.used >= 4, "trio did not shuffle with what stands in for its random generator"
    assert trio_run._r is before
    monkeypatch.delattr(trio_run, "_r")
    with pytest.raises(TrioChanged, match="no longer draws the order of its tasks"), scheduled([1]):
        pass


def test_fuel_is_how_many_steps_a_turn_takes() -> None:
    """With one step a turn two flow threads that never wait take turns; with a thousand one runs to its end first."""
    wf = nf.Workflow("main")
    fan = wf.add(flow.fan_out, branches=["a", "b"])
    wf.add(flow.start).exit >> fan.enter
    for name in "ab":
        loop, work = wf.add(flow.for_, times=3), wf.add(fz.work)
        fan[name] >> loop.enter
        loop.body >> work.enter
    document = nf.compile(nf.Document(wf), REGISTRY)

    def turns(fuel: int | None) -> int:
        order = run(document, Setup([0], elide=False, fuel=fuel)).order
        return sum(one != other for one, other in itertools.pairwise(order))

    assert turns(1) > turns(None)
