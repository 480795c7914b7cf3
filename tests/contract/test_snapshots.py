"""Snapshots of crowds: those in MySQL, and those in memory."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from stores import snapshots as module
from stores.mysql import MySQLUnavailable
from stores.registry.schema import migrate
from stores.settings import MySQL, Settings
from stores.snapshots import Snapshot, SnapshotTable, State, Taken, TooManySnapshots
from tests.fakes import memory_crowd_times
from tests.fakes.memory_crowd_times import MemorySnapshots

AT_MS = 1_790_000_000_123
STALE_MS = 60_000
TAKEN = Taken(1_790_000_000_000, AT_MS - 7, 29_833_333, 3_000_000_000)


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def snapshots(request):
    if request.param == "memory":
        yield MemorySnapshots()
        return
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    real = SnapshotTable(settings)
    while held := real.take(AT_MS, -(10**12)):
        real.give_up(held.id)
    for id in real.given_up():
        real.forget(id)
    yield real
    real.close()


@pytest.fixture
def crowd() -> str:
    return f"c{uuid.uuid4().hex}"


def new(crowd: str, at_ms: int = AT_MS) -> Snapshot:
    rule = {"tag": "tier", "in": ["用户 😀", "it's", "%s"]}
    return Snapshot(uuid.uuid4().hex, crowd, 3, rule, '{"rule":"%s"}', "ann", at_ms)


def test_a_snapshot_is_asked_for_taken_and_done(snapshots, crowd):
    asked = snapshots.ask(new(crowd))
    assert snapshots.read(asked.id) == asked
    running = snapshots.take(AT_MS + 5, STALE_MS)
    assert running == replace(asked, state=State.RUNNING, started_at_ms=AT_MS + 5) == snapshots.read(asked.id)
    assert snapshots.take(AT_MS + 6, STALE_MS) is None
    assert snapshots.finish(running, AT_MS + 9, TAKEN)
    done = snapshots.read(asked.id)
    assert done == replace(running, state=State.DONE, ended_at_ms=AT_MS + 9, taken=TAKEN)
    assert snapshots.of(crowd) == [done]


def test_before_the_first_tick_there_is_none(snapshots, crowd):
    asked = snapshots.ask(new(crowd))
    snapshots.finish(snapshots.take(AT_MS, STALE_MS), AT_MS, replace(TAKEN, tick=None, users=0))
    assert snapshots.read(asked.id).taken == replace(TAKEN, tick=None, users=0)


def test_a_failure_keeps_its_cause_in_bounds(snapshots, crowd):
    asked = snapshots.ask(new(crowd))
    assert snapshots.finish(snapshots.take(AT_MS, STALE_MS), AT_MS, None, "x" * 5_000)
    failed = snapshots.read(asked.id)
    assert (failed.state, failed.taken, failed.cause) == (State.FAILED, None, "x" * 1_000)


def test_one_that_is_released_waits_again(snapshots, crowd):
    asked = snapshots.ask(new(crowd))
    snapshots.release(snapshots.take(AT_MS, STALE_MS))
    assert snapshots.read(asked.id) == asked
    assert snapshots.take(AT_MS + 1, STALE_MS).id == asked.id


def test_one_whose_taker_died_is_taken_again_and_the_late_answer_does_not_count(snapshots, crowd):
    snapshots.ask(new(crowd))
    first = snapshots.take(AT_MS, STALE_MS)
    assert snapshots.take(AT_MS + STALE_MS, STALE_MS) is None
    second = snapshots.take(AT_MS + STALE_MS + 1, STALE_MS)
    assert not snapshots.finish(first, AT_MS, replace(TAKEN, users=1))
    snapshots.release(first)
    assert snapshots.finish(second, AT_MS, TAKEN)
    assert snapshots.read(first.id).taken == TAKEN


def test_a_crowds_snapshots_are_listed_the_newest_first(snapshots, crowd):
    early, late = snapshots.ask(new(crowd, AT_MS)), snapshots.ask(new(crowd, AT_MS + 1))
    snapshots.ask(new(f"{crowd}x"))
    assert [held.id for held in snapshots.of(crowd)] == [late.id, early.id]


def test_one_that_is_given_up_is_seen_no_more_and_forgotten_once_it_is_removed(snapshots, crowd):
    asked = snapshots.ask(new(crowd))
    taken = snapshots.take(AT_MS, STALE_MS)
    assert snapshots.give_up(asked.id) and not snapshots.give_up(asked.id)
    assert (snapshots.read(asked.id), list(snapshots.of(crowd))) == (None, [])
    assert not snapshots.finish(taken, AT_MS, TAKEN)
    assert list(snapshots.given_up()) == [asked.id]
    snapshots.forget(asked.id)
    assert list(snapshots.given_up()) == []


def test_only_what_was_given_up_is_forgotten(snapshots, crowd):
    asked = snapshots.ask(new(crowd))
    snapshots.forget(asked.id)
    assert snapshots.read(asked.id) == asked


def test_the_same_id_is_one_snapshot(snapshots, crowd):
    asked = snapshots.ask(new(crowd))
    assert snapshots.ask(replace(asked, bound="other")).bound == asked.bound


def test_a_crowd_has_no_more_snapshots_than_it_may(snapshots, crowd, monkeypatch):
    for place in (module, memory_crowd_times):
        monkeypatch.setattr(place, "MOST_OF_A_CROWD", 2)
    first = snapshots.ask(new(crowd))
    snapshots.ask(new(crowd))
    with pytest.raises(TooManySnapshots):
        snapshots.ask(new(crowd))
    snapshots.ask(new(f"{crowd}x"))
    snapshots.give_up(first.id)
    snapshots.ask(new(crowd))


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(MySQLUnavailable, match=r"mysql at 127\.0\.0\.1:1: "):
        SnapshotTable(Settings(mysql=MySQL(port=1))).read("x")
