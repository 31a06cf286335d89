"""SQL statements on the databases that the host grants with `Databases({...})`: SQLite and PostgreSQL.

Values are bound, never written into the statement: `?` and `:name` stand for them in SQLite, `%s` and `%(name)s` in
PostgreSQL (where a `%` that is none is written `%%`). PostgreSQL stands on psycopg: the extra `postgresql`. How the
databases are reached is in `sql_sqlite` and `sql_postgresql`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from nodeflow.library.sql_statement import Statement, Stopped, hidden
from nodeflow.library.worker import in_thread
from nodeflow.node import NodeContext, exec_node
from nodeflow.services import Databases, NotGranted, Secret, granted
from nodeflow.values import short

LONGEST: Final = 1_000_000
"""Characters in a statement."""

MOST_PARAMETERS: Final = 1_000


@frozen
class Rows:
    """What a query gave."""

    rows: list[dict[str, Any]]
    count: int


@exec_node("sql.query")
async def query(
    ctx: NodeContext, statement: str, parameters: Any = None, database: str = "main", timeout: float | None = None
) -> Rows:
    """Run a statement that gives rows, and get all of them, as dicts.

    It is one statement and a transaction of its own. Fails with `NotGranted` if the host did not grant the database,
    with `PermissionError` if it may only be read, with `SqlError` for what the database complains about, with
    `ValueError` if there are more rows than the host allows, with `TimeoutError`.

    Args:
        statement: The statement; `?` or `%s` for each parameter, or their names.
        parameters: A list, or a dict for parameters that have names; a value may be a secret.
        database: The name under which the host granted it.
        timeout: Seconds that it takes at most; what the host allows, unless it is less.
        rows: A dict for each row, by name of the column.
        count: How many rows there are.

    >>> from tempfile import TemporaryDirectory
    >>> from nodeflow.testing import try_node
    >>> with TemporaryDirectory() as folder:
    ...     grant = Databases({"main": f"sqlite:{folder}/data.db"})
    ...     asked = {"statement": "SELECT ? + ? AS sum", "parameters": [1, 2]}
    ...     try_node(query, **asked, services=[grant], real_time=True).outputs
    {'rows': [{'sum': 3}], 'count': 1}
    """
    answer = await _run(ctx, database, statement, parameters, timeout, gives_rows=True)
    return Rows(answer.rows, len(answer.rows))


@exec_node("sql.execute")
async def execute(
    ctx: NodeContext, statement: str, parameters: Any = None, database: str = "main", timeout: float | None = None
) -> int:
    """Run a statement that changes something; the result is how many rows it changed.

    It is one statement and a transaction of its own: all of it happens, or nothing. Fails as `sql.query` does.

    Args:
        statement: The statement; `?` or `%s` for each parameter, or their names.
        parameters: A list, or a dict for parameters that have names; a value may be a secret.
        database: The name under which the host granted it.
        timeout: Seconds that it takes at most; what the host allows, unless it is less.

    >>> from tempfile import TemporaryDirectory
    >>> from nodeflow.testing import try_node
    >>> with TemporaryDirectory() as folder:
    ...     grant = Databases({"main": f"sqlite:{folder}/data.db"})
    ...     for statement in ("CREATE TABLE people (name)", "INSERT INTO people VALUES ('Ada'), ('Grace')"):
    ...         tried = try_node(execute, statement=statement, services=[grant], real_time=True)
    >>> tried.result
    2
    """
    answer = await _run(ctx, database, statement, parameters, timeout, gives_rows=False)
    return answer.changed


async def _run(
    ctx: NodeContext, database: str, text: str, parameters: Any, timeout: float | None, *, gives_rows: bool
) -> Statement:
    grant = granted(ctx, Databases)
    url = grant.urls.get(database)
    if url is None:
        known = ", ".join(grant.urls) or "none"
        raise NotGranted(f"the host granted no database {short(database)}; it granted {known}")
    seconds = grant.timeout if timeout is None else min(timeout, grant.timeout)
    if not seconds > 0:
        raise ValueError(f"timeout must be more than 0 seconds, not {seconds:g}")
    if len(text) > LONGEST or "\0" in text or not text.strip():
        raise ValueError(
            f"{short(text)} is no statement: it is empty, has a NUL in it, or more than {LONGEST} characters"
        )
    bound, secrets = bound_values(parameters)
    statement = Statement(database, url, grant, text, bound, seconds, gives_rows)
    try:
        await in_thread(lambda: _of(url)(statement), statement.stop)
    except Stopped:
        raise TimeoutError(f"the statement on {database!r} took more than {seconds:g} s: {short(text)}") from None
    except Exception as error:
        raise hidden(error, secrets) from None
    return statement


def _of(url: str) -> Any:
    """What runs a statement on a database of this kind."""
    if url.startswith("sqlite:"):
        from nodeflow.library import sql_sqlite

        return sql_sqlite.run
    from nodeflow.library import sql_postgresql

    return sql_postgresql.run


# --- parameters ---------------------------------------------------------------------------------------


def bound_values(parameters: Any) -> tuple[Sequence[Any] | Mapping[str, Any], list[str]]:
    """The parameters as databases take them, and the texts among them that are secret.

    >>> bound_values([1, "a", None, Secret("x")])
    ([1, 'a', None, 'x'], ['x'])
    """
    if parameters is None:
        return [], []
    if not isinstance(parameters, dict | list | tuple):
        raise TypeError(f"parameters are a list, or a dict by name, not {short(parameters)}")
    if len(parameters) > MOST_PARAMETERS:
        raise ValueError(f"a statement has at most {MOST_PARAMETERS} parameters, not {len(parameters)}")
    given = parameters.values() if isinstance(parameters, dict) else parameters
    secrets = [each.reveal() for each in given if isinstance(each, Secret)]
    if isinstance(parameters, dict):
        if not all(isinstance(name, str) for name in parameters):
            raise TypeError(f"names of parameters are texts: {short(parameters)}")
        return {name: _bound(value) for name, value in parameters.items()}, secrets
    return [_bound(value) for value in parameters], secrets


def _bound(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    if value is None or isinstance(value, bool | int | bytes | datetime):
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise ValueError(f"{short(value)} is too large for a database")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is no number to a database")
        return value
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{short(value)} has half a character in it") from None
        if "\0" in value:
            raise ValueError(f"{short(value)} has a NUL in it")
        return value
    raise TypeError(f"{short(value)} cannot be a parameter; a list or a dict can be written as JSON first")
