"""What a document looks like to the engine, for display: layers of the data flow, and regions."""

from __future__ import annotations

from attrs import frozen

from nodeflow.dataflow import find_data_flow
from nodeflow.linking import LinkedWorkflow, link
from nodeflow.model import Document
from nodeflow.regions import Region, find_regions
from nodeflow.registry import Registry
from nodeflow.sockets import Pull


@frozen
class RegionPlan:
    """One region, by ids.

    Attributes:
        index: Its number; `parents` of others refer to it.
        kind: `entry`, `listener`, `branch`, `slice` or `item`.
        opener: The node that starts its threads, or that is its start.
        output: The opener's exec output, None for entries and listeners.
        nodes: The exec nodes that run in it.
        join: The fan-in at which its threads arrive.
    """

    index: int
    kind: str
    opener: str
    output: str | None
    nodes: tuple[str, ...]
    parents: tuple[int, ...]
    join: str | None = None


@frozen
class WorkflowPlan:
    """One workflow.

    Attributes:
        layers: Ids of data nodes, each layer below all that it reads; first the exec nodes that feed them.
    """

    name: str
    layers: tuple[tuple[str, ...], ...]
    regions: tuple[RegionPlan, ...]


@frozen
class Plan:
    workflows: tuple[WorkflowPlan, ...]


def plan(document: Document, registry: Registry) -> Plan:
    """The plan of a document; of one with errors, as far as it goes."""
    return Plan(tuple(_plan_workflow(workflow) for workflow in link(document, registry).workflows.values()))


def _plan_workflow(workflow: LinkedWorkflow) -> WorkflowPlan:
    layers = [[node.id for node in layer] for layer in find_data_flow(workflow).layers]
    fed = {
        source.index
        for node in workflow.nodes
        if not node.is_exec
        for source, _ in node.sources.values()
        if source is not None and source.is_exec
    }
    if fed:
        layers.insert(0, [workflow.nodes[index].id for index in sorted(fed)])
    regions = tuple(_plan_region(region) for region in find_regions(workflow).all)
    return WorkflowPlan(workflow.name, tuple(map(tuple, layers)), regions)


def _plan_region(region: Region) -> RegionPlan:
    node = region.opener or region.start
    assert node is not None
    return RegionPlan(
        region.index,
        _kind(region),
        node.id,
        region.output,
        tuple(each.id for each in region.nodes),
        tuple(parent.index for parent in region.parents),
        region.joins[0].id if region.joins else None,
    )


def _kind(region: Region) -> str:
    if region.opener is None:
        return "entry" if region.start is not None and region.start.starts_itself else "listener"
    if region.output == "on_item":
        return "item"
    slices = any(socket.pull is Pull.RESULT for socket in region.opener.data_ins.values())
    return "slice" if slices else "branch"
