"""Whether a model was asked with the values that were known, over HTTP, and what it keeps from going live."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api import create_app
from stores.settings import Settings
from tagging.access import Role
from tests.access_app import guarded, sensitive
from tests.feature_reports import AT_MS, DAY_MS, reported
from tests.unit.test_api_predictions import world

__all__ = ["world"]
PATH = "/api/v1/models/buys/feature-parity"


@pytest.fixture
def client(world):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()


def seen(feature_version: int = 1):
    """A report whose `spend` is of the version that the registry knows."""
    made = reported("buys", 1, wrong=2)
    return replace(made, features=[replace(made.features[0], version=feature_version), made.features[1]])


def test_a_model_that_was_never_compared_says_so(client):
    answer = client.get(PATH)
    assert answer.status_code == 200
    nothing = {"state": "never_run", "latest": None, "examples": [], "items": [], "next": None}
    assert answer.json == {"name": "buys", **nothing}


def test_a_report_tells_every_outcome_of_every_feature_and_the_first_users(client, world):
    world.reports.keep(seen())
    found = client.get(PATH).json
    assert (found["state"], found["latest"]["version"], found["latest"]["vectors"]) == ("wrong", 1, 10)
    spend, tier = found["latest"]["features"]
    assert (spend["equal"], spend["different"], spend["wrong"], spend["greatest_difference"]) == (8, 2, 2, 3.5)
    assert spend["causes"] == [{"cause": "unknown", "values": 2}]
    assert (tier["equal"], tier["wrong"]) == (10, 0)
    [examples] = found["examples"]
    assert (examples["tag"], examples["masked"]) == ("spend", False)
    first = examples["items"][0]
    assert (first["user_id"], first["served"], first["known"], first["cause"]) == ("u0", 5, 8.5, "unknown")


@pytest.mark.parametrize(("role", "masked"), [(Role.VIEWER, True), (Role.APPROVER, False)])
def test_who_may_not_see_a_tags_values_learns_counts_alone(world, role, masked):
    world.reports.keep(seen())
    access = guarded(world)
    spend = sensitive("spend", "restricted", "decimal")
    world.registry.definitions = [spend if each.name == "spend" else each for each in world.registry.definitions]
    answer = access.browser(role).send("GET", "/models/buys/feature-parity")
    [examples] = answer.json["examples"]
    assert (examples["masked"], len(examples["items"])) == (masked, 0 if masked else 2)
    assert answer.json["latest"]["features"][0]["different"] == 2
    assert (answer.json["latest"]["features"][0]["greatest_difference"] is None) is masked
    assert ("u0" in answer.text) is not masked


def test_the_live_versions_report_is_the_latest_though_another_has_a_newer_one(client, world):
    world.reports.keep(reported("buys", 1, wrong=0))
    world.reports.keep(reported("buys", 2, wrong=1, at_ms=AT_MS + DAY_MS))
    found = client.get(PATH).json
    assert (found["state"], found["latest"]["version"]) == ("equal", 1)
    assert [(each["version"], each["state"]) for each in found["items"]] == [(2, "wrong"), (1, "equal")]


def test_the_history_is_read_page_by_page(client, world):
    for day in range(3):
        world.reports.keep(reported("buys", 1, wrong=0, at_ms=AT_MS + day * DAY_MS))
    first = client.get(f"{PATH}?limit=2").json
    second = client.get(f"{PATH}?limit=2&cursor={first['next']}").json
    assert [each["id"] for each in first["items"] + second["items"]] == [3, 2, 1]
    assert second["next"] is None


def test_an_unknown_model_and_a_wrong_cursor_are_refused(client):
    answer = client.get("/api/v1/models/nobody/feature-parity")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "model_not_found")
    assert client.get(f"{PATH}?cursor=x").status_code == 422


def test_a_version_with_wrong_features_is_not_put_into_use_and_the_error_names_them(client, world):
    world.reports.keep(reported("buys", 2, wrong=3))
    answer = client.put("/api/v1/models/buys/live", json={"version": 2})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "features_wrong")
    assert "spend v2 (3 values)" in answer.json["error"]["message"]
    assert world.models.model("buys").live_version == 1


def test_a_version_that_was_never_compared_is_put_into_use(client):
    assert client.put("/api/v1/models/buys/live", json={"version": 2}).json["live_version"] == 2
