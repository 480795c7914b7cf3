"""MariaDB with a row binlog: the shop that is followed, and the `tagging` database."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path

import pymysql
from pymysql.constants import CLIENT

import sql
from deploy.local.layout import HOST, Layout
from deploy.local.parts import MARIADB_HOME
from deploy.local.service import Service

APP_USER = "tagstream"
APP_PASSWORD = "tagstream"
CDC_USER = "cdc"
CDC_PASSWORD = "cdc"
"""Of a database that listens on loopback alone. Production's come from its own configuration."""

_GRANTS = Path(__file__).parent / "mariadb_grants.sql"
_SCHEMAS = Path(sql.__file__).parent / "mysql"
"""The files in this folder are schemas: shop.sql that of the shop's database, all others of Tagstream's own."""

_SOCKET = "mariadbd.sock"


@contextmanager
def _as_root(layout: Layout) -> Iterator[pymysql.Connection]:
    # Root comes in by the socket alone, as the owner of the data. The path of a socket must be short and that of the data
    # may be long: so the folder is named by its handle.
    folder = os.open(layout.data("mariadb"), os.O_RDONLY)
    try:
        with pymysql.connect(
            unix_socket=f"/proc/self/fd/{folder}/{_SOCKET}",
            user=getuser(),
            connect_timeout=2,
            client_flag=CLIENT.MULTI_STATEMENTS,
            autocommit=True,
        ) as connection:
            yield connection
    finally:
        os.close(folder)


def _libraries(_layout: Layout) -> Mapping[str, str]:
    return {"LD_LIBRARY_PATH": str(MARIADB_HOME / "libs")}


def _prepare(layout: Layout) -> None:
    data = layout.data("mariadb")
    if (data / "mysql").is_dir():
        return
    command = [str(MARIADB_HOME / "scripts" / "mariadb-install-db"), f"--basedir={MARIADB_HOME}", f"--datadir={data}"]
    command += ["--auth-root-authentication-method=socket", f"--auth-root-socket-user={getuser()}", "--skip-test-db"]
    command += _run_as()
    environment = {**os.environ, **_libraries(layout)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"mariadb-install-db failed: {(done.stdout + done.stderr)[-800:]}")


def _command(layout: Layout) -> list[str]:
    data = layout.data("mariadb")
    command = [
        str(MARIADB_HOME / "bin" / "mariadbd"),
        "--no-defaults",
        f"--basedir={MARIADB_HOME}",
        f"--datadir={data}",
        f"--socket={_SOCKET}",
        f"--pid-file={data / 'mariadbd.pid'}",
        f"--tmpdir={layout.tmp('mariadb')}",
        f"--bind-address={HOST}",
        f"--port={layout.port('mariadb')}",
        "--skip-name-resolve",
        "--server-id=1",
        "--log-bin=binlog",
        "--binlog-format=ROW",
        "--binlog-row-image=FULL",
        "--character-set-server=utf8mb4",
        "--default-time-zone=+00:00",
        "--innodb-buffer-pool-size=128M",
        "--innodb-log-file-size=64M",
        "--max-connections=200",
    ]
    return command + _run_as()


def _run_as() -> list[str]:
    return ["--user=root"] if os.getuid() == 0 else []


def _healthy(layout: Layout) -> str | None:
    try:
        with _as_root(layout):
            return None
    except pymysql.Error as error:
        return str(error)


def _finish(layout: Layout) -> None:
    with _as_root(layout) as connection:
        _run(connection, _GRANTS.read_text(encoding="utf-8"))
        for file in sorted(_SCHEMAS.glob("*.sql")):
            connection.select_db("shop" if file.stem == "shop" else "tagging")
            _run(connection, file.read_text(encoding="utf-8"))


def _run(connection: pymysql.Connection, statements: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements)
        while cursor.nextset():
            pass


MARIADB = Service(
    name="mariadb",
    command=_command,
    healthy=_healthy,
    prepare=_prepare,
    finish=_finish,
    environment=_libraries,
    ports=("mariadb",),
)
