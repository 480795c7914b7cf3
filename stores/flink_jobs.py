"""Which Flink job runs which SQL: remembered in MySQL, so that a restart finds its checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

import sql
from stores.mysql import transaction
from stores.settings import Settings


@dataclass(frozen=True)
class KnownJob:
    """The newest submission under one name. `fingerprint`: a hash of its SQL; `job_id`: Flink's id."""

    name: str
    fingerprint: str
    job_id: str


def read(settings: Settings, name: str) -> KnownJob | None:
    """The newest submission under this name, or None."""
    with transaction(settings) as cursor:
        cursor.execute(sql.text("mysql/flink_jobs/read.sql"), {"name": name})
        row = cursor.fetchone()
    return KnownJob(row["name"], row["fingerprint"], row["job_id"]) if row else None


def remove(settings: Settings, name: str) -> None:
    """Forget the submission under this name, if there is one."""
    with transaction(settings) as cursor:
        cursor.execute(sql.text("mysql/flink_jobs/remove.sql"), {"name": name})


def write(settings: Settings, job: KnownJob) -> None:
    """Remember a submission in place of the one before."""
    values = {"name": job.name, "fingerprint": job.fingerprint, "job_id": job.job_id}
    with transaction(settings) as cursor:
        cursor.execute(sql.text("mysql/flink_jobs/write.sql"), values)
