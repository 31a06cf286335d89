"""Conversion."""

from __future__ import annotations

from typing import Final

from nodeflow.importers.rule import Rule

_TEXT: Final = {"Value": "text"}

RULES: Final = (
    Rule(
        "To String", "convert.to_text", as_original={"style": "dotnet"},
        differs="Lists and dicts become JSON, not the name of a class; numbers look the same in every country.",
    ),
    Rule(
        "Number To String", "convert.format_number", defaults={"value": 0.0, "format": ""}, options={"style": "dotnet"},
        differs="`D`, `X` and `B` take numbers that are whole; there they refuse every number.",
    ),
    Rule("Int To Double", "convert.to_float", defaults={"value": 0}),
    Rule(
        "Double To Int", "convert.to_int", defaults={"value": 0.0}, as_original={"on_failure": "default", "bits": 32},
        differs="Beyond 32 bits a fraction becomes the greatest or least number, NaN 0; there the machine decides.",
    ),
    Rule(
        "To Int", "convert.to_int", defaults={"value": None}, as_original={"on_failure": "default", "bits": 32},
        differs="Beyond 32 bits a fraction becomes the greatest or least number, NaN 0; there the machine decides.",
    ),
    Rule(
        "To Double", "convert.to_float", defaults={"value": None},
        as_original={"on_failure": "default", "grouped": True},
    ),
    Rule(
        "To Bool", "convert.to_bool", defaults={"value": None}, as_original={"loose": True},
        differs="0 is false however it is stored; there a `long` 0 is true.",
    ),
    Rule("Parse Int", "convert.parse_int", ins=_TEXT, defaults={"text": "0", "default": 0}, as_original={"bits": 32}),
    Rule(
        "Parse Double", "convert.parse_float", ins=_TEXT, defaults={"text": "0", "default": 0.0},
        as_original={"grouped": True},
    ),
    Rule("Parse Bool", "convert.parse_bool", ins=_TEXT, defaults={"text": "false"}),
    Rule(
        "Type Name", "convert.type_name", as_original={"style": "dotnet"},
        differs="Types are those of the values here: `SerializableList` for every list, never `JsonElement`.",
    ),
    Rule(
        "Char At", "convert.character_at", ins=_TEXT, defaults={"text": "", "index": 0},
        as_original={"outside": "empty", "negative": "outside"},
        differs="Counts characters, not UTF-16 units: an emoji is one.",
    ),
    Rule(
        "Char Code", "convert.character_code", ins=_TEXT, defaults={"text": ""}, as_original={"empty": "zero"},
        differs="The number of the whole character, not of its first UTF-16 unit.",
    ),
    Rule(
        "From Char Code", "convert.from_character_code", defaults={"code": 65}, as_original={"bits": 16},
        differs="Half of a character (0xD800 to 0xDFFF) becomes U+FFFD, as it could not be written anywhere.",
    ),
)  # fmt: skip
