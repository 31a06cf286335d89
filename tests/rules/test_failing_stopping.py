"""Failing: 10.1 of the contract.

`test_cleanup_ends.py` has 10.2 and 10.3, `test_timeouts_resources.py` 10.4 and 10.6, `tests/test_gate.py` 10.5, and
`tests/test_embedding.py` what a host sees and that nothing leaks.
"""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

import nodeflow as nf
from nodeflow.library import flow
from nodeflow.library import math as numbers


@nf.exec_node("t.tell")
def tell(ctx: nf.NodeContext, what: Any = "") -> None:
    """Print what, and the seconds that have passed."""
    ctx.feedback(f"{what}@{trio.current_time():g}", "print")


@nf.exec_node("t.boom")
def boom(message: str = "boom") -> None:
    raise ZeroDivisionError(message)


@nf.exec_node("t.cleaning")
async def cleaning(ctx: nf.NodeContext, seconds: float = 1.0, what: str = "", *, exit: nf.ExecOut) -> nf.ExecOut:
    """Sleeps for ever, and takes a while to clean up."""
    try:
        await trio.sleep_forever()
    finally:
        await trio.sleep(seconds)
        ctx.feedback(f"cleaned {what}@{trio.current_time():g}", "print")
    return exit


@nf.exec_node("t.nested")
async def nested(*, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    await body()
    return exit


def chain(first: Any, *others: Any) -> None:
    for other in others:
        first >> other
        first = other


def started() -> tuple[nf.Workflow, Any]:
    wf = nf.Workflow("main")
    return wf, wf.add(flow.start, id="start")


def both(wf: nf.Workflow, **options: Any) -> Any:
    """start -> a fan-out with the branches a and b."""
    fan = wf.add(flow.fan_out, id="fan", branches=["a", "b"], **options)
    wf.add(flow.start, id="start") >> fan.enter
    return fan


async def failure_of(document: Any, **options: Any) -> nf.RunFailed:
    with trio.fail_after(10_000), pytest.raises(nf.RunFailed) as caught:
        await nf.run(document, **options)
    return caught.value


async def cancelled_at(document: Any, when: float, **options: Any) -> nf.RunResult:
    """The result of a run that is cancelled after so many seconds."""
    with trio.fail_after(10_000):
        async with nf.open_run(document, **options) as run:
            await trio.sleep(when)
            run.cancel("enough")
            return await run.wait()


# --- 10.1 how a failure looks ---------------------------------------------------------------------------


@pytest.mark.rule("10.1")
@pytest.mark.parametrize("elide", [True, False])
async def test_a_failure_is_wrapped_once_at_the_node_that_failed(elide: bool) -> None:
    sub = nf.Workflow("sub")
    loop = sub.add(flow.for_, times=3)
    sub.add(flow.start) >> loop.enter
    attempt = sub.add(flow.try_, catches=["KeyError"])
    chain(loop.body, attempt)
    attempt.body >> sub.add(boom, id="bad").enter
    wf = nf.Workflow("main")
    fan = both(wf)
    call = wf.add(flow.gosub, id="call", workflow="sub")
    fan["b"] >> call.enter
    seen: list[Any] = []
    error = await failure_of(nf.Document(wf, sub), elide=elide, observers=[seen.append])
    failure = error.__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert (failure.node, failure.type, failure.context_path) == ("bad", "t.boom", "main/fan[1]/call")
    assert type(failure.__cause__) is ZeroDivisionError
    assert error.result.error is failure
    told = [event for event in seen if isinstance(event, nf.observers.NodeFailedEvent)]
    assert [(e.node, e.workflow, e.thread) for e in told] == [("bad", "sub", failure.thread)]
    assert told[0].error.__cause__ is failure.__cause__


@pytest.mark.rule("10.1")
async def test_a_body_sees_a_node_failed_and_may_go_on() -> None:
    @nf.exec_node("t.catching")
    async def catching(ctx: nf.NodeContext, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            await body()
        except Exception as error:
            ctx.feedback(f"{type(error).__name__} {type(error.__cause__).__name__}", "print")
        return exit

    wf, start = started()
    outer = wf.add(catching)
    start >> outer
    inner = wf.add(nested)
    outer.body >> inner.enter
    inner.body >> wf.add(boom).enter
    inner.exit >> wf.add(flow.print, value="not this").enter
    outer.exit >> wf.add(flow.print, value="on").enter
    assert (await nf.run(wf)).printed == ["NodeFailed ZeroDivisionError", "on"]


@pytest.mark.rule("10.1")
async def test_an_error_raised_from_a_caught_failure_is_a_new_failure_of_that_node() -> None:
    @nf.exec_node("t.translating")
    async def translating(*, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            await body()
        except nf.NodeFailed as failure:
            raise LookupError("no luck") from failure
        return exit

    wf, start = started()
    outer = wf.add(translating)
    start >> outer
    outer.body >> wf.add(boom).enter
    failure = (await failure_of(wf)).__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert failure.node == "translating"
    assert type(failure.__cause__) is LookupError
    assert isinstance(failure.__cause__.__cause__, nf.NodeFailed)
    assert failure.__cause__.__cause__.node == "boom"


@pytest.mark.rule("10.1")
@pytest.mark.parametrize("asynchronous", [True, False])
async def test_a_data_node_that_fails_is_named_and_a_try_catches_it(asynchronous: bool) -> None:
    @nf.data_node("t.later")
    async def later(a: int = 0) -> float:
        await trio.lowlevel.checkpoint()
        return 1 / a

    wf, start = started()
    attempt, say, said = wf.add(flow.try_), wf.add(flow.print), wf.add(flow.print)
    start >> attempt.enter
    attempt.body >> say.enter
    bad = wf.add(later, id="bad") if asynchronous else wf.add(numbers.divide, id="bad", a=1, b=0)
    bad.result >> say.value
    attempt.catch >> said.enter
    attempt.error >> said.value
    seen: list[Any] = []
    result = await nf.run(wf, observers=[seen.append])
    assert result.printed == ["division by zero" if asynchronous else "1 divided by 0"]
    failed = [e for e in seen if isinstance(e, nf.observers.NodeFailedEvent)]
    assert [e.node for e in failed] == ["bad"]
    assert isinstance(failed[0].error, nf.NodeFailed)


@pytest.mark.rule("10.1")
async def test_what_fails_before_the_body_starts_is_a_failure_of_that_node() -> None:
    wf = nf.Workflow("main", inputs={"v": "any"})
    loop = wf.add(flow.for_, id="loop")
    wf.add(flow.start) >> loop.enter
    wf.inputs.v >> loop.times
    failure = (await failure_of(wf, inputs={"v": "three"})).__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert (failure.node, type(failure.__cause__)) == ("loop", nf.SocketTypeError)
    assert "inputs" in str(failure)


@pytest.mark.rule("10.1")
@pytest.mark.parametrize(
    ("catches", "caught"),
    [
        ([], True),
        (["ZeroDivisionError"], True),
        (["KeyError", "ArithmeticError"], True),
        (["Exception"], True),
        (["KeyError"], False),
        (["NodeFailed"], False),
    ],
)
async def test_a_try_matches_the_cause_by_its_name_or_a_base_class_name(catches: list[str], caught: bool) -> None:
    wf, start = started()
    attempt, said = wf.add(flow.try_, catches=catches), wf.add(flow.print)
    start >> attempt.enter
    attempt.body >> wf.add(boom).enter
    attempt.catch >> said.enter
    attempt.error >> said.value
    attempt["finally"] >> wf.add(flow.print, value="finally").enter
    attempt.exit >> wf.add(flow.print, value="exit").enter
    if caught:
        assert (await nf.run(wf)).printed == ["boom", "finally", "exit"]
    else:
        assert (await failure_of(wf)).result.printed == ["finally"]


@pytest.mark.rule("10.1")
async def test_a_failing_catch_path_runs_finally_and_is_what_comes_out() -> None:
    wf, start = started()
    attempt = wf.add(flow.try_)
    start >> attempt.enter
    attempt.body >> wf.add(boom, id="first").enter
    attempt.catch >> wf.add(boom, id="second").enter
    attempt["finally"] >> wf.add(flow.print, value="finally").enter
    error = await failure_of(wf)
    assert error.__cause__.node == "second"
    assert error.result.printed == ["finally"]


@pytest.mark.rule("10.1")
async def test_the_text_of_a_failure_is_bounded() -> None:
    """A failing body's message is as long as it likes; what the engine shows of it is not."""
    wf, start = started()
    start >> wf.add(boom, message="x" * 100_000)
    assert len(str(await failure_of(wf))) < 2_000


# --- 10.1 groups ----------------------------------------------------------------------------------------


@nf.exec_node("t.fail_late")
async def fail_late(ctx: nf.NodeContext, message: str = "late", *, exit: nf.ExecOut) -> nf.ExecOut:
    """When it is cancelled, its cleanup fails."""
    try:
        await trio.sleep_forever()
    finally:
        raise LookupError(message)
    return exit


@pytest.mark.rule("10.1")
@pytest.mark.rule("6.8")
async def test_errors_outrank_cancellations_and_several_are_a_group_in_tree_order(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    fan = wf.add(flow.fan_out, branches=["a", "b", "c"])
    wf.add(flow.start) >> fan.enter
    fan["a"] >> wf.add(fail_late, id="late").enter
    chain(fan["b"], wf.add(flow.delay, seconds=1.0), wf.add(boom, id="first"))
    fan["c"] >> wf.add(flow.delay, seconds=100.0).enter
    group = (await failure_of(wf)).__cause__
    assert isinstance(group, ExceptionGroup)
    assert [type(part) for part in group.exceptions] == [nf.NodeFailed, nf.NodeFailed]
    assert [part.node for part in group.exceptions] == ["late", "first"]  # type: ignore[attr-defined]
    assert [type(part.__cause__) for part in group.exceptions] == [LookupError, ZeroDivisionError]


@pytest.mark.rule("10.1")
@pytest.mark.parametrize(("catches", "caught"), [([], True), (["LookupError", "ArithmeticError"], True),
                                                 (["LookupError"], False)])  # fmt: skip
async def test_a_try_catches_a_group_if_it_catches_all_of_it(
    catches: list[str], caught: bool, autojump_clock: MockClock
) -> None:
    wf, start = started()
    attempt, said, fan = (
        wf.add(flow.try_, catches=catches),
        wf.add(flow.print),
        wf.add(flow.fan_out, branches=["a", "b"]),
    )
    start >> attempt.enter
    attempt.body >> fan.enter
    fan["a"] >> wf.add(fail_late).enter
    chain(fan["b"], wf.add(flow.delay, seconds=1.0), wf.add(boom))
    attempt.catch >> said.enter
    attempt.error >> said.value
    if caught:
        assert (await nf.run(wf)).printed == ["late; boom"]
    else:
        assert isinstance((await failure_of(wf)).__cause__, ExceptionGroup)


@pytest.mark.rule("10.1")
async def test_a_group_from_a_bodys_own_nursery_is_reduced_to_its_one_error() -> None:
    @nf.exec_node("t.own_nursery")
    async def own_nursery(*, exit: nf.ExecOut) -> nf.ExecOut:
        async def fail() -> None:
            raise KeyError("child")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            nursery.start_soon(fail)
        return exit

    wf, start = started()
    start >> wf.add(own_nursery)
    failure = (await failure_of(wf)).__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert type(failure.__cause__) is KeyError


@pytest.mark.rule("10.1")
async def test_several_errors_of_one_body_are_one_failure_whose_cause_is_the_group() -> None:
    @nf.exec_node("t.group")
    def group() -> None:
        raise ExceptionGroup("two", [KeyError("one"), ExceptionGroup("more", [ValueError("two")])])

    wf, start = started()
    start >> wf.add(group)
    failure = (await failure_of(wf)).__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert isinstance(failure.__cause__, ExceptionGroup)
    assert [type(e) for e in failure.__cause__.exceptions] == [KeyError, ValueError]


@pytest.mark.rule("10.1")
async def test_an_opener_that_fails_beside_its_threads_gives_a_group_of_node_failures(
    autojump_clock: MockClock,
) -> None:
    @nf.exec_node("t.opener")
    async def opener(ctx: nf.NodeContext, *, branch: nf.Branch, exit: nf.ExecOut) -> nf.ExecOut:
        async with ctx.open_scope() as scope:
            scope.start(branch)
            await ctx.sleep(1)
            raise KeyError("opener")
        return exit

    wf, start = started()
    source = wf.add(opener)
    start >> source
    source.branch >> wf.add(fail_late).enter
    group = (await failure_of(wf)).__cause__
    assert isinstance(group, ExceptionGroup)
    assert sorted((e.node, type(e.__cause__).__name__) for e in group.exceptions) == [  # type: ignore[attr-defined]
        ("fail_late", "LookupError"),
        ("opener", "KeyError"),
    ]


# --- 10.1 what nothing in the graph catches -------------------------------------------------------------


@nf.exec_node("t.greedy")
async def greedy(ctx: nf.NodeContext, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    """Catches whatever a body may catch, and goes on."""
    try:
        await body()
    except Exception as error:
        ctx.feedback(f"greedy caught {error!r}", "print")
    return exit


def guarded(*inside: Any) -> nf.Workflow:
    """A `try` around a greedy body around what is given."""
    wf, start = started()
    attempt, eater = wf.add(flow.try_), wf.add(greedy)
    start >> attempt.enter
    attempt.body >> eater.enter
    first, *others = (wf.add(node, **given) for node, given in inside)
    chain(eater.body, first, *others)
    attempt.catch >> wf.add(flow.print, value="catch").enter
    attempt.exit >> wf.add(flow.print, value="exit").enter
    eater.exit >> wf.add(flow.print, value="greedy went on").enter
    return wf


@pytest.mark.rule("10.1")
async def test_nothing_in_the_graph_catches_cancellation(autojump_clock: MockClock) -> None:
    result = await cancelled_at(guarded((flow.delay, {"seconds": 100.0})), 3)
    assert (result.status, result.printed, result.counters["seconds"]) == ("cancelled", [], 3)


@pytest.mark.rule("10.1")
async def test_nothing_in_the_graph_catches_the_runs_deadline(autojump_clock: MockClock) -> None:
    with pytest.raises(nf.RunTimedOut) as caught:
        await nf.run(guarded((flow.delay, {"seconds": 100.0})), limits=nf.Limits(deadline=3))
    result = caught.value.result
    assert (result.status, result.printed, result.counters["seconds"]) == ("timed_out", [], 3)


@pytest.mark.rule("10.1")
async def test_nothing_in_the_graph_catches_a_limit() -> None:
    wf = guarded((flow.for_, {"times": 1000}))
    error = await failure_of(wf, limits=nf.Limits(steps=50))
    assert isinstance(error.__cause__, nf.LimitExceeded)
    assert error.result.printed == []


# --- 10.1 contexts that are cancelled or time out -------------------------------------------------------


@nf.exec_node("t.scoped")
async def scoped(
    ctx: nf.NodeContext,
    timeout: nf.Option[float | None] = None,
    cancel_at: nf.Option[float | None] = None,
    *,
    branch: nf.Branch,
    exit: nf.ExecOut,
) -> nf.ExecOut:
    async with ctx.open_scope(timeout=timeout) as scope:
        scope.start(branch)
        if cancel_at is not None:
            await ctx.sleep(cancel_at)
            scope.cancel("had enough")
            await ctx.sleep(1000)
    return exit


def scoping(catches: list[str] | None = None, seconds: float = 50.0, **given: Any) -> nf.Workflow:
    wf, start = started()
    attempt, opener, said = wf.add(flow.try_, catches=catches or []), wf.add(scoped, **given), wf.add(tell)
    start >> attempt.enter
    attempt.body >> opener.enter
    chain(opener.branch, wf.add(flow.delay, seconds=seconds), wf.add(tell, what="branch"))
    opener.exit >> wf.add(tell, what="opener").enter
    attempt.catch >> said.enter
    attempt.error >> said.what
    return wf


@pytest.mark.rule("10.1")
async def test_a_context_cancelled_by_its_handle_fails_its_opener(autojump_clock: MockClock) -> None:
    result = await nf.run(scoping(["ContextCancelled"], cancel_at=3.0))
    assert result.printed == ["main/scoped was cancelled: had enough@3"]
    failure = (await failure_of(scoping(["TimedOut"], cancel_at=3.0))).__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert (failure.node, type(failure.__cause__)) == ("scoped", nf.ContextCancelled)


@pytest.mark.rule("10.1")
async def test_a_context_whose_deadline_passes_fails_its_opener(autojump_clock: MockClock) -> None:
    result = await nf.run(scoping(["TimedOut"], timeout=7.0))
    assert len(result.printed) == 1
    assert result.printed[0].endswith("@7")
    failure = (await failure_of(scoping(["ContextCancelled"], timeout=7.0))).__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert (failure.node, type(failure.__cause__)) == ("scoped", nf.TimedOut)


@pytest.mark.rule("10.1")
async def test_a_context_that_ends_within_its_deadline_does_not_fail(autojump_clock: MockClock) -> None:
    result = await nf.run(scoping(timeout=60.0))
    assert result.printed == ["branch@50", "opener@50"]


@pytest.mark.rule("10.1")
@pytest.mark.parametrize("elide", [True, False])
async def test_a_scope_cancelled_before_its_plain_branches_ran(elide: bool) -> None:
    @nf.exec_node("t.change_of_mind")
    async def change_of_mind(ctx: nf.NodeContext, *, branch: nf.Branch, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            async with ctx.open_scope() as scope:
                scope.start(branch)
                scope.cancel()
        except nf.NodeFailed as failure:
            ctx.feedback(type(failure.__cause__).__name__, "print")
        return exit

    wf, start = started()
    source = wf.add(change_of_mind)
    start >> source
    source.branch >> wf.add(flow.print, value="branch").enter
    source.exit >> wf.add(flow.print, value="on").enter
    assert (await nf.run(wf, elide=elide)).printed == ["ContextCancelled", "on"]


@pytest.mark.rule("10.1")
async def test_an_error_of_a_thread_outranks_the_scopes_own_cancellation(autojump_clock: MockClock) -> None:
    wf, start = started()
    source = wf.add(scoped, cancel_at=2.0)
    start >> source
    source.branch >> wf.add(fail_late).enter
    failure = (await failure_of(wf)).__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert (failure.node, type(failure.__cause__)) == ("fail_late", LookupError)


@pytest.mark.rule("10.1")
async def test_a_cancelled_run_is_not_a_failure_of_the_context_inside(autojump_clock: MockClock) -> None:
    """The deadline of the inner context passes while it cleans up: the run is still just cancelled."""
    wf, start = started()
    attempt, opener = wf.add(flow.try_), wf.add(scoped, timeout=4.0)
    start >> attempt.enter
    attempt.body >> opener.enter
    opener.branch >> wf.add(cleaning, seconds=3.0).enter
    attempt.catch >> wf.add(flow.print, value="caught").enter
    result = await cancelled_at(wf, 2)
    assert (result.status, result.printed) == ("cancelled", ["cleaned @5"])
