"""The publisher of deltas in lives that end by kill -9 at any point, and what must be true of the topic afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from jobs.crowd_deltas import DeltaPublisher
from stores.bitmaps import Generation
from tagging.bound_rules import BoundRule, bind
from tagging.crowd_watches import Policy, Watch
from tagging.crowds import HasValue
from tests.fakes.api_stores import AT_MS

NOW_MS = 1_790_000_000_000
GOLD = bind(HasValue("tier", ("gold",)), {"tier": 1})
SECOND = 1_000


class Killed(BaseException):
    """The process is no more: nothing of ours sees it."""


@dataclass
class Life:
    """Ends after so many steps; None: never. Each effect has a step before it and one after it."""

    left: int | None

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed


class Mortal:
    """Something whose effects are steps of a life."""

    def __init__(self, inner: Any, life: Life, *effects: str) -> None:
        self._inner, self._life, self._effects = inner, life, effects

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._effects:
            return found

        def effect(*given: Any, **named: Any) -> Any:
            self._life.step()
            result = found(*given, **named)
            self._life.step()
            return result

        return effect


@dataclass
class MemoryTopic:
    """A log that has what was acknowledged, and of what was under way when the sender was killed, some beginning."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    _under_way: list[dict[str, Any]] = field(default_factory=list)

    def send(self, topic: str, value: bytes | None, key: bytes | str | None = None) -> None:
        message = orjson.loads(value or b"")
        assert (topic, key) == ("crowd_deltas", message["user_id"])
        self._under_way.append(message)

    def flush(self) -> None:
        self.crash(len(self._under_way))

    def crash(self, arrived: int) -> None:
        """The sender is gone: the first so many arrive yet."""
        self.messages += self._under_way[:arrived]
        self._under_way.clear()


@dataclass
class Told:
    """The parts that outlive a process. `ledger_in` gives the ledger as a process with this life has it."""

    watches: Any
    ledger_in: Callable[[Life], Any]
    topic: MemoryTopic = field(default_factory=MemoryTopic)
    now_ms: int = NOW_MS
    attempts: Iterable[int] = field(default_factory=itertools.count)
    most: int = 1_000

    def watch(self, policy: Policy = Policy(), tells_present: bool = True, dry_run: bool = False) -> Watch:  # noqa: B008
        """Begin to watch the crowd."""
        watch = Watch("w1", "vip", "ann", NOW_MS, policy, dry_run, tells_present)
        self.watches.put(watch)
        return watch

    def publisher(self, life: Life, rule: BoundRule = GOLD, leads: Callable[[], bool] = lambda: True) -> DeltaPublisher:
        """A process that has just begun."""
        return DeltaPublisher(
            watches=Mortal(self.watches, life, "agree", "note_published", "note_problem"),
            ledger=self.ledger_in(life),
            topic=Mortal(self.topic, life, "send", "flush"),
            rule_of=lambda crowd: rule,
            leads=leads,
            now_ms=lambda: self.now_ms,
            new_attempt=lambda: f"a{next(iter(self.attempts))}",
            most=self.most,
        )

    def settle(self, kills: list[tuple[int, int]], rule: BoundRule = GOLD) -> int:
        """Rounds until there is nothing to do; processes are killed as `kills` says: after how many steps, what arrives yet.

        How many were.
        """
        died = 0
        while True:
            left, arrived = kills.pop(0) if kills else (None, 0)
            try:
                publisher = self.publisher(Life(left), rule)
                while publisher.round():
                    pass
                return died
            except Killed:
                died += 1
                self.topic.crash(arrived)

    def once(self, inside: Iterable[str] = ()) -> list[dict[str, Any]]:
        """The deltas as a consumer has them who knows repeats by their id. Asserts what may be relied on.

        `inside`: who was in the crowd before the first, where those were not told of.
        """
        found: dict[str, dict[str, Any]] = {}
        for message in self.topic.messages:
            # A repeat says the same, and none comes before one that it follows.
            assert found.setdefault(message["delta_id"], message) == message
            assert message["delta_id"] == f"w1-{message['sequence']}"
        deltas = list(found.values())
        assert [delta["sequence"] for delta in deltas] == list(range(1, len(deltas) + 1))
        members = set(inside)
        for delta in deltas:
            assert (delta["user_id"] in members) == (delta["change"] == "leave")
            members ^= {delta["user_id"]}
        return deltas

    def inside(self) -> set[str]:
        """Who is in the crowd, by the deltas alone."""
        found: set[str] = set()
        for delta in self.once():
            found ^= {delta["user_id"]}
        return found


def kept_to(policy: Policy, deltas: list[dict[str, Any]]) -> None:
    """Assert that nobody entered whom the policy holds back."""
    for user in {delta["user_id"] for delta in deltas}:
        mine = [(delta["change"], delta["at"]) for delta in deltas if delta["user_id"] == user]
        enters = [at for change, at in mine if change == "enter"]
        if policy.never_again:
            assert len(enters) == 1
        if policy.most_enters is not None:
            hours = policy.within_hours * 3_600_000
            for at in enters:
                assert sum(at - hours < other <= at for other in enters) <= policy.most_enters
        for (_, left_at), (_, entered_at) in zip(mine[1::2], mine[2::2], strict=False):
            assert entered_at - left_at >= policy.rest_seconds * 1000


def publish(times: Any, members: Iterable[int]) -> None:
    """What the job does over stores in memory, for the API's tests: a generation of these members, told of."""
    ledger, names = times.deltas.ledger, itertools.count()
    ledger.members = lambda bound, generation: frozenset(members)
    ledger.generation = Generation(ledger.generation.number + 1, AT_MS)
    publisher = DeltaPublisher(
        watches=times.watches,
        ledger=ledger,
        topic=MemoryTopic(),
        rule_of=lambda crowd: GOLD,
        leads=lambda: True,
        now_ms=lambda: AT_MS,
        new_attempt=lambda: f"{ledger.generation.number}-{next(names)}",
    )
    while publisher.round():
        pass
