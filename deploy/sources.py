"""One's own source tables: described in a folder, compared with MySQL, followed from their first row on. `tagstream sources`."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Annotated, NoReturn

import orjson
import typer
from rich.table import Table

from deploy.connector import ConnectRefused, connector_config, connector_trouble, put_connector, shared_settings
from deploy.local.services.connect import CONNECTOR
from jobs.tables import show
from stores import kafka
from stores.kafka_client import Producer
from stores.mysql import MySQLUnavailable
from stores.settings import Settings, load
from stores.source_tables import SourceTables
from tagging.names import CDC_PREFIX, SIGNALS_TOPIC, source_topic
from tagging.source_check import TableColumn, misfits
from tagging.source_texts import SourceProblems
from tagging.sources import CATALOG, Source, tables

RUNNING_SECONDS = 60
FIRST_ROW_SECONDS = 20
ASKED_TIMES = 3
POLL_SECONDS = 0.3
READERS = ("controller", "sink_rows", "api", "parity")
"""Processes that know the sources they started with."""

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class NotFollowed(RuntimeError):
    """A table's rows do not arrive in the log; the text says what was waited for."""


@app.command("list")
def _list(as_json: Json = False) -> None:
    """Every source: its key and time, its columns, and how many messages lie in the log."""
    settings = _settings()
    found = [*(source for source in CATALOG.values() if source not in tables()), *tables()]
    messages = _messages(settings, [source.name for source in found])
    if as_json:
        rows = [
            {"name": s.name, "key": s.key, "time_column": s.time_column, "columns": dict(s.columns), "messages": messages[s.name]}
            for s in found
        ]  # fmt: skip
        typer.echo(json.dumps({"sources": rows}))
        return
    table = Table()
    for column in ("source", "key", "time", "columns", "messages in the log"):
        table.add_column(column, overflow="fold")
    for s in found:
        held = messages[s.name]
        said = "no topic yet" if held is None else f"{held:,}"
        table.add_row(s.name, s.key, s.time_column or "", ", ".join(s.columns), said)
    show(table)


@app.command("check")
def _check(as_json: Json = False) -> None:
    """Compare every described table with MySQL. Exit status 1 when one is not what its description says."""
    settings = _settings()
    wrong = {source.name: misfits(source, _columns(settings, source)) for source in tables()}
    if as_json:
        typer.echo(json.dumps({"sources": [{"name": name, "problems": problems} for name, problems in wrong.items()]}))
    else:
        for name, problems in wrong.items():
            typer.echo("\n".join(f"{name}: {problem}" for problem in problems) or f"{name}: fits its table")
    raise typer.Exit(1 if any(wrong.values()) else 0)


@app.command("add")
def _add(
    name: Annotated[str, typer.Argument(help="The source: the name of its file and of its table.")],
    reread: Annotated[bool, typer.Option("--reread", help="Read all rows again though the table is followed.")] = False,
) -> None:
    """Follow a described table: its topic, its place among the connector's tables, and the rows that it holds already."""
    settings = _settings()
    source = {each.name: each for each in tables()}.get(name)
    if source is None:
        _fail(f"no source {name}: describe it in {settings.sources / name}.toml; there are {', '.join(CATALOG)}")
    problems = misfits(source, _columns(settings, source))
    if problems:
        _fail("\n".join(f"{name}: {problem}" for problem in problems))
    try:
        for line in follow(source, settings, reread):
            typer.echo(f"{name}: {line}")
    except (ConnectRefused, NotFollowed, kafka.KafkaUnavailable, MySQLUnavailable) as error:
        _fail(f"{name}: {error}")
    typer.echo(
        f"{name}: what started before it was described does not know it; on one machine: tagstream restart {' '.join(READERS)}"
    )


def follow(source: Source, settings: Settings, reread: bool = False) -> Iterator[str]:
    """Have a table's rows arrive in the log, those that it holds already too; doing it again changes nothing.

    Yields what was done. Raises ConnectRefused, NotFollowed, KafkaUnavailable, MySQLUnavailable.
    """
    topic = source_topic(source.name, settings.mysql.shop_database)
    yield f"topic {topic} {'is new' if topic in kafka.create_topics(settings) else 'is there'}"
    if settings.cdc_format == "canal":
        route = f"{topic}:{settings.mysql.shop_database}\\.{source.name}"
        yield f"Canal writes it once its routes (canal.mq.dynamicTopic) name it: {route}"
        return
    now = connector_config(CONNECTOR, settings)
    shared = shared_settings(CONNECTOR, settings.mysql.shop_database)
    told = {key: shared[key] for key in ("signal.enabled.channels", "signal.kafka.topic", "table.include.list")}
    told["signal.kafka.bootstrap.servers"] = now.get("signal.kafka.bootstrap.servers", settings.kafka.bootstrap_servers)
    # What the binlog still holds of a table arrives by itself once it is followed: that is not all of its rows.
    followed = f"{settings.mysql.shop_database}.{source.name}" in now.get("table.include.list", "").split(",")
    if any(now.get(key) != value for key, value in told.items()):
        put_connector(CONNECTOR, settings, {**now, **told})
        yield f"the connector follows {told['table.include.list']}"
    _await_connector(settings)
    held = SourceTables(settings).any_row(source)
    if followed and _end(topic, settings) and not reread:
        yield "is followed already; --reread reads all of its rows once more"
    elif not held:
        yield "holds no row yet; the first is followed"
    else:
        _read_rows(source, topic, settings)
        yield "the rows that it holds arrive in the log"


def _await_connector(settings: Settings) -> None:
    until = time.monotonic() + RUNNING_SECONDS
    while trouble := connector_trouble(CONNECTOR, settings):
        if time.monotonic() > until:
            raise ConnectRefused(f"{trouble} after {RUNNING_SECONDS} s")
        time.sleep(POLL_SECONDS)


def _read_rows(source: Source, topic: str, settings: Settings) -> None:
    """Ask Debezium to read the whole table; see "ad hoc blocking snapshots" in its documentation."""
    asked = {
        "type": "execute-snapshot",
        "data": {"data-collections": [f"{settings.mysql.shop_database}.{source.name}"], "type": "blocking"},
    }
    before = _end(topic, settings)
    producer = Producer(settings)
    for _ in range(ASKED_TIMES):
        # A connector that has just begun reads what is asked from then on: who asked too early asks again. Rows that are
        # read twice are the same rows.
        producer.send(SIGNALS_TOPIC, orjson.dumps({"id": str(uuid.uuid4()), **asked}), CDC_PREFIX.encode())
        producer.flush()
        until = time.monotonic() + FIRST_ROW_SECONDS
        while time.monotonic() < until:
            if _end(topic, settings) > before:
                return
            time.sleep(POLL_SECONDS)
    raise NotFollowed(
        f"no row arrived in {topic} within {ASKED_TIMES * FIRST_ROW_SECONDS} s; the connector's log says why"
    )


def _end(topic: str, settings: Settings) -> int:
    return sum(kafka.end_offsets(settings, [topic])[topic].values())


def _messages(settings: Settings, names: Sequence[str]) -> dict[str, int | None]:
    """Messages that were ever written of each source; None where it has no topic."""
    found: dict[str, int | None] = {}
    for name in names:
        try:
            found[name] = _end(source_topic(name, settings.mysql.shop_database), settings)
        except ValueError:
            found[name] = None
        except kafka.KafkaUnavailable as error:
            _fail(str(error))
    return found


def _columns(settings: Settings, source: Source) -> list[TableColumn]:
    try:
        return SourceTables(settings).columns(source.name)
    except MySQLUnavailable as error:
        _fail(str(error))


def _settings() -> Settings:
    try:
        return load()
    except SourceProblems as error:
        _fail("\n".join(f"source {error.name}: {problem}" for problem in error.problems))


def _fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
