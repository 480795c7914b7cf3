"""Tags over HTTP."""

from dataclasses import replace

import pytest

import sql
from api import create_app
from api.live.registry import BuiltinTags
from stores.settings import Settings
from tests.fakes.api_stores import AT_MS, StoredValue, World, definition, seeded


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def client(world: World):
    return create_app(Settings(), world.stores()).test_client()


def test_the_list_holds_every_tag_with_the_users_it_covers(client):
    answer = client.get("/api/v1/tags").json
    assert answer["users_total"] == 5
    assert [(tag["name"], tag["users"], tag["coverage"]) for tag in answer["items"]] == [
        ("flag", 5, 1.0),
        ("spend", 5, 1.0),
        ("tier", 4, 0.8),
    ]
    assert answer["items"][2]["last_changed_at"] == "2026-09-21T14:13:20.004Z"


def test_a_tag_without_values_covers_nobody_and_never_changed(world):
    world.registry.definitions = [definition("fresh")]
    tag = create_app(Settings(), world.stores()).test_client().get("/api/v1/tags").json["items"][0]
    assert (tag["users"], tag["coverage"], tag["last_changed_at"]) == (0, 0.0, None)


def test_coverage_is_zero_while_there_are_no_users(world):
    world.users.users.clear()
    assert create_app(Settings(), world.stores()).test_client().get("/api/v1/tags").json["items"][0]["coverage"] == 0


def test_coverage_never_exceeds_all_users_when_a_count_is_older_than_the_other(world):
    world.users.users.pop()
    tags = create_app(Settings(), world.stores()).test_client().get("/api/v1/tags").json["items"]
    assert max(tag["coverage"] for tag in tags) == 1


def test_a_text_tag_shows_its_values_the_most_frequent_first(client):
    answer = client.get("/api/v1/tags/tier").json
    assert answer["distribution"] == [{"value": "gold", "users": 2}, {"value": "silver", "users": 2}]
    assert answer["histogram"] is None
    assert answer["sql"].startswith("SELECT user_id, city")
    assert answer["compiled_sql"] == "-- tier"


def test_a_number_of_few_values_shows_both_its_values_and_its_histogram(client):
    answer = client.get("/api/v1/tags/spend").json
    assert len(answer["distribution"]) == 5
    assert (answer["histogram"][0]["from"], answer["histogram"][-1]["to"]) == (0.0, 42.0)
    assert sum(found["users"] for found in answer["histogram"]) == 5


def test_a_number_of_many_values_shows_its_histogram_alone():
    answer = create_app(Settings(), seeded(51).stores()).test_client().get("/api/v1/tags/spend").json
    assert answer["distribution"] == []
    assert sum(found["users"] for found in answer["histogram"]) == 51


def test_a_text_tag_of_many_values_shows_the_top_of_them(world):
    world.statistics.rows = [StoredValue("tier", 1, number, f"u{number}", f"t{number:03}", 1) for number in range(80)]
    answer = create_app(Settings(), world.stores()).test_client().get("/api/v1/tags/tier").json
    assert [found["value"] for found in answer["distribution"]] == [f"t{number:03}" for number in range(50)]


@pytest.mark.parametrize("path", ["/api/v1/tags/unknown", "/api/v1/tags/unknown/users"])
def test_a_tag_that_is_not_defined_is_not_found(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "tag_not_found")


def test_a_name_that_no_tag_can_have_is_refused(client):
    assert client.get("/api/v1/tags/Tier;DROP").status_code == 422


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("/api/v1/tags/tier/users", ["u1", "u2", "u3", "u4"]),
        ("/api/v1/tags/tier/users?value=gold", ["u1", "u3"]),
        ("/api/v1/tags/spend/users?value=10.50", ["u1"]),
        ("/api/v1/tags/flag/users?value=true", ["u1"]),
        ("/api/v1/tags/flag/users?value=false", ["u0", "u2", "u3", "u4"]),
    ],
)
def test_members_are_those_with_a_value_or_with_the_one_asked_for(client, path, members):
    assert [member["user_id"] for member in client.get(path).json["items"]] == members


def test_members_are_paged_by_number(client):
    first = client.get("/api/v1/tags/tier/users?limit=3").json
    second = client.get("/api/v1/tags/tier/users", query_string={"limit": 3, "cursor": first["next"]}).json
    assert [member["user_no"] for member in first["items"] + second["items"]] == [2, 3, 4, 5]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/v1/tags/spend/users?value=much", "a number"),
        ("/api/v1/tags/spend/users?value=nan", "a number"),
        ("/api/v1/tags/flag/users?value=TRUE", "true or false"),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_is_allowed(client, path, allowed):
    problem = client.get(path).json["error"]["problems"][0]
    assert problem["path"] == "value"
    assert allowed in problem["allowed"]


def test_the_store_is_asked_once_for_many_watchers(world):
    client = create_app(Settings(), world.stores()).test_client()
    for _ in range(10):
        client.get("/api/v1/tags")
    assert world.statistics.asked == 1


def test_tags_fail_with_the_store_named_while_clickhouse_is_down(world):
    world.statistics.fail()
    answer = create_app(Settings(), world.stores()).test_client().get("/api/v1/tags")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "clickhouse_unavailable")


def test_times_are_whole_milliseconds_in_utc(client):
    member = client.get("/api/v1/tags/tier/users?limit=1").json["items"][0]
    assert member["since"] == "2026-09-21T14:13:20.001Z"
    assert AT_MS == 1_790_000_000_000


def test_the_built_in_tags_are_the_registry_and_all_of_them_compile():
    registry = BuiltinTags()
    tags = registry.tags()
    names = [tag.name for tag in tags]
    assert names == sorted(path.stem for path in sql.tag_files()) and len(names) >= 16
    assert [tag.name for tag in tags if not registry.compiled_sql(tag)] == []
    assert registry.compiled_sql(replace(tags[0], sql="SELECT 1")) is None
