"""A ClickHouse database that a benchmark has to itself, on the configured server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import clickhouse_connect

from stores.clickhouse import ClickHouseClient, connect
from stores.settings import ClickHouse, load

ANSWER_SECONDS = 600.0


@contextmanager
def own_database(name: str) -> Iterator[ClickHouseClient]:
    """A client of the database, with Tagstream's tables in it; dropped afterwards. Raises ClickHouseUnavailable."""
    configured = load()
    ours = configured.model_copy(update={"clickhouse": configured.clickhouse.model_copy(update={"database": name})})
    client = connect(ours, answer_seconds=ANSWER_SECONDS)
    client.apply_schema()
    try:
        yield client
    finally:
        _drop(configured.clickhouse, name)
        client.close()


def _drop(server: ClickHouse, name: str) -> None:
    driver = clickhouse_connect.get_client(
        host=server.host,
        port=server.port,
        username=server.user,
        password=server.password.get_secret_value(),
        secure=server.secure,
    )
    driver.command("DROP DATABASE IF EXISTS {database:Identifier}", parameters={"database": name})
    driver.close()
