"""What is said of a tag's versions: their texts, how far one is on its way, and what depends on the tag."""

from __future__ import annotations

from typing import Any, Literal

from api.access.actor import sees_versions
from api.ports import Stores, Unavailable
from api.publishing_ports import Replay
from api.tag_life import TagLife, refusals
from api.tag_version_models import (
    HISTORY,
    CrowdImpact,
    DiffQuery,
    Done,
    Impact,
    Line,
    OpenQuery,
    OpenVersions,
    Progress,
    Version,
    VersionDiff,
    VersionList,
    VersionQuery,
    VersionSummary,
)
from api.times import Clock, iso
from tagging.compiler import compile_tag
from tagging.crowd_impact import dependents
from tagging.drafting import live_before
from tagging.lifecycle import Status, Tag, TagVersion
from tagging.parity_history import has_differed, without_values
from tagging.problems import TagProblems
from tagging.synchronise import definition_of
from tagging.text_diff import diff_lines

MOST_OPEN = 200
Phase = Literal["draft", "replay", "proof", "switch", "live", "retired", "failed"]
_PHASES: dict[Status, Phase] = {
    Status.DRAFT: "draft",
    Status.READY: "switch",
    Status.LIVE: "live",
    Status.RETIRED: "retired",
    Status.FAILED: "failed",
}


class TagWatch:
    """Answers from the registry, and from the log for a version that is being built."""

    def __init__(self, stores: Stores, life: TagLife, clock: Clock) -> None:
        self._registry = stores.registry
        self._crowds = stores.crowds
        self._jobs = stores.jobs
        self._publishing = stores.publishing
        self._life = life
        self._clock = clock

    def list(self, name: str, query: VersionQuery) -> VersionList:
        """A page of a tag's versions."""
        return self.page(self._life.listed(name), query)

    def page(self, tag: Tag, query: VersionQuery) -> VersionList:
        """A page of the versions of a tag as it is here."""
        chosen = [v for v in reversed(tag.versions) if query.before is None or v.version < query.before]
        before = live_before(tag)
        shown = chosen[: query.limit]
        return VersionList(
            tag=tag.name,
            owner=tag.owner,
            dimension=tag.dimension,
            revision=tag.revision,
            live=tag.live.version if tag.live else None,
            rollback_to=before.version if before and self._rollback_until(before) else None,
            approval_required=self._publishing.policy.approval_required,
            items=[self._version(tag, version) for version in shown],
            next=shown[-1].version if len(chosen) > len(shown) else None,
            history=[
                Done(version=entry.version, who=entry.who, what=entry.what, at=iso(entry.at_ms))
                for entry in self._publishing.versions.audit(tag.name, HISTORY)
            ],
        )

    def version(self, tag: Tag, number: int) -> Version:
        """One version."""
        return self._version(tag, tag.version(number))

    def open(self, query: OpenQuery) -> OpenVersions:
        """Versions in these states over all tags."""
        found = [
            (version, tag)
            for tag in self._publishing.versions.tags()
            for version in tag.versions
            if version.status in query.status and not version.cleaned
        ]
        found.sort(key=lambda pair: (-pair[0].changed_at_ms, pair[1].name, -pair[0].version))
        return OpenVersions(items=[VersionSummary(**self._summary(tag, version)) for version, tag in found[:MOST_OPEN]])

    def diff(self, name: str, query: DiffQuery) -> VersionDiff:
        """What differs between two versions."""
        tag = self._life.find(name)
        with refusals(name):
            older, newer = tag.version(query.older), tag.version(query.newer)
        lines = [Line(**vars(line)) for line in diff_lines(older.text, newer.text)]
        return VersionDiff(older=older.version, newer=newer.version, lines=lines)

    def progress(self, name: str, number: int) -> Progress:
        """How far a version is."""
        tag = self._life.find(name)
        with refusals(name):
            version = tag.version(number)
        replay = self._replay(tag, version) if version.status is Status.BUILDING else None
        seconds = (self._clock() - version.changed_at_ms) // 1000 if replay else None
        behind = replay.messages - replay.passed if replay else None
        # A version on a job of its own is not ready before its proof.
        proven = version.status in (Status.READY, Status.LIVE, Status.RETIRED) and version.job.startswith("tag.")
        return Progress(
            tag=name,
            version=number,
            status=version.status,
            phase=_PHASES[version.status] if replay is None else "replay" if behind else "proof",
            messages=replay.messages if replay else None,
            passed=replay.passed if replay else None,
            behind=behind,
            eta_seconds=_eta(replay, seconds),
            building_seconds=seconds,
            problem=self._problem(version.job) if replay else None,
            parity="agreed" if proven else "differs" if has_differed(version.cause) else None,
            cause=self._cause(tag, version),
        )

    def impact(self, name: str) -> Impact:
        """Which crowds depend on a tag."""
        self._life.listed(name)
        crowds = self._crowds.all()
        found = dependents(name, {crowd: saved.rule for crowd, saved in crowds.items()})
        return Impact(
            tag=name,
            crowds=[
                CrowdImpact(name=crowd, title=crowds[crowd].title, through=list(through))
                for crowd, through in found.items()
            ],
        )

    def _replay(self, tag: Tag, version: TagVersion) -> Replay:
        try:
            sources = compile_tag(definition_of(tag.name, version.version, version.text)).sources
        except TagProblems:
            # The controller will say so; no job reads anything.
            sources = frozenset()
        return self._publishing.replays.read(version.job, sorted(sources), version.changed_at_ms)

    def _problem(self, job: str) -> str | None:
        try:
            return self._jobs.problem(job)
        except Unavailable as error:
            return str(error)

    def _rollback_until(self, version: TagVersion) -> str | None:
        until_ms = version.changed_at_ms + self._publishing.policy.rollback_window_ms
        possible = version.status is Status.RETIRED and not version.cleaned and self._clock() < until_ms
        return iso(until_ms) if possible else None

    def _version(self, tag: Tag, version: TagVersion) -> Version:
        return Version(**self._summary(tag, version), text=version.text, rollback_until=self._rollback_until(version))

    def _summary(self, tag: Tag, version: TagVersion) -> dict[str, Any]:
        return {
            "tag": tag.name,
            "version": version.version,
            "status": version.status,
            "cause": self._cause(tag, version),
            "created_by": version.created_by,
            "approved_by": version.approved_by,
            "job": version.job,
            "changed_at": iso(version.changed_at_ms),
        }

    def _cause(self, tag: Tag, version: TagVersion) -> str:
        """Why a version failed. That its values are not what they should be is told with users and values."""
        if not has_differed(version.cause) or sees_versions(self._registry, [(tag.name, version.version)]):
            return version.cause
        return without_values(version.cause)


def _eta(replay: Replay | None, seconds: int | None) -> int | None:
    """At the pace so far; None before anything was passed."""
    if replay is None or not replay.passed or not seconds:
        return None
    return round((replay.messages - replay.passed) * seconds / replay.passed)
