"""What the local ClickHouse refuses, and what only looks like it: texts are spelled by the engine before they are judged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chdb import _chdb

from deploy.local.clickhouse.errors import ClickHouseError
from deploy.local.clickhouse.guard import Guard, check_settings
from deploy.local.clickhouse.quoting import escaped
from deploy.local.clickhouse.statement import Statement

REFUSED = {
    "a table function": "SELECT * FROM file('/etc/passwd')",
    "a scalar function": "SELECT file('/etc/passwd')",
    "in other letters": "SELECT * FROM URL('http://x')",
    "in quotes": "SELECT * FROM `file`('/etc/passwd')",
    "in double quotes": "SELECT * FROM \"file\" ('/etc/passwd')",
    "in escapes": r"SELECT * FROM `f\x69le`('/etc/passwd')",
    "behind a comment": "SELECT * FROM file/* x */('/etc/passwd')",
    "behind a line comment": "SELECT * FROM file -- x\n('/etc/passwd')",
    "a quote in a comment": "SELECT 1 -- '\n, file('/etc/passwd') -- '",
    "a quote in a hash comment": "SELECT 1 # '\n, file('/etc/passwd') -- '",
    "a quote in a heredoc": "SELECT $$'$$, file('/etc/passwd') WHERE a = ''",
    "a quote in a tagged heredoc": "SELECT $a$ $$ ' $a$, file('/etc/passwd') WHERE a = ''",
    "an escaped quote": r"SELECT 'a\\', file('/etc/passwd'), ''",
    "a doubled quote": "SELECT 'a''', file('/etc/passwd'), ''",
    "a quote in a quoted name": "SELECT 1 AS \"'\", file('/etc/passwd') AS \"'\"",
    "in typographic quotes": "SELECT ‘'’, file('/etc/passwd'), ''",
    "in a subquery": "SELECT * FROM (SELECT * FROM s3('http://x'))",
    "in a view": "CREATE VIEW v AS SELECT * FROM url('http://x')",
    "in a function": "CREATE FUNCTION f AS x -> file(x)",
    "in an explanation": "EXPLAIN SELECT * FROM file('/etc/passwd')",
    "behind IN": "SELECT 1 IN file('/etc/passwd')",
    "as a table": "CREATE TABLE t AS file('/etc/passwd')",
    "as a target": "INSERT INTO FUNCTION file('/tmp/x') SELECT 1",
    "described": "DESCRIBE TABLE file('/etc/passwd')",
    "a table function that takes another": "SELECT * FROM loop(url('http://x'))",
    "a query in a string": "SELECT * FROM eval('SELECT 1')",
    "variables of this process": "SELECT * FROM Python(secret)",
    "another host": "SELECT * FROM remote('x', 'a.b')",
    "out to a file": "SELECT 1 INTO /* x */ OUTFILE '/tmp/x'",
    "in from a file": "INSERT INTO t FROM INFILE '/tmp/x' FORMAT CSV",
    "an engine of files": "CREATE TABLE t (a Int8) ENGINE = File(CSV, '/tmp/x')",
    "an engine in quotes": "CREATE TABLE t (a Int8) ENGINE `File`(CSV, '/tmp/x')",
    "an engine of a database": "CREATE DATABASE d ENGINE = Filesystem('/')",
    "an engine of a replica": "CREATE TABLE t (a Int8) ENGINE = ReplicatedMergeTree('/a', 'b') ORDER BY a",
    "a dictionary's source": "CREATE DICTIONARY d (a UInt8) PRIMARY KEY a SOURCE(HTTP(URL 'http://x'))",
    "a dictionary's host": "CREATE DICTIONARY d (a UInt8) PRIMARY KEY a SOURCE(CLICKHOUSE(HOST 'x' TABLE 't'))",
    "a folder": "ATTACH TABLE t FROM '/etc' (a Int8) ENGINE = MergeTree ORDER BY a",
    "a backup": "BACKUP DATABASE d TO File('/tmp/x')",
    "a restore": "RESTORE DATABASE d FROM File('/tmp/x')",
    "a stop": "SYSTEM SHUTDOWN",
    "a schema in a file": "SELECT 1 FORMAT Protobuf SETTINGS format_schema = '/etc/passwd:x'",
    "a template in a file": "SELECT 1 FORMAT Template SETTINGS format_template_resultset = '/etc/passwd'",
    "a disk": "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '/etc/')",
    "another language": "SET dialect = 'kusto'",
}  # fmt: skip

ALLOWED = {
    "a string": "SELECT 'file(x) INTO OUTFILE'",
    "a string with quotes": r"SELECT 'it''s', '\'file('",
    "a heredoc": "SELECT $$file('x')$$",
    "a comment": "SELECT 1 -- file('x')\n + 1 /* url('x') s3('x') */",
    "a column": "SELECT file, url FROM t WHERE url = 'x'",
    "a column before a bracket": "INSERT INTO profile (file, url) VALUES (1, 2)",
    "a table of such a name": "CREATE TABLE file (url String) ENGINE = Memory",
    "a name that only ends so": "SELECT profile(1), my_url('x')",
    "a column's default": "CREATE TABLE t (a Int8 DEFAULT (1), b Int8 DEFAULT 0.5) ENGINE = ReplacingMergeTree(a) ORDER BY a",
    "an engine of our own data": "CREATE TABLE t (a Int8) ENGINE = Memory",
    "a database": "CREATE DATABASE d ENGINE = Atomic",
    "a condition on an engine": "SELECT name FROM system.tables WHERE engine = 'File'",
    "settings": "SELECT 1 SETTINGS max_threads = 1",
    "the names of settings": "SELECT value FROM system.settings WHERE name = 'format_schema'",
    "rows made up": "SELECT * FROM numbers(3), tagstream.users FINAL",
    "rows given": "SELECT * FROM values('a UInt8', 1, 2)",
    "rows in a text": "SELECT * FROM format(CSV, 'a,b')",
    "merges stopped": "SYSTEM STOP MERGES t",
    "a dictionary of a table": "CREATE DICTIONARY d (a UInt8) PRIMARY KEY a SOURCE(CLICKHOUSE(TABLE 't'))",
}  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[_chdb.connect]:
    """The engine, without data."""
    connection = _chdb.connect()
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def guard(engine) -> Guard:
    """A guard that knows the engine's table functions."""
    return Guard(engine.query("SELECT name FROM system.table_functions", "TSV").bytes().decode().splitlines())


def spelled(engine, text: str) -> Statement:
    found = engine.query("SELECT formatQuerySingleLine({text:String})", "TSVRaw", params={"text": escaped(text)})
    return Statement(found.bytes().decode())


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_a_statement_that_reaches_files_or_hosts_is_refused_however_it_is_written(engine, guard, text):
    with pytest.raises(ClickHouseError) as refusal:
        guard.check(spelled(engine, text))

    assert refusal.value.code == 497
    assert refusal.value.status == 403
    assert "may not reach files or other hosts" in refusal.value.text


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED.keys())
def test_a_statement_that_only_mentions_such_names_passes(engine, guard, text):
    guard.check(spelled(engine, text))


def test_a_table_function_that_nobody_has_judged_is_refused():
    with pytest.raises(ClickHouseError):
        Guard(["numbers", "brandNewSource"]).check(Statement("SELECT * FROM brandNewSource('x')"))


@pytest.mark.parametrize("name", ["format_schema", "format_template_row", "dialect", "url_base"])
def test_a_setting_of_a_request_that_leads_to_files_is_refused(name):
    with pytest.raises(ClickHouseError) as refusal:
        check_settings({name: "x"})

    assert refusal.value.code == 497


def test_other_settings_of_a_request_pass():
    check_settings({"max_threads": "1", "format_csv_delimiter": ";"})
