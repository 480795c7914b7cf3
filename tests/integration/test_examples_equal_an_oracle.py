"""Labelled examples as Flink makes them, in stream and in batch, against the rule in plain Python."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from pyflink.table import ExplainDetail

from deploy.local.parts import flink_connector_jar
from jobs.examples import example_statements, longest_wait_ms, with_example_ttl
from jobs.flink_environment import connector_jar, create_environment, job_options
from jobs.mode import Mode
from jobs.pipeline import planned
from prediction.examples import LabelRule
from stores.settings import Flink, Settings
from tests.flink_local import LocalFlink, Message
from tests.shop_history import DAY_MS, MINUTE_MS, ticks

NOW = 29_600_000
"""The newest tick, in minutes."""
FIRST = NOW - 90
SETTINGS = Settings(flink=Flink(connector_jar=str(flink_connector_jar()), late_days=1))
RULES = {
    "buys": LabelRule("paid", 600, 120),
    # Names and types of other lengths, and with a quote: literals must not touch each other.
    "comes_back_within_a_minute": LabelRule("it's a visit", 60, 0),
}
COLUMNS = ("prediction_id", "model", "version", "user_id", "features", "score", "frozen_score", "predicted_at", "label",
           "decided_at")  # fmt: skip


@dataclass
class Log:
    """What was logged, in order: messages with the time that the log gave them (epoch ms), each with its own offset."""

    predictions: list[tuple[Any, int]] = field(default_factory=list)
    events: list[tuple[dict[str, Any], int]] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    """user_id -> the canonical id of its person, where that is another."""

    def predict(self, name: str, user: str, at: int, logged_at: int | None = None, **changes: Any) -> None:
        message = {
            "prediction_id": name, "model": "buys", "version": 3, "user_id": user, "features": '{"a": 1, "b": "x"}',
            "score": 0.25, "frozen_score": 0.5, "predicted_at": at,
        }  # fmt: skip
        self.predictions.append(({**message, **changes}, at if logged_at is None else logged_at))

    def event(self, name: str, user: str, kind: str, at: int, logged_at: int | None = None) -> None:
        message = {"event_id": name, "user_id": user, "event_type": kind, "occurred_at": at}
        self.events.append((message, at if logged_at is None else logged_at))

    def files(self) -> dict[str, list[Message]]:
        """The log as Flink's tables read it."""
        found = {
            f"{name}_log": [Message(message, offset, logged_at) for offset, (message, logged_at) in enumerate(held)]
            for name, held in (("predictions", self.predictions), ("events", self.events))
        }
        told = [{"user_id": user, "canonical": person, "change": 1} for user, person in self.people.items()]
        identities = [Message(message, offset, FIRST * MINUTE_MS) for offset, message in enumerate(told)]
        return {**found, "identities_log": identities, "clock": list(ticks(FIRST, NOW))}


def first_of_each(messages, key):
    found = {}
    for message, logged_at in messages:
        found.setdefault(message[key], (message, logged_at))
    return found.values()


def waits(prediction: dict[str, Any]) -> tuple[int, int]:
    """(the end of its horizon in ms, the minute whose tick decides it)."""
    rule = RULES[prediction["model"]]
    ends = prediction["predicted_at"] + rule.horizon_seconds * 1000
    first = prediction["predicted_at"] // MINUTE_MS
    return ends, next(m for m in range(first, 10**9) if m * MINUTE_MS > ends + rule.grace_seconds * 1000)


def by_the_rule(log: Log) -> dict[str, tuple[int, int]]:
    """prediction_id -> (label, decided_at) of those that are decided at the newest tick."""
    known = [(message, at) for message, at in log.predictions if message["model"] in RULES]
    in_time = [(message, at) for message, at in known if at < waits(message)[1] * MINUTE_MS]
    found = {}
    for prediction, _ in first_of_each(in_time, "prediction_id"):
        begins, (ends, due) = prediction["predicted_at"], waits(prediction)
        signs = [
            event["occurred_at"]
            for event, logged_at in first_of_each(log.events, "event_id")
            if log.people.get(event["user_id"], event["user_id"])
            == log.people.get(prediction["user_id"], prediction["user_id"])
            and event["event_type"] == RULES[prediction["model"]].event_type
            and begins < event["occurred_at"] <= ends
            and logged_at <= due * MINUTE_MS + DAY_MS
        ]
        if signs:
            found[prediction["prediction_id"]] = (1, min(signs))
        elif due <= NOW:
            found[prediction["prediction_id"]] = (0, due * MINUTE_MS)
    return found


AT = (NOW - 60) * MINUTE_MS + 12_345
ENDS = AT + 600_000
DUE = (NOW - 60 + 13) * MINUTE_MS


def edges() -> Log:
    """One user a case, named by what must come of it."""
    log = Log()
    for name, at in (
        ("no: at the prediction", AT), ("yes: one ms later", AT + 1), ("yes: one ms before the end", ENDS - 1),
        ("yes: at the end", ENDS), ("no: one ms after the end", ENDS + 1), ("no: before", AT - 60_000),
    ):  # fmt: skip
        log.predict(name, name, AT)
        log.event(name, name, "paid", at)
    for name, logged_at in (
        ("yes: late, before its tick", DUE - 1), ("yes: late, after its tick", DUE + 1),
        ("yes: late, in the last ms", DUE + DAY_MS), ("no: too late", DUE + DAY_MS + 1),
    ):  # fmt: skip
        log.predict(name, name, AT)
        log.event(name, name, "paid", ENDS, logged_at)
    log.predict("no: another type", "another", AT)
    log.event("another", "another", "viewed", AT + 5)
    log.predict("no: another user", "nobody", AT)
    log.predict("yes: the first of two", "two", AT)
    log.event("second", "two", "paid", AT + 9)
    log.event("first", "two", "paid", AT + 7)
    log.predict("yes: a copied event", "copied", AT)
    log.event("copy", "copied", "paid", AT + 3)
    log.event("copy", "copied", "paid", AT + 1)
    log.predict("yes: a copied prediction", "twice", AT)
    log.predict("yes: a copied prediction", "twice", AT, version=9, score=0.75)
    log.event("twice", "twice", "paid", AT + 3)
    log.event("both", "both", "paid", AT + 200)
    log.predict("yes: two predictions, the first", "both", AT)
    log.predict("yes: two predictions, the second", "both", AT + 100)
    log.predict("yes: another model", "visits", AT, model="comes_back_within_a_minute", frozen_score=None)
    log.event("visits", "visits", "it's a visit", AT + 60_000)
    for name, scored, acted in (("phone", "a phone", "a person"), ("person", "a person 2", "a phone 2")):
        log.predict(f"yes: another id of the person, scored as the {name}", scored, AT)
        log.event(f"by another id than the {name}", acted, "paid", AT + 5)
    log.people = {"a phone": "a person", "a phone 2": "a person 2", "a phone 3": "a person 3"}
    log.predict("left out: unknown model", "unknown", AT, model="buy")
    log.predict("left out: logged when due", "logged", AT, DUE)
    log.predict("no: logged just before it is due", "just", AT, DUE - 1)
    now = NOW * MINUTE_MS
    log.predict("no: due now", "now", now - 720_001)
    log.predict("left out: not due yet", "later", now - 720_000)
    for name, changes in (
        ("no score", {"score": None}), ("score", {"score": 1.01}), ("baseline", {"frozen_score": -0.01}),
        ("no features", {"features": None}), ("no user", {"user_id": ""}), ("version", {"version": -1}),
        ("ahead", {"predicted_at": AT + 300_001}), ("no model", {"model": None}), ("no time", {"predicted_at": None}),
    ):  # fmt: skip
        log.predict(f"left out: {name}", name, AT, **changes)
    return log


def by_chance(seed: int) -> Log:
    """Some users who are predicted and buy all the time, some under several ids, with copies and late news."""
    chance, log = random.Random(seed), Log(people={"u3": "u1", "u5": "u1", "u7": "u99"})
    for number in range(250):
        at = chance.randrange(FIRST * MINUTE_MS, NOW * MINUTE_MS)
        at -= at % chance.choice([1, 1_000, MINUTE_MS])
        model = chance.choice([*RULES, "other"])
        late = chance.choice([0, 0, 0, 1_000, 800_000])
        log.predict(f"p{number - (chance.random() < 0.1)}", f"u{chance.randrange(12)}", at, at + late, model=model)
    for number in range(400):
        at = chance.randrange(FIRST * MINUTE_MS, NOW * MINUTE_MS)
        at -= at % chance.choice([1, 1_000, MINUTE_MS])
        late = chance.choice([0, 0, 60_000, DAY_MS, DAY_MS + 900_000])
        kind = chance.choice(["paid", "it's a visit", "viewed"])
        log.event(f"e{number - (chance.random() < 0.1)}", f"u{chance.randrange(12)}", kind, at, at + late)
    return log


@pytest.fixture(scope="module", params=list(Mode))
def flink(request):
    return LocalFlink(request.param, SETTINGS)


def made(flink: LocalFlink, log: Log) -> dict[str, dict[str, str | None]]:
    declarations = example_statements(RULES, SETTINGS).declarations[:-1]
    wanted = ", ".join(f"CAST(`{column}` AS STRING)" for column in COLUMNS)
    rows = flink.rows(declarations, f"SELECT {wanted} FROM `labelled`", log.files())
    assert len({row[0] for row in rows}) == len(rows), "a prediction has several examples"
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in rows}


def decisions(found) -> dict[str, tuple[int, int]]:
    return {name: (int(row["label"]), int(row["decided_at"])) for name, row in found.items()}


def test_each_edge_is_decided_as_it_is_named(flink):
    log = edges()
    found = made(flink, log)
    expected = {name: int(name.startswith("yes")) for name in (each["prediction_id"] for each, _ in log.predictions)
                if not name.startswith("left out")}  # fmt: skip
    assert {name: label for name, (label, _) in decisions(found).items()} == expected
    kept = [(message, at) for message, at in log.predictions if not message["prediction_id"].startswith("left out")]
    assert decisions(found) == by_the_rule(Log(kept, log.events, log.people))
    assert found["yes: another id of the person, scored as the phone"]["user_id"] == "a phone"
    assert found["yes: a copied prediction"] | {"decided_at": ""} == {
        "prediction_id": "yes: a copied prediction", "model": "buys", "version": "3", "user_id": "twice",
        "features": '{"a": 1, "b": "x"}', "score": "0.25", "frozen_score": "0.5", "predicted_at": str(AT), "label": "1",
        "decided_at": "",
    }  # fmt: skip
    assert found["yes: another model"]["frozen_score"] is None


@pytest.mark.parametrize("seed", [1, 2])
def test_a_log_by_chance_is_decided_by_the_rule(flink, seed):
    log = by_chance(seed)
    expected = by_the_rule(log)
    assert {label for label, _ in expected.values()} == {0, 1} and len(expected) > 60
    assert decisions(made(flink, log)) == expected


@pytest.fixture(scope="module")
def plans():
    """(the explained plan, the compiled plan with its times to live) of the streaming job."""
    environment = create_environment(
        Mode.STREAM, job_options(SETTINGS, Mode.STREAM, "examples"), connector_jar(SETTINGS)
    )
    text = example_statements(RULES, SETTINGS)
    for declaration in text.declarations:
        environment.execute_sql(declaration)
    explained = environment.explain_sql("EXECUTE " + text.as_set(), ExplainDetail.CHANGELOG_MODE)
    return explained, with_example_ttl(planned(environment, text), longest_wait_ms(RULES), 1, 3)


def test_the_plan_has_no_python_no_materializer_and_no_tombstone_before_a_new_label(plans):
    explained, _ = plans
    assert not re.search(r"Python", explained)
    assert "SinkUpsertMaterializer" not in explained and "upsertMaterialize=[true]" not in explained
    physical = explained.split("== Optimized Physical Plan ==")[1].split("== Optimized Execution Plan ==")[0]
    sink = physical[physical.index("Sink(") :].splitlines()
    mode = re.search(r"changelogMode=\[([^\]]*)\]", sink[1])[1]
    assert "UB" not in mode.split(","), sink[1]


def test_each_topic_is_read_once_and_ticks_and_labels_are_looked_up_by_key(plans):
    execution = plans[0].split("== Optimized Execution Plan ==")[1]
    tables = re.findall(r"TableSourceScan\(table=\[\[default_catalog, default_database, (\w+)", execution)
    assert sorted(tables) == ["clock", "events_log", "identities_log", "predictions_log"]
    joins = [line for line in execution.splitlines() if "Join(joinType=" in line]
    by_key = [line for line in joins if "rightInputSpec=[JoinKeyContainsUniqueKey]" in line]
    assert len(joins) == 5 and len(by_key) == 4


def test_all_that_the_job_remembers_of_events_and_predictions_is_forgotten_in_time(plans):
    held, ticks_held, copies_held = 720_000 + 60_000 + 2 * DAY_MS, DAY_MS, 3 * DAY_MS
    lives = {}
    for node in json.loads(json.dumps(plans[1]))["nodes"]:
        for state in node.get("state") or ():
            lives.setdefault(node["description"].split("(")[0] + " " + state["name"], set()).add(state["ttl"])
            of_people = "partitionBy=[user_id]" in node["description"] or "LeftOuterJoin" in node["description"]
            allowed = {f"{held} ms", f"{ticks_held} ms", f"{copies_held} ms", *(["0 ms"] if of_people else [])}
            assert state["ttl"] in allowed, node["description"]
    of_ticks = [
        node for node in plans[1]["nodes"] if "groupBy=[minute, shard]" in node["description"] and node.get("state")
    ]
    assert of_ticks and all(state["ttl"] == f"{ticks_held} ms" for node in of_ticks for state in node["state"])
    two = [[state["ttl"] for state in node["state"]] for node in plans[1]["nodes"] if len(node.get("state") or ()) == 2]
    # Who is one person is never forgotten.
    of_people = [[f"{held} ms", "0 ms"]] * 2
    assert sorted(two) == sorted(
        [[f"{held} ms", f"{ticks_held} ms"], [f"{held} ms"] * 2, [f"{held} ms"] * 2, *of_people]
    )
