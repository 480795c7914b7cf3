"""Watched crowds: those in MySQL, and those in memory."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from stores import watches as module
from stores.mysql import MySQLUnavailable
from stores.registry.schema import migrate
from stores.settings import MySQL, Settings
from stores.watches import WatchTable
from tagging.crowd_watches import Planned, Policy, TooManyWatches, Watch, WatchMissing
from tests.fakes import memory_deltas
from tests.fakes.memory_deltas import MemoryWatches

AT_MS = 1_790_000_000_123
NEXT = Planned(1, "a1", 1_790_000_000_000, 1, 3_000_000_000, False, '{"rule":"用户 %s"}', 1, 2, 1, 2, 1, AT_MS)


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def watches(request):
    if request.param == "memory":
        yield MemoryWatches()
        return
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    real = WatchTable(settings)
    for held in real.all():
        real.remove(held.crowd)
    yield real
    real.close()


def new(crowd="vip", **more):
    policy = Policy(never_again=True, rest_seconds=60, most_enters=3, within_hours=48)
    return Watch(uuid.uuid4().hex, crowd, "ann", AT_MS, policy, **more)


def test_a_watch_is_read_back_as_it_was_put(watches):
    vip, other = new(dry_run=True, tells_present=True), new("b", planned=NEXT, problem="no tag")
    watches.put(vip)
    watches.put(other)
    assert list(watches.all()) == [other, vip]
    assert (watches.of("vip"), watches.of("nobody")) == (vip, None)


def test_a_watch_that_is_put_again_is_another_one(watches):
    watches.put(new(planned=NEXT))
    again = new()
    watches.put(again)
    assert watches.of("vip") == again


def test_another_policy_leaves_what_was_told(watches):
    watches.put(watch := new(planned=NEXT))
    watches.change(watch, Policy())
    assert watches.of("vip") == replace(watch, policy=Policy())
    watches.change(replace(watch, policy=Policy()), Policy())
    with pytest.raises(WatchMissing):
        watches.change(new("nobody"), Policy())


def test_a_batch_is_agreed_on_once_and_then_published(watches):
    watches.put(watch := new())
    assert watches.agree(watch, NEXT)
    assert watches.of("vip").planned == NEXT
    assert not watches.agree(watch, replace(NEXT, attempt="other"))
    agreed = replace(watch, planned=NEXT)
    assert not watches.agree(agreed, replace(NEXT, batch=2)), "the batch before is not published"
    watches.note_published(watch)
    assert watches.of("vip").planned == NEXT, "another batch was"
    watches.note_published(agreed)
    assert watches.of("vip").planned == replace(NEXT, published=True)
    assert watches.agree(agreed, replace(NEXT, batch=2, attempt="a2"))


def test_nothing_is_agreed_on_for_a_watch_that_is_no_more(watches):
    watches.put(watch := new())
    watches.put(new())
    assert not watches.agree(watch, NEXT)
    assert watches.remove("vip") and not watches.remove("vip")
    assert not watches.agree(watch, NEXT)
    assert list(watches.all()) == []


def test_a_problem_is_kept_in_bounds(watches):
    watches.put(watch := new())
    watches.note_problem(watch, "x" * 5_000)
    assert watches.of("vip").problem == "x" * 1_000
    watches.note_problem(watch, "")
    assert watches.of("vip") == watch


def test_no_more_crowds_are_watched_than_may_be(watches, monkeypatch):
    for place in (module, memory_deltas):
        monkeypatch.setattr(place, "MAX_WATCHES", 1)
    watches.put(new())
    watches.put(new())
    with pytest.raises(TooManyWatches):
        watches.put(new("other"))


@pytest.mark.stack
def test_of_those_who_plan_at_once_one_is_agreed_with(stack):
    migrate(stack.settings)
    table = WatchTable(stack.settings)
    table.put(watch := new())
    with ThreadPoolExecutor(4) as pool:
        agreed = list(pool.map(lambda number: table.agree(watch, replace(NEXT, attempt=f"a{number}")), range(4)))
    assert sum(agreed) == 1 and table.of("vip").planned.attempt == f"a{agreed.index(True)}"
    table.remove("vip")
    table.close()


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(MySQLUnavailable, match=r"mysql at 127\.0\.0\.1:1: "):
        WatchTable(Settings(mysql=MySQL(port=1))).all()
