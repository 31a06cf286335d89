"""One placed node in a real run: what `try_node` builds, runs and gives back.

The node stands in a workflow of its own: `start -> again -> node`, behind each of its exec outputs a node that writes
down what all its data outputs read at that moment. A data node is read by such a node.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import trio
import trio.testing
from attrs import define, field, fields, frozen

from nodeflow.api import run as run_document
from nodeflow.builder import Placed, Workflow
from nodeflow.errors import MissingInput, NodeFailed, RunFailed, RunTimedOut
from nodeflow.library import events as event_nodes
from nodeflow.library import flow
from nodeflow.linking import LinkedNode, link
from nodeflow.machine import Limits
from nodeflow.model import Document, HasModel
from nodeflow.node import NodeType
from nodeflow.registry import Registry
from nodeflow.runtime.result import Result
from nodeflow.sockets import Pull
from nodeflow.testing import stage

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


@frozen
class Own:
    """An input that reads an output of the tried node itself, as the result of a batch does.

    >>> from nodeflow.library import flow
    >>> try_node(flow.batch, items=["a", "b"], result=Own("item")).outputs["results"]
    ['a', 'b']
    """

    output: str


@frozen(eq=False)
class Tried:
    """What a tried node did.

    Attributes:
        outputs: The newest value of each data output that has one.
        exits: The exec outputs, in the order in which they fired.
        at: When each of them fired, in seconds from the start of the run.
        printed: What print nodes printed.
        told: Level and message of all other feedback.
        run: How the run around it ended: `run.variables`, `run.outputs`, `run.counters`.
    """

    outputs: Mapping[str, Any]
    exits: Sequence[str]
    at: Sequence[float]
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


# --- the workflow around the node ---------------------------------------------------------------------


@define(eq=False)
class _Trial:
    """The document around a tried node, and what its private nodes need."""

    node_type: NodeType
    workflow: Workflow
    setting: _Setting
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
            if isinstance(value, Own):
                placed[value.output] >> placed[name]
                continue
            self.sources[name] = value
            kind = stage.each if isinstance(value, Each) else stage.given
            self.workflow.add(kind, id=f"given_{len(self.sources)}", name=name)["result"] >> placed[name]
        return placed

    def eager(self, name: str) -> bool:
        """Whether an input is pulled once for each activation."""
        return all(socket.pull is Pull.EAGER for socket in self.node_type.data_ins if socket.name == name)

    def linked(self) -> LinkedNode:
        """The placed node with all its sockets: those whose names the graph decides too."""
        return link(self.document(), Registry()).workflows[self.workflow.name].by_id[NODE]

    def document(self) -> Document:
        return Document(self.workflow, *self.setting.workflows)

    def lead_in(self, placed: Placed, enter: Sequence[str]) -> None:
        """Draw what activates an exec node, once for each name in `enter`."""
        kind = stage.together if self.setting.together else stage.again
        again = self.workflow.add(kind, id="again", times=len(enter), every=self.setting.every)
        self.workflow.add(flow.start, id="start") >> again
        names = sorted(set(enter))
        if len(names) == 1:
            again["body"] >> placed[names[0]]
            return
        turn = self.workflow.add(stage.turn, id="turn", order=list(enter), inputs=names)
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
            note = self.workflow.add(stage.pulled, id="pulled")
            self.lead_in(note, ["enter"] * times)
            for name in node.data_outs:
                placed[name] >> note[name]
            return
        for number, output in enumerate(node.exec_outs):
            note = self.workflow.add(stage.fired, id=f"fired_{number}", output=output)
            placed[output] >> note["enter"]
            for name, socket in node.data_outs.items():
                if node.starts_threads(output) or not socket.per_thread:
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


@frozen(eq=False, kw_only=True)
class _Setting:
    """The keywords of `try_node` that are not the node's, with their defaults."""

    services: Iterable[Any] = ()
    times: int | None = None
    enter: str | Sequence[str] = ""
    every: float = 0.0
    together: bool = False
    behind: Mapping[str, Any] = field(factory=dict)
    variables: Mapping[str, Any] | None = None
    outputs: Mapping[str, str] | None = None
    events: Mapping[str, str] | None = None
    triggers: Mapping[str, Any] | None = None
    workflows: Iterable[HasModel] = ()
    real_time: bool = False


def try_node(node_type: NodeType, /, **given: Any) -> Tried:
    """Run one placed node in a real run, and say what it did.

    The clock is virtual: waiting takes no time. What the node raises is raised here, as itself.

    Args:
        node_type: What to try.
        given: Inputs and options by name: literals, `Each(...)`, `Own(...)`, or any object. For a fan-in also what
            each branch brings. And these, where the node has no input or option of that name:
        services: What the host grants: `ctx.service(...)`.
        times: Activate it so many times, one after the other; pull it so many times, if it is a data node.
        enter: Through which exec input, or through which at each activation; the first one, unless said.
        every: Seconds between two activations, from the end of one or, with `together`, from its start.
        together: Activate it in flow threads of their own, side by side.
        behind: What happens behind an exec output, by its name: an exception that is raised there, or seconds that
            it takes, or a list of these, one for each firing (None: nothing).
        variables: Variables of the workflow: default by name, or `model.Variable`.
        outputs: Outputs of the workflow: name of the type by name.
        events: Events of the workflow: name of the payload's type by name.
        triggers: Events to trigger while the node runs, in order: payload by name.
        workflows: Other workflows of the document, for nodes that call them.
        real_time: Let time pass: for nodes that wait for threads, sockets or processes. Blocking nodes always do.

    Returns:
        What it gave: `.result`, `.outputs`, `.exits`, `.seen("index")`, `.printed`.

    >>> from nodeflow.library import flow, math
    >>> try_node(math.add, a=1, b=2).result
    3
    >>> try_node(flow.for_range, start=0, stop=3).seen("index", "body")
    [0, 1, 2]
    >>> try_node(flow.delay, seconds=3600).seconds
    3600.0
    >>> try_node(flow.try_, behind={"body": ValueError("no")}).exits
    ['body', 'catch', 'finally', 'exit']
    >>> try_node(flow.fail, message="no")
    Traceback (most recent call last):
    nodeflow.errors.FlowFailure: no
    """
    its_own = {socket.name for socket in (*node_type.options, *node_type.data_ins)}
    ours = {key.name for key in fields(_Setting)} - its_own
    setting = _Setting(**{name: value for name, value in given.items() if name in ours})
    trial = _draw(node_type, {name: value for name, value in given.items() if name not in ours}, setting)
    return _run(trial)


def _draw(node_type: NodeType, given: Mapping[str, Any], setting: _Setting) -> _Trial:
    """The workflow around the node."""
    workflow = Workflow("tried", variables=setting.variables, outputs=setting.outputs, events=setting.events)
    trial = _Trial(node_type, workflow, setting)
    placed = trial.place(given)
    times = setting.times
    if times is None:
        times = max([1, *(len(v.values) for n, v in trial.sources.items() if isinstance(v, Each) and trial.eager(n))])
    if node_type.is_join:
        trial.lead_through_branches(placed, [*trial.sources])
    elif node_type.exec_ins:
        enter = setting.enter or node_type.exec_ins[0].name
        trial.lead_in(placed, [enter] * times if isinstance(enter, str) else enter)
    trial.record(placed, times)
    if setting.triggers:
        trial.trigger(setting.triggers)
    return trial


def _run(trial: _Trial) -> Tried:
    setting = trial.setting
    notes = stage.Notes(trial.sources, setting.behind)
    real_time = setting.real_time or trial.node_type.blocking
    running = partial(
        run_document,
        trial.document(),
        services=[*setting.services, notes],
        observers=[notes.observe],
        limits=Limits(deadline=None if real_time else FOREVER),
    )
    try:
        result = trio.run(running, clock=None if real_time else trio.testing.MockClock(autojump_threshold=0))
    except RunTimedOut:
        raise TimeoutError(
            f"{trial.node_type.name} waits for what never comes; what waits for threads, sockets or processes is tried "
            "with real_time=True"
        ) from None
    except RunFailed as failure:
        raise _what_failed(failure) from None
    exits = [output for output, _ in notes.firings if output]
    return Tried(_outputs(trial, notes, result), exits, notes.at, result.printed, notes.told, result, notes.firings)


def _what_failed(failure: BaseException) -> BaseException:
    """The exception that a body raised, without what the run says around it."""
    while isinstance(failure, RunFailed | NodeFailed) and failure.__cause__ is not None:
        failure = failure.__cause__
    return failure


def _outputs(trial: _Trial, notes: stage.Notes, result: Result) -> dict[str, Any]:
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
