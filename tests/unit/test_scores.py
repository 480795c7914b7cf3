"""Scores as row changes: what is written is what every reader of row changes reads."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from tagging.compiler import compile_tag
from tagging.definition import TagDefinition
from tagging.row_changes import decode
from tagging.scores import Score, score_message
from tagging.sources import SCORES

SCORE = Score("u/1 ü", "buys", 3, "yes", 0.1234567, 1_790_000_000_123)


@pytest.mark.parametrize("cdc_format", ["debezium", "canal"])
def test_both_formats_say_the_same_row(cdc_format):
    message = orjson.dumps(score_message(SCORE, cdc_format))
    change = decode(message, SCORES, cdc_format, 1_790_000_000_999)[0]
    assert (change.key, change.deleted, change.changed_at_ms) == ("buys/u/1 ü", False, SCORE.scored_at_ms)
    assert change.row == {
        "score_id": "buys/u/1 ü",
        "user_id": "u/1 ü",
        "model": "buys",
        "version": 3,
        "class": "yes",
        "score": "0.123457",
        "scored_at": SCORE.scored_at_ms,
    }


@pytest.mark.parametrize(("score", "written"), [(1.0, "1.000000"), (0.0, "0.000000"), (1.0000000002, "1.000000")])
def test_a_probability_fits_its_column(score, written):
    assert score_message(replace(SCORE, score=score), "debezium")["after"]["score"] == written


def test_tags_read_scores_as_any_source():
    text = (
        "SELECT user_id, MAX(score) AS value FROM LAST(scores, INTERVAL '7' DAY) WHERE model = 'buys' GROUP BY user_id"
    )
    tag = compile_tag(TagDefinition("keen", "", "", "decimal", "basic", "o", text))
    assert "scores" in tag.sources
