"""Where the data of an INSERT begins, what a spelled statement says, and how bodies are packed."""

from __future__ import annotations

import pytest

from deploy.local.clickhouse.encodings import accepted, packed, unpacked
from deploy.local.clickhouse.errors import ClickHouseError, from_engine
from deploy.local.clickhouse.quoting import escaped, name_text, string_text
from deploy.local.clickhouse.statement import Statement, data_start


@pytest.mark.parametrize(
    ("head", "data"),
    [
        (b"INSERT INTO t VALUES (1)", b" (1)"),
        (b"insert into t values(1)", b"(1)"),
        (b"INSERT t VALUES (1)", b" (1)"),
        (b"INSERT INTO t FORMAT CSV\n1\n", b"1\n"),
        (b"INSERT INTO t FORMAT CSV 1\n", b"1\n"),
        (b"INSERT INTO t FORMAT CSV;\r\n1\n", b"1\n"),
        (b"INSERT INTO t FORMAT RowBinary\n\n\x00", b"\n\x00"),
        (b"INSERT INTO t FORMAT `CSV`\n1", b"1"),
        (b"INSERT INTO t FORMAT CSV", b""),
        (b"INSERT INTO TABLE d.t (a, `values`, format) FORMAT CSV\n1", b"1"),
        (b"INSERT INTO values.format (a) FORMAT CSV\n1", b"1"),
        (b"INSERT INTO FUNCTION null('a VALUES') FORMAT CSV\n1", b"1"),
        (b"INSERT INTO t SETTINGS a = 'VALUES', b = 1 FORMAT CSV\n1", b"1"),
        (b"/* VALUES */ INSERT -- FORMAT CSV\nINTO t # VALUES\n VALUES (1)", b" (1)"),
        (b"INSERT INTO t (a) VALUES ('FORMAT CSV')", b" ('FORMAT CSV')"),
        ("INSERT INTO té FORMAT CSV\né".encode(), "é".encode()),
    ],
)
def test_the_data_of_an_insert_begin_behind_values_or_the_line_of_format(head, data):
    start = data_start(head)

    assert start is not None
    assert head[start:] == data


@pytest.mark.parametrize(
    "head",
    [
        b"SELECT 1 FORMAT CSV",
        b"INSERT INTO t SELECT 1 FORMAT CSV",
        b"INSERT INTO t (a) SELECT * FROM values('a UInt8', 1)",
        b"INSERT INTO t WITH 1 AS x SELECT x",
        b"INSERT INTO t",
        b"INSERT",
        b"",
        b"SELECT 'INSERT INTO t VALUES'",
        b"EXPLAIN INSERT INTO t VALUES",
    ],
)
def test_other_texts_have_no_data(head):
    assert data_start(head) is None


@pytest.mark.parametrize(
    ("canonical", "form"),
    [
        ("SELECT 1 FORMAT JSON", "JSON"),
        ("SELECT 1 FORMAT JSON SETTINGS max_threads = 1, b = 'FORMAT CSV'", "JSON"),
        ("SELECT 1 SETTINGS max_threads = 1 FORMAT JSON", "JSON"),
        ("SELECT 1", None),
        ("SELECT ' FORMAT JSON'", None),
        ("SELECT 1 AS ` FORMAT JSON`", None),
        ("SELECT '\\' FORMAT x' FORMAT CSV", "CSV"),
    ],
)
def test_the_format_is_that_of_the_last_clause(canonical, form):
    assert Statement(canonical).format == form


@pytest.mark.parametrize(
    ("canonical", "takes", "selects"),
    [
        ("INSERT INTO t FORMAT CSV", True, False),
        ("INSERT INTO t (`SELECT`) FORMAT Values", True, False),
        ("INSERT INTO t SELECT 1", False, False),
        ("INSERT INTO t SELECT a FROM input('a UInt8') FORMAT CSV", False, True),
        ("SELECT 1 FORMAT CSV", False, False),
    ],
)
def test_an_insert_takes_data_unless_it_selects(canonical, takes, selects):
    statement = Statement(canonical)

    assert (statement.takes_data, statement.selects_from_data) == (takes, selects)


def test_the_target_of_an_insert_is_what_stands_before_its_format():
    assert Statement("INSERT INTO t (a) SETTINGS x = 1 FORMAT CSV").insert_target == "INSERT INTO t (a) SETTINGS x = 1"


def test_names_strings_and_parameters_cannot_break_out():
    assert name_text("a`b\\") == "`a\\`b\\\\`"
    assert string_text("a'b\\") == "'a\\'b\\\\'"
    assert escaped("a\tb\nc\\d\r\0") == "a\\tb\\nc\\\\d\\r\\0"


def test_an_error_of_the_engine_keeps_its_code_and_loses_what_stands_before():
    error = from_engine(RuntimeError("Streaming failed: Code: 60. DB::Exception: no table. (UNKNOWN_TABLE)"))

    assert (error.code, error.status, error.text) == (60, 404, "Code: 60. DB::Exception: no table. (UNKNOWN_TABLE)")
    assert from_engine(RuntimeError("what?")).status == 500


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("lz4,zstd,gzip", "lz4"),
        ("br, gzip;q=0.5", "gzip"),
        ("gzip;q=0, zstd", "zstd"),
        ("identity", None),
        ("", None),
        ("*", None),
    ],
)
def test_a_result_is_packed_by_the_first_coding_that_both_know(header, coding):
    assert accepted(header) == coding


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", None])
def test_each_part_of_a_packed_result_can_be_read_when_it_is_there(coding):
    pieces = iter([b"a" * 5000, b"b" * 7000])
    seen = bytearray()

    def sent():
        for piece in packed(pieces, coding):
            yield piece
            if b"b" not in seen and seen.count(b"a") == 5000:
                seen.append(ord("|"))

    for plain in unpacked(sent(), coding or ""):
        seen += plain
    assert bytes(seen) == b"a" * 5000 + b"|" + b"b" * 7000


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "lz4"])
def test_a_result_that_breaks_off_is_packed_to_its_end(coding):
    def parts():
        yield b"a" * 5000
        yield b"error"
        raise ConnectionAbortedError

    sent = bytearray()
    with pytest.raises(ConnectionAbortedError):
        for piece in packed(parts(), coding):
            sent += piece

    assert b"".join(unpacked(iter([bytes(sent)]), coding)) == b"a" * 5000 + b"error"


def test_a_coding_that_nobody_knows_is_refused_at_once():
    with pytest.raises(ClickHouseError) as error:
        unpacked(iter([]), "br")

    assert (error.value.code, error.value.status) == (432, 400)
