"""Access as the application has it: open to everyone on this machine, or for users and API keys."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import OpenAPI

from api.access import guard, managing, oidc, session
from api.access.documented import describe
from api.access.identity import Identity
from api.access.throttle import Throttle
from api.times import Clock
from stores.access.accounts import Accounts
from stores.access.ports import Access
from stores.settings import Settings


class Door:
    """What lets requests in. `register` comes before the routes of others, so that its hooks run first."""

    def __init__(self, settings: Settings, store: Access, clock: Clock) -> None:
        self._settings = settings
        self._accounts = Accounts(store, clock)
        self._clock = clock
        self._throttle = Throttle(settings.api)
        self._identity = Identity(self._accounts, settings.api, self._throttle)

    @property
    def _open(self) -> bool:
        return self._settings.api.access == "open"

    def register(self, app: OpenAPI) -> None:
        """Guard `app`, and serve signing in. Raises OpenToTheWorld."""
        api = self._settings.api
        if self._open:
            guard.register_open(app, api)
            app.register_api(session.open_blueprint(api))
            return
        guard.register_required(app, api, self._accounts, self._identity, self._throttle, self._clock)
        app.register_api(session.blueprint(api, self._accounts, self._identity, self._throttle))
        app.register_api(managing.blueprint(self._accounts))
        if api.oidc.issuer:
            app.register_api(oidc.blueprint(api, self._accounts, self._identity, self._throttle))

    def describe(self, document: dict[str, Any], app: OpenAPI) -> dict[str, Any]:
        """The OpenAPI document with what access asks of a request."""
        return document if self._open else describe(document, app, self._identity.cookie)
