"""`python -m jobs`: the jobs of a Flink cluster on the command line, the same on one machine, YARN and Kubernetes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from jobs import operate
from jobs.builtin import JOB_NAME, builtin_tags
from jobs.operate import Listed
from jobs.pipeline import explain
from jobs.statements import Job, statements
from jobs.tables import show
from stores.flink import FlinkCluster, FlinkError
from stores.settings import load

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Name = Annotated[str, typer.Argument(help="The job's name; `list` names them.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def _say(as_json: bool, line: str, **fields: object) -> None:
    typer.echo(json.dumps(fields) if as_json else line)


@app.command("submit")
def _submit(as_json: Json = False) -> None:
    """Start the built-in tags' job, or leave it running, or restart it from its newest checkpoint or savepoint."""
    job_id, done = operate.submit(load())
    _say(as_json, f"{JOB_NAME}: {job_id} {done}", job=JOB_NAME, id=job_id, done=done)


@app.command("list")
def _list(
    ended_too: Annotated[bool, typer.Option("--all", help="Those that have ended too.")] = False, as_json: Json = False
) -> None:
    """The cluster's jobs: state, checkpoints, and why they failed last."""
    found = operate.listed(FlinkCluster(load().flink), ended_too)
    if as_json:
        typer.echo(json.dumps({"jobs": [asdict(job) for job in found]}))
        return
    show(job_table(found))


def job_table(found: Sequence[Listed]) -> Table:
    """Jobs as a table a person reads; a name or an id that is copied is never broken in two."""
    table = Table()
    for column in ("job", "id", "state", "since", "checkpoints", "newest", "failed last of"):
        table.add_column(column, overflow="fold", no_wrap=column in ("job", "id"))
    for job in found:
        table.add_row(
            job.name, job.id, job.state, _time(job.started_at_ms),
            f"{job.checkpoints}" + (f", {job.checkpoints_failed} failed" if job.checkpoints_failed else ""),
            _time(job.last_checkpoint_at_ms), escape(job.problem or ""),
        )  # fmt: skip
    return table


@app.command("stop")
def _stop(
    name: Name = JOB_NAME,
    savepoint: Annotated[bool, typer.Option(help="Write a savepoint first.")] = True,
    as_json: Json = False,
) -> None:
    """End a job."""
    path = operate.stop(FlinkCluster(load().flink), name, savepoint)
    line = f"{name}: stopped, savepoint {path}" if path else f"{name}: cancelled; its newest checkpoint stays"
    _say(as_json, line, job=name, savepoint=path or None)


@app.command("savepoint")
def _savepoint(name: Name = JOB_NAME, as_json: Json = False) -> None:
    """Write a savepoint while the job goes on."""
    cluster = FlinkCluster(load().flink)
    path = cluster.savepoint(operate.running(cluster, name).id)
    _say(as_json, f"{name}: {path}", job=name, savepoint=path)


@app.command("restart")
def _restart(name: Name = JOB_NAME, as_json: Json = False) -> None:
    """Stop a job with a savepoint, and have it go on from there."""
    settings = load()
    done = operate.restart(FlinkCluster(settings.flink), name, settings)
    _say(as_json, f"{name}: {done}", job=name, done=done)


@app.command("sql")
def _sql() -> None:
    """Print the built-in tags' job as Flink SQL. Credentials are part of it: do not paste it anywhere."""
    text = statements(Job(JOB_NAME, builtin_tags()), load())
    typer.echo(";\n\n".join((*text.declarations, text.as_set())) + ";")


@app.command("explain")
def _explain() -> None:
    """Print Flink's plan of that job with the changelog mode of every operator."""
    typer.echo(explain(Job(JOB_NAME, builtin_tags()), load()))


def _time(at_ms: int | None) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at_ms else ""


def main() -> None:
    """Run the command; a failure prints its cause, without a trace."""
    try:
        app()
    except (FlinkError, operate.NoSuchJob) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
