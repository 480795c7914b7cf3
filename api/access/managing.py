"""Users, API keys and the audit log, for admins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response, request
from flask_openapi3 import APIBlueprint

from api import cursor
from api.access.actor import by
from api.access.declared import requires
from api.access.models import (
    AuditPage,
    AuditQuery,
    KeyIn,
    KeyList,
    KeyMade,
    KeyPath,
    UserChange,
    UserIn,
    UserList,
    UserOut,
    UserPath,
    key_out,
    line_out,
    user_out,
)
from api.documented import documented, noun
from api.errors import ApiError, invalid
from api.times import parse_iso
from api.wire import reply
from stores.access.accounts import Accounts
from tagging.access import Role
from tagging.accounts import AccessRefused, DeedFilter

_STATUS = {"user_not_found": 404, "key_not_found": 404, "user_exists": 409, "last_admin": 409}
_REVOKED = {"description": "Revoked"}


@contextmanager
def refusals() -> Iterator[None]:
    """What is not done to accounts, as an answer."""
    try:
        yield
    except AccessRefused as error:
        status = _STATUS.get(error.code, 422)
        message = str(error)
        raise ApiError(status, error.code, message[:1].upper() + message[1:]) from error


def _time(name: str, given: str | None) -> int | None:
    if given is None:
        return None
    try:
        return parse_iso(given)
    except ValueError as error:
        allowed = "ISO 8601 with a zone, such as 2026-01-31T09:30:00Z"
        raise invalid(name, "is not a time", got=given, allowed=allowed) from error


def _require_json() -> None:
    # The library would take a body that is no JSON for an empty one.
    if request.method in ("POST", "PUT"):
        request.get_json()


def blueprint(accounts: Accounts) -> APIBlueprint:
    """The routes that manage access. What they change is recorded with the change, in one transaction."""
    routes = noun("access")
    routes.before_request(_require_json)

    @routes.get("/users", responses=documented({200: UserList}, 503))
    @requires(Role.ADMIN)
    def list_accounts() -> Response:
        """All users who may sign in"""
        return reply(UserList(items=[user_out(user) for user in accounts.store.users()]))

    @routes.post("/users", responses=documented({201: UserOut}, 400, 409, 413, 415, 503))
    @requires(Role.ADMIN, audited=False)
    def add_account(body: UserIn) -> Response:
        """Add a user who signs in with a password"""
        with refusals():
            return reply(user_out(accounts.add_user(by(), body.name, Role(body.role), body.password)), 201)

    @routes.put("/users/<name>", responses=documented({200: UserOut}, 400, 404, 409, 413, 415, 503))
    @requires(Role.ADMIN, audited=False)
    def change_account(path: UserPath, body: UserChange) -> Response:
        """Give a user another role or password, or shut the user out

        Another password, and shutting out, end the user's sessions; another role counts from the next request on.
        """
        role = Role(body.role) if body.role else None
        with refusals():
            return reply(user_out(accounts.change_user(by(), path.name, role, body.disabled, body.password)))

    @routes.get("/keys", responses=documented({200: KeyList}, 503))
    @requires(Role.ADMIN)
    def list_keys() -> Response:
        """All API keys, without their secrets"""
        return reply(KeyList(items=[key_out(key) for key in accounts.store.all_keys()]))

    @routes.post("/keys", responses=documented({201: KeyMade}, 400, 413, 415, 503))
    @requires(Role.ADMIN, audited=False)
    def add_key(body: KeyIn) -> Response:
        """Make an API key; the answer alone has the whole of it"""
        with refusals():
            key, whole = accounts.add_key(by(), body.name, body.role, body.expires_in_days)
        return reply(KeyMade(**key_out(key).model_dump(), key=whole), 201)

    @routes.delete("/keys/<prefix>", responses=documented({204: _REVOKED}, 404, 503))
    @requires(Role.ADMIN, audited=False)
    def revoke_key(path: KeyPath) -> Response:
        """Make an API key open nothing, from the next request on"""
        with refusals():
            accounts.revoke_key(by(), path.prefix)
        return Response(status=204)

    @routes.get("/audit", responses=documented({200: AuditPage}, 503))
    @requires(Role.ADMIN)
    def list_audit(query: AuditQuery) -> Response:
        """Who did what, the newest first: changes, refusals, sign-ins"""
        since, until = _time("since", query.since), _time("until", query.until)
        wanted = DeedFilter(query.actor, query.what, query.subject, since, until)
        before = cursor.decode_number(query.cursor) or None
        found = accounts.store.deeds(wanted, before, query.limit + 1)
        items = [line_out(deed) for deed in found[: query.limit]]
        return reply(AuditPage(items=items, next=cursor.encode(items[-1].id) if len(found) > query.limit else None))

    return routes
