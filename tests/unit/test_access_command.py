"""Users and keys by hand."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from jobs.access import command
from stores.access.accounts import Accounts
from stores.access.credentials import password_fits
from tagging.access import Role
from tests.fakes.memory_access import MemoryAccess

AT_MS = 1_790_000_000_000


@pytest.fixture
def accounts() -> Accounts:
    return Accounts(MemoryAccess(), lambda: AT_MS)


@pytest.fixture
def run(accounts):
    app = command(lambda: accounts)
    return lambda *words, given="": CliRunner().invoke(app, list(words), input=given)


def test_a_password_comes_by_standard_input_and_is_printed_nowhere(run, accounts):
    done = run("add-user", "ann", "--role", "admin", given="a good long password\n")
    assert (done.exit_code, done.output) == (0, "ann is admin\n")
    user = accounts.store.user("ann")
    assert user.role is Role.ADMIN and password_fits("a good long password", user.password_hash)
    assert run("reset-password", "ann", given="another long password\n").exit_code == 0
    assert password_fits("another long password", accounts.store.user("ann").password_hash)


def test_no_command_takes_a_password_as_an_argument(run):
    for words in (["add-user", "ann", "secret"], ["add-user", "ann", "--password", "secret"]):
        assert run(*words, given="a good long password\n").exit_code == 2


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (["add-user", "Ann B"], "a good long password\n", "is not a name"),
        (["add-user", "ann"], "short\n", "12 to 256 characters"),
        (["add-user", "ann"], "", "this one has 0"),
        (["add-user", "ann"], "my-name-is-ann\n", "the user's name"),
        (["add-user", "ann", "--role", "service"], "a good long password\n", "is no service"),
        (["set-role", "nobody", "--role", "admin"], "", "there is no user nobody"),
        (["revoke-key", "00000000"], "", "there is no key 00000000"),
    ],
)
def test_what_is_refused_says_why_and_ends_with_2(run, accounts, words, given, said):
    done = run(*words, given=given)
    assert done.exit_code == 2 and said in done.output
    assert accounts.store.users() == []


def test_the_last_admin_keeps_the_role(run):
    run("add-user", "ann", "--role", "admin", given="a good long password\n")
    assert "last admin" in run("set-role", "ann", "--role", "viewer").output
    run("add-user", "bob", "--role", "admin", given="a good long password\n")
    assert run("set-role", "ann", "--role", "viewer").exit_code == 0


def test_a_key_is_shown_once_and_opens_until_it_is_revoked(run, accounts):
    made = json.loads(run("add-key", "shop", "--json").output)
    assert accounts.key_of(made["key"]).role is Role.SERVICE
    listed = json.loads(run("list", "--json").output)
    assert made["key"].rpartition("_")[2] not in json.dumps(listed)
    assert listed["keys"][0]["prefix"] == made["prefix"]
    assert run("revoke-key", made["prefix"]).exit_code == 0
    assert accounts.key_of(made["key"]) is None
    assert "revoked" in run("list").output
