"""What models learn from the stream: snapshots from MySQL, and how well they do from ClickHouse."""

from __future__ import annotations

from collections.abc import Sequence

from api.live.clickhouse import Queries
from api.live.mysql import answering
from api.prediction_ports import DriftRow, LearnedSnapshots, QualityRow
from stores.models.snapshots import Snapshot


class AnsweringSnapshots:
    """See `api.prediction_ports.LearnedSnapshots`; raises Unavailable."""

    def __init__(self, snapshots: LearnedSnapshots) -> None:
        self._snapshots = snapshots

    def good(self, model: str) -> Snapshot | None:
        """See `LearnedSnapshots`."""
        with answering():
            return self._snapshots.good(model)

    def listed(self, model: str, limit: int) -> Sequence[Snapshot]:
        """See `LearnedSnapshots`."""
        with answering():
            return self._snapshots.listed(model, limit)

    def file(self, sha256: str) -> bytes:
        """See `LearnedSnapshots`."""
        with answering():
            return self._snapshots.file(sha256)


class ClickHouseLearning:
    """See `api.prediction_ports.LearningRecords`."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def quality(self, model: str, windows: int) -> Sequence[QualityRow]:
        """See `LearningRecords`."""
        return [QualityRow(**row) for row in self._queries.rows("models/quality", model=model, windows=windows)]

    def drift(self, model: str, windows: int) -> Sequence[DriftRow]:
        """See `LearningRecords`."""
        return [DriftRow(**row) for row in self._queries.rows("models/drift", model=model, windows=windows)]
