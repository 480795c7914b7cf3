"""The rows of the log that concern some users: what the drill-down of a finding shows and what its cause is found from."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

import orjson

from tagging.events import read_events
from tagging.log_message import LogMessage
from tagging.parity_cause import Emitted, InputRow
from tagging.people import KnownPeople, People
from tagging.sources import CATALOG
from tagging.written_rows import read_row_changes, time_ms

MOST_ROWS_A_USER = 500
_ESCAPED = frozenset('"\\/')


class UserRows:
    """Gathers the input rows of these users from messages of their sources, in order of each partition.

    A user has the rows of all ids of the person; one who is merged into another has none. Of each user and source the newest
    MOST_ROWS_A_USER are kept.
    """

    def __init__(self, user_ids: Collection[str], cdc_format: str, people: People | None = None) -> None:
        known = people or KnownPeople()
        persons = [person for user_id in user_ids if (person := known.person(user_id)).canonical == user_id]
        self._ids = {id.encode(): person.canonical for person in persons for id in person.ids}
        # An id that JSON may write with escapes is looked for in every message.
        self._plain = all(
            id.isascii() and id.isprintable() and not set(id) & _ESCAPED for person in persons for id in person.ids
        )
        self._cdc_format = cdc_format
        self._rows: dict[tuple[str, str], deque[InputRow]] = {}
        self._owners: dict[tuple[str, str], str] = {}

    def of(self, user_id: str) -> Sequence[InputRow]:
        """The rows of one user."""
        return [row for (owner, _), rows in self._rows.items() if owner == user_id for row in rows]

    def read(self, source: str, messages: Iterable[LogMessage]) -> None:
        """Look through the messages of one source."""
        for message in messages:
            value = message.value()
            if not value:
                continue
            if source == "events":
                self._events(message, value)
            else:
                self._row_changes(source, message, value)

    def _events(self, message: LogMessage, value: bytes) -> None:
        # Most messages are about nobody of these; looking for the bytes costs far less than reading them.
        if self._plain and not any(user_id in value for user_id in self._ids):
            return
        logged_at_ms = message.timestamp()[1]
        for event in read_events(value, logged_at_ms)[0]:
            if event.user_id.encode() in self._ids:
                text = orjson.dumps({"event_type": event.event_type, "item_id": event.item_id, **event.properties})
                at = (message.partition(), message.offset(), logged_at_ms, event.occurred_at_ms)
                self._keep(
                    self._ids[event.user_id.encode()], InputRow("events", event.event_id, *at, text=text.decode())
                )

    def _row_changes(self, source: str, message: LogMessage, value: bytes) -> None:
        table = CATALOG[source]
        for change in read_row_changes(value, self._cdc_format):
            key = str(change.row.get(table.key))
            # A delete may hold the key alone.
            owner = self._owners.get((source, key)) or str(change.row.get("user_id"))
            if owner.encode() not in self._ids:
                continue
            self._owners[source, key] = owner
            canonical = self._ids[owner.encode()]
            if table.own and canonical != owner:
                # Of a person the canonical id's own row alone counts.
                continue
            at_ms = time_ms(change.row.get(table.time_column)) if table.time_column else None
            place = (message.partition(), message.offset(), message.timestamp()[1], at_ms)
            text = orjson.dumps({name: value for name, value in change.row.items() if value is not None}).decode()
            self._keep(canonical, InputRow(source, key, *place, change.op, change.written, text))

    def _keep(self, user_id: str, row: InputRow) -> None:
        self._rows.setdefault((user_id, row.source), deque(maxlen=MOST_ROWS_A_USER)).append(row)


def emitted_by_user(user_ids: Collection[str], messages: Iterable[LogMessage]) -> Mapping[str, Sequence[Emitted]]:
    """What a tag's topic says of these users, in order of the log."""
    wanted = {user_id.encode(): user_id for user_id in user_ids}
    found: dict[str, list[Emitted]] = {user_id: [] for user_id in user_ids}
    for message in messages:
        user_id = wanted.get(message.key() or b"")
        if user_id is None:
            continue
        value = message.value()
        said = None if value is None else orjson.loads(value).get("value")
        found[user_id].append(Emitted(said, message.offset(), message.timestamp()[1]))
    return found
