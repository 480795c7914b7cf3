"""The process of crowds: rules as they are now, stores that are away, and looks that go on."""

from __future__ import annotations

import threading

import pytest

from jobs.crowd_invariants import Invariants
from jobs.crowd_rules import CrowdRules, live_tags
from jobs.crowds import look_again_and_again, loop
from stores.clickhouse import ClickHouseUnavailable
from stores.kafka import KafkaUnavailable
from stores.mysql import MySQLUnavailable
from stores.registry.store import Pointer
from tagging.crowd_parsing import CrowdProblems
from tagging.crowds import All, HasValue, Not
from tagging.saved_crowds import SavedCrowd
from tests.fakes.api_stores import AT_MS, seeded

TEXT = (
    "-- name: heat\n-- title: T\n-- description: D\n-- type: integer\n-- dimension: risk\n-- owner: o\n\n"
    "SELECT user_id, COUNT(*) AS value FROM events GROUP BY user_id\n"
)


def saved(name, rule):
    return SavedCrowd(name, name, rule, "", 1, AT_MS, AT_MS)


def rules(**crowds):
    return CrowdRules({name: saved(name, rule) for name, rule in crowds.items()}, [Pointer("heat", 3, TEXT)])


def test_a_crowds_rule_is_bound_to_the_live_versions_with_other_crowds_written_out():
    found = rules(a={"tag": "heat", "in": [1]}, b={"all": [{"not": {"crowd": "a"}}]}).of("b")
    assert (found.rule, found.versions) == (All((Not(HasValue("heat", (1,))),)), {"heat": 3})


def test_what_is_not_there_or_does_not_fit_says_so():
    with pytest.raises(LookupError, match="there is no crowd gone"):
        rules().of("gone")
    for rule in ({"tag": "none", "present": True}, {"crowd": "gone"}, {"crowd": "a"}):
        with pytest.raises(CrowdProblems):
            rules(a=rule).of("a")


def test_a_built_in_tag_that_the_registry_does_not_know_is_live_in_its_files_version():
    versions = {tag.name: tag.version for tag in live_tags([Pointer("heat", 3, TEXT)])}
    assert versions["heat"] == 3 and versions["lifecycle"] == 1
    without = {tag.name for tag in live_tags([Pointer("lifecycle", None, ""), Pointer("heat", 3, "no tag")])}
    assert "lifecycle" not in without and "heat" not in without


class Rounds:
    """A publisher whose rounds end as they are told to."""

    def __init__(self, stop, *answers):
        self.stop, self.answers = stop, list(answers)

    def round(self):
        answer = self.answers.pop(0)
        if not self.answers:
            self.stop.set()
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_whatever_store_is_away_is_waited_for():
    stop, prepared = threading.Event(), []

    def prepare():
        prepared.append(1)
        if len(prepared) == 1:
            raise MySQLUnavailable("mysql at 127.0.0.1:3306: refused")

    rounds = Rounds(stop, KafkaUnavailable("kafka"), 1, ClickHouseUnavailable("clickhouse"), 0, 0)
    loop(prepare, rounds, stop, round_seconds=0.001)
    assert (rounds.answers, len(prepared)) == ([], 2)


def test_looks_go_on_when_a_store_was_away():
    stop, looked = threading.Event(), []

    def crowds():
        looked.append(1)
        if len(looked) == 1:
            raise MySQLUnavailable("mysql at 127.0.0.1:3306: refused")
        stop.set()
        return {}

    look_again_and_again(Invariants(seeded().crowd_users), crowds, stop, every_seconds=0.001)
    assert len(looked) == 2
