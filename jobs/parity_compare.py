"""A full comparison that looks at single users only where a digest of many says that some differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.parity_sides import Batch, Held
from tagging.compiler import CompiledTag
from tagging.parity import Outcome, TagParity, compare
from tagging.parity_buckets import Digests, differing


@dataclass(frozen=True)
class Comparison:
    """A store's outcome by tag, and how many buckets of users had to be looked into."""

    outcomes: Sequence[TagParity]
    buckets_opened: int


def compare_store(
    tags: Sequence[CompiledTag], batch: Batch, recomputed: Mapping[str, Digests], store: Held, barrier_at_ms: int
) -> Comparison:
    """Compare every user of these tags. `recomputed`: the batch run's own digests."""
    held = store.digests(tags)
    opened = {
        tag.definition.name: differing(recomputed.get(tag.definition.name, {}), held[tag.definition.name])
        for tag in tags
    }
    wanted = batch.values(opened)
    stored = store.values(tags, opened)
    found = []
    for tag in tags:
        name = tag.definition.name
        parity = compare(name, store.name, wanted.get(name, {}), stored.get(name, {}), barrier_at_ms)
        parity.version = tag.definition.version
        digests = recomputed.get(name, {}).items()
        parity.counts[Outcome.EQUAL] += sum(digest.users for bucket, digest in digests if bucket not in opened[name])
        found.append(parity)
    return Comparison(found, sum(map(len, opened.values())))
