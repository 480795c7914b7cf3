"""What lineage says of random tags, asked of DuckDB: other contents of a column that a tag does not read change nothing."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tagging.definition import TagDefinition
from tagging.lineage import origins
from tests.duck import Duck
from tests.random_history import random_history
from tests.random_tags import TAGS, RandomTag
from tests.shop_history import History

FREE = {
    "events": ("item_id", "properties"),
    "users": ("gender", "birth_year", "city", "country", "signup_channel", "referred_by", "email", "registered_at"),
    "products": ("title", "category", "brand", "price", "updated_at"),
    "orders": ("user_id", "product_id", "quantity", "amount", "discount", "coupon", "status", "ordered_at"),
}
"""Columns that decide neither whether an event is valid nor which row change is the newest."""


def read_by(tag: RandomTag) -> set[tuple[str, str]]:
    found = origins(TagDefinition(tag.name, "", "", tag.value_type, "basic", "tests", tag.sql))
    return {(source, column) for source, column, _ in found}


def other_contents(history: History, kept: set[tuple[str, str]], seed: int) -> History:
    """The history with the contents of every free column that is not kept dealt out anew among its rows."""
    rows = {source: [dict(row) for row in held] for source, held in history.rows.items()}
    for source, columns in FREE.items():
        for column in columns:
            if (source, column) not in kept:
                contents = [row[column] for row in rows[source]]
                Random(seed).shuffle(contents)
                for row, content in zip(rows[source], contents, strict=True):
                    row[column] = content
    return History(history.first_minute, history.now_minute, rows)


# An example has a tag of every shape, each with a history of its own; it is not made smaller when it fails.
@settings(
    max_examples=2,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), tags=TAGS)
def test_other_contents_of_columns_that_are_not_read_change_no_value(seed, tags):
    history = random_history(seed, users=30, events=200, orders=120)
    duck = Duck(history)
    for tag in tags:
        other = Duck(other_contents(history, read_by(tag), seed))
        assert other.values(tag.oracle) == duck.values(tag.oracle), tag.sql


def test_the_deal_changes_what_is_not_kept_and_nothing_else():
    history = random_history(1)
    other = other_contents(history, {("users", "city")}, 2)
    assert [row["city"] for row in other.rows["users"]] == [row["city"] for row in history.rows["users"]]
    assert [row["birth_year"] for row in other.rows["users"]] != [row["birth_year"] for row in history.rows["users"]]
    assert [row["offset"] for row in other.rows["users"]] == [row["offset"] for row in history.rows["users"]]
