"""What a process of Tagstream's loads before it can work."""

from __future__ import annotations

import subprocess
import sys

import pytest

LEARNING = ("sklearn", "xgboost", "river", "pandas", "scipy.stats")


@pytest.mark.parametrize("module", ["api.__main__", "jobs.crowds", "jobs.scorer", "jobs.learner", "jobs.controller"])
def test_a_process_starts_without_the_libraries_that_only_who_trains_needs(module):
    found = f"import {module}, sys; print(*(name for name in {LEARNING} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", found], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
