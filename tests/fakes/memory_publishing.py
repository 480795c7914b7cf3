"""What the API publishes tags by, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from api.live.publishing import AnsweringPreviews, AnsweringTags
from api.publishing_ports import Publishing, Replay
from stores.mysql import MySQLUnavailable
from stores.registry.previews import Preview
from tagging.lifecycle import Policy, Tag
from tests.fakes.memory_previews import MemoryPreviews
from tests.fakes.memory_registry import MemoryRegistry

AWAY = MySQLUnavailable("mysql at 127.0.0.1:3306: connection refused")


class BreakableRegistry(MemoryRegistry):
    """A registry that can be away, and in which somebody else may write after a tag was read (`meanwhile`, once)."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.meanwhile: Callable[[Tag], object] | None = None

    def tags(self) -> Sequence[Tag]:
        if self.away:
            raise AWAY
        return super().tags()

    def tag(self, name: str) -> Tag | None:
        if self.away:
            raise AWAY
        found = super().tag(name)
        meanwhile, self.meanwhile = self.meanwhile, None
        if found and meanwhile:
            meanwhile(found)
        return found


class BreakablePreviews(MemoryPreviews):
    """Previews whose table can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False

    def ask(self, preview: Preview) -> Preview:
        if self.away:
            raise AWAY
        return super().ask(preview)

    def read(self, id: str) -> Preview | None:
        if self.away:
            raise AWAY
        return super().read(id)


class MemoryReplays:
    """Every job has come as far as it is said to; `asked` is what was asked for."""

    def __init__(self) -> None:
        self.answer = Replay(0, 0)
        self.asked: list[tuple[str, tuple[str, ...], int]] = []

    def read(self, job: str, sources: Sequence[str], cut_at_ms: int) -> Replay:
        self.asked.append((job, tuple(sources), cut_at_ms))
        return self.answer


@dataclass
class MemoryPublishing:
    """Each part within a test's reach; `port` is what the application takes."""

    versions: BreakableRegistry = field(default_factory=BreakableRegistry)
    previews: BreakablePreviews = field(default_factory=BreakablePreviews)
    replays: MemoryReplays = field(default_factory=MemoryReplays)
    policy: Policy = field(default_factory=Policy)

    def port(self) -> Publishing:
        return Publishing(AnsweringTags(self.versions), AnsweringPreviews(self.previews), self.replays, self.policy)
