"""Nodes and small helpers that the tests of the context tree share (semantics 5 to 8)."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trio
import trio._core._run as trio_run

import nodeflow as nf
from nodeflow.library import flow, variables

FOREVER = 1e6


class Log:
    """What happened, in order: nodes find it as a service."""

    def __init__(self) -> None:
        self.lines: list[Any] = []
        self.running = 0
        self.peak = 0


@nf.exec_node("kit.nap")
async def nap(
    ctx: nf.NodeContext, seconds: float = 0.0, value: Any = None, *, out: nf.Out[Any], exit: nf.ExecOut
) -> nf.ExecOut:
    """Wait, then give the value."""
    await ctx.sleep(max(0.0, seconds))
    out.set(value)
    return exit


@nf.exec_node("kit.give")
def give(value: Any = None) -> Any:
    """Give the value, without waiting for anything."""
    return value


@nf.exec_node("kit.say")
def say(ctx: nf.NodeContext, line: Any = "") -> None:
    """Append to the log."""
    ctx.service(Log).lines.append(line)


@nf.exec_node("kit.meter")
async def meter(ctx: nf.NodeContext, seconds: float = 1.0) -> None:
    """Measure how many of us run at once."""
    log = ctx.service(Log)
    log.running += 1
    log.peak = max(log.peak, log.running)
    await ctx.sleep(seconds)
    log.running -= 1


@nf.exec_node("kit.tidy")
async def tidy(ctx: nf.NodeContext, name: str = "tidy", cleanup: float = 1.0) -> None:
    """Wait for ever; when cancelled, clean up for a while."""
    log = ctx.service(Log)
    try:
        await ctx.sleep(FOREVER)
    finally:
        log.lines.append(f"{name} begins cleanup")
        await ctx.sleep(cleanup)
        log.lines.append(f"{name} cleaned up")


@nf.exec_node("kit.mess")
async def mess(ctx: nf.NodeContext, message: str = "cleanup failed") -> None:
    """Wait for ever; when cancelled, fail."""
    try:
        await ctx.sleep(FOREVER)
    finally:
        raise ValueError(message)


@nf.exec_node("kit.boom")
async def boom(ctx: nf.NodeContext, seconds: float = 0.0, message: str = "boom") -> None:
    """Wait, then fail."""
    await ctx.sleep(max(0.0, seconds))
    raise ValueError(message)


@nf.exec_node("kit.where")
def where(ctx: nf.NodeContext) -> None:
    """Log the path and the kind of the present context."""
    ctx.service(Log).lines.append((ctx.context_path, ctx.context_kind))


@nf.exec_node("kit.stall")
async def stall(ctx: nf.NodeContext) -> None:
    """Tell that we got here, and wait for ever."""
    ctx.service(Log).lines.append("stalled")
    await ctx.sleep(FOREVER)


@nf.exec_node("kit.emitter")
async def emitter(count: int = 3, *, items: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
    """Emit the numbers below `count`."""
    for i in range(count):
        await items.emit(i)
    return exit


@nf.exec_node("kit.feed")
def feed(ctx: nf.NodeContext) -> Any:
    """Give the `Source` that the host brought."""
    return ctx.service(Source)


class Source:
    """An async iterable that counts what was drawn of it, and knows when it was closed."""

    def __init__(self, count: int, *, fails_at: int | None = None, log: Log | None = None) -> None:
        self.count = count
        self.fails_at = fails_at
        self.log = log
        self.drawn = 0
        self.closed = False

    def __aiter__(self) -> AsyncIterator[int]:
        return self._items()

    async def _items(self) -> AsyncIterator[int]:
        try:
            for i in range(self.count):
                await trio.lowlevel.checkpoint()
                if i == self.fails_at:
                    raise ValueError(f"the source broke at {i}")
                self.drawn += 1
                yield i
        finally:
            await trio.lowlevel.checkpoint()
            self.closed = True
            if self.log is not None:
                self.log.lines.append("source closed")


async def go(document: Any, elide: bool = True, **options: Any) -> Any:
    """Run to the end; returns the result however it ended."""
    try:
        return await nf.run(document, elide=elide, **options)
    except nf.RunError as error:
        return error.result


@contextmanager
def schedule(seed: int) -> Iterator[None]:
    """Shuffle the order in which trio runs what is ready: another order for each seed."""
    assert isinstance(trio_run._r, random.Random), "trio draws its order elsewhere now: find out where"
    assert isinstance(trio_run._ALLOW_DETERMINISTIC_SCHEDULING, bool)
    before = trio_run._r, trio_run._ALLOW_DETERMINISTIC_SCHEDULING
    trio_run._r, trio_run._ALLOW_DETERMINISTIC_SCHEDULING = random.Random(seed), True  # type: ignore[misc]
    try:
        yield
    finally:
        trio_run._r, trio_run._ALLOW_DETERMINISTIC_SCHEDULING = before  # type: ignore[misc]


def fan(wf: nf.Workflow, *names: str, id: str = "fan", join_id: str = "join", **options: Any) -> tuple[Any, Any]:
    """Place a fan-out and a fan-in; options are sorted by whose they are."""
    own = {key: options.pop(key) for key in ("errors", "parallel") if key in options}
    return (
        wf.add(flow.fan_out, id=id, branches=list(names), **own),
        wf.add(flow.fan_in, id=join_id, **options),
    )


def started(*, outputs: dict[str, str] | None = None, name: str = "main", **more: Any) -> tuple[nf.Workflow, Any]:
    """A workflow with its start node."""
    wf = nf.Workflow(name, outputs=outputs, **more)
    return wf, wf.add(flow.start)


def variable(wf: nf.Workflow, name: str) -> Any:
    """The value of a variable, as a port."""
    got = wf.add(variables.get, name=name)
    return got[variables.get.data_outs[0].name]


def finish(wf: nf.Workflow, after: Any, **wires: Any) -> Any:
    """Set outputs of the workflow behind `after`."""
    done = wf.add(flow.set_output)
    after >> done.enter
    for name, port in wires.items():
        port >> done[name]
    return done


def codes(document: Any, severity: nf.Severity = nf.Severity.ERROR) -> list[str]:
    """Codes of the findings of a severity."""
    return [finding.code for finding in nf.validate(document) if finding.severity is severity]


def told(document: Any, code: str) -> str:
    """The message of the one finding with this code."""
    (message,) = [str(finding) for finding in nf.validate(document) if finding.code == code]
    return message


def failures(error: BaseException | None) -> list[nf.NodeFailed]:
    """The failures that a run ended with, in the order of the group; the group must be flat."""
    if isinstance(error, BaseExceptionGroup):
        assert all(isinstance(part, nf.NodeFailed) for part in error.exceptions)
        return list(error.exceptions)  # type: ignore[arg-type]
    assert isinstance(error, nf.NodeFailed), error
    return [error]


def messages(error: BaseException | None) -> list[str]:
    """What the causes of the failures say."""
    return [str(failure.__cause__) for failure in failures(error)]


# --- what is known to be wrong ---

BUGS = {
    "shield": "a body's own await is cancelled through `send(outcome.Error)`, so `Driver._shield` never sees it (10.2)",
    "elided events": "observers are not told of the threads of an elided context: no `ThreadStarted`",
    "turns": "an elided context runs a branch to its end before the next begins: one that spins starves the others",
    "process closed": "the closing of the `ProcessContext` is not told",
    "contextvars": "a branch from the queue inherits the contextvars of the branch that ended, not the opener's",
    "listener path": "the only listener of an event has no `[0]` in its path",
    "unconnected": "an unconnected branch starts a flow thread",
    "many quorum": "NF408 counts branches where `arrivals: many` lets one arrive more than once",
    "conflict name": "`merge` names one side of a conflict '?' where the value before is a dict",
    "merge in place": "`merge` with `prefer: last` keeps a contribution itself and merges the next into it",
    "source cleanup": "a failing slice cancels the scope in which `flow.batch` closes its source: its cleanup cannot await",
    "joins twice": "triggering a join's output twice raises `InvariantBroken`, as an error of the node",
    "invariant caught": "`InvariantBroken` is an `Exception`: a `try` of the graph catches it",
    "last opened": "a join takes what the context brought that its opener opened *last*; contributions are lost silently",
}


def bug(name: str) -> pytest.MarkDecorator:
    """What a test carries that shows a known bug: the day that it passes, the mark goes."""
    return pytest.mark.xfail(strict=True, reason=f"BUG: {BUGS[name]}")


def elide_only(name: str | None = None, *, nurseries: str | None = None) -> pytest.MarkDecorator:
    """Both ways of running, one of which shows a bug."""
    return pytest.mark.parametrize(
        "elide",
        [
            pytest.param(True, id="elide", marks=[bug(name)] if name else []),
            pytest.param(False, id="nurseries", marks=[bug(nurseries)] if nurseries else []),
        ],
    )


# --- what a run looked like from outside ---

PARENTS = {
    "ProcessContext": set(),
    "WorkflowContext": {"ProcessContext", "WorkflowContext", "FanOutInContext", "BatchContext", "StreamContext"},
    "FanOutInContext": {"WorkflowContext", "FanOutInContext", "BatchContext", "StreamContext"},
    "BatchContext": {"WorkflowContext", "FanOutInContext", "BatchContext", "StreamContext"},
    "StreamContext": {"WorkflowContext", "FanOutInContext", "BatchContext", "StreamContext"},
}
"""The table of semantics 5, written down a second time."""


class Audit:
    """An observer that holds a run against the invariants of semantics 5, event by event."""

    def __init__(self) -> None:
        self.kinds: dict[int, str] = {}
        self.parents: dict[int, int] = {}
        self.paths: dict[int, str] = {}
        self.open: set[int] = set()
        self.home: dict[int, tuple[int, int]] = {}
        self.live: set[int] = set()
        self.ended: dict[int, str] = {}
        self.running: dict[int, list[str]] = {}
        self.history: dict[int, list[Any]] = {}
        self.problems: list[str] = []

    def __call__(self, event: nf.observers.Event) -> None:
        check = getattr(self, "_" + type(event).__name__, None)
        if check is not None:
            check(event)

    def claim(self, true: bool, said: str) -> None:
        if not true:
            self.problems.append(said)

    def _ContextOpened(self, event: Any) -> None:
        id, kind = event.context, event.kind
        self.claim(id not in self.kinds, f"T6: context {id} opened twice")
        if kind != "ProcessContext":
            above = self.kinds.get(event.parent)
            self.claim(above in PARENTS[kind], f"T4: {kind} below {above}")
            self.claim(event.parent in self.open, f"T1: context {id} opened below a closed one")
        self.kinds[id], self.parents[id], self.paths[id] = kind, event.parent, event.path
        self.open.add(id)

    def _ContextClosed(self, event: Any) -> None:
        id = event.context
        self.claim(id in self.open, f"T6: context {id} closed, but is not open")
        self.open.discard(id)
        left = [thread for thread in self.live if self.home[thread][0] == id]
        self.claim(not left, f"T1: context {id} closed before its threads {left}")
        below = [child for child in self.open if self.parents[child] == id]
        self.claim(not below, f"T1: context {id} closed before its children {below}")

    def _ThreadStarted(self, event: Any) -> None:
        self.claim(event.context in self.open, f"T3: thread {event.thread} started in a closed context")
        self.claim(event.thread not in self.home, f"T6: thread {event.thread} started twice")
        self.home[event.thread] = (event.context, event.index)
        self.live.add(event.thread)

    def _ThreadEnded(self, event: Any) -> None:
        self.claim(event.thread in self.live, f"T6: thread {event.thread} ended, but does not live")
        self.claim(not self.running.get(event.thread), f"T6: thread {event.thread} ended before its activations")
        self.live.discard(event.thread)
        self.ended[event.thread] = event.outcome

    def _NodeStarted(self, event: Any) -> None:
        self.claim(event.thread in self.live, f"T3: {event.node} started in thread {event.thread}, which does not live")
        self.running.setdefault(event.thread, []).append(event.node)
        given = [value for value in event.inputs if isinstance(value, int | float | str | list | dict | None)]
        self.history.setdefault(event.thread, []).append((event.node, given))

    def _OutputSet(self, event: Any) -> None:
        self.history.setdefault(event.thread, []).append((event.node, event.output, event.value))

    def _NodeEnded(self, event: Any) -> None:
        waiting = self.running.get(event.thread) or [""]
        last = waiting.pop()
        self.claim(last == event.node, f"T6: in thread {event.thread} {event.node} ended, but {last!r} began last")

    def thread_path(self, thread: int) -> str:
        context, index = self.home[thread]
        return f"{self.paths[context]} {index}"

    def histories(self) -> dict[str, list[Any]]:
        """What each thread did, by its path (T7)."""
        return {self.thread_path(thread): done for thread, done in self.history.items()}

    def done(self) -> None:
        """The run is over: nothing may be left."""
        assert not self.problems, self.problems
        assert not self.open - {0}, f"T6: contexts {self.open} were never closed"
        assert not self.live, f"T3: threads {self.live} live after the run"
        assert not any(self.running.values()), f"T6: activations never ended: {self.running}"
        assert self.home.keys() == self.ended.keys(), (self.home, self.ended)
