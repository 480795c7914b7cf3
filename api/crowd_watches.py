"""Watched crowds: who enters and leaves is told in a topic, by a job; here it is said of which crowds, and what was told."""

from __future__ import annotations

import uuid
from typing import Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from api.access.declared import requires
from api.actor import actor
from api.crowd_book import Book
from api.crowd_models import MAX_PAGE, CrowdPath
from api.crowd_sight import require_sight_of_deltas
from api.crowds import require_ownership
from api.documented import Iso, documented, noun
from api.errors import ApiError
from api.ports import Stores
from api.preconditions import require_json
from api.times import Clock, iso, iso_or_none
from api.wire import reply
from tagging.access import Role
from tagging.crowd_watches import MOST_DAYS, Policy, TooManyWatches, Watch, WatchMissing

MOST_SEQUENCE = 2**53
MOST_EXPORTED = 200_000
"""Deltas of one file, which is put together before any of it is sent."""
NEXT_HEADER = "Tagstream-Next-After"
_MIMETYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_FILE = {
    "description": f"At most {MOST_EXPORTED} deltas; where there are more, {NEXT_HEADER} says which `after` goes on",
    "content": {
        "text/csv": {"schema": {"type": "string"}},
        _MIMETYPES["parquet"]: {"schema": {"type": "string", "format": "binary"}},
    },
}
_NO_CONTENT = {"description": "Removed"}


class WatchIn(BaseModel):
    """How a crowd is watched. Who leaves is always told of; the rest says who enters."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(
        False, strict=True, description="Count, and publish nothing. Another value begins a new watch"
    )
    tells_present: bool = Field(
        False,
        strict=True,
        description="Those in the crowd when the watch begins enter; else only what changes then is told",
    )
    never_again: bool = Field(False, strict=True, description="Nobody enters twice")
    rest_seconds: int = Field(
        0, strict=True, ge=0, le=MOST_DAYS * 86_400, description="After leaving, so long nobody enters again"
    )
    most_enters: int | None = Field(
        None, strict=True, ge=1, le=1_000, description="Times that one user may enter within `within_hours`"
    )
    within_hours: int = Field(24, strict=True, ge=1, le=MOST_DAYS * 24)

    def policy(self) -> Policy:
        """Who enters."""
        return Policy(self.never_again, self.rest_seconds, self.most_enters, self.within_hours)


class WatchAnswer(WatchIn):
    """A watched crowd and how far its telling has come."""

    id: str = Field(description="Begins every delta_id; another one whenever the crowd is watched anew")
    crowd: str
    who: str
    created_at: Iso
    batch: int = Field(description="How often anything was told")
    sequence: int = Field(description="Of the last delta; they count from 1, without gaps")
    published: bool = Field(description="Whether the last batch lies in the topic, or needs not to")
    rule_version: int = Field(
        description="Counts the changes of the rule, and of the tag versions that it is read with"
    )
    enters: int = Field(description="Of the last batch")
    leaves: int
    enters_total: int
    leaves_total: int
    told_at: Iso | None = Field(description="When the last batch was planned")
    problem: str = Field(description="Why nothing can be told now; empty otherwise")


class WatchState(BaseModel):
    """Whether a crowd is watched, and how."""

    watch: WatchAnswer | None = Field(description="null: it is not")


class DeltaQuery(BaseModel):
    """Which deltas."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(0, ge=0, le=MOST_SEQUENCE, description="A sequence: those after it")
    limit: int = Field(50, ge=1, le=MAX_PAGE)


class ExportQuery(BaseModel):
    """Which deltas, as which file."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(0, ge=0, le=MOST_SEQUENCE, description="A sequence: those after it")
    format: Literal["csv", "parquet"] = "csv"


class DeltaOut(BaseModel):
    """A user who entered or left, as in the topic."""

    delta_id: str = Field(description="The same for the same delta, however often it is sent")
    sequence: int
    user_id: str
    change: Literal["enter", "leave"]
    at: Iso
    tick: int = Field(description="The clock's newest minute then, since 1970")
    rule_version: int


class DeltaList(BaseModel):
    """Deltas in their order. They are kept for 90 days, and as long as the crowd is watched."""

    items: list[DeltaOut]
    next: int | None = Field(description="Pass it as `after` for those after these; null where there are none yet")


class CrowdWatches:
    """What the routes answer."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._stores = stores
        self._watches = stores.crowd_times.watches
        self._clock = clock

    def state(self, name: str) -> WatchState:
        """Whether a crowd is watched. How many were told of is for those who may see whom."""
        found = self._watches.of(name)
        if found is None:
            Book.open(self._stores).find(name)
            return WatchState(watch=None)
        require_sight_of_deltas(self._stores, name)
        return WatchState(watch=answer(found))

    def find(self, name: str) -> Watch:
        """A crowd's watch. Raises ApiError."""
        found = self._watches.of(name)
        if found is None:
            message = f"The crowd {name} is not watched; PUT /api/v1/crowds/{name}/watch watches it"
            raise ApiError(404, "not_watched", message)
        return found

    def put(self, name: str, wanted: WatchIn) -> WatchAnswer:
        """Watch a crowd, or another way."""
        book = Book.open(self._stores)
        require_ownership(book.find(name))
        book.rule_of(name)
        held = self._watches.of(name)
        try:
            if held is not None and held.dry_run == wanted.dry_run:
                self._watches.change(held, wanted.policy())
            else:
                self._watches.put(
                    Watch(
                        id=uuid.uuid4().hex,
                        crowd=name,
                        who=actor(),
                        created_at_ms=self._clock(),
                        policy=wanted.policy(),
                        dry_run=wanted.dry_run,
                        tells_present=wanted.tells_present,
                    )
                )
        except TooManyWatches as error:
            raise ApiError(409, "too_many_watches", f"{error}; stop watching one first") from error
        except WatchMissing as error:
            raise ApiError(409, "not_watched", "Somebody stopped watching the crowd just now; send it again") from error
        return answer(self.find(name))

    def remove(self, name: str) -> None:
        """Watch a crowd no more. What was told of it is forgotten."""
        self.find(name)
        saved = self._stores.crowds.all().get(name)
        if saved is not None:
            require_ownership(saved)
        self._watches.remove(name)

    def deltas(self, name: str, query: DeltaQuery) -> DeltaList:
        """What was told."""
        watch = self._seen(name)
        found = self._stores.crowd_times.deltas.page(watch.id, query.after, query.limit)
        items = [
            DeltaOut(
                delta_id=delta.delta_id,
                sequence=delta.sequence,
                user_id=delta.user_id,
                change=delta.change.value,
                at=iso(delta.at_ms),
                tick=delta.tick,
                rule_version=delta.rule_version,
            )
            # Of who was erased nobody is told.
            for delta in found
            if delta.user_id
        ]
        return DeltaList(items=items, next=found[-1].sequence if len(found) == query.limit else None)

    def export(self, name: str, query: ExportQuery) -> Response:
        """What was told, as a file that is whole or not there."""
        watch = self._seen(name)
        deltas = self._stores.crowd_times.deltas
        until = query.after + MOST_EXPORTED
        file = deltas.export(watch.id, query.after, until, query.format)
        response = Response(file, mimetype=_MIMETYPES[query.format])
        response.headers["Content-Disposition"] = f'attachment; filename="{name}-deltas.{query.format}"'
        if until < watch.planned.sequence:
            response.headers[NEXT_HEADER] = str(until)
        return response

    def _seen(self, name: str) -> Watch:
        watch = self.find(name)
        require_sight_of_deltas(self._stores, name)
        return watch


def answer(watch: Watch) -> WatchAnswer:
    """A watch as the API tells it."""
    planned, policy = watch.planned, watch.policy
    return WatchAnswer(
        dry_run=watch.dry_run,
        tells_present=watch.tells_present,
        never_again=policy.never_again,
        rest_seconds=policy.rest_seconds,
        most_enters=policy.most_enters,
        within_hours=policy.within_hours,
        id=watch.id,
        crowd=watch.crowd,
        who=watch.who,
        created_at=iso(watch.created_at_ms),
        batch=planned.batch,
        sequence=planned.sequence,
        published=planned.published,
        rule_version=planned.rule_version,
        enters=planned.enters,
        leaves=planned.leaves,
        enters_total=planned.enters_total,
        leaves_total=planned.leaves_total,
        told_at=iso_or_none(planned.at_ms or None),
        problem=watch.problem,
    )


def blueprint(stores: Stores, clock: Clock) -> APIBlueprint:
    """The routes of watched crowds."""
    routes = noun("crowds")
    routes.name = "crowd_watches"
    routes.before_request(require_json)
    watches = CrowdWatches(stores, clock)

    @routes.get("/<name>/watch", responses=documented({200: WatchState}, 404, 503))
    @requires(Role.VIEWER)
    def read_watch(path: CrowdPath) -> Response:
        """Whether and how a crowd is watched, and how far its telling has come"""
        return reply(watches.state(path.name))

    @routes.put("/<name>/watch", responses=documented({200: WatchAnswer}, 400, 404, 409, 413, 415, 503))
    @requires(Role.EDITOR)
    def put_watch(path: CrowdPath, body: WatchIn) -> Response:
        """Watch a crowd: each user who enters or leaves becomes a message in the topic crowd_deltas

        Each change is told at least once, in the order of `sequence`; a repeat has the same delta_id. A watched crowd's policy
        may be changed as it goes; what was told stays told."""
        return reply(watches.put(path.name, body))

    @routes.delete("/<name>/watch", responses=documented({204: _NO_CONTENT}, 404, 503))
    @requires(Role.EDITOR)
    def remove_watch(path: CrowdPath) -> Response:
        """Watch a crowd no more; what was told of it is forgotten here, and stays in the topic for its time"""
        watches.remove(path.name)
        return Response(status=204)

    @routes.get("/<name>/deltas", responses=documented({200: DeltaList}, 404, 503))
    @requires(Role.VIEWER)
    def list_deltas(path: CrowdPath, query: DeltaQuery) -> Response:
        """Who entered and left a watched crowd, in order, after any sequence"""
        return reply(watches.deltas(path.name, query))

    @routes.get("/<name>/deltas/export", responses=documented({200: _FILE}, 404, 503))
    @requires(Role.EDITOR)
    def export_deltas(path: CrowdPath, query: ExportQuery) -> Response:
        """Who entered and left, in order, after any sequence, as CSV or Parquet"""
        return watches.export(path.name, query)

    return routes
