"""The shop against the clock: its past made once, its live course, and what is counted."""

import threading
from collections import Counter
from pathlib import Path

import orjson
import pytest

from deploy.demo.generate import only_one
from deploy.demo.generator import Generator, live_config
from deploy.demo.memory import MemoryLog, MemoryRows
from deploy.demo.stats import Stats

START_MS = 1_790_000_000_000


class Clock:
    """A wall clock that goes on by two minutes each time it is read: visits end within few ticks, however busy the machine."""

    def __init__(self, now_ms: int = START_MS, step_ms: int = 120_000) -> None:
        self.now_ms, self.step_ms = now_ms, step_ms

    def __call__(self) -> int:
        self.now_ms += self.step_ms
        return self.now_ms


class StoppingLog(MemoryLog):
    """Stops the generator, or breaks, once it has taken some messages."""

    def __init__(self, stop: threading.Event | None = None, most: int = 0, broken: bool = False) -> None:
        super().__init__()
        self.stop, self.most, self.broken = stop, most, broken

    def send(self, messages) -> None:
        if self.broken and len(self.messages) >= self.most:
            raise ConnectionError("killed")
        super().send(messages)
        if self.stop and len(self.messages) >= self.most:
            self.stop.set()


def generator(file: Path, log: MemoryLog | None = None, rows: MemoryRows | None = None, seed: int = 1) -> Generator:
    return Generator(log or MemoryLog(), rows or MemoryRows(), Stats.load(file, seed), file, Clock())


def quiet(sent: int, total: int) -> None:
    """Progress that nobody reads."""


def small_past(made: Generator, messages: int = 3_000) -> Generator:
    made.make_history(days=20, messages=messages, users=200, said=quiet)
    return made


def go_live(made: Generator, messages: int, rate: float = 20_000) -> None:
    """Run until about so many messages were sent."""
    stop = threading.Event()
    log = StoppingLog(stop, len(made.log.messages) + messages)
    log.messages = made.log.messages
    made.log = log
    made.run(made.reopen(rate), rate, 30, stop)
    assert stop.is_set(), "the generator sent too little in 30 s"


def test_the_past_fills_tables_and_log_and_is_counted(tmp_path: Path) -> None:
    made = small_past(generator(tmp_path / "generator.json"))
    assert len(made.log.messages) == sum(made.stats.messages.values()) >= 3_000
    assert {name: len(rows) for name, rows in made.tables.rows.items()} == {
        name: made.stats.changes[f"{name}.insert"] for name in ("products", "users", "orders")
    }
    assert len(made.tables.rows["orders"]) > 50


def test_the_past_is_made_once(tmp_path: Path) -> None:
    first = small_past(generator(tmp_path / "generator.json"))
    again = small_past(generator(tmp_path / "generator.json", rows=first.tables))
    assert again.log.messages == [] and again.stats == first.stats


def test_a_past_that_broke_off_is_taken_up_where_it_broke_off(tmp_path: Path) -> None:
    whole = small_past(generator(tmp_path / "whole.json"), messages=30_000)
    file = tmp_path / "generator.json"
    broken = generator(file, StoppingLog(most=1, broken=True))
    with pytest.raises(ConnectionError):
        small_past(broken, messages=30_000)
    resumed = small_past(generator(file, rows=broken.tables), messages=30_000)
    assert 0 < len(broken.log.messages) < 30_000
    together = broken.log.messages + resumed.log.messages
    # The future is judged by the wall clock, so these messages alone may differ between two attempts.
    differing = sum(a != b for a, b in zip(together, whole.log.messages, strict=True))
    assert differing <= whole.stats.malformed["future"]
    assert resumed.tables.rows == whole.tables.rows
    assert resumed.stats.messages == whole.stats.messages


def test_what_is_counted_is_what_the_log_got(tmp_path: Path) -> None:
    made = small_past(generator(tmp_path / "generator.json"))
    go_live(made, 8_000)
    values = Counter(value for _, value in made.log.messages)
    stats = Stats.load(tmp_path / "generator.json", 1)
    assert sum(stats.messages.values()) == len(made.log.messages)
    assert stats.messages["malformed"] == sum(stats.malformed.values())
    repeats = sum(count - 1 for count in values.values())
    assert repeats >= stats.messages["duplicate"] > 50
    ids = {event["event_id"] for event in map(_event, values) if event}
    assert len(ids) >= stats.unique_total > 8_000


def _event(value: bytes) -> dict | None:
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    # A malformed one may have an empty id.
    return found if isinstance(found, dict) and isinstance(found.get("event_id"), str) and found["event_id"] else None


def test_a_shop_opened_again_goes_on_under_ids_that_were_never_used(tmp_path: Path) -> None:
    file = tmp_path / "generator.json"
    first = small_past(generator(file))
    go_live(first, 8_000)
    again = generator(file, rows=first.tables)
    again.now_ms = Clock(first.now_ms.now_ms)
    go_live(again, 8_000)
    ids = [{e["event_id"] for e in map(_event, {v for _, v in log.messages}) if e} for log in (first.log, again.log)]
    assert not ids[0] & ids[1]
    assert again.stats.runs == 2
    assert again.stats.next_order > first.stats.next_order and again.stats.next_user >= first.stats.next_user
    assert again.stats.changes["orders.insert"] == again.stats.next_order - 1 + _erased_before(first)


def _erased_before(first: Generator) -> int:
    """Orders of the past that were deleted before its end: numbered, but never written."""
    return first.stats.changes["orders.insert"] - (first.stats.next_order - 1)


def test_orders_under_way_are_taken_up_again(tmp_path: Path) -> None:
    file = tmp_path / "generator.json"
    first = small_past(generator(file))
    shop = generator(file, rows=first.tables).reopen(200)
    under_way = [row for row in first.tables.rows["orders"].values() if row["status"] in ("placed", "paid", "shipped")]
    assert under_way
    assert {row["order_id"] for row in under_way} <= shop.state.orders.keys()


def test_row_changes_wait_for_mysql_while_events_go_on(tmp_path: Path) -> None:
    made = small_past(generator(tmp_path / "generator.json"))
    shop = made.reopen(5_000)
    before = dict(made.stats.changes)
    made.tables.away = True
    made.run(shop, 5_000, 1.0, threading.Event())
    assert len(made.log.messages) > 5_000 and dict(made.stats.changes) == before


def test_changes_that_waited_are_written_once_mysql_is_back(tmp_path: Path) -> None:
    made = small_past(generator(tmp_path / "generator.json"))
    shop = made.reopen(5_000)
    stop = threading.Event()
    made.log = _Waking(made.tables, stop)
    made.tables.away = True
    made.run(shop, 5_000, 30, stop)
    assert made.tables.rows["users"].keys() == shop.state.users.keys()
    assert made.stats.changes["users.insert"] == shop.state.next_user - 1


class _Waking(MemoryLog):
    """Brings the tables back after 3,000 messages, and ends the run after 6,000."""

    def __init__(self, rows: MemoryRows, stop: threading.Event) -> None:
        super().__init__()
        self.rows, self.stop = rows, stop

    def send(self, messages) -> None:
        super().send(messages)
        if len(self.messages) > 3_000:
            self.rows.away = False
        if len(self.messages) > 6_000:
            self.stop.set()


def test_empty_tables_after_a_past_are_named_with_a_fix(tmp_path: Path) -> None:
    file = tmp_path / "generator.json"
    small_past(generator(file))
    with pytest.raises(ValueError, match=r"hold 0 users.*reset the stack's data"):
        generator(file).reopen(200)


def test_counts_of_another_seed_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "generator.json"
    small_past(generator(file))
    with pytest.raises(ValueError, match="belongs to seed 1, got 7; use --seed 1"):
        generator(file, seed=7)


def test_a_damaged_stats_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "generator.json"
    file.write_text("{")
    with pytest.raises(ValueError, match=r"generator\.json is damaged"):
        Stats.load(file, 1)


def test_a_second_generator_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(RuntimeError, match=r"another generator is at work.*make down"),
        only_one(tmp_path),
    ):
        pass
    with only_one(tmp_path):
        pass


def test_the_busier_the_shop_the_sooner_a_user_may_order_again() -> None:
    gaps = [live_config(1, rate).order_gap_ms for rate in (10, 200, 2_000, 10_000)]
    assert gaps == [1_800_000, 1_800_000, 180_000, 60_000]
