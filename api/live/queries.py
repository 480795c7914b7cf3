"""Analysts' queries on ClickHouse and saved ones in MySQL, with failures as the API's ports name them."""

from __future__ import annotations

from collections.abc import Sequence

from api.live.mysql import answering
from api.ports import Unavailable
from api.query_ports import Analysis, Check
from stores.clickhouse import ClickHouseUnavailable, connect
from stores.queries import SECONDS, QueryRunner, Rows
from stores.saved_queries import QueryTable
from stores.settings import Settings
from tagging.queries.rewriting import Query
from tagging.saved_queries import QueryText, SavedQuery

ANSWER_SECONDS = SECONDS + 5.0


class ClickHouseQueries:
    """See `api.query_ports.QueryRuns`. A query that was stopped is not tried again."""

    def __init__(self, settings: Settings) -> None:
        self._runner = QueryRunner(connect(settings, ANSWER_SECONDS, patience_seconds=0))

    def run(self, query: Query, sees: Sequence[str], most_rows: int) -> Rows:
        """See `api.query_ports.QueryRuns`."""
        try:
            return self._runner.run(query, sees, most_rows)
        except ClickHouseUnavailable as error:
            raise Unavailable("clickhouse", str(error)) from error


class MySQLQueries:
    """See `api.query_ports.SavedQueries`."""

    def __init__(self, settings: Settings) -> None:
        self._table = QueryTable(settings)

    def visible(self, name: str, after: tuple[str, str], limit: int) -> Sequence[SavedQuery]:
        """See `api.query_ports.SavedQueries`."""
        with answering():
            return self._table.visible(name, after, limit)

    def read(self, query_id: str) -> SavedQuery | None:
        """See `api.query_ports.SavedQueries`."""
        with answering():
            return self._table.read(query_id)

    def add(self, query: QueryText, owner: str) -> SavedQuery:
        """See `api.query_ports.SavedQueries`."""
        with answering():
            return self._table.add(query, owner)

    def change(self, query_id: str, query: QueryText, revision: int, check: Check) -> SavedQuery:
        """See `api.query_ports.SavedQueries`."""
        with answering():
            return self._table.change(query_id, query, revision, check)

    def remove(self, query_id: str, revision: int, check: Check) -> None:
        """See `api.query_ports.SavedQueries`."""
        with answering():
            self._table.remove(query_id, revision, check)


def analysis(settings: Settings) -> Analysis:
    """Both on the settings' stores."""
    return Analysis(ClickHouseQueries(settings), MySQLQueries(settings))
