"""Records of tag topics as tag changes, for every sink that reads them."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.sink import DeadLetter
from stores.kafka_reader import Record
from tagging.changes import NotAChange, TagChange, decode
from tagging.events import Reason


def decoded(records: Sequence[Record]) -> tuple[list[tuple[Record, TagChange]], list[DeadLetter]]:
    """The changes, each with its record, and the records that are none."""
    changes: list[tuple[Record, TagChange]] = []
    dead: list[DeadLetter] = []
    for record in records:
        topic, _, offset, key, value, timestamp_ms = record
        try:
            changes.append((record, decode(topic, key, value, offset, timestamp_ms)))
        except NotAChange as error:
            dead.append(DeadLetter(record, Reason.MALFORMED, str(error)))
    return changes, dead
