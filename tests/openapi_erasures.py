"""What is asked of the routes of erasures: (operation, status, path, method, request, what comes before)."""

from __future__ import annotations

from collections.abc import Callable

from tagging.erasure import Erasure, Step, StepState
from tests.fakes.api_stores import AT_MS, World
from tests.openapi_publishing import Before, Given

USER, ERASURES = "/api/v1/users/u1", "/api/v1/erasures"
ID = "e" * 32


def erased(world: World) -> None:
    """A user whose erasure is under way."""
    subject = world.erasures.subject_of("u1").hex()
    step = Step("profiles", StepState.DONE, 3, AT_MS, None, "the bytes go at the next major compaction")
    world.erasures.rows[ID] = Erasure(ID, subject, "u1", "ann", AT_MS).noting(step)


def _fails(world: World) -> None:
    erased(world)
    world.erasures.fail()


def _raises(method: str) -> Before:
    def before(world: World) -> None:
        broken: Callable[..., object] = lambda *given: 1 / 0  # noqa: E731
        setattr(world.erasures, method, broken)

    return before


def _nothing(world: World) -> None:
    """As the stores are."""


ERASURES_ASKED: list[Given] = [
    ("erase_user", 202, USER, "DELETE", {}, _nothing),
    ("erase_user", 422, f"/api/v1/users/{'x' * 129}", "DELETE", {}, _nothing),
    ("erase_user", 500, USER, "DELETE", {}, _raises("ask")),
    ("erase_user", 503, USER, "DELETE", {}, _fails),
    ("list_erasures", 200, ERASURES, "GET", {}, erased),
    ("list_erasures", 422, f"{ERASURES}?limit=0", "GET", {}, _nothing),
    ("list_erasures", 500, ERASURES, "GET", {}, _raises("page")),
    ("list_erasures", 503, ERASURES, "GET", {}, _fails),
    ("read_erasure", 200, f"{ERASURES}/{ID}", "GET", {}, erased),
    ("read_erasure", 404, f"{ERASURES}/{ID}", "GET", {}, _nothing),
    ("read_erasure", 422, f"{ERASURES}/NO", "GET", {}, _nothing),
    ("read_erasure", 500, f"{ERASURES}/{ID}", "GET", {}, _raises("read")),
    ("read_erasure", 503, f"{ERASURES}/{ID}", "GET", {}, _fails),
    ("list_user_events", 404, f"{USER}/events", "GET", {}, erased),
]
