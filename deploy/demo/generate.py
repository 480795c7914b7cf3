"""The live generator as a process: `python -m deploy.demo.generate`. Ended and started again, it goes on."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import pymysql
import typer

from deploy.demo.event_log import EventLog, SendProblem
from deploy.demo.generator import Generator
from deploy.demo.stats import Stats
from deploy.demo.tables import ShopTables
from stores import logs, metrics
from stores.settings import LOCAL_CONFIG, MySQL, Settings, load

STATS_FILE = "generator.json"
RATE_VARIABLE = "TAGSTREAM_DEMO_RATE"
SEED_VARIABLE = "TAGSTREAM_DEMO_SEED"


def data_folder() -> Path:
    """Where the stack that the settings belong to keeps its data."""
    return Path(os.environ.get("TAGSTREAM_CONFIG") or LOCAL_CONFIG).parent / "data"


def wall_ms() -> int:
    """The wall clock in epoch ms."""
    return time.time_ns() // 1_000_000


def connect(mysql: MySQL) -> pymysql.Connection:
    """A connection to the shop's database, its times in UTC."""
    return pymysql.connect(
        host=mysql.host,
        port=mysql.port,
        user=mysql.user,
        password=mysql.password.get_secret_value(),
        database=mysql.shop_database,
        charset="utf8mb4",
        init_command="SET time_zone = '+00:00'",
        connect_timeout=5,
        read_timeout=30,
        write_timeout=30,
        ssl={"ca": mysql.ssl_ca_file} if mysql.ssl_ca_file else None,
    )


@contextmanager
def only_one(folder: Path, what: str = "generator") -> Iterator[None]:
    """Be the only process that does this in the folder: two would write the same ids.

    Raises RuntimeError when there is another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{what}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"another {what} is at work in {folder}; stop it first (make down)") from None
        yield


def open_generator(settings: Settings, folder: Path, seed: int, stop: threading.Event) -> Generator:
    """A generator over MySQL and Kafka with its counts so far. Raises ValueError when those belong to another seed."""
    file = folder / STATS_FILE
    tables = ShopTables(lambda: connect(settings.mysql))
    return Generator(EventLog(settings, stop), tables, Stats.load(file, seed), file, wall_ms)


def main(
    rate: Annotated[float, typer.Option(min=0.1, max=20_000, envvar=RATE_VARIABLE, help="Messages per second.")] = 100,
    seed: Annotated[int, typer.Option(envvar=SEED_VARIABLE, help="The same seed makes the same shop.")] = 1,
    users: Annotated[int, typer.Option(min=1, help="Users at the end of the made-up past.")] = 2_000,
    duration: Annotated[
        float | None, typer.Option(min=0, help="Seconds to go on live; without it, until stopped.")
    ] = None,
    history_days: Annotated[int, typer.Option(min=1, help="Length of the made-up past.")] = 120,
    history_messages: Annotated[int, typer.Option(min=1, help="Messages of the made-up past.")] = 100_000,
    history_only: Annotated[bool, typer.Option("--history-only", help="Make the past and end.")] = False,
    data: Annotated[
        Path | None, typer.Option(help="Where counts are kept; the stack's data folder by default.")
    ] = None,
) -> None:
    """Make the shop's past once, then let it go on live."""
    logs.configure()
    log = logs.get("deploy.demo.generate")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load()
    folder = data or data_folder()
    try:
        with only_one(folder):
            generator = open_generator(settings, folder, seed, stop)
            if not history_only:
                metrics.serve(settings)
            generator.make_history(
                history_days,
                history_messages,
                users,
                lambda sent, total: log.info("history_progress", messages_sent=sent, messages=total),
            )
            if not history_only:
                shop = generator.reopen(rate)
                log.info("generator_started", rate=rate, users=len(shop.state.users), run=shop.state.run)
                generator.run(shop, rate, duration, stop)
    except (ValueError, RuntimeError, SendProblem, pymysql.Error) as problem:
        log.error("generator_failed", cause=str(problem))
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(main)
