"""What belongs to erased users reaches no store: whatever the order of changes, erasures, replays and failures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.sink import DeadLetter
from jobs.sink_events import EventSink
from jobs.sink_profile import ProfileSink
from jobs.sink_rows import RowSink
from jobs.sink_values import ValueSink
from jobs.suppression import Suppressing, Tombstones
from stores.clickhouse import ClickHouseUnavailable
from stores.kafka_reader import Record
from tagging.erasure import Subjects, WrongSecret, erasure_message, read_erasure
from tagging.events import Reason
from tagging.sources import CATALOG

SECRET = "of a test"
USERS = ("ann", "bob", "c/我")


@dataclass
class ErasedInMemory:
    """Who was erased, as the topic says it."""

    subjects: Subjects = field(default_factory=lambda: Subjects(SECRET))
    erased: set[bytes] = field(default_factory=set)

    def open(self) -> None:
        pass

    def among(self, user_ids: Iterable[str]) -> Set[str]:
        return self.subjects.among(user_ids, self.erased)

    def erase(self, user_id: str) -> None:
        self.erased.add(self.subjects.of(user_id))


@dataclass
class Rows:
    """A ClickHouse that keeps rows; while it is away nothing is written."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    is_away: bool = False

    def apply_schema(self) -> None:
        pass

    def insert_columns(self, table: str, columns: Mapping[str, Sequence[Any]]) -> int:
        if self.is_away:
            raise ClickHouseUnavailable("away")
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        self.tables.setdefault(table, []).extend(rows)
        return len(rows)

    def forget(self, user_id: str) -> None:
        for table, rows in self.tables.items():
            self.tables[table] = [row for row in rows if user_id not in row.values()]


@dataclass
class Numbers:
    """Numbers in the order in which users are met."""

    given: dict[str, int] = field(default_factory=dict)

    def numbers(self, user_ids: Iterable[str]) -> dict[str, int]:
        return {user_id: self.given.setdefault(user_id, len(self.given) + 1) for user_id in user_ids}


@dataclass
class Log:
    """A topic of one partition: what sinks read, and where tombstones go."""

    topic: str = "tag.tier.v1"
    messages: list[tuple[str, Any]] = field(default_factory=list)

    def send(self, topic: str, value: bytes | None, key: str) -> None:
        assert topic == self.topic
        self.messages.append((key, None if value is None else orjson.loads(value)["value"]))

    def flush(self) -> None:
        pass

    def record(self, offset: int) -> Record:
        user_id, value = self.messages[offset]
        message = None if value is None else orjson.dumps({"user_id": user_id, "value": value})
        return Record(self.topic, 0, offset, user_id.encode(), message, 1_000 + offset)

    def newest(self) -> dict[str, Any]:
        return dict(self.messages)


class Profiles:
    """HBase: the newest offset wins."""

    def __init__(self) -> None:
        self.cells: dict[str, dict[Any, Any]] = {}

    def write(self, cells: Mapping[str, Mapping[Any, Any]]) -> int:
        for user_id, of_user in cells.items():
            self.cells.setdefault(user_id, {}).update(of_user)
        return len(cells)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.sampled_from(USERS), st.sampled_from(["gold", "silver", None])),
        st.tuples(st.just("erase"), st.sampled_from(USERS), st.none()),
        st.tuples(st.just("read"), st.none(), st.integers(1, 4)),
        st.tuples(st.just("replay"), st.none(), st.none()),
        st.tuples(st.just("away"), st.none(), st.none()),
    ),
    max_size=40,
)


@given(steps=STEPS)
def test_no_order_of_changes_erasures_and_replays_leaves_a_value_of_an_erased_user(steps):
    log, rows, profiles, erased, numbers = Log(), Rows(), Profiles(), ErasedInMemory(), Numbers()
    values = Suppressing(
        ValueSink(rows, numbers), erased, Tombstones(log, lambda batch: (item.change for item in batch))
    )
    cells = Suppressing(ProfileSink(profiles), erased)
    at, gone = 0, set()

    def read(most: int) -> None:
        nonlocal at
        records = [log.record(offset) for offset in range(at, min(at + most, len(log.messages)))]
        if records:
            for sink in (values, cells):
                batch, dead = sink.decode(records)
                sink.write(batch, dead)
            at += len(records)

    for what, user_id, value in steps:
        if what == "change":
            log.messages.append((user_id, value))
        elif what == "erase":
            # As the job does it: first the log is told, and then the stores are emptied.
            erased.erase(user_id)
            gone.add(user_id)
            rows.forget(user_id)
            profiles.cells.pop(user_id, None)
            if log.newest().get(user_id) is not None:
                log.messages.append((user_id, None))
        elif what == "read":
            read(value)
        elif what == "replay":
            at = 0
        elif what == "away" and at < len(log.messages):
            batch, dead = values.decode([log.record(at)])
            rows.is_away = True
            with suppress(ClickHouseUnavailable):
                values.write(batch, dead)
            rows.is_away = False
    # Each round of reading may answer with tombstones, which are read in turn: it comes to rest.
    for _ in range(len(USERS) + 1):
        read(len(log.messages) + 1)
    assert at == len(log.messages)
    named = {row["user_id"] for table in rows.tables.values() for row in table}
    assert not named & gone
    assert not profiles.cells.keys() & gone
    assert not [user_id for user_id in gone if log.newest().get(user_id) is not None]
    assert named >= {user_id for user_id, value in log.newest().items() if user_id not in gone}


def test_an_erasure_between_two_attempts_to_write_a_batch_is_heeded_by_the_second():
    rows, erased = Rows(is_away=True), ErasedInMemory()
    sink = Suppressing(EventSink(rows), erased)
    event = {"event_id": "e1", "user_id": "ann", "event_type": "view", "occurred_at": 1_790_000_000_000}
    batch, dead = sink.decode([Record("events", 0, 1, b"ann", orjson.dumps(event), 1_790_000_000_000)])
    with pytest.raises(ClickHouseUnavailable):
        sink.write(batch, dead)
    rows.is_away = False
    erased.erase("ann")
    assert sink.write(batch, dead) == {"clickhouse": 0}
    assert rows.tables == {}


def test_of_a_message_with_events_of_several_users_only_those_of_the_erased_one_are_left_out():
    rows, erased = Rows(), ErasedInMemory()
    erased.erase("ann")
    sink = Suppressing(EventSink(rows), erased)
    events = [
        {"event_id": f"e{user_id}", "user_id": user_id, "event_type": "view", "occurred_at": 1_790_000_000_000}
        for user_id in USERS
    ]
    records = [Record("events", 0, 1, b"x", orjson.dumps(events), 1_790_000_000_000)]
    sink.write(*sink.decode(records))
    assert [row["user_id"] for row in rows.tables["events"]] == ["bob", "c/我"]


def test_a_dead_letter_that_an_erased_user_sent_is_not_kept_and_others_are():
    rows, erased = Rows(), ErasedInMemory()
    erased.erase("ann")
    sink = Suppressing(EventSink(rows), erased)
    records = [Record("events", 0, at, key, b"{", 1_000) for at, key in enumerate([b"ann", b"bob", b"\xff", None])]
    batch, dead = sink.decode(records)
    assert all(isinstance(letter, DeadLetter) and letter.reason is Reason.MALFORMED for letter in dead)
    sink.write(batch, dead)
    assert [row["offset"] for row in rows.tables["dead_letters"]] == [1, 2, 3]


def test_a_row_that_names_an_erased_user_is_not_kept_wherever_it_names_the_user():
    rows, erased = Rows(), ErasedInMemory()
    erased.erase("ann")
    sink = Suppressing(RowSink(rows, "shop", "debezium"), erased)

    def user(user_id: str, referred_by: str | None, at: int) -> Record:
        after = {**dict.fromkeys(CATALOG["users"].columns), "user_id": user_id, "referred_by": referred_by}
        after |= {"registered_at": 1, "updated_at": 1}
        value = orjson.dumps({"op": "c", "before": None, "after": after, "source": {"ts_ms": 1}, "ts_ms": 1})
        return Record("cdc.shop.users", 0, at, None, value, 1)

    batch, dead = sink.decode([user("ann", None, 0), user("bob", "ann", 1), user("cid", "bob", 2)])
    assert not dead
    sink.write(batch, dead)
    assert [row["key"] for row in rows.tables["row_changes"]] == ["cid"]
    assert [row["value"] for row in rows.tables["row_lookups"]] == ["bob"]


def test_nothing_is_hashed_while_nobody_was_erased():
    assert Subjects("").among(["ann"], set()) == frozenset()
    with pytest.raises(WrongSecret, match="TAGSTREAM_ERASURE__SECRET"):
        Subjects("").among(["ann"], {b"x" * 32})


@given(st.text(max_size=20), st.text(max_size=20))
def test_two_users_share_a_subject_only_if_they_are_one(one, other):
    subjects = Subjects(SECRET)
    assert (subjects.of(one) == subjects.of(other)) == (one == other)


def test_a_subject_is_another_under_another_secret_and_no_secret_is_taken_for_another():
    ours, theirs = Subjects(SECRET), Subjects("another")
    assert ours.of("ann") != theirs.of("ann")
    message = erasure_message(ours.of("ann"), 1, ours.fingerprint())
    assert read_erasure(message, ours.fingerprint()) == ours.of("ann")
    assert b"ann" not in message
    with pytest.raises(WrongSecret, match="must never change"):
        read_erasure(message, theirs.fingerprint())


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b'{"subject":"00","secret":"x"}', b'{"subject":1,"secret":"x"}'])
def test_a_message_that_is_no_erasure_is_refused_and_not_skipped(value):
    with pytest.raises(ValueError, match=r"erasure|32 bytes"):
        read_erasure(value, "x")
