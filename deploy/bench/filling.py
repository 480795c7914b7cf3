"""An empty log, filled with what the benchmarks measure."""

from __future__ import annotations

import time

from deploy.bench import load
from stores.kafka import Producer
from stores.settings import Settings
from tagging.names import CLOCK_TOPIC, EVENTS_TOPIC, cdc_topic


def fill(number: int, settings: Settings) -> int:
    """Fill an empty log: row changes, `number` events, then the clock. Returns how many messages that were."""
    newest = int(time.time()) // 60
    producer = Producer(settings, **{"linger.ms": 50, "queue.buffering.max.messages": 500_000})
    sent = 0
    for table, (key, value) in load.row_changes(newest, seed=1):
        producer.send(cdc_topic(table, settings.mysql.shop_database), value, key)
        sent += 1
    for key, value in load.events(number, newest, seed=2):
        producer.send(EVENTS_TOPIC, value, key)
    # The events are in the log before the ticks that take them away: the dearest order, since each one enters and leaves.
    producer.flush(120)
    for key, value in load.ticks(newest):
        producer.send(CLOCK_TOPIC, value, key)
        sent += 1
    producer.flush(120)
    return sent + number
