"""Dates and times: what time it is, and dates as text, as parts and as numbers.

Where a node takes a date and time it also takes a date, which is its midnight, and a text as in ISO 8601. A time may
have a zone or not; nothing guesses one. Counting with times is in `time_counting`, measuring in `time_measuring`; their
nodes are found here too.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from nodeflow.library import dotnet_dates
from nodeflow.library.inputs import check_choice
from nodeflow.library.patterns import compiled_later
from nodeflow.library.time_counting import add, difference, duration, start_of, total
from nodeflow.library.time_measuring import stopwatch, timer
from nodeflow.library.time_reading import (
    MOST_CHARACTERS,
    Moment,
    NotADate,
    brought_to,
    moment_of,
    outside,
    placed_in,
    with_zone,
)
from nodeflow.node import NodeContext, Option, data_node
from nodeflow.services import Clock
from nodeflow.values import short

__all__ = [
    "add",
    "difference",
    "duration",
    "format",
    "from_parts",
    "from_timestamp",
    "in_zone",
    "now",
    "parse",
    "parts",
    "start_of",
    "stopwatch",
    "timer",
    "timestamp",
    "today",
    "total",
    "weekday",
]


def _time(ctx: NodeContext) -> datetime:
    """The time now, from the clock that the host gave to the run, else from its own."""
    try:
        clock = ctx.service(Clock)
    except LookupError:
        clock = Clock()
    moment = clock.now()
    if moment.tzinfo is None:
        raise ValueError(f"the clock that the host gave to the run says {moment.isoformat()}, and in no time zone")
    return moment


@data_node("time.now", volatile=True)
def now(ctx: NodeContext, zone: str = "UTC") -> datetime:
    """The time now, anew for each pull. A host that gives a `nodeflow.services.Clock` decides what time it is.

    Args:
        zone: A name such as `Europe/Berlin`, an offset such as `+02:00`, `UTC`, or `local`: that of the host.

    >>> from nodeflow.testing import try_node
    >>> from nodeflow.services import Clock
    >>> class Stopped(Clock):
    ...     def now(self):
    ...         return datetime(2026, 2, 28, 12, tzinfo=UTC)
    >>> try_node(now, zone="Europe/Berlin", services=[Stopped()]).result.isoformat()
    '2026-02-28T13:00:00+01:00'
    """
    return brought_to(_time(ctx), zone)


@data_node("time.today", volatile=True)
def today(ctx: NodeContext, zone: str = "UTC") -> date:
    """The date today, anew for each pull.

    Args:
        zone: Where: a name such as `Europe/Berlin`, an offset such as `+02:00`, `UTC`, or `local`: that of the host.

    >>> from nodeflow.testing import try_node
    >>> from nodeflow.services import Clock
    >>> class Stopped(Clock):
    ...     def now(self):
    ...         return datetime(2026, 2, 28, 23, tzinfo=UTC)
    >>> try_node(today, zone="Asia/Tokyo", services=[Stopped()]).result
    datetime.date(2026, 3, 1)
    """
    return brought_to(_time(ctx), zone).date()


# --- text ---------------------------------------------------------------------------------------------

_DIRECTIVE: Final = compiled_later(r"%(.?)", re.DOTALL)
DIRECTIVES: Final = "aAbBcdfGHIjmMpSuUVwWxXyYzZ%"
"""What may stand behind `%` in a format."""


def _check_format(format: str) -> None:
    if len(format) > MOST_CHARACTERS:
        raise ValueError(f"a format has at most {MOST_CHARACTERS} characters, not {len(format)}")
    for found in _DIRECTIVE.finditer(format):
        if not found[1] or found[1] not in DIRECTIVES:
            raise ValueError(f"format {short(format)}: {found[0]!r} stands for nothing; known are {DIRECTIVES}")


@data_node("time.parse")
def parse(text: str, format: str = "", zone: str = "") -> datetime:
    """The date and time that a text says. Fails with `ValueError` if it says none.

    Args:
        format: As `%d.%m.%Y %H:%M`, in the words of Python's `strptime`; empty: as in ISO 8601.
        zone: Where a text that says no zone was written; empty: the result has none.

    >>> parse("2026-02-28T12:00Z"), parse("28.2.2026", "%d.%m.%Y")
    (datetime.datetime(2026, 2, 28, 12, 0, tzinfo=datetime.timezone.utc), datetime.datetime(2026, 2, 28, 0, 0))
    """
    if format:
        _check_format(format)
        if len(text) > MOST_CHARACTERS:
            raise NotADate(f"{short(text)} is too long for a date and time")
        try:
            moment = datetime.strptime(text, format)
        except (ValueError, OverflowError, re.error) as error:
            raise NotADate(f"{short(text)} is not a date and time in the form {short(format)}: {error}") from None
    else:
        moment = moment_of(text)
    return placed_in(moment, zone) if zone and moment.tzinfo is None else moment


@data_node("time.format")
def format(
    value: Moment,
    format: str = "%Y-%m-%d %H:%M:%S",
    style: Option[str] = "strftime",
    on_failure: Option[str] = "error",
) -> str:
    """A date and time as text in a given form.

    Fails with `ValueError` for a form that is none, and for a text that is no date.

    Args:
        format: In the words of Python's `strftime`, such as `%d.%m.%Y %H:%M`.
        style: `strftime`, or `dotnet`: forms as `yyyy-MM-dd HH:mm` or `o`, in the invariant culture.
        on_failure: What comes of a text that is no date: `error`, or the text `unchanged`.

    >>> format(datetime(2026, 2, 28, 15, 4), "%d.%m.%Y, %I:%M %p")
    '28.02.2026, 03:04 PM'
    >>> format("2026-02-28T15:04", "d MMM yyyy", style="dotnet"), format("soon", on_failure="unchanged")
    ('28 Feb 2026', 'soon')
    """
    check_choice("style", style, "strftime", "dotnet")
    check_choice("on_failure", on_failure, "error", "unchanged")
    try:
        moment = moment_of(value, "dotnet" if style == "dotnet" else "iso")
    except NotADate:
        if on_failure == "unchanged" and isinstance(value, str):
            return value
        raise
    if style == "dotnet":
        return dotnet_dates.format_moment(moment, format)
    _check_format(format)
    # The C library does not fill up years, and takes no characters that are not UTF-8.
    format = _DIRECTIVE.sub(lambda found: f"{moment.year:04}" if found[1] == "Y" else found[0], format)
    return moment.strftime(format.encode("utf-8", "replace").decode())


# --- zones --------------------------------------------------------------------------------------------


@data_node("time.in_zone")
def in_zone(value: Moment, zone: str = "UTC", assume: str = "") -> datetime:
    """The same moment as clocks show it in another zone. Fails with `ValueError` for a time without a zone.

    Args:
        zone: A name such as `Europe/Berlin`, an offset such as `+02:00`, `UTC`, or `local`: that of the host.
        assume: The zone that a time without one is in.

    >>> in_zone("2026-07-01T12:00Z", "Europe/Berlin").isoformat()
    '2026-07-01T14:00:00+02:00'
    >>> in_zone("2026-07-01T12:00", "UTC", assume="Europe/Berlin").isoformat()
    '2026-07-01T10:00:00+00:00'
    """
    moment = moment_of(value)
    if moment.tzinfo is None:
        if not assume:
            raise ValueError(f"{moment.isoformat()} has no time zone; `assume` says which it is in")
        moment = placed_in(moment, assume)
    return brought_to(moment, zone)


# --- parts and numbers --------------------------------------------------------------------------------


class Parts(NamedTuple):
    """The parts of a date and time."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    microsecond: int
    weekday: int
    week: int
    day_of_year: int


@data_node("time.parts")
def parts(value: Moment, style: Option[str] = "iso", on_failure: Option[str] = "error") -> Parts:
    """The year, the month, the day, ... of a date and time, as its own clock shows it.

    Fails with `ValueError` for a text that is no date.

    Args:
        style: How text is read: as in `iso` 8601, or, with `dotnet`, in other common forms too.
        on_failure: What comes of a text that is no date: `error`, or `zero` for all parts.
        weekday: 1 is Monday, 7 is Sunday.
        week: As in ISO 8601.

    >>> parts("2026-02-28T15:04:05")
    Parts(year=2026, month=2, day=28, hour=15, minute=4, second=5, microsecond=0, weekday=6, week=9, day_of_year=59)
    """
    check_choice("on_failure", on_failure, "error", "zero")
    try:
        moment = moment_of(value, style)
    except NotADate:
        if on_failure == "zero":
            return Parts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        raise
    _, week, weekday = moment.isocalendar()
    return Parts(
        moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond,
        weekday, week, moment.timetuple().tm_yday,
    )  # fmt: skip


@data_node("time.from_parts")
def from_parts(
    year: int,
    month: int = 1,
    day: int = 1,
    hour: int = 0,
    minute: int = 0,
    second: int = 0,
    microsecond: int = 0,
    zone: str = "",
) -> datetime:
    """The date and time that has these parts. Fails with `ValueError` if there is none, as on a 30 February.

    Args:
        zone: The zone in which clocks show this; empty: the result has none.

    >>> from_parts(2026, 2, 28, hour=12, zone="Europe/Berlin").isoformat()
    '2026-02-28T12:00:00+01:00'
    """
    try:
        moment = datetime(year, month, day, hour, minute, second, microsecond)
    except (ValueError, OverflowError) as error:
        said = ", ".join(map(short, (year, month, day, hour, minute, second)))
        why = error if isinstance(error, ValueError) else "years end with 9999, and all else sooner"
        raise ValueError(f"there is no such time: {said}: {why}") from None
    return placed_in(moment, zone) if zone else moment


_PER_SECOND: Final = {"seconds": 1, "milliseconds": 1000}


@data_node("time.timestamp")
def timestamp(value: Moment, unit: Option[str] = "seconds") -> float:
    """The number of seconds since the beginning of 1970 in UTC. Fails with `ValueError` for a time without a zone.

    Args:
        unit: `seconds` or `milliseconds`.

    >>> timestamp("2026-02-28T00:00Z"), timestamp("1970-01-01T00:00:01.5+00:00", unit="milliseconds")
    (1772236800.0, 1500.0)
    """
    check_choice("unit", unit, *_PER_SECOND)
    since = with_zone(moment_of(value), "timestamp") - datetime(1970, 1, 1, tzinfo=UTC)
    return since / timedelta(seconds=1) if unit == "seconds" else since / timedelta(milliseconds=1)


@data_node("time.from_timestamp")
def from_timestamp(value: int | float, unit: Option[str] = "seconds", zone: str = "UTC") -> datetime:
    """The moment that is so many seconds after the beginning of 1970 in UTC.

    Fails with `ValueError` or `OverflowError` if it is not in the years 1 to 9999.

    Args:
        unit: `seconds` or `milliseconds`.
        zone: The zone of the result: `Europe/Berlin`, `+02:00`, `UTC`, or `local`.

    >>> from_timestamp(1772236800).isoformat(), from_timestamp(1500, unit="milliseconds").isoformat()
    ('2026-02-28T00:00:00+00:00', '1970-01-01T00:00:01.500000+00:00')
    """
    check_choice("unit", unit, *_PER_SECOND)
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(**{unit: value})
    except ValueError:
        raise ValueError(f"{short(value)} is no number of {unit}") from None
    except OverflowError:
        raise outside() from None
    return brought_to(moment, zone)


class Weekday(NamedTuple):
    """The number of a day of the week, from 1 for Monday, and its English name."""

    result: int
    name: str


@data_node("time.weekday")
def weekday(value: Moment) -> Weekday:
    """Which day of the week it is: 1 and `Monday` to 7 and `Sunday`.

    Args:
        name: In English.

    >>> weekday(date(2026, 2, 28))
    Weekday(result=6, name='Saturday')
    """
    number = moment_of(value).isoweekday()
    return Weekday(number, dotnet_dates.DAYS[number - 1])
