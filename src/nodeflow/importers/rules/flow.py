"""Conditions, Flow, Debug, Helpers, Variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from nodeflow.importers.nodeeditor_file import fitting_literal
from nodeflow.importers.rule import DROP, EXIT, Draft, Rule, exit_after, give_on, picks, plain, with_name
from nodeflow.library.variables import get
from nodeflow.model import UNSET
from nodeflow.values import SocketType, parse_type


def delay(draft: Draft) -> None:
    """Milliseconds become seconds: at once where they are known, else when they are."""
    if "delayms" in draft.wired_in:
        id = draft.helper("seconds", "math.divide", {"b": 1000})
        draft.ins["delayms"] = (id, "a")
        draft.wires.append((id, "result", draft.id, "seconds"))
        draft.values.pop("seconds", None)
    else:
        draft.values["seconds"] = draft.values["seconds"] / 1000


def conditions(draft: Draft) -> None:
    """What the file says of conditions are truth values, in whatever way it says so."""
    fitting(draft, PATHS, parse_type("bool"))
    exit_after(draft)


def texts(draft: Draft) -> None:
    """What is compared are texts; what comes over a wire becomes one."""
    fitting(draft, ("value", *CASES), parse_type("text"))
    for name in ("value", *MATCHES):
        if plain(name) in draft.wired_in:
            id = draft.helper(name, "convert.to_text", {}, {} if draft.strict else dict(DOTNET))
            draft.ins[plain(name)] = (id, "value")
            draft.wires.append((id, "result", draft.id, MATCHES.get(name, name)))
    exit_after(draft)


def fitting(draft: Draft, names: Iterable[str], kind: SocketType) -> None:
    """Literals of inputs whose names the graph decides, and whose type here is any."""
    for name in names:
        value = draft.values.get(name, UNSET)
        if value is UNSET:
            continue
        found = fitting_literal(value, kind)
        if found is UNSET:
            draft.problems.append((name, f"{value!r} does not fit {kind}"))
        else:
            draft.values[name] = found


def set_variable(draft: Draft) -> None:
    with_name(draft)
    give_on(draft)


LOOP: Final = {"LoopPath": "body"}
VALUE_OF: Final = {"Value": get.data_outs[0].name}

PATHS: Final = tuple(f"path_{i}" for i in range(4))
MATCHES: Final = {f"match_{i}": f"case_{i}" for i in range(4)}
CASES: Final = tuple(MATCHES.values())

DOTNET: Final = {"style": "dotnet"}

LATE_EXIT: Final = "Its Exit, which never fires in the original, fires when all that the node triggers has ended."
SHARED: Final = "What it remembers is one for the whole run, also in parallel paths, which lose it in the original."
ANEW: Final = (
    "The condition is looked at before each round; in the original it stays what it was when the loop began, so that "
    "the loop ran 0, 1 or 10,000 times."
)


def _steps(name: str, *outputs: str) -> Rule:
    """One that triggers its outputs in order, and then its `Exit`."""
    return Rule(
        name,
        "flow.sequence",
        outs={original: plain(original) for original in outputs} | {"Exit": EXIT},
        options={"steps": [*map(plain, outputs), EXIT]},
        differs=LATE_EXIT,
    )


def _while(name: str, type: str) -> Rule:
    return Rule(
        name, type, outs=LOOP, defaults={"condition": False}, as_original={"limit": 10_000}, differs=ANEW
    )  # fmt: skip


LOOPS: Final = (
    Rule("For Loop", "flow.for", ins={"LoopTimes": "times"}, outs=LOOP),
    Rule(
        "For Loop Reverse", "flow.for_range", ins={"End": "stop"}, outs=LOOP, values={"step": -1},
        defaults={"start": 9, "stop": 0}, options={"inclusive": True},
    ),
    Rule(
        "For Loop Step", "flow.for_range", ins={"StartValue": "start", "EndValue": "stop"}, outs=LOOP,
        as_original={"zero_step": 1},
    ),
    Rule("ForEach Loop", "flow.for_each", ins={"List": "items"}, outs={**LOOP, "Obj": "item"}),
    Rule("ForEach Dict", "flow.for_each_entry", outs=LOOP),
    picks(
        "Loop N Times", "flow.for", ins={"N": "times"}, outs={"Iteration": "index", "Done": EXIT},
        defaults={"times": 5}, differs="Its Exit, which never fires in the original, fires behind Done.",
    ),
    Rule(
        "Parallel ForEach", "flow.batch", ins={"List": "items", "MaxParallelism": "parallel"},
        outs={"LoopPath": "process", "Exit": "continue"}, values={"size": 1}, defaults={"parallel": 4},
        as_original={"at_least_one": True},
    ),
    _while("While Loop", "flow.while"),
    _while("Do While Loop", "flow.do_while"),
    _while("Repeat Until", "flow.repeat_until"),
)  # fmt: skip

DECISIONS: Final = (
    Rule("Branch", "flow.if", ins={"Start": "enter", "Cond": "condition"}),
    Rule(
        "Multi Branch", "flow.choose", ins={f"Cond {i}": path for i, path in enumerate(PATHS)},
        outs={f"Path {i}": path for i, path in enumerate(PATHS)}, options={"conditions": [*PATHS]},
        defaults=dict.fromkeys(PATHS, False), adapt=conditions,
        differs=LATE_EXIT + " Conditions are pulled until one holds.",
    ),
    picks(
        "Gate", "flow.if", ins={"Open": "condition"}, outs={"Continue": "true", "Closed": "false"},
        defaults={"condition": True}, differs=LATE_EXIT,
    ),
    picks(
        "Switch Int", "flow.switch", outs={f"Case {i}": str(i) for i in range(5)},
        options={"cases": [0, 1, 2, 3, 4]}, defaults={"value": 0}, differs=LATE_EXIT,
    ),
    Rule(
        "Switch String", "flow.match", ins=MATCHES, outs={f"Case {i}": case for i, case in enumerate(CASES)},
        options={"cases": [*CASES]}, defaults={"value": "", **dict.fromkeys(CASES, "")}, adapt=texts,
        differs=LATE_EXIT,
    ),
    picks("Once", "flow.once", differs=f"{SHARED} {LATE_EXIT}"),
    picks("Flip Flop", "flow.flip_flop", differs=f"{SHARED} {LATE_EXIT}"),
    Rule("Counter", "flow.counter", ins={"Reset": "start_over"}, differs=SHARED),
    Rule("Wait Count", "flow.wait_for_n", differs=f"{SHARED} It counts right when paths arrive side by side."),
)  # fmt: skip

RULES: Final = (
    Rule("Start", "flow.start"),
    Rule("Marker", "flow.marker"),
    Rule("Consume", "debug.consume"),
    Rule(
        "Delay", "flow.delay", ins={"DelayMs": "seconds"}, defaults={"seconds": 1000},
        as_original={"forever": -0.001, "negative": "error"}, adapt=delay,
    ),
    Rule("Comment", ""),
    *LOOPS,
    *DECISIONS,
    _steps("Sequence", "Then 0", "Then 1", "Then 2", "Then 3"),
    _steps("Parallel Branch", "A", "B", "C", "D"),
    Rule(
        "Throw Error", "flow.fail", outs={"Exit": DROP}, defaults={"message": "An error occurred"},
        nulls={"Message": "An error occurred"},
        differs="Wires from its Exit, which can never fire, are left out.",
    ),
    Rule(
        "Try Catch", "flow.try", outs={"Try": "body"},
        differs="Its Exit, which never fires in the original, fires behind Finally. A time limit that ran out is "
        "caught too.",
    ),
    Rule(
        "Get Variable", "variables.get", outs=VALUE_OF, defaults={"name": "myVar"}, adapt=with_name,
        differs="It reads what the variable is now; the original gives what it was when it was read first.",
    ),
    Rule("Set Variable", "variables.set", defaults={"name": "myVar", "value": None}, adapt=set_variable),
    Rule(
        "Increment Variable", "variables.increment", defaults={"name": "counter"}, as_original={"whole": True},
        adapt=with_name, differs="It changes the variable at once for everyone: parallel paths lose no count.",
    ),
    Rule("Debug Print", "flow.print", as_original=DOTNET),
    Rule(
        "Print Value", "debug.print_value", outs={"PassThrough": "result"}, as_original=DOTNET,
        differs="It prints each new value that comes through; the original prints only the first of a run.",
    ),
    Rule("Log", "flow.print", ins={"Message": "value"}, defaults={"value": ""}, as_original=DOTNET),
    Rule("Debug Warning", "flow.log", options={"level": "warning"}),
    Rule("Debug Error", "flow.log", options={"level": "error"}),
    Rule("Breakpoint", "debug.breakpoint"),
    Rule("Assert", "debug.assert"),
)  # fmt: skip
