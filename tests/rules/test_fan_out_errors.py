"""Failing branches: fail fast, groups in tree order, collect (semantics 6.8)."""

from __future__ import annotations

import pytest
import trio
from tree_kit import (
    Log,
    boom,
    fails,
    failures,
    fan,
    finish,
    give,
    go,
    nap,
    say,
    started,
    tidy,
    told,
)

import nodeflow as nf
from nodeflow.library import flow

both = pytest.mark.parametrize("elide", [True, False], ids=["elide", "nurseries"])


# --- 6.8: errors ---


@pytest.mark.rule("6.8")
@both
async def test_fail_fast_cancels_the_siblings_and_raises_the_one_error_as_itself(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    wf, start = started()
    fo, fi = fan(wf, "a", "bad", "c")
    start >> fo
    fo["a"] >> wf.add(nap, seconds=1000) >> fi
    fo["bad"] >> wf.add(boom, id="bomb", seconds=2, message="burst") >> fi
    fo["c"] >> wf.add(tidy, name="c", cleanup=3) >> fi
    fi >> wf.add(say, line="behind")
    log = Log()
    before = trio.current_time()
    result = await go(wf, elide, services=[log])
    (failure,) = failures(result.error)
    assert (failure.node, failure.context_path, str(failure.__cause__)) == ("bomb", "main/fan[1]", "burst")
    assert log.lines == ["c begins cleanup", "c cleaned up"]
    assert trio.current_time() - before == 5


@pytest.mark.rule("6.8")
@both
async def test_several_errors_are_one_flat_group_in_tree_order(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """The errors of cleanups come too; the order is that of the branches, not of the clock."""
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["a", "b", "c"])
    inner = wf.add(flow.fan_out, id="inner", branches=["x", "y"])
    start >> fo
    fo["a"] >> wf.add(_fails_late, message="a", cleanup=3)
    fo["b"] >> inner
    inner["x"] >> wf.add(_fails_late, message="bx", cleanup=2)
    inner["y"] >> wf.add(_fails_late, message="by", cleanup=1)
    fo["c"] >> wf.add(boom, seconds=1, message="c")
    result = await go(wf, elide)
    assert isinstance(result.error, ExceptionGroup)
    assert [str(f.__cause__) for f in failures(result.error)] == ["a", "bx", "by", "c"]


@nf.exec_node("fo.fails_late")
async def _fails_late(ctx: nf.NodeContext, message: str = "", cleanup: float = 1.0) -> None:
    """Wait for ever, and fail a while after having been cancelled."""
    try:
        await ctx.sleep(1e6)
    finally:
        await ctx.sleep(cleanup)
        raise ValueError(message)


@pytest.mark.rule("6.8")
@both
async def test_a_failure_among_sleepers_is_caught_by_a_try_around(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    wf, start = started()
    guard = wf.add(flow.try_)
    fo = wf.add(flow.fan_out, branches=["a", "b"])
    start >> guard
    guard.body >> fo
    fo["a"] >> wf.add(nap, seconds=500)
    fo["b"] >> wf.add(flow.fail, message="no")
    show = wf.add(flow.print)
    guard.catch >> show
    guard.error >> show.value
    guard.exit >> wf.add(say, line="on")
    log = Log()
    before = trio.current_time()
    result = await go(wf, elide, services=[log])
    assert result.completed
    assert result.printed == ["no"]
    assert log.lines == ["on"]
    assert trio.current_time() == before


@pytest.mark.rule("6.8")
@both
@pytest.mark.parametrize("nested", ["fan", "batch", "gosub"])
async def test_a_failure_inside_a_context_of_a_branch_comes_out_as_itself(elide: bool, nested: str) -> None:
    wf, start = started()
    sub, sub_start = started(name="sub")
    sub_start >> sub.add(flow.fail, id="bad", message="deep")
    fo = wf.add(flow.fan_out, branches=["a", "b"])
    start >> fo
    fo["a"] >> wf.add(give)
    if nested == "gosub":
        fo["b"] >> wf.add(flow.gosub, workflow="sub")
    else:
        inner = wf.add(flow.fan_out, branches=["x"]) if nested == "fan" else wf.add(flow.batch, items=[1])
        fo["b"] >> inner
        (inner["x"] if nested == "fan" else inner.process) >> wf.add(flow.fail, id="bad", message="deep")
    result = await go(nf.Document(wf, sub), elide)
    (failure,) = failures(result.error)
    assert (failure.node, str(failure.__cause__)) == ("bad", "deep")


@pytest.mark.rule("6.8")
@both
async def test_collect_lists_the_errors_in_branch_order(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """The branches fail in the opposite order; the others run to their end and contribute."""
    wf, start = started(outputs={"all": "list", "errors": "list"})
    fo, fi = fan(wf, "a", "b", "c", "d", errors="collect")
    start >> fo
    for name, seconds in (("a", 3), ("c", 2), ("d", 1)):
        fo[name] >> wf.add(boom, seconds=seconds, message=name) >> fi
    value = wf.add(nap, seconds=9, value="b")
    fo["b"] >> value >> fi
    value.out >> fi["b"]
    finish(wf, fi, all=fi.merged, errors=fi.errors)
    result = await go(wf, elide)
    assert result.outputs == {"all": ["b"], "errors": ["a", "c", "d"]}


@pytest.mark.rule("6.8")
@both
async def test_collect_when_all_fail(elide: bool) -> None:
    wf, start = started(outputs={"all": "list", "errors": "list"})
    fo, fi = fan(wf, "a", "b", errors="collect")
    start >> fo
    fo["a"] >> wf.add(fails, message="one") >> fi
    fo["b"] >> wf.add(fails, message="two") >> fi
    finish(wf, fi, all=fi.merged, errors=fi.errors)
    result = await go(wf, elide)
    assert result.outputs == {"all": [], "errors": ["one", "two"]}


@pytest.mark.rule("6.8")
@both
async def test_collect_fills_the_place_of_a_failed_branch_with_missing_none(elide: bool) -> None:
    wf, start = started(outputs={"all": "list", "errors": "list"})
    fo, fi = fan(wf, "a", "b", errors="collect", missing="none")
    value = wf.add(give, value=2)
    start >> fo
    fo["a"] >> wf.add(fails, message="one") >> fi
    fo["b"] >> value >> fi
    value.result >> fi["b"]
    finish(wf, fi, all=fi.merged, errors=fi.errors)
    result = await go(wf, elide)
    assert result.outputs == {"all": [None, 2], "errors": ["one"]}


@pytest.mark.rule("6.8")
@both
async def test_under_collect_a_branch_that_ends_without_failing_is_still_missing(elide: bool) -> None:
    """`collect` excuses failed branches only: a dead end is `FanInIncomplete`, and names just that one."""
    wf, start = started()
    fo, fi = fan(wf, "bad", "dead", "good", errors="collect")
    start >> fo
    fo["bad"] >> wf.add(fails, message="one") >> fi
    fo["dead"] >> wf.add(give, id="end_of_dead")
    fo["good"] >> fi
    result = await go(wf, elide)
    (failure,) = failures(result.error)
    assert isinstance(failure.__cause__, nf.FanInIncomplete)
    assert "dead" in str(failure.__cause__)
    assert "end_of_dead" in str(failure.__cause__)
    assert "good" not in str(failure.__cause__)


@pytest.mark.rule("6.8")
@both
@pytest.mark.parametrize("join", ["all", "any", {"quorum": 2}])
async def test_fail_fast_is_the_default_of_every_join(
    elide: bool, join: object, autojump_clock: trio.abc.Clock
) -> None:
    """A branch that fails before the join is satisfied fails it, whatever its policy."""
    wf, start = started()
    fo, fi = fan(wf, "a", "b", "c", join=join)
    start >> fo
    fo["a"] >> wf.add(nap, seconds=5) >> fi
    fo["b"] >> wf.add(boom, seconds=1, message="early") >> fi
    fo["c"] >> wf.add(nap, seconds=5) >> fi
    result = await go(wf, elide)
    assert [str(f.__cause__) for f in failures(result.error)] == ["early"]


@pytest.mark.rule("6.8")
@both
async def test_collect_under_any_goes_on_with_the_first_that_arrives(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    wf, start = started(outputs={"all": "list", "errors": "list"})
    fo, fi = fan(wf, "a", "b", "c", errors="collect", join="any")
    value = wf.add(nap, seconds=3, value="b")
    start >> fo
    fo["a"] >> wf.add(boom, seconds=1, message="early") >> fi
    fo["b"] >> value >> fi
    value.out >> fi["b"]
    fo["c"] >> wf.add(nap, seconds=9) >> fi
    finish(wf, fi, all=fi.merged, errors=fi.errors)
    result = await go(wf, elide)
    assert result.outputs == {"all": ["b"], "errors": ["early"]}


@pytest.mark.rule("6.8")
@both
async def test_an_errors_option_that_is_unknown_is_rejected(elide: bool) -> None:
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["a"], errors="ignore")
    start >> fo
    fo["a"] >> wf.add(give)
    assert "ignore" in told(wf, "NF408")


@pytest.mark.rule("6.8")
@both
async def test_collect_without_a_fan_in_does_not_lose_errors_silently(elide: bool) -> None:
    """A fork-join has no `errors` output: that it collects must be told, or its errors must come out."""
    wf, start = started()
    fo = wf.add(flow.fan_out, branches=["a"], errors="collect")
    start >> fo
    fo["a"] >> wf.add(flow.fail, message="lost?")
    fo.joined >> wf.add(say, line="joined")
    seen: list[nf.observers.Event] = []
    log = Log()
    result = await go(wf, elide, services=[log], observers=[seen.append])
    assert result.completed
    assert log.lines == ["joined"]
    assert [str(e.error.__cause__) for e in seen if isinstance(e, nf.observers.NodeFailedEvent)] == ["lost?"]

