"""What the API asks of erasures (MySQL); the job of `jobs.eraser` carries them out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from typing import Protocol

from tagging.erasure import Erasure


class Erasures(Protocol):
    """As in `api.ports`: every method raises `Unavailable` when its store does not answer, but for `among`."""

    def subject_of(self, user_id: str) -> bytes:
        """What stands for a user. Raises `tagging.erasure.WrongSecret` where no secret is set."""

    def ask(self, erasure: Erasure) -> Erasure:
        """Add one; the stored one of this id, or the one of this subject that is not complete yet."""

    def read(self, id: str) -> Erasure | None:
        """One with its steps."""

    def page(self, after: str | None, limit: int) -> Sequence[Erasure]:
        """At most `limit`, the newest first, after the one of an id."""

    def among(self, user_ids: Iterable[str]) -> Set[str]:
        """Those of the users that are erased, or are to be. Known at once here, within a second in other processes."""
