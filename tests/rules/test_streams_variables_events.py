"""Streams, variables, events and feedback: section 9 of the contract, without `post`."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

import nodeflow as nf
from nodeflow.library import convert, events, flow, math, text, variables
from nodeflow.model import Event, Variable


@nf.exec_node("t.tell")
def tell(ctx: nf.NodeContext, what: Any = "") -> None:
    """Print what, and the seconds that have passed."""
    ctx.feedback(f"{what}@{trio.current_time():g}", "print")


@nf.exec_node("t.work")
async def work(ctx: nf.NodeContext, seconds: float = 1.0, what: Any = "", *, exit: nf.ExecOut) -> nf.ExecOut:
    """Take a while; say so if cancelled."""
    try:
        await ctx.sleep(seconds)
    except trio.Cancelled:
        ctx.feedback(f"cancelled {what}@{trio.current_time():g}", "print")
        raise
    return exit


@nf.exec_node("t.numbers")
async def numbers(
    ctx: nf.NodeContext, count: int = 3, *, n: nf.Stream[int], extra: nf.Out[int] = nf.initially(-1), exit: nf.ExecOut
) -> nf.ExecOut:
    for i in range(count):
        extra.set(i * 10)
        await n.emit(i)
        extra.set(999)
        ctx.feedback(f"emitted {i}@{trio.current_time():g}", "print")
    return exit


@nf.exec_node("t.fail_if")
def fail_if(value: int = 0, bad: int = 0) -> None:
    if value == bad:
        raise ZeroDivisionError(f"item {value}")


def stream(node: Any = numbers, **given: Any) -> tuple[nf.Workflow, Any]:
    """A workflow that starts at a stream node."""
    wf = nf.Workflow("main")
    source = wf.add(node, id="source", **given)
    wf.add(flow.start, id="start") >> source
    return wf, source


def chain(first: Any, *others: Any) -> None:
    for other in others:
        first >> other
        first = other


async def printed(document: Any, **options: Any) -> list[str]:
    with trio.fail_after(10_000):
        return list((await nf.run(document, **options)).printed)


# --- 9.1 sequential -------------------------------------------------------------------------------------


@pytest.mark.rule("9.1")
async def test_sequential_runs_an_items_path_to_its_end_inside_emit(autojump_clock: MockClock) -> None:
    wf, source = stream(count=2)
    busy, say = wf.add(work, seconds=1.0), wf.add(tell)
    chain(source.on_item, busy, say)
    source.n >> say.what
    assert await printed(wf) == ["0@1", "emitted 0@1", "1@2", "emitted 1@2"]


@pytest.mark.rule("9.1")
async def test_sequential_raises_an_items_failure_from_emit(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.careful")
    async def careful(ctx: nf.NodeContext, *, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
        for i in range(3):
            try:
                await n.emit(i)
            except nf.NodeFailed as failure:
                ctx.feedback(f"{failure.node}: {type(failure.__cause__).__name__} {i}", "print")
        return exit

    wf, source = stream(careful)
    check, say, after = wf.add(fail_if, bad=1), wf.add(tell), wf.add(tell, what="after")
    chain(source.on_item, check, say)
    source.exit >> after
    source.n >> check.value
    source.n >> say.what
    assert await printed(wf) == ["0@0", "fail_if: ZeroDivisionError 1", "2@0", "after@0"]


@pytest.mark.rule("9.1")
@pytest.mark.parametrize("mode", ["sequential", "concurrent"])
@pytest.mark.parametrize("count", [0, 3])
async def test_completed_runs_after_all_items_and_before_what_the_body_returned(
    autojump_clock: MockClock, mode: str, count: int
) -> None:
    wf, source = stream(count=count, mode=mode)
    busy, say = wf.add(work, seconds=5.0), wf.add(tell, what="item")
    chain(source.on_item, busy, say)
    slow, completed, done = wf.add(work, seconds=1.0), wf.add(tell, what="completed"), wf.add(tell, what="exit")
    chain(source.completed, slow, completed)
    source.exit >> done
    end = {"sequential": 5 * count, "concurrent": 5 if count else 0}[mode]
    lines = [line for line in await printed(wf) if not line.startswith("emitted")]
    assert lines[count:] == [f"completed@{end + 1}", f"exit@{end + 1}"]
    assert len(lines) == count + 2


@pytest.mark.rule("9.1")
async def test_a_sequential_item_writes_into_the_scope_of_the_stream(autojump_clock: MockClock) -> None:
    wf, source = stream(count=4)
    wf._variables["sum"] = Variable("int", 0, "local")
    add = wf.add(variables.update, name="sum", op="add")
    source.on_item >> add.enter
    source.n >> add.value
    assert (await nf.run(wf)).variables["sum"] == 6


@pytest.mark.rule("9.1")
@pytest.mark.parametrize("mode", ["sequential", "concurrent"])
async def test_an_item_that_does_not_fit_fails_at_emit(autojump_clock: MockClock, mode: str) -> None:
    @nf.exec_node("t.liar")
    async def liar(ctx: nf.NodeContext, *, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
        try:
            await n.emit("many")  # type: ignore[arg-type]
        except nf.SocketTypeError as error:
            ctx.feedback(str("source" in str(error)), "print")
        await n.emit(3.0)  # type: ignore[arg-type]
        return exit

    wf, source = stream(liar, mode=mode)
    say = wf.add(flow.print)
    source.on_item >> say.enter
    source.n >> say.value
    assert await printed(wf) == ["True", "3"]


# --- 9.1 concurrent -------------------------------------------------------------------------------------


@pytest.mark.rule("9.1")
async def test_concurrent_emit_returns_at_once_and_waits_while_max_in_flight_items_run(
    autojump_clock: MockClock,
) -> None:
    wf, source = stream(count=5, mode="concurrent", max_in_flight=2)
    source.on_item >> wf.add(work, seconds=1.0).enter
    source.exit >> wf.add(tell, what="end").enter
    times = [line.partition("@")[2] for line in await printed(wf)]
    assert times == ["0", "0", "1", "1", "2", "3"]


@pytest.mark.rule("9.1")
async def test_concurrent_items_run_side_by_side_each_with_its_own_item(autojump_clock: MockClock) -> None:
    wf, source = stream(count=4, mode="concurrent", max_in_flight=4)
    busy, say = wf.add(work, seconds=1.0), wf.add(tell)
    chain(source.on_item, busy, say)
    source.n >> say.what
    lines = await printed(wf)
    assert lines[:4] == [f"emitted {i}@0" for i in range(4)]
    assert sorted(lines[4:]) == [f"{i}@1" for i in range(4)]


@pytest.mark.rule("9.1")
@pytest.mark.rule("3.2")
async def test_a_concurrent_item_sees_the_cells_as_they_were_when_it_was_emitted(autojump_clock: MockClock) -> None:
    wf, source = stream(count=3, mode="concurrent")
    busy, say = wf.add(work, seconds=1.0), wf.add(tell)
    chain(source.on_item, busy, say)
    source.extra >> say.what
    lines = [line for line in await printed(wf) if not line.startswith("emitted")]
    assert sorted(lines) == ["0@1", "10@1", "20@1"]


@pytest.mark.rule("9.1")
async def test_a_timeout_around_emit_bounds_the_waiting_not_the_item(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.impatient")
    async def impatient(ctx: nf.NodeContext, *, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
        for i in range(3):
            with ctx.timeout(2) as scope:
                await n.emit(i)
            ctx.feedback(f"{i} {'gave up' if scope.cancelled_caught else 'went'}@{trio.current_time():g}", "print")
        return exit

    wf, source = stream(impatient, mode="concurrent", max_in_flight=1)
    busy, say = wf.add(work, seconds=10.0), wf.add(tell)
    chain(source.on_item, busy, say)
    source.n >> say.what
    source.exit >> wf.add(tell, what="end").enter
    assert await printed(wf) == ["0 went@0", "1 gave up@2", "2 gave up@4", "0@10", "end@10"]


@pytest.mark.rule("9.1")
async def test_an_emit_that_was_given_up_does_not_swallow_the_next_wake_up(autojump_clock: MockClock) -> None:
    """Two emits gave up waiting; the third must still be woken when the item ends, and start its own item."""

    @nf.exec_node("t.patient_at_last")
    async def patient(ctx: nf.NodeContext, *, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
        await n.emit(0)
        for i in (1, 2):
            with ctx.timeout(1):
                await n.emit(i)
        await n.emit(3)
        return exit

    wf, source = stream(patient, mode="concurrent", max_in_flight=1)
    busy, say = wf.add(work, seconds=10.0), wf.add(tell)
    chain(source.on_item, busy, say)
    source.n >> say.what
    assert await printed(wf) == ["0@10", "3@20"]


@pytest.mark.rule("9.1")
async def test_a_stale_waiting_for_capacity_does_not_end_another_wait_of_the_body(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.emit_then_wait")
    async def producer(ctx: nf.NodeContext, *, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
        await n.emit(0)
        with ctx.timeout(1):
            await n.emit(1)
        with ctx.timeout(50) as scope:
            got = await ctx.wait_event("never")
            ctx.feedback(f"got {got}", "print")
        ctx.feedback(f"{scope.cancelled_caught}@{trio.current_time():g}", "print")
        return exit

    wf, source = stream(producer, mode="concurrent", max_in_flight=1)
    wf._events["never"] = Event("any")
    source.on_item >> wf.add(work, seconds=10.0).enter
    assert await printed(wf) == ["True@51"]


@pytest.mark.rule("9.1")
async def test_a_failing_item_cancels_producer_and_items_and_fails_the_activation(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.endless")
    async def endless(ctx: nf.NodeContext, *, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
        await n.emit(0)
        await n.emit(1)
        try:
            await trio.sleep_forever()
        finally:
            ctx.feedback(f"producer over@{trio.current_time():g}", "print")
        return exit

    wf, source = stream(endless, mode="concurrent")
    split, slow = wf.add(flow.if_), wf.add(work, seconds=100.0, what="item")
    is_zero = wf.add(math_equal)
    source.on_item >> split.enter
    source.n >> is_zero.a
    is_zero.result >> split.condition
    split.true >> slow.enter
    wait, bad = wf.add(flow.delay, seconds=3.0), wf.add(fail_if)
    chain(split.false, wait, bad)
    source.completed >> wf.add(tell, what="completed").enter
    source.exit >> wf.add(tell, what="exit").enter
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf)
    failure = caught.value.__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert (failure.node, type(failure.__cause__)) == ("fail_if", ZeroDivisionError)
    assert sorted(caught.value.result.printed) == ["cancelled item@3", "producer over@3"]


@nf.data_node("t.is_zero")
def math_equal(a: int = 0) -> bool:
    return a == 0


@pytest.mark.rule("9.1")
async def test_a_failing_producer_cancels_its_items(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.emit_then_fail")
    async def failing(ctx: nf.NodeContext, *, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
        await n.emit(0)
        await ctx.sleep(2)
        raise KeyError("producer")

    wf, source = stream(failing, mode="concurrent")
    source.on_item >> wf.add(work, seconds=100.0, what="item").enter
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf)
    assert isinstance(caught.value.__cause__.__cause__, KeyError)
    assert caught.value.__cause__.node == "source"
    assert caught.value.result.printed == ["cancelled item@2"]


@pytest.mark.rule("9.1")
async def test_collect_lets_producer_and_other_items_go_on(autojump_clock: MockClock) -> None:
    wf, source = stream(count=3, mode="concurrent", errors="collect")
    busy, bad, say = wf.add(work, seconds=1.0), wf.add(fail_if, bad=1), wf.add(tell)
    chain(source.on_item, busy, bad, say)
    source.n >> bad.value
    source.n >> say.what
    source.completed >> wf.add(tell, what="completed").enter
    source.exit >> wf.add(tell, what="exit").enter
    lines = [line for line in await printed(wf) if not line.startswith("emitted")]
    assert sorted(lines[:2]) == ["0@1", "2@1"]
    assert lines[2:] == ["completed@1", "exit@1"]


@pytest.mark.rule("9.1")
async def test_collected_failures_of_items_are_not_lost(autojump_clock: MockClock) -> None:
    seen: list[Any] = []
    wf, source = stream(count=3, mode="concurrent", errors="collect")
    bad = wf.add(fail_if, bad=1)
    source.on_item >> bad.enter
    source.n >> bad.value
    await nf.run(wf, observers=[seen.append])
    errors = [event for event in seen if isinstance(event, nf.observers.NodeFailedEvent)]
    assert [event.node for event in errors] == ["fail_if"]


@pytest.mark.rule("9.1")
@pytest.mark.parametrize(("mode", "contexts"), [("concurrent", 1), ("sequential", 0)])
async def test_the_stream_context_opens_before_the_body_starts_even_without_an_emit(
    autojump_clock: MockClock, mode: str, contexts: int
) -> None:
    seen: list[Any] = []

    @nf.exec_node("t.silent")
    async def silent(ctx: nf.NodeContext, *, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
        seen.append("body")
        return exit

    wf, source = stream(silent, mode=mode)
    source.completed >> wf.add(tell, what="completed").enter

    def observe(event: Any) -> None:
        if getattr(event, "kind", "") == "StreamContext":
            seen.append(type(event).__name__)

    assert await printed(wf, observers=[observe]) == ["completed@0"]
    assert seen == (["ContextOpened", "body", "ContextClosed"] if contexts else ["body"])


@pytest.mark.rule("9.1")
async def test_a_concurrent_emit_inside_a_cancel_scope_of_the_body_is_harmless_to_trio(
    autojump_clock: MockClock,
) -> None:
    """A nursery opened at the first emit, inside of this scope, would be closed outside of it: fatal."""

    @nf.exec_node("t.first_emit_in_scope")
    async def scoped(ctx: nf.NodeContext, *, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
        with trio.CancelScope() as scope:
            await n.emit(0)
            scope.cancel()
            await trio.lowlevel.checkpoint()
        return exit

    wf, source = stream(scoped, mode="concurrent")
    busy, say = wf.add(work, seconds=5.0), wf.add(tell, what="item")
    chain(source.on_item, busy, say)
    assert await printed(wf) == ["item@5"]


@pytest.mark.rule("9.1")
@pytest.mark.rule("2.1")
@pytest.mark.parametrize("mode", ["sequential", "concurrent"])
async def test_emit_from_another_task_is_refused(autojump_clock: MockClock, mode: str) -> None:
    @nf.exec_node("t.elsewhere")
    async def elsewhere(ctx: nf.NodeContext, *, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
        async def other() -> None:
            with pytest.raises(nf.WrongCall, match="open_scope"):
                await n.emit(1)
            ctx.feedback("refused", "print")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
        return exit

    wf, source = stream(elsewhere, mode=mode)
    source.on_item >> wf.add(tell, what="item").enter
    assert await printed(wf) == ["refused"]


@pytest.mark.rule("9.1")
@pytest.mark.rule("11")
async def test_sixteen_items_of_a_concurrent_stream_run_at_once_unless_said(autojump_clock: MockClock) -> None:
    wf, source = stream(count=17, mode="concurrent")
    source.on_item >> wf.add(work, seconds=1.0).enter
    assert [line.partition("@")[2] for line in await printed(wf)] == ["0"] * 16 + ["1"]


# --- 9.2 variables --------------------------------------------------------------------------------------


def read(wf: nf.Workflow, **given: Any) -> Any:
    """The output of a new `variables.get`."""
    return wf.add(variables.get, **given)[variables.get.data_outs[0].name]


@pytest.mark.rule("9.2")
def test_the_output_of_a_get_is_named_as_in_the_file_format() -> None:
    assert [socket.name for socket in variables.get.data_outs] == ["value"]


def fan(wf: nf.Workflow, *names: str) -> tuple[Any, Any]:
    """start -> fan-out -> (branches to be wired) -> fan-in."""
    fan_out = wf.add(flow.fan_out, id="fan", branches=list(names))
    wf.add(flow.start, id="start") >> fan_out.enter
    return fan_out, wf.add(flow.fan_in, id="join", merge="dict")


@pytest.mark.rule("9.2")
@pytest.mark.parametrize("elide", [True, False])
async def test_a_local_variable_follows_snapshot_at_spawn(autojump_clock: MockClock, elide: bool) -> None:
    wf = nf.Workflow("main", variables={"x": Variable("int", 1, "local")})
    fan_out, join = fan(wf, "a", "b")
    get = read(wf, name="x")
    for name in "ab":
        add = wf.add(variables.update, name="x", op="add", value=10)
        fan_out[name] >> add.enter
        add >> join.enter
    get >> join.value
    show = wf.add(flow.print)
    join.exit >> show.enter
    join.merged >> show.value
    behind = wf.add(flow.print)
    show >> behind
    read(wf, name="x") >> behind.value
    result = await nf.run(wf, elide=elide)
    assert result.value("join", "merged") == {"a": 11, "b": 11}
    assert result.printed[1] == "1"


@pytest.mark.rule("9.2")
@pytest.mark.parametrize("elide", [True, False])
async def test_a_shared_variable_is_one_for_the_whole_workflow_context(autojump_clock: MockClock, elide: bool) -> None:
    wf = nf.Workflow("main", variables={"x": Variable("int", 1, "shared")})
    fan_out, join = fan(wf, "a", "b", "c")
    for name in "abc":
        add = wf.add(variables.update, name="x", op="add", value=10)
        fan_out[name] >> add.enter
        add >> join.enter
    behind = wf.add(flow.print)
    join.exit >> behind.enter
    read(wf, name="x") >> behind.value
    result = await nf.run(wf, elide=elide)
    assert result.printed == ["31"]
    assert result.variables["x"] == 31


@pytest.mark.rule("9.2")
async def test_each_workflow_context_has_its_own_shared_variables_and_all_have_the_process_variables(
    autojump_clock: MockClock,
) -> None:
    sub = nf.Workflow("sub", variables={"mine": Variable("int", 0, "shared")})
    chain(
        sub.add(flow.start),
        sub.add(variables.update, name="mine", op="add", value=1),
        sub.add(variables.update, name="all", op="add", value=1),
        first := sub.add(flow.print, label="mine"),
        second := sub.add(flow.print, label="all"),
    )
    read(sub, id="m", name="mine") >> first.value
    read(sub, id="a", name="all") >> second.value
    wf = nf.Workflow("main")
    chain(wf.add(flow.start), wf.add(flow.gosub, workflow="sub"), wf.add(flow.gosub, workflow="sub"))
    document = nf.Document(wf, sub, variables={"all": Variable("int", 0, "process")})
    result = await nf.run(document)
    assert result.printed == ["mine: 1", "all: 1", "mine: 1", "all: 2"]
    assert result.variables["all"] == 2


@pytest.mark.rule("9.2")
@pytest.mark.parametrize("scope", ["shared", "process"])
async def test_an_update_is_atomic(autojump_clock: MockClock, scope: str) -> None:
    """100 threads that read, wait and write would lose updates; `update` does not."""

    @nf.exec_node("t.bump")
    async def bump(ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
        await trio.lowlevel.checkpoint()
        ctx.variables.update("x", lambda old: old + 1)
        await trio.lowlevel.checkpoint()
        assert ctx.variables.update("x", lambda old: old + 1) == ctx.variables.get("x")
        return exit

    variable = Variable("int", 0, scope)
    wf = nf.Workflow("main", variables={"x": variable} if scope == "shared" else {})
    batch = wf.add(flow.batch, items=list(range(100)), parallel=100)
    wf.add(flow.start) >> batch
    batch.process >> wf.add(bump).enter
    document = nf.Document(wf, variables={} if scope == "shared" else {"x": variable})
    assert (await nf.run(document)).variables["x"] == 200


@pytest.mark.rule("9.2")
async def test_a_get_whose_name_is_wired_depends_on_all_variables(autojump_clock: MockClock) -> None:
    scopes = {"a": "local", "b": "shared"}
    wf = nf.Workflow(
        "main",
        inputs={"which": ("text", "a")},
        variables={name: Variable("int", 0, scope) for name, scope in scopes.items()},
    )
    get, show = read(wf), wf.add(flow.sequence, steps=["one", "two", "three"])
    wf.add(flow.start) >> show.enter
    wf.inputs.which >> get.node.name
    plus = wf.add(math.add, b=100)
    get >> plus.a
    for step, (name, value) in zip(["one", "two", "three"], [("a", 1), ("b", 2), ("p", 3)], strict=True):
        put, say = wf.add(variables.set_, name=name, value=value), wf.add(flow.print)
        chain(show[step], put, say)
        plus.result >> say.value
    document = nf.Document(wf, variables={"p": Variable("int", 0, "process")})
    for which, expected in {"a": [101, 101, 101], "b": [100, 102, 102], "p": [100, 100, 103]}.items():
        assert await printed(document, inputs={"which": which}) == [str(n) for n in expected]


@pytest.mark.rule("9.2")
async def test_a_set_whose_name_is_wired_makes_readers_of_any_variable_read_again(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", variables={"a": Variable("int", 0), "b": Variable("int", 0)})
    each = wf.add(flow.for_each, items=["a", "b", "a"])
    put, say = wf.add(variables.set_), wf.add(flow.print)
    wf.add(flow.start) >> each.enter
    chain(each.body, put, say)
    each.item >> put.name
    plus = wf.add(math.add)
    read(wf, name="a") >> plus.a
    read(wf, name="b") >> plus.b
    count = wf.add(math.add, b=1)
    each.index >> count.a
    count.result >> put.value
    plus.result >> say.value
    assert await printed(wf) == ["1", "3", "5"]


@pytest.mark.rule("9.2")
def test_an_undeclared_variable_is_a_validation_error() -> None:
    for node, given in [(variables.get, {}), (variables.set_, {"value": 1}), (variables.update, {"value": 1})]:
        wf = nf.Workflow("main", variables={"known": 0})
        start, placed = wf.add(flow.start), wf.add(node, name="unknown", **given)
        if node is variables.get:
            say = wf.add(flow.print)
            start >> say
            placed[variables.get.data_outs[0].name] >> say.value
        else:
            start >> placed
        with pytest.raises(nf.InvalidDocument) as caught:
            nf.compile(wf)
        assert "unknown" in str(caught.value)


@pytest.mark.rule("9.2")
async def test_a_wired_name_that_is_not_declared_fails_the_node(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", inputs={"which": "text"}, variables={"known": 0})
    put = wf.add(variables.set_, value=1)
    wf.add(flow.start) >> put
    wf.inputs.which >> put.name
    with pytest.raises(nf.RunFailed, match="unknown"):
        await nf.run(wf, inputs={"which": "unknown"})


@pytest.mark.rule("9.2")
@pytest.mark.rule("3.6")
async def test_a_variable_takes_only_what_fits_its_type(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", inputs={"v": "any"}, variables={"x": Variable("float", 0.0)})
    put = wf.add(variables.set_, name="x")
    wf.add(flow.start) >> put
    wf.inputs.v >> put.value
    result = await nf.run(wf, inputs={"v": 2})
    assert type(result.variables["x"]) is float
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf, inputs={"v": "2"})
    assert isinstance(caught.value.__cause__.__cause__, nf.SocketTypeError)


@pytest.mark.rule("9.2")
async def test_a_loop_writes_a_local_variable_into_its_own_scope(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", variables={"total": Variable("int", 0, "local")})
    loop, add = wf.add(flow.for_, times=4), wf.add(variables.update, name="total", op="add")
    wf.add(flow.start) >> loop.enter
    loop.body >> add.enter
    loop.index >> add.value
    assert (await nf.run(wf)).variables["total"] == 6


# --- 9.3 events -----------------------------------------------------------------------------------------


def listening(wf: nf.Workflow, event: str, *nodes: Any, id: str | None = None) -> Any:
    """Place a listener with a chain behind it."""
    ear = wf.add(events.listen, event=event, id=id)
    chain(ear, *nodes)
    return ear


@pytest.mark.rule("9.3")
async def test_a_trigger_runs_one_thread_per_listener_in_document_order_and_waits(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", events={"ping": "text"})
    for name, seconds in [("late", 5.0), ("early", 1.0)]:
        busy, say = wf.add(work, seconds=seconds), wf.add(tell, what=name)
        listening(wf, "ping", busy, say, id=f"on_{name}")
    chain(wf.add(flow.start), wf.add(events.trigger, event="ping", payload="x"), wf.add(tell, what="behind"))
    seen: list[Any] = []
    assert await printed(wf, observers=[seen.append]) == ["early@1", "late@5", "behind@5"]
    opened = [e for e in seen if isinstance(e, nf.observers.ContextOpened)]
    assert [(e.kind, e.path) for e in opened[1:]] == [("WorkflowContext", "main"), ("WorkflowContext", "main/trigger")]
    delivery = opened[-1].context
    threads = {e.thread: e.index for e in seen if isinstance(e, nf.observers.ThreadStarted) and e.context == delivery}
    ears = {e.node: threads[e.thread] for e in seen if isinstance(e, nf.observers.NodeStarted) and e.thread in threads
            and e.node.startswith("on_")}  # fmt: skip
    assert ears == {"on_late": 0, "on_early": 1}


@pytest.mark.rule("9.3")
async def test_a_payload_is_checked_and_converted_against_the_declared_type(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", inputs={"p": "any"}, events={"ping": "float"})
    show, trigger = wf.add(flow.print), wf.add(events.trigger, event="ping")
    listening(wf, "ping", show).payload >> show.value
    wf.add(flow.start) >> trigger
    wf.inputs.p >> trigger.payload
    assert await printed(wf, inputs={"p": 2}) == ["2"]
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf, inputs={"p": "2"})
    assert isinstance(caught.value.__cause__.__cause__, nf.SocketTypeError)
    assert "ping" in str(caught.value)


@pytest.mark.rule("9.3")
async def test_a_delivery_is_fail_fast_and_its_failure_is_raised_by_the_trigger(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", events={"ping": "any"})
    listening(wf, "ping", wf.add(work, seconds=100.0, what="other"))
    listening(wf, "ping", wf.add(flow.delay, seconds=2.0), wf.add(flow.fail, message="deaf"))
    attempt, trigger, say = wf.add(flow.try_), wf.add(events.trigger, event="ping"), wf.add(flow.print)
    wf.add(flow.start) >> attempt.enter
    attempt.body >> trigger.enter
    attempt.catch >> say.enter
    attempt.error >> say.value
    assert await printed(wf) == ["cancelled other@2", "deaf"]


@pytest.mark.rule("9.3")
async def test_a_delivery_captures_the_cells_and_local_variables_of_the_triggering_thread(
    autojump_clock: MockClock,
) -> None:
    wf = nf.Workflow("main", variables={"v": Variable("int", 0, "local")}, events={"ping": "any"})
    loop, put, trigger = (
        wf.add(flow.for_, times=2),
        wf.add(variables.set_, name="v"),
        wf.add(events.trigger, event="ping"),
    )
    wf.add(flow.start) >> loop.enter
    chain(loop.body, put, trigger)
    loop.index >> put.value
    see, change = wf.add(flow.print, label="v"), wf.add(variables.set_, name="v", value=99)
    listening(wf, "ping", see, change)
    read(wf, id="read", name="v") >> see.value
    behind = wf.add(flow.print, label="behind")
    trigger >> behind
    read(wf, id="read_behind", name="v") >> behind.value
    assert await printed(wf) == ["v: 0", "behind: 0", "v: 1", "behind: 1"]


@pytest.mark.rule("9.3")
async def test_a_delivery_uses_the_shared_variables_of_the_workflow_it_belongs_to(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", variables={"n": Variable("int", 0, "shared")}, events={"ping": "any"})
    listening(wf, "ping", wf.add(variables.update, name="n", op="add", value=1))
    loop = wf.add(flow.for_, times=3)
    wf.add(flow.start) >> loop.enter
    loop.body >> wf.add(events.trigger, event="ping").enter
    assert (await nf.run(wf)).variables["n"] == 3


@pytest.mark.rule("9.3")
async def test_only_the_listeners_of_the_triggering_threads_workflow_hear_a_workflows_event(
    autojump_clock: MockClock,
) -> None:
    def hearing(name: str) -> nf.Workflow:
        wf = nf.Workflow(name, events={"ping": "any"})
        listening(wf, "ping", wf.add(tell, what=f"heard in {name}"))
        return wf

    main, sub = hearing("main"), hearing("sub")
    chain(main.add(flow.start), main.add(flow.gosub, workflow="sub"))
    chain(sub.add(flow.start), sub.add(events.trigger, event="ping"))
    assert await printed(nf.Document(main, sub)) == ["heard in sub@0"]


def two_workflows(*, inputs: bool = False, nested: bool = False) -> nf.Document:
    """`main` triggers the document's event; `other`, which never runs, listens too."""
    main = nf.Workflow("main", outputs={"r": "any"}, variables={"s": Variable("int", 1, "shared")})
    chain(
        main.add(flow.start),
        main.add(variables.set_, name="s", value=2),
        main.add(events.trigger, event="alarm", payload="fire"),
        main.add(flow.set_output, r="main"),
    )
    mine = main.add(flow.print, label="main")
    listening(main, "alarm", mine)
    read(main, id="g", name="s") >> mine.value
    other = nf.Workflow(
        "other",
        inputs={"i": ("int", 7)},
        outputs={"r": "any"},
        variables={"s": Variable("int", 5, "shared"), "l": Variable("int", 6, "local")},
        events={"inner": "any"},
    )
    template = other.add(text.format, template=("{i} " if inputs else "") + "{payload} {s} {l} {p}")
    show = other.add(flow.print, label="other")
    ear = listening(other, "alarm", show, other.add(flow.set_output, r="other"))
    ear.payload >> template["payload"]
    if inputs:
        other.inputs.i >> template["i"]
    for name in "slp":
        read(other, id=f"get_{name}", name=name) >> template[name]
    template.result >> show.value
    if nested:  # it triggers an event of its own, which only its own workflow declares
        show >> other.add(events.trigger, event="inner").enter
        listening(other, "inner", other.add(flow.print, value="inner heard"))
    return nf.Document(main, other, events={"alarm": Event("text")}, variables={"p": Variable("int", 8, "process")})


@pytest.mark.rule("9.3")
async def test_listeners_of_other_workflows_get_the_payload_and_defaults(autojump_clock: MockClock) -> None:
    result = await nf.run(two_workflows())
    assert sorted(result.printed) == ["main: 2", "other: fire 5 6 8"]
    assert result.outputs == {"r": "main"}


@pytest.mark.rule("9.3")
async def test_listeners_of_other_workflows_read_the_defaults_of_its_inputs(autojump_clock: MockClock) -> None:
    result = await nf.run(two_workflows(inputs=True))
    assert sorted(result.printed) == ["main: 2", "other: 7 fire 5 6 8"]


@pytest.mark.rule("9.3")
async def test_a_listener_of_another_workflow_triggers_events_of_that_workflow(autojump_clock: MockClock) -> None:
    result = await nf.run(two_workflows(nested=True))
    assert sorted(result.printed) == ["inner heard", "main: 2", "other: fire 5 6 8"]


@pytest.mark.rule("9.3")
async def test_without_a_listener_nothing_happens(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", events={"ping": "any"})
    chain(wf.add(flow.start), wf.add(events.trigger, event="ping"), wf.add(tell, what="behind"))
    result = await nf.run(wf)
    assert result.printed == ["behind@0"]
    assert result.counters["contexts"] == 1


@pytest.mark.rule("9.3")
def test_an_undeclared_event_is_a_validation_error() -> None:
    for node in (events.trigger, events.wait):
        wf = nf.Workflow("main", events={"known": "any"})
        wf.add(flow.start) >> wf.add(node, event="unknown").enter
        with pytest.raises(nf.InvalidDocument, match="unknown"):
            nf.compile(wf)


def two_threads(**declared: Any) -> tuple[nf.Workflow, Any, Any]:
    """A workflow with two entries, to be wired."""
    wf = nf.Workflow("main", **declared)
    return wf, wf.add(flow.start, id="one"), wf.add(flow.start, id="two")


@pytest.mark.rule("9.3")
async def test_wait_for_event_sees_what_comes_after_it_began_and_not_before(autojump_clock: MockClock) -> None:
    wf, one, two = two_threads(events={"ping": "text"})
    first, second = (wf.add(events.trigger, event="ping", payload=p) for p in ("early", "late"))
    chain(one, first, wf.add(flow.delay, seconds=10.0), second)
    wait, say = wf.add(events.wait, event="ping"), wf.add(tell)
    chain(two, wf.add(flow.delay, seconds=5.0), wait, say)
    wait.payload >> say.what
    assert await printed(wf) == ["late@10"]


@pytest.mark.rule("9.3")
async def test_all_who_wait_for_an_event_are_woken_once(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", events={"ping": "int"})
    batch, wait, say = wf.add(flow.batch, items=[0, 1, 2]), wf.add(events.wait, event="ping"), wf.add(tell)
    wf.add(flow.start) >> batch.enter
    chain(batch.process, wait, say)
    wait.payload >> say.what
    chain(
        wf.add(flow.start), wf.add(flow.delay, seconds=1.0), wf.add(events.trigger, event="ping", payload=1),
        wf.add(events.trigger, event="ping", payload=2),
    )  # fmt: skip
    assert await printed(wf) == ["1@1"] * 3


@pytest.mark.rule("9.3")
async def test_a_wait_that_was_given_up_does_not_answer_a_later_wait_for_another_event(
    autojump_clock: MockClock,
) -> None:
    @nf.exec_node("t.two_waits")
    async def two_waits(ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
        with ctx.timeout(1):
            await ctx.wait_event("ping")
        ctx.feedback(f"{await ctx.wait_event('pong')}@{trio.current_time():g}", "print")
        return exit

    wf, one, two = two_threads(events={"ping": "text", "pong": "text"})
    one >> wf.add(two_waits)
    chain(
        two, wf.add(flow.delay, seconds=2.0), wf.add(events.trigger, event="ping", payload="wrong"),
        wf.add(flow.delay, seconds=2.0), wf.add(events.trigger, event="pong", payload="right"),
    )  # fmt: skip
    assert await printed(wf) == ["right@4"]


@pytest.mark.rule("9.3")
async def test_a_wait_for_an_event_ends_with_the_run(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", events={"ping": "any"})
    wf.add(flow.start) >> wf.add(events.wait, event="ping").enter
    with pytest.raises(nf.RunTimedOut):
        await nf.run(wf, limits=nf.Limits(deadline=3))


@pytest.mark.rule("9.3")
async def test_a_listener_sets_the_outputs_of_its_workflow(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", outputs={"r": "any"}, events={"ping": "any"})
    put = wf.add(flow.set_output)
    listening(wf, "ping", put).payload >> put["r"]
    wf.add(flow.start) >> wf.add(events.trigger, event="ping", payload=[1]).enter
    assert (await nf.run(wf)).outputs == {"r": [1]}


# --- 9.4 feedback ---------------------------------------------------------------------------------------


@pytest.mark.rule("9.4")
async def test_feedback_goes_to_observers_and_only_the_level_print_is_printed(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.report")
    def report(ctx: nf.NodeContext) -> None:
        ctx.feedback("half done", "progress", {"part": 0.5})
        ctx.feedback("plain")

    seen: list[Any] = []
    wf = nf.Workflow("main")
    value, show = wf.add(convert.to_text, value=5), wf.add(flow.print, label="n")
    value.result >> show.value
    chain(wf.add(flow.start), wf.add(report), show, wf.add(flow.log, message="careful", level="warning"))
    result = await nf.run(wf, observers=[seen.append])
    told = [(e.node, e.message, e.level, e.data) for e in seen if isinstance(e, nf.observers.Feedback)]
    assert told == [
        ("report", "half done", "progress", {"part": 0.5}),
        ("report", "plain", "info", None),
        ("print", "n: 5", "print", "5"),
        ("log", "careful", "warning", None),
    ]
    assert result.printed == ["n: 5"]


@pytest.mark.rule("9.4")
async def test_printing_writes_what_is_printed_as_it_is_printed(autojump_clock: MockClock) -> None:
    lines: list[str] = []

    @nf.exec_node("t.so_far")
    def so_far(ctx: nf.NodeContext) -> None:
        lines.append(f"({len(lines)} so far)")

    wf = nf.Workflow("main")
    chain(wf.add(flow.start), wf.add(flow.print, value=1), wf.add(so_far), wf.add(flow.print, value=2.0))
    await nf.run(wf, observers=[nf.observers.printing(lines.append)])
    assert lines == ["1", "(1 so far)", "2"]
