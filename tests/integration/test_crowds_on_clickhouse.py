"""Crowds on a real engine against sets of users in plain Python: random values, random rules, the same answers."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.bitmaps import KEPT_SECONDS, Bitmaps
from stores.bitmaps import CrowdBitmaps
from tagging.crowd_normal import normal
from tagging.crowds import EVERYONE, All, Any_, HasTag, HasValue, InRange, Not

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
VERSIONS = {"tier": 2, "spend": 1, "flag": 1}
HOSTILE = ["gold", "silver", "用户", "it's", 'qu"ote', "a\\b", "x') OR 1=1 --", "{tag_0:String}", "$crowd", "\n\t", ""]
USERS = [*range(1, 25), 2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20 + 5]
"""In three buckets of four: one in between has nobody."""
VALUES = {
    "tier": {number: HOSTILE[number % len(HOSTILE)] for number in USERS if number % 5},
    "spend": {number: (number * 7 % 30) / 4 for number in USERS if number % 3},
    "flag": {number: number % 2 == 0 for number in USERS if number > 3},
}


def put_users(store, numbers):
    store.client.insert_columns("users", {"user_no": list(numbers), "user_id": [f"u{number}" for number in numbers]})


def put_values(store, tag, values, offset=10, version=None):
    numbers = list(values)
    store.client.insert_columns(
        "tag_values",
        {
            "tag": [tag] * len(numbers),
            "version": [VERSIONS[tag] if version is None else version] * len(numbers),
            "user_no": numbers,
            "user_id": [f"u{number}" for number in numbers],
            "value": [orjson.dumps(values[number]).decode() for number in numbers],
            "number": [float(v) if type(v) in (int, float) else None for v in values.values()],
            "present": [values[number] is not None for number in numbers],
            "changed_at": [AT] * len(numbers),
            "partition": [0] * len(numbers),
            "offset": [offset] * len(numbers),
        },
    )


@pytest.fixture(scope="module")
def world(clickhouse_process):
    clickhouse_process.empty()
    put_users(clickhouse_process, USERS)
    for tag, values in VALUES.items():
        put_values(clickhouse_process, tag, values)
    put_values(clickhouse_process, "tier", {1: "gold", 2: "gold"}, version=1)
    Bitmaps(clickhouse_process.client).round()
    crowds = CrowdBitmaps(clickhouse_process.client)
    return crowds, crowds.newest().number


def oracle(rule):
    match rule:
        case All(parts):
            return set(USERS).intersection(*map(oracle, parts))
        case Any_(parts):
            return set().union(*map(oracle, parts))
        case Not(part):
            return set(USERS) - oracle(part)
        case HasValue(tag, values):
            return {number for number, value in VALUES[tag].items() if value in values}
        case HasTag(tag):
            return set(VALUES[tag])
        case InRange(tag):
            return {
                number
                for number, value in VALUES[tag].items()
                if (rule.at_least is None or value >= rule.at_least)
                and (rule.above is None or value > rule.above)
                and (rule.at_most is None or value <= rule.at_most)
                and (rule.below is None or value < rule.below)
            }


BOUND = st.none() | st.sampled_from([-1, 0, 1.75, 2, 7.25, 1e15])
LEAVES = st.one_of(
    st.builds(
        lambda values: HasValue("tier", tuple(values)), st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=3)
    ),
    st.builds(lambda values: HasValue("spend", tuple(values)), st.lists(st.sampled_from([0, 1.75, 2, 9]), min_size=1)),
    st.builds(lambda value: HasValue("flag", (value,)), st.booleans()),
    st.builds(HasTag, st.sampled_from(list(VALUES))),
    st.builds(lambda low, high: InRange("spend", at_least=low, below=high), BOUND, BOUND),
    st.builds(lambda low, high: InRange("spend", above=low, at_most=high), BOUND, BOUND),
    st.just(EVERYONE),
)
RULES = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.builds(lambda found: All(tuple(found)), st.lists(parts, min_size=1, max_size=3)),
        st.builds(lambda found: Any_(tuple(found)), st.lists(parts, min_size=1, max_size=3)),
        st.builds(Not, parts),
    ),
    max_leaves=8,
)
FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def members(world, rule, limit=11):
    """All pages, one after the other."""
    crowds, generation = world
    found, after = [], 0
    while page := crowds.members(rule, VERSIONS, generation, after, limit):
        found += page
        after = page[-1][0]
    return found


@FEW
@given(rule=RULES)
def test_a_crowd_counts_and_lists_the_users_that_the_rule_takes_one_by_one(world, rule):
    crowds, generation = world
    expected = sorted(oracle(rule))
    assert members(world, rule) == [(number, f"u{number}") for number in expected]
    assert crowds.count(rule, VERSIONS, generation) == len(expected)


@FEW
@given(rule=RULES)
def test_a_rule_and_its_normal_form_take_the_same_users(world, rule):
    assert members(world, normal(rule), 100) == members(world, rule, 100)


@FEW
@given(one=RULES, other=RULES)
def test_two_crowds_are_together_as_many_as_their_union_and_their_overlap(world, one, other):
    crowds, generation = world

    def count(rule):
        return crowds.count(rule, VERSIONS, generation)

    assert count(one) + count(other) == count(All((one, other))) + count(Any_((one, other)))
    assert count(All((one, Not(one)))) == 0
    assert count(Any_((one, Not(one)))) == len(USERS)


@FEW
@given(rule=RULES, base=RULES)
def test_a_portrait_counts_each_value_within_the_crowd_the_base_and_the_rest(world, rule, base):
    crowds, generation = world
    inside, within = oracle(rule), oracle(base)
    groups = {"crowd_users": inside, "base_users": within, "rest_users": within - inside}

    sizes = crowds.sizes(rule, base, VERSIONS, generation)
    rows = crowds.portrait(rule, base, VERSIONS, ["spend"], generation)

    assert sizes == {name: len(users) for name, users in groups.items()}
    for row in rows:
        for name, users in groups.items():
            if row["is_number"]:
                expected = [n for n, v in VALUES["spend"].items() if row["low"] <= v <= row["high"] and n in users]
            else:
                value = orjson.loads(row["value"])
                expected = [n for n, v in VALUES[row["tag"]].items() if v == value and n in users]
            assert row[name] == len(expected), (row, name)
    for name, users in groups.items():
        assert sum(row[name] for row in rows if row["tag"] == "spend") == len(users & set(VALUES["spend"]))


def count(store, rule, versions=VERSIONS):
    crowds = CrowdBitmaps(store.client)
    return crowds.count(rule, versions, crowds.newest().number)


GOLD = HasValue("tier", ("gold",))


def test_a_change_is_in_the_next_round_and_a_round_without_changes_does_nothing(clickhouse):
    put_users(clickhouse, [1, 2])
    put_values(clickhouse, "tier", {1: "gold", 2: "gold"})
    bitmaps = Bitmaps(clickhouse.client)
    assert bitmaps.round() == 2
    assert count(clickhouse, GOLD) == 2
    put_values(clickhouse, "tier", {1: None}, offset=11)
    assert bitmaps.round() == 2
    assert count(clickhouse, GOLD) == 1
    assert bitmaps.round() == 0


def test_only_buckets_with_a_change_are_built_again(clickhouse):
    put_users(clickhouse, [1, 2**20])
    put_values(clickhouse, "tier", {1: "gold", 2**20: "gold"})
    put_values(clickhouse, "flag", {1: True, 2**20: True})
    bitmaps = Bitmaps(clickhouse.client)
    bitmaps.round()
    put_values(clickhouse, "tier", {2**20: "silver"}, offset=11)
    bitmaps.round()
    built = clickhouse.driver.query(
        "SELECT tag, bucket FROM bitmap_buckets WHERE generation = (SELECT max(generation) FROM bitmap_buckets) ORDER BY tag"
    )
    assert built.result_rows == [("", 1), ("tier", 1)]
    assert count(clickhouse, GOLD) == 1


def test_who_reads_a_generation_sees_none_of_the_next_however_far_that_has_come(clickhouse):
    put_users(clickhouse, [1, 2])
    put_values(clickhouse, "tier", {1: "gold"})
    bitmaps, crowds = Bitmaps(clickhouse.client), CrowdBitmaps(clickhouse.client)
    bitmaps.round()
    before = crowds.newest().number
    put_values(clickhouse, "tier", {2: "gold"}, offset=11)
    bitmaps.round()
    assert crowds.count(GOLD, VERSIONS, before) == 1
    assert crowds.count(GOLD, VERSIONS, crowds.newest().number) == 2


def test_a_round_that_was_killed_before_it_published_is_never_seen_and_done_again(clickhouse):
    class Killed(Exception):
        pass

    class Dying(Bitmaps):
        def _publish(self, entries, generation):
            raise Killed

    put_users(clickhouse, [1, 2])
    put_values(clickhouse, "tier", {1: "gold"})
    Bitmaps(clickhouse.client).round()
    put_values(clickhouse, "tier", {1: "silver", 2: "gold"}, offset=11)
    with pytest.raises(Killed):
        Dying(clickhouse.client).round()
    assert count(clickhouse, HasValue("tier", ("silver",))) == 0
    put_values(clickhouse, "tier", {2: "bronze"}, offset=12)
    Bitmaps(clickhouse.client).round()
    assert count(clickhouse, HasValue("tier", ("silver",))) == 1
    assert count(clickhouse, GOLD) == 0


def test_values_that_were_stored_before_the_bitmaps_were_kept_are_found_at_the_start(clickhouse):
    put_users(clickhouse, [1])
    put_values(clickhouse, "tier", {1: "gold"})
    clickhouse.driver.command("TRUNCATE TABLE bitmap_places")
    bitmaps = Bitmaps(clickhouse.client)
    assert bitmaps.round() == 0
    bitmaps.open()
    bitmaps.round()
    assert count(clickhouse, GOLD) == 1


def test_what_was_replaced_is_kept_for_its_readers_and_then_removed(clickhouse):
    put_users(clickhouse, [1])
    now = [1_800_000_000.0]
    bitmaps = Bitmaps(clickhouse.client, lambda: now[0])
    for offset in (10, 11):
        put_values(clickhouse, "tier", {1: "gold"}, offset)
        bitmaps.round()

    began = int(now[0] * 1000)

    def generations():
        query = "SELECT DISTINCT generation FROM tag_bitmaps ORDER BY generation"
        return [row[0] - began for row in clickhouse.driver.query(query).result_rows]

    now[0] += KEPT_SECONDS - 1
    bitmaps.forget()
    assert generations() == [0, 1]
    now[0] += 2
    bitmaps.forget()
    assert generations() == [1]
    assert count(clickhouse, GOLD) == 1


def test_the_bitmaps_of_a_version_whose_values_were_removed_go_and_no_others(clickhouse):
    put_users(clickhouse, [1])
    for version in (1, 2):
        put_values(clickhouse, "tier", {1: "gold"}, version=version)
    bitmaps = Bitmaps(clickhouse.client)
    bitmaps.round()
    for name in ("values", "places"):
        clickhouse.client.command(f"clickhouse/removal/{name}.sql", {"tag": "tier", "version": 1})
    bitmaps.forget()
    for table in ("tag_bitmaps", "bitmap_buckets"):
        query = "SELECT DISTINCT tag, version FROM {table:Identifier} ORDER BY tag"
        assert clickhouse.driver.query(query, parameters={"table": table}).result_rows == [("", 0), ("tier", 2)]
    assert bitmaps.round() == 0
    assert count(clickhouse, GOLD) == 1
