"""A Flink session cluster from the PyPI wheel: one JobManager, one TaskManager, state on the local file system."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import requests
from ruamel.yaml import YAML

from deploy.local.java import java
from deploy.local.layout import HOST, Layout
from deploy.local.parts import flink_connector_jar
from deploy.local.service import Service

SLOTS = 12
"""The jobs of all tags and of the models take four; four tags with jobs of their own, the job they move into and the one they
move from, a proof or a preview: none of them may wait for the end of a job that does not end."""

_TASK_HEAP_MB = 1792
_STATE_MB = 1280
_MANAGED_MB = 576
_NETWORK_MB = 640
_FRAMEWORK_MB = 128
_METASPACE_MB = 384
_OVERHEAD_MB = 256
_OF_THE_CONNECTOR = (
    "org.apache.flink.kafka",
    "org.apache.flink.connector.kafka",
    "org.apache.flink.streaming.connectors.kafka",
)
_LOG4J = """rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
appender.console.name = console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1} %x: %m%n
logger.checkpoints.name = org.apache.flink.runtime.jobmaster.JobMaster
logger.checkpoints.level = INFO
"""


def _home() -> Path:
    found = find_spec("pyflink")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("apache-flink is not installed in this Python; fix: make setup")
    return Path(found.submodule_search_locations[0])


def _prepare(layout: Layout) -> None:
    data = layout.data("flink")
    state = layout.data("flink-state").as_uri()
    values = {
        "jobmanager.rpc.address": HOST,
        "jobmanager.bind-host": HOST,
        "jobmanager.rpc.port": layout.port("flink-rpc"),
        "jobmanager.memory.process.size": "1024m",
        "blob.server.port": str(layout.port("flink-blob")),
        "rest.address": HOST,
        "rest.bind-address": HOST,
        "rest.port": layout.port("flink"),
        "rest.bind-port": str(layout.port("flink")),
        "web.submit.enable": False,
        "web.cancel.enable": False,
        "taskmanager.host": HOST,
        "taskmanager.bind-host": HOST,
        # Any port that is free: at the address of one that was killed, the JobManager's link to the dead one can outlive it, and
        # what the new one is answered is thrown away.
        "taskmanager.rpc.port": "0",
        "taskmanager.data.port": layout.port("flink-task-data"),
        "taskmanager.numberOfTaskSlots": SLOTS,
        "taskmanager.cpu.cores": SLOTS,
        "taskmanager.memory.framework.heap.size": f"{_FRAMEWORK_MB}m",
        "taskmanager.memory.framework.off-heap.size": f"{_FRAMEWORK_MB}m",
        "taskmanager.memory.task.heap.size": f"{_TASK_HEAP_MB}m",
        "taskmanager.memory.task.off-heap.size": "0m",
        "taskmanager.memory.managed.size": f"{_MANAGED_MB}m",
        "taskmanager.memory.network.min": f"{_NETWORK_MB}m",
        "taskmanager.memory.network.max": f"{_NETWORK_MB}m",
        "taskmanager.memory.jvm-metaspace.size": f"{_METASPACE_MB}m",
        "taskmanager.memory.jvm-overhead.min": f"{_OVERHEAD_MB}m",
        "taskmanager.memory.jvm-overhead.max": f"{_OVERHEAD_MB}m",
        "io.tmp.dirs": str(data / "tmp"),
        "execution.checkpointing.dir": f"{state}/checkpoints",
        "execution.checkpointing.savepoint-dir": f"{state}/savepoints",
        "execution.checkpointing.storage": "filesystem",
        # On the heap, Flink's clean-up of expired state copies whole maps at every access: a window's join holds all rows of a
        # pane and shard in one map, so that the cost of an event would grow with the rate of events.
        "state.backend.type": "rocksdb",
        "execution.checkpointing.incremental": True,
        # All jobs share one memory. Flink ignores its size unless a slot's share of the managed memory, 48 MB, is left alone:
        # of that, 16 MB would hold the writes of a job's hundreds of states, which would be flushed a few entries at a time.
        "state.backend.rocksdb.memory.managed": False,
        "state.backend.rocksdb.memory.fixed-per-tm": f"{_STATE_MB}m",
        # De-duplication asks for keys that are not there: without a filter each question reads every file.
        "state.backend.rocksdb.use-bloom-filter": True,
        # Each of a job's hundred states takes an eighth of this before it holds anything: of the default, 64 MB, they would
        # fill the memory that they share with next to nothing, and be flushed for it all the time.
        "state.backend.rocksdb.writebuffer.size": "8mb",
        # Keys of users come in no order: levels would be rewritten whole between two checkpoints, and uploaded whole with each.
        "state.backend.rocksdb.compaction.style": "UNIVERSAL",
        # The indexes and filters of a hundred states together are larger than the memory that they share.
        "state.backend.rocksdb.memory.partitioned-index-filters": True,
        # State is read far more often than it is written: with it, 5 tags took one and a half times as long.
        "state.backend.rocksdb.compression.per.level": "NO_COMPRESSION",
        # A checkpoint flushes each of a job's hundreds of states, and waits for the disk each time. RocksDB flushes with a quarter
        # of these, and all jobs of a TaskManager share them: of the default, 2, one.
        "state.backend.rocksdb.thread.num": 16,
        # A TaskManager that was killed refuses its heartbeats and is given up within seconds. One that only answers late is
        # not: 12 s were too short for one that started 150 tasks on busy cores, and each restart made it later still.
        "heartbeat.interval": "2 s",
        "heartbeat.timeout": "50 s",
        "slot.request.timeout": "60 s",
        # One that has just started loads a hundred operators on cores that others use; it answers late, and is not dead for it.
        "pekko.ask.timeout": "30 s",
        # Who comes back is known as the one that was there: no task is sent to the dead one until its heartbeats are missed.
        "taskmanager.resource-id": "taskmanager",
        "classloader.check-leaked-classloader": False,
        # The connector is on the cluster's own class path: each job would load it anew and run it uncompiled, which took a
        # third of the time of a batch run of 335,000 events (10.5 s, with it 7.2 s).
        "classloader.parent-first-patterns.additional": ";".join(_OF_THE_CONNECTOR),
        "env.java.opts.all": " ".join(_java_options()),
    }
    (data / "tmp").mkdir(exist_ok=True)
    with (data / "config.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(values, file)
    (data / "log4j.properties").write_text(_LOG4J)


def _java_options() -> list[str]:
    """What Flink's own configuration says that this Java needs."""
    shipped = YAML(typ="safe").load((_home() / "conf" / "config.yaml").read_text(encoding="utf-8"))
    return shipped["env"]["java"]["opts"]["all"].split()


def _flink(
    layout: Layout,
    name: str,
    main: str,
    *arguments: str,
    heap_mb: int,
    options: tuple[str, ...] = (),
) -> list[str]:
    data = layout.data("flink")
    logging = f"-Dlog4j.configurationFile=file:{data / 'log4j.properties'}"
    return java(
        f"{_home() / 'lib'}/*:{flink_connector_jar()}", main, "--configDir", str(data), *arguments,
        heap_mb=heap_mb, layout=layout, service=name, options=(*_java_options(), logging, *options),
    )  # fmt: skip


def _jobmanager(layout: Layout) -> list[str]:
    main = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
    return _flink(layout, "jobmanager", main, "--executionMode", "cluster", heap_mb=512)


def _taskmanager(layout: Layout) -> list[str]:
    direct = f"-XX:MaxDirectMemorySize={_NETWORK_MB + _FRAMEWORK_MB + 128}m"
    main = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
    heap = _TASK_HEAP_MB + _FRAMEWORK_MB
    return _flink(layout, "taskmanager", main, heap_mb=heap, options=(direct, "-XX:+UseParallelGC"))


def _overview(layout: Layout) -> dict[str, int] | str:
    try:
        return requests.get(f"http://{HOST}:{layout.port('flink')}/overview", timeout=2).json()
    except (requests.RequestException, ValueError) as error:
        return f"JobManager does not answer: {error}"


def _jobmanager_healthy(layout: Layout) -> str | None:
    answer = _overview(layout)
    return answer if isinstance(answer, str) else None


def _taskmanager_healthy(layout: Layout) -> str | None:
    answer = _overview(layout)
    if isinstance(answer, str):
        return answer
    return None if answer.get("taskmanagers") else "no TaskManager has registered yet"


JOBMANAGER = Service(
    name="jobmanager",
    command=_jobmanager,
    healthy=_jobmanager_healthy,
    prepare=_prepare,
    ports=("flink", "flink-rpc", "flink-blob"),
)
TASKMANAGER = Service(
    name="taskmanager",
    command=_taskmanager,
    healthy=_taskmanager_healthy,
    prepare=_prepare,
    depends_on=("jobmanager",),
    ports=("flink-task-data",),
)
