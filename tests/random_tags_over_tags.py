"""Random tags over tags, each with the same question in DuckDB's words, and random pasts of the tags that they read.

The oracle reads `tag_<name>`, a table of two columns that it makes itself of the changes: see `tables`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from string import Template
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tagging.definition import TagDefinition
from tagging.tag_reads import TagRead
from tests.duck import Duck
from tests.fakes.memory_history import StoredChange
from tests.random_tags import MONEY, RandomTag, reads, same

READS = {
    "stage": TagRead("stage", 2, "string"),
    "visits": TagRead("visits", 1, "integer"),
    "spent": TagRead("spent", 3, "decimal"),
    "vip": TagRead("vip", 1, "boolean"),
}
VALUES: dict[str, Sequence[Any]] = {
    "stage": ("new", "active", "", "lost"),
    "visits": (0, 1, 2, 17),
    "spent": (0.0, 0.0001, 99.99, 100.0, 100.0001, 250.5),
    "vip": (True, False),
}
_TYPES = {"stage": "VARCHAR", "visits": "BIGINT", "spent": "DECIMAL(18, 4)", "vip": "BOOLEAN"}


def random_past(seed: int, users: Sequence[str], at_ms: int) -> list[StoredChange]:
    """Changes of the tags that are read, up to, at and after a time; of other versions too, and to no value and back."""
    random = Random(seed)
    found = []
    for name, read in READS.items():
        for user in users:
            for offset in range(random.choice((0, 0, 1, 2, 3))):
                value = random.choice((*VALUES[name], None))
                version = random.choice((read.version, read.version, read.version, read.version + 1))
                moved = at_ms + random.choice((-86_400_000, -1, 0, 1, 60_000))
                found.append(StoredChange(user, name, version, value, moved, offset))
    return found


def tables(duck: Duck, changes: Sequence[StoredChange], at_ms: int) -> None:
    """Make the oracle's tables: of the read version's changes up to a time the last one in the log, unless it is none."""
    for name, read in READS.items():
        rows = [change for change in changes if change.tag == name]
        columns = {
            "user_id": pa.array([change.user_id for change in rows], pa.string()),
            "version": pa.array([change.version for change in rows], pa.int64()),
            "moved": pa.array([change.changed_at_ms for change in rows], pa.int64()),
            "place": pa.array([change.offset for change in rows], pa.int64()),
            "value": pa.array([_text(change.value) for change in rows], pa.string()),
        }
        duck.connection.register("changes", pa.table(columns))
        text = Template(
            "CREATE OR REPLACE TABLE tag_$name AS SELECT user_id, CAST(value AS $kind) AS value"
            " FROM (SELECT DISTINCT ON (user_id) * FROM changes WHERE version = $version AND moved <= $at"
            " ORDER BY user_id, place DESC) WHERE value IS NOT NULL"
        )
        duck.connection.execute(text.substitute(name=name, kind=_TYPES[name], version=read.version, at=at_ms))


def _text(value: Any) -> str | None:
    return None if value is None else str(Decimal(f"{value:.4f}")) if isinstance(value, float) else str(value)


_PARTS = {name: (f"TAG({name})", f"tag_{name}") for name in READS}
STAGES = st.sampled_from(["'active'", "''", "'lost'"])
CONDITIONS = st.recursive(
    st.sampled_from(
        [
            "stage.value = 'active'",
            "stage.value <> ''",
            "visits.value >= 2",
            "visits.value IS NULL",
            "spent.value > 99.99",
            "spent.value - visits.value < 100.0001",
            "vip.value",
            "COALESCE(vip.value, FALSE)",
        ]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda found: "({} {} {})".format(*found)),
        inner.map(lambda condition: f"NOT ({condition})"),
        inner.map(lambda condition: f"({condition}) IS NOT TRUE"),
    ),
    max_leaves=3,
)
JOINED = (
    "FROM $stage AS stage $how1 JOIN $visits AS visits ON visits.user_id = stage.user_id"
    " $how2 JOIN $spent AS spent ON spent.user_id = stage.user_id $how3 JOIN $vip AS vip ON vip.user_id = stage.user_id"
)


def over(name: str, value_type: str, text: str, **values: tuple[str, str]) -> RandomTag:
    """A tag and its question from one template."""
    sides = [{key: pair[side] for key, pair in {**_PARTS, **values}.items()} for side in (0, 1)]
    return RandomTag(name, value_type, *(Template(text).substitute(side) for side in sides))


@st.composite
def joined(draw: st.DrawFn) -> RandomTag:
    """All four, of users who have the first and, by the kind of join, the others."""
    how = {f"how{n}": same(draw(st.sampled_from(["", "LEFT"]))) for n in (1, 2, 3)}
    text = (
        f"SELECT stage.user_id, CASE WHEN $one THEN 'a' WHEN $two THEN stage.value END AS value {JOINED} WHERE $three"
    )
    conditions = {name: same(draw(CONDITIONS)) for name in ("one", "two", "three")}
    return over("joined", "string", text, **how, **conditions)


@st.composite
def bare(draw: st.DrawFn) -> RandomTag:
    """One tag, and a condition on its value."""
    text = "SELECT user_id, value FROM $stage WHERE value <> $not"
    return over("bare", "string", text, **{"not": same(draw(STAGES))})


@st.composite
def beside_a_source(draw: st.DrawFn) -> RandomTag:
    """All users, with what some of them have."""
    text = (
        "SELECT u.user_id, COALESCE(s.value, 0.5) * 2 AS value FROM users AS u LEFT JOIN $spent AS s"
        " ON s.user_id = u.user_id AND s.value <> $money"
    )
    return over("beside_a_source", "decimal", text, money=same(draw(MONEY)))


@st.composite
def of_others(draw: st.DrawFn) -> RandomTag:
    """Values of other users: of all whom the user has brought in."""
    text = (
        "SELECT u.referred_by AS user_id, SUM(s.value) AS value FROM users AS u JOIN $spent AS s ON s.user_id = u.user_id"
        " WHERE u.referred_by IS NOT NULL GROUP BY u.referred_by HAVING SUM(s.value) > $least"
    )
    return over("of_others", "decimal", text, least=same(draw(MONEY)))


@st.composite
def chosen_by(draw: st.DrawFn) -> RandomTag:
    """Rows of a source that count for those alone who have a tag."""
    text = (
        "SELECT o.user_id, COUNT(*) AS value FROM $read AS o WHERE o.user_id IN"
        " (SELECT user_id FROM $vip WHERE value IS NOT NULL) GROUP BY o.user_id"
    )
    return over("chosen_by", "integer", text, read=draw(reads("orders")))


@st.composite
def laid_together(draw: st.DrawFn) -> RandomTag:
    """Values of two tags as rows of one table."""
    text = (
        "SELECT user_id, SUM(n) AS value FROM (SELECT user_id, value AS n FROM $visits UNION ALL SELECT user_id,"
        " CASE WHEN value THEN 10 ELSE 20 END AS n FROM $vip) AS t GROUP BY user_id HAVING COUNT(*) >= $least"
    )
    return over("laid_together", "integer", text, least=same(draw(st.integers(1, 2))))


TAGS_OVER_TAGS = st.tuples(joined(), joined(), bare(), beside_a_source(), of_others(), chosen_by(), laid_together())
"""A tag of every shape."""


def definition_of(tag: RandomTag) -> TagDefinition:
    """The tag with the header that its text needs."""
    named = tuple(read for name, read in sorted(READS.items()) if f"TAG({name})" in tag.sql)
    return replace(tag.definition, reads=named)
