"""What the API asks of identities (MySQL); the job of `jobs.identities` tells the log of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from tagging.identity import Merge, Person
from tagging.people import People


class Identities(Protocol):
    """As in `api.ports`: methods raise `Unavailable` when the store does not answer, but for `person` and `canonicals`."""

    def merge(self, merge: Merge) -> Merge:
        """Add one; the stored one of this id where there is one. Raises `tagging.identity.MergeRefused`."""

    def unmerge(self, user_id: str, id: str, who: str, at_ms: int) -> Merge:
        """Undo one; one that is undone stays as it is. Raises `tagging.identity.MergeMissing`."""

    def merges(self, user_id: str) -> Sequence[Merge]:
        """All that any id of the person ever had a part in, the newest first."""

    def person(self, user_id: str) -> Person:
        """Whom an id belongs to. Known at once here, within a second in other processes; also while MySQL is away."""

    def canonicals(self, user_ids: Iterable[str]) -> Mapping[str, str]:
        """The canonical ids of those of these ids that are merged into another."""

    def people_at(self, at_ms: int) -> People:
        """Who was one person with whom at a time, epoch milliseconds."""

    def why_not_erased(self, user_id: str) -> str:
        """What stands against erasing an id; empty for nothing."""
