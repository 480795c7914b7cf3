"""What the local ClickHouse keeps from its clients: files and hosts, however a query spells its way to them."""

from __future__ import annotations

import pytest
import requests

MARK = "a line that nobody may read"

REACHES_A_FILE = {
    "a table function": "SELECT * FROM file('{file}', 'LineAsString')",
    "a scalar function": "SELECT file('{file}')",
    "in quotes": "SELECT * FROM `file`('{file}', 'LineAsString')",
    "in double quotes": "SELECT * FROM \"file\" ('{file}', 'LineAsString')",
    "in escapes": r"SELECT * FROM `f\x69le`('{file}', 'LineAsString')",
    "behind a comment": "SELECT * FROM file/* x */('{file}', 'LineAsString')",
    "behind a line comment": "SELECT * FROM file -- x\n('{file}', 'LineAsString')",
    "a quote in a comment": "SELECT 1 -- '\n, file('{file}') -- '",
    "a quote in a slash comment": "SELECT 1 // '\n, file('{file}') -- '",
    "a quote in a hash comment": "SELECT 1 # '\n, file('{file}') -- '",
    "a quote in a nested comment": "SELECT 1 /* /* */ ' */ , file('{file}') -- '",
    "a quote in a heredoc": "SELECT $$'$$, file('{file}') WHERE '' = ''",
    "a quote in a tagged heredoc": "SELECT $a$ $$ ' $a$, file('{file}') WHERE '' = ''",
    "an escaped quote": r"SELECT 'a\\', file('{file}'), ''",
    "a doubled quote": "SELECT 'a''', file('{file}'), ''",
    "a quote in a quoted name": "SELECT 1 AS \"'\", file('{file}') AS \"''\"",
    "in typographic quotes": "SELECT ‘'’, file('{file}'), ''",
    "in a subquery": "SELECT * FROM (SELECT * FROM file('{file}', 'LineAsString'))",
    "in a CTE": "WITH x AS (SELECT * FROM file('{file}', 'LineAsString')) SELECT * FROM x",
    "in another function": "SELECT * FROM loop(file('{file}', 'LineAsString')) LIMIT 1",
    "in a query in a string": "SELECT * FROM eval('SELECT file(''{file}'')') SETTINGS allow_experimental_eval_table_function = 1",
    "in an explanation": "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM file('{file}', 'LineAsString')))",
    "in the structure of a table": "DESCRIBE TABLE file('{file}', 'CSVWithNames')",
    "in an INSERT": "INSERT INTO users (user_id) SELECT * FROM file('{file}', 'LineAsString')",
    "by INFILE": "INSERT INTO users (user_id) FROM INFILE '{file}' FORMAT LineAsString",
    "as a table": "SELECT * FROM `{file}`",
    "as a table in a string": "SELECT * FROM '{file}'",
    "as a table of default": "SELECT * FROM default.`{file}`",
    "as a table of default in escapes": r'SELECT * FROM "def\x61ult"."{file}"',
    "as a table among others": "SELECT * FROM system.one, default.`{file}`",
    "as a table behind FROM first": "FROM default.`{file}` SELECT *",
    "as a table without end": "SELECT * FROM loop('default', '{file}') LIMIT 1",
    "as a table's columns": "SELECT throwIf(hasColumnInTable('default', '{file}', 'c1') = 0)",
}

REACHES_OUT = {
    "an address": "SELECT * FROM url('http://127.0.0.1:1/x')",
    "in other letters": "SELECT * FROM URL('http://127.0.0.1:1/x')",
    "a bucket": "SELECT * FROM s3('http://127.0.0.1:1/x')",
    "another server": "SELECT * FROM remote('127.0.0.1:1', 'a', 'b')",
    "a program": "SELECT * FROM executable('x', 'CSV', 'a String')",
    "out to a file": "SELECT 1 INTO /* x */ OUTFILE '{file}.out'",
    "out by a function": "INSERT INTO FUNCTION file('{file}.out') SELECT 1",
    "an engine of files": "CREATE TABLE t (a Int8) ENGINE = File(CSV, '{file}.out')",
    "an engine in quotes": "CREATE TABLE t (a Int8) ENGINE `File`(CSV, '{file}.out')",
    "an engine of a database": "CREATE DATABASE d ENGINE = Filesystem('/')",
    "a dictionary's source": "CREATE DICTIONARY d (a UInt8) PRIMARY KEY a SOURCE(HTTP(URL 'http://127.0.0.1:1')) "
    "LAYOUT(FLAT()) LIFETIME(1)",
    "a backup": "BACKUP DATABASE tagstream TO File('{file}.out')",
    "a stop": "SYSTEM SHUTDOWN",
}

ALLOWED = {
    "a string": "SELECT 'file(x) INTO OUTFILE'",
    "a string with quotes": r"SELECT 'it''s', '\'file('",
    "a heredoc": "SELECT $$file('x')$$",
    "a comment": "SELECT 1 -- file('x')\n + 1 /* url('x') /* */ s3('x') */",
    "a column": "SELECT file, url FROM (SELECT 1 AS file, 'x' AS url) WHERE url = 'x'",
    "a name that only ends so": "WITH (x) -> x AS my_url SELECT my_url('x')",
    "an alias with a slash": 'SELECT 1 AS "events/s"',
    "tables of our own": "SELECT * FROM numbers(3) AS n, tagstream.users FINAL",
}


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text(f"{MARK}\n")
    return path


def ask(clickhouse, query: str, database: str = "tagstream", **parameters: str) -> requests.Response:
    address = {"database": database, **{f"param_{name}": value for name, value in parameters.items()}}
    return requests.post(clickhouse.front.url, params=address, data=query.encode(), timeout=30)


@pytest.mark.parametrize("database", ["tagstream", "default"])
@pytest.mark.parametrize("query", REACHES_A_FILE.values(), ids=REACHES_A_FILE.keys())
def test_no_query_reads_a_file_however_it_is_spelled(clickhouse, secret, query, database):
    answer = ask(clickhouse, query.replace("{file}", str(secret)), database)

    assert MARK not in answer.text
    assert not answer.ok, answer.text
    assert clickhouse.client.query("clickhouse/users_total.sql") == [{"users": 0}]


@pytest.mark.parametrize("query", REACHES_OUT.values(), ids=REACHES_OUT.keys())
def test_no_query_reaches_hosts_writes_files_or_stops_the_engine(clickhouse, secret, query):
    answer = ask(clickhouse, query.replace("{file}", str(secret)))

    assert answer.headers.get("X-ClickHouse-Exception-Code") == "497", answer.text
    assert "not allowed here" in answer.text
    assert list(secret.parent.iterdir()) == [secret]
    assert clickhouse.client.ping()


@pytest.mark.parametrize("query", ALLOWED.values(), ids=ALLOWED.keys())
def test_a_query_that_only_mentions_such_names_is_run(clickhouse, query):
    answer = ask(clickhouse, query)

    assert answer.ok, answer.text


@pytest.mark.parametrize("database", ["tagstream", "default"])
def test_a_parameter_cannot_name_a_file_as_a_table(clickhouse, secret, database):
    for query in ("SELECT * FROM {d:Identifier}.{t:Identifier}", "SELECT * FROM {t:Identifier}"):
        answer = ask(clickhouse, query, database, d="default", t=str(secret))

        assert not answer.ok
        assert MARK not in answer.text


def test_a_parameter_that_is_a_value_may_be_anything(clickhouse):
    assert ask(clickhouse, "SELECT {x:String}", x="default").text == "default\n"
