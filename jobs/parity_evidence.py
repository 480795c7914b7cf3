"""Looks at the log for the users on whom stream and batch differ, so that each finding says why. Done only where any is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from jobs.barrier import Barrier
from jobs.flink_sources import topic_of
from jobs.parity_inputs import LogMessage, UserRows, emitted_by_user
from jobs.parity_sides import Held
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.names import CLOCK_SHARDS, CLOCK_TOPIC, tag_topic
from tagging.parity import Outcome, TagParity
from tagging.parity_cause import Evidence
from tagging.parity_report import explained

NEWEST_TICKS = 2 * CLOCK_SHARDS
"""So many of a partition's newest messages hold its newest minute."""


class Read(Protocol):
    """A topic's messages up to these ends by partition, or to the end that it has; the `last` of each alone where given."""

    def __call__(
        self, topic: str, ends: Mapping[int, int] | None = None, last: int | None = None
    ) -> Iterable[LogMessage]: ...


@dataclass(frozen=True)
class Explainer:
    """Gives wrong findings their causes. `other_sql`: whether the streaming job runs other statements than were recomputed."""

    settings: Settings
    barrier: Barrier
    read: Read
    other_sql: Callable[[], bool]

    def explain(self, tag: CompiledTag, parities: Sequence[tuple[TagParity, Held]]) -> None:
        """Put causes and evidence into the wrong findings of one tag, of all stores. Raises KafkaUnavailable."""
        users = {f.user_id for parity, _ in parities for f in parity.findings if f.outcome is not Outcome.PENDING}
        if not users:
            return
        rows = UserRows(users, self.settings.cdc_format)
        for source in sorted(tag.sources):
            topic = topic_of(source, self.settings)
            rows.read(source, self.read(topic, self.barrier.ends[topic]))
        topic = tag_topic(tag.definition.name, tag.definition.version)
        emitted = emitted_by_user(users, self.read(topic))
        tick_minute, other_sql = self._newest_tick(), self.other_sql()
        for parity, store in parities:
            others = store.other_versions(tag, sorted(users))
            for index, finding in enumerate(parity.findings):
                if finding.outcome is Outcome.PENDING:
                    continue
                parity.findings[index] = explained(
                    finding,
                    Evidence(
                        barrier_at_ms=self.barrier.at_ms,
                        tick_minute=tick_minute,
                        windows=sorted(tag.windows),
                        rows=rows.of(finding.user_id),
                        emitted=emitted[finding.user_id],
                        other_versions=others[finding.user_id],
                        other_sql=other_sql,
                        late_days=self.settings.flink.late_days,
                        deduplicate_days=self.settings.flink.deduplicate_days,
                    ),
                )

    def _newest_tick(self) -> int:
        ticks = self.read(CLOCK_TOPIC, self.barrier.ends[CLOCK_TOPIC], NEWEST_TICKS)
        return max((orjson.loads(message.value() or b"{}").get("minute", 0) for message in ticks), default=0)
