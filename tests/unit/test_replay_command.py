"""`tagstream replay` against the API over a port."""

from __future__ import annotations

import json

import orjson
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from api import create_app
from api.quality_ports import DeadLetterPlace, DeadLetterRow
from deploy import cli
from stores.dead_letters import Place
from stores.settings import Settings
from tests.browser import serving
from tests.fakes.api_stores import AT_MS, World, seeded

GOOD = orjson.dumps({"event_id": "e1", "user_id": "u1", "event_type": "cart", "occurred_at": AT_MS})
BAD = b"{"


def refuse(world: World, offset: int, payload: bytes, reason: str) -> None:
    place = DeadLetterPlace(AT_MS + offset, "events", 0, offset)
    world.ledger.letters.append(DeadLetterRow(place, reason, "said so", payload, len(payload)))
    world.operations.letters.payloads[Place("events", 0, offset)] = payload


@pytest.fixture
def world() -> World:
    world = seeded()
    refuse(world, 1, BAD, "malformed")
    for offset in range(2, 204):
        refuse(world, offset, GOOD, "future")
    return world


@pytest.fixture
def url(world):
    with capture_logs(), serving(create_app(Settings(), world.stores(), clock=lambda: AT_MS)) as url:
        yield url


def run(url: str, *arguments: str):
    return CliRunner().invoke(cli.app, ["replay", *arguments, "--url", url])


def test_dead_letters_are_listed_the_newest_first_by_reason_and_over_pages(url):
    assert run(url, "list", "--limit", "1").stdout.startswith("events/0/203  future: said so  {")
    assert run(url, "list", "--reason", "malformed").stdout == "events/0/1  malformed: said so  {\n"
    found = json.loads(run(url, "list", "--limit", "10000", "--json").stdout)
    assert [letter["offset"] for letter in found] == list(range(203, 0, -1))


def test_a_reason_that_there_is_not_is_refused_with_those_that_there_are(url):
    said = run(url, "list", "--reason", "late")
    assert said.exit_code == 2 and "malformed" in said.stderr


def test_a_letter_is_shown_as_it_can_be_corrected_and_sent(url, world, tmp_path):
    assert run(url, "show", "events/0/1").stdout == "{\n"
    corrected = tmp_path / "letter.json"
    corrected.write_bytes(GOOD)
    said = run(url, "send", "events/0/1", "--file", str(corrected))
    assert (said.exit_code, said.stdout) == (0, "events/0/1: now at events/0/101\n1 of 1 sent\n")
    assert world.operations.resender.sent == [("events", "u1", GOOD)]
    assert json.loads(run(url, "show", "events/0/1", "--json").stdout)["replay"]["offset"] == 101


def test_all_of_a_reason_are_sent_and_once_more_nothing_more_is(url, world):
    for _ in range(2):
        said = run(url, "send", "--reason", "future", "--json")
        found = json.loads(said.stdout)
        assert said.exit_code == 0 and found["sent"] == len(found["letters"]) == 202
    assert len(world.operations.resender.sent) == 202


def test_a_letter_that_is_refused_again_stops_no_other(url, world):
    said = run(url, "send", "events/0/1", "events/0/2", "events/0/999", "--json")
    found = {letter["letter"]: letter for letter in json.loads(said.stdout)["letters"]}
    assert said.exit_code == 1
    assert "would be refused once more" in found["events/0/1"]["refused"]
    assert found["events/0/2"] == {"letter": "events/0/2", "sent_to": "events/0/101", "refused": None}
    assert "No message at this place was refused" in found["events/0/999"]["refused"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name letters, or say --reason"),
        (("events/0/1", "--reason", "future"), "name letters, or say --reason"),
        (("events-0-1",), "write TOPIC/PARTITION/OFFSET"),
        (("events/0/1", "events/0/2", "--file", __file__), "the text of one letter"),
    ],
)
def test_what_is_sent_is_said_in_one_way(url, arguments, said):
    answer = run(url, "send", *arguments)
    assert answer.exit_code == 2
    assert said in " ".join(answer.stderr.replace("│", " ").split())


def test_a_letter_that_is_no_text_is_not_shown_as_one(url, world):
    refuse(world, 300, b"\xff", "malformed")
    said = run(url, "show", "events/0/300")
    assert said.exit_code == 1 and "no text of a size that can be corrected: 1 bytes" in said.stderr
    assert json.loads(run(url, "show", "events/0/300", "--json").stdout)["payload"] is None
