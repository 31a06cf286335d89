"""Semantics 2.1 to 2.4: triggers, tails, depth and exec sockets."""

from __future__ import annotations

import gc
import sys
import traceback
import tracemalloc
from typing import Any

import pytest
import trio
from probes import Counted, Log, call, cause, codes, failure, note, outcome, put, quiet, run, started

import nodeflow as nf
from nodeflow.library import events, flow
from nodeflow.runtime.events import NodeFailedEvent, NodeStarted

LOCAL = nf.model.Variable("int", 0, "local")


def stack_depth() -> int:
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


# --- 2.1: a trigger runs what is connected, and comes back -------------------------------------------------


@pytest.mark.rule("2.1")
async def test_trigger_runs_each_chain_to_its_end_in_connection_order() -> None:
    wf, start = started()
    caller = wf.add(call)
    first, second, behind, last = (wf.add(note, value=value) for value in ("a1", "b1", "a2", "exit"))
    start >> caller
    caller.body >> first.enter
    caller.body >> second.enter
    first.exit >> behind.enter
    caller.exit >> last.enter
    assert (await run(wf)).seen == ["a1", "a2", "b1", "exit"]


@pytest.mark.rule("2.1")
async def test_trigger_runs_in_the_callers_flow_thread() -> None:
    ids = []

    @nf.exec_node("t.id")
    def thread_id(ctx: nf.NodeContext) -> None:
        ids.append(ctx.thread_id)

    @nf.exec_node("t.outer")
    async def outer(ctx: nf.NodeContext, *, body: nf.ExecOut) -> None:
        ids.append(ctx.thread_id)
        task = trio.lowlevel.current_task()
        await body()
        assert trio.lowlevel.current_task() is task

    wf, start = started()
    start >> wf.add(outer)
    wf._placed["outer"].body >> wf.add(thread_id).enter
    await run(wf)
    assert len(ids) == 2
    assert len(set(ids)) == 1


@pytest.mark.rule("2.1")
async def test_a_body_catches_what_it_triggers_with_a_real_try() -> None:
    caught: list[BaseException] = []

    @nf.exec_node("t.catching")
    async def catching(*, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            await body()
        except nf.NodeFailed as error:
            caught.append(error)
        await body()
        return exit

    wf, start = started()
    node, bad = wf.add(catching), wf.add(flow.fail, message="no")
    start >> node
    node.body >> bad.enter
    error = await failure(wf)
    assert [type(each.__cause__) for each in caught] == [nf.FlowFailure]
    assert isinstance(error, nf.NodeFailed)
    assert error.node == "fail"
    assert error is not caught[0]


@pytest.mark.rule("2.1")
async def test_a_real_timeout_around_a_trigger_bounds_it(autojump_clock: Any) -> None:
    cut = []

    @nf.exec_node("t.patient")
    async def patient(*, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        with trio.move_on_after(1.0) as scope:
            await body()
        cut.append(scope.cancelled_caught)
        return exit

    wf, start = started()
    node, nap = wf.add(patient), wf.add(flow.delay, seconds=9)
    never, after = wf.add(note, value=1), wf.add(note, value=2)
    start >> node
    node.body >> nap.enter
    nap.exit >> never.enter
    node.exit >> after.enter
    before = trio.current_time()
    assert (await run(wf)).seen == [2]
    assert cut == [True]
    assert trio.current_time() - before == pytest.approx(1.0)


def _misusing(what: str) -> nf.NodeType:
    """A node whose body lets another task do what only its own may."""

    @nf.exec_node("t.foreign")
    async def foreign(
        lazy: nf.Lazy[int] = nf.initially(0), *, items: nf.Stream[int], body: nf.ExecOut, exit: nf.ExecOut
    ) -> nf.ExecOut:
        async def other() -> None:
            if what == "trigger":
                await body()
            elif what == "pull":
                await lazy()
            else:
                await items.emit(1)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
        return exit

    return foreign


@pytest.mark.rule("2.1")
@pytest.mark.parametrize("what", ["trigger", "emit", "pull"])
async def test_another_task_of_the_body_may_not(what: str) -> None:
    wf, start = started()
    node, seen = wf.add(_misusing(what)), wf.add(note)
    start >> node
    node.body >> seen.enter
    node.on_item >> seen.enter
    error = await cause(wf)
    assert isinstance(error, nf.WrongCall)
    assert what in str(error)
    assert "async with ctx.open_scope() as scope" in str(error)
    assert "scope.start(" in str(error)
    assert "'foreign'" in str(error)


@pytest.mark.rule("2.1")
async def test_a_handle_of_a_body_that_waits_is_not_for_those_it_triggered() -> None:
    kept: list[nf.ExecOut] = []

    @nf.exec_node("t.lending")
    async def lending(*, body: nf.ExecOut, other: nf.ExecOut) -> None:
        kept.append(other)
        await body()

    @nf.exec_node("t.borrowing")
    async def borrowing(*, exit: nf.ExecOut) -> nf.ExecOut:
        await kept[0]()
        return exit

    wf, start = started()
    lender, borrower, seen = wf.add(lending), wf.add(borrowing), wf.add(note)
    start >> lender
    lender.body >> borrower.enter
    lender.other >> seen.enter
    assert isinstance(await cause(wf), nf.WrongCall)


@pytest.mark.rule("2.1")
async def test_a_handle_is_dead_when_its_activation_has_ended() -> None:
    kept: list[nf.ExecOut] = []

    @nf.exec_node("t.lending")
    async def lending(*, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        kept.append(body)
        return exit

    @nf.exec_node("t.late")
    async def late() -> None:
        await kept[0]()

    wf, start = started()
    lender, seen = wf.add(lending), wf.add(note)
    start >> lender >> wf.add(late)
    lender.body >> seen.enter
    log = Log()
    async with nf.open_run(wf, services=[log]) as handle:
        result = await handle.wait()
    assert isinstance(result.error, nf.NodeFailed)
    assert isinstance(result.error.__cause__, nf.WrongCall)
    assert log.seen == []


@pytest.mark.rule("2.1")
async def test_what_to_do_instead_works() -> None:
    @nf.exec_node("t.spreading")
    async def spreading(ctx: nf.NodeContext, *, item: nf.Item[int], body: nf.Branch, exit: nf.ExecOut) -> nf.ExecOut:
        async with ctx.open_scope() as scope:
            for number in range(3):
                scope.start(body, item=number)
        return exit

    wf, start = started()
    node, seen, behind = wf.add(spreading), wf.add(note), wf.add(note, value="behind")
    start >> node
    node.body >> seen.enter
    node.item >> seen.value
    node.exit >> behind.enter
    seen_values = (await run(wf)).seen
    assert sorted(seen_values[:3]) == [0, 1, 2]
    assert seen_values[3:] == ["behind"]


# --- 2.2: tails -------------------------------------------------------------------------------------------


@pytest.mark.rule("2.2", "2.8")
async def test_an_activation_ends_before_its_tail_starts() -> None:
    wf, start = started()
    caller, tail = wf.add(call), wf.add(quiet)
    start >> caller
    caller.body >> wf.add(quiet, id="inner").enter
    caller.exit >> tail.enter
    watch = Counted()
    await run(wf, observers=[watch])
    assert watch.spans() == [
        "+start", "-start", "+call", "+inner", "-inner", "-call", "+quiet", "-quiet",
    ]  # fmt: skip


@pytest.mark.rule("2.2")
async def test_of_several_targets_all_but_the_last_run_first() -> None:
    wf, start = started()
    caller = wf.add(call)
    a, a2, b, b2, c = (wf.add(note, value=value) for value in ("a", "a2", "b", "b2", "c"))
    start >> caller
    caller.exit >> a.enter
    caller.exit >> b.enter
    caller.exit >> c.enter
    a.exit >> a2.enter
    b.exit >> b2.enter
    assert (await run(wf)).seen == ["a", "a2", "b", "b2", "c"]


def counting_wires(count: int, *, again_last: bool = True) -> tuple[nf.Workflow, nf.NodeType]:
    """`tick` counts and leads back to itself until it has counted to `count`; then `exit`."""

    @nf.exec_node("t.tick")
    def tick(
        ctx: nf.NodeContext, limit: int, *, again: nf.ExecOut, exit: nf.ExecOut
    ) -> nf.ExecOut:
        rounds = ctx.variables.update("rounds", lambda old: old + 1)
        ctx.service(Log).counts["ticks"] += 1
        if rounds in (1_000, limit):
            gc.collect()
            ctx.service(Log).seen.append((tracemalloc.get_traced_memory()[0], stack_depth()))
        return again if rounds < limit else exit

    wf, start = started(variables={"rounds": LOCAL})
    node = wf.add(tick, limit=count)
    start >> node
    if again_last:
        node.again >> wf.add(quiet, id="beside").enter
    node.again >> node.enter
    node.exit >> wf.add(quiet, id="over").enter
    return wf, tick


@pytest.mark.rule("2.2")
@pytest.mark.slow
async def test_a_wire_back_runs_in_constant_memory() -> None:
    wf, _ = counting_wires(50_000)
    tracemalloc.start()
    try:
        log = await run(wf)
    finally:
        tracemalloc.stop()
    (early, shallow), (late, deep) = log.seen
    assert log.counts["ticks"] == 50_000
    assert late - early < 50_000
    assert deep == shallow


@pytest.mark.rule("2.2")
async def test_a_wire_back_of_waiting_bodies_keeps_no_frames() -> None:
    depths = []

    @nf.exec_node("t.round")
    async def round_(ctx: nf.NodeContext, *, again: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        depths.append(ctx.variables.update("rounds", lambda old: old + 1))
        await trio.lowlevel.checkpoint()
        return again if depths[-1] < 3_000 else exit

    wf, start = started(variables={"rounds": LOCAL})
    node = wf.add(round_)
    start >> node
    node.again >> node.enter
    await run(wf, limits=nf.Limits(depth=1))
    assert depths[-1] == 3_000


@pytest.mark.rule("2.2")
async def test_a_long_chain_needs_no_depth() -> None:
    wf, at = started()
    for _ in range(5_000):
        node = wf.add(put, value=1, id=f"n{len(wf._placed)}")
        at.exit >> node.enter
        at = node
    at.exit >> wf.add(note, value="end").enter
    assert (await run(wf, limits=nf.Limits(depth=1))).seen == ["end"]


@pytest.mark.rule("2.2")
async def test_a_wire_back_that_is_not_the_last_is_a_warning_and_nests() -> None:
    wf, _ = counting_wires(50, again_last=False)
    assert "NF304" not in codes(wf)
    tick = wf._placed["tick"]
    tick.again >> wf.add(quiet, id="behind").enter
    assert codes(wf)["NF304"] == "warning"
    watch = Counted()
    await run(wf, observers=[watch])
    assert len(watch.of(NodeStarted, node="behind")) == 49
    assert isinstance(await failure(wf, limits=nf.Limits(depth=40)), nf.LimitExceeded)


@pytest.mark.rule("2.2")
async def test_what_a_body_holds_ends_with_its_return() -> None:
    held: list[str] = []

    @nf.exec_node("t.holding")
    async def holding(ctx: nf.NodeContext, keep: bool, *, exit: nf.ExecOut) -> nf.ExecOut | None:
        try:
            if keep:
                await exit()
                return None
            return exit
        finally:
            ctx.service(Log).seen.append("released")

    for keep, order in ((False, ["released", "tail"]), (True, ["tail", "released"])):
        wf, start = started()
        start >> wf.add(holding, keep=keep) >> wf.add(note, value="tail")
        assert (await run(wf)).seen == order
    assert held == []


@pytest.mark.rule("2.2")
async def test_a_timeout_that_the_body_holds_does_not_bound_its_tail(autojump_clock: Any) -> None:
    @nf.exec_node("t.timing")
    async def timing(ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
        with ctx.timeout(1):
            return exit

    wf, start = started()
    start >> wf.add(timing) >> wf.add(flow.delay, seconds=5) >> wf.add(note, value="slept")
    assert (await run(wf)).seen == ["slept"]


@pytest.mark.rule("2.2")
async def test_a_body_may_return_its_own_outputs_only() -> None:
    kept: list[nf.ExecOut] = []

    @nf.exec_node("t.lending")
    async def lending(*, exit: nf.ExecOut) -> nf.ExecOut:
        kept.append(exit)
        return exit

    @nf.exec_node("t.straying")
    async def straying(*, exit: nf.ExecOut) -> nf.ExecOut:
        return kept[0]

    wf, start = started()
    start >> wf.add(lending) >> wf.add(straying) >> wf.add(note)
    error = await cause(wf)
    assert isinstance(error, nf.WrongCall)
    assert "own exec outputs" in str(error)


# --- 2.3: depth -------------------------------------------------------------------------------------------


def deep_workflow() -> nf.Workflow:
    """`dive` triggers a wire that leads back to itself: as deep as `depth` says."""

    @nf.exec_node("t.dive")
    async def dive(ctx: nf.NodeContext, depth: int, *, deeper: nf.ExecOut, bottom: nf.ExecOut) -> None:
        reached = ctx.variables.update("reached", lambda old: old + 1)
        if reached < depth:
            await deeper()
        else:
            await bottom()
        ctx.variables.update("left", lambda old: old + 1)

    wf, start = started(
        inputs={"depth": ("int", 10)}, variables={"reached": LOCAL, "left": LOCAL}
    )
    node = wf.add(dive)
    wf.inputs.depth >> node.depth
    start >> node
    node.deeper >> node.enter
    return wf


@pytest.mark.rule("2.3")
@pytest.mark.slow
async def test_triggers_go_100_000_deep() -> None:
    result = await nf.run(deep_workflow(), inputs={"depth": 100_000})
    assert result.variables == {"reached": 100_000, "left": 100_000}


@pytest.mark.rule("2.3")
async def test_depth_costs_no_interpreter_stack() -> None:
    wf = deep_workflow()
    stacks = []

    @nf.exec_node("t.look")
    async def look() -> None:
        await trio.lowlevel.checkpoint()
        stacks.append(stack_depth())

    wf._placed["dive"].bottom >> wf.add(look).enter
    compiled = nf.compile(wf)
    await compiled.run(inputs={"depth": 2})
    await compiled.run(inputs={"depth": 5_000})
    assert len(stacks) == 2
    assert stacks[0] == stacks[1]


@pytest.mark.rule("2.3")
async def test_failing_5_000_deep_raises_through_every_body() -> None:
    wf = deep_workflow()
    wf._placed["dive"].bottom >> wf.add(flow.fail, message="deep").enter
    watch = Counted()
    result, _ = await outcome(wf, inputs={"depth": 5_000}, observers=[watch])
    assert result.status == "failed"
    assert isinstance(result.error, nf.NodeFailed)
    assert result.error.node == "fail"
    assert watch.outcomes("dive") == ["failed"] * 5_000
    assert len(watch.of(NodeFailedEvent)) == 1
    assert len(traceback.extract_tb(result.error.__traceback__)) < 50


@pytest.mark.rule("2.3")
async def test_runaway_recursion_is_an_error_that_nothing_catches() -> None:
    wf = deep_workflow()
    dive = wf._placed["dive"]
    start = wf._placed["start"]
    wf._connections = [wire for wire in wf._connections if wire.from_node != "start"]
    trying, caught = wf.add(flow.try_), wf.add(note, value="caught")
    start >> trying
    trying.body >> dive.enter
    trying.catch >> caught.enter
    result, log = await outcome(wf, inputs={"depth": 10_000}, limits=nf.Limits(depth=100))
    assert isinstance(result.error, nf.LimitExceeded)
    assert (result.error.limit, result.error.value) == ("depth", 100)
    assert "'dive'" in result.error.place
    assert log.seen == []


# --- 2.4: exec sockets ------------------------------------------------------------------------------------


@pytest.mark.rule("2.4")
@pytest.mark.parametrize("tail", [True, False])
async def test_an_unconnected_output_does_nothing(tail: bool) -> None:
    @nf.exec_node("t.loose")
    async def loose(ctx: nf.NodeContext, tail: bool, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut | None:
        assert (await body()) is None
        ctx.service(Log).seen.append("after body")
        if tail:
            return exit
        await exit()
        return None

    wf, start = started()
    caller, behind = wf.add(call), wf.add(note, value="behind")
    start >> caller
    caller.body >> wf.add(loose, tail=tail).enter
    caller.exit >> behind.enter
    assert (await run(wf)).seen == ["after body", "behind"]


@nf.exec_node("t.door")
def door(ctx: nf.NodeContext, open: nf.ExecIn, close: nf.ExecIn, knock: nf.ExecIn) -> None:
    fired = [name for name, each in (("open", open), ("close", close), ("knock", knock)) if each]
    ctx.service(Log).seen.append(fired)


@nf.exec_node("t.slow_door")
async def slow_door(
    ctx: nf.NodeContext, open: nf.ExecIn, close: nf.ExecIn, *, opened: nf.ExecOut, closed: nf.ExecOut
) -> nf.ExecOut:
    await trio.lowlevel.checkpoint()
    assert bool(open) is not bool(close)
    return opened if open else closed


@pytest.mark.rule("2.4")
async def test_a_body_asks_which_exec_input_fired() -> None:
    wf, start = started()
    sequence = wf.add(flow.sequence, steps=["a", "b", "c", "d"])
    node = wf.add(door)
    start >> sequence
    for step, socket in zip("abcd", ("close", "open", "knock", "close"), strict=True):
        sequence[step] >> node[socket]
    assert (await run(wf)).seen == [["close"], ["open"], ["knock"], ["close"]]


@pytest.mark.rule("2.4")
@pytest.mark.parametrize("watched", [True, False])
async def test_a_waiting_body_asks_which_exec_input_fired(watched: bool) -> None:
    wf, start = started()
    sequence, node = wf.add(flow.sequence, steps=["a", "b"]), wf.add(slow_door)
    start >> sequence
    sequence["a"] >> node.close
    sequence["b"] >> node.open
    node.opened >> wf.add(note, value="opened").enter
    node.closed >> wf.add(note, value="closed").enter
    observers = [Counted()] if watched else []
    assert (await run(wf, observers=observers)).seen == ["closed", "opened"]


# --- events as triggers: several listeners -----------------------------------------------------------------


@pytest.mark.rule("2.1", "2.8")
async def test_a_trigger_waits_for_an_event_and_its_listeners(autojump_clock: Any) -> None:
    wf, start = started(events={"ping": "int"})
    trigger = wf.add(events.trigger, event="ping", payload=3)
    listen, nap, heard = wf.add(events.listen, event="ping"), wf.add(flow.delay, seconds=2), wf.add(note)
    start >> trigger >> wf.add(note, value="after")
    listen.exit >> nap.enter
    nap.exit >> heard.enter
    listen.payload >> heard.value
    assert (await run(wf)).seen == [3, "after"]


@pytest.mark.rule("2.4")
async def test_several_wires_into_one_exec_input() -> None:
    wf, start = started()
    sequence, node = wf.add(flow.sequence, steps=["a", "b"]), wf.add(note, value="x")
    start >> sequence
    sequence["a"] >> node.enter
    sequence["b"] >> node.enter
    assert (await run(wf)).seen == ["x", "x"]

