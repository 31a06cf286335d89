"""What nodes of category `time` take for a date and time, and for a time zone. There are no nodes in here."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

from nodeflow.library import dotnet_dates
from nodeflow.library.inputs import check_choice
from nodeflow.library.patterns import compiled_later
from nodeflow.values import short
from nodeflow.values.texts import read_datetime

Moment = datetime | date | str
"""A date and time, a date, which is its midnight, or a text as in ISO 8601."""

MOST_CHARACTERS: Final = 200
"""The longest text that is read as a date, and the longest format."""

_OFFSET: Final = compiled_later(r"([+-])(\d{2}):?(\d{2})", re.ASCII)


class NotADate(ValueError):
    """A text says no date and time."""


def moment_of(value: Moment, style: str = "iso") -> datetime:
    """The date and time that is meant.

    Raises:
        NotADate: The text is none; with `style` `dotnet` more is one than with `iso`.

    >>> moment_of("2026-02-28"), moment_of("02/28/2026", style="dotnet")
    (datetime.datetime(2026, 2, 28, 0, 0), datetime.datetime(2026, 2, 28, 0, 0))
    """
    check_choice("style", style, "iso", "dotnet")
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if len(value) > MOST_CHARACTERS:
        raise NotADate(f"{short(value)} is too long for a date and time")
    try:
        return read_datetime(value) if style == "iso" else dotnet_dates.read_moment(value)
    except ValueError:
        form = " as in ISO 8601; `time.parse` reads others" if style == "iso" else ""
        raise NotADate(f"{short(value)} is not a date and time{form}") from None


# --- zones --------------------------------------------------------------------------------------------


def zone_of(name: str) -> tzinfo:
    """A zone by its name in the time zone database, `UTC`, or an offset such as `+02:00`.

    >>> zone_of("+05:30")
    datetime.timezone(datetime.timedelta(seconds=19800))
    >>> zone_of("Europe/Berln")
    Traceback (most recent call last):
    ValueError: unknown time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?
    """
    if name.upper() in ("UTC", "Z"):
        return UTC
    if found := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        if offset < timedelta(days=1):
            return timezone(-offset if found[1] == "-" else offset)
    import zoneinfo  # only here: many flows need no zone but UTC

    try:
        return zoneinfo.ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # unknown, no name for a file, a directory
        raise _unknown(name) from None


def _unknown(name: str) -> ValueError:
    import zoneinfo

    known = zoneinfo.available_timezones()
    if not known:
        return ValueError(f"time zone {short(name)}: this host knows none; pip install 'nodeflow-trio[timezones]'")
    near = difflib.get_close_matches(name[:100], known, 1, 0.7)
    hint = f"; did you mean {near[0]!r}?" if near else "; zones are named such as 'Europe/Berlin', 'UTC', '+02:00'"
    return ValueError(f"unknown time zone {short(name)}{hint}")


def brought_to(moment: datetime, zone: str) -> datetime:
    """The same moment in a zone, or in that of the host if it is `local`.

    >>> brought_to(datetime(2026, 7, 1, 12, tzinfo=UTC), "Europe/Berlin").isoformat()
    '2026-07-01T14:00:00+02:00'
    """
    at = None if zone == "local" else zone_of(zone)
    try:
        return moment.astimezone(at)
    except (OverflowError, ValueError):
        raise outside() from None


def placed_in(moment: datetime, zone: str) -> datetime:
    """A time without a zone as the time that clocks show in one; an hour that is there twice is the first."""
    return brought_to(moment, zone) if zone == "local" else moment.replace(tzinfo=zone_of(zone))


def outside() -> OverflowError:
    """The error for a time that Python does not have."""
    return OverflowError("the result is not in the years 1 to 9999")


def with_zone(moment: datetime, what: str) -> datetime:
    """The moment. Raises `ValueError` if it has no zone: what it is to become depends on it."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone, so it has no {what}; `time.in_zone` gives it one")
    return moment


def both(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Two moments that can be compared: in UTC, if they have zones. Raises `ValueError` if only one has.

    Python would subtract what clocks show where both are in one zone, and lose the hour between summer and winter.
    """
    if (start.tzinfo is None) != (end.tzinfo is None):
        without = start if start.tzinfo is None else end
        raise ValueError(f"only one has a time zone: {without.isoformat()} has none; `time.in_zone` gives it one")
    if start.tzinfo is None:
        return start, end
    return in_utc(start), in_utc(end)


def in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise outside() from None


def length(**units: Any) -> timedelta:
    """A duration of so many days, hours, ... Raises `ValueError` or `OverflowError` where there is none."""
    try:
        return timedelta(**units)
    except ValueError:
        wrong = next(f"`{name}` is {short(value)}" for name, value in units.items() if value != value)
        raise ValueError(f"{wrong}, which is no number") from None
    except OverflowError:
        raise OverflowError("a duration has at most 999,999,999 days") from None
