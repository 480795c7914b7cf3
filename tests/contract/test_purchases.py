"""What users bought, on a real engine, against plain Python over the same row changes."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.models.spending import parts
from prediction.orders_part import OrdersPart
from stores.purchases import Bought, Period, PurchaseStore, UnreadableOrders

DAY = 86_400_000
ORDERS = OrdersPart()
USERS = ("ann", "bob", "cho")
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def changes(draw):
    """Row changes of a few orders, in order of the log: inserts, new states, moves to another user, deletes."""
    found, logged = [], DAY
    for offset in range(draw(st.integers(0, 14))):
        logged += draw(st.integers(0, 2 * DAY))
        row = {
            "order_id": f"o{draw(st.integers(0, 5))}",
            "user_id": draw(st.sampled_from(USERS)),
            "amount": draw(st.sampled_from(("10.50", "0.00", "99.99", "7.25"))),
            "status": draw(st.sampled_from(("paid", "done", "refunded", "cancelled"))),
            "ordered_at": draw(st.integers(1, 12)) * DAY + draw(st.integers(0, DAY - 1)),
        }
        found.append({"row": row, "deleted": draw(st.integers(0, 5)) == 0, "logged_at": logged, "offset": offset})
    return found


def write(store, log):
    store.empty()
    if not log:
        return
    keys = [change["row"]["order_id"] for change in log]
    store.client.insert_columns(
        "row_changes",
        {
            "source": ["orders"] * len(log),
            "key": keys,
            "row": [orjson.dumps(change["row"]).decode() for change in log],
            "deleted": [change["deleted"] for change in log],
            "changed_at": [time(change["logged_at"]) for change in log],
            "logged_at": [time(change["logged_at"]) for change in log],
            "partition": [0] * len(log),
            "offset": [change["offset"] for change in log],
            "place": [0] * len(log),
        },
    )
    lookups = sorted({(change["row"]["user_id"], change["row"]["order_id"]) for change in log})
    store.client.insert_columns(
        "row_lookups",
        {
            "source": ["orders"] * len(lookups),
            "column": ["user_id"] * len(lookups),
            "value": [user for user, _ in lookups],
            "key": [key for _, key in lookups],
        },
    )


def time(at_ms):
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def oracle(log, period, users=USERS):
    """Replays the log row by row, and counts by hand."""
    rows = {}
    for change in log:
        if change["logged_at"] <= period.known_ms:
            rows[change["row"]["order_id"]] = None if change["deleted"] else change["row"]
    found = []
    for user in users:
        mine = [
            (row["ordered_at"] // DAY, float(row["amount"]))
            for row in rows.values()
            if row and row["user_id"] == user and row["status"] not in ORDERS.without
        ]
        mine = [each for each in mine if period.from_day <= each[0] < period.before_day]
        if mine:
            days = sorted({day for day, _ in mine})
            late = sum(amount for day, amount in mine if day >= period.recent_day)
            spend = sum(amount for _, amount in mine)
            found.append(Bought(user, len(days), days[0], days[-1], pytest.approx(spend), pytest.approx(late)))
    return found


@FEW
@given(
    log=changes(),
    before=st.integers(2, 13),
    known=st.integers(1, 20),
    start=st.integers(0, 6),
    recent=st.integers(0, 12),
)
def test_purchases_are_those_of_the_rows_as_they_were_known(clickhouse_process, log, before, known, start, recent):
    write(clickhouse_process, log)
    store, period = PurchaseStore(clickhouse_process.client), Period(before, known * DAY, start, recent)
    assert list(store.bought(ORDERS, period, "")) == oracle(log, period)
    assert list(store.bought_by(ORDERS, period, ["bob", "nobody"])) == oracle(log, period, ("bob",))


@pytest.mark.parametrize(
    "wrong", [{"amount": "NaN"}, {"amount": None}, {"amount": "-1.00"}, {"amount": "much"}, {"ordered_at": None}]
)
def test_an_order_that_cannot_be_read_is_named_and_never_counted_as_nothing(clickhouse_process, wrong):
    row = {"order_id": "odd", "user_id": "ann", "amount": "1.00", "status": "paid", "ordered_at": 3 * DAY, **wrong}
    write(clickhouse_process, [{"row": row, "deleted": False, "logged_at": 4 * DAY, "offset": 0}])
    with pytest.raises(UnreadableOrders, match="1 rows of orders, as 'odd'"):
        PurchaseStore(clickhouse_process.client).bought(ORDERS, Period(9, 9 * DAY), "")


def test_who_is_asked_for_by_name_is_found_by_what_the_row_says_now_and_not_by_what_it_said(clickhouse_process):
    row = {"order_id": "o", "user_id": "ann", "amount": "1.00", "status": "paid", "ordered_at": 3 * DAY}
    moved = {**row, "user_id": "bob"}
    log = [{"row": each, "deleted": False, "logged_at": 4 * DAY, "offset": at} for at, each in enumerate((row, moved))]
    write(clickhouse_process, log)
    store = PurchaseStore(clickhouse_process.client)
    assert store.bought_by(ORDERS, Period(9, 9 * DAY), ["ann"]) == []
    assert [each.user_id for each in store.bought_by(ORDERS, Period(9, 9 * DAY), ["ann", "bob"])] == ["bob"]


def test_the_parts_of_a_batch_hold_every_buyer_once(clickhouse_process):
    row = {"amount": "1.00", "status": "paid", "ordered_at": 3 * DAY}
    rows = [{**row, "order_id": f"o{number}", "user_id": f"u{number}"} for number in range(200)]
    write(
        clickhouse_process,
        [{"row": each, "deleted": False, "logged_at": 4 * DAY, "offset": at} for at, each in enumerate(rows)],
    )
    store, period = PurchaseStore(clickhouse_process.client), Period(9, 9 * DAY)
    found = [each.user_id for low, high in parts() for each in store.bought(ORDERS, period, high, low)]
    assert sorted(found) == sorted(each["user_id"] for each in rows)
