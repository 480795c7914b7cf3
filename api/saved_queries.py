"""Saved queries: kept under a title, shared with everyone or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response
from flask_openapi3 import APIBlueprint

from api import cursor
from api.access.actor import changes
from api.access.declared import requires
from api.access.guard import note
from api.actor import actor
from api.documented import documented
from api.errors import ApiError
from api.preconditions import revision_read
from api.query_models import QueryIn, QueryPath, SavedPageQuery, SavedQueryOut, SavedQueryPage
from api.query_ports import SavedQueries
from api.times import iso
from api.wire import reply
from tagging.access import Role
from tagging.saved_queries import (
    MOST_OF_ONE_OWNER,
    QueryChanged,
    QueryMissing,
    QueryText,
    SavedQuery,
    TooManyQueries,
)

_NO_CONTENT = {"description": "Removed"}


def _page(saved: SavedQueries, query: SavedPageQuery) -> SavedQueryPage:
    found = saved.visible(actor(), _place(query.cursor), query.limit + 1)
    shown = found[: query.limit]
    more = len(found) > query.limit
    place = f"{shown[-1].id} {shown[-1].title}" if more else ""
    return SavedQueryPage(items=[_out(one) for one in shown], next=cursor.encode(place) if more else None)


def _place(given: str | None) -> tuple[str, str]:
    query_id, _, title = cursor.decode_text(given).partition(" ")
    return title, query_id


def _out(saved: SavedQuery) -> SavedQueryOut:
    return SavedQueryOut(
        id=saved.id,
        title=saved.title,
        sql=saved.text,
        shared=saved.shared,
        owner=saved.owner,
        changeable=changes(saved.owner),
        revision=saved.revision,
        updated_at=iso(saved.updated_at_ms),
    )


def _require_ownership(saved: SavedQuery) -> None:
    # One that is not shared is not there for others, whatever their role.
    if not saved.visible_to(actor()):
        raise QueryMissing
    if not changes(saved.owner):
        message = f"This query is {saved.owner}'s: its owner, approvers and admins change it"
        raise ApiError(403, "not_owner", message)


@contextmanager
def _refusals(query_id: str = "") -> Iterator[None]:
    try:
        yield
    except QueryMissing as error:
        message = f"There is no query {query_id} that you may read; GET /api/v1/queries lists those that you may"
        raise ApiError(404, "query_not_found", message) from error
    except QueryChanged as error:
        message = f"The query was changed since it was read: it is at revision {error.revision}; read it again"
        raise ApiError(412, "query_changed", message, headers={"ETag": f'"{error.revision}"'}) from error
    except TooManyQueries as error:
        raise ApiError(409, "too_many_queries", f"You have {MOST_OF_ONE_OWNER} queries; remove one first") from error


def _tagged(saved: SavedQuery, status: int = 200) -> Response:
    response = reply(_out(saved), status)
    response.headers["ETag"] = f'"{saved.revision}"'
    return response


def add_saved(routes: APIBlueprint, saved: SavedQueries) -> None:
    """Add the routes of saved queries."""

    @routes.get("", responses=documented({200: SavedQueryPage}, 503))
    @requires(Role.VIEWER)
    def list_queries(query: SavedPageQuery) -> Response:
        """The saved queries that whoever asks may read: their own, and those that are shared"""
        return reply(_page(saved, query))

    @routes.post("", responses=documented({201: SavedQueryOut}, 400, 409, 413, 415, 503))
    @requires(Role.EDITOR)
    def save_query(body: QueryIn) -> Response:
        """Save a query; one that would not run may be saved too"""
        note(body.title)
        with _refusals():
            return _tagged(saved.add(QueryText(body.title, body.sql, body.shared), actor()), 201)

    @routes.get("/<id>", responses=documented({200: SavedQueryOut}, 404, 503))
    @requires(Role.VIEWER)
    def read_query(path: QueryPath) -> Response:
        """One saved query"""
        found = saved.read(path.id)
        with _refusals(path.id):
            if found is None or not found.visible_to(actor()):
                raise QueryMissing
            return _tagged(found)

    @routes.put("/<id>", responses=documented({200: SavedQueryOut}, 400, 404, 412, 413, 415, 428, 503))
    @requires(Role.EDITOR)
    def change_query(path: QueryPath, body: QueryIn) -> Response:
        """Change a saved query; If-Match names the revision that was read"""
        note(body.title)
        with _refusals(path.id):
            text = QueryText(body.title, body.sql, body.shared)
            return _tagged(saved.change(path.id, text, revision_read("query"), _require_ownership))

    @routes.delete("/<id>", responses=documented({204: _NO_CONTENT}, 404, 412, 428, 503))
    @requires(Role.EDITOR)
    def remove_query(path: QueryPath) -> Response:
        """Remove a saved query; If-Match names the revision that was read"""
        with _refusals(path.id):
            saved.remove(path.id, revision_read("query"), _require_ownership)
        return Response(status=204)
