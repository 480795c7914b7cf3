"""What is asked of the routes of queries: (operation, status, path, method, request, what comes before)."""

from __future__ import annotations

import json
from typing import Any

from tagging.saved_queries import MOST_OF_ONE_OWNER, QueryText
from tests.fakes.api_stores import World
from tests.fakes.memory_queries import AT_MS
from tests.openapi_publishing import Before, Given

URL = "/api/v1/queries"
ID = "a" * 32
ONE = f"{URL}/{ID}"
COUNT = {"sql": "SELECT count() FROM v_events"}
SAVED = COUNT | {"title": "Events"}


def _json(body: Any) -> dict[str, Any]:
    return {"data": json.dumps(body), "content_type": "application/json"}


def _nothing(world: World) -> None:
    return None


def _fails(part: str) -> Before:
    return lambda world: getattr(world.queries, part).fail()


def _raises(part: str, method: str) -> Before:
    return lambda world: setattr(getattr(world.queries, part), method, lambda *given: 1 / 0)


def _saved(world: World) -> None:
    saved = world.queries.saved.add(QueryText("Events", COUNT["sql"], True), "local")
    world.queries.saved.saved = {ID: type(saved)(saved.title, saved.text, True, ID, "local", 1, AT_MS, AT_MS)}


def _full(world: World) -> None:
    for _ in range(MOST_OF_ONE_OWNER):
        world.queries.saved.add(QueryText("t", "SELECT 1", False), "local")


def _writes(name: str, path: str, method: str, body: Any, success: int, part: str, does: str) -> list[Given]:
    at: dict[str, Any] = {"headers": {"If-Match": '"1"'}} if method == "PUT" else {}
    return [
        (name, success, path, method, at | _json(body), _saved),
        (name, 400, path, method, at | {"data": "{", "content_type": "application/json"}, _nothing),
        (name, 413, path, method, at | _json({"sql": "x" * 20_000}), _nothing),
        (name, 415, path, method, at | {"data": "{}"}, _nothing),
        (name, 422, path, method, at | _json({"sql": 1}), _nothing),
        (name, 500, path, method, at | _json(body), _raises(part, does)),
        (name, 503, path, method, at | _json(body), _fails(part)),
    ]


QUERIES: list[Given] = [
    ("list_views", 200, f"{URL}/views", "GET", {}, _nothing),
    *_writes("run_query", f"{URL}/run", "POST", COUNT, 200, "runs", "run"),
    *_writes("export_query", f"{URL}/export", "POST", COUNT, 200, "runs", "run"),
    ("list_queries", 200, URL, "GET", {}, _saved),
    ("list_queries", 422, f"{URL}?limit=0", "GET", {}, _nothing),
    ("list_queries", 500, URL, "GET", {}, _raises("saved", "visible")),
    ("list_queries", 503, URL, "GET", {}, _fails("saved")),
    *_writes("save_query", URL, "POST", SAVED, 201, "saved", "add"),
    ("save_query", 409, URL, "POST", _json(SAVED), _full),
    ("read_query", 200, ONE, "GET", {}, _saved),
    ("read_query", 404, ONE, "GET", {}, _nothing),
    ("read_query", 422, f"{URL}/NO", "GET", {}, _nothing),
    ("read_query", 500, ONE, "GET", {}, _raises("saved", "read")),
    ("read_query", 503, ONE, "GET", {}, _fails("saved")),
    *_writes("change_query", ONE, "PUT", SAVED, 200, "saved", "change"),
    ("change_query", 404, ONE, "PUT", {"headers": {"If-Match": '"1"'}} | _json(SAVED), _nothing),
    ("change_query", 412, ONE, "PUT", {"headers": {"If-Match": '"9"'}} | _json(SAVED), _saved),
    ("change_query", 428, ONE, "PUT", _json(SAVED), _saved),
    ("remove_query", 204, ONE, "DELETE", {"headers": {"If-Match": '"1"'}}, _saved),
    ("remove_query", 404, ONE, "DELETE", {"headers": {"If-Match": '"1"'}}, _nothing),
    ("remove_query", 412, ONE, "DELETE", {"headers": {"If-Match": '"9"'}}, _saved),
    ("remove_query", 422, ONE, "DELETE", {"headers": {"If-Match": "1"}}, _saved),
    ("remove_query", 428, ONE, "DELETE", {}, _saved),
    ("remove_query", 500, ONE, "DELETE", {"headers": {"If-Match": '"1"'}}, _raises("saved", "remove")),
    ("remove_query", 503, ONE, "DELETE", {"headers": {"If-Match": '"1"'}}, _fails("saved")),
]
