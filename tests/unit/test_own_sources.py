"""A deployment's own source tables: their texts, the catalogue that they join, and the tables that they must fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.services.connect import shared_settings
from jobs.flink_sources import source_statements
from stores.own_sources import read_own
from stores.settings import Settings
from tagging.row_changes import NotARowChange, decode
from tagging.source_check import TableColumn, misfits
from tagging.source_texts import SourceProblems, parse_source
from tagging.sources import CATALOG, ORDERS, Source, declare, tables

REVIEWS = """
about = "what customers say of products"
key = "review_id"
time_column = "written_at"
lookups = ["user_id"]

[columns]
review_id = "STRING"
user_id = "STRING"
stars = "INT"
paid = "DECIMAL(12,2)"
written_at = "TIMESTAMP_LTZ(3)"
"""
TABLE = [
    TableColumn("review_id", "bigint", primary=True, digits=19, scale=0),
    TableColumn("user_id", "int", digits=10, scale=0),
    TableColumn("stars", "tinyint", digits=3, scale=0),
    TableColumn("paid", "decimal", digits=12, scale=2),
    TableColumn("written_at", "datetime", fraction=3),
    TableColumn("photo", "blob"),
]


@pytest.fixture
def reviews():
    return parse_source("reviews", REVIEWS)


def changed(name, **changes):
    return [TableColumn(**{**column.__dict__, **changes}) if column.name == name else column for column in TABLE]


def test_a_text_becomes_a_source(reviews):
    assert reviews == Source(
        "reviews",
        {
            "review_id": "STRING",
            "user_id": "STRING",
            "stars": "INT",
            "paid": "DECIMAL(12, 2)",
            "written_at": "TIMESTAMP_LTZ(3)",
        },
        "review_id",
        "written_at",
        "what customers say of products",
        ("user_id",),
    )


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('key = "review_id"\n', "", "key: the column that is the table's primary key"),
        ('key = "review_id"', 'key = "id"', "key: no column 'id'; there are review_id"),
        ('key = "review_id"', 'key = "stars"', "key: stars is declared INT"),
        ('"written_at"\n', '"stars"\n', "time_column: stars is INT"),
        ('["user_id"]', '["stars"]', "lookups: stars is INT"),
        ('["user_id"]', '"user_id"', "lookups: a list of columns, got 'user_id'"),
        ('stars = "INT"', 'stars = "FLOAT"', "columns.stars: no type 'FLOAT'; there are STRING"),
        ('stars = "INT"', 'stars = "DECIMAL(2, 3)"', "columns.stars: DECIMAL(2, 3) has 1 to 38 digits"),
        ('stars = "INT"', 'stars = "DECIMAL(39, 3)"', "columns.stars: DECIMAL(39, 3) has 1 to 38 digits"),
        ('stars = "INT"', '"st`ars" = "INT"', "columns.st`ars: is no name"),
        ('user_id = "STRING"', 'user_id = "BIGINT"', "columns.user_id: is BIGINT; users are named by STRING"),
        ('about = "', 'abuot = "', "abuot: no such key"),
        ("[columns]", "[columns", "is not TOML"),
    ],
)
def test_what_is_wrong_with_a_text_is_said_with_its_place(was, becomes, said):
    with pytest.raises(SourceProblems) as raised:
        parse_source("reviews", REVIEWS.replace(was, becomes, 1))
    assert [problem for problem in raised.value.problems if problem.startswith(said)], raised.value.problems


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(SourceProblems) as raised:
        parse_source("re views", REVIEWS.replace("INT", "int").replace('"written_at"', '"when"', 1))
    assert len(raised.value.problems) == 3


@given(st.text(max_size=200))
def test_any_text_is_a_source_or_is_refused_with_reasons(text):
    try:
        assert isinstance(parse_source("reviews", text), Source)
    except SourceProblems as error:
        assert error.problems


def test_a_table_that_is_as_described_fits(reviews):
    assert misfits(reviews, TABLE) == []


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ([], "there is no table reviews"),
        (TABLE[:4], "written_at: the table has no such column"),
        (changed("review_id", primary=False), "key: review_id, and the table's primary key is missing"),
        (changed("user_id", primary=True), "key: review_id, and the table's primary key is review_id, user_id"),
        (changed("stars", data_type="bigint"), "stars: is declared INT, and BIGINT is read as BIGINT or STRING"),
        (
            changed("stars", data_type="int", unsigned=True),
            "stars: is declared INT, and INT UNSIGNED is read as BIGINT",
        ),
        (
            changed("stars", data_type="double"),
            "stars: DOUBLE cannot be read; leave the column out, or make it a DECIMAL",
        ),
        (changed("paid", digits=14), "paid: DECIMAL(12, 2) does not hold DECIMAL(14, 2)"),
        (changed("paid", scale=3), "paid: DECIMAL(12, 2) does not hold DECIMAL(12, 3)"),
        (changed("written_at", fraction=6), "written_at: DATETIME(6) cannot be read; leave the column out, or make it"),
        (changed("written_at", data_type="timestamp"), "written_at: TIMESTAMP(3) cannot be read"),
        (changed("review_id", unsigned=True), "review_id: BIGINT UNSIGNED cannot be read"),
    ],
)
def test_a_table_that_is_not_as_described_is_told_by_column(reviews, table, said):
    assert [problem for problem in misfits(reviews, table) if problem.startswith(said)], misfits(reviews, table)


@pytest.mark.parametrize("key", [17, "17"])
def test_a_key_and_a_user_that_are_numbers_are_read_as_text(reviews, key):
    row = f'{{"review_id": {key!r}, "user_id": 5, "stars": 4, "paid": "1.50", "written_at": 1}}'.replace("'", '"')
    [change] = decode(f'{{"op": "c", "after": {row}, "source": {{"ts_ms": 5}}}}'.encode(), reviews, "debezium", 9)
    assert (change.key, change.row["user_id"], change.row["stars"]) == ("17", "5", 4)


def test_a_truth_value_is_no_text(reviews):
    row = '{"review_id": true, "user_id": 5, "stars": 4, "paid": "1.50", "written_at": 1}'
    with pytest.raises(NotARowChange, match="review_id is STRING"):
        decode(f'{{"op": "c", "after": {row}}}'.encode(), reviews, "debezium", 9)


def test_a_name_that_means_something_else_is_refused(tmp_path):
    for name in ("orders", "clock"):
        with pytest.raises(ValueError, match="the name is taken"):
            declare(parse_source(name, REVIEWS))
    declare(ORDERS)
    assert CATALOG["orders"] is ORDERS


def test_a_folder_that_is_not_there_has_no_sources(tmp_path):
    assert read_own(tmp_path / "none") == {}


def test_the_sources_that_are_always_there_are_followed():
    assert [source.name for source in tables()] == ["users", "products", "orders"]
    assert shared_settings("shop")["table.include.list"] == "shop.users,shop.products,shop.orders"


def test_statements_of_the_sources_that_are_always_there_are_unchanged_by_others():
    assert source_statements(["orders"], Settings(), "tags")[2].startswith("-- A source table's row changes")
