"""Crowds of what users did, over each other and as seeds of lookalikes: on a real engine, against plain Python."""

from __future__ import annotations

from hypothesis import given, settings

from jobs.bitmaps import Bitmaps
from stores.bitmaps import CrowdBitmaps
from stores.lookalikes import LookalikePeople
from tagging.bound_rules import bind
from tagging.crowds import EVERYONE, All, Behaved, HasValue
from tests.behaviour_oracle import users_of
from tests.integration.test_behaviour_crowds import POINTS, VERSIONS, store  # noqa: F401
from tests.integration.test_behaviour_on_clickhouse import EVENTS, FEW, NOON, TIERS, USERS, put, stored


@settings(FEW, max_examples=5)
@given(drawn=EVENTS, one=POINTS, other=POINTS)
def test_points_of_charts_and_tags_share_whom_their_sets_share(store, drawn, one, other):  # noqa: F811
    rows = stored(drawn)
    for table in ("event_places", "bitmap_buckets", "tag_bitmaps"):
        store.driver.command("TRUNCATE TABLE {table:Identifier}", parameters={"table": table})
    put(store, rows)
    Bitmaps(store.client, lambda: NOON / 1000).round()
    crowds = CrowdBitmaps(store.client)
    generation = crowds.newest().number
    gold = {user for user, tier in TIERS.items() if tier == "gold"}
    first, second = users_of(one, rows, NOON) & set(USERS), users_of(other, rows, NOON) & set(USERS)
    rules = [
        Behaved(one),
        Behaved(other),
        HasValue("tier", ("gold",)),
        All((Behaved(one), HasValue("tier", ("gold",)))),
    ]
    sets = [first, second, gold, first & gold]

    together, base_users = crowds.overlap(rules, EVERYONE, VERSIONS, generation)
    assert base_users == len(USERS)
    assert together == [[len(a & b) for b in sets] for a in sets]
    within, base_users = crowds.overlap(rules, Behaved(other), VERSIONS, generation)
    assert base_users == len(second)
    assert within == [[len(a & b & second) for b in sets] for a in sets]

    people = LookalikePeople(store.client).read(bind(Behaved(one), VERSIONS), {"tier": 2}, 1_000)
    assert {person.user_id for person in people.sampled if person.is_seed} == first
    assert {person.user_id for person in people.sampled if not person.is_seed} == set(USERS) - first
    assert {person.user_id: person.features.get("tier") for person in people.sampled} == {
        user: TIERS.get(user) for user in USERS
    }
