"""A Flink table environment with Tagstream's settings: on a remote cluster, or in this process for plans and tests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlparse

from py4j.java_gateway import JavaObject
from pyflink.table import EnvironmentSettings, TableEnvironment
from pyflink.util.java_utils import create_url_class_loader

from jobs.flink_gateway import gateway
from jobs.mode import Mode
from stores.settings import Settings

COMMON_OPTIONS = {
    "table.local-time-zone": "UTC",
    # Without it each tag would have a scan, a de-duplication and a window join of its own.
    "table.optimizer.reuse-optimize-block-with-digest-enabled": "true",
    "pipeline.object-reuse": "true",
    # A row without a user (an order whose user is NULL) is nobody's tag.
    "table.exec.sink.not-null-enforcer": "DROP",
}

CHECKPOINT_TIMEOUT_MS = 600_000

STREAM_OPTIONS = {
    "table.exec.mini-batch.enabled": "true",
    "table.exec.mini-batch.allow-latency": "500 ms",
    "table.exec.mini-batch.size": "20000",
    "execution.checkpointing.mode": "EXACTLY_ONCE",
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    "execution.checkpointing.timeout": f"{CHECKPOINT_TIMEOUT_MS} ms",
    "restart-strategy.type": "exponential-delay",
    "restart-strategy.exponential-delay.initial-backoff": "1 s",
    "restart-strategy.exponential-delay.max-backoff": "30 s",
    "restart-strategy.exponential-delay.reset-backoff-threshold": "2 min",
}

BATCH_OPTIONS = {
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": "3",
    "restart-strategy.fixed-delay.delay": "2 s",
}


def job_options(
    settings: Settings, mode: Mode, name: str, restore_from: str | None = None, here: bool = False
) -> dict[str, str]:
    """Every Flink option of one job. `restore_from`: a checkpoint or savepoint path.

    The job goes to the configured cluster, or stays `here`: with the JobManager that runs this process (application mode).
    """
    state_dir = settings.flink.state_dir.rstrip("/")
    found = {
        **COMMON_OPTIONS,
        **(STREAM_OPTIONS if mode is Mode.STREAM else BATCH_OPTIONS),
        **({} if here else _remote(settings, mode)),
        "pipeline.name": name,
        "parallelism.default": str(settings.flink.parallelism),
    }
    if mode is Mode.STREAM:
        # A fault that comes back every time (a column that MySQL no longer has) ends the job with its cause.
        attempts = str(settings.flink.restart_attempts)
        found["restart-strategy.exponential-delay.attempts-before-reset-backoff"] = attempts
        found["execution.checkpointing.interval"] = f"{settings.flink.checkpoint_seconds} s"
        found["execution.checkpointing.dir"] = f"{state_dir}/checkpoints"
        found["execution.checkpointing.savepoint-dir"] = f"{state_dir}/savepoints"
    if restore_from:
        found["execution.state-recovery.path"] = restore_from
    return found


def _remote(settings: Settings, mode: Mode) -> dict[str, str]:
    address = urlparse(settings.flink.for_batch().rest_url if mode is Mode.BATCH else settings.flink.rest_url)
    return {
        "execution.target": "remote",
        "execution.attached": "false",
        "rest.address": address.hostname or "127.0.0.1",
        "rest.port": str(address.port or 8081),
    }


def connector_jar(settings: Settings) -> str:
    """The Kafka connector as a URI. Raises FileNotFoundError with the fix when it is not there."""
    path = Path(settings.flink.connector_jar)
    if not settings.flink.connector_jar or not path.is_file():
        raise FileNotFoundError(
            f"flink.connector_jar: no Kafka connector at {settings.flink.connector_jar!r}; "
            "run `make setup`, or set TAGSTREAM_FLINK__CONNECTOR_JAR"
        )
    return path.resolve().as_uri()


def create_environment(mode: Mode, options: Mapping[str, str], jar: str) -> TableEnvironment:
    """A table environment that plans and submits with these options, for the thread that made it."""
    jvm = gateway().jvm
    configuration = jvm.org.apache.flink.configuration.Configuration()
    for key, value in {**options, "pipeline.jars": jar}.items():
        configuration.setString(key, value)
    chosen = jvm.org.apache.flink.table.api.EnvironmentSettings.newInstance()
    chosen = chosen.inStreamingMode() if mode is Mode.STREAM else chosen.inBatchMode()
    chosen = chosen.withConfiguration(configuration).withClassLoader(_class_loader(jar))
    return TableEnvironment.create(EnvironmentSettings(chosen.build()))


@cache
def _class_loader(jar: str) -> JavaObject:
    """The connector's classes, loaded once.

    PyFlink's own `EnvironmentSettings.Builder` would wrap the thread's class loader once more for every environment.
    """
    jvm = gateway().jvm
    return create_url_class_loader([jvm.java.net.URL(jar)], jvm.Thread.currentThread().getContextClassLoader())
