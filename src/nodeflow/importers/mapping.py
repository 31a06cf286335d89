"""NodeEditor's node types -> nodeflow's, as a table. What `nodeflow.importers.nodeeditor` looks up.

A rule says which node type an original becomes, and what is different about it: sockets of other names,
literals that the original has where ours has others, options, and, where that is not enough, an `adapt`
function that looks at the placed node. Sockets whose names differ only in letter case, spaces and
underscores need no word: `TrueValue` finds `true_value`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import Factory, define, field, frozen

from nodeflow.library import nodeeditor as nodes
from nodeflow.library import nodeeditor_data as nodes_data
from nodeflow.library import standard_registry
from nodeflow.library.variables import get
from nodeflow.model import UNSET
from nodeflow.node import NodeType
from nodeflow.registry import Registry

DROP: Final = ""
"""In place of a socket's name: the original never does anything with it, wires to it are left out."""

EXIT: Final = "exit"


def plain(name: str) -> str:
    """A name without what people spell differently.

    >>> plain("True Value"), plain("true_value")
    ('truevalue', 'truevalue')
    """
    return "".join(name.split()).replace("_", "").casefold()


def types() -> Registry:
    """All node types that rules name."""
    return standard_registry() | Registry(nodes, nodes_data)


@define
class Draft:
    """A placed node on its way: `adapt` functions change it.

    Attributes:
        ins, outs: Sockets by plain original name: the node and the socket that take its wires, or `DROP`.
        wired_in, wired_out: Plain original names of sockets that have wires.
        helpers: Further nodes, by id: type, values and options.
        wires: Wires between this node and its helpers.
        problems: What keeps it from being mapped.
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
        adapt: What else is to be done, after literals have been placed.
    """

    name: str
    type: str
    ins: Mapping[str, str] = Factory(dict)
    outs: Mapping[str, str] = Factory(dict)
    old: Mapping[str, str] = Factory(dict)
    values: Mapping[str, Any] = Factory(dict)
    defaults: Mapping[str, Any] = Factory(dict)
    options: Mapping[str, Any] = Factory(dict)
    adapt: Adapt | None = None

    def input_names(self, present: set[str]) -> dict[str, str]:
        """Our input by plain original name; `present` are the inputs that stand on the node."""
        found = {plain(name): target for name, target in self.ins.items()}
        if self.old and plain(next(iter(self.old))) in present:
            found.update({plain(name): target for name, target in self.old.items()})
        return found


# --- adaptations --------------------------------------------------------------------------------------


def exit_after(draft: Draft) -> None:
    """An `Exit` that never fires in the original: it fires when all that the node triggers has ended."""
    if EXIT not in draft.wired_out:
        return
    id = draft.helper("then", "flow.sequence", {}, {"steps": ["run", EXIT]})
    draft.ins["enter"] = (id, "enter")
    draft.outs[EXIT] = (id, EXIT)
    draft.wires.append((id, "run", draft.id, "enter"))


def delay(draft: Draft) -> None:
    """Milliseconds that are known and usual become seconds of the library's node."""
    ms = draft.values.get("ms")
    if "delayms" not in draft.wired_in and isinstance(ms, int | float) and 0 <= ms < math.inf:
        draft.type = "flow.delay"
        draft.values = {"seconds": ms / 1000}


def inclusive_end(draft: Draft) -> None:
    """`End` of a reversed loop is still visited."""
    if "end" in draft.wired_in:
        id = draft.helper("stop", "math.subtract", {"b": 1})
        draft.ins["end"] = (id, "a")
        draft.wires.append((id, "result", draft.id, "stop"))
        draft.values.pop("stop", None)
    elif isinstance(draft.values.get("stop"), int):
        draft.values["stop"] -= 1


def no_zero_step(draft: Draft) -> None:
    """A step of 0 counts as 1."""
    if draft.values.get("step") == 0:
        draft.values["step"] = 1


def at_least_one(draft: Draft) -> None:
    """`MaxParallelism` below 1 counts as 1."""
    parallel = draft.values.get("parallel")
    if isinstance(parallel, int) and parallel < 1:
        draft.values["parallel"] = 1


def with_name(draft: Draft) -> None:
    """The name of a variable is an option here, unless it is wired."""
    name = draft.values.pop("name", UNSET)
    if "name" in draft.wired_in:
        return
    if isinstance(name, str) and name:
        draft.options["name"] = name
    else:
        draft.problems.append(("Name", "the variable has no name"))


def set_variable(draft: Draft) -> None:
    with_name(draft)
    give_on(draft)


def give_on(draft: Draft) -> None:
    """Setting a variable has an output only as an update."""
    if "value" in draft.wired_out:
        draft.type = "variables.update"
        draft.options["op"] = "set"


def no_format(draft: Draft) -> None:
    """Only the plain form of a number is mapped."""
    text = draft.values.pop("format", "")
    if "format" in draft.wired_in or text:
        draft.problems.append(("Format", "number formats are not mapped"))


def no_digits(draft: Draft) -> None:
    """An older `Round` had digits; rounding to none is what it does now."""
    if "digits" in draft.wired_in or draft.values.pop("digits", 0):
        draft.problems.append(("Digits", "rounding to digits is not mapped"))


# --- the table ----------------------------------------------------------------------------------------

LOOP: Final = {"LoopPath": "body"}
VALUE_OF: Final = {"Value": get.data_outs[0].name}
A_B: Final = {"a": 0, "b": 0}
TEXTS: Final = {"a": "", "b": ""}


def _steps(name: str, *outputs: str) -> Rule:
    """One that triggers its outputs in order, and then its `Exit`."""
    return Rule(
        name,
        "flow.sequence",
        outs={original: plain(original) for original in outputs} | {"Exit": EXIT},
        options={"steps": [*map(plain, outputs), EXIT]},
    )


def _picks(name: str, type: str, **more: Any) -> Rule:
    """One that goes on at one of its outputs, and then, as it evidently should, at its `Exit`."""
    return Rule(name, type, adapt=exit_after, **more)


def _constant(name: str, **more: Any) -> Rule:
    return Rule(name, "nodeeditor.value", **more)


def _fixed(name: str, value: Any) -> Rule:
    return Rule(name, "nodeeditor.value", values={"value": value})


def _op(name: str, type: str, op: str, **more: Any) -> Rule:
    return Rule(name, f"nodeeditor.{type}", options={"op": op}, **more)


FLOW: Final = (
    Rule("Start", "flow.start"),
    Rule("Marker", "nodeeditor.marker"),
    Rule("Consume", "nodeeditor.consume"),
    Rule("Delay", "nodeeditor.delay", ins={"DelayMs": "ms"}, defaults={"ms": 1000}, adapt=delay),
    Rule("Comment", ""),
    Rule("Branch", "flow.if", ins={"Start": "enter", "Cond": "condition"}),
    Rule("For Loop", "flow.for", ins={"LoopTimes": "times"}, outs=LOOP),
    Rule(
        "For Loop Reverse", "flow.for_range", ins={"End": "stop"}, outs=LOOP, values={"step": -1},
        defaults={"start": 9, "stop": 0}, adapt=inclusive_end,
    ),
    Rule(
        "For Loop Step", "flow.for_range", ins={"StartValue": "start", "EndValue": "stop"}, outs=LOOP,
        adapt=no_zero_step,
    ),
    Rule("ForEach Loop", "flow.for_each", ins={"List": "items"}, outs={**LOOP, "Obj": "item"}),
    Rule("ForEach Dict", "nodeeditor.for_each_dict", outs=LOOP),
    Rule(
        "Loop N Times", "flow.for", ins={"N": "times"}, outs={"Iteration": "index", "Done": EXIT},
        defaults={"times": 5},
    ),
    Rule(
        "Parallel ForEach", "flow.batch", ins={"List": "items", "MaxParallelism": "parallel"},
        outs={"LoopPath": "process", "Exit": "continue"}, values={"size": 1}, defaults={"parallel": 4},
        adapt=at_least_one,
    ),
    Rule("While Loop", "nodeeditor.while", outs=LOOP),
    Rule("Do While Loop", "nodeeditor.do_while", outs=LOOP),
    Rule("Repeat Until", "nodeeditor.do_while", outs=LOOP, options={"until": True}),
    _picks("Multi Branch", "nodeeditor.multi_branch"),
    _picks(
        "Gate", "flow.if", ins={"Open": "condition"}, outs={"Continue": "true", "Closed": "false"},
        defaults={"condition": True},
    ),
    _picks(
        "Switch Int", "flow.switch", outs={f"Case {i}": str(i) for i in range(5)},
        options={"cases": [0, 1, 2, 3, 4]}, defaults={"value": 0},
    ),
    _picks("Switch String", "nodeeditor.switch_text"),
    _picks("Once", "nodeeditor.once"),
    _picks("Flip Flop", "nodeeditor.flip_flop"),
    _steps("Sequence", "Then 0", "Then 1", "Then 2", "Then 3"),
    _steps("Parallel Branch", "A", "B", "C", "D"),
    Rule("Counter", "nodeeditor.counter"),
    Rule("Wait Count", "nodeeditor.wait_count"),
    Rule("Throw Error", "flow.fail", outs={"Exit": DROP}, defaults={"message": "An error occurred"}),
    Rule("Try Catch", "flow.try", outs={"Try": "body"}),
    Rule("Get Variable", "variables.get", outs=VALUE_OF, defaults={"name": "myVar"}, adapt=with_name),
    Rule("Set Variable", "variables.set", defaults={"name": "myVar", "value": None}, adapt=set_variable),
    Rule("Increment Variable", "nodeeditor.increment", defaults={"name": "counter"}, adapt=with_name),
    Rule("Debug Print", "flow.print"),
    Rule("Print Value", "nodeeditor.print_value", outs={"PassThrough": "result"}),
    Rule("Log", "flow.print", ins={"Message": "value"}, defaults={"value": ""}),
    Rule("Debug Warning", "flow.log", options={"level": "warning"}),
    Rule("Debug Error", "flow.log", options={"level": "error"}),
    Rule("Breakpoint", "flow.log", ins={"Label": "message"}, defaults={"message": "Breakpoint hit"}),
    Rule("Assert", "nodeeditor.assert"),
)  # fmt: skip

VALUES: Final = (
    _constant("Boolean", defaults={"value": False}),
    _constant("Integer", defaults={"value": 0}),
    _constant("Number", defaults={"value": 0.0}),
    _constant("Pass Through"),
    Rule("String", "convert.to_text", defaults={"value": ""}),
    _fixed("Null", None),
    _fixed("True", True),
    _fixed("False", False),
    _fixed("PI", math.pi),
    _fixed("E", math.e),
    _fixed("New Line", "\n"),
    Rule("To String", "convert.to_text"),
    Rule("Number To String", "convert.to_text", ins={"Format": "format"}, defaults={"value": 0.0}, adapt=no_format),
    _op("Int To Double", "number", "float"),
    _op("Double To Int", "number", "truncate"),
    _op("To Int", "convert", "int"),
    _op("To Double", "convert", "float"),
    _op("To Bool", "convert", "bool"),
    _op("Parse Int", "parse", "int", defaults={"value": "0", "default": 0}),
    _op("Parse Double", "parse", "float", defaults={"value": "0", "default": 0.0}),
    _op("Parse Bool", "parse", "bool", defaults={"value": "false", "default": False}),
    Rule("And", "logic.and"),
    Rule("Or", "logic.or"),
    Rule("Not", "logic.not"),
    _op("Xor", "compare", "not_equal", defaults={"a": False, "b": False}),
    Rule("Equal", "logic.equal"),
    Rule("Equal Int", "logic.equal", defaults=A_B),
    Rule("String Equal", "logic.equal", defaults=TEXTS),
    _op("String Equal Ignore Case", "compare", "same_text"),
    _op("Not Equal", "compare", "not_equal"),
    Rule("Greater Than", "logic.greater"),
    Rule("Greater Than Int", "logic.greater"),
    Rule("Less Than", "logic.less"),
    Rule("Less Than Int", "logic.less"),
    _op("Greater Or Equal", "compare", "at_least", defaults=A_B),
    _op("Less Or Equal", "compare", "at_most", defaults=A_B),
    Rule("Is Null", "logic.equal", ins={"Value": "a"}, values={"b": None}),
    _op("Is Not Null", "compare", "not_equal", ins={"Value": "a"}, values={"b": None}),
    Rule("Coalesce", "nodeeditor.coalesce"),
    *(
        Rule(
            name, "logic.select", ins={"TrueValue": "then", "FalseValue": "otherwise"},
            defaults={"then": default, "otherwise": default},
        )
        for name, default in (("Select", None), ("Select Number", 0.0), ("Select String", ""))
    ),
)  # fmt: skip

MATH: Final = (
    Rule("Add", "math.add"),
    Rule("Add Int", "math.add"),
    Rule("Subtract", "math.subtract"),
    Rule("Subtract Int", "math.subtract"),
    Rule("Multiply", "math.multiply"),
    Rule("Multiply Int", "math.multiply"),
    Rule("Increment", "math.add", ins={"Value": "a"}, values={"b": 1}),
    Rule("Decrement", "math.subtract", ins={"Value": "a"}, values={"b": 1}),
    Rule("Negate", "math.multiply", ins={"Value": "a"}, values={"b": -1}),
    _op("Divide", "calculate", "divide", defaults={"b": 1}),
    _op("Divide Int", "calculate", "divide_int", defaults={"b": 1}),
    _op("Mod", "calculate", "remainder", defaults={"b": 1}),
    _op("Min", "calculate", "min"),
    _op("Max", "calculate", "max"),
    _op("Power", "calculate", "power", ins={"Base": "a", "Exponent": "b"}, defaults={"b": 2}),
    _op("Atan2", "calculate", "atan2", ins={"Y": "a", "X": "b"}, defaults={"b": 1}),
    _op("Bitwise And", "calculate", "bit_and"),
    _op("Bitwise Or", "calculate", "bit_or"),
    _op("Bitwise Xor", "calculate", "bit_xor"),
    _op("Abs", "number", "abs"),
    _op("Ceiling", "number", "ceiling"),
    _op("Floor", "number", "floor"),
    _op("Truncate", "number", "truncate"),
    _op("Round", "number", "round", ins={"Digits": "digits"}, adapt=no_digits),
    _op("Sqrt", "number", "sqrt"),
    _op("Sign", "number", "sign", outs={"Sign": "result"}),
    _op("Is Even", "number", "is_even"),
    _op("Is Odd", "number", "is_odd"),
    _op("Is NaN", "number", "is_nan"),
    _op("Is Infinity", "number", "is_infinite"),
    _op("Exp", "number", "exp"),
    Rule("Log10", "nodeeditor.number", options={"op": "log10"}, defaults={"value": 1.0}),
    _op("Sin", "number", "sin", ins={"Radians": "value"}),
    _op("Cos", "number", "cos", ins={"Radians": "value"}),
    _op("Tan", "number", "tan", ins={"Radians": "value"}),
    _op("Deg To Rad", "number", "to_radians", ins={"Degrees": "value"}),
    _op("Rad To Deg", "number", "to_degrees", ins={"Radians": "value"}),
    Rule("Clamp", "nodeeditor.clamp"),
    Rule("Random Double", "random.uniform"),
    Rule("Random Double Range", "random.uniform", ins={"Min": "low", "Max": "high"}),
)

_INPUT: Final = {"Input": "value"}

TEXT: Final = (
    Rule("String Concat", "text.concat"),
    Rule("String Concat 3", "nodeeditor.concat"),
    Rule("String Concat 4", "nodeeditor.concat"),
    Rule("String Format", "nodeeditor.format"),
    _op("String Length", "text", "length", ins=_INPUT, outs={"Length": "result"}),
    _op("String Is Empty", "text", "is_empty"),
    _op("String Is Whitespace", "text", "is_whitespace"),
    _op("Reverse String", "text", "reverse"),
    _op("To Upper", "text", "upper", ins=_INPUT),
    _op("To Lower", "text", "lower", ins=_INPUT),
    _op("Trim", "text", "trim", ins=_INPUT),
    *(
        _op(name, "search", op, ins={given: "search"}, outs={plain(name): "result"}, old={**_INPUT, "Value": "search"})
        for name, op, given in (
            ("Contains", "contains", "Search"),
            ("Starts With", "starts_with", "Prefix"),
            ("Ends With", "ends_with", "Suffix"),
            ("Index Of", "index_of", "Search"),
            ("Last Index Of", "last_index_of", "Search"),
        )
    ),
    Rule("Replace", "nodeeditor.replace", ins={**_INPUT, "OldValue": "old", "NewValue": "new"}),
    Rule("Substring", "nodeeditor.substring", ins=_INPUT),
    Rule("Repeat String", "nodeeditor.repeat"),
    Rule("Split", "nodeeditor.split", ins=_INPUT, outs={"List": "result"}),
    Rule("Join", "nodeeditor.join", ins={"Delimiter": "separator"}),
)

COLLECTIONS: Final = (
    Rule("List Create", "nodeeditor.value", outs={"List": "result"}, values={"value": []}),
    Rule("List Add", "lists.append", ins={"Value": "item"}),
    Rule("List Count", "lists.length", outs={"Count": "result"}),
    Rule("List Get", "nodeeditor.list_get", outs={"Value": "result"}),
    Rule("List Contains", "nodeeditor.list_contains", outs={"Contains": "result"}),
    Rule("List Index Of", "nodeeditor.list_find", outs={"Index": "result"}),
    _op("List Any", "list", "any"),
    _op("List Is Empty", "list", "is_empty"),
    _op("List Clear", "list", "clear"),
    _op("List Reverse", "list", "reverse"),
    _op("List Distinct", "list", "distinct"),
    _op("List Sort", "list", "sort"),
    _op("List Sort Descending", "list", "sort_descending"),
    _op("List Sum", "list", "sum"),
    _op("List Average", "list", "average"),
    _op("List Min", "list", "min"),
    _op("List Max", "list", "max"),
    _op("List To String", "list", "to_text"),
    Rule("List First", "nodeeditor.list_end"),
    Rule("List Last", "nodeeditor.list_end", options={"last": True}),
    _op("List Insert", "list_edit", "insert", ins={"Value": "item"}),
    _op("List Set", "list_edit", "set", ins={"Value": "item"}),
    _op("List Remove At", "list_edit", "remove_at"),
    Rule("List Remove Value", "nodeeditor.list_remove"),
    Rule("List Concat", "nodeeditor.list_concat"),
    Rule("List Slice", "nodeeditor.list_slice"),
    Rule("List Range", "nodeeditor.list_range"),
    Rule("List Repeat", "nodeeditor.list_repeat"),
    Rule("Dict Create", "nodeeditor.value", values={"value": {}}),
    Rule("Dict Get", "nodeeditor.dict_get"),
    Rule("Dict Set", "nodeeditor.dict_set"),
    Rule("Dict Remove", "nodeeditor.dict_remove"),
    Rule("Dict Merge", "nodeeditor.dict_merge"),
    Rule("Dict Contains Key", "nodeeditor.dict_has"),
    _op("Dict Keys", "dict", "keys"),
    _op("Dict Values", "dict", "values"),
    _op("Dict Count", "dict", "count"),
    _op("Dict Clear", "dict", "clear"),
)

RULES: Final[Mapping[str, Rule]] = {plain(rule.name): rule for rule in (*FLOW, *VALUES, *MATH, *TEXT, *COLLECTIONS)}
"""By plain display name; ids of definitions lead to the same names."""

LOGARITHM: Final = Rule("Log", "nodeeditor.number", options={"op": "log"}, defaults={"value": 1.0})
"""The other node that is named Log: it has no exec sockets."""

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
