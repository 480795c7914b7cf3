"""How soon an event is a tag change, as ClickHouse finds it: against a plain reading of the same rule."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NOW_MS = 1_790_000_000_000
USERS = st.sampled_from(["u1", "u2", "u3", "u4"])
AGO = st.integers(-1_000, 200_000)


def expected(events, changes):
    """Of each user's newest change of the last two minutes, the age of the newest event logged in the minute before it."""
    ages = []
    for user in {user for user, _ in changes}:
        newest = min((ago for who, ago in changes if who == user and 0 <= ago < 120_000), default=None)
        made_by = [ago - newest for who, ago in events if who == user and newest is not None and ago >= newest]
        if made_by and min(made_by) <= 60_000:
            ages.append(min(made_by))
    ages.sort()
    return [len(ages), *(ages[min(len(ages) - 1, int(share * len(ages)))] if ages else None for share in (0.5, 0.99))]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(st.tuples(USERS, AGO), max_size=12),
    changes=st.lists(st.tuples(USERS, AGO), min_size=1, max_size=10),
)
def test_freshness_is_of_each_users_newest_change_and_the_event_before_it(events, changes, clickhouse):
    for table in ("events", "tag_changes"):
        clickhouse.driver.command("TRUNCATE TABLE {table:Identifier}", parameters={"table": table})
    clickhouse.client.insert_columns(
        "events",
        {
            "event_id": [f"e{number}" for number in range(len(events))],
            "user_id": [user for user, _ in events],
            "event_type": ["view"] * len(events),
            "item_id": [None] * len(events),
            "properties": [{}] * len(events),
            "occurred_at": [NOW_MS - ago - 5 for _, ago in events],
            "logged_at": [NOW_MS - ago for _, ago in events],
            "partition": [0] * len(events),
            "offset": list(range(len(events))),
        },
    )
    clickhouse.client.insert_columns(
        "tag_changes",
        {
            "tag": ["tier"] * len(changes),
            "version": [1] * len(changes),
            "user_no": [1] * len(changes),
            "user_id": [user for user, _ in changes],
            "value": ['"gold"'] * len(changes),
            "number": [None] * len(changes),
            "present": [True] * len(changes),
            "changed_at": [NOW_MS - ago for _, ago in changes],
            "partition": [0] * len(changes),
            "offset": list(range(len(changes))),
        },
    )
    [row] = clickhouse.client.query("clickhouse/freshness.sql", {"now_ms": NOW_MS})
    found = [row["changes"], *((int(row["p50_ms"]), int(row["p99_ms"])) if row["changes"] else (None, None))]
    assert found == expected(events, changes)
