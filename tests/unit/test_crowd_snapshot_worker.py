"""The worker of snapshots: each is made once, or has a cause, or waits for a store that is away."""

from __future__ import annotations

import threading

import pytest

from jobs.crowd_snapshots import STALE_MS, SnapshotWorker
from jobs.worker import work
from stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable
from stores.snapshots import Snapshot, State, Taken
from tagging import bound_rules
from tagging.crowds import HasValue
from tests.fakes.api_stores import AT_MS, seeded

BOUND = bound_rules.bind(HasValue("tier", ("gold",)), {"tier": 1})


class Broken:
    """Users whose writing fails in turn with what it is told."""

    def __init__(self, users, *errors):
        self._users, self.errors = users, list(errors)

    def __getattr__(self, name):
        return getattr(self._users, name)

    def keep(self, *given):
        made = self._users.keep(*given)
        if self.errors:
            error = self.errors.pop(0)
            if callable(error):
                error()
            else:
                raise error
        return made


@pytest.fixture
def times():
    return seeded().crowd_times


def ask(times, id="a" * 32):
    return times.snapshots.ask(Snapshot(id, "vip", 1, {}, BOUND.text(), "ann", AT_MS))


def worker(times, *errors, at_ms=AT_MS):
    return SnapshotWorker(times.snapshots, Broken(times.users, *errors), lambda: at_ms)


def test_a_snapshot_is_made_of_the_newest_generation(times):
    asked = ask(times)
    assert worker(times).step()
    done = times.snapshots.read(asked.id)
    assert (done.state, done.taken) == (State.DONE, Taken(7, AT_MS, AT_MS // 60_000, 2))
    assert times.users.kept[asked.id, 7] == {2, 4}
    assert not worker(times).step()


def test_while_clickhouse_is_away_it_waits_and_is_made_then(times):
    asked, made = ask(times), worker(times, ClickHouseUnavailable("refused"))
    with pytest.raises(ClickHouseUnavailable):
        made.step()
    assert times.snapshots.read(asked.id).state is State.ASKED
    assert made.step() and times.snapshots.read(asked.id).state is State.DONE


def test_one_that_is_refused_fails_with_its_cause_and_the_next_is_made(times):
    first, second = ask(times, "a" * 32), ask(times, "b" * 32)
    made = worker(times, ClickHouseRefused("no such column\nand more"))
    assert [made.step() for _ in range(3)] == [True, True, False]
    failed = times.snapshots.read(first.id)
    assert (failed.state, failed.cause) == (State.FAILED, "no such column")
    assert times.snapshots.read(second.id).state is State.DONE


def test_what_was_given_up_is_removed(times):
    asked = ask(times)
    worker(times).step()
    times.snapshots.give_up(asked.id)
    assert not worker(times).step()
    assert (times.users.kept, list(times.snapshots.given_up())) == ({}, [])


def test_one_that_is_given_up_and_removed_while_it_is_made_leaves_nothing(times):
    asked = ask(times)

    def given_up():
        times.snapshots.give_up(asked.id)
        times.snapshots.forget(asked.id)

    worker(times, given_up).step()
    assert times.users.kept == {}


def test_one_that_another_worker_has_made_since_keeps_its_users(times):
    asked = ask(times)

    def overtaken():
        worker(times, at_ms=AT_MS + STALE_MS + 1).step()

    worker(times, overtaken).step()
    assert times.snapshots.read(asked.id).taken.users == len(times.users.kept[asked.id, 7]) == 2


def test_work_goes_on_when_its_stores_are_back(times):
    asked, stop, prepared = ask(times), threading.Event(), []

    def prepare():
        prepared.append(1)
        if len(prepared) < 2:
            raise ClickHouseUnavailable("refused")

    work(prepare, worker(times, ClickHouseUnavailable("refused"), stop.set), stop, idle_seconds=0.001)
    assert times.snapshots.read(asked.id).state is State.DONE and len(prepared) == 2
