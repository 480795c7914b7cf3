"""The API with access required, over stores in memory, and people to use it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from api import create_app
from stores.access.accounts import Accounts, By
from stores.access.credentials import csrf_token, hash_password
from stores.settings import Api, Settings
from tagging.access import Role
from tagging.accounts import Deed, DeedFilter, User
from tagging.definition import TagDefinition
from tests.fakes.api_stores import AT_MS, World, definition, seeded

PASSWORD = "correct horse battery"
SETUP = By("setup")


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD)


@dataclass
class Guarded:
    """An application that asks who one is. `now` is its clock."""

    world: World
    settings: Settings
    now: list[int] = field(default_factory=lambda: [AT_MS])
    app: Flask = field(init=False)
    accounts: Accounts = field(init=False)

    def __post_init__(self) -> None:
        self.accounts = Accounts(self.world.access, self.clock)
        self.app = create_app(self.settings, self.world.stores(), clock=self.clock)

    def clock(self) -> int:
        """The time now."""
        return self.now[0]

    def user(self, role: Role, name: str | None = None) -> str:
        """Add a user of a role, and return its name."""
        name = name or role.value
        deed = Deed(self.clock(), SETUP.name, "", "users.add", name, outcome=200)
        self.world.access.add_user(User(name, role, _password_hash(), created_at_ms=self.clock()), deed)
        return name

    def key(self, role: Role, days: float | None = None) -> dict[str, str]:
        """The header of a new API key of a role."""
        _, whole = self.accounts.add_key(SETUP, f"a-{role}", role, days)
        return {"Authorization": f"Bearer {whole}"}

    def client(self) -> FlaskClient:
        """A browser that nobody has signed in with."""
        return self.app.test_client()

    def browser(self, role: Role, name: str | None = None) -> Browser:
        """A browser that a new user has signed in with, without the time that a password takes to check."""
        return self.sign(self.user(role, name))

    def sign(self, name: str) -> Browser:
        """Another browser of a user that there is."""
        user = self.world.access.user(name)
        token, _ = self.accounts.open_session(By(user.name), user, self.settings.api.session_hours)
        client = self.client()
        client.set_cookie("__Host-tagstream", token, secure=True)
        return Browser(client, csrf_token(token))

    def deeds(self) -> list[tuple[str, str, int | None]]:
        """(actor, what, outcome) of the audit log, the oldest first."""
        found = self.world.access.deeds(DeedFilter(), None, 1_000)
        return [(deed.actor, deed.what, deed.outcome) for deed in reversed(found)]


@dataclass
class Browser:
    """A signed-in browser on our own page."""

    client: FlaskClient
    csrf: str

    def send(self, method: str, path: str, **given: Any):
        """A request as the page sends it."""
        headers = {"X-CSRF-Token": self.csrf} | given.pop("headers", {})
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **given)


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD):
    """What the login page sends."""
    return client.post("/api/v1/session", json={"name": name, "password": password})


def sensitive(name: str, sensitivity: str, value_type: str = "string") -> TagDefinition:
    """A tag of this sensitivity."""
    return replace(definition(name, value_type), sensitivity=sensitivity)


def guarded(world: World | None = None, now_ms: int = AT_MS, **api: Any) -> Guarded:
    """The seeded stores behind required access, at a time; `spend` is personal, `flag` is restricted."""
    world = world or seeded()
    world.registry.definitions = [
        sensitive("tier", "public"),
        sensitive("spend", "personal", "decimal"),
        sensitive("flag", "restricted", "boolean"),
    ]
    return Guarded(world, Settings(api=Api(access="required", **api)), [now_ms])
