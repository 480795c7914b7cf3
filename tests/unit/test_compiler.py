"""What the compiler makes of a tag: shapes, rewrites, what it reads. Whole outputs are in tests/golden."""

from __future__ import annotations

import pytest

from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import TagDefinition
from tagging.problems import TagProblems
from tagging.sources import Source
from tagging.windows import Window


def compiled(sql: str, value_type: str = "integer", **options) -> CompiledTag:
    return compile_tag(TagDefinition("tag", "", "", value_type, "basic", "tests", sql), **options)


def query(sql: str, value_type: str = "integer") -> str:
    return " ".join(compiled(sql, value_type).query.split())


def problems(sql: str, value_type: str = "integer") -> list[str]:
    with pytest.raises(TagProblems) as refused:
        compiled(sql, value_type)
    return [problem.message for problem in refused.value.problems]


def test_a_having_becomes_a_case_so_that_nothing_is_withdrawn():
    text = query("SELECT user_id, COUNT(*) AS value FROM events GROUP BY user_id HAVING COUNT(*) >= 3")
    assert "HAVING" not in text
    assert "CAST(CASE WHEN COUNT(*) >= 3 THEN COUNT(*) END AS BIGINT) AS `value`" in text


def test_a_condition_on_a_grouped_table_becomes_a_case():
    text = query(
        "SELECT user_id, n AS value FROM (SELECT user_id, COUNT(*) AS n FROM events GROUP BY user_id) WHERE n > 2 AND n < 9"
    )
    assert "CASE WHEN `derived_1`.`n` > 2 AND `derived_1`.`n` < 9 THEN `derived_1`.`n` END" in text
    assert "WHERE" not in text


def test_a_condition_beside_a_rank_becomes_a_case_and_the_rank_stays():
    text = query(
        "SELECT user_id, n AS value FROM (SELECT user_id, n, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY n DESC) AS rn"
        " FROM (SELECT user_id, item_id, COUNT(*) AS n FROM events GROUP BY user_id, item_id)) WHERE n > 2 AND rn = 1"
    )
    assert text.endswith("WHERE `derived_1`.`rn` = 1")
    assert "CASE WHEN `derived_1`.`n` > 2 THEN `derived_1`.`n` END" in text


def test_a_row_of_a_source_gets_an_aggregation_that_the_engine_cannot_drop():
    text = query("SELECT user_id, birth_year AS value FROM users WHERE birth_year > 1900")
    assert text.startswith(
        "SELECT `tagged`.`user_id` AS `user_id`, MAX(`tagged`.`value`) FILTER (WHERE `tagged`.`value`"
    )
    assert text.endswith("GROUP BY `tagged`.`user_id`")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT user_id, MAX(birth_year) AS value FROM users GROUP BY user_id",
        "SELECT user_id, MAX(n) AS value FROM (SELECT user_id, COUNT(*) AS n FROM events GROUP BY user_id) GROUP BY user_id",
        "SELECT user_id, birth_year AS value FROM users QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY birth_year) = 1",
        "SELECT user_id, n AS value FROM (SELECT user_id, COUNT(*) AS n FROM events GROUP BY user_id HAVING COUNT(*) > 1)",
        "SELECT u.user_id, e.n AS value FROM users AS u JOIN (SELECT user_id, COUNT(*) AS n FROM events GROUP BY user_id) AS e "
        "ON e.user_id = u.user_id",
    ],
    ids=["grouped by its key", "grouped twice", "ranked by its key", "filtered below", "joined"],
)
def test_whatever_the_engine_would_see_through_is_wrapped(sql):
    assert "FILTER (WHERE `tagged`.`value` IS NOT NULL)" in query(sql)


def test_a_window_becomes_its_view_under_the_name_of_its_source():
    tag = compiled("SELECT user_id, COUNT(*) AS value FROM LAST(events, INTERVAL '7' DAY) GROUP BY user_id")
    assert "FROM `events__last_10080m_60m` AS `events`" in tag.query
    assert tag.windows == {Window("events", 10_080, 60)}
    assert tag.sources == {"events"}


@pytest.mark.parametrize(
    ("arguments", "view"),
    [
        ("INTERVAL '1' HOUR", "events__last_60m_1m"),
        ("INTERVAL '90' MINUTE", "events__last_90m_1m"),
        ("INTERVAL '1' DAY", "events__last_1440m_15m"),
        ("INTERVAL 3 DAYS", "events__last_4320m_60m"),
        ("INTERVAL '120' SECOND", "events__last_2m_1m"),
        ("INTERVAL '1' HOUR, INTERVAL '20' MINUTE", "events__last_60m_20m"),
        ("interval '400' day, interval '1' day", "events__last_576000m_1440m"),
    ],
)
def test_a_window_can_be_written_in_any_fixed_unit(arguments, view):
    tag = compiled(f"SELECT user_id, COUNT(*) AS value FROM LAST(events, {arguments}) GROUP BY user_id")
    assert {window.view for window in tag.windows} == {view}


def test_a_tag_says_which_columns_it_needs_of_which_view():
    tag = compiled(
        "SELECT e.user_id, COUNT(DISTINCT p.brand) AS value FROM LAST(events, INTERVAL '1' HOUR) AS e "
        "JOIN products AS p ON p.product_id = e.item_id WHERE e.event_type = 'cart' GROUP BY e.user_id"
    )
    assert tag.columns == {
        "events": frozenset(),
        "events__last_60m_1m": {"user_id", "item_id", "event_type"},
        "products": {"product_id", "brand"},
    }


def test_a_star_stands_for_the_columns_of_the_catalogue_and_never_for_hidden_ones():
    text = query("SELECT user_id, COUNT(*) AS value FROM (SELECT * FROM products AS p JOIN (SELECT user_id, product_id AS id "
                 "FROM orders) AS o ON o.id = p.product_id) GROUP BY user_id")  # fmt: skip
    assert "*" not in text.replace("COUNT(*)", "")
    assert "`p`.`title`, `p`.`category`" in text
    assert "__" not in text


def test_names_do_not_depend_on_case_and_are_quoted():
    shouted = query("SELECT USER_ID, COUNT(*) AS VALUE FROM Last(EVENTS, interval '1' hour) AS E GROUP BY E.User_Id")
    assert shouted == query(
        "select user_id, count(*) as value from LAST(events, INTERVAL '60' MINUTE) e group by user_id"
    )


def test_qualify_is_a_rank_in_a_derived_table():
    assert query(
        "SELECT user_id, item_id AS value FROM events QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY event_id) = 1",
        "string",
    ) == query(
        "SELECT user_id, value FROM (SELECT user_id, item_id AS value, ROW_NUMBER() OVER (PARTITION BY user_id "
        "ORDER BY event_id) AS rank_to_qualify FROM events) WHERE rank_to_qualify = 1",
        "string",
    )


def test_with_is_a_derived_table():
    assert query(
        "WITH a AS (SELECT user_id FROM events), b AS (SELECT user_id FROM a) "
        "SELECT user_id, COUNT(*) AS value FROM b GROUP BY user_id"
    ) == query(
        "SELECT user_id, COUNT(*) AS value FROM (SELECT user_id FROM (SELECT user_id FROM events) AS a) AS b GROUP BY user_id"
    )


def test_a_division_by_zero_gives_no_value_instead_of_an_error():
    text = query("SELECT user_id, SUM(amount) / COUNT(coupon) AS value FROM orders GROUP BY user_id", "decimal")
    assert "SUM(`orders`.`amount`) / NULLIF(COUNT(`orders`.`coupon`), 0)" in text
    assert "/ 2" in query("SELECT user_id, SUM(amount) / 2 AS value FROM orders GROUP BY user_id", "decimal")


def test_a_rest_of_a_division_by_zero_gives_no_value_instead_of_an_error():
    assert "MOD(`users`.`birth_year`, 10)" in query("SELECT user_id, birth_year % 10 AS value FROM users")
    assert "NULLIF(CHAR_LENGTH(`users`.`city`), 0))" in query(
        "SELECT user_id, MOD(birth_year, CHAR_LENGTH(city)) AS value FROM users"
    )


def test_a_cast_that_fails_gives_no_value_instead_of_an_error():
    text = query(
        "SELECT user_id, MAX(CAST(properties['price'] AS DECIMAL(12, 2))) AS value FROM events GROUP BY user_id",
        "decimal",
    )
    assert "MAX(TRY_CAST(`events`.`properties`['price'] AS DECIMAL(12, 2)))" in text


def test_no_meaning_hangs_on_which_operator_binds_more_tightly():
    text = query("SELECT user_id, city = country = gender IS NULL AS value FROM users", "boolean")
    assert "(`users`.`city` = `users`.`country`) = (`users`.`gender` IS NULL)" in text


def test_a_text_with_backslashes_and_quotes_stays_one_text():
    text = query(
        r"SELECT user_id, city AS value FROM users WHERE city = 'it''s \' AND country = ' OR 1=1 --'", "string"
    )
    assert r"`users`.`city` = 'it''s \' AND `users`.`country` = ' OR 1=1 --'" in text


def test_comments_are_left_out():
    text = query("SELECT user_id, -- the user\n COUNT(*) /* all */ AS value FROM events GROUP BY user_id -- end")
    assert "--" not in text and "/*" not in text and "all" not in text


@pytest.mark.parametrize(
    ("value_type", "cast"),
    [
        ("string", "CAST(1 AS STRING)"),
        ("integer", "CAST(1 AS BIGINT)"),
        ("decimal", "TRY_CAST(1 AS DECIMAL(18, 4))"),
        ("boolean", "CAST(TRUE AS BOOLEAN)"),
    ],
)
def test_the_value_has_the_type_of_the_header_and_too_many_digits_are_no_value(value_type, cast):
    value = {"boolean": "TRUE"}.get(value_type, "1")
    assert f" {cast} AS `value`" in query(f"SELECT user_id, {value} AS value FROM users", value_type)


@pytest.mark.parametrize("order", ["n DESC, item_id", "item_id", "n, item_id DESC", "UPPER(item_id), item_id"])
def test_a_rank_is_accepted_when_its_order_leaves_nothing_open(order):
    assert query(
        "SELECT user_id, item_id AS value FROM (SELECT user_id, item_id, COUNT(*) AS n FROM events GROUP BY user_id, item_id) "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY {order}) = 1",
        "string",
    )


def test_a_rank_by_a_unique_key_can_select_anything():
    assert query(
        "SELECT user_id, coupon AS value FROM orders "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ordered_at DESC, order_id) = 1",
        "string",
    )


def test_the_first_rows_of_a_rank_can_be_aggregated():
    text = query(
        "SELECT user_id, SUM(quantity) AS value FROM (SELECT user_id, quantity, ROW_NUMBER() OVER "
        "(PARTITION BY user_id ORDER BY ordered_at DESC, order_id) AS rn FROM orders) WHERE rn <= 3 GROUP BY user_id"
    )
    assert "WHERE `derived_1`.`rn` <= 3" in text


def test_a_join_is_one_row_a_user_only_when_what_it_adds_is_unique():
    once = "(SELECT user_id, COUNT(*) AS n FROM orders GROUP BY user_id) AS o ON o.user_id = u.user_id"
    assert query(f"SELECT u.user_id, o.n AS value FROM users AS u LEFT JOIN {once}")
    assert problems(
        "SELECT u.user_id, o.quantity AS value FROM users AS u LEFT JOIN orders AS o ON o.user_id = u.user_id"
    ) == ["there can be several rows for one user"]


def test_in_a_select_is_a_condition_of_its_own():
    assert "IN ( SELECT" in query(
        "SELECT user_id, COUNT(*) AS value FROM events WHERE event_type = 'cart' "
        "AND user_id IN (SELECT user_id FROM orders WHERE coupon <> '') GROUP BY user_id"
    )
    assert problems(
        "SELECT user_id, COUNT(*) AS value FROM events WHERE event_type = 'cart' "
        "OR user_id IN (SELECT user_id FROM orders) GROUP BY user_id"
    ) == ["IN (SELECT ...) stands in WHERE, alone or joined by AND"]


def test_union_all_takes_its_names_from_the_first_select():
    assert query(
        "SELECT who AS user_id, SUM(n) AS value FROM "
        "(SELECT user_id AS who, 1 AS n FROM orders UNION ALL SELECT user_id, 2 FROM users) GROUP BY who"
    )
    assert problems(
        "SELECT user_id, COUNT(*) AS value FROM "
        "(SELECT user_id FROM orders UNION ALL SELECT birth_year FROM users) GROUP BY user_id"
    ) == ["UNION ALL puts text (user_id) over integer (birth_year)"]


def test_a_source_without_a_time_column_has_no_windows():
    catalog = {"codes": Source("codes", {"user_id": "STRING", "code": "STRING"}, "user_id", None)}
    assert compiled("SELECT user_id, code AS value FROM codes", "string", catalog=catalog).sources == {"codes"}
    with pytest.raises(TagProblems, match="codes has no time column, so no window"):
        compiled("SELECT user_id, code AS value FROM LAST(codes, INTERVAL '1' DAY)", "string", catalog=catalog)


def test_texts_in_any_script_are_welcome():
    assert "'中山路 Ñandú 🚲'" in query(
        "SELECT user_id, city AS value FROM users WHERE city <> '中山路 Ñandú 🚲'", "string"
    )
