"""The dashboard's built files: assets by hashed name for a year, the page itself never kept, deep links to the page."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.routing import PathConverter

from api.access.declared import public
from api.errors import ApiError
from api.wire import PAGE_POLICY

BUILT = Path(__file__).parent / "dashboard" / "dist"
_A_YEAR = "public, max-age=31536000, immutable"


class _PagePath(PathConverter):
    """Any path that is not the API's: a wrong method there must say 405, and an unknown route 404."""

    regex = r"(?!(?:api|metrics)(?:/|$))[^/].*?"


def blueprint(built: Path = BUILT) -> Blueprint:
    """The routes of the pages. Paths below /api and /metrics are never pages."""
    routes = Blueprint("dashboard", __name__)

    def file(name: str) -> Response:
        response = send_from_directory(built, name, conditional=True)
        # Small files, read at once so that they can be compressed.
        response.direct_passthrough = False
        response.make_sequence()
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        response.headers["Cache-Control"] = _A_YEAR if name.startswith("assets/") else "no-cache"
        return response

    # The converter is the application's: it is added before the rules that name it.
    routes.record_once(lambda setup: setup.app.url_map.converters.update(page=_PagePath))

    @routes.get("/", defaults={"path": ""})
    @routes.get("/<page:path>")
    @public
    def page(path: str) -> Response:
        if path and (built / path).is_file():
            return file(path)
        if path.startswith("assets/"):
            raise NotFound
        if not (built / "index.html").is_file():
            raise ApiError(
                404, "dashboard_not_built", "The dashboard is not built: run `npm run build` in api/dashboard"
            )
        return file("index.html")

    return routes
