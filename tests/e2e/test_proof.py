"""The promise, on real services under load: stream and batch agree on every user, whatever is killed, and a lie is found."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from itertools import islice

import pytest
from rich.console import Console

from deploy.demo.bring_up import Demo, DemoConfig
from deploy.demo.steps import Steps
from jobs import operate
from jobs.builtin import JOB_NAME, builtin_tags
from jobs.pipeline import ensure_running
from jobs.statements import Job
from jobs.verification import Limits, verify
from stores import mysql
from stores.flink import FlinkCluster, cancel_and_wait
from stores.hbase import ProfileStore
from stores.identities import IdentityTable
from tagging.identity import Merge
from tagging.parity import Outcome, TagParity
from tests.conftest import RunningStack

pytestmark = [pytest.mark.stack]

FAILURE_SECONDS = 300
LIMITS = Limits(stream=600)
FEW = ("views_7d", "spend_tier_30d", "heat_1h", "city", "favourite_category_30d")
"""Behaviour, purchases, the clock, rows alone and a Top-N."""
KILLED = (
    ("taskmanager",),
    ("sink_profile", "sink_values", "sink_events", "clock"),
    ("clickhouse",),
    ("hbase", "thrift"),
)
"""One after the other: an answer that any of them lost is still lost at the end."""


@pytest.fixture(scope="module")
def fed(stack: RunningStack, app_url: str) -> Iterator[RunningStack]:
    """The stack with a shop's past, the clickstream, and live events coming in."""
    Demo(DemoConfig(stack="test", rate=50, users=300, history_messages=20_000), Steps(Console())).start()
    yield stack
    stack.stack.down(["generator"])


def compare(stack: RunningStack, *names: str) -> list[TagParity]:
    return [item for item in verify(builtin_tags(*names), stack.settings, LIMITS) if isinstance(item, TagParity)]


def total(results: list[TagParity], outcome: Outcome) -> int:
    return sum(result.counts[outcome] for result in results)


def wrong(results: list[TagParity]) -> list[tuple]:
    bad = (Outcome.MISSING, Outcome.EXTRA, Outcome.DIFFERENT)
    return [(r.tag, r.store, f) for r in results for f in r.findings if f.outcome in bad]


def test_stream_and_batch_agree_on_every_user_of_every_tag_while_events_come_in(fed: RunningStack) -> None:
    results = compare(fed)
    assert wrong(results) == []
    assert {result.tag for result in results} == {tag.definition.name for tag in builtin_tags()}
    assert total(results, Outcome.EQUAL) > 10_000


def test_processes_that_are_killed_under_load_change_no_answer(fed: RunningStack) -> None:
    for killed in KILLED:
        for name in killed:
            fed.kill(name)
        fed.up(*killed)
    ensure_running(Job(JOB_NAME, builtin_tags()), fed.settings)
    results = compare(fed, *FEW)
    assert wrong(results) == []
    assert total(results, Outcome.EQUAL) > 1_000


def test_a_job_that_was_cancelled_or_that_an_operator_restarts_goes_on_from_where_it_was(fed: RunningStack) -> None:
    cluster, job = FlinkCluster(fed.settings.flink), Job(JOB_NAME, builtin_tags())
    running, done = ensure_running(job, fed.settings)
    assert done == "is running already"
    until = time.monotonic() + FAILURE_SECONDS
    while not cluster.checkpoints(running).completed:
        assert time.monotonic() < until, cluster.checkpoints(running)
        time.sleep(0.5)
    cancel_and_wait(cluster, running)
    again, done = ensure_running(job, fed.settings)
    assert again != running
    assert f"/{running}/chk-" in done
    done = operate.restart(cluster, JOB_NAME, fed.settings)
    assert "continues from" in done and "savepoint" in done
    [found] = [found for found in operate.listed(cluster) if found.name == JOB_NAME]
    assert (found.state, found.id != again) == ("RUNNING", True)
    assert wrong(compare(fed, *FEW)) == []


def test_a_person_who_is_merged_and_taken_apart_has_the_values_that_batch_gives(fed: RunningStack) -> None:
    key, table = ("city", 1), IdentityTable(fed.settings)
    with ProfileStore(fed.settings.hbase) as profiles:
        having = (user for user, cells in profiles.scan([key]) if cells.get(key) and cells[key].value)
        gone, stays = islice(having, 2)

        def await_city(is_there: bool) -> None:
            until = time.monotonic() + FAILURE_SECONDS
            while ((cell := profiles.profile(gone).get(key)) is not None and cell.value is not None) != is_there:
                assert time.monotonic() < until, (gone, stays, cell)
                time.sleep(0.5)

        now_ms = int(time.time() * 1000)
        made = table.merge(Merge(uuid.uuid4().hex, gone, stays, "the same phone", "tests", now_ms))
        await_city(False)
        assert wrong(compare(fed, *FEW)) == []
        table.unmerge(gone, made.id, "tests", now_ms + 1)
        await_city(True)
    assert wrong(compare(fed, *FEW)) == []
    table.close()


def test_a_value_that_was_tampered_with_is_found_and_its_user_named(fed: RunningStack) -> None:
    tag = builtin_tags("city")[0]
    key = (tag.definition.name, tag.definition.version)
    with ProfileStore(fed.settings.hbase) as profiles:
        user, cell = next((u, cells[key]) for u, cells in profiles.scan([key]) if cells.get(key) and cells[key].value)
        profiles.write({user: {key: cell._replace(value="Atlantis", offset=cell.offset + 1)}})
        try:
            results = compare(fed, "city")
        finally:
            profiles.write({user: {key: cell._replace(offset=cell.offset + 2)}})
    findings = [(store, f.user_id, f.batch, f.stored, f.cause) for _, store, f in wrong(results)]
    assert findings == [("hbase", user, cell.value, "Atlantis", "store_write")]


def test_a_column_that_mysql_renames_stops_the_job_with_a_named_cause(fed: RunningStack) -> None:
    fed.stack.down(["generator"])
    cluster, job = FlinkCluster(fed.settings.flink), Job(JOB_NAME, builtin_tags())
    job_id, _ = ensure_running(job, fed.settings)
    cancel_and_wait(cluster, job_id)
    flink = fed.settings.flink.model_copy(update={"restart_attempts": 3})
    job_id, _ = ensure_running(job, fed.settings.model_copy(update={"flink": flink}))
    with mysql.transaction(fed.settings, "shop") as cursor:
        cursor.execute("ALTER TABLE users RENAME COLUMN city TO town")
        cursor.execute("UPDATE users SET town = CONCAT(town, ' (new)') LIMIT 1")
    try:
        until = time.monotonic() + FAILURE_SECONDS
        while cluster.job(job_id).state != "FAILED":
            assert time.monotonic() < until, cluster.job(job_id)
            time.sleep(1)
        assert "Could not find field with name 'city'" in (cluster.root_cause(job_id) or "")
    finally:
        with mysql.transaction(fed.settings, "shop") as cursor:
            cursor.execute("ALTER TABLE users RENAME COLUMN town TO city")
