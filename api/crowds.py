"""Crowds: rules that are saved under a name, and the users that a rule takes, counted, listed and exported."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint

from api import cursor
from api.access.actor import changes, current_actor
from api.access.declared import requires
from api.access.guard import note
from api.crowd_book import Book, refusals
from api.crowd_models import (
    CrowdChange,
    CrowdDetail,
    CrowdIn,
    CrowdList,
    CrowdMember,
    CrowdMembers,
    CrowdPath,
    CrowdSummary,
    Estimate,
    PageQuery,
    RuleIn,
)
from api.documented import documented, noun
from api.errors import ApiError
from api.ports import Stores
from api.preconditions import require_json, revision_read
from api.times import iso
from api.wire import reply
from tagging.access import Role
from tagging.crowd_parsing import CrowdProblems
from tagging.crowds import EVERYONE, Rule, crowds_in
from tagging.saved_crowds import CrowdText, SavedCrowd

EXPORT_PAGE = 20_000
EXPORT_SECONDS = 600
"""Well below the time that a replaced generation of bitmaps is kept for its readers."""
_NO_CONTENT = {"description": "Removed"}
_CSV = {"description": "Lines of user_no and user_id", "content": {"text/csv": {"schema": {"type": "string"}}}}


class Crowds:
    """What the routes answer."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def estimate(self, written: Any) -> Estimate:
        """What a rule takes."""
        book = Book.open(self._stores)
        with refusals(""):
            rule = book.read(written)
            expanded = book.seen(book.expanded(rule))
        newest = self._stores.crowd_users.newest()
        return Estimate(
            users=self._stores.crowd_users.count(expanded, book.versions, newest.number),
            users_total=self._stores.crowd_users.count(EVERYONE, book.versions, newest.number),
            sentence=book.sentence(rule),
            fingerprint=book.fingerprint(rule),
            built_at=iso(newest.built_at_ms),
            generation=newest.number,
        )

    def list(self) -> CrowdList:
        """All of them."""
        book = Book.open(self._stores)
        return CrowdList(items=[CrowdSummary(**_summary(book, saved)) for saved in book.crowds.values()])

    def detail(self, name: str) -> CrowdDetail:
        """One of them."""
        book = Book.open(self._stores)
        return _detail(book, book.find(name))

    def put(self, name: str, change: CrowdChange, revision: int | None) -> CrowdDetail:
        """Save a new crowd (`revision` None), or another rule for one."""
        tags = list(self._stores.registry.tags())
        with refusals(name):
            book = Book.open(self._stores)
            rule = book.read(change.rule)
            text = CrowdText(name, change.title, change.rule, book.fingerprint(rule), owner=current_actor().name)

            def check(crowds: Any) -> None:
                if revision is not None:
                    require_ownership(crowds[name])
                present = Book(tags, crowds)
                present.seen(present.expanded(present.read(change.rule), (name,)))

            saved = self._stores.crowds.put(text, revision, check)
        return _detail(Book.open(self._stores), saved)

    def remove(self, name: str, revision: int) -> None:
        """Remove a crowd that no other depends on."""

        def check(crowds: Any) -> None:
            require_ownership(crowds[name])
            users = _used_by(Book([], crowds), name)
            if users:
                message = f"The crowd {name} is part of {', '.join(users)}; change those first"
                raise ApiError(409, "crowd_in_use", message)
            if self._stores.crowd_times.watches.of(name):
                message = f"The crowd {name} is watched; DELETE /api/v1/crowds/{name}/watch first"
                raise ApiError(409, "crowd_watched", message)

        with refusals(name):
            self._stores.crowds.remove(name, revision, check)

    def members(self, name: str, query: PageQuery) -> CrowdMembers:
        """A page of a crowd's users."""
        after = cursor.decode_number(query.cursor)
        book = Book.open(self._stores)
        rule = book.rule_of(name)
        generation = self._stores.crowd_users.newest().number
        found = self._stores.crowd_users.members(rule, book.versions, generation, after, query.limit + 1)
        items = [CrowdMember(user_no=user_no, user_id=user_id) for user_no, user_id in found[: query.limit]]
        return CrowdMembers(
            items=items,
            users=self._stores.crowd_users.count(rule, book.versions, generation),
            next=cursor.encode(items[-1].user_no) if len(found) > query.limit else None,
            generation=generation,
        )

    def export(self, name: str) -> Iterator[str]:
        """All users of a crowd as CSV, of one generation. The first page is read before this returns."""
        book = Book.open(self._stores)
        rule = book.rule_of(name)
        pages = self._pages(rule, book.versions, self._stores.crowd_users.newest().number)
        first = next(pages)

        def lines() -> Iterator[str]:
            yield _csv([("user_no", "user_id")])
            yield _csv(first)
            for page in pages:
                yield _csv(page)

        return lines()

    def _pages(self, rule: Rule, versions: dict[str, int], generation: int) -> Iterator[list[tuple[int, str]]]:
        until = time.monotonic() + EXPORT_SECONDS
        after = 0
        while True:
            page = list(self._stores.crowd_users.members(rule, versions, generation, after, EXPORT_PAGE))
            yield page
            if len(page) < EXPORT_PAGE:
                return
            if time.monotonic() > until:
                # The answer ends without its last chunk, which every client takes for a failure.
                raise TimeoutError(f"the export took longer than {EXPORT_SECONDS} s")
            after = page[-1][0]


def _csv(rows: list[tuple[Any, str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def require_ownership(saved: SavedCrowd) -> None:
    """Raises ApiError unless who asks may change the crowd."""
    if not changes(saved.owner):
        message = f"The crowd {saved.name} is {saved.owner or 'nobody'}'s: its owner, approvers and admins change it"
        raise ApiError(403, "not_owner", message)


def _names_in(written: Any) -> frozenset[str]:
    """The crowds that a stored rule names, read from its JSON: that rule may no longer fit the tags."""
    if isinstance(written, list):
        return frozenset().union(*map(_names_in, written))
    if isinstance(written, dict):
        named = {written["crowd"]} if isinstance(written.get("crowd"), str) else set()
        return frozenset(named).union(*(_names_in(written[kind]) for kind in ("all", "any", "not") if kind in written))
    return frozenset()


def _used_by(book: Book, name: str) -> list[str]:
    return [other for other, saved in book.crowds.items() if other != name and name in _names_in(saved.rule)]


def _summary(book: Book, saved: SavedCrowd) -> dict[str, Any]:
    words, problem = None, None
    try:
        rule = book.read(saved.rule)
        words = book.sentence(rule)
        if crowds_in(rule):
            book.expanded(rule, (saved.name,))
    except CrowdProblems as error:
        problem = str(error)
    return {
        "name": saved.name,
        "title": saved.title,
        "revision": saved.revision,
        "owner": saved.owner,
        "changeable": changes(saved.owner),
        "sentence": words,
        "problem": problem,
        "fingerprint": saved.fingerprint,
        "updated_at": iso(saved.updated_at_ms),
    }


def _detail(book: Book, saved: SavedCrowd) -> CrowdDetail:
    return CrowdDetail(
        **_summary(book, saved),
        rule=saved.rule,
        created_at=iso(saved.created_at_ms),
        used_by=_used_by(book, saved.name),
    )


def _tagged(crowd: CrowdDetail, status: int = 200) -> Response:
    response = reply(crowd, status)
    response.headers["ETag"] = f'"{crowd.revision}"'
    return response


def blueprint(stores: Stores) -> APIBlueprint:
    """The routes of crowds."""
    routes = noun("crowds")
    routes.before_request(require_json)
    crowds = Crowds(stores)

    @routes.post("/estimate", responses=documented({200: Estimate}, 400, 413, 415, 503))
    @requires(Role.VIEWER, audited=False)
    def estimate_crowd(body: RuleIn) -> Response:
        """How many users a rule takes, and what it says"""
        return reply(crowds.estimate(body.rule))

    @routes.get("", responses=documented({200: CrowdList}, 503))
    @requires(Role.VIEWER)
    def list_crowds() -> Response:
        """All saved crowds"""
        return reply(crowds.list())

    @routes.post("", responses=documented({201: CrowdDetail}, 400, 409, 413, 415, 503))
    @requires(Role.EDITOR)
    def create_crowd(body: CrowdIn) -> Response:
        """Save a crowd"""
        note(f"{body.name}: {body.title}")
        return _tagged(crowds.put(body.name, body, None), 201)

    @routes.get("/<name>", responses=documented({200: CrowdDetail}, 404, 503))
    @requires(Role.VIEWER)
    def read_crowd(path: CrowdPath) -> Response:
        """One crowd with its rule"""
        return _tagged(crowds.detail(path.name))

    @routes.put("/<name>", responses=documented({200: CrowdDetail}, 400, 404, 412, 413, 415, 428, 503))
    @requires(Role.EDITOR)
    def change_crowd(path: CrowdPath, body: CrowdChange) -> Response:
        """Give a crowd another title and rule; If-Match names the revision that was read"""
        note(body.title)
        return _tagged(crowds.put(path.name, body, revision_read("crowd")))

    @routes.delete("/<name>", responses=documented({204: _NO_CONTENT}, 404, 409, 412, 428, 503))
    @requires(Role.EDITOR)
    def remove_crowd(path: CrowdPath) -> Response:
        """Remove a crowd; If-Match names the revision that was read"""
        crowds.remove(path.name, revision_read("crowd"))
        return Response(status=204)

    @routes.get("/<name>/members", responses=documented({200: CrowdMembers}, 404, 503))
    @requires(Role.VIEWER)
    def list_crowd_members(path: CrowdPath, query: PageQuery) -> Response:
        """The users of a crowd, page by page"""
        return reply(crowds.members(path.name, query))

    @routes.get("/<name>/export", responses=documented({200: _CSV}, 404, 503))
    @requires(Role.EDITOR)
    def export_crowd(path: CrowdPath) -> Response:
        """All users of a crowd as CSV, as they are at one moment"""
        response = Response(crowds.export(path.name), mimetype="text/csv")
        response.headers["Content-Disposition"] = f'attachment; filename="{path.name}.csv"'
        return response

    return routes
