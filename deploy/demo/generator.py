"""Runs the shop against the clock: makes its past once, then goes on live, writing to MySQL and to the log."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pymysql
from prometheus_client import Counter, Gauge

from deploy.demo.history import EVENTS_A_VISIT, History, Tables
from deploy.demo.shop import Shop
from deploy.demo.shop_state import Batch, Change, Message, ShopConfig, ShopState
from deploy.demo.stats import HistoryProgress, Stats
from deploy.demo.tables import Contents
from stores import logs

TICK_SECONDS = 0.2
LONGEST_CATCH_UP_SECONDS = 5.0
"""After a stall at most this much is made up for; the rest is left out, so that a pause does not end in a flood."""

_HISTORY_CHUNK = 20_000
_WARM_SECONDS = 180
_MOST_WARM_VISITS = 5_000
_MOST_PENDING_CHANGES = 100_000
_MESSAGES = Counter("tagstream_generator_messages_total", "Messages the log has taken, by kind", ["kind"])
_CHANGES = Counter("tagstream_generator_changes_total", "Row changes committed in MySQL", ["table", "action"])
_PENDING = Gauge("tagstream_generator_pending_changes", "Row changes that wait for MySQL")
_LIVE_CONFIG = ShopConfig()


class Log(Protocol):
    """Where messages go; `EventLog` is the one of the demo."""

    def send(self, messages: Iterable[tuple[bytes, bytes]]) -> None:
        """Returns when the log has all of them."""


class Rows(Protocol):
    """Where rows go; `ShopTables` are those of the demo."""

    def apply(self, changes: Iterable[Change]) -> None:
        """All or nothing; raises pymysql.OperationalError when the server is not there."""

    def insert(self, tables: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        """Whole tables at once."""

    def read(self) -> Contents:
        """Everything that is there."""


def live_config(seed: int, rate: float) -> ShopConfig:
    """The shop's settings at a rate in messages per second: the busier it is, the sooner users order again."""
    gap_ms = int(_LIVE_CONFIG.order_gap_ms * min(1.0, max(1 / 30, 200 / rate)))
    return replace(_LIVE_CONFIG, seed=seed, order_gap_ms=gap_ms)


@dataclass
class Generator:
    """The shop and the world around it. `now_ms` is the wall clock in epoch ms."""

    log: Log
    tables: Rows
    stats: Stats
    stats_file: Path
    now_ms: Callable[[], int]

    def make_history(self, days: int, messages: int, users: int, said: Callable[[int, int], None]) -> None:
        """Make the shop's past, unless it is there; one that was interrupted is taken up where it broke off.

        `said(sent, total)` is called while messages are sent.
        """
        progress = self.stats.history
        if progress is None:
            progress = HistoryProgress(ends_ms=self.now_ms(), days=days, messages=messages, users=users)
            self.stats.history = progress
            self.save()
        if progress.done:
            return
        history = History(progress.ends_ms, progress.days, progress.messages, progress.users)
        shop, past = self._past(history)
        rows = Tables()
        for change in past.changes:
            rows.apply(change)
        self.tables.insert(rows.rows)
        waiting = iter(past.messages[progress.messages_sent :])
        while chunk := list(islice(waiting, _HISTORY_CHUNK)):
            self._send(chunk)
            progress.messages_sent += len(chunk)
            self.save()
            said(progress.messages_sent, len(past.messages))
        for table, found in rows.rows.items():
            self.stats.changes[f"{table}.insert"] += len(found)
        self.stats.next_user, self.stats.next_order = shop.state.next_user, shop.state.next_order
        progress.done = True
        self.save()

    def _past(self, history: History) -> tuple[Shop, Batch]:
        config = history.config(replace(_LIVE_CONFIG, seed=self.stats.seed))
        shop = Shop(config, ShopState(config, "h", history.begins_ms))
        whole = shop.open(history.first_users)
        for at_ms, count in history.ticks():
            batch = shop.advance(at_ms, count, self.now_ms())
            whole.messages += batch.messages
            whole.changes += batch.changes
        whole.messages += shop.drain().messages
        return shop, whole

    def reopen(self, rate: float) -> Shop:
        """The shop as MySQL holds it, ready to go on live under ids that were never used."""
        now_ms = self.now_ms()
        config = live_config(self.stats.seed, rate)
        shop = Shop(config, ShopState(config, _run_name(now_ms), now_ms))
        found = self.tables.read()
        if not found.users or not found.products:
            raise ValueError(
                f"the shop's tables hold {len(found.users)} users and {len(found.products)} products, though its past "
                f"was made; reset the stack's data, which removes {self.stats_file} too"
            )
        shop.state.stock(found.products)
        for user in found.users:
            shop.state.admit(user)
        for order in found.orders:
            # The next step comes its time after now: how long the shop was closed does not count.
            shop.resume(order, now_ms)
        shop.state.next_user = max(shop.state.next_user, self.stats.next_user)
        shop.state.next_order = max(found.next_order, self.stats.next_order)
        visits_a_second = rate / EVENTS_A_VISIT
        shop.warm_up(min(_MOST_WARM_VISITS, int(visits_a_second * _WARM_SECONDS)), _WARM_SECONDS * 1000)
        self.stats.runs += 1
        self.stats.rate, self.stats.pid = rate, os.getpid()
        return shop

    def run(self, shop: Shop, rate: float, seconds: float | None, stop: threading.Event) -> None:
        """Go on live at `rate` messages per second until `stop` is set or `seconds` are over."""
        log = logs.get(__name__)
        began = reported = time.monotonic()
        sent = skipped = sent_at_report = 0
        pending: list[Change] = []
        while not stop.is_set() and (seconds is None or time.monotonic() - began < seconds):
            tick_began = time.monotonic()
            due = int(rate * (tick_began - began)) - sent - skipped
            count = min(due, int(rate * LONGEST_CATCH_UP_SECONDS))
            skipped += due - count
            now_ms = max(shop.state.now_ms, self.now_ms())
            batch = shop.advance(now_ms, count, now_ms)
            self._send(batch.messages)
            sent += count
            pending = self._write(pending + batch.changes)
            self.stats.next_user, self.stats.next_order = shop.state.next_user, shop.state.next_order
            if tick_began - reported >= 10:
                self.stats.messages_per_second = round((sent - sent_at_report) / (tick_began - reported), 1)
                log.info("generator_progress", **self._summary(skipped, len(pending)))
                reported, sent_at_report = tick_began, sent
            self.save()
            stop.wait(max(0.0, TICK_SECONDS - (time.monotonic() - tick_began)))
        pending = self._write(pending)
        self.stats.pid = 0
        self.save()
        log.info("generator_stopped", **self._summary(skipped, len(pending)))

    def _send(self, messages: list[Message]) -> None:
        self.log.send((message.key, message.value) for message in messages)
        self.stats.count_messages(messages)
        for message in messages:
            _MESSAGES.labels(message.kind).inc()

    def _write(self, changes: list[Change]) -> list[Change]:
        """Write changes to MySQL and return those that could not be written: all of them while it is away."""
        if not changes:
            return changes
        try:
            self.tables.apply(changes)
        except pymysql.OperationalError as problem:
            if len(changes) > _MOST_PENDING_CHANGES:
                raise
            logs.get(__name__).warning("waiting_for_mysql", changes=len(changes), cause=str(problem))
            _PENDING.set(len(changes))
            return changes
        _PENDING.set(0)
        self.stats.count_changes(changes)
        for change in changes:
            _CHANGES.labels(change.table, change.action).inc()
        return []

    def _summary(self, skipped: int, pending: int) -> dict[str, object]:
        return {
            "messages": dict(self.stats.messages),
            "malformed": dict(self.stats.malformed),
            "messages_per_second": self.stats.messages_per_second,
            "messages_skipped": skipped,
            "changes_pending": pending,
        }

    def save(self) -> None:
        """Write the stats file."""
        self.stats.updated_ms = self.now_ms()
        self.stats.save(self.stats_file)


def _run_name(now_ms: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    found = ""
    while now_ms:
        now_ms, digit = divmod(now_ms, 36)
        found = digits[digit] + found
    return found
