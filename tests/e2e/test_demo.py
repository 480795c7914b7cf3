"""The demo as a whole, on a stack of its own: it starts, is fed, tags change, and everything that went in is found again."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.demo.watch import ApiReader
from deploy.local.config import settings_of
from deploy.local.stack import Stack

pytestmark = pytest.mark.stack
STACK = "test-demo"
START_SECONDS = 900


@dataclass
class Run:
    """One run of the demo: what it printed, and how long it took in seconds."""

    status: int
    output: str
    seconds: float


def run_demo() -> Run:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "deploy.demo", "--stack", STACK, "--once"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=START_SECONDS,
    )
    return Run(done.returncode, done.stdout, time.monotonic() - began)


@pytest.fixture(scope="module")
def stack_of_its_own() -> Iterator[Stack]:
    """A stack with nothing in it, and nothing left of it afterwards."""
    stack = Stack(STACK, tell=lambda line: None)
    stack.reset()
    yield stack
    stack.reset()


@pytest.fixture(scope="module")
def first_run(stack_of_its_own: Stack) -> Run:
    return run_demo()


def eventually(looks: Callable[[], Any], wanted: Any, seconds: float = 60) -> None:
    """Look until what is seen is what is wanted."""
    until = time.monotonic() + seconds
    while (seen := looks()) != wanted and time.monotonic() < until:
        time.sleep(0.5)
    assert seen == wanted


def test_the_demo_starts_is_fed_and_sees_tags_change(first_run: Run) -> None:
    assert first_run.status == 0, first_run.output
    assert re.search(r"✓ the shop's past: .*orders", first_run.output)
    assert re.search(r"✓ the clickstream: .*35,381 events", first_run.output)
    assert re.search(r"✓ tags change while events come in.*user u\d+: \w+ .* → ", first_run.output, re.DOTALL)
    assert "dashboard: http://127.0.0.1:" in first_run.output


def test_every_built_in_tag_has_a_value_for_somebody(first_run: Run, stack_of_its_own: Stack) -> None:
    api = settings_of(stack_of_its_own.layout).api
    reader = ApiReader(f"http://{api.host}:{api.port}")
    eventually(lambda: [tag.name for tag in reader.tags() if not tag.users], [], seconds=120)


def test_a_second_run_leaves_what_runs_alone_and_replays_nothing(first_run: Run, stack_of_its_own: Stack) -> None:
    before = {status.name: status.pid for status in stack_of_its_own.status()}
    again = run_demo()
    assert again.status == 0, again.output
    assert "made before" in again.output and "is running already" in again.output
    assert {status.name: status.pid for status in stack_of_its_own.status()} == before


def test_what_went_in_is_found_again_to_the_last_event(first_run: Run, stack_of_its_own: Stack) -> None:
    stack_of_its_own.down(["generator"])
    data = stack_of_its_own.layout.root / "data"
    sent = json.loads((data / "generator.json").read_text())
    clicks = json.loads((data / "clickstream.json").read_text())
    assert sent["history"]["done"] and clicks["done"] and sent["pid"] == 0
    wanted = {
        "events_total": sent["messages"]["valid"] + sent["messages"]["late"] + clicks["messages_sent"],
        "dead_letters_total": sum(sent["malformed"].values()),
    }
    api = settings_of(stack_of_its_own.layout).api
    reader = ApiReader(f"http://{api.host}:{api.port}")

    def found() -> dict[str, int]:
        overview = reader.get("overview")
        return {name: overview[name] for name in wanted}

    eventually(found, wanted)
