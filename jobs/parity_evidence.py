"""Looks at the log for the users on whom stream and batch differ, so that each finding says why. Done only where any is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from jobs.barrier import Barrier
from jobs.flink_sources import topic_of
from jobs.parity_inputs import UserRows, emitted_by_user
from jobs.parity_sides import Held
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.identity import Identity, read_identity
from tagging.log_message import LogMessage
from tagging.names import CLOCK_SHARDS, CLOCK_TOPIC, IDENTITIES_TOPIC, tag_topic
from tagging.parity import Outcome, TagParity
from tagging.parity_cause import Evidence
from tagging.parity_report import explained
from tagging.people import KnownPeople

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
    most_seconds: float = 300

    def explain(self, found: Sequence[tuple[CompiledTag, TagParity, Held]]) -> None:
        """Put causes and evidence into the wrong findings. Each source is read once for all of them.

        Raises TimeoutError when the log is too long to be read within `most_seconds`, and what the stores raise.
        """
        wrong = [(tag, parity, store, users) for tag, parity, store in found if (users := _wrong_users(parity))]
        if not wrong:
            return
        until = time.monotonic() + self.most_seconds
        named = {user for *_, users in wrong for user in users}
        rows = UserRows(named, self.settings.cdc_format, self._people(until))
        for source in sorted({source for tag, *_ in wrong for source in tag.sources}):
            topic = topic_of(source, self.settings)
            rows.read(source, self._in_time(self.read(topic, self.barrier.ends[topic]), until))
        tick_minute, other_sql = self._newest_tick(), self.other_sql()
        for tag, parity, store, users in wrong:
            topic = tag_topic(tag.definition.name, tag.definition.version)
            emitted = emitted_by_user(users, self._in_time(self.read(topic), until))
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
                        rows=[row for row in rows.of(finding.user_id) if row.source in tag.sources],
                        emitted=emitted[finding.user_id],
                        other_versions=others[finding.user_id],
                        other_sql=other_sql,
                        late_days=self.settings.flink.late_days,
                        deduplicate_days=self.settings.flink.deduplicate_days,
                    ),
                )

    def _in_time(self, messages: Iterable[LogMessage], until: float) -> Iterator[LogMessage]:
        for message in messages:
            if time.monotonic() > until:
                raise TimeoutError(f"reading the log for causes took more than {self.most_seconds:g} s")
            yield message

    def _people(self, until: float) -> KnownPeople:
        """Who was one person up to the barrier, by the log."""
        people = KnownPeople()
        if (ends := self.barrier.ends.get(IDENTITIES_TOPIC)) is not None:
            newest: dict[str, Identity] = {}
            for message in self._in_time(self.read(IDENTITIES_TOPIC, ends), until):
                found = read_identity(message.value() or b"")
                if found.user_id not in newest or found.change > newest[found.user_id].change:
                    newest[found.user_id] = found
            people.learn(newest.values())
        return people

    def _newest_tick(self) -> int:
        ticks = self.read(CLOCK_TOPIC, self.barrier.ends[CLOCK_TOPIC], NEWEST_TICKS)
        return max((orjson.loads(message.value() or b"{}").get("minute", 0) for message in ticks), default=0)


def _wrong_users(parity: TagParity) -> set[str]:
    return {finding.user_id for finding in parity.findings if finding.outcome is not Outcome.PENDING}
