"""The demo's start and its view in the terminal."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rich.console import Console

from deploy.demo.steps import StepFailed, Steps, wait_for
from deploy.demo.view import Look, render
from deploy.demo.watch import ApiProblem, ApiReader, Followed, Profile, TagCount, changed_tags, liveliest

TAG = TagCount("spend_tier", "purchasing power", 120, "2026-09-21T10:00:00Z")


def profile(user_id: str = "u1", at: str = "2026-09-21T10:00:00Z", **tags: object) -> Profile:
    return Profile(user_id, {name: (value, at) for name, value in tags.items()})


def shown(look: Look, first: dict[str, int] | None = None, before: dict[str, int] | None = None) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(render(look, first or {}, before or {}, "http://127.0.0.1:5000", "make down"))
    return console.file.getvalue()


def test_a_change_of_a_users_tag_is_told_with_its_value_before_and_after() -> None:
    followed = Followed()
    followed.look(profile(spend_tier="silver", vip=False))
    followed.look(profile(spend_tier="gold", vip=False))
    assert followed.changes == [("spend_tier", "silver", "gold")]


def test_a_tag_that_comes_or_goes_is_a_change_too() -> None:
    followed = Followed()
    followed.look(profile(a=1))
    followed.look(profile(b=2))
    assert followed.changes == [("a", 1, None), ("b", None, 2)]


def test_looks_without_a_change_are_counted_until_one_comes() -> None:
    followed = Followed()
    for value in (1, 1, 1):
        followed.look(profile(a=value))
    assert followed.quiet_looks == 2
    followed.look(profile(a=2))
    assert followed.quiet_looks == 0


def test_another_user_starts_afresh() -> None:
    followed = Followed()
    followed.look(profile(a=1))
    followed.look(profile(a=2))
    followed.look(profile("u2", a=1))
    assert followed.changes == [] and followed.profile.user_id == "u2"


def test_the_liveliest_user_is_the_one_whose_tags_changed_last() -> None:
    old, new = profile("u1", "2026-01-01T00:00:00Z", a=1), profile("u2", "2026-02-01T00:00:00Z", a=1)
    assert liveliest([old, new, profile("u3")]) == new
    assert liveliest([profile("u3")]) is None


def test_a_tag_changed_when_its_count_or_its_newest_change_did() -> None:
    later = TagCount("spend_tier", "purchasing power", 120, "2026-09-21T10:00:05Z")
    never = TagCount("vip", "risk", 0, None)
    assert changed_tags([TAG, never], [TAG, never]) == []
    assert changed_tags([TAG, never], [later, never]) == ["spend_tier"]
    assert changed_tags([], [never]) == []


def test_the_screen_shows_tags_user_lag_and_how_to_stop() -> None:
    followed = Followed()
    followed.look(profile(spend_tier="silver"))
    followed.look(profile(spend_tier="gold"))
    overview = {
        "users_total": 2000,
        "lag": {"tagstream.sink_values": 7},
        "flink": {"jobs": [{"name": "tags", "state": "RUNNING"}]},
    }
    text = shown(Look([TAG], overview, followed), first={"spend_tier": 100})
    for expected in (
        "spend_tier",
        "120",
        "+20",
        "silver → gold",
        "sink_values 7",
        "tags RUNNING",
        "2,000",
        "make down",
    ):
        assert expected in text, expected


def test_a_screen_with_nothing_yet_is_shown_all_the_same() -> None:
    text = shown(Look(problem="GET /tags: ConnectionError"))
    assert "nobody has a tag yet" in text and "GET /tags: ConnectionError" in text


def test_a_step_is_printed_with_its_seconds_and_result() -> None:
    steps = Steps(Console(file=io.StringIO(), width=100), _clock=iter([10.0, 12.5]).__next__)
    with steps.step("topics") as step:
        step.result = "5 created"
    assert "2.5 s  ✓ topics  5 created" in steps.console.file.getvalue()
    assert steps.total_seconds == 2.5


def test_a_step_that_fails_is_marked_and_not_counted() -> None:
    steps = Steps(Console(file=io.StringIO(), width=100))
    with pytest.raises(StepFailed), steps.step("topics"):
        raise StepFailed("Kafka does not answer", "look at its log")
    assert "✗ topics" in steps.console.file.getvalue() and steps.seconds == {}


def test_waiting_ends_when_nothing_is_missing_and_fails_with_what_is_missing() -> None:
    answers = iter(["no tag", "one tag", None])
    wait_for(lambda: next(answers), 5, "fix", pause=0)
    with pytest.raises(StepFailed, match="waited 0 s: no tag") as failed:
        wait_for(lambda: "no tag", 0, "look at the job", pause=0)
    assert failed.value.fix == "look at the job"


@pytest.fixture
def api() -> Iterator[str]:
    """A server with the API's answers."""
    answers = {
        "/api/v1/tags": {"items": [{**vars(TAG), "title": "Spend tier"}]},
        "/api/v1/users?search=a&limit=2": {"items": [{"user_id": "a/b", "user_no": 1}], "next": None},
        "/api/v1/users/a%2Fb": {"tags": [{"tag": "spend_tier", "value": "gold", "since": "2026-09-21T10:00:00Z"}]},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answers.get(self.path, {"error": {"code": "not_found"}})).encode()
            self.send_response(200 if self.path in answers else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_api_is_read_also_for_ids_with_a_slash(api: str) -> None:
    reader = ApiReader(api)
    assert reader.tags() == [TAG]
    tags = {"spend_tier": ("gold", "2026-09-21T10:00:00Z")}
    assert reader.profiles("a", 2) == [Profile("a/b", tags)]


def test_an_error_of_the_api_names_the_address_and_the_answer(api: str) -> None:
    with pytest.raises(ApiProblem, match=r"/api/v1/users/nobody: 404 .*not_found"):
        ApiReader(api).profile("nobody")
    with pytest.raises(ApiProblem, match="ConnectionError"):
        ApiReader("http://127.0.0.1:1").tags()
