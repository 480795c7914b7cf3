"""The API as a process of its own: `python -m api` on real services."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import requests

from stores.kafka import create_topics
from tests.conftest import RunningStack

pytestmark = pytest.mark.stack

START_SECONDS = 60


@pytest.fixture
def served(stack: RunningStack) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`python -m api` as a process, and its address."""
    create_topics(stack.settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "api"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TAGSTREAM_CONFIG": str(stack.stack.layout.config), "TAGSTREAM_API__PORT": str(port)},
        stderr=subprocess.PIPE,
    )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return requests.get(url + "/api/v1/health/live", timeout=1).ok
        except requests.RequestException:
            return False

    try:
        until = time.monotonic() + START_SECONDS
        while not answers():
            assert process.poll() is None and time.monotonic() < until, "the API did not start"
            time.sleep(0.1)
        yield process, url
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_the_process_serves_counts_logs_and_ends_when_told_to(served):
    process, url = served
    assert requests.get(url + "/api/v1/tags", headers={"X-Request-Id": "seen-1"}, timeout=10).ok
    assert requests.post(
        url + "/api/v1/events", json={"events": [{"user_id": "u", "event_type": "cart"}]}, timeout=10
    ).ok
    metrics = requests.get(url + "/metrics", timeout=10).text
    assert 'tagstream_api_requests_total{method="GET",route="/api/v1/tags",status="200"} 1.0' in metrics
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 0
    entries = [orjson.loads(line) for line in log.splitlines() if line.startswith(b"{")]
    assert any(entry["event"] == "request" and entry.get("request_id") == "seen-1" for entry in entries)
