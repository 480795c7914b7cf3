"""The tables of merges and identities: those of MySQL, and the ones in memory."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from stores.identities import IdentityTable
from stores.registry.schema import migrate
from stores.settings import Flink, Settings
from tagging.identity import Merge, MergeMissing, MergeRefused, Person
from tests.fakes.memory_identities import MemoryIdentities

AT_MS = 1_790_000_000_000


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def identities(request) -> Any:
    if request.param == "memory":
        return MemoryIdentities()
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    return IdentityTable(settings)


@pytest.fixture
def ids() -> list[str]:
    """Four ids that nobody else has, in order; one with a slash and letters of another script."""
    run = uuid.uuid4().hex
    return [f"{name}-{run}" for name in ("a", "b/我 ", "c", "d")]


def merge(user_id: str, into: str, at_ms: int = AT_MS) -> Merge:
    return Merge(uuid.uuid4().hex, user_id, into, "the same phone", "ann", at_ms)


def told(identities: Any, ids: list[str]) -> dict[str, str]:
    """What is to be told to the log of these ids; it is told then."""
    found = [each for each in identities.unpublished(10_000) if each.user_id in ids]
    identities.published(found)
    return {each.user_id: each.canonical for each in found}


def test_a_merge_is_read_as_it_was_made_and_made_once(identities, ids):
    a, b, *_ = ids
    made = identities.merge(merge(a, b))
    assert identities.merge(made) == made
    assert list(identities.merges(a)) == list(identities.merges(b)) == [made]
    assert identities.person(a) == identities.person(b) == Person(b, tuple(sorted((a, b))))
    assert identities.canonicals(ids) == {a: b}


def test_what_makes_no_tree_is_refused_and_leaves_nothing(identities, ids):
    a, b, c, _ = ids
    identities.merge(merge(a, b))
    identities.merge(merge(b, c))
    for user_id, into in ((a, a), (a, c), (c, a)):
        with pytest.raises(MergeRefused):
            identities.merge(merge(user_id, into))
    assert len(identities.merges(c)) == 2


def test_an_end_moves_back_who_came_along_and_is_made_once(identities, ids):
    a, b, c, _ = ids
    identities.merge(merge(a, b))
    second = identities.merge(merge(b, c, AT_MS + 5))
    assert identities.person(a).canonical == c
    undone = identities.unmerge(b, second.id, "bob", AT_MS + 10)
    assert (undone.undone_by, undone.undone_at_ms) == ("bob", AT_MS + 10)
    assert identities.unmerge(b, second.id, "eve", AT_MS + 20) == undone
    assert identities.person(a) == Person(b, tuple(sorted((a, b))))
    assert identities.person(c) == Person(c, (c,))
    assert undone in identities.merges(c), "what was undone can still be read"


def test_only_a_merge_of_the_user_is_undone(identities, ids):
    a, b, c, _ = ids
    made = identities.merge(merge(a, b))
    for user_id, id in ((c, made.id), (b, made.id), (a, uuid.uuid4().hex)):
        with pytest.raises(MergeMissing):
            identities.unmerge(user_id, id, "bob", AT_MS)


def test_the_log_is_told_of_each_id_that_moved_and_of_what_changed_since_again(identities, ids):
    a, b, c, _ = ids
    identities.merge(merge(a, b))
    assert told(identities, ids) == {a: b}
    second = identities.merge(merge(b, c))
    stale = [each for each in identities.unpublished(10_000) if each.user_id in ids]
    identities.unmerge(b, second.id, "bob", AT_MS)
    identities.published(stale)
    assert identities.waiting() >= 2
    assert told(identities, ids) == {a: b, b: b}
    assert told(identities, ids) == {}


def test_changes_are_numbered_upwards(identities, ids):
    a, b, *_ = ids
    made = identities.merge(merge(a, b))
    first = [each.change for each in identities.unpublished(10_000) if each.user_id == a]
    identities.unmerge(a, made.id, "ann", AT_MS - 1_000_000)
    second = [each.change for each in identities.unpublished(10_000) if each.user_id == a]
    assert second[0] > first[0] >= AT_MS


def test_who_somebody_was_at_a_time_is_known(identities, ids):
    a, b, c, _ = ids
    first = identities.merge(merge(a, b, AT_MS))
    identities.merge(merge(b, c, AT_MS + 10))
    identities.unmerge(a, first.id, "ann", AT_MS + 20)

    def at(user_id: str, at_ms: int) -> Person:
        return identities.people_at(AT_MS + at_ms).person(user_id)

    assert at(a, -1) == Person(a, (a,))
    assert at(b, 0) == Person(b, tuple(sorted((a, b))))
    assert at(a, 10) == at(c, 19) == Person(c, tuple(sorted((a, b, c))))
    assert at(a, 20) == Person(a, (a,))
    assert at(b, 20) == at(c, 10**9) == Person(c, tuple(sorted((b, c))))


def test_an_id_of_several_is_not_erased_nor_one_of_which_the_log_was_not_told(identities, ids):
    a, b, c, _ = ids
    assert identities.why_not_erased(c) == ""
    made = identities.merge(merge(a, b))
    assert b in identities.why_not_erased(a) and a in identities.why_not_erased(b)
    identities.unmerge(a, made.id, "ann", AT_MS)
    assert "not told yet" in identities.why_not_erased(a)
    assert identities.why_not_erased(b) == ""
    told(identities, ids)
    assert identities.why_not_erased(a) == ""


def test_where_jobs_do_not_read_identities_no_merge_is_taken(ids):
    off = IdentityTable(Settings(flink=Flink(merges=False)))
    with pytest.raises(MergeRefused, match="TAGSTREAM_FLINK__MERGES") as refused:
        off.merge(merge(ids[0], ids[1]))
    assert refused.value.code == "merges_off"
