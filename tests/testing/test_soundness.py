"""What `validate` says of how a graph can run, against simulated runs of drawn documents, injured and whole."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import event, given, settings
from soundness_kit import Case, cases, graphs

import nodeflow as nf
from nodeflow.errors import FanInIncomplete
from nodeflow.linking import link
from nodeflow.model import Document
from nodeflow.observers import NodeEnded, NodeFailedEvent, NodeStarted, ThreadEnded
from nodeflow.regions import find_regions
from nodeflow.testing import sample_nodes
from nodeflow.testing.simulator import Deadlock, Simulated, Simulator, Stuck
from nodeflow.testing.strategies import REGISTRY, schedules

NEVER, RARELY, TWICE = "NF409", "NF410", "NF411"


# --- runs -----------------------------------------------------------------------------------------------


def run(document: Document, schedule: list[int] | tuple[int, ...] = ()) -> tuple[Simulated, list[Any]] | None:
    """A simulated run within limits, and its events; None if it waits for ever."""
    seen: list[Any] = []
    sample_nodes.reset()
    limits = nf.Limits(steps=3_000, threads=500, depth=500, context_depth=50)
    simulator = Simulator(document, registry=REGISTRY, fine=False)
    options: dict[str, Any] = {"capacities": {"seats": 1}, "limits": limits, "cleanup_timeout": 0}
    with suppress(Deadlock, Stuck):
        return simulator.run(schedule=schedule, observers=[seen.append], **options), seen
    return None


def warned(document: Document, *codes: str) -> set[tuple[str | None, str | None]]:
    """Workflow and node of each finding with one of these codes, and of what is said of the other of a pair."""
    return {(f.workflow, f.node) for f in nf.validate(document, REGISTRY) if f.code in codes}


def pairs(document: Document) -> dict[tuple[str, str], str]:
    """By workflow and fan-in its fan-out."""
    found = {}
    for name, workflow in link(document, REGISTRY).workflows.items():
        for index, opener in find_regions(workflow).opener_of.items():
            found[name, workflow.nodes[index].id] = opener.id
    return found


@given(cases() | graphs() | graphs(), schedules())
@settings(deadline=None)
def test_what_is_called_sound_is_sound(case: Case, schedule: list[int]) -> None:
    """No fan-in of which nothing is said fails for want of arrivals, or for too many, and nothing waits for ever."""
    found = run(case.document, schedule)
    if found is None:
        assert warned(case.document, "NF308", "NF505")
        return
    simulated, seen = found
    event(f"ended {simulated.result.status}")
    opener_of = pairs(case.document)
    join_of = {(workflow, opener): join for (workflow, join), opener in opener_of.items()}
    findings = nf.validate(case.document, REGISTRY)
    for code in (NEVER, RARELY, TWICE):
        if any(found.code == code for found in findings):
            event(f"warned of {code}")
    failed = [each for each in seen if isinstance(each, NodeFailedEvent)]
    for at, each in enumerate(failed):
        if not isinstance(each.error, FanInIncomplete) and not isinstance(each.error.__cause__, FanInIncomplete):
            continue
        says = str(each.error if isinstance(each.error, FanInIncomplete) else each.error.__cause__)
        event("incomplete")
        place = (each.workflow, each.node)
        if "arrived twice" in says:
            assert (each.workflow, opener_of[place]) in warned(case.document, TWICE), says
        elif place in join_of and not ("only" in says and at):  # what failed before may be what is missing
            there = warned(case.document, NEVER, RARELY)
            assert place in there or (each.workflow, join_of[place]) in there, says


@given(cases() | graphs() | graphs(), schedules())
@settings(deadline=None)
def test_what_can_never_go_on_never_does(case: Case, schedule: list[int]) -> None:
    never = warned(case.document, NEVER)
    forever = warned(case.document, "NF306", "NF307")
    waiting = warned(case.document, "NF505")
    found = run(case.document, schedule)
    if found is None:
        return
    _, seen = found
    started = {(each.workflow, each.node) for each in seen if isinstance(each, NodeStarted)}
    assert not started & never
    for thread in {
        each.thread for each in seen if isinstance(each, NodeStarted) and (each.workflow, each.node) in forever
    }:
        ended = [each.outcome for each in seen if isinstance(each, NodeEnded | ThreadEnded) and each.thread == thread]
        assert "failed" in ended or "cancelled" in ended or ended[-1] != "returned"
    over = {(each.workflow, each.node) for each in seen if isinstance(each, NodeEnded) and each.outcome == "returned"}
    assert not over & waiting
