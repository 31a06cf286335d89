"""Math, Numbers, Random."""

from __future__ import annotations

from typing import Any, Final

from nodeflow.importers.rule import Rule

IEEE: Final = {"domain": "ieee"}
"""NaN and infinity where there is no number."""

ZERO: Final = {"by_zero": "zero"}

INT: Final = {"bits": 32}
"""Whole numbers of 32 bits, which wrap around."""

EXACT: Final = "Whole numbers stay exact where they are too large for a floating-point number."


def _same(name: str, type: str, **more: Any) -> Rule:
    return Rule(name, f"math.{type}", **more)


def _drawn(name: str, type: str, **more: Any) -> Rule:
    return Rule(name, f"random.{type}", differs="Drawn anew for each pull, not once per run.", **more)


def _ieee(name: str, type: str, **more: Any) -> Rule:
    return Rule(name, f"math.{type}", as_original=IEEE, **more)


RULES: Final = (
    _same("Add", "add", differs=EXACT),
    _same("Subtract", "subtract", differs=EXACT),
    _same("Multiply", "multiply", differs=EXACT),
    _same("Add Int", "add", as_original=INT),
    _same("Subtract Int", "subtract", as_original=INT),
    _same("Multiply Int", "multiply", as_original=INT),
    _same("Increment", "add", ins={"Value": "a"}, values={"b": 1}, as_original=INT),
    _same("Decrement", "subtract", ins={"Value": "a"}, values={"b": 1}, as_original=INT),
    _same("Negate", "negate"),
    _same("Divide", "divide", as_original=ZERO),
    _same("Divide Int", "divide_whole", options={"rounding": "truncate"}, as_original={**ZERO, **INT}),
    _same("Mod", "modulo", options={"sign": "dividend"}, as_original={"by_zero": "ieee"}),
    _ieee("Power", "power"),
    _same("Min", "min"),
    _same("Max", "max"),
    _same("Abs", "abs"),
    _same("Sign", "sign", outs={"Sign": "result"}),
    _same("Clamp", "clamp"),
    _same("Ceiling", "ceiling"),
    _same("Floor", "floor"),
    _same("Truncate", "truncate"),
    _same("Round", "round"),
    _same("Is Even", "is_even"),
    _same("Is Odd", "is_odd"),
    _same("Is NaN", "is_nan"),
    _same("Is Infinity", "is_infinite"),
    _ieee("Sqrt", "sqrt"),
    _ieee("Exp", "exp"),
    _ieee("Log10", "log10"),
    _ieee("Sin", "sin"),
    _ieee("Cos", "cos"),
    _ieee("Tan", "tan"),
    _same("Atan2", "atan2"),
    _same("Deg To Rad", "to_radians"),
    _same("Rad To Deg", "to_degrees"),
    _same("PI", "pi"),
    _same("E", "e"),
    _same(
        "Distance 2D", "distance", defaults={"x2": 1.0, "y2": 1.0},
        differs="Does not overflow where the distance itself does not.",
    ),
    _same("Dot Product 2D", "dot_product"),
    _same("Lerp", "lerp"),
    _same("Inverse Lerp", "inverse_lerp", as_original=ZERO),
    _same("Map Range", "map_range", as_original=ZERO),
    _same("Smoothstep", "smoothstep"),
    _same("Bitwise And", "bit_and"),
    _same("Bitwise Or", "bit_or"),
    _same("Bitwise Xor", "bit_xor"),
    _same("Shift Left", "shift_left", as_original=INT),
    _same("Shift Right", "shift_right", as_original=INT),
    _same(
        "Running Sum", "running_sum", outs={"Total": "result"},
        differs="Adds at each pull, also inside parallel branches; the original's adds at most once per run.",
    ),
    _drawn("Random Double", "uniform"),
    _drawn("Random Double Range", "uniform", ins={"Min": "low", "Max": "high"}),
    _drawn("Random Range", "integer"),
    _drawn("Random Bool", "boolean"),
    _drawn("Random Bool Weighted", "boolean"),
    _drawn("Random Choice", "choice", as_original={"empty": "none"}),
    _drawn("Random Shuffle", "shuffle"),
    _drawn("Random String", "text", as_original={"outside": "clamp"}),
    _drawn("Random GUID", "uuid"),
)  # fmt: skip

LOGARITHM: Final = _ieee("Log", "log")
"""The other node that is named Log: it has no exec sockets."""
