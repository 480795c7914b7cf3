"""Models from MySQL, and served predictions into Kafka."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import orjson

from api.live.mysql import answering
from api.prediction_ports import Prediction
from stores import logs
from stores.kafka import KafkaUnavailable, Producer
from stores.models.registry import TRAINED, Deed, Model, Models, ModelVersion
from stores.settings import Settings
from tagging.names import PREDICTIONS_TOPIC

log = logs.get("api.live.models")


class AnsweringModels:
    """See `stores.models.registry.Models`; raises Unavailable."""

    def __init__(self, registry: Models) -> None:
        self._registry = registry

    def models(self) -> Sequence[Model]:
        """See `Models`."""
        with answering():
            return self._registry.models()

    def model(self, name: str) -> Model | None:
        """See `Models`."""
        with answering():
            return self._registry.model(name)

    def define(self, name: str, definition: str, who: str, at_ms: int) -> None:
        """See `Models`."""
        with answering():
            self._registry.define(name, definition, who, at_ms)

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
        """See `Models`."""
        with answering():
            return self._registry.add(name, content, metrics, lineage, who, at_ms, how)

    def file(self, sha256: str) -> bytes:
        """See `Models`."""
        with answering():
            return self._registry.file(sha256)

    def set_live(self, name: str, version: int | None, who: str, at_ms: int) -> Model:
        """See `Models`."""
        with answering():
            return self._registry.set_live(name, version, who, at_ms)

    def note(self, name: str, who: str, what: str, at_ms: int) -> None:
        """See `Models`."""
        with answering():
            self._registry.note(name, who, what, at_ms)

    def audit(self, name: str, limit: int = 100) -> Sequence[Deed]:
        """See `Models`."""
        with answering():
            return self._registry.audit(name, limit)


def prediction_message(prediction: Prediction) -> bytes:
    """A prediction as it stands in the log. The features are a text in it: no engine needs to know their types."""
    return orjson.dumps(
        {
            "prediction_id": prediction.prediction_id,
            "model": prediction.model,
            "version": prediction.version,
            "user_id": prediction.user_id,
            "features": orjson.dumps(prediction.features, option=orjson.OPT_SORT_KEYS).decode(),
            "score": prediction.score,
            "frozen_score": prediction.score,
            "predicted_at": prediction.predicted_at_ms,
        }
    )


class KafkaPredictionLog:
    """See `api.prediction_ports.PredictionLog`. While Kafka is away a prediction may go unrecorded, and that is logged."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _producer(self) -> Producer:
        return Producer(self._settings, **{"linger.ms": 20})

    def append(self, predictions: Sequence[Prediction]) -> None:
        """See `api.prediction_ports.PredictionLog`."""
        try:
            for prediction in predictions:
                self._producer.send(PREDICTIONS_TOPIC, prediction_message(prediction), prediction.user_id)
        except KafkaUnavailable as error:
            log.warning("predictions_not_recorded", count=len(predictions), cause=str(error))
