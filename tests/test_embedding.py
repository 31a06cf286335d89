"""A run inside a host: cancel scopes, handles, services, several runs at once; and nothing leaks however it ends."""

from __future__ import annotations

import contextvars
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

import nodeflow as nf
from nodeflow.library import events, flow, lists, variables
from nodeflow.model import Variable


def chain(first: Any, *others: Any) -> None:
    for other in others:
        first >> other
        first = other


@nf.exec_node("t.tell")
def tell(ctx: nf.NodeContext, what: Any = "") -> None:
    ctx.feedback(f"{what}@{trio.current_time():g}", "print")


def sleeping(seconds: float = 100.0) -> nf.Workflow:
    wf = nf.Workflow("main")
    chain(wf.add(flow.start), wf.add(tell, what="begin"), wf.add(flow.delay, seconds=seconds), wf.add(tell, what="end"))
    return wf


# --- nothing leaks --------------------------------------------------------------------------------------


class Bad(Exception):
    """What `t.maybe` raises."""


@attrs.define
class Fuse:
    """A service: the so-manieth activation of a `t.maybe` fails."""

    left: int


class Open(Counter[str]):
    """A service: how often resources were opened and closed."""


@nf.exec_node("t.maybe")
def maybe(ctx: nf.NodeContext) -> None:
    fuse = ctx.service(Fuse)
    fuse.left -= 1
    if fuse.left == 0:
        raise Bad


@nf.exec_node("t.holding")
class Holding:
    """Holds a resource, and counts."""

    async def open(self, services: Any) -> None:
        self.open_count = next(service for service in services if isinstance(service, Open))
        await trio.sleep(0.1)
        self.open_count["opened"] += 1

    async def close(self) -> None:
        self.open_count["closed"] += 1
        await trio.sleep(0.1)

    async def run(self, *, exit: nf.ExecOut) -> nf.ExecOut:
        await trio.lowlevel.checkpoint()
        return exit


holding: Any = Holding


@nf.exec_node("t.stream")
async def stream(ctx: nf.NodeContext, *, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
    try:
        for i in range(3):
            await n.emit(i)
            await ctx.sleep(0.3)
    finally:
        await trio.lowlevel.checkpoint()
    return exit


def branching(wf: nf.Workflow, after: Any, *, quorum: bool) -> Any:
    """after -> fan-out of a delaying, a plain and a failing-now-and-then branch -> fan-in."""
    fan = wf.add(flow.fan_out, branches=["a", "b", "c"])
    join = wf.add(flow.fan_in, join={"quorum": 2} if quorum else "all", missing="skip")
    after >> fan.enter
    chain(fan["a"], wf.add(flow.delay, seconds=1.0), wf.add(maybe), join)
    chain(fan["b"], wf.add(maybe), join)
    attempt = wf.add(flow.try_, catches=["KeyError"])
    chain(fan["c"], wf.add(holding), attempt)
    attempt.body >> wf.add(flow.delay, seconds=0.5).enter
    chain(
        attempt["finally"], wf.add(flow.delay, seconds=0.2), wf.add(variables.update, name="cleaned", op="add", value=1)
    )
    attempt.exit >> join.enter
    return join.exit


def thorough() -> nf.Document:
    """All contexts, nested, with bodies that wait, clean up and fail."""
    sub = nf.Workflow("sub", variables={"cleaned": Variable("int", 0, "shared")})
    branching(sub, sub.add(flow.start), quorum=True)
    wf = nf.Workflow("main", variables={"cleaned": Variable("int", 0, "shared")}, events={"ping": "any"})
    batch = wf.add(flow.batch, items=[1, 2, 3], parallel=2)
    chain(branching(wf, wf.add(flow.start), quorum=False), batch)
    plain = wf.add(flow.fan_out, branches=["p", "q"])  # needs no nursery
    for name in "pq":
        chain(plain[name], wf.add(maybe), wf.add(maybe))
    chain(batch.process, plain.enter)
    chain(plain.joined, wf.add(flow.gosub, workflow="sub"), wf.add(maybe))
    source, timed = wf.add(stream, mode="concurrent", max_in_flight=1), wf.add(flow.timeout, seconds=0.4)
    batch.continue_ >> source.enter
    chain(source.on_item, wf.add(flow.delay, seconds=0.5), wf.add(maybe))
    source.exit >> timed.enter
    timed.body >> wf.add(events.wait, event="ping").enter
    chain(timed.exit, wf.add(events.trigger, event="ping"), wf.add(maybe))
    chain(wf.add(events.listen, event="ping"), wf.add(flow.delay, seconds=0.3), wf.add(maybe))
    return nf.Document(wf, sub)


COMPILED = nf.compile(thorough())


class Watch:
    """Observes a run and says whether all that began has ended."""

    def __init__(self) -> None:
        self.open: Counter[tuple[str, int]] = Counter()
        self.ended = 0

    def __call__(self, event: Any) -> None:
        match event:
            case nf.observers.ContextOpened(context=id, kind=kind) if kind != "ProcessContext":
                self.open["context", id] += 1
            case nf.observers.ContextClosed(context=id, kind=kind) if kind != "ProcessContext":
                self.open["context", id] -= 1
            case nf.observers.ThreadStarted(thread=id):
                self.open["thread", id] += 1
            case nf.observers.ThreadEnded(thread=id):
                self.open["thread", id] -= 1
            case nf.observers.NodeStarted(thread=id):
                self.open["node", id] += 1
            case nf.observers.NodeEnded(thread=id):
                self.open["node", id] -= 1
            case nf.observers.RunEnded():
                self.ended += 1

    def left(self) -> dict[tuple[str, int], int]:
        return {key: count for key, count in self.open.items() if count > 0}


@contextmanager
def nothing_leaks() -> Iterator[Callable[..., nf.runtime.handle.OpenRun]]:
    """Opens a run, and checks afterwards that nothing of it is left."""
    tasks = trio.lowlevel.current_statistics().tasks_living
    runs: list[tuple[Any, Watch, Open]] = []

    def opening(*, fuse: int = 0, **options: Any) -> Any:
        watch, count = Watch(), Open()
        opened = COMPILED.open_run(observers=[watch], services=[count, Fuse(fuse)], **options)
        runs.append((opened._run, watch, count))
        return opened

    yield opening
    assert trio.lowlevel.current_statistics().tasks_living == tasks
    for run, watch, count in runs:
        machine = run.machine
        assert machine.live == 0
        assert machine.root.children == {}
        assert machine.root.state.value == "closed"
        assert (machine.at_gate, run.nurseries, run.lost_errors) == ({}, {}, [])
        assert watch.left() == {}
        assert watch.ended == 1
        assert count["opened"] == count["closed"]
        assert run.blocking_bodies == 0


elided = pytest.mark.parametrize("elide", [False, True])


async def test_the_thorough_graph_completes(autojump_clock: MockClock) -> None:
    with nothing_leaks() as opening:
        async with opening() as run:
            result = await run.wait()
    assert result.status == "completed"
    assert result.counters["contexts"] > 8
    assert 4.8 < result.counters["seconds"] < 6


@elided
@pytest.mark.rule("10.3")
async def test_nothing_leaks_when_the_handle_cancels_at_any_tick(elide: bool, autojump_clock: MockClock) -> None:
    """Cancelled after so many rounds of the loop: in the middle of opening, closing, joining."""
    for ticks in range(1, 40):
        with nothing_leaks() as opening:
            async with opening(elide=elide) as run:
                for _ in range(ticks):
                    await trio.lowlevel.checkpoint()
                run.cancel("tick")
                assert (await run.wait()).status == "cancelled"


@elided
@pytest.mark.rule("10.3")
@pytest.mark.parametrize("how", ["handle", "deadline", "host", "block"])
@pytest.mark.parametrize("cleanup_timeout", [5.0, 0.1, 0.0])
async def test_nothing_leaks_when_a_run_is_cut_off_at_any_time(
    how: str, elide: bool, cleanup_timeout: float, autojump_clock: MockClock
) -> None:
    options: dict[str, Any] = {"elide": elide, "cleanup_timeout": cleanup_timeout}
    for tenth in range(3, 49, 3):
        when = tenth / 10 - 0.05
        if how == "deadline":
            options["limits"] = nf.Limits(deadline=when)
        with nothing_leaks() as opening:
            opened = opening(**options)
            with trio.CancelScope() as host:
                if how == "block":
                    with pytest.raises(Bad):
                        async with opened as run:
                            await trio.sleep(when)
                            raise Bad
                    continue
                async with opened as run:
                    if how == "host":
                        host.deadline = trio.current_time() + when
                    elif how == "handle":
                        await trio.sleep(when)
                        run.cancel()
                    result = await run.wait()
                    assert result.status == {"handle": "cancelled", "deadline": "timed_out"}[how]
            assert host.cancelled_caught == (how == "host")
            assert run.done


@elided
@pytest.mark.rule("11")
async def test_nothing_leaks_when_a_limit_is_hit_at_any_step(elide: bool, autojump_clock: MockClock) -> None:
    async with COMPILED.open_run(services=[Open(), Fuse(0)], elide=elide) as run:
        steps = (await run.wait()).counters["steps"]
    for limit in range(1, steps - 2, 2):
        with nothing_leaks() as opening:
            async with opening(limits=nf.Limits(steps=limit), elide=elide) as run:
                result = await run.wait()
        assert isinstance(result.error, nf.LimitExceeded), limit


@elided
@pytest.mark.rule("11")
@pytest.mark.parametrize("field", ["threads", "context_depth", "depth"])
async def test_nothing_leaks_when_another_limit_is_hit(field: str, elide: bool, autojump_clock: MockClock) -> None:
    statuses = []
    for value in range(1, 8):
        with nothing_leaks() as opening:
            async with opening(limits=nf.Limits(**{field: value}), elide=elide) as run:
                statuses.append((await run.wait()).status)
    assert statuses[0] == "failed"


@elided
@pytest.mark.rule("10.1")
async def test_nothing_leaks_when_any_activation_fails(elide: bool, autojump_clock: MockClock) -> None:
    for fuse in range(1, 40):
        with nothing_leaks() as opening:
            async with opening(fuse=fuse, elide=elide) as run:
                result = await run.wait()
        if result.status == "completed":
            break
        errors = result.error.exceptions if isinstance(result.error, ExceptionGroup) else [result.error]
        assert [(type(e), type(e.__cause__)) for e in errors] == [(nf.NodeFailed, Bad)]
    assert 20 < fuse < 39


async def test_nothing_leaks_when_a_step_is_cut_off(autojump_clock: MockClock) -> None:
    for count in range(1, 40, 3):
        with nothing_leaks() as opening:
            async with opening(paused=True) as run:
                for _ in range(count):
                    await run.step()
                run.cancel()
                assert (await run.wait()).status == "cancelled"


# --- the host's cancel scopes ---------------------------------------------------------------------------


@pytest.mark.rule("10.3")
async def test_the_hosts_cancellation_passes_through(autojump_clock: MockClock) -> None:
    with trio.move_on_after(3) as scope:
        await nf.run(sleeping())
    assert scope.cancelled_caught
    assert trio.current_time() == 3
    with pytest.raises(trio.TooSlowError):
        with trio.fail_after(3):
            await nf.run(sleeping())


@pytest.mark.rule("10.3")
async def test_the_hosts_cancellation_is_a_plain_cancelled_and_no_group(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    batch = wf.add(flow.batch, items=[1, 2, 3])
    wf.add(flow.start) >> batch.enter
    batch.process >> wf.add(flow.delay, seconds=100.0).enter
    caught: list[BaseException] = []
    with trio.move_on_after(3):
        try:
            await nf.run(wf)
        except BaseException as error:
            caught.append(error)
            raise
    assert [type(error) for error in caught] == [trio.Cancelled]


@pytest.mark.rule("10.3")
async def test_a_run_obeys_the_hosts_nursery(autojump_clock: MockClock) -> None:
    seen: list[Any] = []

    async def one() -> None:
        await nf.run(sleeping(), observers=[seen.append])

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one)
            await trio.sleep(2)
            raise KeyError("host")
    assert [type(e) for e in caught.value.exceptions] == [KeyError]
    assert (seen[-1].status, seen[-1].time) == ("cancelled", 2)


@pytest.mark.rule("10.2")
@pytest.mark.rule("10.3")
async def test_cleanup_is_shielded_from_the_hosts_cancellation_too(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    attempt = wf.add(flow.try_)
    wf.add(flow.start) >> attempt.enter
    attempt.body >> wf.add(flow.delay, seconds=100.0).enter
    seen: list[str] = []
    chain(attempt["finally"], wf.add(flow.delay, seconds=2.0), wf.add(flow.print, value="cleaned"))
    with trio.move_on_after(1):
        await nf.run(wf, observers=[nf.observers.printing(seen.append)])
    assert (seen, trio.current_time()) == (["cleaned"], 3)


async def test_a_host_that_is_cancelled_already_does_not_wait() -> None:
    """As any task in a cancelled nursery, it runs to its first checkpoint and no further."""
    seen: list[Any] = []
    with trio.CancelScope() as scope:
        scope.cancel()
        await nf.run(sleeping(), observers=[seen.append])
    assert scope.cancelled_caught
    assert seen[-1].status == "cancelled"
    assert not [event for event in seen if isinstance(event, nf.observers.NodeEnded) and event.node == "tell_2"]


async def test_an_error_in_the_block_cancels_the_run_and_is_itself(autojump_clock: MockClock) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with nf.open_run(sleeping()) as run:
            await trio.sleep(1)
            raise KeyError("mine")
    assert run.done
    assert (await run.wait()).status == "cancelled"


async def test_leaving_the_block_waits_for_the_run(autojump_clock: MockClock) -> None:
    async with nf.open_run(sleeping(5)) as run:
        assert not run.done
    assert run.done
    assert run.printed == ["begin@0", "end@5"]


async def test_leaving_the_block_of_a_failed_run_raises_unless_somebody_waited() -> None:
    wf = nf.Workflow("main")
    wf.add(flow.start) >> wf.add(flow.fail).enter
    with pytest.raises(nf.RunFailed):
        async with nf.open_run(wf):
            pass
    async with nf.open_run(wf) as run:
        assert (await run.wait()).status == "failed"


async def test_a_failing_run_does_not_cancel_the_block_around_it(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    wf.add(flow.start) >> wf.add(flow.fail).enter
    async with nf.open_run(wf) as run:
        await trio.sleep(10)
        assert run.done
        assert (await run.wait()).status == "failed"


async def test_many_may_wait_and_a_waiter_may_give_up(autojump_clock: MockClock) -> None:
    got: list[nf.RunResult] = []
    async with nf.open_run(sleeping(5)) as run:
        with trio.move_on_after(1) as scope:
            await run.wait()
        assert scope.cancelled_caught

        async def wait() -> None:
            got.append(await run.wait())

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(wait)
    assert [result.status for result in got] == ["completed"] * 3
    assert len({id(result) for result in got}) == 1


async def test_cancelling_twice_or_after_the_end_is_harmless(autojump_clock: MockClock) -> None:
    async with nf.open_run(sleeping()) as run:
        await trio.sleep(1)
        run.cancel("first")
        run.cancel("second")
        result = await run.wait()
        run.cancel("third")
        run.pause()
        run.resume()
    assert result.status == "cancelled"
    assert "first" in str(result.error)


async def test_a_run_cancelled_before_it_started() -> None:
    async with nf.open_run(sleeping()) as run:
        run.cancel("never mind")
        result = await run.wait()
    assert (result.status, result.printed) == ("cancelled", [])


# --- a run in a run, sync, services ---------------------------------------------------------------------


async def test_a_body_may_run_another_document(autojump_clock: MockClock) -> None:
    inner = nf.compile(sleeping(5))

    @nf.exec_node("t.embedding")
    async def embedding(ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
        result = await inner.run()
        ctx.feedback(f"inner {result.status} {result.printed}", "print")
        return exit

    wf = nf.Workflow("main")
    limit = wf.add(flow.timeout, seconds=7.0)
    wf.add(flow.start) >> limit.enter
    chain(limit.body, wf.add(embedding), wf.add(embedding), wf.add(tell, what="never"))
    chain(limit.expired, wf.add(tell, what="expired"))
    assert (await nf.run(wf)).printed == ["inner completed ['begin@0', 'end@5']", "expired@7"]


async def test_an_inner_run_that_fails_is_a_failure_of_the_node() -> None:
    bad = nf.Workflow("bad")
    bad.add(flow.start) >> bad.add(flow.fail, message="deep").enter

    @nf.exec_node("t.embedding_bad")
    async def embedding(*, exit: nf.ExecOut) -> nf.ExecOut:
        await nf.run(bad)
        return exit

    wf = nf.Workflow("main")
    attempt, say = wf.add(flow.try_, catches=["RunFailed"]), wf.add(flow.print)
    wf.add(flow.start) >> attempt.enter
    attempt.body >> wf.add(embedding).enter
    attempt.catch >> say.enter
    attempt.error >> say.value
    (line,) = (await nf.run(wf)).printed
    assert "deep" in line


def test_run_sync_starts_trio_itself() -> None:
    wf = nf.Workflow("main", inputs={"n": ("int", 1)}, outputs={"r": "int"})
    out = wf.add(flow.set_output)
    wf.add(flow.start) >> out
    wf.inputs.n >> out["r"]
    assert nf.run_sync(wf, inputs={"n": 3}).outputs == {"r": 3}
    bad = nf.Workflow("bad")
    bad.add(flow.start) >> bad.add(flow.fail).enter
    with pytest.raises(nf.RunFailed):
        nf.run_sync(bad)


def test_a_host_may_run_a_graph_while_it_handles_an_error() -> None:
    try:
        raise ValueError("the host's own")
    except ValueError:
        assert nf.run_sync(sleeping(seconds=0)).completed


async def test_run_sync_inside_trio_is_refused() -> None:
    with pytest.raises(RuntimeError):
        nf.run_sync(sleeping())


async def test_an_invalid_document_does_not_start() -> None:
    wf = nf.Workflow("main", variables={})
    wf.add(flow.start) >> wf.add(variables.set_, name="nobody", value=1)
    for call in (nf.run, nf.open_run, nf.compile):
        with pytest.raises(nf.InvalidDocument):
            answer = call(wf)
            if call is nf.run:
                await answer  # type: ignore[misc]


class Gateway:
    name = "plain"


class Special(Gateway):
    name = "special"


async def test_services_are_found_by_their_class() -> None:
    @nf.exec_node("t.ask")
    def ask(ctx: nf.NodeContext) -> None:
        ctx.feedback(ctx.service(Gateway).name, "print")

    wf = nf.Workflow("main")
    wf.add(flow.start) >> wf.add(ask)
    assert (await nf.run(wf, services=[3, Special()])).printed == ["special"]
    with pytest.raises(nf.RunFailed, match="Gateway") as caught:
        await nf.run(wf, services=[3])
    assert isinstance(caught.value.__cause__.__cause__, LookupError)


async def test_contextvars_of_the_host_are_seen_in_bodies_and_stay_as_they_are() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    @nf.exec_node("t.look")
    def look(ctx: nf.NodeContext) -> None:
        ctx.feedback(variable.get(), "print")
        variable.set("changed by the body")

    wf = nf.Workflow("main")
    fan = wf.add(flow.fan_out, branches=["a", "b"])
    wf.add(flow.start) >> fan.enter
    for name in "ab":
        fan[name] >> wf.add(look).enter
    variable.set("host")
    for elide in (True, False):
        async with nf.open_run(wf, elide=elide) as run:
            assert (await run.wait()).printed == ["host", "host"]
        assert variable.get() == "host"


# --- what goes in and comes out -------------------------------------------------------------------------


@pytest.mark.rule("3.7")
async def test_inputs_variables_and_outputs_are_copied() -> None:
    @nf.exec_node("t.keep")
    def keep(ctx: nf.NodeContext, value: Any = None) -> None:
        kept.append(value)

    kept: list[Any] = []
    wf = nf.Workflow("main", inputs={"items": "list"}, outputs={"same": "list"}, variables={"v": Variable("list", [])})
    out, look = wf.add(flow.set_output), wf.add(keep)
    chain(wf.add(flow.start), look, out)
    wf.inputs.items >> out["same"]
    wf.inputs.items >> look.value
    given, seed = [[1], {"a": [2]}], [[3]]
    result = await nf.run(wf, inputs={"items": given}, variables={"v": seed})
    assert result.outputs["same"] == given == kept[0]
    assert result.variables["v"] == seed
    identities = {id(given), id(kept[0]), id(result.outputs["same"])}
    assert len(identities) == 3
    assert len({id(given[1]), id(kept[0][1]), id(result.outputs["same"][1])}) == 3
    assert result.variables["v"] is not seed
    assert result.variables["v"][0] is not seed[0]


@pytest.mark.rule("3.7")
async def test_defaults_of_a_document_are_not_shared_between_runs() -> None:
    @nf.exec_node("t.spoil")
    def spoil(a: list[Any], b: list[Any]) -> None:
        a.append("spoilt")
        b.append("spoilt")

    wf = nf.Workflow("main", inputs={"i": ("list", [])}, variables={"v": Variable("list", [])})
    node = wf.add(spoil)
    wf.add(flow.start) >> node
    wf.inputs.i >> node.a
    wf.add(variables.get, name="v")[variables.get.data_outs[0].name] >> node.b
    compiled = nf.compile(wf)
    for _ in range(2):
        assert (await compiled.run()).variables == {"v": ["spoilt"]}
    assert compiled.document.workflows["main"].variables["v"].default == []


async def test_inputs_must_be_known_given_and_fit() -> None:
    wf = nf.Workflow("main", inputs={"n": "int", "m": ("int", 1)})
    wf.add(flow.start)
    for wrong, word in [({}, "'n'"), ({"n": "x"}, "'n'"), ({"n": 1, "q": 2}, "'q'")]:
        with pytest.raises(nf.SocketTypeError, match=word):
            await nf.run(wf, inputs=wrong)
    assert (await nf.run(wf, inputs={"n": 1.0})).status == "completed"


# --- several runs at once -------------------------------------------------------------------------------


@nf.exec_node("t.count")
def count(seen: nf.SharedState[int] = nf.initially(0)) -> int:
    seen.value += 1
    return seen.value


async def test_several_runs_of_one_compiled_document_share_nothing(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main", inputs={"n": "int"}, outputs={"r": "any"}, variables={"s": Variable("list", [], "shared")},
                     events={"ping": "int"})  # fmt: skip
    loop, wait, add = (
        wf.add(flow.for_),
        wf.add(flow.delay, seconds=1.0),
        wf.add(variables.update, name="s", op="append"),
    )
    counter, trigger, out = wf.add(count), wf.add(events.trigger, event="ping"), wf.add(flow.set_output)
    wf.add(flow.start) >> loop.enter
    wf.inputs.n >> loop.times
    chain(loop.body, wait, counter, add, trigger)
    counter.result >> add.value
    loop.index >> trigger.payload
    length = wf.add(lists.length)
    wf.add(variables.get, name="s")[variables.get.data_outs[0].name] >> length.list
    loop.exit >> out.enter
    length.result >> out["r"]
    say = wf.add(flow.print)
    ear = wf.add(events.listen, event="ping")
    chain(ear, say)
    ear.payload >> say.value
    process = nf.Document(wf, variables={"p": Variable("int", 0, "process")})
    compiled = nf.compile(process)
    results: dict[int, nf.RunResult] = {}

    async def one(n: int) -> None:
        results[n] = await compiled.run(inputs={"n": n}, variables={"p": n})

    async with trio.open_nursery() as nursery:
        for n in range(8):
            nursery.start_soon(one, n)
    assert trio.current_time() == 7
    for n, result in results.items():
        assert result.outputs == {"r": n}
        assert result.variables == {"s": list(range(1, n + 1)), "p": n}
        assert result.printed == [str(i) for i in range(n)]


async def test_cancelling_one_of_several_runs_leaves_the_others_alone(autojump_clock: MockClock) -> None:
    compiled = nf.compile(sleeping(5))
    async with compiled.open_run() as one, compiled.open_run() as two:
        await trio.sleep(1)
        one.cancel()
        assert (await one.wait()).status == "cancelled"
        two.pause()
        two.resume()
        assert (await two.wait()).printed == ["begin@0", "end@5"]


async def test_the_tree_of_a_run_says_what_is_open(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    batch = wf.add(flow.batch, id="batch", items=[1, 2, 3], parallel=2)
    wf.add(flow.start) >> batch.enter
    batch.process >> wf.add(flow.delay, id="wait", seconds=2.0).enter
    async with nf.open_run(wf) as run:
        await trio.sleep(3)
        (main,) = run.tree().children
        (slices,) = main.children
        assert (slices.kind, slices.path) == ("BatchContext", "main/batch")
        assert [(view.index, view.node, view.path) for view in slices.threads] == [(2, "wait", "main/batch[2]")]
        assert len(run.threads()) == 2
        await run.wait()
        assert run.tree().children == ()
        assert run.threads() == []
