"""Webhooks of crowds: those in MySQL, and those in memory."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from stores import hooks as module
from stores.hooks import HookTable
from stores.mysql import MySQLUnavailable
from stores.registry.schema import migrate
from stores.settings import MySQL, Settings
from tagging.webhooks import Delivery, Hook, State, TooManyHooks
from tests.fakes import memory_deltas
from tests.fakes.memory_deltas import MemoryHooks

AT_MS = 1_790_000_000_123


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def hooks(request):
    if request.param == "memory":
        yield MemoryHooks()
        return
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    real = HookTable(settings)
    for held in real.due(2**45):
        real.remove(held.id)
    yield real
    real.close()


@pytest.fixture
def crowd():
    return f"c{uuid.uuid4().hex}"


def new(crowd, at_ms=AT_MS):
    return Hook(
        uuid.uuid4().hex, crowd, "https://hooks.example.com/%s?用户", "a secret: ' \\ %s", "ann", at_ms, "w1", 2**40
    )


def delivery(hook, first, last, ended_at_ms=AT_MS, cause=""):
    return Delivery(hook.id, "w1", first, last, 2, not cause, cause, ended_at_ms)


def test_hooks_are_read_back_as_they_were_added_the_oldest_first(hooks, crowd):
    late, early = new(crowd, AT_MS + 1), new(crowd, AT_MS)
    for hook in (late, early, new(f"{crowd}x")):
        hooks.add(hook)
    assert list(hooks.of(crowd)) == [early, late]
    hooks.remove(early.id)
    assert list(hooks.of(crowd)) == [late]


def test_what_a_hook_took_is_noted_with_the_delivery(hooks, crowd):
    hooks.add(hook := new(crowd))
    after = replace(hook, after=2**40 + 7, attempts=0, watch="w2")
    assert hooks.note(hook, after, delivery(hook, 2**40 + 1, 2**40 + 7))
    assert list(hooks.of(crowd)) == [after]
    [ended] = hooks.deliveries(hook.id, None, 9)
    assert replace(ended, number=0) == delivery(hook, 2**40 + 1, 2**40 + 7)


def test_a_hook_that_waits_or_is_dead_is_not_due(hooks, crowd):
    hooks.add(hook := new(crowd))
    waits = replace(hook, attempts=1, next_at_ms=AT_MS + 10, cause="x" * 5_000)
    assert hooks.note(hook, waits, None)
    assert crowd not in {held.crowd for held in hooks.due(AT_MS + 9)}
    waits = replace(waits, cause="x" * 1_000)
    assert waits in hooks.due(AT_MS + 10)
    dead = replace(waits, state=State.DEAD, attempts=2)
    assert hooks.note(waits, dead, delivery(hook, 1, 2, cause="y" * 5_000))
    assert dead not in hooks.due(2**41)
    assert hooks.deliveries(hook.id, None, 1)[0].cause == "y" * 1_000
    hooks.replay(dead, 5)
    assert list(hooks.of(crowd)) == [replace(hook, after=5)]


def test_what_was_replayed_or_removed_in_between_is_not_noted(hooks, crowd):
    hooks.add(hook := new(crowd))
    hooks.replay(hook, 1)
    assert not hooks.note(hook, replace(hook, after=99), delivery(hook, 1, 99))
    assert list(hooks.of(crowd)) == [replace(hook, after=1)]
    hooks.remove(hook.id)
    assert not hooks.note(replace(hook, after=1), hook, delivery(hook, 1, 9))
    assert list(hooks.deliveries(hook.id, None, 9)) == []


def test_deliveries_come_page_by_page_and_old_ones_are_forgotten(hooks, crowd):
    hooks.add(hook := new(crowd))
    for first in (1, 2, 3):
        assert hooks.note(hook, hook, delivery(hook, first, first, AT_MS + first))
    newest = hooks.deliveries(hook.id, None, 2)
    assert [each.first_sequence for each in newest] == [3, 2]
    assert [each.first_sequence for each in hooks.deliveries(hook.id, newest[-1].number, 2)] == [1]
    hooks.forget(AT_MS + 3)
    assert [each.first_sequence for each in hooks.deliveries(hook.id, None, 9)] == [3]


def test_a_crowd_has_no_more_hooks_than_it_may(hooks, crowd, monkeypatch):
    for place in (module, memory_deltas):
        monkeypatch.setattr(place, "MOST_OF_A_CROWD", 1)
    hooks.add(new(crowd))
    with pytest.raises(TooManyHooks):
        hooks.add(new(crowd))
    hooks.add(new(f"{crowd}x"))


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(MySQLUnavailable, match=r"mysql at 127\.0\.0\.1:1: "):
        HookTable(Settings(mysql=MySQL(port=1))).of("vip")
