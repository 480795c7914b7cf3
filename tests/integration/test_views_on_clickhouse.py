"""The documented views on a real engine: live versions alone, each row once, and of sensitive values what may be seen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.bitmaps import Bitmaps
from jobs.view_sources import CROWDS_A_ROUND, KEPT_SECONDS, LOOK_SECONDS, REFRESH_SECONDS, ViewSources
from stores.clickhouse import statements
from stores.mysql import MySQLUnavailable
from stores.queries import QueryRefused, QueryRunner, QueryStopped
from stores.registry.store import Pointer
from tagging.queries.reading import read
from tagging.queries.rewriting import Query, query
from tagging.queries.views import VIEWS
from tagging.saved_crowds import SavedCrowd
from tests.clickhouse_fixture import RunningClickHouse

AT_MS = 1_790_000_000_000
EVERYTHING = ("public", "personal", "restricted")
HEADER = "-- name: {name}\n-- title: T\n-- description: D\n-- type: {type}\n-- dimension: risk\n-- owner: ann\n"


def pointer(name: str, version: int | None, sensitivity: str = "public", value_type: str = "string") -> Pointer:
    said = HEADER.format(name=name, type=value_type) + f"-- sensitivity: {sensitivity}\n"
    return Pointer(name, version, said + "\nSELECT user_id, city AS value FROM users\n")


TAGS = (
    pointer("tier", 2),
    pointer("spend", 1, "personal", "decimal"),
    pointer("flag", 3, "restricted", "boolean"),
    pointer("gone", None),
)


@dataclass
class Registry:
    """Which versions are live; `away`: MySQL does not answer."""

    tags: tuple[Pointer, ...] = TAGS
    away: bool = False

    def pointers(self):
        if self.away:
            raise MySQLUnavailable("mysql is away")
        return self.tags


@dataclass
class Crowds:
    """Saved crowds."""

    saved: dict[str, SavedCrowd] = field(default_factory=dict)

    def all(self) -> Mapping[str, SavedCrowd]:
        return self.saved

    def save(self, name: str, rule: dict) -> None:
        self.saved[name] = SavedCrowd(name, name, rule, "f", 1, AT_MS, AT_MS)


@dataclass
class World:
    """A store with its two keepers, and a clock."""

    store: RunningClickHouse
    registry: Registry = field(default_factory=Registry)
    crowds: Crowds = field(default_factory=Crowds)
    now: list[float] = field(default_factory=lambda: [AT_MS / 1000])

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.bitmaps = Bitmaps(self.store.client, lambda: self.now[0])
        self.sources = ViewSources(self.store.client, self.registry, self.crowds, lambda: self.now[0])

    def round(self, seconds: float = LOOK_SECONDS) -> int:
        self.now[0] += seconds
        self.bitmaps.round()
        return self.sources.round()

    def rows(self, text: str, sees: tuple[str, ...] = EVERYTHING, most: int = 1_000) -> list[list]:
        return QueryRunner(self.store.client).run(query(text, most), sees, most).rows

    def members(self, crowd: str, sees: tuple[str, ...] = EVERYTHING) -> list[str]:
        text = f"SELECT user_id FROM v_crowd_members WHERE crowd = '{crowd}' ORDER BY user_no"
        return [user_id for (user_id,) in self.rows(text, sees)]


@pytest.fixture
def world(clickhouse) -> World:
    return World(clickhouse)


def put(world: World, *rows: tuple[str, int, int, object, int]) -> None:
    """Rows of tag_values: (tag, version, user_no, value, offset); and their users."""
    values = [row[3] for row in rows]
    world.store.client.insert_columns(
        "tag_values",
        {
            "tag": [row[0] for row in rows],
            "version": [row[1] for row in rows],
            "user_no": [row[2] for row in rows],
            "user_id": [f"u{row[2]}" for row in rows],
            "value": [orjson.dumps(value).decode() for value in values],
            "number": [float(value) if type(value) in (int, float) else None for value in values],
            "present": [value is not None for value in values],
            "changed_at": [AT_MS + row[4] for row in rows],
            "partition": [0] * len(rows),
            "offset": [row[4] for row in rows],
        },
    )
    numbers = sorted({row[2] for row in rows})
    world.store.client.insert_columns("users", {"user_no": numbers, "user_id": [f"u{number}" for number in numbers]})


SENSITIVITY = {"tier": (2, "public"), "spend": (1, "personal"), "flag": (3, "restricted")}
VALUES = {"tier": ["gold", 'qu"ote', "用户", ""], "spend": [0, 1.5, -3], "flag": [True, False]}
ROW = st.sampled_from(sorted(SENSITIVITY)).flatmap(
    lambda tag: st.tuples(
        st.just(tag),
        st.integers(1, 3),
        st.integers(1, 4) | st.just(2**20 + 1),
        st.sampled_from([*VALUES[tag], None]),
    )
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, max_size=25), st.sampled_from([EVERYTHING, EVERYTHING[:2], EVERYTHING[:1]]), st.randoms())
def test_profiles_and_values_are_those_of_the_newest_offset_of_the_live_version_that_may_be_seen(
    clickhouse, rows, sees, random
):
    clickhouse.empty()
    world = World(clickhouse)
    numbered = [(*row, offset) for offset, row in enumerate(rows)]
    delivered = numbered + [row for row in numbered if random.random() < 0.5]
    random.shuffle(delivered)
    for row in delivered:
        put(world, row)
    world.round()
    newest: dict[tuple[str, int], tuple[object, int]] = {}
    for tag, version, user_no, value, offset in numbered:
        if version == SENSITIVITY[tag][0] and SENSITIVITY[tag][1] in sees:
            newest[tag, user_no] = (value, offset)
    held = {key: found for key, found in newest.items() if found[0] is not None}

    def text(value):
        return value if isinstance(value, str) else orjson.dumps(value).decode()

    found = world.rows("SELECT tag, user_no, value, toUnixTimestamp64Milli(changed_at) FROM v_tag_values", sees)
    assert sorted(found) == sorted([tag, no, text(value), AT_MS + at] for (tag, no), (value, at) in held.items())
    profiles = world.rows(
        "SELECT user_no, user_id, tags, numbers, toUnixTimestamp64Milli(changed_at) FROM v_profile", sees
    )
    assert sorted(profiles, key=lambda row: row[0]) == [
        [
            no,
            f"u{no}",
            {tag: text(value) for (tag, user), (value, _) in sorted(held.items()) if user == no},
            {tag: v for (tag, user), (v, _) in sorted(held.items()) if user == no and type(v) in (int, float)},
            AT_MS + max(at for (_, user), (_, at) in held.items() if user == no),
        ]
        for no in sorted({user for _, user in held})
    ]


def test_what_other_tools_read_are_the_public_values(world):
    put(world, ("tier", 2, 1, "gold", 1), ("spend", 1, 1, 5, 2), ("flag", 3, 2, True, 3))
    world.crowds.save("rich", {"tag": "spend", "above": 1})
    world.crowds.save("golden", {"tag": "tier", "in": ["gold"]})
    world.round()
    driver = world.store.driver
    assert driver.query("SELECT user_id, tags FROM v_profile").result_rows == [("u1", {"tier": "gold"})]
    assert driver.query("SELECT tag FROM v_tag_values").result_rows == [("tier",)]
    assert driver.query("SELECT crowd, user_id FROM v_crowd_members").result_rows == [("golden", "u1")]


def test_a_switch_is_seen_and_a_retired_tag_is_gone(world):
    put(world, ("tier", 2, 1, "gold", 1), ("tier", 3, 1, "silver", 2), ("spend", 1, 1, 5, 3))
    world.round()
    assert world.rows("SELECT version, value FROM v_tag_values WHERE tag = 'tier'") == [[2, "gold"]]
    world.registry.tags = (pointer("tier", 3, "restricted"), pointer("spend", None))
    world.round()
    assert world.rows("SELECT tag, version, value FROM v_tag_values") == [["tier", 3, "silver"]]
    assert world.rows("SELECT tag FROM v_tag_values", ("public",)) == []
    world.restart()
    world.registry.tags = (pointer("tier", 2),)
    world.round()
    assert world.rows("SELECT tag, version, value FROM v_tag_values", ("public",)) == [["tier", 2, "gold"]]


def test_while_mysql_is_away_the_views_stay_as_they_are(world):
    put(world, ("tier", 2, 1, "gold", 1))
    world.round()
    world.registry.away = True
    world.round()
    assert world.rows("SELECT value FROM v_tag_values") == [["gold"]]


def test_a_crowd_has_its_members_whole_and_once(world):
    put(world, *[("tier", 2, number, "gold" if number % 2 else "silver", number) for number in (1, 2, 3, 2**20 + 1)])
    world.crowds.save("golden", {"tag": "tier", "in": ["gold"]})
    world.crowds.save("others", {"not": {"crowd": "golden"}})
    assert world.round() == 2
    assert world.members("golden") == ["u1", "u3", f"u{2**20 + 1}"]
    assert world.members("others") == ["u2"]
    assert world.round() == 0


def test_a_changed_rule_is_built_at_once_and_changed_values_within_a_minute(world):
    put(world, ("tier", 2, 1, "gold", 1), ("tier", 2, 2, "silver", 2), ("tier", 2, 2**20 + 1, "gold", 3))
    world.crowds.save("best", {"tag": "tier", "in": ["gold"]})
    world.round()
    world.crowds.save("best", {"tag": "tier", "in": ["silver"]})
    assert world.round() == 1
    assert world.members("best") == ["u2"]
    put(world, ("tier", 2, 1, "silver", 4))
    assert world.round() == 0
    assert world.round(REFRESH_SECONDS) == 1
    assert world.members("best") == ["u1", "u2"]


def test_a_removed_crowd_and_one_whose_rule_no_longer_fits_have_no_members(world):
    put(world, ("tier", 2, 1, "gold", 1), ("spend", 1, 1, 3, 2))
    world.crowds.save("golden", {"tag": "tier", "in": ["gold"]})
    world.crowds.save("rich", {"tag": "spend", "above": 1})
    world.round()
    assert (world.members("golden"), world.members("rich")) == (["u1"], ["u1"])
    del world.crowds.saved["golden"]
    world.registry.tags = tuple(replace(tag, version=None) if tag.tag == "spend" else tag for tag in TAGS)
    world.round()
    assert (world.members("golden"), world.members("rich")) == ([], [])


def test_a_crowd_is_seen_by_those_who_may_see_all_the_values_that_it_tells(world):
    put(world, ("tier", 2, 1, "gold", 1), ("spend", 1, 1, 3, 2))
    world.crowds.save("both", {"all": [{"tag": "tier", "in": ["gold"]}, {"not": {"tag": "spend", "above": 5}}]})
    world.round()
    assert world.members("both", ("public",)) == []
    assert world.members("both", ("public", "personal")) == ["u1"]


def test_a_round_builds_so_many_crowds_and_the_next_goes_on(world):
    put(world, ("tier", 2, 1, "gold", 1))
    for number in range(CROWDS_A_ROUND + 2):
        world.crowds.save(f"c{number}", {"tag": "tier", "in": ["gold"]})
    assert [world.round(), world.round(), world.round()] == [CROWDS_A_ROUND, 2, 0]


def test_replaced_builds_are_forgotten_after_a_while(world):
    put(world, ("tier", 2, 1, "gold", 1), ("tier", 2, 2, "silver", 2))
    world.crowds.save("best", {"tag": "tier", "in": ["gold"]})
    world.round()
    world.crowds.save("best", {"tag": "tier", "in": ["silver"]})
    world.round()
    builds = "SELECT count(DISTINCT build) FROM crowd_bitmaps"
    assert world.store.driver.query(builds).result_rows == [(2,)]
    world.now[0] += KEPT_SECONDS + 1
    world.sources.forget()
    assert world.store.driver.query(builds).result_rows == [(1,)]
    assert world.members("best") == ["u2"]


def test_an_event_that_is_delivered_twice_is_one_row(world):
    for offset in (9, 5):
        world.store.client.insert_columns(
            "events",
            {
                "event_id": ["e1"],
                "user_id": ["u1"],
                "event_type": [f"at {offset}"],
                "item_id": [None],
                "properties": [{"campaign": "spring"}],
                "occurred_at": [AT_MS],
                "logged_at": [AT_MS + 1],
                "partition": [0],
                "offset": [offset],
            },
        )
    text = "SELECT event_id, user_id, event_type, item_id, properties['campaign'], occurred_at FROM v_events"
    assert world.rows(text) == [["e1", "u1", "at 5", None, "spring", "2026-09-21 14:13:20.000"]]


def test_the_views_have_the_columns_that_are_documented(world):
    for view in VIEWS.values():
        described = world.store.driver.query(f"DESCRIBE TABLE {view.name}").result_rows
        types = {row[0]: row[1].replace("LowCardinality(String)", "String") for row in described}
        assert types == {column.name: column.type for column in view.columns}


RUN = [
    "SELECT tags['tier'] AS tier, count() AS users FROM v_profile GROUP BY tier ORDER BY users DESC",
    "WITH rich AS (SELECT user_no FROM v_tag_values WHERE tag = 'spend' AND number > 1) SELECT p.user_id FROM v_profile AS p "
    "JOIN rich ON rich.user_no = p.user_no",
    "SELECT event_type, uniqExact(user_id) FROM v_events WHERE occurred_at > now() - INTERVAL 7 DAY GROUP BY event_type",
    "SELECT user_id, row_number() OVER (PARTITION BY event_type ORDER BY occurred_at DESC) AS n FROM v_events QUALIFY n = 1",
    "SELECT e.user_id, p.tags['tier'] FROM v_events AS e LEFT JOIN v_profile AS p USING (user_id) WHERE e.item_id = 'it''s'",
    "SELECT crowd, count() FROM v_crowd_members GROUP BY crowd UNION ALL SELECT tag, count() FROM v_tag_values GROUP BY tag",
    "SELECT quantile(0.5)(number), avgIf(number, number > 0), topK(3)(value) FROM v_tag_values",
    "SELECT if(number > 3, 'many', 'few') AS a, CAST(number AS Nullable(String)), CASE WHEN number IS NULL THEN 0 ELSE 1 END "
    "FROM v_tag_values WHERE value NOT LIKE 'x%' AND NOT (number BETWEEN 1 AND 2)",
    "SELECT arrayJoin(mapKeys(tags)) AS tag, count() FROM v_profile GROUP BY tag HAVING count() > 0",
    "SELECT user_id FROM v_profile WHERE user_id NOT IN (SELECT user_id FROM v_events) ORDER BY user_id LIMIT 3 OFFSET 1",
    "SELECT toStartOfInterval(occurred_at, INTERVAL 15 MINUTE) AS at, count() FROM v_events GROUP BY at ORDER BY at",
    "SELECT [1, 2][1], (1, 'a'), -1, 7 % 3, 1 = 1, NULL IS NULL, 'a' || 'b', toDecimal64(1, 2) FROM v_profile".replace(
        ", toDecimal64(1, 2)", ""
    ),
]


@pytest.mark.parametrize("text", RUN, ids=range(len(RUN)))
def test_what_is_allowed_runs(world, text):
    put(world, ("tier", 2, 1, "gold", 1), ("spend", 1, 1, 3, 2))
    world.round()
    read(text)
    world.rows(text)


def test_numbers_that_json_may_not_hold_are_text(world):
    put(world, ("spend", 1, 1, 9007199254740993, 1), ("spend", 1, 2, 1.5, 2))
    world.round()
    rows = world.rows("SELECT toInt64(9007199254740993), 9007199254740992, [toUInt64('18446744073709551615')], 0 / 0")
    assert rows == [["9007199254740993", 9007199254740992, ["18446744073709551615"], None]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT nme FROM v_profile", "Unknown expression.*nme"),
        ("SELECT user_id + 1 FROM v_profile", "Illegal types"),
        ("SELECT sum(1, 2) FROM v_profile", "requires single argument"),
        ("SELECT * FROM (WITH t AS (SELECT 1 AS a) SELECT a FROM t) AS x, t", "with_t"),
    ],
)
def test_what_clickhouse_refuses_is_said_without_the_text_that_was_sent(world, text, said):
    with pytest.raises(QueryRefused, match=said) as refused:
        world.rows(text)
    assert "127.0.0.1" not in str(refused.value) and "seen_profile(" not in str(refused.value)


def test_a_query_may_not_write_whatever_it_says(world):
    with pytest.raises(QueryRefused):
        QueryRunner(world.store.client).run(Query("DROP TABLE live_tags", ()), EVERYTHING, 10)
    assert world.store.driver.query("SELECT count() FROM live_tags").result_rows == [(0,)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash64(number))", "longer than"),
        ("SELECT groupArray(number) FROM numbers(1000000000)", "memory"),
        ("SELECT number FROM numbers(1000)", "larger than"),
    ],
)
def test_a_query_that_needs_too_much_is_stopped(world, text, said):
    runner = QueryRunner(world.store.client, seconds=1, memory_bytes=50_000_000)
    with pytest.raises(QueryStopped, match=said):
        runner.run(Query(text, ()), EVERYTHING, 10)


GUIDE = (Path(__file__).parent.parent.parent / "docs" / "sql.md").read_text()
MACROS = {
    r"\$__timeFilter\((\w+)\)": r"\1 >= now() - INTERVAL 1 DAY",
    r"\$__timeInterval\((\w+)\)": r"toStartOfHour(\1)",
}


@pytest.mark.parametrize("text", re.findall(r"```sql\n(.*?)```", GUIDE, re.DOTALL))
def test_what_the_guide_says_to_paste_runs_for_other_tools_and_on_our_own_page(world, text):
    put(world, ("tier", 2, 1, "gold", 1))
    world.round()
    for macro, written in MACROS.items():
        text = re.sub(macro, written, text)
    world.store.driver.query(text)
    world.rows(text)


def test_what_makes_the_reader_is_sql_that_the_engine_knows(world):
    made = Path(__file__).parent.parent.parent / "deploy" / "clickhouse" / "reader.sql"
    for statement in statements(made.read_text()):
        assert world.store.driver.query("SELECT formatQuery({text:String})", parameters={"text": statement}).result_rows
