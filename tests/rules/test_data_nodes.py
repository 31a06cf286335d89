"""Semantics 4.1 to 4.3: data nodes are remembered until one of their roots is written, and are never stale."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import trio
from probes import Counted, Log, broken, note, put, run, slow, started, tally

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


@pytest.mark.rule("4.3", "4.2")
@pytest.mark.parametrize("writes", [False, True])
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
