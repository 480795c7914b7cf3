"""Tags' versions and previews from MySQL, with failures as the API's ports name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.live.mysql import answering
from stores.registry.previews import Preview, Previews
from stores.registry.requests import Asked
from stores.registry.store import Entry, Pointer, Tags
from tagging.lifecycle import Tag


class AnsweringTags:
    """See `stores.registry.store.Tags`; raises Unavailable."""

    def __init__(self, registry: Tags) -> None:
        self._registry = registry

    def tags(self) -> Sequence[Tag]:
        """See `Tags`."""
        with answering():
            return self._registry.tags()

    def tag(self, name: str) -> Tag | None:
        """See `Tags`."""
        with answering():
            return self._registry.tag(name)

    def pointers(self) -> Sequence[Pointer]:
        """See `Tags`."""
        with answering():
            return self._registry.pointers()

    def save(self, tag: Tag, entries: Sequence[Entry], asked: Asked | None = None) -> Tag:
        """See `Tags`."""
        with answering():
            return self._registry.save(tag, entries, asked)

    def asked(self, who: str, key: str) -> Asked | None:
        """See `Tags`."""
        with answering():
            return self._registry.asked(who, key)

    def audit(self, tag: str, limit: int = 100) -> Sequence[Entry]:
        """See `Tags`."""
        with answering():
            return self._registry.audit(tag, limit)


class AnsweringPreviews:
    """See `stores.registry.previews.Previews`; raises Unavailable."""

    def __init__(self, table: Previews) -> None:
        self._table = table

    def ask(self, preview: Preview) -> Preview:
        """See `Previews`."""
        with answering():
            return self._table.ask(preview)

    def read(self, id: str) -> Preview | None:
        """See `Previews`."""
        with answering():
            return self._table.read(id)

    def take(self, at_ms: int, stale_ms: int) -> Preview | None:
        """See `Previews`."""
        with answering():
            return self._table.take(at_ms, stale_ms)

    def finish(self, preview: Preview, at_ms: int, result: Mapping[str, Any] | None, cause: str = "") -> bool:
        """See `Previews`."""
        with answering():
            return self._table.finish(preview, at_ms, result, cause)

    def forget(self, before_ms: int) -> int:
        """See `Previews`."""
        with answering():
            return self._table.forget(before_ms)
