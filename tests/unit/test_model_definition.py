"""Definitions of models: what is accepted, and what is refused with every problem at once."""

from __future__ import annotations

import pytest

import sql
from prediction.definition import ModelProblem, parse_model

GOOD = """
name = "buys"
title = "Buys"
description = "Whether a user buys."
owner = "sales"
kind = "conversion"
features = ["views_7d", "city"]
[label]
event_type = "payment_done"
horizon_days = 7
"""


def test_a_definition_says_what_is_predicted_of_whom_from_what():
    model = parse_model(GOOD)
    assert (model.name, model.kind, model.algorithm) == ("buys", "conversion", "logistic")
    assert model.features == ("views_7d", "city")
    assert (model.label.event_type, model.label.horizon_days) == ("payment_done", 7)
    assert (model.training.active_days, model.training.moments) == (30, 6)


def test_every_built_in_model_is_accepted_under_its_file_name_and_reads_built_in_tags():
    tags = {path.stem for path in sql.tag_files()}
    assert len(sql.model_files()) >= 3
    for path in sql.model_files():
        model = parse_model(path.read_text(encoding="utf-8"), path.name)
        assert model.name == path.stem
        assert set(model.features) <= tags


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('name = "buys"', 'name = "Buys!"'), "name: 'Buys!' is not a model's name"),
        (('kind = "conversion"', 'kind = "magic"'), "kind: "),
        (('features = ["views_7d", "city"]', "features = []"), "features: "),
        (('"city"]', '"views_7d"]'), "named twice: ['views_7d']"),
        (('"city"]', '"Robert\'); DROP"]'), "not names of tags"),
        (("horizon_days = 7", "horizon_days = 0"), "label.horizon_days: "),
        (("horizon_days = 7", "horizon_days = 7\nhorizon_day = 3"), "did you mean horizon_days?"),
        (('event_type = "payment_done"', ""), "says which event it waits for"),
        (('event_type = "payment_done"', 'event_type = "a"\nvalue_property = "b"'), "allowed for next_value models"),
        (('kind = "conversion"', 'kind = "next_value"'), "which need it"),
        (("[label]", "[label"), "not TOML"),
    ],
)
def test_a_wrong_definition_is_refused_with_the_place_and_the_reason(change, says):
    with pytest.raises(ModelProblem) as refused:
        parse_model(GOOD.replace(*change), "buys.toml")
    assert says in str(refused.value)
    assert str(refused.value).startswith("buys.toml: ")


def test_all_problems_are_told_at_once():
    with pytest.raises(ModelProblem) as refused:
        parse_model(GOOD.replace('owner = "sales"', "").replace("horizon_days = 7", "horizon_days = 900"))
    assert "owner: " in str(refused.value) and "label.horizon_days: " in str(refused.value)
