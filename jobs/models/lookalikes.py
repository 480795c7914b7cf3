"""Lookalike models: learned from who is in a crowd now, by what all other tags say of people now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from jobs.live_tags import Carried
from jobs.models.features import UnusableFeature, features_of
from jobs.models.training import LIBRARIES, libraries
from prediction.definition import ModelDefinition
from prediction.lookalike import require_enough, train_lookalike
from prediction.lookalike_features import tells
from prediction.pipeline import columns_of
from prediction.training import CLASSES_OF_TWO, TrainingSet
from stores.features import checksum
from stores.lookalikes import People
from stores.models.registry import Models, ModelVersion
from tagging.bound_rules import BoundRule
from tagging.compiler import CompiledTag


class Reader(Protocol):
    """Where people come from; `stores.lookalikes.LookalikePeople` is the real one."""

    def read(self, seed: BoundRule, tags: Mapping[str, int], most_of_each: int) -> People: ...


def resolve(definition: ModelDefinition, seed: BoundRule, carried: Carried) -> Mapping[str, CompiledTag]:
    """feature -> its tag's live version.

    Raises UnusableFeature naming every one that has none, that the crowd's rule asks for, or that tells a model's score:
    by those a model would only find the rule again, or what it said before. Tags that read such tags are no better.
    """
    live = carried.by_name
    missing = [name for name in definition.features if name not in live]
    if missing:
        raise UnusableFeature(
            f"model {definition.name}: no live version of {', '.join(missing)}; publish it, or leave it out of `features`"
        )
    telling = [name for name in definition.features if tells(name, frozenset(seed.versions), live)]
    if telling:
        raise UnusableFeature(
            f"model {definition.name}: {', '.join(telling)} is what the crowd {definition.label.crowd} is made of, or a model's "
            "score: it would only find its own rule again; leave it out of `features`"
        )
    return {name: live[name] for name in definition.features}


@dataclass(frozen=True)
class LookalikeTrainer:
    """Trains lookalike models. `rule_of`: a saved crowd's present rule; `live`: the live tags as they are when it is asked."""

    models: Models
    people: Reader
    rule_of: Callable[[str], BoundRule]
    live: Callable[[], Carried]

    def train(self, definition: ModelDefinition, text: str, who: str, now_ms: int) -> Iterator[str | ModelVersion]:
        """Lines of progress, then the version that was made.

        Raises TrainingProblem for a crowd that is too small, or that the tags do not tell from others; UnusableFeature,
        BadValue, what `rule_of` raises, and what the stores raise.
        """
        seed = self.rule_of(str(definition.label.crowd))
        tags = resolve(definition, seed, self.live())
        features = features_of(tags)
        versions = {feature.tag: feature.version for feature in features}
        people = self.people.read(seed, versions, definition.training.most_users // 2)
        require_enough(str(definition.label.crowd), people.seeds, people.others)
        sampled = people.sampled
        yield (
            f"{sum(each.is_seed for each in sampled):,} of {people.seeds:,} users of {definition.label.crowd}, "
            f"{sum(not each.is_seed for each in sampled):,} of {people.others:,} others"
        )
        no, yes = CLASSES_OF_TWO
        rows = TrainingSet(
            [each.user_id for each in sampled],
            [now_ms] * len(sampled),
            [now_ms] * len(sampled),
            columns_of(features, [dict(each.features) for each in sampled]),
            [yes if each.is_seed else no for each in sampled],
        )
        trained = train_lookalike(definition, features, rows, people.seeds, people.others)
        lineage = {
            **trained.lineage,
            "crowd": definition.label.crowd,
            "rule": seed.text(),
            "generation": people.generation,
            "checksums": {name: checksum(tag) for name, tag in tags.items()},
            **libraries(LIBRARIES),
        }
        self.models.define(definition.name, text, who, now_ms)
        yield self.models.add(definition.name, trained.pipeline.to_bytes(), trained.metrics, lineage, who, now_ms)
