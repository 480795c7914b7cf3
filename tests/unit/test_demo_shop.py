"""The shop from tick to tick: what it sends to the log, and what it does to its rows."""

from collections import Counter
from itertools import pairwise

import orjson
import pytest

from deploy.demo.history import Tables
from deploy.demo.order_states import DELETED, LEGAL
from deploy.demo.shop import Shop
from deploy.demo.shop_state import Batch, Message, ShopConfig, ShopState
from tagging.events import Event, Refused, read_event

START_MS = 1_790_000_000_000
TICK_MS = 200


def run_shop(seed: int = 1, run: str = "r", users: int = 300, ticks: int = 500, count: int = 60) -> tuple[Shop, Batch]:
    """A shop after some ticks, and everything that it brought forth."""
    config = ShopConfig(seed=seed)
    shop = Shop(config, ShopState(config, run, START_MS))
    whole = shop.open(users)
    for tick in range(1, ticks + 1):
        now_ms = START_MS + tick * TICK_MS
        batch = shop.advance(now_ms, count, now_ms)
        whole.messages += batch.messages
        whole.changes += batch.changes
    return shop, whole


@pytest.fixture(scope="module")
def busy() -> tuple[Shop, Batch]:
    return run_shop()


def test_the_same_seed_run_and_times_give_the_same_shop_to_the_byte(busy: tuple[Shop, Batch]) -> None:
    assert run_shop()[1] == busy[1]


def test_another_seed_gives_another_shop() -> None:
    assert run_shop(seed=1, ticks=3)[1] != run_shop(seed=2, ticks=3)[1]


def test_another_run_of_the_same_seed_uses_none_of_the_first_runs_event_ids() -> None:
    ids = [
        {orjson.loads(m.value)["event_id"] for m in run_shop(run=run, ticks=20)[1].messages if m.kind != "malformed"}
        for run in ("a", "b")
    ]
    assert ids[0] and not ids[0] & ids[1]


def test_a_tick_sends_exactly_the_messages_asked_for() -> None:
    shop, _ = run_shop(ticks=0)
    assert [len(shop.advance(START_MS + n, n, START_MS).messages) for n in (0, 1, 7, 500)] == [0, 1, 7, 500]


@pytest.fixture(scope="module")
def messages(busy: tuple[Shop, Batch]) -> list[Message]:
    """All messages of the busy shop, the duplicates that were still to come included."""
    return busy[1].messages + busy[0].drain().messages


def test_late_duplicate_and_malformed_messages_come_at_their_rates(messages: list[Message]) -> None:
    parts = {kind: count / len(messages) for kind, count in Counter(m.kind for m in messages).items()}
    # 30,000 messages: four standard deviations are 0.0033, 0.0040 and 0.0017.
    assert parts["duplicate"] == pytest.approx(0.02, abs=0.0033)
    assert parts["late"] == pytest.approx(0.03, abs=0.0040)
    assert parts["malformed"] == pytest.approx(0.005, abs=0.0017)


def test_a_duplicate_is_an_earlier_message_again_to_the_byte_and_by_the_same_key(messages: list[Message]) -> None:
    seen: set[tuple[bytes, bytes]] = set()
    for message in messages:
        if message.kind == "duplicate":
            assert (message.key, message.value) in seen
        elif message.kind != "malformed":
            assert (message.key, message.value) not in seen
            seen.add((message.key, message.value))


def test_some_duplicates_follow_at_once_and_some_much_later() -> None:
    fresh, batch = run_shop(ticks=100)
    assert sum(m.kind == "duplicate" for m in batch.messages) > 0
    assert len(fresh.state.repeats) > 0


def test_each_event_id_is_given_once(busy: tuple[Shop, Batch]) -> None:
    ids = [orjson.loads(m.value)["event_id"] for m in busy[1].messages if m.kind in ("valid", "late")]
    assert len(ids) == len(set(ids)) > 20_000


def test_a_message_is_keyed_by_its_user(busy: tuple[Shop, Batch]) -> None:
    for message in busy[1].messages:
        if message.kind != "malformed":
            assert message.key.decode() == orjson.loads(message.value)["user_id"]


def test_a_late_event_happened_minutes_to_days_before_it_is_sent(busy: tuple[Shop, Batch]) -> None:
    end_ms = START_MS + 500 * TICK_MS
    for message in busy[1].messages:
        if message.kind == "late":
            behind_ms = end_ms - orjson.loads(message.value)["occurred_at"]
            assert 60_000 < behind_ms < 3 * 86_400_000 + 200_000


def test_an_event_on_time_happened_during_the_run(busy: tuple[Shop, Batch]) -> None:
    for message in busy[1].messages:
        if message.kind == "valid":
            assert START_MS <= orjson.loads(message.value)["occurred_at"] <= START_MS + 500 * TICK_MS


def test_every_order_moves_only_along_legal_steps_to_the_very_end() -> None:
    config = ShopConfig(order_speedup=20_000)
    shop = Shop(config, ShopState(config, "r", START_MS))
    changes = shop.open(300).changes
    for tick in range(1, 500):
        changes += shop.advance(START_MS + tick * TICK_MS, 60, START_MS).changes
    status: dict[str, str] = {}
    for change in changes:
        if change.table != "orders":
            continue
        if change.action == "insert":
            assert change.row["status"] == "placed" and change.key not in status
        else:
            after = DELETED if change.action == "delete" else change.row["status"]
            assert after in LEGAL[status[change.key]], f"{change.key}: {status[change.key]} -> {after}"
        status[change.key] = change.row["status"] if change.row else DELETED
    assert {"paid", "shipped", "delivered", "refunded", "cancelled", DELETED} <= set(status.values())


def test_every_change_fits_the_rows_that_are_there(busy: tuple[Shop, Batch]) -> None:
    tables = Tables()
    for change in busy[1].changes:
        tables.apply(change)
    assert len(tables.rows["products"]) == 300
    assert tables.rows["users"].keys() == busy[0].state.users.keys()
    assert {row["user_id"] for row in tables.rows["orders"].values()} <= tables.rows["users"].keys()


def test_a_change_of_a_row_that_is_not_there_is_refused() -> None:
    _, batch = run_shop(ticks=0)
    tables = Tables()
    tables.apply(batch.changes[0])
    with pytest.raises(ValueError, match="insert of products p0001: the row is there"):
        tables.apply(batch.changes[0])
    with pytest.raises(ValueError, match="update of products p0002: the row is not there"):
        tables.apply(batch.changes[1]._replace(action="update"))


def test_referrals_have_no_cycle_and_a_referrer_registered_before(busy: tuple[Shop, Batch]) -> None:
    registered: dict[str, int] = {}
    referred = 0
    for change in busy[1].changes:
        if change.table == "users" and change.action == "insert":
            referrer = change.row["referred_by"]
            if referrer:
                referred += 1
                assert registered[referrer] <= change.row["registered_at"]
            registered[change.key] = change.row["registered_at"]
    assert referred > 30


def test_a_payment_and_its_order_agree(busy: tuple[Shop, Batch]) -> None:
    orders = {
        (c.row["user_id"], c.row["product_id"], c.row["ordered_at"]): c.row
        for c in busy[1].changes
        if c.table == "orders" and c.action == "insert"
    }
    paid = [orjson.loads(m.value) for m in busy[1].messages if m.kind == "valid"]
    paid = [event for event in paid if event["event_type"] == "payment_done"]
    assert len(paid) > 20
    for event in paid:
        order = orders[event["user_id"], event["item_id"], event["occurred_at"]]
        assert order["amount"] == event["properties"]["amount"]
        assert order["coupon"] == event["properties"].get("coupon")


def test_an_erased_user_sends_nothing_more(busy: tuple[Shop, Batch]) -> None:
    config = ShopConfig(erase_chance=0.2)
    shop = Shop(config, ShopState(config, "r", START_MS))
    shop.open(50)
    gone: set[bytes] = set()
    for tick in range(1, 60):
        now_ms = START_MS + tick * 5_000
        batch = shop.advance(now_ms, 20, now_ms)
        fresh = {m.key for m in batch.messages if m.kind != "duplicate"}
        assert not fresh & gone
        gone |= {change.key.encode() for change in batch.changes if change.action == "erase"}
    assert len(gone) > 5


def test_time_cannot_go_backwards() -> None:
    shop, _ = run_shop(ticks=2)
    with pytest.raises(ValueError, match="time goes backwards"):
        shop.advance(START_MS, 1, START_MS)


def test_events_of_a_visit_keep_their_order_and_never_pause_for_half_an_hour() -> None:
    config = ShopConfig()
    shop = Shop(config, ShopState(config, "r", START_MS))
    shop.open(200)
    visits: dict[str, list[int]] = {}
    for tick in range(1, 1_000):
        now_ms = START_MS + tick * 1_000
        for message in shop.advance(now_ms, 5, now_ms).messages:
            if message.kind == "valid":
                event = orjson.loads(message.value)
                visits.setdefault(event["properties"]["session_id"], []).append(event["occurred_at"])
    assert max(map(len, visits.values())) > 10
    for times in visits.values():
        assert times == sorted(times)
        assert all(later - earlier < 30 * 60_000 for earlier, later in pairwise(times))


def test_a_shop_that_was_warmed_up_sees_every_stage_of_the_funnel_at_once() -> None:
    def first_types(warm: bool) -> set[str]:
        config = ShopConfig(conversion=0.3)
        shop = Shop(config, ShopState(config, "r", START_MS))
        shop.open(2_000)
        if warm:
            shop.warm_up(4_000, 180_000)
        batch = shop.advance(START_MS + 2_000, 400, START_MS)
        assert all(orjson.loads(m.value)["occurred_at"] >= START_MS for m in batch.messages if m.kind == "valid")
        return {orjson.loads(m.value)["event_type"] for m in batch.messages if m.kind == "valid"}

    assert {"cart", "payment_choice", "payment_done"} <= first_types(True)
    assert "payment_done" not in first_types(False)


def test_every_message_passes_the_rule_of_events_unless_it_is_malformed(busy: tuple[Shop, Batch]) -> None:
    logged_ms = START_MS + 500 * TICK_MS
    for message in busy[1].messages:
        found = read_event(message.value, logged_ms)
        assert isinstance(found, Refused if message.kind == "malformed" else Event), message
