"""One placed node in a real run: what `try_node` builds, runs and gives back.

The node stands in a workflow of its own: `start -> again -> node`, behind each of its exec outputs a node that writes
down what all its data outputs read at that moment. A data node is read by such a node.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import trio
import trio.testing
from attrs import define, field, frozen

from nodeflow.api import run as run_document
from nodeflow.builder import Placed, Workflow
from nodeflow.errors import MissingInput, NodeFailed, RunFailed, RunTimedOut
from nodeflow.library import events as event_nodes
from nodeflow.library import flow
from nodeflow.linking import LinkedNode, link
from nodeflow.machine import Limits
from nodeflow.model import Document, HasModel
from nodeflow.node import ExecOut, Lazy, NodeContext, NodeType, Option, Ports, data_node, exec_node, ports_from
from nodeflow.registry import Registry
from nodeflow.runtime.events import Event as RunEvent
from nodeflow.runtime.events import Feedback
from nodeflow.runtime.result import Result
from nodeflow.sockets import Pull

NODE: Final = "node"
"""The id of the node that is tried."""

FOREVER: Final = 1e9
"""Seconds of virtual time after which a node waits for something that never comes."""

_PLACING: Final = {"id", "disabled", "timeout", "retry", "capacity", "meta"}
"""Keywords of `Workflow.add` that are not the node's: its sockets of these names are given with an underscore."""


class Each:
    """An input that gives the next of these values each time it is pulled.

    >>> from nodeflow.library import flow
    >>> try_node(flow.while_, condition=Each(True, True, False)).exits
    ['body', 'body', 'exit']
    """

    def __init__(self, *values: Any) -> None:
        self.values = values

    def __repr__(self) -> str:
        return f"Each({', '.join(map(repr, self.values))})"


@frozen(eq=False)
class Tried:
    """What a tried node did.

    Attributes:
        outputs: The newest value of each data output that has one.
        exits: The exec outputs, in the order in which they fired.
        printed: What print nodes printed.
        told: Level and message of all other feedback.
        run: How the run around it ended: `run.variables`, `run.outputs`, `run.counters`.
    """

    outputs: Mapping[str, Any]
    exits: Sequence[str]
    printed: Sequence[str]
    told: Sequence[tuple[str, str]]
    run: Result
    _firings: Sequence[tuple[str, Mapping[str, Any]]] = field(repr=False)

    @property
    def result(self) -> Any:
        """The output `result`."""
        return self.outputs["result"]

    @property
    def seconds(self) -> float:
        """How long it took on the clock of the run: virtual seconds, unless it was `real_time`."""
        return float(self.run.counters["seconds"])

    def seen(self, output: str, exit: str | None = None) -> list[Any]:
        """The values that a data output had when an exec output fired, or at each pull of a data node.

        Args:
            output: The data output. A firing at which it had no value is left out.
            exit: Only firings of this exec output; None: of any.

        >>> from nodeflow.library import flow
        >>> tried = try_node(flow.for_each, items=["a", "b"])
        >>> tried.seen("item", "body"), tried.exits
        (['a', 'b'], ['body', 'body', 'exit'])
        """
        return [seen[output] for fired, seen in self._firings if output in seen and exit in (None, fired)]


@define(eq=False)
class _Notes:
    """What the private nodes of a run share with `try_node`: a service."""

    sources: Mapping[str, Any]
    pulls: dict[str, Iterator[Any]] = field(factory=dict)
    firings: list[tuple[str, dict[str, Any]]] = field(factory=list)
    told: list[tuple[str, str]] = field(factory=list)

    def pulled(self, name: str, values: Iterable[Any]) -> Iterator[Any]:
        """What is left of some values."""
        return self.pulls.setdefault(name, iter(values))

    def observe(self, event: RunEvent) -> None:
        if isinstance(event, Feedback) and event.level != "print":
            self.told.append((event.level, event.message))


# --- the private nodes --------------------------------------------------------------------------------


@exec_node("testing.again", loop=True)
async def _again(times: Option[int], *, body: ExecOut, exit: ExecOut) -> ExecOut:
    """Activate the tried node so many times."""
    for _ in range(times):
        await body()
    return exit


@exec_node("testing.turn")
def _turn(
    ctx: NodeContext,
    order: Option[list[str]],
    inputs: Option[list[str]],
    *,
    into: Ports[ExecOut] = ports_from("inputs"),
) -> ExecOut:
    """Enter the tried node through the exec input whose turn it is."""
    return into[next(ctx.service(_Notes).pulled("", order))]


@data_node("testing.given")
def _given(ctx: NodeContext, name: Option[str]) -> Any:
    """An input that is no literal: an object of Python's."""
    return ctx.service(_Notes).sources[name]


@data_node("testing.each", volatile=True)
def _each(ctx: NodeContext, name: Option[str]) -> Any:
    """The next value of an `Each`."""
    notes = ctx.service(_Notes)
    values = notes.sources[name].values
    try:
        return next(notes.pulled(name, values))
    except StopIteration:
        raise LookupError(f"{name}=Each(...) has {len(values)} values and was pulled once more") from None


@exec_node("testing.fired")
async def _fired(ctx: NodeContext, output: Option[str], seen: Ports[Lazy[Any]]) -> None:
    """Write down that an exec output fired, and what the data outputs read."""
    values = {}
    for name, read in seen.items():
        try:
            values[name] = await read()
        except MissingInput:
            continue  # not written yet, or differs per thread and this is none of them
    ctx.service(_Notes).firings.append((output, values))


@exec_node("testing.pulled")
def _pulled(ctx: NodeContext, seen: Ports[Any]) -> None:
    """Write down what the outputs of a data node are."""
    ctx.service(_Notes).firings.append(("", dict(seen)))


# --- the workflow around the node ---------------------------------------------------------------------


@define(eq=False)
class _Trial:
    """The document around a tried node, and what its private nodes need."""

    node_type: NodeType
    workflow: Workflow
    others: tuple[HasModel, ...]
    sources: dict[str, Any] = field(factory=dict)

    def place(self, given: Mapping[str, Any]) -> Placed:
        """Place the node with its literals and options, and wire what cannot be a literal."""
        options = {socket.name for socket in self.node_type.options}
        inputs = {socket.name for socket in self.node_type.data_ins}
        literals, wired = {}, {}
        for keyword, value in given.items():
            name = keyword if keyword in options | inputs else keyword.rstrip("_")
            arrives = self.node_type.is_join and name not in options
            if name in options or (not arrives and _is_literal(value)):
                literals[f"{name}_" if name in _PLACING else name] = value
            else:
                wired[name] = value
        placed = self.workflow.add(self.node_type, id=NODE, **literals)
        for name, value in wired.items():
            self.sources[name] = value
            source = self.workflow.add(
                _each if isinstance(value, Each) else _given, id=f"given_{len(self.sources)}", name=name
            )
            source["result"] >> placed[name]
        return placed

    def linked(self) -> LinkedNode:
        """The placed node with all its sockets: those whose names the graph decides too."""
        return link(self.document(), Registry()).workflows[self.workflow.name].by_id[NODE]

    def document(self) -> Document:
        return Document(self.workflow, *self.others)

    def lead_in(self, placed: Placed, enter: Sequence[str]) -> None:
        """Draw what activates an exec node, once for each name in `enter`."""
        again = self.workflow.add(_again, id="again", times=len(enter))
        self.workflow.connect(self.workflow.add(flow.start, id="start"), again["enter"])
        names = sorted(set(enter))
        if len(names) == 1:
            again["body"] >> placed[names[0]]
            return
        turn = self.workflow.add(_turn, id="turn", order=list(enter), inputs=names)
        again["body"] >> turn["enter"]
        for name in names:
            turn[name] >> placed[name]

    def lead_through_branches(self, placed: Placed, branches: Sequence[str]) -> None:
        """Draw the fan-out whose branches a fan-in waits for."""
        fan = self.workflow.add(flow.fan_out, id="fan", branches=list(branches))
        self.workflow.add(flow.start, id="start") >> fan
        for branch in branches:
            fan[branch] >> placed

    def record(self, placed: Placed, times: int) -> None:
        """Draw what writes down."""
        node = self.linked()
        if not self.node_type.is_exec:
            note = self.workflow.add(_pulled, id="pulled")
            self.lead_in(note, ["enter"] * times)
            for name in node.data_outs:
                placed[name] >> note[name]
            return
        for number, output in enumerate(node.exec_outs):
            note = self.workflow.add(_fired, id=f"fired_{number}", output=output)
            placed[output] >> note["enter"]
            for name in node.data_outs:
                placed[name] >> note[name]

    def trigger(self, triggers: Mapping[str, Any]) -> None:
        """Draw what triggers events beside the node, once it has begun to wait."""
        before = self.workflow.add(flow.delay, id="beside", seconds=0.001)
        self.workflow.add(flow.start, id="start_beside") >> before
        for number, (event, payload) in enumerate(triggers.items()):
            after = self.workflow.add(event_nodes.trigger, id=f"trigger_{number}", event=event, payload=payload)
            before["exit"] >> after["enter"]
            before = after


def _is_literal(value: Any) -> bool:
    """Whether a value can stand in a file as it is; with a work list, because values may be deep."""
    todo = [value]
    while todo:
        one = todo.pop()
        if type(one) is list:
            todo.extend(one)
        elif type(one) is dict:
            todo.extend(one.values())
            todo.extend(key for key in one if type(key) is not str)
        elif type(one) is float:
            if not math.isfinite(one):
                return False
        elif one is not None and type(one) not in (bool, int, str):
            return False
    return True


# --- trying -------------------------------------------------------------------------------------------


def try_node(
    node_type: NodeType,
    /,
    *,
    services: Iterable[Any] = (),
    times: int | None = None,
    enter: str | Sequence[str] = "",
    variables: Mapping[str, Any] | None = None,
    outputs: Mapping[str, str] | None = None,
    events: Mapping[str, str] | None = None,
    triggers: Mapping[str, Any] | None = None,
    workflows: Iterable[HasModel] = (),
    real_time: bool = False,
    **given: Any,
) -> Tried:
    """Run one placed node in a real run, and say what it did.

    The clock is virtual: waiting takes no time. What the node raises is raised here, as itself.

    Args:
        node_type: What to try.
        services: What the host grants: `ctx.service(...)`.
        times: Activate it so many times, one after the other; pull it so many times, if it is a data node.
        enter: Through which exec input, or through which at each activation; the first one, unless said.
        variables: Variables of the workflow: default by name, or `model.Variable`.
        outputs: Outputs of the workflow: name of the type by name.
        events: Events of the workflow: name of the payload's type by name.
        triggers: Events to trigger while the node runs, in order: payload by name.
        workflows: Other workflows of the document, for nodes that call them.
        real_time: Let time pass: for nodes that wait for threads, sockets or processes. Blocking nodes always do.
        given: Inputs and options by name: literals, `Each(...)`, or any object. For a fan-in also what each branch
            brings. Where the node has an input or option with the name of a keyword above, it is the node's.

    Returns:
        What it gave: `.result`, `.outputs`, `.exits`, `.seen("index")`, `.printed`.

    >>> from nodeflow.library import flow, math
    >>> try_node(math.add, a=1, b=2).result
    3
    >>> try_node(flow.for_range, start=0, stop=3).seen("index", "body")
    [0, 1, 2]
    >>> try_node(flow.delay, seconds=3600).seconds
    3600.0
    >>> try_node(flow.fail, message="no")
    Traceback (most recent call last):
    nodeflow.errors.FlowFailure: no
    """
    ours: dict[str, Any] = {
        "services": services, "times": times, "enter": enter, "variables": variables, "outputs": outputs,
        "events": events, "triggers": triggers, "workflows": workflows, "real_time": real_time,
    }  # fmt: skip
    for socket in (*node_type.options, *node_type.data_ins):
        if socket.name in ours and ours[socket.name] is not _UNSAID[socket.name]:
            given[socket.name] = ours[socket.name]
            ours[socket.name] = _UNSAID[socket.name]
    trial = _draw(node_type, given, **{name: ours[name] for name in ours if name not in ("services", "real_time")})
    return _run(trial, ours["services"], real_time=ours["real_time"] or node_type.blocking)


_UNSAID: Final[Mapping[str, Any]] = try_node.__kwdefaults__ or {}


def _draw(
    node_type: NodeType,
    given: Mapping[str, Any],
    *,
    times: int | None,
    enter: str | Sequence[str],
    variables: Mapping[str, Any] | None,
    outputs: Mapping[str, str] | None,
    events: Mapping[str, str] | None,
    triggers: Mapping[str, Any] | None,
    workflows: Iterable[HasModel],
) -> _Trial:
    """The workflow around the node."""
    workflow = Workflow("tried", variables=variables, outputs=outputs, events=events)
    trial = _Trial(node_type, workflow, tuple(workflows))
    placed = trial.place(given)
    if times is None:
        times = max(
            [1, *(len(v.values) for n, v in trial.sources.items() if isinstance(v, Each) and _eager(node_type, n))]
        )
    if node_type.is_join:
        trial.lead_through_branches(placed, [*trial.sources])
    elif node_type.exec_ins:
        names = [enter or node_type.exec_ins[0].name] * times if isinstance(enter, str) else enter
        trial.lead_in(placed, names)
    trial.record(placed, times)
    if triggers:
        trial.trigger(triggers)
    return trial


def _eager(node_type: NodeType, name: str) -> bool:
    """Whether an input is pulled once for each activation."""
    return all(socket.pull is Pull.EAGER for socket in node_type.data_ins if socket.name == name)


def _run(trial: _Trial, services: Iterable[Any], *, real_time: bool) -> Tried:
    notes = _Notes(trial.sources)
    clock = None if real_time else trio.testing.MockClock(autojump_threshold=0)
    running = partial(
        run_document,
        trial.document(),
        services=[*services, notes],
        observers=[notes.observe],
        limits=Limits(deadline=None if real_time else FOREVER),
    )
    try:
        result = trio.run(running, clock=clock)
    except RunTimedOut:
        raise TimeoutError(
            f"{trial.node_type.name} waits for what never comes; what waits for threads, sockets or processes is tried "
            "with real_time=True"
        ) from None
    except RunFailed as failure:
        raise _what_failed(failure) from None
    return Tried(
        _outputs(trial, notes, result),
        [e for e, _ in notes.firings if e],
        result.printed,
        notes.told,
        result,
        notes.firings,
    )


def _what_failed(failure: BaseException) -> BaseException:
    """The exception that a body raised, without what the run says around it."""
    while isinstance(failure, RunFailed | NodeFailed) and failure.__cause__ is not None:
        failure = failure.__cause__
    return failure


def _outputs(trial: _Trial, notes: _Notes, result: Result) -> dict[str, Any]:
    """The newest values: as seen at the last firing, or written since."""
    newest: dict[str, Any] = {}
    for _, seen in notes.firings:
        newest.update(seen)
    if trial.node_type.is_exec:
        for name in trial.linked().data_outs:
            try:
                newest[name] = result.value(NODE, name)
            except (MissingInput, KeyError):
                continue
    return newest
