"""The state of a simulated run between two turns, as a number."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from outcome import Error

from nodeflow.graph import CELL, CompiledGraph, InputPlan
from nodeflow.machine import Context
from nodeflow.machine.records import STALE, Pending, Scope, Stamped
from nodeflow.runtime.driver import Driver
from nodeflow.runtime.run import Run
from nodeflow.testing.exploring.recorder import Recorder, is_race
from nodeflow.testing.exploring.tokens import mixed, token
from nodeflow.testing.simulator.kernel import SimulatedKernel, Task


def state_of(run: Run, kernel: SimulatedKernel, recorder: Recorder) -> int:
    """A hash of the state.

    Two states with the same hash go on in the same ways: for each flow thread what its waiting bodies saw (they are
    functions of it), where it is, what is written in its scopes (as far as anything in the graph reads it), who wakes
    it and which cancellation reaches it; what threads share (variables, states, memos, capacities); what they left in
    contexts that are still open; what was printed; and the time.
    """
    scopes = _Scopes(recorder, slots_that_are_read(run.graph))
    machine = run.machine
    whole = (
        sorted(_task(task, kernel, recorder, scopes) for task in kernel.tasks),
        kernel.now,
        recorder.printed_hash,
        machine.stopped,
        _contexts(machine.root, recorder, scopes),
        sorted(_store(cells) for cells in recorder.stores.values()),
        _memos(machine.constants),
        tuple(_capacity(limiter, recorder) for limiter in run.capacities.values()),
    )
    return mixed(whole)


# --- flow threads -------------------------------------------------------------------------------------


def _task(task: Task, kernel: SimulatedKernel, recorder: Recorder, scopes: _Scopes) -> int:
    driver = task.coroutine
    waits: Any = kernel.alarmed.get(task, -1.0) if task.waiting is not None else isinstance(task.wakes_with, Error)
    above = []
    scope = task.scope
    while scope is not None:
        above.append((scope.cancel_called, scope.shield, scope.deadline))
        scope = scope.parent
    common = (task.waiting is None, waits, tuple(above))
    if not isinstance(driver, Driver):
        return mixed("the run", recorder.own[0], common)
    path = recorder.path(driver)
    return mixed(path, recorder.own[driver.id], common, _place(driver, recorder), scopes.seen_from(driver.scope))


def _place(thread: Driver, recorder: Recorder) -> Any:
    """Where the thread is: its bodies that wait, and how far it is between two of them."""
    answer, brought = thread.answer, thread.brought
    return (
        thread.state.name,
        thread.slicing,
        None if thread.next is None else thread.next.name,
        None if thread.helping is None else thread.helping.name,
        tuple(map(token, thread.values or ())) if thread.helping is not None and thread.helping.name == "CALL" else (),
        None if thread.node is None else (thread.node.id, thread.entered),
        type(answer).__name__ if isinstance(answer, Pending | InputPlan) else token(answer),
        _pull(thread.pull),
        recorder.left.get(brought.id) if brought is not None and not brought.joined else None,
        token(thread.sets),
        sorted(thread.opened.items()) if thread.opened else None,
        _frames(thread, recorder),
    )


def _frames(thread: Driver, recorder: Recorder) -> Any:
    found: list[Any] = []
    frame: Any = thread.frame
    while frame is not None:
        targets = tuple(node.id for node, _ in frame.targets)
        name = None if frame.node is None else frame.node.id
        seen = recorder.seen.get(id(frame), (None, 0))[1]
        found.append(
            (name, frame.entered, targets, frame.position, frame.triggered, frame.jump is None, seen, _pull(frame.pull))
        )
        frame = frame.parent
    return tuple(found)


def _pull(pull: Any) -> Any:
    """What was resolved so far of inputs that are being pulled."""
    if pull is None:
        return None
    stack = tuple((e.node.index, tuple(map(token, e.values)), e.pending is not None, e.stamp) for e in pull.stack)
    volatile = token(dict(sorted(pull.volatile.items())))
    return pull.purpose.name, tuple(map(token, pull.values)), volatile, stack


# --- what is shared -----------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def slots_that_are_read(graph: CompiledGraph) -> frozenset[int]:
    """Cells that something may read: inputs, and all variables and states, which bodies read by name."""
    found: set[int] = set()
    for workflow in graph.workflows.values():
        nodes: list[Any] = [*workflow.nodes.values(), *workflow.data_nodes.values()]
        while nodes:
            node = nodes.pop()
            found.update(node.states.values())
            plans = [*node.inputs.values(), *node.eager, *getattr(node, "contributions", {}).values()]
            plans += [node.result] if getattr(node, "result", None) is not None else []
            found.update(plan.slot for plan in plans if plan.kind == CELL)
            nodes.extend(plan.convert for plan in plans if plan.convert is not None)
        found.update(variable.slot for variable in workflow.variables.values())
    return frozenset(found)


class _Scopes:
    """What is written and remembered in scopes, each looked at once."""

    def __init__(self, recorder: Recorder, live: frozenset[int]) -> None:
        self.recorder = recorder
        self.live = live
        self.shapes: dict[int, int] = {}

    def seen_from(self, scope: Scope | None) -> Any:
        found = []
        while scope is not None:
            shape = self.shapes.get(id(scope))
            if shape is None:
                shape = self.shapes[id(scope)] = self._shape(scope)
            found.append(shape)
            scope = scope.parent
        return tuple(found)

    def _shape(self, scope: Scope) -> int:
        value_hash, live = self.recorder.value_hash, self.live
        cells = sorted([(slot, value_hash(value)) for slot, value in scope.cells.items() if slot in live])
        return mixed(cells, _memos(scope.memos), sorted(scope.stale or ()), scope.captured > 0)


def _memos(memos: dict[int, Any] | None) -> Any:
    if not memos:
        return None
    return sorted((index, _memo(memo)) for index, memo in memos.items())


def _memo(memo: Any) -> Any:
    if memo is STALE:
        return "stale"
    if type(memo) is Pending:
        return "settled" if memo.settled else "pending"
    return memo.stamp if type(memo) is Stamped else "there"


def _store(cells: Any) -> Any:
    return cells.label, sorted(cells.hashes.items()), sorted(cells.versions.items())


def _capacity(limiter: Any, recorder: Recorder) -> Any:
    waiting = tuple(
        recorder.path(task.coroutine) if isinstance(task.coroutine, Driver) else "" for task in limiter._queue
    )
    return len(limiter._borrowers), waiting


def _contexts(root: Context, recorder: Recorder, scopes: _Scopes) -> Any:
    """What is in the open contexts, of which the order does not matter."""
    found = []
    todo = [root]
    while todo:
        context = todo.pop()
        todo.extend(context.children.values())
        order = (tuple(context.arrivals), context.finished) if is_race(context) else ()
        found.append(
            (
                (context.path(), context.state.name, context.started, recorder.left.get(context.id, 0), order),
                (context.doomed, context.cause, context.cancelled, context.timed_out, context.satisfied),
                tuple((start.number, scopes.seen_from(start.scope)) for start in context.queue or ()),
                len(context.waiting or ()),
            )
        )
    return sorted(mixed(each) for each in found)
