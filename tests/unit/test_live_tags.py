"""Which versions are proven: those that readers see, each in the job that carries it."""

from __future__ import annotations

import sql
from jobs.builtin import builtin_tags
from jobs.live_tags import live, members
from jobs.tag_files import BUILTIN, apply, draft, read_files
from tagging import lifecycle
from tagging.definition import parse_definition
from tagging.lifecycle import Policy
from tests.fakes.memory_registry import MemoryRegistry

NAMES = {path.stem for path in sql.tag_files()}
FILE = (BUILTIN / "heat_1h.sql").read_text(encoding="utf-8")
WIDER = parse_definition(FILE.replace("INTERVAL '1' HOUR", "INTERVAL '3' HOUR"))


def found(registry: MemoryRegistry) -> dict[str, set[tuple[str, int]]]:
    by_job = live(registry.tags(), builtin_tags()).by_job
    return {job: {(tag.definition.name, tag.definition.version) for tag in tags} for job, tags in by_job.items()}


def with_second_version() -> MemoryRegistry:
    registry = MemoryRegistry()
    draft(registry, WIDER, "ann", 1)
    tag = lifecycle.build(registry.tag("heat_1h"), 2, 1, Policy())
    registry.save(lifecycle.switch(lifecycle.ready(tag, 2, 2), 2, 3), [])
    return registry


def test_an_empty_registry_means_the_files():
    assert found(MemoryRegistry()) == {"tags": {(name, 1) for name in NAMES}}


def test_a_registry_of_the_built_in_tags_means_the_same():
    registry = MemoryRegistry()
    apply(registry, read_files(BUILTIN), "ann", 1)
    assert found(registry) == found(MemoryRegistry())


def test_a_tag_that_was_changed_is_proven_in_its_live_version_and_job_and_the_others_as_before():
    others = {(name, 1) for name in NAMES - {"heat_1h"}}
    assert found(with_second_version()) == {"tags": others, "tag.heat_1h.v2": {("heat_1h", 2)}}


def test_what_runs_is_the_text_of_the_live_version():
    [tag] = live(with_second_version().tags(), builtin_tags()).by_job["tag.heat_1h.v2"]
    assert "INTERVAL '3' HOUR" in tag.definition.sql


def test_a_tag_that_was_rolled_back_is_proven_in_the_version_before():
    registry = with_second_version()
    registry.save(lifecycle.roll_back(registry.tag("heat_1h"), 1, 4, Policy()), [])
    assert found(registry) == found(MemoryRegistry())


def test_a_retired_tag_is_not_proven():
    registry = with_second_version()
    registry.save(lifecycle.retire(registry.tag("heat_1h"), 2, 4), [])
    assert found(registry) == {"tags": {(name, 1) for name in NAMES - {"heat_1h"}}}


def test_a_job_carries_its_versions_also_those_that_were_rolled_back():
    registry = with_second_version()
    job = registry.tag("heat_1h").live.job
    tag = lifecycle.roll_back(registry.tag("heat_1h"), 1, 9, Policy())
    assert tag.live.version == 1
    assert [(m.definition.name, m.definition.version) for m in members([tag], job)] == [("heat_1h", 2)]
    assert members([tag], "another") == []
