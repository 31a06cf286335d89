"""Conditions, Flow, Debug, Helpers, Variables."""

from __future__ import annotations

import math
from typing import Final

from nodeflow.importers.rule import DROP, EXIT, Draft, Rule, give_on, picks, plain, with_name
from nodeflow.library.variables import get


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


def set_variable(draft: Draft) -> None:
    with_name(draft)
    give_on(draft)


LOOP: Final = {"LoopPath": "body"}
VALUE_OF: Final = {"Value": get.data_outs[0].name}


def _steps(name: str, *outputs: str) -> Rule:
    """One that triggers its outputs in order, and then its `Exit`."""
    return Rule(
        name,
        "flow.sequence",
        outs={original: plain(original) for original in outputs} | {"Exit": EXIT},
        options={"steps": [*map(plain, outputs), EXIT]},
    )


RULES: Final = (
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
    picks("Multi Branch", "nodeeditor.multi_branch"),
    picks(
        "Gate", "flow.if", ins={"Open": "condition"}, outs={"Continue": "true", "Closed": "false"},
        defaults={"condition": True},
    ),
    picks(
        "Switch Int", "flow.switch", outs={f"Case {i}": str(i) for i in range(5)},
        options={"cases": [0, 1, 2, 3, 4]}, defaults={"value": 0},
    ),
    picks("Switch String", "nodeeditor.switch_text"),
    picks("Once", "nodeeditor.once"),
    picks("Flip Flop", "nodeeditor.flip_flop"),
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
