"""Rules about data: wires, types, and values that cannot be there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from nodeflow.checking.subject import Found, Subject
from nodeflow.dataflow import is_data, show_cycle
from nodeflow.linking import LinkedNode
from nodeflow.model import INPUTS, UNSET
from nodeflow.regions import Region
from nodeflow.sockets import Pull
from nodeflow.values import ANY, Fit, SocketType, fit
from nodeflow.visibility import Written


def data_cycles(at: Subject) -> Iterator[Found]:
    for cycle in at.flow.cycles:
        node, name = cycle[-1]
        says = "data nodes that wait for each other: an exec node between them would break the cycle"
        yield Found(f"{show_cycle(cycle)}: {says}", node, name)


def missing_inputs(at: Subject) -> Iterator[Found]:
    wired = {(wire.to_node, wire.to_socket) for wire in at.workflow.model.connections}
    for node in at.nodes:
        for name, socket in node.data_ins.items():
            given = socket.default is not UNSET or name in node.literals or name in node.placed.values
            if not given and socket.pull in (Pull.EAGER, Pull.LAZY) and (node.id, name) not in wired:
                yield Found(f"nothing is connected to {name!r}, and it has no value and no default", node, name)


def impossible_types(at: Subject) -> Iterator[Found]:
    for node, name, source, target in _typed_wires(at):
        if fit(source, target) is Fit.IMPOSSIBLE:
            read = _show_source(node, name)
            says = f"{name!r} takes {target}, but {read} gives {source}; no conversion between them exists"
            yield Found(says, node, name)


def narrowing_types(at: Subject) -> Iterator[Found]:
    for node, name, source, target in _typed_wires(at):
        if fit(source, target) is Fit.CONVERTS and may_fail(source, target):
            read = _show_source(node, name)
            says = f"{name!r} takes {target}, but {read} gives {source}: not every value of it can be converted"
            yield Found(says, node, name)


def _typed_wires(at: Subject) -> Iterator[tuple[LinkedNode, str, SocketType, SocketType]]:
    for node in at.nodes:
        for name, (source, output) in node.sources.items():
            out = (at.workflow.inputs if source is None else source.data_outs).get(output)
            into = node.data_ins.get(name)
            if out is not None and into is not None:
                yield node, name, out.type, into.type


_CERTAIN: Final = {
    ("int", "float"), ("int", "text"), ("float", "text"), ("bool", "text"), ("none", "text"),
    ("list", "tuple"), ("tuple", "list"),
}  # fmt: skip
"""Conversions that every value survives (an int that is too large for a float aside)."""


def may_fail(source: SocketType, target: SocketType) -> bool:
    """Whether it can be told from the types that some value does not convert; of `any` nothing can be told.

    >>> from nodeflow.values import FLOAT, INT, TEXT
    >>> may_fail(FLOAT, INT), may_fail(INT, FLOAT), may_fail(FLOAT, TEXT), may_fail(ANY, INT)
    (True, False, False, False)
    """
    if ANY in (source, target) or fit(source, target) is Fit.FITS:
        return False
    if source.members:
        found = [fit(member, target) for member in source.members]
        if Fit.FITS in found:  # as `int | float` does for an int: more often right than wrong
            return Fit.IMPOSSIBLE in found
        return any(may_fail(member, target) for member in source.members)
    if target.members:
        return all(may_fail(source, member) for member in target.members)
    if source.kind != target.kind and (source.kind, target.kind) not in _CERTAIN:
        return True
    return target.inner is not None and may_fail(source.inner or ANY, target.inner)


def hidden_values(at: Subject) -> Iterator[Found]:
    for node, name, written in at.visibility.hidden_reads() if at.visibility else ():
        yield Found(_hidden(at, node, name, written), node, name)


def _hidden(at: Subject, node: LinkedNode, name: str, written: Written) -> str:
    regions = [at.regions.all[i] for i in written.place.regions] or at.regions.of_node(written.node)
    inside = _show_region(regions[0])
    opener = regions[0].opener
    if opener is not None and opener.index in at.regions.join_of:
        way = f"wire it into the fan-in {at.regions.join_of[opener.index].id!r} and read that"
    elif opener is not None and (result := _result_of(opener)):
        way = f"wire it into {opener.id}.{result} and read what comes of that"
    else:
        way = "collect it with a fan-in or a result input"
    return (
        f"{name!r} reads {written.node.id}.{written.socket}, which is only written in {inside}; {node.id!r} "
        f"never runs there and can never see it. To get it out, {way}, or use an output of the workflow or a "
        "`shared` variable"
    )


def _result_of(opener: LinkedNode) -> str | None:
    return next((name for name, socket in opener.data_ins.items() if socket.pull is Pull.RESULT), None)


def _show_region(region: Region) -> str:
    if region.opener is None:
        return f"the flow thread of {region.start.id!r}" if region.start is not None else "another flow thread"
    return f"the flow threads that {region.opener.id}.{region.output} starts"


def early_reads(at: Subject) -> Iterator[Found]:
    for node, name, writer, output in at.visibility.early_reads() if at.visibility else ():
        if not at.regions.runs(writer):
            says = "which never runs"
        elif writer is node:
            says = "its own output, before it has run once"
        else:
            says = f"which cannot have run before {node.id!r} in this flow thread"
        yield Found(f"{name!r} reads {writer.id}.{output}, {says}: there will be no value", node, name)


def unread_data(at: Subject) -> Iterator[Found]:
    read = {node.index for node in at.workflow.nodes if node.is_exec}
    todo = [node for node in at.workflow.nodes if node.is_exec]
    while todo:
        for source, _ in todo.pop().sources.values():
            if source is not None and source.index not in read:
                read.add(source.index)
                todo.append(source)
    for node in at.nodes:
        if is_data(node) and node.index not in read:
            yield Found("no exec node reads this data node, so it is never evaluated", node)


def lost_variables(at: Subject) -> Iterator[Found]:
    local = {name for name, (_, _, scope) in at.workflow.variables.items() if scope == "local"}
    if not local or at.visibility is None:
        return
    for node, name, writer, opener in at.visibility.lost_writes(local):
        yield Found(
            f"reads the variable {name!r} behind {opener.id!r}, in whose flow threads {writer.id!r} sets "
            "it: it is `local`, so what they set stays with them. Declare it `shared`, or bring the value "
            "out through the join",
            node,
        )


def _show_source(node: LinkedNode, name: str) -> str:
    source, output = node.sources[name]
    return f"{INPUTS if source is None else source.id}.{output}"
