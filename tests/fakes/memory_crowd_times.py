"""Crowds over time in memory: snapshots as sets of users, and the past by the changes of one user after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.crowd_ports import CrowdTimes
from stores.bitmaps import Generation
from stores.snapshot_users import Group, Kept
from stores.snapshots import LONGEST_CAUSE, MOST_OF_A_CROWD, Snapshot, State, Taken, TooManySnapshots
from tagging.bound_rules import BoundRule
from tagging.crowd_moves import takes
from tests.fakes.api_stores import AT_MS, MemoryUsers
from tests.fakes.breakable import Breakable
from tests.fakes.memory_crowds import MemoryCrowdUsers
from tests.fakes.memory_deltas import AskedDeltas, MemoryHooks, MemoryWatches
from tests.fakes.memory_history import MemoryUserHistory


class MemorySnapshots(Breakable):
    """Snapshots by id."""

    def __init__(self) -> None:
        super().__init__("mysql")
        self.held: dict[str, Snapshot] = {}

    def ask(self, snapshot: Snapshot) -> Snapshot:
        super().ask()
        if self.read(snapshot.id) is None:
            if len(self.of(snapshot.crowd)) >= MOST_OF_A_CROWD:
                raise TooManySnapshots(f"the crowd {snapshot.crowd} has {MOST_OF_A_CROWD} snapshots")
            self.held[snapshot.id] = replace(snapshot, state=State.ASKED)
        return self.held[snapshot.id]

    def of(self, crowd: str) -> Sequence[Snapshot]:
        super().ask()
        found = [held for held in self.held.values() if held.crowd == crowd and held.state is not State.GIVEN_UP]
        return sorted(found, key=lambda held: (-held.asked_at_ms, held.id))

    def read(self, id: str) -> Snapshot | None:
        super().ask()
        held = self.held.get(id)
        return None if held is None or held.state is State.GIVEN_UP else held

    def give_up(self, id: str) -> bool:
        held = self.read(id)
        if held is not None:
            self.held[id] = replace(held, state=State.GIVEN_UP)
        return held is not None

    def take(self, at_ms: int, stale_ms: int) -> Snapshot | None:
        super().ask()
        waiting = [
            held
            for held in self.held.values()
            if held.state is State.ASKED or (held.state is State.RUNNING and held.started_at_ms < at_ms - stale_ms)
        ]
        if not waiting:
            return None
        first = min(waiting, key=lambda held: (held.asked_at_ms, held.id))
        self.held[first.id] = replace(first, state=State.RUNNING, started_at_ms=at_ms)
        return self.held[first.id]

    def finish(self, snapshot: Snapshot, at_ms: int, taken: Taken | None, cause: str = "") -> bool:
        super().ask()
        held = self.held.get(snapshot.id)
        if held is None or (held.state, held.started_at_ms) != (State.RUNNING, snapshot.started_at_ms):
            return False
        state = State.FAILED if taken is None else State.DONE
        self.held[held.id] = replace(held, state=state, ended_at_ms=at_ms, taken=taken, cause=cause[:LONGEST_CAUSE])
        return True

    def release(self, snapshot: Snapshot) -> None:
        held = self.held.get(snapshot.id)
        if held and (held.state, held.started_at_ms) == (State.RUNNING, snapshot.started_at_ms):
            self.held[held.id] = replace(held, state=State.ASKED, started_at_ms=None)

    def given_up(self) -> Sequence[str]:
        super().ask()
        return sorted(held.id for held in self.held.values() if held.state is State.GIVEN_UP)

    def forget(self, id: str) -> None:
        if id in self.given_up():
            del self.held[id]


class MemorySnapshotUsers(Breakable):
    """The users of snapshots. They are taken from `crowds` as those are now."""

    def __init__(self, crowds: MemoryCrowdUsers, users: MemoryUsers) -> None:
        super().__init__("clickhouse")
        self._crowds = crowds
        self._users = users
        self.kept: dict[Kept, set[int]] = {}
        self.generation = Generation(7, AT_MS)

    def newest(self) -> Generation:
        self.ask()
        return self.generation

    def tick(self, at_ms: int) -> int | None:
        self.ask()
        return at_ms // 60_000

    def keep(self, id: str, bound: BoundRule, generation: int) -> int:
        self.ask()
        found = self._crowds.members(bound.rule, bound.versions, generation, 0, len(self._users.users))
        self.kept[id, generation] = {number for number, _ in found}
        return len(found)

    def remove(self, id: str) -> None:
        self.ask()
        self.kept = {kept: users for kept, users in self.kept.items() if kept[0] != id}

    def members(self, kept: Kept, after: int, limit: int) -> Sequence[tuple[int, str]]:
        self.ask()
        return self._named(self.kept.get(kept, set()), after, limit)

    def compare(self, earlier: Kept, later: Kept) -> Mapping[Group, int]:
        self.ask()
        return {group: len(users) for group, users in self._groups(earlier, later).items()}

    def compared(self, earlier: Kept, later: Kept, group: Group, after: int, limit: int) -> Sequence[tuple[int, str]]:
        self.ask()
        return self._named(self._groups(earlier, later)[group], after, limit)

    def _groups(self, earlier: Kept, later: Kept) -> dict[Group, set[int]]:
        before, now = self.kept.get(earlier, set()), self.kept.get(later, set())
        return {"joined": now - before, "left": before - now, "stayed": before & now}

    def _named(self, users: set[int], after: int, limit: int) -> Sequence[tuple[int, str]]:
        ids = {user.user_no: user.user_id for user in self._users.users}
        return [(number, ids[number]) for number in sorted(users) if number > after][:limit]


class MemoryPastUsers(Breakable):
    """Rules at a time, evaluated user by user over the stored changes. Rules ask for tags alone."""

    def __init__(self, history: Any, users: MemoryUsers) -> None:
        super().__init__("clickhouse")
        self.history: MemoryUserHistory = history
        self._users = users

    def known_from(self, versions: Mapping[str, int]) -> Mapping[str, int]:
        self.ask()
        found: dict[str, int] = {}
        for change in self.history.stored:
            if versions.get(change.tag) == change.version:
                found[change.tag] = min(change.changed_at_ms, found.get(change.tag, change.changed_at_ms))
        return found

    def user_known_from(self, user_id: str, live: Mapping[str, int]) -> int | None:
        self.ask()
        mine = [
            change.changed_at_ms
            for change in self.history.stored
            if change.user_id == user_id and live.get(change.tag) == change.version
        ]
        return min(mine, default=None)

    def count(self, bound: BoundRule, live: Mapping[str, int], at_ms: int) -> int:
        return len(self.members(bound, live, at_ms, 0, 2**32))

    def members(
        self, bound: BoundRule, live: Mapping[str, int], at_ms: int, after: int, limit: int
    ) -> Sequence[tuple[int, str]]:
        self.ask()
        found = []
        for user in sorted(self._users.users, key=lambda user: user.user_no):
            values = {tag: past.value for tag, past in self.history.values(user.user_id, live, at_ms).items()}
            if values and user.user_no > after and takes(bound.rule, values):
                found.append((user.user_no, user.user_id))
        return found[:limit]


class MemoryCrowdTimes:
    """All of it, each part reachable by a test."""

    def __init__(self, users: MemoryUsers, crowds: MemoryCrowdUsers, history: MemoryUserHistory) -> None:
        self.snapshots = MemorySnapshots()
        self.users = MemorySnapshotUsers(crowds, users)
        self.past = MemoryPastUsers(history, users)
        self.watches = MemoryWatches()
        self.deltas = AskedDeltas()
        self.hooks = MemoryHooks()

    def port(self) -> CrowdTimes:
        """As the application takes it."""
        return CrowdTimes(self.snapshots, self.users, self.past, self.watches, self.deltas, self.hooks)
