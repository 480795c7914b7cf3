"""What models were asked with, from the log to the comparison with the history of tags, on a real engine."""

from __future__ import annotations

import orjson

from api.live.models import prediction_message
from api.prediction_ports import Prediction
from jobs.models.vector_report import plain, report
from jobs.sink_predictions import PredictionSink
from prediction.definition import Feature
from stores.kafka_reader import Record
from stores.served_vectors import ServedVectors
from tagging.names import PREDICTIONS_TOPIC
from tagging.parity import Outcome

AT_MS = 1_790_000_000_000
MINUTE = 60_000


def record(offset, value):
    return Record(PREDICTIONS_TOPIC, 0, offset, b"", value, AT_MS)


def prediction(number, user_id="u1", at_ms=AT_MS, model="buys", version=3, **features):
    return prediction_message(Prediction(f"p{number}", model, version, user_id, features, 0.5, at_ms))


def deliver(clickhouse, *messages):
    sink = PredictionSink(clickhouse.client)
    batch, dead = sink.decode([record(offset, message) for offset, message in enumerate(messages)])
    sink.write(batch, dead)
    return dead


def change(clickhouse, tag, version, user_no, value, at_ms, offset):
    clickhouse.client.insert_columns("users", {"user_no": [user_no], "user_id": [f"u{user_no}"]})
    row = {
        "tag": tag,
        "version": version,
        "user_no": user_no,
        "user_id": f"u{user_no}",
        "value": orjson.dumps(value).decode(),
    }
    row |= {"number": None, "present": value is not None, "changed_at": at_ms, "partition": 0, "offset": offset}
    clickhouse.client.insert_columns("tag_changes", {name: [held] for name, held in row.items()})


def read(clickhouse, from_ms=AT_MS - MINUTE, until_ms=AT_MS + MINUTE, **more):
    return ServedVectors(clickhouse.client).read("buys", 3, ["spend", "city"], from_ms, until_ms, **more)


def test_a_prediction_that_is_delivered_twice_is_one_vector(clickhouse):
    message = prediction(1, spend=5, city=None)
    deliver(clickhouse, message, message)
    deliver(clickhouse, message)
    assert read(clickhouse) == [("p1", "u1", AT_MS, {"spend": 5, "city": None}, {})]


def test_who_was_asked_in_a_period_is_known(clickhouse):
    deliver(clickhouse, prediction(1), prediction(2), prediction(3, model="stays", version=1, at_ms=AT_MS + MINUTE))
    store = ServedVectors(clickhouse.client)
    assert store.asked(AT_MS, AT_MS + MINUTE) == {("buys", 3)}
    assert store.asked(AT_MS, AT_MS + MINUTE + 1) == {("buys", 3), ("stays", 1)}
    assert store.asked(AT_MS + 2 * MINUTE, AT_MS + 3 * MINUTE) == set()


def test_a_vector_comes_with_what_was_known_at_its_instant_of_every_version_and_nothing_later(clickhouse):
    change(clickhouse, "spend", 2, 1, 5, AT_MS - 30 * MINUTE, 10)
    change(clickhouse, "spend", 2, 1, 8, AT_MS - MINUTE, 11)
    change(clickhouse, "spend", 2, 1, 8, AT_MS - MINUTE, 11)
    change(clickhouse, "spend", 2, 1, 99, AT_MS + 1, 12)
    change(clickhouse, "spend", 3, 1, 9.5, AT_MS, 13)
    change(clickhouse, "city", 1, 1, None, AT_MS - MINUTE, 14)
    change(clickhouse, "city", 1, 2, "Oslo", AT_MS - MINUTE, 15)
    change(clickhouse, "other", 1, 1, 1, AT_MS - MINUTE, 16)
    deliver(clickhouse, prediction(1, spend=8, city=None), prediction(2, "u2", AT_MS + 5, spend=None, city="Oslo"))
    later, earlier = read(clickhouse)
    assert later[4] == {("city", 1): [("Oslo", AT_MS - MINUTE)]}
    assert earlier[4] == {
        ("spend", 2): [(8, AT_MS - MINUTE), (5, AT_MS - 30 * MINUTE)],
        ("spend", 3): [(9.5, AT_MS)],
        ("city", 1): [(None, AT_MS - MINUTE)],
    }


def test_a_period_a_version_and_a_limit_bound_what_is_read(clickhouse):
    deliver(
        clickhouse,
        *(prediction(number, at_ms=AT_MS + number, spend=1) for number in range(4)),
        prediction(8, version=4, spend=1),
        prediction(9, model="leaves", spend=1),
    )
    assert [vector[0] for vector in read(clickhouse)] == ["p3", "p2", "p1", "p0"]
    assert [vector[0] for vector in read(clickhouse, from_ms=AT_MS + 1, until_ms=AT_MS + 3)] == ["p2", "p1"]
    assert [vector[0] for vector in read(clickhouse, limit=1)] == ["p3"]


def test_what_is_no_prediction_is_refused_and_kept(clickhouse):
    good = orjson.loads(prediction(1, spend=1))
    bad = [b"", b"{", b"[]", *(orjson.dumps({**good, **wrong}) for wrong in (
        {"version": 0}, {"version": 2**32}, {"features": "[]"}, {"features": "{"}, {"predicted_at": -1}, {"user_id": ""},
    ))]  # fmt: skip
    dead = deliver(clickhouse, *bad, orjson.dumps(good))
    assert [each.reason for each in dead] == ["bad_prediction"] * len(bad)
    assert [vector[0] for vector in read(clickhouse)] == ["p1"]
    assert clickhouse.client.query_text("count", "SELECT count() AS n FROM dead_letters")[0]["n"] == len(bad)


FEATURES = (Feature("spend", 2, "integer"), Feature("city", 1, "string"))


def test_a_report_finds_and_names_every_planted_skew_and_nothing_else(clickhouse):
    for user_no in range(1, 6):
        change(clickhouse, "spend", 2, user_no, 5, AT_MS - 30 * MINUTE, user_no * 10)
        change(clickhouse, "spend", 2, user_no, 8, AT_MS - MINUTE, user_no * 10 + 1)
        change(clickhouse, "spend", 3, user_no, 90, AT_MS - MINUTE, user_no * 10 + 2)
        change(clickhouse, "city", 1, user_no, "Oslo", AT_MS - MINUTE, user_no * 10 + 3)
    deliver(
        clickhouse,
        prediction(1, "u1", spend=8, city="Oslo"),
        prediction(2, "u2", spend=5, city="Oslo"),
        prediction(3, "u3", spend=90, city="Oslo"),
        prediction(4, "u4", spend=8),
        prediction(5, "u5", spend=8, city="Bergen"),
        prediction(6, "u6", spend=None, city="Oslo"),
    )
    found = report(ServedVectors(clickhouse.client), "buys", 3, FEATURES, AT_MS - MINUTE, AT_MS + MINUTE)
    assert (found.vectors, found.whole, found.wrong) == (6, True, 5)
    named = {
        (feature["tag"], finding["user_id"]): (
            finding["outcome"],
            finding["cause"],
            finding["served"],
            finding["batch"],
        )
        for feature in plain(found)["features"]
        for finding in feature["findings"]
    }
    assert named == {
        ("spend", "u2"): ("different", "late_value", 5, 8),
        ("spend", "u3"): ("different", "version_skew", 90, 8),
        ("city", "u4"): ("missing", "dropped_feature", None, "Oslo"),
        ("city", "u5"): ("different", "unknown", "Bergen", "Oslo"),
        ("city", "u6"): ("extra", "unknown", "Oslo", None),
    }
    assert [feature.greatest_difference for feature in found.features] == [82.0, None]


def test_vectors_with_the_values_that_were_known_are_all_equal(clickhouse):
    change(clickhouse, "spend", 2, 1, 8, AT_MS - MINUTE, 1)
    change(clickhouse, "spend", 2, 1, 99, AT_MS + 1, 2)
    deliver(clickhouse, prediction(1, "u1", spend=8, city=None), prediction(2, "u7", spend=None, city=None))
    found = report(ServedVectors(clickhouse.client), "buys", 3, FEATURES, AT_MS - MINUTE, AT_MS + MINUTE)
    assert [feature.counts[Outcome.EQUAL] for feature in found.features] == [2, 2]
    assert found.wrong == 0
