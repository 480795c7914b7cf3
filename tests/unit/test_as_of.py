"""The statements of a run as of a moment of the past."""

from __future__ import annotations

import pytest

from jobs.builtin import builtin_tags
from jobs.flink_sources import source_statements
from jobs.mode import Mode
from jobs.statements import Job, statements
from stores.settings import Settings
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition
from tagging.tag_reads import TagRead

AS_OF_MS = 1_790_000_040_000
ENDS = {topic: {0: 5} for topic in ("events", "identities", "clock", "cdc.shop.orders")}


def as_of(*names: str) -> str:
    job = Job("features", builtin_tags(*names), Mode.BATCH, ENDS, "answers", AS_OF_MS)
    return "\n".join(statements(job, Settings()).declarations)


def test_events_count_by_when_they_occurred_and_row_changes_by_when_they_were_logged():
    text = as_of("views_7d", "orders_30d")
    assert f"WHERE `copy` = 1\n    AND `occurred_at` <= {AS_OF_MS}" in text
    assert f"WHERE `op` IN ('c', 'r', 'u', 'd')\n    AND `logged_at` <= TO_TIMESTAMP_LTZ({AS_OF_MS}, 3)" in text
    assert text.count(f"TO_TIMESTAMP_LTZ({AS_OF_MS}, 3) AS `__logged_at`") == 2


def test_a_merge_counts_where_it_was_logged_by_the_moment():
    known = f"AND `logged_at` <= TO_TIMESTAMP_LTZ({AS_OF_MS}, 3)"
    wanted = f"WHERE CHAR_LENGTH(`user_id`) > 0 AND CHAR_LENGTH(`canonical`) > 0\n    {known}"
    assert wanted in as_of("views_7d")


def test_ticks_after_the_moment_are_left_out():
    text = as_of("views_7d")
    assert "CREATE TEMPORARY TABLE `clock_log`" in text
    assert f"FROM `clock_log` WHERE `minute` <= {AS_OF_MS // 60_000}" in text


def test_a_tags_own_text_is_the_same_as_now():
    job = Job("features", builtin_tags("views_7d"), Mode.BATCH, ENDS, "answers")
    now, then = (statements(each, Settings()) for each in (job, Job(**{**vars(job), "as_of_ms": AS_OF_MS})))
    assert now.inserts == then.inserts
    assert now.declarations[-2:] == then.declarations[-2:]


def test_without_a_moment_nothing_is_said_of_one():
    text = "\n".join(source_statements(["events", "orders"], Settings(), "tags"))
    assert "`logged_at` AS `__logged_at`" in text and "clock_log" not in text and "$" not in text


def test_a_moment_within_a_minute_is_refused():
    job = Job("features", builtin_tags("views_7d"), Mode.BATCH, ENDS, "answers", AS_OF_MS + 1)
    with pytest.raises(ValueError, match="ticks are whole minutes"):
        statements(job, Settings())


def test_a_stream_and_a_tag_over_tags_have_no_past():
    with pytest.raises(ValueError, match="got mode streaming"):
        Job("features", builtin_tags("views_7d"), as_of_ms=AS_OF_MS)
    read = TagRead("views_7d", 1, "integer")
    text = "SELECT user_id, value FROM TAG(views_7d)"
    over = compile_tag(TagDefinition("over", "", "", "integer", "basic", "o", text, reads=(read,)))
    with pytest.raises(ValueError, match="tags over tags: over"):
        Job("features", [over], Mode.BATCH, ENDS, "answers", AS_OF_MS)
