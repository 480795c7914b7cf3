"""How far the job of a version that is being built has come through the log."""

from __future__ import annotations

from collections.abc import Sequence

from api.bounded import Bounded
from api.cache import MomentCache
from api.ports import Unavailable
from api.publishing_ports import Replay
from stores.kafka_client import KafkaUnavailable
from stores.kafka_replay import passed
from stores.settings import Settings
from tagging.names import CLOCK_TOPIC, consumer_group, source_topic

KEPT_SECONDS = 1.0
ANSWER_SECONDS = 5.0


class KafkaReplays:
    """See `api.ports.Replays`. An answer is kept for a moment: many may watch one version."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: MomentCache[Replay] = MomentCache(KEPT_SECONDS)

    def read(self, job: str, sources: Sequence[str], cut_at_ms: int) -> Replay:
        """See `api.ports.Replays`."""
        database = self._settings.mysql.shop_database
        groups = {consumer_group(job, name): source_topic(name, database) for name in [*sources, CLOCK_TOPIC]}
        key = (job, tuple(groups), cut_at_ms)
        return self._kept.get(key, lambda: self._in_time(groups, cut_at_ms))

    def _in_time(self, groups: dict[str, str], cut_at_ms: int) -> Replay:
        try:
            return Bounded("replay", lambda: Replay(*passed(self._settings, groups, cut_at_ms))).wait(ANSWER_SECONDS)
        except TimeoutError:
            raise Unavailable("kafka", f"no offsets within {ANSWER_SECONDS:g} s") from None
        except KafkaUnavailable as error:
            raise Unavailable("kafka", str(error)) from error
