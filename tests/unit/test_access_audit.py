"""Every change leaves a line that says who did it and how it ended."""

from __future__ import annotations

import pytest

from tagging.access import Role
from tests.access_app import PASSWORD, guarded, sign_in

RULE = {"tag": "tier", "in": ["gold"]}
CROWD = {"name": "vip", "title": "Best", "rule": RULE}


def test_a_change_is_recorded_with_who_what_and_how_it_ended():
    access = guarded()
    browser = access.browser(Role.EDITOR, "ann")
    browser.send("POST", "/crowds", json=CROWD, headers={"X-Request-Id": "r-7"})
    browser.send("POST", "/crowds", json=CROWD)
    browser.send("DELETE", "/crowds/vip", headers={"If-Match": '"1"'})
    assert access.deeds()[2:] == [
        ("ann", "crowds.create_crowd", 201),
        ("ann", "crowds.create_crowd", 409),
        ("ann", "crowds.remove_crowd", 204),
    ]
    admin = access.browser(Role.ADMIN)
    [line] = admin.send("GET", "/access/audit?actor=ann&what=crowds.create&limit=1").json["items"]
    assert (line["subject"], line["detail"], line["role"]) == ("/api/v1/crowds", "vip: Best", "editor")
    first = admin.send("GET", "/access/audit?subject=/api/v1/crowds").json["items"][-1]
    assert (first["request_id"], first["client"]) == ("r-7", "127.0.0.1")


def test_reading_and_sending_events_leave_no_line_and_a_refusal_does():
    access = guarded()
    browser = access.browser(Role.EDITOR, "ann")
    before = len(access.deeds())
    browser.send("GET", "/tags")
    browser.send("POST", "/crowds/estimate", json={"rule": RULE})
    browser.send("POST", "/events", json={"events": [{"user_id": "u1", "event_type": "cart"}]})
    assert len(access.deeds()) == before
    browser.send("GET", "/access/users")
    assert access.deeds()[before:] == [("ann", "access.list_accounts", 403)]


def test_no_change_is_made_that_cannot_be_recorded():
    access = guarded()
    browser = access.browser(Role.EDITOR, "ann")
    access.world.access.begin = lambda deed: access.world.access.fail() or access.world.access.ask()
    assert browser.send("POST", "/crowds", json=CROWD).status_code == 503
    assert access.world.crowds.all() == {}


def test_a_change_whose_end_cannot_be_recorded_is_answered_and_its_line_stays_open():
    access = guarded()
    browser = access.browser(Role.EDITOR, "ann")
    access.world.access.finish = lambda line, outcome, detail: 1 / 0
    assert browser.send("POST", "/crowds", json=CROWD).status_code == 201
    assert access.deeds()[-1] == ("ann", "crowds.create_crowd", None)


def test_signing_in_failing_to_and_signing_out_are_recorded():
    access = guarded()
    access.user(Role.VIEWER, "ann")
    client = access.client()
    sign_in(client, "ann", "not the password")
    csrf = sign_in(client, "ann").json["actor"]["csrf_token"]
    client.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})
    assert access.deeds()[1:] == [
        ("anonymous", "session.refused", 401),
        ("ann", "session.open", 200),
        ("ann", "session.close", 200),
    ]


def test_the_log_is_paged_without_gaps_or_repeats():
    access = guarded()
    admin = access.browser(Role.ADMIN)
    for number in range(7):
        admin.send("POST", "/access/keys", json={"name": f"k{number}", "role": "service"})
    seen, cursor = [], ""
    while cursor is not None:
        page = admin.send("GET", f"/access/audit?limit=2{cursor and '&cursor=' + cursor}").json
        seen += [line["id"] for line in page["items"]]
        cursor = page["next"]
    assert seen == list(range(9, 0, -1))


@pytest.mark.parametrize(
    "query", ["since=yesterday", "until=2026-01-01T00:00:00", "cursor=!", "colour=red", "limit=501"]
)
def test_a_query_that_makes_no_sense_is_refused(query):
    access = guarded()
    assert access.client().get(f"/api/v1/access/audit?{query}", headers=access.key(Role.ADMIN)).status_code == 422


def test_a_keys_last_use_is_known_and_its_deeds_bear_its_name():
    access = guarded()
    key = access.key(Role.EDITOR)
    assert access.client().post("/api/v1/crowds", json=CROWD, headers=key).json["owner"] == "key:a-editor"
    assert access.world.access.all_keys()[0].last_used_at_ms == access.now[0]
    assert access.deeds()[-1] == ("key:a-editor", "crowds.create_crowd", 201)


def test_a_user_is_added_changed_and_shown_by_an_admin():
    access = guarded()
    admin = access.browser(Role.ADMIN)
    admin.send("POST", "/access/users", json={"name": "eve", "role": "viewer", "password": PASSWORD})
    changed = admin.send(
        "PUT", "/access/users/eve", json={"role": "editor", "disabled": True, "password": PASSWORD + "!"}
    )
    assert (changed.json["role"], changed.json["disabled"]) == ("editor", True)
    assert access.deeds()[-1] == ("admin", "users.change", 200)
    [line] = admin.send("GET", "/access/audit?what=users.change").json["items"]
    assert line["detail"] == "role editor, disabled, another password"
    names = [user["name"] for user in admin.send("GET", "/access/users").json["items"]]
    assert names == ["admin", "eve"]
    assert sign_in(access.client(), "eve", PASSWORD + "!").status_code == 401
