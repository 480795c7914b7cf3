"""Erases the users that the API was asked to erase. Run by `python -m jobs.eraser`; of several one leads, by a lock in MySQL."""

from __future__ import annotations

from jobs import process
from jobs.erasing.kept import kept_of
from jobs.erasing.stores import stores_of
from jobs.erasing.worker import EraseWorker
from jobs.worker import work
from stores import logs
from stores.clickhouse import connect
from stores.erased_mysql import ErasedInMySQL
from stores.erased_rows import ErasedRows
from stores.erasures import ErasureTable
from stores.hbase import ProfileStore
from stores.registry.leader import Leadership
from stores.registry.schema import migrate

LOCK = "eraser"
MUTATION_SECONDS = 3_600.0
"""A table's parts with the user's rows are written anew: with years of events that takes a while."""
log = logs.get("jobs.eraser")


def main() -> None:
    """Erase until SIGTERM."""
    settings, stop = process.start()
    table = ErasureTable(settings)
    rows = ErasedRows(connect(settings, answer_seconds=MUTATION_SECONDS))
    log.info("eraser_started")
    with Leadership(settings, LOCK) as leader, ProfileStore(settings.hbase) as profiles:
        worker = EraseWorker(
            erasures=table,
            stores=stores_of(settings, rows, profiles),
            number_of=ErasedInMySQL(settings).number,
            kept=lambda erasure: kept_of(settings, erasure, process.wall_ms()),
            leads=leader.held,
            now_ms=process.wall_ms,
            settle_ms=int(settings.erasure.settle_seconds * 1000),
        )

        def prepare() -> None:
            migrate(settings)
            rows.open()

        work(prepare, worker, stop)
    table.close()
    log.info("eraser_stopped")


if __name__ == "__main__":
    main()
