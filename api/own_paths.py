"""A path that is written out is never read as a name: /crowds/estimate takes what it is made for, and is no crowd.

Nor is one that goes on below a name: DELETE /users/u1/events does not erase a user who is called `u1/events`.
"""

from __future__ import annotations

from functools import cache

from flask import Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

_USERS = "/api/v1/users/"


def register(app: Flask) -> None:
    """Answer 405, and what is allowed, for a method that only a path with a name in this place would take."""

    @cache
    def methods() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for rule in app.url_map.iter_rules():
            if not rule.arguments and rule.rule.startswith("/api/"):
                found.setdefault(rule.rule, set()).update(rule.methods or ())
        return found

    @cache
    def methods_of(rule: str) -> set[str]:
        return {method for each in app.url_map.iter_rules() if each.rule == rule for method in each.methods or ()}

    def below_a_name() -> set[str] | None:
        """What a path takes that is read as one below a name; only users' names hold slashes, and only they are deleted."""
        if request.method not in ("DELETE", "OPTIONS") or not request.path.startswith(_USERS):
            return None
        try:
            rule, _ = app.url_map.bind_to_environ(request.environ).match(method="GET", return_rule=True)
        except (NotFound, MethodNotAllowed, RequestRedirect):
            return None
        return methods_of(rule.rule)

    @app.before_request
    def keep_to_its_own() -> Response | None:
        own = methods().get(request.path) or below_a_name()
        if own is None:
            return None
        if request.method == "OPTIONS":
            response = app.make_response("")
            response.allow.update(sorted(own))
            return response
        if request.method not in own:
            raise MethodNotAllowed(sorted(own))
        return None
