"""Semantics 2.7: `return`, `break` and `continue` unwind the bodies that wait in this flow thread."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import pytest
import trio
from probes import Counted, call, codes, failure, note, outcome, put, run, started

import nodeflow as nf
from nodeflow.library import events, flow, logic, variables

JUMPS = {"break": flow.break_, "continue": flow.continue_, "return": flow.return_}
OUT = {"result": "any"}


def looping(times: int = 3) -> tuple[nf.Workflow, Any, Any]:
    """A loop whose `exit` notes "exit"; returns also what runs in its body first, which decides at `index == 1`."""
    wf, start = started(outputs=OUT)
    loop, deciding, equal = wf.add(flow.for_, times=times), wf.add(flow.if_), wf.add(logic.equal, b=1)
    start >> loop
    loop.body >> deciding.enter
    loop.index >> equal.a
    equal.result >> deciding.condition
    seen = wf.add(note, id="round")
    deciding.false >> seen.enter
    loop.index >> seen.value
    loop.exit >> wf.add(note, id="over", value="exit").enter
    return wf, loop, deciding


@pytest.mark.rule("2.7")
@pytest.mark.parametrize(
    ("jump", "expected"), [("break", [0, "exit"]), ("continue", [0, 2, "exit"]), ("return", [0])]
)
async def test_where_each_leads(jump: str, expected: list[Any]) -> None:
    wf, _, deciding = looping()
    deciding.true >> wf.add(JUMPS[jump]).enter
    assert (await run(wf)).seen == expected


@pytest.mark.rule("2.7")
@pytest.mark.parametrize(
    "kind", [flow.for_, flow.for_range, flow.for_each, flow.while_, flow.do_while, flow.repeat_until], ids=repr
)
@pytest.mark.parametrize("jump", ["break", "continue"])
async def test_every_loop_of_the_library_knows_them(kind: nf.NodeType, jump: str) -> None:
    given: dict[str, Any] = {
        "flow.for": {"times": 2}, "flow.for_range": {"stop": 2}, "flow.for_each": {"items": [1, 2]},
    }.get(kind.name, {})  # fmt: skip
    wf, start = started(variables={"left": nf.model.Variable("int", 2, "local")})
    loop = wf.add(kind, **given)
    start >> loop
    count = wf.add(variables.update, name="left", value=1, op="subtract")
    seen = wf.add(note, value="round")
    loop.body >> seen >> count >> wf.add(JUMPS[jump])
    if not given:
        until = kind is flow.repeat_until
        compare = wf.add(logic.less, b=1) if until else wf.add(logic.greater, b=0)
        get = wf.add(variables.get, name="left")
        get[variables.get.data_outs[0].name] >> compare.a
        compare.result >> loop.condition
    loop.exit >> wf.add(note, value="exit").enter
    assert (await run(wf)).seen == (["round", "exit"] if jump == "break" else ["round", "round", "exit"])


@pytest.mark.rule("2.7")
@pytest.mark.parametrize(
    ("jump", "expected"),
    [("break", ["inner 0"] * 2), ("continue", ["inner 0", "inner 1"] * 2), ("return", ["inner 0"])],
)
async def test_they_lead_to_the_nearest_loop(jump: str, expected: list[str]) -> None:
    wf, start = started()
    outer, inner = wf.add(flow.for_, times=2), wf.add(flow.for_, times=2)
    start >> outer
    outer.body >> inner.enter
    seen, text = wf.add(note), wf.add(_labelled)
    inner.index >> text.index
    text.result >> seen.value
    inner.body >> seen >> wf.add(JUMPS[jump])
    assert (await run(wf)).seen == expected


@nf.data_node("t.labelled")
def _labelled(index: int) -> str:
    return f"inner {index}"


@pytest.mark.rule("2.7")
@pytest.mark.parametrize("jump", ["break", "continue", "return"])
async def test_they_pass_bodies_that_wait_and_several_targets(jump: str) -> None:
    wf, _, deciding = looping(2)
    first, second = wf.add(call), wf.add(call)
    deciding.true >> first.enter
    deciding.true >> wf.add(note, value="second target").enter
    first.body >> second.enter
    first.body >> wf.add(note, value="second target of body").enter
    second.body >> wf.add(JUMPS[jump]).enter
    second.exit >> wf.add(note, value="never").enter
    watch = Counted()
    log = await run(wf, observers=[watch])
    assert log.seen == ([0] if jump == "return" else [0, "exit"])
    assert watch.outcomes("call") == ["unwound"]
    assert watch.outcomes("call_2") == ["unwound"]
    watch.assert_balanced()


@pytest.mark.rule("2.7")
@pytest.mark.parametrize("jump", ["break", "continue", "return"])
async def test_no_try_catches_them_and_finally_paths_run(jump: str) -> None:
    wf, _, deciding = looping(2)
    inner, outer = wf.add(flow.try_), wf.add(flow.try_)
    deciding.true >> outer.enter
    outer.body >> inner.enter
    inner.body >> wf.add(JUMPS[jump]).enter
    for trying, name in ((inner, "inner"), (outer, "outer")):
        trying.catch >> wf.add(note, value=f"{name} catch").enter
        trying.exit >> wf.add(note, value=f"{name} exit").enter
        trying.finally_ >> wf.add(note, value=f"{name} finally").enter
    expected = [0, "inner finally", "outer finally", "exit"]
    assert (await run(wf)).seen == (expected[:-1] if jump == "return" else expected)


@pytest.mark.rule("2.7")
@pytest.mark.parametrize("jump", ["break", "continue", "return"])
async def test_they_are_no_exception_to_a_body(jump: str) -> None:
    met: list[str] = []

    @nf.exec_node("t.careful")
    async def careful(*, body: nf.ExecOut, cleanup: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            await body()
        except Exception:
            met.append("except")
        else:
            met.append("else")
        finally:
            met.append("finally")
            await cleanup()
        return exit

    wf, _, deciding = looping(2)
    node = wf.add(careful)
    deciding.true >> node.enter
    node.body >> wf.add(JUMPS[jump]).enter
    node.cleanup >> wf.add(note, value="cleanup").enter
    node.exit >> wf.add(note, value="never").enter
    assert (await run(wf)).seen == ([0, "cleanup"] if jump == "return" else [0, "cleanup", "exit"])
    assert met == ["finally"]


@pytest.mark.rule("2.7")
@pytest.mark.parametrize("jump", ["break", "continue", "return"])
@pytest.mark.parametrize(
    "holding",
    [
        "cancel scope",
        "nursery",
        "nursery with a task",
        "context managers",
        "open scope",
    ],
)
async def test_what_a_body_holds_ends_in_good_order(jump: str, holding: str) -> None:
    left: list[str] = []

    @contextmanager
    def plain() -> Any:
        try:
            yield
        finally:
            left.append("plain")

    @asynccontextmanager
    async def waiting() -> Any:
        try:
            yield
        finally:
            await trio.lowlevel.checkpoint()
            left.append("waiting")

    @nf.exec_node("t.holding")
    async def holder(ctx: nf.NodeContext, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        if holding == "cancel scope":
            with trio.CancelScope(), ctx.timeout(1000):
                await body()
        elif holding.startswith("nursery"):
            async with trio.open_nursery() as nursery:
                if holding == "nursery with a task":
                    nursery.start_soon(trio.sleep_forever)
                await body()
                nursery.cancel_scope.cancel()
        elif holding == "context managers":
            with plain():
                async with waiting():
                    await body()
        else:
            async with ctx.open_scope():
                await body()
        return exit

    wf, _, deciding = looping(2)
    node = wf.add(holder)
    deciding.true >> node.enter
    node.body >> wf.add(JUMPS[jump]).enter
    node.exit >> wf.add(note, value="never").enter
    watch = Counted()
    log = await run(wf, observers=[watch])
    assert log.seen == ([0] if jump == "return" else [0, "exit"])
    assert left == (["waiting", "plain"] if holding == "context managers" else [])
    assert watch.outcomes("holding") == ["unwound"]
    watch.assert_balanced()


@pytest.mark.rule("2.7")
async def test_a_failure_in_a_finally_path_replaces_the_jump() -> None:
    wf, _, deciding = looping(2)
    trying = wf.add(flow.try_)
    deciding.true >> trying.enter
    trying.body >> wf.add(flow.break_).enter
    trying.finally_ >> wf.add(flow.fail, message="cleanup failed").enter
    error = await failure(wf)
    assert isinstance(error, nf.NodeFailed)
    assert str(error.__cause__) == "cleanup failed"


@pytest.mark.rule("2.7")
@pytest.mark.parametrize(("first", "then"), [("break", "continue"), ("continue", "break"), ("return", "break")])
async def test_a_jump_in_a_finally_path_replaces_the_jump(first: str, then: str) -> None:
    """As in Python."""
    wf, _, deciding = looping(3)
    trying = wf.add(flow.try_)
    deciding.true >> trying.enter
    trying.body >> wf.add(JUMPS[first], id="first").enter
    trying.finally_ >> wf.add(JUMPS[then], id="then").enter
    expected = [0, 2, "exit"] if then == "continue" else [0, "exit"]
    assert (await run(wf)).seen == expected


@pytest.mark.rule("2.7")
@pytest.mark.parametrize("jump", ["break", "continue"])
async def test_a_loop_in_a_finally_path_has_its_own_jumps(jump: str) -> None:
    wf, _, deciding = looping(2)
    trying, cleaning, one = wf.add(flow.try_), wf.add(flow.for_, times=2, id="cleaning"), wf.add(note)
    deciding.true >> trying.enter
    trying.body >> wf.add(flow.return_).enter
    trying.finally_ >> cleaning.enter
    cleaning.body >> one.enter
    cleaning.index >> one.value
    one.exit >> wf.add(JUMPS[jump], id="inner_jump").enter
    cleaning.exit >> wf.add(note, value="cleaned").enter
    assert (await run(wf)).seen == [0, *([0] if jump == "break" else [0, 1]), "cleaned"]


@pytest.mark.rule("2.7")
@pytest.mark.parametrize("jump", ["break", "continue"])
async def test_a_loops_own_finally_path_runs_and_is_not_in_the_loop(jump: str) -> None:
    @nf.exec_node("t.tidy", loop=True)
    async def tidy(*, index: nf.Out[int], body: nf.ExecOut, cleanup: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            for i in range(2):
                index.set(i)
                await body()
        finally:
            await cleanup()
        return exit

    wf, start = started()
    loop, seen = wf.add(tidy), wf.add(note)
    start >> loop
    loop.body >> seen.enter
    loop.index >> seen.value
    seen.exit >> wf.add(JUMPS[jump]).enter
    loop.cleanup >> wf.add(note, value="cleanup").enter
    loop.exit >> wf.add(note, value="exit").enter
    assert (await run(wf)).seen == ([0, "cleanup", "exit"] if jump == "break" else [0, 1, "cleanup", "exit"])


@pytest.mark.rule("2.7")
async def test_behind_the_exit_of_a_loop_its_break_leads_to_the_loop_around() -> None:
    wf, start = started()
    outer, inner = wf.add(flow.for_, times=3), wf.add(flow.for_, times=1)
    start >> outer
    outer.body >> inner.enter
    inner.body >> wf.add(note, value="inner").enter
    inner.exit >> wf.add(flow.break_).enter
    outer.exit >> wf.add(note, value="exit").enter
    assert (await run(wf)).seen == ["inner", "exit"]


@pytest.mark.rule("2.7")
async def test_a_body_that_swallows_the_unwinding_is_unwound_all_the_same() -> None:
    @nf.exec_node("t.stubborn")
    async def stubborn(*, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        with suppress(BaseException):
            await body()
        return exit

    wf, _, deciding = looping(2)
    node = wf.add(stubborn)
    deciding.true >> node.enter
    node.body >> wf.add(flow.break_).enter
    node.exit >> wf.add(note, value="never").enter
    assert (await run(wf)).seen == [0, "exit"]


@pytest.mark.rule("2.7")
async def test_unwinding_5_000_bodies_at_once() -> None:
    wf, start = started(variables={"n": nf.model.Variable("int", 0, "local")})

    @nf.exec_node("t.dive")
    async def dive(ctx: nf.NodeContext, *, deeper: nf.ExecOut, bottom: nf.ExecOut) -> None:
        await (deeper if ctx.variables.update("n", lambda old: old + 1) < 5_000 else bottom)()

    loop, node = wf.add(flow.for_, times=2), wf.add(dive)
    start >> loop
    loop.body >> node.enter
    node.deeper >> node.enter
    node.bottom >> wf.add(flow.break_).enter
    loop.exit >> wf.add(note, value="exit").enter
    watch = Counted()
    assert (await run(wf, observers=[watch])).seen == ["exit"]
    assert watch.outcomes("dive") == ["unwound"] * 5_000


# --- return, and setting outputs ---------------------------------------------------------------------------


@pytest.mark.rule("2.7")
async def test_return_sets_outputs_and_set_output_goes_on() -> None:
    wf, start = started(outputs={"a": "int", "b": "int"})
    setting, returning = wf.add(flow.set_output, a=1, b=2), wf.add(flow.return_, b=3)
    start >> setting >> wf.add(note, value="between") >> returning
    result, log = await outcome(wf)
    assert result.outputs == {"a": 1, "b": 3}
    assert log.seen == ["between"]


@pytest.mark.rule("2.7")
async def test_return_leads_to_the_bottom_of_the_thread() -> None:
    wf, start = started(outputs=OUT)
    caller = wf.add(call)
    sequence = wf.add(flow.sequence, steps=["a", "b"])
    start >> caller
    caller.body >> sequence.enter
    sequence["a"] >> wf.add(flow.return_, result=7).enter
    sequence["b"] >> wf.add(note, value="b").enter
    caller.exit >> wf.add(note, value="exit").enter
    start.exit >> wf.add(note, value="second target of start").enter
    result, log = await outcome(wf)
    assert result.outputs == {"result": 7}
    assert log.seen == []


@pytest.mark.rule("2.7")
async def test_other_threads_of_the_workflow_go_on(autojump_clock: Any) -> None:
    wf, start = started(outputs=OUT)
    other, nap = wf.add(flow.start), wf.add(flow.delay, seconds=1)
    start >> wf.add(flow.return_, result=1)
    other >> nap >> wf.add(note, value="other went on")
    result, log = await outcome(wf)
    assert result.outputs == {"result": 1}
    assert log.seen == ["other went on"]


@pytest.mark.rule("2.7")
async def test_return_ends_a_gosub_and_not_its_caller() -> None:
    sub = nf.Workflow("sub", outputs=OUT)
    loop = sub.add(flow.for_, times=3)
    sub.add(flow.start) >> loop
    loop.body >> sub.add(flow.return_, result=5).enter
    wf, start = started()
    calling, seen = wf.add(flow.gosub, workflow="sub"), wf.add(note)
    start >> calling >> seen
    calling["result"] >> seen.value
    assert (await run(nf.Document(wf, sub))).seen == [5]


def branching(join: nf.Workflow | None = None) -> tuple[nf.Workflow, Any, Any]:
    wf, start = started(outputs=OUT)
    fork, meet = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(flow.fan_in)
    start >> fork
    fork["b"] >> meet.enter
    meet.exit >> wf.add(note, value="joined").enter
    return wf, fork, meet


@pytest.mark.rule("2.7", "6.6")
@pytest.mark.parametrize("elide", [True, False])
async def test_in_a_branch_return_ends_that_branch_which_has_not_arrived(elide: bool) -> None:
    wf, fork, meet = branching()
    deciding = wf.add(flow.if_, condition=True)
    fork["a"] >> deciding.enter
    deciding.true >> wf.add(flow.return_, result=1).enter
    deciding.false >> meet.enter
    result, log = await outcome(wf, elide=elide)
    assert isinstance(result.error, nf.NodeFailed)
    assert isinstance(result.error.__cause__, nf.FanInIncomplete)
    assert "'a'" in str(result.error)
    assert "'return'" in str(result.error)
    assert log.seen == []


@pytest.mark.rule("2.7", "8.4")
@pytest.mark.parametrize("elide", [True, False])
async def test_what_a_branch_returned_is_the_workflows(elide: bool) -> None:
    wf, start = started(outputs={"a": "int", "b": "int"})
    fork = wf.add(flow.fan_out, branches=["a", "b"])
    start >> fork
    fork["a"] >> wf.add(flow.return_, a=1, b=1, id="first").enter
    fork["b"] >> wf.add(flow.return_, b=2, id="second").enter
    fork.joined >> wf.add(note, value="joined").enter
    result, log = await outcome(wf, elide=elide)
    assert result.outputs == {"a": 1, "b": 2}
    assert log.seen == ["joined"]


# --- they never cross a thread -----------------------------------------------------------------------------


@nf.exec_node("t.emitting")
async def emitting(*, items: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
    for number in range(3):
        await items.emit(number)
    return exit


def crossing(kind: str, jump: nf.NodeType) -> nf.Workflow:
    """A loop, and in its body something that starts threads, in one of which a jump stands."""
    wf, start = started(events={"ping": "any"})
    loop = wf.add(flow.for_, times=2)
    start >> loop
    if kind == "branch":
        fork = wf.add(flow.fan_out, branches=["a"])
        loop.body >> fork.enter
        fork["a"] >> wf.add(jump).enter
    elif kind == "slice":
        batch = wf.add(flow.batch, items=[1])
        loop.body >> batch.enter
        batch.process >> wf.add(jump).enter
    elif kind == "item":
        stream = wf.add(emitting, mode="concurrent")
        loop.body >> stream.enter
        stream.on_item >> wf.add(jump).enter
    elif kind == "listener":
        trigger, listen = wf.add(events.trigger, event="ping"), wf.add(events.listen, event="ping")
        loop.body >> trigger.enter
        listen >> wf.add(jump)
    else:
        loop.exit >> wf.add(jump).enter
    return wf


@pytest.mark.rule("2.7")
@pytest.mark.parametrize("jump", [flow.break_, flow.continue_])
@pytest.mark.parametrize("kind", ["branch", "slice", "item", "listener", "behind the loop"])
def test_a_jump_whose_loop_lies_outside_its_thread_is_a_validation_error(kind: str, jump: nf.NodeType) -> None:
    wf = crossing(kind, jump)
    assert codes(wf)["NF303"] == "error"
    with pytest.raises(nf.InvalidDocument) as raised:
        nf.compile(wf)
    assert "loop" in str(raised.value)


@pytest.mark.rule("2.7")
@pytest.mark.parametrize("kind", ["branch", "slice", "item", "listener", "behind the loop"])
async def test_return_may_stand_anywhere(kind: str) -> None:
    wf = crossing(kind, flow.return_)
    assert "error" not in codes(wf).values()
    await run(wf)


@pytest.mark.rule("2.7")
@pytest.mark.parametrize("kind", ["branch", "slice", "item"])
@pytest.mark.parametrize("elide", [True, False])
async def test_a_loop_inside_the_thread_has_its_jumps(kind: str, elide: bool) -> None:
    wf, start = started()
    inner = wf.add(flow.for_, times=3, id="inner")
    if kind == "branch":
        opener = wf.add(flow.fan_out, branches=["a"])
        opener["a"] >> inner.enter
    elif kind == "slice":
        opener = wf.add(flow.batch, items=[1])
        opener.process >> inner.enter
    else:
        opener = wf.add(emitting, mode="concurrent")
        opener.on_item >> inner.enter
    start >> opener
    seen = wf.add(note, value="round")
    inner.body >> seen >> wf.add(flow.break_)
    assert (await run(wf, elide=elide)).seen == ["round"] * (3 if kind == "item" else 1)


@pytest.mark.rule("2.7", "9.1")
async def test_the_item_of_a_sequential_stream_is_in_the_same_thread() -> None:
    wf, start = started()
    loop, stream, seen = wf.add(flow.for_, times=2), wf.add(emitting), wf.add(note)
    start >> loop
    loop.body >> stream.enter
    stream.on_item >> seen.enter
    stream["items"] >> seen.value
    seen.exit >> wf.add(flow.break_).enter
    loop.exit >> wf.add(note, value="exit").enter
    assert (await run(wf)).seen == [0, "exit"]


@pytest.mark.rule("2.7")
async def test_a_jump_gives_no_value_back_to_the_loop_around() -> None:
    """What was written before the jump is there behind the loop (3.3)."""
    wf, _, deciding = looping(2)
    wrote, seen = wf.add(put, value="written"), wf.add(note, id="behind")
    deciding.true >> wrote >> wf.add(flow.break_)
    wf._placed["over"].exit >> seen.enter
    wrote.result >> seen.value
    assert (await run(wf)).seen == [0, "exit", "written"]
