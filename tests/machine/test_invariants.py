"""Machines that are broken on purpose: each breaks one of T1 to T6, and the machine's own assertion must fire.

With those switched off, the auditor must notice.
"""

from __future__ import annotations

from typing import Any

import pytest
from broken_machines import Broken, believe_everything, each_broken_machine, workflow
from sync_driver import Driver, compiled

import nodeflow as nf
from nodeflow.machine import Context, ContextKind, Do, FlowThread, Machine, Scope
from nodeflow.machine.audit import Audit
from nodeflow.machine.records import Store
from nodeflow.machine.states import InvariantBroken, RunFact, ThreadFact


def graph(fail: bool = False) -> Any:
    return compiled(workflow(fail))


def run(kind: type[Machine], *, fail: bool = False, turns: int | None = None) -> Driver:
    return Driver(graph(fail), kind=kind, seed=None).run(turns=turns)


def test_the_machine_as_it_is_runs_these_graphs() -> None:
    """Or what follows would prove nothing."""
    assert run(Machine).outputs == {"all": [None, None, None]}
    assert isinstance(run(Machine, fail=True).error, nf.NodeFailed)
    assert run(Machine, turns=5).machine.live == 0


@pytest.mark.rule("5.T1")
def test_t1_closing_a_context_whose_threads_live() -> None:
    class Hasty(Machine):
        def scope_left(self, context: Context) -> None:
            super().scope_left(context)
            if context.kind is ContextKind.FAN_OUT:
                self.closed(context)

    with pytest.raises(InvariantBroken, match=r"T1.*closed before its flow threads"):
        run(Hasty)


@pytest.mark.rule("5.T1")
def test_t1_closing_a_context_with_an_open_child() -> None:
    """The thread that holds the child open is forgotten by its own context."""

    class Forgetful(Machine):
        def opened(self, context: Context) -> None:
            super().opened(context)
            if context.kind is ContextKind.BATCH:
                assert context.parent is not None
                context.parent.threads.clear()
                self.scope_left(context.parent) if context.parent.state.value == "open" else None
                self.closed(context.parent)

    with pytest.raises(InvariantBroken, match=r"T1.*closed before its contexts"):
        run(Forgetful)


@pytest.mark.rule("5.T1")
def test_t1_opening_below_a_closed_context() -> None:
    class Late(Machine):
        def opened(self, context: Context) -> None:
            if context.kind is ContextKind.BATCH:
                assert context.parent is not None
                context.parent.threads.clear()
                self.closed(context.parent)
            super().opened(context)

    with pytest.raises(InvariantBroken, match=r"T1.*is closed and opened"):
        run(Late)


@pytest.mark.rule("5.T2")
def test_t2_cancelling_a_context_but_not_its_subtree() -> None:
    class Shallow(Machine):
        def _doom(self, context: Context, *, wish: bool = True) -> None:
            children, context.children = context.children, {}
            super()._doom(context, wish=wish)
            context.children = children

    with pytest.raises(InvariantBroken, match="T2"):
        run(Shallow, fail=True)


@pytest.mark.rule("5.T2")
def test_t2_cancelling_more_than_the_subtree() -> None:
    class Wide(Machine):
        def _doom(self, context: Context, *, wish: bool = True) -> None:
            super()._doom(context, wish=wish)
            if context.parent is not None and context.parent.kind is not ContextKind.PROCESS:
                context.parent.doomed = True

    with pytest.raises(InvariantBroken, match="T2"):
        run(Wide, fail=True)


@pytest.mark.rule("5.T3")
def test_t3_forgetting_to_count_a_thread_that_ended() -> None:
    class Forgetful(Machine):
        def _over(self, thread: FlowThread, fact: ThreadFact) -> Do:
            do = super()._over(thread, fact)
            self.live += thread.context.kind is ContextKind.BATCH
            return do

    with pytest.raises(InvariantBroken, match=r"T3.*live after the run"):
        run(Forgetful)


@pytest.mark.rule("5.T3")
def test_t3_starting_a_thread_in_a_context_that_is_being_closed() -> None:
    class Late(Machine):
        def scope_left(self, context: Context) -> None:
            super().scope_left(context)
            if context.kind is ContextKind.FAN_OUT:
                assert context.opener is not None
                self.start(context, context.opener.scope, (), None, {})

    with pytest.raises(InvariantBroken, match=r"T3.*closing and starts"):
        run(Late)


@pytest.mark.rule("5.T3")
def test_t3_a_thread_that_moves_to_another_context() -> None:
    class Mover(Machine):
        def _over(self, thread: FlowThread, fact: ThreadFact) -> Do:
            if thread.context.kind is ContextKind.BATCH:
                assert thread.context.parent is not None
                thread.context = thread.context.parent
            return super()._over(thread, fact)

    with pytest.raises(InvariantBroken, match=r"T3.*ended but did not live"):
        run(Mover)


@pytest.mark.rule("5.T4")
@pytest.mark.parametrize("kind", [ContextKind.FAN_OUT, ContextKind.BATCH, ContextKind.STREAM])
def test_t4_a_parent_that_the_table_forbids(kind: ContextKind) -> None:
    class Rootless(Machine):
        def open(self, asked: ContextKind, opener: FlowThread | None, *args: Any, **more: Any) -> Context | None:
            if asked is ContextKind.FAN_OUT:
                return super().open(kind, None, *args, **more)
            return super().open(asked, opener, *args, **more)

    with pytest.raises(InvariantBroken, match=r"T4.*cannot be the parent"):
        run(Rootless)


@pytest.mark.rule("5.T4")
def test_t4_a_second_process_context() -> None:
    class Twice(Machine):
        def open(self, asked: ContextKind, *args: Any, **more: Any) -> Context | None:
            return super().open(ContextKind.PROCESS, *args, **more)

    with pytest.raises(InvariantBroken, match="T4"):
        run(Twice)


@pytest.mark.rule("5.T4")
def test_t4_a_depth_that_is_not_the_parents_plus_one() -> None:
    class Elsewhere(Machine):
        def opened(self, context: Context) -> None:
            if context.kind is ContextKind.BATCH:
                assert context.parent is not None
                context.parent = context.parent.parent
            super().opened(context)

    with pytest.raises(InvariantBroken, match=r"T4.*has depth"):
        run(Elsewhere)


@pytest.mark.rule("5.T5")
def test_t5_a_join_that_goes_on_twice() -> None:
    class Twice(Machine):
        def contributions(self, thread: FlowThread) -> Any:
            super().contributions(thread)
            return super().contributions(thread)

    with pytest.raises(InvariantBroken, match=r"T5.*twice"):
        run(Twice)


@pytest.mark.rule("5.T5")
def test_t5_a_join_that_goes_on_before_its_context_has_closed() -> None:
    class Early(Machine):
        def contributions(self, thread: FlowThread) -> Any:
            assert thread.brought is not None
            thread.brought.state = type(thread.brought.state).CLOSING
            return super().contributions(thread)

    with pytest.raises(InvariantBroken, match=r"T5.*not closed"):
        run(Early)


@pytest.mark.rule("5.T6")
def test_t6_ending_a_thread_twice() -> None:
    class Twice(Machine):
        def _over(self, thread: FlowThread, fact: ThreadFact) -> Do:
            super()._over(thread, fact)
            return super()._over(thread, fact)

    with pytest.raises(InvariantBroken, match=r"T6.*cannot be returned"):
        run(Twice)


@pytest.mark.rule("5.T6")
def test_t6_a_thread_that_ends_before_its_activations() -> None:
    class Hasty(Machine):
        def triggered(self, thread: FlowThread, output: int) -> Do:
            return self._over(thread, ThreadFact.RETURNED)

    with pytest.raises(InvariantBroken, match=r"T6.*ended before its activations"):
        run(Hasty)


@pytest.mark.rule("5.T6")
@pytest.mark.parametrize("fact", ["opened", "scope_left", "closed"])
def test_t6_opening_leaving_or_closing_a_context_twice(fact: str) -> None:
    def twice(self: Machine, context: Context) -> None:
        getattr(super(kind, self), fact)(context)
        if context.kind is ContextKind.BATCH:
            getattr(super(kind, self), fact)(context)

    kind = type("Twice", (Machine,), {fact: twice})
    with pytest.raises(InvariantBroken, match="T6"):
        run(kind)


@pytest.mark.rule("5.T6")
def test_t6_closing_a_context_that_its_parent_does_not_know() -> None:
    class Forgetful(Machine):
        def opened(self, context: Context) -> None:
            super().opened(context)
            if context.kind is ContextKind.BATCH:
                assert context.parent is not None
                del context.parent.children[context.id]

    with pytest.raises(InvariantBroken, match=r"T6.*closed but not open"):
        run(Forgetful)


@pytest.mark.rule("5.T6")
def test_t6_beginning_a_thread_twice() -> None:
    class Twice(Machine):
        def begun(self, thread: FlowThread) -> Do:
            super().begun(thread)
            return super().begun(thread)

    with pytest.raises(InvariantBroken, match=r"T6.*running and cannot be begun"):
        run(Twice)


@pytest.mark.rule("5.T6")
def test_t6_a_run_that_ends_twice_or_before_it_began() -> None:
    machine = Machine(graph())
    with pytest.raises(InvariantBroken, match="T6: the run is new"):
        machine.ended(RunFact.COMPLETED)
    machine.started()
    with pytest.raises(InvariantBroken, match="T6: the run is running"):
        machine.started()
    machine.ended(RunFact.COMPLETED)
    with pytest.raises(InvariantBroken, match="T6: the run is completed"):
        machine.ended(RunFact.COMPLETED)


@pytest.mark.rule("5.T1")
def test_t1_a_run_that_ends_with_an_open_workflow() -> None:
    machine = Machine(graph())
    machine.started()
    main = machine.open(ContextKind.WORKFLOW, None, "main")
    assert main is not None
    machine.opened(main)
    with pytest.raises(InvariantBroken, match="T1"):
        machine.ended(RunFact.COMPLETED)


@pytest.mark.rule("5.T3")
def test_t3_a_thread_lives_from_its_birth_in_an_open_context() -> None:
    """A context exists from the moment it is reported open, not from the moment it was asked for."""
    machine = Machine(graph())
    machine.started()
    main = machine.open(ContextKind.WORKFLOW, None, "main")
    assert main is not None
    scope = Scope(None, Store())
    with pytest.raises(InvariantBroken, match=r"T3.*opening and starts"):
        machine.start(main, scope, (), None, {})
    assert machine.live == 0
    machine.opened(main)
    machine.start(main, scope, (), None, {})
    assert machine.live == 1


# --- the auditor ---


def audited(kind: type[Machine], *, fail: bool = False, turns: int | None = None) -> Audit:
    driver = Driver(graph(fail), kind=kind, seed=None)
    audit = driver.machine.audit = Audit(driver.machine)
    driver.run(turns=turns)
    return audit


@pytest.mark.rule("5.T1", "5.T2", "5.T3", "5.T4", "5.T5", "5.T6")
@each_broken_machine
def test_the_auditor_notices_when_the_machine_claims_nothing(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    believe_everything(monkeypatch)
    with pytest.raises(InvariantBroken, match=broken.match) as caught:
        audited(broken.machine, fail=broken.fail)
    assert caught.value.__notes__[1] == "context 0 opened: ProcessContext ''"


@pytest.mark.parametrize("turns", [None, 0, 1, 5, 9, 20])
@pytest.mark.parametrize("fail", [False, True])
def test_the_auditor_has_nothing_to_say_of_the_machine_as_it_is(turns: int | None, fail: bool) -> None:
    audit = audited(Machine, fail=fail, turns=turns)
    assert audit.broken is None
    assert audit.over
    assert audit.opened_contexts == audit.closed_contexts


def test_what_the_auditor_counts() -> None:
    """A loop of two rounds, each with a fan-out of three branches, a batch of three and another fan-out of three."""
    audit = audited(Machine)
    assert (audit.opened_contexts, audit.started_threads, audit.joins) == (2 + 2 * 3, 1 + 2 * 9, 2)
    assert (audit.deepest, audit.cancelled_threads, audit.failed_together) == (3, 0, False)
    failing = audited(Machine, fail=True)
    assert failing.cancelled_threads > 0
    assert failing.failed_together
    assert failing.facts()[-1] == "context 0 closed"


def test_attributes_are_few_enough_to_be_fast() -> None:
    """CPython 3.11 puts thirty attributes and more into a dictionary, and then a chain takes a tenth more."""
    assert len(vars(Machine(graph()))) < 30
    assert len(vars(nf.compile(workflow()).open_run()._run)) < 30
