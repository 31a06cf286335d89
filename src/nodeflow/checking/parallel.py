"""Rules about how flow threads start and meet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

from nodeflow.checking.joining import is_race
from nodeflow.checking.subject import Found, Subject, events_of, names_in
from nodeflow.linking import LinkedNode
from nodeflow.model import UNSET
from nodeflow.pairing import JOINED, Kind, Problem, is_join, threads_of
from nodeflow.signature import Role
from nodeflow.sockets import Pull, Refers, Socket
from nodeflow.visibility import variables_of


def different_fan_ins(at: Subject) -> Iterator[Found]:
    for problem in at.problems(Kind.DIFFERENT):
        opener, first, second = problem.nodes
        one, other = problem.sockets
        if one == other:
            says = f"branch {one!r} of {opener.id!r} can reach two fan-ins, {first.id!r} and {second.id!r}"
        else:
            says = f"branch {one!r} of {opener.id!r} reaches fan-in {first.id!r}, {other!r} {second.id!r}"
        yield Found(f"{says}: all branches of a fan-out meet in one", opener, one)


def fan_ins_from_outside(at: Subject) -> Iterator[Found]:
    for problem in at.problems(Kind.OUTSIDE):
        join, opener, *reached = problem.nodes
        origins = _show_origins(reached, problem)
        says = f"the fan-in {join.id!r} belongs to {opener.id!r}, but is reached {origins}"
        yield Found(f"{says}: only branches of its own fan-out may lead to it, and not from threads they start", join)


def unmatched_fan_ins(at: Subject) -> Iterator[Found]:
    for problem in at.problems(Kind.UNMATCHED):
        join, *reached = problem.nodes
        says = f"the fan-in {join.id!r} is reached {_show_origins(reached, problem)}, by no branch of a fan-out"
        yield Found(f"{says}: lead the branches that it is to join here", join)


def _show_origins(reached: list[LinkedNode], problem: Problem) -> str:
    origins = [
        f"from {node.id}.{output}" if output else f"from {node.id!r}"
        for node, output in zip(reached, problem.sockets, strict=True)
    ]
    return " and ".join(origins[:4]) + (f" and {len(origins) - 4} more" if len(origins) > 4 else "")


def overlapping_fan_outs(at: Subject) -> Iterator[Found]:
    for problem in at.problems(Kind.OVERLAP):
        join, first, second = problem.nodes
        says = f"the fan-outs {first.id!r} and {second.id!r} both reach the fan-in {join.id!r}"
        yield Found(f"{says}: each needs one of its own, and nested pairs match like brackets", join)


def threads_back(at: Subject) -> Iterator[Found]:
    for problem in at.problems(Kind.BACK):
        opener, source, target = problem.nodes
        output = f"{opener.id}.{problem.sockets[0]}"
        where = "its opener" if target is opener else f"{opener.id!r} or before it"
        way = f"the wire from {source.id!r} to {target.id!r}"
        says = f"{way} leads from the flow threads that {output} starts back to"
        yield Found(f"{says} {where}: a thread ends at a fan-in or where its wires end", source)
    yield from listeners_back(at)


def listeners_back(at: Subject) -> Iterator[Found]:
    """A listener that leads to a trigger of its own event which also stands outside of it."""
    triggers = {n.index: n for n in at.nodes if "trigger_event" in names_in(n) and at.workflow.events}
    listeners = at.workflow.listeners() if triggers else []
    if not listeners:
        return
    outside = _reached(at.workflow.entries)
    for listener in listeners:
        event = listener.options.get(listener.type.listens or "") if listener.type is not None else None
        inside = _reached([listener])
        for index in sorted(inside & outside & triggers.keys()):
            if event in events_of(triggers[index]):
                says = f"its wires lead back to {triggers[index].id!r}, which triggers {event!r} and so starts it"
                yield Found(
                    f"{says}: a listener ends where its wires end; use a trigger of its own to go round", listener
                )
                break


def _reached(starts: Iterable[LinkedNode]) -> set[int]:
    """Indexes of the exec nodes that any wires lead to."""
    todo, seen = list(starts), set()
    while todo:
        node = todo.pop()
        if node.index not in seen:
            seen.add(node.index)
            todo.extend(target for targets in node.targets.values() for target, _ in targets)
    return seen


def unused_joined(at: Subject) -> Iterator[Found]:
    for index, join in at.regions.join_of.items():
        opener = at.workflow.nodes[index]
        if opener.targets.get(JOINED):
            says = f"{JOINED!r} is not used, because the branches meet in {join.id!r}: connect what is to follow"
            yield Found(f"{says} to {join.id!r}", opener, JOINED)


def fan_in_inputs(at: Subject) -> Iterator[Found]:
    for index, opener in at.regions.opener_of.items():
        join = at.workflow.nodes[index]
        branches = threads_of(opener)
        known_names = set(branches)
        for name, socket in join.data_ins.items():
            if socket.pull is Pull.ARRIVAL and name != "value" and name not in known_names:
                known = ", ".join(map(repr, branches[:8]))
                says = f"{opener.id!r} has no branch {name!r}: the inputs of its fan-in are `value` and {known}"
                yield Found(says, join, name)


_POLICIES: Final = {
    "errors": ("fail_fast", "collect"),
    "missing": ("error", "skip", "none"),
    "arrivals": ("one", "once", "many"),
    "mode": ("sequential", "concurrent"),
}


def bad_policies(at: Subject) -> Iterator[Found]:
    for node in at.nodes:
        assert node.type is not None
        if not (node.type.is_join or node.type.opens_threads or node.type.is_stream):
            continue
        for socket in node.type.options:
            value = node.options.get(socket.name)
            right = "" if value in (UNSET, socket.default) else _right_policy(at, node, socket, value)
            if right:
                yield Found(f"{socket.name!r} is {right}, not {value!r:.60}", node, socket.name)


def _right_policy(at: Subject, node: LinkedNode, socket: Socket, value: Any) -> str:
    """What the option must be; empty if it is that."""
    if socket.name in _POLICIES and isinstance(value, str):
        return "" if value in _POLICIES[socket.name] else " or ".join(map(repr, _POLICIES[socket.name]))
    if socket.name in ("parallel", "max_in_flight") and isinstance(value, int | float | None):
        return "" if value is None or value >= 1 else "at least 1"
    if socket.name != "join" or not is_join(node):
        return ""
    right = "'all', 'any' or {'quorum': n}"
    if value in ("all", "any"):
        return ""
    if not isinstance(value, dict) or list(value) != ["quorum"]:
        return right
    number, most = value["quorum"], _most_arrivals(at, node)
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return f"{right} with n at least 1"
    return "" if number <= most else f"{right} with n at most {most}, as many as there are branches"


def _most_arrivals(at: Subject, join: LinkedNode) -> float:
    """How many branches can arrive; no limit if one branch may be started more than once."""
    opener = at.regions.opener_of.get(join.index)
    if (
        opener is None
        or join.options.get("arrivals") == "many"
        or any(out.per_thread for out in opener.data_outs.values())
    ):
        return math.inf
    return sum(bool(opener.targets.get(output)) for output in threads_of(opener))


_CALLS: Final = {
    "wait_event": "waits for an event",
    "timeout": "has a timeout",
    "move_on_after": "has a timeout",
    "fail_after": "has a timeout",
}


def exemptions(at: Subject) -> Iterator[Found]:
    found: dict[str, list[str]] = {}
    for node in at.nodes:
        for reason in _exemptions_of(at, node):
            found.setdefault(reason, []).append(node.id)
    if found:
        parts = [
            f"{reason} ({', '.join(ids[:5])}{f' and {len(ids) - 5} more' if len(ids) > 5 else ''})"
            for reason, ids in found.items()
        ]
        yield Found(f"what a run gives may depend on the order of things, because of {'; '.join(parts)}")


def _exemptions_of(at: Subject, node: LinkedNode) -> Iterator[str]:
    assert node.type is not None
    scopes = {at.workflow.variables[name][2] for name in variables_of(node) if name in at.workflow.variables}
    if any(s.refers is Refers.VARIABLE and s.name in node.sources for s in node.type.options):
        scopes |= {scope for _, _, scope in at.workflow.variables.values()}
    if scopes & {"shared", "process"}:
        yield "shared variables"
    if any(p.role is Role.STATE and p.shared for p in node.type.signature.parameters):
        yield "shared state"
    if node.type.volatile:
        yield "volatile data"
    if (node.type.is_join and node.options.get("join", "all") != "all") or (node.type.opens_threads and is_race(node)):
        yield "races between branches"
    calls = set(names_in(node))
    says = {_CALLS[name] for name in calls & _CALLS.keys()}
    if node.placed.timeout is not None or "has a timeout" in says:
        yield "timeouts"
    if "waits for an event" in says:
        yield "waiting for events"
    if node.type.listens is not None:
        yield "events, if they are posted from outside"
