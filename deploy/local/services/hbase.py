"""HBase: one master with its own ZooKeeper and region server, and the Thrift gateway in front of it."""

from __future__ import annotations

import socket
from xml.sax.saxutils import escape

from deploy.local.java import java
from deploy.local.layout import HOST, Layout
from deploy.local.parts import class_path
from deploy.local.service import Service
from stores.hbase import HBaseUnavailable, ProfileStore
from stores.settings import HBase

_OPENED = ("java.lang", "java.nio", "sun.nio.ch", "java.util.concurrent", "java.util", "java.io", "java.net")
_OPTIONS = tuple(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED)
_LOG4J = """log4j.rootLogger=WARN,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %-5p %c{2}: %m%n
"""


def _prepare(layout: Layout) -> None:
    data = layout.data("hbase")
    values = {
        "hbase.rootdir": (data / "root").as_uri(),
        # The checksummed local file system keeps what is synced in its own buffer, and a killed region server would lose it.
        "fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "hbase.unsafe.stream.capability.enforce": "false",
        "hbase.wal.provider": "filesystem",
        "hbase.tmp.dir": str(data / "tmp"),
        "hbase.cluster.distributed": "false",
        "hbase.zookeeper.quorum": HOST,
        "hbase.zookeeper.property.clientPort": str(layout.port("zookeeper")),
        "hbase.zookeeper.property.clientPortAddress": HOST,
        "hbase.zookeeper.property.dataDir": str(data / "zookeeper"),
        "hbase.zookeeper.property.admin.enableServer": "false",
        # Ten seconds are the default of a master with its own ZooKeeper, and its end whenever the machine is busy for longer.
        # A session lasts at most twenty ticks. Who comes back after a crash has the same address and does not wait for it.
        "zookeeper.session.timeout.localHBaseCluster": "300000",
        "hbase.zookeeper.property.tickTime": "15000",
        "hbase.master.hostname": "localhost",
        "hbase.regionserver.hostname": "localhost",
        "hbase.master.ipc.address": HOST,
        "hbase.regionserver.ipc.address": HOST,
        "hbase.master.port": str(layout.port("hbase-master")),
        "hbase.regionserver.port": str(layout.port("hbase-region")),
        "hbase.master.info.port": "-1",
        "hbase.regionserver.info.port": "-1",
        "hbase.regionserver.handler.count": "10",
        "hbase.hregion.memstore.flush.size": str(32 * 1024 * 1024),
        "hbase.thrift.minWorkerThreads": "8",
    }
    rows = "".join(
        f"<property><name>{escape(key)}</name><value>{escape(value)}</value></property>\n"
        for key, value in values.items()
    )
    (data / "hbase-site.xml").write_text(f'<?xml version="1.0"?>\n<configuration>\n{rows}</configuration>\n')
    (data / "log4j.properties").write_text(_LOG4J)


def _class_path(layout: Layout) -> str:
    return f"{layout.data('hbase')}:{class_path('hbase')}"


def _options(layout: Layout) -> tuple[str, ...]:
    return (*_OPTIONS, f"-Dlog4j.configuration=file:{layout.data('hbase') / 'log4j.properties'}")


def _master(layout: Layout) -> list[str]:
    main = "org.apache.hadoop.hbase.master.HMaster"
    return java(
        _class_path(layout), main, "start", heap_mb=640, layout=layout, service="hbase", options=_options(layout)
    )


def _thrift(layout: Layout) -> list[str]:
    port = str(layout.port("hbase"))
    return java(
        _class_path(layout), "org.apache.hadoop.hbase.thrift2.ThriftServer", "-p", port, "-b", HOST, "--infoport", "-1",
        "start", heap_mb=256, layout=layout, service="thrift", options=_options(layout),
    )  # fmt: skip


def _master_healthy(layout: Layout) -> str | None:
    # Region servers register with ZooKeeper first: the gateway's own health says when tables can be used.
    for name in ("zookeeper", "hbase-region"):
        try:
            socket.create_connection((HOST, layout.port(name)), 1).close()
        except OSError as error:
            return f"{name} port {layout.port(name)}: {error}"
    return None


def _profiles(layout: Layout, timeout_seconds: float) -> ProfileStore:
    return ProfileStore(HBase(host=HOST, port=layout.port("hbase"), timeout_seconds=timeout_seconds))


def _thrift_healthy(layout: Layout) -> str | None:
    try:
        with _profiles(layout, timeout_seconds=3) as profiles:
            profiles.exists()
    except HBaseUnavailable as error:
        return str(error)
    return None


def _thrift_finish(layout: Layout) -> None:
    with _profiles(layout, timeout_seconds=60) as profiles:
        profiles.create_table()


HBASE = Service(
    name="hbase",
    command=_master,
    healthy=_master_healthy,
    prepare=_prepare,
    ports=("zookeeper", "hbase-master", "hbase-region"),
)
THRIFT = Service(
    name="thrift",
    command=_thrift,
    healthy=_thrift_healthy,
    finish=_thrift_finish,
    depends_on=("hbase",),
    ports=("hbase",),
)
