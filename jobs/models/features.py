"""Which tag versions a model's features are, and what they were as of moments of the past: batch runs over the log, kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import orjson

from jobs import barrier as barriers
from jobs.live_tags import Carried
from jobs.mode import Mode
from jobs.pipeline import submit
from jobs.preview_tags import sampled
from jobs.statements import Job
from prediction.definition import Feature, ModelDefinition
from stores.features import FeatureStore
from stores.flink import FlinkCluster
from stores.kafka_results import read_all, result_topic
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.sampling import Sample

RUN_SECONDS = 1_800

Recompute = Callable[[Sequence[CompiledTag], int], Iterator[tuple[str, str, object]]]
"""(tags, moment in epoch ms) -> (tag, user_id, value) of every user who had one then."""


class UnusableFeature(ValueError):
    """A feature that a model cannot be trained on. The text names it, the reason and what to do."""


def resolve(definition: ModelDefinition, carried: Carried) -> Mapping[str, CompiledTag]:
    """feature -> its tag's live version. Raises UnusableFeature naming every one that has none, or that reads other tags."""
    live = carried.by_name
    missing = [name for name in definition.features if name not in live]
    if missing:
        raise UnusableFeature(
            f"model {definition.name}: no live version of {', '.join(missing)}; publish it, or leave it out of `features`"
        )
    reading = [name for name in definition.features if live[name].definition.reads]
    if reading:
        raise UnusableFeature(
            f"model {definition.name}: {', '.join(reading)} reads other tags, whose past values no log has; "
            "name the tags that it reads instead"
        )
    return {name: live[name] for name in definition.features}


def features_of(tags: Mapping[str, CompiledTag]) -> tuple[Feature, ...]:
    """The tag versions as a model's inputs, in order of the mapping."""
    return tuple(Feature(name, tag.definition.version, tag.definition.value_type) for name, tag in tags.items())


def ensure(
    tags: Sequence[CompiledTag],
    moments: Sequence[int],
    sample: Sample,
    store: FeatureStore,
    recompute: Recompute,
    now_ms: int,
) -> Iterator[str]:
    """Recompute what is not kept yet: one run a moment. Yields a line of progress a run."""
    kept = {tag.definition.name: store.moments(tag, sample) for tag in tags}
    for number, moment in enumerate(moments, 1):
        missing = [tag for tag in tags if moment not in kept[tag.definition.name]]
        if not missing:
            continue
        values: dict[str, list[tuple[str, object]]] = {tag.definition.name: [] for tag in missing}
        for tag, user_id, value in recompute(missing, moment):
            values[tag].append((user_id, value))
        for tag in missing:
            store.keep(tag, sample, moment, values[tag.definition.name], now_ms)
        rows = sum(map(len, values.values()))
        yield f"moment {number} of {len(moments)}: {rows:,} values of {len(missing)} tags"


def recomputing(sample: Sample, settings: Settings) -> Recompute:
    """Batch runs on the configured cluster, of the sampled users alone."""

    def recompute(tags: Sequence[CompiledTag], as_of_ms: int) -> Iterator[tuple[str, str, object]]:
        barrier = barriers.take(sorted({source for tag in tags for source in tag.sources}), settings)
        of_sample = [sampled(tag, sample) for tag in tags]
        with result_topic(settings, "features") as topic:
            job = Job("features", of_sample, Mode.BATCH, barrier.ends, topic, as_of_ms)
            FlinkCluster(settings.flink.for_batch()).await_state(submit(job, settings), "FINISHED", RUN_SECONDS)
            for message in read_all(settings, topic):
                row = orjson.loads(message)
                yield row["tag"], row["user_id"], row["value"]

    return recompute
