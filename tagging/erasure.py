"""The erasure of a user: who it is of, where it stands, and what its certificate says of each store."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum

import orjson

SUBJECT_BYTES = 32
STORES = ("erasures", "tag_topics", "profiles", "clickhouse", "bitmaps", "mysql")
"""Where a user is removed from, in this order: the log first, so that nothing that is removed after it is written again."""
KEEPERS = ("flink_state", "events_log", "row_changes_log", "answers_log", "backups_and_recipients")
"""What is not removed by us: the certificate says what is left there, and until when."""


class State(StrEnum):
    """Where an erasure stands. One that failed is tried again."""

    ASKED = "asked"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


class StepState(StrEnum):
    """What is known of one store: still to be done, done, or that something stays there for a while."""

    WAITING = "waiting"
    DONE = "done"
    KEPT = "kept"


@dataclass(frozen=True)
class Step:
    """One line of a certificate. `removed`: rows, cells, messages or bits; `kept_until_ms`: None where nobody can say."""

    store: str
    state: StepState = StepState.WAITING
    removed: int = 0
    finished_at_ms: int | None = None
    kept_until_ms: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Erasure:
    """One request. `user_id` and `user_no` are there until it is complete. Times are epoch milliseconds.

    `published_at_ms`: when it came into the log; `swept_at_ms`: when the last store was emptied, and was not looked at again.
    """

    id: str
    subject: str
    user_id: str | None
    asked_by: str
    asked_at_ms: int
    state: State = State.ASKED
    user_no: int | None = None
    published_at_ms: int | None = None
    swept_at_ms: int | None = None
    completed_at_ms: int | None = None
    next_at_ms: int = 0
    cause: str = ""
    steps: Mapping[str, Step] = field(default_factory=dict)

    def step(self, store: str) -> Step:
        """Of one store."""
        return self.steps.get(store, Step(store))

    def is_swept(self) -> bool:
        """Whether every store was emptied once."""
        return all(self.step(store).state is StepState.DONE for store in STORES)

    def noting(self, *steps: Step) -> Erasure:
        """With other lines."""
        return replace(self, steps={**self.steps, **{step.store: step for step in steps}})

    def completed(self, at_ms: int) -> Erasure:
        """Nothing is left where it was removed from: from here on nobody knows of whom it was, but by the secret."""
        return replace(
            self, state=State.COMPLETE, completed_at_ms=at_ms, user_id=None, user_no=None, next_at_ms=0, cause=""
        )


class WrongSecret(ValueError):
    """The secret is missing, or is not the one that the erasures were written with: nobody could be recognised."""


class Subjects:
    """What stands for a user: HMAC-SHA256 of the id, so that whoever reads an erasure can't try ids without the secret."""

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def of(self, user_id: str) -> bytes:
        """The user's subject, 32 bytes. Raises WrongSecret without a secret."""
        return self._digest(b"user:" + user_id.encode())

    def fingerprint(self) -> str:
        """Tells one secret from another, and nothing else. Raises WrongSecret without a secret."""
        return self._digest(b"secret").hex()[:16]

    def among(self, user_ids: Iterable[str], erased: Set[bytes]) -> frozenset[str]:
        """Those of the users that were erased. One digest a distinct user, none while nobody was erased."""
        if not erased:
            return frozenset()
        return frozenset(user_id for user_id in set(user_ids) if self.of(user_id) in erased)

    def _digest(self, message: bytes) -> bytes:
        if not self._key:
            raise WrongSecret("erasure.secret is empty: set TAGSTREAM_ERASURE__SECRET, the same for every process")
        return hmac.digest(self._key, message, hashlib.sha256)


def erasure_message(subject: bytes, erased_at_ms: int, fingerprint: str) -> bytes:
    """The value of a message of the topic `erasures`; its key is the subject."""
    return orjson.dumps({"subject": subject.hex(), "erased_at": erased_at_ms, "secret": fingerprint})


def read_erasure(value: bytes, fingerprint: str) -> bytes:
    """The subject of a message. Raises WrongSecret for one that was made with another secret, ValueError for none."""
    try:
        found = orjson.loads(value)
        subject, made_with = bytes.fromhex(found["subject"]), found["secret"]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not an erasure: {value[:80]!r}") from error
    if len(subject) != SUBJECT_BYTES:
        raise ValueError(f"a subject has {SUBJECT_BYTES} bytes, this one {len(subject)}")
    if made_with != fingerprint:
        raise WrongSecret(
            f"an erasure was made with the secret {made_with}, this process has {fingerprint}: erasure.secret must never change"
        )
    return subject
