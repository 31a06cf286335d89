"""Conversion."""

from __future__ import annotations

from typing import Any, Final

from nodeflow.importers.rule import Draft, Rule


def no_format(draft: Draft) -> None:
    """Only the plain form of a number is mapped."""
    text = draft.values.pop("format", "")
    if "format" in draft.wired_in or text:
        draft.problems.append(("Format", "number formats are not mapped"))


def _op(name: str, type: str, op: str, **more: Any) -> Rule:
    return Rule(name, f"nodeeditor.{type}", options={"op": op}, **more)


RULES: Final = (
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
)  # fmt: skip
