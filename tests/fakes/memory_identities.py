"""Merges and identities in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tagging.identity import Identity, Merge, MergeMissing, Person, merged, moved, unmerged
from tagging.people import KnownPeople, People
from tests.fakes.breakable import Breakable


class MemoryIdentities(Breakable):
    """They pass tests/contract/test_identities.py."""

    def __init__(self) -> None:
        super().__init__("mysql")
        self.rows: dict[str, Merge] = {}
        self.identities: dict[str, Identity] = {}
        self.told: dict[str, int] = {}
        self.known = KnownPeople()
        self.change = 0

    def merge(self, merge: Merge) -> Merge:
        self.ask()
        if merge.id in self.rows:
            return self.rows[merge.id]
        before = self._parents()
        after = merged(merge.user_id, merge.into, before)
        self.rows[merge.id] = merge
        self._move(moved(before, after), merge.id, merge.merged_at_ms)
        return merge

    def unmerge(self, user_id: str, id: str, who: str, at_ms: int) -> Merge:
        self.ask()
        held = self.rows.get(id)
        if held is None or held.user_id != user_id:
            raise MergeMissing(id)
        if held.is_open:
            before = self._parents()
            held = self.rows[id] = replace(held, undone_by=who, undone_at_ms=at_ms)
            self._move(moved(before, unmerged(user_id, before)), id, at_ms)
        return held

    def merges(self, user_id: str) -> Sequence[Merge]:
        self.ask()
        ids = set(self.known.person(user_id).ids)
        return [row for row in reversed(self.rows.values()) if {row.user_id, row.into} & {*ids, user_id}]

    def person(self, user_id: str) -> Person:
        return self.known.person(user_id)

    def canonicals(self, user_ids: Iterable[str]) -> Mapping[str, str]:
        return self.known.canonicals(user_ids)

    def people_at(self, at_ms: int) -> People:
        if self.known.newest_at_ms <= at_ms:
            return self
        self.ask()
        return KnownPeople.of({row.user_id: row.into for row in self.rows.values() if row.held_at(at_ms)})

    def why_not_erased(self, user_id: str) -> str:
        self.ask()
        others = sorted(set(self.person(user_id).ids) - {user_id})
        if others:
            return f"{user_id} is the same person as {', '.join(others)}: unmerge it, and erase each id"
        waits = user_id in {each.user_id for each in self.unpublished(10**6)}
        return f"the log was not told yet that {user_id} was unmerged" if waits else ""

    def unpublished(self, limit: int) -> Sequence[Identity]:
        self.ask()
        waiting = [each for each in self.identities.values() if self.told.get(each.user_id) != each.change]
        return sorted(waiting, key=lambda each: each.change)[:limit]

    def published(self, told: Iterable[Identity]) -> None:
        self.ask()
        self.told |= {each.user_id: each.change for each in told}

    def waiting(self) -> int:
        return len(self.unpublished(10**6))

    def _parents(self) -> dict[str, str]:
        return {row.user_id: row.into for row in self.rows.values() if row.is_open}

    def _move(self, ids: Mapping[str, str], merge_id: str, at_ms: int) -> None:
        self.change = max(self.change + 1, at_ms)
        found = [Identity(user_id, now, merge_id, self.change, at_ms) for user_id, now in ids.items()]
        self.identities |= {each.user_id: each for each in found}
        self.known.learn(found)
