"""What is asked of the routes that publish tags: (operation, status, path, method, request, what comes before)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from stores.registry.previews import MOST_WAITING, Preview
from tagging import lifecycle
from tagging.lifecycle import Policy, Tag
from tests.fakes.api_stores import AT_MS, World

Before = Callable[[World], Any]
Given = tuple[str, int, str, str, dict[str, Any], Before]
TAGS, PREVIEWS = "/api/v1/tags", "/api/v1/tag-previews"
HEADER = "-- name: {}\n-- title: T\n-- description: D\n-- type: integer\n-- dimension: risk\n-- owner: ann\n\n"
SELECT = "SELECT user_id, COUNT(*) AS value\nFROM events\n{}GROUP BY user_id\n"
HEAT = {"text": HEADER.format("heat") + SELECT.format("")}
WARM = {"text": HEADER.format("heat") + SELECT.format("WHERE item_id <> ''\n")}
ID = "a" * 32
RESULT = {
    "tag": "heat",
    "type": "integer",
    "live_version": 1,
    "users_total": 10,
    "sampled_share": 0.5,
    "users": 3,
    "live_users": 2,
    "gained": 2,
    "lost": 1,
    "changed": 0,
    "gained_examples": ["u1", "u2"],
    "lost_examples": ["u3"],
    "values": [{"value": 1, "users": 3, "live_users": 2}],
    "values_left_out": 0,
    "bins": [{"low": 1, "high": 1, "users": 3, "live_users": 2}],
    "rows_read": 100,
    "seconds": 2.5,
    "state": [{"relation": "events", "rows": 9, "bytes": 90}],
}


def _json(body: Any) -> dict[str, Any]:
    return {"data": json.dumps(body), "content_type": "application/json"}


def _nothing(world: World) -> None:
    return None


def _known(world: World) -> None:
    """`heat`: version 1 retired, 2 live, 3 a draft."""
    policy, tag = Policy(), Tag("heat", "ann", "risk")
    for number, text in enumerate((HEAT["text"], WARM["text"], HEAT["text"]), 1):
        tag = lifecycle.add(tag, text, "ann", AT_MS)
        if number < 3:
            tag = lifecycle.ready(lifecycle.build(tag, number, AT_MS, policy), number, AT_MS)
            tag = lifecycle.switch(tag, number, AT_MS)
    world.publishing.versions.save(tag, [])


def _retired(world: World) -> None:
    _known(world)
    versions = world.publishing.versions
    versions.save(lifecycle.retire(versions.tag("heat"), 2, AT_MS), [])


def _never_live(world: World) -> None:
    world.publishing.versions.save(lifecycle.add(Tag("heat", "ann", "risk"), HEAT["text"], "ann", AT_MS), [])


def _away(world: World) -> None:
    world.publishing.versions.away = world.publishing.previews.away = True


def _raises(store: str, method: str) -> Before:
    return lambda world: setattr(getattr(world.publishing, store), method, lambda *given: 1 / 0)


def _asked(world: World) -> None:
    world.publishing.previews.ask(Preview(ID, HEAT["text"], "ann", AT_MS))


def _done(world: World) -> None:
    _asked(world)
    previews = world.publishing.previews
    previews.finish(previews.take(AT_MS, 1), AT_MS, RESULT)


def _twice(world: World) -> None:
    """A preview under the id that the key `k` of `local` has."""
    from api.preconditions import fingerprint

    previews = world.publishing.previews
    previews.ask(Preview(fingerprint("preview", "local", "k"), HEAT["text"], "local", AT_MS))
    previews.finish(previews.take(AT_MS, 1), AT_MS, RESULT)


def _crowded(world: World) -> None:
    for number in range(MOST_WAITING):
        world.publishing.previews.ask(Preview(str(number), HEAT["text"], "ann", AT_MS))


def _texts(name: str, path: str, raises: Before, headers: dict[str, str]) -> Iterator[Given]:
    given = {"headers": headers}
    yield name, 400, path, "POST", given | {"data": "{", "content_type": "application/json"}, _known
    yield name, 413, path, "POST", given | _json({"text": "x" * 20_000}), _known
    yield name, 415, path, "POST", given | {"data": "{}"}, _known
    yield name, 422, path, "POST", given | _json({"text": 1}), _known
    yield name, 500, path, "POST", given | _json(HEAT), raises
    yield name, 503, path, "POST", given | _json(HEAT), _away


def _of_tag(name: str, path: str, wrong: str, conflict: tuple[str, Before], method: str = "GET") -> Iterator[Given]:
    yield name, 200, path, method, {}, _known
    yield name, 404, path, method, {}, _nothing
    yield name, 409, conflict[0], method, {}, conflict[1]
    yield name, 422, wrong, method, {}, _known
    yield name, 500, path, method, {}, _raises("versions", "tag")
    yield name, 503, path, method, {}, _away


def _all() -> Iterator[Given]:
    heat, none = f"{TAGS}/heat", f"{TAGS}/NO"
    unregistered = f"{TAGS}/spend"
    broken = _raises("versions", "tag")
    yield "create_tag", 201, TAGS, "POST", _json(HEAT), _nothing
    yield "create_tag", 409, TAGS, "POST", _json(HEAT), _known
    yield from _texts("create_tag", TAGS, broken, {})
    yield "validate_tag", 200, f"{TAGS}/validate", "POST", _json(HEAT), _nothing
    yield from _texts("validate_tag", f"{TAGS}/validate", broken, {})
    at = {"If-Match": '"1"'}
    yield "create_version", 201, f"{heat}/versions", "POST", {"headers": at} | _json(WARM), _known
    yield "create_version", 404, f"{heat}/versions", "POST", {"headers": at} | _json(WARM), _nothing
    yield "create_version", 409, f"{heat}/versions", "POST", {"headers": at} | _json(HEAT), _known
    yield "create_version", 412, f"{heat}/versions", "POST", {"headers": {"If-Match": '"9"'}} | _json(WARM), _known
    yield "create_version", 428, f"{heat}/versions", "POST", _json(WARM), _known
    yield from _texts("create_version", f"{heat}/versions", broken, at)
    for name, path, query in (
        ("list_versions", "versions", "?limit=0"),
        ("diff_versions", "versions/diff?from=1&to=2", ""),
        ("read_progress", "versions/2/progress", ""),
        ("read_impact", "impact", ""),
    ):
        wrong = f"{heat}/{path}{query}" if query else f"{none}/{path}"
        # Of a built-in tag that nobody has registered these two say that there is nothing.
        known = name in ("list_versions", "read_impact")
        found = _of_tag(name, f"{heat}/{path}", wrong, (f"{unregistered}/{path}", _nothing))
        yield from (given for given in found if not (known and given[1] == 409))
    for name, path in (("approve_version", "approve"), ("build_version", "build")):
        refused = (f"{heat}/versions/2/{path}", _known)
        found = _of_tag(name, f"{heat}/versions/3/{path}", f"{none}/versions/3/{path}", refused, "POST")
        # Nobody approves what they wrote.
        yield from ((*given[:4], {"headers": {"X-Actor": "bob"}}, given[5]) for given in found)
    yield from _of_tag(
        "roll_back_tag", f"{heat}/rollback", f"{none}/rollback", (f"{heat}/rollback", _never_live), "POST"
    )
    yield from _of_tag("retire_tag", f"{heat}/retire", f"{none}/retire", (f"{heat}/retire", _retired), "POST")
    yield "list_open_versions", 200, "/api/v1/tag-versions", "GET", {}, _known
    yield "list_open_versions", 422, "/api/v1/tag-versions?status=gone", "GET", {}, _known
    yield "list_open_versions", 500, "/api/v1/tag-versions", "GET", {}, _raises("versions", "tags")
    yield "list_open_versions", 503, "/api/v1/tag-versions", "GET", {}, _away
    yield "ask_preview", 202, PREVIEWS, "POST", _json(HEAT), _nothing
    yield "ask_preview", 200, PREVIEWS, "POST", {"headers": {"Idempotency-Key": "k"}} | _json(HEAT), _twice
    yield "ask_preview", 409, PREVIEWS, "POST", _json(HEAT), _crowded
    yield from _texts("ask_preview", PREVIEWS, _raises("previews", "ask"), {})
    yield "read_preview", 200, f"{PREVIEWS}/{ID}", "GET", {}, _done
    yield "read_preview", 202, f"{PREVIEWS}/{ID}", "GET", {}, _asked
    yield "read_preview", 404, f"{PREVIEWS}/{ID}", "GET", {}, _nothing
    yield "read_preview", 422, f"{PREVIEWS}/NO", "GET", {}, _nothing
    yield "read_preview", 500, f"{PREVIEWS}/{ID}", "GET", {}, _raises("previews", "read")
    yield "read_preview", 503, f"{PREVIEWS}/{ID}", "GET", {}, _away


PUBLISHING = list(_all())
