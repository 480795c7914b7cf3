"""The table of erasures: that of MySQL, and the one in memory."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest

from stores.erasures import ErasureTable
from stores.registry.schema import migrate
from stores.settings import Erasure as ErasureSettings
from tagging.erasure import Erasure, State, Step, StepState, Subjects
from tests.fakes.memory_erasures import SECRET, MemoryErasures

AT_MS = 1_790_000_000_000


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def erasures(request) -> Any:
    if request.param == "memory":
        return MemoryErasures()
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    return ErasureTable(settings.model_copy(update={"erasure": ErasureSettings(secret=SECRET)}))


@pytest.fixture
def asked(erasures) -> Erasure:
    return erasures.ask(new(f"u/我 {uuid.uuid4().hex}"))


def new(user_id: str) -> Erasure:
    return Erasure(uuid.uuid4().hex, Subjects(SECRET).of(user_id).hex(), user_id, "ann", AT_MS)


def test_one_that_was_asked_for_is_read_as_it_was_and_asked_for_once(erasures, asked):
    assert erasures.read(asked.id) == asked
    assert (asked.state, asked.asked_at_ms, dict(asked.steps)) == (State.ASKED, AT_MS, {})
    assert erasures.ask(new(asked.user_id)).id == asked.id
    assert erasures.read("nobody") is None


def test_who_is_to_be_erased_is_known_at_once_and_stays_so(erasures, asked):
    user_id = asked.user_id
    assert erasures.among([user_id, "somebody"]) == {user_id}
    erasures.write(asked.completed(AT_MS))
    assert erasures.among([user_id]) == {user_id}


def test_progress_is_kept_with_its_steps_in_their_order(erasures, asked):
    steps = (Step("profiles", StepState.DONE, 5, AT_MS, None, "five"), Step("clickhouse"))
    running = replace(asked, state=State.RUNNING, user_no=7, published_at_ms=AT_MS, next_at_ms=AT_MS + 5).noting(*steps)
    erasures.write(running)
    held = erasures.read(asked.id)
    assert held == running
    assert list(held.steps) == ["profiles", "clickhouse"]
    failed = replace(running, state=State.FAILED, cause="x" * 999)
    erasures.write(failed)
    assert erasures.read(asked.id).cause == "x" * 999


def test_one_that_is_complete_names_nobody_and_stays_as_it_is(erasures, asked):
    erasures.write(asked.noting(Step("profiles", StepState.KEPT, 0, AT_MS, AT_MS + 9, "there")).completed(AT_MS + 3))
    erasures.write(asked)
    held = erasures.read(asked.id)
    assert (held.state, held.user_id, held.completed_at_ms) == (State.COMPLETE, None, AT_MS + 3)
    assert held.steps["profiles"].kept_until_ms == AT_MS + 9
    again = erasures.ask(new(asked.user_id))
    assert again.id != asked.id


def test_the_newest_come_first_and_pages_follow_one_another(erasures, asked):
    newer = erasures.ask(new(uuid.uuid4().hex))
    first = erasures.page(None, 1)
    assert [each.id for each in first] == [newer.id]
    assert [each.id for each in erasures.page(newer.id, 1)] == [asked.id]


def test_one_that_is_to_be_tried_later_waits_and_the_open_ones_are_counted(erasures, asked):
    erasures.write(replace(asked, next_at_ms=AT_MS + 100))
    # What other tests left is older.
    while (other := erasures.next(AT_MS + 100)) is not None and other.id != asked.id:
        erasures.write(other.completed(AT_MS))
    assert erasures.next(AT_MS + 99) is None
    assert erasures.next(AT_MS + 100).id == asked.id
    assert erasures.open() == (1, AT_MS)
    erasures.write(asked.completed(AT_MS))
    assert erasures.open() == (0, None)
