"""The whole document against the application by Schemathesis: all of its checks on every operation, alone and one after another."""

import pytest
import schemathesis

from api import create_app
from stores.settings import Settings
from tagging.access import Role
from tests.access_app import Guarded, guarded
from tests.browser import serving
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.integration.test_openapi import arrived, compared
from tests.openapi_crowds import saved
from tests.openapi_operations import sent
from tests.schemathesis_run import DOCUMENT, Run, config, labels, run
from tests.small_model import add_model

UNLIMITED = {"requests_per_minute": 10**9, "refusals_per_minute": 10**9, "guesses_per_quarter_hour": 10**9}


def full() -> World:
    """Stores with something of everything, so that requests find what they name."""
    world = seeded()
    for fill in (saved, sent, compared, arrived):
        fill(world)
    add_model(world.models)
    return world


def build(world: World):
    return create_app(Settings(), world.stores(), clock=lambda: AT_MS, wait=lambda seconds: None)


def behind_a_door() -> Guarded:
    access = guarded(full(), **UNLIMITED)
    access.app = create_app(access.settings, access.world.stores(), clock=access.clock, wait=lambda seconds: None)
    return access


@pytest.mark.parametrize("phase", ["coverage", "fuzzing"])
def test_every_operation_answers_as_its_document_says(phase):
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, build(full()), config=config([phase], 5))
    found = run(schema)
    assert not found.findings, found.report()
    assert set(found.asked) == labels(schema)
    assert found.answers[200] > 50 and not any(status >= 500 for status in found.answers)


def test_what_answers_lead_to_answers_as_its_document_says():
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, build(full()), config=config(["stateful"], 40))
    found = run(schema)
    assert not found.findings, found.report()
    # What is drawn hangs on the modules that the tests before have loaded: 12 to 81 of some 250 requests follow from an answer.
    assert found.transitions >= 5 and found.answers[200] >= 20 and not any(status >= 500 for status in found.answers)


def ask_as_admin(phases: list[str], examples: int, **which: str) -> Run:
    """Ask what is guarded with the key of an admin, over a port; `which` names the operations, without any all are asked."""
    access = behind_a_door()
    admin = access.key(Role.ADMIN)
    with serving(access.app) as base:
        schema = schemathesis.openapi.from_url(base + DOCUMENT, config=config(phases, examples, admin))
        schema = schema.include(**which) if which else schema
        if "operation_id" not in which:
            # Among all others it would find the run's own key in a list, and revoke it.
            schema = schema.exclude(operation_id="revoke_key")
        found = run(schema)
    assert not found.findings, found.report()
    assert set(found.asked) == labels(schema)
    # With the key gone everything would have been refused without being looked at.
    assert access.client().get("/api/v1/access/users", headers=admin).status_code == 200
    return found


def test_nothing_that_is_guarded_answers_to_nobody_or_to_a_wrong_key():
    assert ask_as_admin(["fuzzing"], 3).answers[200] > 50


def test_access_itself_answers_as_its_document_says():
    found = ask_as_admin(["coverage", "stateful"], 10, path_regex="^/api/v1/(access|session)")
    assert found.answers[201] and found.answers[204]
    assert ask_as_admin(["coverage", "fuzzing"], 10, operation_id="revoke_key").answers[404]


def test_a_run_finds_an_answer_that_is_not_documented():
    app = build(full())
    app.view_functions["overview.read_overview"] = lambda: ({"made": "up"}, 418)
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, app, config=config(["coverage"], 1))
    found = run(schema.include(operation_id="read_overview"))
    assert any("status_code_conformance" in finding for finding in found.findings)
