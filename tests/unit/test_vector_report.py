"""What `tagstream models parity` tells a person and a program."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from jobs.models.__main__ import app
from jobs.models.parity_command import say
from jobs.models.vector_report import VectorReport, plain
from prediction.definition import Feature
from prediction.vector_parity import Change, ServedVector, compare_vectors

AT_MS = 1_790_000_000_000
FEATURES = (Feature("spend", 2, "integer"), Feature("city", 1, "string"))


def reported(spend, city, whole=True):
    known = {("spend", 2): [Change(8, 1_000), Change(5, 500)], ("city", 1): [Change("Oslo", 500)]}
    vector = ServedVector("p1", "u0000004", AT_MS, {"spend": spend, "city": city}, known)
    return VectorReport("buys", 3, AT_MS - 1, AT_MS + 1, 1, whole, compare_vectors(FEATURES, [vector]))


def test_a_wrong_value_is_told_with_its_user_both_values_and_its_cause(capsys):
    say(reported(5, "Oslo"))
    told = capsys.readouterr().out
    assert "buys version 3: 1 vectors, 1 values wrong" in told
    assert "spend: u0000004 different, served 5, known 8 (late_value)" in told
    assert "city: u0000004" not in told


def test_a_report_of_a_part_says_so(capsys):
    say(reported(8, "Oslo", whole=False))
    assert "1 vectors, the newest of more, 0 values wrong" in capsys.readouterr().out


@pytest.mark.parametrize(("spend", "wrong"), [(8, 0), (5, 1), (None, 1)])
def test_a_report_for_programs_is_json_with_every_count(spend, wrong):
    found = json.loads(json.dumps(plain(reported(spend, "Oslo"))))
    assert found["wrong"] == wrong
    assert [sum(feature["counts"].values()) for feature in found["features"]] == [1, 1]
    assert set(found["features"][0]["counts"]) == {"equal", "missing", "extra", "different", "pending"}


def test_the_command_is_one_of_those_of_models():
    told = CliRunner().invoke(app, ["parity", "--help"])
    assert told.exit_code == 0
    assert "--version" in told.output
