"""The stack's addresses as Tagstream's settings file."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from deploy.local.layout import HOST, Layout
from deploy.local.parts import flink_connector_jar
from stores.settings import Settings

ENOUGH_CORES = 4
MOST_PARTS = 2


def own_sources_folder() -> Path:
    """Where one's own source tables are described: as the variable says, or in the folder that is there for it."""
    return Path(os.environ.get("TAGSTREAM_SOURCES") or Settings.model_fields["sources"].default)


def parallelism() -> int:
    """In how many parts the tags' job of a stack on this machine runs: as the variable says, or in one on fewer than four cores.

    Each operator of each part is a thread with a state of its own: with one part, two cores have dozens of them to run. More parts
    than `MOST_PARTS` would take the slots of the TaskManager that versions in the making need.
    """
    few = (os.cpu_count() or 1) < ENOUGH_CORES
    return int(os.environ.get("TAGSTREAM_FLINK__PARALLELISM") or (1 if few else MOST_PARTS))


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
            "parallelism": parallelism(),
        },
        "connect": {"url": f"http://{HOST}:{ports['connect']}"},
        "api": {"host": HOST, "port": ports["api"]},
        "erasure": {"secret": erasure_secret(layout)},
    }
    top = {"sources": str(own_sources_folder().absolute())}
    lines = ["# Written by the local stack at each start: these are the ports that it really has."]
    lines += [f"{key} = {json.dumps(value)}" for key, value in top.items()]
    for table, values in tables.items():
        # A JSON string or number is a TOML one.
        lines += ["", f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    layout.root.mkdir(parents=True, exist_ok=True)
    layout.config.touch(mode=0o600)
    layout.config.chmod(0o600)
    layout.config.write_text("\n".join(lines) + "\n", encoding="utf-8")


def erasure_secret(layout: Layout) -> str:
    """What erased users are recognised by: made at random once, and kept for as long as the stack's data is."""
    file = layout.data("erasure") / "secret"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32), encoding="utf-8")
    return file.read_text(encoding="utf-8")


def settings_of(layout: Layout) -> Settings:
    """The settings that reach this stack, whatever the variables of this process say."""
    import tomllib

    return Settings(**tomllib.loads(layout.config.read_text(encoding="utf-8")))
