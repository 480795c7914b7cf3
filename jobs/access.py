"""Users and API keys by hand, on the database itself: how the first admin comes to be. Run by `python -m jobs.access`."""

from __future__ import annotations

import getpass
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from stores.access.accounts import Accounts, By
from stores.access.store import AccessTables
from stores.mysql import MySQLUnavailable
from stores.registry.schema import migrate
from stores.settings import load
from tagging.access import Role
from tagging.accounts import AccessRefused, Key, User

Make = Callable[[], Accounts]


def accounts() -> Accounts:
    """On the configured database, with its tables made. Raises MySQLUnavailable."""
    settings = load()
    migrate(settings)
    return Accounts(AccessTables(settings), lambda: time.time_ns() // 1_000_000)


def user_row(user: User) -> dict[str, Any]:
    """A user for machines."""
    return {
        "name": user.name,
        "role": user.role,
        "disabled": user.disabled,
        "sign_in": "provider" if user.subject else "password",
        "last_login_at_ms": user.last_login_at_ms,
    }


def key_row(key: Key) -> dict[str, Any]:
    """An API key for machines, without its secret."""
    return {
        "prefix": key.prefix,
        "name": key.name,
        "role": key.role,
        "expires_at_ms": key.expires_at_ms,
        "last_used_at_ms": key.last_used_at_ms,
        "revoked_at_ms": key.revoked_at_ms,
    }


Name = Annotated[str, typer.Argument(help="Name of a user.")]
RoleOption = Annotated[Role, typer.Option("--role", help="What the account is for.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def command(make: Make = accounts) -> typer.Typer:
    """The commands, on the accounts that `make` gives."""
    app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
    who = By(f"cli:{getpass.getuser()}", "admin", client="cli")

    @app.command("add-user")
    def add_user(name: Name, role: RoleOption = Role.VIEWER, as_json: Json = False) -> None:
        """Add a user. The password is asked for, or read from standard input where that is no terminal."""
        with _refusals():
            user = make().add_user(who, name, role, _password())
        _say(f"{name} is {role}", as_json, user_row(user))

    @app.command("set-role")
    def set_role(name: Name, role: RoleOption, as_json: Json = False) -> None:
        """Give a user another role, from the next request on."""
        with _refusals():
            user = make().change_user(who, name, role=role)
        _say(f"{name} is {role}", as_json, user_row(user))

    @app.command("reset-password")
    def reset_password(name: Name, as_json: Json = False) -> None:
        """Give a user another password, and sign the user out everywhere. It is read as by add-user."""
        with _refusals():
            user = make().change_user(who, name, password=_password())
        _say(f"{name} has another password", as_json, user_row(user))

    @app.command("add-key")
    def add_key(
        name: Annotated[str, typer.Argument(help="What the key is for.")],
        role: RoleOption = Role.SERVICE,
        days: Annotated[int, typer.Option("--days", min=1, max=3650, help="How long it opens anything.")] = 90,
        as_json: Json = False,
    ) -> None:
        """Make an API key and print it: nothing can print it again."""
        with _refusals():
            key, whole = make().add_key(who, name, role, days)
        _say(whole, as_json, {**key_row(key), "key": whole})

    @app.command("revoke-key")
    def revoke_key(
        prefix: Annotated[str, typer.Argument(help="The key's prefix, as `list` shows it.")], as_json: Json = False
    ) -> None:
        """Make a key open nothing, from the next request on."""
        with _refusals():
            make().revoke_key(who, prefix)
        _say(f"{prefix} is revoked", as_json, {"prefix": prefix, "revoked": True})

    @app.command("list")
    def list_all(as_json: Json = False) -> None:
        """All users and API keys."""
        with _refusals():
            store = make().store
            users, keys = store.users(), store.all_keys()
        if as_json:
            typer.echo(json.dumps({"users": list(map(user_row, users)), "keys": list(map(key_row, keys))}))
            return
        for user in users:
            typer.echo(f"user {user.name}: {user.role}{', disabled' if user.disabled else ''}")
        for key in keys:
            typer.echo(f"key {key.prefix}: {key.name}, {key.role}{', revoked' if key.revoked_at_ms else ''}")

    return app


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (AccessRefused, MySQLUnavailable) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _password() -> str:
    """Never an argument: those are in the shell's history, and in everybody's list of processes."""
    if sys.stdin.isatty():
        return typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return sys.stdin.readline().rstrip("\r\n")


def _say(line: str, as_json: bool, row: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(row) if as_json else line)


app = command()

if __name__ == "__main__":
    app()
