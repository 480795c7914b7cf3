"""How long a compiled plan's operators remember."""

import pytest

from jobs.state_ttl import DAY_MS, MINUTE_MS, Retention, window_join_ttls, with_state_ttl

RETENTION = Retention(late_days=7, deduplicate_days=3)


def number(value):
    return {"kind": "LITERAL", "value": value, "type": "INT NOT NULL"}


def call(name, *operands):
    return {"kind": "CALL", "internalName": f"${name}$1", "operands": list(operands)}


def leaves_at(length, pane):
    minute = {"kind": "INPUT_REF", "inputIndex": 5, "type": "BIGINT"}
    if pane == 1:
        # What the planner leaves of (minute / 1 + 1) * 1 + length.
        return call("+", call("+", minute, number(1)), number(length))
    return call("+", call("*", call("+", call("/", minute, number(pane)), number(1)), number(pane)), number(length))


def state(*names):
    return [{"index": index, "ttl": "0 ms", "name": name} for index, name in enumerate(names)]


def plan(projection, joined="ANTI", partition="event_id"):
    return {
        "flinkVersion": "2.2",
        "nodes": [
            {
                "id": 1,
                "type": "stream-exec-rank_1",
                "description": f"Rank(partitionBy=[{partition}])",
                "state": state("rankState"),
            },
            {"id": 2, "type": "stream-exec-calc_1", "description": "Calc", "projection": projection},
            {"id": 3, "type": "stream-exec-exchange_1", "description": "Exchange"},
            {"id": 4, "type": "stream-exec-exchange_1", "description": "Exchange of the clock"},
            {
                "id": 5,
                "type": "stream-exec-join_1",
                "description": "Join",
                "joinSpec": {"joinType": joined},
                "state": state("leftState", "rightState"),
            },
        ],
        "edges": [
            {"source": 1, "target": 2},
            {"source": 2, "target": 3},
            {"source": 3, "target": 5},
            {"source": 4, "target": 5},
        ],
    }


def ttls(found, node_id):
    node = next(node for node in found["nodes"] if node["id"] == node_id)
    return [entry["ttl"] for entry in node["state"]]


@pytest.mark.parametrize(("length", "pane"), [(60, 1), (1440, 15), (10_080, 60), (43_200, 1440)])
def test_a_window_keeps_its_rows_until_their_tick_and_ticks_for_ever(length, pane):
    found = with_state_ttl(plan([call("COALESCE", leaves_at(length, pane), number(0))]), RETENTION)
    # A row may be a day ahead of when it was logged.
    lag = 8 * DAY_MS
    assert ttls(found, 5) == [f"{(length + pane) * MINUTE_MS + lag} ms", "0 ms"]


def test_a_window_of_a_table_never_forgets_its_ticks_since_a_row_may_change_long_after_it_left():
    found = with_state_ttl(plan([leaves_at(60, 20)], partition="order_id"), RETENTION)
    # Its time may be a day ahead of when it was logged.
    assert ttls(found, 5) == [f"{80 * MINUTE_MS + 8 * DAY_MS} ms", "0 ms"]


def test_event_ids_are_remembered_as_long_as_configured():
    assert ttls(with_state_ttl(plan([leaves_at(60, 1)]), RETENTION), 1) == [f"{3 * DAY_MS} ms"]


def test_the_newest_row_of_a_table_is_never_forgotten():
    assert ttls(with_state_ttl(plan([leaves_at(60, 1)], partition="order_id"), RETENTION), 1) == ["0 ms"]


@pytest.mark.parametrize("joined", ["INNER", "LEFT"])
def test_a_join_of_tables_or_with_identities_is_never_forgotten(joined):
    assert ttls(with_state_ttl(plan([leaves_at(60, 1)], joined=joined), RETENTION), 5) == ["0 ms", "0 ms"]


def test_an_anti_join_without_a_window_is_refused():
    with pytest.raises(ValueError, match="plan node 5"):
        with_state_ttl(plan([number(3)]), RETENTION)


def test_the_plan_that_was_given_is_left_as_it_was():
    given = plan([leaves_at(60, 1)])
    with_state_ttl(given, RETENTION)
    assert ttls(given, 5) == ["0 ms", "0 ms"]


def test_a_row_outlives_its_tick_by_the_lag():
    assert window_join_ttls(60, 1, RETENTION) == (61 * MINUTE_MS + 8 * DAY_MS, 0)


def with_people(*readers, partition="event_id"):
    """A plan whose rows are joined with whose they are, and read by these (their node's type, and its projection)."""
    nodes = [
        {"id": 1, "type": "stream-exec-rank_1", "description": f"Rank(partitionBy=[{partition}])", "state": state("s")},
        {"id": 2, "type": "stream-exec-exchange_1", "description": "Exchange of the identities"},
        {
            "id": 3,
            "type": "stream-exec-join_1",
            "description": "Join(select=[user_id, canonical])",
            "state": state("l", "r"),
        }
        | {"joinSpec": {"joinType": "LEFT"}},
        {"id": 4, "type": "stream-exec-exchange_1", "description": "Exchange of the clock"},
    ]
    edges = [{"source": 1, "target": 3}, {"source": 2, "target": 3}]
    for number, (kind, projection) in enumerate(readers, 1):
        calc, reader = 10 * number, 10 * number + 1
        nodes.append({"id": calc, "type": "stream-exec-calc_1", "description": "Calc", "projection": projection})
        nodes.append(
            {"id": reader, "type": kind, "description": "", "state": state("l", "r")[: 2 if "join" in kind else 1]}
        )
        if "join" in kind:
            nodes[-1]["joinSpec"] = {"joinType": "ANTI"}
            edges.append({"source": calc, "target": reader})
            edges.append({"source": 4, "target": reader})
        else:
            edges.append({"source": calc, "target": reader})
        edges.append({"source": 3, "target": calc})
    return {"flinkVersion": "2.2", "nodes": nodes, "edges": edges}


HOUR, MONTH = ("stream-exec-join_1", [leaves_at(60, 1)]), ("stream-exec-join_1", [leaves_at(43_200, 60)])


def test_events_that_windows_alone_read_may_be_merged_away_as_long_as_the_longest_of_them_holds_them():
    found = with_state_ttl(with_people(HOUR, MONTH), RETENTION)
    assert (
        ttls(found, 3) == [f"{43_260 * MINUTE_MS + 8 * DAY_MS} ms", "0 ms"] and ttls(found, 3)[0] == ttls(found, 21)[0]
    )


def test_events_that_something_else_reads_too_and_rows_of_tables_may_be_merged_away_for_ever():
    for given in (with_people(HOUR, ("stream-exec-group-aggregate_1", [])), with_people(HOUR, partition="order_id")):
        assert ttls(with_state_ttl(given, RETENTION), 3) == ["0 ms", "0 ms"]
