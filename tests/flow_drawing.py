"""Drawing small flows for the tests of the flow nodes."""

from __future__ import annotations

from typing import Any

import trio

import nodeflow as nf
from nodeflow.builder import Placed, Port
from nodeflow.library import flow
from nodeflow.observers import StateSet

Link = tuple[nf.NodeType, dict[str, Any]]


def wait(seconds: float) -> Link:
    return flow.delay, {"seconds": seconds}


def say(text: Any) -> Link:
    return flow.print, {"value": text}


def fail(message: str) -> Link:
    return flow.fail, {"message": message}


BREAK: Link = (flow.break_, {})


@nf.exec_node("tests.tidy")
async def tidy_node(ctx: nf.NodeContext, name: str = "", *, exit: nf.ExecOut) -> nf.ExecOut:
    """Wait for long; when cancelled, take half a second to clean up, and say so."""
    try:
        await ctx.sleep(1000)
    finally:
        await trio.sleep(0.5)
        ctx.feedback(f"{name} tidied", "print")
    return exit


def tidy(name: str) -> Link:
    return tidy_node, {"name": name}


@nf.exec_node("tests.clock")
def clock_node(ctx: nf.NodeContext, value: Any = "") -> None:
    """Print the time, in seconds."""
    ctx.feedback(f"{value}@{round(trio.current_time(), 6):g}", "print")


def tell_time(text: Any = "") -> Link:
    return clock_node, {"value": text}


def chained(wf: nf.Workflow, before: Port | None, *links: Link) -> Port | None:
    """Draw a chain of nodes behind an exec output; returns the last one's, if it has one."""
    for node_type, literals in links:
        assert before is not None
        placed = wf.add(node_type, **literals)
        before >> placed["enter"]
        before = placed["exit"] if any(s.name == "exit" for s in node_type.exec_outs) else None
    return before


def started(
    node_type: nf.NodeType, /, *, variables: dict[str, Any] | None = None, **given: Any
) -> tuple[nf.Workflow, Placed]:
    """A workflow that starts with this node."""
    wf = nf.Workflow("main", variables=variables)
    placed = wf.add(node_type, **given)
    wf.add(flow.start) >> placed["enter"]
    return wf, placed


def crowd(
    arrivals: list[float], node_type: nf.NodeType, /, outputs: dict[str, list[Link]] | None = None, **given: Any
) -> nf.Workflow:
    """Flow threads that come to one node, each after so many seconds; behind its outputs are chains."""
    wf = nf.Workflow("main")
    fan = wf.add(flow.fan_out, branches=[f"b{i}" for i in range(len(arrivals))])
    wf.add(flow.start) >> fan
    node = wf.add(node_type, id="node", **given)
    for i, seconds in enumerate(arrivals):
        arrived = chained(wf, fan[f"b{i}"], wait(seconds))
        assert arrived is not None
        arrived >> node["enter"]
    for output, links in (outputs or {}).items():
        chained(wf, node[output], *links)
    return wf


class States:
    """An observer that keeps what the nodes remember."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Any]] = []

    def __call__(self, event: object) -> None:
        if isinstance(event, StateSet):
            self.seen.append((event.node, event.state, event.value))

    def of(self, state: str) -> list[Any]:
        return [value for _, name, value in self.seen if name == state]
