"""Erases the users that the API was asked to erase, and beside that tells the log who was merged with whom.

Run by `python -m jobs.eraser`; of several one leads in each, by a lock in MySQL.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from jobs import process
from jobs.erasing.kept import kept_of
from jobs.erasing.stores import stores_of
from jobs.erasing.worker import EraseWorker
from jobs.identities import IdentityPublisher
from jobs.worker import work
from stores import logs
from stores.clickhouse import connect
from stores.erased_mysql import ErasedInMySQL
from stores.erased_rows import ErasedRows
from stores.erasures import ErasureTable
from stores.hbase import ProfileStore
from stores.identities import IdentityTable
from stores.identity_log import IdentityLog
from stores.registry.leader import Leadership
from stores.registry.schema import migrate
from stores.settings import Settings

LOCK = "eraser"
IDENTITIES_LOCK = "identities"
MUTATION_SECONDS = 3_600.0
"""A table's parts with the user's rows are written anew: with years of events that takes a while."""
log = logs.get("jobs.eraser")


def tell_identities(settings: Settings, identities: IdentityTable, stop: threading.Event) -> None:
    """Tell the log of merges until `stop` is set."""
    told = IdentityLog(settings)

    def prepare() -> None:
        migrate(settings)
        told.open()

    with Leadership(settings, IDENTITIES_LOCK) as leader:
        work(prepare, IdentityPublisher(identities, told, leader.held), stop)


def erase(
    settings: Settings, table: ErasureTable, rows: ErasedRows, identities: IdentityTable, stop: threading.Event
) -> None:
    """Erase until `stop` is set."""
    with Leadership(settings, LOCK) as leader, ProfileStore(settings.hbase) as profiles:
        worker = EraseWorker(
            erasures=table,
            stores=stores_of(settings, rows, profiles),
            number_of=ErasedInMySQL(settings).number,
            why_not=identities.why_not_erased,
            kept=lambda erasure: kept_of(settings, erasure, process.wall_ms()),
            leads=leader.held,
            now_ms=process.wall_ms,
            settle_ms=int(settings.erasure.settle_seconds * 1000),
        )

        def prepare() -> None:
            migrate(settings)
            rows.open()

        work(prepare, worker, stop)


def main() -> None:
    """Erase, and tell of merges, until SIGTERM."""
    settings, stop = process.start()
    table, identities = ErasureTable(settings), IdentityTable(settings)
    # An erasure may rewrite tables for an hour, and nobody waits so long for a merge.
    beside = ThreadPoolExecutor(1, "identities")
    telling = beside.submit(tell_identities, settings, identities, stop)
    telling.add_done_callback(lambda _: stop.set())
    rows = ErasedRows(connect(settings, answer_seconds=MUTATION_SECONDS))
    log.info("eraser_started")
    try:
        erase(settings, table, rows, identities, stop)
    finally:
        # What ended this ends the other too: half a process would look well from outside.
        stop.set()
    table.close()
    telling.result()
    identities.close()
    log.info("eraser_stopped")


if __name__ == "__main__":
    main()
