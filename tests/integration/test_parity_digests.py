"""ClickHouse's digests of users' values are those that are computed here, and its comparison is the full one."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.parity_compare import compare_store
from jobs.parity_sides import ClickHouseSide
from tagging.parity import Outcome, Stored, compare
from tagging.parity_buckets import digests_of
from tests.clickhouse_fixture import RunningClickHouse
from tests.parity_sides import batch_of, tag

TAG = tag("tier", 2)
BARRIER_MS = 1_000


def insert(clickhouse: RunningClickHouse, held: dict[str, Stored], version: int = 2) -> None:
    columns: dict[str, list[Any]] = {
        "tag": ["tier" for _ in held],
        "version": [version for _ in held],
        "user_no": list(range(1, len(held) + 1)),
        "user_id": list(held),
        "value": [orjson.dumps(stored.value).decode() for stored in held.values()],
        "present": [stored.value is not None for stored in held.values()],
        "changed_at": [stored.changed_at_ms for stored in held.values()],
        "partition": [0 for _ in held],
        "offset": [stored.offset for stored in held.values()],
    }
    clickhouse.client.insert_columns("tag_values", columns)


values = st.one_of(st.integers(-3, 3), st.booleans(), st.text(st.characters(exclude_categories=["Cs"]), max_size=3))
users = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=4)
stored = st.builds(Stored, st.one_of(st.none(), values), st.integers(0, 2_000), st.integers(0, 9))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.dictionaries(users, values, max_size=20), held=st.dictionaries(users, stored, max_size=20))
def test_what_clickhouse_finds_is_what_the_full_comparison_finds(clickhouse, batch, held):
    clickhouse.empty()
    if held:
        insert(clickhouse, held)
    side, answers = ClickHouseSide(clickhouse.client), batch_of({"tier": batch})
    assert side.digests([TAG])["tier"] == digests_of((user, stored.value) for user, stored in held.items())
    found = compare_store([TAG], answers, answers.digests(), side, BARRIER_MS).outcomes[0]
    full = compare("tier", "clickhouse", batch, held, BARRIER_MS)
    assert found.counts == full.counts
    assert {finding.user_id: finding for finding in found.findings} == {f.user_id: f for f in full.findings}


def test_the_sum_of_many_hashes_wraps_as_it_does_here(clickhouse):
    held = {f"u{number}": Stored(number % 7, 1, 3) for number in range(20_000)}
    insert(clickhouse, held)
    side = ClickHouseSide(clickhouse.client)
    assert side.digests([TAG])["tier"] == digests_of((user, stored.value) for user, stored in held.items())
    batch = {user: stored.value for user, stored in held.items()} | {"u7": 99}
    answers = batch_of({"tier": batch})
    found = compare_store([TAG], answers, answers.digests(), side, BARRIER_MS)
    assert found.buckets_opened == 1
    assert found.outcomes[0].counts[Outcome.DIFFERENT] == 1 and found.outcomes[0].counts[Outcome.EQUAL] == 19_999
    assert [(f.user_id, f.batch, f.stored, f.offset) for f in found.outcomes[0].findings] == [("u7", 99, 0, 3)]


def test_the_other_versions_of_a_tag_are_read_by_user(clickhouse):
    insert(clickhouse, {"ann": Stored("new", 1, 1)})
    insert(clickhouse, {"ann": Stored("old", 1, 1)}, version=1)
    found = ClickHouseSide(clickhouse.client).other_versions(TAG, ["ann", "ben"])
    assert found == {"ann": {1: "old"}, "ben": {}}
