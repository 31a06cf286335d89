"""Cleanup under cancellation, and how a run ends: 10.2 and 10.3 of the contract."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
import trio
from test_failing_stopping import boom, both, cancelled_at, chain, cleaning, started, tell
from trio.testing import MockClock

import nodeflow as nf
from nodeflow.library import flow, variables
from nodeflow.library import math as numbers
from nodeflow.model import Variable

# --- 10.2 cleanup ---------------------------------------------------------------------------------------


def with_finally(seconds: float, inside: Any = flow.delay) -> nf.Workflow:
    """try: sleep; finally: take `seconds`, then tell. All other paths tell, too."""
    wf, start = started()
    attempt = wf.add(flow.try_)
    start >> attempt.enter
    attempt.body >> wf.add(inside, seconds=1000.0).enter
    chain(attempt["finally"], wf.add(tell, what="begin"), wf.add(flow.delay, seconds=seconds), wf.add(tell, what="end"))
    for output in ("catch", "exit"):
        attempt[output] >> wf.add(tell, what=output).enter
    return wf


@pytest.mark.rule("10.2")
@pytest.mark.parametrize(
    ("seconds", "cleanup_timeout", "lines", "over"),
    [
        (4.0, 5.0, ["begin@1", "end@5"], 5.0),
        (6.0, 5.0, ["begin@1"], 6.0),
        (6.0, 10.0, ["begin@1", "end@7"], 7.0),
        (math.inf, 2.0, ["begin@1"], 3.0),
    ],
)
async def test_a_finally_path_runs_under_cancellation_for_at_most_the_cleanup_timeout(
    seconds: float, cleanup_timeout: float, lines: list[str], over: float, autojump_clock: MockClock
) -> None:
    result = await cancelled_at(with_finally(seconds), 1, cleanup_timeout=cleanup_timeout)
    assert (result.status, result.printed, trio.current_time()) == ("cancelled", lines, over)


@pytest.mark.rule("10.2")
async def test_the_default_cleanup_timeout_is_five_seconds(autojump_clock: MockClock) -> None:
    assert (await cancelled_at(with_finally(1000.0), 1)).counters["seconds"] == 6


@pytest.mark.rule("10.2")
@pytest.mark.parametrize("inside", [flow.delay, cleaning])
async def test_a_cleanup_timeout_of_zero_does_not_shield_at_all(inside: Any, autojump_clock: MockClock) -> None:
    result = await cancelled_at(with_finally(0.5, inside), 1, cleanup_timeout=0)
    assert result.counters["seconds"] == 1
    assert not {"end@1", "end@1.5", "cleaned @1"}.intersection(result.printed)


@pytest.mark.rule("10.2")
async def test_a_bodys_own_cleanup_is_shielded(autojump_clock: MockClock) -> None:
    wf, start = started()
    start >> wf.add(cleaning, seconds=4.0)
    result = await cancelled_at(wf, 1)
    assert (result.printed, result.counters["seconds"]) == (["cleaned @5"], 5)


@pytest.mark.rule("10.2")
async def test_a_bodys_own_cleanup_is_cut_off_by_the_cleanup_timeout(autojump_clock: MockClock) -> None:
    wf, start = started()
    start >> wf.add(cleaning, seconds=100.0)
    result = await cancelled_at(wf, 1, cleanup_timeout=2)
    assert (result.printed, result.counters["seconds"]) == ([], 3)


@pytest.mark.rule("10.2")
async def test_the_cleanup_of_a_body_that_waits_for_what_it_triggered_is_shielded(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.locking")
    async def locking(ctx: nf.NodeContext, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            await body()
        finally:
            await trio.sleep(2)
            ctx.feedback(f"unlocked@{trio.current_time():g}", "print")
        return exit

    wf, start = started()
    outer, inner = wf.add(locking, id="outer"), wf.add(locking, id="inner")
    start >> outer
    outer.body >> inner.enter
    inner.body >> wf.add(flow.delay, seconds=1000.0).enter
    result = await cancelled_at(wf, 1)
    assert result.printed == ["unlocked@3", "unlocked@5"]


@pytest.mark.rule("10.2")
@pytest.mark.xfail(strict=True, reason="BUG: cleans_up looks at the body only, not at what it awaits")
async def test_the_cleanup_of_a_helper_that_the_body_awaits_is_shielded(autojump_clock: MockClock) -> None:
    async def help_out(ctx: nf.NodeContext) -> None:
        try:
            await trio.sleep_forever()
        finally:
            await trio.sleep(1)
            ctx.feedback("helper cleaned", "print")

    @nf.exec_node("t.helped")
    async def helped(ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
        await help_out(ctx)
        return exit

    wf, start = started()
    start >> wf.add(helped)
    assert (await cancelled_at(wf, 1)).printed == ["helper cleaned"]


@pytest.mark.rule("10.2")
async def test_no_other_path_is_triggered_by_cancellation(autojump_clock: MockClock) -> None:
    wf, start = started()
    loop, limit = wf.add(flow.for_, times=3), wf.add(flow.timeout, seconds=500.0)
    start >> loop.enter
    loop.body >> limit.enter
    fan = wf.add(flow.fan_out, branches=["a"])
    limit.body >> fan.enter
    chain(fan["a"], wf.add(flow.delay, seconds=100.0), wf.add(tell, what="a"))
    for port in (fan.joined, limit.expired, limit.exit, loop.exit):
        port >> wf.add(tell, what=port.name).enter
    result = await cancelled_at(wf, 1)
    assert (result.status, result.printed) == ("cancelled", [])


@pytest.mark.rule("10.2")
async def test_finally_paths_run_when_a_timeout_node_cuts_them_off(autojump_clock: MockClock) -> None:
    wf, start = started()
    limit, attempt = wf.add(flow.timeout, seconds=2.0), wf.add(flow.try_)
    start >> limit.enter
    limit.body >> attempt.enter
    attempt.body >> wf.add(flow.delay, seconds=100.0).enter
    chain(attempt["finally"], wf.add(flow.delay, seconds=3.0), wf.add(tell, what="finally"))
    limit.expired >> wf.add(tell, what="expired").enter
    limit.exit >> wf.add(tell, what="exit").enter
    assert (await nf.run(wf)).printed == ["finally@5", "expired@5", "exit@5"]


@pytest.mark.rule("10.2")
async def test_a_whole_cleanup_with_all_it_triggers_ends_in_time(autojump_clock: MockClock) -> None:
    """A `finally` inside of a `finally` does not get another five seconds, or a graph could hang its host."""
    wf, start = started()
    path = start
    for _ in range(5):
        attempt = wf.add(flow.try_)
        path >> attempt.enter
        attempt.body >> wf.add(flow.delay, seconds=1000.0).enter
        path = attempt["finally"]
    path >> wf.add(tell, what="innermost").enter
    result = await cancelled_at(wf, 1)
    assert result.counters["seconds"] == 6


@pytest.mark.rule("10.2")
async def test_a_bodys_own_timeout_is_not_disturbed_by_the_shielding(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.own_timeouts")
    async def own_timeouts(ctx: nf.NodeContext, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            for _ in range(2):
                with trio.move_on_after(2) as scope:
                    await body()
                ctx.feedback(f"triggered {scope.cancelled_caught}@{trio.current_time():g}", "print")
                with ctx.timeout(3) as scope:
                    await trio.sleep_forever()
                ctx.feedback(f"slept {scope.cancelled_caught}@{trio.current_time():g}", "print")
        finally:
            await trio.sleep(1)
            ctx.feedback(f"over@{trio.current_time():g}", "print")
        return exit

    wf, start = started()
    source = wf.add(own_timeouts)
    start >> source
    source.body >> wf.add(flow.delay, seconds=100.0).enter
    lines = ["triggered True@2", "slept True@5", "triggered True@7", "slept True@10", "over@11"]
    assert (await nf.run(wf)).printed == lines


@pytest.mark.rule("10.2")
async def test_a_cleanup_inside_a_bodys_own_cancelled_scope_is_trios_business(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.inside_own")
    async def inside_own(ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
        with trio.move_on_after(2) as scope:
            try:
                await trio.sleep_forever()
            finally:
                with trio.move_on_after(3, shield=True):
                    await trio.sleep_forever()
                await trio.sleep(1)
                ctx.feedback("never", "print")
        ctx.feedback(f"{scope.cancelled_caught}@{trio.current_time():g}", "print")
        await trio.sleep(1)
        ctx.feedback(f"on@{trio.current_time():g}", "print")
        return exit

    wf, start = started()
    start >> wf.add(inside_own)
    assert (await nf.run(wf)).printed == ["True@5", "on@6"]


@pytest.mark.rule("10.2")
async def test_a_run_cancelled_after_a_bodys_own_timeout_still_shields_its_cleanup(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.first_own")
    async def first_own(ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            with trio.move_on_after(2):
                await trio.sleep_forever()
            await trio.sleep_forever()
        finally:
            await trio.sleep(1)
            ctx.feedback(f"cleaned@{trio.current_time():g}", "print")
        return exit

    wf, start = started()
    start >> wf.add(first_own)
    assert (await cancelled_at(wf, 4)).printed == ["cleaned@5"]


@pytest.mark.rule("10.2")
async def test_a_body_that_swallows_a_cancellation_does_not_keep_the_run_alive(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.stubborn")
    async def stubborn(ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
        with contextlib.suppress(BaseException):
            await trio.sleep_forever()
        return exit

    wf, start = started()
    chain(start, wf.add(stubborn), wf.add(flow.delay, seconds=1000.0), wf.add(tell, what="went on"))
    result = await cancelled_at(wf, 1)
    assert result.status == "cancelled"
    assert result.printed == []
    assert result.counters["seconds"] <= 6


@pytest.mark.rule("10.2")
async def test_joins_and_races_wait_for_the_cleanup(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    fan, join = both(wf), wf.add(flow.fan_in, join="any")
    chain(fan["a"], wf.add(cleaning, seconds=3.0, what="loser"), join)
    chain(fan["b"], wf.add(flow.delay, seconds=1.0), join)
    join.exit >> wf.add(tell, what="behind").enter
    assert (await nf.run(wf)).printed == ["cleaned loser@4", "behind@4"]


# --- 10.3 how a run ends --------------------------------------------------------------------------------


@pytest.mark.rule("10.3")
async def test_a_completed_run_returns_its_result() -> None:
    wf = nf.Workflow("main", outputs={"r": "int"}, variables={"v": Variable("int", 1)})
    loop, put, out, add = (
        wf.add(flow.for_, times=3),
        wf.add(variables.set_, name="v"),
        wf.add(flow.set_output),
        wf.add(numbers.add, b=10),
    )
    wf.add(flow.start) >> loop.enter
    chain(loop.body, put, out, wf.add(flow.print, value="x"))
    loop.index >> add.a
    add.result >> put.value
    add.result >> out["r"]
    result = await nf.run(wf)
    assert (result.status, result.completed, result.error) == ("completed", True, None)
    assert (result.outputs, result.variables, result.printed) == ({"r": 12}, {"v": 12}, ["x"] * 3)
    assert result.value("for", "index") == 2
    assert result.value("add") == 12
    with pytest.raises(KeyError):
        result.value("nobody")
    with pytest.raises(KeyError):
        result.value("for", "nothing")
    assert {key: result.counters[key] for key in ("threads", "contexts", "evaluations")} == {
        "threads": 1, "contexts": 1, "evaluations": 3,
    }  # fmt: skip
    assert result.counters["steps"] > 3


@pytest.mark.rule("10.3")
async def test_a_value_that_was_never_written_is_missing_from_the_result() -> None:
    wf, start = started()
    decide, loop = wf.add(flow.if_, condition=False), wf.add(flow.for_, times=1)
    start >> decide.enter
    decide.true >> loop.enter
    result = await nf.run(wf)
    with pytest.raises(nf.MissingInput):
        result.value("for", "index")


def failing() -> nf.Workflow:
    wf, start = started()
    chain(start, wf.add(flow.print, value="x"), wf.add(boom))
    return wf


def sleeping() -> nf.Workflow:
    wf, start = started()
    chain(start, wf.add(flow.print, value="x"), wf.add(flow.delay, seconds=100.0))
    return wf


@pytest.mark.rule("10.3")
async def test_run_raises_with_the_result_whatever_went_wrong(autojump_clock: MockClock) -> None:
    with pytest.raises(nf.RunFailed) as failed:
        await nf.run(failing())
    with pytest.raises(nf.RunTimedOut) as late:
        await nf.run(sleeping(), limits=nf.Limits(deadline=3))
    with pytest.raises(nf.RunCancelled) as cancelled:
        async with nf.open_run(sleeping()) as run:
            await trio.sleep(1)
            run.cancel("no more")
    for caught, status in [(failed, "failed"), (late, "timed_out"), (cancelled, "cancelled")]:
        assert isinstance(caught.value, nf.errors.RunError)
        assert (caught.value.result.status, caught.value.result.printed) == (status, ["x"])
        assert caught.value.result.error is not None
    assert cancelled.value.reason == "no more"
    assert isinstance(failed.value.__cause__, nf.NodeFailed)


@pytest.mark.rule("10.3")
@pytest.mark.parametrize(
    ("document", "limits", "cancel", "status"),
    [
        (failing, None, False, "failed"),
        (sleeping, None, False, "completed"),
        (sleeping, nf.Limits(deadline=3), False, "timed_out"),
        (sleeping, nf.Limits(steps=1), False, "failed"),
        (sleeping, None, True, "cancelled"),
    ],
)
async def test_wait_returns_the_result_however_the_run_ended(
    document: Any, limits: nf.Limits | None, cancel: bool, status: str, autojump_clock: MockClock
) -> None:
    async with nf.open_run(document(), limits=limits) as run:
        await trio.sleep(1)
        if cancel:
            run.cancel()
        result = await run.wait()
        assert run.done
        assert await run.wait() is result
    assert result.status == status
    assert (result.error is None) == (status == "completed")


@pytest.mark.rule("10.3")
async def test_variables_are_seeded() -> None:
    scopes = ("local", "shared", "process")
    declared = {scope: Variable("float", 0.0, scope) for scope in scopes}
    process = {"process": declared.pop("process")}
    wf = nf.Workflow("main", variables=declared)
    wf.add(flow.start) >> wf.add(variables.update, name="shared", op="add", value=1)
    document = nf.Document(wf, variables=process)
    result = await nf.run(document, variables=dict.fromkeys(scopes, 2))
    assert result.variables == {"local": 2.0, "shared": 3.0, "process": 2.0}
    assert {type(value) for value in result.variables.values()} == {float}
    for wrong in ({"nobody": 1}, {"local": "two"}):
        with pytest.raises(nf.SocketTypeError, match=next(iter(wrong))):
            await nf.run(document, variables=wrong)
    assert (await nf.run(document)).variables == {"local": 0.0, "shared": 1.0, "process": 0.0}


@pytest.mark.rule("10.2")
async def test_a_body_with_a_nursery_of_its_own_does_not_keep_its_cancellation(autojump_clock: MockClock) -> None:
    """Behind the shield the nursery cannot see who cancelled it, and takes the cancellation for its own."""

    @nf.exec_node("t.crowd")
    async def crowd(*, exit: nf.ExecOut) -> nf.ExecOut:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 100)
            await trio.sleep(50)
        return exit

    wf = nf.Workflow("main")
    limit, body = wf.add(flow.timeout, seconds=1.0), wf.add(crowd)
    after, expired, end = (wf.add(flow.print, value=word) for word in ("after", "expired", "end"))
    wf.add(flow.start) >> limit.enter
    limit.body >> body.enter
    body.exit >> after.enter
    limit.expired >> expired.enter
    limit.exit >> end.enter
    assert (await nf.run(wf)).printed == ["expired", "end"]
