"""Limits (section 11) and the state machine (section 12) of the contract."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import attrs
import pytest
from trio.testing import MockClock

import nodeflow as nf
import nodeflow.machine
from nodeflow.api import compile as compile_document
from nodeflow.library import events, flow, lists, logic, text, variables
from nodeflow.library import math as numbers
from nodeflow.machine import ContextKind, Do, Machine
from nodeflow.machine.states import RunFact
from nodeflow.model import Variable


@nf.exec_node("t.nested")
async def nested(*, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    await body()
    return exit


@nf.exec_node("t.make")
def make(size: int = 0) -> str:
    return "x" * size


@nf.exec_node("t.make_async")
async def make_async(size: int = 0, *, value: nf.Out[list[str]], exit: nf.ExecOut) -> nf.ExecOut:
    value.set(["x" * size])
    return exit


def chain(first: Any, *others: Any) -> None:
    for other in others:
        first >> other
        first = other


def guarded(wf: nf.Workflow) -> Any:
    """start -> a `try` that says whether it caught anything; returns its body output."""
    attempt = wf.add(flow.try_, id="guard")
    wf.add(flow.start, id="start") >> attempt.enter
    attempt.catch >> wf.add(flow.print, value="caught").enter
    attempt.exit >> wf.add(flow.print, value="exit").enter
    return attempt.body


async def limited(document: Any, **limits: Any) -> nf.RunFailed:
    """The failure of a run that hits a limit."""
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(document, limits=nf.Limits(**limits))
    assert isinstance(caught.value.__cause__, nf.LimitExceeded)
    assert caught.value.result.printed == []
    return caught.value


def shown(error: nf.RunFailed, limit: str, value: Any, *place: str) -> None:
    """The limit, its value and the place are named, for programs and for people."""
    cause = error.__cause__
    assert isinstance(cause, nf.LimitExceeded)
    assert (cause.limit, cause.value) == (limit, value)
    for part in place:
        assert part in cause.place
    assert limit in str(error)
    assert str(value) in str(error)
    assert error.result.error is cause
    assert error.result.status == "failed"


# --- 11 -------------------------------------------------------------------------------------------------


@pytest.mark.rule("11")
def test_the_limits_are_what_the_contract_says() -> None:
    assert attrs.asdict(nf.Limits()) == {
        "steps": None, "deadline": None, "threads": 1_000_000, "depth": 1_000_000, "context_depth": 10_000,
        "value_size": None,
    }  # fmt: skip
    assert attrs.asdict(nf.Limits.untrusted()) == {
        "steps": 1_000_000, "deadline": 30.0, "threads": 1_000, "depth": 1_000, "context_depth": 100,
        "value_size": 1 << 20,
    }  # fmt: skip


def counting() -> nf.Workflow:
    """A loop with triggers, an unconnected one, lazy pulls and evaluations of data nodes."""
    wf = nf.Workflow("main", variables={"i": Variable("int", 0)})
    loop, less, add = (
        wf.add(flow.while_),
        wf.add(logic.less, b=20),
        wf.add(variables.update, name="i", op="add", value=1),
    )
    wf.add(flow.start) >> loop.enter
    get = wf.add(variables.get, name="i")
    get[variables.get.data_outs[0].name] >> less.a
    less.result >> loop.condition
    steps = wf.add(flow.sequence, steps=["one", "unconnected"])
    chain(loop.body, add, steps)
    steps["one"] >> wf.add(numbers_to_exec).enter
    return wf


@nf.exec_node("t.sink")
def numbers_to_exec(value: Any = None) -> None: ...


@pytest.mark.rule("11")
@pytest.mark.rule("2.6")
async def test_exactly_so_many_steps_are_allowed() -> None:
    wf = counting()
    steps = (await nf.run(wf)).counters["steps"]
    # per round: the condition pulled, two data nodes evaluated, body and two steps triggered
    assert steps >= 20 * 6
    result = await nf.run(wf, limits=nf.Limits(steps=steps))
    assert (result.status, result.counters["steps"]) == ("completed", steps)
    shown(await limited(wf, steps=steps - 1), "steps", steps - 1, "main")


@pytest.mark.rule("11")
async def test_the_step_limit_stops_an_empty_endless_loop() -> None:
    wf = nf.Workflow("main")
    guarded(wf) >> wf.add(flow.while_, id="spin", condition=True).enter
    shown(await limited(wf, steps=12_345), "steps", 12_345, "spin", "main")


@pytest.mark.rule("11")
@pytest.mark.parametrize("elide", [True, False])
async def test_exactly_so_many_flow_threads_live_at_once(elide: bool) -> None:
    wf = nf.Workflow("main")
    fan = wf.add(flow.fan_out, branches=["a", "b", "c"])
    guarded(wf) >> fan.enter
    for name in "abc":
        fan[name] >> wf.add(numbers_to_exec).enter
    result = await nf.run(wf, limits=nf.Limits(threads=4), elide=elide)
    assert result.printed == ["exit"]
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf, limits=nf.Limits(threads=3), elide=elide)
    assert caught.value.result.printed == []
    shown(caught.value, "threads", 3, "main/fan_out")


@pytest.mark.rule("11")
async def test_threads_one_after_the_other_do_not_add_up() -> None:
    wf = nf.Workflow("main")
    batch = wf.add(flow.batch, items=list(range(100)), parallel=2)
    guarded(wf) >> batch.enter
    batch.process >> wf.add(nested).enter
    result = await nf.run(wf, limits=nf.Limits(threads=3))
    assert result.printed == ["exit"]
    assert result.counters["threads"] == 101


@pytest.mark.rule("11")
async def test_exactly_so_many_triggers_may_wait_for_each_other() -> None:
    wf = nf.Workflow("main")
    path = wf.add(flow.start).exit
    for _ in range(5):
        node = wf.add(nested)
        path >> node.enter
        path = node.body
    path >> wf.add(flow.print, value="bottom").enter
    assert (await nf.run(wf, limits=nf.Limits(depth=5))).printed == ["bottom"]
    shown(await limited(wf, depth=4), "depth", 4, "nested_5", "main")


@pytest.mark.rule("11")
@pytest.mark.rule("2.3")
async def test_the_depth_limit_turns_runaway_recursion_into_an_error() -> None:
    wf = nf.Workflow("main")
    again = wf.add(nested, id="again")
    guarded(wf) >> again.enter
    again.body >> again.enter
    shown(await limited(wf, depth=1000), "depth", 1000, "again")


def recursive() -> nf.Document:
    """A workflow that calls itself for ever, and catches what it can."""
    wf = nf.Workflow("main")
    guarded(wf) >> wf.add(flow.gosub, id="call", workflow="main").enter
    return nf.Document(wf)


@pytest.mark.rule("11")
@pytest.mark.rule("8.3")
@pytest.mark.parametrize("depth", [2, 20, 300])
async def test_contexts_nest_to_the_limit_and_no_deeper(depth: int) -> None:
    error = await limited(recursive(), context_depth=depth)
    shown(error, "context_depth", depth, "main/call")
    assert error.result.counters["contexts"] == depth


@pytest.mark.rule("11")
async def test_an_event_that_triggers_itself_hits_the_limit() -> None:
    wf = nf.Workflow("main", events={"ping": "any"})
    guarded(wf) >> wf.add(events.trigger, event="ping").enter
    wf.add(events.listen, event="ping") >> wf.add(events.trigger, id="again", event="ping").enter
    shown(await limited(wf, context_depth=50), "context_depth", 50, "again")


@pytest.mark.rule("11")
@pytest.mark.parametrize("node", [make, make_async])
async def test_a_value_that_is_too_large(node: Any) -> None:
    wf = nf.Workflow("main", inputs={"size": "int"})
    maker = wf.add(node, id="maker")
    chain(guarded(wf), maker)
    wf.inputs.size >> maker.size
    for size in (10, 5_000):
        assert (await nf.run(wf, inputs={"size": size}, limits=nf.Limits(value_size=10_000))).printed == ["exit"]
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf, inputs={"size": 20_000}, limits=nf.Limits(value_size=10_000))
    assert caught.value.result.printed == []
    shown(caught.value, "value_size", 10_000, "main")


@pytest.mark.rule("11")
@pytest.mark.parametrize("way", ["data", "variable", "update", "event", "output", "converted"])
async def test_a_large_value_is_noticed_wherever_it_comes_to_be(way: str) -> None:
    """A list that is doubled again and again must not exhaust the host, however the graph keeps it."""
    wf = nf.Workflow("main", variables={"v": Variable("any", "x" * 600)}, outputs={"r": "any"}, events={"ping": "any"})
    body = guarded(wf)
    twice = wf.add(text.concat, id="twice")
    get = wf.add(variables.get, name="v")[variables.get.data_outs[0].name]
    get >> twice.a
    get >> twice.b
    if way == "data":
        sink = wf.add(numbers_to_exec)
        body >> sink.enter
        twice.result >> sink.value
    elif way == "variable":
        put = wf.add(variables.set_, name="v")
        body >> put.enter
        twice.result >> put.value
    elif way == "update":
        body >> wf.add(variables.update, name="v", op="append" if way == "data" else "add", value="x" * 600).enter
    elif way == "event":
        trigger = wf.add(events.trigger, event="ping")
        body >> trigger.enter
        twice.result >> trigger.payload
        wf.add(events.listen, event="ping") >> wf.add(numbers_to_exec).enter
    elif way == "output":
        put = wf.add(flow.set_output)
        body >> put.enter
        twice.result >> put["r"]
    else:
        longer, sink = wf.add(lists.append, item="x" * 900), wf.add(numbers_to_exec)
        body >> sink.enter
        get >> longer.item
        again = wf.add(lists.append)
        longer.result >> again.list
        get >> again.item
        again.result >> sink.value
    shown(await limited(wf, value_size=1000), "value_size", 1000, "main")


@pytest.mark.rule("11")
async def test_the_deadline_is_a_timeout_of_the_run(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    guarded(wf) >> wf.add(flow.delay, seconds=31.0).enter
    with pytest.raises(nf.RunTimedOut) as caught:
        await nf.run(wf, limits=nf.Limits.untrusted())
    assert caught.value.result.printed == []
    assert caught.value.result.counters["seconds"] == 30
    assert "30" in str(caught.value)


@pytest.mark.rule("11")
async def test_a_batch_runs_slices_of_one_and_eight_at_once_unless_said(autojump_clock: MockClock) -> None:
    wf = nf.Workflow("main")
    batch = wf.add(flow.batch, items=list(range(9)))
    wf.add(flow.start) >> batch.enter
    batch.process >> wf.add(flow.delay, seconds=1.0).enter
    result = await nf.run(wf)
    assert (result.counters["seconds"], result.counters["threads"]) == (2, 10)


@pytest.mark.rule("11")
@pytest.mark.parametrize("how", ["finally", "own"])
async def test_cleanup_runs_and_ends_when_a_limit_is_hit(how: str, autojump_clock: MockClock) -> None:
    @nf.exec_node("t.own_cleanup")
    async def own_cleanup(ctx: nf.NodeContext, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
        try:
            await body()
        finally:
            await ctx.sleep(2)
            ctx.feedback("cleaned", "print")
        return exit

    wf = nf.Workflow("main")
    outer = wf.add(flow.try_ if how == "finally" else own_cleanup)
    wf.add(flow.start) >> outer.enter
    outer.body >> wf.add(flow.while_, condition=True).enter
    if how == "finally":
        chain(outer["finally"], wf.add(flow.delay, seconds=2.0), wf.add(flow.print, value="cleaned"))
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf, limits=nf.Limits(steps=100))
    assert isinstance(caught.value.__cause__, nf.LimitExceeded)
    assert (caught.value.result.printed, caught.value.result.counters["seconds"]) == (["cleaned"], 2)


def hostile() -> dict[str, nf.Document]:
    """What a stranger might draw."""
    spin = nf.Workflow("main")
    guarded(spin) >> spin.add(flow.while_, condition=True).enter
    wire = nf.Workflow("main")
    a, b = wire.add(numbers_to_exec, id="a"), wire.add(numbers_to_exec, id="b")
    chain(wire.add(flow.start), a, b, a)
    bomb = nf.Workflow("main")
    fan = bomb.add(flow.fan_out, branches=["a", "b"])
    bomb.add(flow.start) >> fan.enter
    for name in "ab":
        fan[name] >> bomb.add(flow.gosub, workflow="main").enter
    wide = nf.Workflow("main")
    ranged, batch = wide.add(lists.range, stop=100_000), wide.add(flow.batch, parallel=100_000)
    wide.add(flow.start) >> batch.enter
    ranged.result >> batch.items
    batch.process >> wide.add(flow.delay, seconds=1000.0).enter
    cleanup = nf.Workflow("main")
    attempt = cleanup.add(flow.try_)
    cleanup.add(flow.start) >> attempt.enter
    attempt.body >> cleanup.add(flow.while_, id="one", condition=True).enter
    attempt["finally"] >> cleanup.add(flow.while_, id="two", condition=True).enter
    doubling = nf.Workflow("main", variables={"v": Variable("any", "x")})
    # 24 rounds would be 16 MiB: too much, and no danger to the tests if nobody notices
    loop, twice, put = (
        doubling.add(flow.for_, times=24),
        doubling.add(text.concat),
        doubling.add(variables.set_, name="v"),
    )
    doubling.add(flow.start) >> loop.enter
    loop.body >> put.enter
    get = doubling.add(variables.get, name="v")[variables.get.data_outs[0].name]
    get >> twice.a
    get >> twice.b
    twice.result >> put.value
    return {name: nf.Document(wf) for name, wf in {
        "spin": spin, "wire back": wire, "fork bomb": bomb, "wide": wide, "endless cleanup": cleanup,
        "doubling": doubling,
    }.items()}  # fmt: skip


@pytest.mark.rule("11")
@pytest.mark.parametrize("name", list(hostile()))
@pytest.mark.parametrize("elide", [True, False])
async def test_a_strangers_graph_cannot_hang_or_exhaust_the_host(name: str, elide: bool) -> None:
    """On the real clock, because what spins never lets a mock clock jump; 30 s are cut to a moment."""
    limits = attrs.evolve(nf.Limits.untrusted(), steps=20_000, deadline=2.0)
    with pytest.raises(nf.errors.RunError) as caught:
        await nf.run(hostile()[name], limits=limits, cleanup_timeout=0.05, elide=elide)
    assert caught.value.result.status in ("failed", "timed_out")
    assert isinstance(caught.value.result.error, nf.LimitExceeded | nf.TimedOut)


@pytest.mark.rule("11")
@pytest.mark.parametrize("wrong", [{"steps": 0}, {"threads": 0}, {"depth": -1}, {"context_depth": 0}, {"deadline": -1}])
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        nf.Limits(**wrong)


# --- 12 -------------------------------------------------------------------------------------------------

MACHINE = sorted(Path(nodeflow.machine.__file__).parent.glob("*.py"))
IMPURE = {
    "trio",
    "time",
    "random",
    "uuid",
    "threading",
    "os",
    "io",
    "socket",
    "asyncio",
    "datetime",
    "secrets",
    "subprocess",
}


@pytest.mark.rule("12")
@pytest.mark.parametrize("module", MACHINE, ids=lambda path: path.stem)
def test_the_machine_does_no_io_reads_no_clock_and_holds_no_coroutine(module: Path) -> None:
    tree = ast.parse(module.read_text())
    imported = set()
    for item in ast.walk(tree):
        assert not isinstance(item, ast.AsyncFunctionDef | ast.Await | ast.AsyncWith | ast.AsyncFor), ast.dump(item)
        if isinstance(item, ast.Import):
            imported.update(name.name for name in item.names)
        elif isinstance(item, ast.ImportFrom):
            imported.add(item.module or "")
    assert not {name.partition(".")[0] for name in imported} & IMPURE
    own = {name for name in imported if name.startswith("nodeflow")}
    assert not {
        name for name in own if name.split(".")[1:2] in (["runtime"], ["library"], ["api"], ["operate"], ["cli"])
    }
    assert "open" not in {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


class Opaque:
    """A value whose every operation explodes: the machine may carry it and look at its type, no more."""

    def explode(self, *args: Any) -> Any:
        raise AssertionError("the engine looked into a value")

    __eq__ = __ne__ = __lt__ = __hash__ = __bool__ = __len__ = __iter__ = __contains__ = explode  # type: ignore[assignment]
    __getitem__ = __str__ = __repr__ = __add__ = __call__ = __enter__ = __copy__ = __deepcopy__ = explode  # type: ignore[assignment]


@nf.exec_node("t.opaque")
def opaque() -> Any:
    return Opaque()


@nf.data_node("t.same")
def same(value: Any = None) -> Any:
    return value


@pytest.mark.rule("12")
@pytest.mark.rule("3.7")
async def test_values_are_opaque() -> None:
    sub = nf.Workflow("sub", inputs={"i": "any"}, outputs={"o": "any"})
    put = sub.add(flow.set_output)
    sub.add(flow.start) >> put
    sub.inputs.i >> put["o"]
    declared = {"v": Variable("any"), "s": Variable("any", None, "shared")}
    wf = nf.Workflow("main", variables=declared, events={"e": "any"}, outputs={"r": "any"})
    source, hold, share = wf.add(opaque), wf.add(variables.set_, name="v"), wf.add(variables.set_, name="s")
    fan, join = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(flow.fan_in)
    call, tell = wf.add(flow.gosub, workflow="sub"), wf.add(events.trigger, event="e")
    out = wf.add(flow.set_output)
    chain(wf.add(flow.start), source, hold, share, call, tell, fan.enter)
    keep = wf.add(same)
    source.result >> keep.value
    for port in (hold.value, share.value, call["i"], tell.payload, join.value):
        keep.result >> port
    for name in "ab":
        fan[name] >> join.enter
    join.exit >> out.enter
    call["o"] >> out["r"]
    seen: list[Any] = []
    result = await nf.run(nf.Document(wf, sub), observers=[lambda event: seen.append(type(event))])
    assert type(result.outputs["r"]) is Opaque
    assert [type(value) for value in result.value("fan_in", "merged")] == [Opaque, Opaque]
    assert type(result.variables["v"]) is type(result.variables["s"]) is Opaque


class Journal:
    """Drives a machine without trio: reports facts, and writes down what it answered."""

    def __init__(self, document: nf.Document) -> None:
        self.machine = Machine(compile_document(document)._graph)
        self.lines: list[str] = []

    def note(self, fact: str, answer: Any) -> Any:
        wishes = [(wish.name, getattr(subject, "id", None)) for wish, subject in self.machine.wishes]
        machine = self.machine
        self.lines.append(
            f"{fact} -> {answer} {wishes} live={machine.live} steps={machine.steps} state={machine.state}"
        )
        return answer

    def follow(self, thread: Any, answer: Any) -> None:
        """Play the adapter for bodies that are plain functions of their inputs."""
        machine = self.machine
        while answer is not Do.END:
            if answer is Do.EVALUATE:
                pull = thread.pull.stack[-1]
                value = pull.node.type.function(*pull.values)
                answer = self.note(f"evaluated {pull.node.id}", machine.evaluated(thread, (value,)))
            elif answer is Do.SLICE:
                answer = self.note("sliced", machine.sliced(thread))
            else:
                assert answer is Do.CALL, answer
                node = thread.node
                value = node.type.function(*thread.values)
                if node.outputs:
                    machine.write(thread, node.outputs[0].slot, value)
                output = node.exec_names.index("exit") if node.exec_names else -1
                answer = self.note(f"returned {node.id}", machine.returned(thread, node, output))

    def run(self) -> list[str]:
        machine = self.machine
        machine.started()
        plan = machine.graph.workflows["main"]
        context = machine.open(ContextKind.WORKFLOW, None, "main", workflow=plan)
        assert context is not None
        machine.main = context
        machine.opened(context)
        machine.enter_workflow(context, plan, {})
        self.note("entered", None)
        for thread in list(context.threads.values()):
            self.follow(thread, self.note("begun", machine.begun(thread)))
        machine.scope_left(context)
        machine.closed(context)
        self.note("closed", machine.workflow_outputs(context))
        machine.ended(RunFact.COMPLETED)
        self.note("ended", machine.variables())
        return self.lines


@nf.exec_node("t.put")
def put(value: int = 0) -> int:
    return value + 1


@pytest.mark.rule("12")
def test_the_machine_runs_without_trio_and_the_same_calls_give_the_same_answers() -> None:
    wf = nf.Workflow("main")
    for name in ("one", "two"):
        first, second = wf.add(put, id=f"{name}_first", value=1), wf.add(put, id=f"{name}_second")
        double = wf.add(numbers.multiply, id=f"{name}_double", b=2)
        chain(wf.add(flow.start, id=name), first, second)
        first.result >> double.a
        double.result >> second.value
    document = nf.Document(wf)
    lines = Journal(document).run()
    assert lines == Journal(document).run()
    assert sum(line.startswith("evaluated") for line in lines) == 2
    assert "live=0" in lines[-1]
    assert "RunState.COMPLETED" in lines[-1]


@pytest.mark.rule("12")
def test_the_machine_says_what_it_was_told_wrongly() -> None:
    """A fact that a state does not allow is an error of the adapter, and is named."""
    wf = nf.Workflow("main")
    wf.add(flow.start)
    machine = Machine(compile_document(wf)._graph)
    machine.started()
    with pytest.raises(AssertionError, match="T6"):
        machine.started()
    context = machine.open(ContextKind.WORKFLOW, None, "main", workflow=machine.graph.workflows["main"])
    assert context is not None
    with pytest.raises(AssertionError, match="T6"):
        machine.closed(context)


@pytest.mark.rule("12")
def test_what_a_library_body_waits_for_goes_through_its_node_context() -> None:
    """So a simulator can drive library bodies without trio: but for what takes its tasks, or measures a worker."""
    library = Path(flow.__file__).parent
    apart = ("flow_streams", "process", "worker", "sql_postgresql", "sql_statement", "text_patterns")
    for module in {*library.glob("*.py")} - {library / f"{name}.py" for name in apart}:
        names = {
            n.name
            for item in ast.walk(ast.parse(module.read_text()))
            if isinstance(item, ast.Import)
            for n in item.names
        }
        sources = {item.module for item in ast.walk(ast.parse(module.read_text())) if isinstance(item, ast.ImportFrom)}
        assert not {str(name).partition(".")[0] for name in names | sources} & {
            "trio",
            "asyncio",
            "time",
            "threading",
        }, module
