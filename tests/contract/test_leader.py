"""One leader among many, on MySQL's lock."""

from __future__ import annotations

import uuid

import pytest

from api.live.controller import ControllerCheck
from stores.mysql import MySQLUnavailable, transaction
from stores.registry.leader import Leadership
from stores.settings import MySQL, Settings


@pytest.mark.stack
def test_one_leads_and_the_next_follows_when_it_has_gone(stack):
    name = uuid.uuid4().hex
    with Leadership(stack.settings, name) as second:
        with Leadership(stack.settings, name) as first:
            assert (first.held(), first.held(), second.held()) == (True, True, False)
        assert second.held()


@pytest.mark.stack
def test_a_leader_whose_connection_is_killed_leads_no_longer(stack):
    name = uuid.uuid4().hex
    with Leadership(stack.settings, name) as first, Leadership(stack.settings, name) as second:
        assert first.held()
        with transaction(stack.settings) as cursor:
            cursor.execute("SELECT IS_USED_LOCK(%(name)s) AS id", {"name": f"tagging.{name}"})
            cursor.execute("KILL %(id)s", {"id": cursor.fetchone()["id"]})
        assert not first.held()
        assert second.held()
        assert not first.held()


def test_nobody_leads_while_mysql_is_away():
    with Leadership(Settings(mysql=MySQL(port=1)), "controller") as leader:
        assert not leader.held()


@pytest.mark.stack
def test_health_says_whether_anybody_leads(stack):
    name = uuid.uuid4().hex
    check = ControllerCheck(stack.settings, name)
    assert [finding.status for finding in check.run()] == ["degraded"]
    with Leadership(stack.settings, name) as leader:
        assert leader.held()
        assert [finding.status for finding in check.run()] == ["ok"]
    assert [finding.status for finding in check.run()] == ["degraded"]


def test_whether_anybody_leads_is_not_known_while_mysql_is_away():
    with pytest.raises(MySQLUnavailable):
        ControllerCheck(Settings(mysql=MySQL(port=1))).run()
