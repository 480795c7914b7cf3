"""A tag's new version goes live beside the running job: proven first, seen at once, and taken back at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from jobs.builtin import JOB_NAME
from jobs.tags import BUILTIN
from stores.flink import FINAL_STATES, FlinkCluster
from stores.registry.store import TagRegistry
from tagging.lifecycle import Status
from tests.conftest import RunningStack

pytestmark = [pytest.mark.stack]

USERS = [f"publish-{number}" for number in range(8)]
HOUR_MS = 3_600_000
SECONDS = 100


class Reader:
    """Reads the users' heat over the API and keeps every answer that no single version gives."""

    def __init__(self, url: str) -> None:
        self._url, self._session = f"{url}/api/v1", requests.Session()
        self.wrong: list[tuple] = []
        self.allowed: set[tuple] = set()

    def heat(self, user: str) -> tuple | None:
        answer = self._session.get(f"{self._url}/users/{user}", timeout=10)
        tags = answer.json().get("tags", [])
        return next(((tag["version"], tag["value"]) for tag in tags if tag["tag"] == "heat_1h"), None)

    def all(self) -> set[tuple | None]:
        found = {self.heat(user) for user in USERS}
        self.wrong += [answer for answer in found if answer not in self.allowed] if self.allowed else []
        return found

    def await_all(self, wanted: tuple, seconds: float, failed: Callable[[], str] = lambda: "") -> None:
        until = time.monotonic() + seconds
        while (found := self.all()) != {wanted}:
            assert time.monotonic() < until, (found, failed())
            assert "failed" not in failed(), failed()


def tags(stack: RunningStack, *arguments: str) -> None:
    environment = {**os.environ, "TAGSTREAM_CONFIG": str(stack.stack.layout.config)}
    command = [sys.executable, "-m", "jobs.tags", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def running(stack: RunningStack) -> dict[str, str]:
    return {job.name: job.id for job in FlinkCluster(stack.settings.flink).jobs() if job.state not in FINAL_STATES}


def test_a_new_version_goes_live_after_its_proof_and_a_rollback_is_seen_at_once(
    stack: RunningStack, app_url: str, tmp_path: Path
) -> None:
    stack.up("controller")
    now = int(time.time() * 1000)
    events = [{"user_id": user, "event_type": "cart", "occurred_at": now} for user in USERS for _ in range(3)]
    events += [
        {"user_id": user, "event_type": "cart", "occurred_at": now - 2 * HOUR_MS} for user in USERS for _ in range(8)
    ]
    assert requests.post(f"{app_url}/api/v1/events", json={"events": events}, timeout=30).status_code == 202
    reader, registry = Reader(app_url), TagRegistry(stack.settings)
    reader.await_all((1, "warm"), 60)
    job_id = running(stack)[JOB_NAME]

    wider = tmp_path / "heat_1h.sql"
    text = (BUILTIN / "heat_1h.sql").read_text(encoding="utf-8")
    wider.write_text(text.replace("INTERVAL '1' HOUR", "INTERVAL '3' HOUR"), encoding="utf-8")
    reader.allowed = {(1, "warm"), (2, "hot")}
    tags(stack, "draft", str(wider))
    tags(stack, "build", "heat_1h", "2")
    reader.await_all((2, "hot"), SECONDS, lambda: str(registry.tag("heat_1h").version(2)))
    assert reader.wrong == []
    what = [entry.what for entry in reversed(registry.audit("heat_1h"))]
    assert what[-4:] == ["draft", "build", "ready", "live"]
    assert running(stack)[JOB_NAME] == job_id

    tags(stack, "rollback", "heat_1h")
    assert reader.all() == {(1, "warm")}
    assert registry.tag("heat_1h").version(2).status is Status.RETIRED
    assert running(stack)[JOB_NAME] == job_id
    assert "tag.heat_1h.v2" in running(stack)
    registry.close()
