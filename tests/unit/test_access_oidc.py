"""Signing in by an identity provider that answers on this machine."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import OctKey, RSAKey

from stores.settings import Api, Oidc
from tagging.access import Role
from tests.access_app import PASSWORD, SETUP, Guarded, guarded
from tests.fakes.identity_provider import identity_provider

CALLBACK = "http://localhost/api/v1/session/oidc/callback"


@pytest.fixture
def provider():
    with identity_provider() as running:
        yield running


@pytest.fixture
def access(provider) -> Guarded:
    oidc = Oidc(issuer=provider.issuer, client_id="tagstream", client_secret="s3cret" * 8, redirect_url=CALLBACK)
    return guarded(oidc=oidc)


def begin(client) -> str:
    answer = client.get("/api/v1/session/oidc")
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def sign_in(access, provider, client=None) -> str:
    """Where the browser ends up."""
    client = client or access.client()
    return client.get(provider.approve(begin(client))).headers["Location"]


def test_the_first_sign_in_adds_a_user_and_the_next_one_knows_it(access, provider):
    client = access.client()
    assert client.get("/api/v1/session").json["provider"] == {
        "title": "Single sign-on",
        "href": "/api/v1/session/oidc",
    }
    assert sign_in(access, provider, client) == "/"
    actor = client.get("/api/v1/session").json["actor"]
    assert (actor["name"], actor["role"]) == ("eve", "viewer")
    assert client.get("/api/v1/tags").status_code == 200
    access.accounts.change_user(SETUP, "eve", role=Role.EDITOR)
    provider.claims["preferred_username"] = "renamed"
    other = access.client()
    assert sign_in(access, provider, other) == "/"
    assert other.get("/api/v1/session").json["actor"]["role"] == "editor"
    assert [user.name for user in access.world.access.users()] == ["eve"]


def test_the_secret_goes_to_the_provider_alone_and_never_to_the_browser(access, provider):
    client = access.client()
    address = begin(client)
    assert "s3cret" not in address
    client.get(provider.approve(address))
    assert base64.b64decode(provider.secrets[0].removeprefix("Basic ")) == b"tagstream:" + b"s3cret" * 8


def test_an_answer_that_another_browser_asked_for_is_refused(access, provider):
    back = provider.approve(begin(access.client()))
    assert access.client().get(back).headers["Location"] == "/login?problem=oidc_expired"
    mine = access.client()
    begin(mine)
    assert mine.get(back).headers["Location"] == "/login?problem=oidc_expired"


def test_a_code_is_good_once(access, provider):
    client = access.client()
    back = provider.approve(begin(client))
    kept = client.get_cookie("tagstream_oidc", path="/api/v1/session/oidc").value
    assert client.get(back).headers["Location"] == "/"
    client.set_cookie("tagstream_oidc", kept, path="/api/v1/session/oidc")
    assert client.get(back).headers["Location"] == "/login?problem=oidc_refused"


def _forged(provider):
    provider.key = RSAKey.generate_key(2048, {"kid": "k1"})


def _signed_with_a_shared_secret(provider):
    provider.header = {"alg": "HS256", "kid": "k1"}
    provider.key = OctKey.import_key("s3cret" * 8)


def _claims(**changed):
    return lambda provider: provider.claims.update(changed)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(_forged, id="signed with another key"),
        pytest.param(_signed_with_a_shared_secret, id="signed with the shared secret"),
        pytest.param(_claims(iss="https://other.example"), id="of another issuer"),
        pytest.param(_claims(aud="another-app"), id="for another app"),
        pytest.param(_claims(exp=1_000), id="expired"),
        pytest.param(_claims(nonce="replayed"), id="of another sign-in"),
    ],
)
def test_an_id_token_that_does_not_hold_signs_nobody_in(access, provider, spoil):
    spoil(provider)
    client = access.client()
    assert sign_in(access, provider, client) == "/login?problem=oidc_refused"
    assert client.get("/api/v1/session").json["actor"] is None
    assert access.world.access.users() == []


@pytest.mark.parametrize(
    ("name", "code"), [("ann", "user_exists"), ("Not A Name", "name_not_allowed"), ("", "name_not_allowed")]
)
def test_a_name_that_is_taken_or_is_none_signs_nobody_in(access, provider, name, code):
    access.user(Role.ADMIN, "ann")
    provider.claims["preferred_username"] = name
    assert sign_in(access, provider) == f"/login?problem={code}"
    assert [user.name for user in access.world.access.users()] == ["ann"]


def test_a_disabled_user_stays_out(access, provider):
    sign_in(access, provider)
    access.accounts.change_user(SETUP, "eve", disabled=True)
    assert sign_in(access, provider) == "/login?problem=user_disabled"


def test_a_refusal_at_the_provider_comes_back_as_one(access, provider):
    client = access.client()
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]
    back = client.get(f"{CALLBACK}?error=access_denied&state={state}")
    assert back.headers["Location"] == "/login?problem=oidc_refused"


def test_a_provider_that_is_away_is_said_to_be_away():
    oidc = Oidc(issuer="http://127.0.0.1:1", client_id="t", redirect_url=CALLBACK)
    answer = guarded(oidc=oidc).client().get("/api/v1/session/oidc")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "oidc_unavailable")


def test_where_the_provider_is_the_only_way_in_a_right_password_opens_nothing(provider):
    oidc = Oidc(issuer=provider.issuer, client_id="tagstream", client_secret="s3cret" * 8, redirect_url=CALLBACK)
    access = guarded(oidc=oidc, passwords=False)
    access.user(Role.ADMIN, "ann")
    client = access.client()
    assert client.get("/api/v1/session").json["passwords"] is False
    answer = client.post("/api/v1/session", json={"name": "ann", "password": PASSWORD})
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "passwords_off")
    assert "Set-Cookie" not in answer.headers
    assert sign_in(access, provider, client) == "/"


def test_settings_by_which_nobody_could_sign_in_are_refused():
    with pytest.raises(ValueError, match="nobody could sign in"):
        Api(access="required", passwords=False)
