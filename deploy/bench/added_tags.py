"""What one more tag on a source costs, in a job that reads the source already and in a job of its own.

Run by `python -m deploy.bench.added_tags`. Counted in CPU seconds of the TaskManager: jobs that are started one after the other
share the machine, so that a clock on the wall would measure when they started.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from deploy.bench.filling import fill
from deploy.bench.own_stack import own_stack
from deploy.bench.throughput import DEADLINE_SECONDS, Values, check, folded, versioned
from deploy.demo.steps import Steps
from deploy.local.config import settings_of
from deploy.local.layout import REPOSITORY
from deploy.local.stack import Stack
from jobs import barrier as barriers
from jobs.pipeline import submit
from jobs.statements import Job
from stores import kafka
from stores.flink import FlinkCluster, cancel_and_wait
from stores.settings import Settings
from tagging.names import tag_topic

SERVICES = ("kafka", "jobmanager", "taskmanager")
SOURCE = "events"
NAMES = (
    *("heat_1h", "views_7d", "active_days_7d", "sessions_7d"),
    *("funnel_stage_7d", "shares_30d", "top_search_30d"),
)
"""Built-in tags that read events and nothing else."""
NUMBERS = (1, 2, 4, 7)
RESULTS = REPOSITORY / "bench-results"


@dataclass(frozen=True)
class Cost:
    """CPU seconds that the first `tags` of NAMES took for the whole log; `values` hold at the end, equal in both ways."""

    tags: int
    shared_seconds: float
    own_seconds: float
    values: int


def cpu_seconds(stack: Stack) -> float:
    """What the TaskManager has used so far. Raises psutil.NoSuchProcess when it does not run."""
    times = psutil.Process(stack.process("taskmanager").pid()).cpu_times()
    return times.user + times.system


def run(jobs: Sequence[Job], stack: Stack, settings: Settings) -> tuple[float, Values]:
    """Run these jobs over all that is in the log: the CPU seconds they took, and what they found. Raises FlinkError."""
    names = [(tag.definition.name, tag.definition.version) for job in jobs for tag in job.tags]
    kafka.ensure_tag_topics(settings, names)
    barrier = barriers.take([SOURCE], settings)
    cluster, began, ids = FlinkCluster(settings.flink), cpu_seconds(stack), []
    try:
        for job in jobs:
            ids.append(submit(job, settings))
        for job in jobs:
            barriers.await_job(job.name, [SOURCE], barrier, settings, DEADLINE_SECONDS)
        took = cpu_seconds(stack) - began
    finally:
        for job_id in ids:
            cancel_and_wait(cluster, job_id)
    values, _, _ = folded([tag_topic(*name) for name in names], settings)
    return took, values


def measure(number: int, version: int, stack: Stack, settings: Settings) -> Cost:
    """So many tags in one job, and each in its own. Raises WrongResult when the two do not find the same."""
    names = NAMES[:number]
    shared, found = run([Job(f"shared-{version}", versioned(names, version))], stack, settings)
    alone = [Job(f"own-{version}-{name}", versioned([name], version + 1)) for name in names]
    own, same = run(alone, stack, settings)
    check(found, same)
    return Cost(number, shared, own, sum(map(len, found.values())))


def added(costs: Sequence[Cost], way: str) -> float:
    """CPU seconds that one more tag takes, between the fewest and the most tags that were measured."""
    first, last = costs[0], costs[-1]
    return (getattr(last, way) - getattr(first, way)) / (last.tags - first.tags)


def table(events: int, costs: Sequence[Cost]) -> Table:
    """The runs as a table a person reads."""
    found = Table(title=f"{events:,} events, CPU seconds of the TaskManager, results equal in both ways")
    for column in ("tags", "one shared job", "a job each", "values"):
        found.add_column(column, justify="right")
    for cost in costs:
        found.add_row(str(cost.tags), f"{cost.shared_seconds:.1f}", f"{cost.own_seconds:.1f}", f"{cost.values:,}")
    return found


def main(
    events: Annotated[int, typer.Option(min=1_000, help="Events in the log.")] = 1_000_000,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running.")] = False,
) -> None:
    """Measure, check, print, and keep the numbers in bench-results/."""
    steps = Steps(Console())
    with own_stack(keep) as stack:
        with steps.step("an empty stack: Kafka, Flink"):
            stack.up(SERVICES)
            settings = settings_of(stack.layout)
            settings = settings.model_copy(update={"flink": settings.flink.model_copy(update={"parallelism": 1})})
            kafka.create_topics(settings)
        with steps.step("filling the log") as step:
            step.result = f"{fill(events, settings):,} messages"
        with steps.step("warming up: the first run pays for what Java compiles"):
            run([Job("warm-up", versioned(NAMES, 2))], stack, settings)
        costs = []
        for place, number in enumerate(NUMBERS):
            with steps.step(f"{number} tags, in one job and in one each") as step:
                costs.append(measure(number, 10 * (place + 1), stack, settings))
                step.result = f"{costs[-1].shared_seconds:.1f} and {costs[-1].own_seconds:.1f} CPU seconds"
    steps.console.print(table(events, costs))
    per_million = {way: added(costs, f"{way}_seconds") * 1_000_000 / events for way in ("shared", "own")}
    steps.console.print(
        f"one more tag, per million events: {per_million['shared']:.2f} CPU seconds in the shared job, "
        f"{per_million['own']:.2f} in a job of its own"
    )
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"added-tags-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}.json"
    machine = {"cores": os.cpu_count(), "platform": platform.platform(), "load": os.getloadavg()}
    found = {"machine": machine, "events": events, "costs": [asdict(cost) for cost in costs], "added": per_million}
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"kept in {path}")


if __name__ == "__main__":
    typer.run(main)
