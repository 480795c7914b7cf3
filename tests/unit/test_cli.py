"""`tagstream`, the one command."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from deploy import cli, doctor
from deploy.local.machine import MachineProblem


def run(*arguments: str):
    return CliRunner().invoke(cli.app, arguments)


@pytest.mark.parametrize(
    ("group", "commands"),
    [
        (
            (),
            "up down status logs restart reset demo doctor tags jobs access verify prepare compact bench crowds replay client "
            "erase erasures users",
        ),
        (("jobs",), "submit list stop savepoint restart sql explain"),
        (("tags",), "diff apply export draft build approve show list rollback retire"),
        (("access",), "add-user add-key list"),
        (("crowds",), "list show count export deltas"),
        (("replay",), "list show send"),
        (("erasures",), "list show prove"),
        (("users",), "merge unmerge show"),
        (("models",), "train import list live score tag"),
    ],
)
def test_every_command_is_found_under_one_name(group, commands):
    said = run(*group, "--help").stdout
    assert [command for command in commands.split() if f" {command} " not in said] == []


def test_a_model_that_cannot_be_read_is_refused_before_any_store_is_asked(tmp_path):
    found = run("models", "import", str(tmp_path / "deep.onnx"))
    assert found.exit_code == 1 and found.stdout == ""
    assert found.stderr.startswith("cause: got ") and "beside it its definition NAME.toml" in found.stderr


def test_the_local_stack_can_be_chosen():
    found = run("--stack", "nobody", "status", "--json")
    assert found.exit_code == 0, found.output
    assert {service["pid"] for service in json.loads(found.stdout)} == {None}


def test_the_doctor_names_what_is_missing_with_its_fix(monkeypatch):
    def none():
        raise MachineProblem("JDK 17 is needed, and there is no `java`; fix: apt-get install openjdk-17-jre-headless")

    monkeypatch.setattr(doctor, "check_java", none)
    monkeypatch.setattr(doctor, "are_fetched", lambda: False)
    found = run("doctor", "--json")
    by_name = {one["name"]: one for one in json.loads(found.stdout)["found"]}
    assert found.exit_code == 1
    assert by_name["java"]["detail"] == "JDK 17 is needed, and there is no `java`"
    assert by_name["java"]["fix"] == "apt-get install openjdk-17-jre-headless"
    assert (by_name["parts"]["well"], by_name["parts"]["fix"]) == (False, "make setup")
    assert by_name["python"]["well"] is True


def test_the_doctor_is_content_where_only_what_can_be_done_without_is_missing(monkeypatch):
    monkeypatch.setattr(doctor, "check_java", lambda: None)
    monkeypatch.setattr(doctor, "are_fetched", lambda: True)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None if name == "chromium" else f"/usr/bin/{name}")
    found = run("doctor")
    assert found.exit_code == 0, found.output
    assert "! chromium: not on the PATH; fix: apt-get install chromium" in found.stdout
