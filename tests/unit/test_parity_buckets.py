"""The comparison by digests finds what the full one finds, user by user."""

from __future__ import annotations

import hashlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.parity_compare import compare_store
from jobs.parity_sides import FEW_BUCKETS, HBaseSide
from tagging.names import profile_row, profile_rows
from tagging.parity import Outcome, Stored, compare
from tagging.parity_buckets import Digest, bucket_of, differing, digests_of, row_hash
from tests.parity_sides import batch_of, profiles_of, tag

BARRIER_MS = 1_000
TAGS = {"one": tag("one"), "two": tag("two", 3)}
values = st.one_of(st.integers(0, 2), st.booleans(), st.sampled_from(["", "a", "ä", "1"]), st.sampled_from([1.0, 0.5]))
users = st.one_of(st.sampled_from("abcdef"), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3))
stored = st.builds(Stored, st.one_of(st.none(), values), st.integers(0, 2_000), st.integers(0, 9))


def by_digests(batch, held, tags=TAGS):
    answers = batch_of(batch)
    store = HBaseSide(profiles_of(tags, held))
    return compare_store(list(tags.values()), answers, answers.digests(), store, BARRIER_MS)


@settings(max_examples=80, deadline=None)
@given(
    batch=st.dictionaries(st.sampled_from(list(TAGS)), st.dictionaries(users, values, max_size=12)),
    held=st.dictionaries(st.sampled_from(list(TAGS)), st.dictionaries(users, stored, max_size=12)),
)
@example(batch={"one": {"a": 1}}, held={"one": {"a": Stored(True, 0)}})
@example(batch={"one": {"a": 1}}, held={"one": {"a": Stored(1.0, 0)}})
def test_it_counts_and_names_exactly_what_the_full_comparison_does(batch, held):
    for found in by_digests(batch, held).outcomes:
        full = compare(found.tag, "hbase", batch.get(found.tag, {}), held.get(found.tag, {}), BARRIER_MS)
        assert found.counts == full.counts
        assert {finding.user_id: finding for finding in found.findings} == {f.user_id: f for f in full.findings}
        assert found.version == TAGS[found.tag].definition.version


@settings(max_examples=30, deadline=None)
@given(
    many=st.sets(st.integers(0, 10_000), max_size=3 * FEW_BUCKETS), wrong=st.sets(st.integers(0, 10_000), max_size=40)
)
def test_however_many_buckets_differ_every_wrong_user_is_found(many, wrong):
    everyone = {f"u{number}": "x" for number in many | wrong}
    held = {user: Stored("y" if int(user[1:]) in wrong else "x", 0) for user in everyone}
    found = by_digests({"one": everyone}, {"one": held})
    assert found.outcomes[0].counts[Outcome.DIFFERENT] == len(wrong)
    assert found.outcomes[0].counts[Outcome.EQUAL] == len(many - wrong)
    assert found.buckets_opened == len({bucket_of(f"u{number}") for number in wrong})


def test_equal_sides_are_compared_without_reading_one_value():
    class Closed(HBaseSide):
        def values(self, tags, buckets):
            assert not any(buckets.values())
            return {}

    held = {f"u{number}": "x" for number in range(1_000)}
    answers = batch_of({"one": held})
    store = Closed(profiles_of(TAGS, {"one": {user: Stored(value, 0) for user, value in held.items()}}))
    found = compare_store([TAGS["one"]], answers, answers.digests(), store, BARRIER_MS)
    assert found.outcomes[0].counts[Outcome.EQUAL] == 1_000 and found.buckets_opened == 0


def test_a_bucket_is_the_range_of_rows_that_its_users_have_in_hbase():
    for number in range(300):
        user_id = f"用户{number}"
        first, behind = profile_rows(bucket_of(user_id))
        assert first <= profile_row(user_id) < behind


def test_no_value_is_in_no_digest_and_the_order_does_not_matter():
    rows = [("a", 1), ("b", None), ("c", "x")]
    assert digests_of(rows) == digests_of(reversed(rows))
    assert sum(digest.users for digest in digests_of(rows).values()) == 2
    assert digests_of([("b", None)]) == {}


def test_a_digest_is_the_sum_of_eight_bytes_of_md5_over_user_and_value():
    expected = int.from_bytes(hashlib.md5(b'u\xff"x"').digest()[:8], "little")
    assert row_hash("u", b'"x"') == expected
    assert digests_of([("u", "x")]) == {bucket_of("u"): Digest(1, expected)}


def test_a_bucket_that_one_side_lacks_differs():
    assert differing({1: Digest(1, 5), 2: Digest(1, 6)}, {1: Digest(1, 5), 3: Digest(1, 7)}) == {2, 3}
