"""The data nodes of a workflow in an order in which they can be evaluated, and cycles among them (4.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from nodeflow.linking import LinkedNode, LinkedWorkflow


@frozen
class DataFlow:
    """The data nodes of one workflow.

    Attributes:
        order: Each behind all that it reads; those on and behind cycles are left out.
        layers: The same in layers: what a layer reads is above it.
        cycles: Lists of nodes and inputs: the input reads the node that comes next, the last one the first.
    """

    order: list[LinkedNode]
    layers: list[list[LinkedNode]]
    cycles: list[list[tuple[LinkedNode, str]]]


def is_data(node: LinkedNode | None) -> bool:
    return node is not None and node.type is not None and not node.type.is_exec


def find_data_flow(workflow: LinkedWorkflow) -> DataFlow:
    """Order the data nodes, in time linear in nodes and wires."""
    waits_for = [0] * len(workflow.nodes)
    readers: dict[int, list[LinkedNode]] = {}
    for node in workflow.nodes:
        if is_data(node):
            for source in _data_sources(node):
                waits_for[node.index] += 1
                readers.setdefault(source.index, []).append(node)
    layers: list[list[LinkedNode]] = []
    layer = [node for node in workflow.nodes if is_data(node) and not waits_for[node.index]]
    while layer:
        layers.append(layer)
        below = []
        for node in layer:
            for reader in readers.get(node.index, ()):
                waits_for[reader.index] -= 1
                if not waits_for[reader.index]:
                    below.append(reader)
        layer = sorted(below, key=_index)
    order = [node for layer in layers for node in layer]
    stuck = [node for node in workflow.nodes if is_data(node) and waits_for[node.index]]
    return DataFlow(order, layers, _find_cycles(stuck))


def _index(node: LinkedNode) -> int:
    return node.index


def _data_sources(node: LinkedNode) -> Iterator[LinkedNode]:
    for source, _ in node.sources.values():
        if source is not None and is_data(source):
            yield source


def _find_cycles(stuck: list[LinkedNode]) -> list[list[tuple[LinkedNode, str]]]:
    """Cycles that share no node. Each node given reads at least one other of them."""
    among = {node.index for node in stuck}
    walked: dict[int, int] = {}
    cycles = []
    for start in stuck:
        way: list[tuple[LinkedNode, str]] = []
        node = start
        while node.index not in walked:
            walked[node.index] = start.index
            name, source = next(
                (name, source)
                for name, (source, _) in node.sources.items()
                if source is not None and source.index in among
            )
            way.append((node, name))
            node = source
        if walked[node.index] == start.index:
            first = next((at for at, (each, _) in enumerate(way) if each is node), None)
            if first is not None:
                cycles.append(way[first:])
    return cycles


def show_cycle(cycle: list[tuple[LinkedNode, str]], most: int = 8) -> str:
    """In the direction in which values go: `a.result -> b.x -> a.y`."""
    backwards = list(reversed(cycle))
    first, _ = backwards[-1]
    parts = [f"{first.id}.{_output_read(backwards[0])}"]
    parts += [f"{node.id}.{name}" for node, name in backwards]
    if len(parts) > most:
        parts = [*parts[: most - 1], f"... ({len(cycle)} nodes in all) ...", parts[-1]]
    return " -> ".join(parts)


def _output_read(reading: tuple[LinkedNode, str]) -> Any:
    node, name = reading
    return node.sources[name][1]
