"""A form becomes a tag's text, and says what is wrong where it is wrong."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.compiler import compile_tag
from tagging.definition import parse_definition
from tagging.form import Band, Condition, Form, FormProblems, Measure, Relation, Window
from tagging.form_text import write
from tagging.windows import Window as SlidingWindow
from tagging.windows import default_pane_minutes
from tests.forms import HEAD, TEXTS, forms, meaning

HEAT = Form(
    **HEAD,
    source="events",
    measure=Measure.COUNT,
    where=(Condition("event_type", Relation.ONE_OF, ("catalog", "cart")),),
    window=Window(1, "hour"),
    bands=(Band(3, "warm"), Band(10, "hot")),
    otherwise="mild",
)
CELLS = {
    "event_type": TEXTS,
    "item_id": st.none() | TEXTS,
    "properties": st.dictionaries(st.just("q"), TEXTS),
    "status": TEXTS,
    "coupon": st.none() | TEXTS,
    "city": st.none() | TEXTS,
    "amount": st.none() | st.decimals(-3, 6, places=2),
    "quantity": st.none() | st.integers(-3, 6),
    "birth_year": st.none() | st.integers(-3, 6),
}
TABLES = {
    "events": "user_id VARCHAR, event_type VARCHAR, item_id VARCHAR, properties MAP(VARCHAR, VARCHAR)",
    "orders": "user_id VARCHAR, status VARCHAR, coupon VARCHAR, amount DECIMAL(12, 2), quantity INTEGER",
    "users": "user_id VARCHAR, city VARCHAR, birth_year INTEGER",
}


def test_a_form_reads_like_a_tag_that_a_person_wrote():
    assert write(HEAT) == (
        "-- name: made\n-- title: Made\n-- description: By a form\n-- type: string\n-- dimension: risk\n-- owner: ops\n"
        "\nSELECT\n  user_id,\n"
        "  CASE WHEN COUNT(*) >= 10 THEN 'hot' WHEN COUNT(*) >= 3 THEN 'warm' ELSE 'mild' END AS value\n"
        "FROM LAST(events, INTERVAL '1' HOUR)\nWHERE\n  event_type IN ('catalog', 'cart')\nGROUP BY\n  user_id\n"
    )


@settings(max_examples=60, deadline=None)
@given(forms())
def test_every_form_that_is_filled_in_compiles_with_its_window(form):
    compiled = compile_tag(parse_definition(write(form)))
    assert compiled.sources == {form.source}
    wanted = set()
    if form.window:
        minutes = form.window.length * {"minute": 1, "day": 1440}[form.window.unit]
        wanted = {SlidingWindow(form.source, minutes, default_pane_minutes(minutes))}
    assert compiled.windows == wanted


@settings(max_examples=40, deadline=None)
@given(form=forms(), data=st.data())
def test_the_text_gives_every_user_what_the_form_says(form, data):
    form = replace(form, window=None)
    names = [column.split()[0] for column in TABLES[form.source].split(", ")][1:]
    names = [name for name in names if name in CELLS]
    users = ["u1", "u2"] if form.source == "users" else data.draw(st.lists(st.sampled_from(["u1", "u2"]), max_size=6))
    rows = [{"user_id": user, **{name: data.draw(CELLS[name], name) for name in names}} for user in users]
    with duckdb.connect() as duck:
        duck.execute(f"CREATE TABLE {form.source} ({TABLES[form.source]})")
        for row in rows:
            places = ", ".join("?" * len(row))
            duck.execute(f"INSERT INTO {form.source} VALUES ({places})", list(row.values()))
        found = dict(duck.execute(parse_definition(write(form)).sql).fetchall())
    wanted = meaning(form, rows)
    assert {user for user, value in found.items() if value is not None} == wanted.keys()
    for user, value in wanted.items():
        if isinstance(value, Decimal):
            assert float(found[user]) == pytest.approx(float(value))
        else:
            assert found[user] == value


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"source": "products"}, "source"),
        ({"measure": Measure.SUM}, "column"),
        ({"measure": Measure.SUM, "column": "event_type"}, "column"),
        ({"measure": Measure.DISTINCT, "column": "occurred_at"}, "column"),
        ({"column": "item_id"}, "column"),
        ({"measure": Measure.VALUE, "column": "item_id", "bands": (), "otherwise": ""}, "measure"),
        ({"source": "users", "where": ()}, "measure"),
        ({"measure": Measure.ANY}, "bands"),
        ({"bands": ()}, "otherwise"),
        ({"bands": (Band(3, "a"), Band(3.0, "b"))}, "bands[1].at_least"),
        ({"bands": (Band(3, "a\nb"),)}, "bands[0].label"),
        ({"bands": (Band(float("nan"), "a"),)}, "bands[0].at_least"),
        ({"at_least": 10**18}, "at_least"),
        ({"window": Window(401, "day")}, "window.length"),
        ({"window": Window(0, "day")}, "window.length"),
        ({"window": Window(1, "week")}, "window.unit"),
        ({"where": (Condition("colour", Relation.FILLED),)}, "where[0].column"),
        ({"where": (Condition("event_type", Relation.ABOVE, (1,)),)}, "where[0].test"),
        ({"where": (Condition("event_type", Relation.ONE_OF, ()),)}, "where[0].values"),
        ({"where": (Condition("event_type", Relation.ONE_OF, ("a", 1)),)}, "where[0].values[1]"),
        ({"where": (Condition("event_type", Relation.FILLED, ("a",)),)}, "where[0].values"),
        ({"where": (Condition("event_type", Relation.FILLED),) * 21}, "where"),
        ({"name": "Not A Name"}, "name"),
        ({"dimension": "colour"}, "dimension"),
        ({"title": "two\nlines"}, "title"),
        ({"owner": " "}, "owner"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_in_the_form(change, path):
    with pytest.raises(FormProblems) as refused:
        write(replace(HEAT, **change))
    assert [problem.path for problem in refused.value.problems] == [path]


def test_every_problem_is_told_at_once():
    with pytest.raises(FormProblems) as refused:
        write(replace(HEAT, title="", name="No", owner="a\nb", column="x", window=Window(0, "day")))
    found = [problem.path for problem in refused.value.problems]
    assert found == ["title", "owner", "name", "column", "window.length"]
