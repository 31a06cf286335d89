"""What the adapter relies on in trio and in Python, pinned: if one of these fails, read `runtime/driver.py` first."""

from __future__ import annotations

import collections.abc
import gc
import inspect
import random
import signal
import sys
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import nodeflow as nf
from nodeflow.library import flow
from nodeflow.runtime.driver import Driver


def chain(first: Any, *others: Any) -> None:
    for other in others:
        first >> other
        first = other


@nf.exec_node("t.nested")
async def nested(ctx: nf.NodeContext, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    """Says when its cleanup runs."""
    try:
        await body()
    finally:
        ctx.service(list).append(ctx.node_id)
    return exit


# --- what trio takes ------------------------------------------------------------------------------------


class Duck(collections.abc.Coroutine[Any, Any, str]):
    """The least that a coroutine needs: what `Driver` is to trio."""

    cr_frame = sys._getframe()
    cr_await = None
    cr_running = False

    def __init__(self) -> None:
        self.inner = self._inner()
        self.sent: list[Any] = []

    async def _inner(self) -> str:
        await trio.sleep(1)
        return "done"

    def __await__(self) -> Any:
        raise AssertionError("trio does not await it")

    def send(self, value: Any) -> Any:
        self.sent.append(value)
        return self.inner.send(value)

    def throw(self, *args: Any) -> Any:
        return self.inner.throw(*args)

    def close(self) -> None:
        self.inner.close()


async def test_trio_takes_a_duck_typed_coroutine(autojump_clock: MockClock) -> None:
    duck = Duck()
    seen: list[Any] = []

    def start() -> Any:
        return duck

    async with trio.open_nursery() as nursery:
        nursery.start_soon(start, name="duck")
        await trio.sleep(0.5)
        (task,) = nursery.child_tasks
        assert task.coro is duck  # type: ignore[comparison-overlap]
        seen.extend(task.iter_await_frames())
    assert trio.current_time() == 1
    assert seen
    assert inspect.getcoroutinestate(duck.inner) == "CORO_CLOSED"


async def test_trio_resumes_a_task_by_sending_and_never_by_throwing(autojump_clock: MockClock) -> None:
    """A cancellation, too, comes in through `send`, as an outcome: the driver must look for it there."""

    class NeverThrow(Duck):
        def throw(self, *args: Any) -> Any:
            raise AssertionError("trio threw")

    duck = NeverThrow()
    with trio.move_on_after(0.5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: duck)  # type: ignore[arg-type,return-value]
    outcomes = [value for value in duck.sent if value is not None]
    assert isinstance(outcomes[-1].error, trio.Cancelled)


def test_a_driver_is_what_trio_and_stack_walkers_take_for_a_coroutine() -> None:
    assert issubclass(Driver, collections.abc.Coroutine)
    for name in ("send", "throw", "close", "cr_frame", "cr_await", "cr_running"):
        assert hasattr(Driver, name)


async def test_the_frames_of_a_flow_threads_bodies_are_seen_from_outside(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    chain(wf.add(flow.start), outer := wf.add(nested))
    outer.body >> wf.add(flow.delay, seconds=10.0).enter
    async with nf.open_run(wf, services=[[]]) as run:
        await trio.sleep(1)
        drivers = [task for task in all_tasks() if isinstance(task.coro, Driver)]
        (task,) = drivers
        names = [frame.f_code.co_name for frame, _ in task.iter_await_frames()]
        assert "delay" in names
        assert "sleep" in names
        assert task.name.startswith("flow thread")
        run.cancel()
        await run.wait()


def all_tasks() -> list[trio.lowlevel.Task]:
    todo, found = [trio.lowlevel.current_root_task()], []
    while todo:
        task = todo.pop()
        assert task is not None
        found.append(task)
        for nursery in task.child_nurseries:
            todo.extend(nursery.child_tasks)
    return found


def test_the_hook_that_lets_tests_draw_the_schedule_exists() -> None:
    """Trio turns each batch of runnable tasks over with `_r`; under pytest-trio it shuffles it with `_r`."""
    assert isinstance(trio._core._run._r, random.Random)  # type: ignore[attr-defined]
    assert trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING in (True, False)  # type: ignore[attr-defined]


class Drawn(random.Random):
    """Turns every batch over, or none."""

    def __init__(self, turn: bool) -> None:
        super().__init__(0)
        self.turn = turn

    def random(self) -> float:
        return 0.0 if self.turn else 0.9

    def shuffle(self, x: Any) -> None:
        if self.turn:
            x.reverse()


@pytest.mark.parametrize("deterministic", [True, False])
def test_the_hook_decides_the_order_of_a_batch(deterministic: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> list[int]:
        order: list[int] = []

        async def note(i: int) -> None:
            order.append(i)

        async with trio.open_nursery() as nursery:
            for i in range(3):
                nursery.start_soon(note, i)
        return order

    monkeypatch.setattr(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING", deterministic)  # type: ignore[attr-defined]
    orders = []
    for turn in (True, False):
        monkeypatch.setattr(trio._core._run, "_r", Drawn(turn))  # type: ignore[attr-defined]
        orders.append(trio.run(main))
    assert sorted(orders) == [[0, 1, 2], [2, 1, 0]]


# --- Ctrl-C ---------------------------------------------------------------------------------------------


def interrupted(asynchronous: bool) -> tuple[nf.Workflow, list[str]]:
    """A graph in whose third loop a body is interrupted, below bodies that clean up."""

    @nf.exec_node("t.interrupt")
    def interrupt(index: int = 0) -> None:
        if index == 2:
            signal.raise_signal(signal.SIGINT)

    @nf.exec_node("t.interrupt_async")
    async def interrupt_async(index: int = 0, *, exit: nf.ExecOut) -> nf.ExecOut:
        if index == 2:
            signal.raise_signal(signal.SIGINT)
        return exit

    cleaned: list[str] = []
    wf = nf.Workflow("main")
    outer, loop, attempt = wf.add(nested, id="outer"), wf.add(flow.for_, times=5), wf.add(flow.try_)
    node = wf.add(interrupt_async if asynchronous else interrupt)
    chain(wf.add(flow.start), outer)
    chain(outer.body, attempt)
    attempt.body >> loop.enter
    loop.body >> node.enter
    loop.index >> node.index
    attempt.catch >> wf.add(nested, id="catch").enter
    wf.add(flow.start, id="second") >> wf.add(nested, id="beside").enter
    return wf, cleaned


@pytest.mark.parametrize("asynchronous", [True, False])
@pytest.mark.parametrize("watched", [True, False])
def test_a_keyboard_interrupt_in_a_body_ends_the_run_cleanly_and_reaches_the_host(
    asynchronous: bool, watched: bool
) -> None:
    wf, cleaned = interrupted(asynchronous)
    seen: list[Any] = []
    with pytest.raises(KeyboardInterrupt):
        nf.run_sync(wf, services=[cleaned], observers=[seen.append] if watched else [])
    assert "outer" in cleaned
    assert "catch" not in cleaned
    if watched:
        assert isinstance(seen[-1], nf.observers.RunEnded)
        opened = sum(isinstance(e, nf.observers.ThreadStarted) for e in seen)
        assert opened == sum(isinstance(e, nf.observers.ThreadEnded) for e in seen)


def test_a_keyboard_interrupt_leaves_a_machine_without_live_threads() -> None:
    wf, cleaned = interrupted(True)
    runs: list[Any] = []

    async def main() -> None:
        async with nf.open_run(wf, services=[cleaned]) as run:
            runs.append(run._run)
            await run.wait()

    with pytest.raises(KeyboardInterrupt):
        trio.run(main)
    (run,) = runs
    assert (run.machine.live, run.machine.root.children, run.nurseries) == (0, {}, {})
    assert run.result is not None


def test_a_keyboard_interrupt_while_the_run_sleeps_ends_it() -> None:
    wf = nf.Workflow("main")
    chain(wf.add(flow.start), outer := wf.add(nested))
    outer.body >> wf.add(flow.delay, seconds=1000.0).enter
    cleaned: list[str] = []

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: nf.run(wf, services=[cleaned]))
            await trio.testing.wait_all_tasks_blocked()
            signal.raise_signal(signal.SIGINT)
            await trio.lowlevel.checkpoint()

    with pytest.raises(BaseExceptionGroup) as caught:
        trio.run(main)
    assert caught.value.subgroup(KeyboardInterrupt) is not None
    assert cleaned == ["nested"]


def test_an_exit_raised_in_a_body_reaches_the_host() -> None:
    @nf.exec_node("t.leave")
    def leave() -> None:
        raise SystemExit(3)

    wf = nf.Workflow("main")
    attempt = wf.add(flow.try_)
    wf.add(flow.start) >> attempt.enter
    attempt.body >> wf.add(leave).enter
    with pytest.raises(SystemExit) as caught:
        nf.run_sync(wf)
    assert caught.value.code == 3


# --- a driver that is dropped ---------------------------------------------------------------------------


class Yields:
    """A trap that nobody knows: yields itself once."""

    def __await__(self) -> Any:
        return (yield self)


def suspended(count: int, closing: list[str]) -> Driver:
    """A driver, driven by hand, with so many bodies waiting for each other."""

    @nf.exec_node("t.stuck")
    async def stuck(ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            await Yields()
        finally:
            closing.append("stuck")
        return exit

    @nf.exec_node("t.layer")
    async def layer(ctx: nf.NodeContext, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            await body()
        finally:
            closing.append(ctx.node_id)
            if ctx.node_id == "layer_2":
                raise ValueError("close")
        return exit

    wf = nf.Workflow("main")
    path = wf.add(flow.start).exit
    for _ in range(count):
        node = wf.add(layer)
        path >> node.enter
        path = node.body
    path >> wf.add(stuck).enter
    run = nf.compile(wf).open_run()._run
    machine = run.machine
    machine.started()
    plan = machine.graph.workflows["main"]
    context = machine.open(nf.machine.ContextKind.WORKFLOW, None, "main", workflow=plan)
    assert context is not None
    machine.opened(context)
    machine.enter_workflow(context, plan, {})
    machine.wishes.clear()
    (driver,) = context.threads.values()
    assert isinstance(driver, Driver)
    assert isinstance(driver.send(None), Yields)
    return driver


@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_driver_that_is_closed_or_dropped_closes_its_bodies_top_to_bottom(how: str) -> None:
    """Whatever one of them does: here one fails while it is closed."""
    closing: list[str] = []

    async def main() -> None:
        driver = suspended(4, closing)
        run = driver.run
        if how == "close":
            driver.close()
        else:
            driver.context.threads.clear()
            del driver
            run.machine.wishes.clear()
            gc.collect()
        assert [type(error) for error in run.lost_errors] == [ValueError]

    trio.run(main)
    assert closing == ["stuck", "layer_4", "layer_3", "layer_2", "layer"]


def test_closing_twice_closes_once() -> None:
    closing: list[str] = []

    async def main() -> None:
        driver = suspended(1, closing)
        driver.close()
        driver.close()

    trio.run(main)
    assert closing == ["stuck", "layer"]


def test_a_driver_is_not_awaited() -> None:
    async def main() -> None:
        driver = suspended(0, [])
        with pytest.raises(TypeError, match="nursery"):
            driver.__await__()
        driver.close()

    trio.run(main)


# --- traps ----------------------------------------------------------------------------------------------


async def test_tracebacks_do_not_grow_with_the_depth_of_contexts() -> None:
    """Trap 4: what is thrown on is cut; the cause keeps the failing body's own."""
    wf = nf.Workflow("main", inputs={"n": "int"})
    decide, call = wf.add(flow.if_), wf.add(flow.gosub, workflow="main")
    less, minus = wf.add(more), wf.add(minus_one)
    wf.add(flow.start) >> decide.enter
    wf.inputs.n >> less.n
    wf.inputs.n >> minus.n
    less.result >> decide.condition
    minus.result >> call["n"]
    decide.true >> call.enter
    decide.false >> wf.add(flow.fail).enter
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf, inputs={"n": 200})
    failure = caught.value.__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert length(failure) < 20
    assert failure.__cause__ is not None
    assert 0 < length(failure.__cause__) < 20
    assert failure.__context__ is None or failure.__context__ is failure.__cause__


@nf.data_node("t.more")
def more(n: int = 0) -> bool:
    return n > 0


@nf.data_node("t.minus_one")
def minus_one(n: int = 0) -> int:
    return n - 1


def length(error: BaseException) -> int:
    count, trace = 0, error.__traceback__
    while trace is not None:
        count, trace = count + 1, trace.tb_next
    return count


async def test_a_sync_body_that_raises_stop_iteration_does_not_end_its_driver() -> None:
    """Trap 8."""

    @nf.exec_node("t.stop")
    def stop() -> None:
        next(iter(()))

    wf = nf.Workflow("main")
    attempt, say = wf.add(flow.try_), wf.add(flow.print)
    wf.add(flow.start) >> attempt.enter
    attempt.body >> wf.add(stop).enter
    attempt.catch >> say.enter
    attempt.error >> say.value
    (line,) = (await nf.run(wf)).printed
    assert "StopIteration" in line


async def test_a_plain_body_that_returns_a_coroutine_is_an_error() -> None:
    """Trap 8: it would silently never run. The coroutine is closed, so nothing warns."""

    async def work() -> None:
        raise AssertionError("never runs")

    @nf.exec_node("t.sneaky")
    def sneaky() -> None:
        return work()  # type: ignore[return-value]

    wf = nf.Workflow("main")
    wf.add(flow.start) >> wf.add(sneaky)
    with pytest.raises(nf.RunFailed, match="async def"):
        await nf.run(wf)


async def test_a_body_cancelled_before_it_began_was_never_made(autojump_clock: MockClock) -> None:
    """Trap 6: or Python warns of a coroutine that was never awaited, which is an error here."""
    wf = nf.Workflow("main")
    loop = wf.add(flow.while_, condition=True)
    wf.add(flow.start) >> loop.enter
    loop.body >> wf.add(nested).enter
    for ticks in range(1, 30):
        async with nf.open_run(wf, services=[[]]) as run:
            for _ in range(ticks):
                await trio.lowlevel.checkpoint()
            run.cancel()
            await run.wait()
    gc.collect()
