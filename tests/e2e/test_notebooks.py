"""The notebooks that need a cluster, run on the stack with its own settings."""

from __future__ import annotations

import time
import uuid

import pytest
import requests

from tests.conftest import RunningStack
from tests.notebooks import printed, run

pytestmark = [pytest.mark.stack]
READ_SECONDS = 120


@pytest.fixture(scope="module")
def visitor(stack: RunningStack, app_url: str) -> str:
    """A user with three events, who has a tag by now."""
    user = f"visitor-{uuid.uuid4().hex}"
    events = [{"event_id": f"{user}-{n}", "user_id": user, "event_type": "catalog"} for n in range(3)]
    assert requests.post(f"{app_url}/api/v1/events", json={"events": events}, timeout=30).status_code == 202
    until = time.monotonic() + READ_SECONDS
    while not requests.get(f"{app_url}/api/v1/users/{user}", timeout=30).json().get("tags"):
        assert time.monotonic() < until, stack.logs("sink_profile")
        time.sleep(0.5)
    return user


def test_flinks_notebook_reads_the_log_and_tries_a_tag(stack: RunningStack, visitor: str):
    last = f'print(by_type.set_index("event_type").events["catalog"] >= 3, dict(tried.values)["{visitor}"])'
    assert printed(run("flink-sql", stack.stack.layout.config, last)) == "True 3\n"


def test_the_parity_notebook_finds_stream_and_batch_equal(stack: RunningStack, visitor: str):
    last = "print(counts.equal.sum() > 0, sorted(set(counts.store)), len(counts) == 2 * len(tags), differing.empty)"
    assert printed(run("parity", stack.stack.layout.config, last)) == "True ['clickhouse', 'hbase'] True True\n"
