"""What the API asks of crowds over time: snapshots, members at any time, and who is told of as they come and go.

As in `api.ports`: every method raises `Unavailable` when its store does not answer, and times are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from stores.delta_ledger import Delta, Form
from stores.hooks import Hooks
from stores.snapshot_users import Group, Kept
from stores.snapshots import Snapshots
from stores.watches import Watches
from tagging.bound_rules import BoundRule


class SnapshotUsers(Protocol):
    """The users of snapshots (ClickHouse)."""

    def members(self, kept: Kept, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """(number, id) of at most `limit` users with a number above `after`, by number."""

    def compare(self, earlier: Kept, later: Kept) -> Mapping[Group, int]:
        """How many joined, left and stayed."""

    def compared(self, earlier: Kept, later: Kept, group: Group, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """The users of one of these groups, as `members` tells them."""


class PastUsers(Protocol):
    """Members of rules at a time (ClickHouse `tag_changes`). `live`: the versions of all live tags: they say who was a user."""

    def known_from(self, versions: Mapping[str, int]) -> Mapping[str, int]:
        """tag -> when the history of its version begins; left out where no user ever had a value of it."""

    def user_known_from(self, user_id: str, live: Mapping[str, int]) -> int | None:
        """When a user had a value for the first time."""

    def count(self, bound: BoundRule, live: Mapping[str, int], at_ms: int) -> int:
        """How many users the rule took."""

    def members(
        self, bound: BoundRule, live: Mapping[str, int], at_ms: int, after: int, limit: int
    ) -> Sequence[tuple[int, str]]:
        """(number, id) of at most `limit` users with a number above `after`, by number."""


class Deltas(Protocol):
    """What was told of watched crowds (ClickHouse)."""

    def page(self, watch: str, after: int, limit: int) -> Sequence[Delta]:
        """At most `limit` deltas of a watch after a sequence, in order."""

    def export(self, watch: str, after: int, until: int, form: Form) -> bytes:
        """The deltas after a sequence up to another one, as a file."""


@dataclass(frozen=True)
class CrowdTimes:
    """Crowds over time. The tables of snapshots and watches raise `Unavailable` here, as all stores do."""

    snapshots: Snapshots
    users: SnapshotUsers
    past: PastUsers
    watches: Watches
    deltas: Deltas
    hooks: Hooks
