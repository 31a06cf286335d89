"""Semantics 4.4 to 4.7: volatile data nodes, eager and lazy inputs, async data nodes, and state."""

from __future__ import annotations

from typing import Any

import pytest
from probes import Log, call, cause, codes, fresh, note, outcome, put, run, slow, started, tally

import nodeflow as nf
from nodeflow.library import flow, logic, math, variables

GET = variables.get.data_outs[0].name
ELIDE = pytest.mark.parametrize("elide", [True, False])
DATA = pytest.mark.parametrize("data", [tally, slow], ids=["plain", "async"])


def shared(scope: str) -> dict[str, Any]:
    return {"variables": {"x": nf.model.Variable("int", 0, scope)}}


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
