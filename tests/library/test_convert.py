"""Convert nodes: each makes of every value what the table says, or fails and says why."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.errors import ConversionError
from nodeflow.library import convert, flow, standard_registry
from nodeflow.testing import try_node
from nodeflow.values import CONVERSIONS, parse_type, to_text

NAN = math.nan
HUGE = 10**400

numbers = st.integers() | st.floats()


@attrs.frozen
class Person:
    name: str


# --- the table ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row", [row for row in CONVERSIONS.values() if row.node], ids=lambda r: f"{r.source}-{r.target}"
)
def test_each_way_of_a_node_is_that_of_the_node_for_its_target(row: Any) -> None:
    node = standard_registry()[f"convert.to_{row.target}"]
    made = node(row.example)
    assert made == row.node.convert(row.example, parse_type(row.target))
    assert parse_type(row.target).accepts(made)


@pytest.mark.parametrize("target", ["text", "int", "float", "bool", "list", "dict", "bytes", "date", "datetime",
                                    "duration", "path"])  # fmt: skip
def test_what_is_of_the_type_already_is_passed_on(target: str) -> None:
    node = standard_registry()[f"convert.to_{target}"]
    example: Any = {
        "text": "a", "int": 3, "float": 2.5, "bool": True, "list": [1], "dict": {"a": 1}, "bytes": b"a",
        "date": date(2026, 2, 28), "datetime": datetime(2026, 2, 28), "duration": timedelta(1), "path": PurePath("a"),
    }[target]  # fmt: skip
    assert node(example) is example


@pytest.mark.parametrize("value", [None, object(), {1, 2}, Person("Ada")], ids=["none", "object", "set", "attrs"])
@pytest.mark.parametrize("target", ["int", "float", "bool", "bytes", "date", "datetime", "duration", "path"])
def test_what_no_row_names_fails(value: Any, target: str) -> None:
    with pytest.raises(ConversionError, match=f"does not fit {target}"):
        standard_registry()[f"convert.to_{target}"](value)


def test_a_try_catches_a_bad_conversion() -> None:
    wf = nf.Workflow("main")
    trying, number = wf.add(flow.try_, catches=["ConversionError"]), wf.add(convert.to_int, value="twelve")
    say, sorry = wf.add(flow.print), wf.add(flow.print, id="sorry", value="sorry")
    wf.add(flow.start) >> trying
    trying.body >> say
    number.result >> say.value
    trying.catch >> sorry
    assert list(nf.run_sync(wf).printed) == ["sorry"]


def test_a_wire_does_not_do_what_a_node_does() -> None:
    wf = nf.Workflow("main")
    text, number, say = wf.add(convert.to_text, value="12"), wf.add(convert.to_int), wf.add(flow.print)
    with pytest.raises(nf.WiringError, match="text"):
        text.result >> wf.add(flow.delay).seconds
    text.result >> number.value
    number.result >> say.value
    wf.add(flow.start) >> say
    assert list(nf.run_sync(wf).printed) == ["12"]


# --- numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3), (2.9, 2), (-2.9, -2), (1e20, 10**20), (True, 1), (False, 0), (" 12 ", 12), ("-7", -7), ("+7", 7),
        ("007", 7), (timedelta(seconds=-1.5), -1), (HUGE, HUGE),
    ],
)  # fmt: skip
def test_to_int(value: Any, expected: int) -> None:
    made = convert.to_int(value)
    assert made == expected
    assert type(made) is int


@pytest.mark.parametrize("value", ["", "1.5", "1e3", "0x10", "1_0", "1,000", "٣", "twelve", NAN, math.inf, None, []])
def test_no_whole_number_fails_or_gives_the_default(value: Any) -> None:
    with pytest.raises(ConversionError):
        convert.to_int(value)
    assert convert.to_int(value, default=7, on_failure="default") == 7
    assert convert.to_int(value, on_failure="default", bits=32) == 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**31 - 1, 2**31 - 1), (2**31, -(2**31)), (-(2**31) - 1, 2**31 - 1), (2**32 + 5, 5), (HUGE, 0),
        (1e10, 2**31 - 1), (-1e10, -(2**31)), (2147483647.9, 2**31 - 1), (str(2**31 - 1), 2**31 - 1),
    ],
)  # fmt: skip
def test_bits_are_all_there_is_room_for(value: Any, expected: int) -> None:
    assert convert.to_int(value, bits=32) == expected


def test_a_text_has_room_or_is_no_number() -> None:
    with pytest.raises(ConversionError, match="no room in 32 bits"):
        convert.to_int("2147483648", bits=32)
    assert convert.to_int("2147483648", bits=32, default=3, on_failure="default") == 3


@given(st.integers(-(2**40), 2**40), st.integers(1, 40))
def test_wrapping_keeps_what_is_left_after_division(value: int, bits: int) -> None:
    made = convert.to_int(value, bits=bits)
    assert -(2 ** (bits - 1)) <= made < 2 ** (bits - 1)
    assert (made - value) % 2**bits == 0


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_to_int_cuts_off_as_python_does(value: float) -> None:
    assert convert.to_int(value) == int(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3.0), (True, 1.0), ("2.5e3", 2500.0), (".5", 0.5), ("5.", 5.0), (" -1 ", -1.0), ("inf", math.inf),
     ("-Infinity", -math.inf), (timedelta(milliseconds=1), 0.001), ("1e999", math.inf)],
)  # fmt: skip
def test_to_float(value: Any, expected: float) -> None:
    made = convert.to_float(value)
    assert made == expected
    assert type(made) is float


@pytest.mark.parametrize("value", ["", "1,000", "1_0", "0x1p3", "abc", "+-1", "1e", HUGE, None, [1.0], "٣"])
def test_no_number_fails_or_gives_the_default(value: Any) -> None:
    with pytest.raises(ConversionError):
        convert.to_float(value)
    assert convert.to_float(value, default=0.5, on_failure="default") == 0.5


def test_not_a_number_is_one_of_them() -> None:
    assert math.isnan(convert.to_float("nan"))
    assert convert.parse_float("NaN").success


@given(st.floats(allow_nan=False))
def test_the_text_of_a_number_says_it(value: float) -> None:
    assert convert.to_float(to_text(value)) == value
    assert convert.parse_float(to_text(value)) == (value, True)


@pytest.mark.parametrize(
    ("text", "value"), [("1,000.5", 1000.5), ("-1,2,3", -123.0), ("1,000e2", 100000.0), ("5", 5.0)]
)
def test_grouped_digits(text: str, value: float) -> None:
    assert convert.to_float(text, grouped=True) == value
    assert convert.parse_float(text, grouped=True) == (value, True)


@pytest.mark.parametrize("text", [",5", "", "1.5,0", "a,b"])
def test_commas_elsewhere_are_no_groups(text: str) -> None:
    assert convert.parse_float(text, default=7.0, grouped=True) == (7.0, False)
    with pytest.raises(ConversionError):
        convert.to_float(text, grouped=True)


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), (" FALSE ", False), (0, False), (-1, True), (0.0, False), (NAN, True)]
)
def test_to_bool(value: Any, expected: bool) -> None:
    assert convert.to_bool(value) is expected


@pytest.mark.parametrize("value", ["", "1", "yes", None, [], {}])
def test_what_is_neither_true_nor_false(value: Any) -> None:
    with pytest.raises(ConversionError):
        convert.to_bool(value)
    assert convert.to_bool(value, default=True, on_failure="default") is True


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, False), ("", False), ("0", False), ("FALSE", False), ("no", True), ("0.0", True), (" ", True), ([], True),
     ({}, True), (0, False), (0.0, False), (-0.0, False), (NAN, True), (False, False), (HUGE, True)],
)  # fmt: skip
def test_loosely_every_value_is_true_or_false(value: Any, expected: bool) -> None:
    assert convert.to_bool(value, loose=True) is expected


@pytest.mark.parametrize("node", [convert.to_int, convert.to_float, convert.to_bool])
def test_an_unknown_word_of_an_option_is_named(node: Any) -> None:
    with pytest.raises(ValueError, match="`on_failure` must be 'error' or 'default', not 'ignore'"):
        node("1", on_failure="ignore")


# --- parsing ------------------------------------------------------------------------------------------


@given(st.text())
def test_parsing_never_fails(text: str) -> None:
    for parsed, default in (
        (convert.parse_int(text, 7, bits=32), 7), (convert.parse_int(text, 7), 7),
        (convert.parse_float(text, 7.5), 7.5), (convert.parse_float(text, 7.5, grouped=True), 7.5),
        (convert.parse_bool(text, True), True),
    ):  # fmt: skip
        assert parsed.success or parsed.result == default


@given(st.integers())
def test_parse_int_reads_what_python_writes(value: int) -> None:
    assert convert.parse_int(f" {value}\n") == (value, True)
    assert convert.parse_int(str(value), bits=32).success == (-(2**31) <= value < 2**31)


def test_long_digits_are_bounded() -> None:
    assert convert.parse_int("1" * 4000).success
    assert not convert.parse_int("1" * 4001).success
    assert not convert.parse_float("1" * 4001).success


def test_parsing_in_a_run() -> None:
    assert try_node(convert.parse_int, text="x", default=5).outputs == {"result": 5, "success": False}
    assert try_node(convert.parse_bool, text="True").outputs == {"result": True, "success": True}


# --- text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "plain", "dotnet"),
    [
        (True, "true", "True"), (False, "false", "False"), (None, "", ""), (2.0, "2", "2"), (NAN, "nan", "NaN"),
        (math.inf, "inf", "Infinity"), (-math.inf, "-inf", "-Infinity"), (1e16, "1e+16", "1E+16"), (7, "7", "7"),
        (1e-5, "1e-05", "1E-05"), (0.1, "0.1", "0.1"), (1.5e300, "1.5e+300", "1.5E+300"), ("a", "a", "a"),
        (-0.0, "0", "-0"), ([1, None], "[1,null]", "[1,null]"), (b"abc", "YWJj", "YWJj"),
    ],
)  # fmt: skip
def test_to_text(value: Any, plain: str, dotnet: str) -> None:
    assert convert.to_text(value) == plain
    assert convert.to_text(value, style="dotnet") == dotnet


# --- lists, dicts, bytes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", []), ("né😀", ["n", "é", "😀"]), ((1, 2), [1, 2]), ({}, []), ({"a": [1]}, [["a", [1]]]), (b"", []),
     (frozenset("ba"), ["a", "b"])],
)  # fmt: skip
def test_to_list(value: Any, expected: list[Any]) -> None:
    assert convert.to_list(value) == expected


@given(st.dictionaries(st.text(), st.integers()))
def test_a_dict_and_its_pairs(value: dict[str, int]) -> None:
    assert convert.to_dict(convert.to_list(value)) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [([], {}), ([["a", 1], ("a", 2)], {"a": 2}), ([[1, "x"], [2.0, "y"]], {"1": "x", "2": "y"}),
     (Person("Ada"), {"name": "Ada"})],
)  # fmt: skip
def test_to_dict(value: Any, expected: dict[str, Any]) -> None:
    assert convert.to_dict(value) == expected


@pytest.mark.parametrize("value", [3, "ab", [1], [["a"]], [["a", 1, 2]], [[None, 1]], [[True, 1]], None])
def test_what_is_no_list_of_pairs(value: Any) -> None:
    with pytest.raises(ConversionError, match="does not fit dict"):
        convert.to_dict(value)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_to_bytes_is_utf_8(text: str) -> None:
    assert convert.to_bytes(text) == text.encode()


@given(st.binary())
def test_bytes_and_their_numbers(value: bytes) -> None:
    assert convert.to_bytes(convert.to_list(value)) == value


@pytest.mark.parametrize("value", [[256], [-1], [1.0], [True], ["a"], 3, "\ud800"])
def test_what_is_no_bytes(value: Any) -> None:
    with pytest.raises(ConversionError, match="does not fit bytes"):
        convert.to_bytes(value)


# --- dates --------------------------------------------------------------------------------------------


def test_dates() -> None:
    assert convert.to_date("2026-02-28") == date(2026, 2, 28)
    assert convert.to_date(datetime(2026, 2, 28, 23, 59)) == date(2026, 2, 28)
    assert convert.to_datetime(date(2026, 2, 28)) == datetime(2026, 2, 28)
    assert convert.to_datetime("2026-02-28T12:00+01:00") == datetime(2026, 2, 28, 11, tzinfo=UTC)
    assert convert.to_datetime(-0.5) == datetime(1969, 12, 31, 23, 59, 59, 500000, UTC)
    assert convert.to_duration("-PT90S") == timedelta(seconds=-90)
    assert convert.to_duration(0.25) == timedelta(milliseconds=250)


@pytest.mark.parametrize(
    ("node", "value"),
    [
        (convert.to_date, "2026-02-30"), (convert.to_date, "2026-02-28T12:00"), (convert.to_date, 0),
        (convert.to_date, ""), (convert.to_datetime, "noon"), (convert.to_datetime, NAN), (convert.to_datetime, HUGE),
        (convert.to_datetime, True), (convert.to_duration, "90"), (convert.to_duration, "P1Y"),
        (convert.to_duration, math.inf), (convert.to_duration, HUGE), (convert.to_duration, True),
    ],
)  # fmt: skip
def test_what_is_no_date(node: Any, value: Any) -> None:
    with pytest.raises(ConversionError, match="does not fit"):
        node(value)


def test_a_path_from_a_run() -> None:
    tried = try_node(convert.to_path, value="a//b/./c")
    assert tried.result == PurePath("a/b/c")
    assert to_text(tried.result) == "a/b/c"
    with pytest.raises(ConversionError):
        convert.to_path(b"a")
