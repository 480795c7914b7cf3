"""What must be true of any two crowds, looked at again and again on the crowds that there are: a thread of the process of crowds.

All of one generation: |A| + |B| = |A and B| + |A or B|; nobody is in A and in not A, and everybody in one of them; as many are
listed, which is what is exported, as are counted, each once and in order. What is broken is told in the log and as a metric.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import Counter, Gauge

from stores import logs
from stores.bitmaps import Generation
from tagging.bound_rules import BoundRule
from tagging.crowds import EVERYONE, All, Any_, Not, Rule

MOST_PAIRS = 20
"""Of one look: each asks six queries."""
MOST_LISTED = 100_000
"""A crowd of more users is not listed."""
PAGE = 20_000

BROKEN = Gauge(
    "tagstream_crowd_invariants_broken", "What was not true of the saved crowds when they were last looked at"
)
CHECKED = Counter("tagstream_crowd_invariants_checked_total", "Statements about saved crowds that were looked at")
log = logs.get("jobs.crowd_invariants")


class Users(Protocol):
    """Who the rules take; `stores.bitmaps.CrowdBitmaps` is the real one."""

    def newest(self) -> Generation: ...

    def count(self, rule: Rule, versions: Mapping[str, int], generation: int) -> int: ...

    def members(
        self, rule: Rule, versions: Mapping[str, int], generation: int, after: int, limit: int
    ) -> Sequence[tuple[int, str]]: ...


@dataclass
class Invariants:
    """Looks at crowds by their bound rules, all with the same tag versions."""

    users: Users

    def look(self, crowds: Mapping[str, BoundRule]) -> list[str]:
        """What is not true, in words. Of many crowds some pairs are chosen, others at each generation."""
        generation = self.users.newest().number
        chance = random.Random(generation)
        pairs = list(itertools.combinations(sorted(crowds), 2)) or [(name, name) for name in crowds]
        chosen = chance.sample(pairs, min(MOST_PAIRS, len(pairs)))
        broken = [said for pair in chosen for said in self._pair(crowds, pair, generation)]
        for name in sorted({name for pair in chosen for name in pair}):
            broken += self._alone(name, crowds[name], generation)
        BROKEN.set(len(broken))
        for said in broken:
            log.error("crowd_invariant_broken", what=said, generation=generation)
        log.info("crowd_invariants", crowds=len(crowds), pairs=len(chosen), broken=len(broken), generation=generation)
        return broken

    def _pair(self, crowds: Mapping[str, BoundRule], pair: tuple[str, str], generation: int) -> list[str]:
        one, other = (crowds[name] for name in pair)
        versions = {**one.versions, **other.versions}

        def count(rule: Rule) -> int:
            return self.users.count(rule, versions, generation)

        apart = count(one.rule) + count(other.rule)
        together = count(All((one.rule, other.rule))) + count(Any_((one.rule, other.rule)))
        CHECKED.inc()
        if apart == together:
            return []
        return [f"{pair[0]} and {pair[1]} have {apart} users, and {together} as their overlap and their union"]

    def _alone(self, name: str, crowd: BoundRule, generation: int) -> list[str]:
        def count(rule: Rule) -> int:
            return self.users.count(rule, crowd.versions, generation)

        users, outside, everyone = count(crowd.rule), count(Not(crowd.rule)), count(EVERYONE)
        both = count(All((crowd.rule, Not(crowd.rule))))
        broken = []
        if both:
            broken.append(f"{both} users are in {name} and not in {name}")
        if users + outside != everyone:
            broken.append(f"{users} users are in {name} and {outside} are not, of {everyone}")
        CHECKED.inc(2)
        if users <= MOST_LISTED:
            listed = self._listed(crowd, generation)
            CHECKED.inc()
            if len(listed) != users or listed != sorted(set(listed)):
                broken.append(f"{name} has {users} users, and lists {len(listed)}, {len(set(listed))} of them once")
        return broken

    def _listed(self, crowd: BoundRule, generation: int) -> list[int]:
        found: list[int] = []
        while len(found) <= MOST_LISTED:
            after = found[-1] if found else 0
            page = self.users.members(crowd.rule, crowd.versions, generation, after, PAGE)
            found += [number for number, _ in page]
            if len(page) < PAGE:
                break
        return found
