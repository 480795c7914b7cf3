"""Expected spend over HTTP."""

from __future__ import annotations

import pytest

from api import create_app
from prediction.lifetime import Buyer
from stores.settings import Settings
from tagging.access import Role
from tests.access_app import guarded, sensitive
from tests.fakes.api_stores import AT_MS, seeded
from tests.small_model import add_model
from tests.spend_model import LIFETIME, LINEAGE, METRICS, TODAY, add_spend_model

DAY_MS = 86_400_000


@pytest.fixture
def world():
    found = seeded()
    add_model(found.models)
    add_spend_model(found)
    return found


@pytest.fixture
def client(world):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()


def ask(client, **body):
    return client.post("/api/v1/predictions/spend", json={"model": "worth", "user_ids": ["u1"], **body})


def ask_as(browser, **body):
    return browser.send("POST", "/predictions/spend", json={"model": "worth", "user_ids": ["u1"], **body})


def test_the_value_is_what_the_trained_model_says_of_the_purchases(client):
    answer = ask(client, user_ids=["u2", "u1"]).json
    assert (answer["version"], answer["horizon_days"], answer["made"]) == (1, 90, "from_purchases")
    expected = LIFETIME.expected([Buyer(1, 60.0, 60.0, 25.0), Buyer(3, 10.0, 100.0, 40.0)])
    for item, user_id, said in zip(answer["items"], ("u2", "u1"), expected, strict=True):
        assert item["user_id"] == user_id and item["problem"] is None
        for name in ("value", "alive", "purchases", "per_purchase"):
            assert item[name] == pytest.approx(getattr(said, name))


def test_each_input_is_explained_by_what_it_does_to_the_value(client):
    item = ask(client).json["items"][0]
    moves = {move["input"]: move for move in item["moves"]}
    assert (moves["mean_spend"]["value"], moves["mean_spend"]["typical"]) == (40, 30)
    without = ask(client, what_if={"mean_spend": 30}).json["items"][0]["value"]
    assert moves["mean_spend"]["moved"] == pytest.approx(item["value"] - without)


def test_another_horizon_gives_another_value(client):
    assert ask(client, horizon_days=30).json["items"][0]["value"] < ask(client).json["items"][0]["value"]


def test_who_never_bought_and_who_is_unknown_get_a_problem_and_never_a_zero(client):
    items = ask(client, user_ids=["nobody", "u0", "u1"]).json["items"]
    assert [item["problem"] for item in items] == ["user_not_found", "never_bought", None]
    assert [item["value"] is None for item in items] == [True, True, False]


def test_orders_are_read_as_the_version_was_trained_until_the_end_of_the_ticks_day(client, world):
    world.purchases.tick_ms = AT_MS - 3 * DAY_MS
    ask(client)
    orders, period = world.purchases.asked[-1]
    assert list(orders.without) == LINEAGE["orders"]["without"]
    assert (period.before_day, period.known_ms) == (TODAY - 2, AT_MS)


@pytest.mark.parametrize(
    ("body", "path", "says"),
    [
        ({"what_if": {"city": 1}}, "what_if.city", ""),
        ({"what_if": {"purchases": 0}}, "what_if.purchases", "greater than or equal to 1"),
        ({"what_if": {"last_days_ago": 500}}, "what_if", "allowed up to first_days_ago 100"),
        ({"what_if": {"mean_spend": 1}, "user_ids": ["u1", "u2"]}, "", "allowed one"),
        ({"horizon_days": 0}, "horizon_days", "greater than or equal to 1"),
        ({"user_ids": []}, "user_ids", "at least 1"),
    ],
)
def test_a_wrong_question_is_refused_with_its_place(client, body, path, says):
    answer = ask(client, **body)
    assert answer.status_code == 422
    problem = answer.json["error"]["problems"][0]
    assert path in problem["path"] and says in problem["message"]


def test_a_model_of_another_kind_is_an_error_that_says_so(client):
    answer = ask(client, model="buys")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "model_unusable")
    other = client.post("/api/v1/predictions", json={"model": "worth", "user_ids": ["u1"]})
    assert (other.status_code, other.json["error"]["code"]) == (409, "model_of_spend")
    assert "/predictions/spend" in other.json["error"]["message"]


def test_an_order_that_cannot_be_read_is_an_error_and_not_a_smaller_value(client, world):
    world.purchases.unreadable = {"u1"}
    answer = ask(client)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "orders_unreadable")


def test_no_version_in_use_is_not_found_and_a_store_that_is_away_is_said_to_be(client, world):
    world.purchases.fail()
    assert ask(client).status_code == 503
    assert ask(client, model="nobody").status_code == 404


def test_a_version_that_does_not_beat_the_last_period_cannot_go_live_and_one_that_does_comes_back(client):
    refused = client.put("/api/v1/models/worth/live", json={"version": 2})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "not_better_than_chance")
    assert client.put("/api/v1/models/worth/live", json={"version": None}).json["live_version"] is None
    assert client.put("/api/v1/models/worth/live", json={"version": 1}).json["live_version"] == 1
    told = client.get("/api/v1/models/worth").json
    assert (told["kind"], told["metrics"]["bins"]) == ("spend", METRICS["bins"])


def test_who_may_not_see_a_tag_of_the_same_amounts_is_told_no_expectation_nor_whether_there_is_one(world):
    access = guarded(world)
    answer = ask_as(access.browser(Role.VIEWER), user_ids=["u1", "u0", "nobody"])
    assert (answer.status_code, answer.json["masked_by"]) == (200, ["spend"])
    told = [{name: value for name, value in item.items() if name != "user_id"} for item in answer.json["items"]]
    assert told[0] == told[1] == {
        **dict.fromkeys(("value", "alive", "purchases", "per_purchase", "problem")), "moves": [], "masked": True,
    }  # fmt: skip
    assert (told[2]["masked"], told[2]["problem"]) == (False, "user_not_found")
    seen = ask_as(access.browser(Role.EDITOR)).json
    assert (seen["masked_by"], seen["items"][0]["masked"]) == ([], False) and seen["items"][0]["value"] > 0


def test_who_may_not_see_it_may_not_try_values_until_one_fits_either(world):
    answer = ask_as(guarded(world).browser(Role.VIEWER), what_if={"mean_spend": 40})
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "values_masked")


def test_a_service_is_told_only_what_everyone_sees(world):
    access = guarded(world)
    body = {"model": "worth", "user_ids": ["u1"]}

    def asked():
        return access.client().post("/api/v1/predictions/spend", json=body, headers=key).json

    key = access.key(Role.SERVICE)
    assert asked()["items"][0]["masked"]
    world.registry.definitions = [sensitive("spend", "public", "decimal"), sensitive("flag", "restricted", "boolean")]
    # A restricted tag that reads no amount hides no expectation.
    assert asked()["items"][0]["value"] > 0
