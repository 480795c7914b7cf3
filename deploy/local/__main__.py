"""`python -m deploy.local`: the local stack on the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import pymysql
import typer
from rich.console import Console
from rich.table import Table

from deploy.local.config import settings_of
from deploy.local.layout import MAIN_STACK
from deploy.local.machine import MachineProblem
from deploy.local.mysql_shell import answers
from deploy.local.parts import PartMissing, fetch
from deploy.local.services import ALL
from deploy.local.stack import Stack, StackError
from jobs.tables import show
from stores.mysql import MySQLUnavailable
from tagging.source_texts import SourceProblems

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Real services on this machine, bound to loopback.")
commands = typer.Typer()
"""They find the stack in the context, where `choose`, or whoever takes them in, has put it."""
Names = Annotated[list[str] | None, typer.Argument(help=f"Services: {', '.join(ALL)}.")]


@app.callback()
def choose(
    context: typer.Context,
    stack: Annotated[
        str, typer.Option(help="Name of the stack: its own ports and data.", envvar="TAGSTREAM_STACK")
    ] = MAIN_STACK,
) -> None:
    """Put the stack where the commands find it."""
    context.obj = Stack(stack, tell=lambda line: print(line, flush=True))


@commands.command("parts")
def _parts() -> None:
    """Fetch the Java parts and MariaDB by pinned version, unless they are there."""
    fetch(lambda line: print(line, flush=True))


@commands.command("up")
def _up(
    context: typer.Context,
    names: Names = None,
    app_too: Annotated[bool, typer.Option("--app", help="Start Tagstream's own processes as well.")] = False,
) -> None:
    """Start services and what they depend on; those that run are left alone."""
    chosen = list(names or [])
    if app_too:
        chosen = [name for name, service in ALL.items() if not service.by_request]
    context.obj.up(chosen)


@commands.command("down")
def _down(context: typer.Context, names: Names = None) -> None:
    """Stop services (default: all)."""
    context.obj.down(names or [])


@commands.command("restart")
def _restart(context: typer.Context, names: Names) -> None:
    """Restart services one by one; the others keep running."""
    for name in names or []:
        context.obj.restart(name)


@commands.command("reset")
def _reset(context: typer.Context) -> None:
    """Stop everything and delete the stack's data."""
    context.obj.reset()


@commands.command("logs")
def _logs(
    context: typer.Context, name: str, lines: Annotated[int, typer.Option("-n", help="How many lines.")] = 50
) -> None:
    """The end of one service's log."""
    print(context.obj.process(name).last_lines(lines))


@commands.command("mysql")
def _mysql(
    context: typer.Context,
    database: Annotated[str, typer.Argument(help="The sources' database, or the registry's.")] = "shop",
) -> None:
    """Run SQL from standard input on the stack's MySQL, and print the rows that it gives."""
    try:
        for table in answers(sys.stdin.read(), settings_of(context.obj.layout), database):
            show(table)
    except (pymysql.MySQLError, MySQLUnavailable) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


@commands.command("status")
def _status(context: typer.Context, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """What is up, on which ports, with how much memory. Exit status 1 when something that runs is not healthy."""
    found = context.obj.status()
    if as_json:
        print(json.dumps([asdict(status) for status in found]))
    else:
        table = Table(title=f"stack {context.obj.layout.stack}")
        for column in ("service", "state", "pid", "ports", "memory"):
            table.add_column(column)
        for status in found:
            state = (
                "[green]up[/]"
                if status.trouble is None
                else "[dim]down[/]"
                if not status.pid
                else f"[red]{status.trouble}[/]"
            )
            ports = ", ".join(f"{name} {port}" for name, port in status.ports.items()) if status.pid else ""
            memory = f"{status.memory_bytes / 2**20:,.0f} MiB" if status.pid else ""
            table.add_row(status.name, state, str(status.pid or ""), ports, memory)
        Console().print(table)
        print(f"memory in all: {sum(status.memory_bytes for status in found) / 2**30:.1f} GiB")
    raise typer.Exit(1 if any(status.pid and status.trouble for status in found) else 0)


app.add_typer(commands)


def main() -> None:
    """Run the command; a failure prints its cause and the fix, without a trace."""
    try:
        app()
    except (StackError, PartMissing, MachineProblem, SourceProblems) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
