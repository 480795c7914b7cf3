"""The proof: recompute every tag in batch up to a barrier and compare all users with what HBase and ClickHouse hold."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from jobs import barrier as barriers
from jobs.builtin import JOB_NAME
from jobs.live_tags import read_live
from jobs.mode import Mode
from jobs.pipeline import submit
from jobs.statements import Job
from stores.clickhouse import connect
from stores.flink import FlinkCluster
from stores.hbase import ProfileStore
from stores.kafka_results import read_all, result_topic
from stores.settings import Settings, load
from tagging.compiler import CompiledTag
from tagging.dependencies import in_order
from tagging.names import tag_topic
from tagging.parity import Outcome, Stored, TagParity, compare

SINK_GROUPS = ("tagstream.sink_profile", "tagstream.sink_values")


@dataclass(frozen=True)
class Limits:
    """How long each part of a verification may take, in seconds."""

    stream: float = 300
    sinks: float = 120
    batch: float = 900


def verify(
    tags: Sequence[CompiledTag], settings: Settings, limits: Limits = Limits(), job: str = JOB_NAME
) -> Iterator[str | TagParity]:
    """Compare every user of every tag of one streaming job; yields progress lines (str), then one TagParity a tag and store.

    A tag that reads others comes after them. Its batch run reads their values up to the same barrier, so that it proves what
    this tag makes of them; they have a proof of their own.

    Raises BarrierNotPassed when the stream or a sink does not get there, FlinkError when the batch run fails.
    """
    sources = sorted({source for tag in tags for source in tag.sources})
    topics = [tag_topic(tag.definition.name, tag.definition.version) for tag in tags]
    barrier = barriers.take(sources, settings)
    messages = sum(sum(partitions.values()) for partitions in barrier.ends.values())
    yield f"barrier taken: {messages:,} messages in {len(barrier.ends)} topics"
    yield from _timed(
        "stream has passed the barrier", barriers.await_job, job, sources, barrier, settings, limits.stream
    )
    for group in SINK_GROUPS:
        yield from _timed(f"{group} has flushed", barriers.await_sink, group, topics, settings, limits.sinks)
    order = in_order({tag.definition.name: tag.definition.reads for tag in tags})
    tags = sorted(tags, key=lambda tag: order.index(tag.definition.name))
    started = time.monotonic()
    batch = run_batch(tags, barrier, settings, limits.batch)
    values = sum(len(users) for users in batch.values())
    yield f"batch has recomputed {values:,} values ({time.monotonic() - started:.1f} s)"
    for store, held in (
        ("hbase", stored_in_hbase(tags, settings)),
        ("clickhouse", stored_in_clickhouse(tags, settings)),
    ):
        for tag in tags:
            name = tag.definition.name
            yield compare(name, store, batch.get(name, {}), held.get(name, {}), barrier.at_ms)


def _timed(done: str, wait: Any, *arguments: Any) -> Iterator[str]:
    started = time.monotonic()
    wait(*arguments)
    yield f"{done} ({time.monotonic() - started:.1f} s)"


def run_batch(
    tags: Sequence[CompiledTag], barrier: barriers.Barrier, settings: Settings, deadline_seconds: float
) -> dict[str, dict[str, Any]]:
    """Run the tags' SQL in batch mode over the log up to the barrier: tag -> user_id -> value."""
    cluster = FlinkCluster(settings.flink.for_batch())
    found: dict[str, dict[str, Any]] = {}
    with result_topic(settings, "parity") as topic:
        job = Job("parity", tags, Mode.BATCH, barrier.ends, topic)
        cluster.await_state(submit(job, settings), "FINISHED", deadline_seconds)
        for value in read_all(settings, topic):
            row = orjson.loads(value)
            found.setdefault(row["tag"], {})[row["user_id"]] = row["value"]
    return found


def stored_in_hbase(tags: Sequence[CompiledTag], settings: Settings) -> dict[str, dict[str, Stored]]:
    """What the profiles hold for these tags: tag -> user_id -> value and when it changed."""
    versions = {(tag.definition.name, tag.definition.version) for tag in tags}
    found: dict[str, dict[str, Stored]] = {}
    with ProfileStore(settings.hbase) as store:
        for user_id, cells in store.scan(sorted(versions)):
            for (name, _version), cell in cells.items():
                found.setdefault(name, {})[user_id] = Stored(cell.value, cell.changed_at_ms)
    return found


def stored_in_clickhouse(tags: Sequence[CompiledTag], settings: Settings) -> dict[str, dict[str, Stored]]:
    """What tag_values holds for these tags: tag -> user_id -> value and when it changed."""
    client = connect(settings)
    found: dict[str, dict[str, Stored]] = {}
    for tag in tags:
        parameters = {"tag": tag.definition.name, "version": tag.definition.version}
        found[tag.definition.name] = {
            row["user_id"]: Stored(orjson.loads(row["value"]) if row["present"] else None, row["changed_at_ms"])
            for row in client.query("clickhouse/parity_values.sql", parameters)
        }
    return found


def report(results: Sequence[TagParity]) -> Table:
    """The outcome as a table a person reads."""
    table = Table(title="stream against batch")
    for column in ("tag", "store", *Outcome):
        table.add_column(str(column), justify="left" if column in ("tag", "store") else "right")
    for result in results:
        style = "red" if result.wrong else None
        table.add_row(result.tag, result.store, *(f"{result.counts[outcome]:,}" for outcome in Outcome), style=style)
    return table


def as_json(results: Sequence[TagParity]) -> Mapping[str, Any]:
    """The outcome for machines."""
    totals = {str(outcome): sum(result.counts[outcome] for result in results) for outcome in Outcome}
    return {"totals": totals, "wrong": sum(result.wrong for result in results), "tags": [asdict(r) for r in results]}


def main(as_json_text: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Prove that stream and batch agree on every user of every live tag. Exit status 1 when any is wrong."""
    console = Console(file=sys.stderr if as_json_text else sys.stdout)
    results: list[TagParity] = []
    settings = load()
    for job, tags in read_live(settings).items():
        console.print(f"job {job}: {', '.join(f'{tag.definition.name} v{tag.definition.version}' for tag in tags)}")
        for item in verify(tags, settings, job=job):
            if isinstance(item, TagParity):
                results.append(item)
            else:
                console.print(item)
    outcome = as_json(results)
    if as_json_text:
        print(json.dumps(outcome))
    else:
        console.print(report(results))
        for result in results:
            for finding in result.findings:
                if finding.outcome is not Outcome.PENDING:
                    console.print(
                        f"[red]{finding.outcome}[/]: tag {result.tag} of user {finding.user_id}: batch has "
                        f"{finding.batch!r}, {result.store} has {finding.stored!r}"
                    )
    checked = sum(outcome["totals"].values())
    if not checked:
        console.print("[red]nothing to compare:[/] no user has any tag yet; is the input running?")
    console.print(f"{checked:,} values compared, {outcome['wrong']:,} wrong, {outcome['totals']['pending']:,} pending")
    raise typer.Exit(1 if outcome["wrong"] or not checked else 0)


if __name__ == "__main__":
    typer.run(main)
