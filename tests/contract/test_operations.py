"""Requests for jobs and replays of dead letters: those of MySQL, and those in memory."""

from __future__ import annotations

import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from api.live.operations import MySQLJobRequests, MySQLReplays
from api.operation_ports import JobRequests, Replays
from api.ports import Unavailable
from stores.dead_letters import Place
from stores.job_requests import JobIsBusy, JobRequestTable, State, What
from stores.settings import MySQL, Settings
from tests.fakes.memory_operations import MemoryJobRequests, MemoryReplays


@dataclass
class Stored:
    """What the API asks, and what the worker does."""

    requests: JobRequests
    worker: Any
    replays: Replays


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def stored(request) -> Stored:
    if request.param == "memory":
        requests = MemoryJobRequests()
        return Stored(requests, requests, MemoryReplays())
    settings = request.getfixturevalue("stack").settings
    return Stored(MySQLJobRequests(settings), JobRequestTable(settings), MySQLReplays(settings))


@pytest.fixture
def job() -> str:
    return f"tag.heat.{uuid.uuid4().hex}"


@pytest.fixture
def letter() -> Place:
    return Place("events", random.randrange(100), random.randrange(2**52))


def drained(worker):
    """Let the worker finish what others left."""
    while (taken := worker.take()) is not None:
        worker.finish(taken, State.DONE, "")


def test_a_request_waits_runs_and_ends_with_what_was_done(stored, job):
    drained(stored.worker)
    asked = stored.requests.ask(job, What.SAVEPOINT, "ann")
    assert (asked.state, asked.who, asked.started_at_ms, asked.said) == (State.ASKED, "ann", None, "")
    taken = stored.worker.take()
    assert (taken.id, taken.state, stored.worker.take()) == (asked.id, State.RUNNING, None)
    stored.worker.finish(taken, State.DONE, "file:///state/savepoint-用户")
    found = stored.requests.read(asked.id)
    assert (found.state, found.said, found.ended_at_ms is not None) == (
        State.DONE,
        "file:///state/savepoint-用户",
        True,
    )
    assert stored.requests.newest(1)[0].id == asked.id
    assert stored.requests.read("0" * 32) is None


def test_the_same_that_waits_already_is_that_request_and_something_else_is_refused(stored, job):
    asked = stored.requests.ask(job, What.RESTART, "ann")
    assert stored.requests.ask(job, What.RESTART, "bob") == asked
    with pytest.raises(JobIsBusy) as refused:
        stored.requests.ask(job, What.SAVEPOINT, "bob")
    assert refused.value.request.who == "ann"
    drained(stored.worker)
    assert stored.requests.ask(job, What.SAVEPOINT, "bob").id != asked.id
    drained(stored.worker)


def test_a_long_answer_is_cut(stored, job):
    drained(stored.worker)
    asked = stored.requests.ask(job, What.RESTART, "ann")
    stored.worker.finish(stored.worker.take(), State.FAILED, "x" * 5_000)
    assert stored.requests.read(asked.id).said == "x" * 1_000


def test_a_letter_is_sent_once_and_what_was_sent_is_known(stored, letter):
    sent = []

    def send() -> Place:
        sent.append(1)
        return Place("events", 3, 2**40)

    first = stored.replays.once(letter, "a" * 64, "ann", send)
    assert (first.letter, first.sha256, first.who, first.sent_to) == (
        letter,
        "a" * 64,
        "ann",
        Place("events", 3, 2**40),
    )
    assert stored.replays.once(letter, "b" * 64, "bob", send) == first
    assert (stored.replays.read(letter), len(sent)) == (first, 1)


def test_a_letter_that_could_not_be_sent_may_be_sent_again(stored, letter):
    def fail() -> Place:
        raise Unavailable("kafka", "no answer")

    with pytest.raises(Unavailable):
        stored.replays.once(letter, "a" * 64, "ann", fail)
    assert stored.replays.read(letter) is None
    assert stored.replays.once(letter, "b" * 64, "bob", lambda: Place("events", 0, 7)).who == "bob"


@pytest.mark.stack
def test_of_those_who_send_a_letter_at_once_one_sends_it(stack, letter):
    replays = MySQLReplays(stack.settings)
    sent = []

    def send() -> Place:
        sent.append(1)
        return Place("events", 0, 1)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda who: replays.once(letter, "a" * 64, who, send), "abcd"))
    assert (len(sent), len({replay.who for replay in found})) == (1, 1)


def test_a_server_that_is_away_is_said_to_be_away():
    nowhere = Settings(mysql=MySQL(host="127.0.0.1", port=1))
    with pytest.raises(Unavailable, match="mysql"):
        MySQLJobRequests(nowhere).newest(1)
    with pytest.raises(Unavailable, match="mysql"):
        MySQLReplays(nowhere).read(Place("events", 0, 0))
