"""Watched crowds in MySQL: the API says which, a job notes how far it has told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

import orjson
from sqlalchemy import Row, delete, func, insert, select, update

from stores.crowd_tables import WatchRow
from stores.mysql import ANSWER_SECONDS
from stores.registry.engine import engine, naming_failures
from stores.registry.times import ms_of, time_of
from stores.settings import Settings
from tagging.crowd_watches import MAX_WATCHES, Planned, Policy, TooManyWatches, Watch, WatchMissing

LONGEST_PROBLEM = 1_000


class Watches(Protocol):
    """What is asked of the table."""

    def all(self) -> Sequence[Watch]:
        """In order of the crowds' names."""

    def of(self, crowd: str) -> Watch | None:
        """A crowd's watch, if it is watched."""

    def put(self, watch: Watch) -> None:
        """Watch a crowd, in place of the watch that there was. Raises TooManyWatches."""

    def change(self, watch: Watch, policy: Policy) -> None:
        """Give a watch another policy; what it has told stays told. Raises WatchMissing."""

    def remove(self, crowd: str) -> bool:
        """Watch a crowd no more; False where it is not watched."""

    def agree(self, watch: Watch, planned: Planned) -> bool:
        """Take a batch for the watch's next one. False when the watch is no more, or has another next batch already."""

    def note_published(self, watch: Watch) -> None:
        """The watch's newest batch lies in the topic."""

    def note_problem(self, watch: Watch, problem: str) -> None:
        """Why nothing can be planned; empty where something can."""


class WatchTable:
    """See `Watches`. Every method raises MySQLUnavailable while MySQL is away."""

    def __init__(self, settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._engine = engine(settings, answer_seconds)

    def close(self) -> None:
        """Close the connections that lie idle."""
        self._engine.dispose()

    def all(self) -> Sequence[Watch]:
        """See `Watches`."""
        with naming_failures(self._settings), self._engine.connect() as connection:
            rows = connection.execute(select(WatchRow.__table__).order_by(WatchRow.crowd)).all()
        return [_watch(row) for row in rows]

    def of(self, crowd: str) -> Watch | None:
        """See `Watches`."""
        query = select(WatchRow.__table__).where(WatchRow.crowd == crowd)
        with naming_failures(self._settings), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return _watch(row) if row else None

    def put(self, watch: Watch) -> None:
        """See `Watches`."""
        others = select(func.count()).select_from(WatchRow).where(WatchRow.crowd != watch.crowd)
        with naming_failures(self._settings), self._engine.begin() as connection:
            if connection.execute(others).scalar_one() >= MAX_WATCHES:
                raise TooManyWatches(f"{MAX_WATCHES} crowds are watched already")
            connection.execute(delete(WatchRow).where(WatchRow.crowd == watch.crowd))
            values = {"crowd": watch.crowd, "id": watch.id, "who": watch.who}
            values |= {"created_at": time_of(watch.created_at_ms), "policy": _json(watch.policy)}
            values |= {"dry_run": watch.dry_run, "tells_present": watch.tells_present, "problem": watch.problem}
            connection.execute(insert(WatchRow).values(**values, **_columns(watch.planned)))

    def change(self, watch: Watch, policy: Policy) -> None:
        """See `Watches`."""
        if not self._update(WatchRow.id == watch.id, policy=_json(policy)) and self.of(watch.crowd) is None:
            raise WatchMissing(watch.crowd)

    def remove(self, crowd: str) -> bool:
        """See `Watches`."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            return connection.execute(delete(WatchRow).where(WatchRow.crowd == crowd)).rowcount == 1

    def agree(self, watch: Watch, planned: Planned) -> bool:
        """See `Watches`."""
        before = (WatchRow.id == watch.id, WatchRow.batch == watch.planned.batch, WatchRow.published.is_(True))
        return self._update(*before, **_columns(planned))

    def note_published(self, watch: Watch) -> None:
        """See `Watches`."""
        self._update(WatchRow.id == watch.id, WatchRow.batch == watch.planned.batch, published=True)

    def note_problem(self, watch: Watch, problem: str) -> None:
        """See `Watches`."""
        self._update(WatchRow.id == watch.id, problem=problem[:LONGEST_PROBLEM])

    def _update(self, *where: Any, **values: Any) -> bool:
        with naming_failures(self._settings), self._engine.begin() as connection:
            return connection.execute(update(WatchRow).where(*where).values(**values)).rowcount == 1


def _columns(planned: Planned) -> dict[str, Any]:
    return {"batch": planned.batch, "published": planned.published, "planned": _json(planned)}


def _json(value: Policy | Planned) -> str:
    return orjson.dumps(asdict(value)).decode()


def _planned(row: Row[Any]) -> Planned:
    held = orjson.loads(row.planned)
    told = tuple((tag, version) for tag, version in held.get("told", ()))
    return Planned(**{**held, "published": bool(row.published), "told": told})


def _watch(row: Row[Any]) -> Watch:
    return Watch(
        id=row.id,
        crowd=row.crowd,
        who=row.who,
        created_at_ms=ms_of(row.created_at),
        policy=Policy(**orjson.loads(row.policy)),
        dry_run=row.dry_run,
        tells_present=row.tells_present,
        planned=_planned(row),
        problem=row.problem,
    )
