"""The Debezium connector on Kafka Connect, by its REST interface. Run by `python -m deploy.connector FILE`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import requests
import typer

from deploy.local.services.connect import CONNECTOR, CONNECTOR_SETTINGS
from stores.settings import Settings, load

_ANSWER_SECONDS = 60


class ConnectRefused(RuntimeError):
    """Kafka Connect did not take the connector; the text says why."""


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


def main(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="JSON: what differs of the connector here.")
    ],
) -> None:
    """Create the connector, or bring it to these settings. Running it again changes nothing."""
    settings = load()
    put_connector(settings, connector_settings(json.loads(file.read_text(encoding="utf-8")), settings))
    typer.echo(f"connect: connector {CONNECTOR} is there")


if __name__ == "__main__":
    typer.run(main)
