"""Dead letters at a shell: what was refused and why, and what is sent again. Run by `tagstream replay`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.api_session import ApiFailed, ApiSession, Json, Url, at, failures, say
from deploy.progress import progress
from tagging.events import Reason

PAGE = 100
MOST = 10_000
_LETTERS = "/ledger/dead_letters"
_PLACE = re.compile(r"([A-Za-z0-9._-]{1,249})/([0-9]{1,5})/([0-9]{1,15})")
ByReason = Annotated[Reason | None, typer.Option("--reason", help="Only those that were refused for this.")]


def command(session: Callable[[str], ApiSession] = ApiSession) -> typer.Typer:
    """The commands, on the API that `session` gives."""
    app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)

    @app.command("list")
    def list_all(
        reason: ByReason = None,
        limit: Annotated[int, typer.Option(min=1, max=MOST, help="How many, the newest first.")] = 20,
        as_json: Json = False,
        url: Url = "",
    ) -> None:
        """Messages that were refused: where each lies, why, and how it begins."""
        with failures():
            found = _letters(session(url), reason, limit)
        lines = [
            f"{place(letter)}  {letter['reason']}: {letter['detail']}  {letter['payload'][:80]}" for letter in found
        ]
        say("\n".join(lines) or "there is no dead letter", as_json, found)

    @app.command("show")
    def show(
        letter: Annotated[str, typer.Argument(help="TOPIC/PARTITION/OFFSET.")], as_json: Json = False, url: Url = ""
    ) -> None:
        """A message with all of its bytes, fit to be corrected and sent by `send --file`; and whether it was sent again."""
        path = _path(letter)
        with failures():
            found = session(url).get(path)
            if found["payload"] is None and not as_json:
                raise ApiFailed(f"{letter} is no text of a size that can be corrected: {found['payload_bytes']} bytes")
        say(found["payload"], as_json, found)

    @app.command("send")
    def send(
        letters: Annotated[
            list[str] | None, typer.Argument(help="TOPIC/PARTITION/OFFSET, as `list` shows them.")
        ] = None,
        reason: ByReason = None,
        file: Annotated[
            Path | None, typer.Option(exists=True, dir_okay=False, help="Corrected text of one letter.")
        ] = None,
        most: Annotated[int, typer.Option(min=1, max=MOST, help="With --reason: how many, the newest first.")] = 1_000,
        as_json: Json = False,
        url: Url = "",
    ) -> None:
        """Send dead letters to their topic again, each once. Exit status 1 when one is refused again."""
        if bool(letters) == (reason is not None):
            raise typer.BadParameter("name letters, or say --reason")
        if file is not None and len(letters or []) != 1:
            raise typer.BadParameter("--file is the text of one letter: name that one")
        paths = {letter: _path(letter) for letter in letters or []}
        with failures():
            api, body = session(url), {} if file is None else {"payload": file.read_text(encoding="utf-8")}
            if reason is not None:
                paths = {place(found): _path(place(found)) for found in _letters(api, reason, most)}
            done = _send(api, paths, body)
        sent = sum(one["refused"] is None for one in done)
        lines = [f"{one['letter']}: {one['refused'] or 'now at ' + one['sent_to']}" for one in done]
        say("\n".join([*lines, f"{sent} of {len(done)} sent"]), as_json, {"sent": sent, "letters": done})
        raise typer.Exit(0 if sent == len(done) else 1)

    return app


def place(letter: dict[str, Any]) -> str:
    """Where a letter lies, as commands name it."""
    return f"{letter['topic']}/{letter['partition']}/{letter['offset']}"


def _path(letter: str) -> str:
    found = _PLACE.fullmatch(letter)
    if not found:
        raise typer.BadParameter(f"{letter!r} is no letter; write TOPIC/PARTITION/OFFSET, such as events/0/17")
    topic, partition, offset = found.groups()
    return at(_LETTERS + "/{topic}/{partition}/{offset}", topic=topic, partition=partition, offset=offset)


def _letters(api: ApiSession, reason: Reason | None, most: int) -> list[dict[str, Any]]:
    return list(api.items(at(_LETTERS), most, PAGE, **({} if reason is None else {"reason": reason.value})))


def _send(api: ApiSession, paths: dict[str, str], body: dict[str, str]) -> list[dict[str, str | None]]:
    """Each letter with where it lies now, or why not. What was sent before stands; one that is refused stops no other."""
    done: list[dict[str, str | None]] = []
    with progress("sent", len(paths)) as advance:
        for letter, path in paths.items():
            try:
                done.append({"letter": letter, "sent_to": place(api.post(path + "/replay", body)), "refused": None})
            except ApiFailed as error:
                done.append({"letter": letter, "sent_to": None, "refused": str(error)})
            advance(len(done))
    return done


app = command()
