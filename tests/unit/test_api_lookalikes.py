"""Lookalikes over HTTP, from the question to the crowd of the best part; the job is the real one over people in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api import create_app
from api.crowd_of_model import OF_CROWD
from prediction.definition import parse_model
from stores.settings import Settings
from tagging.access import Role
from tagging.bound_rules import bind
from tagging.crowds import InRange
from tagging.definition import parse_definition
from tests.access_app import guarded
from tests.fakes.api_stores import AT_MS, seeded
from tests.lookalike_training import SEED, train
from tests.openapi_models import LOOKALIKE, LOOKALIKE_LINEAGE, LOOKALIKE_METRICS
from tests.small_model import GOOD, pipeline

CROWD = {"name": "vip", "title": "Best", "rule": {"tag": "tier", "in": ["gold"]}}
ASK = {"model": "like_vip", "title": 'Like the "best"'}
PATH = "/api/v1/crowds/vip/lookalikes"


@pytest.fixture
def world():
    return seeded()


@pytest.fixture
def client(world):
    client = create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()
    assert client.post("/api/v1/crowds", json=CROWD).status_code == 201
    return client


def listed(client):
    return client.get(PATH).json["items"]


def test_asking_writes_a_definition_without_the_tags_that_the_rule_is_made_of(client, world):
    assert listed(client) == []
    answer = client.post(PATH, json=ASK)
    assert (answer.status_code, answer.headers["Location"]) == (202, PATH)
    assert (answer.json["state"], answer.json["found"], answer.json["tag_live"]) == ("asked", None, False)
    assert answer.json["features"] == ["flag", "spend"]
    held = parse_model(world.models.model("like_vip").definition)
    assert (held.title, held.owner, held.label.crowd, held.features) == (
        ASK["title"],
        "local",
        "vip",
        ("flag", "spend"),
    )
    assert listed(client) == [answer.json]


def test_what_was_trained_is_told_with_lift_sizes_and_signs(client, world):
    client.post(PATH, json=ASK | {"features": ["spend"]})
    train(world)
    (item,) = listed(client)
    found = item["found"]
    assert (item["state"], found["version"], found["live"]) == ("trained", 1, False)
    assert (found["seeds"], found["others"], found["sampled_seeds"]) == (750, 2_250, 750)
    assert found["auc"] - 2 * found["auc_error"] > 0.5
    best = found["best"][-1]
    assert best["low"] > 1 and best["rule"] is None
    sign = found["signs"][0]
    assert (sign["feature"], sign["title"], sign["kind"]) == ("spend", "Spend", "more") and sign["odds"] > 1


def test_a_wanted_size_or_score_is_told_with_its_lift(client, world):
    client.post(PATH, json=ASK | {"features": ["spend"]})
    train(world)

    def wanted(query):
        return client.get(f"{PATH}?{query}").json["items"][0]["found"]["wanted"]

    few, many = wanted("users=200"), wanted("users=1000")
    assert 200 <= few["users"] < many["users"] and few["score"] > many["score"] and few["lift"] > many["lift"]
    assert wanted(f"at_least={few['score']}") == few
    assert wanted("users=1") is None and wanted("at_least=1") is None
    assert listed(client)[0]["found"]["wanted"] is None
    assert client.get(f"{PATH}?users=0").status_code == client.get(f"{PATH}?at_least=2").status_code == 422


def test_once_the_tag_of_the_scores_is_live_each_best_part_is_a_rule_that_can_be_saved(client, world):
    client.post(PATH, json=ASK | {"features": ["spend"]})
    train(world)
    (item,) = listed(client)
    world.registry.definitions = [*world.registry.definitions, parse_definition(item["tag_text"])]
    (item,) = listed(client)
    assert item["tag_live"]
    rule = item["found"]["best"][-1]["rule"]
    assert client.post("/api/v1/crowds/estimate", json={"rule": rule}).status_code == 200
    saved = client.post("/api/v1/crowds", json={"name": "more_vip", "title": "More", "rule": rule})
    assert saved.status_code == 201 and client.get("/api/v1/crowds/vip").json["used_by"] == ["more_vip"]


def test_a_training_that_finds_nothing_is_told_as_refused_with_the_cause_and_may_be_asked_again(client, world):
    client.post(PATH, json=ASK | {"features": ["spend"]})
    train(world, signal=0.0)
    (item,) = listed(client)
    assert item["state"] == "refused" and "no better than chance" in item["cause"] and item["found"] is None
    assert client.post(PATH, json=ASK | {"features": ["spend"]}).json["state"] == "asked"


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"features": ["gone"]}, 422, "features[0]"),
        ({"features": ["spend", "spend"]}, 422, "twice"),
        ({"features": ["spend", "tier"]}, 422, "features[1]"),
        ({"features": []}, 422, "features"),
        ({"model": "NO"}, 422, "model"),
        ({"model": "spend"}, 422, "is the name of a tag"),
        ({"model": "validate"}, 422, "is the name of a tag"),
        ({"size": 9}, 422, "size"),
    ],
)
def test_what_cannot_be_learned_is_refused_before_anything_is_written(client, world, change, status, words):
    answer = client.post(PATH, json=ASK | change)
    assert answer.status_code == status and words in answer.text
    assert world.models.model("like_vip") is None


def test_a_name_of_another_model_and_a_crowd_that_is_not_there_are_refused(client, world):
    world.models.define("like_vip", "another kind", "ann", AT_MS)
    assert client.post(PATH, json=ASK).json["error"]["code"] == "model_exists"
    assert client.post("/api/v1/crowds/gone/lookalikes", json=ASK).status_code == 404
    assert client.get("/api/v1/crowds/gone/lookalikes").status_code == 404


def test_a_model_is_as_restricted_as_its_crowd():
    access = guarded()
    viewer, editor, approver = (access.browser(role) for role in (Role.VIEWER, Role.EDITOR, Role.APPROVER))
    secret = CROWD | {"rule": {"tag": "spend", "at_least": 10}}
    assert editor.send("POST", "/crowds", json=secret).status_code == 201
    assert viewer.send("GET", "/crowds/vip/lookalikes").json["error"]["code"] == "values_masked"
    assert viewer.send("POST", "/crowds/vip/lookalikes", json=ASK).status_code == 403
    # Spend is personal, the flag restricted: an editor's model may not read it.
    asked = editor.send("POST", "/crowds/vip/lookalikes", json=ASK).json
    assert asked["features"] == ["tier"] and "-- sensitivity: personal" in asked["tag_text"]
    assert editor.send("POST", "/crowds/vip/lookalikes", json=ASK | {"features": ["flag"]}).status_code == 403
    other = access.browser(Role.EDITOR, "bob")
    assert other.send("POST", "/crowds/vip/lookalikes", json=ASK).json["error"]["code"] == "not_owner"
    assert "restricted" in approver.send("POST", "/crowds/vip/lookalikes", json=ASK).json["tag_text"]


def test_neither_the_model_nor_a_score_of_it_tells_who_may_not_see_the_crowd():
    access = guarded()
    viewer, editor, service = access.browser(Role.VIEWER), access.browser(Role.EDITOR), access.key(Role.SERVICE)
    rule = bind(InRange("spend", at_least=10), {"spend": 1})
    models = access.world.models
    models.define("like_vip", LOOKALIKE.replace('"spend"', '"tier"'), "ann", AT_MS)
    lineage = {**LOOKALIKE_LINEAGE, "rule": rule.text()}
    made = models.add("like_vip", pipeline().to_bytes(), LOOKALIKE_METRICS, lineage, "crowds", AT_MS)
    models.set_live("like_vip", made.version, "ann", AT_MS)
    for reader in (viewer, editor):
        shown = reader.send("GET", "/models/like_vip").json
        version = shown["version_list"][0]
        assert version["metrics"]["auc"] == shown["metrics"]["auc"] == GOOD["auc"]
        assert not OF_CROWD & (version["metrics"].keys() | shown["metrics"].keys() | version["lineage"].keys())
    ask = {"model": "like_vip", "user_ids": ["u1"]}
    assert editor.send("POST", "/predictions", json=ask).status_code == 200
    assert viewer.send("POST", "/predictions", json=ask).json["error"]["code"] == "values_masked"
    refused = access.client().post("/api/v1/predictions", json=ask, headers=service)
    assert refused.json["error"]["code"] == "values_masked"
    lineage["rule"] = SEED.text()
    again = models.add("like_vip", pipeline(gold=1.0).to_bytes(), LOOKALIKE_METRICS, lineage, "crowds", AT_MS)
    models.set_live("like_vip", again.version, "ann", AT_MS)
    access.now[0] += 60_000
    assert access.client().post("/api/v1/predictions", json=ask, headers=service).status_code == 200
    assert viewer.send("POST", "/predictions", json=ask).status_code == 200


def test_a_model_tells_of_the_versions_that_its_crowds_rule_was_read_with_whatever_is_live_now():
    access = guarded()
    viewer, service = access.browser(Role.VIEWER), access.key(Role.SERVICE)
    lineage = {**LOOKALIKE_LINEAGE, "rule": bind(InRange("spend", at_least=10), {"spend": 1}).text()}
    models = access.world.models
    models.define("like_vip", LOOKALIKE, "ann", AT_MS)
    made = models.add("like_vip", pipeline().to_bytes(), LOOKALIKE_METRICS, lineage, "crowds", AT_MS)
    models.set_live("like_vip", made.version, "ann", AT_MS)
    ask = {"model": "like_vip", "user_ids": ["u1"]}
    tier, spend, flag = access.world.registry.definitions
    for live, others in (([replace(spend, version=2, sensitivity="public")], [spend]), ([], [spend]), ([], [])):
        access.world.registry.definitions, access.world.registry.others = [tier, flag, *live], others
        assert viewer.send("POST", "/predictions", json=ask).json["error"]["code"] == "values_masked"
        refused = access.client().post("/api/v1/predictions", json=ask, headers=service)
        assert refused.json["error"]["code"] == "values_masked"


def test_a_sign_is_as_restricted_as_the_version_that_it_was_found_in():
    access = guarded()
    editor, approver = access.browser(Role.EDITOR), access.browser(Role.APPROVER)
    assert approver.send("POST", "/crowds", json=CROWD).status_code == 201
    assert approver.send("POST", "/crowds/vip/lookalikes", json=ASK).status_code == 202
    access.world.models.add("like_vip", pipeline().to_bytes(), LOOKALIKE_METRICS, LOOKALIKE_LINEAGE, "crowds", AT_MS)

    def told(reader) -> list[str]:
        [found] = reader.send("GET", "/crowds/vip/lookalikes").json["items"]
        return [sign["feature"] for sign in found["found"]["signs"]]

    assert told(editor) == told(approver) == ["spend"]
    tier, spend, flag = access.world.registry.definitions
    access.world.registry.definitions = [tier, replace(spend, version=2), flag]
    access.world.registry.others = [replace(spend, sensitivity="restricted")]
    assert (told(editor), told(approver)) == ([], ["spend"])
