"""The life of tag versions: what is allowed, what is refused and why."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging import lifecycle
from tagging.lifecycle import Policy, Refused, Status, Tag, TagVersion

POLICY = Policy(rollback_window_ms=1_000)
EMPTY = Tag("heat", "product", "behaviour")

# What each step needs and leaves behind, written down apart from the code.
ALLOWED = {
    "approve": {"draft": "draft"},
    "build": {"draft": "building", "failed": "building"},
    "ready": {"building": "ready"},
    "fail": {"draft": "failed", "building": "failed", "ready": "failed"},
    "switch": {"ready": "live"},
    "roll_back": {"retired": "live"},
    "retire": {"live": "retired"},
}
STEPS = {
    "approve": lambda tag, n, at: lifecycle.approve(tag, n, "bob"),
    "build": lambda tag, n, at: lifecycle.build(tag, n, at, POLICY),
    "ready": lifecycle.ready,
    "fail": lambda tag, n, at: lifecycle.fail(tag, n, "no slot", at),
    "switch": lifecycle.switch,
    "roll_back": lambda tag, n, at: lifecycle.roll_back(tag, n, at, POLICY),
    "retire": lifecycle.retire,
}


def published(tag: Tag, at_ms: int) -> Tag:
    tag = lifecycle.add(tag, f"text {at_ms}", "ann", at_ms)
    number = tag.versions[-1].version
    return lifecycle.switch(lifecycle.ready(lifecycle.build(tag, number, at_ms, POLICY), number, at_ms), number, at_ms)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", *STEPS]), st.integers(1, 3), st.integers(0, 600)), max_size=25))
def test_a_step_is_taken_exactly_where_it_is_allowed_and_never_two_are_live(steps):
    tag, at_ms = EMPTY, 0
    for name, number, passed_ms in steps:
        at_ms += passed_ms
        if name == "add":
            tag = lifecycle.add(tag, "text", "ann", at_ms)
        elif number <= len(tag.versions):
            before = tag.versions[number - 1]
            wanted = ALLOWED[name].get(before.status)
            under_way = {v.version for v in tag.versions if v.status in ("building", "ready")}
            if name == "build" and any(other > number for other in under_way):
                wanted = None
            if name == "roll_back" and at_ms - before.changed_at_ms >= 1_000:
                wanted = None
            if wanted:
                tag = STEPS[name](tag, number, at_ms)
                assert tag.versions[number - 1].status == wanted
                if name == "build":
                    superseded = [tag.version(other) for other in under_way]
                    assert all(v.cause == f"superseded by version {number}" for v in superseded)
                    assert all(v.status is Status.FAILED for v in superseded)
            else:
                with pytest.raises(Refused):
                    STEPS[name](tag, number, at_ms)
        assert sum(v.status is Status.LIVE for v in tag.versions) <= 1
        assert [v.version for v in tag.versions] == list(range(1, len(tag.versions) + 1))


def test_a_refusal_names_what_where_got_and_allowed():
    tag = lifecycle.add(EMPTY, "text", "ann", 0)
    with pytest.raises(Refused) as refused:
        lifecycle.switch(tag, 1, 0)
    assert str(refused.value) == "switch to version 1 of tag heat: it is draft; allowed: ready"


def test_nobody_approves_what_they_wrote_and_without_approval_nothing_is_built():
    strict = Policy(approval_required=True)
    tag = lifecycle.add(EMPTY, "text", "ann", 0)
    with pytest.raises(Refused, match="anybody else"):
        lifecycle.approve(tag, 1, "ann")
    with pytest.raises(Refused, match="not approved"):
        lifecycle.build(tag, 1, 0, strict)
    assert lifecycle.build(lifecycle.approve(tag, 1, "bob"), 1, 0, strict).versions[0].status is Status.BUILDING


def test_the_version_before_stays_for_rollback_until_its_window_ends():
    tag = published(published(EMPTY, 0), 5_000)
    assert lifecycle.roll_back(tag, 1, 5_999, POLICY).live.version == 1
    with pytest.raises(Refused, match="retired 1 s ago"):
        lifecycle.roll_back(tag, 1, 6_000, POLICY)


def test_an_older_version_is_not_built_behind_a_newer_one():
    tag = lifecycle.add(lifecycle.add(EMPTY, "one", "ann", 0), "two", "ann", 0)
    with pytest.raises(Refused, match="older than version 2 \\(building\\)"):
        lifecycle.build(lifecycle.build(tag, 2, 0, POLICY), 1, 0, POLICY)


def test_what_is_cleaned_is_removed_once_and_is_never_used_again():
    tag = published(published(EMPTY, 0), 5_000)
    with pytest.raises(Refused, match="not given up"):
        lifecycle.removed(tag, 1)
    gone = lifecycle.removed(lifecycle.clean(tag, 1, 6_000, POLICY), 1)
    assert gone.version(1).job == ""
    for step in (lambda: lifecycle.removed(gone, 1), lambda: lifecycle.roll_back(gone, 1, 5_001, POLICY)):
        with pytest.raises(Refused):
            step()


def test_a_failed_version_that_was_cleaned_is_not_built_again():
    tag = lifecycle.build(lifecycle.add(EMPTY, "text", "ann", 0), 1, 0, POLICY)
    tag = lifecycle.clean(lifecycle.fail(tag, 1, "no slot", 0), 1, 1_000, POLICY)
    with pytest.raises(Refused, match="a new version of the same text"):
        lifecycle.build(tag, 1, 1_000, POLICY)


def test_a_version_is_cleaned_after_the_window_and_once():
    tag = published(published(EMPTY, 0), 5_000)
    with pytest.raises(Refused, match="within its rollback window"):
        lifecycle.clean(tag, 1, 5_999, POLICY)
    tag = lifecycle.clean(tag, 1, 6_000, POLICY)
    with pytest.raises(Refused, match="cleaned already"):
        lifecycle.clean(tag, 1, 6_000, POLICY)


def test_a_version_that_was_written_as_under_way_is_built_under_the_same_rules():
    written = Tag("heat", "", "", (TagVersion(1, "text", "", 0, Status.READY),))
    with pytest.raises(Refused, match="not approved"):
        lifecycle.admit(written, 1, 5, Policy(approval_required=True))
    admitted = lifecycle.admit(written, 1, 5, POLICY)
    assert (admitted.version(1).status, admitted.version(1).job) == (Status.BUILDING, "tag.heat.v1")
    with pytest.raises(Refused, match=r"carried by tag\.heat\.v1 already"):
        lifecycle.admit(admitted, 1, 5, POLICY)


def test_a_failed_build_keeps_its_cause_until_it_is_tried_again():
    tag = lifecycle.build(lifecycle.add(EMPTY, "text", "ann", 0), 1, 0, POLICY)
    failed = lifecycle.fail(tag, 1, "batch has 3, hbase has 2", 1)
    assert failed.versions[0].cause == "batch has 3, hbase has 2"
    assert lifecycle.build(failed, 1, 2, POLICY).versions[0].cause == ""


def test_a_version_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(LookupError, match="no version 7; there are: 1"):
        lifecycle.ready(lifecycle.add(EMPTY, "text", "ann", 0), 7, 0)
