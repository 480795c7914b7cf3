"""Saved crowds: those of MySQL, and those in memory."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from api.live.crowds import MySQLCrowds
from api.ports import SavedCrowds, Unavailable
from stores.settings import MySQL, Settings
from tagging.saved_crowds import CrowdChanged, CrowdExists, CrowdMissing, CrowdText
from tests.fakes.memory_crowds import MemoryCrowds


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def crowds(request) -> SavedCrowds:
    if request.param == "memory":
        return MemoryCrowds()
    return MySQLCrowds(request.getfixturevalue("stack").settings)


def text(name, title="Best", rule=None):
    return CrowdText(name, title, {"all": []} if rule is None else rule, "0" * 64)


@pytest.fixture
def name() -> str:
    return f"c{uuid.uuid4().hex}"


def fine(_crowds):
    return None


def test_what_was_saved_is_read_back_whole(crowds, name):
    rule = {"tag": "tier", "in": ["it's", 'qu"ote', "用户", "%s", "😀", "a\\b"]}
    saved = crowds.put(text(name, "最好的 'users' %s", rule), None, fine)
    assert (saved.name, saved.title, saved.rule, saved.revision) == (name, "最好的 'users' %s", rule, 1)
    assert crowds.all()[name] == saved


def test_a_change_raises_the_revision_and_an_older_writer_is_refused(crowds, name):
    crowds.put(text(name), None, fine)
    assert crowds.put(text(name, "Better"), 1, fine).revision == 2
    with pytest.raises(CrowdChanged) as refused:
        crowds.put(text(name, "Late"), 1, fine)
    assert refused.value.revision == 2
    assert crowds.all()[name].title == "Better"
    with pytest.raises(CrowdChanged):
        crowds.remove(name, 1, fine)
    crowds.remove(name, 2, fine)
    assert name not in crowds.all()


def test_the_owner_is_who_saved_it_first(crowds, name):
    assert crowds.put(replace(text(name), owner="ann"), None, fine).owner == "ann"
    assert crowds.put(replace(text(name, "Better"), owner="bob"), 1, fine).owner == "ann"
    assert (crowds.all()[name].owner, crowds.all()[name].title) == ("ann", "Better")


def test_a_name_is_given_once_and_what_is_not_there_cannot_be_changed(crowds, name):
    with pytest.raises(CrowdMissing):
        crowds.put(text(name), 1, fine)
    with pytest.raises(CrowdMissing):
        crowds.remove(name, 1, fine)
    crowds.put(text(name), None, fine)
    with pytest.raises(CrowdExists):
        crowds.put(text(name), None, fine)


def test_a_check_sees_all_crowds_and_its_refusal_leaves_them_as_they_were(crowds, name):
    crowds.put(text(name), None, fine)

    def refuse(found):
        raise LookupError(sorted(found[name].rule))

    for write in (lambda: crowds.put(text(name, "New"), 1, refuse), lambda: crowds.remove(name, 1, refuse)):
        with pytest.raises(LookupError, match="all"):
            write()
    assert crowds.all()[name].title == "Best"


@pytest.mark.stack
def test_of_writers_at_once_on_the_same_revision_one_alone_succeeds(stack, name):
    crowds = MySQLCrowds(stack.settings)
    crowds.put(text(name), None, fine)

    def write(number):
        try:
            return crowds.put(text(name, str(number)), 1, fine).title
        except (CrowdChanged, Unavailable):
            return None

    with ThreadPoolExecutor(4) as pool:
        written = [title for title in pool.map(write, range(4)) if title is not None]
    assert [crowds.all()[name].title] == written


def test_a_server_that_is_away_is_said_to_be_away():
    nobody = MySQLCrowds(Settings(mysql=MySQL(host="127.0.0.1", port=1)))
    with pytest.raises(Unavailable, match="mysql"):
        nobody.all()
