"""Lineage over HTTP."""

import pytest

from api import create_app
from stores.settings import Settings
from tagging.definition import TagDefinition
from tagging.tag_reads import TagRead
from tests.fakes.api_stores import World, seeded


def tag(name: str, sql: str, *reads: TagRead, version: int = 1) -> TagDefinition:
    return TagDefinition(name, name.title(), "", "string", "basic", "growth", sql, version, reads=reads)


@pytest.fixture
def world() -> World:
    world = seeded()
    world.registry.definitions = [
        tag("tier", "SELECT user_id, city AS value FROM users WHERE country = 'CH'", version=2),
        tag("segment", "SELECT user_id, value FROM TAG(tier)", TagRead("tier", 1, "string")),
        tag("other", "SELECT user_id, email AS value FROM users"),
    ]
    return world


@pytest.fixture
def client(world: World):
    client = create_app(Settings(), world.stores()).test_client()
    rule = {"tag": "segment", "present": True}
    assert client.post("/api/v1/crowds", json={"name": "vip", "title": "Best", "rule": rule}).status_code == 201
    return client


def test_a_tag_shows_the_way_from_columns_to_crowds(client):
    answer = client.get("/api/v1/tags/segment/lineage").json
    assert [node["id"] for node in answer["nodes"]] == [
        "column:users.city", "column:users.country", "column:users.user_id", "crowd:vip", "tag:segment", "tag:tier",
    ]  # fmt: skip
    edges = {(edge["from"], edge["to"]): edge for edge in answer["edges"]}
    assert edges["column:users.city", "tag:tier"]["role"] == "value"
    assert edges["column:users.country", "tag:tier"]["role"] == "rows"
    assert edges["tag:segment", "crowd:vip"]["role"] == "members"
    assert len(edges) == 5


def test_a_reader_of_a_version_that_is_no_longer_live_is_behind(client, world):
    def edge():
        answer = client.get("/api/v1/tags/tier/lineage").json
        return next(edge for edge in answer["edges"] if edge["to"] == "tag:segment")

    assert (edge()["version"], edge()["behind"]) == (1, True)
    world.registry.definitions[1] = tag("segment", "SELECT user_id, value FROM TAG(tier)", TagRead("tier", 2, "string"))
    assert (edge()["version"], edge()["behind"]) == (2, False)


def test_the_whole_graph_has_every_tag_and_crowd_and_ends_where_it_is_told(client):
    answer = client.get("/api/v1/lineage").json
    assert {node["name"] for node in answer["nodes"] if node["kind"] != "column"} == {"tier", "segment", "other", "vip"}
    assert answer["left_out"] == 0
    cut = client.get("/api/v1/lineage?limit=3").json
    assert len(cut["nodes"]) <= 3 and cut["left_out"] == 3


@pytest.mark.parametrize("query", ["limit=0", "limit=2001", "limit=many", "most=3"])
def test_a_size_that_cannot_be_is_refused(client, query):
    assert client.get(f"/api/v1/lineage?{query}").status_code == 422


def test_an_unknown_tag_is_not_found(client):
    answer = client.get("/api/v1/tags/nope/lineage")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "tag_not_found")


def test_without_the_crowds_there_is_no_graph_and_the_store_is_named(client, world):
    world.crowds.fail()
    answer = client.get("/api/v1/lineage")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "mysql_unavailable")
