"""`python -m deploy.demo`: everything on this machine, fed, and shown live in the terminal."""

from __future__ import annotations

import signal
import sys
import time
from typing import Annotated

import pymysql
import typer
from rich.console import Console
from rich.live import Live

from deploy.demo.bring_up import Demo, DemoConfig
from deploy.demo.clickstream import FetchProblem
from deploy.demo.event_log import SendProblem
from deploy.demo.steps import StepFailed, Steps
from deploy.demo.view import Look, render
from deploy.demo.watch import ApiProblem, Followed
from deploy.local.parts import PartMissing
from deploy.local.stack import StackError
from stores import logs
from stores.kafka import KafkaUnavailable

REFRESH_SECONDS = 2.0
_QUIET_LOOKS = 15
"""A user whose tags stay the same for so many looks is left for another."""


def main(
    rate: Annotated[float, typer.Option(min=0.1, max=20_000, help="Messages per second of the live generator.")] = 100,
    seed: Annotated[int, typer.Option(help="The same seed makes the same shop.")] = 1,
    users: Annotated[int, typer.Option(min=1, help="Users at the end of the shop's made-up past.")] = 2_000,
    stack: Annotated[str, typer.Option(help="Name of the local stack.")] = "demo",
    once: Annotated[
        bool, typer.Option("--once", help="End after tags were seen to change, instead of showing them.")
    ] = False,
) -> None:
    """Start everything that is not running yet, feed it, and show tags changing. Ctrl-C leaves it running."""
    # Between the steps a log line of this command would stand in the way; what it starts logs as it is configured to.
    logs.configure("ERROR")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console()
    steps = Steps(console)
    demo = Demo(DemoConfig(stack=stack, rate=rate, seed=seed, users=users), steps)
    stop = "make down" if stack == "demo" else f"python -m deploy.local --stack {stack} down"
    try:
        demo.start()
        console.print(f"ready in {steps.total_seconds:.0f} s; dashboard: {demo.address}", highlight=False)
        if once:
            demo.check()
        else:
            show(demo, console, stop)
    except StepFailed as problem:
        console.print(f"[red]cause:[/] {problem.cause}\n[yellow]fix:[/] {problem.fix}", highlight=False)
        raise typer.Exit(1) from None
    except (StackError, PartMissing, FetchProblem, SendProblem, KafkaUnavailable, pymysql.Error, ValueError) as problem:
        console.print(f"cause: {problem}", style="red", highlight=False, markup=False)
        console.print("fix: see above; `make status` says what is up, `make down` and again begins anew", markup=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        pass
    console.print(f"what was started goes on; `{stop}` stops it, the same command again shows it", highlight=False)


def show(demo: Demo, console: Console, stop: str) -> None:
    """Show tags, one user and lag until Ctrl-C."""
    api, followed = demo.api, Followed(demo.pick_user())
    first: dict[str, int] = {}
    before: dict[str, int] = {}
    with Live(console=console, auto_refresh=False, screen=False) as live:
        while True:
            try:
                if followed.profile is None or followed.quiet_looks > _QUIET_LOOKS:
                    followed = Followed(demo.pick_user())
                else:
                    followed.look(api.profile(followed.profile.user_id))
                look = Look(api.tags(), api.get("overview"), followed)
            except ApiProblem as problem:
                look = Look(followed=followed, problem=str(problem))
            first = first or {tag.name: tag.users for tag in look.tags}
            live.update(render(look, first, before, demo.address, stop), refresh=True)
            before = {tag.name: tag.users for tag in look.tags}
            time.sleep(REFRESH_SECONDS)


if __name__ == "__main__":
    typer.run(main)
