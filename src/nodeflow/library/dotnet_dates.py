"""Dates and times as .NET's invariant culture writes and reads them, for flows that come from there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from nodeflow.library.patterns import compiled_later
from nodeflow.values import short

MOST_CHARACTERS: Final = 200
"""The longest format, and the longest text that is read."""

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

_RFC: Final = "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'"
STANDARD: Final[Mapping[str, str]] = {
    "d": "MM/dd/yyyy", "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm", "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm", "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd", "M": "MMMM dd",
    "o": "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK", "O": "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
    "r": _RFC, "R": _RFC,
    "s": "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
    "t": "HH:mm", "T": "HH:mm:ss",
    "u": "yyyy'-'MM'-'dd HH':'mm':'ss'Z'", "U": "dddd, dd MMMM yyyy HH:mm:ss",
    "y": "yyyy MMMM", "Y": "yyyy MMMM",
}  # fmt: skip
"""The standard formats, one letter each, as the custom formats that they stand for."""

_IN_UTC: Final = "rRuU"
"""The standard formats that write the time in UTC."""

_TOKEN: Final = compiled_later(
    r"'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|\\(?P<escaped>.)|%(?P<alone>[A-Za-z:/])"
    r"|(?P<letters>(?P<letter>[dfFghHKmMstyz])(?P=letter)*)|(?P<other>[^'\"\\%])",
    re.DOTALL,
)


def format_moment(moment: datetime, spec: str) -> str:
    """A date and time by a format of .NET, a standard one (`o`, `s`, `d`, ...) or a custom one (`yyyy-MM-dd`).

    >>> when = datetime(2026, 2, 28, 15, 4, 5, 678000, UTC)
    >>> format_moment(when, "yyyy-MM-dd HH:mm:ss"), format_moment(when, "o")
    ('2026-02-28 15:04:05', '2026-02-28T15:04:05.6780000Z')
    >>> format_moment(when, "dddd d MMM yy, h:mm tt")
    'Saturday 28 Feb 26, 3:04 PM'
    """
    if len(spec) > MOST_CHARACTERS:
        raise ValueError(f"a format has at most {MOST_CHARACTERS} characters, not {len(spec)}")
    if len(spec) <= 1:
        letter = spec or "G"
        if letter not in STANDARD:
            raise ValueError(f"{short(spec)} is no format for a date; known are {' '.join(STANDARD)} and custom ones")
        if letter in _IN_UTC and moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
        spec = STANDARD[letter]
    parts: list[str] = []
    end = 0
    for found in _TOKEN.finditer(spec):
        if found.start() != end:
            break
        end = found.end()
        parts.append(_written(moment, found, parts))
    if end != len(spec):
        raise ValueError(f"format {short(spec)}: character {end}, {spec[end]!r}, has no end or stands for nothing")
    return "".join(parts)


def _written(moment: datetime, found: re.Match[str], before: list[str]) -> str:
    """What one token of a format stands for."""
    letters = found["letters"] or found["alone"]
    if letters is None or letters[0] not in _WRITERS:
        literal = (found["single"], found["double"], found["escaped"], found["alone"], found["other"])
        return next(text for text in literal if text is not None)
    text = _WRITERS[letters[0]](moment, len(letters))
    if letters[0] == "F" and not text and before and before[-1] == ".":
        before.pop()  # no fraction, no point
    return text


def _fraction(moment: datetime, count: int) -> str:
    if count > 7:
        raise ValueError("a format of a date has at most seven f or F in a row")
    return f"{moment.microsecond:06}0"[:count]


def _offset(moment: datetime) -> tuple[str, int, int]:
    minutes = int((moment.utcoffset() or timedelta(0)).total_seconds() / 60)
    return "-" if minutes < 0 else "+", *divmod(abs(minutes), 60)


def _zone(moment: datetime, count: int) -> str:
    sign, hours, minutes = _offset(moment)
    return f"{sign}{hours}" if count == 1 else f"{sign}{hours:02}" + (f":{minutes:02}" if count > 2 else "")


def _kind(moment: datetime, _: int) -> str:
    if moment.tzinfo is None:
        return ""
    return "Z" if moment.tzinfo is UTC or moment.tzname() == "UTC" else _zone(moment, 3)


def _plain(number: Callable[[datetime], int]) -> Callable[[datetime, int], str]:
    return lambda moment, count: f"{number(moment):0{min(count, 2)}}"


def _named(names: tuple[str, ...], number: Callable[[datetime], int], start: int) -> Callable[[datetime, int], str]:
    """One or two letters are a number, three a short name, more the whole name."""

    def write(moment: datetime, count: int) -> str:
        name = names[number(moment) - start]
        return name[:3] if count == 3 else name

    return write


_MONTH: Final = _named(MONTHS, lambda moment: moment.month, 1)
_DAY: Final = _named(DAYS, lambda moment: moment.weekday(), 0)

_WRITERS: Final[Mapping[str, Callable[[datetime, int], str]]] = {
    "y": lambda moment, n: f"{moment.year % 100:0{n}}" if n <= 2 else f"{moment.year:0{n}}",
    "M": lambda moment, n: f"{moment.month:0{n}}" if n <= 2 else _MONTH(moment, n),
    "d": lambda moment, n: f"{moment.day:0{n}}" if n <= 2 else _DAY(moment, n),
    "H": _plain(lambda moment: moment.hour),
    "h": _plain(lambda moment: (moment.hour + 11) % 12 + 1),
    "m": _plain(lambda moment: moment.minute),
    "s": _plain(lambda moment: moment.second),
    "f": _fraction,
    "F": lambda moment, n: _fraction(moment, n).rstrip("0"),
    "t": lambda moment, n: ("AM" if moment.hour < 12 else "PM")[:n],
    "z": _zone,
    "K": _kind,
    "g": lambda moment, n: "A.D.",
}
"""What writes a run of so many of a letter."""


# --- reading ------------------------------------------------------------------------------------------

_DATES: Final = (
    "%m/%d/%Y", "%Y/%m/%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y",
    "%A, %d %B %Y", "%a, %d %b %Y",
)  # fmt: skip
_TIMES: Final = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")


def read_moment(text: str) -> datetime:
    """A date and time in one of the forms that .NET's invariant culture reads: ISO 8601, `02/28/2026 3:04 PM`, ...

    >>> read_moment("02/28/2026 3:04 PM"), read_moment("2026-02-28")
    (datetime.datetime(2026, 2, 28, 15, 4), datetime.datetime(2026, 2, 28, 0, 0))
    """
    text = " ".join(text.split())
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"a date has at most {MOST_CHARACTERS} characters, not {len(text)}")
    if "-" in text:  # 20260228 is a number there
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    bare = text.removesuffix(" GMT")
    zone = UTC if bare != text else None
    for form in _forms(bare):
        try:
            return datetime.strptime(bare, form).replace(tzinfo=zone)
        except ValueError:
            continue
    raise ValueError(f"{short(text)} is not a date and time")


def _forms(text: str) -> list[str]:
    """The forms that a text may have, by how many colons it has in it."""
    colons = text.count(":")
    return [date + time for date in _DATES for time in _TIMES if time.count(":") == colons]
