"""Whatever the tags and whatever the log: Flink in batch gives the values that DuckDB gives."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jobs.mode import Mode
from tests.duck import Duck, differences
from tests.flink_local import LocalFlink
from tests.random_history import random_history
from tests.random_tags import TAGS


@pytest.fixture(scope="module")
def flink():
    return LocalFlink(Mode.BATCH)


# A run takes seconds: an example has a tag of every shape, and is not made smaller when it fails.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), tags=TAGS)
def test_random_tags_have_the_values_that_the_oracle_gives(flink, seed, tags):
    history = random_history(seed, merges=40)
    duck = Duck(history)
    wanted = {tag.name: duck.values(tag.oracle) for tag in tags}
    found = flink.run([tag.compiled() for tag in tags], history.log())
    wrong = differences(found, wanted)
    blamed = [tag.sql for tag in tags if any(line.startswith(f"{tag.name} of ") for line in wrong)]
    assert wrong == [], "\n".join(blamed)
