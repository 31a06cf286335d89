"""Batch and map: slices, results, backpressure, errors (semantics 7.1 to 7.6)."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from tree_kit import (
    Log,
    Source,
    failures,
    fan,
    finish,
    give,
    go,
    mapping,
    meter,
    nap,
    say,
    started,
    variable,
)

import nodeflow as nf
from nodeflow.library import flow, lists, logic, math, random, variables

both = pytest.mark.parametrize("elide", [True, False], ids=["elide", "nurseries"])


# --- 7.1: slices ---


@pytest.mark.rule("7.1")
@both
@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [
        (5, 1, [[0], [1], [2], [3], [4]]),
        (5, 2, [[0, 1], [2, 3], [4]]),
        (4, 2, [[0, 1], [2, 3]]),
        (3, 10, [[0, 1, 2]]),
    ],
)
async def test_slices_are_taken_in_order(elide: bool, count: int, size: int, expected: list[list[int]]) -> None:
    wf, batch = mapping(list(range(count)), size=size)
    batch.slice >> batch.result
    assert (await go(wf, elide)).outputs["all"] == expected


@pytest.mark.rule("7.1")
@both
async def test_index_is_the_number_of_the_slice_from_zero(elide: bool) -> None:
    wf, batch = mapping(list("abcde"), size=2)
    batch.index >> batch.result
    assert (await go(wf, elide)).outputs["all"] == [0, 1, 2]


@pytest.mark.rule("7.1")
@both
async def test_item_is_there_when_size_is_one(elide: bool) -> None:
    wf, batch = mapping(["x", None, "z"])
    batch.item >> batch.result
    assert (await go(wf, elide)).outputs["all"] == ["x", None, "z"]


@pytest.mark.rule("7.1")
@both
async def test_item_is_missing_when_size_is_not_one(elide: bool) -> None:
    wf, batch = mapping([1, 2], size=2)
    show = wf.add(flow.print)
    batch.process >> show
    batch.item >> show.value
    result = await go(wf, elide)
    (failure,) = failures(result.error)
    assert isinstance(failure.__cause__, nf.MissingInput)
    assert "item" in str(failure.__cause__)


@pytest.mark.rule("7.1")
@pytest.mark.parametrize("parallel", [1, 3, 10])
async def test_at_most_parallel_slices_run_at_once(parallel: int, autojump_clock: trio.abc.Clock) -> None:
    wf, batch = mapping(list(range(10)), parallel=parallel)
    batch.process >> wf.add(meter, seconds=1)
    log = Log()
    before = trio.current_time()
    await go(wf, services=[log])
    assert log.peak == parallel, "the limit is kept, and used"
    assert trio.current_time() - before == -(-10 // parallel)


@pytest.mark.rule("7.1")
async def test_eight_slices_run_at_once_unless_told_otherwise(autojump_clock: trio.abc.Clock) -> None:
    wf, batch = mapping(list(range(20)))
    batch.process >> wf.add(meter, seconds=1)
    log = Log()
    await go(wf, services=[log])
    assert log.peak == 8


@pytest.mark.rule("7.1")
@both
async def test_each_slice_has_a_scope_of_its_own(elide: bool) -> None:
    """What one slice writes, the next does not see, also where they run one after the other."""
    wf, batch = mapping([1, 2, 3], parallel=1)
    wf._variables["x"] = nf.model.Variable("int", 100, "local")
    put, add, x = wf.add(variables.set_, name="x"), wf.add(math.add), variable(wf, "x")
    batch.process >> put
    x >> add.a
    batch.item >> add.b
    add.result >> put.value
    x >> batch.result
    result = await go(wf, elide)
    assert result.outputs["all"] == [101, 102, 103]


@pytest.mark.rule("7.1")
@both
async def test_slices_are_threads_of_one_context(elide: bool) -> None:
    wf, batch = mapping([1, 2, 3])
    batch.process >> wf.add(give)
    seen: list[Any] = []
    result = await go(wf, elide, observers=[seen.append])
    assert [e.kind for e in seen if isinstance(e, nf.observers.ContextOpened)][-1] == "BatchContext"
    assert result.counters["contexts"] == 2
    assert result.counters["threads"] == 4


@pytest.mark.rule("7.1")
@both
async def test_any_iterable_will_do(elide: bool) -> None:
    """A tuple, a dict's keys, a generator that the host brought: they are walked once."""
    compiled = nf.compile(_fed())
    for value in ((1, 2), {1: "a", 2: "b"}, (i for i in (1, 2))):
        result = await compiled.run(elide=elide, services=[Box(value)])
        assert result.outputs["all"] == [1, 2]


class Box:
    """A service that holds a value."""

    def __init__(self, value: Any) -> None:
        self.value = value


@nf.exec_node("ba.unbox")
def unbox(ctx: nf.NodeContext) -> Any:
    """Give what the host's box holds."""
    return ctx.service(Box).value


def _fed(**options: Any) -> nf.Workflow:
    """A batch over what the host's box holds."""
    wf, start = started(outputs={"all": "list"})
    box, batch = wf.add(unbox), wf.add(flow.batch, id="batch", **options)
    start >> box >> batch
    box.result >> batch.items
    batch.item >> batch.result
    finish(wf, batch["continue"], all=batch.results)
    return wf


@pytest.mark.rule("7.1")
async def test_a_generator_is_drawn_no_faster_than_slices_run(autojump_clock: trio.abc.Clock) -> None:
    """A plain iterable too is not swallowed at once: what it holds may be endless."""
    drawn: list[int] = []

    def numbers() -> Any:
        for i in range(40):
            drawn.append(i)
            yield i

    wf = _fed(parallel=2)
    slow = wf.add(_lag)
    wf._placed["batch"].process >> slow
    log = Log()
    result = await go(wf, services=[Box(numbers()), log, drawn])
    assert result.outputs["all"] == list(range(40))
    assert max(log.lines) <= 2 + 1


@nf.exec_node("ba.lag")
async def _lag(ctx: nf.NodeContext) -> None:
    """Log how far drawing is ahead of what is done; then take a second."""
    log, drawn = ctx.service(Log), ctx.service(list)
    log.lines.append(len(drawn) - log.running)
    await ctx.sleep(1)
    log.running += 1


# --- 7.2: results ---


@pytest.mark.rule("7.2")
@both
async def test_results_come_in_slice_order_not_in_the_order_of_ending(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    wf, batch = mapping([5, 1, 3, 2])
    wait = wf.add(nap)
    batch.process >> wait
    batch.item >> wait.seconds
    batch.item >> wait.value
    wait.out >> batch.result
    assert (await go(wf, elide)).outputs["all"] == [5, 1, 3, 2]


@pytest.mark.rule("7.2")
@both
async def test_result_is_pulled_as_the_last_act_of_the_slice_in_its_scope(elide: bool) -> None:
    wf, batch = mapping([1, 2, 3])
    one, two, join = wf.add(give, id="one"), wf.add(give, id="two"), wf.add(lists.append)
    batch.process >> one >> two
    batch.item >> one.value
    batch.index >> two.value
    wf.add(lists.append, id="first", list=[]).result >> join.list
    one.result >> wf._placed["first"].item
    two.result >> join.item
    join.result >> batch.result
    assert (await go(wf, elide)).outputs["all"] == [[1, 0], [2, 1], [3, 2]]


@pytest.mark.rule("7.2")
@both
async def test_result_is_pulled_after_what_was_triggered_and_after_finally(elide: bool) -> None:
    wf, batch = mapping([1])
    guard, put = wf.add(flow.try_), wf.add(give, id="put", value="body")
    later = wf.add(give, id="later", value="finally")
    batch.process >> guard
    guard.body >> put
    guard.finally_ >> later
    later.result >> batch.result
    assert (await go(wf, elide)).outputs["all"] == ["finally"]


@pytest.mark.rule("7.2")
@both
async def test_what_fails_in_the_result_fails_the_slice(elide: bool) -> None:
    wf, batch = mapping([2, 0, 1])
    divide = wf.add(math.divide, id="bad", a=2)
    batch.item >> divide.b
    divide.result >> batch.result
    result = await go(wf, elide)
    (failure,) = failures(result.error)
    assert (failure.node, failure.context_path) == ("bad", "main/batch[1]")
    wf, batch = mapping([2, 0, 1], errors="collect")
    divide = wf.add(math.divide, id="bad", a=2)
    batch.item >> divide.b
    divide.result >> batch.result
    result = await go(wf, elide)
    assert result.outputs["all"] == [1.0, 2.0]
    assert result.outputs["errors"] == ["2 divided by 0"]


def _sometimes(missing: str | None = None) -> nf.Workflow:
    """Only odd items set what `result` reads."""
    wf, batch = mapping([1, 2, 3, 4], **({} if missing is None else {"missing": missing}))
    odd, rest, choose = wf.add(logic.equal, b=1), wf.add(math.modulo, b=2), wf.add(flow.if_)
    put = wf.add(give, id="put")
    batch.item >> rest.a
    rest.result >> odd.a
    odd.result >> choose.condition
    batch.process >> choose
    choose.true >> put
    batch.item >> put.value
    put.result >> batch.result
    return wf


@pytest.mark.rule("7.2")
@both
async def test_a_result_that_is_unset_in_a_slice_is_missing(elide: bool) -> None:
    result = await go(_sometimes(), elide)
    (failure,) = failures(result.error)
    assert failure.node == "batch"
    assert isinstance(failure.__cause__, nf.FanInIncomplete)
    assert "1" in str(failure.__cause__)
    assert "3" in str(failure.__cause__)
    assert (await go(_sometimes("skip"), elide)).outputs["all"] == [1, 3]
    assert (await go(_sometimes("none"), elide)).outputs["all"] == [1, None, 3, None]


@pytest.mark.rule("7.2")
@both
async def test_a_slice_does_not_see_the_result_of_the_one_before(elide: bool) -> None:
    """With one at a time, what slice 0 wrote does not make slice 1's unset result read as set."""
    wf = _sometimes("none")
    wf._nodes["batch"]["values"]["parallel"] = 1
    assert (await go(wf, elide)).outputs["all"] == [1, None, 3, None]


@pytest.mark.rule("7.2")
@both
async def test_without_a_result_input_results_are_empty(elide: bool) -> None:
    wf, batch = mapping([1, 2])
    batch.process >> wf.add(give)
    assert (await go(wf, elide)).outputs["all"] == []


@pytest.mark.rule("7.2")
@both
async def test_continue_runs_once_after_the_context_closed(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    wf, start = started()
    batch = wf.add(flow.batch, items=[3, 1, 2])
    wait, note = wf.add(nap), wf.add(say)
    start >> batch
    batch.process >> wait >> note
    batch.item >> wait.seconds
    batch.item >> note.line
    batch["continue"] >> wf.add(say, line="continue")
    log = Log()
    seen: list[str] = []

    def observe(event: Any) -> None:
        if isinstance(event, nf.observers.ContextClosed):
            seen.append(f"{event.kind} closed")
        if isinstance(event, nf.observers.NodeStarted) and event.node == "say_2":
            seen.append("continue")

    await go(wf, elide, services=[log], observers=[observe])
    assert log.lines == [1, 2, 3, "continue"]
    assert seen[:2] == ["BatchContext closed", "continue"]


@pytest.mark.rule("7.2")
@both
async def test_a_return_in_a_slice_ends_it_without_a_result(elide: bool) -> None:
    """As a branch that returns has not arrived (2.7): the slice is missing, although `result` could be read."""
    wf, start = started(outputs={"r": "any", "all": "list"})
    batch = wf.add(flow.batch, items=[1, 2], missing="none")
    choose, one = wf.add(flow.if_), wf.add(logic.equal, b=1)
    start >> batch
    batch.process >> choose
    batch.item >> one.a
    one.result >> choose.condition
    leave = wf.add(flow.return_)
    choose.true >> leave
    batch.item >> leave.r
    batch.item >> batch.result
    finish(wf, batch["continue"], all=batch.results)
    result = await go(wf, elide)
    assert result.outputs == {"r": 1, "all": [None, 2]}


@pytest.mark.rule("7.2")
@both
async def test_each_result_is_a_pull_of_its_own(elide: bool) -> None:
    wf, batch = mapping([1, 2, 3])
    wf.add(random.uniform, low=0, high=1).result >> batch.result
    found = (await go(wf, elide)).outputs["all"]
    assert len(set(found)) == 3


# --- 7.3: nothing to do ---


@pytest.mark.rule("7.3")
@both
async def test_empty_items_go_straight_on_with_an_empty_list(elide: bool) -> None:
    wf, batch = mapping([])
    batch.process >> wf.add(say, line="slice")
    batch.item >> batch.result
    log = Log()
    result = await go(wf, elide, services=[log])
    assert result.outputs == {"all": [], "errors": []}
    assert log.lines == []


@pytest.mark.rule("7.3")
async def test_an_empty_async_iterable_goes_straight_on() -> None:
    wf, batch = mapping(source=True)
    batch.item >> batch.result
    source = Source(0)
    assert (await go(wf, services=[source])).outputs["all"] == []
    assert source.closed


@pytest.mark.rule("7.3")
@both
async def test_with_nothing_on_process_each_slice_is_the_pull_of_result(elide: bool) -> None:
    wf, batch = mapping([1, 2, 3], parallel=2)
    double = wf.add(math.multiply, b=2)
    batch.item >> double.a
    double.result >> batch.result
    assert (await go(wf, elide)).outputs["all"] == [2, 4, 6]


@pytest.mark.rule("7.3")
@both
async def test_with_nothing_connected_at_all(elide: bool) -> None:
    wf, _ = mapping([1, 2, 3])
    assert (await go(wf, elide)).outputs == {"all": [], "errors": []}


# --- 7.6, and all together ---


@pytest.mark.rule("7.6")
@both
async def test_a_parallel_for_each_is_a_batch_of_size_one(elide: bool) -> None:
    """Size 1 is the default, so a batch is one without further ado."""
    wf, batch = mapping(["a", "b"])
    batch.item >> batch.result
    assert (await go(wf, elide)).outputs["all"] == ["a", "b"]
    socket = next(s for s in flow.batch.data_ins if s.name == "size")
    assert socket.default == 1


@pytest.mark.rule("7.2")
@both
async def test_a_batch_in_a_fan_out_in_a_batch(elide: bool) -> None:
    """Each innermost result is computed of the indexes of all levels."""
    wf, outer = mapping([10, 20])
    fo, fi = fan(wf, "l", "r")
    inner = wf.add(flow.batch, id="inner", items=[1, 2, 3], parallel=2)
    value = wf.add(give, value="right")
    add = wf.add(math.add)
    outer.process >> fo
    fo["l"] >> inner
    outer.item >> add.a
    inner.item >> add.b
    add.result >> inner.result
    inner["continue"] >> fi
    inner.results >> fi["l"]
    fo["r"] >> value >> fi
    value.result >> fi["r"]
    fi.merged >> outer.result
    result = await go(wf, elide)
    assert result.outputs["all"] == [[[11, 12, 13], "right"], [[21, 22, 23], "right"]]
    assert result.counters["contexts"] == 6


@pytest.mark.rule("7.1")
@both
async def test_a_batch_in_a_batch_shares_no_capacity(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """`parallel: 1` inside and outside does not lock up."""
    wf, outer = mapping([1, 2], parallel=1)
    inner = wf.add(flow.batch, id="inner", items=[3, 4], parallel=1)
    outer.process >> inner
    inner.process >> wf.add(nap, seconds=1)
    inner.item >> inner.result
    inner.results >> outer.result
    assert (await go(wf, elide)).outputs["all"] == [[3, 4], [3, 4]]


@pytest.mark.rule("7.2")
@both
async def test_ten_thousand_slices(elide: bool) -> None:
    wf, batch = mapping(list(range(10_000)), parallel=50)
    batch.process >> wf.add(give)
    batch.item >> batch.result
    assert (await go(wf, elide)).outputs["all"] == list(range(10_000))

