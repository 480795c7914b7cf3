"""Models kept in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.prediction_ports import Prediction
from stores.models.feature_reports import Reports, refuse_wrong
from stores.models.files import LARGEST_FILE_BYTES
from stores.models.registry import TRAINED, Deed, Model, ModelVersion, Stage, shortened
from tests.fakes.breakable import Breakable


class MemoryModels(Breakable):
    """See `stores.models.registry.Models`."""

    def __init__(self, reports: Reports | None = None) -> None:
        super().__init__("mysql")
        self._reports = reports
        self._models: dict[str, Model] = {}
        self._files: dict[str, bytes] = {}
        self._deeds: dict[str, list[Deed]] = {}

    def models(self) -> Sequence[Model]:
        self.ask()
        return [self._models[name] for name in sorted(self._models)]

    def model(self, name: str) -> Model | None:
        self.ask()
        return self._models.get(name)

    def define(self, name: str, definition: str, who: str, at_ms: int) -> None:
        held = self._models.get(name)
        if held is None:
            self._models[name] = Model(name, definition)
        elif held.definition == definition:
            return
        else:
            self._models[name] = replace(held, definition=definition)
        self._note(name, None, who, "definition changed" if held else "defined", at_ms)

    def add(
        self,
        name: str,
        content: bytes,
        metrics: Mapping[str, Any],
        lineage: Mapping[str, Any],
        who: str,
        at_ms: int,
        how: str = TRAINED,
    ) -> ModelVersion:
        held = self._require(name)
        if not 0 < len(content) <= LARGEST_FILE_BYTES:
            raise ValueError(f"a model's file: got {len(content):,} bytes, allowed 1 to {LARGEST_FILE_BYTES:,}")
        sha256 = hashlib.sha256(content).hexdigest()
        self._files[sha256] = content
        made = ModelVersion(name, len(held.versions) + 1, Stage.SHADOW, sha256, metrics, lineage, who, at_ms, at_ms)
        self._models[name] = replace(held, versions=(made, *held.versions))
        self._note(name, made.version, who, how, at_ms)
        return made

    def file(self, sha256: str) -> bytes:
        if sha256 not in self._files:
            raise LookupError(f"there is no file {sha256}")
        return self._files[sha256]

    def set_live(self, name: str, version: int | None, who: str, at_ms: int) -> Model:
        self.ask()
        held = self._require(name)
        if version is not None and version not in {each.version for each in held.versions}:
            raise LookupError(f"model {name} has no version {version}")
        before = held.live_version
        if before != version:
            shadows = {each.version for each in held.versions if each.stage is Stage.SHADOW}
            if version in shadows and self._reports is not None:
                refuse_wrong(name, version, self._reports.newest(name, version))
            stages = {before: Stage.RETIRED, version: Stage.LIVE}
            versions = tuple(
                replace(each, stage=stages[each.version], changed_at_ms=at_ms) if each.version in stages else each
                for each in held.versions
            )
            self._models[name] = replace(held, live_version=version, versions=versions)
            what = "taken out of use" if version is None else f"made live; before: {before or 'none'}"
            self._note(name, version or before, who, what, at_ms)
        return self._models[name]

    def note(self, name: str, who: str, what: str, at_ms: int) -> None:
        self.ask()
        self._require(name)
        self._note(name, None, who, shortened(what), at_ms)

    def audit(self, name: str, limit: int = 100) -> Sequence[Deed]:
        return self._deeds.get(name, [])[::-1][:limit]

    def _require(self, name: str) -> Model:
        if name not in self._models:
            raise LookupError(f"there is no model {name}")
        return self._models[name]

    def _note(self, name: str, version: int | None, who: str, what: str, at_ms: int) -> None:
        self._deeds.setdefault(name, []).append(Deed(version, who, what, at_ms))


class MemoryPredictionLog:
    """Served predictions, in order."""

    def __init__(self) -> None:
        self.predictions: list[Prediction] = []

    def append(self, predictions: Sequence[Prediction]) -> None:
        self.predictions += predictions
