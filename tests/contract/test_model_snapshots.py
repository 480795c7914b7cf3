"""Snapshots of models that learn: those in MySQL, and those in memory."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text

from stores.models.files import LARGEST_FILE_BYTES, DamagedFile
from stores.models.snapshots import KEPT, ModelSnapshots, NewSnapshot, Overtaken, Snapshot, SnapshotState
from stores.mysql import MySQLUnavailable
from stores.registry.engine import engine
from stores.registry.schema import migrate
from stores.settings import MySQL, Settings
from tests.fakes.memory_snapshots import MemorySnapshots

AT_MS = 1_790_000_000_123
GOOD, HELD, FROZEN, WITHDRAWN = SnapshotState.GOOD, SnapshotState.HELD, SnapshotState.FROZEN, SnapshotState.WITHDRAWN


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def snapshots(request):
    if request.param == "memory":
        yield MemorySnapshots()
        return
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    real = ModelSnapshots(settings)
    yield real
    real.close()
    # A learner that finds them would refuse to go on: their files are no models.
    with engine(settings).begin() as connection:
        connection.execute(text("DELETE FROM model_snapshots WHERE model LIKE 'm\\_%'"))


@pytest.fixture
def name():
    return f"m_{uuid.uuid4().hex[:12]}"


def new(name, number, state=GOOD, examples=None, content=None, reason="", above=None):
    content = content or f"{name} {number}".encode()
    return NewSnapshot(name, number, content, {0: number * 10}, examples or number, state, reason, above)


def mine(snapshots, *names):
    return [(snapshot, content) for snapshot, content in snapshots.newest() if snapshot.model in names]


def test_the_newest_of_every_model_is_what_a_learner_goes_on_from(snapshots, name):
    other = name + "_other"
    snapshots.save([new(name, 1), new(other, 1, HELD)], AT_MS)
    snapshots.save([new(name, 2, FROZEN, content=b"\x00\xff", reason="window 3")], AT_MS + 5)
    ((newest, content), (second, _)) = mine(snapshots, name, other)
    assert (content, second.number) == (b"\x00\xff", 1)
    assert newest == Snapshot(name, 2, newest.sha256, {0: 20}, 2, FROZEN, "window 3", AT_MS + 5)
    assert snapshots.file(newest.sha256) == b"\x00\xff"


def test_the_newest_good_one_is_served(snapshots, name):
    assert snapshots.good(name) is None
    snapshots.save([new(name, 1, HELD)], AT_MS)
    assert snapshots.good(name) is None
    snapshots.save([new(name, 2)], AT_MS)
    snapshots.save([new(name, 3)], AT_MS)
    snapshots.save([new(name, 4, HELD)], AT_MS)
    assert snapshots.good(name).number == 3


def test_what_was_learned_since_is_withdrawn_with_the_reason(snapshots, name):
    other = name + "_other"
    for number, examples in ((1, 100), (2, 200), (3, 300)):
        snapshots.save([new(name, number, examples=examples), new(other, number, examples=examples)], AT_MS)
    snapshots.save([new(name, 4, HELD, 350)], AT_MS)
    snapshots.save([new(name, 5, FROZEN, 400, reason="poison", above=200)], AT_MS)
    found = [(each.number, each.state, each.reason) for each in snapshots.listed(name)]
    assert found == [
        (5, FROZEN, "poison"), (4, HELD, ""), (3, WITHDRAWN, "poison"), (2, GOOD, ""), (1, GOOD, ""),
    ]  # fmt: skip
    assert snapshots.good(name).number == 2 and snapshots.good(other).number == 3


def test_of_two_learners_the_second_is_told_and_nothing_of_it_is_kept(snapshots, name):
    other = name + "_other"
    snapshots.save([new(name, 1)], AT_MS)
    with pytest.raises(Overtaken, match=name):
        snapshots.save([new(other, 1), new(name, 1, content=b"another")], AT_MS)
    assert [snapshot.model for snapshot, _ in mine(snapshots, name, other)] == [name]


def test_a_file_that_is_too_large_keeps_all_from_being_written(snapshots, name):
    with pytest.raises(ValueError, match="a model's file"):
        snapshots.save([new(name, 1), new(name, 2, content=b"x" * (LARGEST_FILE_BYTES + 1))], AT_MS)
    assert mine(snapshots, name) == []


def test_old_ones_are_forgotten_with_their_files_but_not_the_one_that_is_served(snapshots, name):
    snapshots.save([new(name, 1, HELD)], AT_MS)
    snapshots.save([new(name, 2)], AT_MS)
    (first,) = [each for each in snapshots.listed(name) if each.number == 1]
    for number in range(3, KEPT + 6):
        snapshots.save([new(name, number, HELD)], AT_MS)
    assert [each.number for each in snapshots.listed(name, 100)] == [*range(KEPT + 5, 5, -1), 2]
    assert snapshots.good(name).number == 2 and snapshots.file(snapshots.good(name).sha256)
    with pytest.raises(LookupError):
        snapshots.file(first.sha256)


def test_a_file_that_two_snapshots_share_stays_for_the_one_that_is_left(snapshots, name):
    for number in range(1, KEPT + 3):
        snapshots.save([new(name, number, HELD, content=name.encode())], AT_MS)
    assert snapshots.file(snapshots.listed(name, 1)[0].sha256) == name.encode()


@pytest.mark.stack
def test_a_snapshot_that_was_changed_in_the_store_is_not_used(stack):
    migrate(stack.settings)
    snapshots, name = ModelSnapshots(stack.settings), f"m_{uuid.uuid4().hex[:12]}"
    snapshots.save([new(name, 1)], AT_MS)
    sha256 = snapshots.good(name).sha256
    with engine(stack.settings).begin() as connection:
        connection.execute(text("UPDATE model_files SET content = 'evil' WHERE sha256 = :sha"), {"sha": sha256})
    try:
        with pytest.raises(DamagedFile, match=sha256):
            snapshots.newest()
    finally:
        with engine(stack.settings).begin() as connection:
            connection.execute(text("DELETE FROM model_snapshots WHERE model = :name"), {"name": name})
        snapshots.close()


def test_a_mysql_that_is_away_is_named():
    away = ModelSnapshots(Settings(mysql=MySQL(host="127.0.0.1", port=1)), answer_seconds=0.2)
    with pytest.raises(MySQLUnavailable):
        away.newest()
