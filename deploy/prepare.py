"""What a deployment needs before its processes start: tables, topics and the connector. `python -m deploy.prepare`.

Running it again changes nothing that is there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import requests
import typer

import sql
from deploy.local.services.connect import CONNECTOR, CONNECTOR_SETTINGS
from stores import clickhouse, kafka, mysql
from stores.hbase import ProfileStore
from stores.settings import Settings, load

_SCHEMAS = Path(sql.__file__).parent / "mysql"
_ANSWER_SECONDS = 60


class ConnectRefused(RuntimeError):
    """Kafka Connect did not take the connector; the text says why."""


def mysql_tables(settings: Settings) -> None:
    """Create the tables of the shop and of Tagstream's own database. Raises MySQLUnavailable."""
    for file in sorted(_SCHEMAS.glob("*.sql")):
        database = settings.mysql.shop_database if file.stem == "shop" else settings.mysql.tagging_database
        with mysql.transaction(settings, database) as cursor:
            for statement in clickhouse.statements(file.read_text(encoding="utf-8")):
                cursor.execute(statement)


def connector_settings(differing: dict[str, str], settings: Settings) -> dict[str, str]:
    """The connector as the local stack has it, with what differs where it is deployed."""
    shared = json.loads(CONNECTOR_SETTINGS.read_text(encoding="utf-8"))
    log = {
        "topic.creation.default.partitions": str(settings.kafka.partitions),
        "topic.creation.default.replication.factor": str(settings.kafka.replication),
    }
    return {**shared, **log, **differing}


def put_connector(settings: Settings, wanted: dict[str, str]) -> None:
    """Create the connector or bring it to these settings. Raises ConnectRefused."""
    url = f"{settings.connect.url.rstrip('/')}/connectors/{CONNECTOR}/config"
    try:
        answer = requests.put(url, json=wanted, timeout=_ANSWER_SECONDS)
    except requests.RequestException as error:
        raise ConnectRefused(f"Kafka Connect at {settings.connect.url} does not answer: {error}") from error
    if not answer.ok:
        raise ConnectRefused(f"PUT {url} answered {answer.status_code}: {answer.text[:500]}")


def prepare(settings: Settings, differing: dict[str, str] | None) -> None:
    """Bring everything about; the connector where `differing` is given. Raises what the stores raise."""
    mysql_tables(settings)
    typer.echo("mysql: tables are there")
    typer.echo(f"kafka: {len(kafka.create_topics(settings))} topics created")
    client = clickhouse.connect(settings)
    try:
        client.apply_schema()
    finally:
        client.close()
    typer.echo("clickhouse: tables are there")
    with ProfileStore(settings.hbase) as profiles:
        profiles.create_table()
    typer.echo("hbase: the table is there")
    if differing is not None:
        put_connector(settings, connector_settings(differing, settings))
        typer.echo(f"connect: connector {CONNECTOR} is there")


def main(
    connector: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSON: what differs of the connector here.")
    ] = None,
) -> None:
    """Create what is missing: MySQL's, ClickHouse's and HBase's tables, Kafka's topics, and the connector if one is named."""
    differing: dict[str, Any] | None = json.loads(connector.read_text(encoding="utf-8")) if connector else None
    prepare(load(), differing)


if __name__ == "__main__":
    typer.run(main)
