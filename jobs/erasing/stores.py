"""The stores that a user is removed from: each `remove`s, and says what is `left`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from jobs.erasing.worker import Store, named
from stores.erased_mysql import ErasedInMySQL
from stores.erased_rows import ErasedRows
from stores.erased_users import publish
from stores.hbase import Profile, ProfileStore
from stores.settings import Settings
from stores.tag_topics import Place, TagTopics
from tagging.erasure import Erasure


class Topics(Protocol):
    """The topics of tags; `stores.tag_topics.TagTopics` is the real one."""

    def names(self) -> list[str]: ...

    def write(self, topic: str, messages: dict[bytes, bytes | None]) -> dict[bytes, Place]: ...


class Profiles(Protocol):
    """Profiles; `stores.hbase.ProfileStore` is the real one."""

    def forget(self, user_id: str) -> int: ...

    def profile(self, user_id: str) -> Profile: ...


@dataclass(frozen=True)
class Announcement:
    """The topic of erasures: from here on no sink writes what is the user's."""

    publish: Callable[[bytes, int], None]

    def remove(self, erasure: Erasure) -> tuple[int, str]:
        """See `Store`."""
        self.publish(bytes.fromhex(erasure.subject), erasure.asked_at_ms)
        return 0, "sinks leave the user out from here on, replays of the log too"

    def left(self, erasure: Erasure) -> int:
        """See `Store`."""
        return 0


@dataclass(frozen=True)
class TagTombstones:
    """A tombstone in the topic of every tag version: compaction removes the value, and tags that read it retract theirs."""

    topics: Topics

    def remove(self, erasure: Erasure) -> tuple[int, str]:
        """See `Store`."""
        names, key = self.topics.names(), named(erasure).encode()
        for topic in names:
            self.topics.write(topic, {key: None})
        return len(names), "tombstones; the values before them go when Kafka compacts the topics"

    def left(self, erasure: Erasure) -> int:
        """See `Store`: a sink answers whatever comes after with a tombstone."""
        return 0


@dataclass(frozen=True)
class ProfileRow:
    """The user's row in HBase."""

    profiles: Profiles

    def remove(self, erasure: Erasure) -> tuple[int, str]:
        """See `Store`."""
        return self.profiles.forget(named(erasure)), "the bytes go at HBase's next major compaction"

    def left(self, erasure: Erasure) -> int:
        """See `Store`."""
        return len(self.profiles.profile(named(erasure)))


@dataclass(frozen=True)
class ClickHouseRows:
    """The user's rows in every table."""

    rows: ErasedRows

    def remove(self, erasure: Erasure) -> tuple[int, str]:
        """See `Store`."""
        self.rows.begin(named(erasure), erasure.user_no)
        found = {table: rows for table, rows in self.rows.rows().items() if rows}
        told = self.rows.told_of(erasure.user_no) if erasure.user_no else {}
        self.rows.remove_rows()
        self.rows.end()
        said = ", ".join(f"{table} {rows}" for table, rows in found.items())
        if told:
            said += f"; watches told others of the user {sum(told.values())} times: tell those who follow their deltas"
        return sum(found.values()), said

    def left(self, erasure: Erasure) -> int:
        """See `Store`."""
        self.rows.begin(named(erasure), erasure.user_no)
        found = sum(self.rows.rows().values())
        self.rows.end()
        return found


@dataclass(frozen=True)
class Bits:
    """The user's number in bitmaps of tags, crowds, snapshots and watches."""

    rows: ErasedRows

    def remove(self, erasure: Erasure) -> tuple[int, str]:
        """See `Store`."""
        if not erasure.user_no:
            return 0, ""
        found = {table: bitmaps for table, bitmaps in self.rows.bits(erasure.user_no).items() if bitmaps}
        self.rows.remove_bits(erasure.user_no)
        return sum(found.values()), ", ".join(f"{table} {bitmaps}" for table, bitmaps in found.items())

    def left(self, erasure: Erasure) -> int:
        """See `Store`."""
        return sum(self.rows.bits(erasure.user_no).values()) if erasure.user_no else 0


@dataclass(frozen=True)
class MySQLRows:
    """The user's number, findings of comparisons, previews that name the user, and lines of the audit log."""

    rows: ErasedInMySQL

    def remove(self, erasure: Erasure) -> tuple[int, str]:
        """See `Store`."""
        return self.rows.remove(named(erasure), erasure.subject), ""

    def left(self, erasure: Erasure) -> int:
        """See `Store`."""
        return self.rows.left(named(erasure))


def stores_of(settings: Settings, rows: ErasedRows, profiles: ProfileStore) -> dict[str, Store]:
    """All of them on the settings' stores, by name."""
    return {
        "erasures": Announcement(lambda subject, at_ms: publish(settings, subject, at_ms)),
        "tag_topics": TagTombstones(TagTopics(settings)),
        "profiles": ProfileRow(profiles),
        "clickhouse": ClickHouseRows(rows),
        "bitmaps": Bits(rows),
        "mysql": MySQLRows(ErasedInMySQL(settings)),
    }
