"""Crowds over HTTP."""

import csv

import pytest

from api import create_app, crowds
from stores.settings import Settings
from tests.fakes.api_stores import World, seeded

GOLD = {"tag": "tier", "in": ["gold"]}
RICH = {"tag": "spend", "at_least": 20}


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def client(world: World):
    return create_app(Settings(), world.stores()).test_client()


def create(client, name="vip", rule=GOLD, title="Best"):
    return client.post("/api/v1/crowds", json={"name": name, "title": title, "rule": rule})


def change(client, name, rule, revision='"1"', title="Best"):
    return client.put(f"/api/v1/crowds/{name}", json={"title": title, "rule": rule}, headers={"If-Match": revision})


def remove(client, name, revision='"1"'):
    return client.delete(f"/api/v1/crowds/{name}", headers={"If-Match": revision})


def test_a_rule_is_estimated_without_being_saved(client):
    answer = client.post("/api/v1/crowds/estimate", json={"rule": {"all": [GOLD, {"not": RICH}]}}).json
    assert (answer["users"], answer["users_total"], answer["generation"]) == (1, 5, 7)
    assert answer["sentence"] == {
        "en": 'Tier is "gold" and not Spend is at least 20',
        "zh": 'Tier 为 "gold" 且 不满足(Spend 不小于 20)',
    }
    assert client.get("/api/v1/crowds").json["items"] == []


def test_every_problem_of_a_rule_is_told_with_its_path(client):
    rule = {"any": [{"tag": "teir", "present": True}, {"tag": "spend", "in": ["much"]}, {"crowd": "vip"}]}
    answer = client.post("/api/v1/crowds/estimate", json={"rule": rule})
    assert answer.status_code == 422
    assert [problem["path"] for problem in answer.json["error"]["problems"]] == [
        "rule.any[0].tag",
        "rule.any[1].in[0]",
        "rule.any[2].crowd",
    ]


def test_a_saved_crowd_is_read_back_with_its_etag(client):
    made = create(client)
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    read = client.get("/api/v1/crowds/vip")
    assert read.json == made.json
    assert read.headers["ETag"] == '"1"'
    assert (read.json["title"], read.json["rule"]) == ("Best", GOLD)


def test_a_name_is_given_once(client):
    create(client)
    answer = create(client, rule=RICH)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "crowd_exists")
    assert client.get("/api/v1/crowds/vip").json["rule"] == GOLD


def test_of_two_writers_who_read_the_same_revision_the_second_is_refused(client):
    create(client)
    assert change(client, "vip", RICH).headers["ETag"] == '"2"'
    late = change(client, "vip", GOLD)
    assert (late.status_code, late.json["error"]["code"], late.headers["ETag"]) == (412, "crowd_changed", '"2"')
    assert client.get("/api/v1/crowds/vip").json["rule"] == RICH
    assert remove(client, "vip").status_code == 412


@pytest.mark.parametrize(("tag", "status"), [(None, 428), ("1", 422), ("*", 422), ('W/"1"', 422)])
def test_a_change_must_say_which_revision_it_is_of(client, tag, status):
    create(client)
    headers = {} if tag is None else {"If-Match": tag}
    assert client.delete("/api/v1/crowds/vip", headers=headers).status_code == status
    body = {"title": "Best", "rule": GOLD}
    assert client.put("/api/v1/crowds/vip", json=body, headers=headers).status_code == status


def test_a_crowd_may_not_come_to_depend_on_itself(client):
    create(client, "a")
    create(client, "b", {"not": {"crowd": "a"}})
    answer = change(client, "a", {"all": [{"crowd": "b"}, GOLD]})
    assert answer.status_code == 422
    assert "a -> b -> a" in answer.text
    assert client.get("/api/v1/crowds/a").json["revision"] == 1


def test_a_crowd_that_another_depends_on_cannot_be_removed_before_that_one(client):
    create(client, "a")
    create(client, "b", {"any": [{"not": {"crowd": "a"}}, RICH]})
    assert client.get("/api/v1/crowds/a").json["used_by"] == ["b"]
    assert (remove(client, "a").status_code, remove(client, "a").json["error"]["code"]) == (409, "crowd_in_use")
    assert remove(client, "b").status_code == 204
    assert remove(client, "a").status_code == 204
    assert client.get("/api/v1/crowds/a").status_code == 404


def test_a_crowd_whose_tag_is_gone_says_so_and_hides_no_other(client, world):
    create(client, "a")
    create(client, "b", RICH)
    world.registry.definitions = [tag for tag in world.registry.definitions if tag.name != "tier"]
    broken, whole = client.get("/api/v1/crowds").json["items"]
    assert (broken["sentence"], "there is no such tag" in broken["problem"]) == (None, True)
    assert whole["problem"] is None and whole["sentence"]["en"] == "Spend is at least 20"
    assert client.get("/api/v1/crowds/a/members").status_code == 422
    assert client.post("/api/v1/crowds/estimate", json={"rule": {"crowd": "b"}}).json["users"] == 3


def listed(client, name, limit):
    found, cursor = [], None
    while True:
        query = {"limit": limit, **({"cursor": cursor} if cursor else {})}
        page = client.get(f"/api/v1/crowds/{name}/members", query_string=query).json
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found, page["users"]


@pytest.mark.parametrize("rule", [GOLD, RICH, {"all": []}, {"not": {"all": []}}, {"not": {"crowd": "other"}}])
def test_the_estimate_the_list_and_the_export_agree(client, rule, monkeypatch):
    monkeypatch.setattr(crowds, "EXPORT_PAGE", 2)
    create(client, "other", RICH)
    create(client, "vip", rule)
    items, users = listed(client, "vip", 2)
    export = client.get("/api/v1/crowds/vip/export")
    lines = list(csv.reader(export.text.splitlines()))
    assert export.headers["Content-Disposition"] == 'attachment; filename="vip.csv"'
    assert lines[0] == ["user_no", "user_id"]
    assert lines[1:] == [[str(item["user_no"]), item["user_id"]] for item in items]
    estimate = client.post("/api/v1/crowds/estimate", json={"rule": {"crowd": "vip"}}).json["users"]
    assert estimate == users == len(items)


def test_an_export_whose_store_is_down_is_refused_before_it_begins(client, world):
    create(client)
    world.crowd_users.fail()
    assert client.get("/api/v1/crowds/vip/export").status_code == 503


def test_a_portrait_compares_each_value_with_the_base(client):
    create(client, rule=GOLD)
    answer = client.get("/api/v1/crowds/vip/portrait").json
    assert (answer["crowd_users"], answer["base_users"], answer["base"]) == (2, 5, None)
    gold = next(item for item in answer["items"] if (item["tag"], item["value"]) == ("tier", "gold"))
    assert (gold["crowd_users"], gold["base_users"], gold["tgi"]) == (2, 2, 250)
    assert gold["tgi_low"] < 250 == gold["tgi_high"]
    assert gold["small"] and not gold["significant"] and gold["p_value"] is None


def test_of_many_users_a_clear_difference_is_significant():
    client = create_app(Settings(), seeded(400).stores()).test_client()
    create(client, rule=GOLD)
    items = client.get("/api/v1/crowds/vip/portrait").json["items"]
    by_value = {item["value"]: item for item in items if item["tag"] == "tier"}
    assert by_value["gold"]["significant"] and by_value["gold"]["adjusted_p_value"] < 1e-6
    assert by_value["silver"]["significant"] and by_value["silver"]["tgi"] == 0
    assert all(item["small"] for item in items if item["tag"] == "spend")


def test_a_portrait_may_have_another_crowd_as_its_base(client):
    create(client, "gold")
    create(client, "rich", RICH)
    answer = client.get("/api/v1/crowds/gold/portrait?base=rich").json
    assert (answer["crowd_users"], answer["base_users"], answer["base"]) == (2, 3, "rich")
    assert client.get("/api/v1/crowds/gold/portrait?base=nobody").status_code == 404
