"""Rows that somebody wrote straight into the registry: taken up under the same rules as any other, or failed with the cause."""

from __future__ import annotations

import re

import pytest

from jobs.convergence import Controller
from jobs.tag_files import BUILTIN
from tagging.lifecycle import Policy, Status, Tag, TagVersion
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.proofs import ProofsAtOnce

ANYBODY = Policy()
GOOD = (BUILTIN / "heat_1h.sql").read_text(encoding="utf-8")


class World(MemoryRegistry):
    """Registry, cluster and proof at once, with one tag in one version."""

    def __init__(self, status: Status, text: str = GOOD, name: str = "heat_1h") -> None:
        super().__init__()
        self.jobs: set[str] = set()
        self.name = name
        self.save(Tag(name, "", "", (TagVersion(1, text, "", 0, status),)), [])

    def running(self):
        return self.jobs

    def submit(self, job, members):
        self.jobs.add(job)

    def check(self, tag, version, text, job):
        assert job in self.jobs

    def rounds(self, policy: Policy = ANYBODY) -> TagVersion:
        for _ in range(6):
            Controller(self, self, ProofsAtOnce(self.check), self, lambda: 1, policy).run_round()
        return self.tag(self.name).version(1)


@pytest.mark.parametrize("status", [Status.BUILDING, Status.READY])
def test_a_version_that_is_written_as_under_way_is_built_proven_and_switched_to(status):
    world = World(status)
    assert (world.rounds().status, world.jobs) == (Status.LIVE, {"tag.heat_1h.v1"})
    assert [entry.what for entry in reversed(world.audit("heat_1h"))] == ["admitted", "ready", "live"]


def test_a_draft_stays_a_draft_until_somebody_builds_it():
    world = World(Status.DRAFT)
    assert (world.rounds().status, world.jobs) == (Status.DRAFT, set())


@pytest.mark.parametrize("status", [Status.DRAFT, Status.BUILDING, Status.READY])
@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (GOOD.replace("event_type IN", "event_kind IN"), "12:7: unknown column .event_kind."),
        (GOOD.replace("heat_1h", "views_7d"), "the text is of a tag views_7d, and stored under heat_1h"),
        ("", "the header has no 'name'"),
        ("-- name: heat_1h\n\x00'; DROP TABLE tags", "header"),
    ],
)
def test_a_text_that_does_not_compile_fails_with_its_cause_and_is_never_run(status, text, cause):
    world = World(status, text)
    version = world.rounds()
    assert (version.status, world.jobs) == (Status.FAILED, set())
    assert re.search(cause, version.cause), version.cause


def test_a_row_does_not_go_around_the_approval():
    version = World(Status.READY).rounds(Policy(approval_required=True))
    assert version.status is Status.FAILED
    assert "not approved" in version.cause
