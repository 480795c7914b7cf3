"""ClickHouse over HTTP: the schema, batches of columns in, named queries out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, TypeVar

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError as DriverError
from clickhouse_connect.driver.exceptions import OperationalError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

import sql
from stores.settings import ClickHouse, Settings

T = TypeVar("T")
ANSWER_SECONDS = 60.0
PATIENCE_SECONDS = 10.0
_SCHEMA = ("clickhouse/schema.sql", "clickhouse/views.sql")
_AWAY = frozenset({"159", "202", "209", "210", "241", "242", "252", "439"})
"""Codes of a server that is overloaded or starting: time-outs, too many queries, parts or threads, network, memory."""


class ClickHouseUnavailable(Exception):
    """ClickHouse did not answer, or is too busy to. Trying again may help. `code` is its number, if it answered."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class ClickHouseRefused(Exception):
    """ClickHouse answered with an error: the query, the data or the rights are wrong. `code` is its number, if known."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class ClickHouseClient:
    """One database. Connects when first asked; may be used by many threads at once.

    Every method tries again for `patience_seconds` while the server cannot be reached, then raises ClickHouseUnavailable;
    raises ClickHouseRefused at once where the server says no. Inserts may therefore arrive twice: tables must replace.
    """

    def __init__(
        self, settings: ClickHouse, answer_seconds: float = ANSWER_SECONDS, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._settings = settings
        self._answer_seconds = answer_seconds
        self._patience_seconds = patience_seconds
        self._lock = Lock()
        self._driver: Client | None = None

    def apply_schema(self) -> None:
        """Create the database, the tables that are not there yet, and the views as they are now."""
        self._ask("create the database", lambda driver: self._create_database(driver))
        for statement in (text for file in _SCHEMA for text in statements(sql.text(file))):
            first_line = statement.partition("\n")[0]
            self._ask(first_line, lambda driver, text=statement: driver.command(text, transport_settings=self._here()))

    def insert_columns(self, table: str, columns: Mapping[str, Sequence[Any]]) -> int:
        """Insert one batch in Native format, atomically within a partition of the table; returns the number of rows.

        `columns` maps names to values of equal number, times as aware datetimes or as epoch milliseconds.
        Raises ValueError where they differ.
        """
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(
                f"insert into {table}: columns differ in length: {lengths}; give every column a value a row"
            )
        rows = next(iter(lengths.values()), 0)
        if rows:
            names, values = list(columns), list(columns.values())
            self._ask(
                f"insert {rows} rows into {table}",
                lambda driver: driver.insert(
                    table, values, names, database=self._settings.database, column_oriented=True
                ),
            )
        return rows

    def query(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a file below sql/, such as ``clickhouse/parity_values.sql``; its {x:Type} are bound on the server."""
        return self.query_text(name, sql.text(name), parameters)

    def query_text(self, name: str, text: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a text that was made of the file `name` by a builder; its {x:Type} are bound on the server."""
        result = self._ask(
            name,
            lambda driver: driver.query(text, parameters=dict(parameters or {}), transport_settings=self._here()),
        )
        return list(result.named_results())

    def answer(
        self, name: str, text: str, parameters: Mapping[str, Any], settings: Mapping[str, Any], form: str
    ) -> bytes:
        """What a text answers in one of ClickHouse's formats, under settings of its own."""
        return self._ask(
            name,
            lambda driver: driver.raw_query(
                text,
                parameters=dict(parameters),
                settings=dict(settings),
                fmt=form,
                use_database=False,
                transport_settings=self._here(),
            ),
        )

    def raw(self, name: str, form: str, parameters: Mapping[str, Any] | None = None) -> bytes:
        """The answer of a file below sql/ in one of ClickHouse's formats, such as Parquet, whole."""
        return self._ask(
            name,
            lambda driver: driver.raw_query(
                sql.text(name), parameters=dict(parameters or {}), fmt=form, transport_settings=self._here()
            ),
        )

    def command(self, name: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a file below sql/ that answers nothing, such as an INSERT ... SELECT. It may run twice."""
        self.command_text(name, sql.text(name), parameters)

    def command_text(self, name: str, text: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a text that was made of the file `name` by a builder and answers nothing. It may run twice."""
        self._ask(
            name,
            lambda driver: driver.command(text, parameters=dict(parameters or {}), transport_settings=self._here()),
        )

    def ping(self) -> str:
        """The server's version."""
        return self._ask("ask for the version", lambda driver: str(driver.command("SELECT version()")))

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        with self._lock:
            driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def _here(self) -> dict[str, str]:
        # A header, not the driver's own database: that one must exist before it can connect.
        return {"X-ClickHouse-Database": self._settings.database}

    def _create_database(self, driver: Client) -> None:
        driver.command(sql.text("clickhouse/database.sql"), parameters={"database": self._settings.database})

    def _connected(self) -> Client:
        with self._lock:
            if self._driver is None:
                self._driver = clickhouse_connect.get_client(
                    host=self._settings.host,
                    port=self._settings.port,
                    username=self._settings.user,
                    password=self._settings.password.get_secret_value(),
                    secure=self._settings.secure,
                    connect_timeout=min(5, self._answer_seconds),
                    send_receive_timeout=self._answer_seconds,
                    # A session takes one query at a time; without one, threads may share the client.
                    autogenerate_session_id=False,
                    dedicated_pool=True,
                )
            return self._driver

    def _ask(self, what: str, action: Callable[[Client], T]) -> T:
        where = f"ClickHouse at {self._settings.host}:{self._settings.port}"

        def attempt() -> T:
            try:
                return action(self._connected())
            except DriverError as error:
                code = getattr(error, "code", None)
                away = str(code) in _AWAY or (code is None and isinstance(error, OperationalError))
                said = f"{where} {'did not' if away else 'refused to'} {what}: {error}"
                raise (ClickHouseUnavailable if away else ClickHouseRefused)(said, code) from error

        retrying = Retrying(
            retry=retry_if_exception_type(ClickHouseUnavailable),
            wait=wait_exponential_jitter(multiplier=0.1, max=2),
            stop=stop_after_delay(self._patience_seconds),
            reraise=True,
        )
        return retrying(attempt)


def connect(
    settings: Settings, answer_seconds: float = ANSWER_SECONDS, patience_seconds: float = PATIENCE_SECONDS
) -> ClickHouseClient:
    """A client of the settings' database. `answer_seconds` bounds one request, `patience_seconds` the tries together."""
    return ClickHouseClient(settings.clickhouse, answer_seconds, patience_seconds)


def statements(text: str) -> list[str]:
    """The statements of an SQL file in which each ends with a semicolon at the end of a line; comment lines are dropped."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [part.strip() for part in (kept + "\n").split(";\n") if part.strip()]
