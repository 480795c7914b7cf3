"""Served vectors to ClickHouse: what each model was asked with, and when. Run by `python -m jobs.sink_predictions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jobs import sink_process
from jobs.column_sink import Columns, ColumnSink
from jobs.sink import DeadLetter
from jobs.suppression import suppressing
from stores.clickhouse import connect
from stores.kafka_reader import Record
from tagging.names import PREDICTIONS_TOPIC

Name = Annotated[str, Field(min_length=1, max_length=128)]
LATEST_MS = 4_102_444_800_000
"""The year 2100: DateTime64 would wrap later times."""


class _Message(BaseModel):
    """A prediction in the log; other fields are for other readers."""

    model_config = ConfigDict(extra="ignore", strict=True)

    model: Name
    version: int = Field(ge=1, lt=2**32)
    prediction_id: Name
    user_id: Name
    features: str
    score: float
    predicted_at: int = Field(ge=0, lt=LATEST_MS)


class PredictionSink(ColumnSink):
    """Writes every prediction once, however often it is delivered."""

    name = "sink_predictions"
    topics = (PREDICTIONS_TOPIC,)
    table = "served_vectors"

    def decode(self, records: Sequence[Record]) -> tuple[Columns, list[DeadLetter]]:
        """The predictions as columns of `served_vectors`; what is none is refused."""
        rows: list[tuple[Any, ...]] = []
        dead: list[DeadLetter] = []
        for record in records:
            try:
                found = _Message.model_validate_json(record.value or b"")
                if not isinstance(orjson.loads(found.features), dict):
                    raise ValueError("features: is no JSON object")
            except (ValidationError, ValueError) as error:
                dead.append(DeadLetter(record, "bad_prediction", str(error)[:500]))
                continue
            rows.append((*(getattr(found, name) for name in COLUMNS[:-1]), record.timestamp_ms))
        return dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}, dead


COLUMNS = ("model", "version", "prediction_id", "user_id", "features", "score", "predicted_at", "logged_at")


def main() -> None:
    """Run the sink until SIGTERM."""
    sink_process.run(
        lambda settings: suppressing(PredictionSink(connect(settings, patience_seconds=0)), settings),
        linger_seconds=lambda settings: settings.sinks.clickhouse_linger_seconds,
    )


if __name__ == "__main__":
    main()
