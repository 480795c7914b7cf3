"""Questions of a notebook, on Flink in this process: columns by name, and no more rows than were asked for."""

from datetime import datetime

import pytest
from pyflink.table import TableEnvironment

from deploy.local.parts import flink_connector_jar
from jobs.flink_environment import COMMON_OPTIONS, create_environment
from jobs.flink_sources import source_statements
from jobs.mode import Mode
from jobs.notebook import ask, users_of
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition
from tests.flink_local import LocalFlink
from tests.shop_history import MINUTE_MS, History


@pytest.fixture(scope="module")
def environment() -> TableEnvironment:
    return create_environment(Mode.BATCH, COMMON_OPTIONS, flink_connector_jar().as_uri())


def test_a_row_is_named_by_its_columns(environment: TableEnvironment):
    question = """
        SELECT `user_id`, COUNT(*) AS `events`, MAX(`at`) AS `newest`
        FROM (VALUES ('ann', TIMESTAMP '2026-03-01 12:00:00'), ('ann', TIMESTAMP '2026-03-02 12:00:00')) AS t(`user_id`, `at`)
        GROUP BY `user_id`
    """
    assert ask(environment, question) == [{"user_id": "ann", "events": 2, "newest": datetime(2026, 3, 2, 12)}]


def test_no_more_rows_come_than_were_asked_for(environment: TableEnvironment):
    assert len(ask(environment, "SELECT * FROM (VALUES (1), (2), (3)) AS t(x)", at_most=2)) == 2


def test_an_answer_without_rows_is_empty(environment: TableEnvironment):
    assert ask(environment, "SELECT x FROM (VALUES (1)) AS t(x) WHERE x > 1") == []


def test_a_tag_that_is_tried_has_the_users_that_it_would_have_and_may_be_tried_again():
    now = 29_500_020
    history = History(now - 60, now)
    for event, user, minutes_ago in (("1", "ann", 5), ("2", "ann", 4), ("3", "ben", 300)):
        history.event(event, user, "catalog", (now - minutes_ago) * MINUTE_MS)
    query = "SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '1' HOUR) GROUP BY user_id"
    tag = compile_tag(TagDefinition("tried", "", "", "integer", "basic", "tests", query))
    flink = LocalFlink(Mode.BATCH)
    with flink.declared(source_statements(tag.sources, flink.settings, "local"), history.log()):
        for _ in range(2):
            assert users_of(tag, flink.environment) == [{"user_id": "ann", "value": 2}]
