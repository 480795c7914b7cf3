"""The shop's past, and what goes wrong on the way to the log."""

import random
from collections import Counter
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.faults import DAMAGES, FaultRates, late_by_ms, repeat_after_ms, spoil
from deploy.demo.history import History, Tables
from deploy.demo.shop import Shop
from deploy.demo.shop_state import Batch, ShopConfig, ShopState
from tagging.events import Event, Reason, Refused, read_event

END_MS = 1_790_000_000_000


def past(history: History, seed: int = 1) -> tuple[Shop, Batch]:
    config = history.config(ShopConfig(seed=seed))
    shop = Shop(config, ShopState(config, "h", history.begins_ms))
    whole = shop.open(history.first_users)
    for now_ms, count in history.ticks():
        batch = shop.advance(now_ms, count, END_MS)
        whole.messages += batch.messages
        whole.changes += batch.changes
    whole.messages += shop.drain().messages
    return shop, whole


@pytest.fixture(scope="module")
def month() -> tuple[Shop, Batch]:
    return past(History(END_MS, days=30, messages=20_000, users=600))


@given(days=st.integers(1, 90), messages=st.integers(1, 200_000))
def test_the_ticks_of_a_past_add_up_to_its_messages_and_end_by_its_end(days: int, messages: int) -> None:
    history = History(END_MS, days=days, messages=messages)
    times, counts = zip(*history.ticks(), strict=True)
    assert sum(counts) == messages and min(counts) >= 0
    assert history.begins_ms < times[0] and END_MS - 600_000 < times[-1] <= END_MS
    assert list(times) == sorted(times)


def test_the_past_is_quiet_at_night_and_busy_in_the_evening() -> None:
    by_hour: Counter[int] = Counter()
    for time, count in History(END_MS).ticks():
        by_hour[time // 3_600_000 % 24] += count
    assert by_hour[20] > 5 * by_hour[3]


def test_a_past_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="history days: got 0"):
        History(END_MS, days=0)


def test_the_past_ends_with_about_the_users_asked_for_and_with_orders_in_each_status(
    month: tuple[Shop, Batch],
) -> None:
    tables = Tables()
    for change in month[1].changes:
        tables.apply(change)
    assert len(tables.rows["users"]) == pytest.approx(600, rel=0.1)
    # "placed" lasts for minutes only: at a given moment there may be no such order.
    statuses = {row["status"] for row in tables.rows["orders"].values()}
    assert {"paid", "shipped", "delivered", "refunded", "cancelled"} <= statuses
    assert len(tables.rows["orders"]) > 500


def test_nothing_in_the_past_happens_after_its_end(month: tuple[Shop, Batch]) -> None:
    for change in month[1].changes:
        assert change.row is None or change.row["updated_at"] <= END_MS
    for message in month[1].messages:
        if message.kind != "malformed":
            assert orjson.loads(message.value)["occurred_at"] <= END_MS


def test_order_times_never_go_backwards_in_the_past(month: tuple[Shop, Batch]) -> None:
    last: dict[str, int] = {}
    for change in month[1].changes:
        if change.table == "orders" and change.row:
            assert change.row["updated_at"] >= last.get(change.key, change.row["ordered_at"])
            last[change.key] = change.row["updated_at"]


def test_the_same_past_comes_out_again_after_an_interruption(month: tuple[Shop, Batch]) -> None:
    assert past(History(END_MS, days=30, messages=20_000, users=600))[1] == month[1]


EVENT = {
    "event_id": "e1-1",
    "user_id": "u0000001",
    "event_type": "main",
    "item_id": None,
    "properties": {"session_id": "s"},
    "occurred_at": END_MS,
}


@pytest.mark.parametrize(("reason", "damage"), DAMAGES, ids=[damage.__name__ for _, damage in DAMAGES])
def test_a_broken_event_is_refused_for_its_reason(reason: str, damage: Callable[..., bytes]) -> None:
    rng = random.Random(1)
    for _ in range(300):
        value = damage(rng, EVENT, END_MS)
        # The log may stamp it a minute later than was thought.
        for logged_ms in (END_MS, END_MS + 60_000):
            found = read_event(value, logged_ms)
            assert isinstance(found, Refused) and found.reason == reason, (value, found)


def test_there_is_a_way_to_break_an_event_for_every_reason_and_all_are_used() -> None:
    rng = random.Random(1)
    reasons = Counter(spoil(rng, EVENT, END_MS)[1] for _ in range(1_000))
    assert set(reasons) == {reason for reason, _ in DAMAGES} == set(Reason)


def test_all_but_the_malformed_messages_of_the_past_are_valid_events(month: tuple[Shop, Batch]) -> None:
    for message in month[1].messages:
        found = read_event(message.value, END_MS)
        if message.kind == "malformed":
            assert isinstance(found, Refused) and found.reason == message.reason
        else:
            assert isinstance(found, Event) and found.user_id.encode() == message.key


def test_a_future_event_is_an_hour_ahead_of_the_log_at_least() -> None:
    rng = random.Random(1)
    for _ in range(1_000):
        value, reason = spoil(rng, EVENT, END_MS)
        if reason == "future":
            assert orjson.loads(value)["occurred_at"] >= END_MS + 3_600_000


@given(seed=st.integers())
def test_late_is_minutes_to_days_and_a_duplicate_follows_within_two_hours(seed: int) -> None:
    rng = random.Random(seed)
    assert 2 * 60_000 - 1 <= late_by_ms(rng) <= 3 * 86_400_000
    assert 0 <= repeat_after_ms(rng) <= 2 * 3_600_000


def test_fault_rates_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"fault rate late: got 0\.7"):
        FaultRates(late=0.7)
