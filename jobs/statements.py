"""A job as Flink SQL: what to declare, what to insert. In stream and in batch the same but for the tables' options."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.flink_sources import EndOffsets, kafka_properties, literal, options, source_statements
from jobs.mode import Mode
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.names import tag_topic
from tagging.program import build_program

_DECLARES_A_VIEW = re.compile(r"^CREATE TEMPORARY VIEW ", re.MULTILINE)
FLINK_TYPES = {"string": "STRING", "integer": "BIGINT", "decimal": "DECIMAL(18, 4)", "boolean": "BOOLEAN"}


@dataclass(frozen=True)
class Job:
    """What is to run: the tags, how, and under which name its places in the log are committed.

    In batch mode `barrier` bounds every source and `result_topic` takes the answers of all tags; `as_of_ms` takes the run
    back to a moment of the past (see `jobs.as_of`).
    """

    name: str
    tags: Sequence[CompiledTag]
    mode: Mode = Mode.STREAM
    barrier: EndOffsets | None = None
    result_topic: str | None = None
    as_of_ms: int | None = None

    def __post_init__(self) -> None:
        if (self.mode is Mode.BATCH) != (self.barrier is not None and self.result_topic is not None):
            raise ValueError("a batch job needs a barrier and a result topic; a streaming job has neither")
        if self.as_of_ms is not None:
            reading = sorted(tag.definition.name for tag in self.tags if tag.definition.reads)
            if self.mode is Mode.STREAM or reading:
                raise ValueError(
                    f"as of a moment only a batch job runs, over tags that read no other tags, whose past values no log has; "
                    f"got mode {self.mode}, tags over tags: {', '.join(reading) or 'none'}"
                )


@dataclass(frozen=True)
class Statements:
    """A job as text: everything to declare, then the inserts that make up its statement set."""

    declarations: tuple[str, ...]
    inserts: tuple[str, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """The declarations that a compiled plan refers to: views are part of the plan."""
        return tuple(declaration for declaration in self.declarations if not _DECLARES_A_VIEW.search(declaration))

    def as_set(self) -> str:
        """The inserts as one EXECUTE-able statement set."""
        return "STATEMENT SET BEGIN\n" + ";\n".join(self.inserts) + ";\nEND"


def fingerprint(text: Statements) -> str:
    """What a job's state belongs to: the SQL. State of other SQL is never restored; the log is replayed instead."""
    return hashlib.sha256("\n".join((*text.declarations, *text.inserts)).encode()).hexdigest()


def statements(job: Job, settings: Settings) -> Statements:
    """Compile a job to Flink SQL. Only the tables' options differ between the two modes."""
    program = build_program(job.tags)
    sources = {source for tag in job.tags for source in tag.sources}
    reads = {read for tag in job.tags for read in tag.definition.reads}
    declarations = source_statements(sources, settings, job.name, job.barrier, reads, job.as_of_ms)
    declarations += [f"CREATE TEMPORARY VIEW `{name}` AS\n{select}" for name, select in program.views]
    inserts = []
    for tag, query in program.inserts:
        table = f"tag_{tag.definition.name}_v{tag.definition.version}"
        declarations.append(_sink(table, tag, job, settings))
        inserts.append(f"INSERT INTO `{table}`\n{query if job.mode is Mode.STREAM else _labelled(tag, query)}")
    return Statements(tuple(declarations), tuple(inserts))


def _labelled(tag: CompiledTag, query: str) -> str:
    """In batch all tags answer into one topic: each row says whose it is, and a user without the tag has no row."""
    name = tag.definition.name
    return f"SELECT {literal(name)} AS `tag`, `user_id`, `value` FROM (\n{query}\n) WHERE `value` IS NOT NULL"


def _sink(table: str, tag: CompiledTag, job: Job, settings: Settings) -> str:
    definition = tag.definition
    columns = ["`user_id` STRING NOT NULL", f"`value` {FLINK_TYPES[definition.value_type]}"]
    if job.mode is Mode.STREAM:
        # This key alone: with any other the plan would write a tombstone before each new value.
        columns.append("PRIMARY KEY (`user_id`) NOT ENFORCED")
        chosen = {
            "connector": "upsert-kafka",
            "topic": tag_topic(definition.name, definition.version),
            "sink.buffer-flush.max-rows": "5000",
            "sink.buffer-flush.interval": "500 ms",
        }
    else:
        columns.insert(0, "`tag` STRING NOT NULL")
        chosen = {"connector": "kafka", "topic": job.result_topic or "", "key.fields": "user_id"}
    chosen |= {
        "key.format": "raw",
        "value.format": "json",
        "value.json.encode.decimal-as-plain-number": "true",
        "properties.linger.ms": "50",
        "properties.compression.type": "lz4",
        **kafka_properties(settings.kafka),
    }
    columns_text = ",\n  ".join(columns)
    return f"CREATE TEMPORARY TABLE `{table}` (\n  {columns_text}\n) WITH (\n  {options(chosen)}\n)"
