"""A run that is recorded: its machine, run and kernel tell a recorder what they do, and do the same as ever.

Nothing is decided here, and a recorded run goes as the same run without a recorder.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nodeflow.graph import CELL
from nodeflow.machine import Context, FlowThread, Machine
from nodeflow.machine.records import Frame, Scope, Store
from nodeflow.runtime.run import Run
from nodeflow.runtime.watching import Watchers
from nodeflow.testing.exploring.recorder import Recorder, is_race, names_of_shared, present_node
from nodeflow.testing.exploring.tokens import mixed, token
from nodeflow.testing.simulator.kernel import SimulatedKernel, Task


def attach(recorder: Recorder, run: Run, kernel: SimulatedKernel) -> None:
    """Record this run, which has not begun."""
    machine = run.machine
    machine.__class__, run.__class__, kernel.__class__ = RecordedMachine, RecordedRun, RecordedKernel
    run.watchers.__class__ = RecordedWatchers
    subjects: tuple[Any, ...] = (machine, run, kernel, run.watchers)
    for subject in subjects:
        subject.recorder = recorder
    run.watched = True
    recorder.names = names_of_shared(run.graph)
    record_store(recorder, machine.process, "the run")
    for name, limiter in run.capacities.items():
        _record_limiter(recorder, name, limiter)


def record_store(recorder: Recorder, store: Store, label: str) -> None:
    """Notice who reads and writes shared variables and states."""
    store.versions = versions = Versions(recorder, label, store.versions)
    store.cells = recorder.stores[label] = Cells(recorder, label, store.cells, versions)


class Cells(dict[int, Any]):
    """The cells of a store, which notice who reads and writes them."""

    def __init__(self, recorder: Recorder, label: str, cells: dict[int, Any], versions: Versions) -> None:
        super().__init__(cells)
        self.recorder = recorder
        self.label = label
        self.versions = versions
        self.hashes = {slot: mixed(token(value)) for slot, value in cells.items()}

    def get(self, slot: int, default: Any = None) -> Any:
        value = super().get(slot, default)
        self.recorder.touch((self.versions.names.get(slot, "?"), self.label, slot), change=False)
        self.recorder.saw(self.label, slot, token(value))
        return value

    def __setitem__(self, slot: int, value: Any) -> None:
        recorder, name = self.recorder, self.versions.names.get(slot, "?")
        recorder.touch((name, self.label, slot), change=True)
        if recorder.turn.thread is not None:
            node = present_node(recorder.turn.thread)
            recorder.writers[name] = (node.workflow.name, node.id, recorder.path(recorder.turn.thread))
        self.hashes[slot] = mixed(token(value))
        super().__setitem__(slot, value)


class Versions(dict[int, int]):
    """How often each slot was written; memos below shared variables ask."""

    def __init__(self, recorder: Recorder, label: str, versions: dict[int, int]) -> None:
        super().__init__(versions)
        self.recorder = recorder
        self.label = label
        self.names = recorder.names

    def get(self, slot: int, default: Any = None) -> Any:
        self.recorder.touch((self.names.get(slot, "?"), self.label, slot), change=False)
        return super().get(slot, default)


def _record_limiter(recorder: Recorder, name: str, limiter: Any) -> None:
    acquire, release = limiter.acquire_on_behalf_of, limiter.release_on_behalf_of

    async def acquired(borrower: object) -> None:
        recorder.touch((f"capacity {name!r}",), change=True)
        await acquire(borrower)
        recorder.saw("holds", name)

    def released(borrower: object) -> None:
        recorder.touch((f"capacity {name!r}",), change=True)
        recorder.saw("gives back", name)
        release(borrower)

    limiter.acquire_on_behalf_of, limiter.release_on_behalf_of = acquired, released


class RecordedKernel(SimulatedKernel):
    """Tells of turns, and of bodies that look at the clock."""

    recorder: Recorder

    def _turn(self, task: Task, main: Task, answer: Any) -> Any:
        self.recorder.begins(task)
        answer = super()._turn(task, main, answer)
        self.recorder.ends(task in self.tasks)
        return answer

    def current_time(self) -> float:
        self.recorder.saw("time", self.now)
        return self.now


class RecordedWatchers(Watchers):
    """Tells what bodies are answered."""

    recorder: Recorder

    def given(self, body: object, values: Iterable[Any]) -> None:
        frame, seen = self.recorder.seen.get(id(body), (None, 0))
        if frame is body and frame is not None:
            values = tuple(values)
            self.recorder.seen[id(body)] = (frame, mixed(seen, [token(value) for value in values]))
        super().given(body, values)


class RecordedRun(Run):
    """Tells of what bodies do."""

    recorder: Recorder

    def node_started(self, activation: Any) -> None:
        node, thread = activation.node, activation.thread
        if node.is_join:
            self.recorder.joins_fired[self.recorder.path(thread), node.id] += 1
        values = tuple(token(value) for value in thread.values)
        named = [(plan.name, value) for plan, value in zip(node.eager, values, strict=True) if plan.name]
        names = tuple(name for name, _ in named)  # options and handles have none, and are always the same
        self.recorder.entry(thread, "input", node, names, tuple(value for _, value in named))
        self.recorder.atomic = not node.is_async
        if node.is_async:
            self.recorder.begin_body(activation, node.id, activation.entered, values)
        super().node_started(activation)

    def node_failed(self, node: Any, thread: FlowThread, error: BaseException) -> None:
        self.recorder.entry(thread, "error", node, ("error",), (token(error),))
        self.recorder.touch_evaluated(thread)
        super().node_failed(node, thread, error)

    def wrote(self, thread: FlowThread, node: Any, plan: Any, value: Any) -> None:
        self.recorder.entry(thread, "output", node, (plan.name,), (token(value),))
        super().wrote(thread, node, plan, value)

    def feedback(self, node: Any, thread: FlowThread, message: str, level: str, data: Any) -> None:
        recorder = self.recorder
        if level == "print":
            recorder.turn.printed = True
            recorder.touch_evaluated(thread)
            recorder.entry(thread, "printed", node, ("line",), (message,))
            lines = recorder.printed.setdefault(recorder.path(thread), [])
            recorder.printed_hash += mixed(recorder.path(thread), len(lines), message)
            lines.append(message)
        super().feedback(node, thread, message, level, data)

    def service(self, kind: type[Any]) -> Any:
        recorder = self.recorder
        try:
            found = super().service(kind)
        except LookupError:
            thread: Any = recorder.turn.thread
            if recorder.wanted is None and thread is not None:
                recorder.wanted = (present_node(thread), kind)
            raise
        if not getattr(kind, "__attrs_attrs__", None):  # a value is nothing that threads share
            recorder.touch((f"service {kind.__name__}",), change=True)
        return found

    def instance_of(self, node: Any) -> Any:
        self.recorder.touch((f"the resource of {node.id!r}", node.workflow.name), change=True)
        return super().instance_of(node)


class RecordedMachine(Machine):
    """Tells of facts and of what flow threads share."""

    recorder: Recorder

    # --- facts of one thread ---

    def begun(self, thread: FlowThread) -> Any:
        self.recorder.name_scope(thread.scope, self.recorder.path(thread))
        self.recorder.fact(thread, "begins")
        return super().begun(thread)

    def triggered(self, thread: FlowThread, output: int) -> Any:
        self.recorder.fact(thread, "triggers", output)
        self.recorder.body_saw(thread, "triggers", output)
        return super().triggered(thread, output)

    def pulled(self, thread: FlowThread, plan: Any) -> Any:
        self.recorder.fact(thread, "pulls", plan.name)
        self.recorder.body_saw(thread, "pulls", plan.name)
        return super().pulled(thread, plan)

    def emitted(self, thread: FlowThread, value: Any) -> Any:
        said = token(value)
        self.recorder.fact(thread, "emits", said)
        self.recorder.body_saw(thread, "emits", said)
        return super().emitted(thread, value)

    def returned(self, thread: FlowThread, node: Any, output: int, slot: int = -1, value: Any = None) -> Any:
        self.recorder.atomic = False
        self.recorder.fact(thread, "returns", node.id, output + 1)
        return super().returned(thread, node, output, slot, value)

    def left(self, thread: FlowThread, output: int, slot: int = -1, value: Any = None) -> Any:
        self.recorder.fact(thread, "leaves", output + 1)
        return super().left(thread, output, slot, value)

    def unwound(self, thread: FlowThread) -> Any:
        self.recorder.fact(thread, "unwinds")
        return super().unwound(thread)

    def failed(self, thread: FlowThread, error: Any, *, cancelled: bool = False) -> Any:
        said = "" if cancelled else token(error)
        self.recorder.atomic = False
        self.recorder.fact(thread, "fails", said)
        found = super().failed(thread, error, cancelled=cancelled)
        if thread.frame is not None:
            self.recorder.body_saw(thread, "fails", said)
        return found

    def resumed(self, thread: FlowThread) -> Any:
        self.recorder.fact(thread, "goes on")
        return super().resumed(thread)

    def wants_capacity(self, thread: FlowThread, context: Context) -> Any:
        self.recorder.body_saw(thread, "wants to start")
        return super().wants_capacity(thread, context)

    def awaits_state(self, thread: FlowThread, slot: int) -> Any:
        self.recorder.fact(thread, "waits for a state")
        self.recorder.body_saw(thread, "waits for a state")
        return super().awaits_state(thread, slot)

    def read(self, scope: Scope, plan_kind: int, slot: int, default: Any) -> Any:
        value = super().read(scope, plan_kind, slot, default)
        if plan_kind == CELL:
            self.recorder.saw(slot, token(value))
        return value

    def write(self, thread: FlowThread, slot: int, value: Any) -> None:
        super().write(thread, slot, value)
        self.recorder.name_scope(thread.scope, self.recorder.path(thread))

    # --- contexts ---

    def closed(self, context: Context) -> None:
        super().closed(context)
        recorder = self.recorder
        order = (*context.arrivals, *context.finished) if is_race(context) else ()
        came = (recorder.left.get(context.id, 0), order, context.doomed)
        if context.opener is None:
            recorder.own[0] = mixed(recorder.own[0], came)
            return  # the run's own: what is in its store is the result
        recorder.fact(context.opener, "closes")
        recorder.body_saw(context.opener, came)
        if context.scope is not None:
            recorder.stores.pop(recorder.label(context.scope), None)

    def completed(self, context: Context) -> None:
        super().completed(context)
        if context.join is not None and context.opener is not None:
            self.recorder.joins_due[self.recorder.path(context.opener), context.join.id] += 1

    def contributions(self, thread: FlowThread) -> Any:
        found = super().contributions(thread)
        values, errors, missing = found
        brought = tuple(f"{name}: {token(value)}" for name, value in values)
        brought += tuple(token(error) for error in errors) + tuple(f"missing: {name}" for name in missing)
        self.recorder.entry(thread, "arrivals", thread.node, ("arrivals",), (f"[{', '.join(brought)}]",))
        self.recorder.saw(brought)
        return found

    def _arrived(self, thread: FlowThread, node: Any, value: Any) -> Any:
        context = thread.context
        self._race(context)
        self.recorder.leave(context, "arrives", thread.index, token(value), len(context.arrivals.get(thread.index, ())))
        self.recorder.fact(thread, "arrives")
        return super()._arrived(thread, node, value)

    def _resulted(self, thread: FlowThread, value: Any) -> Any:
        self.recorder.leave(thread.context, "results", thread.index, token(value))
        return super()._resulted(thread, value)

    def _over(self, thread: FlowThread, fact: Any) -> Any:
        context, recorder = thread.context, self.recorder
        self._race(context)
        said = token(thread.error) if fact.name == "FAILED" else token(thread.sets) if fact.name == "RETURNED" else ""
        where = thread.node.id if thread.node is not None and fact.name == "RETURNED" else ""
        recorder.leave(context, "ends", thread.index, fact.name, said, where)
        recorder.order = mixed(recorder.order, recorder.path(thread), fact.name)
        if fact.name == "RETURNED":
            recorder.returned.add(recorder.path(thread))
        return super()._over(thread, fact)

    def _race(self, context: Context) -> None:
        if is_race(context):
            self.recorder.touch((f"the race of {context.path()}",), change=True)

    def _doom(self, context: Context, *, wish: bool = True) -> None:
        self.recorder.turn.doomed.append(context)
        self.recorder.order = mixed(self.recorder.order, "cancelled", context.path())
        super()._doom(context, wish=wish)

    def _fresh_scope(self, plan: Any) -> Scope:
        scope = super()._fresh_scope(plan)
        label = self.recorder.made_by_present()
        self.recorder.name_scope(scope, label)
        record_store(self.recorder, scope.store, label)
        return scope

    # --- events ---

    def announced(self, thread: FlowThread, event: str, payload: Any) -> None:
        self.recorder.touch((f"event {event!r}", *self._event_key(thread, event)), change=True)
        super().announced(thread, event, payload)

    def awaits_event(self, thread: FlowThread, event: str) -> Any:
        self.recorder.touch((f"event {event!r}", *self._event_key(thread, event)), change=True)
        self.recorder.fact(thread, "waits for", event)
        self.recorder.body_saw(thread, "waits for", event)
        return super().awaits_event(thread, event)

    # --- memos ---

    def _memo(self, node: Any, scope: Scope, pull: Any) -> Any:
        found = super()._memo(node, scope, pull)
        if not node.volatile:
            self._touch_memo(node, self._home, change=type(found) is not tuple)
        return found

    def evaluation_began(self, thread: FlowThread, frame: Frame) -> None:
        pull: Any = thread.pull
        evaluation = pull.stack[-1]
        super().evaluation_began(thread, frame)
        self.recorder.begin_body(frame, evaluation.node.id, tuple(token(value) for value in evaluation.values))

    def evaluated(self, thread: FlowThread, outputs: tuple[Any, ...]) -> Any:
        pull: Any = thread.pull if thread.pull is not None else thread.frame.pull  # type: ignore[union-attr]
        evaluation = pull.stack[-1]
        if not evaluation.node.volatile:
            self._touch_memo(evaluation.node, evaluation.home, change=True)
        return super().evaluated(thread, outputs)

    def _settle(self, evaluation: Any, outputs: Any, error: Any) -> None:
        if not evaluation.node.volatile:
            self._touch_memo(evaluation.node, evaluation.home, change=True)
        super()._settle(evaluation, outputs, error)

    def _touch_memo(self, node: Any, home: Scope | None, *, change: bool) -> None:
        """A memo of a plain data node is the same, whoever evaluates it (4.2): others cannot tell that it changed.

        That does not hold of one that waits, or reads what is shared, or that turns out to print or to fail.
        """
        recorder = self.recorder
        key = recorder.memo_key(node, home)
        if change and recorder.is_plain(node):
            recorder.turn.evaluated.add(key)
            change = False
        recorder.touch(key, change=change)
