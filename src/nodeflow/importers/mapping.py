"""NodeEditor's node types -> nodeflow's: finding the rule of a node and the sockets of its node type.

A rule says which node type an original becomes, and what is different about it: sockets of other names,
literals that the original has where ours has others, options, and, where that is not enough, an `adapt`
function that looks at the placed node. Sockets whose names differ only in letter case, spaces and
underscores need no word: `TrueValue` finds `true_value`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from nodeflow.importers.originals import ORIGINALS, Original
from nodeflow.importers.rule import Rule, plain
from nodeflow.importers.rules import collections, conversion, files, flow, logic, numbers, text, time
from nodeflow.importers.rules.numbers import LOGARITHM
from nodeflow.library import standard_registry
from nodeflow.node import NodeType

ALL: Final[tuple[Rule, ...]] = (
    *(rule for module in (flow, logic, conversion, numbers, text, collections, time, files) for rule in module.RULES),
    LOGARITHM,
)


def _by_name() -> Mapping[str, tuple[Rule, ...]]:
    found: dict[str, tuple[Rule, ...]] = {}
    for rule in ALL:
        found[plain(rule.name)] = (*found.get(plain(rule.name), ()), rule)
    return found


RULES: Final[Mapping[str, tuple[Rule, ...]]] = _by_name()
"""By plain display name; ids of definitions lead to the same names. One name has two rules."""

_STANDARD: Final = ("NodeEditor.Net.Services.Execution.", "NodeEditor.Blazor.Services.Execution.")


def rule_of_id(id: str, sockets: Collection[str] = (), *, runs: bool = False) -> Rule | None:
    """The rule of a definition's id: `...StandardNodes.ForLoopNode`, `List Add`, or as older files have it.

    >>> rule_of_id("NodeEditor.Net.Services.Execution.StandardNodes.ForLoopNode").name
    'For Loop'
    >>> rule_of_id("NodeEditor.Net.Services.Execution.StandardNodeContext.NumAbs(System.Double,System.Double)").name
    'Abs'
    """
    if not id.startswith(_STANDARD):
        return rule_of_name(id, sockets, runs=runs) if "." not in id else None
    if "(" in id:  # older: the signature of a method
        method = plain(id.partition("(")[0].rpartition(".")[2])
        bare = method.removeprefix("num").removeprefix("string")
        return _chosen(method, sockets, runs=runs) or _chosen(bare, sockets, runs=runs)
    name = plain(id.rpartition(".")[2])
    return _chosen(name.removesuffix("node"), runs=True) or _chosen(name, sockets, runs=runs)


def rule_of_name(name: str, sockets: Collection[str] = (), *, runs: bool = False) -> Rule | None:
    """The rule of a display name; where there are two, the one whose sockets these are.

    Args:
        sockets: Plain names of sockets that the node has.
        runs: Whether it has exec sockets.

    >>> rule_of_name("Log", {"message"}).type, rule_of_name("Log", {"value"}) is rule_of_name("Log", runs=True)
    ('flow.print', False)
    """
    return _chosen(plain(name), sockets, runs=runs)


def _chosen(name: str, sockets: Collection[str] = (), *, runs: bool = False) -> Rule | None:
    rules = RULES.get(name, ())
    if len(rules) < 2:
        return rules[0] if rules else None

    def likeness(rule: Rule) -> tuple[int, bool]:
        original = original_of(rule)
        return (original.knows(sockets), original.runs == runs) if original is not None else (0, False)

    return max(rules, key=likeness)


def original_of(rule: Rule) -> Original | None:
    """The definition that a rule is for; None for what the editor makes for variables and events of a file."""
    found = ORIGINALS.get(plain(rule.name), [])
    if len(found) < 2:
        return found[0] if found else None
    runs = bool(standard_registry()[rule.type].exec_ins)
    return next(original for original in found if original.runs == runs)


def socket_of(node_type: NodeType, name: str, *, inward: bool) -> str | None:
    """The socket or option of a node type whose plain name this is."""
    if inward:
        named = [option for option in node_type.options if option.refers is not None]
        sockets = (*node_type.exec_ins, *node_type.data_ins, *named)
    else:
        sockets = (*node_type.exec_outs, *node_type.data_outs)
    return next((socket.name for socket in sockets if plain(socket.name) == name), None)
