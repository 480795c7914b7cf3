"""What arrived and what became of it, from ClickHouse."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from api.live.clickhouse import Queries
from api.quality_ports import ArrivedHour, Corrections, DeadLetterPlace, DeadLetterRow, RefusedHour
from tagging.parity_cause import LATE_MS

WITHIN_MS = 60_000
"""A change that comes so long after a late event of its user counts as one that corrects."""

SHOWN_BYTES = 2_000
_FIRST = DeadLetterPlace(2**52, "", 0, 0)


class ClickHouseLedger:
    """See `api.quality_ports.Ledger`. `remembered_days`: for how long the stream knows an event_id again."""

    def __init__(self, queries: Queries, remembered_days: int) -> None:
        self._queries = queries
        self._remembered_days = remembered_days

    def arrived(self, from_ms: int, to_ms: int) -> Sequence[ArrivedHour]:
        """See `api.quality_ports.Ledger`."""
        rows = self._queries.rows(
            "ledger/arrived", from_ms=from_ms, to_ms=to_ms, late_ms=LATE_MS, remembered_days=self._remembered_days
        )
        return [ArrivedHour(**row) for row in rows]

    def refused(self, from_ms: int, to_ms: int) -> Sequence[RefusedHour]:
        """See `api.quality_ports.Ledger`."""
        return [RefusedHour(**row) for row in self._queries.rows("ledger/refused", from_ms=from_ms, to_ms=to_ms)]

    def corrections(self, from_ms: int, to_ms: int) -> Sequence[Corrections]:
        """See `api.quality_ports.Ledger`."""
        rows = self._queries.rows(
            "ledger/corrections", from_ms=from_ms, to_ms=to_ms, late_ms=LATE_MS, within_ms=WITHIN_MS
        )
        return [Corrections(**row) for row in rows]

    def dead_letters(self, reason: str, after: DeadLetterPlace | None, limit: int) -> Sequence[DeadLetterRow]:
        """See `api.quality_ports.Ledger`."""
        at = after or _FIRST
        rows = self._queries.rows(
            "ledger/dead_letters",
            reason=reason,
            limit=limit,
            shown_bytes=SHOWN_BYTES,
            after_ms=at.logged_at_ms,
            after_topic=at.topic,
            after_partition=at.partition,
            after_offset=at.offset,
        )
        return [
            DeadLetterRow(
                DeadLetterPlace(row["logged_at_ms"], row["topic"], row["partition"], row["offset"]),
                row["reason"],
                row["detail"],
                base64.b64decode(row["shown"]),
                row["bytes"],
            )
            for row in rows
        ]
