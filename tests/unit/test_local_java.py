"""The command by which the local stack starts a Java service."""

from __future__ import annotations

import pytest

from deploy.local.java import QUICK_TO_START, java
from deploy.local.layout import MEASURED_STACK, Layout


@pytest.mark.parametrize(
    ("stack", "calculates", "quick"), [("demo", False, True), ("demo", True, False), (MEASURED_STACK, False, False)]
)
def test_only_what_calculates_or_is_measured_takes_its_time_to_compile(tmp_path, stack, calculates, quick):
    layout = Layout(stack, tmp_path)
    command = java("a.jar", "Main", heap_mb=32, layout=layout, service="s", calculates=calculates)
    assert (QUICK_TO_START in command) is quick
