"""Logic and Constants."""

from __future__ import annotations

from typing import Any, Final

from nodeflow.importers.rule import Rule


def _fixed(name: str, value: Any) -> Rule:
    return Rule(name, "logic.value", values={"value": value})


A_B: Final = {"a": 0, "b": 0}

BY_VALUE: Final = "Numbers are equal by value (1 and 1.0 are), lists and dicts item by item; NaN equals nothing."
ONE_SIDE: Final = "Pulls only the side that it needs."

RULES: Final = (
    Rule("Boolean", "logic.value", defaults={"value": False}),
    Rule("Integer", "logic.value", defaults={"value": 0}),
    Rule("Number", "logic.value", defaults={"value": 0.0}),
    Rule("Pass Through", "logic.value"),
    Rule("String", "convert.to_text", defaults={"value": ""}),
    _fixed("Null", None),
    _fixed("True", True),
    _fixed("False", False),
    Rule("New Line", "text.new_line"),
    Rule("And", "logic.and", differs=ONE_SIDE),
    Rule("Or", "logic.or", differs=ONE_SIDE),
    Rule("Not", "logic.not"),
    Rule("Xor", "logic.xor"),
    Rule("Equal", "logic.equal", differs=BY_VALUE),
    Rule("Equal Int", "logic.equal", defaults=A_B),
    Rule("Not Equal", "logic.not_equal", differs=BY_VALUE),
    Rule("String Equal", "text.same"),
    Rule(
        "String Equal Ignore Case", "text.same", options={"ignore_case": True},
        differs="`ß` is the same as `SS`, as in all languages that have it.",
    ),
    Rule("Greater Than", "logic.greater"),
    Rule("Greater Than Int", "logic.greater"),
    Rule("Greater Or Equal", "logic.greater_or_equal"),
    Rule("Less Than", "logic.less"),
    Rule("Less Than Int", "logic.less"),
    Rule("Less Or Equal", "logic.less_or_equal"),
    Rule("Is Null", "logic.is_none"),
    Rule("Is Not Null", "logic.is_not_none"),
    Rule("Coalesce", "logic.coalesce", differs="Pulls the fallback only where it is needed."),
    *(
        Rule(
            name, "logic.select", ins={"TrueValue": "then", "FalseValue": "otherwise"},
            defaults={"then": default, "otherwise": default}, differs=ONE_SIDE,
        )
        for name, default in (("Select", None), ("Select Number", 0.0), ("Select String", ""))
    ),
)  # fmt: skip
