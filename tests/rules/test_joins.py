"""Join policies, and what is missing behind them (semantics 6.5 and 6.6)."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from tree_kit import (
    Log,
    boom,
    codes,
    failures,
    fan,
    finish,
    give,
    giving,
    go,
    merged,
    mess,
    messages,
    nap,
    say,
    started,
    tidy,
    told,
)

import nodeflow as nf
from nodeflow.library import flow

both = pytest.mark.parametrize("elide", [True, False], ids=["elide", "nurseries"])


# --- 6.5: join policies ---


@pytest.mark.rule("6.5")
@both
async def test_any_hands_on_exactly_the_first_arrival(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    wf = giving("a", "b", "c", naps=(5, 2, 9), join="any")
    before = trio.current_time()
    assert (await go(wf, elide)).outputs["all"] == ["b"]
    assert trio.current_time() - before == 2


@pytest.mark.rule("6.5")
@both
async def test_a_quorum_hands_on_exactly_the_first_n_in_branch_order(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    wf = giving("a", "b", "c", "d", naps=(5, 2, 9, 1), join={"quorum": 3}, merge="dict")
    before = trio.current_time()
    assert (await go(wf, elide)).outputs["all"] == {"b0": "a", "b1": "b", "b3": "d"}
    assert trio.current_time() - before == 5


@pytest.mark.rule("6.5")
@both
@pytest.mark.parametrize("join", ["any", {"quorum": 2}])
async def test_arrivals_at_the_very_same_time_are_still_exactly_n(elide: bool, join: Any) -> None:
    """Branches that never block arrive in one go: no more than n are handed on."""
    result = await go(giving("a", "b", "c", "d", join=join), elide)
    assert len(result.outputs["all"]) == (1 if join == "any" else 2)


@pytest.mark.rule("6.5")
@both
async def test_losers_have_cleaned_up_before_the_opener_goes_on(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        fo["win"] >> wf.add(nap, seconds=1) >> wf.add(say, line="arrives") >> fi
        fo["lose"] >> wf.add(tidy, name="loser", cleanup=3) >> fi
        inner = wf.add(flow.fan_out, id="inner", branches=["x"])
        fo["deep"] >> inner
        inner["x"] >> wf.add(tidy, name="deep", cleanup=2)
        fi >> wf.add(say, line="behind")

    log = Log()
    before = trio.current_time()
    result = await go(merged(wires, "win", "lose", "deep", join="any"), elide, services=[log])
    assert result.completed
    assert log.lines[0] == "arrives"
    assert log.lines[-1] == "behind"
    assert sorted(log.lines[1:-1]) == [
        "deep begins cleanup", "deep cleaned up", "loser begins cleanup", "loser cleaned up",
    ]  # fmt: skip
    assert trio.current_time() - before == 4


@pytest.mark.rule("6.5")
@both
async def test_a_loser_whose_cleanup_fails_fails_the_join(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        fo["win"] >> wf.add(nap, seconds=1) >> fi
        fo["lose"] >> wf.add(mess, id="messy", message="spilt") >> fi
        fi >> wf.add(say, line="behind")

    log = Log()
    result = await go(merged(wires, "win", "lose", join="any"), elide, services=[log])
    (failure,) = failures(result.error)
    assert (failure.node, failure.context_path, str(failure.__cause__)) == ("messy", "main/fan[1]", "spilt")
    assert log.lines == []


@pytest.mark.rule("6.5")
@both
async def test_the_arrival_that_satisfies_cancels_the_rest_of_its_own_branch(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    """What would have run behind the arrival, in a step of its own branch, does not: also where nothing blocks."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        steps = wf.add(flow.sequence, steps=["one", "two"])
        fo["win"] >> steps
        steps["one"] >> fi
        steps["two"] >> wf.add(say, line="rest")

    log = Log()
    result = await go(merged(wires, "win", join="any"), elide, services=[log])
    assert result.completed
    assert log.lines == []


@pytest.mark.rule("6.5")
@both
async def test_a_quorum_of_all_waits_for_no_more_than_arrivals(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """With all arrived, what waits in the branches still is cancelled: the join is satisfied by arrivals."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        for name in "ab":
            steps = wf.add(flow.sequence, steps=["one", "two"])
            fo[name] >> steps
            steps["one"] >> fi
            steps["two"] >> wf.add(nap, seconds=100)

    before = trio.current_time()
    assert (await go(merged(wires, "a", "b", join={"quorum": 2}), elide)).outputs["all"] == [None, None]
    assert trio.current_time() == before


@pytest.mark.rule("6.5")
@both
async def test_what_is_outside_the_race_is_not_cancelled(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """T2 seen from a join: only the context of the fan-out is cancelled, not the branch of the outer one."""
    wf, start = started(outputs={"all": "any"})
    outer, meet = fan(wf, "race", "other", id="outer", join_id="meet")
    inner, first = fan(wf, "x", "y", id="inner", join_id="first", join="any")
    start >> outer
    outer["race"] >> inner
    quick = wf.add(nap, seconds=1, value="x")
    inner["x"] >> quick >> first
    quick.out >> first["x"]
    inner["y"] >> wf.add(nap, seconds=99) >> first
    first >> meet
    first.merged >> meet["race"]
    slow = wf.add(nap, seconds=10, value="other")
    outer["other"] >> slow >> meet
    slow.out >> meet["other"]
    finish(wf, meet, all=meet.merged)
    assert (await go(wf, elide)).outputs["all"] == [["x"], "other"]


@pytest.mark.rule("6.5")
@both
async def test_a_quorum_below_one_or_above_what_can_arrive_is_rejected(elide: bool) -> None:
    for quorum in (0, 3):
        wf = giving(1, 2, join={"quorum": quorum})
        assert str(quorum) in told(wf, "NF408")


@pytest.mark.rule("6.5")
@both
async def test_a_branch_in_the_queue_of_a_satisfied_join_is_not_begun(elide: bool) -> None:
    wf, start = started(outputs={"all": "any"})
    fo, fi = fan(wf, "a", "b", join="any", parallel=1)
    start >> fo
    fo["a"] >> wf.add(say, line="a") >> fi
    fo["b"] >> wf.add(say, line="b") >> fi
    finish(wf, fi, all=fi.merged)
    log = Log()
    result = await go(wf, elide, services=[log])
    assert log.lines == ["a"]
    assert result.outputs["all"] == [None]


# --- 6.6: what is missing ---


def _incomplete(**options: Any) -> nf.Workflow:
    """Branch `a` arrives, `b` ends at `dead_end`, `c` returns at `leave`."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        value = wf.add(give, value="a")
        fo["a"] >> value >> fi
        value.result >> fi["a"]
        choose = wf.add(flow.if_, condition=False)
        fo["b"] >> choose
        choose.true >> fi
        choose.false >> wf.add(give, id="dead_end")
        other = wf.add(flow.if_, condition=False)
        fo["c"] >> other
        other.true >> fi
        other.false >> wf.add(flow.return_, id="leave")

    return merged(wires, "a", "b", "c", **options)


@pytest.mark.rule("6.6")
@both
async def test_missing_branches_are_named_with_where_they_ended(elide: bool) -> None:
    result = await go(_incomplete(), elide)
    (failure,) = failures(result.error)
    assert isinstance(failure.__cause__, nf.FanInIncomplete)
    said = str(failure.__cause__)
    assert all(repr(part) in said for part in ("b", "dead_end", "c", "leave"))
    assert "'a'" not in said


@pytest.mark.rule("6.6")
@both
async def test_missing_skip_leaves_it_out_and_none_fills_it(elide: bool) -> None:
    assert (await go(_incomplete(missing="skip"), elide)).outputs["all"] == ["a"]
    assert (await go(_incomplete(missing="none"), elide)).outputs["all"] == ["a", None, None]
    assert (await go(_incomplete(missing="none", merge="dict"), elide)).outputs["all"] == {
        "a": "a", "b": None, "c": None,
    }  # fmt: skip


@pytest.mark.rule("6.6")
@both
@pytest.mark.parametrize(("missing", "expected"), [("skip", []), ("none", [None, None])])
async def test_all_branches_may_be_missing(elide: bool, missing: str, expected: list[Any]) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        for name in "ab":
            choose = wf.add(flow.if_, condition=False)
            fo[name] >> choose
            choose.true >> fi

    assert (await go(merged(wires, "a", "b", missing=missing), elide)).outputs["all"] == expected
    result = await go(merged(wires, "a", "b"), elide)
    said = messages(result.error)[0]
    assert "'a'" in said
    assert "'b'" in said


@pytest.mark.rule("6.6")
@both
async def test_dead_ends_do_not_matter_to_any_and_quorum_while_enough_arrive(elide: bool) -> None:
    assert (await go(_incomplete(join="any"), elide)).outputs["all"] == ["a"]
    result = await go(_incomplete(join={"quorum": 2}), elide)
    (failure,) = failures(result.error)
    assert isinstance(failure.__cause__, nf.FanInIncomplete)
    assert "2" in str(failure.__cause__)
    assert "dead_end" in str(failure.__cause__)


@pytest.mark.rule("6.6")
@both
@pytest.mark.parametrize("missing", ["skip", "none"])
async def test_no_missing_policy_makes_up_for_arrivals_that_a_quorum_lacks(elide: bool, missing: str) -> None:
    result = await go(_incomplete(join={"quorum": 3}, missing=missing), elide)
    assert isinstance(failures(result.error)[0].__cause__, nf.FanInIncomplete)


def _twice(**options: Any) -> nf.Workflow:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        loop = wf.add(flow.for_, times=3)
        fo["a"] >> loop
        loop.body >> fi
        loop.index >> fi["a"]
        fo["b"] >> fi

    return merged(wires, "a", "b", **options)


@pytest.mark.rule("6.6")
@both
async def test_arriving_twice_is_an_error_of_the_fan_in(elide: bool) -> None:
    result = await go(_twice(), elide)
    (failure,) = failures(result.error)
    assert failure.node == "join"
    assert "'a'" in str(failure.__cause__)
    assert "arrivals" in str(failure.__cause__), "says how to allow it"


@pytest.mark.rule("6.6")
@both
async def test_arrivals_many_contributes_the_list_of_a_branchs_arrivals(elide: bool) -> None:
    """Also of one that arrives once, so that the reader need not look."""
    result = await go(_twice(arrivals="many", merge="dict"), elide)
    assert result.outputs["all"] == {"a": [0, 1, 2], "b": [None]}


@pytest.mark.rule("6.6")
@both
async def test_under_arrivals_many_a_quorum_counts_arrivals(elide: bool) -> None:
    """The branch is cut off by the arrival that satisfies the join, its own further rounds included."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        loop = wf.add(flow.for_, times=100)
        fo["a"] >> loop
        loop.body >> fi
        loop.index >> fi["a"]

        fo["b"] >> wf.add(flow.for_, times=0)

    wf = merged(wires, "a", "b", join={"quorum": 2}, arrivals="many")
    assert (await go(wf, elide)).outputs["all"] == [[0, 1]]


@pytest.mark.rule("6.6")
@both
async def test_under_arrivals_many_a_quorum_may_be_larger_than_the_number_of_branches(elide: bool) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        loop = wf.add(flow.for_, times=100)
        fo["a"] >> loop
        loop.body >> fi
        loop.index >> fi["a"]

    wf = merged(wires, "a", join={"quorum": 3}, arrivals="many")
    assert codes(wf) == [], "one branch may arrive three times"
    assert (await go(wf, elide)).outputs["all"] == [[0, 1, 2]]


@pytest.mark.rule("6.6")
@both
async def test_a_branch_that_fails_after_arriving_has_failed(elide: bool) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        steps = wf.add(flow.sequence, steps=["one", "two"])
        fo["a"] >> steps
        steps["one"] >> fi
        steps["two"] >> wf.add(flow.fail, message="afterwards")

    assert messages((await go(merged(wires, "a"), elide)).error) == ["afterwards"]

    def collected(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        wires(wf, fo, fi)
        fo["b"] >> fi
        show = wf.add(flow.print)
        fi >> show
        fi.errors >> show.value

    result = await go(merged(collected, "a", "b", errors="collect", merge="dict"), elide)
    assert result.outputs["all"] == {"b": None}
    assert result.printed == ['["afterwards"]']


@pytest.mark.rule("6.6")
@both
async def test_a_return_in_a_branch_ends_it_and_it_has_not_arrived(elide: bool) -> None:
    """It sets the workflow's outputs all the same (2.7), and the other branches go on."""
    wf, start = started(outputs={"early": "int", "all": "any"})
    fo, fi = fan(wf, "a", "b", missing="skip")
    start >> fo
    choose = wf.add(flow.if_, condition=True)
    fo["a"] >> choose
    choose.true >> wf.add(flow.return_, early=7)
    choose.false >> fi
    value = wf.add(give, value="b")
    fo["b"] >> value >> fi
    value.result >> fi["b"]
    finish(wf, fi, all=fi.merged)
    assert (await go(wf, elide)).outputs == {"early": 7, "all": ["b"]}


@pytest.mark.rule("6.6")
@both
async def test_a_return_unwinds_what_waits_in_the_branch_only(elide: bool) -> None:
    wf, start = started(outputs={"r": "int"})
    loop, fo = wf.add(flow.for_, times=3), wf.add(flow.fan_out, branches=["a"])
    inside, guard = wf.add(flow.for_, times=100), wf.add(flow.try_)
    start >> loop
    loop.body >> fo
    fo["a"] >> guard
    guard.body >> inside
    inside.body >> wf.add(say, line="in") >> wf.add(flow.return_, r=1)
    guard.finally_ >> wf.add(say, line="finally")
    guard.exit >> wf.add(say, line="never")
    fo.joined >> wf.add(say, line="joined")
    log = Log()
    result = await go(wf, elide, services=[log])
    assert log.lines == ["in", "finally", "joined"] * 3
    assert result.outputs == {"r": 1}


@pytest.mark.rule("6.6")
@both
async def test_nothing_is_lost_where_failing_and_missing_meet(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """Errors outrank what is only missing: the error is raised, not `FanInIncomplete`."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        fo["a"] >> wf.add(give)
        fo["b"] >> wf.add(boom, seconds=1, message="real") >> fi

    assert messages((await go(merged(wires, "a", "b"), elide)).error) == ["real"]


@pytest.mark.rule("6.6")
@both
async def test_an_incomplete_join_can_be_caught(elide: bool) -> None:
    wf, start = started()
    guard = wf.add(flow.try_, catches=["FanInIncomplete"])
    fo, fi = fan(wf, "a", "b")
    start >> guard
    guard.body >> fo
    fo["a"] >> fi
    fo["b"] >> wf.add(give)
    guard.catch >> wf.add(say, line="caught")
    log = Log()
    assert (await go(wf, elide, services=[log])).completed
    assert log.lines == ["caught"]

