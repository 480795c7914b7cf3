"""What the commands of `python -m jobs.models` share: the registry, and errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from stores.clickhouse import ClickHouseUnavailable
from stores.flink import FlinkError
from stores.kafka import KafkaUnavailable
from stores.models.files import DamagedFile
from stores.models.registry import ModelRegistry
from stores.mysql import MySQLUnavailable
from stores.registry.schema import migrate
from stores.settings import Settings
from tagging.crowd_parsing import CrowdProblems

Name = Annotated[str, typer.Argument(help="The model's name; `list` names them.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
REFUSED = (ValueError, LookupError, FileNotFoundError, DamagedFile, CrowdProblems)
AWAY = (MySQLUnavailable, ClickHouseUnavailable, KafkaUnavailable, FlinkError, TimeoutError)


@contextmanager
def opened_registry(settings: Settings) -> Iterator[ModelRegistry]:
    migrate(settings)
    registry = ModelRegistry(settings)
    try:
        yield registry
    finally:
        registry.close()


@contextmanager
def clear_errors() -> Iterator[None]:
    try:
        yield
    except REFUSED as error:
        typer.echo(f"cause: {error}", err=True)
        raise typer.Exit(1) from None
    except AWAY as error:
        typer.echo(f"cause: {error}\nfix: `make status` says what is up; then again", err=True)
        raise typer.Exit(2) from None
