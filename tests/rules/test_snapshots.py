"""Semantics 3.1 to 3.3: cells, snapshot at spawn, and that a trigger is no new scope."""

from __future__ import annotations

from typing import Any

import pytest
from probes import Log, call, note, outcome, put, run, slow, started, tally, tell, wait_for

import nodeflow as nf
from nodeflow.library import events, flow, variables

GET = variables.get.data_outs[0].name
LOCAL = nf.model.Variable("text", "nothing", "local")
SHARED = nf.model.Variable("text", "nothing", "shared")


@nf.exec_node("t.register")
def register(a: nf.ExecIn, b: nf.ExecIn, c: nf.ExecIn, *, held: nf.Out[str] = nf.initially("nothing")) -> None:
    """One output, written with the name of the exec input that fired."""
    held.set("a" if a else "b" if b else "c")


@nf.exec_node("t.remember")
def remember(
    a: nf.ExecIn,
    b: nf.ExecIn,
    c: nf.ExecIn,
    look: nf.ExecIn,
    *,
    kept: nf.State[str] = nf.initially("nothing"),
    held: nf.Out[str] = nf.initially("not looked at"),
) -> None:
    """The same as a local state; `look` writes it to the output."""
    if look:
        held.set(kept.value)
    else:
        kept.set("a" if a else "b" if b else "c")


class Memory:
    """Something that can be written at several places of a flow, and read: a cell, a local variable or a state."""

    def __init__(self, wf: nf.Workflow, kind: str) -> None:
        self.wf, self.kind = wf, kind
        types = {"cell": register, "state": remember}
        self.node: Any = wf.add(types[kind], id="memory") if kind in types else None

    def write(self, before: Any, name: str) -> Any:
        """Write `name` behind `before`; returns the exec output to go on from."""
        if self.node is None:
            return behind(self.wf, before, variables.set_, name="x", value=name)
        return self._trigger(before, name)

    def _trigger(self, before: Any, name: str) -> Any:
        """Trigger an input of `memory` and come back: no wire leads on from it, so that threads do not meet in it."""
        calling = self.wf.add(call, id=f"call_{len(self.wf._placed)}")
        before >> calling.enter
        calling.body >> self.node[name]
        return calling.exit

    def read(self, before: Any) -> Any:
        """Note what is there behind `before`; returns the exec output to go on from."""
        if self.kind == "state":
            before = self._trigger(before, "look")
        reader = self.wf.add(note, id=f"read_{len(self.wf._placed)}")
        before >> reader.enter
        if self.node is None:
            get = self.wf.add(variables.get, name="x", id=f"get_{len(self.wf._placed)}")
            get[GET] >> reader.value
        else:
            self.node.held >> reader.value
        return reader.exit


KINDS = pytest.mark.parametrize("kind", ["cell", "variable"])
ELIDE = pytest.mark.parametrize("elide", [True, False])


def behind(wf: nf.Workflow, before: Any, node_type: nf.NodeType, **given: Any) -> Any:
    """Place a node behind an exec output; returns its exit."""
    node = wf.add(node_type, id=f"n{len(wf._placed)}", **given)
    before >> node.enter
    return node.exit


def new() -> tuple[nf.Workflow, Any]:
    return started(variables={"x": LOCAL, "shared": SHARED}, events={"ping": "any"}, outputs={"out": "any"})


# --- 3.1 ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("3.1")
@KINDS
async def test_reading_goes_to_the_newest_cell(kind: str) -> None:
    wf, start = new()
    memory = Memory(wf, kind)
    at = memory.read(start.exit)
    for name in "ab":
        at = memory.read(memory.write(at, name))
    assert (await run(wf)).seen == ["nothing", "a", "b"]


@pytest.mark.rule("3.1")
async def test_a_body_keeps_the_cells_it_was_started_with(autojump_clock: Any) -> None:
    """Its inputs were read when it started: what is written while it waits is for later readers."""

    @nf.exec_node("t.keeping")
    async def keeping(ctx: nf.NodeContext, value: str, later: nf.Lazy[str], *, body: nf.ExecOut) -> None:
        await body()
        ctx.service(Log).seen.append((value, await later()))

    wf, start = new()
    memory = Memory(wf, "cell")
    node = wf.add(keeping)
    memory.write(start.exit, "a") >> node.enter
    memory.node.held >> node.value
    memory.node.held >> node.later
    memory.write(node.body, "b")
    assert (await run(wf)).seen == [("a", "b")]


@pytest.mark.rule("3.1")
async def test_setting_an_output_twice_leaves_the_second() -> None:
    @nf.exec_node("t.twice")
    async def twice(*, out: nf.Out[int], body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        out.set(1)
        await body()
        out.set(2)
        out.set(3)
        return exit

    wf, start = started()
    node, first, second = wf.add(twice), wf.add(note), wf.add(note)
    start >> node
    node.body >> first.enter
    node.exit >> second.enter
    node.out >> first.value
    node.out >> second.value
    assert (await run(wf)).seen == [1, 3]


# --- 3.2: fan-out ------------------------------------------------------------------------------------------


@pytest.mark.rule("3.2")
@pytest.mark.parametrize("kind", ["cell", "variable", "state"])
@pytest.mark.parametrize("first", ["a", "b"])
async def test_branches_do_not_see_each_other(kind: str, first: str) -> None:
    wf, start = new()
    memory, fork = Memory(wf, kind), wf.add(flow.fan_out, branches=["a", "b"])
    second = "b" if first == "a" else "a"
    memory.write(start.exit, "c") >> fork.enter
    at = memory.write(fork[first], first)
    behind(wf, at, tell, name="written")
    at = behind(wf, fork[second], wait_for, name="written")
    memory.read(at)
    assert (await run(wf)).seen == ["c"]


@pytest.mark.rule("3.2")
@KINDS
@ELIDE
async def test_a_branch_sees_what_it_writes_and_the_opener_does_not(kind: str, elide: bool) -> None:
    wf, start = new()
    memory, fork = Memory(wf, kind), wf.add(flow.fan_out, branches=["a", "b"])
    memory.write(start.exit, "c") >> fork.enter
    memory.read(memory.write(fork["a"], "a"))
    memory.read(memory.write(fork["b"], "b"))
    joined = behind(wf, fork.joined, note, value="joined")
    memory.read(joined)
    log = await run(wf, elide=elide)
    assert sorted(log.seen[:2]) == ["a", "b"]
    assert log.seen[2:] == ["joined", "c"]


@pytest.mark.rule("3.2")
@KINDS
@ELIDE
async def test_descendants_see_what_their_branch_wrote_and_not_its_siblings(kind: str, elide: bool) -> None:
    wf, start = new()
    memory, outer = Memory(wf, kind), wf.add(flow.fan_out, branches=["a", "b"], id="outer")
    memory.write(start.exit, "c") >> outer.enter
    for name in "ab":
        inner = wf.add(flow.fan_out, branches=["p", "q"], id=f"inner_{name}")
        memory.write(outer[name], name) >> inner.enter
        memory.read(inner["p"])
        memory.read(inner["q"])
    assert sorted((await run(wf, elide=elide)).seen) == ["a", "a", "b", "b"]


@pytest.mark.rule("3.2")
async def test_a_shared_variable_is_no_snapshot() -> None:
    wf, start = new()
    fork = wf.add(flow.fan_out, branches=["a", "b"])
    start >> fork
    at = behind(wf, fork["a"], variables.set_, name="shared", value="from a")
    behind(wf, at, tell, name="written")
    at = behind(wf, fork["b"], wait_for, name="written")
    get, seen = wf.add(variables.get, name="shared"), wf.add(note)
    at >> seen.enter
    get[GET] >> seen.value
    assert (await run(wf)).seen == ["from a"]


# --- 3.2: where the opener goes on -------------------------------------------------------------------------


@nf.exec_node("t.opening")
async def opening(
    ctx: nf.NodeContext,
    how: nf.Option[str],
    parallel: nf.Option[int | None] = None,
    *,
    held: nf.Out[str] = nf.initially("nothing"),
    branch: nf.Branch,
    write: nf.ExecOut,
    done: nf.ExecOut,
) -> nf.ExecOut:
    """Starts three threads and writes between them: an output, a variable, or what `write` triggers does."""

    async def change(value: str) -> None:
        if how == "cell":
            held.set(value)
        elif how == "variable":
            ctx.variables.set("x", value)
        else:
            await write()

    async with ctx.open_scope(parallel=parallel) as scope:
        for value in "abc":
            await change(value)
            scope.start(branch)
        await change("d")
        ctx.service(Log).signal("written").set()
    return done


def opened(how: str, parallel: int | None = None, *, waiting: bool = True, data: Any = None) -> nf.Workflow:
    wf, start = new()
    node = wf.add(opening, how=how, parallel=parallel)
    start >> node
    inside = behind(wf, node.branch, wait_for, name="written") if waiting else node.branch
    readers = [wf.add(note, id="inside"), wf.add(note, id="after")]
    inside >> readers[0].enter
    node.done >> readers[1].enter
    if how == "variable":
        source = wf.add(variables.get, name="x")[GET]
    elif how == "cell":
        source = node.held
    else:
        counter = wf.add(_letters)
        node.write >> counter.enter
        source = counter.result
    if data is not None:
        between = wf.add(data)
        source >> between.value
        source = between.result
    for reader in readers:
        source >> reader.value
    return wf


@nf.exec_node("t.letters")
def _letters(*, kept: nf.SharedState[str] = nf.initially("")) -> str:
    """The next letter at each activation."""
    return kept.update(lambda old: chr(ord(old) + 1) if old else "a")


@pytest.mark.rule("3.2")
@pytest.mark.parametrize("how", ["cell", "variable", "trigger"])
@pytest.mark.parametrize("parallel", [None, 1, 2])
@pytest.mark.parametrize("waiting", [True, False])
@ELIDE
async def test_threads_see_what_was_there_when_they_were_started(
    how: str, parallel: int | None, waiting: bool, elide: bool
) -> None:
    """Also those that were queued, and born only after the opener had written on."""
    log = await run(opened(how, parallel, waiting=waiting), elide=elide)
    assert sorted(log.seen[:3]) == ["a", "b", "c"]
    assert log.seen[3:] == ["d"]


@pytest.mark.rule("3.2", "4.3")
@pytest.mark.parametrize("how", ["cell", "variable", "trigger"])
@pytest.mark.parametrize("data", [tally, slow], ids=["plain", "async"])
async def test_data_nodes_follow_the_snapshot(how: str, data: nf.NodeType, autojump_clock: Any) -> None:
    log = await run(opened(how, data=data))
    assert sorted(log.seen[:3]) == ["a", "b", "c"]
    assert log.seen[3:] == ["d"]
    assert log.counts[data.name.split(".")[1]] == 4


@pytest.mark.rule("3.2", "4.7")
@pytest.mark.parametrize("kind", ["local", "shared"])
async def test_states_of_a_node_that_several_branches_run(kind: str) -> None:
    annotation: Any = {"local": nf.State, "shared": nf.SharedState}[kind]

    @nf.exec_node("t.count")
    def count(*, times: annotation[int] = nf.initially(0)) -> int:  # type: ignore[valid-type]
        return times.update(lambda old: old + 1)  # type: ignore[attr-defined, no-any-return]

    wf, start = started()
    node = wf.add(count)
    caller = wf.add(call)
    names = [f"b{number}" for number in range(5)]
    fork, meet, seen = wf.add(flow.fan_out, branches=names), wf.add(flow.fan_in), wf.add(note)
    start >> caller
    caller.body >> node.enter
    twice = wf.add(call, id="twice")
    caller.exit >> fork.enter
    for name in names:
        fork[name] >> twice.enter
    twice.body >> node.enter
    twice.exit >> meet.enter
    node.result >> meet.value
    meet.exit >> seen.enter
    meet.merged >> seen.value
    (values,) = (await run(wf)).seen
    assert sorted(values) == ([2] * 5 if kind == "local" else [2, 3, 4, 5, 6])


@nf.exec_node("t.producing")
async def producing(
    ctx: nf.NodeContext, *, items: nf.Stream[str], held: nf.Out[str] = nf.initially("nothing"), exit: nf.ExecOut
) -> nf.ExecOut:
    for value in "abc":
        held.set(value)
        await items.emit(f"item {value}")
    held.set("d")
    ctx.service(Log).signal("written").set()
    return exit


@pytest.mark.rule("3.2", "9.1")
async def test_items_of_a_concurrent_stream_see_what_was_there_when_they_were_emitted() -> None:
    wf, start = started()
    node, pair, after = wf.add(producing, mode="concurrent"), wf.add(_pair), wf.add(note, id="after")
    start >> node
    seen = wf.add(note)
    behind(wf, node.on_item, wait_for, name="written") >> seen.enter
    node["items"] >> pair.a
    node.held >> pair.b
    pair.result >> seen.value
    node.exit >> after.enter
    node.held >> after.value
    log = await run(wf)
    assert sorted(log.seen[:3]) == ["item a, a", "item b, b", "item c, c"]
    assert log.seen[3:] == ["d"]


@nf.data_node("t.pair")
def _pair(a: str, b: str) -> str:
    return f"{a}, {b}"


@pytest.mark.rule("3.2", "9.1")
async def test_items_of_a_sequential_stream_share_the_scope_of_the_producer() -> None:
    wf, start = new()
    node, memory = wf.add(producing), Memory(wf, "cell")
    start >> node
    memory.write(node.on_item, "a")
    memory.read(node.exit)
    assert (await run(wf)).seen == ["a"]


@pytest.mark.rule("3.2")
@pytest.mark.parametrize("parallel", [1, 3])
@KINDS
@ELIDE
async def test_slices_see_neither_each_other_nor_come_back(parallel: int, kind: str, elide: bool) -> None:
    wf, start = new()
    memory, batch = Memory(wf, kind), wf.add(flow.batch, items=[1, 2, 3], parallel=parallel)
    memory.write(start.exit, "c") >> batch.enter
    at = memory.read(batch.process)
    memory.write(at, "a")
    at = behind(wf, batch.continue_, note, value="continue")
    memory.read(at)
    assert (await run(wf, elide=elide)).seen == ["c"] * 3 + ["continue", "c"]


@pytest.mark.rule("3.2")
@KINDS
async def test_several_entries_have_a_scope_each(kind: str) -> None:
    wf, start = new()
    memory, other = Memory(wf, kind), wf.add(flow.start, id="other")
    at = memory.write(start.exit, "a")
    behind(wf, at, tell, name="written")
    at = behind(wf, other.exit, wait_for, name="written")
    at = memory.read(at)
    memory.read(memory.write(at, "b"))
    assert (await run(wf)).seen == ["nothing", "b"]


@pytest.mark.rule("3.2", "8.4")
@KINDS
async def test_sequential_entries_have_one(kind: str) -> None:
    wf = nf.Workflow("main", entries="sequential", variables={"x": LOCAL})
    first, second = wf.add(flow.start), wf.add(flow.start)
    memory = Memory(wf, kind)
    memory.write(first.exit, "a")
    memory.read(second.exit)
    assert (await run(wf)).seen == ["a"]


@pytest.mark.rule("3.2", "9.3")
@KINDS
async def test_listeners_see_the_triggering_thread_and_write_for_themselves(kind: str) -> None:
    wf, start = new()
    memory, trigger = Memory(wf, kind), wf.add(events.trigger, event="ping")
    memory.write(start.exit, "a") >> trigger.enter
    memory.read(trigger.exit)
    listen, other = wf.add(events.listen, event="ping"), wf.add(events.listen, event="ping", id="other")
    at = memory.read(listen.exit)
    behind(wf, memory.write(at, "b"), tell, name="written")
    memory.read(behind(wf, other.exit, wait_for, name="written"))
    assert (await run(wf)).seen == ["a", "a", "a"]


# --- 3.2: how values leave a scope -------------------------------------------------------------------------


@pytest.mark.rule("3.2")
@ELIDE
async def test_values_leave_through_a_fan_in_a_result_and_an_output(elide: bool) -> None:
    wf, start = new()
    fork, meet = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(flow.fan_in)
    batch, setting = wf.add(flow.batch, items=[1, 2]), wf.add(flow.set_output)
    start >> fork
    for name in "ab":
        source = wf.add(put, value=name, id=f"put_{name}")
        fork[name] >> source.enter
        source.exit >> meet.enter
        source.result >> meet[name]
    first, second = wf.add(note), wf.add(note)
    meet.exit >> first.enter
    meet.merged >> first.value
    first.exit >> batch.enter
    inside = wf.add(put)
    batch.process >> inside.enter
    batch.item >> inside.value
    inside.exit >> setting.enter
    inside.result >> setting.out
    inside.result >> batch.result
    batch.continue_ >> second.enter
    batch.results >> second.value
    result, log = await outcome(wf, elide=elide)
    assert log.seen == [["a", "b"], [1, 2]]
    assert result.outputs == {"out": 2}


# --- 3.2: a snapshot is a meaning, not a copy --------------------------------------------------------------


@pytest.mark.rule("3.2")
async def test_an_opener_that_waits_is_read_through() -> None:
    """Nested twenty deep: the innermost reads a cell of the outermost, and each level's own."""
    wf, start = new()
    memory = Memory(wf, "cell")
    at = memory.write(start.exit, "a")
    for level in range(20):
        fork = wf.add(flow.fan_out, branches=["x"], id=f"fork{level}")
        at >> fork.enter
        at = fork["x"]
    memory.read(at)
    assert (await run(wf)).seen == ["a"]


# --- 3.3 ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("3.3")
@KINDS
async def test_a_loop_body_writes_into_the_scope_of_the_loop(kind: str) -> None:
    wf, start = new()
    memory, loop = Memory(wf, kind), wf.add(flow.for_, times=2)
    start >> loop
    at = memory.read(loop.body)
    memory.write(at, "a")
    memory.read(loop.exit)
    assert (await run(wf)).seen == ["nothing", "a", "a"]


@pytest.mark.rule("3.3")
@pytest.mark.parametrize("opener", ["sequence", "try", "call", "timeout", "while", "if"])
@KINDS
async def test_no_sequential_trigger_is_a_new_scope(opener: str, kind: str) -> None:
    wf, start = new()
    memory = Memory(wf, kind)
    node = {
        "sequence": lambda: wf.add(flow.sequence, steps=["body", "exit"]),
        "try": lambda: wf.add(flow.try_),
        "call": lambda: wf.add(call),
        "timeout": lambda: wf.add(flow.timeout, seconds=10),
        "while": lambda: wf.add(flow.do_while, condition=False),
        "if": lambda: wf.add(flow.if_, condition=True),
    }[opener]()
    start >> node
    if opener == "if":
        memory.read(memory.write(node.true, "a"))
    else:
        memory.write(node["body"], "a")
        memory.read(node["exit"])
    assert (await run(wf)).seen == ["a"]


@pytest.mark.rule("3.3")
@KINDS
async def test_what_a_body_wrote_before_it_failed_stays(kind: str) -> None:
    wf, start = new()
    memory, trying, bad = Memory(wf, kind), wf.add(flow.try_), wf.add(flow.fail)
    start >> trying
    memory.write(trying.body, "a") >> bad.enter
    memory.read(trying.catch)
    assert (await run(wf)).seen == ["a"]
