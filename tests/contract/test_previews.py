"""Previews of drafts: those in MySQL, and those in memory."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from stores.mysql import MySQLUnavailable
from stores.registry.previews import MOST_WAITING, Preview, PreviewTable, State, TooManyPreviews
from stores.registry.schema import migrate
from stores.settings import MySQL, Settings
from tests.fakes.memory_previews import MemoryPreviews

AT_MS = 1_790_000_000_123
STALE_MS = 60_000
EVER_MS = 4_000_000_000_000


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def previews(request):
    if request.param == "memory":
        yield MemoryPreviews()
        return
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    real = PreviewTable(settings)
    real.forget(EVER_MS)
    yield real
    real.close()


def new(at_ms: int = AT_MS) -> Preview:
    return Preview(uuid.uuid4().hex, "-- 用户 😀\nSELECT '%s' AS value", "ann", at_ms)


def test_a_preview_is_asked_taken_and_answered(previews):
    asked = previews.ask(new())
    assert previews.read(asked.id) == asked
    taken = previews.take(AT_MS + 5, STALE_MS)
    assert taken == replace(asked, state=State.RUNNING, started_at_ms=AT_MS + 5) == previews.read(asked.id)
    assert previews.take(AT_MS + 6, STALE_MS) is None
    assert previews.finish(taken, AT_MS + 9, {"users": 3, "values": [["金", 1.5]]})
    done = previews.read(asked.id)
    assert (done.state, done.ended_at_ms, done.result) == (State.DONE, AT_MS + 9, {"users": 3, "values": [["金", 1.5]]})
    assert previews.take(AT_MS + 2 * STALE_MS, STALE_MS) is None


def test_a_failure_keeps_its_cause_in_bounds(previews):
    previews.ask(new())
    taken = previews.take(AT_MS, STALE_MS)
    assert previews.finish(taken, AT_MS, None, "x" * 5_000)
    failed = previews.read(taken.id)
    assert (failed.state, failed.result, failed.cause) == (State.FAILED, None, "x" * 1_000)


def test_the_oldest_is_taken_first(previews):
    late, early = previews.ask(new(AT_MS + 1)), previews.ask(new(AT_MS))
    assert [previews.take(AT_MS + 2, STALE_MS).id for _ in range(2)] == [early.id, late.id]


def test_one_whose_taker_died_is_taken_again_and_the_late_answer_does_not_count(previews):
    previews.ask(new())
    first = previews.take(AT_MS, STALE_MS)
    assert previews.take(AT_MS + STALE_MS, STALE_MS) is None
    second = previews.take(AT_MS + STALE_MS + 1, STALE_MS)
    assert second.id == first.id
    assert not previews.finish(first, AT_MS, {"by": "first"})
    assert previews.finish(second, AT_MS, {"by": "second"})
    assert previews.read(first.id).result == {"by": "second"}


def test_the_same_id_is_one_preview(previews):
    asked = previews.ask(new())
    previews.take(AT_MS, STALE_MS)
    assert previews.ask(replace(asked, text="other")).text == asked.text
    assert previews.read(asked.id).state is State.RUNNING


def test_no_more_wait_than_may_wait(previews):
    for _ in range(MOST_WAITING):
        previews.ask(new())
    with pytest.raises(TooManyPreviews):
        previews.ask(new())
    previews.take(AT_MS, STALE_MS)
    previews.ask(new())


def test_what_is_old_is_forgotten(previews):
    old, young = previews.ask(new(AT_MS - 1)), previews.ask(new(AT_MS))
    assert previews.forget(AT_MS) == 1
    assert previews.read(old.id) is None
    assert previews.read(young.id) == young


@pytest.mark.stack
def test_of_takers_at_once_each_gets_another(stack):
    migrate(stack.settings)
    table = PreviewTable(stack.settings)
    table.forget(EVER_MS)
    asked = {table.ask(new()).id for _ in range(4)}
    with ThreadPoolExecutor(6) as pool:
        taken = [found.id for found in pool.map(lambda _: table.take(AT_MS, STALE_MS), range(6)) if found]
    assert sorted(taken) == sorted(asked)
    table.close()


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(MySQLUnavailable, match=r"mysql at 127\.0\.0\.1:1: "):
        PreviewTable(Settings(mysql=MySQL(port=1))).read("x")
