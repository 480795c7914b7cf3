"""How well models do that learn, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from api.prediction_ports import DriftRow, QualityRow
from tests.fakes.breakable import Breakable


@dataclass
class MemoryLearning(Breakable):
    """See `api.prediction_ports.LearningRecords`: rows by model, in any order."""

    qualities: dict[str, list[QualityRow]] = field(default_factory=dict)
    drifts: dict[str, list[DriftRow]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__("clickhouse")

    def quality(self, model: str, windows: int) -> Sequence[QualityRow]:
        self.ask()
        rows = sorted(self.qualities.get(model, []), key=lambda row: (-row.window, row.scorer))
        return rows[: 3 * windows]

    def drift(self, model: str, windows: int) -> Sequence[DriftRow]:
        self.ask()
        rows = sorted(self.drifts.get(model, []), key=lambda row: (-row.window, row.feature))
        newest = max((row.window for row in rows), default=0)
        return [row for row in rows if row.window > newest - windows]
