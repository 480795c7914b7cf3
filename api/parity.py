"""Parity: where stream and batch agree, the runs that compared them, and each user on whom they do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from flask import Response, request
from flask_openapi3 import APIBlueprint

from api import cursor
from api.access.declared import requires
from api.documented import documented, noun
from api.errors import ApiError, invalid
from api.parity_models import (
    Counts,
    EmittedValue,
    EvidenceOut,
    EvidenceRow,
    FindingOut,
    FindingPage,
    FindingQuery,
    NewestParity,
    ParityState,
    RunDetail,
    RunIn,
    RunPage,
    RunPath,
    RunQuery,
    RunSummary,
    StoreCounts,
    SuspectCause,
    TagVersionParity,
)
from api.ports import Registry
from api.quality_ports import ParityHistory
from api.times import Clock, iso, iso_or_none
from api.wire import reply
from tagging.access import Role
from tagging.parity import Outcome
from tagging.parity_history import KeptFinding, Result, Run, RunStatus, TooManyRequests, verdict

LOOKED_AT = 50
"""So many of the newest runs are looked through for those under way."""


class Parity:
    """What the routes answer."""

    def __init__(self, history: ParityHistory, registry: Registry, clock: Clock) -> None:
        self._history = history
        self._registry = registry
        self._clock = clock

    def state(self) -> ParityState:
        """Where every tag's live version stands, and those that are newer; older ones are in the runs."""
        live = {tag.name: tag.version for tag in self._registry.tags()}
        items = []
        for (tag, version), group in groupby(self._history.newest(), lambda n: (n.result.tag, n.result.version)):
            found = list(group)
            if version < live.get(tag, 0):
                continue
            compared = _compared([item.result for item in found])
            items.append(
                NewestParity(
                    **compared.model_dump(),
                    live=live.get(tag) == version,
                    run_id=found[0].result.run_id,
                    origin=found[0].origin,
                    finished_at=iso_or_none(found[0].finished_at_ms),
                )
            )
        known = {(item.tag, item.version) for item in items}
        newest = self._history.runs(None, None, LOOKED_AT)
        return ParityState(
            items=items,
            never_compared=sorted(name for name, version in live.items() if (name, version) not in known),
            under_way=[_summary(run, []) for run in newest if run.status in (RunStatus.WAITING, RunStatus.RUNNING)],
        )

    def runs(self, query: RunQuery) -> RunPage:
        """A page of runs."""
        before = cursor.decode_number(query.cursor) or None
        found = self._history.runs(query.tag, before, query.limit + 1)
        shown = found[: query.limit]
        results: dict[int, list[Result]] = {}
        for result in self._history.results([run.id for run in shown]):
            if query.tag in (None, result.tag):
                results.setdefault(result.run_id, []).append(result)
        items = [_summary(run, results.get(run.id, [])) for run in shown]
        return RunPage(items=items, next=cursor.encode(shown[-1].id) if len(found) > query.limit else None)

    def run(self, run_id: int) -> RunDetail:
        """One run."""
        run = self._find(run_id)
        results = self._history.results([run_id])
        by_tag = groupby(results, lambda result: (result.tag, result.version))
        return RunDetail(
            **_summary(run, results).model_dump(), results=[_compared(list(of_tag)) for _, of_tag in by_tag]
        )

    def findings(self, run_id: int, query: FindingQuery) -> FindingPage:
        """A page of a run's findings."""
        self._find(run_id)
        after = cursor.decode_number(query.cursor)
        found = self._history.findings(run_id, query.tag, after, query.limit + 1)
        shown = found[: query.limit]
        more = len(found) > query.limit
        return FindingPage(items=list(map(_finding, shown)), next=cursor.encode(shown[-1].place) if more else None)

    def ask(self, wanted: RunIn) -> RunSummary:
        """Ask for a run."""
        if wanted.version is not None and wanted.tag is None:
            raise invalid("version", "is a version of which tag? Name it in `tag`", got=wanted.version)
        if wanted.tag is not None and wanted.version is None:
            names = {tag.name for tag in self._registry.tags()}
            if wanted.tag not in names:
                raise ApiError(404, "tag_not_found", f"There is no live tag {wanted.tag}; GET /api/v1/tags lists them")
        try:
            return _summary(self._history.ask(wanted.tag or "", wanted.version or 0, self._clock()), [])
        except TooManyRequests as error:
            raise ApiError(409, "too_many_runs_waiting", f"{error}; wait for one to be done") from error

    def _find(self, run_id: int) -> Run:
        run = self._history.run(run_id)
        if run is None:
            raise ApiError(404, "run_not_found", f"There is no run {run_id}; GET /api/v1/parity/runs lists them")
        return run


def _counts(results: Iterable[Result]) -> Counts:
    kept = list(results)
    return Counts(**{str(outcome): sum(result.counts[outcome] for result in kept) for outcome in Outcome})


def _compared(results: Sequence[Result]) -> TagVersionParity:
    """The results of one tag version."""
    first = results[0]
    return TagVersionParity(
        tag=first.tag,
        version=first.version,
        verdict=str(verdict(results)),
        wrong=sum(result.wrong for result in results),
        stores=[StoreCounts(store=result.store, **_counts([result]).model_dump()) for result in results],
        barrier_at=iso(first.barrier_at_ms),
    )


def _summary(run: Run, results: Sequence[Result]) -> RunSummary:
    done = run.status is RunStatus.DONE
    ended = run.started_at_ms is not None and run.finished_at_ms is not None
    return RunSummary(
        id=run.id,
        origin=run.origin,
        status=str(run.status),
        tag=run.tag or None,
        version=run.version or None,
        cause=run.cause,
        asked_at=iso(run.asked_at_ms),
        started_at=iso_or_none(run.started_at_ms),
        finished_at=iso_or_none(run.finished_at_ms),
        duration_seconds=(run.finished_at_ms - run.started_at_ms) / 1000 if ended else None,
        counts=_counts(results) if done else None,
        wrong=sum(result.wrong for result in results) if done else None,
        tags=len({(result.tag, result.version) for result in results}),
        red=sorted({result.tag for result in results if result.wrong}),
    )


def _finding(kept: KeptFinding) -> FindingOut:
    finding = kept.finding
    return FindingOut(
        number=kept.place,
        tag=kept.tag,
        version=kept.version,
        store=kept.store,
        user_id=finding.user_id,
        outcome=str(finding.outcome),
        batch=finding.batch,
        stored=finding.stored,
        offset=finding.offset,
        cause=finding.cause,
        evidence=None if finding.evidence is None else _evidence(finding.evidence),
    )


def _evidence(kept: Mapping[str, Any]) -> EvidenceOut:
    rows = [
        EvidenceRow(
            **{name: row[name] for name in ("source", "key", "op", "partition", "offset", "counts", "decides", "text")},
            at=iso_or_none(row["at_ms"]),
            logged_at=iso(row["logged_at_ms"]),
            leaves_at=iso_or_none(row["leaves_at_ms"]),
        )
        for row in kept["rows"]
    ]
    return EvidenceOut(
        reason=kept["reason"],
        suspects=[SuspectCause(**suspect) for suspect in kept["suspects"]],
        tick_at=iso(kept["tick_ms"]),
        rows=rows,
        rows_total=kept["rows_total"],
        emitted=[
            EmittedValue(value=said["value"], offset=said["offset"], at=iso(said["at_ms"])) for said in kept["emitted"]
        ],
    )


def blueprint(history: ParityHistory, registry: Registry, clock: Clock) -> APIBlueprint:
    """The routes of parity."""
    routes = noun("parity")
    parity = Parity(history, registry, clock)

    # The library would take a body that is no JSON for an empty one.
    @routes.before_request
    def read_body() -> None:
        if request.method == "POST" and not isinstance(body := request.get_json(), dict):
            raise invalid("", "the body must be a JSON object", got=body, allowed='{"tag": "..."}, or {} for all')

    @routes.get("", responses=documented({200: ParityState}, 503))
    @requires(Role.VIEWER)
    def read_parity() -> Response:
        """What the newest run of every tag version found, and the runs under way"""
        return reply(parity.state())

    @routes.get("/runs", responses=documented({200: RunPage}, 503))
    @requires(Role.VIEWER)
    def list_parity_runs(query: RunQuery) -> Response:
        """Comparisons of stream and batch, the newest first"""
        return reply(parity.runs(query))

    @routes.post("/runs", responses=documented({202: RunSummary}, 400, 404, 409, 413, 415, 503))
    @requires(Role.EDITOR)
    def ask_for_parity_run(body: RunIn) -> Response:
        """Ask for a comparison of one tag, or of all live ones

        The process `python -m jobs.verify --every` does it; a request that waits already is not made twice.
        """
        return reply(parity.ask(body), 202)

    @routes.get("/runs/<run_id>", responses=documented({200: RunDetail}, 404, 503))
    @requires(Role.VIEWER)
    def read_parity_run(path: RunPath) -> Response:
        """One comparison, with what it found of each tag in each store"""
        return reply(parity.run(path.run_id))

    @routes.get("/runs/<run_id>/findings", responses=documented({200: FindingPage}, 404, 503))
    @requires(Role.APPROVER)
    def list_parity_findings(path: RunPath, query: FindingQuery) -> Response:
        """The users on whom stream and batch differ: both values, the rows and the tick that decide, and the cause"""
        return reply(parity.findings(path.run_id, query))

    return routes
