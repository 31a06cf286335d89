"""The checkers of T1 to T7: they catch machines and streams of events that are wrong, and leave alone what is right."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import fuzz_nodes as fz
import pytest
import trio
from broken_machines import Broken, believe_everything, each_broken_machine, workflow
from hypothesis import given, settings
from strategies import REGISTRY, Drawn, documents, schedules
from trio.testing import MockClock

import nodeflow as nf
from nodeflow import observers as seen
from nodeflow.library import flow
from nodeflow.machine import Context, FlowThread, Machine
from nodeflow.machine.audit import Audit
from nodeflow.runtime import auditing
from nodeflow.runtime import run as run_module
from nodeflow.runtime.run import Run
from nodeflow.testing.checking import (
    InvariantBroken,
    Watched,
    cancelled_for_cause,
    check_events,
    checked,
    failed_together,
    fan_ins_of,
    histories,
    joins_go_on_once,
    same_results,
)
from nodeflow.testing.simulator import Fault, Simulator


def on_trio(document: nf.Compiled, **options: Any) -> nf.RunResult:
    """Run on trio, with a clock that does not wait; who hangs is stopped."""

    async def main() -> nf.RunResult:
        with trio.fail_after(1000):
            return await document.run(**options)

    return trio.run(main, clock=MockClock(autojump_threshold=0))


def watched(document: nf.Compiled, **options: Any) -> list[seen.Event]:
    """The events of a run, however it ends."""
    events: list[seen.Event] = []
    with suppress(nf.RunFailed):
        on_trio(document, observers=[events.append], **options)
    return events


# --- broken machines, in real and in simulated runs ---


@pytest.fixture
def break_machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Machine]], None]:
    """Runs have this machine from now on, and it claims nothing."""

    def replace(kind: type[Machine]) -> None:
        believe_everything(monkeypatch)
        monkeypatch.setattr(run_module, "Machine", kind)

    return replace


@pytest.mark.rule("5.T1", "5.T2", "5.T3", "5.T4", "5.T5", "5.T6")
@pytest.mark.parametrize("how", ["elided", "nurseries", "simulated"])
@each_broken_machine
def test_a_checked_run_raises(broken: Broken, how: str, break_machine: Callable[[type[Machine]], None]) -> None:
    document = nf.compile(workflow(broken.fail))
    break_machine(broken.machine)
    with pytest.raises(InvariantBroken, match=broken.match) as caught:
        if how == "simulated":
            with checked():
                Simulator(document).run()
        else:
            on_trio(document, checked=True, elide=how == "elided")
    assert caught.value.__notes__[1] == "context 0 opened: ProcessContext ''"


def test_a_run_that_is_not_checked_does_not_notice(break_machine: Callable[[type[Machine]], None]) -> None:
    """Or the tests above would not show who noticed."""

    class JoinsTwice(Machine):
        def contributions(self, thread: FlowThread) -> Any:
            super().contributions(thread)
            return super().contributions(thread)

    document = nf.compile(workflow())
    break_machine(JoinsTwice)
    assert on_trio(document).status == "completed"


def test_what_the_machine_claims_itself_comes_out_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not wrapped, nor hidden by what that breaks later; a run need not be checked for it."""

    class ClosesTwice(Machine):
        def closed(self, context: Context) -> None:
            super().closed(context)
            if context.opener_node == "batch":
                super().closed(context)

    document = nf.compile(workflow())
    monkeypatch.setattr(run_module, "Machine", ClosesTwice)
    with pytest.raises(InvariantBroken, match=r"^T6: <BatchContext \d> is closed"):
        on_trio(document)


def test_the_result_of_a_broken_run_says_so(break_machine: Callable[[type[Machine]], None]) -> None:
    class CountsWrongly(Machine):
        def contributions(self, thread: FlowThread) -> Any:
            self.live += 1
            return super().contributions(thread)

    document = nf.compile(workflow())
    break_machine(CountsWrongly)
    results = []

    async def main() -> None:
        async with document.open_run(checked=True) as handle:
            results.append(await handle.wait())

    with pytest.raises(InvariantBroken, match=r"^T3: .* live, and the machine counts"):
        trio.run(main, clock=MockClock(autojump_threshold=0))
    assert results[0].status == "failed"
    assert isinstance(results[0].error, InvariantBroken)


# --- the option, and the block ---


async def test_the_option_watches_no_activation() -> None:
    document = nf.compile(workflow())
    opened = document.open_run(checked=True)
    assert isinstance(opened._run.machine.audit, Audit)
    assert not opened._run.watched
    assert document.open_run()._run.machine.audit is None
    assert (await nf.run(nf.Workflow("main"), checked=True)).status == "completed"


def test_the_block_sees_all_runs_that_are_made_in_it() -> None:
    document = nf.compile(workflow())
    with checked() as check:
        on_trio(document)
        with pytest.raises(nf.RunFailed):
            nf.run_sync(workflow(fail=True))
        Simulator(document).run(schedule=[1, 2, 1])
        with checked(deep=True) as inner:
            on_trio(document)
    on_trio(document)
    assert [run.status for run in check.runs] == ["completed", "failed", "completed", "completed"]
    assert [run.failed_together for run in check.runs] == [False, True, False, False]
    ran = check.runs[0]
    assert (ran.contexts, ran.threads, ran.joins, ran.deepest, ran.cancelled) == (8, 19, 2, 3, 0)
    assert ran.events is None
    assert ran.histories is None
    assert check.runs[1].cancelled > 0
    assert check.broken is None
    assert len(inner.runs) == 1
    assert inner.runs[0].run is check.runs[3].run
    assert len(inner.runs[0].histories or {}) == 19
    assert not auditing.CHECKERS.get()


async def test_tasks_that_are_started_in_the_block_belong_to_it() -> None:
    with checked() as check:
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(nf.run, nf.Workflow("main"))
        outside = nf.compile(nf.Workflow("main")).open_run()
        assert check.runs[-1].run is outside._run
    assert [run.status for run in check.runs] == ["completed"] * 3 + ["running"]


def test_a_violation_that_was_swallowed_comes_out_of_the_block(
    break_machine: Callable[[type[Machine]], None],
) -> None:
    class JoinsTwice(Machine):
        def completed(self, context: Context) -> None:
            super().completed(context)
            super().completed(context)

    break_machine(JoinsTwice)
    with pytest.raises(InvariantBroken, match=r"^T5") as caught, checked() as check:
        with pytest.raises(InvariantBroken):
            on_trio(nf.compile(workflow()))
    assert caught.value is check.broken
    with pytest.raises(InvariantBroken, match=r"^T5") as caught, checked():
        with pytest.raises(InvariantBroken):
            on_trio(nf.compile(workflow()))
        raise LookupError("what came of it")
    assert isinstance(caught.value.__cause__, LookupError)


def test_other_errors_leave_the_block_as_they_are() -> None:
    with pytest.raises(LookupError), checked():
        on_trio(nf.compile(workflow()))
        raise LookupError
    with pytest.raises(nf.RunFailed), checked():
        nf.run_sync(workflow(fail=True))
    assert not auditing.CHECKERS.get()


def test_a_run_whose_root_does_not_close(break_machine: Callable[[type[Machine]], None]) -> None:
    class LeavesTheRoot(Machine):
        def closed(self, context: Context) -> None:
            if context.parent is not None:
                super().closed(context)

    break_machine(LeavesTheRoot)
    with pytest.raises(InvariantBroken, match=r"T6: the run is over, and its ProcessContext did not close"), checked():
        on_trio(nf.compile(workflow()))


# --- the stream of events ---


def kind_of(event: seen.Event, name: str, **fields: Any) -> bool:
    return type(event).__name__ == name and all(getattr(event, key) == value for key, value in fields.items())


def without(events: list[seen.Event], name: str, **fields: Any) -> list[seen.Event]:
    """All but the first such event."""
    found = next(event for event in events if kind_of(event, name, **fields))
    return [event for event in events if event is not found]


def doubled(events: list[seen.Event], name: str, **fields: Any) -> list[seen.Event]:
    """The first such event happens twice."""
    at = next(i for i, event in enumerate(events) if kind_of(event, name, **fields))
    return [*events[: at + 1], *events[at:]]


def ended_first(events: list[seen.Event]) -> list[seen.Event]:
    """A flow thread ends before its last activation."""
    at = next(i for i, event in enumerate(events) if kind_of(event, "ThreadEnded"))
    before = max(i for i in range(at) if kind_of(events[i], "NodeEnded", thread=events[at].thread))  # type: ignore[attr-defined]
    return [*events[:before], events[at], events[before], *events[before + 1 : at], *events[at + 1 :]]


def below(events: list[seen.Event], name: str, kind: str, parent: int) -> list[seen.Event]:
    """The first context of a kind has another parent, or kind."""
    at = next(i for i, event in enumerate(events) if kind_of(event, "ContextOpened", kind=kind))
    old: Any = events[at]
    return [*events[:at], seen.ContextOpened(0.0, old.context, name, parent, old._opened), *events[at + 1 :]]


Alter = Callable[[list[seen.Event]], list[seen.Event]]
ALTERED: list[tuple[str, str, Alter]] = [
    ("T1", "closed before its flow threads", lambda e: without(e, "ThreadEnded", thread=2)),
    ("T1", "closed before its contexts", lambda e: without(e, "ContextClosed", kind="BatchContext")),
    ("T1", "which is not open", lambda e: below(e, "BatchContext", "BatchContext", 99)),
    ("T3", "which is not open", lambda e: without(e, "ContextOpened", kind="BatchContext")),
    ("T3", "does not live", lambda e: without(e, "ThreadStarted", thread=2)),
    ("T4", "is the parent of", lambda e: below(e, "BatchContext", "BatchContext", 0)),
    ("T4", "has the parent", lambda e: below(e, "ProcessContext", "BatchContext", 1)),
    ("T5", "behind no context", lambda e: without(e, "ContextClosed", kind="FanOutInContext", context=2)),
    ("T5", "behind no context", lambda e: doubled(doubled(e, "NodeEnded", node="join"), "NodeStarted", node="join")),
    ("T6", "opened twice", lambda e: doubled(e, "ContextOpened", kind="BatchContext")),
    ("T6", "closed, and is not open", lambda e: doubled(e, "ContextClosed", kind="BatchContext")),
    ("T6", "started twice", lambda e: doubled(e, "ThreadStarted", thread=3)),
    ("T6", "ended, and does not live", lambda e: doubled(e, "ThreadEnded", thread=3)),
    ("T6", "before its activations", ended_first),
    ("T6", "which it spans", lambda e: without(e, "NodeEnded", node="fan")),
    ("T6", "where nothing began", lambda e: without(e, "NodeStarted", node="start")),
    ("T6", "never closed", lambda e: without(e, "ContextClosed", kind="ProcessContext")),
    ("T6", "do not begin with the start", lambda e: e[1:]),
    ("T6", "do not end with the end", lambda e: e[:-1]),
]


@pytest.mark.rule("5.T1", "5.T3", "5.T4", "5.T5", "5.T6")
@pytest.mark.parametrize(("invariant", "says", "alter"), ALTERED, ids=lambda x: x if isinstance(x, str) else "")
def test_a_stream_that_is_wrong_is_caught(invariant: str, says: str, alter: Alter) -> None:
    document = nf.compile(workflow())
    events = watched(document)
    assert len(check_events(events, fan_ins_of(document)).threads) == 19
    with pytest.raises(InvariantBroken, match=f"^{invariant}: .*{says}"):
        check_events(alter(events), fan_ins_of(document))


@pytest.mark.rule("5.T5")
def test_joins_by_themselves() -> None:
    document = nf.compile(workflow())
    events, joins = watched(document), fan_ins_of(document)
    assert joins == {("main", "join")}
    assert joins_go_on_once(events, joins) == 2
    for alter in (
        lambda e: without(e, "ContextClosed", kind="FanOutInContext", context=2),
        lambda e: doubled(e, "NodeStarted", node="join"),
    ):
        with pytest.raises(InvariantBroken, match=r"^T5"):
            joins_go_on_once(alter(events), joins)


@pytest.mark.rule("5.T2")
def test_who_was_cancelled_had_a_failure_around() -> None:
    failing, fine = watched(nf.compile(workflow(fail=True))), watched(nf.compile(workflow()))
    assert cancelled_for_cause(failing) > 0
    assert cancelled_for_cause(fine) == 0
    assert failed_together(failing)
    assert not failed_together(fine)
    for event in failing:
        if isinstance(event, seen.ThreadEnded) and event.outcome == "failed":
            event.outcome = "returned"
    with pytest.raises(InvariantBroken, match=r"^T2: .* no flow thread failed"):
        cancelled_for_cause(failing)


def test_events_that_are_not_all_there() -> None:
    events = watched(nf.compile(workflow()))
    lost = [events[0], seen.ObserverDetached(0.0, "an observer", ValueError()), *events[1:]]
    with pytest.raises(ValueError, match="an observer raised"):
        check_events(lost)
    opened = [event for event in events if isinstance(event, seen.ContextOpened)]
    twice = [*opened, seen.ThreadStarted(0.0, 1, 1, 0), seen.ThreadStarted(0.0, 2, 1, 0)]
    with pytest.raises(InvariantBroken, match="two flow threads are number 0 of 'main'"):
        histories(twice)


@pytest.mark.rule("5.T6")
def test_a_deep_check_follows_activations(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no fact of the machine shows: an activation that is told twice."""
    told = Run.node_ended

    def twice(self: Run, *what: Any) -> None:
        told(self, *what)
        told(self, *what)

    monkeypatch.setattr(Run, "node_ended", twice)
    document = nf.compile(workflow())
    with checked():
        on_trio(document)
    with pytest.raises(InvariantBroken, match=r"^T6: node 'start' ended in flow thread 1, where nothing began"):
        with checked(deep=True):
            on_trio(document)


# --- T7 ---


@nf.exec_node("checking.nap")
async def nap(ctx: nf.NodeContext, value: str) -> str:
    """Wait a second, and give the value on."""
    await ctx.sleep(1.0)
    return value


class Ticket:
    """What is outside of every run, and so outside of T7: the next number."""

    next = 0


@nf.exec_node("checking.draw")
async def draw(ctx: nf.NodeContext) -> int:
    """Wait a second, and draw a number."""
    await ctx.sleep(1.0)
    Ticket.next += 1
    return Ticket.next


@nf.exec_node("checking.fail_second")
async def fail_second(ctx: nf.NodeContext) -> None:
    """Wait a second, and fail if another was first."""
    await ctx.sleep(1.0)
    Ticket.next += 1
    if Ticket.next == 2 and ctx.node_id == "b":
        raise ValueError("second")


def racing(kind: Any = nap, **join: Any) -> nf.Workflow:
    """Two branches wait equally long and arrive; what they give is merged in their order, if all is well."""
    wf = nf.Workflow("main", inputs={"more": ("text", "")}, outputs={"all": "any"})
    fan, fan_in = wf.add(flow.fan_out, id="fan", branches=["a", "b"]), wf.add(flow.fan_in, id="join", **join)
    wf.add(flow.start) >> fan
    for name in "ab":
        node = wf.add(kind, id=name, value=name) if kind is nap else wf.add(kind, id=name)
        fan[name] >> node >> fan_in
        if kind is nap:
            node.result >> fan_in[name]
    done = wf.add(flow.set_output)
    fan_in >> done
    fan_in.merged >> done.all
    return wf


SCHEDULES = [[], [0, 1], [1], [1, 1], [0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1]]


def under_schedules(document: Any, *, deep: bool = False, **options: Any) -> Any:
    """What a check saw of runs of a document under several schedules."""
    simulator = Simulator(document)
    with checked(deep=deep) as check:
        for schedule in SCHEDULES:
            Ticket.next = 0
            simulator.run(schedule=schedule, **options)
    return check


class InOrderOfArrival(Machine):
    """What branches contribute is handed on in the order in which they came (6.3 says: in branch order)."""

    def contributions(self, thread: FlowThread) -> Any:
        context = thread.brought
        assert context is not None
        came = [(context.names[index], values[0]) for index, values in context.arrivals.items()]
        return came, [], []


@pytest.mark.rule("5.T7")
@pytest.mark.parametrize("deep", [False, True])
def test_a_join_in_order_of_arrival_is_caught(deep: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert under_schedules(racing(), deep=deep).same_results() == []
    monkeypatch.setattr(run_module, "Machine", InOrderOfArrival)
    check = under_schedules(racing(), deep=deep)
    said = r"^T7: run \d is not as run 1: output 'all' is \['b', 'a'\], and in run 1 \['a', 'b'\]"
    with pytest.raises(InvariantBroken, match=said):
        check.same_results()


@pytest.mark.rule("5.T7")
def test_histories_show_what_outputs_do_not() -> None:
    assert under_schedules(racing(draw)).same_results() == []
    check = under_schedules(racing(draw), deep=True)
    said = r"step 2 of flow thread 0 of 'main/fan' is \('set', 'a', 'result', 2\), and in run 1 .*, 1\)"
    with pytest.raises(InvariantBroken, match=said):
        check.same_results()


@pytest.mark.rule("5.T7")
def test_whether_it_completes_may_not_depend_on_the_schedule_either() -> None:
    check = under_schedules(racing(fail_second))
    assert {run.status for run in check.runs} == {"completed", "failed"}
    with pytest.raises(InvariantBroken, match=r"it completed, and run 1 failed|it failed, and run 1 completed"):
        same_results(check.runs, exempt=False)
    assert "failed beside others" in check.same_results()[0]


@pytest.mark.rule("5.T7")
def test_what_t7_leaves_out() -> None:
    (reason,) = under_schedules(racing(join="any")).same_results()
    assert "races between branches (join)" in reason
    with pytest.raises(InvariantBroken, match=r"T7: .* output 'all'"):
        same_results(under_schedules(racing(join="any")).runs, exempt=False)
    with checked() as check:
        simulator = Simulator(racing())
        simulator.run(faults=[Fault("stop", 4)])
        simulator.run(limits=nf.Limits(steps=3))
        simulator.run()
    stopped, limited = check.same_results()
    assert stopped.startswith("run 1 was stopped: the run was cancelled")
    assert limited.startswith("run 2 hit a limit: ")


def test_only_runs_that_can_be_compared_are() -> None:
    with checked() as check:
        Simulator(racing()).run()
        Simulator(racing()).run()
        Simulator(racing(draw)).run()
        Simulator(racing()).run(inputs={"more": "x"})
        nf.compile(racing()).open_run()
    one, two, other, given_more, unstarted = check.runs
    assert same_results([one, two]) == []
    for runs, says in [
        ([one], "two or more are needed"),
        ([one, other], "run 2 is of another document"),
        ([two, one, given_more], "run 3 was given other inputs"),
        ([one, unstarted], "run 2 has not ended"),
    ]:
        with pytest.raises(ValueError, match=says):
            same_results(runs)


# --- whatever is drawn ---


@pytest.mark.slow
@pytest.mark.rule("5.T1", "5.T2", "5.T3", "5.T4", "5.T5", "5.T6", "5.T7")
@settings(max_examples=50)
@given(drawn=documents(confluent=True), one=schedules, other=schedules)
def test_checkers_have_nothing_to_say_of_runs_as_they_are(drawn: Drawn, one: list[int], other: list[int]) -> None:
    simulator = Simulator(drawn.document, registry=REGISTRY)
    with checked(deep=True) as check:
        for schedule in (one, other):
            fz.reset()
            simulator.run(schedule=schedule, capacities={"seats": 1})
    if not any(run.failed_together for run in check.runs):
        assert same_results(check.runs, exempt=False) == []
    for run in check.runs:
        assert run.events is not None
        assert run.audit.failed_together in (False, run.failed_together)
        watched_again = check_events(run.events, fan_ins_of(simulator.compiled))
        assert isinstance(watched_again, Watched)
        assert (len(watched_again.contexts), len(watched_again.threads)) == (run.contexts, run.threads)
