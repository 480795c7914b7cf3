"""Saved crowds from MySQL and their users from ClickHouse, with failures as the API's ports name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from api.live.clickhouse import PATIENCE_SECONDS
from api.live.mysql import answering
from api.ports import Unavailable
from stores import logs
from stores.bitmaps import CrowdBitmaps, Generation
from stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable, connect
from stores.crowds import CrowdTable
from stores.settings import Settings
from tagging.crowds import Rule
from tagging.saved_crowds import Check, CrowdText, SavedCrowd

ANSWER_SECONDS = 20.0
log = logs.get("api.crowds")


@contextmanager
def _clickhouse(what: str) -> Iterator[None]:
    try:
        yield
    except ClickHouseUnavailable as error:
        raise Unavailable("clickhouse", str(error)) from error
    except ClickHouseRefused as error:
        # What it says quotes the query: for the log, not for the client.
        log.error("query_refused", query=what, reason=str(error))
        raise Unavailable(
            "clickhouse", f"the query of a crowd's {what} was refused; the server's log says why"
        ) from error


class MySQLCrowds:
    """See `api.ports.SavedCrowds`."""

    def __init__(self, settings: Settings) -> None:
        self._table = CrowdTable(settings)

    def all(self) -> Mapping[str, SavedCrowd]:
        """See `api.ports.SavedCrowds`."""
        with answering():
            return self._table.all()

    def put(self, crowd: CrowdText, revision: int | None, check: Check) -> SavedCrowd:
        """See `api.ports.SavedCrowds`."""
        with answering():
            return self._table.put(crowd, revision, check)

    def remove(self, name: str, revision: int, check: Check) -> None:
        """See `api.ports.SavedCrowds`."""
        with answering():
            self._table.remove(name, revision, check)


class ClickHouseCrowds:
    """See `api.ports.CrowdUsers`."""

    def __init__(self, settings: Settings) -> None:
        self._bitmaps = CrowdBitmaps(connect(settings, ANSWER_SECONDS, PATIENCE_SECONDS))

    def newest(self) -> Generation:
        """See `api.ports.CrowdUsers`."""
        with _clickhouse("generation"):
            return self._bitmaps.newest()

    def count(self, rule: Rule, versions: Mapping[str, int], generation: int) -> int:
        """See `api.ports.CrowdUsers`."""
        with _clickhouse("count"):
            return self._bitmaps.count(rule, versions, generation)

    def members(
        self, rule: Rule, versions: Mapping[str, int], generation: int, after: int, limit: int
    ) -> Sequence[tuple[int, str]]:
        """See `api.ports.CrowdUsers`."""
        with _clickhouse("members"):
            return self._bitmaps.members(rule, versions, generation, after, limit)

    def sizes(self, rule: Rule, base: Rule, versions: Mapping[str, int], generation: int) -> Mapping[str, int]:
        """See `api.ports.CrowdUsers`."""
        with _clickhouse("sizes"):
            return self._bitmaps.sizes(rule, base, versions, generation)

    def portrait(
        self, rule: Rule, base: Rule, versions: Mapping[str, int], numeric: Sequence[str], generation: int
    ) -> Sequence[Mapping[str, Any]]:
        """See `api.ports.CrowdUsers`."""
        with _clickhouse("portrait"):
            return self._bitmaps.portrait(rule, base, versions, numeric, generation)

    def overlap(
        self, rules: Sequence[Rule], base: Rule, versions: Mapping[str, int], generation: int
    ) -> tuple[Sequence[Sequence[int]], int]:
        """See `api.ports.CrowdUsers`."""
        with _clickhouse("overlap"):
            return self._bitmaps.overlap(rules, base, versions, generation)
