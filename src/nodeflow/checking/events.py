"""Rules about events that somebody waits for and nobody sends."""

from __future__ import annotations

from collections.abc import Iterator

from nodeflow.checking.subject import Found, Subject, events_of, names_in
from nodeflow.linking import LinkedNode, LinkedWorkflow


def waits_for_nobody(at: Subject) -> Iterator[Found]:
    for node in at.nodes:
        if not _waits(node) or not at.regions.runs(node):
            continue
        for event in events_of(node):
            if event not in at.workflow.events or (senders := _senders(at, event)) is None:
                continue
            if not senders:
                says = f"waits for {event!r}, which no node that runs triggers: it will wait until the run is cancelled"
                yield Found(says, node, None, (node.id,))
            elif (behind := _first_behind(at, node, senders)) is not None:
                says = f"waits for {event!r}, which only comes from behind it, as from {behind.id!r}"
                way = (node.id, behind.id)
                yield Found(f"{says}: it will wait until the run is cancelled", node, None, way)


def nobody_triggers(at: Subject) -> Iterator[Found]:
    for node in at.workflow.listeners():
        event = node.options.get(node.type.listens or "") if node.type is not None else None
        if isinstance(event, str) and event in at.workflow.events and _senders(at, event) == []:
            says = f"listens to {event!r}, which no node that runs triggers, so it never starts"
            yield Found(says, node, None, (node.id,))


def _waits(node: LinkedNode) -> bool:
    return "wait_event" in names_in(node)


def _senders(at: Subject, event: str) -> list[tuple[LinkedWorkflow, LinkedNode]] | None:
    """Nodes that run and may trigger an event as the workflow knows it; None if that cannot be told.

    What names an event, and neither listens to it nor waits for it, is taken to trigger it.
    """
    own = event in at.workflow.model.events
    found = []
    for workflow in [at.workflow] if own else at.linked.workflows.values():
        if not own and event in workflow.model.events:
            continue
        sending = at.others[workflow.name].sends
        if None in sending:
            return None
        found += [(workflow, node) for node in sending.get(event, ())]
    return found


def _first_behind(
    at: Subject, waiting: LinkedNode, senders: list[tuple[LinkedWorkflow, LinkedNode]]
) -> LinkedNode | None:
    """One of the senders, if no way leads to any of them but through the node that waits."""
    visible = at.visibility
    if visible is None or any(workflow is not at.workflow for workflow, _ in senders):
        return None
    component, tree = at.regions.component, at.regions.tree
    home = at.regions.home[waiting.index]
    if home < 0 or at.regions.all[home].opener is not None or len(at.starts) != 1:
        return None
    for _, node in senders:
        inner: LinkedNode | None = node
        place = at.regions.home[node.index]
        while inner is not None and place != home:
            if place < 0 or tree.parent[place] < 0:
                return None
            inner, place = at.regions.all[place].opener, tree.parent[place]
        if inner is None or inner is waiting or component[inner.index] == component[waiting.index]:
            return None
        if not visible.comes_always_before(waiting, inner):
            return None
    return senders[0][1]
