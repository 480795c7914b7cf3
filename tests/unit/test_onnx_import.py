"""Bringing a model that was made elsewhere: checked, measured on held-out people, kept, put into use, scoring as others do."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import orjson
import pytest

from api import create_app
from jobs.live_tags import Carried
from jobs.models import importing
from jobs.models.features import UnusableFeature
from jobs.models.importing import Importer
from jobs.models.scoring import Scorer
from jobs.models.training import Trainer
from jobs.score_sink import ScoreSink
from prediction.definition import ModelProblem
from prediction.onnx_entry import entered
from prediction.onnx_file import LARGEST_BYTES, OnnxProblem
from prediction.pipeline import from_bytes
from prediction.promotion import NotBetter, RetiredFeature, require_better_than_chance, require_live
from prediction.training import TrainingProblem, part_of
from stores.features import DAY_MS, Labelled
from stores.models.registry import ModelVersion, Stage
from stores.settings import Settings
from tagging.compiler import CompiledTag
from tagging.definition import TagDefinition
from tests.fakes.api_stores import AT_MS, seeded
from tests.fakes.memory_models import MemoryModels
from tests.onnx_models import (
    FEATURES,
    NEXT,
    SMALL,
    SMALL_NET,
    TEXT,
    Net,
    definition,
    encoded,
    knowing,
    net,
    small_encoded,
)
from tests.small_model import FEATURES as SMALL_FEATURES
from tests.unit import test_score_sink
from tests.unit.test_model_training import people
from tests.unit.test_training_sets import MemoryFeatures

NOW_MS = 20_000 * DAY_MS
TWO_MOMENTS = "\n[training]\nmoments = 2\n"


def carried(**versions: int) -> Carried:
    """The live tags, at FEATURES' versions unless said otherwise."""
    tags = [
        TagDefinition(each.tag, "t", "d", each.value_type, "basic", "o", "", versions.get(each.tag, each.version))
        for each in FEATURES
    ]
    return Carried({"tags": [CompiledTag(tag, tag.name, frozenset(), frozenset(), {}) for tag in tags]})


class History(MemoryFeatures):
    """Two moments with the same people, whose chances to buy are known; what was recomputed is counted."""

    def __init__(self, count: int = 3_000, labels=None) -> None:
        self.rows, _ = people(count)
        self.said = labels or self.rows.labels
        self.runs = 0
        super().__init__()

    def first_event_ms(self) -> int:
        return NOW_MS - 300 * DAY_MS

    def labels(self, at_ms, *_):
        happened = [
            Labelled(user, label != "no", label) for user, label in zip(self.rows.users, self.said, strict=True)
        ]
        return happened

    def recompute(self, tags, moment):
        self.runs += 1
        columns = {**self.rows.columns, "spend": self.rows.columns["noise"]}
        for tag in tags:
            for user, value in zip(self.rows.users, columns[tag.definition.name], strict=True):
                if value is not None:
                    yield tag.definition.name, user, value


def submitted(chosen: Net, text: str = TEXT + TWO_MOMENTS) -> importing.Submitted:
    return importing.Submitted(definition(text), text, chosen.content)


def bring(chosen: Net, models, history=None, text: str = TEXT + TWO_MOMENTS, live=None) -> list:
    history = history or History()
    importer = Importer(models, Trainer(models, history, lambda _: history.recompute, len(history.rows.users)))
    return list(importer.add(submitted(chosen, text), live or carried(), NOW_MS, "ann", NOW_MS))


@pytest.fixture(scope="module")
def brought():
    models = MemoryModels()
    return models, bring(knowing(), models)


def test_a_model_is_measured_on_the_people_whom_every_training_holds_out(brought):
    _, (*lines, made) = brought
    assert isinstance(made, ModelVersion) and (made.model, made.version, made.stage) == ("deep", 1, Stage.SHADOW)
    assert "sound, and answers with probabilities" in lines[0] and "6,000 rows of 3,000 users" in lines[-1]
    rows = people()[0]
    mine = [place for place, user in enumerate(rows.users) if part_of(user) < 0.3]
    users = [{tag: rows.columns[tag][place] for tag in ("views", "tier", "vip")} for place in mine]
    users = [{**user, "spend": rows.columns["noise"][place]} for user, place in zip(users, mine, strict=True)]
    chances = knowing().says([encoded(user) for user in users])[:, 1]
    bought = np.array([rows.labels[place] == "yes" for place in mine])
    wins = (chances[bought][:, None] > chances[~bought]).mean() + (
        chances[bought][:, None] == chances[~bought]
    ).mean() / 2
    assert made.metrics["auc"] == pytest.approx(wins, abs=1e-4) and wins > 0.7
    loss = -np.where(bought, np.log(chances), np.log(1 - chances)).mean()
    assert made.metrics["log_loss"] == pytest.approx(loss, abs=1e-4)
    assert made.metrics["rows"] == 2 * len(mine) == made.lineage["rows"]["held_out"]


def test_its_version_says_what_it_was_made_of_and_its_file_is_kept_by_hash(brought):
    models, (*_, made) = brought
    assert made.lineage["onnx"]["sha256"] == hashlib.sha256(knowing().content).hexdigest()
    assert made.lineage["features"] == [vars(feature) for feature in FEATURES]
    assert set(made.lineage["libraries"]) == {"numpy", "onnx", "onnxruntime"}
    assert set(made.lineage["checksums"]) == {feature.tag for feature in FEATURES}
    content = models.file(made.sha256)
    assert hashlib.sha256(content).hexdigest() == made.sha256
    assert from_bytes(content).estimator.content == knowing().content
    assert models.model("deep").definition == TEXT + TWO_MOMENTS
    newest = models.audit("deep")[0]
    assert (newest.version, newest.what) == (1, f"entered: the ONNX file {made.lineage['onnx']['sha256']}")


def test_its_reasons_are_told_from_the_typical_person_of_the_training_set(brought):
    models, (*_, made) = brought
    rows = people()[0]
    views = sorted(value for value in rows.columns["views"] if value is not None)
    spend = sorted(rows.columns["noise"] * 2)
    vip = sum(rows.columns["vip"]) * 2 > len(rows.users)
    typical = {"views": views[len(views) // 2], "spend": spend[len(spend) // 2], "tier": "iron", "vip": vip}
    assert list(from_bytes(models.file(made.sha256)).estimator.typical) == pytest.approx(encoded(typical))


def test_one_that_beats_chance_may_go_live_and_one_that_does_not_may_not(brought):
    _, (*_, good) = brought
    require_better_than_chance("deep", good.version, good.metrics)
    knows = knowing()
    # The opposite of what it knows; and what it knows, but far too sure of it.
    for bad in (replace(knows, last=-knows.last), replace(knows, last=20 * knows.last)):
        *_, made = bring(bad, MemoryModels())
        with pytest.raises(NotBetter, match="is no better than"):
            require_better_than_chance("deep", made.version, made.metrics)


def test_a_feature_whose_tag_has_another_live_version_is_refused_at_entry_and_when_it_scores(brought):
    models, (*_, made) = brought
    history = History()
    with pytest.raises(OnnxProblem, match=r"onnx.features.tier: got version 3, allowed 4, which is live"):
        bring(net(), MemoryModels(), history, live=carried(tier=4))
    assert history.runs == 0
    with pytest.raises(UnusableFeature, match="no live version of views, spend, tier, vip"):
        bring(net(), MemoryModels(), live=Carried())
    live = {feature.tag: feature.version for feature in FEATURES}
    pipeline = from_bytes(models.file(made.sha256))
    require_live(pipeline, live)
    with pytest.raises(RetiredFeature, match=r"model deep reads tier v3 \(live: 4\)"):
        require_live(pipeline, live | {"tier": 4})


def test_a_file_of_no_use_is_refused_before_anything_is_recomputed_or_kept():
    models, history = MemoryModels(), History()
    with pytest.raises(OnnxProblem, match=r"got shape \['any', 8\], allowed \['any', 9\]"):
        bring(Net(np.ones((8, 2)), np.ones(2), np.ones((2, 1))), models, history)
    assert (history.runs, models.models()) == (0, [])


def test_too_few_held_out_people_leave_no_version():
    models = MemoryModels()
    with pytest.raises(TrainingProblem, match=r"rows held out: got .*, needed at least two classes with 30"):
        bring(knowing(), models, History(60))
    assert models.models() == []


def test_next_values_without_a_class_of_their_own_are_the_class_other():
    rng = np.random.default_rng(3)
    labels = [str(label) for label in rng.choice(["books", "maps", "pens", "ink"], 3_000, p=[0.5, 0.3, 0.1, 0.1])]
    text = NEXT + TWO_MOMENTS
    *_, made = bring(net(outputs=3), MemoryModels(), History(labels=labels), text)
    rows = people()[0]
    mine = [label for user, label in zip(rows.users, labels, strict=True) if part_of(user) < 0.3]
    shares = {name: mine.count(name) / len(mine) for name in ("books", "maps")}
    assert made.metrics["classes"] == pytest.approx(shares | {"other": 1 - sum(shares.values())})
    without = text.replace('"other"', '"toys"')
    with pytest.raises(
        TrainingProblem, match="labels: got ink, pens, allowed books, maps, toys; give the model a class"
    ):
        bring(net(outputs=3), MemoryModels(), History(labels=labels), without)


def test_a_second_file_is_the_next_version_and_a_name_of_another_kind_is_refused():
    models, history = MemoryModels(), History()
    first, second = (bring(chosen, models, history)[-1] for chosen in (knowing(), net()))
    assert (first.version, second.version, first.sha256 != second.sha256) == (1, 2, True)
    assert history.runs == 2
    with pytest.raises(OnnxProblem, match="got the kind next_value, allowed conversion, or another name"):
        bring(net(outputs=3), models, history, NEXT + TWO_MOMENTS)


def test_a_model_that_is_made_elsewhere_is_not_trained_here():
    history, models = History(), MemoryModels()
    trainer = Trainer(models, history, lambda _: history.recompute, 10)
    tags = carried().by_name
    with pytest.raises(TrainingProblem, match=r"an ONNX model is trained elsewhere; `python -m jobs.models import"):
        list(trainer.train(definition(), TEXT, tags, NOW_MS, "ann", NOW_MS))
    assert history.runs == 0


@pytest.mark.parametrize(
    ("files", "given", "says"),
    [
        ({"deep.toml": TEXT}, "deep.onnx", "allowed a file NAME.onnx, beside it its definition"),
        ({"deep.onnx": b"x"}, "deep.onnx", "allowed a file NAME.onnx, beside it its definition"),
        ({"deep.pkl": b"x", "deep.toml": TEXT}, "deep.pkl", "allowed a file NAME.onnx"),
        ({"deep.onnx": b"x" * (LARGEST_BYTES + 1), "deep.toml": TEXT}, "deep.onnx", "got 8,388,609 bytes, allowed 8,388,608"),
        ({"deep.onnx": b"x", "deep.toml": "["}, "deep.onnx", "deep.toml: not TOML"),
        (
            {"deep.onnx": b"x", "deep.toml": TEXT.replace('"deep"', '"buys_in_7_days"')},
            "deep.onnx",
            "got the name buys_in_7_days, which is a built-in model's",
        ),
    ],
)  # fmt: skip
def test_what_is_brought_is_a_file_and_its_definition(tmp_path, files, given, says):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises((OnnxProblem, ModelProblem), match=says):
        importing.read(tmp_path / given)


def test_the_file_and_its_definition_are_read_as_they_are(tmp_path):
    (tmp_path / "deep.onnx").write_bytes(net().content)
    (tmp_path / "deep.toml").write_text(TEXT, encoding="utf-8")
    assert importing.read(tmp_path / "deep.onnx") == importing.Submitted(definition(), TEXT, net().content)


SMALL_PIPELINE = entered(definition(SMALL), SMALL_FEATURES, SMALL_NET.content)[0]


def chance(**user) -> float:
    return float(SMALL_NET.says([small_encoded(user)])[0, 1])


class CurrentValues:
    """Where a batch reads the values of users."""

    def current(self, versions, first, end):
        users = {"ann": {"tier": "gold", "spend": 3}, "bob": {"spend": 9, "flag": True}}
        return list(users.items()) if first == 1 else []


class ScoreWorld(test_score_sink.World):
    """The world of scores on change, by an ONNX model."""

    def sink(self, cdc_format: str = "debezium", wait=None) -> ScoreSink:
        return ScoreSink(SMALL_PIPELINE, 3, self.profiles, self, test_score_sink.SCORES, cdc_format, lambda: 1_000,
                         lambda _: self.flush_profiles(1))  # fmt: skip


def test_batch_and_change_give_the_same_scores_which_are_those_of_numpy():
    world = ScoreWorld()
    for user, values in CurrentValues().current({}, 1, 3):
        for tag, value in values.items():
            world.change(user, tag, value)
    world.flush_profiles()
    world.run()
    on_change = world.scores()
    world.said.clear()
    list(Scorer(CurrentValues(), world, test_score_sink.SCORES, "debezium").score(SMALL_PIPELINE, 3, 2, 1_000))
    assert on_change == world.scores()
    assert on_change == pytest.approx(
        {"ann": chance(tier="gold", spend=3), "bob": chance(spend=9, flag=True)}, abs=1e-6
    )


@pytest.fixture
def world():
    found = seeded()
    lineage = {"features": [vars(feature) for feature in SMALL_FEATURES], "moments_ms": [AT_MS]}
    found.models.define("buys", SMALL, "ann", AT_MS)
    made = found.models.add("buys", SMALL_PIPELINE.to_bytes(), {}, lineage, "ann", AT_MS)
    found.models.set_live("buys", made.version, "ann", AT_MS)
    return found


def ask(world, **body):
    client = create_app(Settings(), world.stores(), clock=lambda: AT_MS).test_client()
    return client.post("/api/v1/predictions", json={"model": "buys", "user_ids": ["u1"], **body})


def test_the_api_serves_it_with_reasons_that_are_differences_and_names_what_was_missing(world):
    answer = ask(world, user_ids=["u1", "u0"], reasons=True)
    one, lost = answer.json["items"]
    assert one["score"] == pytest.approx(chance(tier="gold", spend=10.5, flag=True), abs=1e-6)
    assert lost["score"] == pytest.approx(chance(spend=0.0, flag=False), abs=1e-6) and lost["missing"] == ["tier"]
    tier = next(reason for reason in one["reasons"] if reason["feature"] == "tier")
    logit = [np.log(p / (1 - p)) for p in (chance(tier="gold", spend=10.5, flag=True), chance(spend=10.5, flag=True))]
    assert tier["points"] == pytest.approx(logit[0] - logit[1], abs=1e-4)
    refused = ask(world, what_if={"spend": 1e300})
    assert refused.status_code == 422 and "feature spend: got 1e+299 as the model's input" in refused.text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"output": "raw"}, "allowed one named raw"),
        # What no check at entry can know: what it answers to a user whom nobody thought of.
        ({"classes": 3}, "output chance: got shape (1, 1) of float32 for one user, allowed (1, 3)"),
    ],
)
def test_a_file_that_was_changed_or_that_says_nonsense_is_a_conflict_and_no_score(world, change, says):
    held = orjson.loads(SMALL_PIPELINE.to_bytes())
    held["estimator"] |= change
    version = world.models.add("buys", orjson.dumps(held), {}, world.models.model("buys").live.lineage, "ann", AT_MS)
    world.models.set_live("buys", version.version, "ann", AT_MS)
    answer = ask(world)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "model_unusable")
    assert says in answer.json["error"]["message"]
