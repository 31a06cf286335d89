"""Statements on PostgreSQL, with psycopg in the thread that runs them. Imported when there is such a statement."""

from __future__ import annotations

import re
import threading
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from nodeflow.library.extras import need
from nodeflow.library.sql_statement import SqlError, Statement, Stopped

_GIVES_ROWS: Final = re.compile(
    r"(?is)\A(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:\(|(?:select|values|table|show|explain|fetch)\b)"
)
_RETURNING: Final = re.compile(r"(?i)\breturning\b")


def run(statement: Statement) -> None:
    """Run it, in this thread, on a connection of its own, in one transaction."""
    psycopg = need("psycopg", extra="postgresql")
    if not statement.gives_rows and (_GIVES_ROWS.match(statement.text) or _RETURNING.search(statement.text)):
        raise ValueError("a statement that gives rows is run by sql.query; texts belong into the parameters")
    connection = _connect(psycopg, statement)
    statement.interrupt = lambda: _cancel(connection, statement)
    bell = threading.Timer(statement.seconds, statement.stop)
    bell.daemon = True
    bell.start()
    try:
        if statement.is_over():
            raise Stopped
        with connection:
            connection.read_only = statement.read_only
            _execute(connection, statement)
    except psycopg.errors.ReadOnlySqlTransaction:
        raise PermissionError(f"the host granted the database {statement.database!r} for reading only") from None
    except psycopg.Error as error:
        if statement.stopped.is_set() and isinstance(error, psycopg.errors.QueryCanceled):
            raise Stopped from None
        raise SqlError(_said(error, statement)) from None
    finally:
        bell.cancel()
        statement.finished.set()
        connection.close()


def _connect(psycopg: Any, statement: Statement) -> Any:
    milliseconds = int(statement.seconds * 1000) + 1000  # if we are not there any more to stop it
    try:
        return psycopg.connect(
            statement.url,
            connect_timeout=max(2, min(10, int(statement.seconds) + 1)),
            options=f"-c statement_timeout={milliseconds}",
            application_name="nodeflow",
        )
    except psycopg.Error as error:
        said = _said(error, statement)
        raise SqlError(f"the database {statement.database!r} cannot be reached: {said}") from None


def _said(error: Exception, statement: Statement) -> str:
    """What the server says, unless a part of the URL that nobody is to see is in it."""
    said = " ".join(str(error).split())
    url = statement.url
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        password = url
    parts = [url, password, unquote(password), *(re.findall(r"password=([^&]*)", url))]
    if any(part and part in said for part in parts) or "://" in said or "percent-encoded" in said:
        return f"{type(error).__name__} (what it says would show the URL)"
    return f"{type(error).__name__}: {said}"


def _cancel(connection: Any, statement: Statement) -> None:
    """Ask the server to stop the statement, without waiting for it: in a thread of its own."""
    threading.Thread(target=_cancel_until_finished, args=(connection, statement), daemon=True).start()


def _cancel_until_finished(connection: Any, statement: Statement) -> None:
    """Again and again: what is asked before the statement has arrived there has no effect."""
    for _ in range(50):
        try:
            connection.cancel_safe(timeout=5)
        except Exception:  # it is over, or the server is: who waits for the statement sees it
            return
        if statement.finished.wait(0.2):
            return


def _execute(connection: Any, statement: Statement) -> None:
    cursor = connection.cursor()
    # With parameters, even none, `%%` is a percent sign: it is one then always.
    if not statement.gives_rows:
        cursor.execute(statement.text, statement.parameters, prepare=True)  # prepared: one statement, not several
        statement.changed = max(0, cursor.rowcount)
        return
    columns: Any = None
    rows = cursor.stream(statement.text, statement.parameters)  # row by row: the server may have more than we take
    try:
        for row in rows:
            if columns is None:
                columns = statement.columns([column.name for column in cursor.description])
            statement.add(columns, row)
    finally:
        rows.close()
