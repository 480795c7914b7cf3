"""`tagstream crowds` against the API over a port."""

from __future__ import annotations

import csv
import json
import stat
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from structlog.testing import capture_logs
from typer.testing import CliRunner

from api import create_app
from deploy import cli, crowds
from deploy.api_session import KEY_VARIABLE, ApiSession
from deploy.crowd_file import Format, write
from stores.settings import Settings
from tagging.access import Role
from tests.access_app import guarded
from tests.browser import serving
from tests.fakes.api_stores import AT_MS, World, seeded
from tests.openapi_crowds import BOUND, RULE, saved

GOLD = ["u1", "u3"]


@pytest.fixture
def world() -> World:
    world = seeded()
    saved(world)
    return world


@pytest.fixture
def url(world):
    with capture_logs(), serving(create_app(Settings(), world.stores(), clock=lambda: AT_MS)) as url:
        yield url


def run(url: str, *arguments: str):
    return CliRunner().invoke(cli.app, ["crowds", *arguments, "--url", url])


def test_a_rule_is_saved_as_a_crowd_and_a_second_time_is_refused(url):
    said = run(url, "save", "gold", "--title", "Golden", "--rule", json.dumps(RULE))
    assert (said.exit_code, said.stdout) == (0, 'gold: Tier is "gold"\n')
    assert "Golden" in run(url, "show", "gold").stdout
    again = run(url, "save", "gold", "--rule", json.dumps(RULE))
    assert again.exit_code == 1 and "gold" in again.stderr


def test_a_portrait_names_what_stands_out_most_first(url, world):
    found = json.loads(run(url, "portrait", "vip", "--json").stdout)
    lines = run(url, "portrait", "vip").stdout.splitlines()
    assert lines[0].startswith(f"{found['crowd_users']} users against {found['base_users']}")
    standing = [item["tgi"] for item in found["items"] if item["significant"]]
    assert len(lines) - 1 == min(10, len(standing)) or lines[0].endswith("no value stands out")


def test_crowds_are_listed_with_their_rules_in_words(url):
    said = run(url, "list")
    assert (said.exit_code, said.stdout) == (0, 'vip: Tier is "gold"\n')
    assert [crowd["name"] for crowd in json.loads(run(url, "list", "--json").stdout)] == ["vip"]


def test_a_crowd_is_shown_with_its_watch(url):
    said = run(url, "show", "vip").stdout
    assert "vip: Best" in said and json.dumps(RULE) in said and "by local, 1 deltas told" in said
    found = json.loads(run(url, "show", "vip", "--json").stdout)
    assert (found["rule"], found["watch"]["sequence"]) == (RULE, 1)


def test_the_users_of_a_crowd_and_of_a_rule_are_counted(url):
    assert run(url, "count", "vip").stdout == "2\n"
    everyone = json.loads(run(url, "count", "--rule", '{"not": {"tag": "tier", "in": ["gold"]}}', "--json").stdout)
    assert (everyone["users"], everyone["users_total"]) == (3, 5)


@pytest.mark.parametrize("arguments", [(), ("vip", "--rule", "{}")])
def test_what_is_counted_is_one_thing(url, arguments):
    said = run(url, "count", *arguments)
    assert said.exit_code == 2 and "either a crowd's name or --rule" in said.stderr


def test_a_wrong_rule_is_refused_with_what_is_wrong_and_where(url):
    said = run(url, "count", "--rule", '{"tag": "tire", "in": ["gold"]}')
    assert said.exit_code == 1 and "rule.tag: " in said.stderr and said.stdout == ""
    assert run(url, "count", "--rule", "{").exit_code == 2


def test_a_crowd_is_written_as_csv_and_as_parquet(url, tmp_path):
    for name in ("vip.csv", "vip.parquet"):
        said = run(url, "export", "vip", str(tmp_path / name), "--json")
        assert said.exit_code == 0, said.stderr
        assert json.loads(said.stdout)["users"] == 2
    with (tmp_path / "vip.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["user_id"] for row in rows] == GOLD
    assert parquet.read_table(tmp_path / "vip.parquet").to_pylist() == [
        {"user_no": int(row["user_no"]), "user_id": row["user_id"]} for row in rows
    ]


def test_a_files_kind_is_its_ending_or_said(url, tmp_path):
    said = run(url, "export", "vip", str(tmp_path / "vip.txt"))
    assert said.exit_code == 2 and "neither .csv nor .parquet" in said.stderr.replace("\n", " ")
    assert run(url, "export", "vip", str(tmp_path / "vip.txt"), "--format", "csv").exit_code == 0
    assert (tmp_path / "vip.txt").read_text().startswith("user_no,user_id")


def test_a_file_that_was_there_stays_when_the_export_fails(url, world, tmp_path):
    file = tmp_path / "vip.csv"
    file.write_text("before")
    world.crowd_users.fail()
    said = run(url, "export", "vip", str(file))
    assert said.exit_code == 1 and "clickhouse" in said.stderr
    assert file.read_text() == "before" and list(tmp_path.iterdir()) == [file]


def test_what_breaks_off_leaves_no_part_of_a_file(tmp_path):
    def chunks():
        yield b"user_no,user_id\r\n1,u1\r\n"
        raise OSError("broke off")

    for kind in Format:
        with pytest.raises(OSError, match="broke off"):
            write(tmp_path / "vip", kind, chunks(), lambda done: None)
    assert list(tmp_path.iterdir()) == []


def test_a_file_may_be_read_by_whom_any_new_file_may(tmp_path):
    write(tmp_path / "vip", Format.CSV, [b"user_no,user_id\r\n"], lambda done: None)
    (tmp_path / "other").touch()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


USER_IDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1)
ROWS = st.lists(st.tuples(st.integers(1, 2**32 - 1), USER_IDS))


@settings(max_examples=30, deadline=None)
@given(rows=ROWS, size=st.integers(1, 40))
def test_whatever_users_are_called_and_however_their_bytes_come_the_file_holds_them(rows, size, tmp_path_factory):
    folder = tmp_path_factory.mktemp("crowd")
    lines = "".join(
        '{},"{}"\r\n'.format(number, user.replace('"', '""')) for number, user in [("user_no", "user_id"), *rows]
    )
    sent = lines.encode()
    told: list[int] = []
    for kind in Format:
        chunks = [sent[at : at + size] for at in range(0, len(sent), size)]
        assert write(folder / kind, kind, chunks, told.append) == len(rows)
    assert [tuple(row.values()) for row in parquet.read_table(folder / "parquet").to_pylist()] == rows
    with (folder / "csv").open(newline="", encoding="utf-8") as text:
        assert [(int(number), user) for number, user in list(csv.reader(text))[1:]] == rows
    assert told == ([len(rows)] * 2 if rows else [])


def test_deltas_are_told_a_line_each(url):
    said = run(url, "deltas", "vip")
    assert said.exit_code == 0 and said.stdout.split()[::2] == ["1", "enter"]
    assert [json.loads(line)["user_id"] for line in run(url, "deltas", "vip", "--json").stdout.splitlines()] == ["u2"]
    assert run(url, "deltas", "vip", "--after", "1").stdout == run(url, "deltas", "vip", "--last", "0").stdout == ""


def test_deltas_are_followed_until_the_user_has_seen_enough(url, world):
    watches, looks = world.crowd_times.watches.held, []
    ledger = world.crowd_times.deltas.ledger

    def wait(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            raise KeyboardInterrupt
        watch = watches["vip"]
        ledger.members = lambda bound, generation: frozenset({3})
        planned = replace(watch.planned, batch=2, attempt="b", generation=8)
        ledger.plan(watch, planned, BOUND, 29_833_334, 9)
        ledger.agree(watch.id, 2, "b")

    said = CliRunner().invoke(crowds.command(ApiSession, wait), ["deltas", "vip", "--follow", "--json", "--url", url])
    told = [json.loads(line) for line in said.stdout.splitlines()]
    assert [(delta["user_id"], delta["change"]) for delta in told] == [
        ("u2", "enter"),
        ("u2", "leave"),
        ("u3", "enter"),
    ]
    assert said.exit_code == 0 and looks == [crowds.LOOK_SECONDS] * 2


def test_a_crowd_that_is_not_watched_has_no_deltas_and_says_how_it_gets_some(url, world):
    world.crowd_times.watches.held.clear()
    said = run(url, "deltas", "vip")
    assert said.exit_code == 1 and "is not watched; fix: PUT /api/v1/crowds/vip/watch" in said.stderr


def test_an_api_that_is_away_is_named_with_what_to_do():
    said = run("http://127.0.0.1:9", "list")
    assert said.exit_code == 1 and "the API at http://127.0.0.1:9 does not answer" in said.stderr
    assert "fix: tagstream status" in said.stderr and "Traceback" not in said.stderr


def test_a_key_opens_an_api_that_asks_for_one_and_without_it_the_fix_is_named(monkeypatch):
    access = guarded()
    saved(access.world)
    with capture_logs(), serving(access.app) as url:
        monkeypatch.delenv(KEY_VARIABLE, raising=False)
        refused = run(url, "list")
        monkeypatch.setenv(KEY_VARIABLE, access.key(Role.VIEWER)["Authorization"].removeprefix("Bearer "))
        assert run(url, "list").stdout == 'vip: Tier is "gold"\n'
    assert refused.exit_code == 1 and "tagstream access add-key" in refused.stderr


def test_the_shell_completes_names_and_says_nothing_when_the_api_is_away(url, monkeypatch):
    def completed(address: str) -> str:
        monkeypatch.setattr(crowds, "ApiSession", lambda: ApiSession(address))
        environment = {
            "_TAGSTREAM_COMPLETE": "complete_bash",
            "COMP_WORDS": "tagstream crowds show v",
            "COMP_CWORD": "3",
        }
        return CliRunner().invoke(cli.app, [], env=environment, prog_name="tagstream").stdout

    assert completed(url) == "vip\n"
    assert completed("http://127.0.0.1:9").strip() == ""
