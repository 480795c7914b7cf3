"""The life of a tag's versions: draft, building, ready, live, retired, or failed with a cause. Time is a parameter."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum

MOST_VERSIONS = 1_000
LONGEST_TEXT = 60_000
LONGEST_CAUSE = 1_000
STILL_READ_MS = 20 * 60 * 1000
"""Longer than the longest request, such as an export of a crowd, reads on in the version that it began with."""


class Status(StrEnum):
    """Where a version stands. A retired one may go live again until the rollback window has passed and it is cleaned."""

    DRAFT = "draft"
    BUILDING = "building"
    READY = "ready"
    LIVE = "live"
    RETIRED = "retired"
    FAILED = "failed"


class Refused(ValueError):
    """A transition that is not allowed: what, where, what it got, what is allowed."""

    def __init__(self, what: str, where: str, got: str, allowed: str) -> None:
        self.what, self.where, self.got, self.allowed = what, where, got, allowed
        super().__init__(f"{what} {where}: it is {got}; allowed: {allowed}")


class Red(Refused):
    """A version whose newest parity run found a difference may not become the one that readers see."""


@dataclass(frozen=True)
class Policy:
    """What must be true before a version is built, for how long an old one is kept for rollback, and how many live versions
    may have a job of their own before they move into a shared one.
    """

    approval_required: bool = False
    rollback_window_ms: int = 24 * 60 * 60 * 1000
    most_own_jobs: int = 3


@dataclass(frozen=True)
class TagVersion:
    """One version: its text never changes. `job`: the Flink job that carries it, "" when none does any more.

    `changed_at_ms`: when the status changed. `cleaned`: given up for good, and removed once it has no job.
    """

    version: int
    text: str
    created_by: str
    changed_at_ms: int
    status: Status = Status.DRAFT
    cause: str = ""
    approved_by: str = ""
    job: str = ""
    cleaned: bool = False

    @property
    def checksum(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Tag:
    """A tag with its versions in order. `revision` counts the writes; 0 is a tag that was never written."""

    name: str
    owner: str
    dimension: str
    versions: tuple[TagVersion, ...] = field(default=())
    revision: int = 0

    @property
    def live(self) -> TagVersion | None:
        """The version that readers see; there is at most one."""
        return next((version for version in self.versions if version.status is Status.LIVE), None)

    def version(self, number: int) -> TagVersion:
        """Raises LookupError naming the versions that there are."""
        for version in self.versions:
            if version.version == number:
                return version
        there = ", ".join(str(version.version) for version in self.versions) or "none"
        raise LookupError(f"tag {self.name} has no version {number}; there are: {there}")


def shadow_job(tag: str, version: int) -> str:
    """The name of the Flink job that carries this version alone: by it a job is found again after a crash."""
    return f"tag.{tag}.v{version}"


def shared_job(number: int) -> str:
    """The name of a Flink job that carries several tags' versions. Its number is never used again."""
    return f"shared.v{number}"


def shared_number(job: str) -> int | None:
    """The number of a shared job, or None for any other."""
    found = re.fullmatch(r"shared\.v([1-9][0-9]*)", job)
    return int(found[1]) if found else None


def is_controlled(job: str) -> bool:
    """Whether the controller starts the job while a version needs it, and ends it when none does."""
    return shared_number(job) is not None or re.fullmatch(r"tag\..+\.v[1-9][0-9]*", job) is not None


def add(tag: Tag, text: str, who: str, at_ms: int) -> Tag:
    """A new draft with the next number."""
    where = f"of tag {tag.name}"
    if len(tag.versions) >= MOST_VERSIONS:
        raise Refused("another version", where, f"at {len(tag.versions)} versions", f"at most {MOST_VERSIONS}")
    if len(text.encode()) > LONGEST_TEXT:
        raise Refused("the text", where, f"{len(text.encode())} bytes long", f"at most {LONGEST_TEXT}")
    number = max((version.version for version in tag.versions), default=0) + 1
    return replace(tag, versions=(*tag.versions, TagVersion(number, text, who, at_ms)))


def approve(tag: Tag, number: int, who: str) -> Tag:
    """Let a draft be published. Nobody approves what they wrote."""
    version = _in(tag, number, "approve", {Status.DRAFT})
    if who == version.created_by:
        raise Refused("approve", _where(tag, number), f"approved by its author {who}", "anybody else")
    return _put(tag, replace(version, approved_by=who))


def build(tag: Tag, number: int, at_ms: int, policy: Policy) -> Tag:
    """Ask for a version to be built, checked and switched to; a failed one is tried again.

    An older version that is on its way there fails: only the newest goes live, however fast they follow each other.
    """
    version = _in(tag, number, "build", {Status.DRAFT, Status.FAILED})
    if version.cleaned:
        # Its offsets would begin anew, and HBase's marks of the removed cells would hide what is written under them.
        raise Refused("build", _where(tag, number), "removed after it failed", "a new version of the same text")
    if policy.approval_required and not version.approved_by:
        raise Refused(
            "build", _where(tag, number), "not approved", f"after approval by anybody but {version.created_by}"
        )
    for other in tag.versions:
        if other.status not in (Status.BUILDING, Status.READY):
            continue
        if other.version > number:
            got = f"older than version {other.version} ({other.status})"
            raise Refused("build", _where(tag, number), got, "the newest, or when that one is live or failed")
        tag = fail(tag, other.version, f"superseded by version {number}", at_ms)
    job = shadow_job(tag.name, number)
    return _put(tag, replace(version, status=Status.BUILDING, cause="", job=job, changed_at_ms=at_ms))


def admit(tag: Tag, number: int, at_ms: int, policy: Policy) -> Tag:
    """Take up a version that somebody wrote straight into the registry as under way: it is built like any other."""
    version = _in(tag, number, "admit", {Status.BUILDING, Status.READY})
    if version.job:
        raise Refused("admit", _where(tag, number), f"carried by {version.job} already", "once")
    return build(_put(tag, replace(version, status=Status.DRAFT)), number, at_ms, policy)


def move(tag: Tag, job: str, who: str, at_ms: int) -> Tag:
    """Build the live version's text once more, as the next version, in a shared job: the live one stays until that is proven."""
    live = tag.live
    if live is None:
        raise Refused("move", f"of tag {tag.name}", "not live", "a tag that readers see")
    tag = add(tag, live.text, who, at_ms)
    number = tag.versions[-1].version
    tag = build(_put(tag, replace(tag.versions[-1], approved_by=live.approved_by or who)), number, at_ms, Policy())
    return _put(tag, replace(tag.version(number), job=job))


def ready(tag: Tag, number: int, at_ms: int) -> Tag:
    """The version has caught up, and stream and batch agree."""
    version = _in(tag, number, "make ready", {Status.BUILDING})
    return _put(tag, replace(version, status=Status.READY, changed_at_ms=at_ms))


def fail(tag: Tag, number: int, cause: str, at_ms: int) -> Tag:
    """The version cannot go live; the cause is kept. A draft fails when its text is none that a tag can have."""
    version = _in(tag, number, "fail", {Status.DRAFT, Status.BUILDING, Status.READY})
    if not cause:
        raise Refused("fail", _where(tag, number), "without a cause", "a cause in words")
    return _put(tag, replace(version, status=Status.FAILED, cause=cause[:LONGEST_CAUSE], changed_at_ms=at_ms))


def switch(tag: Tag, number: int, at_ms: int) -> Tag:
    """Readers see this version from now on; the one before is retired and kept for rollback."""
    return _go_live(tag, _in(tag, number, "switch to", {Status.READY}), at_ms)


def roll_back(tag: Tag, number: int, at_ms: int, policy: Policy) -> Tag:
    """Readers see a retired version again, whose job still runs."""
    version = _in(tag, number, "roll back to", {Status.RETIRED})
    window_ms = _window_ms(tag, version, policy)
    if version.cleaned or at_ms - version.changed_at_ms >= window_ms:
        seconds = (at_ms - version.changed_at_ms) // 1000
        allowed = f"within {window_ms // 1000} s and before it is cleaned"
        raise Refused("roll back to", _where(tag, number), f"retired {seconds} s ago", allowed)
    return _go_live(tag, version, at_ms)


def retire(tag: Tag, number: int, at_ms: int) -> Tag:
    """Readers no longer see the tag."""
    version = _in(tag, number, "retire", {Status.LIVE})
    return _put(tag, replace(version, status=Status.RETIRED, changed_at_ms=at_ms))


def clean(tag: Tag, number: int, at_ms: int, policy: Policy) -> Tag:
    """Give the version up, before anything of it is removed: from now on nobody can roll back to it, nor build it again."""
    version = _in(tag, number, "clean", {Status.RETIRED, Status.FAILED})
    if not to_clean(tag, version, at_ms, policy):
        got = "cleaned already" if version.cleaned else "within its rollback window"
        allowed = f"once, {_window_ms(tag, version, policy) // 1000} s after it ended"
        raise Refused("clean", _where(tag, number), got, allowed)
    return _put(tag, replace(version, cleaned=True))


def removed(tag: Tag, number: int) -> Tag:
    """Note that no job carries the version any more, and no topic or store holds it."""
    version = _in(tag, number, "remove", {Status.RETIRED, Status.FAILED})
    if not version.cleaned or not version.job:
        got = "removed already" if version.cleaned else "not given up"
        raise Refused("remove", _where(tag, number), got, "once, after it was cleaned")
    return _put(tag, replace(version, job=""))


def to_clean(tag: Tag, version: TagVersion, at_ms: int, policy: Policy) -> bool:
    """Whether the version is to be given up: a failed one too stays as long as a rollback may take, to be looked at."""
    ended = version.status in (Status.RETIRED, Status.FAILED)
    return ended and not version.cleaned and at_ms - version.changed_at_ms >= _window_ms(tag, version, policy)


def adopt(tag: Tag, number: int, text: str, who: str, at_ms: int, job: str) -> Tag:
    """Take a version that a job carries already as the tag's first and live one."""
    if tag.versions:
        raise Refused("adopt", _where(tag, number), f"known in {len(tag.versions)} versions", "a tag without versions")
    return replace(tag, versions=(TagVersion(number, text, who, at_ms, Status.LIVE, job=job),))


def _window_ms(tag: Tag, version: TagVersion, policy: Policy) -> int:
    """Nobody goes back to a version that says what the live one says: it stays for those who are reading it, no longer."""
    same = tag.live is not None and tag.live.version != version.version and tag.live.text == version.text
    return min(policy.rollback_window_ms, STILL_READ_MS) if same else policy.rollback_window_ms


def _go_live(tag: Tag, version: TagVersion, at_ms: int) -> Tag:
    if tag.live:
        tag = retire(tag, tag.live.version, at_ms)
    return _put(tag, replace(version, status=Status.LIVE, changed_at_ms=at_ms))


def _in(tag: Tag, number: int, what: str, allowed: Collection[Status]) -> TagVersion:
    version = tag.version(number)
    if version.status not in allowed:
        raise Refused(what, _where(tag, number), version.status, " or ".join(sorted(allowed)))
    return version


def _where(tag: Tag, number: int) -> str:
    return f"version {number} of tag {tag.name}"


def _put(tag: Tag, version: TagVersion) -> Tag:
    return replace(tag, versions=tuple(version if old.version == version.version else old for old in tag.versions))
