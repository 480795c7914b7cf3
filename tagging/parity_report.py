"""A finding's cause and evidence as plain data: what is stored and what a person drills down to. Bounded in size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tagging.parity import Finding
from tagging.parity_cause import Diagnosis, Evidence, InputRow, diagnose
from tagging.windows import MINUTE_MS

MOST_ROWS = 40
MOST_EMITTED = 10
LONGEST_TEXT = 300


def explained(finding: Finding, evidence: Evidence) -> Finding:
    """The finding with its cause and what it rests on."""
    diagnosis = diagnose(finding, evidence)
    return replace(finding, cause=str(diagnosis.cause), evidence=_plain(evidence, diagnosis))


def _plain(evidence: Evidence, diagnosis: Diagnosis) -> Mapping[str, Any]:
    decisive = {row.place for row in diagnosis.rows}
    # The rows that decide come first where there are too many, then the newest.
    order = sorted(evidence.rows, key=lambda row: (row.place not in decisive, -row.logged_at_ms, row.place))
    emitted = sorted(evidence.emitted, key=lambda said: -said.offset)[:MOST_EMITTED]
    return {
        "reason": diagnosis.reason,
        "suspects": [
            {"cause": str(suspect.cause), "sure": suspect.strength > 1, "reason": suspect.reason}
            for suspect in diagnosis.suspects
        ],
        "tick_ms": evidence.tick_minute * MINUTE_MS,
        "rows": [_row(row, evidence, row.place in decisive) for row in order[:MOST_ROWS]],
        "rows_total": len(evidence.rows),
        "emitted": [{"value": said.value, "offset": said.offset, "at_ms": said.at_ms} for said in emitted],
    }


def _row(row: InputRow, evidence: Evidence, decides: bool) -> dict[str, Any]:
    leaves_at = evidence.leaves_at_minute(row)
    return {
        "source": row.source,
        "key": row.key,
        "op": row.op,
        "partition": row.partition,
        "offset": row.offset,
        "at_ms": row.at_ms,
        "logged_at_ms": row.logged_at_ms,
        "leaves_at_ms": None if leaves_at is None else leaves_at * MINUTE_MS,
        "counts": evidence.counts(row),
        "decides": decides,
        "text": row.text[:LONGEST_TEXT],
    }
