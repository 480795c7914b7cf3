"""The controller: publishes what the registry asks for, one leader at a time. Run by `python -m jobs.controller`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from jobs import process
from jobs.convergence import WHO, Controller
from jobs.tag_jobs import TagJobs
from jobs.tag_life import policy_of
from jobs.tag_proof import ParityProof
from jobs.tags import BUILTIN, apply, read_files
from stores import logs, metrics
from stores.clickhouse import ClickHouseUnavailable
from stores.flink import FlinkCluster, FlinkError
from stores.hbase import HBaseUnavailable
from stores.kafka import KafkaUnavailable
from stores.mysql import MySQLUnavailable
from stores.parity_runs import ParityRuns
from stores.registry.leader import Leadership
from stores.registry.schema import migrate
from stores.registry.store import Conflict, TagRegistry, Tags
from stores.settings import Settings

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


def run(
    prepare: Callable[[], None], leader: Leader, controller: Controller, stop: threading.Event, round_seconds: float
) -> None:
    """Rounds until `stop` is set, while this process leads. What is away is waited for; nothing is lost by it."""
    backoff = process.Backoff()
    prepared = False
    while not stop.is_set():
        seconds = round_seconds
        try:
            if not prepared:
                prepare()
                prepared = True
            leads = leader.held()
            metrics.LEADS.set(leads)
            for action in controller.run_round() if leads else ():
                log.info("step", step=str(action.step), tag=action.tag, version=action.version, job=action.job)
                metrics.ACTIONS.labels(str(action.step)).inc()
            if leads:
                for name in STORES.values():
                    metrics.STORE_UP.labels("controller", name).set(1)
            backoff.reset()
        except (*STORES, Conflict) as error:
            name = next((name for kind, name in STORES.items() if isinstance(error, kind)), "mysql")
            metrics.STORE_UP.labels("controller", name).set(0)
            seconds = backoff.next_seconds()
            log.warning("waiting", store=name, cause=str(error), retry_in_seconds=round(seconds, 2))
        stop.wait(seconds)
    metrics.LEADS.set(0)
    log.info("controller_stopped")


def wall_ms() -> int:
    """Now, epoch milliseconds."""
    return int(time.time() * 1000)


def _prepare(settings: Settings, registry: Tags) -> None:
    migrate(settings)
    known = {tag.name for tag in registry.tags()}
    # A tag that is known is changed by people alone: a file that differs would else become a draft at every start.
    apply(registry, {name: tag for name, tag in read_files(BUILTIN).items() if name not in known}, WHO, wall_ms())


def main() -> None:
    """Run the controller until SIGTERM."""
    settings, stop = process.start()
    registry = TagRegistry(settings)
    with Leadership(settings, "controller") as leader:
        jobs, proof = TagJobs(settings, FlinkCluster(settings.flink)), ParityProof(settings, runs=ParityRuns(settings))
        controller = Controller(registry, jobs, proof, wall_ms, policy_of(settings), leader.held)
        run(lambda: _prepare(settings, registry), leader, controller, stop, settings.publishing.round_seconds)
    registry.close()


if __name__ == "__main__":
    main()
