"""Models and their versions in MySQL: a read is one query, a write one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from stores.models import files
from stores.models.feature_reports import newest, refuse_wrong
from stores.models.tables import ModelAuditRow, ModelRow, ModelVersionRow
from stores.mysql import ANSWER_SECONDS
from stores.registry.engine import engine, naming_failures
from stores.registry.times import ms_of, time_of
from stores.settings import Settings

TRAINED = "trained"
"""What the audit log says of a version that was trained here; `prediction.lookalike_asking` looks for it."""
LONGEST_DEED = 200


def shortened(what: str) -> str:
    """A deed that fits its column."""
    return what if len(what) <= LONGEST_DEED else what[: LONGEST_DEED - 1] + "…"


class Stage(StrEnum):
    """Where a version of a model stands: it scores in the shadow, it is the one that is asked, or neither any more."""

    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True)
class ModelVersion:
    """One training. `metrics`: how well it does on people it has not seen; `lineage`: what it was made of; `changed_at_ms`: since
    when it is in its stage.
    """

    model: str
    version: int
    stage: Stage
    sha256: str
    metrics: Mapping[str, Any]
    lineage: Mapping[str, Any]
    created_by: str
    created_at_ms: int
    changed_at_ms: int


@dataclass(frozen=True)
class Model:
    """A model: the text that defines it, and its versions, the newest first."""

    name: str
    definition: str
    live_version: int | None = None
    versions: Sequence[ModelVersion] = field(default_factory=tuple)

    @property
    def live(self) -> ModelVersion | None:
        """The version that is asked."""
        return next((version for version in self.versions if version.version == self.live_version), None)


@dataclass(frozen=True)
class Deed:
    """One line of a model's audit trail."""

    version: int | None
    who: str
    what: str
    at_ms: int


class Models(Protocol):
    """What is asked of the registry of models."""

    def models(self) -> Sequence[Model]:
        """All models with all versions, in order of name."""

    def model(self, name: str) -> Model | None:
        """One model, or None."""

    def define(self, name: str, definition: str, who: str, at_ms: int) -> None:
        """Add a model, or change its definition; its versions stay."""

    def add(
        self,
        name: str,
        content: bytes,
        metrics: Mapping[str, Any],
        lineage: Mapping[str, Any],
        who: str,
        at_ms: int,
        how: str = TRAINED,
    ) -> ModelVersion:
        """Keep what was made as the next version, in the shadow; the audit log says `how` it was made.

        Raises LookupError for an unknown model, ValueError for its size.
        """

    def file(self, sha256: str) -> bytes:
        """A version's file. Raises LookupError, and `stores.models.files.DamagedFile`."""

    def set_live(self, name: str, version: int | None, who: str, at_ms: int) -> Model:
        """Make a version the one that is asked, None for none; the one before is retired. Raises LookupError, and WrongFeatures
        for one that was never in use and whose newest report of feature parity found values wrong; without a report it may.
        """

    def note(self, name: str, who: str, what: str, at_ms: int) -> None:
        """Add a line to a model's audit trail, cut to LONGEST_DEED. Raises LookupError."""

    def audit(self, name: str, limit: int = 100) -> Sequence[Deed]:
        """What was done to a model, the newest first."""


class ModelRegistry:
    """See `Models`. Every method raises MySQLUnavailable while MySQL is away."""

    def __init__(self, settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._engine = engine(settings, answer_seconds)

    def close(self) -> None:
        """Close the connections that lie idle."""
        self._engine.dispose()

    def models(self) -> Sequence[Model]:
        """See `Models`."""
        with naming_failures(self._settings), self._engine.connect() as connection:
            return _models(connection)

    def model(self, name: str) -> Model | None:
        """See `Models`."""
        with naming_failures(self._settings), self._engine.connect() as connection:
            return next(iter(_models(connection, name)), None)

    def define(self, name: str, definition: str, who: str, at_ms: int) -> None:
        """See `Models`."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            held = connection.execute(
                select(ModelRow.definition).where(ModelRow.name == name).with_for_update()
            ).one_or_none()
            if held is None:
                try:
                    connection.execute(insert(ModelRow).values(name=name, definition=definition))
                except IntegrityError:
                    # Another process has defined it meanwhile; theirs is as new as this.
                    return
            elif held.definition != definition:
                changed = {"definition": definition, "revision": ModelRow.revision + 1}
                connection.execute(update(ModelRow).where(ModelRow.name == name).values(**changed))
            else:
                return
            _note(connection, name, None, who, "defined" if held is None else "definition changed", at_ms)

    def add(
        self,
        name: str,
        content: bytes,
        metrics: Mapping[str, Any],
        lineage: Mapping[str, Any],
        who: str,
        at_ms: int,
        how: str = TRAINED,
    ) -> ModelVersion:
        """See `Models`."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            # Two trainings at once take turns here, so that each has a number of its own.
            _require(connection, name)
            newest = select(func.max(ModelVersionRow.version)).where(ModelVersionRow.model == name)
            version = (connection.execute(newest).scalar() or 0) + 1
            sha256 = files.put(connection, content)
            made = ModelVersion(name, version, Stage.SHADOW, sha256, metrics, lineage, who, at_ms, at_ms)
            connection.execute(
                insert(ModelVersionRow).values(
                    model=name,
                    version=version,
                    status=made.stage.value,
                    sha256=sha256,
                    metrics=orjson.dumps(metrics).decode(),
                    lineage=orjson.dumps(lineage).decode(),
                    created_by=who,
                    created_at=time_of(at_ms),
                    changed_at=time_of(at_ms),
                )
            )
            _note(connection, name, version, who, how, at_ms)
        return made

    def file(self, sha256: str) -> bytes:
        """See `Models`."""
        with naming_failures(self._settings), self._engine.connect() as connection:
            return files.get(connection, sha256)

    def set_live(self, name: str, version: int | None, who: str, at_ms: int) -> Model:
        """See `Models`."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            before = _require(connection, name)
            found = _models(connection, name)[0]
            if version is not None and version not in {each.version for each in found.versions}:
                raise LookupError(f"model {name} has no version {version}")
            if before != version:
                # An earlier one was in use already: whoever must go back is not kept from it.
                if version in {each.version for each in found.versions if each.stage is Stage.SHADOW}:
                    refuse_wrong(name, version, newest(connection, name, version))
                _restage(connection, name, before, Stage.RETIRED, at_ms)
                _restage(connection, name, version, Stage.LIVE, at_ms)
                pointer = {"live_version": version, "revision": ModelRow.revision + 1}
                connection.execute(update(ModelRow).where(ModelRow.name == name).values(**pointer))
                what = "taken out of use" if version is None else f"made live; before: {before or 'none'}"
                _note(connection, name, version or before, who, what, at_ms)
            return _models(connection, name)[0]

    def note(self, name: str, who: str, what: str, at_ms: int) -> None:
        """See `Models`."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            _require(connection, name)
            _note(connection, name, None, who, shortened(what), at_ms)

    def audit(self, name: str, limit: int = 100) -> Sequence[Deed]:
        """See `Models`."""
        query = select(ModelAuditRow.__table__).where(ModelAuditRow.model == name)
        query = query.order_by(ModelAuditRow.id.desc()).limit(limit)
        with naming_failures(self._settings), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [Deed(row.version, row.who, row.what, ms_of(row.done_at)) for row in rows]


def _require(connection: Connection, name: str) -> int | None:
    query = select(ModelRow.live_version).where(ModelRow.name == name).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise LookupError(f"there is no model {name}")
    return row.live_version


def _restage(connection: Connection, name: str, version: int | None, stage: Stage, at_ms: int) -> None:
    mine = (ModelVersionRow.model == name, ModelVersionRow.version == version)
    connection.execute(update(ModelVersionRow).where(*mine).values(status=stage.value, changed_at=time_of(at_ms)))


def _note(connection: Connection, name: str, version: int | None, who: str, what: str, at_ms: int) -> None:
    values = {"model": name, "version": version, "who": who, "what": what, "done_at": time_of(at_ms)}
    connection.execute(insert(ModelAuditRow).values(**values))


def _models(connection: Connection, name: str | None = None) -> list[Model]:
    models = select(ModelRow.__table__).order_by(ModelRow.name)
    versions = select(ModelVersionRow.__table__).order_by(ModelVersionRow.version.desc())
    if name is not None:
        models, versions = models.where(ModelRow.name == name), versions.where(ModelVersionRow.model == name)
    found: dict[str, list[ModelVersion]] = {}
    for row in connection.execute(versions):
        found.setdefault(row.model, []).append(_version(row))
    return [
        Model(row.name, row.definition, row.live_version, tuple(found.get(row.name, ())))
        for row in connection.execute(models)
    ]


def _version(row: Row[Any]) -> ModelVersion:
    return ModelVersion(
        model=row.model,
        version=row.version,
        stage=Stage(row.status),
        sha256=row.sha256,
        metrics=orjson.loads(row.metrics),
        lineage=orjson.loads(row.lineage),
        created_by=row.created_by,
        created_at_ms=ms_of(row.created_at),
        changed_at_ms=ms_of(row.changed_at),
    )
