"""A tag is changed, changed back and taken away while it is read: on real services, and as fast as a person types."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from jobs.tag_files import BUILTIN
from stores import kafka_removal, mysql
from stores.clickhouse import connect
from stores.flink import FlinkCluster, cancel_and_wait
from stores.hbase import ProfileStore
from stores.registry.store import TagRegistry
from tagging import lifecycle
from tagging.lifecycle import Policy, Status, Tag, shared_number
from tagging.names import tag_topic
from tagging.parity_buckets import BUCKETS
from tests.conftest import RunningStack
from tests.e2e.live_change import SECONDS, TAG, USERS, Worker, World

pytestmark = [pytest.mark.stack]

SOON = {"TAGSTREAM_FLINK__CHECKPOINT_SECONDS": "2", "TAGSTREAM_PUBLISHING__POLL_SECONDS": "600"}
"""The controller is woken by the binlog or not at all."""
NO_OWN_JOBS = {**SOON, "TAGSTREAM_PUBLISHING__MOST_OWN_JOBS": "0"}
AT_ONCE = {**SOON, "TAGSTREAM_PUBLISHING__ROLLBACK_HOURS": "0"}
REMOVED_SECONDS = 180
BY_HAND = "written_by_hand"


@pytest.fixture(scope="module")
def world(stack: RunningStack, app_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Readers and load run from here to the end. Whatever happens, the tag is left as it was found."""
    registry = TagRegistry(stack.settings)
    found = World(stack, f"{app_url}/api/v1", tmp_path_factory.mktemp("tags"), registry)
    found.controller(**SOON)
    found.feed()
    found.values[1] = "warm"
    found.await_all((1, "warm"))
    found.shared = found.shared_job()
    workers = [Worker(found.reader.look, 0.02), Worker(found.load, 0.5)]
    try:
        yield found
        for worker in workers:
            worker.end()
    finally:
        stack.stack.down(["controller"])
        put_back(found)
        registry.close()


def put_back(world: World) -> None:
    cluster = FlinkCluster(world.stack.settings.flink)
    for name, job_id in world.jobs().items():
        if name.startswith((f"tag.{TAG}.", "shared.")):
            cancel_and_wait(cluster, job_id)
    if world.tag() is not None:
        world.registry.save(given_up(world.tag(), int(time.time() * 1000)), [])
    with mysql.transaction(world.stack.settings) as cursor:
        cursor.execute("DELETE FROM tag_audit WHERE tag = %(tag)s", {"tag": BY_HAND})
        cursor.execute("DELETE FROM tag_versions WHERE tag = %(tag)s", {"tag": BY_HAND})
        cursor.execute("DELETE FROM tags WHERE name = %(tag)s", {"tag": BY_HAND})


def given_up(tag: Tag, at_ms: int) -> Tag:
    """Version 1 is live, and no other is wanted any more: a controller that is started later builds none."""
    for version in tag.versions:
        if version.status in (Status.BUILDING, Status.READY):
            tag = lifecycle.fail(tag, version.version, "the test has ended", at_ms)
    if tag.live is None or tag.live.version != 1:
        tag = lifecycle.roll_back(tag, 1, at_ms, Policy())
    for version in tag.versions:
        if version.status in (Status.RETIRED, Status.FAILED) and not version.cleaned:
            tag = lifecycle.clean(tag, version.version, at_ms, Policy(rollback_window_ms=0))
    return tag


def first(world: World) -> int:
    """The number of the first version that the tests published."""
    return min(number for number in world.values if number > 1)


def last(world: World) -> int:
    """The number of the last one."""
    return max(world.values)


def test_a_changed_window_goes_live_after_its_proof_under_load(world: World):
    number = world.publish("hot")
    world.await_seen((number, "hot"))
    done = [entry.what for entry in reversed(world.registry.audit(TAG))]
    assert done[-4:] == ["draft", "build", "ready", "live"]
    assert world.reader.versions() == [1, number]
    assert world.tag().version(1).status is Status.RETIRED


def test_of_five_edits_that_follow_each_other_the_last_alone_goes_live_though_another_runs_already(world: World):
    numbers = [world.edit("hot 0")]
    until = time.monotonic() + SECONDS
    while tag_topic(TAG, numbers[0]) not in world.jobs():
        assert time.monotonic() < until, world.stack.logs("controller")
        time.sleep(0.2)
    numbers += [world.edit(f"hot {place}") for place in range(1, 5)]
    world.await_seen((numbers[-1], "hot 4"))
    found = [world.tag().version(number) for number in numbers]
    assert [version.status for version in found] == [*[Status.FAILED] * 4, Status.LIVE]
    assert [version.cause for version in found[:-1]] == [f"superseded by version {number}" for number in numbers[1:]]
    assert world.reader.versions() == [1, first(world), numbers[-1]]


def test_a_row_that_is_written_straight_into_mysql_is_learned_of_and_fails_with_its_cause(world: World):
    text = (BUILTIN / f"{TAG}.sql").read_text(encoding="utf-8").replace("events", "evnts")
    with mysql.transaction(world.stack.settings) as cursor:
        values = {"tag": BY_HAND, "text": text.replace(TAG, BY_HAND)}
        cursor.execute("INSERT INTO tags (name) VALUES (%(tag)s)", values)
        cursor.execute(
            "INSERT INTO tag_versions (tag, version, text, status) VALUES (%(tag)s, 1, %(text)s, 'building')", values
        )
    until = time.monotonic() + REMOVED_SECONDS
    while (version := world.registry.tag(BY_HAND).version(1)).status is Status.BUILDING:
        assert time.monotonic() < until, world.stack.logs("controller")
        time.sleep(0.2)
    assert version.status is Status.FAILED
    assert "'evnts' (did you mean events?)" in version.cause


def test_a_rollback_is_seen_by_the_next_request_as_its_job_ran_all_along(world: World):
    job = tag_topic(TAG, first(world))
    before = world.jobs()[job]
    world.command("rollback", TAG)
    assert world.now() == {(first(world), "hot")}
    assert world.jobs()[job] == before
    assert world.tag().version(last(world)).status is Status.RETIRED


def test_a_retired_tag_is_gone_for_its_readers_and_a_rollback_shows_it_again(world: World):
    world.command("retire", TAG)
    assert world.now() == {None}
    assert TAG not in [tag["name"] for tag in requests.get(f"{world.api}/tags", timeout=10).json()["items"]]
    world.command("rollback", TAG)
    assert world.now() == {(first(world), "hot")}


def test_a_live_version_moves_into_a_shared_job_and_says_the_same(world: World):
    before = world.tag().live
    world.controller(**NO_OWN_JOBS)
    world.moved = last(world) + 1
    world.await_seen((world.moved, "hot"))
    live = world.tag().live
    assert shared_number(live.job) is not None
    assert live.text == before.text
    assert {live.job, before.job} <= set(world.jobs())


def test_after_the_rollback_window_nothing_is_left_of_what_is_not_live(world: World):
    at_ms = int(time.time() * 1000)
    world.registry.save(lifecycle.roll_back(world.tag(), 1, at_ms, Policy()), [])
    world.controller(**AT_ONCE)
    until = time.monotonic() + REMOVED_SECONDS
    while left := [version for version in world.tag().versions if version.version > 1 and version.job]:
        assert time.monotonic() < until, (left, world.stack.logs("controller"))
        time.sleep(0.2)
    settings = world.stack.settings
    client = connect(settings)
    published = [*sorted(number for number in world.values if number > 1), world.moved]
    assert not [job for job in world.jobs() if job.startswith((f"tag.{TAG}.", "shared."))]
    assert not [number for number in published if kafka_removal.has_topic(settings, tag_topic(TAG, number))]
    with ProfileStore(settings.hbase) as profiles:
        assert list(profiles.scan([(TAG, number) for number in published])) == []
        assert {user for user, _ in profiles.scan([(TAG, 1)])} >= set(USERS)
    for number in published:
        assert (
            client.query("clickhouse/parity_values.sql", {"tag": TAG, "version": number, "buckets": [*range(BUCKETS)]})
            == []
        )
    assert world.now() == {(1, "warm")}


def test_through_all_of_it_no_reader_saw_a_missing_or_mixed_value_and_the_other_tags_job_never_restarted(world: World):
    new, newest, moved = first(world), last(world), world.moved
    assert world.reader.versions() == [1, new, newest, new, None, new, moved, 1]
    assert set(world.reader.seen) == {None, (1, "warm"), (new, "hot"), (newest, "hot 4"), (moved, "hot")}
    assert len(world.reader.seen) > 500
    assert world.shared_job() == world.shared
