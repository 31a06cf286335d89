"""The background queue: what is accepted ends exactly once, in order, a few at a time, and nothing outlives the block.

The mock clock makes time exact: a worker is busy for as many seconds as its run sleeps.
"""

from __future__ import annotations

import contextvars
import gc
import math
import weakref
from collections.abc import Sequence
from typing import Any

import pytest
import trio
import trio.testing
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.library import flow
from nodeflow.operate import QueuedRun, QueueStatistics, RunQueue, open_queue

REQUEST: contextvars.ContextVar[str] = contextvars.ContextVar("REQUEST", default="nobody")


class Log:
    """What the nodes of all runs of a test did, in order; they find it as a service."""

    def __init__(self) -> None:
        self.begun: list[Any] = []
        self.ended: list[Any] = []
        self.peak = 0

    @property
    def active(self) -> int:
        return len(self.begun) - len(self.ended)


@nf.exec_node("q.work")
async def work(
    ctx: nf.NodeContext, name: int = 0, seconds: float = 1.0, fail: bool = False, cleanup: float = 0.0
) -> int:
    """Take a while, and fail if asked to; when cancelled, clean up for a while."""
    log = ctx.service(Log)
    log.begun.append(name)
    log.peak = max(log.peak, log.active)
    try:
        await ctx.sleep(seconds)
        if fail:
            raise ValueError(f"run {name} was told to fail")
    finally:
        if cleanup:
            await trio.sleep(cleanup)
        log.ended.append(name)
    return name


@nf.exec_node("q.who")
async def who(ctx: nf.NodeContext) -> str:
    await ctx.sleep(1)
    return REQUEST.get()


@nf.exec_node("q.raise")
async def raise_(ctx: nf.NodeContext) -> None:
    await ctx.sleep(1)
    raise ctx.service(BaseException)


def one_node(node_type: nf.NodeType, **values: str) -> nf.Compiled:
    """Start, then one node, some of whose inputs are those of the workflow."""
    kinds = {"name": ("int", 0), "seconds": ("float", 1.0), "fail": ("bool", False), "cleanup": ("float", 0.0)}
    given = kinds if node_type is work else {}
    wf = nf.Workflow("main", inputs=given, outputs={"r": "any"})
    start, node, out = wf.add(flow.start), wf.add(node_type, id="node"), wf.add(flow.set_output)
    start.exit >> node.enter
    node.exit >> out.enter
    for name in given:
        getattr(wf.inputs, name) >> getattr(node, name)
    if node_type is not raise_:
        node.result >> out.r
    return nf.compile(wf)


WORK, WHO, RAISE = one_node(work), one_node(who), one_node(raise_)


def asked(log: Log, **inputs: Any) -> dict[str, Any]:
    return {"inputs": inputs, "services": [log]}


def statuses(handles: Sequence[QueuedRun]) -> list[str]:
    return [handle.status for handle in handles]


# --- submitting and waiting ---------------------------------------------------------------------------


async def test_a_submitted_run_gives_its_result(autojump_clock: trio.testing.MockClock) -> None:
    async with open_queue(workers=1) as queue:
        handle = await queue.submit(WORK, **asked(Log(), name=7, seconds=3))
        assert (handle.status, handle.result, handle.id) == ("running", None, 1)
        result = await handle.wait()
        assert trio.current_time() == 3
        assert result.status == handle.status == "completed"
        assert result.outputs == {"r": 7}
        assert handle.result is result
        assert await handle.wait() is result
    assert repr(handle) == "<queued run 1: completed>"


async def test_a_document_that_was_not_compiled_will_do(autojump_clock: trio.testing.MockClock) -> None:
    wf = nf.Workflow("main")
    start, shown = wf.add(flow.start), wf.add(flow.print, value="hello")
    start.exit >> shown.enter
    async with open_queue() as queue:
        assert (await (await queue.submit(wf)).wait()).printed == ["hello"]
        assert (await queue.submit_nowait(nf.Document(wf)).wait()).printed == ["hello"]


async def test_what_cannot_begin_is_refused_at_submit(autojump_clock: trio.testing.MockClock) -> None:
    wf = nf.Workflow("main")
    wf.add(flow.gosub, workflow="nowhere")
    async with open_queue(workers=1) as queue:
        with pytest.raises(nf.InvalidDocument, match="nowhere"):
            await queue.submit(wf)
        with pytest.raises(nf.InvalidDocument, match="nowhere"):
            queue.submit_nowait(wf)
        with pytest.raises(nf.SocketTypeError, match="no input 'nonsense'"):
            await queue.submit(WORK, inputs={"nonsense": 1})
        assert queue.statistics().accepted == 0
        assert (await (await queue.submit(WORK, **asked(Log()))).wait()).completed


async def test_inputs_are_those_of_the_moment_of_submission(autojump_clock: trio.testing.MockClock) -> None:
    log, inputs = Log(), {"name": 1, "seconds": 1}
    async with open_queue(workers=1, size=1) as queue:
        await queue.submit(WORK, inputs=inputs, services=[log])
        inputs["name"] = 2
        await queue.submit(WORK, inputs=inputs, services=[log])
        inputs["name"] = 3
    assert log.begun == [1, 2]


async def test_a_run_inherits_the_context_of_who_submitted_it(autojump_clock: trio.testing.MockClock) -> None:
    handles: list[QueuedRun] = []

    async def submit_as(name: str, queue: RunQueue) -> None:
        REQUEST.set(name)
        handles.append(await queue.submit(WHO))

    async with open_queue(workers=1, size=1) as queue:
        async with trio.open_nursery() as nursery:
            for name in ("ada", "grace", "joan"):
                nursery.start_soon(submit_as, name, queue)
                await trio.testing.wait_all_tasks_blocked()
    assert [(await handle.wait()).outputs["r"] for handle in handles] == ["ada", "grace", "joan"]


async def test_a_deadline_counts_from_when_the_run_begins(autojump_clock: trio.testing.MockClock) -> None:
    limits = nf.Limits(deadline=5)
    async with open_queue(workers=1) as queue:
        first = await queue.submit(WORK, limits=limits, **asked(Log(), seconds=4))
        second = await queue.submit(WORK, limits=limits, **asked(Log(), seconds=4))
        third = await queue.submit(WORK, limits=limits, **asked(Log(), seconds=9))
    assert statuses([first, second, third]) == ["completed", "completed", "timed_out"]
    assert trio.current_time() == 13


async def test_a_run_can_be_paused_and_seen_once_it_has_begun(autojump_clock: trio.testing.MockClock) -> None:
    async with open_queue(workers=1) as queue:
        handle = await queue.submit(WORK, paused=True, **asked(Log()))
        later = await queue.submit(WORK, **asked(Log()))
        await trio.testing.wait_all_tasks_blocked()
        assert later.run is None
        assert handle.run is not None
        assert [view.at_gate for view in handle.run.threads()] == [True]
        handle.run.resume()
        assert (await handle.wait()).completed


# --- full, closed -------------------------------------------------------------------------------------


async def test_submit_waits_while_the_queue_is_full_and_is_served_in_turn(
    autojump_clock: trio.testing.MockClock,
) -> None:
    log, accepted = Log(), []

    async def submit(name: int, queue: RunQueue) -> None:
        await queue.submit(WORK, **asked(log, name=name, seconds=10))
        accepted.append((name, trio.current_time()))

    async with open_queue(workers=1, size=2) as queue, trio.open_nursery() as nursery:
        for name in range(6):
            nursery.start_soon(submit, name, queue)
            await trio.testing.wait_all_tasks_blocked()
        assert queue.statistics() == QueueStatistics(
            queued=2, running=1, tasks_waiting_submit=3, accepted=3, ended=0, size=2, workers=1, closed=False
        )
        assert repr(queue) == "<queue of runs: 1 running, 2 queued>"
    assert accepted == [(0, 0), (1, 0), (2, 0), (3, 10), (4, 20), (5, 30)]
    assert log.begun == [0, 1, 2, 3, 4, 5]
    assert repr(queue) == "<queue of runs: 0 running, 0 queued, closed>"


async def test_submit_nowait_refuses_when_full(autojump_clock: trio.testing.MockClock) -> None:
    async with open_queue(workers=2, size=1) as queue:
        for _ in range(3):  # all at once: workers count as idle until they were given a run
            queue.submit_nowait(WORK, **asked(Log()))
        with pytest.raises(nf.QueueFull, match="2 runs go on and 1 are queued"):
            queue.submit_nowait(WORK, **asked(Log()))
        await trio.sleep(1.5)
        queue.submit_nowait(WORK, **asked(Log()))
    assert queue.statistics().ended == 4


async def test_a_queue_of_size_0_accepts_only_what_begins_at_once(autojump_clock: trio.testing.MockClock) -> None:
    async with open_queue(workers=1, size=0) as queue:
        await queue.submit(WORK, **asked(Log(), seconds=2))
        with pytest.raises(nf.QueueFull):
            queue.submit_nowait(WORK, **asked(Log()))
        second = await queue.submit(WORK, **asked(Log()))
        assert (trio.current_time(), second.status) == (2, "running")


async def test_a_submit_that_is_cancelled_while_it_waits_never_was(autojump_clock: trio.testing.MockClock) -> None:
    log = Log()
    async with open_queue(workers=1, size=0) as queue:
        await queue.submit(WORK, **asked(log, name=1, seconds=5))
        with trio.move_on_after(1) as scope:
            await queue.submit(WORK, **asked(log, name=2))
        assert scope.cancelled_caught
        assert queue.statistics().tasks_waiting_submit == 0
        await queue.submit(WORK, **asked(log, name=3))
    assert log.begun == [1, 3]


async def test_submit_is_a_checkpoint_and_accepts_nothing_when_cancelled(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_queue(workers=2) as queue:
        with trio.testing.assert_checkpoints():
            await queue.submit(WHO)
        with trio.CancelScope() as scope:
            scope.cancel()
            await queue.submit(WHO)
        assert scope.cancelled_caught
        assert queue.statistics().accepted == 1


async def test_a_closed_queue_takes_nothing_more(autojump_clock: trio.testing.MockClock) -> None:
    refused = []

    async def submit(queue: RunQueue) -> None:
        try:
            await queue.submit(WORK, **asked(Log()))
        except nf.QueueClosed as error:
            refused.append(str(error))

    async with open_queue(workers=1, size=0) as queue, trio.open_nursery() as nursery:
        first = await queue.submit(WORK, **asked(Log()))
        for _ in range(2):
            nursery.start_soon(submit, queue)
        await trio.testing.wait_all_tasks_blocked()
        queue.close()
        with pytest.raises(nf.QueueClosed):
            queue.submit_nowait(WORK)
        with pytest.raises(nf.QueueClosed):
            await queue.submit(WORK)
        await trio.testing.wait_all_tasks_blocked()
        assert refused == ["the queue was closed while this run waited to be submitted"] * 2
        assert first.status == "running"
    assert first.status == "completed"
    with pytest.raises(nf.QueueClosed):
        queue.submit_nowait(WORK)


# --- failing ------------------------------------------------------------------------------------------


async def test_a_failing_run_does_not_hurt_its_worker(autojump_clock: trio.testing.MockClock) -> None:
    log = Log()
    async with open_queue(workers=1) as queue:
        handles = [await queue.submit(WORK, **asked(log, name=i, fail=i % 2 == 0)) for i in range(4)]
        limited = await queue.submit(WORK, limits=nf.Limits(steps=1), **asked(log, name=4))
        last = await queue.submit(WORK, **asked(log, name=5))
    assert statuses(handles) == ["failed", "completed", "failed", "completed"]
    assert isinstance((await handles[0].wait()).error, nf.NodeFailed)
    assert isinstance((await limited.wait()).error, nf.LimitExceeded)
    assert last.status == "completed"


async def test_an_error_of_nodeflow_itself_is_the_runs_alone(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes out of a run, its worker goes on, and who waits is told."""
    problem = RuntimeError("a broken invariant")

    async def broken(self: object) -> None:
        raise problem

    async with open_queue(workers=1) as queue:
        with monkeypatch.context() as patched:
            patched.setattr(nf.runtime.run.Run, "main", broken)  # type: ignore[attr-defined]
            bad = await queue.submit(WORK, **asked(Log()))
            result = await bad.wait()
        good = await queue.submit(WORK, **asked(Log()))
    assert result.status == bad.status == "failed"
    assert result.error is problem
    assert good.status == "completed"


async def test_what_ends_python_is_not_kept_by_a_worker(autojump_clock: trio.testing.MockClock) -> None:
    log = Log()
    with pytest.raises(SystemExit) as caught:
        async with open_queue(workers=2) as queue:
            fatal = await queue.submit(RAISE, services=[SystemExit(3)])
            other = await queue.submit(WORK, **asked(log, seconds=math.inf))
            queued = await queue.submit(WORK, **asked(log))
            await trio.sleep_forever()
    assert caught.value.code == 3
    assert statuses([fatal, other, queued]) == ["failed", "cancelled", "cancelled"]
    assert log.begun == log.ended == [0]


# --- cancelling ---------------------------------------------------------------------------------------


async def test_a_queued_run_that_is_cancelled_never_begins_and_makes_room(
    autojump_clock: trio.testing.MockClock,
) -> None:
    log = Log()
    async with open_queue(workers=1, size=1) as queue:
        first = await queue.submit(WORK, **asked(log, name=1, seconds=5))
        second = await queue.submit(WORK, **asked(log, name=2))
        assert second.status == "queued"
        second.cancel("nobody wants it")
        assert second.status == "cancelled"
        third = queue.submit_nowait(WORK, **asked(log, name=3))
        result = await second.wait()
        assert trio.current_time() == 0
    assert str(result.error) == "the run was cancelled before it began: nobody wants it"
    assert result.counters["steps"] == 0
    assert statuses([first, second, third]) == ["completed", "cancelled", "completed"]
    assert log.begun == [1, 3]


async def test_cancelling_a_queued_run_lets_who_waits_move_up(autojump_clock: trio.testing.MockClock) -> None:
    log = Log()
    async with open_queue(workers=1, size=1) as queue, trio.open_nursery() as nursery:
        await queue.submit(WORK, **asked(log, name=1, seconds=5))
        queued = await queue.submit(WORK, **asked(log, name=2))
        nursery.start_soon(lambda: queue.submit(WORK, **asked(log, name=3)))
        await trio.testing.wait_all_tasks_blocked()
        queued.cancel()
        assert (queue.statistics().tasks_waiting_submit, queue.statistics().queued) == (0, 1)
    assert log.begun == [1, 3]


async def test_a_running_run_that_is_cancelled_cleans_up_first(autojump_clock: trio.testing.MockClock) -> None:
    log = Log()
    async with open_queue(workers=1) as queue:
        handle = await queue.submit(WORK, **asked(log, seconds=100, cleanup=0.0))
        following = await queue.submit(WORK, **asked(log))
        await trio.sleep(2)
        handle.cancel("too slow")
        assert handle.status == "running"
        result = await handle.wait()
        assert trio.current_time() == 2
        assert log.begun[0] == log.ended[0]
        assert "too slow" in str(result.error)
        handle.cancel("again")
        assert handle.result is result
    assert statuses([handle, following]) == ["cancelled", "completed"]


async def test_a_run_that_is_cancelled_in_the_moment_it_begins_runs_no_node(
    autojump_clock: trio.testing.MockClock,
) -> None:
    log = Log()
    async with open_queue(workers=1) as queue:
        handle = queue.submit_nowait(WORK, **asked(log))
        assert (handle.status, handle.run) == ("running", None)
        handle.cancel("changed my mind")
        result = await handle.wait()
    assert (result.status, log.begun) == ("cancelled", [])
    assert "changed my mind" in str(result.error)


async def test_who_waits_may_be_cancelled_without_the_run(autojump_clock: trio.testing.MockClock) -> None:
    async with open_queue(workers=1) as queue:
        handle = await queue.submit(WORK, **asked(Log(), seconds=5))
        with trio.move_on_after(1) as scope:
            await handle.wait()
        assert scope.cancelled_caught
        assert handle.status == "running"
    assert handle.status == "completed"


# --- the end ------------------------------------------------------------------------------------------


async def test_leaving_the_block_runs_what_is_queued(autojump_clock: trio.testing.MockClock) -> None:
    async with open_queue(workers=2) as queue:
        handles = [await queue.submit(WORK, **asked(Log())) for _ in range(5)]
    assert statuses(handles) == ["completed"] * 5
    assert trio.current_time() == 3


async def test_an_exception_in_the_block_cancels_all_and_comes_out_as_itself(
    autojump_clock: trio.testing.MockClock,
) -> None:
    log, problem = Log(), KeyError("of the host")
    with pytest.raises(KeyError) as caught:
        async with open_queue(workers=2) as queue:
            handles = [await queue.submit(WORK, **asked(log)) for _ in range(5)]
            await trio.testing.wait_all_tasks_blocked()
            raise problem
    assert caught.value is problem
    assert statuses(handles) == ["cancelled"] * 5
    assert len(log.begun) == len(log.ended) == 2
    assert trio.current_time() == 0


async def test_close_with_drain_lets_all_go_on(autojump_clock: trio.testing.MockClock) -> None:
    async with open_queue(workers=1) as queue:
        handles = [await queue.submit(WORK, **asked(Log())) for _ in range(3)]
        await queue.aclose()
        assert trio.current_time() == 3
        assert statuses(handles) == ["completed"] * 3
        with trio.testing.assert_checkpoints():
            await queue.aclose()


async def test_close_without_drain_cancels_all_and_begins_nothing_more(
    autojump_clock: trio.testing.MockClock,
) -> None:
    log = Log()
    async with open_queue(workers=2) as queue:
        handles = [await queue.submit(WORK, **asked(log, name=i)) for i in range(5)]
        await trio.testing.wait_all_tasks_blocked()
        queue.close(drain=False)
        assert statuses(handles) == ["running"] * 2 + ["cancelled"] * 3
        await queue.aclose()
        assert statuses(handles) == ["cancelled"] * 5
    assert sorted(log.begun) == [0, 1]
    assert trio.current_time() == 0
    assert "the queue was closed" in str((await handles[0].wait()).error)


async def test_a_drain_can_be_cut_short(autojump_clock: trio.testing.MockClock) -> None:
    async with open_queue(workers=1) as queue:
        handles = [await queue.submit(WORK, **asked(Log(), seconds=2)) for _ in range(3)]
        with trio.move_on_after(3) as scope:
            await queue.aclose()
        assert scope.cancelled_caught
        assert statuses(handles) == ["completed", "running", "queued"]
        await queue.aclose(drain=False)
    assert statuses(handles) == ["completed", "cancelled", "cancelled"]
    assert trio.current_time() == 3


@pytest.mark.parametrize("where", ["in the block", "while draining", "in submit"])
async def test_the_hosts_cancellation_cancels_all_and_passes_through(
    where: str, autojump_clock: trio.testing.MockClock
) -> None:
    log, seen = Log(), []
    with trio.move_on_after(1.5) as scope:
        try:
            async with open_queue(workers=2, size=4) as queue:
                handles = [await queue.submit(WORK, **asked(log, name=i)) for i in range(6)]
                if where == "in the block":
                    await trio.sleep_forever()
                elif where == "in submit":
                    handles += [await queue.submit(WORK, **asked(log, name=i)) for i in range(6, 9)]
        except BaseException as error:
            seen.append(type(error))
            raise
    assert scope.cancelled_caught
    assert seen == [trio.Cancelled]
    assert statuses(handles[:2]) == ["completed"] * 2
    assert set(statuses(handles[2:])) == {"cancelled"}
    assert all("before it began" in str(handle.result and handle.result.error) for handle in handles[4:])
    assert sorted(log.begun) == sorted(log.ended) == [0, 1, 2, 3], "none begins because others were cancelled"
    assert trio.current_time() == 1.5
    for handle in handles:
        assert (await handle.wait()).status == handle.status


async def test_cleanup_is_waited_for_when_the_host_cancels(autojump_clock: trio.testing.MockClock) -> None:
    @nf.exec_node("q.shielded")
    async def shielded(ctx: nf.NodeContext) -> str:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(2)
        return "never"

    compiled = one_node(shielded)
    with trio.move_on_after(1):
        async with open_queue() as queue:
            handle = await queue.submit(compiled)
    assert trio.current_time() == 3
    assert handle.status == "cancelled"


async def test_a_run_may_submit_another_one(autojump_clock: trio.testing.MockClock) -> None:
    @nf.exec_node("q.again")
    async def again(ctx: nf.NodeContext) -> str:
        ctx.service(list).append(await ctx.service(RunQueue).submit(WHO))
        return "submitted"

    made: list[QueuedRun] = []
    async with open_queue(workers=1) as queue:
        outer = await queue.submit(one_node(again), services=[queue, made])
        await outer.wait()
    assert statuses([outer, *made]) == ["completed", "completed"]


async def test_a_run_that_has_ended_is_let_go(autojump_clock: trio.testing.MockClock) -> None:
    """Neither does the queue keep handles, nor a handle the machinery of its run."""
    async with open_queue(workers=1) as queue:
        handle = await queue.submit(WORK, **asked(Log()))
        await trio.testing.wait_all_tasks_blocked()
        assert handle.run is not None
        kept = [weakref.ref(handle.run), weakref.ref(handle.run._run), weakref.ref(handle)]
        await handle.wait()
        await trio.testing.wait_all_tasks_blocked()
        gc.collect()
        assert [ref() is None for ref in kept] == [True, True, False]
        del handle
        gc.collect()
        assert kept[2]() is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"workers": 0}, "`workers`"),
        ({"workers": True}, "`workers`"),
        ({"workers": 1.5}, "`workers`"),
        ({"size": -1}, "`size`"),
        ({"size": 2.5}, "`size`"),
    ],
)
def test_a_bad_size_is_refused_at_once(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        open_queue(**wrong)


async def test_a_queue_without_bound(autojump_clock: trio.testing.MockClock) -> None:
    async with open_queue(workers=1, size=math.inf) as queue:
        handles = [queue.submit_nowait(WHO) for _ in range(300)]
    assert set(statuses(handles)) == {"completed"}


# --- any order of submits, cancels and closes ----------------------------------------------------------


@frozen
class Act:
    """One thing a host does: `seconds` is how long a run takes or the host waits, `which` the run it cancels."""

    kind: str
    seconds: int = 0
    fail: bool = False
    which: int = 0


ACTS = st.one_of(
    st.builds(Act, st.sampled_from(["submit", "submit", "nowait"]), st.integers(0, 4), st.booleans()),
    st.builds(Act, st.just("cancel"), which=st.integers(0, 9)),
    st.builds(Act, st.just("sleep"), seconds=st.integers(0, 3)),
)
ENDS = st.sampled_from(["leave", "close", "aclose", "close now", "aclose now", "raise", "host cancels"])


class Host:
    """Does what was drawn, and checks after every step what must hold at every moment."""

    def __init__(self, workers: int, size: int) -> None:
        self.workers, self.size = workers, size
        self.log = Log()
        self.handles: list[QueuedRun] = []
        self.ends: list[tuple[int, nf.RunResult]] = []
        self.names = 0

    def check(self, queue: RunQueue) -> None:
        now = statuses(self.handles)
        seen = queue.statistics()
        assert (now.count("running"), now.count("queued")) == (seen.running, seen.queued)
        assert seen.running <= self.workers
        assert seen.queued <= self.size
        assert self.log.active <= seen.running
        assert seen.accepted == len(self.handles) == seen.ended + seen.running + seen.queued
        if seen.queued:
            assert seen.running == self.workers, "a run is queued while a worker is idle"
            oldest = now.index("queued")
            begun = {"running", "completed", "failed"}
            assert not begun.intersection(now[oldest:]), "a run began before one that was accepted earlier"
        for handle, status in zip(self.handles, now, strict=True):
            assert (handle.result is None) == (status in ("queued", "running"))

    async def act(self, queue: RunQueue, act: Act, waiters: trio.Nursery) -> None:
        if act.kind == "sleep":
            await trio.sleep(act.seconds)
        elif act.kind == "cancel":
            if self.handles:
                self.handles[act.which % len(self.handles)].cancel("drawn")
        else:
            options = asked(self.log, name=self.names, seconds=act.seconds, fail=act.fail)
            self.names += 1
            full = statuses(self.handles).count("queued") == self.size
            full = full and statuses(self.handles).count("running") == self.workers
            if act.kind == "submit":
                handle = await queue.submit(WORK, **options)
            elif full:
                with pytest.raises(nf.QueueFull):
                    queue.submit_nowait(WORK, **options)
                return
            else:
                handle = queue.submit_nowait(WORK, **options)
            self.handles.append(handle)
            waiters.start_soon(self.await_end, handle)

    async def await_end(self, handle: QueuedRun) -> None:
        self.ends.append((handle.id, await handle.wait()))

    async def block(self, queue: RunQueue, acts: list[Act], end: str, waiters: trio.Nursery) -> None:
        for act in acts:
            await self.act(queue, act, waiters)
            self.check(queue)
        if end in ("close", "close now"):
            queue.close(drain=end == "close")
        elif end in ("aclose", "aclose now"):
            await queue.aclose(drain=end == "aclose")
            assert "running" not in statuses(self.handles)
        elif end == "raise":
            raise KeyError("drawn")
        elif end == "host cancels":
            await trio.sleep_forever()
        self.check(queue)

    async def main(self, acts: list[Act], end: str, patience: int) -> None:
        async with trio.open_nursery() as waiters:
            with trio.CancelScope() as scope:
                if end == "host cancels":
                    scope.deadline = trio.current_time() + patience
                try:
                    async with open_queue(workers=self.workers, size=self.size) as queue:
                        await self.block(queue, acts, end, waiters)
                except KeyError:
                    assert end == "raise"
            assert scope.cancelled_caught == (end == "host cancels")
            self.check(queue)
            assert queue.statistics().running == queue.statistics().queued == 0
            with pytest.raises(nf.QueueClosed):
                queue.submit_nowait(WORK)


@given(st.integers(1, 3), st.integers(0, 3), st.lists(ACTS, max_size=20), ENDS, st.integers(0, 12))
@settings(max_examples=150, deadline=None)
def test_every_run_ends_exactly_once_in_any_order_of_things(
    workers: int, size: int, acts: list[Act], end: str, patience: int
) -> None:
    host = Host(workers, size)
    trio.run(host.main, acts, end, patience, clock=trio.testing.MockClock(autojump_threshold=0))
    assert sorted(id for id, _ in host.ends) == [handle.id for handle in host.handles]
    assert all(result is host.handles[id - 1].result for id, result in host.ends)
    assert [handle.id for handle in host.handles] == list(range(1, len(host.handles) + 1))
    assert sorted(host.log.begun) == sorted(host.log.ended)
    assert len(set(host.log.begun)) == len(host.log.begun)
    assert host.log.peak <= workers
    if workers == 1:
        assert host.log.begun == sorted(host.log.begun)
    if end in ("leave", "close", "aclose") and not any(act.kind == "cancel" for act in acts):
        assert len(host.log.begun) == len(host.handles)
        assert {handle.status for handle in host.handles} <= {"completed", "failed"}
