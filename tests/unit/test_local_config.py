"""The settings file of a stack on this machine."""

from __future__ import annotations

import os

import pytest

from deploy.local.config import parallelism


@pytest.mark.parametrize(("cores", "parts"), [(1, 1), (3, 1), (4, 2), (64, 2), (None, 1)])
def test_a_job_runs_in_one_part_on_few_cores_and_leaves_slots_to_versions_in_the_making_on_many(
    monkeypatch, cores, parts
):
    monkeypatch.delenv("TAGSTREAM_FLINK__PARALLELISM", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert parallelism() == parts


def test_the_variable_has_the_last_word(monkeypatch):
    monkeypatch.setenv("TAGSTREAM_FLINK__PARALLELISM", "3")
    assert parallelism() == 3
