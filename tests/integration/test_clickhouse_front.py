"""The HTTP front as ClickHouse's documentation has it: curl's requests, formats, codings, errors, sessions, parameters."""

from __future__ import annotations

import gzip
import io
import json
import socket
import time
import zlib

import lz4.frame
import pytest
import requests
import zstandard

from tests.clickhouse_fixture import HOST, Front


@pytest.fixture(scope="module")
def front(clickhouse_process) -> Front:
    """The front alone."""
    return clickhouse_process.front


@pytest.fixture
def ask(front):
    """POST a text, as curl does: ask(text, **arguments of the URL). Fails on an error."""

    def post(text: str | bytes = "", headers: dict[str, str] | None = None, **arguments: str) -> bytes:
        answer = requests.post(front.url, params=arguments, data=text, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.content

    return post


@pytest.fixture
def table(ask):
    """An empty table `kept` (a UInt8, b String)."""
    ask("CREATE OR REPLACE TABLE default.kept (a UInt8, b String DEFAULT 'none') ENGINE = MergeTree ORDER BY a")
    yield "kept"
    ask("DROP TABLE default.kept")


def refused(front: Front, text: str | bytes = "", method: str = "POST", **arguments: str) -> requests.Response:
    answer = requests.request(method, front.url, params=arguments, data=text, timeout=30)
    assert answer.status_code != 200, answer.text
    return answer


@pytest.mark.parametrize("path", ["/ping", "/replicas_status", "/"])
def test_a_health_check_answers_ok(front, path):
    answer = requests.get(front.url + path, timeout=5)

    assert (answer.status_code, answer.text) == (200, "Ok.\n")


def test_a_query_may_stand_in_the_url_in_the_body_or_in_both_with_a_line_end_between(front, ask):
    assert requests.get(front.url, params={"query": "SELECT 1"}, timeout=5).text == "1\n"
    assert ask("SELECT 1") == b"1\n"
    assert ask("1", query="SELECT") == b"1\n"
    assert refused(front, "ECT 1", query="SEL").headers["X-ClickHouse-Exception-Code"] == "62"


def test_an_answer_says_what_it_is(front):
    answer = requests.post(
        front.url, params={"query_id": "q-7"}, data="SELECT number FROM numbers(3) FORMAT JSON", timeout=5
    )

    assert answer.headers["X-ClickHouse-Query-Id"] == "q-7"
    assert answer.headers["X-ClickHouse-Format"] == "JSON"
    assert answer.headers["X-ClickHouse-Timezone"] == "UTC"
    assert answer.headers["X-ClickHouse-Server-Display-Name"]
    assert answer.headers["Content-Type"].startswith("application/json")
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["result_rows"] == "3"
    assert [row["number"] for row in answer.json()["data"]] == [0, 1, 2]


def test_head_has_the_headers_and_no_body(front):
    answer = requests.head(front.url, params={"query": "SELECT 1"}, timeout=5)

    assert (answer.status_code, answer.headers["Content-Length"], answer.content) == (200, "2", b"")


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", "INSERT INTO kept (a) VALUES (1), (2), (1 + 2)"),
        ("", "INSERT INTO kept (a) VALUES (1), (2), (3);"),
        ("", "INSERT INTO kept (a) FORMAT TabSeparated\n1\n2\n3\n"),
        ("", "INSERT INTO kept (a) FORMAT CSV 1\n2\n3"),
        ("", "-- VALUES\nINSERT /* FORMAT CSV */ INTO TABLE kept (`a`) SETTINGS max_block_size = 2 FORMAT CSV\n1\n2\n3"),
        ("", "INSERT INTO default.kept (a) SELECT number + 1 FROM numbers(3)"),
        ("", b"INSERT INTO kept FORMAT RowBinary\n\x01\x00\x02\x01x\x03\x02\xff\xfe"),
        ("INSERT INTO kept (a) VALUES", "(1), (2), (3)"),
        ("INSERT INTO kept (a) VALUES (1)", ", (2), (3)"),
        ("INSERT INTO kept (a) FORMAT JSONEachRow", '{"a": 1}\n{"a": 2}\n{"a": 3}'),
        ("INSERT INTO kept FORMAT CSVWithNames", "b,a\nx,1\ny,2\nz,3\n"),
        ("INSERT INTO kept (a) FORMAT CSV", "1\r\n2\r\n3\r\n"),
        ("INSERT INTO kept (a) FORMAT Native", b"\x01\x03\x01a\x05UInt8\x01\x02\x03"),
    ],
    ids=lambda text: str(text)[:60],
)  # fmt: skip
def test_rows_arrive_whatever_the_format_and_wherever_they_stand(ask, table, query, body):
    ask(body, **({"query": query} if query else {}))

    assert ask("SELECT a FROM kept ORDER BY a") == b"1\n2\n3\n"


def test_an_insert_says_how_many_rows_it_has_written(front, table):
    answer = requests.post(front.url, params={"query": "INSERT INTO kept (a) FORMAT CSV"}, data="1\n2\n", timeout=5)

    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "2"
    assert "X-ClickHouse-Format" not in answer.headers


def test_parameters_bind_in_an_insert_of_values(ask, table):
    ask("INSERT INTO {t:Identifier} VALUES ({n:UInt8}, {s:String})", param_t="kept", param_n="7", param_s="it's\\t")

    assert ask("SELECT a, b FROM kept FORMAT JSONEachRow") == b'{"a":7,"b":"it\'s\\t"}\n'


def test_rows_for_an_insert_from_input_are_refused_and_not_lost(front, table):
    answer = refused(front, "INSERT INTO kept (a) SELECT x FROM input('x UInt8') FORMAT CSV\n1\n")

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (501, "48")


def test_an_insert_in_chunks_leaves_the_connection_ready_for_the_next_request(front, ask, table):
    connection = requests.Session()
    for number in range(5):
        chunks = (b"%d\n" % (number * 3 + n) for n in range(3))
        sent = connection.post(front.url, params={"query": "INSERT INTO kept (a) FORMAT CSV"}, data=chunks, timeout=5)
        assert sent.status_code == 200
        assert connection.get(front.url, params={"query": "SELECT 1"}, timeout=5).text == "1\n"

    assert ask("SELECT count(), max(a) FROM kept") == b"15\t14\n"


def test_an_error_before_the_body_is_read_still_reaches_the_client_and_leaves_the_connection_ready(front):
    connection = requests.Session()
    chunks = (b"x" * 100_000 for _ in range(50))
    answer = connection.post(front.url, params={"query": "INSERT INTO nowhere FORMAT CSV"}, data=chunks, timeout=30)

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (404, "60")
    assert connection.get(front.url, params={"query": "SELECT 1"}, timeout=5).text == "1\n"


@pytest.mark.parametrize("cut", ["in a chunk", "between chunks", "before its length"])
def test_an_insert_whose_client_goes_away_writes_nothing(front, ask, table, cut):
    head = "POST /?query=INSERT%20INTO%20kept%20(a)%20FORMAT%20CSV HTTP/1.1\r\nHost: x\r\n"
    with socket.create_connection((HOST, front.port), timeout=5) as client:
        if cut == "before its length":
            client.sendall(f"{head}Content-Length: 1000\r\n\r\n1\n2\n".encode())
        else:
            client.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n4\r\n1\n2\n\r\n".encode())
            if cut == "in a chunk":
                client.sendall(b"8\r\n3\n")
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass

    assert ask("SELECT count() FROM kept") == b"0\n"


def test_rows_after_a_bad_row_are_not_taken_for_the_next_request(front, ask, table):
    connection = requests.Session()
    answer = connection.post(
        front.url, params={"query": "INSERT INTO kept (a) FORMAT CSV"}, data="1\nx\n3\n", timeout=5
    )

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "117")
    assert "at row 2" in answer.text
    assert connection.get(front.url, params={"query": "SELECT count() FROM kept"}, timeout=5).text == "0\n"


PACKERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4.frame.compress,
}
UNPACKERS = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read(),
    "lz4": lz4.frame.decompress,
}


@pytest.mark.parametrize("coding", PACKERS)
def test_a_packed_insert_is_unpacked_also_where_every_block_is_packed_alone(ask, table, coding):
    pack = PACKERS[coding]
    blocks = pack(b"1\n2\n") + (pack(b"3\n") if coding != "deflate" else b"")

    ask(blocks, headers={"Content-Encoding": coding}, query="INSERT INTO kept (a) FORMAT CSV")

    assert ask("SELECT count() FROM kept") == (b"2\n" if coding == "deflate" else b"3\n")


@pytest.mark.parametrize("coding", PACKERS)
def test_a_packed_insert_that_is_cut_off_or_broken_is_refused(front, ask, table, coding):
    packed = PACKERS[coding](b"1\n2\n" * 1000)
    for body in (packed[:-3], b"not packed at all"):
        headers = {"Content-Encoding": coding}
        arguments = {"query": "INSERT INTO kept (a) FORMAT CSV"}
        answer = requests.post(front.url, params=arguments, data=body, headers=headers, timeout=5)
        assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "271")

    assert ask("SELECT count() FROM kept") == b"0\n"


def test_an_unknown_coding_is_refused_with_the_known_ones(front):
    answer = requests.post(front.url, data=b"x", headers={"Content-Encoding": "snappy"}, timeout=5)

    assert answer.headers["X-ClickHouse-Exception-Code"] == "432"
    assert "lz4" in answer.text


@pytest.mark.parametrize("wait", ["0", "1"], ids=["streamed", "whole"])
@pytest.mark.parametrize("coding", UNPACKERS)
def test_a_result_is_packed_as_the_client_asks(front, coding, wait):
    query = {"query": "SELECT number FROM numbers(200000)", "wait_end_of_query": wait}
    answer = requests.get(front.url, params=query, headers={"Accept-Encoding": coding}, stream=True, timeout=30)

    raw = b"".join(answer.raw.stream(1 << 20, decode_content=False))
    plain = UNPACKERS[coding](raw)
    assert answer.headers["Content-Encoding"] == coding
    assert len(raw) < len(plain)
    assert plain == b"".join(b"%d\n" % number for number in range(200_000))


def test_a_result_is_not_packed_where_the_client_does_not_want_it(front):
    for headers, arguments in (
        ({"Accept-Encoding": "gzip"}, {"enable_http_compression": "0"}),
        ({"Accept-Encoding": ""}, {}),
    ):
        query = {"query": "SELECT number FROM numbers(10000)", **arguments}
        assert "Content-Encoding" not in requests.get(front.url, params=query, headers=headers, timeout=5).headers


FORMATS = [
    "Native", "RowBinary", "TabSeparated", "TabSeparatedWithNamesAndTypes", "CSV", "CSVWithNames", "JSONEachRow",
    "JSONCompactEachRow", "Pretty", "Markdown", "Vertical", "tsv",
]  # fmt: skip
RESULT = "SELECT number AS n, toString(number) AS s, if(n % 3 = 0, NULL, n / 2) AS x, [n, 1] AS a FROM numbers(150000)"


@pytest.mark.parametrize("form", FORMATS)
def test_a_result_is_the_same_whether_streamed_or_whole_and_as_the_engine_writes_it(ask, form):
    from chdb import _chdb

    connection = _chdb.connect()
    expected = connection.query(f"{RESULT} ORDER BY n FORMAT {form}", "CSV").bytes()
    connection.close()
    text = f"{RESULT} ORDER BY n"

    assert ask(f"{text} FORMAT {form}") == expected
    assert ask(f"{text} FORMAT {form}", wait_end_of_query="1") == expected
    assert ask(text, default_format=form) == expected
    assert ask(text, headers={"X-ClickHouse-Format": form}) == expected


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("SELEC 1", 62, 400),
        ("", 62, 400),
        ("SELECT 1; SELECT 2", 62, 400),
        ("SELECT nothing", 47, 404),
        ("SELECT * FROM nothing", 60, 404),
        ("SELECT * FROM nothing.nothing", 81, 404),
        ("SELECT no_such_function(1)", 46, 404),
        ("SELECT 1 FORMAT Nothing", 73, 404),
        ("SELECT throwIf(1)", 395, 400),
        ("SELECT {x:UInt8}", 456, 400),
        ("SELECT toUInt8('x')", 6, 400),
        ("SELECT 1 SETTINGS nothing = 1", 115, 404),
        ("INSERT INTO nothing VALUES (1)", 60, 404),
        ("SELECT * FROM file('/etc/passwd')", 497, 403),
    ],
)
def test_an_error_has_the_code_the_status_and_the_text_of_clickhouse(front, text, code, status):
    answer = refused(front, text)

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert "formatQuery" not in answer.text


def test_a_syntax_error_is_placed_where_the_client_wrote_it(front):
    assert "position 8" in refused(front, "SELECT ! FROM x").text


def test_an_error_on_the_way_is_marked_and_the_connection_broken(front):
    arguments = {
        "query": "SELECT number, throwIf(number = 5000000, 'too far') FROM numbers(9000000)",
        "max_threads": "1",
    }
    answer = requests.get(front.url, params=arguments, headers={"Accept-Encoding": ""}, stream=True, timeout=30)
    seen = bytearray()
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        for part in answer.iter_content(1 << 16):
            seen += part

    tag = answer.headers["X-ClickHouse-Exception-Tag"]
    assert answer.status_code == 200
    assert seen.startswith(b"0\t0\n")
    assert f"__exception__\r\n{tag}\r\nCode: 395. DB::Exception: too far".encode() in seen
    assert seen.endswith(f"{tag}\r\n__exception__\r\n".encode())


def test_an_error_on_the_way_has_its_own_status_where_the_client_waits_for_the_end(front):
    answer = refused(front, "SELECT throwIf(number = 300000) FROM numbers(1000000)", wait_end_of_query="1")

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "395")


def test_get_only_reads(front, ask, table):
    for text in (
        "INSERT INTO kept (a) VALUES (1)",
        "DROP TABLE kept",
        "INSERT INTO kept (a) SELECT 1",
        "TRUNCATE TABLE kept",
    ):
        assert refused(front, method="GET", query=text).headers["X-ClickHouse-Exception-Code"] == "164"
        assert refused(front, text, readonly="1").headers["X-ClickHouse-Exception-Code"] == "164"
    for text in (
        "SELECT 1",
        "SHOW TABLES",
        "DESCRIBE TABLE kept",
        "EXPLAIN SELECT 1",
        "EXISTS TABLE kept",
        "WITH 1 AS x SELECT x",
    ):
        assert requests.get(front.url, params={"query": text}, timeout=5).status_code == 200

    assert ask("SELECT count() FROM kept") == b"0\n"


@pytest.mark.parametrize(
    ("kind", "escaped", "expected"),
    [
        ("String", "it's \\\\ \\t \\n é", "it's \\ \t \n é"),
        ("UInt64", "18446744073709551615", 18446744073709551615),
        ("Array(String)", "['a','b\\'c']", ["a", "b'c"]),
        ("Nullable(String)", "\\N", None),
        ("DateTime64(3)", "2026-01-02 03:04:05.678", "2026-01-02 03:04:05.678"),
        ("Map(String, UInt8)", "{'a':1}", {"a": 1}),
        ("Bool", "true", True),
    ],
)
def test_a_parameter_is_bound_by_its_type(ask, kind, escaped, expected):
    arguments = {"param_x": escaped, "output_format_json_quote_64bit_integers": "0"}
    row = json.loads(ask(f"SELECT {{x:{kind}}} AS x FORMAT JSONEachRow", **arguments))

    assert row == {"x": expected}


def test_a_parameter_is_never_sql(ask):
    assert ask("SELECT count() FROM numbers(5) WHERE toString(number) = {x:String}", param_x="0' OR 1 = 1 --") == b"0\n"


def test_a_form_brings_long_parameters_and_tables(front):
    form = {"query": (None, "SELECT sum(a), length({x:String}) FROM lent"), "param_x": (None, "é" * 100_000)}
    files = {**form, "lent": ("lent.csv", b"1,x\n2,y\n")}
    arguments = {"lent_structure": "a UInt8, b String", "lent_format": "CSV"}
    answer = requests.post(front.url, params=arguments, files=files, timeout=10)

    assert (answer.status_code, answer.text) == (200, "3\t200000\n")
    assert refused(front, "SELECT * FROM lent").headers["X-ClickHouse-Exception-Code"] == "60"


def test_a_setting_holds_for_its_request_alone(ask):
    assert ask("SELECT getSetting('max_threads')", max_threads="7") == b"7\n"
    assert ask("SELECT getSetting('max_threads') != 7") == b"1\n"
    assert ask("SELECT getSetting('max_threads') SETTINGS max_threads = 5", max_threads="7") == b"5\n"


def test_a_database_is_chosen_by_argument_or_header(front, ask):
    assert ask("SELECT currentDatabase()") == b"default\n"
    assert ask("SELECT currentDatabase()", database="tagstream") == b"tagstream\n"
    assert ask("SELECT currentDatabase()", headers={"X-ClickHouse-Database": "tagstream"}) == b"tagstream\n"
    assert refused(front, "SELECT 1", database="nowhere").headers["X-ClickHouse-Exception-Code"] == "81"


def test_a_session_keeps_temporary_tables_and_settings_to_itself(front, ask):
    mine, other = {"session_id": "mine"}, {"session_id": "other"}
    ask("CREATE TEMPORARY TABLE held (a UInt8)", **mine)
    ask("INSERT INTO held VALUES (1), (2)", **mine)
    ask("SET max_threads = 3", **mine)

    assert ask("SELECT sum(a) FROM held", **mine) == b"3\n"
    assert ask("SELECT getSetting('max_threads')", **mine) == b"3\n"
    assert refused(front, "SELECT * FROM held", **other).headers["X-ClickHouse-Exception-Code"] == "60"
    assert refused(front, "SELECT * FROM held").headers["X-ClickHouse-Exception-Code"] == "60"
    assert ask("SELECT getSetting('max_threads') != 3", **other) == b"1\n"


def test_a_setting_of_a_request_does_not_stay_in_its_session(ask):
    session = {"session_id": "settings"}
    ask("SET max_threads = 3", **session)

    assert ask("SELECT getSetting('max_threads')", **session, max_threads="5") == b"5\n"
    assert ask("SELECT getSetting('max_threads')", **session) == b"3\n"
    assert ask("SELECT getSetting('max_block_size')", **session, max_block_size="77") == b"77\n"
    assert ask("SELECT getSetting('max_block_size') != 77", **session) == b"1\n"


def test_a_session_that_must_be_there_is_missed(front, ask):
    assert (
        refused(front, "SELECT 1", session_id="none", session_check="1").headers["X-ClickHouse-Exception-Code"] == "372"
    )
    ask("SELECT 1", session_id="brief", session_timeout="0")
    time.sleep(0.01)  # the session has lain idle for longer than its 0 seconds
    assert (
        refused(front, "SELECT 1", session_id="brief", session_check="1").headers["X-ClickHouse-Exception-Code"]
        == "372"
    )


def test_a_session_takes_one_statement_at_a_time(front):
    arguments = {"query": "SELECT number FROM system.numbers", "session_id": "busy"}
    with requests.get(front.url, params=arguments, stream=True, timeout=10) as held:
        assert held.status_code == 200, held.text
        parts = held.iter_content(1024)
        next(parts)
        answer = requests.post(front.url, params={"session_id": "busy"}, data="SELECT 1", timeout=30)
        assert next(parts, None), "the statement that was to go on has ended"

    assert answer.status_code != 200, answer.text
    assert answer.headers["X-ClickHouse-Exception-Code"] == "373"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM `/etc/passwd`",
        "SELECT * FROM default.`/etc/passwd`",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM `pyproject.toml`",
        "SELECT * FROM {x:Identifier}",
        "SELECT * FROM default.{x:Identifier}",
        "DESCRIBE TABLE default.`/etc/passwd`",
        "EXISTS TABLE default.`/etc/hostname`",
    ],
)
def test_files_are_no_tables(front, text):
    answer = requests.post(front.url, params={"param_x": "/etc/passwd"}, data=text, timeout=5)

    assert "root" not in answer.text
    assert answer.headers.get("X-ClickHouse-Exception-Code") == "60" or answer.text == "0\n"


def test_a_setting_in_the_url_cannot_lead_to_a_file(front):
    answer = refused(front, "SELECT 1 FORMAT Template", format_template_resultset="/etc/hostname")

    assert answer.headers["X-ClickHouse-Exception-Code"] == "497"


def test_bytes_that_are_not_text_pass_through_a_query(ask):
    assert ask(b"SELECT hex('\xff\xfe'), length('\xc3\xa9')") == b"FFFE\t2\n"


@pytest.mark.parametrize(("method", "path"), [("POST", "/nowhere"), ("PUT", "/"), ("GET", "/play")])
def test_other_paths_and_methods_are_refused(front, method, path):
    assert requests.request(method, front.url + path, timeout=5).status_code in (404, 501)


def test_native_compression_is_refused_and_not_taken_for_data(front):
    assert refused(front, "SELECT 1", compress="1").headers["X-ClickHouse-Exception-Code"] == "48"
