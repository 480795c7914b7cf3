"""One process of the stack: started apart from this one, found again by its record, ended with its whole group."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

STOP_SECONDS = 30
LOG_BYTES = 32 * 1024 * 1024
MARK = "TAGSTREAM_LOCAL_SERVICE"
"""A variable in the environment of a service and its children, with the path of the service's record as its value."""


def birth(pid: int) -> str:
    """Which boot of the machine and which tick of it a process was started in. Raises FileNotFoundError when it is gone.

    A time of day would not do: it is derived from the clock, and moves whenever the clock is set.
    """
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return f"{boot}/{fields[19]}"


def _has_ended(process: psutil.Process) -> bool:
    # A zombie whose other threads are still ending holds its ports and locks until the last of them is gone.
    return process.status() == psutil.STATUS_ZOMBIE and len(list(Path(f"/proc/{process.pid}/task").iterdir())) <= 1


class Process:
    """A background process known by a record of its pid and birth, so that a recycled pid is never taken for it."""

    def __init__(self, record: Path, log: Path) -> None:
        self._record = record
        self._log = log

    def start(self, command: Sequence[str], environment: Mapping[str, str], folder: Path, tmp: Path) -> None:
        """Start it in a session of its own, with its output appended to the log and an empty `tmp`.

        What an earlier start left behind is killed first: it would hold the port or the data.
        """
        self.end_strays()
        for entry in tmp.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._record.parent.mkdir(parents=True, exist_ok=True)
        if self._log.is_file() and self._log.stat().st_size > LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.old"))
        with self._log.open("ab") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **environment, "TMPDIR": str(tmp), MARK: str(self._record)},
                start_new_session=True,
            )
        self._record.write_text(json.dumps({"pid": child.pid, "birth": birth(child.pid)}))

    def pid(self) -> int | None:
        """The pid while the process runs, else None."""
        found = self._found()
        return found.pid if found else None

    def started_at(self) -> float | None:
        """When the running process was started, in seconds since 1970."""
        found = self._found()
        return found.create_time() if found else None

    def memory_bytes(self) -> int:
        """Resident memory of the process and its children."""
        found = self._found()
        if not found:
            return 0
        total = 0
        for member in [found, *found.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                total += member.memory_info().rss
        return total

    def _found(self) -> psutil.Process | None:
        try:
            known = json.loads(self._record.read_text())
            process = psutil.Process(known["pid"])
            if birth(process.pid) != known["birth"] or _has_ended(process):
                return None
            return process
        except (FileNotFoundError, ProcessLookupError, ValueError, KeyError, psutil.NoSuchProcess):
            return None

    def kill(self) -> None:
        """SIGKILL to the whole group: what a crash looks like."""
        self._signal(signal.SIGKILL)
        self._await_end(STOP_SECONDS)

    def stop(self, seconds: float = STOP_SECONDS) -> bool:
        """SIGTERM, and SIGKILL after `seconds`. True when it ended by itself. Nothing of it is left afterwards."""
        self._signal(signal.SIGTERM)
        clean = self._await_end(seconds)
        if not clean:
            self.kill()
        self.end_strays()
        self._record.unlink(missing_ok=True)
        return clean

    def _signal(self, number: signal.Signals) -> None:
        found = self._found()
        if found:
            with suppress(ProcessLookupError):
                os.killpg(found.pid, number)

    def _await_end(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while found := self._found():
            # Not there for a parent that is not this process, and then another one's to reap.
            with suppress(ChildProcessError):
                os.waitpid(found.pid, os.WNOHANG)
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def end_strays(self) -> None:
        """Kill what carries this service's mark: children that outlived a killed parent, or a start without a record."""
        strays = list(self._strays())
        for stray in strays:
            with suppress(psutil.NoSuchProcess):
                stray.kill()
        psutil.wait_procs(strays, timeout=STOP_SECONDS)

    def _strays(self) -> Iterator[psutil.Process]:
        mine = str(self._record)
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.pid != os.getpid() and process.environ().get(MARK) == mine:
                    yield process

    def last_lines(self, count: int = 15) -> str:
        """The end of the log."""
        if not self._log.is_file():
            return ""
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - 64_000))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])
