"""NodeEditor's node types -> nodeflow's: finding the rule of a node and the sockets of its node type.

A rule says which node type an original becomes, and what is different about it: sockets of other names,
literals that the original has where ours has others, options, and, where that is not enough, an `adapt`
function that looks at the placed node. Sockets whose names differ only in letter case, spaces and
underscores need no word: `TrueValue` finds `true_value`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nodeflow.importers.rule import Rule, plain
from nodeflow.importers.rules import collections, conversion, files, flow, logic, numbers, text, time
from nodeflow.importers.rules.numbers import LOGARITHM
from nodeflow.node import NodeType

ALL: Final[tuple[Rule, ...]] = tuple(
    rule for module in (flow, logic, conversion, numbers, text, collections, time, files) for rule in module.RULES
)

RULES: Final[Mapping[str, Rule]] = {plain(rule.name): rule for rule in ALL}
"""By plain display name; ids of definitions lead to the same names."""

_STANDARD: Final = ("NodeEditor.Net.Services.Execution.", "NodeEditor.Blazor.Services.Execution.")


def rule_of_id(id: str, *, runs: bool = False) -> Rule | None:
    """The rule of a definition's id: `...StandardNodes.ForLoopNode`, `List Add`, or as older files have it.

    >>> rule_of_id("NodeEditor.Net.Services.Execution.StandardNodes.ForLoopNode").name
    'For Loop'
    >>> rule_of_id("NodeEditor.Net.Services.Execution.StandardNodeContext.NumAbs(System.Double,System.Double)").name
    'Abs'
    """
    if not id.startswith(_STANDARD):
        return rule_of_name(id, runs=runs) if "." not in id else None
    if "(" in id:  # older: the signature of a method
        method = plain(id.partition("(")[0].rpartition(".")[2])
        bare = method.removeprefix("num").removeprefix("string")
        return RULES.get(method) or RULES.get(bare)
    name = plain(id.rpartition(".")[2])
    return RULES.get(name.removesuffix("node")) or RULES.get(name)


def rule_of_name(name: str, *, runs: bool) -> Rule | None:
    """The rule of a display name; `runs` says whether the node has exec sockets."""
    found = plain(name)
    return LOGARITHM if found == "log" and not runs else RULES.get(found)


def socket_of(node_type: NodeType, name: str, *, inward: bool) -> str | None:
    """The socket or option of a node type whose plain name this is."""
    if inward:
        named = [option for option in node_type.options if option.refers is not None]
        sockets = (*node_type.exec_ins, *node_type.data_ins, *named)
    else:
        sockets = (*node_type.exec_outs, *node_type.data_outs)
    return next((socket.name for socket in sockets if plain(socket.name) == name), None)
