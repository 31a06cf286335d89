"""Semantics 2.6: what is a step, and that a run which never blocks is still a good neighbour."""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import Any

import pytest
import trio
from probes import Counted, Log, call, outcome, put, quiet, run, started, tally

import nodeflow as nf
from nodeflow.library import flow, logic, math, variables
from nodeflow.runtime import run as adapter
from nodeflow.runtime.events import NodeStarted

GET = variables.get.data_outs[0].name
SHARED = nf.model.Variable("int", 0, "shared")


async def steps_of(document: Any, **options: Any) -> int:
    result, _ = await outcome(document, **options)
    assert result.completed, result.error
    return int(result.counters["steps"])


# --- what is a step ----------------------------------------------------------------------------------------


@nf.exec_node("t.loose")
async def loose(times: int, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    for _ in range(times):
        await body()
    return exit


@nf.exec_node("t.asking")
async def asking(times: int, value: nf.Lazy[int] = nf.initially(0), *, exit: nf.ExecOut) -> nf.ExecOut:
    for _ in range(times):
        await value()
    return exit


@nf.exec_node("t.emitting")
async def emitting(times: int, *, items: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
    for number in range(times):
        await items.emit(number)
    return exit


def repeating(kind: str, times: int) -> nf.Workflow:
    """The workflow in which `kind` happens so often."""
    wf, start = started()
    if kind == "chain":
        at = start
        for number in range(times):
            node = wf.add(quiet, id=f"n{number}")
            at.exit >> node.enter
            at = node
    elif kind == "evaluation":
        node, data = wf.add(quiet), None
        reader = wf.add(put)
        start >> node >> reader
        for number in range(times):
            following = wf.add(math.add, b=1, id=f"d{number}")
            if data is not None:
                data.result >> following.a
            data = following
        if data is not None:
            data.result >> reader.value
    else:
        types = {"unconnected": loose, "connected": loose, "pull": asking, "emit": emitting, "concurrent": emitting}
        options = {"mode": "concurrent"} if kind == "concurrent" else {}
        node = wf.add(types[kind], times=times, **options)
        start >> node
        if kind == "connected":
            node.body >> wf.add(quiet).enter
    return wf


@pytest.mark.rule("2.6")
@pytest.mark.parametrize("kind", ["chain", "unconnected", "connected", "pull", "emit", "concurrent", "evaluation"])
@pytest.mark.parametrize("watched", [True, False])
async def test_each_of_these_is_one_step(kind: str, watched: bool) -> None:
    """Of a trigger that is connected and an item with a thread of its own, what follows (nothing) is one more."""
    observers = [Counted()] if watched else []
    few = await steps_of(repeating(kind, 1), observers=observers)
    many = await steps_of(repeating(kind, 41), observers=observers)
    assert many - few == (80 if kind in ("connected", "concurrent") else 40)


@pytest.mark.rule("2.6")
async def test_steps_are_the_same_however_often_the_run_yields_or_pauses() -> None:
    wf = repeating("connected", 3_500)
    plain = await steps_of(wf)
    watched = await steps_of(wf, observers=[Counted()])
    async with nf.open_run(wf, services=[Log()], paused=True) as handle:
        for _ in range(5):
            await handle.step()
        handle.resume()
        paused = (await handle.wait()).counters["steps"]
    assert plain == watched == paused


@pytest.mark.rule("2.6")
async def test_reusing_a_memo_is_no_evaluation() -> None:
    wf, start = started()
    loop, data, reader = wf.add(flow.for_, times=50), wf.add(math.add, a=1, b=2), wf.add(put)
    start >> loop
    loop.body >> reader.enter
    data.result >> reader.value
    result, _ = await outcome(wf)
    assert result.counters["evaluations"] == 1


@pytest.mark.rule("2.6")
@pytest.mark.parametrize("kind", ["unconnected", "connected", "pull", "emit", "concurrent", "chain", "evaluation"])
async def test_the_limit_counts_the_same_steps(kind: str) -> None:
    wf = repeating(kind, 30)
    needed = await steps_of(wf)
    assert await steps_of(wf, limits=nf.Limits(steps=needed)) == needed
    for fewer in (needed * 2 // 3, needed // 2, 1):
        result, _ = await outcome(wf, limits=nf.Limits(steps=fewer))
        assert isinstance(result.error, nf.LimitExceeded)
        assert (result.error.limit, result.error.value) == ("steps", fewer)


# --- an empty `while true` ---------------------------------------------------------------------------------


def spinning(kind: str) -> nf.Workflow:
    """A run that never blocks and never ends."""
    wf, start = started()
    if kind == "while":
        start >> wf.add(flow.while_, condition=True)
    elif kind == "while with a body":
        loop = wf.add(flow.while_, condition=True)
        start >> loop
        loop.body >> wf.add(quiet).enter
    elif kind == "wire back":
        node = wf.add(quiet)
        start >> node
        node.exit >> node.enter
    elif kind == "wire back of waiting bodies":
        node = wf.add(loose, times=0)
        start >> node
        node.exit >> node.enter
    elif kind == "condition that is computed":
        loop, data, source = wf.add(flow.repeat_until), wf.add(logic.not_), wf.add(logic.greater, b=-1)
        start >> loop
        loop.index >> source.a
        source.result >> data.value
        data.result >> loop.condition
    elif kind == "unconnected emits":
        start >> wf.add(emitting, times=10**9)
    elif kind == "unconnected concurrent emits":
        start >> wf.add(emitting, times=10**9, mode="concurrent")
    else:
        fork = wf.add(flow.fan_out, branches=["a", "b"])
        start >> fork
        for name in "ab":
            node = wf.add(quiet, id=name)
            fork[name] >> node.enter
            node.exit >> node.enter
    return wf


KINDS = [
    "while", "while with a body", "wire back", "wire back of waiting bodies", "condition that is computed",
    "unconnected emits", "unconnected concurrent emits", "branches",
]  # fmt: skip


@pytest.mark.rule("2.6")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("elide", [True, False])
async def test_it_can_be_cancelled_by_its_handle(kind: str, elide: bool) -> None:
    with trio.fail_after(30):
        async with nf.open_run(spinning(kind), elide=elide) as handle:
            for _ in range(20):
                await trio.lowlevel.checkpoint()
            handle.cancel("enough")
            result = await handle.wait()
    assert result.status == "cancelled"
    assert result.counters["steps"] > 0


@pytest.mark.rule("2.6")
@pytest.mark.parametrize("kind", KINDS)
async def test_it_can_be_cancelled_by_a_host(kind: str) -> None:
    async with trio.open_nursery() as nursery:

        async def cancel() -> None:
            for _ in range(20):
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()

        nursery.start_soon(cancel)
        await nf.run(spinning(kind))
    assert nursery.cancel_scope.cancelled_caught


@pytest.mark.rule("2.6")
@pytest.mark.parametrize("kind", KINDS)
async def test_it_ends_at_a_limit(kind: str) -> None:
    result, _ = await outcome(spinning(kind), limits=nf.Limits(steps=10_000))
    assert isinstance(result.error, nf.LimitExceeded)
    assert result.error.limit == "steps"
    assert 10_000 <= result.counters["steps"] <= 10_100


@pytest.mark.rule("2.6")
async def test_it_notices_its_deadline() -> None:
    result, _ = await outcome(spinning("while"), limits=nf.Limits(deadline=0.02))
    assert result.status == "timed_out"
    assert isinstance(result.error, nf.TimedOut)


@pytest.mark.rule("2.6")
@pytest.mark.parametrize("kind", ["while", "wire back", "condition that is computed"])
async def test_a_timeout_in_the_graph_stops_it(kind: str) -> None:
    wf = spinning(kind)
    wf._connections = [wire for wire in wf._connections if wire.from_node != "start"]
    limited = wf.add(flow.timeout, seconds=0.02)
    wf._placed["start"] >> limited
    limited.body >> wf._placed[{"wire back": "quiet", "while": "while"}.get(kind, "repeat_until")].enter
    limited.expired >> wf.add(flow.print, value="expired").enter
    result, _ = await outcome(wf)
    assert result.printed == ["expired"]


# --- fairness ----------------------------------------------------------------------------------------------


def branches_that_spin(count: int, times: int) -> tuple[nf.Workflow, list[int]]:
    done = [0]

    @nf.exec_node("t.work")
    async def work() -> None:
        done[0] += 1

    wf, start = started()
    names = [f"b{number}" for number in range(count)]
    fork = wf.add(flow.fan_out, branches=names)
    start >> fork
    for name in names:
        loop = wf.add(flow.for_, times=times, id=name)
        fork[name] >> loop.enter
        loop.body >> wf.add(work, id=f"{name}_work").enter
    return wf, done


@pytest.mark.rule("2.6")
async def test_the_budget_is_shared_by_those_who_run() -> None:
    """However many threads spin, others on the loop get their turn after about as many steps."""
    longest = {}
    for count in (1, 200):
        wf, done = branches_that_spin(count, 20_000 // count)
        waits = []
        async with nf.open_run(wf) as handle:
            before = 0
            while not handle.done:
                await trio.lowlevel.checkpoint()
                waits.append(done[0] - before)
                before = done[0]
            await handle.wait()
        assert done[0] == 20_000
        longest[count] = max(waits[3:])
    assert 0 < longest[1] <= 2_000
    assert longest[200] <= 4 * longest[1]


@pytest.mark.rule("2.6")
async def test_slices_are_counted_in_steps_so_that_schedules_repeat() -> None:
    async def turns() -> list[int]:
        wf, done = branches_that_spin(1, 5_000)
        seen = []
        async with nf.open_run(wf) as handle:
            while not handle.done:
                await trio.lowlevel.checkpoint()
                if not seen or seen[-1] != done[0]:
                    seen.append(done[0])
            await handle.wait()
        return seen

    # Whose turn comes first is trio's coin, so we may look on after two slices; how long a slice is, is not.
    for seen in (await turns(), await turns()):
        lengths = {after - before for before, after in pairwise(seen[1:-1])}
        assert lengths
        assert lengths <= {500, 1_000, 1_500}


@pytest.mark.rule("2.6")
async def test_a_spinning_run_lets_worker_threads_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker goes on only when the interpreter lock is released on purpose: else the loop ends at the limit."""
    released = threading.Event()
    monkeypatch.setattr(adapter.time, "sleep", lambda seconds: released.set())

    @nf.exec_node("t.starving", blocking=True)
    def starving() -> None:
        released.wait(30)

    wf, start = started(variables={"stop": SHARED})
    fork, node = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(starving)
    stop = wf.add(variables.set_, name="stop", value=1)
    loop, get, equal = wf.add(flow.while_), wf.add(variables.get, name="stop"), wf.add(logic.equal, b=0)
    start >> fork
    fork["a"] >> node.enter
    node.exit >> stop.enter
    fork["b"] >> loop.enter
    get[GET] >> equal.a
    equal.result >> loop.condition
    result, _ = await outcome(wf, limits=nf.Limits(steps=50_000_000))
    released.set()
    assert result.completed, result.error


@pytest.mark.rule("2.6")
async def test_without_worker_threads_the_lock_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    sleeps: list[float] = []
    monkeypatch.setattr(adapter.time, "sleep", sleeps.append)
    await run(branches_that_spin(1, 30_000)[0])
    assert sleeps == []


@pytest.mark.rule("2.6")
async def test_two_runs_take_turns() -> None:
    orders: list[str] = []

    def marking(name: str) -> nf.Workflow:
        @nf.exec_node(f"t.mark_{name}")
        def mark() -> None:
            if not orders or orders[-1] != name:
                orders.append(name)

        wf, start = started()
        loop = wf.add(flow.for_, times=10_000)
        start >> loop
        loop.body >> wf.add(mark).enter
        return wf

    async with trio.open_nursery() as nursery:
        for name in "ab":
            nursery.start_soon(nf.run, marking(name))
    assert len(orders) > 6


@pytest.mark.rule("2.6", "4.2")
async def test_a_long_pull_yields_too() -> None:
    wf, start = started()
    data, reader = None, wf.add(put)
    start >> reader
    for number in range(6_000):
        following = wf.add(math.add, b=1, id=f"d{number}")
        if data is not None:
            data.result >> following.a
        data = following
    assert data is not None
    data.result >> reader.value
    turns = 0
    async with nf.open_run(nf.compile(wf)) as handle:
        while not handle.done:
            await trio.lowlevel.checkpoint()
            turns += 1
        result = await handle.wait()
    assert result.value("put") == 6_000
    assert turns > 5


@pytest.mark.rule("2.6")
async def test_a_failed_trigger_is_a_step_too() -> None:
    wf, start = started()
    trying, bad = wf.add(flow.try_), wf.add(flow.fail)
    start >> trying
    trying.body >> bad.enter
    with_failure = await steps_of(wf)
    wf, start = started()
    trying = wf.add(flow.try_)
    start >> trying
    trying.body >> wf.add(quiet).enter
    without = await steps_of(wf)
    # `catch` is triggered, `exit` of the node that failed is not
    assert with_failure == without


@pytest.mark.rule("2.6", "4.5")
async def test_lazy_pulls_count_beside_the_evaluations_they_cause() -> None:
    counts = []
    for times in (1, 21):
        wf, start = started()
        node, source = wf.add(asking, times=times), wf.add(tally, value=1)
        source.result >> node.value
        start >> node
        result, log = await outcome(wf)
        counts.append(result.counters["steps"])
        assert log.counts["tally"] == 1
    assert counts[1] - counts[0] == 20


@pytest.mark.rule("2.6")
async def test_triggering_from_below_counts_each_level() -> None:
    wf, at = started()
    for number in range(10):
        node = wf.add(call, id=f"c{number}")
        (at.body if number else at.exit) >> node.enter
        at = node
    watch = Counted()
    steps = await steps_of(wf, observers=[watch])
    assert len(watch.of(NodeStarted)) == 11
    # 11 activations, the innermost `body` and 10 times `exit`, none of them connected
    assert steps == 11 + 1 + 10
