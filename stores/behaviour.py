"""Behaviour in ClickHouse: one query a chart, over the events that are in the log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from string import Template
from typing import Any

import sql
from stores.clickhouse import ClickHouseClient
from tagging.behaviour import Point, Query
from tagging.behaviour_parameters import CHART_OF, of_query

FOLDER = "clickhouse/behaviour"
_PARAMETER = re.compile(r"\{(?!first_bucket:)(\w+):")


class BehaviourEvents:
    """Charts over `events`. Every method raises ClickHouseUnavailable."""

    def __init__(self, store: ClickHouseClient) -> None:
        self._store = store

    def rows(self, query: Query, now_ms: int, version: int = 0) -> list[dict[str, Any]]:
        """What sql/clickhouse/behaviour/<chart>.sql says. `version`: the live one of the tag to group by."""
        chart = CHART_OF[type(query)]
        return self._store.query_text(f"{FOLDER}/{chart}.sql", composed(chart), of_query(query, now_ms, version))

    def event_types(self, limit: int) -> list[str]:
        """The most frequent types of events, the most frequent first."""
        return [row["event_type"] for row in self._store.query(f"{FOLDER}/event_types.sql", {"limit": limit})]


def composed(chart: str, ending: str = "") -> str:
    """The text of a chart's query (`ending` "_point": of the query for a point's users) with the files that it is made of."""
    return _Files(chart)[f"{chart}{ending}"]


def point_text(point: Point, around: str, number: int) -> str:
    """`around` with the query for a point's users as its $point, every parameter's name ending in `_of_<number>`.

    All but `first_bucket`, which is `around`'s own: so that one query may hold several points.
    """
    text = Template(around).substitute(point=composed(CHART_OF[type(point.query)], "_point"))
    return _PARAMETER.sub(rf"{{\1_of_{number}:", text)


class _Files(Mapping[str, str]):
    """Each file by the name that stands for it in another: $people is the chart's own."""

    def __init__(self, chart: str) -> None:
        self._chart = chart

    def __getitem__(self, name: str) -> str:
        file = f"{self._chart}_people" if name == "people" else name
        return Template(sql.text(f"{FOLDER}/{file}.sql").strip()).substitute(self)

    def __iter__(self) -> Iterator[str]:
        raise TypeError("files are asked for by name")

    def __len__(self) -> int:
        raise TypeError("files are asked for by name")
