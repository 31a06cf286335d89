"""Counting with dates and times: real time and the calendar, where clocks are put forward and back too."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeflow.library import time
from nodeflow.library.time_counting import STARTS
from nodeflow.testing import try_node

BERLIN = ZoneInfo("Europe/Berlin")
BEFORE = datetime(2026, 3, 28, 12, tzinfo=BERLIN)  # the day before clocks are put forward

middle = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1))
small = st.integers(-10_000, 10_000)

# --- later and earlier --------------------------------------------------------------------------------


@given(middle, st.timedeltas(timedelta(-1000), timedelta(1000)))
def test_adding_a_duration_is_python_s_sum(moment: datetime, length: timedelta) -> None:
    assert time.add(moment, length) == moment + length
    assert time.difference(moment, time.add(moment, length)).result == length


@given(middle, small, small, small)
def test_units_add_up(moment: datetime, days: int, hours: int, seconds: int) -> None:
    expected = moment + timedelta(days=days, hours=hours, seconds=seconds)
    assert time.add(moment, days=days, hours=hours, seconds=seconds) == expected
    assert time.add(moment, time.duration(days=days, hours=hours, seconds=seconds)) == expected


@given(middle, st.integers(-1000, 1000))
def test_months_keep_the_day_or_end_with_the_month(moment: datetime, months: int) -> None:
    found = time.add(moment, months=months)
    assert isinstance(found, datetime)
    assert (found.year - moment.year) * 12 + found.month - moment.month == months
    assert found.day == moment.day or (found.day < moment.day and (found + timedelta(1)).day == 1)
    assert found.time() == moment.time()


@pytest.mark.parametrize(
    ("value", "units", "expected"),
    [
        (date(2024, 2, 29), {"years": 1}, date(2025, 2, 28)),
        (date(2026, 1, 31), {"months": 1, "days": 1}, date(2026, 3, 1)),
        (date(2026, 3, 31), {"months": -1}, date(2026, 2, 28)),
        (date(2026, 2, 28), {"weeks": 1}, date(2026, 3, 7)),
        (date(2026, 2, 28), {"hours": 48}, date(2026, 3, 2)),
        ("2026-02-28", {"days": 1}, datetime(2026, 3, 1)),
        ("2026-02-28T12:00Z", {"days": -0.5}, datetime(2026, 2, 28, tzinfo=UTC)),
        (BEFORE, {"days": 1}, datetime(2026, 3, 29, 12, tzinfo=BERLIN)),
        (BEFORE, {"hours": 24}, datetime(2026, 3, 29, 13, tzinfo=BERLIN)),
        (BEFORE.replace(hour=2, minute=30), {"days": 1}, datetime(2026, 3, 29, 3, 30, tzinfo=BERLIN)),
        (BEFORE, {}, BEFORE),
    ],
)
def test_add(value: Any, units: dict[str, Any], expected: Any) -> None:
    found = time.add(value, **units)
    assert found == expected
    assert type(found) is type(expected)
    assert str(found) == str(expected)  # the same clock, too


@pytest.mark.parametrize(
    ("value", "units", "error", "message"),
    [
        (date(2026, 2, 28), {"hours": 1}, ValueError, "has no time of day"),
        (date(2026, 2, 28), {"days": 0.5}, ValueError, "has no time of day"),
        (datetime(9999, 12, 31), {"days": 1}, OverflowError, "years 1 to 9999"),
        (datetime(2026, 1, 1), {"years": -2026}, OverflowError, "years 1 to 9999"),
        (datetime(2026, 1, 1), {"months": 10**30}, OverflowError, "years 1 to 9999"),
        (datetime(2026, 1, 1), {"days": 1e300}, OverflowError, "999,999,999 days"),
        (datetime(2026, 1, 1), {"days": 10**400}, OverflowError, "999,999,999 days"),
        (datetime(2026, 1, 1), {"hours": math.nan}, ValueError, "`hours` is nan"),
        (datetime(2026, 1, 1), {"seconds": math.inf}, OverflowError, "999,999,999 days"),
        (datetime(9999, 12, 31, 23, tzinfo=UTC), {"hours": 2}, OverflowError, "years 1 to 9999"),
        ("soon", {"days": 1}, ValueError, "'soon' is not a date"),
    ],
)  # fmt: skip
def test_where_there_is_no_later(value: Any, units: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        time.add(value, **units)


def test_a_text_that_is_no_date_may_stay() -> None:
    assert time.add("soon", days=1, on_failure="unchanged") == "soon"
    assert time.add("02/28/2026", days=1, style="dotnet") == datetime(2026, 3, 1)
    with pytest.raises(ValueError, match="`on_failure`"):
        time.add("soon", on_failure="zero")
    assert try_node(time.add, value="2026-02-28", days=1).result == datetime(2026, 3, 1)


# --- how long between ---------------------------------------------------------------------------------


@given(middle, middle)
def test_difference_is_python_s(start: datetime, end: datetime) -> None:
    found = time.difference(start, end)
    assert found.result == end - start
    assert found.days == pytest.approx(found.seconds / 86400)
    assert found.hours == pytest.approx(found.minutes / 60)


def test_difference_is_real_time() -> None:
    assert time.difference(BEFORE, datetime(2026, 3, 29, 12, tzinfo=BERLIN)).hours == 23
    assert time.difference("2026-02-28T12:00+01:00", "2026-02-28T12:00Z").result == timedelta(hours=1)
    assert time.difference(date(2026, 2, 28), "2026-02-28T06:00").days == 0.25
    assert try_node(time.difference, start="2026-02-28", end="2026-02-27").outputs["days"] == -1.0


def test_a_zone_and_none_do_not_compare() -> None:
    with pytest.raises(ValueError, match="only one has a time zone: 2026-02-28T00:00:00 has none"):
        time.difference("2026-02-28", "2026-02-28T12:00Z")
    assert time.difference("2026-02-28", "2026-02-28T12:00Z", style="dotnet").hours == 12


def test_difference_of_what_is_no_date() -> None:
    with pytest.raises(ValueError, match="'soon' is not a date"):
        time.difference("2026-02-28", "soon")
    assert time.difference("soon", "2026-02-28", on_failure="zero") == (timedelta(0), 0, 0, 0, 0)
    with pytest.raises(OverflowError, match="years 1 to 9999"):
        time.difference("0001-01-01T00:00+10:00", "2026-02-28T12:00Z")


# --- durations ----------------------------------------------------------------------------------------


@given(st.timedeltas())
def test_a_duration_in_its_units(length: timedelta) -> None:
    assert time.total(length) == length.total_seconds()
    assert time.total(length, unit="days") == length / timedelta(days=1)
    assert time.duration(days=length.days, seconds=length.seconds, milliseconds=length.microseconds / 1000) == length


def test_durations_have_ends() -> None:
    assert time.duration() == timedelta(0)
    assert time.duration(hours=-1.5) == timedelta(minutes=-90)
    for units in ({"weeks": 10**12}, {"seconds": 1e300}, {"days": 10**400}, {"milliseconds": math.inf}):
        with pytest.raises(OverflowError, match="at most 999,999,999 days"):
            time.duration(**units)
    with pytest.raises(ValueError, match="`minutes` is nan"):
        time.duration(minutes=math.nan)
    with pytest.raises(ValueError, match="`unit` must be"):
        time.total(timedelta(1), unit="years")


# --- beginnings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("year", datetime(2026, 1, 1)), ("quarter", datetime(2026, 7, 1)), ("month", datetime(2026, 8, 1)),
        ("week", datetime(2026, 8, 3)), ("day", datetime(2026, 8, 9)), ("hour", datetime(2026, 8, 9, 15)),
        ("minute", datetime(2026, 8, 9, 15, 4)), ("second", datetime(2026, 8, 9, 15, 4, 5)),
    ],
)  # fmt: skip
def test_start_of(unit: str, expected: datetime) -> None:
    assert time.start_of(datetime(2026, 8, 9, 15, 4, 5, 6), unit) == expected


@given(st.datetimes(datetime(2, 1, 1)), st.sampled_from(STARTS))
def test_a_beginning_is_its_own_and_not_later(moment: datetime, unit: str) -> None:
    found = time.start_of(moment, unit)
    assert found <= moment
    assert time.start_of(found, unit) == found


def test_a_date_stays_a_date() -> None:
    assert time.start_of(date(2026, 8, 9), "month") == date(2026, 8, 1)
    assert type(time.start_of(date(2026, 8, 9), "day")) is date
    assert time.start_of("2026-08-09", "year") == datetime(2026, 1, 1)


def test_beginnings_in_zones() -> None:
    assert str(time.start_of(BEFORE, "month")) == "2026-03-01 00:00:00+01:00"
    gap = datetime(2018, 11, 4, 12, tzinfo=ZoneInfo("America/Sao_Paulo"))  # clocks went from 0:00 to 1:00
    assert str(time.start_of(gap, "day")) == "2018-11-04 01:00:00-02:00"


def test_no_such_beginning() -> None:
    with pytest.raises(ValueError, match="`unit` must be"):
        time.start_of(BEFORE, "decade")
    assert time.start_of(datetime(1, 1, 1), "week") == datetime(1, 1, 1)
    with pytest.raises(ValueError, match="'soon' is not a date"):
        time.start_of("soon")
