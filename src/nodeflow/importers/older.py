"""Names that sockets had in older versions of NodeEditor: found out where there is only one that can be meant.

An output that today's definition does not have is the one data output that it has; an input is the one that is
missing on the node. Types must agree where the file says them. What a rule names itself is left to it, and what
stays open is a finding.
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
    if len(unknown) != 1 or len(missing) != 1:
        return {}
    said, meant = node.types.get(unknown[0]), OURS[original.ins[missing[0]]]
    if said is None and (len(original.ins) > 1 or node.inputs):
        return {}  # the file does not say what it is
    return {unknown[0]: missing[0]} if said in (None, meant) else {}


def _outputs(
    node: RawNode, rule: Rule, original: Original, node_type: NodeType, wired: Collection[str]
) -> dict[str, str]:
    renamed = {plain(name) for name in rule.outs}
    known = {*original.outs, *original.exits, *renamed}
    unknown = [
        name for name in wired if name not in known and socket_of(node_type, name, inward=False) is None
    ]  # fmt: skip
    missing = [name for name in original.outs if name not in wired and name not in node.outputs]
    if len(unknown) != 1 or len(missing) != 1 or (len(original.outs) > 1 and unknown[0] not in node.outputs):
        return {}
    said, meant = node.outputs.get(unknown[0]), OURS[original.outs[missing[0]]]
    return {unknown[0]: missing[0]} if said in (None, meant) else {}
