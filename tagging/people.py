"""Which ids are one person, in memory, and both ways to ask it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from tagging.identity import Identity, Parents, Person, canonical


class People(Protocol):
    """Who was one person with whom at some time."""

    def person(self, user_id: str) -> Person:
        """Whom an id belongs to."""

    def canonicals(self, user_ids: Iterable[str]) -> Mapping[str, str]:
        """The canonical ids of those of these ids that are merged into another."""


class KnownPeople:
    """See `People`. Ids that are merged take about 300 bytes each with Python's own. One thread at a time."""

    def __init__(self) -> None:
        self.newest_change = 0
        self.newest_at_ms = 0
        self._canonical: dict[str, str] = {}
        self._ids: dict[str, set[str]] = {}

    @classmethod
    def of(cls, parents: Parents) -> KnownPeople:
        """The people of these merges."""
        found = cls()
        found.learn(Identity(user_id, canonical(user_id, parents), "", 0, 0) for user_id in parents)
        return found

    def learn(self, identities: Iterable[Identity]) -> None:
        """Take in changes; the same ones again change nothing."""
        for each in identities:
            before = self._canonical.pop(each.user_id, None)
            if before is not None:
                self._ids[before].discard(each.user_id)
            if each.canonical != each.user_id:
                self._canonical[each.user_id] = each.canonical
                self._ids.setdefault(each.canonical, set()).add(each.user_id)
            self.newest_change = max(self.newest_change, each.change)
            self.newest_at_ms = max(self.newest_at_ms, each.at_ms)

    def person(self, user_id: str) -> Person:
        """See `People`."""
        root = self._canonical.get(user_id, user_id)
        return Person(root, tuple(sorted({root, *self._ids.get(root, ())})))

    def canonicals(self, user_ids: Iterable[str]) -> Mapping[str, str]:
        """See `People`."""
        return {each: self._canonical[each] for each in set(user_ids) if each in self._canonical}
