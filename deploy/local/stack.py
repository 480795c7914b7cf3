"""The stack as a whole: what is up, what must start first, what a failure means."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from deploy.local.config import write_config
from deploy.local.layout import MAIN_STACK, REPOSITORY, Layout
from deploy.local.machine import check_java, memory_warning
from deploy.local.order import run_in_order
from deploy.local.parts import fetch
from deploy.local.ports import USUAL_PORTS, holder, is_free
from deploy.local.process import Process
from deploy.local.service import Service
from deploy.local.services import ALL

STARTS_AT_ONCE = 5
MEND_SECONDS = 5
INFRASTRUCTURE = tuple(name for name, service in ALL.items() if not service.is_app)


class StackError(RuntimeError):
    """A service did not come up. The text says which, why (the end of its log), and what to do."""


@dataclass(frozen=True)
class Status:
    """One service as it is now. `trouble` is None when it is healthy."""

    name: str
    pid: int | None
    started_at: float | None
    trouble: str | None
    ports: dict[str, int]
    memory_bytes: int


class Stack:
    """All services of one stack, by name. `tell` receives a line for every step."""

    def __init__(self, stack: str = MAIN_STACK, tell: Callable[[str], None] = print) -> None:
        self.layout = Layout(stack)
        self._tell = tell
        self._cancelled = threading.Event()

    def process(self, name: str) -> Process:
        """The process of a service, whether it runs or not. Raises StackError for an unknown name."""
        if name not in ALL:
            raise StackError(f"no service {name!r}; there are {', '.join(ALL)}")
        return Process(self.layout.record(name), self.layout.log(name))

    def up(self, names: Sequence[str] = ()) -> None:
        """Start these services (default: all but Tagstream's own) and what they depend on, unless they run already.

        Raises StackError naming those that failed, PartMissing, MachineProblem.
        """
        wanted = _with_dependencies(names or INFRASTRUCTURE)
        started = time.monotonic()
        fetch(self._tell)
        with self.layout.lock():
            down = [name for name in wanted if self.process(name).pid() is None]
            if down:
                check_java()
                if warning := memory_warning():
                    self._tell(warning)
            self._settle_ports(down)
            write_config(self.layout)
            after = {name: ALL[name].depends_on for name in wanted}
            outcome = run_in_order(wanted, after, self._bring_up, STARTS_AT_ONCE, self._cancelled)
        if outcome.failed:
            texts = [str(error) for error in outcome.failed.values()]
            if outcome.not_tried:
                texts.append(f"not started, since they depend on it: {', '.join(outcome.not_tried)}")
            raise StackError("\n\n".join(texts))
        took = time.monotonic() - started
        self._tell(f"{len(wanted)} services up, {len(down)} of them started now ({took:.0f} s): {self.layout.config}")

    def _settle_ports(self, starting: Sequence[str]) -> None:
        """See that the ports of services that will start are free; others are chosen while nobody knows the old ones."""
        for name in starting:
            self.process(name).end_strays()
        known = self.layout.known_ports()
        ports = [port for name in starting for port in ALL[name].ports]
        taken = {port: known[port] for port in ports if port in known and not is_free(known[port])}
        if taken and any(self.process(name).pid() for name in ALL):
            text = "; ".join(f"port {number} of {port} is taken by {holder(number)}" for port, number in taken.items())
            raise StackError(
                f"{text}\n--- fix: end that process, or `python -m deploy.local --stack {self.layout.stack} down`, "
                "which lets the next `up` choose other ports for all services"
            )
        before = known or (USUAL_PORTS if self.layout.stack == MAIN_STACK else {})
        self.layout.choose_again(taken)
        for port, number in self.layout.known_ports().items():
            if port in ports and number != before.get(port, number):
                self._tell(f"port {before[port]} is taken by {holder(before[port])}: {port} gets {number}")

    def _bring_up(self, name: str) -> None:
        service, process = ALL[name], self.process(name)
        started = time.monotonic()
        was_up = process.pid() is not None
        try:
            if not was_up:
                self._tell(f"{name}: starting")
                service.prepare(self.layout)
                command, environment = service.command(self.layout), service.environment(self.layout)
                process.start(command, environment, REPOSITORY, self.layout.tmp(name))
            self._await_health(service, process)
            service.finish(self.layout)
        except StackError:
            raise
        except Exception as error:
            raise StackError(self._failure(name, f"could not be set up: {error!r}")) from error
        if not was_up:
            self._tell(f"{name}: up ({time.monotonic() - started:.0f} s)")

    def _await_health(self, service: Service, process: Process) -> None:
        until = time.monotonic() + service.start_seconds
        mend_at = 0.0
        while trouble := service.healthy(self.layout):
            if process.pid() is None:
                raise StackError(self._failure(service.name, "ended while it was starting"))
            now = time.monotonic()
            if now > until:
                raise StackError(
                    self._failure(service.name, f"is not healthy after {service.start_seconds:g} s: {trouble}")
                )
            if now > mend_at:
                service.mend(self.layout)
                mend_at = now + MEND_SECONDS
            if self._cancelled.wait(0.3):
                raise StackError(f"{service.name}: interrupted while it was starting; `up` goes on where this ended")

    def _failure(self, name: str, what: str) -> str:
        command = f"python -m deploy.local --stack {self.layout.stack}"
        return (
            f"{name} {what}\n--- the end of {self.layout.log(name)}:\n{self.process(name).last_lines()}\n"
            f"--- fix: mend what the log names; `{command} restart {name}` tries again, `{command} reset` begins anew"
        )

    def down(self, names: Sequence[str] = ()) -> None:
        """Stop these services (default: all), those that depend on others first."""
        for name in names:
            self.process(name)
        with self.layout.lock():
            self._down([name for name in ALL if not names or name in names])

    def _down(self, names: Sequence[str]) -> None:
        users = {name: [other for other in names if name in ALL[other].depends_on] for name in names}
        outcome = run_in_order(names, users, self._take_down, len(ALL), self._cancelled)
        for error in outcome.failed.values():
            raise error

    def _take_down(self, name: str) -> None:
        process = self.process(name)
        if process.pid() is None:
            process.end_strays()
            return
        started = time.monotonic()
        clean = process.stop()
        how = "stopped" if clean else "killed, it did not stop when asked"
        self._tell(f"{name}: {how} ({time.monotonic() - started:.0f} s)")

    def kill(self, name: str) -> None:
        """SIGKILL one service: what a crash looks like."""
        self.process(name).kill()

    def restart(self, name: str) -> None:
        """Stop and start one service; the others stay as they are, and so do its ports and data."""
        self.down([name])
        self.up([name])

    def reset(self) -> None:
        """Stop everything and forget all data, logs and ports."""
        with self.layout.lock():
            self._down(tuple(ALL))
            shutil.rmtree(self.layout.root, ignore_errors=True)

    def status(self) -> list[Status]:
        """Every service as it is now."""
        with ThreadPoolExecutor(len(ALL)) as pool:
            return list(pool.map(self._status_of, ALL.values()))

    def _status_of(self, service: Service) -> Status:
        process = self.process(service.name)
        pid = process.pid()
        trouble = service.healthy(self.layout) if pid else "down"
        known = self.layout.known_ports()
        ports = {name: known[name] for name in service.ports if name in known}
        return Status(service.name, pid, process.started_at(), trouble, ports, process.memory_bytes())


def _with_dependencies(names: Iterable[str]) -> list[str]:
    found: set[str] = set()

    def add(name: str) -> None:
        if name not in ALL:
            raise StackError(f"no service {name!r}; there are {', '.join(ALL)}")
        found.add(name)
        for other in ALL[name].depends_on:
            add(other)

    for name in names:
        add(name)
    return [name for name in ALL if name in found]
