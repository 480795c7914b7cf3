"""Kafka Connect with Debezium, which follows the binlog: the shop's tables, and the registry's.

Each has a connector of its own: what becomes of the registry's tables cannot stop the shop's.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from deploy.local.config import own_sources_folder
from deploy.local.java import java, properties
from deploy.local.layout import HOST, Layout
from deploy.local.parts import class_path
from deploy.local.service import Service
from deploy.local.services.mariadb import CDC_PASSWORD, CDC_USER
from stores.own_sources import declare_own
from tagging.names import SIGNALS_TOPIC
from tagging.sources import tables

CONNECTOR = "shop"
CONNECTOR_SETTINGS = Path(__file__).parent / "debezium.json"
"""What the row changes look like: shared by every way to deploy the connector."""
CONNECTORS = {CONNECTOR: CONNECTOR_SETTINGS, "registry": Path(__file__).parent / "debezium_registry.json"}
"""The settings of each connector, by its name; `shared_settings` reads them."""

_LOGGING = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true")


def shared_settings(name: str, shop_database: str = "shop") -> dict[str, str]:
    """What a connector is everywhere. The shop's follows every table of the catalogue, and is told of others by signals."""
    found: dict[str, str] = json.loads(CONNECTORS[name].read_text(encoding="utf-8"))
    if name != CONNECTOR:
        return found
    followed = ",".join(f"{shop_database}.{source.name}" for source in tables())
    return {
        **found,
        "database.include.list": shop_database,
        "table.include.list": followed,
        "signal.kafka.topic": SIGNALS_TOPIC,
    }


def _prepare(layout: Layout) -> None:
    declare_own(own_sources_folder())
    data = layout.data("connect")
    kafka = f"{HOST}:{layout.port('kafka')}"
    worker = {
        "bootstrap.servers": kafka,
        "listeners": f"http://{HOST}:{layout.port('connect')}",
        "key.converter": "org.apache.kafka.connect.json.JsonConverter",
        "key.converter.schemas.enable": "false",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
        "offset.storage.file.filename": str(data / "offsets"),
        "offset.flush.interval.ms": "1000",
        "plugin.discovery": "service_load",
        "producer.compression.type": "lz4",
        "producer.linger.ms": "5",
    }
    (data / "worker.properties").write_text(properties(worker))
    for name in CONNECTORS:
        connector = {
            **shared_settings(name),
            "name": name,
            "database.hostname": HOST,
            "database.port": str(layout.port("mariadb")),
            "database.user": CDC_USER,
            "database.password": CDC_PASSWORD,
            "schema.history.internal": "io.debezium.storage.file.history.FileSchemaHistory",
            "schema.history.internal.file.filename": str(data / _history(name)),
            **({"signal.kafka.bootstrap.servers": kafka} if name == CONNECTOR else {}),
        }
        (data / f"{name}.properties").write_text(properties(connector))


def _history(connector: str) -> str:
    # The shop's is that of stacks which were made before there was another.
    return "schema-history" if connector == CONNECTOR else f"schema-history-{connector}"


def _command(layout: Layout) -> list[str]:
    data = layout.data("connect")
    return java(
        class_path("connect"),
        "org.apache.kafka.connect.cli.ConnectStandalone",
        str(data / "worker.properties"),
        *(str(data / f"{name}.properties") for name in CONNECTORS),
        heap_mb=384,
        layout=layout,
        service="connect",
        options=_LOGGING,
    )


def _address(layout: Layout, connector: str) -> str:
    return f"http://{HOST}:{layout.port('connect')}/connectors/{connector}"


def _healthy(layout: Layout) -> str | None:
    return next((trouble for name in CONNECTORS if (trouble := _trouble(layout, name))), None)


def _trouble(layout: Layout, name: str) -> str | None:
    try:
        status = requests.get(f"{_address(layout, name)}/status", timeout=2).json()
    except (requests.RequestException, ValueError) as error:
        return f"Connect does not answer: {error}"
    return trouble_of(name, status)


def trouble_of(name: str, status: dict[str, Any]) -> str | None:
    """Why a connector does not run, by what Connect says of it; None when it does."""
    tasks = status.get("tasks") or []
    for part in [status.get("connector", {}), *tasks]:
        if part.get("state") != "RUNNING":
            return f"connector {name} is {part.get('state', 'not there yet')}: {part.get('trace', '')[:500]}"
    return None if tasks else f"connector {name} has no task yet"


def _mend(layout: Layout) -> None:
    for name in CONNECTORS:
        with suppress(requests.RequestException):
            requests.post(f"{_address(layout, name)}/restart?includeTasks=true&onlyFailed=true", timeout=5)


CONNECT = Service(
    name="connect",
    command=_command,
    healthy=_healthy,
    prepare=_prepare,
    mend=_mend,
    depends_on=("kafka", "mariadb"),
    ports=("connect",),
)
