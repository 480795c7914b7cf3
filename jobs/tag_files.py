"""Tags as files and as rows of the registry: what differs, and bringing either to what the other says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import sql
from jobs.builtin import JOB_NAME
from stores.registry.store import Entry, Tags
from tagging.binding import bound_as_registered
from tagging.compiler import compile_tag
from tagging.definition import TagDefinition, parse_definition
from tagging.lifecycle import Tag
from tagging.synchronise import Change, Difference, applied, differences, wanted

BUILTIN = sql.ROOT / "tags"
WRITTEN = (Change.ADOPT, Change.NEW_TAG, Change.NEW_VERSION)


def read_files(folder: Path, tags: Sequence[Tag] = ()) -> dict[str, TagDefinition]:
    """The tags of a folder's *.sql, compiled so that nothing is registered that cannot run. `tags`: those that they may read.

    Raises TagProblems with the first file's problems, FileNotFoundError, and ValueError for a tag that is in two files.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"tags are read from {folder}, and there is no such folder")
    found: dict[str, TagDefinition] = {}
    for path in sorted(folder.glob("*.sql")):
        definition = bound_as_registered(parse_definition(path.read_text(encoding="utf-8"), str(path)), tags)
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
