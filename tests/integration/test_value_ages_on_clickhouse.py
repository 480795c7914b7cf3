"""The events that made tag changes, as ClickHouse finds them: against a plain reading of the same rule."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WITHIN_MS = 60_000
AT_MS = 1_790_000_000_000
USERS = st.sampled_from(["u1", "u2", "u3"])
EVENTS = st.lists(st.tuples(USERS, st.integers(0, 200_000), st.integers(0, 500_000)), max_size=12)
CHANGES = st.lists(st.tuples(USERS, st.integers(0, 260_000)), min_size=1, max_size=8, unique=True)


def causes(events, changes):
    """By the words of the rule: the newest logged event of the user, at most WITHIN_MS before the change."""
    found = {}
    for user, changed in changes:
        logged = [event for event in events if event[0] == user and 0 <= changed - event[1] <= WITHIN_MS]
        newest = max((event[1] for event in logged), default=None)
        if newest is not None:
            found[user, AT_MS + changed] = {AT_MS + at - behind for _, at, behind in logged if at == newest}
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, changes=CHANGES)
def test_a_change_is_made_by_the_newest_event_of_its_user_shortly_before(events, changes, clickhouse):
    clickhouse.driver.command("TRUNCATE TABLE {table:Identifier}", parameters={"table": "events"})
    columns = {
        "event_id": [f"e{number}" for number in range(len(events))],
        "user_id": [user for user, _, _ in events],
        "event_type": ["view"] * len(events),
        "item_id": [None] * len(events),
        "properties": [{}] * len(events),
        "occurred_at": [AT_MS + at - behind for _, at, behind in events],
        "logged_at": [AT_MS + at for _, at, _ in events],
        "partition": [0] * len(events),
        "offset": list(range(len(events))),
    }
    clickhouse.client.insert_columns("events", columns)
    given = {
        "users": [user for user, _ in changes],
        "changed": [AT_MS + changed for _, changed in changes],
        "within_ms": WITHIN_MS,
    }
    rows = clickhouse.client.query("clickhouse/causes.sql", given)
    expected = causes(events, changes)
    assert {(row["user_id"], row["changed_ms"]) for row in rows} == expected.keys()
    # Of events that the log took in the same millisecond, any may be named.
    assert all(row["occurred_ms"] in expected[row["user_id"], row["changed_ms"]] for row in rows)
