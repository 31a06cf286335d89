"""Several entries of a workflow, and how its outputs are merged (semantics 8.4)."""

from __future__ import annotations

import pytest
import trio
from tree_kit import (
    Log,
    failures,
    fan,
    give,
    go,
    nap,
    say,
    started,
    variable,
)

import nodeflow as nf
from nodeflow.library import flow, variables

both = pytest.mark.parametrize("elide", [True, False], ids=["elide", "nurseries"])

Variable = nf.model.Variable


# --- 8.4: several entries; how outputs are merged ---


@pytest.mark.rule("8.4")
@both
async def test_several_entries_run_side_by_side(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    wf, first = started()
    first >> wf.add(nap, seconds=3) >> wf.add(say, line="first")
    wf.add(flow.start) >> wf.add(nap, seconds=1) >> wf.add(say, line="second")
    log = Log()
    before = trio.current_time()
    await go(wf, elide, services=[log])
    assert log.lines == ["second", "first"]
    assert trio.current_time() - before == 3


def _two_entries(entries: str) -> nf.Workflow:
    """The first entry sets `x` to 5 and waits; the second prints `x`."""
    wf, first = started(variables={"x": Variable("int", 1, "local")}, entries=entries)
    first >> wf.add(variables.set_, name="x", value=5) >> wf.add(nap, seconds=3)
    second = wf.add(flow.start)
    wait, show = wf.add(nap, seconds=1), wf.add(flow.print)
    second >> wait >> show
    variable(wf, "x") >> show.value
    return wf


@pytest.mark.rule("8.4")
@both
async def test_each_entry_has_a_scope_of_its_own(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    assert (await go(_two_entries("concurrent"), elide)).printed == ["1"]


@pytest.mark.rule("8.4")
@both
async def test_sequential_entries_run_one_after_the_other_in_one_scope(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    before = trio.current_time()
    assert (await go(_two_entries("sequential"), elide)).printed == ["5"]
    assert trio.current_time() - before == 4


@pytest.mark.rule("8.4")
@both
async def test_sequential_entries_of_a_callee(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """In document order, and behind a failure no further one begins."""
    sub, first = started(name="sub", entries="sequential")
    first >> sub.add(nap, seconds=2) >> sub.add(say, line="one")
    sub.add(flow.start) >> sub.add(say, line="two") >> sub.add(flow.fail)
    sub.add(flow.start) >> sub.add(say, line="three")
    wf, start = started()
    start >> wf.add(flow.gosub, workflow="sub")
    log = Log()
    assert (await go(nf.Document(wf, sub), elide, services=[log])).status == "failed"
    assert log.lines == ["one", "two"]


@pytest.mark.rule("8.4")
@both
async def test_a_sequential_entry_reads_outputs_of_the_entry_before(elide: bool) -> None:
    wf, first = started(entries="sequential")
    value, show = wf.add(give, value=7), wf.add(flow.print)
    first >> value
    wf.add(flow.start) >> show
    value.result >> show.value
    assert (await go(wf, elide)).printed == ["7"]


@pytest.mark.rule("8.4")
@both
async def test_outputs_are_merged_in_tree_order_later_wins(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """The last entry in the document wins, although it sets its output first by the clock."""
    wf, first = started(outputs={"r": "text", "only": "text"}, variables={"x": Variable("text", "", "local")})
    starts = [first, wf.add(flow.start), wf.add(flow.start)]
    for i, entry in enumerate(starts):
        entry >> wf.add(nap, seconds=3 - i) >> wf.add(variables.set_, name="x", value=f"x{i}") >> wf.add(
            flow.set_output, r=f"r{i}", **({"only": "one"} if i == 1 else {})
        )
    result = await go(wf, elide)
    assert result.outputs == {"r": "r2", "only": "one"}
    assert result.variables["x"] == "x2"


@pytest.mark.rule("8.4")
@both
async def test_branches_are_merged_in_branch_order(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    wf, start = started(outputs={"r": "text"}, variables={"x": Variable("text", "", "local")})
    fo = wf.add(flow.fan_out, branches=["a", "b", "c"])
    start >> wf.add(flow.set_output, r="before") >> fo
    for i, name in enumerate("abc"):
        put = wf.add(variables.set_, name="x", value=name)
        fo[name] >> wf.add(nap, seconds=9 - i) >> put >> wf.add(flow.set_output, r=name)
    result = await go(wf, elide)
    assert result.outputs == {"r": "c"}
    assert result.variables["x"] == "c"


@pytest.mark.rule("8.4")
@both
async def test_what_a_thread_sets_behind_a_context_wins_over_what_was_set_in_it(elide: bool) -> None:
    """Tree order: what a thread does after a context it opened has closed comes after all that happened in it."""
    wf, start = started(outputs={"r": "text", "s": "text"})
    fo = wf.add(flow.fan_out, branches=["a"])
    start >> fo
    fo["a"] >> wf.add(flow.set_output, r="branch", s="branch")
    fo.joined >> wf.add(flow.set_output, r="behind")
    assert (await go(wf, elide)).outputs == {"r": "behind", "s": "branch"}


@pytest.mark.rule("8.4")
@both
async def test_what_was_set_in_nested_contexts_comes_out(elide: bool) -> None:
    """Through a batch in a branch; the last slice wins, and the next branch wins over it."""
    wf, start = started(outputs={"r": "any", "s": "any", "i": "any"})
    fo, batch = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(flow.batch, items=["p", "q"])
    put = wf.add(flow.set_output)
    start >> fo
    fo["a"] >> batch
    batch.process >> put
    batch.item >> put.r
    batch.item >> put.s
    batch.index >> put.i
    fo["b"] >> wf.add(flow.set_output, r="b")
    assert (await go(wf, elide)).outputs == {"r": "b", "s": "q", "i": 1}


@pytest.mark.rule("8.4")
@both
@pytest.mark.parametrize("ends", ["failed", "collected", "cancelled", "lost"])
async def test_what_threads_of_failed_or_cancelled_contexts_set_does_not_count(
    elide: bool, ends: str, autojump_clock: trio.abc.Clock
) -> None:
    wf, start = started(outputs={"r": "text"}, variables={"x": Variable("text", "old", "local")})
    put, out = wf.add(variables.set_, name="x", value="set"), wf.add(flow.set_output, r="set")
    put >> out
    guard, limit = wf.add(flow.try_), wf.add(flow.timeout, seconds=1)
    if ends == "lost":
        fo, fi = fan(wf, "a", "b", join="any")
    else:
        fo = wf.add(flow.fan_out, branches=["a", "b"], errors="collect" if ends == "collected" else "fail_fast")
    start >> guard
    guard.body >> limit
    limit.body >> fo
    fo["a"] >> put
    if ends == "lost":
        out >> wf.add(nap, seconds=5) >> fi
        fo["b"] >> wf.add(nap, seconds=0.5) >> fi
    elif ends == "cancelled":
        out >> wf.add(nap, seconds=5)
    else:
        out >> wf.add(nap, seconds=0.1) >> wf.add(flow.fail)
    result = await go(wf, elide)
    assert result.completed
    assert result.outputs == {}
    assert result.variables["x"] == "old"


@pytest.mark.rule("8.4")
@both
async def test_what_the_sibling_of_a_failed_branch_set_does_not_count_either(elide: bool) -> None:
    """It had ended well, but its context failed."""
    wf, start = started(outputs={"r": "text"})
    guard, fo = wf.add(flow.try_), wf.add(flow.fan_out, branches=["a", "b"], parallel=1)
    start >> guard
    guard.body >> fo
    fo["a"] >> wf.add(flow.set_output, r="a")
    fo["b"] >> wf.add(flow.fail)
    result = await go(wf, elide)
    assert result.completed
    assert result.outputs == {}


@pytest.mark.rule("8.4")
@both
async def test_under_collect_what_the_good_branches_set_counts(elide: bool) -> None:
    wf, start = started(outputs={"r": "text", "s": "text"})
    fo = wf.add(flow.fan_out, branches=["a", "b"], errors="collect")
    start >> fo
    fo["a"] >> wf.add(flow.set_output, r="a", s="a")
    fo["b"] >> wf.add(flow.set_output, r="b") >> wf.add(flow.fail)
    assert (await go(wf, elide)).outputs == {"r": "a", "s": "a"}


@pytest.mark.rule("8.4")
@both
async def test_a_failing_callee_gives_nothing(elide: bool) -> None:
    sub, first = started(name="sub", outputs={"r": "text"})
    first >> sub.add(flow.set_output, r="sub") >> sub.add(flow.fail, message="no")
    wf, start = started(outputs={"r": "any"})
    guard, call = wf.add(flow.try_), wf.add(flow.gosub, id="call", workflow="sub")
    start >> guard
    guard.body >> call
    show = wf.add(flow.print, id="show")
    guard.exit >> show
    call["r"] >> show.value
    result = await go(nf.Document(wf, sub), elide)
    (failure,) = failures(result.error)
    assert (failure.node, type(failure.__cause__)) == ("show", nf.MissingInput)


@pytest.mark.rule("8.4")
@both
async def test_a_local_variable_set_in_a_branch_is_not_seen_behind_it_but_counts_at_the_end(elide: bool) -> None:
    wf, start = started(variables={"x": Variable("int", 0, "local")})
    fo, show = wf.add(flow.fan_out, branches=["a"]), wf.add(flow.print)
    start >> fo
    fo["a"] >> wf.add(variables.set_, name="x", value=9)
    fo.joined >> show
    variable(wf, "x") >> show.value
    result = await go(wf, elide)
    assert result.printed == ["0"]
    assert result.variables["x"] == 9

