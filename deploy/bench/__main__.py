"""`python -m deploy.bench` (`make bench`): throughput and latency of the tag job on a stack of its own, results checked first."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.bench import latency, throughput
from deploy.bench.filling import fill
from deploy.bench.own_stack import own_stack
from deploy.demo.steps import Steps
from deploy.local.config import settings_of
from deploy.local.layout import REPOSITORY
from stores import kafka

LATENCY_SERVICES = ("kafka", "jobmanager", "taskmanager", "sink_profile")
THROUGHPUT_SERVICES = ("kafka", "jobmanager", "taskmanager")
RESULTS = REPOSITORY / "bench-results"


def table(events: int, runs: Sequence[throughput.Throughput]) -> Table:
    """The runs as a table a person reads."""
    found = Table(title=f"{events:,} events, Kafka to Kafka, results equal in both modes")
    for column in ("tags", "stream events/s", "batch events/s", "stream : batch", "tag changes", "values"):
        found.add_column(column, justify="right")
    for run in runs:
        found.add_row(
            str(run.tags),
            f"{events / run.stream_seconds:,.0f}",
            f"{events / run.batch_seconds:,.0f}",
            f"1 : {run.stream_seconds / run.batch_seconds:.1f}",
            f"{run.messages_out:,}",
            f"{run.values:,}",
        )
    return found


def main(
    events: Annotated[int, typer.Option(min=1_000, help="Events in the log.")] = 3_000_000,
    rate: Annotated[int, typer.Option(min=1, help="Events per second while latency is measured.")] = 5_000,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running.")] = False,
) -> None:
    """Measure, check, print, and keep the numbers in bench-results/."""
    steps = Steps(Console())
    with own_stack(keep) as stack:
        with steps.step("an empty stack: Kafka, Flink, HBase"):
            stack.up(LATENCY_SERVICES)
            settings = settings_of(stack.layout)
            kafka.create_topics(settings)
        with steps.step(f"latency from log to profile, {len(throughput.TAGS[-1])} tags") as step:
            delay = latency.measure(throughput.TAGS[-1], 1, rate, settings, step.tell)
            step.result = f"p50 {delay.p50_seconds:.2f} s, p99 {delay.p99_seconds:.2f} s"
        with steps.step("an empty log"):
            stack.reset()
            stack.up(THROUGHPUT_SERVICES)
            settings = settings_of(stack.layout)
            kafka.create_topics(settings)
        with steps.step("filling the log") as step:
            step.result = f"{fill(events, settings):,} messages"
        runs = []
        for version, names in enumerate(throughput.TAGS, start=2):
            with steps.step(f"throughput of {len(names)} tags") as step:
                runs.append(throughput.measure(names, version, settings, step.tell))
                step.result = f"{events / runs[-1].stream_seconds:,.0f} events/s in stream"
    steps.console.print(table(events, runs))
    steps.console.print(
        f"log to profile at {rate:,} events/s, {delay.tags} tags: p50 {delay.p50_seconds:.2f} s, "
        f"p99 {delay.p99_seconds:.2f} s ({delay.probes} probes)"
    )
    print(f"kept in {save(events, runs, asdict(delay))}")


def save(events: int, runs: Sequence[throughput.Throughput], delay: dict[str, float]) -> Path:
    """Write the numbers with the machine that they belong to."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}.json"
    machine = {"cores": os.cpu_count(), "platform": platform.platform(), "load": os.getloadavg()}
    found = {"machine": machine, "events": events, "throughput": [asdict(run) for run in runs], "latency": delay}
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    typer.run(main)
