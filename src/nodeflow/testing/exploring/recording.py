"""What one simulated run does, written down as it happens: histories, shared things touched, joins, order of facts.

`Recorder.attach` gives the run's machine, run and kernel classes that tell the recorder what they do, and do the same
as ever. Nothing is decided here, and a recorded run goes as the same run without a recorder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

from outcome import Error

from nodeflow.graph import CELL
from nodeflow.machine import Context, FlowThread, Machine
from nodeflow.machine.records import Frame, Scope, Store, thread_path
from nodeflow.runtime.driver import Driver
from nodeflow.runtime.run import Run
from nodeflow.runtime.watching import Watchers
from nodeflow.testing.exploring.tokens import token
from nodeflow.testing.simulator.kernel import SimulatedKernel, Task


class Entry(NamedTuple):
    """Something that a flow thread saw or wrote.

    Attributes:
        what: `input`, `output`, `arrivals`, `printed` or `error`: what `values` are, by `names`.
    """

    what: str
    workflow: str
    node: str
    names: tuple[str, ...]
    values: tuple[str, ...]


class Turn:
    """What one turn of a task did, as far as others may notice.

    Attributes:
        thread: Whose it was; None: of the run's own task.
        touched: Things that flow threads share, and whether it changed them.
        doomed: Contexts that it cancelled.
        printed: It printed.
        guarded: A body that cleans up waited in the thread before or after it.
    """

    __slots__ = ("doomed", "guarded", "printed", "thread", "touched")

    def __init__(self, thread: FlowThread | None) -> None:
        self.thread = thread
        self.touched: dict[Hashable, bool] = {}
        self.doomed: list[Context] = []
        self.printed = False
        self.guarded = False


class Recorder:
    """Everything about one run that can be compared with another.

    Attributes:
        histories: What each flow thread saw and wrote, by its path.
        sequence: Path and place in the history, in the order in which things happened.
        seen: For each body that waits (by the id of its frame, which is kept) a hash of all that it saw: what it does
            next is a function of it. `own`: the same of the run's own task and of threads outside of bodies.
        order: A hash of the order of all facts about the machine.
        printed: Lines by flow thread; `printed_hash` does not depend on the order of threads.
        stores: Shared variables and states of each workflow context that is open, by label.
        left: For each context, a hash of what its flow threads left there.
        joins_due, joins_fired: How often a flow thread came to a fan-in behind a context that closed, and its body ran.
        returned: Flow threads that came to their end by themselves.
        wanted: A node and the service that it asked for in vain.
        turn: The present turn, or the last.
    """

    def __init__(self, *, entering: Callable[[Task], object] | None = None, over: Callable[[], object] | None = None):
        self.entering = entering
        self.over = over
        self.histories: dict[str, list[Entry]] = {}
        self.sequence: list[tuple[str, int]] = []
        self.seen: dict[int, tuple[Frame, int]] = {}
        self.own: dict[int, int] = {0: 0}
        self.order = 0
        self.printed: dict[str, list[str]] = {}
        self.printed_hash = 0
        self.paths: dict[int, str] = {}
        self.stores: dict[str, Cells] = {}
        self.left: dict[int, int] = {}
        self.joins_due: Counter[tuple[str, str]] = Counter()
        self.joins_fired: Counter[tuple[str, str]] = Counter()
        self.returned: set[str] = set()
        self.wanted: tuple[Any, type] | None = None
        self.turn = Turn(None)
        self.turns = 0
        self.atomic = False
        self._hashes: dict[int, tuple[Any, int]] = {}
        self._labels: dict[int, tuple[Scope, str]] = {}
        self._made: Counter[str] = Counter()

    def attach(self, run: Run, kernel: SimulatedKernel) -> None:
        """Record this run. It fits `Simulator.run(watch=...)`."""
        machine = run.machine
        machine.__class__, run.__class__, kernel.__class__ = RecordedMachine, RecordedRun, RecordedKernel
        run.watchers.__class__ = RecordedWatchers
        for subject in (machine, run, kernel, run.watchers):
            subject.recorder = self  # type: ignore[attr-defined]
        run.watched = True
        self.record_store(machine.process, "the run")
        for name, limiter in run.capacities.items():
            _record_limiter(self, name, limiter)

    def record_store(self, store: Store, label: str) -> None:
        store.versions = Versions(self, label, store.versions)
        store.cells = self.stores[label] = Cells(self, label, store.cells, store.versions)

    # --- what is told ---

    def path(self, thread: FlowThread) -> str:
        found = self.paths.get(thread.id)
        if found is None:
            found = self.paths[thread.id] = thread_path(thread)
            self.own[thread.id] = hash(found)
        return found

    def fact(self, thread: FlowThread, *said: Hashable) -> None:
        """A fact about the thread, as the machine is told."""
        self.order = hash((self.order, self.path(thread), said))

    def entry(self, thread: FlowThread, what: str, node: Any, names: tuple[str, ...], values: tuple[str, ...]) -> None:
        path = self.path(thread)
        history = self.histories.setdefault(path, [])
        self.sequence.append((path, len(history)))
        history.append(Entry(what, node.workflow.name, node.id, names, values))

    def begin_body(self, frame: Frame, *said: Hashable) -> None:
        """A body begins that can wait: all that it knows is what it is given."""
        self.seen[id(frame)] = (frame, hash(said))

    def saw(self, *said: Hashable) -> None:
        """The body that runs now came to know something, or is further than before.

        What is read for a body that cannot wait, or that is about to begin, shows in what that gets and gives.
        """
        thread = self.turn.thread
        if thread is None:
            self.own[0] = hash((self.own[0], said))
        elif not self.atomic and thread.pull is None:
            self.body_saw(thread, *said)

    def body_saw(self, thread: FlowThread, *said: Hashable) -> None:
        frame = thread.frame
        while frame is not None and frame.node is None:
            frame = frame.parent
        if frame is None:
            self.own[thread.id] = hash((self.own[thread.id], said))
        else:
            self.seen[id(frame)] = (frame, hash((self.seen.get(id(frame), (frame, 0))[1], said)))

    def touch(self, key: Hashable, *, change: bool) -> None:
        touched = self.turn.touched
        touched[key] = change or touched.get(key, False)

    def value_hash(self, value: Any) -> int:
        """Of a value that stays as it is (semantics 3.7), so that it is looked at once."""
        found = self._hashes.get(id(value))
        if found is None or found[0] is not value:
            found = self._hashes[id(value)] = (value, hash(token(value)))
        return found[1]

    def leave(self, context: Context, *said: Hashable) -> None:
        """A thread left something in its context; the order does not matter."""
        self.left[context.id] = (self.left.get(context.id, 0) + hash(said)) & (2**63 - 1)

    def label(self, scope: Scope | None) -> str:
        """Whose a scope is: the same under every schedule."""
        if scope is None:
            return "the run"
        found = self._labels.get(id(scope.base()))
        return "?" if found is None else found[1]

    def name_scope(self, scope: Scope, label: str) -> None:
        base = scope.base()
        self._labels.setdefault(id(base), (base, label))  # it is kept: ids of objects are used again

    def made_by_present(self) -> str:
        """A name for what the present thread makes."""
        maker = "the run" if self.turn.thread is None else self.path(self.turn.thread)
        self._made[maker] += 1
        return f"{maker}~{self._made[maker]}"

    # --- turns ---

    def begins(self, task: Task) -> None:
        if self.entering is not None:
            self.entering(task)
        self.turns += 1
        driver = task.coroutine
        thread = driver if isinstance(driver, Driver) else None
        self.turn = Turn(thread)
        if thread is not None:
            self.path(thread)
        if isinstance(task.wakes_with, Error):
            self.saw("interrupted")
        if thread is None:
            self.saw("goes on")
        else:
            self.turn.guarded = is_guarded(thread)

    def ends(self, alive: bool) -> None:
        thread = self.turn.thread
        self.atomic = False
        if alive and isinstance(thread, Driver):
            self.turn.guarded = self.turn.guarded or is_guarded(thread)
            if thread.helping is None or thread.helping.name == "CALL":
                self.body_saw(thread, "waits")  # the body itself waits: nothing else tells how far it is
        if self.over is not None:
            self.over()


def is_guarded(thread: Driver) -> bool:
    """Whether a body waits in the thread that would clean up if it were cancelled now."""
    if thread.helping is not None and thread.helping.name == "CALL":
        return True
    frame: Any = thread.frame
    while frame is not None:
        if getattr(frame, "shield", None) is not None:
            return True
        frame = frame.parent
    return False


# --- what is recorded ---------------------------------------------------------------------------------


class Cells(dict[int, Any]):
    """The cells of a store, which notice who reads and writes them."""

    def __init__(self, recorder: Recorder, label: str, cells: dict[int, Any], versions: dict[int, int]) -> None:
        super().__init__(cells)
        self.recorder = recorder
        self.label = label
        self.versions = versions
        self.hashes = {slot: hash(token(value)) for slot, value in cells.items()}

    def get(self, slot: int, default: Any = None) -> Any:
        value = super().get(slot, default)
        self.recorder.touch(("variable or state", self.label, slot), change=False)
        self.recorder.saw(self.label, slot, token(value))
        return value

    def __setitem__(self, slot: int, value: Any) -> None:
        self.recorder.touch(("variable or state", self.label, slot), change=True)
        self.hashes[slot] = hash(token(value))
        super().__setitem__(slot, value)


class Versions(dict[int, int]):
    """How often each slot was written; memos below shared variables ask."""

    def __init__(self, recorder: Recorder, label: str, versions: dict[int, int]) -> None:
        super().__init__(versions)
        self.recorder = recorder
        self.label = label

    def get(self, slot: int, default: Any = None) -> Any:
        self.recorder.touch(("variable or state", self.label, slot), change=False)
        return super().get(slot, default)


def _record_limiter(recorder: Recorder, name: str, limiter: Any) -> None:
    acquire, release = limiter.acquire_on_behalf_of, limiter.release_on_behalf_of

    async def acquired(borrower: object) -> None:
        recorder.touch(("capacity", name), change=True)
        await acquire(borrower)
        recorder.saw("holds", name)

    def released(borrower: object) -> None:
        recorder.touch(("capacity", name), change=True)
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
            self.recorder.seen[id(body)] = (frame, hash((seen, tuple(token(value) for value in values))))
        super().given(body, values)


class RecordedRun(Run):
    """Tells of what bodies do."""

    recorder: Recorder

    def node_started(self, activation: Any) -> None:
        node, thread = activation.node, activation.thread
        if node.is_join:
            self.recorder.joins_fired[self.recorder.path(thread), node.id] += 1
        names = tuple(plan.name for plan in node.eager)
        values = tuple(token(value) for value in thread.values)
        self.recorder.entry(thread, "input", node, names, values)
        self.recorder.atomic = not node.is_async
        if node.is_async:
            self.recorder.begin_body(activation, node.id, activation.entered, values)
        super().node_started(activation)

    def node_failed(self, node: Any, thread: FlowThread, error: BaseException) -> None:
        self.recorder.entry(thread, "error", node, ("error",), (token(error),))
        super().node_failed(node, thread, error)

    def wrote(self, thread: FlowThread, node: Any, plan: Any, value: Any) -> None:
        self.recorder.entry(thread, "output", node, (plan.name,), (token(value),))
        super().wrote(thread, node, plan, value)

    def feedback(self, node: Any, thread: FlowThread, message: str, level: str, data: Any) -> None:
        recorder = self.recorder
        if level == "print":
            recorder.turn.printed = True
            recorder.entry(thread, "printed", node, ("line",), (message,))
            lines = recorder.printed.setdefault(recorder.path(thread), [])
            recorder.printed_hash += hash((recorder.path(thread), len(lines), message))
            lines.append(message)
        super().feedback(node, thread, message, level, data)

    def service(self, kind: type[Any]) -> Any:
        recorder = self.recorder
        try:
            found = super().service(kind)
        except LookupError:
            thread: Any = recorder.turn.thread
            if recorder.wanted is None and thread is not None:
                recorder.wanted = (_present_node(thread), kind)
            raise
        if not getattr(kind, "__attrs_attrs__", None):  # a value is nothing that threads share
            recorder.touch(("service", kind.__name__), change=True)
        return found

    def instance_of(self, node: Any) -> Any:
        self.recorder.touch(("resource", node.workflow.name, node.id), change=True)
        return super().instance_of(node)


def _present_node(thread: Any) -> Any:
    """The node whose body asks for something."""
    if thread.pull is not None and thread.pull.stack:
        return thread.pull.stack[-1].node
    return thread.node if thread.values is not None or thread.frame is None else thread.frame.node


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
        if context.opener is not None:
            order = (*context.arrivals, *context.finished) if is_race(context) else ()
            recorder.fact(context.opener, "closes")
            recorder.body_saw(context.opener, recorder.left.get(context.id, 0), order, context.doomed)
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
        recorder.order = hash((recorder.order, recorder.path(thread), fact.name))
        if fact.name == "RETURNED":
            recorder.returned.add(recorder.path(thread))
        return super()._over(thread, fact)

    def _race(self, context: Context) -> None:
        if is_race(context):
            self.recorder.touch(("race", context.path()), change=True)

    def _doom(self, context: Context, *, wish: bool = True) -> None:
        self.recorder.turn.doomed.append(context)
        self.recorder.order = hash((self.recorder.order, "cancelled", context.path()))
        super()._doom(context, wish=wish)

    def _fresh_scope(self, plan: Any) -> Scope:
        scope = super()._fresh_scope(plan)
        label = self.recorder.made_by_present()
        self.recorder.name_scope(scope, label)
        self.recorder.record_store(scope.store, label)
        return scope

    # --- events ---

    def announced(self, thread: FlowThread, event: str, payload: Any) -> None:
        self.recorder.touch(("event", *self._event_key(thread, event)), change=True)
        super().announced(thread, event, payload)

    def awaits_event(self, thread: FlowThread, event: str) -> Any:
        self.recorder.touch(("event", *self._event_key(thread, event)), change=True)
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
        self.recorder.touch(("memo", self.recorder.label(home), node.workflow.name, node.id), change=change)


def is_race(context: Context) -> bool:
    """Whether it matters in which order its threads arrive, or end."""
    return bool(context.first) or (context.policy is not None and bool(context.policy.quorum))
