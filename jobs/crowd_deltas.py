"""Publishes who entered a watched crowd and who left it: a thread of the process of crowds, one leader at a time.

After each generation of bitmaps a watched crowd's members are compared with those that its deltas have told of, bucket by
bucket, in one ClickHouse query. A batch goes these ways, and each may be the last before kill -9:

1. it is planned: its deltas, and whom the watch holds after them, lie in ClickHouse under an attempt that nobody reads;
2. it is agreed on: MySQL names the attempt, unless another process was first. From here on its deltas never change;
3. ClickHouse is told which attempt counts, and the deltas are sent to the topic, in order, and acknowledged;
4. MySQL notes that it is published.

Whoever leads next goes on from what MySQL says: an attempt that was not agreed on is planned anew, a batch that is not noted as
published is sent again, whole. So none is lost, and a repeat has the same delta_id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import orjson
from prometheus_client import Counter

from stores import logs
from stores.bitmaps import Generation
from stores.causes import cause_of
from stores.clickhouse import ClickHouseRefused
from stores.delta_ledger import Delta
from tagging import bound_rules
from tagging.bound_rules import BoundRule
from tagging.crowd_parsing import CrowdProblems
from tagging.crowd_watches import Planned, Watch
from tagging.names import CROWD_DELTAS_TOPIC

MOST_OF_A_BATCH = 100_000
PAGE = 10_000
AGAIN_MS = 60_000
"""How often somebody may enter whose rest is over."""

DELTAS = Counter("tagstream_crowd_deltas_total", "Deltas of watched crowds published, repeats included", ["change"])
log = logs.get("jobs.crowd_deltas")


class Watches(Protocol):
    """The watched crowds; `stores.watches.WatchTable` is the real one."""

    def all(self) -> Sequence[Watch]: ...

    def agree(self, watch: Watch, planned: Planned) -> bool: ...

    def note_published(self, watch: Watch) -> None: ...

    def note_problem(self, watch: Watch, problem: str) -> None: ...


class Ledger(Protocol):
    """Batches; `stores.delta_ledger.DeltaLedger` is the real one."""

    def newest(self) -> Generation: ...

    def tick(self, at_ms: int) -> int: ...

    def plan(self, watch: Watch, planned: Planned, bound: BoundRule, tick: int, most: int) -> tuple[int, int]: ...

    def take_present(self, watch: Watch, planned: Planned, bound: BoundRule) -> None: ...

    def agree(self, watch: str, batch: int, attempt: str) -> None: ...

    def batch(self, watch: str, attempt: str, after: int, limit: int) -> Sequence[Delta]: ...

    def forget(self, watches: Sequence[str]) -> None: ...


class Topic(Protocol):
    """Where deltas go; `stores.kafka.Producer` is the real one."""

    def send(self, topic: str, value: bytes | None, key: bytes | str | None = None) -> None: ...

    def flush(self) -> None: ...


@dataclass
class DeltaPublisher:
    """Rounds over all watched crowds. `rule_of` binds a crowd's present rule; raises CrowdProblems and LookupError.

    `leads`: asked before a batch is planned and before it is sent. `new_attempt` gives a name that was never given before.
    """

    watches: Watches
    ledger: Ledger
    topic: Topic
    rule_of: Callable[[str], BoundRule]
    leads: Callable[[], bool]
    now_ms: Callable[[], int]
    new_attempt: Callable[[], str]
    most: int = MOST_OF_A_BATCH
    _compared: dict[str, tuple[int, str, int]] = field(default_factory=dict)

    def round(self) -> int:
        """Publish what is to be published, at most one batch a watch; how many batches were agreed on or sent.

        Raises what the stores raise; the next round goes on.
        """
        watches = self.watches.all()
        done = 0
        for watch in watches:
            if not self.leads():
                return done
            done += self._advance(watch)
        return done

    def forget(self) -> None:
        """Remove what watches left behind that are no more."""
        if self.leads():
            self.ledger.forget([watch.id for watch in self.watches.all()])

    def _advance(self, watch: Watch) -> int:
        done, problem = 0, ""
        try:
            done = self._next(watch)
        except (CrowdProblems, LookupError, ClickHouseRefused) as error:
            # One crowd that cannot be evaluated keeps no other from being told of.
            problem = cause_of(error)
        if problem != watch.problem:
            self.watches.note_problem(watch, problem)
        return done

    def _next(self, watch: Watch) -> int:
        if watch.planned.published:
            planned = self._plan(watch)
            if planned is None or not self.watches.agree(watch, planned):
                return 0
            watch = replace(watch, planned=planned)
        self._publish(watch)
        return 1

    def _plan(self, watch: Watch) -> Planned | None:
        """The watch's next batch, written but not agreed on; None where nobody moved."""
        bound, newest, at_ms = self.rule_of(watch.crowd), self.ledger.newest(), self.now_ms()
        rule = bound.text()
        compared = (newest.number, rule, at_ms // AGAIN_MS if watch.policy.by_time else 0)
        if newest.number == 0 or self._compared.get(watch.id) == compared:
            return None
        before = watch.planned
        planned = Planned(
            batch=before.batch + 1,
            attempt=self.new_attempt(),
            generation=newest.number,
            first_sequence=before.sequence + 1,
            sequence=before.sequence,
            published=False,
            rule=rule,
            rule_version=before.rule_version + (rule != before.rule),
            told=tuple(sorted({*_told(before), *bound.versions.items()})),
            enters_total=before.enters_total,
            leaves_total=before.leaves_total,
            at_ms=at_ms,
        )
        if before.batch == 0 and not watch.tells_present:
            self.ledger.take_present(watch, planned, bound)
            return planned
        enters, leaves = self.ledger.plan(watch, planned, bound, self.ledger.tick(at_ms), self.most)
        if enters + leaves < self.most:
            # Else there may be more of the same.
            self._compared[watch.id] = compared
        if not enters + leaves:
            return None
        return replace(
            planned,
            sequence=before.sequence + enters + leaves,
            enters=enters,
            leaves=leaves,
            enters_total=before.enters_total + enters,
            leaves_total=before.leaves_total + leaves,
        )

    def _publish(self, watch: Watch) -> None:
        """Send the batch that was agreed on, from its beginning."""
        planned = watch.planned
        self.ledger.agree(watch.id, planned.batch, planned.attempt)
        if not watch.dry_run and planned.sequence >= planned.first_sequence:
            if not self.leads():
                return
            self._send(watch)
        self.watches.note_published(watch)
        log.info("deltas", crowd=watch.crowd, batch=planned.batch, enters=planned.enters, leaves=planned.leaves)

    def _send(self, watch: Watch) -> None:
        after = watch.planned.first_sequence - 1
        while page := self.ledger.batch(watch.id, watch.planned.attempt, after, PAGE):
            for delta in (delta for delta in page if delta.user_id):
                self.topic.send(CROWD_DELTAS_TOPIC, orjson.dumps(message(watch, delta)), delta.user_id)
                DELTAS.labels(delta.change.value).inc()
            after = page[-1].sequence
        if after != watch.planned.sequence:
            raise LookupError(
                f"batch {watch.planned.batch} of {watch.crowd} ends at {after}, not {watch.planned.sequence}"
            )
        self.topic.flush()


def _told(before: Planned) -> tuple[tuple[str, int], ...]:
    """Of a batch that was planned before `told` was kept, what its own rule says."""
    if before.told or not before.rule:
        return before.told
    return tuple(bound_rules.read(before.rule).versions.items())


def message(watch: Watch, delta: Delta) -> Mapping[str, str | int]:
    """A delta as it lies in the topic."""
    return {
        "delta_id": delta.delta_id,
        "crowd": watch.crowd,
        "sequence": delta.sequence,
        "user_id": delta.user_id,
        "change": delta.change.value,
        "at": delta.at_ms,
        "tick": delta.tick,
        "rule_version": delta.rule_version,
    }
