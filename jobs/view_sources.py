"""What the views of sql/clickhouse/views.sql need to know of MySQL: which tags are live, and who is in each saved crowd.

Kept by the process of `jobs.bitmaps`, which runs once. A crowd is written under a build that no reader looks at yet, and then
named by one row: readers see a whole crowd.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pymysql.constants import ER
from pymysql.err import ProgrammingError as DriverError
from sqlalchemy.exc import ProgrammingError

from jobs.crowd_rules import live_tags
from stores import logs
from stores.bitmaps import CrowdBitmaps, Generation
from stores.clickhouse import ClickHouseClient, ClickHouseRefused
from stores.mysql import MySQLUnavailable
from stores.registry.store import Pointer
from tagging.access import strictest
from tagging.crowd_normal import expand, fingerprint
from tagging.crowd_parsing import CrowdProblems
from tagging.crowd_rules import Rules
from tagging.crowds import Rule, tags_in
from tagging.definition import TagDefinition
from tagging.saved_crowds import SavedCrowd

LOOK_SECONDS = 2.0
"""How long after a switch the views may still show the version before."""
REFRESH_SECONDS = 60.0
"""A crowd whose rule did not change is built again after this, if the bitmaps are others by then."""
CROWDS_A_ROUND = 5
"""Bitmaps of tags must not wait long for those of crowds."""
KEPT_SECONDS = 900
"""A replaced build stays this long for those who still read it."""
_GONE = (0, "")
log = logs.get("jobs.view_sources")


class Pointers(Protocol):
    """Where it is said which versions are live (MySQL)."""

    def pointers(self) -> Sequence[Pointer]:
        """Every tag's live version."""


class Crowds(Protocol):
    """Where crowds are saved (MySQL)."""

    def all(self) -> Mapping[str, SavedCrowd]:
        """By name."""


@dataclass(frozen=True)
class State:
    """What is written of a crowd. `build` 0: it is no more."""

    build: int
    generation: int
    fingerprint: str
    sensitivity: str
    built_at_ms: int


class ViewSources:
    """Rounds over MySQL and one ClickHouse. `now` gives epoch seconds."""

    def __init__(
        self, store: ClickHouseClient, pointers: Pointers, crowds: Crowds, now: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._bitmaps = CrowdBitmaps(store)
        self._pointers = pointers
        self._crowds = crowds
        self._now = now
        self._last_ms = 0
        self._looked_at = float("-inf")
        self._tags: dict[str, tuple[int, str]] | None = None
        self._states: dict[str, State] = {}
        self._read: tuple[Any, Any] | None = None
        self._rules: dict[str, tuple[Rule, str]] = {}
        """Of the tags and crowds that were read last: each crowd's rule, and what it depends on."""
        self._tried: dict[str, tuple[str, int]] = {}
        """Of each crowd what was built last, or failed to be, and when (epoch milliseconds)."""

    def round(self) -> int:
        """Write what is not as it is stored; returns the number of crowds that were built. Raises ClickHouseUnavailable.

        While MySQL is away everything stays as it was last written.
        """
        if self._now() - self._looked_at < LOOK_SECONDS:
            return 0
        self._looked_at = self._now()
        try:
            tags, crowds = self._live(), self._crowds.all()
        except MySQLUnavailable as error:
            log.warning("views_as_last_written", reason=str(error))
            return 0
        except DriverError as error:
            # Nobody has made this database's tables yet.
            if error.args[0] != ER.NO_SUCH_TABLE:
                raise
            return 0
        if self._tags is None:
            self._open()
        self._write_tags(tags)
        return self._write_crowds(tags, crowds)

    def forget(self) -> None:
        """Remove the bitmaps of crowds that were replaced long ago."""
        parameters = {"before_ms": int((self._now() - KEPT_SECONDS) * 1000)}
        self._store.command("clickhouse/views/forget_crowds.sql", parameters)

    def _open(self) -> None:
        tags = self._store.query("clickhouse/views/live_tags.sql")
        self._tags = {row["tag"]: (row["version"], row["sensitivity"]) for row in tags}
        crowds = self._store.query("clickhouse/views/crowd_states.sql")
        self._states = {
            row["crowd"]: State(
                row["build"], row["generation"], row["fingerprint"], row["sensitivity"], row["built_at_ms"]
            )
            for row in crowds
        }
        self._last_ms = max([row["written_at_ms"] for row in (*tags, *crowds)], default=0)

    def _next_ms(self) -> int:
        """The time, and later than all that was written: the newest row counts, whatever the clock does."""
        self._last_ms = max(int(self._now() * 1000), self._last_ms + 1)
        return self._last_ms

    def _live(self) -> dict[str, TagDefinition]:
        try:
            pointers = self._pointers.pointers()
        except ProgrammingError as error:
            if error.orig is None or error.orig.args[0] != ER.NO_SUCH_TABLE:
                raise
            pointers = ()
        return {tag.name: tag for tag in live_tags(pointers)}

    def _write_tags(self, tags: Mapping[str, TagDefinition]) -> None:
        wanted = {name: (tag.version, tag.sensitivity) for name, tag in tags.items()}
        wanted |= {name: _GONE for name, stored in (self._tags or {}).items() if name not in wanted and stored[0]}
        changed = {name: row for name, row in wanted.items() if (self._tags or {}).get(name) != row}
        if not changed:
            return
        columns = {
            "tag": list(changed),
            "version": [version for version, _ in changed.values()],
            "sensitivity": [sensitivity for _, sensitivity in changed.values()],
            "written_at": [self._next_ms()] * len(changed),
        }
        self._store.insert_columns("live_tags", columns)
        self._tags = {**(self._tags or {}), **changed}

    def _write_crowds(self, tags: Mapping[str, TagDefinition], crowds: Mapping[str, SavedCrowd]) -> int:
        if self._read != (tags, crowds):
            self._rules = {name: (rule, _print(rule, tags)) for name, rule in _expanded(tags, crowds)}
            self._read = (dict(tags), dict(crowds))
        rules = self._rules
        for name in [name for name, state in self._states.items() if state.build and name not in rules]:
            self._name(name, State(0, 0, "", "", 0))
        generation = self._bitmaps.newest()
        if not generation.number:
            return 0
        due = [
            (self._tried.get(name, ("", 0))[1], name, print_)
            for name, (_, print_) in rules.items()
            if self._is_due(name, print_, generation.number)
        ]
        for _, name, print_ in sorted(due)[:CROWDS_A_ROUND]:
            self._build(name, rules[name][0], tags, print_, generation)
        return min(len(due), CROWDS_A_ROUND)

    def _is_due(self, name: str, print_: str, generation: int) -> bool:
        state = self._states.get(name)
        if state is not None and (state.fingerprint, state.generation) == (print_, generation):
            return False
        last, at_ms = self._tried.get(name, ("", 0))
        return last != print_ or self._now() * 1000 - at_ms >= REFRESH_SECONDS * 1000

    def _build(
        self, name: str, rule: Rule, tags: Mapping[str, TagDefinition], print_: str, generation: Generation
    ) -> None:
        build = self._next_ms()
        self._tried[name] = (print_, build)
        read = sorted(tags_in(rule))
        try:
            versions = {tag: tags[tag].version for tag in read}
            self._bitmaps.keep(name, rule, versions, generation.number, build)
        except ClickHouseRefused as error:
            log.error("crowd_not_built", crowd=name, cause=str(error))
            return
        sensitivity = strictest(tags[tag].sensitivity for tag in read)
        self._name(name, State(build, generation.number, print_, sensitivity, generation.built_at_ms))

    def _name(self, name: str, state: State) -> None:
        columns = {
            "crowd": [name],
            "build": [state.build],
            "generation": [state.generation],
            "fingerprint": [state.fingerprint],
            "sensitivity": [state.sensitivity],
            "built_at": [state.built_at_ms],
            "written_at": [self._next_ms()],
        }
        self._store.insert_columns("crowd_states", columns)
        self._states[name] = state


def _print(rule: Rule, tags: Mapping[str, TagDefinition]) -> str:
    """The same for a crowd that takes the same users of the same bitmaps, and may be seen by the same people."""
    read = [f"{tag} v{tags[tag].version} {tags[tag].sensitivity}" for tag in sorted(tags_in(rule))]
    return " ".join((fingerprint(rule), *read))


def _expanded(tags: Mapping[str, TagDefinition], crowds: Mapping[str, SavedCrowd]) -> Iterator[tuple[str, Rule]]:
    """The rules that fit the tags and crowds that there are, each without other crowds' names."""
    rules = Rules({name: tag.value_type for name, tag in tags.items()}, crowds)
    for name in crowds:
        try:
            yield name, expand(rules[name], rules, (name,))
        except CrowdProblems as error:
            log.info("crowd_has_no_members", crowd=name, cause=str(error))
