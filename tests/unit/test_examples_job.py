"""The job that makes examples, as text."""

from __future__ import annotations

import pytest

from jobs.examples import example_statements, longest_wait_ms
from prediction.examples import LabelRule
from stores.settings import Settings
from tests.unit.test_compiler_golden import GOLDEN, same_as_file

RULES = {"buys": LabelRule("payment_done", 7 * 86_400), "o": LabelRule("it's", 60, 0)}
BARRIER = {topic: {0: 12, 1: 0} for topic in ("events", "identities", "clock", "predictions")}


def test_the_job_is_its_golden_file():
    text = example_statements(RULES, Settings())
    same_as_file(";\n\n".join((*text.declarations, *text.inserts)) + ";\n", GOLDEN / "examples.flink.sql")


def test_stream_and_batch_differ_by_the_tables_options_alone():
    stream, batch = example_statements(RULES, Settings()), example_statements(RULES, Settings(), BARRIER, "answers")
    views = [each for each in stream.declarations if "CREATE TEMPORARY VIEW" in each]
    assert views == [each for each in batch.declarations if "CREATE TEMPORARY VIEW" in each] and len(views) == 7
    assert stream.inserts == batch.inserts
    bound = "'scan.bounded.specific-offsets' = 'partition:0,offset:12;partition:1,offset:0'"
    assert sum(bound in each for each in batch.declarations) == 4
    assert "upsert-kafka" in stream.declarations[-1] and "'topic' = 'answers'" in batch.declarations[-1]
    assert "upsert-kafka" not in batch.declarations[-1] and "PRIMARY KEY" not in batch.declarations[-1]


def test_the_order_of_the_models_changes_nothing():
    assert example_statements(dict(reversed(RULES.items())), Settings()) == example_statements(RULES, Settings())


def test_a_quote_in_an_event_type_stays_inside_its_literal():
    text = "\n".join(example_statements({"m": LabelRule("' OR 1=1 --", 60)}, Settings()).declarations)
    assert "''' OR 1=1 --'" in text


def test_no_model_is_no_job():
    with pytest.raises(ValueError, match="no model learns"):
        example_statements({}, Settings())


def test_the_longest_wait_is_that_of_the_model_that_waits_longest_and_a_tick():
    assert longest_wait_ms(RULES) == (7 * 86_400 + 300) * 1000 + 60_000
