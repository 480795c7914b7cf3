"""Tags on Flink in this process: the real statements, with files in place of Kafka topics. For properties and oracles."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from pyflink.common import RowKind
from pyflink.table import TableEnvironment

from deploy.local.parts import flink_connector_jar
from jobs.flink_environment import COMMON_OPTIONS, STREAM_OPTIONS, create_environment
from jobs.mode import Mode
from jobs.statements import Job, statements
from stores.settings import Settings
from tagging.compiler import CompiledTag

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""table (`events_log`, `users_log`, `clock` ...) -> its messages, with `offset` and `logged_at` as columns."""

_WITH = re.compile(r"\) WITH \(.*", re.DOTALL)


class LocalFlink:
    """One table environment in this process for many runs: starting one takes seconds, a run much less."""

    def __init__(self, mode: Mode, settings: Settings | None = None, **options: str) -> None:
        chosen = {**COMMON_OPTIONS, "parallelism.default": "2", "taskmanager.numberOfTaskSlots": "4"}
        if mode is Mode.STREAM:
            chosen |= {key: value for key, value in STREAM_OPTIONS.items() if key.startswith("table.")}
        self.mode = mode
        self.settings = settings or Settings()
        self.environment: TableEnvironment = create_environment(
            mode, {**chosen, **options}, flink_connector_jar().as_uri()
        )

    def run(self, tags: Sequence[CompiledTag], rows: Rows) -> dict[str, dict[str, str]]:
        """The tags' values at the end of the input: tag -> user_id -> value as text. Users without a value are left out."""
        text = statements(Job("local", tags), self.settings)
        queries = []
        with tempfile.TemporaryDirectory() as folder:
            created = self._declare(text.declarations, rows, Path(folder))
            try:
                for tag, insert in zip(tags, text.inserts, strict=True):
                    query = insert.split("\n", 1)[1]
                    queries.append(
                        f"SELECT '{tag.definition.name}' AS tag, `user_id`, CAST(`value` AS STRING) FROM (\n{query}\n)"
                    )
                return self._collect("\nUNION ALL\n".join(queries))
            finally:
                for kind, name in reversed(created):
                    self.environment.execute_sql(f"DROP TEMPORARY {kind} `{name}`")

    def _declare(self, declarations: Sequence[str], rows: Rows, folder: Path) -> list[tuple[str, str]]:
        created = []
        for declaration in declarations:
            kind, name = re.search(r"CREATE TEMPORARY (TABLE|VIEW) `(\w+)`", declaration).groups()
            if name.startswith("tag_"):
                continue
            if kind == "TABLE":
                path = folder / f"{name}.json"
                path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows.get(name, ())))
                declaration = re.sub(r" METADATA( FROM 'timestamp')? VIRTUAL", "", declaration)
                declaration = _WITH.sub(
                    f") WITH ('connector' = 'filesystem', 'path' = '{path.as_uri()}', 'format' = 'json')", declaration
                )
            self.environment.execute_sql(declaration)
            created.append((kind, name))
        return created

    def _collect(self, query: str) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, list[str]]] = {}
        with self.environment.execute_sql(query).collect() as changes:
            for row in changes:
                tag, user_id, value = row
                values = found.setdefault(tag, {}).setdefault(user_id, [])
                if row.get_row_kind() in (RowKind.INSERT, RowKind.UPDATE_AFTER):
                    values.append(value)
                else:
                    values.remove(value)
        return {
            tag: {user: values[0] for user, values in users.items() if values and values[0] is not None}
            for tag, users in found.items()
        }
