"""The controller: publishes what the registry asks for, one leader at a time. Run by `python -m jobs.controller`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from jobs import process
from jobs.convergence import WHO, Controller
from jobs.job_requests import RequestWorker
from jobs.preview_run import run_preview
from jobs.previews import PreviewWorker, stale_ms
from jobs.proofs import ConcurrentProofs
from jobs.settling_worker import SettlingWorker
from jobs.tag_files import BUILTIN, apply, read_files
from jobs.tag_jobs import TagJobs
from jobs.tag_life import policy_of
from jobs.tag_proof import ParityProof
from jobs.tag_remains import TagRemains
from jobs.worker import work
from stores import logs, metrics
from stores.clickhouse import ClickHouseUnavailable, connect
from stores.flink import FlinkCluster, FlinkError
from stores.hbase import HBaseUnavailable, ProfileStore
from stores.job_requests import JobRequestTable
from stores.kafka import KafkaUnavailable
from stores.mysql import MySQLUnavailable
from stores.parity_runs import ParityRuns
from stores.registry.changes import RegistryChanges
from stores.registry.leader import CONTROLLER, Leadership
from stores.registry.previews import PreviewTable
from stores.registry.schema import migrate
from stores.registry.store import Conflict, TagRegistry, Tags
from stores.settings import Settings
from tagging.convergence import Action

STORES: dict[type[Exception], str] = {
    MySQLUnavailable: "mysql",
    FlinkError: "flink",
    KafkaUnavailable: "kafka",
    HBaseUnavailable: "hbase",
    ClickHouseUnavailable: "clickhouse",
}
log = logs.get("jobs.controller")


class Leader(Protocol):
    """Who may act; `stores.registry.leader.Leadership` is the real one."""

    def held(self) -> bool: ...


class Changes(Protocol):
    """Wakes the controller; `stores.registry.changes.RegistryChanges` is the real one."""

    def wait(self, seconds: float, stop: threading.Event) -> bool: ...


@dataclass(frozen=True)
class Pace:
    """Seconds between rounds: while something is under way, and while nothing is and nobody wakes the controller."""

    round_seconds: float
    poll_seconds: float


def run(
    prepare: Callable[[], None],
    leader: Leader,
    controller: Controller,
    changes: Changes,
    stop: threading.Event,
    pace: Pace,
) -> None:
    """Rounds until `stop` is set, while this process leads. What is away is waited for; nothing is lost by it."""
    backoff = process.Backoff()
    prepared, before = False, frozenset[Action]()
    while not stop.is_set():
        try:
            if not prepared:
                prepare()
                prepared = True
            leads = leader.held()
            metrics.LEADS.set(leads)
            actions = controller.run_round() if leads else ()
            for action in (action for action in actions if action not in before):
                log.info("step", step=str(action.step), tag=action.tag, version=action.version, job=action.job)
                metrics.ACTIONS.labels(str(action.step)).inc()
            before = frozenset(actions)
            if leads:
                for name in STORES.values():
                    metrics.STORE_UP.labels("controller", name).set(1)
            backoff.reset()
            changes.wait(pace.round_seconds if actions or not leads else pace.poll_seconds, stop)
        except (*STORES, Conflict) as error:
            name = next((name for kind, name in STORES.items() if isinstance(error, kind)), "mysql")
            metrics.STORE_UP.labels("controller", name).set(0)
            seconds = backoff.next_seconds()
            log.warning("waiting", store=name, cause=str(error), retry_in_seconds=round(seconds, 2))
            stop.wait(seconds)
    metrics.LEADS.set(0)
    log.info("controller_stopped")


def _prepare(settings: Settings, registry: Tags) -> None:
    migrate(settings)
    known = {tag.name for tag in registry.tags()}
    # A tag that is known is changed by people alone: a file that differs would else become a draft at every start.
    apply(
        registry, {name: tag for name, tag in read_files(BUILTIN).items() if name not in known}, WHO, process.wall_ms()
    )


def main() -> None:
    """Run the controller until SIGTERM."""
    settings, stop = process.start()
    registry = TagRegistry(settings)
    with Leadership(settings, CONTROLLER) as leader:
        flink = settings.flink.model_copy(update={"parallelism": settings.publishing.parallelism})
        published = settings.model_copy(update={"flink": flink})
        jobs = TagJobs(published, FlinkCluster(flink))
        proofs = ConcurrentProofs(ParityProof(published, runs=ParityRuns(settings)))
        remains = TagRemains(settings, ProfileStore(settings.hbase), connect(settings, patience_seconds=0))
        controller = Controller(registry, jobs, proofs, remains, process.wall_ms, policy_of(settings), leader.held)
        previews = PreviewWorker(
            PreviewTable(settings),
            registry,
            lambda draft, live: run_preview(draft, live, published),
            process.wall_ms,
            stale_ms(settings),
        )
        requests = RequestWorker(JobRequestTable(settings), FlinkCluster(settings.flink), settings)
        for worker in (previews, requests, SettlingWorker(settings)):
            threading.Thread(target=work, args=(lambda: migrate(settings), worker, stop), daemon=True).start()
        changes = RegistryChanges(settings)
        pace = Pace(settings.publishing.round_seconds, settings.publishing.poll_seconds)
        run(lambda: _prepare(settings, registry), leader, controller, changes, stop, pace)
        changes.close()
    registry.close()


if __name__ == "__main__":
    main()
