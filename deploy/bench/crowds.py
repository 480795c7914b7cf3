"""A rule of five conditions over many users: `python -m deploy.bench.crowds --users 100000000`.

Makes bitmaps of made-up users in a ClickHouse database of its own, asserts that ClickHouse, DuckDB, Polars and pyroaring count
the same crowd, then times them in turns: ClickHouse as the API asks it, over HTTP. Also what the bitmaps take on disk, and how
long a bucket in which one user changed takes to be built again. The database is dropped at the end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Annotated

import typer
from rich.table import Table

from deploy.bench.crowd_engines import RULE, VALUES, VERSIONS, Count, engines
from deploy.bench.own_database import own_database
from jobs.bitmaps import Bitmaps
from jobs.tables import show
from stores.bitmaps import CrowdBitmaps
from stores.clickhouse import ClickHouseClient

DATABASE = "tagstream_bench_crowds"
NEWEST = 2**62
"""No generation is after it."""
BUCKET_TAG = "city"
"""The tag whose first bucket is built again from stored values."""


def main(
    users: Annotated[int, typer.Option(min=1, max=2**32 - 1)] = 100_000_000,
    runs: Annotated[int, typer.Option(min=1, help="Timed runs of each engine, after one that is not.")] = 20,
) -> None:
    """Make, compare, time, and drop."""
    with own_database(DATABASE) as client:
        _make(client, users)
        crowds = CrowdBitmaps(client)
        counts: dict[str, Count] = {"tagstream on clickhouse": lambda: crowds.count(RULE, VERSIONS, NEWEST)}
        counts |= engines(users, os.cpu_count() or 1)
        found = {name: count() for name, count in counts.items()}
        if len(set(found.values())) != 1:
            raise AssertionError(f"the engines do not count the same crowd: {found}")
        show(_table(users, found, _timed(counts, runs)))
        [held] = client.query("clickhouse/crowds/bitmap_bytes.sql")
        print(f"bitmaps of {len(VALUES)} tags on disk: {held['bytes'] / 2**20:,.0f} MiB")
        print(f"a bucket of {min(users, 2**20 - 1):,} users is built again in {_rebuilt(client, users):.2f} s")


def _make(client: ClickHouseClient, users: int) -> None:
    for tag, (multiplier, values) in {**VALUES, "": (0, 1)}.items():
        parameters = {"tag": tag, "users": users, "multiplier": multiplier, "values": values}
        client.command("clickhouse/crowds/make_bitmaps.sql", parameters)
    client.command("clickhouse/crowds/make_buckets.sql")


def _timed(counts: Mapping[str, Count], runs: int) -> Mapping[str, Sequence[float]]:
    """Seconds of each run: all engines once, then all again, so that what else the machine does meets all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in counts}
    for _ in range(runs):
        for name, count in counts.items():
            began = time.perf_counter()
            count()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def _table(users: int, found: Mapping[str, int], seconds: Mapping[str, Sequence[float]]) -> Table:
    [members] = set(found.values())
    first = median(next(iter(seconds.values())))
    table = Table(title=f"{members:,} of {users:,} users by every engine, {os.cpu_count()} cores")
    for column in ("engine", "median ms", "least", "most", "against the first"):
        table.add_column(column, justify="left" if column == "engine" else "right")
    for name, took in seconds.items():
        ms = [f"{value * 1000:,.0f}" for value in (median(took), min(took), max(took))]
        table.add_row(name, *ms, f"{median(took) / first:.1f}")
    return table


def _rebuilt(client: ClickHouseClient, users: int) -> float:
    """Seconds from one changed value in a bucket until its bitmaps are published; the count is the same afterwards."""
    multiplier, values = VALUES[BUCKET_TAG]
    before = CrowdBitmaps(client).count(RULE, VERSIONS, NEWEST)
    made = {"tag": BUCKET_TAG, "users": users, "multiplier": multiplier, "values": values}
    client.command("clickhouse/crowds/make_values.sql", made)
    bitmaps = Bitmaps(client)
    bitmaps.open()
    bitmaps.round()
    client.command("clickhouse/crowds/touch_value.sql", {"tag": BUCKET_TAG, "offset": 2**40})
    began = time.perf_counter()
    if not bitmaps.round():
        raise AssertionError("no bucket was built again after a value changed")
    seconds = time.perf_counter() - began
    if (after := CrowdBitmaps(client).count(RULE, VERSIONS, NEWEST)) != before:
        raise AssertionError(f"the crowd had {before} users before its bucket was built again, and {after} after")
    return seconds


if __name__ == "__main__":
    typer.run(main)
