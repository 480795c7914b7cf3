"""Faults that are planted on purpose: each is found by the comparison, in its store, and named by its cause.

The tags run on Flink, in batch over the log as it is, and in stream over a log in which the stream's mistake has been made. What
the stream says goes through the real sinks into the stores; then the stores are tampered with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from jobs.barrier import Barrier
from jobs.mode import Mode
from jobs.parity_compare import compare_store
from jobs.parity_evidence import Explainer
from jobs.parity_sides import ClickHouseSide, HBaseSide
from stores.hbase import ProfileCell
from stores.settings import Settings
from tagging.names import tag_topic
from tagging.parity import Finding, Outcome
from tests.flink_local import LocalFlink
from tests.parity_sides import batch_of, tag
from tests.planted_faults import BARRIER_MS, NOW_MS, TAGS, World, history


def plain(values: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: dict(users) for name, users in values.items()}


@pytest.fixture(scope="module")
def batch():
    return plain(LocalFlink(Mode.BATCH).run(TAGS, history(fault=False).log()))


@pytest.fixture(scope="module")
def streamed():
    found = plain(LocalFlink(Mode.STREAM).run(TAGS, history(fault=True).log()))
    found["views"]["unexplained"] += 7
    return found


def compared(world: World, batch, other_sql: bool = False) -> dict[tuple[str, str, str], Finding]:
    """(store, tag, user) -> what is wrong there, with its cause."""
    answers = batch_of(batch)
    recomputed = answers.digests()
    settings, ends = Settings(), {topic: {} for topic in ("events", "identities", "clock", "cdc.shop.orders")}
    explainer = Explainer(settings, Barrier(ends, BARRIER_MS), world.read, lambda: other_sql)
    found = {}
    for store in (HBaseSide(world.profiles), ClickHouseSide(world.clickhouse)):
        for parity in compare_store(TAGS, answers, recomputed, store, BARRIER_MS).outcomes:
            item = next(item for item in TAGS if item.definition.name == parity.tag)
            explainer.explain([(item, parity, store)])
            found |= {(store.name, parity.tag, f.user_id): f for f in parity.findings}
    return found


STREAM_FAULTS = {
    ("views", "late_dropped"): "late_event",
    ("views", "late_lost"): "late_event",
    ("newest", "late_lost"): "late_event",
    ("loyal", "late_lost"): "late_event",
    ("views", "gone_counted"): "late_event",
    ("views", "copied"): "duplicate",
    ("loyal", "copied"): "duplicate",
    ("loyal", "forgotten"): "duplicate",
    ("newest", "tied"): "tie",
    ("status", "reordered"): "cdc_order",
    ("status", "undeleted"): "cdc_order",
    ("views", "unexplained"): "unknown",
}


def test_what_the_stream_does_wrong_is_wrong_in_both_stores_and_named(batch, streamed, clickhouse):
    world = World(streamed, clickhouse.client)
    world.sink(0)
    world.sink(1)
    found = compared(world, batch)
    expected = {(store, *place): cause for store in ("hbase", "clickhouse") for place, cause in STREAM_FAULTS.items()}
    assert {place: finding.cause for place, finding in found.items()} == expected


def test_a_finding_shows_both_values_the_rows_that_decide_and_the_tick(batch, streamed, clickhouse):
    world = World(streamed, clickhouse.client)
    world.sink(0)
    world.sink(1)
    finding = compared(world, batch)["hbase", "views", "late_dropped"]
    assert (finding.outcome, finding.batch, finding.stored) == (Outcome.DIFFERENT, 5, 4)
    assert finding.evidence["tick_ms"] == NOW_MS
    deciding = [row for row in finding.evidence["rows"] if row["decides"]]
    assert [(row["key"], row["counts"], row["leaves_at_ms"] > NOW_MS) for row in deciding] == [("dropped", True, True)]
    assert finding.evidence["rows_total"] == 5
    assert finding.evidence["emitted"] == [{"value": 4, "offset": finding.offset, "at_ms": NOW_MS}]


@pytest.fixture
def right(batch, clickhouse) -> World:
    """The stream says what batch does; `stale` had another value before, and `nobody` one that was withdrawn."""
    world = World({name: {} for name in batch}, clickhouse.client)
    topic = tag_topic("views", 2)
    world.say(topic, "stale", 1, NOW_MS - 5)
    world.say(topic, "nobody", 8, NOW_MS - 5)
    for item in TAGS:
        for user_id, value in batch[item.definition.name].items():
            world.say(tag_topic(item.definition.name, item.definition.version), user_id, value)
    world.say(topic, "nobody", None)
    return world


def faults(found) -> dict:
    return {place: (finding.outcome, finding.cause) for place, finding in found.items()}


def test_stores_that_hold_what_the_stream_said_have_no_fault(right, batch):
    right.sink(0)
    right.sink(1)
    assert compared(right, batch) == {}


def test_writes_that_a_sink_leaves_out_are_found_in_its_store_alone(right, batch):
    right.sink(0)
    right.sink(1, leave_out=("lost", "stale", "nobody"))
    wrong = {
        (tag, user): item for (store, tag, user), item in faults(compared(right, batch)).items() if store != "hbase"
    }
    assert wrong["views", "lost"] == (Outcome.MISSING, "store_write")
    assert wrong["views", "stale"] == (Outcome.DIFFERENT, "store_write")
    assert wrong["views", "nobody"] == (Outcome.EXTRA, "store_write")
    assert {cause for _, cause in wrong.values()} == {"store_write"}
    assert {user for _, user in wrong} == {"lost", "stale", "nobody"}


def tamper(world: World, user_id: str, value: Any, offset_by: int = 1) -> None:
    cell = world.profiles.profile(user_id).get(("views", 2), ProfileCell(None, NOW_MS, 0))
    world.profiles.write({user_id: {("views", 2): cell._replace(value=value, offset=cell.offset + offset_by)}})


@pytest.mark.parametrize(
    ("user", "value", "offset_by", "outcome"),
    [
        ("overwritten", 99, 1, Outcome.DIFFERENT),
        ("overwritten", 99, 0, Outcome.DIFFERENT),
        ("overwritten", None, 1, Outcome.MISSING),
        ("other_type", 3.0, 0, Outcome.DIFFERENT),
        ("never_seen", 4, 1, Outcome.EXTRA),
    ],
)
def test_a_profile_that_was_tampered_with_is_a_wrong_write(right, batch, user, value, offset_by, outcome):
    right.sink(0)
    right.sink(1)
    tamper(right, user, value, offset_by)
    assert faults(compared(right, batch)) == {("hbase", "views", user): (outcome, "store_write")}


def test_a_value_of_another_version_under_this_one_is_a_skew_of_versions(right, batch):
    right.sink(0)
    right.sink(1)
    right.profiles.write({"other_version": {("views", 1): ProfileCell(77, NOW_MS, 5)}})
    tamper(right, "other_version", 77)
    found = compared(right, batch)
    assert faults(found) == {("hbase", "views", "other_version"): (Outcome.DIFFERENT, "version_skew")}
    assert "version 1" in found["hbase", "views", "other_version"].evidence["reason"]


def test_a_job_that_runs_another_text_is_a_skew_of_versions_for_every_user(batch, clickhouse):
    other = tag(
        "views", 2, "integer",
        "SELECT user_id, COUNT(*) * 2 AS value FROM LAST(events, INTERVAL '1' HOUR, INTERVAL '20' MINUTE) GROUP BY user_id",
    )  # fmt: skip
    values = batch | plain(LocalFlink(Mode.STREAM).run((other,), history(fault=False).log()))
    world = World(values, clickhouse.client)
    world.sink(0)
    world.sink(1)
    found = compared(world, batch, other_sql=True)
    users = {(store, "views", user) for store in ("hbase", "clickhouse") for user in batch["views"]}
    assert faults(found) == dict.fromkeys(users, (Outcome.DIFFERENT, "version_skew"))


def test_a_change_after_the_barrier_is_pending_and_nobody_looks_for_a_cause(right, batch):
    right.say(tag_topic("views", 2), "plain", 4, BARRIER_MS + 5)
    right.sink(0)
    right.sink(1)
    found = compared(right, batch)
    assert faults(found) == {(store, "views", "plain"): (Outcome.PENDING, None) for store in ("hbase", "clickhouse")}
