"""Crowds at a shell: listed, counted, written into a file, and followed. Run by `tagstream crowds`."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.api_session import ApiFailed, ApiSession, Json, Url, at, failures, say
from deploy.crowd_file import Format, write
from deploy.progress import progress

LOOK_SECONDS = 1.0
DELTAS_PAGE = 500


def _names(incomplete: str) -> list[str]:
    """For the shell's completion, which has nowhere to say that the API is away."""
    try:
        return [
            item["name"] for item in ApiSession().get(at("/crowds"))["items"] if item["name"].startswith(incomplete)
        ]
    except (ApiFailed, OSError, ValueError):
        return []


Name = Annotated[str, typer.Argument(help="Name of a crowd.", autocompletion=_names)]


def command(
    session: Callable[[str], ApiSession] = ApiSession, wait: Callable[[float], object] = time.sleep
) -> typer.Typer:
    """The commands, on the API that `session` gives. `wait` lets so many seconds pass."""
    app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)

    @app.command("list")
    def list_all(as_json: Json = False, url: Url = "") -> None:
        """All crowds with their rules in words."""
        with failures():
            found = session(url).get(at("/crowds"))["items"]
        lines = [f"{crowd['name']}: {_rule(crowd)}" for crowd in found]
        say("\n".join(lines) or "there is no crowd yet", as_json, found)

    @app.command("show")
    def show(name: Name, as_json: Json = False, url: Url = "") -> None:
        """One crowd: its title, owner, rule and revision, and how it is watched."""
        with failures():
            api = session(url)
            crowd = api.get(at("/crowds/{name}", name=name))
            watch = api.get(at("/crowds/{name}/watch", name=name))["watch"]
        told = "no" if watch is None else f"by {watch['who']}, {watch['sequence']} deltas told"
        lines = [
            f"{crowd['name']}: {crowd['title']}",
            f"rule: {_rule(crowd)}",
            f"as JSON: {json.dumps(crowd['rule'], ensure_ascii=False)}",
            f"owner: {crowd['owner'] or 'nobody'}, revision {crowd['revision']}, {crowd['updated_at']}",
            f"watched: {told}",
        ]
        say("\n".join(lines), as_json, {**crowd, "watch": watch})

    @app.command("save")
    def save(
        name: Annotated[str, typer.Argument(help="A name that no crowd has yet.")],
        rule: Annotated[str, typer.Option(help="The rule in JSON.")],
        title: Annotated[str, typer.Option(help="What people call it; default: its name.")] = "",
        as_json: Json = False,
        url: Url = "",
    ) -> None:
        """Save a rule as a new crowd."""
        with failures():
            made = session(url).post(at("/crowds"), {"name": name, "title": title or name, "rule": _read(rule)})
        say(f"{name}: {_rule(made)}", as_json, made)

    @app.command("portrait")
    def portrait(
        name: Name,
        base: Annotated[str | None, typer.Option(help="The crowd to compare with; default: everybody.")] = None,
        most: Annotated[int, typer.Option("-n", min=1, help="How many values.")] = 10,
        as_json: Json = False,
        url: Url = "",
    ) -> None:
        """What makes a crowd different: the values whose share stands out most, where that is no chance. --json has all."""
        with failures():
            found = session(url).get(at("/crowds/{name}/portrait", name=name), **({"base": base} if base else {}))
        said = [item for item in found["items"] if item["significant"]]
        said.sort(key=_distance, reverse=True)
        lines = [
            f"{item['tag']} = {json.dumps(item['value'], ensure_ascii=False)}: {item['crowd_share']:.1%} against "
            f"{item['base_share']:.1%}, TGI {item['tgi']:.0f} ({item['tgi_low']:.0f} to {item['tgi_high']:.0f})"
            for item in said[:most]
        ]
        people = f"{found['crowd_users']:,} users against {found['base_users']:,}"
        say("\n".join([people, *lines]) if lines else f"{people}: no value stands out", as_json, found)

    @app.command("count")
    def count(
        name: Annotated[str | None, typer.Argument(help="Name of a crowd.", autocompletion=_names)] = None,
        rule: Annotated[str | None, typer.Option(help="Instead: a rule in JSON, which is not saved.")] = None,
        as_json: Json = False,
        url: Url = "",
    ) -> None:
        """How many users are in a crowd, or in a rule."""
        if (name is None) == (rule is None):
            raise typer.BadParameter("say either a crowd's name or --rule")
        with failures():
            if rule is None:
                page = session(url).get(at("/crowds/{name}/members", name=name), limit=1)
                found = {"users": page["users"], "generation": page["generation"]}
            else:
                counted = session(url).post(at("/crowds/estimate"), {"rule": _read(rule)})
                found = {key: counted[key] for key in ("users", "users_total", "generation")}
        say(str(found["users"]), as_json, found)

    @app.command("export")
    def export(
        name: Name,
        file: Annotated[Path, typer.Argument(help="Where to: a .csv or a .parquet file.", dir_okay=False)],
        kind: Annotated[Format | None, typer.Option("--format", help="Default: as the file's name ends.")] = None,
        as_json: Json = False,
        url: Url = "",
    ) -> None:
        """Write all users of a crowd into a file: whole, or not at all."""
        chosen = _kind(file, kind)
        with failures():
            api = session(url)
            total = api.get(at("/crowds/{name}/members", name=name), limit=1)["users"]
            with api.download(at("/crowds/{name}/export", name=name)) as answer, progress(name, total) as advance:
                users = write(file, chosen, answer.iter_content(1 << 16), advance)
        found = {"crowd": name, "users": users, "file": str(file), "format": chosen.value}
        say(f"{users} users of {name} in {file}", as_json, found)

    @app.command("deltas")
    def deltas(
        name: Name,
        last: Annotated[int, typer.Option(min=0, help="How many of the newest, without --after.")] = 20,
        after: Annotated[int | None, typer.Option(min=0, help="Those after this sequence.")] = None,
        follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
        as_json: Json = False,
        url: Url = "",
    ) -> None:
        """Who entered and left a watched crowd, a line each; with --json an object a line."""
        with failures():
            api = session(url)
            begin = after if after is not None else _newest(api, name, last)
            try:
                for delta in _told(api, name, begin, wait if follow else None):
                    line = f"{delta['sequence']}  {delta['at']}  {delta['change']:<5}  {delta['user_id']}"
                    say(line, as_json, delta)
            except KeyboardInterrupt:
                raise typer.Exit(0) from None

    return app


def _rule(crowd: Mapping[str, Any]) -> str:
    return crowd["sentence"]["en"] if crowd["sentence"] else f"cannot be read: {crowd['problem']}"


def _distance(item: Mapping[str, Any]) -> float:
    """How far a share is from the base's, above or below it alike, as the dashboard ranks them."""
    return abs(math.log(max(item["tgi"], 1) / 100))


def _read(rule: str) -> Any:
    try:
        return json.loads(rule)
    except ValueError as error:
        raise typer.BadParameter(f"--rule is not JSON: {error}") from error


def _kind(file: Path, chosen: Format | None) -> Format:
    if chosen is not None:
        return chosen
    try:
        return Format(file.suffix.removeprefix("."))
    except ValueError:
        raise typer.BadParameter(f"{file} ends in neither .csv nor .parquet; say --format") from None


def _newest(api: ApiSession, name: str, last: int) -> int:
    """The sequence after which the newest `last` deltas lie."""
    watch = api.get(at("/crowds/{name}/watch", name=name))["watch"]
    if watch is None:
        raise ApiFailed(f"the crowd {name} is not watched; fix: PUT {at('/crowds/{name}/watch', name=name)}")
    return max(0, watch["sequence"] - last)


def _told(api: ApiSession, name: str, after: int, wait: Callable[[float], object] | None) -> Iterator[dict[str, Any]]:
    """Deltas in order; without `wait` until there are no more yet."""
    while True:
        page = api.get(at("/crowds/{name}/deltas", name=name), after=after, limit=DELTAS_PAGE)["items"]
        yield from page
        if page:
            after = page[-1]["sequence"]
        if len(page) < DELTAS_PAGE:
            if wait is None:
                return
            wait(LOOK_SECONDS)


app = command()
