"""Models and predictions over HTTP."""

from __future__ import annotations

import orjson
import pytest

from api import create_app
from api.live.models import prediction_message
from prediction.pipeline import from_bytes
from stores.settings import Settings
from tagging.identity import Merge
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.small_model import FEATURES, GOOD, add_model, pipeline


@pytest.fixture
def world() -> World:
    found = seeded()
    add_model(found.models)
    return found


@pytest.fixture
def times() -> list[int]:
    return [AT_MS]


@pytest.fixture
def client(world, times):
    return create_app(Settings(), world.stores(), clock=lambda: times[0]).test_client()


def ask(client, **body):
    return client.post("/api/v1/predictions", json={"model": "buys", "user_ids": ["u1"], **body})


def test_a_score_is_what_the_trained_pipeline_says_of_the_users_tags(client):
    answer = ask(client, user_ids=["u1", "u2", "u0"])
    assert answer.status_code == 200 and answer.json["version"] == 1
    users = [{"tier": "gold", "spend": 10.5, "flag": True}, {"tier": "silver", "spend": 21.0, "flag": False}]
    users.append({"tier": None, "spend": 0.0, "flag": False})
    columns = {tag: [user[tag] for user in users] for tag in users[0]}
    expected = pipeline().probabilities(columns)[:, 1]
    assert [item["score"] for item in answer.json["items"]] == pytest.approx(list(expected))
    assert [item["user_id"] for item in answer.json["items"]] == ["u1", "u2", "u0"]
    assert {item["label"] for item in answer.json["items"]} == {"yes"}


def test_missing_features_are_named_and_the_age_of_the_others_is_said(client):
    item = ask(client, user_ids=["u0"]).json["items"][0]
    assert item["missing"] == ["tier"]
    assert item["newest_feature_at"] == item["oldest_feature_at"] == "2026-09-21T14:13:20.000Z"


def test_reasons_say_which_features_moved_the_score(client):
    reasons = ask(client, reasons=True).json["items"][0]["reasons"]
    assert (reasons[0]["feature"], reasons[0]["title"], reasons[0]["value"]) == ("tier", "Tier", "gold")
    assert reasons[0]["points"] == pytest.approx(2.0)
    assert ask(client).json["items"][0]["reasons"] == []


def test_an_unknown_user_gets_a_problem_and_the_others_their_scores(client, world):
    items = ask(client, user_ids=["nobody", "u1"]).json["items"]
    assert [item["problem"] for item in items] == ["user_not_found", None]
    assert (items[0]["score"], items[0]["prediction_id"]) == (None, None)
    assert [logged.user_id for logged in world.predictions.predictions] == ["u1"]


def test_an_id_that_is_merged_is_scored_and_logged_as_its_person(client, world):
    own = ask(client, user_ids=["u2"]).json["items"][0]["score"]
    world.identities.merge(Merge("d" * 32, "u1", "u2", "the same phone", "ann", AT_MS))
    item = ask(client).json["items"][0]
    assert (item["user_id"], item["score"]) == ("u1", own)
    assert world.predictions.predictions[-1].user_id == "u2"


def test_every_served_score_is_logged_with_its_features(client, world):
    item = ask(client).json["items"][0]
    logged = orjson.loads(prediction_message(world.predictions.predictions[0]))
    assert logged == {
        "prediction_id": item["prediction_id"],
        "model": "buys",
        "version": 1,
        "user_id": "u1",
        "features": '{"flag":true,"spend":10.5,"tier":"gold"}',
        "score": item["score"],
        "frozen_score": item["score"],
        "predicted_at": AT_MS,
    }


def test_a_feature_that_was_missing_is_logged_as_missing(client, world):
    ask(client, user_ids=["u0"])
    assert world.predictions.predictions[0].features == {"tier": None, "spend": 0.0, "flag": False}


def test_what_if_scores_one_user_with_other_values_and_is_not_logged(client, world):
    before = ask(client).json["items"][0]["score"]
    logged = len(world.predictions.predictions)
    after = ask(client, what_if={"tier": "silver"}).json["items"][0]["score"]
    without = ask(client, what_if={"tier": None}).json["items"][0]
    assert after < before and without["missing"] == ["tier"]
    assert len(world.predictions.predictions) == logged


def test_a_mere_look_is_not_logged(client, world):
    assert ask(client, record=False).json["items"][0]["score"] == ask(client).json["items"][0]["score"]
    assert len(world.predictions.predictions) == 1


@pytest.mark.parametrize(
    ("body", "path", "says"),
    [
        ({"what_if": {"city": "x"}}, "what_if.city", "is no feature"),
        ({"what_if": {"spend": "much"}}, "what_if", "feature spend: got 'much', allowed a finite number"),
        ({"what_if": {"spend": 1}, "user_ids": ["u1", "u2"]}, "", "allowed one"),
        ({"user_ids": []}, "user_ids", "at least 1"),
        ({"user_ids": ["u"] * 101}, "user_ids", "at most 100"),
        ({"model": "No Such"}, "model", "match"),
        ({"extra": 1}, "extra", ""),
    ],
)
def test_a_wrong_question_is_refused_with_its_place(client, body, path, says):
    answer = ask(client, **body)
    assert answer.status_code == 422
    problem = answer.json["error"]["problems"][0]
    assert path in problem["path"] and says in problem["message"]


@pytest.mark.parametrize(
    "prepare", [lambda models: models.set_live("buys", None, "ann", AT_MS), lambda models: models._models.clear()]
)
def test_a_model_that_is_not_in_use_is_not_found(client, world, prepare):
    prepare(world.models)
    answer = ask(client)
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "model_not_found")


def test_a_model_whose_feature_was_retired_says_so(client, world):
    lineage = {"features": [vars(feature) for feature in FEATURES]}
    made = world.models.add("buys", pipeline(tier_version=2).to_bytes(), GOOD, lineage, "ann", AT_MS)
    world.models.set_live("buys", made.version, "ann", AT_MS)
    answer = ask(client)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "feature_retired")
    assert "tier v2 (live: 1)" in answer.json["error"]["message"]


def test_a_file_that_is_no_model_is_named_and_not_an_error_of_the_server(client, world):
    lineage = {"features": [vars(feature) for feature in FEATURES]}
    made = world.models.add("buys", b"no model", GOOD, lineage, "ann", AT_MS)
    world.models.set_live("buys", made.version, "ann", AT_MS)
    answer = ask(client)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "model_unusable")
    assert "is JSON" in answer.json["error"]["message"]


def test_a_version_that_is_put_into_use_is_asked_after_two_seconds(client, world, times):
    first = ask(client).json
    changed = client.put("/api/v1/models/buys/live", json={"version": 2})
    assert changed.status_code == 200 and changed.json["live_version"] == 2
    times[0] += 1_999
    assert ask(client).json["version"] == 1
    times[0] += 1
    second = ask(client).json
    assert second["version"] == 2 and second["items"][0]["score"] > first["items"][0]["score"]


def test_a_version_that_is_no_better_than_chance_is_not_put_into_use(client, world):
    answer = client.put("/api/v1/models/buys/live", json={"version": 3})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "not_better_than_chance")
    assert world.models.model("buys").live_version == 1


def test_a_model_is_read_with_its_versions_and_what_was_done(client):
    answer = client.get("/api/v1/models/buys").json
    assert (answer["title"], answer["kind"], answer["live_version"]) == ("Buys", "conversion", 1)
    assert [(each["version"], each["stage"]) for each in answer["version_list"]] == [
        (3, "shadow"),
        (2, "shadow"),
        (1, "live"),
    ]
    assert answer["version_list"][0]["features"][0] == {"tag": "tier", "version": 1, "value_type": "string"}
    assert answer["audit"][0]["what"] == "made live; before: none"
    listed = client.get("/api/v1/models").json["items"]
    assert [(each["name"], each["metrics"]["auc"]) for each in listed] == [("buys", 0.8)]


@pytest.mark.parametrize(("path", "body"), [("nobody", {"version": 1}), ("buys", {"version": 9})])
def test_an_unknown_model_or_version_cannot_be_put_into_use(client, path, body):
    assert client.put(f"/api/v1/models/{path}/live", json=body).status_code == 404


def test_going_back_and_taking_out_of_use_are_one_step(client, world):
    client.put("/api/v1/models/buys/live", json={"version": 2})
    assert client.put("/api/v1/models/buys/live", json={"version": 1}).json["live_version"] == 1
    assert client.put("/api/v1/models/buys/live", json={"version": None}).json["live_version"] is None
    assert from_bytes(world.models.file(world.models.model("buys").versions[0].sha256)).model == "buys"
