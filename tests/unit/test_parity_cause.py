"""Which cause the rows of the log speak for. Where several explain a difference equally well, none is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.parity import Finding, Outcome, Stored, judge
from tagging.parity_cause import DAY_MS, Cause, Emitted, Evidence, InputRow, diagnose
from tagging.parity_report import MOST_ROWS, explained
from tagging.windows import MINUTE_MS, Window

NOW = 29_500_020
NOW_MS = NOW * MINUTE_MS
HOUR = Window("events", 60, 20)
STORED_AT = 5


def evidence(*rows: InputRow, said: Any = None, **more: Any) -> Evidence:
    """The stream said what the store holds, and the rows are these."""
    emitted = () if said is None else (Emitted(said, STORED_AT, NOW_MS),)
    return Evidence(NOW_MS + 1, NOW, (HOUR,), rows, emitted, **more)


def event(key: str, minutes_ago: float, late_minutes: float = 0, offset: int = 0) -> InputRow:
    at_ms = NOW_MS - int(minutes_ago * MINUTE_MS)
    return InputRow("events", key, 0, offset, at_ms + int(late_minutes * MINUTE_MS), at_ms)


def finding(batch: Any, stored: Any) -> Finding:
    outcome = judge(batch, None if stored is None else Stored(stored, 0, STORED_AT), NOW_MS)
    return Finding("u1", outcome, batch, stored, None if stored is None else STORED_AT)


def cause(found: Finding, known: Evidence) -> Cause:
    return diagnose(found, known).cause


def test_no_row_and_no_message_explain_nothing():
    assert cause(finding(1, None), evidence()) is Cause.UNKNOWN
    assert cause(finding(1, 2), evidence(event("a", 5), said=2)) is Cause.UNKNOWN


def test_a_store_that_lacks_what_the_topic_says_is_at_fault_whatever_the_rows_are():
    known = replace(evidence(event("a", 30, late_minutes=20)), emitted=(Emitted(7, 9, NOW_MS),))
    diagnosis = diagnose(finding(7, None), known)
    assert diagnosis.cause is Cause.STORE_WRITE and "offset 9" in diagnosis.reason
    assert (
        cause(finding(7, 6), replace(known, emitted=(Emitted(6, STORED_AT, 1), Emitted(7, 9, NOW_MS))))
        is Cause.STORE_WRITE
    )


def test_what_the_topic_says_after_the_barrier_is_no_fault_of_the_store():
    known = replace(
        evidence(event("a", 30, late_minutes=20)), emitted=(Emitted(6, STORED_AT, 1), Emitted(7, 9, NOW_MS + 2))
    )
    assert cause(finding(7, 6), known) is Cause.LATE_EVENT


def test_a_count_that_lacks_as_many_as_were_late_lost_the_late_ones():
    rows = [event(f"e{n}", 30, offset=n) for n in range(4)] + [event("l1", 40, 30, 8), event("l2", 40, 35, 9)]
    diagnosis = diagnose(finding(6, 4), evidence(*rows, said=4))
    assert diagnosis.cause is Cause.LATE_EVENT
    assert [row.key for row in diagnosis.rows] == ["l1", "l2"]


def test_a_row_that_had_left_when_it_was_logged_and_counts_all_the_same_is_late():
    rows = [event("here", 10), event("gone", 200, late_minutes=199, offset=1)]
    assert cause(finding(1, 2), evidence(*rows, said=2)) is Cause.LATE_EVENT
    assert cause(finding(None, "hot"), evidence(rows[1], said="hot")) is Cause.LATE_EVENT


def test_a_count_that_has_as_many_more_as_there_are_copies_counted_them():
    rows = [event("e1", 30), event("e1", 30, offset=1), event("e2", 20, offset=2)]
    assert cause(finding(2, 3), evidence(*rows, said=3)) is Cause.DUPLICATE
    assert cause(finding("few", "many"), evidence(*rows, said="many")) is Cause.DUPLICATE


def test_a_copy_that_came_after_its_event_was_forgotten_is_the_cause_even_beside_late_events():
    forgotten = [event("e1", 30 * 24 * 60), event("e1", 30 * 24 * 60, late_minutes=9 * 24 * 60, offset=1)]
    known = replace(evidence(*forgotten, event("l", 40, 30, 2), said="many"), deduplicate_days=7)
    assert cause(finding("few", "many"), known) is Cause.DUPLICATE
    assert cause(finding("few", "many"), replace(known, deduplicate_days=10)) is Cause.UNKNOWN


def test_copies_and_late_events_that_explain_equally_little_are_both_told_and_none_is_named():
    known = evidence(event("e1", 30), event("e1", 30, offset=1), event("l", 40, 30, 2), said="many")
    diagnosis = diagnose(finding("few", "many"), known)
    assert diagnosis.cause is Cause.UNKNOWN
    assert {suspect.cause for suspect in diagnosis.suspects} == {Cause.DUPLICATE, Cause.LATE_EVENT}
    assert "duplicate" in diagnosis.reason and "late_event" in diagnosis.reason


def change(op: str, offset: int, position: int, partition: int = 0) -> InputRow:
    return InputRow("orders", "o1", partition, offset, NOW_MS, NOW_MS, op, (7, position, 0))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([change("c", 1, 10), change("u", 2, 20)], Cause.UNKNOWN),
        ([change("u", 1, 20), change("c", 2, 10)], Cause.CDC_ORDER),
        ([change("c", 1, 10, partition=0), change("d", 1, 20, partition=1)], Cause.CDC_ORDER),
    ],
)
def test_changes_of_a_row_out_of_the_databases_order_are_named(rows, expected):
    assert cause(finding("paid", "refunded"), evidence(*rows, said="refunded")) is expected


def test_equal_times_decide_nothing_about_a_count_and_all_about_a_first_or_last():
    rows = [event("a", 30), event("b", 30, offset=1)]
    assert cause(finding("cart", "view"), evidence(*rows, said="view")) is Cause.TIE
    assert cause(finding(2, 5), evidence(*rows, said=5)) is Cause.UNKNOWN
    between = [event("x", 40), *rows, event("y", 20, offset=2)]
    suspects = diagnose(finding("cart", "view"), evidence(*between, said="view")).suspects
    assert [(suspect.cause, suspect.strength > 1) for suspect in suspects] == [(Cause.TIE, False)]


def test_a_job_of_other_sql_is_named_before_any_row():
    known = evidence(event("e1", 30), event("e1", 30, offset=1), said=3, other_sql=True)
    assert cause(finding(1, 2), replace(known, emitted=(Emitted(2, STORED_AT, 1),))) is Cause.VERSION_SKEW


def test_another_versions_value_is_a_skew_only_where_the_topic_never_had_it():
    known = evidence(said=4, other_versions={1: 9})
    assert cause(finding(4, 9), known) is Cause.VERSION_SKEW
    assert cause(finding(4, 8), known) is Cause.STORE_WRITE
    assert cause(finding(4, 9), replace(known, emitted=(Emitted(9, 3, 1), Emitted(4, 9, 2)))) is Cause.STORE_WRITE


rows = st.builds(
    InputRow,
    st.sampled_from(["events", "orders"]),
    st.sampled_from("ab"),
    st.integers(0, 1),
    st.integers(0, 9),
    st.integers(NOW_MS - 10 * DAY_MS, NOW_MS),
    st.none() | st.integers(NOW_MS - 10 * DAY_MS, NOW_MS),
    st.sampled_from(["event", "c", "u", "d"]),
    st.sampled_from([(), (7, 1, 0), (7, 2, 0)]),
    st.text(max_size=5),
)
values = st.sampled_from([None, 0, 1, 2, True, "a", "b", 1.5])


@given(
    batch=values,
    stored=values,
    known=st.builds(
        Evidence,
        st.just(NOW_MS),
        st.just(NOW),
        st.sampled_from([(), (HOUR,)]),
        st.lists(rows, max_size=6),
        st.lists(st.builds(Emitted, values, st.integers(0, 9), st.integers(NOW_MS - 5, NOW_MS + 5)), max_size=3),
        st.dictionaries(st.integers(1, 2), values, max_size=2),
        st.booleans(),
    ),
)
def test_whatever_the_rows_are_there_is_one_label_with_a_reason_and_only_suspects_can_be_named(batch, stored, known):
    found = Finding("u1", Outcome.DIFFERENT, batch, stored, None if stored is None else STORED_AT)
    diagnosis = diagnose(found, known)
    assert diagnosis.reason
    assert diagnosis.cause is Cause.UNKNOWN or diagnosis.cause in {suspect.cause for suspect in diagnosis.suspects}
    assert set(diagnosis.rows) <= set(known.rows)


def test_of_many_rows_those_that_decide_are_shown_first_and_the_rest_is_counted():
    many = [event(f"e{n}", 30, offset=n) for n in range(100)]
    known = evidence(*many, event("late", 40, 30, 100), said=100)
    shown = explained(finding(101, 100), known)
    assert shown.cause == "late_event"
    assert (len(shown.evidence["rows"]), shown.evidence["rows_total"]) == (MOST_ROWS, 101)
    assert shown.evidence["rows"][0]["key"] == "late" and shown.evidence["rows"][0]["decides"]
    assert shown.evidence["rows"][0]["leaves_at_ms"] > NOW_MS == shown.evidence["tick_ms"]
