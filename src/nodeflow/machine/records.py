"""What a run consists of. Slotted and plain: there may be a hundred thousand of each.

The adapter may subclass `Frame` and `FlowThread` to keep what belongs to it (a coroutine, a task) beside what
belongs to the machine; the machine reads and writes its own fields only.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nodeflow.machine.states import BORN, ContextState, ThreadState

if TYPE_CHECKING:
    from nodeflow.graph import DataNode, ExecNode, InputPlan, JoinPolicy, Target, WorkflowPlan
    from nodeflow.machine.audit import Record
    from nodeflow.node import Jump


class ContextKind(enum.Enum):
    """The five kinds of context (semantics 5)."""

    PROCESS = "ProcessContext"
    WORKFLOW = "WorkflowContext"
    FAN_OUT = "FanOutInContext"
    BATCH = "BatchContext"
    STREAM = "StreamContext"


class Mark(enum.Enum):
    """What stands in the place of a memo that cannot be used."""

    STALE = "a root was written since"


STALE: Final = Mark.STALE

NO_CELLS: Final[dict[int, Any]] = {}
"""The cells of every scope in which nothing was written yet: never written to, but replaced."""


class Store:
    """Cells that are not snapshot: shared variables and states of a `WorkflowContext`, variables of the run.

    Attributes:
        versions: How often each slot was written. A memo below such a slot remembers the sum.
        waiters: Who waits until a state is written, by slot; None where nobody ever waited.
    """

    __slots__ = ("cells", "versions", "waiters")

    def __init__(self) -> None:
        self.cells: dict[int, Any] = {}
        self.versions: dict[int, int] = {}
        self.waiters: dict[int, list[FlowThread]] | None = None

    def write(self, slot: int, value: Any) -> None:
        self.cells[slot] = value
        self.versions[slot] = self.versions.get(slot, 0) + 1


class Scope:
    """The values that a flow thread sees: its own cells, then its parent's.

    Attributes:
        cells: Newest value of each slot written here.
        memos: By index of the data node: its outputs, `STALE`, a `Stamped` or a `Pending`. That a node has an entry
            means that this scope owns one of its roots (or is the outermost one).
        stale: Slots written since memos were marked last.
        captured: How many live threads see this scope while its owner goes on: then it is forked before a write.
        layer: It lies on a captured one, which is its parent; both are of one owner.
    """

    __slots__ = ("captured", "cells", "layer", "memos", "parent", "stale", "store")

    def __init__(self, parent: Scope | None, store: Store) -> None:
        self.parent = parent
        self.store = store
        self.cells = NO_CELLS
        self.memos: dict[int, Any] | None = None
        self.stale: set[int] | None = None
        self.captured = 0
        self.layer = False

    def fork(self) -> Scope:
        """A layer to go on with, so that whoever captured this scope keeps what it saw (3.2).

        Layers that nobody sees any more are taken in, so there are never more of them than live captures.
        """
        while self.layer and self.parent is not None and not self.parent.captured:
            self._take_in(self.parent)
        scope = Scope(self, self.store)
        scope.layer = True
        return scope

    def _take_in(self, below: Scope) -> None:
        """Become one with the layer below, which nobody else sees."""
        self.cells = {**below.cells, **self.cells} if len(below.cells) < 8 else _updated(below.cells, self.cells)
        if below.memos is not None:
            self.memos = _updated(below.memos, self.memos or {})
        if below.stale:
            self.stale = below.stale | (self.stale or set())
        self.parent, self.layer = below.parent, below.layer

    def base(self) -> Scope:
        """The lowest layer: the one that the owner began with."""
        scope = self
        while scope.layer and scope.parent is not None:
            scope = scope.parent
        return scope


def _updated(older: dict[int, Any], newer: dict[int, Any]) -> dict[int, Any]:
    older.update(newer)
    return older


class Pending:
    """A data node that somebody evaluates and others wait for (4.3)."""

    __slots__ = ("error", "outputs", "settled", "waiters")

    def __init__(self) -> None:
        self.settled = False
        self.outputs: tuple[Any, ...] | None = None
        self.error: Any = None
        self.waiters: dict[int, FlowThread] = {}


class Stamped:
    """A memo below shared variables, good as long as the sum of their versions is the same."""

    __slots__ = ("outputs", "stamp")

    def __init__(self, stamp: int, outputs: tuple[Any, ...]) -> None:
        self.stamp = stamp
        self.outputs = outputs


class Evaluation:
    """A data node being evaluated: the values of its inputs so far, and the scope that will hold the memo."""

    __slots__ = ("home", "node", "pending", "stamp", "values")

    def __init__(self, node: DataNode, home: Scope | None, stamp: int) -> None:
        self.node = node
        self.home = home
        self.stamp = stamp
        self.values: list[Any] = []
        self.pending: Pending | None = None


class Purpose(enum.Enum):
    """What a pull is for, so what follows when its values are there."""

    ACTIVATION = "eager inputs of an activation"
    LAZY = "a lazy input that a body asked for"
    ARRIVAL = "what a branch contributes"
    RESULT = "the result input of a thread of a batch"


class Pull:
    """Inputs being resolved, without recursion: `stack` has the data nodes that wait for each other (4.5).

    Attributes:
        volatile: Outputs of volatile data nodes, evaluated once in this pull (4.4); shared with pulls that serve it.
    """

    __slots__ = ("plans", "purpose", "scope", "stack", "values", "volatile")

    def __init__(
        self, plans: tuple[InputPlan, ...], values: list[Any], scope: Scope, purpose: Purpose, volatile: dict[int, Any]
    ) -> None:
        self.plans = plans
        self.values = values
        self.scope = scope
        self.purpose = purpose
        self.volatile = volatile
        self.stack: list[Evaluation] = []


class Frame:
    """One body that waits, or the rest of several targets of an output (then `node` is None).

    Attributes:
        parent: The frame below: who triggered this.
        targets, position: What the body triggered, and how many of those have begun.
        triggered: Index of the exec output that it triggered last.
        pull: Of the body of a data node, the pull that it serves.
        jump: The unwinding that was thrown into the body, and the frame where it ends.
        opened: The context that this activation opened last; `joined`: the last one with a fan-in behind it.
        stream: The context of its concurrent stream.
    """

    __slots__ = (
        "entered",
        "joined",
        "jump",
        "node",
        "opened",
        "parent",
        "position",
        "pull",
        "stream",
        "targets",
        "triggered",
    )

    def __init__(self, node: ExecNode | DataNode | None, entered: int, parent: Frame | None) -> None:
        self.node = node
        self.entered = entered
        self.parent = parent
        self.targets: tuple[Target, ...] = ()
        self.position = 0
        self.triggered = -1
        self.pull: Pull | None = None
        self.jump: tuple[Jump, Frame | None] | None = None
        self.opened: Context | None = None
        self.joined: Context | None = None
        self.stream: Context | None = None


class Next(enum.Enum):
    """Where a flow thread goes on when it is resumed."""

    ACTIVATE = "with the activation of `node`"
    RESOLVE = "with its pull"
    ANSWER = "with the body on top"
    BOTTOM = "behind a chain that ended"
    PULL = "with the lazy pull in `answer`"
    EMIT = "with an emit that waited for capacity"


class FlowThread:
    """One line of execution (semantics 1). Points at exactly one open context (T3).

    Attributes:
        index: Its place in its context: number of the branch, slice, item, entry or listener.
        branch: Name of the exec output that it was started at, if any.
        targets: Where it begins.
        frame: The frame on top: the body that waits, or runs, last.
        depth: How many frames there are.
        node, entered, values: The activation that begins or runs.
        answer, error, culprit: Parameters of what it is to do next.
        permit: It may pass the closed gate once.
        slicing: It is between two slices.
        sets: Workflow outputs and local variables that it set, by slot (8.4).
        opened: How often it opened a context, by node.
        brought: Behind a join: the context whose contributions the fan-in's body gets.
    """

    __slots__ = (
        "answer",
        "branch",
        "brought",
        "context",
        "culprit",
        "depth",
        "entered",
        "error",
        "frame",
        "id",
        "index",
        "next",
        "node",
        "opened",
        "permit",
        "pull",
        "scope",
        "sets",
        "slicing",
        "state",
        "targets",
        "values",
    )

    sending = False
    """Whether control is inside its bodies; an adapter with tasks of its own knows better."""

    def __init__(
        self, id: int, context: Context, scope: Scope, index: int, targets: tuple[Target, ...], branch: str | None
    ) -> None:
        self.id = id
        self.context = context
        self.scope = scope
        self.index = index
        self.targets = targets
        self.branch = branch
        self.state: ThreadState = BORN
        self.frame: Frame | None = None
        self.depth = 0
        self.pull: Pull | None = None
        self.node: ExecNode | None = None
        self.entered = 0
        self.values: list[Any] | None = None
        self.answer: Any = None
        self.error: Any = None
        self.culprit: ExecNode | DataNode | None = None
        self.next: Next | None = None
        self.permit = False
        self.slicing = False
        self.sets: dict[int, Any] | None = None
        self.opened: dict[str, int] | None = None
        self.brought: Context | None = None

    def __repr__(self) -> str:
        return f"<flow thread {self.id}>"


class Start(NamedTuple):
    """A flow thread that is to be born: where, what it sees, and what is set in its own scope."""

    number: int
    targets: tuple[Target, ...]
    branch: str | None
    scope: Scope
    own_scope: bool
    cells: Mapping[int, Any]


class Context:
    """A node of the run's tree (semantics 5).

    Attributes:
        opener, opener_node, ordinal: Who opened it, at which node, the how manieth time.
        depth: Its parent's plus one (T4).
        threads: Its live threads, by id, in the order of their birth.
        children: Its open contexts, by id.
        capacity: How many of its threads live at once; 0: all.
        queue: Threads to start when one ends.
        ready: Where the context has no nursery: its threads that were not begun yet.
        waiting: Threads that wait until one more may start.
        started: How many were started or queued.
        doomed: It, or a context around it, is cancelled; `cause`: it is where that began.
        unconnected: Indexes of branches that lead nowhere: they have no thread, and are not missing.
        isolated: It is a call: what its threads set is not its opener's.
        satisfied: Its join has all the arrivals that it waits for, and cancelled the rest (6.5).
        first, finished: How many threads have to return for that where no join counts them (0: it is no race), and
            which have, in their order.
        join, policy: The fan-in behind it, and when that goes on.
        cancelled, timed_out: Its handle cancelled it (why), its own deadline passed.
        failures, arrivals, results, ended_at, sets: What its threads left, by their index.
        audited: What an auditor knows of it.
    """

    __slots__ = (
        "arrival_count",
        "arrivals",
        "audited",
        "cancelled",
        "capacity",
        "cause",
        "children",
        "collect",
        "depth",
        "doomed",
        "ended_at",
        "failures",
        "finished",
        "first",
        "id",
        "isolated",
        "join",
        "joined",
        "kind",
        "missing",
        "names",
        "opener",
        "opener_node",
        "ordinal",
        "parent",
        "policy",
        "queue",
        "ready",
        "result",
        "results",
        "satisfied",
        "scope",
        "sets",
        "started",
        "state",
        "threads",
        "timed_out",
        "unconnected",
        "waiting",
        "workflow",
    )

    def __init__(
        self,
        id: int,
        kind: ContextKind,
        parent: Context | None,
        opener: FlowThread | None,
        opener_node: str,
        ordinal: int,
    ) -> None:
        self.id = id
        self.kind = kind
        self.parent = parent
        self.opener = opener
        self.opener_node = opener_node
        self.ordinal = ordinal
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.state = ContextState.OPENING
        self.workflow: WorkflowPlan | None = None
        self.scope: Scope | None = None
        self.threads: dict[int, FlowThread] = {}
        self.children: dict[int, Context] = {}
        self.capacity = 0
        self.queue: deque[Start] | None = None
        self.waiting: deque[FlowThread] | None = None
        self.ready: deque[FlowThread] | None = None
        self.started = 0
        self.doomed: bool = parent is not None and parent.doomed
        self.collect = False
        self.missing = "error"
        self.result: InputPlan | None = None
        self.policy: JoinPolicy | None = None
        self.join: ExecNode | None = None
        self.isolated = False
        self.satisfied = False
        self.first = 0
        self.finished: tuple[int, ...] = ()
        self.cause = False
        self.unconnected: tuple[int, ...] = ()
        self.joined = False
        self.cancelled: str | None = None
        self.timed_out = False
        self.arrival_count = 0
        self.failures: dict[int, Any] = {}
        self.arrivals: dict[int, list[Any]] = {}
        self.results: dict[int, Any] = {}
        self.ended_at: dict[int, str] = {}
        self.names: list[str] = []
        self.sets: dict[int, dict[int, Any]] = {}
        self.audited: Record | None = None

    def path(self) -> str:
        """As `main/fan_a#2[1]/gosub_x`: made when somebody reads it, the same under every schedule (5).

        Deep paths are shortened in the middle: a message is for people.
        """
        parts: list[str] = []
        context: Context | None = self
        below: FlowThread | None = None
        while context is not None:
            if context.kind is not ContextKind.PROCESS:
                again = f"#{context.ordinal}" if context.ordinal > 1 else ""
                place = f"[{below.index}]" if below is not None and context.numbered else ""
                parts.append(f"{context.opener_node}{again}{place}")
            below = context.opener
            context = context.parent
        if len(parts) > 40:
            parts[15:-15] = [f"… {len(parts) - 30} more …"]
        return "/".join(reversed(parts))

    @property
    def numbered(self) -> bool:
        """Whether its threads need their number in a path: all but the only entry of a called workflow."""
        return self.kind is not ContextKind.WORKFLOW or not self.isolated or self.started > 1

    def indexes(self) -> list[int]:
        """Numbers of the threads that were started or are to be."""
        return [index for index in range(self.started) if index not in self.unconnected]

    def __repr__(self) -> str:
        return f"<{self.kind.value} {self.id}>"


def thread_path(thread: FlowThread) -> str:
    """The path of the thread's context, with the thread's own number."""
    place = f"[{thread.index}]" if thread.context.numbered else ""
    return thread.context.path() + place
