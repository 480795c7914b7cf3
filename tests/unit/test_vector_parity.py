"""Served vectors against the history of their tags, against an oracle that replays every history instant by instant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prediction.definition import Feature
from prediction.vector_parity import SETTLING_MS, Cause, Change, ServedVector, compare_vectors
from tagging.parity import EXAMPLES, Outcome

SPEND = Feature("spend", 2, "decimal")
AT_MS = 100_000
VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.sampled_from([0.0, 1.0, "gold", "1"]))
TIMES = st.lists(st.integers(AT_MS - 3 * SETTLING_MS, AT_MS), unique=True, max_size=6)


def served(value, *newest_first, others=None, at_ms=AT_MS):
    known = {("spend", 2): [Change(*change) for change in newest_first], **(others or {})}
    return ServedVector("p1", "u1", at_ms, {"spend": value}, known)


def judged(vector):
    [parity] = compare_vectors([SPEND], [vector])
    [outcome] = [outcome for outcome, count in parity.counts.items() if count]
    return outcome, parity.findings[0].cause if parity.findings else None, parity


def text(value):
    """Tells 1, 1.0, True and "1" apart."""
    return f"{type(value).__name__} {value!r}"


@given(times=TIMES, values=st.lists(VALUES, min_size=6, max_size=6), value=VALUES)
def test_a_value_is_equal_if_it_held_then_and_pending_if_it_held_while_changes_were_on_their_way(times, values, value):
    history = dict(zip(sorted(times), values, strict=False))

    def held(at_ms):
        past = [time for time in history if time <= at_ms]
        return text(history[max(past)] if past else None)

    now = held(AT_MS)
    recently = {
        held(at_ms) for at_ms in (AT_MS - SETTLING_MS, *(t - 1 for t in times), *times) if at_ms >= AT_MS - SETTLING_MS
    }
    if text(value) == now:
        expected = Outcome.EQUAL
    elif text(value) in recently:
        expected = Outcome.PENDING
    elif value is None:
        expected = Outcome.MISSING
    else:
        expected = Outcome.EXTRA if now == text(None) else Outcome.DIFFERENT
    newest_first = [(history[time], time) for time in sorted(history, reverse=True)]
    assert judged(served(value, *newest_first))[0] is expected


def test_a_value_that_was_superseded_long_before_is_late():
    outcome, cause, parity = judged(served(5, (8, AT_MS - 60_000), (5, AT_MS - 90_000)))
    assert (outcome, cause, parity.greatest_difference) == (Outcome.DIFFERENT, Cause.LATE_VALUE, 3.0)
    assert (parity.findings[0].served, parity.findings[0].batch) == (5, 8)


def test_a_value_of_another_version_of_the_tag_is_version_skew():
    others = {("spend", 3): [Change(9, AT_MS - 90_000)]}
    assert judged(served(9, (8, AT_MS - 60_000), others=others))[:2] == (Outcome.DIFFERENT, Cause.VERSION_SKEW)


def test_a_feature_that_the_vector_does_not_name_was_dropped():
    vector = ServedVector("p1", "u1", AT_MS, {}, {("spend", 2): [Change(8, AT_MS - 60_000)]})
    assert judged(vector)[:2] == (Outcome.MISSING, Cause.DROPPED_FEATURE)


def test_a_value_that_nobody_ever_had_has_an_unknown_cause_even_while_a_change_is_on_its_way():
    assert judged(served(7, (8, AT_MS - 1), (5, AT_MS - 60_000)))[:2] == (Outcome.DIFFERENT, Cause.UNKNOWN)


def test_a_value_of_a_user_who_has_none_is_extra():
    assert judged(served("gold"))[:2] == (Outcome.EXTRA, Cause.UNKNOWN)


def test_numbers_have_no_tolerance_and_no_difference_is_reckoned_with_categories():
    assert judged(served(0.1 + 0.2, (0.3, AT_MS - 60_000)))[0] is Outcome.DIFFERENT
    assert judged(served(True, (False, AT_MS - 60_000)))[2].greatest_difference is None


def test_every_wrong_value_counts_and_a_few_are_named():
    [parity] = compare_vectors([SPEND], [served(7, (8, AT_MS - 60_000))] * (EXAMPLES + 5))
    assert (parity.wrong, parity.causes, len(parity.findings)) == (
        EXAMPLES + 5,
        {Cause.UNKNOWN: EXAMPLES + 5},
        EXAMPLES,
    )
