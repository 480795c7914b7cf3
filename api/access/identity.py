"""Who a request says it is from: an API key in Authorization, or a session's cookie."""

from __future__ import annotations

from flask import Response, request

from api.access.actor import Actor
from api.access.throttle import Throttle
from api.errors import ApiError
from stores.access.accounts import Accounts
from stores.access.credentials import csrf_token, same
from stores.settings import Api
from tagging.accounts import Session, User

CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Identity:
    """Reads and writes what proves who somebody is."""

    def __init__(self, accounts: Accounts, api: Api, throttle: Throttle) -> None:
        self._accounts = accounts
        self._api = api
        self._throttle = throttle
        # A browser takes the name with this mark only for a cookie of one host, by https, for the whole of it.
        self.cookie = "__Host-tagstream" if api.cookie_secure else "tagstream"

    def find(self) -> Actor | None:
        """Who asks; None for a request that doesn't say. Raises ApiError for one that says so wrongly."""
        header = request.headers.get("Authorization")
        token = request.cookies.get(self.cookie)
        if header is None and not token:
            return None
        actor = self._by_key(header) if header is not None else self._by_session(token or "")
        if actor is None:
            self._throttle.wrong_proof(request.remote_addr or "")
            if header is not None:
                raise signed_out("key_refused", "This API key opens nothing: it is wrong, expired, or was revoked")
            raise signed_out("session_ended", "This session has ended; sign in again")
        return actor

    def _by_key(self, header: str) -> Actor | None:
        scheme, _, key = header.partition(" ")
        found = self._accounts.key_of(key.strip()) if scheme.lower() == "bearer" else None
        return found and Actor(f"key:{found.name}", found.role, "key", expires_at_ms=found.expires_at_ms)

    def _by_session(self, token: str) -> Actor | None:
        found = self._accounts.user_of(token)
        if found is None:
            return None
        return self.of(token, *found)

    def of(self, token: str, session: Session, user: User) -> Actor:
        """A session's user."""
        return Actor(user.name, user.role, "user", csrf_token(token), session.expires_at_ms)

    def find_or_none(self) -> Actor | None:
        """The same for a route that is for everyone: who says wrongly who they are is nobody."""
        try:
            return self.find()
        except ApiError as error:
            if error.status != 401:
                raise
            return None

    def require_own_page(self, actor: Actor) -> None:
        """A browser sends its cookie with other sites' requests too: a change must carry what only our page can read."""
        if actor.csrf_token is None or request.method in _SAFE:
            return
        if not same(request.headers.get(CSRF_HEADER, ""), actor.csrf_token):
            message = f"Send the session's csrf_token in {CSRF_HEADER}; GET /api/v1/session has it"
            raise ApiError(403, "csrf_token_wrong", message)

    def keep(self, response: Response, token: str, session: Session) -> Response:
        """Hand a session to the browser."""
        seconds = (session.expires_at_ms - session.created_at_ms) // 1000
        response.set_cookie(
            self.cookie, token, max_age=seconds, secure=self._api.cookie_secure, httponly=True, samesite="Lax"
        )
        return response

    def forget(self, response: Response) -> Response:
        """Take it back."""
        response.delete_cookie(self.cookie, secure=self._api.cookie_secure, httponly=True, samesite="Lax")
        return response

    def token(self) -> str | None:
        """The session's token as the browser sent it."""
        return request.cookies.get(self.cookie)


def signed_out(code: str, message: str) -> ApiError:
    """Somebody must say who they are first."""
    return ApiError(401, code, message, headers={"WWW-Authenticate": 'Bearer realm="tagstream"'})
