"""Strings."""

from __future__ import annotations

from typing import Final

from nodeflow.importers.rule import Rule, plain

_INPUT: Final = {"Input": "value"}

_UNITS: Final = "Counts characters; the original counts UTF-16 units, of which 👍 has two."
_CULTURE: Final = "Compares characters; the original asks the language of its user."
_PATTERN: Final = (
    "By re2, which cannot hang: a pattern with lookaround or references to its own groups fails; `\\b` knows ASCII "
    "only, `$` is the very end, classes are not subtracted."
)

RULES: Final = (
    Rule("String Concat", "text.concat"),
    Rule("String Concat 3", "text.concat", ins={"C": "c"}),
    Rule("String Concat 4", "text.concat", ins={"C": "c", "D": "d"}),
    Rule(
        "String Format",
        "text.format_positional",
        ins={"Format": "template"},
        as_original={"invalid": "keep"},
    ),
    Rule("String Length", "text.length", ins=_INPUT, outs={"Length": "result"}, differs=_UNITS),
    Rule("String Is Empty", "text.is_empty", ins=_INPUT),
    Rule("String Is Whitespace", "text.is_blank", ins=_INPUT),
    Rule(
        "Reverse String",
        "text.reverse",
        ins=_INPUT,
        differs="Reverses characters; the original reverses UTF-16 units and breaks those that have two.",
    ),
    Rule("To Upper", "text.upper", ins=_INPUT, differs="`ß` becomes `SS`; the original leaves it."),
    Rule("To Lower", "text.lower", ins=_INPUT),
    Rule("Trim", "text.trim", ins=_INPUT),
    *(
        Rule(
            name,
            f"text.{type}",
            ins={given: given.lower()},
            outs={plain(name): "result"},
            old={**_INPUT, "Value": given.lower()},
            differs=differs,
        )
        for name, type, given, differs in (
            ("Contains", "contains", "Search", ""),
            ("Starts With", "starts_with", "Prefix", _CULTURE),
            ("Ends With", "ends_with", "Suffix", _CULTURE),
            ("Index Of", "index_of", "Search", _UNITS),
            ("Last Index Of", "last_index_of", "Search", _UNITS),
        )
    ),
    Rule("Replace", "text.replace", ins={**_INPUT, "OldValue": "old", "NewValue": "new"}),
    Rule("Substring", "text.slice", ins=_INPUT, as_original={"negative": "zero"}, differs=_UNITS),
    Rule("Repeat String", "text.repeat", ins=_INPUT, as_original={"clamp": True}),
    Rule("Pad Left", "text.pad_left", ins={**_INPUT, "TotalWidth": "width", "PadChar": "character"}, differs=_UNITS),
    Rule("Pad Right", "text.pad_right", ins={**_INPUT, "TotalWidth": "width", "PadChar": "character"}, differs=_UNITS),
    Rule("Split", "text.split", ins=_INPUT, outs={"List": "result"}),
    Rule("Join", "text.join", ins={"Delimiter": "separator"}, as_original={"style": "dotnet"}),
    Rule(
        "Regex Match",
        "text.regex_match",
        ins=_INPUT,
        options={"syntax": "dotnet"},
        as_original={"invalid": "no_match"},
        differs=_PATTERN,
    ),
    Rule(
        "Regex Replace",
        "text.regex_replace",
        ins=_INPUT,
        options={"syntax": "dotnet"},
        as_original={"invalid": "keep"},
        differs=_PATTERN,
    ),
)
