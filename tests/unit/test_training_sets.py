"""Training sets: which moments, whose rows, which labels."""

from __future__ import annotations

import pytest

from jobs.builtin import builtin_tags
from jobs.models import features, training_sets
from jobs.models.training_sets import OTHER, TooLittleHistory, moments_of
from prediction.definition import Label, ModelDefinition, Training
from stores.features import DAY_MS, Labelled
from tagging.sampling import sample_of

NOW_MS = 20_000 * DAY_MS + 5 * 60 * 60 * 1000
EVERYONE = sample_of(10)


def definition(kind="conversion", label=None, **training) -> ModelDefinition:
    return ModelDefinition(
        name="m",
        title="t",
        description="d",
        owner="o",
        kind=kind,
        label=label or Label(horizon_days=7, event_type="pay"),
        features=("views_7d", "last_seen"),
        training=Training(**training),
    )


class MemoryFeatures:
    """What `FeatureStore` is asked for: values by (tag, moment), labels by moment."""

    def __init__(self, values=None, labels=None):
        self.held = values or {}
        self.label_rows = labels or {}
        self.asked = []

    def moments(self, tag, sample):
        return frozenset(moment for name, moment in self.held if name == tag.definition.name)

    def keep(self, tag, sample, as_of_ms, values, taken_at_ms):
        self.held[tag.definition.name, as_of_ms] = dict(values)
        return len(self.held[tag.definition.name, as_of_ms])

    def values(self, tag, sample, as_of_ms):
        return self.held[tag.definition.name, as_of_ms]

    def labels(self, at_ms, active_days, horizon_days, event_type, value_property, sample):
        self.asked.append((at_ms, active_days, horizon_days, event_type, value_property))
        return self.label_rows[at_ms]


def tags():
    return {tag.definition.name: tag for tag in builtin_tags("last_seen", "views_7d")}


def test_each_moment_is_a_midnight_with_its_whole_horizon_behind_it_and_history_before_it():
    found = moments_of(definition(moments=4, every_days=7), NOW_MS, NOW_MS - 200 * DAY_MS)
    assert found == [(19_993 - days) * DAY_MS for days in (21, 14, 7, 0)]
    assert all(moment + 7 * DAY_MS <= NOW_MS for moment in found)
    short = moments_of(definition(moments=4, every_days=7), NOW_MS, (19_993 - 14 - 30) * DAY_MS)
    assert short == found[1:]


@pytest.mark.parametrize("first_ms", [None, NOW_MS - 40 * DAY_MS])
def test_a_log_that_does_not_go_back_far_enough_is_refused_with_what_is_needed(first_ms):
    with pytest.raises(TooLittleHistory, match="needed are 45"):
        moments_of(definition(), NOW_MS, first_ms)


def test_a_row_holds_what_was_known_at_its_moment_and_what_came_after_it():
    store = MemoryFeatures(
        {("views_7d", 1): {"a": 5}, ("views_7d", 2): {"a": 9}, ("last_seen", 1): {"b": "x"}, ("last_seen", 2): {}},
        {1: [Labelled("a", True, ""), Labelled("b", False, "")], 2: [Labelled("a", False, "")]},
    )
    rows = training_sets.build(definition(), tags(), [1, 2], EVERYONE, store)
    assert (rows.users, rows.observed_at_ms, rows.known_at_ms) == (["a", "b", "a"], [1, 1, 2], [1, 1, 2])
    assert rows.columns == {"views_7d": [5, None, 9], "last_seen": [None, "x", None]}
    assert rows.labels == ["yes", "no", "no"]
    assert store.asked == [(1, 30, 7, "pay", ""), (2, 30, 7, "pay", "")]


def test_who_leaves_is_who_does_nothing():
    chosen = definition("churn", Label(horizon_days=30))
    said = [training_sets.label_of(chosen, Labelled("a", happened, "")) for happened in (True, False)]
    assert said == ["no", "yes"]


def test_of_next_values_only_those_that_came_are_learned_and_rare_ones_are_one_class():
    chosen = definition("next_value", Label(horizon_days=7, event_type="look", value_property="category"))
    found = [Labelled(f"u{n}", True, "books") for n in range(200)] + [
        Labelled("rare", True, "maps"),
        Labelled("none", False, ""),
    ]
    store = MemoryFeatures({("views_7d", 1): {}, ("last_seen", 1): {}}, {1: found})
    rows = training_sets.build(chosen, tags(), [1], EVERYONE, store)
    assert len(rows.users) == 201 and "none" not in rows.users
    assert rows.labels.count("books") == 200 and rows.labels[-1] == OTHER


def test_moments_that_are_kept_are_not_recomputed_and_missing_tags_are():
    store = MemoryFeatures({("views_7d", 1): {"a": 1}})
    runs = []

    def recompute(missing, moment):
        runs.append((moment, sorted(tag.definition.name for tag in missing)))
        yield from ((tag.definition.name, "a", moment) for tag in missing)

    chosen = list(tags().values())
    lines = list(features.ensure(chosen, [1, 2], EVERYONE, store, recompute, 0))
    assert runs == [(1, ["last_seen"]), (2, ["last_seen", "views_7d"])]
    assert len(lines) == 2 and store.held["views_7d", 1] == {"a": 1} and store.held["views_7d", 2] == {"a": 2}
    assert list(features.ensure(chosen, [1, 2], EVERYONE, store, recompute, 0)) == []
