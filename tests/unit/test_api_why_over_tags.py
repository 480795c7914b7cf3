"""Why a user has a tag that reads other tags: their values then, each with the way to its own why, and the steps over them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api import create_app
from stores.settings import Settings
from tagging.definition import TagDefinition
from tagging.tag_reads import TagRead
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.fakes.memory_history import StoredChange

SQL = """SELECT stage.user_id, CASE WHEN stage.value = 'gold' AND spent.value > 99.99 THEN 'champion' ELSE 'customer' END AS value
FROM TAG(tier) AS stage LEFT JOIN TAG(spend) AS spent ON spent.user_id = stage.user_id"""
READS = (TagRead("spend", 3, "decimal"), TagRead("tier", 1, "string"))
SEGMENT = TagDefinition("segment", "Segment", "", "string", "basic", "growth", SQL, 2, reads=READS)
EARLIER = replace(SEGMENT, version=1, sql="SELECT user_id, value FROM TAG(tier)", reads=READS[1:])
MINUTE = 60_000
AT = "2026-09-21T14:03:20.000Z"
"""Ten minutes before the world's now."""


@pytest.fixture
def world() -> World:
    found = seeded()
    tier, spend, flag = found.registry.definitions
    # The tag reads version 3 of `spend`, whichever is live.
    found.registry.definitions = [tier, replace(spend, version=4), flag, SEGMENT]
    found.registry.others = [replace(spend, version=3), EARLIER]
    found.history.stored += [
        StoredChange("u1", "spend", 3, 100.5, AT_MS - 20 * MINUTE, 1),
        StoredChange("u1", "spend", 3, 4.25, AT_MS - 5 * MINUTE, 2),
        StoredChange("u1", "spend", 4, 777.0, AT_MS - 30 * MINUTE, 1),
        StoredChange("u1", "segment", 2, "champion", AT_MS - 20 * MINUTE, 1),
        StoredChange("u1", "segment", 2, "customer", AT_MS - 5 * MINUTE, 2),
        StoredChange("u1", "segment", 1, "gold", AT_MS - 40 * MINUTE, 2),
    ]
    return found


@pytest.fixture
def client(world: World):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()


def why(client, user: str = "u1", tag: str = "segment", **query):
    answer = client.get(f"/api/v1/users/{user}/tags/{tag}/why", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_tags_that_it_read_are_told_with_version_value_since_and_the_way_to_their_own_why(client):
    found = why(client, at=AT)
    assert (found["value"], found["stored"]["value"], found["agrees"]) == ("champion", "champion", True)
    assert [(read["tag"], read["version"], read["type"], read["value"]) for read in found["reads"]] == [
        ("spend", 3, "decimal", 100.5),
        ("tier", 1, "string", "gold"),
    ]
    assert [read["since"] for read in found["reads"]] == ["2026-09-21T13:53:20.000Z", "2026-09-21T13:13:21.000Z"]
    assert [(step["kind"], step["text"], step["rows_out"]) for step in found["steps"][:3]] == [
        ("tag", "TAG(tier) v1", 1),
        ("tag", "TAG(spend) v3", 1),
        ("join", "LEFT JOIN spent ON spent.user_id = stage.user_id", 1),
    ]
    assert found["steps"][1]["rows"][0]["cells"] == {
        "user_id": "u1",
        "value": "100.5000",
        "since": "2026-09-21T13:53:20.000Z",
    }
    [taken] = [branch for branch in found["steps"][-1]["branches"] if branch["taken"]]
    assert taken["result"] == "'champion'"


def test_the_way_to_a_tag_that_was_read_leads_to_the_same_version_at_the_same_time(client):
    for read in why(client, at=AT)["reads"]:
        below = client.get(read["why"])
        assert below.status_code == 200, read["why"]
        assert [below.json[name] for name in ("tag", "version", "at", "hindsight")] == [
            read["tag"],
            read["version"],
            AT,
            False,
        ]
        assert below.json["stored"]["value"] == read["value"]


def test_the_values_are_those_of_the_time_that_is_asked_for(client):
    now = why(client)
    assert (now["value"], [read["value"] for read in now["reads"]]) == ("customer", [4.25, "gold"])


def test_another_version_is_explained_with_the_tags_that_it_reads(client):
    found = why(client, version=1)
    assert (found["version"], found["value"], found["stored"]["value"]) == (1, "gold", "gold")
    assert [(read["tag"], read["version"]) for read in found["reads"]] == [("tier", 1)]


def test_why_not_names_the_tag_that_the_user_does_not_have(client):
    found = why(client, user="u2")
    assert (found["value"], [(read["tag"], read["value"], read["since"]) for read in found["reads"]]) == (
        None,
        [("spend", None, None), ("tier", None, None)],
    )
    decided = found["steps"][found["decided_by"]]
    assert (decided["kind"], decided["text"], decided["rows_out"]) == ("tag", "TAG(tier) v1", 0)


def test_in_hindsight_the_tags_that_are_read_are_worked_out_anew_too(client, world):
    found = why(client, hindsight="true")
    # In the log u1 lives in `gold`, which is its tier, and has never ordered anything.
    assert [(read["tag"], read["value"], read["since"]) for read in found["reads"]] == [
        ("spend", None, None),
        ("tier", "gold", None),
    ]
    assert found["reads"][0]["why"].endswith("&hindsight=true")
    below = client.get(found["reads"][1]["why"]).json
    assert (below["value"], below["hindsight"]) == ("gold", True)


def test_a_value_at_a_time_is_recomputed_from_the_tags_that_it_reads(client):
    found = client.get("/api/v1/users/u1/tags/segment").json
    assert (found["known"]["value"], found["recomputed"], found["problem"]) == ("customer", "customer", None)
    [tag] = [tag for tag in client.get("/api/v1/users/u1/tags").json["tags"] if tag["tag"] == "segment"]
    assert tag["recomputed"] == "customer"


def test_values_of_other_users_are_told_with_the_user(client, world):
    sql = """SELECT u.referred_by AS user_id, COUNT(*) AS value FROM users AS u JOIN TAG(tier) AS t ON t.user_id = u.user_id
             WHERE u.referred_by IS NOT NULL GROUP BY u.referred_by"""
    brought = replace(SEGMENT, name="brought", value_type="integer", sql=sql, reads=READS[1:])
    world.registry.definitions = [*world.registry.definitions, brought]
    world.history.log["users"][0]["referred_by"] = "u4"
    found = why(client, user="u4", tag="brought")
    assert found["value"] == 1
    assert [(read["user_id"], read["value"]) for read in found["reads"]] == [("u1", "gold"), ("u4", None)]
    assert client.get(found["reads"][0]["why"]).json["user_id"] == "u1"


def test_values_that_cannot_be_told_from_everyones_are_not_explained(client, world):
    sql = "SELECT u.user_id, 'x' AS value FROM users AS u JOIN TAG(tier) AS t ON t.value = u.city"
    wide = replace(SEGMENT, name="wide", sql=sql, reads=READS[1:])
    world.registry.definitions = [*world.registry.definitions, wide]
    answer = client.get("/api/v1/users/u1/tags/wide/why")
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "not_explained")
    assert "a tag must narrow it by user_id" in answer.json["error"]["message"]


def test_a_version_that_is_read_and_that_nobody_knows_any_more_is_named_in_hindsight(client, world):
    world.registry.others = [EARLIER]
    assert why(client)["reads"][0]["title"] == "spend"
    answer = client.get("/api/v1/users/u1/tags/segment/why?hindsight=true")
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "not_explained")
    assert "tag spend v3 is not known any more" in answer.json["error"]["message"]


def test_tags_that_read_each_other_in_rows_by_hand_do_not_go_round_for_ever(client, world):
    one = replace(SEGMENT, name="one", version=1, sql="SELECT user_id, value FROM TAG(two)")
    one = replace(one, reads=(TagRead("two", 1, "string"),))
    two = replace(one, name="two", sql="SELECT user_id, value FROM TAG(one)", reads=(TagRead("one", 1, "string"),))
    world.registry.definitions = [*world.registry.definitions, one, two]
    answer = client.get("/api/v1/users/u1/tags/one/why?hindsight=true")
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "not_explained")
    assert "rests on its own value" in answer.json["error"]["message"]
