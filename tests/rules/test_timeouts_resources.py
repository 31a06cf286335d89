"""Timeouts of placed nodes, capacities, resources: 10.4 and 10.6 of the contract."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from test_failing_stopping import boom, both, cancelled_at, chain, cleaning, failure_of, nested, started, tell
from trio.testing import MockClock

import nodeflow as nf
from nodeflow.library import events, flow

# --- 10.4 timeouts and capacities -----------------------------------------------------------------------


@pytest.mark.rule("10.4")
async def test_a_nodes_timeout_bounds_its_activation_with_all_it_triggers(autojump_clock: MockClock) -> None:
    wf, start = started()
    attempt, loop, said = wf.add(flow.try_, catches=["TimedOut"]), wf.add(flow.for_, times=9, timeout=5.0), wf.add(tell)
    start >> attempt.enter
    attempt.body >> loop.enter
    chain(loop.body, wf.add(flow.delay, seconds=2.0), wf.add(tell, what="round"))
    loop.exit >> wf.add(tell, what="loop over").enter
    attempt.catch >> said.enter
    result = await nf.run(wf)
    assert result.printed == ["round@2", "round@4", "@5"]


@pytest.mark.rule("10.4")
async def test_a_nodes_timeout_does_not_bound_its_tail(autojump_clock: MockClock) -> None:
    wf, start = started()
    chain(
        start, wf.add(flow.delay, seconds=1.0, timeout=2.0), loop := wf.add(flow.for_, times=1, timeout=2.0),
        wf.add(flow.delay, id="long", seconds=50.0), wf.add(tell, what="end"),
    )  # fmt: skip
    loop.body >> wf.add(flow.delay, seconds=1.0).enter
    assert (await nf.run(wf)).printed == ["end@52"]


@pytest.mark.rule("10.4")
async def test_a_timed_out_node_is_named_and_its_contexts_are_closed(autojump_clock: MockClock) -> None:
    sub = nf.Workflow("sub")
    chain(sub.add(flow.start), sub.add(flow.delay, seconds=100.0))
    wf = nf.Workflow("main")
    wf.add(flow.start) >> wf.add(flow.gosub, id="call", workflow="sub", timeout=3.0).enter
    seen: list[Any] = []
    error = await failure_of(nf.Document(wf, sub), observers=[seen.append])
    failure = error.__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert (failure.node, type(failure.__cause__)) == ("call", nf.TimedOut)
    assert "3 s" in str(failure)
    assert trio.current_time() == 3
    told = [(e.node, e.error.node) for e in seen if isinstance(e, nf.observers.NodeFailedEvent)]
    assert told == [("call", "call")]


@pytest.mark.rule("10.4")
@pytest.mark.rule("10.2")
async def test_a_timed_out_activation_waits_for_its_cleanup(autojump_clock: MockClock) -> None:
    wf, start = started()
    attempt, outer = wf.add(flow.try_), wf.add(nested, timeout=3.0)
    start >> attempt.enter
    attempt.body >> outer.enter
    outer.body >> wf.add(cleaning, seconds=2.0).enter
    attempt.catch >> wf.add(tell, what="caught").enter
    assert (await nf.run(wf)).printed == ["cleaned @5", "caught@5"]


@pytest.mark.rule("10.4")
async def test_a_nodes_timeout_says_nothing_when_the_run_is_cancelled_first(autojump_clock: MockClock) -> None:
    wf, start = started()
    attempt = wf.add(flow.try_)
    start >> attempt.enter
    attempt.body >> wf.add(cleaning, seconds=4.0, timeout=3.0).enter
    attempt.catch >> wf.add(tell, what="caught").enter
    result = await cancelled_at(wf, 1)
    assert result.status == "cancelled"
    assert not any(line.startswith("caught") for line in result.printed)


@nf.exec_node("t.busy")
async def busy(ctx: nf.NodeContext, what: str = "", *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    """Works by itself for a second, triggers, works for another second."""
    await ctx.sleep(1)
    ctx.feedback(f"{what}@{trio.current_time():g}", "print")
    await body()
    await ctx.sleep(1)
    return exit


@pytest.mark.rule("10.4")
@pytest.mark.parametrize(("size", "end"), [(1, 3), (2, 2), (3, 1)])
async def test_at_most_so_many_bodies_hold_a_capacity(size: int, end: int, autojump_clock: MockClock) -> None:
    wf, start = started()
    batch = wf.add(flow.batch, items=[1, 2, 3])
    start >> batch.enter
    batch.process >> wf.add(flow.delay, seconds=1.0, capacity="http").enter
    assert (await nf.run(wf, capacities={"http": size})).counters["seconds"] == end


@pytest.mark.rule("10.4")
async def test_a_capacity_is_not_held_while_the_body_waits_for_what_it_triggered(autojump_clock: MockClock) -> None:
    """Both wait in turn at the same capacity of one: held on, that would be a deadlock."""
    wf, start = started()
    outer, inner = wf.add(busy, what="outer", capacity="one"), wf.add(busy, what="inner", capacity="one")
    start >> outer
    outer.body >> inner.enter
    with trio.fail_after(100):
        result = await nf.run(wf, capacities={"one": 1})
    assert (result.printed, result.counters["seconds"]) == (["outer@1", "inner@2"], 4)


def waiting_nodes() -> dict[str, nf.Document]:
    """Nodes that wait for others in every way, with a capacity of one that the others need too."""
    documents: dict[str, nf.Document] = {}
    for way in ("fan_out", "batch", "gosub", "event", "stream", "concurrent stream"):
        wf, start = started()
        sub = nf.Workflow("sub")
        chain(sub.add(flow.start), sub.add(flow.delay, seconds=1.0, capacity="one"))
        wf._events["ping"] = nf.model.Event("any")
        inner = wf.add(flow.delay, seconds=1.0, capacity="one")
        if way == "fan_out":
            outer = wf.add(flow.fan_out, branches=["a"], capacity="one")
            outer["a"] >> inner.enter
        elif way == "batch":
            outer = wf.add(flow.batch, items=[1], capacity="one")
            outer.process >> inner.enter
        elif way == "gosub":
            outer = wf.add(flow.gosub, workflow="sub", capacity="one")
        elif way == "event":
            outer = wf.add(events.trigger, event="ping", capacity="one")
            wf.add(events.listen, event="ping") >> inner.enter
        else:
            mode = "concurrent" if way != "stream" else "sequential"
            outer = wf.add(one_item, mode=mode, capacity="one")
            outer.on_item >> inner.enter
        start >> outer.enter
        documents[way] = nf.Document(wf, sub)
    return documents


@nf.exec_node("t.one_item")
async def one_item(*, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
    await n.emit(1)
    return exit


@pytest.mark.rule("10.4")
@pytest.mark.parametrize("way", list(waiting_nodes()))
async def test_a_capacity_is_released_however_the_body_waits(way: str, autojump_clock: MockClock) -> None:
    with trio.fail_after(100):
        result = await nf.run(waiting_nodes()[way], capacities={"one": 1})
    assert result.counters["seconds"] == 1


@pytest.mark.rule("10.4")
async def test_a_capacity_comes_back_when_the_body_fails_or_is_cut_off(autojump_clock: MockClock) -> None:
    wf, start = started()
    outer = wf.add(flow.sequence, steps=["one", "two", "three"])
    start >> outer.enter
    attempt, limit = wf.add(flow.try_), wf.add(flow.timeout, seconds=1.0)
    outer["one"] >> attempt.enter
    attempt.body >> wf.add(boom, capacity="one").enter
    outer["two"] >> limit.enter
    limit.body >> wf.add(flow.delay, seconds=50.0, capacity="one").enter
    chain(outer["three"], wf.add(flow.delay, seconds=1.0, capacity="one"), wf.add(tell, what="free"))
    with trio.fail_after(1000):
        assert (await nf.run(wf, capacities={"one": 1})).printed == ["free@2"]


@pytest.mark.rule("10.4")
async def test_a_body_that_caught_a_failure_holds_its_capacity_again(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.recovering")
    async def recovering(ctx: nf.NodeContext, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            await body()
        except nf.NodeFailed:
            await ctx.sleep(10)
        return exit

    wf = nf.Workflow("main")
    fan = both(wf)
    source = wf.add(recovering, capacity="one")
    fan["a"] >> source.enter
    source.body >> wf.add(boom).enter
    chain(fan["b"], wf.add(flow.delay, seconds=1.0), wf.add(flow.delay, id="other", seconds=1.0, capacity="one"),
          wf.add(tell, what="other"))  # fmt: skip
    assert (await nf.run(wf, capacities={"one": 1})).printed == ["other@11"]


@pytest.mark.rule("10.4")
async def test_a_capacity_that_the_host_did_not_give_fails_the_node() -> None:
    wf, start = started()
    start >> wf.add(flow.delay, capacity="http")
    with pytest.raises(nf.RunFailed, match="http"):
        await nf.run(wf, capacities={"disk": 1})


@pytest.mark.rule("10.4")
async def test_a_plain_body_holds_its_capacity_too() -> None:
    wf, start = started()
    start >> wf.add(flow.print, value="x", capacity="http")
    assert (await nf.run(wf, capacities={"http": 1})).printed == ["x"]
    with pytest.raises(nf.RunFailed, match="http"):
        await nf.run(wf)


# --- 10.6 resources -------------------------------------------------------------------------------------


class Log(list[str]):
    """The service that resources write into."""


@nf.exec_node("t.resource")
class Resource:
    """Notes when it is opened, used and closed."""

    async def open(self, services: Any) -> None:
        self.log = next(service for service in services if isinstance(service, Log))
        self.log.append("open")

    async def close(self) -> None:
        await trio.sleep(1)
        self.log.append(f"close@{trio.current_time():g}")

    async def run(self, name: nf.Option[str] = "", *, exit: nf.ExecOut) -> nf.ExecOut:
        self.log.append(f"run {name} {id(self)}")
        return exit


def resource(name: str, *, open_fails: bool = False, close_fails: bool = False, slow: float = 0.0) -> nf.NodeType:
    """A node type whose instances note under a name of their own."""

    class Named:
        async def open(self, services: Any) -> None:
            self.log = next(service for service in services if isinstance(service, Log))
            self.log.append(f"open {name}")
            if open_fails:
                raise OSError(f"no {name}")

        async def close(self) -> None:
            await trio.sleep(slow)
            self.log.append(f"close {name}")
            if close_fails:
                raise OSError(f"stuck {name}")

        async def run(self, ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
            self.log.append(f"run {name}")
            return exit

    return nf.exec_node(f"t.{name}")(Named)


@pytest.mark.rule("10.6")
async def test_resources_open_in_document_order_and_close_in_reverse_around_everything(
    autojump_clock: MockClock,
) -> None:
    log = Log()
    sub = nf.Workflow("sub")
    chain(sub.add(flow.start), sub.add(resource("inner")))
    wf = nf.Workflow("main")
    late = wf.add(resource("second"), id="z_first_in_document")
    early = wf.add(resource("first"), id="a_second_in_document")
    wf.add(resource("unreachable"))
    chain(wf.add(flow.start), early, late, wf.add(flow.gosub, workflow="sub"))
    await nf.run(nf.Document(wf, sub), services=[log])
    assert log == [
        "open second", "open first", "open inner", "run first", "run second", "run inner",
        "close inner", "close first", "close second",
    ]  # fmt: skip


@pytest.mark.rule("10.6")
async def test_each_placed_node_and_each_run_has_one_instance(autojump_clock: MockClock) -> None:
    wf, start = started()
    loop = wf.add(flow.for_, times=2)
    start >> loop.enter
    chain(loop.body, wf.add(Resource_type, name="a"), wf.add(Resource_type, name="b"))
    compiled, logs = nf.compile(wf), [Log(), Log()]
    async with trio.open_nursery() as nursery:
        for log in logs:
            nursery.start_soon(lambda log=log: compiled.run(services=[log]))
    names: set[str] = set()
    for log in logs:
        runs = [line for line in log if line.startswith("run")]
        assert len(runs) == 4
        assert len(set(runs)) == 2
        assert len({line.split()[2] for line in runs}) == 2
        assert (log[:2], log[-2:]) == (["open", "open"], ["close@1", "close@2"])
        names.update(runs)
    assert len(names) == 4


Resource_type: Any = Resource


@pytest.mark.rule("10.6")
async def test_when_one_fails_to_open_those_that_are_open_are_closed_and_nothing_starts() -> None:
    log = Log()
    wf, start = started()
    chain(start, wf.add(resource("one")), wf.add(resource("two")), wf.add(resource("bad", open_fails=True)),
          wf.add(resource("three")), wf.add(flow.print, value="ran"))  # fmt: skip
    error = await failure_of(wf, services=[log])
    assert log == ["open one", "open two", "open bad", "close two", "close one"]
    failure = error.__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert (failure.node, failure.type, type(failure.__cause__)) == ("bad", "t.bad", OSError)
    assert error.result.printed == []


@pytest.mark.rule("10.6")
async def test_a_resource_that_fails_to_close_fails_the_run_and_the_others_are_closed() -> None:
    log = Log()
    wf, start = started()
    chain(start, wf.add(resource("one")), wf.add(resource("bad", close_fails=True)), wf.add(resource("two")))
    error = await failure_of(wf, services=[log])
    assert log[-3:] == ["close two", "close bad", "close one"]
    assert isinstance(error.__cause__, nf.NodeFailed)
    assert error.__cause__.node == "bad"


@pytest.mark.rule("10.6")
@pytest.mark.parametrize("how", ["cancel", "deadline", "error", "limit", "host"])
async def test_resources_are_closed_shielded_however_the_run_ends(how: str, autojump_clock: MockClock) -> None:
    log = Log()
    wf, start = started()
    end = {"error": wf.add(boom), "limit": wf.add(flow.for_, times=1000)}.get(how, wf.add(flow.delay, seconds=100.0))
    chain(
        start,
        wf.add(resource("one", slow=2.0)),
        wf.add(resource("two", slow=2.0)),
        wf.add(flow.delay, id="d", seconds=3.0),
        end,
    )
    limits = nf.Limits(deadline=5 if how == "deadline" else None, steps=100 if how == "limit" else None)
    with trio.CancelScope() as host:
        async with nf.open_run(wf, services=[log], limits=limits) as run:
            await trio.sleep(5)
            if how == "cancel":
                run.cancel()
            elif how == "host":
                host.cancel()
            await run.wait()
    assert log[-2:] == ["close two", "close one"]
    assert run.done
    assert trio.current_time() == {"error": 7, "limit": 7}.get(how, 9)


@pytest.mark.rule("10.6")
async def test_closing_has_a_time_limit(autojump_clock: MockClock) -> None:
    log = Log()
    wf, start = started()
    chain(start, wf.add(resource("one")), wf.add(resource("slow", slow=1000.0)))
    error = await failure_of(wf, services=[log], cleanup_timeout=2.0)
    assert log[-1] == "close one"
    assert "close slow" not in log
    assert error.result.counters["seconds"] == 2
    assert isinstance(error.__cause__, nf.NodeFailed)
    assert error.__cause__.node == "slow"


@pytest.mark.rule("10.6")
async def test_a_run_cancelled_while_resources_open_closes_those_that_are_open(autojump_clock: MockClock) -> None:
    @nf.exec_node("t.slow_to_open")
    class SlowToOpen:
        async def open(self, services: Any) -> None:
            await trio.sleep_forever()

        async def close(self) -> None:
            raise AssertionError("it was never open")

        async def run(self, *, exit: nf.ExecOut) -> nf.ExecOut:
            return exit

    slow: Any = SlowToOpen
    log = Log()
    wf, start = started()
    chain(start, wf.add(resource("one")), wf.add(slow), wf.add(flow.print, value="ran"))
    result = await cancelled_at(wf, 1, services=[log])
    assert log == ["open one", "close one"]
    assert (result.status, result.printed) == ("cancelled", [])


@pytest.mark.rule("10.6")
async def test_a_data_node_may_hold_a_resource() -> None:
    @nf.data_node("t.greeting")
    class Greeting:
        async def open(self, services: Any) -> None:
            self.word = "hello"

        async def close(self) -> None:
            self.word = "closed"

        def run(self, name: str = "") -> str:
            return f"{self.word} {name}"

    greeting: Any = Greeting
    wf, start = started()
    say, greet = wf.add(flow.print), wf.add(greeting, name="you")
    start >> say
    greet.result >> say.value
    assert (await nf.run(wf)).printed == ["hello you"]
