"""Users and profiles over HTTP."""

import pytest

from api import create_app
from stores.settings import Settings
from tests.fakes.api_stores import AT_MS, World, seeded


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def client(world: World):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()


def test_a_profile_holds_the_live_version_of_every_tag_with_its_type_and_since(client):
    answer = client.get("/api/v1/users/u1")
    assert answer.status_code == 200
    assert answer.json["user_id"] == "u1"
    assert answer.json["user_no"] == 2
    assert answer.json["read_at"] == "2026-09-21T14:13:20.000Z"
    assert [(tag["tag"], tag["value"], tag["type"]) for tag in answer.json["tags"]] == [
        ("flag", True, "boolean"),
        ("spend", 10.5, "decimal"),
        ("tier", "gold", "string"),
    ]
    assert answer.json["tags"][2] == {
        "tag": "tier",
        "title": "Tier",
        "dimension": "behaviour",
        "version": 1,
        "type": "string",
        "value": "gold",
        "masked": False,
        "since": "2026-09-21T14:13:20.001Z",
    }


def test_a_value_that_the_user_has_lost_is_absent(client):
    assert "tier" not in {tag["tag"] for tag in client.get("/api/v1/users/u0").json["tags"]}


def test_a_user_of_whom_nothing_is_known_is_not_found(client):
    answer = client.get("/api/v1/users/nobody")
    assert answer.status_code == 404
    assert answer.json["error"]["code"] == "user_not_found"


def test_a_user_with_a_profile_but_no_number_is_found_and_its_id_may_hold_a_slash(client):
    answer = client.get("/api/v1/users/old%2Fone")
    assert answer.status_code == 200
    assert (answer.json["user_no"], answer.json["tags"][0]["value"]) == (None, "gold")


def test_a_user_with_a_number_but_no_profile_is_found(client, world):
    del world.profiles.values["u2"]
    answer = client.get("/api/v1/users/u2")
    assert (answer.status_code, answer.json["user_no"], answer.json["tags"]) == (200, 3, [])


def test_a_user_whose_values_are_all_gone_is_still_known(client, world):
    world.users.users.clear()
    world.profiles.values["u0"] = [value for value in world.profiles.values["u0"] if value.absent]
    assert client.get("/api/v1/users/u0").status_code == 200


def test_a_profile_is_answered_without_its_number_while_mysql_is_down(client, world):
    world.numbers.fail()
    answer = client.get("/api/v1/users/u1")
    assert (answer.status_code, answer.json["user_no"]) == (200, None)


def test_nobody_is_called_unknown_while_mysql_cannot_say(client, world):
    world.numbers.fail()
    answer = client.get("/api/v1/users/nobody")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "mysql_unavailable")


def test_profiles_fail_with_the_store_named_while_hbase_is_down(client, world):
    world.profiles.fail("connection refused")
    answer = client.get("/api/v1/users/u1")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "hbase_unavailable")
    assert "connection refused" in answer.json["error"]["message"]
    assert answer.headers["Retry-After"]


def test_a_user_id_longer_than_any_is_refused(client):
    answer = client.get("/api/v1/users/" + "x" * 129)
    assert answer.status_code == 422
    assert answer.json["error"]["problems"][0]["path"] == "user_id"


def test_a_search_is_paged_in_order_of_id_until_every_user_was_seen_once(client):
    seen, cursor = [], None
    for _ in range(10):
        query = {"search": "u", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/v1/users", query_string=query).json
        assert len(page["items"]) <= 2
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [{"user_id": f"u{number}", "user_no": number + 1, "merged_into": None} for number in range(5)]


def test_a_page_that_ends_with_the_last_user_has_no_next(client):
    assert client.get("/api/v1/users?search=u&limit=5").json["next"] is None


def test_a_search_takes_its_text_literally(client):
    assert client.get("/api/v1/users?search=%25").json["items"] == []


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "cursor=made-up", "cursor=MTI", "serach=u", "search=" + "x" * 129],
)
def test_a_wrong_query_is_refused_by_the_name_of_its_part(client, query):
    answer = client.get("/api/v1/users?" + query)
    assert answer.status_code == 422
    assert answer.json["error"]["problems"][0]["path"] == query.partition("=")[0]
