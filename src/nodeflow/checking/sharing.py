"""Rules about variables that several flow threads write."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import Final

from attrs import frozen

from nodeflow.checking.subject import Found, Subject, names_in
from nodeflow.linking import LinkedNode
from nodeflow.regions import Region
from nodeflow.visibility import variables_of

_MOST: Final = 40
"""So many writers of one variable are compared."""
_COMMUTING: Final = {
    "add": "adding", "subtract": "adding", "multiply": "multiplying",
    "min": "min", "max": "max", "and": "and", "or": "or",
}  # fmt: skip
"""Operations of `variables.update`: those of one kind give the same in any order."""
_ON_NUMBERS: Final = ("adding", "multiplying")


@frozen
class Writer:
    """A node that writes a variable, in a region of its own; `how` is empty where order matters."""

    node: LinkedNode
    region: int
    how: str


def concurrent_writers(at: Subject) -> Iterator[Found]:
    if at.regions.problems:
        return
    shared = {name for name, (_, _, scope) in at.workflow.variables.items() if scope in ("shared", "process")}
    writers: dict[str, list[Writer]] = {}
    for node in at.nodes if shared else ():
        home = at.regions.home[node.index]
        if home >= 0 and _writes(node):
            for name in shared.intersection(variables_of(node)):
                writers.setdefault(name, []).append(Writer(node, home, _how(at, node, name)))
    for name, found in writers.items():
        for one, other in combinations_with_replacement(found[:_MOST], 2):
            if (not one.how or one.how != other.how) and (why := side_by_side(at, one.region, other.region)):
                who = (
                    f"{one.node.id!r} and {other.node.id!r}" if one is not other else f"{one.node.id!r}, several times"
                )
                says = f"{who} may write {name!r} in any order: {why}"
                way = (one.node.id, other.node.id)
                yield Found(
                    f"{says}. Bring the values out through a join, or use updates that commute", one.node, None, way
                )
                break


def _writes(node: LinkedNode) -> bool:
    names = names_in(node)
    return node.is_exec and "variables" in names and ("set" in names or "update" in names)


def _how(at: Subject, node: LinkedNode, name: str) -> str:
    """In which way it updates the variable that commutes with others of the same way."""
    assert node.type is not None
    kind = at.workflow.variables[name][0]
    number = kind.kind in ("int", "float", "any")
    if node.type.name == "variables.increment":
        return "adding" if number else ""
    operation = node.options.get("op") if node.type.name == "variables.update" else None
    how = _COMMUTING.get(operation, "") if isinstance(operation, str) else ""
    return "" if how in _ON_NUMBERS and not number else how


def side_by_side(at: Subject, one: int, other: int) -> str:
    """Why flow threads of two regions may run at the same time; empty if they do not."""
    tree, regions = at.regions.tree, at.regions.all
    meet = tree.meet(one, other)
    if meet < 0:
        return _of_starts(at, regions[tree.climb(one, 0)], regions[tree.climb(other, 0)])
    several = _several(at, meet)
    if several:
        return several
    if meet in (one, other):
        return ""
    first = regions[tree.climb(one, tree.depth[meet] + 1)]
    second = regions[tree.climb(other, tree.depth[meet] + 1)]
    if first.opener is None or first.opener is not second.opener or _one_at_a_time(first.opener):
        return ""
    return f"{first.opener.id}.{first.output} and {first.opener.id}.{second.output} run side by side"


def _of_starts(at: Subject, one: Region, other: Region) -> str:
    if one.start is None or other.start is None:
        return ""
    if one.start.starts_itself and other.start.starts_itself:
        return "" if at.regions.in_one_scope else f"{one.start.id!r} and {other.start.id!r} start side by side"
    events = [region.start.options.get(region.start.type.listens or "") for region in (one, other)
              if region.start is not None and region.start.type is not None]  # fmt: skip
    listening = not one.start.starts_itself and not other.start.starts_itself
    return f"both listen to {events[0]!r}" if listening and events[0] == events[1] else ""


def _several(at: Subject, region: int) -> str:
    """Why more than one flow thread may be in a region, or in one around it."""
    while region >= 0:
        opener, output = at.regions.all[region].opener, at.regions.all[region].output
        if opener is not None and not _one_at_a_time(opener) and _starts_many(opener):
            return f"{opener.id}.{output} starts several flow threads"
        region = at.regions.tree.parent[region]
    return ""


def _starts_many(opener: LinkedNode) -> bool:
    assert opener.type is not None
    return opener.type.is_stream or any(out.per_thread for out in opener.data_outs.values())


def _one_at_a_time(opener: LinkedNode) -> bool:
    """Whether its threads run one after the other, by what is set on it."""
    names = [name for name in ("parallel", "max_in_flight") if name not in opener.sources]
    given = [opener.literals.get(name, opener.options.get(name)) for name in names]
    return any(value == 1 and not isinstance(value, bool) for value in given)
