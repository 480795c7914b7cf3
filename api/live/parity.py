"""The history of comparisons from MySQL, with failures as the API's ports name them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pymysql
from pymysql.constants import ER

from api.ports import Unavailable
from stores.mysql import MySQLUnavailable
from stores.parity_runs import ParityRuns
from stores.settings import Settings
from tagging.parity_history import KeptFinding, NewestResult, Result, Run


@contextmanager
def _mysql() -> Iterator[None]:
    try:
        yield
    except MySQLUnavailable as error:
        raise Unavailable("mysql", str(error)) from error
    except pymysql.ProgrammingError as error:
        if error.args[0] != ER.NO_SUCH_TABLE:
            raise
        raise Unavailable("mysql", "it has no tables of parity runs yet; run sql/mysql/parity.sql") from error


class MySQLParity:
    """See `api.quality_ports.ParityHistory`."""

    def __init__(self, settings: Settings) -> None:
        self._runs = ParityRuns(settings)

    def ask(self, tag: str, version: int, at_ms: int) -> Run:
        """See `api.quality_ports.ParityHistory`."""
        with _mysql():
            return self._runs.ask(tag, version, at_ms)

    def newest(self) -> Sequence[NewestResult]:
        """See `api.quality_ports.ParityHistory`."""
        with _mysql():
            return self._runs.newest()

    def runs(self, tag: str | None, before: int | None, limit: int) -> Sequence[Run]:
        """See `api.quality_ports.ParityHistory`."""
        with _mysql():
            return self._runs.runs(tag, before, limit)

    def run(self, run_id: int) -> Run | None:
        """See `api.quality_ports.ParityHistory`."""
        with _mysql():
            return self._runs.run(run_id)

    def results(self, run_ids: Sequence[int]) -> Sequence[Result]:
        """See `api.quality_ports.ParityHistory`."""
        with _mysql():
            return self._runs.results(run_ids)

    def findings(self, run_id: int, tag: str | None, after: int, limit: int) -> Sequence[KeptFinding]:
        """See `api.quality_ports.ParityHistory`."""
        with _mysql():
            return self._runs.findings(run_id, tag, after, limit)
