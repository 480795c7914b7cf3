"""Scores in the log: each as a change of the row that stands for what one model says of one user, so that tags read them as
they read any table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Score:
    """What a version of a model says of a user: a class and its probability; with two classes, of the second one."""

    user_id: str
    model: str
    version: int
    label: str
    score: float
    scored_at_ms: int

    @property
    def score_id(self) -> str:
        """The row's key: one a model and user."""
        return f"{self.model}/{self.user_id}"


@dataclass(frozen=True)
class Unscored:
    """A user of whom a model says nothing any more: none of the tags that it reads has a value."""

    user_id: str
    model: str
    at_ms: int


def unscored_message(gone: Unscored, cdc_format: str) -> dict[str, Any]:
    """The end of the row that `score_message` wrote, as Debezium or Canal would write it."""
    empty = Score(gone.user_id, gone.model, 0, "", 0.0, gone.at_ms)
    message = score_message(empty, cdc_format)
    if cdc_format == "debezium":
        return {**message, "before": message["after"], "after": None, "op": "d"}
    return {**message, "type": "DELETE"}


def score_message(score: Score, cdc_format: str) -> dict[str, Any]:
    """The row change as Debezium or Canal would write it. Every score is an update: whether there was one before is unknown."""
    row: dict[str, Any] = {
        "score_id": score.score_id,
        "user_id": score.user_id,
        "model": score.model,
        "version": score.version,
        "class": score.label,
        "score": f"{min(1.0, max(0.0, score.score)):.6f}",
        "scored_at": score.scored_at_ms,
    }
    if cdc_format == "debezium":
        return {"before": None, "after": row, "op": "u", "source": {"ts_ms": score.scored_at_ms}}
    # Canal writes every value as text, times in UTC as MySQL does.
    time = (_EPOCH + timedelta(milliseconds=score.scored_at_ms)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return {
        "data": [{name: str(value) for name, value in row.items()} | {"scored_at": time}],
        "type": "UPDATE",
        "es": score.scored_at_ms,
    }
