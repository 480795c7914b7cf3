"""Deltas planned by a real engine: the publisher killed between any two statements, against sets of users."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.bitmaps import Bitmaps
from stores.delta_ledger import DeltaLedger
from tagging.bound_rules import bind
from tagging.crowd_watches import Policy
from tagging.crowds import Behaved, HasValue, Not
from tests.delta_lives import SECOND, Mortal, Told, kept_to
from tests.fakes.memory_deltas import MemoryWatches

AT = datetime.now(UTC)
USERS = [1, 2, 3, 2**20 - 1, 2**20, 3 * 2**20 + 5]
MEMBERS = st.sets(st.sampled_from(USERS))
KILLS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), max_size=4)
FEW = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class World:
    """Users who are gold or not, generation by generation."""

    def __init__(self, store):
        self.store, self.offset = store, 0
        store.empty()
        store.client.insert_columns("users", {"user_no": USERS, "user_id": [f"u{user}" for user in USERS]})
        effects = ("command_text", "insert_columns")
        self.told = Told(
            MemoryWatches(),
            lambda life: DeltaLedger(Mortal(store.client, life, *effects)),
            # Deltas older than 90 days are forgotten.
            now_ms=int(time.time() * 1000),
        )
        self.bitmaps = Bitmaps(store.client, now=lambda: self.told.now_ms / 1000)

    def become(self, members, users=USERS):
        self.offset += 1
        values = [orjson.dumps("gold" if user in members else "silver").decode() for user in users]
        self.store.client.insert_columns(
            "tag_values",
            {
                "tag": ["tier"] * len(users),
                "version": [1] * len(users),
                "user_no": list(users),
                "user_id": [f"u{user}" for user in users],
                "value": values,
                "number": [None] * len(users),
                "present": [True] * len(users),
                "changed_at": [AT] * len(users),
                "partition": [0] * len(users),
                "offset": [self.offset] * len(users),
            },
        )
        self.told.now_ms += SECOND
        self.bitmaps.round()

    def ids(self, members):
        return {f"u{user}" for user in members}


@FEW
@given(steps=st.lists(MEMBERS, min_size=1, max_size=4), kills=KILLS, most=st.sampled_from([2, 1_000]))
def test_killed_between_any_two_statements_none_is_lost_and_repeats_have_their_id(
    clickhouse_process, steps, kills, most
):
    world = World(clickhouse_process)
    world.told.most = most
    world.told.watch()
    for members in steps:
        world.become(members)
        world.told.settle(kills)
    assert world.told.inside() == world.ids(steps[-1])
    ledger = DeltaLedger(clickhouse_process.client)
    kept = [(delta.sequence, delta.user_id, delta.change) for delta in ledger.page("w1", 0, 1_000)]
    assert kept == [(delta["sequence"], delta["user_id"], delta["change"]) for delta in world.told.once()]


@FEW
@given(
    steps=st.lists(MEMBERS, min_size=3, max_size=5),
    policy=st.builds(
        Policy,
        never_again=st.booleans(),
        rest_seconds=st.sampled_from([0, 2]),
        most_enters=st.sampled_from([None, 1, 2]),
        within_hours=st.just(1),
    ),
)
def test_a_policy_holds_back_who_would_enter_and_nobody_who_leaves(clickhouse_process, steps, policy):
    world = World(clickhouse_process)
    world.told.watch(policy)
    for members in steps:
        world.become(members)
        world.told.settle([])
        assert world.told.inside() <= world.ids(members)
    kept_to(policy, world.told.once())
    if policy == Policy(within_hours=1):
        assert world.told.inside() == world.ids(steps[-1])


def test_a_watch_that_begins_quietly_tells_only_what_changes_then(clickhouse):
    world = World(clickhouse)
    world.told.watch(tells_present=False)
    world.become({1, 2, 2**20})
    world.told.settle([(3, 0)])
    assert world.told.topic.messages == []
    world.become({2, 2**20 - 1})
    world.told.settle([])
    told = [(delta["user_id"], delta["change"]) for delta in world.told.once(inside=world.ids({1, 2, 2**20}))]
    assert told == [("u1", "leave"), (f"u{2**20 - 1}", "enter"), (f"u{2**20}", "leave")]


def test_a_user_leaves_when_the_clock_has_moved_its_tag_with_no_new_event(clickhouse):
    """The stream's own leave: a tombstone of the tag, written when the window has passed."""
    world = World(clickhouse)
    world.told.watch()
    world.become({1})
    world.told.settle([])
    clickhouse.client.insert_columns("clock_ticks", {"minute": [29_833_400], "ticked_at": [AT]})
    world.become(set(), users=[1])
    world.told.settle([])
    last = world.told.once()[-1]
    assert (last["user_id"], last["change"], last["tick"]) == ("u1", "leave", 29_833_400)


def test_a_ledger_is_read_on_from_any_sequence(clickhouse):
    world = World(clickhouse)
    world.told.watch()
    world.become({1, 2, 3})
    world.told.settle([])
    ledger = DeltaLedger(clickhouse.client)
    assert [delta.sequence for delta in ledger.page("w1", 1, 1)] == [2]
    assert [delta.sequence for delta in ledger.page("w1", 2, 9)] == [3]
    assert ledger.page("other", 0, 9) == []


def test_what_a_removed_watch_left_goes_and_that_of_others_stays(clickhouse):
    world = World(clickhouse)
    world.told.watch()
    world.become({1})
    world.told.settle([])
    ledger = DeltaLedger(clickhouse.client)
    ledger.forget(["w1"])
    assert len(ledger.page("w1", 0, 9)) == 1
    ledger.forget([])
    for table in ("crowd_deltas", "crowd_watch_members", "crowd_batches"):
        query = "SELECT count() FROM {table:Identifier}"
        assert clickhouse.driver.query(query, parameters={"table": table}).result_rows == [(0,)]


def test_a_crowd_by_behaviour_is_told_of_too(clickhouse):
    from tagging.behaviour import Period, Selector, TrendPoint, TrendsQuery

    world = World(clickhouse)
    paid = Behaved(TrendPoint(query=TrendsQuery(period=Period(last_days=7), event=Selector(event="pay"))))
    rule = bind(Not(paid), {})
    event = {"event_id": ["e"], "user_id": ["u2"], "event_type": ["pay"], "item_id": [None], "properties": [{}]}
    at = datetime.fromtimestamp(world.told.now_ms / 1000 - 60, UTC)
    clickhouse.client.insert_columns(
        "events", {**event, "occurred_at": [at], "logged_at": [at], "partition": [0], "offset": [0]}
    )
    world.told.watch()
    world.become({1})
    world.told.settle([], rule)
    assert world.told.inside() == world.ids(set(USERS) - {2})


@pytest.mark.parametrize("left", range(0, 24, 2))
def test_killed_at_one_point_it_goes_on(clickhouse, left):
    world = World(clickhouse)
    world.told.watch()
    world.become({1, 2**20})
    world.told.settle([(left, 1)])
    world.become({2})
    world.told.settle([(left, 1)], bind(HasValue("tier", ("gold",)), {"tier": 1}))
    assert world.told.inside() == {"u2"}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_of_deltas_says_what_the_pages_say(clickhouse, tmp_path, form):
    import duckdb

    world = World(clickhouse)
    world.told.watch()
    world.become({1, 2, 2**20})
    world.told.settle([])
    world.become({2})
    world.told.settle([])
    ledger = DeltaLedger(clickhouse.client)
    file = tmp_path / f"deltas.{form}"
    file.write_bytes(ledger.export("w1", 1, 4, form))
    read = "read_csv(?, header = true)" if form == "csv" else "read_parquet(?)"
    rows = duckdb.execute(f"SELECT sequence, change, user_id, at_ms, rule_version FROM {read}", [str(file)]).fetchall()
    page = ledger.page("w1", 1, 3)
    assert rows == [(d.sequence, d.change.value, d.user_id, d.at_ms, d.rule_version) for d in page]
    assert len(rows) == 3
