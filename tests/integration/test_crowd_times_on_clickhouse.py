"""Snapshots and past members on a real engine against sets of users in plain Python."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.bitmaps import Bitmaps
from stores.past_crowds import PastCrowds
from stores.snapshot_users import SnapshotUsers
from tagging.behaviour import Period, Selector, TrendPoint, TrendsQuery
from tagging.bound_rules import bind
from tagging.crowds import EVERYONE, All, Behaved, HasTag, HasValue, Not
from tests.crowd_rules import RULES, VALUES, VERSIONS, takes

AT_MS = 1_790_000_000_000
USERS = [*range(1, 12), 2**20 - 1, 2**20, 3 * 2**20 + 5]
"""In three buckets of four: one in between has nobody."""
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CHANGES = [
    (AT_MS + step, user, tag, (None if (user + step) % 4 == 0 else VALUES[tag][(user * 3 + step) % len(VALUES[tag])]))
    for step in range(6)
    for place, tag in enumerate(VALUES)
    for user in USERS
    # Each user's history begins at another step, and each tag's at another than the others.
    if step >= user % 4 and (user + step + place) % 3 == 0
]


def at(at_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)


def put_changes(store, table, rows, first_offset=0):
    """Rows of (time, user number, tag, value), in the order of the log."""
    store.client.insert_columns(
        table,
        {
            "tag": [tag for _, _, tag, _ in rows],
            "version": [VERSIONS[tag] for _, _, tag, _ in rows],
            "user_no": [user for _, user, _, _ in rows],
            "user_id": [f"u{user}" for _, user, _, _ in rows],
            "value": [orjson.dumps(value).decode() for _, _, _, value in rows],
            "number": [float(value) if type(value) in (int, float) else None for _, _, _, value in rows],
            "present": [value is not None for _, _, _, value in rows],
            "changed_at": [at(at_ms) for at_ms, _, _, _ in rows],
            "partition": [user % 2 for _, user, _, _ in rows],
            "offset": list(range(first_offset, first_offset + len(rows))),
        },
    )


def put_users(store, users):
    store.client.insert_columns("users", {"user_no": list(users), "user_id": [f"u{user}" for user in users]})


def values_at(at_ms):
    """user -> its values at a time; a user who had no change by then is left out."""
    found: dict[int, dict] = {}
    for changed_ms, user, tag, value in CHANGES:
        if changed_ms <= at_ms:
            found.setdefault(user, {})[tag] = value
    return {user: {t: v for t, v in values.items() if v is not None} for user, values in found.items()}


@pytest.fixture(scope="module")
def past(clickhouse_process):
    clickhouse_process.empty()
    put_users(clickhouse_process, USERS)
    put_changes(clickhouse_process, "tag_changes", CHANGES)
    put_changes(clickhouse_process, "tag_changes", CHANGES[:5])
    return PastCrowds(clickhouse_process.client)


def all_pages(page, limit=4):
    found, after = [], 0
    while items := page(after, limit):
        found += items
        after = items[-1][0]
    return found


@FEW
@given(rule=RULES, at_ms=st.integers(AT_MS - 1, AT_MS + 6))
def test_a_crowd_at_a_time_holds_whom_the_rule_took_by_the_changes_until_then(past, rule, at_ms):
    expected = sorted(user for user, values in values_at(at_ms).items() if takes(rule, values))
    bound = bind(rule, VERSIONS)
    pages = all_pages(lambda after, limit: past.members(bound, VERSIONS, at_ms, after, limit))
    assert pages == [(user, f"u{user}") for user in expected]
    assert past.count(bound, VERSIONS, at_ms) == len(expected)


def test_the_history_of_a_tag_begins_with_its_first_change(past):
    firsts = {tag: min(at_ms for at_ms, _, name, _ in CHANGES if name == tag) for tag in VALUES}
    assert past.known_from(VERSIONS) == firsts
    assert past.known_from({"tier": 99}) == {}


def test_a_user_is_known_from_its_first_change_of_a_live_version_on(past):
    for user in USERS[:4]:
        first = min(at_ms for at_ms, other, _, _ in CHANGES if other == user)
        assert past.user_known_from(f"u{user}", VERSIONS) == first
    assert past.user_known_from("u1", {"tier": 99}) is None
    assert past.user_known_from("nobody", VERSIONS) is None


def test_behaviour_is_taken_back_to_the_events_that_the_log_had_by_then(clickhouse):
    put_users(clickhouse, [1, 2, 3])
    put_changes(clickhouse, "tag_changes", [(AT_MS - 60_000, user, "tier", "gold") for user in (1, 2, 3)])
    events = [("e1", "u1", AT_MS - 5_000, AT_MS - 5_000), ("e2", "u2", AT_MS - 5_000, AT_MS + 1_000)]
    columns = ("event_id", "user_id", "occurred_at", "logged_at")
    rows = dict(zip(columns, map(list, zip(*events, strict=True)), strict=True))
    more = {"event_type": ["pay"] * 2, "item_id": [None] * 2, "properties": [{}] * 2, "partition": [0] * 2}
    clickhouse.client.insert_columns("events", {**rows, **more, "offset": [0, 1]})
    paid = Behaved(TrendPoint(query=TrendsQuery(period=Period(last_days=7), event=Selector(event="pay"))))
    past = PastCrowds(clickhouse.client)

    def members(rule, at_ms):
        return [number for number, _ in past.members(bind(rule, VERSIONS), VERSIONS, at_ms, 0, 9)]

    assert members(paid, AT_MS - 6_000) == []
    assert members(paid, AT_MS) == [1]
    assert members(All((HasTag("tier"), Not(paid))), AT_MS) == [2, 3]
    assert members(paid, AT_MS + 1_000) == [1, 2]


def value_rows(values, at_ms):
    return [(at_ms, user, tag, value) for user, mine in values.items() for tag, value in mine.items()]


@pytest.fixture(scope="module")
def two(clickhouse_process):
    """Two generations, and what every user had in each."""
    store = clickhouse_process
    store.empty()
    before = {user: {t: v[(user * 5) % len(v)] for t, v in VALUES.items() if (user + len(t)) % 3} for user in USERS}
    after = {user: {t: v[(user * 7) % len(v)] for t, v in VALUES.items() if (user + len(t)) % 4} for user in USERS}
    put_users(store, USERS)
    users, generations = SnapshotUsers(store.client), []
    for offset, values in enumerate((before, after)):
        # A value that the second world lacks is taken away.
        gone = {user: dict.fromkeys(VERSIONS) for user in USERS} if offset else {}
        rows = value_rows({user: {**gone.get(user, {}), **mine} for user, mine in values.items()}, AT_MS)
        put_changes(store, "tag_values", rows, 1_000 * offset)
        Bitmaps(store.client, now=lambda offset=offset: AT_MS / 1000 + offset).round()
        generations.append(users.newest())
    return users, generations, (before, after)


@FEW
@given(rule=RULES)
def test_snapshots_keep_the_users_of_their_generation_and_compare_like_sets(two, rule):
    users, generations, worlds = two
    bound = bind(rule, VERSIONS)
    taken = [{user for user, values in world.items() if takes(rule, values)} for world in worlds]
    kept = []
    for name, generation, expected in zip("ab", generations, taken, strict=True):
        users.remove(name)
        assert users.keep(name, bound, generation.number) == len(expected)
        assert users.keep(name, bound, generation.number) == len(expected)
        kept.append((name, generation.number))
        pages = all_pages(lambda after, limit, held=kept[-1]: users.members(held, after, limit))
        assert pages == [(user, f"u{user}") for user in sorted(expected)]
    groups = {"joined": taken[1] - taken[0], "left": taken[0] - taken[1], "stayed": taken[0] & taken[1]}
    assert users.compare(*kept) == {group: len(found) for group, found in groups.items()}
    for group, expected in groups.items():
        pages = all_pages(lambda after, limit, asked=group: users.compared(*kept, asked, after, limit))
        assert [number for number, _ in pages] == sorted(expected)


def test_a_snapshot_stays_when_the_values_change_and_goes_when_it_is_removed(clickhouse):
    put_users(clickhouse, [1, 2])
    put_changes(clickhouse, "tag_values", [(AT_MS, user, "tier", "gold") for user in (1, 2)])
    bitmaps, users = Bitmaps(clickhouse.client), SnapshotUsers(clickhouse.client)
    bitmaps.round()
    gold = bind(HasValue("tier", ("gold",)), VERSIONS)
    newest = users.newest()
    assert users.keep("s", gold, newest.number) == 2
    put_changes(clickhouse, "tag_values", [(AT_MS, 1, "tier", "silver")], 10)
    bitmaps.round()
    assert users.keep("t", gold, users.newest().number) == 1
    assert users.members(("s", newest.number), 0, 9) == [(1, "u1"), (2, "u2")]
    users.remove("s")
    assert users.members(("s", newest.number), 0, 9) == []
    assert users.compare(("t", users.newest().number), ("t", users.newest().number)) == {
        "joined": 0,
        "left": 0,
        "stayed": 1,
    }


def test_everyone_is_kept_too(clickhouse):
    put_users(clickhouse, [1, 2])
    put_changes(clickhouse, "tag_values", [(AT_MS, 1, "tier", "gold")])
    Bitmaps(clickhouse.client).round()
    users = SnapshotUsers(clickhouse.client)
    assert users.keep("s", bind(EVERYONE, VERSIONS), users.newest().number) == 2


def test_the_tick_is_the_newest_that_had_begun(clickhouse):
    ticks = {"minute": [29_833_333, 29_833_334], "ticked_at": [at(AT_MS), at(AT_MS + 60_000)]}
    clickhouse.client.insert_columns("clock_ticks", ticks)
    users = SnapshotUsers(clickhouse.client)
    assert [users.tick(AT_MS + later) for later in (-1, 0, 59_999, 60_000)] == [
        None,
        29_833_333,
        29_833_333,
        29_833_334,
    ]
