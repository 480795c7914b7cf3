"""How far Tagstream's consumers are behind the log."""

from __future__ import annotations

from collections.abc import Mapping

from api.bounded import Bounded
from api.cache import MomentCache
from api.ports import Unavailable
from stores.kafka_client import KafkaUnavailable
from stores.kafka_lag import GroupLags
from stores.settings import Settings

GROUPS = (
    "tagstream.sink_profile",
    "tagstream.sink_values",
    "tagstream.sink_events",
    "tagstream.sink_rows",
    "tagstream.sink_predictions",
    "tagstream.tags.events",
    "tagstream.tags.users",
    "tagstream.tags.products",
    "tagstream.tags.orders",
    "tagstream.tags.clock",
    "tagstream.tags.lifecycle__v1",
    "tagstream.tags.spend_tier_30d__v1",
)
"""The sinks, and the built-in tags' Flink job by source."""
KEPT_SECONDS = 2.0
ANSWER_SECONDS = 2.5


class KafkaLags:
    """Lag of the groups that have committed anything, kept for a moment."""

    def __init__(self, settings: Settings) -> None:
        self._lags = GroupLags(settings, GROUPS)
        self._asked = Bounded("lags", self._read)
        self._kept: MomentCache[Mapping[str, int]] = MomentCache(KEPT_SECONDS)

    def by_group(self) -> Mapping[str, int]:
        """See `api.ports.Lags`."""
        return self._kept.get("lags", self._in_time)

    def _in_time(self) -> Mapping[str, int]:
        try:
            return self._asked.wait(ANSWER_SECONDS)
        except TimeoutError:
            raise Unavailable("kafka", f"no offsets within {ANSWER_SECONDS:g} s") from None

    def _read(self) -> Mapping[str, int]:
        try:
            return self._lags.read()
        except KafkaUnavailable as error:
            raise Unavailable("kafka", str(error)) from error
