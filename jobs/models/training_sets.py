"""Training sets: at each moment of the past the features as of it, joined with what happened after it. Nothing else leaks in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prediction.definition import ModelDefinition
from prediction.encoder import Value
from prediction.training import CLASSES_OF_TWO, TrainingSet
from stores.features import DAY_MS, FeatureStore, Labelled
from tagging.compiler import CompiledTag
from tagging.sampling import Sample

MOST_CLASSES = 20
FEWEST_OF_A_CLASS = 150
"""Rarer values of a next_value model are one class, so that each class is also among those held out."""
OTHER = "other"


class TooLittleHistory(ValueError):
    """The log does not go back far enough. The text says how far it does, and how far is needed."""


def moments_of(definition: ModelDefinition, now_ms: int, first_event_ms: int | None) -> list[int]:
    """The moments to learn from, the oldest first: midnights (UTC), so that trainings of one day share them.

    Each has a whole horizon behind it and `active_days` of history before it. Raises TooLittleHistory for fewer than two.
    """
    training, label = definition.training, definition.label
    newest = (now_ms - label.horizon_days * DAY_MS) // DAY_MS * DAY_MS
    wanted = [newest - place * training.every_days * DAY_MS for place in range(training.moments)]
    earliest = None if first_event_ms is None else first_event_ms + training.active_days * DAY_MS
    found = sorted(moment for moment in wanted if earliest is not None and moment >= earliest)
    if len(found) < 2:
        days = 0 if first_event_ms is None else (now_ms - first_event_ms) // DAY_MS
        needed = training.active_days + label.horizon_days + training.every_days + 1
        raise TooLittleHistory(
            f"model {definition.name}: the log goes back {days} days, needed are {needed} "
            f"(active_days {training.active_days}, horizon_days {label.horizon_days}, two moments every_days "
            f"{training.every_days}); wait, or shorten them"
        )
    return found


def build(
    definition: ModelDefinition,
    tags: Mapping[str, CompiledTag],
    moments: Sequence[int],
    sample: Sample,
    store: FeatureStore,
) -> TrainingSet:
    """One row for each user who was active before a moment. A feature that the user had no value of then is none."""
    users: list[str] = []
    observed: list[int] = []
    known: list[int] = []
    labels: list[str] = []
    columns: dict[str, list[Value]] = {name: [] for name in tags}
    label = definition.label
    for moment in moments:
        found = store.labels(
            moment,
            definition.training.active_days,
            label.horizon_days,
            label.event_type or "",
            label.value_property or "",
            sample,
        )
        kept = [(each, text) for each in found if (text := label_of(definition, each)) is not None]
        for name, tag in tags.items():
            held = store.values(tag, sample, moment)
            columns[name] += [held.get(each.user_id) for each, _ in kept]
        users += [each.user_id for each, _ in kept]
        labels += [text for _, text in kept]
        observed += [moment] * len(kept)
        # What is kept of a moment was made of the log up to it: the join is by that very moment.
        known += [moment] * len(kept)
    if definition.kind == "next_value":
        labels = with_rare_as_other(labels) if definition.onnx is None else among(definition.onnx.classes, labels)
    return TrainingSet(users, observed, known, columns, labels)


def label_of(definition: ModelDefinition, found: Labelled) -> str | None:
    """A user's class; None where there is none to learn (the next value of a user for whom none came)."""
    if definition.kind == "next_value":
        return found.next_value or None
    no, yes = CLASSES_OF_TWO
    return yes if found.happened != (definition.kind == "churn") else no


def with_rare_as_other(labels: Sequence[str]) -> list[str]:
    """Classes beyond the most frequent MOST_CLASSES, and those with fewer than FEWEST_OF_A_CLASS rows, as OTHER."""
    counts: dict[str, int] = {}
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
    ranked = sorted(counts, key=lambda label: (-counts[label], label))[:MOST_CLASSES]
    kept = {label for label in ranked if counts[label] >= FEWEST_OF_A_CLASS}
    return [label if label in kept else OTHER for label in labels]


def among(classes: Sequence[str], labels: Sequence[str]) -> list[str]:
    """What a model that was made elsewhere has no class for is OTHER, where it has that."""
    return [label if label in classes or OTHER not in classes else OTHER for label in labels]
