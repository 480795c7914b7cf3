"""Users merged and unmerged at a shell. `tagstream users`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from deploy.api_session import ApiSession, Json, Url, at, failures, say

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
User = Annotated[str, typer.Argument(help="The user's id.")]


@app.command("merge")
def merge(
    user_id: User,
    into: Annotated[str, typer.Argument(help="The id that is the same person.")],
    reason: Annotated[str, typer.Option(help="How that is known; whoever unmerges them reads it.")],
    as_json: Json = False,
    url: Url = "",
) -> None:
    """Say that a user is the same person as another: tags, bitmaps and history go over to the person's canonical id."""
    with failures():
        made = ApiSession(url).post(at("/users/{user_id}/merges", user_id=user_id), {"into": into, "reason": reason})
    say(_line(made), as_json, made)


@app.command("unmerge")
def unmerge(user_id: User, as_json: Json = False, url: Url = "") -> None:
    """Take a user apart from whom it was merged into. Who was merged into the user stays with it."""
    with failures():
        session = ApiSession(url)
        merges = session.get(at("/users/{user_id}/merges", user_id=user_id))["items"]
        held = next((each for each in merges if each["user_id"] == user_id and each["undone_at"] is None), None)
        if held is None:
            typer.echo(
                f"error: {user_id} is merged into nobody; `tagstream users show` says who is one person", err=True
            )
            raise typer.Exit(1)
        undone = session.delete(at("/users/{user_id}/merges/{id}", user_id=user_id, id=held["id"]))
    say(_line(undone), as_json, undone)


@app.command("show")
def show(user_id: User, as_json: Json = False, url: Url = "") -> None:
    """The ids of a user's person, and every merge that they had a part in, the newest first."""
    with failures():
        found = ApiSession(url).get(at("/users/{user_id}/merges", user_id=user_id))
    lines = [f"{found['canonical']}: {', '.join(found['identities'])}", *map(_line, found["items"])]
    say("\n".join(lines), as_json, found)


def _line(merge: Mapping[str, Any]) -> str:
    undone = f", undone by {merge['undone_by']} {merge['undone_at']}" if merge["undone_at"] else ""
    why = "" if merge["masked"] else f": {merge['reason']}"
    return f"{merge['user_id']} into {merge['into']}  by {merge['merged_by']} {merge['merged_at']}{undone}{why}"
