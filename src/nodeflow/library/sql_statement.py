"""One statement on its way to a database and back, whichever that is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from typing import Any

from attrs import define, field

from nodeflow.errors import describe
from nodeflow.services import Databases
from nodeflow.values import short, size_of


class SqlError(Exception):
    """A database complained: about the statement, its parameters, or what is in it."""


class Stopped(Exception):
    """A statement was told to stop, or its time is over."""


@define(eq=False)
class Statement:
    """A statement, what is known of it, and what it gave.

    Attributes:
        database, url: Where it goes.
        grant: How much it may give.
        text, parameters: What it is.
        seconds: How long it may take, on the clock of the world: that is where databases work.
        gives_rows: Whether its rows are wanted, or how many it changed.
        stopped: Set when it is to stop.
        finished: Set when it has ended, however it did.
        interrupt: What else tells the database to stop, without waiting.
    """

    database: str
    url: str = field(repr=False)
    grant: Databases = field(repr=False)
    text: str
    parameters: Sequence[Any] | Mapping[str, Any] = field(repr=False)
    seconds: float
    gives_rows: bool
    rows: list[dict[str, Any]] = field(factory=list, repr=False)
    changed: int = 0
    stopped: threading.Event = field(factory=threading.Event, repr=False)
    finished: threading.Event = field(factory=threading.Event, repr=False)
    interrupt: Callable[[], None] | None = field(default=None, repr=False)
    _size: int = 0
    _end: float = field(init=False)

    @_end.default
    def _ends(self) -> float:
        return time.monotonic() + self.seconds

    def is_over(self) -> bool:
        """Whether it is to stop."""
        return self.stopped.is_set() or time.monotonic() > self._end

    @property
    def read_only(self) -> bool:
        return self.grant.is_read_only(self.database)

    def stop(self) -> None:
        """Make it end soon. Called by another thread than the one that works on it."""
        self.stopped.set()
        interrupt = self.interrupt
        if interrupt is not None:
            interrupt()

    def columns(self, names: Sequence[str]) -> Sequence[str]:
        """The names of the columns, which must differ: a dict has one value for each."""
        twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
        if twice is not None:
            raise ValueError(f"two columns are named {short(twice)}: name one of them with AS")
        return names

    def add(self, columns: Sequence[str], row: Sequence[Any]) -> None:
        """Keep a row, if there may be one more.

        Raises:
            ValueError: There are too many, or they hold too much.
            Stopped: It is to stop.
        """
        if self.is_over():
            raise Stopped
        grant = self.grant
        if len(self.rows) >= grant.max_rows:
            raise ValueError(f"the query gives more than the {grant.max_rows} rows that the host allows: add a LIMIT")
        found = {name: plain(value) for name, value in zip(columns, row, strict=True)}
        self._size += size_of(found, grant.max_bytes)
        if self._size > grant.max_bytes:
            raise ValueError(f"the query gives more than the {grant.max_bytes} bytes that the host allows")
        self.rows.append(found)


def plain(value: Any) -> Any:
    """A database's value as one that nodes know.

    >>> plain(Decimal("3")), plain(Decimal("0.5")), plain(date(2026, 2, 28)), plain(timedelta(minutes=1))
    (3, 0.5, '2026-02-28', 60.0)
    """
    if value is None or isinstance(value, bool | int | str | bytes | datetime):
        return value
    if isinstance(value, float):
        return value
    if isinstance(value, Decimal):
        if value.is_finite() and value == value.to_integral_value() and value.adjusted() < 4000:
            return int(value)
        return float(value)
    if isinstance(value, date | time_of_day):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]  # arrays of a database are a few levels deep
    return value if isinstance(value, dict) else str(value)


def hidden(error: Exception, secrets: Sequence[str]) -> Exception:
    """The error, or another one that says the same without the secrets that are in it."""
    said = describe(error, 1_000_000)
    if not any(secret and secret in said for secret in secrets):
        return error
    for secret in sorted(secrets, key=len, reverse=True):
        said = said.replace(secret, "***") if secret else said
    return SqlError(said)
