"""Math, Numbers, Random."""

from __future__ import annotations

from typing import Any, Final

from nodeflow.importers.rule import Draft, Rule


def no_digits(draft: Draft) -> None:
    """An older `Round` had digits; rounding to none is what it does now."""
    if "digits" in draft.wired_in or draft.values.pop("digits", 0):
        draft.problems.append(("Digits", "rounding to digits is not mapped"))


def _op(name: str, type: str, op: str, **more: Any) -> Rule:
    return Rule(name, f"nodeeditor.{type}", options={"op": op}, **more)


RULES: Final = (
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

LOGARITHM: Final = Rule("Log", "nodeeditor.number", options={"op": "log"}, defaults={"value": 1.0})
"""The other node that is named Log: it has no exec sockets."""
