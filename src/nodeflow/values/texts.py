"""What texts say: numbers, dates and durations in the one form in which values are written, read back.

Each `read_...` raises `ValueError` with what is wrong, as the end of a message.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from typing import Final

MOST_DIGITS: Final = 4000
"""Longer numbers are not read: the effort grows with the square of their length."""

# Patterns are compiled when they are used: most runs read no text, and all would wait for it.
_INT: Final = r"(?a)[+-]?\d+"
_FLOAT: Final = r"(?ai)[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?"
_GROUPED: Final = r"(?ai)[+-]?\d[\d,]*(\.\d*)?(e[+-]?\d+)?"
_NOT_FINITE: Final = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}
_DURATION: Final = (
    r"(?ai)(?P<sign>[+-]?)P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?"
)


def read_int(text: str) -> int:
    """A whole number, in ASCII digits; spaces around it do not matter.

    >>> read_int(" -12 ")
    -12
    """
    text = text.strip()
    if not re.fullmatch(_INT, text):
        raise ValueError("it is not a whole number")
    if len(text) > MOST_DIGITS:
        raise ValueError(f"it has more than {MOST_DIGITS} digits")
    return int(text)


def read_float(text: str, *, grouped: bool = False) -> float:
    """A number, with exponent too, or `nan`, `inf`, `infinity`; `grouped`: with commas among its digits.

    >>> read_float("-2.5e3"), read_float("1,000.5", grouped=True)
    (-2500.0, 1000.5)
    """
    text = text.strip()
    if len(text) > MOST_DIGITS:
        raise ValueError(f"it has more than {MOST_DIGITS} digits")
    if re.fullmatch(_FLOAT, text):
        return float(text)
    if grouped and re.fullmatch(_GROUPED, text):
        return float(text.replace(",", ""))
    found = _NOT_FINITE.get(text.lstrip("+-").lower())
    if found is None or len(text) - len(text.lstrip("+-")) > 1:
        raise ValueError("it is not a number")
    return -found if text.startswith("-") else found


def read_bool(text: str) -> bool:
    """`true` or `false`, in any letter case.

    >>> read_bool("True"), read_bool(" false")
    (True, False)
    """
    found = {"true": True, "false": False}.get(text.strip().lower())
    if found is None:
        raise ValueError("it is neither true nor false")
    return found


def read_datetime(text: str) -> datetime:
    """A date and time as in ISO 8601, with a zone's offset or without; a date alone is its midnight.

    >>> read_datetime("2026-02-28 12:00Z")
    datetime.datetime(2026, 2, 28, 12, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("it is not a date and time as in ISO 8601") from None


def read_date(text: str) -> date:
    """A date as in ISO 8601.

    >>> read_date("2026-02-28")
    datetime.date(2026, 2, 28)
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("it is not a date as in ISO 8601") from None


def read_duration(text: str) -> timedelta:
    """A duration as in ISO 8601, in weeks, days, hours, minutes and seconds; years and months have no one length.

    >>> read_duration("P1DT2H"), read_duration("-PT0.5S")
    (datetime.timedelta(days=1, seconds=7200), datetime.timedelta(days=-1, seconds=86399, microseconds=500000))
    """
    found = re.fullmatch(_DURATION, text.strip())
    if found is None or text.strip().upper().endswith(("P", "T")):
        raise ValueError("it is not a duration as in ISO 8601, such as P1DT2H30M or PT90S")
    whole, _, fraction = (found["seconds"] or "0").replace(",", ".").partition(".")
    units = {name: found[name] or "0" for name in ("weeks", "days", "hours", "minutes")}
    if any(len(digits) > 20 for digits in (whole, *units.values())):
        raise ValueError("it is too long")
    try:
        length = timedelta(
            seconds=int(whole), microseconds=int((fraction + "000000")[:6]), **{k: int(v) for k, v in units.items()}
        )
        return -length if found["sign"] == "-" else length
    except OverflowError:
        raise ValueError("it is too long") from None


def duration_text(length: timedelta) -> str:
    """A duration as in ISO 8601, in days, hours, minutes and seconds: what `read_duration` reads.

    >>> [duration_text(timedelta(seconds=s)) for s in (0, 90, 86400, -5400.25)]
    ['PT0S', 'PT1M30S', 'P1D', '-PT1H30M0.25S']
    """
    sign, length = ("-", -length) if length < timedelta(0) else ("", length)
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    said = f"{seconds}.{length.microseconds:06}".rstrip("0") if length.microseconds else str(seconds)
    clock = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M")) if count)
    clock += f"{said}S" if seconds or length.microseconds else ""
    days = f"{length.days}D" if length.days else ""
    return f"{sign}P{days}{'T' + clock if clock else ''}" if days or clock else "PT0S"
