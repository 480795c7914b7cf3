"""One training from beginning to end: features as of the past, labels, the fit, and the version in the registry."""

from __future__ import annotations

import platform
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as library_version
from typing import Any

from jobs.models import features, training_sets
from jobs.models.features import Recompute
from prediction.definition import ModelDefinition
from prediction.training import TrainingSet, require_made_here, train
from stores.features import FeatureStore, checksum
from stores.models.registry import Models, ModelVersion
from tagging.compiler import CompiledTag
from tagging.sampling import Sample, sample_of

LIBRARIES = ("numpy", "scikit-learn", "scipy", "xgboost-cpu")


@dataclass(frozen=True)
class Taken:
    """A training set, and what it was made of."""

    rows: TrainingSet
    lineage: Mapping[str, Any]


@dataclass(frozen=True)
class Trainer:
    """Trains models. `recomputing`: how the features of a sample of the users are taken back to the past."""

    models: Models
    store: FeatureStore
    recomputing: Callable[[Sample], Recompute]
    users: int

    def train(
        self,
        definition: ModelDefinition,
        text: str,
        tags: Mapping[str, CompiledTag],
        tick_ms: int,
        who: str,
        now_ms: int,
    ) -> Iterator[str | ModelVersion]:
        """Lines of progress, then the version that was made. `tick_ms`: the newest tick, which is "now" for the log.

        Raises TooLittleHistory, TrainingProblem, BadValue, and what the stores raise.
        """
        require_made_here(definition)
        taken = yield from self.take(definition, tags, tick_ms, now_ms)
        trained = train(definition, features.features_of(tags), taken.rows)
        lineage = {**trained.lineage, **taken.lineage, **libraries(LIBRARIES)}
        self.models.define(definition.name, text, who, now_ms)
        yield self.models.add(definition.name, trained.pipeline.to_bytes(), trained.metrics, lineage, who, now_ms)

    def take(
        self, definition: ModelDefinition, tags: Mapping[str, CompiledTag], tick_ms: int, now_ms: int
    ) -> Generator[str, None, Taken]:
        """Lines of progress; returns the training set: features as of its moments, recomputed where they are not kept yet.

        Raises TooLittleHistory, and what the stores raise.
        """
        moments = training_sets.moments_of(definition, tick_ms, self.store.first_event_ms())
        sample = sample_of(self.users, definition.training.most_users)
        chosen = list(tags.values())
        yield from features.ensure(chosen, moments, sample, self.store, self.recomputing(sample), now_ms)
        rows = training_sets.build(definition, tags, moments, sample, self.store)
        yield f"{len(rows.users):,} rows of {len(set(rows.users)):,} users at {len(moments)} moments"
        checksums = {name: checksum(tag) for name, tag in tags.items()}
        return Taken(rows, {"checksums": checksums, "sample": sample.share, "tick_ms": tick_ms})


def libraries(names: Sequence[str]) -> Mapping[str, Any]:
    """The part of a lineage that says by what a version was made."""
    return {"python": platform.python_version(), "libraries": {name: library_version(name) for name in names}}
