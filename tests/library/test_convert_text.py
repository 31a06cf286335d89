"""Formats of numbers, names of types, characters and their codes."""

from __future__ import annotations

import enum
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeflow.library import convert
from nodeflow.library.dotnet_numbers import shortest
from nodeflow.testing import try_node

HUGE = 10**4000


class Colour(enum.Enum):
    RED = "red"


@attrs.frozen
class Person:
    name: str


# --- formats as Python has them -----------------------------------------------------------------------


@pytest.mark.parametrize("spec", ["", ".2f", ",.2f", "+.1e", "010.3f", "_d", "x", "#b", "%", "g", "*^20", "E", ">8"])
@given(value=st.integers(-(10**12), 10**12))
def test_a_format_does_what_it_does_in_python(spec: str, value: int) -> None:
    assert convert.format_number(value, spec) == value.__format__(spec)


@given(st.floats(), st.sampled_from([".0f", ".3f", ",.2f", "e", ".3g", "%", "012.4f", "z.1f"]))
def test_fractions_too(value: float, spec: str) -> None:
    assert convert.format_number(value, spec) == value.__format__(spec)


@pytest.mark.parametrize("spec", ["n", "s", "c", "zz", ".f2", "{", "1.2.3", "F2"])
def test_what_is_no_format_is_named(spec: str) -> None:
    with pytest.raises(ValueError, match="format"):
        convert.format_number(1.5, spec)


@pytest.mark.parametrize("spec", ["1001", "99999999999999999999", ".1001f", "01000000000d"])
def test_widths_are_bounded(spec: str) -> None:
    with pytest.raises(ValueError, match="at most 1000"):
        convert.format_number(1, spec)
    assert len(convert.format_number(1, "1000d")) == 1000


def test_a_format_for_other_numbers() -> None:
    with pytest.raises(ValueError, match=r"'d' is not for 1\.5"):
        convert.format_number(1.5, "d")
    with pytest.raises(ValueError, match="too large"):
        convert.format_number(10**400, ".2f")
    with pytest.raises(ValueError, match="too many digits"):
        convert.format_number(HUGE, "d")
    assert convert.format_number(math.nan, ".2f") == "nan"


def test_no_format_is_the_shortest_form() -> None:
    assert [convert.format_number(n) for n in (2.0, 0.1, 3, math.inf)] == ["2", "0.1", "3", "inf"]


# --- formats as .NET has them -------------------------------------------------------------------------


def dotnet(value: float, spec: str) -> str:
    return convert.format_number(value, spec, style="dotnet")


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (1234.5678, "F2", "1234.57"), (1234.5678, "F", "1234.57"), (-0.5, "F0", "-0"), (2.0, "f3", "2.000"),
        (1234567.891, "N", "1,234,567.89"), (-1234.5, "N0", "-1,234"), (999.999, "N2", "1,000.00"),
        (42, "D", "42"), (42, "D5", "00042"), (-42.0, "D5", "-00042"), (0.125, "P1", "12.5 %"), (1.5, "P", "150.00 %"),
        (255, "X", "FF"), (255, "x4", "00ff"), (-1, "X", "FFFFFFFF"), (2**40, "X", "10000000000"),
        (5, "B8", "00000101"),
        (1234.5, "E2", "1.23E+003"), (0.00012, "e1", "1.2e-004"), (1234.5, "G", "1234.5"), (1234.5, "G2", "1.2E+03"),
        (0.00001, "g3", "1e-05"), (0.0, "G3", "0"), (123.456, "G4", "123.5"), (1234.5, "R", "1234.5"),
        (1234.5, "C", "¤1,234.50"), (-1234.5, "C0", "(¤1,234)"), (math.nan, "F2", "NaN"),
        (-math.inf, "N0", "-Infinity"),
        (1e300, "E0", "1E+300"), (math.nan, "0.00", "NaN"), (2.5, "", "2.5"),
    ],
)  # fmt: skip
def test_standard_formats_of_dotnet(value: float, spec: str, text: str) -> None:
    assert dotnet(value, spec) == text


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (1234.5, "0.00", "1234.50"), (1234.5, "#,##0.00", "1,234.50"), (7.0, "000", "007"), (0.5, "#.##", ".5"),
        (0.0, "#.##", ""), (0.0, "0.0#", "0.0"), (0.256, "0%", "26%"), (0.256, "0.0 ‰", "256.0 ‰"),
        (-5.5, "0.0;(0.0);zero", "(5.5)"), (0.0, "0.0;(0.0);zero", "zero"), (0.001, "0.0;(0.0);zero", "zero"),
        (-3.0, "0;", "-3"), (1234567.0, "0,,.0M", "1.2M"), (5551234.0, "###-####", "555-1234"), (2.5, "0", "3"),
        (-2.5, "0", "-3"), (0.125, "0.00", "0.13"), (3.0, "'a'0\\b", "a3b"), (3.0, '"x"0', "x3"),
        (1e15, "0", "1" + "0" * 15),
        (12.0, "0 kg", "12 kg"), (1234567890.0, "#,#", "1,234,567,890"), (-1.0, "#", "-1"), (-0.001, "0.00", "0.00"),
    ],
)  # fmt: skip
def test_custom_formats_of_dotnet(value: float, spec: str, text: str) -> None:
    assert dotnet(value, spec) == text


@pytest.mark.parametrize(
    ("value", "spec", "message"),
    [
        (1.0, "Q", "no format for a number"), (1.0, "Z9", "no format for a number"), (1.0, "F100", "at most 99 digits"),
        (1.5, "D", "whole numbers, not 1.5"), (1.5, "X", "whole numbers"), (2**70, "X", "up to 64 bits"),
        (1.0, "0E+0", "exponent"), (1.0, "'a", "quotation mark"), (1.0, "0\\", "quotation mark"),
        (1.0, "0;0;0;0", "three sections"), (1.0, "0" * 201, "at most 200"), (HUGE, "N0", "too many digits"),
        (HUGE, "0", "too many digits"),
    ],
)  # fmt: skip
def test_what_is_no_format_of_dotnet(value: float, spec: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dotnet(value, spec)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 20))
def test_fixed_digits_of_dotnet_are_those_of_python(value: float, digits: int) -> None:
    assert dotnet(value, f"F{digits}") == f"{value:.{digits}f}"
    assert dotnet(value, f"N{digits}") == f"{value:,.{digits}f}"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_shortest_text_of_dotnet_says_the_number(value: float) -> None:
    assert float(shortest(value)) == value
    assert len(shortest(value)) <= 25


@given(st.floats() | st.integers(-(10**30), 10**30), st.text("0#.,;%‰'\"\\EeGFNCDXPRB 19-", max_size=8))
def test_any_format_of_dotnet_gives_text_or_says_why_not(value: float, spec: str) -> None:
    try:
        text = dotnet(value, spec)
    except ValueError as error:
        assert str(error)  # noqa: PT017
    else:
        assert len(text) < 1000


# --- types and characters -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "plain", "dotnet"),
    [
        (None, "none", "null"), (True, "bool", "Boolean"), (1, "int", "Int32"), (2**31, "int", "Int64"),
        (-(2**31), "int", "Int32"), (-(2**63), "int", "Int64"), (2**63, "int", "BigInteger"), (1.0, "float", "Double"),
        ("a", "text", "String"), ([], "list", "SerializableList"), ((), "tuple", "SerializableList"),
        ({}, "dict", "SerializableDict"), (b"", "bytes", "Byte[]"),
        (datetime(2026, 1, 1, tzinfo=UTC), "datetime", "DateTime"),
        (date(2026, 1, 1), "date", "date"), (timedelta(1), "duration", "TimeSpan"), (PurePath("a"), "path", "path"),
        (Colour.RED, "Colour", "Colour"), (Person("A"), "Person", "Person"), ({1}, "set", "set"),
    ],
)  # fmt: skip
def test_type_name(value: Any, plain: str, dotnet: str) -> None:
    assert convert.type_name(value) == plain
    assert convert.type_name(value, style="dotnet") == dotnet


@given(st.text(min_size=1), st.integers(-10, 10))
def test_character_at_is_python_s_index(text: str, index: int) -> None:
    if -len(text) <= index < len(text):
        assert convert.character_at(text, index) == text[index]
        assert convert.character_at(text, index, outside="empty") == text[index]
    else:
        assert convert.character_at(text, index, outside="empty") == ""
        with pytest.raises(IndexError, match=f"index {index} is outside of a text of {len(text)} characters"):
            convert.character_at(text, index)


def test_a_negative_index_may_be_outside() -> None:
    assert convert.character_at("abc", -1, outside="empty", negative="outside") == ""
    assert convert.character_at("abc", 0, negative="outside") == "a"
    with pytest.raises(IndexError):
        convert.character_at("abc", -1, negative="outside")
    with pytest.raises(ValueError, match="`outside` must be"):
        convert.character_at("abc", 9, outside="none")


@given(st.characters(exclude_categories=["Cs"]))
def test_a_code_and_its_character(character: str) -> None:
    code = convert.character_code(character)
    assert convert.from_character_code(code) == character
    assert convert.character_code(character + "more") == code


def test_empty_text_has_no_code() -> None:
    with pytest.raises(ValueError, match="no first character"):
        convert.character_code("")
    assert convert.character_code("", empty="zero") == 0
    with pytest.raises(ValueError, match="`empty` must be"):
        convert.character_code("", empty="none")


@pytest.mark.parametrize("code", [-1, 0x110000, 0xD800, 0xDFFF, HUGE])
def test_numbers_of_no_character(code: int) -> None:
    with pytest.raises(ValueError, match="the number of no character"):
        convert.from_character_code(code)


def test_codes_of_so_many_bits() -> None:
    assert convert.from_character_code(65536 + 66, bits=16) == "B"
    assert convert.from_character_code(66 - 65536, bits=16) == "B"
    assert convert.from_character_code(0xD83D, bits=16) == "\ufffd"
    with pytest.raises(ValueError, match="`bits` must be from 1 to 32"):
        convert.from_character_code(1, bits=99)


def test_in_a_run() -> None:
    assert try_node(convert.format_number, value=2, format=".1f").result == "2.0"
    assert try_node(convert.from_character_code, code=65.0).result == "A"
