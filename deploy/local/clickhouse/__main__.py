"""`python -m deploy.local.clickhouse`: serve one folder of data on ClickHouse's HTTP port."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

# The engine reads the time zone when it is loaded.
os.environ["TZ"] = "UTC"
time.tzset()

import typer  # noqa: E402
from cheroot.wsgi import Server  # noqa: E402

from deploy.local.clickhouse.application import Application  # noqa: E402
from deploy.local.clickhouse.context import Limits  # noqa: E402
from deploy.local.clickhouse.engine import Engine  # noqa: E402
from stores import logs  # noqa: E402

PASSWORD_VARIABLE = "TAGSTREAM_CLICKHOUSE_FRONT_PASSWORD"
IDLE_SECONDS = 300
IDLE_CONNECTIONS = 500
STOP_SECONDS = 8
log = logs.get("clickhouse")


def main(
    path: Annotated[Path, typer.Option(help="Folder of the data; one process at a time may have it.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8123,
    threads: Annotated[
        int, typer.Option(help="Requests taken side by side; more than --at-once, so that some can wait.")
    ] = 64,
    at_once: Annotated[int, typer.Option(help="Statements run side by side.")] = 8,
    queue_seconds: Annotated[float, typer.Option(help="How long a statement waits for its turn.")] = 30,
    query_seconds: Annotated[int, typer.Option(help="How long a statement may take, unless it says otherwise.")] = 300,
    memory_mib: Annotated[int, typer.Option(help="Memory of all statements together.")] = 2048,
) -> None:
    """Serve until SIGTERM; then finish what is under way and close the data."""
    logs.configure()
    try:
        engine = Engine(path, Limits(at_once, queue_seconds, query_seconds, memory_mib))
    except RuntimeError as error:
        log.error("cannot_open", path=str(path), reason=str(error), fix="stop the process that has the folder")
        raise typer.Exit(1) from error
    server = Server((host, port), Application(engine, os.environ.get(PASSWORD_VARIABLE, "")), numthreads=threads)
    server.timeout, server.shutdown_timeout, server.request_queue_size = IDLE_SECONDS, STOP_SECONDS, 128
    server.keep_alive_conn_limit = IDLE_CONNECTIONS
    server.error_log = _log_server
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        server.prepare()
    except OSError as error:
        log.error("cannot_listen", host=host, port=port, reason=str(error), fix="choose another --port")
        engine.close()
        raise typer.Exit(1) from error
    threading.Thread(target=server.serve, name="server", daemon=True).start()
    log.info("serving", host=host, port=port, path=str(path), version=engine.version)
    # In short waits: a signal that another thread takes does not wake this one.
    while not stopped.wait(0.2):
        pass
    # The server waits without end for a client that neither reads nor goes; what was acknowledged is on disk by then.
    stopping = threading.Thread(target=server.stop, name="stop", daemon=True)
    stopping.start()
    stopping.join(STOP_SECONDS + 2)
    if not stopping.is_alive():
        engine.close()
    log.info("stopped")
    sys.stderr.flush()
    # Whatever still runs has had its time, and must not be torn down under the engine's threads.
    os._exit(0)


def _log_server(message: str = "", level: int = 20, traceback: bool = False) -> None:
    log.log(level, "server", message=message, exc_info=traceback)


if __name__ == "__main__":
    typer.run(main)
