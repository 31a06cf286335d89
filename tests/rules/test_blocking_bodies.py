"""Semantics 2.5: plain bodies, and bodies that block and run in a worker thread."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import trio
from probes import Counted, Log, call, cause, failure, note, outcome, put, run, started

import nodeflow as nf
from nodeflow.library import flow, math
from nodeflow.runtime.events import NodeStarted, OutputSet


@nf.exec_node("t.where")
def where() -> str:
    return threading.current_thread().name


@nf.exec_node("t.where_blocking", blocking=True)
def where_blocking() -> str:
    return threading.current_thread().name


@pytest.mark.rule("2.5")
@pytest.mark.parametrize("watched", [True, False])
async def test_only_a_blocking_body_runs_in_another_os_thread(watched: bool) -> None:
    wf, start = started()
    plain, blocking = wf.add(where), wf.add(where_blocking)
    first, second = wf.add(note), wf.add(note)
    start >> plain >> blocking >> first >> second
    plain.result >> first.value
    blocking.result >> second.value
    here, elsewhere = (await run(wf, observers=[Counted()] if watched else [])).seen
    assert here == threading.current_thread().name
    assert elsewhere != here


@pytest.mark.rule("2.5")
async def test_the_loop_goes_on_while_a_body_blocks() -> None:
    """The body waits for what only another flow thread can give it."""
    given = threading.Event()

    @nf.exec_node("t.taking", blocking=True)
    def taking() -> bool:
        return given.wait(timeout=30)

    @nf.exec_node("t.giving")
    def giving() -> None:
        given.set()

    wf, start = started()
    fork, take, seen = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(taking), wf.add(note)
    start >> fork
    fork["a"] >> take.enter
    take.exit >> seen.enter
    take.result >> seen.value
    fork["b"] >> wf.add(giving).enter
    assert (await run(wf)).seen == [True]


@pytest.mark.rule("2.5")
async def test_it_gets_its_inputs_and_chooses_an_exec_output() -> None:
    @nf.exec_node("t.choosing", blocking=True)
    def choosing(number: int, factor: nf.Option[int] = 2, *, odd: nf.ExecOut, even: nf.ExecOut) -> nf.ExecOut:
        return odd if number * factor % 2 else even

    for factor, expected in ((3, "odd"), (2, "even")):
        wf, start = started()
        add, node = wf.add(math.add, a=3, b=4), wf.add(choosing, factor=factor)
        add.result >> node.number
        start >> node
        node.odd >> wf.add(note, value="odd").enter
        node.even >> wf.add(note, value="even").enter
        assert (await run(wf)).seen == [expected]


def emitting_workflow(fails: bool, wait: threading.Event, seen: list[Any]) -> nf.Workflow:
    """One branch sets an output in a worker thread and waits; the test looks on."""

    @nf.exec_node("t.setting", blocking=True)
    def setting(*, early: nf.Out[str] = nf.initially("nothing"), exit: nf.ExecOut) -> nf.ExecOut:
        early.set("something")
        trio.from_thread.run_sync(seen.append, "set")
        wait.wait(30)
        if fails:
            raise ValueError("too bad")
        return exit

    wf, start = started()
    trying, node, after = wf.add(flow.try_), wf.add(setting), wf.add(note)
    start >> trying
    trying.body >> node.enter
    trying.exit >> after.enter
    node.early >> after.value
    return wf


@pytest.mark.rule("2.5")
async def test_outputs_are_seen_when_it_returns() -> None:
    wait, said = threading.Event(), []
    watch, log = Counted(), Log()
    async with nf.open_run(emitting_workflow(False, wait, said), services=[log], observers=[watch]) as handle:
        while not said:
            await trio.lowlevel.checkpoint()
        assert watch.of(OutputSet, node="setting") == []
        wait.set()
        await handle.wait()
    assert [event.value for event in watch.of(OutputSet, node="setting")] == ["something"]
    assert log.seen == ["something"]


@pytest.mark.rule("2.5")
async def test_outputs_of_a_blocking_body_that_fails_are_not_seen() -> None:
    wait = threading.Event()
    wait.set()
    assert (await run(emitting_workflow(True, wait, []))).seen == ["nothing"]


@pytest.mark.rule("2.5", "3.6")
async def test_what_a_blocking_body_sets_must_fit() -> None:
    @nf.exec_node("t.misfit", blocking=True)
    def misfit(*, number: nf.Out[int], exit: nf.ExecOut) -> nf.ExecOut:
        number.set("seven")  # type: ignore[arg-type]
        return exit

    wf, start = started()
    start >> wf.add(misfit)
    error = await cause(wf)
    assert isinstance(error, nf.SocketTypeError)
    assert "'misfit'" in str(error)
    assert "'number'" in str(error)


@pytest.mark.rule("2.5")
@pytest.mark.parametrize(
    ("blocking", "loop"),
    [(True, True), (True, False), (False, False)],
)
async def test_to_trigger_raises(blocking: bool, loop: bool) -> None:
    """A call of the handle, as one would write it in a waiting body, and one handed over to the loop."""

    @nf.exec_node("t.hasty", blocking=blocking)
    def hasty(*, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        if loop:
            trio.from_thread.run(body)
        else:
            coroutine = body()
            coroutine.close()  # so that the test, and not the interpreter, complains
        return exit

    wf, start = started()
    node = wf.add(hasty)
    start >> node
    node.body >> wf.add(note, value="triggered").enter
    node.exit >> wf.add(note, value="exit").enter
    result, log = await outcome(wf)
    assert log.seen == []
    assert isinstance(result.error, nf.NodeFailed)
    assert isinstance(result.error.__cause__, nf.WrongCall)
    assert "async def" in str(result.error.__cause__)


@pytest.mark.rule("2.5")
@pytest.mark.parametrize("annotation", [nf.Lazy[int], nf.Stream[int]])
def test_handles_that_must_be_awaited_are_refused_when_declared(annotation: Any) -> None:
    def body(*, given: Any) -> None: ...

    body.__annotations__["given"] = annotation
    with pytest.raises(nf.DeclarationError, match="given must be awaited"):
        nf.exec_node("t.bad", blocking=True)(body)


@pytest.mark.rule("2.5")
@pytest.mark.parametrize("what", ["open_scope", "gosub", "trigger_event"])
async def test_to_open_or_call_raises(what: str) -> None:
    @nf.exec_node("t.reaching", blocking=True)
    def reaching(ctx: nf.NodeContext, *, body: nf.Branch) -> None:
        async def reach() -> None:
            if what == "open_scope":
                async with ctx.open_scope():
                    pass
            elif what == "gosub":
                await ctx.gosub("main", {})
            else:
                await ctx.trigger_event("ping")

        trio.from_thread.run(reach)

    wf, start = started(events={"ping": "any"})
    start >> wf.add(reaching)
    assert isinstance(await cause(wf), nf.WrongCall)


# --- cancellation ------------------------------------------------------------------------------------------


class Worker:
    """A blocking body that says when it began, waits until it is let go, and says when it ended."""

    def __init__(self, **options: Any) -> None:
        self.began = trio.Event()
        self.release = threading.Event()
        self.finished = threading.Event()

        @nf.exec_node("t.working", blocking=True, **options)
        def working() -> str:
            trio.from_thread.run_sync(self.began.set) if not options else self._begin()
            self.release.wait(30)
            self.finished.set()
            return "done"

        self.token = trio.lowlevel.current_trio_token()
        self.type = working

    def _begin(self) -> None:
        self.token.run_sync_soon(self.began.set)

    def workflow(self) -> nf.Workflow:
        wf, start = started(outputs={"result": "any"})
        node, seen = wf.add(self.type), wf.add(note)
        start >> node >> seen
        node.result >> seen.value
        return wf


@pytest.mark.rule("2.5")
async def test_cancellation_waits_for_the_thread_and_drops_its_result() -> None:
    worker, log, watch = Worker(), Log(), Counted()
    async with nf.open_run(worker.workflow(), services=[log], observers=[watch]) as handle:
        await worker.began.wait()
        handle.cancel("enough")
        for _ in range(10):
            await trio.lowlevel.checkpoint()
        assert not handle.done
        worker.release.set()
        result = await handle.wait()
    assert worker.finished.is_set()
    assert result.status == "cancelled"
    assert result.abandoned == []
    assert log.seen == []
    assert watch.of(OutputSet) == []
    assert watch.outcomes("working") == ["cancelled"]
    watch.assert_balanced()


@pytest.mark.rule("2.5")
async def test_a_type_that_says_so_is_not_waited_for() -> None:
    worker, log, watch = Worker(abandon_on_cancel=True), Log(), Counted()
    try:
        async with nf.open_run(worker.workflow(), services=[log], observers=[watch]) as handle:
            await worker.began.wait()
            handle.cancel("enough")
            result = await handle.wait()
        assert not worker.finished.is_set()
        assert result.status == "cancelled"
        assert result.abandoned == ["working"]
        watch.assert_balanced()
    finally:
        worker.release.set()
        await trio.to_thread.run_sync(worker.finished.wait, 30)


@pytest.mark.rule("2.5")
async def test_only_a_thread_that_was_left_behind_is_listed() -> None:
    worker = Worker(abandon_on_cancel=True)
    worker.release.set()
    result, log = await outcome(worker.workflow())
    assert result.abandoned == []
    assert log.seen == ["done"]


@pytest.mark.rule("2.5")
async def test_cancellation_is_noticed_before_the_thread_starts() -> None:
    ran = []

    @nf.exec_node("t.never", blocking=True)
    def never() -> None:
        ran.append(1)

    @nf.exec_node("t.closing")
    async def closing(*, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        with trio.CancelScope() as scope:
            scope.cancel()
            await body()
        return exit

    wf, start = started()
    node = wf.add(closing)
    start >> node
    node.body >> wf.add(never).enter
    node.exit >> wf.add(note, value="on").enter
    assert (await run(wf)).seen == ["on"]
    assert ran == []


@pytest.mark.rule("2.5")
async def test_a_timeout_around_it_drops_the_result_once_it_has_ended() -> None:
    worker = Worker()

    @nf.exec_node("t.cutting")
    async def cutting(*, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        async with trio.open_nursery() as nursery:

            async def cut() -> None:
                await worker.began.wait()
                nursery.cancel_scope.cancel()
                worker.release.set()

            nursery.start_soon(cut)
            await body()
        assert worker.finished.is_set()
        return exit

    wf, start = started()
    node, seen, after = wf.add(cutting), wf.add(note, value="behind the thread"), wf.add(note, value="after")
    start >> node
    working = wf.add(worker.type)
    node.body >> working.enter
    working.exit >> seen.enter
    node.exit >> after.enter
    assert (await run(wf)).seen == ["after"]


# --- plain bodies ------------------------------------------------------------------------------------------


@pytest.mark.rule("2.5")
@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize("exec_out", [True, False])
async def test_a_plain_body_runs_without_a_coroutine(watched: bool, exec_out: bool) -> None:
    """It runs inside the driver's own step: no checkpoint lies between two of them."""
    ticks: list[int] = []

    @nf.exec_node("t.plain")
    def plain() -> None:
        ticks.append(len(rounds))

    @nf.exec_node("t.plain_out")
    def plain_out(*, exit: nf.ExecOut) -> nf.ExecOut:
        ticks.append(len(rounds))
        return exit

    wf, at = started()
    for number in range(20):
        node = wf.add(plain_out if exec_out else plain, id=f"n{number}")
        at.exit >> node.enter
        at = node
    rounds: list[int] = []

    async def count_rounds() -> None:
        while True:
            rounds.append(1)
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count_rounds)
        await run(wf, observers=[Counted()] if watched else [])
        nursery.cancel_scope.cancel()
    assert len(ticks) == 20
    assert len(set(ticks)) == 1


@pytest.mark.rule("2.5")
@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize("blocking", [True, False])
async def test_a_plain_body_that_returns_a_coroutine_is_told(watched: bool, blocking: bool) -> None:
    async def inner() -> int:
        return 1

    @nf.exec_node("t.forgot", blocking=blocking)
    def forgot() -> Any:
        return inner()

    wf, start = started()
    start >> wf.add(forgot) >> wf.add(note)
    error = await cause(wf, observers=[Counted()] if watched else [])
    assert isinstance(error, TypeError)
    assert "async" in str(error)


@pytest.mark.rule("2.5")
async def test_stop_iteration_of_a_plain_body_is_a_failure_like_any(autojump_clock: Any) -> None:
    @nf.exec_node("t.stopping")
    def stopping() -> None:
        next(iter(()))

    wf, start = started()
    start >> wf.add(stopping) >> wf.add(note)
    error = await failure(wf)
    assert isinstance(error, nf.NodeFailed)
    assert error.node == "stopping"


@pytest.mark.rule("2.5")
async def test_a_failure_in_the_worker_thread_is_the_nodes() -> None:
    @nf.exec_node("t.exploding", blocking=True)
    def exploding() -> None:
        raise KeyError("gone")

    wf, start = started()
    trying, bad, caught = wf.add(flow.try_), wf.add(exploding), wf.add(note)
    start >> trying
    trying.body >> bad.enter
    trying.catch >> caught.enter
    trying.error >> caught.value
    watch = Counted()
    log = await run(wf, observers=[watch])
    assert log.seen == ["'gone'"]
    assert watch.outcomes("exploding") == ["failed"]
    watch.assert_balanced()


@pytest.mark.rule("2.5")
async def test_worker_threads_are_limited() -> None:
    """More branches than worker threads: each gets its turn, none is lost."""
    lock, running, most = threading.Lock(), [0], [0]

    @nf.exec_node("t.busy", blocking=True)
    def busy() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        trio.from_thread.run(trio.lowlevel.checkpoint)
        with lock:
            running[0] -= 1

    wf, start = started()
    names = [f"b{number}" for number in range(150)]
    fork = wf.add(flow.fan_out, branches=names)
    start >> fork
    node = wf.add(busy)
    for name in names:
        fork[name] >> node.enter
    watch = Counted()
    result, _ = await outcome(wf, observers=[watch])
    assert result.completed
    assert len(watch.of(NodeStarted, node="busy")) == 150
    assert 1 <= most[0] <= trio.to_thread.current_default_thread_limiter().total_tokens


@pytest.mark.rule("2.5")
async def test_inputs_of_a_blocking_body_are_resolved_on_the_loop() -> None:
    names: list[str] = []

    @nf.data_node("t.seen_from")
    def seen_from(value: int) -> int:
        names.append(threading.current_thread().name)
        return value

    @nf.exec_node("t.reading", blocking=True)
    def reading(value: int) -> int:
        names.append(threading.current_thread().name)
        return value

    wf, start = started()
    source, data, node = wf.add(put, value=3), wf.add(seen_from), wf.add(reading)
    source.result >> data.value
    data.result >> node.value
    caller = wf.add(call)
    start >> source >> caller
    caller.body >> node.enter
    await run(wf)
    assert names[0] == threading.current_thread().name
    assert names[1] != names[0]
