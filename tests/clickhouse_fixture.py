"""A ClickHouse of a test's own: the embedded engine behind its HTTP interface, on a free port, with an empty folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import clickhouse_connect
import pytest
import requests
from clickhouse_connect.driver.client import Client

from stores.clickhouse import ClickHouseClient, connect
from stores.settings import ClickHouse, Settings

HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 30
TABLES = (
    *("users", "users_by_id", "tag_values", "tag_changes", "events", "events_by_time", "dead_letters"),
    *(
        "tag_bitmaps",
        "bitmap_buckets",
        "bitmap_places",
        "row_changes",
        "row_arrivals",
        "row_lookups",
        "clock_ticks",
        "identities",
        "event_places",
        "event_arrivals",
        "crowd_snapshots",
        "crowd_deltas",
        "crowd_watch_members",
        "crowd_batches",
        "model_quality",
        "model_drift",
        "served_vectors",
        "feature_values",
        "feature_moments",
        "erasing",
    ),
    *("live_tags", "crowd_bitmaps", "crowd_states"),
)
ROOT = Path(__file__).parent.parent


@dataclass
class Front:
    """The process that serves one folder. `password` is that of the user `default`, `options` are more of its arguments."""

    path: Path
    password: str = ""
    options: tuple[str, ...] = ()
    port: int = field(default_factory=lambda: free_port())
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError with the end of its log when it does not."""
        self.path.mkdir(parents=True, exist_ok=True)
        log = self.path.parent / f"{self.path.name}.log"
        command = [sys.executable, "-m", "deploy.local.clickhouse", "--path", str(self.path), "--host", HOST]
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *self.options],
                cwd=ROOT,
                stdout=output,
                stderr=output,
                env={**os.environ, "TAGSTREAM_CLICKHOUSE_FRONT_PASSWORD": self.password},
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the front at {self.url} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> int:
        """SIGTERM, and wait: the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL, and wait."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/ping", timeout=2).ok
        except requests.RequestException:
            return False


@dataclass
class RunningClickHouse:
    """A front, the settings that lead to it, a client with the schema applied, and a driver for any other SQL."""

    front: Front
    settings: Settings
    client: ClickHouseClient
    driver: Client

    def empty(self) -> None:
        """Remove all rows."""
        for table in TABLES:
            self.driver.command("TRUNCATE TABLE {table:Identifier}", parameters={"table": table})


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@contextmanager
def running_clickhouse(path: Path) -> Iterator[RunningClickHouse]:
    """A process over an empty folder, with Tagstream's schema."""
    front = Front(path)
    front.start()
    settings = Settings(clickhouse=ClickHouse(host=HOST, port=front.port))
    client = connect(settings)
    try:
        client.apply_schema()
        driver = clickhouse_connect.get_client(
            host=HOST, port=front.port, database=settings.clickhouse.database, autogenerate_session_id=False
        )
        yield RunningClickHouse(front, settings, client, driver)
        driver.close()
    finally:
        client.close()
        front.stop()


@pytest.fixture(scope="session")
def clickhouse_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningClickHouse]:
    """One process for the whole session; `clickhouse` gives it out empty."""
    with running_clickhouse(tmp_path_factory.mktemp("clickhouse") / "data") as running:
        yield running


@pytest.fixture
def clickhouse(clickhouse_process: RunningClickHouse) -> RunningClickHouse:
    """A real ClickHouse with Tagstream's schema and no rows."""
    clickhouse_process.empty()
    return clickhouse_process
