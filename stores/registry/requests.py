"""Requests that may come twice: what one with an Idempotency-Key made is kept for a day, with what it made."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Select, delete, insert, select
from sqlalchemy.exc import IntegrityError

from stores.registry.models import RequestRow
from stores.registry.times import ms_of, time_of

KEPT_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class Asked:
    """A request by who sent it and its key. `fingerprint`: of what it asked; `tag`, `version`: what it made."""

    who: str
    key: str
    fingerprint: str
    tag: str
    version: int
    at_ms: int


class AskedTwice(Exception):
    """The key was used already, by a request that came first: read what that one made."""


def remember(connection: Connection, asked: Asked) -> None:
    """Note a request in the transaction that does what it asks. Raises AskedTwice."""
    connection.execute(delete(RequestRow).where(RequestRow.asked_at < time_of(asked.at_ms - KEPT_MS)))
    values = {"who": asked.who, "request_key": asked.key, "fingerprint": asked.fingerprint}
    values |= {"tag": asked.tag, "version": asked.version, "asked_at": time_of(asked.at_ms)}
    try:
        connection.execute(insert(RequestRow).values(**values))
    except IntegrityError as error:
        raise AskedTwice(f"the key {asked.key} was used by {asked.who} already") from error


def earlier(connection: Connection, who: str, key: str) -> Asked | None:
    """The request that used this key before."""
    query: Select = select(RequestRow.__table__).where(RequestRow.who == who, RequestRow.request_key == key)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Asked(row.who, row.request_key, row.fingerprint, row.tag, row.version, ms_of(row.asked_at))
