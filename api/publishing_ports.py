"""What the API asks of the stores to publish tags: versions, previews, and how far a version's job has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from stores.registry.previews import Previews
from stores.registry.store import Tags
from tagging.lifecycle import Policy


@dataclass(frozen=True)
class Replay:
    """How far a job has come: messages up to the cut, and how many of them lie behind its newest checkpoint."""

    messages: int
    passed: int


class Replays(Protocol):
    """Jobs that read the log from its beginning (Kafka)."""

    def read(self, job: str, sources: Sequence[str], cut_at_ms: int) -> Replay:
        """Of a job that reads these sources, up to the end that the log had at `cut_at_ms`."""


@dataclass(frozen=True)
class Publishing:
    """What a tag's versions are changed and watched by. Both stores raise `Unavailable` here, as all others do."""

    versions: Tags
    previews: Previews
    replays: Replays
    policy: Policy
