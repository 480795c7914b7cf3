"""Saved queries: those of MySQL, and those in memory."""

from __future__ import annotations

import uuid

import pytest

from api.live.queries import MySQLQueries
from api.ports import Unavailable
from api.query_ports import SavedQueries
from stores.settings import MySQL, Settings
from tagging.saved_queries import MOST_OF_ONE_OWNER, QueryChanged, QueryMissing, QueryText, TooManyQueries
from tests.fakes.memory_queries import MemorySavedQueries


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def queries(request) -> SavedQueries:
    if request.param == "memory":
        return MemorySavedQueries()
    return MySQLQueries(request.getfixturevalue("stack").settings)


@pytest.fixture
def owner() -> str:
    return f"o{uuid.uuid4().hex[:20]}"


def fine(_query):
    return None


def titles(queries, name, of):
    """The titles that begin with `of` and that somebody may read, page by page."""
    found, after = [], ("", "")
    while page := queries.visible(name, after, 2):
        found += page
        after = (page[-1].title, page[-1].id)
    return [query.title for query in found if query.title.startswith(of)]


def test_what_was_saved_is_read_back_whole(queries, owner):
    text = QueryText("最好的 'users' %s 😀", "SELECT '%(id)s' -- \"用户\"\nFROM v_events", False)
    saved = queries.add(text, owner)
    assert (saved.title, saved.text, saved.shared, saved.owner, saved.revision) == (
        text.title,
        text.text,
        False,
        owner,
        1,
    )
    assert queries.read(saved.id) == saved
    assert queries.read("0" * 32) is None


def test_a_list_has_ones_own_and_what_is_shared_in_order_of_title(queries, owner):
    other = f"o{uuid.uuid4().hex[:20]}"
    for title, shared, by in (("c", False, owner), ("a", True, other), ("b", False, other), ("a", False, owner)):
        queries.add(QueryText(f"{owner} {title}", "SELECT 1", shared), by)
    assert titles(queries, owner, owner) == [f"{owner} {title}" for title in ("a", "a", "c")]
    assert titles(queries, other, owner) == [f"{owner} {title}" for title in ("a", "b")]


def test_a_change_raises_the_revision_and_an_older_writer_is_refused(queries, owner):
    saved = queries.add(QueryText("t", "SELECT 1", False), owner)
    changed = queries.change(saved.id, QueryText("u", "SELECT 2", True), 1, fine)
    assert (changed.title, changed.text, changed.shared, changed.revision, changed.owner) == (
        "u",
        "SELECT 2",
        True,
        2,
        owner,
    )
    with pytest.raises(QueryChanged) as refused:
        queries.change(saved.id, QueryText("late", "SELECT 3", False), 1, fine)
    assert refused.value.revision == 2
    with pytest.raises(QueryChanged):
        queries.remove(saved.id, 1, fine)
    queries.remove(saved.id, 2, fine)
    with pytest.raises(QueryMissing):
        queries.remove(saved.id, 2, fine)


def test_a_check_sees_the_query_and_its_refusal_leaves_it_as_it_was(queries, owner):
    saved = queries.add(QueryText("t", "SELECT 1", False), owner)

    def refuse(found):
        raise LookupError(found.owner)

    for write in (
        lambda: queries.change(saved.id, QueryText("u", "SELECT 2", False), 1, refuse),
        lambda: queries.remove(saved.id, 1, refuse),
    ):
        with pytest.raises(LookupError, match=owner):
            write()
    assert queries.read(saved.id) == saved


def test_an_owner_has_room_for_so_many(queries, owner):
    for number in range(MOST_OF_ONE_OWNER):
        queries.add(QueryText(str(number), "SELECT 1", False), owner)
    with pytest.raises(TooManyQueries):
        queries.add(QueryText("one more", "SELECT 1", False), owner)


def test_a_server_that_is_away_is_said_to_be_away():
    nobody = MySQLQueries(Settings(mysql=MySQL(host="127.0.0.1", port=1)))
    with pytest.raises(Unavailable, match="mysql"):
        nobody.read("0" * 32)
