"""`tagstream users` against the API over a port."""

from __future__ import annotations

import json

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from api import create_app
from deploy import cli
from stores.settings import Settings
from tests.browser import serving
from tests.fakes.api_stores import AT_MS, World, seeded

USER = "u 1/我"
AT = "2026-09-21T14:13:20.000Z"


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def url(world):
    with capture_logs(), serving(create_app(Settings(), world.stores(), clock=lambda: AT_MS)) as url:
        yield url


def run(url: str, *arguments: str):
    return CliRunner().invoke(cli.app, ["users", *arguments, "--url", url])


def test_users_are_merged_shown_and_unmerged(url):
    line = f"{USER} into u3  by local {AT}: the same phone\n"
    assert run(url, "merge", USER, "u3", "--reason", "the same phone").stdout == line
    assert run(url, "show", "u3").stdout == f"u3: {USER}, u3\n{line}"
    undone = json.loads(run(url, "unmerge", USER, "--json").stdout)
    assert (undone["user_id"], undone["undone_by"]) == (USER, "local")
    assert run(url, "show", USER).stdout.startswith(f"{USER}: {USER}\n")


def test_what_is_refused_says_why_and_exits_with_1(url):
    refused = run(url, "merge", "u1", "u1", "--reason", "no")
    assert (refused.exit_code, refused.stderr) == (1, "error: An id is not merged into itself\n")
    nobody = run(url, "unmerge", "u1")
    assert nobody.exit_code == 1 and "merged into nobody" in nobody.stderr


def test_a_merge_needs_a_reason(url, world):
    assert run(url, "merge", "u1", "u3").exit_code == 2
    assert not world.identities.rows
