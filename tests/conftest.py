"""Fixtures that several suites share: a stack of real services, started once a session."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass

import hypothesis
import pytest
import structlog

from deploy.local.config import settings_of
from deploy.local.java import QUICK_TO_START
from deploy.local.stack import Stack
from stores.settings import Settings

# Two workers on two cores, and a team of threads each: they wait for one another longer than they calculate.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Flink in a test's own process plans much and runs little.
os.environ.setdefault("JVM_ARGS", QUICK_TO_START)
# How long an example takes to draw up says something about the machine, not about what is tested.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

# In colours and with each frame's variables, as somebody at a terminal would have it, an exception takes a tenth of a second.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
    ]
)
# The collector took up to a third of the time, looking through what never goes: modules, schemas, plans.
gc.set_threshold(50_000, 50, 50)

pytest_plugins = ["tests.clickhouse_fixture", "tests.drawn_up", "tests.guarded_site"]


def pytest_collection_finish() -> None:
    """What was loaded by now stays."""
    gc.freeze()


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
    with pytest.MonkeyPatch.context() as patch:
        # In two parts on any machine: what goes wrong between them is to be seen.
        patch.setenv("TAGSTREAM_FLINK__PARALLELISM", "2")
        try:
            running.up()
            yield RunningStack(running, settings_of(running.layout))
        finally:
            if not KEEP:
                running.reset()
