"""What every process of ours shares: logs, metrics, back-off."""

from __future__ import annotations

import json
import logging
import socket

import pytest
import requests
import structlog

from jobs.process import Backoff
from stores import logs, metrics
from stores.settings import Settings


@pytest.fixture
def configured(monkeypatch):
    """Puts logging back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda: logs.configure()
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_a_log_line_is_one_json_object_with_level_time_and_name(configured, capsys):
    configured()
    logs.get("jobs.test").warning("store_down", store="hbase", cause="café\nrefused")
    line = json.loads(capsys.readouterr().err)
    assert {key: line[key] for key in ("event", "level", "logger", "store", "cause")} == {
        "event": "store_down",
        "level": "warning",
        "logger": "jobs.test",
        "store": "hbase",
        "cause": "café\nrefused",
    }
    assert line["timestamp"].endswith("Z")


def test_libraries_log_in_the_same_lines(configured, capsys):
    configured()
    logging.getLogger("library").error("broke: %s", "why")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["logger"], line["level"]) == ("broke: why", "library", "error")


def test_the_level_is_configured_and_an_unknown_one_is_refused(configured, capsys, monkeypatch):
    monkeypatch.setenv(logs.LEVEL_VARIABLE, "error")
    configured()
    logs.get("jobs.test").warning("quiet")
    assert capsys.readouterr().err == ""
    monkeypatch.setenv(logs.LEVEL_VARIABLE, "loud")
    with pytest.raises(ValueError, match=r"TAGSTREAM_LOG_LEVEL: no level 'LOUD'; allowed: .*INFO"):
        configured()


def test_metrics_are_served_on_a_free_port():
    metrics.TICKS.inc(0)
    port = metrics.serve(Settings(metrics_port=0))
    assert "tagstream_ticks_total" in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text


def test_a_metrics_port_that_is_taken_is_an_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            metrics.serve(Settings(metrics_port=taken.getsockname()[1]))


def test_waits_grow_to_the_longest_and_begin_again_after_a_success():
    backoff = Backoff(first_seconds=1, longest_seconds=4)
    waits = [backoff.next_seconds() for _ in range(5)]
    for wait, full in zip(waits, (1, 2, 4, 4, 4), strict=True):
        assert 0.75 * full <= wait <= full
    backoff.reset()
    assert backoff.next_seconds() <= 1
