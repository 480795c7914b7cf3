"""Signing in with a password, who is signed in, and signing out."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response, g, request
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.access.actor import LOCAL, NOBODY, Actor, by, current_actor
from api.access.declared import public, requires
from api.access.identity import Identity, signed_out
from api.access.managing import refusals
from api.access.throttle import Throttle
from api.documented import Iso, documented, noun
from api.errors import ApiError
from api.times import iso_or_none
from api.wire import reply
from stores.access.accounts import Accounts, By
from stores.settings import Api
from tagging.access import MAX_PASSWORD, MIN_PASSWORD, Role

NOTHING = {"description": "Signed out"}
CHANGED = {"description": "Changed; sign in again"}


class LoginIn(BaseModel):
    """Who signs in."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=63)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD)]


class PasswordIn(BaseModel):
    """Another password for whoever is signed in."""

    model_config = ConfigDict(extra="forbid")

    old_password: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD)]
    new_password: Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]


class ActorOut(BaseModel):
    """A user, an API key, or everyone while access is open."""

    name: str
    role: Role
    kind: Literal["local", "user", "key"]
    csrf_token: str | None = Field(description="For X-CSRF-Token with every change that a session's cookie comes with")
    expires_at: Iso | None


class Provider(BaseModel):
    """An identity provider that people may sign in by."""

    title: str
    href: str = Field(description="Open this in the browser")


class SessionState(BaseModel):
    """Whether one must sign in, how, and who is signed in."""

    access: Literal["open", "required"]
    actor: ActorOut | None = Field(description="null before signing in")
    provider: Provider | None
    passwords: bool = Field(description="One may sign in with a name and password")


def state(api: Api, actor: Actor | None) -> SessionState:
    """As the routes answer it."""
    out = actor and ActorOut(
        name=actor.name,
        role=actor.role,
        kind=actor.kind,
        csrf_token=actor.csrf_token,
        expires_at=iso_or_none(actor.expires_at_ms),
    )
    provider = Provider(title=api.oidc.title, href="/api/v1/session/oidc") if api.oidc.issuer else None
    shown = provider if api.access == "required" else None
    return SessionState(access=api.access, actor=out, provider=shown, passwords=api.passwords)


def open_blueprint(api: Api) -> APIBlueprint:
    """The route that says that nobody need sign in."""
    routes = noun("session")

    @routes.get("", responses=documented({200: SessionState}))
    @public
    def read_session() -> Response:
        """Who asks: while access is open, the local admin"""
        return reply(state(api, LOCAL))

    return routes


def blueprint(api: Api, accounts: Accounts, identity: Identity, throttle: Throttle) -> APIBlueprint:
    """The routes of signing in and out."""
    routes = noun("session")

    def require_json() -> None:
        if request.method in ("POST", "PUT"):
            request.get_json()

    routes.before_request(require_json)

    @routes.get("", responses=documented({200: SessionState}, 429, 503))
    @public
    def read_session() -> Response:
        """Who is signed in, and how one signs in"""
        actor = identity.find_or_none()
        return reply(state(api, actor))

    @routes.post("", responses=documented({200: SessionState}, 400, 401, 413, 415, 429, 503))
    @public
    def sign_in(body: LoginIn) -> Response:
        """Sign in with name and password; the answer sets the session's cookie"""
        if not api.passwords:
            raise signed_out("passwords_off", f"Here one signs in by {api.oidc.title}, at /api/v1/session/oidc")
        client = request.remote_addr or ""
        throttle.admit_login(client, body.name)
        user = accounts.login(caller(), body.name, body.password)
        if user is None:
            throttle.wrong_login(client, body.name)
            raise signed_out("login_refused", "Name or password is wrong, or the user is disabled")
        token, session = accounts.open_session(caller(user.name, user.role), user, api.session_hours)
        actor = identity.of(token, session, user)
        return identity.keep(reply(state(api, actor)), token, session)

    @routes.delete("", responses=documented({204: NOTHING}, 403, 429, 503))
    @public
    def sign_out() -> Response:
        """End this browser's session; nothing happens without one"""
        actor = identity.find_or_none()
        if actor is not None:
            identity.require_own_page(actor)
            token = identity.token()
            if actor.kind == "user" and token:
                accounts.close_session(caller(actor.name, actor.role), token)
        return identity.forget(Response(status=204))

    @routes.put("/password", responses=documented({204: CHANGED}, 400, 413, 415, 503))
    @requires(Role.VIEWER, audited=False)
    def change_password(body: PasswordIn) -> Response:
        """Give oneself another password; signs one out everywhere, here too"""
        client, actor = request.remote_addr or "", current_actor()
        throttle.admit_login(client, actor.name)
        if not api.passwords or actor.kind != "user" or accounts.login(by(), actor.name, body.old_password) is None:
            throttle.wrong_login(client, actor.name)
            raise ApiError(403, "password_refused", "This is not the password of whoever is signed in")
        with refusals():
            accounts.change_user(by(), actor.name, password=body.new_password)
        return identity.forget(Response(status=204))

    return routes


def caller(name: str = NOBODY, role: str = "") -> By:
    """Who signs in or out, and from where, for the audit log."""
    return By(name, role, g.get("request_id", ""), request.remote_addr or "")
