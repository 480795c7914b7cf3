"""Questions of a notebook, on Flink in this process: columns by name, and no more rows than were asked for."""

from datetime import datetime

import pytest
from pyflink.table import TableEnvironment

from deploy.local.parts import flink_connector_jar
from jobs.flink_environment import COMMON_OPTIONS, create_environment
from jobs.mode import Mode
from jobs.notebook import ask


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
