"""Scores on change: a user is scored anew by one version of a model whenever a tag that it reads has changed.

The vector is the user's row in HBase, as the API's is, once the row holds the changes that called for it: whoever scores after the
last of a user's changes scores all of them. One member reads a user's changes of every tag (see `KafkaReader.together`), so
that a user's scores lie in the log in the order in which they were made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

import orjson

from jobs.models.scoring import ScoreLog
from jobs.sink import DeadLetter
from jobs.sink_profile import Cells, cells_without, newest
from jobs.tag_changes import decoded
from prediction.encoder import BadValue
from prediction.pipeline import Pipeline, columns_of
from stores import logs, metrics
from stores.hbase import HBaseUnavailable, Profile
from stores.kafka_client import KafkaUnavailable
from stores.kafka_reader import Record
from tagging.names import tag_topic
from tagging.scores import Score, Unscored, score_message, unscored_message

PROFILE_SECONDS = 2.0
POLL_SECONDS = 0.02

log = logs.get("jobs.scorer")


class ProfilesUnavailable(Exception):
    """HBase does not hold yet what the log says; the text names how many users, and one."""


class Profiles(Protocol):
    """Where profiles are read; `stores.hbase.ProfileStore` is the real one."""

    def profiles(self, user_ids: Sequence[str]) -> dict[str, Profile]: ...


class ScoreSink:
    """Scores by `pipeline`, which is `version` of its model, into `topic`: that of the source `scores`."""

    away = (HBaseUnavailable, KafkaUnavailable, ProfilesUnavailable)

    def __init__(
        self,
        pipeline: Pipeline,
        version: int,
        profiles: Profiles,
        scores: ScoreLog,
        topic: str,
        cdc_format: str,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.name = f"scorer_{pipeline.model}"
        self.topics = tuple(tag_topic(feature.tag, feature.version) for feature in pipeline.features)
        self._pipeline = pipeline
        self._version = version
        self._profiles = profiles
        self._scores = scores
        self._topic = topic
        self._cdc_format = cdc_format
        self._now_ms = now_ms
        self._wait = wait

    def open(self) -> None:
        """See `jobs.sink.Sink`; the table of profiles is the profile sink's."""

    def decode(self, records: Sequence[Record]) -> tuple[Cells, list[DeadLetter]]:
        """The newest change of every user and tag version. A refused message is only counted, as by the profile sink."""
        changes, dead = decoded(records)
        return newest(change for _, change in changes), dead

    def write(self, batch: Cells, dead: Sequence[DeadLetter]) -> Mapping[str, int]:
        """Score the batch's users; who has no feature any more has no score either. Raises one of `away`."""
        if not batch:
            return {"kafka": 0}
        rows = {user_id: self._features(profile) for user_id, profile in self._flushed(batch).items()}
        scored = {user_id: features for user_id, features in rows.items() if features}
        for user_id, (label, score) in self._said(scored).items():
            found = Score(user_id, self._pipeline.model, self._version, label, score, self._now_ms())
            self._send(user_id, score_message(found, self._cdc_format))
        for user_id in rows.keys() - scored.keys():
            gone = Unscored(user_id, self._pipeline.model, self._now_ms())
            self._send(user_id, unscored_message(gone, self._cdc_format))
        self._scores.flush()
        return {"kafka": len(rows)}

    def users(self, batch: Cells) -> Iterable[str]:
        """See `jobs.suppression.Suppressible`."""
        return batch

    def without(self, batch: Cells, users: AbstractSet[str]) -> tuple[Cells, int]:
        """See `jobs.suppression.Suppressible`: nobody who was erased is scored."""
        return cells_without(batch, users)

    def _send(self, user_id: str, message: Mapping[str, Any]) -> None:
        self._scores.send(self._topic, orjson.dumps(message), user_id)

    def _flushed(self, batch: Cells) -> dict[str, Profile]:
        """The users' profiles, each with the changes of the batch or later ones."""
        found: dict[str, Profile] = {}
        waiting, until = sorted(batch), time.monotonic() + PROFILE_SECONDS
        while True:
            read = self._profiles.profiles(waiting)
            found.update(read)
            waiting = [user_id for user_id in waiting if _behind(read[user_id], batch[user_id])]
            if not waiting:
                return found
            if time.monotonic() > until:
                raise ProfilesUnavailable(
                    f"{len(waiting)} users' profiles in HBase are behind the log, as that of {waiting[0]!r}"
                )
            self._wait(POLL_SECONDS)

    def _features(self, profile: Profile) -> dict[str, Any]:
        """tag -> value of the features that the user has."""
        wanted = ((feature.tag, profile.get((feature.tag, feature.version))) for feature in self._pipeline.features)
        return {tag: cell.value for tag, cell in wanted if cell is not None and cell.value is not None}

    def _said(self, users: Mapping[str, dict[str, Any]]) -> dict[str, tuple[str, float]]:
        """user_id -> (class, probability). Whose values no feature can have is left out, counted and named."""
        if not users:
            return {}
        try:
            columns = columns_of(self._pipeline.features, list(users.values()))
            return dict(zip(users, self._pipeline.said(columns), strict=True))
        except BadValue as error:
            if half := len(users) // 2:
                parted = list(users.items())
                return self._said(dict(parted[:half])) | self._said(dict(parted[half:]))
            metrics.REFUSED_SCORES.labels(self._pipeline.model).inc()
            log.warning("not_scored", model=self._pipeline.model, user_id=next(iter(users)), cause=str(error))
            return {}


def _behind(profile: Profile, changes: Mapping[tuple[str, int], Any]) -> bool:
    return any(key not in profile or profile[key].offset < cell.offset for key, cell in changes.items())
