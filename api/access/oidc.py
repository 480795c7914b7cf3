"""Signing in by an identity provider: to it and back, each one visit of the browser."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from flask import Response, redirect, request
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from api.access.declared import public
from api.access.identity import Identity
from api.access.provider import Begun, NotVouchedFor, Provider
from api.access.session import caller
from api.access.throttle import Throttle
from api.documented import documented, noun
from stores import logs
from stores.access.accounts import Accounts
from stores.access.credentials import new_token, same
from stores.settings import Api
from tagging.accounts import AccessRefused

COOKIE = "tagstream_oidc"
PATH = "/api/v1/session/oidc"
SECONDS = 600
_ELSEWHERE = {"description": "The browser goes on elsewhere"}
log = logs.get("api.oidc")


class CallbackQuery(BaseModel):
    """What the provider sends back."""

    code: str = Field("", max_length=4_000)
    state: str = Field("", max_length=200)
    error: str = Field("", max_length=200)


def blueprint(api: Api, accounts: Accounts, identity: Identity, throttle: Throttle) -> APIBlueprint:
    """The two routes."""
    routes = noun("session")
    routes.name = "oidc"
    provider = Provider(api.oidc)

    def begun() -> Begun | None:
        kept = request.cookies.get(COOKIE, "").split(".")
        return Begun(*kept) if len(kept) == 3 else None

    @routes.get("/oidc", responses=documented({302: _ELSEWHERE}, 429, 503))
    @public
    def begin_sign_in() -> Response:
        """Go to the identity provider"""
        throttle.admit_login(request.remote_addr or "")
        new = Begun(new_token(), new_token(), secrets.token_urlsafe(64))
        response = redirect(provider.address(new))
        kept = f"{new.state}.{new.nonce}.{new.verifier}"
        # What binds the answer to this browser. It vouches for nothing by itself, so that it need not be signed.
        response.set_cookie(
            COOKIE, kept, max_age=SECONDS, path=PATH, secure=api.cookie_secure, httponly=True, samesite="Lax"
        )
        return response

    @routes.get("/oidc/callback", responses=documented({302: _ELSEWHERE}, 429, 503))
    @public
    def finish_sign_in(query: CallbackQuery) -> Response:
        """Come back from the identity provider, signed in or with the reason why not"""
        client = request.remote_addr or ""
        throttle.admit_login(client)
        known = begun()
        if known is None or not same(query.state, known.state):
            return failed(client, "oidc_expired", "the answer belongs to no sign-in of this browser")
        if query.error or not query.code:
            return failed(client, "oidc_refused", query.error or "no code")
        try:
            claims = provider.claims(query.code, known)
            subject = f"{api.oidc.issuer}|{claims['sub']}"
            name = str(claims.get(api.oidc.name_claim, "")).lower()
            user = accounts.login_by_subject(caller(), subject, name, api.oidc.default_role)
        except NotVouchedFor as error:
            return failed(client, "oidc_refused", str(error))
        except AccessRefused as error:
            return failed(client, error.code, str(error))
        token, session = accounts.open_session(caller(user.name, user.role), user, api.session_hours)
        return forgetting(identity.keep(redirect("/"), token, session))

    def failed(client: str, code: str, reason: str) -> Response:
        throttle.wrong_login(client)
        log.warning("sign_in_refused", code=code, reason=reason)
        return forgetting(redirect(f"/login?{urlencode({'problem': code})}"))

    def forgetting(response: Response) -> Response:
        response.delete_cookie(COOKIE, path=PATH, secure=api.cookie_secure, httponly=True, samesite="Lax")
        return response

    return routes
