"""A training that was refused is kept where the model is shown, by command and by schedule alike."""

from __future__ import annotations

import pytest

from api import create_app
from jobs.models.refusals import noted
from prediction.definition import parse_model
from prediction.promotion import NotBetter
from prediction.training import TrainingProblem
from stores.mysql import MySQLUnavailable
from stores.settings import Settings
from tests.fakes.api_stores import AT_MS, seeded
from tests.fakes.memory_models import MemoryModels
from tests.spend_model import DEFINITION, METRICS, add_spend_model

MODEL = parse_model(DEFINITION)


def refused(models, error: Exception, text: str = DEFINITION) -> None:
    with pytest.raises(type(error)), noted(models, MODEL, text, "ann", lambda: AT_MS):
        raise error


@pytest.fixture
def world():
    return seeded()


@pytest.fixture
def client(world):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()


def test_a_model_whose_first_training_was_refused_is_shown_without_a_version_and_with_the_cause(world, client):
    refused(world.models, TrainingProblem("too few bought again"))
    told = client.get("/api/v1/models/worth").json
    assert (told["versions"], told["version_list"], told["kind"]) == (0, [], "spend")
    assert told["refused"] == "too few bought again"
    assert told["audit"][0]["who"] == "ann"
    assert [item["name"] for item in client.get("/api/v1/models").json["items"]] == ["worth"]


def test_a_refusal_changes_no_text_that_a_live_version_scores_by_and_the_next_training_ends_it(world, client):
    add_spend_model(world)
    refused(world.models, TrainingProblem("too few"), DEFINITION.replace("Worth", "Other"))
    told = client.get("/api/v1/models/worth").json
    assert (told["title"], told["live_version"], told["refused"]) == ("Worth", 1, "too few")
    world.models.add("worth", b"newer", METRICS, {"features": []}, "ann", AT_MS)
    assert client.get("/api/v1/models/worth").json["refused"] is None


def test_a_version_that_was_made_and_could_not_go_live_is_no_refused_training(world, client):
    add_spend_model(world)
    refused(world.models, NotBetter("no better than the mean"))
    told = client.get("/api/v1/models/worth").json
    assert told["refused"] is None and told["audit"][0]["what"] == "not put into use: no better than the mean"


def test_a_store_that_is_away_is_no_refusal():
    models = MemoryModels()
    refused(models, MySQLUnavailable("away"))
    assert models.models() == []


def test_a_built_in_model_that_nobody_trained_has_no_version_and_one_of_no_name_is_not_found(client):
    told = client.get("/api/v1/models/spends_in_30_days").json
    assert (told["versions"], told["live_version"], told["refused"], told["audit"]) == (0, None, None, [])
    assert client.get("/api/v1/models/nobody").status_code == 404
    for version in (1, None):
        assert client.put("/api/v1/models/spends_in_30_days/live", json={"version": version}).status_code == 404
