"""What the data nodes of the catalogue give: worked out by hand from what it says about each, or by Python.

One line per case: the inputs, and the value of the output, or `Outs` of several, or a function that says
whether it is right, or `FAILS`. None, NaN and infinity come over wires.
"""

from __future__ import annotations

import math
from typing import Any, Final

import pytest
from catalogue_drawing import Outs

NAN: Final = math.nan
INF: Final = math.inf
LOW: Final = -(2**31)
HIGH: Final = 2**31 - 1


class FAILS:
    """The node fails, and a Try Catch around it catches that."""


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-12, abs=1e-12)


Case = tuple[dict[str, Any], Any]


def found(value: Any, ok: bool = True) -> Outs:
    return Outs({"Value": value, "Found": ok})


def parsed(value: Any, ok: bool = True) -> Outs:
    return Outs({"Result": value, "Success": ok})


def has(value: Any, ok: bool = True) -> Outs:
    return Outs({"Result": value, "HasValue": ok})


def of(*names: str) -> Any:
    """Cases of a node with inputs of these names, each written as a tuple: the inputs, then the result."""
    return lambda *rows: [(dict(zip(names, row[:-1], strict=True)), row[-1]) for row in rows]


AB = of("A", "B")
VALUE = of("Value")
RADIANS = of("Radians")
LIST = of("List")
SEARCH = of("Value", "Search")

CONSTANTS: dict[str, list[Case]] = {
    "Constants/Boolean": [({}, False), *VALUE((True, True), (False, False), (None, False))],
    "Constants/Integer": [({}, 0), *VALUE((-7, -7), (HIGH, HIGH), (None, 0))],
    "Constants/Null": [({}, None)],
    "Constants/Number": [({}, 0.0), *VALUE((2.5, 2.5), (3.0, 3.0), (None, 0.0), (NAN, NAN), (INF, INF))],
    "Constants/Pass Through": [
        ({}, None), *VALUE((7, 7), ("a", "a"), ([1, [2]], [1, [2]]), ({"a": None}, {"a": None}), (None, None)),
    ],
    "Constants/String": [({}, ""), *VALUE(("a b", "a b"), (None, ""))],
    "Logic/True": [({}, True)],
    "Logic/False": [({}, False)],
    "Math/PI": [({}, math.pi)],
    "Math/E": [({}, math.e)],
    "Strings/New Line": [({}, lambda value: value in ("\n", "\r\n"))],
}  # fmt: skip

CONVERSION: dict[str, list[Case]] = {
    "Conversion/Char At": of("Value", "Index")(
        ("abc", 0, "a"), ("abc", 2, "c"), ("abc", 3, ""), ("abc", -1, ""), ("", 0, ""), (None, 0, ""),
        ("abc", None, "a"),
    ),
    "Conversion/Char Code": [({}, 0), *VALUE(("A", 65), ("Abc", 65), ("é", 233), ("", 0), (None, 0))],
    "Conversion/From Char Code": [
        ({}, "A"), *of("Code")((97, "a"), (233, "é"), (65536 + 66, "B"), (66 - 65536, "B"), (0x20AC, "€")),
    ],
    "Conversion/Double To Int": [({}, 0), *VALUE((2.9, 2), (-2.9, -2), (3.0, 3), (-0.5, 0), (None, 0))],
    "Conversion/Int To Double": [({}, 0.0), *VALUE((3, 3.0), (LOW, float(LOW)))],
    "Conversion/Number To String": [
        ({}, "0"),
        *of("Value", "Format")(
            (2.0, "", "2"), (2.5, "", "2.5"), (-0.125, "", "-0.125"), (3.14159, "F2", "3.14"),
            (1234.5, "N2", "1,234.50"), (1234.5, "0.00", "1234.50"), (1234.5, "#,##0.0", "1,234.5"),
                (7.0, "000", "007"),
            (2.0, "Q", FAILS), (NAN, "", "NaN"), (INF, "", "Infinity"), (-INF, "", "-Infinity"), (1e20, "", "1E+20"),
            (None, "", "0"), (2.5, None, "2.5"),
        ),
    ],
    "Conversion/Parse Bool": [
        ({}, parsed(False)),
        *VALUE(
            ("true", parsed(True)), (" TRUE ", parsed(True)), ("False", parsed(False)), ("1", parsed(False, False)),
            ("yes", parsed(False, False)), ("", parsed(False, False)), (None, parsed(False, False)),
        ),
    ],
    "Conversion/Parse Double": [
        ({}, parsed(0.0)),
        *of("Value", "Default")(
            ("1.5", 7.0, parsed(1.5)), (" -2 ", 7.0, parsed(-2.0)), ("1e3", 7.0, parsed(1000.0)),
            ("1,000.5", 7.0, parsed(1000.5)), ("abc", 7.0, parsed(7.0, False)), ("", 7.0, parsed(7.0, False)),
            ("1.5.2", 0.5, parsed(0.5, False)), (None, 7.0, parsed(7.0, False)), ("1_0", 7.0, parsed(7.0, False)),
        ),
    ],
    "Conversion/Parse Int": [
        ({}, parsed(0)),
        *of("Value", "Default")(
            ("12", 7, parsed(12)), (" -12 ", 7, parsed(-12)), ("+5", 7, parsed(5)), ("1.5", 7, parsed(7, False)),
            (str(HIGH), 7, parsed(HIGH)), (str(HIGH + 1), 7, parsed(7, False)), ("1,000", 7, parsed(7, False)),
            ("", 7, parsed(7, False)), ("abc", -1, parsed(-1, False)), (None, 7, parsed(7, False)),
            ("1_0", 7, parsed(7, False)),
        ),
    ],
    "Conversion/To Bool": [
        ({}, False),
        *VALUE(
            (None, False), (True, True), (False, False), (0, False), (-1, True), (0.0, False), (0.5, True),
                ("", False),
            ("0", False), ("FALSE", False), ("no", True), ("0.0", True), ([], True), ({}, True),
        ),
    ],
    "Conversion/To Double": [
        ({}, 0.0),
        *VALUE(
            (None, 0.0), (2, 2.0), (2.5, 2.5), ("1.5", 1.5), (" 1e3 ", 1000.0), ("x", 0.0), ("", 0.0), (True, 1.0),
            (False, 0.0), ([1], 0.0), ({}, 0.0),
        ),
    ],
    "Conversion/To Int": [
        ({}, 0),
        *VALUE(
            (None, 0), (2, 2), (2.9, 2), (-2.9, -2), (" 12 ", 12), ("1.5", 0), ("x", 0), (True, 1), (False, 0),
                ([1], 0),
            (str(HIGH + 1), 0),
        ),
    ],
    "Conversion/To String": [
        ({}, ""), *VALUE((None, ""), (3, "3"), (2.5, "2.5"), (2.0, "2"), ("a", "a"), (True, "True"), (False, "False")),
    ],
    "Conversion/Type Name": [
        ({}, "null"),
        *VALUE(
            (None, "null"), (3, "Int32"), (2.5, "Double"), ("a", "String"), (True, "Boolean"),
                ([], "SerializableList"),
        ),
    ],
}  # fmt: skip

PARTS: Final = ("Year", "Month", "Day", "Hour", "Minute", "Second")


def parts(*numbers: int) -> Outs:
    return Outs(dict(zip(PARTS, numbers, strict=True)))


DATES: dict[str, list[Case]] = {
    "DateTime/Add Days": [
        ({"DateTime": "2026-02-28"}, "2026-03-01T00:00:00.0000000"),
        *of("DateTime", "Days")(
            ("2026-02-28T06:00:00Z", 1.5, "2026-03-01T18:00:00.0000000Z"),
            ("2024-03-01T00:00:00", -1.0, "2024-02-29T00:00:00.0000000"),
            ("2026-02-28T12:00:00.25", 0.0, "2026-02-28T12:00:00.2500000"),
            ("soon", 1.0, "soon"), ("", 1.0, ""), (None, 1.0, ""),
        ),
    ],
    "DateTime/Date Diff Days": of("From", "To")(
        ("2026-03-01", "2026-03-03T12:00:00", 2.5), ("2026-03-03", "2026-03-01", -2.0), ("soon", "2026-03-01", 0.0),
        ("2026-03-01", "", 0.0), ("2024-02-28T00:00:00Z", "2024-03-01T00:00:00Z", 2.0), (None, None, 0.0),
    ),
    "DateTime/Format DateTime": [
        ({"DateTime": "2026-02-28T07:08:09"}, "2026-02-28 07:08:09"),
        *of("DateTime", "Format")(
            ("2026-02-28T17:08:09Z", "dd/MM/yyyy", "28/02/2026"), ("2026-02-28T17:08:09", "h:mm tt", "5:08 PM"),
            ("2026-02-28", "dddd, d MMMM yy", "Saturday, 28 February 26"),
            ("2026-02-28T17:08:09.25", "HH:mm:ss.fff", "17:08:09.250"), ("2026-02-28", "MMM ddd", "Feb Sat"),
            ("2026-02-28T17:08:09", "HH'h'mm", "17h08"), ("soon", "yyyy", "soon"), ("", "yyyy", ""),
            ("2026-02-28", "x", FAILS),
        ),
    ],
    "DateTime/Parse Date Parts": of("DateTime")(
        ("2026-02-28T07:08:09", parts(2026, 2, 28, 7, 8, 9)), ("2026-02-28", parts(2026, 2, 28, 0, 0, 0)),
        ("2026-02-28T07:08:09Z", parts(2026, 2, 28, 7, 8, 9)), ("soon", parts(0, 0, 0, 0, 0, 0)),
        ("", parts(0, 0, 0, 0, 0, 0)), ("2026-02-30", parts(0, 0, 0, 0, 0, 0)), (None, parts(0, 0, 0, 0, 0, 0)),
    ),
}  # fmt: skip


LOGIC: dict[str, list[Case]] = {
    "Logic/And": [({}, False), *AB((True, True, True), (True, False, False), (False, True, False),
        (None, True, False))],
    "Logic/Or": [({}, False), *AB((False, True, True), (True, False, True), (False, False, False),
        (None, True, True))],
    "Logic/Xor": [({}, False), *AB((True, False, True), (True, True, False), (False, True, True),
        (None, None, False))],
    "Logic/Not": [({}, True), *VALUE((True, False), (False, True), (None, True))],
    "Logic/Coalesce": [
        ({}, None),
        *of("Value", "Fallback")((None, 3, 3), (0, 3, 0), (False, True, False), ("", "x", ""), (None, None, None),
            ([], 1, [])),
    ],
    "Logic/Equal": [
        ({}, True),
        *AB(
            (1, 1, True), (1, 2, False), ("a", "a", True), ("a", "A", False), (None, None, True), (None, 0, False),
            (1, "1", False), (1, True, False), (2.5, 2.5, True), (False, None, False), ("", None, False),
        ),
    ],
    "Logic/Not Equal": [
        ({}, False), *AB((1, 1, False), (1, 2, True), ("a", "A", True), (None, None, False), (None, 0, True),
            (0, False, True)),
    ],
    "Logic/Equal Int": [({}, True), *AB((1, 1, True), (1, 2, False), (LOW, LOW, True), (None, 0, True))],
    "Logic/Greater Or Equal": [
        ({}, True), *AB((1.0, 1.0, True), (0.5, 1.0, False), (2.0, 1.0, True), (NAN, 1.0, False), (NAN, NAN, False),
            (None, 0.0, True)),
    ],
    "Logic/Greater Than": [
        ({}, False), *AB((1.0, 1.0, False), (2.0, 1.0, True), (INF, 1.0, True), (NAN, 1.0, False), (1.0, NAN, False),
            (1.0, None, True)),
    ],
    "Logic/Greater Than Int": [({}, False), *AB((2, 1, True), (1, 1, False), (LOW, HIGH, False), (1, None, True))],
    "Logic/Less Or Equal": [({}, True), *AB((1.0, 1.0, True), (1.0, 0.5, False), (NAN, 1.0, False),
        (-INF, 0.0, True))],
    "Logic/Less Than": [({}, False), *AB((1.0, 1.0, False), (1.0, 2.0, True), (NAN, 1.0, False), (None, 1.0, True))],
    "Logic/Less Than Int": [({}, False), *AB((1, 2, True), (2, 2, False), (LOW, HIGH, True), (None, 1, True))],
    "Logic/Is Null": [({}, True), *VALUE((None, True), (0, False), ("", False), (False, False), ([], False))],
    "Logic/Is Not Null": [({}, False), *VALUE((None, False), (0, True), ("", True), (False, True), ([], True))],
    "Logic/Select": [
        ({}, None),
        *of("Condition", "TrueValue", "FalseValue")(
            (True, 1, "b", 1), (False, 1, "b", "b"), (True, None, 1, None), (None, 1, 2, 2), (False, [1], [2], [2]),
        ),
    ],
    "Logic/Select Number": [
        ({}, 0.0),
        *of("Condition", "TrueValue", "FalseValue")((True, 1.5, 2.5, 1.5), (False, 1.5, 2.5, 2.5),
            (True, None, 1.0, 0.0)),
    ],
    "Logic/Select String": [
        ({}, ""), *of("Condition", "TrueValue", "FalseValue")((True, "a", "b", "a"), (False, "a", "b", "b"),
            (True, None, "b", "")),
    ],
    "Logic/String Equal": [({}, True), *AB(("a", "a", True), ("a", "A", False), ("", None, True), ("a", "a ", False))],
    "Logic/String Equal Ignore Case": [
        ({}, True), *AB(("aB", "Ab", True), ("a", "b", False), ("ÄÖ", "äö", True), ("straße", "strasen", False),
            (None, "", True)),
    ],
}  # fmt: skip

VALUES: Final[dict[str, list[Case]]] = CONSTANTS | CONVERSION | DATES | LOGIC
