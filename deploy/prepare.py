"""What a deployment needs before its processes start: tables and topics. Run by `python -m deploy.prepare`.

Running it again changes nothing that is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

import sql
from stores import clickhouse, kafka, mysql
from stores.hbase import ProfileStore
from stores.registry.schema import migrate
from stores.settings import Settings, load

_SCHEMAS = Path(sql.__file__).parent / "mysql"


def mysql_tables(settings: Settings) -> None:
    """Create the tables of the shop and of Tagstream's own database. Raises MySQLUnavailable."""
    for file in sorted(_SCHEMAS.glob("*.sql")):
        database = settings.mysql.shop_database if file.stem == "shop" else settings.mysql.tagging_database
        with mysql.transaction(settings, database) as cursor:
            for statement in clickhouse.statements(file.read_text(encoding="utf-8")):
                cursor.execute(statement)
    migrate(settings)


def prepare(settings: Settings) -> Iterator[str]:
    """Create what is missing; yields a line for each store that is ready. Raises what the stores raise."""
    mysql_tables(settings)
    yield "mysql: tables are there"
    yield f"kafka: {len(kafka.create_topics(settings))} topics created"
    client = clickhouse.connect(settings)
    try:
        client.apply_schema()
    finally:
        client.close()
    yield "clickhouse: tables are there"
    with ProfileStore(settings.hbase) as profiles:
        profiles.create_table()
    yield "hbase: the table is there"


def main() -> None:
    """Create what is missing of MySQL's, ClickHouse's and HBase's tables and Kafka's topics."""
    for line in prepare(load()):
        typer.echo(line)


if __name__ == "__main__":
    typer.run(main)
