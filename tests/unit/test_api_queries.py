"""The routes of queries: what is run, what is shown to whom, what is kept."""

from __future__ import annotations

import csv
import io

import pytest

from api import create_app
from api.query_models import MOST_EXPORTED, MOST_ROWS
from stores.queries import QueryRefused, QueryStopped, Rows
from stores.settings import Settings
from tagging.access import Role
from tagging.accounts import DeedFilter
from tagging.saved_queries import MOST_OF_ONE_OWNER, QueryText
from tests.access_app import guarded
from tests.fakes.api_stores import AT_MS, World, seeded

URL = "/api/v1/queries"
COUNT = {"sql": "SELECT count() FROM v_events"}
SAVED = {"title": "Events", "sql": "SELECT count() FROM v_events"}
AT_1 = {"If-Match": '"1"'}


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def client(world):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()


def test_an_answer_has_columns_types_rows_and_what_was_read(client):
    found = client.post(f"{URL}/run", json=COUNT).json
    assert found["columns"] == [{"name": "user_id", "type": "String"}, {"name": "users", "type": "UInt64"}]
    assert (found["rows"], found["truncated"], found["views"]) == (
        [["u1", 1], ["u2", 2], ["u3", 3]],
        False,
        ["v_events"],
    )
    assert found["seconds"] >= 0


@pytest.mark.parametrize(("asked", "rows", "truncated"), [(2, 2, True), (3, 3, False), (4, 3, False)])
def test_an_answer_says_whether_there_are_more_rows(client, world, asked, rows, truncated):
    found = client.post(f"{URL}/run", json=COUNT | {"rows": asked}).json
    assert (len(found["rows"]), found["truncated"]) == (rows, truncated)
    assert world.queries.runs.asked[0][2] == asked + 1


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (Role.VIEWER, ["public"]),
        (Role.EDITOR, ["public", "personal"]),
        (Role.APPROVER, ["public", "personal", "restricted"]),
    ],
)
def test_a_query_sees_the_values_that_its_reader_may_see(role, sees):
    access = guarded()
    browser = access.browser(role)
    assert browser.send("POST", "/queries/run", json=COUNT).status_code == 200
    assert access.world.queries.runs.asked[0][1] == sees
    assert browser.send("GET", "/queries/views").json["sees"] == sees


def test_what_is_run_has_a_line_in_the_audit_log_with_its_text():
    access = guarded()
    access.browser(Role.VIEWER).send("POST", "/queries/run", json=COUNT)
    assert ("viewer", "queries.run_query", 200) in access.deeds()
    found = access.world.access.deeds(DeedFilter(what="queries."), None, 10)
    assert [deed.detail for deed in found] == [COUNT["sql"]]


def test_a_viewer_exports_nothing_and_saves_nothing():
    browser = guarded().browser(Role.VIEWER)
    assert browser.send("POST", "/queries/export", json=COUNT).status_code == 403
    assert browser.send("POST", "/queries", json=SAVED).status_code == 403


def test_every_problem_of_a_text_is_told_with_line_and_column_and_nothing_is_run(client, world):
    answer = client.post(f"{URL}/run", json={"sql": "SELECT sleep(1)\nFROM tag_value"})
    assert answer.status_code == 422
    assert [(one["path"], one["message"]) for one in answer.json["error"]["problems"]] == [
        ("sql", "line 1, column 8: the function sleep is not allowed"),
        ("sql", "line 2, column 6: there is no view tag_value"),
    ]
    assert world.queries.runs.asked == []


def test_what_clickhouse_says_of_a_query_is_told_to_its_author(client, world):
    world.queries.runs.problem = QueryRefused("Unknown expression identifier `nme`")
    answer = client.post(f"{URL}/run", json=COUNT)
    assert (answer.status_code, answer.json["error"]["problems"][0]["message"]) == (
        422,
        "Unknown expression identifier `nme`",
    )


def test_a_query_that_was_stopped_says_of_what(client, world):
    world.queries.runs.problem = QueryStopped("it takes longer than 15 s")
    error = client.post(f"{URL}/run", json=COUNT).json["error"]
    assert (error["code"], "longer than 15 s" in error["message"]) == ("query_stopped", True)


def test_a_store_that_is_away_is_said_to_be_away_and_lets_the_next_query_in(client, world):
    world.queries.runs.fail()
    for _ in range(6):
        assert client.post(f"{URL}/run", json=COUNT).json["error"]["code"] == "clickhouse_unavailable"
    world.queries.runs.reason = None
    assert client.post(f"{URL}/run", json=COUNT).status_code == 200


def test_an_export_is_csv_in_which_no_text_is_a_formula(client, world):
    rows = [["=cmd|' /C calc'!A0", -1.5, None], ["-12", True, {"a": "b"}], ['say "hi", 用户', 7, ["x"]]]
    world.queries.runs.answer = Rows((("a", "String"), ("@b", "Float64"), ("c", "String")), rows)
    answer = client.post(f"{URL}/export", json=COUNT)
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    assert list(csv.reader(io.StringIO(answer.text))) == [
        ["a", "'@b", "c"],
        ["'=cmd|' /C calc'!A0", "-1.5", ""],
        ["-12", "True", '{"a":"b"}'],
        ['say "hi", 用户', "7", '["x"]'],
    ]


def test_an_export_is_whole_or_refused(client, world):
    world.queries.runs.answer = Rows((("n", "UInt8"),), [[1]] * (MOST_EXPORTED + 1))
    assert client.post(f"{URL}/export", json=COUNT).json["error"]["code"] == "too_many_rows"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"sql": ""},
        {"sql": 1},
        {"sql": "x" * 20_001},
        COUNT | {"rows": 0},
        COUNT | {"rows": MOST_ROWS + 1},
        COUNT | {"a": 1},
    ],
)
def test_a_wrong_body_is_refused(client, wrong):
    assert client.post(f"{URL}/run", json=wrong).status_code == 422


def test_the_views_are_told_with_their_columns_and_the_limits(client):
    found = client.get(f"{URL}/views").json
    assert [view["name"] for view in found["items"]] == ["v_profile", "v_tag_values", "v_crowd_members", "v_events"]
    assert all(view["about"] and all(column["about"] for column in view["columns"]) for view in found["items"])
    assert (found["seconds"], found["rows"], found["exported_rows"]) == (15, 1_000, 100_000)


def test_a_saved_query_is_changed_and_removed_by_the_revision_that_was_read(client):
    saved = client.post(URL, json=SAVED)
    assert (saved.status_code, saved.headers["ETag"]) == (201, '"1"')
    at = f"{URL}/{saved.json['id']}"
    changed = client.put(at, json=SAVED | {"title": "All events", "shared": True}, headers=AT_1)
    assert (changed.json["title"], changed.json["shared"], changed.headers["ETag"]) == ("All events", True, '"2"')
    assert client.put(at, json=SAVED, headers=AT_1).status_code == 412
    assert client.delete(at, headers=AT_1).status_code == 412
    assert client.delete(at).status_code == 428
    assert client.delete(at, headers={"If-Match": '"2"'}).status_code == 204
    assert client.get(at).status_code == 404


def test_a_query_that_is_not_shared_is_there_for_its_owner_alone():
    access = guarded()
    ann, bob, eve = (access.browser(Role.EDITOR, name) for name in ("ann", "bob", "eve"))
    approver = access.browser(Role.APPROVER)
    own = ann.send("POST", "/queries", json=SAVED).json["id"]
    shared = bob.send("POST", "/queries", json=SAVED | {"shared": True}).json["id"]
    assert [one["id"] for one in eve.send("GET", "/queries").json["items"]] == [shared]
    for browser in (eve, approver):
        for method, given in (("GET", {}), ("PUT", {"json": SAVED, "headers": AT_1}), ("DELETE", {"headers": AT_1})):
            assert browser.send(method, f"/queries/{own}", **given).status_code == 404
    assert eve.send("PUT", f"/queries/{shared}", json=SAVED, headers=AT_1).json["error"]["code"] == "not_owner"
    assert (
        approver.send("PUT", f"/queries/{shared}", json=SAVED | {"shared": True}, headers=AT_1).json["owner"] == "bob"
    )


def test_saved_queries_are_paged_by_title(client, world):
    for title in ("b", "a b", "c", "b"):
        world.queries.saved.add(QueryText(title, "SELECT 1", True), "local")
    titles, after = [], ""
    while True:
        page = client.get(f"{URL}?limit=1{after}").json
        titles += [one["title"] for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&cursor={page['next']}"
    assert titles == ["a b", "b", "b", "c"]


def test_one_person_has_room_for_so_many_queries(client, world):
    for _ in range(MOST_OF_ONE_OWNER):
        world.queries.saved.add(QueryText("t", "SELECT 1", False), "local")
    assert client.post(URL, json=SAVED).json["error"]["code"] == "too_many_queries"
