"""The command by which the local stack starts a Java service."""

from __future__ import annotations

import pytest

from deploy.local.java import QUICK_TO_START, java
from deploy.local.layout import MEASURED_STACK, Layout


@pytest.mark.parametrize(("stack", "quick"), [("demo", True), (MEASURED_STACK, False)])
def test_only_what_is_measured_takes_its_time_to_compile(tmp_path, stack, quick):
    layout = Layout(stack, tmp_path)
    command = java("a.jar", "Main", heap_mb=32, layout=layout, service="s")
    assert (QUICK_TO_START in command) is quick
