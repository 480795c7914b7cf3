"""GET /ledger: what arrived and what became of it, by source and hour; what late events made tags change; dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api import cursor
from api.access.declared import requires
from api.cache import MomentCache
from api.cursor import Cursor
from api.documented import Iso, documented, noun
from api.errors import invalid
from api.ports import Registry
from api.quality_ports import ArrivedHour, DeadLetterPlace, Ledger, RefusedHour
from api.times import Clock, iso
from api.wire import reply
from tagging.access import Role
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition
from tagging.events import Reason
from tagging.names import EVENTS_TOPIC, source_of
from tagging.problems import TagProblems
from tagging.sources import CATALOG, EVENTS

HOUR_MS = 3_600_000
MOST_HOURS = 7 * 24
MAX_PAGE = 100
KEPT_SECONDS = 5.0


class LedgerQuery(BaseModel):
    """Which hours."""

    model_config = ConfigDict(extra="forbid")

    hours: int = Field(24, ge=1, le=MOST_HOURS, description="So many hours up to now, the present one included")


class DeadLetterQuery(BaseModel):
    """Which dead letters."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(pattern=f"^({'|'.join(Reason)})$")] | None = None
    limit: int = Field(20, ge=1, le=MAX_PAGE)
    cursor: Cursor | None = Field(None, description="`next` of the page before")


class Arrivals(BaseModel):
    """Messages of a source by what became of them. On time and late ones count in tags, the others in none."""

    on_time: int
    late: int = Field(description="Taken in more than a minute after they occurred, and applied all the same")
    future: int = Field(description="Refused: they claim to have occurred more than 5 minutes later")
    malformed: int = Field(description="Refused for any other reason")
    duplicate: int = Field(description="Copies of an event, or of a row change, that had come before")


class LedgerHour(Arrivals):
    """One hour by the log's own time."""

    hour: Iso


class SourceLedger(BaseModel):
    """One source: the events, or a table's row changes."""

    source: str
    totals: Arrivals
    longest_late_seconds: float = Field(description="Of what came the longest after it happened")
    refused: dict[str, int] = Field(description="Refused messages by reason")
    hours: list[LedgerHour] = Field(description="Every hour, the empty ones too, oldest first")


class TagCorrections(BaseModel):
    """A tag that reads events: its changes, and those that follow a late event."""

    tag: str
    version: int
    changes: int
    corrections: int = Field(description="Changes within a minute after the log took in a late event of the same user")


class LedgerOut(BaseModel):
    """What arrived from `from` to `to`."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    from_: Iso = Field(alias="from")
    to: Iso
    sources: list[SourceLedger]
    tags: list[TagCorrections] = Field(description="Those with most corrections first")


class DeadLetterOut(BaseModel):
    """A message that was refused."""

    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    logged_at: Iso
    payload: str = Field(description="The beginning of its bytes as text; what is no UTF-8 shows as \\xff")
    payload_bytes: int


class DeadLetterPage(BaseModel):
    """Dead letters, the newest first."""

    items: list[DeadLetterOut]
    next: str | None


class LedgerBook:
    """What the routes answer."""

    def __init__(self, ledger: Ledger, registry: Registry, clock: Clock) -> None:
        self._ledger = ledger
        self._registry = registry
        self._clock = clock
        self._kept: MomentCache[LedgerOut] = MomentCache(KEPT_SECONDS)

    def read(self, query: LedgerQuery) -> LedgerOut:
        """The hours up to now."""
        now_ms = self._clock()
        from_ms = (now_ms // HOUR_MS - query.hours + 1) * HOUR_MS
        return self._kept.get((query.hours, now_ms // HOUR_MS), lambda: self._read(from_ms, now_ms + 1))

    def _read(self, from_ms: int, to_ms: int) -> LedgerOut:
        live = {(tag.name, tag.version): tag for tag in self._registry.tags()}
        tags = [
            TagCorrections(tag=item.tag, version=item.version, changes=item.changes, corrections=item.corrections)
            for item in self._ledger.corrections(from_ms, to_ms)
            if (item.tag, item.version) in live and _reads_events(live[item.tag, item.version])
        ]
        return LedgerOut(
            from_=iso(from_ms),
            to=iso(to_ms - 1),
            sources=self._sources(from_ms, to_ms),
            tags=sorted(tags, key=lambda item: (-item.corrections, -item.changes, item.tag)),
        )

    def _sources(self, from_ms: int, to_ms: int) -> list[SourceLedger]:
        """Of every source, those too of which nothing came; the events first."""
        arrived: dict[str, list[ArrivedHour]] = {}
        for hour in self._ledger.arrived(from_ms, to_ms):
            arrived.setdefault(hour.source, []).append(hour)
        refused: dict[str, list[RefusedHour]] = {}
        for item in self._ledger.refused(from_ms, to_ms):
            refused.setdefault(source_of(item.topic), []).append(item)
        names = (EVENTS.name, *sorted(CATALOG.keys() - {EVENTS.name}))
        return [_source(name, arrived.get(name, ()), refused.get(name, ()), from_ms, to_ms) for name in names]

    def dead_letters(self, query: DeadLetterQuery) -> DeadLetterPage:
        """A page of dead letters."""
        found = self._ledger.dead_letters(query.reason or "", _place(query.cursor), query.limit + 1)
        shown = found[: query.limit]
        items = [
            DeadLetterOut(
                topic=row.place.topic,
                partition=row.place.partition,
                offset=row.place.offset,
                reason=row.reason,
                detail=row.detail,
                logged_at=iso(row.place.logged_at_ms),
                payload=row.payload.decode(errors="backslashreplace"),
                payload_bytes=row.payload_bytes,
            )
            for row in shown
        ]
        more = len(found) > query.limit
        return DeadLetterPage(items=items, next=_cursor(shown[-1].place) if more else None)


def _source(
    name: str, arrived: Sequence[ArrivedHour], refused: Sequence[RefusedHour], from_ms: int, to_ms: int
) -> SourceLedger:
    hours = {at: dict.fromkeys(Arrivals.model_fields, 0) for at in range(from_ms, to_ms, HOUR_MS)}
    reasons: dict[str, int] = {}
    for hour in arrived:
        hours[hour.hour_ms] |= {"on_time": hour.on_time, "late": hour.late, "duplicate": hour.duplicate}
    for item in refused:
        hours[item.hour_ms]["future" if item.reason == Reason.FUTURE else "malformed"] += item.messages
        reasons[item.reason] = reasons.get(item.reason, 0) + item.messages
    return SourceLedger(
        source=name,
        totals=Arrivals(**{name: sum(of_hour[name] for of_hour in hours.values()) for name in Arrivals.model_fields}),
        longest_late_seconds=max((hour.longest_behind_ms for hour in arrived), default=0) / 1000,
        refused=dict(sorted(reasons.items())),
        hours=[LedgerHour(hour=iso(at), **of_hour) for at, of_hour in hours.items()],
    )


def _cursor(place: DeadLetterPlace) -> str:
    return cursor.encode(f"{place.logged_at_ms} {place.partition} {place.offset} {place.topic}")


def _place(given: str | None) -> DeadLetterPlace | None:
    if given is None:
        return None
    parts = cursor.decode_text(given).split(" ", 3)
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) < 16 for part in parts[:3]):
        raise invalid("cursor", "is not a cursor of this list", got=given, allowed="the `next` of the page before")
    at_ms, partition, offset = map(int, parts[:3])
    return DeadLetterPlace(at_ms, parts[3], partition, offset)


@lru_cache(2_000)
def _reads_events(tag: TagDefinition) -> bool:
    try:
        return EVENTS_TOPIC in compile_tag(tag).sources
    except TagProblems:
        return False


def blueprint(ledger: Ledger, registry: Registry, clock: Clock) -> APIBlueprint:
    """The routes of the ledger."""
    routes = noun("ledger")
    book = LedgerBook(ledger, registry, clock)

    @routes.get("", responses=documented({200: LedgerOut}, 503))
    @requires(Role.VIEWER)
    def read_ledger(query: LedgerQuery) -> Response:
        """What arrived: on time, late, refused or a copy, by source and hour; and what tags changed after late events"""
        return reply(book.read(query))

    @routes.get("/dead_letters", responses=documented({200: DeadLetterPage}, 503))
    @requires(Role.APPROVER)
    def list_dead_letters(query: DeadLetterQuery) -> Response:
        """Messages that were refused, with the reason and their bytes, the newest first"""
        return reply(book.dead_letters(query))

    return routes
