"""How long a funnel of three steps takes over many events: `python -m deploy.bench_behaviour --events 20000000`.

Makes up events in a database of its own, asserts that ClickHouse and numpy count the same users at every step and the same median
times, then times the query as the API asks it. The database is dropped at the end.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, date, datetime
from statistics import median

import numpy

from deploy.bench.own_database import own_database
from stores.behaviour import BehaviourEvents
from tagging.behaviour import FunnelQuery, Period, Selector

RUNS = 5
DATABASE = "tagstream_bench_behaviour"
EVENTS_PER_USER = 20
APART_MS = 43_200_000
START = datetime(2026, 1, 5, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)
STEPS = ("view", "cart", "pay")
FUNNEL = FunnelQuery(
    period=Period(first=date(2026, 1, 5), last=date(2026, 1, 15)),
    steps=tuple(Selector(event=step) for step in STEPS),
    window_seconds=2 * 86_400,
)


def main() -> None:
    """Make, compare, time, and drop."""
    parser = argparse.ArgumentParser(prog="python -m deploy.bench_behaviour", description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000_000)
    events = parser.parse_args().events
    if events < EVENTS_PER_USER or events % EVENTS_PER_USER or events > 2**31:
        parser.error(f"--events {events}: a multiple of {EVENTS_PER_USER}, at most {2**31}")
    with own_database(DATABASE) as client:
        parameters = {"events": events, "events_per_user": EVENTS_PER_USER, "start_ms": START_MS}
        client.command("clickhouse/behaviour/make_events.sql", parameters)
        funnel = BehaviourEvents(client)
        expected = by_numpy(events)
        found = [(row["users"], row["since_first_ms"][0]) for row in funnel.rows(FUNNEL, START_MS)]
        if found != expected:
            raise AssertionError(f"ClickHouse finds {found} and numpy {expected} (users and median ms, by step)")
        seconds = []
        for _ in range(RUNS):
            began = time.perf_counter()
            funnel.rows(FUNNEL, START_MS)
            seconds.append(time.perf_counter() - began)
        print(
            f"{events:,} events of {events // EVENTS_PER_USER:,} users, {' > '.join(f'{users:,}' for users, _ in found)} in both: "
            f"median {median(seconds):.2f} s, {min(seconds):.2f} to {max(seconds):.2f} s in {RUNS} runs"
        )


def by_numpy(events: int) -> list[tuple[int, int]]:
    """Users and median time since the first step, by step: of each user the first of the attempts that come furthest."""
    numbers = numpy.arange(events, dtype=numpy.uint64)
    mixed = (numbers + numpy.uint64(1)) * numpy.uint64(6_364_136_223_846_793_005)
    hashed = ((mixed ^ (mixed >> numpy.uint64(33))) * numpy.uint64(18_397_679_294_719_823_053)) >> numpy.uint64(32)
    shape = (-1, EVENTS_PER_USER)
    types = ((hashed >> numpy.uint64(8)) % numpy.uint64(5)).astype(numpy.int8).reshape(shape)
    place = numpy.arange(EVENTS_PER_USER, dtype=numpy.int64)
    at = place * APART_MS + (hashed % numpy.uint64(1_800_000)).astype(numpy.int64).reshape(shape)
    users = len(types)
    best = numpy.zeros(users, dtype=numpy.int8)
    since = numpy.zeros((users, len(STEPS)), dtype=numpy.int64)
    for start in range(EVENTS_PER_USER):
        reached = (types[:, start] == 0).astype(numpy.int8)
        times = numpy.zeros((users, len(STEPS)), dtype=numpy.int64)
        for later in range(start + 1, EVENTS_PER_USER):
            away = at[:, later] - at[:, start]
            goes_on = (reached > 0) & (reached < len(STEPS)) & (types[:, later] == reached)
            goes_on &= away <= FUNNEL.window_seconds * 1000
            times[goes_on, reached[goes_on]] = away[goes_on]
            reached += goes_on
        further = reached > best
        best[further], since[further] = reached[further], times[further]
    found = []
    for step in range(1, len(STEPS) + 1):
        those = numpy.sort(since[best >= step, step - 1])
        found.append((len(those), int(those[len(those) // 2])))
    return found


if __name__ == "__main__":
    main()
