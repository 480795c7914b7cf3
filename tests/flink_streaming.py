"""A streaming job of tags in this process, with the very plan that a cluster would run, over folders that files are added to."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from jobs.mode import Mode
from jobs.pipeline import compile_plan, start_plan
from jobs.state_ttl import Retention
from jobs.statements import Job, statements
from tagging.compiler import CompiledTag
from tests.flink_local import LocalFlink, Message, over_path

PATIENCE_SECONDS = 60


class StreamingTags:
    """The job runs from here on, until `stop`. Messages keep their order: it has one task of each kind."""

    def __init__(self, tags: Sequence[CompiledTag], root: Path) -> None:
        self._root, self._files = root, 0
        flink = LocalFlink(Mode.STREAM, **{"parallelism.default": "1", "execution.checkpointing.interval": "200 ms"})
        text = statements(Job("local", tags), flink.settings)
        for declaration in text.declarations:
            flink.environment.execute_sql(self._declared(declaration))
        plan = compile_plan(flink.environment, text, Retention(late_days=1, deduplicate_days=1))
        self._job = start_plan(flink.environment, plan)

    def stop(self) -> None:
        """End the job."""
        self._job.cancel().result()

    def _declared(self, declaration: str) -> str:
        kind, name = re.search(r"CREATE TEMPORARY (TABLE|VIEW) `(\w+)`", declaration).groups()
        if kind == "VIEW":
            return declaration
        folder = self._root / name
        folder.mkdir()
        if not name.startswith("tag_"):
            return over_path(declaration, folder, ", 'source.monitor-interval' = '100 ms'")
        columns = declaration.split(") WITH (")[0]
        return (
            f"{columns}) WITH ('connector' = 'filesystem', 'path' = '{folder.as_uri()}', 'format' = 'debezium-json', "
            "'sink.rolling-policy.rollover-interval' = '200 ms', 'sink.rolling-policy.check-interval' = '100 ms')"
        )

    def log(self, table: str, messages: Sequence[Message]) -> None:
        """Add messages to a table, all at once."""
        self._files += 1
        written = self._root / f"{self._files}.part"
        written.write_bytes(b"".join(message.line() for message in messages))
        os.rename(written, self._root / table / f"{self._files}.json")

    def said(self, tag: str) -> list[Any]:
        """Every value that the job gave the one user of the log, in order."""
        folder = self._root / f"tag_{tag}_v1"
        files = sorted(folder.glob("part-*"), key=lambda path: int(path.name.rsplit("-", 1)[1]))
        lines = [orjson.loads(line) for file in files for line in file.read_bytes().splitlines()]
        return [line["after"]["value"] for line in lines if line["op"] == "c"]

    def await_value(self, tag: str, wanted: Any) -> None:
        """Wait until this is the tag's newest value."""
        until = time.monotonic() + PATIENCE_SECONDS
        while (said := self.said(tag))[-1:] != [wanted]:
            assert time.monotonic() < until, f"{tag}: {wanted} was not said within {PATIENCE_SECONDS} s, but {said}"
            time.sleep(0.1)
