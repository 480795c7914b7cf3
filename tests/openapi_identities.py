"""What is asked of the routes of merges: (operation, status, path, method, request, what comes before)."""

from __future__ import annotations

from tagging.identity import Merge
from tests.fakes.api_stores import AT_MS, World
from tests.openapi_erasures import erased
from tests.openapi_publishing import Before, Given

USER = "/api/v1/users/u1"
MERGES = f"{USER}/merges"
ID = "d" * 32
BODY = {"into": "u3", "reason": "the same phone"}


def merged(world: World) -> None:
    """u1 is merged into u3."""
    world.identities.merge(Merge(ID, "u1", "u3", "the same phone", "ann", AT_MS))


def _fails(world: World) -> None:
    world.identities.fail()


def _raises(method: str) -> Before:
    return lambda world: setattr(world.identities, method, lambda *given: 1 / 0)


def _nothing(world: World) -> None:
    """As the stores are."""


IDENTITIES_ASKED: list[Given] = [
    ("erase_user", 409, USER, "DELETE", {}, merged),
    ("list_merges", 200, MERGES, "GET", {}, merged),
    ("list_merges", 404, MERGES, "GET", {}, erased),
    ("list_merges", 422, f"/api/v1/users/{'x' * 129}/merges", "GET", {}, _nothing),
    ("list_merges", 500, MERGES, "GET", {}, _raises("merges")),
    ("list_merges", 503, MERGES, "GET", {}, _fails),
    ("merge_user", 201, MERGES, "POST", {"json": BODY}, _nothing),
    ("merge_user", 400, MERGES, "POST", {"data": "{", "content_type": "application/json"}, _nothing),
    ("merge_user", 404, "/api/v1/users/u%0A1/merges", "POST", {"json": BODY}, _nothing),
    ("merge_user", 409, MERGES, "POST", {"json": BODY}, merged),
    ("merge_user", 413, MERGES, "POST", {"json": BODY | {"x": "x" * 20_000}}, _nothing),
    ("merge_user", 415, MERGES, "POST", {"data": "{}"}, _nothing),
    ("merge_user", 422, MERGES, "POST", {"json": {"into": ""}}, _nothing),
    ("merge_user", 500, MERGES, "POST", {"json": BODY}, _raises("merge")),
    ("merge_user", 503, MERGES, "POST", {"json": BODY}, _fails),
    ("read_merge", 200, f"{MERGES}/{ID}", "GET", {}, merged),
    ("read_merge", 404, f"{MERGES}/{ID}", "GET", {}, _nothing),
    ("read_merge", 422, f"{MERGES}/NO", "GET", {}, _nothing),
    ("read_merge", 500, f"{MERGES}/{ID}", "GET", {}, _raises("merges")),
    ("read_merge", 503, f"{MERGES}/{ID}", "GET", {}, _fails),
    ("unmerge_user", 200, f"{MERGES}/{ID}", "DELETE", {}, merged),
    ("unmerge_user", 404, f"{MERGES}/{ID}", "DELETE", {}, _nothing),
    ("unmerge_user", 422, f"{MERGES}/NO", "DELETE", {}, _nothing),
    ("unmerge_user", 500, f"{MERGES}/{ID}", "DELETE", {}, _raises("unmerge")),
    ("unmerge_user", 503, f"{MERGES}/{ID}", "DELETE", {}, _fails),
]
