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

import sql
from jobs.builtin import JOB_NAME
from jobs.tag_life import as_row, before_live, change, live_number, policy_of
from stores.registry.schema import migrate
from stores.registry.store import Conflict, Entry, TagRegistry, Tags
from stores.settings import load
from tagging import lifecycle
from tagging.binding import bound
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition, parse_definition
from tagging.dependencies import check_build, check_retire
from tagging.lifecycle import Status, Tag
from tagging.problems import TagProblems
from tagging.synchronise import Change, Difference, applied, differences, wanted

WRITTEN = (Change.ADOPT, Change.NEW_TAG, Change.NEW_VERSION)


def read_files(folder: Path) -> dict[str, TagDefinition]:
    """The tags of a folder's *.sql, compiled so that nothing is registered that cannot run.

    Raises TagProblems with the first file's problems, FileNotFoundError, and ValueError for a tag that is in two files.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"tags are read from {folder}, and there is no such folder")
    found: dict[str, TagDefinition] = {}
    for path in sorted(folder.glob("*.sql")):
        definition = parse_definition(path.read_text(encoding="utf-8"), str(path))
        compile_tag(definition)
        if definition.name in found:
            raise ValueError(f"{path}: tag {definition.name} is in another file of {folder} too; one file a tag")
        found[definition.name] = definition
    return found


def carried_by_builtin() -> Mapping[tuple[str, int], str]:
    """The versions that the built-in tags' job carries."""
    found = (parse_definition(path.read_text(encoding="utf-8"), str(path)) for path in sql.tag_files())
    return {(tag.name, tag.version): JOB_NAME for tag in found}


def diff(registry: Tags, files: Mapping[str, TagDefinition]) -> list[Difference]:
    """What differs between the files and the registry."""
    return differences(files, registry.tags(), carried_by_builtin())


def apply(registry: Tags, files: Mapping[str, TagDefinition], who: str, at_ms: int) -> list[tuple[Difference, int]]:
    """Write what the registry lacks, a transaction a tag: (what, the version made). Once more writes nothing."""
    carried = carried_by_builtin()
    known = {tag.name: tag for tag in registry.tags()}
    done = []
    for difference in differences(files, list(known.values()), carried):
        if difference.change not in WRITTEN:
            continue
        definition = files[difference.tag]
        job = carried.get((difference.tag, definition.version), "")
        tag, number = applied(difference, definition, known.get(difference.tag), job, who, at_ms)
        registry.save(tag, [Entry(tag.name, number, who, f"apply: {difference.change}", at_ms)])
        done.append((difference, number))
    return done


def export(registry: Tags, folder: Path, dry_run: bool = False) -> list[Path]:
    """Write each tag's newest version as <name>.sql; the paths whose text changed. Other files are left alone."""
    changed = []
    for tag in registry.tags():
        held = wanted(tag)
        path = folder / f"{tag.name}.sql"
        if held is None or (path.is_file() and path.read_text(encoding="utf-8") == held.text):
            continue
        if not dry_run:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(held.text, encoding="utf-8")
        changed.append(path)
    return changed


def draft(registry: Tags, definition: TagDefinition, who: str, at_ms: int) -> int:
    """Register a text as its tag's next version; the number. Raises ValueError when the newest one has this text."""
    name = definition.name
    if registry.tag(name) is None and name in {path.stem for path in sql.tag_files()}:
        # What its job carries already is version 1, whatever the new text says.
        apply(registry, read_builtin(name), who, at_ms)
    known = registry.tag(name)
    [difference] = differences({name: definition}, [known] if known else [], {})
    if known and difference.change is Change.SAME:
        raise ValueError(f"tag {name} has this text already, as version {wanted(known).version}; change it first")
    tag, number = applied(difference, definition, known, "", who, at_ms)
    registry.save(tag, [Entry(name, number, who, "draft", at_ms)])
    return number


def read_builtin(name: str) -> dict[str, TagDefinition]:
    """A built-in tag as its file says."""
    path = BUILTIN / f"{name}.sql"
    return {name: parse_definition(path.read_text(encoding="utf-8"), str(path))}


app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Folder = Annotated[Path, typer.Argument(help="Folder of tags, a file each.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
BUILTIN = sql.ROOT / "tags"


def _registry() -> TagRegistry:
    settings = load()
    migrate(settings)
    return TagRegistry(settings)


def _files(folder: Path) -> dict[str, TagDefinition]:
    try:
        return read_files(folder)
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
    files = _files(folder)
    found = [difference for difference in diff(_registry(), files) if difference.change is not Change.SAME]
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
    files = _files(folder)
    registry = _registry()
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
def _build(name: Name, version: Version, as_json: Json = False) -> None:
    """Have the controller build a version beside the live one, prove it, and switch readers to it."""
    policy = policy_of(load())
    _change(
        name, "build", as_json, lambda tag, at_ms: (lifecycle.build(tag, version, at_ms, policy), version),
        lambda tags: check_build(tags, name, version),
    )  # fmt: skip


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
