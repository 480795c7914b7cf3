"""How long a rule of five conditions takes over many users: `python -m deploy.bench_crowds --users 10000000`.

Makes bitmaps of made-up users in a database of its own, asserts that ClickHouse and pyroaring count the same crowd, then
times the query as the API asks it. The database is dropped at the end.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import clickhouse_connect
import numpy
from pyroaring import BitMap

from stores import settings
from stores.bitmaps import CrowdBitmaps
from stores.clickhouse import connect
from tagging.crowds import All, Any_, HasTag, HasValue, InRange, Not

RUNS = 20
DATABASE = "tagstream_bench_crowds"
VERSIONS = {"tier": 1, "spend": 1, "flag": 1, "city": 1}
RULE = All(
    (
        Any_((HasValue("tier", ("1", "2")), InRange("spend", at_least=3, below=7))),
        HasValue("city", ("4",)),
        HasTag("flag"),
        Not(HasValue("tier", ("0",))),
    )
)
"""Five conditions: of a tier or within a range, of a city, with a flag, and not of another tier."""

_VALUES = {"tier": (7, 3), "spend": (11, 10), "flag": (13, 2), "city": (17, 5)}
"""tag -> (multiplier, number of values): how make_bitmaps.sql makes up a user's value; half of the users have no `flag`."""


def main() -> None:
    """Make, compare, time, and drop."""
    parser = argparse.ArgumentParser(prog="python -m deploy.bench_crowds", description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10_000_000)
    users = parser.parse_args().users
    if not 1 <= users < 2**32:
        parser.error(f"--users {users}: from 1 to {2**32 - 1}")
    configured = settings.load()
    ours = configured.model_copy(update={"clickhouse": configured.clickhouse.model_copy(update={"database": DATABASE})})
    client = connect(ours, answer_seconds=600)
    client.apply_schema()
    try:
        for tag, (multiplier, values) in {**_VALUES, "": (0, 1)}.items():
            parameters = {"tag": tag, "users": users, "multiplier": multiplier, "values": values}
            client.command("clickhouse/crowds/make_bitmaps.sql", parameters)
        client.command("clickhouse/crowds/make_buckets.sql")
        crowds = CrowdBitmaps(client)
        expected = len(_by_pyroaring(users))
        found = crowds.count(RULE, VERSIONS, 1)
        if found != expected:
            raise AssertionError(f"ClickHouse counts {found} users and pyroaring {expected}")
        seconds = []
        for _ in range(RUNS):
            began = time.perf_counter()
            crowds.count(RULE, VERSIONS, 1)
            seconds.append(time.perf_counter() - began)
        print(
            f"{users:,} users, {found:,} in the crowd in both: median {median(seconds) * 1000:.0f} ms, "
            f"{min(seconds) * 1000:.0f} to {max(seconds) * 1000:.0f} ms in {RUNS} runs"
        )
    finally:
        _drop(configured)
        client.close()


def _drop(configured: settings.Settings) -> None:
    found = configured.clickhouse
    driver = clickhouse_connect.get_client(
        host=found.host,
        port=found.port,
        username=found.user,
        password=found.password.get_secret_value(),
        secure=found.secure,
    )
    driver.command("DROP DATABASE IF EXISTS {database:Identifier}", parameters={"database": DATABASE})
    driver.close()


def _by_pyroaring(users: int) -> BitMap:
    numbers = numpy.arange(1, users + 1, dtype=numpy.uint64)

    def where(tag: str, *wanted: int) -> BitMap:
        multiplier, values = _VALUES[tag]
        hashed = (numbers * numpy.uint64(multiplier * 2_654_435_761)) % numpy.uint64(2**32)
        found = (hashed >> numpy.uint64(8)) % numpy.uint64(values)
        return BitMap(numbers[numpy.isin(found, wanted)].astype(numpy.uint32))

    some = where("tier", 1, 2) | where("spend", 3, 4, 5, 6)
    return (some & where("city", 4) & where("flag", 1)) - where("tier", 0)


if __name__ == "__main__":
    main()
