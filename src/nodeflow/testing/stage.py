"""The private nodes that stand around a tried node, and what they write down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import trio
from attrs import define, field

from nodeflow.errors import MissingInput, NodeFailed
from nodeflow.node import Branch, ExecOut, Lazy, NodeContext, Option, Ports, data_node, exec_node, ports_from
from nodeflow.runtime.events import Event, Feedback, RunStarted


@define(eq=False)
class Notes:
    """What the private nodes of a run share with `try_node`: a service."""

    sources: Mapping[str, Any]
    behind: Mapping[str, Any]
    iterators: dict[str, Iterator[Any]] = field(factory=dict)
    firings: list[tuple[str, dict[str, Any]]] = field(factory=list)
    at: list[float] = field(factory=list)
    told: list[tuple[str, str]] = field(factory=list)
    began: float = 0.0

    def left(self, name: str, values: Iterable[Any]) -> Iterator[Any]:
        """What is left of some values."""
        return self.iterators.setdefault(name, iter(values))

    def observe(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.began = event.time
        elif isinstance(event, Feedback) and event.level != "print":
            self.told.append((event.level, event.message))


@exec_node("testing.again", loop=True)
async def again(ctx: NodeContext, times: Option[int], every: Option[float], *, body: ExecOut, exit: ExecOut) -> ExecOut:
    """Activate the tried node so many times."""
    for number in range(times):
        if number and every:
            await ctx.sleep(every)
        await body()
    return exit


@exec_node("testing.together")
async def together(
    ctx: NodeContext, times: Option[int], every: Option[float], *, body: Branch, exit: ExecOut
) -> ExecOut:
    """Activate the tried node so many times, each in a flow thread of its own."""
    async with ctx.open_scope() as scope:
        for turn in range(times):
            if turn and every:
                await ctx.sleep(every)
            scope.start(body)
    return exit


@exec_node("testing.turn")
def turn(
    ctx: NodeContext,
    order: Option[list[str]],
    inputs: Option[list[str]],
    *,
    into: Ports[ExecOut] = ports_from("inputs"),
) -> ExecOut:
    """Enter the tried node through the exec input whose turn it is."""
    return into[next(ctx.service(Notes).left("", order))]


@data_node("testing.given")
def given(ctx: NodeContext, name: Option[str]) -> Any:
    """An input that is no literal: an object of Python's."""
    return ctx.service(Notes).sources[name]


@data_node("testing.each", volatile=True)
def each(ctx: NodeContext, name: Option[str]) -> Any:
    """The next value of an `Each`."""
    notes = ctx.service(Notes)
    values = notes.sources[name].values
    try:
        return next(notes.left(name, values))
    except StopIteration:
        raise LookupError(f"{name}=Each(...) has {len(values)} values and was pulled once more") from None


@exec_node("testing.fired")
async def fired(ctx: NodeContext, output: Option[str], seen: Ports[Lazy[Any]]) -> None:
    """Write down that an exec output fired, and what the data outputs read; then do what is to be behind it."""
    notes = ctx.service(Notes)
    values = {}
    for name, read in seen.items():
        try:
            values[name] = await read()
        except NodeFailed as failure:
            if not isinstance(failure.__cause__, MissingInput):
                raise  # anything else than: nothing has written it yet
    notes.firings.append((output, values))
    notes.at.append(trio.current_time() - notes.began)
    acts = notes.behind.get(output)
    act = next(notes.left(f"behind {output}", acts), None) if isinstance(acts, list | tuple) else acts
    if isinstance(act, BaseException):
        raise act
    if act is not None:
        await ctx.sleep(act)


@exec_node("testing.pulled")
def pulled(ctx: NodeContext, seen: Ports[Any]) -> None:
    """Write down what the outputs of a data node are."""
    ctx.service(Notes).firings.append(("", dict(seen)))
