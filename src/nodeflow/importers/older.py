"""Names that sockets had in older versions of NodeEditor: found out where there is only one that can be meant.

A socket that the node lists and today's definition does not have is the one that this has and the node does not
list, if there is one such on each side, of one type. What a rule names itself is left to it, and what stays open
is a finding: the `Success` of an older `List Insert` is not its `Result`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import attrs

from nodeflow.importers.mapping import socket_of
from nodeflow.importers.nodeeditor_file import RawNode, RawWire
from nodeflow.importers.originals import OURS, Original
from nodeflow.importers.rule import Rule, plain
from nodeflow.node import NodeType

if TYPE_CHECKING:
    from nodeflow.importers.placing import Placing


def older_names(placing: Placing) -> list[RawWire]:
    """Give the inputs of the nodes today's names, and return the wires with today's names."""
    into: dict[str, dict[str, str]] = {}
    out_of: dict[str, dict[str, str]] = {}
    wired_in: dict[str, set[str]] = {}
    wired_out: dict[str, set[str]] = {}
    for wire in placing.wires:
        if not _runs(placing, wire):
            wired_in.setdefault(wire.target, set()).add(plain(wire.input))
            wired_out.setdefault(wire.source, set()).add(plain(wire.output))
    for id, rule in placing.rules.items():
        original = placing.originals.get(id)
        if not rule.type or original is None:
            continue
        node, node_type = placing.raw[id], placing.types[rule.type]
        into[id] = _inputs(node, rule, original, node_type, wired_in.get(id, set()))
        out_of[id] = _outputs(node, rule, original, node_type, wired_out.get(id, set()))
        if into[id]:
            placing.raw[id] = _renamed(node, into[id])
    placing.file.nodes[:] = [placing.raw[node.id] for node in placing.file.nodes]
    return [
        attrs.evolve(
            wire,
            input=into.get(wire.target, {}).get(plain(wire.input), wire.input),
            output=out_of.get(wire.source, {}).get(plain(wire.output), wire.output),
        )
        for wire in placing.wires
    ]


def _runs(placing: Placing, wire: RawWire) -> bool:
    """Whether it is an exec wire, as far as the file or the definition at one of its ends says so."""
    source, target = placing.originals.get(wire.source), placing.originals.get(wire.target)
    if wire.runs or (source is not None and plain(wire.output) in source.exits):
        return True
    return target is not None and plain(wire.input) in target.enters


def _renamed(node: RawNode, names: Mapping[str, str]) -> RawNode:
    inputs = {names.get(name, name): value for name, value in node.inputs.items()}
    spelled = {names.get(name, name): said for name, said in node.spelled.items()}
    return attrs.evolve(node, inputs=inputs, spelled=spelled)


def _inputs(
    node: RawNode, rule: Rule, original: Original, node_type: NodeType, wired: Collection[str]
) -> dict[str, str]:
    present = {*node.inputs, *wired}
    names = rule.input_names(present)

    def target(name: str) -> str | None:
        return names.get(name) or socket_of(node_type, name, inward=True)

    unknown = [name for name in present if name not in original.ins and target(name) is None]
    taken = {target(name) for name in present} - {None}
    missing = [name for name in original.ins if name not in present and target(name) not in taken]
    return _matched(unknown, missing, node.types, original.ins)


def _outputs(
    node: RawNode, rule: Rule, original: Original, node_type: NodeType, wired: Collection[str]
) -> dict[str, str]:
    renamed = {plain(name): ours for name, ours in rule.outs.items()}

    def source(name: str) -> str | None:
        return renamed.get(name) or socket_of(node_type, name, inward=False)

    present = {*node.outputs, *wired}
    unknown = [name for name in present if name not in (*original.outs, *original.exits) and source(name) is None]
    taken = {source(name) for name in present} - {None}
    missing = [name for name in original.outs if name not in present and source(name) not in taken]
    return _matched(unknown, missing, node.outputs, original.outs)


def _matched(
    unknown: Collection[str], missing: Collection[str], said: Mapping[str, str], types: Mapping[str, str]
) -> dict[str, str]:
    """The one unknown name and the one that is missing, if the file says of both that they are of one type."""
    if len(unknown) != 1 or len(missing) != 1:
        return {}
    [older], [today] = unknown, missing
    return {older: today} if said.get(older) == OURS[types[today]] else {}
