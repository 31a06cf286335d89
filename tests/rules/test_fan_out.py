"""Fan-out: branches as flow threads, pairs, fork-join, errors (semantics 6.1, 6.2, 6.7, 6.8)."""

from __future__ import annotations

import pytest
import trio
from tree_kit import (
    Log,
    codes,
    fan,
    finish,
    give,
    go,
    meter,
    nap,
    say,
    started,
    told,
    variable,
)

import nodeflow as nf
from nodeflow.library import events, flow, math, variables

both = pytest.mark.parametrize("elide", [True, False], ids=["elide", "nurseries"])


# --- 6.1: one thread per connected branch, in a context of its own, awaited ---


@pytest.mark.rule("6.1")
@both
async def test_each_connected_branch_is_one_thread_in_one_context(elide: bool) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, id="fan", branches=["a", "b", "loose", "c"])
    start >> fo
    for name in "abc":
        fo[name] >> wf.add(say, line=name)
    log, seen = Log(), []
    result = await go(wf, elide, services=[log], observers=[seen.append])
    assert result.completed
    assert sorted(log.lines) == ["a", "b", "c"]
    opened = [e for e in seen if isinstance(e, nf.observers.ContextOpened)]
    assert [e.kind for e in opened] == ["ProcessContext", "WorkflowContext", "FanOutInContext"]
    assert result.counters["contexts"] == 2


@pytest.mark.rule("6.1")
@both
async def test_an_unconnected_branch_starts_no_thread(elide: bool) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, id="fan", branches=["a", "loose", "b"])
    start >> fo
    fo["a"] >> wf.add(give, id="x", value=1)
    fo["b"] >> wf.add(give, id="y", value=2)
    result = await go(wf, elide)
    assert result.counters["threads"] == 3, "the entry and two branches"


@pytest.mark.rule("6.1")
@both
async def test_the_opener_waits_for_the_slowest_branch(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["slow", "quick", "none"])
    start >> fo
    fo["slow"] >> wf.add(nap, seconds=7) >> wf.add(say, line="slow")
    fo["quick"] >> wf.add(say, line="quick")
    fo.joined >> wf.add(say, line="joined")
    log = Log()
    before = trio.current_time()
    await go(wf, elide, services=[log])
    assert log.lines == ["quick", "slow", "joined"]
    assert trio.current_time() - before == 7


@pytest.mark.rule("6.1")
async def test_branches_run_side_by_side(autojump_clock: trio.abc.Clock) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=[f"b{i}" for i in range(20)])
    start >> fo
    for i in range(20):
        fo[f"b{i}"] >> wf.add(meter, seconds=3)
    log = Log()
    before = trio.current_time()
    await go(wf, services=[log])
    assert log.peak == 20
    assert trio.current_time() - before == 3


@pytest.mark.rule("6.1")
@pytest.mark.parametrize("parallel", [1, 2, 5])
async def test_at_most_parallel_branches_run_at_once(parallel: int, autojump_clock: trio.abc.Clock) -> None:
    wf, start = started(outputs={"all": "list"})
    names = [f"b{i}" for i in range(7)]
    fo, fi = fan(wf, *names, parallel=parallel)
    start >> fo
    for i, name in enumerate(names):
        value = wf.add(give, id=f"g{i}", value=i)
        fo[name] >> wf.add(meter, seconds=1) >> value >> fi
        value.result >> fi[name]
    finish(wf, fi, all=fi.merged)
    log = Log()
    before = trio.current_time()
    result = await go(wf, services=[log])
    assert log.peak == parallel, "the limit is kept, and used"
    assert trio.current_time() - before == -(-7 // parallel)
    assert result.outputs["all"] == list(range(7))


@pytest.mark.rule("6.1")
@both
@pytest.mark.parametrize("parallel", [0, -1])
async def test_a_parallel_below_one_is_an_error_that_names_it(elide: bool, parallel: int) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["a"], parallel=parallel)
    start >> fo
    fo["a"] >> wf.add(give)
    assert str(parallel) in told(wf, "NF408")
    with pytest.raises(nf.InvalidDocument):
        await go(wf, elide)


@pytest.mark.rule("6.1")
@both
async def test_a_failing_branch_frees_no_queue_of_a_cancelled_context(elide: bool) -> None:
    """With `parallel: 1` what stood in the queue behind the failure is never begun."""
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["a", "b", "c"], parallel=1)
    start >> fo
    fo["a"] >> wf.add(say, line="a") >> wf.add(flow.fail, message="stop")
    fo["b"] >> wf.add(say, line="b")
    fo["c"] >> wf.add(say, line="c")
    log = Log()
    result = await go(wf, elide, services=[log])
    assert result.status == "failed"
    assert log.lines == ["a"]


@pytest.mark.rule("6.1")
@both
async def test_collect_goes_on_with_the_queue_behind_a_failure(elide: bool) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["a", "b", "c"], parallel=1, errors="collect")
    start >> fo
    fo["a"] >> wf.add(flow.fail, message="stop")
    fo["b"] >> wf.add(say, line="b")
    fo["c"] >> wf.add(say, line="c")
    log = Log()
    result = await go(wf, elide, services=[log])
    assert log.lines == ["b", "c"]
    assert result.completed


@pytest.mark.rule("6.1")
@both
async def test_a_branch_writes_where_only_it_sees(elide: bool) -> None:
    """Siblings and the opener do not see a branch's cells; the branch sees what was there before (3.2)."""
    wf, start = started(variables={"x": nf.model.Variable("int", 1, "local")})
    fo = wf.add(flow.fan_out, branches=["a", "b"])
    start >> wf.add(variables.set_, name="x", value=10) >> fo
    for name in "ab":
        x = variable(wf, "x")
        add = wf.add(math.add, b=1)
        put = wf.add(variables.set_, name="x")
        show = wf.add(flow.print, label=name)
        fo[name] >> put >> show
        x >> add.a
        add.result >> put.value
        x >> show.value
    result = await go(wf, elide)
    assert sorted(result.printed) == ["a: 11", "b: 11"]


@pytest.mark.rule("6.1")
@both
async def test_unequal_branches(elide: bool) -> None:
    """One short, one with a thousand rounds, one empty but for its arrival: all are waited for."""
    wf, start = started(outputs={"all": "list"})
    fo, fi = fan(wf, "short", "long", "bare")
    start >> fo
    loop, last = wf.add(flow.for_, times=1000), wf.add(give, id="last")
    fo["short"] >> wf.add(give, value=1) >> fi
    fo["long"] >> loop
    loop.body >> wf.add(give, id="turn", value=0)
    loop.index >> last.value
    loop.exit >> last >> fi
    last.result >> fi["long"]
    fo["bare"] >> fi
    finish(wf, fi, all=fi.merged)
    result = await go(wf, elide)
    assert result.outputs["all"] == [None, 999, None]


@pytest.mark.rule("6.1")
@both
async def test_a_thousand_branches(elide: bool) -> None:
    wf, start = started(outputs={"all": "list"})
    names = [f"b{i}" for i in range(1000)]
    fo, fi = fan(wf, *names)
    start >> fo
    for i, name in enumerate(names):
        value = wf.add(give, id=f"g{i}", value=i)
        fo[name] >> value >> fi
        value.result >> fi[name]
    finish(wf, fi, all=fi.merged)
    result = await go(wf, elide)
    assert result.outputs["all"] == list(range(1000))


# --- 6.2: pairs are found when the graph is compiled ---


@pytest.mark.rule("6.2")
def test_branches_that_reach_different_fan_ins_are_rejected() -> None:
    wf, start = started()
    fo, one = fan(wf, "a", "b", id="spread", join_id="left")
    other = wf.add(flow.fan_in, id="right")
    start >> fo
    fo["a"] >> one
    fo["b"] >> other
    message = told(wf, "NF401")
    assert all(name in message for name in ("spread", "left", "right"))


@pytest.mark.rule("6.2")
def test_one_branch_that_can_reach_two_fan_ins_is_rejected() -> None:
    wf, start = started()
    fo, one = fan(wf, "a", "b", id="spread", join_id="left")
    other, choose = wf.add(flow.fan_in, id="right"), wf.add(flow.if_)
    start >> fo
    fo["a"] >> choose
    choose.true >> one
    choose.false >> other
    fo["b"] >> one
    assert "NF401" in codes(wf)


@pytest.mark.rule("6.2")
def test_a_fan_in_without_a_fan_out_is_rejected() -> None:
    wf, start = started()
    start >> wf.add(flow.fan_in, id="lonely")
    assert "lonely" in told(wf, "NF404")


@pytest.mark.rule("6.2")
def test_a_fan_in_that_is_reached_from_outside_is_rejected() -> None:
    wf, start = started()
    fo, fi = fan(wf, "a", id="spread", join_id="meet")
    start.exit >> fo.enter
    start.exit >> fi.enter
    fo["a"] >> fi
    message = told(wf, "NF402")
    assert "meet" in message
    assert "spread" in message


@pytest.mark.rule("6.2")
@pytest.mark.parametrize("opener", ["fan", "batch"])
def test_a_fan_in_that_is_reached_from_a_thread_opened_inside_a_branch_is_rejected(opener: str) -> None:
    wf, start = started()
    fo, fi = fan(wf, "a", "b", id="spread", join_id="meet")
    start >> fo
    fo["a"] >> fi
    if opener == "fan":
        inner = wf.add(flow.fan_out, id="inner", branches=["x"])
        fo["b"] >> inner
        inner["x"] >> fi
    else:
        inner = wf.add(flow.batch, id="inner", items=[1])
        fo["b"] >> inner
        inner.process >> fi
    found = [f for f in nf.validate(wf) if f.code in ("NF402", "NF403")]
    assert found
    assert any("meet" in str(f) and "inner" in str(f) for f in found)


@pytest.mark.rule("6.2")
def test_overlapping_pairs_are_rejected() -> None:
    """Two fan-outs, one after the other in the same branch, whose branches cross."""
    wf, start = started()
    one, meet = fan(wf, "a", "b", id="one", join_id="meet")
    two = wf.add(flow.fan_out, id="two", branches=["c"])
    start.exit >> one.enter
    start.exit >> two.enter
    one["a"] >> meet
    one["b"] >> meet
    two["c"] >> meet
    message = told(wf, "NF403")
    assert all(name in message for name in ("one", "two", "meet"))


def _back(kind: str, wf: nf.Workflow, before: nf.Workflow) -> nf.Workflow:
    """Let a thread of an opener lead back before it."""
    if kind == "branch":
        opener = wf.add(flow.fan_out, id="opener", branches=["a"])
        output = opener["a"]
    elif kind == "slice":
        opener = wf.add(flow.batch, id="opener", items=[1])
        output = opener.process
    else:
        opener = wf.add(_item_stream, id="opener", mode="concurrent")
        output = opener.on_item
    before >> opener
    back = wf.add(give, id="back")
    output >> back >> before
    return wf


@nf.exec_node("fo.items")
async def _item_stream(*, items: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
    await items.emit(1)
    return exit


@pytest.mark.rule("6.2")
@pytest.mark.parametrize("kind", ["branch", "slice", "item"])
def test_a_wire_from_a_thread_back_before_its_opener_is_rejected(kind: str) -> None:
    wf, start = started()
    before = wf.add(give, id="before")
    start >> before
    _back(kind, wf, before)
    message = told(wf, "NF405")
    assert "opener" in message
    assert "before" in message or "back" in message


@pytest.mark.rule("6.2")
def test_a_wire_from_a_listener_back_before_what_triggers_its_event_is_rejected() -> None:
    wf, start = started(events={"ping": "any"})
    before = wf.add(give, id="before")
    start >> before >> wf.add(events.trigger, id="opener", event="ping")
    wf.add(events.listen, id="listen", event="ping") >> before
    message = told(wf, "NF405")
    assert "listen" in message


@pytest.mark.rule("6.2")
@both
async def test_pairs_match_like_brackets_three_deep(elide: bool) -> None:
    wf, start = started(outputs={"all": "list"})
    out, into = start, None
    outs, joins = [], []
    for level in range(3):
        fo, fi = fan(wf, "l", "r", id=f"fan{level}", join_id=f"join{level}")
        out >> fo
        outs.append(fo)
        joins.append(fi)
        out = fo["l"]
        value = wf.add(give, id=f"right{level}", value=f"r{level}")
        fo["r"] >> value >> fi
        value.result >> fi["r"]
    deepest = wf.add(give, id="deepest", value="bottom")
    out >> deepest >> joins[2]
    deepest.result >> joins[2]["l"]
    for level in (2, 1):
        joins[level] >> joins[level - 1]
        joins[level].merged >> joins[level - 1]["l"]
    assert into is None
    finish(wf, joins[0], all=joins[0].merged)
    result = await go(wf, elide)
    assert result.outputs["all"] == [[["bottom", "r2"], "r1"], "r0"]
    assert result.counters["contexts"] == 4


@pytest.mark.rule("6.2")
@both
async def test_a_node_in_two_branches_runs_in_each(elide: bool) -> None:
    wf, start = started(outputs={"all": "list"})
    fo, fi = fan(wf, "a", "b")
    shared = wf.add(say, line="here")
    start >> fo
    fo["a"] >> shared
    fo["b"] >> shared
    shared >> fi
    log = Log()
    finish(wf, fi, all=fi.merged)
    result = await go(wf, elide, services=[log])
    assert log.lines == ["here", "here"]
    assert result.outputs["all"] == [None, None]


@pytest.mark.rule("6.2")
@both
async def test_a_node_reached_from_process_and_from_continue_runs_in_each(elide: bool) -> None:
    wf, start = started()
    batch, shared = wf.add(flow.batch, items=[1, 2, 3]), wf.add(say, line="here")
    start >> batch
    batch.process >> shared
    batch["continue"] >> shared
    log = Log()
    assert (await go(wf, elide, services=[log])).completed
    assert log.lines == ["here"] * 4


@pytest.mark.rule("6.2")
@both
async def test_fan_outs_one_after_the_other(elide: bool) -> None:
    """What lies behind the first fan-in may open a second pair: these are not nested."""
    wf, start = started(outputs={"first": "list", "second": "list"})
    one, meet = fan(wf, "a", "b", id="one", join_id="meet")
    two, again = fan(wf, "a", "b", id="two", join_id="again", merge="list")
    start >> one
    for fo, fi, base in ((one, meet, 0), (two, again, 10)):
        for i, name in enumerate("ab"):
            value = wf.add(give, value=base + i)
            fo[name] >> value >> fi
            value.result >> fi[name]
    meet >> two
    finish(wf, again, first=meet.merged, second=again.merged)
    result = await go(wf, elide)
    assert result.outputs == {"first": [0, 1], "second": [10, 11]}


# --- 6.7: a fork-join ---


@pytest.mark.rule("6.7")
@both
async def test_without_a_fan_in_joined_goes_on_once_after_all(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["a", "b", "c"])
    start >> fo
    for i, name in enumerate("abc"):
        fo[name] >> wf.add(nap, seconds=3 - i) >> wf.add(say, line=name)
    fo.joined >> wf.add(say, line="joined")
    log = Log()
    await go(wf, elide, services=[log])
    assert log.lines == ["c", "b", "a", "joined"]


@pytest.mark.rule("6.7")
@both
async def test_a_fork_join_in_a_loop_opens_a_context_each_round(elide: bool) -> None:
    wf, start = started()
    loop, fo = wf.add(flow.for_, times=5), wf.add(flow.fan_out, branches=["a", "b"])
    start >> loop
    loop.body >> fo
    fo["a"] >> wf.add(say, line="a")
    fo["b"] >> wf.add(say, line="b")
    fo.joined >> wf.add(say, line="joined")
    log = Log()
    result = await go(wf, elide, services=[log])
    rounds = [log.lines[i : i + 3] for i in range(0, 15, 3)]
    assert all(sorted(r[:2]) == ["a", "b"] and r[2] == "joined" for r in rounds)
    assert result.counters["contexts"] == 6


@pytest.mark.rule("6.7")
@both
async def test_joined_does_not_go_on_behind_a_failure(elide: bool) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["a"])
    start >> fo
    fo["a"] >> wf.add(flow.fail)
    fo.joined >> wf.add(say, line="joined")
    log = Log()
    assert (await go(wf, elide, services=[log])).status == "failed"
    assert log.lines == []

