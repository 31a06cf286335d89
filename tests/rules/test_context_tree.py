"""The context tree: who opens what below whom, invariants, ids and paths, elision (semantics 5)."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import pytest
import trio
from audit import Audit, Order, count_tasks, flatten, nurseries
from tree_kit import (
    FOREVER,
    Log,
    boom,
    emitter,
    everything,
    failures,
    fan,
    finish,
    give,
    go,
    nap,
    say,
    schedule,
    started,
    tidy,
    variable,
)

import nodeflow as nf
from nodeflow.library import events, flow, math, variables
from nodeflow.machine import ContextKind, Machine
from nodeflow.machine.states import InvariantBroken

both = pytest.mark.parametrize("elide", [True, False], ids=["elide", "nurseries"])

Variable = nf.model.Variable


# --- the table ---


@pytest.mark.rule("5.table")
@both
async def test_every_kind_of_context_has_the_parent_that_the_table_allows(elide: bool) -> None:
    audit = Audit()
    result = await go(everything(lambda wf: wf.add(give, id="bottom")), elide, observers=[audit])
    assert result.completed, result.error
    audit.done()
    assert set(audit.kinds.values()) == {
        "ProcessContext", "WorkflowContext", "FanOutInContext", "BatchContext", "StreamContext",
    }  # fmt: skip
    assert result.outputs["all"] == [[None, "r"], [None, "r"]]
    assert collections.Counter(audit.kinds.values()) == {
        "ProcessContext": 1, "WorkflowContext": 1 + 1 + 4, "FanOutInContext": 2 + 4, "BatchContext": 1,
        "StreamContext": 2,
    }, "root, gosub, 4 deliveries; 2 outer, 4 inner; 1 batch; 2 streams"  # fmt: skip


@pytest.mark.rule("5.table")
async def test_one_context_is_one_nursery_nested_as_the_contexts_are(autojump_clock: trio.abc.Clock) -> None:
    """Seen in trio's own task tree, at a moment when everything is open."""
    document = everything(lambda wf: wf.add(nap, seconds=10))
    async with nf.open_run(document, elide=False) as run:
        await trio.sleep(5)
        contexts = flatten(run.tree())
        (opened,) = [n for n in trio.lowlevel.current_task().child_nurseries if n.child_tasks]
        (task,) = opened.child_tasks
        found = nurseries(task)
        assert len(found) == len(contexts)
        threads = sum(len(context.threads) for context in contexts)
        assert sum(len(nursery.child_tasks) for nursery in found) == threads == len(run.threads())


@pytest.mark.rule("5.table")
async def test_the_tree_shows_who_is_where(autojump_clock: trio.abc.Clock) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, id="fan", branches=["a", "b"])
    start >> fo
    fo["a"] >> wf.add(nap, id="here", seconds=5)
    fo["b"] >> wf.add(nap, id="there", seconds=9)
    async with nf.open_run(wf) as run:
        await trio.sleep(7)
        (main,) = run.tree().children
        (context,) = main.children
        assert (main.kind, main.path) == ("WorkflowContext", "main")
        assert (context.kind, context.path) == ("FanOutInContext", "main/fan")
        assert [(t.index, t.node, t.path) for t in context.threads] == [(1, "there", "main/fan[1]")]
        assert [t.path for t in run.threads()] == ["main/fan[1]", "main"], "the opener comes after what it opened"
        await trio.sleep(5)
        assert run.done


@pytest.mark.rule("5.table")
@pytest.mark.parametrize("in_flight", [1, 3])
async def test_a_stream_context_holds_at_most_max_in_flight_items(
    in_flight: int, autojump_clock: trio.abc.Clock
) -> None:
    wf, start = started()
    stream = wf.add(emitter, count=9, mode="concurrent", max_in_flight=in_flight)
    start >> stream
    stream.on_item >> wf.add(nap, seconds=2)
    most = 0
    async with nf.open_run(wf) as run:
        while not run.done:
            await trio.sleep(1)
            most = max(most, sum(len(c.threads) for c in flatten(run.tree()) if c.kind == "StreamContext"))
    assert most == in_flight


# --- T1, T3, T6: however it ends ---


def _endings() -> dict[str, Callable[[nf.Workflow], Any]]:
    return {
        "completes": lambda wf: wf.add(nap, id="bottom", seconds=1),
        "fails": lambda wf: wf.add(boom, id="bottom", seconds=1),
        "fails at once": lambda wf: wf.add(flow.fail, id="bottom"),
        "cleanup fails": lambda wf: wf.add(_spills, id="bottom"),
        "is cancelled": lambda wf: wf.add(tidy, id="bottom"),
        "times out": lambda wf: wf.add(tidy, id="bottom"),
        "hits a limit": lambda wf: wf.add(_spins, id="bottom"),
        "returns": lambda wf: wf.add(flow.return_, id="bottom"),
        "breaks out": _breaking,
    }


@nf.exec_node("ct.spills")
async def _spills(ctx: nf.NodeContext) -> None:
    """The first to come fails; the others fail while cleaning up."""
    log = ctx.service(Log)
    log.running += 1
    try:
        await ctx.sleep(1 if log.running == 1 else FOREVER)
    finally:
        await ctx.sleep(1)
        raise ValueError("spilt")


@nf.exec_node("ct.spins")
async def _spins(*, body: nf.ExecOut) -> None:
    """Take steps for ever."""
    while True:
        await body()


def _breaking(wf: nf.Workflow) -> Any:
    """A loop that is left from inside."""
    loop = wf.add(flow.for_, id="bottom", times=5)
    wf.connect(loop.body, wf.add(flow.break_))
    return loop


@pytest.mark.rule("5.T1")
@pytest.mark.rule("5.T3")
@pytest.mark.rule("5.T6")
@both
@pytest.mark.parametrize("ending", list(_endings()))
@pytest.mark.parametrize("errors", ["fail_fast", "collect"])
async def test_whatever_happens_everything_that_began_ends_once(
    elide: bool, ending: str, errors: str, autojump_clock: trio.abc.Clock
) -> None:
    audit, log = Audit(), Log()
    limits = nf.Limits(
        deadline=3 if ending == "times out" else None, steps=5000 if ending == "hits a limit" else None
    )
    document = everything(_endings()[ending], errors=errors)
    options: dict[str, Any] = {"observers": [audit], "services": [log], "limits": limits, "elide": elide}
    async with nf.open_run(document, **options) as run:
        if ending == "is cancelled":
            await trio.sleep(3)
            run.cancel("test")
        result = await run.wait()
        assert run._run.machine.live == 0
        assert run.threads() == []
    failed = "completed" if errors == "collect" else "failed"
    assert result.status == {
        "completes": "completed", "returns": "completed", "breaks out": "completed", "fails": failed,
        "fails at once": failed, "cleanup fails": failed, "is cancelled": "cancelled", "times out": "timed_out",
        "hits a limit": "failed",
    }[ending]  # fmt: skip
    audit.done()
    assert len(audit.kinds) == result.counters["contexts"] + 1
    assert len(audit.home) == result.counters["threads"]


@pytest.mark.rule("5.T6")
async def test_the_process_context_too_is_seen_to_close_last() -> None:
    wf, start = started()
    start >> wf.add(give)
    seen: list[Any] = []
    await go(wf, observers=[seen.append])
    told = (nf.observers.ContextOpened, nf.observers.ContextClosed)
    assert [(type(e).__name__, e.context) for e in seen if isinstance(e, told)] == [
        ("ContextOpened", 0), ("ContextOpened", 1), ("ContextClosed", 1), ("ContextClosed", 0),
    ]  # fmt: skip


@pytest.mark.rule("5.T1")
@both
async def test_no_task_outlives_its_context(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """What is cleaned up while the context closes is over when the opener goes on: trio has no task of it left."""
    wf, start = started()
    limit, fo = wf.add(flow.timeout, seconds=1), wf.add(flow.fan_out, branches=["a", "b"])
    start >> limit
    limit.body >> fo
    fo["a"] >> wf.add(tidy, cleanup=4)
    fo["b"] >> wf.add(tidy, cleanup=2)
    limit.exit >> wf.add(count_tasks)
    log = Log()
    await go(wf, elide, services=[log])
    assert log.lines[-1] == 1


@pytest.mark.rule("5.T3")
@both
async def test_a_thread_that_was_never_begun_is_counted_and_ended(elide: bool) -> None:
    """Cancelled between its birth and its first step: the live count must not stay up."""
    wf, start = started()
    fo = wf.add(_starts_and_cancels, id="opener")
    start >> fo
    fo.branch >> wf.add(say, line="never")
    audit, log = Audit(), Log()
    async with nf.open_run(wf, elide=elide, observers=[audit], services=[log]) as run:
        result = await run.wait()
        assert run._run.machine.live == 0
    (failure,) = failures(result.error)
    assert isinstance(failure.__cause__, nf.ContextCancelled)
    assert log.lines == []
    audit.done()
    assert list(audit.ended.values()).count("cancelled") == 100


@nf.exec_node("ct.starts_and_cancels")
async def _starts_and_cancels(ctx: nf.NodeContext, *, branch: nf.Branch, exit: nf.ExecOut) -> nf.ExecOut:
    """Start a hundred threads and cancel them before any has run."""
    async with ctx.open_scope() as scope:
        for _ in range(100):
            scope.start(branch)
        scope.cancel("never mind")
    return exit


# --- T2: cancelling ---


@pytest.mark.rule("5.T2")
@both
async def test_cancelling_a_context_cancels_its_subtree_and_nothing_outside(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, id="fan", branches=["doomed", "other"])
    guard, opener = wf.add(flow.try_), wf.add(_cancels_later, id="opener")
    inner, batch = wf.add(flow.fan_out, branches=["x"]), wf.add(flow.batch, items=[1, 2])
    start >> fo
    fo["doomed"] >> guard
    guard.body >> opener
    opener.branch >> inner
    inner["x"] >> batch
    batch.process >> wf.add(tidy, name="inside", cleanup=1)
    opener.exit >> wf.add(say, line="never")
    guard.catch >> wf.add(say, line="caught")
    show = wf.add(flow.print)
    guard.exit >> show
    guard.error >> show.value
    fo["other"] >> wf.add(nap, seconds=9) >> wf.add(say, line="other ends well")
    log, audit = Log(), Audit()
    result = await go(wf, elide, services=[log], observers=[audit])
    assert result.completed
    assert log.lines == ["inside begins cleanup"] * 2 + ["inside cleaned up"] * 2 + ["caught", "other ends well"]
    assert "enough of it" in result.printed[0], "`ContextCancelled` says why"
    audit.done()


@nf.exec_node("ct.cancels_later")
async def _cancels_later(ctx: nf.NodeContext, *, branch: nf.Branch, exit: nf.ExecOut) -> nf.ExecOut:
    """Start a thread, and cancel it after two seconds."""
    async with ctx.open_scope() as scope:
        scope.start(branch)
        await ctx.sleep(2)
        scope.cancel("enough of it")
    return exit


@pytest.mark.rule("5.T2")
@both
async def test_a_deadline_of_a_context_is_a_failure_that_a_try_catches(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    wf, start = started()
    guard, opener = wf.add(flow.try_, catches=["TimedOut"]), wf.add(_opens_with_timeout)
    start >> guard
    guard.body >> opener
    opener.branch >> wf.add(tidy, cleanup=1)
    guard.catch >> wf.add(say, line="caught")
    log = Log()
    before = trio.current_time()
    assert (await go(wf, elide, services=[log])).completed
    assert log.lines == ["tidy begins cleanup", "tidy cleaned up", "caught"]
    assert trio.current_time() - before == 4


@nf.exec_node("ct.opens_with_timeout")
async def _opens_with_timeout(ctx: nf.NodeContext, *, branch: nf.Branch, exit: nf.ExecOut) -> nf.ExecOut:
    """Give a thread three seconds."""
    async with ctx.open_scope(timeout=3) as scope:
        scope.start(branch)
    return exit


# --- T5: behind a join ---


@pytest.mark.rule("5.T5")
@both
@pytest.mark.parametrize("join", ["all", "any", {"quorum": 2}])
async def test_what_follows_a_join_runs_once_in_the_opener_after_the_context_closed(elide: bool, join: Any) -> None:
    wf, start = started()
    loop = wf.add(flow.for_, times=4)
    fo, fi = fan(wf, "a", "b", "c", join=join)
    start >> loop
    loop.body >> fo
    for name in "abc":
        fo[name] >> wf.add(give, id=f"g{name}") >> fi
    fi >> wf.add(give, id="behind")
    order: list[Any] = []

    def observe(event: Any) -> None:
        if isinstance(event, nf.observers.ContextClosed) and event.kind == "FanOutInContext":
            order.append("closed")
        if isinstance(event, nf.observers.NodeStarted) and event.node in ("fan", "join", "behind"):
            order.append((event.node, event.thread))

    assert (await go(wf, elide, observers=[observe])).completed
    assert order == [("fan", 1), "closed", ("join", 1), ("behind", 1)] * 4


@pytest.mark.rule("5.T5")
@both
async def test_an_opener_that_goes_on_behind_its_join_twice_is_told_so_in_words_of_its_own(elide: bool) -> None:
    """An author's mistake is an error of the node, not a broken invariant of the engine."""
    wf, start = started()
    opener, join = wf.add(_joins_twice, id="opener"), wf.add(flow.fan_in, id="join")
    start >> opener
    opener.branch >> join
    join >> wf.add(say, line="behind")
    log = Log()
    result = await go(wf, elide, services=[log])
    (failure,) = failures(result.error)
    assert not isinstance(failure.__cause__, InvariantBroken)
    assert log.lines == ["behind"], "at most once"


@nf.exec_node("ct.joins_twice")
async def _joins_twice(ctx: nf.NodeContext, *, branch: nf.Branch, joined: nf.ExecOut) -> None:
    """Start a thread, and go on behind it twice."""
    async with ctx.open_scope() as scope:
        scope.start(branch)
    await joined()
    await joined()


@pytest.mark.rule("5.T5")
@both
async def test_a_join_gets_the_contributions_of_its_own_context_not_of_the_last_that_was_opened(elide: bool) -> None:
    sub, begin = started(name="sub")
    begin >> sub.add(give)
    wf, start = started(outputs={"all": "any"})
    opener, join = wf.add(_calls_before_joining, id="opener"), wf.add(flow.fan_in, id="join")
    value = wf.add(give, value=7)
    start >> opener
    opener.branch >> value >> join
    value.result >> join.value
    finish(wf, join, all=join.merged)
    result = await go(nf.Document(wf, sub), elide)
    assert result.outputs.get("all") == [7], result.error


@nf.exec_node("ct.calls_before_joining")
async def _calls_before_joining(ctx: nf.NodeContext, *, branch: nf.Branch, joined: nf.ExecOut) -> nf.ExecOut:
    """Start a thread; run another workflow when it has ended, and only then go on behind the join."""
    async with ctx.open_scope() as scope:
        scope.start(branch)
    await ctx.gosub("sub", {})
    return joined


@pytest.mark.rule("5.T6")
@both
async def test_no_try_catches_a_broken_invariant(elide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error of the engine: the run must end with it, and no path of the graph may swallow it."""
    closed = Machine.closed

    def broken(self: Machine, context: Any) -> None:
        closed(self, context)
        if context.kind is ContextKind.FAN_OUT:
            raise InvariantBroken("T1: on purpose")

    monkeypatch.setattr(Machine, "closed", broken)
    wf, start = started()
    guard, fo = wf.add(flow.try_), wf.add(flow.fan_out, branches=["a"])
    start >> guard
    guard.body >> fo
    fo["a"] >> wf.add(give)
    guard.catch >> wf.add(say, line="caught")
    log, told = Log(), ""
    try:
        told = str((await go(wf, elide, services=[log])).error)
    except InvariantBroken as error:
        told = str(error)
    assert log.lines == []
    assert "on purpose" in told


# --- T7: confluence ---


def busy() -> nf.Document:
    """Much that runs side by side, and nothing that is exempt: naps of equal length, nested contexts, merges."""
    wf, start = started(outputs={"all": "any", "last": "any"}, variables={"v": Variable("int", 0, "local")})
    batch = wf.add(flow.batch, id="batch", items=list(range(6)), parallel=3)
    fo, fi = fan(wf, "a", "b", "c", merge="dict")
    start >> batch
    batch.process >> fo
    rest, wait = wf.add(math.modulo, b=2), wf.add(nap, id="wait")
    batch.item >> rest.a
    rest.result >> wait.seconds
    batch.item >> wait.value
    put = wf.add(variables.set_, name="v")
    fo["a"] >> wait >> put >> fi
    batch.item >> put.value
    add = wf.add(math.add, b=10)
    variable(wf, "v") >> add.a
    add.result >> fi["a"]
    call = wf.add(flow.gosub, id="call", workflow="sub")
    fo["b"] >> call >> fi
    batch.item >> call["n"]
    call["out"] >> fi["b"]
    loop = wf.add(flow.for_, times=3)
    one, two = wf.add(nap, id="one", seconds=1), wf.add(flow.set_output, id="two")
    fo["c"] >> loop
    loop.body >> one >> two
    batch.item >> two.last
    loop.exit >> fi
    loop.index >> fi["c"]
    fi.merged >> batch.result
    finish(wf, batch["continue"], all=batch.results)
    sub, begin = started(name="sub", inputs={"n": "int"}, outputs={"out": "any"})
    fork = sub.add(flow.fan_out, id="fork", branches=["p", "q"])
    begin >> fork
    for name, seconds in (("p", 1), ("q", 0)):
        out = sub.add(flow.set_output, id=f"out_{name}")
        value = sub.add(nap, seconds=seconds)
        fork[name] >> value >> out
        sub.inputs.n >> value.value
        value.out >> out.out
    return nf.Document(wf, sub)


@pytest.mark.rule("5.T7")
async def test_outputs_variables_and_histories_are_the_same_under_every_schedule(
    autojump_clock: trio.abc.Clock,
) -> None:
    compiled = nf.compile(busy())
    seen, orders = [], set()
    for seed in range(12):
        for elide in (True, False):
            audit, order = Audit(), Order()
            with schedule(seed):
                result = await compiled.run(elide=elide, observers=[audit, order])
            audit.done()
            seen.append((result.outputs, result.variables, audit.histories(), sorted(audit.paths.values())))
            orders.add(tuple(order.nodes))
    assert all(one == seen[0] for one in seen)
    assert len(orders) > 3, "the schedules did differ"
    assert seen[0][0]["last"] == 5
    assert seen[0][0]["all"][3] == {"a": 13, "b": 3, "c": 2}


@pytest.mark.rule("5.T7")
async def test_whether_a_run_completes_does_not_depend_on_the_schedule(autojump_clock: trio.abc.Clock) -> None:
    """Two branches fail at the same moment: which is told may differ, that it fails does not."""
    wf, start = started()
    fo, fi = fan(wf, "a", "b", "c")
    start >> fo
    for name in "ab":
        fo[name] >> wf.add(boom, id=name, seconds=1, message=name) >> fi
    fo["c"] >> wf.add(nap, seconds=1) >> fi
    compiled, told = nf.compile(wf), set()
    for seed in range(10):
        for elide in (True, False):
            with schedule(seed), pytest.raises(nf.RunFailed) as caught:
                await compiled.run(elide=elide)
            told.add(tuple(f.node for f in failures(caught.value.result.error)))
    assert told <= {("a",), ("b",), ("a", "b")}


def _exempt(what: str) -> nf.Workflow:
    wf, start = started(variables={"s": Variable("int", 0, "shared")}, events={"ping": "any"})
    fo, fi = fan(wf, "a", "b", join="any" if what == "race" else "all")
    start >> fo
    node: Any = wf.add(give)
    if what == "shared":
        node = wf.add(variables.update, name="s", value=1)
    elif what == "timeout":
        node = wf.add(flow.timeout)
    elif what == "event":
        node = wf.add(events.wait, event="ping")
    fo["a"] >> node >> fi
    fo["b"] >> fi
    return wf


@pytest.mark.rule("5.T7")
@pytest.mark.parametrize("what", ["nothing", "race", "shared", "timeout", "event"])
def test_validate_says_which_exemption_a_graph_uses(what: str) -> None:
    found = [f for f in nf.validate(_exempt(what)) if f.code == "NF490"]
    assert [f.severity for f in found] == ([] if what == "nothing" else [nf.Severity.INFO])
    if found:
        culprit = {"race": "join", "shared": "update", "timeout": "timeout", "event": "wait"}[what]
        assert culprit in str(found[0])

