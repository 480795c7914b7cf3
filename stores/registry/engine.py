"""SQLAlchemy on the configured MySQL, and its failures as the other stores name them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymysql.constants import ER
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from stores.mysql import ANSWER_SECONDS, naming, verifying
from stores.settings import Settings


def engine(settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> Engine:
    """Connects when it is first used. Idle connections are tried before use: MySQL may have been restarted."""
    mysql = settings.mysql
    url = URL.create(
        "mysql+pymysql",
        username=mysql.user,
        password=mysql.password.get_secret_value(),
        host=mysql.host,
        port=mysql.port,
        database=mysql.tagging_database,
        query={"charset": "utf8mb4"},
    )
    waits = ("connect_timeout", "read_timeout", "write_timeout")
    arguments: dict[str, Any] = {"init_command": "SET time_zone = '+00:00'", **dict.fromkeys(waits, answer_seconds)}
    if mysql.ssl_ca_file:
        arguments["ssl"] = verifying(mysql.ssl_ca_file)
    return create_engine(url, connect_args=arguments, pool_pre_ping=True, pool_size=4, isolation_level="READ COMMITTED")


def lacks_table(error: ProgrammingError) -> bool:
    """Whether a table is not there, as in a database from before the migration that makes it."""
    return error.orig is not None and error.orig.args[0] == ER.NO_SUCH_TABLE


@contextmanager
def naming_failures(settings: Settings) -> Iterator[None]:
    """Turn what waiting may mend into `stores.mysql.MySQLUnavailable`."""
    with naming(settings):
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            if error.orig is None:
                raise
            raise error.orig from error
