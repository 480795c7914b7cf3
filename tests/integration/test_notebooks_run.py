"""ClickHouse's notebook and the Zeppelin note, run on a real engine."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nbclient.exceptions import CellExecutionError

from tests.clickhouse_fixture import HOST, RunningClickHouse
from tests.notebooks import NOTEBOOKS, printed, run

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LAST = """
print(distribution.to_dict("list"))
print(changes["value"].tolist())
print(by_day[["event_type", "events", "users"]].to_dict("list"))
print(refused[["reason", "messages"]].to_dict("list"))
"""


@pytest.fixture
def filled(clickhouse: RunningClickHouse) -> RunningClickHouse:
    """Two users with a city, one of whom moved; three events, one of them twice; one message that was refused."""
    cities = [("ann", "Oslo", 1), ("ann", "Rome", 2), ("ben", "Rome", 3)]
    values = {
        "tag": ["city"] * 3,
        "version": [1] * 3,
        "user_no": [1, 1, 2],
        "user_id": [user for user, _, _ in cities],
        "value": [json.dumps(city) for _, city, _ in cities],
        "number": [None] * 3,
        "present": [True] * 3,
        "changed_at": [AT + timedelta(minutes=offset) for _, _, offset in cities],
        "partition": [0] * 3,
        "offset": [offset for _, _, offset in cities],
    }
    for table in ("tag_values", "tag_changes"):
        clickhouse.client.insert_columns(table, values)
    clickhouse.client.insert_columns(
        "events",
        {
            "event_id": ["a", "b", "a"],
            "user_id": ["ann", "ben", "ann"],
            "event_type": ["main", "main", "main"],
            "item_id": [None] * 3,
            "properties": [{}] * 3,
            "occurred_at": [AT] * 3,
            "logged_at": [AT] * 3,
            "partition": [0] * 3,
            "offset": [0, 1, 2],
        },
    )
    refused = {
        "topic": ["events"], "partition": [0], "offset": [3], "reason": ["not_json"], "detail": [""], "payload": ["{"],
        "logged_at": [AT], "seen_at": [AT],
    }  # fmt: skip
    clickhouse.client.insert_columns("dead_letters", refused)
    return clickhouse


@pytest.fixture
def config(filled: RunningClickHouse, tmp_path: Path) -> Path:
    path = tmp_path / "tagstream.toml"
    path.write_text(f'[clickhouse]\nhost = "{HOST}"\nport = {filled.front.port}\n', encoding="utf-8")
    return path


def test_clickhouses_notebook_answers_what_is_stored(config: Path):
    lines = printed(run("clickhouse", config, LAST)).splitlines()
    assert lines == [
        "{'value': ['\"Rome\"'], 'users': [2]}",
        "['\"Oslo\"', '\"Rome\"']",
        "{'event_type': ['main'], 'events': [2], 'users': [2]}",
        "{'reason': ['not_json'], 'messages': [1]}",
    ]


def test_a_cell_that_fails_fails_the_run(config: Path):
    with pytest.raises(CellExecutionError, match="nowhere"):
        run("clickhouse", config, 'ask("SELECT 1 FROM nowhere")')


def test_every_question_of_the_zeppelin_note_has_an_answer(filled: RunningClickHouse):
    [path] = NOTEBOOKS.glob("*.zpln")
    paragraphs = [p["text"].partition("\n") for p in json.loads(path.read_text(encoding="utf-8"))["paragraphs"]]
    questions = [text.replace("${tag=city}", "city") for kind, _, text in paragraphs if kind == "%jdbc"]
    assert len(questions) == 4
    for question in questions:
        assert filled.driver.query(question).row_count >= 1, question
