"""Snapshots of models that learn, kept in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from stores.models.files import LARGEST_FILE_BYTES
from stores.models.snapshots import KEPT, NewSnapshot, Overtaken, Snapshot, SnapshotState
from stores.mysql import MySQLUnavailable
from tests.fakes.memory_stores import Switch


class MemorySnapshots:
    """See `stores.models.snapshots.ModelSnapshots`."""

    def __init__(self) -> None:
        self.switch = Switch(MySQLUnavailable)
        self._held: dict[str, dict[int, Snapshot]] = {}
        self._files: dict[str, bytes] = {}

    def close(self) -> None:
        pass

    def newest(self) -> Sequence[tuple[Snapshot, bytes]]:
        self.switch.use()
        newest = [self._held[model][max(self._held[model])] for model in sorted(self._held)]
        return [(each, self._files[each.sha256]) for each in newest]

    def good(self, model: str) -> Snapshot | None:
        self.switch.use()
        return next((each for each in self.listed(model, KEPT + 1) if each.state is SnapshotState.GOOD), None)

    def listed(self, model: str, limit: int = KEPT) -> Sequence[Snapshot]:
        self.switch.use()
        return [each for _, each in sorted(self._held.get(model, {}).items(), reverse=True)][:limit]

    def file(self, sha256: str) -> bytes:
        self.switch.use()
        if sha256 not in self._files:
            raise LookupError(f"there is no file {sha256}")
        return self._files[sha256]

    def save(self, snapshots: Sequence[NewSnapshot], at_ms: int) -> None:
        self.switch.use()
        taken = [each for each in snapshots if each.number in self._held.get(each.model, {})]
        if taken:
            raise Overtaken(f"another learner has written {taken[0].model} {taken[0].number}")
        for each in snapshots:
            if not 0 < len(each.content) <= LARGEST_FILE_BYTES:
                raise ValueError(
                    f"a model's file: got {len(each.content):,} bytes, allowed 1 to {LARGEST_FILE_BYTES:,}"
                )
        for each in snapshots:
            self._save(each, at_ms)

    def _save(self, new: NewSnapshot, at_ms: int) -> None:
        held = self._held.setdefault(new.model, {})
        for number, old in held.items():
            if new.withdraw_above is not None and old.examples > new.withdraw_above and old.state is SnapshotState.GOOD:
                held[number] = replace(old, state=SnapshotState.WITHDRAWN, reason=new.reason)
        sha256 = hashlib.sha256(new.content).hexdigest()
        self._files[sha256] = new.content
        held[new.number] = Snapshot(
            new.model, new.number, sha256, dict(new.offsets), new.examples, new.state, new.reason, at_ms
        )
        good = max((number for number, each in held.items() if each.state is SnapshotState.GOOD), default=0)
        for number in [number for number in held if number <= new.number - KEPT and number != good]:
            del held[number]
        named = {each.sha256 for of_model in self._held.values() for each in of_model.values()}
        self._files = {sha: content for sha, content in self._files.items() if sha in named}
