"""What one simulated run does, written down as it happens: histories, shared things touched, joins, order of facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from outcome import Error

from nodeflow.graph import CompiledGraph
from nodeflow.machine import Context, FlowThread
from nodeflow.machine.records import Frame, Scope, thread_path
from nodeflow.runtime.driver import Driver
from nodeflow.testing.exploring.tokens import mixed, token
from nodeflow.testing.simulator.kernel import Stuck, Task


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
        evaluated: Memos of plain data nodes that it evaluated, or began to.
        doomed: Contexts that it cancelled.
        printed: It printed.
        guarded: A body that cleans up waited in the thread before or after it.
    """

    __slots__ = ("doomed", "evaluated", "guarded", "printed", "thread", "touched")

    def __init__(self, thread: FlowThread | None) -> None:
        self.thread = thread
        self.touched: dict[tuple[Hashable, ...], bool] = {}
        self.evaluated: set[tuple[Hashable, ...]] = set()
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
        writers: Who wrote each shared variable last, by its name: workflow, node and thread.
        left: For each context, a hash of what its flow threads left there.
        joins_due, joins_fired: How often a flow thread came to a fan-in behind a context that closed, and its body ran.
        returned: Flow threads that came to their end by themselves.
        wanted: A node and the service that it asked for in vain.
        turn: The present turn, or the last.
    """

    def __init__(
        self,
        *,
        entering: Callable[[Task], object] | None = None,
        over: Callable[[], object] | None = None,
        most_turns: int = 100_000,
    ) -> None:
        self.most_turns = most_turns
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
        self.stores: dict[str, Any] = {}
        self.left: dict[int, int] = {}
        self.writers: dict[str, tuple[str, str, str]] = {}
        self.joins_due: Counter[tuple[str, str]] = Counter()
        self.joins_fired: Counter[tuple[str, str]] = Counter()
        self.returned: set[str] = set()
        self.wanted: tuple[Any, type] | None = None
        self.turn = Turn(None)
        self.turns = 0
        self.names: Mapping[int, str] = {}
        self.atomic = False
        self._plain: dict[int, bool] = {}
        self._hashes: dict[int, tuple[Any, int]] = {}
        self._labels: dict[int, tuple[Scope, str]] = {}
        self._made: Counter[str] = Counter()

    # --- what is told ---

    def path(self, thread: FlowThread) -> str:
        found = self.paths.get(thread.id)
        if found is None:
            found = self.paths[thread.id] = thread_path(thread)
            self.own[thread.id] = mixed(found)
        return found

    def fact(self, thread: FlowThread, *said: Hashable) -> None:
        """A fact about the thread, as the machine is told."""
        self.order = mixed(self.order, self.path(thread), said)

    def entry(self, thread: FlowThread, what: str, node: Any, names: tuple[str, ...], values: tuple[str, ...]) -> None:
        path = self.path(thread)
        history = self.histories.setdefault(path, [])
        self.sequence.append((path, len(history)))
        history.append(Entry(what, node.workflow.name, node.id, names, values))

    def begin_body(self, frame: Frame, *said: Hashable) -> None:
        """A body begins that can wait: all that it knows is what it is given."""
        self.seen[id(frame)] = (frame, mixed(said))

    def saw(self, *said: Hashable) -> None:
        """The body that runs now came to know something, or is further than before.

        What is read for a body that cannot wait, or that is about to begin, shows in what that gets and gives.
        """
        thread = self.turn.thread
        if thread is None:
            self.own[0] = mixed(self.own[0], said)
        elif not self.atomic and thread.pull is None:
            self.body_saw(thread, *said)

    def body_saw(self, thread: FlowThread, *said: Hashable) -> None:
        frame = thread.frame
        while frame is not None and frame.node is None:
            frame = frame.parent
        if frame is None:
            self.own[thread.id] = mixed(self.own[thread.id], said)
        else:
            self.seen[id(frame)] = (frame, mixed(self.seen.get(id(frame), (frame, 0))[1], said))

    def touch(self, key: tuple[Hashable, ...], *, change: bool) -> None:
        touched = self.turn.touched
        touched[key] = change or touched.get(key, False)

    def memo_key(self, node: Any, home: Scope | None) -> tuple[Hashable, ...]:
        return (f"data node {node.id!r}", self.label(home), node.workflow.name)

    def touch_evaluated(self, thread: FlowThread) -> None:
        """Something happened that everybody can tell of: it matters who evaluates the data nodes of this pull."""
        frame: Any = thread.frame
        pull = thread.pull if thread.pull is not None else frame.pull if frame is not None else None
        for evaluation in pull.stack if pull is not None else ():
            self.touch(self.memo_key(evaluation.node, evaluation.home), change=True)

    def is_plain(self, node: Any) -> bool:
        """Whether a data node is a function of cells: neither it nor what it reads waits or looks at shared things."""
        found = self._plain.get(id(node))
        if found is None:
            self._plain[id(node)] = False  # conversions stand between nodes; there are no cycles
            above = [each for plan in node.inputs.values() for each in (plan.node, plan.convert) if each is not None]
            alone = not node.shared_roots and (node.type is None or not node.type.is_async)
            found = self._plain[id(node)] = alone and all(self.is_plain(each) for each in above)
        return found

    def value_hash(self, value: Any) -> int:
        """Of a value that stays as it is (semantics 3.7), so that it is looked at once."""
        found = self._hashes.get(id(value))
        if found is None or found[0] is not value:
            found = self._hashes[id(value)] = (value, mixed(token(value)))
        return found[1]

    def leave(self, context: Context, *said: Hashable) -> None:
        """A thread left something in its context; the order does not matter."""
        self.left[context.id] = (self.left.get(context.id, 0) + mixed(said)) & (2**63 - 1)

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
        if self.turns > self.most_turns:
            raise Stuck(f"a run did not end within {self.most_turns:,} turns: it may go on for ever")
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


@lru_cache(maxsize=16)
def names_of_shared(graph: CompiledGraph) -> Mapping[int, str]:
    """What slots are called that flow threads may share."""
    names = {}
    for workflow in graph.workflows.values():
        names.update({plan.slot: f"variable {name!r}" for name, plan in workflow.variables.items()})
        nodes: list[Any] = [*workflow.nodes.values(), *workflow.data_nodes.values()]
        for node in nodes:
            names.update({slot: f"state {name!r} of {node.id!r}" for name, slot in node.states.items()})
    return names


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


def present_node(thread: Any) -> Any:
    """The node whose body asks for something."""
    if thread.pull is not None and thread.pull.stack:
        return thread.pull.stack[-1].node
    return thread.node if thread.values is not None or thread.frame is None else thread.frame.node


def is_race(context: Context) -> bool:
    """Whether it matters in which order its threads arrive, or end."""
    return bool(context.first) or (context.policy is not None and bool(context.policy.quorum))
