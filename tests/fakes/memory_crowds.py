"""Saved crowds and their users in memory, by sets of users."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from stores.bitmaps import Generation
from tagging.crowds import All, Any_, Behaved, HasTag, HasValue, InRange, Not, Rule
from tagging.saved_crowds import Check, CrowdText, SavedCrowd, admit
from tests.fakes.api_stores import AT_MS, MemoryStatistics, MemoryUsers
from tests.fakes.breakable import Breakable
from tests.fakes.memory_behaviour import MemoryBehaviour


class MemoryCrowds(Breakable):
    """Crowds by name."""

    def __init__(self) -> None:
        super().__init__("mysql")
        self.saved: dict[str, SavedCrowd] = {}

    def all(self) -> Mapping[str, SavedCrowd]:
        self.ask()
        return dict(sorted(self.saved.items()))

    def put(self, crowd: CrowdText, revision: int | None, check: Check) -> SavedCrowd:
        self.ask()
        admit(self.saved, crowd.name, revision)
        check(self.saved)
        owner = crowd.owner if revision is None else self.saved[crowd.name].owner
        number = (revision or 0) + 1
        saved = SavedCrowd(
            crowd.name, crowd.title, crowd.rule, crowd.fingerprint, number, AT_MS, AT_MS + number - 1, owner=owner
        )
        self.saved[crowd.name] = saved
        return saved

    def remove(self, name: str, revision: int, check: Check) -> None:
        self.ask()
        admit(self.saved, name, revision)
        check(self.saved)
        del self.saved[name]


class MemoryCrowdUsers(Breakable):
    """The users of rules over rows of tag values: one state, number 7. Numbers are never put into bands."""

    def __init__(self, users: MemoryUsers, statistics: MemoryStatistics, behaviour: MemoryBehaviour) -> None:
        super().__init__("clickhouse")
        self._behaviour = behaviour
        self._users = users
        self._statistics = statistics

    def newest(self) -> Generation:
        self.ask()
        return Generation(7, AT_MS)

    def count(self, rule: Rule, versions: Mapping[str, int], generation: int) -> int:
        self.ask()
        return len(self._taken(rule, versions))

    def members(
        self, rule: Rule, versions: Mapping[str, int], generation: int, after: int, limit: int
    ) -> Sequence[tuple[int, str]]:
        self.ask()
        ids = {user.user_no: user.user_id for user in self._users.users}
        return [(number, ids[number]) for number in sorted(self._taken(rule, versions)) if number > after][:limit]

    def sizes(self, rule: Rule, base: Rule, versions: Mapping[str, int], generation: int) -> Mapping[str, int]:
        self.ask()
        return {name: len(users) for name, users in self._groups(rule, base, versions).items()}

    def portrait(
        self, rule: Rule, base: Rule, versions: Mapping[str, int], numeric: Sequence[str], generation: int
    ) -> Sequence[Mapping[str, Any]]:
        self.ask()
        groups = self._groups(rule, base, versions)
        found = []
        for tag, version in sorted(versions.items()):
            by_value = defaultdict(set)
            for number, value in self._values(tag, version).items():
                by_value[orjson.dumps(value).decode()].add(number)
            for value, users in sorted(by_value.items()):
                number = orjson.loads(value) if tag in numeric else 0
                counts = {name: len(users & group) for name, group in groups.items()}
                row = {"tag": tag, "value": value, "is_number": tag in numeric, "low": number, "high": number}
                if counts["crowd_users"] + counts["base_users"]:
                    found.append(row | counts)
        return found

    def overlap(
        self, rules: Sequence[Rule], base: Rule, versions: Mapping[str, int], generation: int
    ) -> tuple[Sequence[Sequence[int]], int]:
        self.ask()
        within = self._taken(base, versions)
        crowds = [self._taken(rule, versions) & within for rule in rules]
        return [[len(one & other) for other in crowds] for one in crowds], len(within)

    def _groups(self, rule: Rule, base: Rule, versions: Mapping[str, int]) -> dict[str, set[int]]:
        crowd, within = self._taken(rule, versions), self._taken(base, versions)
        return {"crowd_users": crowd, "base_users": within, "rest_users": within - crowd}

    def _values(self, tag: str, version: int) -> dict[int, Any]:
        rows = self._statistics.rows
        return {
            row.user_no: row.value for row in rows if (row.tag, row.version) == (tag, version) and row.value is not None
        }

    def _taken(self, rule: Rule, versions: Mapping[str, int]) -> set[int]:
        everyone = {user.user_no for user in self._users.users}
        match rule:
            case All(parts):
                return everyone.intersection(*(self._taken(part, versions) for part in parts))
            case Any_(parts):
                return set().union(*(self._taken(part, versions) for part in parts))
            case Not(part):
                return everyone - self._taken(part, versions)
            case Behaved(point):
                found = self._behaviour.users_of(point)
                return {user.user_no for user in self._users.users if user.user_id in found}
            case HasTag(tag):
                return set(self._values(tag, versions[tag]))
            case HasValue(tag, values):
                return {number for number, value in self._values(tag, versions[tag]).items() if value in values}
            case InRange(tag):
                return {
                    number
                    for number, value in self._values(tag, versions[tag]).items()
                    if (rule.at_least is None or value >= rule.at_least)
                    and (rule.above is None or value > rule.above)
                    and (rule.at_most is None or value <= rule.at_most)
                    and (rule.below is None or value < rule.below)
                }
        raise ValueError(f"{rule} is not expanded")
