"""MySQL or MariaDB: connections and transactions."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pymysql
from pymysql.constants import ER
from pymysql.cursors import DictCursor
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random

from stores.settings import Settings

ANSWER_SECONDS = 30

_OURS_TO_FIX = (ER.DBACCESS_DENIED_ERROR, ER.ACCESS_DENIED_ERROR, ER.BAD_DB_ERROR, ER.BAD_FIELD_ERROR)
"""pymysql calls these operational as well, but no waiting mends a wrong password or a missing column."""


class MySQLUnavailable(Exception):
    """MySQL did not do what was asked: away, or busy with somebody else's transaction. Trying again may help."""


class Deadlock(MySQLUnavailable):
    """InnoDB undid this transaction because it and another waited for each other."""


again_after_deadlock = retry(
    retry=retry_if_exception_type(Deadlock), stop=stop_after_attempt(20), wait=wait_random(0, 0.1), reraise=True
)
"""For a function that is one transaction and nothing else: a deadlock undoes all of it, so that it may run once more."""


class _Connection(pymysql.Connection):
    """pymysql's. Where no certificate is checked it does not read this machine's anew for each: 60 ms of CPU, every poll."""

    def _create_ssl_ctx(self, given: Any) -> ssl.SSLContext:
        return super()._create_ssl_ctx(given) if given else _encrypting()


@cache
def verifying(ca_file: str) -> ssl.SSLContext:
    """TLS with a server whose certificate these sign. Raises OSError for a file that cannot be read."""
    return ssl.create_default_context(cafile=ca_file)


@cache
def _encrypting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def connect(
    settings: Settings, database: str | None = None, answer_seconds: float = ANSWER_SECONDS, **options: Any
) -> pymysql.Connection[Any]:
    """A connection in UTC, without autocommit, rows as dicts. `database`: Tagstream's own when None; `options`: pymysql's, instead.

    Raises MySQLUnavailable.
    """
    mysql = settings.mysql
    with naming(settings):
        usual: dict[str, Any] = {
            "host": mysql.host,
            "port": mysql.port,
            "user": mysql.user,
            "password": mysql.password.get_secret_value(),
            "database": database or mysql.tagging_database,
            "charset": "utf8mb4",
            "cursorclass": DictCursor,
            "init_command": "SET time_zone = '+00:00'",
            "connect_timeout": answer_seconds,
            "read_timeout": answer_seconds,
            "write_timeout": answer_seconds,
            "ssl": verifying(mysql.ssl_ca_file) if mysql.ssl_ca_file else None,
        }
        return _Connection(**{**usual, **options})


@contextmanager
def transaction(settings: Settings, database: str | None = None) -> Iterator[Any]:
    """A cursor of one transaction on a connection of its own: committed at the end, rolled back on any exception.

    Raises MySQLUnavailable.
    """
    connection = connect(settings, database)
    try:
        with naming(settings), connection.cursor() as cursor:
            yield cursor
            connection.commit()
    finally:
        # Closing without a commit rolls back.
        connection.close()


@contextmanager
def naming(settings: Settings) -> Iterator[None]:
    """Turn the driver's errors that waiting may mend into MySQLUnavailable, with the server's address."""
    try:
        yield
    except (pymysql.OperationalError, pymysql.InterfaceError) as error:
        if error.args and error.args[0] in _OURS_TO_FIX:
            raise
        said = error.args[1] if len(error.args) > 1 else str(error) or type(error).__name__
        kind = Deadlock if error.args and error.args[0] == ER.LOCK_DEADLOCK else MySQLUnavailable
        raise kind(f"mysql at {settings.mysql.host}:{settings.mysql.port}: {said}") from error
