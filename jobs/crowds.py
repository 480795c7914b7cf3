"""What follows crowds over time, as a process: snapshots, deltas of watched crowds, lookalike models that were asked for, and
a look at what must be true of all.

Run by `python -m jobs.crowds`. Several may run: they share the snapshots, and one of them leads, by a lock in MySQL, and
publishes deltas.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress

from jobs import live_tags, process
from jobs.crowd_deltas import DeltaPublisher
from jobs.crowd_hooks import HookSender
from jobs.crowd_invariants import Invariants
from jobs.crowd_rules import CrowdRules
from jobs.crowd_snapshots import SnapshotWorker
from jobs.models import lookalike_worker, lookalikes
from jobs.worker import work
from stores import kafka, logs, metrics
from stores.bitmaps import CrowdBitmaps
from stores.clickhouse import ClickHouseClient, ClickHouseRefused, ClickHouseUnavailable, connect
from stores.crowds import CrowdTable
from stores.delta_ledger import DeltaLedger
from stores.hooks import HookTable
from stores.kafka import KafkaUnavailable
from stores.lookalikes import LookalikePeople
from stores.models.registry import ModelRegistry
from stores.mysql import MySQLUnavailable
from stores.registry.leader import Leadership
from stores.registry.schema import migrate
from stores.registry.store import TagRegistry
from stores.settings import Settings
from stores.snapshot_users import SnapshotUsers
from stores.snapshots import SnapshotTable
from stores.watches import WatchTable
from stores.webhook import Webhooks
from tagging.bound_rules import BoundRule
from tagging.crowd_parsing import CrowdProblems

LOCK = "crowds"
HOOKS_LOCK = "crowd_hooks"
LOOKALIKES_LOCK = "crowd_lookalikes"
LOOKALIKES_EVERY_SECONDS = 2.0
ROUND_SECONDS = 1.0
FORGET_EVERY_SECONDS = 600.0
LOOK_EVERY_SECONDS = 600.0
STORES = {MySQLUnavailable: "mysql", ClickHouseUnavailable: "clickhouse", KafkaUnavailable: "kafka"}
log = logs.get("jobs.crowds")


def prepare(settings: Settings, store: ClickHouseClient) -> None:
    """Create the tables and the topic where they are missing. Raises what the stores raise."""
    migrate(settings)
    store.apply_schema()
    kafka.create_topics(settings)


def loop(
    prepare: Callable[[], None], publisher: DeltaPublisher, stop: threading.Event, round_seconds: float = ROUND_SECONDS
) -> None:
    """Publish deltas until `stop` is set. Stores that are away are waited for; nothing is lost by it."""
    backoff = process.Backoff()
    prepared, forgot_at = False, time.monotonic()
    while not stop.is_set():
        try:
            if not prepared:
                prepare()
                prepared = True
            done = publisher.round()
            if time.monotonic() - forgot_at > FORGET_EVERY_SECONDS:
                publisher.forget()
                forgot_at = time.monotonic()
            for name in STORES.values():
                metrics.STORE_UP.labels("crowds", name).set(1)
            backoff.reset()
            stop.wait(0.0 if done else round_seconds)
        except tuple(STORES) as error:
            name = next(name for kind, name in STORES.items() if isinstance(error, kind))
            metrics.STORE_UP.labels("crowds", name).set(0)
            seconds = backoff.next_seconds()
            log.warning("waiting", store=name, cause=str(error), retry_in_seconds=round(seconds, 2))
            stop.wait(seconds)


def look_again_and_again(
    invariants: Invariants,
    crowds: Callable[[], Mapping[str, BoundRule]],
    stop: threading.Event,
    every_seconds: float = LOOK_EVERY_SECONDS,
) -> None:
    """Look at the crowds until `stop` is set. A store that is away is asked the next time."""
    while not stop.wait(every_seconds):
        try:
            invariants.look(crowds())
        except (*STORES, ClickHouseRefused) as error:
            log.warning("crowds_not_looked_at", cause=str(error))


class PresentRules:
    """The rules of crowds as they are when they are asked for."""

    def __init__(self, settings: Settings, registry: TagRegistry) -> None:
        self._crowds = CrowdTable(settings)
        self._registry = registry

    def of(self, name: str) -> BoundRule:
        """See `CrowdRules.of`. Raises MySQLUnavailable too."""
        return CrowdRules(self._crowds.all(), self._registry.pointers()).of(name)

    def all_by_tags(self) -> Mapping[str, BoundRule]:
        """Those that fit the tags, without those on behaviour: each question of theirs reads the events of their periods."""
        crowds = self._crowds.all()
        rules, found = CrowdRules(crowds, self._registry.pointers()), {}
        for name in crowds:
            with suppress(CrowdProblems):
                found[name] = rules.of(name)
        return {name: bound for name, bound in found.items() if not bound.behaves}


def main() -> None:
    """Make snapshots and publish deltas until SIGTERM."""
    settings, stop = process.start()
    store = connect(settings, patience_seconds=0)
    snapshots, watches, registry = SnapshotTable(settings), WatchTable(settings), TagRegistry(settings)

    def ready() -> None:
        prepare(settings, store)

    rules = PresentRules(settings, registry)
    worker = SnapshotWorker(snapshots, SnapshotUsers(store), process.wall_ms)
    threading.Thread(target=work, args=(ready, worker, stop), daemon=True).start()
    hooks = HookTable(settings)
    sender = Webhooks(settings.webhooks.allow_private, settings.webhooks.timeout_seconds)
    sends = Leadership(settings, HOOKS_LOCK)
    hook_sender = HookSender(
        hooks, watches.of, DeltaLedger(store), sender, sends.held, process.wall_ms, settings.webhooks.most_attempts
    )
    threading.Thread(target=work, args=(ready, hook_sender, stop), daemon=True).start()
    models = ModelRegistry(settings)
    trainer = lookalikes.LookalikeTrainer(
        models, LookalikePeople(store), rules.of, lambda: live_tags.read_live(settings)
    )
    trains = lookalike_worker.LookalikeWorker(
        models,
        lambda definition, text: trainer.train(definition, text, lookalike_worker.WHO, process.wall_ms()),
        Leadership(settings, LOOKALIKES_LOCK).held,
        process.wall_ms,
    )
    threading.Thread(target=work, args=(ready, trains, stop, LOOKALIKES_EVERY_SECONDS), daemon=True).start()
    looked = (Invariants(CrowdBitmaps(store)), rules.all_by_tags, stop)
    threading.Thread(target=look_again_and_again, args=looked, daemon=True).start()
    log.info("crowds_started")
    with Leadership(settings, LOCK) as leader:
        publisher = DeltaPublisher(
            watches=watches,
            ledger=DeltaLedger(store),
            topic=kafka.Producer(settings),
            rule_of=rules.of,
            leads=leader.held,
            now_ms=process.wall_ms,
            new_attempt=lambda: uuid.uuid4().hex,
        )
        loop(ready, publisher, stop)
    for table in (snapshots, watches, hooks, registry, models):
        table.close()
    log.info("crowds_stopped")


if __name__ == "__main__":
    main()
