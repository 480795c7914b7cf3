"""Profiles from HBase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from api.ports import ProfileValue, Unavailable
from stores.hbase import HBaseUnavailable, Profile, ProfileStore
from stores.settings import Settings

ANSWER_SECONDS = 5.0
"""A person waits for a profile: less patience than a sink has."""


class HBaseProfiles:
    """One read a profile, and one for many."""

    def __init__(self, settings: Settings) -> None:
        patience = min(ANSWER_SECONDS, settings.hbase.timeout_seconds)
        self._store = ProfileStore(settings.hbase.model_copy(update={"timeout_seconds": patience}))

    def read(self, user_id: str) -> Sequence[ProfileValue]:
        """See `api.ports.Profiles`."""
        return self.read_many([user_id])[user_id]

    def read_many(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[ProfileValue]]:
        """See `api.ports.Profiles`."""
        try:
            found = self._store.profiles(user_ids)
        except HBaseUnavailable as error:
            raise Unavailable("hbase", str(error)) from error
        return {user_id: _values(cells) for user_id, cells in found.items()}


def _values(cells: Profile) -> list[ProfileValue]:
    return [
        ProfileValue(tag, version, cell.value, cell.changed_at_ms, absent=cell.value is None)
        for (tag, version), cell in cells.items()
    ]
