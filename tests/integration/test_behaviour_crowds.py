"""Crowds of points of charts, over bitmaps on a real engine: the same users wherever they are asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.bitmaps import Bitmaps
from stores.bitmaps import CrowdBitmaps
from tagging.behaviour import FunnelPoint, FunnelQuery, Period, Selector, TrendPoint, TrendsQuery
from tagging.crowds import EVERYONE, All, Any_, Behaved, HasValue, Not
from tests.behaviour_oracle import Stored, users_of
from tests.integration.test_behaviour_on_clickhouse import (
    EVENTS,
    FEW,
    HOUR,
    NOON,
    QUESTIONS,
    TIERS,
    USERS,
    points_of,
    put,
    put_tags,
    stored,
)

VERSIONS = {"tier": 2, "spend": 1}
WEEK = Period(last_days=7)
VIEWED = Behaved(TrendPoint(query=TrendsQuery(period=WEEK, event=Selector(event="view"))))
POINTS = st.sampled_from(sorted(QUESTIONS)).flatmap(
    lambda chart: (
        QUESTIONS[chart]
        .map(lambda query: query.model_copy(update={"breakdown": None}) if hasattr(query, "breakdown") else query)
        .flatmap(points_of)
    )
)


def put_users(store):
    numbers = {user: number for number, user in enumerate(USERS, 1)}
    store.client.insert_columns("users", {"user_no": list(numbers.values()), "user_id": list(numbers)})
    put_tags(store)


def members(crowds, rule, generation):
    """All pages, one after the other."""
    found, after = [], 0
    while page := crowds.members(rule, VERSIONS, generation, after, 4):
        found += [user for _, user in page]
        after = page[-1][0]
    return found


@pytest.fixture(scope="module")
def store(clickhouse_process):
    clickhouse_process.empty()
    put_users(clickhouse_process)
    return clickhouse_process


@settings(FEW, max_examples=6)
@given(drawn=EVENTS, one=POINTS, other=POINTS)
def test_a_crowd_of_points_and_tags_counts_and_lists_whom_plain_python_finds(store, drawn, one, other):
    rows = stored(drawn)
    for table in ("event_places", "bitmap_buckets", "tag_bitmaps"):
        store.driver.command("TRUNCATE TABLE {table:Identifier}", parameters={"table": table})
    put(store, rows)
    Bitmaps(store.client, lambda: NOON / 1000).round()
    crowds = CrowdBitmaps(store.client)
    generation = crowds.newest().number
    assert generation == NOON
    gold = {user for user, tier in TIERS.items() if tier == "gold"}
    first, second = users_of(one, rows, NOON), users_of(other, rows, NOON)
    for rule, expected in [
        (Behaved(one), first),
        (Not(Behaved(one)), set(USERS) - first),
        (All((Behaved(one), Not(Behaved(other)))), first - second),
        (Any_((Behaved(one), All((Behaved(other), HasValue("tier", ("gold",)))))), first | (second & gold)),
    ]:
        assert members(crowds, rule, generation) == sorted(expected)
        assert crowds.count(rule, VERSIONS, generation) == len(expected)
    sizes = crowds.sizes(Behaved(one), EVERYONE, VERSIONS, generation)
    assert sizes["crowd_users"] == len(first)


def view(user, after, offset, partition=0):
    return Stored(f"{user}-{offset}", user, "view", NOON + after, partition, offset)


def append(store, row):
    """One event more."""
    store.client.insert_columns(
        "events",
        {
            "event_id": [row.event_id], "user_id": [row.user_id], "event_type": [row.event_type], "item_id": [None],
            "properties": [{}], "occurred_at": [row.at_ms], "logged_at": [row.at_ms],
            "partition": [row.partition], "offset": [row.offset],
        },
    )  # fmt: skip


def test_events_that_come_later_are_in_no_answer_of_a_generation_and_in_the_next_one(clickhouse):
    put_users(clickhouse)
    put(clickhouse, [view("u0", 0, 1)])
    now = [NOON / 1000]
    bitmaps, crowds = Bitmaps(clickhouse.client, lambda: now[0]), CrowdBitmaps(clickhouse.client)
    bitmaps.round()
    before = crowds.newest().number
    append(clickhouse, view("u1", 0, 2))
    append(clickhouse, view("u2", 0, 0, partition=5))
    assert members(crowds, VIEWED, before) == ["u0"]
    now[0] += 1
    put_tags_again(clickhouse)
    bitmaps.round()
    assert members(crowds, VIEWED, crowds.newest().number) == ["u0", "u1", "u2"]
    assert members(crowds, VIEWED, before) == ["u0"]


def put_tags_again(store):
    store.driver.command("INSERT INTO tag_values SELECT * REPLACE (offset + 1 AS offset) FROM tag_values FINAL")


def test_a_user_leaves_when_the_days_have_passed_with_no_new_event(clickhouse):
    put_users(clickhouse)
    put(clickhouse, [view("u0", 0, 1), view("u1", 12 * HOUR, 2)])
    now = [NOON / 1000 + 86_400]
    bitmaps, crowds = Bitmaps(clickhouse.client, lambda: now[0]), CrowdBitmaps(clickhouse.client)
    bitmaps.round()
    assert members(crowds, VIEWED, crowds.newest().number) == ["u0", "u1"]
    now[0] = NOON / 1000 + 7 * 86_400
    put_tags_again(clickhouse)
    bitmaps.round()
    assert members(crowds, VIEWED, crowds.newest().number) == ["u1"]


def test_a_user_whom_no_tag_knows_yet_is_in_no_crowd_and_not_in_its_complement_either(clickhouse):
    put_users(clickhouse)
    put(clickhouse, [view("u0", 0, 1), replace(view("u0", 0, 2), user_id="stranger", event_id="s")])
    Bitmaps(clickhouse.client, lambda: NOON / 1000).round()
    crowds = CrowdBitmaps(clickhouse.client)
    generation = crowds.newest().number
    assert crowds.count(VIEWED, VERSIONS, generation) == 1
    assert crowds.count(Any_((VIEWED, Not(VIEWED))), VERSIONS, generation) == len(USERS)
    clickhouse.client.insert_columns("users", {"user_no": [2**20 + 7], "user_id": ["stranger"]})
    assert crowds.count(VIEWED, VERSIONS, generation) == 1


def test_events_that_were_stored_before_their_places_were_kept_are_found_at_the_start(clickhouse):
    put_users(clickhouse)
    put(clickhouse, [view("u0", 0, 1)])
    clickhouse.driver.command("TRUNCATE TABLE event_places")
    bitmaps = Bitmaps(clickhouse.client, lambda: NOON / 1000)
    bitmaps.open()
    bitmaps.round()
    crowds = CrowdBitmaps(clickhouse.client)
    assert members(crowds, VIEWED, crowds.newest().number) == ["u0"]


def test_did_one_thing_then_another_within_an_hour_is_a_crowd(clickhouse):
    put_users(clickhouse)
    steps = (Selector(event="view"), Selector(event="cart"))
    rows = [view("u0", 0, 1), view("u1", 0, 2)]
    rows += [
        replace(view(user, after, offset), event_type="cart")
        for user, after, offset in (("u0", HOUR, 3), ("u1", HOUR + 1, 4))
    ]
    put(clickhouse, rows)
    Bitmaps(clickhouse.client, lambda: NOON / 1000 + 7200).round()
    crowds = CrowdBitmaps(clickhouse.client)
    query = FunnelQuery(period=WEEK, steps=steps, window_seconds=3600)
    generation = crowds.newest().number
    assert members(crowds, Behaved(FunnelPoint(query=query, step=2)), generation) == ["u0"]
    assert members(crowds, Behaved(FunnelPoint(query=query, step=1, lost=True)), generation) == ["u1"]
