"""What mutants of the machine survived until it was asked for here: see docs/reference/mutants.md.

Most of it is book-keeping that no graph shows at once: how deep a flow thread is, how many threads are between two
slices, how many steps were taken.
"""

from __future__ import annotations

from typing import Any

import pytest
from probes import put
from sync_driver import Driver, compiled
from tree_kit import fails, failures, fan, nap

import nodeflow as nf
from nodeflow.library import flow, logic, math
from nodeflow.machine import Context, ContextKind, Limits, Machine, Scope, Wish
from nodeflow.machine.audit import Audit
from nodeflow.machine.records import Store


@nf.exec_node("gap.nested")
async def nested(value: Any = None, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    """Trigger `body`, then go on."""
    await body()
    return exit


@nf.data_node("gap.waits")
async def waits(ctx: nf.NodeContext, value: int = 0) -> int:
    """Let others run, then one more."""
    await ctx.sleep(0)
    return value + 1


@nf.exec_node("gap.asks")
async def asks(value: nf.Lazy[int], *, out: nf.Out[int], exit: nf.ExecOut) -> nf.ExecOut:
    """Ask for the value."""
    out.set(await value())
    return exit


def busy() -> Any:
    """Frames of every kind: loops, several targets, lazy pulls, async data nodes, a jump, a failure that is caught."""
    wf = nf.Workflow("main", outputs={"all": "any", "last": "int"})
    fo, fi = fan(wf, "a", "b", "c", merge="dict")
    wf.add(flow.start) >> fo
    loop, ask, one, two = wf.add(flow.for_, times=4), wf.add(asks), wf.add(waits), wf.add(waits)
    fo["a"] >> loop
    loop.index >> one.value
    one.result >> two.value
    two.result >> ask.value
    loop.body >> ask >> wf.add(flow.delay)
    loop.body >> wf.add(put)
    loop.exit >> fi
    ask.out >> fi["a"]
    endless, leave = wf.add(flow.for_, times=9), wf.add(flow.break_)
    fo["b"] >> endless
    inner, at_three, is_three = wf.add(nested), wf.add(flow.if_), wf.add(logic.equal, b=3)
    endless.body >> inner
    endless.index >> is_three.a
    is_three.result >> at_three.condition
    inner.body >> at_three
    inner.body >> wf.add(flow.delay)
    at_three.true >> leave
    endless.exit >> fi
    endless.index >> fi["b"]
    guard, inside = wf.add(flow.try_), wf.add(nested)
    fo["c"] >> guard
    guard.body >> inside
    two_ways = wf.add(put)
    inside.body >> two_ways
    two_ways >> wf.add(put) >> wf.add(flow.delay)
    two_ways >> wf.add(put) >> wf.add(fails)
    inside.body >> wf.add(put)
    guard.catch >> wf.add(flow.delay)
    guard.exit >> fi
    batch, add = wf.add(flow.batch, items=list(range(6)), parallel=2), wf.add(math.add, b=10)
    fi >> batch
    batch.process >> wf.add(flow.delay)
    batch.item >> add.a
    add.result >> batch.result
    done = wf.add(flow.set_output)
    batch["continue"] >> done
    fi.merged >> done.all
    return compiled(wf)


def driven(graph: Any, seed: int | None, slice_steps: int = 1000) -> Driver:
    driver = Driver(graph, seed=seed)
    driver.machine.slice_steps = driver.machine.least_steps = slice_steps
    driver.machine._grant()
    return driver


def books_are_right(machine: Machine) -> None:
    """What the machine counts of its threads is what can be counted."""
    threads = list(machine.in_tree_order())
    for thread in threads:
        frames, frame = 0, thread.frame
        while frame is not None:
            frames, frame = frames + 1, frame.parent
        assert thread.depth == frames, f"{thread} says that it is {thread.depth} deep, and has {frames} frames"
    assert machine.spinning == sum(thread.slicing for thread in threads)


# --- 2: depth, steps and slices ---


@pytest.mark.rule("2.1")
@pytest.mark.rule("2.6")
@pytest.mark.parametrize("slice_steps", [1, 2, 1000])
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_depth_and_spinning_are_what_can_be_counted_after_each_turn(seed: int | None, slice_steps: int) -> None:
    graph = busy()
    driver = driven(graph, seed, slice_steps)
    driver.after_each = lambda: books_are_right(driver.machine)
    driver.run()
    assert driver.error is None
    assert driver.outputs["all"] == {"a": 5, "b": 3, "c": None}


@pytest.mark.rule("2.6")
@pytest.mark.parametrize("seed", [None, 1])
def test_they_still_are_when_the_run_is_cancelled_after_any_number_of_turns(seed: int | None) -> None:
    graph = busy()
    for turns in range(0, 90, 3):
        driver = driven(graph, seed, 2)
        driver.after_each = lambda driver=driver: books_are_right(driver.machine)  # type: ignore[misc]
        driver.run(turns=turns)
        assert driver.machine.spinning == 0


@pytest.mark.rule("2.6")
def test_steps_are_the_same_whatever_the_slices() -> None:
    graph = busy()
    steps = {size: driven(graph, None, size).run().machine.steps for size in (1, 2, 3, 5, 8, 1000)}
    assert set(steps.values()) == {steps[1000]}


@pytest.mark.rule("2.6")
def test_an_evaluation_that_ends_a_slice_is_one_step() -> None:
    """33 steps and the end of the chain; no slice ends just there."""
    wf = nf.Workflow("main")
    reader = wf.add(put)
    wf.add(flow.start) >> reader
    previous = wf.add(math.add, a=1, b=1)
    for _ in range(30):
        following = wf.add(math.add, b=1)
        previous.result >> following.a
        previous = following
    previous.result >> reader.value
    graph = compiled(wf)
    assert {driven(graph, None, size).run().machine.steps for size in (2, 4, 5, 7, 10, 1000)} == {34}


@pytest.mark.rule("2.6")
@pytest.mark.parametrize("parallel", [1, 3, 100])
async def test_waiting_for_capacity_is_no_step(parallel: int) -> None:
    """After a slice or more, when steps were counted already."""
    wf = nf.Workflow("main")
    loop, batch = wf.add(flow.for_, times=2500), wf.add(flow.batch, items=list(range(40)), parallel=parallel)
    wf.add(flow.start) >> loop
    loop.body >> wf.add(put)
    loop.exit >> batch
    batch.process >> wf.add(put)
    each = 2  # its activation, and the end of its chain
    assert (await nf.run(wf)).counters["steps"] == 1 + 1 + 2500 * each + 1 + 40 * each + 1


@pytest.mark.rule("11")
@pytest.mark.rule("2.3")
async def test_the_limit_of_depth_is_the_same_for_bodies_that_first_pull_an_input() -> None:
    wf = nf.Workflow("main")
    path = wf.add(flow.start).exit
    for _ in range(5):
        node, number = wf.add(nested), wf.add(waits)
        number.result >> node.value
        path >> node.enter
        path = node.body
    path >> wf.add(flow.print, value="bottom").enter
    assert (await nf.run(wf, limits=nf.Limits(depth=5))).printed == ["bottom"]
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf, limits=nf.Limits(depth=4))
    assert "depth" in str(caught.value)


# --- 3 and 4: layers and marks ---


@pytest.mark.rule("3.2")
@pytest.mark.parametrize("count", [1, 7, 8, 9, 50])
def test_a_layer_that_nobody_sees_any_more_is_taken_in_with_all_that_it_holds(count: int) -> None:
    """Newer cells and memos win; what was stale in either is stale."""
    base = Scope(None, Store())
    base.captured = 1
    below = base.fork()
    below.cells = dict.fromkeys(range(count), "old")
    below.memos = {1: ("old",), 2: ("old",)}
    below.stale = {1}
    below.captured = 1
    top = below.fork()
    top.cells, top.memos, top.stale = {0: "new", 1000: "new"}, {2: ("new",)}, {2}
    below.captured = 0
    newest = top.fork()
    assert newest.parent is top
    assert top.parent is base, "the layer between is gone"
    assert top.layer, "it lies on the base, which is still seen"
    assert top.cells == {**dict.fromkeys(range(count), "old"), 0: "new", 1000: "new"}
    assert top.memos == {1: ("old",), 2: ("new",)}
    assert top.stale == {1, 2}
    assert newest.base() is base


@pytest.mark.rule("3.2")
@pytest.mark.rule("11")
@pytest.mark.parametrize("threads", [2, 3, 4, 20])
def test_a_scope_is_seen_by_as_many_threads_as_live_also_where_a_limit_kept_one_from_starting(threads: int) -> None:
    """Too few: a cleanup would write into what others see. Too many: each write would make a layer for nobody."""
    wf = nf.Workflow("main")
    fork = wf.add(flow.fan_out, branches=["a", "b", "c", "d"])
    wf.add(flow.start) >> wf.add(put, value=1) >> fork
    for name in "abcd":
        fork[name] >> wf.add(flow.delay)
    driver, most = Driver(compiled(wf), seed=None, limits=Limits(threads=threads)), []

    def check() -> None:
        branches = [t for t in driver.machine.in_tree_order() if t.context.kind is ContextKind.FAN_OUT]
        if branches:
            seen = branches[0].scope.base().parent
            assert seen is not None
            assert seen.captured == len(branches)
            most.append(len(branches))

    driver.after_each = check
    driver.run()
    assert max(most) == min(threads - 1, 4)
    assert (driver.machine.limit_error is None) is (threads == 20)


@pytest.mark.rule("4.2")
async def test_marking_below_a_lazy_input_visits_each_data_node_once() -> None:
    """A ladder: each data node reads the one above it twice. Visited by every way down, 60 rungs would never end."""
    wf = nf.Workflow("main", outputs={"r": "bool"})
    cell, ask = wf.add(put, value=True), wf.add(flow.set_output)
    wf.add(flow.start) >> cell >> ask
    previous = cell.result
    for _ in range(60):
        rung = wf.add(logic.and_)
        previous >> rung.a
        previous >> rung.b
        previous = rung.result
    previous >> ask.r
    assert (await nf.run(wf)).outputs == {"r": True}


# --- 5 and 6: contexts ---


@pytest.mark.rule("5.T2")
def test_a_deadline_that_passed_cancels_the_subtree_and_asks_nobody_to() -> None:
    """The adapter's own scope did; asked once more, it would look like the act of a handle."""
    wf = nf.Workflow("main")
    fork = wf.add(flow.fan_out, branches=["a", "b"])
    wf.add(flow.start) >> fork
    fork["a"] >> wf.add(flow.delay)
    fork["b"] >> wf.add(flow.delay)
    driver, seen = Driver(compiled(wf), seed=None), []

    def expire() -> None:
        inner = [t.context for t in driver.machine.in_tree_order() if t.context.kind is ContextKind.FAN_OUT]
        if inner and not seen:
            wishes = len(driver.machine.wishes)
            driver.machine.expired(inner[0])
            seen.extend(wish for wish, _ in driver.machine.wishes[wishes:] if wish is Wish.CANCEL)
            seen.append(inner[0].doomed)
            driver.stop(inner[0])

    driver.after_each = expire
    driver.run()
    assert seen == [True]
    assert isinstance(driver.error, nf.TimedOut | nf.NodeFailed)


@pytest.mark.rule("6.6")
@pytest.mark.parametrize("branches", [20, 21, 45])
async def test_of_many_missing_branches_twenty_are_named_and_the_rest_counted(branches: int) -> None:
    wf = nf.Workflow("main")
    fo, fi = fan(wf, *(f"b{i}" for i in range(branches)))
    wf.add(flow.start) >> fo
    for i in range(branches):
        choose = wf.add(flow.if_, condition=False)
        fo[f"b{i}"] >> choose
        choose.true >> fi
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf)
    (failed,) = failures(caught.value.result.error)
    said = str(failed.__cause__)
    assert said.count("without arriving") == 20
    assert ("; and" in said) is (branches > 20)
    assert said.endswith(f"; and {branches - 20} more") or branches == 20


@pytest.mark.rule("5.paths")
@pytest.mark.parametrize(("depth", "left_out"), [(40, 0), (41, 11), (60, 30)])
def test_long_paths_are_shortened_in_the_middle(depth: int, left_out: int) -> None:
    context: Context | None = None
    for number in range(depth + 1):
        kind = ContextKind.FAN_OUT if number else ContextKind.PROCESS
        context = Context(number, kind, context, None, f"n{number}", 1)
    assert context is not None
    parts = context.path().split("/")
    if left_out:
        assert parts[15] == f"… {left_out} more …"
        del parts[15]
        assert parts == [f"n{i}" for i in (*range(1, 16), *range(depth - 14, depth + 1))]
    else:
        assert parts == [f"n{i}" for i in range(1, depth + 1)]


@pytest.mark.rule("10.1")
@pytest.mark.parametrize(("reason", "said"), [("", "fan was cancelled"), ("enough", "fan was cancelled: enough")])
def test_a_cancelled_context_gives_its_reason_if_there_is_one(reason: str, said: str) -> None:
    machine = Machine(busy())
    machine.started()
    context = Context(1, ContextKind.FAN_OUT, machine.root, None, "fan", 1)
    machine.opened(context)
    machine.cancel(context, reason)
    (error,) = machine.outcome(context)
    assert str(error) == said


@pytest.mark.rule("6.2")
def test_a_thread_that_its_fan_out_did_not_start_is_refused_at_the_fan_in() -> None:
    """Validation rejects such wires; a machine that loses the join says which fan-in it was, and hangs nobody."""

    class Forgetful(Machine):
        def start(self, context: Context, *arguments: Any, **more: Any) -> int:
            if context.kind is ContextKind.FAN_OUT:
                context.join = None
            return super().start(context, *arguments, **more)

    wf = nf.Workflow("main")
    fo, fi = fan(wf, "a", "b")
    wf.add(flow.start) >> fo
    fo["a"] >> fi
    fo["b"] >> fi
    error = Driver(compiled(wf), seed=None, kind=Forgetful).run().error
    assert "fan-in 'join' was reached by a flow thread that its fan-out did not start" in repr(error.__cause__)  # type: ignore[union-attr]


@pytest.mark.rule("7.2")
@pytest.mark.parametrize("slices", [20, 21])
async def test_of_many_slices_without_a_result_twenty_are_named(slices: int) -> None:
    """An output that nothing has written yet is no result."""
    wf = nf.Workflow("main")
    batch, never = wf.add(flow.batch, items=list(range(slices)), parallel=5), wf.add(nap)
    wf.add(flow.start) >> batch
    chosen = wf.add(flow.if_, condition=False)
    batch.process >> chosen
    chosen.true >> never
    never.out >> batch.result
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf)
    (failed,) = failures(caught.value.result.error)
    named = ", ".join(map(str, range(20))) + (", …" if slices > 20 else "")
    assert str(failed.__cause__).endswith(f"the result input was not set in slice {named}")


@pytest.mark.rule("5.T5")
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_an_auditor_hears_of_every_join(seed: int | None) -> None:
    driver = driven(busy(), seed, 2)
    audit = driver.machine.audit = Audit(driver.machine)
    driver.run()
    assert (audit.broken, audit.joins, audit.over) == (None, 1, True)


# --- 9: streams ---


@nf.exec_node("gap.counts")
async def counts(times: int = 2, *, items: nf.Stream[int]) -> int:
    """Emit numbers, return how many."""
    for number in range(times):
        await items.emit(number)
    return times


@nf.exec_node("gap.leaves")
async def leaves(*, items: nf.Stream[int], body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut | None:
    """Emit one number and choose no exec output."""
    await items.emit(1)
    return None


@pytest.mark.rule("9.1")
async def test_what_the_body_of_a_stream_returns_is_its_output_behind_completed() -> None:
    wf = nf.Workflow("main", outputs={"r": "int"})
    source, done = wf.add(counts), wf.add(flow.set_output)
    wf.add(flow.start) >> source
    source.completed >> done
    source.result >> done.r
    assert (await nf.run(wf)).outputs == {"r": 2}


@pytest.mark.rule("9.1")
async def test_a_stream_whose_body_chooses_no_exec_output_goes_on_at_completed_only() -> None:
    wf = nf.Workflow("main")
    source = wf.add(leaves)
    wf.add(flow.start) >> source
    for name in ("on_item", "completed", "body", "exit"):
        source[name] >> wf.add(flow.print, value=name).enter
    assert (await nf.run(wf)).printed == ["on_item", "completed"]


# --- 6: a fan-out that opens nothing ---


@nf.exec_node("gap.sends_nobody")
async def sends_nobody(*, a: nf.Branch, b: nf.Branch, joined: nf.ExecOut) -> nf.ExecOut:
    """A fan-out that finds nothing to do."""
    return joined


@pytest.mark.rule("6.3")
async def test_behind_a_fan_out_that_opened_no_context_the_join_has_nothing() -> None:
    wf = nf.Workflow("main", outputs={"all": "list"})
    fork, join, done = wf.add(sends_nobody), wf.add(flow.fan_in), wf.add(flow.set_output)
    wf.add(flow.start) >> fork
    fork.a >> join
    fork.b >> join
    join >> done
    join.merged >> done.all
    assert (await nf.run(wf)).outputs == {"all": []}


@nf.exec_node("gap.spreads")
async def spreads(ctx: nf.NodeContext, *, item: nf.Out[int], body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    """Start all flow threads at once, of which two run."""
    async with ctx.open_scope(nf.ScopeKind.BATCH, parallel=2) as scope:
        for number in range(5):
            scope.start(body, item=number)
    return exit


@pytest.mark.rule("3.2")
async def test_threads_that_wait_for_their_turn_keep_the_values_that_they_were_started_with() -> None:
    wf = nf.Workflow("main")
    source, wait, shown = wf.add(spreads), wf.add(flow.delay), wf.add(flow.print)
    wf.add(flow.start) >> source
    source.body >> wait >> shown
    source.item >> shown.value
    assert sorted((await nf.run(wf)).printed) == ["0", "1", "2", "3", "4"]
