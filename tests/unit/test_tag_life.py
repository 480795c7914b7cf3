"""A tag's life by hand."""

from __future__ import annotations

import pytest

from jobs.tag_files import BUILTIN, draft
from jobs.tag_life import as_row, before_live, change, live_number, until_live
from tagging import lifecycle
from tagging.definition import parse_definition
from tagging.lifecycle import Policy
from tests.fakes.memory_registry import MemoryRegistry

FILE = (BUILTIN / "heat_1h.sql").read_text(encoding="utf-8")
WIDER = parse_definition(FILE.replace("INTERVAL '1' HOUR", "INTERVAL '3' HOUR"))


def go_live(registry: MemoryRegistry, number: int, at_ms: int) -> None:
    for step in (
        lambda tag: lifecycle.build(tag, number, at_ms, Policy()),
        lambda tag: lifecycle.ready(tag, number, at_ms),
        lambda tag: lifecycle.switch(tag, number, at_ms),
    ):
        change(registry, "heat_1h", "ann", "step", at_ms, lambda tag, step=step: (step(tag), number))


def roll_back(registry: MemoryRegistry, at_ms: int) -> int:
    def back(tag):
        return lifecycle.roll_back(tag, before_live(tag), at_ms, Policy()), before_live(tag)

    return change(registry, "heat_1h", "ann", "rollback", at_ms, back)


def test_a_draft_of_a_built_in_tag_is_its_second_version_and_the_first_stays_live():
    registry = MemoryRegistry()
    assert draft(registry, WIDER, "ann", 1) == 2
    row = as_row(registry.tag("heat_1h"))
    assert row["live"] == 1
    assert [(v["version"], v["status"], v["job"]) for v in row["versions"]] == [(1, "live", "tags"), (2, "draft", "")]


def test_the_same_text_twice_is_refused_by_the_number_that_has_it():
    registry = MemoryRegistry()
    draft(registry, WIDER, "ann", 1)
    with pytest.raises(ValueError, match="as version 2"):
        draft(registry, WIDER, "ann", 2)


def test_a_rollback_goes_to_the_version_that_was_live_last_and_back_again():
    registry = MemoryRegistry()
    draft(registry, WIDER, "ann", 1)
    go_live(registry, 2, 2)
    assert [roll_back(registry, at_ms) for at_ms in (3, 4, 5)] == [1, 2, 1]
    assert live_number(registry.tag("heat_1h")) == 1
    assert registry.audit("heat_1h")[0].what == "rollback"


def test_a_rollback_after_a_move_into_a_shared_job_goes_to_the_text_before():
    registry = MemoryRegistry()
    draft(registry, WIDER, "ann", 1)
    go_live(registry, 2, 2)
    change(
        registry, "heat_1h", "controller", "move", 3, lambda tag: (lifecycle.move(tag, "shared.v1", "controller", 3), 3)
    )
    for step in (lifecycle.ready, lifecycle.switch):
        change(registry, "heat_1h", "controller", "step", 4, lambda tag, step=step: (step(tag, 3, 4), 3))
    assert live_number(registry.tag("heat_1h")) == 3
    assert roll_back(registry, 5) == 1


def test_without_a_version_that_was_live_there_is_no_rollback():
    registry = MemoryRegistry()
    draft(registry, WIDER, "ann", 1)
    with pytest.raises(LookupError, match="no version to roll back to"):
        roll_back(registry, 2)


def test_an_unknown_tag_is_named():
    with pytest.raises(LookupError, match="there is no tag nope"):
        change(MemoryRegistry(), "nope", "ann", "retire", 1, lambda tag: (tag, 1))


def test_a_tag_without_a_live_version_cannot_be_retired_by_name():
    registry = MemoryRegistry()
    draft(registry, WIDER, "ann", 1)
    change(registry, "heat_1h", "ann", "retire", 2, lambda tag: (lifecycle.retire(tag, 1, 2), 1))
    with pytest.raises(LookupError, match="no live version"):
        live_number(registry.tag("heat_1h"))


def waited(registry: MemoryRegistry, *steps) -> list[str]:
    """What is said while a step is taken in each pause."""
    left = iter(steps)
    return list(until_live(registry, "heat_1h", 2, lambda: next(left)()))


def step(registry: MemoryRegistry, transition):
    return lambda: change(registry, "heat_1h", "ann", "step", 2, lambda tag: (transition(tag), 2))


def built() -> MemoryRegistry:
    registry = MemoryRegistry()
    draft(registry, WIDER, "ann", 1)
    step(registry, lambda tag: lifecycle.build(tag, 2, 2, Policy()))()
    return registry


def test_who_waits_for_a_version_is_told_each_step_once():
    registry = built()
    ready = step(registry, lambda tag: lifecycle.ready(tag, 2, 3))
    live = step(registry, lambda tag: lifecycle.switch(tag, 2, 4))
    assert waited(registry, lambda: None, ready, lambda: None, live) == [
        f"heat_1h: version 2 is {status}" for status in ("building", "ready", "live")
    ]


def test_who_waits_for_a_version_that_fails_is_told_the_cause():
    registry = built()
    with pytest.raises(ValueError, match="version 2 is failed: two users differ"):
        waited(registry, step(registry, lambda tag: lifecycle.fail(tag, 2, "two users differ", 3)))
