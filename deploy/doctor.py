"""What this machine lacks for the local stack, each with its fix. Run by `tagstream doctor`."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import psutil
import typer
from rich.console import Console

from deploy.local.layout import MAIN_STACK, REPOSITORY
from deploy.local.machine import MachineProblem, check_java, memory_warning
from deploy.local.parts import are_fetched
from deploy.local.stack import Stack

DISK_GB = 5
PYTHON = (3, 11)


@dataclass(frozen=True)
class Found:
    """One thing that was looked at. `needed`: without it the stack does not start; `fix` is empty where all is well."""

    name: str
    well: bool
    needed: bool
    detail: str
    fix: str = ""


def examine(stack: str = MAIN_STACK) -> Iterator[Found]:
    """Look at versions, programs, parts, memory, disk, settings and services, in this order."""
    release = ".".join(map(str, sys.version_info[:3]))
    yield Found("python", sys.version_info[:2] == PYTHON, True, release, "apt-get install python3.11 python3.11-venv")
    yield _asked("java", check_java, "version 17")
    for name, needed, fix in (
        ("mvn", True, "apt-get install maven"),
        ("chromium", False, "apt-get install chromium chromium-driver (the browser tests need it)"),
    ):
        path = shutil.which(name)
        yield Found(name, path is not None, needed, path or "not on the PATH", fix)
    fetched = are_fetched()
    yield Found(
        "parts", fetched, True, "all fetched" if fetched else "not fetched, or of another version", "make setup"
    )
    warning = memory_warning()
    yield Found("memory", warning is None, False, warning or _gib(psutil.virtual_memory().available), "end something")
    free = shutil.disk_usage(REPOSITORY).free
    yield Found("disk", free >= DISK_GB * 2**30, False, f"{_gib(free)} below {REPOSITORY}", f"free {DISK_GB} GiB")
    yield Found("cores", (os.cpu_count() or 1) >= 2, False, f"{os.cpu_count()}", "with one, all of it is slow")
    for service in Stack(stack, tell=lambda line: None).status():
        if service.pid:
            fix = f"tagstream restart {service.name}"
            yield Found(service.name, service.trouble is None, False, service.trouble or "up", fix)


def _asked(name: str, check: Callable[[], None], well: str) -> Found:
    try:
        check()
    except MachineProblem as error:
        detail, _, fix = str(error).partition("; fix: ")
        return Found(name, False, True, detail, fix)
    return Found(name, True, True, well)


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f} GiB free"


def main(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Check versions, programs, parts, memory, disk and running services. Exit status 1 when something needed is missing."""
    found = list(examine())
    if as_json:
        typer.echo(json.dumps({"found": [asdict(one) for one in found]}))
    else:
        console = Console()
        for one in found:
            mark = "[green]✓[/]" if one.well else "[red]✗[/]" if one.needed else "[yellow]![/]"
            console.print(f"{mark} {one.name}: {one.detail}" + ("" if one.well else f"; fix: {one.fix}"))
    raise typer.Exit(1 if any(one.needed and not one.well for one in found) else 0)


if __name__ == "__main__":
    typer.run(main)
