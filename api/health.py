"""GET /health: what Tagstream needs, asked all at once, each for a short time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from api.access.declared import public, requires
from api.bounded import Bounded
from api.cache import MomentCache
from api.documented import documented, noun
from api.health_ports import Check, Finding, Status
from api.ports import without_credentials
from api.wire import reply
from tagging.access import Role

KEPT_SECONDS = 1.0
GIVE_UP_SECONDS = 3.0


class CheckResult(BaseModel):
    """How one dependency is."""

    name: str
    status: Status
    detail: str
    latency_ms: float
    lag: int | None = Field(None, description="Messages behind the log, of a consumer group")


class Health(BaseModel):
    """ok: all is well. degraded: requests are answered, what they say may be old. down: some requests fail."""

    status: Status
    checks: list[CheckResult]


class Alive(BaseModel):
    """The process answers."""

    status: Status


def _timed(check: Check) -> tuple[Sequence[Finding], float]:
    began = time.perf_counter()
    try:
        found = check.run()
    except Exception as error:
        found = [Finding(check.name, "down", _one_line(error))]
    return found, (time.perf_counter() - began) * 1000


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or "no reason given"
    return without_credentials(f"{type(error).__name__}: {text}")[:500]


class HealthChecks:
    """All checks, run together."""

    def __init__(self, checks: Sequence[Check], give_up_seconds: float = GIVE_UP_SECONDS) -> None:
        self._asked = [(check, Bounded(check.name, partial(_timed, check))) for check in checks]
        self._give_up_seconds = give_up_seconds

    def run(self) -> Health:
        """Ask every dependency; those that do not answer in time count as down."""
        until = time.monotonic() + self._give_up_seconds
        results: list[CheckResult] = []
        overall: Status = "ok"
        for check, running in [(check, asked.start()) for check, asked in self._asked]:
            try:
                findings, milliseconds = running.result(timeout=max(0.0, until - time.monotonic()))
            except TimeoutError:
                milliseconds = self._give_up_seconds * 1000
                findings = [Finding(check.name, "down", f"no answer within {self._give_up_seconds:g} s")]
            for found in findings:
                overall = _worse(overall, found.status, check.essential)
                results.append(
                    CheckResult(
                        name=found.name,
                        status=found.status,
                        detail=found.detail,
                        latency_ms=round(milliseconds, 1),
                        lag=found.lag,
                    )
                )
        return Health(status=overall, checks=results)


def _worse(overall: Status, found: Status, essential: bool) -> Status:
    if overall == "down" or (found == "down" and essential):
        return "down"
    return overall if found == "ok" else "degraded"


def blueprint(checks: Sequence[Check]) -> APIBlueprint:
    """The routes that say how Tagstream is."""
    routes = noun("health")
    everything = HealthChecks(checks)
    kept: MomentCache[Health] = MomentCache(KEPT_SECONDS)

    @routes.get("", responses=documented({200: Health, 503: Health}))
    @requires(Role.VIEWER)
    def read_health() -> Response:
        """Each dependency's state, and how far the consumers are behind the log

        503 when requests fail for want of a dependency; the body is the same.
        """
        health = kept.get("health", everything.run)
        return reply(health, 503 if health.status == "down" else 200)

    @routes.get("/live", responses=documented({200: Alive}))
    @public
    def read_alive() -> Response:
        """Whether this process answers, whatever the dependencies do"""
        return reply(Alive(status="ok"))

    return routes
