"""ROW_NUMBER() of one user's rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from tagging.explaining.conditions import Row
from tagging.explaining.expressions import Reader


def ranks(window: exp.Window, reader: Reader, rows: Sequence[Row]) -> list[int]:
    """The place of each row within its part. NULLs are the smallest."""
    parts = grouped_places(rows, [reader.read(key).of for key in window.args["partition_by"]])
    found = [0] * len(rows)
    for places in parts:
        for ordered in reversed(window.args["order"].expressions):
            value = reader.read(ordered.this).of
            places.sort(
                key=lambda place, value=value: ((held := value(rows[place])) is not None, held),
                reverse=bool(ordered.args.get("desc")),
            )
        for number, place in enumerate(places, 1):
            found[place] = number
    return found


def grouped_places(rows: Sequence[Row], keys: Sequence[Callable[[Row], Any]]) -> list[list[int]]:
    """The places of the rows, by their keys."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for place, row in enumerate(rows):
        found.setdefault(tuple(key(row) for key in keys), []).append(place)
    return list(found.values())
