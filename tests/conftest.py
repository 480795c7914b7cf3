"""Fixtures that several suites share: a stack of real services, started once a session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from deploy.local.config import settings_of
from deploy.local.stack import Stack
from stores.settings import Settings

pytest_plugins = ["tests.clickhouse_fixture"]

KEEP = os.environ.get("TAGSTREAM_TEST_STACK") == "keep"
"""For developers: leave the stack running after the tests, and use the one that runs."""


@dataclass
class RunningStack:
    """A stack of real services, under the name `test`."""

    stack: Stack
    settings: Settings

    def up(self, *names: str) -> None:
        """Start services (default: all but Tagstream's own processes)."""
        self.stack.up(names)

    def restart(self, name: str) -> None:
        """Stop and start one service."""
        self.stack.restart(name)

    def kill(self, name: str) -> None:
        """SIGKILL one service."""
        self.stack.kill(name)

    def logs(self, name: str, lines: int = 50) -> str:
        """The end of a service's log."""
        return self.stack.process(name).last_lines(lines)


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """Real MariaDB, Kafka, Connect with Debezium, HBase, Flink and ClickHouse, with empty data."""
    running = Stack("test")
    if not KEEP:
        running.reset()
    try:
        running.up()
        yield RunningStack(running, settings_of(running.layout))
    finally:
        if not KEEP:
            running.reset()
