"""SQL statements on SQLite and, where a server can be reached, on PostgreSQL."""

import os
import sqlite3
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import pytest
import trio
from hypothesis import HealthCheck, settings
from hypothesis import given as whatever
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.library import flow, sql, sql_functions
from nodeflow.library.sql_statement import SqlError
from nodeflow.services import Databases, NotGranted, Secret
from nodeflow.testing import try_node

SERVER = os.environ.get("NODEFLOW_TEST_POSTGRESQL", "")
needs_server = pytest.mark.skipif(
    not SERVER, reason="NODEFLOW_TEST_POSTGRESQL has no URL of a PostgreSQL server (postgresql://user@host/database)"
)

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def file(tmp_path):
    """A database with a table."""
    path = tmp_path / "data.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT UNIQUE, born REAL)")
        connection.execute("INSERT INTO people (name, born) VALUES ('Ada', 1815), ('Grace', 1906)")
    connection.close()
    return path


def databases(file, **more):
    return Databases({"main": f"sqlite:{file}"}, **more)


def query(grant, statement, parameters=None, **given):
    given |= {} if parameters is None else {"parameters": parameters}
    return try_node(sql.query, statement=statement, services=[grant], real_time=True, **given).outputs["rows"]


def execute(grant, statement, parameters=None, **given):
    given |= {} if parameters is None else {"parameters": parameters}
    return try_node(sql.execute, statement=statement, services=[grant], real_time=True, **given).result


# --- SQLite: what it does -----------------------------------------------------------------------------


def test_rows_are_dicts(file):
    tried = try_node(
        sql.query, statement="SELECT name, born FROM people ORDER BY born", services=[databases(file)], real_time=True
    )
    assert tried.outputs == {"rows": [{"name": "Ada", "born": 1815.0}, {"name": "Grace", "born": 1906.0}], "count": 2}
    assert tried.exits == ["exit"]
    assert query(databases(file), "SELECT * FROM people WHERE 0") == []


def test_changes_are_counted(file):
    grant = databases(file)
    assert execute(grant, "UPDATE people SET born = born + 1") == 2
    assert execute(grant, "DELETE FROM people WHERE name = ?", ["nobody"]) == 0
    assert execute(grant, "CREATE TABLE other (x)") == 0
    assert execute(grant, "INSERT INTO people (name) VALUES ('Alan') RETURNING id") == 1
    assert query(grant, "INSERT INTO people (name) VALUES ('Kay') RETURNING name") == [{"name": "Kay"}]
    assert query(grant, "SELECT count(*) AS n FROM people") == [{"n": 4}]


@pytest.mark.parametrize(
    "value", [None, 0, -(2**63), 2**63 - 1, 1.5, "", "ä'); DROP TABLE people; --", b"", b"\x00\xff", "x" * 1000]
)
def test_values_are_bound_and_come_back(file, value):
    assert query(databases(file), "SELECT ? AS v", [value]) == [{"v": value}]
    assert query(databases(file), "SELECT :v AS v", {"v": value}) == [{"v": value}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@whatever(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_no_text_gets_out_of_its_parameter(file, value):
    assert query(databases(file), "SELECT ? AS v", [value]) == [{"v": value}]


def test_truths_and_times_are_what_sqlite_has_for_them(file):
    when = datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert query(databases(file), "SELECT ? AS a, ? AS b", [True, when]) == [{"a": 1, "b": "2026-02-28 12:00:00+00:00"}]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (2**63, "too large"), (float("nan"), "is no number"), (float("inf"), "is no number"),
        ([1], "cannot be a parameter"),
        ({}, "cannot be a parameter"), ("\ud800", "half a character"), ("a\0b", "a NUL"),
        (object(), "cannot be a parameter"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_bound(file, value, error):
    with pytest.raises((TypeError, ValueError), match=error):
        query(databases(file), "SELECT ? AS v", [value])


@pytest.mark.parametrize("parameters", ["abc", 3, {1: 2}])
def test_parameters_that_cannot_be(file, parameters):
    with pytest.raises(TypeError, match="parameters are"):
        sql.bound_values(parameters)


def test_the_number_of_parameters(file):
    with pytest.raises(ValueError, match="at most 1000 parameters"):
        query(databases(file), "SELECT 1", [1] * 1001)
    for parameters in ([], [1, 2], {"other": 1}):
        with pytest.raises(SqlError):
            query(databases(file), "SELECT :v AS v", parameters)


@pytest.mark.parametrize("statement", ["", "  ", "SELECT 1\0", "x" * 1_000_001])
def test_what_is_no_statement(file, statement):
    with pytest.raises(ValueError, match="is no statement"):
        query(databases(file), statement)


@pytest.mark.parametrize(
    "statement", ["SELEC 1", "SELECT * FROM nope", "SELECT 1; SELECT 2", "INSERT INTO people (name) VALUES ('Ada')"]
)
def test_what_the_database_complains_about(file, statement):
    for act in (query, execute):
        with pytest.raises(SqlError, match=r"^\w+Error: "):
            act(databases(file), statement)


def test_a_statement_without_rows_is_no_query(file):
    with pytest.raises(ValueError, match=r"gives no rows: sql.execute"):
        query(databases(file), "CREATE TABLE other (x)")


def test_columns_of_one_name(file):
    with pytest.raises(ValueError, match="two columns are named 'x'"):
        query(databases(file), "SELECT 1 AS x, 2 AS x")


def test_text_that_is_no_utf8(file):
    assert query(databases(file), "SELECT CAST(x'61ff' AS TEXT) AS v") == [{"v": "a\ufffd"}]


def test_a_file_is_made_by_the_first_statement(tmp_path):
    grant = databases(tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()
    execute(grant, "CREATE TABLE t (x)")
    assert (tmp_path / "new.db").exists()


def test_names_of_files_are_not_options(tmp_path):
    grant = databases(tmp_path / "a?mode=memory#x%20.db")
    execute(grant, "CREATE TABLE t (x)")
    assert [each.name for each in tmp_path.iterdir()] == ["a?mode=memory#x%20.db"]


def test_a_database_that_cannot_be_opened_is_told_without_saying_where(tmp_path):
    with pytest.raises(SqlError, match="'main' cannot be opened") as caught:
        query(databases(tmp_path / "no" / "data.db"), "SELECT 1 AS x")
    assert str(tmp_path) not in str(caught.value)


def test_what_is_no_database(tmp_path):
    (tmp_path / "data.db").write_bytes(b"no database" * 1000)
    with pytest.raises(SqlError, match="file is not a database"):
        query(databases(tmp_path / "data.db"), "SELECT * FROM t")


# --- what is not granted ------------------------------------------------------------------------------


def test_without_the_grant():
    for node_type in (sql.query, sql.execute):
        with pytest.raises(NotGranted, match=r"needs Databases.*--database NAME=URL"):
            try_node(node_type, statement="SELECT 1")


def test_only_what_is_granted(file):
    with pytest.raises(NotGranted, match="granted no database 'other'; it granted main"):
        query(databases(file), "SELECT 1 AS x", database="other")


@pytest.mark.parametrize(
    "url", ["", "data.db", "sqlite:", "sqlite::memory:", "mysql://x", "postgresql:x", "file:data.db", "s3cret://x", 3]
)
def test_urls_that_cannot_be(url):
    with pytest.raises(ValueError, match=r"'main'") as caught:
        Databases({"main": url})
    assert "s3cret" not in str(caught.value)


def test_the_grant_does_not_show_its_urls():
    grant = Databases({"main": "postgresql://ada:s3cret@host/db"})
    assert repr(grant).startswith("Databases(urls=['main'], ")
    assert "s3cret" not in f"{grant} {grant!r}"


@pytest.mark.parametrize("read_only", [True, ["main"]])
def test_reading_only(file, read_only):
    grant = databases(file, read_only=read_only)
    assert len(query(grant, "SELECT * FROM people")) == 2
    for act, statement in (
        (execute, "DELETE FROM people"), (execute, "DROP TABLE people"), (execute, "CREATE TABLE x (y)"),
        (query, "INSERT INTO people (name) VALUES ('x') RETURNING id"),
    ):  # fmt: skip
        with pytest.raises(PermissionError, match="'main' for reading only"):
            act(grant, statement)
    assert len(query(grant, "SELECT * FROM people")) == 2
    assert execute(databases(file, read_only=["other"]), "DELETE FROM people") == 2


ESCAPES = [
    "ATTACH '{other}' AS other",
    "ATTACH ':memory:' AS other",
    "VACUUM INTO '{other}'",
    "DETACH main",
    "SELECT load_extension('{other}')",
    "PRAGMA temp_store_directory = '{folder}'",
    "PRAGMA writable_schema = 1",
    "PRAGMA journal_mode = OFF",
    "PRAGMA database_list",
    "PRAGMA cache_size = 1000000000",
    "PRAGMA user_version = 3",
    "SELECT * FROM pragma_database_list",
    "CREATE VIRTUAL TABLE t USING csv(filename='{other}')",
    "BEGIN",
    "COMMIT",
    "SAVEPOINT x",
]


@pytest.mark.parametrize("statement", ESCAPES)
def test_no_statement_leads_out_of_the_file(file, statement):
    other = file.parent / "other.db"
    with pytest.raises((PermissionError, SqlError)):
        execute(databases(file), statement.format(other=other, folder=file.parent))
    assert [each.name for each in file.parent.iterdir()] == ["data.db"]


@pytest.mark.parametrize(
    "statement", ["ATTACH '/x' AS y", "PRAGMA journal_mode", "SELECT load_extension('x')", "BEGIN"]
)
def test_a_refusal_says_what_is_refused(file, statement):
    with pytest.raises(
        PermissionError, match=r"does not do this for a graph: (ATTACH|PRAGMA|the function|each statement)"
    ):
        execute(databases(file), statement)


def test_an_escape_inside_of_a_view_or_trigger(file):
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE VIEW paths AS SELECT * FROM pragma_database_list")
    connection.close()
    with pytest.raises(PermissionError, match="PRAGMA database_list"):
        query(databases(file), "SELECT * FROM paths")


def test_what_tells_of_the_tables_is_allowed(file):
    assert query(databases(file), "SELECT name FROM pragma_table_info('people')")[1] == {"name": "name"}
    assert query(databases(file), "PRAGMA user_version") == [{"user_version": 0}]
    assert query(databases(file), "SELECT name FROM sqlite_master WHERE type = 'table'") == [{"name": "people"}]


# --- bounds -------------------------------------------------------------------------------------------

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) SELECT i FROM n"


def test_too_many_rows(file):
    grant = databases(file, max_rows=10)
    assert len(query(grant, NUMBERS.format(10))) == 10
    with pytest.raises(ValueError, match="more than the 10 rows that the host allows: add a LIMIT"):
        query(grant, NUMBERS.format(-1))


def test_too_large_rows(file):
    with pytest.raises(ValueError, match="more than the 100000 bytes"):
        query(databases(file, max_bytes=100_000), NUMBERS.format(-1))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT zeroblob(2000000) AS v",
        "SELECT replace(hex(zeroblob(400000)), '0', '123') AS v",
        "SELECT hex(zeroblob(600000)) AS v",
    ],
)
def test_too_long_values(file, statement):
    with pytest.raises(SqlError, match="too big"):
        query(databases(file), statement)


TEXTS = (
    st.text(st.sampled_from("aab "), max_size=6) | st.none() | st.integers(-20, 20) | st.sampled_from([1.0, 0.1, 1e20])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@whatever(TEXTS, TEXTS, TEXTS)
def test_functions_of_ours_do_what_those_of_sqlite_do(file, a, b, c):
    calls = [
        "replace(?1, ?2, ?3)",
        "instr(?1, ?2)",
        *(f"{f}({g})" for f in ("trim", "ltrim", "rtrim") for g in ("?1", "?1, ?2")),
    ]
    plain = sqlite3.connect(":memory:")
    ours = sqlite3.connect(":memory:")
    sql_functions.install(ours, 1000)
    for call in calls:
        given = [a, b, c][: 3 if "?3" in call else 2 if "?2" in call else 1]
        assert [*ours.execute(f"SELECT {call}", given)] == [*plain.execute(f"SELECT {call}", given)]
    plain.close()
    ours.close()


@pytest.mark.parametrize("call", ["trim({a}, {b} || 'a')", "instr({a}, {a} || 'b')", "replace({a}, {a} || 'b', '')"])
def test_no_function_takes_hours(file, call):
    long = [f"printf('%.*c', 900000, '{letter}')" for letter in "ab"]
    assert len(query(databases(file), f"SELECT length({call.format(a=long[0], b=long[1])}) AS n", timeout=20)) == 1


def test_a_statement_without_end_is_stopped(file):
    for act in (query, execute):
        with pytest.raises(TimeoutError, match=r"on 'main' took more than 0.2 s: 'WITH RECURSIVE"):
            act(databases(file), ENDLESS, timeout=0.2)
    with pytest.raises(TimeoutError):
        query(databases(file, timeout=0.2), ENDLESS)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_timeouts_that_cannot_be(file, timeout):
    with pytest.raises(ValueError, match="timeout must be more than 0 seconds"):
        query(databases(file), "SELECT 1 AS x", timeout=timeout)


def test_a_stopped_change_has_not_happened(file):
    statement = f"INSERT INTO people (name) SELECT 'x' || i FROM ({NUMBERS.format(-1)})"
    with pytest.raises(TimeoutError):
        execute(databases(file), statement, timeout=0.2)
    assert query(databases(file), "SELECT count(*) AS n FROM people") == [{"n": 2}]


async def test_cancelling_stops_the_statement(file):
    """The run ends although the statement never would, and no thread goes on with it."""
    wf = nf.Workflow("main")
    asking, other = wf.add(sql.query, statement=ENDLESS), wf.add(flow.delay, seconds=0.2)
    wf.add(flow.start) >> asking
    wf.add(flow.start, id="second") >> other
    async with nf.open_run(wf, services=[databases(file)]) as run:
        await trio.testing.wait_all_tasks_blocked()
        run.cancel("enough")
        with trio.fail_after(20):
            result = await run.wait()
    assert result.status == "cancelled"


def test_a_locked_database_is_waited_for_and_given_up(file):
    holding = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    holding.execute("BEGIN EXCLUSIVE")
    with pytest.raises(TimeoutError):
        execute(databases(file), "DELETE FROM people", timeout=0.2)
    release = threading.Timer(0.2, lambda: holding.execute("COMMIT"))
    release.start()
    assert execute(databases(file), "DELETE FROM people", timeout=20) == 2
    release.join()
    holding.close()


def test_many_at_once(file):
    wf = nf.Workflow("main")
    batch = wf.add(flow.batch, items=list(range(20)), parallel=10)
    add = wf.add(sql.execute, statement="INSERT INTO people (born) VALUES (1)")
    wf.add(flow.start) >> batch
    batch.process >> add
    nf.run_sync(wf, services=[databases(file)])
    assert query(databases(file), "SELECT count(*) AS n FROM people") == [{"n": 22}]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="there is no /proc here")
def test_no_descriptor_is_left_open(file):
    def opened():
        return [each for each in os.listdir("/proc/self/fd") if "data.db" in _target(each)]

    for statement in ("SELECT 1 AS x", "SELEC", "ATTACH 'x' AS y", NUMBERS.format(-1), "DELETE FROM people"):
        for act in (query, execute):
            with suppress(SqlError, ValueError, OSError):
                act(databases(file, max_rows=3, timeout=0.2), statement)
    assert opened() == []


def _target(descriptor):
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""


# --- secrets ------------------------------------------------------------------------------------------


def test_secrets_are_bound(file):
    assert query(databases(file), "SELECT length(?) AS n", [Secret("s3cret")]) == [{"n": 6}]
    assert query(databases(file), "SELECT length(:s) AS n", {"s": Secret("s3cret")}) == [{"n": 6}]


def test_a_secret_is_not_in_what_the_database_complains_about(file):
    with pytest.raises(SqlError) as caught:
        query(databases(file), "SELECT json_extract('{}', ?) AS v", [Secret("s3cret")])
    assert "s3cret" not in str(caught.value)
    assert "***" in str(caught.value)
    assert caught.value.__cause__ is None


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ImportError, match=r"pip install 'nodeflow-trio\[postgresql\]'"):
        query(Databases({"main": "postgresql://x/y"}), "SELECT 1 AS x")


# --- PostgreSQL ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["postgresql://ada:s3cret@127.0.0.1:1/db", "postgresql://ada:s3cret@127.0.0.1:port/db", "postgresql://ada:s3cret%@h/db",
            "postgresql://127.0.0.1:1/db?password=s3cret", "postgresql://ada:s3cret@[::1/db", "postgresql://s3cret@/x?nope=s3cret"]
)  # fmt: skip
def test_a_server_that_cannot_be_reached_is_told_without_the_password(url):
    pytest.importorskip("psycopg", reason="the extra `postgresql` is not installed")
    with pytest.raises(SqlError, match="the database 'main' cannot be reached") as caught:
        query(Databases({"main": url}), "SELECT 1 AS x", timeout=5)
    assert "s3cret" not in str(caught.value)


@pytest.fixture
def postgresql():
    """The server, with an empty table."""
    grant = Databases({"main": SERVER})
    execute(grant, "DROP TABLE IF EXISTS nodeflow_people")
    execute(grant, "CREATE TABLE nodeflow_people (id serial PRIMARY KEY, name text UNIQUE, born numeric)")
    yield grant
    execute(grant, "DROP TABLE nodeflow_people")


@needs_server
def test_postgresql_rows_and_changes(postgresql):
    added = "INSERT INTO nodeflow_people (name, born) VALUES (%s, %s), (%s, 1.5)"
    assert execute(postgresql, added, ["Ada", 1815, "Grace"]) == 2
    rows = query(postgresql, "SELECT name, born FROM nodeflow_people WHERE name LIKE 'A%%' ORDER BY id")
    assert rows == [{"name": "Ada", "born": 1815}]
    assert query(postgresql, "SELECT %(v)s::text AS v", {"v": "ä' --"}) == [{"v": "ä' --"}]
    assert query(postgresql, "INSERT INTO nodeflow_people (name) VALUES ('Kay') RETURNING name") == [{"name": "Kay"}]
    assert query(postgresql, "SELECT count(*) AS n FROM nodeflow_people") == [{"n": 3}]
    assert query(postgresql, "SELECT 1 AS n WHERE false") == []


@needs_server
def test_postgresql_values(postgresql):
    statement = """SELECT 1.50::numeric AS a, 2::numeric AS b, DATE '2026-02-28' AS c, TIME '12:00' AS d,
        INTERVAL '1 min' AS e, '{"x": [1]}'::jsonb AS f, ARRAY[1, 2] AS g,
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS h, '\\x00ff'::bytea AS i, NULL AS j, true AS k,
        TIMESTAMPTZ '2026-02-28 12:00+00' AS l, 'NaN'::numeric AS m, int4range(1, 3) AS n"""
    (row,) = query(postgresql, statement)
    assert row.pop("m") != 0
    assert row == {
        "a": 1.5, "b": 2, "c": "2026-02-28", "d": "12:00:00", "e": 60.0, "f": {"x": [1]}, "g": [1, 2],
        "h": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "i": b"\x00\xff", "j": None, "k": True,
        "l": datetime(2026, 2, 28, 12, tzinfo=UTC), "n": "[1, 3)",
    }  # fmt: skip


@needs_server
def test_postgresql_reading_only(postgresql):
    grant = Databases({"main": SERVER}, read_only=True)
    assert query(grant, "SELECT count(*) AS n FROM nodeflow_people") == [{"n": 0}]
    for act, statement in (
        (execute, "INSERT INTO nodeflow_people (name) VALUES ('x')"), (execute, "DROP TABLE nodeflow_people"),
        (query, "INSERT INTO nodeflow_people (name) VALUES ('x') RETURNING id"),
    ):  # fmt: skip
        with pytest.raises(PermissionError, match="'main' for reading only"):
            act(grant, statement)
    for statement in (
        "COMMIT; INSERT INTO nodeflow_people (name) VALUES ('x')",
        "DO $$ BEGIN COMMIT; INSERT INTO nodeflow_people (name) VALUES ('x'); END $$",
        "SET TRANSACTION READ WRITE; INSERT INTO nodeflow_people (name) VALUES ('x')",
    ):
        with pytest.raises(SqlError):
            execute(grant, statement)
    assert query(grant, "SELECT count(*) AS n FROM nodeflow_people") == [{"n": 0}]


@needs_server
@pytest.mark.parametrize(
    "statement",
    ["SELECT 1; SELECT 2", "SELEC", "SELECT %s", "CREATE TABLE nodeflow_x (y)", "COPY nodeflow_people TO STDOUT"],
)
def test_postgresql_complaints(postgresql, statement):
    with pytest.raises(SqlError):
        query(postgresql, statement)


@needs_server
@pytest.mark.parametrize(
    "statement",
    ["SELECT 1", " -- hm\n/* */ (select 1)", "TABLE nodeflow_people", "DELETE FROM nodeflow_people RETURNING 1"],
)
def test_postgresql_what_gives_rows_is_a_query(postgresql, statement):
    with pytest.raises(ValueError, match=r"run by sql\.query"):
        execute(postgresql, statement)


@needs_server
def test_postgresql_bounds(postgresql):
    with pytest.raises(ValueError, match="more than the 10000 rows"):
        query(postgresql, "SELECT generate_series(1, 1000000000) AS n")
    with pytest.raises(ValueError, match="more than the 1000 bytes"):
        query(Databases({"main": SERVER}, max_bytes=1000), "SELECT repeat('x', 10000) AS x")
    with pytest.raises(ValueError, match="two columns are named 'x'"):
        query(postgresql, "SELECT 1 AS x, 2 AS x")


@needs_server
def test_postgresql_what_takes_too_long_is_stopped_on_the_server(postgresql):
    for act, statement in ((query, "SELECT pg_sleep(600)"), (execute, "DO $$ BEGIN PERFORM pg_sleep(600); END $$")):
        with pytest.raises(TimeoutError, match=r"took more than 0.5 s"):
            act(postgresql, statement, timeout=0.5)
    running = (
        "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(600)%%' AND pid <> pg_backend_pid()"
    )
    assert query(postgresql, running + " AND state = 'active'") == [{"n": 0}]


@needs_server
async def test_postgresql_cancelling_stops_the_statement():
    wf = nf.Workflow("main")
    wf.add(flow.start) >> wf.add(sql.query, statement="SELECT pg_sleep(600)")
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(nf.run, wf, services=[Databases({"main": SERVER})]))
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()


@needs_server
def test_postgresql_secrets(postgresql):
    assert query(postgresql, "SELECT length(%s::text) AS n", [Secret("s3cret")]) == [{"n": 6}]
    with pytest.raises(SqlError, match=r"\*\*\*") as caught:
        query(postgresql, "SELECT %s::int AS n", [Secret("s3cret")])
    assert "s3cret" not in str(caught.value)
    execute(postgresql, "INSERT INTO nodeflow_people (name) VALUES (%s)", [Secret("s3cret")])
    with pytest.raises(SqlError, match=r"\*\*\*") as caught:
        execute(postgresql, "INSERT INTO nodeflow_people (name) VALUES (%s)", [Secret("s3cret")])
    assert "s3cret" not in str(caught.value)
