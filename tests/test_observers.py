"""Observers: typed events, in order and balanced; nobody listening costs no event object."""

from __future__ import annotations

import inspect
import logging
from collections import Counter
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import nodeflow as nf
from nodeflow.library import events, flow, text, variables
from nodeflow.library import math as numbers
from nodeflow.model import Variable
from nodeflow.runtime import events as event_module

EVENTS = {
    name: value
    for name, value in vars(event_module).items()
    if inspect.isclass(value) and issubclass(value, event_module.Event) and value is not event_module.Event
}


def chain(first: Any, *others: Any) -> None:
    for other in others:
        first >> other
        first = other


@nf.exec_node("t.produce")
async def produce(count: int = 3, *, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
    for i in range(count):
        await n.emit(i)
    return exit


@nf.exec_node("t.tally")
def tally(seen: nf.SharedState[int] = nf.initially(0)) -> None:
    """A node that remembers."""
    seen.update(lambda n: n + 1)


def everything(**given: Any) -> nf.Document:
    """A document with all five contexts, data nodes, a failure that is caught, and feedback."""
    sub = nf.Workflow("sub", outputs={"o": "any"})
    chain(sub.add(flow.start), sub.add(flow.print, value="sub"), sub.add(flow.set_output, o=1))
    wf = nf.Workflow("main", events={"ping": "any"}, variables={"x": Variable("int", 0, "shared")})
    fan, join = wf.add(flow.fan_out, id="fan", branches=["a", "b"]), wf.add(flow.fan_in, id="join")
    source, batch = wf.add(produce, id="source", mode="concurrent"), wf.add(flow.batch, id="batch", items=[1, 2])
    attempt, loop = wf.add(flow.try_, id="attempt"), wf.add(flow.for_, id="loop", times=2)
    steps = wf.add(flow.sequence, id="steps", steps=["fan", "source", "batch", "attempt", "ping", "call", "loop"])
    wf.add(flow.start, id="start") >> steps.enter
    chain(steps["fan"], fan.enter)
    add = wf.add(numbers.add, id="sum", b=1)
    for name in "ab":
        act = wf.add(variables.update, id=name, name="x", op="add", value=1)
        chain(fan[name], act, join)
    join.exit >> wf.add(flow.print, id="joined").enter
    steps["source"] >> source.enter
    item = wf.add(flow.print, id="item")
    chain(source.on_item, item, wf.add(tally, id="tally"))
    source.n >> add.a
    add.result >> item.value
    steps["batch"] >> batch.enter
    batch.process >> wf.add(flow.delay, id="slice", seconds=1.0).enter
    steps["attempt"] >> attempt.enter
    attempt.body >> wf.add(flow.fail, id="bad").enter
    steps["ping"] >> wf.add(events.trigger, id="trigger", event="ping").enter
    wf.add(events.listen, id="ear", event="ping") >> wf.add(flow.print, id="heard").enter
    steps["call"] >> wf.add(flow.gosub, id="call", workflow="sub").enter
    steps["loop"] >> loop.enter
    leave = wf.add(flow.break_, id="break")
    loop.body >> leave.enter
    return nf.Document(wf, sub)


async def observed(document: Any, **options: Any) -> list[Any]:
    seen: list[Any] = []
    await nf.run(document, observers=[seen.append], **options)
    return seen


def check_balanced(seen: list[Any]) -> None:
    """Every context closes once, every thread and activation ends once, nothing before it began or outside."""
    contexts: set[int] = set()
    threads: dict[int, int] = {}
    stacks: dict[int, list[str]] = {}
    counts: Counter[str] = Counter()
    for event in seen:
        counts[type(event).__name__] += 1
        match event:
            case nf.observers.ContextOpened():
                assert event.context not in contexts
                assert event.parent in contexts or event.parent == -1
                contexts.add(event.context)
            case nf.observers.ContextClosed():
                contexts.remove(event.context)
                assert event.context not in threads.values()
            case nf.observers.ThreadStarted():
                assert event.thread not in threads
                assert event.context in contexts
                threads[event.thread] = event.context
                stacks[event.thread] = []
            case nf.observers.ThreadEnded():
                assert not stacks.pop(event.thread), event
                del threads[event.thread]
            case nf.observers.NodeStarted():
                stacks[event.thread].append(event.node)
            case nf.observers.NodeEnded():
                assert stacks[event.thread].pop() == event.node
    assert not contexts
    assert not threads
    assert counts["RunStarted"] == counts["RunEnded"] == 1
    assert type(seen[0]).__name__ == "RunStarted"
    assert type(seen[-1]).__name__ == "RunEnded"


@pytest.mark.parametrize("elide", [True, False])
async def test_events_are_balanced_and_nested(elide: bool, autojump_clock: MockClock) -> None:
    seen = await observed(everything(), elide=elide)
    check_balanced(seen)
    kinds = Counter(e.kind for e in seen if isinstance(e, nf.observers.ContextOpened))
    assert kinds == {
        "ProcessContext": 1, "WorkflowContext": 3, "FanOutInContext": 1, "StreamContext": 1, "BatchContext": 1,
    }  # fmt: skip
    started = Counter(e.node for e in seen if isinstance(e, nf.observers.NodeStarted))
    assert set(started) == {
        "start", "steps", "fan", "a", "b", "join", "joined", "source", "item", "tally", "batch", "slice", "attempt",
        "bad", "trigger", "ear", "heard", "call", "print", "set_output", "loop", "break",
    }  # fmt: skip
    assert (started["start"], started["item"], started["slice"]) == (2, 3, 2)


@pytest.mark.rule("2.8")
async def test_outcomes_say_how_each_activation_ended(autojump_clock: MockClock) -> None:
    seen = await observed(everything())
    ended = {e.node: (e.outcome, e.output) for e in seen if isinstance(e, nf.observers.NodeEnded)}
    assert ended["bad"] == ("failed", None)
    assert ended["loop"] == ("unwound", None)
    assert ended["fan"] == ("returned", "joined")
    assert ended["attempt"] == ("returned", "exit")
    assert ended["steps"] == ("returned", None)


async def test_events_carry_what_happened_and_when(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    loop, say, join = (
        wf.add(flow.for_, id="loop", times=2),
        wf.add(flow.print, id="say", label="n"),
        wf.add(text.concat, a="<"),
    )
    wf.add(flow.start, id="start") >> loop.enter
    chain(loop.body, wf.add(flow.delay, id="wait", seconds=2.0), say)
    loop.index >> join.b
    join.result >> say.value
    seen = await observed(wf)
    assert [(e.output, e.value) for e in seen if isinstance(e, nf.observers.OutputSet)] == [("index", 0), ("index", 1)]
    assert [list(e.inputs)[-3:-1] for e in seen if isinstance(e, nf.observers.NodeStarted) and e.node == "say"] == [
        ["<0", "n"], ["<1", "n"],
    ]  # fmt: skip
    told = [e for e in seen if isinstance(e, nf.observers.Feedback)]
    assert [(e.time, e.message, e.level) for e in told] == [(2, "n: <0", "print"), (4, "n: <1", "print")]
    assert [e.node for e in seen if isinstance(e, nf.observers.DataEvaluated)] == ["concat"] * 2
    end = seen[-1]
    assert (end.time, end.status, end.error) == (4, "completed", None)
    assert "say" in repr(told[0])


@pytest.mark.rule("4.2")
async def test_reusing_a_data_nodes_value_is_no_event() -> None:
    wf = nf.Workflow("main")
    loop, say, join = wf.add(flow.for_, times=5), wf.add(flow.print), wf.add(text.concat, a="same")
    wf.add(flow.start) >> loop.enter
    loop.body >> say.enter
    join.result >> say.value
    assert [e.node for e in await observed(wf) if isinstance(e, nf.observers.DataEvaluated)] == ["concat"]


@pytest.mark.parametrize("elide", [True, False])
async def test_with_nobody_listening_no_event_is_made(
    elide: bool, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    def explode(*args: Any) -> Any:
        raise AssertionError("an event object was made and nobody listens")

    for name in EVENTS:
        monkeypatch.setattr(event_module, name, explode)
    assert (await nf.run(everything(), elide=elide)).status == "completed"
    assert (await nf.run(everything(), elide=elide, check_values=True)).status == "completed"
    limits = nf.Limits(value_size=10_000)
    assert (await nf.run(everything(), elide=elide, limits=limits)).status == "completed"


async def test_with_somebody_listening_every_kind_of_event_is_made(autojump_clock: MockClock) -> None:
    seen = {type(event).__name__ for event in await observed(everything())}
    assert seen == set(EVENTS) - {"ObserverDetached"}


def test_events_are_slotted() -> None:
    for kind in EVENTS.values():
        assert not hasattr(object.__new__(kind), "__dict__"), kind


async def test_an_observer_is_called_at_once() -> None:
    order: list[str] = []

    @nf.exec_node("t.speak")
    def speak(ctx: nf.NodeContext) -> None:
        order.append("before")
        ctx.feedback("now")
        order.append("after")

    wf = nf.Workflow("main")
    wf.add(flow.start) >> wf.add(speak)
    await nf.run(wf, observers=[lambda e: order.append(e.message) if isinstance(e, nf.observers.Feedback) else None])
    assert order == ["before", "now", "after"]


async def test_an_observer_that_raises_is_detached_and_reported_to_the_others(autojump_clock: MockClock) -> None:
    first: list[Any] = []
    second: list[Any] = []
    told = 0

    def broken(event: Any) -> None:
        nonlocal told
        told += 1
        if isinstance(event, nf.observers.NodeStarted) and event.node == "joined":
            raise ValueError("observer")

    result = await nf.run(everything(), observers=[first.append, broken, second.append])
    assert result.status == "completed"
    for seen in (first, second):
        detached = [e for e in seen if isinstance(e, nf.observers.ObserverDetached)]
        assert len(detached) == 1
        assert isinstance(detached[0].error, ValueError)
        assert "broken" in detached[0].observer
    rest = [e for e in first if not isinstance(e, nf.observers.ObserverDetached)]
    assert [type(e) for e in rest] == [type(e) for e in second if not isinstance(e, nf.observers.ObserverDetached)]
    check_balanced(rest)
    assert told == 1 + next(
        i for i, e in enumerate(rest) if isinstance(e, nf.observers.NodeStarted) and e.node == "joined"
    )


async def test_observers_that_all_raise_do_not_hurt_the_run(autojump_clock: MockClock) -> None:
    calls: list[int] = []

    def broken(number: int) -> Any:
        def observe(event: Any) -> None:
            calls.append(number)
            raise RuntimeError(number)

        return observe

    result = await nf.run(everything(), observers=[broken(1), broken(2), broken(3)])
    assert result.status == "completed"
    assert Counter(calls) == {1: 1, 2: 1, 3: 1}


async def test_the_same_observer_given_twice_is_told_twice() -> None:
    seen: list[Any] = []
    wf = nf.Workflow("main")
    wf.add(flow.start) >> wf.add(flow.print, value=1)
    await nf.run(wf, observers=[seen.append, seen.append])
    assert sum(isinstance(e, nf.observers.Feedback) for e in seen) == 2


async def test_an_observer_may_come_later(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    loop = wf.add(flow.for_, times=4)
    wf.add(flow.start) >> loop.enter
    chain(loop.body, wf.add(flow.delay, seconds=2.0), wf.add(flow.print, id="say", value="x"))
    seen: list[Any] = []
    async with nf.open_run(wf) as run:
        await trio.sleep(5)
        run.add_observer(seen.append)
        await run.wait()
    assert [e.time for e in seen if isinstance(e, nf.observers.Feedback)] == [6, 8]


async def test_an_observer_may_cancel_or_pause_the_run(autojump_clock: MockClock) -> None:
    async with nf.open_run(everything(), paused=True) as run:

        def stop(event: Any) -> None:
            if isinstance(event, nf.observers.NodeStarted) and event.node == "slice":
                run.cancel("seen enough")

        run.add_observer(stop)
        run.resume()
        assert (await run.wait()).status == "cancelled"
    async with nf.open_run(everything(), paused=True) as run:

        def hold(event: Any) -> None:
            if isinstance(event, nf.observers.NodeStarted) and event.node == "joined":
                run.pause()

        run.add_observer(hold)
        run.resume()
        await trio.sleep(50)
        assert run.paused
        assert not run.done
        assert run.printed == [""]
        run.resume()
        assert (await run.wait()).status == "completed"


async def test_watching_changes_nothing_about_the_run(autojump_clock: MockClock) -> None:
    alone = await nf.run(everything())
    watched = await nf.run(everything(), observers=[lambda event: None], check_values=True)
    assert Counter(alone.printed) == Counter(watched.printed)
    assert (alone.status, alone.variables, alone.outputs) == (watched.status, watched.variables, watched.outputs)
    for key in ("threads", "contexts", "evaluations", "steps"):
        assert alone.counters[key] == watched.counters[key]


async def test_the_log_observer_writes_failures_and_feedback(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    with caplog.at_level(logging.DEBUG, logger="nodeflow"):
        await nf.run(everything(), observers=[nf.observers.log()])
    levels = Counter(record.levelname for record in caplog.records)
    assert levels["ERROR"] == 1
    assert levels["DEBUG"] > 20
    assert any("heard" in record.getMessage() for record in caplog.records if record.levelname == "INFO")


@pytest.mark.rule("4.3")
async def test_a_failing_evaluation_that_others_wait_for_is_one_failure_to_observers(autojump_clock: MockClock) -> None:
    @nf.data_node("t.slow_fail")
    async def slow_fail(ctx: nf.NodeContext) -> int:
        await ctx.sleep(1)
        raise LookupError("once")

    wf = nf.Workflow("main")
    fan, bad = wf.add(flow.fan_out, branches=["a", "b", "c"], errors="collect"), wf.add(slow_fail, id="bad")
    wf.add(flow.start) >> fan.enter
    for name in "abc":
        say = wf.add(flow.print, id=name)
        fan[name] >> say.enter
        bad.result >> say.value
    seen = await observed(wf)
    assert [e.node for e in seen if isinstance(e, nf.observers.NodeFailedEvent)] == ["bad"]
    assert [e.node for e in seen if isinstance(e, nf.observers.DataEvaluated)] == ["bad"]
    outcomes = Counter(e.outcome for e in seen if isinstance(e, nf.observers.ThreadEnded))
    assert outcomes == {"failed": 3, "returned": 1}
