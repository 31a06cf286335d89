"""Gosub: other workflows below the current context, isolation, recursion, entries (semantics 8.1 to 8.4)."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from tree_kit import (
    Log,
    boom,
    emitter,
    failures,
    fan,
    finish,
    give,
    go,
    messages,
    nap,
    say,
    stall,
    started,
    tidy,
    variable,
    where,
)

import nodeflow as nf
from nodeflow.library import events, flow, logic, math, variables

both = pytest.mark.parametrize("elide", [True, False], ids=["elide", "nurseries"])

Variable = nf.model.Variable


def doubler() -> nf.Workflow:
    """A callee: output `twice` is twice its input `n`."""
    sub, start = started(name="sub", inputs={"n": ("int", 5)}, outputs={"twice": "int"})
    double = sub.add(math.multiply, b=2)
    sub.inputs.n >> double.a
    finish(sub, start, twice=double.result)
    return sub


def counting_down(depth: int | None = None, **limits: Any) -> nf.Workflow:
    """A workflow that calls itself until its input `n` is 0, and then does what is placed at `bottom`."""
    sub, start = started(
        name="down", inputs={"n": "int" if depth is None else ("int", depth)}, outputs={"deepest": "int"}
    )
    more, choose = sub.add(logic.greater, b=0), sub.add(flow.if_)
    less, again = sub.add(math.subtract, b=1), sub.add(flow.gosub, id="again", workflow="down")
    add = sub.add(math.add, b=1)
    start >> choose
    sub.inputs.n >> more.a
    more.result >> choose.condition
    sub.inputs.n >> less.a
    choose.true >> again
    less.result >> again["n"]
    again["deepest"] >> add.a
    finish(sub, again, deepest=add.result)
    bottom = sub.add(give, id="bottom")
    choose.false >> bottom
    return sub


# --- 8.1: below the current context, isolated ---


@pytest.mark.rule("8.1")
@both
async def test_a_callee_gets_its_inputs_and_gives_its_outputs(elide: bool) -> None:
    wf, start = started(outputs={"r": "int", "default": "int"})
    call, bare = wf.add(flow.gosub, id="call", workflow="sub", n=21), wf.add(flow.gosub, workflow="sub")
    start >> call >> bare
    finish(wf, bare, r=call["twice"], default=bare["twice"])
    assert (await go(nf.Document(wf, doubler()), elide)).outputs == {"r": 42, "default": 10}


@pytest.mark.rule("8.1")
@both
@pytest.mark.parametrize("around", ["workflow", "branch", "slice", "item", "delivery"])
async def test_a_gosub_opens_a_workflow_context_below_any_context(elide: bool, around: str) -> None:
    sub, sub_start = started(name="sub")
    sub_start >> sub.add(where)
    wf, start = started(events={"ping": "any"})
    call = wf.add(flow.gosub, id="call", workflow="sub")
    if around == "workflow":
        start >> call
    elif around == "branch":
        fo = wf.add(flow.fan_out, id="fan", branches=["a", "b"])
        start >> fo
        fo["b"] >> call
    elif around == "slice":
        batch = wf.add(flow.batch, id="batch", items=[1])
        start >> batch
        batch.process >> call
    elif around == "item":
        stream = wf.add(emitter, id="stream", mode="concurrent", count=1)
        start >> stream
        stream.on_item >> call
    else:
        start >> wf.add(events.trigger, id="trigger", event="ping")
        wf.add(events.listen, id="listen", event="ping") >> call
        wf.add(events.listen, id="other", event="ping")
    log = Log()
    seen: list[Any] = []
    result = await go(nf.Document(wf, sub), elide, services=[log], observers=[seen.append])
    assert result.completed, result.error
    above = {
        "workflow": "main", "branch": "main/fan[1]", "slice": "main/batch[0]", "item": "main/stream[0]",
        "delivery": "main/trigger[0]",
    }[around]  # fmt: skip
    assert log.lines == [(f"{above}/call", "WorkflowContext")]
    opened = {e.context: e for e in seen if isinstance(e, nf.observers.ContextOpened)}
    callee = max(opened)
    kind = opened[opened[callee].parent].kind
    expected = {
        "workflow": "WorkflowContext", "branch": "FanOutInContext", "slice": "BatchContext",
        "item": "StreamContext", "delivery": "WorkflowContext",
    }  # fmt: skip
    assert kind == expected[around]


@pytest.mark.rule("8.1")
@both
async def test_variables_of_the_same_name_are_two_variables(elide: bool) -> None:
    """Local and shared ones of the callee begin with their defaults each time, and leave the caller's alone."""
    for scope in ("local", "shared"):
        sub, sub_start = started(name="sub", variables={"x": Variable("int", 1, scope)}, outputs={"seen": "int"})
        add, put, x = sub.add(math.add, b=1), sub.add(variables.set_, name="x"), variable(sub, "x")
        x >> add.a
        sub_start >> put
        add.result >> put.value
        finish(sub, put, seen=x)
        outputs = {"one": "int", "two": "int", "x": "int"}
        wf, start = started(variables={"x": Variable("int", 100, scope)}, outputs=outputs)
        one, two = wf.add(flow.gosub, workflow="sub"), wf.add(flow.gosub, workflow="sub")
        start >> one >> two
        finish(wf, two, one=one["seen"], two=two["seen"], x=variable(wf, "x"))
        assert (await go(nf.Document(wf, sub), elide)).outputs == {"one": 2, "two": 2, "x": 100}


@pytest.mark.rule("8.1")
@both
async def test_process_variables_are_seen_by_both(elide: bool) -> None:
    sub, sub_start = started(name="sub")
    sub_start >> sub.add(variables.update, name="x", value=5)
    wf, start = started(outputs={"x": "int"})
    call = wf.add(flow.gosub, workflow="sub")
    start >> call
    finish(wf, call, x=variable(wf, "x"))
    doc = nf.Document(wf, sub, variables={"x": Variable("int", 1, "process")})
    assert (await go(doc, elide)).outputs == {"x": 6}


@pytest.mark.rule("8.1")
@both
async def test_an_output_with_the_name_of_the_callers_is_not_the_callers(elide: bool) -> None:
    sub, sub_start = started(name="sub", outputs={"r": "int"})
    sub_start >> sub.add(flow.return_, r=1)
    wf, start = started(outputs={"r": "int"})
    start >> wf.add(flow.gosub, workflow="sub") >> wf.add(give)
    assert (await go(nf.Document(wf, sub), elide)).outputs == {}


@pytest.mark.rule("8.1")
@both
async def test_a_recursive_callee_does_not_see_the_cells_of_the_outer_activation(elide: bool) -> None:
    """The same placed node wrote a value one level up: one level down it is unwritten."""
    sub, start = started(name="sub", inputs={"n": ("int", 0)})
    choose, positive = sub.add(flow.if_), sub.add(logic.greater, b=0)
    wrote = sub.add(give, id="wrote", value="outer")
    show = sub.add(flow.print, id="show")
    start >> choose
    sub.inputs.n >> positive.a
    positive.result >> choose.condition
    call = sub.add(flow.gosub, workflow="sub", n=0)
    choose.true >> wrote >> call
    choose.false >> show
    wrote.result >> show.value
    result = await go(sub, elide, inputs={"n": 1})
    (failure,) = failures(result.error)
    assert failure.node == "show"
    assert isinstance(failure.__cause__, nf.MissingInput)


@pytest.mark.rule("8.1")
@both
async def test_a_jump_does_not_leave_the_callee(elide: bool) -> None:
    """`return` ends the callee's thread only; the loop of the caller goes on."""
    sub, sub_start = started(name="sub", outputs={"r": "int"})
    sub_start >> sub.add(flow.return_, r=3)
    wf, start = started()
    loop, call, show = wf.add(flow.for_, times=3), wf.add(flow.gosub, workflow="sub"), wf.add(flow.print)
    start >> loop
    loop.body >> call >> show
    call["r"] >> show.value
    assert (await go(nf.Document(wf, sub), elide)).printed == ["3"] * 3


@pytest.mark.rule("8.1")
@both
async def test_an_input_without_value_is_missing_in_the_callee(elide: bool) -> None:
    sub, sub_start = started(name="sub", inputs={"n": "int"})
    show = sub.add(flow.print, id="show")
    sub_start >> show
    sub.inputs.n >> show.value
    wf, start = started()
    start >> wf.add(flow.gosub, id="call", workflow="sub")
    result = await go(nf.Document(wf, sub), elide)
    assert isinstance(failures(result.error)[0].__cause__, nf.MissingInput)


@pytest.mark.rule("8.1")
@both
async def test_an_output_that_the_callee_did_not_set_reads_as_missing(elide: bool) -> None:
    sub, sub_start = started(name="sub", outputs={"r": "int"})
    sub_start >> sub.add(give)
    wf, start = started()
    call, show = wf.add(flow.gosub, id="call", workflow="sub"), wf.add(flow.print, id="show")
    start >> call >> show
    call["r"] >> show.value
    result = await go(nf.Document(wf, sub), elide)
    (failure,) = failures(result.error)
    assert (failure.node, type(failure.__cause__)) == ("show", nf.MissingInput)


@pytest.mark.rule("8.1")
def test_an_unknown_workflow_is_rejected() -> None:
    wf, start = started()
    start >> wf.add(flow.gosub, workflow="nowhere")
    (finding,) = [f for f in nf.validate(wf) if f.severity is nf.Severity.ERROR]
    assert finding.code == "NF502"
    assert "nowhere" in str(finding)


# --- 8.2: returns exactly once, when all threads are done ---


@pytest.mark.rule("8.2")
@both
async def test_it_returns_once_when_all_of_the_callees_threads_are_done(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    """Three entries of different length, one of which opens threads of its own."""
    sub, first = started(name="sub")
    second, third = sub.add(flow.start), sub.add(flow.start)
    first >> sub.add(nap, seconds=5) >> sub.add(say, line="first")
    second >> sub.add(say, line="second")
    fo = sub.add(flow.fan_out, branches=["x"])
    third >> fo
    fo["x"] >> sub.add(nap, seconds=9) >> sub.add(say, line="branch")
    wf, start = started()
    start >> wf.add(flow.gosub, workflow="sub") >> wf.add(say, line="returned")
    log = Log()
    await go(nf.Document(wf, sub), elide, services=[log])
    assert log.lines == ["second", "first", "branch", "returned"]


@pytest.mark.rule("8.2")
@both
async def test_a_callee_without_entries_returns_at_once(elide: bool) -> None:
    sub = nf.Workflow("sub")
    sub.add(give)
    wf, start = started()
    start >> wf.add(flow.gosub, workflow="sub") >> wf.add(say, line="returned")
    log = Log()
    await go(nf.Document(wf, sub), elide, services=[log])
    assert log.lines == ["returned"]


@pytest.mark.rule("8.2")
@both
async def test_a_failing_entry_cancels_the_others_and_fails_the_call(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    sub, first = started(name="sub")
    first >> sub.add(boom, id="bad", seconds=1)
    sub.add(flow.start) >> sub.add(tidy, cleanup=2)
    wf, start = started()
    guard = wf.add(flow.try_)
    start >> guard
    guard.body >> wf.add(flow.gosub, id="call", workflow="sub") >> wf.add(say, line="returned")
    guard.catch >> wf.add(say, line="caught")
    log = Log()
    seen: list[Any] = []
    result = await go(nf.Document(wf, sub), elide, services=[log], observers=[seen.append])
    assert result.completed
    assert log.lines == ["tidy begins cleanup", "tidy cleaned up", "caught"]
    (failed,) = [e.error for e in seen if isinstance(e, nf.observers.NodeFailedEvent)]
    assert (failed.node, failed.context_path) == ("bad", "main/call[0]")


@pytest.mark.rule("8.2")
@both
async def test_a_timeout_around_the_call_ends_the_callee_first(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    sub, first = started(name="sub")
    first >> sub.add(tidy, cleanup=3)
    wf, start = started()
    limit = wf.add(flow.timeout, seconds=2)
    start >> limit
    limit.body >> wf.add(flow.gosub, workflow="sub")
    limit.expired >> wf.add(say, line="expired")
    log = Log()
    before = trio.current_time()
    assert (await go(nf.Document(wf, sub), elide, services=[log])).completed
    assert log.lines == ["tidy begins cleanup", "tidy cleaned up", "expired"]
    assert trio.current_time() - before == 5


# --- 8.3: recursion ---


@pytest.mark.rule("8.3")
@both
async def test_recursion_gives_results_all_the_way_up(elide: bool) -> None:
    sub = counting_down(200)
    sub._placed["bottom"] >> sub.add(flow.set_output, id="base", deepest=1000)
    result = await go(sub, elide)
    assert result.outputs == {"deepest": 1200}
    assert result.counters["contexts"] == 201


@pytest.mark.rule("8.3")
@both
async def test_the_limit_on_context_depth_ends_runaway_recursion(elide: bool) -> None:
    sub, start = started(name="down")
    guard = sub.add(flow.try_)
    start >> guard
    guard.body >> sub.add(flow.gosub, id="again", workflow="down")
    guard.catch >> sub.add(say, line="caught")
    log = Log()
    result = await go(sub, elide, services=[log], limits=nf.Limits(context_depth=50))
    assert result.status == "failed"
    assert isinstance(result.error, nf.LimitExceeded)
    assert (result.error.limit, result.error.value) == ("context_depth", 50)
    assert "again" in result.error.place
    assert result.counters["contexts"] == 50
    assert log.lines == [], "nothing in the graph catches a limit"


@pytest.mark.rule("8.3")
@both
async def test_as_deep_as_the_limit_allows_is_fine(elide: bool) -> None:
    """Depth counts from the `ProcessContext`, which is 0: the root workflow is 1."""
    sub = counting_down(49)
    sub._placed["bottom"] >> sub.add(flow.set_output, id="base", deepest=0)
    assert (await go(sub, elide, limits=nf.Limits(context_depth=50))).completed
    assert (await go(sub, elide, limits=nf.Limits(context_depth=49))).status == "failed"


@pytest.mark.rule("8.3")
@both
async def test_mutual_recursion(elide: bool) -> None:
    workflows = []
    for name, other in (("even", "odd"), ("odd", "even")):
        wf, start = started(name=name, inputs={"n": "int"}, outputs={"yes": "bool"})
        choose, zero = wf.add(flow.if_), wf.add(logic.equal, b=0)
        less, call = wf.add(math.subtract, b=1), wf.add(flow.gosub, workflow=other)
        start >> choose
        wf.inputs.n >> zero.a
        zero.result >> choose.condition
        wf.inputs.n >> less.a
        choose.true >> wf.add(flow.set_output, yes=name == "even")
        choose.false >> call
        less.result >> call["n"]
        finish(wf, call, yes=call["yes"])
        workflows.append(wf)
    for n, expected in ((10, True), (7, False)):
        assert (await go(nf.Document(*workflows), elide, inputs={"n": n})).outputs == {"yes": expected}


# --- 8.1: deep trees ---

DEEP = 5000


@pytest.mark.rule("8.3")
@pytest.mark.parametrize("through", ["gosub", "fan_out"])
@pytest.mark.parametrize("ends", ["error", "timeout", "cancel"])
async def test_five_thousand_contexts_end_in_an_error_or_a_cancellation(
    through: str, ends: str, autojump_clock: trio.abc.Clock
) -> None:
    """No `TrioInternalError`, no recursion, and one failure, made at the bottom."""
    sub = _deep(DEEP if through == "gosub" else DEEP // 2, through)
    bottom = sub._placed["bottom"]
    bottom >> (sub.add(flow.fail, id="deepest", message="at the bottom") if ends == "error" else sub.add(stall))
    log = Log()
    limits = nf.Limits(context_depth=DEEP + 10, deadline=10 if ends == "timeout" else None)
    async with nf.open_run(sub, services=[log], limits=limits) as run:
        await trio.sleep(1)
        assert log.lines == ([] if ends == "error" else ["stalled"])
        if ends == "cancel":
            run.cancel("enough")
        result = await run.wait()
    assert result.counters["contexts"] == DEEP + 1 - (through == "fan_out")
    assert result.status == {"error": "failed", "timeout": "timed_out", "cancel": "cancelled"}[ends]
    if ends == "error":
        (failure,) = failures(result.error)
        assert (failure.node, str(failure.__cause__)) == ("deepest", "at the bottom")
        assert len(failure.context_path) < 5000, "a path in a message stays readable"


def _deep(levels: int, through: str) -> nf.Workflow:
    """A workflow that calls itself, if asked through a fan-out with a waiting sibling, until it is `levels` deep."""
    sub, start = started(name="down", inputs={"n": ("int", levels)})
    more, choose = sub.add(logic.greater, b=1 if through == "fan_out" else 0), sub.add(flow.if_)
    less, again = sub.add(math.subtract, b=1), sub.add(flow.gosub, id="again", workflow="down")
    sub.inputs.n >> more.a
    more.result >> choose.condition
    sub.inputs.n >> less.a
    less.result >> again["n"]
    bottom = sub.add(give, id="bottom")
    choose.false >> bottom
    if through == "gosub":
        start >> choose
        choose.true >> again
        return sub
    fo = sub.add(flow.fan_out, id="fan", branches=["deeper", "beside"])
    start >> fo
    fo["deeper"] >> choose
    choose.true >> again
    fo["beside"] >> sub.add(give)
    return sub


@pytest.mark.rule("8.3")
async def test_hundreds_of_nested_contexts_each_with_an_error_of_its_own(autojump_clock: trio.abc.Clock) -> None:
    """A sibling fails on each of many levels as well: the group stays flat, and in tree order."""
    levels = 300
    sub, start = started(name="down", inputs={"n": ("int", levels)})
    more, choose = sub.add(logic.greater, b=1), sub.add(flow.if_)
    less, again = sub.add(math.subtract, b=1), sub.add(flow.gosub, id="again", workflow="down")
    sub.inputs.n >> more.a
    more.result >> choose.condition
    sub.inputs.n >> less.a
    less.result >> again["n"]
    fo = sub.add(flow.fan_out, id="fan", branches=["deeper", "beside"])
    start >> fo
    fo["deeper"] >> choose
    choose.true >> again
    choose.false >> sub.add(boom, seconds=1, message="bottom")
    late = sub.add(_fails_when_cancelled, id="late")
    fo["beside"] >> late
    sub.inputs.n >> late.number
    result = await go(sub)
    assert isinstance(result.error, ExceptionGroup)
    assert messages(result.error) == ["bottom", *(str(n) for n in range(1, levels + 1))]


@nf.exec_node("go.fails_when_cancelled")
async def _fails_when_cancelled(ctx: nf.NodeContext, number: int = 0) -> None:
    """Wait for ever; fail when cancelled."""
    try:
        await ctx.sleep(1e6)
    finally:
        raise ValueError(str(number))


@pytest.mark.rule("8.1")
@both
async def test_calls_side_by_side_do_not_mix(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """Twenty calls of one workflow at once, each waiting in its middle: each gets its own outputs."""
    sub, sub_start = started(name="sub", inputs={"n": "int"}, outputs={"r": "int"})
    sub._variables["x"] = Variable("int", 0, "shared")
    put, wait = sub.add(variables.set_, name="x"), sub.add(nap, seconds=2)
    sub_start >> put >> wait
    sub.inputs.n >> put.value
    finish(sub, wait, r=variable(sub, "x"))
    wf, start = started(outputs={"all": "list"})
    batch, call = wf.add(flow.batch, items=list(range(20)), parallel=20), wf.add(flow.gosub, workflow="sub")
    start >> batch
    batch.process >> call
    batch.item >> call["n"]
    call["r"] >> batch.result
    finish(wf, batch["continue"], all=batch.results)
    assert (await go(nf.Document(wf, sub), elide)).outputs["all"] == list(range(20))


@pytest.mark.rule("8.1")
@both
async def test_a_callee_opens_contexts_of_its_own(elide: bool) -> None:
    """A fan-out inside of a gosub inside of a branch inside of a slice."""
    sub, sub_start = started(name="sub", inputs={"n": "int"}, outputs={"both": "list"})
    fo, fi = fan(sub, "one", "two")
    double = sub.add(math.multiply, b=2)
    sub.inputs.n >> double.a
    sub_start >> fo
    fo["one"] >> fi
    fo["two"] >> fi
    sub.inputs.n >> fi["one"]
    double.result >> fi["two"]
    finish(sub, fi, both=fi.merged)
    wf, start = started(outputs={"all": "list"})
    batch = wf.add(flow.batch, items=[1, 2])
    outer, join = fan(wf, "x", "y", id="outer", join_id="meet")
    start >> batch
    batch.process >> outer
    for name in "xy":
        call = wf.add(flow.gosub, workflow="sub")
        outer[name] >> call >> join
        batch.item >> call["n"]
        call["both"] >> join[name]
    join.merged >> batch.result
    finish(wf, batch["continue"], all=batch.results)
    result = await go(nf.Document(wf, sub), elide)
    assert result.outputs["all"] == [[[1, 2], [1, 2]], [[2, 4], [2, 4]]]

