"""What happens when exec nodes of the catalogue are activated, by hand from what it says about each.

Where the catalogue calls the original defective, what its author evidently meant: an `Exit` that never
fired comes after what the node triggers, a condition is looked at before each round, what a node
remembers is one for the whole run.
"""

from __future__ import annotations

from typing import Any, Final

from catalogue_drawing import Flow, From
from catalogue_values import HIGH, LOW
from nodeeditor_drawing import node

LOOP: Final = {"LoopPath": "Index"}


def lines(*indexes: Any, path: str = "LoopPath", last: str = "Exit") -> list[str]:
    return [*(f"{path}: {index}" for index in indexes), last]


def counting(test: str, limit: int = 3) -> Flow:
    """The body counts a variable up; the condition compares it."""
    return Flow(
        [*["LoopPath"] * limit, "Exit"],
        {"Condition": From("test.Result")},
        nodes=[
            node("inc", "Increment Variable", Name="n"),
            node("get", "Get Variable", Name="n"),
            node("test", test, B=limit),
        ],
        wires=["p-LoopPath.Exit > inc.Enter", "get.Value > test.A"],
    )


def forever(condition: bool) -> Flow:
    return Flow([*["LoopPath"] * 10_000, "Exit"], {"Condition": condition})


def branches(*values: Any, **more: Any) -> Flow:
    return Flow(sorted([*(f"LoopPath: {value}" for value in values), "Exit"]), sort=True, **more)


CONDITIONS: dict[str, list[Flow]] = {
    "Conditions/Branch": [
        Flow(["True"], {"Cond": True}), Flow(["False"], {"Cond": False}), Flow(["False"]),
            Flow(["False"], {"Cond": None}),
    ],
    "Conditions/Do While Loop": [Flow(["LoopPath", "Exit"]), counting("Less Than Int"), forever(True)],
    "Conditions/While Loop": [Flow(["Exit"]), counting("Less Than Int"), forever(True)],
    "Conditions/Repeat Until": [
        Flow(["LoopPath", "Exit"], {"Condition": True}), counting("Greater Or Equal"), forever(False),
    ],
    "Conditions/For Loop": [
        Flow(lines(*range(10)), shows=LOOP),
        Flow(lines(0, 1, 2, last="Exit: 2"), {"LoopTimes": 3}, shows={**LOOP, "Exit": "Index"}, left={"Index": 2}),
        Flow(["Exit"], {"LoopTimes": 0}, shows=LOOP), Flow(["Exit"], {"LoopTimes": -1}, shows=LOOP),
        Flow(["Exit"], {"LoopTimes": None}),
    ],
    "Conditions/For Loop Reverse": [
        Flow(lines(*range(9, -1, -1)), shows=LOOP),
        Flow(lines(2, 1, 0, -1), {"Start": 2, "End": -1}, shows=LOOP),
        Flow(lines(5), {"Start": 5, "End": 5}, shows=LOOP), Flow(["Exit"], {"Start": 0, "End": 1}, shows=LOOP),
        Flow(lines(1, 0), {"Start": 1, "End": None}, shows=LOOP),
    ],
    "Conditions/For Loop Step": [
        Flow(lines(*range(10)), shows=LOOP),
        Flow(lines(1, 3, 5), {"StartValue": 1, "EndValue": 6, "Step": 2}, shows=LOOP),
        Flow(lines(3, 1), {"StartValue": 3, "EndValue": 0, "Step": -2}, shows=LOOP),
        Flow(lines(0, 1), {"EndValue": 2, "Step": 0}, shows=LOOP),
        Flow(["Exit"], {"StartValue": 5, "EndValue": 0}, shows=LOOP),
        Flow(lines(0, 1), {"EndValue": 2, "Step": None}, shows=LOOP),
    ],
    "Conditions/ForEach Dict": [
        Flow(lines("b", "a"), {"Dict": {"b": 1, "a": 2}}, shows={"LoopPath": "Key"}),
        Flow(lines(1, "x"), {"Dict": {"b": 1, "a": "x"}}, shows={"LoopPath": "Value"},
            left={"Key": "a", "Value": "x"}),
        Flow(["Exit"]), Flow(["Exit"], {"Dict": None}), Flow(["Exit"], {"Dict": {}}),
    ],
    "Conditions/ForEach Loop": [
        Flow(lines("a", 2, ""), {"List": ["a", 2, None]}, shows={"LoopPath": "Obj"}),
        Flow(["Exit"]), Flow(["Exit"], {"List": None}), Flow(["Exit"], {"List": []}),
    ],
    "Conditions/Loop N Times": [
        Flow([*lines(0, 1, 2, 3, 4, path="Body", last="Done"), "Exit"], shows={"Body": "Iteration"}),
        Flow(["Body: 0", "Done", "Exit"], {"N": 1}, shows={"Body": "Iteration"}),
        Flow(["Done", "Exit"], {"N": -3}), Flow(["Done", "Exit"], {"N": None}),
    ],
    "Conditions/Multi Branch": [
        Flow(["Default", "Exit"]), Flow(["Path 0", "Exit"], {"Cond 0": True, "Cond 3": True}),
        Flow(["Path 1", "Exit"], {"Cond 1": True, "Cond 2": True}), Flow(["Path 2", "Exit"], {"Cond 2": True}),
        Flow(["Path 3", "Exit"], {"Cond 0": False, "Cond 3": True}), Flow(["Default", "Exit"], {"Cond 1": None}),
    ],
    "Conditions/Parallel ForEach": [
        branches("a", 1, "", inputs={"List": ["a", 1, None]}, shows={"LoopPath": "Item"}),
        branches(0, 1, inputs={"List": ["a", "b"]}, shows={"LoopPath": "Index"}),
        Flow(lines(0, 1, 2), {"List": [5, 6, 7], "MaxParallelism": 0}, shows=LOOP),
        Flow(lines(0, 1, 2), {"List": [5, 6, 7], "MaxParallelism": None}, shows=LOOP),
        Flow(["Exit"]), Flow(["Exit"], {"List": None}), Flow(["Exit"], {"List": []}),
        Flow(  # four at once, then the fifth, then what comes behind them all
            ["LoopPath"] * 5 + ["Exit"], {"List": [1, 2, 3, 4, 5]}, to={"LoopPath": "wait.Enter"},
            nodes=[node("wait", "Delay", DelayMs=100), node("say", "Debug Print", Value="LoopPath")],
            wires=["wait.Exit > say.Enter"], seconds=0.2,
        ),
    ],
}  # fmt: skip

DEBUG: dict[str, list[Flow]] = {
    "Debug/Assert": [
        Flow(["Exit"]), Flow(["Exit"], {"Condition": True, "Message": "no"}),
        Flow([], {"Condition": False}, fails="Assertion failed"),
        Flow([], {"Condition": False, "Message": "too bad"}, fails="too bad"),
            Flow([], {"Condition": None}, fails="Assertion"),
    ],
    "Debug/Breakpoint": [Flow(["Exit"], says=["Breakpoint hit"]), Flow(["Exit"], {"Label": "here"}, says=["here"])],
    "Debug/Debug Error": [Flow(["Exit"], says=[""]), Flow(["Exit"], {"Message": "bad"}, says=["bad"])],
    "Debug/Debug Warning": [Flow(["Exit"], says=[""]), Flow(["Exit"], {"Message": "mind"}, says=["mind"])],
    "Debug/Debug Print": [
        Flow(["", "Exit"]), Flow(["a", "Exit"], {"Value": "a"}), Flow(["L: 2", "Exit"], {"Label": "L", "Value": 2.0}),
        Flow(["L: ", "Exit"], {"Label": "L", "Value": None}), Flow(["2.5", "Exit"], {"Label": "", "Value": 2.5}),
        Flow(["True", "Exit"], {"Value": True}),
    ],
    "Debug/Log": [Flow(["", "Exit"]), Flow(["hello", "Exit"], {"Message": "hello"}),
        Flow(["", "Exit"], {"Message": None})],
    "Debug/Stopwatch": [
        Flow(  # started, 100 ms later stopped, and 100 ms later looked at
            ["Exit: 0", "Exit: 100", "Exit: 100"], {"Start": From("first.Result"), "Stop": From("later.Result")},
            times=3, shows={"Exit": "ElapsedMs"},
            nodes=[node("first", "Equal Int", B=0), node("later", "Equal Int", B=1),
                node("wait", "Delay", DelayMs=100)],
            wires=["loop.Index > first.A", "loop.Index > later.A", "p-Exit.Exit > wait.Enter"],
        ),
        Flow(
            ["Exit: 0", "Exit: 100", "Exit: 0"], {"Reset": From("third.Result")}, times=3, shows={"Exit": "ElapsedMs"},
            nodes=[node("third", "Equal Int", B=2), node("wait", "Delay", DelayMs=100)],
            wires=["loop.Index > third.A", "p-Exit.Exit > wait.Enter"],
        ),
        Flow(["Exit: 0"], {"Start": False}, shows={"Exit": "ElapsedMs"}),
    ],
    "Debug/Timer": [
        Flow(
            ["Body", "Done: 250", "Exit"], to={"Body": "wait.Enter"}, shows={"Done": "ElapsedMs"},
            nodes=[node("wait", "Delay", DelayMs=250), node("say", "Debug Print", Value="Body")],
                wires=["wait.Exit > say.Enter"],
        ),
        Flow([], to={"Body": "throw.Enter"}, nodes=[node("throw", "Throw Error", Message="oh")], fails="oh"),
    ],
}  # fmt: skip

THROW: Final = node("throw", "Throw Error", Message="oh")
RESET: Final = {
    "nodes": [node("third", "Equal Int", B=2)],
    "wires": ["loop.Index > third.A"],
}
EACH: Final = node("each", "Parallel ForEach", List=[1, 2, 3])

FLOW: dict[str, list[Flow]] = {
    "Flow/Counter": [
        Flow(["Exit: 1"], shows={"Exit": "Count"}),
            Flow(["Exit: 1", "Exit: 2", "Exit: 3"], times=3, shows={"Exit": "Count"}),
        Flow(
            ["Exit: 1", "Exit: 2", "Exit: 1", "Exit: 2"], {"Reset": From("third.Result")}, times=4,
                shows={"Exit": "Count"}, **RESET
        ),
    ],
    "Flow/Flip Flop": [
        Flow(["A", "Exit"], left={"IsA": True}),
            Flow(["A", "Exit", "B", "Exit", "A", "Exit"], times=3, left={"IsA": True}),
        Flow(["A", "Exit", "B", "Exit"], times=2, left={"IsA": False}),
    ],
    "Flow/Gate": [
        Flow(["Continue", "Exit"]), Flow(["Closed", "Exit"], {"Open": False}),
            Flow(["Continue", "Exit"], {"Open": True}),
        Flow(["Closed", "Exit"], {"Open": None}),
    ],
    "Flow/Once": [Flow(["First", "Exit"]), Flow(["First", "Exit", *["Already Run", "Exit"] * 2], times=3)],
    "Flow/Parallel Branch": [Flow(["A", "B", "C", "D", "Exit"]),
        Flow(["A"], to={"B": "throw.Enter"}, nodes=[THROW], fails="oh")],
    "Flow/Sequence": [
        Flow(["Then 0", "Then 1", "Then 2", "Then 3", "Exit"]),
        Flow(["Then 0"], to={"Then 1": "throw.Enter"}, nodes=[THROW], fails="oh"),
        Flow(  # each to completion
            ["late", "Then 1", "Then 2", "Then 3", "Exit"], to={"Then 0": "wait.Enter"},
            nodes=[node("wait", "Delay", DelayMs=50), node("say", "Debug Print", Value="late")],
                wires=["wait.Exit > say.Enter"],
        ),
    ],
    "Flow/Switch Int": [
        *(Flow([f"Case {value}", "Exit"], {"Value": value}) for value in range(5)), Flow(["Case 0", "Exit"]),
        *(Flow(["Default", "Exit"], {"Value": value}) for value in (5, -1, HIGH, LOW)),
            Flow(["Case 0", "Exit"], {"Value": None}),
    ],
    "Flow/Switch String": [
        *(Flow([f"Case {i}", "Exit"], {"Value": "bcde"[i], "Match 0": "b", "Match 1": "c", "Match 2": "d",
            "Match 3": "e"}) for i in range(4)),
        Flow(["Case 0", "Exit"]), Flow(["Case 0", "Exit"], {"Value": None}), Flow(["Default", "Exit"], {"Value": "x"}),
        Flow(["Default", "Exit"], {"Value": "A", "Match 0": "a"}),
            Flow(["Case 1", "Exit"], {"Value": "a", "Match 1": "a", "Match 3": "a"}),
        Flow(["Case 1", "Exit"], {"Value": "", "Match 0": "a"}),
            Flow(["Default", "Exit"], {"Value": "default", "Match 0": "a"}),
    ],
    "Flow/Throw Error": [
        Flow([], fails="An error occurred"), Flow([], {"Message": "too bad"}, fails="too bad"),
        Flow([], {"Message": None}, fails="An error occurred"),
    ],
    "Flow/Try Catch": [
        Flow(["Try", "Finally", "Exit: "], shows={"Exit": "Error"}),
        Flow(["Catch: oh", "Finally", "Exit"], to={"Try": "throw.Enter"}, shows={"Catch": "Error"}, nodes=[THROW]),
        Flow(
            ["Finally"], to={"Try": "throw.Enter", "Catch": "again.Enter"}, fails="once more",
            nodes=[THROW, node("again", "Throw Error", Message="once more")],
        ),
        Flow(
            ["Try"], to={"Finally": "throw.Enter"}, nodes=[THROW], fails="oh",
        ),
        Flow(  # what a data node fails with is caught too
            ["Catch", "Finally", "Exit"], to={"Try": "use.Enter"},
            nodes=[node("use", "Consume"), node("bad", "Clamp", Min=2.0, Max=1.0)], wires=["bad.Result > use.Value"],
        ),
    ],
    "Flow/Wait Count": [
        Flow(["Exit: 2", "Exit: 2"], times=5, shows={"Exit": "TriggersSoFar"}, left={"TriggersSoFar": 1}),
        Flow(["Exit: 3"], {"Count": 3}, times=5, shows={"Exit": "TriggersSoFar"}),
        Flow(["Exit: 1", "Exit: 1"], {"Count": 0}, times=2, shows={"Exit": "TriggersSoFar"}),
        Flow([], {"Count": 3}, times=2), Flow(["Exit"] * 2, {"Count": None}, times=2),
    ],
}  # fmt: skip


def setting(value: Any) -> dict[str, Any]:
    """A Set Variable `v` before the node, of one activation."""
    return {"nodes": [node("before", "Set Variable", Name="v", Value=value)]}


HELPERS: dict[str, list[Flow]] = {
    "Helpers/Consume": [
        Flow(["Exit"]), Flow(["Exit"], {"Value": [1]}),
        Flow(["seen", "Exit"], {"Value": From("say.PassThrough")}, nodes=[node("say", "Print Value", Value="seen")]),
    ],
    "Helpers/Delay": [
        Flow(["Exit"], seconds=1.0), Flow(["Exit"], {"DelayMs": 250}, seconds=0.25),
            Flow(["Exit"], {"DelayMs": 0}, seconds=0.0),
        Flow([], {"DelayMs": -2}, fails="'x'"), Flow(["Exit"], {"DelayMs": None}, seconds=0.0),
    ],
    "Helpers/Marker": [Flow(["Exit"]), Flow(["Exit"] * 3, times=3)],
    "Helpers/Start": [Flow(["Exit"])],
    "Variables/Increment Variable": [
        Flow(["Exit: 1"], shows={"Exit": "Value"}, left={"Value": 1}),
            Flow(["Exit: 1", "Exit: 2"], times=2, shows={"Exit": "Value"}),
        Flow(["Exit: 5", "Exit: 10"], {"Name": "n", "Step": 5}, times=2, shows={"Exit": "Value"}, left={"Value": 10}),
        Flow(["Exit: -1"], {"Step": -1}, shows={"Exit": "Value"}),
            Flow(["Exit: 0"], {"Step": None}, shows={"Exit": "Value"}),
    ],
    "Variables/Set Variable": [
        Flow(["Exit: 7"], {"Name": "v", "Value": 7}, shows={"Exit": "Value"}, left={"Value": 7}),
        Flow(["Exit: a"], {"Value": "a"}, shows={"Exit": "Value"}),
        Flow(["Exit: "], {"Value": None}, shows={"Exit": "Value"}, left={"Value": None}),
        Flow(
            ["Exit", "7"], {"Name": "v", "Value": 7},
                nodes=[node("get", "Get Variable", Name="v"), node("say", "Debug Print")],
            wires=["p-Exit.Exit > say.Enter", "get.Value > say.Value"],
        ),
    ],
}  # fmt: skip

FLOWS: Final[dict[str, list[Flow]]] = CONDITIONS | DEBUG | FLOW | HELPERS
