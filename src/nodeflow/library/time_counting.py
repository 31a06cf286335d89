"""Counting with dates and times: so much later, how long between, durations, beginnings of days and weeks."""

from __future__ import annotations

import calendar
import math
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from nodeflow.library.inputs import check_choice
from nodeflow.library.time_reading import Moment, NotADate, both, in_utc, length, moment_of, outside
from nodeflow.node import Option, data_node
from nodeflow.values import short

Number = int | float

_UNITS: Final = {
    "weeks": timedelta(weeks=1), "days": timedelta(days=1), "hours": timedelta(hours=1),
    "minutes": timedelta(minutes=1), "seconds": timedelta(seconds=1), "milliseconds": timedelta(milliseconds=1),
}  # fmt: skip

NONE: Final = timedelta(0)


@data_node("time.add")
def add(
    value: Moment,
    duration: timedelta = NONE,
    years: int = 0,
    months: int = 0,
    weeks: Number = 0,
    days: Number = 0,
    hours: Number = 0,
    minutes: Number = 0,
    seconds: Number = 0,
    style: Option[str] = "iso",
    on_failure: Option[str] = "error",
) -> Moment:
    """So much later, or earlier for negative numbers. A date stays a date, and can only be moved by whole days.

    Years, months, weeks and days go by the calendar: the same time of day, on the last day of a month that is shorter.
    Hours, minutes, seconds and the duration are real time, also where clocks are put forward or back.
    Fails with `ValueError` for a text that is no date, with `OverflowError` outside of the years 1 to 9999.

    Args:
        style: How text is read: as in `iso` 8601, or, with `dotnet`, in other common forms too.
        on_failure: What comes of a text that is no date: `error`, or the text `unchanged`.

    >>> add(date(2024, 1, 31), months=1), add(datetime(2026, 2, 28, 12), days=1.5)
    (datetime.date(2024, 2, 29), datetime.datetime(2026, 3, 2, 0, 0))
    >>> add("soon", days=1, on_failure="unchanged")
    'soon'
    """
    check_choice("on_failure", on_failure, "error", "unchanged")
    try:
        moment = moment_of(value, style)
    except NotADate:
        if on_failure == "unchanged":
            return value
        raise
    all_days = length(days=days, weeks=weeks)
    whole = timedelta(math.trunc(all_days / timedelta(1)))  # towards 0: -1.5 is a day and half a day
    rest = length(hours=hours, minutes=minutes, seconds=seconds)
    try:
        exact = all_days - whole + rest + duration
        moment = _by_months(moment, 12 * years + months) + whole
        if isinstance(value, datetime | str):
            return _by_time(moment, exact)
        if exact % timedelta(1):
            raise ValueError(f"{value} is a date and has no time of day to add to; make it a datetime first")
        return (moment + exact).date()
    except OverflowError:
        raise outside() from None


def _by_months(moment: datetime, months: int) -> datetime:
    if not months:
        return moment
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    return moment.replace(year, month + 1, min(moment.day, calendar.monthrange(year, month + 1)[1]))


def _by_time(moment: datetime, exact: timedelta) -> datetime:
    if moment.tzinfo is None:
        return moment + exact
    # Through UTC also without `exact`: it puts right a time that clocks skip.
    return (moment.astimezone(UTC) + exact).astimezone(moment.tzinfo)


class Difference(NamedTuple):
    """How long it is, as a duration and in each unit."""

    result: timedelta
    days: float
    hours: float
    minutes: float
    seconds: float


@data_node("time.difference")
def difference(start: Moment, end: Moment, style: Option[str] = "iso", on_failure: Option[str] = "error") -> Difference:
    """How long it is from `start` to `end`, in real time; negative if it is earlier.

    Fails with `ValueError` for a text that is no date, and if only one of both has a time zone.

    Args:
        style: How text is read: as in `iso` 8601, or, with `dotnet`, in other common forms too, and as clocks show it
            if only one has a zone.
        on_failure: What comes of a text that is no date: `error`, or `zero`.
        days: The whole of it in days; so for the other units.

    >>> difference("2026-02-28", "2026-03-01T12:00").days
    1.5
    >>> difference("2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00").hours
    23.0
    """
    check_choice("on_failure", on_failure, "error", "zero")
    try:
        first, last = moment_of(start, style), moment_of(end, style)
        if style == "dotnet" and (first.tzinfo is None) != (last.tzinfo is None):
            first, last = first.replace(tzinfo=None), last.replace(tzinfo=None)
        first, last = both(first, last)
    except NotADate:
        if on_failure == "error":
            raise
        first = last = datetime(1, 1, 1)
    found = last - first
    return Difference(found, *(found / _UNITS[unit] for unit in ("days", "hours", "minutes", "seconds")))


# --- durations ----------------------------------------------------------------------------------------


@data_node("time.duration")
def duration(
    weeks: Number = 0,
    days: Number = 0,
    hours: Number = 0,
    minutes: Number = 0,
    seconds: Number = 0,
    milliseconds: Number = 0,
) -> timedelta:
    """So many days, hours, ... together. Fails with `OverflowError` beyond 999,999,999 days.

    >>> duration(hours=1, minutes=30)
    datetime.timedelta(seconds=5400)
    """
    return length(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)


@data_node("time.total")
def total(duration: timedelta = NONE, unit: Option[str] = "seconds") -> float:
    """A duration as a number of seconds, or of another unit.

    Args:
        unit: `weeks`, `days`, `hours`, `minutes`, `seconds` or `milliseconds`.

    >>> total(timedelta(minutes=90)), total(timedelta(minutes=90), unit="hours")
    (5400.0, 1.5)
    """
    check_choice("unit", unit, *_UNITS)
    return duration / _UNITS[unit]


# --- beginnings ---------------------------------------------------------------------------------------

_OF_A_DAY: Final = ("hour", "minute", "second")
STARTS: Final = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
"""What `time.start_of` knows the beginning of."""


@data_node("time.start_of")
def start_of(value: Moment, unit: Option[str] = "day") -> datetime | date:
    """The beginning of the day, of the month, ... that a time is in, as its own clock shows it. A date stays a date.

    Fails with `ValueError` for a text that is no date.

    Args:
        unit: `year`, `quarter`, `month`, `week` (from Monday), `day`, `hour`, `minute` or `second`.

    >>> start_of(datetime(2026, 2, 28, 15, 4)), start_of(date(2026, 2, 28), unit="week")
    (datetime.datetime(2026, 2, 28, 0, 0), datetime.date(2026, 2, 23))
    """
    check_choice("unit", unit, *STARTS)
    moment = moment_of(value)
    if unit in _OF_A_DAY:
        minute, second = (0 if unit == "hour" else moment.minute), (moment.second if unit == "second" else 0)
        moment = moment.replace(minute=minute, second=second, microsecond=0)
    else:
        moment = _first_day(moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0), unit)
        if moment.tzinfo is not None:  # where clocks skip midnight, the day begins later
            moment = in_utc(moment).astimezone(moment.tzinfo)
    return moment.date() if isinstance(value, date) and not isinstance(value, datetime) else moment


def _first_day(midnight: datetime, unit: str) -> datetime:
    if unit == "week":
        try:
            return midnight - timedelta(days=midnight.weekday())
        except OverflowError:
            raise OverflowError(f"the week of {short(midnight.date())} begins before the year 1") from None
    if unit == "day":
        return midnight
    month = {"year": 1, "quarter": midnight.month - (midnight.month - 1) % 3, "month": midnight.month}[unit]
    return midnight.replace(month=month, day=1)
