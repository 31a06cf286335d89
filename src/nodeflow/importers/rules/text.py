"""Strings."""

from __future__ import annotations

from typing import Any, Final

from nodeflow.importers.rule import Rule, plain


def _op(name: str, type: str, op: str, **more: Any) -> Rule:
    return Rule(name, f"nodeeditor.{type}", options={"op": op}, **more)


_INPUT: Final = {"Input": "value"}

RULES: Final = (
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
