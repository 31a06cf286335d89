"""The gate: pause, resume, step (10.5)."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import nodeflow as nf
from nodeflow.library import convert, events, flow, variables
from nodeflow.model import Variable


@nf.exec_node("t.note")
def note(ctx: nf.NodeContext, what: str = "") -> None:
    ctx.feedback(f"{what or ctx.node_id}@{trio.current_time():g}", "print")


@nf.exec_node("t.nested")
async def nested(*, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    await body()
    return exit


def chain(first: Any, *others: Any) -> None:
    for other in others:
        first >> other
        first = other


def line(count: int = 3) -> nf.Workflow:
    """start -> n1 -> n2 -> ..."""
    wf = nf.Workflow("main")
    chain(wf.add(flow.start, id="start"), *(wf.add(note, id=f"n{i + 1}") for i in range(count)))
    return wf


def fan(join: bool = False, **options: Any) -> nf.Workflow:
    """start -> fan -> (a1 -> a2 | b1 -> b2) -> after."""
    wf = nf.Workflow("main")
    source, after = wf.add(flow.fan_out, id="fan", branches=["a", "b"], **options), wf.add(note, id="after")
    wf.add(flow.start, id="start") >> source.enter
    meet = wf.add(flow.fan_in, id="join") if join else None
    for name in "ab":
        first, second = wf.add(note, id=f"{name}1"), wf.add(note, id=f"{name}2")
        chain(source[name], first, second)
        if meet is not None:
            second >> meet.enter
    (meet.exit if meet is not None else source.joined) >> after.enter
    return wf


async def stepped(document: Any, **options: Any) -> list[str]:
    """The nodes of all steps, from a closed gate until nothing is left."""
    nodes: list[str] = []
    with trio.fail_after(10_000):
        async with nf.open_run(document, paused=True, **options) as run:
            while (node := await run.step()) is not None:
                nodes.append(node)
            assert run.paused or run.done
            assert (await run.wait()).status == "completed"
    return nodes


@pytest.mark.rule("10.5")
async def test_a_step_is_exactly_one_activation() -> None:
    async with nf.open_run(line(), paused=True) as run:
        for index, name in enumerate(["start", "n1", "n2", "n3"]):
            assert len(run.printed) == max(0, index - 1)
            assert not run.done
            assert await run.step() == name
            assert len(run.printed) == index
        assert await run.step() is None
        assert (await run.wait()).status == "completed"


@pytest.mark.rule("10.5")
async def test_every_round_of_a_loop_is_a_step_of_its_own() -> None:
    wf = nf.Workflow("main")
    loop = wf.add(flow.for_, id="loop", times=2)
    wf.add(flow.start, id="start") >> loop.enter
    loop.body >> wf.add(note, id="body").enter
    loop.exit >> wf.add(note, id="exit").enter
    assert await stepped(wf) == ["start", "loop", "body", "body", "exit"]


@pytest.mark.rule("10.5")
@pytest.mark.parametrize("elide", [True, False])
@pytest.mark.parametrize("join", [True, False])
async def test_steps_come_in_tree_order(elide: bool, join: bool) -> None:
    nodes = await stepped(fan(join), elide=elide)
    behind = ["join", "after"] if join else ["after"]
    assert nodes == ["start", "fan", "a1", "a2", "b1", "b2", *behind]


@pytest.mark.rule("10.5")
async def test_tree_order_puts_what_a_thread_opened_before_the_next_thread() -> None:
    sub = nf.Workflow("sub")
    chain(sub.add(flow.start, id="s_start"), sub.add(note, id="s1"))
    wf = nf.Workflow("main")
    source, batch = wf.add(flow.fan_out, id="fan", branches=["a", "b"]), wf.add(flow.batch, id="batch", items=[1, 2])
    wf.add(flow.start, id="start") >> source.enter
    source["a"] >> batch.enter
    batch.process >> wf.add(flow.gosub, id="call", workflow="sub").enter
    batch.continue_ >> wf.add(note, id="behind").enter
    source["b"] >> wf.add(note, id="b1").enter
    slices = ["call", "s_start", "s1"] * 2
    assert await stepped(nf.Document(wf, sub)) == ["start", "fan", "batch", *slices, "behind", "b1"]


@pytest.mark.rule("10.5")
@pytest.mark.parametrize("elide", [True, False])
async def test_a_chosen_thread_steps(elide: bool) -> None:
    async with nf.open_run(fan(), paused=True, elide=elide) as run:
        assert [await run.step() for _ in range(2)] == ["start", "fan"]
        waiting = [view for view in run.threads() if view.at_gate]
        assert [(view.node, view.index, view.path) for view in waiting] == [
            ("a1", 0, "main/fan[0]"),
            ("b1", 1, "main/fan[1]"),
        ]
        second = waiting[1].id
        assert [await run.step(second), await run.step(second)] == ["b1", "b2"]
        with pytest.raises(nf.WrongCall, match=str(waiting[0].id)):
            await run.step(second)
        assert [await run.step() for _ in range(4)] == ["a1", "a2", "after", None]


@pytest.mark.rule("10.5")
async def test_a_thread_that_does_not_exist_cannot_be_stepped() -> None:
    async with nf.open_run(line(), paused=True) as run:
        with pytest.raises(nf.WrongCall, match="999"):
            await run.step(999)
        run.resume()


@pytest.mark.rule("10.5")
async def test_data_nodes_and_arrivals_are_no_steps() -> None:
    wf = nf.Workflow("main", variables={"x": Variable("int", 1)})
    source, join = wf.add(flow.fan_out, id="fan", branches=["a"]), wf.add(flow.fan_in, id="join", merge="dict")
    wf.add(flow.start, id="start") >> source.enter
    act = wf.add(note, id="act")
    chain(source["a"], act, join)
    to_text, get = wf.add(convert.to_text), wf.add(variables.get, name="x")
    get[variables.get.data_outs[0].name] >> to_text.value
    to_text.result >> act.what
    to_text.result >> join.value
    assert await stepped(wf) == ["start", "fan", "act", "join"]


@pytest.mark.rule("10.5")
async def test_lazy_pulls_are_no_steps() -> None:
    wf = nf.Workflow("main", variables={"x": Variable("bool", True)})
    loop, put = wf.add(flow.while_, id="loop"), wf.add(variables.set_, id="put", name="x", value=False)
    wf.add(flow.start, id="start") >> loop.enter
    loop.body >> put.enter
    wf.add(variables.get, name="x")[variables.get.data_outs[0].name] >> loop.condition
    assert await stepped(wf) == ["start", "loop", "put"]


@pytest.mark.rule("10.5")
async def test_listeners_items_and_entries_stand_at_the_gate_too() -> None:
    @nf.exec_node("t.two")
    async def two(*, n: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
        await n.emit(1)
        await n.emit(2)
        return exit

    wf = nf.Workflow("main", events={"ping": "any"})
    source = wf.add(two, id="source", mode="concurrent")
    chain(wf.add(flow.start, id="one"), source)
    source.on_item >> wf.add(note, id="item").enter
    wf.add(flow.start, id="two") >> wf.add(events.trigger, id="trigger", event="ping").enter
    wf.add(events.listen, id="ear", event="ping") >> wf.add(note, id="heard").enter
    assert await stepped(wf) == ["one", "source", "item", "item", "two", "trigger", "ear", "heard"]


@pytest.mark.rule("10.5")
async def test_a_blocked_thread_does_not_hold_up_a_step(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    source = wf.add(flow.fan_out, id="fan", branches=["a", "b"])
    wf.add(flow.start, id="start") >> source.enter
    chain(source["a"], wf.add(flow.delay, id="sleep", seconds=100.0), wf.add(note, id="a2"))
    chain(source["b"], wf.add(note, id="b1"), wf.add(note, id="b2"))
    async with nf.open_run(wf, paused=True) as run:
        assert [await run.step() for _ in range(5)] == ["start", "fan", "sleep", "b1", "b2"]
        assert await run.step() is None
        assert trio.current_time() == 0
        await trio.sleep(200)
        assert run.printed == ["b1@0", "b2@0"]
        assert await run.step() == "a2"
        assert run.printed[-1] == "a2@200"


@pytest.mark.rule("10.5")
async def test_an_activation_goes_on_to_the_next_gate_behind_what_it_waited_for(autojump_clock: MockClock) -> None:
    """A step waits until all is still, and no longer: the body that sleeps is blocked."""
    wf = nf.Workflow("main")
    chain(wf.add(flow.start, id="start"), wf.add(flow.delay, id="sleep", seconds=1.0), wf.add(note, id="n"))
    async with nf.open_run(wf, paused=True) as run:
        assert [await run.step(), await run.step()] == ["start", "sleep"]
        assert not [view for view in run.threads() if view.at_gate]
        await trio.sleep(2)
        assert [view.node for view in run.threads() if view.at_gate] == ["n"]
        assert await run.step() == "n"


@pytest.mark.rule("10.5")
async def test_pausing_lets_running_bodies_end_and_begins_no_activation(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    loop = wf.add(flow.for_, times=5)
    wf.add(flow.start) >> loop.enter
    chain(loop.body, wf.add(flow.delay, seconds=2.0), wf.add(note, what="round"))
    async with nf.open_run(wf) as run:
        await trio.sleep(3)
        run.pause()
        assert run.paused
        await trio.sleep(10)
        assert run.printed == ["round@2"]
        run.resume()
        assert not run.paused
        result = await run.wait()
    assert result.printed == ["round@2", "round@13", "round@15", "round@17", "round@19"]


@pytest.mark.rule("10.5")
async def test_resume_wakes_every_waiter(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    batch = wf.add(flow.batch, items=list(range(50)), parallel=50)
    wf.add(flow.start) >> batch.enter
    chain(batch.process, wf.add(flow.delay, seconds=1.0), wf.add(note, what="done"))
    async with nf.open_run(wf) as run:
        await trio.sleep(0.5)
        run.pause()
        await trio.sleep(5)
        assert run.printed == []
        assert sum(view.at_gate for view in run.threads()) == 50
        run.resume()
        assert (await run.wait()).printed == ["done@5.5"] * 50


@pytest.mark.rule("10.5")
@pytest.mark.parametrize("elide", [True, False])
async def test_a_loop_of_plain_nodes_that_never_blocks_can_be_paused(elide: bool) -> None:
    wf = nf.Workflow("main")
    loop, source = wf.add(flow.while_, condition=True), wf.add(flow.fan_out, branches=["a"])
    wf.add(flow.start) >> loop.enter
    loop.body >> source.enter
    source["a"] >> wf.add(note, what="round").enter
    async with nf.open_run(wf, elide=elide) as run:
        while len(run.printed) < 10:
            await trio.lowlevel.checkpoint()
        run.pause()
        await wait_all_tasks_blocked()
        count = len(run.printed)
        await wait_all_tasks_blocked()
        assert len(run.printed) == count
        assert await run.step() is not None
        run.cancel()
        assert (await run.wait()).status == "cancelled"


@pytest.mark.rule("10.5")
@pytest.mark.rule("10.3")
async def test_a_run_that_starts_paused_begins_nothing(autojump_clock: MockClock) -> None:
    async with nf.open_run(line(), paused=True) as run:
        await trio.sleep(100)
        assert run.paused
        assert run.printed == []
        assert [view.node for view in run.threads()] == ["start"]
        run.resume()
        assert (await run.wait()).printed == ["n1@100", "n2@100", "n3@100"]


@pytest.mark.rule("10.5")
async def test_the_deadline_goes_on_while_paused(autojump_clock: MockClock) -> None:
    async with nf.open_run(line(), paused=True, limits=nf.Limits(deadline=10)) as run:
        result = await run.wait()
    assert (result.status, result.printed, result.counters["seconds"]) == ("timed_out", [], 10)


def slow() -> nf.Workflow:
    wf = nf.Workflow("main")
    chain(
        wf.add(flow.start), wf.add(flow.delay, seconds=4.0), wf.add(flow.delay, seconds=4.0), wf.add(note, what="end")
    )
    return wf


@pytest.mark.rule("10.5")
@pytest.mark.parametrize(("deadline", "status"), [(10, "completed"), (5, "timed_out")])
async def test_the_deadline_stops_while_paused_if_told_to(
    deadline: float, status: str, autojump_clock: MockClock
) -> None:
    async with nf.open_run(slow(), limits=nf.Limits(deadline=deadline)) as run:
        await trio.sleep(2)
        run.pause(stop_deadline=True)
        run.pause(stop_deadline=True)
        await trio.sleep(100)
        assert not run.done
        run.resume()
        result = await run.wait()
    # 2 s had passed before the pause; the first delay ended during it, the second begins at 102
    assert result.status == status
    assert trio.current_time() == (106 if status == "completed" else 105)


@pytest.mark.rule("10.5")
@pytest.mark.parametrize("kind", ["node", "timeout node"])
async def test_timeouts_in_the_graph_go_on_while_paused(kind: str, autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    attempt = wf.add(flow.try_)
    wf.add(flow.start) >> attempt.enter
    chain(attempt.catch, wf.add(note, id="caught"))
    outer = wf.add(nested, timeout=5.0) if kind == "node" else wf.add(flow.timeout, seconds=5.0)
    if kind != "node":
        chain(outer.expired, wf.add(note, id="caught_here"))
    attempt.body >> outer.enter
    chain(outer.body, wf.add(flow.delay, seconds=1.0), wf.add(note, id="never"))
    async with nf.open_run(wf) as run:
        await trio.sleep(0.5)
        run.pause()
        await trio.sleep(20)
        run.resume()
        result = await run.wait()
    assert result.printed == [f"{'caught' if kind == 'node' else 'caught_here'}@20.5"]


@pytest.mark.rule("10.5")
async def test_a_paused_run_can_be_cancelled(autojump_clock: MockClock) -> None:
    seen: list[Any] = []
    async with nf.open_run(fan(), paused=True, observers=[seen.append]) as run:
        assert [await run.step(), await run.step()] == ["start", "fan"]
        run.cancel("enough")
        result = await run.wait()
        assert await run.step() is None
    assert (result.status, result.printed) == ("cancelled", [])
    ended = [event.outcome for event in seen if isinstance(event, nf.observers.ThreadEnded)]
    assert ended == ["cancelled"] * 3
    assert run._run.machine.at_gate == {}


@pytest.mark.rule("10.5")
@pytest.mark.rule("10.2")
async def test_cleanup_of_a_cancelled_run_is_not_held_at_the_gate(autojump_clock: MockClock) -> None:
    """Nobody resumes a run that was cancelled; its `finally` path runs, or at least ends."""
    wf = nf.Workflow("main")
    attempt = wf.add(flow.try_)
    wf.add(flow.start) >> attempt.enter
    attempt.body >> wf.add(flow.delay, seconds=100.0).enter
    attempt["finally"] >> wf.add(note, id="cleanup").enter
    async with nf.open_run(wf) as run:
        await trio.sleep(1)
        run.pause()
        run.cancel()
        result = await run.wait()
    assert (result.status, result.printed) == ("cancelled", ["cleanup@1"])


@pytest.mark.rule("10.5")
async def test_a_step_after_a_failure_says_that_nothing_is_left() -> None:
    wf = nf.Workflow("main")
    wf.add(flow.start) >> wf.add(flow.fail).enter
    async with nf.open_run(wf, paused=True) as run:
        assert [await run.step() for _ in range(3)] == ["start", "fail", None]
        assert (await run.wait()).status == "failed"


@pytest.mark.rule("10.5")
async def test_stepping_an_open_run_closes_the_gate_first(autojump_clock: MockClock) -> None:
    async with nf.open_run(slow()) as run:
        await trio.sleep(2)
        assert await run.step() is None
        assert run.paused
        await trio.sleep(100)
        assert not run.done
        assert await run.step() == "delay_2"
        run.resume()
    assert trio.current_time() == 106


@pytest.mark.rule("10.5")
async def test_two_who_step_at_once_each_get_one_activation() -> None:
    got: list[str | None] = []
    async with nf.open_run(line(), paused=True) as run:

        async def step() -> None:
            got.append(await run.step())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(step)
            nursery.start_soon(step)
        assert sorted(map(str, got)) in (["n1", "start"], ["None", "start"])
        run.resume()
        assert len((await run.wait()).printed) == 3


@pytest.mark.rule("10.5")
async def test_the_tree_shows_where_a_paused_run_is() -> None:
    async with nf.open_run(fan(), paused=True) as run:
        await run.step()
        await run.step()
        await run.step()
        root = run.tree()
        assert (root.kind, root.threads) == ("ProcessContext", ())
        (main,) = root.children
        assert (main.kind, main.path, [view.node for view in main.threads]) == ("WorkflowContext", "main", ["fan"])
        (inner,) = main.children
        assert (inner.kind, inner.path) == ("FanOutInContext", "main/fan")
        assert [(view.node, view.at_gate) for view in inner.threads] == [("a2", True), ("b1", True)]
        run.resume()
