"""What the test of live changes needs: a reader that never stops looking, load beside it, and the commands of a person."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import requests

from jobs.builtin import JOB_NAME
from jobs.tag_files import BUILTIN, draft
from jobs.tag_life import change
from stores.flink import FlinkCluster, open_jobs
from stores.registry.store import TagRegistry
from tagging import lifecycle
from tagging.definition import parse_definition
from tagging.lifecycle import Policy, Status, Tag
from tests.conftest import RunningStack

TAG = "heat_1h"
USERS = [f"change-{number}" for number in range(8)]
HOUR_MS = 3_600_000
SECONDS = 600
"""For a version from the command that builds it to its readers, on a machine that is busy with much more than that."""

Answer = tuple[int, str] | None
"""The version and value that a reader gets; None where the tag is missing."""


class Worker:
    """Does one thing again and again until it is ended, on a thread of its own. What it raises is raised by `end`."""

    def __init__(self, what: Callable[[], None], pause_seconds: float) -> None:
        self._what, self._pause_seconds = what, pause_seconds
        self._stop, self._failed = threading.Event(), []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.wait(self._pause_seconds):
                self._what()
        except Exception as error:
            self._failed.append(error)

    def end(self) -> None:
        self._stop.set()
        self._thread.join(30)
        for error in self._failed:
            raise error


class Reader:
    """Reads one user's heat after the other over the API and keeps every answer."""

    def __init__(self, api: str) -> None:
        self._api, self._session, self._next = api, requests.Session(), 0
        self.seen: list[Answer] = []

    def look(self) -> None:
        user = USERS[self._next % len(USERS)]
        self._next += 1
        answer = self._session.get(f"{self._api}/users/{user}", timeout=10)
        answer.raise_for_status()
        self.seen.append(heat(answer.json()))

    def versions(self) -> list[int | None]:
        """The versions in the order in which they were seen, repeats folded."""
        return [version for version, _ in groupby(answer and answer[0] for answer in self.seen)]


def heat(profile: dict[str, Any]) -> Answer:
    """The tag's version and value in a profile as the API gives it; a user of whom nothing is known has none."""
    return next(((tag["version"], tag["value"]) for tag in profile.get("tags", ()) if tag["tag"] == TAG), None)


@dataclass
class World:
    """The stack with a controller, users whose heat is known, and somebody who reads it all the time."""

    stack: RunningStack
    api: str
    folder: Path
    registry: TagRegistry
    values: dict[int, str] = field(default_factory=dict)
    """What every user has, by version."""
    moved: int = 0
    """The version that says the same in a shared job."""
    shared: tuple[str, int] | None = None
    """The job of all other tags as it was found."""

    def __post_init__(self) -> None:
        self.reader = Reader(self.api)
        self._sent = 0

    def feed(self) -> None:
        """Three events of the last hour for each user, and eight of two hours ago."""
        now = int(time.time() * 1000)
        events = [_event(user, now) for user in USERS for _ in range(3)]
        self._post(events + [_event(user, now - 2 * HOUR_MS) for user in USERS for _ in range(8)])

    def load(self) -> None:
        """Events of other users."""
        now = int(time.time() * 1000)
        self._sent += 1
        self._post([_event(f"load-{(self._sent * 50 + number) % 900}", now) for number in range(50)])

    def _post(self, events: list[dict[str, Any]]) -> None:
        requests.post(f"{self.api}/events", json={"events": events}, timeout=30).raise_for_status()

    def now(self) -> set[Answer]:
        """What all users have, each asked anew."""
        return {heat(requests.get(f"{self.api}/users/{user}", timeout=10).json()) for user in USERS}

    def await_all(self, wanted: Answer, seconds: float = SECONDS) -> None:
        until = time.monotonic() + seconds
        while (found := self.now()) != {wanted}:
            assert time.monotonic() < until, (found, self.stack.logs("controller"))
            newest = self.tag().versions[-1] if self.tag() else None
            assert newest is None or newest.status is not Status.FAILED, newest

    def await_seen(self, wanted: Answer) -> None:
        """All users have it, and the reader has come by since."""
        self.await_all(wanted)
        looks = len(self.reader.seen)
        until = time.monotonic() + SECONDS
        while len(self.reader.seen) <= looks + 1:
            assert time.monotonic() < until, "the reader does not go on"
            time.sleep(0.01)
        assert self.reader.seen[-1] == wanted

    def command(self, *arguments: str) -> dict[str, Any]:
        """One of `jobs.tags` as a person types it; what it answers."""
        environment = {**os.environ, "TAGSTREAM_CONFIG": str(self.stack.stack.layout.config)}
        command = [sys.executable, "-m", "jobs.tags", *arguments, "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def publish(self, value: str) -> int:
        """Draft and build a version that looks back three hours and calls eleven events `value`; its number."""
        file = self.folder / f"{TAG}.sql"
        file.write_text(wider(value), encoding="utf-8")
        number = self.command("draft", str(file))["versions"][-1]["version"]
        self.values[number] = value
        self.command("build", TAG, str(number))
        return number

    def edit(self, value: str) -> int:
        """The same without a process for each command, as the API does it."""
        now = int(time.time() * 1000)
        number = draft(self.registry, parse_definition(wider(value)), "ann", now)
        self.values[number] = value
        return change(
            self.registry, TAG, "ann", "build", now, lambda tag: (lifecycle.build(tag, number, now, Policy()), number)
        )

    def tag(self) -> Tag | None:
        return self.registry.tag(TAG)

    def jobs(self) -> dict[str, str]:
        """Flink's ids of the jobs that have not ended, by name."""
        cluster = FlinkCluster(self.stack.settings.flink)
        return {job.name: job.id for job in open_jobs(cluster)}

    def shared_job(self) -> tuple[str, int]:
        """The id of the job of all other tags, and since when it has been running without a restart."""
        job_id = self.jobs()[JOB_NAME]
        return job_id, FlinkCluster(self.stack.settings.flink).running_since_ms(job_id)

    def controller(self, **settings: str) -> None:
        """Restart the controller with these settings."""
        self.stack.stack.down(["controller"])
        before = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)
        try:
            self.stack.up("controller")
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def wider(value: str) -> str:
    """The tag's text over three hours instead of one, with `value` for ten events."""
    text = (BUILTIN / f"{TAG}.sql").read_text(encoding="utf-8")
    return text.replace("INTERVAL '1' HOUR", "INTERVAL '3' HOUR").replace("'hot'", f"'{value}'")


def _event(user: str, at_ms: int) -> dict[str, Any]:
    return {"user_id": user, "event_type": "cart", "occurred_at": at_ms}
