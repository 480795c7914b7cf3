"""The sinks on a log and stores in memory: nothing lost, nothing twice, whatever goes away and wherever a sink is killed."""

from __future__ import annotations

import threading
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.dead_letter_limit import DeadLetterLimit, TooManyDeadLetters
from jobs.sink import SinkLoop
from jobs.sink_events import EventSink
from jobs.sink_profile import ProfileSink
from jobs.sink_values import ValueSink
from stores import metrics
from stores.hbase import ProfileCell
from tests.fakes.memory_log import MemoryLog, MemoryReader
from tests.fakes.memory_stores import MemoryCounter, MemoryNumbers, MemoryProfiles, MemoryTables

GROUP = "g"
VIP, SPEND = "tag.vip.v1", "tag.spend.v2"


class Killed(BaseException):
    """The process is gone: no handler of ours may catch it."""


class DrainingReader(MemoryReader):
    """Asks the sink to stop when there is nothing left, or before that when `stop_after` batches were read."""

    def __init__(self, log: MemoryLog, topics, stop: threading.Event, trip: Callable[[], None] = lambda: None) -> None:
        super().__init__(log, GROUP, topics)
        self._stop, self._trip = stop, trip
        log.members.setdefault(GROUP, []).append(self)
        log.share_out(GROUP)

    def read(self, most, linger_seconds, idle_seconds=1.0):
        found = super().read(most, linger_seconds)
        if not found:
            self._stop.set()
        return found

    def commit(self, places):
        self._trip()
        return super().commit(places)


def run(sink, log: MemoryLog, batch: int = 3, limit: DeadLetterLimit | None = None, trip=lambda: None) -> MemoryReader:
    """Run a sink until the log is drained."""
    stop = threading.Event()
    reader = DrainingReader(log, sink.topics, stop, trip)
    SinkLoop(sink, reader, stop, limit or DeadLetterLimit(), batch, 0).run()
    return reader


def log_with(*topics: str) -> MemoryLog:
    log = MemoryLog()
    for topic in topics:
        log.create(topic)
    return log


def send(log: MemoryLog, topic: str, user_id: str, value) -> int:
    """One tag change; its offset."""
    return log.send(topic, user_id.encode(), orjson.dumps({"user_id": user_id, "value": value})).offset


def test_a_profile_holds_each_tags_newest_value():
    log, profiles = log_with(VIP, SPEND), MemoryProfiles()
    send(log, VIP, "ann", True)
    send(log, SPEND, "ann", 12.5)
    offset = send(log, VIP, "ann", False)
    run(ProfileSink(profiles), log)
    found = profiles.profile("ann")
    assert {tag: cell.value for tag, cell in found.items()} == {("vip", 1): False, ("spend", 2): 12.5}
    assert found["vip", 1].offset == offset


def test_no_value_is_written_like_any_other():
    log, profiles = log_with(VIP), MemoryProfiles()
    send(log, VIP, "ann", True)
    log.send(VIP, b"ann", None)
    run(ProfileSink(profiles), log)
    assert profiles.profile("ann")["vip", 1].value is None


def test_repeats_within_a_batch_are_folded_before_they_are_written():
    log, profiles = log_with(VIP), MemoryProfiles()
    for number in range(50):
        send(log, VIP, "ann", number)
    records = log.reader("other", [VIP]).read(100, 0)
    cells, _ = ProfileSink(profiles).decode(records)
    assert cells == {"ann": {("vip", 1): ProfileCell(49, records[-1].timestamp_ms, records[-1].offset)}}


def test_values_history_and_users_are_written_with_one_number_a_user():
    log, tables = log_with(VIP, SPEND), MemoryTables()
    for value in ("a", "b", None):
        send(log, VIP, "ann", value)
    send(log, SPEND, "ann", 12.5)
    send(log, SPEND, "bob", 3)
    run(ValueSink(tables, MemoryNumbers()), log, batch=100)
    users = {row["user_id"]: row["user_no"] for row in tables.rows["users"]}
    assert sorted(users.values()) == [1, 2]
    assert [row["value"] for row in tables.rows["tag_changes"] if row["tag"] == "vip"] == ['"a"', '"b"', "null"]
    values = tables.newest("tag_values", ("tag", "version", "user_no"), "offset")
    ann, bob = users["ann"], users["bob"]
    assert {key: (row["value"], row["number"], row["present"]) for key, row in values.items()} == {
        ("vip", 1, ann): ("null", None, False),
        ("spend", 2, ann): ("12.5", 12.5, True),
        ("spend", 2, bob): ("3", 3.0, True),
    }
    assert len(tables.rows["tag_values"]) == 3


def test_a_boolean_is_no_number():
    log, tables = log_with(VIP), MemoryTables()
    send(log, VIP, "ann", True)
    run(ValueSink(tables, MemoryNumbers()), log)
    assert (tables.rows["tag_values"][0]["value"], tables.rows["tag_values"][0]["number"]) == ("true", None)


def test_a_user_is_written_once_by_a_process():
    log, tables = log_with(VIP), MemoryTables()
    for number in range(9):
        send(log, VIP, "ann", number)
    run(ValueSink(tables, MemoryNumbers()), log, batch=2)
    assert len(tables.rows["users"]) == 1


def event(**changes) -> bytes:
    return orjson.dumps(
        {"event_id": "e", "user_id": "u", "event_type": "cart", "occurred_at": 1_780_000_000_000, **changes}
    )


def test_events_and_dead_letters_are_told_apart():
    log, tables = log_with("events"), MemoryTables()
    good = log.send("events", b"u", event(properties={"a": "b"}))
    bad = log.send("events", b"u", b"\xffnot json")
    ahead = log.send("events", b"u", event(occurred_at=1_790_000_000_000))
    run(EventSink(tables), log)
    assert tables.rows["events"] == [
        {
            "event_id": "e", "user_id": "u", "event_type": "cart", "item_id": None, "properties": {"a": "b"},
            "occurred_at": 1_780_000_000_000, "logged_at": good.timestamp_ms, "partition": good.partition, "offset": 0,
        }
    ]  # fmt: skip
    letters = {row["offset"]: row for row in tables.rows["dead_letters"]}
    assert (letters[1]["reason"], letters[1]["payload"]) == ("malformed", bad.value)
    assert (letters[2]["reason"], letters[2]["payload"]) == ("future", ahead.value)


def test_a_list_of_events_is_written_as_its_events_and_one_dead_letter_for_its_bad_ones():
    log, tables = log_with("events"), MemoryTables()
    parts = [event(event_id="e1"), event(user_id=""), event(event_id="e2"), b"5"]
    log.send("events", b"u", b"[" + b",".join(parts) + b"]")
    run(EventSink(tables), log)
    assert [row["event_id"] for row in tables.rows["events"]] == ["e1", "e2"]
    assert [row["reason"] for row in tables.rows["dead_letters"]] == ["missing_field"]


def test_a_bad_tag_change_is_a_dead_letter_and_stops_nobody():
    log, tables, profiles = log_with(VIP), MemoryTables(), MemoryProfiles()
    log.send(VIP, b"ann", b"{")
    send(log, VIP, "ann", "gold")
    run(ValueSink(tables, MemoryNumbers()), log, batch=1)
    log.committed.clear()
    run(ProfileSink(profiles), log, batch=1)
    assert [row["payload"] for row in tables.rows["dead_letters"]] == [b"{"]
    assert profiles.profile("ann")["vip", 1].value == "gold"


def test_a_store_that_is_down_is_waited_for_and_nothing_is_lost():
    log, profiles = log_with(VIP), MemoryProfiles()
    sink = ProfileSink(profiles)
    sink.open()
    for number in range(5):
        send(log, VIP, f"u{number}", number)
    profiles.switch.down_for = 4
    reader = run(sink, log, batch=2)
    assert reader.waited_seconds > 0
    assert {user: held["vip", 1].value for user, held in profiles.scan()} == {
        f"u{number}": number for number in range(5)
    }


def gauge(store: str) -> float:
    return metrics.STORE_UP.labels("sink_profile", store)._value.get()


def test_a_store_that_is_down_shows_in_the_metrics_until_it_is_back():
    log, profiles = log_with(VIP), MemoryProfiles()
    send(log, VIP, "ann", 1)
    seen = []
    profiles.switch.down_for = 2
    profiles.switch.trip = lambda: seen.append(gauge("hbase"))
    run(ProfileSink(profiles), log)
    assert 0 in seen
    assert gauge("hbase") == 1


def test_a_sink_asked_to_stop_while_its_store_is_down_leaves_the_batch_uncommitted():
    log, profiles, stop = log_with(VIP), MemoryProfiles(), threading.Event()
    sink = ProfileSink(profiles)
    sink.open()
    send(log, VIP, "ann", 1)
    profiles.switch.down_for = 10**9
    profiles.switch.trip = stop.set
    SinkLoop(sink, log.reader(GROUP, sink.topics), stop, DeadLetterLimit(), 10, 0).run()
    assert not any(log.committed[GROUP].values())
    assert log.members[GROUP] == []


def test_a_sink_asked_to_stop_finishes_the_batch_in_hand():
    log, profiles, stop = log_with(VIP), MemoryProfiles(), threading.Event()
    sink = ProfileSink(profiles)
    sink.open()
    for number in range(10):
        send(log, VIP, "ann", number)
    uses = []

    def trip():
        uses.append("opened" if not uses else "written")
        if "written" in uses:
            stop.set()

    profiles.switch.trip = trip
    SinkLoop(sink, log.reader(GROUP, sink.topics), stop, DeadLetterLimit(), 4, 0).run()
    assert profiles.profile("ann")["vip", 1].value == 3
    assert sum(log.committed[GROUP].values()) == 4


def test_a_sink_that_refuses_most_messages_stops_and_writes_and_commits_none_of_them():
    log, tables = log_with("events"), MemoryTables()
    for number in range(1_200):
        log.send("events", str(number).encode(), b"broken" if number % 3 else event(event_id=str(number)))
    with pytest.raises(TooManyDeadLetters):
        run(EventSink(tables), log, batch=5_000)
    assert tables.rows == {}
    assert not any(log.committed[GROUP].values())
    assert log.members[GROUP] == []


def test_an_error_that_no_waiting_mends_ends_the_sink_without_a_commit():
    log, profiles = log_with(VIP), MemoryProfiles()
    sink = ProfileSink(profiles)
    sink.open()
    send(log, VIP, "ann", 1)

    def refuse():
        raise ValueError("column missing")

    profiles.switch.trip = refuse
    with pytest.raises(ValueError, match="column missing"):
        run(sink, log)
    assert not any(log.committed[GROUP].values())


def test_a_new_tags_topic_is_read_by_a_sink_that_runs():
    log, profiles = log_with(VIP), MemoryProfiles()
    send(log, VIP, "ann", 1)

    def create():
        if SPEND not in log.topics:
            log.create(SPEND)
            send(log, SPEND, "ann", 2)

    profiles.switch.trip = create
    run(ProfileSink(profiles), log)
    assert set(profiles.profile("ann")) == {("vip", 1), ("spend", 2)}


changes = st.lists(
    st.tuples(st.sampled_from([VIP, SPEND]), st.sampled_from("abcde"), st.none() | st.integers(0, 5)), max_size=25
)
lives = st.lists(st.integers(1, 12), max_size=6)


@settings(max_examples=150, deadline=None)
@given(changes=changes, lives=lives, batch=st.integers(1, 6), outages=st.integers(0, 2))
def test_wherever_sinks_are_killed_the_stores_end_the_same(changes, lives, batch, outages):
    """`lives`: after how many uses of a store or commits each process is killed; the last one is not."""
    log = log_with(VIP, SPEND)
    profiles, tables, counter = MemoryProfiles(), MemoryTables(), MemoryCounter()
    expected: dict[str, dict[tuple[str, int], object]] = {}
    for topic, user_id, value in changes:
        send(log, topic, user_id, value)
        tag = ("vip", 1) if topic == VIP else ("spend", 2)
        expected.setdefault(user_id, {})[tag] = value
    sinks = (
        lambda: (ProfileSink(profiles), [profiles.switch]),
        lambda: (ValueSink(tables, numbers := MemoryNumbers(counter)), [tables.switch, numbers.switch]),
    )
    for create in sinks:
        log.committed.clear()
        for uses in [*lives, None]:
            left = uses

            def trip():
                nonlocal left
                if left is not None:
                    left -= 1
                    if left < 0:
                        raise Killed

            sink, switches = create()
            for switch in switches:
                switch.trip = trip
                switch.down_for = outages
            try:
                run(sink, log, batch=batch, trip=trip)
            except Killed:
                log.members[GROUP].clear()
        for switch in switches:
            switch.trip = lambda: None
    assert {user: {tag: cell.value for tag, cell in held.items()} for user, held in profiles.scan()} == expected
    values: dict[str, dict[tuple[str, int], object]] = {}
    for row in tables.newest("tag_values", ("tag", "version", "user_no"), "offset").values():
        values.setdefault(row["user_id"], {})[row["tag"], row["version"]] = orjson.loads(row["value"])
        assert row["user_no"] == counter.given[row["user_id"]]
    assert values == expected
    assert len(tables.newest("tag_changes", ("tag", "version", "user_no", "partition", "offset"))) == len(changes)
    assert {row["user_id"]: row["user_no"] for row in tables.rows.get("users", ())} == counter.given
