"""Semantics 4: data nodes are remembered until one of their roots is written, and are never stale."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import trio
from probes import Counted, Log, broken, call, cause, codes, fresh, note, outcome, put, run, slow, started, tally

import nodeflow as nf
from nodeflow.library import events, flow, logic, math, variables
from nodeflow.runtime.events import DataEvaluated, NodeFailedEvent

GET = variables.get.data_outs[0].name
ELIDE = pytest.mark.parametrize("elide", [True, False])
DATA = pytest.mark.parametrize("data", [tally, slow], ids=["plain", "async"])


def name_of(data: nf.NodeType) -> str:
    return data.name.split(".")[1]


def shared(scope: str) -> dict[str, Any]:
    return {"variables": {"x": nf.model.Variable("int", 0, scope)}}


# --- 4.1 and 4.2: roots, and when a value is reused --------------------------------------------------------


@pytest.mark.rule("4.2")
@DATA
async def test_a_node_fed_by_a_loop_index_is_recomputed_each_round(data: nf.NodeType, autojump_clock: Any) -> None:
    wf, start = started()
    loop, node, first, second = wf.add(flow.for_, times=4), wf.add(data), wf.add(note), wf.add(note)
    start >> loop
    loop.body >> first >> second
    loop.index >> node.value
    node.result >> first.value
    node.result >> second.value
    log = await run(wf)
    assert log.seen == [0, 0, 1, 1, 2, 2, 3, 3]
    assert log.counts[name_of(data)] == 4


@pytest.mark.rule("4.2")
@DATA
async def test_what_depends_on_nothing_that_changed_is_not(data: nf.NodeType, autojump_clock: Any) -> None:
    wf, start = started()
    source, loop, node, reader = wf.add(put, value=7), wf.add(flow.for_, times=50), wf.add(data), wf.add(note)
    start >> source >> loop
    loop.body >> reader.enter
    source.result >> node.value
    node.result >> reader.value
    log = await run(wf)
    assert log.seen == [7] * 50
    assert log.counts[name_of(data)] == 1


@pytest.mark.rule("4.1", "4.2")
async def test_roots_are_found_through_any_number_of_data_nodes() -> None:
    """Of a lattice, only what lies below the cell that changed is evaluated again."""
    wf, start = started(inputs={"n": ("int", 100)})
    source, loop, reader = wf.add(put, value=1), wf.add(flow.for_, times=3), wf.add(note)
    start >> source >> loop
    loop.body >> reader.enter
    at: dict[str, Any] = {"still": source.result, "moving": loop.index, "given": wf.inputs.n}
    for name in ("still", "moving", "given"):
        for number in range(10):
            node = wf.add(tally, name=name, id=f"{name}{number}")
            at[name] >> node.value
            at[name] = node.result
    both, all_three = wf.add(math.add), wf.add(math.add)
    at["still"] >> both.a
    at["given"] >> both.b
    both.result >> all_three.a
    at["moving"] >> all_three.b
    all_three.result >> reader.value
    log = await run(wf)
    assert log.seen == [101, 102, 103]
    assert log.counts == {"still": 10, "given": 10, "moving": 30}


@pytest.mark.rule("4.1", "4.2")
@pytest.mark.parametrize("scope", ["local", "shared", "process"])
async def test_variables_are_roots(scope: str) -> None:
    variable = {"x": nf.model.Variable("int", 0, scope)}
    wf, start = started(variables={} if scope == "process" else variable)
    loop, get, node = wf.add(flow.for_, times=3), wf.add(variables.get, name="x"), wf.add(tally)
    first, second = wf.add(note), wf.add(note)
    update = wf.add(variables.update, name="x", value=10)
    start >> loop
    loop.body >> first >> second >> update
    get[GET] >> node.value
    node.result >> first.value
    node.result >> second.value
    log = await run(nf.Document(wf, variables=variable if scope == "process" else {}))
    assert log.seen == [0, 0, 10, 10, 20, 20]
    assert log.counts["tally"] == 3


@pytest.mark.rule("4.2")
@pytest.mark.parametrize("scope", ["local", "shared"])
async def test_a_condition_that_is_pulled_again_sees_the_present(scope: str) -> None:
    wf, start = started(**shared(scope))
    loop, get, less = wf.add(flow.while_), wf.add(variables.get, name="x"), wf.add(logic.less, b=5)
    update, reader = wf.add(variables.update, name="x", value=1), wf.add(note)
    start >> loop
    loop.body >> update >> reader
    get[GET] >> less.a
    less.result >> loop.condition
    update.value >> reader.value
    assert (await run(wf)).seen == [1, 2, 3, 4, 5]


@pytest.mark.rule("4.2")
async def test_writing_the_same_value_again_is_a_new_cell() -> None:
    wf, start = started()
    loop, source, node, reader = wf.add(flow.for_, times=3), wf.add(put, value=1), wf.add(tally), wf.add(note)
    start >> loop
    loop.body >> source >> reader
    source.result >> node.value
    node.result >> reader.value
    assert (await run(wf)).counts["tally"] == 3


@pytest.mark.rule("4.2")
async def test_several_outputs_are_one_evaluation() -> None:
    class Halves(NamedTuple):
        low: int
        high: int

    counts = []

    @nf.data_node("t.halves")
    def halves(value: int) -> Halves:
        counts.append(value)
        return Halves(value // 2, value - value // 2)

    wf, start = started()
    node, first, second = wf.add(halves, value=7), wf.add(note), wf.add(note)
    start >> first >> second
    node.low >> first.value
    node.high >> second.value
    assert (await run(wf)).seen == [3, 4]
    assert counts == [7]


@pytest.mark.rule("4.2")
@DATA
async def test_without_roots_once_per_run_even_across_gosubs(data: nf.NodeType, autojump_clock: Any) -> None:
    sub = nf.Workflow("sub")
    node, reader = sub.add(data, value=3), sub.add(note)
    sub.add(flow.start) >> reader
    node.result >> reader.value
    wf, start = started()
    loop, fork = wf.add(flow.for_, times=3), wf.add(flow.fan_out, branches=["a", "b"])
    start >> loop
    loop.body >> fork.enter
    for name in "ab":
        fork[name] >> wf.add(flow.gosub, workflow="sub", id=name).enter
    compiled = nf.compile(nf.Document(wf, sub))
    for _ in range(2):
        log = Log()
        await compiled.run(services=[log])
        assert log.seen == [3] * 6
        assert log.counts[name_of(data)] == 1


@pytest.mark.rule("4.2")
async def test_a_callee_with_other_inputs_computes_anew() -> None:
    sub = nf.Workflow("sub", inputs={"n": "int"})
    node, reader = sub.add(tally), sub.add(note)
    sub.add(flow.start) >> reader
    sub.inputs.n >> node.value
    node.result >> reader.value
    wf, start = started()
    first, second = wf.add(flow.gosub, workflow="sub", n=1), wf.add(flow.gosub, workflow="sub", n=2)
    start >> first >> second
    log = await run(nf.Document(wf, sub))
    assert log.seen == [1, 2]
    assert log.counts["tally"] == 2


# --- 4.3: where the memo lives, and single flight ----------------------------------------------------------


def crowd(data: nf.NodeType, count: int, *, items: bool = False, **given: Any) -> nf.Workflow:
    """So many branches (or slices) pull one node whose root lies outside of them."""
    wf, start = started()
    source, node, reader = wf.add(put, value=7), wf.add(data, **given), wf.add(note)
    source.result >> node.value
    node.result >> reader.value
    if items:
        batch = wf.add(flow.batch, items=list(range(count)), parallel=count)
        start >> source >> batch
        batch.process >> reader.enter
    else:
        fork = wf.add(flow.fan_out, branches=[f"b{number}" for number in range(count)])
        start >> source >> fork
        for number in range(count):
            fork[f"b{number}"] >> reader.enter
    return wf


@pytest.mark.rule("4.3")
@DATA
@ELIDE
@pytest.mark.parametrize("items", [True, False])
async def test_a_thousand_branches_evaluate_it_once(
    data: nf.NodeType, elide: bool, items: bool, autojump_clock: Any
) -> None:
    log = await run(crowd(data, 1_000, items=items), elide=elide)
    assert log.seen == [7] * 1_000
    assert log.counts[name_of(data)] == 1


@pytest.mark.rule("4.3")
@ELIDE
async def test_the_memo_lives_in_the_innermost_scope_that_owns_a_root(elide: bool) -> None:
    """One root outside, one in each branch: once per branch. Then both outside: once for all inside and behind."""
    wf, start = started()
    source, fork = wf.add(put, value=1), wf.add(flow.fan_out, branches=["a", "b", "c"])
    outside, behind = wf.add(tally, name="outside"), wf.add(note, id="behind")
    start >> source >> fork
    source.result >> outside.value
    for name in "abc":
        own, both = wf.add(put, value=10, id=f"own_{name}"), wf.add(math.add, id=f"sum_{name}")
        inside = wf.add(tally, name=name)
        first, second = wf.add(note, id=f"first_{name}"), wf.add(note, id=f"second_{name}")
        fork[name] >> own >> first >> second
        own.result >> both.a
        outside.result >> both.b
        both.result >> inside.value
        inside.result >> first.value
        inside.result >> second.value
    fork.joined >> behind.enter
    outside.result >> behind.value
    log = await run(wf, elide=elide)
    assert log.counts == {"outside": 1, "a": 1, "b": 1, "c": 1}
    assert log.seen[-1] == 1
    assert sorted(log.seen) == [1] + [11] * 6


@pytest.mark.rule("4.3")
@DATA
async def test_entries_share_what_depends_on_the_workflows_inputs(data: nf.NodeType, autojump_clock: Any) -> None:
    wf = nf.Workflow("main", inputs={"n": ("int", 3)})
    node, reader = wf.add(data), wf.add(note)
    wf.inputs.n >> node.value
    node.result >> reader.value
    for number in range(5):
        wf.add(flow.start, id=f"start{number}") >> reader
    log = await run(wf)
    assert log.seen == [3] * 5
    assert log.counts[name_of(data)] == 1


FORKED = pytest.mark.xfail(strict=True, reason="BUG: a scope that was captured and forked has memos of its own")


@pytest.mark.rule("4.3", "4.2")
@pytest.mark.parametrize("writes", [False, pytest.param(True, marks=FORKED)])
@DATA
async def test_items_share_what_depends_on_older_cells(data: nf.NodeType, writes: bool, autojump_clock: Any) -> None:
    """The producer writes another output between its emits: no root of the node, whose value is as good as before."""

    @nf.exec_node("t.producing")
    async def producing(*, items: nf.Stream[int], other: nf.Out[int] = nf.initially(0)) -> None:
        for number in range(10):
            if writes:
                other.set(number)
            await items.emit(number)

    wf, start = started()
    source, node, reader = wf.add(put, value=7), wf.add(data), wf.add(note)
    stream = wf.add(producing, mode="concurrent")
    start >> source >> stream
    stream.on_item >> reader.enter
    source.result >> node.value
    node.result >> reader.value
    log = await run(wf)
    assert log.seen == [7] * 10
    assert log.counts[name_of(data)] == 1


def cut_short(reader: nf.NodeType = note) -> tuple[nf.Workflow, Any]:
    """Branch `a` pulls first and is cut off after 1 s of the 3 s that the node takes; `b` and `c` wait for it."""
    wf, start = started()
    source, node = wf.add(put, value=7), wf.add(slow, seconds=3.0)
    fork, limit = wf.add(flow.fan_out, branches=["a", "b", "c"]), wf.add(flow.timeout, seconds=1.0)
    start >> source >> fork
    source.result >> node.value
    cut = wf.add(note, id="cut")
    fork["a"] >> limit.enter
    limit.body >> cut.enter
    node.result >> cut.value
    limit.expired >> wf.add(note, id="expired", value="expired").enter
    for name in "bc":
        nap, waiting = wf.add(flow.delay, seconds=0.5, id=f"nap_{name}"), wf.add(reader, id=f"read_{name}")
        fork[name] >> nap.enter
        nap.exit >> waiting.enter
        node.result >> waiting.value
    return wf, fork


@pytest.mark.rule("4.3")
async def test_if_the_computing_one_is_cancelled_a_waiter_takes_over(autojump_clock: Any) -> None:
    wf, _ = cut_short()
    before = trio.current_time()
    log = await run(wf)
    assert log.seen == ["expired", 7, 7]
    assert log.counts["slow"] == 2
    assert trio.current_time() - before == pytest.approx(4)


@pytest.mark.rule("4.3")
async def test_if_a_waiter_is_cancelled_the_computing_one_goes_on(autojump_clock: Any) -> None:
    wf, start = started()
    source, node, fork = wf.add(put, value=7), wf.add(slow, seconds=3.0), wf.add(flow.fan_out, branches=["a", "b"])
    limit, nap = wf.add(flow.timeout, seconds=1.0), wf.add(flow.delay, seconds=0.5)
    first, second, again = wf.add(note, id="first"), wf.add(note, id="second"), wf.add(note, id="again")
    start >> source >> fork
    source.result >> node.value
    fork["a"] >> first.enter
    fork["b"] >> nap >> limit
    limit.body >> second.enter
    limit.exit >> again.enter
    for reader in (first, second, again):
        node.result >> reader.value
    log = await run(wf)
    assert log.seen == [7, 7]
    assert log.counts["slow"] == 1


@pytest.mark.rule("4.3", "9.3")
@pytest.mark.xfail(strict=True, reason="BUG: an evaluation that ends wakes threads that no longer wait for it")
async def test_who_was_cancelled_while_waiting_is_not_woken_later(autojump_clock: Any) -> None:
    """Branch `b` gives up the node and waits for an event, which nobody has triggered when the node is ready."""
    wf, start = started(events={"ping": "text"})
    source, node, fork = wf.add(put, value=7), wf.add(slow, seconds=3.0), wf.add(flow.fan_out, branches=["a", "b", "c"])
    limit, nap, late = wf.add(flow.timeout, seconds=1.0), wf.add(flow.delay, seconds=0.5), wf.add(flow.delay, seconds=9)
    waiting, reader, heard = wf.add(events.wait, event="ping"), wf.add(note, id="reader"), wf.add(note, id="heard")
    start >> source >> fork
    source.result >> node.value
    fork["a"] >> reader.enter
    fork["b"] >> nap >> limit
    limit.body >> wf.add(note, id="cut").enter
    limit.exit >> waiting >> heard
    waiting.payload >> heard.value
    fork["c"] >> late >> wf.add(events.trigger, event="ping", payload="hello")
    node.result >> reader.value
    node.result >> wf._placed["cut"].value
    assert (await run(wf)).seen == [7, "hello"]


@pytest.mark.rule("4.3")
async def test_if_it_fails_each_puller_gets_the_same_cause_and_observers_see_one(autojump_clock: Any) -> None:
    wf, start = started()
    source, node = wf.add(put, value=7), wf.add(broken, seconds=1.0)
    names = [f"b{number}" for number in range(20)]
    fork = wf.add(flow.fan_out, branches=names)
    start >> source >> fork
    source.result >> node.value
    caught: list[nf.NodeFailed] = []

    @nf.exec_node("t.catching")
    async def catching(value: nf.Lazy[Any]) -> None:
        try:
            await value()
        except nf.NodeFailed as error:
            caught.append(error)

    reader = wf.add(catching)
    node.result >> reader.value
    for name in names:
        fork[name] >> reader.enter
    watch = Counted()
    log = await run(wf, observers=[watch])
    assert len(caught) == 20
    assert len({id(error) for error in caught}) == 20
    assert len({id(error.__cause__) for error in caught}) == 1
    assert {error.node for error in caught} == {"broken"}
    assert len(watch.of(NodeFailedEvent)) == 1
    assert len(watch.of(DataEvaluated, node="broken")) == 1
    assert log.counts["broken"] == 1


@pytest.mark.rule("4.3")
@pytest.mark.parametrize("seconds", [0.0, 1.0])
async def test_a_failure_is_not_remembered(seconds: float, autojump_clock: Any) -> None:
    wf, start = started()
    source, node, loop = wf.add(put, value=7), wf.add(broken, seconds=seconds), wf.add(flow.for_, times=3)
    trying, reader = wf.add(flow.try_), wf.add(note)
    start >> source >> loop
    source.result >> node.value
    loop.body >> trying.enter
    trying.body >> reader.enter
    node.result >> reader.value
    watch = Counted()
    log = await run(wf, observers=[watch])
    assert log.counts["broken"] == 3
    assert log.seen == []
    assert len(watch.of(NodeFailedEvent)) == 3


@pytest.mark.rule("4.3")
async def test_the_failure_of_a_node_in_the_middle_reaches_all_who_wait_above_it(autojump_clock: Any) -> None:
    wf, start = started()
    source, node, above = wf.add(put, value=7), wf.add(broken, seconds=1.0), wf.add(tally)
    fork, reader = wf.add(flow.fan_out, branches=["a", "b"], errors="collect"), wf.add(note)
    meet, errors = wf.add(flow.fan_in), wf.add(note, id="errors")
    start >> source >> fork
    source.result >> node.value
    node.result >> above.value
    for name in "ab":
        fork[name] >> reader.enter
    reader.exit >> meet.enter
    above.result >> reader.value
    meet.exit >> errors.enter
    meet.errors >> errors.value
    log = await run(wf)
    assert log.seen == [["broken on purpose"] * 2]
    assert log.counts == {"broken": 1}


# --- 4.4: volatile -----------------------------------------------------------------------------------------


@nf.exec_node("t.two")
def two(ctx: nf.NodeContext, a: int, b: int) -> None:
    ctx.service(Log).seen.append((a, b))


@nf.exec_node("t.lazy_two")
async def lazy_two(ctx: nf.NodeContext, first: int, a: nf.Lazy[int]) -> None:
    ctx.service(Log).seen.append((first, await a(), await a()))


@pytest.mark.rule("4.4")
async def test_all_eager_inputs_of_an_activation_are_one_pull() -> None:
    wf, start = started()
    loop, node, above, reader = wf.add(flow.for_, times=3), wf.add(fresh), wf.add(math.add, b=0), wf.add(two)
    start >> loop
    loop.body >> reader.enter
    node.result >> above.a
    node.result >> reader.a
    above.result >> reader.b
    assert (await run(wf)).seen == [(1, 1), (2, 2), (3, 3)]


@pytest.mark.rule("4.4")
async def test_each_await_of_a_lazy_input_is_a_new_pull() -> None:
    wf, start = started()
    node, above, reader = wf.add(fresh), wf.add(math.add, b=0), wf.add(lazy_two)
    start >> reader
    node.result >> above.a
    above.result >> reader.first
    above.result >> reader.a
    assert (await run(wf)).seen == [(1, 2, 3)]


@pytest.mark.rule("4.4")
async def test_what_depends_on_a_volatile_node_is_volatile() -> None:
    wf, start = started()
    node, above, first, second = wf.add(fresh), wf.add(tally), wf.add(note), wf.add(note)
    start >> first >> second
    node.result >> above.value
    above.result >> first.value
    above.result >> second.value
    log = await run(wf)
    assert log.seen == [1, 2]
    assert log.counts["tally"] == 2


@pytest.mark.rule("4.4")
async def test_what_a_data_node_pulls_belongs_to_the_pull_that_it_serves() -> None:
    """`select` decides by the number and hands on the same number, and the activation sees it too."""
    wf, start = started()
    node, greater, choose = wf.add(fresh), wf.add(logic.greater, b=0), wf.add(logic.select)
    loop, reader = wf.add(flow.for_, times=2), wf.add(two)
    start >> loop
    loop.body >> reader.enter
    node.result >> greater.a
    greater.result >> choose.condition
    node.result >> choose.then
    node.result >> reader.a
    choose.result >> reader.b
    assert (await run(wf)).seen == [(1, 1), (2, 2)]


@pytest.mark.rule("4.4")
@ELIDE
async def test_each_arrival_and_each_result_is_a_new_pull(elide: bool) -> None:
    wf, start = started()
    node, fork, meet = wf.add(fresh), wf.add(flow.fan_out, branches=["a", "b"]), wf.add(flow.fan_in)
    batch, first, second = wf.add(flow.batch, items=[1, 2, 3]), wf.add(note), wf.add(note)
    start >> fork
    for name in "ab":
        fork[name] >> meet.enter
    node.result >> meet.value
    meet.exit >> first >> batch
    meet.merged >> first.value
    node.result >> batch.result
    batch.continue_ >> second.enter
    batch.results >> second.value
    arrived, results = (await run(wf, elide=elide)).seen
    assert sorted(arrived) == [1, 2]
    assert sorted(results) == [3, 4, 5]


@pytest.mark.rule("4.4")
async def test_an_async_volatile_node_is_evaluated_for_each_puller(autojump_clock: Any) -> None:
    @nf.data_node("t.late", volatile=True)
    async def late(ctx: nf.NodeContext, value: Any = None) -> int:
        ctx.service(Log).counts["late"] += 1
        await ctx.sleep(1)
        return 1

    log = await run(crowd(late, 5))
    assert log.counts["late"] == 5


# --- 4.5: eager without recursion, and lazy ----------------------------------------------------------------


def chain(data: nf.NodeType, length: int, socket: str, **given: Any) -> nf.Workflow:
    wf, start = started()
    source, reader = wf.add(put, value=0), wf.add(note)
    start >> source >> reader
    at = source.result
    for number in range(length):
        node = wf.add(data, id=f"d{number}", **given)
        at >> node[socket]
        at = node.result
    at >> reader.value
    return wf


@pytest.mark.rule("4.5")
@pytest.mark.slow
async def test_a_chain_of_100_000_data_nodes_is_fine() -> None:
    log = await run(chain(math.add, 100_000, "a", b=1))
    assert log.seen == [100_000]


@pytest.mark.rule("4.5")
async def test_a_chain_of_lazy_inputs_is_fine_too() -> None:
    assert (await run(chain(logic.select, 3_000, "then", condition=True))).seen == [0]


@pytest.mark.rule("4.5", "4.6")
async def test_a_chain_of_async_data_nodes_is_fine_too() -> None:
    log = await run(chain(slow, 1_000, "value", seconds=0.0))
    assert log.seen == [0]
    assert log.counts["slow"] == 1_000


@nf.exec_node("t.eager")
def eager(ctx: nf.NodeContext, a: Any, b: Any) -> None:
    ctx.service(Log).seen.append("body")


@pytest.mark.rule("4.5")
async def test_eager_inputs_are_resolved_before_the_body_starts_also_those_it_ignores() -> None:
    wf, start = started()
    first, second, reader = wf.add(tally, value=1, name="first"), wf.add(slow, value=2, seconds=0.0), wf.add(eager)
    start >> reader
    first.result >> reader.a
    second.result >> reader.b
    log = await run(wf)
    assert log.counts == {"first": 1, "slow": 1}


@pytest.mark.rule("4.5")
async def test_a_lazy_input_is_not_resolved_until_the_body_asks() -> None:
    @nf.exec_node("t.asking")
    async def asking(ctx: nf.NodeContext, ask: bool, value: nf.Lazy[Any]) -> None:
        log = ctx.service(Log)
        log.seen.append(log.counts["tally"])
        if ask:
            await value()
            log.seen.append(log.counts["tally"])

    for ask, expected in ((True, [0, 1]), (False, [0])):
        wf, start = started()
        node, reader = wf.add(tally, value=1), wf.add(asking, ask=ask)
        start >> reader
        node.result >> reader.value
        assert (await run(wf)).seen == expected


@pytest.mark.rule("4.5")
async def test_a_lazy_input_is_pulled_again_after_a_trigger() -> None:
    wf, start = started(**shared("local"))
    loop, get, node = wf.add(flow.do_while), wf.add(variables.get, name="x"), wf.add(tally)
    less, update = wf.add(logic.less, b=3), wf.add(variables.update, name="x", value=1)
    start >> loop
    loop.body >> update.enter
    get[GET] >> node.value
    node.result >> less.a
    less.result >> loop.condition
    assert (await run(wf)).counts["tally"] == 3


@pytest.mark.rule("4.5")
@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (logic.select, {"condition": True}, {"then": 1}),
        (logic.select, {"condition": False}, {"otherwise": 1}),
        (logic.and_, {}, {"a": 1}),
        (logic.or_, {}, {"a": 1, "b": 1}),
    ],
)
async def test_select_and_or_pull_only_the_side_they_need(
    kind: nf.NodeType, given: dict[str, Any], expected: dict[str, int]
) -> None:
    wf, start = started()
    node, reader = wf.add(kind, **given), wf.add(note)
    start >> reader
    node.result >> reader.value
    for socket in ("then", "otherwise") if kind is logic.select else ("a", "b"):
        source = wf.add(tally, value=False, name=socket)
        source.result >> node[socket]
    assert (await run(wf)).counts == expected


@pytest.mark.rule("4.5", "4.2")
async def test_the_side_that_was_not_needed_is_a_root_all_the_same() -> None:
    """`select` was evaluated with `then`; now the condition and the other side have changed."""
    wf, start = started(**shared("local"))
    loop, get, less = wf.add(flow.for_, times=4), wf.add(variables.get, name="x"), wf.add(logic.less, b=2)
    choose, double, reader = wf.add(logic.select, then="low"), wf.add(math.multiply, b=10), wf.add(note)
    update = wf.add(variables.update, name="x", value=1)
    start >> loop
    loop.body >> reader >> update
    get[GET] >> less.a
    get[GET] >> double.a
    less.result >> choose.condition
    double.result >> choose.otherwise
    choose.result >> reader.value
    assert (await run(wf)).seen == ["low", "low", 20, 30]


@pytest.mark.rule("4.5", "4.2")
async def test_a_root_behind_a_lazy_input_alone_makes_it_stale() -> None:
    wf, start = started()
    loop, choose = wf.add(flow.for_, times=3), wf.add(logic.select, condition=True)
    node, reader = wf.add(tally), wf.add(note)
    start >> loop
    loop.body >> reader.enter
    loop.index >> node.value
    node.result >> choose.then
    choose.result >> reader.value
    assert (await run(wf)).seen == [0, 1, 2]


# --- 4.6 ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("4.6")
async def test_data_nodes_may_wait_while_others_go_on(autojump_clock: Any) -> None:
    wf, start = started()
    fork, reader, other = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(note), wf.add(note, value="other")
    node = wf.add(slow, value="late", seconds=5.0)
    start >> fork
    fork["a"] >> reader.enter
    node.result >> reader.value
    fork["b"] >> other.enter
    assert (await run(wf)).seen == ["other", "late"]


@pytest.mark.rule("4.6")
@pytest.mark.parametrize(
    "annotation", [nf.ExecOut, nf.Branch, nf.ExecIn, nf.Stream[int], nf.Out[int], nf.Ports[nf.ExecOut]]
)
def test_data_nodes_do_not_trigger(annotation: Any) -> None:
    async def body(given: Any) -> int:
        return 1

    body.__annotations__["given"] = annotation
    with pytest.raises(nf.DeclarationError, match="'given'"):
        nf.data_node("t.bad")(body)


@pytest.mark.rule("4.6")
@pytest.mark.parametrize("length", [1, 2, 5])
@pytest.mark.parametrize("lazy", [True, False])
def test_a_cycle_of_data_nodes_is_an_error_that_shows_the_cycle(length: int, lazy: bool) -> None:
    wf, start = started()
    kind, socket = (logic.select, "then") if lazy else (math.add, "a")
    nodes = [wf.add(kind, id=f"node{number}") for number in range(length)]
    for number, node in enumerate(nodes):
        nodes[number - 1].result >> node[socket]
    reader = wf.add(note)
    start >> reader
    nodes[0].result >> reader.value
    (found,) = (finding for finding in nf.validate(wf) if finding.code == "NF201")
    assert found.severity is nf.Severity.ERROR
    assert all(f"node{number}" in found.message for number in range(length))
    with pytest.raises(nf.InvalidDocument):
        nf.compile(wf)


@pytest.mark.rule("4.6")
async def test_an_exec_output_breaks_a_cycle() -> None:
    wf, start = started()
    source, node, reader = wf.add(_counted_from), wf.add(math.add, b=1), wf.add(note)
    loop = wf.add(flow.for_, times=3)
    start >> loop
    loop.body >> source >> reader
    source.result >> node.a
    node.result >> source.value
    source.result >> reader.value
    assert "NF201" not in codes(wf)
    assert (await run(wf)).seen == [1, 2, 3]


@nf.exec_node("t.counted_from")
def _counted_from(value: int, *, result: nf.Out[int] = nf.initially(0)) -> None:
    result.set(value)


@pytest.mark.rule("4.6")
async def test_the_failure_of_a_data_node_is_its_own() -> None:
    wf, start = started()
    node, reader = wf.add(math.divide, a=1, b=0), wf.add(note)
    start >> reader
    node.result >> reader.value
    assert isinstance(await cause(wf), ZeroDivisionError)


# --- 4.7: state --------------------------------------------------------------------------------------------


@nf.exec_node("t.count_local")
def count_local(*, times: nf.State[int] = nf.initially(0)) -> int:
    return times.update(lambda old: old + 1)


@nf.exec_node("t.count_shared")
def count_shared(*, times: nf.SharedState[int] = nf.initially(0)) -> int:
    return times.update(lambda old: old + 1)


@nf.data_node("t.count_pulls", volatile=True)
def count_pulls(times: nf.SharedState[int] = nf.initially(0)) -> int:
    times.value += 1
    return times.value


COUNTERS = pytest.mark.parametrize("counter", [count_local, count_shared], ids=["local", "shared"])


@pytest.mark.rule("4.7")
@COUNTERS
async def test_a_node_remembers_between_activations(counter: nf.NodeType) -> None:
    wf, start = started()
    loop, node, other, reader = wf.add(flow.for_, times=3), wf.add(counter), wf.add(counter, id="other"), wf.add(note)
    start >> loop
    loop.body >> node >> reader
    loop.exit >> other.enter
    node.result >> reader.value
    result, log = await outcome(wf)
    assert log.seen == [1, 2, 3]
    assert result.value("other") == 1


@pytest.mark.rule("4.7")
@COUNTERS
async def test_nothing_is_remembered_from_run_to_run(counter: nf.NodeType) -> None:
    wf, start = started()
    node = wf.add(counter)
    start >> node
    compiled = nf.compile(wf)
    assert [(await compiled.run()).value(node.id) for _ in range(3)] == [1, 1, 1]


@pytest.mark.rule("4.7")
@COUNTERS
async def test_shared_state_is_one_per_workflow_context(counter: nf.NodeType) -> None:
    """Each gosub has its own; branches of one workflow share it, or have a snapshot."""
    sub = nf.Workflow("sub", outputs={"n": "int"})
    node, out, again = sub.add(counter), sub.add(flow.set_output), sub.add(call)
    sub.add(flow.start) >> again
    again.body >> node.enter
    again.exit >> out.enter
    node.result >> out["n"]
    wf, start = started()
    first, second = wf.add(flow.gosub, workflow="sub"), wf.add(flow.gosub, workflow="sub", id="second")
    a, b = wf.add(note), wf.add(note)
    start >> first >> a >> second >> b
    first["n"] >> a.value
    second["n"] >> b.value
    assert (await run(nf.Document(wf, sub))).seen == [1, 1]


@pytest.mark.rule("4.7")
@pytest.mark.parametrize(("counter", "expected"), [(count_local, [1] * 20), (count_shared, list(range(1, 21)))])
@ELIDE
async def test_branches_snapshot_or_share_it(counter: nf.NodeType, expected: list[int], elide: bool) -> None:
    wf, start = started()
    names = [f"b{number}" for number in range(20)]
    fork, meet, node, reader = wf.add(flow.fan_out, branches=names), wf.add(flow.fan_in), wf.add(counter), wf.add(note)
    start >> fork
    for name in names:
        fork[name] >> node.enter
    node.exit >> meet.enter
    node.result >> meet.value
    meet.exit >> reader.enter
    meet.merged >> reader.value
    (values,) = (await run(wf, elide=elide)).seen
    assert sorted(values) == expected


@pytest.mark.rule("4.7")
async def test_local_state_comes_back_when_its_branch_is_over() -> None:
    wf, start = started()
    caller, node, fork, after = wf.add(call), wf.add(count_local), wf.add(flow.fan_out, branches=["a"]), wf.add(call)
    reader = wf.add(note)
    start >> caller
    caller.body >> node.enter
    caller.exit >> fork.enter
    inside = wf.add(call, id="inside")
    fork["a"] >> inside.enter
    inside.body >> node.enter
    fork.joined >> after.enter
    after.body >> node.enter
    after.exit >> reader.enter
    node.result >> reader.value
    assert (await run(wf)).seen == [2]


@pytest.mark.rule("4.7")
async def test_state_is_no_root() -> None:
    """The state of `count_local` changes, and what depends on another output of it is not computed again."""

    @nf.exec_node("t.mixed")
    def mixed(ctx: nf.NodeContext, *, times: nf.SharedState[int] = nf.initially(0), once: nf.Out[int]) -> None:
        if times.update(lambda old: old + 1) == 1:
            once.set(1)

    wf, start = started()
    loop, node, data, reader = wf.add(flow.for_, times=3), wf.add(mixed), wf.add(tally), wf.add(note)
    start >> loop
    loop.body >> node >> reader
    node.once >> data.value
    data.result >> reader.value
    log = await run(wf)
    assert log.seen == [1, 1, 1]
    assert log.counts["tally"] == 1


@pytest.mark.rule("4.7")
async def test_a_data_node_with_state_is_volatile() -> None:
    with pytest.raises(nf.DeclarationError, match=r"'times'.*volatile"):

        @nf.data_node("t.bad")
        def bad(times: nf.State[int] = nf.initially(0)) -> int:
            return 1

    wf, start = started()
    node, first, second = wf.add(count_pulls), wf.add(note), wf.add(note)
    start >> first >> second
    node.result >> first.value
    node.result >> second.value
    assert (await run(wf)).seen == [1, 2]


@pytest.mark.rule("4.7")
async def test_updates_of_shared_state_are_atomic(autojump_clock: Any) -> None:
    """A body that waits in between loses nothing of what others add meanwhile, if it updates."""

    @nf.exec_node("t.adding")
    async def adding(ctx: nf.NodeContext, *, total: nf.SharedState[int] = nf.initially(0)) -> int:
        await ctx.sleep(1)
        total.update(lambda old: old + 1)
        await ctx.sleep(1)
        return total.update(lambda old: old + 1)

    wf, start = started()
    names = [f"b{number}" for number in range(10)]
    fork, node, meet, reader = wf.add(flow.fan_out, branches=names), wf.add(adding), wf.add(flow.fan_in), wf.add(note)
    start >> fork
    for name in names:
        fork[name] >> node.enter
    node.exit >> meet.enter
    node.result >> meet.value
    meet.exit >> reader.enter
    meet.merged >> reader.value
    (values,) = (await run(wf)).seen
    assert max(values) == 20


@pytest.mark.rule("4.3")
async def test_a_waiter_that_comes_later_finds_the_memo(autojump_clock: Any) -> None:
    wf, start = started()
    source, node = wf.add(put, value=1), wf.add(slow, seconds=1.0)
    fork, reader = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(note)
    nap = wf.add(flow.delay, seconds=5)
    start >> source >> fork
    source.result >> node.value
    fork["a"] >> reader.enter
    fork["b"] >> nap >> reader
    node.result >> reader.value
    log = await run(wf)
    assert log.seen == [1, 1]
    assert log.counts["slow"] == 1
