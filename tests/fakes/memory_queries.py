"""Analysts' queries in memory: one answer to every query, and saved queries by id."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from api.query_ports import Analysis, Check
from stores.queries import QueryRefused, QueryStopped, Rows
from tagging.queries.rewriting import Query
from tagging.saved_queries import MOST_OF_ONE_OWNER, QueryText, SavedQuery, TooManyQueries, admit
from tests.fakes.breakable import Breakable

AT_MS = 1_790_000_000_000


class MemoryQueryRuns(Breakable):
    """Answers `answer` or raises `problem`, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__("clickhouse")
        self.answer = Rows((("user_id", "String"), ("users", "UInt64")), [["u1", 1], ["u2", 2], ["u3", 3]])
        self.problem: QueryRefused | QueryStopped | None = None
        self.asked: list[tuple[Query, list[str], int]] = []

    def run(self, query: Query, sees: Sequence[str], most_rows: int) -> Rows:
        self.ask()
        self.asked.append((query, list(sees), most_rows))
        if self.problem is not None:
            raise self.problem
        return Rows(self.answer.columns, self.answer.rows[:most_rows])


class MemorySavedQueries(Breakable):
    """Queries by id. They pass the contract suite of the real ones (tests/contract/test_saved_queries.py)."""

    def __init__(self) -> None:
        super().__init__("mysql")
        self.saved: dict[str, SavedQuery] = {}

    def visible(self, name: str, after: tuple[str, str], limit: int) -> Sequence[SavedQuery]:
        self.ask()
        found = sorted(self.saved.values(), key=lambda query: (query.title.encode(), query.id))
        place = (after[0].encode(), after[1])
        return [query for query in found if query.visible_to(name) and (query.title.encode(), query.id) > place][:limit]

    def read(self, query_id: str) -> SavedQuery | None:
        self.ask()
        return self.saved.get(query_id)

    def add(self, query: QueryText, owner: str) -> SavedQuery:
        self.ask()
        if sum(one.owner == owner for one in self.saved.values()) >= MOST_OF_ONE_OWNER:
            raise TooManyQueries(owner)
        saved = SavedQuery(query.title, query.text, query.shared, uuid.uuid4().hex, owner, 1, AT_MS, AT_MS)
        self.saved[saved.id] = saved
        return saved

    def change(self, query_id: str, query: QueryText, revision: int, check: Check) -> SavedQuery:
        self.ask()
        before = admit(self.saved.get(query_id), revision)
        check(before)
        self.saved[query_id] = replace(
            before, title=query.title, text=query.text, shared=query.shared, revision=revision + 1
        )
        return self.saved[query_id]

    def remove(self, query_id: str, revision: int, check: Check) -> None:
        self.ask()
        check(admit(self.saved.get(query_id), revision))
        del self.saved[query_id]


@dataclass
class MemoryQueries:
    """Both together."""

    runs: MemoryQueryRuns = field(default_factory=MemoryQueryRuns)
    saved: MemorySavedQueries = field(default_factory=MemorySavedQueries)

    def port(self) -> Analysis:
        return Analysis(self.runs, self.saved)
