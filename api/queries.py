"""POST /queries/run: an analyst's SQL over the documented views, as far as whoever asks may see."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

import orjson
from flask import Response
from flask_openapi3 import APIBlueprint

from api.access.actor import current_actor
from api.access.declared import requires
from api.access.guard import note
from api.documented import documented, noun
from api.errors import ApiError, Problem, refusal
from api.preconditions import require_json
from api.query_models import (
    MOST_EXPORTED,
    MOST_ROWS,
    QueryColumn,
    QueryResult,
    QueryRunIn,
    SqlIn,
    ViewColumn,
    ViewOut,
    Views,
)
from api.query_ports import Analysis
from api.saved_queries import add_saved
from api.wire import reply
from stores.queries import SECONDS, QueryRefused, QueryStopped, Rows
from tagging.access import Role, seen_by
from tagging.queries.functions import FUNCTIONS
from tagging.queries.reading import QueryProblems
from tagging.queries.rewriting import Query, query
from tagging.queries.views import VIEWS

AT_ONCE = 4
"""Queries of all people together; each holds one of the server's threads."""
_CSV = {"description": "The rows below a line of column names", "content": {"text/csv": {"schema": {"type": "string"}}}}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Runs:
    """What the routes that run something answer. `timer` gives seconds."""

    def __init__(self, analysis: Analysis, timer: Callable[[], float] = time.monotonic) -> None:
        self._analysis = analysis
        self._timer = timer
        self._free = BoundedSemaphore(AT_ONCE)

    def run(self, text: str, most_rows: int) -> QueryResult:
        """The first rows, and what they are."""
        began = self._timer()
        asked, found = self._rows(text, most_rows)
        return QueryResult(
            columns=[QueryColumn(name=name, type=type_) for name, type_ in found.columns],
            rows=found.rows[:most_rows],
            truncated=len(found.rows) > most_rows,
            seconds=round(self._timer() - began, 3),
            views=list(asked.views),
        )

    def export(self, text: str) -> str:
        """All rows as CSV. Raises ApiError for more than a file may have: it would not show that it is cut."""
        _, found = self._rows(text, MOST_EXPORTED)
        if len(found.rows) > MOST_EXPORTED:
            message = (
                f"The query has more than {MOST_EXPORTED} rows; give it a LIMIT, or ask for a part of it at a time"
            )
            raise ApiError(422, "too_many_rows", message)
        lines = io.StringIO()
        writer = csv.writer(lines)
        writer.writerow([_field(name) for name, _ in found.columns])
        writer.writerows([_field(value) for value in row] for row in found.rows)
        return lines.getvalue()

    def _rows(self, text: str, most_rows: int) -> tuple[Query, Rows]:
        """One row more than `most_rows`, so that it shows whether there are more."""
        with _refusals():
            asked = query(text, most_rows + 1)
        sees = seen_by(current_actor().role)
        with self._turn(), _refusals():
            return asked, self._analysis.runs.run(asked, sees, most_rows + 1)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._free.acquire(blocking=False):
            message = f"{AT_ONCE} queries are running already; run yours again in a moment"
            raise ApiError(503, "too_many_queries", message, headers={"Retry-After": "5"})
        try:
            yield
        finally:
            self._free.release()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except QueryProblems as error:
        raise refusal(
            [
                Problem(
                    path="sql",
                    message=f"line {found.line}, column {found.column}: {found.message}",
                    allowed=found.suggestion or None,
                )
                for found in error.problems
            ]
        ) from error
    except QueryRefused as error:
        raise refusal([Problem(path="sql", message=str(error))]) from error
    except QueryStopped as error:
        message = f"The query was stopped: {error}; ask for fewer rows, days or tags"
        raise ApiError(422, "query_stopped", message) from error


def _field(value: Any) -> Any:
    """A value in a file that people open with a spreadsheet, which would run a text that looks like a formula."""
    if isinstance(value, list | dict):
        value = orjson.dumps(value).decode()
    if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _views() -> Views:
    return Views(
        items=[
            ViewOut(
                name=view.name,
                about=view.about,
                columns=[ViewColumn(name=one.name, type=one.type, about=one.about) for one in view.columns],
            )
            for view in VIEWS.values()
        ],
        functions=sorted(FUNCTIONS),
        sees=list(seen_by(current_actor().role)),
        seconds=SECONDS,
        rows=MOST_ROWS,
        exported_rows=MOST_EXPORTED,
    )


def blueprint(analysis: Analysis) -> APIBlueprint:
    """The routes of queries."""
    routes = noun("queries")
    routes.before_request(require_json)
    runs = Runs(analysis)

    @routes.get("/views", responses=documented({200: Views}))
    @requires(Role.VIEWER)
    def list_views() -> Response:
        """The views that queries read, and what a query may have"""
        return reply(_views())

    @routes.post("/run", responses=documented({200: QueryResult}, 400, 413, 415, 503))
    @requires(Role.VIEWER)
    def run_query(body: QueryRunIn) -> Response:
        """The rows of one SELECT over the views; of tags' values those that whoever asks may see"""
        note(body.sql)
        return reply(runs.run(body.sql, body.rows))

    @routes.post("/export", responses=documented({200: _CSV}, 400, 413, 415, 503))
    @requires(Role.EDITOR)
    def export_query(body: SqlIn) -> Response:
        """The same as CSV, with more rows"""
        note(body.sql)
        response = Response(runs.export(body.sql), mimetype="text/csv")
        response.headers["Content-Disposition"] = 'attachment; filename="query.csv"'
        return response

    add_saved(routes, analysis.saved)
    return routes
