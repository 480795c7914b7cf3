"""The HTTP front under clickhouse-connect's own HTTP client."""

from __future__ import annotations

import gzip
import uuid
from datetime import UTC, datetime
from decimal import Decimal

import clickhouse_connect
import lz4.frame
import pandas
import pyarrow
import pytest
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData
from clickhouse_connect.driver.summary import QuerySummary

from tests.clickhouse_fixture import HOST

COLUMNS = {
    "a": "Int32", "s": "String", "d": "Decimal(18, 4)", "m": "Map(String, String)", "l": "LowCardinality(String)",
    "n": "Nullable(Float64)", "t": "DateTime64(3, 'UTC')", "u": "UUID", "r": "Array(UInt8)", "b": "Bool",
}  # fmt: skip
AT = datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=UTC)
ROW = (1, "é\t'\\", Decimal("1.5000"), {"k": "v"}, "few", None, AT.replace(tzinfo=None), uuid.UUID(int=5), [1, 2], True)


@pytest.fixture(params=["lz4", "zstd", "gzip", False], ids=["lz4", "zstd", "gzip", "plain"])
def coded(clickhouse_process, request) -> Client:
    """A client with a session of its own, that packs what it sends and accepts as the parameter says."""
    client = clickhouse_connect.get_client(host=HOST, port=clickhouse_process.front.port, compress=request.param)
    yield client
    client.close()


@pytest.fixture
def client(clickhouse_process) -> Client:
    """A client as `get_client` makes it: with a session of its own."""
    client = clickhouse_connect.get_client(host=HOST, port=clickhouse_process.front.port)
    yield client
    client.close()


@pytest.fixture
def table(client):
    """An empty table with a column of each kind."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    client.command(f"CREATE OR REPLACE TABLE kinds ({columns}) ENGINE = MergeTree ORDER BY a")
    yield "kinds"
    client.command("DROP TABLE kinds")


def test_the_client_reads_the_versions_time_zone_and_settings(client):
    assert client.server_version == client.command("SELECT version()")
    assert client.server_tz == UTC
    assert len(client.server_settings) > 1000


def test_a_row_of_every_kind_comes_back_as_it_was_inserted(coded, table):
    written = coded.insert(table, [ROW] * 3, column_names=list(COLUMNS))

    assert written.written_rows == 3
    assert coded.query("SELECT * FROM kinds").result_rows == [ROW] * 3


def test_many_blocks_come_back_in_full(coded):
    result = coded.query("SELECT number, toString(number) AS text FROM numbers(300000)")

    assert result.row_count == 300_000
    assert sum(result.result_columns[0]) == 300_000 * 299_999 // 2
    assert result.summary["result_rows"] == "300000"


def test_a_batch_of_many_rows_is_inserted_in_full(coded, table):
    numbers = list(range(120_000))
    texts = [f"text {number}" for number in numbers]
    coded.insert(table, [numbers, texts], column_names=["a", "s"], column_oriented=True)

    assert coded.query("SELECT count(), sum(a), uniqExact(s) FROM kinds").result_rows == [
        (120_000, sum(numbers), 120_000)
    ]


def test_frames_and_arrow_go_in_and_out(client, table):
    client.insert_df(table, pandas.DataFrame({"a": [7, 8], "s": ["p", "q"]}))
    client.insert_arrow(table, pyarrow.table({"a": pyarrow.array([9], pyarrow.int32()), "s": ["r"]}))

    frame = client.query_df("SELECT a, s FROM kinds ORDER BY a")
    arrow = client.query_arrow("SELECT a, s FROM kinds ORDER BY a")
    assert frame.to_dict("list") == {"a": [7, 8, 9], "s": ["p", "q", "r"]}
    assert arrow.to_pydict() == {"a": [7, 8, 9], "s": ["p", "q", "r"]}


def test_results_stream_as_blocks_frames_and_arrow(client):
    query = "SELECT number FROM numbers(300000)"
    with client.query_row_block_stream(query) as blocks:
        sizes = [len(block) for block in blocks]
    with client.query_df_stream(query) as frames:
        frame_rows = sum(len(frame) for frame in frames)
    with client.query_arrow_stream(query) as batches:
        arrow_rows = sum(batch.num_rows for batch in batches)

    assert len(sizes) > 1
    assert (sum(sizes), frame_rows, arrow_rows) == (300_000, 300_000, 300_000)


def test_a_stream_that_is_left_early_leaves_the_client_usable(client):
    with client.query_row_block_stream("SELECT number FROM numbers(20000000)") as blocks:
        next(iter(blocks))

    assert client.command("SELECT 1") == 1


@pytest.mark.parametrize("coding", [None, "gzip", "zstd", "lz4"])
def test_raw_rows_go_in_packed_or_not(client, table, coding):
    pack = {None: bytes, "gzip": gzip.compress, "zstd": zstandard.compress, "lz4": lz4.frame.compress}[coding]
    block = pack(b'{"a": 5, "s": "raw"}\n{"a": 6, "s": "raw"}\n')
    summary = client.raw_insert(table, ["a", "s"], block, fmt="JSONEachRow", compression=coding)

    assert summary.written_rows == 2
    assert client.query("SELECT a FROM kinds ORDER BY a").result_rows == [(5,), (6,)]


def test_raw_rows_stream_in(client, table):
    client.raw_insert(table, ["a"], (b"%d\n" % number for number in range(1000)), fmt="CSV")

    assert client.command("SELECT count() FROM kinds") == 1000


def test_raw_results_come_in_any_format(client):
    assert client.raw_query("SELECT 1 AS a", fmt="JSONEachRow") == b'{"a":1}\n'
    with client.raw_stream("SELECT number FROM numbers(3)", fmt="CSV") as stream:
        assert stream.read() == b"0\n1\n2\n"


def test_commands_answer_with_values_or_with_a_summary(client, table):
    assert client.command("SELECT 'a', 'b'") == ["a", "b"]
    assert client.command("SELECT 1 WHERE 0") == ""
    assert isinstance(client.command("INSERT INTO kinds (a) VALUES (1)"), QuerySummary)
    assert isinstance(client.command("OPTIMIZE TABLE kinds FINAL"), QuerySummary)
    assert client.command("EXISTS TABLE kinds") == 1
    assert "a Int32" in client.command("SHOW CREATE TABLE kinds").replace("`", "")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("String", "it's \\ \t \n {x:String} é"),
        ("Array(String)", ["a'b", "c\\"]),
        ("Nullable(String)", None),
        ("DateTime64(3, 'UTC')", datetime(2026, 1, 2, 3, 4, 5, 678000)),
        ("UInt64", 2**64 - 1),
        ("Decimal(18, 4)", Decimal("-1.2345")),
    ],
)
def test_a_parameter_is_bound_on_the_server(client, kind, value):
    assert client.query(f"SELECT {{x:{kind}}}", parameters={"x": value}).result_rows == [(value,)]


def test_a_parameter_is_bound_in_the_client(client):
    query = "SELECT %(text)s, number FROM numbers(9) WHERE number IN %(numbers)s"

    assert client.query(query, parameters={"text": "it's", "numbers": (1, 3)}).result_rows == [("it's", 1), ("it's", 3)]


def test_parameters_too_long_for_a_url_are_bound(client):
    assert client.query("SELECT length({x:String})", parameters={"x": "é" * 100_000}).result_rows == [(200_000,)]


def test_a_table_comes_with_a_query(client):
    lent = ExternalData(file_name="lent.csv", data=b"1\n2\n", fmt="CSV", structure="a UInt8")

    assert client.query("SELECT sum(a) FROM lent", external_data=lent).result_rows == [(3,)]


def test_settings_hold_for_the_client_or_for_one_query(client):
    client.set_client_setting("max_threads", 3)

    assert client.command("SELECT getSetting('max_threads')") == 3
    assert client.command("SELECT getSetting('max_threads')", settings={"max_threads": 5}) == 5
    assert client.command("SELECT getSetting('max_threads')") == 3


def test_the_columns_of_an_empty_result_are_known(client):
    assert client.query("SELECT 1 AS a, 'x' AS b LIMIT 0").column_names == ("a", "b")
    assert client.query("SELECT 1 AS a WHERE 0").result_rows == []


@pytest.mark.parametrize(
    ("query", "code", "name"),
    [
        ("SELECT * FROM nothing", 60, "UNKNOWN_TABLE"),
        ("SELECT throwIf(number = 250000) FROM numbers(300000)", 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
        ("SELECT * FROM file('/etc/passwd')", 497, "ACCESS_DENIED"),
    ],
)
def test_an_error_is_a_database_error_with_its_code_and_name(client, query, code, name):
    with pytest.raises(DatabaseError) as error:
        client.query(query)

    assert (error.value.code, error.value.name) == (code, name)


def test_an_error_on_the_way_ends_a_stream_with_its_code(client):
    query = "SELECT number, throwIf(number = 5000000) FROM numbers(9000000)"
    rows = 0
    with (
        pytest.raises(StreamFailureError) as error,
        client.query_row_block_stream(query, settings={"max_threads": 1}) as blocks,
    ):
        for block in blocks:
            rows += len(block)

    assert error.value.code == 395
    assert 0 < rows < 5_000_000


def test_a_failed_insert_says_why_and_leaves_the_client_usable(client, table):
    with pytest.raises(DatabaseError) as error:
        client.raw_insert(table, ["a"], b"1\nx\n", fmt="CSV")

    assert error.value.code == 117
    assert client.command("SELECT count() FROM kinds") == 0


def test_temporary_tables_live_in_the_clients_session(client, clickhouse_process):
    client.command("CREATE TEMPORARY TABLE held (a UInt8)")
    client.insert("held", [[1], [2]], column_names=["a"])
    other = clickhouse_connect.get_client(host=HOST, port=clickhouse_process.front.port)

    assert client.query("SELECT sum(a) FROM held").result_rows == [(3,)]
    with pytest.raises(DatabaseError):
        other.query("SELECT * FROM held")
    other.close()


def test_the_client_can_ping(client):
    assert client.ping()
