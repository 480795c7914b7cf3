"""Readers ask of any id of a person and are answered of the person: the one place that leads them there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.identity_ports import Identities
from api.ports import Profiles, ProfileValue, Stores, UserNumbers
from tagging.identity import Person


@dataclass(frozen=True)
class _Profiles:
    store: Profiles
    identities: Identities

    def read(self, user_id: str) -> Sequence[ProfileValue]:
        """See `api.ports.Profiles`."""
        return self.store.read(self.identities.person(user_id).canonical)

    def read_many(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[ProfileValue]]:
        """See `api.ports.Profiles`."""
        canonical = {user_id: self.identities.person(user_id).canonical for user_id in user_ids}
        found = self.store.read_many(sorted(set(canonical.values())))
        return {user_id: found[canonical[user_id]] for user_id in user_ids}


@dataclass(frozen=True)
class _Numbers:
    store: UserNumbers
    identities: Identities

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def number_of(self, user_id: str) -> int | None:
        """See `api.ports.UserNumbers`."""
        return self.store.number_of(self.identities.person(user_id).canonical)


def of_people(stores: Stores) -> Stores:
    """The same stores, in which the profile and the number of an id are those of its person."""
    profiles: Profiles = _Profiles(stores.profiles, stores.identities)
    numbers: UserNumbers = _Numbers(stores.numbers, stores.identities)
    return replace(stores, profiles=profiles, numbers=numbers)


def merged_into(person: Person, user_id: str) -> str | None:
    """The canonical id of the person, where that is another than this."""
    return None if person.canonical == user_id else person.canonical
