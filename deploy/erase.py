"""Erasures at a shell: users erased, certificates shown, and proven by looking again. `tagstream erase`, `tagstream erasures`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.api_session import ApiSession, Json, Url, at, failures, say
from deploy.byte_scan import holding
from stores.clickhouse import connect
from stores.erased_mysql import ErasedInMySQL
from stores.erased_rows import ErasedRows
from stores.hbase import ProfileStore
from stores.settings import Settings, load
from tagging.erasure import Subjects, WrongSecret

MOST = 10_000
PAGE = 100
SHOWN_FILES = 20
Id = Annotated[str, typer.Argument(help="Id of an erasure; `list` has them.")]
User = Annotated[str, typer.Argument(help="The user's id.")]
Look = Callable[[Settings, str], Mapping[str, int]]


def look(settings: Settings, user_id: str) -> Mapping[str, int]:
    """How much each store holds of a user now, by point lookups. For a user that was erased: it names the user as being erased."""
    with ProfileStore(settings.hbase) as profiles:
        found = {"hbase cells": len(profiles.profile(user_id))}
    rows = ErasedRows(connect(settings))
    rows.open()
    rows.begin(user_id, None)
    try:
        found |= {f"clickhouse {table}": count for table, count in rows.rows().items()}
    finally:
        rows.end()
    return {**found, "mysql rows": ErasedInMySQL(settings).left(user_id)}


def erase(
    user_id: User,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    as_json: Json = False,
    url: Url = "",
) -> None:
    """Erase a user from every store, for ever. It begins at once; `tagstream erasures show` says how far it is."""
    if not yes:
        typer.confirm(f"Erase {user_id} from every store, for ever?", abort=True, err=True)
    with failures():
        asked = ApiSession(url).delete(at("/users/{user_id}", user_id=user_id))
    say(f"{asked['state']}; follow it by: tagstream erasures show {asked['id']}", as_json, asked)


def command(looks: Look = look, settings_of: Callable[[], Settings] = load) -> typer.Typer:
    """The commands of erasures. `looks` asks the stores, which `settings_of` names."""
    app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)

    @app.command("list")
    def list_all(
        limit: Annotated[int, typer.Option(min=1, max=MOST, help="How many, the newest first.")] = 20,
        as_json: Json = False,
        url: Url = "",
    ) -> None:
        """Erasures: which, of whom while they are under way, and where they stand."""
        with failures():
            found = list(ApiSession(url).items("/api/v1/erasures", limit, PAGE))
        say("\n".join(map(_line, found)) or "nobody was erased", as_json, found)

    @app.command("show")
    def show(id: Id, as_json: Json = False, url: Url = "") -> None:
        """An erasure's certificate: each store, what was removed, and what is left until when."""
        with failures():
            found = ApiSession(url).get(at("/erasures/{id}", id=id))
        say("\n".join([_line(found), f"subject: {found['subject']}", *map(_step, found["steps"])]), as_json, found)

    @app.command("prove")
    def prove(
        id: Id,
        user_id: User,
        data: Annotated[
            list[Path] | None, typer.Option(help="A folder whose files are searched for the id's bytes.")
        ] = None,
        as_json: Json = False,
        url: Url = "",
    ) -> None:
        """Look for an erased user in every store again, and for the id's bytes in folders. Exit status 1 where there is any."""
        settings = settings_of()
        with failures():
            certificate = ApiSession(url).get(at("/erasures/{id}", id=id))
        _require(certificate, user_id, settings)
        found = dict(looks(settings, user_id))
        files = {str(folder): [str(file) for file in holding(folder, user_id)] for folder in data or ()}
        well = not any(found.values()) and not any(files.values())
        lines = [f"{store}: {count}" for store, count in found.items()]
        for folder, held in files.items():
            lines += [f"{folder}: {len(held)} files hold the id", *(f"  {file}" for file in held[:SHOWN_FILES])]
        lines.append("nothing is left" if well else "something is left")
        say("\n".join(lines), as_json, {"well": well, "stores": found, "files": files})
        if not well:
            raise typer.Exit(1)

    return app


def _require(certificate: Mapping[str, Any], user_id: str, settings: Settings) -> None:
    try:
        subject = Subjects(settings.erasure.secret.get_secret_value()).of(user_id).hex()
    except WrongSecret as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    if certificate["subject"] != subject:
        # Nobody else's rows are counted by the way that rows are removed.
        typer.echo("error: this certificate is another user's, or was made with another secret", err=True)
        raise typer.Exit(1)
    if certificate["state"] != "complete":
        typer.echo(f"error: the erasure is {certificate['state']}; wait until it is complete", err=True)
        raise typer.Exit(1)


def _line(erasure: Mapping[str, Any]) -> str:
    of = f" of {erasure['user_id']}" if erasure["user_id"] is not None else ""
    cause = f": {erasure['cause']}" if erasure["cause"] else ""
    ended = f", complete {erasure['completed_at']}" if erasure["completed_at"] else ""
    return (
        f"{erasure['id']}{of}  {erasure['state']}{cause}  asked by {erasure['asked_by']} {erasure['asked_at']}{ended}"
    )


def _step(step: Mapping[str, Any]) -> str:
    at_time = f" {step['finished_at']}" if step["finished_at"] else ""
    until = f" until {step['kept_until']}" if step["kept_until"] else ""
    return f"{step['store']}: {step['state']}{at_time}{until}, removed {step['removed']}; {step['detail']}".rstrip("; ")


app = command()
