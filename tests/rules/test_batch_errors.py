"""Batch: async sources, errors and bad values (semantics 7.4 and 7.5)."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from tree_kit import (
    Log,
    Source,
    boom,
    failures,
    feed,
    give,
    go,
    mapping,
    messages,
    nap,
    say,
    started,
    tidy,
    told,
)

import nodeflow as nf
from nodeflow.library import flow, logic

both = pytest.mark.parametrize("elide", [True, False], ids=["elide", "nurseries"])


# --- 7.4: async iterables ---


@pytest.mark.rule("7.4")
@pytest.mark.parametrize(("size", "parallel"), [(1, 1), (1, 4), (3, 2)])
async def test_slices_are_drawn_as_capacity_frees_up(
    size: int, parallel: int, autojump_clock: trio.abc.Clock
) -> None:
    wf, batch = mapping(source=True, size=size, parallel=parallel)
    batch.process >> wf.add(_ahead, size=size)
    batch.slice >> batch.result
    source, log = Source(60), Log()
    result = await go(wf, services=[source, log])
    assert [i for part in result.outputs["all"] for i in part] == list(range(60))
    assert log.peak == parallel
    assert max(log.lines) <= size * parallel, "no more is drawn than what runs"


@nf.exec_node("ba.ahead")
async def _ahead(ctx: nf.NodeContext, size: int = 1) -> None:
    """Log how many items are drawn and not done; then take a second."""
    log, source = ctx.service(Log), ctx.service(Source)
    log.running += 1
    log.peak = max(log.peak, log.running)
    await ctx.sleep(1)
    done = sum(1 for line in log.lines) * size
    log.lines.append(source.drawn - done)
    log.running -= 1


@pytest.mark.rule("7.4")
async def test_a_source_is_closed_before_continue() -> None:
    wf, batch = mapping(source=True)
    batch.process >> wf.add(give)
    batch["continue"] >> wf.add(say, line="continue")
    log = Log()
    source = Source(5, log=log)
    await go(wf, services=[source, log])
    assert log.lines == ["source closed", "continue"]


@pytest.mark.rule("7.4")
async def test_a_source_that_fails_fails_the_batch_and_cancels_its_slices(autojump_clock: trio.abc.Clock) -> None:
    wf, batch = mapping(source=True, parallel=8)
    batch.process >> wf.add(tidy, name="slice", cleanup=1)
    log = Log()
    source = Source(5, fails_at=2)
    result = await go(wf, services=[source, log])
    (failure,) = failures(result.error)
    assert (failure.node, str(failure.__cause__)) == ("batch", "the source broke at 2")
    assert source.closed
    assert log.lines.count("slice begins cleanup") == log.lines.count("slice cleaned up")


@pytest.mark.rule("7.4")
async def test_collect_does_not_excuse_a_source_that_fails() -> None:
    wf, batch = mapping(source=True, errors="collect")
    batch.item >> batch.result
    result = await go(wf, services=[Source(5, fails_at=2)])
    assert messages(result.error) == ["the source broke at 2"]


@pytest.mark.rule("7.4")
async def test_a_source_is_closed_when_a_slice_fails(autojump_clock: trio.abc.Clock) -> None:
    wf, batch = mapping(source=True, parallel=2)
    batch.process >> wf.add(boom, seconds=1, message="slice")
    source = Source(1000)
    result = await go(wf, services=[source])
    assert set(messages(result.error)) == {"slice"}
    assert source.closed
    assert source.drawn < 10


@pytest.mark.rule("7.4")
async def test_an_endless_source_is_closed_when_the_run_is_cancelled(autojump_clock: trio.abc.Clock) -> None:
    wf, batch = mapping(source=True, parallel=3)
    batch.process >> wf.add(nap, seconds=1)
    source = Source(10**9)
    result = await go(wf, services=[source], limits=nf.Limits(deadline=5.5))
    assert result.status == "timed_out"
    assert source.closed
    assert source.drawn <= 3 * 7


@pytest.mark.rule("7.4")
async def test_memory_stays_bounded_over_a_long_source() -> None:
    """The machine keeps nothing per slice that has ended, where neither results nor errors are asked for."""
    wf, start = started()
    fed, batch = wf.add(feed), wf.add(flow.batch, id="batch", parallel=4)
    start >> fed >> batch
    fed.result >> batch.items
    batch.process >> wf.add(_weigh)
    log = Log()
    assert (await go(wf, services=[Source(400), log])).completed
    assert max(log.lines) <= 4


@nf.exec_node("ba.weigh")
async def _weigh(ctx: nf.NodeContext) -> None:
    """Log how much the batch's context holds."""
    context = ctx.thread.context  # type: ignore[attr-defined]
    kept = (context.threads, context.results, context.failures, context.sets, context.arrivals, context.names)
    ctx.service(Log).lines.append(max(len(part) for part in kept))
    await ctx.sleep(0)


# --- 7.5: errors and bad values ---


@pytest.mark.rule("7.5")
@both
async def test_fail_fast_cancels_the_other_slices(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    wf, batch = mapping([1000, 2, 1000])
    wait, choose, two = wf.add(nap), wf.add(flow.if_), wf.add(logic.equal, b=2)
    batch.process >> wait >> choose
    batch.item >> wait.seconds
    batch.item >> two.a
    two.result >> choose.condition
    choose.true >> wf.add(flow.fail, id="bad", message="two")
    before = trio.current_time()
    result = await go(wf, elide)
    (failure,) = failures(result.error)
    assert (failure.node, failure.context_path) == ("bad", "main/batch[1]")
    assert trio.current_time() - before == 2


@pytest.mark.rule("7.5")
@both
async def test_fail_fast_starts_no_slice_behind_a_failure(elide: bool) -> None:
    wf, batch = mapping(list(range(100)), parallel=1)
    note = wf.add(say)
    batch.process >> note >> wf.add(flow.fail)
    batch.index >> note.line
    log = Log()
    assert (await go(wf, elide, services=[log])).status == "failed"
    assert log.lines == [0]


@pytest.mark.rule("7.5")
@both
async def test_collect_lists_errors_and_the_results_of_the_others(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    wf, batch = mapping([3, 2, 1, 0], errors="collect")
    wait, divide = wf.add(nap), wf.add(_inverse)
    batch.process >> wait >> divide
    batch.item >> wait.seconds
    batch.item >> divide.value
    divide.result >> batch.result
    result = await go(wf, elide)
    assert result.outputs == {"all": [30, 10], "errors": ["no 2", "no 0"]}


@nf.exec_node("ba.odd_only")
def _inverse(value: int = 0) -> int:
    """Ten times the value; even ones fail."""
    if value % 2 == 0:
        raise ValueError(f"no {value}")
    return value * 10


@pytest.mark.rule("7.5")
@both
async def test_collect_with_missing_none_keeps_the_places(elide: bool) -> None:
    wf, batch = mapping([1, 2, 3], errors="collect", missing="none")
    node = wf.add(_inverse)
    batch.process >> node
    batch.item >> node.value
    node.result >> batch.result
    assert (await go(wf, elide)).outputs == {"all": [10, None, 30], "errors": ["no 2"]}


@pytest.mark.rule("7.5")
@both
@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"size": 0}, "0"),
        ({"size": -3}, "-3"),
        ({"parallel": 0}, "0"),
        ({"parallel": -7}, "-7"),
        ({"items": 17}, "17"),
        ({"items": "text"}, "text"),
        ({"items": None}, "None"),
    ],
)
async def test_a_bad_value_is_an_error_that_names_it(elide: bool, options: dict[str, Any], named: str) -> None:
    """Over a wire, where no validation can see it."""
    given = {"items": [1], "size": 1, "parallel": 1} | options
    ((name, value),) = options.items()
    wf, start = started()
    batch = wf.add(flow.batch, id="batch", **{k: v for k, v in given.items() if k != name})
    source = wf.add(give, value=value)
    start >> source >> batch
    source.result >> batch[name]
    batch.process >> wf.add(say, line="slice")
    log = Log()
    result = await go(wf, elide, services=[log])
    (failure,) = failures(result.error)
    assert failure.node == "batch"
    assert name in str(failure.__cause__)
    assert named in str(failure.__cause__)
    assert log.lines == []


@pytest.mark.rule("7.5")
@both
async def test_a_size_that_is_no_whole_number_is_an_error(elide: bool) -> None:
    wf, start = started()
    batch, value = wf.add(flow.batch, id="batch", items=[1]), wf.add(give, value=1.5)
    start >> value >> batch
    value.result >> batch["size"]
    result = await go(wf, elide)
    (failure,) = failures(result.error)
    assert failure.node == "batch"
    assert "1.5" in str(failure.__cause__)


@pytest.mark.rule("7.5")
def test_a_bad_policy_is_rejected() -> None:
    for options in ({"errors": "ignore"}, {"missing": "maybe"}):
        wf, _ = mapping([1], **options)
        (value,) = options.values()
        assert value in told(wf, "NF408")


@pytest.mark.rule("7.5")
@both
async def test_several_failing_slices_are_a_group_in_slice_order(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    wf, batch = mapping([0, 1, 2])
    node = wf.add(_fails_when_cancelled)
    batch.process >> node
    batch.item >> node.number
    result = await go(wf, elide)
    assert messages(result.error) == ["0", "1", "2"]


@nf.exec_node("ba.fails_when_cancelled")
async def _fails_when_cancelled(ctx: nf.NodeContext, number: int = 0) -> None:
    """Number 2 fails at once; the others while cleaning up."""
    try:
        await ctx.sleep(0 if number == 2 else 1e6)
    finally:
        raise ValueError(str(number))

