"""Statements on one SQLite file, and on no other: what would open another one is refused by SQLite's own authorizer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from nodeflow.errors import describe
from nodeflow.library import sql_functions
from nodeflow.library.sql_statement import SqlError, Statement, Stopped

EVERY: Final = 1_000
"""After how many of its steps SQLite asks whether to stop."""

_REFUSED: Final = {
    sqlite3.SQLITE_ATTACH: "ATTACH (and VACUUM) opens other files",
    sqlite3.SQLITE_DETACH: "DETACH is for what was attached",
    sqlite3.SQLITE_TRANSACTION: "each statement is a transaction of its own",
    sqlite3.SQLITE_SAVEPOINT: "each statement is a transaction of its own",
}
_PRAGMAS: Final = frozenset(
    ("table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list",
     "foreign_key_check", "user_version", "application_id", "encoding", "page_count", "page_size")
)  # fmt: skip
"""Which only tell something. Others change where temporary files lie, how much memory there is, what is checked."""

_FUNCTIONS: Final = frozenset(("load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "json_patch"))
_VIRTUAL: Final = frozenset(("fts3", "fts4", "fts5", "rtree", "geopoly"))
_TELLS: Final = frozenset(("user_version", "application_id", "encoding", "page_size"))  # and set, with a value


def run(statement: Statement) -> None:
    """Run it, in this thread, on a connection of its own."""
    while True:
        try:
            return _run(statement)
        except sqlite3.OperationalError as error:
            # Somebody else writes. Waiting inside of SQLite could not be stopped.
            busy = _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy:
                raise SqlError(describe(error)) from None
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise SqlError(describe(error)) from None
        statement.stopped.wait(0.02)
        if statement.is_over():
            raise Stopped


def _run(statement: Statement) -> None:
    refused: list[str] = []
    with closing(_connect(statement)) as connection:
        connection.set_progress_handler(statement.is_over, EVERY)
        connection.set_authorizer(_authorizer(refused))
        if statement.is_over():
            raise Stopped
        try:
            _execute(connection, statement)
        except sqlite3.DatabaseError as error:
            if statement.is_over() and _code(error) == sqlite3.SQLITE_INTERRUPT:
                raise Stopped from None
            if refused:
                raise PermissionError(f"the database does not do this for a graph: {refused[0]}") from None
            if _code(error) == sqlite3.SQLITE_READONLY and statement.read_only:
                raise PermissionError(
                    f"the host granted the database {statement.database!r} for reading only"
                ) from None
            raise


def _code(error: sqlite3.Error) -> int:
    """SQLite's own code; 0 for what Python's module complains about."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _connect(statement: Statement) -> sqlite3.Connection:
    path = statement.url.removeprefix("sqlite:")
    mode = "ro" if statement.read_only else "rwc"
    try:
        connection = sqlite3.connect(
            f"file:{quote(path)}?mode={mode}", uri=True, timeout=0, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error:
        raise SqlError(f"the database {statement.database!r} cannot be opened") from None
    limits = (
        (sqlite3.SQLITE_LIMIT_LENGTH, statement.grant.max_value),  # a search in long texts cannot be stopped
        (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
        (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
        (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
    )
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    for limit, most in limits:
        connection.setlimit(limit, most)
    sql_functions.install(connection, statement.grant.max_value)
    return connection


def _authorizer(refused: list[str]) -> Callable[..., int]:
    """Says no to what leads out of the file, and notes why."""

    def why(action: int, first: str | None, second: str | None) -> str | None:
        name = (first or "").lower()
        if action == sqlite3.SQLITE_PRAGMA and (name not in _PRAGMAS or (second is not None and name in _TELLS)):
            return f"PRAGMA {name}"
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FUNCTIONS:
            return f"the function {second}"
        if action == sqlite3.SQLITE_CREATE_VTABLE and (second or "").lower() not in _VIRTUAL:
            return f"virtual tables of {second}"
        return _REFUSED.get(action)

    def authorize(action: int, first: str | None, second: str | None, *_: Any) -> int:
        reason = why(action, first, second)
        if reason is None:
            return sqlite3.SQLITE_OK
        refused.append(reason)
        return sqlite3.SQLITE_DENY

    return authorize


def _execute(connection: sqlite3.Connection, statement: Statement) -> None:
    given: Any = statement.parameters
    if isinstance(given, dict):
        given = {name: _stored(value) for name, value in given.items()}
    else:
        given = [_stored(value) for value in given]
    before = connection.total_changes
    with closing(connection.cursor()) as cursor:  # an open one would keep the file open, as long as an error has it
        cursor.execute(statement.text, given)
        if cursor.description is None:
            if statement.gives_rows:
                raise ValueError("the statement gives no rows: sql.execute runs it")
        elif statement.gives_rows:
            columns = statement.columns([each[0] for each in cursor.description])
            for row in cursor:
                statement.add(columns, row)
        else:
            for _ in cursor:  # RETURNING: what changes is done when the last row is out
                pass
    statement.changed = connection.total_changes - before


def _stored(value: Any) -> Any:
    """SQLite has no times: they are texts that sort as they follow each other."""
    return value.isoformat(" ") if isinstance(value, datetime) else value
