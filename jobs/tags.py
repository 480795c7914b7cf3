"""Files of tags and the registry: apply, export, diff. Run by `python -m jobs.tags`."""

from __future__ import annotations

import difflib
import getpass
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

import sql
from jobs.builtin import JOB_NAME
from stores.registry.schema import migrate
from stores.registry.store import Entry, TagRegistry, Tags
from stores.settings import load
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition, parse_definition
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


if __name__ == "__main__":
    app()
