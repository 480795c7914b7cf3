"""The stack's addresses as Tagstream's settings file."""

from __future__ import annotations

import json
from typing import Any

from deploy.local.layout import HOST, Layout
from deploy.local.parts import flink_connector_jar
from stores.settings import Settings


def write_config(layout: Layout) -> None:
    """Write `tagstream.toml`: what `stores.settings.load()` reads to reach this stack."""
    ports = layout.ports()
    tables: dict[str, dict[str, Any]] = {
        "kafka": {"bootstrap_servers": f"{HOST}:{ports['kafka']}"},
        "mysql": {"host": HOST, "port": ports["mariadb"]},
        "clickhouse": {"host": HOST, "port": ports["clickhouse"]},
        "hbase": {"host": HOST, "port": ports["hbase"]},
        "flink": {
            "rest_url": f"http://{HOST}:{ports['flink']}",
            "state_dir": layout.data("flink-state").as_uri(),
            "connector_jar": str(flink_connector_jar()),
        },
        "connect": {"url": f"http://{HOST}:{ports['connect']}"},
        "api": {"host": HOST, "port": ports["api"]},
    }
    lines = ["# Written by the local stack at each start: these are the ports that it really has."]
    for table, values in tables.items():
        # A JSON string or number is a TOML one.
        lines += ["", f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    layout.root.mkdir(parents=True, exist_ok=True)
    layout.config.write_text("\n".join(lines) + "\n", encoding="utf-8")


def settings_of(layout: Layout) -> Settings:
    """The settings that reach this stack, whatever the variables of this process say."""
    import tomllib

    return Settings(**tomllib.loads(layout.config.read_text(encoding="utf-8")))
