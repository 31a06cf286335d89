"""Races (`open_scope(first=n)`) and waiting for a shared state (`ctx.wait`): 4.7, 6.5."""

from __future__ import annotations

import pytest
import trio

import nodeflow as nf
from nodeflow.errors import FanInIncomplete, WrongCall
from nodeflow.library import flow
from nodeflow.observers import StateSet


@nf.exec_node("races.race", shield=False)
async def race(
    ctx: nf.NodeContext,
    branches: nf.Option[list[str]],
    first: nf.Option[int] = 1,
    errors: nf.Option[str] = "fail_fast",
    *,
    branch: nf.Ports[nf.Branch] = nf.ports_from("branches"),
    finished: nf.Out[list[int]],
    joined: nf.ExecOut,
) -> nf.ExecOut:
    async with ctx.open_scope(first=first, errors=errors) as scope:
        for output in branch.values():
            scope.start(output)
    finished.set(scope.finished)
    return joined


def raced(*chains, first=1, errors="fail_fast", names="abcdef", after=None):
    """A race whose branches are chains of (node type, literals)."""
    wf = nf.Workflow("main")
    start = wf.add(flow.start)
    names = list(names[: len(chains)])
    node = wf.add(race, branches=names, first=first, errors=errors)
    start.exit >> node.enter
    for name, chain in zip(names, chains, strict=True):
        before = node[name]
        for kind, literals in chain:
            placed = wf.add(kind, **literals)
            before >> placed.enter
            before = placed["exit"] if kind is not flow.fail else None
    behind = after and wf.add(after, text="behind")
    show = wf.add(flow.print)
    if after:
        node.joined >> behind.enter
        behind.exit >> show.enter
    else:
        node.joined >> show.enter
    node.finished >> show.value
    return wf


def wait(seconds):
    return (flow.delay, {"seconds": seconds})


def say(text):
    return (flow.print, {"value": text})


@pytest.mark.rule("6.5")
async def test_the_first_to_end_cancels_the_others(autojump_clock) -> None:
    wf = raced([wait(3), say("slow")], [wait(1), say("quick")], [wait(2), say("middling")])
    assert (await nf.run(wf)).printed == ["quick", "[1]"]
    assert trio.current_time() == 1


@pytest.mark.rule("6.5")
async def test_a_race_for_the_first_two(autojump_clock) -> None:
    wf = raced([wait(3)], [wait(1)], [wait(2)], first=2)
    assert (await nf.run(wf)).printed == ["[1,2]"]


async def test_losers_have_ended_before_it_goes_on(autojump_clock) -> None:
    log: list[str] = []

    @nf.exec_node("races.tidy")
    async def tidy(ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            await ctx.sleep(10)
        finally:
            await trio.sleep(0.5)
            log.append("tidied")
        return exit

    @nf.exec_node("races.note")
    def note(text: str) -> None:
        log.append(text)

    await nf.run(raced([(tidy, {})], [wait(1)], after=note))
    assert log == ["tidied", "behind"]


async def test_a_branch_that_fails_fails_the_race(autojump_clock) -> None:
    wf = raced([wait(2)], [wait(1), (flow.fail, {"message": "lame"})])
    with pytest.raises(nf.RunFailed, match="lame"):
        await nf.run(wf)


async def test_under_collect_a_failed_branch_is_out_of_the_race(autojump_clock) -> None:
    wf = raced([wait(2)], [(flow.fail, {"message": "lame"})], errors="collect")
    assert (await nf.run(wf)).printed == ["[0]"]


async def test_a_race_that_nobody_wins_fails_with_what_they_failed_with() -> None:
    wf = raced([(flow.fail, {"message": "lame"})], [(flow.fail, {"message": "blind"})], errors="collect")
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf)
    assert [str(part.__cause__) for part in caught.value.__cause__.exceptions] == ["lame", "blind"]


async def test_a_race_of_nobody_goes_on() -> None:
    assert (await nf.run(raced([], []))).printed == ["[]"]


@pytest.mark.parametrize("elide", [True, False])
async def test_branches_that_cannot_block_race_too(elide: bool) -> None:
    result = await nf.run(raced([say("a")], [say("b")], [say("c")]), elide=elide)
    assert len(result.printed) >= 2
    winner = result.value("race", "finished")
    assert len(winner) == 1


async def test_with_a_fan_in_behind_the_first_to_arrive_wins(autojump_clock) -> None:
    wf = nf.Workflow("main")
    start = wf.add(flow.start)
    node = wf.add(race, branches=["a", "b"])
    join = wf.add(flow.fan_in)
    show = wf.add(flow.print)
    start.exit >> node.enter
    for name, seconds in (("a", 2.0), ("b", 1.0)):
        delay = wf.add(flow.delay, seconds=seconds)
        node[name] >> delay.enter
        delay.exit >> join.enter
    join.exit >> show.enter
    node.finished >> show.value
    assert (await nf.run(wf)).printed == ["[1]"]
    assert trio.current_time() == 1


async def test_first_must_be_at_least_one() -> None:
    with pytest.raises(nf.RunFailed, match="`first` must be at least 1, not 0"):
        await nf.run(raced([], first=0))


# --- waiting for a state ------------------------------------------------------------------------------


@nf.exec_node("races.turnstile", shield=False)
async def turnstile(
    ctx: nf.NodeContext,
    free: nf.SharedState[int] = nf.initially(2),
    *,
    body: nf.ExecOut,
    exit: nf.ExecOut,
) -> nf.ExecOut:
    await ctx.wait(free, lambda n: n > 0)
    free.update(lambda n: n - 1)
    try:
        await body()
    finally:
        free.update(lambda n: n + 1)
    return exit


def crowd(people: int, *, seconds: float = 1.0):
    wf = nf.Workflow("main")
    start = wf.add(flow.start)
    batch = wf.add(flow.batch, items=list(range(people)), parallel=people)
    gate = wf.add(turnstile)
    delay = wf.add(flow.delay, seconds=seconds)
    start.exit >> batch.enter
    batch.process >> gate.enter
    gate.body >> delay.enter
    return wf


@pytest.mark.rule("4.7")
async def test_who_waits_for_a_state_goes_on_when_it_is_written(autojump_clock) -> None:
    states: list[int] = []

    def watch(event: object) -> None:
        if isinstance(event, StateSet):
            assert event.node == "turnstile"
            assert event.state == "free"
            states.append(event.value)

    await nf.run(crowd(7), observers=[watch])
    assert trio.current_time() == 4  # seven people, two at a time
    assert min(states) == 0
    assert states[-1] == 2
    assert len(states) == 14


async def test_a_waiting_thread_that_is_cancelled_is_forgotten(autojump_clock) -> None:
    wf = crowd(3, seconds=10)
    with pytest.raises(nf.RunTimedOut):
        await nf.run(wf, limits=nf.Limits(deadline=1))


async def test_only_a_shared_state_can_be_waited_for() -> None:
    @nf.exec_node("races.odd")
    async def odd(ctx: nf.NodeContext, mine: nf.State[int] = nf.initially(0)) -> None:
        await ctx.wait(mine, lambda n: n > 0)

    wf = nf.Workflow("main")
    wf.add(flow.start).exit >> wf.add(odd).enter
    with pytest.raises(
        nf.RunFailed, match="a body waits for a shared state of its own node; 'mine' is none"
    ) as caught:
        await nf.run(wf)
    assert isinstance(caught.value.__cause__.__cause__, WrongCall)


async def test_a_race_with_a_fan_in_that_too_few_reach(autojump_clock) -> None:
    wf = nf.Workflow("main")
    start = wf.add(flow.start)
    node = wf.add(race, branches=["a", "b"])
    join = wf.add(flow.fan_in)
    start.exit >> node.enter
    done = wf.add(flow.delay, seconds=1.0)
    node.a >> done.enter
    skip = wf.add(flow.if_, condition=False)
    done.exit >> skip.enter
    skip.true >> join.enter
    other = wf.add(flow.delay, seconds=1.0)
    node.b >> other.enter
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf)
    assert isinstance(caught.value.__cause__.__cause__, FanInIncomplete)


async def test_the_clock_of_a_run(autojump_clock) -> None:
    seen: list[float] = []

    @nf.exec_node("races.clock")
    async def clock(ctx: nf.NodeContext) -> None:
        before = ctx.time()
        await ctx.sleep(2.5)
        seen.append(ctx.time() - before)

    wf = nf.Workflow("main")
    wf.add(flow.start).exit >> wf.add(clock).enter
    await nf.run(wf)
    assert seen == [2.5]
