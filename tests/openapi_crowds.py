"""Requests for every documented answer about crowds over time: (operation, status, path, method, request, what to do before)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from stores import snapshots
from stores.snapshots import Snapshot, State, Taken
from tagging import bound_rules
from tagging.crowd_normal import fingerprint
from tagging.crowd_watches import MAX_WATCHES, Planned, Watch
from tagging.crowds import HasValue
from tagging.saved_crowds import SavedCrowd
from tagging.webhooks import MOST_OF_A_CROWD, Delivery, Hook
from tests.fakes.api_stores import AT_MS, World

VIP = "/api/v1/crowds/vip"
RULE = {"tag": "tier", "in": ["gold"]}
BOUND = bound_rules.bind(HasValue("tier", ("gold",)), {"tier": 1})
ONE, TWO = "1" * 32, "2" * 32
Before = Callable[[World], None]


def saved(world: World) -> None:
    """The crowd, which is watched; a snapshot of it that is done, one that waits, and one user who entered."""
    world.crowds.saved["vip"] = SavedCrowd("vip", "Best", RULE, fingerprint(BOUND.rule), 1, AT_MS, AT_MS, owner="local")
    wanted = Snapshot(ONE, "vip", 1, RULE, BOUND.text(), "local", AT_MS)
    users = world.crowd_times.users.keep(ONE, BOUND, 7)
    world.crowd_times.snapshots.held = {
        ONE: replace(wanted, state=State.DONE, taken=Taken(7, AT_MS, 29_833_333, users)),
        TWO: replace(wanted, id=TWO),
    }
    watch, ledger = Watch("w1", "vip", "local", AT_MS, tells_present=True), world.crowd_times.deltas.ledger
    ledger.members = lambda bound, generation: frozenset({2})
    planned = Planned(1, "a", 7, 1, 1, True, BOUND.text(), 1, 1, 0, 1, 0, AT_MS)
    ledger.plan(watch, planned, BOUND, 29_833_333, 9)
    ledger.agree(watch.id, 1, "a")
    world.crowd_times.watches.held["vip"] = replace(watch, planned=planned)
    hooks = world.crowd_times.hooks
    hooks.held[ONE] = Hook(ONE, "vip", "https://hooks.example.com/", "a secret", "local", AT_MS, "w1", 1)
    hooks.ended.append(Delivery(ONE, "w1", 1, 1, 1, True, "", AT_MS, 1))


def _full(world: World) -> None:
    saved(world)
    for number in range(snapshots.MOST_OF_A_CROWD):
        id = f"{number:032}"
        world.crowd_times.snapshots.held[id] = replace(world.crowd_times.snapshots.held[TWO], id=id)


def _late(world: World) -> None:
    saved(world)
    world.crowd_times.past.history.stored[:] = [
        replace(change, changed_at_ms=AT_MS + 1) for change in world.crowd_times.past.history.stored
    ]


def _by_events(world: World) -> None:
    saved(world)
    rule = {"behaviour": {"chart": "trends", "query": {"period": {"last_days": 7}}}}
    world.crowds.saved["vip"] = replace(world.crowds.saved["vip"], rule=rule)


def _breaking(part: str, method: str, statuses: tuple[int, int] = (500, 503)) -> list[tuple[int, Before]]:
    def broken(world: World) -> None:
        saved(world)
        setattr(getattr(world.crowd_times, part), method, lambda *given: 1 / 0)

    def away(world: World) -> None:
        saved(world)
        getattr(world.crowd_times, part).fail()

    return list(zip(statuses, (broken, away), strict=True))


def _asked(
    name: str, success: int, path: str, wrong: str, missing: str | None, store: tuple[str, str], method: str = "GET"
) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = [(name, success, path, method, {}, saved), (name, 422, wrong, method, {}, saved)]
    if missing:
        found.append((name, 404, missing, method, {}, lambda world: None))
    return [*found, *((name, status, path, method, {}, before) for status, before in _breaking(*store))]


_NO_HOOKS = "/api/v1/crowds/NO/hooks"
_SNAPSHOTS, _NO = f"{VIP}/snapshots", "/api/v1/crowds/NO/snapshots"
_KEY = {"headers": {"Idempotency-Key": "k"}}


def _done_by_key(world: World) -> None:
    from api.preconditions import fingerprint as key_of

    saved(world)
    id = key_of("snapshot", "vip", "local", "k")
    world.crowd_times.snapshots.held[id] = replace(world.crowd_times.snapshots.held[ONE], id=id)


_WATCH, _NO_WATCH = f"{VIP}/watch", "/api/v1/crowds/NO/watch"
_POLICY: dict[str, Any] = {"json": {"rest_seconds": 60}}


_HOOKS, _EXPORT = f"{VIP}/hooks", f"{VIP}/deltas/export"
_REPLAY = f"{_HOOKS}/{ONE}/replay"
_HOOK: dict[str, Any] = {"json": {"url": "https://hooks.example.com/", "secret": "a secret of both sides"}}


def _all_hooked(world: World) -> None:
    saved(world)
    held = world.crowd_times.hooks.held
    for number in range(MOST_OF_A_CROWD):
        id = f"{number:032x}"
        held[id] = replace(held[ONE], id=id)


def _all_watched(world: World) -> None:
    saved(world)
    held = world.crowd_times.watches.held
    del held["vip"]
    for number in range(MAX_WATCHES):
        held[f"c{number}"] = Watch(f"w{number}", f"c{number}", "ann", AT_MS)


CROWD_TIMES: list[tuple[Any, ...]] = [
    *_asked("ask_snapshot", 202, _SNAPSHOTS, _NO, _SNAPSHOTS, ("snapshots", "ask"), "POST"),
    ("ask_snapshot", 200, _SNAPSHOTS, "POST", _KEY, _done_by_key),
    ("ask_snapshot", 409, _SNAPSHOTS, "POST", {}, _full),
    *_asked("list_snapshots", 200, _SNAPSHOTS, _NO, _SNAPSHOTS, ("snapshots", "of")),
    *_asked(
        "read_snapshot", 200, f"{_SNAPSHOTS}/{ONE}", f"{_SNAPSHOTS}/x", f"{_SNAPSHOTS}/{ONE}", ("snapshots", "read")
    ),
    ("read_snapshot", 202, f"{_SNAPSHOTS}/{TWO}", "GET", {}, saved),
    *_asked(
        "list_snapshot_members",
        200,
        f"{_SNAPSHOTS}/{ONE}/members",
        f"{_SNAPSHOTS}/{ONE}/members?limit=0",
        f"{_SNAPSHOTS}/{ONE}/members",
        ("users", "members"),
    ),
    ("list_snapshot_members", 409, f"{_SNAPSHOTS}/{TWO}/members", "GET", {}, saved),
    *_asked(
        "compare_snapshots",
        200,
        f"{_SNAPSHOTS}/{ONE}/changes?since={ONE}",
        f"{_SNAPSHOTS}/{ONE}/changes",
        f"{_SNAPSHOTS}/{ONE}/changes?since={ONE}",
        ("users", "compare"),
    ),
    ("compare_snapshots", 409, f"{_SNAPSHOTS}/{TWO}/changes?since={ONE}", "GET", {}, saved),
    *_asked(
        "remove_snapshot",
        204,
        f"{_SNAPSHOTS}/{ONE}",
        f"{_SNAPSHOTS}/x",
        f"{_SNAPSHOTS}/{ONE}",
        ("snapshots", "give_up"),
        "DELETE",
    ),
    *_asked("list_past_members", 200, f"{VIP}/past", f"{VIP}/past?at=9", f"{VIP}/past", ("past", "members")),
    ("list_past_members", 409, f"{VIP}/past", "GET", {}, _late),
    *_asked(
        "list_crowd_moves",
        200,
        f"{VIP}/moves?user=u1",
        f"{VIP}/moves",
        f"{VIP}/moves?user=u1",
        ("past", "user_known_from"),
    ),
    ("list_crowd_moves", 409, f"{VIP}/moves?user=u1", "GET", {}, _by_events),
    *_asked("read_watch", 200, _WATCH, _NO_WATCH, _WATCH, ("watches", "of")),
    ("put_watch", 200, _WATCH, "PUT", _POLICY, saved),
    ("put_watch", 400, _WATCH, "PUT", {"data": "{", "content_type": "application/json"}, saved),
    ("put_watch", 404, _WATCH, "PUT", _POLICY, lambda world: None),
    ("put_watch", 409, _WATCH, "PUT", _POLICY, _all_watched),
    ("put_watch", 413, _WATCH, "PUT", {"json": {"x": "x" * 20_000}}, saved),
    ("put_watch", 415, _WATCH, "PUT", {"data": "{}"}, saved),
    ("put_watch", 422, _WATCH, "PUT", {"json": {"most_enters": 0}}, saved),
    *(("put_watch", status, _WATCH, "PUT", _POLICY, before) for status, before in _breaking("watches", "of")),
    *_asked("remove_watch", 204, _WATCH, _NO_WATCH, _WATCH, ("watches", "of"), "DELETE"),
    *_asked("export_deltas", 200, _EXPORT, f"{_EXPORT}?format=xls", _EXPORT, ("deltas", "page")),
    *_asked("list_hooks", 200, _HOOKS, _NO_HOOKS, _HOOKS, ("hooks", "of")),
    ("add_hook", 201, _HOOKS, "POST", _HOOK, saved),
    ("add_hook", 400, _HOOKS, "POST", {"data": "{", "content_type": "application/json"}, saved),
    ("add_hook", 404, _HOOKS, "POST", _HOOK, lambda world: None),
    ("add_hook", 409, _HOOKS, "POST", _HOOK, _all_hooked),
    ("add_hook", 413, _HOOKS, "POST", {"json": {"x": "x" * 20_000}}, saved),
    ("add_hook", 415, _HOOKS, "POST", {"data": "{}"}, saved),
    ("add_hook", 422, _HOOKS, "POST", {"json": {"url": "x"}}, saved),
    *(("add_hook", status, _HOOKS, "POST", _HOOK, before) for status, before in _breaking("hooks", "add")),
    *_asked("remove_hook", 204, f"{_HOOKS}/{ONE}", f"{_HOOKS}/x", f"{_HOOKS}/{TWO}", ("hooks", "remove"), "DELETE"),
    *_asked(
        "list_deliveries",
        200,
        f"{_HOOKS}/{ONE}/deliveries",
        f"{_HOOKS}/{ONE}/deliveries?limit=0",
        f"{_HOOKS}/{TWO}/deliveries",
        ("hooks", "deliveries"),
    ),
    ("replay_hook", 200, _REPLAY, "POST", {"json": {"after": 0}}, saved),
    ("replay_hook", 400, _REPLAY, "POST", {"data": "{", "content_type": "application/json"}, saved),
    ("replay_hook", 404, _REPLAY, "POST", {"json": {"after": 0}}, lambda world: None),
    ("replay_hook", 413, _REPLAY, "POST", {"json": {"x": "x" * 20_000}}, saved),
    ("replay_hook", 415, _REPLAY, "POST", {"data": "{}"}, saved),
    ("replay_hook", 422, _REPLAY, "POST", {"json": {}}, saved),
    *(
        ("replay_hook", status, _REPLAY, "POST", {"json": {"after": 0}}, before)
        for status, before in _breaking("hooks", "replay")
    ),
    *_asked("list_deltas", 200, f"{VIP}/deltas", f"{VIP}/deltas?after=-1", f"{VIP}/deltas", ("deltas", "page")),
]
