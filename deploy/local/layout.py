"""Where a stack keeps its files and which ports it has."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.ports import USUAL_PORTS, choose_ports

REPOSITORY = Path(__file__).resolve().parent.parent.parent
LOCAL = REPOSITORY / ".local"
PARTS = LOCAL / "parts"
HOST = "127.0.0.1"
MAIN_STACK = "demo"
"""The stack that has the usual ports where they are free; the others leave them to it."""
MEASURED_STACK = "bench"
"""The stack that benchmarks measure: its Java compiles as on a cluster, however long that takes at the start."""


@dataclass(frozen=True)
class Layout:
    """The folders, ports and lock of one stack. Ports are chosen once and kept, so that a restart finds them again."""

    stack: str = MAIN_STACK
    local: Path = LOCAL
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        if not self.stack.replace("-", "").replace("_", "").isalnum() or self.stack == PARTS.name:
            raise ValueError(f"stack name {self.stack!r}: letters, digits, - and _ are allowed, and not {PARTS.name!r}")
        object.__setattr__(self, "root", self.local / self.stack)

    @property
    def config(self) -> Path:
        """The settings file that this stack writes for its clients."""
        return self.root / "tagstream.toml"

    def data(self, service: str) -> Path:
        """A service's data folder, made when missing."""
        return _made(self.root / "data" / service)

    def tmp(self, service: str) -> Path:
        """A service's folder for temporary files, made when missing; emptied whenever the service starts."""
        return _made(self.root / "tmp" / service)

    def log(self, service: str) -> Path:
        """A service's log file."""
        return self.root / "logs" / f"{service}.log"

    def record(self, service: str) -> Path:
        """Where it is written down which process a service is."""
        return self.root / "run" / f"{service}.json"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Held while services are started or stopped: two commands at once would start a service twice."""
        with locked(self.local / f"{self.stack}.lock"):
            yield

    def port(self, name: str) -> int:
        """The port of that name: the usual one, or a free one where that was taken when the stack first asked."""
        return self.ports()[name]

    def ports(self) -> dict[str, int]:
        """All ports of the stack; chosen and written down at the first call."""
        known = self.known_ports()
        return known if USUAL_PORTS.keys() <= known.keys() else self._choose(known)

    def known_ports(self) -> dict[str, int]:
        """The ports that were chosen before; none for a stack that never ran."""
        return _read_ports(self._ports_file)

    def choose_again(self, names: Collection[str]) -> None:
        """Take other ports for these names: someone else has them now."""
        self._choose({name: port for name, port in self.known_ports().items() if name not in names})

    @property
    def _ports_file(self) -> Path:
        return self.root / "run" / "ports.json"

    def _choose(self, known: dict[str, int]) -> dict[str, int]:
        # One lock for all stacks: two that choose at once must not choose the same.
        with locked(self.local / "ports.lock"):
            # Other stacks' ports are theirs even while they are stopped.
            theirs = [file for file in self.local.glob("*/run/ports.json") if file != self._ports_file]
            promised = {port for file in theirs for port in _read_ports(file).values()}
            ports = choose_ports(known, promised, usual=self.stack == MAIN_STACK)
            _made(self._ports_file.parent)
            fresh = self._ports_file.with_suffix(".new")
            fresh.write_text(json.dumps(ports, indent=1))
            fresh.replace(self._ports_file)
        return ports


def _read_ports(file: Path) -> dict[str, int]:
    try:
        return json.loads(file.read_text())
    except FileNotFoundError:
        return {}


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a file's lock, waiting while another process, or another thread of this one, has it."""
    _made(file.parent)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
