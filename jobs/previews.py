"""Answers previews that the API asked for: a thread of the controller's process, beside its rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.compiled_versions import compiled_version
from stores import logs
from stores.causes import cause_of
from stores.mysql import MySQLUnavailable
from stores.registry.previews import Preview, Previews
from stores.registry.store import Tags
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.definition import parse_definition

KEPT_MS = 60 * 60 * 1000
PLANNING_MS = 5 * 60 * 1000
log = logs.get("jobs.previews")

Run = Callable[[CompiledTag, CompiledTag | None], Mapping[str, Any]]


@dataclass(frozen=True)
class PreviewWorker:
    """Takes previews one after the other. Several workers share them."""

    previews: Previews
    registry: Tags
    run: Run
    now_ms: Callable[[], int]
    stale_ms: int
    """After this a preview that another worker took is taken again: that one has died."""

    def step(self) -> bool:
        """Forget what is old, and answer the oldest that waits. False when none does. Raises MySQLUnavailable."""
        self.previews.forget(self.now_ms() - KEPT_MS)
        taken = self.previews.take(self.now_ms(), self.stale_ms)
        if taken is None:
            return False
        try:
            result, cause = self._result(taken), ""
        except MySQLUnavailable:
            raise
        except Exception as error:
            # Whatever it is: a person waits for it, so nothing is tried twice, and the next preview is not lost for it.
            result, cause = None, cause_of(error)
        self.previews.finish(taken, self.now_ms(), result, cause)
        log.info("preview", id=taken.id, cause=cause, seconds=result and result["seconds"])
        return True

    def _result(self, taken: Preview) -> Mapping[str, Any]:
        name = parse_definition(taken.text).name
        tag = self.registry.tag(name)
        live = tag.live if tag else None
        draft = compiled_version(name, 1, taken.text)
        return self.run(draft, compiled_version(name, live.version, live.text) if live else None)


def stale_ms(settings: Settings) -> int:
    """How long a worker that lives may take: its run, and before that the planning and after it the reading."""
    return int(settings.publishing.preview_seconds * 1000) + PLANNING_MS
