"""Stream against batch: what a tag's users should have, what a store holds, and whether the two agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

EXAMPLES = 20
"""How many users a report names for each outcome that is not `equal`."""


class Outcome(StrEnum):
    """How one user's stored value compares with the batch value."""

    EQUAL = "equal"
    MISSING = "missing"
    EXTRA = "extra"
    DIFFERENT = "different"
    PENDING = "pending"


WRONG = (Outcome.MISSING, Outcome.EXTRA, Outcome.DIFFERENT)


@dataclass(frozen=True)
class Stored:
    """What a store holds for a (user, tag): a value, or None for "no value"; when it was changed, in epoch ms.

    `offset`: the place in the tag's topic that the value came from; -1 where nobody asks for it.
    """

    value: Any
    changed_at_ms: int
    offset: int = -1


@dataclass(frozen=True)
class Finding:
    """One user whose value is not equal. `offset`: the place that the store's value came from, None where it holds none.

    `cause` and `evidence` are those of `tagging.parity_cause`; without them nobody has looked for a cause.
    """

    user_id: str
    outcome: Outcome
    batch: Any
    stored: Any
    offset: int | None = None
    cause: str | None = None
    evidence: Mapping[str, Any] | None = None


@dataclass
class TagParity:
    """The outcome for all users of one tag version in one store. `barrier_at_ms`: when the compared log was cut."""

    tag: str
    store: str
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    findings: list[Finding] = field(default_factory=list)
    version: int = 0
    barrier_at_ms: int = 0

    @property
    def wrong(self) -> int:
        """Users whose value is missing, extra or different."""
        return sum(self.counts[outcome] for outcome in WRONG)


def same(one: Any, other: Any) -> bool:
    """Whether two values are one: true is not 1, and 1 is not 1.0."""
    return one == other and type(one) is type(other)


def judge(batch: Any, stored: Stored | None, barrier_at_ms: int) -> Outcome:
    """Compare one user's values; None means that there is no value.

    A value that changed after the barrier was taken may rest on input that the batch run did not read: when it differs,
    that is `pending`, never `wrong`. A value that did not change since then must be equal.
    """
    value = stored.value if stored else None
    if same(value, batch):
        return Outcome.EQUAL
    if stored and stored.changed_at_ms >= barrier_at_ms:
        return Outcome.PENDING
    if value is None:
        return Outcome.MISSING
    return Outcome.EXTRA if batch is None else Outcome.DIFFERENT


def compare(
    tag: str, store: str, batch: Mapping[str, Any], stored: Mapping[str, Stored], barrier_at_ms: int
) -> TagParity:
    """Compare every user of one tag: `batch` and `stored` by user_id. Users with no value on either side do not count."""
    parity = TagParity(tag, store, barrier_at_ms=barrier_at_ms)
    named = dict.fromkeys(Outcome, 0)
    for user_id in _users(batch, stored):
        outcome = judge(batch.get(user_id), stored.get(user_id), barrier_at_ms)
        parity.counts[outcome] += 1
        if outcome is not Outcome.EQUAL and named[outcome] < EXAMPLES:
            named[outcome] += 1
            held = stored.get(user_id)
            value, offset = (held.value, held.offset) if held else (None, None)
            parity.findings.append(Finding(user_id, outcome, batch.get(user_id), value, offset))
    return parity


def _users(batch: Mapping[str, Any], stored: Mapping[str, Stored]) -> Iterator[str]:
    yield from batch
    for user_id, held in stored.items():
        if user_id not in batch and held.value is not None:
            yield user_id
