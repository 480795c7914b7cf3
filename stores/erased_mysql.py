"""What MySQL's `tagging` database knows of one user: counted and removed, whichever table it is in."""

from __future__ import annotations

from typing import Any

import orjson

import sql
from stores.mysql import transaction
from stores.settings import Settings

FOLDER = "mysql/erasure"
_FORGETS = (
    *("forget_findings", "forget_feature_findings", "forget_previews", "forget_merges", "forget_identity"),
    *("hide_deeds", "forget_number"),
)


class ErasedInMySQL:
    """Every method raises MySQLUnavailable."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def number(self, user_id: str) -> int | None:
        """The user's number, if there is one."""
        with transaction(self._settings) as cursor:
            cursor.execute(sql.text(f"{FOLDER}/number.sql"), {"user_id": user_id.encode()})
            row = cursor.fetchone()
        return row["user_no"] if row else None

    def remove(self, user_id: str, subject: str) -> int:
        """Remove or hide all that names the user: the number last. How many rows. All of it or nothing."""
        removed = 0
        with transaction(self._settings) as cursor:
            for file in _FORGETS:
                removed += cursor.execute(sql.text(f"{FOLDER}/{file}.sql"), _values(user_id, subject))
        return removed

    def left(self, user_id: str) -> int:
        """How many rows name the user."""
        with transaction(self._settings) as cursor:
            cursor.execute(sql.text(f"{FOLDER}/left.sql"), _values(user_id, ""))
            return int(cursor.fetchone()["found"])


def _values(user_id: str, subject: str) -> dict[str, Any]:
    path = f"/api/v1/users/{user_id}"
    return {
        "user_id": user_id.encode(),
        "token": orjson.dumps(user_id).decode(),
        # As the audit log keeps a path: cut to its column's width.
        "path": path[:300],
        "merges": f"{path}/merges"[:300],
        "hidden": f"/api/v1/users/erased-{subject[:16]}",
    }
