"""Node types of every shape, and a short way to write documents: for tests that need no library."""

# ruff: noqa: B006
# mypy: disable-error-code="empty-body"

from __future__ import annotations

from itertools import pairwise
from typing import Any

from nodeflow.linking import LinkedWorkflow, link
from nodeflow.model import Connection, Document, Event, Input, Output, PlacedNode, Variable, Workflow
from nodeflow.node import (
    Arrivals,
    Branch,
    EventName,
    ExecIn,
    ExecOut,
    Item,
    Jump,
    Lazy,
    NodeContext,
    Option,
    Out,
    Ports,
    Result,
    SharedState,
    State,
    Stream,
    VariableName,
    WorkflowName,
    data_node,
    exec_node,
    initially,
    ports_from,
)
from nodeflow.registry import Registry


@exec_node("t.start", entry=True)
def start(*, exit: ExecOut) -> ExecOut:
    return exit


@exec_node("t.listen", listens="event")
def listen(event: EventName = "", *, payload: Out[Any], exit: ExecOut) -> ExecOut:
    return exit


@exec_node("t.trigger")
async def trigger(ctx: NodeContext, event: EventName = "", payload: Any = None, *, exit: ExecOut) -> ExecOut:
    return exit


@exec_node("t.wait_event")
async def wait_event(ctx: NodeContext, event: EventName = "", *, exit: ExecOut) -> ExecOut:
    return exit


@exec_node("t.do")
def do(value: Any = None) -> Any:
    """Anything that runs once: inputs `value`, outputs `result` and `exit`."""


@exec_node("t.need")
def need(value: Any) -> int:
    """As `do`, with an input that must be given."""
    return 0


@exec_node("t.late")
async def late(value: Lazy[Any], *, total: Out[int] = initially(0), exit: ExecOut) -> ExecOut:
    return exit


@exec_node("t.loop", loop=True)
async def loop(condition: Lazy[bool], *, index: Out[int], body: ExecOut, exit: ExecOut) -> ExecOut:
    return exit


@exec_node("t.break", jump=Jump.BREAK)
def break_() -> None: ...


@exec_node("t.continue", jump=Jump.CONTINUE)
def continue_() -> None: ...


@exec_node("t.return", jump=Jump.RETURN)
def return_(value: Any = None) -> None: ...


@exec_node("t.if")
def if_(condition: bool = True, *, true: ExecOut, false: ExecOut) -> ExecOut:
    return true


@exec_node("t.sequence")
async def sequence(steps: Option[list[str]] = [], *, outputs: Ports[ExecOut] = ports_from("steps")) -> None: ...


@exec_node("t.fan_out")
async def fan_out(
    ctx: NodeContext,
    branches: Option[list[str]] = ["a", "b"],
    errors: Option[str] = "fail_fast",
    parallel: Option[int | None] = None,
    *,
    branch: Ports[Branch] = ports_from("branches"),
    joined: ExecOut,
) -> ExecOut:
    return joined


@exec_node("t.fan_in")
def fan_in(
    brought: Arrivals,
    merge: Option[str] = "list",
    join: Option[Any] = "all",
    missing: Option[str] = "error",
    arrivals: Option[str] = "one",
    *,
    merged: Out[Any],
    exit: ExecOut,
) -> ExecOut:
    return exit


@exec_node("t.batch")
async def batch(
    ctx: NodeContext,
    result: Result[Any],
    items: list[Any] | None = None,
    errors: Option[str] = "fail_fast",
    missing: Option[str] = "error",
    *,
    process: Branch,
    item: Item[Any],
    index: Item[int],
    results: Out[list[Any]],
    continue_: ExecOut,
) -> ExecOut:
    return continue_


@exec_node("t.stream")
async def stream(*, items: Stream[int], exit: ExecOut) -> ExecOut:
    return exit


@exec_node("t.gosub")
async def gosub(ctx: NodeContext, workflow: WorkflowName, *, exit: ExecOut) -> ExecOut:
    return exit


@exec_node("t.gate")
async def gate(*, enter: ExecIn, open: ExecIn, exit: ExecOut) -> ExecOut:
    return exit


@exec_node("t.set")
def set_variable(ctx: NodeContext, name: VariableName = "", value: Any = None, *, exit: ExecOut) -> ExecOut:
    return exit


@data_node("t.get", reads="name")
def get_variable(ctx: NodeContext, name: VariableName = "") -> Any: ...


@exec_node("t.timeout")
async def timeout(ctx: NodeContext, seconds: float = 1.0, *, body: ExecOut, exit: ExecOut) -> ExecOut:
    with ctx.timeout(seconds):
        await body()
    return exit


@exec_node("t.count")
def count(seen: SharedState[int] = initially(0), *, exit: ExecOut) -> ExecOut:
    return exit


@exec_node("t.remember")
def remember(seen: State[int] = initially(0), *, exit: ExecOut) -> ExecOut:
    return exit


@data_node("t.add")
def add(a: Any = 0, b: Any = 0) -> Any: ...


@data_node("t.select")
async def select(condition: bool = True, *, then: Lazy[Any], otherwise: Lazy[Any]) -> Any: ...


@data_node("t.random", volatile=True)
def random() -> float: ...


@data_node("t.text")
def text(value: str = "") -> str: ...


@data_node("t.float")
def float_(value: float = 0.0) -> float: ...


@data_node("t.int")
def int_(value: int = 0) -> int: ...


@data_node("t.maybe")
def maybe() -> int | None: ...


@data_node("t.list")
def list_(value: list[int] | None = None) -> list[Any]: ...


@data_node("t.name")
def name() -> str: ...


REGISTRY = Registry(*[value for value in list(globals().values()) if type(value).__name__ == "NodeType"])


def workflow(
    nodes: str,
    wires: str = "",
    name: str = "main",
    *,
    values: dict[str, dict[str, Any]] | None = None,
    options: dict[str, dict[str, Any]] | None = None,
    disabled: str = "",
    **declared: Any,
) -> Workflow:
    """A workflow from short text.

    `nodes` has `id:type` (the type `t.<type>`), or an id alone for a type of that name (digits left out).
    `wires` has lines of `a.exit > b.enter > ...`: of a node without a socket the outputs and
    inputs are `exit` and `enter`; `a.result = b.value` is a wire between data sockets.
    """
    placed = {}
    for part in nodes.split():
        node, _, kind = part.partition(":")
        kind = kind or node.rstrip("0123456789")
        placed[node] = PlacedNode(
            node,
            f"t.{kind}",
            (values or {}).get(node, {}),
            (options or {}).get(node, {}),
            node in disabled.split(),
        )
    connections = []
    for line in wires.replace(";", "\n").splitlines():
        if "=" in line:
            (source, out), (target, into) = (end.strip().split(".") for end in line.split("="))
            connections.append(Connection(source, out, target, into))
            continue
        ends = [end.strip() for end in line.split(">") if end.strip()]
        for left, right in pairwise(ends):
            source, _, out = left.partition(".")
            target, _, into = right.partition(".")
            if right is not ends[-1] and into:  # in the middle, `b.out` names the output
                into = ""
            connections.append(Connection(source, out or "exit", target, into or "enter"))
    return Workflow(
        name,
        placed,
        tuple(connections),
        declared.get("inputs", {}),
        declared.get("outputs", {}),
        declared.get("variables", {}),
        declared.get("events", {}),
        declared.get("entries", "concurrent"),
    )


def linked(nodes: str, wires: str = "", **more: Any) -> LinkedWorkflow:
    """The linked workflow, which must have linked without findings."""
    document = link(Document(workflow(nodes, wires, **more)), REGISTRY)
    assert not document.findings, document.findings
    return document.workflows["main"]


__all__ = ["REGISTRY", "Document", "Event", "Input", "Output", "Variable", "linked", "workflow"]
