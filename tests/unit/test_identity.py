"""Merges make trees of ids, and each tree is a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.identity import (
    MOST_IDS,
    Identity,
    Merge,
    MergeRefused,
    Person,
    canonical,
    identity_message,
    merged,
    moved,
    person,
    read_identity,
    unmerged,
)
from tagging.people import KnownPeople

IDS = st.sampled_from("abcdefgh")
STEPS = st.lists(st.tuples(st.sampled_from(("merge", "unmerge")), IDS, IDS), max_size=30)


def connected(user_id, edges):
    """The ids that merges lead to, in either direction."""
    found = {user_id}
    while more := {other for edge in edges for other in edge if found & edge} - found:
        found |= more
    return found


def refusal(user_id, into, parents):
    with pytest.raises(MergeRefused) as found:
        merged(user_id, into, parents)
    return found.value.code


def test_an_id_that_nothing_was_merged_with_is_a_person_of_one():
    assert person("a", {}) == Person("a", ("a",))
    assert not person("a", {}).is_merged


def test_the_root_stands_for_everybody_who_was_merged_into_it_directly_or_not():
    parents = merged("b", "a", merged("c", "b", {}))
    assert {each: canonical(each, parents) for each in "abcd"} == {"a": "a", "b": "a", "c": "a", "d": "d"}
    assert person("c", parents) == Person("a", ("a", "b", "c"))


def test_a_merge_moves_everybody_who_came_with_the_id_and_its_end_moves_them_back():
    before = merged("c", "b", {})
    after = merged("b", "a", before)
    assert moved(before, after) == {"b": "a", "c": "a"}
    assert moved(after, unmerged("b", after)) == {"b": "b", "c": "b"}
    assert moved(after, unmerged("c", after)) == {"c": "c"}


def test_what_would_make_no_tree_is_refused_with_its_reason():
    parents = merged("c", "b", merged("b", "a", {}))
    assert refusal("a", "a", {}) == "merge_into_itself"
    assert refusal("b", "d", parents) == "already_merged"
    assert refusal("a", "c", parents) == "merge_cycle"


def test_a_person_has_no_more_ids_than_are_allowed():
    parents: dict[str, str] = {}
    for number in range(MOST_IDS - 1):
        parents = merged(f"u{number}", "a", parents)
    assert len(person("a", parents).ids) == MOST_IDS
    assert refusal("one-more", "a", parents) == "too_many_ids"


def test_a_circle_that_somebody_wrote_by_hand_is_an_error_and_no_endless_search():
    with pytest.raises(ValueError, match="circle"):
        canonical("a", {"a": "b", "b": "a"})


def test_a_merge_held_from_when_it_was_made_until_it_was_undone():
    merge = Merge("1", "a", "b", "", "ann", 10, "bob", 20)
    assert [merge.held_at(at) for at in (9, 10, 19, 20)] == [False, True, True, False]
    assert not merge.is_open and Merge("1", "a", "b", "", "ann", 10).held_at(10**15)


@given(STEPS)
def test_whatever_is_merged_and_unmerged_ids_are_one_person_when_a_graph_of_the_merges_connects_them(steps):
    parents: dict[str, str] = {}
    edges: list[frozenset[str]] = []
    people = KnownPeople()
    for change, (what, user_id, other) in enumerate(steps, start=1):
        before = parents
        if what == "merge":
            try:
                parents = merged(user_id, other, parents)
            except MergeRefused:
                assert other in connected(user_id, edges) or user_id in parents
                continue
            edges.append(frozenset({user_id, other}))
        elif user_id in parents:
            edges.remove(frozenset({user_id, parents[user_id]}))
            parents = unmerged(user_id, parents)
        told = [Identity(each, now, "m", change, 0) for each, now in moved(before, parents).items()]
        # What is told twice, as after a kill, is told once.
        people.learn([*told, *told])
        for each in "abcdefgh":
            found = person(each, parents)
            assert set(found.ids) == connected(each, edges)
            assert canonical(found.canonical, parents) == found.canonical
            assert people.person(each) == found
    assert people.canonicals("abcdefgh") == {each: canonical(each, parents) for each in parents}


@given(st.text(min_size=1), st.text(min_size=1), st.integers(0, 2**53))
def test_a_message_is_read_as_it_was_written(user_id, other, number):
    identity = Identity(user_id, other, "m1", number, number)
    try:
        message = identity_message(identity)
    except TypeError:
        # Half of a surrogate pair is no text, and no id.
        return
    assert read_identity(message) == identity


@pytest.mark.parametrize(
    "value",
    [b"", b"{", b"[]", b'{"user_id": "a"}', b'{"user_id": "", "canonical": "b", "merge": "m", "change": 1, "at": 1}',
     b'{"user_id": "a", "canonical": "b", "merge": "m", "change": true, "at": 1}'],
)  # fmt: skip
def test_what_is_no_identity_is_refused(value):
    with pytest.raises(ValueError, match="not an identity"):
        read_identity(value)
