"""Logic and Constants."""

from __future__ import annotations

import math
from typing import Any, Final

from nodeflow.importers.rule import Rule


def _constant(name: str, **more: Any) -> Rule:
    return Rule(name, "nodeeditor.value", **more)


def _fixed(name: str, value: Any) -> Rule:
    return Rule(name, "nodeeditor.value", values={"value": value})


def _op(name: str, type: str, op: str, **more: Any) -> Rule:
    return Rule(name, f"nodeeditor.{type}", options={"op": op}, **more)


A_B: Final = {"a": 0, "b": 0}
TEXTS: Final = {"a": "", "b": ""}

RULES: Final = (
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
