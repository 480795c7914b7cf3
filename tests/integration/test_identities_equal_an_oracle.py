"""Tags of people: whatever is merged and unmerged wherever in the log, stream and batch give what DuckDB gives."""

from __future__ import annotations

import pytest

from jobs.builtin import builtin_tags
from jobs.mode import Mode
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition
from tests.duck import ORACLE, Duck, differences
from tests.flink_local import LocalFlink
from tests.random_history import random_history
from tests.shop_history import MINUTE_MS, History

NAMES = ("likely_to_buy", "referrals_total", "spend_tier_30d", "views_7d")
QUERIES = {name: (ORACLE / "builtin" / f"{name}.sql").read_text(encoding="utf-8") for name in NAMES}
QUERIES["city"] = "SELECT user_id, city AS value FROM users WHERE city <> ''"
"""Keyed tables, a column that names another user, a table's rows and events in windows, with bands and a threshold."""
NOW = 29_500_020
SEEN = compile_tag(
    TagDefinition(
        "seen",
        "Seen",
        "How often within an hour.",
        "integer",
        "behaviour",
        "tests",
        "SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '1' HOUR) GROUP BY user_id",
    )
)


@pytest.fixture(scope="module", params=list(Mode))
def flink(request):
    return LocalFlink(request.param)


def test_random_people_have_the_values_that_the_oracle_gives(flink):
    history = random_history(seed=7, users=60, events=700, orders=350, merges=60)
    duck = Duck(history)
    wanted = {name: duck.values(query) for name, query in QUERIES.items()}
    merged = {row["canonical"] for row in history.identities if row["user_id"] != row["canonical"]}
    assert all(merged & users.keys() for users in wanted.values()), "every tag is one of somebody who was merged"
    assert differences(flink.run(builtin_tags(*QUERIES), history.log()), wanted) == []


def seen(flink, *identities: tuple[str, str]) -> dict[str, int]:
    """Who was seen how often: ann twice and bob once within the hour, and both long before; after these identities, in order."""
    history = History(NOW - 300, NOW)
    for number, (user_id, minutes_ago) in enumerate(
        [("ann", 5), ("ann", 20), ("bob", 30), ("ann", 200), ("bob", 250), ("cleo", 250)]
    ):
        history.event(f"e{number}", user_id, "view", (NOW - minutes_ago) * MINUTE_MS)
    for change, (user_id, canonical) in enumerate(identities, start=1):
        history.identity(user_id, canonical, change, NOW * MINUTE_MS)
    return flink.run([SEEN], history.log())["seen"]


def test_values_of_an_id_leave_it_and_come_to_the_person(flink):
    assert seen(flink) == {"ann": 2, "bob": 1}
    assert seen(flink, ("ann", "bob")) == {"bob": 3}


def test_what_is_unmerged_has_its_own_values_again(flink):
    assert seen(flink, ("ann", "bob"), ("ann", "ann")) == {"ann": 2, "bob": 1}


def test_rows_that_left_their_window_do_not_come_back_by_a_merge(flink):
    assert seen(flink, ("bob", "cleo"), ("ann", "cleo")) == {"cleo": 3}
    assert seen(flink, ("cleo", "dora")) == {"ann": 2, "bob": 1}


def test_what_is_told_again_late_changes_nothing(flink):
    history = History(NOW - 60, NOW)
    history.event("e1", "ann", "view", (NOW - 5) * MINUTE_MS)
    for user_id, canonical, change in (("ann", "bob", 5), ("ann", "cleo", 9), ("ann", "bob", 5)):
        history.identity(user_id, canonical, change)
    assert flink.run([SEEN], history.log())["seen"] == {"cleo": 1}
