"""Nodes and small helpers that the tests of the context tree share (semantics 5 to 8)."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import trio
import trio._core._run as trio_run

import nodeflow as nf
from nodeflow.library import events, flow, variables

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


@nf.exec_node("kit.fails")
def fails(message: str = "failed") -> None:
    """Fail at once; unlike `flow.fail` it has an exit, which says where it would have led."""
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


def everything(bottom: Callable[[nf.Workflow], Any], *, errors: str = "fail_fast") -> nf.Document:
    """All kinds of context nested in each other: fan-out in batch in stream in delivery in gosub; `bottom` lies in
    the innermost, and siblings wait on most levels."""
    wf, start = started(outputs={"all": "list"})
    call = wf.add(flow.gosub, id="call", workflow="sub")
    start >> call
    finish(wf, call, all=call["all"])

    sub, begin = started(name="sub", outputs={"all": "list"}, events={"ping": "any"})
    batch = sub.add(flow.batch, id="batch", items=[1, 2], errors=errors)
    outer, meet = fan(sub, "l", "r", id="outer", join_id="meet", missing="none")
    stream = sub.add(emitter, id="stream", mode="concurrent", count=2)
    begin >> batch
    batch.process >> outer
    outer["l"] >> stream >> meet
    stream.on_item >> sub.add(events.trigger, id="trigger", event="ping", payload="p")
    value = sub.add(give, id="value", value="r")
    outer["r"] >> value >> meet
    value.result >> meet["r"]
    meet.merged >> batch.result
    finish(sub, batch["continue"], all=batch.results)
    first, second = (sub.add(events.listen, id=f"listen{i}", event="ping") for i in (0, 1))
    inner = sub.add(flow.fan_out, id="inner", branches=["x", "y"])
    first >> inner
    inner["x"] >> bottom(sub)
    inner["y"] >> sub.add(give, id="beside")
    second >> sub.add(give, id="heard")
    return nf.Document(wf, sub)


def merged(
    wires: Callable[[nf.Workflow, Any, Any], None], *names: str, **options: Any
) -> nf.Workflow:
    """A workflow of one fan-out and fan-in, whose output `all` is what came of it."""
    wf, start = started(outputs={"all": "any"})
    fo, fi = fan(wf, *names, **options)
    start >> fo
    wires(wf, fo, fi)
    finish(wf, fi, all=fi.merged)
    return wf


def giving(*values: Any, naps: tuple[float, ...] = (), **options: Any) -> nf.Workflow:
    """Branches `b0`, `b1`, ... that bring `values`, in an order that `naps` decide."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        for i, value in enumerate(values):
            node = wf.add(nap, seconds=naps[i], value=value) if naps else wf.add(give, value=value)
            fo[f"b{i}"] >> node >> fi
            (node.out if naps else node.result) >> fi[f"b{i}"]

    return merged(wires, *(f"b{i}" for i in range(len(values))), **options)


def mapping(items: Any = None, *, source: bool = False, **options: Any) -> tuple[nf.Workflow, Any]:
    """A batch whose results are the output `all`; with `source`, its items are what the host brought."""
    wf, start = started(outputs={"all": "list", "errors": "list"})
    batch = wf.add(flow.batch, id="batch", **({} if items is None else {"items": items}), **options)
    if source:
        fed = wf.add(feed)
        start >> fed >> batch
        fed.result >> batch.items
    else:
        start >> batch
    finish(wf, batch["continue"], all=batch.results, errors=batch.errors)
    return wf, batch
