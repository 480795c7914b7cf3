"""Random tags of many shapes, each with the same question in DuckDB's words.

What an expression means (AND over NULL, DISTINCT, a tie) is standard SQL, so that the oracle may ask it in the author's words:
the compiler rewrites them, and another engine answers. Windows, copies and row changes are the oracle's own (sources.sql).
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from hypothesis import strategies as st

from tagging.compiler import CompiledTag, compile_tag
from tagging.definition import TagDefinition

LENGTHS = (("'1' HOUR", 60, 1), ("'7' DAY", 7 * 1440, 60), ("'30' DAY", 30 * 1440, 60), ("'1' DAY", 1440, 15))
"""(interval, minutes, the pane that follows from it)."""


@dataclass(frozen=True)
class RandomTag:
    """A tag as its author writes it, and the oracle's query."""

    name: str
    value_type: str
    sql: str
    oracle: str

    @property
    def definition(self) -> TagDefinition:
        """The tag with its header."""
        return TagDefinition(self.name, "", "", self.value_type, "basic", "tests", self.sql)

    def compiled(self) -> CompiledTag:
        """The tag on its way to Flink."""
        return compile_tag(self.definition)


@st.composite
def reads(draw: st.DrawFn, source: str, always_windowed: bool = False) -> tuple[str, str]:
    """A window on a source, or all of it: (for the tag, for the oracle)."""
    if not always_windowed and draw(st.integers(0, 4)) == 0:
        return source, source
    interval, length, pane = draw(st.sampled_from(LENGTHS))
    values = {"source": source, "interval": interval, "length": length, "pane": pane}
    if length == 60 and draw(st.booleans()):
        values["pane"] = 20
        tag = Template("LAST($source, INTERVAL $interval, INTERVAL '20' MINUTE)")
    else:
        tag = Template("LAST($source, INTERVAL $interval)")
    return tag.substitute(values), Template("last_$source($length, $pane)").substitute(values)


def both(name: str, value_type: str, tag: str, oracle: str | None = None, **values: tuple[str, str]) -> RandomTag:
    """A tag and its question from templates; each value has a form for either."""
    sides = [{key: pair[side] for key, pair in values.items()} for side in (0, 1)]
    return RandomTag(name, value_type, Template(tag).substitute(sides[0]), Template(oracle or tag).substitute(sides[1]))


def same(text: object) -> tuple[str, str]:
    """A part that both write alike."""
    return str(text), str(text)


CONDITIONS = st.recursive(
    st.sampled_from(
        [
            "o.status IN ('paid', 'refunded')",
            "o.status NOT IN ('cancelled', 'shipped')",
            "o.status LIKE '%ed'",
            "o.coupon = 'SPRING10'",
            "o.coupon <> ''",
            "o.coupon IS NULL",
            "o.quantity BETWEEN 2 AND 3",
            "o.quantity % 2 = 1",
            "o.discount > 1.25",
            "o.amount - o.discount >= 99.99",
            "COALESCE(o.discount, 5.00) < o.amount",
        ]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda found: "({} {} {})".format(*found)),
        inner.map(lambda condition: f"NOT ({condition})"),
        inner.map(lambda condition: f"({condition}) IS NOT TRUE"),
    ),
    max_leaves=3,
)
REGISTERED = ("", "", "AND o.user_id IN (SELECT r.user_id FROM users AS r WHERE r.city <> '')")
MONEY = st.sampled_from(["0.00", "10.00", "99.99", "100.00", "250.50"])
VALUES = st.one_of(
    st.sampled_from(
        [
            ("integer", "COUNT(*)"),
            ("integer", "COUNT(o.coupon)"),
            ("integer", "COUNT(DISTINCT o.product_id)"),
            ("integer", "COUNT(DISTINCT o.discount)"),
            ("integer", "SUM(o.quantity)"),
            ("integer", "MAX(o.quantity) - MIN(o.quantity)"),
            ("decimal", "SUM(o.amount)"),
            ("decimal", "SUM(o.amount * o.quantity)"),
            ("decimal", "SUM(o.amount - o.discount)"),
            ("decimal", "MIN(ABS(o.amount - 50.00))"),
            ("string", "MAX(o.coupon)"),
            ("string", "MIN(UPPER(o.status) || o.shipping_address)"),
        ]
    ),
    CONDITIONS.map(lambda condition: ("integer", f"COUNT(*) FILTER (WHERE {condition})")),
    CONDITIONS.map(lambda condition: ("decimal", f"SUM(o.amount) FILTER (WHERE {condition})")),
    CONDITIONS.map(lambda condition: ("integer", f"SUM(CASE WHEN {condition} THEN o.quantity END)")),
    MONEY.map(lambda money: ("boolean", f"SUM(o.amount) > {money}")),
    CONDITIONS.map(lambda condition: ("boolean", f"COUNT(*) FILTER (WHERE {condition}) * 2 >= COUNT(*)")),
    st.tuples(MONEY, MONEY).map(
        lambda bands: (
            "string",
            f"CASE WHEN SUM(o.amount) >= {bands[0]} THEN 'a' WHEN SUM(o.discount) < {bands[1]} THEN 'b' END",
        )
    ),
)
HAVINGS = st.one_of(
    st.just(""),
    st.integers(2, 4).map(lambda least: f"HAVING COUNT(*) >= {least}"),
    MONEY.map(lambda money: f"HAVING SUM(o.amount) > {money}"),
    st.just("HAVING MAX(o.discount) IS NULL OR COUNT(DISTINCT o.status) > 1"),
)
JOINS = st.sampled_from(
    [
        "",
        "",
        "JOIN products AS p ON p.product_id = o.product_id AND p.category = 'books'",
        "JOIN users AS u ON u.user_id = o.user_id AND u.birth_year > 1950",
        "LEFT JOIN products AS p ON p.product_id = o.product_id",
    ]
)


@st.composite
def composed(draw: st.DrawFn, name: str) -> RandomTag:
    """Any aggregate of orders, over any condition, window, join and HAVING."""
    value_type, value = draw(VALUES)
    return both(
        name,
        value_type,
        "SELECT o.user_id, $value AS value FROM $read AS o $join WHERE $condition $registered GROUP BY o.user_id $having",
        value=same(value),
        read=draw(reads("orders")),
        join=same(draw(JOINS)),
        condition=same(draw(CONDITIONS.map(lambda text: f"({text})"))),
        registered=same(draw(st.sampled_from(REGISTERED))),
        having=same(draw(HAVINGS)),
    )


@st.composite
def count_with_threshold(draw: st.DrawFn) -> RandomTag:
    """Events of some types; copies of an event and malformed ones do not count."""
    types = draw(st.sampled_from(["'product1', 'product2'", "'cart'", "'search', 'share', 'catalog'"]))
    return both(
        "count_with_threshold",
        "integer",
        "SELECT user_id, COUNT(*) AS value FROM $read WHERE event_type IN ($types) GROUP BY user_id HAVING COUNT(*) >= $least",
        read=draw(reads("events", always_windowed=True)),
        types=same(types),
        least=same(draw(st.integers(1, 4))),
    )


@st.composite
def distinct_of_properties(draw: st.DrawFn) -> RandomTag:
    """COUNT(DISTINCT ...) of what may not be there: 0 is a value."""
    what = draw(st.sampled_from(["item_id", "properties['session_id']", "LOWER(TRIM(properties['query']))"]))
    return both(
        "distinct_of_properties",
        "integer",
        "SELECT user_id, COUNT(DISTINCT $what) AS value FROM $read GROUP BY user_id",
        read=draw(reads("events")),
        what=same(what),
    )


@st.composite
def best_with_ties(draw: st.DrawFn) -> RandomTag:
    """Top-1 of a join; a tie goes to the first or the last by name."""
    direction = draw(st.sampled_from([("brand", "ORDER BY n DESC, brand", "min"), ("brand DESC", "", "max")]))
    return both(
        "best_with_ties",
        "string",
        "WITH n AS (SELECT e.user_id, p.brand, COUNT(*) AS n FROM $read AS e JOIN products AS p ON p.product_id = e.item_id"
        " WHERE p.brand IS NOT NULL GROUP BY e.user_id, p.brand)"
        " SELECT user_id, brand AS value FROM n QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY n DESC, $by) = 1",
        "WITH n AS (SELECT e.user_id, p.brand, count(*) AS n FROM $read AS e, products AS p"
        " WHERE p.product_id = e.item_id AND p.brand IS NOT NULL GROUP BY ALL)"
        " SELECT user_id, $by(brand) AS value FROM n AS a"
        " WHERE n = (SELECT max(n) FROM n AS b WHERE a.user_id = b.user_id) GROUP BY user_id",
        read=draw(reads("events")),
        by=(direction[0], direction[2]),
    )


@st.composite
def newest_row(draw: st.DrawFn) -> RandomTag:
    """Top-1 by a time that several rows share and that may be NULL, a condition on the best one alone."""
    return both(
        "newest_row",
        "string",
        "WITH r AS (SELECT user_id, status, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ordered_at DESC, order_id) AS rn"
        " FROM $read WHERE ordered_at IS NOT NULL) SELECT user_id, status AS value FROM r WHERE rn = 1 AND status <> $status",
        "WITH r AS (SELECT DISTINCT ON (user_id) user_id, status FROM $read WHERE ordered_at IS NOT NULL"
        " ORDER BY user_id, ordered_at DESC, order_id ASC) SELECT user_id, status AS value FROM r WHERE status <> $status",
        read=draw(reads("orders")),
        status=same(draw(st.sampled_from(["'paid'", "'refunded'"]))),
    )


@st.composite
def left_join(draw: st.DrawFn) -> RandomTag:
    """All users, with what some of them have: 0 where there is none."""
    return both(
        "left_join",
        "integer",
        "WITH n AS (SELECT user_id, COUNT(*) AS n FROM $read GROUP BY user_id)"
        " SELECT u.user_id, COALESCE(n.n, 0) AS value FROM users AS u LEFT JOIN n ON n.user_id = u.user_id",
        "SELECT u.user_id, (SELECT count(*) FROM $read AS e WHERE e.user_id = u.user_id) AS value FROM users AS u",
        read=draw(reads("events")),
    )


@st.composite
def of_the_referrer(draw: st.DrawFn) -> RandomTag:
    """Orders of others: the user of the tag is not the user of the row."""
    return both(
        "of_the_referrer",
        "decimal",
        "SELECT u.referred_by AS user_id, SUM(o.amount) AS value FROM $read AS o JOIN users AS u ON u.user_id = o.user_id"
        " GROUP BY u.referred_by HAVING SUM(o.amount) >= $least",
        "SELECT referred_by AS user_id, sum(amount) AS value FROM users NATURAL JOIN (SELECT user_id, amount FROM $read)"
        " WHERE referred_by IS NOT NULL GROUP BY ALL HAVING value >= $least",
        read=draw(reads("orders")),
        least=same(draw(MONEY)),
    )


@st.composite
def bands_of_an_attribute(draw: st.DrawFn) -> RandomTag:
    """No aggregate; a NULL is in no band."""
    edge = draw(st.sampled_from([1900, 1946, 1997]))
    return both(
        "bands_of_an_attribute",
        "string",
        "SELECT user_id, CASE WHEN birth_year < $edge THEN 'old' WHEN birth_year >= $edge THEN city END AS value FROM $read",
        read=draw(reads("users")),
        edge=same(edge),
    )


@st.composite
def two_windows(draw: st.DrawFn) -> RandomTag:
    """Rows of two sources together."""
    return both(
        "two_windows",
        "integer",
        "SELECT user_id, COUNT(*) AS value FROM (SELECT user_id FROM $events UNION ALL SELECT user_id FROM $orders) AS t"
        " GROUP BY user_id",
        events=draw(reads("events", always_windowed=True)),
        orders=draw(reads("orders", always_windowed=True)),
    )


TAGS = st.tuples(
    *(composed(f"composed_{number}") for number in range(4)),
    count_with_threshold(),
    distinct_of_properties(),
    best_with_ties(),
    newest_row(),
    left_join(),
    of_the_referrer(),
    bands_of_an_attribute(),
    two_windows(),
)
"""A tag of every shape, and four composed ones."""
