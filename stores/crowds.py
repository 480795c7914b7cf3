"""Saved crowds in MySQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

import sql
from stores.mysql import transaction
from stores.settings import Settings
from tagging.saved_crowds import Check, CrowdText, SavedCrowd, admit


class CrowdTable:
    """All crowds by name. Every method raises MySQLUnavailable; a change sees all crowds and shuts other changes out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def all(self) -> Mapping[str, SavedCrowd]:
        """In order of name."""
        with transaction(self._settings) as cursor:
            return _read(cursor, "mysql/crowds/read.sql")

    def put(self, crowd: CrowdText, revision: int | None, check: Check) -> SavedCrowd:
        """Add a crowd (`revision` None) or replace it as it was at a revision. Raises what `admit` and `check` raise."""
        values = {"name": crowd.name, "title": crowd.title, "fingerprint": crowd.fingerprint, "owner": crowd.owner}
        values["rule"] = orjson.dumps(crowd.rule).decode()
        with transaction(self._settings) as cursor:
            crowds = _read(cursor, "mysql/crowds/lock.sql")
            admit(crowds, crowd.name, revision)
            check(crowds)
            cursor.execute(sql.text(f"mysql/crowds/{'add' if revision is None else 'change'}.sql"), values)
            return _read(cursor, "mysql/crowds/read.sql")[crowd.name]

    def remove(self, name: str, revision: int, check: Check) -> None:
        """Remove a crowd as it was at a revision. Raises what `admit` and `check` raise."""
        with transaction(self._settings) as cursor:
            crowds = _read(cursor, "mysql/crowds/lock.sql")
            admit(crowds, name, revision)
            check(crowds)
            cursor.execute(sql.text("mysql/crowds/remove.sql"), {"name": name})


def _read(cursor: Any, file: str) -> dict[str, SavedCrowd]:
    cursor.execute(sql.text(file))
    return {
        row["name"]: SavedCrowd(
            name=row["name"],
            title=row["title"],
            rule=orjson.loads(row["rule"]),
            fingerprint=row["fingerprint"],
            owner=row["owner"],
            revision=row["revision"],
            created_at_ms=_ms(row["created_at"]),
            updated_at_ms=_ms(row["updated_at"]),
        )
        for row in cursor.fetchall()
    }


def _ms(at: datetime) -> int:
    return round(at.replace(tzinfo=UTC).timestamp() * 1000)
