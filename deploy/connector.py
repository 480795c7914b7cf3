"""The Debezium connectors on Kafka Connect, by its REST interface. Run by `python -m deploy.connector FILE`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import requests
import typer

from deploy.local.services.connect import CONNECTORS, shared_settings, trouble_of
from stores.settings import Settings, load

_ANSWER_SECONDS = 60


class ConnectRefused(RuntimeError):
    """Kafka Connect did not take a connector; the text says why."""


def connector_settings(name: str, differing: dict[str, str], settings: Settings) -> dict[str, str]:
    """A connector as the local stack has it, with what differs where it is deployed."""
    shared = shared_settings(name, settings.mysql.shop_database)
    log = {
        # One's tables are not another's.
        "schema.history.internal.kafka.topic": f"{shared['topic.prefix']}.schema-history",
        "topic.creation.default.partitions": str(settings.kafka.partitions),
        "topic.creation.default.replication.factor": str(settings.kafka.replication),
    }
    return {**shared, **log, **differing}


def put_connector(name: str, settings: Settings, wanted: dict[str, str]) -> None:
    """Create a connector or bring it to these settings. Raises ConnectRefused."""
    _asked("PUT", f"{name}/config", settings, wanted)


def connector_config(name: str, settings: Settings) -> dict[str, str]:
    """A connector's settings as Connect has them now. Raises ConnectRefused."""
    return dict(_asked("GET", f"{name}/config", settings))


def connector_trouble(name: str, settings: Settings) -> str | None:
    """Why a connector does not run, or None when it does. Raises ConnectRefused."""
    return trouble_of(name, _asked("GET", f"{name}/status", settings))


def _asked(method: str, path: str, settings: Settings, body: dict[str, str] | None = None) -> dict[str, Any]:
    url = f"{settings.connect.url.rstrip('/')}/connectors/{path}"
    try:
        answer = requests.request(method, url, json=body, timeout=_ANSWER_SECONDS)
    except requests.RequestException as error:
        raise ConnectRefused(f"Kafka Connect at {settings.connect.url} does not answer: {error}") from error
    if not answer.ok:
        raise ConnectRefused(f"{method} {url} answered {answer.status_code}: {answer.text[:500]}")
    found: dict[str, Any] = answer.json()
    return found


def main(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="JSON: what differs of the connectors here.")
    ],
) -> None:
    """Create the connectors, or bring them to these settings. Running it again changes nothing."""
    settings, differing = load(), json.loads(file.read_text(encoding="utf-8"))
    for name in CONNECTORS:
        put_connector(name, settings, connector_settings(name, differing, settings))
        typer.echo(f"connect: connector {name} is there")


if __name__ == "__main__":
    typer.run(main)
