"""Machines that are broken on purpose, one or more for each of T1 to T6, and a way to switch a machine's claims off.

With its claims, each of them is stopped by the machine itself. Without, only an onlooker can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import frozen

import nodeflow as nf
from nodeflow.library import flow
from nodeflow.machine import Context, ContextKind, Do, FlowThread, Machine, reading, tree, walking
from nodeflow.machine import machine as machine_module
from nodeflow.machine.states import ThreadFact


def believe_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch off every claim of the machine, and let every transition be."""

    def after(table: Mapping[Any, Any], state: Any, fact: Any, what: object) -> Any:
        return table.get((state, fact), state)

    for module in (tree, machine_module):
        monkeypatch.setattr(module, "claim", lambda true, invariant, said: None)
    for module in (tree, machine_module, walking, reading):
        monkeypatch.setattr(module, "after", after)


@nf.exec_node("mi.fails")
def fails(message: str = "failed") -> None:
    """Fail."""
    raise ValueError(message)


def workflow(fail: bool = False) -> nf.Workflow:
    """A loop around a pair whose branches wait, two of them in contexts of their own."""
    wf = nf.Workflow("main", outputs={"all": "any"})
    loop, fo = wf.add(flow.for_, times=2), wf.add(flow.fan_out, id="fan", branches=["a", "b", "c"])
    fi, batch = wf.add(flow.fan_in, id="join"), wf.add(flow.batch, id="batch", items=[1, 2, 3], parallel=2)
    wf.add(flow.start) >> loop
    loop.body >> fo
    fo["a"] >> wf.add(flow.delay) >> (wf.add(fails) if fail else wf.add(flow.delay)) >> fi
    fo["b"] >> batch
    batch.process >> wf.add(flow.delay) >> wf.add(flow.delay) >> wf.add(flow.delay)
    batch["continue"] >> fi
    queue = wf.add(flow.fan_out, id="queue", branches=["x", "y", "z"], parallel=1)
    fo["c"] >> queue
    for name in "xyz":
        queue[name] >> wf.add(flow.delay) >> wf.add(flow.delay)
    queue.joined >> fi
    done = wf.add(flow.set_output)
    loop.exit >> done
    fi.merged >> done.all
    return wf


# --- T1 ---


class ClosesEarly(Machine):
    def scope_left(self, context: Context) -> None:
        super().scope_left(context)
        if context.kind is ContextKind.FAN_OUT:
            self.closed(context)


class ClosesAroundAChild(Machine):
    """The thread that holds the child open is forgotten, so only the child is in the way."""

    def opened(self, context: Context) -> None:
        super().opened(context)
        if context.kind is ContextKind.BATCH:
            parent = context.parent
            assert parent is not None
            for thread in list(parent.threads.values()):
                if thread.context.audited is not None:
                    thread.context.audited.ended += 1  # as if it had been seen to end
            self.closed(parent)


class OpensBelowTheClosed(Machine):
    def opened(self, context: Context) -> None:
        parent = context.parent
        if parent is not None and parent.opener_node == "fan" and not parent.children:
            if parent.audited is not None:
                parent.audited.born = parent.audited.ended = parent.started  # as if they had been seen to end
            self.closed(parent)
        super().opened(context)


# --- T2 ---


class MissesAGrandchild(Machine):
    def _doom(self, context: Context, *, wish: bool = True) -> None:
        children, context.children = context.children, {}
        super()._doom(context, wish=wish)
        context.children = children


class MarksTheContextAbove(Machine):
    def _doom(self, context: Context, *, wish: bool = True) -> None:
        super()._doom(context, wish=wish)
        if context.parent is not None and context.parent.kind is not ContextKind.PROCESS:
            context.parent.doomed = True


class CancelsTheContextAbove(Machine):
    def _doom(self, context: Context, *, wish: bool = True) -> None:
        above = context.parent
        super()._doom(context if above is None or above.kind is ContextKind.PROCESS else above, wish=wish)


class GoesOnStarting(Machine):
    """A branch that was queued is started though its fan-out is cancelled."""

    def _doom(self, context: Context, *, wish: bool = True) -> None:
        queues = [(child, child.queue) for child in context.children.values() if child.queue]
        super()._doom(context, wish=wish)
        for child, queue in queues:
            self._born(child, *queue.popleft())


# --- T3 ---


class CountsWrongly(Machine):
    def _over(self, thread: FlowThread, fact: ThreadFact) -> Do:
        do = super()._over(thread, fact)
        self.live += thread.context.kind is ContextKind.BATCH
        return do


class MovesAThread(Machine):
    def _over(self, thread: FlowThread, fact: ThreadFact) -> Do:
        if thread.context.kind is ContextKind.BATCH:
            assert thread.context.parent is not None
            thread.context = thread.context.parent
        return super()._over(thread, fact)


class StartsInTheClosed(Machine):
    def closed(self, context: Context) -> None:
        super().closed(context)
        if context.kind is ContextKind.FAN_OUT:
            assert context.opener is not None
            self._born(context, 7, (), None, context.opener.scope, False, {})


# --- T4 ---


class OpensWithoutTheWorkflow(Machine):
    def open(self, kind: ContextKind, opener: FlowThread | None, *args: Any, **more: Any) -> Context | None:
        context = super().open(kind, opener, *args, **more)
        if kind is ContextKind.FAN_OUT and context is not None:
            context.parent, context.depth = self.root, 1
        return context


class OpensElsewhere(Machine):
    def opened(self, context: Context) -> None:
        if context.kind is ContextKind.BATCH:
            assert context.parent is not None
            context.parent = context.parent.parent
        super().opened(context)


class CountsDepthTwice(Machine):
    def open(self, *args: Any, **more: Any) -> Context | None:
        context = super().open(*args, **more)
        if context is not None and context.kind is ContextKind.BATCH:
            context.depth += 1
        return context


# --- T5 ---


class JoinsTwice(Machine):
    def contributions(self, thread: FlowThread) -> Any:
        super().contributions(thread)
        return super().contributions(thread)


class JoinsEarly(Machine):
    """What follows the join is begun as soon as all branches have come, before the context is closed."""

    def _arrived(self, thread: FlowThread, node: Any, value: Any) -> Do:
        do = super()._arrived(thread, node, value)
        context = thread.context
        if context.arrival_count == 3:
            assert context.opener is not None
            context.opener.brought = context
            self.contributions(context.opener)
        return do


class JoinsInABranch(Machine):
    """Another thread than the opener goes on behind the join."""

    def contributions(self, thread: FlowThread) -> Any:
        other = FlowThread(thread.id + 1000, thread.context, thread.scope, 0, (), None)
        other.brought = thread.brought
        return super().contributions(other)


class GoesOnTwice(Machine):
    def completed(self, context: Context) -> None:
        super().completed(context)
        if context.kind is ContextKind.BATCH:
            super().completed(context)


# --- T6 ---


class EndsAThreadTwice(Machine):
    def _over(self, thread: FlowThread, fact: ThreadFact) -> Do:
        super()._over(thread, fact)
        return super()._over(thread, fact)


class StartsAThreadTwice(Machine):
    def _born(self, context: Context, *args: Any) -> None:
        super()._born(context, *args)
        if context.kind is ContextKind.BATCH:
            self.threads_started -= 1
            super()._born(context, *args)


class EndsBeforeActivations(Machine):
    def triggered(self, thread: FlowThread, output: int) -> Do:
        return self._over(thread, ThreadFact.RETURNED)


class DropsAnActivation(Machine):
    """A body that triggered is never told that what it triggered is over."""

    def _bottom(self, thread: FlowThread) -> Do:
        thread.frame = None
        return super()._bottom(thread)


class DropsABranch(Machine):
    def _over(self, thread: FlowThread, fact: ThreadFact) -> Do:
        if thread.context.queue:
            thread.context.queue.popleft()
        return super()._over(thread, fact)


class OpensTwice(Machine):
    def opened(self, context: Context) -> None:
        super().opened(context)
        if context.kind is ContextKind.BATCH:
            super().opened(context)


class ClosesTwice(Machine):
    def closed(self, context: Context) -> None:
        super().closed(context)
        if context.kind is ContextKind.BATCH:
            super().closed(context)


class NeverCloses(Machine):
    def closed(self, context: Context) -> None:
        if context.kind is not ContextKind.BATCH:
            super().closed(context)


@frozen
class Broken:
    """A broken machine, what it breaks, and in which run that shows.

    Attributes:
        says: What the auditor says of it.
        fail: A branch fails, which cancels the others.
    """

    invariant: str
    machine: type[Machine]
    says: str
    fail: bool = False

    @property
    def match(self) -> str:
        """A pattern for what the auditor says."""
        return f"^{self.invariant}: .*({self.says})"


BROKEN = [
    Broken("T1", ClosesEarly, "closed before its flow threads"),
    Broken("T1", ClosesAroundAChild, "closed before its contexts"),
    Broken("T1", OpensBelowTheClosed, "opened below .* which is not open"),
    Broken("T2", MissesAGrandchild, "was not cancelled, and a context around it was", fail=True),
    Broken("T2", MarksTheContextAbove, "was cancelled, and neither it nor", fail=True),
    Broken("T2", CancelsTheContextAbove, "no handle, failure, join or limit asked for that", fail=True),
    Broken("T2", GoesOnStarting, "started in .* which is cancelled", fail=True),
    Broken("T3", CountsWrongly, "the machine counts"),
    Broken("T3", MovesAThread, "started elsewhere"),
    Broken("T3", StartsInTheClosed, "which is not open"),
    Broken("T4", OpensWithoutTheWorkflow, "cannot be the parent"),
    Broken("T4", OpensElsewhere, "has depth|opened it elsewhere"),
    Broken("T4", CountsDepthTwice, "has depth"),
    Broken("T5", JoinsTwice, "goes on twice"),
    Broken("T5", JoinsEarly, "is not closed"),
    Broken("T5", JoinsInABranch, "goes on in <flow thread"),
    Broken("T5", GoesOnTwice, "goes on twice"),
    Broken("T5", NeverCloses, "goes on, and it is not closed"),
    Broken("T6", EndsAThreadTwice, "it had ended"),
    Broken("T6", StartsAThreadTwice, "started twice"),
    Broken("T6", EndsBeforeActivations, "ended before its activations"),
    Broken("T6", DropsAnActivation, "ended before its activations"),
    Broken("T6", DropsABranch, "were to start, and"),
    Broken("T6", OpensTwice, "opened twice"),
    Broken("T6", ClosesTwice, "closed, and is not open"),
]

each_broken_machine = pytest.mark.parametrize("broken", BROKEN, ids=lambda b: f"{b.invariant}-{b.machine.__name__}")
