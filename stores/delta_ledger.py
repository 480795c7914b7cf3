"""The ledger of deltas in ClickHouse: batches planned, whom each watch holds, and what is to be published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any, Literal

import sql
from stores.bitmaps import CrowdBitmaps, Generation
from stores.clickhouse import ClickHouseClient
from tagging.bound_rules import BoundRule
from tagging.crowd_query import CrowdQuery
from tagging.crowd_watches import NO_LIMIT, Change, Planned, Watch, delta_id

FOLDER = "clickhouse/deltas"
Form = Literal["csv", "parquet"]
FORMATS: Mapping[Form, str] = {"csv": "CSVWithNames", "parquet": "Parquet"}


@dataclass(frozen=True)
class Delta:
    """One user who entered or left. `sequence` counts a watch's from 1, without gaps. `user_id` is empty of who was erased."""

    watch: str
    sequence: int
    change: Change
    user_id: str
    at_ms: int
    tick: int
    rule_version: int

    @property
    def delta_id(self) -> str:
        """What a consumer knows a repeat by."""
        return delta_id(self.watch, self.sequence)


class DeltaLedger:
    """Every method raises ClickHouseUnavailable. What was planned counts once its attempt is agreed on (`agree`)."""

    def __init__(self, store: ClickHouseClient) -> None:
        self._store = store
        self._bitmaps = CrowdBitmaps(store)

    def newest(self) -> Generation:
        """The generation of bitmaps that a batch planned now is of."""
        return self._bitmaps.newest()

    def tick(self, at_ms: int) -> int:
        """The clock's newest tick at a time, epoch minutes; 0 before the first."""
        return self._store.query("clickhouse/history/newest_tick.sql", {"at_ms": at_ms})[0]["minute"] or 0

    def plan(self, watch: Watch, planned: Planned, bound: BoundRule, tick: int, most: int) -> tuple[int, int]:
        """Write the batch `planned` of at most `most` users, after the watch's last; how many enter and leave.

        An attempt that is not agreed on is as if it had never been.
        """
        query = CrowdQuery(bound.versions)
        crowd = query.expression(bound.rule)
        policy = watch.policy
        query.parameters |= {
            **_batch(watch, planned),
            "sequence": watch.planned.sequence,
            "at_ms": planned.at_ms,
            "tick": tick,
            "rule_version": planned.rule_version,
            "most": most,
            "never_again": int(policy.never_again),
            "most_enters": NO_LIMIT if policy.most_enters is None else policy.most_enters,
            "entered_since_ms": policy.entered_since_ms(planned.at_ms),
            "left_since_ms": policy.left_since_ms(planned.at_ms),
        }
        file = f"{FOLDER}/plan.sql"
        self._store.command_text(file, *self._bitmaps.composed(file, query, planned.generation, crowd=crowd, **_held()))
        text = Template(sql.text(f"{FOLDER}/advance.sql")).substitute(_held())
        self._store.command_text(f"{FOLDER}/advance.sql", text, _batch(watch, planned))
        row = self._store.query(f"{FOLDER}/counts.sql", {"watch": watch.id, "attempt": planned.attempt})[0]
        return row["enters"], row["leaves"]

    def take_present(self, watch: Watch, planned: Planned, bound: BoundRule) -> None:
        """Hold the crowd's members without a delta: the first batch of a watch that begins quietly."""
        query = CrowdQuery(bound.versions)
        crowd = query.expression(bound.rule)
        query.parameters |= _batch(watch, planned)
        file = f"{FOLDER}/take_present.sql"
        self._store.command_text(file, *self._bitmaps.composed(file, query, planned.generation, crowd=crowd))

    def agree(self, watch: str, batch: int, attempt: str) -> None:
        """Let an attempt count. Again it changes nothing."""
        self._store.insert_columns("crowd_batches", {"watch": [watch], "batch": [batch], "attempt": [attempt]})

    def batch(self, watch: str, attempt: str, after: int, limit: int) -> Sequence[Delta]:
        """At most `limit` deltas of an attempt after a sequence, in order."""
        return self._deltas("batch", watch, {"attempt": attempt, "after": after, "limit": limit})

    def page(self, watch: str, after: int, limit: int) -> Sequence[Delta]:
        """At most `limit` deltas of a watch after a sequence, in order, of attempts that count."""
        return self._deltas("ledger", watch, {"after": after, "limit": limit})

    def export(self, watch: str, after: int, until: int, form: Form) -> bytes:
        """The deltas after a sequence up to another one, as a file."""
        parameters = {"watch": watch, "after": after, "until": until}
        return self._store.raw(f"{FOLDER}/export.sql", FORMATS[form], parameters)

    def forget(self, watches: Sequence[str]) -> None:
        """Remove all of watches that are not among these."""
        for file in ("forget", "forget_deltas", "forget_batches"):
            self._store.command(f"{FOLDER}/{file}.sql", {"watches": list(watches)})

    def _deltas(self, file: str, watch: str, parameters: dict[str, Any]) -> list[Delta]:
        rows = self._store.query(f"{FOLDER}/{file}.sql", {"watch": watch, **parameters})
        return [
            Delta(
                watch=watch,
                sequence=row["sequence"],
                change=Change(row["change"]),
                user_id=row["user_id"],
                at_ms=row["at_ms"],
                tick=row["tick"],
                rule_version=row["rule_version"],
            )
            for row in rows
        ]


def _batch(watch: Watch, planned: Planned) -> dict[str, Any]:
    return {"watch": watch.id, "attempt": planned.attempt, "batch": planned.batch}


def _held() -> dict[str, str]:
    file = Template(sql.text(f"{FOLDER}/held.sql"))
    return {
        "held": file.substitute(role="held", column="members"),
        "ever": file.substitute(role="ever", column="ever"),
    }
