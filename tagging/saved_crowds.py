"""A crowd that was saved under a name, and why a change to it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_CROWDS = 1_000


@dataclass(frozen=True)
class CrowdText:
    """What a person writes: a name for programs, a title for people, the rule as JSON; and the rule's fingerprint.

    `owner` is who saved it first; a change by somebody else leaves it.
    """

    name: str
    title: str
    rule: dict[str, Any]
    fingerprint: str
    owner: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class SavedCrowd(CrowdText):
    """A crowd as it is kept. `revision` counts its changes from 1."""

    revision: int
    created_at_ms: int
    updated_at_ms: int


Check = Callable[[Mapping[str, SavedCrowd]], None]
"""Looks at all crowds while nobody else can change them; raises what stands against the change."""


class CrowdExists(Exception):
    """There is a crowd of this name already."""


class CrowdMissing(Exception):
    """There is no crowd of this name."""


class CrowdChanged(Exception):
    """The crowd is no longer what the writer read. `revision` is the present one."""

    def __init__(self, revision: int) -> None:
        super().__init__(f"the crowd is at revision {revision}")
        self.revision = revision


class TooManyCrowds(Exception):
    """There is no room for another crowd."""


def admit(crowds: Mapping[str, SavedCrowd], name: str, revision: int | None) -> None:
    """Whether a writer that read `revision` (None: no such crowd) may write. Raises the reason why not."""
    if revision is None:
        if name in crowds:
            raise CrowdExists(name)
        if len(crowds) >= MAX_CROWDS:
            raise TooManyCrowds(name)
    elif name not in crowds:
        raise CrowdMissing(name)
    elif crowds[name].revision != revision:
        raise CrowdChanged(crowds[name].revision)
