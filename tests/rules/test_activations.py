"""Semantics 2.8: each activation that starts ends exactly once: returned, failed, unwound or cancelled."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from probes import Counted, Log, failure, note, outcome, quiet, run, slow, started

import nodeflow as nf
from nodeflow.library import flow, logic, math
from nodeflow.runtime.events import NodeEnded, NodeStarted

LOCAL = nf.model.Variable("int", 0, "local")


def everything() -> nf.Workflow:
    """Bodies of each kind: plain, waiting, looping, trying, branching, jumping, evaluated, failing and caught."""
    wf, start = started(variables={"x": LOCAL})
    loop, trying = wf.add(flow.for_, times=4), wf.add(flow.try_)
    deciding, equal, bad = wf.add(flow.if_), wf.add(logic.equal, b=2), wf.add(flow.fail)
    on, out = wf.add(flow.continue_), wf.add(flow.break_)
    fork = wf.add(flow.fan_out, branches=["a", "b"])
    meet, nap = wf.add(flow.fan_in), wf.add(flow.delay, seconds=1)
    start >> loop
    loop.body >> trying.enter
    trying.body >> deciding.enter
    loop.index >> equal.a
    equal.result >> deciding.condition
    deciding.true >> bad.enter
    deciding.false >> nap.enter
    trying.catch >> wf.add(quiet, id="caught").enter
    trying.finally_ >> wf.add(quiet, id="cleanup").enter
    trying.exit >> fork.enter
    fork["a"] >> wf.add(quiet, id="left").enter
    wf._placed["left"].exit >> meet.enter
    fork["b"] >> meet.enter
    second = wf.add(flow.if_, id="third_round")
    greater = wf.add(logic.greater, b=1)
    loop.index >> greater.a
    meet.exit >> second.enter
    greater.result >> second.condition
    second.false >> on.enter
    second.true >> out.enter
    loop.exit >> wf.add(quiet, id="over").enter
    return wf


@pytest.mark.rule("2.8")
@pytest.mark.parametrize("elide", [True, False])
async def test_each_activation_ends_once(elide: bool, autojump_clock: Any) -> None:
    watch = Counted()
    result, _ = await outcome(everything(), observers=[watch], elide=elide)
    assert result.completed
    watch.assert_balanced()
    assert watch.outcomes("for") == ["unwound"]
    assert watch.outcomes("fail") == ["failed"]
    assert watch.outcomes("try") == ["returned"] * 3
    assert watch.outcomes("over") == ["returned"]


@pytest.mark.rule("2.8")
@pytest.mark.parametrize("elide", [True, False])
@pytest.mark.parametrize("how", ["cancel", "deadline", "steps", "error", "depth"])
async def test_each_activation_ends_once_however_the_run_ends(how: str, elide: bool, autojump_clock: Any) -> None:
    ended = set()
    for point in range(2, 40, 3):
        watch = Counted()
        limits = {
            "deadline": nf.Limits(deadline=point / 10),
            "steps": nf.Limits(steps=point),
            "depth": nf.Limits(depth=1 + point // 10),
        }.get(how, nf.Limits())
        wf = everything()
        if how == "error":
            wf._placed["cleanup"].exit >> wf.add(failing_at, round=point // 3).enter
        async with nf.open_run(wf, services=[Log()], observers=[watch], limits=limits, elide=elide) as handle:
            if how == "cancel":
                handle.add_observer(cancelling(handle, watch, point))
            result = await handle.wait()
        ended.add(result.status)
        if watch.of(NodeStarted):
            watch.assert_balanced()
    expected = {"cancel": "cancelled", "deadline": "timed_out"}.get(how, "failed")
    assert expected in ended


def cancelling(handle: Any, watch: Counted, point: int) -> Any:
    """An observer that cancels the run as soon as `watch` has seen so many events."""

    def observe(event: Any) -> None:
        if len(watch.all) == point:
            handle.cancel("enough")

    return observe


@pytest.mark.rule("2.8")
async def test_a_run_cancelled_before_it_began_starts_nothing() -> None:
    wf, start = started()
    start >> wf.add(note, value="never")
    log = Log()
    async with nf.open_run(wf, services=[log]) as handle:
        handle.cancel("changed my mind")
        result = await handle.wait()
    assert result.status == "cancelled"
    assert log.seen == []


@nf.exec_node("t.failing_at")
def failing_at(ctx: nf.NodeContext, round: int) -> None:
    counts = ctx.service(Log).counts
    counts["failing"] += 1
    if counts["failing"] == round:
        raise ValueError("now")


@pytest.mark.rule("2.8")
async def test_an_activation_starts_when_its_inputs_are_there(autojump_clock: Any) -> None:
    wf, start = started()
    late, node = wf.add(slow, value=1, seconds=5), wf.add(note)
    late.result >> node.value
    start >> node
    watch = Counted()
    begun = trio.current_time()
    await run(wf, observers=[watch])
    (event,) = watch.of(NodeStarted, node="note")
    assert event.time - begun == pytest.approx(5)
    assert 1 in event.inputs


@pytest.mark.rule("2.8")
async def test_an_activation_whose_inputs_fail_never_started() -> None:
    wf, start = started()
    divide, node = wf.add(math.divide, a=1, b=0), wf.add(note)
    divide.result >> node.value
    start >> node
    watch = Counted()
    result, _ = await outcome(wf, observers=[watch])
    assert isinstance(result.error, nf.NodeFailed)
    assert result.error.node == "divide"
    assert watch.of(NodeStarted, node="note") == []
    assert watch.of(NodeEnded, node="note") == []


@pytest.mark.rule("2.8")
async def test_an_activation_spans_what_it_triggers_also_on_other_threads(autojump_clock: Any) -> None:
    wf, start = started()
    fork = wf.add(flow.fan_out, branches=["a", "b"])
    start >> fork
    for name in "ab":
        nap = wf.add(flow.delay, seconds=1, id=name)
        fork[name] >> nap.enter
    fork.joined >> wf.add(quiet).enter
    watch = Counted()
    await run(wf, observers=[watch])
    spans = watch.spans()
    opened, closed, after = spans.index("+fan_out"), spans.index("-fan_out"), spans.index("+quiet")
    assert opened < min(spans.index("+a"), spans.index("+b"))
    assert max(spans.index("-a"), spans.index("-b")) < closed < after


@pytest.mark.rule("2.8")
@pytest.mark.parametrize("kind", ["wrong exec output", "wrong type", "system exit"])
async def test_a_body_that_fails_in_returning_has_failed_once(kind: str) -> None:
    @nf.exec_node("t.odd")
    async def odd(*, number: nf.Out[int], exit: nf.ExecOut) -> nf.ExecOut:
        if kind == "wrong type":
            number.set("seven")  # type: ignore[arg-type]
        if kind == "system exit":
            raise SystemExit(3)
        return "exit"  # type: ignore[return-value]

    wf, start = started()
    start >> wf.add(odd) >> wf.add(quiet)
    watch = Counted()
    if kind == "system exit":
        with pytest.raises(BaseException) as raised:
            await run(wf, observers=[watch])
        assert _holds(raised.value, SystemExit)
    else:
        await failure(wf, observers=[watch])
        assert watch.outcomes("odd") == ["failed"]
    watch.assert_balanced()
    assert watch.of(NodeStarted, node="quiet") == []


def _holds(error: BaseException, kind: type[BaseException]) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_holds(part, kind) for part in error.exceptions)
    return isinstance(error, kind)
