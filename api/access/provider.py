"""An OpenID Connect provider: its addresses, the code flow with PKCE, and who an id token says somebody is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.cache import MomentCache
from api.ports import Unavailable
from stores.settings import Oidc

ANSWER_SECONDS = 5
KEPT_SECONDS = 300.0
_ALGORITHMS = ["RS256", "ES256", "PS256"]
"""Never `none`, and none with a shared secret: a public key must not pass for one."""


class NotVouchedFor(Exception):
    """The provider, or what came back from it, does not say who somebody is."""


@dataclass(frozen=True)
class Begun:
    """A sign-in under way: what the browser keeps until the provider sends it back."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """One provider. Raises Unavailable while it does not answer."""

    def __init__(self, settings: Oidc) -> None:
        self._settings = settings
        self._kept: MomentCache[Any] = MomentCache(KEPT_SECONDS)

    def address(self, begun: Begun) -> str:
        """Where to send the browser."""
        with self._client(begun.state) as client:
            address, _ = client.create_authorization_url(
                self._discovered("authorization_endpoint"),
                state=begun.state,
                code_verifier=begun.verifier,
                nonce=begun.nonce,
            )
        return address

    def claims(self, code: str, begun: Begun) -> dict[str, Any]:
        """What the provider says of whom it sent back with this code. Raises NotVouchedFor."""
        try:
            with self._client(begun.state) as client:
                token = client.fetch_token(
                    self._discovered("token_endpoint"), code=code, code_verifier=begun.verifier, timeout=ANSWER_SECONDS
                )
        except OAuthError as error:
            raise NotVouchedFor(f"the provider refused the code: {error}") from error
        except requests.RequestException as error:
            raise Unavailable("oidc", type(error).__name__) from error
        return self._checked(str(token.get("id_token", "")), begun.nonce)

    def _checked(self, id_token: str, nonce: str) -> dict[str, Any]:
        required = jwt.JWTClaimsRegistry(
            leeway=30,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.client_id},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            keys = KeySet.import_key_set(self._fetched(self._discovered("jwks_uri")))
            claims = jwt.decode(id_token, keys, algorithms=_ALGORITHMS).claims
            required.validate(claims)
        except (JoseError, ValueError) as error:
            raise NotVouchedFor(f"the id token does not hold: {error}") from error
        return claims

    def _client(self, state: str) -> OAuth2Session:
        settings = self._settings
        return OAuth2Session(
            settings.client_id,
            settings.client_secret.get_secret_value(),
            scope="openid profile email",
            redirect_uri=settings.redirect_url,
            state=state,
            code_challenge_method="S256",
        )

    def _discovered(self, name: str) -> str:
        document = self._fetched(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self._settings.issuer or name not in document:
            raise Unavailable("oidc", f"its configuration names another issuer, or no {name}")
        return document[name]

    def _fetched(self, address: str) -> Any:
        return self._kept.get(address, lambda: self._fetch(address))

    def _fetch(self, address: str) -> Any:
        try:
            answer = requests.get(address, timeout=ANSWER_SECONDS)
            answer.raise_for_status()
            return answer.json()
        except (requests.RequestException, ValueError) as error:
            raise Unavailable("oidc", f"{address}: {type(error).__name__}") from error
