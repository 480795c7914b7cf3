"""Scores every user by a model's live version into the log, where tags read them. The same pipeline as the API's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import orjson

from prediction.pipeline import Pipeline, columns_of
from stores.features import FeatureStore
from tagging.scores import Score, score_message

USERS_A_STEP = 50_000


class ScoreLog(Protocol):
    """Where scores are written: `stores.kafka.Producer` is the real one."""

    def send(self, topic: str, value: bytes, key: bytes | str | None = None) -> None: ...

    def flush(self) -> None: ...


@dataclass(frozen=True)
class Scorer:
    """Writes one model's scores. `topic`: of the source `scores`."""

    store: FeatureStore
    log: ScoreLog
    topic: str
    cdc_format: str

    def score(self, pipeline: Pipeline, version: int, highest_no: int, now_ms: int) -> Iterator[int]:
        """Score all users with numbers up to `highest_no`, in steps; yields how many users were scored so far.

        Raises BadValue for a feature's value, and what the stores raise.
        """
        versions = {feature.tag: feature.version for feature in pipeline.features}
        done = 0
        for first in range(1, highest_no + 1, USERS_A_STEP):
            users = self.store.current(versions, first, min(first + USERS_A_STEP, highest_no + 1))
            if users:
                columns = columns_of(pipeline.features, [dict(values) for _, values in users])
                for (user_id, _), (label, found) in zip(users, pipeline.said(columns), strict=True):
                    score = Score(user_id, pipeline.model, version, label, found, now_ms)
                    self.log.send(self.topic, orjson.dumps(score_message(score, self.cdc_format)), user_id)
                self.log.flush()
            done += len(users)
            yield done
