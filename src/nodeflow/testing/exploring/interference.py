"""Which turns of flow threads can get in each other's way: the relation that the reduction stands on."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from attrs import define, field, frozen

from nodeflow.machine import Context, FlowThread
from nodeflow.testing.exploring.recorder import Recorder, Turn


@define(eq=False)
class Shared:
    """What flow threads were seen to get in each other's way with: it only ever grows.

    Attributes:
        things: Variables, memos, races and so on that one thread changes and another one reads or changes.
        cancelled: Contexts, by node and workflow, that were cancelled while more than one thread could be inside.
    """

    things: set[tuple[Hashable, ...]] = field(factory=set)
    cancelled: set[tuple[str, str]] = field(factory=set)
    _users: dict[tuple[Hashable, ...], dict[str, tuple[bool, bool]]] = field(factory=dict)

    def __len__(self) -> int:
        return len(self.things) + len(self.cancelled)

    def note(self, turn: Turn, recorder: Recorder) -> None:
        """Take in what a turn did."""
        for context in turn.doomed:
            if context.started > 1 or context.queue or context.state.name != "CLOSING":
                self.cancelled.add(name_of(context))
        if turn.thread is None:
            return  # the run's own task: before all others, or after them
        path = recorder.path(turn.thread)
        for key, changed in turn.touched.items():
            if key not in self.things:
                self._use(key, path, changed, is_opener(turn.thread))
        if turn.evaluated and not self.is_alone(Footprint.of(turn)):
            for key in turn.evaluated - self.things:  # who waits for it comes behind what else this turn did
                self._use(key, path, True, is_opener(turn.thread))

    def _use(self, key: tuple[Hashable, ...], path: str, changed: bool, busy: bool) -> None:
        users = self._users.setdefault(key, {})
        before = users.get(path)
        mine = users[path] = (changed or (before is not None and before[0]), busy or (before is not None and before[1]))
        if mine == before:
            return
        for other, theirs in users.items():
            if other == path or not (mine[0] or theirs[0]):
                continue
            ordered = (path.startswith(other + "/") and not theirs[1]) or (other.startswith(path + "/") and not mine[1])
            if not ordered:
                self.things.add(key)
                return

    def is_alone(self, done: Footprint) -> bool:
        """Whether the turn commutes with whatever other threads do before it (see the package)."""
        if done.dooms or not self.things.isdisjoint(done.touched):
            return False
        return not done.leaves_traces or self.cancelled.isdisjoint(done.around)


@frozen
class Footprint:
    """What of a turn decides whether it can be in the way of others.

    Attributes:
        touched: What it read or changed that threads share.
        dooms: It cancelled a context.
        leaves_traces: A cancellation before it and one behind it can be told apart.
        around: The contexts that take the thread with them when they are cancelled.
    """

    touched: frozenset[tuple[Hashable, ...]]
    dooms: bool
    leaves_traces: bool
    around: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, turn: Turn) -> Footprint:
        around = () if turn.thread is None else contexts_around(turn.thread)
        kept = any(changed and not str(key[0]).startswith("data node") for key, changed in turn.touched.items())
        traces = turn.printed or turn.guarded or kept  # a memo that is kept or not is nobody's result
        return cls(frozenset(turn.touched), bool(turn.doomed), traces, frozenset(map(name_of, around)))


def name_of(context: Context) -> tuple[str, str]:
    """The node that opens the context: all that it opens are taken as one."""
    return (context.workflow.name if context.workflow is not None else "", context.opener_node)


def contexts_around(thread: FlowThread) -> list[Context]:
    """The contexts that take the thread with them when they are cancelled: also those that it is about to fill."""
    found = [context for context in opened_by(thread) if context.state.name == "OPEN"]
    context: Context | None = thread.context
    while context is not None:
        found.append(context)
        context = context.parent
    return found


def opened_by(thread: FlowThread) -> list[Context]:
    """The contexts that the thread has open."""
    found = []
    frame: Any = thread.frame
    while frame is not None:
        for context in (frame.opened, frame.stream):
            if context is not None and context.state.name != "CLOSED" and context not in found:
                found.append(context)
        frame = frame.parent
    return found


def is_opener(thread: FlowThread) -> bool:
    return bool(opened_by(thread))
