"""Every request leaves a trace: an id, one line in the log, and counts for Prometheus by route template."""

from __future__ import annotations

import re
import time
import uuid

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder
from structlog.contextvars import bind_contextvars, clear_contextvars

from api.access.declared import requires
from stores import logs
from tagging.access import Role

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
log = logs.get("api.access")


class Meters:
    """The API's metrics, in a registry of their own so that two apps in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tagstream_api_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "tagstream_api_request_seconds",
            "From a request's arrival to its answer",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.events = Counter("tagstream_api_events", "Events by outcome", ["outcome"], registry=self.registry)


def _route() -> str:
    # The template, never the path: a path holds ids, and each would be a series of its own.
    return request.url_rule.rule if request.url_rule else "unmatched"


def register(app: Flask, meters: Meters) -> None:
    """Observe every request of `app`, and serve the counts at /metrics."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        # From here on every line of this thread's log carries the id.
        clear_contextvars()
        bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.began
        method = request.method if request.method in _METHODS else "OTHER"
        response.headers["X-Request-Id"] = g.request_id
        meters.requests.labels(method, _route(), str(response.status_code)).inc()
        meters.seconds.labels(method, _route()).observe(seconds)
        log.info(
            "request",
            method=method,
            route=_route(),
            status=response.status_code,
            error=g.get("error_code"),
            milliseconds=round(seconds * 1000, 2),
            bytes_out=response.content_length,
            client=request.remote_addr,
        )
        return response

    @app.route("/metrics")
    @requires(Role.VIEWER, Role.SERVICE)
    def metrics() -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(meters.registry), content_type=content_type)
