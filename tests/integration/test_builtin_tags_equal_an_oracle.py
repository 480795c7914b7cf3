"""The built-in tags on a random history: in stream mode, in batch mode, and asked of DuckDB in other words."""

from __future__ import annotations

import pytest

from jobs.builtin import builtin_tags
from jobs.mode import Mode
from tests.duck import ORACLE, Duck, differences
from tests.flink_local import LocalFlink
from tests.random_history import random_history

QUERIES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ORACLE / "builtin").glob("*.sql"))}
STATEFUL = ("favourite_category_30d", "lifecycle", "rfm_segment", "spend_tier_30d", "top_search_30d", "views_7d")
"""A Top-1 with ties, joins, DISTINCT, UNION ALL, bands and a threshold: what could depend on the order of arrival."""


@pytest.fixture(scope="module")
def history():
    return random_history(seed=20260301, users=250, events=3000, orders=900, merges=120)


@pytest.fixture(scope="module")
def batch(history):
    return LocalFlink(Mode.BATCH).run(builtin_tags(), history.log())


@pytest.fixture(scope="module")
def stream(history):
    return LocalFlink(Mode.STREAM).run(builtin_tags(), history.log())


def test_stream_and_batch_agree_on_every_user_of_every_built_in_tag(stream, batch):
    assert differences(stream, batch) == []


def test_the_history_tries_every_built_in_tag(batch):
    for tag in builtin_tags():
        values = batch[tag.definition.name].values()
        enough = 1 if tag.definition.value_type == "boolean" else 2
        assert len(set(values)) >= enough, f"{tag.definition.name}: only {set(values)}"


def test_the_history_merges_users_who_have_tags(history, batch):
    merged = {row["user_id"] for row in history.identities if row["user_id"] != row["canonical"]}
    people = {row["canonical"] for row in history.identities}
    tagged = {user for values in batch.values() for user in values}
    assert len(merged) > 30 and len(people & tagged) > 10


def test_the_oracle_knows_most_built_in_tags():
    assert len(QUERIES) >= 20 and QUERIES.keys() <= {tag.definition.name for tag in builtin_tags()}


@pytest.mark.parametrize("tag", QUERIES)
def test_a_built_in_tag_has_the_values_that_the_oracle_gives(tag, history, batch):
    assert differences(batch, {tag: Duck(history).values(QUERIES[tag])}) == []


def test_four_tasks_side_by_side_give_the_values_of_one(history, batch):
    tags = builtin_tags(*STATEFUL)
    for tasks in ("1", "4"):
        found = LocalFlink(Mode.STREAM, **{"parallelism.default": tasks}).run(tags, history.log())
        assert differences(found, {name: batch[name] for name in STATEFUL}) == [], f"parallelism {tasks}"
