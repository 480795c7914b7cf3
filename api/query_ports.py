"""What the API asks about analysts' queries: to run one, and to keep those that were saved.

As in `api.ports`: every method raises `Unavailable` when its store does not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from stores.queries import Rows
from tagging.queries.rewriting import Query
from tagging.saved_queries import QueryText, SavedQuery

Check = Callable[[SavedQuery], None]
"""Looks at a query before it is changed; raises what stands against that."""


class QueryRuns(Protocol):
    """Queries over the documented views (ClickHouse)."""

    def run(self, query: Query, sees: Sequence[str], most_rows: int) -> Rows:
        """The rows, at most `most_rows`. Raises `stores.queries.QueryRefused` and `QueryStopped`."""


class SavedQueries(Protocol):
    """Queries by id (MySQL)."""

    def visible(self, name: str, after: tuple[str, str], limit: int) -> Sequence[SavedQuery]:
        """At most `limit` of those that somebody may read, by title and id, after these."""

    def read(self, query_id: str) -> SavedQuery | None:
        """One of them."""

    def add(self, query: QueryText, owner: str) -> SavedQuery:
        """Keep a new one. Raises `tagging.saved_queries.TooManyQueries`."""

    def change(self, query_id: str, query: QueryText, revision: int, check: Check) -> SavedQuery:
        """Replace one as it was at a revision. Raises what `tagging.saved_queries.admit` and `check` raise."""

    def remove(self, query_id: str, revision: int, check: Check) -> None:
        """Remove one as it was at a revision; raises as `change` does."""


@dataclass(frozen=True)
class Analysis:
    """Both together."""

    runs: QueryRuns
    saved: SavedQueries
