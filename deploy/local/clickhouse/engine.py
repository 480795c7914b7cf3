"""The embedded engine: one process owns the data, and each request has a connection of its own."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from chdb import _chdb

from deploy.local.clickhouse import guard
from deploy.local.clickhouse.context import Context, Limits, Progress
from deploy.local.clickhouse.errors import READONLY, TOO_MANY, UNSUPPORTED, ClickHouseError, from_engine
from deploy.local.clickhouse.quoting import escaped, name_text, string_text
from deploy.local.clickhouse.sessions import Session, Sessions
from deploy.local.clickhouse.statement import Statement

STREAMED = frozenset(
    name.lower()
    for name in (
        "Native", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "CSV", "RowBinary", "JSONEachRow", "JSONLines", "NDJSON",
        "JSONCompactEachRow", "JSONStringsEachRow", "LineAsString", "TSKV",
    )
)  # fmt: skip
"""Formats whose parts can be put one after another; others (JSON, Arrow ...) are made whole."""
CACHED_TEXT = 8192
_UUID = re.compile(r"UUID '([0-9a-f-]{36})'")


class Engine:
    """Runs statements on one folder. Raises ClickHouseError with the engine's own code and text."""

    def __init__(self, path: Path, limits: Limits) -> None:
        """Raises RuntimeError when another process has the folder, or its data cannot be read."""
        path.mkdir(parents=True, exist_ok=True)
        self._path = str(path.resolve())
        self._limits = limits
        self._turns = threading.BoundedSemaphore(limits.at_once)
        # Held open: the data would be loaded anew whenever the last connection closes.
        self._first = _chdb.connect(
            f"{self._path}?max_server_memory_usage={limits.memory_mib << 20}&mark_cache_size={256 << 20}"
        )
        self._replace_default_database()
        self.timezone = self._ask("SELECT timezone()")
        self.version = self._ask("SELECT version()")
        self._guard = guard.Guard(self._ask("SELECT name FROM system.table_functions").split("\n"))
        self._sessions = Sessions(self._connect)
        self._canonical = lru_cache(1024)(self._parse)

    def close(self) -> None:
        """Close the sessions and let go of the data."""
        self._sessions.close()
        self._first.close()

    def statement(self, text: str) -> Statement:
        """What a text says. Raises ClickHouseError where it is no statement, or one that is not allowed."""
        return self._canonical(text) if len(text) <= CACHED_TEXT else self._parse(text)

    def is_read(self, text: str) -> bool:
        """Whether a statement only reads."""
        return self._first.classify_query(_readable(text))["query_class"].name == "READ_ONLY"

    def run(self, text: str, form: str, context: Context, progress: Progress) -> bytes:
        """Run a statement and return all of its result."""
        with self._connection(context) as connection:
            result = connection.query(_exact(text), form, params=dict(context.parameters))
            progress.add(result)
            progress.written_rows, progress.written_bytes = result.rows_written(), result.bytes_written()
            return result.bytes() or b""

    def stream(self, text: str, form: str, context: Context, progress: Progress) -> Iterator[bytes]:
        """Run a SELECT and yield its result part by part, in a format of STREAMED."""
        with self._connection(context) as connection:
            result = connection.send_query(_exact(text), form, params=dict(context.parameters))
            done = False
            try:
                while True:
                    part = connection.streaming_fetch_result(result)
                    if part is not None and part.has_error():
                        raise RuntimeError(part.error_message())
                    if part is None or not part.size():
                        break
                    progress.add(part)
                    yield part.bytes()
                done = True
            finally:
                if not done:
                    connection.streaming_cancel_query(result)

    def insert(self, statement: Statement, parts: Iterable[bytes], context: Context, progress: Progress) -> None:
        """Run an INSERT that takes data. Rows of earlier blocks stay where a later block is refused, as on a server."""
        with self._connection(context) as connection:
            if context.parameters:
                values = (f"param_{key} = {string_text(value)}" for key, value in context.parameters.items())
                connection.query("SET " + ", ".join(values))
            _write(connection, statement.insert_target, statement.format or "", parts, progress)

    def check(self, statement: Statement, text: str, context: Context) -> None:
        """Refuse what the request may not do. Raises ClickHouseError."""
        if statement.selects_from_data:
            raise ClickHouseError(
                UNSUPPORTED, "INSERT ... SELECT FROM input() is not supported here. (NOT_IMPLEMENTED)"
            )
        guard.check_settings(context.settings)
        if context.read_only and not self.is_read(text) and statement.kind not in ("SET", "USE"):
            raise ClickHouseError(
                READONLY, "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You "
                "should use method POST for modifying queries. (READONLY)",
            )  # fmt: skip

    @contextmanager
    def _connection(self, context: Context) -> Iterator[_chdb.connect]:
        if not self._turns.acquire(timeout=self._limits.queue_seconds):
            raise ClickHouseError(
                TOO_MANY, f"Too many simultaneous queries: {self._limits.at_once} are running and none ended within "
                f"{self._limits.queue_seconds:g} s. (TOO_MANY_SIMULTANEOUS_QUERIES)",
            )  # fmt: skip
        try:
            with self._session(context) as session:
                try:
                    self._prepare(session, context)
                    yield session.connection
                except RuntimeError as error:
                    raise from_engine(error) from error
        finally:
            self._turns.release()

    @contextmanager
    def _session(self, context: Context) -> Iterator[Session]:
        if context.session_id:
            with self._sessions.use(context.session_id, context.session_seconds, context.session_must_exist) as session:
                yield session
            return
        session = Session(self._connect())
        try:
            yield session
        finally:
            session.connection.close()

    def _prepare(self, session: Session, context: Context) -> None:
        if context.database:
            session.connection.query(f"USE {name_text(context.database)}")
        session.apply(context.settings)
        for table in context.tables:
            text = f"CREATE TEMPORARY TABLE {name_text(table.name)} ({table.structure}) ENGINE = Memory"
            self.statement(text)
            session.connection.query(text)
            _write(session.connection, f"INSERT INTO {name_text(table.name)}", table.format, [table.data], Progress())

    def _connect(self) -> _chdb.connect:
        # An acknowledged insert is a part on disk, not rows that wait for others: async_insert is off.
        return _chdb.connect(f"{self._path}?async_insert=0&max_execution_time={self._limits.query_seconds}")

    def _ask(self, text: str, **parameters: str) -> str:
        return self._first.query(text, "TSVRaw", params=parameters).bytes().decode().rstrip("\n")

    def _parse(self, text: str) -> Statement:
        connection = self._connect()
        try:
            parameters = {"text": escaped(_readable(text))}
            spelled = connection.query("SELECT formatQuerySingleLine({text:String})", "TSVRaw", params=parameters)
        except RuntimeError as error:
            raise _without_scope(from_engine(error)) from error
        finally:
            connection.close()
        statement = Statement(spelled.bytes().decode("utf-8", "replace").rstrip("\n"))
        self._guard.check(statement)
        return statement

    def _replace_default_database(self) -> None:
        # The engine's own `default` shows every file of this machine as a table.
        self._first.query("DETACH DATABASE default")
        kept = Path(self._path) / "metadata" / "default.sql"
        if kept.exists() and not kept.with_suffix("").exists():
            # It never had a table. The engine then knows nothing of its UUID, and could neither attach nor make it.
            kept.unlink()
        uuid = _UUID.search(kept.read_text()) if kept.exists() else None
        # In full: the short form finds its UUID no more once the engine's own `default` was detached.
        self._first.query(
            f"ATTACH DATABASE default UUID '{uuid[1]}' ENGINE = Atomic"
            if uuid
            else "CREATE DATABASE default ENGINE = Atomic"
        )


def _write(connection: _chdb.connect, target: str, form: str, parts: Iterable[bytes], progress: Progress) -> None:
    insert = connection.send_insert(target, form)
    done = False
    try:
        for part in parts:
            connection.insert_append(insert, part)
        done = True
        result = connection.insert_done(insert)
        progress.written_rows, progress.written_bytes = result.rows_written(), result.bytes_written()
    finally:
        if not done:
            connection.insert_cancel(insert)


def _exact(text: str) -> str | bytes:
    # A statement may hold any bytes in its strings.
    return text if text.isascii() or _readable(text) == text else text.encode("utf-8", "surrogateescape")


def _readable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _without_scope(error: ClickHouseError) -> ClickHouseError:
    # The question that was put to the engine is none of the client's.
    head, _, _ = error.text.partition(": In scope SELECT formatQuerySingleLine(")
    return ClickHouseError(error.code, head if head == error.text else f"{head}. (SYNTAX_ERROR)")
