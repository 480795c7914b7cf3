"""The rows of a recorded clickstream as events: shifted in time, cut into sessions, views mapped to the shop's products."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from deploy.demo.catalogue import CATEGORIES, PRODUCTS, product_ids

SESSION_GAP_MS = 30 * 60_000
"""A user who is silent for this long begins a new session."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Click:
    """One row of the file: its number (from 0), and when it happened there, in epoch ms."""

    row: int
    user_id: str
    event_type: str
    at_ms: int


def read(file: Path) -> Iterator[Click]:
    """The rows of the file in order. Raises ValueError naming the line of a row that is not as expected."""
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        for row, values in enumerate(reader):
            try:
                at = datetime.fromisoformat(values["timestamp"]).replace(tzinfo=UTC)
                yield Click(row, str(int(values["user_id"])), values["event"], (at - _EPOCH) // _MS)
            except (KeyError, TypeError, ValueError) as problem:
                raise ValueError(f"{file}, line {row + 2}: {problem}; expected user_id, event, timestamp") from problem


def shift_ms(clicks: Iterable[Click], ends_ms: int) -> int:
    """What to add to each time so that the newest click happens at `ends_ms`, rounded down to the minute."""
    return ends_ms // 60_000 * 60_000 - max(click.at_ms for click in clicks)


def events(clicks: Iterable[Click], shift: int) -> Iterator[dict[str, Any]]:
    """The clicks as events, in the order of the file. An event's id follows from its row alone."""
    last_ms: dict[str, int] = {}
    session: dict[str, int] = {}
    viewed: dict[str, str] = {}
    for click in clicks:
        user = click.user_id
        if user not in last_ms or click.at_ms - last_ms[user] > SESSION_GAP_MS:
            session[user] = session.get(user, 0) + 1
            viewed.pop(user, None)
        last_ms[user] = click.at_ms
        item = None
        if click.event_type in ("product1", "product2"):
            item = viewed[user] = item_of(click)
        elif click.event_type in ("cart", "payment_done"):
            item = viewed.get(user)
        yield {
            "event_id": f"clickstream-{_number('row', str(click.row)):016x}",
            "user_id": user,
            "event_type": click.event_type,
            "item_id": item,
            "properties": {"source": "clickstream", "session_id": f"{user}-{session[user]}"},
            "occurred_at": click.at_ms + shift,
        }


def item_of(click: Click) -> str:
    """The product of the catalogue that stands for a viewed one: two views of three are of the user's own category."""
    chance = _number("view", str(click.row))
    favourite = _number("category", click.user_id) % len(CATEGORIES)
    category = favourite if chance % 3 else chance // 3 % len(CATEGORIES)
    places = range(category, PRODUCTS, len(CATEGORIES))
    return product_ids()[places[chance // 100 % len(places)]]


def _number(kind: str, text: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{kind}:{text}".encode(), digest_size=8).digest(), "big")


def ordered(clicks: Iterable[Click]) -> list[Click]:
    """The clicks by time; those of the same time as in the file."""
    found = list(clicks)
    if any(later.at_ms < earlier.at_ms for earlier, later in pairwise(found)):
        found.sort(key=lambda click: click.at_ms)
    return found
