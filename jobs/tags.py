"""Tags by hand: files and the registry, and a version's way to its readers and back. Run by `python -m jobs.tags`."""

from __future__ import annotations

import difflib
import getpass
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.tag_files import BUILTIN, WRITTEN, apply, diff, draft, export, read_files
from jobs.tag_life import as_row, before_live, change, live_number, policy_of, until_live
from stores.registry.schema import migrate
from stores.registry.store import Conflict, TagRegistry
from stores.settings import load
from tagging import lifecycle
from tagging.binding import bound
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition, parse_definition
from tagging.dependencies import check_build, check_retire
from tagging.lifecycle import Status, Tag
from tagging.problems import TagProblems
from tagging.synchronise import Change

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Folder = Annotated[Path, typer.Argument(help="Folder of tags, a file each.")]
_LOOK_SECONDS = 0.3
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


def _registry() -> TagRegistry:
    settings = load()
    migrate(settings)
    return TagRegistry(settings)


def _files(folder: Path, registry: TagRegistry) -> dict[str, TagDefinition]:
    try:
        return read_files(folder, registry.tags())
    except (TagProblems, FileNotFoundError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (TagProblems, OSError, ValueError, LookupError, Conflict) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _change(
    name: str, what: str, as_json: bool, transition: Callable[[Tag, int], tuple[Tag, int]],
    check: Callable[[Sequence[Tag]], None] = lambda tags: None,
) -> None:  # fmt: skip
    at_ms = int(time.time() * 1000)
    with _refusals():
        registry = _registry()
        number = change(registry, name, getpass.getuser(), what, at_ms, lambda tag: transition(tag, at_ms), check)
    tag = registry.tag(name)
    _say(f"{name}: {what}, version {number} is {tag.version(number).status}", as_json, as_row(tag))


def _say(line: str, as_json: bool, row: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(row) if as_json else line)


@app.command("diff")
def _diff(folder: Folder = BUILTIN, as_json: Json = False) -> None:
    """Show what `apply` would write. Exit status 1 when there is anything."""
    registry = _registry()
    files = _files(folder, registry)
    found = [difference for difference in diff(registry, files) if difference.change is not Change.SAME]
    if as_json:
        typer.echo(json.dumps({"differences": [{"tag": d.tag, "change": d.change} for d in found]}))
    for difference in [] if as_json else found:
        typer.echo(f"{difference.tag}: {difference.change}")
        if difference.change is Change.NEW_VERSION:
            lines = difflib.unified_diff(
                difference.before.splitlines(), difference.after.splitlines(), "registry", "file", lineterm=""
            )
            typer.echo("\n".join(lines))
    raise typer.Exit(1 if any(difference.change in WRITTEN for difference in found) else 0)


@app.command("apply")
def _apply(folder: Folder = BUILTIN, as_json: Json = False, dry_run: DryRun = False) -> None:
    """Register what the files have and the registry lacks: new tags and versions as drafts, the built-in ones as live."""
    registry = _registry()
    files = _files(folder, registry)
    if dry_run:
        made = [(d, None) for d in diff(registry, files) if d.change in WRITTEN]
    else:
        made = apply(registry, files, getpass.getuser(), int(time.time() * 1000))
    if as_json:
        written = [{"tag": d.tag, "change": d.change, "version": number} for d, number in made]
        typer.echo(json.dumps({"dry_run": dry_run, "written": written}))
    else:
        for difference, number in made:
            typer.echo(f"{difference.tag}: {difference.change}" + (f", version {number}" if number else ""))
        typer.echo(f"{len(made)} of {len(files)} tags {'would be ' if dry_run else ''}written")


@app.command("export")
def _export(folder: Folder = BUILTIN, as_json: Json = False, dry_run: DryRun = False) -> None:
    """Write the registry's newest versions as files."""
    changed = export(_registry(), folder, dry_run)
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, "written": [str(path) for path in changed]}))
    else:
        for path in changed:
            typer.echo(str(path))
        typer.echo(f"{len(changed)} files {'would be ' if dry_run else ''}written")


Name = Annotated[str, typer.Argument(help="Name of a tag.")]
Version = Annotated[int, typer.Argument(help="Number of one of its versions.", min=1)]


@app.command("draft")
def _draft(file: Annotated[Path, typer.Argument(help="A tag's file.")], as_json: Json = False) -> None:
    """Register a file's text as the next version of its tag. Readers do not see it."""
    with _refusals():
        definition = parse_definition(file.read_text(encoding="utf-8"), str(file))
        registry = _registry()
        definition = bound(definition, registry.tags())
        compile_tag(definition)
        number = draft(registry, definition, getpass.getuser(), int(time.time() * 1000))
    tag = registry.tag(definition.name)
    _say(
        f"{definition.name}: version {number} is a draft; next: build {definition.name} {number}", as_json, as_row(tag)
    )


@app.command("approve")
def _approve(name: Name, version: Version, as_json: Json = False) -> None:
    """Let a draft be built. Nobody approves what they wrote."""
    who = getpass.getuser()
    _change(name, "approve", as_json, lambda tag, at_ms: (lifecycle.approve(tag, version, who), version))


@app.command("build")
def _build(
    name: Name,
    version: Version,
    wait: Annotated[bool, typer.Option("--wait", help="Until readers see it; exit status 1 when it fails.")] = False,
    as_json: Json = False,
) -> None:
    """Have the controller build a version beside the live one, prove it, and switch readers to it."""
    policy = policy_of(load())
    _change(
        name, "build", as_json, lambda tag, at_ms: (lifecycle.build(tag, version, at_ms, policy), version),
        lambda tags: check_build(tags, name, version),
    )  # fmt: skip
    if wait:
        with _refusals():
            for line in until_live(_registry(), name, version, lambda: time.sleep(_LOOK_SECONDS)):
                typer.echo(line, err=True)


@app.command("rollback")
def _rollback(name: Name, as_json: Json = False) -> None:
    """Show readers the version that was live before, at once: its job still runs."""
    policy = policy_of(load())

    def back(tag: Tag, at_ms: int) -> tuple[Tag, int]:
        number = before_live(tag)
        return lifecycle.roll_back(tag, number, at_ms, policy), number

    _change(name, "rollback", as_json, back)


@app.command("retire")
def _retire(name: Name, as_json: Json = False) -> None:
    """Hide a tag from readers. `rollback` shows it again until the rollback window ends."""

    def away(tag: Tag, at_ms: int) -> tuple[Tag, int]:
        number = live_number(tag)
        return lifecycle.retire(tag, number, at_ms), number

    _change(name, "retire", as_json, away, lambda tags: check_retire(tags, name))


@app.command("list")
def _list(as_json: Json = False) -> None:
    """All tags with their live versions, and what is under way."""
    tags = _registry().tags()
    if as_json:
        typer.echo(json.dumps({"tags": [as_row(tag) for tag in tags]}))
    for tag in [] if as_json else tags:
        others = [f"v{v.version} {v.status}" for v in tag.versions if v.status is not Status.LIVE and not v.cleaned]
        typer.echo(f"{tag.name}: " + ", ".join([f"v{tag.live.version} live" if tag.live else "not live", *others]))


@app.command("show")
def _show(name: Name, as_json: Json = False) -> None:
    """One tag's versions, and what was done to it."""
    registry = _registry()
    tag = registry.tag(name)
    if tag is None:
        typer.echo(f"there is no tag {name} in the registry; `list` names those that there are", err=True)
        raise typer.Exit(2)
    done = [{"version": e.version, "who": e.who, "what": e.what, "at_ms": e.at_ms} for e in registry.audit(name)]
    if as_json:
        typer.echo(json.dumps({**as_row(tag), "done": done}))
        return
    for version in tag.versions:
        typer.echo(f"v{version.version} {version.status} in {version.job or 'no job'} {version.cause}".rstrip())
    for entry in done:
        typer.echo(f"  {entry['what']} v{entry['version']} by {entry['who']}")


if __name__ == "__main__":
    app()
