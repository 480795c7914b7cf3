"""Learns from labelled examples, model by model, and proves how well it does. Run by `python -m jobs.learner`, one a deployment.

A snapshot holds what was learned and how far in the log it has come, and snapshots of all models are written together: so
whoever goes on from the newest ones learns every example once, wherever the process before was killed. Rows of ClickHouse are
written before the snapshot that stands behind them; written again, they replace themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from jobs import dead_letters, model_rows, sink_process
from jobs.sink import DeadLetter
from jobs.suppression import Suppressing, suppressing
from prediction import online_file
from prediction.examples import Example, NotAnExample, read_example
from prediction.ftrl import Parameters
from prediction.guarding import Health
from prediction.online import ClosedWindow, OnlineModel, Rules, Taken, begin
from stores import logs, metrics
from stores.clickhouse import ClickHouseClient, ClickHouseUnavailable, connect
from stores.kafka_client import KafkaUnavailable
from stores.kafka_places import PlacedReader
from stores.kafka_reader import Record
from stores.models.snapshots import ModelSnapshots, NewSnapshot, Overtaken, Snapshot, SnapshotState
from stores.mysql import MySQLUnavailable
from stores.registry.schema import migrate
from stores.settings import Settings
from tagging.events import Reason
from tagging.names import EXAMPLES_TOPIC

MOST_MODELS = 64
READ_IN_VAIN = 10_000
"""Messages of other models: a model that is given none of them is noted as past them only so often."""
STATE_OF = {
    Health.WARMING: SnapshotState.HELD,
    Health.GOOD: SnapshotState.GOOD,
    Health.DOUBTFUL: SnapshotState.HELD,
    Health.FROZEN: SnapshotState.FROZEN,
}

log = logs.get("jobs.learner")


class Snapshots(Protocol):
    """Where snapshots are kept; `stores.models.snapshots.ModelSnapshots` is the real one."""

    def newest(self) -> Sequence[tuple[Snapshot, bytes]]: ...

    def save(self, snapshots: Sequence[NewSnapshot], at_ms: int) -> None: ...


class Places(Protocol):
    """What the learner itself asks of its reader; `stores.kafka_places.PlacedReader` is the real one."""

    def begin_at(self, offsets: Mapping[int, int]) -> None: ...


class Batch(NamedTuple):
    """Examples in order of the log, each with its record."""

    examples: Sequence[tuple[Example, Record]]


@dataclass
class Learned:
    """A model, and the newest snapshot that holds it: its number, and the marks that it has.

    `windows`: closed and not written; `changed`: it was given examples since.
    """

    model: OnlineModel
    number: int
    marks: Mapping[int, int] | None
    windows: list[ClosedWindow] = field(default_factory=list)
    changed: bool = False

    def wants_saving(self) -> bool:
        """Whether whoever goes on from the newest snapshot would have to do anything again, or to read much in vain."""
        marks = self.model.marked().marks
        if self.marks is None or (self.changed and marks != self.marks):
            return True
        return any(offset - self.marks.get(partition, 0) >= READ_IN_VAIN for partition, offset in marks.items())


class LearnerSink:
    """Learns a batch, writes what it shows, then snapshots of the models that it changed."""

    name = "learner"
    topics = (EXAMPLES_TOPIC,)
    away = (ClickHouseUnavailable, MySQLUnavailable, KafkaUnavailable)

    def __init__(
        self,
        store: ClickHouseClient,
        snapshots: Snapshots,
        reader: Places,
        rules: Rules,
        make_tables: Callable[[], None] = lambda: None,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._reader = reader
        self._rules = rules
        self._make_tables = make_tables
        self._now_ms = now_ms
        self._models: dict[str, Learned] = {}

    def open(self) -> None:
        """Create the tables where they are missing, and go on from the newest snapshots.

        Raises WrongSnapshot and DamagedFile: a learner that began anew by itself would forget all that it knew.
        """
        self._store.apply_schema()
        self._make_tables()
        self._restore()

    def decode(self, records: Sequence[Record]) -> tuple[Batch, list[DeadLetter]]:
        """The examples in order of the log. A tombstone says that a prediction was withdrawn: what was learned of it stays."""
        examples: list[tuple[Example, Record]] = []
        dead: list[DeadLetter] = []
        models = set(self._models)
        for record in records:
            if record.value is None:
                continue
            try:
                example = read_example(record.value)
                if len({*models, example.model}) > MOST_MODELS:
                    raise NotAnExample(
                        Reason.TOO_LARGE, f"model {example.model}: allowed: {MOST_MODELS} models that learn"
                    )
            except NotAnExample as error:
                dead.append(DeadLetter(record, error.reason, str(error)))
                continue
            models.add(example.model)
            examples.append((example, record))
        return Batch(examples), dead

    def write(self, batch: Batch, dead: Sequence[DeadLetter]) -> Mapping[str, int]:
        """Given the same again, it learns nothing twice: each model knows how far it has come."""
        for example, record in batch.examples:
            self._take(example, record)
        last = {record.partition: record.offset for _, record in batch.examples}
        for learned in self._models.values():
            for partition, offset in last.items():
                learned.model.passed(partition, offset)
        rows = self._write_rows(dead)
        try:
            saved = self._save()
        except Overtaken as error:
            log.warning("overtaken", cause=str(error), fix="run one learner; after a release this is expected once")
            self._restore()
            saved = 0
        return {"clickhouse": rows, "mysql": saved}

    def users(self, batch: Batch) -> Iterable[str]:
        """See `jobs.suppression.Suppressible`."""
        return (example.user_id for example, _ in batch.examples)

    def without(self, batch: Batch, users: AbstractSet[str]) -> tuple[Batch, int]:
        """See `jobs.suppression.Suppressible`. What was learned of a user before stays: no weight is a user's."""
        kept = [item for item in batch.examples if item[0].user_id not in users]
        return Batch(kept), len(batch.examples) - len(kept)

    def _take(self, example: Example, record: Record) -> None:
        learned = self._models.get(example.model)
        if learned is None:
            state = begin(example.model, self._rules, {record.partition: record.offset})
            learned = self._models[example.model] = Learned(OnlineModel(state), 0, None)
        taken, closed = learned.model.take(example, record.partition, record.offset)
        if taken is not Taken.SEEN:
            learned.changed = True
            metrics.EXAMPLES.labels(example.model, taken.value).inc()
        if closed is not None:
            learned.windows.append(closed)

    def _restore(self) -> None:
        self._models = {}
        for snapshot, content in self._snapshots.newest():
            state = online_file.from_bytes(content)
            self._models[snapshot.model] = Learned(OnlineModel(state), snapshot.number, dict(state.marks))
            _show(snapshot.model, state.guard.health)
            log.info("goes_on", model=snapshot.model, snapshot=snapshot.number, examples=state.examples)
        starts: dict[int, int] = {}
        for learned in self._models.values():
            for partition, offset in (learned.marks or {}).items():
                starts[partition] = min(offset, starts.get(partition, offset))
        self._reader.begin_at(starts)

    def _write_rows(self, dead: Sequence[DeadLetter]) -> int:
        rows = 0
        closed = [(name, window) for name, learned in self._models.items() for window in learned.windows]
        if closed:
            rows += self._store.insert_columns("model_drift", model_rows.drift_columns(closed, self._now_ms()))
            rows += self._store.insert_columns("model_quality", model_rows.quality_columns(closed, self._now_ms()))
        if dead:
            rows += self._store.insert_columns("dead_letters", dead_letters.columns(dead))
        for name, window in closed:
            _tell(name, window)
        for learned in self._models.values():
            learned.windows.clear()
        return rows

    def _save(self) -> int:
        new: list[tuple[Learned, NewSnapshot]] = []
        for name, learned in self._models.items():
            if not learned.wants_saving():
                continue
            state = learned.model.marked()
            frozen = state.guard.health is Health.FROZEN
            snapshot = NewSnapshot(
                name,
                learned.number + 1,
                online_file.to_bytes(state),
                dict(state.marks),
                state.examples,
                STATE_OF[state.guard.health],
                state.guard.reason,
                state.good_examples if frozen else None,
            )
            new.append((learned, snapshot))
        if new:
            self._snapshots.save([snapshot for _, snapshot in new], self._now_ms())
        for learned, snapshot in new:
            learned.number, learned.marks, learned.changed = snapshot.number, snapshot.offsets, False
        return len(new)


def _show(model: str, health: Health) -> None:
    metrics.MODEL_FROZEN.labels(model).set(health is Health.FROZEN)
    metrics.MODEL_SERVED.labels(model).set(health is Health.GOOD)


def _tell(model: str, window: ClosedWindow) -> None:
    """What a window shows, for those who watch."""
    _show(model, window.guard.health)
    for quality in window.qualities:
        metrics.MODEL_LOG_LOSS.labels(model, quality.scorer.value).set(quality.log_loss)
    moved = [each.feature for each in window.drifts if each.moved]
    alarms = {
        "features_moved": bool(moved),
        "loss_rose": window.loss_rose,
        "doubtful": window.guard.health is Health.DOUBTFUL,
        "frozen": window.guard.health is Health.FROZEN,
    }
    for alarm in (name for name, raised in alarms.items() if raised):
        metrics.MODEL_ALARMS.labels(model, alarm).inc()
        log.warning(
            "model_alarm", model=model, alarm=alarm, window=window.number, features=moved, reason=window.guard.reason
        )


def rules_of(settings: Settings) -> Rules:
    """How models learn that begin from now on. Raises ValueError."""
    wanted = settings.learning
    parameters = Parameters(wanted.bits, wanted.alpha, wanted.beta, wanted.l1, wanted.l2)
    return Rules(parameters, wanted.block, wanted.window, wanted.reference, wanted.remembered)


def main() -> None:
    """Run the learner until SIGTERM."""
    sink_process.run_reading(
        _create,
        lambda settings: settings.learning.snapshot_seconds,
        lambda settings: settings.learning.batch_messages,
    )


def _create(settings: Settings) -> tuple[Suppressing, PlacedReader]:
    reader = PlacedReader(settings, f"{settings.sinks.group_prefix}.{LearnerSink.name}", EXAMPLES_TOPIC)
    store = connect(settings, patience_seconds=0)
    sink = LearnerSink(store, ModelSnapshots(settings), reader, rules_of(settings), lambda: migrate(settings))
    return suppressing(sink, settings), reader


if __name__ == "__main__":
    main()
