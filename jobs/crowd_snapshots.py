"""Makes the snapshots that the API asked for, and removes those that were given up: a thread of the process of crowds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from stores import logs
from stores.bitmaps import Generation
from stores.causes import cause_of
from stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable
from stores.snapshots import Snapshot, Snapshots, Taken
from tagging import bound_rules
from tagging.bound_rules import BoundRule

STALE_MS = 5 * 60 * 1000
"""Longer than a worker that lives takes: its statements are given up before."""
log = logs.get("jobs.crowd_snapshots")


class Users(Protocol):
    """Where a snapshot's users are written; `stores.snapshot_users.SnapshotUsers` is the real one."""

    def newest(self) -> Generation: ...

    def tick(self, at_ms: int) -> int | None: ...

    def keep(self, id: str, bound: BoundRule, generation: int) -> int: ...

    def remove(self, id: str) -> None: ...


@dataclass(frozen=True)
class SnapshotWorker:
    """Takes snapshots one after the other. Several workers share them.

    One that is killed midway has written users under a generation that no snapshot names; the next one writes its own.
    """

    snapshots: Snapshots
    users: Users
    now_ms: Callable[[], int]
    stale_ms: int = STALE_MS

    def step(self) -> bool:
        """Remove what was given up, and make the oldest that waits. False when none does.

        Raises MySQLUnavailable and ClickHouseUnavailable; what was taken waits again then.
        """
        for id in self.snapshots.given_up():
            self.users.remove(id)
            self.snapshots.forget(id)
        asked = self.snapshots.take(self.now_ms(), self.stale_ms)
        if asked is None:
            return False
        taken: Taken | None = None
        cause = ""
        try:
            taken = self._made(asked)
        except ClickHouseUnavailable:
            self.snapshots.release(asked)
            raise
        except ClickHouseRefused as error:
            # No waiting mends it, and the next snapshot must not be lost for it.
            cause = cause_of(error)
        if not self.snapshots.finish(asked, self.now_ms(), taken, cause) and self.snapshots.read(asked.id) is None:
            # It was given up in between, and what was written after that is nobody's.
            self.users.remove(asked.id)
        log.info("snapshot", id=asked.id, crowd=asked.crowd, users=taken and taken.users, cause=cause)
        return True

    def _made(self, asked: Snapshot) -> Taken:
        newest = self.users.newest()
        users = self.users.keep(asked.id, bound_rules.read(asked.bound), newest.number)
        return Taken(newest.number, newest.built_at_ms, self.users.tick(newest.built_at_ms), users)
