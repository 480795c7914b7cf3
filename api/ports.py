"""What the API asks of the stores: one small Protocol a need, so that a test can stand in for any of them.

Every method raises `Unavailable` when its store does not answer. Times are epoch milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from api.crowd_ports import CrowdTimes
    from api.erasure_ports import Erasures
    from api.health_ports import Activities, Check, FlinkJobs, Lags
    from api.identity_ports import Identities
    from api.operation_ports import Operations
    from api.prediction_ports import Predicting
    from api.publishing_ports import Publishing
    from api.quality_ports import Ledger, ParityHistory
    from api.query_ports import Analysis
    from api.user_history import UserHistory
    from stores.access.ports import Access
    from stores.bitmaps import Generation
    from tagging.behaviour import Query
    from tagging.crowds import Rule
    from tagging.definition import TagDefinition
    from tagging.saved_crowds import Check as CrowdCheck
    from tagging.saved_crowds import CrowdText, SavedCrowd


_CREDENTIALS = re.compile(r"(?<=//)[^/@\s]+(?=@)")


def without_credentials(text: str) -> str:
    """A text in which the addresses keep no user and password."""
    return _CREDENTIALS.sub("…", text)


class Unavailable(Exception):
    """A store did not answer. `store` is its name (kafka, hbase, ...), `reason` says why, without credentials."""

    def __init__(self, store: str, reason: str) -> None:
        self.store = store
        self.reason = without_credentials(reason)
        super().__init__(f"{store} does not answer: {self.reason}")


@dataclass(frozen=True)
class ProfileValue:
    """One tag version's value in a user's profile. `absent` is the explicit "no value"."""

    tag: str
    version: int
    value: Any
    changed_at_ms: int
    absent: bool = False


class Profiles(Protocol):
    """The newest value of every tag version, by user (HBase)."""

    def read(self, user_id: str) -> Sequence[ProfileValue]:
        """All the values of one user, the absent ones too; empty for a user without a profile."""

    def read_many(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[ProfileValue]]:
        """The same of many users at once, of each that is asked for."""


@dataclass(frozen=True)
class NumberedUser:
    """A user and the dense number, from 1 on, that stands for it in bitmaps."""

    user_id: str
    user_no: int


class UserNumbers(Protocol):
    """The numbers of the users that ever had a tag value (MySQL, which gives them out)."""

    def number_of(self, user_id: str) -> int | None:
        """The user's number, or None for a user that has none yet."""


class UserList(Protocol):
    """The same users as a list (ClickHouse `users`)."""

    def search(self, prefix: str, after: str, limit: int) -> Sequence[NumberedUser]:
        """At most `limit` users whose id begins with `prefix` and comes after `after`, in order of id."""

    def total(self) -> int:
        """How many users there are."""


@dataclass(frozen=True)
class Coverage:
    """How many users have a value of a tag version now, and when the newest change of any user was."""

    users: int
    last_changed_at_ms: int | None


@dataclass(frozen=True)
class ValueCount:
    """A tag value and how many users have it."""

    value: Any
    users: int


@dataclass(frozen=True)
class Bin:
    """How many users have a number in [low, high); the last bin takes `high` too."""

    low: float
    high: float
    users: int


@dataclass(frozen=True)
class Member:
    """A user with a value of a tag."""

    user_id: str
    user_no: int
    value: Any
    changed_at_ms: int


class TagStatistics(Protocol):
    """Counts over all users' tag values (ClickHouse `tag_values`)."""

    def coverage(self) -> Mapping[tuple[str, int], Coverage]:
        """Of every tag version with at least one stored row."""

    def distribution(self, tag: str, version: int, limit: int) -> Sequence[ValueCount]:
        """The `limit` most frequent values, the most frequent first, ties by value."""

    def histogram(self, tag: str, version: int, bins: int) -> Sequence[Bin]:
        """Numbers in `bins` ranges of equal width from the smallest to the largest; one bin if all are equal."""

    def members(self, tag: str, version: int, value: Any | None, after: int, limit: int) -> Sequence[Member]:
        """At most `limit` users with a value (with this value, unless None) and a number above `after`, by number."""


@dataclass(frozen=True)
class Delivery:
    """What became of one event. `problem` is None when the log has acknowledged it."""

    problem: str | None = None


class EventLog(Protocol):
    """The topic of behaviour events (Kafka)."""

    def append(self, events: Sequence[Mapping[str, Any]]) -> Sequence[Delivery]:
        """Write the events and wait for every acknowledgement; one Delivery an event, in the same order."""


class Registry(Protocol):
    """The live version of every tag. A request asks once, so that it never mixes two versions of a tag.

    A definition's `sensitivity` is that of its values, by the rule of `tagging.sight`.
    """

    def tags(self) -> Sequence[TagDefinition]:
        """In order of name."""

    def version(self, name: str, number: int) -> TagDefinition | None:
        """Any version, also of a tag that is not live; None for one that nobody knows any more."""

    def compiled_sql(self, tag: TagDefinition) -> str | None:
        """The Flink query of a tag, or None when it does not compile."""


class SavedCrowds(Protocol):
    """Crowds by name (MySQL)."""

    def all(self) -> Mapping[str, SavedCrowd]:
        """In order of name."""

    def put(self, crowd: CrowdText, revision: int | None, check: CrowdCheck) -> SavedCrowd:
        """Add a crowd (`revision` None) or replace it as it was at a revision; `check` sees all crowds before.

        Raises what `tagging.saved_crowds.admit` and `check` raise, and then nothing is written.
        """

    def remove(self, name: str, revision: int, check: CrowdCheck) -> None:
        """Remove a crowd as it was at a revision; raises as `put` does."""


class CrowdUsers(Protocol):
    """The users that rules take (ClickHouse bitmaps). Rules are expanded; `versions` says each tag's live version."""

    def newest(self) -> Generation:
        """The newest whole state of the bitmaps: answers of one state agree."""

    def count(self, rule: Rule, versions: Mapping[str, int], generation: int) -> int:
        """How many users there are."""

    def members(
        self, rule: Rule, versions: Mapping[str, int], generation: int, after: int, limit: int
    ) -> Sequence[tuple[int, str]]:
        """(number, id) of at most `limit` users with a number above `after`, by number."""

    def sizes(self, rule: Rule, base: Rule, versions: Mapping[str, int], generation: int) -> Mapping[str, int]:
        """`crowd_users`, `base_users`, and `rest_users`: those of the base outside the crowd."""

    def portrait(
        self, rule: Rule, base: Rule, versions: Mapping[str, int], numeric: Sequence[str], generation: int
    ) -> Sequence[Mapping[str, Any]]:
        """The same counts by `tag` and `value` (JSON text), or by numbers from `low` to `high` where `is_number`."""

    def overlap(
        self, rules: Sequence[Rule], base: Rule, versions: Mapping[str, int], generation: int
    ) -> tuple[Sequence[Sequence[int]], int]:
        """Users of the base that are in each two crowds, on the diagonal in the one, and all users of the base."""


class BehaviourCharts(Protocol):
    """Charts over the stored events (ClickHouse `events`)."""

    def rows(self, query: Query, now_ms: int, version: int) -> Sequence[Mapping[str, Any]]:
        """The rows of sql/clickhouse/behaviour/<chart>.sql. `version`: the live one of the tag to group by."""

    def event_types(self, limit: int) -> Sequence[str]:
        """The most frequent types of events, the most frequent first, ties by name."""


@dataclass(frozen=True)
class Stores:
    """Everything the API reads and writes."""

    profiles: Profiles
    numbers: UserNumbers
    users: UserList
    statistics: TagStatistics
    events: EventLog
    registry: Registry
    activities: Activities
    lags: Lags
    jobs: FlinkJobs
    crowds: SavedCrowds
    crowd_users: CrowdUsers
    history: UserHistory
    behaviour: BehaviourCharts
    access: Access
    parity: ParityHistory
    ledger: Ledger
    checks: Sequence[Check] = field(default_factory=tuple)
    publishing: Publishing = field(kw_only=True)
    analysis: Analysis = field(kw_only=True)
    operations: Operations = field(kw_only=True)
    crowd_times: CrowdTimes = field(kw_only=True)
    predicting: Predicting = field(kw_only=True)
    erasures: Erasures = field(kw_only=True)
    identities: Identities = field(kw_only=True)
