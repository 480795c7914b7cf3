"""The services, one module each."""

from __future__ import annotations

from deploy.local.service import Service
from deploy.local.services import apps, clickhouse, connect, flink, hbase, kafka, mariadb

ALL: dict[str, Service] = {
    service.name: service
    for service in (
        mariadb.MARIADB,
        kafka.KAFKA,
        hbase.HBASE,
        hbase.THRIFT,
        clickhouse.CLICKHOUSE,
        flink.JOBMANAGER,
        flink.TASKMANAGER,
        connect.CONNECT,
        *apps.APPS,
    )
}
"""Every service by name; those that others depend on come first."""
