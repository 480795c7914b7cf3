"""Tagstream's own processes: the clock, the sinks, the models' scorer and learner, the controller, the comparisons, the API, and
the demo's generator.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

import requests

from deploy.local.java import quick_to_start
from deploy.local.layout import HOST, Layout
from deploy.local.service import Service


def _environment(port_name: str) -> Callable[[Layout], Mapping[str, str]]:
    def found(layout: Layout) -> Mapping[str, str]:
        metrics = str(layout.port(port_name)) if port_name in layout.ports() else "0"
        # Of the Java machines of those that plan jobs.
        planning = os.environ.get("JVM_ARGS", " ".join(quick_to_start(layout)))
        return {
            "TAGSTREAM_CONFIG": str(layout.config),
            "TAGSTREAM_METRICS_PORT": metrics,
            "PYTHONUNBUFFERED": "1",
            "JVM_ARGS": planning,
        }

    return found


def _answers(port_name: str, path: str) -> Callable[[Layout], str | None]:
    def healthy(layout: Layout) -> str | None:
        try:
            requests.get(f"http://{HOST}:{layout.port(port_name)}{path}", timeout=5)
        except requests.RequestException as error:
            return str(error)
        return None

    return healthy


def _app(name: str, module: str, *depends_on: str, arguments: tuple[str, ...] = ()) -> Service:
    port_name = "api" if name == "api" else f"{name}-metrics"
    return Service(
        name=name,
        command=lambda _layout: [sys.executable, "-m", module, *arguments],
        healthy=_answers(port_name, "/api/v1/tags" if name == "api" else "/metrics"),
        environment=_environment(port_name),
        depends_on=depends_on,
        ports=(port_name,),
        is_app=True,
        by_request=name == "generator",
    )


_PROOF = ("kafka", "mariadb", "clickhouse", "thrift", "taskmanager")
"""What a comparison of stream and batch needs."""

PARITY_EVERY_MINUTES = "60"

APPS = (
    _app("clock", "jobs.clock", "kafka"),
    _app("sink_profile", "jobs.sink_profile", "kafka", "thrift"),
    _app("sink_values", "jobs.sink_values", "kafka", "mariadb", "clickhouse"),
    _app("bitmaps", "jobs.bitmaps", "mariadb", "clickhouse"),
    _app("crowds", "jobs.crowds", "kafka", "mariadb", "clickhouse"),
    _app("sink_events", "jobs.sink_events", "kafka", "clickhouse"),
    _app("sink_rows", "jobs.sink_rows", "kafka", "clickhouse"),
    _app("sink_predictions", "jobs.sink_predictions", "kafka", "clickhouse"),
    _app("eraser", "jobs.eraser", "kafka", "mariadb", "clickhouse", "thrift"),
    _app("scorer", "jobs.scorer", "kafka", "mariadb", "thrift"),
    _app("learner", "jobs.learner", "kafka", "mariadb", "clickhouse"),
    _app("controller", "jobs.controller", *_PROOF),
    _app("parity", "jobs.verify", *_PROOF, arguments=("--every", PARITY_EVERY_MINUTES)),
    _app("api", "api", "kafka", "mariadb", "clickhouse", "thrift"),
    _app("generator", "deploy.demo.generate", "kafka", "mariadb"),
)
