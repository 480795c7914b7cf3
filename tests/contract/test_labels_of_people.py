"""What people did around a moment, on a real engine: under whichever of their ids, as they were known at the moment."""

from __future__ import annotations

import pytest

from stores.features import DAY_MS, FeatureStore, Labelled
from tagging.sampling import Sample

MOMENT = 1_790_000_000_000
EVERYONE = Sample(65_536)


@pytest.fixture
def features(clickhouse) -> FeatureStore:
    rows = [
        ("ann", "view", -1, {}),
        ("phone", "paid", 1, {"category": "toys"}),
        ("bob", "view", -2, {}),
        ("tablet", "paid", 2, {"category": "books"}),
    ]
    at = [MOMENT + days * DAY_MS for *_, days, _ in rows]
    columns = {"event_id": [f"e{number}" for number in range(len(rows))], "user_id": [row[0] for row in rows]}
    columns |= {"event_type": [row[1] for row in rows], "properties": [row[3] for row in rows]}
    columns |= {"item_id": [None] * len(rows), "occurred_at": at, "logged_at": at}
    columns |= {"partition": [0] * len(rows), "offset": list(range(len(rows)))}
    clickhouse.client.insert_columns("events", columns)
    # The tablet was said to be bob's after the moment.
    told = {"user_id": ["phone", "tablet"], "change": [1, 2], "canonical": ["ann", "bob"]}
    clickhouse.client.insert_columns("identities", {**told, "logged_at": [MOMENT - 1, MOMENT + 1]})
    return FeatureStore(clickhouse.client)


def test_what_a_person_did_under_any_id_is_the_label_by_what_was_known_at_the_moment(features):
    assert features.labels(MOMENT, 7, 7, "paid", "category", EVERYONE) == [
        Labelled("ann", True, "toys"),
        Labelled("bob", False, ""),
    ]


def test_a_sample_is_of_people(features):
    held = [user for user in ("ann", "bob") if Sample(40_000).holds(user)]
    found = features.labels(MOMENT, 7, 7, "paid", "category", Sample(40_000))
    assert [each.user_id for each in found] == held
