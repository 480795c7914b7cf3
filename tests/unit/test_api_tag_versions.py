"""Tags' versions over HTTP: from a text or a form to a draft, to its readers, and back."""

import re

import pytest

from api.health_ports import JobState
from api.publishing_ports import Replay
from tagging import lifecycle
from tagging.lifecycle import Policy
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.publishing_client import FORM, Client, live_in_two_versions, text


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def client(world: World) -> Client:
    return Client(world)


def test_a_text_becomes_a_draft_that_is_read_back(client):
    made = client.post("tags", {"text": text()})
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    assert (made.json["version"], made.json["status"], made.json["created_by"]) == (1, "draft", "ann")
    listed = client.get("tags/heat/versions")
    assert listed.headers["ETag"] == '"1"'
    assert listed.json["items"] == [made.json]
    assert (listed.json["live"], listed.json["rollback_to"]) == (None, None)
    assert [(done["what"], done["who"], done["version"]) for done in listed.json["history"]] == [("draft", "ann", 1)]


def test_a_form_becomes_the_text_that_a_person_would_write(client):
    written = client.post("tags/validate", {"form": FORM}).json["text"]
    assert "FROM LAST(events, INTERVAL '1' HOUR)\nGROUP BY" in written
    assert client.post("tags", {"form": FORM}).json["text"] == written


def test_a_name_is_given_once_also_to_a_built_in_tag(client):
    client.post("tags", {"text": text()})
    for name in ("heat", "spend"):
        refused = client.post("tags", {"text": text(name=name)})
        assert (refused.status_code, refused.json["error"]["code"]) == (409, "tag_exists")


def test_every_problem_of_a_text_has_its_line_and_column(client):
    wrong = text().replace("COUNT(*)", "COUNTT(*)").replace("GROUP BY user_id", "GROUP BY user")
    found = client.post("tags/validate", {"text": wrong}).json
    assert found["valid"] is False
    suggestions = {(problem["line"], problem["column"]): problem["suggestion"] for problem in found["problems"]}
    assert "COUNT" in suggestions[8, 17]
    assert any(line == 10 for line, _ in suggestions)
    refused = client.post("tags", {"text": wrong})
    assert refused.status_code == 422
    assert refused.json["error"]["problems"][0]["message"].startswith("line 8, column 8: ")
    assert client.get("tag-versions").json["items"] == []


def test_a_valid_text_says_what_it_reads(client):
    found = client.post("tags/validate", {"text": text()}).json
    assert (found["valid"], found["name"], found["type"], found["registered"]) == (True, "heat", "integer", False)
    assert (found["sources"], found["windows"]) == (["events"], ["events, 60 minutes in panes of 1"])
    client.post("tags", {"text": text()})
    assert client.post("tags/validate", {"text": text()}).json["registered"] is True


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"measure": "sum", "column": "item_id"}, "form.column"),
        ({"where": [{"column": "item_id", "is": "above", "values": [1]}]}, "form.where[0].is"),
        ({"bands": [{"at_least": 1, "label": ""}]}, "form.bands[0].label"),
        ({"name": "Heat"}, "form.name"),
    ],
)
def test_what_is_wrong_with_a_form_is_told_with_its_place(client, change, path):
    found = client.post("tags/validate", {"form": {**FORM, **change}}).json
    assert (found["valid"], [problem["path"] for problem in found["form_problems"]]) == (False, [path])
    assert client.post("tags", {"form": {**FORM, **change}}).json["error"]["problems"][0]["path"] == path


@pytest.mark.parametrize(
    "body",
    [{}, {"text": "x", "form": FORM}, {"text": 1}, {"form": {**FORM, "more": 1}}, {"form": {**FORM, "at_least": True}}],
)
def test_a_body_that_is_neither_a_text_nor_a_form_is_refused(client, body):
    assert client.post("tags/validate", body).status_code == 422


def test_a_request_that_comes_twice_makes_one_draft(client):
    first = client.post("tags", {"text": text()}, Idempotency_Key="k1")
    again = client.post("tags", {"text": text()}, Idempotency_Key="k1")
    assert (again.status_code, again.json) == (201, first.json)
    other = client.post("tags", {"text": text(3)}, Idempotency_Key="k1")
    assert (other.status_code, other.json["error"]["code"]) == (409, "idempotency_key_used")
    second = client.post("tags/heat/versions", {"text": text(2)}, If_Match='"1"', Idempotency_Key="k2")
    assert (
        client.post("tags/heat/versions", {"text": text(2)}, If_Match='"1"', Idempotency_Key="k2").json == second.json
    )
    assert [version["version"] for version in client.get("tags/heat/versions").json["items"]] == [2, 1]
    assert client.post("tags", {"text": text()}, Idempotency_Key="two words").status_code == 422


def test_a_new_version_rests_on_what_was_read(client):
    client.post("tags", {"text": text()})
    assert client.post("tags/heat/versions", {"text": text(2)}).status_code == 428
    assert client.post("tags/heat/versions", {"text": text(2)}, If_Match="3").status_code == 422
    assert client.post("tags/heat/versions", {"text": text(2)}, If_Match='"1"').json["version"] == 2
    late = client.post("tags/heat/versions", {"text": text(3)}, If_Match='"1"')
    assert (late.status_code, late.json["error"]["code"], late.headers["ETag"]) == (412, "tag_changed", '"2"')
    same = client.post("tags/heat/versions", {"text": text(2)}, If_Match='"2"')
    assert (same.status_code, same.json["error"]["code"]) == (409, "same_text")
    named = client.post("tags/heat/versions", {"text": text(2, "cold")}, If_Match='"2"')
    assert named.json["error"]["problems"][0]["allowed"] == "heat"


def test_a_built_in_tag_that_nobody_has_registered_is_said_to_be_so(client):
    listed = client.get("tags/spend/versions")
    assert (listed.status_code, listed.json["items"], listed.json["revision"]) == (200, [], 0)
    assert "ETag" not in listed.headers
    refused = client.post("tags/spend/versions", {"text": text(name="spend")}, If_Match='"1"')
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "tag_not_registered")
    assert client.get("tags/nobody/versions").status_code == 404


def test_a_version_goes_to_its_readers_and_back_with_one_request(client):
    live_in_two_versions(client)
    listed = client.get("tags/heat/versions").json
    assert (listed["live"], listed["rollback_to"]) == (2, 1)
    assert [version["status"] for version in listed["items"]] == ["live", "retired"]
    back = client.post("tags/heat/rollback", who="bob").json
    assert (back["live"], back["rollback_to"], back["history"][0]["who"]) == (1, 2, "bob")
    retired = client.post("tags/heat/retire").json
    assert (retired["live"], retired["rollback_to"]) == (None, 1)
    assert client.post("tags/heat/retire").json["error"]["code"] == "not_live"


def test_after_the_rollback_window_there_is_nothing_to_go_back_to(client):
    live_in_two_versions(client)
    client.at_ms += 24 * 3_600_000
    assert client.get("tags/heat/versions").json["rollback_to"] is None
    refused = client.post("tags/heat/rollback")
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "not_allowed")


def test_where_approval_is_required_a_second_person_gives_it(world):
    world.publishing.policy = Policy(approval_required=True)
    client = Client(world)
    client.post("tags", {"text": text()})
    early = client.post("tags/heat/versions/1/build")
    assert (early.status_code, early.json["error"]["problems"][0]["got"]) == (409, "not approved")
    own = client.post("tags/heat/versions/1/approve", who="ann")
    assert (own.status_code, own.json["error"]["code"]) == (409, "not_allowed")
    assert client.post("tags/heat/versions/1/approve", who="bob").json["items"][0]["approved_by"] == "bob"
    assert client.post("tags/heat/versions/1/build").json["items"][0]["status"] == "building"


def test_a_version_that_there_is_not_is_not_found(client):
    client.post("tags", {"text": text()})
    for path in ("approve", "build"):
        refused = client.post(f"tags/heat/versions/7/{path}")
        assert (refused.status_code, refused.json["error"]["code"]) == (404, "version_not_found")
    assert client.get("tags/heat/versions/7/progress").status_code == 404
    assert client.get("tags/heat/versions/diff?from=1&to=7").status_code == 404


def test_progress_follows_the_replay_up_to_what_was_in_the_log(client, world):
    client.post("tags", {"text": text()})
    assert client.get("tags/heat/versions/1/progress").json["phase"] == "draft"
    client.post("tags/heat/versions/1/build")
    client.at_ms += 10_000
    world.publishing.replays.answer = Replay(1_000, 0)
    waiting = client.get("tags/heat/versions/1/progress").json
    assert (waiting["phase"], waiting["behind"], waiting["eta_seconds"]) == ("replay", 1_000, None)
    world.publishing.replays.answer = Replay(1_000, 250)
    replaying = client.get("tags/heat/versions/1/progress").json
    assert (replaying["behind"], replaying["eta_seconds"], replaying["building_seconds"]) == (750, 30, 10)
    assert world.publishing.replays.asked[-1] == ("tag.heat.v1", ("events",), AT_MS)
    world.publishing.replays.answer = Replay(1_000, 1_000)
    assert client.get("tags/heat/versions/1/progress").json["phase"] == "proof"
    client.go_live("heat", 1)
    done = client.get("tags/heat/versions/1/progress").json
    assert (done["phase"], done["parity"], done["behind"]) == ("live", "agreed", None)


def test_what_keeps_a_build_from_going_on_is_told_with_its_progress(client, world):
    client.post("tags", {"text": text()})
    assert client.get("tags/heat/versions/1/progress").json["problem"] is None
    client.post("tags/heat/versions/1/build")
    world.publishing.replays.answer = Replay(1_000, 0)
    assert client.get("tags/heat/versions/1/progress").json["problem"] is None
    others = JobState("b", "tag.other.v1", "RUNNING", 5, None, "of no account")
    world.jobs.answer = [others, JobState("a", "tag.heat.v1", "RUNNING", 5, None, "12 tasks wait for a slot")]
    assert client.get("tags/heat/versions/1/progress").json["problem"] == "12 tasks wait for a slot"
    world.jobs.fail("no answer")
    answer = client.get("tags/heat/versions/1/progress")
    assert (answer.status_code, answer.json["problem"]) == (200, "flink does not answer: no answer")


def test_a_failed_version_keeps_its_cause(client, world):
    client.post("tags", {"text": text()})
    client.post("tags/heat/versions/1/build")
    versions = world.publishing.versions
    cause = "hbase: 3 users differ between stream and batch, as u1 batch 1 stored 2"
    versions.save(lifecycle.fail(versions.tag("heat"), 1, cause, AT_MS), [])
    found = client.get("tags/heat/versions/1/progress").json
    assert (found["phase"], found["parity"], found["cause"]) == ("failed", "differs", cause)


def test_a_diff_has_every_line_of_both_texts_once(client):
    live_in_two_versions(client)
    found = client.get("tags/heat/versions/diff?from=1&to=2").json
    assert (found["from"], found["to"]) == (1, 2)
    changed = [(line["kind"], line["before"], line["after"]) for line in found["lines"] if line["kind"] != "same"]
    assert changed == [("removed", 9, None), ("added", None, 9)]
    for key, version in (("before", 1), ("after", 2)):
        kept = [line["text"] for line in found["lines"] if line[key]]
        assert kept == text(version).splitlines()


def test_the_versions_come_in_pages(client):
    client.post("tags", {"text": text(1)})
    for hours in range(2, 6):
        client.post("tags/heat/versions", {"text": text(hours)}, If_Match=f'"{hours - 1}"')
    first = client.get("tags/heat/versions?limit=2").json
    assert ([version["version"] for version in first["items"]], first["next"]) == ([5, 4], 4)
    last = client.get("tags/heat/versions?limit=3&before=4").json
    assert ([version["version"] for version in last["items"]], last["next"]) == ([3, 2, 1], None)


def test_what_is_in_the_works_is_listed_over_all_tags(client):
    live_in_two_versions(client)
    client.at_ms += 1
    client.post("tags", {"text": text(name="cold")})
    client.post("tags/heat/versions", {"text": text(3)}, If_Match='"6"')
    found = client.get("tag-versions").json["items"]
    assert [(version["tag"], version["version"]) for version in found] == [("cold", 1), ("heat", 3)]
    live = client.get("tag-versions?status=live&status=retired").json["items"]
    assert {(version["version"], version["status"]) for version in live} == {(2, "live"), (1, "retired")}
    assert client.get("tag-versions?status=gone").status_code == 422


def test_the_impact_of_a_tag_goes_through_crowds_that_name_crowds(client):
    client.post("tags", {"text": text()})
    for name, rule in (
        ("gold", {"tag": "tier", "in": ["gold"]}),
        ("rich", {"not": {"all": [{"tag": "spend", "at_least": 2}, {"crowd": "gold"}]}}),
        ("best", {"any": [{"crowd": "rich"}]}),
    ):
        client.post("crowds", {"name": name, "title": name.title(), "rule": rule})
    assert client.get("tags/heat/impact").json == {"tag": "heat", "crowds": []}
    versions = client.world.publishing.versions
    versions.save(lifecycle.add(lifecycle.Tag("tier", "", ""), text(name="tier"), "ann", AT_MS), [])
    assert client.get("tags/tier/impact").json["crowds"] == [
        {"name": "best", "title": "Best", "through": ["rich"]},
        {"name": "gold", "title": "Gold", "through": []},
        {"name": "rich", "title": "Rich", "through": ["gold"]},
    ]


def test_of_two_who_write_at_once_the_second_is_decided_on_what_is_there(client, world):
    client.post("tags", {"text": text()})
    versions = world.publishing.versions
    versions.meanwhile = lambda found: versions.save(lifecycle.approve(found, 1, "bob"), [])
    built = client.post("tags/heat/versions/1/build").json["items"][0]
    assert (built["status"], built["approved_by"]) == ("building", "bob")


def test_a_registry_that_is_away_is_said_to_be_away(client, world):
    world.publishing.versions.away = True
    for answer in (client.get("tags/heat/versions"), client.post("tags", {"text": text()})):
        assert (answer.status_code, answer.json["error"]["code"]) == (503, "mysql_unavailable")


def test_a_name_that_is_none_is_refused(client):
    refused = client.post("tags", {"text": text()}, who="x" * 129)
    assert (refused.status_code, refused.json["error"]["problems"][0]["path"]) == (422, "X-Actor")


def test_the_text_of_a_hostile_author_stays_text(client):
    hostile = text().replace("How busy", "'; DROP TABLE tags; -- <script>")
    assert client.post("tags", {"text": hostile}).json["text"] == hostile
    assert re.search("application/json", client.get("tags/heat/versions").headers["Content-Type"])
