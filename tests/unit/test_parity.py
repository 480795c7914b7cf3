"""Stream against batch: the verdict on one user and on a tag."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.parity import EXAMPLES, Outcome, Stored, compare, judge

BARRIER = 1_000


@pytest.mark.parametrize(
    ("batch", "stored", "expected"),
    [
        ("gold", Stored("gold", 500), Outcome.EQUAL),
        ("gold", Stored("gold", 1_500), Outcome.EQUAL),
        ("gold", Stored("silver", 999), Outcome.DIFFERENT),
        ("gold", Stored("silver", 1_000), Outcome.PENDING),
        ("gold", None, Outcome.MISSING),
        ("gold", Stored(None, 500), Outcome.MISSING),
        ("gold", Stored(None, 1_500), Outcome.PENDING),
        (None, Stored("gold", 500), Outcome.EXTRA),
        (None, Stored("gold", 1_500), Outcome.PENDING),
        (1, Stored(True, 500), Outcome.DIFFERENT),
        (0, Stored(False, 500), Outcome.DIFFERENT),
        (1, Stored(1.0, 500), Outcome.DIFFERENT),
    ],
)
def test_a_value_that_did_not_change_since_the_barrier_must_be_equal(batch, stored, expected):
    assert judge(batch, stored, BARRIER) is expected


def test_users_without_a_value_on_either_side_do_not_count():
    parity = compare("tier", "hbase", {}, {"u1": Stored(None, 1), "u2": Stored(None, 2_000)}, BARRIER)
    assert sum(parity.counts.values()) == 0


def test_a_wrong_user_is_named_with_both_values():
    parity = compare(
        "tier", "hbase", {"u1": "gold", "u2": "gold"}, {"u1": Stored("gold", 1), "u2": Stored("lead", 1)}, BARRIER
    )
    assert parity.wrong == 1
    assert [(f.user_id, f.outcome, f.batch, f.stored) for f in parity.findings] == [
        ("u2", Outcome.DIFFERENT, "gold", "lead")
    ]


def test_every_outcome_is_shown_by_examples_however_many_there_are_of_another():
    batch = {f"m{i}": 1 for i in range(100)} | {"d": 1}
    parity = compare("n", "hbase", batch, {"d": Stored(2, 1)}, BARRIER)
    assert parity.counts[Outcome.MISSING] == 100
    assert len(parity.findings) == EXAMPLES + 1


values = st.one_of(st.none(), st.integers(0, 3))


@given(
    batch=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3)),
    stored=st.dictionaries(st.sampled_from("abcdefgh"), st.builds(Stored, values, st.integers(0, 2_000))),
)
def test_each_user_with_a_value_counts_once(batch, stored):
    parity = compare("n", "hbase", batch, stored, BARRIER)
    with_value = set(batch) | {user for user, held in stored.items() if held.value is not None}
    assert sum(parity.counts.values()) == len(with_value)
    assert parity.wrong == sum(1 for f in parity.findings if f.outcome not in (Outcome.EQUAL, Outcome.PENDING))
