"""What says how one of NodeEditor's node types becomes one of nodeflow's: the rule, and the draft that it fills."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import Factory, define, field, frozen

from nodeflow.model import UNSET

DROP: Final = ""
"""In place of a socket's name: the original never does anything with it, wires to it are left out."""

EXIT: Final = "exit"


def plain(name: str) -> str:
    """A name without what people spell differently.

    >>> plain("True Value"), plain("true_value")
    ('truevalue', 'truevalue')
    """
    return "".join(name.split()).replace("_", "").casefold()


@define
class Draft:
    """A placed node on its way: `adapt` functions change it.

    Attributes:
        ins, outs: Sockets by plain original name: the node and the socket that take its wires, or `DROP`.
        wired_in, wired_out: Plain original names of sockets that have wires.
        helpers: Further nodes, by id: type, values and options.
        wires: Wires between this node and its helpers.
        problems: What keeps it from being mapped.
        strict: Nodes are to fail where they fail here, whatever the original does.
    """

    id: str
    type: str
    wired_in: set[str]
    wired_out: set[str]
    ins: dict[str, tuple[str, str]] = Factory(dict)
    outs: dict[str, tuple[str, str]] = Factory(dict)
    values: dict[str, Any] = Factory(dict)
    options: dict[str, Any] = Factory(dict)
    helpers: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = Factory(dict)
    wires: list[tuple[str, str, str, str]] = Factory(list)
    problems: list[tuple[str, str]] = Factory(list)
    strict: bool = False
    new_id: Callable[[str], str] = field(default=str, repr=False)

    def helper(self, suffix: str, type: str, values: dict[str, Any], options: dict[str, Any] | None = None) -> str:
        """Place one more node and return its id."""
        id = self.new_id(f"{self.id}-{suffix}")
        self.helpers[id] = (type, values, options or {})
        return id


Adapt = Callable[[Draft], None]


@frozen
class Rule:
    """What one original becomes.

    Attributes:
        name: Its display name.
        type: The node type that it becomes; empty: it is left out (a comment).
        ins, outs: Names of sockets, where they differ: original -> ours, or `DROP`.
        old: Names of inputs of older versions; they count where the first of them stands on the node.
        values: Literals that are always placed.
        defaults: Literals that are placed where there is neither a wire nor a literal, by our names.
        options: Options that are always placed.
        as_original: Options that make our node give the original's result where it would rather fail (42 / 0 is 0
            there); `nodeflow convert --strict` leaves them out.
        nulls: What a null over a wire into an input counts as, where that is not the empty value of its type.
        adapt: What else is to be done, after literals have been placed.
        differs: What it does otherwise than the original, on purpose, for the table in the docs.
    """

    name: str
    type: str
    ins: Mapping[str, str] = Factory(dict)
    outs: Mapping[str, str] = Factory(dict)
    old: Mapping[str, str] = Factory(dict)
    values: Mapping[str, Any] = Factory(dict)
    defaults: Mapping[str, Any] = Factory(dict)
    options: Mapping[str, Any] = Factory(dict)
    as_original: Mapping[str, Any] = Factory(dict)
    nulls: Mapping[str, Any] = Factory(dict)
    adapt: Adapt | None = None
    differs: str = ""

    def input_names(self, present: set[str]) -> dict[str, str]:
        """Our input by plain original name; `present` are the inputs that stand on the node."""
        found = {plain(name): target for name, target in self.ins.items()}
        if self.old and plain(next(iter(self.old))) in present:
            found.update({plain(name): target for name, target in self.old.items()})
        return found


# --- adaptations of several -----------------------------------------------------------------------------


def exit_after(draft: Draft) -> None:
    """An `Exit` that never fires in the original: it fires when all that the node triggers has ended."""
    if EXIT not in draft.wired_out:
        return
    id = draft.helper("then", "flow.sequence", {}, {"steps": ["run", EXIT]})
    draft.ins["enter"] = (id, "enter")
    draft.outs[EXIT] = (id, EXIT)
    draft.wires.append((id, "run", draft.id, "enter"))


def with_name(draft: Draft) -> None:
    """The name of a variable is an option here, unless it is wired."""
    name = draft.values.pop("name", UNSET)
    if "name" in draft.wired_in:
        return
    if isinstance(name, str) and name:
        draft.options["name"] = name
    else:
        draft.problems.append(("Name", "the variable has no name"))


def give_on(draft: Draft) -> None:
    """Setting a variable has an output only as an update."""
    if "value" in draft.wired_out:
        draft.type = "variables.update"
        draft.options["op"] = "set"


def picks(name: str, type: str, **more: Any) -> Rule:
    """One that goes on at one of its outputs, and then, as it evidently should, at its `Exit`."""
    return Rule(name, type, adapt=exit_after, **more)
