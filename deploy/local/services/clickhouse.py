"""ClickHouse's HTTP interface over the embedded engine."""

from __future__ import annotations

import sys

import requests

from deploy.local.config import settings_of
from deploy.local.layout import HOST, Layout
from deploy.local.service import Service


def _command(layout: Layout) -> list[str]:
    command = [sys.executable, "-m", "deploy.local.clickhouse", "--path", str(layout.data("clickhouse"))]
    return [*command, "--host", HOST, "--port", str(layout.port("clickhouse"))]


def _healthy(layout: Layout) -> str | None:
    try:
        answer = requests.get(f"http://{HOST}:{layout.port('clickhouse')}/ping", timeout=2)
    except requests.RequestException as error:
        return str(error)
    return None if answer.ok else f"/ping answered {answer.status_code}"


def _finish(layout: Layout) -> None:
    from stores.clickhouse import connect

    connect(settings_of(layout)).apply_schema()


CLICKHOUSE = Service(
    name="clickhouse", command=_command, healthy=_healthy, finish=_finish, ports=("clickhouse",), start_seconds=120
)
