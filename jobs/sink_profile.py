"""Tag changes to profiles in HBase. Run by `python -m jobs.sink_profile`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from jobs import sink_process
from jobs.sink import DeadLetter
from jobs.suppression import suppressing
from jobs.tag_changes import decoded
from stores.hbase import HBaseUnavailable, ProfileCell, ProfileStore
from stores.kafka_reader import Record
from tagging.changes import TagChange
from tagging.names import TAG_TOPIC_PATTERN

Cells = dict[str, dict[tuple[str, int], ProfileCell]]
"""user_id -> (tag, version) -> cell."""


class ProfileSink:
    """Writes each user's newest change of each tag version.

    A refused message is only counted and logged here: the values sink reads the same topics and keeps it.
    """

    name = "sink_profile"
    topics = (TAG_TOPIC_PATTERN,)
    away = (HBaseUnavailable,)

    def __init__(self, store: ProfileStore) -> None:
        self._store = store

    def open(self) -> None:
        """Create the table where it is missing."""
        self._store.create_table()

    def decode(self, records: Sequence[Record]) -> tuple[Cells, list[DeadLetter]]:
        """The newest change of every user and tag version among the records."""
        changes, dead = decoded(records)
        return newest(change for _, change in changes), dead

    def write(self, batch: Cells, dead: Sequence[DeadLetter]) -> Mapping[str, int]:
        """Write the cells; each carries its offset, so that none can replace a newer one."""
        return {"hbase": self._store.write(batch) if batch else 0}

    def users(self, batch: Cells) -> Iterable[str]:
        """See `jobs.suppression.Suppressible`."""
        return batch

    def without(self, batch: Cells, users: AbstractSet[str]) -> tuple[Cells, int]:
        """See `jobs.suppression.Suppressible`."""
        return cells_without(batch, users)


def cells_without(batch: Cells, users: AbstractSet[str]) -> tuple[Cells, int]:
    """The cells of all other users, and how many are left out."""
    kept = {user_id: cells for user_id, cells in batch.items() if user_id not in users}
    return kept, sum(map(len, batch.values())) - sum(map(len, kept.values()))


def newest(changes: Iterable[TagChange]) -> Cells:
    """Each user's newest change of each tag version: one topic's changes of a user are in one partition, so offsets order them."""
    found: Cells = {}
    for change in changes:
        of_user = found.setdefault(change.user_id, {})
        held = of_user.get((change.tag, change.version))
        if held is None or held.offset <= change.offset:
            of_user[change.tag, change.version] = ProfileCell(change.value, change.changed_at_ms, change.offset)
    return found


def main() -> None:
    """Run the sink until SIGTERM."""
    sink_process.run(
        lambda settings: suppressing(ProfileSink(ProfileStore(settings.hbase)), settings),
        linger_seconds=lambda settings: settings.sinks.profile_linger_seconds,
    )


if __name__ == "__main__":
    main()
