"""Accounts: those of MySQL, and those in memory."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from api.live.access import MySQLAccess
from api.ports import Unavailable
from stores.access.models import AccessBase
from stores.access.ports import Access
from stores.registry.engine import engine
from stores.registry.schema import VERSION_TABLE, migrate
from stores.settings import MySQL, Settings
from tagging.access import Role
from tagging.accounts import AccessRefused, Deed, DeedFilter, Key, Session, User
from tests.fakes.memory_access import MemoryAccess

AT_MS = 1_790_000_000_123


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def access(request):
    if request.param == "memory":
        yield MemoryAccess()
        return
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    real = MySQLAccess(settings)
    yield real
    real.close()


@pytest.fixture
def name() -> str:
    return f"u{uuid.uuid4().hex}"


def deed(actor: str, what: str = "users.add", **given) -> Deed:
    return Deed(AT_MS, actor, "admin", what, **{"subject": "用户 %s 'x'", "request_id": "r1", "client": "::1"} | given)


def user(name: str, role: Role = Role.VIEWER, **given) -> User:
    return User(name, role, "$argon2id$x", created_at_ms=AT_MS, **given)


def of(actor: str, **given) -> DeedFilter:
    return DeedFilter(actor=actor, **given)


def test_a_user_is_read_back_whole_and_listed(access: Access, name):
    added = user(name, Role.EDITOR, subject=f"https://id.example|{name}")
    access.add_user(added, deed(name))
    assert access.user(name) == added
    assert added in access.users()
    assert access.user(f"{name}x") is None


def test_a_name_and_a_subject_are_given_once_and_a_refusal_records_nothing(access: Access, name):
    access.add_user(user(name, subject=f"s|{name}"), deed(name))
    for again in (user(name), user(f"{name}2", subject=f"s|{name}")):
        with pytest.raises(AccessRefused, match="already"):
            access.add_user(again, deed(name, "users.again"))
    assert [line.what for line in access.deeds(of(name), None, 10)] == ["users.add"]


def test_a_change_sees_all_users_and_its_refusal_leaves_everything(access: Access, name):
    access.add_user(user(name), deed(name))

    def refuse(found, users):
        raise LookupError(found in users)

    with pytest.raises(LookupError, match="True"):
        access.change_user(name, refuse, deed(name, "users.change"))
    assert access.user(name) == user(name)
    changed = access.change_user(name, lambda found, users: replace(found, role=Role.ADMIN), deed(name, "users.change"))
    assert changed == access.user(name) == user(name, Role.ADMIN)
    assert [line.what for line in access.deeds(of(name), None, 10)] == ["users.change", "users.add"]
    with pytest.raises(AccessRefused, match="no user"):
        access.change_user(f"{name}x", refuse, deed(name))


def test_a_session_holds_until_it_expires_or_is_ended(access: Access, name):
    access.add_user(user(name), deed(name))
    session = Session(uuid.uuid4().hex * 2, name, AT_MS, AT_MS + 1_000)
    access.signed_in(name, session, deed(name, "session.open"))
    known = user(name, last_login_at_ms=AT_MS)
    assert access.session(session.token_hash, AT_MS + 999) == (session, known)
    assert access.session(session.token_hash, AT_MS + 1_000) is None
    assert access.session("0" * 64, AT_MS) is None
    access.end_session(session.token_hash)
    assert access.session(session.token_hash, AT_MS) is None


@pytest.mark.parametrize(
    ("change", "stays"),
    [({"role": Role.ADMIN}, True), ({"password_hash": "$argon2id$y"}, False), ({"disabled": True}, False)],
)
def test_another_password_and_disabling_end_the_sessions_and_another_role_does_not(access: Access, name, change, stays):
    access.add_user(user(name), deed(name))
    session = Session(uuid.uuid4().hex * 2, name, AT_MS, AT_MS + 1_000)
    access.signed_in(name, session, deed(name))
    access.change_user(name, lambda found, users: replace(found, **change), deed(name))
    assert (access.session(session.token_hash, AT_MS) is not None) == stays


def test_a_key_is_read_back_whole_used_and_revoked_once(access: Access, name):
    prefix = uuid.uuid4().hex[:8]
    key = Key(prefix, name, Role.SERVICE, "f" * 64, "ann", AT_MS, AT_MS + 5)
    access.add_key(key, deed(name, "keys.add"))
    assert access.key(prefix) == key and key in access.all_keys()
    access.touch_key(prefix, AT_MS + 1)
    access.revoke_key(prefix, AT_MS + 2, deed(name, "keys.revoke"))
    assert access.key(prefix) == replace(key, last_used_at_ms=AT_MS + 1, revoked_at_ms=AT_MS + 2)
    for gone in (prefix, "00000000"):
        with pytest.raises(AccessRefused, match="no key"):
            access.revoke_key(gone, AT_MS + 3, deed(name, "keys.again"))
    assert [line.what for line in access.deeds(of(name), None, 10)] == ["keys.revoke", "keys.add"]


def test_the_audit_log_is_paged_and_filtered_the_newest_first(access: Access, name):
    whats = ["crowds.create", "crowds.change", "users.add", "a_b", "axb"]
    for place, what in enumerate(whats):
        access.begin(replace(deed(name, what), at_ms=AT_MS + place, subject=f"s{place % 2}"))
    first = access.deeds(of(name), None, 2)
    assert [line.what for line in first] == ["axb", "a_b"]
    assert [line.what for line in access.deeds(of(name), first[-1].id, 9)] == whats[2::-1]

    def found(**given):
        return [line.what for line in access.deeds(of(name, **given), None, 9)]

    assert found(what="crowds.") == ["crowds.change", "crowds.create"]
    assert found(what="a_") == ["a_b"]
    assert found(subject="s1") == ["a_b", "crowds.change"]
    assert found(from_ms=AT_MS + 1, until_ms=AT_MS + 3) == ["users.add", "crowds.change"]


def test_a_line_comes_back_whole_and_is_finished_later(access: Access, name):
    line = access.begin(deed(name, "crowds.create"))
    [found] = access.deeds(of(name), None, 1)
    assert found == replace(deed(name, "crowds.create"), id=line)
    access.finish(line, 201, "vip: Best 😀")
    assert access.deeds(of(name), None, 1) == [replace(found, outcome=201, detail="vip: Best 😀")]


def test_a_store_that_is_away_is_said_to_be_away():
    with pytest.raises(Unavailable, match="mysql"):
        MySQLAccess(Settings(mysql=MySQL(port=1))).users()


@pytest.mark.stack
def test_the_migrations_make_what_the_models_say(stack):
    migrate(stack.settings)
    chosen = engine(stack.settings)
    options = {
        "version_table": VERSION_TABLE,
        "include_object": lambda thing, kind_name, kind, reflected, other: (
            kind != "table" or kind_name in AccessBase.metadata.tables
        ),
    }
    with chosen.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, AccessBase.metadata) == []
    chosen.dispose()
