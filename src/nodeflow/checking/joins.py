"""Rules about fan-ins that never go on, and branches that arrive too rarely or too often.

They look at what `ends` says of each branch. A warning says that a run can come to it as far as the graph shows:
values may prevent it. What none of them warns of fails with `FanInIncomplete` in no run in which nothing else fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from nodeflow.checking.ends import DONE, FAIL, MANY
from nodeflow.checking.joining import Branch, Joining
from nodeflow.checking.subject import Found, Subject
from nodeflow.checking.ways import Way, shortened, shown, way_without_arriving, ways_twice
from nodeflow.linking import LinkedNode
from nodeflow.pairing import is_join
from nodeflow.regions import SEVERAL, Region

_LOOKS: Final = 30
"""How often one workflow is searched for who else leads to a node of a branch."""


# --- never ----------------------------------------------------------------------------------------------


def _way_without(joining: Joining, branch: Branch) -> Way:
    kind = branch.way_out or (FAIL if FAIL in branch.ends else DONE)
    return way_without_arriving(joining.at, joining.opener, branch.output, kind)


def never_goes_on(at: Subject) -> Iterator[Found]:
    for joining in at.joinings:
        yield from _too_few(joining) if joining.quorum else _misses_one(joining)
    for node in at.nodes:
        behind = any(node.targets.values())
        if (
            is_join(node)
            and behind
            and at.starts
            and node.index not in at.regions.opener_of
            and not _is_led_to(at, node)
        ):
            yield Found("no branch leads to this fan-in, so what is behind it never runs", node)


def _is_led_to(at: Subject, join: LinkedNode) -> bool:
    """Whether something that runs leads there: then there is an error of its own."""
    return any(join in problem.nodes for problem in at.regions.problems)


def _too_few(joining: Joining) -> Iterator[Found]:
    able = [branch for branch in joining.branches if branch.most]
    enough = joining.many and any(branch.most == MANY for branch in able)
    unable = next((branch for branch in joining.branches if not branch.most), None)
    if len(able) < joining.quorum and not enough and unable is not None:
        way = _way_without(joining, unable)
        says = (
            f"waits for {joining.quorum} arrivals, but only {len(able)} of {len(joining.branches)} branches can arrive"
        )
        yield Found(f"{says}; {unable.output!r} cannot: {shown(way)}", joining.join, "join", shortened(way))


def _misses_one(joining: Joining) -> Iterator[Found]:
    for branch in joining.branches:
        if branch.most or not _must_arrive(joining, branch):
            continue
        way = _way_without(joining, branch)
        ending = "never ends" if not branch.way_out and FAIL not in branch.ends else "can never arrive"
        says = f"branch {branch.output!r} of {joining.opener.id!r} {ending}, so {joining.join.id!r} never goes on"
        yield Found(f"{says}: {shown(way)}", joining.join, None, shortened(way))


def _must_arrive(joining: Joining, branch: Branch) -> bool:
    """Whether a branch that cannot arrive keeps its fan-in from going on, whatever happens."""
    if joining.collects:
        return False  # it may fail, and is left out then
    return not branch.way_out or bool(joining.option("missing", "error") == "error")


# --- too rarely -----------------------------------------------------------------------------------------


def may_be_missing(at: Subject) -> Iterator[Found]:
    for joining in at.joinings:
        if joining.quorum:
            yield from _may_be_too_few(joining)
            continue
        if joining.option("missing", "error") != "error":
            continue
        for branch in joining.branches:
            if not branch.least and (branch.most or joining.collects):
                way = _way_without(joining, branch)
                says = f"branch {branch.output!r} may end without arriving at {joining.join.id!r}, which then fails"
                right = "lead this way there too, or choose `missing: skip` or `none`"
                yield Found(f"{says}: {shown(way)}; {right}", joining.opener, branch.output, shortened(way))


def _may_be_too_few(joining: Joining) -> Iterator[Found]:
    sure = sum(branch.least > 0 for branch in joining.branches)
    able = sum(branch.most > 0 for branch in joining.branches)
    doubtful = next((branch for branch in joining.branches if branch.most and not branch.least), None)
    many = joining.many and any(branch.most == MANY for branch in joining.branches)
    if sure < joining.quorum and doubtful is not None and (able >= joining.quorum or many):
        way = _way_without(joining, doubtful)
        says = f"only {sure} of the {joining.quorum} arrivals that {joining.join.id!r} waits for are sure"
        more = f"branch {doubtful.output!r} may end without arriving: {shown(way)}"
        yield Found(f"{says}; {more}", joining.opener, doubtful.output, shortened(way))


# --- too often ------------------------------------------------------------------------------------------


def may_arrive_twice(at: Subject) -> Iterator[Found]:
    for joining in at.joinings:
        if joining.many or joining.quorum == 1:
            continue
        for branch in joining.branches:
            if branch.most == MANY:
                says = f"branch {branch.output!r} may arrive twice at {joining.join.id!r}, which is an error"
                yield _twice(joining, branch, f"{says} unless `arrivals` is `many`")


def may_go_on_early(at: Subject) -> Iterator[Found]:
    for joining in at.joinings:
        if not joining.many or joining.quorum < MANY:
            continue
        for branch in joining.branches:
            if branch.most == MANY:
                says = f"{joining.join.id!r} counts arrivals: branch {branch.output!r} may bring several of the"
                yield _twice(joining, branch, f"{says} {joining.quorum} alone, and the others are cancelled then")
                break


def _twice(joining: Joining, branch: Branch, says: str) -> Found:
    common, first, second = ways_twice(joining.at, joining.opener, branch.output)
    start = f"{shown(common)}, then " if common else ""
    both = f"{shown(first)}, and {shown(second)}" if second else f"{shown(first)}, again and again"
    way = (*shortened(common), *shortened(first), *shortened(second))
    return Found(f"{says}: {start}{both}", joining.opener, branch.output, way)


# --- elsewhere ------------------------------------------------------------------------------------------


def leads_around(at: Subject) -> Iterator[Found]:
    """Branches, slices and items that lead to what is also reached in the flow thread of their opener."""
    if at.regions.problems:
        return
    looks, told = _LOOKS, set[int]()
    for region, node, output, target in _edges_to_shared(at):
        opener = region.opener
        if opener is None or region.index in told or at.regions.home[opener.index] < 0:
            continue
        looks -= 1
        if looks < 0:
            return
        if any(each.index == at.regions.home[opener.index] for each in at.regions.of_node(target)):
            told.add(region.index)
            join = at.regions.join_of.get(opener.index)
            around = f" around the fan-in {join.id!r}" if join is not None else ""
            way = (f"{node.id}.{output}", target.id)
            says = (
                f"{region.output!r} leads{around} to {target.id!r}, which is also reached outside of it: {shown(way)}"
            )
            yield Found(f"{says}; it runs there once more, and waits for no other thread", opener, region.output, way)


def _edges_to_shared(at: Subject) -> Iterator[tuple[Region, LinkedNode, str, LinkedNode]]:
    """Wires from what runs in one region alone to what runs in several."""
    home = at.regions.home
    for node in filter(at.regions.runs, at.regions.order):
        opened = {region.output: region for region in at.regions.regions_of_opener(node)}
        for output, targets in node.targets.items():
            inside = opened.get(output) or (at.regions.all[home[node.index]] if home[node.index] >= 0 else None)
            for target, _ in targets:
                if inside is not None and home[target.index] == SEVERAL and not is_join(target):
                    yield inside, node, output, target
