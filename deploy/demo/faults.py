"""What goes wrong on the way to the log: events that arrive late, twice or broken."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

SOONEST_LATE_MS = 2 * 60_000
LATEST_LATE_MS = 3 * 24 * 3_600_000

Event = dict[str, Any]
_Damage = Callable[[random.Random, Event, int], bytes]


@dataclass(frozen=True)
class FaultRates:
    """Parts of all messages, 0..1."""

    duplicate: float = 0.02
    late: float = 0.03
    malformed: float = 0.005

    def __post_init__(self) -> None:
        for name, rate in vars(self).items():
            if not 0 <= rate < 0.5:
                raise ValueError(f"fault rate {name}: got {rate}, allowed 0 to 0.5")


def late_by_ms(rng: random.Random) -> int:
    """How late a late event is: minutes to days, each order of magnitude as likely as the next."""
    return int(math.exp(rng.uniform(math.log(SOONEST_LATE_MS), math.log(LATEST_LATE_MS))))


def repeat_after_ms(rng: random.Random) -> int:
    """When a duplicate follows: mostly at once or within seconds, sometimes much later."""
    kind = rng.random()
    if kind < 0.5:
        return 0
    if kind < 0.8:
        return rng.randint(1_000, 30_000)
    return rng.randint(60_000, 600_000) if kind < 0.95 else rng.randint(600_000, 7_200_000)


def spoil(rng: random.Random, event: Event, logged_ms: int) -> tuple[bytes, str]:
    """The event broken in one of many ways, and the reason for which it is to be refused.

    `logged_ms`: about when the log will stamp the message (epoch ms); an event far after it is from the future.
    """
    reason, damage = rng.choice(DAMAGES)
    return damage(rng, event, logged_ms), reason


def _truncated(rng: random.Random, event: Event, logged_ms: int) -> bytes:
    whole = orjson.dumps(event)
    return whole[: rng.randint(1, len(whole) - 1)]


def _garbage(rng: random.Random, event: Event, logged_ms: int) -> bytes:
    # 0xff is in no UTF-8 text, so this is never JSON by accident.
    return b"\xff" + rng.randbytes(rng.randint(4, 60))


def _not_json(rng: random.Random, event: Event, logged_ms: int) -> bytes:
    return rng.choice((b"null,", b"<event/>", b"event_id=1&user_id=2", b"{'event_id': 'single quotes'}"))


def _not_an_object(rng: random.Random, event: Event, logged_ms: int) -> bytes:
    return rng.choice((b'"just text"', b"17", b"true", b"null"))


def _without_a_field(rng: random.Random, event: Event, logged_ms: int) -> bytes:
    missing = rng.choice(("event_id", "user_id", "event_type", "occurred_at"))
    return orjson.dumps({name: value for name, value in event.items() if name != missing})


def _null_field(rng: random.Random, event: Event, logged_ms: int) -> bytes:
    return orjson.dumps({**event, rng.choice(("event_id", "user_id", "event_type", "occurred_at")): None})


def _empty_field(rng: random.Random, event: Event, logged_ms: int) -> bytes:
    return orjson.dumps({**event, rng.choice(("event_id", "user_id", "event_type")): ""})


def _endless_id(rng: random.Random, event: Event, logged_ms: int) -> bytes:
    name = rng.choice(("event_id", "user_id", "event_type"))
    return orjson.dumps({**event, name: event[name] * rng.randint(130, 300)})


def _worded_time(rng: random.Random, event: Event, logged_ms: int) -> bytes:
    return orjson.dumps({**event, "occurred_at": rng.choice(("yesterday", "2026-09-21T10:00:00Z", "soon", ""))})


def _time_of_another_kind(rng: random.Random, event: Event, logged_ms: int) -> bytes:
    return orjson.dumps({**event, "occurred_at": rng.choice((True, [event["occurred_at"]], {"ms": 1}, 0, -1))})


def _from_the_future(rng: random.Random, event: Event, logged_ms: int) -> bytes:
    # An hour at least: the rule allows five minutes, and the log's stamp may come a little after `logged_ms`.
    return orjson.dumps({**event, "occurred_at": logged_ms + rng.randint(3_600_000, 30 * 86_400_000)})


DAMAGES: tuple[tuple[str, _Damage], ...] = (
    ("malformed", _truncated),
    ("malformed", _garbage),
    ("malformed", _not_json),
    ("malformed", _not_an_object),
    ("missing_field", _without_a_field),
    ("missing_field", _null_field),
    ("missing_field", _empty_field),
    ("too_large", _endless_id),
    ("wrong_type", _worded_time),
    ("wrong_type", _time_of_another_kind),
    ("future", _from_the_future),
)
