"""`make verify`: prove that stream and batch agree on every user, once now, or again and again as a process (`--every`)."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import pymysql
import typer
from rich.console import Console
from rich.table import Table

from jobs import parity_schedule
from jobs.live_tags import read_live
from jobs.process import wall_ms
from jobs.verification import verify
from stores.mysql import MySQLUnavailable
from stores.parity_runs import ParityRuns
from stores.settings import Settings, load
from tagging.parity import Outcome, TagParity
from tagging.parity_history import Origin


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


def keep(settings: Settings, results: Sequence[TagParity], started_ms: int) -> str | None:
    """Put the outcome into the history; why that was not possible, which changes nothing about the outcome."""
    runs = ParityRuns(settings)
    try:
        run_id = runs.begin(Origin.VERIFY, started_ms)
        runs.finish(run_id, results, wall_ms())
    except (MySQLUnavailable, pymysql.MySQLError) as error:
        return f"not in the history: {error}"
    return None


def main(
    as_json_text: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    every: Annotated[
        float | None,
        typer.Option(
            help="Stay, compare all live tags every so many minutes (0: never), and do the runs that the API is asked for.",
            min=0,
        ),
    ] = None,
) -> None:
    """Prove that stream and batch agree on every user of every live tag. Exit status 1 when any is wrong."""
    if every is not None:
        parity_schedule.serve(every * 60)
        return
    console = Console(file=sys.stderr if as_json_text else sys.stdout)
    settings, started_ms = load(), wall_ms()
    results: list[TagParity] = []
    carried = read_live(settings)
    for problem in carried.problems:
        console.print(f"[red]not compared:[/] {problem}")
    for job, tags in carried.by_job.items():
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
        _name_findings(console, results)
    unkept = keep(settings, results, started_ms)
    if unkept:
        console.print(f"[yellow]{unkept}[/]")
    checked = sum(outcome["totals"].values())
    if not checked:
        console.print("[red]nothing to compare:[/] no user has any tag yet; is the input running?")
    console.print(f"{checked:,} values compared, {outcome['wrong']:,} wrong, {outcome['totals']['pending']:,} pending")
    raise typer.Exit(1 if outcome["wrong"] or carried.problems or not checked else 0)


def _name_findings(console: Console, results: Sequence[TagParity]) -> None:
    for result in results:
        for finding in result.findings:
            if finding.outcome is not Outcome.PENDING:
                console.print(
                    f"[red]{finding.outcome}[/]: tag {result.tag} of user {finding.user_id}: batch has "
                    f"{finding.batch!r}, {result.store} has {finding.stored!r}; cause: {finding.cause}"
                )


if __name__ == "__main__":
    typer.run(main)
