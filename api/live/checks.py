"""One check a dependency: whether it answers, and whether it does what Tagstream needs of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import requests
from confluent_kafka.admin import AdminClient

from api.health_ports import Finding, FlinkJobs, Lags
from api.live.clickhouse import Queries
from stores import kafka, mysql
from stores.causes import root_cause_of
from stores.flink import FlinkCluster
from stores.hbase import ProfileStore
from stores.settings import Settings
from tagging.lifecycle import is_controlled

ANSWER_SECONDS = 2.0
_MARIADB_MARK = "5.5.5-"
"""MariaDB puts it before its version, for clients that know no other than MySQL 5."""
LARGE_LAG = 100_000
"""Messages behind the log from which a group counts as degraded: at full speed some seconds of work."""


class KafkaCheck:
    """The brokers answer and hold the source topics."""

    name = "kafka"
    essential = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> AdminClient:
        return kafka.admin(self._settings)

    def run(self) -> Sequence[Finding]:
        known = self._client.list_topics(timeout=ANSWER_SECONDS)
        missing = sorted({topic.name for topic in kafka.source_topics(self._settings)} - set(known.topics))
        if missing:
            return [Finding(self.name, "degraded", f"no topic {', '.join(missing)} yet")]
        return [Finding(self.name, "ok", f"{_count(len(known.brokers), 'broker')}, {len(known.topics)} topics")]


class HBaseCheck:
    """The gateway and HBase behind it answer, and the table of profiles is there."""

    name = "hbase"
    essential = True

    def __init__(self, settings: Settings) -> None:
        self._table = settings.hbase.table
        self._store = ProfileStore(settings.hbase.model_copy(update={"timeout_seconds": ANSWER_SECONDS}))

    def run(self) -> Sequence[Finding]:
        if not self._store.exists():
            return [Finding(self.name, "degraded", f"no table {self._table} yet")]
        return [Finding(self.name, "ok", f"table {self._table}")]


class ClickHouseCheck:
    """The server answers and holds Tagstream's tables."""

    name = "clickhouse"
    essential = True

    def __init__(self, settings: Settings) -> None:
        self._queries = Queries(settings, ANSWER_SECONDS)

    def run(self) -> Sequence[Finding]:
        found = self._queries.rows("health")[0]
        status = "ok" if found["tables"] else "degraded"
        return [Finding(self.name, status, f"version {found['version']}, {_count(found['tables'], 'table')}")]


class MySQLCheck:
    """The server takes our log-in. Reads go on without it; new users get no number."""

    name = "mysql"
    essential = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def run(self) -> Sequence[Finding]:
        connection = mysql.connect(self._settings, answer_seconds=ANSWER_SECONDS)
        try:
            connection.ping(reconnect=False)
            return [Finding(self.name, "ok", f"version {connection.get_server_info().removeprefix(_MARIADB_MARK)}")]
        finally:
            connection.close()


class FlinkCheck:
    """The cluster answers and its jobs run. Reads go on without it, with values that grow old."""

    name = "flink"
    essential = False

    def __init__(self, settings: Settings, jobs: FlinkJobs) -> None:
        self._cluster = FlinkCluster(settings.flink, ANSWER_SECONDS)
        self._jobs = jobs

    def run(self) -> Sequence[Finding]:
        cluster = self._cluster.overview()
        # A batch run says itself how it ended, and a version's job that was cancelled is needed no more: else it is started again.
        jobs = [
            job
            for job in self._jobs.read()
            if not job.bounded and not (job.state == "CANCELED" and is_controlled(job.name))
        ]
        running = sum(job.state == "RUNNING" for job in jobs)
        slots = f"{cluster['slots-available']} of {_count(cluster['slots-total'], 'slot')} free"
        detail = f"{_count(running, 'streaming job')} running, {slots}"
        findings = [Finding(self.name, "ok" if running else "degraded", detail)]
        for job in jobs:
            if job.state == "RUNNING" and job.problem is None:
                findings.append(Finding(f"flink job {job.name}", "ok", f"running for {job.uptime_seconds} s"))
            elif job.problem is not None:
                findings.append(Finding(f"flink job {job.name}", "down", f"{job.state}: {job.problem}"))
            else:
                findings.append(Finding(f"flink job {job.name}", "degraded", job.state))
        return findings


class LagCheck:
    """How far each consumer group is behind the log."""

    name = "lag"
    essential = False

    def __init__(self, lags: Lags) -> None:
        self._lags = lags

    def run(self) -> Sequence[Finding]:
        found = self._lags.by_group()
        if not found:
            return [Finding(self.name, "degraded", "no consumer group has committed anything yet")]
        return [
            Finding(
                f"lag {group}",
                "ok" if behind < LARGE_LAG else "degraded",
                f"{_count(behind, 'message')} behind the log",
                behind,
            )
            for group, behind in found.items()
        ]


class ConnectCheck:
    """Kafka Connect's connectors and their tasks run, so that the shop's row changes arrive."""

    name = "connect"
    essential = False

    def __init__(self, settings: Settings) -> None:
        self._url = settings.connect.url.rstrip("/") + "/connectors"
        self._session = requests.Session()

    def run(self) -> Sequence[Finding]:
        answer = self._session.get(self._url, params={"expand": "status"}, timeout=ANSWER_SECONDS)
        answer.raise_for_status()
        connectors = answer.json()
        if not connectors:
            return [Finding(self.name, "degraded", "no connector is set up")]
        return [self._finding(name, found["status"]) for name, found in sorted(connectors.items())]

    def _finding(self, name: str, status: dict[str, Any]) -> Finding:
        parts = [status["connector"], *status["tasks"]]
        failed = next((part for part in parts if part["state"] == "FAILED"), None)
        if failed is not None:
            return Finding(f"{self.name} {name}", "down", f"FAILED: {root_cause_of(failed.get('trace') or 'no trace')}")
        states = sorted({part["state"] for part in parts})
        well = states == ["RUNNING"] and len(parts) > 1
        detail = f"{_count(len(status['tasks']), 'task')}, {', '.join(states)}"
        return Finding(f"{self.name} {name}", "ok" if well else "degraded", detail)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
