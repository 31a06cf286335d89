"""Races of branches; a batch whose numbers are made to fit."""

from __future__ import annotations

from typing import Any

import pytest
from trio.testing import MockClock

import nodeflow as nf
from flow_drawing import Link, chained, fail, say, started, tell_time, tidy, wait
from nodeflow.builder import Placed
from nodeflow.library import flow
from nodeflow.testing import Own, try_node


def raced(branches: dict[str, list[Link]], **options: Any) -> nf.Workflow:
    """A race, behind which it says who won and when."""
    return drawn(branches, **options)[0]


def drawn(branches: dict[str, list[Link]], **options: Any) -> tuple[nf.Workflow, Placed]:
    wf, race = started(flow.race, branches=[*branches], **options)
    for name, links in branches.items():
        chained(wf, race[name], *links)
    show = wf.add(clock_of)
    race.joined >> show["enter"]
    race.winner >> show["winner"]
    return wf, race


@nf.exec_node("tests.won")
def clock_of(ctx: nf.NodeContext, winner: str | None) -> None:
    """Say who won, and when."""
    ctx.feedback(f"{winner} won at {ctx.time():g}", "print")


async def test_the_first_to_come_to_its_end_wins(autojump_clock: MockClock) -> None:
    wf = raced({"hare": [wait(3), say("hare")], "tortoise": [wait(1), wait(1), say("tortoise")], "snail": [wait(9)]})
    assert (await nf.run(wf)).printed == ["tortoise", "tortoise won at 2"]


async def test_it_goes_on_when_the_losers_have_cleaned_up(autojump_clock: MockClock) -> None:
    wf = raced({"quick": [wait(1)], "slow": [tidy("slow")], "slower": [wait(0.5), tidy("slower")]})
    printed = (await nf.run(wf)).printed
    assert sorted(printed[:2]) == ["slow tidied", "slower tidied"]
    assert printed[2:] == ["quick won at 1.5"]


async def test_a_loser_inside_of_a_fan_out_is_cancelled_with_all_its_branches(autojump_clock: MockClock) -> None:
    wf, race = drawn({"quick": [wait(1)], "many": []})
    fan = wf.add(flow.fan_out, branches=["a", "b"])
    race["many"] >> fan["enter"]
    chained(wf, fan["a"], tidy("a"))
    chained(wf, fan["b"], tidy("b"))
    printed = (await nf.run(wf)).printed
    assert sorted(printed[:2]) == ["a tidied", "b tidied"]
    assert printed[2:] == ["quick won at 1.5"]


async def test_a_branch_that_is_not_connected_does_not_take_part(autojump_clock: MockClock) -> None:
    assert (await nf.run(raced({"nobody": [], "somebody": [wait(5)]}))).printed == ["somebody won at 5"]


async def test_a_race_of_nobody_has_no_winner(autojump_clock: MockClock) -> None:
    assert (await nf.run(raced({"a": [], "b": []}))).printed == ["None won at 0"]


async def test_a_branch_that_fails_first_fails_the_race(autojump_clock: MockClock) -> None:
    with pytest.raises(nf.RunFailed, match="lame") as caught:
        await nf.run(raced({"bad": [wait(1), fail("lame")], "slow": [tidy("slow")]}))
    assert caught.value.result.printed == ["slow tidied"]


async def test_a_failure_after_somebody_has_won_does_not_count(autojump_clock: MockClock) -> None:
    wf = raced({"bad": [wait(2), fail("lame")], "good": [wait(1)]})
    assert (await nf.run(wf)).printed == ["good won at 1"]


async def test_under_collect_a_failed_branch_is_out_of_the_race(autojump_clock: MockClock) -> None:
    wf = raced({"bad": [fail("lame")], "good": [wait(1)]}, errors="collect")
    assert (await nf.run(wf)).printed == ["good won at 1"]
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(raced({"bad": [fail("lame")], "worse": [fail("blind")]}, errors="collect"))
    group = caught.value.__cause__
    assert isinstance(group, ExceptionGroup)
    assert [str(part.__cause__) for part in group.exceptions] == ["lame", "blind"]


async def test_a_loser_whose_cleanup_fails_fails_the_race(autojump_clock: MockClock) -> None:
    @nf.exec_node("tests.spiteful")
    async def spiteful(ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            await ctx.sleep(99)
        finally:
            raise ValueError("not without me")
        return exit

    with pytest.raises(nf.RunFailed, match="not without me"):
        await nf.run(raced({"quick": [wait(1)], "bad": [(spiteful, {})]}))


async def test_behind_a_race_a_fan_in_gets_what_the_winner_brought(autojump_clock: MockClock) -> None:
    wf, race = started(flow.race, branches=["a", "b"])
    join, show = wf.add(flow.fan_in, merge="dict"), wf.add(flow.print)
    for name, seconds in (("a", 2.0), ("b", 1.0)):
        arrived = chained(wf, race[name], wait(seconds))
        assert arrived is not None
        arrived >> join["enter"]
        given = wf.add(flow_value, value=seconds)
        given.result >> join[name]
    join.exit >> show["enter"]
    join.merged >> show["value"]
    race.winner >> show["label"]
    assert (await nf.run(wf)).printed == ['b: {"b":1}']


@nf.data_node("tests.value")
def flow_value(value: Any = None) -> Any:
    return value


async def test_branches_that_cannot_block_race_too(elide: bool) -> None:
    wf = raced({name: [say(name)] for name in "abc"})
    result = await nf.run(wf, elide=elide)
    assert result.value("race", "winner") in result.printed


async def test_a_race_in_a_loop_has_a_winner_each_time(autojump_clock: MockClock) -> None:
    wf, loop = started(flow.for_, times=3)
    race, show = wf.add(flow.race, branches=["a", "b"]), wf.add(flow.print)
    loop.body >> race["enter"]
    chained(wf, race["a"], wait(1))
    chained(wf, race["b"], tidy("b"))
    race.joined >> show["enter"]
    race.winner >> show["value"]
    assert (await nf.run(wf)).printed == ["b tidied", "a"] * 3


def test_a_race_needs_a_known_way_with_errors() -> None:
    with pytest.raises(nf.InvalidDocument, match="'fail_fast' or 'collect', not 'ignore'"):
        try_node(flow.race, branches=["a"], errors="ignore")


# --- batch --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, -3])
def test_numbers_below_one_may_count_as_one(number: int) -> None:
    with pytest.raises(ValueError, match="`parallel` must be at least 1"):
        try_node(flow.batch, items=["a", "b"], parallel=number)
    tried = try_node(flow.batch, items=["a", "b"], parallel=number, size=number, at_least_one=True, result=Own("item"))
    assert tried.outputs["results"] == ["a", "b"]


async def test_a_batch_of_one_at_once_is_one_after_the_other(autojump_clock: MockClock) -> None:
    wf, batch = started(flow.batch, items=[1, 2, 3], parallel=0, at_least_one=True)
    chained(wf, batch.process, wait(1), tell_time())
    assert (await nf.run(wf)).printed == ["@1", "@2", "@3"]
