"""Watched crowds and their deltas in memory, by sets of users; they pass the tests of the real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from stores.bitmaps import Generation
from stores.delta_ledger import Delta, Form
from stores.watches import LONGEST_PROBLEM
from tagging.bound_rules import BoundRule
from tagging.crowd_watches import MAX_WATCHES, Change, Planned, Policy, TooManyWatches, Watch, WatchMissing
from tagging.webhooks import MOST_OF_A_CROWD, Delivery, Hook, State, TooManyHooks
from tests.fakes.breakable import Breakable


class MemoryWatches(Breakable):
    """Watches by crowd."""

    def __init__(self) -> None:
        super().__init__("mysql")
        self.held: dict[str, Watch] = {}

    def all(self) -> Sequence[Watch]:
        self.ask()
        return [self.held[crowd] for crowd in sorted(self.held)]

    def of(self, crowd: str) -> Watch | None:
        self.ask()
        return self.held.get(crowd)

    def put(self, watch: Watch) -> None:
        self.ask()
        if len(self.held.keys() - {watch.crowd}) >= MAX_WATCHES:
            raise TooManyWatches(f"{MAX_WATCHES} crowds are watched already")
        self.held[watch.crowd] = watch

    def change(self, watch: Watch, policy: Policy) -> None:
        if self.of(watch.crowd) is None:
            raise WatchMissing(watch.crowd)
        self._update(watch, lambda held: replace(held, policy=policy))

    def remove(self, crowd: str) -> bool:
        self.ask()
        return self.held.pop(crowd, None) is not None

    def agree(self, watch: Watch, planned: Planned) -> bool:
        self.ask()
        held = self.held.get(watch.crowd)
        if held is None or held.id != watch.id:
            return False
        if not held.planned.published or held.planned.batch != watch.planned.batch:
            return False
        self.held[watch.crowd] = replace(held, planned=planned)
        return True

    def note_published(self, watch: Watch) -> None:
        self.ask()
        held = self.held.get(watch.crowd)
        if held is not None and (held.id, held.planned.batch) == (watch.id, watch.planned.batch):
            self.held[watch.crowd] = replace(held, planned=replace(held.planned, published=True))

    def note_problem(self, watch: Watch, problem: str) -> None:
        self._update(watch, lambda held: replace(held, problem=problem[:LONGEST_PROBLEM]))

    def _update(self, watch: Watch, change: Callable[[Watch], Watch]) -> None:
        self.ask()
        held = self.held.get(watch.crowd)
        if held is not None and held.id == watch.id:
            self.held[watch.crowd] = change(held)


@dataclass
class _Attempt:
    batch: int
    deltas: list[tuple[int, int, Change, int, int, int]]
    held: frozenset[int]
    ever: frozenset[int]


@dataclass
class MemoryLedger:
    """Batches. `members` says who a rule takes in a generation, by number; the id of user 3 is u3."""

    members: Callable[[BoundRule, int], frozenset[int]]
    generation: Generation = field(default_factory=lambda: Generation(0, 0))
    attempts: dict[str, dict[str, _Attempt]] = field(default_factory=dict)
    agreed: dict[str, dict[int, str]] = field(default_factory=dict)

    def newest(self) -> Generation:
        return self.generation

    def tick(self, at_ms: int) -> int:
        return at_ms // 60_000

    def plan(self, watch: Watch, planned: Planned, bound: BoundRule, tick: int, most: int) -> tuple[int, int]:
        before = self._state(watch.id)
        present = self.members(bound, planned.generation)
        entering = present - before.held - self._resting(watch, planned.at_ms, before)
        moved = [(user, Change.ENTER) for user in entering] + [(user, Change.LEAVE) for user in before.held - present]
        moved = sorted(moved)[:most]
        entered = {user for user, change in moved if change is Change.ENTER}
        left = {user for user, change in moved if change is Change.LEAVE}
        deltas = [
            (watch.planned.sequence + place, user, change, planned.at_ms, tick, planned.rule_version)
            for place, (user, change) in enumerate(moved, 1)
        ]
        found = _Attempt(planned.batch, deltas, frozenset((before.held | entered) - left), before.ever | entered)
        self.attempts.setdefault(watch.id, {})[planned.attempt] = found
        return len(entered), len(left)

    def take_present(self, watch: Watch, planned: Planned, bound: BoundRule) -> None:
        present = self.members(bound, planned.generation)
        self.attempts.setdefault(watch.id, {})[planned.attempt] = _Attempt(planned.batch, [], present, present)

    def agree(self, watch: str, batch: int, attempt: str) -> None:
        self.agreed.setdefault(watch, {})[batch] = attempt

    def batch(self, watch: str, attempt: str, after: int, limit: int) -> Sequence[Delta]:
        return self._deltas(watch, self.attempts.get(watch, {})[attempt].deltas, after, limit)

    def page(self, watch: str, after: int, limit: int) -> Sequence[Delta]:
        return self._deltas(watch, self._told(watch), after, limit)

    def forget(self, watches: Sequence[str]) -> None:
        for held in (self.attempts, self.agreed):
            for watch in held.keys() - set(watches):
                del held[watch]

    def _told(self, watch: str) -> list[tuple[int, int, Change, int, int, int]]:
        agreed = self.agreed.get(watch, {}).values()
        return [delta for attempt in agreed for delta in self.attempts[watch][attempt].deltas]

    def _state(self, watch: str) -> _Attempt:
        agreed = self.agreed.get(watch, {})
        if not agreed:
            return _Attempt(0, [], frozenset(), frozenset())
        return self.attempts[watch][agreed[max(agreed)]]

    def _resting(self, watch: Watch, at_ms: int, before: _Attempt) -> frozenset[int]:
        policy, told = watch.policy, self._told(watch.id)
        found = set(before.ever) if policy.never_again else set()
        for user in {user for _, user, *_ in told}:
            enters = [at for _, other, change, at, *_ in told if (other, change) == (user, Change.ENTER)]
            leaves = [at for _, other, change, at, *_ in told if (other, change) == (user, Change.LEAVE)]
            lately = [at for at in enters if at > policy.entered_since_ms(at_ms)]
            if policy.most_enters is not None and len(lately) >= policy.most_enters:
                found.add(user)
            if any(at > policy.left_since_ms(at_ms) for at in leaves):
                found.add(user)
        return frozenset(found)

    def _deltas(
        self, watch: str, rows: Sequence[tuple[int, int, Change, int, int, int]], after: int, limit: int
    ) -> Sequence[Delta]:
        found = sorted(row for row in rows if row[0] > after)[:limit]
        return [
            Delta(watch, sequence, change, f"u{user}", at_ms, tick, rule_version)
            for sequence, user, change, at_ms, tick, rule_version in found
        ]


class MemoryHooks(Breakable):
    """Hooks by id."""

    def __init__(self) -> None:
        super().__init__("mysql")
        self.held: dict[str, Hook] = {}
        self.ended: list[Delivery] = []

    def of(self, crowd: str) -> Sequence[Hook]:
        self.ask()
        found = [hook for hook in self.held.values() if hook.crowd == crowd]
        return sorted(found, key=lambda hook: (hook.created_at_ms, hook.id))

    def add(self, hook: Hook) -> None:
        if len(self.of(hook.crowd)) >= MOST_OF_A_CROWD:
            raise TooManyHooks(f"the crowd {hook.crowd} has {MOST_OF_A_CROWD} hooks")
        self.held[hook.id] = hook

    def remove(self, id: str) -> None:
        self.ask()
        self.held.pop(id, None)
        self.ended = [delivery for delivery in self.ended if delivery.hook != id]

    def replay(self, hook: Hook, after: int) -> None:
        self.ask()
        again = {"after": after, "state": State.ACTIVE, "attempts": 0, "next_at_ms": 0, "cause": ""}
        self.held[hook.id] = replace(self.held[hook.id], **again)

    def due(self, at_ms: int) -> Sequence[Hook]:
        self.ask()
        found = [h for h in self.held.values() if h.state is State.ACTIVE and h.next_at_ms <= at_ms]
        return sorted(found, key=lambda hook: (hook.created_at_ms, hook.id))

    def note(self, before: Hook, after: Hook, delivery: Delivery | None) -> bool:
        self.ask()
        held = self.held.get(before.id)
        places = [(h.after, h.attempts, h.watch, h.state) for h in (held, before) if h]
        if len(places) != 2 or places[0] != places[1]:
            return False
        self.held[before.id] = replace(after, cause=after.cause[:LONGEST_PROBLEM])
        if delivery is not None:
            ended = replace(delivery, number=len(self.ended) + 1, cause=delivery.cause[:LONGEST_PROBLEM])
            self.ended.append(ended)
        return True

    def deliveries(self, hook: str, before: int | None, limit: int) -> Sequence[Delivery]:
        self.ask()
        found = [d for d in reversed(self.ended) if d.hook == hook and (before is None or d.number < before)]
        return found[:limit]

    def forget(self, before_ms: int) -> None:
        self.ask()
        self.ended = [delivery for delivery in self.ended if delivery.ended_at_ms >= before_ms]


class AskedDeltas(Breakable):
    """A ledger as the API asks it."""

    def __init__(self) -> None:
        super().__init__("clickhouse")
        self.ledger = MemoryLedger(lambda bound, generation: frozenset())

    def page(self, watch: str, after: int, limit: int) -> Sequence[Delta]:
        self.ask()
        return self.ledger.page(watch, after, limit)

    def export(self, watch: str, after: int, until: int, form: Form) -> bytes:
        lines = ["sequence,change,user_id,at_ms,tick,rule_version"]
        for delta in self.page(watch, after, until - after):
            said = (delta.sequence, delta.change, delta.user_id, delta.at_ms, delta.tick, delta.rule_version)
            lines.append(",".join(map(str, said)))
        return "".join(f"{line}\n" for line in lines).encode()
