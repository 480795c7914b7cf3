"""Models that learn from the stream, over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api import create_app
from api.learned import LearnedModels
from api.live.learning import AnsweringSnapshots
from api.ports import Unavailable
from api.prediction_ports import DriftRow, QualityRow
from prediction import online_file
from prediction.ftrl import Parameters
from prediction.online import OnlineModel, Rules, begin, scores
from stores.models.snapshots import NewSnapshot, SnapshotState
from stores.settings import Settings
from tests.example_streams import stream
from tests.fakes.api_stores import AT_MS
from tests.fakes.memory_snapshots import MemorySnapshots
from tests.unit.test_api_predictions import ask, world

__all__ = ["world"]
RULES = Rules(Parameters(bits=8), block=2, window=32, reference=32)


def learner(count: int) -> OnlineModel:
    model = OnlineModel(begin("buys", RULES, {}))
    for offset, example in enumerate(stream(count, 1)):
        model.take(example, 0, offset)
    return model


def snapshot(number: int, count: int, state=SnapshotState.GOOD, reason="") -> NewSnapshot:
    return NewSnapshot("buys", number, online_file.to_bytes(learner(count).marked()), {0: count}, count, state, reason)


@pytest.fixture
def times() -> list[int]:
    return [AT_MS]


@pytest.fixture
def client(world, times):
    return create_app(Settings(), world.stores(), clock=lambda: times[0]).test_client()


def test_a_prediction_says_what_was_learned_beside_what_was_trained(client, world):
    world.snapshots.save([snapshot(1, 40)], AT_MS)
    answer = ask(client, user_ids=["u1", "nobody", "u2"])
    first, nobody, second = answer.json["items"]
    features = [{"tier": "gold", "spend": 10.5, "flag": True}, {"tier": "silver", "spend": 21.0, "flag": False}]
    expected = scores(learner(40).state, features).tolist()
    assert [first["learned"]["score"], second["learned"]["score"]] == expected
    assert (first["learned"]["snapshot"], first["learned"]["examples"]) == (1, 40)
    assert nobody["learned"] is None


def test_what_is_missing_is_scored_as_it_is_logged_to_be_learned(client, world):
    """Being without a tier says something to this model: scored without the word for it, the user would score otherwise."""
    model = OnlineModel(begin("buys", RULES, {}))
    for offset, example in enumerate(stream(60, 1)):
        missing = {"tier": None if example.label else "gold", "spend": 0.0, "flag": False}
        model.take(replace(example, features=missing), 0, offset)
    content = online_file.to_bytes(model.marked())
    world.snapshots.save([NewSnapshot("buys", 1, content, {0: 60}, 60, SnapshotState.GOOD, "")], AT_MS)
    served = ask(client, user_ids=["u0"]).json["items"][0]["learned"]["score"]
    logged = world.predictions.predictions[0].features
    assert [served] == scores(model.state, [logged]).tolist()
    absent = {name: value for name, value in logged.items() if value is not None}
    assert served > scores(model.state, [absent])[0]


def test_nothing_learned_or_nothing_proven_is_null(client, world, times):
    assert ask(client).json["items"][0]["learned"] is None
    world.snapshots.save([snapshot(1, 40, SnapshotState.HELD)], AT_MS)
    times[0] += 2_000
    assert ask(client).json["items"][0]["learned"] is None


def test_new_weights_are_used_within_two_seconds_and_withdrawn_ones_no_more(client, world, times):
    def examples():
        return ask(client).json["items"][0]["learned"]["examples"]

    world.snapshots.save([snapshot(1, 40)], AT_MS)
    assert examples() == 40
    world.snapshots.save([snapshot(2, 60)], AT_MS)
    times[0] += 1_999
    assert examples() == 40
    times[0] += 1
    assert examples() == 60
    frozen = snapshot(3, 60, SnapshotState.FROZEN, "poison")
    world.snapshots.save([NewSnapshot(**{**vars(frozen), "withdraw_above": 50})], AT_MS)
    times[0] += 2_000
    assert examples() == 40


def test_a_snapshot_is_read_once_however_often_it_is_asked_for():
    memory, reads, times = MemorySnapshots(), [], [0]
    memory.save([snapshot(1, 40)], AT_MS)

    class Counting(AnsweringSnapshots):
        def file(self, sha256):
            reads.append(sha256)
            return super().file(sha256)

    models = LearnedModels(Counting(memory), lambda: times[0])
    for at_ms in (0, 1, 2_000, 5_000):
        times[0] = at_ms
        assert models.served("buys").snapshot == 1
    assert len(reads) == 1
    memory.switch.down_for = 1
    times[0] += 2_000
    with pytest.raises(Unavailable):
        models.served("buys")


def quality(window: int, scorer: str, **changes) -> QualityRow:
    values = {
        "window": window, "scorer": scorer, "examples": 32, "positives": 8, "auc": 0.75, "log_loss": 0.4, "brier": 0.1,
        "bin_low": [0.1, 0.4], "bin_examples": [30, 2], "bin_score": [0.15, 0.45], "bin_share": [0.2, 1.0],
        "opened_at_ms": AT_MS - 1_000, "closed_at_ms": AT_MS, "health": "good", "reason": "", "loss_rose": False,
    }  # fmt: skip
    return QualityRow(**{**values, **changes})


def test_learning_is_told_by_window_with_every_scorer_and_feature(client, world):
    world.learning.qualities["buys"] = [
        quality(0, "online"), quality(1, "online", health="doubtful", reason="window 1: worse"), 
        quality(1, "chance", auc=None, health="doubtful", reason="window 1: worse"),
    ]  # fmt: skip
    world.learning.drifts["buys"] = [
        DriftRow(1, "tier", "category", 0.3, None, None, 0.0, 0.1, True, AT_MS),
        DriftRow(1, "spend", "number", 0.01, 0.05, 0.6, 0.2, 0.2, False, AT_MS),
    ]
    world.snapshots.save([snapshot(1, 40)], AT_MS)
    world.snapshots.save([snapshot(2, 60, SnapshotState.HELD, "window 1: worse")], AT_MS + 1)
    found = client.get("/api/v1/models/buys/learning").json
    assert found["served_snapshot"] == 1
    assert [(each["number"], each["state"], each["reason"]) for each in found["snapshots"]] == [
        (2, "held", "window 1: worse"), (1, "good", ""),
    ]  # fmt: skip
    newest, first = found["windows"]
    assert (newest["window"], newest["health"], newest["reason"]) == (1, "doubtful", "window 1: worse")
    assert [(each["scorer"], each["auc"]) for each in newest["scorers"]] == [("chance", None), ("online", 0.75)]
    assert newest["scorers"][1]["calibration"][1] == {"low": 0.4, "examples": 2, "mean_score": 0.45, "share": 1.0}
    assert [(each["feature"], each["moved"], each["ks"]) for each in newest["features"]] == [
        ("spend", False, 0.05), ("tier", True, None),
    ]  # fmt: skip
    assert first["features"] == []


def test_a_model_that_never_learned_has_no_windows_and_an_unknown_one_is_not_found(client):
    assert client.get("/api/v1/models/buys/learning").json == {
        "name": "buys", "horizon_seconds": None, "frozen_horizon_seconds": None,
        "served_snapshot": None, "snapshots": [], "windows": [],
    }  # fmt: skip
    assert client.get("/api/v1/models/nobody/learning").status_code == 404


@pytest.mark.parametrize(("online", "horizons"), [("[online]", (604_800, 604_800)), (
    "[online]\nhorizon_seconds = 60", (60, 604_800)), ("", (None, None)), ("[later]", (None, None))])  # fmt: skip
def test_what_is_learned_and_what_its_baseline_says_are_told_with_their_horizons(client, world, online, horizons):
    definition = world.models.model("buys").definition
    world.models.define("buys", f"{definition}\n{online}\n", "ann", AT_MS)
    found = client.get("/api/v1/models/buys/learning").json
    assert (found["horizon_seconds"], found["frozen_horizon_seconds"]) == horizons


@pytest.mark.parametrize("windows", [0, 201, "x"])
def test_a_number_of_windows_that_is_not_allowed_is_refused(client, windows):
    answer = client.get(f"/api/v1/models/buys/learning?windows={windows}")
    assert answer.status_code == 422 and "windows" in answer.get_data(as_text=True)


def test_stores_that_are_away_are_named(client, world):
    world.learning.fail()
    answer = client.get("/api/v1/models/buys/learning")
    assert answer.status_code == 503 and "clickhouse" in answer.get_data(as_text=True)


def test_what_a_built_in_model_learns_is_told_before_it_was_ever_trained(client):
    answer = client.get("/api/v1/models/buys_in_7_days/learning")
    assert (answer.status_code, answer.json["name"]) == (200, "buys_in_7_days")
    assert answer.json["horizon_seconds"] > 0 and answer.json["windows"] == []
    assert client.get("/api/v1/models/nobody_knows_it/learning").status_code == 404
