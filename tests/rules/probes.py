"""Node types that say what they saw, and short ways to run what is built of them: for the tests of rules."""

from __future__ import annotations

from collections import Counter
from typing import Any

import trio

import nodeflow as nf
from nodeflow.library import flow
from nodeflow.runtime import events


class Log:
    """A service that probes write into: what happened, in order, and how often."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.counts: Counter[str] = Counter()
        self.signals: dict[str, trio.Event] = {}

    def signal(self, name: str) -> trio.Event:
        return self.signals.setdefault(name, trio.Event())


@nf.exec_node("probe.note")
def note(ctx: nf.NodeContext, value: Any = None) -> None:
    """Write down what came in."""
    ctx.service(Log).seen.append(value)


@nf.exec_node("probe.put")
def put(value: Any = None) -> Any:
    """A new cell with the value; output `result`."""
    return value


@nf.exec_node("probe.quiet")
def quiet() -> None:
    """Runs, and reads and writes nothing."""


@nf.data_node("probe.tally")
def tally(ctx: nf.NodeContext, value: Any = None, name: nf.Option[str] = "tally") -> Any:
    """Hands the value on, and counts how often it is evaluated."""
    ctx.service(Log).counts[name] += 1
    return value


@nf.data_node("probe.slow")
async def slow(
    ctx: nf.NodeContext, value: Any = None, seconds: nf.Option[float] = 1.0, name: nf.Option[str] = "slow"
) -> Any:
    """As `tally`, and takes its time."""
    ctx.service(Log).counts[name] += 1
    await ctx.sleep(seconds)
    return value


@nf.data_node("probe.broken")
async def broken(ctx: nf.NodeContext, value: Any = None, seconds: nf.Option[float] = 0.0) -> Any:
    """Takes its time and fails; counts as `broken`."""
    ctx.service(Log).counts["broken"] += 1
    await ctx.sleep(seconds)
    raise ValueError("broken on purpose")


@nf.data_node("probe.fresh", volatile=True)
def fresh(ctx: nf.NodeContext) -> int:
    """A number that is one higher at each evaluation."""
    ctx.service(Log).counts["fresh"] += 1
    return ctx.service(Log).counts["fresh"]


@nf.exec_node("probe.wait_for")
async def wait_for(ctx: nf.NodeContext, name: nf.Option[str], *, exit: nf.ExecOut) -> nf.ExecOut:
    """Wait until the probe `tell`, or the test, says so."""
    await ctx.service(Log).signal(name).wait()
    return exit


@nf.exec_node("probe.tell")
def tell(ctx: nf.NodeContext, name: nf.Option[str]) -> None:
    """Let those go on who wait for this name."""
    ctx.service(Log).signal(name).set()


@nf.exec_node("probe.call")
async def call(*, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    """Triggers `body`, then goes on at `exit`: a body that waits and is no loop."""
    await body()
    return exit


class Counted:
    """Counts the steps, evaluations and activations of a run that it observes."""

    def __init__(self) -> None:
        self.all: list[events.Event] = []

    def __call__(self, event: events.Event) -> None:
        self.all.append(event)

    def of(self, kind: type, **given: Any) -> list[Any]:
        return [e for e in self.all if type(e) is kind and all(getattr(e, k) == v for k, v in given.items())]

    def outcomes(self, node: str) -> list[str]:
        return [event.outcome for event in self.of(events.NodeEnded, node=node)]

    def spans(self) -> list[str]:
        """`+node` and `-node` in the order in which activations began and ended."""
        signs = {events.NodeStarted: "+", events.NodeEnded: "-"}
        return [f"{signs[type(e)]}{e.node}" for e in self.all if type(e) in signs]  # type: ignore[attr-defined]

    def assert_balanced(self) -> None:
        """Each activation that started ended once, last in first out within its flow thread (2.8)."""
        open_: dict[int, list[str]] = {}
        for event in self.all:
            if type(event) is events.NodeStarted:
                open_.setdefault(event.thread, []).append(event.node)
            elif type(event) is events.NodeEnded:
                assert open_.get(event.thread), f"{event.node} ended but did not start"
                assert open_[event.thread].pop() == event.node
        assert not any(open_.values()), open_
        assert self.of(events.NodeStarted)


def started(**given: Any) -> tuple[nf.Workflow, Any]:
    """A workflow with its start node."""
    wf = nf.Workflow("main", **given)
    return wf, wf.add(flow.start)


async def run(document: Any, **options: Any) -> Log:
    """Run to the end; returns what the probes saw."""
    log = Log()
    await nf.run(document, services=[log, *options.pop("services", ())], **options)
    return log


async def outcome(document: Any, **options: Any) -> tuple[nf.RunResult, Log]:
    """Run to whatever end; returns its result and what the probes saw."""
    log = Log()
    async with nf.open_run(document, services=[log, *options.pop("services", ())], **options) as handle:
        return await handle.wait(), log


async def failure(document: Any, **options: Any) -> BaseException:
    """What the run fails with."""
    result, _ = await outcome(document, **options)
    assert result.status == "failed", result
    assert result.error is not None
    return result.error


async def cause(document: Any, **options: Any) -> BaseException:
    """What went wrong in the node at which the run failed."""
    error = await failure(document, **options)
    assert isinstance(error, nf.NodeFailed), error
    assert error.__cause__ is not None
    return error.__cause__


def codes(document: Any) -> dict[str, str]:
    """Severity of each finding, by code."""
    return {finding.code: finding.severity.value for finding in nf.validate(document)}
