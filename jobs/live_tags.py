"""Which tag versions run in which Flink job, so that each job can be compared with batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from jobs.builtin import JOB_NAME, builtin_tags
from jobs.compiled_versions import compiled_version
from jobs.convergence import BuildFailed
from stores.registry.schema import migrate
from stores.registry.store import TagRegistry
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.lifecycle import Tag


@dataclass
class Carried:
    """job -> the versions that it carries; `problems`: what cannot be compared, and why."""

    by_job: dict[str, list[CompiledTag]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def by_name(self) -> dict[str, CompiledTag]:
        """Each tag's version, whichever job carries it."""
        return {tag.definition.name: tag for tags in self.by_job.values() for tag in tags}


def live(tags: Sequence[Tag], builtin: Sequence[CompiledTag]) -> Carried:
    """All live versions; a built-in tag that the registry does not know is carried by `tags`."""
    known = {tag.name for tag in tags}
    found = Carried()
    for compiled in builtin:
        if compiled.definition.name not in known:
            found.by_job.setdefault(JOB_NAME, []).append(compiled)
    for tag in tags:
        if tag.live is not None:
            try:
                compiled = compiled_version(tag.name, tag.live.version, tag.live.text)
            except BuildFailed as error:
                found.problems.append(str(error))
                continue
            found.by_job.setdefault(tag.live.job or JOB_NAME, []).append(compiled)
    found.by_job = dict(sorted(found.by_job.items()))
    return found


def read_live(settings: Settings) -> Carried:
    """All live versions by the configured registry. Raises MySQLUnavailable."""
    migrate(settings)
    return live(_registered(settings), builtin_tags())


def members(tags: Sequence[Tag], job: str) -> list[CompiledTag]:
    """Every version that a published job carries, whether it is live, rolled back or only built. Raises BuildFailed for a text."""
    return [
        compiled_version(tag.name, version.version, version.text)
        for tag in tags
        for version in tag.versions
        if version.job == job
    ]


def read_members(settings: Settings, job: str) -> list[CompiledTag]:
    """The same by the configured registry. Raises MySQLUnavailable."""
    return members(_registered(settings), job)


def read_jobs(settings: Settings) -> set[str]:
    """The names of the jobs that carry tags, the built-in tags' among them. Raises MySQLUnavailable."""
    return {JOB_NAME} | {version.job for tag in _registered(settings) for version in tag.versions if version.job}


def _registered(settings: Settings) -> Sequence[Tag]:
    registry = TagRegistry(settings)
    try:
        return registry.tags()
    finally:
        registry.close()


def carried_by(settings: Settings, job: str) -> Sequence[CompiledTag]:
    """Every version that a job's text has, the job of the built-in tags among them. Raises as `read_members`."""
    return builtin_tags() if job == JOB_NAME else read_members(settings, job)


def one(tags: Sequence[Tag], builtin: Sequence[CompiledTag], name: str, version: int) -> Carried:
    """One version of one tag; 0 is the live one. Raises LookupError when no job carries it, BuildFailed for its text."""
    tag = next((tag for tag in tags if tag.name == name), None)
    if tag is None:
        for compiled in builtin:
            if compiled.definition.name == name and version in (0, compiled.definition.version):
                return Carried({JOB_NAME: [compiled]})
        raise LookupError(f"there is no tag {name}" + (f" in version {version}" if version else ""))
    if not version and tag.live is None:
        raise LookupError(f"tag {name} has no live version")
    wanted = tag.version(version) if version else tag.live
    if not wanted.job:
        raise LookupError(f"version {wanted.version} of tag {name} is {wanted.status}: no job carries it")
    return Carried({wanted.job: [compiled_version(name, wanted.version, wanted.text)]})
