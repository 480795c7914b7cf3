"""`tagstream`: all of Tagstream's commands under one name, with completion (`tagstream --install-completion`)."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from deploy import crowds, erase, merges, replay, sources
from deploy.bench.__main__ import main as bench
from deploy.client import main as client
from deploy.demo.__main__ import main as demo
from deploy.doctor import main as doctor
from deploy.local.__main__ import choose, commands
from deploy.local.layout import MAIN_STACK
from deploy.local.machine import MachineProblem
from deploy.local.parts import PartMissing
from deploy.local.stack import StackError
from deploy.prepare import main as prepare
from jobs import access, tags
from jobs.__main__ import app as jobs
from jobs.compact import main as compact
from jobs.models.__main__ import app as models
from jobs.operate import NoSuchJob
from jobs.verify import main as verify
from stores.flink import FlinkError
from tagging.source_texts import SourceProblems

app = typer.Typer(
    help="Real-time user profiling: the stack, tags, jobs, models, people and proofs.", no_args_is_help=True
)


@app.callback()
def _choose(
    context: typer.Context,
    name: Annotated[
        str, typer.Option("--stack", envvar="TAGSTREAM_STACK", help="The local stack that up, down and status mean.")
    ] = MAIN_STACK,
) -> None:
    choose(context, name)


app.add_typer(commands)
app.command("demo")(demo)
app.command("doctor")(doctor)
app.add_typer(tags.app, name="tags")
app.add_typer(jobs, name="jobs")
app.add_typer(models, name="models")
app.add_typer(access.app, name="access")
app.add_typer(crowds.app, name="crowds")
app.add_typer(replay.app, name="replay")
app.add_typer(merges.app, name="users")
app.command("erase")(erase.erase)
app.add_typer(erase.app, name="erasures")
app.add_typer(sources.app, name="sources")
app.command("verify")(verify)
app.command("prepare")(prepare)
app.command("compact")(compact)
app.command("bench")(bench)
app.command("client")(client)


def main() -> None:
    """Run the command; a failure that is known prints its cause and the fix, without a trace."""
    try:
        app()
    except (StackError, PartMissing, MachineProblem, FlinkError, NoSuchJob, SourceProblems) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
