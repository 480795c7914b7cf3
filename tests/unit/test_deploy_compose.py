"""The compose file and its Canal override: valid, whole, in order, and without a secret."""

import json
import re

import jsonschema
import pytest

from api.access.guard import OpenToTheWorld, require_loopback_or_access
from deploy.local.services import ALL
from deploy.local.services.apps import APPS
from stores.settings import Api
from tests.deployed import COMPOSE, ROOT, app_commands, compose, compose_with_canal, merged, no_settings

SCHEMA = json.loads((ROOT / "tests" / "data" / "compose" / "compose_spec.json").read_text(encoding="utf-8"))
STEPS = {"prepare", "connector", "submit", "submit_examples"}
"""They run to their end: no health to ask for."""
BOTH = pytest.mark.parametrize("document", [compose(), compose_with_canal()], ids=["debezium", "canal"])


def unknown_settings(document):
    return no_settings(name for service in document["services"].values() for name in service.get("environment", {}))


def apps_that_differ(document):
    """Names of processes that have no service, or one that runs another module."""
    commands = {name: service.get("command") for name, service in document["services"].items()}
    return {name for name, command in app_commands().items() if commands.get(name) != command}


def missing_files(document):
    """What is mounted from the repository and is not there."""
    mounts = [mount for service in document["services"].values() for mount in service.get("volumes", [])]
    sources = [mount.split(":")[0] for mount in mounts if mount.startswith(".")]
    assert sources
    return {source for source in sources if not (COMPOSE / source).exists()}


@BOTH
def test_the_compose_file_is_valid(document):
    jsonschema.validate({key: value for key, value in document.items() if key != "name"}, SCHEMA)


def test_a_key_that_compose_does_not_know_is_found():
    document = compose()
    document.pop("name")
    document["services"]["api"]["helthcheck"] = {}
    with pytest.raises(jsonschema.ValidationError, match="helthcheck"):
        jsonschema.validate(document, SCHEMA)


@BOTH
def test_every_variable_is_a_setting(document):
    assert unknown_settings(document) == set()


def test_a_variable_that_is_no_setting_is_found():
    document = compose()
    document["services"]["api"]["environment"]["TAGSTREAM_KAFKA__SERVERS"] = "kafka:9092"
    assert unknown_settings(document) == {"TAGSTREAM_KAFKA__SERVERS"}


@BOTH
def test_every_process_of_the_local_stack_has_its_service(document):
    assert apps_that_differ(document) == set()
    assert {*ALL} - {*document["services"]} == {"mariadb", "thrift"}, "MySQL is in one's place, hbase runs the other"


def test_a_process_that_is_missing_or_runs_another_module_is_found():
    document = compose()
    del document["services"]["clock"]
    document["services"]["api"]["command"] = ["python", "-m", "jobs.clock"]
    assert apps_that_differ(document) == {"clock", "api"}


@BOTH
def test_every_file_that_is_mounted_is_there(document):
    assert missing_files(document) == set()


def test_a_mounted_file_that_is_missing_is_found():
    document = compose()
    document["services"]["mysql"]["volumes"].append("./mysql/more.sh:/more.sh:ro")
    assert missing_files(document) == {"./mysql/more.sh"}


@BOTH
def test_every_service_has_a_health_check_and_a_limit_of_memory(document):
    for name, service in document["services"].items():
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert name in STEPS or service["healthcheck"]["test"], name


@BOTH
def test_a_service_starts_after_what_it_waits_for(document):
    services = document["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other in STEPS else "service_healthy"
            assert how["condition"] == wanted, f"{name} after {other}"
            # One that is not started would keep the other from starting.
            assert set(services[other].get("profiles", [])) <= set(service.get("profiles", [])), f"{name} after {other}"
    assert services["prepare"]["depends_on"].keys() == {"mysql", "kafka", "hbase", "clickhouse"}
    assert all("prepare" in services[app.name]["depends_on"] for app in APPS)


def test_canal_takes_debeziums_place():
    services = compose_with_canal()["services"]
    assert services["connect"]["profiles"] == services["connector"]["profiles"] == ["debezium"]
    for name in (*app_commands(), "submit"):
        assert services[name]["environment"]["TAGSTREAM_CDC_FORMAT"] == "canal", name
    assert not any("CDC_FORMAT" in str(service) for service in compose()["services"].values())


def test_an_override_adds_to_lists_and_takes_the_place_of_commands():
    first = {"api": {"command": ["a"], "volumes": ["b"], "environment": {"c": 1, "d": 2}}}
    over = {"api": {"command": ["e"], "volumes": ["f"], "environment": {"d": 3}}}
    assert merged(first, over) == {"api": {"command": ["e"], "volumes": ["b", "f"], "environment": {"c": 1, "d": 3}}}


@BOTH
def test_no_password_is_in_the_file(document):
    asked_for = re.compile(r"\$\{[A-Z_]+:\?see example\.env\}")
    found = [
        (name, key, value)
        for name, service in document["services"].items()
        for key, value in service.get("environment", {}).items()
        if "PASSWORD" in key.upper()
    ]
    assert len(found) > 10
    assert [each for each in found if not asked_for.fullmatch(each[2])] == []


def test_each_password_is_asked_for_in_the_example():
    text = (COMPOSE / "compose.yaml").read_text(encoding="utf-8")
    example = (COMPOSE / "example.env").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{([A-Z_]+):\?", text)) == set(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE))


@BOTH
def test_only_loopback_is_published(document):
    for name, service in document["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


@BOTH
def test_flink_state_is_where_the_jobs_look_for_it(document):
    services = document["services"]
    assert services["submit"]["environment"]["TAGSTREAM_FLINK__STATE_DIR"] == "file:///state"
    for name in ("submit", "controller", "jobmanager", "taskmanager"):
        assert services[name]["volumes"] == ["flink-state:/state"]


def test_the_api_asks_who_is_there_since_others_reach_it():
    environment = compose()["services"]["api"]["environment"]
    api = {name.partition("__")[2].lower(): value for name, value in environment.items() if "_API__" in name}
    require_loopback_or_access(Api(**api))
    with pytest.raises(OpenToTheWorld):
        require_loopback_or_access(Api(**{**api, "access": "open"}))
