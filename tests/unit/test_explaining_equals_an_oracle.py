"""Whatever the tag and whatever the log: what an explanation works out for each user is what DuckDB gives for all of them."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.builtin import builtin_tags
from tagging.definition import TagDefinition
from tagging.explaining.explain import explain
from tagging.explaining.person_rows import PersonRows
from tagging.explaining.recomputed import RecomputedRows
from tagging.explaining.rows import Rows
from tagging.identity import Identity
from tagging.people import KnownPeople
from tests.duck import ORACLE, Duck, differences
from tests.fakes.memory_history import MemoryRows
from tests.random_history import random_history
from tests.random_tags import TAGS
from tests.random_tags_over_tags import TAGS_OVER_TAGS, definition_of, random_past, tables

QUERIES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ORACLE / "builtin").glob("*.sql"))}


def explained(definition: TagDefinition, history, users, rows: Rows | None = None) -> dict[str, object]:
    """user_id -> value, of those who have one."""
    rows = rows or MemoryRows(history.rows)
    found = {user: explain(definition, user, rows, history.now_minute).value for user in users}
    return {user: value for user, value in found.items() if value is not None}


def people_of(history) -> KnownPeople:
    """Who is one person at the end of the log."""
    people = KnownPeople()
    people.learn(Identity(row["user_id"], row["canonical"], "", row["change"], 0) for row in history.identities)
    return people


def everyone(history, *values) -> list[str]:
    """All who are named anywhere, and some who are not."""
    named = {row.get(name) for rows in history.rows.values() for row in rows for name in ("user_id", "referred_by")}
    return sorted({*named, *(user for held in values for user in held), "nobody"} - {None})


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), tags=TAGS)
def test_random_tags_are_explained_with_the_values_that_the_oracle_gives(seed, tags):
    history = random_history(seed, users=15, events=150, orders=90, merges=12)
    duck, rows = Duck(history), PersonRows(MemoryRows(history.rows), people_of(history))
    for tag in tags:
        wanted = duck.values(tag.oracle)
        found = explained(tag.definition, history, everyone(history, wanted), rows)
        assert differences({tag.name: found}, {tag.name: wanted}) == [], tag.sql


@cache
def shop():
    return random_history(seed=20260301, users=25, events=400, orders=200, merges=14)


@cache
def duck_of_shop() -> Duck:
    """Nothing that is asked of it changes it."""
    return Duck(shop())


def version_of_built_in(name: str, version: int) -> TagDefinition | None:
    return builtin_tags(name)[0].definition if version == 1 else None


@pytest.mark.parametrize("name", list(QUERIES))
def test_a_built_in_tag_is_explained_with_the_values_that_the_oracle_gives(name):
    wanted = duck_of_shop().values(QUERIES[name])
    # Tags that are read are worked out as well: the oracle knows nothing but the log.
    logged = PersonRows(MemoryRows(shop().rows), people_of(shop()))
    rows = RecomputedRows(logged, version_of_built_in, shop().now_minute)
    found = explained(builtin_tags(name)[0].definition, shop(), everyone(shop(), wanted), rows)
    assert wanted, "the shop must tell the tag's users from others"
    assert differences({name: found}, {name: wanted}) == []


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), tags=TAGS_OVER_TAGS)
def test_tags_over_tags_are_explained_with_the_values_that_the_oracle_gives_at_that_time(seed, tags):
    history = random_history(seed, users=8, events=0, orders=30)
    users = [f"u{number}" for number in range(9)]
    at_ms = history.now_ms - seed % 100 * 60_000
    changes = random_past(seed, users, at_ms)
    duck = Duck(history)
    tables(duck, changes, at_ms)
    # All that the log has of the sources was known by then: the past of the tags alone is cut.
    rows = Stored(MemoryRows(history.rows), MemoryRows({}, at_ms, False, changes))
    for tag in tags:
        wanted = duck.values(tag.oracle)
        found = explained(definition_of(tag), history, everyone(history, wanted, users), rows)
        assert differences({tag.name: found}, {tag.name: wanted}) == [], tag.sql


class Stored:
    """The sources of one log, and the tags of another."""

    def __init__(self, sources: Rows, tags: Rows) -> None:
        self.read = sources.read
        self.values = tags.values


def logged_in_time(history) -> dict[str, list[dict]]:
    """The history's rows with every event logged the moment that it occurred, in this order."""
    rows = dict(history.rows)
    events = sorted(
        ({**row, "logged_at": row["occurred_at"]} for row in rows["events"]), key=lambda row: row["logged_at"]
    )
    rows["events"] = [{**row, "offset": offset} for offset, row in enumerate(events)]
    return rows


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), tags=TAGS, minutes_ago=st.integers(0, 110))
def test_where_everything_was_logged_in_time_hindsight_knows_nothing_else(seed, tags, minutes_ago):
    history = random_history(seed, users=8, events=120, orders=60)
    rows = logged_in_time(history)
    minute = history.now_minute - minutes_ago
    then, hindsight = (MemoryRows(rows, minute * 60_000, later) for later in (False, True))
    for tag in tags:
        definition = tag.definition
        for user in everyone(history):
            known = explain(definition, user, then, minute).value
            assert explain(definition, user, hindsight, minute).value == known, (tag.sql, user)
