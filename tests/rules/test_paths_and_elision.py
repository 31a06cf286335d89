"""Ids and paths, and contexts that do without a nursery (semantics 5)."""

from __future__ import annotations

import contextvars
import re
from typing import Any

import pytest
import trio
from audit import Audit, count_tasks
from tree_kit import (
    Log,
    emitter,
    everything,
    failures,
    fan,
    finish,
    give,
    go,
    say,
    schedule,
    stall,
    started,
    variable,
    where,
)

import nodeflow as nf
from nodeflow.library import events, flow, logic, variables

both = pytest.mark.parametrize("elide", [True, False], ids=["elide", "nurseries"])

Variable = nf.model.Variable


# --- ids and paths ---


@pytest.mark.rule("5.paths")
@both
async def test_ids_are_plain_integers_in_order_of_creation(elide: bool) -> None:
    opened: list[int] = []
    threads: list[int] = []

    def observe(event: Any) -> None:
        if isinstance(event, nf.observers.ContextOpened):
            opened.append(event.context)
        if isinstance(event, nf.observers.ThreadStarted):
            threads.append(event.thread)

    await go(everything(lambda wf: wf.add(give, id="bottom")), elide, observers=[observe])
    assert opened == list(range(len(opened)))
    assert threads == list(range(1, len(threads) + 1))


@pytest.mark.rule("5.paths")
@both
async def test_a_path_names_openers_times_and_indexes(elide: bool) -> None:
    """`main/fan_a#2[1]/gosub_x`, the very path of the contract."""
    sub, begin = started(name="sub")
    begin >> sub.add(where)
    wf, start = started()
    loop = wf.add(flow.for_, times=3)
    fo = wf.add(flow.fan_out, id="fan_a", branches=["l", "r"])
    start >> loop
    loop.body >> fo
    fo["l"] >> wf.add(give)
    fo["r"] >> wf.add(flow.gosub, id="gosub_x", workflow="sub")
    log = Log()
    await go(nf.Document(wf, sub), elide, services=[log])
    assert [path for path, _ in log.lines] == [
        "main/fan_a[1]/gosub_x", "main/fan_a#2[1]/gosub_x", "main/fan_a#3[1]/gosub_x",
    ]  # fmt: skip


@pytest.mark.rule("5.paths")
@both
async def test_times_are_counted_for_each_thread(elide: bool) -> None:
    """Each branch counts for itself, or the path would tell who came first."""
    sub, begin = started(name="sub")
    begin >> sub.add(where)
    wf, start = started()
    fo, loop = wf.add(flow.fan_out, id="fan", branches=["a", "b"]), wf.add(flow.for_, times=2)
    start >> fo
    fo["a"] >> loop
    fo["b"] >> loop
    loop.body >> wf.add(flow.gosub, id="call", workflow="sub")
    log = Log()
    await go(nf.Document(wf, sub), elide, services=[log])
    assert sorted(path for path, _ in log.lines) == [
        "main/fan[0]/call", "main/fan[0]/call#2", "main/fan[1]/call", "main/fan[1]/call#2",
    ]  # fmt: skip


@pytest.mark.rule("5.paths")
@both
async def test_slices_items_and_listeners_have_their_number(elide: bool) -> None:
    wf, start = started(events={"ping": "any"})
    batch = wf.add(flow.batch, id="batch", items=["x", "y"], size=1)
    stream = wf.add(emitter, id="stream", count=2, mode="concurrent")
    start >> batch
    batch.process >> wf.add(where)
    batch["continue"] >> stream
    stream.on_item >> wf.add(where) >> wf.add(events.trigger, id="trigger", event="ping")
    for i in (0, 1):
        wf.add(events.listen, id=f"listen{i}", event="ping") >> wf.add(where)
    log = Log()
    await go(wf, elide, services=[log])
    assert sorted(path for path, _ in log.lines) == [
        "main/batch[0]", "main/batch[1]", "main/stream[0]", "main/stream[0]/trigger[0]", "main/stream[0]/trigger[1]",
        "main/stream[1]", "main/stream[1]/trigger[0]", "main/stream[1]/trigger[1]",
    ]  # fmt: skip


@pytest.mark.rule("5.paths")
@both
async def test_the_only_listener_has_its_number_as_the_only_branch_has(elide: bool) -> None:
    wf, start = started(events={"ping": "any"})
    fo = wf.add(flow.fan_out, id="fan", branches=["a"])
    start >> fo
    fo["a"] >> wf.add(where) >> wf.add(events.trigger, id="trigger", event="ping")
    wf.add(events.listen, event="ping") >> wf.add(where)
    log = Log()
    await go(wf, elide, services=[log])
    assert [path for path, _ in log.lines] == ["main/fan[0]", "main/fan[0]/trigger[0]"]


@pytest.mark.rule("5.paths")
@both
async def test_the_index_of_a_branch_is_its_place_among_the_branches(elide: bool) -> None:
    """Also where one before it is not connected: the path of `c` does not change when `b` gets a wire."""
    paths = []
    for wired in (False, True):
        wf, start = started()
        fo = wf.add(flow.fan_out, id="fan", branches=["a", "b", "c"])
        start >> fo
        fo["a"] >> wf.add(give)
        if wired:
            fo["b"] >> wf.add(give)
        fo["c"] >> wf.add(where)
        log = Log()
        await go(wf, elide, services=[log])
        paths += [path for path, _ in log.lines]
    assert paths == ["main/fan[2]"] * 2


@pytest.mark.rule("5.paths")
async def test_paths_of_contexts_and_failures_are_the_same_under_every_schedule(autojump_clock: trio.abc.Clock) -> None:
    document = everything(lambda wf: wf.add(_fails_in_second_slice, id="bottom"))
    compiled, seen = nf.compile(document), []
    for seed in range(10):
        for elide in (True, False):
            audit = Audit()
            with schedule(seed), pytest.raises(nf.RunFailed) as caught:
                await compiled.run(elide=elide, observers=[audit], services=[Log()])
            (failure,) = failures(caught.value.result.error)
            seen.append((failure.context_path, sorted(audit.paths.values())))
    assert all(one == seen[0] for one in seen)
    assert seen[0][0] == "main/call/batch[1]/outer[0]/stream[1]/trigger[0]/inner[0]"
    assert len(seen[0][1]) == len(set(seen[0][1])), "no two contexts have the same path"


@nf.exec_node("ct.fails_there")
async def _fails_in_second_slice(ctx: nf.NodeContext) -> None:
    """Fail in one place of the tree only, when all others have come by."""
    if re.search(r"batch\[1\].*stream\[1\]", ctx.context_path):
        await ctx.sleep(1)
        raise ValueError("here")


# --- elision ---


@pytest.mark.rule("5.elide")
@both
async def test_a_fan_out_none_of_whose_bodies_can_block_needs_no_task(elide: bool) -> None:
    """And `elide=False` gives it one per branch, or the tests of both ways would test one."""
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["a"])
    start >> fo
    fo["a"] >> wf.add(count_tasks)
    log = Log()
    await go(wf, elide, services=[log])
    assert log.lines == [1 if elide else 2]


@pytest.mark.rule("5.elide")
@both
async def test_all_threads_are_born_live_and_listed_at_once(elide: bool) -> None:
    """Also where they run one after the other: the first sees the others live, not begun yet."""
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["a", "b", "c"])
    start >> fo
    for name in "abc":
        fo[name] >> wf.add(_count_live)
    log = Log()
    async with nf.open_run(wf, services=[log], elide=elide) as run:
        log.lines.append(run)
        await run.wait()
    _, *seen = log.lines
    assert seen == [(4, 4), (3, 3), (2, 2)]


@nf.exec_node("ct.count_live")
def _count_live(ctx: nf.NodeContext) -> None:
    """Log how many threads live, and how many the handle lists."""
    log = ctx.service(Log)
    run = log.lines[0]
    log.lines.append((run._run.machine.live, len(run.threads())))


@pytest.mark.rule("5.elide")
async def test_observers_are_told_the_same_with_and_without_nurseries() -> None:
    """Every thread is announced before it does something, and told to have ended."""
    wf, start = started(outputs={"all": "list"})
    fo, fi = fan(wf, "a", "b", "c", missing="skip")
    start >> fo
    for name in "ab":
        value = wf.add(give, id=name, value=name)
        fo[name] >> value >> fi
        value.result >> fi[name]
    fo["c"] >> wf.add(flow.return_)
    finish(wf, fi, all=fi.merged)
    audits = []
    for elide in (True, False):
        audit = Audit()
        await go(wf, elide, observers=[audit])
        audit.done()
        audits.append(audit)
    one, other = audits
    assert len(one.home) == len(other.home) == 4
    assert one.histories() == other.histories()
    assert one.paths == other.paths
    assert sorted(one.ended.values()) == sorted(other.ended.values())


@pytest.mark.rule("5.elide")
@both
async def test_threads_take_turns_so_that_one_that_never_ends_starves_no_other(elide: bool) -> None:
    """Branch `a` goes round and round (by a wire back, never blocking) until branch `b` has done its part."""
    wf, start = started(variables={"go": Variable("bool", False, "shared")})
    fo, choose, turn = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(flow.if_), wf.add(give, id="turn")
    start >> fo
    fo["a"] >> choose
    variable(wf, "go") >> choose.condition
    choose.false >> turn >> choose
    fo["b"] >> wf.add(variables.set_, name="go", value=True)
    result = await go(wf, elide, limits=nf.Limits(steps=100_000))
    assert result.completed, result.error


@pytest.mark.rule("5.elide")
@both
async def test_an_arrival_wins_against_a_branch_that_spins_for_ever(elide: bool) -> None:
    wf, start = started(outputs={"all": "any"})
    fo, fi = fan(wf, "spin", "win", join="any", merge="dict")
    choose, turn = wf.add(flow.if_, condition=False), wf.add(give, id="turn")
    start >> fo
    fo["spin"] >> choose
    choose.false >> turn >> choose
    choose.true >> fi
    fo["win"] >> fi
    finish(wf, fi, all=fi.merged)
    result = await go(wf, elide, limits=nf.Limits(steps=100_000))
    assert result.outputs.get("all") == {"win": None}, result.error


@pytest.mark.rule("5.elide")
@both
async def test_a_spinning_branch_can_be_cancelled(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """Without a nursery of its own: the run's cancellation reaches it all the same (2.6)."""
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["spin", "other"])
    choose, turn = wf.add(flow.if_, condition=False), wf.add(give, id="turn")
    start >> fo
    fo["spin"] >> choose
    choose.false >> turn >> choose
    fo["other"] >> wf.add(give)
    async with nf.open_run(wf, elide=elide) as run:
        for _ in range(10):
            await trio.lowlevel.checkpoint()
        run.cancel("enough")
        result = await run.wait()
    assert result.status == "cancelled"


@pytest.mark.rule("5.elide")
@both
async def test_contextvars_of_branches_are_separate(elide: bool) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["a", "b", "c"], parallel=1)
    start >> fo
    for name in "abc":
        fo[name] >> wf.add(_swap, id=name)
    fo.joined >> wf.add(_swap, id="behind")
    log = Log()
    await go(wf, elide, services=[log])
    assert log.lines == [("a", None), ("b", None), ("c", None), ("behind", None)]


@nf.exec_node("ct.swap")
def _swap(ctx: nf.NodeContext) -> None:
    """Log the contextvar as found, and set it."""
    ctx.service(Log).lines.append((ctx.node_id, _VAR.get(None)))
    _VAR.set(ctx.node_id)


_VAR: contextvars.ContextVar[str | None] = contextvars.ContextVar("_VAR")


@pytest.mark.rule("5.elide")
@both
async def test_nested_elided_contexts_fail_and_recover(elide: bool) -> None:
    """A failure three contexts deep, none of which has a nursery, comes out at a `try`, and the next round is clean."""
    wf, start = started(outputs={"caught": "int"})
    loop, guard = wf.add(flow.for_, times=3), wf.add(flow.try_)
    start >> loop
    loop.body >> guard
    outs = guard.body
    for level in range(3):
        fo = wf.add(flow.fan_out, id=f"fan{level}", branches=["in", "beside"])
        outs >> fo
        outs = fo["in"]
        fo["beside"] >> wf.add(give)
    outs >> wf.add(flow.fail)
    guard.catch >> wf.add(say, line="caught")
    log, audit = Log(), Audit()
    result = await go(wf, elide, services=[log], observers=[audit])
    assert result.completed
    assert log.lines == ["caught"] * 3
    audit.done()


@pytest.mark.rule("5.elide")
@both
async def test_a_paused_run_steps_through_branches_either_way(elide: bool) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, id="fan", branches=["a", "b"])
    start >> fo
    fo["a"] >> wf.add(give, id="a1") >> wf.add(give, id="a2")
    fo["b"] >> wf.add(give, id="b1")
    async with nf.open_run(wf, elide=elide, paused=True) as run:
        stepped = [await run.step() for _ in range(5)]
        run.resume()
        await run.wait()
    assert stepped == ["start", "fan", "a1", "a2", "b1"]


@pytest.mark.rule("5.elide")
async def test_elision_changes_no_counter() -> None:
    wf, start = started(outputs={"all": "list"})
    fo, fi = fan(wf, *[f"b{i}" for i in range(10)])
    small = wf.add(logic.less, a=1, b=2)
    start >> fo
    for i in range(10):
        choose = wf.add(flow.if_)
        small.result >> choose.condition
        fo[f"b{i}"] >> choose
        choose.true >> fi
    finish(wf, fi, all=fi.merged)
    one, other = [(await go(wf, elide)).counters for elide in (True, False)]
    assert (one["threads"], one["contexts"], one["evaluations"]) == (11, 2, 1)
    assert {**one, "seconds": 0} == {**other, "seconds": 0}


@pytest.mark.rule("5.elide")
async def test_a_branch_that_stalls_is_not_elided(autojump_clock: trio.abc.Clock) -> None:
    """Its sibling's arrival must win although it comes after it in the document."""
    wf, start = started(outputs={"all": "any"})
    fo, fi = fan(wf, "stall", "win", join="any", merge="dict")
    start >> fo
    fo["stall"] >> wf.add(stall) >> fi
    fo["win"] >> fi
    finish(wf, fi, all=fi.merged)
    assert (await go(wf, services=[Log()])).outputs["all"] == {"win": None}

