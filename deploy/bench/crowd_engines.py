"""Made-up users, and one rule of five conditions over them as four engines count it: the same users, the same answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import duckdb
import numpy
import polars
from numpy.typing import NDArray
from pyroaring import BitMap

from tagging.crowds import All, Any_, HasTag, HasValue, InRange, Not

VERSIONS = {"tier": 1, "spend": 1, "flag": 1, "city": 1}
RULE = All(
    (
        Any_((HasValue("tier", ("1", "2")), InRange("spend", at_least=3, below=7))),
        HasValue("city", ("4",)),
        HasTag("flag"),
        Not(HasValue("tier", ("0",))),
    )
)
"""Of a tier or within a range, of a city, with a flag, and not of another tier."""
_WHERE = "(tier IN (1, 2) OR (spend >= 3 AND spend <= 6)) AND city = 4 AND flag = 1 AND tier <> 0"
"""The same in SQL, for engines that hold a column a tag."""

VALUES: Mapping[str, tuple[int, int]] = {"tier": (7, 3), "spend": (11, 10), "flag": (13, 2), "city": (17, 5)}
"""tag -> (multiplier, number of values): how make_bitmaps.sql makes up a user's value; half of the users have no `flag`."""
_CHUNK = 1 << 24

Count = Callable[[], int]


def made_up(tag: str, users: int) -> NDArray[numpy.uint8]:
    """The values of users 1 to `users`, as make_bitmaps.sql makes them up."""
    multiplier, values = VALUES[tag]
    found = numpy.empty(users, dtype=numpy.uint8)
    for start in range(0, users, _CHUNK):
        numbers = numpy.arange(start + 1, min(start + _CHUNK, users) + 1, dtype=numpy.uint64)
        hashed = (numbers * numpy.uint64(multiplier * 2_654_435_761)) % numpy.uint64(2**32)
        found[start : start + len(numbers)] = (hashed >> numpy.uint64(8)) % numpy.uint64(values)
    return found


def engines(users: int, threads: int) -> Mapping[str, Count]:
    """How each counts the rule over the same columns, in memory; of pyroaring only the bitmaps' own work is counted."""
    columns = {tag: made_up(tag, users) for tag in VALUES}
    frame = polars.DataFrame(columns)
    connection = duckdb.connect(config={"threads": threads})
    connection.register("columns", frame.to_arrow())
    connection.execute("CREATE TABLE people AS SELECT * FROM columns")
    connection.unregister("columns")
    rule = polars.sql_expr(_WHERE)

    def by_duckdb() -> int:
        [(found,)] = connection.execute(f"SELECT count(*) FROM people WHERE {_WHERE}").fetchall()
        return int(found)

    def by_polars() -> int:
        return int(frame.lazy().filter(rule).select(polars.len()).collect().item())

    return {"duckdb": by_duckdb, "polars": by_polars, "pyroaring": _by_pyroaring(columns)}


def _by_pyroaring(columns: Mapping[str, NDArray[numpy.uint8]]) -> Count:
    def where(tag: str, value: int) -> BitMap:
        return BitMap((numpy.flatnonzero(columns[tag] == value) + 1).astype(numpy.uint32))

    tiers = [where("tier", value) for value in range(3)]
    spends = [where("spend", value) for value in range(3, 7)]
    city, flag = where("city", 4), where("flag", 1)
    return lambda: len((BitMap.union(*tiers[1:], *spends) & city & flag) - tiers[0])
