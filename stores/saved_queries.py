"""Saved queries in MySQL."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import sql
from stores.mysql import transaction
from stores.settings import Settings
from tagging.saved_queries import MOST_OF_ONE_OWNER, QueryText, SavedQuery, TooManyQueries, admit

Check = Callable[[SavedQuery], None]
"""Looks at a query before it is changed; raises what stands against that."""


class QueryTable:
    """All saved queries. Every method raises MySQLUnavailable."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def visible(self, name: str, after: tuple[str, str], limit: int) -> Sequence[SavedQuery]:
        """At most `limit` of those that somebody may read, by title and id, after these."""
        values = {"name": name, "after_title": after[0], "after_id": after[1], "limit": limit}
        with transaction(self._settings) as cursor:
            return _read(cursor, "visible", values)

    def read(self, query_id: str) -> SavedQuery | None:
        """One of them."""
        with transaction(self._settings) as cursor:
            return _one(cursor, "read", query_id)

    def add(self, query: QueryText, owner: str) -> SavedQuery:
        """Keep a new one. Raises TooManyQueries."""
        query_id = uuid.uuid4().hex
        with transaction(self._settings) as cursor:
            cursor.execute(sql.text("mysql/saved_queries/of_owner.sql"), {"owner": owner})
            if cursor.fetchone()["queries"] >= MOST_OF_ONE_OWNER:
                raise TooManyQueries(owner)
            cursor.execute(sql.text("mysql/saved_queries/add.sql"), {**asdict(query), "id": query_id, "owner": owner})
            return _there(cursor, query_id)

    def change(self, query_id: str, query: QueryText, revision: int, check: Check) -> SavedQuery:
        """Replace one as it was at a revision. Raises what `admit` and `check` raise."""
        with transaction(self._settings) as cursor:
            check(admit(_one(cursor, "lock", query_id), revision))
            cursor.execute(sql.text("mysql/saved_queries/change.sql"), {**asdict(query), "id": query_id})
            return _there(cursor, query_id)

    def remove(self, query_id: str, revision: int, check: Check) -> None:
        """Remove one as it was at a revision. Raises what `admit` and `check` raise."""
        with transaction(self._settings) as cursor:
            check(admit(_one(cursor, "lock", query_id), revision))
            cursor.execute(sql.text("mysql/saved_queries/remove.sql"), {"id": query_id})


def _read(cursor: Any, file: str, values: dict[str, Any]) -> list[SavedQuery]:
    cursor.execute(sql.text(f"mysql/saved_queries/{file}.sql"), values)
    return [
        SavedQuery(
            title=row["title"],
            text=row["text"],
            shared=bool(row["shared"]),
            id=row["id"],
            owner=row["owner"],
            revision=row["revision"],
            created_at_ms=_ms(row["created_at"]),
            updated_at_ms=_ms(row["updated_at"]),
        )
        for row in cursor.fetchall()
    ]


def _one(cursor: Any, file: str, query_id: str) -> SavedQuery | None:
    return next(iter(_read(cursor, file, {"id": query_id})), None)


def _there(cursor: Any, query_id: str) -> SavedQuery:
    found = _one(cursor, "read", query_id)
    if found is None:
        raise LookupError(f"the saved query {query_id} was written and is not there")
    return found


def _ms(at: datetime) -> int:
    return round(at.replace(tzinfo=UTC).timestamp() * 1000)
