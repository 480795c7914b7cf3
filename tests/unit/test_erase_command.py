"""`tagstream erase` and `tagstream erasures` against the API over a port."""

from __future__ import annotations

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from typer.testing import CliRunner

from api import create_app
from deploy import byte_scan, cli
from deploy.byte_scan import holding
from deploy.erase import command
from stores.settings import Erasure as ErasureSettings
from stores.settings import Settings
from tagging.erasure import Step, StepState
from tests.browser import serving
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.fakes.memory_erasures import SECRET

USER = "u 1/我"


@pytest.fixture
def world() -> World:
    return seeded()


@pytest.fixture
def url(world):
    with capture_logs(), serving(create_app(Settings(), world.stores(), clock=lambda: AT_MS)) as url:
        yield url


def run(url: str, *arguments: str, text: str = ""):
    return CliRunner().invoke(cli.app, [*arguments, "--url", url], input=text)


def prove(url: str, *arguments: str, found: dict[str, int], secret: str = SECRET):
    settings = Settings(erasure=ErasureSettings(secret=secret))
    return CliRunner().invoke(
        command(lambda settings, user_id: found, lambda: settings), ["prove", *arguments, "--url", url]
    )


def complete(world: World) -> str:
    [row] = world.erasures.rows.values()
    world.erasures.rows[row.id] = row.noting(
        Step("profiles", StepState.DONE, 3, AT_MS, None, "bytes go later"),
        Step("events_log", StepState.KEPT, 0, None, AT_MS, "events 30 days"),
    ).completed(AT_MS)
    return row.id


def test_a_user_is_erased_only_once_somebody_has_confirmed_it(url, world):
    assert run(url, "erase", USER, text="n\n").exit_code == 1
    assert world.erasures.rows == {}
    said = run(url, "erase", USER, text="y\n")
    [row] = world.erasures.rows.values()
    assert (said.exit_code, row.user_id) == (0, USER)
    assert f"tagstream erasures show {row.id}" in said.stdout
    assert json.loads(run(url, "erase", USER, "--yes", "--json").stdout)["id"] == row.id


def test_erasures_are_listed_and_a_certificate_is_shown(url, world):
    assert run(url, "erasures", "list").stdout == "nobody was erased\n"
    run(url, "erase", USER, "--yes")
    assert f"of {USER}  asked" in run(url, "erasures", "list").stdout
    id = complete(world)
    said = run(url, "erasures", "show", id).stdout
    assert USER not in said
    assert "profiles: done 2026-09-21T14:13:20.000Z, removed 3; bytes go later" in said
    assert "events_log: kept until 2026-09-21T14:13:20.000Z, removed 0; events 30 days" in said
    assert json.loads(run(url, "erasures", "show", id, "--json").stdout)["state"] == "complete"


def test_a_proof_looks_in_every_store_and_in_files_and_fails_where_anything_is_left(url, world, tmp_path):
    run(url, "erase", USER, "--yes")
    id = complete(world)
    (tmp_path / "part.bin").write_bytes(b"\x00other\x00")
    folder = ("--data", str(tmp_path))
    well = prove(url, id, USER, *folder, found={"hbase cells": 0, "clickhouse events": 0})
    assert (well.exit_code, well.stdout.splitlines()[-1]) == (0, "nothing is left")
    left = prove(url, id, USER, found={"hbase cells": 0, "clickhouse events": 2})
    assert left.exit_code == 1
    assert "clickhouse events: 2" in left.stdout
    (tmp_path / "part.bin").write_bytes(b"\x00" + USER.encode())
    held = prove(url, id, USER, *folder, "--json", found={"hbase cells": 0})
    assert held.exit_code == 1
    assert json.loads(held.stdout)["files"] == {str(tmp_path): [str(tmp_path / "part.bin")]}


def test_a_proof_is_refused_for_another_user_another_secret_and_before_the_end(url, world):
    run(url, "erase", USER, "--yes")
    [early] = world.erasures.rows
    assert "is asked; wait" in prove(url, early, USER, found={}).output
    id = complete(world)
    assert "another user's" in prove(url, id, "u2", found={}).output
    assert "another secret" in prove(url, id, USER, found={}, secret="x").output
    refused = prove(url, id, USER, found={}, secret="")
    assert (refused.exit_code, "TAGSTREAM_ERASURE__SECRET" in refused.output) == (1, True)


@given(
    before=st.binary(max_size=30),
    after=st.binary(max_size=30),
    text=st.text(min_size=1, max_size=6),
    chunk=st.integers(1, 9),
)
def test_bytes_are_found_wherever_they_lie_in_a_file(tmp_path_factory, before, after, text, chunk):
    folder = tmp_path_factory.mktemp("scan")
    (folder / "sub").mkdir()
    file = folder / "sub" / "file"
    held, byte_scan.CHUNK_BYTES = byte_scan.CHUNK_BYTES, chunk
    try:
        file.write_bytes(before + text.encode() + after)
        assert list(holding(folder, text)) == [file]
        file.write_bytes(before + after)
        assert bool(list(holding(folder, text))) == (text.encode() in before + after)
    finally:
        byte_scan.CHUNK_BYTES = held


def test_a_folder_that_goes_away_while_it_is_looked_through_holds_nothing(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"canary")
    found = holding(tmp_path, "canary")
    assert next(found) == tmp_path / "a" / "file"
    shutil.rmtree(tmp_path / "b")
    assert list(found) == []
