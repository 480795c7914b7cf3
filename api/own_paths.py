"""A path that is written out is never read as a name: /crowds/estimate takes what it is made for, and is no crowd."""

from __future__ import annotations

from functools import cache

from flask import Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed


def register(app: Flask) -> None:
    """Answer 405, and what is allowed, for a method that only a path with a name in this place would take."""

    @cache
    def methods() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for rule in app.url_map.iter_rules():
            if not rule.arguments and rule.rule.startswith("/api/"):
                found.setdefault(rule.rule, set()).update(rule.methods or ())
        return found

    @app.before_request
    def keep_to_its_own() -> Response | None:
        own = methods().get(request.path)
        if own is None:
            return None
        if request.method == "OPTIONS":
            response = app.make_response("")
            response.allow.update(sorted(own))
            return response
        if request.method not in own:
            raise MethodNotAllowed(sorted(own))
        return None
