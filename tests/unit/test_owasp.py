"""One test or more for each item of the OWASP API Security Top 10 (2023)."""

from __future__ import annotations

import re

import pytest

from api import create_app
from api.access.declared import rule_of
from api.access.guard import OpenToTheWorld
from stores.settings import Api, Settings
from tagging.access import PEOPLE, Role
from tagging.accounts import AccessRefused
from tests.access_app import PASSWORD, SETUP, guarded, sign_in
from tests.fakes.api_stores import seeded

RULE = {"tag": "tier", "in": ["gold"]}
CROWD = {"name": "vip", "title": "Best", "rule": RULE}
CHANGE = {"title": "Mine now", "rule": RULE}
AT_1 = {"If-Match": '"1"'}


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_api1_broken_object_level_authorization_an_editor_changes_only_crowds_of_their_own():
    access = guarded()
    owner, other = access.browser(Role.EDITOR, "ann"), access.browser(Role.EDITOR, "bob")
    assert owner.send("POST", "/crowds", json=CROWD).json["owner"] == "ann"
    for method, given in (("PUT", {"json": CHANGE}), ("DELETE", {})):
        assert code(other.send(method, "/crowds/vip", headers=AT_1, **given)) == (403, "not_owner")
    assert other.send("GET", "/crowds/vip").json["changeable"] is False
    assert access.world.crowds.all()["vip"].title == "Best"
    assert owner.send("PUT", "/crowds/vip", headers=AT_1, json=CHANGE).status_code == 200
    approver = access.browser(Role.APPROVER)
    assert approver.send("DELETE", "/crowds/vip", headers={"If-Match": '"2"'}).status_code == 204


def test_api1_broken_object_level_authorization_a_change_by_another_leaves_the_owner():
    access = guarded()
    access.browser(Role.EDITOR, "ann").send("POST", "/crowds", json=CROWD)
    changed = access.browser(Role.ADMIN).send("PUT", "/crowds/vip", headers=AT_1, json=CHANGE)
    assert changed.json["owner"] == "ann"


@pytest.mark.parametrize(
    "header",
    ["Bearer tgs_00000000_x", "Bearer ", "Basic YW5uOng=", "Bearer tgs_", "x" * 5_000, "Bearer \xff", "bearer null"],
)
def test_api2_broken_authentication_what_is_no_key_opens_nothing(header):
    answer = guarded().client().get("/api/v1/tags", headers={"Authorization": header})
    assert code(answer) == (401, "key_refused")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_api2_broken_authentication_guessing_is_slowed_by_name_and_by_address():
    access = guarded(guesses_per_quarter_hour=3, refusals_per_minute=4)
    access.user(Role.ADMIN, "ann")
    client = access.client()
    assert [sign_in(client, "ann", f"wrong {n}").status_code for n in range(4)] == [401, 401, 401, 429]
    assert code(sign_in(client, "ann")) == (429, "too_many_requests")
    assert int(sign_in(client, "ann").headers["Retry-After"]) > 0
    assert [sign_in(client, f"u{n}").status_code for n in range(2)] == [401, 429]
    wrong = [client.get("/api/v1/tags", headers={"Authorization": "Bearer x"}).status_code for _ in range(5)]
    assert wrong == [401, 401, 401, 401, 429]
    assert client.get("/api/v1/tags", headers=access.key(Role.VIEWER)).status_code == 200


def test_api2_broken_authentication_a_wrong_name_and_a_wrong_password_are_told_alike():
    access = guarded()
    access.user(Role.VIEWER, "ann")
    client = access.client()
    answers = [sign_in(client, "ann", "wrong password").json["error"], sign_in(client, "nobody").json["error"]]
    assert answers[0]["code"] == answers[1]["code"] == "login_refused"
    assert answers[0]["message"] == answers[1]["message"]
    assert PASSWORD not in str(answers)


def test_api2_broken_authentication_no_secret_is_stored():
    access = guarded()
    browser = access.browser(Role.ADMIN)
    made = browser.send("POST", "/access/keys", json={"name": "shop", "role": "service"}).json["key"]
    kept = repr(vars(access.world.access))
    cookie = browser.client.get_cookie("__Host-tagstream").value
    for secret in (PASSWORD, made, made.rpartition("_")[2], cookie, browser.csrf):
        assert secret not in kept
    assert "$argon2id$" in kept


def test_api2_broken_authentication_a_session_ends_by_time_sign_out_password_and_shutting_out():
    access = guarded(session_hours=1)

    def signed_in(name: str):
        browser = access.browser(Role.VIEWER, name)
        assert browser.send("GET", "/tags").status_code == 200
        return browser

    browser = signed_in("a1")
    access.now[0] += 3_600_000
    assert code(browser.send("GET", "/tags")) == (401, "session_ended")
    browser = signed_in("a2")
    cookie = browser.client.get_cookie("__Host-tagstream").value
    assert browser.send("DELETE", "/session").status_code == 204
    browser.client.set_cookie("__Host-tagstream", cookie, secure=True)
    assert code(browser.send("GET", "/tags")) == (401, "session_ended")
    browser = signed_in("a3")
    access.accounts.change_user(SETUP, "a3", password="another good password")
    assert code(browser.send("GET", "/tags")) == (401, "session_ended")
    browser = signed_in("a4")
    access.accounts.change_user(SETUP, "a4", disabled=True)
    assert code(browser.send("GET", "/tags")) == (401, "session_ended")


def test_api2_broken_authentication_a_password_is_changed_by_who_knows_it_and_signs_out_everywhere():
    access = guarded(guesses_per_quarter_hour=2)
    browser, other = access.browser(Role.VIEWER, "ann"), access.client()
    assert sign_in(other, "ann").status_code == 200
    change = {"old_password": PASSWORD, "new_password": "another good password"}
    assert code(browser.send("PUT", "/session/password", json=change | {"old_password": "guess"})) == (
        403,
        "password_refused",
    )
    weak = browser.send("PUT", "/session/password", json=change | {"new_password": "short"})
    assert weak.status_code == 422 and "short" not in weak.text.replace("String should have at least", "")
    assert browser.send("PUT", "/session/password", json=change).status_code == 204
    assert other.get("/api/v1/tags").status_code == 401
    assert sign_in(other, "ann", "another good password").status_code == 200
    key = access.key(Role.VIEWER)
    assert access.client().put("/api/v1/session/password", json=change, headers=key).status_code == 403


def test_api2_broken_authentication_a_key_ends_by_time_and_by_being_revoked():
    access = guarded()
    key = access.key(Role.VIEWER, days=1)
    client = access.client()
    assert client.get("/api/v1/tags", headers=key).status_code == 200
    access.now[0] += 86_400_000
    assert code(client.get("/api/v1/tags", headers=key)) == (401, "key_refused")
    lasting = access.key(Role.VIEWER)
    access.accounts.revoke_key(SETUP, access.world.access.all_keys()[0].prefix)
    assert code(client.get("/api/v1/tags", headers=lasting)) == (401, "key_refused")


def test_api2_broken_authentication_another_site_cannot_use_a_browsers_session():
    access = guarded()
    access.user(Role.EDITOR, "ann")
    client = access.client()
    assert sign_in(client, "ann").status_code == 200
    for forged in ({}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": ""}):
        answer = client.post("/api/v1/crowds", json=CROWD, headers=forged)
        assert code(answer) == (403, "csrf_token_wrong")
    assert access.world.crowds.all() == {}
    cookie = client.get_cookie("__Host-tagstream")
    assert (cookie.http_only, cookie.same_site, cookie.secure, cookie.path) == (True, "Lax", True, "/")


def test_api3_broken_object_property_level_authorization_values_are_masked_by_role():
    access = guarded()
    shown = {}
    for role in PEOPLE:
        tags = access.browser(role).send("GET", "/users/u1").json["tags"]
        shown[role] = {tag["tag"] for tag in tags if tag["value"] is not None}
        assert {tag["tag"] for tag in tags if tag["masked"]} == {"tier", "spend", "flag"} - shown[role]
    assert shown == {
        Role.VIEWER: {"tier"},
        Role.EDITOR: {"tier", "spend"},
        Role.APPROVER: {"tier", "spend", "flag"},
        Role.ADMIN: {"tier", "spend", "flag"},
    }


def test_api3_broken_object_property_level_authorization_a_masked_value_is_not_told_by_whom_it_takes():
    access = guarded()
    viewer, editor = access.browser(Role.VIEWER), access.browser(Role.EDITOR)
    rule = {"tag": "spend", "at_least": 10}
    assert editor.send("POST", "/crowds", json=CROWD | {"rule": rule}).status_code == 201
    assert viewer.send("GET", "/tags/spend/users").json["error"]["code"] == "values_masked"
    assert viewer.send("POST", "/crowds/estimate", json={"rule": {"not": rule}}).status_code == 403
    assert viewer.send("POST", "/crowds/estimate", json={"rule": {"crowd": "vip"}}).status_code == 403
    assert viewer.send("GET", "/crowds/vip/members").status_code == 403
    assert viewer.send("GET", "/crowds/vip/portrait").status_code == 403
    whoever = {"rule": {"tag": "tier", "in": ["gold"]}, "title": "Gold"}
    for name in ("gold", "other"):
        assert editor.send("POST", "/crowds", json=whoever | {"name": name}).status_code == 201
    for masked in ("crowds=gold&crowds=vip", "crowds=vip&crowds=gold", "crowds=gold&crowds=other&base=vip"):
        assert viewer.send("GET", f"/crowd-overlap?{masked}").json["error"]["code"] == "values_masked"
        assert editor.send("GET", f"/crowd-overlap?{masked}").status_code == 200
    assert viewer.send("GET", "/crowd-overlap?crowds=gold&crowds=other").status_code == 200
    detail = viewer.send("GET", "/tags/spend").json
    assert (detail["masked"], detail["distribution"], detail["histogram"]) == (True, [], None)
    assert editor.send("GET", "/tags/spend").json["histogram"]


def test_api3_broken_object_property_level_authorization_a_portrait_leaves_masked_tags_out():
    access = guarded()
    access.browser(Role.EDITOR).send("POST", "/crowds", json=CROWD)
    seen = {
        role: {
            item["tag"] for item in access.browser(role, f"u-{role}").send("GET", "/crowds/vip/portrait").json["items"]
        }
        for role in (Role.VIEWER, Role.EDITOR, Role.APPROVER)
    }
    assert seen == {
        Role.VIEWER: {"tier"},
        Role.EDITOR: {"tier", "spend"},
        Role.APPROVER: {"tier", "spend", "flag"},
    }


def test_api3_broken_object_property_level_authorization_no_field_is_taken_that_is_not_offered():
    access = guarded()
    editor, admin = access.browser(Role.EDITOR, "ann"), access.browser(Role.ADMIN)
    assert editor.send("POST", "/crowds", json=CROWD | {"owner": "bob"}).status_code == 422
    new = {"name": "eve", "role": "viewer", "password": PASSWORD}
    assert admin.send("POST", "/access/users", json=new | {"disabled": True}).status_code == 422
    answer = admin.send("POST", "/access/users", json=new)
    assert answer.status_code == 201 and "password" not in answer.text.replace('"sign_in":"password"', "")


def test_api4_unrestricted_resource_consumption_a_caller_and_a_request_have_limits():
    access = guarded(requests_per_minute=3)
    key, other = access.key(Role.VIEWER), access.key(Role.EDITOR)
    client = access.client()
    assert [client.get("/api/v1/tags", headers=key).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert client.get("/api/v1/tags", headers=other).status_code == 200
    small = guarded(max_body_bytes=1_000)
    answer = small.client().post("/api/v1/session", json={"name": "ann", "password": "x" * 2_000})
    assert code(answer) == (413, "body_too_large")
    assert code(small.client().get("/api/v1/users?limit=501", headers=small.key(Role.VIEWER)))[0] == 422


def test_api5_broken_function_level_authorization_every_route_declares_who_may_use_it():
    app = guarded(oidc={"issuer": "https://id.example"}).app
    undeclared = {name for name, view in app.view_functions.items() if rule_of(view) is None}
    assert undeclared == set()
    everyone = {name for name, view in app.view_functions.items() if rule_of(view).roles is None}
    assert everyone == {
        "openapi",
        "dashboard.page",
        "health.read_alive",
        "session.read_session",
        "session.sign_in",
        "session.sign_out",
        "oidc.begin_sign_in",
        "oidc.finish_sign_in",
    }


def test_api5_broken_function_level_authorization_a_route_that_declares_nothing_is_for_nobody():
    access = guarded()
    access.app.add_url_rule("/api/v1/forgotten", view_func=lambda: "secret", endpoint="forgotten")
    assert code(access.client().get("/api/v1/forgotten")) == (401, "not_signed_in")
    assert code(access.client().get("/api/v1/forgotten", headers=access.key(Role.ADMIN))) == (403, "role_not_allowed")


def _requests_of(app):
    for route in app.url_map.iter_rules():
        rule = rule_of(app.view_functions[route.endpoint])
        if rule.roles is not None:
            path = re.sub(r"<(?:\w+:)?\w+>", "x1", re.sub(r"<int:\w+>", "1", route.rule))
            yield from ((method, path, rule) for method in route.methods - {"HEAD", "OPTIONS"})


def test_api5_broken_function_level_authorization_each_route_lets_in_its_roles_and_no_other():
    access = guarded()
    keys = {role: access.key(role) for role in Role}
    client = access.client()
    for method, path, rule in _requests_of(access.app):
        assert code(client.open(path, method=method)) == (401, "not_signed_in"), (method, path)
        for role, key in keys.items():
            answer = client.open(path, method=method, headers=key)
            refused = answer.status_code == 403 and answer.json["error"]["code"] == "role_not_allowed"
            assert refused == (role not in rule.roles), (method, path, role)


def test_api5_broken_function_level_authorization_a_service_sends_events_and_reads_no_user():
    access = guarded()
    key = access.key(Role.SERVICE)
    client = access.client()
    event = {"events": [{"user_id": "u1", "event_type": "cart"}]}
    assert client.post("/api/v1/events", json=event, headers=key).status_code == 202
    for path in ("/users/u1", "/users", "/tags/tier/users", "/crowds", "/overview", "/access/users"):
        assert client.get(f"/api/v1{path}", headers=key).status_code == 403
    assert client.post("/api/v1/events", json=event, headers=access.key(Role.VIEWER)).status_code == 403


def test_api6_unrestricted_access_to_sensitive_business_flows_a_viewer_exports_nobody_and_the_last_admin_stays():
    access = guarded()
    access.browser(Role.EDITOR).send("POST", "/crowds", json=CROWD)
    assert access.browser(Role.VIEWER).send("GET", "/crowds/vip/export").status_code == 403
    admin = access.browser(Role.ADMIN)
    for change in ({"role": "viewer"}, {"disabled": True}):
        assert code(admin.send("PUT", "/access/users/admin", json=change)) == (409, "last_admin")
    assert admin.send("GET", "/access/users").status_code == 200


def _fields(document):
    """The names and formats of everything that a request can hold."""
    for operations in document["paths"].values():
        for operation in operations.values():
            yield from ((given["name"], given["schema"].get("format")) for given in operation.get("parameters", ()))
            for content in operation.get("requestBody", {}).get("content", {}).values():
                reference = content["schema"].get("$ref", "").rpartition("/")[2]
                found = document["components"]["schemas"][reference]["properties"]
                yield from ((name, schema.get("format")) for name, schema in found.items())


def test_api7_server_side_request_forgery_one_address_alone_is_taken_from_a_request(document_of_all):
    fields = set(_fields(document_of_all))
    assert {name for name, _ in fields} >= {"name", "password", "rule", "events", "cursor", "state"}
    found = {name for name, kind in fields if re.search("url|uri|host|hook|href|link", name) or kind == "uri"}
    assert found == {"url"}


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.0.0.5", "169.254.169.254", "[::ffff:127.0.0.1]"])
def test_api7_server_side_request_forgery_a_webhook_is_at_no_private_address(host):
    editor = guarded().browser(Role.EDITOR)
    editor.send("POST", "/crowds", json=CROWD)
    hook = {"url": f"https://{host}/", "secret": "a secret of both sides"}
    answer = editor.send("POST", "/crowds/vip/hooks", json=hook)
    assert (answer.status_code, answer.json["error"]["problems"][0]["path"]) == (422, "url")


@pytest.fixture(scope="module")
def document_of_all():
    return guarded(oidc={"issuer": "https://id.example"}).client().get("/api/v1/openapi.json").json


def test_api8_security_misconfiguration_open_access_is_refused_beyond_loopback():
    for host in ("0.0.0.0", "10.0.0.5", "::", "tagstream.example"):
        with pytest.raises(OpenToTheWorld, match=r"set api\.access to required"):
            create_app(Settings(api=Api(host=host)), seeded().stores())
    for host in ("127.0.0.1", "localhost", "::1", "127.0.0.9"):
        create_app(Settings(api=Api(host=host)), seeded().stores())


def test_api8_security_misconfiguration_open_access_knows_only_this_machines_names():
    client = create_app(Settings(), seeded().stores()).test_client()
    assert client.get("/api/v1/tags", headers={"Host": "127.0.0.1:5000"}).status_code == 200
    rebound = client.get("/api/v1/tags", headers={"Host": "evil.example"})
    assert rebound.status_code == 400 and "items" not in rebound.json


def test_api8_security_misconfiguration_refusals_keep_a_browser_strict_and_allow_no_other_site():
    answer = guarded().client().get("/api/v1/tags", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 401
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_api9_improper_inventory_management_the_document_names_every_route_its_roles_and_its_refusals(document_of_all):
    assert set(document_of_all["components"]["securitySchemes"]) == {"api_key", "session"}
    app = guarded(oidc={"issuer": "https://id.example"}).app
    for route in app.url_map.iter_rules():
        if not route.rule.startswith("/api/") or route.endpoint == "openapi":
            continue
        rule = rule_of(app.view_functions[route.endpoint])
        path = document_of_all["paths"][re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule)]
        for method in route.methods - {"HEAD", "OPTIONS"}:
            operation = path[method.lower()]
            assert operation.get("x-roles", []) == rule.in_order()
            assert bool(operation["security"]) == (rule.roles is not None)
            if rule.roles is not None:
                assert {"401", "403", "429"} <= set(operation["responses"]), operation["operationId"]


def test_api10_unsafe_consumption_of_apis_an_identity_provider_cannot_take_over_a_users_name():
    access = guarded()
    access.user(Role.ADMIN, "ann")
    with pytest.raises(AccessRefused, match="already"):
        access.accounts.login_by_subject(SETUP, "https://id.example|7", "ann", Role.VIEWER)
    user = access.accounts.login_by_subject(SETUP, "https://id.example|7", "eve", Role.VIEWER)
    assert (user.name, user.role) == ("eve", Role.VIEWER)
    assert access.accounts.login_by_subject(SETUP, "https://id.example|7", "renamed", Role.ADMIN).name == "eve"
    for name in ("", "Ann Smith", "../x", "a" * 64):
        with pytest.raises(AccessRefused):
            access.accounts.login_by_subject(SETUP, "https://id.example|8", name, Role.VIEWER)
