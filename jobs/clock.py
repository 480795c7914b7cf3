"""The clock: one tick a minute and shard in the topic `clock`, none left out, none early. Run by `python -m jobs.clock`.

A minute's ticks are sent only after all ticks of the minute before are in the log. So of all minutes in the topic the newest
alone may be incomplete, whenever and however a clock ends; the next one starts there. Two clocks at once write the same
ticks twice, which changes nothing: a row leaves its window once.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable, Iterable

import orjson
from confluent_kafka import KafkaException, TopicPartition

from jobs import process
from stores import kafka, logs, metrics
from stores.settings import Settings
from tagging.names import CLOCK_SHARDS, CLOCK_TOPIC

LONGEST_WAIT_SECONDS = 5
"""The machine's clock may be set while we wait: look again at least this often."""

TAIL_MESSAGES = 4 * CLOCK_SHARDS
"""Enough of each partition's end to hold the newest minute, whichever way its shards lie."""

log = logs.get("jobs.clock")


def minutes_due(last: int | None, now_seconds: float, first_minutes_ago: int = 0) -> range:
    """The minutes (epoch minutes) to be ticked now, oldest first: every one after `last` that has begun.

    `last`: the newest complete minute in the topic, None when it holds no tick; then the first minute due is the one that
    began `first_minutes_ago` minutes before the present one.
    """
    present = int(now_seconds // 60)
    return range(present - first_minutes_ago if last is None else last + 1, present + 1)


def last_complete(ticks: Iterable[tuple[int, int]]) -> int | None:
    """The newest minute that needs no tick any more, from (minute, shard) read at the ends of the partitions.

    None when there are no ticks.
    """
    shards: dict[int, set[int]] = {}
    for minute, shard in ticks:
        shards.setdefault(minute, set()).add(shard)
    if not shards:
        return None
    newest = max(shards)
    return newest if len(shards[newest]) == CLOCK_SHARDS else newest - 1


def read_newest(settings: Settings) -> list[tuple[int, int]]:
    """(minute, shard) of the messages at the end of each partition of the clock topic.

    Raises KafkaUnavailable, and ValueError for a message that is not a tick or a topic that does not exist.
    """
    ends = kafka.end_offsets(settings, [CLOCK_TOPIC])[CLOCK_TOPIC]
    begins = kafka.begin_offsets(settings, [CLOCK_TOPIC])[CLOCK_TOPIC]
    left = {partition: end for partition, end in ends.items() if end > begins[partition]}
    ticks: list[tuple[int, int]] = []
    consumer = kafka.create_consumer(settings, "tagstream.clock")
    try:
        consumer.assign(
            [
                TopicPartition(CLOCK_TOPIC, partition, max(begins[partition], end - TAIL_MESSAGES))
                for partition, end in left.items()
            ]
        )
        until = time.monotonic() + kafka.ANSWER_SECONDS
        while left:
            if time.monotonic() > until:
                raise kafka.KafkaUnavailable(
                    f"topic {CLOCK_TOPIC}: its end could not be read in {kafka.ANSWER_SECONDS} s"
                )
            for message in consumer.consume(TAIL_MESSAGES, 0.2):
                if message.error():
                    raise kafka.KafkaUnavailable(f"topic {CLOCK_TOPIC}: {message.error().str()}")
                ticks.append(_decode(message.value(), message.partition(), message.offset()))
                if message.offset() + 1 >= left.get(message.partition(), 0):
                    left.pop(message.partition(), None)
    except KafkaException as error:
        raise kafka.KafkaUnavailable(f"topic {CLOCK_TOPIC}: {error}") from error
    finally:
        consumer.close()
    return ticks


def _decode(value: bytes | None, partition: int, offset: int) -> tuple[int, int]:
    try:
        tick = orjson.loads(value or b"")
        return int(tick["minute"]), int(tick["shard"])
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"topic {CLOCK_TOPIC}, partition {partition}, offset {offset}: {value!r} is not a tick "
            f'({{"minute": int, "shard": 0..{CLOCK_SHARDS - 1}}}); only jobs.clock may write to this topic'
        ) from error


def write_minute(producer: kafka.Producer, minute: int) -> None:
    """Write all ticks of one minute and wait until they are in the log. Raises KafkaUnavailable."""
    for shard in range(CLOCK_SHARDS):
        producer.send(CLOCK_TOPIC, orjson.dumps({"minute": minute, "shard": shard}), str(shard))
    producer.flush()
    metrics.TICKS.inc(CLOCK_SHARDS)
    metrics.NEWEST_TICK.set(minute)


def run(
    settings: Settings,
    stop: threading.Event,
    first_minutes_ago: int = 0,
    now: Callable[[], float] = time.time,
) -> None:
    """Tick until `stop` is set: first the minutes missed, then each minute as it begins. `now` gives epoch seconds.

    While Kafka is away it waits and tries again, from what the topic then holds.
    """
    backoff = process.Backoff()
    while not stop.is_set():
        try:
            last = last_complete(read_newest(settings))
            producer = kafka.Producer(settings, **{"linger.ms": 1})
            metrics.STORE_UP.labels("clock", "kafka").set(1)
            log.info("clock_started", newest_complete_minute=last)
            while not stop.is_set():
                for minute in minutes_due(last, now(), first_minutes_ago):
                    if stop.is_set():
                        break
                    write_minute(producer, minute)
                    last = minute
                    backoff.reset()
                stop.wait(min(LONGEST_WAIT_SECONDS, 60 - now() % 60))
        except kafka.KafkaUnavailable as error:
            metrics.STORE_UP.labels("clock", "kafka").set(0)
            seconds = backoff.next_seconds()
            log.warning("kafka_down_waiting", job="clock", cause=str(error), retry_in_seconds=round(seconds, 2))
            stop.wait(seconds)
    log.info("clock_stopped")


def main() -> None:
    """Run the clock with this process's settings until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m jobs.clock", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--from",
        dest="first_minutes_ago",
        type=int,
        default=0,
        metavar="MINUTES",
        help="in a topic without ticks, begin this many minutes ago (default: with the present minute)",
    )
    asked = parser.parse_args()
    if asked.first_minutes_ago < 0:
        parser.error(f"--from {asked.first_minutes_ago}: a number of minutes ago, 0 or more")
    settings, stop = process.start()
    run(settings, stop, asked.first_minutes_ago)


if __name__ == "__main__":
    main()
