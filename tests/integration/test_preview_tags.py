"""A preview's tags on Flink: the sampled users have the values that they have in a run over everyone."""

from __future__ import annotations

from dataclasses import replace

import pytest

import sql
from jobs.mode import Mode
from jobs.preview_tags import CHARACTERS, DRAFT, LIVE, ROWS, preview_tags
from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import parse_definition
from tagging.sampling import Sample
from tests.duck import Duck
from tests.flink_local import LocalFlink
from tests.random_history import random_history

HALF = Sample(32_768)


@pytest.fixture(scope="module")
def flink():
    return LocalFlink(Mode.BATCH)


@pytest.fixture(scope="module")
def history():
    return random_history(11)


def built_in(name: str) -> CompiledTag:
    return compile_tag(parse_definition(sql.text(f"tags/{name}.sql")))


# A plain window, users whose rows are others' (referred_by), joins, and a Top-1.
@pytest.mark.parametrize("name", ["heat_1h", "referrals_total", "lifecycle", "favourite_category_30d"])
def test_a_sample_has_the_values_that_its_users_have_among_all(flink, history, name):
    tag = built_in(name)
    everyone = flink.run([tag], history.log())[name]
    found = flink.run(preview_tags(tag, built_in("orders_30d"), HALF), history.log())
    wanted = {user: value for user, value in everyone.items() if HALF.holds(user)}
    assert found[DRAFT] == wanted
    assert 0 < len(wanted) < len(everyone)
    assert all(HALF.holds(user) for user in found[LIVE])


def test_what_a_job_would_keep_is_counted_over_all_users(flink, history):
    tag = built_in("heat_1h")
    found = flink.run(preview_tags(tag, None, replace(HALF, hashes=1)), history.log())
    duck = Duck(history).connection
    rows, characters = duck.execute(
        "SELECT count(*), sum(length(user_id) + length(event_type)) FROM last_events(60, 1)"
    ).fetchone()
    assert found[ROWS] == {"events__last_60m_1m": rows}
    assert found[CHARACTERS] == {"events__last_60m_1m": characters}
    assert rows > 0
