"""Charts of behaviour over HTTP, and crowds of their points."""

from datetime import UTC, datetime

import pytest

from api import create_app
from stores.settings import Settings
from tests.behaviour_oracle import Stored
from tests.fakes.api_stores import AT_MS, World, seeded

TODAY = datetime.fromtimestamp(AT_MS / 1000, UTC).date().isoformat()
HOUR = 3_600_000
TWO_DAYS = {"last_days": 2}
STEPS = [{"event": "view"}, {"event": "cart"}, {"event": "pay"}]
EVENTS = [
    ("u0", "view", 26), ("u0", "view", 2), ("u0", "cart", 1), ("u1", "view", 26), ("u1", "cart", 25), ("u1", "pay", 24),
    ("u2", "view", 3), ("u3", "cart", 3), ("u4", "view", 26), ("u4", "view", 25), ("stranger", "view", 1),
]  # fmt: skip
"""(user, type, hours ago)."""


@pytest.fixture
def world() -> World:
    world = seeded()
    world.behaviour.events = [
        Stored(f"e{n}", user, kind, AT_MS - hours * HOUR, 0, n) for n, (user, kind, hours) in enumerate(EVENTS)
    ]
    return world


@pytest.fixture
def client(world: World):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()


def ask(client, chart, **query):
    answer = client.post(f"/api/v1/behaviour/{chart}", json={"period": TWO_DAYS} | query)
    assert answer.status_code == 200, answer.text
    return answer.json


def problems(client, chart, query):
    answer = client.post(f"/api/v1/behaviour/{chart}", json=query)
    assert answer.status_code == 422, answer.text
    return [problem["path"] for problem in answer.json["error"]["problems"]]


def estimate(client, point):
    return client.post("/api/v1/crowds/estimate", json={"rule": {"behaviour": point}})


def test_a_trend_has_a_number_for_every_unit_and_the_days_it_is_of(client):
    answer = ask(client, "trends", period={"last_days": 3}, event={"event": "view"})
    assert (answer["to"], answer["units"][-1], len(answer["units"])) == (TODAY, TODAY, 3)
    group = answer["groups"][0]
    assert (group["kind"], group["events"], group["users"]) == ("all", [0, 4, 3], [0, 3, 3])
    assert (group["events_total"], group["users_total"]) == (7, 5)


def test_the_groups_of_a_breakdown_are_named_by_the_value_and_the_rest_comes_last(client):
    groups = ask(client, "trends", breakdown="spend", groups=2)["groups"]
    assert [(group["kind"], group["value"]) for group in groups] == [
        ("value", 0), ("value", 10.5), ("other", None), ("none", None),
    ]  # fmt: skip
    assert sum(group["users_total"] for group in groups) == 6


def test_a_funnel_says_how_many_came_how_far_and_how_long_it_took(client):
    steps = ask(client, "funnel", steps=STEPS)["groups"][0]["steps"]
    assert [step["users"] for step in steps] == [5, 2, 1]
    assert [step["share_of_last"] for step in steps] == [1, 0.4, 0.5]
    assert (steps[1]["since_first_median_ms"], steps[2]["since_last_median_ms"]) == (25 * HOUR, HOUR)


def test_retention_does_not_know_what_lies_after_the_period(client):
    answer = ask(client, "retention", first={"event": "view"}, again={"event": "view"})
    assert [(cohort["users"], cohort["back"]) for cohort in answer["cohorts"]] == [(3, [1, 1]), (2, [0, None])]
    assert answer["overall"] == [1 / 5, 1 / 3]


def test_paths_and_sessions_are_counted(client):
    answer = ask(client, "paths", anchor="view", session_gap_seconds=3600)
    links = {
        (link["level"], link["node"]["event"], link["next"] and link["next"]["event"]): link for link in answer["links"]
    }
    assert answer["sessions"] == 6
    assert (links[1, "view", "cart"]["users"], links[1, "view", None]["sessions"]) == (2, 4)
    total = ask(client, "sessions", session_gap_seconds=3600)["total"]
    assert (total["sessions"], total["users"], total["events"], total["bounces"]) == (7, 6, 11, 4)


@pytest.mark.parametrize(
    ("chart", "query", "paths"),
    [
        ("trends", {}, ["period"]),
        ("trends", {"period": {"last_days": 367}}, ["period.last_days"]),
        ("trends", {"period": {"last_days": 7, "zone": "Mars/Olympus"}}, ["period.zone"]),
        ("trends", {"period": {"last_days": 7, "zone": "../../etc/passwd"}}, ["period.zone"]),
        ("trends", {"period": {"from": "2026-02-01", "to": "2026-01-01"}}, ["period"]),
        ("trends", {"period": {"from": "2020-01-01", "to": "2026-01-01"}}, ["period"]),
        ("trends", {"period": {"last_days": 7, "from": "2026-01-01"}}, ["period"]),
        ("trends", {"period": TWO_DAYS, "breakdown": "nothing"}, ["breakdown"]),
        ("trends", {"period": TWO_DAYS, "unit": "year", "groups": 99}, ["groups", "unit"]),
        ("trends", {"period": TWO_DAYS, "colour": "red"}, ["colour"]),
        ("funnel", {"period": TWO_DAYS, "steps": [{"event": "view"}]}, ["steps"]),
        ("funnel", {"period": TWO_DAYS, "steps": STEPS * 3}, ["steps"]),
        ("funnel", {"period": TWO_DAYS, "steps": STEPS, "window_seconds": 0}, ["window_seconds"]),
        (
            "funnel",
            {"period": TWO_DAYS, "steps": [*STEPS, {"event": ""}, {"where": [{"property": "p", "in": []}]}]},
            ["steps[3].event", "steps[4].where[0].in"],
        ),
        ("retention", {"period": TWO_DAYS, "units": 61}, ["units"]),
        ("paths", {"period": TWO_DAYS}, ["anchor"]),
        ("paths", {"period": TWO_DAYS, "anchor": "view", "steps": 9, "nodes": 0}, ["steps", "nodes"]),
        ("sessions", {"period": TWO_DAYS, "session_gap_seconds": 10**6}, ["session_gap_seconds"]),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_field(client, chart, query, paths):
    assert problems(client, chart, query) == paths


def test_a_store_that_is_down_is_said_to_be_down(client, world):
    world.behaviour.fail()
    assert client.post("/api/v1/behaviour/trends", json={"period": TWO_DAYS}).status_code == 503


POINTS = [
    ({"chart": "trends", "query": {"period": TWO_DAYS, "event": {"event": "view"}}, "at_least": 2}, {"u0", "u4"}),
    ({"chart": "funnel", "query": {"period": TWO_DAYS, "steps": STEPS}, "step": 2, "lost": True}, {"u0"}),
    ({"chart": "retention", "query": {"period": TWO_DAYS, "first": {"event": "view"}}, "unit": 1}, {"u0"}),
    ({"chart": "sessions", "query": {"period": TWO_DAYS}, "day": 1}, {"u0", "u2", "u3"}),
    (
        {"chart": "paths", "query": {"period": TWO_DAYS, "anchor": "view", "session_gap_seconds": 3600}, "level": 1}
        | {"node": {"events": ["view"]}, "next": {"events": ["cart"]}},
        {"u0", "u1"},
    ),
]


@pytest.mark.parametrize(("point", "users"), POINTS, ids=[point["chart"] for point, _ in POINTS])
def test_the_users_of_a_point_are_a_crowd_estimated_listed_and_exported_alike(client, point, users):
    saved = client.post("/api/v1/crowds", json={"name": "point", "title": "A point", "rule": {"behaviour": point}})
    assert saved.status_code == 201, saved.text
    assert saved.json["rule"] == {"behaviour": point}
    listed = {item["user_id"] for item in client.get("/api/v1/crowds/point/members").json["items"]}
    exported = {line.split(",")[1] for line in client.get("/api/v1/crowds/point/export").text.splitlines()[1:]}
    assert listed == exported == users
    assert estimate(client, point).json["users"] == len(users)


def test_a_point_can_be_joined_with_tags_and_named_by_other_crowds(client):
    point = {"behaviour": POINTS[0][0]}
    client.post("/api/v1/crowds", json={"name": "often", "title": "Often", "rule": point})
    rule = {"all": [{"not": {"crowd": "often"}}, {"tag": "tier", "in": ["silver"]}]}
    answer = client.post("/api/v1/crowds/estimate", json={"rule": rule}).json
    assert answer["users"] == 1


def test_what_is_wrong_with_a_point_is_told_with_its_path_in_the_rule(client):
    point = {"chart": "funnel", "query": {"period": {"last_days": 0}, "steps": STEPS}, "step": 2}
    answer = estimate(client, point)
    assert answer.status_code == 422
    assert [problem["path"] for problem in answer.json["error"]["problems"]] == [
        "rule.behaviour.query.period.last_days"
    ]
    assert estimate(client, {"chart": "pie"}).status_code == 422
    assert estimate(client, "funnel").status_code == 422
    assert estimate(client, POINTS[1][0] | {"step": 3}).json["error"]["problems"][0]["path"] == "rule.behaviour"
    grouped = {"chart": "trends", "query": {"period": TWO_DAYS, "breakdown": "tier"}}
    assert "has no groups" in estimate(client, grouped).text


def test_a_rule_may_not_ask_for_more_behaviour_than_is_bearable(client):
    rule = {"any": [{"behaviour": POINTS[0][0]}] * 6}
    answer = client.post("/api/v1/crowds/estimate", json={"rule": rule})
    assert answer.status_code == 422
    assert answer.json["error"]["problems"][0]["allowed"] == {"conditions on behaviour": 5}
