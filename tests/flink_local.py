"""Tags on Flink in this process: the real statements, with files in place of Kafka topics. For properties and oracles."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from pyflink.common import RowKind
from pyflink.table import TableEnvironment

from deploy.local.parts import flink_connector_jar
from jobs.flink_environment import COMMON_OPTIONS, STREAM_OPTIONS, create_environment
from jobs.flink_sources import inputs_of, source_statements, topic_of
from jobs.mode import Mode
from jobs.statements import Job, statements
from stores.settings import Settings
from tagging.compiler import CompiledTag


@dataclass(frozen=True)
class Message:
    """What lies in a topic: a JSON object, and the offset and the time that the log gave it."""

    value: Mapping[str, Any]
    offset: int = 0
    logged_at_ms: int = 0

    def line(self) -> bytes:
        """The message as a line of a table's file, with what Kafka says of it as columns."""
        logged_at = datetime.fromtimestamp(self.logged_at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        millis = f".{self.logged_at_ms % 1000:03d}Z"
        return orjson.dumps({**self.value, "offset": self.offset, "logged_at": logged_at + millis}) + b"\n"


Log = Mapping[str, Sequence[Message]]
"""table (`events_log`, `users_log`, `clock` ...) -> its messages."""

Values = dict[str, dict[str, Any]]
"""tag -> user_id -> value; only users who have the tag."""

_READ: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "integer": int,
    "decimal": Decimal,
    "boolean": {"TRUE": True, "FALSE": False}.__getitem__,
}
_WITH = re.compile(r"\) WITH \((.*)\)\s*$", re.DOTALL)
_FORMAT = re.compile(r"'(?:format|json\.[\w.-]+)' = '[^']*'")
_ADDED = (RowKind.INSERT, RowKind.UPDATE_AFTER)


class LocalFlink:
    """One table environment in this process for many runs: starting one takes seconds, a run much less."""

    def __init__(self, mode: Mode, settings: Settings | None = None, **options: str) -> None:
        chosen = {**COMMON_OPTIONS, "parallelism.default": "2", "taskmanager.numberOfTaskSlots": "4"}
        # All built-in tags in one batch job sort and hash more at once than the default is divided by.
        chosen["taskmanager.memory.managed.size"] = "512m"
        # Where the machine is busy with others, a heartbeat comes late, and nobody is gone.
        chosen["heartbeat.timeout"] = "10 min"
        if mode is Mode.STREAM:
            chosen |= {key: value for key, value in STREAM_OPTIONS.items() if key.startswith("table.")}
        self.settings = settings or Settings()
        self.environment: TableEnvironment = create_environment(
            mode, {**chosen, **options}, flink_connector_jar().as_uri()
        )

    def run(self, tags: Sequence[CompiledTag], log: Log) -> Values:
        """The tags' values at the end of the log. What a tag reads of another of them is put into the log before."""
        found: Values = {}
        left = list(tags)
        while left:
            waited_for = {tag.definition.name for tag in left}
            ready = [tag for tag in left if not waited_for & {read.tag for read in tag.definition.reads}]
            topics = {
                read.source: found[read.tag] for tag in ready for read in tag.definition.reads if read.tag in found
            }
            found |= self._run(ready, {**{f"{name}_log": tag_topic(held) for name, held in topics.items()}, **log})
            left = [tag for tag in left if tag not in ready]
        return found

    def as_of(self, tags: Sequence[CompiledTag], log: Log, as_of_ms: int) -> Values:
        """The tags' values as of a moment of the past, from the whole log."""
        return self._run(tags, {"clock_log" if name == "clock" else name: held for name, held in log.items()}, as_of_ms)

    def _run(self, tags: Sequence[CompiledTag], log: Log, as_of_ms: int | None = None) -> Values:
        sources = {source for tag in tags for source in tag.sources}
        ends = {topic_of(source, self.settings): {0: 0} for source in inputs_of(sources, self.settings)}
        past = (Mode.BATCH, ends, "local", as_of_ms) if as_of_ms is not None else ()
        text = statements(Job("local", tags, *past), self.settings)
        types = {f"tag_{tag.definition.name}_v{tag.definition.version}": tag.definition for tag in tags}
        queries = []
        for insert in text.inserts:
            into, query = insert.split("\n", 1)
            name = types[re.fullmatch(r"INSERT INTO `(\w+)`", into)[1]].name
            queries.append(f"SELECT '{name}' AS `tag`, `user_id`, CAST(`value` AS STRING) FROM (\n{query}\n)")
        found: Values = {tag.definition.name: {} for tag in tags}
        read = {tag.definition.name: _READ[tag.definition.value_type] for tag in tags}
        with self.declared(text.declarations, log):
            for (tag, user_id, value), number in self._collect("\nUNION ALL\n".join(queries)).items():
                # The sink drops a row without a user; a NULL is no value.
                if user_id is None or value is None:
                    continue
                assert number == 1 and user_id not in found[tag], f"{tag}: several values of {user_id}"
                found[tag][user_id] = read[tag](value)
        return found

    def table(self, source: str, columns: Sequence[str], log: Log) -> list[tuple[str | None, ...]]:
        """The rows of one source as the tags read it, each column as text."""
        wanted = ", ".join(f"CAST(`{column}` AS STRING)" for column in columns)
        with self.declared(source_statements([source], self.settings, "local"), log):
            return sorted(self._collect(f"SELECT {wanted} FROM `{source}`").elements(), key=repr)

    def rows(self, declarations: Sequence[str], query: str, log: Log) -> list[tuple[str | None, ...]]:
        """The rows of a query over any declarations, in any order; its columns are text."""
        with self.declared(declarations, log):
            return list(self._collect(query).elements())

    @contextmanager
    def declared(self, declarations: Sequence[str], log: Log) -> Iterator[None]:
        """The tables and views are there for as long as this is held."""
        created: list[tuple[str, str]] = []
        with tempfile.TemporaryDirectory() as folder:
            try:
                for declaration in declarations:
                    kind, name = re.search(r"CREATE TEMPORARY (TABLE|VIEW) `(\w+)`", declaration).groups()
                    if name.startswith("tag_"):
                        continue
                    if kind == "TABLE":
                        declaration = _over_file(declaration, Path(folder) / f"{name}.json", log.get(name, ()))
                    self.environment.execute_sql(declaration)
                    created.append((kind, name))
                yield
            finally:
                for kind, name in reversed(created):
                    self.environment.execute_sql(f"DROP TEMPORARY {kind} `{name}`")

    def _collect(self, query: str) -> Counter[tuple[str | None, ...]]:
        found: Counter[tuple[str | None, ...]] = Counter()
        with self.environment.execute_sql(query).collect() as changes:
            for row in changes:
                found[tuple(row)] += 1 if row.get_row_kind() in _ADDED else -1
        # A withdrawal may overtake what it withdraws between two tasks, but at the end none is left over.
        assert min(found.values(), default=0) >= 0, "a row was withdrawn that never was"
        return +found


def tag_topic(values: Mapping[str, Any]) -> list[Message]:
    """An upsert topic that ends with these values: each user had none, and another value, before."""
    messages: list[str | None] = []
    users: list[str] = []
    for user_id, value in values.items():
        written = str(value) if isinstance(value, Decimal) else orjson.dumps(value).decode()
        stale = {str: '"stale"', bool: str(value is False).lower()}.get(type(value), "1")
        for text in (stale, None, written):
            users.append(user_id)
            messages.append(text and f'{{"user_id":{orjson.dumps(user_id).decode()},"value":{text}}}')
    # Somebody who had a value has none now, by either way of saying so.
    users += ["withdrawn", "withdrawn", "emptied", "emptied"]
    last = messages[-1] if messages else '{"user_id":"x","value":"x"}'
    messages += [last, None, last, '{"user_id":"emptied","value":null}']
    return [
        Message({"user_id": user_id, "message": message}, offset)
        for offset, (user_id, message) in enumerate(zip(users, messages, strict=True))
    ]


def _over_file(declaration: str, path: Path, messages: Sequence[Message]) -> str:
    """The table over a file in place of the topic, with the options of its format as they are."""
    path.write_bytes(b"".join(message.line() for message in messages))
    return over_path(declaration, path)


def over_path(declaration: str, path: Path, more: str = "") -> str:
    """The table over what lies at `path`, in place of the topic. `more`: further options, as a WITH clause has them."""
    columns = re.sub(r" METADATA( FROM 'timestamp')? VIRTUAL", "", _WITH.sub("", declaration))
    # A topic of plain text has no format of its own in a file, whose lines are JSON.
    kept = _FORMAT.findall(_WITH.search(declaration)[1]) or ["'format' = 'json'"]
    return f"{columns}) WITH ('connector' = 'filesystem', 'path' = '{path.as_uri()}', {', '.join(kept)}{more})"
