"""Which tag versions run in which Flink job, so that each job can be compared with batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobs.builtin import JOB_NAME
from jobs.tag_jobs import compiled_version
from tagging.compiler import CompiledTag
from tagging.lifecycle import Tag


def live_by_job(tags: Sequence[Tag], builtin: Sequence[CompiledTag]) -> Mapping[str, Sequence[CompiledTag]]:
    """job -> the live versions that it carries; a built-in tag that the registry does not know is carried by `tags`.

    Raises BuildFailed for a text that does not compile.
    """
    known = {tag.name for tag in tags}
    found: dict[str, list[CompiledTag]] = {}
    for compiled in builtin:
        if compiled.definition.name not in known:
            found.setdefault(JOB_NAME, []).append(compiled)
    for tag in tags:
        if tag.live is not None:
            compiled = compiled_version(tag.name, tag.live.version, tag.live.text)
            found.setdefault(tag.live.job or JOB_NAME, []).append(compiled)
    return dict(sorted(found.items()))


def one_by_job(
    tags: Sequence[Tag], builtin: Sequence[CompiledTag], name: str, version: int
) -> Mapping[str, Sequence[CompiledTag]]:
    """The same for one version of one tag; 0 is the live one. Raises LookupError, and as `live_by_job`."""
    tag = next((tag for tag in tags if tag.name == name), None)
    if tag is None or not version:
        for job, carried in live_by_job(tags, builtin).items():
            for compiled in carried:
                if compiled.definition.name == name and version in (0, compiled.definition.version):
                    return {job: [compiled]}
        raise LookupError(
            f"tag {name} has no live version" if tag else f"there is no tag {name} version {version or 'live'}"
        )
    wanted = tag.version(version)
    if not wanted.job:
        raise LookupError(f"version {version} of tag {name} is {wanted.status}: no job carries it")
    return {wanted.job: [compiled_version(name, version, wanted.text)]}
